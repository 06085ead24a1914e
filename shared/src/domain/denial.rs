//! Why an OAuth client gets no token.

/// Why a token request is denied: causes, each with the error code that RFC 6749 section 5.2 or an extension of it has for them.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(missing_docs, reason = "`describe` says what each is")]
pub enum Denial {
    ActorIsSubject,
    ActorTokenInvalid,
    ActorTokenTypeMissing,
    ActorTokenTypeUnexpected,
    AssertionAudience,
    AssertionEncrypted,
    AssertionExpired,
    AssertionInvalid,
    AssertionIssuer,
    AssertionIssuerUntrusted,
    AssertionLacksExpiry,
    AssertionMissing,
    AssertionNotYetValid,
    AssertionReplayed,
    AssertionSubject,
    AssertionSubjectUnknown,
    AssertionUnsigned,
    AssertionUnverified,
    AuthorizationDetailsInvalid,
    CertificateMismatch,
    ClientAssertionInvalid,
    ClientAssertionReplayed,
    ClientAuthMethodUnsupported,
    ClientAuthenticatedTwice,
    ClientCredentialsMismatch,
    ClientDisabled,
    ClientIdMissing,
    ClientMustBeConfidential,
    ClientMustBeIdentified,
    ClientNotPermittedToExchange,
    ClientUnauthenticated,
    CodeInvalid,
    DpopHeaderMissing,
    DpopKeyMismatch,
    DpopNonceRequired,
    DpopProofForAnother,
    DpopProofInvalid,
    DpopProofReplayed,
    DpopProofStale,
    ExchangeTooDeep,
    GrantNotAllowed,
    GrantTypeMissing,
    GrantTypeUnsupported,
    PasswordMissing,
    RefreshTokenInvalid,
    RefreshTokenMissing,
    RequestMalformed,
    RequestedTokenTypeInvalid,
    ScopeExceeds,
    ScopeInvalid,
    ScopeRequired,
    SubjectTokenBound,
    SubjectTokenEncrypted,
    SubjectTokenInvalid,
    SubjectTokenMissing,
    SubjectTokenTypeInvalid,
    SubjectTokenTypeMissing,
    SubjectTokenUnsigned,
    TargetExceeds,
    TargetInvalid,
    TargetsTooMany,
    TokenMissing,
    TokenOfAnotherClient,
    UsernameMissing,
}

impl Denial {
    /// All of them.
    pub const ALL: [Self; 64] = [
        Self::ActorIsSubject,
        Self::ActorTokenInvalid,
        Self::ActorTokenTypeMissing,
        Self::ActorTokenTypeUnexpected,
        Self::AssertionAudience,
        Self::AssertionEncrypted,
        Self::AssertionExpired,
        Self::AssertionInvalid,
        Self::AssertionIssuer,
        Self::AssertionIssuerUntrusted,
        Self::AssertionLacksExpiry,
        Self::AssertionMissing,
        Self::AssertionNotYetValid,
        Self::AssertionReplayed,
        Self::AssertionSubject,
        Self::AssertionSubjectUnknown,
        Self::AssertionUnsigned,
        Self::AssertionUnverified,
        Self::AuthorizationDetailsInvalid,
        Self::CertificateMismatch,
        Self::ClientAssertionInvalid,
        Self::ClientAssertionReplayed,
        Self::ClientAuthMethodUnsupported,
        Self::ClientAuthenticatedTwice,
        Self::ClientCredentialsMismatch,
        Self::ClientDisabled,
        Self::ClientIdMissing,
        Self::ClientMustBeConfidential,
        Self::ClientMustBeIdentified,
        Self::ClientNotPermittedToExchange,
        Self::ClientUnauthenticated,
        Self::CodeInvalid,
        Self::DpopHeaderMissing,
        Self::DpopKeyMismatch,
        Self::DpopNonceRequired,
        Self::DpopProofForAnother,
        Self::DpopProofInvalid,
        Self::DpopProofReplayed,
        Self::DpopProofStale,
        Self::ExchangeTooDeep,
        Self::GrantNotAllowed,
        Self::GrantTypeMissing,
        Self::GrantTypeUnsupported,
        Self::PasswordMissing,
        Self::RefreshTokenInvalid,
        Self::RefreshTokenMissing,
        Self::RequestMalformed,
        Self::RequestedTokenTypeInvalid,
        Self::ScopeExceeds,
        Self::ScopeInvalid,
        Self::ScopeRequired,
        Self::SubjectTokenBound,
        Self::SubjectTokenEncrypted,
        Self::SubjectTokenInvalid,
        Self::SubjectTokenMissing,
        Self::SubjectTokenTypeInvalid,
        Self::SubjectTokenTypeMissing,
        Self::SubjectTokenUnsigned,
        Self::TargetExceeds,
        Self::TargetInvalid,
        Self::TargetsTooMany,
        Self::TokenMissing,
        Self::TokenOfAnotherClient,
        Self::UsernameMissing,
    ];

