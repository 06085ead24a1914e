//! What introspection answers: RFC 7662 section 2.2, and as a signed JWT RFC 9701 section 5.

use serde_json::{Map, Value, json};

use crate::api::authlete::response::active;
use crate::auth::api_key::LiveApiKey;
use crate::domain::{Audience, Authority, Fault, Issuer, Member, Timestamp, TokenRecord};
use crate::jose::access_token::{actors, audience, may_act, scope, sign_in_claims};
use crate::tokens::introspect::Seen;
use crate::tokens::lookup::FoundToken;

/// The members of the answer.
#[derive(Clone, Debug)]
pub struct IntrospectionResponse(Map<String, Value>);

impl IntrospectionResponse {
    /// What is told of a token. Of one that isn't alive, and of one that isn't the asker's to know of, nothing: RFC 7662
    /// section 2.2.
    ///
    /// # Errors
    /// A [`Fault`] if the record is no client's, or if what is kept in it as JSON isn't.
    pub fn from_seen(seen: Option<&Seen>, issuer: &Issuer) -> Result<Self, Fault> {
        match seen {
            Some(Seen::OfClient(found)) => of_client(found, issuer).map(Self),
            Some(Seen::ApiKey(live)) => Ok(Self(of_api_key(live, issuer))),
            Some(Seen::OfMember { record, member }) => Ok(Self(of_member(record, member, issuer))),
            None => Ok(Self(Map::from_iter([("active".to_owned(), false.into())]))),
        }
    }

    /// What is told of an API key that was used as often as it may be: an API takes any other status for an outage of ours.
    pub fn rate_limited() -> Self {
        Self(Map::from_iter([("active".to_owned(), false.into()), ("error".to_owned(), "rate_limited".into())]))
    }

    /// Returns the JSON body.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written.
    pub fn to_json(&self) -> Result<Vec<u8>, Fault> {
        crate::encoding::json::write(&self.0)
    }

    /// Returns the payload of the signed form (RFC 9701 section 5), for whoever asked.
    ///
    /// # Errors
    /// A [`Fault`] if the answer can't be written.
    pub fn to_claims(&self, issuer: &Issuer, asker: &str, now: Timestamp) -> Result<Vec<u8>, Fault> {
        let claims = json!({"iss": issuer.as_str(), "aud": asker, "iat": now.as_secs(), "token_introspection": self.0});
        crate::encoding::json::write(&claims)
    }
}

/// The `typ` of the signed form: RFC 9701 section 5.
pub const SIGNED_TYPE: &str = "token-introspection+jwt";

fn of_client(found: &FoundToken, issuer: &Issuer) -> Result<Map<String, Value>, Fault> {
    let mut claims = active(found, issuer, false)?;
    match found {
        FoundToken::Access(token) => {
            claims.insert("sub".to_owned(), token.record.subject.as_str().into());
            claims.insert("jti".to_owned(), token.record.id.to_string().into());
            let act = token.record.issuance.as_ref().and_then(|issuance| actors(&issuance.actors));
            claims.extend(act.map(|act| ("act".to_owned(), act)));
            let of_sign_in = token.record.issuance.as_deref().map(sign_in_claims).transpose()?.unwrap_or_default();
            for (name, value) in of_sign_in {
                claims.entry(name).or_insert(value);
            }
        }
        FoundToken::Refresh(found) => {
            claims.insert("sub".to_owned(), found.family.subject.as_str().into());
            // It opens nothing: who looks at no more than these finds nothing that would let it pass.
            claims.retain(|name, _| !["scope", "aud", "authorization_details"].contains(&name.as_str()));
        }
    }
    Ok(claims)
}

fn of_api_key(live: &LiveApiKey, issuer: &Issuer) -> Map<String, Value> {
    let key = &live.key;
    let said = json!({
        "active": true,
        "token_type": "Bearer",
        "kind": "api_key",
        "sub": key.owner.as_str(),
        "scope": scope(&key.scopes),
        "aud": key.resources.iter().map(Audience::as_str).collect::<Vec<_>>(),
        "iss": issuer.as_str(),
        "iat": key.issued_at.as_secs(),
        "exp": key.expires_at.as_secs(),
        "jti": key.id.to_string(),
        "org": key.org.as_str(),
        "api_key": {"name": key.name, "hint": key.hint},
    });
    if let Value::Object(said) = said { said } else { Map::new() }
}

fn of_member(record: &TokenRecord, member: &Member, issuer: &Issuer) -> Map<String, Value> {
    let authority = Authority { token: &record.scopes, held: &member.scopes };
    let held = record.scopes.iter().map(crate::domain::Scope::name).filter(|name| authority.permits(name));
    let scope = held.collect::<Vec<_>>().join(" ");
    let mut claims = Map::new();
    let mut say = |name: &str, value: Option<Value>| claims.extend(value.map(|value| (name.to_owned(), value)));
    say("active", Some(true.into()));
    say("iss", Some(issuer.as_str().into()));
    say("sub", Some(record.subject.as_str().into()));
    say("org", Some(record.org.as_str().into()));
    say("scope", Some(scope.into()));
    say("aud", (!record.audiences.is_empty()).then(|| audience(&record.audiences)));
    say("token_type", Some("Bearer".into()));
    say("iat", Some(record.issued_at.as_secs().into()));
    say("nbf", Some(record.not_before.as_secs().into()));
    say("exp", record.expires_at.map(|end| end.as_secs().into()));
    say("jti", Some(record.id.to_string().into()));
    say("may_act", record.may_act.as_deref().map(may_act));
    claims
}
