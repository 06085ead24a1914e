//! Where an endpoint is found, and in which dialect it speaks.

use http::Method;
use strum::{Display, VariantArray};

/// The largest body that is looked at, in bytes, where the [`Route`] says nothing else.
pub const MAX_BODY_BYTES: usize = 65_536;

/// Where an endpoint is found: its name, method, path and dialect.
#[derive(Clone, Debug)]
pub struct Route {
    /// Folder and file of its room, and `Handler` of its function: `agilicus.create_token`. Its `operationId` follows from it.
    pub name: &'static str,
    /// The method that it takes.
    pub method: Method,
    /// Its path, with parameters in braces, as API Gateway has them: one that ends in a plus takes the rest of the path.
    pub path: &'static str,
    /// Another path at which the same endpoint is found.
    pub also: Option<&'static str>,
    /// The dialect in which its errors are spelled.
    pub dialect: Dialect,
    /// The statuses of refusals that are its own, and not of what it takes.
    pub refusals: &'static [u16],
    /// The largest body that it looks at, in bytes: [`MAX_BODY_BYTES`] unless it says otherwise.
    pub max_body_bytes: usize,
}

impl Route {
    /// Creates the route of a `DELETE`.
    pub const fn delete(name: &'static str, path: &'static str, dialect: Dialect) -> Self {
        Self::new(Method::DELETE, name, path, dialect)
    }

    /// Creates the route of a `GET`.
    pub const fn get(name: &'static str, path: &'static str, dialect: Dialect) -> Self {
        Self::new(Method::GET, name, path, dialect)
    }

    /// Creates the route of a `PATCH`.
    pub const fn patch(name: &'static str, path: &'static str, dialect: Dialect) -> Self {
        Self::new(Method::PATCH, name, path, dialect)
    }

    /// Creates the route of a `POST`.
    pub const fn post(name: &'static str, path: &'static str, dialect: Dialect) -> Self {
        Self::new(Method::POST, name, path, dialect)
    }

    /// Creates the route of a `PUT`.
    pub const fn put(name: &'static str, path: &'static str, dialect: Dialect) -> Self {
        Self::new(Method::PUT, name, path, dialect)
    }

    const fn new(method: Method, name: &'static str, path: &'static str, dialect: Dialect) -> Self {
        Self { name, method, path, also: None, dialect, refusals: &[], max_body_bytes: MAX_BODY_BYTES }
    }

    /// Lets the endpoint be found at another path, too.
    #[must_use]
    pub const fn and_at(mut self, path: &'static str) -> Self {
        self.also = Some(path);
        self
    }

    /// Adds the statuses with which the endpoint can refuse.
    #[must_use]
    pub const fn refuses(mut self, statuses: &'static [u16]) -> Self {
        self.refusals = statuses;
        self
    }

    /// Lets the endpoint look at bodies of so many bytes.
    #[must_use]
    pub const fn takes_up_to(mut self, bytes: usize) -> Self {
        self.max_body_bytes = bytes;
        self
    }

    /// Returns the one or two paths at which the endpoint is found.
    pub fn paths(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.path).chain(self.also)
    }
}

/// A dialect: in whose words requests and errors are spelled. The table in `api/dialects.rs` finds its rules.
#[derive(Clone, Copy, Debug, Display, Eq, PartialEq, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Dialect {
    /// The Agilicus Tokens API: errors are an `ErrorMessage`.
    Agilicus,
    /// Authlete's token API, whose errors are a `Result`.
    Authlete,
    /// Jeton's own API, whose errors are problem details: RFC 9457.
    Jeton,
    /// OAuth 2, whose errors are as in RFC 6749 section 5.2.
    OAuth,
}

impl Dialect {
    /// All dialects, in the order in which documents show them.
    pub const ALL: &[Self] = Self::VARIANTS;
}
