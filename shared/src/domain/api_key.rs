//! API keys: long credentials of members for APIs, of which only hashes are kept.

use std::fmt;

use strum::{EnumString, IntoStaticStr, VariantArray};

use super::{
    AllowedNetworks, Ancestor, Audience, Creator, Entropy, Fault, Invalid, Label, LimitHolder, Limits, Member, MemberKind,
    NotBefore, NotBeforeKey, NotBefores, Org, OrgId, RevokingParty, Scope, Seconds, Secret, Subject, Timestamp, TokenContents,
    TokenId, TokenRecord,
};

/// Where an API key's record is.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ApiKeyLocator {
    /// The org of the key.
    pub org: OrgId,
    /// The id of the key, which opens nothing.
    pub id: TokenId,
}

/// An API key as its holder presents it: `jtn_pat_` or `jtn_svc_`, 30 random characters, and 6 of a checksum.
///
/// The prefix is for scanners of leaked secrets and for people, the checksum for typos: neither is a secret.
#[derive(Clone, Debug)]
pub struct ApiKeyValue(Secret<String>);

impl ApiKeyValue {
    /// How many characters one has.
    pub const LEN: usize = PREFIX_LEN + RANDOM_LEN + CHECKSUM_LEN;
    /// The regular expression that finds them in a text. The checksum tells which of what it finds are keys.
    pub const PATTERN: &str = r"\bjtn_(?:pat|svc)_[0-9A-Za-z]{36}\b";

    /// Draws a new one: 178 random bits.
    ///
    /// # Errors
    /// A [`Fault`] if the source of randomness fails.
    pub fn draw(kind: ApiKeyKind, entropy: &dyn Entropy) -> Result<Self, Fault> {
        let mut text = String::with_capacity(Self::LEN);
        text.push_str(kind.prefix());
        while text.len() < PREFIX_LEN + RANDOM_LEN {
            let mut bytes = [0; 32];
            entropy.fill(&mut bytes)?;
            // 248 is the largest multiple of 62 in a byte: what is above would favour some digits.
            let digits = bytes.iter().filter(|byte| **byte < 248).map(|byte| char::from(DIGITS[usize::from(byte % 62)]));
            text.extend(digits.take(PREFIX_LEN + RANDOM_LEN - text.len()));
        }
        let checksum = checksum(&text);
        text.push_str(&checksum);
        Ok(Self(Secret::new(text)))
    }

    /// Whether a text is meant to be a key: to tell it from a token, not to trust it.
    pub fn looks_like(text: &str) -> bool {
        ApiKeyKind::ALL.iter().any(|kind| text.starts_with(kind.prefix()))
    }

    /// Parses the text, if it is one whose checksum is right.
    pub fn parse(text: &str) -> Option<Self> {
        let is_made = Self::looks_like(text) && text.len() == Self::LEN && text.is_ascii();
        let (said, sum) = is_made.then(|| text.split_at(PREFIX_LEN + RANDOM_LEN))?;
        let is_right = said[PREFIX_LEN..].bytes().all(|byte| byte.is_ascii_alphanumeric()) && checksum(said) == sum;
        is_right.then(|| Self(Secret::new(text.to_owned())))
    }

    /// The key in custody: for the one answer that hands it over.
    pub fn as_secret(&self) -> &Secret<String> {
        &self.0
    }

    /// The key itself: for hashing it.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// By what people recognise it: the prefix and the first four random characters.
    pub fn hint(&self) -> String {
        self.expose().chars().take(PREFIX_LEN + HINT_LEN).collect()
    }
}

/// CRC-32 (ISO-HDLC, that of zlib) of all that stands before it, in six digits of base 62.
fn checksum(said: &str) -> String {
    let mut rest = crc32fast::hash(said.as_bytes());
    let mut digits = [DIGITS[0]; CHECKSUM_LEN];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    digits.into_iter().map(char::from).collect()
}

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const PREFIX_LEN: usize = "jtn_pat_".len();
const RANDOM_LEN: usize = 30;
const CHECKSUM_LEN: usize = 6;
const HINT_LEN: usize = 4;

/// Whose key it is.
#[derive(Clone, Copy, Debug, EnumString, Eq, Hash, IntoStaticStr, PartialEq, VariantArray)]
#[strum(serialize_all = "snake_case", parse_err_ty = Invalid, parse_err_fn = Self::unknown)]
pub enum ApiKeyKind {
    /// A personal access token.
    #[strum(serialize = "pat")]
    Personal,
    /// A key of a service account.
    #[strum(serialize = "svc")]
    Service,
}

