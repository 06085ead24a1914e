//! Signing keys over time: how they follow each other.

use strum::{EnumString, IntoStaticStr};

use super::{Algorithm, Invalid, Jwk, KeyId, KeySet, OrgSettings, Seconds, Timestamp};

/// All signing keys of a deployment, in the order in which they were made.
///
/// What a key is good for follows from the clock and from moments that are planned ahead, so every instance changes to the
/// next key at the same moment without asking anyone, and one that has read the ring a while ago is still right.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KeyRing {
    /// Counts the changes: a ring is only replaced by the one that follows it.
    pub version: u64,
    /// The algorithms for which keys are kept up, the preferred one first.
    pub algorithms: Vec<Algorithm>,
    /// Whether keys never retire: some org has allowed tokens that don't expire.
    pub keeps_for_ever: bool,
    /// The key from which refresh tokens are derived, encrypted by KMS. Empty: there is none yet.
    pub refresh_key: Vec<u8>,
    /// All keys of the ring, retired ones included until they are tidied away.
    pub keys: Vec<RingKey>,
}

/// One signing key with the moments at which its state changes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RingKey {
    /// The public half of the key.
    pub jwk: Jwk,
    /// Where its private half is.
    pub private: PrivateHalf,
    /// From when its public half is published.
    pub published_at: Timestamp,
    /// From when it signs, until one of the same algorithm does that was made later.
    pub signs_from: Timestamp,
    /// From when nothing verifies with it. `None`: that isn't planned.
    pub retires_at: Option<Timestamp>,
}

/// Where the private half of a key is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PrivateHalf {
    /// In KMS, which never lets it go.
    Kms {
        /// ARN of the KMS key.
        arn: String,
    },
    /// Here, as PKCS #8 encrypted by KMS.
    Envelope {
        /// The private half as `GenerateDataKeyPairWithoutPlaintext` of KMS encrypted it.
        ciphertext: Vec<u8>,
    },
    /// In a file of the local server's data folder.
    File {
        /// The name of the file in that folder.
        name: String,
    },
    /// The private half has been destroyed.
    Discarded,
}

/// Where the private halves of new keys shall be.
#[derive(Clone, Copy, Debug, EnumString, Eq, PartialEq)]
#[strum(serialize_all = "snake_case", parse_err_ty = Invalid, parse_err_fn = Self::unknown)]
pub enum SigningMode {
    /// In KMS: each signature is a call, and the key never leaves.
    Kms,
    /// In the directory, encrypted: KMS decrypts it once for each instance, which signs by itself.
    Envelope,
}

impl SigningMode {
    /// Whether keys of this algorithm can be there. KMS makes no ML-DSA keys for use elsewhere.
    pub const fn has(self, alg: Algorithm) -> bool {
        match self {
            Self::Kms => true,
            Self::Envelope => !matches!(alg, Algorithm::MlDsa44 | Algorithm::MlDsa65 | Algorithm::MlDsa87),
        }
    }

    fn unknown(_: &str) -> Invalid {
        Invalid("must be kms or envelope")
    }
}

/// What a key is good for at a moment.
#[derive(Clone, Copy, Debug, Eq, IntoStaticStr, PartialEq)]
#[strum(serialize_all = "snake_case")]
pub enum KeyState {
    /// It is published, and will sign.
    Next,
    /// The key signs new tokens.
    Active,
    /// Another signs in its place; what it has signed still verifies.
    Retiring,
    /// Nothing verifies with it.
    Retired,
}

/// When keys follow each other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Schedule {
    /// How long one key signs.
    pub every: Seconds,
    /// How long a key is published before it signs: longer than anyone keeps an old key set.
    pub lead: Seconds,
}

impl Schedule {
    /// A document that may be kept for 5 minutes, 5 minutes for an instance to read the ring again, and a wide margin for those who
    /// keep longer than they may.
    pub const SHORTEST_LEAD: Seconds = Seconds::HOUR;

    /// How long a key verifies after it has stopped signing: as long as anything lives that it has signed.
    pub const RETENTION: Seconds = Seconds(OrgSettings::MAX_LIFETIME.0 + Seconds::DAY.0);
}

