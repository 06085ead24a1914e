//! `GET /api/{serviceId}/auth/token/create/batch/status/{requestId}` of Authlete's API.

use shared::api::authlete::response::BatchStatusResponse;
use shared::api::authlete::{BatchPath, ServiceCredentials};
use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::auth::service;
use shared::domain::scope::api;
use shared::domain::{Error, Refusal};
use shared::platform::capabilities::BatchReader;
use shared::tokens::batch;

/// Tells how a batch is.
#[derive(Debug)]
pub struct GetTokenBatch;

impl Endpoint for GetTokenBatch {
    const ROUTE: Route =
        Route::get("authlete.get_token_batch", "/api/{serviceId}/auth/token/create/batch/status/{requestId}", Dialect::Authlete)
            .and_at("/api/auth/token/create/batch/status/{requestId}");
    type Ports = BatchReader;
    type Input = (ServiceCredentials, BatchPath);
    type Output = Answer<200, BatchStatusResponse>;

    async fn handle(
        ports: &BatchReader,
        (ServiceCredentials(credentials), BatchPath(id)): Self::Input,
    ) -> Result<Self::Output, Error> {
        let caller = service::authenticate(&ports.reader, &credentials, &[api::TOKENS_READ], |_| ()).await?;
        let batch = batch::status(ports, &caller.service, id).await?.ok_or(Refusal::NotFound("batch"))?;
        Ok(Answer::from_body(&BatchStatusResponse::from_batch(&batch))?)
    }
}
