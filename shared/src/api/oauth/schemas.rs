//! JSON Schemas of forms, and of the answer that is put together by hand.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::introspection::IntrospectionResponse;
use crate::oauth::TokenType;
use crate::oauth::token_endpoint::{API_KEY_TYPE, served_grant_types};

/// The body of a token request: RFC 6749 section 4.4.2 and 6, RFC 8693 section 2.1, RFC 8707 section 2, RFC 9396 section 6.
#[derive(Debug)]
pub(crate) struct TokenForm;

/// The body of a revocation (RFC 7009 section 2.1).
#[derive(Debug)]
pub(crate) struct NamedTokenForm;

/// The body of an introspection (RFC 7662 section 2.1).
#[derive(Debug)]
pub(crate) struct ShownTokenForm;

/// The parameters of an authorization request: RFC 6749 section 4.1.1, OpenID Connect Core section 3.1.2.1.
#[derive(Debug)]
pub(crate) struct AuthorizationParameters;

/// The body of a pushed authorization request: RFC 9126 section 2.1.
#[derive(Debug)]
pub(crate) struct PushForm;

/// The body of a device's request: RFC 8628 section 3.1.
#[derive(Debug)]
pub(crate) struct DeviceForm;

/// The parameters of a logout request: OpenID Connect RP-Initiated Logout section 2.
#[derive(Debug)]
pub(crate) struct LogoutParameters;

/// An access token in a form: RFC 6750 section 2.2.
#[derive(Debug)]
pub(crate) struct AccessTokenForm;

/// What a browser brings back from a login application.
#[derive(Debug)]
pub(crate) struct ContinueQuery;

fn text() -> Value {
    json!({"type": "string", "minLength": 1})
}

fn members(names: &[&str]) -> Map<String, Value> {
    names.iter().map(|name| ((*name).to_owned(), text())).collect()
}

/// How a client proves who it is, if not by its header: RFC 6749 section 2.3.1, RFC 7521 section 4.2.
fn with_client(properties: &mut Map<String, Value>) {
    properties.extend(members(&["client_id", "client_secret", "client_assertion"]));
    let assertion_type = json!({"type": "string", "enum": ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]});
    properties.insert("client_assertion_type".to_owned(), assertion_type);
}

impl JsonSchema for TokenForm {
    fn schema_name() -> Cow<'static, str> {
        "AccessTokenRequest".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut properties = members(&[
            "scope",
            "refresh_token",
            "assertion",
            "subject_token",
            "actor_token",
            "authorization_details",
            "code",
            "code_verifier",
            "device_code",
            "redirect_uri",
        ]);
        let types: Vec<_> = TokenType::ALL.iter().copied().map(TokenType::as_str).collect();
        for name in ["requested_token_type", "subject_token_type", "actor_token_type"] {
            properties.insert(name.to_owned(), json!({"enum": types}));
        }
        let subject_types: Vec<_> = types.iter().copied().chain([API_KEY_TYPE]).collect();
        properties.insert("subject_token_type".to_owned(), json!({"enum": subject_types}));
        for name in ["resource", "audience"] {
            properties.insert(name.to_owned(), json!({"type": "array", "items": text()}));
        }
        properties.insert("grant_type".to_owned(), json!({"enum": served_grant_types()}));
        with_client(&mut properties);
        json_schema!({
            "description": "A form with what its grant takes. What is repeated is `resource` and `audience`, and nothing else.",
            "type": "object",
            "required": ["grant_type"],
            "properties": properties
        })
    }
}

impl JsonSchema for AuthorizationParameters {
    fn schema_name() -> Cow<'static, str> {
        "AuthorizationRequest".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut properties = asked();
        properties.insert("request_uri".to_owned(), text());
        json_schema!({
            "description": "What a client asks of a person. Only `resource` may be repeated.",
            "type": "object",
            "properties": properties
        })
    }
}

impl JsonSchema for LogoutParameters {
    fn schema_name() -> Cow<'static, str> {
        "LogoutRequest".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names = ["client_id", "id_token_hint", "logout_hint", "post_logout_redirect_uri", "state", "ui_locales"];
        json_schema!({
            "description": "Whom a client wants logged out.",
            "type": "object",
            "properties": members(&names)
        })
    }
}

