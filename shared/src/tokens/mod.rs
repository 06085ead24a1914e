//! The use cases of tokens: mint, issue, refresh, revoke, introspect, list, update, batches of them, and the signals of what has ended.
//!
//! Each file is one verb over ports. It reads what decides in one consistent read, asks [`policy`](crate::policy), and returns
//! nothing before everything is committed. [`lookup`] finds the tokens of clients by what was presented. Who is calling is found
//! out in [`auth`](crate::auth), and the grants of the token endpoint are in [`oauth`](crate::oauth).
//!
//! To add a use case, write its file, with a capability that has the ports that it needs and no more.

pub mod authorize;
pub mod batch;
mod custom_value;
pub mod introspect;
pub mod issue;
pub mod list;
pub mod lookup;
pub mod mint;
pub mod opaque;
mod pages;
pub mod refresh;
pub mod revoke;
pub mod revoke_made;
pub mod signals;
pub mod status_list;
pub mod update;
