//! Recording tokens and reading what decides about them.

use std::sync::Arc;

use super::cases;
use super::samples::{
    NO_ASSERTIONS, alias_key, api_key, api_key_locator, api_key_value, authorization, authorization_key, client, client_document,
    client_id, family, family_key, find_family, find_token, logout, logout_key, mark, member, member_key, new, org, org_id,
    put_org, read, rich_member, rich_token, step, subject, ticket, ticket_key, token, token_key, used, user_code,
};
use crate::domain::{Family, NotBeforeScope, PersonGrantKey, RevokingParty, Seconds, TokenRecord};
use crate::store::{ApiKeyInsert, ApiKeyLimit, RecordKeys, Store, WorkloadKey};

use super::samples::{T0, at};

cases![
    a_key_asked_twice_is_answered_once,
    a_read_without_keys_finds_nothing,
    a_recorded_token_is_read_back_whole,
    a_taken_family_id_is_a_fault_and_records_no_token,
    a_taken_token_id_is_a_fault_and_records_no_family,
    a_token_and_its_family_are_recorded_together,
    an_expired_record_is_there_or_gone_but_no_fault,
    one_read_answers_a_hundred_keys,
    orgs_are_apart,
    recording_the_same_again_is_a_success,
    recording_the_same_again_leaves_what_happened_since,
    what_is_absent_is_left_out,
];

async fn a_recorded_token_is_read_back_whole(store: Arc<dyn Store>) {
    let by = Some(Box::new(RevokingParty::bearer_of(&rich_token("b", 50))));
    let revoked = TokenRecord { revoked_at: Some(at(5)), revoked_by: by, ..token("a", 30) };
    let endless = TokenRecord { expires_at: None, ..token("a", 40) };
    for token in [token("a", 10), rich_token("a", 20), revoked, endless] {
        store.record(&new(&token, None)).await.unwrap();
        assert_eq!(find_token(&store, &token.key()).await, Some(token));
    }
}

async fn what_is_absent_is_left_out(store: Arc<dyn Store>) {
    let found = read(&store, everything("a", 1)).await;
    assert!(found.tokens.is_empty() && found.families.is_empty() && found.orgs.is_empty() && found.members.is_empty());
    assert!(found.aliases.is_empty() && found.tickets.is_empty() && found.authorizations.is_empty());
    assert!(found.logouts.is_empty() && found.user_codes.is_empty());
    assert!(found.clients.is_empty() && found.client_aliases.is_empty());
    for key in everything("a", 1).marks {
        assert_eq!((found.marks.find(&key), found.marks.has_looked_up(&key)), (None, true));
    }
}

async fn a_read_without_keys_finds_nothing(store: Arc<dyn Store>) {
    store.record(&new(&token("a", 1), None)).await.unwrap();
    assert!(read(&store, RecordKeys::default()).await.tokens.is_empty());
}

async fn a_token_and_its_family_are_recorded_together(store: Arc<dyn Store>) {
    let (token, family) = (rich_token("a", 1), family("a", 2));
    store.record(&new(&token, Some(&family))).await.unwrap();
    let found = read(&store, everything("a", 1)).await;
    assert_eq!(found.tokens.get(&token.key()), Some(&token));
    assert_eq!(found.families.get(&family.key()), Some(&family));
}

async fn recording_the_same_again_is_a_success(store: Arc<dyn Store>) {
    let (token, family) = (rich_token("a", 1), family("a", 2));
    for _ in 0..3 {
        store.record(&new(&token, Some(&family))).await.unwrap();
    }
    store.record(&new(&token, None)).await.unwrap();
    assert_eq!(find_token(&store, &token.key()).await, Some(token));
    assert_eq!(find_family(&store, &family.key()).await, Some(family));
}

