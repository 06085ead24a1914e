//! Jeton's common crate. A request passes four hops: edge → endpoint → use case → port.
//!
//! | room | what lives there | may know |
//! |---|---|---|
//! | [`domain`] | the words of the service | nothing |
//! | [`policy`] | who may mint what | domain |
//! | use cases: [`mint`], [`introspect`] … | one verb, one file, over ports | domain, policy, ports |
//! | [`jose`] | compact JWS, JWK, thumbprints, the strict verifier | domain |
//! | [`store`] | the port and its adapters | domain |
//! | [`signer`] | the port and its adapters | domain, jose |
//! | [`keys`] | the keys in use, as the clock turns the ring | domain, jose, ports |
//! | [`key_sets`] | the keys of others by URL: the port that reads them, and its adapter | domain, jose |
//! | [`events`] | the port that publishes them, and its adapters | domain |
//! | [`wire`] | the exact bytes of the dialects | domain |
//! | `aws` | clients of AWS, and how they are set up | domain, config |
//! | [`http`] | endpoints, routes, credentials, rendering | all but adapters |
//! | [`lambda`] | what AWS Lambda invokes: its HTTP events, and operations with events of their own | all but adapters |

pub mod amend;
pub mod assertion;
pub mod audit;
pub mod authorize;
#[cfg(feature = "aws")]
pub mod aws;
pub mod batch;
pub mod bootstrap;
mod chosen;
pub mod client_auth;
pub mod client_orgs;
pub mod client_token;
pub mod clients;
pub mod clock;
pub mod config;
pub mod directory;
pub mod domain;
pub mod dpop;
#[cfg(feature = "sqlite")]
pub mod embedded;
pub mod entropy;
pub mod events;
pub mod examine;
pub mod grants;
pub mod http;
pub mod introspect;
pub mod issue;
pub mod jose;
pub mod key_sets;
pub mod keys;
pub mod lambda;
pub mod list;
pub mod mint;
pub mod opaque;
pub mod platform;
pub mod policy;
pub mod ports;
pub mod queue;
pub mod refresh;
pub mod registration;
pub mod revoke;
pub mod rotate;
pub mod seed;
pub mod service;
pub mod signer;
pub mod single_use;
pub mod store;
pub mod strict_json;
pub mod telemetry;
pub mod token_request;
pub mod wire;

#[cfg(test)]
mod vectors;
