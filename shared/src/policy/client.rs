//! What an OAuth client may have.

use super::resource::find_resources;
use super::{Grant, Lifetime, RefreshGrant, TokenFormat, TokenProfile};
use crate::domain::scope::openid;
use crate::domain::{
    AccessTokenForm, Algorithm, Audience, Authorization, Client, ClientKind, Confirmation, Denial, ExtraClaims, Family,
    GrantType, Invalid, Issuance, MayAct, Member, Org, OrgSettings, PersonGrantUpdate, Property, Refusal, Scope, Seconds, Secret,
    Service, Session, SessionId, SignIn, Subject, SupportedScope, TicketKey, Timestamp, TokenContents,
};

/// What is asked for in the name of an OAuth client.
#[derive(Clone, Debug)]
pub struct ClientTokenRequest {
    /// How it comes to the client. Whether it is the client's own is decided here.
    pub issuance: Issuance,
    /// The resource owner, if there is one.
    pub subject: Option<Subject>,
    /// The scopes: each supported by the org, or it is refused.
    pub scopes: Vec<Scope>,
    /// Who may take it: RFC 8707.
    pub audiences: Vec<Audience>,
    /// The resource owner's session.
    pub session: Option<SessionId>,
    /// How long it shall live.
    pub lifetime: Lifetime,
    /// How long its refresh token shall live. `None`: as the settings say.
    pub refresh_lifetime: Option<Seconds>,
    /// The value that was chosen for it.
    pub value: Option<Secret<String>>,
    /// The value that was chosen for its refresh token.
    pub refresh_value: Option<Secret<String>>,
    /// What a JWT says besides.
    pub extra_claims: Option<ExtraClaims>,
    /// Who may act for its subject. `None`: whoever may exchange it.
    pub may_act: Option<MayAct>,
    /// The ticket that it is issued on.
    pub ticket: Option<TicketKey>,
    /// The authorization whose code it is issued on, as it was read.
    pub authorization: Option<Box<Authorization>>,
    /// What its person grants with it.
    pub person_grant: Option<Box<PersonGrantUpdate>>,
    /// What it shall be like.
    pub profile: TokenProfile,
}

impl ClientTokenRequest {
    /// Asks for nothing but what the settings give.
    pub fn new(issuance: Issuance) -> Self {
        Self {
            issuance,
            subject: None,
            scopes: Vec::new(),
            audiences: Vec::new(),
            session: None,
            lifetime: Lifetime::Default,
            refresh_lifetime: None,
            value: None,
            refresh_value: None,
            extra_claims: None,
            may_act: None,
            ticket: None,
            authorization: None,
            person_grant: None,
            profile: TokenProfile::ExternalServer,
        }
    }
}

/// Whose word on `refresh_token` counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RefreshOf {
    /// The org's alone: the token is made outside of any flow.
    Org,
    /// The org's and the client's.
    OrgAndClient,
    /// Nobody's: there is none.
    Nobody,
}

