//! OAuth 2.

mod certificates;
mod metadata;
