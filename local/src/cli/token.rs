//! `jeton token`: tokens, one by one.

mod decode;

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clap::{Args, Subcommand};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use shared::domain::Secret;

use super::api::{Answer, Api, Page, Query, Sent, path, token_body, with_query};
use super::{Failure, print};

pub(super) const EXAMPLES: &str = "\
Examples:
  jeton token mint --audience urn:example:api --scope urn:example:read --duration 10m
  jeton token list --sub ann --revoked false
  jeton token revoke 06h06kbq3giarbfuktf39c499bgfu8k3
  echo \"$TOKEN\" | jeton token decode -
  jeton token introspect --file token.txt --json";

/// What is done with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Mint a token for a member, and print it. A refresh token follows in a line of its own
    Mint(Mint),
    /// List tokens, the newest first
    List(List),
    /// Show what is recorded of a token, and what has revoked it
    Show {
        /// Id of the token: its `jti`
        jti: String,
        /// Org of the token. Default: wherever it is, at or below the org of the token to ask with
        #[arg(long)]
        org: Option<String>,
    },
    /// Revoke a token with its refresh token, by its id or by itself
    Revoke {
        /// Id of the token: its `jti`
        #[arg(required_unless_present = "file", conflicts_with = "file")]
        jti: Option<String>,
        /// Org of the token. Default: wherever it is, at or below the org of the token to ask with
        #[arg(long, conflicts_with = "file")]
        org: Option<String>,
        /// File with the token itself, or - for standard input. Whoever has a token may revoke it
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Ask whether a token is valid, and what it is for
    Introspect {
        #[command(flatten)]
        token: Presented,
        #[command(flatten)]
        client: AsClient,
    },
    /// Show what is in a token, and whether its signature and its record are good. The exit code is 0 only if they are
    Decode {
        #[command(flatten)]
        token: Presented,
        /// Ask no service: show what is in the token, and verify nothing
        #[arg(long)]
        offline: bool,
    },
}

/// A token to be minted.
#[derive(Debug, Args)]
pub(crate) struct Mint {
    /// Member that the token is for. Default: the one whose token asks
    sub: Option<String>,
    /// Org of the member. Default: the org of the token to ask with
    #[arg(long)]
    org: Option<String>,
    /// Who is to accept the token. Repeatable
    #[arg(long = "audience", value_name = "AUDIENCE", required = true)]
    audiences: Vec<String>,
    /// What the token allows; with a ? at the end it may be missing. Repeatable
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Role of the member in an application. Repeatable
    #[arg(long = "role", value_name = "APP=ROLE", value_parser = pair)]
    roles: Vec<(String, String)>,
    /// How long the token is valid, such as 90, 15m, 12h or 90d. Default: what the org says
    #[arg(long, value_parser = seconds)]
    duration: Option<u32>,
    /// Let the token never expire, where the org allows it
    #[arg(long, conflicts_with = "duration")]
    forever: bool,
    /// Session that the token belongs to. Default: that of the token to ask with
    #[arg(long)]
    session: Option<String>,
    /// What people call the token, to find it again: up to 100 characters
    #[arg(long)]
    label: Option<String>,
    /// Make a refresh token, too
    #[arg(long)]
    refresh: bool,
}

/// Which tokens are listed.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Org of the tokens. Default: the org of the token to ask with
    #[arg(long)]
    org: Option<String>,
    /// Member or client that the tokens are for
    #[arg(long)]
    sub: Option<String>,
    /// Session that the tokens belong to
    #[arg(long)]
    session: Option<String>,
    /// What the tokens are called
    #[arg(long)]
    label: Option<String>,
    /// Scope that the tokens have. Repeatable
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Whether the tokens are revoked
    #[arg(long, value_name = "true|false")]
    revoked: Option<bool>,
    /// Tokens issued at this moment or later, such as 2026-01-02 or '1 day ago'
    #[arg(long, value_name = "DATE")]
    issued_from: Option<String>,
    /// Tokens issued before this moment
    #[arg(long, value_name = "DATE")]
    issued_to: Option<String>,
    /// Tokens that expire at this moment or later
    #[arg(long, value_name = "DATE")]
    expires_from: Option<String>,
    /// Tokens that expire before this moment
    #[arg(long, value_name = "DATE")]
    expires_to: Option<String>,
    #[command(flatten)]
    page: Page,
}

