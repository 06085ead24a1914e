//! Conditions on the claims of assertions, and the identities of clients at the platforms that make them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::networks::AllowedCidrs;
use crate::domain::{AssertionIssuer, ClaimCondition, ClaimName, ClaimPattern, FederatedIdentity, Invalid, Refusal, TextPattern};
use crate::encoding::{FromText, present};

/// What claims must say: for each claim a value, or a list of values of which one must match.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub(super) struct ConditionsBody(BTreeMap<FromText<ClaimName>, Values>);

/// The most claims that can have conditions, and the most values that one can have.
const MAX_CONDITIONS: usize = 20;

impl ConditionsBody {
    /// Reads the conditions. `field` is where they are.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if there are none or more than 20, or for a claim that `reserved` names.
    pub(super) fn try_into_conditions(self, field: &str, reserved: Option<&str>) -> Result<Vec<ClaimCondition>, Refusal> {
        if !(1..=MAX_CONDITIONS).contains(&self.0.len()) {
            return Err(Refusal::invalid(field.to_owned(), "must have 1 to 20 claims"));
        }
        let condition = |(FromText(claim), Values(values)): (FromText<ClaimName>, Values)| {
            if reserved.is_some_and(|reserved| claim.is(reserved)) {
                let rule = "must not have sub, which is the subject of the entry";
                return Err(Refusal::invalid(field.to_owned(), rule));
            }
            Ok(ClaimCondition { claim, values })
        };
        self.0.into_iter().map(condition).collect()
    }

    /// Shows conditions. `None`: there are none.
    pub(super) fn from_conditions(conditions: &[ClaimCondition]) -> Option<Self> {
        let entry = |it: &ClaimCondition| (FromText(it.claim.clone()), Values(it.values.clone()));
        (!conditions.is_empty()).then(|| Self(conditions.iter().map(entry).collect()))
    }
}

/// The values that a claim may have, of which it must have one.
#[derive(Clone, Debug)]
struct Values(Vec<ClaimPattern>);

/// One value that a claim may have.
struct Value(ClaimPattern);

const RULE: &str = "must be a text, an integer or a boolean, or a list of 1 to 20 of them";

struct ValueVisitor;

impl Visitor<'_> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, an integer or a boolean")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        text.parse::<TextPattern>().map(ClaimPattern::Text).map(Value).map_err(E::custom)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value, E> {
        Ok(Value(ClaimPattern::Flag(flag)))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value(ClaimPattern::Integer(number)))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        i64::try_from(number).map(ClaimPattern::Integer).map(Value).map_err(|_| E::custom(RULE))
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;

        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(RULE.trim_start_matches("must be "))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Values, E> {
                ValueVisitor.visit_str(text).map(|value| Values(vec![value.0]))
            }

            fn visit_bool<E: Error>(self, flag: bool) -> Result<Values, E> {
                ValueVisitor.visit_bool(flag).map(|value| Values(vec![value.0]))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Values, E> {
                ValueVisitor.visit_i64(number).map(|value| Values(vec![value.0]))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Values, E> {
                ValueVisitor.visit_u64(number).map(|value| Values(vec![value.0]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Values, A::Error> {
                let mut values = Vec::new();
                while let Some(Value(value)) = list.next_element()? {
                    values.push(value);
                }
                if (1..=MAX_CONDITIONS).contains(&values.len()) { Ok(Values(values)) } else { Err(A::Error::custom(RULE)) }
            }
        }

        deserializer.deserialize_any(OneOrMore)
    }
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => Shown(one).serialize(serializer),
            several => serializer.collect_seq(several.iter().map(Shown)),
        }
    }
}

struct Shown<'a>(&'a ClaimPattern);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            ClaimPattern::Text(text) => serializer.collect_str(text),
            ClaimPattern::Integer(number) => serializer.serialize_i64(*number),
            ClaimPattern::Flag(flag) => serializer.serialize_bool(*flag),
        }
    }
}

/// The `iss` of assertions.
#[derive(Clone, Debug)]
pub(super) struct IssuerName(pub(super) String);

impl FromStr for IssuerName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let is_name = (1..=255).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if !is_name {
            return Err(Invalid("must be 1 to 255 characters without control characters"));
        }
        // Else it could be the number of a client, whose own assertions have that for an issuer.
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Invalid("must not be all digits"));
        }
        if let Some(domain) = text.strip_prefix(AssertionIssuer::SPIFFE_SCHEME) {
            let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
            if domain.is_empty() || !domain.bytes().all(known) {
                return Err(Invalid("must be spiffe:// and a trust domain of a-z, 0-9, ., _ and -, without port and path"));
            }
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for IssuerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(feature = "openapi")]
impl crate::encoding::TextSchema for IssuerName {
    fn text_schema() -> schemars::Schema {
        crate::api::openapi::schema_impls::plain(255)
    }
}

