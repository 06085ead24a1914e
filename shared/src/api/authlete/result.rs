//! Result codes: the one table of them.
//!
//! A code is `A`, three digits for the call, one for whose fault it is (`0` nobody's, `1` ours, `2` of who called, `3` of the
//! OAuth client), and two that count. Published ones are as they are; the others are ours.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

use crate::domain::{Denial, Refusal, TokenProblem};
use crate::encoding::sentence;

/// The `resultCode` of an answer: which call, and what came of it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ResultCode(u32);

impl fmt::Display for ResultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "A{:06}", self.0)
    }
}

/// What comes of calls, each with its code.
#[expect(missing_docs, reason = "the names are those of the calls")]
impl ResultCode {
    pub const CLIENT_AUTHORIZATION_DELETED: Self = Self(137_001);
    pub const CLIENT_AUTHORIZATION_UPDATED: Self = Self(138_001);
    pub const CLIENT_LOCKED: Self = Self(1_215);
    pub const CLIENT_SECRET_REFRESHED: Self = Self(218_001);
    pub const CLIENT_SECRET_UPDATED: Self = Self(219_001);
    pub const CLIENT_LOCK_UPDATED: Self = Self(221_001);
    pub const GRANTED_SCOPES_DELETED: Self = Self(142_001);
    pub const ID_TOKEN_REISSUED: Self = Self(360_001);
    pub const INTROSPECTED: Self = Self(56_001);
    pub const INTROSPECTED_STANDARD: Self = Self(145_001);
    pub const ISSUED: Self = Self(54_001);
    pub const REVOCATION_DONE: Self = Self(113_001);
    pub const SERVER_ERROR: Self = Self(1_101);
    pub const TOKEN_ASSERTION_ACCEPTED: Self = Self(314_001);
    pub const TOKEN_CLIENT_CREDENTIALS: Self = Self(53_001);
    pub const TOKEN_CREATED: Self = Self(109_001);
    pub const TOKEN_EXCHANGE_ACCEPTED: Self = Self(311_001);
    pub const TOKEN_PASSWORD: Self = Self(50_002);
    pub const TOKEN_REFRESHED: Self = Self(52_001);
    pub const TOKEN_REVOKED: Self = Self(312_001);
    pub const TOKEN_TO_UPDATE_UNKNOWN: Self = Self(136_202);
    pub const TOKEN_UPDATED: Self = Self(135_001);
    pub const BATCH_ACCEPTED: Self = Self(315_001);
    pub const BATCH_STATUS: Self = Self(317_001);
    pub const BATCH_FAILED: Self = Self(315_301);
}

/// What introspection finds lacking.
#[expect(missing_docs, reason = "the names say it")]
impl ResultCode {
    pub const TOKEN_UNKNOWN: Self = Self(63_301);
    pub const SCOPE_INSUFFICIENT: Self = Self(64_302);
    pub const SUBJECT_DIFFERS: Self = Self(64_303);
    pub const RESOURCE_INSUFFICIENT: Self = Self(64_304);
    pub const TOKEN_EXPIRED_REFRESHABLE: Self = Self(65_301);
    pub const CERTIFICATE_MISSING: Self = Self(65_302);
    pub const CERTIFICATE_MISMATCH: Self = Self(65_303);
    pub const TOKEN_EXPIRED: Self = Self(65_304);
    pub const DPOP_PROOF_MISSING: Self = Self(65_308);
    pub const DPOP_PROOF_INVALID: Self = Self(65_309);
    pub const DPOP_PROOF_REPLAYED: Self = Self(65_310);
    pub const DPOP_KEY_MISMATCH: Self = Self(65_311);
    pub const ACR_INSUFFICIENT: Self = Self(65_401);
    pub const AUTHENTICATION_TOO_OLD: Self = Self(65_402);
    pub const RS_URI_MISSING: Self = Self(404_301);
}

/// What the authorization server says of a ticket that it gives back.
#[expect(missing_docs, reason = "the names are those of the reasons")]
impl ResultCode {
    pub const FAIL_CREDENTIALS: Self = Self(67_301);
    pub const FAIL_TARGET: Self = Self(67_302);
    pub const FAIL_UNKNOWN: Self = Self(67_303);
    pub const FAIL_CLIENT: Self = Self(67_304);
    pub const FAIL_UNAUTHORIZED: Self = Self(67_305);
    pub const FAIL_SCOPE: Self = Self(67_306);
}

