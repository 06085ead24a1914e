//! JWTs that others made (RFC 7519): proofs, assertions, tokens to exchange.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::domain::{ClaimName, Seconds, Timestamp};
use crate::encoding::strict_json;

/// The longest that is read, in bytes.
pub const MAX_TOKEN_BYTES: usize = 16_384;

/// How far the clock of who made it may be ahead of ours. FAPI 2.0 (section 5.3.2.1) wants 10 seconds to be taken, and more than 60 refused.
pub const AHEAD: Seconds = Seconds(30);

/// A JWT of which only the form is known: nothing in it can be trusted.
#[derive(Debug)]
pub enum Unverified {
    /// Nobody but its recipient can read it: RFC 7516.
    Encrypted,
    /// It claims to be signed.
    Signed(Claims),
    /// It doesn't even do that.
    Unsigned(Claims),
}

impl Unverified {
    /// Reads a token, or nothing if it isn't a JWT in compact form.
    pub fn read(token: &str) -> Option<Self> {
        let parts: Vec<_> = token.split('.').collect();
        let header = header(token)?;
        let alg = header.text("alg").ok()??;
        match parts[..] {
            [_, payload, signature] => {
                let claims = Claims::read(&URL_SAFE_NO_PAD.decode(payload).ok()?)?;
                let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
                let is_signed = !signature.is_empty() && !alg.eq_ignore_ascii_case("none");
                Some(if is_signed { Self::Signed(claims) } else { Self::Unsigned(claims) })
            }
            [_, _, _, _, _] if header.text("enc").ok()?.is_some() => Some(Self::Encrypted),
            _ => None,
        }
    }
}

/// The algorithm that a token claims, in whatever spelling.
pub fn algorithm(token: &str) -> Option<String> {
    header(token)?.text("alg").ok()?.map(str::to_owned)
}

/// The key that a token claims to be signed by: its `kid`.
pub fn kid(token: &str) -> Option<String> {
    header(token)?.text("kid").ok()?.map(str::to_owned)
}

/// The kind of token that a token claims to be: its `typ`.
pub fn typ(token: &str) -> Option<String> {
    header(token)?.text("typ").ok()?.map(str::to_owned)
}

