//! The audit trail: an event for each commit that means something to someone.

use crate::api::jeton::audit;
use crate::domain::Fault;
use crate::platform::capabilities::Auditor;
use crate::platform::events::Event;
use crate::telemetry;

/// Publishes what the records of a stream tell, in every place that there is. Answers which of them failed, by position, and may be
/// told later. One that can't be told at all is a line in the log: it would come again for a day, and hold up all behind it.
///
/// Where one place fails the record will come again for all of them: its event's id tells who has it already.
pub async fn audit(ports: &Auditor, records: impl IntoIterator<Item = &str>) -> Vec<usize> {
    let records: Vec<_> = records.into_iter().collect();
    let mut failed = Vec::new();
    let (mut events, mut origins) = (Vec::new(), Vec::new());
    for (position, record) in records.iter().enumerate() {
        match event(ports, record) {
            Ok(Some(event)) => {
                events.push(event);
                origins.push(position);
            }
            Ok(None) => {}
            Err(fault) if fault.can_retry() => {
                telemetry::log_fault("jeton.audit", &fault);
                failed.push(position);
            }
            Err(fault) => log_untold(record, &fault),
        }
    }
    for place in &ports.publish {
        let Err(unpublished) = place.publish(&events).await else { continue };
        let positions = unpublished.positions.into_iter().filter_map(|n| origins.get(n).copied());
        if unpublished.fault.can_retry() {
            telemetry::log_fault("jeton.audit", &unpublished.fault);
            failed.extend(positions);
        } else {
            positions.filter_map(|n| records.get(n)).for_each(|record| log_untold(record, &unpublished.fault));
        }
    }
    failed.sort_unstable();
    failed.dedup();
    failed
}

/// Logs that a record will never be told, and by what it is found in its table.
fn log_untold(record: &str, fault: &Fault) {
    let record: serde_json::Value = serde_json::from_str(record).unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    telemetry::log_untold(&text(&record["eventID"]), &text(&record["dynamodb"]["Keys"]), fault);
}

fn event(ports: &Auditor, record: &str) -> Result<Option<Event>, Fault> {
    let Some(commit) = ports.changes.change(record)? else { return Ok(None) };
    let Some(action) = commit.action() else { return Ok(None) };
    let detail = audit::write(&commit, action)?;
    Ok(Some(Event { id: commit.id, at: action.at, action: action.name, detail }))
}
