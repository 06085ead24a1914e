//! `DELETE /oauth2/register/{client_id}`: RFC 7592 section 2.3.

use shared::api::http::{Dialect, Endpoint, NoContent, Route};
use shared::api::oauth::RegistrationAccess;
use shared::domain::Error;
use shared::oauth::registration::{delete, identify};
use shared::platform::capabilities::RegistrationRemover;

/// Deletes a client, and with it all its tokens.
#[derive(Debug)]
pub struct DeleteRegistration;

impl Endpoint for DeleteRegistration {
    const ROUTE: Route = Route::delete("oauth.delete_registration", "/oauth2/register/{client_id}", Dialect::OAuth);
    type Ports = RegistrationRemover;
    type Input = RegistrationAccess;
    type Output = NoContent;

    async fn handle(ports: &RegistrationRemover, access: RegistrationAccess) -> Result<Self::Output, Error> {
        let known = identify(&ports.reader, &access.id, access.token).await?;
        delete(ports, &known).await?;
        Ok(NoContent)
    }
}
