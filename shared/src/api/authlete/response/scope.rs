//! `Scope` of Authlete's API: a scope with its attributes.

use std::borrow::Cow;

use serde::Serialize;

use crate::domain::{Org, Scope, SupportedScope};

/// A scope with its attributes: `Scope` of Authlete's API.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "Scope"))]
#[serde(rename_all = "camelCase")]
pub(super) struct ScopeView<'a> {
    name: &'a str,
    default_entry: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attributes: Vec<Attribute<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
struct Attribute<'a> {
    key: &'a str,
    value: Cow<'a, str>,
}

impl<'a> ScopeView<'a> {
    /// Shows a scope of the service.
    pub(super) fn from_scope(scope: &'a SupportedScope) -> Self {
        let lengths = [("access_token.duration", scope.token_duration), ("refresh_token.duration", scope.refresh_token_duration)];
        let lengths =
            lengths.into_iter().filter_map(|(key, length)| Some(Attribute { key, value: length?.0.to_string().into() }));
        let others = scope.attributes.iter().map(|(key, value)| Attribute { key, value: value.into() });
        Self {
            name: scope.name.as_str(),
            default_entry: scope.default,
            description: scope.description.as_deref(),
            attributes: lengths.chain(others).collect(),
        }
    }

    /// Shows a scope by what its service says of it. Those of OpenID Connect are there without a word.
    pub(super) fn named(scope: &'a Scope, org: &'a Org) -> Self {
        let supported = org.settings.oauth.supported_scopes.iter().find(|supported| supported.name == *scope);
        let bare = Self { name: scope.as_str(), default_entry: false, description: None, attributes: Vec::new() };
        supported.map_or(bare, Self::from_scope)
    }
}