/// The bytes of a part of a compact JWT.
pub fn decode_part(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

fn header(token: &str) -> Option<Claims> {
    let (header, _) = token.split_once('.').filter(|_| token.len() <= MAX_TOKEN_BYTES)?;
    Claims::read(&URL_SAFE_NO_PAD.decode(header).ok()?)
}

/// The claims of a JWT, each judged when it is asked for. `null` is the same as none.
#[derive(Clone)]
pub struct Claims(Map<String, Value>);

/// A claim is of another type than RFC 7519 section 4.1 has for it.
#[derive(Clone, Copy, Debug)]
pub struct WrongType;

impl Claims {
    /// Reads a payload: an object that names no member twice.
    pub fn read(payload: &[u8]) -> Option<Self> {
        strict_json::decode(payload).ok().map(Self)
    }

    /// A string, or an absolute URI that is spelled as one.
    ///
    /// # Errors
    /// [`WrongType`] if it is no string.
    pub fn text(&self, name: &str) -> Result<Option<&str>, WrongType> {
        self.given(name).map(|value| value.as_str().ok_or(WrongType)).transpose()
    }

    /// A `NumericDate`, rounded down to whole seconds.
    ///
    /// # Errors
    /// [`WrongType`] if it is no number.
    pub fn moment(&self, name: &str) -> Result<Option<Timestamp>, WrongType> {
        self.given(name).map(|value| numeric_date(value).ok_or(WrongType)).transpose()
    }

    /// The recipients: a string or a list of strings.
    ///
    /// # Errors
    /// [`WrongType`] if it is anything else.
    pub fn audiences(&self) -> Result<Vec<&str>, WrongType> {
        match self.given("aud") {
            None => Ok(Vec::new()),
            Some(Value::String(one)) => Ok(vec![one]),
            Some(Value::Array(several)) => several.iter().map(|one| one.as_str().ok_or(WrongType)).collect(),
            Some(_) => Err(WrongType),
        }
    }

    /// Whether it is still good: `exp` is to come. One without `exp` is good for ever.
    ///
    /// # Errors
    /// [`WrongType`] if `exp` is no number.
    pub fn has_not_expired(&self, now: Timestamp) -> Result<bool, WrongType> {
        Ok(self.moment("exp")?.is_none_or(|exp| now < exp))
    }

    /// Whether it is good already: neither `nbf` nor `iat` is further ahead than clocks differ.
    ///
    /// # Errors
    /// [`WrongType`] if `nbf` or `iat` is no number.
    pub fn has_begun(&self, now: Timestamp) -> Result<bool, WrongType> {
        let latest = now.plus(AHEAD);
        Ok([self.moment("nbf")?, self.moment("iat")?].into_iter().flatten().all(|start| start <= latest))
    }

    /// A claim of whatever type, as it is named in a condition: a top-level one, or one that a JSON Pointer leads to (RFC 6901).
    pub fn find(&self, name: &ClaimName) -> Option<&Value> {
        let Some(pointer) = name.as_str().strip_prefix('/') else { return self.given(name.as_str()) };
        let (first, rest) = pointer.split_at(pointer.find('/').unwrap_or(pointer.len()));
        let first = first.replace("~1", "/").replace("~0", "~");
        self.0.get(&first)?.pointer(rest).filter(|value| !value.is_null())
    }

    /// Returns all claims, with their names.
    pub fn as_members(&self) -> &Map<String, Value> {
        &self.0
    }

    /// A claim of whatever type.
    pub fn given(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// RFC 7519 section 2, no later than RFC 3339 can spell. Others write fractions.
fn numeric_date(value: &Value) -> Option<Timestamp> {
    #[expect(clippy::cast_possible_truncation, reason = "out of range it saturates, and is out of range")]
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds.floor() as i64))?;
    (0..=Timestamp::END_OF_TIME.as_secs()).contains(&seconds).then(|| Timestamp::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(json: &Value) -> Claims {
        Claims::read(json.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn rfc7519_4_1_claims_have_one_type_and_null_is_none() {
        let good = claims(&json!({"iss": "a", "exp": 1_800_000_000.9, "nbf": null, "aud": ["a", "b"]}));
        assert_eq!(good.text("iss").unwrap(), Some("a"));
        assert_eq!(good.moment("exp").unwrap(), Some(Timestamp::from_secs(1_800_000_000)));
        assert_eq!(good.moment("nbf").unwrap(), None);
        assert_eq!(good.audiences().unwrap(), ["a", "b"]);
        for bad in [json!("1800000000"), json!(-1), json!(1e300), json!(253_402_300_800_u64), json!([1]), json!(true)] {
            assert!(claims(&json!({"exp": bad})).moment("exp").is_err(), "{bad}");
        }
        for bad in [json!(1), json!(["a"]), json!({})] {
            assert!(claims(&json!({"iss": bad})).text("iss").is_err(), "{bad}");
        }
        for bad in [json!(1), json!({"a": 1}), json!(["a", 1])] {
            assert!(claims(&json!({"aud": bad})).audiences().is_err(), "{bad}");
        }
    }

    #[test]
    fn rfc6901_a_claim_is_found_by_its_name_or_by_a_pointer() {
        let claims = claims(&json!({
            "oidc.circleci.com/project-id": "p", "kubernetes.io": {"namespace": "prod", "pod": null},
            "https://sts.amazonaws.com/": {"aws_account": "1", "principal_tags": {"a/b": "x", "c~d": "y"}}, "list": ["e"], "none": null,
        }));
        for (name, value) in [
            ("oidc.circleci.com/project-id", Some(json!("p"))),
            ("/oidc.circleci.com~1project-id", Some(json!("p"))),
            ("/kubernetes.io/namespace", Some(json!("prod"))),
            ("/https:~1~1sts.amazonaws.com~1/aws_account", Some(json!("1"))),
            ("/https:~1~1sts.amazonaws.com~1/principal_tags/a~1b", Some(json!("x"))),
            ("/https:~1~1sts.amazonaws.com~1/principal_tags/c~0d", Some(json!("y"))),
            ("/list/0", Some(json!("e"))),
            ("kubernetes.io/namespace", None),
            ("kubernetes.io.namespace", None),
            ("/kubernetes.io/pod", None),
            ("/kubernetes/io", None),
            ("/list/1", None),
            ("none", None),
        ] {
            assert_eq!(claims.find(&name.parse().unwrap()), value.as_ref(), "{name}");
        }
    }

    #[test]
    fn a_jwt_is_signed_unsigned_or_encrypted() {
        let part = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let (hs, none) = (part(json!({"alg": "HS256"})), part(json!({"alg": "nOnE"})));
        let (jwe, payload) = (part(json!({"alg": "dir", "enc": "A128GCM"})), part(json!({"sub": "a"})));
        assert!(matches!(Unverified::read(&format!("{hs}.{payload}.AA")), Some(Unverified::Signed(_))));
        assert!(matches!(Unverified::read(&format!("{hs}.{payload}.")), Some(Unverified::Unsigned(_))));
        assert!(matches!(Unverified::read(&format!("{none}.{payload}.AA")), Some(Unverified::Unsigned(_))));
        assert!(matches!(Unverified::read(&format!("{jwe}..AA.AA.AA")), Some(Unverified::Encrypted)));
        let list = part(json!(["sub"]));
        for bad in [
            String::new(),
            "a.b.c".into(),
            format!("{hs}.{payload}"),
            format!("{hs}.{payload}.AA.AA"),
            format!("{hs}..AA.AA.AA"),
            format!("{hs}.{list}.AA"),
            format!("{payload}.{payload}.AA"),
            format!("{hs}.{payload}=.AA"),
            format!("{hs}.{payload}.AA{}", "A".repeat(MAX_TOKEN_BYTES)),
        ] {
            assert!(Unverified::read(&bad).is_none(), "{bad}");
        }
    }
}
