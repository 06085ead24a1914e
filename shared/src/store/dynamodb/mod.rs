//! The store in DynamoDB: two tables, which any number of instances share.
//!
//! | file | what it does |
//! |---|---|
//! | `tables` | what the tables look like, and making them |
//! | `keys` | where a record is |
//! | `items` | records as items, and items as records |
//! | `change` | conditional writes, alone or several in a transaction |
//! | `backoff` | how often and how long something is tried again |
//! | `read` | reads what decides about tokens |
//! | `list` | lists tokens: all shards of an org, merged |
//! | `insert` | records tokens, with all that belongs to them |
//! | `update` | changes what is recorded, or moves a family on |
//! | `revoke` | revokes |
//! | `replay` | tickets, and what else happens only once |
//! | `authorizations` | the authorizations of people |
//! | `logouts` | logouts that wait for a login application |
//! | `person_grants` | what people have granted to clients |
//! | `batches` | batches |
//! | `status_lists` | status lists, and the indices in them |
//! | `event_streams` | the event streams of clients, and the signals that wait in them |
//! | `directory` | orgs, members, clients |
//! | `stream` | reads what the streams of both tables tell |
//! | `key_ring` | the signing keys |
//!
//! Each item has a body ([`codec`](super::codec)) and, beside it, only what keys, conditions and updates need. Names are short,
//! for they are paid for with each item:
//!
//! | name | in `Tokens` | in `Directory` |
//! |---|---|---|
//! | `pk` | `<org>#<shard>`; `#s` for orgs with status lists, `#l#<id>` for a list | `<org>`; `<org>#<shard>` for copies; `#e#<org>` for event streams; `#keys` for the key ring |
//! | `sk` | `t#<id>` token, `f#<id>` family, `v#<kind>#<key>` mark, `a#<hash>` alias, `k#<id>` ticket, `z#<id>` authorization, `l#<id>` logout, `g#<hash of the subject>#<client>` grant, `n#<hash>` user code, `r#<what>#<hash>#<since>` count of events, `u#<purpose>#<hash>` use, `b#<id>` batch, `q#<stream>#<id>` signal, `o#<org>` org with status lists, `l` status list | `o` org, `s#<org>` sub-org, `m#<subject>` member, `c#<number>` client, `a#<alias>` alias of a client, `n#<shard>` counter, `e#<client>#<id>` event stream, `d` copy of the org, `d#<number>` copy of a client, `k` key ring |
//! | `b` | body; status list: its JWT; signal: its claims; alias: `sk` of what has the value; grant: its subject | body |
//! | `a` | family: its access token; ticket: which token has spent it; logout: which write has completed it; user code: its authorization | client: its alias |
//! | `c` | family: hash of the current secret; status list: its bits, compressed; user code: the client that asks | alias: number of its client |
//! | `d` | batch: the parts that are done; org with status lists: it has tokens that were made from others | |
//! | `e` | family, ticket, authorization, logout, user code, status list, signal: expires at, ms; use: remembered until, ms; grant: ended at, ms | |
//! | `f` | family: refreshed at, ms; batch: its failure; grant: used at, ms | |
//! | `g`, `gr` | family: generation (`g`); grant: the scopes, the resources | key ring: version |
//! | `h` | | org: its ancestors, parent first, a `/` between |
//! | `j` | token: `<org>#<subject>#<shard>`, for the index `by_subject`, if there is one | |
//! | `i` | grant: granted at, ms | |
//! | `k` | grant: it is remembered; org with status lists: its secret | org: how many sub-orgs it has; counter: how many of the org's members and clients are counted there |
//! | `l` | API key: where it was found, which has leaked | |
//! | `m`, `mr` | grant: the scopes and resources that are remembered | |
//! | `n` | mark: not before, ms; count of events: how many; org with status lists: indices leased | |
//! | `o` | family: rotated at, ms; status list: its org | |
//! | `p` | family: hash of the previous secret; org with status lists: how many of them are published | |
//! | `r` | token, family, API key: revoked at, ms | |
//! | `s` | | client: the ids of its event streams |
//! | `t` | grant: created at, ms | created at, ms |
//! | `u` | family: needed until, ms; batch: updated at, ms | copy of a client: on which days its credentials were used |
//! | `v` | token, family: revision, as in the body; without it: 0; authorization: revision; status list: version | event stream: revision |
//! | `w` | token, family: which write has revoked it; use: which write has noted it; count of events: which write has counted last | |
//! | `x` | when DynamoDB may delete it, s; without it: never | the same, of a client that ends by itself and of its number |
//! | `y` | token: what `x` becomes when its family has another access token, if that is earlier; API key: why it was revoked | |
//!
//! # Who wrote it
//! An answer can get lost after its write has happened. The SDK then sends the write again, and it must not mistake what it
//! finds for another's. A transaction carries a token by which DynamoDB itself knows it again (for ten minutes; no call lives
//! longer than seconds). A single write is known by what it leaves: a record is the very same, a step of a family names its
//! access token, a ticket who has spent it, a logout who has completed it, an authorization is what the step makes of it; a user code what it stands for; a revocation, a use and a count have a `w` of their own.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::{Entropy, Fault};
use crate::telemetry;

