//! Whom or what a signal is about: subject identifiers (RFC 9493, OpenID Shared Signals Framework 1.0 section 3).
//!
//! How they are written as JSON, and what is kept of those that a stream leaves out, is in [`jose`](crate::jose::subject_identifier).

use std::collections::{BTreeMap, BTreeSet};

use super::{ClientId, Issuer, OrgId, SessionId, Subject, TokenId};

/// Whom or what a signal is about.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum SubjectIdentifier {
    /// One identifier, such as an issuer and a subject.
    Simple(SimpleSubject),
    /// Several by their roles, such as `user` and `session`, which together are one subject: the format `complex`.
    Complex(BTreeMap<Box<str>, SimpleSubject>),
}

impl SubjectIdentifier {
    /// Makes a complex subject of its members, such as `user` and `session`.
    pub fn complex<const N: usize>(members: [(&str, SimpleSubject); N]) -> Self {
        Self::Complex(members.into_iter().map(|(name, subject)| (name.into(), subject)).collect())
    }
}

impl From<SimpleSubject> for SubjectIdentifier {
    fn from(subject: SimpleSubject) -> Self {
        Self::Simple(subject)
    }
}

/// An identifier of a format, such as `iss_sub`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct SimpleSubject {
    /// The name of the format, such as `iss_sub`.
    pub format: Box<str>,
    /// The members that the format asks for, such as `iss` and `sub`.
    pub members: BTreeMap<Box<str>, Box<str>>,
}

impl SimpleSubject {
    /// Makes an identifier of a format and its members.
    pub fn new<const N: usize>(format: &str, members: [(&str, &str); N]) -> Self {
        let members = members.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { format: format.into(), members }
    }

    /// Names a person by who issues tokens about them and the `sub` that these have (RFC 9493 section 3.2.3).
    pub fn iss_sub(issuer: &Issuer, subject: &Subject) -> Self {
        Self::new("iss_sub", [("iss", issuer.as_str()), ("sub", subject.as_str())])
    }

    /// Names a token by its issuer and its `jti` (OpenID Shared Signals Framework 1.0 section 3.5.1).
    pub fn jwt_id(issuer: &Issuer, token: TokenId) -> Self {
        Self::new("jwt_id", [("iss", issuer.as_str()), ("jti", &token.to_string())])
    }

    /// Names an org by its id (RFC 9493 section 3.2.4).
    pub fn org(org: &OrgId) -> Self {
        Self::opaque(org.as_str())
    }

    /// Names a client by its number (RFC 9493 section 3.2.4).
    pub fn client(client: ClientId) -> Self {
        Self::opaque(&client.to_string())
    }

    /// Names a session by its id, the `sid` of ID tokens (RFC 9493 section 3.2.4).
    pub fn session(session: &SessionId) -> Self {
        Self::opaque(session.as_str())
    }

    fn opaque(id: &str) -> Self {
        Self::new("opaque", [("id", id)])
    }
}

/// What is kept of a subject of which a receiver doesn't want to hear: hashes, by which it is known again and nobody else is.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum SubjectFingerprint {
    /// The hash of a simple subject.
    Simple([u8; 16]),
    /// The hashes of the members of a complex subject, by their names.
    Complex(BTreeMap<Box<str>, [u8; 16]>),
}

impl SubjectFingerprint {
    /// Says whether a signal about `self` is about what a receiver has `named`: all members that it has named are the same.
    ///
    /// A simple subject is meant by each complex one of which it is a member: whoever names a person means their sessions, too. A person as a
    /// whole isn't meant by one of their sessions. OpenID Shared Signals Framework 1.0 section 8.1.3.1 would also let subjects match that only
    /// don't contradict each other: for subjects that are removed, that would take away signals of which the receiver has said nothing.
    pub fn is_of(&self, named: &Self) -> bool {
        match (self, named) {
            (Self::Simple(own), Self::Simple(named)) => own == named,
            (Self::Complex(own), Self::Simple(named)) => own.values().any(|member| member == named),
            (Self::Simple(_), Self::Complex(_)) => false,
            (Self::Complex(own), Self::Complex(named)) => named.iter().all(|(name, named)| own.get(name) == Some(named)),
        }
    }

    /// Says whether a signal about `self` is about any of the subjects `named`.
    pub fn is_of_any(&self, named: &BTreeSet<Self>) -> bool {
        // A simple one is found without looking at each.
        named.contains(self) || named.iter().any(|named| self.is_of(named))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complex<const N: usize>(members: [(&str, u8); N]) -> SubjectFingerprint {
        SubjectFingerprint::Complex(members.into_iter().map(|(name, hash)| (name.into(), [hash; 16])).collect())
    }

    #[test]
    fn a_signal_is_of_a_subject_of_which_it_has_all_members() {
        let simple = |hash| SubjectFingerprint::Simple([hash; 16]);
        let session = complex([("user", 1), ("session", 2), ("tenant", 3)]);
        for (named, is_of) in [
            (simple(1), true),
            (simple(9), false),
            (complex([("user", 1)]), true),
            (complex([("user", 9)]), false),
            (complex([("user", 1), ("session", 2)]), true),
            (complex([("user", 1), ("session", 9)]), false),
            (complex([("user", 1), ("device", 9)]), false),
            (complex([("device", 9)]), false),
            (complex([("session", 1)]), false),
        ] {
            assert_eq!(session.is_of(&named), is_of, "{named:?}");
            assert_eq!(session.is_of_any(&BTreeSet::from([simple(7), named.clone()])), is_of, "{named:?}");
        }
        assert!(simple(1).is_of(&simple(1)) && !simple(1).is_of(&simple(2)) && !simple(1).is_of(&complex([("user", 1)])));
        assert!(!simple(1).is_of_any(&BTreeSet::new()));
    }
}
