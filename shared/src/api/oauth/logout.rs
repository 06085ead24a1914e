//! The logout endpoint in a browser: its parameters, and answers by redirect or page.

use super::authorization::{BrowserReply, encoded_parameters, is_prefetch};
use crate::api::http::{FromRequest, IntoReply, Reply, Request};
use crate::domain::{Denial, Refusal};
use crate::oauth::logout::{LogoutForm, LogoutReply};

/// A logout request of a browser. What is wrong with its form is answered as a page, so it isn't refused here.
#[derive(Debug)]
pub struct LogoutRequest {
    /// The parameters, or why they can't be read.
    pub form: Result<LogoutForm, Denial>,
    /// Whether the browser only fetches ahead what somebody might ask for: nothing may come of that.
    pub is_prefetch: bool,
}

impl FromRequest for LogoutRequest {
    const ACCEPTS_QUERY: bool = true;

    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        let form = encoded_parameters(request).ok_or(Denial::LogoutRequestMalformed).and_then(LogoutForm::read);
        Ok(Self { form, is_prefetch: is_prefetch(&request.parts.headers) })
    }
}

/// What a browser is answered at the logout endpoint: no form, and no cookie.
#[derive(Debug)]
pub struct LogoutAnswer(BrowserReply);

impl LogoutAnswer {
    /// Writes the reply to a logout request.
    pub fn from_reply(reply: LogoutReply) -> Self {
        Self(match reply {
            LogoutReply::LogOut(url) => BrowserReply::see_other(url),
            LogoutReply::Page(denial) => BrowserReply::page(denial),
            LogoutReply::Failed { can_retry } => BrowserReply::failed(can_retry),
        })
    }

    /// Tells a browser that fetches ahead that there is nothing to fetch.
    pub fn to_prefetch() -> Self {
        Self(BrowserReply::to_prefetch())
    }
}

impl IntoReply for LogoutAnswer {
    fn into_reply(self) -> Reply {
        self.0.into_reply()
    }
}
