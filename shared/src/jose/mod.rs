//! Compact JWS, JWK, thumbprints, and the one strict verifier.
