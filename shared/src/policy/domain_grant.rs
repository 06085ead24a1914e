//! What a client may tell another authorization server of the subject of a token: identity chaining
//! (draft-ietf-oauth-identity-chaining section 2.3) and identity assertion grants (draft-ietf-oauth-identity-assertion-authz-grant).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::exchange::{Presentation, permitted, target_scopes};
use super::{ExchangeToken, find_resource};
use crate::domain::{
    Actor, Audience, AuthorizationServer, Client, ClientId, Confirmation, Denial, ExchangeTarget, GrantSubject, Issuance, Member,
    OrgId, Refusal, Scope, Service, Subject, Timestamp, TokenRecord,
};
use crate::jose::sha256;

/// What is asked for at another authorization server.
#[derive(Clone, Debug)]
pub struct DomainGrantRequest {
    /// Some of the target's scopes. `None`: all that the presented token leads to.
    pub scopes: Option<Vec<Scope>>,
    /// The API over there. `None`: the only one of the target, if it has one.
    pub resource: Option<Audience>,
    /// The keys that the request proved.
    pub confirmation: Confirmation,
}

/// Permission to sign one grant for another authorization server. Nothing is recorded of it.
#[derive(Clone, Debug)]
pub struct DomainGrant {
    pub(crate) org: OrgId,
    pub(crate) client: ClientId,
    /// Whom it stands for here, which only the audit trail is told.
    pub(crate) member: Subject,
    /// The `sub` over there.
    pub(crate) subject: String,
    /// Where it is good.
    pub(crate) server: AuthorizationServer,
    pub(crate) scopes: Vec<Scope>,
    /// The API over there.
    pub(crate) resource: Option<Audience>,
    /// Who acts for the subject, the current one first. Empty: it isn't told.
    pub(crate) actors: Vec<Actor>,
    pub(crate) confirmation: Confirmation,
    /// How the person authenticated, as far as it is known.
    pub(crate) sign_in: Option<Box<Issuance>>,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// Decides on a grant for another authorization server, which is a target of the client.
///
/// `named` is the member that the presented token's subject is, whether or not the token depends on it: for its e-mail address.
///
/// # Errors
/// A [`Denial`]: those of [`exchange`](super::exchange()) about who presents what; [`Denial::SubjectTokenInvalid`] if the server takes only what is
/// said of the client's own tokens, and the presented one isn't; [`Denial::TargetScopeInvalid`]; [`Denial::TargetInvalid`] if the API over there isn't
/// one of the target's; [`Denial::SubjectHasNoEmail`] if the server knows subjects by their addresses and there is none.
pub fn grant_for_domain(
    service: &Service,
    client: &Client,
    (subject, actor): (ExchangeToken<'_>, Option<ExchangeToken<'_>>),
    (target, server): (&ExchangeTarget, &AuthorizationServer),
    named: Option<&Member>,
    ask: &DomainGrantRequest,
    now: Timestamp,
) -> Result<DomainGrant, Refusal> {
    let (org, record) = (service.org(), subject.record);
    let Presentation { acting, confirmation } = permitted(org, client, (subject, actor), &ask.confirmation)?;
    if server.takes_own_tokens_only() && !is_own(client, record) {
        return Err(Denial::SubjectTokenInvalid.into());
    }
    let scopes = target_scopes(subject, target, ask.scopes.as_deref(), |_| true)?;
    let told = match server.subject {
        GrantSubject::Sub => record.subject.as_str().to_owned(),
        GrantSubject::Email => named.and_then(|member| member.profile.email.clone()).ok_or(Denial::SubjectHasNoEmail)?,
        GrantSubject::Pairwise => pairwise(server, &org.id, &record.subject),
    };
    let before = record.issuance.iter().flat_map(|issuance| issuance.actors.iter().cloned());
    let actors = if server.actors { std::iter::once(acting).chain(before).collect() } else { Vec::new() };
    let usual = now.whole_second().plus(server.duration);
    let ends = [Some(usual), record.expires_at, actor.and_then(|actor| actor.record.expires_at)];
    Ok(DomainGrant {
        org: org.id.clone(),
        client: client.id,
        member: record.subject.clone(),
        subject: told,
        server: server.clone(),
        scopes,
        resource: resource(server, ask.resource.as_ref())?,
        actors,
        confirmation,
        sign_in: record.issuance.clone(),
        issued_at: now,
        expires_at: ends.into_iter().flatten().min().unwrap_or(usual),
    })
}

/// Whether a token was issued to the client, and all that it came of: what it was merely shown as an API is no sign-in to it
/// (draft-ietf-oauth-identity-assertion-authz-grant section 4.3.3).
fn is_own(client: &Client, record: &TokenRecord) -> bool {
    let issued_to = std::iter::once(record.client).chain(record.ancestors.iter().map(|ancestor| ancestor.client));
    record.issuance.is_some() && issued_to.into_iter().all(|issued_to| issued_to == Some(client.id))
}

/// Returns the API over there: one of the target's, in the target's spelling.
fn resource(server: &AuthorizationServer, asked: Option<&Audience>) -> Result<Option<Audience>, Denial> {
    match (asked, &server.resources[..]) {
        (None, []) => Ok(None),
        (None, [only]) => Ok(Some(only.clone())),
        (None, _) => Err(Denial::TargetInvalid),
        (Some(asked), all) => find_resource(all, asked).cloned().map(Some).ok_or(Denial::TargetInvalid),
    }
}

/// A name by which no two authorization servers can tell that they have the same subject.
fn pairwise(server: &AuthorizationServer, org: &OrgId, subject: &Subject) -> String {
    URL_SAFE_NO_PAD.encode(sha256([server.issuer.as_str(), org.as_str(), subject.as_str()].join("\0").as_bytes()))
}
