//! Redirect URIs of clients, and the rule for other URLs that people are sent to.

use url::{Host, Url};

use super::Invalid;

/// A URI to which an authorization endpoint may send a person back with an answer for a client: RFC 6749 section 3.1.2.
///
/// It is kept letter by letter, as it was registered, because clients compare it that way (RFC 9700 section 2.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RedirectUri(String);

impl RedirectUri {
    const MAX_BYTES: usize = 512;

    /// Accepts a URI that an administrator may register for a client: an absolute URI of at most 512 bytes without a fragment and without a
    /// user name.
    ///
    /// Its scheme is `https`, `http` on the loopback interface (RFC 8252 section 7.3), or one of an app's own, such as `cursor`: none
    /// that browsers or mail programs know.
    ///
    /// # Errors
    /// [`Invalid`] with this rule, if `text` is anything else.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid(
            "must have https, http on the loopback interface, or a scheme of an app's own, at most 512 bytes, and no fragment",
        );
        if is_permitted(text) { Ok(Self(text.to_owned())) } else { Err(RULE) }
    }

    /// Accepts a URI that a client may register by itself: as [`parse`](Self::parse) does, but a scheme of an app's own must have a dot in
    /// its name (RFC 8252 section 7.1), so that nobody takes that of another app.
    ///
    /// # Errors
    /// [`Invalid`] with this rule, if `text` is anything else.
    pub fn parse_self_registered(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid(
            "must have https, http on the loopback interface, or a scheme of the client's own with a dot in it, at most 512 bytes, and no fragment",
        );
        let has_domain = |url: Url| matches!(url.scheme(), "https" | "http") || url.scheme().contains('.');
        if parse_absolute(text).is_some_and(has_domain) { Self::parse(text).map_err(|_| RULE) } else { Err(RULE) }
    }

    /// Accepts a URI that a stranger may register for a client: as [`parse_self_registered`](Self::parse_self_registered) does, but these
    /// schemes of apps need have no dot.
    ///
    /// # Errors
    /// [`Invalid`] with the rule of [`parse_self_registered`](Self::parse_self_registered), if `text` is anything else.
    pub fn parse_with_schemes(text: &str, schemes: &[String]) -> Result<Self, Invalid> {
        let is_named = |url: Url| is_scheme_of_an_app(url.scheme()) && schemes.iter().any(|scheme| url.scheme() == scheme);
        if parse_absolute(text).is_some_and(is_named) { Self::parse(text) } else { Self::parse_self_registered(text) }
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

    /// Says whether a request that names `asked` means this URI: letter by letter (RFC 9700 section 2.1), but that the port of one on
    /// the loopback interface is free (RFC 8252 section 7.3), and that its empty path is the same as `/`.
    pub fn matches(&self, asked: &str) -> bool {
        if self.0 == asked {
            return self.is_permitted();
        }
        match (loopback_without_port(&self.0), loopback_without_port(asked)) {
            (Some(registered), Some(asked)) => registered == asked,
            _ => false,
        }
    }
}

impl RedirectUri {
    /// Says whether a request that names `asked` means this URI to the very letter, with its port, and people can be sent there.
    pub fn is_exactly(&self, asked: &str) -> bool {
        self.0 == asked && self.is_permitted()
    }
}

impl std::str::FromStr for RedirectUri {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

/// Says whether a redirect URI of a request leads to an app on the person's own machine: RFC 8252 section 7.3.
pub fn is_on_loopback(text: &str) -> bool {
    loopback_without_port(text).is_some()
}

/// The host and what stands behind the port of a permitted `http` URI on the loopback interface, as they are written.
fn loopback_without_port(text: &str) -> Option<(&str, &str)> {
    let is_http = |url: &Url| url.scheme() == "http" && is_permitted(text);
    parse_absolute(text).filter(is_http)?;
    let behind_scheme = text.strip_prefix("http://")?;
    let end = behind_scheme.find(['/', '?']).unwrap_or(behind_scheme.len());
    let (authority, rest) = behind_scheme.split_at(end);
    // A host in brackets has colons of its own.
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !port.is_empty() => host,
        _ => authority,
    };
    let known = matches!(host, "127.0.0.1" | "[::1]" | "localhost");
    known.then_some((host, if rest.is_empty() { "/" } else { rest }))
}

/// The page of a login application, to which people are sent to sign in: `https`, or `http` on the loopback interface.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LoginUrl(Box<str>);

impl LoginUrl {
    /// Accepts an absolute URL of at most 512 bytes without a fragment and without a user name.
    ///
    /// # Errors
    /// [`Invalid`] with this rule, if `text` is anything else.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid =
            Invalid("must be an https URL, or http on the loopback interface, of at most 512 bytes and without fragment");
        let is_page = |url: &Url| matches!(url.scheme(), "https" | "http") && is_permitted(text);
        let url = parse_absolute(text).filter(is_page);
        url.map(|_| Self(text.into())).ok_or(RULE)
    }

    /// The URL, letter by letter as it was configured.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for LoginUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

impl std::fmt::Display for LoginUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Says whether a URL can be shown to people as a link: `https` or `http`, without a user name, and so nothing that runs.
pub fn is_web_page(text: &str) -> bool {
    parse_absolute(text).is_some_and(|url| matches!(url.scheme(), "https" | "http") && has_no_user(&url))
}

/// What browsers and mail programs do something with. What runs in a browser is among it.
const KNOWN_SCHEMES: [&str; 14] = [
    "about",
    "blob",
    "data",
    "file",
    "filesystem",
    "ftp",
    "intent",
    "javascript",
    "mailto",
    "tel",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// Says whether a scheme, in lower case, can be one of an app's own.
pub fn is_scheme_of_an_app(scheme: &str) -> bool {
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b));
    is_scheme && !matches!(scheme, "https" | "http") && !KNOWN_SCHEMES.contains(&scheme)
}

