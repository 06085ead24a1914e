//! `urn:ietf:params:oauth:grant-type:token-exchange`: RFC 8693.

use super::api_key::API_KEY_TYPE;
use super::{GrantAnswer, GrantContext, Granted};
use crate::auth::api_key::{self, LiveApiKey};
use crate::auth::assertion::{self, Asserted, Party, Purpose, Verified};
use crate::auth::bearer;
use crate::auth::service::Lookup as _;
use crate::domain::scope::openid;
use crate::domain::{
    Audience, AuthorizationDetails, AuthorizationServer, Client, Denial, DomainGrantType, Error, ExchangeTarget, Family, Fault,
    GrantSubject, GrantType, Issuance, Issuer, Member, MemberKey, NotBefore, NotBeforeKey, NotBeforeScope, PersonGrantKey, Scope,
    Secret, Session, SignIn, Timestamp, TokenContents, TokenId, TokenRecord, TokenStatus,
};
use crate::jose::foreign::{Unverified, WrongType};
use crate::jose::looks_like_jwt;
use crate::oauth::authorization_details;
use crate::oauth::domain_grant::DomainGrantDraft;
use crate::oauth::id_token::{self, ExchangedIdToken};
use crate::oauth::{TokenForm, TokenType};
use crate::policy::{self, AssertedToken, DomainGrantRequest, ExchangeRequest, SubjectBounds};
use crate::store::{KeepApiKeys, RecordKeys};
use crate::tokens::lookup::{FoundToken, Hint, TokenLookup};
use crate::tokens::mint;

/// Grants a token in exchange for one that the client presents, or a grant for another authorization server. The use of an API key is counted,
/// and noted beside the work.
pub(super) async fn grant(
    mut context: GrantContext<'_>,
    mut form: TokenForm,
    api_keys: &dyn KeepApiKeys,
) -> Result<GrantAnswer, Error> {
    let requested = match requested_type(&form, &context.client)? {
        Requested::Token(token_type) => token_type,
        Requested::Grant(target) => return grant_for_domain(context, form, target).await,
    };
    let asked = (form.scopes()?, form.resources()?, audiences(&form)?, context.details(&form)?);
    let subject = presented_subject(&mut form)?;
    let actor = actor_token(&mut form)?;
    let subject = match subject {
        Subject::Token(token) => context.look_up_subject(&token).await?,
        Subject::ApiKey(key) => SubjectToken::OnRecord(Box::new(context.of_api_key(key.expose()).await?)),
    };
    let actor = match actor {
        Some(actor) => Some(context.look_up(&actor, Party::Actor).await?),
        None => None,
    };
    let (scopes, resources, audiences, details) = asked;
    let mut ask = ExchangeRequest {
        scopes,
        resources,
        audiences,
        details,
        confirmation: context.confirmation.clone(),
        jwt: requested == TokenType::Jwt,
        profile: context.profile()?,
    };
    let now = context.ports.reader().now();
    let actor = actor.as_ref().map(Exchanged::as_presented);
    let (service, client) = (&context.service, &context.client);
    let mut api_key = None;
    let grant = match subject {
        SubjectToken::OnRecord(subject) => {
            ask.details = ask.details.map(|details| within(details, &subject.record)).transpose()?;
            let grant = policy::exchange(service, client, subject.as_presented(), actor, ask, now)?;
            api_key = subject.api_key;
            grant
        }
        SubjectToken::Foreign(verified) => {
            let Verified { asserted, replay_guard, marks } = *verified;
            let token = foreign_token(&asserted, context.ports.reader().keys.issuer())?;
            let grant = policy::exchange_asserted(service, client, &token, actor, ask, now)?;
            context.replay_guards.extend(replay_guard);
            context.marks.extend(marks);
            grant
        }
        SubjectToken::IdToken(sign_in) => {
            let token = sign_in.as_asserted();
            policy::exchange_asserted(service, client, &token, actor, ask, now)?
        }
    };
    if grant.names_actors() && !mint::fits(&context.ports.refresher.minter, &grant).await? {
        return Err(Denial::ActorChainTooLong.into());
    }
    let Some(key) = api_key else {
        return Ok(Granted { issued: context.grant(grant).await?, token_type: Some(requested), id_token: None }.into());
    };
    let ports = context.ports;
    let unit = key.count_use(&ports.quotas, now).await?;
    let (issued, ()) = futures::future::join(context.grant(grant), key.note_use(ports.reader(), api_keys)).await;
    unit.settle(&issued);
    Ok(Granted { issued: issued?, token_type: Some(requested), id_token: None }.into())
}

