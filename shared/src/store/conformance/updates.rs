//! Changing what is recorded.

use std::sync::Arc;

use super::cases;
use super::samples::{
    alias, alias_key, at, digest, family, family_key, find_alias, find_family, find_token, id, new, rich_family, rich_token,
    scope, step, token, token_key,
};
use crate::domain::{Aliased, Family, Timestamp, TokenRecord};
use crate::store::{FamilyUpdate, NewToken, Store, TokenQuery, TokenUpdate, UpdateOutcome};

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

fn amended_family(family: &Family) -> FamilyUpdate {
    let rich = rich_family("a", 2);
    let mut family = Family { revision: family.revision + 1, ..family.clone() };
    family.scopes = vec![scope("new")];
    family.issuance.clone_from(&rich.issuance);
    FamilyUpdate { family, moves_end: false }
}

fn of_token(token: &TokenRecord) -> TokenUpdate {
    TokenUpdate { token: Some(token.clone()), family: None, alias: None }
}

fn of_family(family: FamilyUpdate) -> TokenUpdate {
    TokenUpdate { token: None, family: Some(family), alias: None }
}

async fn amend(store: &Arc<dyn Store>, amendment: &TokenUpdate) -> UpdateOutcome {
    store.update_token(amendment).await.unwrap()
}

async fn each_amendment_follows_the_one_before(store: Arc<dyn Store>) {
    let (mut token, _) = begin(&store).await;
    for _ in 0..3 {
        token = amended(&token);
        assert_eq!(amend(&store, &of_token(&token)).await, UpdateOutcome::Done);
        assert_eq!(find_token(&store, &token.key()).await.as_ref(), Some(&token));
    }
    assert_eq!(token.revision, 3);
}

async fn token_and_family_are_amended_together(store: Arc<dyn Store>) {
    let (token, family) = begin(&store).await;
    let (token, family) = (amended(&token), amended_family(&family));
    let both = TokenUpdate { family: Some(family.clone()), ..of_token(&token) };
    assert_eq!(amend(&store, &both).await, UpdateOutcome::Done);
    assert_eq!(find_token(&store, &token.key()).await, Some(token));
    assert_eq!(find_family(&store, &family.family.key()).await, Some(family.family));
}

async fn an_outdated_amendment_changes_nothing(store: Arc<dyn Store>) {
    let (token, family) = begin(&store).await;
    let good = TokenUpdate { family: Some(amended_family(&family)), ..of_token(&amended(&token)) };
    let with_alias = |amendment: TokenUpdate| TokenUpdate { alias: Some(alias("a", 31, Aliased::Token(id(1)))), ..amendment };
    for revision in [0, 2, u32::MAX] {
        let other = TokenRecord { revision, ..amended(&token) };
        let outdated = TokenUpdate { token: Some(other), ..good.clone() };
        assert_eq!(amend(&store, &with_alias(outdated)).await, UpdateOutcome::Outdated, "{revision}");
        let other = FamilyUpdate { family: Family { revision, ..amended_family(&family).family }, moves_end: false };
        let outdated = TokenUpdate { family: Some(other), ..good.clone() };
        assert_eq!(amend(&store, &with_alias(outdated)).await, UpdateOutcome::Outdated, "{revision}");
    }
    let elsewhere = TokenRecord { org: super::samples::org_id("b"), ..amended(&token) };
    assert_eq!(
        amend(&store, &TokenUpdate { token: Some(elsewhere), ..good.clone() }).await,
        UpdateOutcome::Outdated,
        "another org's"
    );
    let missing = FamilyUpdate { family: Family { id: id(9), ..amended_family(&family).family }, moves_end: false };
    assert_eq!(
        amend(&store, &TokenUpdate { family: Some(missing), ..good.clone() }).await,
        UpdateOutcome::Outdated,
        "it isn't there"
    );
    assert_eq!(find_token(&store, &token.key()).await, Some(token), "nothing was written");
    assert_eq!(find_family(&store, &family.key()).await, Some(family), "nothing was written");
    assert_eq!(find_alias(&store, &alias_key("a", 31)).await, None, "nothing was written");
    assert_eq!(find_token(&store, &token_key("b", 1)).await, None, "amending makes no record");
    assert_eq!(find_family(&store, &family_key("a", 9)).await, None, "amending makes no record");
    assert_eq!(amend(&store, &good).await, UpdateOutcome::Done);
}

async fn what_is_revoked_is_not_amended(store: Arc<dyn Store>) {
    let (token, family) = begin(&store).await;
    store.revoke_family(&family.key(), at(1).into()).await.unwrap();
    let both = TokenUpdate { family: Some(amended_family(&family)), ..of_token(&amended(&token)) };
    assert_eq!(amend(&store, &both).await, UpdateOutcome::Outdated);
    assert_eq!(find_token(&store, &token.key()).await.as_ref(), Some(&token), "both or neither");
    assert_eq!(amend(&store, &of_token(&amended(&token))).await, UpdateOutcome::Done, "the token itself is not");
    store.revoke(&token.key(), None, at(2).into()).await.unwrap();
    let first = amended(&token);
    for late in [&first, &amended(&first)] {
        assert_eq!(amend(&store, &of_token(late)).await, UpdateOutcome::Outdated);
    }
    assert_eq!(find_token(&store, &token.key()).await, Some(TokenRecord { revoked_at: Some(at(2)), ..first }));
}

