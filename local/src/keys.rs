//! The key ring of the local server while it runs: keys follow each other by schedule, or when an administrator asks for it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use shared::admin::rotation::{self, RotationRequest};
use shared::api::http::{Answer, Bearer, Dialect, Endpoint, MaybeJson, Route};
use shared::api::jeton::operate::{RotatedKeys, RotationOrder};
use shared::auth::bearer::authenticate;
use shared::domain::scope::api;
use shared::domain::{Error, KeyId, KeyRing, KeyState, OrgId, Refusal, Schedule, Seconds, Timestamp};
use shared::platform::capabilities::{AwsAccess, Capability, Provides, Reader, Rotator};
use shared::platform::queue::{Enqueue, Signalling};
use shared::platform::{HasMinting, HasQueue, HasRecords, HasSignals, LocalService, RecordParts, SigningParts};
use shared::store::RecordKeys;

use crate::first_start::ORG;

/// How often it is looked whether a key is due, or has changed its state.
const CHECK_INTERVAL: Duration = Duration::from_mins(1);

/// The schedule of keys that sign for so many days each. `None`: until somebody asks for others.
pub(crate) fn schedule(days: Option<u16>) -> Schedule {
    // A hundred years.
    let days = days.map_or(36_500, u32::from);
    Schedule { every: Seconds(days * Seconds::DAY.0), lead: Schedule::SHORTEST_LEAD }
}

/// What the endpoints of the local server stand on.
#[derive(Clone, Debug)]
pub struct Served {
    /// What all endpoints of the catalogue stand on.
    pub whole: LocalService,
    /// Makes the keys that come next. `None`: the keys are in AWS, or never change.
    pub rotator: Option<Rotator>,
}

impl HasRecords for Served {
    fn records(&self) -> &RecordParts {
        self.whole.records()
    }
}

impl HasMinting for Served {
    fn minting(&self) -> &SigningParts {
        self.whole.minting()
    }
}

impl HasQueue for Served {
    fn queue(&self) -> &Arc<dyn Enqueue> {
        self.whole.queue()
    }
}

impl HasSignals for Served {
    fn signalling(&self) -> &Signalling {
        self.whole.signalling()
    }
}

/// Authenticates an administrator, and rotates the keys.
#[derive(Clone, Debug)]
pub struct KeyKeeper {
    reader: Reader,
    rotator: Option<Rotator>,
}

impl Capability for KeyKeeper {
    const NAME: &'static str = "KeyKeeper";
    const ACCESS: AwsAccess = AwsAccess::NONE;
}

impl Provides<KeyKeeper> for Served {
    fn provide(&self) -> KeyKeeper {
        KeyKeeper { reader: self.records().reader.clone(), rotator: self.rotator.clone() }
    }
}

/// `POST /v1/keys/rotations`: makes the next keys, or replaces one that was stolen. In AWS an operator invokes `jeton.rotate_keys`.
#[derive(Debug)]
pub(crate) struct RotateKeys;

impl Endpoint for RotateKeys {
    const ROUTE: Route = Route::post("jeton.rotate_local_keys", "/v1/keys/rotations", Dialect::Jeton).refuses(&[403, 404]);
    type Ports = KeyKeeper;
    type Input = (Bearer, MaybeJson<RotationOrder>);
    type Output = Answer<200, RotatedKeys>;

    async fn handle(ports: &KeyKeeper, (bearer, MaybeJson(order)): Self::Input) -> Result<Self::Output, Error> {
        let (caller, _) = authenticate(&ports.reader, bearer.token(), RecordKeys::default()).await?;
        let is_root = OrgId::parse(ORG).is_ok_and(|root| *caller.org() == root);
        if !is_root || !caller.authority().permits(api::ADMIN) {
            return Err(Refusal::AccessDenied { needs: api::ADMIN }.into());
        }
        let mut rotator = ports.rotator.clone().ok_or(Refusal::NoSuchPath)?;
        rotator.schedule.lead = order.lead(rotator.schedule.lead);
        let ring = rotate(&rotator, &ports.reader, &order.ask()).await?;
        Ok(Answer::from_body(&RotatedKeys::from_ring(&ring, ports.reader.now()))?)
    }
}

/// Rotates, and lets this process see at once what has changed.
async fn rotate(rotator: &Rotator, reader: &Reader, request: &RotationRequest) -> Result<KeyRing, Error> {
    let ring = rotation::rotate(rotator, request).await?;
    reader.keys.reread();
    Ok(ring)
}

/// Makes the keys that are due, and writes a line in the log for each key that changes its state. Goes on until the task is aborted.
pub(crate) async fn watch(rotator: Rotator, reader: Reader) {
    let mut states = HashMap::new();
    loop {
        match rotation::rotate(&rotator, &RotationRequest::default()).await {
            Ok(ring) => log_changes(&ring, reader.now(), &mut states),
            Err(error) => tracing::error!(target: "jeton::fault", cause = ?error, "the keys can't be looked after"),
        }
        tokio::time::sleep(CHECK_INTERVAL).await;
    }
}

fn log_changes(ring: &KeyRing, now: Timestamp, states: &mut HashMap<KeyId, KeyState>) {
    for key in &ring.keys {
        let (kid, state) = (&key.jwk.kid, ring.state(key, now));
        if states.insert(kid.clone(), state) != Some(state) {
            let name: &str = state.into();
            tracing::info!(target: "jeton::keys", %kid, alg = key.jwk.alg.as_str(), state = name, "key");
        }
    }
    states.retain(|kid, _| {
        let is_kept = ring.keys.iter().any(|key| key.jwk.kid == *kid);
        if !is_kept {
            tracing::info!(target: "jeton::keys", %kid, state = "gone", "key");
        }
        is_kept
    });
}