/// Signs a grant for another authorization server. Nothing is recorded: it is good once, and only there.
async fn grant_for_domain(
    context: GrantContext<'_>,
    mut form: TokenForm,
    requested: DomainGrantType,
) -> Result<GrantAnswer, Error> {
    let (scopes, mut resources, audiences) = (form.scopes()?, form.resources()?, audiences(&form)?);
    let names: Vec<Audience> =
        if audiences.is_empty() && requested == DomainGrantType::Jwt { std::mem::take(&mut resources) } else { audiences };
    let [name] = &names[..] else { return Err(Denial::TargetExceeds.into()) };
    let is_it =
        |target: &&ExchangeTarget| target.server().is_some_and(|server| server.issuer == *name && server.grant_type == requested);
    let target = context.client.settings.exchange_targets.iter().find(is_it).cloned().ok_or(Denial::TargetExceeds)?;
    let server = target.server().ok_or(Denial::TargetExceeds)?;
    if resources.len() > 1 {
        return Err(Denial::TargetsTooMany.into());
    }
    let takes = if server.takes_own_tokens_only() { TokenType::is_of_client } else { TokenType::is_access_token };
    let subject = subject_token(&mut form, takes)?;
    let actor = actor_token(&mut form)?;
    let subject = if subject.1 == TokenType::IdToken {
        context.of_id_token(subject.0.expose()).await?.into_exchanged(&context)
    } else {
        context.look_up(&subject, Party::Subject).await?
    };
    let actor = match actor {
        Some(actor) => Some(context.look_up(&actor, Party::Actor).await?),
        None => None,
    };
    let member = if server.subject == GrantSubject::Email { context.named_member(&subject).await? } else { None };
    let ask = DomainGrantRequest { scopes, resource: resources.pop(), confirmation: context.confirmation.clone() };
    let now = context.ports.reader().now();
    let tokens = (subject.as_presented(), actor.as_ref().map(Exchanged::as_presented));
    let grant =
        policy::grant_for_domain(&context.service, &context.client, tokens, (&target, server), member.as_ref(), &ask, now)?;
    let minter = &context.ports.refresher.minter;
    let id = TokenId::generate(now, None, &*minter.entropy)?;
    let draft = DomainGrantDraft::new(&minter.signing, &minter.issuer, context.service.org(), grant, id).await?;
    context.consume_replay_guards().await?;
    Ok(GrantAnswer::ForDomain(Box::new(draft.sign(&minter.signing).await?)))
}

/// What the client wants.
enum Requested {
    /// A token of ours, of this type.
    Token(TokenType),
    /// A grant of this kind for another authorization server.
    Grant(DomainGrantType),
}

/// Reads `requested_token_type`: RFC 8693 section 2.1. A JWT is an access token of ours, unless a target of the client is named that is another
/// authorization server.
fn requested_type(form: &TokenForm, client: &Client) -> Result<Requested, Denial> {
    let Some(name) = form.requested_token_type.as_deref() else { return Ok(Requested::Token(TokenType::AccessToken)) };
    if name == DomainGrantType::IdJag.token_type() {
        return Ok(Requested::Grant(DomainGrantType::IdJag));
    }
    match name.parse() {
        Ok(TokenType::Jwt) if names_server(form, client) => Ok(Requested::Grant(DomainGrantType::Jwt)),
        Ok(requested @ (TokenType::AccessToken | TokenType::Jwt)) => Ok(Requested::Token(requested)),
        Ok(TokenType::RefreshToken | TokenType::IdToken | TokenType::Saml1 | TokenType::Saml2 | TokenType::DeviceSecret)
        | Err(_) => Err(Denial::RequestedTokenTypeInvalid),
    }
}

