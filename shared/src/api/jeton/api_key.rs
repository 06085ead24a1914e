//! API keys on the wire.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Text;
use super::limits::LimitsBody;
use super::networks::AllowedCidrs;
use crate::admin::api_keys::{
    ApiKeyDraft, ApiKeyFilter, ApiKeyLifetime, ApiKeyListing, ApiKeyRotation, ApiKeyUpdate, MAX_PAGE, NewApiKey, USUAL_OVERLAP,
};
use crate::api::agilicus::Rfc3339;
use crate::api::http::{FromRequest, Request};
use crate::auth::api_key::ApiKeyState;
use crate::domain::{
    ApiKey, ApiKeyKind, ApiKeyLocator, ApiKeyStatus, ApiKeyValue, Audience, Invalid, Refusal, Scope, Seconds, Subject, Timestamp,
    TokenId,
};
use crate::encoding::form::Parameters;
use crate::encoding::merge_patch::Patched;
use crate::encoding::{ExposedSecret, FromText, ReadOnly, integer_within, present};

/// The parameters `{org}` and `{id}` of the path: an API key.
#[derive(Debug)]
pub struct ApiKeyPath(pub ApiKeyLocator);

impl FromRequest for ApiKeyPath {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        // What can't be the id of a key names none.
        let id = request.path_text("id")?.parse().map_err(|_| Refusal::NotFound("API key"))?;
        Ok(Self(ApiKeyLocator { org: request.path_parameter("org")?, id }))
    }
}

/// The body of `POST /v1/orgs/{org}/api-keys`.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateApiKey {
    /// What people call the key. Others may be called the same.
    name: FromText<Text>,
    /// The member whose key it shall be: an enabled one of kind `user` or `service_account`. Left out: the caller.
    #[serde(default, deserialize_with = "present")]
    owner: Option<FromText<Subject>>,
    /// What the key shall open: 1 to 50 names of scopes, without patterns. The owner must hold each of them.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1, max = 50)))]
    scopes: Vec<FromText<Scope>>,
    /// The APIs that the key shall be for, 1 to 20 of the org's `resources`; the issuer stands for Jeton's own API. Left out: the org's
    /// `default_resource`.
    #[serde(default, deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(length(min = 1, max = 20)))]
    resources: Option<Vec<FromText<Audience>>>,
    /// The networks from which the key may be used, 1 to 20 in CIDR notation. Left out: from anywhere, unless the org has `require_cidrs`.
    #[serde(default, deserialize_with = "present")]
    allowed_cidrs: Option<AllowedCidrs>,
    /// How often the key may be introspected and exchanged in a minute and in a day. Left out: as often as anybody likes.
    #[serde(default, deserialize_with = "present")]
    limits: Option<LimitsBody>,
    /// For how many seconds the key lives: 60 to the org's `api_keys.max_duration`. Left out: `api_keys.duration`.
    #[serde(default, deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(range(min = 60, max = 34_560_000)))]
    expires_in: Option<u32>,
    /// When the key ends, instead of `expires_in`.
    #[serde(default, deserialize_with = "present")]
    expires: Option<FromText<Moment>>,
}

impl CreateApiKey {
    /// Returns what is asked for.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], if the end is given twice.
    pub fn into_draft(self) -> Result<ApiKeyDraft, Refusal> {
        Ok(ApiKeyDraft {
            name: self.name.0.0,
            owner: self.owner.map(|owner| owner.0),
            scopes: self.scopes.into_iter().map(|scope| scope.0).collect(),
            resources: self.resources.map(|resources| resources.into_iter().map(|resource| resource.0).collect()),
            allowed_networks: self.allowed_cidrs.map(|cidrs| cidrs.0),
            limits: self.limits.map(|limits| limits.0),
            lifetime: lifetime(self.expires_in, self.expires)?,
        })
    }
}

/// The body of `POST /v1/orgs/{org}/api-keys/{id}/rotate`.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RotateApiKey {
    /// For how many seconds the key before stays good: 0 to 2592000, which is 30 days. Left out: a day. 0: it ends at once.
    #[serde(default, deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(with = "Option<u32>", range(max = 2_592_000)))]
    previous_expires_in: Option<Overlap>,
    /// For how many seconds the key lives from now on: 60 to the org's `api_keys.max_duration`. Left out: `api_keys.duration`.
    #[serde(default, deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(range(min = 60, max = 34_560_000)))]
    expires_in: Option<u32>,
    /// When the key ends, instead of `expires_in`.
    #[serde(default, deserialize_with = "present")]
    expires: Option<FromText<Moment>>,
}

