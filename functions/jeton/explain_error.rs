//! `GET /errors/{code}`: where the `error_uri` of RFC 6749 section 5.2 leads.

use shared::api::authlete::CodePath;
use shared::api::authlete::result::explain;
use shared::api::http::{Dialect, Endpoint, PlainText, Route};
use shared::domain::{Error, Refusal};
use shared::platform::capabilities::Public;

/// Tells a developer what the code of an error means, in words.
#[derive(Debug)]
pub struct ExplainError;

impl Endpoint for ExplainError {
    const ROUTE: Route = Route::get("jeton.explain_error", "/errors/{code}", Dialect::Jeton);
    type Ports = Public;
    type Input = CodePath;
    type Output = PlainText;

    async fn handle(_: &Public, CodePath(code): CodePath) -> Result<Self::Output, Error> {
        Ok(PlainText(explain(&code).ok_or(Refusal::NotFound("error code"))?))
    }
}
