//! Introspection: what a token is good for now.
//!
//! [`introspect`] is for whoever has a member's token, [`introspect_for_resource_server`] for a resource server behind an
//! authorization server, and [`introspect_rfc7662`] and [`introspect_for_caller`] for RFC 7662. They differ in who may know what
//! of a token; whether it is alive is found out in the same way, by [`bearer`](crate::auth::bearer) or
//! [`lookup`](crate::tokens::lookup). Answers are written in [`api`](crate::api).

mod standard;

pub use standard::{Asker, Seen, ShownToken, introspect_for_caller};

use crate::auth::api_key::{self, LiveApiKey};
use crate::auth::bearer::{PresentedToken, authenticate, inspect, problem};
use crate::auth::dpop;
use crate::domain::{
    ApiKeyValue, Audience, Denial, Error, Family, Member, MemberKey, Org, OrgId, Refusal, Scope, Seconds, Secret, Service,
    Subject, Thumbprint, Timestamp, TokenProblem, TokenRecord, TokenStatus,
};
use crate::platform::capabilities::{DirectoryReader, Introspector, Reader};
use crate::store::quotas::Quotas;
use crate::store::{KeepApiKeys, RecordKeys, Records};
use crate::tokens::lookup::{ClientAccessToken, FoundToken, Hint, TokenLookup};

/// The largest number of orgs below its own that a token is shown for.
pub const MAX_SUB_ORGS: usize = 100;

/// What introspection found. None of it is an error: it is what was asked for.
#[derive(Debug)]
pub enum Introspection {
    /// The token is alive.
    Active(Active),
    /// The token is genuine, and revoked.
    Revoked,
    /// The token is good for nothing, for this reason.
    Inactive(TokenProblem),
}

impl Introspection {
    /// Returns the token if it is alive.
    ///
    /// Telling that it has been revoked makes no oracle: its signature has proved that the caller has the token itself.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] that says what is wrong with a token that isn't alive.
    pub fn active(self) -> Result<Active, Refusal> {
        match self {
            Self::Active(active) => Ok(active),
            Self::Revoked => Err(Refusal::TokenGone),
            Self::Inactive(problem) => Err(Refusal::TokenRejected(problem)),
        }
    }
}

/// A token that is alive.
#[derive(Debug)]
pub enum Active {
    /// The token is a live access token.
    Access {
        /// The record of the token.
        record: Box<TokenRecord>,
        /// The member that is its subject.
        member: Box<Member>,
    },
    /// It is a live API key.
    ApiKey {
        /// The key as a token.
        record: Box<TokenRecord>,
        /// The member whose key it is.
        member: Box<Member>,
        /// What people call the key.
        name: String,
        /// When it was last used, to the hour.
        used_at: Option<Timestamp>,
    },
    /// The token is a live refresh token.
    Refresh {
        /// The refresh family of the token.
        family: Box<Family>,
        /// The member that is its subject.
        member: Box<Member>,
    },
}

/// What counts and notes the uses of API keys.
#[derive(Clone, Copy, Debug)]
pub struct ApiKeyUses<'a> {
    /// Counts them, by the limits of the key.
    pub quotas: &'a Quotas,
    /// Notes the hour of the last one.
    pub api_keys: &'a dyn KeepApiKeys,
}

