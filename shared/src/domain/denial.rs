//! Why an OAuth client gets no token.

/// Makes [`Denial`] of a table: for each cause a sentence, its name, the `error` of RFC 6749 section 5.2 or of an extension, and
/// the `error_description`, which tells the client's developer what is wrong and what to do.
///
/// ```ignore
/// denials! {
///     /// A public client asks for what only confidential clients may do.
///     ClientMustBeConfidential: "unauthorized_client", "Only confidential clients may use this grant.";
/// }
/// ```
///
/// A new cause is a new entry here, and a result code for it in `api/authlete/result.rs`, where one that lacks doesn't compile.
macro_rules! denials {
    ($($(#[$doc:meta])* $cause:ident: $error:literal, $text:literal;)*) => {
        /// The cause for which a token request, or another request of an OAuth client, is denied.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum Denial {
            $($(#[$doc])* $cause,)*
        }

        impl Denial {
            /// Every cause, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$cause,)*];

            /// The `error` of the answer: RFC 6749 section 5.2, or the extension that has it.
            pub const fn error(self) -> &'static str {
                match self {
                    $(Self::$cause => $error,)*
                }
            }

            /// What is wrong and what to do, for the client's developer.
            pub const fn describe(self) -> &'static str {
                match self {
                    $(Self::$cause => $text,)*
                }
            }
        }
    };
}

// Where RFC 8693 section 2.2.2 applies, `invalid_request` is also the code for tokens that are not valid.
denials! {
    /// The new token would name more actors than the org allows, or be too large because of them (RFC 8693 section 4.1).
    ActorChainTooLong: "invalid_request",
        "The chain of actors is too long: at most as many as the org's exchange_chain_limit, 2,048 bytes of act, and 7 kB of JWT.";
    /// The actor token is of the same subject as the subject token, so nobody acts for anybody (RFC 8693 section 2.1).
    ActorIsSubject: "invalid_request", "actor_token and subject_token must have different subjects.";
    /// The presented token says who may act for its subject, and somebody else would (RFC 8693 section 4.4).
    ActorNotPermitted: "invalid_request",
        "The presented token says in may_act who may act for its subject, and that is somebody else.";
    /// The actor token is forged, expired, revoked, or not of the type that the request says.
    ActorTokenInvalid: "invalid_request", "The actor token is not valid: check its type, its issuer and whether it has expired or been revoked.";
    /// There is an `actor_token` without an `actor_token_type` that RFC 8693 section 3 registers.
    ActorTokenTypeMissing: "invalid_request", "actor_token_type is required with actor_token and must be a registered token type.";
    /// There is an `actor_token_type` without an `actor_token` (RFC 8693 section 2.1).
    ActorTokenTypeUnexpected: "invalid_request", "actor_token_type must not be given without actor_token.";
    /// The `aud` of the assertion doesn't name this service (RFC 7523 section 3).
    AssertionAudience: "invalid_grant", "The assertion's aud must contain the issuer or the token endpoint.";
    /// The assertion is encrypted, and the settings of the org reject that.
    AssertionEncrypted: "invalid_grant", "An encrypted assertion is not accepted.";
    /// The `exp` of the assertion has passed.
    AssertionExpired: "invalid_grant", "The assertion has expired.";
    /// The assertion can't be read as a JWT.
    AssertionInvalid: "invalid_grant", "The assertion is not a JWT.";
    /// The `iss` of the assertion is missing or not a string.
    AssertionIssuer: "invalid_grant", "The assertion's iss must be a string.";
    /// The assertion is from an issuer that the org doesn't trust, or not for this client.
    AssertionIssuerUntrusted: "invalid_grant", "The assertion's iss is not an issuer that this org trusts for this client.";
    /// The assertion has no `exp`, which RFC 7523 section 3 requires.
    AssertionLacksExpiry: "invalid_grant", "The assertion has no exp.";
    /// The JWT bearer grant was requested without an `assertion`.
    AssertionMissing: "invalid_request", "assertion is required.";
    /// The `iat` or `nbf` of the assertion lies in the future.
    AssertionNotYetValid: "invalid_grant", "The assertion's iat or nbf is in the future.";
    /// An assertion with this `jti` has been accepted before (RFC 7523 section 3).
    AssertionReplayed: "invalid_grant", "The assertion was used before.";
    /// The `sub` of the assertion is missing, malformed, or the client itself.
    AssertionSubject: "invalid_grant", "The assertion's sub must be 1 to 255 ASCII characters, and not the client.";
    /// The `sub` of the assertion is no member of the org, or a disabled one.
    AssertionSubjectUnknown: "invalid_grant", "The assertion's sub is not an enabled member of this org.";
    /// The assertion is unsigned, and the settings of the org reject that.
    AssertionUnsigned: "invalid_grant", "An unsigned assertion is not accepted.";
    /// The signature or a claim of the assertion failed verification with the keys of its issuer.
    AssertionUnverified: "invalid_grant",
        "The assertion is not valid: it must be a JWT signed with a key of its issuer, and pass the org's rules for the issuer. An administrator can see why: POST /v1/orgs/{org}/issuers/test.";
    /// The `authorization_details` are malformed, of an unknown type, or more than was granted (RFC 9396 section 5).
    AuthorizationDetailsInvalid: "invalid_authorization_details",
        "authorization_details must be a JSON array of objects. Each type must be one of the org's authorization_details_types, and nothing may exceed what was granted before.";
    /// A parameter of the authorization request is malformed, too long, or there twice (RFC 6749 section 3.1).
    AuthorizationRequestMalformed: "invalid_request",
        "A parameter of the authorization request is malformed, too long, or there twice. Each is form-encoded, of at most 4,000 bytes, and only resource may be repeated.";
    /// The person hasn't decided yet what a device asks for (RFC 8628 section 3.5).
    AuthorizationPending: "authorization_pending",
        "Nobody has decided yet. Poll again after the interval.";
    /// The person has denied what the client asks for without a browser (OpenID Connect CIBA section 11).
    AuthReqIdDenied: "access_denied",
        "The person has denied the request.";
    /// The `auth_req_id` is over (OpenID Connect CIBA section 11).
    AuthReqIdExpired: "expired_token",
        "The auth_req_id is over. Ask for another one.";
    /// The authentication came to no decision, or not to the one that the client demands (OpenID Connect CIBA section 11).
    AuthReqIdFailed: "expired_token",
        "Nothing has come of the request. Ask again.";
    /// The `auth_req_id` is unknown, used, or another client's (OpenID Connect CIBA section 11).
    AuthReqIdInvalid: "invalid_grant",
        "The auth_req_id is not valid.";
    /// The CIBA grant was requested without an `auth_req_id`.
    AuthReqIdMissing: "invalid_request",
        "auth_req_id is required.";
    /// The person hasn't decided yet what the client asks for (OpenID Connect CIBA section 11).
    AuthReqIdPending: "authorization_pending",
        "The person has not decided yet. Poll again after the interval.";
    /// The client polls sooner than it may, which makes the interval longer by five seconds (OpenID Connect CIBA section 11).
    AuthReqIdPolledTooOften: "slow_down",
        "The client polls too often. Make the interval 5 seconds longer.";
    /// The `binding_message` can't be shown (OpenID Connect CIBA section 13).
    BindingMessageInvalid: "invalid_binding_message",
        "binding_message must be 1 to 100 characters without control characters.";
    /// A browser comes back for an authorization that is unknown, over, or has been answered.
    AuthorizationUnknown: "invalid_request",
        "This sign-in is unknown, over, or was finished before. Start again in the app.";
    /// A browser comes back that isn't the one in which the authorization was begun.
    BrowserMismatch: "access_denied",
        "This sign-in was begun in another browser. Start again in the app.";
    /// The presented token is bound to a client certificate that this connection doesn't have (RFC 8705 section 3).
    CertificateMismatch: "invalid_grant", "The token is bound to another client certificate, or none was presented.";
    /// The parameter `claims` is no object as in OpenID Connect Core section 5.5.
    ClaimsParameterInvalid: "invalid_request",
        "claims must be a JSON object with the members userinfo and id_token, of at most 4,000 bytes.";
    /// The client sends its credentials from an address that isn't in its `allowed_cidrs`, or that isn't known.
    ClientAddressRefused: "invalid_client",
        "The client may not be used from this address. An administrator can change its allowed_cidrs.";
    /// The `client_assertion` failed verification with the keys of the client (RFC 7523 section 3).
    ClientAssertionInvalid: "invalid_client",
        "The client assertion is not valid. It must be a JWT signed with one of the client's keys. Its iss and sub must be the client_id, its aud this service's issuer alone, its exp at most 300 seconds away, and it needs a jti.";
    /// A client assertion with this `jti` has been accepted before.
    ClientAssertionReplayed: "invalid_client", "The client assertion was used before.";
    /// The client has been given as many tokens as its `limits` allow in a minute or a day.
    ClientLimitReached: "temporarily_unavailable",
        "The client has been given as many tokens as its limits allow. Try again in the next minute or on the next day.";
    /// The client authenticates by a method that the service doesn't support.
    ClientAuthMethodUnsupported: "invalid_client",
        "This method of client authentication is not supported: use client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth, self_signed_tls_client_auth or none.";
    /// The client authenticates by more than one method in one request (RFC 6749 section 2.3).
    ClientAuthenticatedTwice: "invalid_request", "The client must authenticate by one method only.";
    /// Two places of the request name different clients or different secrets.
    ClientCredentialsMismatch: "invalid_client", "The request has two different sets of client credentials. Send one.";
    /// The client exists, but an administrator has disabled it.
    ClientDisabled: "invalid_client", "The client is locked. An administrator can unlock it.";
    /// The metadata document of the client isn't there, or it breaks a rule.
    ClientDocumentInvalid: "invalid_client",
        "The metadata document of the client is not at its URL, or breaks a rule: it must be JSON of at most 5,120 bytes without redirects, with this client_id and 1 to 20 redirect_uris.";
    /// The metadata document of the client, or its key set, can't be read now.
    ClientDocumentUnavailable: "invalid_client",
        "The metadata document of the client, or its key set, can't be read: its host must have public addresses and answer within 4 seconds. Try again later.";
    /// The request doesn't say which client sends it.
    ClientIdMissing: "invalid_client", "client_id is missing. Send client credentials or client_id.";
    /// A public client asks for what only confidential clients may do.
    ClientMustBeConfidential: "unauthorized_client", "Only confidential clients may use this grant.";
    /// The request names no client, and the settings of the org require one for this grant.
    ClientMustBeIdentified: "invalid_client", "This grant requires a client. Send client credentials or client_id.";
    /// The org requires a permit of the client for token exchange, and this client has none.
    ClientNotPermittedToExchange: "unauthorized_client", "The client is not permitted to exchange tokens.";
    /// The client is unknown, or its credentials are wrong: the answer doesn't say which.
    ClientUnauthenticated: "invalid_client",
        "Client authentication failed: unknown client, wrong credentials, or another method than the registered one.";
    /// The `client_id` of an authorization request names no client that people can sign in for.
    ClientUnknown: "invalid_client",
        "client_id must be the number of a client that is not locked, or the URL of a metadata document that is let in here.";
    /// The `code_challenge` is malformed, or not of the method `S256` (RFC 7636 section 4.3).
    CodeChallengeInvalid: "invalid_request",
        "code_challenge must be 43 characters of base64url, and code_challenge_method S256.";
    /// The client must send a `code_challenge` and sends none (RFC 9700 section 2.1.1).
    CodeChallengeMissing: "invalid_request",
        "code_challenge is required: use PKCE with S256 (RFC 7636).";
    /// The code is bound to another key than that of the DPoP proof (RFC 9449 section 10).
    CodeDpopKeyMismatch: "invalid_grant",
        "The authorization code is bound to another DPoP key (dpop_jkt) than the one that signed this proof.";
    /// The authorization code is unknown, expired, used, or of another client (RFC 6749 section 4.1.3).
    CodeInvalid: "invalid_grant", "The authorization code is not valid.";
    /// The grant `authorization_code` was requested without a `code`.
    CodeMissing: "invalid_request",
        "code is required.";
    /// The `code_verifier` can't be one (RFC 7636 section 4.1).
    CodeVerifierMalformed: "invalid_request",
        "code_verifier must be 43 to 128 of A-Z, a-z, 0-9, -, ., _ and ~.";
    /// The authorization request had a `code_challenge`, and the token request has no `code_verifier`.
    CodeVerifierMissing: "invalid_grant",
        "code_verifier is required, because the authorization request had a code_challenge.";
    /// The token request has a `code_verifier` for a request without a `code_challenge` (RFC 9700 section 4.8).
    CodeVerifierUnexpected: "invalid_grant",
        "code_verifier was sent, but the authorization request had no code_challenge.";
    /// The `code_verifier` isn't the one of the `code_challenge` (RFC 7636 section 4.6).
    CodeVerifierWrong: "invalid_grant",
        "code_verifier does not match the code_challenge of the authorization request.";
    /// The person has denied what the device asks for (RFC 8628 section 3.5).
    DeviceAccessDenied: "access_denied",
        "The request of the device was denied.";
    /// The client has registered no delivery mode that the org serves, or for ping no address (OpenID Connect CIBA section 5).
    DeliveryModeUnavailable: "unauthorized_client",
        "The client's backchannel_token_delivery_mode must be one of the org's ciba_delivery_modes. ping needs a backchannel_client_notification_endpoint that is an https URL, and push is not served.";
    /// The client has registered that tokens are pushed to it, and asks for them (OpenID Connect CIBA section 11).
    DeliveryModeForbidsPolling: "unauthorized_client",
        "A client whose backchannel_token_delivery_mode is push gets no tokens at the token endpoint.";
    /// The device code is over (RFC 8628 section 3.5).
    DeviceCodeExpired: "expired_token",
        "The device code is over. Ask for another one.";
    /// The device code is unknown, used, or another client's (RFC 8628 section 3.5).
    DeviceCodeInvalid: "invalid_grant",
        "The device code is not valid.";
    /// The device grant was requested without a `device_code`.
    DeviceCodeMissing: "invalid_request",
        "device_code is required.";
    /// The org of the client lets no devices ask: it has no `device_url`.
    DeviceUnavailable: "unauthorized_client",
        "Devices can't ask for anything here: the client's org has no device_url.";
    /// The `dpop_jkt` of a pushed request isn't the key of its DPoP proof (RFC 9449 section 10.1).
    DpopKeyUnexpected: "invalid_request", "dpop_jkt must be the thumbprint of the key of the DPoP proof.";
    /// The request needs a DPoP proof and has none (RFC 9449 section 5).
    DpopHeaderMissing: "invalid_dpop_proof", "A DPoP proof is required.";
    /// The presented token is bound to another key than that of the DPoP proof.
    DpopKeyMismatch: "invalid_grant", "The token is bound to another DPoP key than the one that signed this proof.";
    /// The DPoP proof has no nonce of the service, or one that is out of date (RFC 9449 section 8).
    DpopNonceRequired: "use_dpop_nonce", "The DPoP proof needs the nonce from the DPoP-Nonce response header.";
    /// The DPoP proof was made for another method, address or access token (RFC 9449 section 4.3).
    DpopProofForAnother: "invalid_dpop_proof", "The DPoP proof is for another method (htm), URI (htu) or access token (ath).";
    /// The DPoP proof is malformed or its signature is wrong (RFC 9449 section 4.3).
    DpopProofInvalid: "invalid_dpop_proof",
        "The DPoP proof is not valid: it must be one JWT of type dpop+jwt with htm, htu, iat and jti, signed by the public key in its header.";
    /// A DPoP proof with this `jti` has been accepted before (RFC 9449 section 11.1).
    DpopProofReplayed: "invalid_dpop_proof", "The DPoP proof was used before.";
    /// The `iat` of the DPoP proof is too far from the time of the service.
    DpopProofStale: "invalid_dpop_proof", "The DPoP proof's iat is more than 60 seconds from now. Check the client's clock.";
    /// The token would descend from more than eight others, those of its actors included.
    ExchangeTooDeep: "invalid_request",
        "The chain of exchanged tokens is too long: at most 8, actor tokens included.";
    /// The org or the client doesn't have this grant.
    GrantNotAllowed: "unauthorized_client",
        "The client may not use this grant_type. The org must support it (supported_grants) and the client must be registered for it (grant_types).";
    /// The request has no `grant_type`.
    GrantTypeMissing: "invalid_request", "grant_type is required.";
    /// The service has no grant of this name.
    GrantTypeUnsupported: "unsupported_grant_type", "This grant_type is not supported. grant_types_supported in the metadata lists those that are.";
    /// The ID-JAG is bound to a key that the request hasn't proved (draft-ietf-oauth-identity-assertion-authz-grant section 8.6.1.2).
    IdJagBound: "invalid_grant",
        "The ID-JAG is bound to a key (cnf.jkt): the request must have a DPoP proof by that key.";
    /// The ID-JAG is for another client (draft-ietf-oauth-identity-assertion-authz-grant section 4.4.1).
    IdJagForAnotherClient: "invalid_grant",
        "The ID-JAG's client_id must be the client that authenticates: its client_id or its alias.";
    /// A public client presents an ID-JAG, and its issuer doesn't name the client.
    IdJagOfPublicClient: "unauthorized_client",
        "A public client may present an ID-JAG only if the issuer's clients (assertion_issuers) name it.";
    /// The `id_token_hint` is no ID token of this service for this client (OpenID Connect Core section 3.1.2.1).
    IdTokenHintInvalid: "invalid_request",
        "id_token_hint must be an ID token of this service that was issued to this client.";
    /// The client has registered for ID tokens that can't be made (OpenID Connect Registration section 2).
    IdTokenUnavailable: "invalid_request",
        "The client's registration asks for ID tokens that are not made here: id_token_signed_response_alg must be asymmetric, and subject_type public.";
    /// The request wants a new sign-in (`max_age=0`), and that no page is shown (OpenID Connect Core section 3.1.2.6).
    LoginRequired: "login_required",
        "The person must sign in, and prompt is none.";
    /// The org of the client lets nobody sign in: it has no `login_url`.
    LoginUnavailable: "unauthorized_client",
        "Nobody can sign in for this client: its org has no login_url.";
    /// A parameter of the logout request is malformed, too long, or there twice (OpenID Connect RP-Initiated Logout section 2).
    LogoutRequestMalformed: "invalid_request",
        "A parameter of the logout request is malformed, too long, or there twice. Each is form-encoded.";
    /// The org lets nobody log out: it has no `logout_url`. Or the request names no client, and no org is open.
    LogoutUnavailable: "unauthorized_client",
        "Nobody can log out here: the org has no logout_url.";
    /// The request names its person in no way or in several (OpenID Connect CIBA section 7.1).
    LoginHintsNotOne: "invalid_request",
        "Exactly one of login_hint, login_hint_token and id_token_hint is required, of at most 4,000 bytes.";
    /// The `max_age` is no number of seconds (OpenID Connect Core section 3.1.2.1).
    MaxAgeInvalid: "invalid_request",
        "max_age must be a whole number of seconds.";
    /// The `client_notification_token` is missing or can't be a bearer token (OpenID Connect CIBA section 7.1).
    NotificationTokenInvalid: "invalid_request",
        "client_notification_token must be 1 to 1,024 characters of a bearer token. The delivery mode ping requires it.";
    /// The request asks for a person without the scope `openid` (OpenID Connect CIBA section 7.1).
    OpenidScopeMissing: "invalid_scope",
        "scope must have openid, and it must be available to this client.";
    /// The password grant was requested without a `password`.
    PasswordMissing: "invalid_request", "password is required.";
    /// The token of a platform isn't one of the client that it shall authenticate (RFC 7521 section 4.2.1). The answer doesn't say which rule
    /// it breaks.
    PlatformTokenRefused: "invalid_client",
        "The client assertion is not accepted. An administrator can see why: POST /v1/orgs/{org}/issuers/test.";
    /// The token of a platform that was presented for a token isn't one of the client (RFC 7521 section 4.1.1). The answer doesn't say which
    /// rule it breaks.
    PlatformTokenRefusedAsGrant: "invalid_grant",
        "The assertion is not accepted. An administrator can see why: POST /v1/orgs/{org}/issuers/test.";
    /// The logout request has a `post_logout_redirect_uri`, and names no client that could have registered it.
    PostLogoutRedirectUriUnexpected: "invalid_request",
        "post_logout_redirect_uri needs an id_token_hint or a client_id.";
    /// The `post_logout_redirect_uri` isn't registered for the client (OpenID Connect RP-Initiated Logout section 3).
    PostLogoutRedirectUriUnregistered: "invalid_request",
        "post_logout_redirect_uri must be one of the client's registered post_logout_redirect_uris, letter by letter.";
    /// The `prompt` has an unknown word, or `none` with another (OpenID Connect Core section 3.1.2.1).
    PromptInvalid: "invalid_request",
        "prompt must be words of none, login, consent and select_account, and none must be alone.";
    /// The `redirect_uri` isn't that of the authorization request (RFC 6749 section 4.1.3).
    RedirectUriMismatch: "invalid_grant",
        "redirect_uri must be the one of the authorization request, letter by letter.";
    /// The authorization request has no `redirect_uri`.
    RedirectUriMissing: "invalid_request",
        "redirect_uri is required.";
    /// The `redirect_uri` isn't registered for the client (RFC 9700 section 2.1).
    RedirectUriUnregistered: "invalid_request",
        "redirect_uri must be one of the client's registered redirect_uris, letter by letter. Only the port of a loopback address is free.";
    /// The refresh token is unknown, expired, revoked or already used.
    RefreshTokenInvalid: "invalid_grant", "The refresh token is unknown, expired, revoked or already used.";
    /// The refresh grant was requested without a `refresh_token`.
    RefreshTokenMissing: "invalid_request", "refresh_token is required.";
    /// The client must push its authorization requests, and this one came with a browser (RFC 9126 sections 5 and 6).
    PlainRequestForbidden: "invalid_request",
        "The client must push its requests to the pushed_authorization_request_endpoint, because its org (pushed_requests_required) or its registration (require_pushed_authorization_requests) says so.";
    /// The request has the parameter `registration` (OpenID Connect Core section 7.2.1).
    RegistrationUnsupported: "registration_not_supported",
        "The parameter registration is not supported.";
    /// The body isn't form-encoded, or has a parameter twice (RFC 6749 section 3.2).
    RequestMalformed: "invalid_request", "The token request is malformed: it must be form-encoded, with no parameter twice.";
    /// The client is registered to sign its requests (RFC 9101 section 10.5, OpenID Connect CIBA section 4), which can't be had.
    RequestObjectRequired: "invalid_request",
        "The client's registration requires signed requests (require_signed_request_object or backchannel_authentication_request_signing_alg), which are not supported.";
    /// The `request_context` is no JSON object.
    RequestContextInvalid: "invalid_request",
        "request_context must be a JSON object of at most 4,000 bytes.";
    /// The request has a request object (RFC 9101).
    RequestObjectUnsupported: "request_not_supported",
        "The parameter request is not supported.";
    /// The request refers to a pushed one that is unknown, over, used or another client's (RFC 9126 section 4).
    RequestUriInvalid: "invalid_request_uri",
        "request_uri must be of a pushed request of this client, and is good once and for a short time. Start again in the app.";
    /// A pushed request refers to another one (RFC 9126 section 2.1).
    RequestUriUnexpected: "invalid_request", "request_uri must not be part of a pushed request.";
    /// The request refers to a request object elsewhere (RFC 9101).
    RequestUriUnsupported: "request_uri_not_supported",
        "request_uri must be one that the pushed_authorization_request_endpoint has answered.";
    /// The `requested_expiry` is no number of seconds (OpenID Connect CIBA section 7.1).
    RequestedExpiryInvalid: "invalid_request",
        "requested_expiry must be a positive whole number of seconds.";
    /// The `requested_token_type` isn't one that RFC 8693 section 3 registers.
    RequestedTokenTypeInvalid: "invalid_request", "requested_token_type must be a registered token type.";
    /// The `response_mode` isn't supported.
    ResponseModeUnsupported: "invalid_request",
        "response_mode must be query or form_post.";
    /// The authorization request has no `response_type` (RFC 6749 section 3.1.1).
    ResponseTypeMissing: "invalid_request",
        "response_type is required.";
    /// The `response_type` is another one than `code`.
    ResponseTypeUnsupported: "unsupported_response_type",
        "response_type must be code.";
    /// The request asks for more scopes than the refresh token was granted (RFC 6749 section 6).
    ScopeExceeds: "invalid_scope", "The requested scope exceeds the scope of the refresh token.";
    /// The request has a scope that the org doesn't support or the client may not ask for.
    ScopeInvalid: "invalid_scope", "The requested scope is not available to this client.";
    /// The token would have no scope, and the settings of the org require one.
    ScopeRequired: "invalid_scope", "At least one scope is required.";
    /// The device polls sooner than it may, which makes the interval longer by five seconds (RFC 8628 section 3.5).
    SlowDown: "slow_down",
        "The device polls too often. Make the interval 5 seconds longer.";
    /// A presented token is bound to a key or certificate that the request hasn't proved.
    SubjectTokenBound: "invalid_request",
        "A presented token is bound to another key or certificate than this request proves.";
    /// The other authorization server knows subjects by their e-mail addresses, and this one has none.
    SubjectHasNoEmail: "invalid_request",
        "The target knows subjects by their email, and the presented token is of no member with one in its profile.";
    /// The subject token is encrypted, and the settings of the org reject that.
    SubjectTokenEncrypted: "invalid_request", "An encrypted subject token is not accepted.";
    /// The subject token is forged, expired, revoked, or not of the type that the request says.
    SubjectTokenInvalid: "invalid_request",
        "The subject token is not valid: check its type, its issuer and whether it has expired or been revoked.";
    /// A token exchange was requested without a `subject_token`.
    SubjectTokenMissing: "invalid_request", "subject_token is required.";
    /// The `subject_token_type` isn't one that RFC 8693 section 3 registers.
    SubjectTokenTypeInvalid: "invalid_request", "subject_token_type must be a registered token type.";
    /// A token exchange was requested without a `subject_token_type`.
    SubjectTokenTypeMissing: "invalid_request", "subject_token_type is required.";
    /// The token of somebody else isn't one that this client can exchange (RFC 8693 section 2.2.2). The answer doesn't say which rule it breaks.
    SubjectTokenRefused: "invalid_request",
        "The subject token is not accepted. An administrator can see why: POST /v1/orgs/{org}/issuers/test.";
    /// A subject token of somebody else with this `jti` has been accepted before.
    SubjectTokenReplayed: "invalid_request", "The subject token was used before.";
    /// The subject token is unsigned, and the settings of the org reject that.
    SubjectTokenUnsigned: "invalid_request", "An unsigned subject token is not accepted.";
    /// The `resource` or `audience` goes beyond those of the presented token.
    TargetExceeds: "invalid_target", "resource and audience must be among the audiences of the presented token, or one target of the client (may_exchange_to).";
    /// The `resource` is no absolute URI, or no resource of the org (RFC 8707 section 2).
    TargetInvalid: "invalid_target", "resource must be an absolute URI without a fragment and one of the org's resources.";
    /// The presented token leads to no scope of the target, or not to all that are asked for.
    TargetScopeInvalid: "invalid_scope",
        "The presented token leads to none of the target's scopes, or not to all that are asked for: see scopes and for in the client's may_exchange_to.";
    /// The request names an `audience` and another `resource`.
    TargetsDiffer: "invalid_request", "resource and audience mean the same here: give one of them, or both with the same value.";
    /// The request names more than one resource, and a token is for one only.
    TargetsTooMany: "invalid_target", "Only one resource per request. Ask for one token for each.";
    /// A revocation or introspection was requested without a `token`.
    TokenMissing: "invalid_request", "token is required.";
    /// The token belongs to another client than the one that authenticated (RFC 7009 section 2.1).
    TokenOfAnotherClient: "invalid_request", "The token belongs to another client.";
    /// The client must send a `user_code` and sends none (OpenID Connect CIBA section 13).
    UserCodeMissing: "missing_user_code",
        "user_code is required: the client is registered with backchannel_user_code_parameter, and the org has ciba_user_code.";
    /// The password grant was requested without a `username`.
    UsernameMissing: "invalid_request", "username is required.";
}
