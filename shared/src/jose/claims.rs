//! The payload of our tokens: [`Claims`] as JSON, and back.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize};

use super::access_token;
use crate::domain::{
    Ancestor, App, Audience, Claims, ClientId, Fault, Invalid, Issuer, MayAct, OrgId, Role, Scope, Session, SessionId,
    StatusIndex, StatusListId, Subject, Timestamp, TokenId,
};
use crate::encoding::strict_json;
use crate::encoding::strict_json::Flaw;

/// Writes the bytes that are signed. The same claims always give the same bytes.
///
/// # Errors
/// A [`Fault`] if the claims can't be written.
pub fn to_json(claims: &Claims) -> Result<Vec<u8>, Fault> {
    let payload = Written {
        iss: claims.issuer.as_str(),
        sub: claims.subject.as_str(),
        org: claims.org.as_str(),
        aud: claims.audiences.iter().map(Audience::as_str).collect(),
        iat: claims.issued_at.as_secs(),
        nbf: claims.not_before.map(Timestamp::as_secs),
        exp: claims.expires_at.as_secs(),
        jti: claims.id.to_string(),
        client_id: claims.client.map(|id| id.to_string()),
        session: claims.session.as_ref().map(SessionId::as_str),
        session_org: claims.session_org.as_ref().map(OrgId::as_str),
        fam: claims.family.map(|id| id.to_string()),
        anc: claims.ancestors.iter().map(|ancestor| WrittenAncestor::new(ancestor, &claims.org)).collect(),
        scopes: claims.scopes.iter().map(Scope::as_str).collect(),
        roles: claims.roles.iter().map(|(app, role)| (app.as_str(), role.as_str())).collect(),
        may_act: claims.may_act.as_deref().map(access_token::may_act),
        status: claims.status.map(|place| access_token::status(&place, &claims.issuer)),
    };
    serde_json::to_vec(&payload).map_err(|e| Fault::internal("writing claims").because(e))
}

/// Reads a payload, in the one form in which we write it. Members that we don't know are ignored.
///
/// # Errors
/// The [`Flaw`] of the JSON, or the rule that a claim breaks.
pub fn from_json(payload: &[u8]) -> Result<Claims, Flaw> {
    let read: Read = strict_json::decode(payload)?;
    let status = read.status.map(|status| status.into_index(&read.iss.0)).transpose()?;
    let ancestors = read.anc.into_iter().map(|ancestor| ancestor.of_token(&read.org.0, &read.sub.0)).collect();
    Ok(Claims {
        issuer: read.iss.0,
        subject: read.sub.0,
        org: read.org.0,
        audiences: read.aud.into_iter().map(|text| text.0).collect(),
        issued_at: read.iat.0,
        not_before: read.nbf.map(|seconds| seconds.0),
        expires_at: read.exp.0,
        id: read.jti.0,
        client: read.client_id.map(|text| text.0),
        session: read.session.map(|text| text.0),
        session_org: read.session_org.map(|text| text.0),
        family: read.fam.map(|text| text.0),
        ancestors,
        scopes: read.scopes.into_iter().map(|text| text.0).collect(),
        roles: read.roles.into_iter().map(|(app, role)| (app.0, role.0)).collect(),
        may_act: read.may_act.map(ReadMayAct::into_may_act).map(Box::new),
        status,
    })
}

#[derive(Serialize)]
struct Written<'a> {
    iss: &'a str,
    sub: &'a str,
    org: &'a str,
    aud: Vec<&'a str>,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    exp: i64,
    jti: String,
    /// RFC 8693 section 4.3: a string, also where it is a number elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_org: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fam: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    anc: Vec<WrittenAncestor<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    roles: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    may_act: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<serde_json::Value>,
}

/// An ancestor, but for what it has in common with the token.
#[derive(Serialize)]
struct WrittenAncestor<'a> {
    jti: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    org: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fam: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_org: Option<&'a str>,
}

impl<'a> WrittenAncestor<'a> {
    fn new(ancestor: &'a Ancestor, org: &OrgId) -> Self {
        let session = ancestor.session.as_ref();
        Self {
            jti: ancestor.id.to_string(),
            org: Some(&ancestor.org).filter(|of_ancestor| *of_ancestor != org).map(OrgId::as_str),
            fam: ancestor.family.map(|id| id.to_string()),
            session: session.map(|session| session.id.as_str()),
            session_org: session.map(|session| &session.org).filter(|of_session| **of_session != ancestor.org).map(OrgId::as_str),
        }
    }
}

