//! What AWS Lambda invokes: endpoints by HTTP events, operations by events of their own.

pub mod authorizer_event;
pub mod queue_event;
pub mod stream_event;

#[cfg(feature = "lambda")]
mod bundle;
#[cfg(feature = "lambda")]
mod edge;
mod operation;

#[cfg(feature = "lambda")]
pub use bundle::Bundle;
#[cfg(all(feature = "lambda", any(test, feature = "testing")))]
pub use edge::invoke;
pub use operation::{BoundOperation, InvocationError, Operation, OperationEntry};
