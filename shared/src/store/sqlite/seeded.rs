//! What seed files have made: so that an entry that was deleted since doesn't come back by itself.

use std::collections::HashSet;

use rusqlite::Connection;

use super::{Result, SqliteStore};
use crate::domain::Fault;

/// The entries of seed files. They are not part of the port: only the local server loads such files.
impl SqliteStore {
    /// Returns the entries that seed files have had before.
    ///
    /// # Errors
    /// [`Fault`] when the data file cannot be read.
    pub fn seeded(&self) -> Result<HashSet<String>, Fault> {
        self.look_up("reading what was seeded", entries)
    }

    /// Notes entries of a seed file that are there now. Those that are noted already stay.
    ///
    /// # Errors
    /// [`Fault`] when the data file cannot be written.
    pub async fn note_seeded(&self, entries: Vec<String>) -> Result<(), Fault> {
        self.write("noting what was seeded", move |c| entries.iter().try_for_each(|entry| note(c, entry))).await
    }
}

fn entries(c: &Connection) -> Result<HashSet<String>> {
    let mut select = c.prepare_cached("SELECT entry FROM seeded")?;
    let entries = select.query_map([], |row| row.get(0))?;
    Ok(entries.collect::<rusqlite::Result<_>>()?)
}

fn note(c: &Connection, entry: &str) -> Result<()> {
    c.prepare_cached("INSERT OR IGNORE INTO seeded (entry) VALUES (?1)")?.execute([entry])?;
    Ok(())
}
