//! Changing what is recorded.

use std::sync::Arc;

use super::cases;
use super::samples::{
    alias, alias_key, at, digest, family, family_key, find_alias, find_family, find_token, id, new, rich_family, rich_token,
    scope, step, token, token_key,
};
use crate::domain::{Aliased, Family, Timestamp, TokenRecord};
use crate::store::{Amended, Amendment, FamilyAmendment, Recording, Store, TokenQuery};

cases![
    no_amendment_makes_a_family_needed_for_shorter,
    a_new_value_finds_the_token,
    a_value_that_is_taken_changes_nothing,
    an_amended_token_is_listed_as_it_is_now,
    an_end_moves_only_if_it_shall,
    an_outdated_amendment_changes_nothing,
    each_amendment_follows_the_one_before,
    the_same_amendment_again_is_a_success_until_the_next,
    token_and_family_are_amended_together,
    what_is_revoked_is_not_amended,
    what_refreshing_changes_stays,
];

/// Records the token 1 and its family 2.
async fn begin(store: &Arc<dyn Store>) -> (TokenRecord, Family) {
    let (token, family) = (token("a", 1), family("a", 2));
    store.record(&new(&token, Some(&family))).await.unwrap();
    (token, family)
}

/// The next state of a token: all that can change has.
fn amended(token: &TokenRecord) -> TokenRecord {
    TokenRecord { id: token.id, revision: token.revision + 1, ..rich_token("a", 1) }
}

fn amended_family(family: &Family) -> FamilyAmendment {
    let rich = rich_family("a", 2);
    let family = Family { scopes: vec![scope("new")], issuance: rich.issuance, revision: family.revision + 1, ..family.clone() };
    FamilyAmendment { family, moves_end: false }
}

fn of_token(token: &TokenRecord) -> Amendment {
    Amendment { token: Some(token.clone()), family: None, alias: None }
}

fn of_family(family: FamilyAmendment) -> Amendment {
    Amendment { token: None, family: Some(family), alias: None }
}

async fn amend(store: &Arc<dyn Store>, amendment: &Amendment) -> Amended {
    store.amend(amendment).await.unwrap()
}

async fn each_amendment_follows_the_one_before(store: Arc<dyn Store>) {
    let (mut token, _) = begin(&store).await;
    for _ in 0..3 {
        token = amended(&token);
        assert_eq!(amend(&store, &of_token(&token)).await, Amended::Done);
        assert_eq!(find_token(&store, &token.key()).await.as_ref(), Some(&token));
    }
    assert_eq!(token.revision, 3);
}

async fn token_and_family_are_amended_together(store: Arc<dyn Store>) {
    let (token, family) = begin(&store).await;
    let (token, family) = (amended(&token), amended_family(&family));
    let both = Amendment { family: Some(family.clone()), ..of_token(&token) };
    assert_eq!(amend(&store, &both).await, Amended::Done);
    assert_eq!(find_token(&store, &token.key()).await, Some(token));
    assert_eq!(find_family(&store, &family.family.key()).await, Some(family.family));
}

async fn an_outdated_amendment_changes_nothing(store: Arc<dyn Store>) {
    let (token, family) = begin(&store).await;
    let good = Amendment { family: Some(amended_family(&family)), ..of_token(&amended(&token)) };
    let with_alias = |amendment: Amendment| Amendment { alias: Some(alias("a", 31, Aliased::Token(id(1)))), ..amendment };
    for revision in [0, 2, u32::MAX] {
        let other = TokenRecord { revision, ..amended(&token) };
        let outdated = Amendment { token: Some(other), ..good.clone() };
        assert_eq!(amend(&store, &with_alias(outdated)).await, Amended::Outdated, "{revision}");
        let other = FamilyAmendment { family: Family { revision, ..amended_family(&family).family }, moves_end: false };
        let outdated = Amendment { family: Some(other), ..good.clone() };
        assert_eq!(amend(&store, &with_alias(outdated)).await, Amended::Outdated, "{revision}");
    }
    let elsewhere = TokenRecord { org: super::samples::org_id("b"), ..amended(&token) };
    assert_eq!(amend(&store, &Amendment { token: Some(elsewhere), ..good.clone() }).await, Amended::Outdated, "another org's");
    let missing = FamilyAmendment { family: Family { id: id(9), ..amended_family(&family).family }, moves_end: false };
    assert_eq!(amend(&store, &Amendment { family: Some(missing), ..good.clone() }).await, Amended::Outdated, "it isn't there");
    assert_eq!(find_token(&store, &token.key()).await, Some(token), "nothing was written");
    assert_eq!(find_family(&store, &family.key()).await, Some(family), "nothing was written");
    assert_eq!(find_alias(&store, &alias_key("a", 31)).await, None, "nothing was written");
    assert_eq!(find_token(&store, &token_key("b", 1)).await, None, "amending makes no record");
    assert_eq!(find_family(&store, &family_key("a", 9)).await, None, "amending makes no record");
    assert_eq!(amend(&store, &good).await, Amended::Done);
}

async fn what_is_revoked_is_not_amended(store: Arc<dyn Store>) {
    let (token, family) = begin(&store).await;
    store.revoke_family(&family.key(), at(1)).await.unwrap();
    let both = Amendment { family: Some(amended_family(&family)), ..of_token(&amended(&token)) };
    assert_eq!(amend(&store, &both).await, Amended::Outdated);
    assert_eq!(find_token(&store, &token.key()).await.as_ref(), Some(&token), "both or neither");
    assert_eq!(amend(&store, &of_token(&amended(&token))).await, Amended::Done, "the token itself is not");
    store.revoke(&token.key(), None, at(2)).await.unwrap();
    let first = amended(&token);
    for late in [&first, &amended(&first)] {
        assert_eq!(amend(&store, &of_token(late)).await, Amended::Outdated);
    }
    assert_eq!(find_token(&store, &token.key()).await, Some(TokenRecord { revoked_at: Some(at(2)), ..first }));
}

