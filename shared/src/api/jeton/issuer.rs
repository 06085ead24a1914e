//! The issuers that an org trusts, and the test of a platform's token, on the wire.

use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::settings::Number;
use crate::admin::issuers::{IssuerReport, TokenReport, TokenTest, WouldIssue};
use crate::api::agilicus::{Date, Rfc3339};
use crate::auth::assertion::{Finding, Purpose, Rule};
use crate::auth::service::Lookup;
use crate::domain::{ClientId, FederationProblem, Invalid, OrgId, Refusal, Scope};
use crate::encoding::{FromText, SecretText, present};
use crate::keys::remote::KeyReading;
use crate::store::RecordKeys;

/// The body of `POST /v1/orgs/{org}/issuers/test`.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TestToken {
    /// The token of the platform, of at most 16,384 bytes.
    #[cfg_attr(feature = "openapi", schemars(with = "String", length(min = 1, max = 16_384)))]
    token: SecretText,
    /// The number of the client that would present it. Left out: each client of the org that names the issuer.
    #[serde(default, deserialize_with = "present")]
    client_id: Option<Number>,
    /// The IP address from which it would be presented. Left out: `allowed_cidrs` aren't judged.
    #[serde(default, deserialize_with = "present")]
    address: Option<FromText<Address>>,
    /// What it would be used for: `client_assertion`; `grant` for the JWT bearer grant of a workload; `subject_token` to be exchanged; or
    /// `id_jag` for the JWT bearer grant about somebody else. Default: `client_assertion`.
    #[serde(default, rename = "use", deserialize_with = "present")]
    purpose: Option<Use>,
    /// What a `subject_token` would be presented as. Default: `urn:ietf:params:oauth:token-type:jwt`.
    #[serde(default, deserialize_with = "present")]
    subject_token_type: Option<SubjectTokenType>,
}

/// The IP address of a caller.
#[derive(Clone, Copy, Debug)]
struct Address(IpAddr);

impl FromStr for Address {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        text.parse().map(Self).map_err(|_| Invalid("must be an IPv4 or IPv6 address, such as 192.0.2.1 or 2001:db8::1"))
    }
}

#[cfg(feature = "openapi")]
impl crate::encoding::TextSchema for Address {
    fn text_schema() -> schemars::Schema {
        schemars::json_schema!({"type": "string", "minLength": 2, "maxLength": 45, "examples": ["192.0.2.1"]})
    }
}

/// What a token would be used for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Use {
    ClientAssertion,
    Grant,
    SubjectToken,
    IdJag,
}

/// What a token that is exchanged would be presented as: RFC 8693 section 3.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
enum SubjectTokenType {
    #[serde(rename = "urn:ietf:params:oauth:token-type:jwt")]
    Jwt,
    #[serde(rename = "urn:ietf:params:oauth:token-type:id_token")]
    IdToken,
}

impl<'de> Deserialize<'de> for Use {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "client_assertion" => Ok(Self::ClientAssertion),
            "grant" => Ok(Self::Grant),
            "subject_token" => Ok(Self::SubjectToken),
            "id_jag" => Ok(Self::IdJag),
            _ => Err(serde::de::Error::custom("must be client_assertion, grant, subject_token or id_jag")),
        }
    }
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for Use {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TokenUse".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "enum": ["client_assertion", "grant", "subject_token", "id_jag"]})
    }
}

impl TestToken {
    /// Returns what is asked for.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if there is a `subject_token_type` for something else than a `subject_token`.
    pub fn try_into_test(self) -> Result<TokenTest, Refusal> {
        let is_id_token = self.subject_token_type == Some(SubjectTokenType::IdToken);
        if self.subject_token_type.is_some() && self.purpose != Some(Use::SubjectToken) {
            return Err(Refusal::invalid("subject_token_type", "needs use to be subject_token"));
        }
        let purpose = match self.purpose {
            Some(Use::Grant) => Purpose::Grant,
            Some(Use::SubjectToken) => Purpose::SubjectToken { is_id_token },
            Some(Use::IdJag) => Purpose::IdJag,
            Some(Use::ClientAssertion) | None => Purpose::ClientAssertion { of_spiffe: false },
        };
        let (client, address) = (self.client_id.map(|client| client.0), self.address.map(|address| address.0.0));
        Ok(TokenTest { token: self.token.0, client, purpose, address })
    }
}