/// Decides on a token for a client of the service's org.
///
/// # Errors
/// [`Refusal::ClientUnavailable`] if the client is of another org, [`Refusal::ClientLocked`] if it is disabled.
/// [`Refusal::Invalid`] if the grant's subject is missing or malformed, a scope isn't supported, or the properties are too large.
/// [`Refusal::Lifetime`] if the token or its refresh token would live longer than the org allows. [`Denial::ScopeRequired`] if
/// there is no scope where the org requires one.
pub fn issue(
    service: &Service,
    client: &Client,
    ask: ClientTokenRequest,
    refresh_of: RefreshOf,
    now: Timestamp,
) -> Result<Grant, Refusal> {
    let org = service.org();
    if client.org != org.id {
        return Err(Refusal::ClientUnavailable);
    }
    if !client.enabled {
        return Err(Refusal::ClientLocked);
    }
    let mut issuance = ask.issuance;
    let subject = owner(&issuance, ask.subject)?;
    issuance.for_client = subject.is_none();
    issuance.alias_used &= client.settings.alias.is_some();
    issuance.client_url = client.document_url().cloned();
    attachable(&issuance.properties)?;
    if subject.is_none() {
        (issuance.acr, issuance.auth_time) = (None, None);
    }
    let scopes = deduplicated(ask.scopes);
    // An authorization server outside may sign people in without any flow of ours.
    let of_person = issuance.sign_in.is_some() || subject.is_some() && matches!(ask.profile, TokenProfile::ExternalServer);
    if let Some(unknown) = scopes.iter().find(|scope| !is_available(org, scope, of_person)) {
        return Err(Refusal::invalid("scopes", format!("must all be supported by the service; {unknown} is not")));
    }
    if org.settings.oauth.scope_required && scopes.is_empty() {
        return Err(Denial::ScopeRequired.into());
    }
    let refresh = if issues_refresh_token(org, client, issuance.grant, refresh_of) {
        let exclusive = matches!(ask.profile, TokenProfile::ExternalServer);
        Some(RefreshGrant { exclusive, ..refresh_grant(org, client, &scopes, ask.refresh_lifetime, ask.refresh_value, now)? })
    } else {
        None
    };
    let mut expires_at = end(org, client, &scopes, ask.lifetime, &ask.profile, now)?;
    if let Some(refresh) = refresh.as_ref().filter(|_| org.settings.oauth.token_expiration_linked) {
        // A token that doesn't expire isn't linked to anything.
        expires_at = expires_at.map(|exp| exp.min(refresh.expires_at));
    }
    let contents = TokenContents {
        client: Some(client.id),
        audiences: meant_for(ask.audiences, org, client, &ask.profile),
        scopes,
        session: ask.session.map(|id| Session { org: org.id.clone(), id }),
        created_by: service.token(),
        may_act: ask.may_act.map(Box::new),
        issuance: Some(Box::new(issuance)),
        ..TokenContents::new(subject.map_or_else(|| own_subject(client), Ok)?)
    };
    Ok(Grant {
        org: org.id.clone(),
        root_org: org.root().clone(),
        contents,
        issued_at: now,
        not_before: now,
        expires_at,
        form: form(org, client, ask.extra_claims, ask.profile),
        value: ask.value,
        values_kept_until: org.mark_expiry(now),
        ticket: ask.ticket,
        authorization: ask.authorization,
        consent: ask.person_grant,
        refresh,
        has_status_list: org.settings.status_list,
    })
}

/// What a client asks for with a refresh token.
#[derive(Clone, Debug)]
pub struct RefreshRequest {
    /// Some of the scopes of the refresh token. `None`: all of them.
    pub scopes: Option<Vec<Scope>>,
    /// How long the access token shall live.
    pub lifetime: Lifetime,
    /// How long the refresh token shall live from now on. `None`: as the settings said when it began.
    pub refresh_lifetime: Option<Seconds>,
    /// The value that was chosen for it.
    pub value: Option<Secret<String>>,
    /// Laid over the properties that are there, by key.
    pub properties: Vec<Property>,
    /// The keys that the request proved.
    pub confirmation: Confirmation,
    /// Some of those who may take the refresh token's access tokens. `None`: all of them.
    pub audiences: Option<Vec<Audience>>,
    /// What the access token shall be like.
    pub profile: TokenProfile,
}