/// What has come of an authorization request.
#[expect(missing_docs, reason = "the names say it")]
impl ResultCode {
    pub const AUTHORIZATION_TICKETED: Self = Self(4_001);
    pub const AUTHORIZATION_ISSUED: Self = Self(40_001);
    pub const REQUEST_PUSHED: Self = Self(245_001);
    pub const ISSUE_ACR_NOT_MET: Self = Self(42_301);
    pub const ISSUE_SUBJECT_DIFFERS: Self = Self(42_302);
    pub const ISSUE_SIGN_IN_TOO_OLD: Self = Self(42_303);
    pub const TOKEN_CODE: Self = Self(50_001);
    pub const TOKEN_DEVICE: Self = Self(242_001);
    pub const TICKET_INFO: Self = Self(388_001);
    pub const TICKET_INFO_NOT_FOUND: Self = Self(388_301);
    pub const TICKET_UPDATED: Self = Self(390_001);
    pub const TICKET_UPDATE_NOT_FOUND: Self = Self(390_301);
}

/// What has come of what a client asks for without the person's browser.
#[expect(missing_docs, reason = "the names say it")]
impl ResultCode {
    pub const BACKCHANNEL_TICKETED: Self = Self(179_001);
    pub const BACKCHANNEL_ISSUED: Self = Self(183_001);
    pub const BACKCHANNEL_FAILED: Self = Self(185_001);
    pub const BACKCHANNEL_DECIDED: Self = Self(198_001);
    pub const TOKEN_CIBA: Self = Self(200_001);
}

/// What has come of what a device asks for.
#[expect(missing_docs, reason = "the names say it")]
impl ResultCode {
    pub const DEVICE_BEGUN: Self = Self(220_001);
    pub const USER_CODE_VALID: Self = Self(224_001);
    pub const USER_CODE_UNKNOWN: Self = Self(224_301);
    pub const USER_CODE_EXPIRED: Self = Self(224_302);
    pub const DEVICE_DECIDED: Self = Self(241_001);
    pub const DECISION_UNKNOWN: Self = Self(240_301);
    pub const DECISION_TOO_LATE: Self = Self(240_302);
}

/// What comes of a userinfo request.
#[expect(missing_docs, reason = "the names say it")]
impl ResultCode {
    pub const USERINFO: Self = Self(91_001);
    pub const USERINFO_ISSUED: Self = Self(96_001);
    pub const USERINFO_UNKNOWN: Self = Self(88_302);
    pub const USERINFO_EXPIRED: Self = Self(88_303);
    pub const USERINFO_WITHOUT_PERSON: Self = Self(88_304);
    pub const USERINFO_CERTIFICATE_MISMATCH: Self = Self(89_304);
    pub const USERINFO_DPOP_PROOF_MISSING: Self = Self(89_311);
    pub const USERINFO_DPOP_PROOF_INVALID: Self = Self(89_312);
    pub const USERINFO_DPOP_KEY_MISMATCH: Self = Self(89_313);
    pub const USERINFO_LACKS_OPENID: Self = Self(90_301);
}

/// Why an authorization server lets nothing come of an authorization request.
#[expect(missing_docs, reason = "the names are those of the reasons")]
impl ResultCode {
    pub const DENIED_NOT_LOGGED_IN: Self = Self(60_301);
    pub const DENIED_MAX_AGE_UNSUPPORTED: Self = Self(60_302);
    pub const DENIED_MAX_AGE: Self = Self(60_303);
    pub const DENIED_OTHER_SUBJECT: Self = Self(60_304);
    pub const DENIED_ACR: Self = Self(60_305);
    pub const DENIED: Self = Self(60_306);
    pub const DENIED_SERVER_ERROR: Self = Self(60_307);
    pub const DENIED_UNKNOWN: Self = Self(60_308);
    pub const DENIED_NOT_AUTHENTICATED: Self = Self(60_309);
    pub const DENIED_ACCOUNT_SELECTION: Self = Self(60_310);
    pub const DENIED_CONSENT: Self = Self(60_311);
    pub const DENIED_INTERACTION: Self = Self(60_312);
    pub const DENIED_TARGET: Self = Self(60_313);
    pub const DENIED_SCOPE: Self = Self(60_314);
    pub const DENIED_CLIENT: Self = Self(60_315);
    pub const DENIED_UNAVAILABLE: Self = Self(60_316);
}

