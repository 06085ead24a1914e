use std::collections::BTreeSet;

use super::*;
use crate::api::jeton::audit;
use crate::domain::{
    Action, ApiKey, ApiKeyRevocation, ApiKeyRevocationReason, App, Change, Client, Commit, Diff, GrantedAccess, Member,
    NotBeforeKey, NotBeforeScope, NotBeforeStands, Org, PersonGrant, PersonGrantKey, RevocationStamp, RevokingParty, Role,
    ScopePattern, Seconds, Session, TokenRecord,
};
use crate::jose::subject_identifier::to_json;
use crate::store::conformance::samples;

const NOW: Timestamp = Timestamp::from_ms(1_800_000_000_250);

fn issuer() -> Issuer {
    Issuer::parse("https://jeton.example").unwrap()
}

/// What is told of a change, as the audit trail writes it: the action, and for each signal the end of its event, its subject and its members
/// without those that all have.
fn told(change: Change) -> (&'static str, Vec<Value>) {
    let (action, signals) = signals_of(change);
    let told = signals.into_iter().map(|mut signal| {
        let timestamp = signal.members.remove("event_timestamp").and_then(|at| at.as_i64());
        assert_eq!(timestamp, Some(signal.at.as_secs()));
        let reason = signal.members.remove("reason_admin").unwrap();
        assert!(reason["en"].as_str().unwrap().ends_with('.'), "the CAEP Interoperability Profile wants a reason");
        assert_eq!(signal.txn, "e-1");
        json!([signal.event.uri().rsplit('/').next(), to_json(&signal.subject), signal.members])
    });
    (action, told.collect())
}

fn signals_of(change: Change) -> (&'static str, Vec<NewSignal>) {
    let commit = Commit { id: "e-1".to_owned(), at: NOW, change };
    let action = commit.action().expect("an action");
    let text = audit::write(&commit, action).unwrap();
    let event: Event<'_> = serde_json::from_str(&text).unwrap();
    (action.name, signals(&event, &issuer()).unwrap())
}

#[expect(clippy::unnecessary_box_returns, reason = "a change holds it in a box")]
fn changed<T>(before: &T, after: T) -> Box<Diff<T>>
where
    T: Clone,
{
    Box::new(Diff::Changed { before: before.clone(), after })
}

fn ann() -> Value {
    json!({"format": "iss_sub", "iss": "https://jeton.example", "sub": "ann"})
}

fn opaque(id: &str) -> Value {
    json!({"format": "opaque", "id": id})
}

fn party(org: &str, subject: Option<&str>) -> RevokingParty {
    let subject = subject.map(|subject| Subject::parse(subject).unwrap());
    RevokingParty { org: OrgId::parse(org).unwrap(), subject, client: None, token: None }
}

fn revoked_token(by: Option<RevokingParty>) -> Change {
    let live = samples::token("a", 1);
    let stamp = RevocationStamp { at: NOW, by };
    let dead = TokenRecord { revoked_at: Some(stamp.at), revoked_by: stamp.by.map(Box::new), ..live.clone() };
    Change::Token(changed(&live, dead))
}

#[test]
fn a_token_that_was_revoked_is_told_by_its_jti_and_who_has_asked_for_it() {
    let jti = samples::token("a", 1).id.to_string();
    let subject = json!({"format": "jwt_id", "iss": "https://jeton.example", "jti": jti});
    for (by, entity) in [
        (Some(party("a", Some("ann"))), Some("user")),
        (Some(party("a", Some("root"))), Some("admin")),
        (Some(party("b", Some("ann"))), Some("admin")),
        (Some(party("a", None)), None),
        (None, Some("system")),
    ] {
        let members = entity.map_or_else(|| json!({}), |entity| json!({"initiating_entity": entity}));
        assert_eq!(told(revoked_token(by)), ("token.revoked", vec![json!(["session-revoked", subject, members])]));
    }
}

