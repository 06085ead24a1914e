//! The Authlete dialect.

mod clients;
mod proofs;
