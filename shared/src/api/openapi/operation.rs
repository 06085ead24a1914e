//! One operation of the document, as it is put together.

use std::collections::BTreeMap;

use http::StatusCode;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};
use strum::{Display, VariantArray};

use super::glossary;
use super::schemas::Schemas;
use crate::api::http::{Route, media_type};

/// Something that says what it is, in the description of an endpoint that takes or answers it.
pub trait Describe {
    /// Adds to the operation what it takes, answers or refuses because of this type.
    fn describe(operation: &mut Operation<'_>);
}

/// What the OpenAPI document says of a dialect.
#[derive(Debug)]
pub(in crate::api) struct DialectDescription {
    /// The description of the dialect's tag.
    pub about: &'static str,
    /// The media type of the dialect's errors.
    pub error_media_type: &'static str,
    /// Adds the schema of the dialect's errors, and returns a reference to it.
    pub error_schema: fn(&mut Schemas) -> Value,
    /// The statuses by which a body can be refused: for its contents, its length and its media type.
    pub body_refusals: &'static [u16],
    /// The `WWW-Authenticate` that some answers of status 403 have. `None`: none has one.
    pub forbidden_challenge: Option<&'static str>,
    /// What is appended to an endpoint's name to get the `operationId` of its second path.
    pub second_path_suffix: &'static str,
    /// Whether the `operationId`s begin with the dialect, because other dialects have operations of the same names.
    pub names_operations_fully: bool,
}

/// An operation that inputs and outputs describe.
#[derive(Debug)]
pub struct Operation<'a> {
    route: &'a Route,
    dialect: &'static DialectDescription,
    path: &'static str,
    schemas: &'a mut Schemas,
    parameters: Vec<Value>,
    body: Option<Value>,
    answers: BTreeMap<u16, Value>,
    headers: BTreeMap<u16, Map<String, Value>>,
    refusals: Vec<u16>,
    security: Option<Value>,
}

/// How a caller says who it is.
#[derive(Clone, Copy, Debug, Display, Eq, PartialEq, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Scheme {
    /// An access token of this service, as a bearer token: RFC 6750.
    Bearer,
    /// Id and API secret of an org, by HTTP Basic: RFC 7617.
    Service,
    /// Id and secret of an OAuth client: RFC 6749 section 2.3.1.
    Client,
    /// The TLS certificate of an OAuth client: RFC 8705 section 2.
    Certificate,
    /// The registration access token of a client: RFC 7592 section 3.
    Registration,
}

impl Scheme {
    fn definition(self) -> Value {
        match self {
            Self::Bearer => {
                json!({"type": "http", "scheme": "bearer", "description": "An access token of this service: RFC 6750."})
            }
            Self::Client => {
                json!({"type": "http", "scheme": "basic", "description": "Id and secret of an OAuth client: RFC 6749 section 2.3.1."})
            }
            Self::Certificate => json!({"type": "mutualTLS", "description": "The certificate of an OAuth client: RFC 8705."}),
            Self::Registration => {
                json!({"type": "http", "scheme": "bearer", "description": "The registration access token of a client: RFC 7592 section 3."})
            }
            Self::Service => {
                json!({"type": "http", "scheme": "basic", "description": "Id and API secret of a service: RFC 7617."})
            }
        }
    }
}

pub(super) fn security_schemes() -> Value {
    Scheme::VARIANTS.iter().map(|scheme| (scheme.to_string(), scheme.definition())).collect::<Map<_, _>>().into()
}

impl<'a> Operation<'a> {
    pub(super) fn new(
        route: &'a Route,
        dialect: &'static DialectDescription,
        path: &'static str,
        schemas: &'a mut Schemas,
    ) -> Self {
        let (parameters, answers, headers) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        Self { route, dialect, path, schemas, parameters, body: None, answers, headers, refusals: Vec::new(), security: None }
    }

    /// Whether its path has this parameter.
    pub fn has_in_path(&self, name: &str) -> bool {
        self.path.contains(&format!("{{{name}}}")) || self.path.contains(&format!("{{{name}+}}"))
    }

