//! AWS denies what a function may not do, or may no longer: whoever tries again meets the same.

use serde_json::{Value, json};
use shared::api::http::Service;
use shared::domain::SigningMode;
use shared::platform::aws::testing::{Trouble, Wire};

use super::Recorded;
use crate::support::deployment::Instance;
use crate::support::{Answer, ask, log};

impl Recorded {
    /// The answer to a request while AWS refuses all calls of this operation with this code, how often each of them was sent, and
    /// what was logged of it.
    async fn refused(
        &self,
        (name, path): (&str, &str),
        body: &Value,
        operation: &str,
        code: &'static str,
    ) -> (Answer, u32, String) {
        let wire = Wire::default();
        let instance = self.deployment.instance(&wire);
        instance.platform.warm_up().await.unwrap();
        wire.take_calls();
        wire.trouble(operation, u32::MAX, Trouble::Refuse(code));
        let entry = functions::catalogue::<Instance>().into_iter().find(|entry| entry.route.name == name).unwrap();
        let request = http::Request::builder().method(entry.route.method.clone()).uri(path);
        let request =
            request.header("authorization", format!("Bearer {}", self.admin)).header("content-type", "application/json");
        let service = Service::new(&[entry], &instance).unwrap();
        log::drain();
        let answer = Answer::from(service.call(request.body(body.to_string().into()).unwrap()).await);
        let calls = wire.take_calls();
        let attempts = calls.iter().filter(|call| call.operation == operation).map(|call| call.attempts).max();
        (answer, attempts.unwrap(), log::drain())
    }
}

#[tokio::test]
async fn what_aws_denies_is_a_500_that_is_logged_once_with_what_to_look_at_and_not_tried_again() {
    log::begin();
    let run = Recorded::begun(SigningMode::Kms).await;
    let mint = ("agilicus.create_token", "/v1/tokens");
    let body = ask("1", "administrator", json!({}));
    for (operation, code, hint) in [
        ("BatchGetItem", "AccessDeniedException", "the KMS key of the tables (TableKeyArn)"),
        ("PutItem", "AccessDeniedException", "the KMS key of the tables (TableKeyArn)"),
        ("Sign", "AccessDeniedException", "the policies of the KMS key and of the function's role"),
        ("Sign", "DisabledException", "the state of the KMS key"),
        ("Sign", "KMSInvalidStateException", "the state of the KMS key"),
    ] {
        let (answer, attempts, logged) = run.refused(mint, &body, operation, code).await;
        assert_eq!(answer.status, 500, "{operation}, {code}: {answer:?}");
        let fixed = json!({"error_code": "INTERNAL_ERROR", "error_message": "Internal error. It has been logged."});
        assert_eq!(answer.json(), fixed, "{operation}, {code}");
        assert!(!answer.headers.contains_key("retry-after"), "{operation}, {code}");
        assert_eq!(attempts, 1, "{operation}, {code}");
        let lines: Vec<_> = logged.lines().filter(|line| line.contains("jeton::fault")).collect();
        assert_eq!(lines.len(), 1, "{operation}, {code}: {logged}");
        assert!(lines[0].contains(hint) && lines[0].contains(code) && lines[0].contains("retry=false"), "{}", lines[0]);
    }
}
