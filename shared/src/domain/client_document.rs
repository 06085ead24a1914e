//! Client id metadata documents: a client that nobody has registered names itself by the `https` URL of a document about itself.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use url::Host;

use super::redirect_uri::parse_absolute;
use super::{ClientId, Invalid, OrgId, Seconds, Shard, Timestamp, TokenId};

/// The URL of a client's metadata document, which is its `client_id`. It is kept and compared letter by letter.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ClientUrl(Box<str>);

impl ClientUrl {
    const MAX_BYTES: usize = 512;

    /// Accepts an `https` URL with a path, of at most 512 bytes, without fragment, user name, `.` and `..` segments, whose host is a name.
    /// With `http` the host must be `127.0.0.1` or `[::1]`: whether that is let in, [`ClientDocumentRules::allow`] says.
    ///
    /// # Errors
    /// [`Invalid`] with this rule, if `text` is anything else.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid(
            "must be an https URL with a path, of at most 512 bytes, without fragment, user name, and the segments . and ..",
        );
        let is_good = text.len() <= Self::MAX_BYTES && Address::read(text).is_some() && !has_dot_segment(text);
        if is_good { Ok(Self(text.into())) } else { Err(RULE) }
    }

    /// The URL, letter by letter.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the host in lower case, with its port where that isn't 443.
    pub fn host(&self) -> String {
        Address::read(&self.0).map_or_else(String::new, |address| address.to_string())
    }

    /// Says whether this is an `http` URL of this very machine.
    pub fn is_on_loopback(&self) -> bool {
        self.0.starts_with("http://")
    }

    /// Says whether another URL that may be read has the same scheme, host and port: the same origin (RFC 6454 section 4).
    pub fn has_origin_of(&self, other: &str) -> bool {
        let scheme = |text: &str| text.starts_with("https://");
        Address::read(other).is_some_and(|there| Some(there) == Address::read(&self.0) && scheme(other) == scheme(&self.0))
    }
}

impl fmt::Display for ClientUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ClientUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

/// Where a document is read: the host in lower case, and its port.
#[derive(Debug, Eq, PartialEq)]
struct Address {
    host: String,
    port: u16,
}

impl Address {
    /// Reads the host and the port of a URL that may be read: of `https` one with a name, of `http` a loopback address.
    fn read(text: &str) -> Option<Self> {
        let url = parse_absolute(text)?;
        let has_path = url.path() != "/" && !url.path().is_empty();
        if !has_path || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() || text.contains('@') {
            return None;
        }
        let is_readable = match (url.scheme(), url.host()?) {
            ("https", Host::Domain(_)) => true,
            ("http", Host::Ipv4(address)) => address == std::net::Ipv4Addr::LOCALHOST,
            ("http", Host::Ipv6(address)) => address == std::net::Ipv6Addr::LOCALHOST,
            _ => false,
        };
        // What the parser makes of a host must be what is written: nobody else reads it in another way then.
        let behind = text.strip_prefix(url.scheme())?.strip_prefix("://")?;
        let written = &behind[..behind.find(['/', '?']).unwrap_or(behind.len())];
        let host = url.host_str()?.to_owned();
        let port = url.port_or_known_default()?;
        let is_as_written = match url.port() {
            Some(port) => written.eq_ignore_ascii_case(&format!("{host}:{port}")),
            None => written.eq_ignore_ascii_case(&host),
        };
        (is_readable && is_as_written).then_some(Self { host, port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.port == 443 { f.write_str(&self.host) } else { write!(f, "{}:{}", self.host, self.port) }
    }
}

/// Whether a segment of the path is `.` or `..`, be it with `%2e`: as it is written, before any parser folds it.
fn has_dot_segment(text: &str) -> bool {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    path.split('/').any(|segment| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | ".."))
}

/// A host whose documents are read: `claude.ai`, `*.example.org` for all names below one, `*` for all, each with a port if that isn't 443.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClientDocumentHost(Box<str>);

impl ClientDocumentHost {
    /// Accepts a name in lower case, one with `*.` before it, `*`, or a loopback address; with a port, if it isn't 443.
    ///
    /// # Errors
    /// [`Invalid`] with this rule, if `text` is anything else.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid =
            Invalid("must be a host in lower case such as claude.ai, *.example.org or *, with a port only if that isn't 443");
        let name = text.strip_prefix("*.").unwrap_or(text);
        let is_loopback = |name: &str| {
            let address = name.rsplit_once(':').map(|(address, _)| address.trim_start_matches('[').trim_end_matches(']'));
            address.and_then(|address| address.parse::<IpAddr>().ok()).is_some_and(|address| address.is_loopback())
        };
        let url =
            |scheme: &str| Address::read(&format!("{scheme}://{name}/x")).is_some_and(|address| address.to_string() == name);
        let is_known = url("https") || text == name && is_loopback(name) && url("http");
        let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
        if text.len() <= 255 && (text == "*" || is_plain && is_known) { Ok(Self(text.into())) } else { Err(RULE) }
    }

