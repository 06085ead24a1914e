//! References to pushed authorization requests: RFC 9126 section 2.2.

use std::fmt;
use std::str::FromStr;

use crate::domain::{AuthorizationKey, Denial};

/// What every reference begins with.
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// A reference to a pushed request, which a browser brings: it tells which authorization it is of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::oauth) struct RequestUri(pub(in crate::oauth) AuthorizationKey);

impl fmt::Display for RequestUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.0)
    }
}

impl FromStr for RequestUri {
    type Err = Denial;

    /// Reads a reference. One to something elsewhere (RFC 9101) isn't supported, and one that can't be ours is invalid.
    fn from_str(text: &str) -> Result<Self, Denial> {
        let key = text.strip_prefix(PREFIX).ok_or(Denial::RequestUriUnsupported)?;
        key.parse().map(Self).map_err(|_| Denial::RequestUriInvalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{OrgId, Timestamp, TokenId};

    #[test]
    fn rfc9126_2_2_a_reference_is_read_back_and_nothing_else_is_one() {
        let id = TokenId::first_of(Timestamp::from_secs(1_800_000_000));
        let reference = RequestUri(AuthorizationKey { org: OrgId::parse("my-org_1").unwrap(), id });
        assert_eq!(reference.to_string().parse(), Ok(reference));
        for (bad, denial) in [
            ("https://a.example/request.jwt", Denial::RequestUriUnsupported),
            ("URN:ietf:params:oauth:request_uri:1", Denial::RequestUriUnsupported),
            ("urn:ietf:params:oauth:request_uri:", Denial::RequestUriInvalid),
            ("urn:ietf:params:oauth:request_uri:x", Denial::RequestUriInvalid),
        ] {
            assert_eq!(bad.parse::<RequestUri>(), Err(denial), "{bad}");
        }
    }
}