/// Decides on the next access token of a client's family that was found alive. The scopes must be among the family's
/// (RFC 6749 section 6); those that the org no longer supports, that the client may no longer request, or that the member on whom
/// it depends no longer holds, are left out where none is asked for by name.
///
/// # Errors
/// [`Denial::RefreshTokenInvalid`] if the family is of another org or client. [`Denial::ScopeExceeds`] or
/// [`Denial::TargetExceeds`] if more is asked for than the family has. A [`Denial`] about DPoP or certificates if the client
/// doesn't prove the keys that the family is bound to (RFC 9449 section 5, RFC 8705 section 4). [`Denial::ScopeInvalid`] if a scope
/// that is asked for was lost. [`Denial::TargetInvalid`] if the org no longer has a resource. [`Denial::ScopeRequired`] if no
/// scope is left where the org requires one. [`Refusal::Lifetime`] if the token would live longer than the org allows.
/// [`Refusal::Invalid`] if the properties are too large.
pub fn refresh_of_client(
    org: &Org,
    client: &Client,
    (family, member): (&Family, Option<&Member>),
    ask: RefreshRequest,
    now: Timestamp,
) -> Result<Grant, Refusal> {
    const REJECTED: Refusal = Refusal::Denied(Denial::RefreshTokenInvalid);
    let mut issuance = family.issuance.clone().ok_or(REJECTED)?;
    if org.id != family.org || family.client != Some(client.id) {
        return Err(REJECTED);
    }
    if client.settings.kind == ClientKind::Confidential {
        // RFC 9449 section 5: its refresh token is bound to the client, which has authenticated, and not to a key.
        issuance.confirmation.dpop_key = None;
    }
    issuance.confirmation = confirmed(client, &issuance.confirmation, &ask.confirmation)?;
    issuance.properties = merged(&issuance.properties, ask.properties);
    attachable(&issuance.properties)?;
    let RefreshRequest { scopes, lifetime, value, audiences, profile, .. } = ask;
    let audiences = match audiences {
        // RFC 8707 section 2.2: with a person's tokens, a client may move between the resources that were granted, one at a time.
        Some(asked) => match issuance.sign_in.as_deref() {
            Some(SignIn { resources, .. }) if !resources.is_empty() => granted_resource(resources, &asked)?,
            Some(_) | None => find_resources(&family.audiences, &asked).ok_or(Denial::TargetExceeds)?,
        },
        None => family.audiences.clone(),
    };
    still_there(org, &audiences, &profile)?;
    let names_scopes = scopes.is_some();
    let wanted = match scopes {
        Some(scopes) if scopes.iter().all(|scope| family.scopes.contains(scope)) => deduplicated(scopes),
        Some(_) => return Err(Denial::ScopeExceeds.into()),
        None => family.scopes.clone(),
    };
    let count = wanted.len();
    let mut scopes = match profile {
        // Outside of any flow an org may give a client what that can't request.
        TokenProfile::ExternalServer => {
            let is_there = |scope: &Scope| is_available(org, scope, !issuance.for_client);
            deduplicated(wanted).into_iter().filter(is_there).collect()
        }
        TokenProfile::Rfc9068 { .. } => those_available(org, client, wanted, issuance.sign_in.is_some()),
    };
    scopes.retain(|scope| member.is_none_or(|member| member.holds(scope.name())));
    if names_scopes && scopes.len() < count && matches!(profile, TokenProfile::Rfc9068 { .. }) {
        return Err(Denial::ScopeInvalid.into());
    }
    if org.settings.oauth.scope_required && scopes.is_empty() {
        return Err(Denial::ScopeRequired.into());
    }
    let mut expires_at = end(org, client, &scopes, lifetime, &profile, now)?;
    if org.settings.oauth.token_expiration_linked {
        expires_at = expires_at.map(|exp| exp.min(family.expires_at));
    }
    let audiences = meant_for(audiences, org, client, &profile);
    let extra = issuance.sign_in.as_ref().and_then(|sign_in| sign_in.access_token_claims.clone());
    Ok(Grant {
        org: family.org.clone(),
        root_org: family.root_org.clone(),
        contents: TokenContents { audiences, scopes, issuance: Some(issuance), ..family.contents.clone() },
        issued_at: now,
        not_before: now,
        expires_at,
        form: form(org, client, extra, profile),
        value,
        values_kept_until: org.mark_expiry(now),
        ticket: None,
        authorization: None,
        consent: None,
        refresh: None,
        has_status_list: org.settings.status_list,
    })
}

/// What a client gets of the scopes that it asks for in a token request: those that it may request. Where it asks for none:
/// the org's default ones.
pub fn requestable(org: &Org, client: &Client, asked: Option<Vec<Scope>>) -> Vec<Scope> {
    let asked = asked.unwrap_or_else(|| {
        let defaults = org.settings.oauth.supported_scopes.iter().filter(|scope| scope.default);
        defaults.map(|scope| scope.name.clone()).collect()
    });
    those_available(org, client, asked, false)
}

/// What a client gets of the scopes that it asks a person for: those that it may request and, where it is allowed to, those of OpenID
/// Connect. Where it asks for none: the org's default ones. Without the grant `refresh_token` it gets no `offline_access`, and isn't
/// told so (OpenID Connect Core section 11). A stranger's client isn't told either what else it doesn't get, as long as it gets something.
///
/// # Errors
/// [`Denial::ScopeInvalid`] if the client may not request one of them. [`Denial::ScopeRequired`] if there is none where the org
/// requires one.
pub fn requested_of_person(org: &Org, client: &Client, asked: Option<Vec<Scope>>) -> Result<Vec<Scope>, Denial> {
    let Some(asked) = asked else { return requested(org, client, None) };
    let mut asked = deduplicated(asked);
    if !client.settings.grants.contains(&GrantType::RefreshToken) {
        asked.retain(|scope| scope.as_str() != openid::OFFLINE_ACCESS);
    }
    let count = asked.len();
    let scopes = those_available(org, client, asked, true);
    // They ask for whatever a document lists.
    if scopes.len() < count && (scopes.is_empty() || !client.is_stranger()) {
        return Err(Denial::ScopeInvalid);
    }
    if org.settings.oauth.scope_required && scopes.is_empty() { Err(Denial::ScopeRequired) } else { Ok(scopes) }
}

