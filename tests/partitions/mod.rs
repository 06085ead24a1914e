//! Which partition of DynamoDB is full first when one org has all the load, and at how many requests a second.
//!
//! `traffic` makes the requests and records what they do to which items; `model` spreads these over partitions by AWS's rules. The benchmark
//! `benches/partitions.rs` puts both together and prints what comes of it; `costs` computes a table of the documents; the tests here hold what
//! the store promises.

pub(crate) mod model;
#[cfg(test)]
mod tests;
pub(crate) mod traffic;
