//! Scopes, patterns of scopes, and the authority that follows from them.

use std::fmt;
use std::sync::Arc;

use super::Invalid;

/// The scopes of Jeton's own API. A holder of [`ADMIN`](api::ADMIN) holds all of them.
pub mod api {
    /// Where all of them begin. No token gets one that its creator lacks.
    pub const PREFIX: &str = "urn:jeton:";
    /// Everything, in the org and in its descendants.
    pub const ADMIN: &str = "urn:jeton:admin";
    /// Mint tokens for any member.
    pub const TOKENS_CREATE: &str = "urn:jeton:tokens:create";
    /// List the tokens of other members.
    pub const TOKENS_READ: &str = "urn:jeton:tokens:read";
    /// Say who has signed in, and what they grant to a client: what a login application does.
    pub const AUTHORIZATIONS_DECIDE: &str = "urn:jeton:authorizations:decide";
    /// Lets a member read what people have granted to clients.
    pub const GRANTS_READ: &str = "urn:jeton:grants:read";
    /// End what people have granted to clients, and their sessions.
    pub const GRANTS_WRITE: &str = "urn:jeton:grants:write";
    /// Revoke the tokens of other members.
    pub const TOKENS_REVOKE: &str = "urn:jeton:tokens:revoke";
    /// Lets a member read the OAuth clients of an org.
    pub const CLIENTS_READ: &str = "urn:jeton:clients:read";
    /// Create, change and delete OAuth clients.
    pub const CLIENTS_WRITE: &str = "urn:jeton:clients:write";
    /// Register OAuth clients, which then look after themselves: RFC 7591 section 1.2.
    pub const CLIENTS_REGISTER: &str = "urn:jeton:clients:register";
    /// Lets a member read the members of an org.
    pub const MEMBERS_READ: &str = "urn:jeton:members:read";
    /// Create, change and delete members.
    pub const MEMBERS_WRITE: &str = "urn:jeton:members:write";
    /// Lets a member read an org and those below it.
    pub const ORGS_READ: &str = "urn:jeton:orgs:read";
    /// Create, change and delete orgs.
    pub const ORGS_WRITE: &str = "urn:jeton:orgs:write";
}

/// The scopes of OpenID Connect, which every org has that lets people sign in: OpenID Connect Core sections 5.4 and 11.
pub mod openid {
    /// The client wants an ID token, and may ask for claims of the person.
    pub const OPENID: &str = "openid";
    /// The client may ask for the person's name and the like.
    pub const PROFILE: &str = "profile";
    /// The client may ask for the person's e-mail address.
    pub const EMAIL: &str = "email";
    /// The client may ask for the person's postal address.
    pub const ADDRESS: &str = "address";
    /// The client may ask for the person's phone number.
    pub const PHONE: &str = "phone";
    /// The client's tokens may outlive the person's session.
    pub const OFFLINE_ACCESS: &str = "offline_access";
    /// All of them, as the metadata lists them.
    pub const ALL: &[&str] = &[OPENID, PROFILE, EMAIL, ADDRESS, PHONE, OFFLINE_ACCESS];
}

/// The scopes of receivers of shared signals: CAEP Interoperability Profile 1.0 section 2.7.3. An org has those that it supports.
pub mod signals {
    use super::Scope;

    /// The client may read its event streams, and fetch what waits in them.
    pub const READ: &str = "ssf.read";
    /// The client may also create, change and delete event streams.
    pub const MANAGE: &str = "ssf.manage";

    /// Says whether a scope is one of them.
    pub fn is_one(scope: &Scope) -> bool {
        [READ, MANAGE].contains(&scope.as_str())
    }
}

const MAX_SCOPE_BYTES: usize = 511;

/// A scope as it was asked for: a `scope-token` of RFC 6749 section 3.3 of at most 511 characters.
///
/// A `?` at the end marks it optional: wanted, but its lack fails nothing. `*` stands for any characters.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Scope(Arc<str>);

impl Scope {
    /// Parses a scope, or says what it must be.
    ///
    /// # Errors
    /// [`Invalid`] with the rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let name = text.strip_suffix('?').unwrap_or(text);
        if name.is_empty() || name.ends_with('?') || text.len() > MAX_SCOPE_BYTES || !is_scope_token(text) {
            return Err(Invalid(
                "must be 1 to 511 printable ASCII characters without blank, \" and \\, with at most one ? at the end",
            ));
        }
        Ok(Self(text.into()))
    }

    /// The scope without its mark.
    pub fn name(&self) -> &str {
        self.0.strip_suffix('?').unwrap_or(&self.0)
    }

    /// Whether it carries the mark `?`.
    pub fn is_optional(&self) -> bool {
        self.0.ends_with('?')
    }

    /// The scope as it was asked for, mark included.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it reaches into Jeton's own API, be it by a wildcard.
    pub fn reaches_api(&self) -> bool {
        let literal = self.name().split('*').next().unwrap_or_default();
        literal.starts_with(api::PREFIX) || (literal.len() < self.name().len() && api::PREFIX.starts_with(literal))
    }
}

