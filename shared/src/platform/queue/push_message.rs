//! What a queue hands over for a stream whose signals are to be pushed.

use serde::{Deserialize, Serialize};

use crate::domain::{ClientId, EventStreamKey, Fault, OrgId, TokenId};

/// The stream whose signals are to be pushed, as JSON.
#[derive(Debug, Deserialize, Serialize)]
pub struct PushMessage {
    org: String,
    client: u64,
    stream: String,
}

impl PushMessage {
    /// Makes the message for a stream.
    pub fn from_stream(stream: &EventStreamKey) -> Self {
        Self { org: stream.org.to_string(), client: stream.client.as_number(), stream: stream.id.to_string() }
    }

    /// Writes the message as it is handed over.
    ///
    /// # Errors
    /// A [`Fault`] if there is no memory for it.
    pub fn to_json(&self) -> Result<String, Fault> {
        serde_json::to_string(self).map_err(|error| Fault::internal("writing a message for the pusher").because(error))
    }

    /// Reads which stream a message is for.
    ///
    /// # Errors
    /// A [`Fault`] that can't be retried if it is no such message.
    pub fn stream(json: &str) -> Result<EventStreamKey, Fault> {
        let broken = || Fault::internal("reading a message for the pusher");
        let Self { org, client, stream } = serde_json::from_str(json).map_err(|error| broken().because(error))?;
        let (org, id) = (OrgId::parse(&org), TokenId::parse(&stream));
        let (org, id) = (org.map_err(|rule| broken().because(rule))?, id.map_err(|rule| broken().because(rule))?);
        Ok(EventStreamKey { org, client: ClientId::from_number(client).map_err(|rule| broken().because(rule))?, id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    #[test]
    fn a_message_names_its_stream_and_nothing_else_is_one() {
        let id = TokenId::first_of(Timestamp::from_secs(1_800_000_000));
        let stream = EventStreamKey { org: OrgId::parse("1").unwrap(), client: ClientId::from_number(7).unwrap(), id };
        let message = PushMessage::from_stream(&stream).to_json().unwrap();
        assert_eq!(message, format!(r#"{{"org":"1","client":7,"stream":"{id}"}}"#));
        assert_eq!(PushMessage::stream(&message).unwrap(), stream);
        for bad in ["", "{}", r#"{"org":"1","client":7,"stream":"x"}"#, r#"{"org":"","client":7,"stream":"x"}"#] {
            assert!(!PushMessage::stream(bad).unwrap_err().can_retry(), "{bad}");
        }
    }
}
