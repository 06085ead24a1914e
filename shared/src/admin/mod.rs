//! The use cases of administrators: orgs and members, clients, API keys, the first administrator, and the rotation of keys.
//!
//! Each function takes its capability first, authenticates the caller, and then reads or writes the directory. What a member may
//! hand on is decided in [`policy`](crate::policy), how an org or a client is stored in [`store`](crate::store). Clients that
//! register themselves are in [`oauth::registration`](crate::oauth::registration).
//!
//! To add a setting of an org, see ARCHITECTURE.md: most of it follows from one table in `domain/org.rs`. To add an operation,
//! write its function here and its endpoint in `functions/jeton/`.

pub mod api_keys;
pub mod bootstrap;
pub mod clients;
pub mod issuers;
pub mod leaked_api_keys;
pub(crate) mod org_size;
pub mod org_tree;
pub mod orgs_and_members;
pub mod rotation;
