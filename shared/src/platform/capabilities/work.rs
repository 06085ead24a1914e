//! Capabilities of functions without a caller: batches, keys, the first administrator, the audit trail.

use std::sync::Arc;

use super::{Access, Capability, Minter, Reader};
use crate::domain::{Algorithm, Clock, Entropy, Schedule};
use crate::keys::signer::KeyFactory;
use crate::platform::events::Publish;
use crate::platform::queue::Enqueue;
use crate::store::{KeepBatches, ReadChanges, RevokeTokens, Store, WriteKeys, WriteTokens};

/// Takes batches, and hands them over.
#[derive(Clone, Debug)]
pub struct Batcher {
    /// To authenticate.
    pub reader: Reader,
    /// For ids.
    pub entropy: Arc<dyn Entropy>,
    /// To tell later how a batch is.
    pub batches: Arc<dyn KeepBatches>,
    /// Where parts are handed over.
    pub queue: Arc<dyn Enqueue>,
}

impl Capability for Batcher {
    const NAME: &'static str = "Batcher";
    const ACCESS: Access = Access { tokens: &["BatchGetItem", "PutItem"], queue: &["SendMessage"], ..Reader::ACCESS };
}

/// Tells how a batch is.
#[derive(Clone, Debug)]
pub struct BatchReader {
    /// To authenticate.
    pub reader: Reader,
    /// Batches.
    pub batches: Arc<dyn KeepBatches>,
}

impl Capability for BatchReader {
    const NAME: &'static str = "BatchReader";
    const ACCESS: Access = Access { tokens: &["BatchGetItem", "GetItem"], ..Reader::ACCESS };
}

/// Works on what is handed over.
#[derive(Clone, Debug)]
pub struct BatchWorker {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Records tokens.
    pub write: Arc<dyn WriteTokens>,
    /// Ends what they replace.
    pub revoke: Arc<dyn RevokeTokens>,
    /// Notes what is done.
    pub batches: Arc<dyn KeepBatches>,
}

impl Capability for BatchWorker {
    const NAME: &'static str = "BatchWorker";
    const ACCESS: Access = Access {
        tokens: &["PutItem", "UpdateItem"],
        queue: &["DeleteMessage", "GetQueueAttributes", "ReceiveMessage"],
        ..Access::NONE
    };
}

/// Makes keys, and lets them follow each other. Signs nothing.
#[derive(Clone, Debug)]
pub struct Rotator {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The key ring.
    pub keys: Arc<dyn WriteKeys>,
    /// Makes keys and destroys them.
    pub maker: Arc<dyn KeyFactory>,
    /// The algorithms to keep keys for, the preferred one first.
    pub algorithms: Vec<Algorithm>,
    /// When keys follow each other.
    pub schedule: Schedule,
}

impl Capability for Rotator {
    const NAME: &'static str = "Rotator";
    const ACCESS: Access = Access {
        directory: &["GetItem", "PutItem"],
        envelope_key: &["GenerateDataKeyPairWithoutPlaintext", "GenerateDataKeyWithoutPlaintext"],
        key_making: &["CreateAlias", "CreateKey", "GetPublicKey", "ScheduleKeyDeletion", "TagResource"],
        ..Access::NONE
    };
}

/// Makes what nobody can be asked for: the first keys, org, administrator and token.
#[derive(Clone, Debug)]
pub struct Bootstrapper {
    /// For the keys.
    pub rotator: Rotator,
    /// For the token.
    pub minter: Minter,
    /// For the org and the administrator.
    pub store: Arc<dyn Store>,
}

impl Capability for Bootstrapper {
    const NAME: &'static str = "Founder";
    const ACCESS: Access = Access {
        tokens: &["PutItem"],
        directory: &["GetItem", "PutItem", "UpdateItem"],
        signing_key: Minter::ACCESS.signing_key,
        envelope_key: &["Decrypt", "GenerateDataKeyPairWithoutPlaintext", "GenerateDataKeyWithoutPlaintext"],
        key_making: Rotator::ACCESS.key_making,
        ..Access::NONE
    };
}

/// Tells others what has been committed.
#[derive(Clone, Debug)]
pub struct Auditor {
    /// To read what the store tells.
    pub changes: Arc<dyn ReadChanges>,
    /// Every place that shall know.
    pub publish: Vec<Arc<dyn Publish>>,
}

impl Capability for Auditor {
    const NAME: &'static str = "Auditor";
    const ACCESS: Access = Access {
        streams: &["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"],
        event_bus: &["PutEvents"],
        ..Access::NONE
    };
}
