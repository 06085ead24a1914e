//! `standards.md`: which test holds us to which section of a standard. And that the names of tests say a rule in words.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const TABLE: &str = include_str!("standards.md");

/// What is in backticks and begins like a path.
fn named() -> BTreeSet<&'static str> {
    let is_path = |text: &&str| ["tests/", "shared/", "functions/", "local/"].iter().any(|start| text.starts_with(start));
    TABLE.split('`').skip(1).step_by(2).filter(is_path).collect()
}

/// Whether a function of this name is run as a test, makes cases for one, or is a case of the stores' conformance suite.
fn is_test(source: &str, function: &str) -> bool {
    let cases = source.split_once("cases![").and_then(|(_, list)| list.split_once("];"));
    if cases.is_some_and(|(list, _)| list.split(',').any(|case| case.trim() == function)) {
        return true;
    }
    source.find(&format!("fn {function}(")).is_some_and(|at| {
        let mut before = source[..at].lines().rev().take(8);
        let makes_cases = source[at..].lines().next().is_some_and(|line| line.contains("Vec<Case>"));
        makes_cases
            || before.any(|line| {
                ["#[test]", "#[tokio::test", "scenario! {", "race! {"].iter().any(|start| line.trim().starts_with(start))
            })
    })
}

/// A test that is gone or has another name leaves no row behind that says it is there.
#[test]
fn every_test_that_the_table_names_is_there() {
    let named = named();
    assert!(named.len() > 90, "{}", named.len());
    for name in named {
        let (file, function) = name.split_once("::").unwrap_or((name, ""));
        let source = std::fs::read_to_string(root().join(file)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let is_there = function.is_empty() || is_test(&source, function);
        assert!(is_there, "{name} isn't there");
        let is_rust = std::path::Path::new(file).extension().is_some_and(|extension| extension == "rs");
        assert_eq!(!function.is_empty(), is_rust, "{name} should name a function");
    }
}

/// A row has a section and a test; what isn't implemented is told below the table.
#[test]
fn every_row_names_a_test() {
    let rows = TABLE.lines().filter(|line| {
        line.starts_with('|') && !line.starts_with("|---") && !line.starts_with("| section") && !line.starts_with("| rule")
    });
    let without: Vec<_> = rows.filter(|row| !row.contains('`')).collect();
    assert!(without.is_empty(), "{without:#?}");
}

/// The standards that `standards.md` has to speak of.
#[test]
fn no_standard_is_forgotten() {
    for rfc in [
        "6749", "6750", "7009", "7515", "7517", "7519", "7521", "7523", "7591", "7592", "7636", "7638", "7662", "8037", "8252",
        "8414", "8628", "8693", "8705", "8707", "8725", "9068", "9126", "9207", "9396", "9449", "9700", "9701",
    ] {
        let is_heading = |line: &str| line.starts_with("## RFC") && line.contains(rfc);
        assert!(TABLE.lines().any(is_heading), "RFC {rfc}");
    }
    assert!(TABLE.contains("## FAPI 2.0") && TABLE.contains("## OpenID Connect Core"));
}

/// A name says the rule to whoever reads that it failed. An RFC can be looked up; a code such as `c01_` or `rule_07_` of a list
/// that isn't in the repository can't.
#[test]
fn no_test_name_begins_with_a_code() {
    let mut files = Vec::new();
    for folder in ["tests", "shared", "functions", "local", "crates"] {
        add_sources(&root().join(folder), &mut files);
    }
    let mut seen = 0;
    for file in files {
        let source = std::fs::read_to_string(&file).unwrap();
        for (_, after) in source.match_indices("fn ").map(|(at, _)| source.split_at(at + "fn ".len())) {
            let name = after.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().unwrap_or_default();
            assert!(!begins_with_a_code(name), "{}: {name}", file.display());
            seen += 1;
        }
    }
    assert!(seen > 3_000, "{seen}");
    assert!(["c01_x", "d1_x", "p5_fapi2", "rule_07_x"].into_iter().all(begins_with_a_code));
    assert!(!["rfc7009_2_1_x", "fapi2_5_3_x", "sha256", "a_rule", "is_1_of", "v4"].into_iter().any(begins_with_a_code));
}

/// One or two letters with a number, or a word that says no more than that there is a list.
fn begins_with_a_code(name: &str) -> bool {
    let Some((first, rest)) = name.split_once('_') else { return false };
    let number = first.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let letters = first.len() - number.len();
    let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    (is_number(number) && (1..=2).contains(&letters)) || (["rule", "case", "test"].contains(&first) && is_number(rest))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn add_sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add_sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
