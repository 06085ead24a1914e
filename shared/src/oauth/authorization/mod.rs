//! The authorization endpoint, and the hand-over of a person to the login application of an org: RFC 6749 section 4.1.
//!
//! Jeton knows no passwords and shows no page. [`begin`] checks what a client asks for, keeps it as an
//! [`Authorization`](crate::domain::Authorization) and sends the browser to the org's login application. That reads the request and
//! accepts or denies it, in [`hand_over`]. [`resume`] takes the browser back, and gives the code to the browser alone in which the
//! request was begun. The code is redeemed at the [`token_endpoint`](super::token_endpoint).
//!
//! To add a parameter, read it in `request`, and add it to [`AuthorizationRequest`](crate::domain::AuthorizationRequest).

mod code;
mod endpoint;
pub mod hand_over;
mod request;

pub use code::AuthorizationCode;
pub use endpoint::{AuthorizationReply, BrowserSecret, ClientAnswer, Resumption, begin, resume};
pub use request::AuthorizationForm;

/// The path of the authorization endpoint.
pub const PATH: &str = "/oauth2/authorize";

/// The path to which a login application sends the browser back.
pub const CONTINUE_PATH: &str = "/oauth2/authorize/continue";
