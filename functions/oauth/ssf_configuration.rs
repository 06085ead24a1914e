//! `GET /.well-known/ssf-configuration`: OpenID Shared Signals Framework 1.0 section 7.2.

use shared::api::http::{Dialect, Endpoint, IfNoneMatch, PathBehind, Published, Route};
use shared::api::oauth::event_stream::TransmitterConfiguration;
use shared::api::oauth::metadata::is_path_of;
use shared::domain::{Error, Refusal};
use shared::platform::capabilities::DocumentReader;

use crate::jeton::jwks::Jwks;

/// Tells receivers of shared signals where they manage their event streams. Where the issuer has a path it is found behind the well-known
/// one, too: section 7.2.1.
#[derive(Debug)]
pub struct SsfConfiguration;

impl Endpoint for SsfConfiguration {
    const ROUTE: Route = Route::get("oauth.ssf_configuration", "/.well-known/ssf-configuration", Dialect::OAuth)
        .and_at("/.well-known/ssf-configuration/{path+}");
    type Ports = DocumentReader;
    type Input = (PathBehind, IfNoneMatch);
    type Output = Published<TransmitterConfiguration<'static>>;

    async fn handle(ports: &DocumentReader, (PathBehind(path), known): Self::Input) -> Result<Self::Output, Error> {
        if path.is_some_and(|path| !is_path_of(&ports.info.issuer, &path)) {
            return Err(Refusal::NoSuchPath.into());
        }
        Ok(Published::document(&TransmitterConfiguration::from_issuer(&ports.info.issuer, Jwks::ROUTE.path), &known)?)
    }
}
