//! Status lists on the wire.

use crate::api::http::{FromRequest, Request};
use crate::domain::{Refusal, StatusListId};

/// The parameter `{list}` of the path: the name of a status list.
#[derive(Debug)]
pub struct StatusListPath(pub StatusListId);

impl FromRequest for StatusListPath {
    fn from_request(request: &Request<'_>) -> Result<Self, Refusal> {
        // What can't be the name of a list names none.
        request.path_text("list")?.parse().map(Self).map_err(|_| Refusal::NotFound("status list"))
    }
}
