//! What endpoints take and answer, type by type.

use schemars::{JsonSchema, json_schema};

use super::operation::{Describe, Operation, Scheme};
use crate::api::authlete::{BatchPath, ClientPath, CodePath, IdentifierPath, JsonList, Lenient, ServiceCredentials, SubjectPath};
use crate::api::http::{
    Answer, Bearer, CallerAddress, Created, Done, IfNoneMatch, Json, MaybeBearer, MaybeJson, MemberPath, MergePatch, NoContent,
    OrgClientPath, OrgCredentials, OrgPath, PathBehind, PlainText, Preconditions, Published, PublishedStatusList, Query, Reply,
    SecretPath, SignedJson, Tagged, Written,
};
use crate::api::jeton::api_key::ApiKeyPath;
use crate::api::jeton::authorization::AuthorizationPath;
use crate::api::jeton::leak_report::{LeakReport, LeakedSecret};
use crate::api::jeton::logout::LogoutPath;
use crate::api::jeton::person_grant::{GrantedClientPath, OrgSessionPath, PersonPath};
use crate::api::jeton::status_list::StatusListPath;
use crate::api::jeton::token::TokenPath;
use crate::api::oauth::authorization::{BrowserReply, BrowserRequest, BrowserReturn};
use crate::api::oauth::event_stream::StreamPath;
use crate::api::oauth::introspection::IntrospectionResponse;
use crate::api::oauth::logout::{LogoutAnswer, LogoutRequest};
use crate::api::oauth::schemas::{
    AccessTokenForm, AuthorizationParameters, ContinueQuery, DeviceForm, LogoutParameters, NamedTokenForm, PushForm,
    ShownTokenForm, TokenForm,
};
use crate::api::oauth::{InitialAccess, RegistrationAccess, TokenNamed, TokenShown, WithNonce, WithRetryAfter};
use crate::domain::{ClientRef, OrgId, SessionId, Subject, TokenId};
use crate::encoding::TextSchema;
use crate::oauth::authorization::device::DeviceAuthorizationRequest;
use crate::oauth::authorization::push::PushRequest;
use crate::oauth::bearer::ClientBearer;
use crate::oauth::token_endpoint::GrantRequest;

/// The ids of what a login application is handed over: org and id.
const HANDED_OVER_ID: &str = "^[A-Za-z0-9_-]{1,64}[.][0-9a-v]{32}$";

/// Implements [`Describe`] for each type with what it adds to an operation.
macro_rules! described {
    ($(($($generic:tt)*) $type:ty, $operation:ident => $what:expr;)*) => {
        $(impl<$($generic)*> Describe for $type {
            fn describe($operation: &mut Operation<'_>) {
                $what;
            }
        })*
    };
}

const FORM: &str = "application/x-www-form-urlencoded";

