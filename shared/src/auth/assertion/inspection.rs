//! The rules that a token of an issuer must pass, whatever it is used for: RFC 7523 section 3, and what the org says of the issuer.
//!
//! There is one list of rules, in one order. [`Inspection`] goes by it: for a request up to the first rule that is broken, for an
//! administrator who asks why a token isn't taken through all that can be judged. Callers learn no rule, administrators all of it.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::Value;
use strum::{IntoStaticStr, VariantArray};

use super::conditions::unmet_condition;
use super::finding::Finding;
use super::signed::SKEW;
use crate::auth::replay::ReplayGuard;
use crate::domain::{
    Algorithm, AllowedNetworks, AssertionIssuer, AssertionSettings, Client, ClientId, Denial, DomainGrantType, Fault, Invalid,
    Issuer, IssuerKeys, OrgId, Seconds, Timestamp,
};
use crate::jose::foreign::{self, Claims};
use crate::jose::jws::{Compact, ProtectedHeader};
use crate::jose::{VerifyingKey, jwk, sha256};
use crate::keys::remote::{KeyReading, KeySets, KeySource, NoKeys};
use crate::store::ReplayKey;
use crate::telemetry::{Alarm, log_alarm};

/// A rule that a token of an issuer must pass. They are judged in this order.
#[derive(Clone, Copy, Debug, Eq, IntoStaticStr, Ord, PartialEq, PartialOrd, VariantArray)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Rule {
    /// It is a compact JWS of at most 16,384 bytes, with claims that name nothing twice.
    Form,
    /// Its issuer is one that the org trusts, for this client.
    Issuer,
    /// Its `typ` says no other kind of token (RFC 8725 section 3.11).
    Type,
    /// Its `alg` is asymmetric, and one that the service knows.
    Algorithm,
    /// The keys of the issuer can be had.
    Keys,
    /// They have the one that the token names, or only one that it could be.
    Key,
    /// That key has signed it.
    Signature,
    /// It is for one audience, which is one of the issuer's.
    Audience,
    /// It has not expired.
    Expiry,
    /// It is good already.
    NotBefore,
    /// It doesn't live too long.
    Life,
    /// It isn't too old.
    Age,
    /// It has an id, if it can be used only once.
    Id,
    /// It says what the issuer's conditions want.
    Condition,
    /// Its subject is known: as a client, or as a member.
    Subject,
    /// It is presented from a network of those that are allowed.
    Network,
    /// The client may do so.
    Client,
    /// It was not used before.
    Reuse,
}

impl Rule {
    /// All rules, in their order.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What a token is used for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// To prove which client it is: RFC 7523 section 2.2.
    ClientAssertion {
        /// Whether the client says that it is a JWT-SVID (`jwt-spiffe`).
        of_spiffe: bool,
    },
    /// For a token: RFC 7523 section 2.1.
    Grant,
    /// To be exchanged: `subject_token` of RFC 8693 section 2.1.
    SubjectToken {
        /// Whether the client says that it is an ID token (OpenID Connect Core section 2), and not just a JWT.
        is_id_token: bool,
    },
    /// For a token, as the word of an identity provider on a sign-in to the client (ID-JAG,
    /// draft-ietf-oauth-identity-assertion-authz-grant section 4.4).
    IdJag,
}

impl Purpose {
    /// Tells what an assertion for a token is, by the `typ` of its header: an ID-JAG says so, and nothing else may.
    pub(crate) fn from_typ_of_grant(typ: Option<&str>) -> Self {
        if typ.is_some_and(|typ| essence(typ).eq_ignore_ascii_case(ID_JAG_TYPE)) { Self::IdJag } else { Self::Grant }
    }

    /// Whether it says for certain when it was made, whatever the settings are (OpenID Connect Core section 2,
    /// draft-ietf-oauth-identity-assertion-authz-grant section 3).
    const fn needs_iat(self) -> bool {
        match self {
            Self::SubjectToken { is_id_token } => is_id_token,
            Self::IdJag => true,
            Self::ClientAssertion { .. } | Self::Grant => false,
        }
    }
}

/// The `typ` of ID-JAGs, which `DomainGrantType` has for those that we sign.
const ID_JAG_TYPE: &str = DomainGrantType::IdJag.header_type();

/// A media type without its `application/` (RFC 7515 section 4.1.9).
fn essence(typ: &str) -> &str {
    typ.rsplit_once('/').filter(|(kind, _)| kind.eq_ignore_ascii_case("application")).map_or(typ, |(_, name)| name)
}

