//! `jeton issuer`: the platforms whose tokens an org takes for its workloads.

mod preset;

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use http::Method;
use serde_json::json;

use super::api::{Api, Sent, path};
use super::{Failure, print};

pub(super) const EXAMPLES: &str = "\
Examples:
  jeton issuer preset github --owner-id 43356 --repository-id 957014466 --environment prod
  jeton issuer test --file token.txt
  jeton issuer test --client 2101 --use grant < token.txt";

/// What is done with issuers.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Tell which rule stops the token of a platform or an identity provider. Nothing is used up. The exit code is 0 only if it is accepted
    Test {
        /// File with the token, or - for standard input
        #[arg(long, value_name = "FILE", default_value = "-")]
        file: PathBuf,
        /// Number of the client that would present it. Default: each client that names the issuer
        #[arg(long, value_name = "NUMBER")]
        client: Option<u64>,
        /// IP address from which it would be presented. Default: networks aren't judged
        #[arg(long, value_name = "ADDRESS")]
        address: Option<IpAddr>,
        /// What it would be used for
        #[arg(long = "use", value_enum, default_value_t = Use::ClientAssertion)]
        purpose: Use,
        /// Org of the client. Default: that of the token to ask with
        #[arg(long)]
        org: Option<String>,
    },
    /// Print what to set of an org and a client for a platform, as JSON
    #[command(subcommand)]
    Preset(preset::Platform),
}

/// What a token would be used for.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Use {
    /// To authenticate the client
    ClientAssertion,
    /// As a JWT bearer grant, alone
    Grant,
    /// As the subject token of an exchange
    SubjectToken,
    /// As a JWT bearer grant about somebody else (ID-JAG)
    IdJag,
}

impl Use {
    const fn as_str(self) -> &'static str {
        match self {
            Self::ClientAssertion => "client_assertion",
            Self::Grant => "grant",
            Self::SubjectToken => "subject_token",
            Self::IdJag => "id_jag",
        }
    }
}

/// Prints a preset, for which no service is asked.
pub(super) fn print_preset(platform: &preset::Platform) {
    print::out(&format!("{:#}", platform.settings()));
}

pub(super) async fn run(command: Command, api: &Api) -> Result<(), Failure> {
    match command {
        Command::Test { file, client, address, purpose, org } => {
            let token = print::read(&file)?;
            let mut body = json!({"token": token.expose().trim(), "use": purpose.as_str()});
            if let Some(client) = client {
                body["client_id"] = client.into();
            }
            if let Some(address) = address {
                body["address"] = address.to_string().into();
            }
            let at = path(&["v1", "orgs", &api.org(org)?, "issuers", "test"]);
            let answer = api.ask(Method::POST, &at, Sent::json(&body)).await?;
            api.print_one(&answer)?;
            let told = answer.json()?;
            match told["rule"].as_str() {
                None => Ok(()),
                Some(rule) => Err(Failure::Refused(format!("{rule}: {}", told["detail"].as_str().unwrap_or_default()))),
            }
        }
        Command::Preset(platform) => {
            print_preset(&platform);
            Ok(())
        }
    }
}
