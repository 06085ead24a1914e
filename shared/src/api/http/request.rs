//! Requests, and what endpoints take from them.

use std::net::IpAddr;

use http::request::Parts;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::authorization::{authorization_header, org_credentials};
use super::media_type::{MERGE_PATCH, has_media_type, is_json};
use crate::api;
use crate::api::openapi::Describe;
use crate::auth::service::Credentials;
use crate::domain::{ClientRef, Error, Invalid, MemberKey, OrgId, Refusal, Secret, Subject};
use crate::encoding::form::{self, Parameters};
use crate::encoding::merge_patch::{self, Patched};
use crate::encoding::{ApiSchema, json};

/// A request whose path has been matched.
#[derive(Debug)]
pub struct Request<'a> {
    /// The method, the URI, the headers and the extensions.
    pub parts: &'a Parts,
    /// The body, of at most as many bytes as the [`Route`](super::Route) takes.
    pub body: &'a [u8],
    /// The parameters of the path by name, still percent-encoded.
    pub path: Vec<(&'a str, &'a str)>,
}

impl Request<'_> {
    /// The certificate of the client's TLS connection, in PEM, if the gateway has verified one.
    pub(in crate::api) fn certificate(&self) -> Option<String> {
        self.parts.extensions.get::<ClientCertificate>().map(|certificate| certificate.0.clone())
    }

    /// The address of the caller, if it is known.
    pub(in crate::api) fn address(&self) -> Option<IpAddr> {
        self.parts.extensions.get::<CallerAddress>()?.0
    }

    /// Decodes and parses a parameter of the path.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when it isn't UTF-8 or breaks the rule of its type.
    pub(in crate::api) fn path_parameter<T: std::str::FromStr<Err = Invalid>>(&self, name: &'static str) -> Result<T, Refusal> {
        self.path_text(name)?.parse().map_err(|rule: Invalid| Refusal::invalid(name, rule.0))
    }

    /// Decodes a parameter of the path, which is empty where the path has none of this name.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when it isn't UTF-8 or has a NUL.
    pub(in crate::api) fn path_text(&self, name: &'static str) -> Result<String, Refusal> {
        let raw = self.path.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| *value);
        form::percent_decode(raw).ok_or_else(|| Refusal::invalid(name, "must be UTF-8 without NUL"))
    }
}

/// The certificate of the client's TLS connection, in PEM: an extension of a request, which only an edge adds that has verified it.
#[derive(Clone, Debug)]
pub struct ClientCertificate(pub String);

/// The address from which a request came: an extension of a request, which an edge adds. `None` where it doesn't know.
///
/// An edge adds that of whoever connects to it, which is a proxy's if there is one. The [`Service`](super::Service) looks behind the
/// proxies that it is told to trust; of others, headers aren't believed.
#[derive(Clone, Copy, Debug)]
pub struct CallerAddress(pub Option<IpAddr>);

impl FromRequest for CallerAddress {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        Ok(request.parts.extensions.get::<Self>().copied().unwrap_or(Self(None)))
    }
}

/// Something that an endpoint takes from a request, or refuses.
pub trait FromRequest: Sized + Describe {
    /// Whether a request may have a query: because it is read here, or because nothing that it could mean depends on the request.
    /// Strict dialects refuse any other.
    const ACCEPTS_QUERY: bool = false;

    /// Reads the value from the request.
    ///
    /// # Errors
    /// A refusal that names what is wrong with the request.
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal>;
}

impl FromRequest for () {
    const ACCEPTS_QUERY: bool = true;

    fn from_request(_: &Request<'_>) -> Result<Self, Refusal> {
        Ok(())
    }
}

impl<A: FromRequest, B: FromRequest> FromRequest for (A, B) {
    const ACCEPTS_QUERY: bool = A::ACCEPTS_QUERY || B::ACCEPTS_QUERY;

    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        Ok((A::from_request(request)?, B::from_request(request)?))
    }
}

impl<A: FromRequest, B: FromRequest, C: FromRequest> FromRequest for (A, B, C) {
    const ACCEPTS_QUERY: bool = A::ACCEPTS_QUERY || B::ACCEPTS_QUERY || C::ACCEPTS_QUERY;

    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        Ok((A::from_request(request)?, B::from_request(request)?, C::from_request(request)?))
    }
}

impl<A: FromRequest, B: FromRequest, C: FromRequest, D: FromRequest> FromRequest for (A, B, C, D) {
    const ACCEPTS_QUERY: bool = A::ACCEPTS_QUERY || B::ACCEPTS_QUERY || C::ACCEPTS_QUERY || D::ACCEPTS_QUERY;

    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        Ok((A::from_request(request)?, B::from_request(request)?, C::from_request(request)?, D::from_request(request)?))
    }
}

impl<A: FromRequest, B: FromRequest, C: FromRequest, D: FromRequest, E: FromRequest> FromRequest for (A, B, C, D, E) {
    const ACCEPTS_QUERY: bool = <(A, B, C, D)>::ACCEPTS_QUERY || E::ACCEPTS_QUERY;

    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        let (a, b, c, d) = FromRequest::from_request(request)?;
        Ok((a, b, c, d, E::from_request(request)?))
    }
}

/// The token of the `Authorization` header, RFC 6750 section 2.1. The scheme's case doesn't count.
#[derive(Debug)]
pub struct Bearer(Secret<String>);

impl Bearer {
    /// Returns the token as it was sent.
    pub fn token(&self) -> &str {
        self.0.expose()
    }
}

