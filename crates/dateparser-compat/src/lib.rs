//! Reads dates as people and programs write them in English, relative to a given moment, and gives the answers of Python's
//! [dateparser](https://dateparser.readthedocs.io) 1.4.0.
//!
//! An API that was served by a program in Python took whatever `dateparser` takes, and its callers came to rely on it:
//! `yesterday` or `2 hours ago` as the bound of a list. Another implementation has to understand the same texts, and has to
//! mean the same moments by them. This crate is that part alone. It has no clock, no time zone of the machine and no
//! configuration: the caller says what time it is.
//!
//! ```
//! use dateparser_compat::parse;
//!
//! // 2026-03-31T15:04:05Z, in milliseconds since 1970.
//! let now = 1_774_969_445_000;
//! assert_eq!(parse("now", now), Some(now));
//! assert_eq!(parse("2 hours ago", now), Some(now - 2 * 3_600_000));
//! assert_eq!(parse("now-1day", now), Some(now - 86_400_000));
//! assert_eq!(parse("2026-03-31T10:04:05-05:00", now), Some(now));
//! assert_eq!(parse("whenever", now), None);
//! ```
//!
//! What it accepts:
//!
//! | form | examples |
//! |---|---|
//! | a timestamp | `2026-01-02T03:04:05Z`, `2026-01-02 03:04`, `2026-01`, `Fri Jan 2 03:04:05 2026` |
//! | seconds, milliseconds or microseconds since 1970 | `1774969445`, `1774969445000`, `1774969445000000` |
//! | a date in figures, month first where that can be | `01/02/2026`, `31/01/2026`, `2026.01.02` |
//! | a date in words | `2 January 2026`, `jan 2nd`, `Friday` (the last one, or today) |
//! | a moment in words | `now`, `today`, `yesterday`, `the day after tomorrow`, `last week`, `next month` |
//! | a distance | `2 hours ago`, `in 3 days`, `an hour from now`, `1h 30m`, `now-1day`, `+2h` |
//! | a time of day beside a day | `yesterday 10:30 pm`, `noon tomorrow` |
//! | a zone behind it | `Z`, `EST`, `+02:00`, `UTC+2`; without one it is UTC |
//!
//! `golden.tsv`, beside the source, has the answers of dateparser itself, to which the tests hold this crate.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::{SignedDuration, Span};

/// Reads a date, so that a caller may write `yesterday` as well as a timestamp.
///
/// It takes the English of Python's `dateparser` 1.4.0, relative to `now_ms`, in UTC when no zone
/// is named. Both times are milliseconds since 1970; anything finer is cut off. Case and the amount of blanks don't matter.
/// Returns `None` if the text isn't understood, is longer than 100 bytes, or means a moment outside the years 1 to 9999.
///
/// An answer is dateparser's answer. Where that is not what the text says, there is none: a refusal beats a wrong bound.
/// - Incomplete: a number alone (`5` is May there, `45` the year 2045), `10.30`, `jan 45`, 29 February without its year.
/// - Guessed: `2026-13-01` (13 January there), `13:30 pm`, `this decade` (the last).
/// - Signs: `now + 1 day` (the past there), `now 1day`, a minus after `in`, `+1 day 2 hours` (both ways at once).
/// - Sums: the same unit twice, and moments moved (`tomorrow+1day`, `1 day from today`), for only one term counts there.
/// - Numbers: `1,000 days` (one day there), fractions of a month or longer.
/// - Skipped there: `2 days ago 5`, `today 25:00`, `now!`, `(now)`, stray separators, emoji.
/// - Not needed: `later`, `before`, `2 weeks' time`, other languages and digits, most zone names (`BST`, `IST` are ambiguous).
///
/// Understood here only: any offset of RFC 3339 (`-05:30`), `w` in more places, `12 noon` after a `T`, `10 a.m.Z`.
/// Read otherwise: `two decades from now` and `in 2decades` (the past there), nanoseconds beside a moment (dropped with their clock there).
pub fn parse(text: &str, now_ms: i64) -> Option<i64> {
    if text.len() > MAX_TEXT_BYTES {
        return None;
    }
    let text = text.trim().to_ascii_lowercase();
    if let Some(ms) = epoch(&text) {
        return Some(ms);
    }
    let mut words = words(&text)?;
    let zone = take_zone(&mut words).unwrap_or_default();
    let clock = take_clock(&mut words);
    let now = EPOCH.checked_add(SignedDuration::from_millis(now_ms)).ok()?;
    let there = now.checked_add(zone).ok()?;
    let found = match words.as_slice() {
        [] => clock.map(|_| now),
        words => relative(words, there).or_else(|| calendar(words, now.date())),
    }?;
    let local = clock.map_or(found, |clock| found.date().to_datetime(clock));
    millis(local.checked_sub(zone).ok()?)
}

