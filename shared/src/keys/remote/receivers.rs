//! Receivers of security event tokens: where they may be, and what became of a token that was pushed to one (RFC 8935).
//!
//! `https` has the adapter to the network. Which tokens are pushed, and when again, is decided in
//! [`tokens::signals`](crate::tokens::signals).

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde::Deserialize;
use strum::{EnumString, IntoStaticStr};

use super::{Origin, Origins};
use crate::domain::Secret;

/// Posts security event tokens.
///
/// # Contract
/// 1. Connects to public addresses only, to those that the deployment lists and, where the service itself is on a loopback address, to
///    loopback addresses; and to none but those that were checked.
/// 2. Follows no redirect, and gives up after 5 seconds.
/// 3. Reads the body of an answer with the status 400 alone, and at most [`MAX_ANSWER_BYTES`] of it.
#[async_trait]
pub trait PostTokens: fmt::Debug + Send + Sync {
    /// Posts a token to `url`, with this header `Authorization` if there is one.
    ///
    /// # Errors
    /// [`Unanswered`] if no answer came, whatever went wrong.
    async fn post(&self, url: &str, authorization: Option<&Secret<String>>, token: &str) -> Result<PushAnswer, Unanswered>;
}

/// How much is read of an answer that refuses a token, in bytes.
pub const MAX_ANSWER_BYTES: usize = 4_096;

/// What a receiver has answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PushAnswer {
    /// The status code of HTTP.
    pub status: u16,
    /// The body if the status is 400, or else nothing. Nothing, too, if it is too long.
    pub body: Bytes,
}

/// A receiver has not answered: it couldn't be reached, broke off, or took too long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unanswered;

/// What became of a token that was pushed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Delivery {
    /// The receiver has it.
    Accepted,
    /// The receiver refuses this token for good. `None`: its answer has no error that RFC 8935 section 2.4 knows.
    Rejected(Option<PushError>),
    /// It may be delivered later.
    Failed(PushFailure),
}

/// Why a token may be delivered later.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PushFailure {
    /// The deployment doesn't allow to connect to the receiver.
    NotAllowed,
    /// The receiver has not answered.
    Unanswered,
    /// The receiver has answered with this status.
    Status(u16),
    /// The receiver has refused all tokens of this kind until something is put right there or here.
    Refused(PushError),
}

/// Why a receiver refuses a token: the error codes of RFC 8935 section 2.4, by which RFC 8936 section 2.6 tells the same of a poll.
#[derive(Clone, Copy, Debug, EnumString, Eq, IntoStaticStr, PartialEq)]
#[strum(serialize_all = "snake_case")]
pub enum PushError {
    /// The token can't be read.
    InvalidRequest,
    /// The receiver has no key for the token, or doesn't take it.
    InvalidKey,
    /// The receiver doesn't know the issuer.
    InvalidIssuer,
    /// The token is meant for others.
    InvalidAudience,
    /// The service could not be authenticated by the receiver.
    AuthenticationFailed,
    /// The service may not push to the receiver.
    AccessDenied,
}

impl PushError {
    /// Returns the code, as answers have it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Says whether another push of the same token may succeed: its receiver has keys, or a password, that can be put right.
    fn can_pass(self) -> bool {
        match self {
            Self::InvalidKey | Self::AuthenticationFailed | Self::AccessDenied => true,
            Self::InvalidRequest | Self::InvalidIssuer | Self::InvalidAudience => false,
        }
    }
}

/// The receivers that tokens can be pushed to.
#[derive(Debug, Default)]
pub struct Receivers {
    origins: Arc<Origins>,
    takes_loopback: bool,
    poster: Option<Arc<dyn PostTokens>>,
}

impl Receivers {
    /// Makes the receivers at public addresses and at these origins, to which `poster` posts. `takes_loopback`: those of this very machine,
    /// too, over `http`.
    pub fn new(origins: Arc<Origins>, takes_loopback: bool, poster: Arc<dyn PostTokens>) -> Self {
        Self { origins, takes_loopback, poster: Some(poster) }
    }

    /// Says whether a receiver may be at this URL: an `https` one with a name for a host, or one of an origin that the deployment lists.
    ///
    /// Which addresses the name stands for is only known when it is connected to.
    pub fn allow(&self, url: &str) -> bool {
        let Some(origin) = Origin::from_url(url) else { return false };
        match origin.address() {
            None => true,
            Some(address) => self.origins.allow(url) || self.takes_loopback && address.is_loopback(),
        }
    }

    /// Pushes a token to a receiver: RFC 8935 section 2.
    pub async fn push(&self, url: &str, authorization: Option<&Secret<String>>, token: &str) -> Delivery {
        let Some(poster) = self.poster.as_ref().filter(|_| self.allow(url)) else {
            return Delivery::Failed(PushFailure::NotAllowed);
        };
        match poster.post(url, authorization, token).await {
            Err(Unanswered) => Delivery::Failed(PushFailure::Unanswered),
            Ok(answer) => judged(&answer),
        }
    }
}

/// What an answer means: RFC 8935 sections 2.2 and 2.3. Beside 202 two statuses are taken that receivers are known to send.
fn judged(answer: &PushAnswer) -> Delivery {
    match answer.status {
        200 | 202 | 204 => Delivery::Accepted,
        400 => match error(&answer.body) {
            Some(error) if error.can_pass() => Delivery::Failed(PushFailure::Refused(error)),
            error => Delivery::Rejected(error),
        },
        status => Delivery::Failed(PushFailure::Status(status)),
    }
}

