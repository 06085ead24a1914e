//! Writes at the same time: exactly one wins.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::join_all;

use super::cases;
use super::samples::{
    NO_ASSERTIONS, alias, alias_key, assertions, at, batch, batch_key, client, client_id, digest, family, find_alias,
    find_assertions, find_family, find_mark, find_ticket, find_token, id, id_at, mark, member, new, org, org_id, put_org, read,
    rich_member, rich_token, spending, step, subject, ticket, ticket_key, token, token_key, used,
};
use crate::domain::{
    Aliased, AssertionSettings, Batch, BatchState, Client, Family, Member, NotBeforeScope, Org, Shard, TokenRecord,
};
use crate::store::{
    AdvanceOutcome, Delete, FamilyAdvance, FamilyUpdate, InsertOutcome, MemberSwap, NewToken, Put, RecordKeys, Replaced,
    ReplayKey, Revocation, Store, TokenQuery, TokenUpdate, UpdateOutcome, ValueKind,
};

cases![
    a_change_that_was_answered_is_read_by_all,
    a_new_secret_and_new_settings_of_an_org_undo_nothing_of_each_other,
    a_use_is_the_first_one_for_one_of_many,
    a_value_goes_to_one_of_many_tokens,
    an_alias_goes_to_one_of_many_clients,
    many_end_all_parts_of_a_batch,
    many_marks_leave_the_latest_in_every_shard,
    many_record_many_tokens,
    many_revoke_one_token,
    many_rotate_one_family,
    many_take_one_id,
    one_of_many_amends_one_revision,
    no_member_outlives_its_org,
    one_of_many_creates_an_org,
    one_of_many_swaps_a_member,
    one_of_two_that_witness_each_other_goes,
    one_of_many_records_on_a_ticket,
    one_of_many_replaces_an_org_as_seen,
    revoking_and_rotating_a_family_agree,
    steps_that_stay_are_taken_one_after_the_other,
    the_same_amendment_from_many_is_a_success_for_all,
    the_same_record_from_many_is_a_success_for_all,
    the_same_step_from_many_is_won_by_all,
];

const WRITERS: u64 = 64;

