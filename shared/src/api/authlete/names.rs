//! Constants by name. The SDKs' enums are closed, and theirs are not the words of OAuth.

use crate::domain::{CertificateSubject, ClientAuthMethod, ClientKind, DeliveryMode, GrantType, Invalid};
use crate::oauth::TokenType;
use crate::oauth::authorization::HintType;

/// Returns the name of a grant as Authlete's `GrantType` spells it.
pub const fn grant(grant: GrantType) -> &'static str {
    match grant {
        GrantType::AuthorizationCode => "AUTHORIZATION_CODE",
        GrantType::Implicit => "IMPLICIT",
        GrantType::Password => "PASSWORD",
        GrantType::ClientCredentials => "CLIENT_CREDENTIALS",
        GrantType::RefreshToken => "REFRESH_TOKEN",
        GrantType::Ciba => "CIBA",
        GrantType::DeviceCode => "DEVICE_CODE",
        GrantType::TokenExchange => "TOKEN_EXCHANGE",
        GrantType::JwtBearer => "JWT_BEARER",
        GrantType::PreAuthorizedCode => "PRE_AUTHORIZED_CODE",
    }
}

/// The grant of this name.
///
/// # Errors
/// [`Invalid`] if no grant has this name.
pub fn grant_of(name: &str) -> Result<GrantType, Invalid> {
    GrantType::ALL.iter().copied().find(|it| grant(*it) == name).ok_or(Invalid("must be the name of a grant type"))
}

/// Returns the name of a method of client authentication as Authlete's `ClientAuthMethod` spells it.
pub const fn auth_method(method: ClientAuthMethod) -> &'static str {
    match method {
        ClientAuthMethod::None => "NONE",
        ClientAuthMethod::ClientSecretBasic => "CLIENT_SECRET_BASIC",
        ClientAuthMethod::ClientSecretPost => "CLIENT_SECRET_POST",
        ClientAuthMethod::PrivateKeyJwt => "PRIVATE_KEY_JWT",
        ClientAuthMethod::TlsClientAuth => "TLS_CLIENT_AUTH",
        ClientAuthMethod::SelfSignedTlsClientAuth => "SELF_SIGNED_TLS_CLIENT_AUTH",
    }
}

/// The method of this name.
///
/// # Errors
/// [`Invalid`] if no method that is supported has this name.
pub fn auth_method_of(name: &str) -> Result<ClientAuthMethod, Invalid> {
    let method = ClientAuthMethod::ALL.iter().copied().find(|it| auth_method(*it) == name);
    method.ok_or(Invalid("must be the name of a method of client authentication that is supported"))
}

/// The member that has a name of this kind, of which RFC 8705 section 2.1.2 wants one.
pub const fn certificate_subject(subject: &CertificateSubject) -> &'static str {
    match subject {
        CertificateSubject::DistinguishedName(_) => "tlsClientAuthSubjectDn",
        CertificateSubject::DnsName(_) => "tlsClientAuthSanDns",
        CertificateSubject::Uri(_) => "tlsClientAuthSanUri",
        CertificateSubject::IpAddress(_) => "tlsClientAuthSanIp",
        CertificateSubject::Email(_) => "tlsClientAuthSanEmail",
    }
}

/// The members that have them, each with the kind of its name.
pub const CERTIFICATE_SUBJECTS: &[(&str, &str)] = &[
    ("tlsClientAuthSubjectDn", "subject_dn"),
    ("tlsClientAuthSanDns", "san_dns"),
    ("tlsClientAuthSanUri", "san_uri"),
    ("tlsClientAuthSanIp", "san_ip"),
    ("tlsClientAuthSanEmail", "san_email"),
];

/// `TokenType` of a token exchange.
pub const fn token_type(kind: TokenType) -> &'static str {
    match kind {
        TokenType::Jwt => "JWT",
        TokenType::AccessToken => "ACCESS_TOKEN",
        TokenType::RefreshToken => "REFRESH_TOKEN",
        TokenType::IdToken => "ID_TOKEN",
        TokenType::Saml1 => "SAML1",
        TokenType::Saml2 => "SAML2",
        TokenType::DeviceSecret => "DEVICE_SECRET",
    }
}

/// Returns the name of a delivery mode as Authlete's `DeliveryMode` spells it.
pub const fn delivery_mode(mode: DeliveryMode) -> &'static str {
    match mode {
        DeliveryMode::Poll => "POLL",
        DeliveryMode::Ping => "PING",
        DeliveryMode::Push => "PUSH",
    }
}

/// Returns by what a person is named, as Authlete's `UserIdentificationHintType` spells it.
pub const fn hint_type(hint: HintType) -> &'static str {
    match hint {
        HintType::LoginHint => "LOGIN_HINT",
        HintType::LoginHintToken => "LOGIN_HINT_TOKEN",
        HintType::IdTokenHint => "ID_TOKEN_HINT",
    }
}

/// Returns the name of a kind of client as Authlete's `ClientType` spells it.
pub const fn client_type(kind: ClientKind) -> &'static str {
    match kind {
        ClientKind::Confidential => "CONFIDENTIAL",
        ClientKind::Public => "PUBLIC",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enums_are_upper_case_constants() {
        let names = GrantType::ALL.iter().copied().map(grant).chain(ClientAuthMethod::ALL.iter().copied().map(auth_method));
        for name in names {
            assert!(name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'), "{name}");
        }
        assert!(GrantType::ALL.iter().all(|it| grant_of(grant(*it)) == Ok(*it)));
        assert!(ClientAuthMethod::ALL.iter().all(|it| auth_method_of(auth_method(*it)) == Ok(*it)));
        assert!(grant_of("authorization_code").is_err() && auth_method_of("CLIENT_SECRET_JWT").is_err());
    }
}
