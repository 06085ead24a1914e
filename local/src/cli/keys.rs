//! `jeton keys`: the public keys of the service.

use clap::Subcommand;
use http::Method;

use super::Failure;
use super::api::{Api, Sent};

/// Where the public keys are, with those that only some verifiers know.
pub(super) const KEY_SET: &str = "/.well-known/jwks.json?kty=AKP";

/// What is done with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the public keys that verify tokens; nobody needs a token to see them
    List,
}

pub(super) async fn run(command: Command, api: &Api) -> Result<(), Failure> {
    match command {
        Command::List => {
            let keys = api.send(Method::GET, KEY_SET, Sent::default()).await?.into_good()?.json()?;
            api.print_list(&keys, "keys", &["kid", "alg", "kty", "crv"]);
            Ok(())
        }
    }
}