    /// The host, as it was configured.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Says whether it stands for this host, which has its port if that isn't 443.
    fn matches(&self, host: &str) -> bool {
        match &*self.0 {
            "*" => !host.contains(':'),
            pattern => match pattern.strip_prefix('*') {
                Some(below) => host.strip_suffix(below).is_some_and(|label| !label.is_empty()),
                None => pattern == host,
            },
        }
    }
}

impl fmt::Display for ClientDocumentHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ClientDocumentHost {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

/// Whether clients may name themselves by the URLs of their metadata documents, and at which hosts these are read.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ClientDocumentRules {
    /// Whether they may at all.
    pub enabled: bool,
    /// The hosts whose documents are read.
    pub hosts: Vec<ClientDocumentHost>,
}

impl ClientDocumentRules {
    /// Says whether the document at this URL may be read.
    pub fn allow(&self, url: &ClientUrl) -> bool {
        let host = url.host();
        // The address of this very machine must be named.
        let is_meant = |pattern: &&ClientDocumentHost| !url.is_on_loopback() || pattern.as_str() == host;
        self.enabled && self.hosts.iter().filter(is_meant).any(|pattern| pattern.matches(&host))
    }
}

/// Where the document of a client is kept, as an org has read it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ClientDocumentKey {
    /// The org whose client it is.
    pub org: OrgId,
    /// SHA-256 of the org's id and the URL.
    pub hash: [u8; 32],
}

impl ClientDocumentKey {
    /// Returns the part of the org's records in which it is.
    pub fn shard(&self) -> Shard {
        Shard::from_byte(self.hash[31])
    }

    /// Returns the number of the client: it has it before anything is written of it. Whether the client of this number is the one of the
    /// URL, its [origin](super::ClientOrigin::MetadataDocument) says.
    pub fn client(&self) -> ClientId {
        let number = self.hash.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte)) >> 11;
        // Of 2^53 hashes one has no number.
        ClientId::from_number(number.max(1)).unwrap_or(ClientId::MAX)
    }
}

/// The metadata document of a client, as it was read last.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClientDocument {
    /// Where it is kept.
    pub key: ClientDocumentKey,
    /// The URL at which it was read.
    pub url: ClientUrl,
    /// What was read: JSON of at most 5,120 bytes, which keeps the rules.
    pub body: String,
    /// The `ETag` that came with it.
    pub etag: Option<String>,
    /// When it was read, or was said to be unchanged.
    pub fetched_at: Timestamp,
    /// Good as long as `now < fresh_until`. After that it must be read again.
    pub fresh_until: Timestamp,
}

impl ClientDocument {
    /// How many bytes a document has at most.
    pub const MAX_BYTES: usize = 5_120;
    /// For so long a document is used at the token endpoint while it can't be read again.
    const USED_WITHOUT_HOST_FOR: Seconds = Seconds(7 * Seconds::DAY.0);
    const MIN_FRESH: Seconds = Seconds(300);
    const USUALLY_FRESH: Seconds = Seconds::HOUR;
    const MAX_FRESH: Seconds = Seconds::DAY;

    /// Returns until when a document is good that is read now: as `Cache-Control` says, but 5 minutes at least and a day at most.
    pub fn fresh_until(now: Timestamp, max_age: Option<Seconds>) -> Timestamp {
        now.plus(max_age.unwrap_or(Self::USUALLY_FRESH).clamp(Self::MIN_FRESH, Self::MAX_FRESH))
    }

    /// Says whether it need not be read again. A clock that was set back must not make anything last longer.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.fetched_at <= now && now < self.fresh_until
    }

    /// Says whether it can be used where its host doesn't answer.
    pub fn is_usable_without_host(&self, now: Timestamp) -> bool {
        self.fetched_at <= now && now < self.kept_until()
    }

    /// Returns the moment from which on the record may be forgotten.
    pub fn kept_until(&self) -> Timestamp {
        self.fetched_at.plus(Self::USED_WITHOUT_HOST_FOR)
    }
}

/// The `client_id` of a client, as it is told to others: the URL of its metadata document, or its number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ClientName<'a> {
    /// The number of a client that is registered.
    Number(ClientId),
    /// The URL of the metadata document of one that isn't.
    Url(&'a ClientUrl),
    /// The id of the API key that a token was exchanged for.
    ApiKey(TokenId),
}