async fn the_same_amendment_again_is_a_success_until_the_next(store: Arc<dyn Store>) {
    let (token, family) = begin(&store).await;
    let first = amended(&token);
    let alias = alias("a", 31, Aliased::Token(token.id));
    let both = Amendment { family: Some(amended_family(&family)), alias: Some(alias), ..of_token(&first) };
    for _ in 0..3 {
        assert_eq!(amend(&store, &both).await, Amended::Done);
    }
    store.rotate(&step(family.key(), 0)).await.unwrap();
    assert_eq!(amend(&store, &both).await, Amended::Done, "to be refreshed is no change");
    let other = TokenRecord { masquerading: false, ..first.clone() };
    assert_eq!(amend(&store, &of_token(&other)).await, Amended::Outdated, "not the same");
    assert_eq!(amend(&store, &of_token(&amended(&first))).await, Amended::Done);
    assert_eq!(amend(&store, &both).await, Amended::Outdated);
}

async fn a_new_value_finds_the_token(store: Arc<dyn Store>) {
    let (token, _) = begin(&store).await;
    let mut now = token;
    for n in [31, 32, 31] {
        now = TokenRecord { value: Some(digest(n)), ..amended(&now) };
        let renewal = Amendment { alias: Some(alias("a", n, Aliased::Token(now.id))), ..of_token(&now) };
        assert_eq!(amend(&store, &renewal).await, Amended::Done, "its own value is free to have again");
        assert_eq!(find_alias(&store, &alias_key("a", n)).await, Some(Aliased::Token(now.id)));
        assert_eq!(find_token(&store, &now.key()).await.as_ref(), Some(&now));
    }
}

async fn a_value_that_is_taken_changes_nothing(store: Arc<dyn Store>) {
    let (token, family) = begin(&store).await;
    let holder = super::samples::token("a", 50);
    let taking = Recording { aliases: vec![alias("a", 31, Aliased::Token(holder.id))], ..new(&holder, None) };
    store.record(&taking).await.unwrap();
    let renewal = Amendment { family: Some(amended_family(&family)), ..of_token(&amended(&token)) };
    let renewal = Amendment { alias: Some(alias("a", 31, Aliased::Token(token.id))), ..renewal };
    assert_eq!(amend(&store, &renewal).await, Amended::ValueTaken);
    assert_eq!(find_token(&store, &token.key()).await, Some(token), "nothing was written");
    assert_eq!(find_family(&store, &family.key()).await, Some(family), "nothing was written");
    assert_eq!(find_alias(&store, &alias_key("a", 31)).await, Some(Aliased::Token(holder.id)), "it stays the other's");
}

async fn what_refreshing_changes_stays(store: Arc<dyn Store>) {
    let (_, family) = begin(&store).await;
    store.rotate(&step(family.key(), 0)).await.unwrap();
    let refreshed = find_family(&store, &family.key()).await.unwrap();
    // As it was read before.
    let amendment = amended_family(&family);
    assert_eq!(amend(&store, &of_family(amendment.clone())).await, Amended::Done);
    let Family { scopes, issuance, revision, .. } = amendment.family;
    let expected = Family { scopes, issuance, revision, ..refreshed };
    assert_eq!(find_family(&store, &family.key()).await, Some(expected));
}

async fn an_end_moves_only_if_it_shall(store: Arc<dyn Store>) {
    let (_, family) = begin(&store).await;
    let mut now = family;
    for (end, moves_end, stands_at) in [(1, false, 86_400_000), (5_000, true, 5_000), (9_000, false, 5_000), (7_000, true, 7_000)]
    {
        let FamilyAmendment { family, .. } = amended_family(&now);
        let amendment = FamilyAmendment { family: Family { expires_at: at(end), ..family }, moves_end };
        assert_eq!(amend(&store, &of_family(amendment)).await, Amended::Done);
        now = find_family(&store, &now.key()).await.unwrap();
        assert_eq!(now.expires_at, at(stands_at), "{end} {moves_end}");
    }
}

async fn no_amendment_makes_a_family_needed_for_shorter(store: Arc<dyn Store>) {
    let (_, mut now) = begin(&store).await;
    let day = 86_400_000;
    let steps: [(Option<i64>, Option<i64>); 5] =
        [(Some(day), Some(day)), (Some(1_000), Some(day)), (Some(9 * day), Some(9 * day)), (None, None), (Some(day), None)];
    for (asked, stands) in steps {
        let moment = |ms: Option<i64>| ms.map(at);
        let FamilyAmendment { family, .. } = amended_family(&now);
        let family = Family { needed_until: moment(asked), ..family };
        let amendment = of_family(FamilyAmendment { family, moves_end: false });
        for _ in 0..2 {
            assert_eq!(amend(&store, &amendment).await, Amended::Done, "{asked:?}");
        }
        now = find_family(&store, &now.key()).await.unwrap();
        assert_eq!(now.needed_until, moment(stands), "{asked:?}");
    }
}

async fn an_amended_token_is_listed_as_it_is_now(store: Arc<dyn Store>) {
    let (token, _) = begin(&store).await;
    let later = Timestamp::from_ms(token.expires_at.unwrap().as_ms() + 5_000);
    let now = TokenRecord { expires_at: Some(later), scopes: vec![scope("x")], revision: 1, ..token };
    assert_eq!(amend(&store, &of_token(&now)).await, Amended::Done);
    let query = TokenQuery { expires_from: Some(later), ..TokenQuery::of(now.org.clone()) };
    assert_eq!(store.list(&query).await.unwrap().tokens, [now]);
}
