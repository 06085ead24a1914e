//! From the start of a process to its first event, and on to the last.

use std::process::ExitCode;
use std::sync::Arc;

use lambda_http::lambda_runtime::{self, Diagnostic};
use lambda_http::{LambdaEvent, service_fn};
use serde_json::value::RawValue;

use super::{BoundOperation, InvocationError, OperationEntry, edge};
use crate::config::Config;
use crate::domain::Fault;
use crate::http::{Entry, Service};
use crate::telemetry;

/// The whole `main` of a bundle: serves the one of its endpoints and operations that the environment names.
///
/// An unknown name is an error at init, which says which names there are.
pub fn main<P>(
    endpoints: Vec<Entry<P>>,
    operations: Vec<OperationEntry<P>>,
    platform: impl FnOnce(&Config) -> Result<P, Fault>,
) -> ExitCode {
    telemetry::log_to_stdout_as_json();
    match prepare(endpoints, operations, platform) {
        Ok(function) => start(function),
        Err(why) => {
            tracing::error!(target: "jeton::init", why, "can't start");
            ExitCode::FAILURE
        }
    }
}

/// What a process serves.
enum Function {
    Endpoint(Service),
    Operation(BoundOperation),
}

fn prepare<P>(
    mut endpoints: Vec<Entry<P>>,
    operations: Vec<OperationEntry<P>>,
    platform: impl FnOnce(&Config) -> Result<P, Fault>,
) -> Result<Function, String> {
    let config = Config::from_env().map_err(|wrong| wrong.to_string())?;
    let names = endpoints.iter().map(|entry| entry.route.name).chain(operations.iter().map(|entry| entry.name));
    let known = names.collect::<Vec<_>>().join(", ");
    endpoints.retain(|entry| entry.route.name == config.handler);
    let operation = operations.into_iter().find(|entry| entry.name == config.handler);
    if endpoints.is_empty() && operation.is_none() {
        return Err(format!("_HANDLER is {:?}, but this bundle has {known}", config.handler));
    }
    let platform = platform(&config).map_err(|fault| format!("{fault:?}"))?;
    match operation {
        Some(operation) => Ok(Function::Operation(operation.bind(&platform))),
        None => Service::new(&endpoints, &platform).map(Function::Endpoint).map_err(|fault| format!("{fault:?}")),
    }
}

/// One thread: below 1,769 MB a function has no more than one vCPU.
fn start(function: Function) -> ExitCode {
    let served = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(lambda_http::Error::from)
        .and_then(|runtime| runtime.block_on(run(function)));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(target: "jeton::init", %error, "stopped");
            ExitCode::FAILURE
        }
    }
}

/// Serves events until the function is shut down: one at a time, or as many as a managed instance lets in.
async fn run(function: Function) -> Result<(), lambda_http::Error> {
    match function {
        Function::Endpoint(service) => edge::run(Arc::new(service)).await,
        Function::Operation(operation) => {
            let operation = Arc::new(operation);
            let serve = service_fn(move |event| {
                let operation = Arc::clone(&operation);
                async move { serve(&operation, event).await }
            });
            lambda_runtime::run_concurrent(serve).await
        }
    }
}

async fn serve(operation: &BoundOperation, event: LambdaEvent<Box<RawValue>>) -> Result<Box<RawValue>, Diagnostic> {
    let answer = operation.invoke(event.payload.get(), &event.context.request_id).await?;
    RawValue::from_string(answer).map_err(|error| error.to_string().into())
}

impl From<InvocationError> for Diagnostic {
    fn from(error: InvocationError) -> Self {
        Self { error_type: error.code.to_owned(), error_message: error.message.into_owned() }
    }
}