/// Whether the client asks for a JWT for another authorization server, and for nothing else.
fn names_server(form: &TokenForm, client: &Client) -> bool {
    let takes_jwt = |server: &AuthorizationServer| server.grant_type == DomainGrantType::Jwt;
    let mut servers =
        client.settings.exchange_targets.iter().filter_map(ExchangeTarget::server).filter(|server| takes_jwt(server));
    let mut names = form.resources.iter().chain(&form.audiences);
    names.clone().count() > 0 && servers.any(|server| names.all(|name| name == server.issuer.as_str()))
}

/// Reads every `audience`: RFC 8693 section 2.1. It means the same as `resource`, but may be any name.
fn audiences(form: &TokenForm) -> Result<Vec<Audience>, Denial> {
    form.audiences.iter().map(|name| Audience::parse(name).map_err(|_| Denial::TargetExceeds)).collect()
}

/// A token of the form, with its type.
type Token = (Secret<String>, TokenType);

/// What is presented for a token of ours.
enum Subject {
    /// An access token, in either of its forms.
    Token(Token),
    /// An API key of a member.
    ApiKey(Secret<String>),
}

/// Reads what is presented for a token of ours.
fn presented_subject(form: &mut TokenForm) -> Result<Subject, Denial> {
    if form.subject_token_type.as_deref() == Some(API_KEY_TYPE) {
        return form.subject_token.take().map(Subject::ApiKey).ok_or(Denial::SubjectTokenMissing);
    }
    subject_token(form, TokenType::can_be_exchanged).map(Subject::Token)
}

/// Reads the subject's token, which must be of a type that `takes` accepts. Anything else would get past the checks that these undergo.
fn subject_token(form: &mut TokenForm, takes: fn(TokenType) -> bool) -> Result<Token, Denial> {
    let token = form.subject_token.take().ok_or(Denial::SubjectTokenMissing)?;
    let kind = form.subject_token_type.take().ok_or(Denial::SubjectTokenTypeMissing)?;
    Ok((token, exchangeable(&kind, takes).ok_or(Denial::SubjectTokenTypeInvalid)?))
}

/// Reads the actor's token, if there is one.
fn actor_token(form: &mut TokenForm) -> Result<Option<Token>, Denial> {
    match (form.actor_token.take(), form.actor_token_type.take()) {
        (Some(token), Some(kind)) => {
            let kind = exchangeable(&kind, TokenType::is_access_token).ok_or(Denial::ActorTokenTypeMissing)?;
            Ok(Some((token, kind)))
        }
        (Some(_), None) => Err(Denial::ActorTokenTypeMissing),
        (None, Some(_)) => Err(Denial::ActorTokenTypeUnexpected),
        (None, None) => Ok(None),
    }
}

fn exchangeable(kind: &str, takes: fn(TokenType) -> bool) -> Option<TokenType> {
    kind.parse().ok().filter(|kind| takes(*kind))
}

fn within(asked: AuthorizationDetails, subject: &TokenRecord) -> Result<AuthorizationDetails, Denial> {
    let held = subject.issuance.as_ref().and_then(|issuance| issuance.details.as_ref());
    if held.is_some_and(|held| authorization_details::contains(held, &asked)) {
        Ok(asked)
    } else {
        Err(Denial::AuthorizationDetailsInvalid)
    }
}

/// Whether a JWT says that somebody else has issued it.
fn is_of_another(token: &str, here: &Issuer) -> bool {
    match Unverified::read(token) {
        Some(Unverified::Signed(claims)) => claims.text("iss").ok().flatten() != Some(here.as_str()),
        Some(Unverified::Encrypted | Unverified::Unsigned(_)) | None => false,
    }
}

