//! What a browser is answered at the logout endpoint.

use std::sync::Arc;

use crate::auth::client::document::find_as_kept;
use crate::auth::client::find;
use crate::domain::{
    Client, ClientRef, ClientUrl, Denial, Fault, LoginUrl, Logout, LogoutClient, LogoutHint, LogoutKey, Org, Refusal, TokenId,
};
use crate::encoding::form::Parameters;
use crate::oauth::authorization::{log_failure, with_query};
use crate::oauth::id_token::{self, IdTokenHint};
use crate::platform::capabilities::LogoutStarter;
use crate::store::RecordKeys;
use crate::telemetry::{note_client, note_error, note_org};

/// A logout request as it was sent: OpenID Connect RP-Initiated Logout section 2.
#[derive(Debug, Default)]
pub struct LogoutForm {
    /// The client that asks, as it names itself.
    client_id: Option<String>,
    /// An ID token of the person who shall be logged out. It may be over.
    id_token_hint: Option<String>,
    /// Where the person shall go after that.
    post_logout_redirect_uri: Option<String>,
    /// The client's `state`, which comes back at that address.
    state: Option<String>,
    /// Who shall be logged out, in words that the login application knows.
    logout_hint: Option<String>,
    /// The languages of the person, the best first.
    ui_locales: Vec<String>,
}

impl LogoutForm {
    /// Reads the form-encoded parameters of a query or a body. Unknown ones are ignored.
    ///
    /// # Errors
    /// [`Denial::LogoutRequestMalformed`] if they can't be read, or one is too long or there twice.
    pub fn read(encoded: &str) -> Result<Self, Denial> {
        const MALFORMED: Denial = Denial::LogoutRequestMalformed;
        let mut parameters = Parameters::read_up_to(MAX_VALUE_BYTES, encoded).map_err(|_| MALFORMED)?;
        if parameters.repeated().next().is_some() {
            return Err(MALFORMED);
        }
        let mut remove = |name, longest| {
            let value = parameters.remove(name).map_err(|_: Refusal| MALFORMED)?;
            if value.as_ref().is_none_or(|value| value.len() <= longest) { Ok(value) } else { Err(MALFORMED) }
        };
        let locales = remove("ui_locales", MAX_HINT_BYTES)?.unwrap_or_default();
        Ok(Self {
            client_id: remove("client_id", MAX_HINT_BYTES)?,
            id_token_hint: remove("id_token_hint", MAX_VALUE_BYTES)?,
            post_logout_redirect_uri: remove("post_logout_redirect_uri", MAX_HINT_BYTES)?,
            state: remove("state", Parameters::MAX_VALUE_BYTES)?,
            logout_hint: remove("logout_hint", MAX_HINT_BYTES)?,
            ui_locales: locales.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect(),
        })
    }
}

/// No value is longer than the longest ID token, in bytes.
const MAX_VALUE_BYTES: usize = crate::jose::jws::MAX_TOKEN_BYTES;
/// The longest value of a parameter that is passed on, in bytes.
const MAX_HINT_BYTES: usize = 1_000;

/// What a browser is answered.
#[derive(Debug)]
pub enum LogoutReply {
    /// It is sent to the login application, at this address.
    LogOut(String),
    /// It shows the person what is wrong.
    Page(Denial),
    /// It shows the person that we have failed, which is logged already.
    Failed {
        /// Whether the same may succeed a little later.
        can_retry: bool,
    },
}

/// Answers a logout request. What is good is kept, and the browser sent to the login application. What is wrong with the request is part of
/// the reply, and so is a failure of ours: nobody is ever sent to an address of the request from here.
pub async fn begin(ports: &LogoutStarter, form: LogoutForm) -> LogoutReply {
    match answer_request(ports, form).await {
        Ok(Ok(url)) => LogoutReply::LogOut(url),
        Ok(Err(denial)) => {
            note_error(format!("{denial:?}"));
            LogoutReply::Page(denial)
        }
        Err(fault) => LogoutReply::Failed { can_retry: log_failure("oauth.logout", &fault) },
    }
}

async fn answer_request(ports: &LogoutStarter, mut form: LogoutForm) -> Result<Result<String, Denial>, Fault> {
    let Asker { org, client, hint } = match asker(ports, &mut form).await? {
        Ok(asker) => asker,
        Err(denial) => return Ok(Err(denial)),
    };
    let checked = registered_uri(client.as_ref().map(|(client, _)| &**client), form.post_logout_redirect_uri.take());
    let (uri, logout_url) = match checked.and_then(|uri| Ok((uri, logout_url(&org)?))) {
        Ok(checked) => checked,
        Err(denial) => return Ok(Err(denial)),
    };
    let now = ports.reader.now();
    let logout = Logout {
        id: TokenId::generate(now, None, &*ports.entropy)?,
        org: org.id.clone(),
        client: client.map(|(client, name)| LogoutClient { id: client.id, name }),
        hint,
        state: form.state.filter(|_| uri.is_some()),
        post_logout_redirect_uri: uri,
        logout_hint: form.logout_hint,
        ui_locales: form.ui_locales,
        created_at: now,
        expires_at: now.plus(Logout::LIFETIME),
        completed_by: None,
    };
    ports.logouts.put_logout(&logout).await?;
    Ok(Ok(page_url(logout_url, &logout.key())))
}