/// The calls, each with the three digits of its refusals.
const CALLS: &[(&str, u32)] = &[
    ("/auth/authorization", AUTHORIZATION),
    ("/auth/authorization/fail", 61),
    ("/auth/authorization/issue", 41),
    ("/auth/authorization/ticket/info", 388),
    ("/auth/authorization/ticket/update", 390),
    ("/auth/introspection", 57),
    ("/auth/introspection/standard", 144),
    ("/auth/revocation", 112),
    ("/auth/token", TOKEN),
    ("/auth/token/create", 110),
    ("/auth/token/create/batch", 316),
    ("/auth/token/create/batch/status/{requestId}", 318),
    ("/auth/token/delete/{accessTokenIdentifier+}", 137),
    ("/auth/token/fail", 66),
    ("/auth/token/get/list", 140),
    ("/auth/token/issue", 55),
    ("/auth/token/revoke", 313),
    ("/auth/token/update", 136),
    ("/auth/userinfo", 92),
    ("/auth/userinfo/issue", 97),
    ("/backchannel/authentication", BACKCHANNEL),
    ("/backchannel/authentication/complete", 186),
    ("/backchannel/authentication/fail", 184),
    ("/backchannel/authentication/issue", BACKCHANNEL_ISSUE),
    ("/client/authorization/delete/{id}", 413),
    ("/client/authorization/delete/{id}/{subject}", 414),
    ("/client/authorization/get/list", 415),
    ("/client/authorization/get/list/{subject}", 416),
    ("/client/authorization/update/{id}", 417),
    ("/client/create", 202),
    ("/client/delete/{id}", 216),
    ("/client/extension/requestable_scopes/delete/{id}", 410),
    ("/client/extension/requestable_scopes/get/{id}", 411),
    ("/client/extension/requestable_scopes/update/{id}", 412),
    ("/client/get/list", 215),
    ("/client/get/{id}", 217),
    ("/client/granted_scopes/delete/{id}", 418),
    ("/client/granted_scopes/delete/{id}/{subject}", 419),
    ("/client/granted_scopes/get/{id}", 420),
    ("/client/granted_scopes/get/{id}/{subject}", 421),
    ("/client/lock_flag/update/{id}", 220),
    ("/client/secret/refresh/{id}", 222),
    ("/client/secret/update/{id}", 223),
    ("/client/update/{id}", 213),
    ("/device/authorization", 221),
    ("/device/complete", 240),
    ("/device/verification", 224),
    ("/idtoken/reissue", 360),
    ("/pushed_auth_req", 246),
    ("/service/configuration", 150),
    ("/service/jwks/get", 149),
];

/// The digits of the two calls at which each denial has a code of its own.
const AUTHORIZATION: u32 = 4;
const TOKEN: u32 = 47;
/// A call at which one denial has a code of its own.
const BACKCHANNEL: u32 = 179;
/// A call at which a ticket has the code that others have for a wrong member.
const BACKCHANNEL_ISSUE: u32 = 181;

/// A call of the API, as its results name it: its path without what stands before the service's own paths.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ApiCall {
    path: &'static str,
    number: u32,
}

impl ApiCall {
    /// The call at a path, as its route has it.
    pub fn at(path: &'static str) -> Self {
        let path = path.strip_prefix("/api").unwrap_or(path);
        let path = path.strip_prefix("/{serviceId}").unwrap_or(path);
        let number = CALLS.iter().find(|(there, _)| *there == path).map_or(1, |(_, number)| *number);
        Self { path, number }
    }

    /// Returns the path of the call, without parameters.
    pub fn path(self) -> &'static str {
        self.path.split("/{").next().unwrap_or_default()
    }

    /// The code of a refusal.
    pub fn refused(self, refusal: &Refusal) -> ResultCode {
        match (refusal, self.number) {
            (Refusal::Denied(denial), AUTHORIZATION) => ResultCode(denied_authorization(*denial)),
            (Refusal::Denied(denial), TOKEN) | (Refusal::Denied(denial @ Denial::DeliveryModeUnavailable), BACKCHANNEL) => {
                ResultCode(denied(*denial).0)
            }
            (Refusal::TicketRejected, BACKCHANNEL_ISSUE) => ResultCode(181_201),
            (Refusal::Invalid { field, .. }, BACKCHANNEL_ISSUE) if field == "ticket" => ResultCode(181_202),
            (Refusal::Invalid { field, .. }, 61) if field == "reason" => ResultCode(60_201),
            (Refusal::Denied(denial), call) => ResultCode(call * 1_000 + last_digits(denied(*denial).1)),
            (refusal, call) => match refusals(refusal) {
                CodeScope::Anywhere(code) => ResultCode(code),
                CodeScope::In(serial) => ResultCode(call * 1_000 + 200 + serial),
            },
        }
    }
}

