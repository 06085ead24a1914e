//! What happens only once: the spending of a ticket, the use of a proof.

use std::sync::Arc;

use super::cases;
use super::parallel::at_once;
use super::samples::{at, client_id, event, find_ticket, id, org_id, spending, ticket, ticket_key, used};
use crate::domain::Ticket;
use crate::store::{CountedEvent, RecordKeys, ReplayKey, Store, TicketConsumption, UseKey};

cases![
    a_kept_ticket_is_read_back_whole,
    a_ticket_is_spent_in_one_name,
    a_use_can_be_looked_up,
    a_use_counts_until_it_has_ended,
    a_use_is_the_first_one_once,
    an_expired_ticket_is_not_spent,
    as_many_of_many_events_are_counted_as_may_be,
    many_that_count_several_at_once_are_counted_as_often_as_may_be,
    events_are_counted_up_to_their_limit,
    several_events_are_counted_at_once_or_as_many_as_may_be,
    keeping_the_same_ticket_again_is_a_success,
    uses_are_apart,
];

async fn a_kept_ticket_is_read_back_whole(store: Arc<dyn Store>) {
    let spent = Ticket { spent_by: Some(id(9)), ..ticket("a", 2) };
    for ticket in [ticket("a", 1), spent] {
        store.put_ticket(&ticket).await.unwrap();
        assert_eq!(find_ticket(&store, &ticket.key()).await, Some(ticket));
    }
    assert_eq!(find_ticket(&store, &ticket_key("ab", 1)).await, None);
}

async fn keeping_the_same_ticket_again_is_a_success(store: Arc<dyn Store>) {
    let ticket = ticket("a", 1);
    store.put_ticket(&ticket).await.unwrap();
    store.put_ticket(&ticket).await.unwrap();
    store.spend_ticket(&spending(ticket.key(), id(9))).await.unwrap();
    store.put_ticket(&ticket).await.unwrap();
    let spent = Ticket { spent_by: Some(id(9)), ..ticket.clone() };
    assert_eq!(find_ticket(&store, &ticket.key()).await.as_ref(), Some(&spent), "it stays spent");
    let other = Ticket { client: client_id(8), ..ticket };
    assert!(!store.put_ticket(&other).await.unwrap_err().can_retry(), "a retry can't help");
    assert_eq!(find_ticket(&store, &other.key()).await, Some(spent));
}

async fn a_use_can_be_looked_up(store: Arc<dyn Store>) {
    let used = used("dpop", 1);
    let find = async |key: UseKey| {
        let wanted = RecordKeys { uses: vec![key.clone()], ..RecordKeys::default() };
        store.read(&wanted).await.unwrap().uses.remove(&key)
    };
    assert_eq!(find(used.key()).await, None);
    assert!(store.use_once(&used).await.unwrap());
    assert_eq!(find(used.key()).await, Some(used.until));
    assert_eq!(find((used.org.clone(), "assertion", used.hash)).await, None, "for another purpose");
    assert_eq!(find((org_id("ab"), used.purpose, used.hash)).await, None, "in another org");
    assert_eq!(find(used.key()).await, Some(used.until), "to look it up uses nothing up");
}

async fn a_ticket_is_spent_in_one_name(store: Arc<dyn Store>) {
    let key = ticket_key("a", 1);
    assert!(!store.spend_ticket(&spending(key.clone(), id(9))).await.unwrap(), "there is none");
    assert_eq!(find_ticket(&store, &key).await, None, "spending makes no ticket");
    store.put_ticket(&ticket("a", 1)).await.unwrap();
    for (by, is_good) in [(9, true), (9, true), (8, false), (9, true)] {
        assert_eq!(store.spend_ticket(&spending(key.clone(), id(by))).await.unwrap(), is_good, "{by}");
        assert_eq!(find_ticket(&store, &key).await, Some(Ticket { spent_by: Some(id(9)), ..ticket("a", 1) }));
    }
    let late = TicketConsumption { now: ticket("a", 1).expires_at, ..spending(key, id(9)) };
    assert!(store.spend_ticket(&late).await.unwrap(), "a repetition, however late");
}

async fn an_expired_ticket_is_not_spent(store: Arc<dyn Store>) {
    let ticket = ticket("a", 1);
    store.put_ticket(&ticket).await.unwrap();
    let at_moment = |now| TicketConsumption { now, ..spending(ticket.key(), id(9)) };
    for late in [ticket.expires_at, at(86_400_001)] {
        assert!(!store.spend_ticket(&at_moment(late)).await.unwrap());
    }
    assert_eq!(find_ticket(&store, &ticket.key()).await.as_ref(), Some(&ticket));
    assert!(store.spend_ticket(&at_moment(at(86_399_999))).await.unwrap(), "the last moment");
}

