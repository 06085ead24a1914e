//! The clients of AWS services, and the only place that configures them: one shared HTTP client, short timeouts, quick retries.
//!
//! | service | timeout of an attempt | timeout of a call | attempts |
//! |---|---|---|---|
//! | DynamoDB | 500 ms | 2 s | 3 |
//! | KMS, EventBridge, SQS | 1 s | 3 s | 3 |
//!
//! Before the second attempt a client waits up to 50 ms, before the third up to 100 ms. The delay is random, so that clients
//! that failed together don't retry together. A token bucket for each service limits what retries may add to an outage.
//!
//! [`platform`] puts these clients together with stores and signers. The store itself is in
//! [`store::dynamodb`](crate::store::dynamodb), the signer in [`keys::signer::kms`](crate::keys::signer::kms). To add a service,
//! add its endpoint to [`Endpoints`] and its client to [`Sdk`].

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::config::retry::{ClassifyRetry, RetryAction, RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Credentials, IdentityCache, Region, SharedCredentialsProvider, SharedHttpClient, SharedIdentityCache,
    StalledStreamProtectionConfig,
};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
use aws_types::SdkConfig;

use self::credentials::EndpointProvider;
use crate::platform::SystemClock;
use crate::platform::config::{Aws, AwsCredentials, Endpoints};

mod credentials;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod transport;

pub mod platform;

/// What all clients have in common: region, credentials, endpoints and connections. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Sdk {
    region: Region,
    credentials: SharedCredentialsProvider,
    /// What keeps the credentials until they end.
    identities: SharedIdentityCache,
    endpoints: Arc<Endpoints>,
    http: SharedHttpClient,
    /// By what all timeouts are multiplied: 1, except in tests.
    timeout_factor: u32,
}

impl Sdk {
    /// Sets the clients up with this configuration. Opens no connection yet.
    pub fn new(aws: &Aws) -> Self {
        let pool = transport::pool();
        let credentials = match &aws.credentials {
            AwsCredentials::Keys(keys) => {
                let (id, secret) = (keys.access_key_id.clone(), keys.secret_access_key.expose().clone());
                let session = keys.session_token.as_ref().map(|token| token.expose().clone());
                // No expiry: Lambda ends the execution environment before the credentials expire.
                SharedCredentialsProvider::new(Credentials::new(id, secret, session, None, "environment"))
            }
            AwsCredentials::Endpoint(endpoint) => {
                SharedCredentialsProvider::new(EndpointProvider::new(endpoint.clone(), pool.clone(), Arc::new(SystemClock)))
            }
        };
        Self {
            region: Region::new(aws.region.clone()),
            credentials,
            identities: IdentityCache::lazy().buffer_time(RENEWAL).build(),
            endpoints: Arc::new(aws.endpoints.clone()),
            http: transport::client(pool),
            timeout_factor: 1,
        }
    }

    /// Returns this with timeouts twenty times as long, for an emulator on a busy machine.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn with_longer_timeouts(self) -> Self {
        Self { timeout_factor: 20, ..self }
    }

    /// Returns this with all requests passing through `wire`.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn over(self, wire: &testing::Wire) -> Self {
        Self { http: SharedHttpClient::new(wire.clone().before(self.http)), ..self }
    }

    /// Returns by what all timeouts are multiplied.
    pub(super) fn timeout_factor(&self) -> u32 {
        self.timeout_factor
    }

    /// Returns a client of DynamoDB, which also retries writes that conflict with a transaction.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let common = self.common(self.endpoints.dynamodb(), Duration::from_millis(500), Duration::from_secs(2));
        let config = aws_sdk_dynamodb::config::Builder::from(&common).retry_partition(partition("dynamodb"));
        aws_sdk_dynamodb::Client::from_conf(config.retry_classifier(Conflict).retry_classifier(Garbled).build())
    }

    /// Returns a client of KMS.
    pub fn kms(&self) -> aws_sdk_kms::Client {
        let common = self.common(self.endpoints.kms(), Duration::from_secs(1), Duration::from_secs(3));
        let config = aws_sdk_kms::config::Builder::from(&common).retry_partition(partition("kms"));
        aws_sdk_kms::Client::from_conf(config.retry_classifier(Garbled).build())
    }

    /// Returns a client of EventBridge.
    pub fn eventbridge(&self) -> aws_sdk_eventbridge::Client {
        let common = self.common(self.endpoints.eventbridge(), Duration::from_secs(1), Duration::from_secs(3));
        let config = aws_sdk_eventbridge::config::Builder::from(&common).retry_partition(partition("eventbridge"));
        aws_sdk_eventbridge::Client::from_conf(config.retry_classifier(Garbled).build())
    }

    /// Returns a client of SQS.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        let common = self.common(self.endpoints.sqs(), Duration::from_secs(1), Duration::from_secs(3));
        let config = aws_sdk_sqs::config::Builder::from(&common).retry_partition(partition("sqs"));
        aws_sdk_sqs::Client::from_conf(config.retry_classifier(Garbled).build())
    }

    /// The configuration of a client: `attempt` and `call` are the timeouts of an attempt and of the whole call.
    fn common(&self, endpoint: Option<String>, attempt: Duration, call: Duration) -> SdkConfig {
        let retries = RetryConfig::standard().with_max_attempts(3);
        let retries = retries.with_initial_backoff(Duration::from_millis(50)).with_max_backoff(Duration::from_millis(200));
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(attempt * self.timeout_factor);
        let timeouts = timeouts.operation_timeout(call * self.timeout_factor).build();
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(self.region.clone())
            .credentials_provider(self.credentials.clone())
            .identity_cache(self.identities.clone())
            .http_client(self.http.clone())
            .retry_config(retries)
            .timeout_config(timeouts)
            // Responses are short, and the timeout of the attempt covers their bodies, too.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        config.set_endpoint_url(endpoint);
        config.build()
    }
}

/// How long before their end credentials are renewed, at least half of it: a request that is signed with them must still arrive.
const RENEWAL: Duration = Duration::from_mins(2);

/// A token bucket for the retries of one client, which failures of other services can't empty.
fn partition(service: &'static str) -> RetryPartition {
    RetryPartition::custom(service).token_bucket(TokenBucket::default()).build()
}

/// Retries a single write that conflicts with a transaction. The SDK leaves this decision to its callers.
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

/// Retries when a response has a status of success and a body that can't be parsed: it was damaged on the way.
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
