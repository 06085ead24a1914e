//! `authorization_code`: RFC 6749 section 4.1.3. A client redeems the code that a person's browser brought it.
//!
//! A failed check uses nothing up, so that the right client may try again until the code is over. One conditional write, in one
//! transaction with the token, decides who redeems it; who comes second ends what came of it.

use serde_json::Value;

use super::{GrantContext, Granted};
use crate::auth::service::Lookup;
use crate::domain::scope::openid;
use crate::domain::{
    Approval, Authorization, AuthorizationKey, AuthorizationState, ClientId, Consent, Denial, Error, ExtraClaims, FamilyKey,
    Fault, GrantType, GrantedAccess, Issuance, NotBefore, OrgId, PersonGrantUpdate, Property, Remembering, Seconds, Secret,
    Session, SignIn, Thumbprint, TokenId, TokenKey,
};
use crate::jose::{equal, sha256};
use crate::oauth::TokenForm;
use crate::oauth::authorization::AuthorizationCode;
use crate::oauth::person_claims::read_claims;
use crate::platform::capabilities::Granter;
use crate::policy::{self, ClientTokenRequest, Lifetime, RefreshOf, TokenProfile};
use crate::store::{RecordKeys, Records};
use crate::telemetry::{Alarm, log_alarm};

/// A code that is presented: looked up in the read that authenticates the client, if it is of that client's org.
#[derive(Debug)]
pub(in crate::oauth) struct CodeLookup(Option<AuthorizationCode>);

impl CodeLookup {
    pub(in crate::oauth) fn new(code: &str) -> Self {
        Self(code.parse().ok())
    }

    /// Returns the code and the key of its authorization, if it is of this org.
    pub(in crate::oauth) fn of_org(&self, org: &OrgId) -> Option<(&AuthorizationCode, &AuthorizationKey)> {
        self.0.as_ref().filter(|code| code.key.org == *org).map(|code| (code, &code.key))
    }
}

impl Lookup for CodeLookup {
    fn wanted(&self, org: &OrgId) -> RecordKeys {
        let authorizations = self.of_org(org).map(|(_, key)| key.clone()).into_iter().collect();
        RecordKeys { authorizations, ..RecordKeys::default() }
    }
}

/// What an authorization server says of the token that a code becomes. Jeton's own endpoint says nothing.
pub(in crate::oauth) struct ServerWord {
    /// The rules that shape the token.
    pub(in crate::oauth) profile: TokenProfile,
    /// Laid over the properties of the sign-in, by key.
    pub(in crate::oauth) properties: Vec<Property>,
    /// The value that was chosen for the access token.
    pub(in crate::oauth) value: Option<Secret<String>>,
    /// How long the access token shall live.
    pub(in crate::oauth) lifetime: Lifetime,
    /// How long the refresh token shall live.
    pub(in crate::oauth) refresh_lifetime: Option<Seconds>,
    /// What a JWT says besides, laid over what was said at the sign-in.
    pub(in crate::oauth) extra_claims: Option<ExtraClaims>,
}

impl ServerWord {
    /// Says nothing but which rules shape the token.
    pub(in crate::oauth) fn none(profile: TokenProfile) -> Self {
        let (properties, lifetime) = (Vec::new(), Lifetime::Default);
        Self { profile, properties, value: None, lifetime, refresh_lifetime: None, extra_claims: None }
    }
}

/// Grants the token of an authorization code.
pub(in crate::oauth) async fn grant(
    mut context: GrantContext<'_>,
    (lookup, found): (Option<&CodeLookup>, &Records),
    form: &TokenForm,
    word: ServerWord,
) -> Result<Granted, Error> {
    let lookup = lookup.ok_or(Denial::CodeMissing)?;
    let authorization = find(&context, lookup, found)?;
    check_redirect_uri(authorization, form)?;
    check_verifier(authorization, form)?;
    let now = context.ports.reader().now();
    let approval = match &authorization.state {
        AuthorizationState::Issued { approval, .. } if !authorization.is_over(now) => approval,
        AuthorizationState::Redeemed { token, family, .. } => {
            end_what_came_of(&context, authorization, *token, *family).await?;
            return Err(Denial::CodeInvalid.into());
        }
        AuthorizationState::Pushed
        | AuthorizationState::Pending
        | AuthorizationState::Accepted { .. }
        | AuthorizationState::Denied { .. }
        | AuthorizationState::Failed { .. }
        | AuthorizationState::Issued { .. } => return Err(Denial::CodeInvalid.into()),
    };
    check_dpop_key(authorization, context.confirmation.dpop_key)?;
    let has_remembered = ensure_not_revoked(&mut context, authorization, approval).await?;
    let mut ask = request(&context, authorization, approval, (GrantType::AuthorizationCode, form, word))?;
    ask.person_grant = Some(Box::new(person_grant(&context, authorization, approval, has_remembered)));
    let refresh_of = refresh_of(&context, approval);
    let grant = policy::issue(&context.service, &context.client, ask, refresh_of, now)?;
    let nonce = authorization.request.nonce.clone();
    let (ports, key) = (context.ports, authorization.key());
    match Box::pin(context.grant_for_sign_in(grant, nonce.as_deref())).await {
        Ok((issued, id_token)) => Ok(Granted { issued, token_type: None, id_token }),
        Err(Error::Refused(refusal)) if refusal.denial() == Some(Denial::CodeInvalid) => Err(lost_the_race(ports, &key).await?),
        Err(error) => Err(error),
    }
}

