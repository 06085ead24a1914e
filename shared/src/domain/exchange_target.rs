//! Where a client may go on to with a token that it was shown: what an operator has written down of it (RFC 8693).

use super::{Audience, Invalid, Scope};

/// A target of a client: where its exchanges may lead to, and to which scopes there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExchangeTarget {
    /// Who takes what comes of the exchange.
    pub destination: Destination,
    /// What can be had there. At least one.
    pub scopes: Vec<TargetScope>,
}

/// Who takes what comes of an exchange that goes on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Destination {
    /// An API of the org, by the URI of its resource: it takes an access token of ours.
    Api(Audience),
}

/// A scope that can be had at a target, and from what.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TargetScope {
    /// The scope as the target knows it.
    pub name: Scope,
    /// The scopes of which the presented token must open one. At least one, so that nothing comes from nothing.
    pub sources: Vec<Scope>,
}

impl ExchangeTarget {
    /// Returns the API that it leads to.
    pub const fn api(&self) -> Option<&Audience> {
        match &self.destination {
            Destination::Api(resource) => Some(resource),
        }
    }
}

impl TargetScope {
    /// A scope that goes on under its own name.
    pub fn kept(name: Scope) -> Self {
        Self { sources: vec![name.clone()], name }
    }

    /// Says whether the scope goes on under its own name, and comes from nothing else.
    pub fn is_kept(&self) -> bool {
        self.sources == [self.name.clone()]
    }
}

/// How many actors a token can name that came of exchanges which go on: 1 to 8.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ChainLimit(u8);

impl ChainLimit {
    /// The longest chain that can be let: no token has more ancestors either.
    pub const MAX: u8 = 8;
    /// That of an org which says nothing.
    pub const DEFAULT: Self = Self(4);

    /// Accepts a number of actors.
    ///
    /// # Errors
    /// [`Invalid`] if it isn't within 1 to 8.
    pub const fn from_number(actors: u32) -> Result<Self, Invalid> {
        match actors {
            #[expect(clippy::cast_possible_truncation, reason = "it is 8 at most")]
            1..=8 => Ok(Self(actors as u8)),
            _ => Err(Invalid("must be an integer from 1 to 8 (actors)")),
        }
    }

    /// Returns the number of actors.
    pub const fn as_number(self) -> u32 {
        self.0 as u32
    }
}
