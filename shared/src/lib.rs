//! Jeton's common crate, in rooms. A room imports only from rooms above it in this table; `tests/layout` holds it to that.
//!
//! | room | what lives there |
//! |---|---|
//! | [`domain`] | the words: token, scope, member, org, client, family, clock, entropy. No JSON, no HTTP, no database |
//! | [`telemetry`] | one line of log for each request |
//! | [`encoding`] | strict JSON, forms, base64, helpers for fields |
//! | [`jose`] | JWS, JWK, thumbprints, certificates, the one strict verifier. Signs nothing |
//! | [`policy`] | who may be issued what: pure functions, the only makers of a `Grant` |
//! | [`store`] | the port with its contract, the codec, the conformance suite, the stores in SQLite and DynamoDB |
//! | [`keys`] | the key ring, the signers (local, KMS), the key sets of others, and where signals may be sent |
//! | [`platform`] | capabilities and how they are assembled, configuration, AWS, the queue, events, the data directory |
//! | [`auth`] | who is calling: bearers, services, clients, their assertions and proofs, the guard against replays |
//! | [`tokens`] | the use cases of tokens: mint, issue, refresh, revoke, introspect, list, update, batch, lookup, status lists, signals |
//! | [`admin`] | the use cases of administrators: orgs and members, clients, bootstrap, key rotation |
//! | [`oauth`] | the authorization endpoint, the token endpoint and its grants, ID tokens, registration of clients, event streams |
//! | [`api`] | what callers see: HTTP, Lambda, the OpenAPI document, and a folder for each dialect |
//!
//! A request passes four hops: edge, endpoint, use case, port.

pub mod admin;
pub mod api;
pub mod auth;
pub mod domain;
pub mod encoding;
pub mod jose;
pub mod keys;
pub mod oauth;
pub mod platform;
pub mod policy;
pub mod store;
pub mod telemetry;
pub mod tokens;