/// What is judged of a token, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    pub(crate) settings: &'a AssertionSettings,
    /// The client that presents it, if that is known.
    pub(crate) client: Option<ClientId>,
    pub(crate) purpose: Purpose,
    /// The issuer of the service, for which it is where nothing else is said.
    pub(crate) here: &'a Issuer,
    pub(crate) from: PresentedFrom,
    pub(crate) now: Timestamp,
}

/// From where a token is presented.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum PresentedFrom {
    /// This address. `None`: it isn't known, which is an address in no network.
    Address(Option<IpAddr>),
    /// Nobody has said from where, and networks aren't judged.
    Unsaid,
}

/// A token of an issuer that is judged by the rules.
#[derive(Debug)]
pub(crate) struct Inspection<'a> {
    token: &'a str,
    terms: Terms<'a>,
    header: Option<ProtectedHeader>,
    claims: Option<Claims>,
    issuer: Option<(usize, &'a AssertionIssuer)>,
    keys: Option<KeyReading>,
    unread: Option<NoKeys>,
    broken: Vec<(Rule, Finding)>,
    passed: Vec<Rule>,
}

/// What the `sub` of a SPIFFE ID has at most, in bytes.
const MAX_SUBJECT_BYTES: usize = 1_024;
const MAX_ID_BYTES: usize = 256;
/// The longest that an ID-JAG lives, whatever is said of its issuer: it is a grant, and no session.
const MAX_ID_JAG_LIFE: Seconds = Seconds(300);
/// How long a use is remembered from `exp` on: as long as an instance could still take it, and a minute.
const REMEMBERED: Seconds = Seconds(SKEW.0 + 60);
/// The same `jti` is another one in an assertion of a client about itself.
pub(super) const PURPOSE: &str = "jwt-bearer";

impl<'a> Inspection<'a> {
    /// Reads a token: judges [`Rule::Form`] and [`Rule::Issuer`], for which nothing has to be read from elsewhere.
    pub(crate) fn begin(token: &'a str, terms: Terms<'a>) -> Self {
        let mut it = Self {
            token,
            terms,
            header: None,
            claims: None,
            issuer: None,
            keys: None,
            unread: None,
            broken: Vec::new(),
            passed: Vec::new(),
        };
        let form = it.form();
        it.note(Rule::Form, form);
        if it.claims.is_some() {
            let found = it.find_issuer();
            it.note(Rule::Issuer, found);
        }
        it
    }

    /// Judges a token by the rules that need its header and the issuer's keys, and then by those about its claims. If it isn't
    /// `thorough`, the first rule that is broken ends it, so that no keys are read for what is refused anyway.
    pub(crate) async fn go_on(&mut self, key_sets: &KeySets, thorough: bool) {
        let Some((_, issuer)) = self.issuer else { return };
        let goes_on = |it: &Self| thorough || it.broken.is_empty();
        if !goes_on(self) {
            return;
        }
        let (of_type, of_algorithm) = (self.of_type(issuer), self.of_algorithm());
        self.note(Rule::Type, of_type);
        self.note(Rule::Algorithm, of_algorithm);
        let is_signable = self.passed.contains(&Rule::Algorithm);
        if is_signable && goes_on(self) {
            self.verify_signature(key_sets, issuer).await;
        }
        if !goes_on(self) {
            return;
        }
        for (rule, judge) in CLAIM_RULES {
            let judged = judge(self, issuer);
            self.note(*rule, judged);
            if !goes_on(self) {
                return;
            }
        }
        let field = self.field("allowed_cidrs");
        self.judge_networks(issuer.allowed_networks.as_ref(), field);
    }

    /// Notes what came of a rule that is judged elsewhere.
    pub(crate) fn note(&mut self, rule: Rule, judged: Result<(), Finding>) {
        match judged {
            Ok(()) => self.passed.push(rule),
            Err(finding) => self.broken.push((rule, finding)),
        }
    }

