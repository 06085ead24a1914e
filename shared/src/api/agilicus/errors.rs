//! Errors of the Agilicus Tokens API: an `ErrorMessage`, whose codes its description leaves free.

use http::StatusCode;

use super::response::ErrorMessage;
use crate::api::http::dialect::DialectRules;
use crate::api::http::{Reply, challenge};
use crate::encoding::json;

/// How this dialect spells errors.
pub(in crate::api) static RULES: DialectRules = DialectRules {
    refusal: |_, explained| reply(explained.status, explained.code, explained.message),
    fault: |_, status, code, message| reply(status, code, message),
    challenge: |_, refusal| challenge::bearer(refusal, ""),
    fallback: None,
    is_strict: false,
    ignores_trailing_slash: false,
    sends_pragma: false,
    #[cfg(feature = "openapi")]
    description: crate::api::openapi::DialectDescription {
        about: "The Agilicus Tokens API. No member is null.",
        error_media_type: Reply::JSON,
        error_schema: |schemas| schemas.of_answer::<ErrorMessage<'_>>(),
        body_refusals: &[400, 413, 415],
        forbidden_challenge: None,
        second_path_suffix: "at_path",
        names_operations_fully: false,
    },
};

fn reply(status: StatusCode, code: &str, message: &str) -> Reply {
    Reply::json(status, json::write(&ErrorMessage { error_code: code, error_message: message }).unwrap_or_default())
}