impl fmt::Display for ClientName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Url(url) => url.fmt(f),
            Self::ApiKey(id) => id.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> ClientUrl {
        ClientUrl::parse(text).unwrap()
    }

    #[test]
    fn a_client_url_is_https_with_a_path_as_it_is_written() {
        for good in [
            "https://claude.ai/oauth/mcp-oauth-client-metadata",
            "https://a.example/x?y=z",
            "https://A.example/",
            "https://a.example:8443/x",
            "http://127.0.0.1:8080/client.json",
            "http://[::1]:8080/client.json",
            "https://a.example/a//b",
            "https://a.example/..x",
        ] {
            let is_bare = good.ends_with(".example/");
            assert_eq!(
                ClientUrl::parse(good).map(|url| url.as_str().to_owned()).ok(),
                (!is_bare).then(|| good.to_owned()),
                "{good}"
            );
        }
        let long = format!("https://a.example/{}", "x".repeat(500));
        for bad in [
            "",
            "4711",
            "https://a.example",
            "https://a.example?x",
            "https://a.example/x#y",
            "https://a.example/x#",
            "https://u@a.example/x",
            "https://u:p@a.example/x",
            "https://@a.example/x",
            "https://a.example/./x",
            "https://a.example/x/..",
            "https://a.example/x/%2e%2E/y",
            "https://a.example/.%2e/y",
            "https://a.example\\x/y",
            "https:a.example/x",
            "https:///a.example/x",
            "https://a.example:/x",
            "https://a.example:0443/x",
            "https://a.example:443/x",
            "https://a%2eexample/x",
            "https://127.0.0.1/x",
            "https://2130706433/x",
            "https://0x7f.1/x",
            "https://[::1]/x",
            "https://93.184.216.34/x",
            "http://a.example/x",
            "http://localhost:8080/x",
            "http://127.0.0.2:8080/x",
            "http://127.1:8080/x",
            "http://10.0.0.1/x",
            "ftp://a.example/x",
            "https://a.example/x y",
            &long,
        ] {
            assert!(ClientUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_hosts_that_are_listed_are_read() {
        let rules = |hosts: &[&str]| ClientDocumentRules {
            enabled: true,
            hosts: hosts.iter().map(|host| ClientDocumentHost::parse(host).unwrap()).collect(),
        };
        for (hosts, good) in [
            (&["claude.ai"][..], "https://claude.ai/x"),
            (&["claude.ai"], "https://CLAUDE.ai/x"),
            (&["*.example.org"], "https://a.example.org/x"),
            (&["*.example.org"], "https://a.b.example.org/x"),
            (&["a.example:8443"], "https://a.example:8443/x"),
            (&["*"], "https://any.example/x"),
            (&["127.0.0.1:8080"], "http://127.0.0.1:8080/x"),
            (&["[::1]:8080"], "http://[::1]:8080/x"),
        ] {
            assert!(rules(hosts).allow(&url(good)), "{hosts:?} {good}");
            assert!(!ClientDocumentRules { enabled: false, ..rules(hosts) }.allow(&url(good)));
        }
        for (hosts, bad) in [
            (&[][..], "https://claude.ai/x"),
            (&["claude.ai"], "https://evil-claude.ai/x"),
            (&["claude.ai"], "https://claude.ai.evil.example/x"),
            (&["claude.ai"], "https://claude.ai./x"),
            (&["claude.ai"], "https://claude.ai:8443/x"),
            (&["*.example.org"], "https://example.org/x"),
            (&["*.example.org"], "https://evil-example.org/x"),
            (&["*.example.org"], "https://a.example.org:8443/x"),
            (&["*"], "https://any.example:8443/x"),
            (&["*"], "http://127.0.0.1:8080/x"),
            (&["127.0.0.1:8081"], "http://127.0.0.1:8080/x"),
        ] {
            assert!(!rules(hosts).allow(&url(bad)), "{hosts:?} {bad}");
        }
        for bad in [
            "",
            "https://a.example",
            "a.example/x",
            "A.example",
            "a.example:443",
            "*.",
            "a.*.example",
            "**",
            "10.0.0.1",
            "127.0.0.1",
            "*.127.0.0.1:8080",
        ] {
            assert!(ClientDocumentHost::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_document_is_fresh_for_five_minutes_at_least_and_a_day_at_most() {
        let now = Timestamp::from_secs(1_800_000_000);
        for (said, seconds) in [(None, 3_600), (Some(0), 300), (Some(299), 300), (Some(900), 900), (Some(604_800), 86_400)] {
            assert_eq!(ClientDocument::fresh_until(now, said.map(Seconds)), now.plus(Seconds(seconds)), "{said:?}");
        }
        let key = ClientDocumentKey { org: OrgId::parse("1").unwrap(), hash: [0; 32] };
        assert_eq!(key.client().as_number(), 1);
        let fresh_until = ClientDocument::fresh_until(now, None);
        let document = ClientDocument {
            key,
            url: url("https://a.example/x"),
            body: String::new(),
            etag: None,
            fetched_at: now,
            fresh_until,
        };
        let at = |seconds| now.plus(Seconds(seconds));
        assert!(document.is_fresh(at(3_599)) && !document.is_fresh(at(3_600)) && !document.is_fresh(now.minus(Seconds(1))));
        let week = 7 * 86_400;
        assert!(document.is_usable_without_host(at(week - 1)) && !document.is_usable_without_host(at(week)));
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let document = url("https://a.example/x");
        assert!(document.has_origin_of("https://A.example/keys"));
        for other in [
            "https://a.example:8443/keys",
            "https://b.a.example/keys",
            "http://127.0.0.1:443/keys",
            "https://a.example.",
            "/keys",
        ] {
            assert!(!document.has_origin_of(other), "{other}");
        }
    }
}
