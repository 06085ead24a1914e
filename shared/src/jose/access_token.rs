//! The payload of an OAuth client's access token: that of RFC 9068 section 2.2, or one that an authorization server outside has shaped.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::domain::{
    Actor, Audience, ClientId, ClientUrl, Confirmation, ExtraClaims, Fault, Issuance, Issuer, MayAct, OrgId, Scope, Secret,
    StatusIndex, Timestamp, TokenRecord,
};
use crate::encoding::strict_json;

/// The `typ` in the header of an access token, RFC 9068 section 2.1.
pub const TYPE: &str = "at+jwt";

/// What the service alone says: nobody can add a claim of such a name, nor attach a property.
const RESERVED: &[&str] = &[
    "act",
    "may_act",
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "client_id",
    "scope",
    "cnf",
    "authorization_details",
    "acr",
    "auth_time",
    "grant_type",
    STATUS,
];

/// Where its status is. An authorization server can add a claim of this name to tokens that are in no list.
const STATUS: &str = "status";

/// Those of them that no change of a record touches.
const LASTING: &[&str] = &["sub", "aud", "iat", "nbf", "client_id", "acr", "auth_time", "act", "may_act", "grant_type", STATUS];

/// Writes the bytes that are signed. `jti` is the token's opaque value, by which its record is found.
///
/// # Errors
/// A [`Fault`] if the record is no client's, or if what is kept in it as JSON isn't.
pub fn payload(record: &TokenRecord, jti: &str, issuer: &Issuer, extra: Option<&ExtraClaims>) -> Result<Vec<u8>, Fault> {
    let issuance = issuance(record)?;
    let mut claims = recorded_claims(record, issuance, issuer)?;
    name(&mut claims, jti, issuer);
    // Without a list it is a name as any other.
    let is_free = |name: &str| !is_reserved(name) || (name == STATUS && record.status.is_none());
    for property in issuance.properties.iter().filter(|property| !property.hidden && is_free(&property.key)) {
        claims.insert(property.key.clone(), Value::from(property.value.clone()));
    }
    if let Some(extra) = extra {
        let extra: Map<String, Value> = serde_json::from_str(extra.as_json()).map_err(broken)?;
        for (name, value) in extra.into_iter().filter(|(name, _)| is_free(name)) {
            claims.entry(name).or_insert(value);
        }
    }
    serde_json::to_vec(&claims).map_err(broken)
}

/// The bytes that are signed of a token as RFC 9068 section 2.2 has it. Its `jti` is the id of its record, and opens nothing.
///
/// # Errors
/// A [`Fault`] if the record is no client's, or if what is kept in it as JSON isn't.
pub fn standard_payload(record: &TokenRecord, issuer: &Issuer) -> Result<Vec<u8>, Fault> {
    let mut claims = standard_claims(record, issuance(record)?, issuer)?;
    name(&mut claims, &record.id.to_string(), issuer);
    serde_json::to_vec(&claims).map_err(broken)
}

/// Writes one audience as a text, several as a list: RFC 7519 section 4.1.3.
pub fn audience(audiences: &[Audience]) -> Value {
    match audiences {
        [one] => one.as_str().into(),
        several => several.iter().map(Audience::as_str).collect(),
    }
}

/// `act`: RFC 8693 section 4.1, the current actor outermost.
pub fn actors(actors: &[Actor]) -> Option<Value> {
    actors.iter().rev().fold(None, |inner, actor| {
        let mut act = Map::new();
        act.insert("sub".to_owned(), actor.subject.as_str().into());
        act.extend(actor.client.map(|client| ("client_id".to_owned(), client.to_string().into())));
        act.extend(inner.map(|inner| ("act".to_owned(), inner)));
        Some(Value::Object(act))
    })
}

/// `may_act`: RFC 8693 section 4.4. An empty object lets nobody act.
pub fn may_act(permit: &MayAct) -> Value {
    let mut members = Map::new();
    members.extend(permit.subject.as_ref().map(|subject| ("sub".to_owned(), subject.as_str().into())));
    members.extend(permit.client.map(|client| ("client_id".to_owned(), client.to_string().into())));
    Value::Object(members)
}

/// `status`: draft-ietf-oauth-status-list section 6.
pub fn status(place: &StatusIndex, issuer: &Issuer) -> Value {
    json!({"status_list": {"idx": place.index, "uri": place.list.uri(issuer)}})
}

/// What a JWT says that we signed for a client. It shows its claims to nobody: the record decides.
#[derive(Debug)]
pub struct JwtClaims {
    /// Its `jti`: the id of its record (RFC 9068) or its opaque value.
    pub id: Secret<String>,
    /// The issuer that its `iss` names.
    issuer: Issuer,
    /// Claims that the issuer or the client added.
    claims: Map<String, Value>,
}

impl JwtClaims {
    /// Reads the payload of a token of this issuer.
    pub(super) fn read(payload: &[u8], issuer: &Issuer) -> Option<Self> {
        let mut claims: Map<String, Value> = strict_json::decode(payload).ok()?;
        let (Some(Value::String(iss)), Some(Value::String(jti))) = (claims.remove("iss"), claims.remove("jti")) else {
            return None;
        };
        (iss == issuer.as_str()).then(|| Self { id: Secret::new(jti), issuer: issuer.clone(), claims })
    }

