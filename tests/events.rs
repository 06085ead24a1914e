//! What of Lambda's HTTP events is particular to the gateway that sends them.

use serde_json::{Value, json};
use shared::api::lambda;

use crate::support::{App, Mount};

struct Events(App);

impl Events {
    async fn new() -> Self {
        Self(App::new(Mount::InProcess).await)
    }

    async fn send(&self, event: &Value) -> Value {
        lambda::invoke(self.0.service.clone(), &event.to_string()).await.unwrap()
    }

    /// Status of an answer, and the code of an error.
    async fn status(&self, event: &Value) -> (u64, String) {
        let answer = self.send(event).await;
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap_or("{}")).unwrap();
        let code = body.get("error_code").or(body.get("code")).and_then(Value::as_str).unwrap_or_default();
        (answer["statusCode"].as_u64().unwrap(), code.to_owned())
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.0.admin)
    }
}

fn rest_api(method: &str, path: &str) -> Value {
    json!({
        "resource": "/{proxy+}", "path": path, "httpMethod": method, "headers": null, "multiValueHeaders": null,
        "queryStringParameters": null, "multiValueQueryStringParameters": null, "pathParameters": null, "stageVariables": null,
        "requestContext": {"httpMethod": method, "requestId": "rest-1", "stage": "prod", "path": format!("/prod{path}"), "identity": {}},
        "body": null, "isBase64Encoded": false
    })
}

fn load_balancer(method: &str, path: &str) -> Value {
    json!({
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/t/1"}},
        "httpMethod": method, "path": path, "queryStringParameters": {}, "headers": {}, "body": "", "isBase64Encoded": false
    })
}

fn http_api(method: &str, path: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "headers": {}, "isBase64Encoded": false,
        "requestContext": {
            "accountId": "1", "apiId": "a", "domainName": "d", "domainPrefix": "p", "requestId": "http-1", "routeKey": "$default", "stage": "$default",
            "time": "22/Nov/2026:12:00:00 +0000", "timeEpoch": 1, "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "a"}
        }
    })
}

const SELF: &str = "/v1/tokens/introspect_self";

#[tokio::test]
async fn a_load_balancer_may_keep_one_header_of_each_name_or_all() {
    let events = Events::new().await;
    let mut single = load_balancer("GET", SELF);
    single["headers"] = json!({"authorization": events.bearer(), "x-amzn-trace-id": "Root=1-2-3"});
    let answer = events.send(&single).await;
    assert_eq!((&answer["statusCode"], &answer["headers"]["x-request-id"]), (&json!(200), &json!("Root=1-2-3")));
    assert_eq!(answer["statusDescription"], "200 OK");
    let mut multi = load_balancer("GET", SELF);
    multi.as_object_mut().unwrap().remove("headers");
    multi["multiValueHeaders"] = json!({"authorization": [events.bearer()], "x-amzn-trace-id": ["Root=1-2-4"]});
    let answer = events.send(&multi).await;
    assert_eq!((&answer["statusCode"], &answer["multiValueHeaders"]["x-request-id"]), (&json!(200), &json!(["Root=1-2-4"])));
}

/// `%26` is a part of a value, and `&` the end of it.
#[tokio::test]
async fn the_query_of_a_load_balancer_is_still_encoded() {
    let events = Events::new().await;
    for (parameter, value, status) in
        [("sub", "ann%26limit%3D0", 200), ("limit", "%31", 200), ("limit", "0", 400), ("%6Cimit", "0", 400), ("sub", "%FF", 400)]
    {
        let mut event = load_balancer("GET", "/v1/tokens");
        event["headers"] = json!({"authorization": events.bearer()});
        event["queryStringParameters"] = json!({ parameter: value });
        assert_eq!(events.status(&event).await.0, status, "{parameter}={value}");
    }
    let mut event = load_balancer("GET", "/v1/tokens");
    event["multiValueHeaders"] = json!({"authorization": [events.bearer()]});
    event["multiValueQueryStringParameters"] = json!({"limit": ["1", "2"]});
    assert_eq!(events.status(&event).await, (400, "INVALID_REQUEST".to_owned()));
}

