//! Assertions for which a client gets a token: RFC 7523 section 2.1.

use super::inspection::{Inspection, Purpose, Rule, Terms};
use crate::auth::replay::ReplayGuard;
use crate::domain::{
    AssertionIssuer, Client, Denial, Error, Fault, Member, MemberKey, NotBefore, NotBefores, Org, Subject, Timestamp,
};
use crate::jose::foreign::{Claims, Unverified, WrongType};
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

/// Verifies an assertion that an authenticated client of the org presents: RFC 7523 section 3, by the [`Rule`]s of its issuer.
///
/// # Errors
///
/// [`Refusal::Denied`](crate::domain::Refusal::Denied) with the first `Assertion…` [`Denial`] that applies. Fails if the issuer's
/// keys can't be read, and none are kept from before.
pub async fn verify(ports: &Granter, org: &Org, client: &Client, assertion: &str) -> Result<Verified, Error> {
    let reader = ports.reader();
    let now = reader.now();
    let claims = unverified(assertion).ok_or(Denial::AssertionUnverified)?;
    let mut found = read(reader, org, client, subject(&claims)).await?;
    let marks = std::mem::take(&mut found.marks);
    let settings = found.assertion_settings.remove(&org.id).unwrap_or_default();
    let terms = Terms { settings: &settings, client: Some(client.id), purpose: Purpose::Grant, here: reader.keys.issuer(), now };
    let mut inspection = Inspection::begin(assertion, terms);
    inspection.go_on(&reader.key_sets, false).await;
    if let Some(denial) = denial(&inspection) {
        return match inspection.take_unread() {
            Some(NoKeys::Unread(fault)) => Err(fault.into()),
            Some(NoKeys::OutOfReach(url)) => {
                let org = org.id.as_str();
                tracing::warn!(org, url, "the key set of an issuer of assertions is where none may be read");
                Err(denial.into())
            }
            None => Err(denial.into()),
        };
    }
    let (Some((_, issuer)), Some(claims)) = (inspection.issuer(), inspection.claims()) else {
        return Err(Denial::AssertionUnverified.into());
    };
    let asserted = Asserted {
        issuer: issuer.clone(),
        subject: subject(claims).ok_or(Denial::AssertionSubject)?,
        member: None,
        acr: claims.text("acr").map_err(malformed)?.map(str::to_owned),
        auth_time: claims.moment("auth_time").map_err(malformed)?,
    };
    let replay_guard = inspection.replay_guard(&org.id, Denial::AssertionReplayed);
    Ok(Verified { asserted: with_member(found, org, asserted)?, replay_guard, marks })
}

fn malformed(_: WrongType) -> Denial {
    Denial::AssertionUnverified
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
async fn read(reader: &Reader, org: &Org, client: &Client, subject: Option<Subject>) -> Result<Records, Fault> {
    let marks = NotBefore::keys_of(&org.id, subject.as_ref(), Some(client.id), None).collect();
    let members = subject.map(|subject| MemberKey { org: org.id.clone(), subject }).into_iter().collect();
    let assertion_settings = vec![org.id.clone()];
    let wanted = RecordKeys { marks, assertion_settings, members, ..RecordKeys::default() };
    reader.tokens.read(&wanted).await
}

fn subject(claims: &Claims) -> Option<Subject> {
    let subject = claims.text("sub").ok().flatten().and_then(|sub| Subject::parse(sub).ok());
    // Blanks around a name would make it another's, which looks the same.
    subject.filter(|subject| subject.is_of_client() && subject.as_str().trim() == subject.as_str())
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
