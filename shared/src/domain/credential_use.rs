//! On which day the credentials of a client were last used.

use super::Timestamp;

/// A day of UTC, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Day(i64);

impl Day {
    /// Returns the day of a moment.
    pub const fn containing(moment: Timestamp) -> Self {
        Self(moment.as_secs().div_euclid(SECONDS_OF_DAY))
    }

    /// Returns the day with this number: 0 is 1970-01-01.
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// Returns the number of the day: 0 is 1970-01-01.
    pub const fn as_number(self) -> i64 {
        self.0
    }

    /// Returns the moment at which the day begins.
    pub const fn begins_at(self) -> Timestamp {
        Timestamp::from_secs(self.0.saturating_mul(SECONDS_OF_DAY))
    }
}

const SECONDS_OF_DAY: i64 = 86_400;

/// The first eight bytes of the SHA-256 hash of a credential, in network order: enough to tell those of one client apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CredentialHash(u64);

impl CredentialHash {
    /// Makes it of the hash of a secret, or of an identity at a platform.
    pub const fn from_sha256(hash: &[u8; 32]) -> Self {
        let (first, _) = hash.split_at(size_of::<u64>());
        let mut bytes = [0; size_of::<u64>()];
        bytes.copy_from_slice(first);
        Self(u64::from_be_bytes(bytes))
    }

    /// Makes it of the number that is stored.
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number that is stored.
    pub const fn as_number(self) -> u64 {
        self.0
    }
}

/// On which day each credential of a client was last used, as far as it was noted: its secrets, and its identities at platforms.
///
/// It stands beside the record of the client, and is no part of it: a use changes nothing that an administrator has decided.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CredentialUses(Vec<CredentialUse>);

/// The last use of one credential.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CredentialUse {
    /// Which credential it is.
    pub credential: CredentialHash,
    /// The day on which the credential was used last.
    pub day: Day,
}

impl CredentialUses {
    /// Makes them of what was kept.
    pub const fn new(uses: Vec<CredentialUse>) -> Self {
        Self(uses)
    }

    /// Returns the last use of each credential, in no order that says anything.
    pub fn as_slice(&self) -> &[CredentialUse] {
        &self.0
    }

    /// Returns the day on which a credential was used last. `None`: no use was noted.
    pub fn last_used(&self, credential: CredentialHash) -> Option<Day> {
        self.0.iter().find(|used| used.credential == credential).map(|used| used.day)
    }

    /// Returns what is to be noted when a client uses one of the credentials that it `has` on this day, without those that it has no more.
    /// `None`: there is nothing new, because it has no such credential, or its use on that day or later was noted.
    pub fn with_use(&self, has: &[CredentialHash], used: CredentialHash, day: Day) -> Option<Self> {
        if !has.contains(&used) || self.last_used(used).is_some_and(|last| last >= day) {
            return None;
        }
        let others = has.iter().filter(|credential| **credential != used);
        let others =
            others.filter_map(|credential| Some(CredentialUse { credential: *credential, day: self.last_used(*credential)? }));
        Some(Self(std::iter::once(CredentialUse { credential: used, day }).chain(others).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_of_utc_also_before_1970() {
        for (second, number) in [(0, 0), (86_399, 0), (86_400, 1), (-1, -1), (-86_400, -1), (-86_401, -2)] {
            assert_eq!(Day::containing(Timestamp::from_secs(second)).as_number(), number);
        }
        assert_eq!(Day::from_number(2).begins_at(), Timestamp::from_secs(172_800));
    }

    #[test]
    fn a_use_is_noted_once_a_day_and_forgotten_with_its_credential() {
        let [one, two, three] = [1, 2, 3].map(CredentialHash::from_number);
        let [today, tomorrow, later] = [11, 12, 13].map(Day::from_number);
        let first = CredentialUses::default().with_use(&[one, two], one, today).unwrap();
        assert_eq!(first.with_use(&[one, two], one, today), None);
        assert_eq!(first.with_use(&[one, two], one, Day::from_number(0)), None, "a clock that is behind changes nothing");
        assert_eq!(first.with_use(&[one, two], three, tomorrow), None, "it has no such credential");
        let both = first.with_use(&[one, two], two, tomorrow).unwrap();
        assert_eq!([one, two].map(|credential| both.last_used(credential)), [Some(today), Some(tomorrow)]);
        assert_eq!(both.with_use(&[two], two, later).unwrap().as_slice().len(), 1);
    }

    #[test]
    fn a_credential_is_told_by_the_first_eight_bytes_of_its_hash_in_network_order() {
        let mut hash = [9; 32];
        hash[..8].copy_from_slice(&[0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(CredentialHash::from_sha256(&hash).as_number(), 258);
    }
}
