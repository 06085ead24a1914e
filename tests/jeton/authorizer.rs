//! The authorizer of other APIs, asked as each gateway asks.

use std::sync::Arc;

use functions::jeton::authorizer::Authorizer;
use serde_json::{Value, json};
use shared::api::lambda::{InvocationError, OperationEntry};
use shared::domain::Requirements;
use shared::platform::capabilities::{self, Provides};

use crate::support::{App, Mount, Watched};

const METHOD: &str = "arn:aws:execute-api:us-east-1:123456789012:abcdef123/prod/GET/pets/1";

/// An HTTP API, payload 2.0.
#[expect(clippy::needless_pass_by_value, reason = "a literal at every call")]
pub(crate) fn simple(headers: Value) -> Value {
    json!({
        "version": "2.0", "type": "REQUEST", "routeArn": METHOD, "identitySource": ["x"], "routeKey": "$default", "rawPath": "/pets/1",
        "rawQueryString": "", "headers": headers, "requestContext": {"http": {"method": "GET"}, "requestId": "r-1", "stage": "prod"}
    })
}

/// A REST API that hands over one header.
pub(crate) fn token(value: &str) -> Value {
    json!({"type": "TOKEN", "methodArn": METHOD, "authorizationToken": value})
}

/// A REST API that hands over the request.
#[expect(clippy::needless_pass_by_value, reason = "literals at every call")]
pub(crate) fn request(headers: Value, multi: Value) -> Value {
    json!({
        "type": "REQUEST", "methodArn": METHOD, "resource": "/pets/{id}", "path": "/pets/1", "httpMethod": "GET", "headers": headers,
        "multiValueHeaders": multi, "queryStringParameters": null, "requestContext": {"stage": "prod"}
    })
}

/// An HTTP API, payload 1.0: no second form of the headers, and what it identifies callers by under another name.
fn http_api_1(bearer: &str) -> Value {
    json!({
        "version": "1.0", "type": "REQUEST", "methodArn": METHOD.replace("prod", "$default"), "identitySource": bearer,
        "authorizationToken": bearer, "headers": {"authorization": bearer}, "requestContext": {"stage": "$default"}
    })
}

struct Platform(capabilities::Authorizer);

impl Provides<capabilities::Authorizer> for Platform {
    fn provide(&self) -> capabilities::Authorizer {
        self.0.clone()
    }
}

/// What an API that requires this gets to hear.
pub(crate) async fn ask(app: &App, requirements: Requirements, event: &Value) -> Result<Value, InvocationError> {
    let guard = capabilities::Authorizer { requirements: Arc::new(requirements), ..app.platform.provide() };
    let authorizer = OperationEntry::for_operation::<Authorizer>().bind(&Platform(guard));
    authorizer.invoke(&event.to_string(), "request-1", None).await.map(|answer| serde_json::from_str(&answer).unwrap())
}

async fn ask_freely(app: &App, event: &Value) -> Result<Value, InvocationError> {
    ask(app, Requirements::default(), event).await
}

pub(crate) fn unauthorized(answer: Result<Value, InvocationError>) {
    let error = serde_json::to_value(answer.unwrap_err()).unwrap();
    // API Gateway compares the message to the letter.
    assert_eq!(error, json!({"errorType": "Unauthorized", "errorMessage": "Unauthorized"}));
}

fn scopes(list: &[&str]) -> Requirements {
    Requirements { scopes: list.iter().map(|scope| scope.parse().unwrap()).collect(), ..Requirements::default() }
}

async fn app() -> (App, String) {
    let app = App::new(Mount::InProcess).await;
    let more = json!({"scopes": ["urn:app:read"], "session": "s-1", "roles": {"shop": "owner"}});
    let token = app.mint("1", "ann", more).await.created()["token"].as_str().unwrap().to_owned();
    (app, token)
}

