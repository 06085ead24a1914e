//! Events in a log: one line of JSON for each.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use super::{Event, Publish, Unpublished};
use crate::domain::Fault;

/// Writes each event as one line of JSON, which CloudWatch Logs parses by itself. Its member `target` is `jeton::audit`, which
/// distinguishes it from other lines of the log.
pub struct Lines<W>(Mutex<W>);

impl Lines<io::Stdout> {
    /// Writes to standard output, which Lambda sends to its log.
    pub fn to_stdout() -> Self {
        Self::to(io::stdout())
    }
}

impl<W: Write + Send> Lines<W> {
    /// Writes to any writer, and flushes it after each line.
    pub fn to(writer: W) -> Self {
        Self(Mutex::new(writer))
    }
}

#[async_trait]
impl<W: Write + Send> Publish for Lines<W> {
    async fn publish(&self, events: &[Event]) -> Result<(), Unpublished> {
        let mut writer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (position, event) in events.iter().enumerate() {
            // The detail is an object, so it begins with a brace.
            let line = format!("{{\"target\":\"jeton::audit\",{}\n", event.detail.trim_start_matches('{'));
            writer.write_all(line.as_bytes()).and_then(|()| writer.flush()).map_err(|error| Unpublished {
                positions: (position..events.len()).collect(),
                fault: Fault::unavailable("writing an event to the log").because(error),
            })?;
        }
        Ok(())
    }
}

impl<W> fmt::Debug for Lines<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lines")
    }
}
