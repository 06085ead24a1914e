//! Grants of people: what somebody has let a client do, and what of it needs no question the next time.

use std::collections::BTreeSet;

use super::{Audience, ClientId, OrgId, Scope, Seconds, Subject, Timestamp};

/// Where a grant is: a person has one for each client.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PersonGrantKey {
    /// The org of the client.
    pub org: OrgId,
    /// The person, as tokens name them.
    pub subject: Subject,
    /// The client that the person has let in.
    pub client: ClientId,
}

/// What a person has granted to a client. The row that skips the question is the one that the person sees among the connected apps.
///
/// One that was ended stays for a day, so that no code that was decided before brings it back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PersonGrant {
    /// The org, the person and the client.
    pub key: PersonGrantKey,
    /// All that the client got since the grant began.
    pub granted: GrantedAccess,
    /// The scopes of the last redemption alone, in order.
    pub latest: BTreeSet<Scope>,
    /// What the person isn't asked for again. `None`: they are asked for whatever it is.
    pub remembered: Option<GrantedAccess>,
    /// When the first code of it was redeemed.
    pub created_at: Timestamp,
    /// When the person last granted something, be it what was granted before.
    pub granted_at: Timestamp,
    /// When the client last got a token by it, to the hour.
    pub used_at: Timestamp,
    /// When it was ended. `None`: it is good.
    pub ended_at: Option<Timestamp>,
}

/// Scopes and resources that a client has been granted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct GrantedAccess {
    /// The scopes, in order.
    pub scopes: BTreeSet<Scope>,
    /// The resources of RFC 8707, in order.
    pub resources: BTreeSet<Audience>,
}

/// What one redemption of a code adds to a grant, or begins it with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PersonGrantUpdate {
    /// The org, the person and the client.
    pub key: PersonGrantKey,
    /// What is granted now.
    pub access: GrantedAccess,
    /// What becomes of what is remembered.
    pub remembering: Remembering,
    /// When the person granted it: what ended the grant since then ends this, too.
    pub granted_at: Timestamp,
    /// When the code is redeemed.
    pub now: Timestamp,
}

/// What one redemption of a code does to what a person isn't asked for again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Remembering {
    /// What is granted now is remembered, too.
    Adds,
    /// Whatever is remembered stays as it is.
    Stays,
    /// Nothing is remembered any more.
    Ends,
}

impl PersonGrant {
    /// For so long after its last use a grant is kept.
    const KEPT_AFTER_USE: Seconds = Seconds(400 * Seconds::DAY.0);
    /// For so long an ended one is kept: longer than any code that was decided before.
    const KEPT_AFTER_END: Seconds = Seconds::DAY;
    /// A use is noted if the last one that was noted is at least so long ago.
    pub const NOTED_EVERY: Seconds = Seconds::HOUR;

    /// Says whether the person isn't asked for any of this.
    pub fn remembers(&self, scopes: &[Scope], resources: &[Audience]) -> bool {
        self.remembered.as_ref().is_some_and(|known| {
            scopes.iter().all(|scope| known.scopes.contains(scope))
                && resources.iter().all(|resource| known.resources.contains(resource))
        })
    }

    /// Says whether a use at this moment has to be noted.
    pub fn notes_use(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && self.used_at.plus(Self::NOTED_EVERY) <= now
    }

    /// Returns the moment from which on the record may be forgotten.
    pub fn kept_until(&self) -> Timestamp {
        self.ended_at.map_or_else(|| Self::kept_after_use(self.used_at), Self::kept_after_end)
    }

    /// Returns until when a grant is kept that was last used at this moment.
    pub fn kept_after_use(used_at: Timestamp) -> Timestamp {
        used_at.plus(Self::KEPT_AFTER_USE)
    }

    /// Returns until when a grant is kept that was ended at this moment.
    pub fn kept_after_end(ended_at: Timestamp) -> Timestamp {
        ended_at.plus(Self::KEPT_AFTER_END)
    }

    /// The same grant once it is ended: all that is left is when.
    #[must_use]
    pub fn ended(self, at: Timestamp) -> Self {
        let (granted, created_at) = (GrantedAccess::default(), self.granted_at);
        Self { granted, latest: BTreeSet::new(), remembered: None, created_at, ended_at: Some(at), ..self }
    }
}

