//! Members of an org.

use std::collections::BTreeMap;

use super::{App, OrgId, Role, ScopePattern, Subject, Timestamp};

/// Where a member's record is.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MemberKey {
    /// The org that the member belongs to.
    pub org: OrgId,
    /// The `sub` within it.
    pub subject: Subject,
}

/// Someone or something that tokens can be minted for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Member {
    /// The org that the member belongs to.
    pub org: OrgId,
    /// The `sub` within it.
    pub subject: Subject,
    /// Whether it is a person, a service account or a group.
    pub kind: MemberKind,
    /// What is shown of it.
    pub profile: Profile,
    /// What its tokens may be good for.
    pub scopes: Vec<ScopePattern>,
    /// Its roles by application.
    pub roles: BTreeMap<App, Vec<Role>>,
    /// A disabled member's tokens are dead as long as it is disabled, and none can be minted.
    pub enabled: bool,
    /// Set when the member is first written.
    pub created_at: Timestamp,
    /// Set whenever the member is written.
    pub updated_at: Timestamp,
}

impl Member {
    /// Where it is stored.
    pub fn key(&self) -> MemberKey {
        MemberKey { org: self.org.clone(), subject: self.subject.clone() }
    }

    /// Whether it holds everything that `name` stands for.
    pub fn holds(&self, name: &str) -> bool {
        self.scopes.iter().any(|pattern| pattern.covers(name))
    }
}

/// What a member is: the `type` of a User in the Agilicus contract.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "the words of the Agilicus API")]
pub enum MemberKind {
    User,
    ServiceAccount,
    Group,
    SysGroup,
    BigGroup,
}

impl MemberKind {
    /// All of them, by name.
    pub const NAMES: [(Self, &'static str); 5] = [
        (Self::User, "user"),
        (Self::ServiceAccount, "service_account"),
        (Self::Group, "group"),
        (Self::SysGroup, "sysgroup"),
        (Self::BigGroup, "bigroup"),
    ];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(kind, _)| *kind == self).map_or("user", |(_, name)| name)
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }
}

/// What is shown of a member. All of it optional, nothing of it decides anything.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Profile {
    /// At most 100 characters.
    pub email: Option<String>,
    /// At most 100 characters.
    pub first_name: Option<String>,
    /// At most 100 characters.
    pub last_name: Option<String>,
    /// At most 100 characters.
    pub display_name: Option<String>,
    /// The id that another system knows the member by. At most 100 characters.
    pub external_id: Option<String>,
}
