//! What the SDK sends.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::hosts;
use super::time::DateTime;
use crate::api::may_act::MayActBody;

use crate::domain::{App, Audience, Label, OrgId, Refusal, Role, Scope, Seconds, SessionId, Subject, Timestamp, TokenId};
use crate::encoding::form::Parameters;
use crate::encoding::{FromText, Object, SecretText, integer_within, present};
use crate::policy::{Lifetime, MemberTokenRequest, SessionRequest};
use crate::store::{ScopeLike, TokenQuery};
use crate::tokens::list::{Filter, RowKind};
use crate::tokens::revoke::Bulk;

const MAX_SCOPES: usize = 100;
const MAX_AUDIENCES: usize = 32;
const MAX_HOSTS: usize = 100;
const MAX_ROLES: usize = 100;
/// Longest text of a token that is looked at: any JWT of ours, any refresh token.
const MAX_TOKEN_BYTES: usize = 16_384;

/// `CreateTokenRequest`: the body of create and of validations, and the answer of the latter.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "CreateTokenRequest"))]
pub struct CreateToken {
    sub: FromText<Subject>,
    org: FromText<OrgId>,
    audiences: Vec<FromText<Audience>>,
    time_validity: Object<TimeValidity>,
    #[serde(default, deserialize_with = "present")]
    roles: Option<BTreeMap<FromText<App>, FromText<Role>>>,
    #[serde(default, deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(with = "Option<Vec<hosts::Host>>"))]
    hosts: Option<Vec<Value>>,
    #[serde(default, deserialize_with = "present")]
    token_validity: Option<Object<TokenValidity>>,
    #[serde(default, deserialize_with = "present")]
    session: Option<String>,
    #[serde(default, deserialize_with = "present")]
    label: Option<FromText<Label>>,
    #[serde(default, deserialize_with = "present")]
    may_act: Option<Object<MayActBody>>,
    #[serde(default, deserialize_with = "present")]
    scopes: Option<Vec<FromText<Scope>>>,
    #[serde(default, deserialize_with = "present")]
    inherit_session: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    create_refresh_token: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    get_user: Option<bool>,
}

// Other names in a request are ignored, as the SDK's models allow any. Not here, and not where tokens are revoked or listed: there a
// misspelled name would make a token live for another time than was meant, or would revoke or list more.
/// The lifetime of a token by its duration: `TimeValidity` of the SDK.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct TimeValidity {
    #[serde(default, deserialize_with = "present")]
    duration: Option<Duration>,
}

/// The lifetime of a token by start, end or duration: `TokenValidity` of the SDK.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct TokenValidity {
    #[serde(default, deserialize_with = "present")]
    start: Option<FromText<DateTime>>,
    #[serde(default, deserialize_with = "present")]
    end: Option<FromText<DateTime>>,
    #[serde(default, deserialize_with = "present")]
    duration: Option<Duration>,
    #[serde(default, deserialize_with = "present")]
    does_not_expire: Option<bool>,
}

impl CreateToken {
    /// Whether the answer shall carry the member.
    pub fn wants_user(&self) -> bool {
        self.get_user.unwrap_or(false)
    }

    /// The request in words of the domain.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a list that is too long, a host that is malformed, or a session or time that contradicts another
    /// field.
    pub fn ask(&self) -> Result<MemberTokenRequest, Refusal> {
        at_most("audiences", self.audiences.len(), MAX_AUDIENCES)?;
        distinct_audiences(&self.audiences)?;
        at_most("scopes", self.scopes.iter().flatten().count(), MAX_SCOPES)?;
        at_most("roles", self.roles.iter().flatten().count(), MAX_ROLES)?;
        at_most("hosts", self.hosts.iter().flatten().count(), MAX_HOSTS)?;
        let hosts =
            self.hosts.iter().flatten().enumerate().map(|(i, host)| hosts::read_host(i, host)).collect::<Result<_, _>>()?;
        let mut scopes: Vec<Scope> = Vec::new();
        for FromText(scope) in self.scopes.iter().flatten() {
            if !scopes.contains(scope) {
                scopes.push(scope.clone());
            }
        }
        Ok(MemberTokenRequest {
            subject: self.sub.0.clone(),
            org: self.org.0.clone(),
            audiences: self.audiences.iter().map(|audience| audience.0.clone()).collect(),
            scopes,
            roles: self.roles.iter().flatten().map(|(app, role)| (app.0.clone(), role.0.clone())).collect(),
            hosts,
            session: self.session_ask()?,
            label: self.label.as_ref().map(|label| label.0.clone()),
            may_act: self.may_act.as_ref().map(|Object(permit)| permit.to_may_act()).transpose()?,
            start: self.token_validity.as_ref().and_then(|validity| validity.0.start.as_ref()).map(|start| start.0.moment),
            lifetime: self.lifetime()?,
            refresh: self.create_refresh_token.unwrap_or(false),
        })
    }

