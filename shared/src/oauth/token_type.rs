//! The types of tokens that can be exchanged: RFC 8693 section 3.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// The token types of RFC 8693 section 3, by their URNs, and the device secret of OpenID Connect Native SSO.
#[derive(Clone, Copy, Debug, EnumString, Eq, IntoStaticStr, PartialEq, VariantArray)]
#[expect(missing_docs, reason = "the names are the standard's")]
pub enum TokenType {
    #[strum(serialize = "urn:ietf:params:oauth:token-type:jwt")]
    Jwt,
    #[strum(serialize = "urn:ietf:params:oauth:token-type:access_token")]
    AccessToken,
    #[strum(serialize = "urn:ietf:params:oauth:token-type:refresh_token")]
    RefreshToken,
    #[strum(serialize = "urn:ietf:params:oauth:token-type:id_token")]
    IdToken,
    #[strum(serialize = "urn:ietf:params:oauth:token-type:saml1")]
    Saml1,
    #[strum(serialize = "urn:ietf:params:oauth:token-type:saml2")]
    Saml2,
    #[strum(serialize = "urn:openid:params:token-type:device-secret")]
    DeviceSecret,
}

impl TokenType {
    /// All token types, in the order in which they are listed.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Says whether it is how an access token is presented.
    pub const fn is_access_token(self) -> bool {
        matches!(self, Self::AccessToken | Self::Jwt)
    }

    /// Says whether a token of this type can be exchanged for an access token.
    pub const fn can_be_exchanged(self) -> bool {
        self.is_access_token() || matches!(self, Self::IdToken)
    }

    /// Says whether it is how a client presents what it got itself: its access token, its refresh token or its ID token.
    pub const fn is_of_client(self) -> bool {
        self.can_be_exchanged() || matches!(self, Self::RefreshToken)
    }

    /// Returns the URN that names the type, RFC 8693 section 3.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
