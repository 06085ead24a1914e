//! Conditional requests: RFC 9110 section 13.

use http::header;

use super::{FromRequest, Request};
use crate::domain::Refusal;

/// The `If-None-Match` header: which answers the caller has already. An endpoint that does not take this answers in full.
#[derive(Debug, Default)]
pub struct IfNoneMatch(Vec<String>);

impl FromRequest for IfNoneMatch {
    // Documents are the same for everybody: a query only tells caches apart.
    const ACCEPTS_QUERY: bool = true;

    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        let values = request.parts.headers.get_all(header::IF_NONE_MATCH).iter();
        // What isn't text names nothing that we have.
        Ok(Self(values.filter_map(|value| value.to_str().ok()).map(str::to_owned).collect()))
    }
}

impl IfNoneMatch {
    /// Whether the caller has the answer of this entity tag, which is given with its quotes: RFC 9110 section 13.1.2.
    pub(in crate::api) fn has(&self, tag: &str) -> bool {
        self.0.iter().any(|list| list.trim() == "*" || tags(list).any(|known| known == tag))
    }
}

/// The entity tags of a list, without their weakness: section 8.8.3.2, "weak comparison". The list ends where it can't be read.
fn tags(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let quoted = rest.strip_prefix("W/").unwrap_or(rest);
        // A comma can be in a tag, a quote can't.
        let end = quoted.strip_prefix('"')?.find('"')? + 2;
        let (tag, behind) = quoted.split_at(end);
        rest = behind;
        Some(tag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(lists: &[&str], tag: &str) -> bool {
        IfNoneMatch(lists.iter().map(|list| (*list).to_owned()).collect()).has(tag)
    }

    #[test]
    fn rfc9110_13_1_2_any_tag_of_the_list_matches_be_it_weak() {
        for list in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "\"b\",W/\"a\"", " , \"b,\" ,\t\"a\"", "*", " * "] {
            assert!(has(&[list], "\"a\""), "{list}");
        }
        assert!(has(&["\"b\"", "\"a\""], "\"a\""), "the header is there twice");
    }

    #[test]
    fn what_is_no_tag_of_ours_matches_nothing() {
        for list in
            ["", "\"b\"", "a", "'a'", "\"A\"", "\"ab\"", "w/\"a\"", "W/ \"a\"", "\"b, \"", "b, \"a\"", "\"a", "\"*\"", "**"]
        {
            assert!(!has(&[list], "\"a\""), "{list}");
        }
        assert!(!has(&[], "\"a\""));
    }
}
