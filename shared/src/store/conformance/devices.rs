//! Authorizations of devices, their user codes, and the counts of guesses.

use std::sync::Arc;

use super::cases;
use super::parallel::{at_once, is_won_by_one};
use super::samples::{
    at, authorization, client_id, device, find_authorization, find_user_code, id, new, rich_authorization, states, token,
    user_code,
};
use crate::domain::{Authorization, AuthorizationState, DeviceRequest, Polling, Seconds, UserCodeAssignment};
use crate::store::{InsertOutcome, NewToken, Store};

cases![
    a_device_is_read_back_whole_and_each_poll_is_a_step,
    a_kept_user_code_is_found_in_its_org_alone,
    a_token_is_recorded_on_an_accepted_request_of_a_device,
    a_user_code_stands_for_one_thing_until_it_is_over,
    one_of_many_gets_a_user_code,
    the_same_assignment_again_is_a_success,
];

/// The authorization number `n`, of a device.
fn of_device(n: u64) -> Authorization {
    Authorization { browser: None, device: Some(Box::new(device())), ..rich_authorization("a", n) }
}

async fn a_device_is_read_back_whole_and_each_poll_is_a_step(store: Arc<dyn Store>) {
    let polling = Polling { polled_at: None, poll: None, ..device().polling };
    let least = DeviceRequest { address: None, user_agent: None, polling };
    let least = Authorization { device: Some(Box::new(least)), ..of_device(2) };
    for kept in [of_device(1), least] {
        store.put_authorization(&kept).await.unwrap();
        assert_eq!(find_authorization(&store, &kept.key()).await.as_ref(), Some(&kept));
        let polled = kept.polling().unwrap().clone();
        let polled = Polling { interval: Seconds(10), polled_at: Some(at(10_000)), poll: Some(id(18)), ..polled };
        let step = kept.polled(polled);
        assert!(store.update_authorization(&step).await.unwrap());
        store.put_authorization(&kept).await.unwrap();
        assert_eq!(find_authorization(&store, &kept.key()).await, Some(step), "it stays where it is");
    }
}

async fn a_token_is_recorded_on_an_accepted_request_of_a_device(store: Arc<dyn Store>) {
    let kept = of_device(1);
    store.put_authorization(&kept).await.unwrap();
    let is_accepted = |state: &AuthorizationState| matches!(state, AuthorizationState::Accepted { .. });
    let accepted = kept.moved_to(states().into_iter().find(is_accepted).unwrap(), kept.expires_at);
    assert!(store.update_authorization(&accepted).await.unwrap());
    let redeemed = accepted.redeemed(id(9), None).unwrap();
    let recording = NewToken { authorization: Some(redeemed.clone()), ..new(&token("a", 9), None) };
    assert_eq!(store.record(&recording).await.unwrap(), InsertOutcome::Done);
    assert_eq!(find_authorization(&store, &kept.key()).await, Some(redeemed));
    assert_eq!(authorization("a", 3).redeemed(id(9), None), None, "one that waits has no code");
}

async fn a_kept_user_code_is_found_in_its_org_alone(store: Arc<dyn Store>) {
    let code = user_code("a", 1, 7);
    assert!(store.assign_user_code(&code, at(0)).await.unwrap());
    assert_eq!(find_user_code(&store, &code.key).await.as_ref(), Some(&code));
    let elsewhere = user_code("b", 1, 8);
    assert_eq!(find_user_code(&store, &elsewhere.key).await, None);
    assert!(store.assign_user_code(&elsewhere, at(0)).await.unwrap());
    assert_eq!(find_user_code(&store, &elsewhere.key).await, Some(elsewhere));
    assert_eq!(find_user_code(&store, &code.key).await, Some(code));
}

async fn the_same_assignment_again_is_a_success(store: Arc<dyn Store>) {
    for ms in [0, 1, 700_000] {
        assert!(store.assign_user_code(&user_code("a", 1, 7), at(ms)).await.unwrap(), "{ms}");
    }
}

async fn a_user_code_stands_for_one_thing_until_it_is_over(store: Arc<dyn Store>) {
    let code = user_code("a", 1, 7);
    assert!(store.assign_user_code(&code, at(0)).await.unwrap());
    let others = [
        UserCodeAssignment { authorization: id(8), ..code.clone() },
        UserCodeAssignment { client: client_id(8), ..code.clone() },
        UserCodeAssignment { expires_at: at(900_000), ..code.clone() },
    ];
    for other in &others {
        assert!(!store.assign_user_code(other, at(599_999)).await.unwrap(), "{other:?}");
        assert_eq!(find_user_code(&store, &code.key).await.as_ref(), Some(&code));
    }
    let next = UserCodeAssignment { expires_at: at(1_200_000), ..others[0].clone() };
    assert!(store.assign_user_code(&next, at(600_000)).await.unwrap());
    assert_eq!(find_user_code(&store, &code.key).await, Some(next));
    assert!(!store.assign_user_code(&code, at(600_000)).await.unwrap());
}

async fn one_of_many_gets_a_user_code(store: Arc<dyn Store>) {
    let outcomes = at_once(&store, |store, n| async move {
        let one = user_code("a", 1, 100 + n);
        (one.clone(), store.assign_user_code(&one, at(0)).await.unwrap())
    });
    let (won, _) = is_won_by_one(outcomes.await, &true);
    assert_eq!(find_user_code(&store, &won.key).await, Some(won), "it is the winner's");
}
