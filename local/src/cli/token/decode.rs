//! `jeton token decode`: what is in a token, and whether it can be trusted.

use std::fmt::Write as _;

use http::Method;
use serde_json::{Value, json};
use shared::api::agilicus::Rfc3339;
use shared::domain::{Secret, Timestamp};
use shared::jose::VerifyingKey;
use shared::jose::jwk::usable_from_json;
use shared::jose::jws::Compact;

use super::super::api::{Api, Sent, decoded};
use super::super::keys::KEY_SET;
use super::super::{Failure, print};
use super::{AsClient, introspected};

/// What came of one look at a token, and why.
struct Verdict {
    is_good: bool,
    why: String,
}

/// Whether a token can be trusted. A token that is no JWT has no signature: its record alone decides.
struct Verdicts {
    signature: Option<Verdict>,
    record: Verdict,
}

impl Verdicts {
    fn named(&self) -> impl Iterator<Item = (&'static str, &Verdict)> {
        self.signature.iter().map(|verdict| ("signature", verdict)).chain([("record", &self.record)])
    }
}

/// Shows a token and, unless it is `offline`, verifies it.
pub(super) async fn run(token: &Secret<String>, offline: bool, api: &Api) -> Result<(), Failure> {
    let contents = match token.expose().split('.').collect::<Vec<_>>()[..] {
        [header, claims, _] => decoded(header).zip(decoded(claims)),
        _ => None,
    };
    let verdicts = if offline { None } else { Some(verified(token, contents.is_some(), api).await) };
    let failed = match &verdicts {
        None => None,
        Some(Err(Failure::Refused(why) | Failure::Usage(why))) => Some(format!("nothing was verified: {why}")),
        Some(Ok(verdicts)) if verdicts.named().all(|(_, verdict)| verdict.is_good) => None,
        Some(Ok(_)) => Some("the token is not good".to_owned()),
    };
    let verdicts = verdicts.and_then(Result::ok);
    let named = verdicts.iter().flat_map(Verdicts::named);
    if api.json {
        let (header, claims) = contents.unzip();
        let mut shown = json!({ "header": header, "claims": claims, "verified": verdicts.is_some() });
        for (name, verdict) in named {
            shown[name] = json!({ "good": verdict.is_good, "detail": verdict.why });
        }
        print::out(&shown.to_string());
    } else {
        let mut text = contents.map_or_else(
            || "It is not a JWT, so there is nothing to decode: an opaque token or a refresh token, perhaps.\n".to_owned(),
            |(header, claims)| format!("header: {header:#}\nclaims: {claims:#}\n{}", moments(&claims)),
        );
        for (name, Verdict { is_good, why }) in named {
            let _ = writeln!(text, "{name}: {} ({why})", if *is_good { "good" } else { "not good" });
        }
        if offline {
            text.push_str("Nothing was verified.\n");
        }
        print::out(&print::printable(&text));
    }
    failed.map_or(Ok(()), |why| Err(Failure::Refused(why)))
}

/// The moments among the claims, which are seconds there, as people read them.
fn moments(claims: &Value) -> String {
    let moment = |name: &str| {
        let moment = Timestamp::from_ms(claims.get(name)?.as_i64()?.checked_mul(1_000)?);
        Some(format!("{name}: {}\n", Rfc3339(moment)))
    };
    ["iat", "nbf", "exp"].into_iter().filter_map(moment).collect()
}

/// Looks at the signature, by the published keys, and at the record, by asking for it.
async fn verified(token: &Secret<String>, is_jwt: bool, api: &Api) -> Result<Verdicts, Failure> {
    let keys = api.send(Method::GET, KEY_SET, Sent::default()).await?.into_good()?.json()?;
    let signature = if is_jwt { Some(signature(token.expose(), &keys, api.base())?) } else { None };
    let nobody = AsClient { client_id: None, secret_file: None };
    let record = match introspected(token, &nobody, api).await.and_then(|seen| seen.json()) {
        Ok(seen) if seen.get("active") == Some(&Value::Bool(false)) => {
            Verdict { is_good: false, why: "revoked, expired, of another org, or not of this service".to_owned() }
        }
        Ok(seen) if seen.get("token_use").is_some_and(|usage| usage == "refresh_token") => {
            Verdict { is_good: true, why: "active, but a refresh token, which opens nothing by itself".to_owned() }
        }
        Ok(_) => Verdict { is_good: true, why: "active".to_owned() },
        Err(Failure::Refused(why) | Failure::Usage(why)) => Verdict { is_good: false, why },
    };
    Ok(Verdicts { signature, record })
}

fn signature(token: &str, keys: &Value, place: &str) -> Result<Verdict, Failure> {
    let bad = |why: String| Ok(Verdict { is_good: false, why });
    let Some(jws) = Compact::parse(token) else { return bad("it is none that this service makes".to_owned()) };
    let set = usable_from_json(keys.to_string().as_bytes())
        .map_err(|rule| Failure::Refused(format!("the key set of {place} {rule}")))?;
    let claimed = jws.kid.as_deref().unwrap_or_default();
    let Some(jwk) = set.iter().find(|jwk| jwk.kid.as_str() == claimed) else {
        return bad(format!("{place} publishes no key {claimed}"));
    };
    match VerifyingKey::new(jwk) {
        Ok(key) if jws.is_signed_by(&key) => {
            Ok(Verdict { is_good: true, why: format!("{} by the key {claimed} of {place}", jwk.alg) })
        }
        Ok(_) | Err(_) => bad(format!("the key {claimed} of {place} has not made it")),
    }
}
