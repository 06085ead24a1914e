//! Listing tokens, against [`TokenQuery::matches`] as the model.

use std::sync::Arc;

use super::cases;
use super::samples::{Dice, at, client_id, id, id_at, new, org_id, rich_token, scope, session, subject, token};
use crate::domain::{Label, Seconds, Timestamp, TokenContents, TokenId, TokenRecord};
use crate::store::{ScopeLike, Store, TokenQuery};

cases![
    a_page_is_no_longer_than_asked,
    an_empty_org_has_one_empty_page,
    each_filter_lists_what_it_says,
    filters_together_list_what_they_say,
    orgs_are_listed_apart,
    records_are_listed_whole,
    the_newest_id_comes_first,
    what_comes_later_does_not_disturb_the_pages,
];

async fn the_newest_id_comes_first(store: Arc<dyn Store>) {
    let population = populate(&store, 120).await;
    let mut expected: Vec<_> = population.iter().filter(|token| token.org == org_id("a")).map(|token| token.id).collect();
    expected.sort_by(|one, other| other.cmp(one));
    for limit in [1, 7, 16, 17, 1_000] {
        let query = TokenQuery { limit, ..TokenQuery::default() };
        assert_eq!(ids(&walk(&store, "a", &query).await), expected, "each once, in order, {limit} a page");
    }
}

async fn a_page_is_no_longer_than_asked(store: Arc<dyn Store>) {
    populate(&store, 120).await;
    for limit in [1, 5, 30] {
        for query in [
            TokenQuery { limit, ..TokenQuery::default() },
            TokenQuery { limit, subject: Some(subject("ann")), ..TokenQuery::default() },
        ] {
            let page = store.list(&org_id("a"), &query).await.unwrap();
            assert!(page.tokens.len() <= limit);
            assert!(page.tokens.len() == limit || page.next.is_none(), "this page could be full");
        }
    }
}

async fn an_empty_org_has_one_empty_page(store: Arc<dyn Store>) {
    let page = store.list(&org_id("a"), &TokenQuery::default()).await.unwrap();
    assert!(page.tokens.is_empty() && page.next.is_none());
}

async fn records_are_listed_whole(store: Arc<dyn Store>) {
    let tokens = [rich_token("a", 1), TokenRecord { revoked_at: Some(at(9)), ..token("a", 2) }, token("a", 3)];
    for token in &tokens {
        store.record(&new(token, None)).await.unwrap();
    }
    let listed = walk(&store, "a", &TokenQuery::default()).await;
    assert_eq!(listed.len(), 3);
    for token in tokens {
        assert!(listed.contains(&token));
        for query in [
            TokenQuery { id: Some(token.id), ..TokenQuery::default() },
            TokenQuery { subject: Some(token.subject.clone()), ..TokenQuery::default() },
        ] {
            assert!(walk(&store, "a", &query).await.contains(&token), "{query:?}");
        }
    }
}

async fn orgs_are_listed_apart(store: Arc<dyn Store>) {
    let population = populate(&store, 120).await;
    for org in ["a", "ab", "a_", "A"] {
        check(&store, &population, org, &TokenQuery::default()).await;
    }
}

async fn each_filter_lists_what_it_says(store: Arc<dyn Store>) {
    let population = populate(&store, 150).await;
    let all = TokenQuery::default();
    for subject in SUBJECTS.iter().copied().chain(["nobody"]).map(subject) {
        check(&store, &population, "a", &TokenQuery { subject: Some(subject), ..all.clone() }).await;
    }
    for client in [1, 2, 3].map(client_id) {
        check(&store, &population, "a", &TokenQuery { client: Some(client), ..all.clone() }).await;
    }
    for created_by in CREATORS.map(id).map(Some) {
        check(&store, &population, "a", &TokenQuery { created_by, ..all.clone() }).await;
    }
    for session in [session("a", "1"), session("b", "1"), session("a", "11"), session("a", "none")] {
        check(&store, &population, "a", &TokenQuery { session: Some(session.id), ..all.clone() }).await;
    }
    for label in ["laptop", "lapto", "Laptop", "例え"].map(|text| Label::parse(text).ok()) {
        check(&store, &population, "a", &TokenQuery { label, ..all.clone() }).await;
    }
    for token in &population[..10] {
        check(&store, &population, "a", &TokenQuery { id: Some(token.id), ..all.clone() }).await;
    }
    for moment in moments().map(Some) {
        check(&store, &population, "a", &TokenQuery { issued_from: moment, ..all.clone() }).await;
        check(&store, &population, "a", &TokenQuery { issued_to: moment, ..all.clone() }).await;
        check(&store, &population, "a", &TokenQuery { expires_from: moment, ..all.clone() }).await;
        check(&store, &population, "a", &TokenQuery { expires_to: moment, ..all.clone() }).await;
    }
    for pattern in ["a:read", "A:%", "%", "%b%", "a_read", "%?", "a:read%", "", "none"] {
        check(&store, &population, "a", &TokenQuery { scopes: vec![ScopeLike::new(pattern)], ..all.clone() }).await;
    }
    for token in &population[..10] {
        check(&store, &population, "a", &TokenQuery { after: Some(token.id), ..all.clone() }).await;
    }
}