mod api_keys;
mod authorizations;
mod backoff;
mod batches;
mod change;
mod directory;
mod event_streams;
mod insert;
mod items;
mod key_ring;
mod keys;
mod list;
mod logouts;
mod person_grants;
mod read;
mod replay;
mod revoke;
mod status_lists;
mod stream;
mod tables;
mod update;

use backoff::Backoff;
#[cfg(any(test, feature = "testing"))]
pub use keys::name_of_item;
pub use stream::Stream;
pub use tables::{BY_SUBJECT, BY_SUBJECT_ATTRIBUTES, BY_SUBJECT_KEY, KEY, KeySchema, TTL, create_tables, enable_time_to_live};

/// The names of the two tables.
#[derive(Clone, Debug)]
pub struct Tables {
    /// Name of that of tokens, refresh families and marks: written all the time, forgotten when they have expired.
    pub tokens: String,
    /// Name of that of orgs, members and clients.
    pub directory: String,
    /// Whether there is an index of the tokens by subject. Without it a token costs one write instead of two, and listing a
    /// subject's looks at all of the org's. Tokens that were recorded without it aren't found by it.
    pub by_subject: bool,
}

/// Keeps everything in DynamoDB.
#[derive(Clone)]
pub struct DynamoStore {
    client: Client,
    tables: Tables,
    entropy: Arc<dyn Entropy>,
    /// How long a call that others got in the way of is begun anew.
    retry_for: Duration,
}

impl DynamoStore {
    /// A store in these tables, which [`create_tables`] or a template has made.
    pub fn new(client: Client, tables: Tables, entropy: Arc<dyn Entropy>) -> Self {
        Self { client, tables, entropy, retry_for: Backoff::RETRY_FOR }
    }

    /// Returns this with calls retried this many times as long.
    #[must_use]
    pub fn with_longer_retries(self, factor: u32) -> Self {
        Self { retry_for: self.retry_for * factor, ..self }
    }

    fn backoff(&self, doing: &'static str) -> Backoff<'_> {
        Backoff::new(doing, &*self.entropy, self.retry_for)
    }

    /// A name for a write that no other has.
    fn name_of_write<const N: usize>(&self) -> Result<[u8; N], Fault> {
        let mut name = [0; N];
        self.entropy.fill(&mut name)?;
        Ok(name)
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
fn fault<E>(doing: &'static str, error: SdkError<E>) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    // What isn't a refusal is trouble of DynamoDB's own, or an answer that has suffered on the way. So is a refusal that doesn't
    // say why.
    if error.code().is_some_and(|code| THROTTLES.contains(&code)) {
        telemetry::note_throttle();
    }
    let can_retry = if let SdkError::ServiceError(service) = &error {
        !service.raw().status().is_client_error() || service.err().code().is_none_or(|code| PASSING.contains(&code))
    } else {
        !matches!(error, SdkError::ConstructionFailure(_))
    };
    let is_denied = error.code() == Some("AccessDeniedException");
    let fault = if can_retry { Fault::unavailable(doing) } else { Fault::internal(doing) };
    fault.hinting_at(is_denied.then_some(DENIED)).because(error)
}

/// What to look at when DynamoDB denies access, also because the key that encrypts the table does.
const DENIED: &str = "the policy of the function's role, and that of the KMS key of the tables (TableKeyArn), which must leave it to \
                      IAM who uses it";

/// Refusals that pass: too many requests at once, or another's write at the same time.
const PASSING: &[&str] = &[
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Refusals of too many requests at once.
const THROTTLES: &[&str] =
    &["ProvisionedThroughputExceededException", "RequestLimitExceeded", "Throttling", "ThrottlingException"];

#[cfg(test)]
mod tests;
