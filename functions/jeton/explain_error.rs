//! `GET /errors/{code}`: where the `error_uri` of RFC 6749 section 5.2 leads.

use shared::domain::{Error, Refusal};
use shared::http::{CodePath, Dialect, Endpoint, PlainText, Route};
use shared::ports::Public;
use shared::wire::authlete::result::explain;

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
