//! Which calls of AWS each function makes, and that its role grants these and no others.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::Method;
use serde_json::{Value, json};
use shared::api::http::{Entry, Service};
use shared::api::lambda::{InvocationError, OperationEntry};
use shared::domain::SigningMode;
use shared::platform::aws::testing::{Call, Trouble, Wire};
use shared::platform::capabilities::AwsAccess;

use crate::support::deployment::{Deployment, Instance, PUSH_QUEUE};
use crate::support::{Answer, ask, scanner};

mod authlete;
mod denied;
mod event_streams;
mod oauth;
mod signals;
pub(crate) mod units;

/// Actions of AWS, each with what it is allowed on.
type Actions = BTreeSet<(&'static str, String)>;

/// A deployment, and what each of its functions has done there.
struct Recorded {
    deployment: Deployment,
    admin: String,
    actions: BTreeMap<&'static str, Actions>,
}

impl Recorded {
    /// Of a deployment in which nothing has happened yet.
    fn new(deployment: Deployment) -> Self {
        Self { deployment, admin: String::new(), actions: BTreeMap::new() }
    }

    /// After `jeton.bootstrap`.
    async fn begun(mode: SigningMode) -> Self {
        let mut recorded = Self::new(Deployment::new(mode, true).await);
        recorded.begin().await;
        recorded
    }

    async fn begin(&mut self) {
        let founded = self.invoke("jeton.bootstrap", json!({})).await;
        founded["token"].as_str().unwrap().clone_into(&mut self.admin);
        assert!(founded["next"].as_str().unwrap().contains("Bootstrap=off"), "{founded}");
    }

    /// Another token of the administrator, a second after all others were revoked.
    async fn begin_again(&mut self) {
        tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
        let founded = self.invoke("jeton.bootstrap", json!({"again": true})).await;
        founded["token"].as_str().unwrap().clone_into(&mut self.admin);
    }

    /// Starts a function and has it handle some requests. Returns the answers, and the calls of each: first those of the start.
    async fn run(&mut self, name: &'static str, requests: &[(&str, Value)]) -> (Vec<Answer>, Vec<Vec<Call>>) {
        let bearer = self.admin.clone();
        self.run_as(&bearer, name, requests).await
    }

    async fn run_as(&mut self, bearer: &str, name: &'static str, requests: &[(&str, Value)]) -> (Vec<Answer>, Vec<Vec<Call>>) {
        let wire = Wire::default();
        let instance = self.deployment.instance(&wire);
        let entry = functions::catalogue::<Instance>().into_iter().find(|entry| entry.route.name == name).unwrap();
        let (method, opens_keys) = (entry.route.method.clone(), entry.access.envelope_key.contains(&"Decrypt"));
        // What its bundle does at init.
        if opens_keys {
            instance.platform.warm_up().await.unwrap();
        } else if entry.access != AwsAccess::NONE {
            instance.platform.records.reader.keys.now().await.unwrap();
        }
        let (mut answers, mut calls) = (Vec::new(), vec![wire.take_calls()]);
        let service = Service::new(&[entry], &instance).unwrap();
        for (path, body) in requests {
            let request = http::Request::builder().method(method.clone()).uri(*path);
            let (request, body) = with_headers(request, body);
            // A text is a form, in which a client says who it is.
            let request = if body.is_string() {
                let request = request.header("content-type", "application/x-www-form-urlencoded");
                request.header("accept", "application/token-introspection+jwt")
            } else {
                let has_own = request.headers_ref().is_some_and(|headers| headers.contains_key("authorization"));
                // Whoever has no name sends none.
                let bearer = (!has_own && !bearer.is_empty()).then(|| format!("Bearer {bearer}"));
                let request = bearer.into_iter().fold(request, |request, bearer| request.header("authorization", bearer));
                let is_patch = method == Method::PATCH;
                request.header("content-type", if is_patch { "application/merge-patch+json" } else { "application/json" })
            };
            let body = if let Value::String(form) = &body {
                form.clone()
            } else if method == Method::GET || method == Method::DELETE {
                String::new()
            } else {
                body.to_string()
            };
            answers.push(Answer::from(service.call(request.body(body.into()).unwrap()).await));
            calls.push(wire.take_calls());
        }
        self.note(name, calls.iter().flatten());
        (answers, calls)
    }

    /// The same, for one request that succeeds. Returns its answer.
    async fn good(&mut self, name: &'static str, path: &str, body: Value) -> Value {
        let (answers, _) = self.run(name, &[(path, body)]).await;
        assert!(answers[0].status.is_success(), "{name}: {answers:?}");
        serde_json::from_slice(&answers[0].body).unwrap_or_default()
    }

    /// Starts an operation and has it handle an event.
    async fn invoke(&mut self, name: &'static str, event: Value) -> Value {
        serde_json::from_str(&self.try_to_invoke(name, event, &Wire::default()).await.unwrap()).unwrap()
    }

    async fn try_to_invoke(&mut self, name: &'static str, event: Value, wire: &Wire) -> Result<String, InvocationError> {
        let instance = self.deployment.instance(wire);
        let operation = functions::operations::<Instance>().into_iter().find(|entry| entry.name == name).unwrap();
        let answer = operation.bind(&instance).invoke(&event.to_string(), "r-1", None).await;
        self.note(name, &wire.take_calls());
        answer
    }

    fn note<'a>(&mut self, name: &'static str, calls: impl IntoIterator<Item = &'a Call>) {
        let actions = calls.into_iter().flat_map(|call| actions(call, &self.deployment));
        self.actions.entry(name).or_default().extend(actions);
    }

    async fn token(&mut self, more: Value) -> Value {
        self.good("agilicus.create_token", "/v1/tokens", ask("1", "administrator", more)).await
    }
}

