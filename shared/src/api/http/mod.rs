//! HTTP as all dialects use it: endpoints, routes, requests, replies, credentials, and how errors become answers.
//!
//! [`Service`] routes a request to an [`Endpoint`], whose input is decoded by [`FromRequest`] and whose output by [`IntoReply`]
//! becomes a [`Reply`]. Only `api` knows status codes. How a dialect spells errors isn't here but in `errors.rs` of its folder;
//! `dialect.rs` has the rules that each of them states.
//!
//! To add a kind of input or output, implement [`FromRequest`] or [`IntoReply`], and `Describe` in `openapi/describe.rs`.

pub(in crate::api) mod authorization;
pub(in crate::api) mod challenge;
mod conditional;
pub(in crate::api) mod dialect;
mod endpoint;
pub(in crate::api) mod media_type;
pub(in crate::api) mod render;
mod reply;
mod request;
mod route;
mod service;

pub use conditional::{IfNoneMatch, Preconditions};
pub use endpoint::{Endpoint, Entry};
pub(crate) use render::explain;
pub use render::{fault, refusal, split_refusal};
pub use reply::{
    Answer, Created, Done, IntoReply, NoContent, PlainText, Published, PublishedStatusList, Reply, SignedJson, Tagged, Written,
};
pub use request::{
    Bearer, CallerAddress, ClientCertificate, FromRequest, Json, MaybeBearer, MaybeJson, MemberPath, MergePatch, OrgClientPath,
    OrgCredentials, OrgPath, PathBehind, Query, Request, SecretPath,
};
pub use route::{Dialect, MAX_BODY_BYTES, Route};
pub(super) use service::within;
pub use service::{Forwarding, Invocation, Observe, RequestId, Service, UnreadableBody};
