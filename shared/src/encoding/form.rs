//! Form-encoded parameters: `application/x-www-form-urlencoded`, in a query or a body.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use super::unknown_name;
use crate::domain::Refusal;

/// What a name and a value must be. A NUL means the end of the text to some programs behind this one.
const ENCODING_RULE: &str = "must be form-encoded UTF-8 without NUL";

/// Parameters by name, decoded exactly once. An empty value is the same as none.
#[derive(Default)]
pub struct Parameters {
    values: BTreeMap<String, Vec<String>>,
    /// The names that were asked for.
    known: Vec<&'static str>,
}

/// Shows the names alone: a value may be a secret.
impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl Parameters {
    const MAX_PARAMETERS: usize = 200;
    const MAX_NAME_BYTES: usize = 256;
    /// The longest value, in bytes, of a parameter that is no token.
    pub const MAX_VALUE_BYTES: usize = 4_000;

    /// Reads a query or a body: a blank may be `+` or `%20`, what follows a `%` must be two hex digits, and all must be UTF-8.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], which names the parameter that is malformed or too long, or says that there are too many.
    pub fn read(encoded: &str) -> Result<Self, Refusal> {
        Self::read_up_to(Self::MAX_VALUE_BYTES, encoded)
    }

    /// Does the same as [`read`](Self::read), with values of up to `longest` bytes.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], as from [`read`](Self::read).
    pub fn read_up_to(longest: usize, encoded: &str) -> Result<Self, Refusal> {
        Self::read_within(|_| longest, encoded)
    }

    /// Does the same as [`read`](Self::read), with values of up to as many bytes as `longest` returns for a parameter's name.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], as from [`read`](Self::read).
    pub fn read_within(longest: impl Fn(&str) -> usize, encoded: &str) -> Result<Self, Refusal> {
        let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let pairs = encoded.split('&').filter(|pair| !pair.is_empty());
        for (count, pair) in pairs.enumerate() {
            if count >= Self::MAX_PARAMETERS {
                return Err(Refusal::invalid("", "must have at most 200 parameters"));
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name).ok_or_else(|| Refusal::invalid("", ENCODING_RULE))?;
            if name.len() > Self::MAX_NAME_BYTES {
                return Err(Refusal::invalid("", "must have no parameter with a name of more than 256 bytes"));
            }
            let Some(value) = decode(value) else { return Err(Refusal::invalid(name, ENCODING_RULE)) };
            let longest = longest(&name);
            if value.len() > longest {
                return Err(Refusal::invalid(name, format!("must be at most {longest} bytes")));
            }
            parameters.entry(name).or_default().push(value);
        }
        Ok(Self { values: parameters, known: Vec::new() })
    }

    /// Whether there is a parameter of this name. One without a value counts as left out: RFC 6749 section 3.1.
    pub fn has(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|values| values.iter().any(|value| !value.is_empty()))
    }

    /// Iterates over the names of parameters that were given more than once.
    pub fn repeated(&self) -> impl Iterator<Item = &str> {
        self.values.iter().filter(|(_, values)| values.len() > 1).map(|(name, _)| name.as_str())
    }

    /// Takes the value of a parameter that may be given only once.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if it was given more than once.
    pub fn remove(&mut self, name: &'static str) -> Result<Option<String>, Refusal> {
        self.known.push(name);
        let values = self.values.remove(name).unwrap_or_default();
        match <[String; 1]>::try_from(values) {
            Ok([value]) => Ok(Some(value).filter(|value| !value.is_empty())),
            Err(values) if values.is_empty() => Ok(None),
            Err(_) => Err(Refusal::invalid(name, "must be given only once")),
        }
    }

    /// Takes the values of a parameter that may be repeated.
    pub fn remove_all(&mut self, name: &'static str) -> Vec<String> {
        self.known.push(name);
        self.values.remove(name).unwrap_or_default().into_iter().filter(|value| !value.is_empty()).collect()
    }

    /// Refuses a parameter that nobody has asked for: a misspelled one would be lost silently.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] that names it, and the one that it resembles.
    pub fn refuse_unknown(&self) -> Result<(), Refusal> {
        match self.values.keys().next() {
            Some(name) => Err(Refusal::invalid(name.clone(), unknown_name("parameter", name, self.known.iter().copied()))),
            None => Ok(()),
        }
    }

    /// Returns all parameters in the order of their names, each with its values that aren't empty.
    pub fn into_values(self) -> impl Iterator<Item = (String, Vec<String>)> {
        let filled = |(name, mut values): (_, Vec<String>)| {
            values.retain(|value| !value.is_empty());
            (!values.is_empty()).then_some((name, values))
        };
        self.values.into_iter().filter_map(filled)
    }

    /// Takes and parses the value of a parameter that may be given only once.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if it was given more than once, or breaks the rule of `T`.
    pub fn parse<T: std::str::FromStr<Err = crate::domain::Invalid>>(
        &mut self,
        name: &'static str,
    ) -> Result<Option<T>, Refusal> {
        self.remove(name)?
            .map(|text| text.parse())
            .transpose()
            .map_err(|rule: crate::domain::Invalid| Refusal::invalid(name, rule.0))
    }

    /// Takes a whole number in `range`.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if it was given more than once, or is no number in `range`.
    pub fn number(&mut self, name: &'static str, range: std::ops::RangeInclusive<usize>) -> Result<Option<usize>, Refusal> {
        let Some(text) = self.remove(name)? else { return Ok(None) };
        let number = text.parse().ok().filter(|number| text.bytes().all(|b| b.is_ascii_digit()) && range.contains(number));
        let rule = || Refusal::invalid(name, format!("must be a whole number from {} to {}", range.start(), range.end()));
        number.map(Some).ok_or_else(rule)
    }

    /// Takes `true`, `false`, `1` or `0`, in any case, as Python writes `True`.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if it was given more than once, or is none of these.
    pub fn flag(&mut self, name: &'static str) -> Result<Option<bool>, Refusal> {
        let Some(text) = self.remove(name)? else { return Ok(None) };
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(Some(true)),
            "false" | "0" => Ok(Some(false)),
            _ => Err(Refusal::invalid(name, "must be true or false")),
        }
    }
}