/// A token that is looked at.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Presented {
    /// The token, or - to read it from standard input. Other users of this machine can see the arguments of programs: -, or the
    /// option --file, is better
    token: Option<String>,
    /// File with the token, or - for standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// A client that asks instead of a member.
#[derive(Debug, Args)]
pub(crate) struct AsClient {
    /// Number of a confidential client, such as a resource server, to ask as (RFC 7662). Tokens for others are inactive to it
    #[arg(long, value_name = "CLIENT", requires = "secret_file")]
    client_id: Option<String>,
    /// File with the client's secret, or - for standard input
    #[arg(long, value_name = "FILE", requires = "client_id")]
    secret_file: Option<PathBuf>,
}

impl Presented {
    fn read(&self) -> Result<Secret<String>, Failure> {
        match (&self.token, &self.file) {
            (Some(token), _) if token != "-" => Ok(Secret::new(token.trim().to_owned())),
            (_, Some(file)) => print::read(file),
            (_, None) => print::read("-".as_ref()),
        }
    }
}

pub(super) async fn run(command: Command, api: &Api) -> Result<(), Failure> {
    match command {
        Command::Mint(mint) => minted(mint, api).await,
        Command::List(list) => listed(list, api).await,
        Command::Show { jti, org } => {
            let shown = api.ask(Method::GET, &at(&jti, org), Sent::default()).await?;
            api.print_one(&shown)
        }
        Command::Revoke { jti: Some(jti), org, .. } => {
            api.ask(Method::DELETE, &at(&jti, org), Sent::default()).await?;
            api.print_done(&format!("Revoked token {jti}."));
            Ok(())
        }
        Command::Revoke { file, .. } => {
            let token = print::read(&file.unwrap_or_else(|| "-".into()))?;
            api.send(Method::POST, "/v1/tokens/revoke", Sent::json(&token_body(&token))).await?.into_good()?;
            api.print_done("Revoked the token.");
            Ok(())
        }
        Command::Introspect { token, client } => {
            let seen = introspected(&token.read()?, &client, api).await?;
            api.print_one(&seen)?;
            if seen.json()?.get("active") == Some(&Value::Bool(false)) {
                return Err(Failure::Refused("the token is not active, or not for the one who asks".to_owned()));
            }
            Ok(())
        }
        Command::Decode { token, offline } => decode::run(&token.read()?, offline, api).await,
    }
}

fn at(jti: &str, org: Option<String>) -> String {
    with_query(&path(&["v1", "tokens", jti]), &org.map(|org| ("org", org)).into_iter().collect::<Query>())
}

/// How long a mint waits before it tries again.
const MAX_WAIT_SECONDS: u64 = 5;

async fn minted(mint: Mint, api: &Api) -> Result<(), Failure> {
    let Mint { sub, org, audiences, scopes, roles, duration, forever, session, label, refresh } = mint;
    let mut body = json!({
        "sub": api.named_or_claimed(sub, "sub")?,
        "org": api.org(org)?,
        "audiences": audiences,
        "scopes": scopes,
        "time_validity": duration.map_or(json!({}), |seconds| json!({ "duration": seconds })),
        "create_refresh_token": refresh,
    });
    if !roles.is_empty() {
        body["roles"] = roles.into_iter().map(|(app, role)| (app, Value::from(role))).collect::<Value>();
    }
    if forever {
        body["token_validity"] = json!({ "does_not_expire": true });
    }
    if let Some(session) = session {
        body["session"] = session.into();
    }
    if let Some(label) = label {
        body["label"] = label.into();
    }
    let mut minted = api.try_ask(Method::POST, "/v1/tokens", Sent::json(&body)).await?;
    // In the second after a revocation of many nothing is issued: the token would be dead.
    if let (StatusCode::SERVICE_UNAVAILABLE, Some(seconds)) = (minted.status, minted.retry_after) {
        tokio::time::sleep(Duration::from_secs(seconds.min(MAX_WAIT_SECONDS))).await;
        minted = api.try_ask(Method::POST, "/v1/tokens", Sent::json(&body)).await?;
    }
    let minted = minted.into_good()?;
    if api.json {
        return api.print_one(&minted);
    }
    print::out(&minted.text("token")?);
    if refresh {
        print::out(&minted.text("refresh_token")?);
    }
    Ok(())
}

