//! The audit trail: an event for each commit that means something to someone.

use crate::api::jeton::audit;
use crate::domain::Fault;
use crate::platform::capabilities::Auditor;
use crate::platform::events::Event;
use crate::telemetry;

/// Publishes what the records of a stream tell, in every place that there is. Answers which of them failed, by position.
///
/// Where one place fails the record will come again for all of them: its event's id tells who has it already.
pub async fn audit(ports: &Auditor, records: impl IntoIterator<Item = &str>) -> Vec<usize> {
    let mut failed = Vec::new();
    let (mut events, mut origins) = (Vec::new(), Vec::new());
    for (position, record) in records.into_iter().enumerate() {
        match event(ports, record) {
            Ok(Some(event)) => {
                events.push(event);
                origins.push(position);
            }
            Ok(None) => {}
            Err(fault) => {
                telemetry::log_fault("jeton.audit", &fault);
                failed.push(position);
            }
        }
    }
    for place in &ports.publish {
        if let Err(unpublished) = place.publish(&events).await {
            telemetry::log_fault("jeton.audit", &unpublished.fault);
            failed.extend(unpublished.positions.into_iter().filter_map(|n| origins.get(n)));
        }
    }
    failed.sort_unstable();
    failed.dedup();
    failed
}

fn event(ports: &Auditor, record: &str) -> Result<Option<Event>, Fault> {
    let Some(commit) = ports.changes.change(record)? else { return Ok(None) };
    let Some(action) = commit.action() else { return Ok(None) };
    let detail = audit::write(&commit, action)?;
    Ok(Some(Event { id: commit.id, at: action.at, action: action.name, detail }))
}
