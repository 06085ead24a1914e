//! What all answers of Authlete's API keep to, rule by rule.

mod introspection;

use serde::Serialize;
use serde_json::{Value, json};

use super::*;
use crate::api::authlete::content::ErrorStyle;
use crate::api::authlete::request::{FailReason, Introspect, Introspected, ListTokens, ProcessToken};
use crate::api::authlete::result::ApiCall;
use crate::domain::{
    Client, Denial, Family, GrantType, Issuance, Issuer, Org, Property, Refusal, Seconds, Secret, SupportedScope, TokenStatus,
};
use crate::encoding::form::Parameters;
use crate::encoding::json as wire;
use crate::oauth::TokenType;
use crate::oauth::forwarded::{Asked, Exchange, ExchangedToken, Outcome};
use crate::store::conformance::samples;
use crate::tokens::introspect::{ClientIntrospection, Verdict};
use crate::tokens::issue::Issued;
use crate::tokens::list::ClientPage;
use crate::tokens::lookup::{ClientAccessToken, ClientFamily, FoundToken, TokenRef};
use crate::tokens::mint::Minted;
use crate::tokens::revoke::Counted;
use crate::tokens::update::Updated;

const CALL: &str = "/api/{serviceId}/auth/token/create";

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

/// An org that has all that an org can have.
fn org() -> Org {
    let mut org = samples::org("21653835348762", &[]);
    org.settings.oauth.attributes = vec![("tier".into(), "gold".into())];
    let supported = |name: &str| SupportedScope {
        name: Scope::parse(name).unwrap(),
        default: true,
        description: Some("What it is".into()),
        token_duration: Some(Seconds(60)),
        refresh_token_duration: Some(Seconds(90)),
        attributes: vec![("a".into(), "b".into())],
    };
    org.settings.oauth.supported_scopes = vec![supported("history.read"), supported("timeline.read")];
    org
}

fn client(is_rich: bool) -> Client {
    let mut client = samples::client("21653835348762", 26_888_344_961_664, is_rich.then_some("my-client"));
    client.settings.name = is_rich.then(|| "My Client".into());
    if !is_rich {
        client.settings.attributes.clear();
    }
    client
}

fn issuance(is_rich: bool) -> Issuance {
    let least = Issuance { for_client: true, ..Issuance::by(GrantType::ClientCredentials) };
    let property = |key: &str, hidden| Property { key: key.into(), value: "v".into(), hidden };
    let rich = samples::rich_token("1", 1).contents.issuance.map(|issuance| Issuance {
        grant: GrantType::AuthorizationCode,
        for_client: false,
        properties: vec![property("shown", false), property("kept", true)],
        ..*issuance
    });
    if is_rich { rich.unwrap() } else { least }
}

fn record(is_rich: bool) -> TokenRecord {
    let mut record = if is_rich { samples::rich_token("1", 1) } else { samples::token("1", 1) };
    record.client = Some(client(is_rich).id);
    record.scopes = Vec::new();
    if is_rich {
        record.scopes = org().settings.oauth.supported_scopes.into_iter().map(|scope| scope.name).collect();
    }
    record.family = is_rich.then(|| samples::rich_family("1", 2).id);
    record.issuance = Some(Box::new(issuance(is_rich)));
    record
}

fn family() -> Family {
    let mut family = samples::rich_family("1", 2);
    family.scopes.clone_from(&record(true).scopes);
    family.issuance = Some(Box::new(issuance(true)));
    family
}

fn issued(is_rich: bool) -> Issued {
    let minted = Minted {
        token: secret("jwt-or-opaque"),
        value: Some(secret("opaque")),
        is_jwt: is_rich,
        record: record(is_rich),
        family: is_rich.then(family).map(Into::into),
        refresh_token: is_rich.then(|| secret("refresh")),
    };
    Issued { minted, client: client(is_rich).into() }
}

fn access_token(is_rich: bool) -> ClientAccessToken {
    ClientAccessToken {
        record: record(is_rich),
        family: is_rich.then(family),
        client: Some(client(is_rich).into()),
        member: None,
        status: TokenStatus::Live,
        family_status: is_rich.then_some(TokenStatus::Live),
    }
}

fn style() -> ErrorStyle {
    ErrorStyle::for_org(&org(), &Issuer::parse("https://a.example").unwrap())
}