impl RotateApiKey {
    /// Returns what is asked for.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], if the end is given twice.
    pub fn into_rotation(self) -> Result<ApiKeyRotation, Refusal> {
        let previous_expires_in = self.previous_expires_in.map_or(USUAL_OVERLAP, |overlap| overlap.0);
        Ok(ApiKeyRotation { previous_expires_in, lifetime: lifetime(self.expires_in, self.expires)? })
    }
}

fn lifetime(length: Option<u32>, end: Option<FromText<Moment>>) -> Result<ApiKeyLifetime, Refusal> {
    match (length, end) {
        (None, None) => Ok(ApiKeyLifetime::Usual),
        (Some(length), None) => Ok(ApiKeyLifetime::For(Seconds(length))),
        (None, Some(FromText(Moment(end)))) => Ok(ApiKeyLifetime::Until(end)),
        (Some(_), Some(_)) => Err(Refusal::invalid("expires", "must not be given beside expires_in")),
    }
}

#[derive(Clone, Copy, Debug)]
struct Overlap(Seconds);

impl<'de> Deserialize<'de> for Overlap {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const RULE: &str = "must be an integer from 0 to 2,592,000 (seconds: at most 30 days)";
        integer_within(deserializer, 0..=ApiKey::MAX_OVERLAP.0, RULE).map(Seconds).map(Self)
    }
}

/// A moment, as RFC 3339 has it.
#[derive(Clone, Copy, Debug)]
struct Moment(Timestamp);

impl std::str::FromStr for Moment {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be a date and time with its offset: 2027-01-31T12:00:00Z");
        text.parse::<jiff::Timestamp>().map(|moment| Self(Timestamp::from_secs(moment.as_second()))).map_err(|_| RULE)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Rfc3339(self.0).fmt(f)
    }
}

#[cfg(feature = "openapi")]
impl crate::encoding::TextSchema for Moment {
    fn text_schema() -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "date-time"})
    }
}

/// What a patch makes of what a `GET` answers: what can be changed of an API key, and what can't.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PatchApiKey {
    /// What people call the key.
    name: FromText<Text>,
    /// What the key opens: some of the scopes that it has.
    scopes: Vec<FromText<Scope>>,
    /// The APIs that the key is for: some of those that it is for.
    resources: Vec<FromText<Audience>>,
    /// The networks from which the key may be used: some of those that it has, or any if it has none.
    #[serde(default, deserialize_with = "present")]
    allowed_cidrs: Option<AllowedCidrs>,
    /// How often the key may be introspected and exchanged. Only an administrator changes that, also to more.
    #[serde(default, deserialize_with = "present")]
    limits: Option<LimitsBody>,
    /// When the key ends: no later than it does.
    expires: FromText<Moment>,
    #[serde(default, rename = "id")]
    #[cfg_attr(feature = "openapi", schemars(skip))]
    _id: ReadOnly,
    #[serde(default, rename = "hint")]
    #[cfg_attr(feature = "openapi", schemars(skip))]
    _hint: ReadOnly,
    #[serde(default, rename = "org")]
    #[cfg_attr(feature = "openapi", schemars(skip))]
    _org: ReadOnly,
    #[serde(default, rename = "owner")]
    #[cfg_attr(feature = "openapi", schemars(skip))]
    _owner: ReadOnly,
    #[serde(default, rename = "kind")]
    #[cfg_attr(feature = "openapi", schemars(skip))]
    _kind: ReadOnly,
    #[serde(default, rename = "created")]
    #[cfg_attr(feature = "openapi", schemars(skip))]
    _created: ReadOnly,
    #[serde(default, rename = "created_by")]
    #[cfg_attr(feature = "openapi", schemars(skip))]
    _created_by: ReadOnly,
    #[serde(default, rename = "status")]
    #[cfg_attr(feature = "openapi", schemars(skip))]
    _status: ReadOnly,
    #[serde(default, rename = "last_used")]
    #[cfg_attr(feature = "openapi", schemars(skip))]
    _last_used: ReadOnly,
    #[serde(default, rename = "previous_expires")]
    #[cfg_attr(feature = "openapi", schemars(skip))]
    _previous_expires: ReadOnly,
    #[serde(default, rename = "revoked")]
    #[cfg_attr(feature = "openapi", schemars(skip))]
    _revoked: ReadOnly,
    #[serde(default, rename = "revoked_reason")]
    #[cfg_attr(feature = "openapi", schemars(skip))]
    _revoked_reason: ReadOnly,
}