async fn listed(list: List, api: &Api) -> Result<(), Failure> {
    let List { org, sub, session, label, scopes, revoked, issued_from, issued_to, expires_from, expires_to, page } = list;
    let revoked = revoked.map(|revoked| revoked.to_string());
    let one = [("org", org), ("sub", sub), ("session", session), ("revoked", revoked), ("iat_from", issued_from)];
    let more = [("label", label), ("iat_to", issued_to), ("exp_from", expires_from), ("exp_to", expires_to)];
    let query = one.into_iter().chain(more).filter_map(|(name, value)| Some((name, value?)));
    let query = query.chain(scopes.into_iter().map(|scope| ("scopes", scope))).collect();
    let tokens = api.list("/v1/tokens", query, "tokens", &page).await?;
    api.print_list(&tokens, "tokens", &["jti", "sub", "org", "iat", "exp", "revoked", "label", "scopes"]);
    Ok(())
}

/// Asks what a token is for. Members' tokens tell it to whoever has them; others to those who may know, RFC 7662.
async fn introspected(token: &Secret<String>, client: &AsClient, api: &Api) -> Result<Answer, Failure> {
    let authorization = if let AsClient { client_id: Some(id), secret_file: Some(file) } = client {
        let pair = [id.as_str(), print::read(file)?.expose()].map(form_encoded).join(":");
        format!("Basic {}", BASE64_STANDARD.encode(pair))
    } else {
        let seen = api.send(Method::POST, "/v1/tokens/introspect", Sent::json(&token_body(token))).await?;
        let is_told = seen.status.is_success() || seen.status == StatusCode::GONE;
        match api.token() {
            Ok(token) if !is_told => format!("Bearer {}", token.expose()),
            Ok(_) | Err(_) => return seen.into_good(),
        }
    };
    let form = form_urlencoded::Serializer::new(String::new()).append_pair("token", token.expose()).finish();
    let body = Some(("application/x-www-form-urlencoded", form));
    let sent = Sent { body, authorization: Some(Secret::new(authorization)), ..Sent::default() };
    api.send(Method::POST, "/oauth2/introspect", sent).await?.into_good()
}

/// RFC 6749 section 2.3.1: id and secret are encoded before they are joined.
fn form_encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (app, role) = text.split_once('=').ok_or("must be APP=ROLE, such as shop=owner")?;
    Ok((app.to_owned(), role.to_owned()))
}

/// Reads a length of time: seconds, or a number with its unit.
fn seconds(text: &str) -> Result<u32, &'static str> {
    let units = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400), ("", 1)];
    let read = |(unit, seconds): (&str, u32)| text.strip_suffix(unit)?.parse::<u32>().ok()?.checked_mul(seconds);
    units.into_iter().find_map(read).filter(|seconds| *seconds > 0).ok_or("must be a number of seconds, or like 15m, 12h or 90d")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_in_seconds_or_has_a_unit() {
        for (text, expected) in [("90", 90), ("90s", 90), ("15m", 900), ("12h", 43_200), ("90d", 7_776_000)] {
            assert_eq!(seconds(text), Ok(expected));
        }
        for wrong in ["", "0", "-1", "m", "1w", "1.5h", "99999999d", "1 h"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
