//! `jeton issuer`: the platforms whose tokens an org takes for its workloads.

mod preset;

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use http::Method;
use serde_json::{Value, json};

use super::api::{Api, Sent, path, with_query};
use super::member::OrgOption;
use super::{Failure, edit, print};

pub(super) const EXAMPLES: &str = "\
Examples:
  jeton issuer trust github --owner-id 43356 --repository-id 957014466 --environment prod > federated.json
  jeton issuer list
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
    /// List the issuers that an org trusts, with their keys, as they can be had now
    List {
        #[command(flatten)]
        org: OrgOption,
    },
    /// Have an org trust the issuer of a platform, whose keys are read first. Prints the `federated` of a client that is its workload, as JSON
    Trust {
        #[command(flatten)]
        org: OrgOption,
        /// Don't read the keys: the issuer can't be reached now
        #[arg(long)]
        unchecked: bool,
        #[command(subcommand)]
        platform: preset::Platform,
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
            if token.expose().ends_with(['\n', '\r']) {
                print::note("The token ends with a line break, which isn't part of it. Leave it out when you send the token.");
            }
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
        Command::List { org } => {
            let answer = api.ask(Method::GET, &path(&["v1", "orgs", &api.org(org.org)?, "issuers"]), Sent::default()).await?;
            let mut list = answer.json()?;
            for issuer in list["issuers"].as_array_mut().into_iter().flatten().filter(|_| !api.prints_json()) {
                issuer["keys"] = shown_keys(&issuer["keys"]);
            }
            api.print_list(&list, "issuers", &["issuer", "enabled", "clients", "problem", "keys"]);
            Ok(())
        }
        Command::Trust { org, unchecked, platform } => trust(api, &api.org(org.org)?, &platform, !unchecked).await,
        Command::Preset(platform) => {
            print_preset(&platform);
            Ok(())
        }
    }
}

/// Returns what a table shows of keys: their names, or why there are none.
fn shown_keys(keys: &Value) -> Value {
    keys.get("problem").or_else(|| keys.get("kids")).cloned().unwrap_or_default()
}

/// Puts the issuer of a platform among those of the org, in the place of one of the same name, and prints the identity of its workload.
async fn trust(api: &Api, org: &str, platform: &preset::Platform, is_checked: bool) -> Result<(), Failure> {
    let (at, preset) = (path(&["v1", "orgs", org]), platform.settings());
    let seen = api.ask(Method::GET, &at, Sent::default()).await?;
    let issuer = &preset["assertion_issuers"][0];
    let mut issuers = seen.json()?["settings"]["assertion_issuers"].as_array().cloned().unwrap_or_default();
    match issuers.iter_mut().find(|other| other["issuer"] == issuer["issuer"]) {
        Some(there) => there.clone_from(issuer),
        None => issuers.push(issuer.clone()),
    }
    let change = json!({"settings": {"assertion_issuers": issuers}});
    let at = with_query(&at, &[("check", is_checked.to_string())]);
    edit::change_as_seen(api, &at, &seen, &change).await?;
    print::out(&preset["federated"].to_string());
    Ok(())
}