/// The same for an authorization server outside, which shows the person what is left: scopes that the client can't have are left out.
///
/// # Errors
/// [`Denial::ScopeRequired`] if none is left where the org requires one.
pub fn requestable_of_person(org: &Org, client: &Client, asked: Option<Vec<Scope>>) -> Result<Vec<Scope>, Denial> {
    let mut scopes = match asked {
        Some(asked) => those_available(org, client, asked, true),
        None => requestable(org, client, None),
    };
    if !client.settings.grants.contains(&GrantType::RefreshToken) {
        scopes.retain(|scope| scope.as_str() != openid::OFFLINE_ACCESS);
    }
    if org.settings.oauth.scope_required && scopes.is_empty() { Err(Denial::ScopeRequired) } else { Ok(scopes) }
}

/// What an authorization server outside grants in the name of a person: what was asked for or, where it says other scopes, those of them
/// that the client may request. Nobody can add `openid`, because the client must have wanted an ID token.
///
/// # Errors
/// [`Refusal::Invalid`] if the org doesn't have one of the scopes, or requires one and there is none.
pub fn granted_of_person(org: &Org, client: &Client, asked: &[Scope], said: Option<Vec<Scope>>) -> Result<Vec<Scope>, Refusal> {
    let Some(said) = said else { return Ok(asked.to_vec()) };
    if let Some(unknown) = said.iter().find(|scope| !is_available(org, scope, true)) {
        return Err(Refusal::invalid("scopes", format!("must all be supported by the service; {unknown} is not")));
    }
    let was_asked = asked.iter().any(|scope| scope.as_str() == openid::OPENID);
    let mut scopes = those_available(org, client, said, true);
    scopes.retain(|scope| was_asked || scope.as_str() != openid::OPENID);
    if org.settings.oauth.scope_required && scopes.is_empty() {
        return Err(Refusal::invalid("scopes", "must not be empty: the service requires a scope"));
    }
    Ok(scopes)
}

/// Returns those of the scopes that the client may have, each once.
fn those_available(org: &Org, client: &Client, asked: Vec<Scope>, signed_in: bool) -> Vec<Scope> {
    let may_request = |scope: &Scope| may_have(org, client, scope) || signed_in && is_openid(scope);
    deduplicated(asked).into_iter().filter(|scope| is_available(org, scope, signed_in) && may_request(scope)).collect()
}

/// Whether a client may have a scope: one that it is registered for and, if it is a stranger's, that strangers can have.
fn may_have(org: &Org, client: &Client, scope: &Scope) -> bool {
    let is_registered = client.settings.scopes.as_ref().is_none_or(|scopes| scopes.contains(scope));
    is_registered && (!client.is_stranger() || org.settings.oauth.lets_strangers_have(scope))
}

/// Whether there is a scope in an org: one that it supports or, where a person signs in, one of OpenID Connect.
fn is_available(org: &Org, scope: &Scope, signed_in: bool) -> bool {
    supported(org, scope).is_some() || signed_in && is_openid(scope)
}

fn is_openid(scope: &Scope) -> bool {
    openid::ALL.contains(&scope.as_str())
}

