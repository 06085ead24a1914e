//! What administrators are told of a token that isn't taken.

use serde_json::Value;

/// Why a token breaks a rule, for administrators.
#[derive(Clone, Debug, Default)]
pub struct Finding {
    /// What is wrong, and what would be right.
    pub detail: String,
    /// The setting that says so, if one does.
    pub field: Option<String>,
    /// What the setting wants.
    pub expected: Vec<Value>,
    /// What the token has.
    pub found: Option<Value>,
}

impl Finding {
    pub(crate) fn new(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..Self::default() }
    }
}