/// Takes the headers out of a body, which a test has put there, and then its form.
fn with_headers(request: http::request::Builder, body: &Value) -> (http::request::Builder, Value) {
    let mut body = body.clone();
    let headers = body.as_object_mut().and_then(|body| body.remove("headers")).unwrap_or_default();
    let headers = headers.as_object().into_iter().flatten();
    let request = headers.fold(request, |request, (name, value)| request.header(name, value.as_str().unwrap()));
    let form = body.as_object_mut().and_then(|body| body.remove("form"));
    (request, form.unwrap_or(body))
}

/// What IAM calls it.
fn actions(call: &Call, deployment: &Deployment) -> Vec<(&'static str, String)> {
    let on = |resource: &str| match resource.strip_prefix(&deployment.aws.tokens_table) {
        Some("") => "tokens",
        Some(_) => "by_subject",
        None => "directory",
    };
    match (&*call.service, &*call.operation) {
        ("DynamoDB_20120810", _) => call.permissions().into_iter().map(|(resource, action)| (on(&resource), action)).collect(),
        ("TrentService", "Sign") => vec![("signing_key", "Sign".to_owned())],
        ("TrentService", operation @ ("Decrypt" | "GenerateDataKeyWithoutPlaintext" | "GenerateDataKeyPairWithoutPlaintext")) => {
            vec![("envelope_key", operation.to_owned())]
        }
        // A key that is made with a tag.
        ("TrentService", "CreateKey") => ["CreateKey", "TagResource"].map(|action| ("key_making", action.to_owned())).into(),
        ("TrentService", operation) => vec![("key_making", operation.to_owned())],
        ("AmazonSQS", operation) => {
            vec![(if call.input["QueueUrl"] == PUSH_QUEUE { "push_queue" } else { "queue" }, operation.to_owned())]
        }
        other => unreachable!("{other:?}"),
    }
}

