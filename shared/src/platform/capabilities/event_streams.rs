//! Capabilities of receivers of shared signals: what they do with their event streams.

use std::sync::Arc;

use super::Introspector;
use super::capability::{AwsAccess, capability};
use crate::domain::{Entropy, Issuer};
use crate::keys::SigningKeys;
use crate::keys::remote::Receivers;
use crate::platform::parts::{HasMinting, HasRecords, HasSignals, HasSignedSignals};
use crate::platform::queue::Signalling;
use crate::store::{KeepEventStreams, KeepSignals};

capability! {
    /// Authenticates a receiver and reads one of its event streams.
    pub struct StreamReader from HasRecords {
        /// Authenticates the receiver by its token.
        pub introspector: Introspector,
        /// Reads the streams of the receiver.
        pub streams: Arc<dyn KeepEventStreams>,
    }
    access = AwsAccess { directory: &["BatchGetItem", "GetItem"], ..Introspector::ACCESS };
}

capability! {
    /// Authenticates a receiver and reads one or all of its event streams.
    pub struct StreamLister from HasRecords {
        /// Reads one of the streams.
        pub reader: StreamReader,
    }
    access = AwsAccess { directory: &["BatchGetItem", "GetItem", "Query"], ..StreamReader::ACCESS };
}

capability! {
    /// Authenticates a receiver and changes of which subjects its event streams tell.
    pub struct StreamChanger from HasRecords {
        /// Authenticates the receiver by its token.
        pub introspector: Introspector,
        /// Changes the streams of the receiver.
        pub streams: Arc<dyn KeepEventStreams>,
    }
    access = AwsAccess { directory: &["BatchGetItem", "GetItem", "UpdateItem"], ..Introspector::ACCESS };
}

capability! {
    /// Authenticates a receiver and deletes its event streams.
    pub struct StreamRemover from HasRecords {
        /// Authenticates the receiver by its token.
        pub introspector: Introspector,
        /// Deletes the streams of the receiver.
        pub streams: Arc<dyn KeepEventStreams>,
    }
    access = AwsAccess { directory: &["BatchGetItem", "DeleteItem", "GetItem", "UpdateItem"], ..Introspector::ACCESS };
}

capability! {
    /// Authenticates a receiver and lets it fetch the signals that wait for it, each signed.
    pub struct SignalPoller from HasMinting {
        /// Authenticates the receiver by its token.
        pub introspector: Introspector,
        /// Reads the stream that is asked for.
        pub streams: Arc<dyn KeepEventStreams>,
        /// Reads what waits, and deletes what the receiver has.
        pub signals: Arc<dyn KeepSignals>,
        /// The `iss` of the signals.
        pub issuer: Issuer,
        /// Signs the signals that are fetched.
        pub signing: Arc<SigningKeys>,
    }
    access = AwsAccess {
        tokens: &["BatchGetItem", "DeleteItem", "PutItem", "Query"],
        signing_key: &["Sign"],
        envelope_key: &["Decrypt"],
        ..Introspector::ACCESS
    };
}

capability! {
    /// Authenticates a receiver and creates event streams for it. What it wants to be sent with each signal is sealed by a key that is derived
    /// from the secret behind refresh tokens.
    pub struct StreamCreator from HasSignedSignals {
        /// Authenticates the receiver by its token.
        pub introspector: Introspector,
        /// Draws the ids of streams, and what seals need.
        pub entropy: Arc<dyn Entropy>,
        /// Counts and creates the streams.
        pub streams: Arc<dyn KeepEventStreams>,
        /// Where signals may be sent.
        pub receivers: Arc<Receivers>,
        /// Derives the keys that seal.
        pub signing: Arc<SigningKeys>,
        /// Knows whether there are any signals.
        pub signalling: Signalling,
    }
    access = AwsAccess {
        directory: &["BatchGetItem", "GetItem", "PutItem", "Query", "UpdateItem"],
        envelope_key: &["Decrypt"],
        ..Introspector::ACCESS
    };
}

capability! {
    /// Authenticates a receiver and changes its event streams, what it wants to be sent with each signal included.
    pub struct StreamWriter from HasSignedSignals {
        /// Authenticates the receiver by its token.
        pub introspector: Introspector,
        /// Draws what seals need.
        pub entropy: Arc<dyn Entropy>,
        /// Changes the streams of the receiver.
        pub streams: Arc<dyn KeepEventStreams>,
        /// Where signals may be sent.
        pub receivers: Arc<Receivers>,
        /// Derives the keys that seal.
        pub signing: Arc<SigningKeys>,
        /// Has what waits in a stream sent.
        pub signalling: Signalling,
    }
    access = AwsAccess {
        directory: &["BatchGetItem", "GetItem", "UpdateItem"],
        envelope_key: &["Decrypt"],
        push_queue: &["SendMessage"],
        ..Introspector::ACCESS
    };
}

capability! {
    /// Authenticates a receiver, and changes the status of its event streams or tests them.
    pub struct StreamVerifier from HasSignals {
        /// Authenticates the receiver by its token.
        pub introspector: Introspector,
        /// Draws the ids of signals.
        pub entropy: Arc<dyn Entropy>,
        /// Changes the streams of the receiver.
        pub streams: Arc<dyn KeepEventStreams>,
        /// Keeps the signal that tests a stream.
        pub signals: Arc<dyn KeepSignals>,
        /// Has what waits in a stream sent.
        pub signalling: Signalling,
    }
    access = AwsAccess {
        directory: &["BatchGetItem", "GetItem", "UpdateItem"],
        push_queue: &["SendMessage"],
        ..Introspector::ACCESS
    };
}