/// Seconds, milliseconds or microseconds since 1970, told apart by their length; dateparser ignores a fraction.
fn epoch(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !(is_digits(whole) && fraction.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    let count: i64 = whole.parse().ok()?;
    match whole.len() {
        10 => Some(count * 1000),
        13 => Some(count),
        16 => Some(count / 1000),
        _ => None,
    }
}

/// Numbers (with what a clock or a decimal holds: `10:30:15.5`), words and signs; what says nothing is left out.
fn words(text: &str) -> Option<Vec<&str>> {
    let mut words: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '0'..='9' => number_end(rest.as_bytes()),
            'a'..='z' => rest.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len()),
            '+' if rest[1..].starts_with(char::is_whitespace) => return None,
            '+' | '-' | '/' | ',' | '.' => 1,
            blank if blank.is_whitespace() => blank.len_utf8(),
            _ => return None,
        };
        let (word, tail) = rest.split_at(end);
        let ordinal = matches!(word, "st" | "nd" | "rd" | "th") && words.last().is_some_and(|last| is_digits(last));
        if !ordinal && !word.trim().is_empty() && !FILLERS.contains(&word) {
            words.push(word);
        }
        rest = tail;
    }
    Some(words)
}

fn number_end(bytes: &[u8]) -> usize {
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let inside = |at: &usize| digit(*at) || (matches!(bytes[*at], b':' | b'.') && digit(at + 1));
    (0..bytes.len()).take_while(inside).count()
}

/// Removes the zone (`Z`, `EST`, `+02:00`, `-0500`, `UTC+2`) and returns how far it is ahead of UTC.
fn take_zone(words: &mut Vec<&str>) -> Option<SignedDuration> {
    if let [.., before, sign @ ("+" | "-"), digits] = words.as_slice()
        && let Some(offset) = offset(before, digits)
    {
        let zone = if *sign == "-" { -offset } else { offset };
        let named = matches!(*before, "utc" | "gmt");
        words.truncate(words.len() - if named { 3 } else { 2 });
        return Some(zone);
    }
    let (at, hours) = words.iter().enumerate().skip(1).find_map(|(at, word)| {
        let (_, hours) = ZONES.iter().find(|(names, _)| names.contains(word))?;
        Some((at, *hours))
    })?;
    words.remove(at);
    Some(SignedDuration::from_hours(hours))
}

/// The short spellings are offsets only after what can't be a date, or `2026-01-0200` would be one.
fn offset(before: &str, digits: &str) -> Option<SignedDuration> {
    let named = matches!(before, "utc" | "gmt");
    let timed = named || before.contains(':') || matches!(before, "am" | "pm" | "m" | "noon" | "midnight");
    let (hours, minutes) = match (digits.split_once(':'), digits.len()) {
        (Some(parts), 5) if timed || is_digits(before) => parts,
        (Some(parts), _) if named => parts,
        (None, 4) if timed => digits.split_at(2),
        (None, 1 | 2) if named => (digits, "00"),
        _ => return None,
    };
    let (hours, minutes) = (small(hours)?, small(minutes)?);
    let known = hours < 24 && minutes < 60;
    known.then(|| SignedDuration::from_mins(i64::from(hours) * 60 + i64::from(minutes)))
}

