//! The authorization endpoint, and the hand-over of a person to the login application of an org: RFC 6749 section 4.1.
//!
//! Jeton knows no passwords and shows no page. [`begin`] checks what a client asks for, keeps it as an
//! [`Authorization`](crate::domain::Authorization) and sends the browser to the org's login application. That reads the request and
//! accepts or denies it, in [`hand_over`]. [`resume`] takes the browser back, and gives the code to the browser alone in which the
//! request was begun. The code is redeemed at the [`token_endpoint`](super::token_endpoint).
//!
//! A client may send its request to us first, in [`push`], so that the browser brings no more than a reference to it.
//!
//! A [`device`] asks without a browser: somebody [finds](find) what it asks for by the code that it shows, and decides it in the same way.
//!
//! To add a parameter, read it in `request`, and add it to [`AuthorizationRequest`](crate::domain::AuthorizationRequest).

mod code;
pub mod device;
mod endpoint;
pub mod find;
pub mod hand_over;
pub mod push;
mod request;
mod request_uri;
mod user_code;

pub use code::AuthorizationCode;
pub use endpoint::{AuthorizationReply, BrowserSecret, ClientAnswer, Resumption, begin, resume};
pub(super) use endpoint::{log_failure, registered_redirect_uri, with_query};
pub(super) use request::{Asker, BackchannelForm};
pub use request::{AuthorizationForm, HintType, PersonHint};
pub(super) use request_uri::RequestUri;
pub use user_code::UserCode;

/// The path of the authorization endpoint.
pub const PATH: &str = "/oauth2/authorize";

/// The path to which a login application sends the browser back.
pub const CONTINUE_PATH: &str = "/oauth2/authorize/continue";