    /// Returns the client that it names. Only its record tells whether it is the client's.
    pub fn client(&self) -> Option<ClientId> {
        let Value::String(number) = self.claims.get("client_id")? else { return None };
        ClientId::from_number(number.parse().ok()?).ok()
    }

    /// Returns the org that it names, which only tokens of API keys do. Only its record tells whether it is that org's.
    pub fn org(&self) -> Option<OrgId> {
        self.claims.get("org")?.as_str()?.parse().ok()
    }

    /// Says whether it names a client by the URL of its metadata document.
    pub fn names_client_by_url(&self) -> bool {
        self.claims.get("client_id").and_then(Value::as_str).is_some_and(|name| ClientUrl::parse(name).is_ok())
    }

    /// Says whether the token was signed for this record. Of a record that was changed since, only what never changes is
    /// compared.
    ///
    /// # Errors
    /// A [`Fault`] if the record is no client's, or if what is kept in it as JSON isn't.
    pub fn agrees_with(&self, record: &TokenRecord) -> Result<bool, Fault> {
        let issuance = issuance(record)?;
        let is_standard = *self.id.expose() == record.id.to_string();
        let recorded = if is_standard { standard_claims } else { recorded_claims }(record, issuance, &self.issuer)?;
        let compared = if record.revision == 0 { RESERVED } else { LASTING };
        // A token as in RFC 9068 has no claims but those that are recorded.
        let is_recorded = |name: &String| (is_reserved(name) && name != STATUS) || self.claims.get(name) == recorded.get(name);
        // Before there was a permit in records, an authorization server could add this claim as one of its own.
        let is_compared = |name: &&str| !["may_act", STATUS].contains(name) || recorded.contains_key(*name);
        let is_known = !is_standard || self.claims.keys().chain(recorded.keys()).all(is_recorded);
        let agrees = |name: &str| self.claims.get(name) == recorded.get(name);
        Ok(is_known && compared.iter().copied().filter(is_compared).all(agrees))
    }
}

fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

fn issuance(record: &TokenRecord) -> Result<&Issuance, Fault> {
    record.issuance.as_deref().ok_or_else(|| Fault::internal(DOING).because("it is no client's"))
}

fn broken(e: serde_json::Error) -> Fault {
    Fault::internal(DOING).because(e)
}

const DOING: &str = "writing the claims of an access token";

fn name(claims: &mut Map<String, Value>, jti: &str, issuer: &Issuer) {
    claims.insert("iss".to_owned(), issuer.as_str().into());
    claims.insert("jti".to_owned(), jti.into());
}

/// What is recorded of a token as RFC 9068 section 2.2 has it.
fn standard_claims(record: &TokenRecord, issuance: &Issuance, issuer: &Issuer) -> Result<Map<String, Value>, Fault> {
    let mut claims = recorded_claims(record, issuance, issuer)?;
    claims.extend(actors(&issuance.actors).map(|act| ("act".to_owned(), act)));
    for (name, value) in sign_in_claims(issuance)? {
        claims.entry(name).or_insert(value);
    }
    Ok(claims)
}

/// What a login application lets an access token say of how a person signed in: `amr` (RFC 9068 section 2.2.1), and claims of its own.
///
/// # Errors
/// A [`Fault`] if what is kept as JSON isn't.
pub fn sign_in_claims(issuance: &Issuance) -> Result<Map<String, Value>, Fault> {
    let Some(sign_in) = &issuance.sign_in else { return Ok(Map::new()) };
    let added = sign_in.access_token_claims.as_ref().map(|claims| serde_json::from_str(claims.as_json()));
    let mut claims: Map<String, Value> = added.transpose().map_err(broken)?.unwrap_or_default();
    if !sign_in.amr.is_empty() {
        claims.insert("amr".to_owned(), sign_in.amr.clone().into());
    }
    Ok(claims)
}

/// What is recorded of any token. RFC 9068 section 2.2 requires `sub`, which without a resource owner is the client, and `aud`,
/// which without a resource is the issuer.
fn recorded_claims(record: &TokenRecord, issuance: &Issuance, issuer: &Issuer) -> Result<Map<String, Value>, Fault> {
    let mut claims = Map::new();
    let mut say = |name: &str, value: Option<Value>| claims.extend(value.map(|value| (name.to_owned(), value)));
    say("sub", Some(record.subject.as_str().into()));
    say("aud", Some(if record.audiences.is_empty() { issuer.as_str().into() } else { audience(&record.audiences) }));
    say("iat", Some(record.issued_at.as_secs().into()));
    say("exp", record.expires_at.map(|exp| exp.as_secs().into()));
    // It has no client whose org is known.
    say("org", issuance.api_key.map(|_| record.org.as_str().into()));
    say("client_id", record.client_name().map(|name| name.to_string().into()));
    say("scope", Some(scope(&record.scopes).into()).filter(|_| !record.scopes.is_empty()));
    say("cnf", confirmation(&issuance.confirmation));
    say("may_act", record.may_act.as_deref().map(may_act));
    say("acr", issuance.acr.as_deref().map(Value::from));
    say("auth_time", issuance.auth_time.map(|at: Timestamp| at.as_secs().into()));
    say("grant_type", Some(issuance.grant.as_str().into()));
    say(STATUS, record.status.map(|place| status(&place, issuer)));
    let details = issuance.details.as_ref().map(|details| serde_json::from_str(details.as_json())).transpose().map_err(broken)?;
    say("authorization_details", details);
    Ok(claims)
}