/// Introspects any token of a member. Whoever has the token may know what it is. Without `uses` those of an API key are neither counted nor
/// noted, and no key with limits is taken.
///
/// # Errors
/// [`Refusal::LimitReached`], if it is an API key that was used as often as it may be. What is wrong with the token is part of the
/// [`Introspection`].
pub async fn introspect(ports: &Reader, uses: Option<ApiKeyUses<'_>>, token: &str) -> Result<Introspection, Error> {
    if ApiKeyValue::looks_like(token) {
        return introspect_api_key(ports, uses, token).await;
    }
    let (presented, _) = inspect(ports, token, RecordKeys::default()).await?;
    Ok(match presented {
        PresentedToken::Access(token) => match (token.status, token.member) {
            (TokenStatus::Live, Some(member)) => {
                let mut record = token.record;
                record.drop_lost(&member);
                crate::telemetry::note_token(&record);
                Introspection::Active(Active::Access { record: Box::new(record), member: Box::new(member) })
            }
            (status, _) => inactive(status),
        },
        PresentedToken::Refresh(token) => match (token.status, token.member) {
            (TokenStatus::Live, Some(member)) => {
                Introspection::Active(Active::Refresh { family: Box::new(token.family), member: Box::new(member) })
            }
            (status, _) => inactive(status),
        },
        PresentedToken::Expired(_) => Introspection::Inactive(TokenProblem::Expired),
        PresentedToken::Invalid => Introspection::Inactive(TokenProblem::Invalid),
    })
}

async fn introspect_api_key(ports: &Reader, uses: Option<ApiKeyUses<'_>>, text: &str) -> Result<Introspection, Error> {
    let (found, _) = api_key::find(ports, text, RecordKeys::default()).await?;
    let Some(found) = found else { return Ok(Introspection::Inactive(TokenProblem::Invalid)) };
    let live = if uses.is_some() { found.into_live(None) } else { found.into_live_if_unlimited() };
    Ok(match live {
        Ok(live) => {
            if let Some(ApiKeyUses { quotas, api_keys }) = uses {
                drop(live.count_use(quotas, ports.now()).await?);
                live.note_use(ports, api_keys).await;
            }
            let record = Box::new(live.to_token());
            crate::telemetry::note_token(&record);
            let LiveApiKey { key, owner, .. } = live;
            Introspection::Active(Active::ApiKey { record, member: Box::new(owner), name: key.name, used_at: key.used_at })
        }
        Err(TokenProblem::Revoked) => Introspection::Revoked,
        Err(problem) => Introspection::Inactive(problem),
    })
}

/// What a resource server requires of a token that it was shown: Authlete's `/auth/introspection`.
#[derive(Clone, Debug, Default)]
pub struct ResourceRequest {
    /// The scopes that must all be on the token.
    pub scopes: Vec<Scope>,
    /// The subject that the token must be for.
    pub subject: Option<Subject>,
    /// The resources that the token must be meant for: RFC 8707.
    pub audiences: Vec<Audience>,
    /// The ways (`acr`) by one of which the subject must have been authenticated: RFC 9470.
    pub acr_values: Vec<String>,
    /// The longest time since the subject was authenticated, in seconds.
    pub max_age: Option<Seconds>,
    /// The certificate that the presenter proved.
    pub certificate: Option<Thumbprint>,
    /// The DPoP proof that the presenter sent, and what it must be for.
    pub dpop: Option<ProofOfPossession>,
}

/// A DPoP proof, and the request that it was sent with.
#[derive(Clone, Debug)]
pub struct ProofOfPossession {
    /// The proof, as it was sent.
    pub proof: Secret<String>,
    /// The method of the request.
    pub method: String,
    /// The URI of the request.
    pub uri: String,
}

/// The answer to a resource server that was shown a token.
#[derive(Debug)]
pub struct ClientIntrospection {
    /// The token, if there is one, even if it is expired.
    pub token: Option<Box<ClientAccessToken>>,
    /// Whether the token opens what is asked for.
    pub verdict: Verdict,
}

/// Whether a token opens what a resource server asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The token opens everything that is asked for.
    Sufficient,
    /// There is no such token, or it isn't alive any more.
    Unknown,
    /// The token has expired.
    Expired {
        /// Whether its refresh token is alive.
        refreshable: bool,
    },
    /// It is bound to a key or a certificate, and the presenter didn't prove to have that.
    Unproved(Denial),
    /// Its subject must be authenticated in another way.
    OtherAuthentication,
    /// Its subject must be authenticated again.
    TooOld,
    /// The token lacks scopes, of which this is the first.
    LacksScope(Scope),
    /// It stands for somebody else.
    OtherSubject,
    /// It is meant for somebody else.
    OtherAudience,
}

