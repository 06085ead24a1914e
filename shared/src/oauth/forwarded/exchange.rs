//! Token exchange: RFC 8693. The authorization server decides about it, and issues the token.

use super::{Outcome, asked};
use crate::auth::assertion;
use crate::auth::assertion::Party;
use crate::auth::client::AuthenticatedClient;
use crate::auth::service::Lookup as _;
use crate::domain::{Denial, Error, Secret, Service, TokenStatus};
use crate::oauth::{TokenForm, TokenType};
use crate::platform::capabilities::Granter;
use crate::tokens::lookup::{FoundToken, Hint, TokenLookup};

/// A token exchange: RFC 8693 section 2.1.
#[derive(Debug)]
pub struct Exchange {
    /// The parameter `audience`: for whom the token is wanted.
    pub audiences: Vec<String>,
    /// The parameter `requested_token_type`: what is to be issued.
    pub requested: Option<TokenType>,
    /// The parameter `subject_token`: on whose behalf the request is made.
    pub subject: ExchangedToken,
    /// The parameter `actor_token`: who acts on behalf of the subject.
    pub actor: Option<ExchangedToken>,
}

/// A token that shall be exchanged.
#[derive(Debug)]
pub struct ExchangedToken {
    /// The token as it was presented.
    pub token: Secret<String>,
    /// The type that the request says the token has.
    pub kind: TokenType,
    /// What is known of it, if it is ours.
    pub found: Option<FoundToken>,
}

/// Checks what shall be exchanged, as far as it can be here.
pub(super) async fn token_exchange(
    ports: &Granter,
    service: &Service,
    client: Option<AuthenticatedClient>,
    form: TokenForm,
) -> Result<Outcome, Error> {
    let asked = asked(service, client, &form)?;
    let requested = match &form.requested_token_type {
        Some(urn) => Some(urn.parse().map_err(|_| Denial::RequestedTokenTypeInvalid)?),
        None => None,
    };
    let token = form.subject_token.ok_or(Denial::SubjectTokenMissing)?;
    let kind = form.subject_token_type.ok_or(Denial::SubjectTokenTypeMissing)?;
    let kind = kind.parse().map_err(|_| Denial::SubjectTokenTypeInvalid)?;
    let actor = match (form.actor_token, form.actor_token_type) {
        (Some(token), Some(kind)) => Some((token, kind.parse().map_err(|_| Denial::ActorTokenTypeMissing)?)),
        (Some(_), None) => return Err(Denial::ActorTokenTypeMissing.into()),
        (None, Some(_)) => return Err(Denial::ActorTokenTypeUnexpected.into()),
        (None, None) => None,
    };
    let subject = exchanged(ports, service, token, kind, Party::Subject).await?;
    let actor = match actor {
        Some((token, kind)) => Some(exchanged(ports, service, token, kind, Party::Actor).await?),
        None => None,
    };
    let exchange = Box::new(Exchange { audiences: form.audiences, requested, subject, actor });
    Ok(Outcome::TokenExchange { exchange, asked })
}

/// A token to exchange, checked as far as its type allows.
async fn exchanged(
    ports: &Granter,
    service: &Service,
    token: Secret<String>,
    kind: TokenType,
    party: Party,
) -> Result<ExchangedToken, Error> {
    let reader = ports.reader();
    let rules = service.org().settings.oauth.token_exchange;
    let keys = reader.keys.now().await?;
    let found = match kind {
        TokenType::AccessToken | TokenType::RefreshToken => {
            let lookup = TokenLookup::by_value(&keys, service.id(), token.expose());
            let first = reader.tokens.read(&lookup.wanted(service.id())).await?;
            let hint = if kind == TokenType::AccessToken { Hint::AccessToken } else { Hint::RefreshToken };
            let found = lookup.find(reader, &first, hint).await?;
            let is_good = |found: &FoundToken| match found {
                FoundToken::Access(token) => kind == TokenType::AccessToken && token.status == TokenStatus::Live,
                FoundToken::Refresh(found) => kind == TokenType::RefreshToken && found.status == TokenStatus::Live,
            };
            Some(found.filter(is_good).ok_or(party.invalid())?)
        }
        TokenType::Jwt => {
            assertion::check_jwt(token.expose(), party, rules, reader.now())?;
            None
        }
        TokenType::IdToken => {
            assertion::check_id_token(token.expose(), party, &keys.verifier, reader.now())?;
            None
        }
        TokenType::Saml1 | TokenType::Saml2 | TokenType::DeviceSecret => None,
    };
    Ok(ExchangedToken { token, kind, found })
}