fn granted(access: &AwsAccess) -> Actions {
    let AwsAccess { tokens, by_subject, directory, signing_key, envelope_key, key_making, queue, push_queue, .. } = *access;
    // Lambda itself receives, in the function's name.
    let sent = |queue: &[&'static str]| if queue.contains(&"SendMessage") { &["SendMessage"][..] } else { &[] };
    let all = [
        ("queue", sent(queue)),
        ("push_queue", sent(push_queue)),
        ("tokens", tokens),
        ("by_subject", by_subject),
        ("directory", directory),
        ("signing_key", signing_key),
        ("envelope_key", envelope_key),
        ("key_making", key_making),
    ];
    all.into_iter().flat_map(|(on, actions)| actions.iter().map(move |action| (on, (*action).to_owned()))).collect()
}

/// Has both functions that make keys fail in the middle: the key that has no name yet is destroyed.
async fn half_a_key(run: &mut Recorded) {
    for name in ["jeton.bootstrap", "jeton.rotate_keys"] {
        let wire = Wire::default();
        wire.trouble("CreateAlias", 9, Trouble::Refuse("LimitExceededException"));
        run.try_to_invoke(name, json!({}), &wire).await.unwrap_err();
    }
    assert!(run.deployment.kms.pairs().into_values().all(|state| state == "PendingDeletion"));
}

/// Has every function do all that it can do, on one deployment.
async fn everything(run: &mut Recorded) {
    run.begin().await;
    run.invoke("jeton.rotate_keys", json!({"now": true})).await;
    status_lists(run).await;

    run.good("jeton.put_org", "/v1/orgs/11", json!({"parent": "1"})).await;
    run.good("jeton.put_org", "/v1/orgs/11", json!({"name": "Eleven", "settings": {"allow_non_expiring": true}})).await;
    issuers(run).await;
    run.good("jeton.patch_org", "/v1/orgs/11", json!({"name": "Org eleven", "settings": {"resources": ["https://mcp.example"]}}))
        .await;
    run.good("jeton.get_org", "/v1/orgs/11", json!({})).await;
    run.good("jeton.list_orgs", "/v1/orgs", json!({})).await;
    for member in ["ann", "administrator"] {
        let path = format!("/v1/orgs/11/members/{member}");
        run.good("jeton.put_member", &path, json!({"scopes": ["*"]})).await;
        run.good("jeton.put_member", &path, json!({"scopes": ["urn:*"]})).await;
    }
    run.good("jeton.get_member", "/v1/orgs/11/members/ann", json!({})).await;
    run.good("jeton.patch_member", "/v1/orgs/11/members/ann", json!({"profile": {"email": "ann@example.org"}})).await;
    offices(run).await;
    run.good("jeton.list_members", "/v1/orgs/11/members", json!({})).await;

    clients(run).await;
    signals::everything(run).await;
    api_keys(run).await;
    event_streams::everything(run).await;
    authlete::everything(run).await;
    oauth::registrations(run).await;

    let token = run.token(json!({})).await["token"].clone();
    let seen = run.good("agilicus.introspect_token", "/v1/tokens/introspect", json!({"token": token})).await;
    let by_id = format!("/v1/tokens?jti={}", seen["jti"].as_str().unwrap());
    let session = json!({"session": "s-1", "create_refresh_token": true});
    let minted = run.token(session.clone()).await;
    run.token(json!({"session": "s-0"})).await;
    run.good("jeton.create_revocation", "/v1/orgs/1/revocations", json!({"session": "s-0"})).await;
    for (name, path) in [
        ("agilicus.introspect_token", "/v1/tokens/introspect"),
        ("agilicus.introspect_self", "/v1/tokens/introspect_self"),
        ("agilicus.introspect_all_sub_orgs", "/v1/tokens/introspect_all_sub_orgs"),
    ] {
        run.good(name, path, json!({"token": token})).await;
    }
    let question = json!({"type": "TOKEN", "methodArn": "arn:aws:execute-api:us-east-1:1:api/prod/GET/", "authorizationToken": format!("Bearer {}", token.as_str().unwrap())});
    assert_eq!(run.invoke("jeton.authorizer", question).await["policyDocument"]["Statement"][0]["Effect"], "Allow");
    run.good("agilicus.validate_token_request", "/v1/tokens/validations", ask("1", "administrator", json!({}))).await;
    run.good("agilicus.reissue_token", "/v1/tokens/reissue", json!({"token": token, "org_id": "11"})).await;
    for path in ["/v1/tokens", "/v1/tokens?sub=administrator", &by_id] {
        run.good("agilicus.list_tokens", path, json!({})).await;
    }
    run.good("jeton.get_token", &by_id.replace("?jti=", "/"), json!({})).await;
    // In an org below, with its family.
    let below = run.good("agilicus.create_token", "/v1/tokens", ask("11", "ann", json!({"create_refresh_token": true}))).await;
    let below = run.good("agilicus.introspect_token", "/v1/tokens/introspect", json!({"token": below["token"]})).await;
    let below = format!("/v1/tokens/{}", below["jti"].as_str().unwrap());
    run.good("jeton.get_token", &below, json!({})).await;
    run.good("agilicus.list_tokens", &below.replace("tokens/", "tokens?jti="), json!({})).await;
    run.good("jeton.delete_token", &below, json!({})).await;
    // What a token made is looked for in the orgs below, too.
    let child = run.token(json!({})).await["token"].clone();
    let child = run.good("agilicus.introspect_token", "/v1/tokens/introspect", json!({"token": child})).await;
    run.good("jeton.create_revocation", "/v1/orgs/1/revocations", json!({"created_by": child["jti"]})).await;
    for (name, path) in [("jeton.jwks", "/.well-known/jwks.json"), ("agilicus.agilicus_jwks", "/v1/tokens/jwsk")] {
        run.good(name, path, json!({})).await;
    }
    run.good("jeton.health", "/health", json!({})).await;
    run.good("jeton.openapi", "/openapi.json", json!({})).await;
    oauth::sign_in(run).await;
    oauth::strangers(run).await;
    run.good("oauth.metadata", "/.well-known/oauth-authorization-server", json!({})).await;
    run.good("oauth.openid_configuration", "/.well-known/openid-configuration", json!({})).await;
    run.good("oauth.resource_metadata", "/.well-known/oauth-protected-resource/mcp", json!({})).await;
    run.good("oauth.org_resource_metadata", "/oauth2/resource-metadata/11?resource=https://mcp.example", json!({})).await;

    // A refresh, its repetition, and the use of a token that is used up, which ends the family.
    let first = json!({"token": minted["refresh_token"]});
    let second = run.good("agilicus.refresh_token", "/v1/tokens/refresh", first.clone()).await;
    run.good("agilicus.refresh_token", "/v1/tokens/refresh", first.clone()).await;
    run.good("agilicus.refresh_token", "/v1/tokens/refresh", json!({"token": second["refresh_token"]})).await;
    let (answers, _) = run.run("agilicus.refresh_token", &[("/v1/tokens/refresh", first)]).await;
    assert_eq!(answers[0].status, 400);

    // One token, one with its family, a refresh token, a session, and all of a member.
    run.good("agilicus.revoke_token", "/v1/tokens/revoke", json!({"token": token})).await;
    // In the second after the session has ended nothing is minted into it.
    let last = run.token(session.clone()).await;
    for all in [json!({}), json!({"all_sessions": true})] {
        let minted = run.token(session.clone()).await;
        let mut revoke = json!({"token": minted["token"]});
        revoke.as_object_mut().unwrap().extend(all.as_object().unwrap().clone());
        run.good("agilicus.revoke_token", "/v1/tokens/revoke", revoke).await;
    }
    run.good("agilicus.revoke_token", "/v1/tokens/revoke", json!({"token": last["refresh_token"]})).await;
    for who in [json!({"user_id": "ann", "org_id": "11"}), json!({"user_id": "ann", "org_id": "11", "session_id": "s-1"})] {
        run.good("agilicus.bulk_revoke_tokens", "/v1/tokens/bulk_revoke", who).await;
    }

    for member in ["ann", "administrator"] {
        run.good("jeton.delete_member", &format!("/v1/orgs/11/members/{member}"), json!({})).await;
    }
    run.good("jeton.delete_org", "/v1/orgs/11", json!({})).await;
}

/// Has tokens put into status lists by each function that updates no item otherwise, and has the lists read and published.
async fn status_lists(run: &mut Recorded) {
    run.good("jeton.patch_org", "/v1/orgs/1", json!({"settings": {"status_list": true}})).await;
    let token = run.token(json!({})).await["token"].clone();
    run.good("agilicus.reissue_token", "/v1/tokens/reissue", json!({"token": token, "org_id": "1"})).await;
    run.invoke("jeton.bootstrap", json!({"again": true})).await;
    let claims = token.as_str().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    let uri = claims["status"]["status_list"]["uri"].as_str().unwrap();
    run.good("jeton.get_status_list", &uri[uri.find("/status/").unwrap()..], json!({})).await;
    run.invoke("jeton.publish_status_lists", json!({})).await;
}

/// Has the clients of an org made, changed and deleted.
async fn clients(run: &mut Recorded) {
    const ALL: &str = "/v1/orgs/11/clients";
    let made = run.good("jeton.create_client", ALL, json!({"kind": "confidential", "alias": "shop"})).await;
    let path = format!("{ALL}/{}", made["id"]);
    for name in ["jeton.put_client", "jeton.patch_client"] {
        for body in [
            json!({"kind": "confidential", "alias": "store"}),
            json!({"kind": "confidential", "alias": "store", "name": "Store"}),
            json!({"kind": "confidential", "alias": "shop"}),
        ] {
            run.good(name, &path, body).await;
        }
    }
    run.good("jeton.get_client", &path, json!({})).await;
    run.good("jeton.list_clients", ALL, json!({})).await;
    let secret = run.good("jeton.create_client_secret", &format!("{path}/secrets"), json!({})).await;
    run.good("jeton.list_client_secrets", &format!("{path}/secrets"), json!({})).await;
    let secret = format!("{path}/secrets/{}", secret["id"].as_str().unwrap());
    run.good("jeton.delete_client_secret", &secret, json!({})).await;
    let body = json!({"kind": "confidential", "auth_method": "client_secret_post", "grants": ["client_credentials"]});
    let made = run.good("jeton.create_client", ALL, body).await;
    let form = format!("client_id={}&client_secret={}", made["id"], made["secret"].as_str().unwrap());
    run.good("oauth.token", "/oauth2/token", format!("grant_type=client_credentials&{form}").into()).await;
    run.good("jeton.delete_client", &format!("{ALL}/{}", made["id"]), json!({})).await;
    run.good("jeton.delete_client", &path, json!({})).await;
}

/// Has API keys made, looked at, changed, used and ended: one more than a member may have, so that they are counted.
async fn api_keys(run: &mut Recorded) {
    const ALL: &str = "/v1/orgs/11/api-keys";
    const API: &str = "https://api.example";
    let settings = json!({
        "allow_non_expiring": true, "resources": [API, "https://mcp.example"], "default_resource": API, "api_keys": {"max_per_owner": 1}
    });
    run.good("jeton.put_org", "/v1/orgs/11", json!({ "settings": settings })).await;
    let body = json!({"name": "laptop", "owner": "ann", "scopes": ["urn:app:read"]});
    let key = run.good("jeton.create_api_key", ALL, body).await;
    let path = format!("{ALL}/{}", key["id"].as_str().unwrap());
    run.good("jeton.list_api_keys", ALL, json!({})).await;
    run.good("jeton.get_api_key", &path, json!({})).await;
    run.good("jeton.patch_api_key", &path, json!({"name": "desk"})).await;
    let rotated = run.good("jeton.rotate_api_key", &format!("{path}/rotate"), json!({})).await;
    run.good("jeton.delete_previous_api_key", &format!("{path}/previous"), json!({})).await;
    let server = run
        .good(
            "jeton.create_client",
            "/v1/orgs/11/clients",
            json!({"kind": "confidential", "auth_method": "client_secret_post", "resources": [API]}),
        )
        .await;
    let secret = server["secret"].as_str().unwrap();
    let form = format!("client_id={}&client_secret={secret}&token={}", server["id"], rotated["key"].as_str().unwrap());
    run.good("oauth.introspect", "/oauth2/introspect", form.into()).await;
    run.good("jeton.delete_api_key", &path, json!({})).await;
    let limited = json!({"name": "laptop", "owner": "ann", "scopes": ["urn:app:read"], "limits": {"per_day": 9}});
    let key = run.good("jeton.create_api_key", ALL, limited).await;
    run.good("agilicus.introspect_token", "/v1/tokens/introspect", json!({"token": key["key"]})).await;
    let headers = json!({"authorization": format!("Bearer {}", key["key"].as_str().unwrap())});
    let context = json!({"domainName": "api.example", "http": {"method": "GET", "sourceIp": "192.0.2.1"}});
    let question = json!({"version": "2.0", "headers": headers, "rawPath": "/y", "requestContext": context});
    assert_eq!(run.invoke("jeton.authorizer", question).await["isAuthorized"], true);
    run.good("jeton.delete_client", &format!("/v1/orgs/11/clients/{}", server["id"]), json!({})).await;
    let body = json!({"name": "laptop", "owner": "administrator", "scopes": ["urn:app:read"]});
    let key = run.good("jeton.create_api_key", ALL, body).await["key"].clone();
    run.good("agilicus.introspect_token", "/v1/tokens/introspect", json!({"token": key})).await;
    run.good("jeton.report_leaked_keys", "/v1/api-keys/leaked", leak_report(&key)).await;
}

/// A signed report of a leaked key.
fn leak_report(key: &Value) -> Value {
    let body = json!([{"token": key, "type": "jeton_api_key", "url": "https://code.example/x", "source": "commit"}]);
    let signature = scanner::signature(body.to_string().as_bytes());
    json!({"headers": {"github-public-key-identifier": scanner::KEY, "github-public-key-signature": signature}, "form": body})
}

/// Whose value a key's is never changes, and an instance remembers it; whether the key is good is read each time.
#[tokio::test]
async fn an_instance_that_has_seen_an_api_key_finds_it_by_one_read() {
    let mut run = Recorded::begun(SigningMode::Envelope).await;
    let settings = json!({"resources": ["https://api.example"], "default_resource": "https://api.example"});
    run.good("jeton.patch_org", "/v1/orgs/1", json!({ "settings": settings })).await;
    let body = json!({"name": "laptop", "scopes": ["urn:app:read"]});
    let key = run.good("jeton.create_api_key", "/v1/orgs/1/api-keys", body).await;
    let shown = ("/v1/tokens/introspect", json!({"token": key["key"]}));
    let (answers, calls) = run.run("agilicus.introspect_token", &[shown.clone(), shown.clone(), shown]).await;
    assert!(answers.iter().all(|answer| answer.status.is_success()), "{answers:?}");
    let names = |calls: &[Call]| calls.iter().map(|call| call.operation.clone()).collect::<Vec<_>>();
    assert_eq!(names(&calls[1]), ["BatchGetItem", "BatchGetItem", "UpdateItem"], "the first time in this hour");
    assert_eq!(names(&calls[2]), ["BatchGetItem"]);
    assert_eq!(names(&calls[3]), ["BatchGetItem"]);
}

/// Has the root org's administrators give up their own office, each in another way, and get it back.
async fn offices(run: &mut Recorded) {
    const SELF: &str = "/v1/orgs/1/members/administrator";
    const OTHER: &str = "/v1/orgs/1/members/other";
    run.good("jeton.put_member", OTHER, json!({"scopes": ["*"]})).await;
    let first = run.admin.clone();
    let other = run.good("agilicus.create_token", "/v1/tokens", ask("1", "other", json!({"scopes": ["urn:jeton:admin"]}))).await;
    let other = other["token"].as_str().unwrap();
    for (name, body) in [("jeton.put_member", json!({"enabled": false})), ("jeton.patch_member", json!({"scopes": null}))] {
        run.good(name, SELF, body).await;
        other.clone_into(&mut run.admin);
        run.good("jeton.put_member", SELF, json!({"scopes": ["*"]})).await;
        run.admin.clone_from(&first);
    }
    run.good("jeton.patch_member", SELF, json!({"scopes": [], "profile": {"email": "a@example.org"}})).await;
    assert_eq!(run.invoke("jeton.bootstrap", json!({"again": true})).await["restored"], true);
    let there = run.good("jeton.get_member", SELF, json!({})).await;
    assert_eq!((&there["scopes"], &there["profile"]["email"]), (&json!(["urn:jeton:admin"]), &json!("a@example.org")));
    run.good("jeton.put_member", SELF, json!({"scopes": ["*"]})).await;
    assert!(run.invoke("jeton.bootstrap", json!({"again": true})).await.get("restored").is_none());
    other.clone_into(&mut run.admin);
    run.good("jeton.delete_member", OTHER, json!({})).await;
    run.admin = first;
}

/// What all functions together really do is what their roles grant: nothing is missing, nothing is left over.
#[tokio::test]
async fn a_role_grants_what_its_function_does_and_nothing_else() {
    let mut run = Recorded::new(Deployment::new(SigningMode::Kms, true).await);
    half_a_key(&mut run).await;
    everything(&mut run).await;
    let mut done = run.actions;
    // By an envelope, without the index by subject, and with a schedule that is faster than who deploys.
    let mut run = Recorded::new(Deployment::new(SigningMode::Envelope, false).await);
    everything(&mut run).await;
    let mut early = Recorded::new(Deployment::new(SigningMode::Envelope, true).await);
    early.invoke("jeton.rotate_keys", json!({})).await;
    for (name, actions) in run.actions.into_iter().chain(early.actions) {
        done.entry(name).or_default().extend(actions);
    }
    let endpoints = functions::catalogue::<Instance>();
    let endpoints = endpoints.iter().map(|Entry { route, access, .. }| (route.name, *access));
    let operations = functions::operations::<Instance>();
    let operations = operations.iter().map(|OperationEntry { name, access, .. }| (*name, *access));
    let mut wrong = Vec::new();
    for (name, access) in endpoints.chain(operations) {
        let (granted, done) = (granted(&access), done.remove(name).unwrap_or_default());
        wrong.extend(done.difference(&granted).map(|action| format!("{name} may not {action:?}")));
        wrong.extend(granted.difference(&done).map(|action| format!("{name} never {action:?}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(done.is_empty(), "{done:?}");
}

/// The calls of an operation when warm, and those that a cold start adds.
#[tokio::test]
async fn each_operation_makes_as_many_calls_of_aws_as_planned() {
    const READ: &[&str] = &["BatchGetItem"];
    const SIGNED: &[&str] = &["BatchGetItem", "PutItem", "Sign"];
    const REFRESHED: &[&str] = &["BatchGetItem", "BatchGetItem", "UpdateItem", "PutItem", "Sign"];
    for mode in [SigningMode::Kms, SigningMode::Envelope] {
        let mut run = Recorded::begun(mode).await;
        let token = run.token(json!({})).await["token"].clone();
        let token = json!({"token": token});
        let mint = ask("1", "administrator", json!({}));
        let (member, org) = (json!({"scopes": ["*"]}), json!({"name": "One"}));
        let list: Vec<&str> = ["BatchGetItem"; 2].into_iter().chain(["Query"; 32]).collect();
        let refresh = json!({"token": run.token(json!({"create_refresh_token": true})).await["refresh_token"]});
        let (issue, sight) = authlete::create_and_introspect(&mut run).await;
        let planned: [(&str, &str, &Value, &[&str]); 13] = [
            ("authlete.create_token", "/api/1/auth/token/create", &issue, &["BatchGetItem", "PutItem"]),
            // An opaque token doesn't say whose it is: the read that authenticates who asks finds it, too, and another one
            // all that decides about it.
            ("authlete.introspect_token", "/api/1/auth/introspection", &sight, &["BatchGetItem", "BatchGetItem"]),
            ("agilicus.create_token", "/v1/tokens", &mint, SIGNED),
            // Whose family it is stands in the family, so there are two reads before the one write that decides.
            ("agilicus.refresh_token", "/v1/tokens/refresh", &refresh, REFRESHED),
            ("agilicus.introspect_token", "/v1/tokens/introspect", &token, READ),
            ("agilicus.introspect_self", "/v1/tokens/introspect_self", &token, READ),
            ("agilicus.list_tokens", "/v1/tokens", &token, &list),
            ("agilicus.validate_token_request", "/v1/tokens/validations", &mint, READ),
            ("jeton.jwks", "/.well-known/jwks.json", &token, &[]),
            ("jeton.put_member", "/v1/orgs/1/members/administrator", &member, &["BatchGetItem", "UpdateItem"]),
            ("jeton.get_org", "/v1/orgs/1", &token, READ),
            ("jeton.put_org", "/v1/orgs/1", &org, &["BatchGetItem", "GetItem", "TransactWriteItems"]),
            ("agilicus.revoke_token", "/v1/tokens/revoke", &token, &["BatchGetItem", "UpdateItem"]),
        ];
        println!("{mode:?} mode");
        for (name, path, body, warm) in planned {
            let (answers, calls) = run.run(name, &[(path, body.clone())]).await;
            assert!(answers[0].status.is_success(), "{name}: {answers:?}");
            let names = |calls: &[Call]| calls.iter().map(|call| call.operation.clone()).collect::<Vec<_>>();
            let (cold, mut made) = (names(&calls[0]), names(&calls[1]));
            let mut warm = warm.to_vec();
            if mode == SigningMode::Envelope {
                warm.retain(|call| *call != "Sign");
            }
            // Those that go out together have no order.
            made.sort();
            warm.sort_unstable();
            assert_eq!(made, warm, "{name} in {mode:?} mode");
            assert!(calls[1].iter().all(|call| call.attempts == 1));
            assert_eq!(
                calls[1].iter().any(reads_assertion_settings),
                matches!(name, "jeton.get_org" | "jeton.put_org"),
                "{name}"
            );
            println!("  {name}: warm {made:?}, cold adds {cold:?}");

            assert!(cold[0] == "GetItem" && cold.len() <= 3, "{name}: {cold:?}");
        }
    }
}

/// All that decides about a token and the eight that it comes of is read at once: two items more for each that has a family.
#[tokio::test]
async fn a_token_with_its_ancestors_takes_one_read() {
    let mut run = Recorded::begun(SigningMode::Envelope).await;
    let items = |calls: &[Call]| {
        let tables = calls.iter().flat_map(|call| call.input["RequestItems"].as_object().unwrap().values());
        tables.map(|asked| asked["Keys"].as_array().unwrap().len()).sum::<usize>()
    };
    let mut read = Vec::new();
    for _ in 0..8 {
        let minted = run.token(json!({"create_refresh_token": true})).await;
        minted["token"].as_str().unwrap().clone_into(&mut run.admin);
        let shown = json!({"token": minted["token"]});
        let (answers, calls) = run.run("agilicus.introspect_token", &[("/v1/tokens/introspect", shown)]).await;
        assert!(answers[0].status.is_success(), "{answers:?}");
        assert_eq!(calls[1].iter().map(|call| &*call.operation).collect::<Vec<_>>(), ["BatchGetItem"]);
        read.push(items(&calls[1]));
    }
    // Token, family, org, member, marks of both; then the first ancestor, which the bootstrap made without a family.
    assert_eq!(read, [7, 9, 11, 13, 15, 17, 19, 21]);
}

/// What only assertions need of an org is read with the member that the assertion is about: an item, but no call.
#[tokio::test]
async fn only_an_assertion_reads_the_settings_for_assertions() {
    let mut run = Recorded::begun(SigningMode::Envelope).await;
    let (_, forms) = oauth::own_and_asserted(&mut run).await;
    for (form, reads, writes, asserted) in [(&forms[0], 2, 2, 0), (&forms[1], 3, 3, 1)] {
        let (answers, calls) = run.run("oauth.token", &[("/oauth2/token", Value::from(form.as_str()))]).await;
        assert!(answers[0].status.is_success(), "{answers:?}");
        let made = |operation: &str| calls[1].iter().filter(|call| call.operation == operation).count();
        assert_eq!((made("BatchGetItem"), made("PutItem"), calls[1].len()), (reads, writes, reads + writes), "{form}");
        assert_eq!(calls[1].iter().filter(|call| reads_assertion_settings(call)).count(), asserted, "{form}");
    }
}

fn reads_assertion_settings(call: &Call) -> bool {
    let tables = call.input["RequestItems"].as_object().into_iter().flat_map(|tables| tables.values());
    tables.flat_map(|asked| asked["Keys"].as_array().unwrap()).any(|key| key["sk"]["S"] == "i")
}

/// An issuer that an org trusts, whose token is tested, and that goes again: clients are looked for that would miss it.
async fn issuers(run: &mut Recorded) {
    const TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIn0.AA";
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let settings = |issuers: Value| json!({"settings": {"allow_non_expiring": true, "assertion_issuers": issuers}});
    for operation in ["jeton.put_org", "jeton.patch_org"] {
        run.good(operation, "/v1/orgs/11", settings(json!([{"issuer": "https://idp.example", "jwks": {"keys": [key]}}]))).await;
        run.good("jeton.list_issuers", "/v1/orgs/11/issuers", Value::Null).await;
        run.good("jeton.test_issuer", "/v1/orgs/11/issuers/test", json!({"token": TOKEN})).await;
        run.good(operation, "/v1/orgs/11", settings(json!([]))).await;
    }
}