#[tokio::test]
async fn payload_2_is_answered_by_yes_and_the_claims() {
    let (app, token) = app().await;
    for name in ["authorization", "Authorization", "AUTHORIZATION"] {
        let mut answer = ask_freely(&app, &simple(json!({ name: format!("bearer {token}") }))).await.unwrap();
        let context = answer["context"].as_object_mut().unwrap();
        assert_eq!(context.remove("jti").unwrap().as_str().unwrap().len(), 32);
        assert_eq!(
            answer,
            json!({"isAuthorized": true, "context": {
                "sub": "ann", "org": "1", "root_org": "1", "iat": "1795348800", "exp": "1795349400", "aud": "urn:api",
                "scope": "urn:app:read", "scopes": "urn:app:read", "session": "s-1", "roles": "{\"shop\":\"owner\"}"
            }})
        );
    }
}

#[tokio::test]
async fn payload_2_is_answered_by_no_without_a_live_token() {
    let (app, token) = app().await;
    let no = json!({"isAuthorized": false, "context": {"error": "invalid_token"}});
    for headers in [json!({}), json!(null), json!({"authorization": "x"}), json!({"authorization": format!("Bearer {token}x")})] {
        assert_eq!(ask_freely(&app, &simple(headers)).await.unwrap(), no);
    }
    app.post("/v1/tokens/revoke", None, json!({ "token": token })).await.is_empty();
    assert_eq!(ask_freely(&app, &simple(json!({"authorization": format!("Bearer {token}")}))).await.unwrap(), no);
}

