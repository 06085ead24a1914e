//! User codes: what a person types to find what their device asks for (RFC 8628 section 6.1).

use std::str::FromStr;

use crate::domain::{Entropy, Fault, Invalid, OrgId, Secret, UserCodeKey};
use crate::jose::sha256;

/// The letters of a code: no vowels, so that no words come of it.
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const LETTERS: usize = 8;

/// A user code, of which there are 2.6 · 10¹⁰. It is shown in two halves.
#[derive(Clone, Debug)]
pub struct UserCode(Secret<String>);

impl UserCode {
    /// Draws the letters of a code.
    ///
    /// # Errors
    /// A [`Fault`] if there is no randomness.
    pub(super) fn generate(entropy: &dyn Entropy) -> Result<Self, Fault> {
        let mut letters = String::with_capacity(LETTERS);
        while letters.len() < LETTERS {
            let mut bytes = [0; 2 * LETTERS];
            entropy.fill(&mut bytes)?;
            // What is beyond the last whole alphabet would make some letters likelier than others.
            let fair = bytes.iter().filter(|byte| usize::from(**byte) < 256 / ALPHABET.len() * ALPHABET.len());
            let drawn = fair.map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
            letters.extend(drawn.take(LETTERS - letters.len()));
        }
        Ok(Self(Secret::new(letters)))
    }

    /// Returns where the assignment of the code is kept in an org.
    pub(super) fn key(&self, org: &OrgId) -> UserCodeKey {
        UserCodeKey { org: org.clone(), hash: sha256(self.0.expose().as_bytes()) }
    }

    /// Returns the letters of the code, without the hyphen.
    pub fn letters(&self) -> &str {
        self.0.expose()
    }

    /// Returns the code as the device shows it: `WDJB-MJHT`.
    pub fn expose(&self) -> String {
        let (first, second) = self.0.expose().split_at(LETTERS / 2);
        format!("{first}-{second}")
    }
}

impl FromStr for UserCode {
    type Err = Invalid;

    /// Reads a code as a person types it: neither case nor hyphens nor blanks count.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be a user code");
        let typed = text.chars().filter(|c| !matches!(c, ' ' | '-'));
        let letters: String = typed.map(|c| c.to_ascii_uppercase()).take(LETTERS + 1).collect();
        let is_code = letters.len() == LETTERS && letters.bytes().all(|letter| ALPHABET.contains(&letter));
        is_code.then(|| Self(Secret::new(letters))).ok_or(RULE)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::Seeded;

    #[test]
    fn rfc8628_6_1_a_code_is_read_however_a_person_types_it() {
        let org = OrgId::parse("1").unwrap();
        let key = |text: &str| text.parse().map(|code: UserCode| code.key(&org));
        let code: UserCode = "WDJB-MJHT".parse().unwrap();
        assert_eq!(code.expose(), "WDJB-MJHT");
        for same in ["WDJBMJHT", "wdjb mjht", " w-d-j-b-m-j-h-t ", "wDjB--MjHt"] {
            assert_eq!(key(same), Ok(code.key(&org)), "{same}");
        }
        for bad in ["", "WDJB-MJH", "WDJB-MJHTT", "WDJB-MJHA", "WDJB_MJHT", "WDJB-MJH\u{0422}", "ＷDJB-MJHT"] {
            assert!(key(bad).is_err(), "{bad}");
        }
        assert_ne!(key("WDJB-MJHT"), key("WDJB-MJHX"));
        assert_ne!(code.key(&org), code.key(&OrgId::parse("2").unwrap()));
    }

    #[test]
    fn a_drawn_code_has_every_letter_of_the_alphabet_and_no_other() {
        let entropy = Seeded::new(7);
        let mut letters = BTreeSet::new();
        let mut codes = BTreeSet::new();
        for _ in 0..200 {
            let code = UserCode::generate(&entropy).unwrap().expose();
            assert_eq!((code.len(), code.as_bytes()[4]), (9, b'-'));
            letters.extend(code.bytes().filter(|letter| *letter != b'-'));
            codes.insert(code);
        }
        assert_eq!(codes.len(), 200);
        assert_eq!(letters, ALPHABET.iter().copied().collect());
    }
}
