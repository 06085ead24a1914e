//! Security event tokens (RFC 8417) as receivers of OpenID Shared Signals get them: what is kept of one until then, and what is signed.

use serde_json::{Map, Value, json};

use super::subject_identifier;
use crate::domain::{Audience, Fault, Issuer, PendingSignal, SubjectIdentifier};

/// The `typ` in the header of a token: RFC 8417 section 2.3.
pub const TYPE: &str = "secevent+jwt";

/// Writes the claims of a token that never change: whom it is about, the one event with its members, and what it was caused by, if that has
/// a name (`txn`, RFC 8417 section 2.2). A token has no more than one event (CAEP Interoperability Profile section 2.8.1).
pub fn claims(subject: &SubjectIdentifier, event: &str, members: Map<String, Value>, txn: Option<&str>) -> String {
    let events = Map::from_iter([(event.to_owned(), Value::Object(members))]);
    let mut claims = json!({"sub_id": subject_identifier::to_json(subject), "events": events});
    if let Some(txn) = txn {
        claims["txn"] = txn.into();
    }
    claims.to_string()
}

/// Writes what is signed. The claims `sub` and `exp` are never there: OpenID Shared Signals Framework 1.0 section 4.1.
///
/// # Errors
/// A [`Fault`] if what is kept of the signal isn't what [`claims`] has written.
pub fn payload(signal: &PendingSignal, issuer: &Issuer, audience: &Audience) -> Result<Vec<u8>, Fault> {
    let unreadable = |error| Fault::internal("reading the claims of a signal").because(error);
    let mut claims: Map<String, Value> = serde_json::from_str(&signal.claims).map_err(unreadable)?;
    let own = [
        ("iss", issuer.as_str().into()),
        ("iat", signal.created_at().as_secs().into()),
        ("jti", signal.jti.to_string().into()),
        ("aud", audience.as_str().into()),
    ];
    claims.extend(own.map(|(name, value): (&str, Value)| (name.to_owned(), value)));
    serde_json::to_vec(&claims).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ClientId, EventStreamKey, OrgId, SecurityEvent, SimpleSubject, Subject, Timestamp, TokenId};

    #[test]
    fn rfc8417_2_2_a_token_says_who_tells_whom_what_of_whom_and_nothing_else() {
        let issuer = Issuer::parse("https://jeton.example").unwrap();
        let subject = SimpleSubject::iss_sub(&issuer, &Subject::parse("ann").unwrap()).into();
        let members = Map::from_iter([("event_timestamp".to_owned(), 1_800_000_000.into())]);
        let uri = SecurityEvent::SessionRevoked.uri();
        let (org, client) = (OrgId::parse("1").unwrap(), ClientId::from_number(7).unwrap());
        let stream = EventStreamKey { org, client, id: TokenId::first_of(Timestamp::from_secs(1)) };
        let jti = TokenId::first_of(Timestamp::from_secs(1_800_000_000));
        let expires_at = Timestamp::from_secs(1_800_000_005).plus(PendingSignal::LIFETIME);
        let signal = |claims| PendingSignal { stream: stream.clone(), jti, claims, expires_at };
        let signed = |claims| payload(&signal(claims), &issuer, &Audience::parse("7").unwrap());
        let read: Value = serde_json::from_slice(&signed(claims(&subject, uri, members.clone(), Some("e-1"))).unwrap()).unwrap();
        let mut expected = json!({
            "iss": "https://jeton.example", "iat": 1_800_000_005, "jti": jti.to_string(), "aud": "7", "txn": "e-1",
            "sub_id": {"format": "iss_sub", "iss": "https://jeton.example", "sub": "ann"},
            "events": {uri: {"event_timestamp": 1_800_000_000}},
        });
        assert_eq!(read, expected);
        let read: Value = serde_json::from_slice(&signed(claims(&subject, uri, members, None)).unwrap()).unwrap();
        expected.as_object_mut().unwrap().remove("txn");
        assert_eq!(read, expected);
        assert!(signed("[]".to_owned()).is_err());
    }
}