async fn a_use_is_the_first_one_once(store: Arc<dyn Store>) {
    assert!(store.use_once(&used("a", 1)).await.unwrap());
    for ms in [0, 1, 59_999, 60_000] {
        let again = ReplayKey { now: at(ms), until: at(ms + 60_000), ..used("a", 1) };
        assert!(!store.use_once(&again).await.unwrap(), "{ms}");
    }
}

async fn a_use_counts_until_it_has_ended(store: Arc<dyn Store>) {
    let later = |now, until| ReplayKey { now: at(now), until: at(until), ..used("a", 1) };
    assert!(store.use_once(&used("a", 1)).await.unwrap());
    assert!(store.use_once(&later(60_001, 70_000)).await.unwrap(), "it has ended");
    assert!(!store.use_once(&later(60_002, 80_000)).await.unwrap(), "that one counts now");
    assert!(!store.use_once(&later(70_000, 90_000)).await.unwrap(), "one that didn't count isn't remembered for longer");
    assert!(store.use_once(&later(70_001, 90_000)).await.unwrap());
}

async fn uses_are_apart(store: Arc<dyn Store>) {
    let others = [
        used("a", 1),
        used("a", 2),
        used("ab", 1),
        ReplayKey { purpose: "assertion", ..used("a", 1) },
        ReplayKey { org: org_id("A"), ..used("a", 1) },
    ];
    for other in &others {
        assert!(store.use_once(other).await.unwrap(), "{other:?}");
    }
    for other in &others {
        assert!(!store.use_once(other).await.unwrap(), "{other:?}");
    }
}

async fn events_are_counted_up_to_their_limit(store: Arc<dyn Store>) {
    let count = async |event: CountedEvent| store.count(&event).await.unwrap();
    for expected in [Some(1), Some(2), Some(3), None, None] {
        assert_eq!(count(event("a", 1)).await, expected);
    }
    assert_eq!(count(CountedEvent { limit: 4, ..event("a", 1) }).await, Some(4), "what isn't counted doesn't count");
    for other in [
        event("b", 1),
        event("a", 2),
        CountedEvent { what: "wrong", ..event("a", 1) },
        CountedEvent { since: at(600_000), until: at(1_200_000), ..event("a", 1) },
        CountedEvent { org: org_id("ab"), ..event("a", 1) },
    ] {
        assert_eq!(count(other.clone()).await, Some(1), "{other:?}");
    }
}

async fn as_many_of_many_events_are_counted_as_may_be(store: Arc<dyn Store>) {
    let counts = at_once(&store, |store, _| async move { store.count(&event("a", 1)).await.unwrap() });
    let mut counted: Vec<_> = counts.await.into_iter().flatten().collect();
    counted.sort_unstable();
    assert_eq!(counted, [1, 2, 3]);
}

async fn several_events_are_counted_at_once_or_as_many_as_may_be(store: Arc<dyn Store>) {
    let of = |limit| CountedEvent { limit, ..event("a", 1) };
    for (wanted, limit, counted) in
        [(0, 10, 0), (4, 10, 4), (4, 10, 4), (4, 10, 2), (4, 10, 0), (1, 10, 0), (4, 11, 1), (u32::MAX, 20, 9), (5, 7, 0)]
    {
        assert_eq!(store.count_many(&of(limit), wanted).await.unwrap(), counted, "{wanted} of {limit}");
    }
    assert_eq!(store.count(&of(21)).await.unwrap(), Some(21), "they are the same count");
    assert_eq!(store.count_many(&CountedEvent { since: at(600_000), until: at(1_200_000), ..of(7) }, 9).await.unwrap(), 7);
    assert_eq!(store.count_many(&CountedEvent { what: "wrong", ..of(7) }, 1).await.unwrap(), 1);
    assert_eq!(store.count_many(&event("b", 1), 9).await.unwrap(), 3);
}

async fn many_that_count_several_at_once_are_counted_as_often_as_may_be(store: Arc<dyn Store>) {
    let of = CountedEvent { limit: 100, ..event("a", 1) };
    let counts = at_once(&store, move |store, n| {
        let of = of.clone();
        async move { store.count_many(&of, 1 + u32::try_from(n % 7).unwrap()).await.unwrap() }
    });
    assert_eq!(counts.await.into_iter().sum::<u32>(), 100);
}