#[derive(Deserialize)]
struct ReadAncestor {
    jti: Text<TokenId>,
    org: Option<Text<OrgId>>,
    fam: Option<Text<TokenId>>,
    session: Option<Text<SessionId>>,
    session_org: Option<Text<OrgId>>,
}

impl ReadAncestor {
    fn of_token(self, org: &OrgId, subject: &Subject) -> Ancestor {
        let org = self.org.map_or_else(|| org.clone(), |text| text.0);
        let session_org = self.session_org.map_or_else(|| org.clone(), |text| text.0);
        Ancestor {
            id: self.jti.0,
            subject: subject.clone(),
            client: None,
            // No member's token comes of an API key.
            is_api_key: false,
            family: self.fam.map(|text| text.0),
            session: self.session.map(|text| Session { org: session_org, id: text.0 }),
            org,
        }
    }
}

#[derive(Deserialize)]
struct Read {
    iss: Text<Issuer>,
    sub: Text<Subject>,
    org: Text<OrgId>,
    aud: Vec<Text<Audience>>,
    iat: NumericDate,
    nbf: Option<NumericDate>,
    exp: NumericDate,
    jti: Text<TokenId>,
    client_id: Option<Text<ClientId>>,
    session: Option<Text<SessionId>>,
    session_org: Option<Text<OrgId>>,
    fam: Option<Text<TokenId>>,
    #[serde(default)]
    anc: Vec<ReadAncestor>,
    #[serde(default)]
    scopes: Vec<Text<Scope>>,
    #[serde(default)]
    roles: BTreeMap<Text<App>, Text<Role>>,
    may_act: Option<ReadMayAct>,
    status: Option<ReadStatus>,
}

#[derive(Deserialize)]
struct ReadStatus {
    status_list: ReadStatusIndex,
}

#[derive(Deserialize)]
struct ReadStatusIndex {
    idx: u32,
    uri: String,
}

impl ReadStatus {
    /// Where that is. Only the issuer has lists of its tokens.
    fn into_index(self, issuer: &Issuer) -> Result<StatusIndex, Flaw> {
        let ReadStatusIndex { idx, uri } = self.status_list;
        let list =
            StatusListId::from_uri(&uri, issuer).ok_or_else(|| Flaw::Mismatch { path: "status.status_list.uri".to_owned() })?;
        Ok(StatusIndex { list, index: idx })
    }
}

#[derive(Deserialize)]
struct ReadMayAct {
    sub: Option<Text<Subject>>,
    client_id: Option<Text<ClientId>>,
}

impl ReadMayAct {
    fn into_may_act(self) -> MayAct {
        MayAct { subject: self.sub.map(|text| text.0), client: self.client_id.map(|text| text.0) }
    }
}

/// RFC 7519 section 2, but without fractions, which we don't mint, and no later than RFC 3339 can spell.
struct NumericDate(Timestamp);

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        let seconds = i64::deserialize(json)?;
        if (0..=Timestamp::END_OF_TIME.as_secs()).contains(&seconds) {
            Ok(Self(Timestamp::from_secs(seconds)))
        } else {
            Err(D::Error::custom("out of range"))
        }
    }
}

/// A string that is a name of type `T`, parsed in place.
#[derive(Eq, Ord, PartialEq, PartialOrd)]
struct Text<T>(T);

impl<'de, T: FromText> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Parser<T>(PhantomData<T>);

        impl<T: FromText> Visitor<'_> for Parser<T> {
            type Value = Text<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<T>, E> {
                T::from_text(text).map(Text).map_err(E::custom)
            }
        }

        json.deserialize_str(Parser(PhantomData))
    }
}

trait FromText: Sized {
    fn from_text(text: &str) -> Result<Self, Invalid>;
}

macro_rules! from_text {
    ($($name:ident)*) => {
        $(impl FromText for $name {
            fn from_text(text: &str) -> Result<Self, Invalid> {
                Self::parse(text)
            }
        })*
    };
}

from_text! { App Audience Issuer OrgId Role Scope SessionId Subject TokenId }