// What is taken, and what it is refused with.
described! {
    () (), operation => operation.refuses(&[]);
    (A: Describe, B: Describe) (A, B), operation => (A::describe(operation), B::describe(operation));
    (A: Describe, B: Describe, C: Describe) (A, B, C), operation =>
        (A::describe(operation), B::describe(operation), C::describe(operation));
    (A: Describe, B: Describe, C: Describe, D: Describe) (A, B, C, D), operation =>
        (A::describe(operation), B::describe(operation), C::describe(operation), D::describe(operation));
    (A: Describe, B: Describe, C: Describe, D: Describe, E: Describe) (A, B, C, D, E), operation =>
        (<(A, B, C, D)>::describe(operation), E::describe(operation));
    () Bearer, operation => {
        operation.authenticates(&[Some(Scheme::Bearer)]);
        operation.refuses(&[400, 401]);
    };
    () OrgCredentials, operation => {
        operation.authenticates(&[Some(Scheme::Bearer), Some(Scheme::Service)]);
        operation.refuses(&[400, 401]);
    };
    () AuthorizationPath, operation => {
        operation.takes_from_path("id", &json_schema!({"type": "string", "pattern": HANDED_OVER_ID}));
        operation.refuses(&[404]);
    };
    () LogoutPath, operation => {
        operation.takes_from_path("id", &json_schema!({"type": "string", "pattern": HANDED_OVER_ID}));
        operation.refuses(&[404]);
    };
    () LogoutRequest, operation => if operation.is_post() {
        operation.takes_body::<LogoutParameters>(true, &[FORM]);
    } else {
        operation.takes_from_query::<LogoutParameters>();
    };
    () BrowserRequest, operation => if operation.is_post() {
        operation.takes_body::<AuthorizationParameters>(true, &[FORM]);
    } else {
        operation.takes_from_query::<AuthorizationParameters>();
    };
    () BrowserReturn, operation => operation.takes_from_query::<ContinueQuery>();
    () ClientBearer, operation => {
        operation.authenticates(&[Some(Scheme::Bearer)]);
        operation.takes_header("DPoP", "A proof of possession, where the token is bound to a key: RFC 9449 section 7.");
        if operation.is_post() {
            operation.takes_body::<AccessTokenForm>(false, &[FORM]);
        }
        operation.refuses(&[400, 401]);
    };
    () MaybeBearer, operation => {
        operation.authenticates(&[None, Some(Scheme::Bearer)]);
        operation.refuses(&[400]);
    };
    () ServiceCredentials, operation => {
        if operation.has_in_path(ServiceCredentials::PARAMETER) {
            operation.takes_from_path(ServiceCredentials::PARAMETER, &OrgId::text_schema());
            operation.authenticates(&[Some(Scheme::Bearer)]);
        } else {
            operation.authenticates(&[Some(Scheme::Service), Some(Scheme::Bearer)]);
        }
        operation.refuses(&[400, 401, 403]);
    };
    (T: JsonSchema) Json<T>, operation => {
        operation.takes_body::<T>(true, &[Reply::JSON]);
        operation.refuses_bodies();
    };
    (T: JsonSchema) MergePatch<T>, operation => {
        operation.takes_patch::<T>();
        operation.refuses_bodies();
    };
    (T: JsonSchema) MaybeJson<T>, operation => {
        operation.takes_body::<T>(false, &[Reply::JSON]);
        operation.refuses_bodies();
    };
    (T: JsonSchema) JsonList<T>, operation => {
        operation.takes_body::<Vec<T>>(true, &[Reply::JSON]);
        operation.refuses_bodies();
    };
    (T: JsonSchema) Lenient<T>, operation => {
        // Forms are taken, too, as the dialect's tag says. But openapi-python-client can't import what it makes of two media types.
        operation.takes_body::<T>(true, &[Reply::JSON]);
        operation.refuses_bodies();
    };
    (T: JsonSchema) Query<T>, operation => {
        operation.takes_from_query::<T>();
        operation.refuses(&[400]);
    };
    () OrgPath, operation => {
        operation.takes_from_path("org", &OrgId::text_schema());
        operation.refuses(&[400]);
    };
    () MemberPath, operation => {
        operation.takes_from_path("org", &OrgId::text_schema());
        if operation.has_in_path(MemberPath::PARAMETER) {
            operation.takes_from_path(MemberPath::PARAMETER, &Subject::text_schema());
        } else {
            operation.requires_in_query(MemberPath::PARAMETER, &Subject::text_schema());
        }
        operation.refuses(&[400]);
    };
    () OrgClientPath, operation => {
        operation.takes_from_path("org", &OrgId::text_schema());
        operation.takes_from_path("client_id", &ClientRef::text_schema());
        operation.refuses(&[400, 404]);
    };
    () PersonPath, operation => {
        operation.takes_from_path("org", &OrgId::text_schema());
        operation.takes_from_path("sub", &Subject::text_schema());
        operation.refuses(&[400]);
    };
    () OrgSessionPath, operation => {
        operation.takes_from_path("org", &OrgId::text_schema());
        operation.takes_from_path("session", &SessionId::text_schema());
        operation.refuses(&[400]);
    };
    () GrantedClientPath, operation => {
        operation.takes_from_path("client_id", &json_schema!({"type": "string", "pattern": "^[0-9]{1,16}$"}));
        operation.refuses(&[404]);
    };
    () SecretPath, operation => {
        operation.takes_from_path("secret_id", &json_schema!({"type": "string", "pattern": "^[A-Za-z0-9_-]{12}$"}));
        operation.refuses(&[400, 404]);
    };
    () StatusListPath, operation => {
        operation.takes_from_path("list", &json_schema!({"type": "string", "pattern": "^[0-9a-v]{26}$"}));
        operation.refuses(&[404]);
    };
    () ApiKeyPath, operation => {
        operation.takes_from_path("org", &OrgId::text_schema());
        operation.takes_from_path("id", &TokenId::text_schema());
        operation.refuses(&[400, 404]);
    };
    () StreamPath, operation => {
        operation.takes_from_path("stream_id", &TokenId::text_schema());
        operation.refuses(&[404]);
    };
    () TokenPath, operation => {
        operation.takes_from_path("jti", &TokenId::text_schema());
        operation.refuses(&[404]);
    };
    () CodePath, operation => {
        operation.takes_from_path("code", &json_schema!({"type": "string", "pattern": "^A[0-9]{6}$"}));
        operation.refuses(&[400, 404]);
    };
    () BatchPath, operation => {
        operation.takes_from_path("requestId", &TokenId::text_schema());
        operation.refuses(&[400, 404]);
    };
    () IdentifierPath, operation => {
        operation.takes_from_path("accessTokenIdentifier", &json_schema!({"type": "string", "minLength": 1}));
        operation.refuses(&[400]);
    };
    () SubjectPath, operation => {
        operation.takes_from_path(SubjectPath::PARAMETER, &Subject::text_schema());
        operation.refuses(&[400]);
    };
    () ClientPath, operation => {
        operation.takes_from_path("id", &ClientRef::text_schema());
        operation.refuses(&[400, 404]);
    };
}

