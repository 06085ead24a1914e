//! What the use cases stand on: capabilities, the platforms that provide them, configuration, and the adapters around the store.
//!
//! [`capabilities`] has a type for each privilege, `parts` what these types are made of, and `assembly` the platforms of the
//! bundles and of the local server. [`config`] reads the environment, [`aws`] sets up the clients of AWS, [`data_dir`] keeps
//! the local server's files and `key_files` the keys among them, [`queue`] and [`events`] are ports with their adapters, and `system` asks the machine for time
//! and randomness.
//!
//! Stores aren't here but in [`store`](crate::store), and signers are in [`keys`](crate::keys). Nothing here decides anything
//! about tokens. To add a privilege see [`capabilities`]; to add a setting of a function see [`config`].

mod assembly;
#[cfg(feature = "aws")]
pub mod aws;
pub mod capabilities;
pub mod config;
#[cfg(feature = "sqlite")]
pub mod data_dir;
pub mod events;
#[cfg(feature = "sqlite")]
pub mod key_files;
mod parts;
pub mod queue;
mod system;

pub use assembly::{LocalService, Operations, Platform, PlatformParts, WithQueue, WithSignals};
pub use parts::{
    Auditing, HasAuditing, HasKeyMaking, HasMinting, HasQueue, HasRecords, HasSignals, HasSignedSignals, KeyMaking, RecordParts,
    SigningParts,
};
pub use system::{SystemClock, SystemEntropy};
