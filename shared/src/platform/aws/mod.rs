//! Clients of AWS, and the one place that says how they are set up: over one HTTP client, impatient, and quick to try again.
//!
//! | service | attempt | whole call | attempts |
//! |---|---|---|---|
//! | DynamoDB | 500 ms | 2 s | 3 |
//! | KMS, EventBridge, SQS | 1 s | 3 s | 3 |
//!
//! Before another attempt a client waits up to 50 ms, then up to 100 ms: chance says how long, so that those who failed
//! together don't come back together. A bucket of tokens for each service bounds what trying again may add to an outage.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::config::retry::{ClassifyRetry, RetryAction, RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Credentials, Region, SharedCredentialsProvider, SharedHttpClient, StalledStreamProtectionConfig,
};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
use aws_types::SdkConfig;

use crate::platform::config::{Aws, Endpoints};

#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod transport;

pub mod platform;

/// What all clients have in common. The clients of one such share their connections; so do those of its clones.
#[derive(Clone, Debug)]
pub struct Sdk {
    region: Region,
    credentials: SharedCredentialsProvider,
    endpoints: Arc<Endpoints>,
    http: SharedHttpClient,
    /// By how much everything may take longer.
    patience: u32,
}

impl Sdk {
    /// As the environment says. Opens no connection yet.
    pub fn new(aws: &Aws) -> Self {
        let given = &aws.credentials;
        let (id, secret) = (given.access_key_id.clone(), given.secret_access_key.expose().clone());
        let session = given.session_token.as_ref().map(|token| token.expose().clone());
        Self {
            region: Region::new(aws.region.clone()),
            // They are those of the execution environment, which ends before they do.
            credentials: SharedCredentialsProvider::new(Credentials::new(id, secret, session, None, "environment")),
            endpoints: Arc::new(aws.endpoints.clone()),
            http: transport::client(),
            patience: 1,
        }
    }

    /// The same with twenty times the patience, for an emulator on a machine that does much else.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn patient(self) -> Self {
        Self { patience: 20, ..self }
    }

    /// The same, but that all requests pass through `wire`.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn over(self, wire: &testing::Wire) -> Self {
        Self { http: SharedHttpClient::new(wire.clone().before(self.http)), ..self }
    }

    /// A client of DynamoDB.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let common = self.common(self.endpoints.dynamodb(), Duration::from_millis(500), Duration::from_secs(2));
        let config = aws_sdk_dynamodb::config::Builder::from(&common).retry_partition(partition("dynamodb"));
        aws_sdk_dynamodb::Client::from_conf(config.retry_classifier(Conflict).retry_classifier(Garbled).build())
    }

    /// A client of KMS.
    pub fn kms(&self) -> aws_sdk_kms::Client {
        let common = self.common(self.endpoints.kms(), Duration::from_secs(1), Duration::from_secs(3));
        let config = aws_sdk_kms::config::Builder::from(&common).retry_partition(partition("kms"));
        aws_sdk_kms::Client::from_conf(config.retry_classifier(Garbled).build())
    }

    /// A client of EventBridge.
    pub fn eventbridge(&self) -> aws_sdk_eventbridge::Client {
        let common = self.common(self.endpoints.eventbridge(), Duration::from_secs(1), Duration::from_secs(3));
        let config = aws_sdk_eventbridge::config::Builder::from(&common).retry_partition(partition("eventbridge"));
        aws_sdk_eventbridge::Client::from_conf(config.retry_classifier(Garbled).build())
    }

    /// A client of SQS.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        let common = self.common(self.endpoints.sqs(), Duration::from_secs(1), Duration::from_secs(3));
        let config = aws_sdk_sqs::config::Builder::from(&common).retry_partition(partition("sqs"));
        aws_sdk_sqs::Client::from_conf(config.retry_classifier(Garbled).build())
    }

    fn common(&self, endpoint: Option<String>, attempt: Duration, call: Duration) -> SdkConfig {
        let retries = RetryConfig::standard().with_max_attempts(3);
        let retries = retries.with_initial_backoff(Duration::from_millis(50)).with_max_backoff(Duration::from_millis(200));
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(attempt * self.patience);
        let timeouts = timeouts.operation_timeout(call * self.patience).build();
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(self.region.clone())
            .credentials_provider(self.credentials.clone())
            .http_client(self.http.clone())
            .retry_config(retries)
            .timeout_config(timeouts)
            // Answers are short and end within their attempt's time.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        config.set_endpoint_url(endpoint);
        config.build()
    }
}

/// The bucket of one client of this service: no other's failures empty it.
fn partition(service: &'static str) -> RetryPartition {
    RetryPartition::custom(service).token_bucket(TokenBucket::default()).build()
}

/// A single write that met another's transaction is worth another attempt, which the SDK leaves to its callers.
#[derive(Debug)]
struct Conflict;

impl ClassifyRetry for Conflict {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error = context.output_or_error().and_then(Result::err).and_then(OrchestratorError::as_operation_error);
        let is_conflict = error.is_some_and(|error| {
            error.downcast_ref().is_some_and(PutItemError::is_transaction_conflict_exception)
                || error.downcast_ref().is_some_and(UpdateItemError::is_transaction_conflict_exception)
                || error.downcast_ref().is_some_and(DeleteItemError::is_transaction_conflict_exception)
        });
        if is_conflict { RetryAction::throttling_error() } else { RetryAction::NoActionIndicated }
    }

    fn name(&self) -> &'static str {
        "conflict with a transaction"
    }
}

/// An answer that says of itself that all is well, and can't be read, has suffered on the way.
#[derive(Debug)]
struct Garbled;

impl ClassifyRetry for Garbled {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let is_unread = context.output_or_error().is_some_and(|outcome| outcome.is_err());
        let is_well = context.response().is_some_and(|response| response.status().is_success());
        if is_unread && is_well { RetryAction::transient_error() } else { RetryAction::NoActionIndicated }
    }

    fn name(&self) -> &'static str {
        "garbled answer"
    }
}

#[cfg(test)]
mod tests;
