//! The one place that reads the environment: what a function is told when it starts.

use std::env;
use std::path::PathBuf;
use std::str::FromStr;

use crate::domain::Issuer;

/// What a function needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// `_HANDLER`: the name of the endpoint that this function serves. Set by Lambda from the template's `Handler`.
    pub handler: String,
    /// `JETON_ISSUER`: the `iss` of the tokens.
    pub issuer: Issuer,
    /// `JETON_DATA_DIR`: folder of the embedded store.
    pub data_dir: PathBuf,
}

/// What is missing or wrong, all of it at once.
#[derive(Debug, thiserror::Error)]
#[error("the environment is not as it should be: {}", .0.join("; "))]
pub struct Misconfigured(Vec<String>);

impl Config {
    /// Reads the environment.
    pub fn from_env() -> Result<Self, Misconfigured> {
        Self::read(|name| {
            #[expect(clippy::disallowed_methods, reason = "this is the place")]
            env::var(name).ok()
        })
    }

    fn read(look_up: impl Fn(&str) -> Option<String>) -> Result<Self, Misconfigured> {
        let mut wrong = Vec::new();
        let handler = required(&look_up, "_HANDLER", &mut wrong);
        let issuer = required(&look_up, "JETON_ISSUER", &mut wrong);
        let data_dir = required(&look_up, "JETON_DATA_DIR", &mut wrong);
        match (handler, issuer, data_dir) {
            (Some(handler), Some(issuer), Some(data_dir)) if wrong.is_empty() => Ok(Self { handler, issuer, data_dir }),
            _ => Err(Misconfigured(wrong)),
        }
    }
}

fn required<T: FromStr<Err: std::fmt::Display>>(
    look_up: &impl Fn(&str) -> Option<String>,
    name: &str,
    wrong: &mut Vec<String>,
) -> Option<T> {
    let Some(text) = look_up(name).filter(|text| !text.is_empty()) else {
        wrong.push(format!("{name} is not set"));
        return None;
    };
    text.parse().map_err(|rule| wrong.push(format!("{name} {rule}"))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let error = Config::read(|name| (name == "JETON_ISSUER").then(|| "jeton.example".into())).unwrap_err().to_string();
        for part in ["_HANDLER is not set", "JETON_ISSUER must be an http or https URL", "JETON_DATA_DIR is not set"] {
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn an_empty_variable_is_a_missing_one() {
        assert!(Config::read(|_| Some(String::new())).is_err());
    }
}
