//! `standards.md`: which test holds us to which section of a standard.

use std::collections::BTreeSet;
use std::path::Path;

const TABLE: &str = include_str!("standards.md");

/// What is in backticks and begins like a path.
fn named() -> BTreeSet<&'static str> {
    let is_path = |text: &&str| ["tests/", "shared/", "functions/", "local/"].iter().any(|start| text.starts_with(start));
    TABLE.split('`').skip(1).step_by(2).filter(is_path).collect()
}

/// Whether a function of this name is run as a test, or makes cases for one.
fn is_test(source: &str, function: &str) -> bool {
    source.find(&format!("fn {function}(")).is_some_and(|at| {
        let mut before = source[..at].lines().rev().take(8);
        let makes_cases = source[at..].lines().next().is_some_and(|line| line.contains("Vec<Case>"));
        makes_cases || before.any(|line| ["#[test]", "#[tokio::test]", "scenario! {", "race! {"].contains(&line.trim()))
    })
}

/// A test that is gone or has another name leaves no row behind that says it is there.
#[test]
fn every_test_that_the_table_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let named = named();
    assert!(named.len() > 90, "{}", named.len());
    for name in named {
        let (file, function) = name.split_once("::").unwrap_or((name, ""));
        let source = std::fs::read_to_string(root.join(file)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let is_there = function.is_empty() || is_test(&source, function);
        assert!(is_there, "{name} isn't there");
        let is_rust = std::path::Path::new(file).extension().is_some_and(|extension| extension == "rs");
        assert_eq!(!function.is_empty(), is_rust, "{name} should name a function");
    }
}

/// A row has a section and a test; what isn't implemented is told below the table.
#[test]
fn every_row_names_a_test() {
    let rows = TABLE.lines().filter(|line| line.starts_with('|') && !line.starts_with("|---") && !line.starts_with("| section"));
    let without: Vec<_> = rows.filter(|row| !row.contains('`')).collect();
    assert!(without.is_empty(), "{without:#?}");
}

/// The standards that `standards.md` has to speak of.
#[test]
fn no_standard_is_forgotten() {
    for rfc in [
        "6749", "6750", "7009", "7515", "7517", "7519", "7521", "7523", "7591", "7592", "7638", "7662", "8037", "8414", "8693",
        "8705", "8707", "8725", "9068", "9396", "9449", "9700", "9701",
    ] {
        let is_heading = |line: &str| line.starts_with("## RFC") && line.contains(rfc);
        assert!(TABLE.lines().any(is_heading), "RFC {rfc}");
    }
    assert!(TABLE.contains("## FAPI 2.0"));
}
