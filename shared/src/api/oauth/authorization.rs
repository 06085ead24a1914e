//! The authorization endpoint in a browser: its parameters, its cookie, and answers by redirect, form or page.

use std::fmt::Write as _;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use crate::api::http::media_type::has_media_type;
use crate::api::http::{FromRequest, IntoReply, Reply, Request};
use crate::domain::{Denial, Issuer, Refusal, ResponseMode, Secret};
use crate::encoding::form::Parameters;
use crate::oauth::authorization::{AuthorizationForm, AuthorizationReply, BrowserSecret, ClientAnswer, Resumption};

/// For how long a browser is known again, in seconds: a day.
const COOKIE_MAX_AGE_S: u32 = 86_400;

/// The name of the cookie: the prefix keeps sibling hosts from setting it, and needs `https`.
const fn cookie_name(is_https: bool) -> &'static str {
    if is_https { "__Host-jeton-browser" } else { "jeton-browser" }
}

/// An authorization request of a browser. What is wrong with its form is answered as a page, so it isn't refused here.
#[derive(Debug)]
pub struct BrowserRequest {
    /// The parameters, or why they can't be read.
    pub form: Result<AuthorizationForm, Denial>,
    /// Whether the browser only fetches ahead what somebody might ask for: nothing may come of that.
    pub is_prefetch: bool,
    cookies: Cookies,
}

impl BrowserRequest {
    /// Returns the secret by which the browser is known again, if it has brought one for this issuer.
    pub fn browser(&self, issuer: &Issuer) -> Option<BrowserSecret> {
        self.cookies.browser(issuer)
    }
}

impl FromRequest for BrowserRequest {
    const ACCEPTS_QUERY: bool = true;

    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        let headers = &request.parts.headers;
        let encoded = encoded_parameters(request);
        let form = encoded.ok_or(Denial::AuthorizationRequestMalformed).and_then(AuthorizationForm::read);
        Ok(Self { form, is_prefetch: is_prefetch(headers), cookies: Cookies::read(headers) })
    }
}

/// Returns the form-encoded parameters of a browser's request: the query, or of a `POST` the body. `None`: it is no such form, or a `POST` has
/// parameters in its query, too (OpenID Connect Core section 3.1.2.1).
pub(super) fn encoded_parameters<'a>(request: &Request<'a>) -> Option<&'a str> {
    let query = request.parts.uri.query().unwrap_or_default();
    if request.parts.method != Method::POST {
        return Some(query);
    }
    let is_form = has_media_type(&request.parts.headers, "application/x-www-form-urlencoded");
    std::str::from_utf8(request.body).ok().filter(|_| query.is_empty() && is_form)
}

/// A browser that comes back from the login application.
#[derive(Debug)]
pub struct BrowserReturn {
    resumption: Resumption,
    /// Whether the browser only fetches ahead what somebody might ask for: nothing may come of that.
    pub is_prefetch: bool,
    cookies: Cookies,
}

impl BrowserReturn {
    /// Returns what the browser brings back.
    pub fn into_resumption(self, issuer: &Issuer) -> Resumption {
        Resumption { browser: self.cookies.browser(issuer), ..self.resumption }
    }
}

impl FromRequest for BrowserReturn {
    const ACCEPTS_QUERY: bool = true;

    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        let headers = &request.parts.headers;
        let mut query = Parameters::read(request.parts.uri.query().unwrap_or_default()).unwrap_or_default();
        let mut remove = |name| query.remove(name).unwrap_or_default();
        let authorization = remove("authorization").and_then(|text| text.parse().ok());
        let verifier = remove("verifier").map(Secret::new);
        let resumption = Resumption { authorization, verifier, browser: None };
        Ok(Self { resumption, is_prefetch: is_prefetch(headers), cookies: Cookies::read(headers) })
    }
}

/// Says whether a browser only fetches ahead what somebody might ask for.
pub(super) fn is_prefetch(headers: &HeaderMap) -> bool {
    const SEC_PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");
    headers.get(SEC_PURPOSE).and_then(|value| value.to_str().ok()).is_some_and(|purpose| purpose.contains("prefetch"))
}

