//! Jeton's own API: the directory, the key set, health.

mod algorithms;
mod audit;
mod authorizer;
mod members;
mod orgs;
mod public;
