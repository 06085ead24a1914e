use std::time::Duration;

use super::*;
use crate::domain::FrozenClock;
use crate::telemetry::testing::Log;
use crate::telemetry::{Note, RequestLine, json_lines, log_request};

/// When all requests here have ended: 2026-11-22T12:00:00Z.
const NOW_MS: i64 = 1_795_348_800_000;

/// The lines that are logged meanwhile, as JSON.
fn logged(metrics: Option<EndpointMetrics>, write: impl FnOnce()) -> Vec<Value> {
    let log = Log::new();
    let clock = Arc::new(FrozenClock::at(Timestamp::from_ms(NOW_MS)));
    let subscriber = json_lines(metrics, clock).with_writer(log.clone()).finish();
    tracing::subscriber::with_default(subscriber, write);
    log.drain().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The line of a request of `org` to this endpoint.
fn line(metrics: Option<EndpointMetrics>, endpoint: &str, status: u16, note: &Note) -> Value {
    let line = RequestLine {
        endpoint,
        method: "POST",
        status,
        took: Duration::from_micros(6_042),
        request_id: "request-1",
        lambda_request_id: Some("invocation-1"),
    };
    let mut lines = logged(metrics, || log_request(&line, note));
    assert_eq!(lines.len(), 1);
    lines.remove(0)
}

fn counted(by_org: bool) -> EndpointMetrics {
    EndpointMetrics { namespace: "Jeton/prod".to_owned(), by_org }
}

fn note_of(org: &str) -> Note {
    Note { org: Some(org.to_owned()), sub: Some("ann".to_owned()), ..Note::default() }
}

/// Holds a line to what CloudWatch documents of its embedded metric format, and returns its metrics by name.
fn metrics_of(line: &Value) -> Vec<(String, f64)> {
    let block = line["_aws"].as_object().expect("an object");
    assert!(block["Timestamp"].is_i64(), "a whole number of milliseconds: {line}");
    let directives = block["CloudWatchMetrics"].as_array().expect("an array");
    assert_eq!((block.len(), directives.len()), (2, 1), "{line}");
    let directive = directives[0].as_object().unwrap();
    assert_eq!(directive.keys().collect::<Vec<_>>(), ["Dimensions", "Metrics", "Namespace"], "{line}");
    let namespace = directive["Namespace"].as_str().unwrap();
    assert!((1..=1_024).contains(&namespace.len()), "{line}");
    let sets = directive["Dimensions"].as_array().unwrap();
    assert!(!sets.is_empty());
    for set in sets {
        let set = set.as_array().unwrap();
        assert!(set.len() <= 30, "{line}");
        for name in set {
            let value = line[name.as_str().unwrap()].as_str().expect("a dimension is a text at the root of the line");
            assert!(value.is_ascii() && !value.trim().is_empty() && value.len() <= 1_024 && !value.starts_with(':'), "{line}");
        }
    }
    let metrics = directive["Metrics"].as_array().unwrap();
    assert!((1..=100).contains(&metrics.len()), "{line}");
    let metric = |metric: &Value| {
        let metric = metric.as_object().unwrap();
        assert_eq!(metric.keys().collect::<Vec<_>>(), ["Name", "Unit"], "{line}");
        assert!(["Milliseconds", "Count"].contains(&metric["Unit"].as_str().unwrap()), "{line}");
        let name = metric["Name"].as_str().unwrap();
        (name.to_owned(), line[name].as_f64().expect("a metric is a number at the root of the line"))
    };
    metrics.iter().map(metric).collect()
}

fn dimensions(line: &Value) -> Value {
    line["_aws"]["CloudWatchMetrics"][0]["Dimensions"].clone()
}

#[test]
fn a_line_with_metrics_is_one_of_the_embedded_metric_format() {
    let duration = ("Duration".to_owned(), 6.042);
    let one = |name: &str| (name.to_owned(), 1.0);
    let throttled = Note { throttled: true, ..Note::default() };
    for (status, note, more) in [
        (200, Note::default(), vec![]),
        (304, Note::default(), vec![]),
        (404, Note::default(), vec![one("ClientErrors")]),
        (500, Note::default(), vec![one("ServerErrors")]),
        (503, throttled, vec![one("ServerErrors"), one("Throttles")]),
    ] {
        let line = line(Some(counted(false)), "oauth.token", status, &note);
        assert_eq!(metrics_of(&line), std::iter::once(duration.clone()).chain(more).collect::<Vec<_>>(), "{line}");
        assert_eq!(line["_aws"]["Timestamp"], NOW_MS);
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Jeton/prod");
    }
}

#[test]
fn a_line_with_metrics_says_all_that_it_says_without_them() {
    let with = line(Some(counted(true)), "oauth.token", 503, &note_of("acme"));
    let without = line(None, "oauth.token", 503, &note_of("acme"));
    for (name, value) in without.as_object().unwrap().iter().filter(|(name, _)| *name != "timestamp") {
        assert_eq!(with[name], *value, "{name}");
    }
    assert_eq!(with["lambda_request_id"], "invocation-1");
    assert!(without.get("_aws").is_none() && without.get("Duration").is_none(), "{without}");
}

#[test]
fn orgs_have_metrics_of_their_own_only_where_that_is_asked_for() {
    let by_endpoint = line(Some(counted(false)), "oauth.token", 200, &note_of("acme"));
    assert_eq!(dimensions(&by_endpoint), serde_json::json!([["endpoint"]]));
    let by_org = line(Some(counted(true)), "oauth.token", 200, &note_of("acme"));
    assert_eq!(dimensions(&by_org), serde_json::json!([["endpoint"], ["endpoint", "org"]]));
    metrics_of(&by_org);
}

/// Whoever could choose it would choose what its metrics cost.
#[test]
fn an_org_that_nobody_has_found_is_no_dimension() {
    let line = line(Some(counted(true)), "oauth.token", 401, &Note::default());
    assert_eq!(dimensions(&line), serde_json::json!([["endpoint"]]));
    assert!(line.get("org").is_none(), "{line}");
}

#[test]
fn nothing_is_counted_where_no_endpoint_is() {
    let line = line(Some(counted(true)), "", 404, &Note::default());
    assert!(line.get("_aws").is_none() && line.get("Duration").is_none(), "{line}");
}

#[test]
fn other_lines_have_no_metrics() {
    let lines = logged(Some(counted(true)), || tracing::warn!(target: "jeton::alarm", endpoint = "oauth.token", "alarm"));
    assert_eq!((lines.len(), lines[0].get("_aws")), (1, None), "{lines:?}");
}
