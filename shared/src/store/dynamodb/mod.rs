//! The store in DynamoDB: two tables, which any number of instances share.
//!
//! | file | what it does |
//! |---|---|
//! | `tables` | creates the tables |
//! | `keys` | where a record is |
//! | `items` | records as items, and items as records |
//! | `change` | conditional writes, alone or several in a transaction |
//! | `read` | reads what decides about tokens |
//! | `list` | lists tokens: all shards of an org, merged |
//! | `write` | records, revokes and rotates |
//! | `directory` | orgs, members, clients |
//! | `stream` | reads what the streams of both tables tell |
//! | `key_ring` | the signing keys |
//!
//! Each item has a body ([`codec`](super::codec)) and, beside it, only what keys, conditions and updates need. Names are short,
//! for they are paid for with each item:
//!
//! | name | in `Tokens` | in `Directory` |
//! |---|---|---|
//! | `pk` | `<org>#<shard>` | `<org>`; `#keys` for the key ring |
//! | `sk` | `t#<id>` token, `f#<id>` family, `v#<kind>#<key>` mark | `o` org, `s#<org>` sub-org, `m#<subject>` member, `c#<number>` client, `a#<alias>` alias, `k` key ring |
//! | `b` | body | body |
//! | `a` | family: its access token | client: its alias |
//! | `c` | family: hash of the current secret | alias: number of its client |
//! | `e` | family: expires at, ms | |
//! | `g` | family: generation | key ring: version |
//! | `h` | | org: its ancestors, parent first, a `/` between |
//! | `j` | token: `<org>#<subject>#<shard>`, for the index `by_subject` | |
//! | `k` | | org: how many sub-orgs, members and clients it has |
//! | `n` | mark: not before, ms | |
//! | `o` | family: rotated at, ms | |
//! | `p` | family: hash of the previous secret | |
//! | `r` | token, family: revoked at, ms | |
//! | `t` | | created at, ms |
//! | `x` | when DynamoDB may delete it, s; without it: never | |

use std::collections::HashMap;
use std::fmt;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::Fault;

mod change;
mod directory;
mod items;
mod key_ring;
mod keys;
mod list;
mod read;
mod stream;
mod tables;
mod write;

pub use stream::Stream;
pub use tables::{BY_SUBJECT, BY_SUBJECT_KEY, KEY, KeySchema, TTL, create_tables};

/// Names of the two tables.
#[derive(Clone, Debug)]
pub struct Tables {
    /// Tokens, refresh families and marks: written all the time, forgotten when they have expired.
    pub tokens: String,
    /// Orgs, members and clients.
    pub directory: String,
}

/// Keeps everything in DynamoDB.
#[derive(Clone)]
pub struct DynamoStore {
    client: Client,
    tables: Tables,
}

impl DynamoStore {
    /// A store in these tables, which [`create_tables`] or a template has made.
    pub fn new(client: Client, tables: Tables) -> Self {
        Self { client, tables }
    }
}

impl fmt::Debug for DynamoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoStore").field("tables", &self.tables).finish_non_exhaustive()
    }
}

/// An item, or its key.
type Item = HashMap<String, AttributeValue>;

/// The fault of a call that DynamoDB, or the way there, has failed.
fn fault<E, R>(doing: &'static str, error: SdkError<E, R>) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: fmt::Debug + Send + Sync + 'static,
{
    let can_retry = match &error {
        SdkError::ConstructionFailure(_) => false,
        SdkError::ServiceError(service) => service.err().code().is_some_and(|code| PASSING.contains(&code)),
        _ => true,
    };
    let fault = if can_retry { Fault::unavailable(doing) } else { Fault::internal(doing) };
    fault.because(error)
}

/// Errors that go away: too many requests, or DynamoDB's own trouble.
const PASSING: [&str; 8] = [
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// How often something is tried before it is given up.
struct Patience {
    doing: &'static str,
    tries: u32,
}

impl Patience {
    const MOST_TRIES: u32 = 10;

    fn new(doing: &'static str) -> Self {
        Self { doing, tries: 0 }
    }

    /// Waits before the next try, longer each time: 5 ms to 1.3 s.
    async fn wait(&mut self) -> Result<(), Fault> {
        self.tries += 1;
        if self.tries == Self::MOST_TRIES {
            return Err(Fault::unavailable(self.doing).because("others were always faster"));
        }
        tokio::time::sleep(std::time::Duration::from_millis(5 << (self.tries - 1))).await;
        Ok(())
    }
}