    /// `session`, else `inherit_session`, which is true if absent. An empty session is none given.
    fn session_ask(&self) -> Result<SessionRequest, Refusal> {
        match self.session.as_deref() {
            Some(session) if !session.is_empty() => {
                SessionId::parse(session).map(SessionRequest::Named).map_err(|rule| Refusal::invalid("session", rule.0))
            }
            _ if self.inherit_session.unwrap_or(true) => Ok(SessionRequest::Inherit),
            _ => Ok(SessionRequest::None),
        }
    }

    /// What decides: `does_not_expire`, else `end`, else the richer `duration`, else that of `time_validity`.
    fn lifetime(&self) -> Result<Lifetime, Refusal> {
        let plain = match self.time_validity.0.duration {
            Some(Duration(seconds)) => Lifetime::For(seconds),
            None => Lifetime::Default,
        };
        let Some(Object(validity)) = &self.token_validity else { return Ok(plain) };
        let length = validity.duration.map(|Duration(seconds)| seconds);
        match (validity.does_not_expire.unwrap_or(false), &validity.end, length) {
            (true, None, None) => Ok(Lifetime::Forever),
            (true, ..) => Err(Refusal::invalid("token_validity.does_not_expire", "must not be combined with end or duration")),
            (false, Some(FromText(end)), length) => {
                let start = validity.start.as_ref().map(|start| start.0.moment);
                if length.zip(start).is_some_and(|(length, start)| start.plus(length) != end.moment) {
                    return Err(Refusal::invalid("token_validity.end", "must be start plus duration where all three are given"));
                }
                Ok(Lifetime::Until(end.moment))
            }
            (false, None, Some(length)) => Ok(Lifetime::For(length)),
            (false, None, None) => Ok(plain),
        }
    }

    /// The members that were given and that we know, as the answer of validations: never an unknown one.
    pub fn echo(&self) -> Value {
        use serde_json::{Map, json};
        let mut echo = Map::new();
        let texts = |names: &mut dyn Iterator<Item = &str>| names.collect::<Value>();
        let mut put = |name: &str, value: Option<Value>| value.and_then(|value| echo.insert(name.to_owned(), value));
        put("sub", Some(self.sub.0.as_str().into()));
        put("org", Some(self.org.0.as_str().into()));
        put("audiences", Some(texts(&mut self.audiences.iter().map(|audience| audience.0.as_str()))));
        put(
            "time_validity",
            Some(self.time_validity.0.duration.map_or(json!({}), |Duration(seconds)| json!({ "duration": seconds.0 }))),
        );
        put(
            "roles",
            self.roles.as_ref().map(|roles| roles.iter().map(|(app, role)| (app.0.as_str(), role.0.as_str())).collect()),
        );
        put("hosts", self.hosts.clone().map(Value::Array));
        put("token_validity", self.token_validity.as_ref().map(|validity| validity.0.echo()));
        put("session", self.session.clone().map(Value::String));
        put("label", self.label.as_ref().map(|label| label.0.as_str().into()));
        put("may_act", self.may_act.as_ref().map(|Object(permit)| json!(permit)));
        put("scopes", self.scopes.as_ref().map(|scopes| texts(&mut scopes.iter().map(|scope| scope.0.as_str()))));
        put("inherit_session", self.inherit_session.map(Value::Bool));
        put("create_refresh_token", self.create_refresh_token.map(Value::Bool));
        put("get_user", self.get_user.map(Value::Bool));
        Value::Object(echo)
    }
}

impl TokenValidity {
    fn echo(&self) -> Value {
        let moment = |moment: &Option<FromText<DateTime>>| moment.as_ref().map(|moment| Value::String(moment.0.text.clone()));
        [
            ("start", moment(&self.start)),
            ("end", moment(&self.end)),
            ("duration", self.duration.map(|Duration(seconds)| seconds.0.into())),
            ("does_not_expire", self.does_not_expire.map(Value::Bool)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
    }
}

/// The body of an introspection: `TokenIntrospect` of the SDK.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "TokenIntrospect"))]
pub struct IntrospectToken {
    token: SecretText,
    #[serde(default, deserialize_with = "present")]
    introspect_options: Option<Object<IntrospectOptions>>,
}

/// `TokenIntrospectOptions`: `no_cache` and `support_http_matchers` have nothing to switch here.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "TokenIntrospectOptions"))]
struct IntrospectOptions {
    #[serde(default, deserialize_with = "present")]
    exclude_roles: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    target_org_info: Option<Object<OrgInfo>>,
}

/// The org that a token is wanted for: `OrgInfo` of the SDK.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct OrgInfo {
    #[serde(default, deserialize_with = "present")]
    target_orgs: Option<Vec<FromText<OrgId>>>,
}

impl IntrospectToken {
    /// Returns the token, or the refusal that it is missing.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if the token is empty or longer than any token of ours.
    pub fn token(&self) -> Result<&str, Refusal> {
        token_text("token", &self.token)
    }