impl Patched for PatchApiKey {
    const READ_ONLY: &'static [&'static str] = &[
        "id",
        "hint",
        "org",
        "owner",
        "kind",
        "created",
        "created_by",
        "status",
        "last_used",
        "previous_expires",
        "revoked",
        "revoked_reason",
    ];
}

impl PatchApiKey {
    /// Returns what the key shall be like.
    pub fn into_update(self) -> ApiKeyUpdate {
        ApiKeyUpdate {
            name: self.name.0.0,
            scopes: self.scopes.into_iter().map(|scope| scope.0).collect(),
            resources: self.resources.into_iter().map(|resource| resource.0).collect(),
            allowed_networks: self.allowed_cidrs.map(|cidrs| cidrs.0),
            limits: self.limits.map(|limits| limits.0),
            expires_at: self.expires.0.0,
        }
    }
}

/// The query of `GET /v1/orgs/{org}/api-keys`.
#[derive(Debug)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ApiKeysPage {
    /// Only keys of this member.
    #[cfg_attr(feature = "openapi", schemars(with = "Option<FromText<Subject>>"))]
    pub owner: Option<Subject>,
    /// Only keys that stand so: `active`, `expired` or `revoked`.
    #[cfg_attr(feature = "openapi", schemars(with = "Option<FromText<ApiKeyStatus>>"))]
    pub status: Option<ApiKeyStatus>,
    /// The `next` of the page before.
    #[cfg_attr(feature = "openapi", schemars(with = "Option<FromText<TokenId>>"))]
    pub after: Option<TokenId>,
    /// 1 to 100, 100 if absent.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1, max = 100)))]
    pub limit: usize,
}

impl TryFrom<Parameters> for ApiKeysPage {
    type Error = Refusal;

    fn try_from(mut query: Parameters) -> Result<Self, Refusal> {
        let page = Self {
            owner: query.parse("owner")?,
            status: query.parse("status")?,
            after: query.parse("after")?,
            limit: query.number("limit", 1..=MAX_PAGE)?.unwrap_or(MAX_PAGE),
        };
        query.refuse_unknown()?;
        Ok(page)
    }
}

impl From<ApiKeysPage> for ApiKeyFilter {
    fn from(page: ApiKeysPage) -> Self {
        let ApiKeysPage { owner, status, after, limit } = page;
        Self { owner, status, after, limit }
    }
}

#[cfg(feature = "openapi")]
impl crate::encoding::TextSchema for ApiKeyStatus {
    fn text_schema() -> schemars::Schema {
        let names: Vec<_> = Self::ALL.iter().map(|status| status.as_str()).collect();
        schemars::json_schema!({"type": "string", "enum": names})
    }
}

/// An API key, without the key itself.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ApiKey"))]
pub struct ApiKeyView<'a> {
    /// The id of the key, which opens nothing. It stays when the key is rotated.
    id: String,
    /// By what people recognise the key: its prefix and four more characters.
    hint: &'a str,
    name: &'a str,
    org: &'a str,
    /// The member whose key it is.
    owner: &'a str,
    /// `pat`: of a person; `svc`: of a service account.
    kind: &'static str,
    /// What the key opens, as far as its owner holds it when the key is used.
    scopes: Vec<&'a str>,
    /// The APIs that the key is for.
    resources: Vec<&'a str>,
    /// The networks from which the key may be used. Absent: from anywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_cidrs: Option<AllowedCidrs>,
    /// How often the key may be introspected and exchanged. Absent: as often as anybody likes.
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<LimitsBody>,
    created: Rfc3339,
    /// The member who made the key. Absent: the org itself, by its API secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<&'a str>,
    /// When the key ends.
    expires: Rfc3339,
    /// `active`, `expired` or `revoked`.
    status: &'static str,
    /// The hour in which an API last asked about the key. Absent: none has.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used: Option<Rfc3339>,
    /// Until when the key before the last rotation is good. Absent: it isn't.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_expires: Option<Rfc3339>,
    /// When the key was revoked. Absent: it isn't, or that isn't recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<Rfc3339>,
    /// Why: `owner`, `administrator`, `leaked`, `bulk` or `member_removed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_reason: Option<&'static str>,
}