/// Returns the scopes of a token request, if the client may request all of them. Where it asks for none: the org's default ones.
///
/// # Errors
/// [`Denial::ScopeInvalid`] if the client may not request one of them (RFC 6749 section 5.2). [`Denial::ScopeRequired`] if there
/// is none where the org requires one.
///
/// # Examples
/// ```
/// use shared::domain::{Client, ClientId, ClientKind, ClientSettings, Clock, Denial, Invalid, Scope, SupportedScope};
/// use shared::platform::SystemClock;
/// use shared::policy::requested;
/// use shared::store::conformance::samples;
///
/// # fn main() -> Result<(), Invalid> {
/// # let supported = |name: &Scope| SupportedScope {
/// #     name: name.clone(),
/// #     default: false,
/// #     description: None,
/// #     token_duration: None,
/// #     refresh_token_duration: None,
/// #     attributes: Vec::new(),
/// # };
/// let (read, write) = (Scope::parse("read")?, Scope::parse("write")?);
/// let mut org = samples::org("1", &[]);
/// org.settings.oauth.supported_scopes = [&read, &write].map(supported).to_vec();
///
/// let settings = ClientSettings { scopes: Some(vec![read.clone()]), ..ClientSettings::new(ClientKind::Confidential) };
/// let client = Client::new(org.id.clone(), ClientId::from_number(7)?, settings, SystemClock.now());
/// assert_eq!(requested(&org, &client, Some(vec![read.clone()])), Ok(vec![read]));
/// assert_eq!(requested(&org, &client, Some(vec![write])), Err(Denial::ScopeInvalid));
/// # Ok(())
/// # }
/// ```
pub fn requested(org: &Org, client: &Client, asked: Option<Vec<Scope>>) -> Result<Vec<Scope>, Denial> {
    let distinct = asked.as_ref().map(|asked| deduplicated(asked.clone()).len());
    let scopes = requestable(org, client, asked);
    if distinct.is_some_and(|distinct| distinct != scopes.len()) {
        return Err(Denial::ScopeInvalid);
    }
    if org.settings.oauth.scope_required && scopes.is_empty() { Err(Denial::ScopeRequired) } else { Ok(scopes) }
}

/// Returns the resource that a token is asked for, if the org has it: RFC 8707. One at most, because at one resource's server a
/// token for two of them would open the other.
///
/// # Errors
/// [`Denial::TargetsTooMany`] if there are several. [`Denial::TargetInvalid`] if the org doesn't have it (RFC 8707 section 2).
pub fn requested_resource(org: &Org, asked: Vec<Audience>) -> Result<Vec<Audience>, Denial> {
    if asked.len() > 1 {
        return Err(Denial::TargetsTooMany);
    }
    requested_resources(org, asked)
}

/// Returns the resources that a person is asked for, if the org has them: RFC 8707 section 2. A token is then for one of them.
///
/// # Errors
/// [`Denial::TargetInvalid`] if the org doesn't have one of them, or if there are more than eight.
pub fn requested_resources(org: &Org, asked: Vec<Audience>) -> Result<Vec<Audience>, Denial> {
    const MAX_RESOURCES: usize = 8;
    if asked.len() > MAX_RESOURCES {
        return Err(Denial::TargetInvalid);
    }
    let is_any = |resource: &Audience| resource.as_str().starts_with("https://") || resource.as_str().starts_with("urn:");
    match &org.settings.oauth.resources {
        Some(resources) => find_resources(resources, &asked).ok_or(Denial::TargetInvalid),
        None if asked.iter().all(is_any) => Ok(asked),
        None => Err(Denial::TargetInvalid),
    }
}

/// Returns the resource that a token is for, of those that a person has granted: the one that is asked for, or the only one.
///
/// # Errors
/// [`Denial::TargetsTooMany`] if several are asked for, or several were granted and none is asked for. [`Denial::TargetInvalid`] if it
/// wasn't granted.
pub fn granted_resource(granted: &[Audience], asked: &[Audience]) -> Result<Vec<Audience>, Denial> {
    match (asked, granted) {
        ([], [] | [_]) => Ok(granted.to_vec()),
        ([] | [_, _, ..], _) => Err(Denial::TargetsTooMany),
        ([_], _) => find_resources(granted, asked).ok_or(Denial::TargetInvalid),
    }
}

/// Checks that the org still has each of the resources that a token was for: RFC 8707 section 2.
///
/// # Errors
/// [`Denial::TargetInvalid`] if it doesn't.
pub(super) fn still_there(org: &Org, audiences: &[Audience], profile: &TokenProfile) -> Result<(), Denial> {
    let (TokenProfile::Rfc9068 { issuer }, Some(resources)) = (profile, &org.settings.oauth.resources) else { return Ok(()) };
    let default = org.settings.oauth.default_resource.as_ref();
    let is_there = |audience: &Audience| {
        audience == issuer || default == Some(audience) || resources.iter().any(|resource| resource.uri == *audience)
    };
    if audiences.iter().all(is_there) { Ok(()) } else { Err(Denial::TargetInvalid) }
}

