//! JSON Schemas of what clients say of themselves, and of what they are told.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::{ClientInformation, RegistrationBody, metadata};
use crate::domain::client_metadata::{MetadataType, RESPONSE_TYPES};
use crate::domain::{ClientAuthMethod, GrantType};

impl JsonSchema for RegistrationBody {
    fn schema_name() -> Cow<'static, str> {
        "ClientRegistrationRequest".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut properties = members();
        // An administrator may have said more.
        properties.remove(metadata::USERINFO_ALGORITHM);
        properties.insert("subject_type".to_owned(), json!({"enum": ["public"]}));
        properties.extend(["client_id", "client_secret"].map(|name| {
            (name.to_owned(), json!({"type": "string", "description": "Only in an update: it must be the client's."}))
        }));
        json_schema!({
            "description": "What a client says of itself: RFC 7591 section 2. null, \"\" and [] are treated as absent.",
            "type": "object",
            "properties": properties,
            "patternProperties": localized()
        })
    }
}

impl JsonSchema for ClientInformation {
    fn schema_name() -> Cow<'static, str> {
        "ClientInformationResponse".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut properties = members();
        let text = |about: &str| json!({"type": "string", "description": about});
        properties.extend([
            ("client_id".to_owned(), text("The number of the client.")),
            ("client_id_issued_at".to_owned(), json!({"type": "integer", "format": "int64"})),
            ("client_secret".to_owned(), text("The client's secret, only in the answer that makes it.")),
            ("client_secret_expires_at".to_owned(), json!({"type": "integer", "minimum": 0})),
            ("registration_access_token".to_owned(), text("A bearer token that opens `registration_client_uri`.")),
            ("registration_client_uri".to_owned(), text("Where the client looks after its registration.")),
        ]);
        json_schema!({
            "description": "A client as it is registered: RFC 7591 section 3.2.1.",
            "type": "object",
            "required": [
                "client_id", "client_id_issued_at", "registration_access_token", "registration_client_uri", "token_endpoint_auth_method",
                "grant_types", "response_types", "tls_client_certificate_bound_access_tokens", "dpop_bound_access_tokens"
            ],
            "properties": properties,
            "patternProperties": localized()
        })
    }
}

/// The members that a client says of itself, and is shown.
fn members() -> Map<String, Value> {
    let grants: Vec<_> = GrantType::ALL.iter().copied().map(GrantType::as_str).collect();
    let methods: Vec<_> = ClientAuthMethod::ALL.iter().copied().map(ClientAuthMethod::as_str).collect();
    let subjects = ["subject_dn", "san_dns", "san_uri", "san_ip", "san_email"];
    let subjects = subjects.map(|kind| (format!("tls_client_auth_{kind}"), json!({"type": "string"})));
    let read = [
        ("client_name", json!({"type": "string"})),
        ("dpop_bound_access_tokens", json!({"type": "boolean"})),
        ("grant_types", json!({"type": "array", "items": {"enum": grants}})),
        ("jwks", json!({"type": "object", "description": "A JWK Set of public keys: RFC 7517 section 5."})),
        ("redirect_uris", value_schema(MetadataType::Texts)),
        ("post_logout_redirect_uris", value_schema(MetadataType::Texts)),
        ("response_types", value_schema(MetadataType::SomeOf(RESPONSE_TYPES))),
        ("scope", json!({"type": "string", "description": "Scopes, with blanks between them."})),
        ("tls_client_certificate_bound_access_tokens", json!({"type": "boolean"})),
        ("token_endpoint_auth_method", json!({"enum": methods})),
    ];
    let read = read.map(|(name, schema)| (name.to_owned(), schema));
    let kept = metadata::said_by_clients().filter(|member| !member.value_type.is_localized());
    let kept = kept.map(|member| (member.name.to_owned(), value_schema(member.value_type)));
    read.into_iter().chain(subjects).chain(kept).collect()
}

/// The members that can be in several languages, by patterns: `client_name#fr`.
fn localized() -> Map<String, Value> {
    let members = metadata::said_by_clients().filter(|member| member.value_type.is_localized());
    members.map(|member| (format!("^{}[A-Za-z0-9-]{{1,35}}$", member.name), value_schema(member.value_type))).collect()
}

/// How the values of a member look in a body.
fn value_schema(value_type: MetadataType) -> Value {
    match value_type {
        MetadataType::Flag => json!({"type": "boolean"}),
        MetadataType::Number => json!({"type": "integer"}),
        MetadataType::Text | MetadataType::LocalizedText => json!({"type": "string"}),
        MetadataType::Page | MetadataType::LocalizedPage => json!({"type": "string", "format": "uri"}),
        MetadataType::OneOf(names) => json!({"enum": names}),
        MetadataType::Texts => json!({"type": "array", "items": {"type": "string"}}),
        MetadataType::SomeOf(names) => json!({"type": "array", "items": {"enum": names}}),
    }
}
