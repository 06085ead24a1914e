//! The copies of orgs and clients, from which requests read them.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Item;
use super::super::keys::Key;
use super::Emulator;
use crate::platform::aws::testing::Call;

mod clients;
mod orgs;

impl Emulator {
    /// What is stored under a key of the directory.
    async fn directory_item(&self, key: Key) -> Option<Item> {
        let get = self.client.get_item().table_name(&self.tables.directory).set_key(Some(key.into_item()));
        get.send().await.unwrap().item
    }

    /// Deletes an item of the directory, as somebody does by hand, or DynamoDB when it has expired.
    async fn delete_directory_item(&self, key: Key) {
        let delete = self.client.delete_item().table_name(&self.tables.directory).set_key(Some(key.into_item()));
        delete.send().await.unwrap();
    }

    /// The keys that a batch read of the directory asks for: partition key and sort key.
    fn asked(&self, call: &Call) -> Vec<[String; 2]> {
        let keys = call.input["RequestItems"][&self.tables.directory]["Keys"].as_array().unwrap();
        keys.iter().map(|key| ["pk", "sk"].map(|name| key[name]["S"].as_str().unwrap().to_owned())).collect()
    }

    /// The keys that the one transaction writes that there was since the last calls were taken, by what it does to them.
    fn only_transaction(&self) -> BTreeMap<String, BTreeSet<String>> {
        let calls = self.wire.take_calls();
        let mut writes = calls.iter().filter(|call| call.operation != "GetItem");
        let (Some(only), None) = (writes.next(), writes.next()) else { panic!("{calls:#?}") };
        let mut written: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (what, write) in only.input["TransactItems"].as_array().unwrap().iter().flat_map(|write| write.as_object().unwrap()) {
            let key = if write["Item"].is_null() { &write["Key"] } else { &write["Item"] };
            let text = |name: &str| key[name]["S"].as_str().map(str::to_owned).unwrap();
            written.entry(what.clone()).or_default().insert(format!("{} {}", text("pk"), text("sk")));
        }
        written
    }
}

/// What an item and its copies share.
fn body_and_creation(item: &Item) -> Item {
    Item::from(["b", "t"].map(|name| (name.to_owned(), item[name].clone())))
}

fn without_key(mut item: Item) -> Item {
    item.retain(|name, _| name != "pk" && name != "sk");
    item
}