fn requested(parameters: &str) -> Requested {
    let body = json!({ "parameters": parameters }).to_string();
    Requested::from_request(Some(&wire::read::<ProcessToken>(body.as_bytes()).unwrap().try_into_request().unwrap()))
}

fn introspected() -> Introspected {
    let body = json!({"token": "a", "scopes": ["history.read", "x y"], "acrValues": ["gold"], "maxAge": 60}).to_string();
    wire::read::<Introspect>(body.as_bytes()).unwrap().try_into_request().unwrap()
}

fn json(answer: &impl Serialize) -> Value {
    serde_json::to_value(answer).unwrap()
}

/// An answer of each kind, with as much and as little in it as there can be.
fn answers() -> Vec<(&'static str, Value)> {
    let mut all = Vec::new();
    for is_rich in [true, false] {
        let (issued, org) = (issued(is_rich), if is_rich { org() } else { samples::org("1", &[]) });
        all.push(("create", json(&TokenCreateResponse::from_issued(&issued, None).unwrap())));
        all.push(("issue", json(&TokenIssueResponse::from_issued(&issued, &org).unwrap())));
        let found = ClientIntrospection { token: Some(Box::new(access_token(is_rich))), verdict: Verdict::Sufficient };
        all.push((
            "introspection",
            json(&IntrospectionResponse::from_introspection(&found, &introspected(), &org, &style()).unwrap()),
        ));
        let updated = Updated { record: record(is_rich), family: is_rich.then(family), value: is_rich.then(|| secret("new")) };
        all.push(("update", json(&TokenUpdateResponse::from_updated(&updated, &TokenRef::Id(updated.record.id)).unwrap())));
        let page = ClientPage { total: 1, rows: vec![(record(is_rich), is_rich.then(family))] };
        let query = ListTokens::try_from(Parameters::read(if is_rich { "subject=john" } else { "" }).unwrap()).unwrap();
        let client = is_rich.then(|| client(true));
        all.push(("list", json(&TokenListResponse::from_page(&query, client.as_ref(), &page).unwrap())));
        let outcome = Outcome::Issued {
            issued: Box::new(issued),
            id_token: None,
            resources: Vec::new(),
            previous_refresh_token_used: is_rich,
        };
        let request =
            requested(if is_rich { "grant_type=refresh_token&refresh_token=x" } else { "grant_type=client_credentials" });
        all.push(("token", json(&TokenResponse::from_outcome(&outcome, &request, &org).unwrap())));
    }
    all.extend(outcomes().iter().map(|(name, outcome)| {
        ("token", json(&TokenResponse::from_outcome(outcome, &requested(&format!("grant_type={name}")), &org()).unwrap()))
    }));
    all.extend(refusals());
    for callback in [None, Some("f")] {
        all.push(("revocation", json(&RevocationResponse::done(callback))));
    }
    all.push(("revoke", json(&TokenRevokeResponse::from_counted(Counted { tokens: 1, is_whole: true }))));
    all.push(("configuration", json(&Metadata::from_org(&org(), &Issuer::parse("https://a.example").unwrap()))));
    all
}

fn outcomes() -> Vec<(&'static str, Outcome)> {
    const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
    let asked = || Asked { client: None, scopes: record(true).contents.scopes, resources: record(true).contents.audiences };
    let exchanged = |kind, found| ExchangedToken { token: secret("a"), kind, found };
    let refresh = ClientFamily {
        family: family(),
        token: None,
        client: Some(client(true).into()),
        member: None,
        status: TokenStatus::Live,
        person_grant: None,
    };
    let rich = Exchange {
        audiences: vec!["x".into()],
        requested: Some(TokenType::AccessToken),
        subject: exchanged(TokenType::AccessToken, Some(FoundToken::Access(Box::new(access_token(true))))),
        actor: Some(exchanged(TokenType::RefreshToken, Some(FoundToken::Refresh(Box::new(refresh))))),
    };
    let least = Exchange { audiences: Vec::new(), requested: None, subject: exchanged(TokenType::Jwt, None), actor: None };
    vec![
        ("password", Outcome::Password { ticket: secret("a"), username: "john".into(), password: secret("b"), asked: asked() }),
        (EXCHANGE, Outcome::TokenExchange { exchange: Box::new(rich), asked: asked() }),
        (EXCHANGE, Outcome::TokenExchange { exchange: Box::new(least), asked: asked() }),
        ("urn:ietf:params:oauth:grant-type:jwt-bearer", Outcome::JwtBearer { assertion: secret("a"), asked: asked() }),
    ]
}