/// Removes the time of day from either end (`10:30 pm yesterday`), or from before the year as C's `ctime` has it.
fn take_clock(words: &mut Vec<&str>) -> Option<Time> {
    let (at, (clock, used)) = (0..words.len()).find_map(|at| Some((at, clock(&words[at..])?)))?;
    let end = at + used;
    let start = match words[..at] {
        // `2026-01-02 - 10:00`; after anything else a sign would make it an offset without a time.
        [.., number, "-"] if is_digits(number) => at - 1,
        [.., "-" | "+"] => return None,
        _ => at,
    };
    let year = |word: &&str| word.len() == 4 && is_digits(word);
    if start > 0 && words.get(end).is_some_and(|next| !year(next)) {
        return None;
    }
    words.drain(start..end);
    Some(clock)
}

/// The time of day that opens these words, and how many of them it takes.
fn clock(words: &[&str]) -> Option<(Time, usize)> {
    let (time, half, used) = match *words {
        ["12", "noon", ..] => ("12", Some(12), 2),
        ["noon", ..] => ("12", Some(12), 1),
        ["12", "midnight", ..] => ("12", Some(0), 2),
        ["midnight", ..] => ("12", Some(0), 1),
        [time, "am", ..] => (time, Some(0), 2),
        [time, "pm", ..] => (time, Some(12), 2),
        [time, "a", "m", ..] => (time, Some(0), 3),
        [time, "p", "m", ..] => (time, Some(12), 3),
        [time, ..] => (time, None, 1),
        [] => return None,
    };
    let (whole, fraction) = time.split_once('.').unwrap_or((time, ""));
    let fields = whole.split(':').map(small).collect::<Option<Vec<i8>>>()?;
    let (hour, minute, second) = match *fields.as_slice() {
        [hour] if half.is_some() && fraction.is_empty() => (hour, 0, 0),
        [hour, minute] if fraction.is_empty() => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let hour = match half {
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
        None => hour,
    };
    let nanos = format!("{fraction:0<9.9}").parse().ok()?;
    Some((Time::new(hour, minute, second, nanos).ok()?, used))
}

/// What is counted from now, and keeps its time of day.
fn relative(words: &[&str], now: DateTime) -> Option<DateTime> {
    [moment, last_next, ago, ahead, arithmetic].iter().find_map(|form| form(words, now))
}

/// `today` is this very moment, as `now` is: not midnight.
fn moment(words: &[&str], now: DateTime) -> Option<DateTime> {
    let days = match *words {
        ["now" | "today"] => 0,
        ["yesterday"] => -1,
        ["tomorrow"] => 1,
        ["day", "before", "yesterday"] => -2,
        ["day", "after", "tomorrow"] => 2,
        _ => return None,
    };
    now.checked_add(Span::new().days(days)).ok()
}

fn last_next(words: &[&str], now: DateTime) -> Option<DateTime> {
    match *words {
        ["last", unit @ ("week" | "wk" | "month" | "mo" | "year" | "yr" | "decade")] => moved(now, &["1", unit], -1),
        ["next", unit @ ("week" | "wk" | "month" | "mo" | "year" | "yr" | "decade")] => moved(now, &["1", unit], 1),
        ["this", "minute" | "hour" | "week" | "wk" | "month" | "mo" | "year" | "yr"] => Some(now),
        _ => None,
    }
}

fn ago(words: &[&str], now: DateTime) -> Option<DateTime> {
    match words {
        [terms @ .., "ago"] if !terms.contains(&"w") => moved(now, terms, -1),
        _ => None,
    }
}

fn ahead(words: &[&str], now: DateTime) -> Option<DateTime> {
    match words {
        ["in", terms @ ..] => moved(now, terms, 1),
        [terms @ .., "from", "now"] if !terms.contains(&"w") => moved(now, terms, 1),
        _ => None,
    }
}

/// `now-1day`, `+2h`; a duration without a sign lies in the past.
fn arithmetic(words: &[&str], now: DateTime) -> Option<DateTime> {
    let terms = match words {
        ["now" | "today", "+" | "-", ..] => &words[1..],
        _ => words,
    };
    moved(now, terms, -1)
}

/// Adds durations (`1 hour 30 minutes`) to `now`: months first, with the day clamped to the month's end, then the rest.
fn moved(now: DateTime, mut terms: &[&str], unsigned: i32) -> Option<DateTime> {
    let (mut months, mut time) = (0_i32, SignedDuration::ZERO);
    let mut seen = [false; UNITS.len()];
    let mut last_sign = unsigned;
    if terms.is_empty() {
        return None;
    }
    while !terms.is_empty() {
        let (sign, rest) = match terms {
            // dateparser ignores a minus before a blank: the two readings agree in the past only.
            ["-", rest @ ..] if unsigned < 0 => (-1, rest),
            ["+", rest @ ..] => (1, rest),
            ["-", ..] => return None,
            // Nobody means `+1 day 2 hours` to go both ways, as it does there.
            _ if last_sign > unsigned => return None,
            rest => (unsigned, rest),
        };
        last_sign = sign;
        let [amount, unit, rest @ ..] = rest else {
            return None;
        };
        let amount = amount_of(amount)?;
        let at = UNITS.iter().position(|(names, _)| names.contains(unit))?;
        if std::mem::replace(&mut seen[at], true) {
            return None;
        }
        match UNITS[at].1 {
            Step::Months(count) => months = months.checked_add(amount.parse::<i32>().ok()?.checked_mul(count * sign)?)?,
            Step::Seconds(count) => {
                let seconds = amount.parse::<f64>().ok()? * f64::from(count * sign);
                time = time.checked_add(SignedDuration::try_from_secs_f64(seconds).ok()?)?;
            }
        }
        terms = rest;
    }
    let moved = now.checked_add(Span::new().try_months(months).ok()?).ok()?;
    moved.checked_add(time).ok()
}

/// The digits of a number, written out or not.
fn amount_of(word: &str) -> Option<Cow<'_, str>> {
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(word.into());
    }
    let number = match word {
        "a" | "an" => 1,
        word => (1..).zip(NUMBERS).find_map(|(number, name)| (name == word).then_some(number))?,
    };
    Some(number.to_string().into())
}

