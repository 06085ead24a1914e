//! What a browser is answered at the authorization endpoint, and when its login application sends it back.

use std::sync::Arc;

use super::request::Asker;
use super::request_uri::RequestUri;
use super::{AuthorizationCode, AuthorizationForm, CONTINUE_PATH};
use crate::auth::client::document::{FoundByUrl, Freshness, find_by_url};
use crate::auth::client::find;
use crate::auth::secret;
use crate::domain::{
    Authorization, AuthorizationKey, AuthorizationRequest, AuthorizationState, Client, ClientRef, ClientUrl, Denial, Error,
    Fault, LoginUrl, Org, ResponseMode, Seconds, Secret, TokenId,
};
use crate::platform::capabilities::{AuthorizationKeeper, AuthorizationStarter};
use crate::store::{RecordKeys, Records};
use crate::telemetry::{Alarm, log_alarm, log_fault, note_client, note_error};

/// A random value in a cookie by which a browser is known again: 43 characters of base64url. It authenticates nobody.
#[derive(Clone, Debug)]
pub struct BrowserSecret(Secret<String>);

impl BrowserSecret {
    /// Accepts the value of a cookie, if it can be one of ours.
    pub fn from_cookie(value: &str) -> Option<Self> {
        let is_known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        (value.len() == 43 && value.bytes().all(is_known)).then(|| Self(Secret::new(value.to_owned())))
    }

    /// Returns the value for the cookie.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    fn hash(&self) -> [u8; 32] {
        secret::hash(&self.0)
    }
}

/// What a browser is answered.
#[derive(Debug)]
pub enum AuthorizationReply {
    /// It is sent to the login application, and keeps its secret.
    SignIn {
        /// The address of the login application, with the id of the authorization.
        url: String,
        /// The secret by which the browser is known again.
        browser: BrowserSecret,
    },
    /// It takes an answer to the client.
    ToClient(ClientAnswer),
    /// It shows the person what is wrong: nobody knows whether the client's address is right (RFC 6749 section 4.1.2.1).
    Page(Denial),
    /// It is sent to the page of the client's org for what is wrong, at this address.
    ErrorPage(String),
    /// It shows the person that we have failed, which is logged already.
    Failed {
        /// Whether the same may succeed a little later.
        can_retry: bool,
    },
}