fn is_permitted(text: &str) -> bool {
    text.len() <= RedirectUri::MAX_BYTES
        && parse_absolute(text).is_some_and(|url| {
            let is_reachable = match url.scheme() {
                "https" => url.host().is_some(),
                "http" => is_loopback(&url),
                scheme => !KNOWN_SCHEMES.contains(&scheme),
            };
            is_reachable && url.fragment().is_none() && has_no_user(&url)
        })
}

/// Reads an absolute URI. The parser follows the rules of browsers, which forgive characters that no URI may have
/// (RFC 3986 section 2), so these are looked for first.
pub(super) fn parse_absolute(text: &str) -> Option<Url> {
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
            assert_eq!(RedirectUri::parse_self_registered(good).unwrap().as_str(), good);
        }
        let long = format!("https://client.example/{}", "x".repeat(490));
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
            "view-source:https://client.example",
            "intent://client.example",
            "JavaScript:alert(1)",
            &long,
        ] {
            assert!(RedirectUri::parse(bad).is_err() && RedirectUri::parse_self_registered(bad).is_err(), "{bad}");
            assert!(!RedirectUri::from_administrator(bad.to_owned()).is_permitted(), "{bad}");
        }
    }

    #[test]
    fn rfc8252_7_1_only_an_administrator_registers_a_scheme_without_a_dot() {
        for good in ["cursor://anysphere.cursor-retrieval/oauth/callback", "vscode:/cb", "app:/cb"] {
            assert_eq!(RedirectUri::parse(good).unwrap().as_str(), good);
            assert!(RedirectUri::parse_self_registered(good).is_err(), "{good}");
        }
    }

    #[test]
    fn a_stranger_registers_a_scheme_without_a_dot_only_if_its_org_names_it() {
        let schemes = ["cursor", "javascript", "http"].map(str::to_owned);
        for good in ["cursor://callback", "https://client.example/cb", "com.example.app:/cb"] {
            assert_eq!(RedirectUri::parse_with_schemes(good, &schemes).unwrap().as_str(), good);
        }
        for bad in ["vscode:/cb", "javascript:alert(1)", "http://client.example/cb", "cursor:/cb#x", "cursor://user@host/"] {
            assert!(RedirectUri::parse_with_schemes(bad, &schemes).is_err(), "{bad}");
        }
    }

    #[test]
    fn rfc8252_7_3_only_the_port_of_a_loopback_address_is_free() {
        let matches = |registered: &str, asked: &str| RedirectUri::parse(registered).unwrap().matches(asked);
        for (registered, asked) in [
            ("https://client.example/cb?x=1", "https://client.example/cb?x=1"),
            ("com.example.app:/cb", "com.example.app:/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:52011/cb"),
            ("http://127.0.0.1:8080/cb", "http://127.0.0.1:1/cb"),
            ("http://127.0.0.1:8080/cb", "http://127.0.0.1/cb"),
            ("http://127.0.0.1/", "http://127.0.0.1:59656"),
            ("http://127.0.0.1", "http://127.0.0.1:59656/"),
            ("http://[::1]/cb?x", "http://[::1]:9/cb?x"),
            ("http://localhost/callback", "http://localhost:3118/callback"),
        ] {
            assert!(matches(registered, asked), "{registered} {asked}");
        }
        for (registered, asked) in [
            ("https://client.example/cb", "https://client.example/cb/"),
            ("https://client.example/cb", "https://client.example:443/cb"),
            ("https://client.example/cb", "https://client.example/CB"),
            ("https://client.example/cb", "https://client.example/a/../cb"),
            ("https://client.example/cb", "https://client.example/%63b"),
            ("https://client.example/cb", "https://client.example/cb?x=1"),
            ("https://client.example/cb", "https://client.example./cb"),
            ("https://client.example/cb", "https://user@client.example/cb"),
            ("https://client.example/cb", "https://client.example/cb#x"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:52011/cb/"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:52011/cb?x"),
            ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1@evil.example/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:@evil.example/cb"),
            ("http://127.0.0.1/cb", "http://localhost/cb"),
            ("http://127.0.0.1/cb", "http://[::1]/cb"),
            ("http://127.0.0.1/cb", "http://127.1/cb"),
            ("http://127.0.0.1/cb", "https://127.0.0.1/cb"),
            ("http://localhost/cb", "http://localhost.evil.example/cb"),
            ("http://localhost/cb", "http://LOCALHOST/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:99999/cb"),
        ] {
            assert!(!matches(registered, asked), "{registered} {asked}");
        }
        let risky = RedirectUri::from_administrator("javascript:alert(1)".to_owned());
        assert!(!risky.matches("javascript:alert(1)"), "nobody is sent there, whoever registered it");
    }

    #[test]
    fn a_login_page_is_https_or_on_the_loopback_interface() {
        for good in
            ["https://login.example", "https://login.example/a?tenant=1", "http://127.0.0.1:3000/login", "http://localhost/"]
        {
            assert_eq!(LoginUrl::parse(good).unwrap().as_str(), good);
        }
        let long = format!("https://login.example/{}", "x".repeat(500));
        for bad in [
            "",
            "/login",
            "http://login.example",
            "com.example.app:/x",
            "https://a@login.example",
            "https://login.example#x",
            &long,
        ] {
            assert!(LoginUrl::parse(bad).is_err(), "{bad}");
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
