//! What the model does, and what the store promises about its partitions.

use std::collections::BTreeMap;

use super::model::{Demand, NEW_PARTITIONS, Place, SPLIT_AFTER_SECONDS, Table};
use super::traffic::{Operation, TableName, Traffic};

/// Less than this is nothing, but for what the arithmetic of floats leaves.
const LEAST: f64 = 1e-6;

fn demand(pk: &str, sk: &str, writes: f64, reads: f64) -> Demand {
    Demand { place: Place::item(pk, sk), kind: "item", writes, reads }
}

fn refused_after(table: &mut Table, seconds: u32) -> f64 {
    (0..seconds).map(|_| table.tick().values().sum::<f64>()).last().unwrap_or_default()
}

#[test]
fn what_a_partition_can_do_is_never_refused() {
    let mut table = Table::new(vec![demand("a", "1", 1_000.0, 3_000.0)], NEW_PARTITIONS);
    assert!(refused_after(&mut table, 1_000) < LEAST);
}

#[test]
fn an_item_is_refused_what_is_above_the_limit_once_the_burst_is_spent() {
    let mut table = Table::new(vec![demand("a", "1", 1_100.0, 0.0)], NEW_PARTITIONS);
    // A hundred more than a second brings, of 300,000 that are kept.
    assert!(refused_after(&mut table, 3_000) < LEAST);
    assert!((refused_after(&mut table, 1) - 100.0).abs() < LEAST);
    assert!((refused_after(&mut table, 100) - 100.0).abs() < LEAST, "no split helps an item");
}

#[test]
fn a_hot_partition_is_split_between_its_items() {
    let demands = (0..8).map(|n| demand("a", &n.to_string(), 0.0, 2_000.0)).collect();
    let mut table = Table::new(demands, NEW_PARTITIONS);
    assert!(refused_after(&mut table, 1) < LEAST, "there is a burst");
    assert!(refused_after(&mut table, SPLIT_AFTER_SECONDS + 20) > 0.0);
    assert!(refused_after(&mut table, 4 * SPLIT_AFTER_SECONDS) < LEAST);
    assert_eq!(table.partitions(), 3 + 8);
}

#[test]
fn places_lie_in_the_order_of_their_sort_keys_and_new_items_behind_all_others() {
    let (token, tail, next) = (Place::item("a", "t#zz"), Place::tail("a", "t#"), Place::item("a", "u#0"));
    assert!(token < tail && tail < next);
}

/// Every request of an org reads a copy of it; none reads its item, which no split of a partition divides. Whoever has it read more often
/// finds it here.
#[tokio::test]
async fn a_copy_of_an_org_is_read_once_by_each_request_and_the_org_itself_by_none() {
    let traffic = Traffic::recorded(40).await;
    for operation in Traffic::operations() {
        // What is no client's token is looked for once more, as a member's.
        let most = if operation == Operation::Introspection { 2 } else { 1 };
        assert_eq!(traffic.usual_reads_of(operation, "copy of an org"), 1, "{operation:?}");
        assert_eq!(traffic.reads_of(operation, "copy of an org"), most, "{operation:?}");
        assert_eq!(traffic.reads_of(operation, "org"), 0, "{operation:?}");
    }
}

/// The API that introspects is a client, which all of its requests read, and one is the hot client.
#[tokio::test]
async fn what_all_requests_read_of_one_client_is_spread_over_its_four_copies_and_its_item_is_read_by_none() {
    let traffic = Traffic::recorded(400).await;
    for operation in [Operation::ClientToken, Operation::Introspection] {
        assert_eq!(traffic.reads_of(operation, "client"), 0, "{operation:?}");
        assert_eq!(traffic.reads_of_one(operation, "copy of a client"), 1, "{operation:?}");
        let of_operation = traffic.of_operation(operation);
        let mut of_one: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (_, demand) in of_operation.into_iter().filter(|(_, demand)| demand.kind == "copy of a client") {
            of_one.entry(demand.place.sk.clone()).or_default().push(demand.reads);
        }
        let hottest = of_one.into_values().max_by(|one, other| one.iter().sum::<f64>().total_cmp(&other.iter().sum())).unwrap();
        assert_eq!(hottest.len(), 4, "{operation:?}");
        // One of four has more than another by chance.
        let most = hottest.iter().copied().fold(0.0, f64::max);
        assert!(most / hottest.iter().sum::<f64>() < 0.5, "{operation:?}: {hottest:?}");
    }
}

#[tokio::test]
async fn what_all_requests_read_of_their_org_is_spread_over_its_copies() {
    let traffic = Traffic::recorded(200).await;
    for operation in [Operation::ClientToken, Operation::Introspection, Operation::MemberToken] {
        let copies = traffic.of_operation(operation).into_iter().filter(|(_, demand)| demand.kind == "copy of an org");
        let reads: Vec<_> = copies.map(|(_, demand)| demand.reads).collect();
        let hottest = reads.iter().copied().fold(0.0, f64::max);
        // One of sixteen has more than another by chance.
        assert!(hottest / reads.iter().sum::<f64>() < 0.3, "{operation:?}: {reads:?}");
    }
}

#[tokio::test]
async fn what_all_requests_of_an_org_write_and_read_of_its_marks_is_spread_over_its_partitions() {
    let traffic = Traffic::recorded(200).await;
    let (name, tokens) = traffic.tables(10_000, NEW_PARTITIONS).remove(0);
    assert_eq!(name, TableName::Tokens);
    // Of two hundred tokens one partition gets more than another by chance: a single one would have sixteen times the mean.
    assert!(tokens.skew_of_keys().unwrap() < 3.0);
    for operation in [Operation::ClientToken, Operation::SubjectToken] {
        let marks = traffic.of_operation(operation).into_iter().filter(|(_, demand)| demand.kind == "mark of the org");
        let hottest = marks.map(|(_, demand)| demand.reads).fold(0.0, f64::max);
        assert!((0.01..0.3).contains(&hottest), "{operation:?}: {hottest}");
    }
}