/// What names a day, and means its midnight.
fn calendar(words: &[&str], today: Date) -> Option<DateTime> {
    let date = weekday(words, today).or_else(|| {
        let parts = parts(words)?;
        iso(&parts, today).or_else(|| us_order(&parts, today)).or_else(|| worded(&parts, today))
    })?;
    Some(date.to_datetime(Time::midnight()))
}

/// The most recent such day, today included.
fn weekday(words: &[&str], today: Date) -> Option<Date> {
    let [word] = words else {
        return None;
    };
    let weekday = Weekday::from_monday_one_offset(named(&WEEKDAYS, word)?).ok()?;
    today.checked_sub(Span::new().days(today.weekday().since(weekday))).ok()
}

enum Part<'a> {
    Number(&'a str),
    Month(i8),
}

/// The numbers and month of a date; a weekday beside them says nothing new.
fn parts<'a>(words: &[&'a str]) -> Option<Vec<Part<'a>>> {
    let mut parts = Vec::new();
    let mut separable = false;
    for word in words {
        if matches!(*word, "-" | "/") {
            if !separable {
                return None;
            }
            separable = false;
            continue;
        }
        separable = true;
        let pieces = word.split('.').count();
        if is_digits(word) || pieces == 3 {
            parts.extend(word.split('.').map(Part::Number));
        } else if let Some(month) = named(&MONTHS, word) {
            parts.push(Part::Month(month));
        } else {
            named(&WEEKDAYS, word)?;
        }
    }
    separable.then_some(parts)
}

/// Year first: then nothing but month and day may follow.
fn iso(parts: &[Part], today: Date) -> Option<Date> {
    match *parts {
        [Part::Number(y)] if y.len() == 4 => date(y.parse().ok()?, today.month(), None, today),
        [Part::Number(y), Part::Number(m)] if y.len() == 4 => date(y.parse().ok()?, small(m)?, None, today),
        [Part::Number(y), Part::Number(m), Part::Number(d)] if y.len() == 4 => date(y.parse().ok()?, small(m)?, Some(d), today),
        _ => None,
    }
}

/// Month, day, year; day first only where the first number can't be a month.
fn us_order(parts: &[Part], today: Date) -> Option<Date> {
    let (a, b, y) = match *parts {
        [Part::Number(m), Part::Number(y)] if y.len() == 4 => return date(year(y)?, small(m)?, None, today),
        [Part::Number(a), Part::Number(b)] => (a, b, today.year()),
        [Part::Number(a), Part::Number(b), Part::Number(y)] => (a, b, year(y)?),
        _ => return None,
    };
    match small(a)? {
        m @ 1..=12 => date(y, m, Some(b), today),
        _ => date(y, small(b)?, Some(a), today),
    }
}

