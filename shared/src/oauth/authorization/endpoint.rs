//! What a browser is answered at the authorization endpoint, and when its login application sends it back.

use super::request::Asker;
use super::{AuthorizationCode, AuthorizationForm, CONTINUE_PATH};
use crate::auth::client::find;
use crate::auth::secret;
use crate::domain::{
    Authorization, AuthorizationKey, AuthorizationRequest, AuthorizationState, Client, ClientRef, Denial, Error, Org,
    ResponseMode, Secret, TokenId,
};
use crate::platform::capabilities::AuthorizationKeeper;
use crate::store::RecordKeys;
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
    fn new(
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

    fn of_request(request: &AuthorizationRequest, parameters: Vec<(&'static str, String)>, issuer: &str) -> Self {
        Self::new((&request.redirect_uri, request.response_mode, request.state.as_deref()), parameters, issuer)
    }
}

/// Answers an authorization request: RFC 6749 section 4.1.1. What is good is kept, and the browser sent to the login application.
///
/// # Errors
/// A fault if the client or the keys can't be read, or if there is no randomness. What is wrong with the request is part of the
/// reply, and so is a store that can't keep it.
pub async fn begin(
    ports: &AuthorizationKeeper,
    mut form: AuthorizationForm,
    browser: Option<BrowserSecret>,
) -> Result<AuthorizationReply, Error> {
    let (org, client) = match asker(ports, &form).await? {
        Ok(known) => known,
        Err(denial) => return Ok(page(denial)),
    };
    note_client(&org.id, client.id);
    let redirect_uri = match registered_redirect_uri(&org, &client, &mut form) {
        Ok(redirect_uri) => redirect_uri,
        Err(denial) => return Ok(page(denial)),
    };
    let issuer = ports.reader.keys.issuer().as_str();
    let state = form.state.clone();
    let mode = form.response_mode();
    let denied = |denial: Denial, mode: ResponseMode| {
        note_error(format!("{denial:?}"));
        let error = vec![("error", denial.error().to_owned()), ("error_description", denial.describe().to_owned())];
        AuthorizationReply::ToClient(ClientAnswer::new((&redirect_uri, mode, state.as_deref()), error, issuer))
    };
    let mode = match mode {
        Ok(mode) => mode,
        Err(denial) => return Ok(denied(denial, ResponseMode::Query)),
    };
    let (keys, now) = (ports.reader.keys.now().await?, ports.reader.now());
    let client_name = client.id.to_string();
    let asker = Asker { org: &org, client: &client, client_name: &client_name, keys: &keys, now };
    let request = match form.check(&asker, (redirect_uri.clone(), mode)) {
        Ok(request) => request,
        Err(denial) => return Ok(denied(denial, mode)),
    };
    let Some(login_url) = &org.settings.oauth.login_url else { return Ok(page(Denial::LoginUnavailable)) };
    let browser = match browser {
        Some(browser) => browser,
        None => BrowserSecret(secret::draw::<32>(&*ports.entropy)?),
    };
    let authorization = Authorization {
        id: TokenId::generate(now, None, &*ports.entropy)?,
        org: org.id.clone(),
        client: client.id,
        client_name,
        request,
        browser: browser.hash(),
        created_at: now,
        expires_at: now.plus(org.settings.oauth.authorization_duration),
        state: AuthorizationState::Pending,
        revision: 0,
    };
    let key = authorization.key();
    if let Err(fault) = ports.authorizations.put_authorization(&authorization).await {
        // The client can be told, and knows better than the person when to try again.
        log_fault("oauth.authorize", &fault);
        let error = if fault.can_retry() { "temporarily_unavailable" } else { "server_error" };
        note_error(error);
        let error = vec![("error", error.to_owned())];
        return Ok(AuthorizationReply::ToClient(ClientAnswer::of_request(&authorization.request, error, issuer)));
    }
    Ok(AuthorizationReply::SignIn { url: with_query(login_url.as_str(), &[("authorization", key.to_string())]), browser })
}

/// Finds the client that asks, and its org. Unknown and locked ones, and those of a disabled org, get one answer.
async fn asker(ports: &AuthorizationKeeper, form: &AuthorizationForm) -> Result<Result<(Org, Client), Denial>, Error> {
    let Some(name) = &form.client_id else { return Ok(Err(Denial::ClientIdMissing)) };
    let known = match name.parse() {
        Ok(ClientRef::Id(id)) => find(&ports.reader, id, |_| ()).await?,
        Ok(ClientRef::Alias(_)) | Err(_) => None,
    };
    let known = known.filter(|(org, client, ..)| org.enabled && client.enabled);
    Ok(known.map(|(org, client, ..)| (org, client)).ok_or(Denial::ClientUnknown))
}

/// Returns the redirect URI of the request, if it is registered for the client, so that errors may go to it: RFC 9700 section 4.11.
fn registered_redirect_uri(org: &Org, client: &Client, form: &mut AuthorizationForm) -> Result<String, Denial> {
    if org.settings.oauth.login_url.is_none() {
        return Err(Denial::LoginUnavailable);
    }
    if form.has_request_uri {
        return Err(Denial::RequestUriUnsupported);
    }
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
/// the request was begun.
///
/// # Errors
/// Only a fault: what is wrong is part of the reply. Nothing is used up by a browser that isn't the right one.
pub async fn resume(ports: &AuthorizationKeeper, resumption: Resumption) -> Result<AuthorizationReply, Error> {
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
            if !browser.is_some_and(|browser| secret::is_among(&browser.0, &[authorization.browser])) {
                log_alarm(Alarm::BrowserMismatch, &org.id, Some(authorization.client), authorization.id);
                return Ok(page(Denial::BrowserMismatch));
            }
            let code = AuthorizationCode::generate(key, &*ports.entropy)?;
            let state = AuthorizationState::Issued { approval: approval.clone(), code: code.hash() };
            let redeemable = authorization.moved_to(state, now.plus(org.settings.oauth.code_duration));
            if !ports.authorizations.update_authorization(&redeemable).await? {
                return Ok(page(Denial::AuthorizationUnknown));
            }
            let parameters = vec![("code", code.expose())];
            Ok(AuthorizationReply::ToClient(ClientAnswer::of_request(&authorization.request, parameters, issuer)))
        }
        // A denial gives nothing away, and the hidden frame of a silent request may have no cookies.
        AuthorizationState::Denied { error, description, verifier } if is_verified(verifier) => {
            note_error(error.as_str());
            let mut parameters = vec![("error", error.as_str().to_owned())];
            parameters.extend(description.clone().map(|text| ("error_description", text)));
            Ok(AuthorizationReply::ToClient(ClientAnswer::of_request(&authorization.request, parameters, issuer)))
        }
        AuthorizationState::Pending
        | AuthorizationState::Accepted { .. }
        | AuthorizationState::Denied { .. }
        | AuthorizationState::Issued { .. }
        | AuthorizationState::Redeemed { .. } => Ok(page(Denial::AuthorizationUnknown)),
    }
}

/// Makes the address to which a login application sends the browser back.
pub(super) fn continue_url(issuer: &str, key: &AuthorizationKey, verifier: &Secret<String>) -> String {
    let url = format!("{}{CONTINUE_PATH}", issuer.trim_end_matches('/'));
    with_query(&url, &[("authorization", key.to_string()), ("verifier", verifier.expose().clone())])
}

/// Appends parameters to the query of a URL, which stays to the letter as it is.
pub(crate) fn with_query(url: &str, parameters: &[(&str, String)]) -> String {
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
