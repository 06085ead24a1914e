//! JSON Schemas of what is read and written by hand.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::api::agilicus::{Date, Rfc3339};
use crate::api::authlete::lenient::{Number, Words};
use crate::api::jeton::revocation::RevocationCursor;
use crate::domain::{
    AccessTokenForm, Algorithm, App, Audience, ClientAuthMethod, ClientKind, ClientRef, Consent, DeliveryMode, DomainGrantType,
    EventUri, GrantSubject, GrantType, Label, LoginUrl, MemberKind, OrgId, Pkce, RedirectUri, Role, Scope, ScopePattern,
    SessionId, StreamStatus, Subject, TokenId,
};
use crate::encoding::{ApiDocument, EchoedRequest, ExposedSecret, FromText, JwkSet, Object, SecretText, TextSchema};

/// 1 to `longest` characters without control characters. What is counted in bytes can be shorter.
pub(in crate::api) fn plain(longest: u32) -> Schema {
    json_schema!({"type": "string", "minLength": 1, "maxLength": longest, "pattern": r"^[^\u0000-\u001f\u007f-\u009f]+$"})
}

fn one_of<'a>(names: impl Iterator<Item = &'a str>) -> Schema {
    json_schema!({"type": "string", "enum": names.collect::<Vec<_>>()})
}

macro_rules! spelled {
    ($($type:ty => $spelling:expr;)*) => {
        $(impl TextSchema for $type {
            fn text_schema() -> Schema {
                $spelling
            }
        })*
    };
}

spelled! {
    Algorithm => one_of(Algorithm::ALL.iter().copied().map(Algorithm::as_str));
    AccessTokenForm => one_of(std::iter::once("opaque").chain(Algorithm::ALL.iter().copied().map(Algorithm::as_str)));
    App => plain(255);
    Audience => plain(255);
    ClientAuthMethod => one_of(ClientAuthMethod::ALL.iter().copied().map(ClientAuthMethod::as_str));
    ClientKind => one_of([ClientKind::Confidential, ClientKind::Public].into_iter().map(ClientKind::as_str));
    Consent => one_of([Consent::Required, Consent::Implied].into_iter().map(Consent::as_str));
    ClientRef => json_schema!({"type": "string", "pattern": "^[A-Za-z0-9._-]{1,100}$"});
    DeliveryMode => one_of(DeliveryMode::ALL.iter().filter(|mode| mode.is_served()).map(|mode| mode.as_str()));
    DomainGrantType => one_of([DomainGrantType::Jwt, DomainGrantType::IdJag].into_iter().map(DomainGrantType::as_str));
    EventUri => plain(255);
    GrantSubject => one_of([GrantSubject::Sub, GrantSubject::Email, GrantSubject::Pairwise].into_iter().map(GrantSubject::as_str));
    GrantType => one_of(GrantType::ALL.iter().copied().map(GrantType::as_str));
    Label => plain(100);
    LoginUrl => json_schema!({"type": "string", "format": "uri", "maxLength": 512, "pattern": "^https?://[^#]+$"});
    MemberKind => one_of(MemberKind::ALL.iter().copied().map(MemberKind::as_str));
    OrgId => json_schema!({"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"});
    Pkce => one_of([Pkce::Required, Pkce::Optional].into_iter().map(Pkce::as_str));
    RedirectUri => json_schema!({"type": "string", "format": "uri", "pattern": "^[^#]+$"});
    RevocationCursor => json_schema!({"type": "string", "pattern": r"^[A-Za-z0-9_-]{1,64}\.[0-9a-v]{32}$"});
    Role => plain(255);
    Scope => json_schema!({"type": "string", "pattern": r"^[!#-\[\]-~]{0,510}[!#->@-\[\]-~]\??$", "maxLength": 511});
    ScopePattern => json_schema!({"type": "string", "pattern": r"^[!#-\[\]-~]{0,510}[!#->@-\[\]-~]$"});
    SessionId => plain(128);
    StreamStatus => one_of(StreamStatus::ALL.iter().copied().map(StreamStatus::as_str));
    Subject => plain(255);
    TokenId => json_schema!({"type": "string", "pattern": "^[0-9a-v]{32}$"});
}

/// A schema that stands where it is used.
macro_rules! inlined {
    ($(($($generic:tt)*) $type:ty, $name:literal, $generator:ident => $schema:expr;)*) => {
        $(impl<$($generic)*> JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                $schema
            }
        })*
    };
}

inlined! {
    (T: TextSchema) FromText<T>, "Parsed", _generator => T::text_schema();
    () SecretText, "TokenText", _generator => json_schema!({"type": "string"});
    ('a) ExposedSecret<'a>, "HandedOver", _generator => json_schema!({"type": "string"});
    () Date, "Date", _generator => json_schema!({"type": "string", "format": "date"});
    () Rfc3339, "Rfc3339", _generator => json_schema!({"type": "string", "format": "date-time"});
    () Number, "Number", _generator => json_schema!({"type": "integer", "format": "int64"});
    () Words, "Words", _generator => json_schema!({"type": "array", "items": {"type": "string"}});
    () ApiDocument, "ApiDocument", _generator => json_schema!({
        "type": "object",
        "required": ["openapi", "info", "paths"],
        "properties": {"openapi": {"type": "string", "pattern": "^3\\.1\\."}, "info": {"type": "object"}, "paths": {"type": "object"}},
        "additionalProperties": true
    });
    // The request that it echoes is in the document, and has it.
    (T: JsonSchema) EchoedRequest<T>, "Echo", _generator => Schema::new_ref(format!("#/components/schemas/{}", T::schema_name()));
}

/// Makes the schema of what is read. Others are of what is written.
pub(in crate::api) fn as_read<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_deserialize().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.remove("title");
    schema
}

impl<T: JsonSchema> JsonSchema for Object<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl JsonSchema for JwkSet {
    fn schema_name() -> Cow<'static, str> {
        "JwkSet".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let text = || json_schema!({"type": "string"});
        json_schema!({
            "description": "A JWK Set of public keys: RFC 7517 section 5.",
            "type": "object",
            "required": ["keys"],
            "properties": {"keys": {"type": "array", "items": {
                "type": "object",
                "required": ["kty", "use", "kid", "alg"],
                "properties": {
                    "kty": text(), "use": {"type": "string", "enum": ["sig"]}, "kid": text(), "alg": Algorithm::text_schema(),
                    "crv": text(), "x": text(), "y": text(), "n": text(), "e": text(), "pub": text()
                }
            }}}
        })
    }
}

impl JsonSchema for crate::api::agilicus::request::ListTokens {
    fn schema_name() -> Cow<'static, str> {
        "ListTokensQuery".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let date =
            |what: &str| json_schema!({"type": "string", "description": format!("{what}: a date, or words like \"1 day ago\".")});
        json_schema!({"type": "object", "properties": {
            "org": OrgId::text_schema(),
            "sub": Subject::text_schema(),
            "jti": {"type": "string"},
            "created_by": {"type": "string", "description": "The jti of the token whose bearer had them made."},
            "label": Label::text_schema(),
            "session": SessionId::text_schema(),
            "iat_from": date("Issued at this moment or later"),
            "iat_to": date("Issued before this moment"),
            "exp_from": date("Expires at this moment or later"),
            "exp_to": date("Expires before this moment"),
            "revoked": {"type": "boolean"},
            "scopes": {"type": "array", "items": {"type": "string", "maxLength": 511}, "maxItems": 100},
            "after": TokenId::text_schema(),
            "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 100}
        }})
    }
}
