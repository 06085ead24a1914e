//! What of a client is only kept and shown. It is kept in the words of Authlete's API, so that either API shows what the other
//! has written.

use serde_json::{Map, Value, json};

use super::{Members, kept_as, redirect, text, texts};
use crate::api::authlete::names::CERTIFICATE_SUBJECTS;
use crate::domain::{Client, Fault, GrantType, Refusal};
use crate::oauth::registration::allows_response_type;

/// What a member is.
#[derive(Clone, Copy)]
pub(super) enum MemberType {
    /// `true` or `false`.
    Flag,
    /// One of these registered names.
    Name(&'static [&'static str]),
    /// A whole number.
    Number,
    /// The URL of a page.
    Page,
    /// A string.
    Text,
    /// A list of strings.
    Texts,
}

const JWS: &[&str] = &[
    "none", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "ES256K",
    "EdDSA",
];
const JWE_ALG: &[&str] = &[
    "RSA1_5",
    "RSA-OAEP",
    "RSA-OAEP-256",
    "A128KW",
    "A192KW",
    "A256KW",
    "dir",
    "ECDH-ES",
    "ECDH-ES+A128KW",
    "ECDH-ES+A192KW",
    "ECDH-ES+A256KW",
    "A128GCMKW",
    "A192GCMKW",
    "A256GCMKW",
    "PBES2-HS256+A128KW",
    "PBES2-HS384+A192KW",
    "PBES2-HS512+A256KW",
];
const JWE_ENC: &[&str] = &["A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM"];
/// With their words in alphabetical order.
pub(super) const RESPONSE_TYPES: &[&str] =
    &["none", "code", "token", "id_token", "code token", "code id_token", "id_token token", "code id_token token"];

/// Registered members (RFC 7591, OpenID Connect, and others), and under which name they are kept.
pub(super) const METADATA_MEMBERS: &[(&str, &str, MemberType)] = &[
    ("application_type", "applicationType", MemberType::Name(&["web", "native"])),
    ("authorization_details_types", "authorizationDetailsTypes", MemberType::Texts),
    ("authorization_encrypted_response_alg", "authorizationEncryptionAlg", MemberType::Name(JWE_ALG)),
    ("authorization_encrypted_response_enc", "authorizationEncryptionEnc", MemberType::Name(JWE_ENC)),
    ("authorization_signed_response_alg", "authorizationSignAlg", MemberType::Name(JWS)),
    ("backchannel_authentication_request_signing_alg", "bcRequestSignAlg", MemberType::Name(JWS)),
    ("backchannel_client_notification_endpoint", "bcNotificationEndpoint", MemberType::Page),
    ("backchannel_token_delivery_mode", "bcDeliveryMode", MemberType::Text),
    ("backchannel_user_code_parameter", "bcUserCodeRequired", MemberType::Flag),
    ("client_uri", "clientUri", MemberType::Page),
    ("contacts", "contacts", MemberType::Texts),
    ("default_acr_values", "defaultAcrs", MemberType::Texts),
    ("default_max_age", "defaultMaxAge", MemberType::Number),
    ("id_token_encrypted_response_alg", "idTokenEncryptionAlg", MemberType::Name(JWE_ALG)),
    ("id_token_encrypted_response_enc", "idTokenEncryptionEnc", MemberType::Name(JWE_ENC)),
    ("id_token_signed_response_alg", "idTokenSignAlg", MemberType::Name(JWS)),
    ("initiate_login_uri", "loginUri", MemberType::Page),
    ("logo_uri", "logoUri", MemberType::Page),
    ("policy_uri", "policyUri", MemberType::Page),
    ("request_object_encryption_alg", "requestEncryptionAlg", MemberType::Name(JWE_ALG)),
    ("request_object_encryption_enc", "requestEncryptionEnc", MemberType::Name(JWE_ENC)),
    ("request_object_signing_alg", "requestSignAlg", MemberType::Name(JWS)),
    ("request_uris", "requestUris", MemberType::Texts),
    ("require_auth_time", "authTimeRequired", MemberType::Flag),
    ("require_pushed_authorization_requests", "parRequired", MemberType::Flag),
    ("require_signed_request_object", "requestObjectRequired", MemberType::Flag),
    ("sector_identifier_uri", "sectorIdentifierUri", MemberType::Page),
    ("software_id", "softwareId", MemberType::Text),
    ("software_version", "softwareVersion", MemberType::Text),
    ("subject_type", "subjectType", MemberType::Name(&["public", "pairwise"])),
    ("tos_uri", "tosUri", MemberType::Page),
    ("userinfo_encrypted_response_alg", "userInfoEncryptionAlg", MemberType::Name(JWE_ALG)),
    ("userinfo_encrypted_response_enc", "userInfoEncryptionEnc", MemberType::Name(JWE_ENC)),
    ("userinfo_signed_response_alg", "userInfoSignAlg", MemberType::Name(JWS)),
];

