//! Who is calling: bearers, services, clients, their assertions and proofs, and the guard against replays.

pub mod assertion;
pub mod authorizer;
pub mod bearer;
pub mod client;
pub mod dpop;
pub(crate) mod presented;
pub mod replay;
pub(crate) mod secret;
pub mod service;
