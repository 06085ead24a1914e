//! JWTs that a client brings for a token: assertions (RFC 7523 section 2.1) and tokens to exchange (RFC 8693). Authlete's
//! `/auth/token` checks a part here, where whose they are, and what they are good for, is for the authorization server to decide.
//! [`verify`] is for clients that come to us.

mod bearer;
mod conditions;
mod finding;
mod id_jag;
pub(crate) mod inspection;
pub(crate) mod signed;
pub(crate) mod subject;

pub use bearer::{Asserted, Verified, grant_purpose, verify};
pub(crate) use conditions::unmet_condition;
pub use finding::Finding;
pub use id_jag::IdJag;
pub(crate) use id_jag::{bound_key, may_act};
pub use inspection::{Purpose, Rule};

use crate::domain::{AssertionRules, Denial, ExchangeRules, Issuer, Timestamp};
use crate::jose::foreign::{Claims, Unverified, WrongType};
use crate::jose::jws::Compact;
use crate::jose::{Expected as Types, Verifier, claims};

/// Checks everything about an assertion except its signature: RFC 7523 section 3. The authorization server has the issuer's keys.
///
/// # Errors
///
/// The `Assertion…` [`Denial`] of the first rule that the assertion breaks.
pub fn check_assertion(
    assertion: &str,
    rules: AssertionRules,
    issuer: &Issuer,
    token_endpoint: Option<&str>,
    now: Timestamp,
) -> Result<(), Denial> {
    let claims = match Unverified::read(assertion).ok_or(Denial::AssertionInvalid)? {
        Unverified::Encrypted if rules.encrypted_jwt_rejected => return Err(Denial::AssertionEncrypted),
        Unverified::Encrypted => return Ok(()),
        Unverified::Unsigned(_) if rules.unsigned_jwt_rejected => return Err(Denial::AssertionUnsigned),
        Unverified::Unsigned(claims) | Unverified::Signed(claims) => claims,
    };
    if !matches!(claims.text("iss"), Ok(Some(_))) {
        return Err(Denial::AssertionIssuer);
    }
    if !matches!(claims.text("sub"), Ok(Some(_))) {
        return Err(Denial::AssertionSubject);
    }
    let audiences = claims.audiences().map_err(|_| Denial::AssertionAudience)?;
    if !audiences.iter().any(|audience| *audience == issuer.as_str() || Some(*audience) == token_endpoint) {
        return Err(Denial::AssertionAudience);
    }
    let malformed = |_: WrongType| Denial::AssertionInvalid;
    claims.moment("exp").map_err(malformed)?.ok_or(Denial::AssertionLacksExpiry)?;
    if !claims.has_not_expired(now).map_err(malformed)? {
        return Err(Denial::AssertionExpired);
    }
    if claims.has_begun(now).map_err(malformed)? { Ok(()) } else { Err(Denial::AssertionNotYetValid) }
}

/// The role of a token in an exchange: RFC 8693 section 2.1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Party {
    /// The party that acts: `actor_token`.
    Actor,
    /// The party on whose behalf the request is made: `subject_token`.
    Subject,
}

/// Checks a token of type `urn:ietf:params:oauth:token-type:jwt`: its form and, where it says any, its times.
///
/// # Errors
/// The [`Denial`] of this party: the token is no JWT or not in its time, or it is encrypted or unsigned where the org rejects
/// that.
pub fn check_jwt(token: &str, party: Party, rules: ExchangeRules, now: Timestamp) -> Result<(), Denial> {
    let claims = match Unverified::read(token).ok_or(party.invalid())? {
        Unverified::Encrypted if rules.encrypted_jwt_rejected => return Err(party.encrypted()),
        Unverified::Encrypted => return Ok(()),
        Unverified::Unsigned(_) if rules.unsigned_jwt_rejected => return Err(party.unsigned()),
        Unverified::Unsigned(claims) | Unverified::Signed(claims) => claims,
    };
    if is_in_its_time(&claims, now).unwrap_or(false) { Ok(()) } else { Err(party.invalid()) }
}

