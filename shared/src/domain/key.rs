//! Signing algorithms and public keys.

use std::fmt;
use std::sync::Arc;

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::Invalid;

/// A JWS algorithm of RFC 7518 section 3.1, RFC 8037 or RFC 9964, by its registered name. There is no `none` and nothing symmetric.
#[derive(Clone, Copy, Debug, Display, EnumString, Eq, Hash, IntoStaticStr, PartialEq, VariantArray)]
#[strum(serialize_all = "UPPERCASE", parse_err_ty = Invalid, parse_err_fn = Self::unknown)]
#[expect(missing_docs, reason = "the names are the standard's")]
pub enum Algorithm {
    Es256,
    Es384,
    Es512,
    #[strum(serialize = "EdDSA")]
    EdDsa,
    #[strum(serialize = "ML-DSA-44")]
    MlDsa44,
    #[strum(serialize = "ML-DSA-65")]
    MlDsa65,
    #[strum(serialize = "ML-DSA-87")]
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
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Returns the registered name, as in a header's `alg`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The algorithm that somebody else's JWT or key names. RFC 9864 section 2.2 calls `EdDSA` with that curve `Ed25519`, and there
    /// are clients that write nothing else.
    pub fn from_foreign_name(name: &str) -> Option<Self> {
        if name == "Ed25519" { Some(Self::EdDsa) } else { name.parse().ok() }
    }

    /// Whether it is one of ML-DSA, which many verifiers don't know yet: RFC 9964.
    pub fn is_ml_dsa(self) -> bool {
        matches!(self, Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87)
    }

    fn unknown(_: &str) -> Invalid {
        Invalid("must be ES256, ES384, ES512, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87, PS256, PS384, PS512, RS256, RS384 or RS512")
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

    /// Iterates over all keys, in the order in which they are published.
    pub fn iter(&self) -> impl Iterator<Item = &Jwk> {
        self.0.iter()
    }
}
