//! What a start makes sure of: an org, its administrator, and a token that is good for a while.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use shared::admin::bootstrap;
use shared::auth::bearer::{PresentedToken, inspect};
use shared::domain::{Error, Fault, Member, MemberKey, Org, OrgId, Seconds, Secret, Subject, Timestamp, TokenStatus};
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
/// How often it is looked whether the token is to be replaced.
const CHECK_INTERVAL: Duration = Duration::from_mins(10);

/// The administrator of the default org.
#[derive(Debug)]
pub struct Administrator {
    org: OrgId,
    subject: Subject,
}

/// Makes what is missing, and renews the token when less than an hour of it is left.
///
/// # Errors
/// Only a fault: the store or the data folder can't be read or written.
pub async fn prepare(home: &DataDir, platform: &Platform) -> Result<Administrator, Error> {
    let (org, member) = made(platform).await?;
    let now = platform.records.reader.now();
    let kept = home.read(TOKEN_FILE)?;
    let left = match &kept {
        Some(token) => left(platform, token.expose().trim(), &org.id, now).await?,
        None => None,
    };
    if left.is_none_or(|left| left < LEFT) {
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

fn names() -> Result<(OrgId, Subject), Fault> {
    let name = |_| Fault::internal("naming the first org");
    Ok((OrgId::parse(ORG).map_err(name)?, Subject::parse(ADMINISTRATOR).map_err(name)?))
}

/// The first org and its administrator, who are made if they are missing.
async fn made(platform: &Platform) -> Result<(Org, Member), Error> {
    let (org, subject) = names()?;
    bootstrap::administrator(&*platform.records.store, &org, &subject, platform.records.reader.now()).await
}

/// Renews the token before it ends. Goes on until the task is aborted.
pub(crate) async fn keep_renewed(home: DataDir, platform: Platform) {
    loop {
        tokio::time::sleep(CHECK_INTERVAL).await;
        match renew(&home, &platform).await {
            Ok(false) => {}
            Ok(true) => {
                let file = home.file(TOKEN_FILE);
                tracing::info!(target: "jeton::admin", file = %file.display(), "renewed the administrator's token");
            }
            Err(error) => tracing::error!(target: "jeton::fault", cause = ?error, "the administrator's token can't be renewed"),
        }
    }
}

/// Renews the token if less than an hour of it is left, and returns whether it has. One that was revoked stays so, and an
/// administrator that was deleted or disabled gets none.
///
/// # Errors
/// Only a fault: the store or the data folder can't be read or written.
pub async fn renew(home: &DataDir, platform: &Platform) -> Result<bool, Error> {
    let (org, subject) = names()?;
    let Some(token) = home.read(TOKEN_FILE)? else { return Ok(false) };
    let left = left(platform, token.expose().trim(), &org, platform.records.reader.now()).await?;
    if left.is_none_or(|left| left >= LEFT) {
        return Ok(false);
    }
    let store = &platform.records.store;
    let key = MemberKey { org, subject };
    let (Some(org), Some(member)) = (store.org(&key.org).await?, store.member(&key).await?) else { return Ok(false) };
    if !org.enabled || !member.enabled {
        return Ok(false);
    }
    let minted = bootstrap::token(&platform.provide(), &org, &member, LIFETIME).await?;
    home.write(TOKEN_FILE, &minted.token)?;
    Ok(true)
}

/// How long a token of the org is still good. `None`: it was revoked, or is none.
async fn left(platform: &Platform, token: &str, org: &OrgId, now: Timestamp) -> Result<Option<Seconds>, Fault> {
    let (presented, _) = inspect(&platform.records.reader, token, RecordKeys::default()).await?;
    Ok(match presented {
        PresentedToken::Access(token) if token.status == TokenStatus::Live && token.record.org == *org => {
            let end = token.record.expires_at.unwrap_or(Timestamp::END_OF_TIME);
            Some(Seconds(u32::try_from((end.as_ms() - now.as_ms()) / 1_000).unwrap_or(u32::MAX)))
        }
        // As after a night in which the machine slept.
        PresentedToken::Expired(key) if key.org == *org => {
            let keys = RecordKeys { tokens: vec![key.clone()], ..RecordKeys::default() };
            let found = platform.records.reader.tokens.read(&keys).await?;
            found.tokens.get(&key).is_some_and(|token| token.revoked_at.is_none()).then_some(Seconds(0))
        }
        PresentedToken::Access(_) | PresentedToken::Refresh(_) | PresentedToken::Expired(_) | PresentedToken::Invalid => None,
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

Token of the administrator of org {org} (24 h, renewed as long as this runs): {file}

Mint a token:
  curl -s -w '\\n' {base_url}/v1/tokens -H \"Authorization: Bearer $(cat {file})\" -H 'Content-Type: application/json' -d '{{\"sub\":\"{subject}\",\"org\":\"{org}\",\"audiences\":[\"urn:example:api\"],\"time_validity\":{{\"duration\":600}},\"scopes\":[\"urn:example:read\"]}}'

Introspect a token:
  curl -s -w '\\n' {base_url}/v1/tokens/introspect -H 'Content-Type: application/json' -d \"{{\\\"token\\\":\\\"$(cat {file})\\\"}}\"

Ctrl-C stops it."
    );
    text
}