impl ApiKeyKind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// The name of the kind in answers.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// How the keys of this kind begin.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Personal => "jtn_pat_",
            Self::Service => "jtn_svc_",
        }
    }

    /// The kind of the keys of such a member. `None`: it can have none.
    pub const fn of_member(kind: MemberKind) -> Option<Self> {
        match kind {
            MemberKind::User => Some(Self::Personal),
            MemberKind::ServiceAccount => Some(Self::Service),
            MemberKind::Group | MemberKind::SysGroup | MemberKind::BigGroup => None,
        }
    }

    fn unknown(_: &str) -> Invalid {
        Invalid("must be pat or svc")
    }
}

/// What is known of an API key: all but the key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApiKey {
    /// The id of the key. It stays when the key is rotated.
    pub id: TokenId,
    /// The org in which it is good.
    pub org: OrgId,
    /// The member whose key it is.
    pub owner: Subject,
    /// Whether that is a person or a service account.
    pub kind: ApiKeyKind,
    /// What people call it.
    pub name: String,
    /// By what people recognise it: [`ApiKeyValue::hint`].
    pub hint: String,
    /// What it may open: no more than its owner holds, when it is used. No patterns.
    pub scopes: Vec<Scope>,
    /// The APIs that it is for.
    pub resources: Vec<Audience>,
    /// The networks from which it may be used. `None`: from anywhere.
    pub allowed_networks: Option<AllowedNetworks>,
    /// How often it may be introspected and exchanged. `None`: as often as anybody likes.
    pub limits: Option<Limits>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it. `None`: the org itself, by its API secret.
    pub created_by: Option<Creator>,
    /// Good as long as `now < expires_at`. A whole second.
    pub expires_at: Timestamp,
    /// SHA-256 of the key.
    pub value: [u8; 32],
    /// When the key got this value: when it was made, or last rotated.
    pub issued_at: Timestamp,
    /// The value before the last rotation.
    pub previous: Option<PreviousValue>,
    /// Counts changes other than uses and revocation.
    pub revision: u32,
    /// The hour of its last use. `None`: it hasn't been used.
    pub used_at: Option<Timestamp>,
    /// When it was revoked by itself, and why. Sets of keys are revoked by [`NotBefore`]s.
    pub revoked: Option<ApiKeyRevocation>,
}

/// The value that a key had before it was rotated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PreviousValue {
    /// SHA-256 of the key.
    pub hash: [u8; 32],
    /// Good as long as `now < expires_at`.
    pub expires_at: Timestamp,
}

/// The revocation of one key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApiKeyRevocation {
    /// The moment of the revocation.
    pub at: Timestamp,
    /// Why it was revoked.
    pub reason: ApiKeyRevocationReason,
    /// Who asked for it. `None`: nobody did, or who did isn't known.
    pub by: Option<RevokingParty>,
    /// Where it was found, if that is why, as far as whoever found it has told.
    pub place: Option<LeakPlace>,
}

/// Where a key was found that everybody can read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LeakPlace {
    /// The URL at which it is to be seen. `None`: there is none.
    pub url: Option<String>,
    /// In what it was found, in the words of whoever found it: `commit`, `gist_content`. `None`: that isn't told.
    pub source: Option<String>,
}

impl LeakPlace {
    /// How much is kept of a URL.
    pub const MAX_URL_CHARS: usize = 2_048;
    /// How much is kept of a source.
    pub const MAX_SOURCE_CHARS: usize = 100;

    /// Makes one of what was told, of which no more is kept than the limits say. `None`: nothing was told.
    pub fn new(url: &str, source: &str) -> Option<Self> {
        let kept = |text: &str, most: usize| Some(text.chars().take(most).collect::<String>()).filter(|text| !text.is_empty());
        let place = Self { url: kept(url, Self::MAX_URL_CHARS), source: kept(source, Self::MAX_SOURCE_CHARS) };
        (place.url.is_some() || place.source.is_some()).then_some(place)
    }
}

