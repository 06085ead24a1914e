//! What AWS bills, computed from the units that `calls::units` holds and from the prices here. `JETON_BLESS=1` writes the tables of
//! `docs/operate.md` anew; without it they must be what is computed.
//!
//! Amounts are whole millionths of a dollar, so that nothing is rounded before it is shown.

use std::path::Path;

use shared::domain::{LimitWindow, Shard};
use shared::store::quotas::Quotas;

use crate::calls::units::{PLANNED, Units};
use crate::golden::hold_file;
use crate::partitions::model::NEW_PARTITIONS;
use crate::partitions::traffic::{Operation, TableName, Traffic};
use crate::support::deployment::Instance;
use crate::support::template::Template;

/// Millionths of a dollar.
type MicroDollars = u64;

const DOLLAR: MicroDollars = 1_000_000;

/// When the prices were looked up.
const PRICES_OF: &str = "August 2026";

/// What AWS asks for a million of each in us-east-1, without free tiers.
mod a_million {
    use super::{DOLLAR, MicroDollars};

    pub(super) const API_REQUESTS: MicroDollars = DOLLAR;
    pub(super) const DYNAMODB_READS: MicroDollars = 125_000;
    pub(super) const DYNAMODB_WRITES: MicroDollars = 625_000;
    pub(super) const EVENTS: MicroDollars = DOLLAR;
    pub(super) const KMS_ECC_SIGNATURES: MicroDollars = 15 * DOLLAR;
    pub(super) const KMS_RSA_2048_SIGNATURES: MicroDollars = 3 * DOLLAR;
    pub(super) const LAMBDA_GB_SECONDS: MicroDollars = 13_333_400;
    pub(super) const LAMBDA_REQUESTS: MicroDollars = 200_000;
    pub(super) const SQS_REQUESTS: MicroDollars = 400_000;
}

/// What a GB of log costs.
const LOG_GB: MicroDollars = 500_000;

/// What AWS asks for each of these in a month.
mod a_month {
    use super::{DOLLAR, MicroDollars};

    pub(super) const ALARM_METRIC: MicroDollars = 100_000;
    pub(super) const DASHBOARD: MicroDollars = 3 * DOLLAR;
    pub(super) const KMS_KEY: MicroDollars = DOLLAR;
    pub(super) const METRIC: MicroDollars = 300_000;
}

/// What AWS lets an account do in a region, unless it is asked for more.
mod quota {
    /// Requests to all HTTP APIs in a second.
    pub(super) const API_REQUESTS: u64 = 10_000;
    /// Environments of Lambda that run at once.
    pub(super) const ENVIRONMENTS: u64 = 1_000;
    /// The same, of an account that is new.
    pub(super) const NEW_ENVIRONMENTS: u64 = 10;
    /// Signatures in a second with keys of one kind, such as ECC.
    pub(super) const KMS_SIGNATURES: u64 = 1_000;
}

/// What a partition of DynamoDB can do in a second, in units.
mod a_partition {
    pub(super) const READS: u64 = 3_000;
    pub(super) const WRITES: u64 = 1_000;
}

/// The memory of a function in MB, which is the default of the template.
const MEMORY_MB: u64 = 256;

/// How long a request takes in ms, where nothing is signed by KMS, and where something is. Both are assumed.
const REQUEST_MS: u64 = 6;
const KMS_REQUEST_MS: u64 = 15;

/// How long the lines of a request are in bytes: its own and that of the API.
const REQUEST_LOG_BYTES: u64 = 760;

/// How long the line of the audit trail of a token is in bytes, and that of the invocation that writes it.
const AUDIT_LOG_BYTES: u64 = 440;
const AUDIT_INVOCATION_LOG_BYTES: u64 = 500;

/// What signs tokens, and so what a signature costs.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Signing {
    Envelope,
    Rs256,
    Es256,
}

/// What a row of the table costs a million times, by who bills it.
#[derive(Clone, Copy, Default)]
struct Bill {
    api: MicroDollars,
    lambda: MicroDollars,
    dynamodb: MicroDollars,
    kms: MicroDollars,
    logs: MicroDollars,
}

