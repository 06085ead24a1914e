//! Posting security event tokens over HTTPS, with the client that reads key sets.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};

use super::super::receivers::{MAX_ANSWER_BYTES, PostTokens, PushAnswer, Receivers, Unanswered};
use super::{HttpClient, Origins, http_client};
use crate::domain::Secret;

impl Receivers {
    /// Makes the receivers at public addresses and at these origins, to which tokens are posted over HTTPS. `takes_loopback`: those of this
    /// very machine, too, over `http`. Opens no connection yet.
    pub fn over_https(origins: Origins, takes_loopback: bool) -> Self {
        let origins = Arc::new(origins);
        let poster = Poster { origins: Arc::clone(&origins), client: OnceLock::new() };
        Self::new(origins, takes_loopback, Arc::new(poster))
    }
}

/// How long a receiver may take, from its name to the end of its answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many connections to a receiver are kept, so that what waits for it doesn't open one for each token.
const MAX_IDLE_CONNECTIONS: usize = 1;

/// Posts tokens. Which URLs may be asked is known by [`Receivers`].
struct Poster {
    origins: Arc<Origins>,
    /// Made when it is first needed, because most deployments push nothing.
    client: OnceLock<HttpClient<Full<Bytes>>>,
}

impl Poster {
    async fn send(&self, url: Uri, authorization: Option<&Secret<String>>, token: &str) -> Result<PushAnswer, Unanswered> {
        let client = self.client.get_or_init(|| http_client(Arc::clone(&self.origins), MAX_IDLE_CONNECTIONS));
        let mut request = Request::post(url)
            .header(header::CONTENT_TYPE, "application/secevent+jwt")
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, "jeton");
        if let Some(authorization) = authorization {
            let mut value = HeaderValue::from_str(authorization.expose()).map_err(|_| Unanswered)?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        let request = request.body(Full::from(token.to_owned())).map_err(|_| Unanswered)?;
        let answer = client.request(request).await.map_err(|_| Unanswered)?;
        let status = answer.status().as_u16();
        if status != 400 {
            return Ok(PushAnswer { status, body: Bytes::new() });
        }
        // Whatever is wrong with the body, the token was refused.
        let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await;
        Ok(PushAnswer { status, body: body.map(http_body_util::Collected::to_bytes).unwrap_or_default() })
    }
}

#[async_trait]
impl PostTokens for Poster {
    async fn post(&self, url: &str, authorization: Option<&Secret<String>>, token: &str) -> Result<PushAnswer, Unanswered> {
        let uri: Uri = url.parse().map_err(|_| Unanswered)?;
        tokio::time::timeout(PATIENCE, self.send(uri, authorization, token)).await.unwrap_or(Err(Unanswered))
    }
}

impl fmt::Debug for Poster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poster").field("origins", &self.origins).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
