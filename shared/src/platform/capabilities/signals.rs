//! Capabilities of signals: of what makes them of events, and of what pushes them to receivers.

use std::sync::Arc;

use super::capability::{AwsAccess, capability};
use super::{Minter, Reader};
use crate::domain::{Clock, Issuer};
use crate::keys::SigningKeys;
use crate::keys::remote::Receivers;
use crate::platform::parts::{HasSignals, HasSignedSignals};
use crate::platform::queue::Signalling;
use crate::store::{KeepEventStreams, KeepSignals, ReadTokens};

capability! {
    /// Puts signals of what has happened into the streams that want them.
    pub struct SignalCollector from HasSignals {
        /// Tells the time from which a signal waits.
        pub clock: Arc<dyn Clock>,
        /// The `iss` of what the signals are about.
        pub issuer: Issuer,
        /// Reads the settings on which some signals depend.
        pub tokens: Arc<dyn ReadTokens>,
        /// Reads the streams of an org.
        pub streams: Arc<dyn KeepEventStreams>,
        /// Keeps the signals until receivers have them.
        pub signals: Arc<dyn KeepSignals>,
        /// Has the signals pushed.
        pub signalling: Signalling,
    }
    access = AwsAccess {
        tokens: &["PutItem"],
        directory: &["BatchGetItem", "Query"],
        signal_queue: &["DeleteMessage", "GetQueueAttributes", "ReceiveMessage"],
        push_queue: &["SendMessage"],
        ..AwsAccess::NONE
    };
}

capability! {
    /// Signs the signals of a stream and pushes them to its receiver.
    pub struct SignalPusher from HasSignedSignals {
        /// Tells the time at which signals end.
        pub clock: Arc<dyn Clock>,
        /// The `iss` of the signals.
        pub issuer: Issuer,
        /// Reads the org and the client of a stream.
        pub tokens: Arc<dyn ReadTokens>,
        /// Reads the stream that is to be worked on.
        pub streams: Arc<dyn KeepEventStreams>,
        /// Reads the signals that wait in it, and deletes those that its receiver has.
        pub signals: Arc<dyn KeepSignals>,
        /// Signs them, and opens the password of the receiver.
        pub signing: Arc<SigningKeys>,
        /// Connects to the receiver.
        pub receivers: Arc<Receivers>,
        /// Has the rest pushed, where there was no time for all.
        pub signalling: Signalling,
    }
    access = AwsAccess {
        tokens: &["DeleteItem", "Query"],
        directory: Reader::ACCESS.directory,
        signing_key: Minter::ACCESS.signing_key,
        envelope_key: Minter::ACCESS.envelope_key,
        push_queue: &["DeleteMessage", "GetQueueAttributes", "ReceiveMessage", "SendMessage"],
        ..AwsAccess::NONE
    };
}
