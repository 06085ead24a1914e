//! Host permissions: kept as they are given, once it is sure that the SDK can read them back.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::{HostPermissions, Refusal};

/// How many bytes of rules a host can carry.
const MAX_BYTES: usize = 16_384;

/// What the SDK checks of a host when it reads one, and nothing else: one bad value would make a whole introspection raise.
#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "HostPermissions", extend("additionalProperties" = true)))]
#[expect(dead_code, clippy::struct_field_names, reason = "only checked; the SDK's names")]
pub(super) struct Host {
    upstream_host: Option<String>,
    app_id: Option<String>,
    admin_org_id: Option<String>,
    allowed_list: Option<Vec<Rule>>,
}

/// A rule of a host: which requests the token is good for.
#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "RuleConfig", extend("additionalProperties" = true)))]
#[expect(dead_code, reason = "only checked")]
struct Rule {
    methods: Option<Vec<Method>>,
    paths: Option<Vec<String>>,
    template_paths: Option<Vec<TemplatePath>>,
    query_parameters: Option<Vec<QueryParameter>>,
    body: Option<Body>,
    resource_info: Option<ResourceInfo>,
    matchers: Option<Matchers>,
    separate_query: Option<bool>,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "lowercase")]
enum Method {
    Get,
    Put,
    Post,
    Delete,
    Head,
    Options,
    Connect,
    Trace,
    Patch,
    Copy,
    Lock,
    Mkcol,
    Move,
    Propfind,
    Proppatch,
    Unlock,
    All,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline, extend("additionalProperties" = true)))]
#[expect(dead_code, reason = "only checked")]
struct TemplatePath {
    template: String,
    prefix: bool,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline, extend("additionalProperties" = true)))]
#[expect(dead_code, reason = "only checked")]
struct QueryParameter {
    name: String,
    exact_match: Option<String>,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline, extend("additionalProperties" = true)))]
#[expect(dead_code, reason = "only checked")]
struct Body {
    json: Option<Vec<BodyConstraint>>,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline, extend("additionalProperties" = true)))]
#[expect(dead_code, reason = "only checked")]
struct BodyConstraint {
    name: String,
    exact_match: Option<String>,
    match_type: Option<MatchType>,
    pointer: Option<String>,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "lowercase")]
enum MatchType {
    String,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline, extend("additionalProperties" = true)))]
#[expect(dead_code, clippy::struct_field_names, reason = "only checked; the SDK's names")]
struct ResourceInfo {
    resource_id: String,
    resource_org_id: String,
    resource_type: String,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline, extend("additionalProperties" = true)))]
#[expect(dead_code, reason = "only checked")]
struct Matchers {
    matchers: Vec<Matcher>,
    join_operation: Option<Join>,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline, extend("additionalProperties" = true)))]
#[expect(dead_code, reason = "only checked")]
struct Matcher {
    extractor_name: String,
    inverted: bool,
    join_operation: Option<Join>,
    criteria: Option<Vec<Criterion>>,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "lowercase")]
enum Join {
    And,
    Or,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline, extend("additionalProperties" = true)))]
#[expect(dead_code, reason = "only checked")]
struct Criterion {
    operator: Option<Operator>,
    match_extractor: Option<String>,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
enum Operator {
    Equals,
    NotEquals,
    GreaterThan,
    LessThan,
    In,
    NotIn,
    Undefined,
}

/// Takes a host into the domain, in one spelling.
pub(super) fn read_host(index: usize, host: &Value) -> Result<HostPermissions, Refusal> {
    let field = |path: &str| match path {
        "." => format!("hosts[{index}]"),
        path => format!("hosts[{index}].{path}"),
    };
    if let Some(path) = first_null(host, String::new()) {
        return Err(Refusal::invalid(field(path.trim_start_matches('.')), "must not be null"));
    }
    serde_path_to_error::deserialize::<_, Host>(host).map_err(|error| {
        let (_, rule) = crate::encoding::json::explain(error.inner());
        Refusal::invalid(field(&error.path().to_string()), rule)
    })?;
    let json = host.to_string();
    if json.len() > MAX_BYTES {
        return Err(Refusal::invalid(field("."), "must be at most 16,384 bytes"));
    }
    Ok(HostPermissions::from_json(json))
}

/// Finds the path of the first `null`. The strict SDK takes none, except as the free value of a criterion.
fn first_null(value: &Value, path: String) -> Option<String> {
    match value {
        Value::Null if path.ends_with(".match_literal") => None,
        Value::Null => Some(path),
        Value::Array(values) => values.iter().enumerate().find_map(|(i, value)| first_null(value, format!("{path}[{i}]"))),
        Value::Object(members) => members.iter().find_map(|(name, value)| first_null(value, format!("{path}.{name}"))),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_host_is_kept_with_members_that_nobody_knows() {
        let host = json!({"upstream_host": "a.example", "x": 1, "allowed_list": [{"methods": ["get"], "paths": ["/.*"]}]});
        let kept = read_host(0, &host).unwrap();
        assert_eq!(serde_json::from_str::<Value>(kept.as_json()).unwrap(), host);
    }

    #[test]
    fn a_host_that_the_sdk_could_not_read_back_is_refused_by_name() {
        for (host, field) in [
            (json!({"allowed_list": [{"methods": ["GET"]}]}), "hosts[2].allowed_list[0].methods[0]"),
            (json!({"upstream_host": null}), "hosts[2].upstream_host"),
            (
                json!({"allowed_list": [{"matchers": {"matchers": [{"extractor_name": "x"}]}}]}),
                "hosts[2].allowed_list[0].matchers.matchers[0]",
            ),
            (json!("a.example"), "hosts[2]"),
            (json!({"upstream_host": "x".repeat(20_000)}), "hosts[2]"),
        ] {
            let Err(Refusal::Invalid { field: f, .. }) = read_host(2, &host) else { panic!("{host} was taken") };
            assert_eq!(f, field);
        }
    }
}
