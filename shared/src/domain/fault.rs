//! What went wrong on our side.

use std::error::Error as StdError;
use std::fmt;

use super::Seconds;

/// A failure of the service, or of something that it needs: logged once, where the request ends, and never shown to a caller.
///
/// It has no `Display`, so that it can't end up in an answer by accident.
pub struct Fault {
    doing: &'static str,
    /// `None`: a retry can't help.
    retry_after: Option<Seconds>,
    hint: Option<&'static str>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Fault {
    /// How long something is given that doesn't answer at the moment.
    const RETRY_AFTER: Seconds = Seconds(1);

    /// Makes a fault of something that should never happen: a broken record, a bug. It is answered with 500.
    pub fn internal(doing: &'static str) -> Self {
        Self { doing, retry_after: None, hint: None, source: None }
    }

    /// Makes a fault of something that doesn't answer at the moment. It is answered with 503 and `Retry-After`.
    pub fn unavailable(doing: &'static str) -> Self {
        Self { doing, retry_after: Some(Self::RETRY_AFTER), hint: None, source: None }
    }

    /// Says after how long the same request can succeed, where that is longer than a second.
    #[must_use]
    pub fn retried_after(self, wait: Seconds) -> Self {
        Self { retry_after: self.retry_after.map(|_| wait), ..self }
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

    /// After how long the same request can succeed: `Retry-After` of the answer. `None`: never.
    pub fn retry_after(&self) -> Option<Seconds> {
        self.retry_after
    }

    /// Whether the same request can succeed a little later.
    pub fn can_retry(&self) -> bool {
        self.retry_after.is_some()
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
