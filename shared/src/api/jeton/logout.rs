//! The logouts that a login application sees to, on the wire.

use serde::{Deserialize, Serialize};

use super::authorization::{AskingClient, LoginSession};
use crate::api::agilicus::Rfc3339;
use crate::api::http::{FromRequest, Request};
use crate::domain::{LogoutKey, LogoutProblem, Refusal, SessionId, Subject};
use crate::encoding::{FromText, present};
use crate::oauth::logout::hand_over::LogoutSeen;

/// The parameter `{id}` of the path: a logout, as the login application was told it. What can't be one names none.
#[derive(Debug)]
pub struct LogoutPath(pub LogoutKey);

impl FromRequest for LogoutPath {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        request.path_text("id")?.parse().map(Self).map_err(|_| LogoutProblem::NotFound.into())
    }
}

/// Whom a client wants logged out. What has no value is left out.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "Logout"))]
pub struct LogoutView<'a> {
    /// The id of the logout.
    id: String,
    /// How far it has come: `pending` or `completed`.
    status: &'static str,
    created: Rfc3339,
    /// From then on nobody can complete it any more.
    expires: Rfc3339,
    /// The client that asks, if the request names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<AskingClient<'a>>,
    /// The person whom the ID token of the request is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    /// The session that this ID token names.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    /// Whether the request has an ID token of the person. False: anybody can have made it, so ask the person.
    confirmed: bool,
    /// Where the person can go after that.
    #[serde(skip_serializing_if = "Option::is_none")]
    post_logout_redirect_uri: Option<&'a str>,
    /// Who shall be logged out, as the client says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    logout_hint: Option<&'a str>,
    ui_locales: &'a [String],
}

impl<'a> LogoutView<'a> {
    /// Shows a logout as the login application reads it.
    pub fn from_seen(seen: &'a LogoutSeen) -> Self {
        let LogoutSeen { logout, client } = seen;
        let named = logout.client.as_ref();
        Self {
            id: logout.key().to_string(),
            status: if logout.completed_by.is_some() { "completed" } else { "pending" },
            created: Rfc3339(logout.created_at),
            expires: Rfc3339(logout.expires_at),
            client: client.as_ref().zip(named).map(|(client, named)| AskingClient::from_client(client, &named.name)),
            subject: logout.hint.as_ref().map(|hint| &hint.subject).map(Subject::as_str),
            session: logout.hint.as_ref().and_then(|hint| hint.session.as_ref()).map(SessionId::as_str),
            confirmed: logout.hint.is_some(),
            post_logout_redirect_uri: seen.post_logout_redirect_uri(),
            logout_hint: logout.logout_hint.as_deref(),
            ui_locales: &logout.ui_locales,
        }
    }
}

/// The body that completes a logout.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CompletionBody {
    /// The session of the login application, which has ended: 1 to 64 of A-Z, a-z, 0-9, ., _ and -. Left out: nobody was signed in.
    #[serde(default, deserialize_with = "present")]
    session: Option<FromText<LoginSession>>,
}

impl CompletionBody {
    /// Returns the session that has ended.
    pub fn into_session(self) -> Option<SessionId> {
        self.session.map(|session| session.0.0)
    }
}

/// Where the person can go after a logout.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct LogoutCompleted {
    /// The address to which the browser may be sent. Left out: the client has named none.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_to: Option<String>,
}

impl LogoutCompleted {
    /// Tells the address, if there is one.
    pub fn to(redirect_to: Option<String>) -> Self {
        Self { redirect_to }
    }
}
