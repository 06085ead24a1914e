//! What a start makes sure of: an org, its administrator, and a token that is good for a while.

use std::fmt::Write as _;
use std::path::PathBuf;

use shared::admin::bootstrap;
use shared::auth::bearer::{PresentedToken, inspect};
use shared::domain::{Error, Fault, Member, Org, OrgId, Seconds, Secret, Subject, Timestamp, TokenStatus};
use shared::platform::Platform;
use shared::platform::capabilities::Provides as _;
use shared::platform::data_dir::DataDir;
use shared::store::RecordKeys;

/// All digits, so that it can be an Authlete `serviceId`, too.
pub(crate) const ORG: &str = "1";
const ADMINISTRATOR: &str = "administrator";
/// The file with the administrator's token, in the data folder.
pub(crate) const TOKEN_FILE: &str = "admin.token";
/// The file that says where the server listens that runs on the data folder.
pub(crate) const ADDRESS_FILE: &str = "address";
const LIFETIME: Seconds = Seconds::DAY;
/// A token with less than this left is replaced.
const LEFT: Seconds = Seconds::HOUR;

/// The administrator of the default org.
#[derive(Debug)]
pub(crate) struct Administrator {
    org: OrgId,
    subject: Subject,
}

/// Makes what is missing, and renews the token when less than an hour of it is left.
pub(crate) async fn prepare(home: &DataDir, platform: &Platform) -> Result<Administrator, Error> {
    let (org, member) = made(platform).await?;
    let now = platform.records.reader.now();
    let kept = home.read(TOKEN_FILE)?;
    let good = match &kept {
        Some(token) => is_good(platform, token.expose().trim(), &org.id, now).await?,
        None => false,
    };
    if !good {
        let minted = bootstrap::token(&platform.provide(), &org, &member, LIFETIME).await?;
        home.write(TOKEN_FILE, &minted.token)?;
    }
    Ok(Administrator { org: org.id, subject: member.subject })
}

/// Lets the administrator act again, if it can't, and gives it a new token.
pub(crate) async fn restore(home: &DataDir, platform: &Platform) -> Result<Secret<String>, Error> {
    let (org, member) = made(platform).await?;
    let (org, member, _) = bootstrap::restore(&*platform.records.store, org, member, platform.records.reader.now()).await?;
    let minted = bootstrap::token(&platform.provide(), &org, &member, LIFETIME).await?;
    home.write(TOKEN_FILE, &minted.token)?;
    Ok(minted.token)
}

/// The first org and its administrator, who are made if they are missing.
async fn made(platform: &Platform) -> Result<(Org, Member), Error> {
    let name = |_| Fault::internal("naming the first org");
    let (org, subject) = (OrgId::parse(ORG).map_err(name)?, Subject::parse(ADMINISTRATOR).map_err(name)?);
    bootstrap::administrator(&*platform.records.store, &org, &subject, platform.records.reader.now()).await
}

async fn is_good(platform: &Platform, token: &str, org: &OrgId, now: Timestamp) -> Result<bool, Fault> {
    let (presented, _) = inspect(&platform.records.reader, token, RecordKeys::default()).await?;
    Ok(match presented {
        PresentedToken::Access(token) => {
            let record = &token.record;
            token.status == TokenStatus::Live && record.org == *org && record.expires_at.is_none_or(|exp| exp >= now.plus(LEFT))
        }
        PresentedToken::Refresh(_) | PresentedToken::Expired(_) | PresentedToken::Invalid => false,
    })
}

/// What is printed when the server is ready: where it is, and two commands to paste.
pub(crate) fn welcome(base_url: &str, home: &DataDir, administrator: &Administrator) -> String {
    let file: PathBuf = home.file(TOKEN_FILE);
    let file = file.display();
    let Administrator { org, subject } = administrator;
    let mut text = String::new();
    let _ = writeln!(
        text,
        "Jeton listens on {base_url}

Token of the administrator of org {org} (24 h, renewed at a start): {file}

Mint a token:
  curl -s -w '\\n' {base_url}/v1/tokens -H \"Authorization: Bearer $(cat {file})\" -H 'Content-Type: application/json' -d '{{\"sub\":\"{subject}\",\"org\":\"{org}\",\"audiences\":[\"urn:example:api\"],\"time_validity\":{{\"duration\":600}},\"scopes\":[\"urn:example:read\"]}}'

Introspect a token:
  curl -s -w '\\n' {base_url}/v1/tokens/introspect -H 'Content-Type: application/json' -d \"{{\\\"token\\\":\\\"$(cat {file})\\\"}}\"

Ctrl-C stops it."
    );
    text
}