    /// Whether it is a `POST`.
    pub fn is_post(&self) -> bool {
        self.route.method == http::Method::POST
    }

    /// Adds a parameter of the path.
    pub fn takes_from_path(&mut self, name: &str, schema: &Schema) {
        let mut parameter = json!({"name": name, "in": "path", "required": true, "schema": schema});
        glossary::describe_one("Path", name, &mut parameter);
        self.parameters.push(parameter);
    }

    /// Adds a parameter of the query that can't be left out.
    pub fn requires_in_query(&mut self, name: &str, schema: &Schema) {
        let mut parameter = json!({"name": name, "in": "query", "required": true, "schema": schema});
        glossary::describe_one("Path", name, &mut parameter);
        self.parameters.push(parameter);
    }

    /// Adds the fields of `T` as parameters of the query. Each may be left out.
    pub fn takes_from_query<T: JsonSchema>(&mut self) {
        for (name, mut schema) in self.schemas.members::<T>() {
            let mut parameter = json!({"name": name, "in": "query"});
            if let Some(text) = schema.as_object_mut().and_then(|schema| schema.remove("description")) {
                parameter["description"] = text;
            }
            parameter["schema"] = schema;
            glossary::describe_one("Query", &name, &mut parameter);
            self.parameters.push(parameter);
        }
    }

    /// Adds a header that may be left out.
    pub fn takes_header(&mut self, name: &str, description: &str) {
        self.parameters.push(json!({"name": name, "in": "header", "description": description, "schema": {"type": "string"}}));
    }

    /// Adds a body of one of these media types.
    pub fn takes_body<T: JsonSchema>(&mut self, required: bool, media_types: &[&str]) {
        let schema = self.schemas.of_request::<T>();
        let content: Map<_, _> =
            media_types.iter().map(|media_type| ((*media_type).to_owned(), json!({"schema": schema}))).collect();
        self.body = Some(json!({"required": required, "content": content}));
    }

    /// Adds a body that is a merge patch of a `T`.
    pub fn takes_patch<T: JsonSchema>(&mut self) {
        let schema = self.schemas.of_patch::<T>();
        self.body = Some(json!({"required": true, "content": {media_type::MERGE_PATCH: {"schema": schema}}}));
        self.tells(&[415], "Accept-Patch", true, "The media type that a patch must have: RFC 5789 section 2.2.");
    }

    /// Callers say who they are, in one of these ways. An empty one: or not at all.
    pub fn authenticates(&mut self, ways: &[Option<Scheme>]) {
        let way = |way: &Option<Scheme>| way.map_or(json!({}), |scheme| json!({scheme.to_string(): []}));
        self.security = Some(ways.iter().map(way).collect());
    }

    /// Adds the answer `T` in JSON.
    pub fn answers<T: JsonSchema>(&mut self, status: u16) {
        let schema = self.schemas.of_answer::<T>();
        self.answers_as(status, media_type::JSON, schema);
    }

    /// Adds an answer with a body of this media type. There can be several.
    pub fn answers_as(&mut self, status: u16, media_type: &str, schema: impl Into<Value>) {
        let answer = self.answers.entry(status).or_insert_with(|| json!({"description": reason(status)}));
        answer["content"][media_type] = json!({"schema": schema.into()});
    }

    /// Adds the answer 304 for callers that have the answer already.
    pub fn is_conditional(&mut self) {
        self.takes_header("If-None-Match", "The `ETag`s of answers that the caller has: RFC 9110 section 13.1.2.");
        self.answers_nothing(304);
    }

    /// Adds the conditions under which something is changed.
    pub fn has_preconditions(&mut self) {
        self.takes_header(
            "If-Match",
            "The `ETag` of what the caller has seen, or `*` if something must be there: RFC 9110 section 13.1.1.",
        );
        self.takes_header("If-None-Match", "`*` if nothing may be there yet: RFC 9110 section 13.1.2.");
        self.refuses(&[412]);
    }

