//! The Authlete dialect.

mod clients;
mod edge;
mod proofs;