/// What a code means that an OAuth client was told, for the page that its `error_uri` leads to. `None`: nobody was ever told it.
pub fn explain(code: &str) -> Option<&'static str> {
    let code: u32 = code.strip_prefix('A').filter(|digits| digits.len() == 6)?.parse().ok()?;
    let (call, class) = (code / 1_000, code / 100 % 10);
    let last = code % 1_000;
    let is_told = |denial: &Denial| {
        let is_of_call = is_call(call) && last_digits(denied(*denial).1) == last;
        denied(*denial).0 == code || denied_authorization(*denial) == code || is_of_call && call != AUTHORIZATION
    };
    if let Some(denial) = Denial::ALL.iter().copied().find(is_told) {
        return Some(denial.describe());
    }
    match (call, class) {
        (60, 2..=3) | (67, 3) => Some("The authorization server has rejected the request."),
        (42, 3) => Some("The person has not signed in as the request demands."),
        (54..=66, 1..=4) | (88..=90, 3) => Some("The access token does not open what was asked for: the error says why."),
        (call, 2) if is_call(call) => Some("The authorization server has made a mistake. Tell those who run it."),
        _ => None,
    }
}

fn is_call(number: u32) -> bool {
    CALLS.iter().any(|(_, call)| *call == number)
}

/// How a refusal's code is made.
enum CodeScope {
    /// It is the same in every call.
    Anywhere(u32),
    /// It is one of its call.
    In(u32),
}

fn refusals(refusal: &Refusal) -> CodeScope {
    use CodeScope::{Anywhere, In};
    match refusal {
        // Of the body as a whole.
        Refusal::Invalid { field, .. } if field.is_empty() => Anywhere(1_204),
        Refusal::Invalid { .. } => In(1),
        Refusal::AccessDenied { .. } => Anywhere(1_216),
        Refusal::BodyTooLarge { .. } => Anywhere(1_205),
        Refusal::ClientLocked => Anywhere(1_215),
        Refusal::CredentialsMissing => Anywhere(1_202),
        Refusal::CredentialsRejected(_) => Anywhere(1_203),
        Refusal::MethodNotAllowed { .. } => Anywhere(1_405),
        Refusal::NoSuchPath | Refusal::NotFound(_) => Anywhere(1_404),
        Refusal::UnsupportedMediaType | Refusal::UnsupportedPatchType { .. } => Anywhere(1_206),
        Refusal::UnsupportedContentEncoding => Anywhere(1_207),
        Refusal::AuthorizationRejected(_) => In(16),
        Refusal::LimitReached(_) => In(54),
        Refusal::LogoutRejected(_) => In(18),
        Refusal::FederationRejected(_) => In(19),
        Refusal::ApiKeyRejected(_) => In(22),
        Refusal::ScopeNotForKeys { .. } => In(23),
        Refusal::ScopeOutOfReach { .. } => In(24),
        Refusal::SignatureInvalid => In(175),
        Refusal::TicketRejected => In(2),
        Refusal::TooManyAttempts { .. } => In(17),
        Refusal::ClientUnavailable => In(3),
        Refusal::ValueTaken { .. } => In(4),
        Refusal::Lifetime(_) => In(5),
        Refusal::ScopeNotHeld(_) => In(6),
        Refusal::TokenTooLarge { .. } => In(7),
        Refusal::Conflict(_) => In(8),
        Refusal::TokenRejected(_) => In(9),
        Refusal::TokenGone => In(10),
        Refusal::MemberUnavailable | Refusal::MemberUnknown => In(11),
        Refusal::OrgUnavailable => In(12),
        Refusal::OutsideAuthority { .. } => In(13),
        Refusal::RefreshRejected => In(14),
        Refusal::PreconditionFailed { .. } => In(15),
        Refusal::ResourceUnknown { .. } => In(20),
        // Counted by `denied`.
        Refusal::Denied(_) => In(0),
    }
}

/// The code of a denial at `/auth/authorization`: the one at `/auth/token`, unless the same is wrong with both.
fn denied_authorization(denial: Denial) -> u32 {
    const OTHER_CODES: [(Denial, u32); 7] = [
        (Denial::ClientIdMissing, 4_301),
        (Denial::RequestUriInvalid, 8_303),
        (Denial::GrantNotAllowed, 9_303),
        (Denial::ScopeRequired, 14_301),
        (Denial::ScopeInvalid, 14_302),
        (Denial::TargetInvalid, 19_301),
        (Denial::AuthorizationDetailsInvalid, 249_301),
    ];
    OTHER_CODES.iter().find(|(other, _)| *other == denial).map_or_else(|| denied(denial).0, |(_, code)| *code)
}

/// The last three digits of a denial's code at other calls than `/auth/token`: 301 to 399 for the first 99, 601 to 699 for those from 101
/// on, because the classes 4 and 5 have meanings of their own.
const fn last_digits(number: u32) -> u32 {
    if number < 100 { 300 + number } else { 500 + number }
}

