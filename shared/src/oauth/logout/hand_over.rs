//! The hand-over: a login application reads whom a client wants logged out, and says that it has seen to it.

use std::sync::Arc;

use crate::auth::service::{Authenticated, Credentials, Lookup, authenticate};
use crate::domain::scope::api;
use crate::domain::{Client, Error, Fault, Logout, LogoutKey, LogoutProblem, OrgId, Service, SessionId, TokenId};
use crate::oauth::authorization::with_query;
use crate::platform::capabilities::{LogoutCompleter, Reader};
use crate::store::{LogoutCompletion, RecordKeys};
use crate::tokens::revoke::{RevocationTarget, end_all_of};

/// A logout as a login application reads it.
#[derive(Debug)]
pub struct LogoutSeen {
    /// The logout, which isn't over.
    pub logout: Logout,
    /// The client that asks, if the request names one and it is still good for anything.
    pub client: Option<Arc<Client>>,
}

impl LogoutSeen {
    /// Returns where the person can go after that: nowhere, if the client is gone by now, or has another address.
    pub fn post_logout_redirect_uri(&self) -> Option<&str> {
        let uri = self.logout.post_logout_redirect_uri.as_deref()?;
        let registered = &self.client.as_ref()?.settings.post_logout_redirect_uris;
        registered.iter().any(|registered| registered.is_exactly(uri)).then_some(uri)
    }
}

/// Reads a logout. It isn't changed by that.
///
/// # Errors
/// As [`authenticate`]. [`Refusal::LogoutRejected`](crate::domain::Refusal::LogoutRejected) if there is no such logout in the org, or it is
/// over.
pub async fn read(ports: &Reader, credentials: Credentials, key: &LogoutKey) -> Result<LogoutSeen, Error> {
    let needs = [api::GRANTS_READ, api::GRANTS_WRITE];
    let (service, logout) = find(ports, credentials, key, &needs).await?;
    Ok(seen(ports, &service, logout).await?)
}

/// Completes a logout: ends the session of the login application, if there is one, with all tokens in it, and returns the address to which
/// the person can go, if there is one.
///
/// # Errors
/// As [`read`]. [`Refusal::LogoutRejected`](crate::domain::Refusal::LogoutRejected) also if it has been completed.
pub async fn complete(
    ports: &LogoutCompleter,
    credentials: Credentials,
    key: &LogoutKey,
    session: Option<SessionId>,
) -> Result<Option<String>, Error> {
    let (service, logout) = find(&ports.reader, credentials, key, &[api::GRANTS_WRITE]).await?;
    if logout.completed_by.is_some() {
        return Err(LogoutProblem::Completed.into());
    }
    let seen = seen(&ports.reader, &service, logout).await?;
    let now = ports.reader.now();
    // What can be used once is consumed last: where an answer gets lost before that, the same again ends the same session.
    if let Some(session) = session {
        end_all_of(&*ports.revoke, &service, RevocationTarget::Session(session), now).await?;
    }
    let by = TokenId::generate(now, None, &*ports.entropy)?;
    if !ports.logouts.complete_logout(&LogoutCompletion { key: key.clone(), by, now }).await? {
        return Err(LogoutProblem::Completed.into());
    }
    Ok(seen.post_logout_redirect_uri().map(|uri| with_state(uri, seen.logout.state.as_deref())))
}

/// The URI with the client's `state` in its query, if there is one. The URI stays to the letter as it is.
fn with_state(uri: &str, state: Option<&str>) -> String {
    state.map_or_else(|| uri.to_owned(), |state| with_query(uri, &[("state", state.to_owned())]))
}

impl Lookup for LogoutKey {
    fn wanted(&self, org: &OrgId) -> RecordKeys {
        // One of another org is not looked for: the answer is that of one that isn't there.
        let logouts = (self.org == *org).then(|| self.clone()).into_iter().collect();
        RecordKeys { logouts, ..RecordKeys::default() }
    }
}

/// Authenticates the login application, and finds the logout in its org: one read.
async fn find(
    ports: &Reader,
    credentials: Credentials,
    key: &LogoutKey,
    needs: &[&'static str],
) -> Result<(Service, Logout), Error> {
    let credentials = Credentials { org: Some(key.org.clone()), ..credentials };
    let Authenticated { service, mut found, .. } = authenticate(ports, &credentials, needs, |_| key.clone()).await?;
    let logout = found.logouts.remove(key).ok_or(LogoutProblem::NotFound)?;
    if logout.is_over(ports.now()) {
        return Err(LogoutProblem::Expired.into());
    }
    Ok((service, logout))
}

/// Reads the client that asks, if the request names one.
async fn seen(ports: &Reader, service: &Service, logout: Logout) -> Result<LogoutSeen, Fault> {
    let Some(client) = &logout.client else { return Ok(LogoutSeen { logout, client: None }) };
    let key = (logout.org.clone(), client.id);
    let wanted = RecordKeys { clients: vec![key.clone()], ..RecordKeys::default() };
    let is_there = |client: &Arc<Client>| client.enabled && service.org().still_has(client, ports.now());
    let client = ports.tokens.read(&wanted).await?.clients.remove(&key).filter(is_there);
    Ok(LogoutSeen { logout, client })
}
