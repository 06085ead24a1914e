//! Where key sets may be read.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::Uri;

use crate::domain::Invalid;

/// An origin (RFC 6454 section 4) of URLs that may be read: `https` or, at a loopback address that is written as a number,
/// `http`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
    is_https: bool,
    /// In lower case; an IPv6 address in brackets.
    host: String,
    port: u16,
}

impl Origin {
    /// Returns the origin of a URL that may be read if its origin is listed. `None`: it never may.
    pub fn from_url(url: &str) -> Option<Self> {
        if url.contains('#') {
            return None;
        }
        let url: Uri = url.parse().ok()?;
        let (is_https, default_port) = match url.scheme_str()? {
            "https" => (true, 443),
            "http" => (false, 80),
            _ => return None,
        };
        let authority = url.authority().filter(|authority| !authority.as_str().contains('@'))?;
        let port = match authority.as_str().strip_prefix(authority.host())? {
            "" => default_port,
            _ => authority.port_u16().filter(|port| *port != 0)?,
        };
        let origin = Self { is_https, host: authority.host().to_ascii_lowercase(), port };
        let is_private = origin.address().is_some_and(|address| address.is_loopback());
        (is_https || is_private).then_some(origin)
    }

    /// The address, where the host is written as one.
    pub fn address(&self) -> Option<IpAddr> {
        let digits = self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&self.host);
        digits.parse().ok()
    }
}

impl FromStr for Origin {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid =
            Invalid("must be an https URL without path, or an http one of a loopback address such as http://127.0.0.1:8080");
        let is_bare = text.split_once("://").is_some_and(|(_, rest)| !rest.trim_end_matches('/').contains(['/', '?']));
        Self::from_url(text).filter(|_| is_bare).ok_or(RULE)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_https { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

/// The origins that a deployment allows: none, unless it names them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Origins(Vec<Origin>);

impl Origins {
    /// Whether `url` is of one of them.
    pub fn allow(&self, url: &str) -> bool {
        Origin::from_url(url).is_some_and(|origin| self.0.contains(&origin))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this address itself is listed.
    pub fn name_address(&self, address: IpAddr) -> bool {
        self.0.iter().any(|origin| origin.address() == Some(address))
    }
}

impl FromIterator<Origin> for Origins {
    fn from_iter<I: IntoIterator<Item = Origin>>(origins: I) -> Self {
        Self(origins.into_iter().collect())
    }
}

impl FromStr for Origins {
    type Err = Invalid;

    /// Reads a list of origins with blanks between them.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        text.split_ascii_whitespace().map(str::parse).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(text: &str) -> Origins {
        text.parse().unwrap()
    }

    #[test]
    fn a_url_is_allowed_where_scheme_host_and_port_are_as_listed() {
        let listed = origins("https://idp.example https://other.example:8443/ http://127.0.0.1:9000 https://[::1]");
        for url in [
            "https://idp.example/jwks",
            "https://idp.example:443/jwks?x=y",
            "https://IDP.example/a/b",
            "https://other.example:8443/jwks",
            "http://127.0.0.1:9000/jwks",
            "https://[::1]/jwks",
        ] {
            assert!(listed.allow(url), "{url}");
        }
        for url in [
            "http://idp.example/jwks",
            "https://idp.example:8443/jwks",
            "https://idp.example./jwks",
            "https://idp.example.evil.example/jwks",
            "https://idp.example@evil.example/jwks",
            "https://a:b@idp.example/jwks",
            "https://evil.example/https://idp.example/",
            "https://other.example/jwks",
            "http://127.0.0.1/jwks",
            "http://127.0.0.1:9001/jwks",
            "http://localhost:9000/jwks",
            "https://127.0.0.1:9000/jwks",
            "https://idp.example/jwks#x",
            "https://idp.example:/jwks",
            "//idp.example/jwks",
            "/jwks",
            "file:///etc/passwd",
            "",
        ] {
            assert!(!listed.allow(url), "{url}");
        }
        assert!(!Origins::default().allow("https://idp.example/jwks"));
    }

    #[test]
    fn an_origin_is_https_or_a_loopback_address_and_nothing_but_an_origin() {
        assert_eq!(origins(" https://a.example  https://b.example:444\n").0.len(), 2);
        assert!(origins("").is_empty());
        for bad in [
            "a.example",
            "http://a.example",
            "http://10.0.0.1",
            "http://localhost:80",
            "https://a.example/jwks",
            "https://a.example?x",
            "https://a.example#x",
            "https://u@a.example",
            "https://a.example:0",
            "https://a.example:99999",
            "ftp://a.example",
            "*",
            "https://",
        ] {
            assert!(bad.parse::<Origins>().is_err(), "{bad}");
        }
        assert!(origins("https://10.0.0.5").name_address("10.0.0.5".parse().unwrap()));
        assert!(!origins("https://10.0.0.5").name_address("10.0.0.6".parse().unwrap()));
    }
}
