//! What an operation is: a function without a route.

use std::borrow::Cow;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::http::within;
use crate::domain::{Error, Fault, Refusal};
use crate::encoding::json;
use crate::platform::capabilities::{AwsAccess, Capability, Provides};
use crate::telemetry;

/// Something that AWS invokes with an event of its own: a gateway that asks for an authorization, a stream, a schedule, or an
/// operator by `sam remote invoke`. A type in a room of its own, deployed as one function, as an
/// [`Endpoint`](crate::api::http::Endpoint) is.
pub trait Operation: Send + Sync + 'static {
    /// Folder and file of its room, and `Handler` of its function: `jeton.authorizer`.
    const NAME: &'static str;
    /// What it can reach, and so which bundle it is in and what its role grants.
    type Ports: Capability;
    /// The event. Nothing at all and `null` are an empty object.
    type Input: DeserializeOwned + Send;
    /// What it answers when it succeeds.
    type Output: Serialize;

    /// Carries out one invocation.
    fn handle(ports: &Self::Ports, input: Self::Input) -> impl Future<Output = Result<Self::Output, Error>> + Send;
}

/// An operation without its type: a row of the catalogue, for platforms that provide what it needs.
pub struct OperationEntry<P> {
    /// The name of the operation, [`Operation::NAME`].
    pub name: &'static str,
    /// What it can reach, by name.
    pub capability: &'static str,
    /// What its role must grant.
    pub access: AwsAccess,
    bind: fn(&P) -> Box<dyn Handler>,
}

impl<P> OperationEntry<P> {
    /// The row of `O`.
    pub fn for_operation<O: Operation>() -> Self
    where
        P: Provides<O::Ports>,
    {
        Self {
            name: O::NAME,
            capability: O::Ports::NAME,
            access: O::Ports::ACCESS,
            bind: |platform| Box::new(Bound::<O>(platform.provide())),
        }
    }

    /// The operation, ready to be invoked on this platform.
    pub fn bind(&self, platform: &P) -> BoundOperation {
        BoundOperation { name: self.name, handler: (self.bind)(platform) }
    }
}

impl<P> fmt::Debug for OperationEntry<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperationEntry")
            .field("name", &self.name)
            .field("capability", &self.capability)
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

/// An operation with its ports.
pub struct BoundOperation {
    name: &'static str,
    handler: Box<dyn Handler>,
}

impl BoundOperation {
    /// Answers an event in JSON by JSON. Also a panic is answered, by an error, and the next event works. `time_left` is how long it
    /// may take; `None`: as long as it likes.
    ///
    /// # Errors
    /// [`InvocationError`] if the event is refused, or if handling it fails, panics or takes too long. It is logged.
    pub async fn invoke(&self, event: &str, request_id: &str, time_left: Option<Duration>) -> Result<String, InvocationError> {
        let begun = Instant::now();
        let (outcome, note) = telemetry::noted(async {
            let outcome = within(time_left, AssertUnwindSafe(self.handler.answer(event)).catch_unwind()).await;
            let outcome = outcome.unwrap_or_else(|| Ok(Err(Fault::unavailable("handling an event before its deadline").into())));
            let outcome = outcome.unwrap_or_else(|_| Err(Fault::internal("handling an event: it panicked").into()));
            outcome.map_err(|error| {
                if let Error::Failed(fault) = &error {
                    telemetry::log_fault(self.name, fault);
                }
                let error = InvocationError::from(&error);
                telemetry::note_error(error.code);
                error
            })
        })
        .await;
        telemetry::log_invocation(self.name, outcome.is_ok(), begun.elapsed(), request_id, &note);
        outcome
    }
}

impl fmt::Debug for BoundOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BoundOperation").field(&self.name).finish()
    }
}

/// Why an event wasn't handled: what Lambda shows to who sent it. Says no more of a failure of ours than that there was one.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct InvocationError {
    /// A code, as HTTP answers have it.
    #[serde(rename = "errorType")]
    pub code: &'static str,
    /// What is wrong and what to do, for people.
    #[serde(rename = "errorMessage")]
    pub message: Cow<'static, str>,
}

impl From<&Error> for InvocationError {
    fn from(error: &Error) -> Self {
        match error {
            // Only authorizers take credentials, and this very message is what API Gateway answers with 401.
            Error::Refused(Refusal::CredentialsMissing | Refusal::CredentialsRejected(_)) => {
                Self { code: "Unauthorized", message: "Unauthorized".into() }
            }
            Error::Refused(refusal) => {
                let (code, message) = crate::api::http::explain(refusal);
                Self { code, message }
            }
            Error::Failed(fault) if fault.can_retry() => {
                Self { code: "UNAVAILABLE", message: "The service is temporarily unavailable. Try again in a second.".into() }
            }
            Error::Failed(_) => Self { code: "INTERNAL_ERROR", message: "Internal error. It has been logged.".into() },
        }
    }
}

