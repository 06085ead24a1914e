//! Capabilities of work in the background: batches, key rotation, the first administrator, the audit trail.

use std::sync::Arc;

use super::capability::{AwsAccess, capability};
use super::{Minter, Reader};
use crate::domain::{Algorithm, Clock, Entropy, Issuer, Schedule};
use crate::keys::SigningKeys;
use crate::keys::signer::KeyFactory;
use crate::platform::events::Publish;
use crate::platform::parts::{HasAuditing, HasKeyMaking, HasMinting, HasQueue, HasRecords};
use crate::platform::queue::Enqueue;
use crate::store::{KeepBatches, KeepStatusLists, ReadChanges, RevokeTokens, Store, WriteKeys, WriteTokens};

capability! {
    /// Accepts batches of tokens and enqueues them in parts.
    pub struct Batcher from HasQueue {
        /// Authenticates the caller of the endpoint.
        pub reader: Reader,
        /// Draws the ids of the batch and its tokens.
        pub entropy: Arc<dyn Entropy>,
        /// Records the batch, so that its progress can be read later.
        pub batches: Arc<dyn KeepBatches>,
        /// Takes the parts of the batch as messages.
        pub queue: Arc<dyn Enqueue>,
    }
    access = AwsAccess { tokens: &["BatchGetItem", "PutItem"], queue: &["SendMessage"], ..Reader::ACCESS };
}

capability! {
    /// Reads the progress of batches.
    pub struct BatchReader from HasRecords {
        /// Authenticates the caller of the endpoint.
        pub reader: Reader,
        /// Reads the batch and its progress.
        pub batches: Arc<dyn KeepBatches>,
    }
    access = AwsAccess { tokens: &["BatchGetItem", "GetItem"], ..Reader::ACCESS };
}

capability! {
    /// Works on the parts of batches that the queue delivers.
    pub struct BatchWorker from HasRecords {
        /// Tells the time at which tokens are revoked.
        pub clock: Arc<dyn Clock>,
        /// Records the tokens in the store.
        pub write: Arc<dyn WriteTokens>,
        /// Revokes the tokens that they replace.
        pub revoke: Arc<dyn RevokeTokens>,
        /// Records the progress of the batch.
        pub batches: Arc<dyn KeepBatches>,
    }
    access = AwsAccess {
        tokens: &["PutItem", "UpdateItem"],
        queue: &["DeleteMessage", "GetQueueAttributes", "ReceiveMessage"],
        ..AwsAccess::NONE
    };
}

capability! {
    /// Creates signing keys and advances the key ring. It can't sign.
    pub struct Rotator from HasKeyMaking {
        /// Tells the time by which keys succeed each other.
        pub clock: Arc<dyn Clock>,
        /// Reads and writes the key ring.
        pub keys: Arc<dyn WriteKeys>,
        /// Creates and destroys private keys.
        pub maker: Arc<dyn KeyFactory>,
        /// The algorithms that have keys, the preferred one first.
        pub algorithms: Vec<Algorithm>,
        /// How long a key signs, and how long before that it is published.
        pub schedule: Schedule,
    }
    access = AwsAccess {
        directory: &["GetItem", "PutItem"],
        envelope_key: &["GenerateDataKeyPairWithoutPlaintext", "GenerateDataKeyWithoutPlaintext"],
        key_making: &["CreateAlias", "CreateKey", "GetPublicKey", "ScheduleKeyDeletion", "TagResource"],
        ..AwsAccess::NONE
    };
}

capability! {
    /// Creates what a new deployment lacks: the first keys, org, administrator and token.
    pub struct Bootstrapper from HasKeyMaking {
        /// Creates the first signing keys.
        pub rotator: Rotator,
        /// Mints the token of the administrator.
        pub minter: Minter,
        /// Reads and writes the org and the administrator.
        pub store: Arc<dyn Store>,
    }
    access = AwsAccess {
        tokens: Minter::ACCESS.tokens,
        directory: &["GetItem", "PutItem", "UpdateItem"],
        signing_key: Minter::ACCESS.signing_key,
        envelope_key: &["Decrypt", "GenerateDataKeyPairWithoutPlaintext", "GenerateDataKeyWithoutPlaintext"],
        key_making: Rotator::ACCESS.key_making,
        ..AwsAccess::NONE
    };
}

capability! {
    /// Makes status lists of what the store tells of its commits: weighs tokens, and signs the lists.
    pub struct StatusPublisher from HasMinting {
        /// Lists tokens, and reads all that decides about them.
        pub reader: Reader,
        /// Reads what the store tells, and keeps the lists.
        pub lists: Arc<dyn KeepStatusLists>,
        /// The `iss` of the tokens, at which the lists are published.
        pub issuer: Issuer,
        /// Signs each version of a list.
        pub signing: Arc<SigningKeys>,
    }
    access = AwsAccess {
        tokens: &["BatchGetItem", "GetItem", "PutItem", "Query"],
        signing_key: Minter::ACCESS.signing_key,
        envelope_key: Minter::ACCESS.envelope_key,
        streams: Auditor::ACCESS.streams,
        ..Reader::ACCESS
    };
}

capability! {
    /// Publishes the audit trail: an event for each change that the store has committed.
    pub struct Auditor from HasAuditing {
        /// Reads changes from what the store delivers.
        pub changes: Arc<dyn ReadChanges>,
        /// All places to which the events go.
        pub publish: Vec<Arc<dyn Publish>>,
    }
    access = AwsAccess {
        streams: &["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"],
        event_bus: &["PutEvents"],
        signal_queue: &["SendMessage"],
        ..AwsAccess::NONE
    };
}