/// Why a key was revoked.
#[derive(Clone, Copy, Debug, EnumString, Eq, Hash, IntoStaticStr, PartialEq, VariantArray)]
#[strum(serialize_all = "snake_case", parse_err_ty = Invalid, parse_err_fn = Self::unknown)]
pub enum ApiKeyRevocationReason {
    /// Its owner, or whoever presented it, has ended it.
    Owner,
    /// An administrator has ended it.
    Administrator,
    /// It was found where everybody can read it.
    Leaked,
    /// All credentials of its owner or its org were revoked at once. It is in no record: a [`NotBefore`] says so.
    Bulk,
    /// Its owner isn't a member any more. It is in no record.
    MemberRemoved,
}

impl ApiKeyRevocationReason {
    /// All reasons, in the order in which they are listed.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// The name of the reason in answers.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    fn unknown(_: &str) -> Invalid {
        Invalid("must be owner, administrator, leaked, bulk or member_removed")
    }
}

/// How a key stands.
#[derive(Clone, Copy, Debug, EnumString, Eq, IntoStaticStr, PartialEq, VariantArray)]
#[strum(serialize_all = "snake_case", parse_err_ty = Invalid, parse_err_fn = Self::unknown)]
pub enum ApiKeyStatus {
    /// It is good, as far as it goes: its owner and its org must be enabled, too.
    Active,
    /// Its time is over.
    Expired,
    /// It was revoked, by itself or with others, or its owner is gone.
    Revoked,
}

impl ApiKeyStatus {
    /// All of them, in the order in which they are listed.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// The name in answers.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    fn unknown(_: &str) -> Invalid {
        Invalid("must be active, expired or revoked")
    }
}

impl ApiKey {
    /// For so long after its end a key is kept, for those who look what it was.
    pub const KEPT_AFTER_END: Seconds = Seconds(90 * 86_400);
    /// How many scopes a key can have.
    pub const MAX_SCOPES: usize = 50;
    /// How many APIs a key can be for.
    pub const MAX_RESOURCES: usize = 20;
    /// The shortest life of a key.
    pub const MIN_LIFETIME: Seconds = Seconds(60);
    /// The longest time for which the value before a rotation can stay good: 30 days.
    pub const MAX_OVERLAP: Seconds = Seconds(30 * 86_400);

    /// Returns where its record is.
    pub fn locator(&self) -> ApiKeyLocator {
        ApiKeyLocator { org: self.org.clone(), id: self.id }
    }

    /// Returns whose limits its own are.
    pub fn limit_holder(&self) -> LimitHolder {
        LimitHolder::ApiKey(self.org.clone(), self.id)
    }

    /// Returns the moment from which on the record may be forgotten.
    pub fn kept_until(&self) -> Timestamp {
        self.expires_at.plus(Self::KEPT_AFTER_END)
    }

    /// Returns the hashes of the values that are good now, as far as the key is.
    pub fn values(&self, now: Timestamp) -> impl Iterator<Item = &[u8; 32]> {
        let previous = self.previous.as_ref().filter(move |previous| now < previous.expires_at);
        std::iter::once(&self.value).chain(previous.map(|previous| &previous.hash))
    }

    /// The marks that could concern it.
    pub fn marks(&self) -> impl Iterator<Item = NotBeforeKey> {
        NotBefore::keys_of(&self.org, Some(&self.owner), None, None)
    }

    /// Why it is revoked, and when, if it is: by itself, with others by a mark, or because its owner is gone.
    pub fn revocation(&self, owner: Option<&Member>, marks: &NotBefores) -> Option<(ApiKeyRevocationReason, Option<Timestamp>)> {
        if let Some(revoked) = &self.revoked {
            return Some((revoked.reason, Some(revoked.at)));
        }
        if owner.is_none() {
            return Some((ApiKeyRevocationReason::MemberRemoved, None));
        }
        let mark = self.marks().find(|mark| marks.kills(mark, self.created_at))?;
        Some((ApiKeyRevocationReason::Bulk, marks.find(&mark)))
    }

    /// How it stands, as it is shown.
    pub fn status(&self, owner: Option<&Member>, marks: &NotBefores, now: Timestamp) -> ApiKeyStatus {
        if self.revocation(owner, marks).is_some() {
            ApiKeyStatus::Revoked
        } else if self.expires_at <= now {
            ApiKeyStatus::Expired
        } else {
            ApiKeyStatus::Active
        }
    }

    /// Whether it opens anything: it is active, and its owner and its org are there and enabled.
    pub fn is_live(&self, owner: Option<&Member>, org: Option<&Org>, marks: &NotBefores, now: Timestamp) -> bool {
        let is_held = owner.is_some_and(|owner| owner.enabled) && org.is_some_and(|org| org.enabled);
        is_held && self.status(owner, marks, now) == ApiKeyStatus::Active
    }