/// The numbers of a denial: its whole code at `/auth/token`, and its number (1 to 99, 101 to 199) at every other call. Where
/// Authlete publishes a code, it is that one.
#[expect(clippy::too_many_lines, reason = "a table")]
const fn denied(denial: Denial) -> (u32, u32) {
    use Denial as D;
    match denial {
        D::AuthorizationRequestMalformed => (4_304, 7),
        D::AuthorizationUnknown => (8_302, 88),
        D::BrowserMismatch => (8_304, 89),
        D::ClientUnknown => (4_303, 91),
        D::LoginUnavailable => (4_305, 8),
        D::RegistrationUnsupported => (4_306, 9),
        D::PlainRequestForbidden => (4_309, 90),
        D::RequestObjectRequired => (4_310, 101),
        D::RequestUriInvalid => (4_311, 102),
        D::LogoutRequestMalformed => (4_321, 121),
        D::LogoutUnavailable => (4_322, 122),
        D::PostLogoutRedirectUriUnexpected => (4_323, 123),
        D::PostLogoutRedirectUriUnregistered => (4_324, 124),
        D::DeliveryModeUnavailable => (169_301, 131),
        D::LoginHintsNotOne => (170_301, 132),
        D::OpenidScopeMissing => (170_302, 133),
        D::NotificationTokenInvalid => (170_303, 134),
        D::BindingMessageInvalid => (170_304, 135),
        D::UserCodeMissing => (170_305, 136),
        D::RequestedExpiryInvalid => (170_306, 137),
        D::RequestContextInvalid => (170_307, 138),
        D::AuthReqIdMissing => (200_301, 139),
        D::DeliveryModeForbidsPolling => (200_302, 140),
        D::AuthReqIdInvalid => (200_304, 141),
        D::AuthReqIdExpired => (200_305, 142),
        D::AuthReqIdPolledTooOften => (200_306, 143),
        D::AuthReqIdPending => (200_307, 144),
        D::AuthReqIdDenied => (200_308, 145),
        D::AuthReqIdFailed => (200_309, 146),
        D::DeviceUnavailable => (4_312, 103),
        D::DeviceCodeMissing => (242_301, 104),
        D::DeviceCodeInvalid => (242_303, 105),
        D::DeviceCodeExpired => (242_305, 106),
        D::DeviceAccessDenied => (242_308, 107),
        D::AuthorizationPending => (242_307, 108),
        D::SlowDown => (242_306, 109),
        D::RequestUriUnexpected => (4_313, 110),
        D::DpopKeyUnexpected => (4_314, 111),
        D::ClientDocumentInvalid => (4_325, 125),
        D::ClientDocumentUnavailable => (4_326, 126),
        D::RequestObjectUnsupported => (4_307, 26),
        D::RequestUriUnsupported => (4_308, 27),
        D::ResponseTypeMissing => (9_301, 28),
        D::ResponseTypeUnsupported => (9_302, 29),
        D::RedirectUriMissing => (11_301, 39),
        D::RedirectUriUnregistered => (11_304, 48),
        D::ResponseModeUnsupported => (12_301, 49),
        D::CodeChallengeMissing => (13_301, 61),
        D::CodeChallengeInvalid => (13_302, 62),
        D::PromptInvalid => (15_301, 63),
        D::MaxAgeInvalid => (16_301, 64),
        D::ClaimsParameterInvalid => (17_301, 65),
        D::IdTokenHintInvalid => (18_301, 66),
        D::IdTokenUnavailable => (406_301, 97),
        D::LoginRequired => (15_302, 98),
        D::CodeMissing => (50_301, 67),
        D::RedirectUriMismatch => (50_309, 68),
        D::CodeVerifierMissing => (50_312, 69),
        D::CodeVerifierMalformed => (50_314, 84),
        D::CodeVerifierWrong => (50_315, 85),
        D::CodeVerifierUnexpected => (50_317, 86),
        D::CodeDpopKeyMismatch => (50_318, 87),
        D::RequestMalformed => (47_301, 1),
        D::TokenMissing => (47_302, 5),
        D::TokenOfAnotherClient => (47_303, 6),
        D::GrantTypeMissing => (48_301, 2),
        D::GrantTypeUnsupported => (48_303, 3),
        D::GrantNotAllowed => (48_305, 4),
        D::ClientUnauthenticated => (49_301, 10),
        D::ClientIdMissing => (49_302, 11),
        D::ClientDisabled => (49_303, 12),
        D::ClientAuthMethodUnsupported => (49_304, 13),
        D::ClientAddressRefused => (49_312, 150),
        D::ClientLimitReached => (50_354, 154),
        D::ClientAuthenticatedTwice => (49_305, 14),
        D::ClientCredentialsMismatch => (49_306, 15),
        D::ClientAssertionInvalid => (49_307, 16),
        D::ClientAssertionReplayed => (49_308, 17),
        D::ClientMustBeConfidential => (49_309, 18),
        D::PlatformTokenRefused => (49_311, 151),
        D::ClientMustBeIdentified => (49_310, 19),
        D::CodeInvalid => (50_305, 30),
        D::UsernameMissing => (51_301, 31),
        D::PasswordMissing => (51_302, 32),
        D::RefreshTokenInvalid => (53_301, 33),
        D::RefreshTokenMissing => (53_302, 34),
        D::ScopeExceeds => (53_305, 35),
        D::ScopeInvalid => (53_306, 36),
        D::ScopeRequired => (53_307, 37),
        D::TargetInvalid => (53_308, 38),
        D::TargetExceeds => (53_309, 20),
        D::TargetsTooMany => (53_310, 21),
        D::AuthorizationDetailsInvalid => (53_311, 22),
        D::CertificateMismatch => (254_301, 40),
        D::DpopHeaderMissing => (254_302, 41),
        D::DpopProofInvalid => (254_303, 42),
        D::DpopProofReplayed => (254_304, 43),
        D::DpopKeyMismatch => (254_305, 44),
        D::DpopProofForAnother => (254_306, 45),
        D::DpopProofStale => (254_308, 46),
        D::DpopNonceRequired => (254_309, 47),
        D::ClientNotPermittedToExchange => (311_301, 50),
        D::RequestedTokenTypeInvalid => (311_302, 51),
        D::SubjectTokenMissing => (311_303, 52),
        D::SubjectTokenTypeMissing => (311_304, 53),
        D::SubjectTokenTypeInvalid => (311_305, 54),
        D::SubjectTokenInvalid => (311_306, 55),
        D::SubjectTokenUnsigned => (311_307, 56),
        D::SubjectTokenEncrypted => (311_308, 57),
        D::ActorTokenTypeMissing => (311_309, 58),
        D::ActorTokenTypeUnexpected => (311_310, 59),
        D::ActorTokenInvalid => (311_311, 60),
        D::ActorIsSubject => (311_312, 23),
        D::ExchangeTooDeep => (311_313, 24),
        D::SubjectTokenBound => (311_314, 25),
        D::ActorChainTooLong => (311_315, 127),
        D::ActorNotPermitted => (311_316, 128),
        D::TargetScopeInvalid => (311_317, 129),
        D::TargetsDiffer => (311_318, 130),
        D::SubjectHasNoEmail => (311_319, 153),
        D::SubjectTokenRefused => (311_360, 163),
        D::SubjectTokenReplayed => (311_361, 164),
        D::AssertionMissing => (314_301, 70),
        D::AssertionInvalid => (314_302, 71),
        D::AssertionEncrypted => (314_303, 72),
        D::AssertionIssuer => (314_304, 73),
        D::AssertionLacksExpiry => (314_305, 74),
        D::AssertionSubject => (314_306, 75),
        D::AssertionExpired => (314_307, 76),
        D::AssertionNotYetValid => (314_308, 77),
        D::AssertionUnsigned => (314_310, 78),
        D::AssertionAudience => (314_314, 79),
        D::AssertionIssuerUntrusted => (314_315, 80),
        D::AssertionUnverified => (314_316, 81),
        D::AssertionSubjectUnknown => (314_317, 82),
        D::AssertionReplayed => (314_318, 83),
        D::PlatformTokenRefusedAsGrant => (314_319, 152),
        D::IdJagOfPublicClient => (314_360, 160),
        D::IdJagForAnotherClient => (314_361, 161),
        D::IdJagBound => (314_362, 162),
    }
}

