//! A bundle: from the start of its process to the first event, and on to the last.

use std::fmt;
use std::process::ExitCode;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use http::HeaderName;
use lambda_http::lambda_runtime::{self, Diagnostic};
use lambda_http::{LambdaEvent, service_fn};
use serde_json::value::RawValue;

use super::deadline::time_left;
use super::{BoundOperation, InvocationError, OperationEntry, edge};
use crate::api::http::{Entry, Forwarding, Service};
use crate::domain::Fault;
use crate::platform::SystemClock;
use crate::platform::config::{self, Config};
use crate::telemetry;

/// The functions of one binary, each with what it stands on.
#[derive(Default)]
pub struct Bundle(Vec<(&'static str, Start)>);

/// Makes a function ready, on a platform that is made for it alone.
type Start = Box<dyn FnOnce(Config) -> LocalBoxFuture<'static, Result<Function, Fault>>>;

/// What a process serves.
enum Function {
    Endpoint(Box<Service>),
    Operation(BoundOperation),
}

impl Bundle {
    /// Makes a bundle that has no functions yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds these endpoints. The platform is made only for the one that is served.
    #[must_use]
    pub fn endpoints<P: 'static, F>(self, entries: Vec<Entry<P>>, platform: impl Fn(Config) -> F + Clone + 'static) -> Self
    where
        F: Future<Output = Result<P, Fault>> + 'static,
    {
        self.endpoints_among(Vec::new, entries, platform)
    }

    /// Adds these endpoints, each of which can also be given the requests that no route leads to: it knows where all others are, and so
    /// refuses them in the words of their dialect, and with the methods that their path takes.
    #[must_use]
    pub fn endpoints_among<P: 'static, F>(
        mut self,
        all: fn() -> Vec<Entry<P>>,
        entries: Vec<Entry<P>>,
        platform: impl Fn(Config) -> F + Clone + 'static,
    ) -> Self
    where
        F: Future<Output = Result<P, Fault>> + 'static,
    {
        for entry in entries {
            let (name, platform) = (entry.route.name, platform.clone());
            let start = move |config: Config| async move {
                let others = all().into_iter().filter(|other| other.route.name != name);
                let entries: Vec<_> = std::iter::once(entry).chain(others).collect();
                let forwarding =
                    Forwarding { header: HeaderName::from_static("x-forwarded-for"), proxies: config.trusted_proxies.clone() };
                let service = Service::new(&entries, &platform(config).await?)?;
                Ok(Function::Endpoint(Box::new(service.behind(forwarding))))
            };
            self.0.push((name, Box::new(|config| start(config).boxed_local())));
        }
        self
    }

    /// Adds these operations. The platform is made only for the one that is served.
    #[must_use]
    pub fn operations<P: 'static, F>(
        mut self,
        entries: Vec<OperationEntry<P>>,
        platform: impl Fn(Config) -> F + Clone + 'static,
    ) -> Self
    where
        F: Future<Output = Result<P, Fault>> + 'static,
    {
        for entry in entries {
            let (name, platform) = (entry.name, platform.clone());
            let start = |config| async move { Ok(Function::Operation(entry.bind(&platform(config).await?))) };
            self.0.push((name, Box::new(|config| start(config).boxed_local())));
        }
        self
    }

    /// The whole `main` of a binary: serves the one of its functions that the environment names.
    ///
    /// An unknown name is an error at init, which says which names there are.
    pub fn main(self) -> ExitCode {
        // What is wrong with them is said by the log that they are for.
        let metrics = config::endpoint_metrics();
        telemetry::log_to_stdout_as_json(metrics.as_ref().ok().cloned().flatten(), Arc::new(SystemClock));
        // One thread: below 1,769 MB a function has no more than one vCPU.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string());
        let served = runtime.and_then(|runtime| {
            runtime.block_on(async {
                metrics.map_err(|wrong| wrong.to_string())?;
                let function = self.prepare().await?;
                run(function).await.map_err(|error| error.to_string())
            })
        });
        match served {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                tracing::error!(target: "jeton::init", why, "can't go on");
                ExitCode::FAILURE
            }
        }
    }

    async fn prepare(self) -> Result<Function, String> {
        let config = Config::from_env().map_err(|wrong| wrong.to_string())?;
        let known = self.0.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let Some((_, start)) = self.0.into_iter().find(|(name, _)| *name == config.handler) else {
            return Err(format!("_HANDLER is {:?}, but this bundle has {known}", config.handler));
        };
        start(config).await.map_err(|fault| format!("{fault:?}"))
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// Serves events until the function is shut down: one at a time, or as many as a managed instance lets in.
async fn run(function: Function) -> Result<(), lambda_http::Error> {
    match function {
        Function::Endpoint(service) => edge::run(Arc::from(service)).await,
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
    let time_left = time_left(&event.context, &SystemClock);
    let answer = operation.invoke(event.payload.get(), &event.context.request_id, time_left).await?;
    RawValue::from_string(answer).map_err(|error| error.to_string().into())
}

impl From<InvocationError> for Diagnostic {
    fn from(error: InvocationError) -> Self {
        Self { error_type: error.code.to_owned(), error_message: error.message.into_owned() }
    }
}