/// What is read for a test when the caller is authenticated.
#[derive(Debug)]
pub struct TestLookup(pub Option<ClientId>);

impl Lookup for TestLookup {
    fn wanted(&self, org: &OrgId) -> RecordKeys {
        RecordKeys {
            assertion_settings: vec![org.clone()],
            clients: self.0.map(|client| (org.clone(), client)).into_iter().collect(),
            ..RecordKeys::default()
        }
    }
}

/// Which rule stops a token, and all that can be said of it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "TokenTestResult"))]
pub struct TestResult<'a> {
    /// Whether the token is taken, unless it was used before.
    accepted: bool,
    /// The first rule that it breaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
    #[serde(flatten)]
    finding: Option<FindingView<'a>>,
    /// The issuer that the org trusts.
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<&'a str>,
    /// The client that the token authenticates, or that would present it.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<u64>,
    /// The place of the identity in the client's `federated`, where the token authenticates it.
    #[serde(skip_serializing_if = "Option::is_none")]
    federated: Option<usize>,
    /// All rules, in their order.
    checks: Vec<CheckView<'a>>,
    /// The header of the token, as far as it is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<HeaderView<'a>>,
    /// The claims of the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schemars(with = "Option<std::collections::BTreeMap<String, Value>>"))]
    claims: Option<&'a Map<String, Value>>,
    /// The keys of the issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<KeysView<'a>>,
    /// What the client would get for it, if it named no scope.
    #[serde(skip_serializing_if = "Option::is_none")]
    would_issue: Option<WouldIssueView>,
}

/// Why a rule is broken.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
struct FindingView<'a> {
    /// What is wrong, and what would be right.
    detail: &'a str,
    /// The setting that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    /// What it wants: one of these.
    #[serde(skip_serializing_if = "<[Value]>::is_empty")]
    #[cfg_attr(feature = "openapi", schemars(schema_with = "expected_schema"))]
    expected: &'a [Value],
    /// What the token has.
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<&'a Value>,
}

/// The values that a claim may have: texts, numbers and booleans.
#[cfg(feature = "openapi")]
fn expected_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}})
}

/// What came of a rule.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "TokenCheck"))]
struct CheckView<'a> {
    /// The name of the rule.
    rule: &'static str,
    /// `passed`, `failed` or `not_checked`.
    result: &'static str,
    /// What is wrong, if it failed; or what to know where it isn't checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
struct HeaderView<'a> {
    /// The algorithm of its signature.
    alg: &'a str,
    /// The name of the key that signed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
    /// The kind of token that it says it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    typ: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
struct KeysView<'a> {
    /// The URL of the key set, or `jwks` for one in the settings.
    source: &'a str,
    /// When it was read.
    read: Rfc3339,
    /// The names of its usable keys.
    kids: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
struct WouldIssueView {
    /// The subject of the token: the client, or whom the token is about.
    sub: String,
    /// Its scopes, with blanks between them.
    scope: String,
    /// For how many seconds it would live.
    expires_in: u32,
}