    /// The hour in which it is used now, if that isn't noted yet.
    pub fn unnoted_use(&self, now: Timestamp) -> Option<Timestamp> {
        let hour = now.rounded_down(Seconds::HOUR);
        self.used_at.is_none_or(|noted| noted < hour).then_some(hour)
    }

    /// The same key with another value. The one before stays good until `overlap` is over, and an earlier one ends.
    #[must_use]
    pub fn rotated(self, value: [u8; 32], hint: String, expires_at: Timestamp, overlap: Seconds, now: Timestamp) -> Self {
        let previous = PreviousValue { hash: self.value, expires_at: now.plus(overlap) };
        let previous = Some(previous).filter(|_| overlap.0 > 0);
        Self { value, hint, expires_at, issued_at: now, previous, revision: self.revision + 1, ..self }
    }

    /// The same key as a token with its scopes, for those who weigh tokens. No store has a record of it.
    pub fn to_token(&self, org: &Org) -> TokenRecord {
        TokenRecord {
            id: self.id,
            org: self.org.clone(),
            root_org: org.root().clone(),
            contents: TokenContents {
                audiences: self.resources.clone(),
                scopes: self.scopes.clone(),
                label: Label::parse(&self.name).ok(),
                ..TokenContents::new(self.owner.clone())
            },
            issued_at: self.created_at,
            not_before: self.created_at,
            expires_at: Some(self.expires_at),
            family: None,
            value: None,
            status: None,
            refreshable_until: None,
            revision: self.revision,
            revoked_at: self.revoked.as_ref().map(|revoked| revoked.at),
            revoked_by: None,
        }
    }
}

impl fmt::Display for ApiKeyLocator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.org, self.id)
    }
}

/// Why nothing becomes of what somebody asks for with API keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq, VariantArray)]
pub enum ApiKeyProblem {
    /// The caller's credential is a key, or came of one.
    KeyCannotMakeKeys,
    /// The org doesn't let members look after their own keys.
    SelfServiceOff,
    /// The owner has as many live keys as the org allows.
    TooMany,
    /// The key is over or revoked.
    Ended,
}

impl ApiKeyProblem {
    /// All problems, in the order in which they are looked for.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Returns its code, as answers have it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::KeyCannotMakeKeys => "KEY_CANNOT_MAKE_KEYS",
            Self::SelfServiceOff => "SELF_SERVICE_OFF",
            Self::TooMany => "TOO_MANY_API_KEYS",
            Self::Ended => "API_KEY_ENDED",
        }
    }

    /// What is wrong, and what to do.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::KeyCannotMakeKeys => {
                "An API key makes neither keys nor tokens nor clients. Sign in, and use the token that you get."
            }
            Self::SelfServiceOff => {
                "This org doesn't let members look after their own API keys (api_keys.self_service). Ask an administrator."
            }
            Self::TooMany => {
                "The owner has as many live API keys as the org allows (api_keys.max_per_owner). Revoke one that isn't needed."
            }
            Self::Ended => "The API key has expired or was revoked. Create another one.",
        }
    }
}

impl Ancestor {
    /// Returns the record of the API key that it is. `None`: it is a token.
    pub fn api_key_locator(&self) -> Option<ApiKeyLocator> {
        self.is_api_key.then(|| ApiKeyLocator { org: self.org.clone(), id: self.id })
    }
}