    /// Judges [`Rule::Network`] by the networks from which somebody allows the token to be presented: its issuer, or its client. `field` is
    /// where they are set. All that apply must have the address.
    pub(crate) fn judge_networks(&mut self, networks: Option<&AllowedNetworks>, field: String) {
        let PresentedFrom::Address(address) = self.terms.from else { return };
        let judged = match networks.filter(|networks| !networks.allow(address)) {
            None => Ok(()),
            Some(networks) => Err(Finding {
                field: Some(field),
                expected: networks.iter().map(|network| network.to_string().into()).collect(),
                found: address.map(|address| address.to_canonical().to_string().into()),
                ..Finding::new("The token must be presented from one of the allowed networks.")
            }),
        };
        self.note(Rule::Network, judged);
    }

    /// Tells the operators if a token which is good in all else was presented from elsewhere than it may be; or one of an issuer that
    /// strangers have tokens of, and that the org has without conditions, because it was trusted before these were demanded.
    pub(crate) fn raise_alarm(&self, client: &Client) {
        let Some((rule, _)) = self.first_broken() else { return };
        let identities = &client.settings.federated;
        let is_open = |(_, issuer): (usize, &AssertionIssuer)| {
            *rule == Rule::Issuer && issuer.enabled && issuer.is_open_to_strangers()
                || *rule == Rule::Subject && identities.iter().any(|identity| issuer.is_open_to_strangers_by(identity))
        };
        if *rule == Rule::Network {
            log_alarm(Alarm::AddressRefused, &client.org, Some(client.id), None);
        } else if self.issuer.is_some_and(is_open) {
            log_alarm(Alarm::IssuerOpenToStrangers, &client.org, Some(client.id), None);
        }
    }

    /// Returns the first rule that is broken, in the order of the rules.
    pub(crate) fn first_broken(&self) -> Option<&(Rule, Finding)> {
        self.broken.iter().min_by_key(|(rule, _)| *rule)
    }

    /// Returns what came of a rule. `None`: it wasn't judged.
    pub(crate) fn judged(&self, rule: Rule) -> Option<Result<(), &Finding>> {
        let broken = self.broken.iter().find(|(other, _)| *other == rule).map(|(_, finding)| Err(finding));
        broken.or_else(|| self.passed.contains(&rule).then_some(Ok(())))
    }

    /// Returns the issuer that the org trusts, with its place among the settings.
    pub(crate) fn issuer(&self) -> Option<(usize, &'a AssertionIssuer)> {
        self.issuer
    }

    /// Returns the header, which nobody need have verified.
    pub(crate) fn header(&self) -> Option<&ProtectedHeader> {
        self.header.as_ref()
    }

    /// Returns the claims, which are verified only if no rule is broken.
    pub(crate) fn claims(&self) -> Option<&Claims> {
        self.claims.as_ref()
    }

    /// Returns the keys of the issuer that were read.
    pub(crate) fn keys(&self) -> Option<&KeyReading> {
        self.keys.as_ref()
    }

    /// Takes the reason why the keys can't be had, if they can't.
    pub(crate) fn take_unread(&mut self) -> Option<NoKeys> {
        self.unread.take()
    }

    /// Returns the `sub`, if it is a text.
    pub(crate) fn subject(&self) -> Option<&str> {
        self.claims.as_ref()?.text("sub").ok().flatten()
    }

    /// Returns the guard by which the token is good only once in the org. `None`: it is good until it expires.
    pub(crate) fn replay_guard(&self, org: &OrgId, replayed: Denial) -> Option<ReplayGuard> {
        Some(ReplayGuard::new(self.replay_key(org)?, replayed))
    }

    /// Returns the key of the token's one use in the org. `None`: it is good until it expires, or lacks what would tell it apart.
    pub(crate) fn replay_key(&self, org: &OrgId) -> Option<ReplayKey> {
        let (_, issuer) = self.issuer.filter(|(_, issuer)| !issuer.reusable)?;
        let claims = self.claims.as_ref()?;
        let id = claims.text("jti").ok().flatten()?;
        let expires_at = claims.moment("exp").ok().flatten()?;
        Some(ReplayKey {
            org: org.clone(),
            purpose: PURPOSE,
            hash: sha256(format!("{}\0{id}", issuer.issuer).as_bytes()),
            now: self.terms.now,
            until: expires_at.plus(REMEMBERED),
        })
    }

