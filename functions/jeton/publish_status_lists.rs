//! `jeton.publish_status_lists`: no route. Invoked by the streams of the tables, and by a schedule.

use shared::api::jeton::operate::StatusListWork;
use shared::api::lambda::Operation;
use shared::domain::{Error, Seconds};
use shared::platform::capabilities::StatusPublisher;
use shared::tokens::status_list;

/// Brings what the streams tell into the status lists. Without records, once an hour, it weighs all tokens and signs every list anew.
#[derive(Debug)]
pub struct PublishStatusLists;

/// No request lasts longer with the default `Timeout` of ten seconds. Of one that does, the next round finds the token.
const SETTLING: Seconds = Seconds(12);

impl Operation for PublishStatusLists {
    const NAME: &'static str = "jeton.publish_status_lists";
    type Ports = StatusPublisher;
    type Input = StatusListWork;
    type Output = ();

    async fn handle(ports: &StatusPublisher, work: StatusListWork) -> Result<(), Error> {
        if work.is_round() {
            return Ok(status_list::renew(ports).await?);
        }
        Ok(status_list::publish(ports, work.records(), SETTLING).await?)
    }
}