/// Scopes as RFC 6749 section 3.3 writes them.
pub fn scope(scopes: &[Scope]) -> String {
    scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(" ")
}

/// `cnf`: RFC 8705 section 3.1, RFC 9449 section 6.1.
pub fn confirmation(confirmation: &Confirmation) -> Option<Value> {
    let mut members = Map::new();
    let text = |bytes: &[u8; 32]| Value::from(URL_SAFE_NO_PAD.encode(bytes));
    members.extend(confirmation.certificate.map(|thumbprint| ("x5t#S256".to_owned(), text(&thumbprint.0))));
    members.extend(confirmation.dpop_key.map(|thumbprint| ("jkt".to_owned(), text(&thumbprint.0))));
    (!members.is_empty()).then(|| json!(members))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{GrantType, OrgId, Property, Subject, TokenContents, TokenId};

    fn record() -> TokenRecord {
        let property = |key: &str, hidden| Property { key: key.to_owned(), value: "v".to_owned(), hidden };
        let org = OrgId::parse("1").unwrap();
        TokenRecord {
            id: TokenId::first_of(Timestamp::from_secs(1_800_000_000)),
            org: org.clone(),
            root_org: org,
            contents: TokenContents {
                client: Some(ClientId::from_number(57).unwrap()),
                audiences: vec![Audience::parse("https://api.example").unwrap()],
                scopes: vec![Scope::parse("a").unwrap(), Scope::parse("b").unwrap()],
                issuance: Some(Box::new(Issuance {
                    properties: vec![property("shown", false), property("hidden", true), property("iss", false)],
                    ..Issuance::by(GrantType::Password)
                })),
                ..TokenContents::new(Subject::parse("john").unwrap())
            },
            issued_at: Timestamp::from_secs(1_800_000_000),
            not_before: Timestamp::from_secs(1_800_000_000),
            expires_at: Some(Timestamp::from_secs(1_800_003_600)),
            family: None,
            value: None,
            status: None,
            refreshable_until: None,
            revision: 0,
            revoked_at: None,
            revoked_by: None,
        }
    }

    #[test]
    fn the_service_and_properties_win_over_added_claims_and_hidden_properties_stay_hidden() {
        let extra = ExtraClaims::from_json(r#"{"iss":"x","shown":1,"more":[1],"jti":"y","hidden":2}"#.to_owned());
        let issuer = Issuer::parse("https://jeton.example").unwrap();
        let payload = payload(&record(), "value", &issuer, Some(&extra)).unwrap();
        let claims: Value = serde_json::from_slice(&payload).unwrap();
        let expected = json!({"iss": "https://jeton.example", "sub": "john", "aud": "https://api.example", "iat": 1_800_000_000,
            "exp": 1_800_003_600, "jti": "value", "client_id": "57", "scope": "a b", "grant_type": "password", "shown": "v",
            "more": [1], "hidden": 2});
        assert_eq!(claims, expected);
        let said = JwtClaims::read(&payload, &issuer).unwrap();
        assert_eq!(said.id.expose(), "value");
        assert!(said.agrees_with(&record()).unwrap());
        assert!(JwtClaims::read(&payload, &Issuer::parse("https://other.example").unwrap()).is_none());
    }

    #[test]
    fn rfc8693_4_1_the_example_of_a_chain() {
        let actor = |name: &str| Actor { subject: Subject::parse(name).unwrap(), client: None };
        let chain = [actor("https://service16.example.com"), actor("https://service77.example.com")];
        let expected = json!({"sub": "https://service16.example.com", "act": {"sub": "https://service77.example.com"}});
        assert_eq!((actors(&chain), actors(&[])), (Some(expected), None));
    }

    #[test]
    fn a_token_that_does_not_expire_has_no_exp_and_one_without_a_resource_is_for_the_issuer() {
        let mut record = TokenRecord { expires_at: None, ..record() };
        (record.audiences, record.scopes) = (Vec::new(), Vec::new());
        let payload = payload(&record, "value", &Issuer::parse("https://jeton.example").unwrap(), None).unwrap();
        let claims: Map<String, Value> = serde_json::from_slice(&payload).unwrap();
        assert!(["exp", "scope"].iter().all(|name| !claims.contains_key(*name)), "{claims:?}");
        assert_eq!((&claims["sub"], &claims["aud"]), (&json!("john"), &json!("https://jeton.example")));
    }
}
