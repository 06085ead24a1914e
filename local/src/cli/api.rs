//! Asks the service over HTTP: HTTP/1.1, over rustls where the address is `https`. It knows of no proxy and follows no redirect.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use clap::Args;
use http::{HeaderName, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use shared::domain::Secret;
use shared::platform::config;

use super::{Failure, print};
use crate::first_start::{ADDRESS_FILE, TOKEN_FILE};
use crate::options::DEFAULT_LISTEN;

/// Which service is asked, and by whom.
#[derive(Debug, Args)]
#[command(next_help_heading = "Service")]
pub(crate) struct Remote {
    #[arg(long, global = true, value_name = "URL", help = URL_HELP)]
    url: Option<String>,

    #[arg(long, global = true, value_name = "FILE", help = TOKEN_HELP)]
    token_file: Option<PathBuf>,

    /// Print the answer as JSON, as the API gave it
    #[arg(long, global = true)]
    json: bool,
}

// Not as comments of the code, in which names and addresses would need marks that nobody wants in a terminal.
const URL_HELP: &str = "Address of the service, such as https://tokens.example. Default: JETON_URL, the server that runs on the data \
                        folder, or http://127.0.0.1:3000";
const TOKEN_HELP: &str = "File with the token to ask with, or - for standard input. Default: JETON_TOKEN or, for addresses of this \
                          machine only, admin.token in the data folder";

/// The service, as a command asks it.
pub(super) struct Api {
    base: String,
    token_file: Option<PathBuf>,
    /// Read once, because standard input can't be read twice.
    token: OnceLock<Secret<String>>,
    data_dir: PathBuf,
    /// Whether the output is for programs.
    pub(super) json: bool,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// How long a request may take: as long as API Gateway lets one.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How large an answer may be, in bytes.
const MAX_ANSWER_BYTES: usize = 16 << 20;
/// What stays as it is in a segment of a path: RFC 3986 section 2.3.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What is sent besides method and path.
#[derive(Default)]
pub(super) struct Sent<'a> {
    /// The media type and the text of the body.
    pub(super) body: Option<(&'static str, String)>,
    /// A condition: `If-Match` or `If-None-Match`, with its value.
    pub(super) condition: Option<(HeaderName, &'a str)>,
    /// What authenticates the request, as in the header `Authorization`. `None`: nobody asks.
    pub(super) authorization: Option<Secret<String>>,
}

impl Sent<'_> {
    /// Returns a body of JSON.
    pub(super) fn json(body: &Value) -> Self {
        Self { body: Some(("application/json", body.to_string())), ..Self::default() }
    }
}

/// An answer of the service.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) etag: Option<String>,
    /// After how many seconds the same request may succeed.
    pub(super) retry_after: Option<u64>,
    text: String,
}

impl Api {
    /// Finds the service: by the option, the environment, or the server that runs on the data folder.
    pub(super) fn new(remote: Remote, data_dir: &Path) -> Result<Self, Failure> {
        let Remote { url, token_file, json } = remote;
        let running = || std::fs::read_to_string(data_dir.join(ADDRESS_FILE)).ok();
        let base = url.or_else(config::cli_url).or_else(running).unwrap_or_else(|| format!("http://{DEFAULT_LISTEN}"));
        let base = base.trim().trim_end_matches('/').to_owned();
        let uri: Option<Uri> = base.parse().ok();
        let is_good = uri.as_ref().is_some_and(|uri| {
            let plain = uri.authority().is_some_and(|authority| !authority.as_str().contains('@')) && uri.query().is_none();
            plain && (uri.scheme_str() == Some("https") || uri.scheme_str() == Some("http") && is_this_machine(uri))
        });
        if !is_good || base.contains('#') {
            let rule = "must be an https URL, or an http one of this machine such as http://127.0.0.1:3000: a token goes there";
            return Err(Failure::Usage(format!("the address of the service (--url, JETON_URL) {rule}")));
        }
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        let tls = HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new()).build(tls);
        Ok(Self { base, token_file, token: OnceLock::new(), data_dir: data_dir.to_owned(), json, client })
    }

    /// Returns the address of the service.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// Returns the token to ask with: of a file, of the environment, or of the administrator of the local server.
    pub(super) fn token(&self) -> Result<&Secret<String>, Failure> {
        if let Some(token) = self.token.get() {
            return Ok(token);
        }
        let token = self.read_token()?;
        Ok(self.token.get_or_init(|| token))
    }

    fn read_token(&self) -> Result<Secret<String>, Failure> {
        let kept = self.data_dir.join(TOKEN_FILE);
        if let Some(file) = &self.token_file {
            print::read(file)
        } else if let Some(token) = config::cli_token() {
            Ok(token)
        } else if self.base.parse().is_ok_and(|uri| is_this_machine(&uri)) && kept.exists() {
            print::read(&kept)
        } else {
            Err(Failure::Usage(format!("{} needs a token: set JETON_TOKEN, or name a file with --token-file", self.base)))
        }
    }

    /// Returns the org that is meant: the one that was named, else that of the token.
    pub(super) fn org(&self, named: Option<String>) -> Result<String, Failure> {
        self.named_or_claimed(named, "org")
    }

    /// Returns what was named or, failing that, what the token to ask with says of itself under this name.
    pub(super) fn named_or_claimed(&self, named: Option<String>, name: &str) -> Result<String, Failure> {
        if let Some(named) = named {
            return Ok(named);
        }
        let token = self.token()?;
        let claims = token.expose().split('.').nth(1).and_then(decoded);
        let claim = claims.and_then(|claims| claims.get(name)?.as_str().map(str::to_owned));
        claim.ok_or_else(|| Failure::Usage(format!("name the {name}: the token to ask with doesn't say one")))
    }

    /// Sends a request as the bearer of the token, and fails unless it is answered with success.
    pub(super) async fn ask(&self, method: Method, path: &str, sent: Sent<'_>) -> Result<Answer, Failure> {
        self.try_ask(method, path, sent).await?.into_good()
    }

    /// Sends a request as the bearer of the token, whatever the answer.
    pub(super) async fn try_ask(&self, method: Method, path: &str, mut sent: Sent<'_>) -> Result<Answer, Failure> {
        sent.authorization = Some(Secret::new(format!("Bearer {}", self.token()?.expose())));
        self.send(method, path, sent).await
    }

    /// Sends a request as it is.
    pub(super) async fn send(&self, method: Method, path: &str, sent: Sent<'_>) -> Result<Answer, Failure> {
        let unreachable = |why: &dyn std::fmt::Display| {
            Failure::Refused(format!("can't reach {}: {why}. `jeton` starts a server here; --url names another one", self.base))
        };
        let Sent { body, condition, authorization } = sent;
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        request = request.header(header::USER_AGENT, concat!("jeton/", env!("CARGO_PKG_VERSION")));
        if let Some(authorization) = authorization {
            let value = header::HeaderValue::try_from(authorization.expose().as_str());
            let mut value = value.map_err(|_| Failure::Usage("the token or secret has characters that none has".to_owned()))?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        let (media_type, body) = body.unzip();
        let headers = condition.into_iter().chain(media_type.map(|media_type| (header::CONTENT_TYPE, media_type)));
        let request = headers.fold(request, |request, (name, value)| request.header(name, value));
        let request = request.body(Full::from(body.unwrap_or_default())).map_err(|error| Failure::Usage(error.to_string()))?;
        let answered = async {
            let answer = self.client.request(request).await.map_err(|error| unreachable(&root_cause(&error)))?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await.map_err(|error| unreachable(&error))?.to_bytes();
            let said = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
            let retry_after = said(header::RETRY_AFTER).and_then(|seconds| seconds.parse().ok());
            let text = String::from_utf8_lossy(&body).into_owned();
            Ok(Answer { status: head.status, etag: said(header::ETAG).map(str::to_owned), retry_after, text })
        };
        tokio::time::timeout(REQUEST_TIMEOUT, answered).await.unwrap_or_else(|late| Err(unreachable(&late)))
    }

    /// Asks for a list, page by page, up to so many of its `items`. What an answer has besides is that of the last page.
    pub(super) async fn list(&self, path: &str, mut query: Query, items: &str, page: &Page) -> Result<Value, Failure> {
        let mut found = Vec::new();
        let mut after = page.after.clone();
        loop {
            let left = page.limit.map(|limit| limit.saturating_sub(found.len()));
            query.retain(|(name, _)| *name != "after" && *name != "limit");
            query.extend(after.clone().map(|after| ("after", after)));
            query.extend(left.filter(|left| *left < MAX_PAGE).map(|left| ("limit", left.to_string())));
            let answer = self.ask(Method::GET, &with_query(path, &query), Sent::default()).await?;
            let mut answer = answer.into_object()?;
            if let Some(Value::Array(more)) = answer.remove(items) {
                found.extend(more);
            }
            let next = answer.get("next").map(|next| next.as_str().map_or_else(|| next.to_string(), str::to_owned));
            let is_full = page.limit.is_some_and(|limit| found.len() >= limit);
            if next.is_none() || is_full || next == after {
                if let (Some(next), false) = (&next, self.json) {
                    print::note(&format!("There are more: go on with --after {next}"));
                }
                answer.insert(items.to_owned(), Value::Array(found));
                return Ok(Value::Object(answer));
            }
            after = next;
        }
    }

    /// Whether the output is for programs.
    pub(super) const fn prints_json(&self) -> bool {
        self.json
    }

    /// Prints a list: as a table with these columns, or as it is.
    pub(super) fn print_list(&self, list: &Value, items: &str, columns: &[&str]) {
        let rows = list.get(items).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        print::out(&if self.json { list.to_string() } else { print::table(columns, rows) });
    }

    /// Prints one thing: a field a line, or as it was answered.
    pub(super) fn print_one(&self, answer: &Answer) -> Result<(), Failure> {
        print::out(&if self.json { answer.text.clone() } else { print::fields(&answer.json()?) });
        Ok(())
    }

    /// Prints a sentence that says what was done, unless the output is for programs: those have the exit code.
    pub(super) fn print_done(&self, sentence: &str) {
        if !self.json {
            print::out(&print::printable(sentence));
        }
    }
}

/// The largest page of a list.
const MAX_PAGE: usize = 100;

/// The parameters of a query, as they are before they are encoded.
pub(super) type Query = Vec<(&'static str, String)>;

/// How much of a list is wanted.
#[derive(Debug, Args)]
pub(crate) struct Page {
    /// At most so many. Default: all there are
    #[arg(long, value_name = "COUNT", value_parser = at_least_one)]
    limit: Option<usize>,

    /// Go on where an earlier list has stopped
    #[arg(long, value_name = "NEXT")]
    after: Option<String>,
}

fn at_least_one(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|count| *count > 0).ok_or("must be a whole number, 1 or more")
}

impl Answer {
    /// Returns the answer, or why the service refused.
    pub(super) fn into_good(self) -> Result<Self, Failure> {
        if self.status.is_success() { Ok(self) } else { Err(Failure::Refused(self.reason())) }
    }

    /// Says why the service refused, in its own words: each dialect has other names for them.
    pub(super) fn reason(&self) -> String {
        let body: Value = serde_json::from_str(&self.text).unwrap_or_default();
        let said = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let texts = ["detail", "error_message", "error_description", "resultMessage", "error", "message"];
        let why = texts.into_iter().find_map(said).unwrap_or("it doesn't say why");
        let field = said("field").filter(|field| !why.contains(field)).map(|field| format!("{field}: ")).unwrap_or_default();
        print::printable(&format!("{field}{} ({})", why.trim_end_matches('.'), self.status))
    }

    /// Reads the answer as JSON.
    pub(super) fn json(&self) -> Result<Value, Failure> {
        let wrong = |_| Failure::Refused("the answer isn't JSON: is this the address of Jeton?".to_owned());
        serde_json::from_str(&self.text).map_err(wrong)
    }

    fn into_object(self) -> Result<Map<String, Value>, Failure> {
        let Value::Object(object) = self.json()? else {
            return Err(Failure::Refused("the answer isn't a JSON object: is this the address of Jeton?".to_owned()));
        };
        Ok(object)
    }

    /// Returns the text of a field.
    pub(super) fn text(&self, name: &str) -> Result<String, Failure> {
        let json = self.json()?;
        let text = json.get(name).and_then(Value::as_str);
        text.map(str::to_owned).ok_or_else(|| Failure::Refused(format!("the answer has no {name}")))
    }
}

/// Returns a path of these segments.
pub(super) fn path(segments: &[&str]) -> String {
    segments.iter().flat_map(|segment| std::iter::once("/").chain(utf8_percent_encode(segment, SEGMENT))).collect()
}

/// Returns a path with a query.
pub(super) fn with_query(path: &str, query: &[(&'static str, String)]) -> String {
    if query.is_empty() {
        return path.to_owned();
    }
    format!("{path}?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish())
}

/// Reads a part of a JWT: a JSON object in base64url.
pub(super) fn decoded(part: &str) -> Option<Value> {
    let value: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()?;
    value.is_object().then_some(value)
}

/// Returns the body that names a token.
pub(super) fn token_body(token: &Secret<String>) -> Value {
    json!({ "token": token.expose() })
}

/// Whether an address never leaves this machine.
fn is_this_machine(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The innermost error, which says what has happened: `connection refused`.
fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(url: &str) -> Result<Api, Failure> {
        Api::new(Remote { url: Some(url.to_owned()), token_file: None, json: false }, Path::new("/nowhere"))
    }

    #[test]
    fn a_token_goes_out_of_this_machine_by_https_only() {
        let good = [
            "https://tokens.example",
            "https://tokens.example/stage/",
            "http://127.0.0.1:3000",
            "http://[::1]:1",
            "http://localhost:3000",
        ];
        for url in good {
            assert_eq!(api(url).ok().unwrap().base(), url.trim_end_matches('/'));
        }
        let bad = ["http://tokens.example", "http://10.0.0.1", "tokens.example", "ftp://127.0.0.1", "", "https://a@b.example"];
        for url in bad.into_iter().chain(["https://b.example?x=1", "https://b.example#x", "http://localhost.example"]) {
            assert!(matches!(api(url), Err(Failure::Usage(_))), "{url}");
        }
    }

    #[test]
    fn the_token_of_the_local_administrator_stays_on_this_machine() {
        let Err(Failure::Usage(why)) = api("https://tokens.example").ok().unwrap().token() else { panic!("a token") };
        assert!(why.contains("JETON_TOKEN"), "{why}");
    }

    #[test]
    fn each_dialect_s_errors_are_told_in_its_words() {
        let reason = |text: &str| {
            Answer { status: StatusCode::BAD_REQUEST, etag: None, retry_after: None, text: text.to_owned() }.reason()
        };
        for (body, expected) in [
            (r#"{"title":"Bad","detail":"scopes: must be a list","field":"scopes"}"#, "scopes: must be a list (400 Bad Request)"),
            (r#"{"detail":"must be a list","field":"scopes"}"#, "scopes: must be a list (400 Bad Request)"),
            (r#"{"error_code":"X","error_message":"no"}"#, "no (400 Bad Request)"),
            (r#"{"error":"invalid_client","error_description":"who?"}"#, "who? (400 Bad Request)"),
            (r#"{"error":"invalid_client"}"#, "invalid_client (400 Bad Request)"),
            (r#"{"resultCode":"A1","resultMessage":"[A1] no"}"#, "[A1] no (400 Bad Request)"),
            ("<html>", "it doesn't say why (400 Bad Request)"),
        ] {
            assert_eq!(reason(body), expected);
        }
    }

    #[test]
    fn names_of_any_kind_are_one_segment_of_a_path() {
        assert_eq!(path(&["v1", "orgs", "1", "members", "a/b?c#d e%ü"]), "/v1/orgs/1/members/a%2Fb%3Fc%23d%20e%25%C3%BC");
        assert_eq!(with_query("/v1/tokens", &[("sub", "a&b".to_owned())]), "/v1/tokens?sub=a%26b");
    }
}