/// The error of an answer, if it is one that is known. Nothing else of an answer is looked at, or logged.
fn error(body: &[u8]) -> Option<PushError> {
    #[derive(Deserialize)]
    struct Body {
        err: String,
    }
    let body: Body = serde_json::from_slice(body).ok()?;
    body.err.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Answers with what it was told, and notes what it was asked.
    #[derive(Debug)]
    struct Scripted {
        answer: Result<PushAnswer, Unanswered>,
        asked: Mutex<Vec<String>>,
    }

    #[async_trait]
    impl PostTokens for Scripted {
        async fn post(&self, url: &str, _: Option<&Secret<String>>, token: &str) -> Result<PushAnswer, Unanswered> {
            self.asked.lock().unwrap().push(format!("{url} {token}"));
            self.answer.clone()
        }
    }

    fn receivers(answer: Result<PushAnswer, Unanswered>) -> (Receivers, Arc<Scripted>) {
        let poster = Arc::new(Scripted { answer, asked: Mutex::default() });
        let origins: Origins = "https://10.0.0.5".parse().unwrap();
        (Receivers::new(Arc::new(origins), false, poster.clone()), poster)
    }

    #[tokio::test]
    async fn rfc8935_2_what_became_of_a_token_is_what_its_receiver_answers() {
        use PushFailure::{Refused, Status};
        for (status, body, expected) in [
            (202, "", Delivery::Accepted),
            (200, "ok", Delivery::Accepted),
            (204, "", Delivery::Accepted),
            (201, "", Delivery::Failed(Status(201))),
            (302, "", Delivery::Failed(Status(302))),
            (401, "", Delivery::Failed(Status(401))),
            (404, "", Delivery::Failed(Status(404))),
            (429, "", Delivery::Failed(Status(429))),
            (503, "", Delivery::Failed(Status(503))),
            (400, r#"{"err":"invalid_request","description":"no"}"#, Delivery::Rejected(Some(PushError::InvalidRequest))),
            (400, r#"{"err":"invalid_issuer"}"#, Delivery::Rejected(Some(PushError::InvalidIssuer))),
            (400, r#"{"err":"invalid_audience"}"#, Delivery::Rejected(Some(PushError::InvalidAudience))),
            (400, r#"{"err":"invalid_key"}"#, Delivery::Failed(Refused(PushError::InvalidKey))),
            (400, r#"{"err":"authentication_failed"}"#, Delivery::Failed(Refused(PushError::AuthenticationFailed))),
            (400, r#"{"err":"access_denied"}"#, Delivery::Failed(Refused(PushError::AccessDenied))),
            (400, r#"{"err":"setData"}"#, Delivery::Rejected(None)),
            (400, r#"{"err":7}"#, Delivery::Rejected(None)),
            (400, "no", Delivery::Rejected(None)),
            (400, "", Delivery::Rejected(None)),
        ] {
            let answer = PushAnswer { status, body: Bytes::from(body) };
            let (receivers, poster) = receivers(Ok(answer));
            assert_eq!(receivers.push("https://r.example/events", None, "a.b.c").await, expected, "{status} {body}");
            assert_eq!(*poster.asked.lock().unwrap(), ["https://r.example/events a.b.c"]);
        }
        let (receivers, _) = receivers(Err(Unanswered));
        assert_eq!(receivers.push("https://r.example", None, "a.b.c").await, Delivery::Failed(PushFailure::Unanswered));
    }

    #[tokio::test]
    async fn nothing_is_sent_to_where_no_receiver_may_be() {
        let (receivers, poster) = receivers(Err(Unanswered));
        for url in [
            "http://r.example/events",
            "https://user@r.example/events",
            "https://r.example/events#x",
            "https://127.0.0.1/events",
            "https://169.254.169.254/latest/meta-data",
            "https://[::1]/events",
            "https://10.0.0.6/events",
            "http://127.0.0.1:8080/events",
            "ftp://r.example",
            "r.example",
            "",
        ] {
            assert!(!receivers.allow(url), "{url}");
            assert_eq!(receivers.push(url, None, "a.b.c").await, Delivery::Failed(PushFailure::NotAllowed), "{url}");
        }
        assert!(poster.asked.lock().unwrap().is_empty());
        assert!(receivers.allow("https://r.example:8443/events?x=y") && receivers.allow("https://10.0.0.5/events"));
        let none = Receivers::default();
        assert_eq!(none.push("https://r.example", None, "a.b.c").await, Delivery::Failed(PushFailure::NotAllowed));
        let local = Receivers { takes_loopback: true, ..Receivers::default() };
        assert!(
            local.allow("http://127.0.0.1:8080/events") && local.allow("http://[::1]:8080/") && !local.allow("http://10.0.0.5/")
        );
    }

    #[test]
    fn an_error_has_the_code_of_the_rfc() {
        for code in
            ["invalid_request", "invalid_key", "invalid_issuer", "invalid_audience", "authentication_failed", "access_denied"]
        {
            assert_eq!(code.parse::<PushError>().unwrap().as_str(), code);
        }
    }
}