/// Introspects an access token of a client, for the resource server that it was shown. `first` is what the first read has
/// found of it; `text` is the token as it was shown, to which a DPoP proof must refer.
///
/// # Errors
/// Only a fault: what the token lacks is the [`Verdict`].
pub async fn introspect_for_resource_server(
    ports: &Introspector,
    service: &Service,
    (lookup, first): (&TokenLookup, &Records),
    text: &str,
    request: &ResourceRequest,
) -> Result<ClientIntrospection, Error> {
    let found = lookup.find_access(&ports.reader, first).await?;
    let Some(token) = found.filter(|token| !matches!(token.status, TokenStatus::Revoked | TokenStatus::Orphaned)) else {
        return Ok(ClientIntrospection { token: None, verdict: Verdict::Unknown });
    };
    let token = token.narrowed();
    crate::telemetry::note_token(&token.record);
    let verdict = match token.status {
        TokenStatus::Expired => Verdict::Expired { refreshable: token.is_refreshable() },
        TokenStatus::Live | TokenStatus::NotYetValid | TokenStatus::Revoked | TokenStatus::Orphaned => {
            match unproved(ports, service, &token, text, request).await? {
                Some(denial) => Verdict::Unproved(denial),
                None => sufficiency(&token.record, request, ports.reader.now()),
            }
        }
    };
    Ok(ClientIntrospection { token: Some(Box::new(token)), verdict })
}

/// Returns what the presenter didn't prove of the keys that the token is bound to.
async fn unproved(
    ports: &Introspector,
    service: &Service,
    token: &ClientAccessToken,
    text: &str,
    request: &ResourceRequest,
) -> Result<Option<Denial>, Error> {
    let Some(issuance) = &token.record.issuance else { return Ok(None) };
    if issuance.confirmation.certificate.is_some_and(|bound| request.certificate != Some(bound)) {
        return Ok(Some(Denial::CertificateMismatch));
    }
    let Some(key) = issuance.confirmation.dpop_key else { return Ok(None) };
    let Some(dpop) = &request.dpop else { return Ok(Some(Denial::DpopHeaderMissing)) };
    let nonce = dpop::NonceRule::NotNeeded;
    let expected = dpop::Expected { method: &dpop.method, uri: &dpop.uri, access_token: Some(text), key: Some(key), nonce };
    match dpop::verify(&*ports.once, service.id(), ports.reader.now(), dpop.proof.expose(), &expected).await {
        Ok(_) => Ok(None),
        Err(Error::Refused(Refusal::Denied(denial))) => Ok(Some(denial)),
        Err(other) => Err(other),
    }
}

fn sufficiency(token: &TokenRecord, request: &ResourceRequest, now: Timestamp) -> Verdict {
    let (acr, authenticated) = match token.issuance.as_deref() {
        Some(issuance) => (issuance.acr.as_ref(), issuance.auth_time),
        None => (None, None),
    };
    if !request.acr_values.is_empty() && !acr.is_some_and(|acr| request.acr_values.contains(acr)) {
        return Verdict::OtherAuthentication;
    }
    if request.max_age.is_some_and(|age| authenticated.is_none_or(|at| at.plus(age) < now.whole_second())) {
        return Verdict::TooOld;
    }
    if let Some(missing) = request.scopes.iter().find(|scope| !token.scopes.contains(scope)) {
        return Verdict::LacksScope(missing.clone());
    }
    let for_client = token.issuance.as_ref().is_some_and(|issuance| issuance.for_client);
    if request.subject.as_ref().is_some_and(|subject| for_client || *subject != token.subject) {
        return Verdict::OtherSubject;
    }
    if !request.audiences.iter().all(|audience| token.audiences.contains(audience)) {
        return Verdict::OtherAudience;
    }
    Verdict::Sufficient
}