/// What a client can ask of a person, wherever it does.
fn asked() -> Map<String, Value> {
    let mut properties = members(&[
        "acr_values",
        "authorization_details",
        "claims",
        "client_id",
        "code_challenge",
        "display",
        "dpop_jkt",
        "id_token_hint",
        "login_hint",
        "max_age",
        "nonce",
        "prompt",
        "redirect_uri",
        "scope",
        "state",
        "ui_locales",
    ]);
    properties.insert("response_type".to_owned(), json!({"type": "string", "enum": ["code"]}));
    properties.insert("response_mode".to_owned(), json!({"type": "string", "enum": ["query", "form_post"]}));
    properties.insert("code_challenge_method".to_owned(), json!({"type": "string", "enum": ["S256"]}));
    properties.insert("resource".to_owned(), json!({"type": "array", "items": text()}));
    properties
}

impl JsonSchema for PushForm {
    fn schema_name() -> Cow<'static, str> {
        "PushedAuthorizationRequest".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut properties = asked();
        with_client(&mut properties);
        json_schema!({
            "description": "A form with what a client asks of a person. Only `resource` may be repeated.",
            "type": "object",
            "required": ["response_type", "redirect_uri"],
            "properties": properties
        })
    }
}

impl JsonSchema for DeviceForm {
    fn schema_name() -> Cow<'static, str> {
        "DeviceAuthorizationRequest".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut properties = members(&["acr_values", "authorization_details", "scope"]);
        properties.insert("resource".to_owned(), json!({"type": "array", "items": text()}));
        with_client(&mut properties);
        json_schema!({
            "description": "A form with what a device asks for. Only `resource` may be repeated.",
            "type": "object",
            "properties": properties
        })
    }
}

impl JsonSchema for ContinueQuery {
    fn schema_name() -> Cow<'static, str> {
        "AuthorizationReturn".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object", "properties": members(&["authorization", "verifier"])})
    }
}

impl JsonSchema for AccessTokenForm {
    fn schema_name() -> Cow<'static, str> {
        "UserinfoRequest".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A form with the access token, where the header `Authorization` has none.",
            "type": "object",
            "properties": members(&["access_token"])
        })
    }
}

impl JsonSchema for NamedTokenForm {
    fn schema_name() -> Cow<'static, str> {
        "NamedToken".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut properties = members(&["token"]);
        let hint = json!({"type": "string", "examples": ["access_token", "refresh_token"]});
        properties.insert("token_type_hint".to_owned(), hint);
        with_client(&mut properties);
        json_schema!({"description": "A form that names a token.", "type": "object", "required": ["token"], "properties": properties})
    }
}

impl JsonSchema for ShownTokenForm {
    fn schema_name() -> Cow<'static, str> {
        "ShownToken".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = NamedTokenForm::json_schema(generator);
        let address = json!({"type": "string", "examples": ["192.0.2.1"]});
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert("client_address".to_owned(), address);
        }
        schema
    }
}

impl JsonSchema for IntrospectionResponse {
    fn schema_name() -> Cow<'static, str> {
        "TokenIntrospection".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let (text, moment) = (text(), json!({"type": "integer", "format": "int64"}));
        json_schema!({
            "description": "RFC 7662 section 2.2, with what was attached to the token. Of a token that isn't alive: `active` alone, or with `error`.",
            "type": "object",
            "required": ["active"],
            "properties": {
                "active": {"type": "boolean"},
                "error": {"enum": ["rate_limited"], "description": "The API key isn't active because its limit is reached. Retry-After says for how long."},
                "iss": text, "sub": text, "org": text, "client_id": text, "scope": {"type": "string"},
                "aud": {"anyOf": [text, {"type": "array", "items": text}]}, "token_type": {"enum": ["Bearer", "DPoP"]}, "jti": text,
                "token_use": {"enum": ["refresh_token"], "description": "Only of a refresh token, which opens nothing."},
                "iat": moment, "nbf": moment, "exp": moment, "auth_time": moment, "acr": text,
                "cnf": {"type": "object", "properties": {"x5t#S256": text, "jkt": text}},
                "act": {"type": "object", "additionalProperties": true}, "may_act": {"type": "object", "properties": {"sub": text, "client_id": text}}, "amr": {"type": "array", "items": text},
                "authorization_details": {"type": "array", "items": {"type": "object"}}
            },
            "additionalProperties": true
        })
    }
}
