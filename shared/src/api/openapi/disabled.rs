//! Without the feature `openapi` nothing needs a description.

/// Something that can be described, which here is anything.
pub trait Describe {}

impl<T> Describe for T {}