/// Decodes one name or value of a form. `None`: it is malformed or has a NUL.
pub fn decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let malformed = |at: usize| !bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    if bytes.iter().enumerate().any(|(at, &b)| b == b'%' && malformed(at)) {
        return None;
    }
    let text = if text.contains('+') { Cow::Owned(text.replace('+', " ")) } else { Cow::Borrowed(text) };
    percent_decode(&text)
}

/// Decodes percent-encoded text, in which a plus is a plus. `None`: it isn't UTF-8 or has a NUL.
pub fn percent_decode(text: &str) -> Option<String> {
    percent_encoding::percent_decode_str(text).decode_utf8().ok().filter(|text| !text.contains('\0')).map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_decoded_exactly_once() {
        let mut p = Parameters::read("a=1+day%20ago&b=a%2Bb&c=a%2520b&d=&e").unwrap();
        assert_eq!(p.remove("a").unwrap().as_deref(), Some("1 day ago"));
        assert_eq!(p.remove("b").unwrap().as_deref(), Some("a+b"));
        assert_eq!(p.remove("c").unwrap().as_deref(), Some("a%20b"));
        assert_eq!((p.remove("d").unwrap(), p.remove("e").unwrap(), p.remove("f").unwrap()), (None, None, None));
    }

    #[test]
    fn malformed_encoding_is_refused() {
        for bad in ["a=%", "a=%2", "a=%zz", "a=%C3%28", "%ff=1", "a=x%00", "%00=1"] {
            assert!(Parameters::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_parameter_stands_once_unless_it_may_repeat() {
        let mut p = Parameters::read("a=1&a=1&s=x&s=&s=y").unwrap();
        assert!(p.remove("a").is_err());
        assert_eq!(p.remove_all("s"), ["x", "y"]);
    }

    #[test]
    fn an_unknown_parameter_is_named_with_the_one_that_it_resembles() {
        for (query, field, rule) in [
            ("limit=1&afer=x", "afer", "is not a known parameter (did you mean \"after\"?)"),
            ("limit=1&subject=x", "subject", "is not a known parameter"),
            ("x=", "x", "is not a known parameter"),
        ] {
            let mut p = Parameters::read(query).unwrap();
            assert!(p.remove("limit").is_ok() && p.remove_all("after").is_empty());
            assert_eq!(p.refuse_unknown(), Err(Refusal::invalid(field, rule)));
        }
        let mut p = Parameters::read("after=x&limit=").unwrap();
        assert!(p.remove("after").is_ok() && p.remove("limit").is_ok());
        assert_eq!(p.refuse_unknown(), Ok(()));
    }

    #[test]
    fn flags_and_numbers_have_few_spellings() {
        let mut p = Parameters::read("a=True&b=FALSE&c=1&d=maybe&e=5&f=%2B5&g=101&h=-1").unwrap();
        assert_eq!((p.flag("a"), p.flag("b"), p.flag("c")), (Ok(Some(true)), Ok(Some(false)), Ok(Some(true))));
        assert!(p.flag("d").is_err());
        assert_eq!(p.number("e", 1..=100), Ok(Some(5)));
        assert!(p.number("f", 1..=100).is_err() && p.number("g", 1..=100).is_err() && p.number("h", 1..=100).is_err());
    }
}
