//! `jeton keys`: the public keys of the service, and how they follow each other.

use clap::Subcommand;
use http::{Method, StatusCode};
use serde_json::json;

use super::Failure;
use super::api::{Api, Sent};

/// Where the public keys are, with those that only some verifiers know.
pub(super) const KEY_SET: &str = "/.well-known/jwks.json?kty=AKP";

/// Where the keys of a local server are rotated.
const ROTATIONS: &str = "/v1/keys/rotations";

/// What is done with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the public keys that verify tokens; nobody needs a token to see them
    List,
    /// Make the keys that sign next, on a local server. On AWS, invoke `JetonRotateKeys`
    Rotate {
        /// In how many seconds they sign. Default: an hour, longer than anyone may keep the key set
        #[arg(long, value_name = "SECONDS", conflicts_with = "stolen")]
        signs_in: Option<u16>,
        /// A key that has been stolen, by its kid: it ends at once, and so does every token that it has signed
        #[arg(long, value_name = "KID")]
        stolen: Option<String>,
    },
}

pub(super) async fn run(command: Command, api: &Api) -> Result<(), Failure> {
    match command {
        Command::List => {
            let keys = api.send(Method::GET, KEY_SET, Sent::default()).await?.into_good()?.json()?;
            api.print_list(&keys, "keys", &["kid", "alg", "kty", "crv"]);
            Ok(())
        }
        Command::Rotate { signs_in, stolen } => {
            let order = match (signs_in, stolen) {
                (Some(seconds), _) => json!({ "signs_in": seconds }),
                (None, Some(kid)) => json!({ "stolen": kid }),
                (None, None) => json!({}),
            };
            let answer = api.try_ask(Method::POST, ROTATIONS, Sent::json(&order)).await?;
            if answer.status == StatusCode::NOT_FOUND && !answer.reason().contains("key") {
                return Err(Failure::Refused(
                    "this service rotates its keys by itself: on AWS, invoke JetonRotateKeys".to_owned(),
                ));
            }
            api.print_list(&answer.into_good()?.json()?, "keys", &["kid", "alg", "state", "signs_from", "retires_at"]);
            Ok(())
        }
    }
}
