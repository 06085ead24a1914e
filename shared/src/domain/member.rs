//! Members of an org.

use std::collections::BTreeMap;

use strum::{EnumString, IntoStaticStr, VariantArray};

use super::{App, Invalid, OrgId, Role, ScopePattern, Subject, Timestamp};

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
    /// Returns the key under which the member is stored.
    pub fn key(&self) -> MemberKey {
        MemberKey { org: self.org.clone(), subject: self.subject.clone() }
    }

    /// Whether it holds everything that `name` stands for.
    pub fn holds(&self, name: &str) -> bool {
        self.scopes.iter().any(|pattern| pattern.covers(name))
    }

    /// Whether it has this role in the application.
    pub fn has_role(&self, app: &App, role: &Role) -> bool {
        self.roles.get(app).is_some_and(|roles| roles.contains(role))
    }
}

/// What a member is: the `type` of a User in the Agilicus contract.
#[derive(Clone, Copy, Debug, EnumString, Eq, IntoStaticStr, PartialEq, VariantArray)]
#[strum(serialize_all = "snake_case", parse_err_ty = Invalid, parse_err_fn = Self::unknown)]
#[expect(missing_docs, reason = "the words of the contract")]
pub enum MemberKind {
    User,
    ServiceAccount,
    Group,
    #[strum(serialize = "sysgroup")]
    SysGroup,
    #[strum(serialize = "bigroup")]
    BigGroup,
}

impl MemberKind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Returns the name of the kind in requests and answers.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    fn unknown(_: &str) -> Invalid {
        Invalid("must be user, service_account, group, sysgroup or bigroup")
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
