//! OAuth 2.

mod metadata;