    /// The `error` of the token response.
    pub const fn error(self) -> &'static str {
        use Denial as D;
        match self {
            D::ClientAssertionInvalid
            | D::ClientAssertionReplayed
            | D::ClientAuthMethodUnsupported
            | D::ClientCredentialsMismatch
            | D::ClientDisabled
            | D::ClientIdMissing
            | D::ClientMustBeIdentified
            | D::ClientUnauthenticated => "invalid_client",
            D::ClientMustBeConfidential | D::ClientNotPermittedToExchange | D::GrantNotAllowed => "unauthorized_client",
            D::GrantTypeUnsupported => "unsupported_grant_type",
            D::AssertionAudience
            | D::AssertionEncrypted
            | D::AssertionExpired
            | D::AssertionInvalid
            | D::AssertionIssuer
            | D::AssertionIssuerUntrusted
            | D::AssertionLacksExpiry
            | D::AssertionNotYetValid
            | D::AssertionReplayed
            | D::AssertionSubject
            | D::AssertionSubjectUnknown
            | D::AssertionUnsigned
            | D::AssertionUnverified
            | D::CertificateMismatch
            | D::CodeInvalid
            | D::DpopKeyMismatch
            | D::RefreshTokenInvalid => "invalid_grant",
            D::ScopeExceeds | D::ScopeInvalid | D::ScopeRequired => "invalid_scope",
            D::TargetExceeds | D::TargetInvalid | D::TargetsTooMany => "invalid_target",
            // RFC 9396 section 5.
            D::AuthorizationDetailsInvalid => "invalid_authorization_details",
            // RFC 9449 section 5.
            D::DpopHeaderMissing | D::DpopProofForAnother | D::DpopProofInvalid | D::DpopProofReplayed | D::DpopProofStale => {
                "invalid_dpop_proof"
            }
            // RFC 9449 section 8.
            D::DpopNonceRequired => "use_dpop_nonce",
            // RFC 8693 section 2.2.2 has this also for tokens that are no good.
            D::ActorIsSubject
            | D::ActorTokenInvalid
            | D::ActorTokenTypeMissing
            | D::ActorTokenTypeUnexpected
            | D::AssertionMissing
            | D::ClientAuthenticatedTwice
            | D::ExchangeTooDeep
            | D::GrantTypeMissing
            | D::PasswordMissing
            | D::RefreshTokenMissing
            | D::RequestMalformed
            | D::RequestedTokenTypeInvalid
            | D::SubjectTokenBound
            | D::SubjectTokenEncrypted
            | D::SubjectTokenInvalid
            | D::SubjectTokenMissing
            | D::SubjectTokenTypeInvalid
            | D::SubjectTokenTypeMissing
            | D::SubjectTokenUnsigned
            | D::TokenMissing
            | D::TokenOfAnotherClient
            | D::UsernameMissing => "invalid_request",
        }
    }

    /// What is wrong and what to do, for the client's developer.
    pub const fn describe(self) -> &'static str {
        use Denial as D;
        match self {
            D::ActorIsSubject => "actor_token must be another's than subject_token.",
            D::ActorTokenInvalid => "The actor token is not valid: it must be of its type, genuine, and in its time.",
            D::ActorTokenTypeMissing => "actor_token_type is required with actor_token, as a registered token type.",
            D::ActorTokenTypeUnexpected => "actor_token_type must not be given without actor_token.",
            D::AssertionAudience => "The assertion's aud must contain the issuer or the token endpoint.",
            D::AssertionEncrypted => "An encrypted assertion is not accepted.",
            D::AssertionExpired => "The assertion has expired.",
            D::AssertionInvalid => "The assertion is not a JWT.",
            D::AssertionIssuer => "The assertion's iss must be a string.",
            D::AssertionIssuerUntrusted => "The assertion's iss is not one whose assertions this client may present here.",
            D::AssertionLacksExpiry => "The assertion has no exp.",
            D::AssertionReplayed => "The assertion was used before.",
            D::AssertionMissing => "assertion is required.",
            D::AssertionNotYetValid => "The assertion's iat or nbf is in the future.",
            D::AssertionSubject => "The assertion's sub must be 1 to 100 ASCII characters, and not the client.",
            D::AssertionSubjectUnknown => "The assertion's sub is nobody here, or may not act now.",
            D::AssertionUnsigned => "An unsigned assertion is not accepted.",
            D::AssertionUnverified => {
                "The assertion is not valid: it must be a JWT that one of its issuer's keys has signed, named by its kid; its aud the issuer of this service alone, its exp within the next five minutes, and it needs a jti."
            }
            D::AuthorizationDetailsInvalid => {
                "authorization_details must be a JSON array of objects, each of a type that there is, and none beyond what was granted before."
            }
            D::CertificateMismatch => "The token is bound to another client certificate, or none was presented.",
            D::ClientAssertionInvalid => {
                "The client assertion is not valid: it must be of type jwt-bearer and signed by one of the client's keys, its iss and sub must be the client, its aud the issuer alone, its exp within the next five minutes, and it needs a jti."
            }
            D::ClientAssertionReplayed => "The client assertion was used before.",
            D::ClientAuthMethodUnsupported => {
                "This method of client authentication is not supported: use client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth, self_signed_tls_client_auth or none."
            }
            D::ClientAuthenticatedTwice => "The client must authenticate by one method only.",
            D::ClientCredentialsMismatch => "The client is named twice, with different credentials.",
            D::ClientDisabled => "The client is locked.",
            D::ClientIdMissing => "The client must name itself.",
            D::ClientMustBeConfidential => "Only confidential clients may do this.",
            D::ClientMustBeIdentified => "Only clients that name themselves may do this.",
            D::ClientNotPermittedToExchange => "The client has no permit to exchange tokens.",
            D::ClientUnauthenticated => {
                "The client is unknown, or it did not authenticate with the right credentials by the method that it is registered for."
            }
            D::CodeInvalid => "The authorization code is not valid.",
            D::DpopHeaderMissing => "A DPoP proof is required.",
            D::DpopKeyMismatch => "The token is bound to the key of other DPoP proofs.",
            D::DpopNonceRequired => "The DPoP proof needs the nonce of the header DPoP-Nonce.",
            D::DpopProofForAnother => "The DPoP proof is for another method (htm), URI (htu) or access token (ath).",
            D::DpopProofInvalid => {
                "The DPoP proof is not valid: it must be one JWT of type dpop+jwt with htm, htu, iat and jti, signed by the public key in its header."
            }
            D::DpopProofReplayed => "The DPoP proof was used before.",
            D::DpopProofStale => "The DPoP proof is not of this minute: see its iat, and the clock of the client.",
            D::ExchangeTooDeep => "The token would come of too many others, those of actors counted: there can be eight.",
            D::GrantNotAllowed => {
                "The client may not use this grant_type: its org must support it, and the client be registered for it."
            }
            D::GrantTypeMissing => "grant_type is required.",
            D::GrantTypeUnsupported => "grant_type must be one that the service supports, to the letter.",
            D::PasswordMissing => "password is required.",
            D::RefreshTokenInvalid => "The refresh token is unknown, expired, revoked or used up.",
            D::RefreshTokenMissing => "refresh_token is required.",
            D::RequestMalformed => "The token request is malformed: it must be form-encoded, with no parameter twice.",
            D::RequestedTokenTypeInvalid => "requested_token_type must be a registered token type.",
            D::ScopeExceeds => "The requested scope goes beyond that of the refresh token.",
            D::ScopeInvalid => "scope must have only what the org supports and the client may ask for.",
            D::ScopeRequired => "At least one scope is required.",
            D::SubjectTokenBound => "A presented token is bound to another key or certificate than the request has proved.",
            D::SubjectTokenEncrypted => "An encrypted subject token is not accepted.",
            D::SubjectTokenInvalid => "The subject token is not valid: it must be of its type, genuine, and in its time.",
            D::SubjectTokenMissing => "subject_token is required.",
            D::SubjectTokenTypeInvalid => "subject_token_type must be a registered token type.",
            D::SubjectTokenTypeMissing => "subject_token_type is required.",
            D::SubjectTokenUnsigned => "An unsigned subject token is not accepted.",
            D::TargetExceeds => "resource and audience must be among those that the presented token is for.",
            D::TargetInvalid => "resource must be an absolute URI without fragment, of a resource that there is.",
            D::TargetsTooMany => "Ask for one token for each resource.",
            D::TokenMissing => "token is required.",
            D::TokenOfAnotherClient => "The token belongs to another client.",
            D::UsernameMissing => "username is required.",
        }
    }
}
