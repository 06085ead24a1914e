//! The Authlete dialect.

mod clients;
mod edge;
