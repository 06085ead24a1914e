//! Where clients may go on to by an exchange.

use serde::{Deserialize, Serialize};

use super::coded;
use crate::domain::{Audience, Destination, ExchangeTarget, Scope, TargetScope};

/// A target of a client.
#[derive(Deserialize, Serialize)]
pub(super) struct TargetBody {
    /// The API. Without one the target is of a newer version, and is ignored.
    #[serde(rename = "r", with = "coded", default, skip_serializing_if = "Option::is_none")]
    resource: Option<Audience>,
    /// Each scope, and after it those that lead to it. None: only the scope itself does.
    #[serde(rename = "z", with = "coded")]
    scopes: Vec<Vec<Scope>>,
}

impl TargetBody {
    pub(super) fn from_target(target: ExchangeTarget) -> Self {
        let scope = |scope: TargetScope| {
            let sources = if scope.is_kept() { Vec::new() } else { scope.sources };
            std::iter::once(scope.name).chain(sources).collect()
        };
        let scopes = target.scopes.into_iter().map(scope).collect();
        match target.destination {
            Destination::Api(resource) => Self { resource: Some(resource), scopes },
        }
    }

    pub(super) fn into_target(self) -> Option<ExchangeTarget> {
        let scope = |mut names: Vec<Scope>| {
            let sources = names.split_off(names.len().min(1));
            let name = names.pop()?;
            Some(if sources.is_empty() { TargetScope::kept(name) } else { TargetScope { name, sources } })
        };
        let scopes = self.scopes.into_iter().filter_map(scope).collect();
        Some(ExchangeTarget { destination: Destination::Api(self.resource?), scopes })
    }
}
