//! Members on the wire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Text;
use crate::admin::orgs_and_members::MemberDraft;
use crate::api::agilicus::Rfc3339;
use crate::domain::{App, Member, MemberKey, MemberKind, OrgId, Profile, Refusal, Role, ScopePattern, Subject};
use crate::encoding::form::Parameters;
use crate::encoding::merge_patch::Patched;
use crate::encoding::{FromText, Object, ReadOnly, present};

const MAX_SCOPES_AND_ROLES: usize = 200;

/// The body of `PUT /v1/orgs/{org}/members/{sub}`. What is absent gets its default: a `PUT` replaces. What a `GET` answered can be
/// sent back.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PutMember {
    /// The org in the path, if it is given at all.
    #[serde(default, deserialize_with = "present")]
    pub(super) org: Option<FromText<OrgId>>,
    /// The member in the path, if it is given at all.
    #[serde(default, deserialize_with = "present")]
    pub(super) sub: Option<FromText<Subject>>,
    #[serde(default, deserialize_with = "present")]
    pub(super) kind: Option<FromText<MemberKind>>,
    #[serde(default, deserialize_with = "present")]
    pub(super) enabled: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    pub(super) profile: Option<Object<ProfileBody>>,
    #[serde(default, deserialize_with = "present")]
    pub(super) scopes: Option<Vec<FromText<ScopePattern>>>,
    #[serde(default, deserialize_with = "present")]
    pub(super) roles: Option<BTreeMap<FromText<App>, Vec<FromText<Role>>>>,
    #[serde(default, rename = "created")]
    #[cfg_attr(feature = "openapi", schemars(skip))]
    pub(super) _created: ReadOnly,
    #[serde(default, rename = "updated")]
    #[cfg_attr(feature = "openapi", schemars(skip))]
    pub(super) _updated: ReadOnly,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileBody {
    #[serde(default, deserialize_with = "present")]
    email: Option<FromText<Text>>,
    #[serde(default, deserialize_with = "present")]
    first_name: Option<FromText<Text>>,
    #[serde(default, deserialize_with = "present")]
    last_name: Option<FromText<Text>>,
    #[serde(default, deserialize_with = "present")]
    display_name: Option<FromText<Text>>,
    #[serde(default, deserialize_with = "present")]
    external_id: Option<FromText<Text>>,
}

impl Patched for PutMember {
    const READ_ONLY: &'static [&'static str] = &["org", "sub", "created", "updated"];
}

impl PutMember {
    /// Returns what is asked for, for the member in the path.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when the body is of another member, or has more than 200 scopes or roles.
    pub fn into_draft(self, key: &MemberKey) -> Result<MemberDraft, Refusal> {
        if self.org.is_some_and(|org| org.0 != key.org) {
            return Err(Refusal::invalid("org", "must be the org in the path"));
        }
        if self.sub.is_some_and(|sub| sub.0 != key.subject) {
            return Err(Refusal::invalid("sub", "must be the member in the path"));
        }
        let roles = self.roles.unwrap_or_default();
        let scopes = self.scopes.unwrap_or_default();
        if scopes.len() > MAX_SCOPES_AND_ROLES {
            return Err(Refusal::invalid("scopes", "must have at most 200 entries"));
        }
        if roles.values().map(Vec::len).sum::<usize>() > MAX_SCOPES_AND_ROLES {
            return Err(Refusal::invalid("roles", "must have at most 200 entries"));
        }
        let profile = self.profile.unwrap_or_default().0;
        let text = |text: Option<FromText<Text>>| text.map(|text| text.0.0);
        Ok(MemberDraft {
            kind: self.kind.map_or(MemberKind::User, |kind| kind.0),
            profile: Profile {
                email: text(profile.email),
                first_name: text(profile.first_name),
                last_name: text(profile.last_name),
                display_name: text(profile.display_name),
                external_id: text(profile.external_id),
            },
            scopes: scopes.into_iter().map(|scope| scope.0).collect(),
            roles: roles.into_iter().map(|(app, roles)| (app.0, roles.into_iter().map(|role| role.0).collect())).collect(),
            enabled: self.enabled.unwrap_or(true),
        })
    }
}

/// The query of `GET /v1/orgs/{org}/members`.
#[derive(Debug)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct MembersPage {
    /// The `next` of the page before.
    #[cfg_attr(feature = "openapi", schemars(with = "Option<FromText<Subject>>"))]
    pub after: Option<Subject>,
    /// 1 to 500, 100 if absent.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1, max = 500)))]
    pub limit: usize,
}

impl TryFrom<Parameters> for MembersPage {
    type Error = Refusal;

    fn try_from(mut query: Parameters) -> Result<Self, Refusal> {
        let page = Self { after: query.parse("after")?, limit: query.number("limit", 1..=500)?.unwrap_or(100) };
        query.refuse_unknown()?;
        Ok(page)
    }
}

/// A member in an answer.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "Member"))]
pub struct MemberView<'a> {
    sub: &'a str,
    org: &'a str,
    kind: &'static str,
    enabled: bool,
    profile: ProfileView<'a>,
    scopes: Vec<&'a str>,
    roles: BTreeMap<&'a str, Vec<&'a str>>,
    created: Rfc3339,
    updated: Rfc3339,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
struct ProfileView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
}

impl<'a> MemberView<'a> {
    /// The view of a member.
    pub fn from_member(member: &'a Member) -> Self {
        let Profile { email, first_name, last_name, display_name, external_id } = &member.profile;
        Self {
            sub: member.subject.as_str(),
            org: member.org.as_str(),
            kind: member.kind.as_str(),
            enabled: member.enabled,
            profile: ProfileView {
                email: email.as_deref(),
                first_name: first_name.as_deref(),
                last_name: last_name.as_deref(),
                display_name: display_name.as_deref(),
                external_id: external_id.as_deref(),
            },
            scopes: member.scopes.iter().map(ScopePattern::as_str).collect(),
            roles: member.roles.iter().map(|(app, roles)| (app.as_str(), roles.iter().map(Role::as_str).collect())).collect(),
            created: Rfc3339(member.created_at),
            updated: Rfc3339(member.updated_at),
        }
    }
}

/// One page of members.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "Members"))]
pub struct MembersView<'a> {
    members: Vec<MemberView<'a>>,
    /// What to send as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
}

impl<'a> MembersView<'a> {
    /// The members of a page of at most `limit`.
    pub fn from_members(members: &'a [Member], limit: usize) -> Self {
        let next = members.last().filter(|_| members.len() == limit).map(|member| member.subject.as_str());
        Self { members: members.iter().map(MemberView::from_member).collect(), next }
    }
}
