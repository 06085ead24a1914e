//! What endpoints answer with, and how it becomes HTTP.

use std::marker::PhantomData;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use super::conditional::entity_tag;
use super::{IfNoneMatch, media_type};
use crate::api::openapi::Describe;
use crate::domain::{Fault, StatusList};
use crate::encoding::{ApiDocument, ApiSchema, JwkSet, json};

/// An answer of an endpoint, before it becomes an HTTP response.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status of the answer.
    pub status: StatusCode,
    /// The body, which is empty or of the media type.
    pub body: Bytes,
    /// The media type of the body, sent where there is one.
    pub media_type: &'static str,
    /// Headers beside those that every answer has.
    pub headers: Vec<(header::HeaderName, HeaderValue)>,
    /// For how many seconds anyone may cache the answer. `None`: nobody may.
    pub max_age: Option<u32>,
}

impl Reply {
    /// The media type of most answers.
    pub const JSON: &'static str = media_type::JSON;

    /// An answer in JSON that nobody may keep.
    pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self { status, body: body.into(), media_type: Self::JSON, headers: Vec::new(), max_age: None }
    }

    /// The answer as HTTP, with the headers that every answer has.
    pub(in crate::api) fn into_response(self) -> Response<Bytes> {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        let has_body = !response.body().is_empty();
        let headers = response.headers_mut();
        if has_body {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        }
        let cache = self.max_age.and_then(|seconds| HeaderValue::try_from(format!("public, max-age={seconds}")).ok());
        headers.insert(header::CACHE_CONTROL, cache.unwrap_or(NO_STORE));
        headers.extend(EVERYWHERE);
        headers.extend(self.headers);
        response
    }
}

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// ASVS 5.0 V3.4: nothing of ours is a page, is guessed at, or sends its address on.
const EVERYWHERE: [(header::HeaderName, HeaderValue); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains")),
];

/// What an endpoint answers when it succeeds.
pub trait IntoReply: Describe {
    /// Converts the value into the answer.
    fn into_reply(self) -> Reply;
}

/// A JSON body with a fixed status. Of `T`, which borrows what it shows, there is no more than the bytes.
#[derive(Debug)]
pub struct Answer<const STATUS: u16, T> {
    body: Bytes,
    shape: PhantomData<fn() -> T>,
}

impl<const STATUS: u16, T> Answer<STATUS, T> {
    /// Writes the body as JSON.
    ///
    /// # Errors
    /// [`Fault`] when the value cannot be written as JSON.
    pub fn from_body(body: &impl Serialize) -> Result<Self, Fault> {
        Ok(Self { body: json::write(body)?.into(), shape: PhantomData })
    }

    /// Writes the body, with line breaks if it is for people.
    ///
    /// # Errors
    /// [`Fault`] when the value cannot be written as JSON.
    pub fn shown(body: &impl Serialize, pretty: bool) -> Result<Self, Fault> {
        if pretty { Ok(Self { body: json::write_pretty(body)?.into(), shape: PhantomData }) } else { Self::from_body(body) }
    }
}

impl<const STATUS: u16, T: ApiSchema> IntoReply for Answer<STATUS, T> {
    fn into_reply(self) -> Reply {
        Reply::json(StatusCode::from_u16(STATUS).unwrap_or_default(), self.body)
    }
}

