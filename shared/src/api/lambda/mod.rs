//! What AWS Lambda invokes: endpoints by HTTP events, operations by events of their own.
//!
//! `edge` turns the events of gateways, load balancers and function URLs into requests. `bundle` is the main function of the four
//! bundles. `operation` is a function without a route, and `authorizer_event`, `queue_event` and `stream_event` read the events
//! that such functions get; `gateway` has what several of them need. The functions themselves are in the crate `functions`.
//!
//! To add an operation, see `operation`, and list it in `functions/lib.rs`.

pub mod authorizer_event;
pub mod queue_event;
pub mod stream_event;

#[cfg(feature = "lambda")]
mod bundle;
#[cfg(feature = "lambda")]
mod deadline;
#[cfg(feature = "lambda")]
mod edge;
mod gateway;
mod operation;

#[cfg(feature = "lambda")]
pub use bundle::Bundle;
#[cfg(all(feature = "lambda", any(test, feature = "testing")))]
pub use edge::invoke;
pub use operation::{BoundOperation, InvocationError, Operation, OperationEntry};
