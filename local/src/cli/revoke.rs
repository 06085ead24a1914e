//! `jeton revoke`: everything that somebody has.

use clap::Args;
use http::Method;
use serde_json::{Map, Value, json};

use super::Failure;
use super::api::{Api, Sent, path};
use super::member::OrgOption;

pub(super) const EXAMPLES: &str = "\
Examples:
  jeton revoke --subject ann
  jeton revoke --client 4711
  jeton revoke --session s-1 --org acme
  jeton revoke --created-by dk3v1q0f8e5m2r7t9u4b6c1a0g8h5j2l";

/// Whose tokens are revoked, in which org.
#[derive(Debug, Args)]
pub(crate) struct Revocation {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    org: OrgOption,
}

/// Whose tokens are revoked.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Target {
    /// Member or end user; with --client, only what that client has for it
    #[arg(long, visible_alias = "member", value_name = "SUB")]
    subject: Option<String>,

    /// OAuth client, by its number or its alias
    #[arg(long, value_name = "CLIENT")]
    client: Option<String>,

    /// Session that was begun in the org
    #[arg(long, conflicts_with_all = ["subject", "client"])]
    session: Option<String>,

    /// Token of the org, by its jti: it and all that its bearer had made by it, in the org and below
    #[arg(long, value_name = "JTI", conflicts_with_all = ["subject", "client", "session"])]
    created_by: Option<String>,
}

/// Revokes all tokens of the target with their refresh tokens, however many they are. What a token made is revoked by as many requests
/// as that takes.
pub(super) async fn run(revocation: Revocation, api: &Api) -> Result<(), Failure> {
    let Target { subject, client, session, created_by } = revocation.target;
    let named = [("subject", subject), ("client_id", client), ("session", session), ("created_by", created_by)];
    let mut body: Map<String, Value> =
        named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))).collect();
    let revocations = path(&["v1", "orgs", &api.org(revocation.org.org)?, "revocations"]);
    let revoked = loop {
        let revoked = api.ask(Method::POST, &revocations, Sent::json(&Value::Object(body.clone()))).await?;
        match revoked.text("next") {
            Ok(next) => body.insert("after".to_owned(), json!(next)),
            Err(_) => break revoked,
        };
    };
    if api.json {
        return api.print_one(&revoked);
    }
    api.print_done(&format!("Revoked all tokens of the target that were issued until {}.", revoked.text("revoked_before")?));
    Ok(())
}
