//! Reports of leaked API keys on the wire: what GitHub sends to its secret scanning partners, and what it takes for an answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use crate::admin::leaked_api_keys;
use crate::api::http::media_type::is_json;
use crate::api::http::{FromRequest, Request};
use crate::auth::secret_scanning::{SignedReport, VerifiedReport};
use crate::domain::{LeakPlace, Refusal, Secret};
use crate::encoding::{SecretText, json};
use crate::jose::sha256;

/// The largest report that is looked at, in bytes.
pub const MAX_REPORT_BYTES: usize = 1 << 20;

/// A report with its signature. Its body isn't read before the signature is verified.
#[derive(Debug)]
pub struct LeakReport(pub SignedReport);

impl LeakReport {
    /// The header that names the key of the signature.
    pub(in crate::api) const IDENTIFIER: &'static str = "Github-Public-Key-Identifier";
    /// The header with the signature.
    pub(in crate::api) const SIGNATURE: &'static str = "Github-Public-Key-Signature";
}

impl FromRequest for LeakReport {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        let headers = &request.parts.headers;
        if !is_json(headers) {
            return Err(Refusal::UnsupportedMediaType);
        }
        // Of two of a name it would be anybody's guess which one counts.
        let only = |name: &str| {
            let mut values = headers.get_all(name).iter();
            values.next().filter(|_| values.next().is_none())?.to_str().ok()
        };
        Ok(Self(SignedReport {
            key_identifier: only(Self::IDENTIFIER).map(str::to_owned),
            signature: only(Self::SIGNATURE).and_then(|base64| STANDARD.decode(base64).ok()),
            body: request.body.to_vec(),
        }))
    }
}

/// One of the secrets that a report has: as much of it as matters here.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct LeakedSecret {
    /// The text that was found.
    #[cfg_attr(feature = "openapi", schemars(with = "String"))]
    token: SecretText,
    /// As what it was found, by the name that the scanner has for it.
    #[serde(rename = "type")]
    secret_type: String,
    /// Where it is to be seen. It may be empty.
    #[serde(default)]
    url: String,
    /// In what it was found, such as `commit` or `gist_content`.
    #[serde(default)]
    source: String,
}

impl LeakedSecret {
    /// How many secrets a report can have.
    pub const MAX_SECRETS: usize = 2_000;

    /// Reads the secrets of a report.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], if it isn't a JSON array of 1 to 2,000 of them.
    pub fn read_all(report: &VerifiedReport) -> Result<Vec<Self>, Refusal> {
        let secrets: Vec<Self> = json::read_list(report.body())?;
        if (1..=Self::MAX_SECRETS).contains(&secrets.len()) {
            Ok(secrets)
        } else {
            Err(Refusal::invalid("", "the body must be an array of 1 to 2,000 secrets"))
        }
    }

    /// The text, and where it was found, for the use case.
    pub fn to_leaked_text(&self) -> leaked_api_keys::LeakedText {
        let text = Secret::new(self.token.0.expose().clone());
        leaked_api_keys::LeakedText { text, place: LeakPlace::new(&self.url, &self.source) }
    }
}

/// What one of the reported secrets turned out to be.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct LeakVerdict<'a> {
    /// The SHA-256 of the text, in hexadecimal digits.
    #[cfg_attr(feature = "openapi", schemars(regex(pattern = "^[0-9a-f]{64}$")))]
    token_hash: String,
    /// The `type` with which it was reported.
    token_type: &'a str,
    /// Whether it is an API key.
    label: LeakLabel,
}

/// Whether a reported secret is one.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum LeakLabel {
    /// It is an API key of this service, live or not: by now it opens nothing.
    TruePositive,
    /// It is none of this service.
    FalsePositive,
}

impl<'a> LeakVerdict<'a> {
    /// Tells of each secret, in their order, whether it is a key.
    pub fn from_all(secrets: &'a [LeakedSecret], are_keys: &[bool]) -> Vec<Self> {
        let verdict = |(secret, is_key): (&'a LeakedSecret, &bool)| Self {
            token_hash: HEXLOWER.encode_display(&sha256(secret.token.0.expose().as_bytes())).to_string(),
            token_type: &secret.secret_type,
            label: if *is_key { LeakLabel::TruePositive } else { LeakLabel::FalsePositive },
        };
        secrets.iter().zip(are_keys).map(verdict).collect()
    }
}