fn worded(parts: &[Part], today: Date) -> Option<Date> {
    match *parts {
        [Part::Month(m)] => date(today.year(), m, None, today),
        [Part::Month(m), Part::Number(n)] | [Part::Number(n), Part::Month(m)] => match n.len() {
            4 => date(year(n)?, m, None, today),
            _ => date(today.year(), m, Some(n), today),
        },
        [Part::Month(m), Part::Number(a), Part::Number(b)]
        | [Part::Number(a), Part::Month(m), Part::Number(b)]
        | [Part::Number(a), Part::Number(b), Part::Month(m)] => match a.len() {
            4 => date(year(a)?, m, Some(b), today),
            _ => date(year(b)?, m, Some(a), today),
        },
        _ => None,
    }
}

/// Without a day it is today's, or the last of a shorter month.
fn date(year: i16, month: i8, day: Option<&str>, today: Date) -> Option<Date> {
    let first = Date::new(year, month, 1).ok()?;
    let day = match day {
        Some(day) => small(day)?,
        None => today.day().min(first.days_in_month()),
    };
    Date::new(year, month, day).ok()
}

/// Two digits follow POSIX: 69 to 99 are of the last century. A leading zero would rather be an offset: `jan 2 -0500`.
fn year(text: &str) -> Option<i16> {
    let number: i16 = text.parse().ok()?;
    match (text.len(), number) {
        (4, 1000..) => Some(number),
        (2, ..69) => Some(2000 + number),
        (2, _) => Some(1900 + number),
        _ => None,
    }
}

fn millis(moment: DateTime) -> Option<i64> {
    let nanos = moment.duration_since(EPOCH).as_nanos();
    let ms = i64::try_from(nanos.div_euclid(1_000_000)).ok()?;
    (1..=9999).contains(&moment.year()).then_some(ms)
}

/// The position, from 1, of a name written out or as its first three letters.
fn named(names: &[&str], word: &str) -> Option<i8> {
    let word = match word {
        "sept" => "sep",
        "tues" => "tue",
        word => word,
    };
    (1..).zip(names).find_map(|(at, name)| (word == *name || word == &name[..3]).then_some(at))
}

fn small(text: &str) -> Option<i8> {
    if text.len() > 2 { None } else { text.parse().ok() }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[derive(Clone, Copy)]
enum Step {
    Months(i32),
    Seconds(i32),
}

const UNITS: [(&[&str], Step); 8] = [
    (&["s", "sec", "secs", "second", "seconds"], Step::Seconds(1)),
    (&["m", "min", "mins", "minute", "minutes"], Step::Seconds(60)),
    (&["h", "hr", "hrs", "hour", "hours"], Step::Seconds(3600)),
    (&["d", "day", "days"], Step::Seconds(86_400)),
    (&["w", "wk", "week", "weeks"], Step::Seconds(604_800)),
    (&["mo", "month", "months"], Step::Months(1)),
    (&["y", "yr", "year", "years"], Step::Months(12)),
    (&["decade", "decades"], Step::Months(120)),
];

const NUMBERS: [&str; 12] = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/// Hours ahead of UTC.
const ZONES: [(&[&str], i64); 16] = [
    (&["z", "utc", "gmt", "ut", "wet"], 0),
    (&["cet", "west"], 1),
    (&["cest", "eet"], 2),
    (&["eest", "msk"], 3),
    (&["jst", "kst"], 9),
    (&["aest"], 10),
    (&["aedt"], 11),
    (&["nzst"], 12),
    (&["nzdt"], 13),
    (&["edt"], -4),
    (&["est", "cdt"], -5),
    (&["cst", "mdt"], -6),
    (&["mst", "pdt"], -7),
    (&["pst", "akdt"], -8),
    (&["akst"], -9),
    (&["hst"], -10),
];

const FILLERS: [&str; 10] = ["t", "at", "on", "of", "the", "and", "about", "just", ",", "."];

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

const MAX_TEXT_BYTES: usize = 100;

#[cfg(test)]
mod tests;
