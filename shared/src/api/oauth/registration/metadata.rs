//! The metadata that clients say of themselves: members by the one table, with their registered names and values.

use serde_json::{Map, Value, json};

use super::{MAX_LIST_ENTRIES, Members, text, texts};
use crate::domain::client_metadata::{CLIENT_METADATA, MetadataAuthor, MetadataType, RESPONSE_TYPES};
use crate::domain::redirect_uri::is_web_page;
use crate::domain::{Client, ClientMetadata, GrantType, Invalid, MetadataMember, MetadataValue, RedirectUri, Refusal};
use crate::oauth::registration::{Registration, allows_response_type};

/// The members that are kept as a client says them of itself.
pub(super) fn said_by_clients() -> impl Iterator<Item = &'static MetadataMember> {
    CLIENT_METADATA.iter().filter(|member| member.author == MetadataAuthor::Client)
}

/// Finds the name of a member that is kept, if `name` is one.
pub(super) fn name_of(name: &str) -> Option<&'static str> {
    said_by_clients().find(|member| member.name == name && !member.value_type.is_localized()).map(|member| member.name)
}

/// Reads the metadata of a body of which all else has been read. `metadata`: what stays whatever the client says.
///
/// # Errors
/// [`Refusal::Invalid`] with the name of the member whose value isn't as it should be, or with no name if all together are too
/// large.
pub(super) fn read(members: &Members<'_>, said: &Registration, mut metadata: ClientMetadata) -> Result<ClientMetadata, Refusal> {
    for member in said_by_clients().filter(|member| !member.value_type.is_localized()) {
        if let Some(value) = members.given(member.name) {
            let value = read_value(member, value)?;
            ensure_served(member, &value)?;
            metadata.insert(member, value);
        }
    }
    for member in said_by_clients().filter(|member| member.value_type.is_localized()) {
        metadata.insert(member, MetadataValue::Localized(read_localized(members, member)?));
    }
    if let Some(member) = MetadataMember::named("response_types").filter(|_| !said.response_types.is_empty()) {
        metadata.insert(member, MetadataValue::Texts(said.response_types.clone()));
    }
    let uris = said.redirect_uris.iter().chain(&said.post_logout_redirect_uris);
    metadata.check_size(uris).map_err(|Invalid(rule)| Refusal::invalid("", rule))?;
    Ok(metadata)
}

/// Refuses what a client would rely on in vain.
fn ensure_served(member: &'static MetadataMember, value: &MetadataValue) -> Result<(), Refusal> {
    match (member.name, value) {
        (name @ "subject_type", MetadataValue::Text(text)) if text != "public" => {
            Err(Refusal::invalid(name, "must be public: a person has one name for all clients"))
        }
        (name @ USERINFO_ALGORITHM, _) => Err(Refusal::invalid(name, "must be left out: userinfo is plain JSON")),
        (_, _) => Ok(()),
    }
}

/// The member by which a client asks for signed userinfo: OpenID Connect Core section 5.3.2.
pub(super) const USERINFO_ALGORITHM: &str = "userinfo_signed_response_alg";

/// The languages of a member, such as `client_name#fr`, with the text in each.
fn read_localized(members: &Members<'_>, member: &'static MetadataMember) -> Result<Vec<(String, String)>, Refusal> {
    let name = member.name.trim_end_matches('#');
    let is_tag = |tag: &str| (1..=35).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let mut values = Vec::new();
    for given in members.body.keys() {
        let Some(tag) = given.strip_prefix(member.name) else { continue };
        let Some(value) = members.given(given) else { continue };
        if !is_tag(tag) || values.len() == MAX_LIST_ENTRIES {
            return Err(Refusal::invalid(name, "must have a language tag behind #, and be in at most 200 languages"));
        }
        let is_page = matches!(member.value_type, MetadataType::LocalizedPage);
        let text = if is_page { page(name, value)? } else { text(name, value)? };
        values.push((tag.to_owned(), text.to_owned()));
    }
    Ok(values)
}

/// Response types with their words in the one order that stands for all: RFC 6749 section 3.1.1.
///
/// # Errors
/// [`Refusal::Invalid`] for `response_types`, if one of them isn't registered.
pub(super) fn response_types(given: &[&str]) -> Result<Vec<String>, Refusal> {
    let mut types: Vec<String> = Vec::new();
    for text in given {
        let mut words: Vec<&str> = text.split(' ').collect();
        words.sort_unstable();
        let name = words.join(" ");
        if !RESPONSE_TYPES.contains(&name.as_str()) {
            return Err(Refusal::invalid("response_types", "must be a list of registered response types"));
        }
        if !types.contains(&name) {
            types.push(name);
        }
    }
    Ok(types)
}