trait Handler: Send + Sync {
    fn answer<'a>(&'a self, event: &'a str) -> BoxFuture<'a, Result<String, Error>>;
}

struct Bound<O: Operation>(O::Ports);

impl<O: Operation> Handler for Bound<O> {
    fn answer<'a>(&'a self, event: &'a str) -> BoxFuture<'a, Result<String, Error>> {
        Box::pin(async move {
            let event = match event.trim() {
                "" | "null" => "{}",
                event => event,
            };
            let output = O::handle(&self.0, json::read_as("the event", event.as_bytes())?).await?;
            serde_json::to_string(&output).map_err(|error| Fault::internal("writing the answer").because(error).into())
        })
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::domain::TokenProblem;
    use crate::platform::capabilities::Public;

    struct Nothing;

    impl Provides<Public> for Nothing {
        fn provide(&self) -> Public {
            Public {}
        }
    }

    struct Sample;

    #[derive(Deserialize)]
    struct Input {
        #[serde(default)]
        what: String,
    }

    impl Operation for Sample {
        const NAME: &'static str = "jeton.sample";
        type Ports = Public;
        type Input = Input;
        type Output = String;

        async fn handle(_: &Public, input: Input) -> Result<String, Error> {
            match &*input.what {
                "panic" => panic!("s3cret"),
                "endless" => std::future::pending().await,
                "fault" => Err(Fault::internal("testing").because("s3cret").into()),
                "outage" => Err(Fault::unavailable("testing").because("s3cret").into()),
                "conflict" => Err(Refusal::Conflict("it is there").into()),
                "expired" => Err(Refusal::CredentialsRejected(TokenProblem::Expired).into()),
                _ => Ok("done".to_owned()),
            }
        }
    }

    async fn invoke(event: &str) -> Result<String, InvocationError> {
        OperationEntry::for_operation::<Sample>().bind(&Nothing).invoke(event, "request-1", None).await
    }

    async fn error(event: &str) -> (&'static str, String) {
        let error = invoke(event).await.unwrap_err();
        (error.code, error.message.into_owned())
    }

    #[tokio::test]
    async fn no_event_is_an_empty_object() {
        for event in ["", "null", "{}", r#"{"unknown":1}"#] {
            assert_eq!(invoke(event).await.unwrap(), "\"done\"", "{event}");
        }
    }

    #[tokio::test]
    async fn an_error_names_the_member_that_is_wrong() {
        for (event, message) in [
            (r#"{"what":5}"#, "what: must be a string."),
            (r#"{"what":"x","what":"y"}"#, "The event has a member twice."),
            ("[]", "Must be an object."),
            ("{", "The event must be JSON."),
        ] {
            assert_eq!(error(event).await, ("INVALID_REQUEST", message.to_owned()), "{event}");
        }
        assert_eq!(error(r#"{"what":"conflict"}"#).await, ("CONFLICT", "It is there.".to_owned()));
    }

    #[tokio::test]
    async fn a_failure_of_ours_says_nothing_of_itself_and_the_next_event_works() {
        let sample = OperationEntry::for_operation::<Sample>().bind(&Nothing);
        for (what, code) in [("panic", "INTERNAL_ERROR"), ("fault", "INTERNAL_ERROR"), ("outage", "UNAVAILABLE")] {
            let error = sample.invoke(&format!(r#"{{"what":"{what}"}}"#), "", None).await.unwrap_err();
            assert_eq!(error.code, code);
            assert!(!error.message.contains("s3cret"), "{error:?}");
            assert_eq!(sample.invoke("{}", "", None).await.unwrap(), "\"done\"");
        }
    }

    #[tokio::test]
    async fn an_event_that_takes_too_long_is_given_up_as_one_to_be_tried_again() {
        let sample = OperationEntry::for_operation::<Sample>().bind(&Nothing);
        let left = Some(Duration::from_millis(10));
        let error = sample.invoke(r#"{"what":"endless"}"#, "request-1", left).await.unwrap_err();
        assert_eq!(error.code, "UNAVAILABLE");
        assert_eq!(sample.invoke("{}", "request-2", Some(Duration::from_mins(1))).await.unwrap(), "\"done\"");
    }

    /// The one message that API Gateway answers with 401: any other is a 500.
    #[tokio::test]
    async fn credentials_that_are_refused_are_exactly_unauthorized() {
        assert_eq!(error(r#"{"what":"expired"}"#).await, ("Unauthorized", "Unauthorized".to_owned()));
    }
}