impl<'a> TestResult<'a> {
    /// The view of a report.
    pub fn from_report(report: &'a TokenReport) -> Self {
        let broken = report.first_broken();
        Self {
            accepted: broken.is_none(),
            rule: broken.map(|(rule, _)| rule.as_str()),
            finding: broken.map(|(_, finding)| FindingView::from_finding(finding)),
            issuer: report.issuer.as_deref(),
            client_id: report.client.map(ClientId::as_number),
            federated: report.identity,
            checks: report.checks.iter().map(|(rule, judged)| CheckView::new(*rule, judged.as_ref())).collect(),
            header: report.header.as_ref().map(|header| HeaderView {
                alg: &header.alg,
                kid: header.kid.as_deref(),
                typ: header.typ.as_deref(),
            }),
            claims: report.claims.as_ref(),
            keys: report.keys.as_ref().map(KeysView::from_reading),
            would_issue: report.would_issue.as_ref().map(WouldIssueView::from_would_issue),
        }
    }
}

impl<'a> KeysView<'a> {
    fn from_reading(reading: &'a KeyReading) -> Self {
        // A key that may be used with several algorithms is there once for each.
        let mut kids: Vec<_> = reading.keys.iter().map(|key| key.jwk().kid.as_str()).collect();
        kids.dedup();
        Self { source: &reading.url, read: Rfc3339(reading.read_at), kids }
    }
}

impl<'a> FindingView<'a> {
    fn from_finding(finding: &'a Finding) -> Self {
        let Finding { detail, field, expected, found } = finding;
        Self { detail, field: field.as_deref(), expected, found: found.as_ref() }
    }
}

impl<'a> CheckView<'a> {
    fn new(rule: Rule, judged: Option<&'a Result<(), Finding>>) -> Self {
        let (result, detail) = match judged {
            Some(Ok(())) => ("passed", None),
            Some(Err(finding)) => ("failed", Some(finding.detail.as_str())),
            None => ("not_checked", None),
        };
        Self { rule: rule.as_str(), result, detail }
    }
}

impl WouldIssueView {
    fn from_would_issue(issue: &WouldIssue) -> Self {
        let scope = issue.scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(" ");
        Self { sub: issue.subject.to_string(), scope, expires_in: issue.expires_in.0 }
    }
}

/// The issuers that an org trusts.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "OrgIssuers"))]
pub struct IssuersView<'a> {
    /// The issuers, in the order of `assertion_issuers`.
    issuers: Vec<IssuerView<'a>>,
}

/// An issuer that an org trusts, and what has become of it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "OrgIssuer"))]
struct IssuerView<'a> {
    /// The `iss` of its tokens, or a SPIFFE trust domain.
    issuer: &'a str,
    /// Whether its tokens are taken at all now.
    enabled: bool,
    /// `ISSUER_OPEN_TO_STRANGERS`: the issuer, or the identity of a client at it, lacks a condition that keeps strangers out, and counts
    /// for nothing until it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'static str>,
    /// The keys of the issuer, as they can be had now. Absent if it is disabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<ListedKeys<'a>>,
    /// How many clients of the org have an identity at it.
    clients: u64,
    /// The day (UTC) on which one of these clients was last given a token for its platform's; absent if that has never been noted.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used: Option<Date>,
}

/// The keys of an issuer, or why they can't be had.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
struct ListedKeys<'a> {
    #[serde(flatten)]
    keys: Option<KeysView<'a>>,
    /// Why the keys can't be had, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl<'a> IssuersView<'a> {
    /// The view of the issuers of an org.
    pub fn from_reports(reports: &'a [IssuerReport]) -> Self {
        Self { issuers: reports.iter().map(IssuerView::from_report).collect() }
    }
}

impl<'a> IssuerView<'a> {
    fn from_report(report: &'a IssuerReport) -> Self {
        Self {
            issuer: &report.issuer.issuer,
            enabled: report.issuer.enabled,
            problem: report.is_open_to_strangers.then_some(FederationProblem::OPEN_TO_STRANGERS),
            keys: report.keys.as_ref().map(|keys| match keys {
                Ok(reading) => ListedKeys { keys: Some(KeysView::from_reading(reading)), problem: None },
                Err(no_keys) => ListedKeys { keys: None, problem: Some(no_keys.to_string()) },
            }),
            clients: report.clients,
            last_used: report.last_used.map(Date),
        }
    }
}