/// The moment by which a mark judges what was issued in this second: the last one, where a mark is exact and ends what was issued before a token
/// of the very same answer.
const fn judged_at(key: &NotBeforeKey, second: Timestamp) -> Timestamp {
    match key.kind {
        NotBeforeScope::ClientOf(..) => Timestamp::from_ms(second.as_ms() + 999),
        NotBeforeScope::Client(_)
        | NotBeforeScope::ClientsOf(_)
        | NotBeforeScope::Member(_)
        | NotBeforeScope::Org
        | NotBeforeScope::Session(_) => second,
    }
}

/// What a refresh token says, as if it were an access token that lives as long.
fn as_token(family: Family) -> TokenRecord {
    TokenRecord {
        id: family.token,
        org: family.org,
        root_org: family.root_org,
        contents: family.contents,
        issued_at: family.issued_at,
        not_before: family.issued_at,
        expires_at: Some(family.expires_at),
        family: Some(family.id),
        value: None,
        status: None,
        refreshable_until: None,
        revision: 0,
        revoked_at: None,
        revoked_by: None,
    }
}

/// A token that is presented as the subject's, and which is alive.
enum SubjectToken {
    /// One of ours that is on record.
    OnRecord(Box<Exchanged>),
    /// One of an issuer that the org trusts, which may have been used before.
    Foreign(Box<Verified>),
    /// An ID token of ours.
    IdToken(Box<SignedIn>),
}

/// Reads what the token of an issuer lets the client have.
///
/// # Errors
/// [`Denial::SubjectTokenRefused`] if what it says of who may use it can't be understood.
fn foreign_token<'a>(asserted: &'a Asserted, here: &Issuer) -> Result<AssertedToken<'a>, Denial> {
    let malformed = |WrongType| Denial::SubjectTokenRefused;
    Ok(AssertedToken {
        subject: asserted.subject.clone(),
        bounds: SubjectBounds { issuer: asserted.issuer.scopes.as_deref(), said: None, member: asserted.member.as_ref() },
        resources: None,
        may_act: assertion::may_act(&asserted.claims, here).map_err(malformed)?,
        key: assertion::bound_key(&asserted.claims).map_err(malformed)?,
        session: None,
        acr: asserted.acr.clone(),
        auth_time: asserted.auth_time,
        expires_at: asserted.expires_at,
    })
}

/// What an ID token of ours says, with what its person has granted to the client. The token itself opens nothing.
struct SignedIn {
    token: ExchangedIdToken,
    /// The scopes that the person last granted: `openid` at least.
    scopes: Vec<Scope>,
    /// The APIs that the person granted.
    resources: Vec<Audience>,
}

impl SignedIn {
    fn as_asserted(&self) -> AssertedToken<'_> {
        AssertedToken {
            subject: self.token.hint.subject.clone(),
            bounds: SubjectBounds { said: Some(&self.scopes), ..SubjectBounds::default() },
            resources: Some(self.resources.clone()),
            may_act: None,
            key: None,
            session: self.token.hint.session.clone(),
            acr: self.token.acr.clone(),
            auth_time: self.token.auth_time,
            expires_at: self.token.expires_at,
        }
    }

    /// The same as if it were an access token of the client, of which there is no record.
    fn into_exchanged(self, context: &GrantContext<'_>) -> Exchanged {
        let (org, client) = (context.service.org(), context.client.id);
        let Self { token, scopes, resources } = self;
        let sign_in = SignIn {
            audience: token.hint.audience,
            resources: Vec::new(),
            amr: token.amr,
            session: token.hint.session,
            requested: None,
            claims: None,
            id_token_claims: None,
            access_token_claims: None,
            forwarded: None,
        };
        let issuance = Issuance {
            acr: token.acr,
            auth_time: token.auth_time,
            sign_in: Some(Box::new(sign_in)),
            ..Issuance::by(GrantType::AuthorizationCode)
        };
        let contents = TokenContents {
            client: Some(client),
            audiences: resources,
            scopes,
            issuance: Some(Box::new(issuance)),
            ..TokenContents::new(token.hint.subject)
        };
        let record = TokenRecord {
            id: TokenId::first_of(token.issued_at),
            org: org.id.clone(),
            root_org: org.root().clone(),
            contents,
            issued_at: token.issued_at,
            not_before: token.issued_at,
            expires_at: Some(token.expires_at),
            family: None,
            value: None,
            status: None,
            refreshable_until: None,
            revision: 0,
            revoked_at: None,
            revoked_by: None,
        };
        Exchanged { record, member: None, api_key: None }
    }
}

