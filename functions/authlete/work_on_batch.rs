//! Makes the tokens of batches: `/auth/token/create/batch` of Authlete's API.

use shared::api::lambda::Operation;
use shared::api::lambda::queue_event::Messages;
use shared::api::lambda::stream_event::Failures;
use shared::domain::Error;
use shared::platform::capabilities::BatchWorker;
use shared::tokens::batch::work_on_all;

/// Records the tokens of some parts of batches. A part that fails comes again by itself.
#[derive(Debug)]
pub struct WorkOnBatch;

impl Operation for WorkOnBatch {
    const NAME: &'static str = "authlete.work_on_batch";
    type Ports = BatchWorker;
    type Input = Messages;
    type Output = Failures;

    async fn handle(ports: &BatchWorker, Messages { messages }: Messages) -> Result<Failures, Error> {
        let work = messages.into_iter().map(|message| (message.id, message.body));
        Ok(work_on_all(ports, work).await.into_iter().collect())
    }
}
