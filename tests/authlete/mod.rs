//! The Authlete dialect, operation by operation.

mod actions;
mod at_rest;
mod batch;
mod clients;
mod create;
mod edge;
mod exchange;
mod faults;
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
mod tenant;
mod tenants;
mod token;
mod update;
mod values;
