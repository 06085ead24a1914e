//! Doc comments that say something: a newcomer learns nothing from "The token." above a field named `token`.

use super::{root, sources};

/// The first paragraphs of at most three words, with their places. Tests may be shorter.
fn short_docs() -> Vec<String> {
    let mut short = Vec::new();
    for folder in ["shared/src", "functions", "local/src", "crates"] {
        for (file, text) in sources(&root().join(folder)) {
            let lines: Vec<&str> = text.split("#[cfg(test)]").next().unwrap_or_default().lines().map(str::trim).collect();
            for (number, line) in lines.iter().enumerate() {
                let Some(text) = line.strip_prefix("/// ") else { continue };
                let begins = number == 0 || !lines[number - 1].starts_with("///");
                let ends = lines.get(number + 1).is_none_or(|next| !next.starts_with("///") || *next == "///");
                if begins && ends && text.split_whitespace().count() <= 3 {
                    short.push(format!("{file}:{}: {text}", number + 1));
                }
            }
        }
    }
    short
}

#[test]
fn every_doc_comment_has_more_than_three_words() {
    let short: Vec<String> = short_docs().into_iter().filter(|place| !place.contains("tests")).collect();
    assert!(short.is_empty(), "{}", short.join("\n"));
}