/// An answer of status 200 with plain text.
#[derive(Clone, Copy, Debug)]
pub struct PlainText(pub &'static str);

impl PlainText {
    pub(in crate::api) const MEDIA_TYPE: &'static str = "text/plain";
}

impl IntoReply for PlainText {
    fn into_reply(self) -> Reply {
        Reply { media_type: Self::MEDIA_TYPE, ..Reply::json(StatusCode::OK, self.0) }
    }
}

/// An answer of status 200 without a body.
#[derive(Clone, Copy, Debug)]
pub struct Done;

impl IntoReply for Done {
    fn into_reply(self) -> Reply {
        Reply::json(StatusCode::OK, Bytes::new())
    }
}

/// JSON, or the same signed as a JWT: RFC 9701 section 5.
#[derive(Debug)]
pub enum SignedJson {
    /// The JSON as it is.
    Plain(Vec<u8>),
    /// A JWT with the JSON in its claims.
    Signed(String),
}

impl SignedJson {
    /// The media type of the signed form: RFC 9701 section 5.
    pub const MEDIA_TYPE: &'static str = "application/token-introspection+jwt";
}

impl IntoReply for SignedJson {
    fn into_reply(self) -> Reply {
        match self {
            Self::Plain(json) => Reply::json(StatusCode::OK, json),
            Self::Signed(jwt) => Reply { media_type: Self::MEDIA_TYPE, ..Reply::json(StatusCode::OK, jwt) },
        }
    }
}

/// An answer of status 204, which has no body.
#[derive(Clone, Copy, Debug)]
pub struct NoContent;

impl IntoReply for NoContent {
    fn into_reply(self) -> Reply {
        Reply::json(StatusCode::NO_CONTENT, Bytes::new())
    }
}

/// A JSON body that shows what is stored, with the `ETag` by which a later request can say that it means just that.
#[derive(Debug)]
pub struct Tagged<const STATUS: u16, T> {
    body: Bytes,
    shape: PhantomData<fn() -> T>,
}

impl<const STATUS: u16, T> Tagged<STATUS, T> {
    /// Writes the body as JSON.
    ///
    /// # Errors
    /// [`Fault`] when the value cannot be written as JSON.
    pub fn from_body(body: &impl Serialize) -> Result<Self, Fault> {
        Ok(Self { body: json::write(body)?.into(), shape: PhantomData })
    }
}

impl<const STATUS: u16, T: ApiSchema> IntoReply for Tagged<STATUS, T> {
    fn into_reply(self) -> Reply {
        tagged(StatusCode::from_u16(STATUS).unwrap_or_default(), self.body)
    }
}

/// An answer of status 201 with what was created, or of 200 with what was replaced, and with its `ETag`.
#[derive(Debug)]
pub struct Written<T> {
    created: bool,
    body: Bytes,
    shape: PhantomData<fn() -> T>,
}

impl<T> Written<T> {
    /// Writes the body as JSON, with status 201 if it was created.
    ///
    /// # Errors
    /// [`Fault`] when the value cannot be written as JSON.
    pub fn from_body(created: bool, body: &impl Serialize) -> Result<Self, Fault> {
        Ok(Self { created, body: json::write(body)?.into(), shape: PhantomData })
    }
}

impl<T: ApiSchema> IntoReply for Written<T> {
    fn into_reply(self) -> Reply {
        tagged(if self.created { StatusCode::CREATED } else { StatusCode::OK }, self.body)
    }
}

/// The media types of the patches that a resource takes: RFC 5789 section 3.1.
pub(super) const ACCEPT_PATCH: header::HeaderName = header::HeaderName::from_static("accept-patch");

fn tagged(status: StatusCode, body: Bytes) -> Reply {
    let tag = HeaderValue::try_from(entity_tag(&body)).ok().map(|tag| (header::ETAG, tag));
    let takes = (ACCEPT_PATCH, HeaderValue::from_static(media_type::MERGE_PATCH));
    Reply { headers: tag.into_iter().chain([takes]).collect(), ..Reply::json(status, body) }
}

/// An answer of status 201 with what was created, and where it is found. Its body has what is told only once; so if what is found
/// there has an `ETag`, it is that of what a `GET` answers there.
#[derive(Debug)]
pub struct Created<T> {
    body: Bytes,
    location: String,
    tag: Option<String>,
    shape: PhantomData<fn() -> T>,
}

impl<T> Created<T> {
    /// Writes the body as JSON. `location` is a path.
    ///
    /// # Errors
    /// [`Fault`] when the value cannot be written as JSON.
    pub fn at(location: String, body: &impl Serialize) -> Result<Self, Fault> {
        Ok(Self { body: json::write(body)?.into(), location, tag: None, shape: PhantomData })
    }

    /// Adds the entity tag of what a `GET` answers at the location.
    ///
    /// # Errors
    /// [`Fault`] when the value cannot be written as JSON.
    pub fn tagged(self, shown: &impl Serialize) -> Result<Self, Fault> {
        Ok(Self { tag: Some(entity_tag(&json::write(shown)?)), ..self })
    }
}

impl<T: ApiSchema> IntoReply for Created<T> {
    fn into_reply(self) -> Reply {
        let tag = self.tag.map(|tag| (header::ETAG, tag));
        let headers = [(header::LOCATION, self.location)].into_iter().chain(tag);
        let headers = headers.filter_map(|(name, value)| Some((name, HeaderValue::try_from(value).ok()?))).collect();
        Reply { headers, ..Reply::json(StatusCode::CREATED, self.body) }
    }
}

/// How long caches may keep the key set, in seconds.
const KEYS_MAX_AGE_S: u32 = 300;

/// A public document that caches may keep for a while, and need not fetch again as long as it is the same.
#[derive(Debug)]
pub struct Published<T> {
    body: Bytes,
    max_age: u32,
    tag: String,
    is_known: bool,
    shape: PhantomData<fn() -> T>,
}

impl Published<JwkSet> {
    /// The key set, for a caller that has these. A new key is published for longer than it may be kept before it signs.
    pub fn keys(document: Bytes, known: &IfNoneMatch) -> Self {
        Self::new(document, KEYS_MAX_AGE_S, known)
    }
}

impl<T> Published<T> {
    /// A document that may be kept for so many seconds, for a caller that has these.
    fn new(body: Bytes, max_age: u32, known: &IfNoneMatch) -> Self {
        let tag = entity_tag(&body);
        let is_known = known.has(&tag);
        Self { body, max_age, tag, is_known, shape: PhantomData }
    }
}

impl<T: ApiSchema> Published<T> {
    /// A document that changes only with the deployment, for a caller that has these: kept as long as the keys that it leads to.
    ///
    /// # Errors
    /// [`Fault`] when the value cannot be written as JSON.
    pub fn document(body: &impl Serialize, known: &IfNoneMatch) -> Result<Self, Fault> {
        Ok(Self::new(json::write(body)?.into(), KEYS_MAX_AGE_S, known))
    }
}

impl Published<ApiDocument> {
    /// The description of the API, for a caller that has these: it changes with the code alone.
    pub fn description(json: &'static str, known: &IfNoneMatch) -> Self {
        Self::new(Bytes::from_static(json.as_bytes()), 3_600, known)
    }
}

impl<T> Published<T> {
    fn into_reply_of(self, media_type: &'static str) -> Reply {
        let (status, body) = if self.is_known { (StatusCode::NOT_MODIFIED, Bytes::new()) } else { (StatusCode::OK, self.body) };
        let tag = HeaderValue::try_from(self.tag).ok().map(|tag| (header::ETAG, tag));
        Reply { max_age: Some(self.max_age), headers: tag.into_iter().collect(), media_type, ..Reply::json(status, body) }
    }
}

impl<T: ApiSchema> IntoReply for Published<T> {
    fn into_reply(self) -> Reply {
        self.into_reply_of(Reply::JSON)
    }
}

/// A signed status list, which caches may keep as long as it says itself.
#[derive(Debug)]
pub struct PublishedStatusList(Published<()>);

impl PublishedStatusList {
    /// The media type of a signed list: draft-ietf-oauth-status-list section 8.1.
    pub const MEDIA_TYPE: &'static str = "application/statuslist+jwt";

    /// A list for a caller that has these.
    pub fn new(list: StatusList, known: &IfNoneMatch) -> Self {
        Self(Published::new(list.jwt.into(), StatusList::TTL.0, known))
    }
}

impl IntoReply for PublishedStatusList {
    fn into_reply(self) -> Reply {
        self.0.into_reply_of(Self::MEDIA_TYPE)
    }
}
