//! Jeton's own API: the directory of orgs and members, and the file that seeds it.

pub mod audit;
pub mod member;
pub mod operate;
pub mod org;
pub mod seed;

use crate::domain::Invalid;

/// Text for people, of at most 100 characters.
#[derive(Clone, Debug)]
pub(super) struct Text(pub(super) String);

impl std::str::FromStr for Text {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if (1..=100).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid("must be 1 to 100 characters without control characters"))
        }
    }
}
