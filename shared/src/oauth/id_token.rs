//! ID tokens: what a client is told of a person who has signed in (OpenID Connect Core section 2).

use serde_json::{Map, Value};

use crate::domain::scope::openid;
use crate::domain::{
    Algorithm, Client, Error, Fault, Issuer, MetadataValue, Org, Refusal, Secret, SessionId, SignIn, Subject, Timestamp,
    TokenRecord,
};
use crate::jose::foreign::Claims;
use crate::jose::jws::{Compact, MAX_TOKEN_BYTES};
use crate::jose::left_half_of_hash;
use crate::keys::signer::jws;
use crate::keys::{PublishedKeys, Signing, SigningKeys};
use crate::oauth::person_claims::{self, read_claims};

/// The `typ` of ID tokens. That of access tokens of clients is another one, so that neither passes for the other.
const TYPE: &str = "JWT";

/// What an ID token is made of.
#[derive(Clone, Copy, Debug)]
pub struct IdTokenSubject<'a> {
    /// The access token that comes with it.
    pub record: &'a TokenRecord,
    /// The value of that access token.
    pub access_token: &'a Secret<String>,
    /// How the person signed in, whole.
    pub sign_in: &'a SignIn,
    /// The client that it is for.
    pub client: &'a Client,
    /// When the ID token is issued.
    pub issued_at: Timestamp,
    /// The `nonce` of the authorization request. A refresh has none (OpenID Connect Core section 12.2).
    pub nonce: Option<&'a str>,
}

/// What signs ID tokens, and in whose name.
#[derive(Clone, Copy, Debug)]
pub struct IdTokenIssuer<'a> {
    /// The keys that sign the tokens.
    pub signing: &'a SigningKeys,
    /// The `iss` of the tokens.
    pub issuer: &'a Issuer,
}

/// Says whether an ID token has room for so many bytes of claims of the person, with all else that it may say.
pub(crate) fn has_room_for(claims_bytes: usize) -> bool {
    /// Header, signature by RSA of 4,096 bits, and the claims of our own with the longest names, in base64url.
    const REST_BYTES: usize = 2_600;
    claims_bytes * 4 / 3 + REST_BYTES <= MAX_TOKEN_BYTES
}

/// Signs the ID token that comes with an access token. `None` where the person hasn't granted `openid`.
///
/// # Errors
/// A [`Fault`] if there is no key, or it can't be reached. [`Refusal::TokenTooLarge`] if the token would be longer than the key can
/// sign.
pub async fn issue(ports: IdTokenIssuer<'_>, org: &Org, of: IdTokenSubject<'_>) -> Result<Option<Secret<String>>, Error> {
    if !of.record.scopes.iter().any(|scope| scope.as_str() == openid::OPENID) {
        return Ok(None);
    }
    let signing = ports.signing.now().await?;
    let signer = signing.signer(algorithm(&signing, org, of.client))?;
    let payload = serde_json::to_vec(&claims(ports.issuer.as_str(), org, signer.jwk().alg, of)?)
        .map_err(|e| Fault::internal("writing an ID token").because(e))?;
    let header = read_claims(of.sign_in.forwarded.as_ref().and_then(|forwarded| forwarded.id_token_header.as_ref()))?;
    if jws::length_with_header(signer.jwk(), TYPE, &header, &payload)? > signer.longest() {
        return Err(Refusal::TokenTooLarge { limit: signer.longest() }.into());
    }
    Ok(Some(Secret::new(jws::sign_with_header(signer, TYPE, &header, &payload).await?)))
}

/// The algorithm that the client has registered, else that of the org, of those for which there is a key. `None`: the deployment's first.
fn algorithm(signing: &Signing, org: &Org, client: &Client) -> Option<Algorithm> {
    let registered = match client.settings.metadata.get("id_token_signed_response_alg") {
        Some(MetadataValue::Text(name)) => name.parse().ok(),
        Some(_) | None => None,
    };
    [registered, org.settings.oauth.id_token_sign_alg].into_iter().flatten().find(|alg| signing.signer(Some(*alg)).is_ok())
}