/// Finds the authorization of the code. Unknown codes and those of other clients get one answer, and are left as they are.
fn find<'a>(context: &GrantContext<'_>, lookup: &CodeLookup, found: &'a Records) -> Result<&'a Authorization, Denial> {
    let (code, key) = lookup.of_org(context.service.id()).ok_or(Denial::CodeInvalid)?;
    // A code that is polled with is redeemed by its own grant.
    let authorization = found.authorizations.get(key).filter(|found| found.polling().is_none()).ok_or(Denial::CodeInvalid)?;
    let kept = match &authorization.state {
        AuthorizationState::Issued { code, .. } | AuthorizationState::Redeemed { code, .. } => code,
        AuthorizationState::Pushed
        | AuthorizationState::Pending
        | AuthorizationState::Accepted { .. }
        | AuthorizationState::Denied { .. }
        | AuthorizationState::Failed { .. } => return Err(Denial::CodeInvalid),
    };
    if !code.matches(kept) {
        return Err(Denial::CodeInvalid);
    }
    if !authorization.is_of(&context.client) {
        log_alarm(Alarm::CodeOfAnother, &authorization.org, Some(context.client.id), authorization.id);
        return Err(Denial::CodeInvalid);
    }
    Ok(authorization)
}

/// RFC 6749 section 4.1.3. With PKCE it need not be sent, as OAuth 2.1 has it.
fn check_redirect_uri(authorization: &Authorization, form: &TokenForm) -> Result<(), Denial> {
    let request = &authorization.request;
    match &form.redirect_uri {
        Some(uri) if *uri == request.redirect_uri => Ok(()),
        None if request.code_challenge.is_some() => Ok(()),
        Some(_) | None => Err(Denial::RedirectUriMismatch),
    }
}

/// RFC 7636 section 4.6. A verifier where no challenge was is an attack that takes the challenge away (RFC 9700 section 4.8).
fn check_verifier(authorization: &Authorization, form: &TokenForm) -> Result<(), Denial> {
    let (challenge, verifier) = (authorization.request.code_challenge, form.code_verifier.as_ref().map(Secret::expose));
    let is_unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    match (challenge, verifier) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(Denial::CodeVerifierUnexpected),
        (Some(_), None) => Err(Denial::CodeVerifierMissing),
        (Some(_), Some(verifier)) if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(is_unreserved) => {
            Err(Denial::CodeVerifierMalformed)
        }
        (Some(Thumbprint(challenge)), Some(verifier)) if equal(&challenge, &sha256(verifier.as_bytes())) => Ok(()),
        (Some(_), Some(_)) => Err(Denial::CodeVerifierWrong),
    }
}

/// RFC 9449 section 10.
fn check_dpop_key(authorization: &Authorization, proved: Option<Thumbprint>) -> Result<(), Denial> {
    match (authorization.request.dpop_key, proved) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(Denial::DpopHeaderMissing),
        (Some(bound), Some(proved)) if bound == proved => Ok(()),
        (Some(_), Some(_)) => Err(Denial::CodeDpopKeyMismatch),
    }
}

/// Checks that nothing has revoked what was decided since then, and keeps the marks: the token is checked against them, too. Returns
/// whether something is remembered that the person now wants to be asked for again.
pub(super) async fn ensure_not_revoked(
    context: &mut GrantContext<'_>,
    authorization: &Authorization,
    approval: &Approval,
) -> Result<bool, Error> {
    let org = context.service.id();
    let session = approval.session.as_ref().map(|id| Session { org: org.clone(), id: id.clone() });
    let keys: Vec<_> = NotBefore::keys_of(org, Some(&approval.subject), Some(context.client.id), session.as_ref()).collect();
    let person_grants = approval.forget.then(|| authorization.person_grant_key(&approval.subject)).into_iter().collect();
    let wanted = RecordKeys { marks: keys.clone(), person_grants, ..RecordKeys::default() };
    let Records { marks, person_grants, .. } = context.ports.reader().tokens.read(&wanted).await?;
    if keys.iter().any(|key| marks.kills(key, approval.decided_at)) {
        return Err(Denial::CodeInvalid.into());
    }
    context.marks.extend(marks);
    Ok(person_grants.values().any(|grant| grant.remembered.is_some()))
}

/// What the person grants to the client by this code. The consent is remembered where Jeton's login application asks for one, and nobody
/// can pose as the client.
pub(super) fn person_grant(
    context: &GrantContext<'_>,
    authorization: &Authorization,
    approval: &Approval,
    has_remembered: bool,
) -> PersonGrantUpdate {
    let client = &context.client;
    let is_asked = client.settings.consent == Consent::Required && approval.forwarded.is_none();
    let is_rememberable = is_asked && authorization.can_be_remembered(client);
    PersonGrantUpdate {
        key: authorization.person_grant_key(&approval.subject),
        access: GrantedAccess::new(&approval.scopes, &approval.resources),
        remembering: match approval.forget {
            false if is_rememberable => Remembering::Adds,
            true if has_remembered => Remembering::Ends,
            true | false => Remembering::Stays,
        },
        granted_at: approval.decided_at,
        now: context.ports.reader().now(),
    }
}

