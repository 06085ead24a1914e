//! `jeton revoke`: everything that somebody has.

use clap::Args;
use http::Method;
use serde_json::{Value, json};

use super::Failure;
use super::api::{Api, Sent, path};
use super::member::OrgOption;

pub(super) const EXAMPLES: &str = "\
Examples:
  jeton revoke --subject ann
  jeton revoke --client 4711
  jeton revoke --member ann --session s-1 --org acme";

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

    /// Only this session of the member
    #[arg(long, requires = "subject", conflicts_with = "client")]
    session: Option<String>,
}

/// Revokes all tokens of the target with their refresh tokens, at once and however many they are.
pub(super) async fn run(revocation: Revocation, api: &Api) -> Result<(), Failure> {
    let Target { subject, client, session } = revocation.target;
    let org = api.org(revocation.org.org)?;
    let (path, body, count) = if session.is_some() {
        let body = json!({ "user_id": subject, "org_id": org, "session_id": session });
        ("/v1/tokens/bulk_revoke".to_owned(), body, "number_of_tokens_revoked")
    } else {
        let named = [("subject", subject), ("clientIdentifier", client)].into_iter();
        let body = named.filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?)))).collect();
        (path(&["api", &org, "auth", "token", "revoke"]), body, "count")
    };
    let revoked = api.ask(Method::POST, &path, Sent::json(&body)).await?;
    let count = revoked.json()?.get(count).and_then(Value::as_u64).unwrap_or_default();
    if count == 0 {
        return Err(Failure::Refused("there was no live token to revoke".to_owned()));
    }
    if api.json {
        return api.print_one(&revoked);
    }
    api.print_done(&format!("Revoked tokens: {count}"));
    Ok(())
}