/// The cookies of a request by which a browser may be known: RFC 6265 section 5.4.
#[derive(Debug, Default)]
struct Cookies {
    /// That of an issuer with `https`.
    secure: Option<BrowserSecret>,
    /// That of an issuer without.
    plain: Option<BrowserSecret>,
}

impl Cookies {
    fn read(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut cookies = Self::default();
        for (name, value) in pairs {
            if name == cookie_name(true) {
                cookies.secure = cookies.secure.or_else(|| BrowserSecret::from_cookie(value));
            } else if name == cookie_name(false) {
                cookies.plain = cookies.plain.or_else(|| BrowserSecret::from_cookie(value));
            }
        }
        cookies
    }

    fn browser(&self, issuer: &Issuer) -> Option<BrowserSecret> {
        if is_https(issuer) { self.secure.clone() } else { self.plain.clone() }
    }
}

fn is_https(issuer: &Issuer) -> bool {
    issuer.as_str().starts_with("https://")
}

/// What a browser is answered at the authorization endpoint.
#[derive(Debug)]
pub struct BrowserReply {
    status: StatusCode,
    body: String,
    media_type: &'static str,
    headers: Vec<(HeaderName, String)>,
}

impl BrowserReply {
    /// The media type of pages for people, which are plain text: nothing in them can run.
    pub const PAGE: &'static str = "text/plain; charset=utf-8";
    /// The media type of the form that takes an answer to a client.
    pub const FORM: &'static str = "text/html; charset=utf-8";

    /// Writes the reply of an authorization server with this issuer.
    pub fn new(reply: AuthorizationReply, issuer: &Issuer) -> Self {
        match reply {
            AuthorizationReply::SignIn { url, browser } => {
                let mut reply = Self::see_other(url);
                reply.headers.push((header::SET_COOKIE, cookie(&browser, is_https(issuer))));
                reply
            }
            AuthorizationReply::ToClient(answer) => match answer.response_mode {
                ResponseMode::Query => Self::see_other(answer.location()),
                ResponseMode::FormPost => Self::form(&answer),
            },
            AuthorizationReply::Page(denial) => Self::page(denial),
            AuthorizationReply::ErrorPage(url) => Self::see_other(url),
            AuthorizationReply::Failed { can_retry } => Self::failed(can_retry),
        }
    }

    /// Shows the person what is wrong with a request.
    pub(super) fn page(denial: Denial) -> Self {
        let body = format!("error: {}\ndescription: {}\n", denial.error(), denial.describe());
        Self { status: StatusCode::BAD_REQUEST, body, media_type: Self::PAGE, headers: Vec::new() }
    }

    /// Shows the person that we have failed.
    pub(super) fn failed(can_retry: bool) -> Self {
        if can_retry {
            return Self::unavailable("The service is temporarily unavailable. Try again in a second.");
        }
        let body = "error: server_error\ndescription: Internal error. It has been logged.\n".to_owned();
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, body, media_type: Self::PAGE, headers: Vec::new() }
    }

    /// Tells a browser that fetches ahead that there is nothing to fetch.
    pub fn to_prefetch() -> Self {
        Self::unavailable("This page can't be fetched ahead.")
    }

    fn unavailable(description: &str) -> Self {
        let body = format!("error: temporarily_unavailable\ndescription: {description}\n");
        let headers = vec![(header::RETRY_AFTER, "1".to_owned())];
        Self { status: StatusCode::SERVICE_UNAVAILABLE, body, media_type: Self::PAGE, headers }
    }

    /// RFC 9700 section 4.12: 303, so that no browser sends again what a form has.
    pub(super) fn see_other(location: String) -> Self {
        let headers = vec![(header::LOCATION, location)];
        Self { status: StatusCode::SEE_OTHER, body: String::new(), media_type: Self::PAGE, headers }
    }

    /// The form with its policy. There is no `form-action` in that: browsers apply it to redirects after the form, too, and so it breaks
    /// clients.
    fn form(answer: &ClientAnswer) -> Self {
        let body = form_document(answer);
        let policy = format!("default-src 'none'; base-uri 'none'; script-src 'sha256-{SUBMIT_SHA256}'");
        let headers = vec![(header::CONTENT_SECURITY_POLICY, policy)];
        Self { status: StatusCode::OK, body, media_type: Self::FORM, headers }
    }
}

