//! ID tokens that an authorization server has made anew for the tokens of a refresh: Authlete's `/idtoken/reissue`.
//!
//! The server knows of the person what has changed since they signed in. Nothing is used up, and no other token is made.

use crate::domain::scope::openid;
use crate::domain::{
    Client, Error, ExtraClaims, ForwardedSignIn, Refusal, Secret, Service, SignIn, Subject, TokenRecord, TokenStatus,
};
use crate::oauth::id_token::{IdTokenIssuer, IdTokenSubject, issue};
use crate::platform::capabilities::SigningReader;
use crate::store::Records;
use crate::tokens::lookup::{ClientAccessToken, FoundToken, Hint, TokenLookup};

/// What a client has got by a refresh, and what the new ID token shall say. What is left out is as it was at the sign-in.
#[derive(Debug)]
pub struct Reissue {
    /// The access token, as the client presents it.
    pub access_token: Secret<String>,
    /// The refresh token that came with it.
    pub refresh_token: Secret<String>,
    /// The `sub` that the client is told.
    pub told_subject: Option<Subject>,
    /// What it says besides.
    pub claims: Option<ExtraClaims>,
    /// More members for its header.
    pub header: Option<ExtraClaims>,
    /// Whether its `aud` is a list.
    pub has_audience_list: Option<bool>,
}

/// A new ID token, with the tokens that it comes with.
#[derive(Debug)]
pub struct Reissued {
    /// The new ID token.
    pub id_token: Secret<String>,
    /// The access token, as the client presents it.
    pub access_token: Secret<String>,
    /// The record of the access token.
    pub record: TokenRecord,
    /// The refresh token that came with it.
    pub refresh_token: Secret<String>,
}

/// Signs a new ID token for an access token and its refresh token. `lookup` and `found` are what the first read has found of both.
///
/// # Errors
/// [`Refusal::Invalid`] if one of the tokens isn't alive, they don't belong together, or nobody has signed in with `openid`.
/// [`Refusal::TokenTooLarge`] if the token would be longer than the key can sign.
pub async fn reissue(
    ports: &SigningReader,
    service: &Service,
    ((access, refresh), found): ((&TokenLookup, &TokenLookup), &Records),
    asked: Reissue,
) -> Result<Reissued, Error> {
    let unfit = || Refusal::invalid("accessToken", "must be alive and of a person who has granted openid");
    let reader = &ports.reader;
    let is_good = |token: &ClientAccessToken| {
        let is_openid = token.record.scopes.iter().any(|scope| scope.as_str() == openid::OPENID);
        token.status == TokenStatus::Live && is_openid && token.record.owner().is_some()
    };
    let token = access.find_access(reader, found).await?.map(ClientAccessToken::narrowed).filter(is_good).ok_or_else(unfit)?;
    let family = match refresh.find(reader, found, Hint::RefreshToken).await? {
        Some(FoundToken::Refresh(found)) if found.status == TokenStatus::Live => Some(found.family),
        Some(FoundToken::Refresh(_) | FoundToken::Access(_)) | None => None,
    };
    let family = family.filter(|family| token.record.family == Some(family.id));
    let family = family.ok_or_else(|| Refusal::invalid("refreshToken", "must be alive and the one of the access token"))?;
    let client = token.client.as_ref().ok_or_else(unfit)?;
    let of_family = family.issuance.as_deref().and_then(|issuance| issuance.sign_in.as_deref());
    let of_token = token.record.issuance.as_deref().and_then(|issuance| issuance.sign_in.as_deref());
    let Reissue { access_token, refresh_token, told_subject, claims, header, has_audience_list } = asked;
    let mut sign_in = of_family.or(of_token).cloned().unwrap_or_else(|| unknown_sign_in(client, &token.record));
    let before = sign_in.forwarded.as_deref().cloned().unwrap_or_default();
    sign_in.forwarded = Some(Box::new(ForwardedSignIn {
        told_subject: told_subject.or(before.told_subject),
        id_token_header: header.or(before.id_token_header),
        has_audience_list: has_audience_list.unwrap_or(before.has_audience_list),
        ..before
    }));
    sign_in.id_token_claims = claims.or(sign_in.id_token_claims);
    let of = IdTokenSubject {
        record: &token.record,
        access_token: &access_token,
        sign_in: &sign_in,
        client,
        issued_at: reader.now(),
        nonce: None,
    };
    let issuer = IdTokenIssuer { signing: &ports.signing, issuer: reader.keys.issuer() };
    let id_token = issue(issuer, service.org(), of).await?.ok_or_else(unfit)?;
    Ok(Reissued { id_token, access_token, record: token.record, refresh_token })
}

/// What is known of how a person signed in for whom the authorization server has created the token itself.
fn unknown_sign_in(client: &Client, record: &TokenRecord) -> SignIn {
    SignIn {
        audience: client.id.to_string(),
        resources: Vec::new(),
        amr: Vec::new(),
        session: record.session.as_ref().map(|session| session.id.clone()),
        requested: None,
        claims: None,
        id_token_claims: None,
        access_token_claims: None,
        forwarded: Some(Box::new(ForwardedSignIn { has_audience_list: true, ..ForwardedSignIn::default() })),
    }
}
