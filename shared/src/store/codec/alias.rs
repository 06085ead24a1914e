//! Aliases.

use crate::domain::{Aliased, TokenId};

/// What has a value, as a text: what an alias says.
pub fn aliased_name(target: Aliased) -> String {
    match target {
        Aliased::Token(id) => format!("t#{id}"),
        Aliased::Family(id) => format!("f#{id}"),
    }
}

/// What this text says.
pub fn aliased(name: &str) -> Option<Aliased> {
    match name.split_once('#')? {
        ("t", id) => TokenId::parse(id).ok().map(Aliased::Token),
        ("f", id) => TokenId::parse(id).ok().map(Aliased::Family),
        _ => None,
    }
}
