//! URIs that people are sent to.

use url::{Host, Url};

use crate::domain::Refusal;

/// A page: its URL is shown to people, so it must be nothing that runs.
pub(super) fn page(name: &'static str, text: &str) -> Result<(), Refusal> {
    let is_page = absolute(text).is_some_and(|url| matches!(url.scheme(), "https" | "http") && has_no_user(&url));
    if is_page { Ok(()) } else { Err(Refusal::invalid(name, "must be an https or http URL")) }
}

/// Where a client gets its answers: RFC 6749 section 3.1.2, and of native ones RFC 8252 section 7.
pub(super) fn redirect(text: &str) -> Result<(), Refusal> {
    const RULE: &str =
        "must have https, http on the loopback interface, or a scheme of the client's own with a dot in it, and no fragment";
    let is_good = absolute(text).is_some_and(|url| {
        let is_reachable = match url.scheme() {
            "https" => url.host().is_some(),
            "http" => is_loopback(&url),
            // What runs in a browser has no dot.
            own => own.contains('.'),
        };
        is_reachable && url.fragment().is_none() && has_no_user(&url)
    });
    if is_good { Ok(()) } else { Err(Refusal::invalid("redirect_uris", RULE)) }
}

/// The parser for browsers would forgive what isn't in a URI.
fn absolute(text: &str) -> Option<Url> {
    let is_uri =
        text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'));
    Url::parse(text).ok().filter(|_| is_uri)
}

/// A name before the host could be taken for the host.
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
            assert!(redirect(good).is_ok(), "{good}");
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
            assert!(redirect(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_page_runs_nothing() {
        assert!(page("logo_uri", "https://client.example/logo.png#x").is_ok());
        assert!(page("logo_uri", "http://client.example/").is_ok());
        for bad in ["javascript:alert(1)", "data:image/png;base64,AA==", "https://user:pw@client.example", "logo.png", ""] {
            assert!(page("logo_uri", bad).is_err(), "{bad}");
        }
    }
}
