//! Records as compact JSON: the body that both adapters keep.
//!
//! A body holds what never changes while the record lives, but for its id. What the adapters change or filter by is
//! beside it, in columns or attributes. Old and new versions of the code run together: unknown members are ignored,
//! and a member that is added later must have a default.
//!
//! The names of an authorization are in `authorization.rs`, those of a ticket in `ticket.rs`, those of a grant in `person_grant.rs`,
//! those of a logout in `logout.rs`, those of an API key in `api_key.rs`, those of an event stream in `event_stream.rs`.
//!
//! | name | token, family | org | member | client |
//! |---|---|---|---|---|
//! | `a` | audiences | ancestors, parent first | | alias |
//! | `an` | ancestors | | | |
//! | `b` | | | | metadata, by the names of `CLIENT_METADATA` |
//! | `c` | client | | | number |
//! | `cb` | the token whose bearer had it made | | | |
//! | `d` | family: lifetime of access tokens, s | lifetime of a token, s | display name | longest lifetime of a token, s |
//! | `e` | expires at, ms | is enabled | is enabled | is enabled |
//! | `et` | | | | where it may go on to, in `exchange_target.rs` |
//! | `f` | family | | first name | |
//! | `g` | revision | | | grants |
//! | `h` | hosts | | | |
//! | `i` | issued at, ms | id | | |
//! | `j` | | | | public keys |
//! | `k` | family: only its newest access token is alive | | kind | kind |
//! | `l` | family: slides by, s | | last name | |
//! | `lb` | label | | | |
//! | `m` | is masquerading | longest lifetime of a token, s | e-mail | how it authenticates |
//! | `ma` | who may act for its subject: subject `s`, client `c` | | | |
//! | `n` | not before, ms | name | | name |
//! | `o` | org | in its settings: those of OAuth, in `org.rs` | org | org |
//! | `p` | family: whether a use replaces it | | profile | attributes |
//! | `q` | root org | | | one token a subject |
//! | `r` | roles | lifetime of a refresh family, s | roles | longest lifetime of a refresh family, s |
//! | `s` | subject | settings | subject | scopes |
//! | `st` | where its status is: list `l`, index `i` | | | |
//! | `t` | family: salt | whether a use replaces a refresh token | | may exchange tokens |
//! | `u` | issuance, in `issuance.rs`; in it `s`: how the person signed in, in `authorization.rs` | updated at, ms | updated at, ms | updated at, ms |
//! | `uh` | what its subject didn't hold: scopes `z`, applications of roles `r` | | | |
//! | `v` | hash of its value | whether it does so with any client | | |
//! | `w` | creator: org `o`, subject `s` | | | |
//! | `x` | session: org `o`, id `i` | secrets; in its settings: allows tokens that don't expire | external id | secrets |
//! | `fi` | | | | its identities at platforms, in `conditions.rs` |
//! | `xt` | | | | when each of its secrets was made and ends, ms |
//! | `y` | token: refreshable until, ms; family: whether a retry gets the same successor | has ever allowed them | | tokens bound to certificates |
//! | `z` | scopes | | scopes | has all scopes |

use std::error::Error;

use serde_json::de::SliceRead;

use crate::domain::{Family, Fault, Seconds, Timestamp, TokenId};

mod alias;
mod api_key;
mod authorization;
mod batch;
mod batch_part;
mod client;
mod coded;
mod conditions;
mod credential_uses;
mod event_stream;
mod exchange_target;
mod family;
mod grants;
mod issuance;
mod key_ring;
mod logout;
mod member;
mod not_before;
mod org;
mod person_grant;
mod ticket;
mod token;

pub use alias::{aliased, aliased_name};
pub use api_key::{ApiKeyState, decode_api_key, decode_leak_place, encode_api_key, encode_leak_place, is_same_api_key};
pub use authorization::{decode_authorization, encode_authorization, is_same_authorization};
pub use batch::{BatchState, decode_batch, encode_batch, is_same_batch};
pub use batch_part::{BatchPart, decode_part, encode_part, encode_recording};
pub use client::{decode_client, encode_client};
pub use credential_uses::{decode_credential_uses, encode_credential_uses};
pub use event_stream::{decode_event_stream, encode_event_stream};
pub use family::{FamilyState, decode_family, encode_family, is_amended_family, is_same_family};
pub use key_ring::{decode_key_ring, encode_key_ring};
pub use logout::{LogoutState, decode_logout, encode_logout, is_same_logout};
pub use member::{decode_member, encode_member};
pub use not_before::{mark_kind, mark_name, mark_shard};
pub use org::{decode_assertion_settings, decode_org, encode_assertion_settings, encode_org, org_item_bytes};
pub use person_grant::{decode_person_grant, encode_person_grant, hash_of_person};
pub use ticket::{TicketState, decode_ticket, encode_ticket, is_same_ticket};
pub use token::{decode_revoking_party, decode_token, encode_revoking_party, encode_token, is_same_token};

fn encode<F>(serialize: F) -> Result<String, Fault>
where
    F: FnOnce(&mut serde_json::Serializer<&mut Vec<u8>>) -> Result<(), serde_json::Error>,
{
    let broken = |e: Box<dyn Error + Send + Sync>| Fault::internal("encoding a record").because(e);
    let mut body = Vec::with_capacity(512);
    serialize(&mut serde_json::Serializer::new(&mut body)).map_err(|e| broken(e.into()))?;
    String::from_utf8(body).map_err(|e| broken(e.into()))
}

fn decode<'a, T, F>(body: &'a [u8], deserialize: F) -> Result<T, serde_json::Error>
where
    F: FnOnce(&mut serde_json::Deserializer<SliceRead<'a>>) -> Result<T, serde_json::Error>,
{
    let mut from = serde_json::Deserializer::from_slice(body);
    let record = deserialize(&mut from)?;
    from.end().map(|()| record)
}

/// Stands in until the key or the state beside the body tells.
fn placeholder_id() -> TokenId {
    TokenId::from_bytes([0; 20])
}

/// Stands in until the column beside the body tells.
fn placeholder_time() -> Timestamp {
    Timestamp::from_ms(0)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_usual_retry_window(window: &Seconds) -> bool {
    *window == Family::DEFAULT_RETRY_WINDOW
}

fn retry_window() -> Seconds {
    Family::DEFAULT_RETRY_WINDOW
}

#[cfg(test)]
mod tests;
