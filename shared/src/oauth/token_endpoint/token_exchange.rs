//! `urn:ietf:params:oauth:grant-type:token-exchange`: RFC 8693.

use std::net::IpAddr;

use super::api_key::API_KEY_TYPE;
use super::{GrantAnswer, GrantContext, Granted};
use crate::auth::api_key::{self, LiveApiKey};
use crate::auth::assertion::Party;
use crate::auth::bearer;
use crate::auth::service::Lookup as _;
use crate::domain::{
    Audience, AuthorizationDetails, AuthorizationServer, Client, Denial, DomainGrantType, Error, ExchangeTarget, Family, Fault,
    GrantSubject, Member, MemberKey, Secret, TokenId, TokenRecord, TokenStatus,
};
use crate::jose::looks_like_jwt;
use crate::oauth::authorization_details;
use crate::oauth::domain_grant::DomainGrantDraft;
use crate::oauth::{TokenForm, TokenType};
use crate::policy::{self, DomainGrantRequest, ExchangeRequest};
use crate::store::{KeepApiKeys, RecordKeys};
use crate::tokens::lookup::{FoundToken, Hint, TokenLookup};
use crate::tokens::mint;

/// Grants a token in exchange for one that the client presents, or a grant for another authorization server. `address` is where the client
/// is, which counts where it presents an API key; the use of a key is noted beside the work.
pub(super) async fn grant(
    context: GrantContext<'_>,
    mut form: TokenForm,
    (address, api_keys): (Option<IpAddr>, &dyn KeepApiKeys),
) -> Result<GrantAnswer, Error> {
    let requested = match requested_type(&form, &context.client)? {
        Requested::Token(token_type) => token_type,
        Requested::Grant(target) => return grant_for_domain(context, form, target).await,
    };
    let asked = (form.scopes()?, form.resources()?, audiences(&form)?, context.details(&form)?);
    let subject = presented_subject(&mut form)?;
    let actor = actor_token(&mut form)?;
    let subject = match subject {
        Subject::Token(token) => context.look_up(&token, Party::Subject).await?,
        Subject::ApiKey(key) => context.of_api_key(key.expose(), address).await?,
    };
    let actor = match actor {
        Some(actor) => Some(context.look_up(&actor, Party::Actor).await?),
        None => None,
    };
    let (scopes, resources, audiences, details) = asked;
    let ask = ExchangeRequest {
        scopes,
        resources,
        audiences,
        details: details.map(|details| within(details, &subject.record)).transpose()?,
        confirmation: context.confirmation.clone(),
        jwt: requested == TokenType::Jwt,
        profile: context.profile()?,
    };
    let now = context.ports.reader().now();
    let actor = actor.as_ref().map(Exchanged::as_presented);
    let grant = policy::exchange(&context.service, &context.client, subject.as_presented(), actor, ask, now)?;
    if grant.names_actors() && !mint::fits(&context.ports.refresher.minter, &grant).await? {
        return Err(Denial::ActorChainTooLong.into());
    }
    let reader = context.ports.reader();
    let note_use = async {
        if let Some(key) = &subject.api_key {
            key.note_use(reader, api_keys).await;
        }
    };
    let (issued, ()) = futures::future::join(context.grant(grant), note_use).await;
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
    let subject = context.look_up(&subject, Party::Subject).await?;
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
    subject_token(form, TokenType::is_access_token).map(Subject::Token)
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
        refreshable_until: None,
        revision: 0,
        revoked_at: None,
        revoked_by: None,
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
    async fn of_api_key(&self, key: &str, address: Option<IpAddr>) -> Result<Exchanged, Error> {
        let (found, _) = api_key::find(self.ports.reader(), key, RecordKeys::default()).await?;
        let found = found.filter(|found| found.key.org == *self.service.id());
        let live = found.and_then(|found| found.into_live(address).ok()).ok_or(Denial::SubjectTokenInvalid)?;
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