    fn form(&mut self) -> Result<(), Finding> {
        if self.token.len() > foreign::MAX_TOKEN_BYTES {
            return Err(Finding::new("The token must have at most 16,384 bytes."));
        }
        let header = Compact::header(self.token).filter(|header| !header.alg.eq_ignore_ascii_case("none"));
        let Some(header) = header else {
            return Err(Finding::new(
                "The token must be a signed JWT in compact form, with a header that names nothing twice and has no crit, b64 or zip.",
            ));
        };
        let payload = self.token.split('.').nth(1).and_then(foreign::decode_part);
        let Some(claims) = payload.and_then(|payload| Claims::read(&payload)) else {
            return Err(Finding::new("The claims of the token must be a JSON object that names nothing twice."));
        };
        (self.header, self.claims) = (Some(header), Some(claims));
        Ok(())
    }

    fn find_issuer(&mut self) -> Result<(), Finding> {
        let Some(claims) = &self.claims else { return Ok(()) };
        let issuers = &self.terms.settings.assertion_issuers;
        let find = |name: &str| issuers.iter().enumerate().find(|(_, issuer)| issuer.issuer == name);
        let name = claims.text("iss").ok().flatten();
        let only_spiffe = matches!(self.terms.purpose, Purpose::ClientAssertion { of_spiffe: true });
        let by_name = name.filter(|_| !only_spiffe).and_then(find);
        let Some((n, issuer)) = by_name.or_else(|| trust_domain(claims).as_deref().and_then(find)) else {
            return Err(Finding {
                detail:
                    "The org has no such issuer in assertion_issuers. They are compared letter by letter, a final / included."
                        .to_owned(),
                field: Some("settings.assertion_issuers".to_owned()),
                expected: issuers.iter().map(|issuer| Value::from(issuer.issuer.as_str())).collect(),
                found: name.map(Value::from),
            });
        };
        self.issuer = Some((n, issuer));
        let about =
            |member: &str, detail: &str| Err(Finding { field: Some(field(n, member)), ..Finding::new(detail.to_owned()) });
        if !issuer.enabled {
            return about("enabled", "The issuer is disabled.");
        }
        let is_taken_so = match self.terms.purpose {
            Purpose::SubjectToken { .. } => issuer.subject_tokens,
            Purpose::IdJag => issuer.id_jag,
            Purpose::ClientAssertion { .. } | Purpose::Grant => true,
        };
        if !is_taken_so {
            return match self.terms.purpose {
                Purpose::IdJag => about("id_jag", "The issuer's ID-JAGs are no grants: it needs id_jag: true."),
                Purpose::SubjectToken { .. } | Purpose::ClientAssertion { .. } | Purpose::Grant => {
                    about("subject_tokens", "The issuer's tokens can't be exchanged: it needs subject_tokens: true.")
                }
            };
        }
        if issuer.is_open_to_strangers() {
            return about(
                "claims",
                "ISSUER_OPEN_TO_STRANGERS: strangers can have tokens of this issuer, and no condition keeps them out.",
            );
        }
        let is_for = |client| issuer.clients.as_ref().is_none_or(|clients| clients.contains(&client));
        if self.terms.client.is_some_and(|client| !is_for(client)) {
            return about("clients", "The issuer isn't for this client.");
        }
        Ok(())
    }

    fn of_type(&self, issuer: &AssertionIssuer) -> Result<(), Finding> {
        let typ = self.header.as_ref().and_then(|header| header.typ.as_deref());
        let is = |name: &str| typ.is_some_and(|typ| essence(typ).eq_ignore_ascii_case(name));
        let is_plain = typ.is_none() || is("JWT") || is("JOSE") && issuer.is_trust_domain();
        let (is_taken, expected) = match self.terms.purpose {
            Purpose::ClientAssertion { .. } => (is_plain || is("client-authentication+jwt"), "JWT"),
            Purpose::Grant | Purpose::SubjectToken { .. } => (is_plain, "JWT"),
            Purpose::IdJag => (is(ID_JAG_TYPE), ID_JAG_TYPE),
        };
        if is_taken {
            return Ok(());
        }
        Err(Finding {
            expected: vec![expected.into()],
            found: typ.map(Value::from),
            ..Finding::new("The typ of the header says that it is another kind of token.")
        })
    }

    fn of_algorithm(&self) -> Result<(), Finding> {
        let Some(header) = &self.header else { return Ok(()) };
        if Algorithm::from_foreign_name(&header.alg).is_some() {
            return Ok(());
        }
        Err(Finding {
            expected: Algorithm::ALL.iter().map(|alg| alg.as_str().into()).collect(),
            found: Some(header.alg.as_str().into()),
            ..Finding::new("The alg of the header must be one of an asymmetric key that the service knows.")
        })
    }

