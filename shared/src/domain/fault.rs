//! What went wrong on our side.

use std::error::Error as StdError;
use std::fmt;

/// A failure of the service, or of something that it needs: logged once, where the request ends, and never shown to a caller.
///
/// It has no `Display`, so that it can't end up in an answer by accident.
pub struct Fault {
    doing: &'static str,
    retry: bool,
    hint: Option<&'static str>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Fault {
    /// Makes a fault of something that should never happen: a broken record, a bug. It is answered with 500.
    pub fn internal(doing: &'static str) -> Self {
        Self { doing, retry: false, hint: None, source: None }
    }

    /// Makes a fault of something that doesn't answer at the moment. It is answered with 503 and `Retry-After`.
    pub fn unavailable(doing: &'static str) -> Self {
        Self { doing, retry: true, hint: None, source: None }
    }

    /// Adds the error that caused the fault.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds what an operator should look at, such as the policy of a key.
    #[must_use]
    pub fn hinting_at(self, hint: Option<&'static str>) -> Self {
        Self { hint, ..self }
    }

    /// What an operator should look at, if that is known.
    pub fn hint(&self) -> Option<&'static str> {
        self.hint
    }

    /// What was being done, in the words of an operator: `"reading the token"`.
    pub fn doing(&self) -> &'static str {
        self.doing
    }

    /// Whether the same request can succeed a little later.
    pub fn can_retry(&self) -> bool {
        self.retry
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.doing)?;
        let mut cause = self.source.as_ref().map(|e| &**e as &dyn StdError);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
