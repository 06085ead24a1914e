//! What the use cases stand on: capabilities, their assembly, configuration, and the adapters of AWS, queues and events.

mod assembly;
#[cfg(feature = "aws")]
pub mod aws;
pub mod capabilities;
pub mod config;
#[cfg(feature = "sqlite")]
pub mod data_dir;
pub mod events;
pub mod queue;

pub use assembly::{
    Auditing, HasKeyMaking, HasMinting, HasQueue, HasRecords, KeyMaking, LocalService, Operations, Platform, PlatformParts,
    RecordParts, SigningParts, WithQueue,
};