impl KeyRing {
    /// What `key` is good for.
    pub fn state(&self, key: &RingKey, now: Timestamp) -> KeyState {
        if key.retires_at.is_some_and(|at| at <= now) {
            KeyState::Retired
        } else if now < key.signs_from {
            KeyState::Next
        } else if self.active(key.jwk.alg, now).is_some_and(|active| active.jwk.kid == key.jwk.kid) {
            KeyState::Active
        } else {
            KeyState::Retiring
        }
    }

    /// The key of this algorithm that signs.
    pub fn active(&self, alg: Algorithm, now: Timestamp) -> Option<&RingKey> {
        self.alive(now).filter(|key| key.jwk.alg == alg && key.signs_from <= now).max_by_key(|key| key.signs_from)
    }

    /// The key that signs where no algorithm is asked for: of the most preferred that has one.
    pub fn preferred(&self, now: Timestamp) -> Option<&RingKey> {
        let wanted = self.algorithms.iter().find_map(|alg| self.active(*alg, now));
        // An algorithm that was just configured has no key yet that signs: the one before goes on.
        wanted.or_else(|| self.alive(now).filter(|key| key.signs_from <= now).max_by_key(|key| key.signs_from))
    }

    /// What is published, and verifies: the next, active and retiring keys.
    pub fn published(&self, now: Timestamp) -> KeySet {
        KeySet::new(self.alive(now).map(|key| key.jwk.clone()).collect())
    }

    /// The keys that sign, or will: those whose private half is needed.
    pub fn signing(&self, now: Timestamp) -> impl Iterator<Item = &RingKey> {
        self.keys.iter().filter(move |key| matches!(self.state(key, now), KeyState::Next | KeyState::Active))
    }

