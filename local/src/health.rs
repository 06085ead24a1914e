//! What only the local server answers: whether its store does, and where everything is.

use serde_json::{Value, json};
use shared::api::http::{Answer, Dialect, Endpoint, Entry, Route};
use shared::api::jeton::Healthy;
use shared::domain::{Error, Fault, OrgId};
use shared::platform::capabilities::{DirectoryLookup, IssuerInfo, Provides};
use shared::platform::{HasMinting, HasQueue, HasSignals};
use shared::store::RecordKeys;

use crate::first_start::ORG;
use crate::keys::{KeyKeeper, RotateKeys};

/// All endpoints of the local server: those of the catalogue, with a health that asks the store, a page of links, and the
/// rotation of its keys.
pub fn catalogue<P: HasMinting + HasQueue + HasSignals + Provides<KeyKeeper>>() -> Vec<Entry<P>> {
    let mut entries = functions::catalogue();
    entries.retain(|entry| entry.route.name != Health::ROUTE.name);
    entries.extend([Entry::for_endpoint::<Health>(), Entry::for_endpoint::<Root>(), Entry::for_endpoint::<RotateKeys>()]);
    entries
}

/// `GET /health`: says that the process is there and that its store answers. In AWS each function has what it needs by itself, so
/// the one there doesn't ask.
#[derive(Debug)]
pub struct Health;

impl Endpoint for Health {
    const ROUTE: Route = functions::jeton::health::Health::ROUTE;
    type Ports = DirectoryLookup;
    type Input = ();
    type Output = Answer<200, Healthy>;

    async fn handle(ports: &DirectoryLookup, (): ()) -> Result<Self::Output, Error> {
        let org = OrgId::parse(ORG).map_err(|_| Fault::internal("naming an org"))?;
        let asked = ports.directory.read(&RecordKeys { orgs: vec![org], ..RecordKeys::default() }).await;
        // Whatever is wrong with it: whoever asks can only come again.
        asked.map_err(|fault| Fault::unavailable("asking the store").because(format!("{fault:?}")))?;
        Ok(Answer::from_body(&Healthy::WITH_STORE)?)
    }
}

/// `GET /`: where everything is, for whoever opens the address in a browser.
#[derive(Debug)]
pub struct Root;

impl Endpoint for Root {
    const ROUTE: Route = Route::get("jeton.root", "/", Dialect::Jeton);
    type Ports = IssuerInfo;
    type Input = ();
    type Output = Answer<200, Value>;

    async fn handle(ports: &IssuerInfo, (): ()) -> Result<Self::Output, Error> {
        let links = json!({
            "name": "Jeton",
            "version": env!("CARGO_PKG_VERSION"),
            "issuer": ports.issuer.as_str(),
            "openapi": functions::jeton::openapi::Openapi::ROUTE.path,
            "metadata": functions::oauth::metadata::GetMetadata::ROUTE.path,
            "openid_configuration": functions::oauth::openid_configuration::OpenIdConfiguration::ROUTE.path,
            "jwks": functions::jeton::jwks::Jwks::ROUTE.path,
            "health": Health::ROUTE.path,
            "docs": "docs/ beside the program's source: begin with getting-started.md",
        });
        Ok(Answer::shown(&links, true)?)
    }
}
