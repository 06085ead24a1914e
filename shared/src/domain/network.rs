//! Networks of IP addresses: from where something may be used.
//!
//! An IPv4 address that is written as IPv6 (`::ffff:192.0.2.1`, RFC 4291 section 2.5.5.2) counts as the IPv4 address that it is.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// A network in CIDR notation (RFC 4632), such as `192.0.2.0/24` or `2001:db8::/32`. It never has all addresses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Network(IpNet);

/// Why a text is no network, in words for whoever has sent it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NetworkProblem {
    /// It isn't in CIDR notation.
    #[error("must be a network in CIDR notation, such as 192.0.2.0/24 or 2001:db8::/32")]
    Form,
    /// It has all addresses: that is the same as no rule.
    #[error("must not be all addresses: leave the field out instead")]
    AllAddresses,
    /// It is another text for this network: an address without prefix, or with bits behind its prefix, an IPv4 address as IPv6, or digits
    /// that are spelled otherwise.
    #[error("must be written as {0}")]
    Spelling(Network),
}

impl Network {
    /// Says whether an address is in the network.
    pub fn contains(self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Network {
    type Err = NetworkProblem;

    fn from_str(text: &str) -> Result<Self, NetworkProblem> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Err(NetworkProblem::Spelling(Self(address.to_canonical().into())));
        }
        let network: IpNet = text.parse().map_err(|_| NetworkProblem::Form)?;
        let canonical = as_ipv4(network).unwrap_or(network).trunc();
        if canonical.prefix_len() == 0 {
            Err(NetworkProblem::AllAddresses)
        } else if canonical.to_string() == text {
            Ok(Self(canonical))
        } else {
            Err(NetworkProblem::Spelling(Self(canonical)))
        }
    }
}

/// Returns the IPv4 network that an IPv6 one stands for.
fn as_ipv4(network: IpNet) -> Option<IpNet> {
    const MAPPED_PREFIX_BITS: u8 = 96;
    let IpNet::V6(network) = network else { return None };
    let address = network.addr().to_ipv4_mapped()?;
    IpNet::new(address.into(), network.prefix_len().checked_sub(MAPPED_PREFIX_BITS)?).ok()
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The networks from which something may be used: 1 to 20.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AllowedNetworks(Box<[Network]>);

impl AllowedNetworks {
    /// How many there are at most.
    pub const MAX: usize = 20;

    /// Takes the networks. `None`: there are none of them, or more than [`MAX`](Self::MAX).
    pub fn from_networks(networks: impl Into<Box<[Network]>>) -> Option<Self> {
        let networks = networks.into();
        (1..=Self::MAX).contains(&networks.len()).then_some(Self(networks))
    }

    /// Says whether a caller at this address may use it. One whose address isn't known may not.
    pub fn allow(&self, address: Option<IpAddr>) -> bool {
        address.is_some_and(|address| self.0.iter().any(|network| network.contains(address)))
    }

    /// Returns the networks, in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = Network> {
        self.0.iter().copied()
    }
}

/// The proxies that are believed what they say of the address of a caller.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TrustedProxies(Box<[Network]>);

impl TrustedProxies {
    /// Takes the networks in which they are. None: no proxy is believed.
    pub fn from_networks(networks: impl Into<Box<[Network]>>) -> Self {
        Self(networks.into())
    }

    /// Finds the caller: the last address that isn't a trusted proxy's. `peer` has connected to the service, and `forwarded` is
    /// what stands before it in `X-Forwarded-For` or a header like it, one text for each hop, the last hop last. If what a
    /// trusted proxy says is no address, the caller isn't known.
    pub fn caller<'a>(&self, peer: IpAddr, forwarded: impl DoubleEndedIterator<Item = &'a str>) -> Option<IpAddr> {
        let is_trusted = |address| self.0.iter().any(|network| network.contains(address));
        let mut caller = peer;
        for hop in forwarded.rev() {
            if !is_trusted(caller) {
                break;
            }
            caller = hop.trim().parse().ok()?;
        }
        Some(caller.to_canonical())
    }
}

impl FromStr for TrustedProxies {
    type Err = NetworkProblem;

