//! Examples, sent to a service and answered by it.

use std::collections::BTreeMap;

use base64::Engine as _;
use bytes::Bytes;
use http::{Method, Request, header};
use serde_json::Value;
use shared::api::http::Dialect;

use super::routes;
use crate::support::{App, scanner};

/// An example, and what came of it.
pub(super) struct Example {
    pub(super) operation: String,
    pub(super) name: String,
    pub(super) summary: String,
    parameters: BTreeMap<String, String>,
    pub(super) body: Option<Value>,
    pub(super) media_type: &'static str,
    pub(super) status: u16,
    /// JSON, or the text of what isn't.
    pub(super) answer: Value,
    /// The `Content-Type` of the answer.
    pub(super) answer_type: Option<String>,
}

impl Example {
    /// The value of a parameter, of the type that its schema says.
    pub(super) fn parameter(&self, name: &str, schema: &Value) -> Option<Value> {
        let text = self.parameters.get(name)?;
        let is_text = schema["type"] == "string";
        Some(if is_text { text.as_str().into() } else { serde_json::from_str(text).unwrap() })
    }
}

/// Sends all of them, one after the other. Each is answered as it says, and by nothing that the document doesn't know.
pub(super) async fn run() -> Vec<Example> {
    let app = App::seeded(include_str!("seed.json")).await;
    let steps: Vec<Value> = serde_json::from_str(include_str!("examples.json")).unwrap();
    let mut kept = BTreeMap::new();
    let mut examples = Vec::new();
    for step in steps {
        let example = send(&app, &step, &mut kept).await;
        app.work().await;
        if step["hidden"] != true {
            examples.push(example);
        }
    }
    examples
}

async fn send(app: &App, step: &Value, kept: &mut BTreeMap<String, String>) -> Example {
    let text = |name: &str| step[name].as_str().unwrap().to_owned();
    let (operation, name) = (text("operation"), text("name"));
    let route = routes().remove(operation.as_str()).unwrap_or_else(|| panic!("no {operation}"));
    let given = |part: &str| -> BTreeMap<String, String> {
        let members = step[part].as_object().into_iter().flatten();
        members.map(|(name, value)| (name.clone(), filled(value, kept).as_str().unwrap().to_owned())).collect()
    };
    let (in_path, query) = (given("path"), given("query"));
    let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let path = in_path
        .iter()
        .fold(route.path.replace("+}", "}"), |path, (name, value)| path.replace(&format!("{{{name}}}"), &encode(value)));
    let pairs: Vec<_> = query.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let is_form = step.get("form").is_some();
    let is_merge_patch = route.method == Method::PATCH && route.dialect == Dialect::Jeton;
    let media_type = match (is_form, is_merge_patch) {
        (true, _) => "application/x-www-form-urlencoded",
        (false, true) => "application/merge-patch+json",
        (false, false) => "application/json",
    };
    let body = step.get("body").or(step.get("form")).map(|body| filled(body, kept));
    let mut request = Request::builder().method(&route.method).uri(format!("{path}?{}", pairs.join("&")));
    request = request.header(header::AUTHORIZATION, authorization(app, step, kept));
    if let Some(cookie) = step.get("cookie") {
        request = request.header(header::COOKIE, filled(cookie, kept).as_str().unwrap());
    }
    let text_of = |value: &Value| encode(value.as_str().unwrap());
    let form = |body: &Value| {
        let pairs = body.as_object().unwrap().iter();
        pairs.map(|(name, value)| format!("{name}={}", text_of(value))).collect::<Vec<_>>().join("&")
    };
    let bytes = body.as_ref().map(|body| Bytes::from(if is_form { form(body) } else { body.to_string() })).unwrap_or_default();
    if step["is_signed"] == true {
        let signature = scanner::signature(&bytes);
        request = request.header("github-public-key-identifier", scanner::KEY).header("github-public-key-signature", signature);
    }
    if body.is_some() {
        request = request.header(header::CONTENT_TYPE, media_type);
    }
    let answer = app.send(request.body(bytes).unwrap()).await;
    let status = u16::try_from(step["status"].as_u64().unwrap_or(200)).unwrap();
    assert_eq!(answer.status.as_u16(), status, "{operation}: {name}: {answer:?}");
    let headers = answer.headers.clone();
    let answer: Value = serde_json::from_slice(&answer.body).unwrap_or_else(|_| String::from_utf8_lossy(&answer.body).into());
    // In the dialect in which all is answered with 200.
    let action = answer["action"].as_str();
    assert!(
        action.is_none_or(|action| !matches!(action, "INTERNAL_SERVER_ERROR" | "INVALID_CLIENT")),
        "{operation}: {name}: {answer}"
    );
    for (name, place) in step["keep"].as_object().into_iter().flatten() {
        let place = place.as_str().unwrap();
        let value = if let Some((place, claim)) = place.split_once('#') {
            // A claim of a JWT: what is kept is the last segment.
            let jwt = answer.pointer(place).and_then(Value::as_str).unwrap();
            let claims = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1).unwrap()).unwrap();
            let claims: Value = serde_json::from_slice(&claims).unwrap();
            claims.pointer(claim).and_then(Value::as_str).unwrap().rsplit('/').next().unwrap().to_owned()
        } else if place.starts_with('/') {
            let (place, parameter) = place.split_once('?').unwrap_or((place, ""));
            let value = answer.pointer(place).unwrap_or_else(|| panic!("{operation}: {answer}"));
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if parameter.is_empty() { text } else { parameter_of(&text, parameter) }
        } else {
            let (name, parameter) = place.split_once('?').unwrap_or((place, ""));
            let value = headers[name].to_str().unwrap();
            if parameter.is_empty() { value.split(';').next().unwrap().to_owned() } else { parameter_of(value, parameter) }
        };
        kept.insert(name.clone(), value);
    }
    let parameters = in_path.into_iter().chain(query).collect();
    let answer_type = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap().to_owned());
    Example { operation, name, summary: text("summary"), parameters, body, media_type, status, answer, answer_type }
}

/// What stands behind a name in the query of an address.
fn parameter_of(url: &str, parameter: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    url.query_pairs().find(|(name, _)| name == parameter).map(|(_, value)| value.into_owned()).unwrap()
}

/// Who asks: an OAuth client by its id and secret, or the bearer of a token, who is the administrator unless it is said.
fn authorization(app: &App, step: &Value, kept: &BTreeMap<String, String>) -> String {
    match (step["client"].as_str(), step.get("bearer")) {
        (Some(credentials), _) => format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(credentials)),
        (None, Some(token)) => format!("Bearer {}", filled(token, kept).as_str().unwrap()),
        (None, None) => format!("Bearer {}", app.admin),
    }
}

/// A value in which `$name` is what an answer before it had.
fn filled(value: &Value, kept: &BTreeMap<String, String>) -> Value {
    match value {
        // The longest name first: one can begin with another.
        Value::String(text) => {
            kept.iter().rev().fold(text.clone(), |text, (name, value)| text.replace(&format!("${name}"), value)).into()
        }
        Value::Array(items) => items.iter().map(|item| filled(item, kept)).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), filled(value, kept))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}