/// Finds a client's token for RFC 7662: `None` for one that isn't active, or is meant for others than `resource_server`.
///
/// # Errors
/// Only a fault: the records can't be read.
pub async fn introspect_rfc7662(
    ports: &Reader,
    (lookup, first): (&TokenLookup, &Records),
    hint: Hint,
    resource_server: Option<&str>,
) -> Result<Option<FoundToken>, Error> {
    let found = lookup.find(ports, first, hint).await?.map(FoundToken::narrowed);
    Ok(found.filter(|token| match token {
        FoundToken::Access(token) => {
            let audiences = &token.record.audiences;
            let has_no_audience = standard::has_no_audience(audiences, ports.keys.issuer());
            let is_meant = |server: &str| has_no_audience || audiences.iter().any(|audience| audience.as_str() == server);
            token.status == TokenStatus::Live && resource_server.is_none_or(is_meant)
        }
        FoundToken::Refresh(found) => found.status == TokenStatus::Live,
    }))
}

/// Introspects the bearer's own token.
///
/// # Errors
///
/// [`Refusal::CredentialsRejected`] if it isn't alive.
pub async fn introspect_self(ports: &Reader, bearer: &str) -> Result<(TokenRecord, Member), Error> {
    let (caller, _) = authenticate(ports, bearer, RecordKeys::default()).await?;
    let mut record = caller.token().clone();
    record.drop_lost(caller.member());
    Ok((record, caller.member().clone()))
}

/// Shows what an access token would be in each org below its own in which its subject is a member: all of them or those in
/// `only`, [`MAX_SUB_ORGS`] at most. Nothing for a refresh token.
///
/// # Errors
/// Only a fault: the records can't be read.
pub async fn introspect_in_sub_orgs(
    ports: &DirectoryReader,
    active: &Active,
    only: Option<&[OrgId]>,
) -> Result<Vec<(TokenRecord, Member)>, Error> {
    let Active::Access { record, .. } = active else { return Ok(Vec::new()) };
    let orgs = match only {
        Some(only) => only.to_vec(),
        None => descendants(ports, &record.org).await?,
    };
    let mut views = Vec::new();
    // Each org is two keys of the hundred that one read takes.
    for orgs in orgs.chunks(50) {
        let members = orgs.iter().map(|org| MemberKey { org: org.clone(), subject: record.subject.clone() }).collect();
        let mut found = ports.reader.tokens.read(&RecordKeys { orgs: orgs.to_vec(), members, ..RecordKeys::default() }).await?;
        for id in orgs {
            let key = MemberKey { org: id.clone(), subject: record.subject.clone() };
            let (Some(org), Some(member)) = (found.orgs.remove(id), found.members.remove(&key)) else { continue };
            if org.enabled && member.enabled && *id != record.org && org.is_within(&record.org) {
                views.push((view_in(record, &org, &member), member));
            }
        }
    }
    Ok(views)
}

/// Returns the token as it would be in `org`: at most what it is, and at most what the member holds there.
fn view_in(record: &TokenRecord, org: &Org, member: &Member) -> TokenRecord {
    let mut view = record.clone();
    view.org = org.id.clone();
    view.scopes.retain(|scope: &Scope| member.holds(scope.name()));
    view.roles.retain(|app, role| member.has_role(app, role));
    view
}

/// The orgs below `root`, level by level, so that the nearest come first where there are too many.
pub(crate) async fn descendants(ports: &DirectoryReader, root: &OrgId) -> Result<Vec<OrgId>, Error> {
    let mut found: Vec<OrgId> = Vec::new();
    let mut next = 0;
    let mut parent = root.clone();
    loop {
        let left = MAX_SUB_ORGS - found.len();
        found.extend(ports.directory.sub_orgs(&parent, None, left).await?);
        if found.len() >= MAX_SUB_ORGS || next >= found.len() {
            return Ok(found);
        }
        parent = found[next].clone();
        next += 1;
    }
}

fn inactive(status: TokenStatus) -> Introspection {
    match status {
        TokenStatus::Revoked => Introspection::Revoked,
        other @ (TokenStatus::Live | TokenStatus::NotYetValid | TokenStatus::Expired | TokenStatus::Orphaned) => {
            Introspection::Inactive(problem(other))
        }
    }
}