fn refusals() -> Vec<(&'static str, Value)> {
    let call = ApiCall::at(CALL);
    let refusals = [
        Refusal::invalid("x", "is required"),
        Refusal::ClientUnavailable,
        Refusal::NotFound("access token"),
        Denial::ClientUnauthenticated.into(),
        Denial::GrantTypeMissing.into(),
    ];
    let mut all = Vec::new();
    for refusal in &refusals {
        all.push(("create", json(&TokenCreateResponse::refused(call, refusal.clone()).unwrap())));
        all.push(("update", json(&TokenUpdateResponse::refused(call, refusal))));
        all.push(("token", json(&TokenResponse::refused(call, refusal, &Requested::default(), &style()).unwrap())));
        all.push(("issue", json(&TokenIssueResponse::refused(call, refusal, &style()).unwrap())));
        all.push(("fail", json(&TokenFailResponse::refused(call, refusal, &style()).unwrap())));
        all.push(("introspection", json(&IntrospectionResponse::refused(call, refusal, &style()))));
        all.push(("standard", json(&StandardIntrospectionResponse::refused(call, refusal, &style()).unwrap())));
        all.push(("revocation", json(&RevocationResponse::refused(call, refusal, &style()).unwrap())));
    }
    for reason in [FailReason::Unknown, FailReason::InvalidResourceOwnerCredentials, FailReason::InvalidTarget] {
        all.push(("fail", json(&TokenFailResponse::from_reason(reason, &style()).unwrap())));
    }
    all.extend(verdicts().into_iter().map(|(_, answer)| ("introspection", answer)));
    all
}

/// What introspection says of each verdict.
fn verdicts() -> Vec<(Verdict, Value)> {
    let verdicts = [
        Verdict::Unknown,
        Verdict::Expired { refreshable: true },
        Verdict::Expired { refreshable: false },
        Verdict::Unproved(Denial::CertificateMismatch),
        Verdict::Unproved(Denial::DpopHeaderMissing),
        Verdict::OtherAuthentication,
        Verdict::TooOld,
        Verdict::LacksScope(Scope::parse("urn:jeton:none").unwrap()),
        Verdict::OtherSubject,
        Verdict::OtherAudience,
        Verdict::Sufficient,
    ];
    let (org, asked) = (org(), introspected());
    let answer = |verdict: Verdict| {
        let token = (verdict != Verdict::Unknown).then(|| Box::new(access_token(true)));
        let found = ClientIntrospection { token, verdict };
        let answer = json(&IntrospectionResponse::from_introspection(&found, &asked, &org, &style()).unwrap());
        (found.verdict, answer)
    };
    verdicts.into_iter().map(answer).collect()
}

