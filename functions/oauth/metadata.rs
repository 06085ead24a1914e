//! `GET /.well-known/oauth-authorization-server`: RFC 8414 section 3.

use shared::api::http::{Dialect, Endpoint, IfNoneMatch, PathBehind, Published, Route};
use shared::api::oauth::metadata::{Endpoints, Metadata, is_path_of};
use shared::domain::{Error, IssuerKinds, Refusal};
use shared::platform::capabilities::{DocumentReader, IssuerInfo};

use super::authorize::Authorize;
use super::authorize_device::AuthorizeDevice;
use super::get_userinfo::GetUserinfo;
use super::introspect::Introspect;
use super::logout::Logout;
use super::push_authorization::PushAuthorization;
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
    type Ports = DocumentReader;
    type Input = (PathBehind, IfNoneMatch);
    type Output = Published<Metadata<'static>>;

    async fn handle(ports: &DocumentReader, (PathBehind(path), known): Self::Input) -> Result<Self::Output, Error> {
        if path.is_some_and(|path| !is_path_of(&ports.info.issuer, &path)) {
            return Err(Refusal::NoSuchPath.into());
        }
        Ok(Published::document(&read(ports).await, &known)?)
    }
}

/// Reads the metadata of this deployment. It is there while nothing else is: then without what the open org lets strangers have.
pub(super) async fn read(ports: &DocumentReader) -> Metadata<'_> {
    let open_org = ports.open_org.recent_if_readable().await;
    let IssuerInfo { issuer, client_certificates, mtls_url, signing_algorithms } = &ports.info;
    let endpoints = endpoints();
    let open = open_org.as_deref();
    let issuers = match open {
        Some(org) => ports.open_org.issuer_kinds(org).await,
        None => IssuerKinds::default(),
    };
    Metadata::from_issuer(issuer, &endpoints, signing_algorithms, *client_certificates, mtls_url.as_ref(), open).trusting(issuers)
}

/// The endpoints of the catalogue that metadata names: a test holds them together.
fn endpoints() -> Endpoints {
    Endpoints {
        authorization: Authorize::ROUTE.path,
        pushed_authorization_request: PushAuthorization::ROUTE.path,
        device_authorization: AuthorizeDevice::ROUTE.path,
        userinfo: GetUserinfo::ROUTE.path,
        end_session: Logout::ROUTE.path,
        token: Token::ROUTE.path,
        introspection: Introspect::ROUTE.path,
        revocation: Revoke::ROUTE.path,
        registration: RegisterClient::ROUTE.path,
        jwks: Jwks::ROUTE.path,
    }
}
