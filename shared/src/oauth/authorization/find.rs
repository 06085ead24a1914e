//! Finding what a device asks for by the code that a person types: RFC 8628 section 3.3.
//!
//! Each attempt is counted before its answer is told, right or wrong, so that guesses at the same time can't outrun the count.

use std::sync::Arc;

use super::UserCode;
use super::hand_over::{AuthorizationSeen, client_among};
use crate::auth::client::document::document_key;
use crate::auth::service::{Authenticated, Credentials, Lookup, authenticate};
use crate::domain::scope::api;
use crate::domain::{
    Authorization, AuthorizationKey, AuthorizationProblem, AuthorizationState, Client, ClientUrl, Error, Fault, OrgId, Seconds,
    Service, Timestamp, UserCodeAssignment,
};
use crate::jose::sha256;
use crate::platform::capabilities::{AuthorizationFinder, Reader};
use crate::store::attempts::AttemptLimit;
use crate::store::{CountEvents, CountedEvent, RecordKeys, Records};
use crate::telemetry::{Alarm, log_alarm};

/// Somebody's attempt to find what a device asks for.
#[derive(Debug)]
pub struct Attempt {
    /// What the person has typed. `None`: it can't be a code, which counts as an attempt, too.
    pub user_code: Option<UserCode>,
    /// Who tries, as the login application knows it: who has signed in, or an address.
    pub attempt_by: String,
    /// The org in which the code is looked for. `None`: that of the credentials.
    pub org: Option<OrgId>,
}

/// Finds what a device asks for, as long as nobody has decided it.
///
/// # Errors
/// As [`authenticate`]. As [`AttemptLimit::count`] after five attempts of one person in ten minutes, even for the right code.
/// [`AuthorizationProblem`] if the code stands for nothing that waits.
pub async fn find(ports: &AuthorizationFinder, credentials: Credentials, attempt: Attempt) -> Result<AuthorizationSeen, Error> {
    let Attempt { user_code, attempt_by, org } = attempt;
    let credentials = Credentials { org, ..credentials };
    let needs = [api::AUTHORIZATIONS_DECIDE];
    let seek = |_: &OrgId| user_code.clone();
    let Authenticated { service, found, .. } = authenticate(&ports.reader, &credentials, &needs, seek).await?;
    let (org, now) = (service.id().clone(), ports.reader.now());
    count_attempt(ports, &org, &attempt_by, now).await?;
    let waiting = match user_code {
        Some(code) => undecided(&ports.reader, &service, &found, &code).await?.filter(|(seen, _)| !seen.is_over(now)),
        None => None,
    };
    let Some((authorization, client)) = waiting else {
        count_wrong(&*ports.counts, &org, now).await?;
        return Err(AuthorizationProblem::NotFound.into());
    };
    Ok(AuthorizationSeen { authorization, client, service, person_grant: None })
}

/// Finds what a user code stands for, with the client that asks: nobody has decided it, but it may be over. `found` is what was read for
/// the code.
pub(in crate::oauth) async fn undecided(
    reader: &Reader,
    service: &Service,
    found: &Records,
    code: &UserCode,
) -> Result<Option<(Authorization, Arc<Client>)>, Fault> {
    let (org, now) = (service.id(), reader.now());
    let Some(UserCodeAssignment { authorization, client, .. }) = found.user_codes.get(&code.key(org)) else { return Ok(None) };
    let (key, client) = (AuthorizationKey { org: org.clone(), id: *authorization }, (org.clone(), *client));
    let wanted = RecordKeys { authorizations: vec![key.clone()], clients: vec![client], ..RecordKeys::default() };
    let mut found = reader.tokens.read(&wanted).await?;
    let is_undecided = |found: &Authorization| found.state == AuthorizationState::Pending && now < found.kept_until();
    let Some(asked) = found.authorizations.remove(&key).filter(is_undecided) else { return Ok(None) };
    if let Ok(url) = ClientUrl::parse(&asked.client_name) {
        let wanted = RecordKeys { client_documents: vec![document_key(org, &url)], ..RecordKeys::default() };
        found.client_documents = reader.tokens.read(&wanted).await?.client_documents;
    }
    Ok(client_among(service.org(), &asked, &mut found, now)?.map(|client| (asked, client)))
}

impl Lookup for UserCode {
    fn wanted(&self, org: &OrgId) -> RecordKeys {
        RecordKeys { user_codes: vec![self.key(org)], ..RecordKeys::default() }
    }
}

/// Counts an attempt of a person.
async fn count_attempt(ports: &AuthorizationFinder, org: &OrgId, by: &str, now: Timestamp) -> Result<(), Error> {
    AttemptLimit { org, what: "guess", by, limit: 5, window: Seconds(600) }.count(&*ports.counts, now).await
}

/// Counts a wrong code in its org. Nothing is locked by many of them, which would let anybody lock out everybody: somebody is told.
pub(in crate::oauth) async fn count_wrong(counts: &dyn CountEvents, org: &OrgId, now: Timestamp) -> Result<(), Fault> {
    const ALARMING: u32 = 1_000;
    let since = now.rounded_down(Seconds::HOUR);
    let until = since.plus(Seconds::HOUR);
    let event = CountedEvent { org: org.clone(), what: "wrong", hash: sha256(b""), since, until, limit: u32::MAX };
    if counts.count(&event).await? == Some(ALARMING) {
        log_alarm(Alarm::UserCodeGuessing, org, None, None);
    }
    Ok(())
}
