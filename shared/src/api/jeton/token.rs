//! One token in Jeton's own API: a row of the list of tokens, with what has revoked it.

use serde::Serialize;

use crate::api::agilicus::Rfc3339;
use crate::api::agilicus::response::Token;
use crate::api::http::{FromRequest, Request};
use crate::domain::{OrgId, Refusal, RevokingParty, TokenId, TokenRevocation};
use crate::encoding::form::Parameters;
use crate::tokens::list::Row;

/// The parameter `{jti}` of the path: a token.
#[derive(Debug)]
pub struct TokenPath(pub TokenId);

impl FromRequest for TokenPath {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        // What can't be the id of a token names none.
        request.path_text("jti")?.parse().map(Self).map_err(|_| Refusal::NotFound("token"))
    }
}

/// The query of an endpoint that names a token.
#[derive(Debug)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct OrgQuery {
    /// The org that the token acts in. Without it, it is looked for in the caller's org and in those below.
    #[cfg_attr(feature = "openapi", schemars(with = "Option<crate::encoding::FromText<OrgId>>"))]
    pub org: Option<OrgId>,
}

impl TryFrom<Parameters> for OrgQuery {
    type Error = Refusal;

    fn try_from(mut query: Parameters) -> Result<Self, Refusal> {
        let org = query.parse("org")?;
        query.refuse_unknown()?;
        Ok(Self { org })
    }
}

/// A token, without its text.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "TokenState"))]
pub struct TokenView<'a> {
    #[serde(flatten)]
    token: Token<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation: Option<RevocationView>,
}

/// What has revoked a token.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "TokenRevocation"))]
struct RevocationView {
    /// What was revoked: `token`, `refresh_token`, `ancestor`, `successor`, `org`, `member`, `client`, `client_and_member`, `clients_of_member` or `session`.
    by: &'static str,
    /// When. Absent: that isn't recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Rfc3339>,
    /// Who had it revoked. Absent: nobody did, or it was revoked with a set of tokens, of which that isn't recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_by: Option<RevokingPartyView>,
}

/// Who had a token revoked.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "RevokingParty"))]
struct RevokingPartyView {
    /// The org in which it acted.
    org: String,
    /// The member, or the subject of the token that was presented. Absent: a client, or the org itself by its API secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    /// The OAuth client, by its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    /// The token by which it was authenticated, or which it presented.
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
}

impl RevokingPartyView {
    fn from_party(party: &RevokingParty) -> Self {
        Self {
            org: party.org.to_string(),
            sub: party.subject.as_ref().map(ToString::to_string),
            client_id: party.client.map(|id| id.to_string()),
            jti: party.token.map(|id| id.to_string()),
        }
    }
}

impl<'a> TokenView<'a> {
    /// Shows a row of the list, and what has revoked the token.
    pub fn from_row(row: &'a Row, revocation: Option<&TokenRevocation>) -> Self {
        let revocation = revocation.map(|revocation| RevocationView {
            by: revocation.by.as_str(),
            at: revocation.at.map(Rfc3339),
            revoked_by: revocation.party.as_ref().map(RevokingPartyView::from_party),
        });
        Self { token: Token::of_row(row), revocation }
    }
}
