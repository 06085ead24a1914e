//! Sessions, which chain tokens.

use super::{OrgId, SessionId};

/// A session and the org in which it was begun: tokens reissued into another org stay in it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Session {
    /// Where it was begun.
    pub org: OrgId,
    /// The id of the session, unique in its org.
    pub id: SessionId,
}