/// Who asks for a logout, as far as the request tells.
struct Asker {
    /// The org whose login application sees to it.
    org: Arc<Org>,
    /// The client, and as what it has named itself.
    client: Option<(Arc<Client>, String)>,
    /// Whom the ID token is about.
    hint: Option<LogoutHint>,
}

/// Finds out who asks. Unknown and locked clients, and those of a disabled org, get one answer. Whoever names no client is served by the
/// org of clients that bring none.
async fn asker(ports: &LogoutStarter, form: &mut LogoutForm) -> Result<Result<Asker, Denial>, Fault> {
    let hint = match form.id_token_hint.take() {
        None => None,
        Some(hint) => {
            let keys = ports.reader.keys.now().await?;
            let Some(hint) = id_token::read_hint(&keys, &hint) else { return Ok(Err(Denial::IdTokenHintInvalid)) };
            Some(hint)
        }
    };
    let (name, unknown) = match (form.client_id.take(), &hint) {
        (Some(name), _) => (name, Denial::ClientUnknown),
        (None, Some(hint)) => (hint.audience.clone(), Denial::IdTokenHintInvalid),
        (None, None) => {
            let org = open_org(ports).await?;
            return Ok(org.map(|org| Asker { org, client: None, hint: None }).ok_or(Denial::LogoutUnavailable));
        }
    };
    let Some((org, client)) = known_client(ports, &name).await?.filter(|(org, client)| org.enabled && client.enabled) else {
        return Ok(Err(unknown));
    };
    note_client(&org.id, client.outward_name());
    if hint.as_ref().is_some_and(|hint| !is_for(hint, &client, &name)) {
        return Ok(Err(Denial::IdTokenHintInvalid));
    }
    let hint = hint.map(|IdTokenHint { subject, session, .. }| LogoutHint { subject, session });
    Ok(Ok(Asker { org, client: Some((client, name)), hint }))
}

/// Finds a client by its number, or by the URL of its document as it is kept.
async fn known_client(ports: &LogoutStarter, name: &str) -> Result<Option<(Arc<Org>, Arc<Client>)>, Fault> {
    if let Ok(url) = ClientUrl::parse(name) {
        return find_as_kept(&ports.reader, &ports.open_org, &url).await;
    }
    match name.parse() {
        Ok(ClientRef::Id(id)) => Ok(find(&ports.reader, id, |_| ()).await?.map(|(org, client, ..)| (org, client))),
        Ok(ClientRef::Alias(_)) | Err(_) => Ok(None),
    }
}

/// Whether an ID token was issued to this client: to the name that it has given, or to another one that it has.
fn is_for(hint: &IdTokenHint, client: &Client, name: &str) -> bool {
    let own = client.outward_name().to_string();
    let names = [Some(name), Some(&*own), client.settings.alias.as_deref()];
    names.into_iter().flatten().any(|name| hint.audience == name)
}

/// Reads the org of clients that bring none, if there is one and it is enabled.
async fn open_org(ports: &LogoutStarter) -> Result<Option<Arc<Org>>, Fault> {
    let Some(id) = ports.open_org.id() else { return Ok(None) };
    let wanted = RecordKeys { orgs: vec![id.clone()], ..RecordKeys::default() };
    let org = ports.reader.tokens.read(&wanted).await?.orgs.remove(id).filter(|org| org.enabled);
    if let Some(org) = &org {
        note_org(&org.id);
    }
    Ok(org)
}

/// Returns the URI of the request, if it is registered for the client to the very letter: OpenID Connect RP-Initiated Logout section 3.
fn registered_uri(client: Option<&Client>, asked: Option<String>) -> Result<Option<String>, Denial> {
    let Some(asked) = asked else { return Ok(None) };
    let client = client.ok_or(Denial::PostLogoutRedirectUriUnexpected)?;
    let is_registered = client.settings.post_logout_redirect_uris.iter().any(|registered| registered.is_exactly(&asked));
    if is_registered { Ok(Some(asked)) } else { Err(Denial::PostLogoutRedirectUriUnregistered) }
}

fn logout_url(org: &Org) -> Result<&LoginUrl, Denial> {
    org.settings.oauth.logout_url.as_ref().ok_or(Denial::LogoutUnavailable)
}

fn page_url(logout_url: &LoginUrl, key: &LogoutKey) -> String {
    with_query(logout_url.as_str(), &[("logout", key.to_string())])
}
