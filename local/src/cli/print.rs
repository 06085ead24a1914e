//! Output for people: tables, and one field a line. Output for programs is JSON as the API answered it.

use std::io::{Read as _, Write as _};
use std::path::Path;

use serde_json::Value;
use shared::domain::Secret;

use super::Failure;

/// Writes to standard output. A reader that has gone, such as `head`, has what it wanted.
pub(super) fn out(text: &str) {
    let mut output = std::io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| if text.ends_with('\n') { Ok(()) } else { output.write_all(b"\n") });
    let _ = output.flush();
}

/// Writes a note for people to standard error, so that it isn't in the way of what is piped on.
pub(super) fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", printable(text));
}

/// Returns rows as a table with these fields as columns. Only the last column may be as wide as it likes, so it isn't padded.
pub(super) fn table(columns: &[&str], rows: &[Value]) -> String {
    let head = columns.iter().map(|column| column.to_uppercase()).collect();
    let row = |row: &Value| columns.iter().map(|column| cell(row.get(column).unwrap_or(&Value::Null))).collect::<Vec<_>>();
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(rows.iter().map(row)).collect();
    aligned(&lines)
}

/// Returns an object as lines of name and value, with a dot between the names of objects within it.
pub(super) fn fields(object: &Value) -> String {
    let mut found = Vec::new();
    collect("", object, &mut found);
    let rank = |name: &str| FIRST.iter().position(|first| *first == name).unwrap_or(FIRST.len());
    found.sort_by(|a, b| (rank(&a[0]), &a[0]).cmp(&(rank(&b[0]), &b[0])));
    aligned(&found)
}

/// What somebody looks for first, and so stands first.
const FIRST: [&str; 5] = ["id", "jti", "sub", "org", "name"];

fn collect(path: &str, value: &Value, found: &mut Vec<Vec<String>>) {
    let Some(members) = value.as_object().filter(|members| !members.is_empty() || path.is_empty()) else {
        found.push(vec![printable(path), cell(value)]);
        return;
    };
    for (name, value) in members {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        collect(&path, value, found);
    }
}

fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let padded = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(padded.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// A value in a cell: texts as they are, lists of texts with blanks between them.
fn cell(value: &Value) -> String {
    let words = |values: &[Value]| values.iter().map(Value::as_str).collect::<Option<Vec<_>>>().map(|words| words.join(" "));
    printable(&match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => words(values).unwrap_or_else(|| value.to_string()),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    })
}

/// A text that can't command the terminal: what others have named may hold anything.
pub(super) fn printable(text: &str) -> String {
    let escaped = |character: char| match character {
        '\n' => "\n".to_owned(),
        _ if character.is_control() => character.escape_default().to_string(),
        _ => character.to_string(),
    };
    text.chars().map(escaped).collect()
}

/// Reads a file, or standard input where its name is `-`, without the blanks around it.
pub(super) fn read(file: &Path) -> Result<Secret<String>, Failure> {
    let read = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    let name = file.display();
    let text = Secret::new(read.map_err(|error| Failure::Usage(format!("can't read {name}: {error}")))?);
    match text.expose().trim() {
        "" => Err(Failure::Usage(format!("can't read {name}: it is empty"))),
        trimmed => Ok(Secret::new(trimmed.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_has_a_column_for_each_field_and_a_blank_cell_for_what_is_absent() {
        let rows = [json!({"sub": "ann", "scopes": ["a", "b"], "n": 1}), json!({"sub": "robert", "more": true})];
        assert_eq!(table(&["sub", "n", "scopes"], &rows), "SUB     N  SCOPES\nann     1  a b\nrobert\n");
        assert_eq!(table(&["sub", "org"], &[]), "SUB  ORG\n");
    }

    #[test]
    fn fields_stand_in_order_and_those_of_inner_objects_behind_a_dot() {
        let object = json!({"b": {"y": [1, {"z": 2}], "x": "1"}, "a": {}, "org": "1", "sub": null});
        assert_eq!(fields(&object), "sub\norg  1\na    {}\nb.x  1\nb.y  [1,{\"z\":2}]\n");
    }

    #[test]
    fn nothing_that_is_printed_commands_the_terminal() {
        let text = fields(&json!({"na\u{1b}me": "\u{1b}[2J\u{9b}x\u{7f}\r"}));
        assert!(!text.chars().any(|character| character.is_control() && character != '\n'), "{text:?}");
    }
}
