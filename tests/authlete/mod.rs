//! The Authlete dialect.

mod clients;
