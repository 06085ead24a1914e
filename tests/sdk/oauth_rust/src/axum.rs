// axum.rs
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use jsonwebtoken::jwk::{Jwk, JwkSet, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// The claims of an access token.
#[derive(Clone, Debug, Deserialize)]
struct Claims {
    sub: String,
    #[serde(default)]
    scope: String,
    cnf: Option<BTreeMap<String, String>>,
}

/// The claims of a DPoP proof.
#[derive(Deserialize)]
struct Proof {
    jti: String,
    htm: String,
    htu: String,
    iat: u64,
    ath: String,
}

/// Why a request isn't served.
enum Refusal {
    NoToken,
    /// The token or the proof is no good: the reason is for the log. The caller never learns it.
    Invalid(&'static str, String),
    Scope(&'static str, &'static str),
    /// The keys can't be fetched: that isn't the caller's fault.
    Unavailable(reqwest::Error),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let challenge = |status, value: String| (status, [(header::WWW_AUTHENTICATE, value)]).into_response();
        match self {
            Self::NoToken => challenge(StatusCode::UNAUTHORIZED, r#"Bearer, DPoP algs="ES256""#.to_owned()),
            Self::Invalid(scheme, reason) => {
                eprintln!("refused with 401: {reason}");
                challenge(StatusCode::UNAUTHORIZED, format!(r#"{scheme}error="invalid_token""#))
            }
            Self::Scope(scheme, scope) => {
                eprintln!("refused with 403: {scope} is lacking");
                challenge(StatusCode::FORBIDDEN, format!(r#"{scheme}error="insufficient_scope", scope="{scope}""#))
            }
            Self::Unavailable(error) => {
                eprintln!("refused with 503: {error:?}");
                (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")]).into_response()
            }
        }
    }
}

/// What decides about requests.
struct Guard {
    issuer: String,
    audience: String,
    base: String,
    http: reqwest::Client,
    keys: tokio::sync::Mutex<Option<(JwkSet, Instant)>>,
    /// DPoP proofs that were used, with the time until which they could be used again.
    seen: Mutex<HashMap<(String, String), u64>>,
}

impl Guard {
    /// The key with this id. The keys are kept for five minutes, and fetched earlier for an unknown id, every ten seconds at most.
    async fn key(&self, kid: &str) -> Result<Option<Jwk>, reqwest::Error> {
        let mut kept = self.keys.lock().await;
        let is_fresh = kept
            .as_ref()
            .is_some_and(|(keys, at)| at.elapsed() < Duration::from_secs(if keys.find(kid).is_some() { 300 } else { 10 }));
        if !is_fresh {
            let url = format!("{}/.well-known/jwks.json", self.issuer);
            let keys = self.http.get(url).send().await?.error_for_status()?.json().await?;
            *kept = Some((keys, Instant::now()));
        }
        Ok(kept.as_ref().and_then(|(keys, _)| keys.find(kid).cloned()))
    }

    /// The claims of an access token, if it is good.
    fn claims(&self, token: &str, key: &Jwk) -> Result<Claims, jsonwebtoken::errors::Error> {
        let mut rules = Validation::new(Algorithm::ES256);
        rules.set_issuer(&[&self.issuer]);
        rules.set_audience(&[&self.audience]);
        rules.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
        rules.leeway = 5;
        Ok(decode(token, &DecodingKey::from_jwk(key)?, &rules)?.claims)
    }

    /// RFC 9449 section 4.3: the proof is by the key of the token, for this request, and new.
    fn check_proof(&self, request: &Parts, token: &str, jkt: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let mut proofs = request.headers.get_all("dpop").iter();
        let (Some(proof), None) = (proofs.next(), proofs.next()) else { return Err("not one DPoP proof".into()) };
        let header = decode_header(proof)?;
        let (Some("dpop+jwt"), Some(jwk)) = (header.typ.as_deref(), header.jwk) else { return Err("not a DPoP proof".into()) };
        let json = BASE64URL.decode(proof.as_bytes().split(|byte| *byte == b'.').next().unwrap_or_default())?;
        if serde_json::from_slice::<serde_json::Value>(&json)?["jwk"].get("d").is_some() {
            return Err("the DPoP proof has a private key in it".into());
        }
        let mut rules = Validation::new(Algorithm::ES256);
        rules.required_spec_claims.clear();
        rules.validate_exp = false;
        let claims = decode::<Proof>(proof, &DecodingKey::from_jwk(&jwk)?, &rules)?.claims;
        let address = claims.htu.split(['?', '#']).next().unwrap_or_default();
        if jwk.thumbprint(ThumbprintHash::SHA256)? != jkt
            || claims.ath != BASE64URL.encode(Sha256::digest(token))
            || claims.htm != request.method.as_str()
            || address != format!("{}{}", self.base, request.uri.path())
        {
            return Err("the DPoP proof is for another key, token or request".into());
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
        if now.abs_diff(claims.iat) > 60 {
            return Err("the DPoP proof is too old, or from the future".into());
        }
        let mut seen = self.seen.lock().map_err(|_| "another thread has panicked")?;
        seen.retain(|_, end| *end >= now);
        if seen.insert((jkt.to_owned(), claims.jti), now + 120).is_some() {
            return Err("the DPoP proof was used before".into());
        }
        Ok(())
    }

    /// The claims of the token of a request, if it has this scope.
    async fn check(&self, request: &Parts, needed: &'static str) -> Result<Claims, Refusal> {
        let (scheme, token) = credentials(&request.headers).ok_or(Refusal::NoToken)?;
        let is_dpop = scheme.eq_ignore_ascii_case("dpop");
        let challenge = if is_dpop { r#"DPoP algs="ES256", "# } else { "Bearer " };
        let invalid = |reason: String| Refusal::Invalid(challenge, reason);
        let head = decode_header(token).map_err(|error| invalid(error.to_string()))?;
        let (Some("at+jwt"), Some(kid)) = (head.typ.as_deref(), head.kid) else {
            return Err(invalid("not an access token".to_owned()));
        };
        let key = self.key(&kid).await.map_err(Refusal::Unavailable)?.ok_or_else(|| invalid("unknown key".to_owned()))?;
        let claims = self.claims(token, &key).map_err(|error| invalid(format!("{error:?}")))?;
        match claims.cnf.as_ref().map(|cnf| cnf.get("jkt")) {
            None if scheme.eq_ignore_ascii_case("bearer") => {}
            Some(Some(jkt)) if is_dpop => self.check_proof(request, token, jkt).map_err(|error| invalid(error.to_string()))?,
            _ => return Err(invalid("the scheme isn't that of the token".to_owned())),
        }
        if !claims.scope.split(' ').any(|scope| scope == needed) {
            return Err(Refusal::Scope(challenge, needed));
        }
        Ok(claims)
    }
}

fn credentials(headers: &HeaderMap) -> Option<(&str, &str)> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ').filter(|(_, token)| !token.is_empty())
}

/// Lets a request through whose token has this scope. Its claims are an extension of the request.
async fn needs(
    State((guard, scope)): State<(Arc<Guard>, &'static str)>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    let claims = guard.check(&parts, scope).await?;
    parts.extensions.insert(claims);
    Ok(next.run(Request::from_parts(parts, body)).await)
}

async fn files(Extension(token): Extension<Claims>) -> Json<serde_json::Value> {
    Json(serde_json::json!({ "sub": token.sub }))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let guard = Arc::new(Guard {
        issuer: std::env::var("ISSUER")?,
        audience: std::env::var("API")?,
        base: std::env::var("BASE")?,
        http: reqwest::Client::builder().timeout(Duration::from_secs(5)).build()?,
        keys: tokio::sync::Mutex::default(),
        seen: Mutex::default(),
    });
    let read = get(files).layer(from_fn_with_state((Arc::clone(&guard), "files.read"), needs));
    let write = post(files).layer(from_fn_with_state((guard, "files.write"), needs));
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{}", std::env::var("PORT")?)).await?;
    axum::serve(listener, Router::new().route("/files", read.merge(write))).await?;
    Ok(())
}
