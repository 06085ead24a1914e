//! Errors of Jeton's own API: problem details, RFC 9457.

use http::StatusCode;
use serde::Serialize;

use crate::api::http::dialect::{DialectRules, Fallback};
use crate::api::http::{Dialect, Reply, Route, challenge, media_type};
use crate::domain::Refusal;
use crate::encoding::json;

/// How this dialect spells errors.
pub(in crate::api) static RULES: DialectRules = DialectRules {
    refusal: |_, explained| {
        let field = if let Refusal::Invalid { field, .. } = explained.refusal {
            Some(&**field)
        } else if let Refusal::FederationRejected(problem) = explained.refusal {
            problem.field()
        } else if let Refusal::ScopeNotForKeys { field } | Refusal::ScopeOutOfReach { field } = explained.refusal {
            Some(field.as_str())
        } else {
            None
        };
        let field = field.filter(|field| !field.is_empty());
        problem(explained.status, explained.code, explained.message, field)
    },
    fault: |_, status, code, message| problem(status, code, message, None),
    challenge: |_, refusal| challenge::signature(refusal).or_else(|| challenge::bearer(refusal, "")),
    fallback: Some(&Fallback { prefixes: &[""], route: Route::get("", "", Dialect::Jeton) }),
    is_strict: true,
    ignores_trailing_slash: false,
    sends_pragma: false,
    #[cfg(feature = "openapi")]
    description: crate::api::openapi::DialectDescription {
        about: "Jeton's own API: the directory of orgs and members, keys and health. No member of an answer is null.",
        error_media_type: media_type::PROBLEM,
        error_schema: |schemas| schemas.of_answer::<Problem<'_>>(),
        body_refusals: &[400, 413, 415],
        forbidden_challenge: None,
        second_path_suffix: "at_path",
        names_operations_fully: false,
    },
};

/// Problem details, RFC 9457 section 3.1, with our code and the member that is wrong.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct Problem<'a> {
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

fn problem(status: StatusCode, code: &str, detail: &str, field: Option<&str>) -> Reply {
    let title = status.canonical_reason().unwrap_or_default();
    let body = json::write(&Problem { title, status: status.as_u16(), detail, code, field });
    Reply { media_type: media_type::PROBLEM, ..Reply::json(status, body.unwrap_or_default()) }
}