impl Bill {
    /// That of a request to an endpoint.
    fn for_request(operation: &str, signing: Signing, has_index: bool) -> Self {
        let (_, units) = PLANNED.into_iter().find(|(name, _)| *name == operation).unwrap();
        let Units { writes, reads, signatures } = units;
        let per_signature = match signing {
            Signing::Envelope => 0,
            Signing::Rs256 => a_million::KMS_RSA_2048_SIGNATURES,
            Signing::Es256 => a_million::KMS_ECC_SIGNATURES,
        };
        let is_slow = signatures > 0 && signing != Signing::Envelope;
        // A proof or an assertion that was used is no change that the audit trail tells, nor is a sign-in, but for its decision.
        let untold = [
            "introspect",
            "sign-in: request",
            "sign-in: hand-over",
            "sign-in: way back",
            "userinfo",
            "logout: request",
            "logout: hand-over",
        ];
        let is_untold = untold.iter().any(|what| operation.contains(what));
        let audit = if is_untold || writes == 0 { 0 } else { AUDIT_LOG_BYTES };
        Self {
            api: a_million::API_REQUESTS,
            lambda: lambda(if is_slow { KMS_REQUEST_MS } else { REQUEST_MS }),
            dynamodb: (writes + u64::from(has_index)) * a_million::DYNAMODB_WRITES + reads * a_million::DYNAMODB_READS,
            kms: signatures * per_signature,
            logs: logs(REQUEST_LOG_BYTES + audit),
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            api: self.api + other.api,
            lambda: self.lambda + other.lambda,
            dynamodb: self.dynamodb + other.dynamodb,
            kms: self.kms + other.kms,
            logs: self.logs + other.logs,
        }
    }

    fn row(&self, what: &str) -> String {
        let without = self.lambda + self.dynamodb + self.kms + self.logs;
        let cells = [self.api, self.lambda, self.dynamodb, self.kms, self.logs].map(dollars_or_nothing).join(" | ");
        format!("| {what} | {cells} | **{}** | {} |\n", dollars(self.api + without), dollars(without))
    }
}

/// A million invocations of so many ms.
fn lambda(ms: u64) -> MicroDollars {
    a_million::LAMBDA_REQUESTS + a_million::LAMBDA_GB_SECONDS * MEMORY_MB * ms / 1_024 / 1_000
}

/// A million lines of so many bytes: as many MB.
fn logs(bytes: u64) -> MicroDollars {
    bytes * LOG_GB / 1_000
}