    /// Judges [`Rule::Keys`], [`Rule::Key`] and [`Rule::Signature`].
    async fn verify_signature(&mut self, key_sets: &KeySets, issuer: &AssertionIssuer) {
        let Some(jws) = Compact::parse(self.token) else { return };
        match keys_of(issuer, key_sets, jws.kid.as_deref(), self.terms.now).await {
            Ok(reading) => {
                self.passed.push(Rule::Keys);
                let key = key_for(&jws, &reading.keys);
                let is_signed = key.as_ref().map(|key| jws.is_signed_by(key)).ok();
                self.keys = Some(reading.clone());
                self.note(Rule::Key, key.map(drop));
                if let Some(is_signed) = is_signed {
                    let wrong = "The key of this kid has not signed the token, or is for another alg.";
                    self.note(Rule::Signature, if is_signed { Ok(()) } else { Err(Finding::new(wrong)) });
                }
            }
            Err(no_keys) => {
                let member = match &issuer.keys {
                    IssuerKeys::Inline(_) => "jwks",
                    IssuerKeys::At(_) => "jwks_uri",
                    IssuerKeys::Discovery => "discovery",
                };
                let n = self.issuer.map_or(0, |(n, _)| n);
                self.note(Rule::Keys, Err(Finding { field: Some(field(n, member)), ..Finding::new(no_keys.to_string()) }));
                self.unread = Some(no_keys);
            }
        }
    }

    fn field(&self, member: &str) -> String {
        field(self.issuer.map_or(0, |(n, _)| n), member)
    }

    fn of_audience(&self, issuer: &AssertionIssuer) -> Result<(), Finding> {
        let Some(claims) = &self.claims else { return Ok(()) };
        // What an ID-JAG is for isn't the issuer's to choose (draft-ietf-oauth-identity-assertion-authz-grant section 4.4.1).
        let own = issuer.audiences.as_ref().filter(|_| self.terms.purpose != Purpose::IdJag);
        let allowed: Vec<&str> =
            own.map_or_else(|| vec![self.terms.here.as_str()], |all| all.iter().map(String::as_str).collect());
        let broken = |claim: &str, detail: &str| {
            Err(Finding {
                field: own.is_some().then(|| self.field("audiences")),
                expected: allowed.iter().copied().map(Value::from).collect(),
                found: claims.as_members().get(claim).cloned(),
                ..Finding::new(detail)
            })
        };
        // An assertion for others, too, could come from one of them.
        if !claims.audiences().is_ok_and(|found| matches!(found.as_slice(), [one] if allowed.contains(one))) {
            return broken("aud", "The aud must be one of the issuer's audiences, letter by letter, and no other beside it.");
        }
        let is_for_one_of_them = |party: Option<&str>| party.is_none_or(|party| allowed.contains(&party));
        let is_id_token = matches!(self.terms.purpose, Purpose::SubjectToken { is_id_token: true });
        if is_id_token && !claims.text("azp").is_ok_and(is_for_one_of_them) {
            return broken("azp", "The azp of an ID token must be one of the issuer's audiences, too.");
        }
        Ok(())
    }

    fn of_expiry(&self, _: &AssertionIssuer) -> Result<(), Finding> {
        let now = self.terms.now;
        let exp = self.claims.as_ref().map(|claims| claims.moment("exp"));
        match exp {
            None => Ok(()),
            Some(Ok(Some(exp))) if now < exp => Ok(()),
            Some(Ok(Some(exp))) => {
                let ago = now.as_secs() - exp.as_secs();
                Err(self.about_claim("exp", format!("The token has expired: exp was {ago} seconds ago.")))
            }
            Some(Ok(None) | Err(_)) => Err(self.about_claim("exp", "The token must have a number as exp.")),
        }
    }

    fn of_beginning(&self, _: &AssertionIssuer) -> Result<(), Finding> {
        let Some(claims) = &self.claims else { return Ok(()) };
        let latest = self.terms.now.plus(SKEW);
        for name in ["nbf", "iat"] {
            let is_good = claims.moment(name).is_ok_and(|start| start.is_none_or(|start| start <= latest));
            if !is_good {
                let detail = format!("The {name} must be a number, and at most 60 seconds in the future.");
                return Err(self.about_claim(name, detail));
            }
        }
        Ok(())
    }

