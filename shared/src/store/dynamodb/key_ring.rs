//! The signing keys: one item, which is only replaced by the one that follows it.

use async_trait::async_trait;

use super::change::{Change, Check};
use super::items::{self, number, text};
use super::keys::Key;
use super::{DynamoStore, Item};
use crate::domain::{Fault, KeyRing};
use crate::store::{ReadKeys, WriteKeys, codec};

#[async_trait]
impl ReadKeys for DynamoStore {
    async fn key_ring(&self) -> Result<Option<KeyRing>, Fault> {
        let item = self.get("reading the key ring", &self.tables.directory, Key::key_ring()).await?;
        item.as_ref().map(items::key_ring).transpose()
    }
}

#[async_trait]
impl WriteKeys for DynamoStore {
    async fn put_key_ring(&self, ring: &KeyRing) -> Result<bool, Fault> {
        let (table, item) = (&self.tables.directory, item(ring)?);
        let put = match ring.version {
            1 => Change::insert(table, item),
            version => Change::put_if(table, item, "g = :before").with("before", number(version.saturating_sub(1))),
        };
        match self.change("writing the key ring", put).await? {
            Check::Passed => Ok(true),
            // What an earlier try has written, whose answer was lost, is our own.
            Check::Failed(there) => Ok(there.as_ref().map(items::key_ring).transpose()?.as_ref() == Some(ring)),
        }
    }
}

fn item(ring: &KeyRing) -> Result<Item, Fault> {
    let mut item = Key::key_ring().into_item();
    item.insert("b".to_owned(), text(codec::encode_key_ring(ring)?));
    item.insert("g".to_owned(), number(ring.version));
    Ok(item)
}
