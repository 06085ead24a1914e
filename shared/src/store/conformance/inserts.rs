//! Recording tokens together with what tells where they are, and on tickets.

use std::sync::Arc;

use super::cases;
use super::samples::{
    alias, alias_key, at, family, find_alias, find_family, find_ticket, find_token, id, new, read, rich_family, rich_token,
    spending, subject, ticket, ticket_key, token, token_key,
};
use crate::domain::{Aliased, TokenRecord};
use crate::store::{InsertOutcome, NewToken, RecordKeys, Store, TicketConsumption, TokenUpdate, UpdateOutcome, ValueKind};

cases![
    a_ticket_is_good_until_its_last_moment_and_no_longer,
    a_ticket_that_is_not_good_records_nothing,
    a_token_is_found_by_its_value,
    a_value_is_one_tokens_in_its_org,
    a_value_that_is_taken_records_nothing,
    an_amended_token_is_left_as_it_is_when_it_is_recorded_again,
    everything_of_a_family_is_read_back,
    one_value_for_both_records_nothing,
    the_same_recording_again_is_a_success,
    what_is_missing_of_a_recording_is_added,
];

/// The token 1 and the family 2 with values of their own, on the ticket 3.
fn whole(org: &str) -> NewToken {
    let (token, family) = (rich_token(org, 1), rich_family(org, 2));
    let aliases = vec![alias(org, 31, Aliased::Token(token.id)), alias(org, 32, Aliased::Family(family.id))];
    let ticket = Some(spending(ticket_key(org, 3), token.id));
    NewToken { aliases, ticket, ..new(&token, Some(&family)) }
}

async fn everything_of_a_family_is_read_back(store: Arc<dyn Store>) {
    let family = rich_family("a", 2);
    store.record(&new(&rich_token("a", 1), Some(&family))).await.unwrap();
    assert_eq!(find_family(&store, &family.key()).await, Some(family));
}

async fn a_token_is_found_by_its_value(store: Arc<dyn Store>) {
    store.put_ticket(&ticket("a", 3)).await.unwrap();
    let whole = whole("a");
    assert_eq!(find_alias(&store, &alias_key("a", 31)).await, None);
    assert_eq!(store.record(&whole).await.unwrap(), InsertOutcome::Done);
    let wanted = RecordKeys {
        tokens: vec![token_key("a", 1)],
        families: vec![family("a", 2).key()],
        aliases: [31, 32, 33].map(|n| alias_key("a", n)).to_vec(),
        tickets: vec![ticket_key("a", 3), ticket_key("a", 4)],
        ..RecordKeys::default()
    };
    let found = read(&store, wanted).await;
    assert_eq!(found.tokens.get(&token_key("a", 1)), Some(&whole.token));
    assert_eq!(found.families.get(&family("a", 2).key()), whole.family.as_deref());
    assert_eq!(found.aliases.len(), 2);
    assert_eq!(found.aliases.get(&alias_key("a", 31)), Some(&Aliased::Token(id(1))));
    assert_eq!(found.aliases.get(&alias_key("a", 32)), Some(&Aliased::Family(id(2))));
    assert_eq!(found.tickets.len(), 1);
    assert_eq!(found.tickets[&ticket_key("a", 3)].spent_by, Some(id(1)), "in the token's name");
}

async fn the_same_recording_again_is_a_success(store: Arc<dyn Store>) {
    store.put_ticket(&ticket("a", 3)).await.unwrap();
    for _ in 0..3 {
        assert_eq!(store.record(&whole("a")).await.unwrap(), InsertOutcome::Done);
    }
    let late = TicketConsumption { now: ticket("a", 3).expires_at, ..whole("a").ticket.unwrap() };
    let late = NewToken { ticket: Some(late), ..whole("a") };
    assert_eq!(store.record(&late).await.unwrap(), InsertOutcome::Done, "its ticket was good when it was spent");
}

async fn what_is_missing_of_a_recording_is_added(store: Arc<dyn Store>) {
    store.put_ticket(&ticket("a", 3)).await.unwrap();
    let whole = whole("a");
    store.record(&new(&whole.token, None)).await.unwrap();
    assert_eq!(store.record(&whole).await.unwrap(), InsertOutcome::Done);
    assert_eq!(find_family(&store, &family("a", 2).key()).await, whole.family.as_deref().cloned());
    assert_eq!(find_alias(&store, &alias_key("a", 31)).await, Some(Aliased::Token(id(1))));
    assert_eq!(find_alias(&store, &alias_key("a", 32)).await, Some(Aliased::Family(id(2))));
    assert_eq!(find_ticket(&store, &ticket_key("a", 3)).await.unwrap().spent_by, Some(id(1)));
}