    fn of_life(&self, issuer: &AssertionIssuer) -> Result<(), Finding> {
        let Some((Ok(Some(exp)), Ok(iat))) = self.claims.as_ref().map(|claims| (claims.moment("exp"), claims.moment("iat")))
        else {
            return Ok(());
        };
        let life = exp.as_secs() - iat.unwrap_or(self.terms.now).as_secs();
        let longest = self.longest_life(issuer);
        if life <= i64::from(longest.0 + SKEW.0) {
            return Ok(());
        }
        let is_setting = self.terms.purpose != Purpose::IdJag;
        let limit = if is_setting { "and the issuer's longest_life is" } else { "and an ID-JAG at most" };
        Err(Finding {
            field: is_setting.then(|| self.field("longest_life")),
            expected: vec![longest.0.into()],
            found: Some(life.into()),
            ..Finding::new(format!("The token lives {life} seconds, {limit} {}.", longest.0))
        })
    }

    fn longest_life(&self, issuer: &AssertionIssuer) -> Seconds {
        match self.terms.purpose {
            Purpose::IdJag => MAX_ID_JAG_LIFE,
            Purpose::ClientAssertion { .. } | Purpose::Grant | Purpose::SubjectToken { .. } => issuer.longest_life,
        }
    }

    fn of_age(&self, issuer: &AssertionIssuer) -> Result<(), Finding> {
        let Some(iat) = self.claims.as_ref().map(|claims| claims.moment("iat").ok().flatten()) else { return Ok(()) };
        let longest = issuer.longest_age.unwrap_or_else(|| self.longest_life(issuer));
        let about = |detail: String, found: Option<Value>| {
            Err(Finding {
                field: Some(self.field("longest_age")),
                expected: vec![longest.0.into()],
                found,
                ..Finding::new(detail)
            })
        };
        match iat {
            None if self.terms.purpose.needs_iat() => Err(self.about_claim("iat", "ID tokens and ID-JAGs must have an iat.")),
            None if issuer.longest_age.is_some() => {
                about("The token must have an iat, because the issuer has a longest_age.".to_owned(), None)
            }
            None => Ok(()),
            Some(iat) => {
                let age = self.terms.now.as_secs() - iat.as_secs();
                if age <= i64::from(longest.0 + SKEW.0) {
                    return Ok(());
                }
                about(
                    format!("The token was made {age} seconds ago, and the issuer takes at most {}.", longest.0),
                    Some(age.into()),
                )
            }
        }
    }

    fn of_id(&self, issuer: &AssertionIssuer) -> Result<(), Finding> {
        let Some(claims) = &self.claims else { return Ok(()) };
        let is_id = |id: &str| (1..=MAX_ID_BYTES).contains(&id.len());
        let is_needed = !issuer.reusable || self.terms.purpose == Purpose::IdJag;
        if !is_needed || claims.text("jti").is_ok_and(|id| id.is_some_and(is_id)) {
            return Ok(());
        }
        if self.terms.purpose == Purpose::IdJag {
            return Err(self.about_claim("jti", "An ID-JAG must have a jti of 1 to 256 bytes."));
        }
        Err(Finding {
            field: Some(self.field("reusable")),
            ..Finding::new(
                "The token must have a jti of 1 to 256 bytes, because it can be used only once. Platforms that send none need reusable: true.",
            )
        })
    }

    fn of_conditions(&self, issuer: &AssertionIssuer) -> Result<(), Finding> {
        match self.claims.as_ref().and_then(|claims| unmet_condition(claims, &issuer.claims)) {
            None => Ok(()),
            Some((claim, finding)) => Err(Finding { field: Some(self.field(&format!("claims.{claim}"))), ..finding }),
        }
    }

    fn about_claim(&self, name: &str, detail: impl Into<String>) -> Finding {
        let found = self.claims.as_ref().and_then(|claims| claims.as_members().get(name).cloned());
        Finding { found, ..Finding::new(detail) }
    }
}