/// Returns the audiences of a token. One of RFC 9068 always has one, which its record has, too, so that introspection tells it
/// and an exchange keeps to it. One that another server issues has the org's default if it is a JWT.
pub(super) fn meant_for(audiences: Vec<Audience>, org: &Org, client: &Client, profile: &TokenProfile) -> Vec<Audience> {
    if !audiences.is_empty() {
        return audiences;
    }
    let default = org.settings.oauth.default_resource.as_ref();
    match profile {
        TokenProfile::Rfc9068 { issuer } => vec![default.unwrap_or(issuer).clone()],
        TokenProfile::ExternalServer => default.filter(|_| algorithm(org, client).is_some()).cloned().into_iter().collect(),
    }
}

/// Returns those of the scopes that the org supports.
pub fn supported_of(org: &Org, asked: Vec<Scope>) -> Vec<Scope> {
    deduplicated(asked).into_iter().filter(|scope| supported(org, scope).is_some()).collect()
}

/// Returns those of the scopes that there are in an org, each once: with those of OpenID Connect.
pub fn available_of(org: &Org, asked: Vec<Scope>) -> Vec<Scope> {
    deduplicated(asked).into_iter().filter(|scope| is_available(org, scope, true)).collect()
}

/// Returns the scopes that a token has after an update. Those that the client can't have are dropped, but for those of OpenID Connect that
/// the token holds: a person has granted them.
pub fn amend_scopes(org: &Org, client: &Client, asked: Vec<Scope>, held: &[Scope]) -> Vec<Scope> {
    let requestable = requestable(org, client, Some(asked.clone()));
    let stays = |scope: &Scope| is_openid(scope) && held.contains(scope);
    deduplicated(asked).into_iter().filter(|scope| requestable.contains(scope) || stays(scope)).collect()
}

/// The org's word on a scope. None of Jeton's own API is a client's to have.
pub(crate) fn supported<'a>(org: &'a Org, scope: &Scope) -> Option<&'a SupportedScope> {
    let supported = org.settings.oauth.supported_scopes.iter().find(|supported| supported.name == *scope);
    supported.filter(|_| !scope.reaches_api())
}

/// Returns the resource owner, which each grant must or must not have.
fn owner(issuance: &Issuance, subject: Option<Subject>) -> Result<Option<Subject>, Refusal> {
    const RULE: &str = "must be 1 to 255 ASCII characters";
    let is_needed = match issuance.grant {
        GrantType::RefreshToken => return Err(Refusal::invalid("grantType", "must not be REFRESH_TOKEN")),
        GrantType::ClientCredentials => return Ok(None),
        GrantType::JwtBearer => false,
        GrantType::AuthorizationCode
        | GrantType::Implicit
        | GrantType::Password
        | GrantType::Ciba
        | GrantType::DeviceCode
        | GrantType::TokenExchange
        | GrantType::PreAuthorizedCode => true,
    };
    match subject {
        None if is_needed => Err(Refusal::invalid("subject", "is required for this grant")),
        Some(subject) if !subject.is_of_client() => Err(Refusal::invalid("subject", RULE)),
        subject => Ok(subject),
    }
}

/// RFC 9068 section 2.2: without a resource owner the client is the subject.
pub(super) fn own_subject(client: &Client) -> Result<Subject, Refusal> {
    Subject::parse(&client.id.to_string()).map_err(|Invalid(rule)| Refusal::invalid("clientId", rule))
}

pub(super) fn form(org: &Org, client: &Client, extra: Option<ExtraClaims>, profile: TokenProfile) -> TokenFormat {
    match algorithm(org, client) {
        Some(algorithm) => TokenFormat::AccessTokenJwt { algorithm, extra, profile },
        None => TokenFormat::Opaque,
    }
}

/// Returns the algorithm that signs a client's access tokens. `None`: they are opaque.
fn algorithm(org: &Org, client: &Client) -> Option<Algorithm> {
    match client.settings.access_token_form {
        Some(AccessTokenForm::Jwt(algorithm)) => Some(algorithm),
        Some(AccessTokenForm::Opaque) => None,
        None => org.settings.oauth.access_token_sign_alg,
    }
}

fn issues_refresh_token(org: &Org, client: &Client, grant: GrantType, refresh_of: RefreshOf) -> bool {
    let org_does = org.settings.oauth.supported_grants.contains(&GrantType::RefreshToken);
    let client_may = client.settings.grants.contains(&GrantType::RefreshToken);
    let may = match refresh_of {
        RefreshOf::Org => true,
        RefreshOf::OrgAndClient => client_may,
        RefreshOf::Nobody => false,
    };
    org_does && !grant.is_without_refresh() && may
}