async fn an_amended_token_is_left_as_it_is_when_it_is_recorded_again(store: Arc<dyn Store>) {
    store.put_ticket(&ticket("a", 3)).await.unwrap();
    let whole = whole("a");
    store.record(&whole).await.unwrap();
    let mut amended = TokenRecord { value: None, revision: whole.token.revision + 1, ..whole.token.clone() };
    amended.scopes = Vec::new();
    let amendment = TokenUpdate { token: Some(amended.clone()), family: None, alias: None };
    assert_eq!(store.update_token(&amendment).await.unwrap(), UpdateOutcome::Done);
    assert_eq!(store.record(&whole).await.unwrap(), InsertOutcome::Done);
    assert_eq!(find_token(&store, &amended.key()).await, Some(amended.clone()));
    let mut other = whole.token;
    other.subject = subject("bob");
    assert!(store.record(&new(&other, None)).await.is_err(), "its id is still taken");
    assert_eq!(find_token(&store, &amended.key()).await, Some(amended));
}

async fn a_value_that_is_taken_records_nothing(store: Arc<dyn Store>) {
    store.put_ticket(&ticket("a", 3)).await.unwrap();
    for (n, target, value) in [(31, Aliased::Token(id(51)), ValueKind::Access), (32, Aliased::Token(id(52)), ValueKind::Refresh)]
    {
        let Aliased::Token(holder) = target else { panic!() };
        let holder = TokenRecord { id: holder, ..token("a", 50) };
        let taking = NewToken { aliases: vec![alias("a", n, target)], ..new(&holder, None) };
        assert_eq!(store.record(&taking).await.unwrap(), InsertOutcome::Done);
        // Whatever else is free.
        let mut refused = whole("a");
        refused.aliases.retain(|alias| alias.key == alias_key("a", n) || value == ValueKind::Access);
        assert_eq!(store.record(&refused).await.unwrap(), InsertOutcome::ValueTaken(value));
        nothing_is_recorded(&store).await;
        assert_eq!(find_ticket(&store, &ticket_key("a", 3)).await.unwrap().spent_by, None);
        assert_eq!(find_alias(&store, &alias_key("a", n)).await, Some(target), "it stays the other's");
    }
}

async fn one_value_for_both_records_nothing(store: Arc<dyn Store>) {
    store.put_ticket(&ticket("a", 3)).await.unwrap();
    let mut both = whole("a");
    both.aliases[1].key = both.aliases[0].key.clone();
    assert_eq!(store.record(&both).await.unwrap(), InsertOutcome::ValueTaken(ValueKind::Refresh));
    nothing_is_recorded(&store).await;
    assert_eq!(find_alias(&store, &alias_key("a", 31)).await, None);
}

async fn a_value_is_one_tokens_in_its_org(store: Arc<dyn Store>) {
    for org in ["a", "ab"] {
        let token = token(org, 1);
        let recording = NewToken { aliases: vec![alias(org, 31, Aliased::Token(token.id))], ..new(&token, None) };
        assert_eq!(store.record(&recording).await.unwrap(), InsertOutcome::Done, "{org}");
    }
    assert_eq!(find_alias(&store, &alias_key("a_", 31)).await, None);
}

async fn a_ticket_that_is_not_good_records_nothing(store: Arc<dyn Store>) {
    let refused = async |reason| {
        assert_eq!(store.record(&whole("a")).await.unwrap(), InsertOutcome::TicketSpent, "{reason}");
        nothing_is_recorded(&store).await;
        assert_eq!(find_alias(&store, &alias_key("a", 31)).await, None, "{reason}");
    };
    store.put_ticket(&ticket("b", 3)).await.unwrap();
    refused("another org's").await;
    assert_eq!(find_ticket(&store, &ticket_key("a", 3)).await, None, "recording makes no ticket");
    store.put_ticket(&ticket("a", 3)).await.unwrap();
    assert!(store.spend_ticket(&spending(ticket_key("a", 3), id(9))).await.unwrap());
    refused("spent in another name").await;
    assert_eq!(find_ticket(&store, &ticket_key("a", 3)).await.unwrap().spent_by, Some(id(9)), "it stays the other's");
    let taking = NewToken { aliases: vec![alias("a", 32, Aliased::Token(id(50)))], ..new(&token("a", 50), None) };
    store.record(&taking).await.unwrap();
    refused("before all that else is in the way").await;
}

async fn a_ticket_is_good_until_its_last_moment_and_no_longer(store: Arc<dyn Store>) {
    let ticket = ticket("a", 3);
    store.put_ticket(&ticket).await.unwrap();
    let at_moment = |now| NewToken { ticket: Some(TicketConsumption { now, ..whole("a").ticket.unwrap() }), ..whole("a") };
    for late in [ticket.expires_at, at(86_400_001)] {
        assert_eq!(store.record(&at_moment(late)).await.unwrap(), InsertOutcome::TicketSpent);
        nothing_is_recorded(&store).await;
    }
    assert_eq!(store.record(&at_moment(at(86_399_999))).await.unwrap(), InsertOutcome::Done);
}

async fn nothing_is_recorded(store: &Arc<dyn Store>) {
    assert_eq!(find_token(store, &token_key("a", 1)).await, None, "all or nothing");
    assert_eq!(find_family(store, &family("a", 2).key()).await, None, "all or nothing");
}
