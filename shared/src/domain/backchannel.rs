//! What is known of a client that asks for a person who is not in its browser: OpenID Connect CIBA.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::{Client, Invalid, MetadataValue, Polling, Seconds};

/// How a client learns what has come of its request: OpenID Connect CIBA section 5.
#[derive(Clone, Copy, Debug, Display, EnumString, Eq, Hash, IntoStaticStr, PartialEq, VariantArray)]
#[strum(serialize_all = "snake_case", parse_err_ty = Invalid, parse_err_fn = Self::unknown)]
pub enum DeliveryMode {
    /// It polls the token endpoint.
    Poll,
    /// It is told that there is something, and gets it from the token endpoint.
    Ping,
    /// It is told the tokens themselves. Not served.
    Push,
}

impl DeliveryMode {
    /// All modes that there are.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// The modes that an org serves which doesn't say.
    pub fn served_by_default() -> Vec<Self> {
        vec![Self::Poll, Self::Ping]
    }

    /// Returns the name of the mode, as a client's metadata has it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Says whether the service can serve it at all.
    pub const fn is_served(self) -> bool {
        match self {
            Self::Poll | Self::Ping => true,
            Self::Push => false,
        }
    }

    /// Returns the mode that a client has registered. `None`: none.
    pub fn registered(client: &Client) -> Option<Self> {
        match client.settings.metadata.get("backchannel_token_delivery_mode")? {
            // Before there was a rule for it, it was kept as Authlete's SDKs spell it.
            MetadataValue::Text(name) => name.to_ascii_lowercase().parse().ok(),
            MetadataValue::Flag(_) | MetadataValue::Number(_) | MetadataValue::Texts(_) | MetadataValue::Localized(_) => None,
        }
    }

    fn unknown(_: &str) -> Invalid {
        Invalid("must be poll, ping or push")
    }
}

/// Returns where a client is told that there is something for it: the address that it has registered, and no other.
pub fn notification_endpoint(client: &Client) -> Option<&str> {
    match client.settings.metadata.get("backchannel_client_notification_endpoint")? {
        MetadataValue::Text(url) => Some(url),
        MetadataValue::Flag(_) | MetadataValue::Number(_) | MetadataValue::Texts(_) | MetadataValue::Localized(_) => None,
    }
}

/// What is known of a request for which no browser came, beside what is asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BackchannelRequest {
    /// How the client learns that the person has decided, as it was registered when it asked.
    pub delivery: DeliveryMode,
    /// For how long the client wants its request to be good. `None`: for as long as the org says.
    pub requested_expiry: Option<Seconds>,
    /// What the client lets itself be told with: `client_notification_token` of OpenID Connect CIBA section 7.1.
    pub notification_token: Option<SealedSecret>,
    /// What the client polls with. `None`: it isn't told yet that its request is good.
    pub acknowledgement: Option<Acknowledgement>,
}

/// What a client has got for its request: OpenID Connect CIBA section 7.3.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Acknowledgement {
    /// The `auth_req_id`, which a notification must name.
    pub auth_req_id: SealedSecret,
    /// How the client polls by it.
    pub polling: Polling,
}

/// A secret that is encrypted so that the ticket of its request opens it, and nothing that is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SealedSecret(Box<[u8]>);

impl SealedSecret {
    /// Takes what was encrypted.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }

    /// Returns it as it is kept.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}