/// The gateway keeps a policy with the token: one for a single method would refuse the others.
#[tokio::test]
async fn payload_1_is_answered_by_a_policy_for_the_whole_stage() {
    let (app, bearer) = app().await;
    let bearer = format!("Bearer {bearer}");
    for (event, stage) in [
        (token(&bearer), "prod"),
        (request(json!({"Authorization": bearer}), json!({"Authorization": [bearer]})), "prod"),
        (request(json!({"authorization": bearer}), json!(null)), "prod"),
        (http_api_1(&bearer), "$default"),
    ] {
        let answer = ask_freely(&app, &event).await.unwrap();
        assert_eq!((&answer["principalId"], &answer["context"]["sub"]), (&json!("ann"), &json!("ann")));
        let resource = format!("arn:aws:execute-api:us-east-1:123456789012:abcdef123/{stage}/*");
        let statement = json!([{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": resource}]);
        assert_eq!(answer["policyDocument"], json!({"Version": "2012-10-17", "Statement": statement}));
        assert!(answer["context"].as_object().unwrap().values().all(Value::is_string));
    }
}

#[tokio::test]
async fn payload_1_is_answered_by_unauthorized_without_a_live_token() {
    let (app, live) = app().await;
    let bearer = format!("Bearer {live}");
    for event in [
        token(""),
        token(&live),
        token(&format!("Bearer {live}x")),
        request(json!({}), json!({})),
        request(json!(null), json!(null)),
        // Which of two counts is for nobody to guess.
        request(json!({"Authorization": bearer}), json!({"Authorization": [bearer, bearer]})),
        request(json!({"Authorization": bearer, "authorization": bearer}), json!(null)),
        http_api_1("Bearer x"),
    ] {
        unauthorized(ask_freely(&app, &event).await);
    }
    app.clock.advance_ms(600_000);
    unauthorized(ask_freely(&app, &token(&bearer)).await);
}

#[tokio::test]
async fn a_dead_set_of_tokens_is_dead_here_too() {
    for path in ["bulk", "member", "disabled"] {
        let (app, live) = app().await;
        match path {
            "bulk" => app.post("/v1/tokens/bulk_revoke", Some(&app.admin), json!({"user_id": "ann"})).await.status,
            "member" => app.delete("/v1/orgs/1/members/ann", &app.admin).await.status,
            _ => app.put("/v1/orgs/1/members/ann", &app.admin, json!({"enabled": false})).await.status,
        };
        unauthorized(ask_freely(&app, &token(&format!("Bearer {live}"))).await);
    }
}

#[tokio::test]
async fn a_missing_scope_is_a_no_and_a_deny() {
    let (app, live) = app().await;
    let bearer = format!("Bearer {live}");
    for (asked, is_met) in
        [(&["urn:app:read"][..], true), (&["urn:app:read", "urn:app:write"], false), (&["urn:jeton:admin"], false)]
    {
        let answer = ask(&app, scopes(asked), &simple(json!({"authorization": bearer}))).await.unwrap();
        assert_eq!(answer["isAuthorized"], is_met, "{asked:?}");
        let answer = ask(&app, scopes(asked), &token(&bearer)).await.unwrap();
        let effect = &answer["policyDocument"]["Statement"][0]["Effect"];
        assert_eq!(effect, if is_met { "Allow" } else { "Deny" }, "{asked:?}");
        assert_eq!(answer["context"].get("error"), (!is_met).then_some(&json!("insufficient_scope")));
    }
}

/// What the API behind it is told is what counts now, not what the token was minted with.
#[tokio::test]
async fn a_scope_that_the_member_has_lost_is_gone_from_the_context() {
    let (app, live) = app().await;
    app.put("/v1/orgs/1/members/ann", &app.admin, json!({"scopes": ["urn:other"]})).await.ok();
    let event = simple(json!({"authorization": format!("Bearer {live}")}));
    assert_eq!(ask_freely(&app, &event).await.unwrap()["context"]["scopes"], "");
    assert_eq!(ask(&app, scopes(&["urn:app:read"]), &event).await.unwrap()["isAuthorized"], false);
}

#[tokio::test]
async fn a_token_for_another_audience_is_no_token() {
    let (app, live) = app().await;
    let bearer = format!("Bearer {live}");
    for (audience, is_met) in [("urn:api", true), ("urn:other", false)] {
        let requirements = Requirements { audience: Some(audience.parse().unwrap()), ..Requirements::default() };
        let answer = ask(&app, requirements.clone(), &simple(json!({"authorization": bearer}))).await.unwrap();
        assert_eq!(answer["isAuthorized"], is_met);
        let answer = ask(&app, requirements, &token(&bearer)).await;
        if is_met { drop(answer.unwrap()) } else { unauthorized(answer) }
    }
}

#[tokio::test]
async fn a_question_without_a_method_is_refused_by_name() {
    let (app, live) = app().await;
    for arn in
        [json!(null), json!("nonsense"), json!("arn:aws:s3:::bucket/key/more"), json!("arn:aws:execute-api:us-east-1:1:a//GET")]
    {
        let mut event = token(&format!("Bearer {live}"));
        event["methodArn"] = arn;
        let error = ask_freely(&app, &event).await.unwrap_err();
        assert!(error.code == "INVALID_REQUEST" && error.message.starts_with("methodArn: "), "{error:?}");
    }
}

/// Never a yes, and never a no that a gateway would keep: an error, which it answers with 500.
#[tokio::test]
async fn a_failure_of_ours_is_neither_yes_nor_no() {
    let mut watched = None;
    let app = App::with_store(Mount::InProcess, |store| watched.insert(Arc::new(Watched::new(store))).clone()).await;
    let (watched, bearer) = (watched.unwrap(), format!("Bearer {}", app.admin));
    watched.calls();
    for event in [token(&bearer), simple(json!({"authorization": bearer}))] {
        watched.fail_in(0, false);
        let error = ask_freely(&app, &event).await.unwrap_err();
        assert!(error.code == "UNAVAILABLE" && !error.message.contains("s3cret"), "{error:?}");
        watched.panic_next();
        assert_eq!(ask_freely(&app, &event).await.unwrap_err().code, "INTERNAL_ERROR");
        ask_freely(&app, &event).await.unwrap();
        assert_eq!(watched.calls(), ["read", "read", "read"]);
    }
}