#[test]
fn a_token_and_its_family_that_end_together_are_one_signal() {
    let family = samples::family("a", 1);
    let token = TokenRecord { id: family.token, ..samples::token("a", 1) };
    let dead = TokenRecord { revoked_at: Some(NOW), ..token.clone() };
    let ended = crate::domain::Family { revoked_at: Some(NOW), ..family.clone() };
    let (_, of_token) = signals_of(Change::Token(changed(&token, dead)));
    let (action, of_family) = signals_of(Change::Family(changed(&family, ended)));
    assert_eq!(action, "family.revoked");
    let key = |signals: &[NewSignal]| (signals[0].at, signals[0].cause.clone(), signals[0].subject.clone());
    assert_eq!(key(&of_token), key(&of_family));
    let concerns: Vec<_> = of_family[0].concerns.iter().map(to_json).collect();
    assert_eq!(concerns[0]["format"], "iss_sub", "who doesn't want to hear of the person isn't told of its tokens");
}

#[test]
fn a_set_of_tokens_that_ends_is_one_signal_about_the_set() {
    let (client, session) = (ClientId::from_number(7).unwrap(), SessionId::parse("s-1").unwrap());
    let person = || Subject::parse("ann").unwrap();
    let complex = |members: Value| {
        let mut subject = json!({"format": "complex", "tenant": opaque("a")});
        subject.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        subject
    };
    let application = complex(json!({"application": opaque("7")}));
    let both = complex(json!({"user": ann(), "application": opaque("7")}));
    for (kind, action, subject, holds) in [
        (NotBeforeScope::Member(person()), "tokens.revoked", ann(), Holds::Always),
        (NotBeforeScope::ClientsOf(person()), "tokens.revoked", ann(), Holds::Always),
        (NotBeforeScope::Client(client), "tokens.revoked", application, Holds::Always),
        (NotBeforeScope::Org, "tokens.revoked", complex(json!({})), Holds::Always),
        (NotBeforeScope::Session(session), "session.ended", complex(json!({"session": opaque("s-1")})), Holds::Always),
        (NotBeforeScope::ClientOf(client, person()), "tokens.revoked", both, Holds::IfManyTokens(client)),
    ] {
        let key = NotBeforeKey { org: OrgId::parse("a").unwrap(), kind };
        let change = || Change::NotBefore(key.clone(), Diff::Added(NotBeforeStands { not_before: NOW, kept_until: None }));
        assert_eq!(told(change()), (action, vec![json!(["session-revoked", subject, {}])]), "{key:?}");
        assert_eq!(signals_of(change()).1[0].holds, holds, "{key:?}");
    }
}

#[test]
fn a_grant_that_ends_is_told_where_the_mark_of_its_tokens_is_not() {
    let client = ClientId::from_number(7).unwrap();
    let key = PersonGrantKey { org: OrgId::parse("a").unwrap(), subject: Subject::parse("ann").unwrap(), client };
    let begun = PersonGrant {
        key,
        granted: GrantedAccess::default(),
        latest: BTreeSet::default(),
        remembered: None,
        created_at: NOW,
        granted_at: NOW,
        used_at: NOW,
        ended_at: None,
    };
    let ended = PersonGrant { ended_at: Some(NOW), ..begun.clone() };
    let change = || Change::PersonGrant(changed(&begun, ended.clone()));
    let subject = json!({"format": "complex", "user": ann(), "application": opaque("7"), "tenant": opaque("a")});
    assert_eq!(told(change()), ("grant.ended", vec![json!(["session-revoked", subject, {}])]));
    assert_eq!(signals_of(change()).1[0].holds, Holds::IfSingleToken(client));
}

