//! Credentials that an endpoint beside the process hands out and renews.
//!
//! The provider of `aws-config` would do the same, and bring the SDK's clients of STS and SSO with it, which no function needs.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, Result, future};
use aws_smithy_types::body::SdkBody;
use http::{HeaderValue, Request, header};
use http_body_util::{BodyExt as _, Limited};
use serde::Deserialize;

use super::transport::Pool;
use crate::domain::Clock;
use crate::platform::config::{CredentialsEndpoint, EndpointAuthorization};

/// How long an attempt may take. The endpoint is on the same host.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(200);

/// How often the endpoint is asked before it is given up.
const MAX_ATTEMPTS: usize = 2;

/// How large an answer may be, in bytes.
const MAX_ANSWER_BYTES: usize = 16_384;

/// Reads credentials from an endpoint. The SDK keeps them, and asks again before they end.
pub(super) struct EndpointProvider {
    endpoint: CredentialsEndpoint,
    pool: Pool,
    clock: Arc<dyn Clock>,
    /// What was read last, for the time in which the endpoint doesn't answer.
    last: Mutex<Option<Credentials>>,
}

impl EndpointProvider {
    /// Makes a provider that reads from this endpoint, over these connections.
    pub(super) fn new(endpoint: CredentialsEndpoint, pool: Pool, clock: Arc<dyn Clock>) -> Self {
        Self { endpoint, pool, clock, last: Mutex::default() }
    }

    async fn load(&self) -> Result {
        let mut read = Err(CredentialsError::not_loaded_no_source());
        for _ in 0..MAX_ATTEMPTS {
            read = match tokio::time::timeout(ATTEMPT_TIMEOUT, self.read()).await {
                Ok(read) => read.map_err(CredentialsError::provider_error),
                Err(_) => Err(CredentialsError::provider_timed_out(ATTEMPT_TIMEOUT)),
            };
            if read.is_ok() {
                break;
            }
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(read) => Ok(last.insert(read).clone()),
            Err(error) => last.clone().filter(|last| self.is_live(last)).ok_or(error),
        }
    }

    fn is_live(&self, credentials: &Credentials) -> bool {
        let now = UNIX_EPOCH + Duration::from_millis(u64::try_from(self.clock.now().as_ms()).unwrap_or_default());
        credentials.expiry().is_none_or(|end| now < end)
    }

    async fn read(&self) -> std::result::Result<Credentials, Box<dyn Error + Send + Sync>> {
        let mut request = Request::get(&self.endpoint.url).header(header::ACCEPT, "application/json");
        if let Some(authorization) = self.authorization()? {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let answer = self.pool.request(request.body(SdkBody::empty())?).await?;
        if answer.status() != 200 {
            return Err(format!("the endpoint of credentials answers {}", answer.status()).into());
        }
        let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await?.to_bytes();
        // The error of serde would show what is there.
        let answer: Answer = serde_json::from_slice(&body).map_err(|_| "the endpoint of credentials answers something else")?;
        let end: jiff::Timestamp = answer.expiration.parse()?;
        let Answer { access_key_id, secret_access_key, token, .. } = answer;
        Ok(Credentials::new(access_key_id, secret_access_key, Some(token), Some(end.into()), "endpoint"))
    }

    /// The header `Authorization`. A file is read each time, because its text changes.
    fn authorization(&self) -> std::result::Result<Option<HeaderValue>, Box<dyn Error + Send + Sync>> {
        let text = match &self.endpoint.authorization {
            None => return Ok(None),
            Some(EndpointAuthorization::Token(token)) => token.expose().clone(),
            Some(EndpointAuthorization::File(path)) => std::fs::read_to_string(path)?,
        };
        let mut value = HeaderValue::try_from(text.trim())?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

impl ProvideCredentials for EndpointProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.load())
    }
}

impl fmt::Debug for EndpointProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointProvider").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// What the endpoint answers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    access_key_id: String,
    secret_access_key: String,
    token: String,
    /// When they end, in the form of RFC 3339.
    expiration: String,
}
