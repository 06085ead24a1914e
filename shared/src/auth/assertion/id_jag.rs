//! What an ID-JAG says besides what every assertion does: the word of an identity provider on a sign-in to a client
//! (draft-ietf-oauth-identity-assertion-authz-grant section 3); and what else others say of who may use their tokens.

use serde_json::{Map, Value};

use crate::domain::{Actor, Audience, AuthorizationDetails, Client, Issuer, MayAct, Scope, Subject, Thumbprint};
use crate::jose::foreign::{Claims, WrongType};

/// The claims of an ID-JAG that bound what its client gets.
#[derive(Clone, Debug)]
pub struct IdJag {
    /// The client that it is for, as the identity provider knows it here: `client_id`.
    client: Option<String>,
    /// The APIs that it is for: `resource`. `None`: it names none.
    pub resources: Option<Vec<Audience>>,
    /// The scopes that it opens: `scope`. `None`: it says nothing of them.
    pub scopes: Option<Vec<Scope>>,
    /// What it opens in detail: `authorization_details`, of any type. `None`: nothing.
    pub details: Option<AuthorizationDetails>,
    /// The key that the client must prove: `cnf.jkt` (RFC 9449 section 6).
    pub key: Option<Thumbprint>,
    /// Who acted for the subject before, the last one first: `act` (RFC 8693 section 4.1). Nothing follows from it.
    pub actors: Vec<Actor>,
}

impl IdJag {
    /// Reads what it says besides.
    ///
    /// # Errors
    /// [`WrongType`] if one of them is of another type than it must be, or if it is bound to something that can't be checked.
    pub fn from_claims(claims: &Claims) -> Result<Self, WrongType> {
        let details = match claims.given("authorization_details") {
            None => None,
            Some(Value::Array(elements)) if elements.iter().all(Value::is_object) => {
                Some(AuthorizationDetails::from_json(Value::from(elements.clone()).to_string()))
            }
            Some(_) => return Err(WrongType),
        };
        // What can't be the name of a scope or an API isn't one of ours.
        let scopes = claims.text("scope")?.map(|text| text.split(' ').filter_map(|name| Scope::parse(name).ok()).collect());
        Ok(Self {
            client: claims.text("client_id")?.map(str::to_owned),
            resources: resources(claims.given("resource"))?,
            scopes,
            details,
            key: bound_key(claims)?,
            actors: actors(claims.given("act"))?,
        })
    }

    /// Whether it is for this client: for its number, its alias, or the URL of its metadata document. One that names nobody is for nobody.
    pub fn is_for(&self, client: &Client) -> bool {
        let Some(name) = self.client.as_deref() else { return false };
        let is_own = client.outward_name().to_string() == name;
        is_own || client.id.to_string() == name || client.settings.alias.as_deref() == Some(name)
    }
}

/// Reads the key that the presenter of a token must prove: `jkt` of `cnf` (RFC 9449 section 6). `None`: whoever has it may use it.
///
/// # Errors
/// [`WrongType`] if `cnf` has anything else, which would have to be proved, too.
pub(crate) fn bound_key(claims: &Claims) -> Result<Option<Thumbprint>, WrongType> {
    match claims.given("cnf") {
        None => Ok(None),
        Some(Value::Object(cnf)) if cnf.len() == 1 => {
            let key = cnf.get("jkt").and_then(Value::as_str).and_then(|key| key.parse().ok());
            key.map(Some).ok_or(WrongType)
        }
        Some(_) => Err(WrongType),
    }
}

/// Reads who may act for the subject of somebody else's token: `may_act` (RFC 8693 section 4.4), where those who act are `here`. What
/// names nobody of ours lets nobody act.
///
/// # Errors
/// [`WrongType`] if it is no object, or if it names a party by something else than a text.
pub(crate) fn may_act(claims: &Claims, here: &Issuer) -> Result<Option<MayAct>, WrongType> {
    let permit = match claims.given("may_act") {
        None => return Ok(None),
        Some(Value::Object(permit)) => permit,
        Some(_) => return Err(WrongType),
    };
    let nobody = MayAct { subject: None, client: None };
    let (iss, sub, client) = (member(permit, "iss")?, member(permit, "sub")?, member(permit, "client_id")?);
    if iss.is_some_and(|iss| iss != here.as_str()) {
        return Ok(Some(nobody));
    }
    let Some(subject) = sub.and_then(|sub| Subject::parse(sub).ok()) else { return Ok(Some(nobody)) };
    Ok(Some(match client.map(str::parse) {
        None => MayAct { subject: Some(subject), client: None },
        Some(Ok(crate::domain::ClientRef::Id(client))) => MayAct { subject: Some(subject), client: Some(client) },
        Some(Ok(crate::domain::ClientRef::Alias(_)) | Err(_)) => nobody,
    }))
}

fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, WrongType> {
    object.get(name).filter(|value| !value.is_null()).map(|value| value.as_str().ok_or(WrongType)).transpose()
}

