//! Authorizations of devices, their user codes, and the counts of guesses.

use std::sync::Arc;

use super::cases;
use super::parallel::{at_once, is_won_by_one};
use super::samples::{
    at, authorization, backchannel, client_id, device, find_authorization, find_user_code, id, new, rich_authorization, sealed,
    states, token, user_code,
};
use crate::domain::{
    Acknowledgement, Authorization, AuthorizationState, BackchannelRequest, DeliveryMode, DeviceRequest, Polling, Seconds,
    UserCodeAssignment,
};
use crate::store::{InsertOutcome, NewToken, Store};

cases![
    a_device_is_read_back_whole_and_each_poll_is_a_step,
    a_request_from_elsewhere_is_read_back_whole_and_acknowledged_once,
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

async fn a_request_from_elsewhere_is_read_back_whole_and_acknowledged_once(store: Arc<dyn Store>) {
    let least = BackchannelRequest {
        delivery: DeliveryMode::Poll,
        requested_expiry: None,
        notification_token: None,
        acknowledgement: None,
    };
    for (n, asked) in [(1, backchannel()), (2, least)] {
        let asked = BackchannelRequest { acknowledgement: None, ..asked };
        let kept = Authorization { backchannel: Some(Box::new(asked.clone())), ..rich_authorization("a", n) };
        store.put_authorization(&kept).await.unwrap();
        assert_eq!(find_authorization(&store, &kept.key()).await.as_ref(), Some(&kept));
        assert_eq!((kept.polling(), kept.redeemed(id(9), None)), (None, None), "nobody polls yet");
        let acknowledged = |n: u64| {
            let told = Acknowledgement { auth_req_id: sealed(n), ..backchannel().acknowledgement.unwrap() };
            let asked = BackchannelRequest { acknowledgement: Some(told), ..asked.clone() };
            let step = kept.moved_to(AuthorizationState::Pending, at(900_000));
            Authorization { backchannel: Some(Box::new(asked)), ..step }
        };
        assert!(store.update_authorization(&acknowledged(1)).await.unwrap());
        assert!(!store.update_authorization(&acknowledged(2)).await.unwrap(), "it is acknowledged already");
        store.put_authorization(&kept).await.unwrap();
        assert_eq!(find_authorization(&store, &kept.key()).await.as_ref(), Some(&acknowledged(1)), "it stays where it is");
        let polled = Polling { interval: Seconds(10), ..acknowledged(1).polling().unwrap().clone() };
        let polled = acknowledged(1).polled(polled);
        assert!(store.update_authorization(&polled).await.unwrap());
        assert_eq!(find_authorization(&store, &kept.key()).await.as_ref(), Some(&polled));
        let is_accepted = |state: &AuthorizationState| matches!(state, AuthorizationState::Accepted { .. });
        let accepted = polled.moved_to(states().into_iter().find(is_accepted).unwrap(), polled.expires_at);
        assert!(store.update_authorization(&accepted).await.unwrap());
        let redeemed = accepted.redeemed(id(20 + n), None).unwrap();
        let recording = NewToken { authorization: Some(Box::new(redeemed.clone())), ..new(&token("a", 20 + n), None) };
        assert_eq!(store.record(&recording).await.unwrap(), InsertOutcome::Done);
        assert_eq!(find_authorization(&store, &kept.key()).await, Some(redeemed));
    }
}

async fn a_token_is_recorded_on_an_accepted_request_of_a_device(store: Arc<dyn Store>) {
    let kept = of_device(1);
    store.put_authorization(&kept).await.unwrap();
    let is_accepted = |state: &AuthorizationState| matches!(state, AuthorizationState::Accepted { .. });
    let accepted = kept.moved_to(states().into_iter().find(is_accepted).unwrap(), kept.expires_at);
    assert!(store.update_authorization(&accepted).await.unwrap());
    let redeemed = accepted.redeemed(id(9), None).unwrap();
    let recording = NewToken { authorization: Some(Box::new(redeemed.clone())), ..new(&token("a", 9), None) };
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