    /// Whether `roles` shall be left out.
    pub fn excludes_roles(&self) -> bool {
        self.introspect_options.as_ref().and_then(|options| options.0.exclude_roles).unwrap_or(false)
    }

    /// The orgs that are asked about, if only some are.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if there are too many.
    pub fn target_orgs(&self) -> Result<Option<Vec<OrgId>>, Refusal> {
        let info = self.introspect_options.as_ref().and_then(|options| options.0.target_org_info.as_ref());
        let Some(orgs) = info.and_then(|info| info.0.target_orgs.as_ref()) else { return Ok(None) };
        at_most("introspect_options.target_org_info.target_orgs", orgs.len(), crate::tokens::introspect::MAX_SUB_ORGS)?;
        Ok(Some(orgs.iter().map(|org| org.0.clone()).collect()))
    }
}

/// The body of a reissue: `TokenReissueRequest` of the SDK.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "TokenReissueRequest"))]
pub struct ReissueToken {
    token: SecretText,
    org_id: FromText<OrgId>,
}

impl ReissueToken {
    /// The presented token, and the org to act in.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if the token is empty or longer than any token of ours.
    pub fn parts(&self) -> Result<(&str, OrgId), Refusal> {
        Ok((token_text("token", &self.token)?, self.org_id.0.clone()))
    }
}

/// The body of a revocation: `TokenRevoke` of the SDK.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "TokenRevoke"))]
#[serde(deny_unknown_fields)]
pub struct RevokeToken {
    #[serde(default, deserialize_with = "present")]
    #[cfg_attr(feature = "openapi", schemars(required))]
    token: Option<SecretText>,
    #[serde(default, deserialize_with = "present")]
    all_sessions: Option<bool>,
}

impl RevokeToken {
    /// The token, and whether its whole session shall end. The schema makes the token optional; without one there is nothing to revoke.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if the token is missing, empty or longer than any token of ours.
    pub fn parts(&self) -> Result<(&str, bool), Refusal> {
        let token = self.token.as_ref().ok_or_else(|| Refusal::invalid("token", "is required"))?;
        Ok((token_text("token", token)?, self.all_sessions.unwrap_or(false)))
    }
}

/// The body of a mass revocation: `BulkTokenRevoke` of the SDK.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "BulkTokenRevoke"))]
#[expect(clippy::struct_field_names, reason = "the SDK's names")]
#[serde(deny_unknown_fields)]
pub struct BulkRevoke {
    user_id: FromText<Subject>,
    #[serde(default, deserialize_with = "present")]
    org_id: Option<FromText<OrgId>>,
    #[serde(default, deserialize_with = "present")]
    session_id: Option<FromText<SessionId>>,
}

impl From<BulkRevoke> for Bulk {
    fn from(request: BulkRevoke) -> Self {
        let BulkRevoke { user_id, org_id, session_id } = request;
        Self { subject: user_id.0, org: org_id.map(|org| org.0), session: session_id.map(|session| session.0) }
    }
}

/// The body of a refresh: `RefreshTokenRequest` of the SDK.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "RefreshTokenRequest"))]
pub struct RefreshToken {
    #[serde(default, deserialize_with = "present")]
    token: Option<SecretText>,
}

impl RefreshToken {
    /// The token that the body names, if any.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if the token is empty or longer than any token of ours.
    pub fn token(&self) -> Result<Option<&str>, Refusal> {
        self.token.as_ref().map(|token| token_text("token", token)).transpose()
    }
}

/// The query of `introspect_self`.
#[derive(Debug)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct IntrospectSelf {
    /// Whether `roles` shall be left out.
    pub exclude_roles: bool,
}

impl TryFrom<Parameters> for IntrospectSelf {
    type Error = Refusal;

    fn try_from(mut query: Parameters) -> Result<Self, Refusal> {
        Ok(Self { exclude_roles: query.flag("exclude_roles")?.unwrap_or(false) })
    }
}

