//! What endpoints of the Authlete dialect take from a request.

use serde::de::DeserializeOwned;

use crate::api::authlete::lenient;
use crate::api::http::authorization;
use crate::api::http::media_type::{has_media_type, is_json};
use crate::api::http::{FromRequest, Request};
use crate::auth::service::{Credentials, Proof};
use crate::domain::{ClientRef, Refusal, Secret, Subject, TokenId, TokenProblem};
use crate::encoding::{ApiSchema, json};

/// Who acts on a service. On v3 paths, which name the service, by a bearer token; on v2 paths also by the service's id and API
/// secret (RFC 7617).
#[derive(Debug)]
pub struct ServiceCredentials(pub Credentials);

const REJECTED: Refusal = Refusal::CredentialsRejected(TokenProblem::Invalid);

impl FromRequest for ServiceCredentials {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        let Credentials { proof, .. } = authorization::org_credentials(&request.parts.headers)?;
        let org = request.path.iter().any(|(name, _)| *name == SERVICE).then(|| request.path_parameter(SERVICE)).transpose()?;
        match proof {
            Proof::Secret { .. } if org.is_some() => Err(REJECTED),
            proof @ (Proof::Bearer(_) | Proof::Secret { .. }) => Ok(Self(Credentials { org, proof })),
        }
    }
}

const SERVICE: &str = ServiceCredentials::PARAMETER;

impl ServiceCredentials {
    /// What names the service in a path of version 3.
    pub(in crate::api) const PARAMETER: &'static str = "serviceId";
}

/// A body of JSON, or a form: Authlete takes either.
#[derive(Debug)]
pub struct Lenient<T>(pub T);

impl<T: DeserializeOwned + ApiSchema> FromRequest for Lenient<T> {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        if is_json(&request.parts.headers) {
            json::read(request.body).map(Self)
        } else if has_media_type(&request.parts.headers, "application/x-www-form-urlencoded") {
            lenient::read_form(request.body).map(Self)
        } else {
            Err(Refusal::UnsupportedMediaType)
        }
    }
}

/// A body that is a list in JSON.
#[derive(Debug)]
pub struct JsonList<T>(pub Vec<T>);

impl<T: DeserializeOwned + ApiSchema> FromRequest for JsonList<T> {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        if is_json(&request.parts.headers) { json::read_list(request.body).map(Self) } else { Err(Refusal::UnsupportedMediaType) }
    }
}

/// `{code}` in the path: a result code.
#[derive(Debug)]
pub struct CodePath(pub String);

impl FromRequest for CodePath {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        request.path_text("code").map(Self)
    }
}

/// `{requestId}` in the path: a batch. What can't be one names none.
#[derive(Debug)]
pub struct BatchPath(pub TokenId);

impl FromRequest for BatchPath {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        request.path_text("requestId")?.parse().map(Self).map_err(|_| Refusal::NotFound("batch"))
    }
}

/// `{accessTokenIdentifier+}` in the path: a token, or what stands for one. A plus is a plus.
#[derive(Debug)]
pub struct IdentifierPath(pub Secret<String>);

impl FromRequest for IdentifierPath {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        request.path_text("accessTokenIdentifier").map(|text| Self(Secret::new(text)))
    }
}

/// `{id}` in the path: a client's number or alias. What can't be one names none.
#[derive(Debug)]
pub struct ClientPath(pub ClientRef);

impl FromRequest for ClientPath {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        request.path_text("id")?.parse().map(Self).map_err(|_| Refusal::NotFound("client"))
    }
}

/// `{subject}` in the path: a person, as tokens name them.
#[derive(Debug)]
pub struct SubjectPath(Subject);

impl SubjectPath {
    /// The parameter that names the person.
    pub(in crate::api) const PARAMETER: &'static str = "subject";

    /// Returns the person, whom the query may name, too.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if it names another one.
    pub fn agreeing_with(self, in_query: Option<&Subject>) -> Result<Subject, Refusal> {
        if in_query.is_some_and(|other| *other != self.0) {
            return Err(Refusal::invalid(Self::PARAMETER, "must be the same in the path and in the query"));
        }
        Ok(self.0)
    }
}

impl FromRequest for SubjectPath {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        request.path_parameter(Self::PARAMETER).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use http::request::Parts;
    use serde::Deserialize;

    use super::*;
    use crate::api::authlete::lenient::{Words, present};
    use crate::domain::OrgId;

    fn parts(headers: &[(&str, &str)]) -> Parts {
        let request = headers.iter().fold(http::Request::builder(), |request, (name, value)| request.header(*name, *value));
        request.body(()).unwrap().into_parts().0
    }

    fn extract<T: FromRequest>(headers: &[(&str, &str)], path: &[(&str, &str)], body: &str) -> Result<T, Refusal> {
        let parts = parts(headers);
        T::from_request(&Request { parts: &parts, body: body.as_bytes(), path: path.to_vec() })
    }

    fn credentials(authorization: &str, path: &[(&str, &str)]) -> Result<Credentials, Refusal> {
        extract(&[("authorization", authorization)], path, "").map(|ServiceCredentials(credentials)| credentials)
    }

    const V3: &[(&str, &str)] = &[(SERVICE, "21653835348762")];
    /// `21653835348762:s:cret`
    const BASIC: &str = "MjE2NTM4MzUzNDg3NjI6czpjcmV0";