/// Checks a token of type `urn:ietf:params:oauth:token-type:id_token` (OpenID Connect Core section 2), with its signature: so it must be
/// one of our own, because the keys of others would have to be fetched. An encrypted one can't be verified.
///
/// # Errors
/// The [`Denial`] of this party: the token is encrypted or unsigned, isn't signed by our keys, lacks a claim, or isn't in its
/// time.
pub fn check_id_token(token: &str, party: Party, verifier: &Verifier, now: Timestamp) -> Result<(), Denial> {
    let claims = match Unverified::read(token).ok_or(party.invalid())? {
        Unverified::Encrypted => return Err(party.encrypted()),
        Unverified::Unsigned(_) => return Err(party.unsigned()),
        Unverified::Signed(claims) => claims,
    };
    let is_good = |claims: &Claims| {
        let is_whole = claims.moment("exp")?.is_some() && claims.moment("iat")?.is_some() && !claims.audiences()?.is_empty();
        Ok::<_, WrongType>(is_whole && claims.text("iss")? == Some(verifier.issuer().as_str()) && is_in_its_time(claims, now)?)
    };
    let is_ours = Compact::parse(token).is_some_and(|jws| !is_access_token(&jws) && verifier.has_signed(&jws));
    if is_ours && is_good(&claims).unwrap_or(false) { Ok(()) } else { Err(party.invalid()) }
}

/// Our access tokens are signed by the same keys: RFC 8725 section 3.12 wants the kinds told apart.
fn is_access_token(jws: &Compact<'_>) -> bool {
    const TYPES: Types = Types { types: &["at+jwt"] };
    jws.typ.as_deref().is_some_and(|typ| TYPES.accepts(typ)) || claims::from_json(&jws.payload).is_ok()
}

fn is_in_its_time(claims: &Claims, now: Timestamp) -> Result<bool, WrongType> {
    Ok(claims.has_not_expired(now)? && claims.has_begun(now)?)
}

impl Party {
    const fn encrypted(self) -> Denial {
        match self {
            Self::Actor => Denial::ActorTokenInvalid,
            Self::Subject => Denial::SubjectTokenEncrypted,
        }
    }

    /// Returns the denial for a token of this role that is invalid.
    pub const fn invalid(self) -> Denial {
        match self {
            Self::Actor => Denial::ActorTokenInvalid,
            Self::Subject => Denial::SubjectTokenInvalid,
        }
    }

