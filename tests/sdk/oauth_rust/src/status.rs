// status.rs
use std::collections::HashMap;
use std::error::Error;
use std::io::Read as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::read::ZlibDecoder;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

/// The claim `status` of a token.
#[derive(Debug, Deserialize)]
pub struct Status {
    status_list: Place,
}

#[derive(Debug, Deserialize)]
struct Place {
    uri: String,
    idx: usize,
}

#[derive(Deserialize)]
struct List {
    exp: u64,
    ttl: u64,
    status_list: Packed,
}

#[derive(Deserialize)]
struct Packed {
    lst: String,
}

struct Kept {
    bits: Vec<u8>,
    until: SystemTime,
}

/// The status lists of an issuer. Each is kept until there may be a newer one.
pub struct StatusLists {
    issuer: String,
    http: reqwest::Client,
    kept: tokio::sync::Mutex<HashMap<String, Kept>>,
}

impl StatusLists {
    pub fn new(issuer: &str) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(5)).build()?;
        Ok(Self { issuer: issuer.to_owned(), http, kept: HashMap::new().into() })
    }

    /// Tells whether a token is revoked. `status` is the claim of one that has been verified.
    pub async fn is_revoked(&self, status: &Status) -> Result<bool, Box<dyn Error + Send + Sync>> {
        let Place { uri, idx } = &status.status_list;
        if !uri.starts_with(&format!("{}/status/", self.issuer)) {
            return Err("the list is somebody else's".into());
        }
        let mut kept = self.kept.lock().await;
        if kept.get(uri).is_none_or(|list| list.until <= SystemTime::now()) {
            kept.insert(uri.clone(), self.read(uri).await?);
        }
        let byte = kept[uri].bits.get(idx / 8).ok_or("the list is too short")?;
        Ok(byte >> (idx % 8) & 1 == 1)
    }

    async fn read(&self, uri: &str) -> Result<Kept, Box<dyn Error + Send + Sync>> {
        let signed = self.get(uri).await?.text().await?;
        let header = decode_header(&signed)?;
        if header.typ.as_deref() != Some("statuslist+jwt") {
            return Err("not a status list".into());
        }
        let keys: JwkSet = self.get(&format!("{}/.well-known/jwks.json", self.issuer)).await?.json().await?;
        let key = header.kid.and_then(|kid| keys.find(&kid).cloned()).ok_or("signed by somebody else")?;
        let mut rules = Validation::new(Algorithm::ES256);
        rules.set_required_spec_claims(&["sub", "exp"]);
        rules.sub = Some(uri.to_owned());
        rules.leeway = 0;
        let list = decode::<List>(&signed, &DecodingKey::from_jwk(&key)?, &rules)?.claims;
        let packed = URL_SAFE_NO_PAD.decode(list.status_list.lst)?;
        let mut bits = Vec::new();
        ZlibDecoder::new(&packed[..]).take(1 << 20).read_to_end(&mut bits)?;
        let newer = SystemTime::now() + Duration::from_secs(list.ttl);
        Ok(Kept { bits, until: newer.min(UNIX_EPOCH + Duration::from_secs(list.exp)) })
    }

    async fn get(&self, url: &str) -> reqwest::Result<reqwest::Response> {
        self.http.get(url).header("Accept", "application/statuslist+jwt, application/json").send().await?.error_for_status()
    }
}
