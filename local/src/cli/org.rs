//! `jeton org`: orgs at and below that of the caller.

use clap::Subcommand;
use http::Method;

use super::Failure;
use super::api::{Api, Page, Sent, path};
use super::edit::{self, Change};

pub(super) const EXAMPLES: &str = "\
Examples:
  jeton org list
  jeton org set acme parent=1 name=Acme --create
  jeton org set 1 settings.max_token_duration=7776000";

/// What is done with orgs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the orgs at and below one's own
    List {
        #[command(flatten)]
        page: Page,
    },
    /// Show an org with its settings
    Show {
        /// Id of the org
        org: String,
    },
    /// Change fields of an org; settings are settings.NAME
    Set {
        /// Id of the org
        org: String,
        #[command(flatten)]
        change: Change,
        /// Create the org if it is not there; it needs a parent
        #[arg(long)]
        create: bool,
    },
    /// Delete an org that has no members, clients or orgs below it
    Delete {
        /// Id of the org
        org: String,
    },
}

pub(super) async fn run(command: Command, api: &Api) -> Result<(), Failure> {
    let at = |org: &str| path(&["v1", "orgs", org]);
    match command {
        Command::List { page } => {
            let orgs = api.list("/v1/orgs", Vec::new(), "orgs", &page).await?;
            api.print_list(&orgs, "orgs", &["id", "parent", "enabled", "created", "name"]);
            Ok(())
        }
        Command::Show { org } => api.print_one(&api.ask(Method::GET, &at(&org), Sent::default()).await?),
        Command::Set { org, change, create } => api.print_one(&edit::set(api, &at(&org), &change.fields()?, create).await?),
        Command::Delete { org } => {
            api.ask(Method::DELETE, &at(&org), Sent::default()).await?;
            api.print_done(&format!("Deleted org {org}."));
            Ok(())
        }
    }
}
