//! What an API key may be exchanged for: a JWT of no more than it opens, for one API, and for a while.

use super::client::deduplicated;
use super::resource::find_resources;
use super::{Grant, TokenFormat, TokenProfile};
use crate::domain::{
    Algorithm, Ancestor, ApiKey, Audience, Confirmation, Denial, GrantType, Invalid, Issuance, Issuer, Org, Refusal, Scope,
    Thumbprint, Timestamp, TokenContents,
};

/// What is asked for in exchange for an API key.
#[derive(Clone, Debug)]
pub struct ApiKeyExchange {
    /// Some of its scopes. `None`: all of them.
    pub scopes: Option<Vec<Scope>>,
    /// One of the APIs that it is for. None: the only one.
    pub audiences: Vec<Audience>,
    /// The key that the request proved, to which the JWT is bound.
    pub dpop_key: Option<Thumbprint>,
    /// The algorithm that signs the JWT.
    pub algorithm: Algorithm,
}

/// Decides on the exchange of an API key that is live, with the scopes that its owner holds.
///
/// # Errors
/// [`Denial::ScopeInvalid`] for a scope that the key doesn't open, [`Denial::TargetExceeds`] for an API that it isn't for, and
/// [`Denial::TargetsTooMany`] if more than one is asked for, or none and it is for several.
pub fn exchange_api_key(org: &Org, key: &ApiKey, ask: ApiKeyExchange, issuer: &Issuer, now: Timestamp) -> Result<Grant, Refusal> {
    let scopes = match ask.scopes.map(deduplicated) {
        None => key.scopes.clone(),
        Some(asked) if asked.iter().all(|scope| key.scopes.contains(scope)) => asked,
        Some(_) => return Err(Denial::ScopeInvalid.into()),
    };
    let named = find_resources(&key.resources, &ask.audiences).ok_or(Denial::TargetExceeds)?;
    let audiences = match (&named[..], &key.resources[..]) {
        ([one], _) | ([], [one]) => vec![one.clone()],
        _ => return Err(Denial::TargetsTooMany.into()),
    };
    let issuance = Issuance {
        confirmation: Confirmation { dpop_key: ask.dpop_key, ..Confirmation::default() },
        of_member: true,
        api_key: Some(key.id),
        ..Issuance::by(GrantType::TokenExchange)
    };
    let origin = Ancestor {
        org: key.org.clone(),
        id: key.id,
        subject: key.owner.clone(),
        client: None,
        family: None,
        session: None,
        is_api_key: true,
    };
    let contents = TokenContents {
        audiences,
        scopes,
        created_by: Some(key.id),
        ancestors: vec![origin],
        issuance: Some(Box::new(issuance)),
        ..TokenContents::new(key.owner.clone())
    };
    let issuer = Audience::parse(issuer.as_str()).map_err(|Invalid(rule)| Refusal::invalid("resource", rule))?;
    let profile = TokenProfile::Rfc9068 { issuer };
    let form = TokenFormat::AccessTokenJwt { algorithm: ask.algorithm, extra: None, profile };
    let usual = now.whole_second().plus(org.settings.api_keys.jwt_duration);
    Ok(Grant { form, ..Grant::for_member(org, contents, Some(usual.min(key.expires_at)), now) })
}
