//! Logouts that clients ask for: OpenID Connect RP-Initiated Logout 1.0.
//!
//! The session is the login application's. [`begin`] checks what a client asks for, keeps it as a [`Logout`](crate::domain::Logout) and sends
//! the browser to the org's `logout_url`. The login application reads it, asks the person where nothing confirms who asks, ends its own
//! session, and says so, in [`hand_over`]: then the tokens of the session end, and the person can go back to the client.

mod endpoint;
pub mod hand_over;

pub use endpoint::{LogoutForm, LogoutReply, begin};

/// The path of the logout endpoint.
pub const PATH: &str = "/oauth2/logout";