impl PersonGrantUpdate {
    /// Returns the grant as a redemption leaves it. `None`: it was ended after the person had granted this.
    pub fn apply(&self, there: Option<PersonGrant>) -> Option<PersonGrant> {
        let ended_at = there.as_ref().and_then(|there| there.ended_at);
        if ended_at.is_some_and(|at| at >= self.granted_at) {
            return None;
        }
        let good = there.filter(|_| ended_at.is_none());
        let created_at = good.as_ref().map_or(self.now, |good| good.created_at);
        let (granted, remembered) = good.map(|good| (good.granted, good.remembered)).unwrap_or_default();
        Some(PersonGrant {
            key: self.key.clone(),
            granted: granted.and(&self.access),
            latest: self.access.scopes.clone(),
            remembered: match self.remembering {
                Remembering::Adds => Some(remembered.unwrap_or_default().and(&self.access)),
                Remembering::Stays => remembered,
                Remembering::Ends => None,
            },
            created_at,
            granted_at: self.granted_at,
            used_at: self.now,
            ended_at: None,
        })
    }
}

impl GrantedAccess {
    /// Makes it of what is granted at once.
    pub fn new(scopes: &[Scope], resources: &[Audience]) -> Self {
        Self { scopes: scopes.iter().cloned().collect(), resources: resources.iter().cloned().collect() }
    }

    fn and(mut self, other: &Self) -> Self {
        self.scopes.extend(other.scopes.iter().cloned());
        self.resources.extend(other.resources.iter().cloned());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(scope: &str, remembering: Remembering, second: i64) -> PersonGrantUpdate {
        PersonGrantUpdate {
            key: PersonGrantKey {
                org: OrgId::parse("1").unwrap(),
                subject: Subject::parse("ann").unwrap(),
                client: ClientId::from_number(7).unwrap(),
            },
            access: GrantedAccess::new(&[Scope::parse(scope).unwrap()], &[]),
            remembering,
            granted_at: Timestamp::from_secs(second),
            now: Timestamp::from_secs(second + 1),
        }
    }

    #[test]
    fn what_is_granted_adds_up_until_somebody_wants_to_be_asked_again() {
        let [a, b] = ["a", "b"].map(|name| vec![Scope::parse(name).unwrap()]);
        let first = update("a", Remembering::Adds, 10).apply(None).unwrap();
        assert!(first.remembers(&a, &[]) && !first.remembers(&b, &[]) && first.remembers(&[], &[]));
        assert!(!first.remembers(&a, &[Audience::parse("https://a.example").unwrap()]));
        let second = update("b", Remembering::Adds, 20).apply(Some(first)).unwrap();
        assert!(second.remembers(&[a.clone(), b.clone()].concat(), &[]));
        assert_eq!([second.created_at, second.granted_at, second.used_at].map(Timestamp::as_secs), [11, 20, 21]);
        let kept = update("c", Remembering::Stays, 25).apply(Some(second.clone())).unwrap();
        assert_eq!((kept.remembered, kept.granted.scopes.len()), (second.remembered.clone(), 3));
        let third = update("b", Remembering::Ends, 30).apply(Some(second)).unwrap();
        assert!(!third.remembers(&a, &[]) && !third.remembers(&b, &[]) && !third.remembers(&[], &[]));
        assert_eq!(third.granted.scopes.len(), 2, "what the client got isn't forgotten");
        assert_eq!(third.latest, b.into_iter().collect());
    }

    #[test]
    fn no_earlier_decision_brings_an_ended_grant_back() {
        let ended = update("a", Remembering::Adds, 10).apply(None).unwrap().ended(Timestamp::from_secs(20));
        assert!(!ended.remembers(&[], &[]) && !ended.notes_use(Timestamp::from_secs(99_999)));
        assert_eq!(ended.kept_until(), Timestamp::from_secs(20).plus(Seconds::DAY));
        for early in [10, 20] {
            assert_eq!(update("a", Remembering::Adds, early).apply(Some(ended.clone())), None);
        }
        let anew = update("b", Remembering::Adds, 21).apply(Some(ended)).unwrap();
        assert_eq!(anew, update("b", Remembering::Adds, 21).apply(None).unwrap(), "of what was ended nothing is left");
    }

    #[test]
    fn a_use_is_noted_at_most_once_an_hour() {
        let grant = update("a", Remembering::Adds, 0).apply(None).unwrap();
        let hour = i64::from(Seconds::HOUR.0);
        assert!(!grant.notes_use(Timestamp::from_secs(hour)) && grant.notes_use(Timestamp::from_secs(hour + 1)));
    }
}