impl TokenRecord {
    /// Says whether it came of an API key.
    pub fn came_of_api_key(&self) -> bool {
        self.ancestors.iter().any(|ancestor| ancestor.is_api_key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Seeded;

    #[test]
    fn a_key_has_its_form_and_is_told_from_a_typo_by_its_checksum() {
        for (kind, seed) in [(ApiKeyKind::Personal, 1), (ApiKeyKind::Service, 2)] {
            let key = ApiKeyValue::draw(kind, &Seeded::new(seed)).unwrap();
            let text = key.expose();
            assert!(text.starts_with(kind.prefix()) && text.len() == 44, "{text}");
            assert_eq!(ApiKeyValue::parse(text).unwrap().expose(), text);
            assert_eq!(key.hint(), text[..12]);
            for at in 0..44 {
                let mut typo = text.as_bytes().to_vec();
                typo[at] = if typo[at] == b'a' { b'b' } else { b'a' };
                assert!(ApiKeyValue::parse(std::str::from_utf8(&typo).unwrap()).is_none(), "{at}");
            }
            let swapped = format!("{}{}{}{}", &text[..20], &text[21..22], &text[20..21], &text[22..]);
            assert!(swapped == text || ApiKeyValue::parse(&swapped).is_none());
            for bad in [format!("{text}0"), format!(" {text}"), text.to_uppercase(), text[..43].to_owned(), String::new()] {
                assert!(ApiKeyValue::parse(&bad).is_none(), "{bad}");
            }
        }
        assert_ne!(
            ApiKeyValue::draw(ApiKeyKind::Personal, &Seeded::new(1)).unwrap().expose(),
            ApiKeyValue::draw(ApiKeyKind::Personal, &Seeded::new(2)).unwrap().expose(),
        );
    }

    /// Computed with `zlib.crc32` of Python, and digit by digit.
    #[test]
    fn the_checksum_is_that_of_zlib_in_base_62_with_leading_zeros() {
        for (said, sum) in [
            ("jtn_pat_000000000000000000000000000000", "0McJI2"),
            ("jtn_svc_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", "0ZuTTM"),
            ("jtn_pat_0123456789ABCDEFGHIJKLMNOPQRST", "2iwy5X"),
        ] {
            assert_eq!(checksum(said), sum, "{said}");
            assert!(ApiKeyValue::parse(&format!("{said}{sum}")).is_some());
        }
    }

    #[test]
    fn every_digit_is_drawn_as_often_as_any_other() {
        let mut counts = [0_u32; 62];
        for seed in 0..620 {
            let key = ApiKeyValue::draw(ApiKeyKind::Personal, &Seeded::new(seed)).unwrap();
            for byte in key.expose()[8..38].bytes() {
                counts[DIGITS.iter().position(|digit| *digit == byte).unwrap()] += 1;
            }
        }
        // 300 each are expected, with a standard deviation of 17.
        assert!(counts.iter().all(|count| (200..400).contains(count)), "{counts:?}");
    }

    fn key() -> ApiKey {
        let at = Timestamp::from_secs(1_800_000_000);
        ApiKey {
            id: TokenId::first_of(at),
            org: OrgId::parse("1").unwrap(),
            owner: Subject::parse("ann").unwrap(),
            kind: ApiKeyKind::Personal,
            name: "laptop".to_owned(),
            hint: "jtn_pat_abcd".to_owned(),
            scopes: vec![Scope::parse("a").unwrap()],
            resources: Vec::new(),
            allowed_networks: None,
            limits: None,
            created_at: at,
            created_by: None,
            expires_at: at.plus(Seconds::DAY),
            value: [1; 32],
            issued_at: at,
            previous: None,
            revision: 0,
            used_at: None,
            revoked: None,
        }
    }

    #[test]
    fn at_most_two_values_are_good_and_the_one_before_only_for_a_while() {
        let at = |seconds: i64| Timestamp::from_secs(1_800_000_000 + seconds);
        let values = |key: &ApiKey, now| key.values(now).map(|value| value[0]).collect::<Vec<_>>();
        let key = key().rotated([2; 32], "h".to_owned(), at(99), Seconds(10), at(5));
        assert_eq!((values(&key, at(14)), values(&key, at(15))), (vec![2, 1], vec![2]));
        assert_eq!((key.revision, key.issued_at, key.expires_at), (1, at(5), at(99)));
        let key = key.rotated([3; 32], "h".to_owned(), at(99), Seconds(10), at(6));
        assert_eq!(values(&key, at(7)), [3, 2], "rotating again ends the older at once");
        assert_eq!(values(&key.rotated([4; 32], "h".to_owned(), at(99), Seconds(0), at(7)), at(7)), [4]);
    }

    #[test]
    fn a_use_is_noted_once_an_hour() {
        let hour = Timestamp::from_secs(1_800_000_000);
        let used = |used_at| ApiKey { used_at, ..key() };
        assert_eq!(used(None).unnoted_use(hour.plus(Seconds(5))), Some(hour));
        assert_eq!(used(Some(hour)).unnoted_use(hour.plus(Seconds(3_599))), None);
        assert_eq!(used(Some(hour)).unnoted_use(hour.plus(Seconds::HOUR)), Some(hour.plus(Seconds::HOUR)));
    }
}
