//! The table of the dialects. A new dialect is a folder beside this file, a variant of [`Dialect`] and a row here.

use super::http::Dialect;
use super::http::dialect::DialectRules;
use super::{agilicus, authlete, jeton, oauth};

/// Returns the rules of a dialect.
pub(in crate::api) const fn rules(dialect: Dialect) -> &'static DialectRules {
    match dialect {
        Dialect::Agilicus => &agilicus::errors::RULES,
        Dialect::Authlete => &authlete::errors::RULES,
        Dialect::Jeton => &jeton::errors::RULES,
        Dialect::OAuth => &oauth::errors::RULES,
    }
}