/// The members of an answer that show the redirect URIs and the metadata of a client.
pub(super) fn members(client: &Client) -> Map<String, Value> {
    let mut members = Map::new();
    for (member, value) in client.settings.metadata.iter().filter(|(member, _)| member.author == MetadataAuthor::Client) {
        let value = match value {
            MetadataValue::Localized(items) => {
                members.extend(items.iter().map(|(tag, text)| (format!("{}{tag}", member.name), json!(text))));
                continue;
            }
            MetadataValue::Flag(on) => json!(on),
            MetadataValue::Number(number) => json!(number),
            MetadataValue::Text(text) => json!(text),
            MetadataValue::Texts(items) => json!(items),
        };
        members.insert(member.name.to_owned(), value);
    }
    let settings = &client.settings;
    let uris = [("redirect_uris", &settings.redirect_uris), ("post_logout_redirect_uris", &settings.post_logout_redirect_uris)];
    for (name, uris) in uris.into_iter().filter(|(_, uris)| !uris.is_empty()) {
        members.insert(name.to_owned(), uris.iter().map(RedirectUri::as_str).collect());
    }
    members.insert("response_types".to_owned(), usable_response_types(client));
    members
}

/// The response types that a client can use with its grants: an administrator may have said others, too.
///
/// Where nothing is said, it is `code` for a client that has the grant for it: RFC 7591 section 2.
fn usable_response_types(client: &Client) -> Value {
    match client.settings.metadata.get("response_types") {
        Some(MetadataValue::Texts(names)) => {
            names.iter().filter(|name| allows_response_type(name, &client.settings.grants)).map(String::as_str).collect()
        }
        Some(_) | None if client.settings.grants.contains(&GrantType::AuthorizationCode) => json!(["code"]),
        Some(_) | None => json!([]),
    }
}

/// A value in the one form in which it is kept.
fn read_value(member: &'static MetadataMember, value: &Value) -> Result<MetadataValue, Refusal> {
    let name = member.name;
    match member.value_type {
        MetadataType::Flag => {
            value.as_bool().map(MetadataValue::Flag).ok_or_else(|| Refusal::invalid(name, "must be true or false"))
        }
        MetadataType::Number => {
            // So that JavaScript can hold it.
            let number = value.as_u64().filter(|number| *number < 1 << 53).and_then(|number| i64::try_from(number).ok());
            number
                .map(MetadataValue::Number)
                .ok_or_else(|| Refusal::invalid(name, "must be an integer from -9007199254740991 to 9007199254740991"))
        }
        MetadataType::Text | MetadataType::LocalizedText => text(name, value).map(|text| MetadataValue::Text(text.to_owned())),
        MetadataType::Page | MetadataType::LocalizedPage => page(name, value).map(|text| MetadataValue::Text(text.to_owned())),
        MetadataType::OneOf(names) => registered(name, names, text(name, value)?).map(MetadataValue::Text),
        MetadataType::Texts => {
            let items = texts(name, value)?.into_iter().filter(|item| !item.is_empty());
            Ok(MetadataValue::Texts(items.map(str::to_owned).collect()))
        }
        MetadataType::SomeOf(names) => {
            let items = texts(name, value)?.into_iter().map(|item| registered(name, names, item));
            items.collect::<Result<_, _>>().map(MetadataValue::Texts)
        }
    }
}

fn registered(member: &'static str, names: &[&str], name: &str) -> Result<String, Refusal> {
    let is_registered = names.contains(&name);
    if is_registered { Ok(name.to_owned()) } else { Err(Refusal::invalid(member, "must be a registered value")) }
}

/// The URL of a page: it is shown to people, so it must be nothing that runs.
fn page<'a>(name: &'static str, value: &'a Value) -> Result<&'a str, Refusal> {
    let text = text(name, value)?;
    if is_web_page(text) { Ok(text) } else { Err(Refusal::invalid(name, "must be an https or http URL")) }
}

#[cfg(test)]
mod tests {
    use super::super::UNDERSTOOD_MEMBERS;
    use super::*;

    #[test]
    fn no_member_that_is_only_kept_is_read_otherwise() {
        for member in said_by_clients() {
            assert!(!UNDERSTOOD_MEMBERS.contains(&member.name), "{}", member.name);
        }
        for member in CLIENT_METADATA.iter().filter(|member| member.author == MetadataAuthor::RegulatedClient) {
            assert!(UNDERSTOOD_MEMBERS.contains(&member.name), "{}", member.name);
        }
    }
}
