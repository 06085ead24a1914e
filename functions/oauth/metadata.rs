//! `GET /.well-known/oauth-authorization-server`: RFC 8414 section 3.

use shared::api::http::{Dialect, Endpoint, IfNoneMatch, PathBehind, Published, Route};
use shared::api::oauth::metadata::{Endpoints, Metadata, is_path_of};
use shared::domain::{Error, Refusal};
use shared::platform::capabilities::IssuerInfo;

use super::authorize::Authorize;
use super::get_userinfo::GetUserinfo;
use super::introspect::Introspect;
use super::register_client::RegisterClient;
use super::revoke::Revoke;
use super::token::Token;
use crate::jeton::jwks::Jwks;

/// Tells clients what the authorization server can do. Where the issuer has a path it is found behind the well-known one, too:
/// section 3.1.
#[derive(Debug)]
pub struct GetMetadata;

impl Endpoint for GetMetadata {
    const ROUTE: Route = Route::get("oauth.metadata", "/.well-known/oauth-authorization-server", Dialect::OAuth)
        .and_at("/.well-known/oauth-authorization-server/{path+}");
    type Ports = IssuerInfo;
    type Input = (PathBehind, IfNoneMatch);
    type Output = Published<Metadata<'static>>;

    async fn handle(ports: &IssuerInfo, (PathBehind(path), known): Self::Input) -> Result<Self::Output, Error> {
        if path.is_some_and(|path| !is_path_of(&ports.issuer, &path)) {
            return Err(Refusal::NoSuchPath.into());
        }
        Ok(Published::document(&from_info(ports), &known)?)
    }
}

/// The metadata of this deployment.
pub(super) fn from_info(ports: &IssuerInfo) -> Metadata<'_> {
    Metadata::from_issuer(&ports.issuer, &endpoints(), ports.client_certificates, ports.mtls_url.as_ref())
}

/// The endpoints of the catalogue that metadata names: a test holds them together.
fn endpoints() -> Endpoints {
    Endpoints {
        authorization: Authorize::ROUTE.path,
        userinfo: GetUserinfo::ROUTE.path,
        token: Token::ROUTE.path,
        introspection: Introspect::ROUTE.path,
        revocation: Revoke::ROUTE.path,
        registration: RegisterClient::ROUTE.path,
        jwks: Jwks::ROUTE.path,
    }
}