/// Calls `check` with every member of every object in an answer, however deep.
fn walk(value: &Value, check: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            check(name, value);
            walk(value, check);
        }),
        Value::Array(items) => items.iter().for_each(|item| walk(item, check)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn members_are_in_camel_case() {
    for (call, answer) in answers().iter().filter(|(call, _)| *call != "configuration") {
        walk(answer, &mut |name, _| {
            let is_camel = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(|b| b.is_ascii_alphanumeric());
            assert!(is_camel, "{call}: {name}");
        });
    }
}

#[test]
fn no_answer_has_a_null() {
    for (call, answer) in answers() {
        walk(&answer, &mut |name, value| {
            let in_list = value.as_array().is_some_and(|items| items.contains(&Value::Null));
            assert!(!value.is_null() && !in_list, "{call}: {name} in {answer}");
        });
    }
}

#[test]
fn what_was_understood_has_an_action_whatever_came_of_it() {
    for (call, answer) in answers() {
        let has_action = !matches!(call, "list" | "revoke" | "configuration");
        assert_eq!(answer["action"].is_string(), has_action, "{call}: {answer}");
        assert!(!has_action || answer["resultCode"].is_string() && answer["resultMessage"].is_string(), "{call}: {answer}");
    }
}

#[test]
fn numbers_are_whole_and_fit_into_javascript() {
    for (call, answer) in answers() {
        walk(&answer, &mut |name, value| {
            if value.is_number() {
                assert!(value.as_i64().is_some_and(|number| number < 1 << 53), "{call}: {name} is {value}");
            }
        });
    }
}

#[test]
fn times_of_day_are_milliseconds_and_lengths_are_seconds() {
    let issued = issued(true);
    let created = json(&TokenCreateResponse::from_issued(&issued, None).unwrap());
    // `rich_token` doesn't expire.
    assert_eq!((&created["expiresIn"], &created["expiresAt"]), (&json!(0), &json!(0)));
    let issue = json(&TokenIssueResponse::from_issued(&issued, &org()).unwrap());
    assert_eq!(issue["refreshTokenExpiresAt"], family().expires_at.as_ms());
    let least = json(&TokenCreateResponse::from_issued(&self::issued(false), None).unwrap());
    let expires_at = record(false).expires_at.unwrap();
    assert_eq!(least["expiresAt"], expires_at.as_ms());
    assert_eq!(least["expiresIn"], expires_at.as_secs() - record(false).not_before.as_secs());
    let seen = verdicts().into_iter().find(|(verdict, _)| *verdict == Verdict::Sufficient).unwrap().1;
    assert_eq!(seen["authTime"], record(true).contents.issuance.unwrap().auth_time.unwrap().as_secs());
}

#[test]
fn what_is_known_of_a_token_to_exchange_leaves_out_what_the_sdks_dont_agree_on() {
    let (name, outcome) = &outcomes()[1];
    let answer = json(&TokenResponse::from_outcome(outcome, &requested(&format!("grant_type={name}")), &org()).unwrap());
    for info in ["subjectTokenInfo", "actorTokenInfo"] {
        let names: Vec<_> = answer[info].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["clientId", "clientIdAlias", "clientIdAliasUsed", "expiresAt", "properties", "resources", "subject"]);
    }
    assert_eq!(answer["actorTokenInfo"]["expiresAt"], family().expires_at.as_secs());
    assert_eq!((answer.get("ticket"), answer.get("responseContent")), (None, None));
}

#[test]
fn every_action_is_known_to_the_oldest_sdk() {
    for (call, known) in [
        ("create", &["OK", "BAD_REQUEST", "FORBIDDEN", "INTERNAL_SERVER_ERROR"][..]),
        ("token", &["OK", "PASSWORD", "TOKEN_EXCHANGE", "JWT_BEARER", "INVALID_CLIENT", "BAD_REQUEST", "INTERNAL_SERVER_ERROR"]),
        ("issue", &["OK", "INTERNAL_SERVER_ERROR"]),
        ("fail", &["BAD_REQUEST", "INTERNAL_SERVER_ERROR"]),
        ("update", &["OK", "BAD_REQUEST", "FORBIDDEN", "NOT_FOUND", "INTERNAL_SERVER_ERROR"]),
        ("introspection", &["OK", "BAD_REQUEST", "UNAUTHORIZED", "FORBIDDEN", "INTERNAL_SERVER_ERROR"]),
        ("standard", &["OK", "BAD_REQUEST", "INTERNAL_SERVER_ERROR"]),
        ("revocation", &["OK", "INVALID_CLIENT", "BAD_REQUEST", "INTERNAL_SERVER_ERROR"]),
    ] {
        let answers: Vec<_> = answers().into_iter().filter(|(of, _)| *of == call).map(|(_, answer)| answer).collect();
        assert!(answers.len() > 1, "{call}");
        for answer in answers {
            assert!(known.contains(&answer["action"].as_str().unwrap()), "{call}: {answer}");
        }
    }
}

#[test]
fn response_content_is_text() {
    for (call, answer) in answers() {
        assert!(answer.get("responseContent").is_none_or(Value::is_string), "{call}: {answer}");
    }
}

#[test]
fn with_another_action_than_ok_there_is_nothing_but_the_result() {
    for (call, answer) in refusals().iter().filter(|(call, _)| matches!(*call, "create" | "update")) {
        let names: Vec<_> = answer.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["action", "resultCode", "resultMessage"], "{call}");
    }
}
