//! Keeping authorizations, moving them on, and recording tokens on them.

use std::sync::Arc;

use super::cases;
use super::parallel::{at_once, is_won_by_one};
use super::samples::{
    alias, alias_key, at, authorization, authorization_key, client_id, digest, family, find_alias, find_authorization,
    find_family, find_ticket, find_token, id, new, read, redeemed, rich_authorization, spending, states, ticket, ticket_key,
    token, token_key,
};
use crate::domain::{Aliased, Authorization, AuthorizationState};
use crate::store::{InsertOutcome, NewToken, RecordKeys, Store, ValueKind};

cases![
    a_kept_authorization_is_read_back_whole_in_every_state,
    a_recording_on_an_authorization_that_has_changed_writes_nothing,
    a_token_is_recorded_with_the_step_of_its_authorization,
    an_authorization_is_of_its_org_alone,
    an_authorization_takes_all_its_steps,
    an_unknown_authorization_takes_no_step,
    a_pushed_authorization_takes_its_browser_from_a_step,
    another_authorization_of_the_same_id_is_a_fault,
    anothers_step_is_not_taken_and_changes_nothing,
    keeping_the_same_authorization_again_is_a_success,
    one_of_many_keeps_an_authorization,
    one_of_many_moves_an_authorization_on,
    one_of_many_records_on_an_authorization,
    the_first_revision_replaces_nothing,
    the_same_recording_on_an_authorization_again_is_a_success,
    the_same_step_again_is_a_success,
    the_same_step_from_many_is_a_success_for_all,
    what_is_missing_of_a_recording_on_an_authorization_is_added,
];

/// The token 1, the family 2 and a value, on the authorization 3 as it shall be then.
fn whole() -> NewToken {
    let (token, family) = (token("a", 1), family("a", 2));
    let authorization = Some(Box::new(redeemed("a", 3, token.id)));
    NewToken { authorization, aliases: vec![alias("a", 31, Aliased::Token(token.id))], ..new(&token, Some(&family)) }
}

async fn a_kept_authorization_is_read_back_whole_in_every_state(store: Arc<dyn Store>) {
    let rich = |(n, state)| Authorization { state, ..rich_authorization("a", n) };
    let kept: Vec<_> = (10..).zip(states()).map(rich).chain([authorization("a", 1)]).collect();
    for (revision, one) in (0..).zip(&kept) {
        store.put_authorization(&Authorization { revision, ..one.clone() }).await.unwrap();
    }
    let wanted = RecordKeys { authorizations: kept.iter().map(Authorization::key).collect(), ..RecordKeys::default() };
    let found = read(&store, wanted).await.authorizations;
    assert_eq!(found.len(), kept.len());
    for (revision, one) in (0..).zip(kept) {
        assert_eq!(found[&one.key()], Authorization { revision, ..one });
    }
}

async fn keeping_the_same_authorization_again_is_a_success(store: Arc<dyn Store>) {
    let begun = rich_authorization("a", 1);
    for _ in 0..2 {
        store.put_authorization(&begun).await.unwrap();
    }
    for state in states() {
        let there = find_authorization(&store, &begun.key()).await.unwrap();
        let next = there.moved_to(state, at(700_000));
        assert!(store.update_authorization(&next).await.unwrap());
        store.put_authorization(&begun).await.unwrap();
        assert_eq!(find_authorization(&store, &begun.key()).await, Some(next), "it stays where it is");
    }
}

async fn a_pushed_authorization_takes_its_browser_from_a_step(store: Arc<dyn Store>) {
    let pushed = Authorization { browser: None, state: AuthorizationState::Pushed, ..rich_authorization("a", 1) };
    store.put_authorization(&pushed).await.unwrap();
    assert_eq!(find_authorization(&store, &pushed.key()).await.as_ref(), Some(&pushed));
    let opened = Authorization { browser: Some(digest(9)), ..pushed.moved_to(AuthorizationState::Pending, at(700_000)) };
    assert!(store.update_authorization(&opened).await.unwrap());
    let of_another = Authorization { browser: Some(digest(8)), ..opened.clone() };
    assert!(!store.update_authorization(&of_another).await.unwrap(), "the first browser has it");
    store.put_authorization(&pushed).await.unwrap();
    assert_eq!(find_authorization(&store, &pushed.key()).await, Some(opened), "it stays where it is");
}