/// Writes the form of OAuth 2.0 Form Post Response Mode, which takes an answer to a client.
pub(in crate::api) fn form_document(answer: &ClientAnswer) -> String {
    let mut body = format!(
        "<!DOCTYPE html><html><head><title>Continue</title></head><body><form method=\"post\" action=\"{}\">",
        escaped(&answer.redirect_uri)
    );
    for (name, value) in &answer.parameters {
        // Writing to a text can't fail.
        let _ = write!(body, "<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value));
    }
    body.push_str("<noscript><button>Continue</button></noscript></form><script>");
    body.push_str(SUBMIT);
    body.push_str("</script></body></html>");
    body
}

/// The one script that the form has.
const SUBMIT: &str = "document.forms[0].submit()";
/// Its SHA-256 in base64, for the policy that lets it run.
const SUBMIT_SHA256: &str = "ePniVEkSivX/c7XWBGafqh8tSpiRrKiqYeqbG7N1TOE=";

fn cookie(browser: &BrowserSecret, is_https: bool) -> String {
    let (name, value) = (cookie_name(is_https), browser.expose());
    // A client may post its request from its own site: a browser that left the cookie out would get another, and other tabs lose theirs.
    // It authenticates nobody. `Partitioned` keeps silent requests in frames working.
    let attributes = if is_https { "; Secure; HttpOnly; SameSite=None; Partitioned" } else { "; HttpOnly; SameSite=Lax" };
    format!("{name}={value}; Path=/{attributes}; Max-Age={COOKIE_MAX_AGE_S}")
}

/// Escapes text for an attribute in double quotes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&#39;")
}

impl IntoReply for BrowserReply {
    fn into_reply(self) -> Reply {
        let header = |(name, value): (HeaderName, String)| Some((name, HeaderValue::try_from(value).ok()?));
        let headers = self.headers.into_iter().filter_map(header).collect();
        Reply { media_type: self.media_type, headers, ..Reply::json(self.status, self.body) }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::jose::sha256;

    #[test]
    fn the_policy_of_the_form_lets_its_script_run() {
        assert_eq!(STANDARD.encode(sha256(SUBMIT.as_bytes())), SUBMIT_SHA256);
    }

    #[test]
    fn a_form_escapes_whatever_a_client_has_sent() {
        let answer = ClientAnswer {
            redirect_uri: "https://c.example/cb?x=\"><script>".to_owned(),
            response_mode: ResponseMode::FormPost,
            parameters: vec![("state", "\"><img src=x onerror='alert(1)'>&amp;".to_owned())],
        };
        let body = BrowserReply::form(&answer).body;
        assert!(body.contains("action=\"https://c.example/cb?x=&quot;&gt;&lt;script&gt;\""), "{body}");
        assert!(body.contains("value=\"&quot;&gt;&lt;img src=x onerror=&#39;alert(1)&#39;&gt;&amp;amp;\""), "{body}");
    }

    #[test]
    fn rfc6265_5_4_the_cookie_of_the_issuer_is_read_wherever_it_stands() {
        let (ours, others) = ("A".repeat(43), "B".repeat(43));
        let https = Issuer::parse("https://a.example").unwrap();
        let http = Issuer::parse("http://127.0.0.1:8080").unwrap();
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, format!("x=1; __Host-jeton-browser={ours};y").parse().unwrap());
        headers.append(header::COOKIE, format!("jeton-browser={others}").parse().unwrap());
        let cookies = Cookies::read(&headers);
        assert_eq!(cookies.browser(&https).unwrap().expose(), ours);
        assert_eq!(cookies.browser(&http).unwrap().expose(), others);
        for bad in ["", "__Host-jeton-browser", "__Host-jeton-browser=x", "a__Host-jeton-browser=x"] {
            let headers = HeaderMap::from_iter([(header::COOKIE, bad.parse().unwrap())]);
            assert!(Cookies::read(&headers).browser(&https).is_none(), "{bad}");
        }
    }
}