/// Members that can be in several languages (RFC 7591 section 2.2), and where those are kept.
pub(super) const LOCALIZED: [(&str, &str, MemberType); 5] = [
    ("client_name", "clientNames", MemberType::Text),
    ("client_uri", "clientUris", MemberType::Page),
    ("logo_uri", "logoUris", MemberType::Page),
    ("policy_uri", "policyUris", MemberType::Page),
    ("tos_uri", "tosUris", MemberType::Page),
];

const REDIRECT_URIS: &str = "redirectUris";
const RESPONSES: &str = "responseTypes";

/// The name of a member that is kept, if this is one.
pub(super) fn name_of(member: &str) -> Option<&'static str> {
    METADATA_MEMBERS.iter().map(|(name, ..)| *name).find(|name| *name == member)
}

/// What others have said of a client, that it can't say of itself.
pub(super) fn of_others(client: &Client) -> Result<Map<String, Value>, Fault> {
    let mut metadata = kept_as::metadata(client)?;
    let its_own = METADATA_MEMBERS.iter().map(|(_, kept, _)| *kept).chain(LOCALIZED.iter().map(|(_, kept, _)| *kept));
    let its_own = its_own.chain(CERTIFICATE_SUBJECTS.iter().map(|(kept, _)| *kept)).chain([REDIRECT_URIS, RESPONSES, "jwksUri"]);
    for kept in its_own {
        metadata.remove(kept);
    }
    Ok(metadata)
}

/// What is kept of what is said, laid over `others`.
pub(super) fn keep(members: &Members<'_>, mut others: Map<String, Value>) -> Result<Option<Box<str>>, Refusal> {
    for (name, kept, shape) in METADATA_MEMBERS {
        if let Some(value) = members.given(name) {
            others.insert((*kept).to_owned(), shape.normalize(name, value)?);
        }
    }
    for (name, kept, shape) in LOCALIZED {
        let values = localized(members, name, shape)?;
        if !values.is_empty() {
            others.insert(kept.to_owned(), values.into());
        }
    }
    let redirects = members.texts("redirect_uris")?;
    redirects.iter().try_for_each(|uri| redirect::redirect(uri))?;
    let responses = response_types(&members.texts("response_types")?)?;
    others.insert(REDIRECT_URIS.to_owned(), redirects.into());
    others.insert(RESPONSES.to_owned(), responses.iter().map(|name| constant(name)).collect());
    kept_as::keep(&others).map_err(|refusal| match refusal {
        Refusal::Invalid { rule, field } if field.is_empty() => Refusal::Invalid { field, rule },
        Refusal::Invalid { field, rule } => {
            let name = METADATA_MEMBERS.iter().find(|(_, kept, _)| *kept == field).map_or("", |(name, ..)| *name);
            Refusal::Invalid { field: name.into(), rule }
        }
        other => other,
    })
}

/// `client_name#fr`, as a list of tags and values.
fn localized(members: &Members<'_>, name: &'static str, shape: MemberType) -> Result<Vec<Value>, Refusal> {
    let is_tag = |tag: &str| (1..=35).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let mut values = Vec::new();
    for member in members.0.keys() {
        let Some(tag) = member.strip_prefix(name).and_then(|rest| rest.strip_prefix('#')) else { continue };
        let Some(value) = members.given(member) else { continue };
        if !is_tag(tag) || values.len() == super::MAX_LIST_ENTRIES {
            return Err(Refusal::invalid(name, "must have a language tag behind #, and be in at most 200 languages"));
        }
        values.push(json!({"tag": tag, "value": shape.normalize(name, value)?}));
    }
    Ok(values)
}

/// Response types with their words in the one order that stands for all: RFC 6749 section 3.1.1.
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