async fn another_authorization_of_the_same_id_is_a_fault(store: Arc<dyn Store>) {
    let begun = authorization("a", 1);
    let mut of_another_request = begun.clone();
    of_another_request.request.nonce = Some("n".to_owned());
    let others = [
        Authorization { browser: Some(digest(9)), ..begun.clone() },
        Authorization { client: client_id(8), ..begun.clone() },
        Authorization { expires_at: at(700_000), ..begun.clone() },
        Authorization { revision: 1, ..begun.clone() },
        Authorization { state: states().pop().unwrap(), ..begun.clone() },
        of_another_request,
    ];
    store.put_authorization(&begun).await.unwrap();
    for other in &others {
        assert!(!store.put_authorization(other).await.unwrap_err().can_retry(), "a retry can't help: {other:?}");
    }
    assert_eq!(find_authorization(&store, &begun.key()).await.as_ref(), Some(&begun));
    assert!(store.update_authorization(&redeemed("a", 1, id(9))).await.unwrap());
    for other in &others[..2] {
        assert!(store.put_authorization(other).await.is_err(), "nor after a step: {other:?}");
    }
}

async fn an_authorization_takes_all_its_steps(store: Arc<dyn Store>) {
    let mut now = rich_authorization("a", 1);
    store.put_authorization(&now).await.unwrap();
    for (ms, state) in (1..).zip(states()) {
        now = now.moved_to(state, at(ms));
        assert!(store.update_authorization(&now).await.unwrap());
        assert_eq!(find_authorization(&store, &now.key()).await.as_ref(), Some(&now));
    }
}

async fn the_same_step_again_is_a_success(store: Arc<dyn Store>) {
    store.put_authorization(&authorization("a", 1)).await.unwrap();
    let step = redeemed("a", 1, id(9));
    for _ in 0..3 {
        assert!(store.update_authorization(&step).await.unwrap());
        assert_eq!(find_authorization(&store, &step.key()).await.as_ref(), Some(&step));
    }
}

async fn anothers_step_is_not_taken_and_changes_nothing(store: Arc<dyn Store>) {
    let begun = authorization("a", 1);
    store.put_authorization(&begun).await.unwrap();
    let (first, second) = (redeemed("a", 1, id(8)), redeemed("a", 1, id(9)));
    assert!(store.update_authorization(&first).await.unwrap());
    let refused = [
        second.clone(),
        Authorization { expires_at: at(1), ..first.clone() },
        Authorization { revision: 0, ..second.clone() },
        Authorization { revision: 3, ..second.clone() },
        begun,
    ];
    for other in refused {
        assert!(!store.update_authorization(&other).await.unwrap(), "{other:?}");
        assert_eq!(find_authorization(&store, &first.key()).await.as_ref(), Some(&first));
    }
    let next = Authorization { revision: 2, ..second };
    assert!(store.update_authorization(&next).await.unwrap());
    assert!(!store.update_authorization(&first).await.unwrap(), "it isn't that any more");
    assert_eq!(find_authorization(&store, &first.key()).await, Some(next));
}

async fn the_first_revision_replaces_nothing(store: Arc<dyn Store>) {
    let begun = authorization("a", 1);
    assert!(!store.update_authorization(&begun).await.unwrap());
    assert_eq!(find_authorization(&store, &begun.key()).await, None);
    store.put_authorization(&begun).await.unwrap();
    assert!(store.update_authorization(&begun).await.unwrap(), "it is what it shall be");
    assert_eq!(find_authorization(&store, &begun.key()).await, Some(begun));
}

async fn an_unknown_authorization_takes_no_step(store: Arc<dyn Store>) {
    let step = redeemed("a", 1, id(9));
    assert!(!store.update_authorization(&step).await.unwrap());
    assert_eq!(find_authorization(&store, &step.key()).await, None, "a step makes no authorization");
}