    /// Reads networks with commas between them. An empty text has none.
    fn from_str(text: &str) -> Result<Self, NetworkProblem> {
        let networks = text.split(',').map(str::trim).filter(|network| !network.is_empty());
        networks.map(str::parse).collect::<Result<Box<[_]>, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_has_one_spelling_and_the_refusal_says_it() {
        for good in ["192.0.2.0/24", "10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "::1/128"] {
            assert_eq!(good.parse::<Network>().map(|network| network.to_string()).as_deref(), Ok(good));
        }
        for (bad, right) in [
            ("192.0.2.7/24", "192.0.2.0/24"),
            ("192.0.2.7", "192.0.2.7/32"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("2001:db8::1/32", "2001:db8::/32"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:10.1.2.3/104", "10.0.0.0/8"),
            ("::ffff:10.1.2.3", "10.1.2.3/32"),
            ("010.0.0.0/8", "10.0.0.0/8"),
            ("2001:DB8::0/32", "2001:db8::/32"),
        ] {
            let problem = bad.parse::<Network>().unwrap_err();
            assert_eq!(problem.to_string(), format!("must be written as {right}"), "{bad}");
        }
        for all in ["0.0.0.0/0", "::/0", "10.0.0.0/0", "::ffff:0.0.0.0/96"] {
            assert_eq!(all.parse::<Network>(), Err(NetworkProblem::AllAddresses), "{all}");
        }
        for bad in ["", "192.0.2.0/33", "192.0.2/24", " 10.0.0.0/8", "10.0.0.0/8 ", "2001:db8::/129", "example/8", "*"] {
            assert_eq!(bad.parse::<Network>(), Err(NetworkProblem::Form), "{bad}");
        }
    }

    #[test]
    fn an_address_is_allowed_in_one_of_the_networks_and_an_unknown_one_nowhere() {
        let networks = ["10.0.0.0/8", "2001:db8::/32"].map(|network| network.parse().unwrap());
        let allowed = AllowedNetworks::from_networks(networks).unwrap();
        for (text, is_allowed) in [
            ("10.0.0.0", true),
            ("10.255.255.255", true),
            ("::ffff:10.1.2.3", true),
            ("2001:db8:ffff::1", true),
            ("11.0.0.0", false),
            ("9.255.255.255", false),
            ("2001:db9::", false),
            ("::10.1.2.3", false),
        ] {
            assert_eq!(allowed.allow(Some(address(text))), is_allowed, "{text}");
        }
        assert!(!allowed.allow(None));
        assert_eq!(AllowedNetworks::from_networks([]), None);
        assert_eq!(AllowedNetworks::from_networks(vec!["10.0.0.0/8".parse().unwrap(); 21]), None);
    }

    #[test]
    fn the_caller_is_the_last_address_that_no_trusted_proxy_has() {
        let proxies: TrustedProxies = "10.0.0.0/8, 2001:db8::/32".parse().unwrap();
        let caller = |peer, forwarded: &str| {
            proxies.caller(address(peer), forwarded.split(',').filter(|hop| !hop.is_empty())).map(|caller| caller.to_string())
        };
        for (peer, forwarded, expected) in [
            ("192.0.2.1", "", Some("192.0.2.1")),
            ("192.0.2.1", "198.51.100.9", Some("192.0.2.1")),
            ("10.0.0.1", "", Some("10.0.0.1")),
            ("10.0.0.1", "198.51.100.9", Some("198.51.100.9")),
            ("10.0.0.1", "203.0.113.5, 198.51.100.9", Some("198.51.100.9")),
            ("10.0.0.1", "198.51.100.9, 10.0.0.2", Some("198.51.100.9")),
            ("::ffff:10.0.0.1", "198.51.100.9,2001:db8::1", Some("198.51.100.9")),
            ("10.0.0.1", "10.0.0.3,10.0.0.2", Some("10.0.0.3")),
            ("10.0.0.1", "198.51.100.9,unknown", None),
            ("10.0.0.1", "unknown,198.51.100.9", Some("198.51.100.9")),
        ] {
            assert_eq!(caller(peer, forwarded).as_deref(), expected, "{peer} {forwarded}");
        }
        let nobody = TrustedProxies::default();
        assert_eq!(nobody.caller(address("10.0.0.1"), ["198.51.100.9"].into_iter()), Some(address("10.0.0.1")));
        assert_eq!("".parse::<TrustedProxies>(), Ok(nobody));
        assert_eq!("10.0.0.1".parse::<TrustedProxies>().unwrap_err().to_string(), "must be written as 10.0.0.1/32");
    }
}
