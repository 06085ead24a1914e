//! How an OAuth client got a token. It is a part of the token's body, so its names are as short.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::coded::{self, Coded};
use super::{is_false, is_zero};
use crate::domain::{
    Actor, AuthorizationDetails, ClientId, ClientUrl, Confirmation, GrantType, Invalid, Issuance, PlatformAssertion, Property,
    SignIn, Subject, Thumbprint, Timestamp, TokenId,
};

coded::records!(
    Actor as ActorBody,
    Confirmation as ConfirmationBody,
    Issuance as IssuanceBody,
    PlatformAssertion as PlatformBody,
    Property as PropertyBody,
);

#[derive(Deserialize, Serialize)]
#[serde(remote = "Issuance")]
struct IssuanceBody {
    #[serde(rename = "g", with = "coded")]
    grant: GrantType,
    #[serde(rename = "c", default, skip_serializing_if = "is_false")]
    for_client: bool,
    #[serde(rename = "a", default, skip_serializing_if = "is_false")]
    alias_used: bool,
    #[serde(rename = "w", with = "coded", default, skip_serializing_if = "Option::is_none")]
    client_url: Option<ClientUrl>,
    #[serde(rename = "q", with = "coded", default, skip_serializing_if = "Option::is_none")]
    api_key: Option<TokenId>,
    #[serde(rename = "p", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
    #[serde(rename = "k", with = "coded", default, skip_serializing_if = "is_unbound")]
    confirmation: Confirmation,
    #[serde(rename = "d", with = "coded", default, skip_serializing_if = "Option::is_none")]
    details: Option<AuthorizationDetails>,
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    acr: Option<String>,
    #[serde(rename = "t", with = "coded", default, skip_serializing_if = "Option::is_none")]
    auth_time: Option<Timestamp>,
    #[serde(rename = "e", default, skip_serializing_if = "is_false")]
    for_external_attachment: bool,
    #[serde(rename = "m", default, skip_serializing_if = "is_false")]
    of_member: bool,
    #[serde(rename = "y", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    actors: Vec<Actor>,
    #[serde(rename = "s", with = "coded", default, skip_serializing_if = "Option::is_none")]
    sign_in: Option<Box<SignIn>>,
    #[serde(rename = "f", with = "coded", default, skip_serializing_if = "Option::is_none")]
    platform: Option<Box<PlatformAssertion>>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "PlatformAssertion")]
struct PlatformBody {
    #[serde(rename = "i")]
    issuer: String,
    #[serde(rename = "s")]
    subject: String,
    #[serde(rename = "j", default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    #[serde(rename = "n", default, skip_serializing_if = "is_zero")]
    identity: u32,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Actor")]
struct ActorBody {
    #[serde(rename = "s", with = "coded")]
    subject: Subject,
    #[serde(rename = "c", with = "coded", default, skip_serializing_if = "Option::is_none")]
    client: Option<ClientId>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Property")]
struct PropertyBody {
    #[serde(rename = "k")]
    key: String,
    #[serde(rename = "v")]
    value: String,
    #[serde(rename = "h", default, skip_serializing_if = "is_false")]
    hidden: bool,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Confirmation")]
struct ConfirmationBody {
    #[serde(rename = "x", with = "coded", default, skip_serializing_if = "Option::is_none")]
    certificate: Option<Thumbprint>,
    #[serde(rename = "j", with = "coded", default, skip_serializing_if = "Option::is_none")]
    dpop_key: Option<Thumbprint>,
}

/// Whether any presenter may use the token.
pub(super) fn is_unbound(confirmation: &Confirmation) -> bool {
    *confirmation == Confirmation::default()
}

/// What each grant is called in a body.
const fn name(grant: GrantType) -> &'static str {
    match grant {
        GrantType::AuthorizationCode => "ac",
        GrantType::Implicit => "im",
        GrantType::Password => "pw",
        GrantType::ClientCredentials => "cc",
        GrantType::RefreshToken => "rt",
        GrantType::Ciba => "cb",
        GrantType::DeviceCode => "dc",
        GrantType::TokenExchange => "tx",
        GrantType::JwtBearer => "jb",
        GrantType::PreAuthorizedCode => "pc",
    }
}

impl Coded for GrantType {
    fn encode<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(name(*self))
    }

    fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let named = |text: &str| GrantType::ALL.iter().copied().find(|grant| name(*grant) == text);
        coded::parse_text(from, |text| named(text).ok_or(Invalid("must be a grant")))
    }
}
