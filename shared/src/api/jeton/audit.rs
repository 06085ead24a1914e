//! The event of an audit trail.
//!
//! | member | what |
//! |---|---|
//! | `id` | the same whenever the event is told |
//! | `time` | when it happened, ms since 1970 |
//! | `action` | `token.minted` `token.amended` `token.revoked` `family.begun` `family.amended` `family.refreshed` `family.revoked` `tokens.revoked` (all of a `set` that were issued up to `not_before`; of a `client_of_member` all before it) `session.ended` (the same of all in a session) `authorization.accepted` `authorization.denied` `grant.begun` `grant.ended` `api_key.created` `api_key.changed` `api_key.rotated` `api_key.revoked` `api_key.leaked` `org.…` `member.…` `client.…` (`created` `changed` `deleted`) `client.targets_changed` (the same, if also where it may go on to by an exchange has changed) `org.assertions_changed` (its settings for assertions, which are told apart from the others) `stream.…` (of an event stream; `created` `changed` `deleted`) `keys.…`; `administrator.bootstrapped`, which the bootstrap tells by itself; `grant.issued` (for another authorization server), which the token endpoint tells by itself, as a line of its log; `….altered` and `….deleted` are nobody's operations: someone has changed the table by hand |
//! | `org` `subject` `jti` … | whom and what it is about; `iat` `nbf` `exp` in seconds as in a token, all else in ms |
//! | `url` `source` | where a leaked API key was found |
//! | `before` `after` | for what has changed |
//!
//! Never a token, nor anything from which one or a secret could be made or guessed; of people no more than their `sub`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;
use url::Url;

mod oauth;
mod settings;

use self::oauth::{IssuanceFacts, grants, names, of_issuance};
use self::settings::SettingsFacts;
use super::client::targets::TargetBody;
use super::conditions::FederatedBody;
use crate::api::jeton::limits::LimitsBody;
use crate::api::jeton::networks::AllowedCidrs;
use crate::domain::{
    AccessTokenForm, Action, ApiKey, Audience, Authorization, AuthorizationState, Change, Client, Commit, Creator, Diff,
    EventDelivery, EventStream, EventUri, Family, Fault, KeyRing, Member, NotBeforeKey, NotBeforeScope, NotBeforeStands, Org,
    OrgId, PersonGrant, PrivateHalf, RedirectUri, RevokingParty, RingKey, Role, Scope, ScopePattern, Session, Subject, Timestamp,
    TokenRecord,
};
use crate::jose::access_token::may_act;

/// Writes the event of a commit. The same commit always gives the same bytes.
///
/// # Errors
/// A [`Fault`] if the event can't be written as JSON.
pub fn write(commit: &Commit, action: Action) -> Result<String, Fault> {
    let has_sides = !WITHOUT_SIDES.contains(&action.name);
    let (facts, before, after) = match &commit.change {
        Change::Token(diff) => parts(diff, of_token),
        Change::Family(diff) => parts(diff, of_family),
        Change::NotBefore(key, diff) => parts(diff, |stands| of_mark(key, stands)),
        Change::Authorization(diff) => parts(diff, of_authorization),
        Change::PersonGrant(diff) => parts(diff, of_person_grant),
        Change::ApiKey(diff) => parts(diff, of_api_key),
        Change::Org(diff) => parts(diff, of_org),
        Change::AssertionSettings(org, diff) => parts(diff, |settings| Facts {
            org: Some(org.as_str()),
            settings: Some(SettingsFacts::Assertions(settings)),
            ..Facts::default()
        }),
        Change::Member(diff) => parts(diff, of_member),
        Change::Client(diff) => parts(diff, of_client),
        Change::EventStream(diff) => parts(diff, of_event_stream),
        Change::Keys(diff) => parts(diff, of_keys),
    };
    let [before, after] = if has_sides { [before, after] } else { [None, None] };
    // What has sides is told by them; beside them only whose it is.
    let facts = if has_sides { facts.identity() } else { facts };
    let event = Written { id: &commit.id, time: action.at.as_ms(), action: action.name, facts, before, after };
    serde_json::to_string(&event).map_err(|error| Fault::internal("writing an event").because(error))
}

/// The actions that are told of by what the record is then.
const WITHOUT_SIDES: &[&str] = &[
    "token.minted",
    "token.revoked",
    "family.begun",
    "family.refreshed",
    "family.revoked",
    "tokens.revoked",
    "session.ended",
    "authorization.accepted",
    "authorization.denied",
    "grant.begun",
    "grant.ended",
    "api_key.created",
    "api_key.revoked",
    "api_key.leaked",
];