fn resources(claim: Option<&Value>) -> Result<Option<Vec<Audience>>, WrongType> {
    let names = match claim {
        None => return Ok(None),
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(several)) => several.iter().map(|one| one.as_str().ok_or(WrongType)).collect::<Result<_, _>>()?,
        Some(_) => return Err(WrongType),
    };
    Ok(Some(names.into_iter().filter_map(|name| Audience::parse(name).ok()).collect()))
}

/// Reads a chain of actors, the outermost first. Which clients they were is known there, and means nothing here.
fn actors(claim: Option<&Value>) -> Result<Vec<Actor>, WrongType> {
    let (mut chain, mut next) = (Vec::new(), claim);
    while let Some(act) = next {
        let act = act.as_object().ok_or(WrongType)?;
        let subject = act.get("sub").and_then(Value::as_str).and_then(|sub| Subject::parse(sub).ok()).ok_or(WrongType)?;
        chain.push(Actor { subject, client: None });
        next = act.get("act").filter(|value| !value.is_null());
    }
    Ok(chain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::{ClientId, ClientKind, ClientSettings, OrgId, Timestamp};

    fn claims(json: &Value) -> Claims {
        Claims::read(json.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn an_id_jag_is_for_the_client_that_it_names_and_for_nobody_if_it_names_none() {
        let settings = ClientSettings { alias: Some("web".to_owned()), ..ClientSettings::new(ClientKind::Confidential) };
        let org = OrgId::parse("1").unwrap();
        let client = Client::new(org, ClientId::from_number(7).unwrap(), settings, Timestamp::from_secs(0));
        let nameless = Client { settings: ClientSettings::new(ClientKind::Confidential), ..client.clone() };
        let is_for =
            |name: Value, client: &Client| IdJag::from_claims(&claims(&json!({ "client_id": name }))).unwrap().is_for(client);
        assert!(is_for(json!("7"), &client) && is_for(json!("web"), &client));
        for other in [json!("8"), json!("Web"), json!("07"), json!(""), json!(null)] {
            assert!(!is_for(other.clone(), &client) && !is_for(other, &nameless));
        }
        assert!(!IdJag::from_claims(&claims(&json!({}))).unwrap().is_for(&nameless));
    }

    #[test]
    fn what_bounds_an_id_jag_is_of_its_type_or_the_whole_is_refused() {
        let read = |json: Value| IdJag::from_claims(&claims(&json));
        let whole = read(json!({
            "resource": ["https://a.example", "https://b.example"], "scope": "a  b", "authorization_details": [{"type": "t"}],
            "cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}, "act": {"sub": "x", "iss": "y", "act": {"sub": "z"}},
        }))
        .unwrap();
        assert_eq!((whole.resources.unwrap().len(), whole.scopes.unwrap().len(), whole.actors.len()), (2, 2, 2));
        assert!(whole.key.is_some() && whole.details.is_some());
        assert_eq!(read(json!({"resource": "https://a.example"})).unwrap().resources.unwrap().len(), 1);
        for bad in [
            json!({"client_id": 7}),
            json!({"resource": 7}),
            json!({"resource": ["https://a.example", 7]}),
            json!({"scope": ["a"]}),
            json!({"authorization_details": {"type": "t"}}),
            json!({"authorization_details": ["t"]}),
            json!({"cnf": "x"}),
            json!({"cnf": {}}),
            json!({"cnf": {"jkt": "x"}}),
            json!({"cnf": {"x5t#S256": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}),
            json!({"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", "x5t#S256": "x"}}),
            json!({"act": "x"}),
            json!({"act": {}}),
            json!({"act": {"sub": "x", "act": {"sub": 5}}}),
        ] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn rfc8693_4_4_a_permit_of_somebody_else_names_a_party_of_ours_or_nobody() {
        let here = Issuer::parse("https://here.example").unwrap();
        let permit = |json: Value| may_act(&claims(&json!({ "may_act": json })), &here);
        let actor = |client| Actor { subject: Subject::parse("7").unwrap(), client };
        let (seven, eight) = (ClientId::from_number(7).ok(), ClientId::from_number(8).ok());
        let permits = |json: Value, client| permit(json).unwrap().unwrap().permits(&actor(client));
        assert!(permits(json!({"sub": "7"}), eight) && permits(json!({"sub": "7", "client_id": "7"}), seven));
        assert!(permits(json!({"sub": "7", "iss": "https://here.example", "email": "x"}), None));
        for nobody in [
            json!({}),
            json!({"client_id": "7"}),
            json!({"sub": "8"}),
            json!({"sub": "7", "client_id": "8"}),
            json!({"sub": "7", "client_id": "web"}),
            json!({"sub": "7", "iss": "https://idp.example"}),
        ] {
            assert!(!permits(nobody.clone(), seven), "{nobody}");
        }
        for bad in [json!("7"), json!({"sub": 7}), json!({"sub": "7", "iss": 1}), json!({"sub": "7", "client_id": 7})] {
            assert!(permit(bad.clone()).is_err(), "{bad}");
        }
        assert_eq!(may_act(&claims(&json!({})), &here).unwrap(), None);
    }
}
