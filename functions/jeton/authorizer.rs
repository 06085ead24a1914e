//! A Lambda authorizer for other APIs behind API Gateway.

use shared::api::lambda::Operation;
use shared::api::lambda::authorizer_event::{Answer, Question};
use shared::domain::{Error, Refusal};
use shared::platform::capabilities;
use shared::tokens::authorize::{Verdict, authorize};

/// Lets in whose token is alive and has what is asked for. A failure of ours is an error, which lets nobody in, and is not
/// kept as if the token were bad.
#[derive(Debug)]
pub struct Authorizer;

impl Operation for Authorizer {
    const NAME: &'static str = "jeton.authorizer";
    type Ports = capabilities::Authorizer;
    type Input = Question;
    type Output = Answer;

    async fn handle(ports: &capabilities::Authorizer, question: Question) -> Result<Answer, Error> {
        let form = question.form()?;
        match authorize(ports, &question.request()).await {
            Ok(Verdict::Allowed(token)) => Ok(Answer::allowed(form, &token)),
            Ok(Verdict::AllowedByApiKey(key)) => Ok(Answer::allowed_by_api_key(form, &key)),
            Ok(Verdict::LimitReached(key, reached)) => Ok(Answer::limit_reached(form, &key, &reached)),
            Ok(Verdict::InsufficientScope(token)) => Ok(Answer::insufficient_scope(form, &token)),
            Err(Error::Refused(refusal @ (Refusal::CredentialsMissing | Refusal::CredentialsRejected(_)))) => {
                Answer::unauthenticated(&form).ok_or_else(|| refusal.into())
            }
            Err(error) => Err(error),
        }
    }
}
