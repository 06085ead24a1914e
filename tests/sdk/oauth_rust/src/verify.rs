// verify.rs
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};

#[derive(Debug, serde::Deserialize)]
pub struct Claims {
    pub sub: String,
    pub client_id: String,
    #[serde(default)]
    pub scope: String,
    cnf: Option<serde_json::Value>,
}

/// `keys` is what the server has at /.well-known/jwks.json: keep it for some minutes.
pub fn verify(token: &str, keys: &JwkSet, issuer: &str, audience: &str) -> Result<Claims, Error> {
    let header = decode_header(token)?;
    if header.typ.as_deref() != Some("at+jwt") {
        return Err(ErrorKind::InvalidToken.into());
    }
    let key = header.kid.and_then(|kid| keys.find(&kid)).ok_or(ErrorKind::InvalidKeyFormat)?;
    let mut rules = Validation::new(Algorithm::ES256);
    rules.set_issuer(&[issuer]);
    rules.set_audience(&[audience]);
    rules.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    rules.leeway = 0;
    let claims = decode::<Claims>(token, &DecodingKey::from_jwk(key)?, &rules)?.claims;
    // Bound to a key that isn't looked at here.
    if claims.cnf.is_some() { Err(ErrorKind::InvalidToken.into()) } else { Ok(claims) }
}