async fn recording_the_same_again_leaves_what_happened_since(store: Arc<dyn Store>) {
    let (token, family) = (rich_token("a", 1), family("a", 2));
    store.record(&new(&token, Some(&family))).await.unwrap();
    store.advance_family(&step(family.key(), 0)).await.unwrap();
    store.revoke(&token.key(), Some(&family.key()), at(9_000).into()).await.unwrap();
    store.record(&new(&token, Some(&family))).await.unwrap();
    assert_eq!(find_token(&store, &token.key()).await.unwrap().revoked_at, Some(at(9_000)));
    let family = find_family(&store, &family.key()).await.unwrap();
    assert_eq!((family.generation, family.revoked_at), (1, Some(at(9_000))));
}

async fn a_taken_token_id_is_a_fault_and_records_no_family(store: Arc<dyn Store>) {
    let there = rich_token("a", 1);
    store.record(&new(&there, None)).await.unwrap();
    let mut other = there.clone();
    other.subject = subject("bob");
    let fault = store.record(&new(&other, Some(&family("a", 2)))).await.unwrap_err();
    assert!(!fault.can_retry(), "a retry can't help");
    assert_eq!(find_token(&store, &there.key()).await, Some(there));
    assert_eq!(find_family(&store, &family_key("a", 2)).await, None, "both or neither");
}

async fn a_taken_family_id_is_a_fault_and_records_no_token(store: Arc<dyn Store>) {
    let there = family("a", 2);
    store.record(&new(&token("a", 1), Some(&there))).await.unwrap();
    let other = Family { salt: [8; 16], ..there.clone() };
    assert!(store.record(&new(&token("a", 3), Some(&other))).await.is_err());
    assert_eq!(find_family(&store, &there.key()).await, Some(there));
    assert_eq!(find_token(&store, &token_key("a", 3)).await, None, "both or neither");
}

async fn one_read_answers_a_hundred_keys(store: Arc<dyn Store>) {
    for n in 0..40 {
        store.record(&new(&token("a", n * 2), None)).await.unwrap();
    }
    put_org(&*store, &org("a", &[]), &NO_ASSERTIONS).await;
    for name in ["ann", "bob"] {
        store.put_member(&rich_member("a", name)).await.unwrap();
    }
    store.set_not_before(&mark("a", NotBeforeScope::Org, T0)).await.unwrap();
    let wanted = RecordKeys {
        tokens: (0..90).map(|n| token_key("a", n)).collect(),
        families: vec![family_key("a", 1), family_key("b", 1)],
        marks: vec![mark("a", NotBeforeScope::Org, T0).key, mark("b", NotBeforeScope::Org, T0).key],
        orgs: vec![org_id("a"), org_id("b")],
        members: ["ann", "bob", "eve", "joe"].map(|name| member_key("a", name)).to_vec(),
        shard_of: Some(token("a", 2).id),
        ..RecordKeys::default()
    };
    let found = read(&store, wanted).await;
    assert_eq!((found.tokens.len(), found.families.len(), found.orgs.len(), found.members.len()), (40, 0, 1, 2));
    assert!((0..40).all(|n| found.tokens.get(&token_key("a", n * 2)) == Some(&token("a", n * 2))));
    assert_eq!(found.org(&org_id("a")), Some(&org("a", &[])));
    assert_eq!(found.members.get(&member_key("a", "bob")), Some(&rich_member("a", "bob")));
    assert_eq!(found.marks.find(&mark("a", NotBeforeScope::Org, T0).key), Some(T0));
    assert_eq!(found.marks.find(&mark("b", NotBeforeScope::Org, T0).key), None);
}