    /// Adds the headers of answers that show what is stored.
    pub fn tells_its_tag(&mut self, statuses: &[u16]) {
        self.tells(statuses, "ETag", true, "Which state is shown: what to send as `If-Match` to change just that.");
        self.tells(statuses, "Accept-Patch", true, "The media type of the patches that are taken: RFC 5789 section 3.1.");
    }

    /// Adds an answer without a body.
    pub fn answers_nothing(&mut self, status: u16) {
        self.answers.insert(status, json!({"description": reason(status)}));
    }

    /// Answers of these statuses have a header, be they refusals: each, or some.
    pub fn tells(&mut self, statuses: &[u16], name: &str, each: bool, description: &str) {
        let header = json!({"required": each, "description": description, "schema": {"type": "string"}});
        for status in statuses {
            self.headers.entry(*status).or_default().insert(name.to_owned(), header.clone());
        }
    }

    /// Adds the refusals of a body: for what it says, for its length, for its media type.
    pub fn refuses_bodies(&mut self) {
        self.refuses(self.dialect.body_refusals);
    }

    /// Adds the statuses with which the operation can refuse.
    pub fn refuses(&mut self, statuses: &[u16]) {
        self.refusals.extend(statuses);
    }

    /// The operation, and the errors that it refers to.
    pub(super) fn finish(mut self, id: &str) -> (Value, Vec<(String, Value)>) {
        let mut errors = Vec::new();
        for status in std::mem::take(&mut self.refusals) {
            let mut error = self.error(status);
            let mut name = format!("{}.{status}", self.route.dialect);
            for (header, told) in self.headers.get(&status).into_iter().flatten() {
                error["headers"][header] = told.clone();
                name = format!("{name}.{header}");
            }
            if let Some(answer) = self.answers.get_mut(&status).filter(|answer| answer.get("$ref").is_none()) {
                // It answers so in its own form, too: both are possible.
                for part in ["content", "headers"] {
                    for (name, described) in error[part].as_object().into_iter().flatten() {
                        answer[part][name] = described.clone();
                    }
                }
            } else {
                self.answers.insert(status, json!({"$ref": format!("#/components/responses/{name}")}));
                errors.push((name, error));
            }
        }
        for (status, headers) in self.headers {
            if let Some(answer) = self.answers.get_mut(&status).filter(|answer| answer.get("$ref").is_none()) {
                for (name, described) in headers {
                    answer["headers"][name] = described;
                }
            }
        }
        let answers: Map<_, _> = self.answers.into_iter().map(|(status, answer)| (status.to_string(), answer)).collect();
        let mut operation = json!({"operationId": id, "tags": [self.route.dialect.to_string()]});
        operation["security"] = self.security.unwrap_or_else(|| json!([]));
        if !self.parameters.is_empty() {
            operation["parameters"] = self.parameters.into();
        }
        if let Some(body) = self.body {
            operation["requestBody"] = body;
        }
        operation["responses"] = answers.into();
        (operation, errors)
    }

    fn error(&mut self, status: u16) -> Value {
        let dialect = self.dialect;
        let schema = (dialect.error_schema)(self.schemas);
        let mut error = json!({"description": reason(status), "content": {dialect.error_media_type: {"schema": schema}}});
        let header = match (status, dialect.forbidden_challenge) {
            // API Gateway may send it under another name: `x-amzn-remapped-www-authenticate`.
            (401, _) => Some(("WWW-Authenticate", false, "What to authenticate by: RFC 9110 section 11.6.1.", "string")),
            (403, Some(challenge)) => Some(("WWW-Authenticate", false, challenge, "string")),
            (429 | 503, _) => Some(("Retry-After", true, "After how many seconds to try again.", "integer")),
            _ => None,
        };
        if let Some((name, each, description, kind)) = header {
            error["headers"] = json!({name: {"required": each, "description": description, "schema": {"type": kind}}});
        }
        error
    }
}

fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default()
}
