//! Whose an API key is: its value doesn't say.

use std::fmt;

use crate::jose::cache::Cache;
use crate::store::ApiKeyHolder;

/// The keys whose values were seen, by the SHA-256 of the value. A value is one key's for ever, so what is remembered is never wrong; whether
/// the value is good, and the key, its record says, which is read each time. A value that isn't known is looked for each time.
pub struct ApiKeyHolders(Cache<ApiKeyHolder>);

/// How many are remembered: about two megabytes.
const MAX_ENTRIES: usize = 10_000;

impl ApiKeyHolders {
    /// The key that has this value, or had it, if the value was seen.
    pub fn find(&self, hash: &[u8; 32]) -> Option<ApiKeyHolder> {
        self.0.find(hash)
    }

    /// Remembers whose a value is.
    pub fn note(&self, hash: [u8; 32], holder: ApiKeyHolder) {
        self.0.insert(hash, holder);
    }
}

impl Default for ApiKeyHolders {
    fn default() -> Self {
        Self(Cache::new(MAX_ENTRIES))
    }
}

impl fmt::Debug for ApiKeyHolders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyHolders").finish_non_exhaustive()
    }
}