async fn filters_together_list_what_they_say(store: Arc<dyn Store>) {
    let population = populate(&store, 300).await;
    let dice = Dice::new(99);
    let (moments, ids): (Vec<_>, _) = (moments().collect(), ids(&population));
    let maybe_moment = |sides| (dice.roll(sides) == 0).then(|| dice.one_of(&moments));
    for _ in 0..80 {
        let org = dice.one_of(&["a", "a", "ab"]);
        let query = TokenQuery {
            subject: (dice.roll(3) == 0).then(|| subject(dice.one_of(SUBJECTS))),
            client: (dice.roll(4) == 0).then(|| client_id(dice.one_of(&[1, 2, 3]))),
            created_by: (dice.roll(6) == 0).then(|| id(dice.one_of(&CREATORS))),
            family: None,
            id: (dice.roll(15) == 0).then(|| dice.one_of(&ids)),
            session: (dice.roll(4) == 0).then(|| session("a", "1").id),
            label: if dice.roll(6) == 0 { Label::parse("laptop").ok() } else { None },
            issued_from: maybe_moment(4),
            issued_to: maybe_moment(4),
            expires_from: maybe_moment(4),
            expires_to: maybe_moment(4),
            scopes: if dice.roll(4) == 0 { vec![ScopeLike::new("a:%"), ScopeLike::new("%b%")] } else { Vec::new() },
            after: (dice.roll(4) == 0).then(|| dice.one_of(&ids)),
            limit: usize::try_from(4 + dice.roll(60)).unwrap(),
        };
        check(&store, &population, org, &query).await;
    }
}

async fn what_comes_later_does_not_disturb_the_pages(store: Arc<dyn Store>) {
    let population = populate(&store, 60).await;
    let before: Vec<_> = population.iter().filter(|token| token.org == org_id("a")).map(|token| token.id).collect();
    let mut query = TokenQuery { limit: 3, ..TokenQuery::default() };
    let mut seen = Vec::new();
    for n in 0.. {
        let page = store.list(&org_id("a"), &query).await.unwrap();
        seen.extend(page.tokens.iter().map(|token| token.id));
        let newer = TokenRecord { id: id_at(n, at(10_000_000), None), ..token("a", 0) };
        store.record(&new(&newer, None)).await.unwrap();
        let Some(next) = page.next else { break };
        query.after = Some(next);
    }
    let there_from_the_start: Vec<_> = seen.iter().filter(|id| before.contains(id)).collect();
    assert_eq!(there_from_the_start.len(), before.len(), "no misses");
    seen.dedup();
    assert!(seen.is_sorted_by(|one, other| one > other), "no duplicates");
}

/// Asserts that walking through all pages finds what the model finds.
async fn check(store: &Arc<dyn Store>, population: &[TokenRecord], org: &str, query: &TokenQuery) {
    let is_listed = |token: &&TokenRecord| token.org.as_str() == org && query.matches(token);
    let mut expected: Vec<_> = population.iter().filter(is_listed).cloned().collect();
    expected.sort_by_key(|token| std::cmp::Reverse(token.id));
    let listed = walk(store, org, query).await;
    assert_eq!(ids(&listed), ids(&expected), "{query:?}");
    assert_eq!(listed, expected, "{query:?}");
}

async fn walk(store: &Arc<dyn Store>, org: &str, query: &TokenQuery) -> Vec<TokenRecord> {
    let mut query = query.clone();
    let mut listed = Vec::new();
    loop {
        let page = store.list(&org_id(org), &query).await.unwrap();
        assert!(page.tokens.len() <= query.limit);
        listed.extend(page.tokens);
        let Some(next) = page.next else { return listed };
        assert!(query.after.is_none_or(|after| next < after), "the walk comes to an end");
        query.after = Some(next);
    }
}

fn ids(tokens: &[TokenRecord]) -> Vec<TokenId> {
    tokens.iter().map(|token| token.id).collect()
}

/// The numbers of the tokens by whose bearers others were made.
const CREATORS: [u64; 2] = [9_001, 9_002];

const SUBJECTS: &[&str] = &["ann", "ann#1", "an", "Ann", "%"];

/// Moments at which tokens of the population are issued and expire, and some beside them.
fn moments() -> impl Iterator<Item = Timestamp> {
    [-1_000, 0, 1_000, 2_000, 3_000, 3_600_000, 3_601_000, 3_602_000, 7_200_000].into_iter().map(at)
}

/// Records tokens of several orgs that differ in all that can be filtered by. Ids are spread over ten seconds and all shards.
async fn populate(store: &Arc<dyn Store>, count: u64) -> Vec<TokenRecord> {
    let dice = Dice::new(count);
    let mut population = Vec::new();
    for n in 0..count {
        let issued_at = at(i64::try_from(dice.roll(3_000)).unwrap());
        let scopes = ["a:read", "A:READ?", "a:b", "xbx?", "a%b"].into_iter().filter(|_| dice.roll(3) == 0).map(scope);
        let token = TokenRecord {
            id: id_at(n, at(i64::try_from(dice.roll(10_000)).unwrap()), None),
            contents: TokenContents {
                client: (dice.roll(2) == 0).then(|| client_id(dice.one_of(&[1, 2]))),
                scopes: scopes.collect(),
                session: (dice.roll(2) == 0).then(|| session(dice.one_of(&["a", "b"]), dice.one_of(&["1", "11"]))),
                label: if dice.roll(2) == 0 { Label::parse(dice.one_of(&["laptop", "Laptop", "例え"])).ok() } else { None },
                created_by: (dice.roll(2) == 0).then(|| id(dice.one_of(&CREATORS))),
                ..TokenContents::new(subject(dice.one_of(SUBJECTS)))
            },
            issued_at,
            expires_at: (dice.roll(5) > 0).then(|| issued_at.plus(Seconds::HOUR).whole_second()),
            revoked_at: (dice.roll(6) == 0).then(|| at(50)),
            ..token(dice.one_of(&["a", "a", "a", "ab", "a_"]), n)
        };
        store.record(&new(&token, None)).await.unwrap();
        population.push(token);
    }
    population
}