impl FromRequest for Bearer {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        MaybeBearer::from_request(request)?.0.ok_or(Refusal::CredentialsMissing)
    }
}

/// Who acts on an org: the bearer of a token, or the org itself by its id and API secret (RFC 7617).
#[derive(Debug)]
pub struct OrgCredentials(pub Credentials);

impl FromRequest for OrgCredentials {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        org_credentials(&request.parts.headers).map(Self)
    }
}

/// The same, where there need not be one.
#[derive(Debug)]
pub struct MaybeBearer(pub Option<Bearer>);

impl FromRequest for MaybeBearer {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        // RFC 6750 section 2.3, RFC 9700 section 4.3.2: there, logs would have it.
        let mut query = request.parts.uri.query().unwrap_or_default().split('&');
        if query.any(|parameter| parameter.split('=').next().and_then(form::decode).as_deref() == Some("access_token")) {
            return Err(Refusal::invalid("access_token", "must be sent in the Authorization header"));
        }
        let Some(value) = authorization_header(&request.parts.headers)? else { return Ok(Self(None)) };
        let text = value.to_str().map_err(|_| Refusal::CredentialsMissing)?;
        Ok(Self(api::bearer(text).map(|token| Bearer(Secret::new(token.to_owned())))))
    }
}

/// A request body in JSON. Its media type must say so, which also keeps simple cross-origin requests of browsers out.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + ApiSchema> FromRequest for Json<T> {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        if !is_json(&request.parts.headers) {
            return Err(Refusal::UnsupportedMediaType);
        }
        json::read(request.body).map(Self)
    }
}

/// A change of what a `GET` answers, as a merge patch (RFC 7396): members to replace, `null` for those to remove. What it makes of
/// the answer is read as a `T`.
#[derive(Debug)]
pub struct MergePatch<T>(merge_patch::MergePatch<T>);

impl<T: Patched> MergePatch<T> {
    /// Applies the patch to what a `GET` would answer.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], if that makes something which a `PUT` would be refused, or changes what can't be changed.
    pub fn applied_to(&self, there: &impl Serialize) -> Result<T, Error> {
        self.0.applied_to(there)
    }
}

impl<T: Patched + ApiSchema> FromRequest for MergePatch<T> {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        if !has_media_type(&request.parts.headers, MERGE_PATCH) {
            return Err(Refusal::UnsupportedPatchType { takes: MERGE_PATCH });
        }
        merge_patch::MergePatch::read(request.body).map(Self)
    }
}

/// A request body in JSON, where no body is as good as an empty object.
#[derive(Debug)]
pub struct MaybeJson<T>(pub T);

impl<T: DeserializeOwned + Default + ApiSchema> FromRequest for MaybeJson<T> {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        if request.body.is_empty() { Ok(Self(T::default())) } else { Json::from_request(request).map(|Json(body)| Self(body)) }
    }
}

/// The parameters of the query, each at most once.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: TryFrom<Parameters, Error = Refusal> + ApiSchema> FromRequest for Query<T> {
    const ACCEPTS_QUERY: bool = true;

    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        Parameters::read(request.parts.uri.query().unwrap_or_default())?.try_into().map(Self)
    }
}

/// The parameter `{org}` of the path.
#[derive(Debug)]
pub struct OrgPath(pub OrgId);

impl FromRequest for OrgPath {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        request.path_parameter("org").map(Self)
    }
}

/// The parameters `{org}` of the path, and `{sub}` of the path or the query. An HTTP API of API Gateway cuts a path at `%3F` and
/// decodes it twice, so that only the query can name every member. Where both name one, it must be the same.
#[derive(Debug)]
pub struct MemberPath(pub MemberKey);

impl MemberPath {
    /// The parameter that names the member.
    pub(in crate::api) const PARAMETER: &'static str = "sub";
}

impl FromRequest for MemberPath {
    const ACCEPTS_QUERY: bool = true;

    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        let name = Self::PARAMETER;
        let org = request.path_parameter("org")?;
        let mut query = Parameters::read(request.parts.uri.query().unwrap_or_default())?;
        let asked: Option<Subject> = query.parse(name)?;
        query.refuse_unknown()?;
        let is_in_path = request.path.iter().any(|(key, _)| *key == name);
        let subject = match (is_in_path.then(|| request.path_parameter(name)).transpose()?, asked) {
            (Some(one), Some(other)) if one != other => return Err(Refusal::invalid(name, "must be the member in the path")),
            (Some(subject), _) | (None, Some(subject)) => subject,
            (None, None) => return Err(Refusal::invalid(name, "is required in the query")),
        };
        Ok(Self(MemberKey { org, subject }))
    }
}

/// The parameters `{org}` and `{client_id}` of the path: a client by its number or alias. What can't be one names none.
#[derive(Debug)]
pub struct OrgClientPath(pub OrgId, pub ClientRef);

impl FromRequest for OrgClientPath {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        let named = request.path_text("client_id")?.parse().map_err(|_| Refusal::NotFound("client"))?;
        Ok(Self(request.path_parameter("org")?, named))
    }
}

/// The parameter `{secret_id}` of the path: the name of a client's secret.
#[derive(Debug)]
pub struct SecretPath(pub String);

impl FromRequest for SecretPath {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        request.path_text("secret_id").map(Self)
    }
}

/// The parameter `{path+}`: the rest of the path, if there is one.
#[derive(Debug)]
pub struct PathBehind(pub Option<String>);

impl FromRequest for PathBehind {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        let is_there = request.path.iter().any(|(name, _)| *name == "path");
        is_there.then(|| request.path_text("path")).transpose().map(Self)
    }
}
