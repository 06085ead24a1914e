//! Assertions for which a client gets a token: RFC 7523 section 2.1.

use std::sync::Arc;

use super::signed::{Assertion, SKEW, Terms};
use crate::auth::replay::ReplayGuard;
use crate::domain::{
    AssertionIssuer, AssertionSettings, Client, Denial, Error, Fault, Invalid, IssuerKeys, Member, MemberKey, NotBefore,
    NotBefores, Org, Seconds, Subject, Timestamp,
};
use crate::jose::VerifyingKey;
use crate::jose::foreign::{Claims, WrongType};
use crate::jose::{Expected as Types, jwk, sha256};
use crate::keys::remote::Keys;
use crate::platform::capabilities::Granter;
use crate::store::{RecordKeys, Records, ReplayKey};

/// The claims of a verified assertion.
#[derive(Debug)]
pub struct Asserted {
    /// The issuer that the org trusts, with what its assertions are good for.
    pub issuer: AssertionIssuer,
    /// The subject that the token is for: `sub`.
    pub subject: Subject,
    /// The subject as a member of the org, who is enabled now. `None`: it is no member, and with this issuer need not be.
    pub member: Option<Member>,
    /// How the subject was authenticated, if the assertion says so: `acr`.
    pub acr: Option<String>,
    /// When the subject was authenticated, if the assertion says so: `auth_time`.
    pub auth_time: Option<Timestamp>,
}

/// A verified assertion, which may have been used before.
#[derive(Debug)]
pub struct Verified {
    /// The claims of the assertion.
    pub asserted: Asserted,
    /// The guard by which it is good only once: RFC 7523 section 3, item 7.
    pub replay_guard: ReplayGuard,
    /// The marks that could concern a token for its subject.
    pub marks: NotBefores,
}

/// Verifies an assertion that an authenticated client of the org presents: RFC 7523 section 3.
///
/// # Errors
///
/// [`Refusal::Denied`](crate::domain::Refusal::Denied) with the first `Assertion…` [`Denial`] that applies. Fails if the issuer's
/// keys can't be read, and none are kept from before.
pub async fn verify(ports: &Granter, org: &Org, client: &Client, assertion: &str) -> Result<Verified, Error> {
    let now = ports.reader().now();
    let assertion = Assertion::read(assertion, &TYPES).ok_or(Denial::AssertionUnverified)?;
    let mut found = read(ports, org, client, assertion.unverified()).await?;
    let marks = std::mem::take(&mut found.marks);
    let settings = found.assertion_settings.remove(&org.id).unwrap_or_default();
    let issuer = trusted(&settings, client, assertion.unverified()).ok_or(Denial::AssertionIssuerUntrusted)?;
    let keys = keys(ports, org, issuer, assertion.kid(), now).await?;
    // Without a name it could be by any of them; RFC 8725 section 3.8 wants the key to be the right one.
    let is_named = assertion.kid().is_some() || keys.len() == 1;
    let claims = assertion.signed_by(&keys).filter(|_| is_named).ok_or(Denial::AssertionUnverified)?;
    let (terms, asserted) = what_is_asserted(ports, issuer, &claims, now).map_err(|WrongType| Denial::AssertionUnverified)??;
    let asserted = with_member(found, org, asserted)?;
    let hash = sha256(format!("{}\0{}", issuer.issuer, terms.id).as_bytes());
    let used = ReplayKey { org: org.id.clone(), purpose: PURPOSE, hash, now, until: terms.expires_at.plus(REMEMBERED) };
    Ok(Verified { asserted, replay_guard: ReplayGuard::new(used, Denial::AssertionReplayed), marks })
}

const TYPES: Types = Types { types: &["JWT"] };
/// The same `jti` is another one in an assertion by which a client authenticates.
const PURPOSE: &str = "jwt-bearer";
/// How long a use is remembered from `exp` on: as long as an instance could still take it, and a minute.
const REMEMBERED: Seconds = Seconds(SKEW.0 + 60);