described! {
    () IfNoneMatch, operation => operation.is_conditional();
    () Preconditions, operation => operation.has_preconditions();
    () PathBehind, operation => if operation.has_in_path("path") {
        operation.takes_from_path("path", &json_schema!({"type": "string"}));
        operation.refuses(&[400, 404]);
    };
    () GrantRequest, operation => {
        operation.takes_body::<TokenForm>(true, &[FORM]);
        operation.takes_header("DPoP", "A proof of possession: RFC 9449 section 4.");
        operation.authenticates(&[Some(Scheme::Client), Some(Scheme::Certificate), None]);
        operation.refuses_bodies();
        operation.refuses(&[401]);
    };
    () PushRequest, operation => {
        operation.takes_body::<PushForm>(true, &[FORM]);
        operation.takes_header("DPoP", "A proof of possession: the code will be bound to its key (RFC 9449 section 10.1).");
        operation.authenticates(&[Some(Scheme::Client), Some(Scheme::Certificate), None]);
        operation.refuses_bodies();
        operation.refuses(&[401]);
    };
    () DeviceAuthorizationRequest, operation => {
        operation.takes_body::<DeviceForm>(true, &[FORM]);
        operation.authenticates(&[Some(Scheme::Client), Some(Scheme::Certificate), None]);
        operation.refuses_bodies();
        operation.refuses(&[401]);
    };
    () TokenNamed, operation => {
        operation.takes_body::<NamedTokenForm>(true, &[FORM]);
        operation.authenticates(&[Some(Scheme::Client), Some(Scheme::Certificate), None]);
        operation.refuses_bodies();
        operation.refuses(&[401]);
    };
    () InitialAccess, operation => {
        operation.authenticates(&[Some(Scheme::Bearer), None]);
        operation.refuses(&[400, 401]);
    };
    () CallerAddress, operation => operation.refuses(&[]);
    () LeakReport, operation => {
        operation.takes_body::<Vec<LeakedSecret>>(true, &[Reply::JSON]);
        operation.takes_header(LeakReport::IDENTIFIER, "Which of the scanner's keys has signed the body.");
        operation.takes_header(LeakReport::SIGNATURE, "The signature of the body as it is sent: ECDSA on P-256 with SHA-256, in DER, in base64.");
        operation.refuses_bodies();
    };
    () RegistrationAccess, operation => {
        operation.takes_from_path("client_id", &json_schema!({"type": "string"}));
        operation.authenticates(&[Some(Scheme::Registration)]);
        operation.refuses(&[400, 401, 403]);
    };
    () TokenShown, operation => {
        operation.takes_body::<ShownTokenForm>(true, &[FORM]);
        operation.authenticates(&[Some(Scheme::Client), Some(Scheme::Certificate), Some(Scheme::Bearer), None]);
        operation.refuses_bodies();
        operation.refuses(&[401, 403]);
    };
}