type ClaimRule = for<'a, 'b> fn(&'a Inspection<'b>, &'a AssertionIssuer) -> Result<(), Finding>;

/// The rules about the claims alone, in their order.
const CLAIM_RULES: &[(Rule, ClaimRule)] = &[
    (Rule::Audience, |it, issuer| it.of_audience(issuer)),
    (Rule::Expiry, |it, issuer| it.of_expiry(issuer)),
    (Rule::NotBefore, |it, issuer| it.of_beginning(issuer)),
    (Rule::Life, |it, issuer| it.of_life(issuer)),
    (Rule::Age, |it, issuer| it.of_age(issuer)),
    (Rule::Id, |it, issuer| it.of_id(issuer)),
    (Rule::Condition, |it, issuer| it.of_conditions(issuer)),
];

/// The path of a member of an issuer, as an administrator writes it.
fn field(n: usize, member: &str) -> String {
    format!("settings.assertion_issuers[{n}].{member}")
}

/// Returns the keys of an issuer, and of no other: read anew if the one of this `kid` is missing.
///
/// # Errors
/// [`NoKeys`], if they can't be had.
pub(crate) async fn keys_of(
    issuer: &AssertionIssuer,
    key_sets: &KeySets,
    kid: Option<&str>,
    now: Timestamp,
) -> Result<KeyReading, NoKeys> {
    let source = match &issuer.keys {
        IssuerKeys::Inline(set) => {
            // They were read before they were kept.
            let unreadable = |rule: Invalid| Fault::internal("reading the keys of an issuer of assertions").because(rule);
            let set = if issuer.is_trust_domain() {
                jwk::svid_keys_from_json(set.as_bytes())
            } else {
                jwk::set_from_json(set.as_bytes())
            };
            let keys: Result<Vec<_>, _> = set.map_err(unreadable)?.iter().map(VerifyingKey::new).collect();
            return Ok(KeyReading { keys: Arc::from(keys.map_err(unreadable)?), url: "jwks".to_owned(), read_at: now });
        }
        IssuerKeys::At(url) if issuer.is_trust_domain() => KeySource::SpiffeBundle(url),
        IssuerKeys::At(url) => KeySource::JwkSet(url),
        IssuerKeys::Discovery => KeySource::Discovery(&issuer.issuer),
    };
    key_sets.of_issuer(source, kid, now).await
}

/// The key that must have signed: the one of this name, or the only one of this algorithm. To try all would invite confusion
/// (RFC 8725 section 3.8).
fn key_for<'k>(jws: &Compact<'_>, keys: &'k [VerifyingKey]) -> Result<&'k VerifyingKey, Finding> {
    let kids = || keys.iter().map(|key| key.jwk().kid.as_str().into()).collect();
    if let Some(kid) = &jws.kid {
        let of_name = || keys.iter().filter(|key| key.jwk().kid.as_str() == kid);
        let key = of_name().find(|key| key.jwk().alg == jws.alg).or_else(|| of_name().next());
        return key.ok_or_else(|| Finding {
            expected: kids(),
            found: Some(kid.as_str().into()),
            ..Finding::new("The key set of the issuer has no usable key of this kid.")
        });
    }
    let mut of_algorithm = keys.iter().filter(|key| key.jwk().alg == jws.alg);
    match (of_algorithm.next(), of_algorithm.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => {
            Err(Finding { expected: kids(), ..Finding::new("The key set of the issuer has no usable key for this alg.") })
        }
        (Some(_), Some(_)) => Err(Finding {
            expected: kids(),
            ..Finding::new("The token must name its key by a kid, because the issuer has several for this alg.")
        }),
    }
}

/// The trust domain of a JWT-SVID, which the authority of its `sub` names: `spiffe://example.org`. `None`: it isn't one.
pub(crate) fn trust_domain(claims: &Claims) -> Option<String> {
    let subject = claims.text("sub").ok()??;
    let rest = subject.strip_prefix(AssertionIssuer::SPIFFE_SCHEME)?;
    let (domain, _) = rest.split_once('/')?;
    Some(format!("{}{domain}", AssertionIssuer::SPIFFE_SCHEME))
}

/// Whether a text can be the `sub` of a client's token: 1 to 1,024 bytes and, of a SPIFFE trust domain, a SPIFFE ID of it.
pub(crate) fn is_subject(issuer: &AssertionIssuer, subject: &str) -> bool {
    let has_length = (1..=MAX_SUBJECT_BYTES).contains(&subject.len());
    if !issuer.is_trust_domain() {
        return has_length;
    }
    let is_segment = |segment: &str| {
        let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        !segment.is_empty() && segment != "." && segment != ".." && segment.bytes().all(known)
    };
    let path = subject.strip_prefix(issuer.issuer.as_str()).and_then(|rest| rest.strip_prefix('/'));
    has_length && path.is_some_and(|path| path.split('/').all(is_segment))
}
