//! The use cases of administrators: orgs, members, clients, the first administrator, and key rotation.

pub mod bootstrap;
pub mod clients;
pub mod orgs_and_members;
pub mod rotation;
