//! Messages that wait to be worked on: the table behind the queue of the local server.

use rusqlite::{Connection, OptionalExtension as _};

use super::{Result, SqliteStore};
use crate::domain::Fault;

/// A message as the data file names it. A number is used again after its message has been deleted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MessageId(i64);

/// The messages of the local queue. They are not part of the port: with the DynamoDB store on AWS the queue is SQS.
impl SqliteStore {
    /// Stores messages: all of them or none.
    ///
    /// # Errors
    /// [`Fault`] when the data file cannot be written.
    pub async fn put_messages(&self, messages: &[String]) -> Result<Vec<MessageId>, Fault> {
        let messages = messages.to_vec();
        self.write("writing messages", move |c| messages.iter().map(|message| put(c, message)).collect()).await
    }

    /// Returns the messages that wait to be worked on, oldest first.
    ///
    /// # Errors
    /// [`Fault`] when the data file cannot be read.
    pub fn waiting_messages(&self) -> Result<Vec<MessageId>, Fault> {
        self.look_up("listing messages", waiting)
    }

    /// Returns the text of a message. `None`: it was deleted, or has failed.
    ///
    /// # Errors
    /// [`Fault`] when the data file cannot be read.
    pub fn message(&self, id: MessageId) -> Result<Option<String>, Fault> {
        self.look_up("reading a message", |c| text(c, id))
    }

    /// Deletes a message that has been worked on.
    ///
    /// # Errors
    /// [`Fault`] when the data file cannot be written.
    pub async fn delete_message(&self, id: MessageId) -> Result<(), Fault> {
        self.write("deleting a message", move |c| delete(c, id)).await
    }

    /// Sets a message aside that can never be worked on: it stays in the data file for the operator, and waits no longer.
    ///
    /// # Errors
    /// [`Fault`] when the data file cannot be written.
    pub async fn set_message_aside(&self, id: MessageId) -> Result<(), Fault> {
        self.write("setting a message aside", move |c| set_aside(c, id)).await
    }
}

fn put(c: &Connection, message: &str) -> Result<MessageId> {
    c.prepare_cached("INSERT INTO messages (failed, body) VALUES (0, ?1)")?.execute([message])?;
    Ok(MessageId(c.last_insert_rowid()))
}

fn waiting(c: &Connection) -> Result<Vec<MessageId>> {
    let mut select = c.prepare_cached("SELECT id FROM messages WHERE failed = 0 ORDER BY id")?;
    let ids = select.query_map([], |row| row.get(0).map(MessageId))?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}

fn text(c: &Connection, id: MessageId) -> Result<Option<String>> {
    let mut select = c.prepare_cached("SELECT body FROM messages WHERE id = ?1 AND failed = 0")?;
    Ok(select.query_row([id.0], |row| row.get(0)).optional()?)
}

fn delete(c: &Connection, id: MessageId) -> Result<()> {
    c.prepare_cached("DELETE FROM messages WHERE id = ?1")?.execute([id.0])?;
    Ok(())
}

fn set_aside(c: &Connection, id: MessageId) -> Result<()> {
    c.prepare_cached("UPDATE messages SET failed = 1 WHERE id = ?1")?.execute([id.0])?;
    Ok(())
}
