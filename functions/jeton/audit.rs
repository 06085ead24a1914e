//! The audit trail, fed by the streams of the tables.

use shared::api::jeton::publish_audit::audit;
use shared::api::lambda::Operation;
use shared::api::lambda::stream_event::{Batch, Failures, StreamRecord};
use shared::domain::Error;
use shared::platform::capabilities::Auditor;

/// Tells of each commit, at least once and always under the same id.
#[derive(Debug)]
pub struct Audit;

impl Operation for Audit {
    const NAME: &'static str = "jeton.audit";
    type Ports = Auditor;
    type Input = Batch;
    type Output = Failures;

    async fn handle(ports: &Auditor, batch: Batch) -> Result<Failures, Error> {
        let records = batch.records()?;
        let failed = audit(ports, records.iter().map(|StreamRecord { json, .. }| *json)).await;
        Ok(failed.into_iter().filter_map(|n| records.get(n)).map(|record| record.number.clone()).collect())
    }
}
