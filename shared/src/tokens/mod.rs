//! The use cases of tokens: mint, issue, refresh, revoke, introspect, list, update, and batches of them.

pub mod batch;
mod custom_value;
pub mod introspect;
pub mod issue;
pub mod list;
pub mod lookup;
pub mod mint;
pub mod opaque;
pub mod refresh;
pub mod revoke;
pub mod update;
