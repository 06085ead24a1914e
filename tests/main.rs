//! The suite.
//!
//! | module | what it holds |
//! |---|---|
//! | `support` | an app with a frozen clock, seeded entropy and fixed keys, behind one of seven mounts |
//! | `agilicus`, `authlete`, `jeton`, `oauth` | scenarios by operation: each runs on every mount |
//! | `bundles` | the bundles as processes, fed by a Runtime API |
//! | `calls` | which calls of AWS each function makes, and that its role grants these and no others |
//! | `costs` | the page on operation says what follows from the units that `calls` holds, and from the prices |
//! | `drift` | the code and `template.yaml` say the same |
//! | `edge` | what the edge refuses, on every mount |
//! | `events` | what of the events is particular to a gateway |
//! | `faults` | the store fails, call by call; and how many calls each operation makes |
//! | `golden` | the exact bytes of answers, a file each |
//! | `keys` | signers in KMS, and keys that follow each other |
//! | `layout` | rooms import downwards only; rooms, catalogue and bundles agree |
//! | `openapi` | the document of the API: its bytes, and its examples, which are sent |
//! | `partitions` | which partition of DynamoDB is full first, by the keys that the store uses |
//! | `standards` | the tests that `standards.md` names are there, and names are words |
//! | `vectors` | published vectors of JOSE and JSON, from a folder beside the repository |
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod agilicus;
mod authlete;
mod bundles;
mod calls;
mod costs;
mod drift;
mod edge;
mod events;
mod faults;
mod golden;
mod jeton;
mod keys;
mod layout;
mod oauth;
mod openapi;
#[allow(dead_code, clippy::allow_attributes, reason = "the benchmark uses the rest")]
mod partitions;
mod server;
mod standards;
mod support;
mod vectors;
