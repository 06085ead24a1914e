//! Changes: fields from a file or from the command line, as a merge patch (RFC 7396).

use std::path::PathBuf;

use clap::Args;
use http::{Method, StatusCode, header};
use serde_json::{Map, Value};

use super::api::{Answer, Api, Sent};
use super::{Failure, print};

/// What a thing is to become.
#[derive(Debug, Args)]
pub(crate) struct Change {
    #[arg(value_name = "FIELD=VALUE", required_unless_present = "file", help = FIELDS_HELP)]
    fields: Vec<String>,

    /// JSON object with fields to set, in a file or, for -, from standard input. FIELD=VALUE wins over it
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

const FIELDS_HELP: &str = "Fields to set, such as name=Shop, enabled=false, profile.email=ann@shop.example or 'scopes=[\"urn:shop:*\"]': \
                           JSON or, if it isn't, text. null takes a field back to its default. What isn't named stays as it is";

impl Change {
    /// Returns the fields as one JSON object.
    pub(super) fn fields(&self) -> Result<Value, Failure> {
        let mut object = match &self.file {
            Some(file) => serde_json::from_str(print::read(file)?.expose())
                .map_err(|error| Failure::Usage(format!("{} must be a JSON object: {error}", file.display())))?,
            None => Map::new(),
        };
        for field in &self.fields {
            let wrong =
                || Failure::Usage(format!("{field} must be FIELD=VALUE, such as name=Shop or profile.email=a@shop.example"));
            let (path, text) = field.split_once('=').ok_or_else(wrong)?;
            let value = match serde_json::from_str(text) {
                Ok(Value::Number(_) | Value::Bool(_)) if is_text(path) => Value::from(text),
                Ok(value) => value,
                Err(_) => Value::from(text),
            };
            insert(&mut object, path, value).ok_or_else(wrong)?;
        }
        if object.is_empty() {
            return Err(Failure::Usage("no field is named, so nothing would change".to_owned()));
        }
        Ok(Value::Object(object))
    }
}

/// Whether a field is a text, also where that has digits alone.
fn is_text(path: &str) -> bool {
    let first = path.split_once('.').map_or(path, |(first, _)| first);
    ["alias", "attributes", "id", "name", "org", "parent", "profile", "sub"].contains(&first)
}

/// Puts a value where a path with dots leads. `None`: the path is no path, or leads through something that is no object.
fn insert(object: &mut Map<String, Value>, path: &str, value: Value) -> Option<()> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    if first.is_empty() {
        return None;
    }
    match rest {
        None => {
            object.insert(first.to_owned(), value);
            Some(())
        }
        Some(rest) => {
            let inner = object.entry(first).or_insert_with(|| Map::new().into());
            insert(inner.as_object_mut()?, rest, value)
        }
    }
}

/// Changes what is at a path, as it was read just now. What isn't there is created, if that is wanted.
pub(super) async fn set(api: &Api, path: &str, change: &Value, is_created: bool) -> Result<Answer, Failure> {
    let there = api.try_ask(Method::GET, path, Sent::default()).await?;
    // What isn't there and what nobody may see are the same to a caller. A PUT tells them apart.
    let is_missing = there.status == StatusCode::NOT_FOUND || there.status == StatusCode::FORBIDDEN;
    if is_missing && is_created {
        let condition = Some((header::IF_NONE_MATCH, "*"));
        return api.ask(Method::PUT, path, Sent { condition, ..Sent::json(change) }).await;
    }
    if there.status == StatusCode::NOT_FOUND {
        return Err(Failure::Refused(format!("{}. --create makes it", there.reason())));
    }
    change_as_seen(api, path, &there.into_good()?, change).await
}

/// Changes what is at a path, if it is still as it was answered.
pub(super) async fn change_as_seen(api: &Api, path: &str, seen: &Answer, change: &Value) -> Result<Answer, Failure> {
    let body = Some(("application/merge-patch+json", change.to_string()));
    let condition = seen.etag.as_deref().map(|etag| (header::IF_MATCH, etag));
    api.ask(Method::PATCH, path, Sent { body, condition, ..Sent::default() }).await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(fields: &[&str]) -> Option<Value> {
        let fields = fields.iter().map(|&field| field.to_owned()).collect();
        Change { fields, file: None }.fields().ok()
    }

    #[test]
    fn a_value_is_json_or_else_text_and_a_dot_leads_into_an_object() {
        let read = fields(&["name=Shop", "enabled=false", "profile.email=a=b", "profile.first_name=null", "scopes=[\"a\"]"]);
        let profile = json!({"email": "a=b", "first_name": null});
        assert_eq!(read, Some(json!({"name": "Shop", "enabled": false, "profile": profile, "scopes": ["a"]})));
        assert_eq!(fields(&["name=", "x=\"1\""]), Some(json!({"name": "", "x": "1"})));
        let texts = fields(&["parent=1", "name=null", "profile.external_id=42", "token_duration=42"]);
        assert_eq!(texts, Some(json!({"parent": "1", "name": null, "profile": {"external_id": "42"}, "token_duration": 42})));
    }

    #[test]
    fn what_sets_nothing_or_contradicts_itself_is_refused() {
        for wrong in [&[][..], &["name"], &["=x"], &["a..b=1"], &["a.=1"], &["a=1", "a.b=2"]] {
            assert_eq!(fields(wrong), None, "{wrong:?}");
        }
    }
}