#[test]
fn an_api_key_is_a_credential_of_its_owner() {
    let key = samples::api_key("a", 1);
    let named = |more: Value| {
        let mut members = json!({"credential_type": "api-key", "friendly_name": key.name});
        members.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!(["credential-change", ann(), members])
    };
    let revoked = |reason| {
        let revocation = ApiKeyRevocation { at: NOW, reason, by: None, place: None };
        Change::ApiKey(changed(&key, ApiKey { revoked: Some(revocation), ..key.clone() }))
    };
    let next = |key: &ApiKey| ApiKey { revision: key.revision + 1, ..key.clone() };
    let rotated = key.clone().rotated([9; 32], "jtn_pat_0009".to_owned(), key.expires_at, Seconds(60), NOW);
    for (change, action, expected) in [
        (Change::ApiKey(Box::new(Diff::Added(key.clone()))), "api_key.created", vec![named(json!({"change_type": "create"}))]),
        (
            Change::ApiKey(changed(&key, ApiKey { expires_at: NOW, ..next(&key) })),
            "api_key.changed",
            vec![named(json!({"change_type": "update"}))],
        ),
        (Change::ApiKey(changed(&key, rotated)), "api_key.rotated", vec![named(json!({"change_type": "update"}))]),
        (
            revoked(ApiKeyRevocationReason::Owner),
            "api_key.revoked",
            vec![named(json!({"change_type": "revoke", "initiating_entity": "user"}))],
        ),
        (
            revoked(ApiKeyRevocationReason::Administrator),
            "api_key.revoked",
            vec![named(json!({"change_type": "revoke", "initiating_entity": "admin"}))],
        ),
        (
            revoked(ApiKeyRevocationReason::Leaked),
            "api_key.leaked",
            vec![
                named(json!({"change_type": "revoke", "initiating_entity": "system"})),
                json!(["credential-compromise", ann(), {"credential_type": "api-key", "initiating_entity": "system"}]),
            ],
        ),
    ] {
        assert_eq!(told(change), (action, expected), "{action}");
    }
}

#[test]
fn a_member_is_told_of_when_it_is_switched_or_deleted_and_when_its_tokens_will_say_something_else() {
    let member = samples::member("a", "ann");
    let disabled = Member { enabled: false, ..member.clone() };
    let by_admin = json!({"initiating_entity": "admin"});
    let more = Member {
        scopes: vec![ScopePattern::parse("urn:app:*").unwrap()],
        roles: [(App::parse("shop").unwrap(), vec![Role::parse("owner").unwrap()])].into(),
        ..disabled.clone()
    };
    let claims = json!({"scopes": ["urn:app:*"], "roles": {"shop": ["owner"]}});
    let changed_claims = |claims: Value| json!(["token-claims-change", ann(), {"claims": claims, "initiating_entity": "admin"}]);
    for (change, action, expected) in [
        (changed(&member, disabled.clone()), "member.changed", vec![json!(["account-disabled", ann(), by_admin])]),
        (changed(&disabled, member.clone()), "member.changed", vec![json!(["account-enabled", ann(), by_admin])]),
        (
            changed(&member, more.clone()),
            "member.changed",
            vec![json!(["account-disabled", ann(), by_admin]), changed_claims(claims)],
        ),
        (changed(&more, disabled), "member.changed", vec![changed_claims(json!({"scopes": [], "roles": {}}))]),
        (Box::new(Diff::Removed(member.clone())), "member.deleted", vec![json!(["account-purged", ann(), by_admin])]),
    ] {
        assert_eq!(told(Change::Member(change)), (action, expected));
    }
    let renamed = Member { updated_at: NOW, ..member.clone() };
    assert_eq!(told(Change::Member(changed(&member, renamed))), ("member.changed", vec![]));
}

