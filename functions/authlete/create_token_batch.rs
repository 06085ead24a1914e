//! `POST /api/{serviceId}/auth/token/create/batch` of Authlete's API.

use shared::api::authlete::request::{BatchQuery, CreateToken, at, batch as asks};
use shared::api::authlete::response::BatchAccepted;
use shared::api::authlete::{JsonList, ServiceCredentials};
use shared::api::http::{Answer, Dialect, Endpoint, Query, Route};
use shared::auth::service;
use shared::domain::scope::api;
use shared::domain::{Error, Refusal};
use shared::encoding::Object;
use shared::platform::capabilities::Batcher;
use shared::tokens::batch;

/// Takes a batch of tokens, which are made in the background.
#[derive(Debug)]
pub struct CreateTokenBatch;

impl Endpoint for CreateTokenBatch {
    const ROUTE: Route =
        Route::post("authlete.create_token_batch", "/api/{serviceId}/auth/token/create/batch", Dialect::Authlete)
            .and_at("/api/auth/token/create/batch");
    type Ports = Batcher;
    type Input = (ServiceCredentials, Query<BatchQuery>, JsonList<Object<CreateToken>>);
    type Output = Answer<200, BatchAccepted>;

    async fn handle(ports: &Batcher, input: Self::Input) -> Result<Self::Output, Error> {
        let (ServiceCredentials(credentials), Query(query), JsonList(requests)) = input;
        let caller = service::authenticate(&ports.reader, &credentials, &[api::TOKENS_CREATE], |_| ()).await?;
        let accepted = batch::accept(ports, &caller.service, asks(requests)?, query.dry_run).await?;
        let accepted = accepted.map_err(|bad| -> Refusal { at(bad.index, bad.refusal) })?;
        Ok(Answer::from_body(&BatchAccepted::from_batch(&accepted, query.dry_run))?)
    }
}