fn parts<'a, T>(diff: &'a Diff<T>, facts: impl Fn(&'a T) -> Facts<'a>) -> (Facts<'a>, Option<Facts<'a>>, Option<Facts<'a>>) {
    let (before, after) = diff.sides();
    (facts(diff.record()), before.map(&facts), after.map(&facts))
}

#[derive(Serialize)]
struct Written<'a> {
    id: &'a str,
    time: i64,
    action: &'a str,
    #[serde(flatten)]
    facts: Facts<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Facts<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Facts<'a>>,
}

/// What there is to be told of a record.
#[derive(Default, Serialize)]
struct Facts<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    org: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    root_org: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    set: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<SessionFacts<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family: Option<String>,
    /// The id of the authorization, which opens nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization: Option<String>,
    /// The id of an API key, which opens nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
    /// The id of an event stream, which opens nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<String>,
    /// By what people recognise the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    /// Until when the value before the last rotation is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_expires_at: Option<i64>,
    /// Why an API key was revoked, or why an event stream has its status.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// The URL at which a leaked API key is to be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    /// In what it was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    /// What the client is told of a denied authorization.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audiences: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    roles: BTreeMap<&'a str, Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    creator: Option<CreatorFacts<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<String>,
    /// The tokens that it came of, the nearest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ancestors: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    masquerading: Option<bool>,
    /// Who may act for the subject of a token: `sub` and `client_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    may_act: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuance: Option<IssuanceFacts<'a>>,
    /// Whether its value isn't the one that it got from the service when it was minted.
    #[serde(skip_serializing_if = "Option::is_none")]
    has_other_value: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refreshed_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<i64>,
    /// Who had a token or a refresh token revoked by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_by: Option<RevokingFacts<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_until: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<SettingsFacts<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_method: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grants: Option<Vec<&'static str>>,
    /// How many tokens the event is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    secrets: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    federated: Vec<FederatedBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_duration: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token_duration: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    single_token_per_subject: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_bound_tokens: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    may_exchange_tokens: Option<bool>,
    /// Where it may go on to by an exchange.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    may_exchange_to: Vec<TargetBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_cidrs: Option<AllowedCidrs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<LimitsBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dpop_bound_tokens: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    redirect_uris: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    post_logout_redirect_uris: Vec<&'a str>,
    /// Whether the person isn't asked for it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    remembered: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pkce: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consent: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claims_in_id_token: Option<bool>,
    /// Whose certificate authenticates it, by the kind of the name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    certificate_subject: BTreeMap<&'static str, Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token_form: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<Vec<&'a str>>,
    /// How a stranger's client came to its org, and when it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_registration_token: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attributes: Vec<&'a str>,
    /// How the receiver of an event stream gets its signals.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<&'static str>,
    /// The origin of the URL that they are sent to.
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint_origin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_authorization_header: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    events_requested: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    /// Of how many subjects the receiver doesn't want to hear.
    #[serde(skip_serializing_if = "Option::is_none")]
    removed_subjects: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<Vec<KeyFacts<'a>>>,
}

#[derive(Clone, Copy, Serialize)]
struct SessionFacts<'a> {
    org: &'a str,
    id: &'a str,
}

#[derive(Serialize)]
struct CreatorFacts<'a> {
    org: &'a str,
    subject: &'a str,
}

#[derive(Serialize)]
struct RevokingFacts<'a> {
    org: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
}

#[derive(Serialize)]
struct KeyFacts<'a> {
    kid: &'a str,
    alg: &'static str,
    /// Where its private half is.
    private: &'static str,
    published_at: i64,
    signs_from: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    retires_at: Option<i64>,
}

impl Facts<'_> {
    /// Leaves only what tells whose the facts are.
    fn identity(self) -> Self {
        let Self { org, root_org, set, subject, client, session, jti, family, authorization, api_key, stream, .. } = self;
        Self { org, root_org, set, subject, client, session, jti, family, authorization, api_key, stream, ..Self::default() }
    }
}