async fn the_same_amendment_again_is_a_success_until_the_next(store: Arc<dyn Store>) {
    let (token, family) = begin(&store).await;
    let first = amended(&token);
    let alias = alias("a", 31, Aliased::Token(token.id));
    let both = TokenUpdate { family: Some(amended_family(&family)), alias: Some(alias), ..of_token(&first) };
    for _ in 0..3 {
        assert_eq!(amend(&store, &both).await, UpdateOutcome::Done);
    }
    store.advance_family(&step(family.key(), 0)).await.unwrap();
    assert_eq!(amend(&store, &both).await, UpdateOutcome::Done, "to be refreshed is no change");
    let mut other = first.clone();
    other.masquerading = false;
    assert_eq!(amend(&store, &of_token(&other)).await, UpdateOutcome::Outdated, "not the same");
    assert_eq!(amend(&store, &of_token(&amended(&first))).await, UpdateOutcome::Done);
    assert_eq!(amend(&store, &both).await, UpdateOutcome::Outdated);
}

async fn a_new_value_finds_the_token(store: Arc<dyn Store>) {
    let (token, _) = begin(&store).await;
    let mut now = token;
    for n in [31, 32, 31] {
        now = TokenRecord { value: Some(digest(n)), ..amended(&now) };
        let renewal = TokenUpdate { alias: Some(alias("a", n, Aliased::Token(now.id))), ..of_token(&now) };
        assert_eq!(amend(&store, &renewal).await, UpdateOutcome::Done, "its own value is free to have again");
        assert_eq!(find_alias(&store, &alias_key("a", n)).await, Some(Aliased::Token(now.id)));
        assert_eq!(find_token(&store, &now.key()).await.as_ref(), Some(&now));
    }
}

async fn a_value_that_is_taken_changes_nothing(store: Arc<dyn Store>) {
    let (token, family) = begin(&store).await;
    let holder = super::samples::token("a", 50);
    let taking = NewToken { aliases: vec![alias("a", 31, Aliased::Token(holder.id))], ..new(&holder, None) };
    store.record(&taking).await.unwrap();
    let renewal = TokenUpdate { family: Some(amended_family(&family)), ..of_token(&amended(&token)) };
    let renewal = TokenUpdate { alias: Some(alias("a", 31, Aliased::Token(token.id))), ..renewal };
    assert_eq!(amend(&store, &renewal).await, UpdateOutcome::ValueTaken);
    assert_eq!(find_token(&store, &token.key()).await, Some(token), "nothing was written");
    assert_eq!(find_family(&store, &family.key()).await, Some(family), "nothing was written");
    assert_eq!(find_alias(&store, &alias_key("a", 31)).await, Some(Aliased::Token(holder.id)), "it stays the other's");
}

async fn what_refreshing_changes_stays(store: Arc<dyn Store>) {
    let (_, family) = begin(&store).await;
    store.advance_family(&step(family.key(), 0)).await.unwrap();
    let refreshed = find_family(&store, &family.key()).await.unwrap();
    // As it was read before.
    let amendment = amended_family(&family);
    assert_eq!(amend(&store, &of_family(amendment.clone())).await, UpdateOutcome::Done);
    let Family { contents, revision, .. } = amendment.family;
    let expected = Family { contents, revision, ..refreshed };
    assert_eq!(find_family(&store, &family.key()).await, Some(expected));
}

async fn an_end_moves_only_if_it_shall(store: Arc<dyn Store>) {
    let (_, family) = begin(&store).await;
    let mut now = family;
    for (end, moves_end, stands_at) in [(1, false, 86_400_000), (5_000, true, 5_000), (9_000, false, 5_000), (7_000, true, 7_000)]
    {
        let FamilyUpdate { family, .. } = amended_family(&now);
        let amendment = FamilyUpdate { family: Family { expires_at: at(end), ..family }, moves_end };
        assert_eq!(amend(&store, &of_family(amendment)).await, UpdateOutcome::Done);
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
        let FamilyUpdate { family, .. } = amended_family(&now);
        let family = Family { needed_until: moment(asked), ..family };
        let amendment = of_family(FamilyUpdate { family, moves_end: false });
        for _ in 0..2 {
            assert_eq!(amend(&store, &amendment).await, UpdateOutcome::Done, "{asked:?}");
        }
        now = find_family(&store, &now.key()).await.unwrap();
        assert_eq!(now.needed_until, moment(stands), "{asked:?}");
    }
}

async fn an_amended_token_is_listed_as_it_is_now(store: Arc<dyn Store>) {
    let (token, _) = begin(&store).await;
    let later = Timestamp::from_ms(token.expires_at.unwrap().as_ms() + 5_000);
    let mut now = TokenRecord { expires_at: Some(later), revision: 1, ..token };
    now.scopes = vec![scope("x")];
    assert_eq!(amend(&store, &of_token(&now)).await, UpdateOutcome::Done);
    let query = TokenQuery { expires_from: Some(later), ..TokenQuery::default() };
    assert_eq!(store.list(&now.org, &query).await.unwrap().tokens, [now.clone()]);
}
