//! Which spellings of a URL name the same resource.

use std::fmt::Write as _;

use url::Url;

use crate::domain::Audience;

/// Finds the resource that is asked for: as it is spelled, else as URLs are compared after RFC 3986 sections 6.2.2 and 6.2.3.
///
/// The caller gets the spelling that is known, so that a verifier of the token need not know others.
pub(crate) fn find_resource<'a, R: AsRef<Audience>>(known: &'a [R], asked: &Audience) -> Option<&'a R> {
    known.iter().find(|known| known.as_ref() == asked).or_else(|| {
        let asked = normalized(asked)?;
        known.iter().find(|known| normalized(known.as_ref()).as_ref() == Some(&asked))
    })
}

/// Finds each of the resources that are asked for, once. `None` if one of them isn't known.
pub(super) fn find_resources(known: &[impl AsRef<Audience>], asked: &[Audience]) -> Option<Vec<Audience>> {
    let mut found = Vec::with_capacity(asked.len());
    for asked in asked {
        let resource = find_resource(known, asked)?.as_ref();
        if !found.contains(resource) {
            found.push(resource.clone());
        }
    }
    Some(found)
}

/// Says whether two texts name the same resource, as [`find_resource`] compares them.
pub(crate) fn names_same_resource(one: &Audience, other: &Audience) -> bool {
    find_resource(&[one], other).is_some()
}

/// Spells a URL as all that name the same resource are spelled. `None` for what is no http or https URL.
fn normalized(audience: &Audience) -> Option<String> {
    let url = Url::parse(audience.as_str()).ok().filter(|url| matches!(url.scheme(), "https" | "http"))?;
    let mut parts = url.as_str().split('%');
    let mut spelled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let rest = digits.map_or(part, |_| &part[2..]);
        let written = match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                write!(spelled, "{}{rest}", char::from(byte))
            }
            Some(byte) => write!(spelled, "%{byte:02X}{rest}"),
            None => write!(spelled, "%{rest}"),
        };
        written.ok()?;
    }
    Some(spelled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audiences(texts: &[&str]) -> Vec<Audience> {
        texts.iter().map(|text| Audience::parse(text).unwrap()).collect()
    }

    #[test]
    fn rfc3986_6_2_urls_that_name_the_same_resource_are_one_in_the_spelling_that_is_known() {
        let known = audiences(&["https://api.example", "https://api.example/a~b/%2Fc", "urn:shop:api", "https://api.example/x/"]);
        for (asked, found) in [
            ("https://api.example", 0),
            ("https://api.example/", 0),
            ("HTTPS://API.Example", 0),
            ("https://api.example:443/", 0),
            ("https://api.example/x/..", 0),
            ("https://api.example/a%7eb/%2fc", 1),
            ("urn:shop:api", 2),
            ("https://api.example/x/", 3),
        ] {
            assert_eq!(find_resources(&known, &audiences(&[asked])), Some(vec![known[found].clone()]), "{asked}");
        }
        let others = [
            "http://api.example",
            "https://api.example:444",
            "https://api.example/x",
            "https://api.example/A~b/%2Fc",
            "urn:shop:API",
        ];
        for other in others.into_iter().chain(["https://api.example/a~b//c", "https://api.example/?", "https://api.example/%zz"])
        {
            assert_eq!(find_resources(&known, &audiences(&[other])), None, "{other}");
        }
    }

    #[test]
    fn a_resource_that_is_asked_for_in_two_spellings_is_one() {
        let known = audiences(&["https://api.example", "https://b.example"]);
        let asked = audiences(&["https://b.example/", "https://api.example/", "https://b.example"]);
        assert_eq!(find_resources(&known, &asked), Some(audiences(&["https://b.example", "https://api.example"])));
    }
}
