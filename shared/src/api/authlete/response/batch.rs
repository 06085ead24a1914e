//! Batches: `/auth/token/create/batch` of Authlete's API.

use serde::Serialize;

use crate::api::authlete::result::{ApiResult, ResultCode};
use crate::domain::{Batch, BatchKey, BatchState};

/// The batch was taken.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "TokenCreateBatchResponse"))]
#[serde(rename_all = "camelCase")]
pub struct BatchAccepted {
    #[serde(flatten)]
    result: ApiResult,
    request_id: String,
}

impl BatchAccepted {
    /// Under this id. Of a dry run there is nothing to be asked about later.
    pub fn from_batch(batch: &BatchKey, dry_run: bool) -> Self {
        let text = if dry_run { "The batch would be accepted." } else { "The batch was accepted." };
        Self { result: ApiResult::new(ResultCode::BATCH_ACCEPTED, text), request_id: batch.id.to_string() }
    }
}

/// How a batch is.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "TokenBatchStatusResponse"))]
pub struct BatchStatusResponse {
    #[serde(flatten)]
    result: ApiResult,
    status: BatchStatus,
}

/// How far a batch of tokens has come.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct BatchStatus {
    batch_kind: &'static str,
    request_id: String,
    /// Absent while it is running.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'static str>,
    token_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_description: Option<String>,
    created_at: i64,
    modified_at: i64,
}

impl BatchStatusResponse {
    /// Shows how far a batch has come.
    pub fn from_batch(batch: &Batch) -> Self {
        let result = match batch.state() {
            BatchState::Running => None,
            BatchState::Succeeded => Some("SUCCEEDED"),
            BatchState::Failed => Some("FAILED"),
        };
        Self {
            result: ApiResult::new(ResultCode::BATCH_STATUS, "The status of the batch was obtained."),
            status: BatchStatus {
                batch_kind: "CREATE",
                request_id: batch.id.to_string(),
                result,
                token_count: batch.tokens,
                error_code: batch.failure.as_ref().map(|_| ResultCode::BATCH_FAILED.to_string()),
                error_description: batch.failure.clone(),
                created_at: batch.created_at.as_ms(),
                modified_at: batch.updated_at.as_ms(),
            },
        }
    }
}