fn claims(issuer: &str, org: &Org, algorithm: Algorithm, of: IdTokenSubject<'_>) -> Result<Map<String, Value>, Fault> {
    let IdTokenSubject { record, access_token, sign_in, client, issued_at, nonce } = of;
    let issuance = record.issuance.as_deref();
    let issued_at = issued_at.whole_second();
    // Those of the person come first, so that what is ours replaces what has the same name.
    let scopes = if client.settings.claims_in_id_token { record.scopes.as_slice() } else { &[] };
    let mut claims = person_claims::select(sign_in, scopes, "id_token")?;
    claims.extend(read_claims(sign_in.id_token_claims.as_ref())?);
    let mut say = |name: &str, value: Option<Value>| claims.extend(value.map(|value| (name.to_owned(), value)));
    say("iss", Some(issuer.into()));
    let forwarded = sign_in.forwarded.as_deref();
    let told = forwarded.and_then(|forwarded| forwarded.told_subject.as_ref()).unwrap_or(&record.subject);
    let audience = sign_in.audience.as_str();
    let has_list = forwarded.is_some_and(|forwarded| forwarded.has_audience_list);
    say("sub", Some(told.as_str().into()));
    say("aud", Some(if has_list { vec![audience].into() } else { audience.into() }));
    say("iat", Some(issued_at.as_secs().into()));
    say("exp", Some(issued_at.plus(org.settings.oauth.id_token_duration).as_secs().into()));
    say("nonce", nonce.map(Value::from));
    say("auth_time", issuance.and_then(|issuance| issuance.auth_time).map(|at| at.as_secs().into()));
    say("acr", issuance.and_then(|issuance| issuance.acr.as_deref()).map(Value::from));
    say("amr", (!sign_in.amr.is_empty()).then(|| sign_in.amr.clone().into()));
    say("sid", sign_in.session.as_ref().map(|session| session.as_str().into()));
    say("at_hash", Some(left_half_of_hash(algorithm, access_token.expose()).into()));
    Ok(claims)
}

/// What an ID token of ours says of whom it is about, and for whom.
#[derive(Clone, Debug)]
pub(crate) struct IdTokenHint {
    /// The person whom it is about.
    pub(crate) subject: Subject,
    /// The session of the login application. `None`: the token names none.
    pub(crate) session: Option<SessionId>,
    /// The client, as it named itself.
    pub(crate) audience: String,
}

/// Reads an `id_token_hint`: an ID token of ours, which may be over (OpenID Connect Core section 3.1.2.1). `None`: it is no such token.
///
/// Whether the client is the right one is for the caller to say.
pub(crate) fn read_hint(keys: &PublishedKeys, hint: &str) -> Option<IdTokenHint> {
    read(keys, hint).map(|(hint, _)| hint)
}

/// What an ID token of ours says that its client presents to be exchanged, and which isn't over.
#[derive(Clone, Debug)]
pub(crate) struct ExchangedIdToken {
    /// Whom it is about, and for whom.
    pub(crate) hint: IdTokenHint,
    /// When it was issued, to the second.
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) acr: Option<String>,
    pub(crate) auth_time: Option<Timestamp>,
    pub(crate) amr: Vec<String>,
}

/// Reads an ID token of ours that is presented to be exchanged. `None`: it is no such token, or is over.
pub(crate) fn read_exchanged(keys: &PublishedKeys, token: &str, now: Timestamp) -> Option<ExchangedIdToken> {
    let (hint, claims) = read(keys, token)?;
    let amr = claims.given("amr").and_then(Value::as_array).into_iter().flatten();
    Some(ExchangedIdToken {
        hint,
        issued_at: claims.moment("iat").ok()??,
        expires_at: claims.moment("exp").ok()?.filter(|exp| now < *exp)?,
        acr: claims.text("acr").ok()?.map(str::to_owned),
        auth_time: claims.moment("auth_time").ok()?,
        amr: amr.filter_map(Value::as_str).map(str::to_owned).collect(),
    })
}

fn read(keys: &PublishedKeys, hint: &str) -> Option<(IdTokenHint, Claims)> {
    let token = Some(hint).filter(|hint| hint.len() <= MAX_TOKEN_BYTES).and_then(Compact::parse)?;
    if token.typ.as_deref() != Some(TYPE) || !keys.verifier.has_signed(&token) {
        return None;
    }
    let claims = Claims::read(&token.payload)?;
    let is_ours = claims.text("iss").ok()? == Some(keys.verifier.issuer().as_str());
    let [audience] = claims.audiences().ok()?[..] else { return None };
    // Members' tokens have this type, too.
    let is_id_token = claims.text("at_hash").ok()?.is_some();
    if !is_ours || !is_id_token {
        return None;
    }
    let subject = Subject::parse(claims.text("sub").ok()??).ok()?;
    let session = claims.text("sid").ok()?.map(SessionId::parse).transpose().ok()?;
    let audience = audience.to_owned();
    Some((IdTokenHint { subject, session, audience }, claims))
}