    /// The next moment at which a key changes its state.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let moments = self.keys.iter().flat_map(|key| [Some(key.signs_from), key.retires_at]).flatten();
        moments.filter(|moment| *moment > now).min()
    }

    /// The algorithms that need a new key now, each with the moment from which it shall sign. `anew`: whether every key is to
    /// be replaced, however young it is.
    pub fn due(&self, now: Timestamp, schedule: Schedule, anew: impl Fn(&RingKey) -> bool) -> Vec<(Algorithm, Timestamp)> {
        let due = |alg: &Algorithm| {
            let Some(newest) = self.alive(now).filter(|key| key.jwk.alg == *alg).max_by_key(|key| key.signs_from) else {
                // The first key of all signs at once, for nothing else can; any other is published first.
                let from = if self.preferred(now).is_none() { now } else { now.plus(schedule.lead) };
                return Some((*alg, from));
            };
            let waits = newest.signs_from > now;
            let is_old = newest.signs_from.plus(schedule.every) <= now.plus(schedule.lead);
            (!waits && (is_old || anew(newest))).then(|| (*alg, now.plus(schedule.lead)))
        };
        self.algorithms.iter().filter_map(due).collect()
    }

    /// Adds a key, and plans the end of those in whose place it will sign.
    pub fn add(&mut self, key: RingKey) {
        let end = (!self.keeps_for_ever).then(|| key.signs_from.plus(Schedule::RETENTION));
        let (algorithms, alg, from) = (&self.algorithms, key.jwk.alg, key.signs_from);
        let replaced = |old: &&mut RingKey| {
            old.retires_at.is_none() && old.signs_from < from && (old.jwk.alg == alg || !algorithms.contains(&old.jwk.alg))
        };
        self.keys.iter_mut().filter(replaced).for_each(|old| old.retires_at = end);
        self.keys.push(key);
    }

    /// Lets no key retire any more that can still sign, because a token that it signs may not expire.
    pub fn keep_for_ever(&mut self, now: Timestamp) {
        let can_sign: Vec<KeyId> = self.signing(now).map(|key| key.jwk.kid.clone()).collect();
        self.keeps_for_ever = true;
        self.keys.iter_mut().filter(|key| can_sign.contains(&key.jwk.kid)).for_each(|key| key.retires_at = None);
    }

    /// Retires a key at once: it has been stolen. The one that is next signs at once in its place. Whether there was such a key.
    pub fn retire(&mut self, kid: &str, now: Timestamp) -> bool {
        let Some(stolen) = self.keys.iter_mut().find(|key| key.jwk.kid.as_str() == kid) else { return false };
        stolen.retires_at = Some(stolen.retires_at.map_or(now, |at| at.min(now)));
        let alg = stolen.jwk.alg;
        if self.active(alg, now).is_none()
            && let Some(next) =
                self.keys.iter_mut().find(|key| key.jwk.alg == alg && key.signs_from > now && key.retires_at.is_none())
        {
            next.signs_from = now;
        }
        true
    }

    /// Forgets the keys that have retired, and parts with private halves that don't sign any more: those are returned, to be
    /// destroyed once the ring is written. An instance that has read the ring before has had `grace` to read it again.
    pub fn tidy(&mut self, now: Timestamp, grace: Seconds) -> Vec<PrivateHalf> {
        let earlier = now.minus(grace);
        let states: Vec<_> = self.keys.iter().map(|key| (self.state(key, now), self.state(key, earlier))).collect();
        let over = |state: &(KeyState, KeyState)| {
            let is_over = |state| matches!(state, KeyState::Retiring | KeyState::Retired);
            is_over(state.0) && is_over(state.1)
        };
        let mut discarded = Vec::new();
        for (key, state) in self.keys.iter_mut().zip(&states) {
            if over(state) && key.private != PrivateHalf::Discarded {
                discarded.push(std::mem::replace(&mut key.private, PrivateHalf::Discarded));
            }
        }
        self.keys.retain(|key| key.private != PrivateHalf::Discarded || key.retires_at.is_none_or(|at| at > now));
        discarded
    }

    fn alive(&self, now: Timestamp) -> impl Iterator<Item = &RingKey> {
        self.keys.iter().filter(move |key| key.retires_at.is_none_or(|at| now < at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::key::PublicKey;

    const EVERY: Seconds = Seconds(90 * 86_400);
    const SCHEDULE: Schedule = Schedule { every: EVERY, lead: Seconds::DAY };
    const T0: Timestamp = Timestamp::from_secs(1_795_348_800);

    fn key(name: &str, alg: Algorithm, from: Timestamp) -> RingKey {
        let jwk = Jwk { kid: KeyId::new(name), alg, key: PublicKey::Okp { x: vec![0; 32] } };
        let private = PrivateHalf::Kms { arn: name.to_owned() };
        RingKey { jwk, private, published_at: from.minus(Seconds::DAY), signs_from: from, retires_at: None }
    }

    fn never(_: &RingKey) -> bool {
        false
    }

    fn states(ring: &KeyRing, now: Timestamp) -> Vec<(&str, KeyState)> {
        ring.keys.iter().map(|key| (key.jwk.kid.as_str(), ring.state(key, now))).collect()
    }

    fn begun() -> KeyRing {
        let mut ring = KeyRing { algorithms: vec![Algorithm::Es256], ..KeyRing::default() };
        assert_eq!(ring.due(T0, SCHEDULE, never), [(Algorithm::Es256, T0)], "the first key signs at once");
        ring.add(key("1", Algorithm::Es256, T0));
        ring
    }

    #[test]
    fn a_key_is_next_active_retiring_and_retired_by_the_clock_alone() {
        let mut ring = begun();
        assert!(ring.due(T0, SCHEDULE, never).is_empty());
        let early = T0.plus(EVERY).minus(Seconds::DAY);
        assert!(ring.due(early.minus(Seconds(1)), SCHEDULE, never).is_empty());
        assert_eq!(ring.due(early, SCHEDULE, never), [(Algorithm::Es256, T0.plus(EVERY))]);
        ring.add(key("2", Algorithm::Es256, T0.plus(EVERY)));
        assert!(ring.due(early, SCHEDULE, never).is_empty(), "one next key is enough");

        let turn = T0.plus(EVERY);
        assert_eq!(states(&ring, turn.minus(Seconds(1))), [("1", KeyState::Active), ("2", KeyState::Next)]);
        assert_eq!(states(&ring, turn), [("1", KeyState::Retiring), ("2", KeyState::Active)]);
        let end = turn.plus(Schedule::RETENTION);
        assert_eq!(states(&ring, end.minus(Seconds(1)))[0].1, KeyState::Retiring);
        assert_eq!(states(&ring, end)[0].1, KeyState::Retired);
        assert_eq!(ring.published(end).iter().map(|jwk| jwk.kid.as_str()).collect::<Vec<_>>(), ["2"]);
        assert_eq!(ring.next_change(T0), Some(turn));
        assert_eq!(ring.next_change(turn), Some(end));
        assert_eq!(ring.next_change(end), None);
    }

    #[test]
    fn another_algorithm_takes_over_when_its_first_key_signs() {
        let mut ring = begun();
        ring.algorithms = vec![Algorithm::Rs256];
        assert_eq!(ring.due(T0, SCHEDULE, never), [(Algorithm::Rs256, T0.plus(Seconds::DAY))]);
        ring.add(key("2", Algorithm::Rs256, T0.plus(Seconds::DAY)));
        let preferred = |now| ring.preferred(now).unwrap().jwk.kid.as_str().to_owned();
        assert_eq!(preferred(T0), "1");
        assert_eq!(preferred(T0.plus(Seconds::DAY)), "2");
        assert_eq!(ring.keys[0].retires_at, Some(T0.plus(Seconds::DAY).plus(Schedule::RETENTION)));
    }

    #[test]
    fn several_algorithms_have_a_key_each() {
        let mut ring = KeyRing { algorithms: vec![Algorithm::Es256, Algorithm::EdDsa], ..KeyRing::default() };
        assert_eq!(ring.due(T0, SCHEDULE, never), [(Algorithm::Es256, T0), (Algorithm::EdDsa, T0)]);
        ring.add(key("1", Algorithm::Es256, T0));
        ring.add(key("2", Algorithm::EdDsa, T0));
        assert_eq!(ring.active(Algorithm::EdDsa, T0).unwrap().jwk.kid.as_str(), "2");
        assert_eq!(ring.preferred(T0).unwrap().jwk.kid.as_str(), "1");
        assert!(ring.keys.iter().all(|key| key.retires_at.is_none()), "neither replaces the other");
    }

    #[test]
    fn a_key_is_replaced_early_when_asked_for_but_never_twice() {
        let mut ring = begun();
        assert_eq!(ring.due(T0, SCHEDULE, |_| true), [(Algorithm::Es256, T0.plus(Seconds::DAY))]);
        ring.add(key("2", Algorithm::Es256, T0.plus(Seconds::DAY)));
        assert!(ring.due(T0, SCHEDULE, |_| true).is_empty());
    }

    #[test]
    fn a_stolen_key_retires_at_once_and_the_first_of_its_successors_signs_at_once() {
        let mut ring = begun();
        assert!(ring.retire("1", T0));
        assert!(!ring.retire("2", T0));
        assert_eq!(states(&ring, T0), [("1", KeyState::Retired)]);
        assert_eq!(ring.due(T0, SCHEDULE, never), [(Algorithm::Es256, T0)]);

        let mut ring = begun();
        ring.add(key("2", Algorithm::Es256, T0.plus(Seconds::DAY)));
        ring.retire("1", T0);
        assert_eq!(states(&ring, T0), [("1", KeyState::Retired), ("2", KeyState::Active)]);
    }

    #[test]
    fn what_signs_tokens_that_dont_expire_never_retires() {
        let mut ring = begun();
        ring.add(key("2", Algorithm::Es256, T0.plus(Seconds::DAY)));
        assert!(ring.keys[0].retires_at.is_some());
        ring.keep_for_ever(T0);
        ring.add(key("3", Algorithm::Es256, T0.plus(EVERY)));
        assert!(ring.keys.iter().all(|key| key.retires_at.is_none()));
        assert_eq!(states(&ring, Timestamp::END_OF_TIME)[0].1, KeyState::Retiring);
    }

    #[test]
    fn a_private_half_is_parted_with_when_nobody_signs_with_it_any_more() {
        let mut ring = begun();
        let turn = T0.plus(Seconds::DAY);
        ring.add(key("2", Algorithm::Es256, turn));
        assert!(ring.tidy(turn, Seconds::HOUR).is_empty(), "an instance may still sign with it");
        assert_eq!(ring.tidy(turn.plus(Seconds::HOUR), Seconds::HOUR), [PrivateHalf::Kms { arn: "1".to_owned() }]);
        assert!(ring.tidy(turn.plus(Seconds::HOUR), Seconds::HOUR).is_empty());
        assert_eq!(ring.keys.len(), 2, "it still verifies");
        ring.tidy(turn.plus(Schedule::RETENTION), Seconds::HOUR);
        assert_eq!(ring.keys.iter().map(|key| key.jwk.kid.as_str()).collect::<Vec<_>>(), ["2"]);
    }
}
