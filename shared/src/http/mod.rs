//! HTTP: endpoints, routes, credentials, and how errors are spelled in each dialect. The only room that knows status codes.

mod authlete;
mod conditional;
mod endpoint;
mod render;
mod reply;
mod request;
mod service;

pub use authlete::{BatchPath, ClientPath, CodePath, IdentifierPath, JsonList, Lenient, ServiceCredentials};
pub use conditional::IfNoneMatch;
pub use endpoint::{Dialect, Endpoint, Entry, Route};
pub(crate) use render::explain;
pub use render::{fault, refusal, understood};
pub use reply::{Answer, IntoReply, NoContent, PlainText, Published, Reply, Written};
pub use request::{Bearer, FromRequest, Json, MaybeBearer, MaybeJson, MemberPath, OrgPath, PathBehind, Query, Request};
pub use service::{MOST_BODY, RequestId, Service};
