//! Conditional requests: RFC 9110 section 13.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD;
use http::{HeaderName, header};
use serde::Serialize;

use super::{FromRequest, Request};
use crate::domain::{Error, Refusal};
use crate::encoding::json;
use crate::jose::sha256;

/// The `If-None-Match` header: which answers the caller has already. An endpoint that does not take this answers in full.
#[derive(Debug, Default)]
pub struct IfNoneMatch(Vec<String>);

impl FromRequest for IfNoneMatch {
    // Documents are the same for everybody: a query only tells caches apart.
    const ACCEPTS_QUERY: bool = true;

    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        Ok(Self(lists(request, &header::IF_NONE_MATCH)))
    }
}

impl IfNoneMatch {
    /// Whether the caller has the answer of this entity tag, which is given with its quotes: RFC 9110 section 13.1.2.
    pub(in crate::api) fn has(&self, tag: &str) -> bool {
        self.0.iter().any(|list| list.trim() == ANY || tags(list).any(|(_, known)| known == tag))
    }
}

/// The conditions of a request that changes something: `If-Match` and `If-None-Match`. An endpoint that does not take this changes
/// it whatever it is like.
#[derive(Debug, Default)]
pub struct Preconditions {
    if_match: Vec<String>,
    if_none_match: IfNoneMatch,
}

impl FromRequest for Preconditions {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        let if_none_match = IfNoneMatch::from_request(request)?;
        Ok(Self { if_match: lists(request, &header::IF_MATCH), if_none_match })
    }
}

impl Preconditions {
    /// Whether the request has no conditions.
    pub fn is_empty(&self) -> bool {
        self.if_match.is_empty() && self.if_none_match.0.is_empty()
    }

    /// Checks that what a `GET` would answer now, if anything is there, is as the conditions have it: RFC 9110 section 13.2.2.
    ///
    /// # Errors
    /// [`Refusal::PreconditionFailed`], if it isn't.
    pub fn check(&self, there: Option<&impl Serialize>) -> Result<(), Error> {
        if self.is_empty() {
            return Ok(());
        }
        let tag = there.map(json::write).transpose()?.map(|body| entity_tag(&body));
        // Section 13.1.1, "strong comparison": a weak tag matches nothing.
        let is_it = |list: &String| {
            let is_named = |tag: &String| list.trim() == ANY || tags(list).any(|(is_weak, known)| !is_weak && known == tag);
            tag.as_ref().is_some_and(is_named)
        };
        if !self.if_match.is_empty() && !self.if_match.iter().any(is_it) {
            return Err(Refusal::PreconditionFailed { header: "If-Match" }.into());
        }
        if tag.is_some_and(|tag| self.if_none_match.has(&tag)) {
            return Err(Refusal::PreconditionFailed { header: "If-None-Match" }.into());
        }
        Ok(())
    }
}

/// Computes the entity tag of a body, with its quotes. It is a strong one: another body has another tag (RFC 9110 section 8.8.1).
pub(super) fn entity_tag(body: &[u8]) -> String {
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(sha256(body)))
}

/// Stands for whatever is there.
const ANY: &str = "*";

/// The values of a header that may be given several times. What isn't text names nothing that we have.
fn lists(request: &Request<'_>, name: &HeaderName) -> Vec<String> {
    request.parts.headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default().to_owned()).collect()
}

/// The entity tags of a list, each with whether it is weak: section 8.8.3. The list ends where it can't be read.
fn tags(list: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let weak = rest.strip_prefix("W/");
        let quoted = weak.unwrap_or(rest);
        // A comma can be in a tag, a quote can't.
        let end = quoted.strip_prefix('"')?.find('"')? + 2;
        let (tag, behind) = quoted.split_at(end);
        rest = behind;
        Some((weak.is_some(), tag))
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

    fn check(if_match: &[&str], if_none_match: &[&str], there: Option<&str>) -> Result<(), &'static str> {
        let lists = |lists: &[&str]| lists.iter().map(|list| (*list).to_owned()).collect::<Vec<_>>();
        let conditions = Preconditions { if_match: lists(if_match), if_none_match: IfNoneMatch(lists(if_none_match)) };
        conditions.check(there.as_ref()).map_err(|error| {
            let Error::Refused(Refusal::PreconditionFailed { header }) = error else { panic!("{error:?}") };
            header
        })
    }

    #[test]
    fn rfc9110_13_1_1_a_change_happens_only_to_what_was_seen() {
        let tag = entity_tag(b"\"a\"");
        let list = format!("\"x\", {tag}");
        for good in [&[&*tag][..], &[&*list], &["*"], &["\"x\"", &*tag]] {
            assert_eq!(check(good, &[], Some("a")), Ok(()), "{good:?}");
            assert_eq!(check(good, &[], None), Err("If-Match"), "{good:?}: nothing is there");
        }
        let weak = format!("W/{tag}");
        for bad in ["\"x\"", &*weak, "", "x", "**"] {
            assert_eq!(check(&[bad], &[], Some("a")), Err("If-Match"), "{bad}");
        }
        assert_eq!(check(&[], &[], Some("a")), Ok(()));
    }

    #[test]
    fn rfc9110_13_1_2_a_star_means_that_nothing_may_be_there() {
        let tag = entity_tag(b"\"a\"");
        for there in ["*", &*tag] {
            assert_eq!(check(&[], &[there], Some("a")), Err("If-None-Match"), "{there}");
            assert_eq!(check(&[], &[there], None), Ok(()), "{there}");
        }
        assert_eq!(check(&[], &["\"x\""], Some("a")), Ok(()));
    }
}