/// An answer for the client, which the browser takes to it.
#[derive(Debug)]
pub struct ClientAnswer {
    /// Where it goes: what the request said, to the letter.
    pub redirect_uri: String,
    /// How it gets there.
    pub response_mode: ResponseMode,
    /// The parameters of the answer, in order.
    pub parameters: Vec<(&'static str, String)>,
}

impl ClientAnswer {
    /// Makes an answer: `parameters`, the client's `state` to the letter, and `iss`, which every answer has (RFC 9207 section 2).
    pub(in crate::oauth) fn new(
        (redirect_uri, response_mode, state): (&str, ResponseMode, Option<&str>),
        mut parameters: Vec<(&'static str, String)>,
        issuer: &str,
    ) -> Self {
        parameters.extend(state.map(|state| ("state", state.to_owned())));
        parameters.push(("iss", issuer.to_owned()));
        Self { redirect_uri: redirect_uri.to_owned(), response_mode, parameters }
    }

    /// Returns the redirect URI with the parameters in its query, which is kept to the letter: RFC 6749 section 4.1.2.
    pub fn location(&self) -> String {
        with_query(&self.redirect_uri, &self.parameters)
    }

    /// Makes an answer to a request that was good.
    pub(in crate::oauth) fn of_request(
        request: &AuthorizationRequest,
        parameters: Vec<(&'static str, String)>,
        issuer: &str,
    ) -> Self {
        Self::new((&request.redirect_uri, request.response_mode, request.state.as_deref()), parameters, issuer)
    }
}

/// Answers an authorization request: RFC 6749 section 4.1.1. What is good is kept, and the browser sent to the login application. What is
/// wrong with the request is part of the reply, and so is a failure of ours.
pub async fn begin(ports: &AuthorizationStarter, form: AuthorizationForm, browser: Option<BrowserSecret>) -> AuthorizationReply {
    answer_request(ports, form, browser).await.unwrap_or_else(|fault| failed("oauth.authorize", &fault))
}

fn failed(endpoint: &str, fault: &Fault) -> AuthorizationReply {
    AuthorizationReply::Failed { can_retry: log_failure(endpoint, fault) }
}

/// Logs a failure of ours, and returns whether the same may succeed a little later. A person sits before the browser, so it is told by a page.
pub(in crate::oauth) fn log_failure(endpoint: &str, fault: &Fault) -> bool {
    log_fault(endpoint, fault);
    let can_retry = fault.can_retry();
    note_error(if can_retry { "UNAVAILABLE" } else { "INTERNAL_ERROR" });
    can_retry
}

async fn answer_request(
    starter: &AuthorizationStarter,
    mut form: AuthorizationForm,
    browser: Option<BrowserSecret>,
) -> Result<AuthorizationReply, Fault> {
    let ports = &starter.keeper;
    let pushed = form.request_uri.take().map(|uri| uri.parse().map(|RequestUri(key)| key)).transpose();
    let (org, client, found) = match Box::pin(asker(starter, &form, pushed.as_ref().ok().cloned().flatten())).await? {
        Ok(known) => known,
        Err(denial) => return Ok(page(denial)),
    };
    note_client(&org.id, client.outward_name());
    let login_url = match login_url(&org) {
        Ok(login_url) => login_url,
        Err(denial) => return Ok(page_of(&org, denial)),
    };
    match pushed {
        Ok(None) => {}
        Ok(Some(key)) => return open_pushed(ports, (&org, login_url, &client), (&key, found), browser).await,
        Err(denial) => return Ok(page_of(&org, denial)),
    }
    let redirect_uri = match registered_redirect_uri(&client, &mut form) {
        Ok(redirect_uri) => redirect_uri,
        Err(denial) => return Ok(page_of(&org, denial)),
    };
    let issuer = ports.reader.keys.issuer().as_str();
    let state = form.state.clone();
    let mode = form.response_mode();
    let denied = |denial: Denial, mode: ResponseMode| {
        note_error(format!("{denial:?}"));
        let told = error_parameters(denial).to_vec();
        AuthorizationReply::ToClient(ClientAnswer::new((&redirect_uri, mode, state.as_deref()), told, issuer))
    };
    let mode = match mode {
        Ok(mode) => mode,
        Err(denial) => return Ok(denied(denial, ResponseMode::Query)),
    };
    let (keys, now) = (ports.reader.keys.now().await?, ports.reader.now());
    let client_name = client.outward_name().to_string();
    let asker =
        Asker { org: &org, client: &client, client_name: &client_name, keys: &keys, now, is_pushed: false, drops_scopes: false };
    let request = match form.check(&asker, (redirect_uri.clone(), mode)) {
        Ok(request) => request,
        Err(denial) => return Ok(denied(denial, mode)),
    };
    let browser = known_browser(ports, browser)?;
    let beginning = Beginning { state: AuthorizationState::Pending, duration: org.settings.oauth.authorization_duration };
    let begun = authorization(ports, &asker, request, beginning)?;
    let begun = Authorization { browser: Some(browser.hash()), ..begun };
    if let Err(fault) = ports.authorizations.put_authorization(&begun).await {
        return Ok(unkept(&begun.request, &fault, issuer));
    }
    Ok(sign_in(login_url, &begun.key(), browser))
}

/// Opens a pushed request in the browser that brings the reference to it: RFC 9126 section 4. The first browser has it. It may load the
/// address again as long as nobody has decided (section 7.3).
async fn open_pushed(
    ports: &AuthorizationKeeper,
    (org, login_url, client): (&Org, &LoginUrl, &Client),
    (key, mut found): (&AuthorizationKey, Records),
    browser: Option<BrowserSecret>,
) -> Result<AuthorizationReply, Fault> {
    const INVALID: Denial = Denial::RequestUriInvalid;
    let now = ports.reader.now();
    let is_own = |pushed: &Authorization| pushed.is_of(client) && !pushed.is_over(now);
    let Some(pushed) = found.authorizations.remove(key).filter(is_own) else { return Ok(page_of(org, INVALID)) };
    if pushed.state != AuthorizationState::Pushed {
        let again = browser.filter(|browser| is_loaded_again(&pushed, browser));
        return Ok(again.map_or_else(|| page_of(org, INVALID), |browser| sign_in(login_url, key, browser)));
    }
    let browser = known_browser(ports, browser)?;
    let opened = pushed.moved_to(AuthorizationState::Pending, now.plus(org.settings.oauth.authorization_duration));
    let opened = Authorization { browser: Some(browser.hash()), ..opened };
    match ports.authorizations.update_authorization(&opened).await {
        Ok(true) => Ok(sign_in(login_url, key, browser)),
        Ok(false) => {
            let wanted = RecordKeys { authorizations: vec![key.clone()], ..RecordKeys::default() };
            let there = ports.reader.tokens.read(&wanted).await?.authorizations.remove(key);
            let is_again = there.is_some_and(|there| is_loaded_again(&there, &browser));
            Ok(if is_again { sign_in(login_url, key, browser) } else { page_of(org, INVALID) })
        }
        Err(fault) => Ok(unkept(&pushed.request, &fault, ports.reader.keys.issuer().as_str())),
    }
}

/// Whether the browser has opened the pushed request itself, and waits for the decision.
fn is_loaded_again(opened: &Authorization, browser: &BrowserSecret) -> bool {
    opened.state == AuthorizationState::Pending && is_browser_of(opened, browser)
}

/// Whether the authorization was begun in this browser. One without a browser is nobody's.
fn is_browser_of(authorization: &Authorization, browser: &BrowserSecret) -> bool {
    authorization.browser.is_some_and(|kept| secret::is_among(&browser.0, &[kept]))
}

/// Returns the secret of the browser, or draws one for a browser that has none.
fn known_browser(ports: &AuthorizationKeeper, browser: Option<BrowserSecret>) -> Result<BrowserSecret, Fault> {
    browser.map_or_else(|| Ok(BrowserSecret(secret::draw::<32>(&*ports.entropy)?)), Ok)
}

fn sign_in(login_url: &LoginUrl, key: &AuthorizationKey, browser: BrowserSecret) -> AuthorizationReply {
    AuthorizationReply::SignIn { url: with_query(login_url.as_str(), &[("authorization", key.to_string())]), browser }
}

/// Tells the client of a store that can't keep its request: it knows better than the person when to try again.
fn unkept(request: &AuthorizationRequest, fault: &Fault, issuer: &str) -> AuthorizationReply {
    log_fault("oauth.authorize", fault);
    let error = if fault.can_retry() { "temporarily_unavailable" } else { "server_error" };
    note_error(error);
    AuthorizationReply::ToClient(ClientAnswer::of_request(request, vec![("error", error.to_owned())], issuer))
}

/// How an authorization begins.
pub(super) struct Beginning {
    pub(super) state: AuthorizationState,
    /// For how long it is good in that state.
    pub(super) duration: Seconds,
}

/// Makes the record of a request that has passed all checks. No browser has it yet.
///
/// # Errors
/// A fault if there is no randomness.
pub(super) fn authorization(
    ports: &AuthorizationKeeper,
    asker: &Asker<'_>,
    request: AuthorizationRequest,
    beginning: Beginning,
) -> Result<Authorization, Fault> {
    Ok(Authorization {
        id: TokenId::generate(asker.now, None, &*ports.entropy)?,
        org: asker.org.id.clone(),
        client: asker.client.id,
        client_name: asker.client_name.to_owned(),
        request,
        browser: None,
        device: None,
        backchannel: None,
        forwarded: None,
        created_at: asker.now,
        expires_at: asker.now.plus(beginning.duration),
        state: beginning.state,
        revision: 0,
    })
}

/// Finds the client that asks, its org, and the request that it has pushed, if there is one. Unknown and locked clients, and those of a
/// disabled org, get one answer. What is wrong with the metadata document of a client is told.
async fn asker(
    ports: &AuthorizationStarter,
    form: &AuthorizationForm,
    pushed: Option<AuthorizationKey>,
) -> Result<Result<(Arc<Org>, Arc<Client>, Records), Denial>, Fault> {
    let Some(name) = &form.client_id else { return Ok(Err(Denial::ClientIdMissing)) };
    let reader = &ports.keeper.reader;
    if let Ok(url) = ClientUrl::parse(name) {
        return match find_by_url(reader, &ports.documents, (&url, Freshness::Current), |_| pushed.clone()).await {
            Ok(FoundByUrl { known: (org, client, _, found), .. }) => Ok(Ok((org, client, found))),
            Err(Error::Failed(fault)) => Err(fault),
            Err(Error::Refused(refusal)) => {
                let told = refusal.denial().filter(|denial| *denial != Denial::ClientDisabled);
                Ok(Err(told.unwrap_or(Denial::ClientUnknown)))
            }
        };
    }
    let known = match name.parse() {
        Ok(ClientRef::Id(id)) => find(reader, id, |_| pushed.clone()).await?,
        Ok(ClientRef::Alias(_)) | Err(_) => None,
    };
    let known = known.filter(|(org, client, ..)| org.enabled && client.enabled);
    Ok(known.map(|(org, client, _, found)| (org, client, found)).ok_or(Denial::ClientUnknown))
}

/// Returns the page of the org's login application.
///
/// # Errors
/// [`Denial::LoginUnavailable`] if it has none.
pub(super) fn login_url(org: &Org) -> Result<&LoginUrl, Denial> {
    org.settings.oauth.login_url.as_ref().ok_or(Denial::LoginUnavailable)
}

/// Returns the redirect URI of the request, if it is registered for the client, so that errors may go to it: RFC 9700 section 4.11.
///
/// # Errors
/// [`Denial::RedirectUriMissing`] and [`Denial::RedirectUriUnregistered`].
pub(in crate::oauth) fn registered_redirect_uri(client: &Client, form: &mut AuthorizationForm) -> Result<String, Denial> {
    let asked = form.redirect_uri.take().ok_or(Denial::RedirectUriMissing)?;
    let is_registered = client.settings.redirect_uris.iter().any(|registered| registered.matches(&asked));
    is_registered.then_some(asked).ok_or(Denial::RedirectUriUnregistered)
}

/// A browser that comes back from the login application.
#[derive(Debug)]
pub struct Resumption {
    /// The id of the authorization, as the query has it.
    pub authorization: Option<AuthorizationKey>,
    /// The verifier that the login application was given.
    pub verifier: Option<Secret<String>>,
    /// The secret in the browser's cookie.
    pub browser: Option<BrowserSecret>,
}

/// Takes a browser back from the login application, and gives it the answer for the client: the code only if it is the browser in which
/// the request was begun. What is wrong is part of the reply, and so is a failure of ours. Nothing is used up by a browser that isn't the
/// right one.
pub async fn resume(ports: &AuthorizationKeeper, resumption: Resumption) -> AuthorizationReply {
    answer_return(ports, resumption).await.unwrap_or_else(|fault| failed("oauth.continue_authorization", &fault))
}

async fn answer_return(ports: &AuthorizationKeeper, resumption: Resumption) -> Result<AuthorizationReply, Fault> {
    const UNKNOWN: AuthorizationReply = AuthorizationReply::Page(Denial::AuthorizationUnknown);
    let Resumption { authorization: Some(key), verifier: Some(verifier), browser } = resumption else { return Ok(UNKNOWN) };
    let wanted = RecordKeys { authorizations: vec![key.clone()], orgs: vec![key.org.clone()], ..RecordKeys::default() };
    let mut found = ports.reader.tokens.read(&wanted).await?;
    let now = ports.reader.now();
    let org = found.orgs.remove(&key.org).filter(|org| org.enabled);
    let authorization = found.authorizations.remove(&key).filter(|authorization| !authorization.is_over(now));
    let Some((org, authorization)) = org.zip(authorization) else { return Ok(UNKNOWN) };
    note_client(&org.id, authorization.client);
    let is_verified = |kept: &[u8; 32]| secret::is_among(&verifier, std::slice::from_ref(kept));
    let issuer = ports.reader.keys.issuer().as_str();
    match &authorization.state {
        AuthorizationState::Accepted { approval, verifier } if is_verified(verifier) => {
            if !browser.is_some_and(|browser| is_browser_of(&authorization, &browser)) {
                log_alarm(Alarm::BrowserMismatch, &org.id, Some(authorization.client), authorization.id);
                return Ok(page_of(&org, Denial::BrowserMismatch));
            }
            let code = AuthorizationCode::generate(key, &*ports.entropy)?;
            let state = AuthorizationState::Issued { approval: approval.clone(), code: code.hash() };
            let redeemable = authorization.moved_to(state, now.plus(org.settings.oauth.code_duration));
            if !ports.authorizations.update_authorization(&redeemable).await? {
                return Ok(page_of(&org, Denial::AuthorizationUnknown));
            }
            let parameters = vec![("code", code.expose())];
            Ok(AuthorizationReply::ToClient(ClientAnswer::of_request(&authorization.request, parameters, issuer)))
        }
        // A denial gives nothing away, and the hidden frame of a silent request may have no cookies.
        AuthorizationState::Denied { error, description, verifier, .. } if is_verified(verifier) => {
            note_error(error.as_str());
            let mut parameters = vec![("error", error.as_str().to_owned())];
            parameters.extend(description.clone().map(|text| ("error_description", text)));
            Ok(AuthorizationReply::ToClient(ClientAnswer::of_request(&authorization.request, parameters, issuer)))
        }
        AuthorizationState::Pushed
        | AuthorizationState::Pending
        | AuthorizationState::Accepted { .. }
        | AuthorizationState::Denied { .. }
        | AuthorizationState::Failed { .. }
        | AuthorizationState::Issued { .. }
        | AuthorizationState::Redeemed { .. } => Ok(page_of(&org, Denial::AuthorizationUnknown)),
    }
}

/// Makes the address to which a login application sends the browser back.
pub(super) fn continue_url(issuer: &str, key: &AuthorizationKey, verifier: &Secret<String>) -> String {
    let url = format!("{}{CONTINUE_PATH}", issuer.trim_end_matches('/'));
    with_query(&url, &[("authorization", key.to_string()), ("verifier", verifier.expose().clone())])
}

/// Appends parameters to the query of a URL, which stays to the letter as it is.
pub(in crate::oauth) fn with_query(url: &str, parameters: &[(&str, String)]) -> String {
    let mut encoded = url::form_urlencoded::Serializer::new(String::new());
    encoded.extend_pairs(parameters);
    let separator = match url.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{url}{separator}{}", encoded.finish())
}

fn page(denial: Denial) -> AuthorizationReply {
    note_error(format!("{denial:?}"));
    AuthorizationReply::Page(denial)
}

/// Shows the person what is wrong, on the page that the org has for that.
fn page_of(org: &Org, denial: Denial) -> AuthorizationReply {
    let Some(url) = &org.settings.oauth.error_url else { return page(denial) };
    note_error(format!("{denial:?}"));
    AuthorizationReply::ErrorPage(with_query(url.as_str(), &error_parameters(denial)))
}

/// What is told of a denial in a query: RFC 6749 section 4.1.2.1.
fn error_parameters(denial: Denial) -> [(&'static str, String); 2] {
    [("error", denial.error().to_owned()), ("error_description", denial.describe().to_owned())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc6749_4_1_2_the_query_of_a_redirect_uri_is_kept_and_parameters_are_encoded() {
        const APPENDED: &str = "state=a+b%26c%3D%22%0D%0A&iss=https%3A%2F%2Fa.example";
        let with = |url: &str| with_query(url, &[("state", "a b&c=\"\r\n".to_owned()), ("iss", "https://a.example".to_owned())]);
        for (url, expected) in [
            ("https://c.example/cb", format!("https://c.example/cb?{APPENDED}")),
            ("https://c.example/cb?", format!("https://c.example/cb?{APPENDED}")),
            ("https://c.example/cb?x=%20y", format!("https://c.example/cb?x=%20y&{APPENDED}")),
            ("com.example:/cb", format!("com.example:/cb?{APPENDED}")),
        ] {
            assert_eq!(with(url), expected);
        }
    }

    #[test]
    fn a_cookie_that_is_not_ours_is_none() {
        assert!(BrowserSecret::from_cookie(&"A".repeat(43)).is_some());
        for bad in ["", "x", &"A".repeat(42), &"A".repeat(44), &format!("{}=", "A".repeat(42))] {
            assert!(BrowserSecret::from_cookie(bad).is_none(), "{bad}");
        }
    }
}