// What is answered.
described! {
    (const STATUS: u16, T: JsonSchema) Answer<STATUS, T>, operation => operation.answers::<T>(STATUS);
    (A: Describe) WithNonce<A>, operation => {
        A::describe(operation);
        operation.tells(&[200, 400], "DPoP-Nonce", false, "The nonce for the next proof: RFC 9449 section 8.");
    };
    (A: Describe) WithRetryAfter<A>, operation => {
        A::describe(operation);
        operation.tells(&[200], "Retry-After", false, "With `error`: how many seconds the API key's limit stays reached.");
    };
    (T: JsonSchema) Created<T>, operation => {
        operation.answers::<T>(201);
        operation.tells(&[201], "Location", true, "Where what was created is found: RFC 9110 section 10.2.2.");
        operation.tells(&[201], "ETag", false, "Which state is found there: what to send as `If-Match` to change just that.");
    };
    () PlainText, operation => operation.answers_as(200, PlainText::MEDIA_TYPE, json_schema!({"type": "string"}));
    () BrowserReply, operation => {
        operation.answers_as(200, BrowserReply::FORM, json_schema!({"type": "string"}));
        operation.answers_nothing(303);
        operation.tells(&[303], "Location", true, "Where the browser goes now.");
        operation.tells(&[303], "Set-Cookie", false, "By what the browser is known again.");
        operation.tells(&[200], "Content-Security-Policy", true, "The policy that lets the form's one script run.");
        for status in [400, 503] {
            operation.answers_as(status, BrowserReply::PAGE, json_schema!({"type": "string"}));
        }
    };
    () LogoutAnswer, operation => {
        operation.answers_nothing(303);
        operation.tells(&[303], "Location", true, "Where the browser goes now.");
        for status in [400, 503] {
            operation.answers_as(status, BrowserReply::PAGE, json_schema!({"type": "string"}));
        }
    };
    () Done, operation => operation.answers_nothing(200);
    () SignedJson, operation => {
        operation.answers::<IntrospectionResponse>(200);
        operation.answers_as(200, SignedJson::MEDIA_TYPE, json_schema!({"type": "string"}));
    };
    () PublishedStatusList, operation => {
        operation.answers_as(200, PublishedStatusList::MEDIA_TYPE, json_schema!({"type": "string"}));
        operation.tells(&[200, 304], "ETag", true, "Which answer it is: what to send as `If-None-Match`.");
        operation.tells(&[200, 304], "Cache-Control", true, "For how long it may be kept.");
    };
    () NoContent, operation => operation.answers_nothing(204);
    (T: JsonSchema) Written<T>, operation => {
        operation.answers::<T>(200);
        operation.answers::<T>(201);
        operation.tells_its_tag(&[200, 201]);
    };
    (const STATUS: u16, T: JsonSchema) Tagged<STATUS, T>, operation => {
        operation.answers::<T>(STATUS);
        operation.tells_its_tag(&[STATUS]);
    };
    (T: JsonSchema) Published<T>, operation => {
        operation.answers::<T>(200);
        operation.tells(&[200, 304], "ETag", true, "Which answer it is: what to send as `If-None-Match`.");
        operation.tells(&[200, 304], "Cache-Control", true, "For how long it may be kept.");
    };
}