/// Asks for the token of what a person has approved.
pub(super) fn request(
    context: &GrantContext<'_>,
    authorization: &Authorization,
    approval: &Approval,
    (grant, form, word): (GrantType, &TokenForm, ServerWord),
) -> Result<ClientTokenRequest, Error> {
    let sign_in = SignIn {
        audience: authorization.client_name.clone(),
        resources: if approval.resources.len() > 1 { approval.resources.clone() } else { Vec::new() },
        amr: approval.amr.clone(),
        session: approval.session.clone(),
        requested: authorization.request.claims.clone(),
        claims: approval.claims.clone(),
        id_token_claims: approval.id_token_claims.clone(),
        access_token_claims: approval.access_token_claims.clone(),
        forwarded: approval.forwarded.clone(),
    };
    let extra_claims = merged_claims(approval.access_token_claims.as_ref(), word.extra_claims)?;
    let issuance = Issuance {
        alias_used: authorization.alias_used(),
        properties: policy::merged(&approval.properties, word.properties),
        confirmation: context.binding(),
        details: approval.details.clone(),
        acr: approval.acr.clone(),
        auth_time: approval.auth_time,
        sign_in: Some(Box::new(sign_in)),
        ..Issuance::by(grant)
    };
    Ok(ClientTokenRequest {
        subject: Some(approval.subject.clone()),
        scopes: approval.scopes.clone(),
        audiences: policy::granted_resource(&approval.resources, &form.resources()?)?,
        session: approval.session.clone().filter(|_| !is_offline(approval)),
        authorization: Some(Box::new(authorization.clone())),
        lifetime: match (word.lifetime, approval.token_duration) {
            (Lifetime::Default, Some(said)) => Lifetime::For(said),
            (lifetime, _) => lifetime,
        },
        refresh_lifetime: word.refresh_lifetime.or(approval.refresh_token_duration),
        value: word.value,
        extra_claims,
        profile: word.profile,
        ..ClientTokenRequest::new(issuance)
    })
}

/// The claims that an access token has besides: those of the sign-in, with those of the token request laid over them.
fn merged_claims(of_sign_in: Option<&ExtraClaims>, over: Option<ExtraClaims>) -> Result<Option<ExtraClaims>, Fault> {
    let (Some(there), Some(more)) = (of_sign_in, &over) else { return Ok(over.or_else(|| of_sign_in.cloned())) };
    let mut claims = read_claims(Some(there))?;
    claims.extend(read_claims(Some(more))?);
    Ok(Some(ExtraClaims::from_json(Value::Object(claims).to_string())))
}

/// Whether the tokens outlive the person's session: OpenID Connect Core section 11.
fn is_offline(approval: &Approval) -> bool {
    approval.scopes.iter().any(|scope| scope.as_str() == openid::OFFLINE_ACCESS)
}

/// Who must have the grant `refresh_token` for a refresh token to come of it.
pub(super) fn refresh_of(context: &GrantContext<'_>, approval: &Approval) -> RefreshOf {
    let needs_offline = context.service.org().settings.oauth.refresh_needs_offline_access;
    if needs_offline && !is_offline(approval) { RefreshOf::Nobody } else { RefreshOf::OrgAndClient }
}

/// Another redemption of the same code was faster. It is a reuse, too: RFC 6749 section 4.1.2.
async fn lost_the_race(ports: &Granter, key: &AuthorizationKey) -> Result<Error, Error> {
    let wanted = RecordKeys { authorizations: vec![key.clone()], ..RecordKeys::default() };
    let found = ports.reader().tokens.read(&wanted).await?;
    if let Some(Authorization { state: AuthorizationState::Redeemed { token, family, .. }, client, .. }) =
        found.authorizations.get(key)
    {
        revoke(ports, key, *client, *token, *family).await?;
    }
    Ok(Denial::CodeInvalid.into())
}

async fn end_what_came_of(
    context: &GrantContext<'_>,
    authorization: &Authorization,
    token: TokenId,
    family: Option<TokenId>,
) -> Result<(), Error> {
    revoke(context.ports, &authorization.key(), authorization.client, token, family).await
}

/// Ends the tokens that came of a code, whose second use shows that somebody else has it.
async fn revoke(
    ports: &Granter,
    key: &AuthorizationKey,
    client: ClientId,
    token: TokenId,
    family: Option<TokenId>,
) -> Result<(), Error> {
    log_alarm(Alarm::CodeReused, &key.org, Some(client), key.id);
    let org = &key.org;
    let family = family.map(|id| FamilyKey { org: org.clone(), id });
    let stamp = ports.reader().now().into();
    ports.refresher.revoke.revoke(&TokenKey { org: org.clone(), id: token }, family.as_ref(), stamp).await?;
    Ok(())
}
