//! Not-before marks.

use crate::domain::{ClientId, NotBeforeScope, SessionId, Shard, Subject};
use crate::jose::sha256;

/// A kind of mark as a key within its org.
pub fn mark_name(kind: &NotBeforeScope) -> String {
    match kind {
        NotBeforeScope::Client(id) => format!("c#{id}"),
        NotBeforeScope::Member(subject) => format!("m#{subject}"),
        NotBeforeScope::Org => "o".to_owned(),
        NotBeforeScope::Session(id) => format!("s#{id}"),
        NotBeforeScope::ClientOf(id, subject) => format!("p#{id}#{subject}"),
        NotBeforeScope::ClientsOf(subject) => format!("q#{subject}"),
    }
}

/// The only shard that has a mark of this kind. `None`: each has a copy. What ends the older tokens of a client's subject is written
/// with every new one, and asked for by nobody else: sixteen copies of it would cost more than all the rest of a token.
pub fn mark_shard(kind: &NotBeforeScope) -> Option<Shard> {
    match kind {
        NotBeforeScope::ClientOf(..) => Some(Shard::from_byte(sha256(mark_name(kind).as_bytes())[0])),
        NotBeforeScope::Client(_)
        | NotBeforeScope::ClientsOf(_)
        | NotBeforeScope::Member(_)
        | NotBeforeScope::Org
        | NotBeforeScope::Session(_) => None,
    }
}

/// The kind of mark that has this name.
pub fn mark_kind(name: &str) -> Option<NotBeforeScope> {
    match name.split_once('#') {
        None if name == "o" => Some(NotBeforeScope::Org),
        Some(("c", id)) => client(id).map(NotBeforeScope::Client),
        Some(("m", subject)) => Subject::parse(subject).ok().map(NotBeforeScope::Member),
        Some(("q", subject)) => Subject::parse(subject).ok().map(NotBeforeScope::ClientsOf),
        Some(("s", id)) => SessionId::parse(id).ok().map(NotBeforeScope::Session),
        Some(("p", pair)) => {
            let (id, subject) = pair.split_once('#')?;
            Some(NotBeforeScope::ClientOf(client(id)?, Subject::parse(subject).ok()?))
        }
        _ => None,
    }
}

fn client(number: &str) -> Option<ClientId> {
    ClientId::from_number(number.parse().ok()?).ok()
}
