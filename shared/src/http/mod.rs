//! HTTP: endpoints, routes, credentials, and how errors are spelled in each dialect. The only room that knows status codes.

mod authlete;
mod endpoint;
mod oauth;
mod render;
mod reply;
mod request;
mod service;

pub use authlete::{BatchPath, ClientPath, CodePath, IdentifierPath, JsonList, Lenient, ServiceCredentials};
pub use endpoint::{Dialect, Endpoint, Entry, Route};
pub use oauth::{AskerCredentials, RegistrationAccess, TokenNamed, TokenShown};
pub(crate) use render::explain;
pub use render::{fault, refusal, understood};
pub use reply::{Answer, Done, IntoReply, NoContent, PlainText, Published, Reply, SignedJson, Written};
pub use request::{Bearer, ClientCertificate, FromRequest, Json, MaybeBearer, MaybeJson, MemberPath, OrgPath, Query, Request};
pub use service::{MOST_BODY, RequestId, Service};
