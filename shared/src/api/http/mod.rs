//! HTTP in common to all dialects: endpoints, routes, requests, replies, credentials and the rendering of errors. Only `api` knows
//! status codes.

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

pub use conditional::IfNoneMatch;
pub use endpoint::{Endpoint, Entry};
pub(crate) use render::explain;
pub use render::{fault, refusal, split_refusal};
pub use reply::{Answer, Done, IntoReply, NoContent, PlainText, Published, Reply, SignedJson, Written};
pub use request::{
    Bearer, ClientCertificate, FromRequest, Json, MaybeBearer, MaybeJson, MemberPath, OrgPath, PathBehind, Query, Request,
};
pub use route::{Dialect, Route};
pub use service::{MAX_BODY_BYTES, RequestId, Service};