impl std::str::FromStr for Scope {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a member holds: a scope in which `*` stands for any characters.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ScopePattern(Box<str>);

impl ScopePattern {
    /// Parses a pattern, or says what it must be.
    ///
    /// # Errors
    /// [`Invalid`] with the rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.is_empty() || text.len() > MAX_SCOPE_BYTES || text.ends_with('?') || !is_scope_token(text) {
            return Err(Invalid(
                "must be 1 to 511 printable ASCII characters without blank, \" and \\, and without ? at the end",
            ));
        }
        Ok(Self(text.into()))
    }

    /// The pattern as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether everything that `name` stands for is held.
    pub fn covers(&self, name: &str) -> bool {
        covers(&self.0, name)
    }
}

impl std::str::FromStr for ScopePattern {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

impl fmt::Debug for ScopePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

/// What a caller may do: scopes on the token ∩ scopes held by the member now.
///
/// The intersection is taken scope by scope, so it needs no algebra of patterns.
#[derive(Clone, Copy, Debug)]
pub struct Authority<'a> {
    /// Scopes on the presented token.
    pub token: &'a [Scope],
    /// Scopes that its subject holds now.
    pub held: &'a [ScopePattern],
}

impl Authority<'_> {
    /// Whether `name` is on the token and held by the member.
    pub fn permits(&self, name: &str) -> bool {
        self.on_token(name) && self.held.iter().any(|pattern| pattern.covers(name))
    }

    /// Whether an operation of Jeton's own API is permitted: by its scope, or by `urn:jeton:admin` in its place.
    pub fn permits_api(&self, scope: &str) -> bool {
        let either = |covers: &dyn Fn(&str) -> bool| covers(scope) || covers(api::ADMIN);
        either(&|name| self.on_token(name)) && either(&|name| self.held.iter().any(|pattern| pattern.covers(name)))
    }

    /// Whether the token carries `name`, whatever its subject holds.
    pub fn on_token(&self, name: &str) -> bool {
        self.token.iter().any(|scope| covers(scope.name(), name))
    }
}

fn is_scope_token(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

/// Whether `pattern`, in which `wildcard` stands for any characters, matches `text`. A wildcard in `text` is a character
/// like any other, which only a wildcard matches: so `urn:a:*` covers `urn:a:*`, and `urn:a:b` doesn't.
///
/// Pieces between wildcards are searched from left to right: linear in `text` for each piece, no backtracking.
pub fn matches(pattern: &str, wildcard: char, text: &str) -> bool {
    let mut pieces = pattern.split(wildcard);
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn covers(pattern: &str, name: &str) -> bool {
    matches(pattern, '*', name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_covers_any_characters_and_nothing_else_does() {
        for (pattern, name, expected) in [
            ("*", "urn:x", true),
            ("urn:a", "urn:a", true),
            ("urn:a", "urn:a:b", false),
            ("urn:a:*", "urn:a:b:c", true),
            ("urn:a:*", "urn:a:*", true),
            ("urn:a:b", "urn:a:*", false),
            ("urn:a:*:owner", "urn:a:x:owner", true),
            ("urn:a:*:owner", "urn:a:owner", false),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "acb", false),
            ("aa*aa", "aaa", false),
            ("a.c", "abc", false),
        ] {
            assert_eq!(ScopePattern::parse(pattern).unwrap().covers(name), expected, "{pattern} on {name}");
        }
    }

    #[test]
    fn rfc6749_3_3_grammar_with_one_mark() {
        for good in ["a", "a?", "urn:agilicus:api:*?", "!", "~", "a?b"] {
            assert!(Scope::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "?", "a??", "a b", "a\"", "a\\", "a\u{0}", "ä", &"x".repeat(512)] {
            assert!(Scope::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_wildcard_that_could_mean_our_api_reaches_it() {
        for (scope, reaches) in [
            ("urn:jeton:admin", true),
            ("urn:*", true),
            ("*?", true),
            ("urn:jet*", true),
            ("urn:jet", false),
            ("urn:other:*", false),
        ] {
            assert_eq!(Scope::parse(scope).unwrap().reaches_api(), reaches, "{scope}");
        }
    }

    #[test]
    fn authority_needs_the_scope_on_the_token_and_with_the_member() {
        let token = [Scope::parse("urn:a?").unwrap(), Scope::parse(api::ADMIN).unwrap()];
        let held = [ScopePattern::parse("urn:a").unwrap(), ScopePattern::parse(api::TOKENS_READ).unwrap()];
        let authority = Authority { token: &token, held: &held };
        assert!(authority.permits("urn:a"));
        assert!(!authority.permits("urn:b"));
        assert!(authority.permits_api(api::TOKENS_READ));
        assert!(!authority.permits_api(api::TOKENS_CREATE));
        assert!(!Authority { token: &token[..1], held: &held }.permits_api(api::TOKENS_READ));
    }
}
