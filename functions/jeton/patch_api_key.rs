//! `PATCH /v1/orgs/{org}/api-keys/{id}`: the API keys of members.

use shared::admin::api_keys;
use shared::api::http::{Dialect, Endpoint, MergePatch, OrgCredentials, Preconditions, Route, Tagged};
use shared::api::jeton::api_key::{ApiKeyPath, ApiKeyView, PatchApiKey as PatchApiKeyRequest};
use shared::auth::api_key::ApiKeyState;
use shared::domain::Error;
use shared::platform::capabilities::ApiKeyWriter;

/// Changes an API key by a merge patch: its name, and fewer scopes, fewer APIs or an earlier end. Never to more.
#[derive(Debug)]
pub struct PatchApiKey;

impl Endpoint for PatchApiKey {
    const ROUTE: Route =
        Route::patch("jeton.patch_api_key", "/v1/orgs/{org}/api-keys/{id}", Dialect::Jeton).refuses(&[403, 404, 409]);
    type Ports = ApiKeyWriter;
    type Input = (OrgCredentials, ApiKeyPath, Preconditions, MergePatch<PatchApiKeyRequest>);
    type Output = Tagged<200, ApiKeyView<'static>>;

    async fn handle(
        ports: &ApiKeyWriter,
        (OrgCredentials(credentials), ApiKeyPath(locator), conditions, patch): Self::Input,
    ) -> Result<Self::Output, Error> {
        let update = |state: &ApiKeyState| {
            let shown = ApiKeyView::from_state(state);
            conditions.check(Some(&shown))?;
            Ok(patch.applied_to(&shown)?.into_update())
        };
        let state = api_keys::update(ports, &credentials, locator, update).await?;
        Ok(Tagged::from_body(&ApiKeyView::from_state(&state))?)
    }
}