impl FromText for ClientId {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be a number in digits");
        let id = Self::from_number(text.parse().map_err(|_| RULE)?)?;
        // One spelling only: no sign, no leading zeros.
        if id.to_string() == text { Ok(id) } else { Err(RULE) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0d6hq1g0000000000000000000000000";

    fn full() -> Claims {
        Claims {
            issuer: Issuer::parse("https://auth.example.com").unwrap(),
            subject: Subject::parse("tok \"quoted\" ü").unwrap(),
            org: OrgId::parse("acme").unwrap(),
            audiences: vec![Audience::parse("urn:api:apps").unwrap(), Audience::parse("urn:api:users").unwrap()],
            issued_at: Timestamp::from_secs(1_800_000_000),
            not_before: Some(Timestamp::from_secs(1_800_000_060)),
            expires_at: Timestamp::from_secs(1_800_003_600),
            id: TokenId::parse(ID).unwrap(),
            client: Some(ClientId::from_number(57).unwrap()),
            session: Some(SessionId::parse("s1").unwrap()),
            session_org: Some(OrgId::parse("parent").unwrap()),
            family: Some(TokenId::parse(ID).unwrap()),
            ancestors: vec![
                ancestor("parent", Some(("root", "s0"))),
                ancestor("acme", Some(("acme", "s1"))),
                ancestor("acme", None),
            ],
            scopes: vec![Scope::parse("urn:a:*?").unwrap(), Scope::parse("urn:b").unwrap()],
            roles: [("app", "owner"), ("zoo", "keeper")]
                .map(|(app, role)| (App::parse(app).unwrap(), Role::parse(role).unwrap()))
                .into(),
            may_act: Some(Box::new(MayAct {
                subject: Some(Subject::parse("agent").unwrap()),
                client: Some(ClientId::from_number(58).unwrap()),
            })),
            status: Some(StatusIndex { list: StatusListId::from_bytes([0xa5; 16]), index: 131_071 }),
        }
    }

    fn ancestor(org: &str, session: Option<(&str, &str)>) -> Ancestor {
        let org_id = |text: &str| OrgId::parse(text).unwrap();
        Ancestor {
            org: org_id(org),
            id: TokenId::parse(ID).unwrap(),
            subject: Subject::parse("tok \"quoted\" ü").unwrap(),
            client: None,
            is_api_key: false,
            family: session.map(|_| TokenId::parse(ID).unwrap()),
            session: session.map(|(org, id)| Session { org: org_id(org), id: SessionId::parse(id).unwrap() }),
        }
    }

    #[test]
    fn claims_survive_their_json() {
        let full = full();
        assert_eq!(from_json(&to_json(&full).unwrap()).unwrap(), full);
        let bare = Claims {
            not_before: None,
            audiences: Vec::new(),
            client: None,
            session: None,
            session_org: None,
            family: None,
            ancestors: Vec::new(),
            scopes: Vec::new(),
            roles: BTreeMap::new(),
            may_act: None,
            status: None,
            ..full
        };
        assert_eq!(from_json(&to_json(&bare).unwrap()).unwrap(), bare);
    }

    #[test]
    fn members_are_written_in_one_order() {
        assert_eq!(
            String::from_utf8(to_json(&full()).unwrap()).unwrap(),
            r#"{"iss":"https://auth.example.com","sub":"tok \"quoted\" ü","org":"acme","#.to_owned()
                + r#""aud":["urn:api:apps","urn:api:users"],"iat":1800000000,"nbf":1800000060,"exp":1800003600,"#
                + r#""jti":"0d6hq1g0000000000000000000000000","client_id":"57","session":"s1","session_org":"parent","#
                + r#""fam":"0d6hq1g0000000000000000000000000","anc":[{"jti":"0d6hq1g0000000000000000000000000","#
                + r#""org":"parent","fam":"0d6hq1g0000000000000000000000000","session":"s0","session_org":"root"},"#
                + r#"{"jti":"0d6hq1g0000000000000000000000000","fam":"0d6hq1g0000000000000000000000000","session":"s1"},"#
                + r#"{"jti":"0d6hq1g0000000000000000000000000"}],"scopes":["urn:a:*?","urn:b"],"#
                + r#""roles":{"app":"owner","zoo":"keeper"},"may_act":{"client_id":"58","sub":"agent"},"#
                + r#""status":{"status_list":{"idx":131071,"uri":"https://auth.example.com/status/kmiqb9d5kmiqb9d5kmiqb9d5kk"}}}"#
        );
    }

    #[test]
    fn a_client_id_has_one_spelling() {
        assert!(ClientId::from_text("57").is_ok());
        for bad in ["", "0", "057", "+57", "-57", "57.0", "9007199254740992", "99999999999999999999"] {
            assert!(ClientId::from_text(bad).is_err(), "{bad}");
        }
    }
}