/// A token to exchange that is alive.
struct Exchanged {
    record: TokenRecord,
    /// The token's subject, if that is a member.
    member: Option<Member>,
    /// The API key that it is, if it is one.
    api_key: Option<LiveApiKey>,
}

impl Exchanged {
    fn as_presented(&self) -> policy::ExchangeToken<'_> {
        policy::ExchangeToken { record: &self.record, member: self.member.as_ref(), is_api_key: self.api_key.is_some() }
    }
}

impl GrantContext<'_> {
    /// Looks up the subject's token: by its `iss`, one of ours or one of an issuer that the org trusts.
    async fn look_up_subject(&self, subject: &Token) -> Result<SubjectToken, Error> {
        let (token, kind) = subject;
        let is_id_token = *kind == TokenType::IdToken;
        if (is_id_token || *kind == TokenType::Jwt) && is_of_another(token.expose(), self.ports.reader().keys.issuer()) {
            let (org, purpose) = (self.service.org(), Purpose::SubjectToken { is_id_token });
            let verified = assertion::verify(self.ports, org, (&self.client, self.address), token.expose(), purpose).await?;
            return Ok(SubjectToken::Foreign(Box::new(verified)));
        }
        if is_id_token {
            return Ok(SubjectToken::IdToken(Box::new(self.of_id_token(token.expose()).await?)));
        }
        Ok(SubjectToken::OnRecord(Box::new(self.look_up(subject, Party::Subject).await?)))
    }

    /// Reads an ID token of ours that was issued to the client, and what its person has granted to it. There is no record of the token, but
    /// what ends tokens of its person, its client and its session ends it, too.
    ///
    /// # Errors
    /// [`Denial::SubjectTokenInvalid`] if it is no such token, or isn't good any more.
    async fn of_id_token(&self, token: &str) -> Result<SignedIn, Error> {
        const INVALID: Denial = Denial::SubjectTokenInvalid;
        let reader = self.ports.reader();
        let token = id_token::read_exchanged(&*reader.keys.now().await?, token, reader.now()).ok_or(INVALID)?;
        // An alias is another client's in another org.
        if token.hint.audience != self.client.outward_name().to_string() {
            return Err(INVALID.into());
        }
        let (org, subject) = (self.service.id(), &token.hint.subject);
        let session = token.hint.session.clone().map(|id| Session { org: org.clone(), id });
        let marks: Vec<_> = NotBefore::keys_of(org, Some(subject), Some(self.client.id), session.as_ref()).collect();
        let key = PersonGrantKey { org: org.clone(), subject: subject.clone(), client: self.client.id };
        let wanted = RecordKeys { marks: marks.clone(), person_grants: vec![key.clone()], ..RecordKeys::default() };
        let mut found = reader.tokens.read(&wanted).await?;
        let is_dead = |key: &NotBeforeKey| found.marks.kills(key, judged_at(key, token.issued_at));
        let grant = found.person_grants.remove(&key);
        let ended_at = grant.as_ref().and_then(|grant| grant.ended_at);
        if marks.iter().any(is_dead) || ended_at.is_some_and(|end| token.issued_at <= end) {
            return Err(INVALID.into());
        }
        let openid = Scope::parse(openid::OPENID).map_err(|_| INVALID)?;
        let (scopes, resources) = match grant.filter(|grant| grant.ended_at.is_none()) {
            Some(grant) => (grant.latest.into_iter().collect(), grant.granted.resources.into_iter().collect()),
            None => (vec![openid], Vec::new()),
        };
        Ok(SignedIn { token, scopes, resources })
    }

    /// A token that a client of the org has got, or a member for itself. What is broken isn't absent: it is refused.
    async fn look_up(&self, (token, kind): &Token, party: Party) -> Result<Exchanged, Error> {
        if *kind == TokenType::RefreshToken {
            return self.of_family(token.expose()).await?.ok_or(party.invalid().into());
        }
        let is_jwt = looks_like_jwt(token.expose());
        if *kind == TokenType::Jwt && !is_jwt {
            return Err(party.invalid().into());
        }
        let found = match self.of_client(token.expose()).await? {
            Some(found) => Some(found),
            None if is_jwt => self.of_member(token.expose()).await?,
            None => None,
        };
        found.ok_or(party.invalid().into())
    }

    /// An API key of a member of the org. Whatever is wrong with it is one to whoever presents it.
    async fn of_api_key(&self, key: &str) -> Result<Exchanged, Error> {
        let (found, _) = api_key::find(self.ports.reader(), key, RecordKeys::default()).await?;
        let found = found.filter(|found| found.key.org == *self.service.id());
        let live = found.and_then(|found| found.into_live(self.address).ok()).ok_or(Denial::SubjectTokenInvalid)?;
        Ok(Exchanged { record: live.to_token(), member: Some(live.owner.clone()), api_key: Some(live) })
    }

    async fn of_client(&self, token: &str) -> Result<Option<Exchanged>, Fault> {
        let reader = self.ports.reader();
        let lookup = TokenLookup::by_value(&*reader.keys.now().await?, self.service.id(), token);
        let first = reader.tokens.read(&lookup.wanted(self.service.id())).await?;
        let found = lookup.find_access(reader, &first).await?.filter(|found| found.status == TokenStatus::Live);
        Ok(found.map(|found| Exchanged { record: found.record, member: found.member, api_key: None }))
    }

    /// A refresh token of the client, checked as if it were redeemed, but not used up.
    async fn of_family(&self, token: &str) -> Result<Option<Exchanged>, Fault> {
        let reader = self.ports.reader();
        let lookup = TokenLookup::by_value(&*reader.keys.now().await?, self.service.id(), token);
        let first = reader.tokens.read(&lookup.wanted(self.service.id())).await?;
        Ok(match lookup.find(reader, &first, Hint::RefreshToken).await? {
            Some(FoundToken::Refresh(found))
                if found.status == TokenStatus::Live && found.family.client == Some(self.client.id) =>
            {
                Some(Exchanged { record: as_token(found.family), member: found.member, api_key: None })
            }
            Some(FoundToken::Refresh(_) | FoundToken::Access(_)) | None => None,
        })
    }

    /// The member that the subject of a token is, whether or not the token depends on it.
    async fn named_member(&self, subject: &Exchanged) -> Result<Option<Member>, Fault> {
        if subject.member.is_some() {
            return Ok(subject.member.clone());
        }
        let Some(owner) = subject.record.owner() else { return Ok(None) };
        let key = MemberKey { org: self.service.id().clone(), subject: owner.clone() };
        let wanted = RecordKeys { members: vec![key.clone()], ..RecordKeys::default() };
        Ok(self.ports.reader().tokens.read(&wanted).await?.members.remove(&key).filter(|member| member.enabled))
    }

    async fn of_member(&self, token: &str) -> Result<Option<Exchanged>, Fault> {
        let (presented, _) = bearer::inspect(self.ports.reader(), token, RecordKeys::default()).await?;
        Ok(match presented {
            bearer::PresentedToken::Access(found)
                if found.status == TokenStatus::Live
                    && found.record.org == *self.service.id()
                    && found.record.issuance.is_none() =>
            {
                Some(Exchanged { record: found.record, member: found.member, api_key: None })
            }
            bearer::PresentedToken::Access(_)
            | bearer::PresentedToken::Refresh(_)
            | bearer::PresentedToken::Expired(_)
            | bearer::PresentedToken::Invalid => None,
        })
    }
}
