//! The date language: its moments can be written down, and neither case nor blanks count.
#![no_main]

use dateparser_compat::parse;
use libfuzzer_sys::fuzz_target;

/// 2026-03-31T15:04:05Z, in milliseconds since 1970.
const NOW: i64 = 1_774_969_445_000;

fuzz_target!(|text: &str| {
    for now in [i64::MIN, 0, i64::MAX] {
        let _ = parse(text, now);
    }
    let found = parse(text, NOW);
    assert!(found.is_none() || text.len() <= 100);
    assert_eq!(parse(&text.to_ascii_uppercase(), NOW), found);
    let spread = format!(" {} ", text.replace(' ', "  "));
    assert!(spread.len() > 100 || parse(&spread, NOW) == found);

    let Some(ms) = found else { return };
    let written = jiff::Timestamp::from_millisecond(ms).unwrap().to_string();
    assert_eq!(written.len(), written.trim_start_matches(['-', '+']).len(), "a year of four digits: {written}");
    assert_eq!(parse(&written, NOW), found, "{written}");
});
