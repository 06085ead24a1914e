//! Assertions for which a client gets a token: RFC 7523 section 2.1; and tokens of others to exchange: RFC 8693 section 2.1.

use std::net::IpAddr;

use super::inspection::{Inspection, PresentedFrom, Purpose, Rule, Terms};
use super::subject;
use crate::auth::replay::ReplayGuard;
use crate::domain::{AssertionIssuer, Client, Denial, Error, Fault, Member, NotBefore, NotBefores, Org, Subject, Timestamp};
use crate::jose::foreign::{self, Claims, Unverified, WrongType};
use crate::keys::remote::NoKeys;
use crate::platform::capabilities::{Granter, Reader};
use crate::store::{RecordKeys, Records};

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
    /// When the assertion ends: `exp`.
    pub expires_at: Timestamp,
    /// All that it says.
    pub claims: Claims,
}

/// A verified assertion, which may have been used before.
#[derive(Debug)]
pub struct Verified {
    /// The claims of the assertion.
    pub asserted: Asserted,
    /// The guard by which it is good only once: RFC 7523 section 3, item 7. `None`: its issuer's are good until they expire.
    pub replay_guard: Option<ReplayGuard>,
    /// The marks that could concern a token for its subject.
    pub marks: NotBefores,
}

/// Tells what an assertion for a token is, by its header: one like any other, or an ID-JAG.
pub fn grant_purpose(assertion: &str) -> Purpose {
    Purpose::from_typ_of_grant(foreign::typ(assertion).as_deref())
}

/// Verifies an assertion that an authenticated client of the org presents from this address, if that is known, or a token of somebody else to
/// exchange: RFC 7523 section 3, by the
/// [`Rule`]s of its issuer.
///
/// # Errors
///
/// [`Refusal::Denied`](crate::domain::Refusal::Denied) with the first `Assertion…` [`Denial`] that applies or, for a token to exchange, with
/// [`Denial::SubjectTokenRefused`] whatever is wrong. Fails if the issuer's keys can't be read, and none are kept from before.
pub async fn verify(
    ports: &Granter,
    org: &Org,
    (client, address): (&Client, Option<IpAddr>),
    assertion: &str,
    purpose: Purpose,
) -> Result<Verified, Error> {
    let told = |denial: Denial| match purpose {
        Purpose::SubjectToken { .. } => Denial::SubjectTokenRefused,
        Purpose::Grant | Purpose::IdJag | Purpose::ClientAssertion { .. } => denial,
    };
    let reader = ports.reader();
    let now = reader.now();
    let claims = unverified(assertion).ok_or(told(Denial::AssertionUnverified))?;
    let mut found = read(reader, org, client, (&claims, purpose)).await?;
    let marks = std::mem::take(&mut found.marks);
    let settings = found.assertion_settings.remove(&org.id).unwrap_or_default();
    let terms = Terms {
        settings: &settings,
        client: Some(client.id),
        purpose,
        here: reader.keys.issuer(),
        from: PresentedFrom::Address(address),
        now,
    };
    let mut inspection = Inspection::begin(assertion, terms);
    inspection.go_on(&reader.key_sets, false).await;
    if let Some(denial) = denial(&inspection) {
        inspection.raise_alarm(client);
        return match inspection.take_unread() {
            Some(NoKeys::Unread(fault)) => Err(fault.into()),
            Some(NoKeys::OutOfReach(url)) => {
                let org = org.id.as_str();
                tracing::warn!(org, url, "the key set of an issuer of assertions is where none may be read");
                Err(told(denial).into())
            }
            None => Err(told(denial).into()),
        };
    }
    let (Some((_, issuer)), Some(claims)) = (inspection.issuer(), inspection.claims()) else {
        return Err(told(Denial::AssertionUnverified).into());
    };
    let named = subject::named(claims, (issuer, purpose), &org.id, &mut found).map_err(|nobody| told(nobody.denial))?;
    let malformed = |_: WrongType| told(Denial::AssertionUnverified);
    let asserted = Asserted {
        issuer: issuer.clone(),
        subject: named.subject,
        member: named.member,
        acr: claims.text("acr").map_err(malformed)?.map(str::to_owned),
        auth_time: claims.moment("auth_time").map_err(malformed)?,
        expires_at: claims.moment("exp").map_err(malformed)?.ok_or(told(Denial::AssertionUnverified))?,
        claims: claims.clone(),
    };
    let replayed = match purpose {
        Purpose::SubjectToken { .. } => Denial::SubjectTokenReplayed,
        Purpose::Grant | Purpose::IdJag | Purpose::ClientAssertion { .. } => Denial::AssertionReplayed,
    };
    let replay_guard = inspection.replay_guard(&org.id, replayed);
    Ok(Verified { asserted, replay_guard, marks })
}

/// What the client is told of a token that breaks a rule. `None`: it breaks none.
fn denial(inspection: &Inspection<'_>) -> Option<Denial> {
    let (rule, _) = inspection.first_broken()?;
    Some(match rule {
        Rule::Issuer | Rule::Keys => Denial::AssertionIssuerUntrusted,
        Rule::Form
        | Rule::Type
        | Rule::Algorithm
        | Rule::Key
        | Rule::Signature
        | Rule::Audience
        | Rule::Expiry
        | Rule::NotBefore
        | Rule::Life
        | Rule::Age
        | Rule::Id
        | Rule::Condition
        | Rule::Subject
        | Rule::Network
        | Rule::Client
        | Rule::Reuse => Denial::AssertionUnverified,
    })
}

/// The claims of an assertion that nobody has verified.
fn unverified(assertion: &str) -> Option<Claims> {
    match Unverified::read(assertion)? {
        Unverified::Signed(claims) => Some(claims),
        Unverified::Encrypted | Unverified::Unsigned(_) => None,
    }
}

/// Reads whom the org trusts and, in the same read, the member that the assertion seems to be about, with its marks.
async fn read(reader: &Reader, org: &Org, client: &Client, (claims, purpose): (&Claims, Purpose)) -> Result<Records, Fault> {
    let members = subject::member_keys(&org.id, claims, purpose);
    let first = members.first().map(|key| &key.subject);
    let marks = NotBefore::keys_of(&org.id, first, Some(client.id), None).collect();
    let assertion_settings = vec![org.id.clone()];
    let wanted = RecordKeys { marks, assertion_settings, members, ..RecordKeys::default() };
    reader.tokens.read(&wanted).await
}

#[cfg(all(test, feature = "sqlite"))]
mod tests;
