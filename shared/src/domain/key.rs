//! Signing algorithms and public keys.

use std::fmt;
use std::sync::Arc;

use super::Invalid;

/// A JWS algorithm of RFC 7518 section 3.1, RFC 8037 or RFC 9964. There is no `none` and nothing symmetric.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(missing_docs, reason = "the names are the standard's")]
pub enum Algorithm {
    Es256,
    Es384,
    Es512,
    EdDsa,
    MlDsa44,
    MlDsa65,
    MlDsa87,
    Ps256,
    Ps384,
    Ps512,
    Rs256,
    Rs384,
    Rs512,
}

impl Algorithm {
    /// All algorithms, in the order in which they are listed.
    pub const ALL: [Self; 13] = [
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::EdDsa,
        Self::MlDsa44,
        Self::MlDsa65,
        Self::MlDsa87,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
    ];

    /// Its registered name, as in a header's `alg`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
            Self::MlDsa44 => "ML-DSA-44",
            Self::MlDsa65 => "ML-DSA-65",
            Self::MlDsa87 => "ML-DSA-87",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
        }
    }

    /// The algorithm of this exact name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// The algorithm that somebody else's JWT or key names. RFC 9864 section 2.2 calls `EdDSA` with that curve `Ed25519`, and there
    /// are clients that write nothing else.
    pub fn from_foreign_name(name: &str) -> Option<Self> {
        if name == "Ed25519" { Some(Self::EdDsa) } else { Self::from_name(name) }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Algorithm {
    type Err = Invalid;

    /// The algorithm of this exact name; for a caller who is to be told which there are.
    fn from_str(name: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid(
            "must be ES256, ES384, ES512, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87, PS256, PS384, PS512, RS256, RS384 or RS512",
        );
        Self::from_name(name).ok_or(RULE)
    }
}

/// A `kid`: the RFC 7638 thumbprint of the public key.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyId(Arc<str>);

impl KeyId {
    /// Makes a key id of a thumbprint, RFC 7638.
    pub fn new(thumbprint: &str) -> Self {
        Self(thumbprint.into())
    }

    /// Returns the thumbprint as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The numbers of a public key, big-endian, without leading zeros but for coordinates, which have the width of their curve.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PublicKey {
    /// A key that means nothing without its algorithm (RFC 9964 section 3): for ML-DSA.
    Akp {
        /// As FIPS 204 section 7.2 encodes it.
        public: Vec<u8>,
    },
    /// A point on P-256, P-384 or P-521 (RFC 7518 section 6.2).
    Ec {
        /// The first coordinate of the point, as wide as the curve.
        x: Vec<u8>,
        /// The second coordinate of the point, as wide as the curve.
        y: Vec<u8>,
    },
    /// An Ed25519 point (RFC 8037 section 2).
    Okp {
        /// The 32 bytes of the point.
        x: Vec<u8>,
    },
    /// RFC 7518 section 6.3.
    Rsa {
        /// The modulus, big-endian, without leading zeros.
        n: Vec<u8>,
        /// The public exponent, big-endian, without leading zeros.
        e: Vec<u8>,
    },
}

/// A public key as it is published: RFC 7517, for signatures, for one algorithm only (RFC 8725 section 3.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Jwk {
    /// The thumbprint of the key, which is its `kid`.
    pub kid: KeyId,
    /// The one algorithm that it verifies.
    pub alg: Algorithm,
    /// The numbers of the public key.
    pub key: PublicKey,
}

/// The public keys with which our tokens verify now: the next, the active and the retiring ones.
#[derive(Clone, Debug, Default)]
pub struct KeySet(Vec<Jwk>);

impl KeySet {
    /// A set of `keys`.
    pub fn new(keys: Vec<Jwk>) -> Self {
        Self(keys)
    }

    /// The key of this id.
    pub fn find(&self, kid: &str) -> Option<&Jwk> {
        self.0.iter().find(|key| key.kid.as_str() == kid)
    }

    /// All keys, in the order in which they are published.
    pub fn iter(&self) -> impl Iterator<Item = &Jwk> {
        self.0.iter()
    }
}
