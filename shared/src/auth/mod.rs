//! Who is calling: members by their tokens, services and clients by their credentials, and the proofs that they add.
//!
//! [`api_key`] finds the API keys of members, [`bearer`] makes a [`Caller`](crate::domain::Caller) of a member's token or key, [`service`] a [`Service`](crate::domain::Service) of
//! an org's secret, and [`client`] authenticates OAuth clients. [`assertion`] and [`dpop`] verify what clients bring along, [`secret_scanning`] what scanners of secrets report;
//! [`replay`] consumes what is good only once, as the last thing before an effect. Whether a caller may do what it asks for is
//! not decided here but in [`policy`](crate::policy).
//!
//! To add a way to authenticate, give it a file whose result only this room can construct.

pub mod api_key;
pub mod assertion;
pub mod bearer;
pub mod client;
pub mod dpop;
pub(crate) mod presented;
pub mod replay;
pub(crate) mod sealed;
pub(crate) mod secret;
pub mod secret_scanning;
pub mod service;
