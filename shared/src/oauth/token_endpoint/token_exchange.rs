//! `urn:ietf:params:oauth:grant-type:token-exchange`: RFC 8693.

use super::{GrantContext, Granted};
use crate::auth::assertion::Party;
use crate::auth::bearer;
use crate::auth::service::Lookup as _;
use crate::domain::{Audience, AuthorizationDetails, Denial, Error, Fault, Member, Secret, TokenRecord, TokenStatus};
use crate::jose::looks_like_jwt;
use crate::oauth::authorization_details;
use crate::oauth::{TokenForm, TokenType};
use crate::policy::{self, ExchangeRequest};
use crate::store::RecordKeys;
use crate::tokens::lookup::TokenLookup;
use crate::tokens::mint;

/// Grants a token in exchange for one that the client presents.
pub(super) async fn grant(context: GrantContext<'_>, form: TokenForm) -> Result<Granted, Error> {
    let requested = requested_type(&form)?;
    let asked = (form.scopes()?, form.resources()?, audiences(&form)?, context.details(&form)?);
    let (subject, actor) = presented(form)?;
    let subject = context.look_up(&subject, Party::Subject).await?;
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
    let actor = actor.as_ref().map(Exchanged::presented);
    let grant = policy::exchange(&context.service, &context.client, subject.presented(), actor, ask, now)?;
    if grant.names_actors() && !mint::fits(&context.ports.refresher.minter, &grant).await? {
        return Err(Denial::ActorChainTooLong.into());
    }
    Ok(Granted { issued: context.grant(grant).await?, token_type: Some(requested), id_token: None })
}

/// Reads `requested_token_type`: RFC 8693 section 2.1. Only access tokens are issued, as JWTs if the client asks for that.
fn requested_type(form: &TokenForm) -> Result<TokenType, Denial> {
    match form.requested_token_type.as_deref().map(str::parse) {
        None => Ok(TokenType::AccessToken),
        Some(Ok(requested @ (TokenType::AccessToken | TokenType::Jwt))) => Ok(requested),
        Some(_) => Err(Denial::RequestedTokenTypeInvalid),
    }
}

/// Reads every `audience`: RFC 8693 section 2.1. It means the same as `resource`, but may be any name.
fn audiences(form: &TokenForm) -> Result<Vec<Audience>, Denial> {
    form.audiences.iter().map(|name| Audience::parse(name).map_err(|_| Denial::TargetExceeds)).collect()
}

/// A token of the form, with its type.
type Token = (Secret<String>, TokenType);

fn presented(form: TokenForm) -> Result<(Token, Option<Token>), Denial> {
    let token = form.subject_token.ok_or(Denial::SubjectTokenMissing)?;
    let kind = form.subject_token_type.ok_or(Denial::SubjectTokenTypeMissing)?;
    let subject = (token, exchangeable(&kind).ok_or(Denial::SubjectTokenTypeInvalid)?);
    let actor = match (form.actor_token, form.actor_token_type) {
        (Some(token), Some(kind)) => Some((token, exchangeable(&kind).ok_or(Denial::ActorTokenTypeMissing)?)),
        (Some(_), None) => return Err(Denial::ActorTokenTypeMissing),
        (None, Some(_)) => return Err(Denial::ActorTokenTypeUnexpected),
        (None, None) => None,
    };
    Ok((subject, actor))
}

/// Anything else would get past the checks that access tokens undergo.
fn exchangeable(kind: &str) -> Option<TokenType> {
    kind.parse().ok().filter(|kind| matches!(kind, TokenType::AccessToken | TokenType::Jwt))
}

fn within(asked: AuthorizationDetails, subject: &TokenRecord) -> Result<AuthorizationDetails, Denial> {
    let held = subject.issuance.as_ref().and_then(|issuance| issuance.details.as_ref());
    if held.is_some_and(|held| authorization_details::contains(held, &asked)) {
        Ok(asked)
    } else {
        Err(Denial::AuthorizationDetailsInvalid)
    }
}

/// A token to exchange that is alive.
struct Exchanged {
    record: TokenRecord,
    /// The token's subject, if that is a member.
    member: Option<Member>,
}

impl Exchanged {
    fn presented(&self) -> policy::ExchangeToken<'_> {
        policy::ExchangeToken { record: &self.record, member: self.member.as_ref() }
    }
}

impl GrantContext<'_> {
    /// A token that a client of the org has got, or a member for itself. What is broken isn't absent: it is refused.
    async fn look_up(&self, (token, kind): &Token, party: Party) -> Result<Exchanged, Error> {
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

    async fn of_client(&self, token: &str) -> Result<Option<Exchanged>, Fault> {
        let reader = self.ports.reader();
        let lookup = TokenLookup::by_value(&*reader.keys.now().await?, self.service.id(), token);
        let first = reader.tokens.read(&lookup.wanted(self.service.id())).await?;
        let found = lookup.find_access(reader, &first).await?.filter(|found| found.status == TokenStatus::Live);
        Ok(found.map(|found| Exchanged { record: found.record, member: found.member }))
    }

    async fn of_member(&self, token: &str) -> Result<Option<Exchanged>, Fault> {
        let (presented, _) = bearer::inspect(self.ports.reader(), token, RecordKeys::default()).await?;
        Ok(match presented {
            bearer::PresentedToken::Access(found)
                if found.status == TokenStatus::Live
                    && found.record.org == *self.service.id()
                    && found.record.issuance.is_none() =>
            {
                Some(Exchanged { record: found.record, member: found.member })
            }
            bearer::PresentedToken::Access(_)
            | bearer::PresentedToken::Refresh(_)
            | bearer::PresentedToken::Expired(_)
            | bearer::PresentedToken::Invalid => None,
        })
    }
}
