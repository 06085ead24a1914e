//! Userinfo requests that an authorization server has received, and forwards: OpenID Connect Core section 5.3.
//!
//! The server knows the person, Jeton the token: first it tells what the token may know, then it writes the answer. Whom the token is
//! meant for isn't looked at: the server says what its endpoint takes.

use serde_json::{Map, Value};

use crate::domain::scope::openid;
use crate::domain::{Algorithm, Denial, Error, Fault, MetadataValue, Refusal, Secret, Service, SignIn, Subject, TokenStatus};
use crate::keys::signer::jws;
use crate::oauth::person_claims::RESERVED_CLAIMS;
use crate::platform::capabilities::{Introspector, Reader, SigningReader};
use crate::store::Records;
use crate::tokens::introspect::{ResourceRequest, Verdict, introspect_for_resource_server};
use crate::tokens::lookup::{ClientAccessToken, TokenLookup};

/// A token that a client has shown to the userinfo endpoint of an authorization server.
#[derive(Debug)]
pub struct ForwardedUserinfo {
    /// The token, as it was shown.
    pub token: Secret<String>,
    /// What its presenter proves.
    pub request: ResourceRequest,
}

/// Why a token opens nothing at the userinfo endpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UserinfoProblem {
    /// There is no such token, or it isn't alive any more.
    Unknown,
    /// The token has expired.
    Expired,
    /// The token is the client's own: nobody has signed in for it.
    WithoutPerson,
    /// The token is bound to a key or a certificate that its presenter didn't prove.
    Unproved(Denial),
    /// The token lacks the scope `openid`.
    LacksOpenid,
}

/// A token that may know of its person.
#[derive(Debug)]
pub struct PersonToken {
    token: Box<ClientAccessToken>,
}

impl PersonToken {
    /// Returns the token with all that is known of it.
    pub fn token(&self) -> &ClientAccessToken {
        &self.token
    }

    /// Returns how the person signed in, if they did so by an authorization request.
    pub fn sign_in(&self) -> Option<&SignIn> {
        let of_family = self.token.family.as_ref().and_then(|family| family.issuance.as_deref()?.sign_in.as_deref());
        of_family.or_else(|| self.token.record.issuance.as_deref()?.sign_in.as_deref())
    }

    /// Returns the `sub` that the client is told, if nobody says another one now.
    fn told_subject(&self) -> &Subject {
        let forwarded = self.sign_in().and_then(|sign_in| sign_in.forwarded.as_deref());
        forwarded.and_then(|forwarded| forwarded.told_subject.as_ref()).unwrap_or(&self.token.record.subject)
    }
}

/// Examines a token that was shown. `lookup` and `found` are what the first read has found of it.
///
/// # Errors
/// Only a fault: what is wrong with the token is the [`UserinfoProblem`].
pub async fn examine(
    ports: &Introspector,
    service: &Service,
    (lookup, found): (&TokenLookup, &Records),
    shown: &ForwardedUserinfo,
) -> Result<Result<PersonToken, UserinfoProblem>, Error> {
    let known = (lookup, found);
    let seen = introspect_for_resource_server(ports, service, known, shown.token.expose(), &shown.request).await?;
    let problem = match seen.verdict {
        Verdict::Sufficient => None,
        Verdict::Expired { .. } => Some(UserinfoProblem::Expired),
        Verdict::Unproved(denial) => Some(UserinfoProblem::Unproved(denial)),
        // Nothing but the token's life and its keys is asked about.
        Verdict::Unknown
        | Verdict::OtherAuthentication
        | Verdict::TooOld
        | Verdict::LacksScope(_)
        | Verdict::OtherSubject
        | Verdict::OtherAudience => Some(UserinfoProblem::Unknown),
    };
    Ok(match (seen.token, problem) {
        (_, Some(problem)) => Err(problem),
        (None, None) => Err(UserinfoProblem::Unknown),
        (Some(token), None) => of_person(token),
    })
}

/// Examines a token once more whose presenter's keys were examined before: a proof can be shown only once.
///
/// # Errors
/// Only a fault: what is wrong with the token is the [`UserinfoProblem`].
pub async fn examine_again(
    reader: &Reader,
    (lookup, found): (&TokenLookup, &Records),
) -> Result<Result<PersonToken, UserinfoProblem>, Error> {
    let Some(token) = lookup.find_access(reader, found).await? else { return Ok(Err(UserinfoProblem::Unknown)) };
    Ok(match token.status {
        TokenStatus::Live => of_person(Box::new(token.narrowed())),
        TokenStatus::Expired => Err(UserinfoProblem::Expired),
        TokenStatus::NotYetValid | TokenStatus::Revoked | TokenStatus::Orphaned => Err(UserinfoProblem::Unknown),
    })
}

fn of_person(token: Box<ClientAccessToken>) -> Result<PersonToken, UserinfoProblem> {
    if token.record.issuance.as_ref().is_none_or(|issuance| issuance.for_client) {
        return Err(UserinfoProblem::WithoutPerson);
    }
    let is_openid = token.record.scopes.iter().any(|scope| scope.as_str() == openid::OPENID);
    if is_openid { Ok(PersonToken { token }) } else { Err(UserinfoProblem::LacksOpenid) }
}

/// An answer for the client, to be sent on as it is.
#[derive(Debug)]
pub enum UserinfoAnswer {
    /// The text of a JSON object.
    Json(String),
    /// A signed JWT, because the client has registered for one.
    Jwt(String),
}

/// Writes what a client is told of its person: `claims`, and the `sub` of the token, or the one that is said now.
///
/// # Errors
/// A [`Fault`] if there is no key, or it can't be reached.
pub async fn answer(
    ports: &SigningReader,
    person: &PersonToken,
    sub: Option<&Subject>,
    mut claims: Map<String, Value>,
) -> Result<UserinfoAnswer, Error> {
    const DOING: &str = "answering a userinfo request";
    let sub = sub.unwrap_or_else(|| person.told_subject()).as_str();
    let client = person.token.client.as_ref().ok_or_else(|| Fault::internal(DOING).because("the token has no client"))?;
    let algorithm: Option<Algorithm> = match client.settings.metadata.get("userinfo_signed_response_alg") {
        Some(MetadataValue::Text(name)) => name.parse().ok(),
        Some(_) | None => None,
    };
    let Some(algorithm) = algorithm else {
        claims.insert("sub".to_owned(), sub.into());
        return Ok(UserinfoAnswer::Json(Value::Object(claims).to_string()));
    };
    let signing = ports.signing.now().await?;
    let signer = match signing.signer(Some(algorithm)) {
        Ok(signer) => signer,
        Err(_) => signing.signer(None)?,
    };
    // Nobody may make a token of another kind of it: members' tokens have this type, too.
    claims.retain(|name, _| !RESERVED_CLAIMS.contains(&name.as_str()));
    let audience = person.sign_in().map_or_else(|| client.id.to_string(), |sign_in| sign_in.audience.clone());
    let issuer = ports.reader.keys.issuer().as_str();
    claims.extend([("iss", issuer), ("sub", sub), ("aud", &audience)].map(|(name, value)| (name.to_owned(), value.into())));
    let payload = serde_json::to_vec(&claims).map_err(|e| Fault::internal(DOING).because(e))?;
    if jws::length(signer.jwk(), TYPE, &payload)? > signer.longest() {
        return Err(Refusal::TokenTooLarge { limit: signer.longest() }.into());
    }
    Ok(UserinfoAnswer::Jwt(jws::sign(signer, TYPE, &payload).await?))
}

/// The `typ` of a signed answer.
const TYPE: &str = "JWT";
