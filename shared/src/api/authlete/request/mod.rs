//! What the SDKs send.

mod batch;
mod create;
mod fields;
mod introspect;
mod revoke;
mod service;
mod token;
mod update;

pub use batch::{BatchQuery, at, batch};
pub use create::{CreateToken, CreateTokenRequest};
pub use introspect::{Introspect, IntrospectStandard, Introspected};
pub use revoke::{ListTokens, Revocation, RevokeParameters, RevokeToken, Revoked, range};
pub use service::{Configuration, KeySetQuery};
pub use token::{FailReason, FailToken, IssueToken, ProcessToken};
pub use update::UpdateToken;
