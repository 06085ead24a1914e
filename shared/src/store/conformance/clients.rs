//! Clients that several change at once.

use std::sync::Arc;

use super::cases;
use super::samples::{at, client, client_id, org, org_id};
use crate::domain::Client;
use crate::store::{Put, Replaced, Store};

cases![only_a_client_that_is_as_seen_is_replaced];

async fn only_a_client_that_is_as_seen_is_replaced(store: Arc<dyn Store>) {
    store.put_org(&org("a", &[])).await.unwrap();
    let first = client("a", 1, Some("shop"));
    let replace = async |seen: &Client, new: &Client| store.replace_client(seen, new).await.unwrap();
    assert_eq!(replace(&first, &first).await, Replaced::Outdated, "it isn't there yet");
    store.put_client(&first).await.unwrap();
    store.put_client(&client("a", 2, Some("other"))).await.unwrap();
    let second = Client { enabled: false, updated_at: at(5), ..client("a", 1, Some("store")) };
    assert_eq!(replace(&first, &client("a", 1, Some("other"))).await, Replaced::Taken);
    assert_eq!(store.client(&org_id("a"), client_id(1)).await.unwrap(), Some(first.clone()), "nothing was written");
    assert_eq!(replace(&first, &second).await, Replaced::Done);
    assert_eq!(replace(&first, &second).await, Replaced::Done, "a repetition");
    assert_eq!(replace(&first, &client("a", 1, None)).await, Replaced::Outdated);
    assert_eq!(store.client(&org_id("a"), client_id(1)).await.unwrap(), Some(second.clone()), "nothing was written");
    assert_eq!(store.put_client(&client("a", 3, Some("shop"))).await.unwrap(), Put::Created, "its alias is free");
    let mut third = second.clone();
    third.settings.alias = None;
    assert_eq!(replace(&second, &third).await, Replaced::Done);
    let fourth = Client { enabled: true, ..third.clone() };
    assert_eq!(replace(&third, &fourth).await, Replaced::Done, "without an alias");
    store.delete_client(&org_id("a"), client_id(1)).await.unwrap();
    assert_eq!(replace(&fourth, &third).await, Replaced::Outdated);
    assert_eq!(store.client(&org_id("a"), client_id(1)).await.unwrap(), None, "it doesn't come back");
}