impl<'a> ApiKeyView<'a> {
    /// Shows a key with how it stands.
    pub fn from_state(state: &'a ApiKeyState) -> Self {
        let key = &state.key;
        let previous = key.previous.filter(|previous| state.now < previous.expires_at);
        Self {
            id: key.id.to_string(),
            hint: &key.hint,
            name: &key.name,
            org: key.org.as_str(),
            owner: key.owner.as_str(),
            kind: key.kind.as_str(),
            scopes: key.scopes.iter().map(Scope::as_str).collect(),
            resources: key.resources.iter().map(Audience::as_str).collect(),
            allowed_cidrs: key.allowed_networks.clone().map(AllowedCidrs),
            limits: key.limits.map(LimitsBody),
            created: Rfc3339(key.created_at),
            created_by: key.created_by.as_ref().map(|creator| creator.subject.as_str()),
            expires: Rfc3339(key.expires_at),
            status: state.status.as_str(),
            last_used: key.used_at.map(Rfc3339),
            previous_expires: previous.map(|previous| Rfc3339(previous.expires_at)),
            revoked: state.revocation.and_then(|(_, at)| at).map(Rfc3339),
            revoked_reason: state.revocation.map(|(reason, _)| reason.as_str()),
        }
    }
}

/// An API key that has just been made or rotated, with the key itself. It is told this one time.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "NewApiKey"))]
pub struct ApiKeyCreated<'a> {
    #[serde(flatten)]
    api_key: ApiKeyView<'a>,
    /// What the holder sends as a bearer token. Nobody can read it again.
    #[cfg_attr(feature = "openapi", schemars(with = "String"))]
    key: ExposedSecret<'a>,
}

impl<'a> ApiKeyCreated<'a> {
    /// Tells a key to its owner.
    pub fn from_new(new: &'a NewApiKey) -> Self {
        Self { api_key: ApiKeyView::from_state(&new.state), key: ExposedSecret(new.value.as_secret()) }
    }

    /// Where it is from now on.
    pub fn location(new: &NewApiKey) -> String {
        format!("/v1/orgs/{}/api-keys/{}", new.state.key.org, new.state.key.id)
    }
}

/// One page of API keys, newest first.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ApiKeys"))]
pub struct ApiKeysView<'a> {
    /// The keys on this page, the newest first.
    api_keys: Vec<ApiKeyView<'a>>,
    /// What to send as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl<'a> ApiKeysView<'a> {
    /// Shows a page of keys.
    pub fn from_listing(listing: &'a ApiKeyListing) -> Self {
        let api_keys = listing.keys.iter().map(ApiKeyView::from_state).collect();
        Self { api_keys, next: listing.next.map(|next| next.to_string()) }
    }
}

/// What API keys look like, for scanners of secrets.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ApiKeyPattern"))]
pub struct ApiKeyPattern {
    /// How the keys of each kind begin.
    prefixes: Vec<&'static str>,
    /// A regular expression that finds keys in a text.
    regex: &'static str,
    /// How the last six characters follow from those before: CRC-32 (that of zlib) of all that stands before them, in base 62 with the digits
    /// `0-9A-Za-z`, padded with zeros on the left.
    checksum: &'static str,
}

impl ApiKeyPattern {
    /// Tells the pattern of all keys.
    pub fn new() -> Self {
        let prefixes = ApiKeyKind::ALL.iter().map(|kind| kind.prefix()).collect();
        Self { prefixes, regex: ApiKeyValue::PATTERN, checksum: "crc32-base62" }
    }
}

impl Default for ApiKeyPattern {
    fn default() -> Self {
        Self::new()
    }
}
