//! Metrics of each endpoint, which CloudWatch reads from the line of log of each request: its embedded metric format.
//!
//! The line stays what it is and gets more members: `_aws`, which says what is counted and by what, and the values. CloudWatch bills
//! each metric of each endpoint, so errors and throttles are counted only in the lines of requests that met them. To add a metric, add
//! it to [`Request::metrics`].

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::REQUEST_TARGET;
use crate::domain::{Clock, Timestamp};

/// What CloudWatch counts of the requests of a function.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EndpointMetrics {
    /// The namespace of the metrics: 1 to 255 characters.
    pub namespace: String,
    /// Whether they are counted by org, too: each org then has metrics of its own for each endpoint that it uses.
    pub by_org: bool,
}

/// Writes lines as another format does, those of requests with their metrics.
#[derive(Debug)]
pub(super) struct WithMetrics<F> {
    /// The format of the lines, which must be an object of JSON each.
    pub(super) lines: F,
    /// What is counted. `None`: nothing is, and all lines are as the other format writes them.
    pub(super) metrics: Option<EndpointMetrics>,
    /// When a request has ended, as CloudWatch wants to know it.
    pub(super) clock: Arc<dyn Clock>,
}

impl<S, N, F> FormatEvent<S, N> for WithMetrics<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let Some(metrics) = self.metrics.as_ref().filter(|_| event.metadata().target() == REQUEST_TARGET) else {
            return self.lines.format_event(context, writer, event);
        };
        let mut request = Request::default();
        event.record(&mut request);
        let mut line = String::new();
        self.lines.format_event(context, Writer::new(&mut line), event)?;
        match (line.trim_end().strip_suffix('}'), request.members(metrics, self.clock.now())) {
            (Some(open), Some(members)) => writeln!(writer, "{open},{members}}}"),
            _ => writer.write_str(&line),
        }
    }
}

/// What is counted of a request, as its line has it.
#[derive(Debug, Default)]
struct Request {
    endpoint: String,
    org: Option<String>,
    status: u64,
    us: u64,
    throttled: bool,
}

impl Visit for Request {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "endpoint" => value.clone_into(&mut self.endpoint),
            "org" => self.org = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "status" => self.status = value,
            "us" => self.us = value,
            _ => {}
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "throttled" {
            self.throttled = value;
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

impl Request {
    /// The members that make its line one of the embedded metric format, without the braces around them. `None`: nothing is at its
    /// path, so there is nothing to count it by.
    fn members(&self, metrics: &EndpointMetrics, now: Timestamp) -> Option<String> {
        if self.endpoint.is_empty() {
            return None;
        }
        let counted = self.metrics();
        let mut dimensions = vec![vec!["endpoint"]];
        if metrics.by_org && self.org.is_some() {
            dimensions.push(vec!["endpoint", "org"]);
        }
        let directive = Directive {
            namespace: &metrics.namespace,
            dimensions,
            metrics: counted.iter().map(|(name, unit, _)| Definition { name, unit }).collect(),
        };
        let block = Block { timestamp: now.as_ms(), directives: [directive] };
        let mut members = Map::from_iter([("_aws".to_owned(), serde_json::to_value(block).ok()?)]);
        members.extend(counted.into_iter().map(|(name, _, value)| (name.to_owned(), value)));
        let object = Value::Object(members).to_string();
        object.strip_prefix('{')?.strip_suffix('}').map(str::to_owned)
    }

    /// The metrics that it has: name, unit as CloudWatch calls it, and value.
    fn metrics(&self) -> Vec<(&'static str, &'static str, Value)> {
        let ms = f64::from(u32::try_from(self.us).unwrap_or(u32::MAX)) / 1_000.0;
        let counts = [
            ("ClientErrors", (400..500).contains(&self.status)),
            ("ServerErrors", self.status >= 500),
            ("Throttles", self.throttled),
        ];
        let counts = counts.into_iter().filter(|(_, is_one)| *is_one).map(|(name, _)| (name, "Count", 1.into()));
        std::iter::once(("Duration", "Milliseconds", ms.into())).chain(counts).collect()
    }
}

/// The member `_aws`, which makes a line one of the format.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Block<'a> {
    /// When it was, in milliseconds since 1970.
    timestamp: i64,
    #[serde(rename = "CloudWatchMetrics")]
    directives: [Directive<'a>; 1],
}

/// Which members of the line are metrics, and by which others they are counted.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'a str,
    dimensions: Vec<Vec<&'static str>>,
    metrics: Vec<Definition<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition<'a> {
    name: &'a str,
    unit: &'a str,
}

#[cfg(test)]
mod tests;
