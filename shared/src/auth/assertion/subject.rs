//! Whom a token of an issuer is about: a member of the org or, where the issuer may name anybody, somebody else.

use super::finding::Finding;
use super::inspection::Purpose;
use crate::domain::{AssertionIssuer, Denial, Member, MemberKey, OrgId, Subject};
use crate::jose::foreign::{Claims, WrongType};
use crate::store::Records;

/// Whom a verified token is about.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) subject: Subject,
    /// The member that the subject is, who is enabled. `None`: it is none, and need not be.
    pub(crate) member: Option<Member>,
}

/// Why nobody can be named by a token, for its client and for administrators.
#[derive(Debug)]
pub(crate) struct NobodyNamed {
    pub(crate) denial: Denial,
    pub(crate) finding: Finding,
}

/// Whom the claims may name, in the order in which they are looked for: in an ID-JAG what the subject is called here, if the identity provider
/// knows that (draft-ietf-oauth-identity-assertion-authz-grant section 3), and then what it is called there.
pub(crate) fn candidates(claims: &Claims, purpose: Purpose) -> Vec<Subject> {
    let names: &[&str] = if purpose == Purpose::IdJag { &["aud_sub", "sub"] } else { &["sub"] };
    names.iter().filter_map(|name| claims.text(name).ok().flatten().and_then(subject)).collect()
}

/// Returns the keys of the members whom the claims may name.
pub(crate) fn member_keys(org: &OrgId, claims: &Claims, purpose: Purpose) -> Vec<MemberKey> {
    let mut keys: Vec<_> =
        candidates(claims, purpose).into_iter().map(|subject| MemberKey { org: org.clone(), subject }).collect();
    keys.dedup();
    keys
}

/// Finds out whom a token is about. `found` has the members of [`member_keys`].
///
/// # Errors
/// [`NobodyNamed`] if the subject can't be one, is no member where it must be one or is disabled, or if the token is for another org.
pub(crate) fn named(
    claims: &Claims,
    (issuer, purpose): (&AssertionIssuer, Purpose),
    org: &OrgId,
    found: &mut Records,
) -> Result<Named, NobodyNamed> {
    let malformed = |_: WrongType| NobodyNamed::new(Denial::AssertionUnverified, "aud_sub and aud_tenant must be texts.");
    let (mut wanted, mut of_tenant) = (1, None);
    if purpose == Purpose::IdJag {
        wanted += usize::from(claims.text("aud_sub").map_err(malformed)?.is_some());
        of_tenant = claims.text("aud_tenant").map_err(malformed)?;
    }
    if of_tenant.is_some_and(|tenant| tenant != org.as_str()) {
        let finding = Finding {
            expected: vec![org.as_str().into()],
            found: of_tenant.map(Into::into),
            ..Finding::new("The aud_tenant must be the id of the org.")
        };
        return Err(NobodyNamed { denial: Denial::AssertionUnverified, finding });
    }
    let candidates = candidates(claims, purpose);
    if candidates.len() != wanted {
        let detail = "The sub, and the aud_sub of an ID-JAG, must be 1 to 255 ASCII characters without blanks around them.";
        return Err(NobodyNamed::new(Denial::AssertionSubject, detail));
    }
    for subject in &candidates {
        let key = MemberKey { org: org.clone(), subject: subject.clone() };
        match found.members.remove(&key) {
            Some(member) if member.enabled => return Ok(Named { subject: subject.clone(), member: Some(member) }),
            Some(_) => return Err(NobodyNamed::new(Denial::AssertionSubjectUnknown, "The subject is a member who is disabled.")),
            None => {}
        }
    }
    let unknown = "The subject is no member of the org, and the issuer hasn't any_subject: true.";
    let first = candidates.into_iter().next().filter(|_| issuer.any_subject);
    let subject = first.ok_or_else(|| NobodyNamed::new(Denial::AssertionSubjectUnknown, unknown))?;
    Ok(Named { subject, member: None })
}

impl NobodyNamed {
    fn new(denial: Denial, detail: &str) -> Self {
        Self { denial, finding: Finding::new(detail) }
    }
}

/// Reads the name of a subject. Blanks around a name would make it another's, which looks the same.
fn subject(name: &str) -> Option<Subject> {
    Subject::parse(name).ok().filter(|subject| subject.is_of_client() && subject.as_str().trim() == subject.as_str())
}
