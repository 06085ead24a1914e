//! On which day the secrets of a client were last used.

use super::{Client, ClientSecret, Timestamp};

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

/// On which day each secret of a client was last used, as far as it was noted.
///
/// It stands beside the record of the client, and is no part of it: a use changes nothing that an administrator has decided.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CredentialUses(Vec<CredentialUse>);

/// The last use of one secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CredentialUse {
    /// The first eight bytes of the hash of the secret, in network order: enough to tell the secrets of a client apart.
    pub hash_prefix: u64,
    /// The day on which the secret was used last.
    pub day: Day,
}

impl CredentialUses {
    /// Makes them of what was kept.
    pub const fn new(uses: Vec<CredentialUse>) -> Self {
        Self(uses)
    }

    /// Returns the last use of each secret, in no order that says anything.
    pub fn as_slice(&self) -> &[CredentialUse] {
        &self.0
    }

    /// Returns the day on which a secret was used last. `None`: no use was noted.
    pub fn last_used(&self, secret: &ClientSecret) -> Option<Day> {
        self.0.iter().find(|used| used.hash_prefix == prefix(&secret.hash)).map(|used| used.day)
    }

    /// Returns what is to be noted when `client` uses the secret of this hash on this day, without the secrets that it has no more.
    /// `None`: there is nothing new, because it isn't a secret of the client, or its use on that day or later was noted.
    pub fn with_use(&self, client: &Client, hash: &[u8; 32], day: Day) -> Option<Self> {
        let used = client.secrets.iter().find(|secret| secret.hash == *hash)?;
        if self.last_used(used).is_some_and(|last| last >= day) {
            return None;
        }
        let others = client.secrets.iter().filter(|secret| secret.hash != *hash);
        let others =
            others.filter_map(|secret| Some(CredentialUse { hash_prefix: prefix(&secret.hash), day: self.last_used(secret)? }));
        Some(Self(std::iter::once(CredentialUse { hash_prefix: prefix(hash), day }).chain(others).collect()))
    }
}

fn prefix(hash: &[u8; 32]) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hash[..8]);
    u64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ClientId, ClientKind, ClientSettings, OrgId};

    #[test]
    fn a_day_begins_at_midnight_of_utc_also_before_1970() {
        for (second, number) in [(0, 0), (86_399, 0), (86_400, 1), (-1, -1), (-86_400, -1), (-86_401, -2)] {
            assert_eq!(Day::containing(Timestamp::from_secs(second)).as_number(), number);
        }
        assert_eq!(Day::from_number(2).begins_at(), Timestamp::from_secs(172_800));
    }

    #[test]
    fn a_use_is_noted_once_a_day_and_forgotten_with_its_secret() {
        let (now, hour) = (Timestamp::from_secs(1_000_000), crate::domain::Seconds(3_600));
        let client = Client::new(
            OrgId::parse("a").unwrap(),
            ClientId::from_number(1).unwrap(),
            ClientSettings::new(ClientKind::Confidential),
            now,
        );
        let client = client.with_secret([1; 32], now, now).with_secret([2; 32], now.plus(hour), now);
        let (today, tomorrow) = (Day::containing(now), Day::from_number(Day::containing(now).as_number() + 1));
        let first = CredentialUses::default().with_use(&client, &[1; 32], today).unwrap();
        assert_eq!(first.with_use(&client, &[1; 32], today), None);
        assert_eq!(first.with_use(&client, &[1; 32], Day::from_number(0)), None, "a clock that is behind changes nothing");
        assert_eq!(first.with_use(&client, &[3; 32], tomorrow), None, "it has no such secret");
        let both = first.with_use(&client, &[2; 32], tomorrow).unwrap();
        let days = client.secrets.iter().map(|secret| both.last_used(secret)).collect::<Vec<_>>();
        assert_eq!(days, [Some(tomorrow), Some(today)]);
        let one_left = Client { secrets: client.secrets[..1].to_vec(), ..client };
        let later = both.with_use(&one_left, &[2; 32], Day::from_number(tomorrow.as_number() + 1)).unwrap();
        assert_eq!(later.as_slice().len(), 1);
    }
}
