//! The Authlete dialect, operation by operation.

mod actions;
mod at_rest;
mod batch;
mod clients;
mod create;
mod edge;
mod exchange;
mod introspect;
mod issue;
mod jwt;
mod list;
mod parallel;
mod proofs;
mod refresh;
mod revoke;
mod rules;
mod service;
mod standard;
pub(crate) mod tenant;
mod token;
mod update;
mod values;
