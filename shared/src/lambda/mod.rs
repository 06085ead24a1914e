//! What AWS Lambda invokes: endpoints by HTTP events, operations by events of their own.

#[cfg(feature = "lambda")]
mod edge;
#[cfg(feature = "lambda")]
mod main;
mod operation;

#[cfg(all(feature = "lambda", any(test, feature = "testing")))]
pub use edge::invoke;
#[cfg(feature = "lambda")]
pub use main::main;
pub use operation::{BoundOperation, InvocationError, Operation, OperationEntry};