/// When a token ends: by default with the shortest of what org, client and scopes say.
pub(super) fn end(
    org: &Org,
    client: &Client,
    scopes: &[Scope],
    lifetime: Lifetime,
    profile: &TokenProfile,
    now: Timestamp,
) -> Result<Option<Timestamp>, Refusal> {
    let lifetime = match lifetime {
        Lifetime::Default => {
            let of_scopes = scopes.iter().filter_map(|scope| supported(org, scope)?.token_duration);
            let usual = match profile {
                TokenProfile::ExternalServer => OrgSettings::DEFAULT_LIFETIME,
                TokenProfile::Rfc9068 { .. } => OrgSettings::USUAL_OF_CLIENTS,
            };
            Lifetime::For(of_scopes.chain(client.settings.token_duration).fold(org.settings.duration_or(usual), Seconds::min))
        }
        asked @ (Lifetime::For(_) | Lifetime::Forever | Lifetime::Until(_)) => asked,
    };
    super::validity(None, lifetime, org, now).map(|(_, end)| end)
}

fn refresh_grant(
    org: &Org,
    client: &Client,
    scopes: &[Scope],
    asked: Option<Seconds>,
    value: Option<Secret<String>>,
    now: Timestamp,
) -> Result<RefreshGrant, Refusal> {
    let settings = &org.settings;
    let of_scopes = scopes.iter().filter_map(|scope| supported(org, scope)?.refresh_token_duration);
    let usual = of_scopes.chain(client.settings.refresh_token_duration).fold(settings.refresh_token_duration, Seconds::min);
    let duration = asked.unwrap_or(usual);
    if duration > OrgSettings::MAX_LIFETIME {
        return Err(Refusal::Lifetime("must not be longer than 400 days".into()));
    }
    let kept = settings.keeps_refresh_token(Some(client.settings.kind));
    let slides = if kept { settings.oauth.refresh_token_duration_reset } else { !settings.oauth.refresh_token_duration_kept };
    Ok(RefreshGrant {
        expires_at: now.whole_second().plus(duration),
        token_duration: settings.duration_or(OrgSettings::DEFAULT_LIFETIME),
        rotates: !kept,
        retry_window: if settings.oauth.refresh_token_idempotent { settings.refresh_token_retry_seconds } else { Seconds(0) },
        slides: slides.then_some(duration),
        exclusive: true,
        value,
    })
}

/// Whoever refreshes must prove the keys that the token is bound to (RFC 9449 section 5, RFC 8705 section 4); others may be
/// added.
pub(super) fn confirmed(client: &Client, bound: &Confirmation, proved: &Confirmation) -> Result<Confirmation, Denial> {
    let dpop_key = match (bound.dpop_key, proved.dpop_key) {
        (Some(_), None) => return Err(Denial::DpopHeaderMissing),
        (Some(bound), Some(proved)) if bound != proved => return Err(Denial::DpopKeyMismatch),
        (bound, proved) => bound.or(proved),
    };
    let certificate = match (bound.certificate, proved.certificate) {
        (Some(bound), proved) if proved != Some(bound) => return Err(Denial::CertificateMismatch),
        (bound, proved) => bound.or(proved.filter(|_| client.settings.certificate_bound_tokens)),
    };
    Ok(Confirmation { certificate, dpop_key })
}

/// Properties, with others laid over them by key.
pub fn merged(there: &[Property], over: Vec<Property>) -> Vec<Property> {
    let mut all: Vec<Property> = there.iter().filter(|old| over.iter().all(|new| new.key != old.key)).cloned().collect();
    all.extend(over);
    all
}

/// Checks the size of what is attached to a token, which no series of refreshes gets past.
pub(crate) fn attachable(properties: &[Property]) -> Result<(), Refusal> {
    const MAX_BYTES: usize = 65_535;
    /// What a property takes besides its key and value.
    const EACH: usize = 40;
    let size: usize = properties.iter().map(|property| property.key.len() + property.value.len() + EACH).sum();
    if size <= MAX_BYTES { Ok(()) } else { Err(Refusal::invalid("properties", "must be at most 65,535 bytes in all")) }
}

/// Keeps the first of each, in order.
pub(crate) fn deduplicated<T: PartialEq>(all: Vec<T>) -> Vec<T> {
    let mut once = Vec::with_capacity(all.len());
    for one in all {
        if !once.contains(&one) {
            once.push(one);
        }
    }
    once
}