/// What a refusal says, without its code.
pub fn describe(refusal: &Refusal) -> Cow<'static, str> {
    match refusal {
        Refusal::AccessDenied { needs } => format!("Not permitted for this service: needs the scope {needs}.").into(),
        Refusal::ApiKeyRejected(problem) => problem.describe().into(),
        Refusal::AuthorizationRejected(problem) => problem.describe().into(),
        Refusal::BodyTooLarge { limit } => format!("The body is too large: at most {limit} bytes.").into(),
        Refusal::ClientLocked => "The client is locked. An administrator can unlock it.".into(),
        Refusal::ClientUnavailable => "The service has no such client.".into(),
        Refusal::Conflict(what) => sentence(what).into(),
        Refusal::CredentialsMissing => "Authorization header is missing.".into(),
        Refusal::CredentialsRejected(problem) | Refusal::TokenRejected(problem) => token(*problem).into(),
        Refusal::Denied(denial) => denial.describe().into(),
        Refusal::Invalid { field, rule } if field.is_empty() => format!("The request is not valid: {rule}.").into(),
        Refusal::Invalid { field, rule } => format!("'{field}' {rule}.").into(),
        Refusal::Lifetime(rule) => format!("The token {rule}.").into(),
        Refusal::LogoutRejected(problem) => problem.describe().into(),
        Refusal::FederationRejected(problem) => problem.describe().into(),
        Refusal::MemberUnavailable | Refusal::MemberUnknown => "The org has no such member.".into(),
        Refusal::MethodNotAllowed { allow } => format!("This path takes {allow}.").into(),
        Refusal::NoSuchPath => "There is no endpoint at this path. GET /openapi.json lists all of them.".into(),
        Refusal::NotFound(what) => format!("There is no such {what}.").into(),
        Refusal::OrgUnavailable => "There is no such service.".into(),
        Refusal::OutsideAuthority { field } => format!("'{field}' asks for more than is permitted.").into(),
        Refusal::PreconditionFailed { header } => format!("The condition of the header {header} doesn't hold.").into(),
        Refusal::RefreshRejected => "The refresh token is unknown, expired, revoked or already used.".into(),
        Refusal::ResourceUnknown { field } => format!("'{field}' must be a resource of the service.").into(),
        Refusal::ScopeNotHeld(scope) => format!("The scope '{}' is not supported by the service.", scope.name()).into(),
        Refusal::ScopeNotForKeys { field } => format!("'{field}' has a scope that no API key can have.").into(),
        Refusal::ScopeOutOfReach { field } => format!("'{field}' has a scope that isn't held.").into(),
        Refusal::SignatureInvalid => "The signature isn't by a key from which this is taken.".into(),
        Refusal::TicketRejected => "The service has no such ticket: it is unknown, expired or has been used.".into(),
        Refusal::TokenGone => "The token has been revoked.".into(),
        Refusal::LimitReached(reached) => reached.to_string().into(),
        Refusal::TooManyAttempts { retry_after } => format!("Too many attempts. Try again in {} seconds.", retry_after.0).into(),
        Refusal::TokenTooLarge { limit } => format!("The signed token would be over {limit} bytes.").into(),
        Refusal::UnsupportedContentEncoding => {
            "Send the body without compression and without the header Content-Encoding.".into()
        }
        Refusal::UnsupportedMediaType => {
            "Send \"Content-Type: application/json\" in UTF-8, or application/x-www-form-urlencoded.".into()
        }
        Refusal::UnsupportedPatchType { takes } => format!("Send \"Content-Type: {takes}\" in UTF-8.").into(),
        Refusal::ValueTaken { field } => format!("'{field}' is the value of another token.").into(),
    }
}

