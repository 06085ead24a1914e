//! The one org of a deployment that can be open to strangers: clients that bring no org with them.

use std::sync::{Arc, Mutex, PoisonError};

use super::ReadDirectory;
use crate::domain::{Clock, Fault, IssuerKinds, Org, OrgId, Seconds, Timestamp};
use crate::telemetry;

/// The org of clients that bring none, as documents show it. What it allows, its settings say.
///
/// It is read at most once a minute: whoever decides something by it reads it anew.
#[derive(Debug)]
pub struct OpenOrg {
    id: Option<OrgId>,
    directory: Arc<dyn ReadDirectory>,
    clock: Arc<dyn Clock>,
    last: Mutex<Option<Seen>>,
    /// The kinds of the issuers that it trusted when they were read last, and until when that is good.
    issuer_kinds: Mutex<Option<(IssuerKinds, Timestamp)>>,
}

/// The org as it was read, and until when it is good.
#[derive(Clone, Debug)]
struct Seen {
    org: Option<Arc<Org>>,
    until: Timestamp,
}

/// For how long what was read is good.
const GOOD_FOR: Seconds = Seconds(60);
/// For how long what was read before is good once more, if the store can't be read.
const GOOD_WITHOUT_STORE_FOR: Seconds = Seconds(5);

impl OpenOrg {
    /// Makes the open org of a deployment. `None`: no org is open.
    pub fn new(id: Option<OrgId>, directory: Arc<dyn ReadDirectory>, clock: Arc<dyn Clock>) -> Self {
        Self { id, directory, clock, last: Mutex::default(), issuer_kinds: Mutex::default() }
    }

    /// The id of the org, whether there is one of that id or not.
    pub const fn id(&self) -> Option<&OrgId> {
        self.id.as_ref()
    }

    /// Returns the org if it is there and enabled, as it was at most a minute ago. What was read before is returned for longer while the
    /// store can't be read, and the fault is logged.
    ///
    /// # Errors
    /// A [`Fault`] if it was never read and can't be.
    pub async fn recent(&self) -> Result<Option<Arc<Org>>, Fault> {
        let Some(id) = &self.id else { return Ok(None) };
        let now = self.clock.now();
        let last = self.lock().clone();
        if let Some(seen) = last.as_ref().filter(|seen| now < seen.until) {
            return Ok(seen.org.clone());
        }
        let (org, good_for) = match (self.directory.org(id).await, last) {
            (Ok(org), _) => (org.filter(|org| org.enabled).map(Arc::new), GOOD_FOR),
            (Err(fault), Some(seen)) => {
                telemetry::log_fault("", &fault);
                (seen.org, GOOD_WITHOUT_STORE_FOR)
            }
            (Err(fault), None) => return Err(fault),
        };
        *self.lock() = Some(Seen { org: org.clone(), until: now.plus(good_for) });
        Ok(org)
    }

    /// Does the same for what is told without the org, too: nothing is returned while it was never read and can't be.
    pub async fn recent_if_readable(&self) -> Option<Arc<Org>> {
        self.recent().await.unwrap_or_else(|fault| {
            telemetry::log_fault("", &fault);
            None
        })
    }

    /// Returns the kinds of the issuers that the open org, as it was read, trusts, as they were at most a minute ago: which they are is for
    /// nobody to know (draft-ietf-oauth-identity-assertion-authz-grant section 8.4). None, while they were never read and can't be.
    pub async fn issuer_kinds(&self, org: &Org) -> IssuerKinds {
        let now = self.clock.now();
        let last = *self.issuer_kinds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((kinds, _)) = last.filter(|(_, until)| now < *until) {
            return kinds;
        }
        let (kinds, good_for) = match self.directory.assertion_settings(&org.id).await {
            Ok(settings) => (settings.issuer_kinds(), GOOD_FOR),
            Err(fault) => {
                telemetry::log_fault("", &fault);
                (last.map(|(kinds, _)| kinds).unwrap_or_default(), GOOD_WITHOUT_STORE_FOR)
            }
        };
        *self.issuer_kinds.lock().unwrap_or_else(PoisonError::into_inner) = Some((kinds, now.plus(good_for)));
        kinds
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Seen>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