    const fn unsigned(self) -> Denial {
        match self {
            Self::Actor => Denial::ActorTokenInvalid,
            Self::Subject => Denial::SubjectTokenUnsigned,
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::{Algorithm, KeySet};
    use crate::jose::testing::{signed_by, with};
    use crate::keys::signer::{LocalSigner, Signer};

    const NOW: i64 = 1_800_000_000;
    const ISSUER: &str = "https://auth.example.com";
    const TOKEN_ENDPOINT: &str = "https://as.example.org/token";
    const STRICT: AssertionRules =
        AssertionRules { by_identifiable_clients_only: false, encrypted_jwt_rejected: true, unsigned_jwt_rejected: true };

    fn now() -> Timestamp {
        Timestamp::from_secs(NOW)
    }

    fn issuer() -> Issuer {
        Issuer::parse(ISSUER).unwrap()
    }

    fn payload() -> Value {
        json!({"iss": "https://idp.example.org", "sub": "ann", "aud": ISSUER, "iat": NOW - 5, "exp": NOW + 60})
    }

    /// A JWT that nobody here can verify.
    fn foreign(alg: &str, payload: &Value) -> String {
        let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        format!("{}.{}.AAAA", part(&json!({"alg": alg})), part(payload))
    }

    fn encrypted() -> String {
        format!("{}.AA.AA.AA.AA", URL_SAFE_NO_PAD.encode(json!({"alg": "RSA-OAEP", "enc": "A128GCM"}).to_string()))
    }

    fn assertion_is(payload: &Value) -> Result<(), Denial> {
        check_assertion(&foreign("HS256", payload), STRICT, &issuer(), Some(TOKEN_ENDPOINT), now())
    }

    #[test]
    fn rfc7523_3_an_assertion_says_who_for_whom_to_whom_and_until_when() {
        assert_eq!(assertion_is(&payload()), Ok(()));
        let with = |claim, value| with(payload(), claim, value);
        for (claim, value, expected) in [
            ("iss", None, Err(Denial::AssertionIssuer)),
            ("iss", Some(json!(5)), Err(Denial::AssertionIssuer)),
            ("sub", None, Err(Denial::AssertionSubject)),
            ("sub", Some(json!(["ann"])), Err(Denial::AssertionSubject)),
            ("aud", None, Err(Denial::AssertionAudience)),
            ("aud", Some(json!(5)), Err(Denial::AssertionAudience)),
            ("aud", Some(json!([])), Err(Denial::AssertionAudience)),
            ("aud", Some(json!([ISSUER, 5])), Err(Denial::AssertionAudience)),
            ("aud", Some(json!(format!("{ISSUER}/"))), Err(Denial::AssertionAudience)),
            ("aud", Some(json!(["https://other.example.org", ISSUER])), Ok(())),
            ("aud", Some(json!(TOKEN_ENDPOINT)), Ok(())),
            ("exp", None, Err(Denial::AssertionLacksExpiry)),
            ("exp", Some(Value::Null), Err(Denial::AssertionLacksExpiry)),
            ("exp", Some(json!("soon")), Err(Denial::AssertionInvalid)),
            ("exp", Some(json!(NOW)), Err(Denial::AssertionExpired)),
            ("iat", Some(json!(NOW + 61)), Err(Denial::AssertionNotYetValid)),
            ("iat", Some(json!(NOW + 8)), Ok(())),
            ("nbf", Some(json!(NOW + 61)), Err(Denial::AssertionNotYetValid)),
            ("nbf", Some(json!("now")), Err(Denial::AssertionInvalid)),
        ] {
            assert_eq!(assertion_is(&with(claim, value.clone())), expected, "{claim} {value:?}");
        }
        let none = check_assertion(&foreign("ES256", &payload()), STRICT, &issuer(), None, now());
        assert_eq!(none, Ok(()), "the issuer is an audience also where there is no token endpoint");
    }

    #[test]
    fn an_org_says_whether_assertions_may_be_unsigned_or_encrypted() {
        let check = |token: &str, rules| check_assertion(token, rules, &issuer(), None, now());
        let lax = AssertionRules::default();
        for alg in ["none", "NONE"] {
            assert_eq!(check(&foreign(alg, &payload()), STRICT), Err(Denial::AssertionUnsigned));
            assert_eq!(check(&foreign(alg, &payload()), lax), Ok(()));
        }
        assert_eq!(check(&encrypted(), STRICT), Err(Denial::AssertionEncrypted));
        assert_eq!(check(&encrypted(), lax), Ok(()));
        for bad in ["", "x", "a.b.c"] {
            assert_eq!(check(bad, lax), Err(Denial::AssertionInvalid), "{bad}");
        }
    }

    #[test]
    fn a_jwt_to_exchange_is_in_its_time() {
        let lax = ExchangeRules::default();
        let check = |payload: &Value, party| check_jwt(&foreign("RS256", payload), party, lax, now());
        assert_eq!(check(&payload(), Party::Subject), Ok(()));
        assert_eq!(check(&json!({}), Party::Subject), Ok(()), "nothing but a JWT is asked for");
        for (claim, value) in [("exp", json!(NOW)), ("iat", json!(NOW + 61)), ("nbf", json!(NOW + 61)), ("exp", json!("soon"))] {
            let bad = with(payload(), claim, Some(value));
            assert_eq!(check(&bad, Party::Subject), Err(Denial::SubjectTokenInvalid), "{bad}");
            assert_eq!(check(&bad, Party::Actor), Err(Denial::ActorTokenInvalid), "{bad}");
        }
        let strict = ExchangeRules { encrypted_jwt_rejected: true, unsigned_jwt_rejected: true, ..lax };
        let unsigned = foreign("none", &payload());
        assert_eq!(check_jwt(&unsigned, Party::Subject, lax, now()), Ok(()));
        assert_eq!(check_jwt(&unsigned, Party::Subject, strict, now()), Err(Denial::SubjectTokenUnsigned));
        assert_eq!(check_jwt(&encrypted(), Party::Subject, lax, now()), Ok(()));
        assert_eq!(check_jwt(&encrypted(), Party::Subject, strict, now()), Err(Denial::SubjectTokenEncrypted));
        assert_eq!(check_jwt("x", Party::Subject, lax, now()), Err(Denial::SubjectTokenInvalid));
    }

    #[test]
    fn an_id_token_is_our_own_whole_and_signed() {
        let signer = LocalSigner::for_tests(Algorithm::Es256);
        let verifier = Verifier::new(&KeySet::new(vec![signer.jwk().clone()]), issuer()).unwrap();
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": signer.jwk().kid.as_str()});
        let ours = with(payload(), "iss", Some(ISSUER.into()));
        let check = |header: &Value, payload: &Value| {
            let token = signed_by(&signer, header.to_string(), payload.to_string());
            check_id_token(&token, Party::Subject, &verifier, now())
        };
        assert_eq!(check(&header, &ours), Ok(()));
        for claim in ["exp", "iat", "iss", "aud"] {
            assert_eq!(check(&header, &with(ours.clone(), claim, None)), Err(Denial::SubjectTokenInvalid), "{claim}");
        }
        for (claim, value) in
            [("iss", json!("https://idp.example.org")), ("exp", json!(NOW)), ("iat", json!(NOW + 61)), ("aud", json!(7))]
        {
            assert_eq!(check(&header, &with(ours.clone(), claim, Some(value))), Err(Denial::SubjectTokenInvalid), "{claim}");
        }
        for (member, value) in [("kid", None), ("kid", Some(json!("x"))), ("typ", Some(json!("at+jwt")))] {
            assert_eq!(check(&with(header.clone(), member, value), &ours), Err(Denial::SubjectTokenInvalid), "{member}");
        }
        let other = LocalSigner::for_tests(Algorithm::EdDsa);
        let forged = signed_by(&other, header.to_string(), ours.to_string());
        assert_eq!(check_id_token(&forged, Party::Subject, &verifier, now()), Err(Denial::SubjectTokenInvalid));
        let unsigned = foreign("none", &ours);
        assert_eq!(check_id_token(&unsigned, Party::Subject, &verifier, now()), Err(Denial::SubjectTokenUnsigned));
        assert_eq!(check_id_token(&encrypted(), Party::Actor, &verifier, now()), Err(Denial::ActorTokenInvalid));
    }

    #[test]
    fn rfc8725_3_12_an_access_token_is_no_id_token() {
        let signer = LocalSigner::for_tests(Algorithm::Es256);
        let verifier = Verifier::new(&KeySet::new(vec![signer.jwk().clone()]), issuer()).unwrap();
        let access = json!({
            "iss": ISSUER, "sub": "ann", "org": "1", "aud": ["x"], "iat": NOW - 5, "exp": NOW + 60,
            "jti": "0d6hq1g0000000000000000000000000"
        });
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": signer.jwk().kid.as_str()});
        let token = signed_by(&signer, header.to_string(), access.to_string());
        assert_eq!(check_id_token(&token, Party::Subject, &verifier, now()), Err(Denial::SubjectTokenInvalid));
    }
}