async fn an_authorization_is_of_its_org_alone(store: Arc<dyn Store>) {
    let theirs = authorization("b", 1);
    store.put_authorization(&theirs).await.unwrap();
    assert_eq!(find_authorization(&store, &authorization_key("a", 1)).await, None);
    assert!(!store.update_authorization(&redeemed("a", 1, id(9))).await.unwrap());
    store.put_authorization(&authorization("a", 1)).await.unwrap();
    assert!(store.update_authorization(&redeemed("a", 1, id(9))).await.unwrap());
    assert_eq!(find_authorization(&store, &theirs.key()).await, Some(theirs));
}

async fn a_token_is_recorded_with_the_step_of_its_authorization(store: Arc<dyn Store>) {
    store.put_authorization(&authorization("a", 3)).await.unwrap();
    // Without a family and a value, too.
    store.put_authorization(&authorization("a", 4)).await.unwrap();
    let whole = whole();
    let plain = NewToken { authorization: Some(Box::new(redeemed("a", 4, id(5)))), ..new(&token("a", 5), None) };
    for recording in [&whole, &plain] {
        assert_eq!(store.record(recording).await.unwrap(), InsertOutcome::Done);
        assert_eq!(find_token(&store, &recording.token.key()).await.as_ref(), Some(&recording.token));
        let step = recording.authorization.as_deref().unwrap();
        assert_eq!(find_authorization(&store, &step.key()).await.as_ref(), Some(step));
    }
    assert_eq!(find_family(&store, &family("a", 2).key()).await, whole.family.as_deref().cloned());
    assert_eq!(find_alias(&store, &alias_key("a", 31)).await, Some(Aliased::Token(id(1))));
}

async fn a_recording_on_an_authorization_that_has_changed_writes_nothing(store: Arc<dyn Store>) {
    store.put_ticket(&ticket("a", 6)).await.unwrap();
    let refused = async |reason, outcome| {
        let whole = NewToken { ticket: Some(spending(ticket_key("a", 6), id(1))), ..whole() };
        assert_eq!(store.record(&whole).await.unwrap(), outcome, "{reason}");
        assert_eq!(find_token(&store, &token_key("a", 1)).await, None, "{reason}");
        assert_eq!(find_family(&store, &family("a", 2).key()).await, None, "{reason}");
        assert_eq!(find_ticket(&store, &ticket_key("a", 6)).await.unwrap().spent_by, None, "{reason}");
    };
    store.put_authorization(&authorization("b", 3)).await.unwrap();
    refused("another org's", InsertOutcome::AuthorizationChanged).await;
    assert_eq!(find_authorization(&store, &authorization_key("a", 3)).await, None, "recording makes no authorization");

    store.put_authorization(&authorization("a", 3)).await.unwrap();
    let taking = NewToken { aliases: vec![alias("a", 31, Aliased::Token(id(50)))], ..new(&token("a", 50), None) };
    store.record(&taking).await.unwrap();
    refused("its value is taken", InsertOutcome::ValueTaken(ValueKind::Access)).await;
    assert_eq!(find_authorization(&store, &authorization_key("a", 3)).await, Some(authorization("a", 3)));

    let anothers = redeemed("a", 3, id(9));
    assert!(store.update_authorization(&anothers).await.unwrap());
    refused("another was faster, before all that else is in the way", InsertOutcome::AuthorizationChanged).await;
    assert_eq!(find_authorization(&store, &anothers.key()).await, Some(anothers));
}

async fn the_same_recording_on_an_authorization_again_is_a_success(store: Arc<dyn Store>) {
    store.put_authorization(&authorization("a", 3)).await.unwrap();
    for _ in 0..3 {
        assert_eq!(store.record(&whole()).await.unwrap(), InsertOutcome::Done);
    }
    let next = redeemed("a", 3, id(1)).moved_to(AuthorizationState::Pending, at(1));
    assert!(store.update_authorization(&next).await.unwrap());
    assert_eq!(store.record(&whole()).await.unwrap(), InsertOutcome::Done, "it was right when the token was recorded");
    assert_eq!(find_authorization(&store, &next.key()).await, Some(next));
}