/// Reads whom the org trusts and, in the same read, the member that the assertion seems to be about, with its marks.
async fn read(ports: &Granter, org: &Org, client: &Client, unverified: &Claims) -> Result<Records, Fault> {
    let subject = subject(unverified);
    let marks = NotBefore::keys_of(&org.id, subject.as_ref(), Some(client.id), None).collect();
    let members = subject.map(|subject| MemberKey { org: org.id.clone(), subject }).into_iter().collect();
    let assertion_settings = vec![org.id.clone()];
    let wanted = RecordKeys { marks, assertion_settings, members, ..RecordKeys::default() };
    ports.reader().tokens.read(&wanted).await
}

fn subject(claims: &Claims) -> Option<Subject> {
    let subject = claims.text("sub").ok().flatten().and_then(|sub| Subject::parse(sub).ok());
    // Blanks around a name would make it another's, which looks the same.
    subject.filter(|subject| subject.is_of_client() && subject.as_str().trim() == subject.as_str())
}

/// Finds the issuer of an assertion, if this client may present its assertions now.
fn trusted<'a>(settings: &'a AssertionSettings, client: &Client, unverified: &Claims) -> Option<&'a AssertionIssuer> {
    let name = unverified.text("iss").ok()??;
    let issuer = settings.assertion_issuers.iter().find(|issuer| issuer.issuer == name)?;
    let is_for_client = issuer.clients.as_ref().is_none_or(|clients| clients.contains(&client.id));
    (issuer.enabled && is_for_client).then_some(issuer)
}

/// The keys of an issuer, and of no other.
async fn keys(ports: &Granter, org: &Org, issuer: &AssertionIssuer, kid: Option<&str>, now: Timestamp) -> Result<Keys, Error> {
    match &issuer.keys {
        IssuerKeys::Inline(set) => {
            // They were read before they were kept.
            let unreadable = |rule: Invalid| Fault::internal("reading the keys of an issuer of assertions").because(rule);
            let set = jwk::set_from_json(set.as_bytes()).map_err(unreadable)?;
            let keys: Result<Vec<_>, _> = set.iter().map(VerifyingKey::new).collect();
            Ok(Arc::from(keys.map_err(unreadable)?))
        }
        IssuerKeys::At(url) => {
            let keys = ports.key_sets.at(url, kid, now).await?;
            if keys.is_none() {
                let (org, issuer) = (org.id.as_str(), &*issuer.issuer);
                tracing::warn!(org, issuer, url, "the key set of an issuer of assertions is where none may be read");
            }
            keys.ok_or(Denial::AssertionIssuerUntrusted.into())
        }
    }
}

/// What signed claims say, if they say what they must.
fn what_is_asserted(
    ports: &Granter,
    issuer: &AssertionIssuer,
    claims: &Claims,
    now: Timestamp,
) -> Result<Result<(Terms, Asserted), Denial>, WrongType> {
    let audience = ports.reader().keys.issuer();
    let Some(terms) = Terms::from_claims(claims, audience, now)? else { return Ok(Err(Denial::AssertionUnverified)) };
    let Some(subject) = subject(claims) else { return Ok(Err(Denial::AssertionSubject)) };
    let asserted = Asserted {
        issuer: issuer.clone(),
        subject,
        member: None,
        acr: claims.text("acr")?.map(str::to_owned),
        auth_time: claims.moment("auth_time")?,
    };
    Ok(Ok((terms, asserted)))
}

/// Looks the subject up: one that is a member must be enabled, whether or not it need be one.
fn with_member(mut found: Records, org: &Org, asserted: Asserted) -> Result<Asserted, Denial> {
    let key = MemberKey { org: org.id.clone(), subject: asserted.subject.clone() };
    let member = found.members.remove(&key);
    let may_act = member.as_ref().map_or(asserted.issuer.any_subject, |member| member.enabled);
    if may_act { Ok(Asserted { member, ..asserted }) } else { Err(Denial::AssertionSubjectUnknown) }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests;