/// Which of two counts is for nobody to guess.
#[tokio::test]
async fn two_authorization_headers_are_refused_by_whichever_gateway_they_come() {
    let events = Events::new().await;
    let both = json!({"Authorization": [events.bearer(), events.bearer()]});
    let mut event = rest_api("GET", SELF);
    event["headers"] = json!({"Authorization": events.bearer()});
    event["multiValueHeaders"] = both.clone();
    assert_eq!(events.status(&event).await, (400, "INVALID_REQUEST".to_owned()));
    let mut event = load_balancer("GET", SELF);
    event["multiValueHeaders"] = both;
    assert_eq!(events.status(&event).await, (400, "INVALID_REQUEST".to_owned()));
}

#[tokio::test]
async fn each_gateway_numbers_its_requests() {
    let events = Events::new().await;
    let answer = events.send(&rest_api("GET", "/health")).await;
    assert_eq!(answer["multiValueHeaders"]["x-request-id"], json!(["rest-1"]));
    let answer = events.send(&http_api("GET", "/health")).await;
    assert_eq!(answer["headers"]["x-request-id"], "http-1");
}

/// An HTTP API moves cookies out of the headers.
#[tokio::test]
async fn cookies_of_an_http_api_disturb_nothing() {
    let events = Events::new().await;
    let mut event = http_api("GET", SELF);
    event["headers"] = json!({"authorization": events.bearer()});
    event["cookies"] = json!(["a=1", "b=\u{1}"]);
    assert_eq!(events.status(&event).await.0, 200);
}

#[tokio::test]
async fn the_stage_of_an_http_api_is_not_a_part_of_the_path() {
    let events = Events::new().await;
    let mut event = http_api("GET", "/prod/health");
    event["requestContext"]["stage"] = json!("prod");
    assert_eq!(events.status(&event).await.0, 200);
    assert_eq!(events.status(&http_api("GET", "/prod/health")).await.0, 404);
}

/// What no target, host or scheme can be is answered like anything else that is wrong.
#[tokio::test]
async fn no_path_query_or_header_is_a_crash() {
    let events = Events::new().await;
    for path in [
        "",
        "*",
        "nope",
        "//[",
        "/\u{0}",
        "/a b",
        "/<>\"{}|\\^`",
        "/ü",
        "/%",
        "/%zz",
        "/#",
        "http://[::1/v1/tokens",
        "/v1/tokens?x",
        "/health#x",
    ] {
        for mut event in [http_api("GET", path), rest_api("GET", path), load_balancer("GET", path)] {
            event["headers"] = json!({"Host": "[", "X-Forwarded-Proto": "://", "X-Odd": "ü"});
            assert_eq!(events.status(&event).await, (404, "NO_SUCH_PATH".to_owned()), "{event}");
        }
    }
    for query in ["<>", "a=\u{0}", "a=ü", "%", "#", "a=[\\]^`{|}"] {
        let mut event = http_api("GET", "/health");
        event["rawQueryString"] = json!(query);
        event["requestContext"]["domainName"] = json!("[");
        assert_eq!(events.status(&event).await.0, 200, "{query}");
    }
    let mut event = http_api("GET", "/v1/tokens");
    event["headers"] = json!({"authorization": events.bearer()});
    event["rawQueryString"] = json!("limit=<1>");
    assert_eq!(events.status(&event).await, (400, "INVALID_REQUEST".to_owned()));
    let mut event = http_api("GET", "/v1/orgs/<1>");
    event["headers"] = json!({"authorization": events.bearer()});
    assert_eq!(events.status(&event).await, (400, "INVALID_REQUEST".to_owned()));
}

/// Base64 that isn't is a body like any other that can't be read.
#[tokio::test]
async fn a_body_that_is_not_what_its_event_says_is_no_crash() {
    let events = Events::new().await;
    for mut event in [
        http_api("POST", "/v1/tokens/introspect"),
        rest_api("POST", "/v1/tokens/introspect"),
        load_balancer("POST", "/v1/tokens/introspect"),
    ] {
        event["headers"] = json!({"content-type": "application/json"});
        event["body"] = json!("{%");
        event["isBase64Encoded"] = json!(true);
        assert_eq!(events.status(&event).await, (400, "INVALID_REQUEST".to_owned()), "{event}");
    }
}