#[test]
fn a_client_is_told_of_when_it_is_switched_or_deleted_and_when_a_secret_or_key_comes_or_goes() {
    let client = samples::client("a", 7, None);
    let with = |edit: fn(&mut Client)| {
        let mut other = client.clone();
        edit(&mut other);
        other
    };
    let (disabled, bare) = (with(|client| client.enabled = false), with(|client| client.settings.jwks = None));
    let fewer = with(|client| client.secrets.truncate(1));
    let other_keys = with(|client| client.settings.jwks = Some(r#"{"keys":[{}]}"#.to_owned()));
    let elsewhere = with(|client| client.settings.exchange_targets.clear());
    let credential = |kind, change| json!(["credential-change", opaque("7"), {"credential_type": kind, "change_type": change}]);
    for (change, action, expected) in [
        (changed(&client, disabled.clone()), "client.changed", vec![json!(["account-disabled", opaque("7"), {}])]),
        (changed(&disabled, client.clone()), "client.changed", vec![json!(["account-enabled", opaque("7"), {}])]),
        (Box::new(Diff::Removed(client.clone())), "client.deleted", vec![json!(["account-purged", opaque("7"), {}])]),
        (changed(&fewer, client.clone()), "client.changed", vec![credential("client-secret", "create")]),
        (changed(&client, fewer), "client.changed", vec![credential("client-secret", "delete")]),
        (changed(&bare, client.clone()), "client.changed", vec![credential("public-key", "create")]),
        (changed(&client, other_keys), "client.changed", vec![credential("public-key", "update")]),
        (changed(&client, bare), "client.changed", vec![credential("public-key", "delete")]),
        (changed(&client, elsewhere), "client.targets_changed", vec![]),
    ] {
        assert_eq!(told(Change::Client(change)), (action, expected));
    }
    let all = with(|client| {
        client.secrets.clear();
        client.settings.jwks = None;
    });
    let causes: BTreeSet<_> = signals_of(Change::Client(changed(&client, all))).1.into_iter().map(|it| it.cause).collect();
    assert_eq!(causes.len(), 2, "each is a signal of its own");
}

#[test]
fn an_org_that_is_disabled_has_no_token_left() {
    let org = samples::org("a", &[]);
    let disabled = Org { enabled: false, ..org.clone() };
    let subject = json!({"format": "complex", "tenant": opaque("a")});
    let change = |before: &Org, after: &Org| Change::Org(changed(before, after.clone()));
    assert_eq!(told(change(&org, &disabled)), ("org.changed", vec![json!(["session-revoked", subject, {}])]));
    assert_eq!(told(change(&disabled, &org)), ("org.changed", vec![]));
}

#[test]
fn what_is_nobody_s_business_is_not_told() {
    let token = TokenRecord { contents: samples::token("a", 2).contents, ..samples::token("a", 1) };
    let session = Session { org: OrgId::parse("a").unwrap(), id: SessionId::parse("s").unwrap() };
    let mut in_session = token.clone();
    in_session.contents.session = Some(session);
    for change in [
        Change::Token(Box::new(Diff::Added(in_session))),
        Change::Family(Box::new(Diff::Added(samples::family("a", 1)))),
        Change::Member(Box::new(Diff::Added(samples::member("a", "ann")))),
        Change::Client(Box::new(Diff::Added(samples::client("a", 7, None)))),
        Change::Org(Box::new(Diff::Added(samples::org("a", &[])))),
    ] {
        let (action, told) = told(change);
        assert!(told.is_empty() && !Action::SIGNALLED.contains(&action), "{action}");
    }
}

/// The list says which events are handed over at all.
#[test]
fn each_action_that_is_listed_has_an_arm_and_no_other_has() {
    let arms: BTreeSet<String> = include_str!("../signals.rs")
        .split("match event.action {")
        .nth(1)
        .unwrap()
        .split("_ => ")
        .next()
        .unwrap()
        .lines()
        .filter(|line| line.trim_start().starts_with('"') && line.contains("=>"))
        .flat_map(|line| line.split("=>").next().unwrap().split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    assert_eq!(arms, Action::SIGNALLED.iter().map(|&name| name.to_owned()).collect());
}

#[test]
fn an_event_that_can_t_be_read_is_refused() {
    for bad in [
        json!({"id": "e", "time": 1, "action": "token.revoked", "org": "a", "subject": "ann"}),
        json!({"id": "e", "time": 1, "action": "token.revoked", "org": "a", "subject": "ann", "jti": "x"}),
        json!({"id": "e", "time": 1, "action": "client.deleted", "org": "a", "client": "x"}),
        json!({"id": "e", "time": 1, "action": "tokens.revoked", "org": "a"}),
        json!({"id": "e", "time": 1, "action": "session.ended", "org": "a"}),
    ] {
        let text = bad.to_string();
        let event: Event<'_> = serde_json::from_str(&text).unwrap();
        assert!(signals(&event, &issuer()).is_err(), "{bad}");
    }
}
