//! `responseContent` of introspection: the value of a `WWW-Authenticate` header for the resource server to send on. RFC 6750
//! section 3, RFC 9449 section 7.1, RFC 9470 section 3.

use std::fmt::Write as _;

use super::content::ErrorStyle;
use super::result::ApiResult;
use crate::auth::dpop;
use crate::domain::Algorithm;

/// What scheme a token is presented by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scheme {
    /// The scheme of RFC 6750, for tokens that are bound to no DPoP key.
    Bearer,
    /// RFC 9449: with a proof that the sender has the key that the token is bound to.
    Dpop,
}

/// A challenge under construction.
#[derive(Debug)]
pub struct Challenge {
    scheme: Scheme,
    text: String,
}

impl Challenge {
    /// Makes a challenge with an error code of RFC 6750 section 3.1.
    pub fn new(scheme: Scheme, error: &'static str) -> Self {
        let name = match scheme {
            Scheme::Bearer => "Bearer ",
            Scheme::Dpop => "DPoP ",
        };
        let mut challenge = Self { scheme, text: name.to_owned() };
        challenge.put("error", error);
        challenge
    }

    /// Adds why, as far as the style shows it.
    #[must_use]
    pub fn because(mut self, result: &ApiResult, style: &ErrorStyle) -> Self {
        for (name, value) in [("error_description", style.description(result)), ("error_uri", style.uri(result))] {
            if let Some(value) = value {
                self = self.with(name, &value);
            }
        }
        self
    }

    /// Adds an attribute, such as `scope`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.text.push(',');
        self.put(name, value);
        self
    }

    /// The value of the header.
    pub fn into_text(self) -> String {
        match self.scheme {
            Scheme::Bearer => self.text,
            Scheme::Dpop => {
                self.with("algs", &dpop::ALGORITHMS.iter().copied().map(Algorithm::as_str).collect::<Vec<_>>().join(" ")).text
            }
        }
    }

    /// What RFC 6750 section 3 doesn't let into a value is a question mark there: it could end the value, or the header.
    fn put(&mut self, name: &str, value: &str) {
        let allowed = |c: char| matches!(c, ' ' | '!' | '#'..='[' | ']'..='~');
        let value: String = value.chars().map(|c| if allowed(c) { c } else { '?' }).collect();
        // Writing to a string doesn't fail.
        let _ = write!(self.text, "{name}=\"{value}\"");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_text_with_commas_and_no_blanks_between() {
        assert_eq!(Challenge::new(Scheme::Bearer, "invalid_request").into_text(), r#"Bearer error="invalid_request""#);
        let challenge = Challenge::new(Scheme::Bearer, "insufficient_scope").with("scope", "a x");
        assert_eq!(challenge.into_text(), r#"Bearer error="insufficient_scope",scope="a x""#);
        let dpop = Challenge::new(Scheme::Dpop, "invalid_token").with("x", "y").into_text();
        assert!(dpop.starts_with(r#"DPoP error="invalid_token",x="y",algs="ES256 "#), "{dpop}");
    }

    #[test]
    fn no_value_breaks_out_of_its_quotes_or_its_header() {
        let challenge =
            Challenge::new(Scheme::Bearer, "insufficient_scope").with("scope", "a\",error=\"x\" \\ \r\nSet-Cookie: ä");
        assert_eq!(challenge.into_text(), r#"Bearer error="insufficient_scope",scope="a?,error=?x? ? ??Set-Cookie: ?""#);
    }
}
