//! The Agilicus Tokens API, operation by operation.

mod bulk_revoke;
mod create;
mod introspect;
mod lineage;
mod list;
mod refresh;
mod reissue;
mod revoke;
mod validate;
