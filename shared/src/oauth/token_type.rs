//! The types of tokens that can be exchanged: RFC 8693 section 3.

/// RFC 8693 section 3, and the device secret of OpenID Connect Native SSO.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "the names are the standard's")]
pub enum TokenType {
    Jwt,
    AccessToken,
    RefreshToken,
    IdToken,
    Saml1,
    Saml2,
    DeviceSecret,
}

impl TokenType {
    /// All token types, in the order in which they are listed.
    pub const ALL: [Self; 7] =
        [Self::Jwt, Self::AccessToken, Self::RefreshToken, Self::IdToken, Self::Saml1, Self::Saml2, Self::DeviceSecret];

    /// Returns the URN that names the type, RFC 8693 section 3.
    pub const fn urn(self) -> &'static str {
        match self {
            Self::Jwt => "urn:ietf:params:oauth:token-type:jwt",
            Self::AccessToken => "urn:ietf:params:oauth:token-type:access_token",
            Self::RefreshToken => "urn:ietf:params:oauth:token-type:refresh_token",
            Self::IdToken => "urn:ietf:params:oauth:token-type:id_token",
            Self::Saml1 => "urn:ietf:params:oauth:token-type:saml1",
            Self::Saml2 => "urn:ietf:params:oauth:token-type:saml2",
            Self::DeviceSecret => "urn:openid:params:token-type:device-secret",
        }
    }

    /// The type of this name.
    pub fn parse(urn: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.urn() == urn)
    }
}