const fn token(problem: TokenProblem) -> &'static str {
    match problem {
        TokenProblem::Expired => "The access token has expired.",
        TokenProblem::Invalid => "The credentials are not valid for this service.",
        TokenProblem::NotYetValid => "The access token isn't valid yet.",
        TokenProblem::Revoked => "The access token has been revoked.",
    }
}

/// What every answer begins with.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "Result"))]
#[serde(rename_all = "camelCase")]
pub struct ApiResult {
    #[serde(serialize_with = "as_text")]
    #[cfg_attr(feature = "openapi", schemars(with = "String"))]
    result_code: ResultCode,
    result_message: String,
}

impl ApiResult {
    /// A code with its text: `[A109001] An access token was created successfully`.
    pub fn new(code: ResultCode, text: impl fmt::Display) -> Self {
        Self { result_code: code, result_message: format!("[{code}] {text}") }
    }

    /// A code with a text that doesn't name it, as some of Authlete's.
    pub fn without_bracket(code: ResultCode, text: String) -> Self {
        Self { result_code: code, result_message: text }
    }

    /// An error before the call was understood: its text names the call.
    pub fn before(call: ApiCall, refusal: &Refusal) -> Self {
        Self::of_call(call.refused(refusal), call, &describe(refusal))
    }

    /// A refusal of what was understood.
    pub fn refused(call: ApiCall, refusal: &Refusal) -> Self {
        Self::new(call.refused(refusal), describe(refusal))
    }

    /// A failure of ours.
    pub fn failed(call: ApiCall, text: &str) -> Self {
        Self::of_call(ResultCode::SERVER_ERROR, call, text)
    }

    fn of_call(code: ResultCode, call: ApiCall, text: &str) -> Self {
        match call.path() {
            "" => Self::new(code, text),
            path => Self::new(code, format_args!("{path}, {text}")),
        }
    }

    /// Returns the `resultCode` of the answer.
    pub fn code(&self) -> ResultCode {
        self.result_code
    }

