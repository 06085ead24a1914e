//! `POST /v1/api-keys/leaked`: API keys that were found where everybody can read them.

use shared::admin::leaked_api_keys;
use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::api::jeton::leak_report::{LeakReport, LeakVerdict, LeakedSecret, MAX_REPORT_BYTES};
use shared::auth::secret_scanning;
use shared::domain::Error;
use shared::platform::capabilities::LeakReceiver;

/// Ends the API keys that a scanner of secrets has found where everybody can read them, and tells which of its findings are keys. It takes what GitHub sends to its secret scanning partners, signed by a key that the deployment trusts; a deployment that names no such keys has no such path.
#[derive(Debug)]
pub struct ReportLeakedKeys;

impl Endpoint for ReportLeakedKeys {
    const ROUTE: Route = Route::post("jeton.report_leaked_keys", "/v1/api-keys/leaked", Dialect::Jeton)
        .refuses(&[401, 404])
        .takes_up_to(MAX_REPORT_BYTES);
    type Ports = LeakReceiver;
    type Input = LeakReport;
    type Output = Answer<200, Vec<LeakVerdict<'static>>>;

    async fn handle(ports: &LeakReceiver, LeakReport(report): LeakReport) -> Result<Self::Output, Error> {
        let report = secret_scanning::verify(&ports.scanners, report, ports.reader.now()).await?;
        let secrets = LeakedSecret::read_all(&report)?;
        let texts: Vec<_> = secrets.iter().map(LeakedSecret::to_leaked_text).collect();
        let are_keys = leaked_api_keys::revoke(ports, &texts).await?;
        Ok(Answer::from_body(&LeakVerdict::from_all(&secrets, &are_keys))?)
    }
}
