//! `jeton client`: the OAuth clients of an org, and their secrets.

use clap::Subcommand;
use http::Method;
use serde_json::json;

use super::api::{Api, Page, Sent, path};
use super::edit::{self, Change};
use super::member::OrgOption;
use super::{Failure, print};

pub(super) const EXAMPLES: &str = "\
Examples:
  jeton client create kind=confidential 'grants=[\"client_credentials\"]' name=Nightly
  jeton client set 4711 enabled=false
  jeton client secret new 4711 --previous-expires-in 3600";

/// What is done with clients.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the clients of an org
    List {
        #[command(flatten)]
        page: Page,
        #[command(flatten)]
        org: OrgOption,
    },
    /// Show a client without its secrets
    Show {
        /// Number of the client
        id: u64,
        #[command(flatten)]
        org: OrgOption,
    },
    /// Create a client, whose number the service makes. A secret is shown only this once
    Create {
        #[command(flatten)]
        change: Change,
        #[command(flatten)]
        org: OrgOption,
    },
    /// Change fields of a client
    Set {
        /// Number of the client
        id: u64,
        #[command(flatten)]
        change: Change,
        #[command(flatten)]
        org: OrgOption,
    },
    /// Delete a client, whose tokens are invalid from then on
    Delete {
        /// Number of the client
        id: u64,
        #[command(flatten)]
        org: OrgOption,
    },
    /// Make, list and delete secrets of a client
    #[command(subcommand)]
    Secret(SecretCommand),
}

/// What is done with the secrets of a client.
#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Make another secret, which is shown only this once. The one before goes on for a day unless it is told otherwise
    New {
        /// Number of the client
        id: u64,
        /// For how long the secret before stays valid, in seconds: 0 to 2592000
        #[arg(long, value_name = "SECONDS")]
        previous_expires_in: Option<u32>,
        #[command(flatten)]
        org: OrgOption,
    },
    /// List the ids of the valid secrets, the newest first
    List {
        /// Number of the client
        id: u64,
        #[command(flatten)]
        org: OrgOption,
    },
    /// End a secret at once
    Delete {
        /// Number of the client
        id: u64,
        /// Id of the secret, as the list has it
        secret: String,
        #[command(flatten)]
        org: OrgOption,
    },
}

pub(super) async fn run(command: Command, api: &Api) -> Result<(), Failure> {
    let at = |org: &str, id: u64| path(&["v1", "orgs", org, "clients", &id.to_string()]);
    match command {
        Command::List { page, org } => {
            let clients = path(&["v1", "orgs", &api.org(org.org)?, "clients"]);
            let clients = api.list(&clients, Vec::new(), "clients", &page).await?;
            api.print_list(&clients, "clients", &["id", "org", "kind", "auth_method", "enabled", "grants", "name"]);
            Ok(())
        }
        Command::Show { id, org } => api.print_one(&api.ask(Method::GET, &at(&api.org(org.org)?, id), Sent::default()).await?),
        Command::Create { change, org } => {
            let (fields, clients) = (change.fields()?, path(&["v1", "orgs", &api.org(org.org)?, "clients"]));
            api.print_one(&api.ask(Method::POST, &clients, Sent::json(&fields)).await?)
        }
        Command::Set { id, change, org } => {
            let (fields, at) = (change.fields()?, at(&api.org(org.org)?, id));
            api.print_one(&edit::set(api, &at, &fields, false).await?)
        }
        Command::Delete { id, org } => {
            let org = api.org(org.org)?;
            api.ask(Method::DELETE, &at(&org, id), Sent::default()).await?;
            api.print_done(&format!("Deleted client {id} of org {org}."));
            Ok(())
        }
        Command::Secret(command) => run_secret(command, api).await,
    }
}

async fn run_secret(command: SecretCommand, api: &Api) -> Result<(), Failure> {
    let at = |org: &str, id: u64| path(&["v1", "orgs", org, "clients", &id.to_string(), "secrets"]);
    match command {
        SecretCommand::New { id, previous_expires_in, org } => {
            let body = previous_expires_in.map_or(json!({}), |seconds| json!({ "previous_expires_in": seconds }));
            let made = api.ask(Method::POST, &at(&api.org(org.org)?, id), Sent::json(&body)).await?;
            if api.json {
                return api.print_one(&made);
            }
            print::out(&made.text("secret")?);
            Ok(())
        }
        SecretCommand::List { id, org } => {
            let secrets = api.ask(Method::GET, &at(&api.org(org.org)?, id), Sent::default()).await?.json()?;
            api.print_list(&secrets, "secrets", &["id", "created", "expires_at", "last_used"]);
            Ok(())
        }
        SecretCommand::Delete { id, secret, org } => {
            let at = at(&api.org(org.org)?, id) + &path(&[&secret]);
            api.ask(Method::DELETE, &at, Sent::default()).await?;
            api.print_done(&format!("Deleted a secret of client {id}."));
            Ok(())
        }
    }
}