    /// The text with the code.
    pub fn message(&self) -> &str {
        &self.result_message
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn as_text<S: serde::Serializer>(code: &ResultCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn an_error_before_the_call_names_it() {
        for path in ["/api/{serviceId}/auth/token/create", "/api/auth/token/create"] {
            let result = ApiResult::before(ApiCall::at(path), &Refusal::CredentialsMissing);
            let json = serde_json::to_string(&result).unwrap();
            assert_eq!(
                json,
                r#"{"resultCode":"A001202","resultMessage":"[A001202] /auth/token/create, Authorization header is missing."}"#
            );
        }
        let delete = ApiCall::at("/api/{serviceId}/auth/token/delete/{accessTokenIdentifier+}");
        assert_eq!(ApiResult::failed(delete, "x.").message(), "[A001101] /auth/token/delete, x.");
        assert_eq!(
            ApiResult::before(ApiCall::at("/api"), &Refusal::NoSuchPath).message(),
            "[A001404] There is no endpoint at this path. GET /openapi.json lists all of them."
        );
    }

    #[test]
    fn codes_are_authlete_s() {
        let code = |path, refusal: Refusal| ApiCall::at(path).refused(&refusal).to_string();
        for (path, refusal, expected) in [
            ("/api/auth/token", Refusal::invalid("parameters", "is required"), "A047201"),
            ("/api/auth/token", Denial::GrantTypeMissing.into(), "A048301"),
            ("/api/auth/token", Denial::AssertionLacksExpiry.into(), "A314305"),
            ("/api/auth/token", Denial::AssertionUnsigned.into(), "A314310"),
            ("/api/auth/token", Denial::AssertionAudience.into(), "A314314"),
            ("/api/auth/authorization", Refusal::invalid("parameters", "is required"), "A004201"),
            ("/api/auth/authorization", Denial::ClientIdMissing.into(), "A004301"),
            ("/api/auth/authorization", Denial::RedirectUriUnregistered.into(), "A011304"),
            ("/api/auth/authorization/issue", Refusal::TicketRejected, "A041202"),
            ("/api/auth/authorization/fail", Refusal::TicketRejected, "A061202"),
            ("/api/auth/authorization/fail", Refusal::invalid("reason", "is required"), "A060201"),
            ("/api/backchannel/authentication", Denial::DeliveryModeUnavailable.into(), "A169301"),
            ("/api/backchannel/authentication", Denial::ClientUnauthenticated.into(), "A179310"),
            ("/api/backchannel/authentication/issue", Refusal::TicketRejected, "A181201"),
            ("/api/backchannel/authentication/complete", Refusal::TicketRejected, "A186202"),
            ("/api/auth/token", Denial::AuthReqIdInvalid.into(), "A200304"),
            ("/api/auth/token/issue", Refusal::TicketRejected, "A055202"),
            ("/api/auth/token/fail", Refusal::TicketRejected, "A066202"),
            ("/api/auth/token/create", Refusal::invalid("grantType", "is required"), "A110201"),
            ("/api/auth/token/revoke", Refusal::invalid("accessTokenIdentifier", "is required"), "A313201"),
            ("/api/auth/introspection", Refusal::invalid("token", "is required"), "A057201"),
            ("/api/auth/revocation", Denial::ClientUnauthenticated.into(), "A112310"),
            ("/api/client/get/{id}", Refusal::ClientLocked, "A001215"),
            ("/api/client/get/{id}", Refusal::NotFound("client"), "A001404"),
        ] {
            assert_eq!(code(path, refusal), expected, "{path}");
        }
    }

    #[test]
    fn no_two_denials_share_a_code() {
        let in_authorization: BTreeSet<_> = Denial::ALL.iter().copied().map(denied_authorization).collect();
        assert_eq!(in_authorization.len(), Denial::ALL.len());
        let in_token: BTreeSet<_> = Denial::ALL.iter().copied().map(|denial| denied(denial).0).collect();
        let elsewhere: BTreeSet<_> = Denial::ALL.iter().copied().map(|denial| last_digits(denied(denial).1)).collect();
        assert_eq!((in_token.len(), elsewhere.len()), (Denial::ALL.len(), Denial::ALL.len()));
        assert!(in_token.iter().all(|code| code / 100 % 10 == 3), "3 is for faults of the OAuth client");
        assert!(elsewhere.iter().all(|last| (301..400).contains(last) || (601..700).contains(last)));
    }

    #[test]
    fn no_two_calls_share_their_digits() {
        let numbers: BTreeSet<_> = CALLS.iter().map(|(_, number)| number).collect();
        assert_eq!(numbers.len(), CALLS.len());
        assert!(!numbers.contains(&1), "1 is for errors before the call");
    }
}