fn of_token(token: &TokenRecord) -> Facts<'_> {
    Facts {
        org: Some(token.org.as_str()),
        root_org: Some(token.root_org.as_str()),
        subject: Some(token.subject.as_str()),
        client: token.client.map(|id| id.to_string()),
        session: token.session.as_ref().map(session),
        jti: Some(token.id.to_string()),
        family: token.family.map(|id| id.to_string()),
        scopes: Some(scopes(&token.scopes)),
        audiences: Some(audiences(&token.audiences)),
        roles: token.roles.iter().map(|(app, role)| (app.as_str(), vec![role.as_str()])).collect(),
        iat: Some(token.issued_at.as_secs()),
        nbf: Some(token.not_before.as_secs()),
        exp: token.expires_at.map(Timestamp::as_secs),
        creator: token.creator.as_ref().map(creator),
        created_by: token.created_by.map(|id| id.to_string()),
        ancestors: token.ancestors.iter().map(|ancestor| ancestor.id.to_string()).collect(),
        masquerading: token.masquerading.then_some(true),
        may_act: token.may_act.as_deref().map(may_act),
        issuance: token.issuance.as_deref().map(of_issuance),
        has_other_value: token.value.is_some().then_some(true),
        revision: Some(token.revision).filter(|revision| *revision > 0),
        revoked_at: token.revoked_at.map(Timestamp::as_ms),
        revoked_by: token.revoked_by.as_deref().map(revoking),
        ..Facts::default()
    }
}

fn of_family(family: &Family) -> Facts<'_> {
    Facts {
        org: Some(family.org.as_str()),
        root_org: Some(family.root_org.as_str()),
        subject: Some(family.subject.as_str()),
        client: family.client.map(|id| id.to_string()),
        session: family.session.as_ref().map(session),
        jti: Some(family.token.to_string()),
        family: Some(family.id.to_string()),
        generation: Some(family.generation),
        scopes: Some(scopes(&family.scopes)),
        audiences: Some(audiences(&family.audiences)),
        roles: family.roles.iter().map(|(app, role)| (app.as_str(), vec![role.as_str()])).collect(),
        iat: Some(family.issued_at.as_secs()),
        exp: Some(family.expires_at.as_secs()),
        creator: family.creator.as_ref().map(creator),
        created_by: family.created_by.map(|id| id.to_string()),
        ancestors: family.ancestors.iter().map(|ancestor| ancestor.id.to_string()).collect(),
        masquerading: family.masquerading.then_some(true),
        may_act: family.may_act.as_deref().map(may_act),
        issuance: family.issuance.as_deref().map(of_issuance),
        revision: Some(family.revision).filter(|revision| *revision > 0),
        refreshed_at: family.refreshed_at.map(Timestamp::as_ms),
        kept_until: family.needed_until.map(Timestamp::as_ms),
        revoked_at: family.revoked_at.map(Timestamp::as_ms),
        revoked_by: family.revoked_by.as_deref().map(revoking),
        ..Facts::default()
    }
}

fn of_mark<'a>(key: &'a NotBeforeKey, stands: &NotBeforeStands) -> Facts<'a> {
    let whose = match &key.kind {
        NotBeforeScope::Org => Facts { set: Some("org"), ..Facts::default() },
        NotBeforeScope::Member(subject) => Facts { set: Some("member"), subject: Some(subject.as_str()), ..Facts::default() },
        NotBeforeScope::Client(id) => Facts { set: Some("client"), client: Some(id.to_string()), ..Facts::default() },
        NotBeforeScope::Session(id) => {
            let session = SessionFacts { org: key.org.as_str(), id: id.as_str() };
            Facts { set: Some("session"), session: Some(session), ..Facts::default() }
        }
        NotBeforeScope::ClientsOf(subject) => {
            Facts { set: Some("clients_of_member"), subject: Some(subject.as_str()), ..Facts::default() }
        }
        NotBeforeScope::ClientOf(id, subject) => {
            let subject = Some(subject.as_str());
            Facts { set: Some("client_of_member"), client: Some(id.to_string()), subject, ..Facts::default() }
        }
    };
    let (not_before, kept_until) = (stands.not_before.as_ms(), stands.kept_until.map(Timestamp::as_ms));
    Facts { org: Some(key.org.as_str()), not_before: Some(not_before), kept_until, ..whose }
}