/// The query of the list, read at a moment to which its dates relate.
#[derive(Debug)]
pub struct ListTokens(Parameters);

impl TryFrom<Parameters> for ListTokens {
    type Error = Refusal;

    fn try_from(query: Parameters) -> Result<Self, Refusal> {
        Ok(Self(query))
    }
}

impl ListTokens {
    /// The filter: from is inclusive, to is exclusive, dates are those that `dateparser_compat` reads.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for the first parameter that is malformed, given twice or unknown.
    pub fn filter(self, now: Timestamp) -> Result<Filter, Refusal> {
        let mut query = self.0;
        let mut date = |name| {
            let Some(text) = query.remove(name)? else { return Ok(None) };
            let moment = dateparser_compat::parse(&text, now.as_ms()).map(Timestamp::from_ms);
            moment
                .map(Some)
                .ok_or(Refusal::invalid(name, "must be a date, like 2026-01-02T03:04:05Z, \"1 day ago\" or \"in 2 hours\""))
        };
        let (expires_from, expires_to) = (date("exp_from")?, date("exp_to")?);
        let (issued_from, issued_to) = (date("iat_from")?, date("iat_to")?);
        let scopes = query.remove_all("scopes");
        at_most("scopes", scopes.len(), MAX_SCOPES)?;
        if scopes.iter().any(|scope| scope.len() > 511) {
            return Err(Refusal::invalid("scopes", "must be at most 511 characters each"));
        }
        let org = query.parse("org")?;
        let tokens = TokenQuery {
            subject: query.parse("sub")?,
            id: query.remove("jti")?.as_deref().map(id_or_none),
            created_by: query.remove("created_by")?.as_deref().map(id_or_none),
            session: query.parse("session")?,
            label: query.parse("label")?,
            issued_from,
            issued_to,
            expires_from,
            expires_to,
            scopes: scopes.iter().map(|scope| ScopeLike::new(scope)).collect(),
            after: query.parse("after")?,
            limit: query.number("limit", 1..=100)?.unwrap_or(100),
            ..TokenQuery::default()
        };
        let kind = match query.remove("kind")?.as_deref() {
            None => None,
            Some("token") => Some(RowKind::Token),
            Some("api_key") => Some(RowKind::ApiKey),
            Some(_) => return Err(Refusal::invalid("kind", "must be token or api_key")),
        };
        let filter = Filter { org, revoked: query.flag("revoked")?, kind, query: tokens };
        query.refuse_unknown()?;
        Ok(filter)
    }
}

/// Each audience must be one recipient: `*` would be taken for everybody, and a fragment names nobody (RFC 8707 section 2). The
/// SDK's command line sends none, and gets a token for none.
fn distinct_audiences(audiences: &[FromText<Audience>]) -> Result<(), Refusal> {
    let refused = |rule| Err(Refusal::invalid("audiences", rule));
    let names: std::collections::BTreeSet<_> = audiences.iter().map(|FromText(audience)| audience.as_str()).collect();
    if names.len() < audiences.len() {
        return refused("must not name a recipient twice");
    }
    if names.iter().any(|name| name.contains(['*', '#'])) {
        return refused("must not have wildcards or fragments");
    }
    Ok(())
}

/// What isn't an id of ours matches nothing, like any other id that nobody has.
fn id_or_none(jti: &str) -> TokenId {
    TokenId::parse(jti).unwrap_or(TokenId::from_bytes([0; 20]))
}

fn at_most(field: &'static str, count: usize, most: usize) -> Result<(), Refusal> {
    if count > most { Err(Refusal::invalid(field, format!("must have at most {most} entries"))) } else { Ok(()) }
}

/// A lifetime. How long it may be is for the org to say.
#[derive(Clone, Copy, Debug)]
struct Duration(Seconds);

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const RULE: &str = "must be an integer from 1 to 34,560,000 (seconds; the org's max_token_duration may be less)";
        integer_within(deserializer, 1..=u32::MAX, RULE).map(Seconds).map(Self)
    }
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for Duration {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "integer", "format": "int64", "minimum": 1, "maximum": u32::MAX})
    }
}

fn token_text<'a>(field: &'static str, SecretText(token): &'a SecretText) -> Result<&'a str, Refusal> {
    let token = token.expose().as_str();
    match token.len() {
        0 => Err(Refusal::invalid(field, "is required")),
        1..=MAX_TOKEN_BYTES => Ok(token),
        _ => Err(Refusal::invalid(field, "must be at most 16,384 bytes")),
    }
}
