//! Not-before marks.

use crate::domain::{ClientId, MarkKind, SessionId, Subject};

/// A kind of mark as a key within its org.
pub fn mark_name(kind: &MarkKind) -> String {
    match kind {
        MarkKind::Client(id) => format!("c#{id}"),
        MarkKind::Member(subject) => format!("m#{subject}"),
        MarkKind::Org => "o".to_owned(),
        MarkKind::Session(id) => format!("s#{id}"),
        MarkKind::ClientOf(id, subject) => format!("p#{id}#{subject}"),
    }
}

/// The kind of mark that has this name.
pub fn mark_kind(name: &str) -> Option<MarkKind> {
    match name.split_once('#') {
        None if name == "o" => Some(MarkKind::Org),
        Some(("c", id)) => client(id).map(MarkKind::Client),
        Some(("m", subject)) => Subject::parse(subject).ok().map(MarkKind::Member),
        Some(("s", id)) => SessionId::parse(id).ok().map(MarkKind::Session),
        Some(("p", pair)) => {
            let (id, subject) = pair.split_once('#')?;
            Some(MarkKind::ClientOf(client(id)?, Subject::parse(subject).ok()?))
        }
        _ => None,
    }
}

fn client(number: &str) -> Option<ClientId> {
    ClientId::from_number(number.parse().ok()?).ok()
}