/// The members of a client that are only kept.
pub(super) fn shown(client: &Client) -> Result<Map<String, Value>, Fault> {
    let kept = kept_as::metadata(client)?;
    let mut members = Map::new();
    for (name, kept_name, shape) in METADATA_MEMBERS {
        if let Some(value) = kept.get(*kept_name).and_then(|value| shape.show(value)) {
            members.insert((*name).to_owned(), value);
        }
    }
    for (name, kept_name, _) in LOCALIZED {
        for item in kept.get(kept_name).and_then(Value::as_array).into_iter().flatten() {
            if let (Some(tag), Some(value)) = (item["tag"].as_str(), item.get("value")) {
                members.insert(format!("{name}#{tag}"), value.clone());
            }
        }
    }
    if let Some(redirects) = kept.get(REDIRECT_URIS) {
        members.insert("redirect_uris".to_owned(), redirects.clone());
    }
    members.insert("response_types".to_owned(), responses(client, kept.get(RESPONSES)));
    Ok(members)
}

/// Where nothing is said, `code` for a client that has the grant for it: RFC 7591 section 2. Others may have kept what a client
/// can't use.
fn responses(client: &Client, kept: Option<&Value>) -> Value {
    let usable = |name: &&str| allows_response_type(name, &client.grants);
    match kept.and_then(Value::as_array) {
        Some(kept) => {
            let names = kept.iter().filter_map(|value| registered(RESPONSE_TYPES, value.as_str()?));
            names.filter(usable).collect()
        }
        None if client.grants.contains(&GrantType::AuthorizationCode) => json!(["code"]),
        None => json!([]),
    }
}

impl MemberType {
    /// A value as it is kept, or what it must be.
    fn normalize(self, name: &'static str, value: &Value) -> Result<Value, Refusal> {
        match self {
            Self::Flag if value.is_boolean() => Ok(value.clone()),
            Self::Flag => Err(Refusal::invalid(name, "must be true or false")),
            Self::Name(names) => {
                let given = text(name, value)?;
                let known = names.contains(&given).then(|| constant(given).into());
                known.ok_or_else(|| Refusal::invalid(name, "must be a registered value"))
            }
            Self::Number if value.is_u64() => Ok(value.clone()),
            Self::Number => Err(Refusal::invalid(name, "must be a whole number in range")),
            Self::Page => {
                let given = text(name, value)?;
                redirect::page(name, given).map(|()| given.into())
            }
            Self::Text => text(name, value).map(Value::from),
            Self::Texts => texts(name, value).map(Value::from),
        }
    }

    /// A kept value as it is shown. `None`: it has no name here.
    fn show(self, value: &Value) -> Option<Value> {
        match self {
            Self::Name(names) => registered(names, value.as_str()?).map(Value::from),
            Self::Flag | Self::Number | Self::Page | Self::Text | Self::Texts => Some(value.clone()),
        }
    }
}

/// The constant for a registered name, as Authlete's SDKs spell it.
fn constant(name: &str) -> String {
    // As it is registered, it is a constant there.
    if name == "EdDSA" { name.to_owned() } else { name.replace(['-', '+', ' '], "_").to_ascii_uppercase() }
}

fn registered(names: &[&'static str], kept: &str) -> Option<&'static str> {
    names.iter().copied().find(|name| constant(name) == kept)
}

#[cfg(test)]
mod tests {
    use super::super::UNDERSTOOD_MEMBERS;
    use super::*;

    #[test]
    fn each_member_has_one_name_on_either_side() {
        let all = METADATA_MEMBERS.iter().chain(&LOCALIZED);
        for (n, (name, kept, _)) in all.clone().enumerate() {
            let is_read = UNDERSTOOD_MEMBERS.contains(name) && *name != "client_name";
            assert!(!is_read && METADATA_MEMBERS.iter().filter(|(other, ..)| other == name).count() <= 1, "{name}");
            assert_eq!(all.clone().position(|(_, other, _)| other == kept), Some(n), "{kept}");
        }
    }

    #[test]
    fn names_become_constants_and_come_back() {
        for names in [JWS, JWE_ALG, JWE_ENC, RESPONSE_TYPES] {
            for name in names {
                assert_eq!(registered(names, &constant(name)), Some(*name));
            }
        }
        assert_eq!(
            [constant("ECDH-ES+A128KW"), constant("dir"), constant("code id_token")],
            ["ECDH_ES_A128KW", "DIR", "CODE_ID_TOKEN"]
        );
    }
}
