//! Doc comments that say something: a newcomer learns nothing from "The token." above a field named `token`.

use syn::parse::{ParseStream, Parser as _};
use syn::token::{Brace, Bracket, Paren};
use syn::{Attribute, Expr, Item, Lit, Meta, Token, braced, bracketed, parenthesized};

use super::map::is_test;
use super::{root, sources};

/// The first paragraphs of all doc comments outside of tests: of whatever has one, inside of macros, too.
fn first_paragraphs(input: ParseStream<'_>, found: &mut Vec<String>) -> syn::Result<()> {
    while !input.is_empty() {
        let attributes = input.fork().call(Attribute::parse_outer).unwrap_or_default();
        if input.peek(Token![#]) && input.peek2(Token![!]) {
            input.call(Attribute::parse_inner)?;
        } else if !attributes.is_empty() {
            input.call(Attribute::parse_outer)?;
            let lines = attributes.iter().filter_map(doc).collect::<Vec<_>>();
            let paragraph = lines.iter().map(|line| line.trim()).take_while(|line| !line.is_empty()).collect::<Vec<_>>();
            found.extend((!paragraph.is_empty()).then(|| paragraph.join(" ")));
            if is_test(&attributes) && input.fork().parse::<Item>().is_ok() {
                input.parse::<Item>()?;
            }
        } else if input.peek(Brace) || input.peek(Bracket) || input.peek(Paren) {
            let inner;
            if input.peek(Brace) {
                braced!(inner in input);
            } else if input.peek(Bracket) {
                bracketed!(inner in input);
            } else {
                parenthesized!(inner in input);
            }
            first_paragraphs(&inner, found)?;
        } else {
            input.step(|cursor| cursor.token_tree().map(|(_, rest)| ((), rest)).ok_or_else(|| cursor.error("a token")))?;
        }
    }
    Ok(())
}

/// What an attribute says, if it is a line of a doc comment.
fn doc(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(doc) = &attribute.meta else { return None };
    let Expr::Lit(text) = &doc.value else { return None };
    let Lit::Str(text) = &text.lit else { return None };
    doc.path.is_ident("doc").then(|| text.value())
}

#[test]
fn every_doc_comment_has_more_than_three_words() {
    let (mut all, mut short) = (0, Vec::new());
    for (file, text) in ["shared/src", "functions", "local/src", "crates"].iter().flat_map(|folder| sources(&root().join(folder)))
    {
        if file.contains("tests") {
            continue;
        }
        let mut found = Vec::new();
        (|input: ParseStream<'_>| first_paragraphs(input, &mut found)).parse_str(&text).unwrap_or_else(|e| panic!("{file}: {e}"));
        all += found.len();
        let few = found.into_iter().filter(|text| text.split_whitespace().count() <= 3);
        short.extend(few.map(|text| format!("{file}: {text}")));
    }
    assert!(all > 2_000, "only {all} were found");
    assert!(short.is_empty(), "{}", short.join("\n"));
}