/// Of the person the subject is told, and nothing else.
fn of_authorization(authorization: &Authorization) -> Facts<'_> {
    let (approval, error) = match &authorization.state {
        AuthorizationState::Accepted { approval, .. } | AuthorizationState::Issued { approval, .. } => (Some(&**approval), None),
        AuthorizationState::Denied { error, .. } => (None, Some(error.as_str())),
        AuthorizationState::Pushed
        | AuthorizationState::Pending
        | AuthorizationState::Failed { .. }
        | AuthorizationState::Redeemed { .. } => (None, None),
    };
    let org = &authorization.org;
    Facts {
        org: Some(org.as_str()),
        client: Some(authorization.client.to_string()),
        authorization: Some(authorization.id.to_string()),
        subject: approval.map(|approval| approval.subject.as_str()),
        session: approval.and_then(|approval| Some(SessionFacts { org: org.as_str(), id: approval.session.as_ref()?.as_str() })),
        scopes: approval.map(|approval| scopes(&approval.scopes)),
        resources: approval.map(|approval| audiences(&approval.resources)),
        error,
        ..Facts::default()
    }
}

fn of_person_grant(grant: &PersonGrant) -> Facts<'_> {
    let (whose, is_good) = (&grant.key, grant.ended_at.is_none());
    let granted = Some(&grant.granted).filter(|_| is_good);
    Facts {
        org: Some(whose.org.as_str()),
        subject: Some(whose.subject.as_str()),
        client: Some(whose.client.to_string()),
        scopes: granted.map(|granted| granted.scopes.iter().map(Scope::as_str).collect()),
        resources: granted.map(|granted| granted.resources.iter().map(Audience::as_str).collect()),
        remembered: is_good.then_some(grant.remembered.is_some()),
        ..Facts::default()
    }
}

fn of_api_key(key: &ApiKey) -> Facts<'_> {
    let revoked = key.revoked.as_ref();
    let place = revoked.and_then(|revoked| revoked.place.as_ref());
    Facts {
        org: Some(key.org.as_str()),
        subject: Some(key.owner.as_str()),
        api_key: Some(key.id.to_string()),
        name: Some(&key.name),
        kind: Some(key.kind.as_str()),
        hint: Some(&key.hint),
        scopes: Some(scopes(&key.scopes)),
        resources: Some(audiences(&key.resources)),
        allowed_cidrs: key.allowed_networks.clone().map(AllowedCidrs),
        limits: key.limits.map(LimitsBody),
        creator: key.created_by.as_ref().map(creator),
        iat: Some(key.issued_at.as_secs()),
        exp: Some(key.expires_at.as_secs()),
        previous_expires_at: key.previous.map(|previous| previous.expires_at.as_ms()),
        revision: Some(key.revision).filter(|revision| *revision > 0),
        revoked_at: revoked.map(|revoked| revoked.at.as_ms()),
        reason: revoked.map(|revoked| revoked.reason.as_str()),
        url: place.and_then(|place| place.url.as_deref()),
        source: place.and_then(|place| place.source.as_deref()),
        revoked_by: revoked.and_then(|revoked| revoked.by.as_ref()).map(revoking),
        ..Facts::default()
    }
}

fn of_event_stream(stream: &EventStream) -> Facts<'_> {
    let (endpoint_origin, has_authorization_header) = match &stream.delivery {
        EventDelivery::Push { endpoint_url, authorization_header } => {
            // Its path or its query may be what the receiver knows us by.
            let origin = Url::parse(endpoint_url).ok().map(|url| url.origin().ascii_serialization());
            (origin, Some(authorization_header.is_some()))
        }
        EventDelivery::Poll => (None, None),
    };
    Facts {
        org: Some(stream.key.org.as_str()),
        client: Some(stream.key.client.to_string()),
        stream: Some(stream.key.id.to_string()),
        audiences: Some(vec![stream.audience.as_str()]),
        delivery: Some(stream.delivery.method()),
        endpoint_origin,
        has_authorization_header,
        events_requested: stream.events_requested.iter().map(EventUri::as_str).collect(),
        description: stream.description.as_deref(),
        status: Some(stream.status.as_str()),
        reason: stream.status_reason.as_deref(),
        removed_subjects: Some(stream.removed_subjects.len()).filter(|removed| *removed > 0),
        revision: Some(stream.revision).filter(|revision| *revision > 0),
        ..Facts::default()
    }
}

fn of_org(org: &Org) -> Facts<'_> {
    Facts {
        org: Some(org.id.as_str()),
        root_org: Some(org.root().as_str()),
        parent: org.parent().map(OrgId::as_str),
        name: org.name.as_deref(),
        enabled: Some(org.enabled),
        settings: Some(SettingsFacts::Org(&org.settings)),
        secrets: Some(org.secrets.len()),
        ..Facts::default()
    }
}

