//! A layer between the SDK and the network, for tests: it records the calls and injects failures.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::config::{HttpClient, RuntimeComponents, SharedHttpClient};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

/// One call of an AWS operation, however many attempts it took.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Call {
    /// The service as the header `X-Amz-Target` names it: `DynamoDB_20120810`, `TrentService` (KMS), `AWSEvents`, `AmazonSQS`.
    pub service: String,
    /// The operation as the same header names it, such as `PutItem` or `Sign`.
    pub operation: String,
    /// The DynamoDB tables that the request names, sorted, each once.
    pub tables: Vec<String>,
    /// How many times the request was sent.
    pub attempts: u32,
    /// The body of the request.
    pub input: Value,
    /// The invocation id of the SDK, which all attempts share.
    id: String,
}

impl Call {
    /// Returns what the role of the caller must allow: pairs of a table (or `table/index/name`) and an action.
    pub fn permissions(&self) -> Vec<(String, String)> {
        let Some(writes) = self.input["TransactItems"].as_array() else {
            let index = self.input["IndexName"].as_str().map(|index| format!("/index/{index}")).unwrap_or_default();
            return self.tables.iter().map(|table| (format!("{table}{index}"), self.operation.clone())).collect();
        };
        let action = |(kind, write): (&String, &Value)| {
            let action = if kind == "ConditionCheck" { "ConditionCheckItem".to_owned() } else { format!("{kind}Item") };
            (write["TableName"].as_str().unwrap_or_default().to_owned(), action)
        };
        writes.iter().filter_map(Value::as_object).flatten().map(action).collect()
    }
}

/// A failure that an attempt meets.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// The attempt is answered with this status and body, computed from the request, and isn't sent.
    Answer(fn(&Value) -> (u16, String)),
    /// The attempt is refused with this error code and status 400, and isn't sent.
    Refuse(&'static str),
    /// The attempt is not sent: the connection breaks before.
    LoseRequest,
    /// The attempt is carried out, and the connection breaks before the response arrives.
    LoseAnswer,
    /// The attempt is sent after this delay.
    Delay(Duration),
}

/// Records all calls that pass through it and makes attempts fail. Clones share their state.
#[derive(Clone, Debug, Default)]
pub struct Wire(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    calls: Vec<Call>,
    troubles: Vec<(String, u32, Trouble)>,
}

impl Wire {
    /// Returns the calls recorded so far, in the order in which they began, and clears the record.
    pub fn take_calls(&self) -> Vec<Call> {
        self.with(|state| std::mem::take(&mut state.calls))
    }

    /// Makes the next `times` attempts of this operation meet this failure. Failures asked for earlier come first.
    pub fn trouble(&self, operation: &str, times: u32, trouble: Trouble) {
        self.with(|state| state.troubles.push((operation.to_owned(), times, trouble)));
    }

    /// Cancels all failures that are still to come, and returns whether there were any.
    pub fn calm(&self) -> bool {
        self.with(|state| std::mem::take(&mut state.troubles).iter().any(|(_, times, _)| *times > 0))
    }

    pub(super) fn before(self, next: SharedHttpClient) -> impl HttpClient + 'static {
        Wired { wire: self, next }
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Records an attempt. Returns the body of the request, and the failure that it meets.
    fn note(&self, request: &HttpRequest) -> (Value, Option<Trouble>) {
        let header = |name| request.headers().get(name).unwrap_or_default().to_owned();
        let (target, id) = (header("x-amz-target"), header("amz-sdk-invocation-id"));
        let (service, operation) = target.split_once('.').unwrap_or_default();
        let input: Value = request.body().bytes().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
        let trouble = self.with(|state| {
            match state.calls.iter_mut().find(|call| call.id == id) {
                Some(call) => call.attempts += 1,
                None => state.calls.push(Call {
                    service: service.to_owned(),
                    operation: operation.to_owned(),
                    tables: tables(&input),
                    attempts: 1,
                    input: input.clone(),
                    id,
                }),
            }
            let next = state.troubles.iter_mut().find(|(of, times, _)| of == operation && *times > 0);
            next.map(|(_, times, trouble)| {
                *times -= 1;
                trouble.clone()
            })
        });
        (input, trouble)
    }
}

fn tables(input: &Value) -> Vec<String> {
    let mut tables = Vec::new();
    if let Some(requests) = input["RequestItems"].as_object() {
        tables.extend(requests.keys().cloned());
    }
    let writes = input["TransactItems"].as_array().into_iter().flatten().filter_map(Value::as_object);
    let writes = writes.flat_map(|write| write.values());
    tables.extend(writes.chain([input]).filter_map(|write| write["TableName"].as_str().map(str::to_owned)));
    tables.sort();
    tables.dedup();
    tables
}

#[derive(Debug)]
struct Wired {
    wire: Wire,
    next: SharedHttpClient,
}

impl HttpClient for Wired {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let next = self.next.http_connector(settings, components);
        SharedHttpConnector::new(WiredConnector { wire: self.wire.clone(), next })
    }
}

#[derive(Debug)]
struct WiredConnector {
    wire: Wire,
    next: SharedHttpConnector,
}

impl HttpConnector for WiredConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (input, trouble) = self.wire.note(&request);
        let next = self.next.clone();
        HttpConnectorFuture::new(async move {
            match trouble {
                None => next.call(request).await,
                Some(Trouble::Answer(answer)) => {
                    let (status, body) = answer(&input);
                    reply(status, body)
                }
                Some(Trouble::Refuse(code)) => {
                    reply(400, serde_json::json!({ "__type": code, "message": "a test's" }).to_string())
                }
                Some(Trouble::LoseRequest) => Err(lost()),
                Some(Trouble::LoseAnswer) => {
                    next.call(request).await?;
                    Err(lost())
                }
                Some(Trouble::Delay(time)) => {
                    tokio::time::sleep(time).await;
                    next.call(request).await
                }
            }
        })
    }
}

fn reply(status: u16, body: String) -> Result<HttpResponse, ConnectorError> {
    let status = status.try_into().map_err(|_| ConnectorError::user("no such status".into()))?;
    Ok(HttpResponse::new(status, SdkBody::from(body)))
}

fn lost() -> ConnectorError {
    ConnectorError::io("a test has cut the connection".into())
}