/// An entry of `federated`: a workload, as its platform names it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "FederatedIdentity"))]
#[serde(deny_unknown_fields)]
pub(super) struct FederatedBody {
    /// The `issuer` of one of the org's `assertion_issuers`.
    issuer: FromText<IssuerName>,
    /// The `sub` of the platform's tokens: 1 to 1,024 bytes. A `*` at its end stands for any characters.
    subject: FromText<TextPattern>,
    /// What else they must say, by claim: a value, or a list of 1 to 20 of which one must match.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    claims: Option<ConditionsBody>,
    /// The networks from which they may be presented, in CIDR notation. Left out: from anywhere.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    allowed_cidrs: Option<AllowedCidrs>,
}

/// The most identities that a client can have.
const MAX_IDENTITIES: usize = 20;

impl FederatedBody {
    /// Reads the identities of a client.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if there are more than 20, or one can't be. [`Refusal::FederationRejected`] for a prefix that ends within a
    /// name where strangers choose names.
    pub(super) fn try_into_identities(entries: Vec<Self>) -> Result<Vec<FederatedIdentity>, Refusal> {
        if entries.len() > MAX_IDENTITIES {
            return Err(Refusal::invalid("federated", "must have at most 20 entries"));
        }
        entries.into_iter().enumerate().map(|(n, entry)| entry.try_into_identity(n)).collect()
    }

    fn try_into_identity(self, n: usize) -> Result<FederatedIdentity, Refusal> {
        let field = format!("federated[{n}]");
        let claims = self.claims.map(|claims| claims.try_into_conditions(&format!("{field}.claims"), Some("sub")));
        let identity = FederatedIdentity {
            issuer: self.issuer.0.0,
            subject: self.subject.0,
            claims: claims.transpose()?.unwrap_or_default(),
            allowed_networks: self.allowed_cidrs.map(|cidrs| cidrs.0),
        };
        identity.ensure_prefixes_are_whole(&field)?;
        if identity.issuer.starts_with(AssertionIssuer::SPIFFE_SCHEME) && !is_spiffe(&identity) {
            let rule = "must be a SPIFFE ID of the issuer's trust domain, or the beginning of some up to a / and a * behind it";
            return Err(Refusal::invalid(format!("{field}.subject"), rule));
        }
        Ok(identity)
    }

    pub(super) fn from_identity(identity: &FederatedIdentity) -> Self {
        Self {
            issuer: FromText(IssuerName(identity.issuer.clone())),
            subject: FromText(identity.subject.clone()),
            claims: ConditionsBody::from_conditions(&identity.claims),
            allowed_cidrs: identity.allowed_networks.clone().map(AllowedCidrs),
        }
    }
}

fn is_spiffe(identity: &FederatedIdentity) -> bool {
    let (text, is_whole) = match &identity.subject {
        TextPattern::Exact(text) => (text.as_str(), true),
        TextPattern::Prefix(text) => (text.as_str(), text.ends_with('/')),
    };
    is_whole && text.strip_prefix(identity.issuer.as_str()).is_some_and(|path| path.starts_with('/'))
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for ConditionsBody {
    fn inline_schema() -> bool {
        false
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ClaimConditions".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let text = serde_json::json!({"type": "string", "minLength": 1, "maxLength": TextPattern::MAX_BYTES});
        let one = serde_json::json!([text, {"type": "integer"}, {"type": "boolean"}]);
        let list = serde_json::json!({"type": "array", "items": {"anyOf": one}, "minItems": 1, "maxItems": MAX_CONDITIONS});
        let all: Vec<_> = one.as_array().into_iter().flatten().cloned().chain([list]).collect();
        schemars::json_schema!({
            "description": "What claims must say: for each a value, or a list of values of which one must match.",
            "type": "object", "additionalProperties": {"anyOf": all}, "minProperties": 1, "maxProperties": MAX_CONDITIONS,
        })
    }
}

#[cfg(feature = "openapi")]
impl crate::encoding::TextSchema for TextPattern {
    fn text_schema() -> schemars::Schema {
        crate::api::openapi::schema_impls::plain(1_024)
    }
}