async fn a_change_that_was_answered_is_read_by_all(store: Arc<dyn Store>) {
    const CHANGES: u64 = 60;
    put_org(&*store, &org("a", &[]), &NO_ASSERTIONS).await;
    let key = (org_id("a"), client_id(7));
    let changed = |n: u64| Client { updated_at: at(i64::try_from(n).unwrap()), ..client("a", 7, None) };
    store.put_client(&changed(0)).await.unwrap();
    let answered = Arc::new(AtomicU64::new(0));
    let readers = (0..8).map(|_| {
        let (store, answered, key) = (Arc::clone(&store), Arc::clone(&answered), key.clone());
        tokio::spawn(async move {
            let wanted = RecordKeys { clients: vec![key.clone()], ..RecordKeys::default() };
            while let floor = answered.load(Ordering::SeqCst)
                && floor < CHANGES
            {
                let there = read(&store, wanted.clone()).await.clients.remove(&key).unwrap();
                assert!(there.updated_at >= at(i64::try_from(floor).unwrap()), "what was answered is there");
                tokio::task::yield_now().await;
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    for n in 1..=CHANGES {
        store.put_client(&changed(n)).await.unwrap();
        answered.store(n, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
    for reader in readers {
        reader.await.unwrap();
    }
}

async fn many_rotate_one_family(store: Arc<dyn Store>) {
    let family = family("a", 2);
    store.record(&new(&token("a", 1), Some(&family))).await.unwrap();
    for generation in 0..4 {
        let outcomes = at_once(&store, move |store, n| async move {
            let one = FamilyAdvance {
                token: id(500 + n),
                next: Some(digest(900 + n)),
                ..step(super::samples::family_key("a", 2), generation)
            };
            (n, store.advance_family(&one).await.unwrap())
        });
        let (won, lost): (Vec<_>, Vec<_>) =
            outcomes.await.into_iter().partition(|(_, outcome)| matches!(outcome, AdvanceOutcome::Applied));
        assert_eq!(won.len(), 1, "exactly one wins");
        let now = find_family(&store, &family.key()).await.unwrap();
        assert_eq!((now.generation, now.token), (generation + 1, id(500 + won[0].0)), "it is the winner's");
        for (_, outcome) in lost {
            assert!(matches!(outcome, AdvanceOutcome::Superseded(family) if *family == now), "a loser sees what the winner did");
        }
    }
}

async fn the_same_step_from_many_is_won_by_all(store: Arc<dyn Store>) {
    let family = family("a", 2);
    store.record(&new(&token("a", 1), Some(&family))).await.unwrap();
    let outcomes = at_once(&store, |store, _| async move {
        let step = step(super::samples::family_key("a", 2), 0);
        store.advance_family(&step).await.unwrap()
    });
    assert!(outcomes.await.iter().all(|outcome| matches!(outcome, AdvanceOutcome::Applied)));
    assert_eq!(find_family(&store, &family.key()).await.unwrap().generation, 1, "it takes effect once");
}

async fn many_revoke_one_token(store: Arc<dyn Store>) {
    for with_family in [false, true] {
        let (token, family) = (token("a", u64::from(with_family) * 10), family("a", 5));
        store.record(&new(&token, with_family.then_some(&family))).await.unwrap();
        let (token, family) = (token.key(), with_family.then(|| family.key()));
        let outcomes = at_once(&store, |store, n| {
            let (token, family) = (token.clone(), family.clone());
            async move { (n, store.revoke(&token, family.as_ref(), at(i64::try_from(n).unwrap()).into()).await.unwrap()) }
        });
        let outcomes = outcomes.await;
        let done: Vec<_> = outcomes.iter().filter(|(_, outcome)| *outcome == Revocation::Done).collect();
        assert_eq!(done.len(), 1, "exactly one wins");
        assert!(outcomes.iter().all(|(_, outcome)| *outcome != Revocation::Unknown));
        let moment = Some(at(i64::try_from(done[0].0).unwrap()));
        assert_eq!(find_token(&store, &token).await.unwrap().revoked_at, moment, "the winner's moment");
        if let Some(family) = family {
            assert!(find_family(&store, &family).await.unwrap().revoked_at.is_some());
        }
    }
}

async fn many_take_one_id(store: Arc<dyn Store>) {
    let outcomes = at_once(&store, |store, n| async move {
        let mut token = rich_token("a", 1);
        token.subject = subject(&format!("s{n}"));
        store.record(&new(&token, None)).await.is_ok().then_some(token)
    });
    let won: Vec<_> = outcomes.await.into_iter().flatten().collect();
    assert_eq!(won.len(), 1, "exactly one wins");
    assert_eq!(find_token(&store, &won[0].key()).await.as_ref(), Some(&won[0]), "it is the winner's");
}

async fn the_same_record_from_many_is_a_success_for_all(store: Arc<dyn Store>) {
    let outcomes =
        at_once(&store, |store, _| async move { store.record(&new(&rich_token("a", 1), Some(&family("a", 2)))).await.is_ok() });
    assert!(outcomes.await.into_iter().all(|ok| ok));
}

async fn one_of_many_records_on_a_ticket(store: Arc<dyn Store>) {
    store.put_ticket(&ticket("a", 7)).await.unwrap();
    let outcomes = at_once(&store, |store, n| async move {
        let token = token("a", 100 + n);
        let ticket = Some(spending(ticket_key("a", 7), token.id));
        let aliases = vec![alias("a", 100 + n, Aliased::Token(token.id))];
        (n, store.record(&NewToken { aliases, ticket, ..new(&token, None) }).await.unwrap())
    });
    let (done, refused): (Vec<_>, Vec<_>) = outcomes.await.into_iter().partition(|(_, outcome)| *outcome == InsertOutcome::Done);
    assert_eq!(done.len(), 1, "exactly one wins");
    assert_eq!(find_ticket(&store, &ticket_key("a", 7)).await.unwrap().spent_by, Some(id(100 + done[0].0)), "the winner's");
    for (n, outcome) in refused {
        assert_eq!(outcome, InsertOutcome::TicketSpent);
        assert_eq!(find_token(&store, &token_key("a", 100 + n)).await, None, "all or nothing");
        assert_eq!(find_alias(&store, &alias_key("a", 100 + n)).await, None, "all or nothing");
    }
}

async fn a_value_goes_to_one_of_many_tokens(store: Arc<dyn Store>) {
    let outcomes = at_once(&store, |store, n| async move {
        let token = token("a", 100 + n);
        let aliases = vec![alias("a", 7, Aliased::Token(token.id))];
        (n, store.record(&NewToken { aliases, ..new(&token, None) }).await.unwrap())
    });
    let (done, refused): (Vec<_>, Vec<_>) = outcomes.await.into_iter().partition(|(_, outcome)| *outcome == InsertOutcome::Done);
    assert_eq!(done.len(), 1, "exactly one wins");
    assert_eq!(find_alias(&store, &alias_key("a", 7)).await, Some(Aliased::Token(id(100 + done[0].0))), "the winner's");
    for (n, outcome) in refused {
        assert_eq!(outcome, InsertOutcome::ValueTaken(ValueKind::Access));
        assert_eq!(find_token(&store, &token_key("a", 100 + n)).await, None, "all or nothing");
    }
}

async fn one_of_many_amends_one_revision(store: Arc<dyn Store>) {
    let (begun, begun_family) = (token("a", 1), family("a", 2));
    store.record(&new(&begun, Some(&begun_family))).await.unwrap();
    for revision in 1..=3 {
        let outcomes = at_once(&store, |store, n| async move {
            let mut one = TokenRecord { revision, ..token("a", 1) };
            let mut its = Family { revision, ..family("a", 2) };
            one.subject = subject(&format!("s{n}"));
            its.subject = one.subject.clone();
            let its = Some(FamilyUpdate { family: its, moves_end: false });
            (n, store.update_token(&TokenUpdate { token: Some(one), family: its, alias: None }).await.unwrap())
        });
        let outcomes = outcomes.await;
        let done: Vec<_> = outcomes.iter().filter(|(_, outcome)| *outcome == UpdateOutcome::Done).collect();
        assert_eq!(done.len(), 1, "exactly one wins");
        assert!(outcomes.iter().all(|(_, outcome)| *outcome != UpdateOutcome::ValueTaken));
        let winner = Some(subject(&format!("s{}", done[0].0)));
        let of_token = find_token(&store, &begun.key()).await.map(|token| token.contents.subject);
        let of_family = find_family(&store, &begun_family.key()).await.map(|family| family.contents.subject);
        assert_eq!((&of_token, &of_family), (&winner, &winner), "both are the winner's");
    }
}

async fn the_same_amendment_from_many_is_a_success_for_all(store: Arc<dyn Store>) {
    store.record(&new(&token("a", 1), Some(&family("a", 2)))).await.unwrap();
    let outcomes = at_once(&store, |store, _| async move {
        let family = FamilyUpdate { family: Family { revision: 1, ..family("a", 2) }, moves_end: true };
        let token = TokenRecord { revision: 1, ..token("a", 1) };
        let alias = Some(alias("a", 7, Aliased::Token(token.id)));
        store.update_token(&TokenUpdate { token: Some(token), family: Some(family), alias }).await.unwrap()
    });
    assert!(outcomes.await.into_iter().all(|outcome| outcome == UpdateOutcome::Done));
}

async fn steps_that_stay_are_taken_one_after_the_other(store: Arc<dyn Store>) {
    let family = family("a", 2);
    store.record(&new(&token("a", 1), Some(&family))).await.unwrap();
    let outcomes = at_once(&store, |store, n| async move {
        let stay = FamilyAdvance { next: None, token: id(500 + n), ..step(super::samples::family_key("a", 2), 0) };
        store.advance_family(&stay).await.unwrap()
    });
    assert!(outcomes.await.iter().all(|outcome| matches!(outcome, AdvanceOutcome::Applied)));
    let now = find_family(&store, &family.key()).await.unwrap();
    assert!((500..500 + WRITERS).any(|n| now.token == id(n)), "it is the last one's");
    assert_eq!((now.generation, now.current), (0, family.current));
}

async fn a_use_is_the_first_one_for_one_of_many(store: Arc<dyn Store>) {
    for round in 0..2 {
        let outcomes = at_once(&store, |store, _| async move {
            let used = ReplayKey { now: at(round * 60_001), until: at((round + 1) * 60_000), ..used("a", 1) };
            store.use_once(&used).await.unwrap()
        });
        assert_eq!(outcomes.await.into_iter().filter(|is_first| *is_first).count(), 1, "exactly one is");
    }
}

async fn many_end_all_parts_of_a_batch(store: Arc<dyn Store>) {
    let parts = u32::try_from(WRITERS).unwrap() / 2;
    store.put_batch(&Batch { parts, ..batch("a", 1) }).await.unwrap();
    at_once(&store, |store, n| async move {
        let part = u32::try_from(n).unwrap() / 2;
        store.end_part(&batch_key("a", 1), part, None, at(i64::from(part))).await.unwrap();
    })
    .await;
    let there = store.batch(&batch_key("a", 1)).await.unwrap().unwrap();
    assert_eq!((there.state(), there.updated_at), (BatchState::Succeeded, at(i64::from(parts) - 1)));
}

async fn revoking_and_rotating_a_family_agree(store: Arc<dyn Store>) {
    for n in 0..24 {
        let family = family("a", 100 * n);
        store.record(&new(&token("a", 100 * n + 1), Some(&family))).await.unwrap();
        let (rotator, revoker, key) = (Arc::clone(&store), Arc::clone(&store), family.key());
        let one = step(key.clone(), 0);
        let rotation = tokio::spawn(async move { rotator.advance_family(&one).await.unwrap() });
        let revocation = tokio::spawn(async move { revoker.revoke_family(&key, at(7).into()).await.unwrap() });
        let (rotation, revocation) = (rotation.await.unwrap(), revocation.await.unwrap());
        let now = find_family(&store, &family.key()).await.unwrap();
        assert_eq!((revocation, now.revoked_at), (Revocation::Done, Some(at(7))), "a revocation is never lost");
        match rotation {
            AdvanceOutcome::Applied => assert_eq!(now.generation, 1),
            AdvanceOutcome::Superseded(seen) => assert_eq!((now.generation, seen.revoked_at), (0, Some(at(7)))),
            AdvanceOutcome::Unknown => panic!("the family is there"),
        }
    }
}

async fn many_marks_leave_the_latest_in_every_shard(store: Arc<dyn Store>) {
    let key = mark("a", NotBeforeScope::Org, at(0)).key;
    let seen = at_once(&store, |store, n| {
        let key = key.clone();
        async move {
            // All moments once, in no order.
            let own = at(i64::try_from(n * 37 % WRITERS).unwrap());
            store.set_not_before(&mark("a", NotBeforeScope::Org, own)).await.unwrap();
            let shard = Shard::all().nth(usize::try_from(n % 16).unwrap()).unwrap();
            let first = find_mark(&store, &key, shard).await.unwrap();
            let second = find_mark(&store, &key, shard).await.unwrap();
            own <= first && first <= second
        }
    });
    assert!(seen.await.into_iter().all(|forward| forward), "a mark never moves back");
    for shard in Shard::all() {
        assert_eq!(find_mark(&store, &key, shard).await, Some(at(63)), "{shard}");
    }
}

async fn many_record_many_tokens(store: Arc<dyn Store>) {
    let tokens: Vec<_> = (0..2_000).map(|n| TokenRecord { id: id_at(n, at(0), None), ..token("a", n) }).collect();
    let tokens = Arc::new(tokens);
    at_once(&store, |store, worker| {
        let tokens = Arc::clone(&tokens);
        async move {
            for token in tokens.iter().skip(usize::try_from(worker).unwrap()).step_by(64) {
                store.record(&new(token, None)).await.unwrap();
                assert!(find_token(&store, &token.key()).await.is_some(), "a write that has returned is seen");
            }
        }
    })
    .await;
    for chunk in tokens.chunks(100) {
        let found =
            read(&store, RecordKeys { tokens: chunk.iter().map(TokenRecord::key).collect(), ..RecordKeys::default() }).await;
        assert!(chunk.iter().all(|token| found.tokens.get(&token.key()) == Some(token)));
    }
    let mut listed = HashSet::new();
    let mut query = TokenQuery { limit: 1_000, ..TokenQuery::default() };
    loop {
        let page = store.list(&org_id("a"), &query).await.unwrap();
        listed.extend(page.tokens.iter().map(|token| token.id));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!(listed.len(), 2_000);
    assert!(find_token(&store, &token_key("b", 1)).await.is_none());
}

async fn an_alias_goes_to_one_of_many_clients(store: Arc<dyn Store>) {
    put_org(&*store, &org("a", &[]), &NO_ASSERTIONS).await;
    let outcomes = at_once(&store, |store, n| async move { store.put_client(&client("a", n + 1, Some("shop"))).await.unwrap() });
    let outcomes = outcomes.await;
    assert_eq!(outcomes.iter().filter(|put| **put == Put::Created).count(), 1, "exactly one wins");
    assert_eq!(outcomes.iter().filter(|put| **put == Put::Taken).count(), 63);
    let there = join_all((1..=WRITERS).map(|n| {
        let store = Arc::clone(&store);
        async move { store.client(&org_id("a"), client_id(n)).await.unwrap() }
    }));
    assert_eq!(there.await.into_iter().flatten().count(), 1);
}

async fn one_of_many_creates_an_org(store: Arc<dyn Store>) {
    put_org(&*store, &org("r", &[]), &NO_ASSERTIONS).await;
    let create = async |store: &dyn Store, n: u64| {
        let org = Org { name: Some(n.to_string()), ..org("a", &["r"]) };
        store.put_org(None, &org, Some(&of_issuer(n))).await.unwrap()
    };
    let outcomes = at_once(&store, |store, n| async move { create(&*store, n).await }).await;
    assert_eq!(outcomes.iter().filter(|put| **put == Put::Created).count(), 1, "exactly one wins");
    assert_eq!(outcomes.iter().filter(|put| **put == Put::Taken).count(), 63, "nobody writes over the winner's");
    is_of_one_write(&store).await;
}

async fn one_of_many_replaces_an_org_as_seen(store: Arc<dyn Store>) {
    put_org(&*store, &org("a", &[]), &NO_ASSERTIONS).await;
    let outcomes = at_once(&store, |store, n| async move {
        let seen = org("a", &[]);
        let new = Org { name: Some(n.to_string()), ..seen.clone() };
        store.put_org(Some(&seen), &new, Some(&of_issuer(n))).await.unwrap()
    });
    let outcomes = outcomes.await;
    assert_eq!(outcomes.iter().filter(|put| **put == Put::Replaced).count(), 1, "exactly one wins");
    assert_eq!(outcomes.iter().filter(|put| **put == Put::Taken).count(), 63, "nobody writes over the winner's");
    is_of_one_write(&store).await;
}

/// Of a change of the settings and a new secret, made at once from the same sight, one is done, and the other undoes nothing of it.
async fn a_new_secret_and_new_settings_of_an_org_undo_nothing_of_each_other(store: Arc<dyn Store>) {
    for n in 0..16 {
        let seen = org(&format!("o{n}"), &[]);
        put_org(&*store, &seen, &of_issuer(0)).await;
        let renamed = Org { name: Some("1".to_owned()), ..seen.clone() };
        let with_secret = Org { secrets: vec![digest(1)], ..seen.clone() };
        let (put, refresh) =
            tokio::join!(async { store.put_org(Some(&seen), &renamed, Some(&of_issuer(1))).await.unwrap() }, async {
                store.put_org(Some(&seen), &with_secret, None).await.unwrap()
            },);
        let stored = (store.org(&seen.id).await.unwrap().unwrap(), find_assertions(&store, &seen.id).await);
        match (put, refresh) {
            (Put::Replaced, Put::Taken) => assert_eq!(stored, (renamed, of_issuer(1))),
            (Put::Taken, Put::Replaced) => assert_eq!(stored, (with_secret, of_issuer(0)), "the settings stay"),
            other => panic!("{other:?}"),
        }
    }
}

/// Asserts that org `a` and its settings for assertions are of the same writer.
async fn is_of_one_write(store: &Arc<dyn Store>) {
    let last = store.org(&org_id("a")).await.unwrap().unwrap().name.unwrap().parse().unwrap();
    assert_eq!(find_assertions(store, &org_id("a")).await, of_issuer(last));
}

fn of_issuer(n: u64) -> AssertionSettings {
    let mut settings = assertions();
    settings.assertion_issuers.truncate(1);
    settings.assertion_issuers[0].issuer = n.to_string();
    settings
}

async fn one_of_many_swaps_a_member(store: Arc<dyn Store>) {
    put_org(&*store, &org("a", &[]), &NO_ASSERTIONS).await;
    let mut seen = None;
    for _ in 0..2 {
        let outcomes = at_once(&store, |store, n| {
            let member = Member { updated_at: at(i64::try_from(n).unwrap() + 1), ..rich_member("a", "ann") };
            let swap = MemberSwap { key: member.key(), seen: seen.clone(), member: Some(member.clone()), witness: None };
            async move { (member, store.swap_member(&swap).await.unwrap()) }
        });
        let (won, lost): (Vec<_>, Vec<_>) = outcomes.await.into_iter().partition(|(_, outcome)| *outcome == Replaced::Done);
        assert_eq!(won.len(), 1, "exactly one wins");
        assert!(lost.iter().all(|(_, outcome)| *outcome == Replaced::Outdated));
        seen = store.member(&won[0].0.key()).await.unwrap();
        assert_eq!(seen.as_ref(), Some(&won[0].0), "it is the winner's");
        seen = seen.map(|member| Member { updated_at: at(9_000), ..member });
        store.put_member(seen.as_ref().unwrap()).await.unwrap();
    }
}

async fn one_of_two_that_witness_each_other_goes(store: Arc<dyn Store>) {
    for n in 0..16 {
        let name = format!("o{n}");
        put_org(&*store, &org(&name, &[]), &NO_ASSERTIONS).await;
        let both = ["ann", "bob"].map(|subject| member(&name, subject));
        for one in &both {
            store.put_member(one).await.unwrap();
        }
        // One is deleted, the other disabled: which of them happens is left to chance.
        let swap = |one: &Member, witness: &Member, member: Option<Member>| {
            let swap = MemberSwap { key: one.key(), seen: Some(one.clone()), member, witness: Some(witness.clone()) };
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.swap_member(&swap).await.unwrap() })
        };
        let [ann, bob] = &both;
        let (deleted, disabled) = (swap(ann, bob, None), swap(bob, ann, Some(Member { enabled: false, ..bob.clone() })));
        let outcomes = [deleted.await.unwrap(), disabled.await.unwrap()];
        let there = [store.member(&ann.key()).await.unwrap(), store.member(&bob.key()).await.unwrap()];
        match outcomes {
            [Replaced::Done, Replaced::Outdated] => assert_eq!(there, [None, Some(bob.clone())]),
            [Replaced::Outdated, Replaced::Done] => assert!(there[0].is_some() && there[1] != Some(bob.clone())),
            other => panic!("{other:?}"),
        }
    }
}

async fn no_member_outlives_its_org(store: Arc<dyn Store>) {
    for n in 0..16 {
        let name = format!("o{n}");
        put_org(&*store, &org(&name, &[]), &NO_ASSERTIONS).await;
        let (putter, deleter) = (Arc::clone(&store), Arc::clone(&store));
        let (joins, goes) = (member(&name, "ann"), org_id(&name));
        let put = tokio::spawn(async move { putter.put_member(&joins).await.unwrap() });
        let delete = tokio::spawn(async move { deleter.delete_org(&goes).await.unwrap() });
        let outcome = (put.await.unwrap(), delete.await.unwrap());
        let there = store.org(&org_id(&name)).await.unwrap().is_some();
        let has_member = store.member(&super::samples::member_key(&name, "ann")).await.unwrap().is_some();
        match outcome {
            (Put::Created, Delete::InUse) => assert!(there && has_member),
            (Put::Dangling, Delete::Done) => assert!(!there && !has_member),
            other => panic!("{other:?}"),
        }
    }
}

/// Asserts that exactly one of many writers has this outcome, and returns that one and all the others.
pub(super) fn is_won_by_one<W, T: PartialEq>(outcomes: Vec<(W, T)>, winning: &T) -> (W, Vec<(W, T)>) {
    let (mut won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(|(_, outcome)| outcome == winning);
    assert_eq!(won.len(), 1, "exactly one wins");
    (won.remove(0).0, lost)
}

/// Lets all writers begin at the same time, each in a task of its own.
pub(super) async fn at_once<T, F>(store: &Arc<dyn Store>, run: impl Fn(Arc<dyn Store>, u64) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(tokio::sync::Barrier::new(usize::try_from(WRITERS).unwrap()));
    let tasks = (0..WRITERS).map(|n| {
        let (start, one) = (Arc::clone(&start), run(Arc::clone(store), n));
        tokio::spawn(async move {
            start.wait().await;
            one.await
        })
    });
    let tasks: Vec<_> = tasks.collect();
    join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}