async fn what_is_missing_of_a_recording_on_an_authorization_is_added(store: Arc<dyn Store>) {
    let whole = whole();
    store.record(&new(&whole.token, None)).await.unwrap();
    assert_eq!(store.record(&whole).await.unwrap(), InsertOutcome::Done, "the authorization may be forgotten");
    assert_eq!(find_authorization(&store, &authorization_key("a", 3)).await, None);
    store.put_authorization(&authorization("a", 3)).await.unwrap();
    assert_eq!(store.record(&whole).await.unwrap(), InsertOutcome::Done);
    assert_eq!(find_authorization(&store, &authorization_key("a", 3)).await.as_ref(), whole.authorization.as_deref());
    assert_eq!(find_family(&store, &family("a", 2).key()).await, whole.family.as_deref().cloned());

    store.put_authorization(&authorization("a", 4)).await.unwrap();
    let step = redeemed("a", 4, id(5));
    assert!(store.update_authorization(&step).await.unwrap());
    let late = NewToken { authorization: Some(Box::new(step)), ..new(&token("a", 5), None) };
    assert_eq!(store.record(&late).await.unwrap(), InsertOutcome::Done, "it is already what it shall be");
    assert_eq!(find_token(&store, &token_key("a", 5)).await, Some(late.token));
}

async fn one_of_many_keeps_an_authorization(store: Arc<dyn Store>) {
    let outcomes = at_once(&store, |store, n| async move {
        let one = Authorization { browser: Some(digest(n)), ..authorization("a", 1) };
        (one.clone(), store.put_authorization(&one).await.is_ok())
    });
    let (won, _) = is_won_by_one(outcomes.await, &true);
    assert_eq!(find_authorization(&store, &won.key()).await, Some(won), "it is the winner's");
}

async fn one_of_many_moves_an_authorization_on(store: Arc<dyn Store>) {
    let begun = authorization("a", 1);
    store.put_authorization(&begun).await.unwrap();
    for revision in 1..=3 {
        let outcomes = at_once(&store, |store, n| async move {
            let step = Authorization { revision, ..redeemed("a", 1, id(100 + n)) };
            (step.clone(), store.update_authorization(&step).await.unwrap())
        });
        let (won, _) = is_won_by_one(outcomes.await, &true);
        assert_eq!(find_authorization(&store, &begun.key()).await, Some(won), "it is the winner's");
    }
}

async fn the_same_step_from_many_is_a_success_for_all(store: Arc<dyn Store>) {
    store.put_authorization(&authorization("a", 1)).await.unwrap();
    let outcomes = at_once(&store, |store, _| async move { store.update_authorization(&redeemed("a", 1, id(9))).await.unwrap() });
    assert!(outcomes.await.into_iter().all(|is_taken| is_taken));
}

async fn one_of_many_records_on_an_authorization(store: Arc<dyn Store>) {
    store.put_authorization(&authorization("a", 7)).await.unwrap();
    let outcomes = at_once(&store, |store, n| async move {
        let token = token("a", 100 + n);
        let step = redeemed("a", 7, token.id);
        let aliases = vec![alias("a", 100 + n, Aliased::Token(token.id))];
        let recording = NewToken { aliases, authorization: Some(Box::new(step.clone())), ..new(&token, None) };
        ((n, step), store.record(&recording).await.unwrap())
    });
    let ((n, step), refused) = is_won_by_one(outcomes.await, &InsertOutcome::Done);
    assert_eq!(find_authorization(&store, &authorization_key("a", 7)).await, Some(step), "it is the winner's");
    assert!(find_token(&store, &token_key("a", 100 + n)).await.is_some());
    for ((n, _), outcome) in refused {
        assert_eq!(outcome, InsertOutcome::AuthorizationChanged);
        assert_eq!(find_token(&store, &token_key("a", 100 + n)).await, None, "all or nothing");
        assert_eq!(find_alias(&store, &alias_key("a", 100 + n)).await, None, "all or nothing");
    }
}