fn of_member(member: &Member) -> Facts<'_> {
    Facts {
        org: Some(member.org.as_str()),
        subject: Some(member.subject.as_str()),
        kind: Some(member.kind.as_str()),
        scopes: Some(member.scopes.iter().map(ScopePattern::as_str).collect()),
        roles: member.roles.iter().map(|(app, roles)| (app.as_str(), roles.iter().map(Role::as_str).collect())).collect(),
        enabled: Some(member.enabled),
        ..Facts::default()
    }
}

fn of_client(client: &Client) -> Facts<'_> {
    let settings = &client.settings;
    Facts {
        org: Some(client.org.as_str()),
        client: Some(client.id.to_string()),
        alias: settings.alias.as_deref(),
        kind: Some(settings.kind.as_str()),
        name: settings.name.as_deref(),
        auth_method: Some(settings.auth_method.as_str()),
        grants: Some(grants(&settings.grants)),
        scopes: settings.scopes.as_deref().map(scopes),
        secrets: Some(client.secrets.len()),
        jwks: settings.jwks.as_deref().and_then(|jwks| serde_json::from_str(jwks).ok()),
        federated: settings.federated.iter().map(FederatedBody::from_identity).collect(),
        token_duration: settings.token_duration.map(|length| length.0),
        refresh_token_duration: settings.refresh_token_duration.map(|length| length.0),
        single_token_per_subject: Some(settings.single_token_per_subject),
        certificate_bound_tokens: Some(settings.certificate_bound_tokens),
        may_exchange_tokens: Some(settings.may_exchange_tokens),
        allowed_cidrs: settings.allowed_networks.clone().map(AllowedCidrs),
        limits: settings.limits.map(LimitsBody),
        may_exchange_to: settings.exchange_targets.iter().map(TargetBody::from_target).collect(),
        dpop_bound_tokens: Some(settings.dpop_bound_tokens),
        redirect_uris: settings.redirect_uris.iter().map(RedirectUri::as_str).collect(),
        post_logout_redirect_uris: settings.post_logout_redirect_uris.iter().map(RedirectUri::as_str).collect(),
        pkce: Some(settings.pkce.as_str()),
        consent: Some(settings.consent.as_str()),
        claims_in_id_token: Some(settings.claims_in_id_token),
        certificate_subject: settings.certificate_subject.iter().map(|subject| (subject.kind(), subject.name())).collect(),
        access_token_form: settings.access_token_form.map(AccessTokenForm::as_str),
        resources: settings.resources.as_deref().map(audiences),
        origin: client.is_stranger().then(|| client.origin.as_str()),
        expires_at: client.origin.expires_at().map(Timestamp::as_ms),
        has_registration_token: Some(client.registration_token.is_some()),
        attributes: names(&settings.attributes),
        enabled: Some(client.enabled),
        ..Facts::default()
    }
}

fn of_keys(ring: &KeyRing) -> Facts<'_> {
    Facts { version: Some(ring.version), keys: Some(ring.keys.iter().map(of_key).collect()), ..Facts::default() }
}

fn of_key(key: &RingKey) -> KeyFacts<'_> {
    KeyFacts {
        kid: key.jwk.kid.as_str(),
        alg: key.jwk.alg.as_str(),
        private: match key.private {
            PrivateHalf::Kms { .. } => "kms",
            PrivateHalf::Envelope { .. } => "envelope",
            PrivateHalf::File { .. } => "file",
            PrivateHalf::Discarded => "discarded",
        },
        published_at: key.published_at.as_ms(),
        signs_from: key.signs_from.as_ms(),
        retires_at: key.retires_at.map(Timestamp::as_ms),
    }
}

fn scopes(scopes: &[Scope]) -> Vec<&str> {
    scopes.iter().map(Scope::as_str).collect()
}

fn audiences(audiences: &[Audience]) -> Vec<&str> {
    audiences.iter().map(Audience::as_str).collect()
}

fn revoking(party: &RevokingParty) -> RevokingFacts<'_> {
    RevokingFacts {
        org: party.org.as_str(),
        subject: party.subject.as_ref().map(Subject::as_str),
        client: party.client.map(|id| id.to_string()),
        jti: party.token.map(|id| id.to_string()),
    }
}

fn session(session: &Session) -> SessionFacts<'_> {
    SessionFacts { org: session.org.as_str(), id: session.id.as_str() }
}

fn creator(creator: &Creator) -> CreatorFacts<'_> {
    CreatorFacts { org: creator.org.as_str(), subject: creator.subject.as_str() }
}