    #[test]
    fn the_api_of_version_3_takes_a_bearer_and_version_2_an_api_secret_too() {
        for (path, org) in [(V3, Some("21653835348762")), (&[], None)] {
            for scheme in ["Bearer", "bearer", "BEARER"] {
                let Credentials { org: named, proof } = credentials(&format!("{scheme} t0ken"), path).unwrap();
                assert_eq!(named.as_ref().map(OrgId::as_str), org);
                let Proof::Bearer(token) = proof else { panic!("{proof:?}") };
                assert_eq!(token.expose(), "t0ken");
            }
        }
        for scheme in ["Basic", "basic"] {
            let Credentials { org: None, proof: Proof::Secret { org, secret } } =
                credentials(&format!("{scheme} {BASIC}"), &[]).unwrap()
            else {
                panic!()
            };
            assert_eq!((org.as_str(), secret.expose().as_str()), ("21653835348762", "s:cret"));
            assert_eq!(credentials(&format!("{scheme} {BASIC}"), V3).unwrap_err(), REJECTED);
        }
    }

    #[test]
    fn other_schemes_and_broken_ones_are_rejected_and_none_is_missing() {
        for bad in ["DPoP t0ken", "Bearer", "Bearer ", "Basic", "Basic !", "Basic bm9jb2xvbg==", "Basic YSNiOng=", "x", ""] {
            assert_eq!(credentials(bad, &[]).unwrap_err(), REJECTED, "{bad}");
        }
        assert_eq!(extract::<ServiceCredentials>(&[], V3, "").unwrap_err(), Refusal::CredentialsMissing);
        let twice = extract::<ServiceCredentials>(&[("authorization", "Bearer a"), ("authorization", "Bearer b")], V3, "");
        assert_eq!(twice.unwrap_err(), Refusal::invalid("Authorization", "must be given only once"));
    }

    #[test]
    fn no_credential_is_in_a_debug_text() {
        for header in ["Bearer s3cret", "Basic MTpzM2NyZXQ="] {
            assert!(!format!("{:?}", credentials(header, &[]).unwrap()).contains("s3cret"));
        }
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
    struct Body {
        #[serde(default, deserialize_with = "present")]
        scopes: Option<Words>,
    }

    #[test]
    fn a_body_is_json_or_a_form_and_nothing_else() {
        let read =
            |media_type: &str, body: &str| extract::<Lenient<Body>>(&[("content-type", media_type)], &[], body).map(|it| it.0);
        let expected = Body { scopes: Some(Words(vec!["a".into(), "b".into()])) };
        for media_type in ["application/json", "Application/JSON; charset=UTF-8"] {
            assert_eq!(read(media_type, r#"{"scopes":["a","b"]}"#).as_ref(), Ok(&expected), "{media_type}");
        }
        for media_type in ["application/x-www-form-urlencoded", "application/x-www-form-urlencoded;charset=utf-8"] {
            assert_eq!(read(media_type, "scopes=a+b").as_ref(), Ok(&expected), "{media_type}");
        }
        for media_type in ["text/plain", "application/xml", "multipart/form-data", "application/json; charset=latin1"] {
            assert_eq!(read(media_type, "{}"), Err(Refusal::UnsupportedMediaType), "{media_type}");
        }
        for bad in ["", "{", "[]", "null", r#"{"scopes":["a"],"scopes":["b"]}"#] {
            assert!(matches!(read("application/json", bad), Err(Refusal::Invalid { field, .. }) if field.is_empty()), "{bad}");
        }
        assert_eq!(extract::<Lenient<Body>>(&[], &[], "{}").unwrap_err(), Refusal::UnsupportedMediaType);
    }

    #[test]
    fn a_token_in_the_path_may_be_encoded_or_not() {
        let identifier =
            |raw| extract::<IdentifierPath>(&[("cookie", ""), ("content-length", "0")], &[("accessTokenIdentifier", raw)], "");
        for raw in ["a.b%2Fc%2Bd%3D%3D", "a.b/c+d=="] {
            assert_eq!(identifier(raw).unwrap().0.expose(), "a.b/c+d==");
        }
        assert!(identifier("%ff").is_err());
    }

    #[test]
    fn a_person_is_named_by_the_path_and_nobody_else_by_the_query() {
        let named = |raw, other: Option<&str>| {
            let other = other.map(|text| Subject::parse(text).unwrap());
            extract::<SubjectPath>(&[], &[("subject", raw)], "").and_then(|path| path.agreeing_with(other.as_ref()))
        };
        let ann = Subject::parse("ann|1 x").unwrap();
        assert_eq!(named("ann%7C1%20x", None), Ok(ann.clone()));
        assert_eq!(named("ann%7C1%20x", Some("ann|1 x")), Ok(ann));
        assert!(named("ann", Some("bob")).is_err() && named("%ff", None).is_err());
    }

    #[test]
    fn what_can_be_no_client_names_none() {
        let client = |raw| extract::<ClientPath>(&[], &[("id", raw)], "").map(|ClientPath(client)| client);
        assert_eq!(client("my%2Dclient"), Ok(ClientRef::Alias("my-client".into())));
        assert!(matches!(client("26478243745571"), Ok(ClientRef::Id(_))));
        for bad in ["0", "9007199254740992", "a%20b", "%ff", ""] {
            assert!(client(bad).is_err(), "{bad}");
        }
    }
}
