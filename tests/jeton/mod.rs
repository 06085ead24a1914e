//! Jeton's own API: the directory, the key set, health.

mod algorithms;
mod api_keys;
pub(crate) mod audit;
pub(crate) mod authorizer;
mod clients;
pub(crate) mod leaked_keys;
mod members;
mod orgs;
mod public;
mod revocations;
mod signals;
mod tokens;
