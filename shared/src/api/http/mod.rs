//! HTTP: endpoints, routes, credentials, and how errors are spelled in each dialect. The only room that knows status codes.

mod conditional;
mod endpoint;
pub(in crate::api) mod render;
mod reply;
pub(in crate::api) mod request;
mod service;

pub use conditional::IfNoneMatch;
pub use endpoint::{Dialect, Endpoint, Entry, Route};
pub(crate) use render::explain;
pub use render::{fault, refusal, split_refusal};
pub use reply::{Answer, Done, IntoReply, NoContent, PlainText, Published, Reply, SignedJson, Written};
pub use request::{
    Bearer, ClientCertificate, FromRequest, Json, MaybeBearer, MaybeJson, MemberPath, OrgPath, PathBehind, Query, Request,
};
pub use service::{MAX_BODY_BYTES, RequestId, Service};
