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
//! | [`wire`] | the exact bytes of the dialects | domain |
//! | [`http`] | endpoints, routes, credentials, rendering, the Lambda edge | all but adapters |

pub mod clock;
pub mod domain;
pub mod entropy;
pub mod jose;
pub mod signer;
pub mod store;
pub mod strict_json;

#[cfg(test)]
mod vectors;
