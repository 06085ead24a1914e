//! A receiver of signals within the test: it takes what it gets, or does what it is told to.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Mutex;

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde_json::Value;
use shared::domain::Secret;
use shared::keys::remote::receivers::{PostTokens, PushAnswer, Unanswered};

/// What a push has brought.
#[derive(Clone, Debug)]
pub(crate) struct Pushed {
    pub(crate) url: String,
    pub(crate) authorization: Option<String>,
    /// The security event token.
    pub(crate) token: String,
}

impl Pushed {
    /// The header of the token.
    pub(crate) fn header(&self) -> Value {
        self.part(0)
    }

    /// The claims of the token.
    pub(crate) fn claims(&self) -> Value {
        self.part(1)
    }

    fn part(&self, n: usize) -> Value {
        let part = self.token.split('.').nth(n).expect("a compact JWS");
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
    }
}

/// Receives signals. Without orders each is accepted.
#[derive(Debug, Default)]
pub(crate) struct Receiver {
    orders: Mutex<VecDeque<Result<PushAnswer, Unanswered>>>,
    /// The URLs at which nobody answers.
    down: Mutex<BTreeSet<&'static str>>,
    pushed: Mutex<Vec<Pushed>>,
}

impl Receiver {
    /// Has the next pushes answered so: a status, and the body of an error.
    pub(crate) fn answer(&self, status: u16, body: &'static str) {
        self.orders.lock().unwrap().push_back(Ok(PushAnswer { status, body: Bytes::from(body) }));
    }

    /// Lets the next push go unanswered.
    pub(crate) fn stay_silent(&self) {
        self.orders.lock().unwrap().push_back(Err(Unanswered));
    }

    /// Lets all pushes to a URL go unanswered.
    pub(crate) fn go_down(&self, url: &'static str) {
        self.down.lock().unwrap().insert(url);
    }

    /// Answers at all URLs again.
    pub(crate) fn come_back(&self) {
        self.down.lock().unwrap().clear();
    }

    /// How often something was pushed to a URL since the last time that it was taken.
    pub(crate) fn count(&self, url: &str) -> usize {
        self.pushed.lock().unwrap().iter().filter(|pushed| pushed.url == url).count()
    }

    /// Takes what was pushed since the last time.
    pub(crate) fn drain(&self) -> Vec<Pushed> {
        std::mem::take(&mut self.pushed.lock().unwrap())
    }
}

#[async_trait]
impl PostTokens for Receiver {
    async fn post(&self, url: &str, authorization: Option<&Secret<String>>, token: &str) -> Result<PushAnswer, Unanswered> {
        let authorization = authorization.map(|header| header.expose().clone());
        self.pushed.lock().unwrap().push(Pushed { url: url.to_owned(), authorization, token: token.to_owned() });
        if self.down.lock().unwrap().contains(url) {
            return Err(Unanswered);
        }
        let accepted = Ok(PushAnswer { status: 202, body: Bytes::new() });
        self.orders.lock().unwrap().pop_front().unwrap_or(accepted)
    }
}
