//! Not-before marks.

use crate::domain::{ClientId, MarkKind, SessionId, Subject};

/// A kind of mark as a key within its org.
pub fn mark_name(kind: &MarkKind) -> String {
    match kind {
        MarkKind::Client(id) => format!("c#{id}"),
        MarkKind::Member(subject) => format!("m#{subject}"),
        MarkKind::Org => "o".to_owned(),
        MarkKind::Session(id) => format!("s#{id}"),
    }
}

/// The kind of mark that has this name.
pub fn mark_kind(name: &str) -> Option<MarkKind> {
    match name.split_once('#') {
        None if name == "o" => Some(MarkKind::Org),
        Some(("c", id)) => ClientId::from_number(id.parse().ok()?).ok().map(MarkKind::Client),
        Some(("m", subject)) => Subject::parse(subject).ok().map(MarkKind::Member),
        Some(("s", id)) => SessionId::parse(id).ok().map(MarkKind::Session),
        _ => None,
    }
}
