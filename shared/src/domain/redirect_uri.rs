//! Redirect URIs of clients, and the rule for other URLs that people are sent to.

use url::{Host, Url};

use super::Invalid;

/// A URI to which an authorization endpoint may send a person back with an answer for a client: RFC 6749 section 3.1.2.
///
/// It is kept letter by letter, as it was registered, because clients compare it that way (RFC 9700 section 2.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RedirectUri(String);

impl RedirectUri {
    /// Accepts a URI that a client may register by itself: an absolute URI without a fragment and without a user name.
    ///
    /// Its scheme is `https`, `http` on the loopback interface (RFC 8252 section 7.3), or a private-use scheme with a dot
    /// in its name (RFC 8252 section 7.1).
    ///
    /// # Errors
    /// [`Invalid`] with this rule, if `text` is anything else.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid(
            "must have https, http on the loopback interface, or a scheme of the client's own with a dot in it, and no fragment",
        );
        if is_permitted(text) { Ok(Self(text.to_owned())) } else { Err(RULE) }
    }

    /// Keeps whatever an administrator has entered, because Authlete's API checks nothing of it.
    ///
    /// Ask [`is_permitted`](Self::is_permitted) before anybody is sent there.
    pub const fn from_administrator(text: String) -> Self {
        Self(text)
    }

    /// Says whether the URI follows the rules of [`parse`](Self::parse), so that people can be sent there.
    pub fn is_permitted(&self) -> bool {
        is_permitted(&self.0)
    }

    /// The URI, letter by letter as it was registered.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Says whether a URL can be shown to people as a link: `https` or `http`, without a user name, and so nothing that runs.
pub fn is_web_page(text: &str) -> bool {
    parse_absolute(text).is_some_and(|url| matches!(url.scheme(), "https" | "http") && has_no_user(&url))
}

fn is_permitted(text: &str) -> bool {
    parse_absolute(text).is_some_and(|url| {
        let is_reachable = match url.scheme() {
            "https" => url.host().is_some(),
            "http" => is_loopback(&url),
            // The schemes that run something in a browser (`javascript`, `data`) have no dot.
            private_use => private_use.contains('.'),
        };
        is_reachable && url.fragment().is_none() && has_no_user(&url)
    })
}

/// Reads an absolute URI. The parser follows the rules of browsers, which forgive characters that no URI may have
/// (RFC 3986 section 2), so these are looked for first.
fn parse_absolute(text: &str) -> Option<Url> {
    let is_uri =
        text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'));
    Url::parse(text).ok().filter(|_| is_uri)
}

/// A user name before the host could be mistaken for the host by whoever reads the URL.
fn has_no_user(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc8252_7_redirects_go_to_https_the_loopback_interface_or_the_app() {
        for good in [
            "https://client.example/cb?x=1",
            "http://127.0.0.1:8080/cb",
            "http://[::1]/cb",
            "http://localhost/cb",
            "com.example.app:/cb",
        ] {
            assert_eq!(RedirectUri::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "https://client.example/cb#x",
            "https://client.example/cb#",
            "https://user@client.example/cb",
            "http://client.example/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://localhost.evil.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "/cb",
            "//client.example",
            "https://",
            "https://client.example/ cb",
            "https:\\\\client.example",
            " https://client.example",
            "https://clïent.example",
            "app:/cb",
        ] {
            assert!(RedirectUri::parse(bad).is_err(), "{bad}");
            assert!(!RedirectUri::from_administrator(bad.to_owned()).is_permitted(), "{bad}");
        }
    }

    #[test]
    fn a_page_runs_nothing() {
        assert!(is_web_page("https://client.example/logo.png#x"));
        assert!(is_web_page("http://client.example/"));
        for bad in ["javascript:alert(1)", "data:image/png;base64,AA==", "https://user:pw@client.example", "logo.png", ""] {
            assert!(!is_web_page(bad), "{bad}");
        }
    }
}
