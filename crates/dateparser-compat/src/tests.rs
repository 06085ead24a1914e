//! Held against the answers of the real `dateparser`.

use jiff::Timestamp;

use super::*;

#[test]
fn golden_answers_are_dateparsers() {
    for (text, expected) in golden() {
        assert_eq!(parse(text, NOW), expected, "{text:?}");
    }
}

#[test]
fn case_and_blanks_do_not_matter() {
    for (text, expected) in golden() {
        let spread = format!("\t {} \u{a0}\n", text.to_uppercase().replace(' ', " \t "));
        assert_eq!(parse(&spread, NOW), expected, "{spread:?}");
    }
}

#[test]
fn what_dateparser_misreads_is_refused() {
    let misread = "5|45|10.30|jan 45|feb 29|2026-13-01|13:30 pm|this decade|now + 1 day|now 1day|in -1 day|\
                   +1 day 2 hours|1 day 1 day ago|tomorrow+1day|1 day from today|1,000 days|1.5 years|2 days ago 5|1 10am day ago|\
                   today 25:00|now!|(now)|2026--01-02|-05:00 now|now 😀|٣ days ago|10:30 BST";
    for text in misread.split('|') {
        assert_eq!(parse(text, NOW), None, "{text:?}");
    }
}

#[test]
fn rfc3339_offsets_are_all_known() {
    assert_eq!(parse("2026-01-02T03:04:05-05:30", NOW), Some(ms("2026-01-02T08:34:05Z")));
    assert_eq!(parse("2026-01-02T03:04:05.123456789+23:59", NOW), Some(ms("2026-01-01T03:05:05.123Z")));
    assert_eq!(parse("2026-01-02T03:04:05+24:00", NOW), None);
}

#[test]
fn what_dateparser_contradicts_is_read_as_written() {
    assert_eq!(parse("two decades from now", NOW), Some(ms("2046-03-31T15:04:05.678Z")));
    assert_eq!(parse("in 2decades", NOW), Some(ms("2046-03-31T15:04:05.678Z")));
    assert_eq!(parse("yesterday 10:30:15.123456789", NOW), Some(ms("2026-03-30T10:30:15.123Z")));
}

#[test]
fn months_end_where_the_month_ends() {
    let leap_day = ms("2024-02-29T12:00:00Z");
    assert_eq!(parse("1 year ago", leap_day), Some(ms("2023-02-28T12:00:00Z")));
    assert_eq!(parse("in 4 years", leap_day), Some(ms("2028-02-29T12:00:00Z")));
    assert_eq!(parse("feb 2023", leap_day), Some(ms("2023-02-28T00:00:00Z")));
    assert_eq!(parse("in 1 month 1 day", NOW), Some(ms("2026-05-01T15:04:05.678Z")));
}

#[test]
fn years_1_to_9999_bound_the_answer() {
    assert!(parse("0001-01-01T00:00:00Z", NOW).is_some());
    assert_eq!(parse("0001-01-01T00:00:00+00:01", NOW), None);
    assert!(parse("9999-12-31T23:59:59Z", NOW).is_some());
    assert_eq!(parse("9999-12-31T23:59:59-00:01", NOW), None);
    assert_eq!(parse("now", i64::MAX), None);
    assert_eq!(parse("now", i64::MIN), None);
}

#[test]
fn the_examples_of_the_documentation_are_understood() {
    let table = include_str!("lib.rs").lines().filter(|line| line.starts_with("//! | ") && line.contains('`'));
    let examples: Vec<&str> = table.flat_map(|row| row.split(" | ").nth(2).unwrap().split('`').skip(1).step_by(2)).collect();
    assert_eq!(examples.len(), 31);
    for example in examples {
        // A zone stands behind a moment.
        let zoned = format!("2026-01-02 03:04 {example}");
        assert!(parse(example, NOW).is_some() || parse(&zoned, NOW).is_some(), "{example}");
    }
}

#[test]
fn longer_than_100_bytes_is_refused() {
    assert_eq!(parse(&format!("now{}", " ".repeat(97)), NOW), Some(NOW));
    assert_eq!(parse(&format!("now{}", " ".repeat(98)), NOW), None);
    assert_eq!(parse(&"9".repeat(4096), NOW), None);
}

#[test]
fn no_text_panics() {
    let pieces = "|+|-|/|.|,|:|\u{a0}|😀|é|0|1|12|31|99|2026|10:30|1.5|1:2:3:4|t|z|am|a|m|noon|ago|in|from|now|last|next|day|months|w|\
                  jan|mon|nan|inf|9999999999|99999999999999999999999|1.99999999999999999999999|utc|+02:00|-9999|12:99|st";
    let pieces: Vec<&str> = pieces.split('|').collect();
    for at in 0..pieces.len().pow(3) {
        let [a, b, c] = [0, 1, 2].map(|place| pieces[at / pieces.len().pow(place) % pieces.len()]);
        let now = [NOW, EARLIEST, LATEST][at % 3];
        parse(&format!("{a}{b}{c}"), now);
        parse(&format!("{a} {b} {c}"), now);
    }
}

/// What dateparser itself answered: the head of the file says how it was asked.
fn golden() -> impl Iterator<Item = (&'static str, Option<i64>)> {
    include_str!("golden.tsv").lines().filter(|line| !line.starts_with('#')).map(|line| {
        let (text, moment) = line.split_once('\t').unwrap();
        (text, (moment != "None").then(|| ms(moment)))
    })
}

fn ms(rfc3339: &str) -> i64 {
    rfc3339.parse::<Timestamp>().unwrap().as_millisecond()
}

/// 2026-03-31T15:04:05.678Z: a month that is longer than its neighbours.
const NOW: i64 = 1_774_969_445_678;
const EARLIEST: i64 = -62_135_596_800_000;
const LATEST: i64 = 253_402_300_799_999;
