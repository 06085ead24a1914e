//! HTTP: endpoints, routes, credentials, and how errors are spelled in each dialect. The only room that knows status codes.

mod authlete;
mod conditional;
mod endpoint;
mod oauth;
#[cfg(feature = "openapi")]
pub mod openapi;
mod render;
mod reply;
mod request;
mod service;
#[cfg(not(feature = "openapi"))]
mod undescribed;

pub use authlete::{BatchPath, ClientPath, CodePath, IdentifierPath, JsonList, Lenient, ServiceCredentials};
pub use conditional::IfNoneMatch;
pub use endpoint::{Dialect, Endpoint, Entry, Route};
pub use oauth::{AskerCredentials, RegistrationAccess, TokenNamed, TokenShown, WithNonce};
#[cfg(feature = "openapi")]
pub use openapi::Describe;
pub(crate) use render::explain;
pub use render::{fault, refusal, understood};
pub use reply::{Answer, Done, IntoReply, NoContent, PlainText, Published, Reply, SignedJson, Written};
pub use request::{
    Bearer, ClientCertificate, FromRequest, Json, MaybeBearer, MaybeJson, MemberPath, OrgPath, PathBehind, Query, Request,
};
pub use service::{MOST_BODY, RequestId, Service};
#[cfg(not(feature = "openapi"))]
pub use undescribed::Describe;
