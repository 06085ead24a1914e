//! `jeton member`: the people, service accounts and groups of an org.

use clap::Subcommand;
use http::Method;

use super::Failure;
use super::api::{Api, Page, Sent, path, with_query};
use super::edit::{self, Change};

pub(super) const EXAMPLES: &str = "\
Examples:
  jeton member list --org acme
  jeton member set ann --create 'scopes=[\"urn:shop:orders\"]' profile.email=ann@shop.example
  jeton member set ann enabled=false";

/// What is done with members.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the members of an org
    List {
        #[command(flatten)]
        page: Page,
        #[command(flatten)]
        org: OrgOption,
    },
    /// Show a member with its scopes and roles
    Show {
        /// Id of the member: its `sub`
        sub: String,
        #[command(flatten)]
        org: OrgOption,
    },
    /// Change fields of a member
    Set {
        /// Id of the member: its `sub`
        sub: String,
        #[command(flatten)]
        change: Change,
        /// Create the member if it is not there
        #[arg(long)]
        create: bool,
        #[command(flatten)]
        org: OrgOption,
    },
    /// Delete a member, whose tokens are invalid from then on
    Delete {
        /// Id of the member: its `sub`
        sub: String,
        #[command(flatten)]
        org: OrgOption,
    },
}

/// The org that a command is about.
#[derive(Debug, clap::Args)]
pub(crate) struct OrgOption {
    /// Id of the org. Default: the org of the token to ask with
    #[arg(long)]
    pub(super) org: Option<String>,
}

pub(super) async fn run(command: Command, api: &Api) -> Result<(), Failure> {
    match command {
        Command::List { page, org } => {
            let members = path(&["v1", "orgs", &api.org(org.org)?, "members"]);
            let members = api.list(&members, Vec::new(), "members", &page).await?;
            api.print_list(&members, "members", &["sub", "org", "kind", "enabled", "scopes"]);
            Ok(())
        }
        Command::Show { sub, org } => api.print_one(&api.ask(Method::GET, &at(&api.org(org.org)?, &sub), Sent::default()).await?),
        Command::Set { sub, change, create, org } => {
            let (fields, at) = (change.fields()?, at(&api.org(org.org)?, &sub));
            api.print_one(&edit::set(api, &at, &fields, create).await?)
        }
        Command::Delete { sub, org } => {
            let org = api.org(org.org)?;
            api.ask(Method::DELETE, &at(&org, &sub), Sent::default()).await?;
            api.print_done(&format!("Deleted member {sub} of org {org}."));
            Ok(())
        }
    }
}

/// The address of a member. One with a name that a path must encode is named in the query: gateways decode paths.
fn at(org: &str, sub: &str) -> String {
    let in_path = path(&["v1", "orgs", org, "members", sub]);
    if in_path.contains('%') { with_query(&path(&["v1", "orgs", org, "member"]), &[("sub", sub.to_owned())]) } else { in_path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_a_path_cannot_name_is_named_in_the_query() {
        assert_eq!(at("1", "ann"), "/v1/orgs/1/members/ann");
        for (sub, encoded) in [("ann?x", "ann%3Fx"), ("a/b", "a%2Fb"), ("50%", "50%25"), ("a b", "a+b")] {
            assert_eq!(at("1", sub), format!("/v1/orgs/1/member?sub={encoded}"));
        }
    }
}
