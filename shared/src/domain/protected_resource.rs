//! APIs that clients get tokens for: RFC 8707, RFC 9728.

use super::redirect_uri::is_on_loopback;
use super::{Audience, Invalid, Scope};

/// An API behind the service. What is said of it besides its URI is told to its clients in its metadata: RFC 9728 section 2.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProtectedResource {
    /// The URI by which requests name it, and which tokens for it have as their `aud`.
    pub uri: Audience,
    /// A name for people.
    pub name: Option<String>,
    /// The scopes that its clients need. `None`: those that the org gives where nobody asks for any.
    pub scopes: Option<Vec<Scope>>,
    /// The URL of a page for developers.
    pub documentation: Option<String>,
    /// Whether it takes only tokens that are bound to a DPoP key.
    pub dpop_required: bool,
}

impl ProtectedResource {
    /// A resource of which only the URI is known.
    pub const fn from_uri(uri: Audience) -> Self {
        Self { uri, name: None, scopes: None, documentation: None, dpop_required: false }
    }

    /// Says whether nothing is known of it but its URI.
    pub const fn is_only_uri(&self) -> bool {
        matches!(self, Self { name: None, scopes: None, documentation: None, dpop_required: false, .. })
    }

    /// Says whether it can have metadata: its URI is an `https` URL without a fragment (RFC 9728 section 1.2), or `http` on the loopback
    /// interface, for work on one machine.
    ///
    /// # Errors
    /// [`Invalid`] with this rule, if it can't.
    pub fn ensure_describable(&self) -> Result<(), Invalid> {
        const RULE: Invalid = Invalid("must be an https URL, or http on the loopback interface, without fragment and user name");
        let text = self.uri.as_str();
        let is_https = super::RedirectUri::parse(text).is_ok() && text.starts_with("https://");
        if is_https || is_on_loopback(text) { Ok(()) } else { Err(RULE) }
    }
}

impl AsRef<Audience> for ProtectedResource {
    fn as_ref(&self) -> &Audience {
        &self.uri
    }
}

impl AsRef<Self> for Audience {
    fn as_ref(&self) -> &Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc9728_1_2_only_a_web_address_has_metadata() {
        let check = |text: &str| ProtectedResource::from_uri(Audience::parse(text).unwrap()).ensure_describable();
        for good in ["https://mcp.example/mcp", "https://mcp.example?tenant=1", "http://127.0.0.1:8000/mcp", "http://localhost/"]
        {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in
            ["urn:x", "mcp.example", "http://mcp.example", "https://mcp.example/#x", "https://a@mcp.example", "com.example:/x"]
        {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