/// An amount in dollars, rounded to cents.
fn dollars(amount: MicroDollars) -> String {
    let cents = (amount + 5_000) / 10_000;
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn dollars_or_nothing(amount: MicroDollars) -> String {
    if amount == 0 { "0".to_owned() } else { dollars(amount) }
}

/// The table of what operations cost.
fn operations() -> String {
    use Signing::{Envelope, Es256, Rs256};
    let mut table = format!("{OPERATIONS}|---|---|---|---|---|---|---|---|\n");
    for (what, operation, signing, has_index) in [
        ("mint, `envelope`", "mint", Envelope, false),
        ("mint, `kms`, RS256", "mint", Rs256, false),
        ("mint, `kms`, ES256", "mint", Es256, false),
        ("mint, `envelope`, with the index", "mint", Envelope, true),
        ("mint, `kms`, RS256, with the index", "mint", Rs256, true),
        ("mint, `kms`, ES256, with the index", "mint", Es256, true),
        ("mint with a refresh token, `envelope`", "mint with refresh", Envelope, false),
        ("refresh, `envelope`", "refresh, replaced", Envelope, false),
        ("introspect, authenticate", "introspect", Envelope, false),
        ("revoke", "revoke", Envelope, false),
        ("revoke a token with its family", "revoke with refresh", Envelope, false),
        ("opaque token of a client, by an authorization server", "opaque", Envelope, false),
        ("the same with a refresh token", "opaque with refresh", Envelope, false),
        ("introspect an opaque token", "introspect opaque", Envelope, false),
        ("introspect an opaque token with a DPoP proof", "introspection with a DPoP proof", Envelope, false),
        ("client credentials by an assertion", "client_credentials by an assertion", Envelope, false),
        ("introspection by a client, `envelope`", "introspection by a client", Envelope, false),
        ("introspection by a client, `kms`, ES256", "introspection by a client", Es256, false),
    ] {
        table += &Bill::for_request(operation, signing, has_index).row(what);
    }
    for (what, operation) in [
        ("list a person's connected apps", "connected apps"),
        ("disconnect an app of a person", "an app is disconnected"),
        ("end a session of a login application", "a session is ended"),
        ("disconnect all apps of a person: so many writes, however few they are", "all apps are disconnected"),
    ] {
        table += &Bill::for_request(operation, Envelope, false).row(what);
    }
    for (what, operation) in [
        ("make an API key", "an API key is made"),
        ("introspect an API key", "an API key is shown to its API"),
        ("exchange an API key for a JWT", "an API key is exchanged"),
        ("rotate an API key", "an API key is rotated"),
        ("end an API key", "an API key is ended"),
        ("end an API key that a scanner of secrets reports", "a leaked API key is reported"),
    ] {
        table += &Bill::for_request(operation, Envelope, false).row(what);
    }
    let ticket = Bill::for_request("a ticket", Envelope, false).and(Bill::for_request("a token for a ticket", Envelope, false));
    table += &ticket.row("ticket, and the tokens for it: two requests");
    let sign_in = ["request", "hand-over", "acceptance", "way back"].map(|step| format!("sign-in: {step}"));
    let sign_in = sign_in.iter().map(|step| Bill::for_request(step, Envelope, false)).fold(Bill::default(), Bill::and);
    let sign_in = sign_in.and(Bill::for_request("a code, with a DPoP proof", Envelope, false));
    table += &sign_in.row("a person's sign-in, and the tokens of it with a DPoP proof, `envelope`: five requests");
    let logout =
        ["request", "hand-over", "completion"].map(|step| Bill::for_request(&format!("logout: {step}"), Envelope, false));
    table += &logout.into_iter().fold(Bill::default(), Bill::and).row("a person's logout that a client asks for: three requests");
    let write = Bill { dynamodb: a_million::DYNAMODB_WRITES, ..Bill::default() };
    table += &write.row("index by subject, `single_token_per_subject`, a used proof, a [lease of a limit](#what-limits-cost): each one write more");
    let audit = Bill { lambda: lambda(REQUEST_MS), logs: logs(AUDIT_INVOCATION_LOG_BYTES), ..Bill::default() };
    table + &audit.row("audit of a write at low load, when each is told by itself")
}

/// The table of the prices.
fn prices() -> String {
    let per_thousandth = |amount: MicroDollars| format!("{}.{:06}", amount / DOLLAR, amount % DOLLAR);
    let plain = |amount: MicroDollars| {
        let text = per_thousandth(amount);
        let text = text.trim_end_matches('0');
        let decimals = text.len() - text.find('.').unwrap() - 1;
        format!("{text}{}", "0".repeat(2_usize.saturating_sub(decimals)))
    };
    let rows = [
        ("a million requests to an HTTP API", a_million::API_REQUESTS),
        ("a million requests to Lambda", a_million::LAMBDA_REQUESTS),
        ("a million GB-seconds of Lambda, arm64", a_million::LAMBDA_GB_SECONDS),
        ("a million writes of 1 KB, DynamoDB on demand", a_million::DYNAMODB_WRITES),
        ("a million reads of 4 KB", a_million::DYNAMODB_READS),
        ("a million signatures of KMS with ECC keys", a_million::KMS_ECC_SIGNATURES),
        ("a million signatures of KMS with RSA keys of 2048 bits", a_million::KMS_RSA_2048_SIGNATURES),
        ("a GB of logs", LOG_GB),
        ("a million events of EventBridge", a_million::EVENTS),
        ("a million requests to SQS", a_million::SQS_REQUESTS),
    ];
    let rows = rows.map(|(what, amount)| format!("| {what} | {} |\n", plain(amount))).concat();
    format!("| us-east-1, {PRICES_OF} | $ |\n|---|---|\n{rows}")
}

/// The table of what a month costs in which nothing happens.
fn idle_month() -> String {
    /// Pollers of a queue, each of which asks every 20 seconds, in a month of 30 days.
    const POLLS: u64 = 5 * 30 * 86_400 / 20;
    let (alarms, queues) = (alarm_metrics(), polled_queues());
    let endpoints = functions::catalogue::<Instance>().len() as u64;
    let between = |metrics: u64| {
        let (least, most) = (metrics * a_month::METRIC, 4 * metrics * a_month::METRIC);
        format!("{} to {}", dollars(least), dollars(most))
    };
    let rows = [
        ("each KMS key".to_owned(), dollars(a_month::KMS_KEY)),
        (format!("alarms, which watch {alarms} metrics"), dollars(alarms * a_month::ALARM_METRIC)),
        ("the dashboard".to_owned(), dollars(a_month::DASHBOARD)),
        (
            format!("polls of {queues} queues: {} thousand", thousands((queues * POLLS / 1_000).try_into().unwrap())),
            dollars(queues * POLLS * a_million::SQS_REQUESTS / 1_000_000),
        ),
        (format!("`EndpointMetrics: endpoint`, if all {endpoints} endpoints are used"), between(endpoints)),
        ("`EndpointMetrics: org`, for each org, if it uses ten of them".to_owned(), between(10)),
    ];
    let rows = rows.map(|(what, amount)| format!("| {what} | {amount} |\n")).concat();
    format!("{IDLE_MONTH}|---|---|\n{rows}")
}

/// How many queues Lambda polls.
fn polled_queues() -> u64 {
    let template = Template::load();
    let queues: Vec<_> =
        template.of_type("AWS::SQS::Queue").map(|(id, _)| serde_json::json!({"Fn::GetAtt": format!("{id}.Arn")})).collect();
    let mappings = template.of_type("AWS::Lambda::EventSourceMapping");
    mappings.filter(|(_, mapping)| queues.contains(&mapping["Properties"]["EventSourceArn"])).count() as u64
}

/// The table of what limits cost that are always used up.
fn limits() -> String {
    const MONTH_S: u64 = 30 * 86_400;
    let rows = [
        (5, LimitWindow::Minute),
        (39, LimitWindow::Minute),
        (60, LimitWindow::Minute),
        (1_000, LimitWindow::Minute),
        (60_000, LimitWindow::Minute),
        (5_000, LimitWindow::Day),
        (1_000_000, LimitWindow::Day),
    ];
    let rows = rows.map(|(limit, window)| {
        let lease = Quotas::units_of_lease(limit);
        let writes = u64::from(limit.div_ceil(lease));
        let a_month = writes * MONTH_S / u64::from(window.length().0) * a_million::DYNAMODB_WRITES / 1_000_000;
        let limit = thousands(limit);
        format!("| {limit} a {} | {} | {writes} | {} |\n", window.as_str(), thousands(lease), dollars(a_month))
    });
    format!("{LIMITS}|---|---|---|---|\n{}", rows.concat())
}

/// The table of how much one deployment can do, by what is full first: quotas that AWS lists, and the units that requests take.
fn capacity(traffic: &Traffic) -> String {
    use Operation::{ClientToken, Introspection};
    let template = Template::load();
    let route: u64 = template.at("/Parameters/ThrottlingRateLimit/Default").to_string().trim_matches('"').parse().unwrap();
    // An environment is given ten requests a second at most, however short they are.
    let lambda = |environments: u64, ms: u64| (environments * 10).min(environments * 1_000 / ms);
    let units = |operation, table| {
        let (writes, reads) = traffic.usual_units(operation, table);
        (u64::from(writes), u64::from(reads))
    };
    let by_units = |(writes, reads): (u64, u64), (of_writes, of_reads): (u64, u64)| {
        [(writes, of_writes), (reads, of_reads)].into_iter().filter_map(|(limit, units)| limit.checked_div(units)).min()
    };
    let new_table = (a_partition::WRITES * NEW_PARTITIONS, a_partition::READS * NEW_PARTITIONS);
    let shards = u64::from(Shard::COUNT);
    let of_org = (a_partition::WRITES * shards, a_partition::READS * shards);
    // Two reads of a request may be of two clients.
    let copies =
        |operation| (a_partition::READS * shards).checked_div(u64::from(traffic.usual_reads_of(operation, "copy of an org")));
    let of_client = a_partition::READS * CLIENT_COPIES;
    let client = |operation| of_client.checked_div(u64::from(traffic.reads_of_one(operation, "copy of a client")));
    let both = |per_second: &dyn Fn(Operation) -> Option<u64>| {
        let token = per_second(ClientToken);
        [token, token, per_second(Introspection)]
    };
    let rows = [
        ("the deployment", "a route: `ThrottlingRateLimit`", [Some(route); 3]),
        ("", "API Gateway: the account's quota", [Some(quota::API_REQUESTS); 3]),
        (
            "",
            "Lambda: the 10 environments of a new account",
            [REQUEST_MS, KMS_REQUEST_MS, REQUEST_MS].map(|ms| Some(lambda(quota::NEW_ENVIRONMENTS, ms))),
        ),
        (
            "",
            "Lambda: 1,000 environments",
            [REQUEST_MS, KMS_REQUEST_MS, REQUEST_MS].map(|ms| Some(lambda(quota::ENVIRONMENTS, ms))),
        ),
        ("", "KMS: signatures by keys of one kind", [None, Some(quota::KMS_SIGNATURES), None]),
        ("", "`Tokens`, when it is new", both(&|what| by_units(new_table, units(what, TableName::Tokens)))),
        ("", "`Directory`, when it is new", both(&|what| by_units(new_table, units(what, TableName::Directory)))),
        ("one org", "the 16 copies of its item", both(&copies)),
        ("", "the 16 partitions of its tokens", both(&|what| by_units(of_org, units(what, TableName::Tokens)))),
        ("one client", "the 4 copies of its item", both(&client)),
    ];
    let number =
        |per_second: Option<u64>| per_second.map_or_else(|| "-".to_owned(), |number| thousands(number.try_into().unwrap()));
    let rows = rows.map(|(of, what, figures)| {
        format!("| {of}{}{what} | {} |\n", if of.is_empty() { "| " } else { " | " }, figures.map(number).join(" | "))
    });
    format!("{CAPACITY}|---|---|---|---|---|\n{}", rows.concat())
}

/// How many copies of a client the store has, which a test of the partitions counts.
const CLIENT_COPIES: u64 = 4;

/// A number with commas.
fn thousands(number: u32) -> String {
    let digits = number.to_string();
    let parts: Vec<_> = digits.as_bytes().rchunks(3).rev().map(|part| std::str::from_utf8(part).unwrap()).collect();
    parts.join(",")
}

const LIMITS: &str = "| a limit of | lease | writes in a window | $ a month |\n";
const OPERATIONS: &str = "| a million times, in $ | API | Lambda | DynamoDB | KMS | logs | **HTTP API** | **without it** |\n";
const CAPACITY: &str = "| of | full first | tokens a second, `envelope` | tokens a second, `kms` | introspections a second |\n";
const IDLE_MONTH: &str = "| a month, in $ | |\n";

/// How many metrics the alarms of the template watch: CloudWatch bills each.
fn alarm_metrics() -> u64 {
    let template = Template::load();
    let metrics = template.of_type("AWS::CloudWatch::Alarm").map(|(_, alarm)| {
        let Some(metrics) = alarm["Properties"]["Metrics"].as_array() else { return 1 };
        // Some are there only under a condition: those are an `Fn::If` with the metric in its first branch.
        let is_metric = |metric: &&serde_json::Value| metric.to_string().contains("\"MetricStat\"");
        metrics.iter().filter(is_metric).count() as u64
    });
    metrics.sum()
}

/// The page with a table in the place of the one that begins with this line.
fn with_table(page: &str, first_line: &str, table: &str) -> String {
    let start = page.find(first_line).unwrap_or_else(|| panic!("docs/operate.md has no table that begins with {first_line}"));
    let end = page[start..].find("\n\n").map_or(page.len(), |length| start + length + 1);
    format!("{}{table}{}", &page[..start], &page[end..])
}

#[tokio::test]
async fn the_costs_on_the_page_are_those_of_the_units_that_operations_take() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operate.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let page = with_table(&page, "| us-east-1, ", &prices());
    let page = with_table(&page, OPERATIONS, &operations());
    let page = with_table(&page, LIMITS, &limits());
    let page = with_table(&page, CAPACITY, &capacity(&Traffic::recorded(40).await));
    hold_file(&path, &with_table(&page, IDLE_MONTH, &idle_month()));
}

/// Half a cent is one.
#[test]
fn amounts_are_rounded_to_cents() {
    for (amount, text) in [(0, "0.00"), (4_999, "0.00"), (5_000, "0.01"), (625_000, "0.63"), (18_234_999, "18.23")] {
        assert_eq!(dollars(amount), text);
    }
}