async fn a_key_asked_twice_is_answered_once(store: Arc<dyn Store>) {
    store.record(&new(&token("a", 1), Some(&family("a", 2)))).await.unwrap();
    put_org(&*store, &org("a", &[]), &NO_ASSERTIONS).await;
    store.put_member(&member("a", "ann")).await.unwrap();
    store.put_client(&client("a", 1, Some("shop"))).await.unwrap();
    let limit = ApiKeyLimit { most: 1, made_after: None };
    assert_eq!(store.create_api_key(&api_key("a", 1), limit).await.unwrap(), ApiKeyInsert::Done);
    store.put_ticket(&ticket("a", 1)).await.unwrap();
    store.put_authorization(&authorization("a", 1)).await.unwrap();
    store.put_logout(&logout("a", 1)).await.unwrap();
    assert!(store.assign_user_code(&user_code("a", 1, 1), at(0)).await.unwrap());
    store.put_client_document(&client_document("a", 1)).await.unwrap();
    let found = read(&store, everything("a", 1).and(everything("a", 1))).await;
    assert_eq!((found.tokens.len(), found.families.len(), found.orgs.len(), found.members.len()), (1, 1, 1, 1));
    assert_eq!((found.tickets.len(), found.authorizations.len(), found.user_codes.len(), found.logouts.len()), (1, 1, 1, 1));
    assert_eq!((found.api_keys.len(), found.api_key_values.len()), (1, 1));
    assert_eq!((found.clients.len(), found.client_aliases.len(), found.client_documents.len()), (1, 1, 1));
}

async fn orgs_are_apart(store: Arc<dyn Store>) {
    let orgs = ["a", "ab", "a_", "A", "a-0"];
    for org in &orgs[..3] {
        store.record(&new(&token(org, 1), Some(&family(org, 2)))).await.unwrap();
    }
    store.revoke(&token_key("a", 1), Some(&family_key("a", 2)), at(1).into()).await.unwrap();
    store.set_not_before(&mark("a", NotBeforeScope::Org, T0)).await.unwrap();
    for (i, org) in orgs.into_iter().enumerate() {
        let found = read(&store, everything(org, 1)).await;
        assert_eq!(found.tokens.len(), usize::from(i < 3), "{org}");
        assert!(found.tokens.values().all(|token| token.org == org_id(org) && token.revoked_at.is_some() == (i == 0)), "{org}");
        assert!(
            found.families.values().all(|family| family.org == org_id(org) && family.revoked_at.is_some() == (i == 0)),
            "{org}"
        );
        assert_eq!(found.marks.find(&mark(org, NotBeforeScope::Org, T0).key).is_some(), i == 0, "{org}");
    }
}

async fn an_expired_record_is_there_or_gone_but_no_fault(store: Arc<dyn Store>) {
    let long_ago = T0.minus(Seconds(10 * 365 * 86_400));
    let token = TokenRecord { issued_at: long_ago, not_before: long_ago, expires_at: Some(long_ago), ..token("a", 1) };
    store.record(&new(&token, None)).await.unwrap();
    assert!(find_token(&store, &token.key()).await.is_none_or(|found| found == token));
    store.revoke(&token.key(), None, at(1).into()).await.unwrap();
}

/// Keys of all kinds: the token `n`, the family `n + 1`.
fn everything(org: &str, n: u64) -> RecordKeys {
    let kinds = [NotBeforeScope::Org, NotBeforeScope::Member(subject("ann")), NotBeforeScope::Client(client_id(1))];
    RecordKeys {
        tokens: vec![token_key(org, n)],
        families: vec![family_key(org, n + 1)],
        marks: kinds.map(|kind| mark(org, kind, T0).key).to_vec(),
        shard_of: Some(token_key(org, n).id),
        orgs: vec![org_id(org)],
        assertion_settings: vec![org_id(org)],
        members: vec![member_key(org, "ann")],
        aliases: vec![alias_key(org, n)],
        api_key_values: vec![api_key_value(n)],
        api_keys: vec![api_key_locator(org, n)],
        tickets: vec![ticket_key(org, n)],
        authorizations: vec![authorization_key(org, n)],
        logouts: vec![logout_key(org, n)],
        person_grants: vec![PersonGrantKey { org: org_id(org), subject: subject("ann"), client: client_id(n) }],
        user_codes: vec![user_code(org, n, n).key],
        client_documents: vec![client_document(org, n).key],
        clients: vec![(org_id(org), client_id(n))],
        client_aliases: vec![(org_id(org), "shop".to_owned())],
        client_orgs: vec![client_id(n)],
        uses: vec![used("dpop", n).key()],
        workloads: vec![WorkloadKey::new(&org_id(org), "https://ci.example", "build")],
    }
}
