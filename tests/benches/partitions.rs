//! `cargo bench -p tests --bench partitions`: what DynamoDB refuses an org that has all the load.
//!
//! A second of the org's traffic is made for real, and recorded; then it is repeated for an hour of virtual time on tables whose partitions
//! follow the rules that AWS publishes. `-- --mints N --rate N --seconds N --partitions N` says how many mints to record (10,000), how many there
//! are in a virtual second (10,000), for how many of those (3,600), and how many partitions each table begins with (4, as a new one has).

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark may panic")]

#[path = "../partitions/model.rs"]
mod model;
#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros, clippy::allow_attributes, reason = "the scenarios use the rest")]
mod support;
#[path = "../partitions/traffic.rs"]
#[allow(dead_code, clippy::allow_attributes, reason = "the suite uses the rest")]
mod traffic;

use std::collections::BTreeMap;
use std::time::Instant;

use model::{Demand, NEW_PARTITIONS, Table, Throttles};
use traffic::{TableName, Traffic};

/// What AWS asks for a million units of DynamoDB in us-east-1, in dollars: August 2026.
const DOLLARS_PER_MILLION_WRITES: f64 = 0.625;
const DOLLARS_PER_MILLION_READS: f64 = 0.125;

fn main() {
    let option = |name: &str| std::env::args().skip_while(|arg| arg != name).nth(1);
    let number = |name: &str, default| option(name).and_then(|number| number.parse().ok()).unwrap_or(default);
    let (mints, rate) = (number("--mints", 10_000), number("--rate", 10_000));
    let (seconds, partitions) = (number("--seconds", 3_600), u64::from(number("--partitions", 4)).max(1));
    let begun = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let traffic = runtime.block_on(Traffic::recorded(mints));
    println!("{mints} mints and what belongs to them, recorded in {:.0} s\n", begun.elapsed().as_secs_f64());
    costs(&traffic);
    ceilings(&traffic);
    replay(&traffic, rate, seconds, partitions);
}

/// What DynamoDB bills for a million mints with all that belongs to them.
fn costs(traffic: &Traffic) {
    let [writes, index, reads] = traffic.units_per_million_mints();
    let dollars = |units: f64, price: f64| units / 1e6 * price;
    println!("A million mints, with their introspections, refreshes and revocations, take of DynamoDB");
    for (what, units, price) in [
        ("writes", writes, DOLLARS_PER_MILLION_WRITES),
        ("writes to the index by subject", index, DOLLARS_PER_MILLION_WRITES),
        ("reads", reads, DOLLARS_PER_MILLION_READS),
    ] {
        println!("  {what:<32} {:>6.2} million units {:>6.2} $", units / 1e6, dollars(units, price));
    }
    println!();
}

/// What is full first, for each operation by itself, however often DynamoDB has split.
fn ceilings(traffic: &Traffic) {
    println!("One org, each operation by itself: the two places that are full first, and at how many requests a second");
    for operation in Traffic::operations() {
        let told = hottest(traffic.of_operation(operation)).into_iter().take(2);
        let told = told.map(|(table, kind, share)| format!("{:>7.0} {kind} in {}", 1.0 / share, table.name()));
        println!("  {:<40} {}", operation.name(), told.collect::<Vec<_>>().join(", "));
    }
    println!();
}

/// Repeats the second, and prints what is refused in the course of time.
fn replay(traffic: &Traffic, rate: u32, seconds: u32, partitions: u64) {
    let is_new = if partitions == NEW_PARTITIONS { ", as new tables have" } else { "" };
    println!(
        "All of it at {rate} mints a second, on tables that begin with {partitions} partitions{is_new}: units refused in a second"
    );
    let mut tables = traffic.tables(rate, partitions);
    let shown = [1, 60, 120, 300, 600, 900, 1_800, 3_600];
    println!(
        "  {:<8} {:<11} {:>10} {:>9} {:>18} {:>12}  by item",
        "second", "table", "partitions", "refused", "skew: partitions", "their keys"
    );
    for second in 1..=seconds {
        for (name, table) in &mut tables {
            let refused = table.tick();
            if shown.contains(&second) || second == seconds {
                print_second(second, *name, table, &refused);
            }
        }
    }
    println!("\nWhat no split helps: at {rate} mints a second, the hottest places of each kind");
    let demands = tables.iter().flat_map(|(name, table)| table.demands().iter().map(move |demand| (*name, demand.clone())));
    for (table, kind, share) in hottest(demands).into_iter().take(12) {
        let (percent, full_at) = (share * 100.0, f64::from(rate) / share);
        println!("  {:<12} {kind:<44} {percent:>6.0} % of a partition; full at {full_at:>8.0} mints a second", table.name());
    }
}

/// Which part of a partition the hottest place of each kind takes, the hottest first.
fn hottest(demands: impl IntoIterator<Item = (TableName, Demand)>) -> Vec<(TableName, &'static str, f64)> {
    let mut hottest: BTreeMap<(TableName, &'static str), f64> = BTreeMap::new();
    for (table, demand) in demands {
        let share = hottest.entry((table, demand.kind)).or_default();
        *share = share.max(demand.share());
    }
    let mut hottest: Vec<_> = hottest.into_iter().map(|((table, kind), share)| (table, kind, share)).collect();
    hottest.sort_by(|(.., one), (.., other)| other.total_cmp(one));
    hottest
}

fn print_second(second: u32, name: TableName, table: &Table, refused: &Throttles) {
    let skew = |skew: Option<f64>| skew.map_or_else(|| "-".to_owned(), |skew| format!("{skew:.2}"));
    let mut by_kind: Vec<_> = refused.iter().collect();
    by_kind.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let by_kind = by_kind.into_iter().take(4).map(|(kind, units)| format!("{kind} {units:.0}"));
    println!(
        "  {second:<8} {:<11} {:>10} {:>9.0} {:>18} {:>12}  {}",
        name.name(),
        table.partitions(),
        refused.values().fold(0.0, |sum, units| sum + units),
        skew(table.skew_of_partitions()),
        skew(table.skew_of_keys()),
        by_kind.collect::<Vec<_>>().join(", ")
    );
}
