//! Orgs on the wire.

use serde::{Deserialize, Serialize};

use super::Text;
use super::settings::Settings;
use crate::admin::org_tree::OrgPage;
use crate::admin::orgs_and_members::{KeyCheck, OrgDraft};
use crate::api::agilicus::Rfc3339;
use crate::domain::{AssertionSettings, Org, OrgId, Refusal, Secret};
use crate::encoding::form::Parameters;
use crate::encoding::merge_patch::Patched;
use crate::encoding::{FromText, Object, ReadOnly, present};

/// The body of `PUT /v1/orgs/{org}`. What is absent gets its default: a `PUT` replaces. What a `GET` answered can be sent back.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PutOrg {
    /// The id of the org in the path, if it is given at all.
    #[serde(default, deserialize_with = "present")]
    pub(super) id: Option<FromText<OrgId>>,
    #[serde(default, deserialize_with = "present")]
    pub(super) parent: Option<FromText<OrgId>>,
    #[serde(default, deserialize_with = "present")]
    pub(super) name: Option<FromText<Text>>,
    #[serde(default, deserialize_with = "present")]
    pub(super) enabled: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    pub(super) settings: Option<Object<Settings>>,
    #[serde(default, rename = "root")]
    #[cfg_attr(feature = "openapi", schemars(skip))]
    pub(super) _root: ReadOnly,
    #[serde(default, rename = "created")]
    #[cfg_attr(feature = "openapi", schemars(skip))]
    pub(super) _created: ReadOnly,
    #[serde(default, rename = "updated")]
    #[cfg_attr(feature = "openapi", schemars(skip))]
    pub(super) _updated: ReadOnly,
}

impl Patched for PutOrg {
    const READ_ONLY: &'static [&'static str] = &["id", "root", "created", "updated"];
}

impl PutOrg {
    /// Returns what is asked for, for the org in the path.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when the body is of another org or its settings contradict each other.
    pub fn into_draft(self, org: &OrgId) -> Result<OrgDraft, Refusal> {
        let Self { id, parent, name, enabled, settings, .. } = self;
        if id.is_some_and(|id| id.0 != *org) {
            return Err(Refusal::invalid("id", "must be the org in the path"));
        }
        let (settings, assertions) = settings.unwrap_or_default().0.try_into_settings()?;
        Ok(OrgDraft {
            parent: parent.map(|parent| parent.0),
            name: name.map(|name| name.0.0),
            enabled: enabled.unwrap_or(true),
            settings,
            assertions,
        })
    }
}

/// An org in an answer.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "Org"))]
pub struct OrgView<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<&'a str>,
    root: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    enabled: bool,
    settings: Settings,
    created: Rfc3339,
    updated: Rfc3339,
}

impl<'a> OrgView<'a> {
    /// Shows an org with all its settings.
    pub fn from_org(org: &'a Org, assertions: &AssertionSettings) -> Self {
        Self {
            id: org.id.as_str(),
            parent: org.parent().map(OrgId::as_str),
            root: org.root().as_str(),
            name: org.name.as_deref(),
            enabled: org.enabled,
            settings: Settings::from_settings(&org.settings, assertions),
            created: Rfc3339(org.created_at),
            updated: Rfc3339(org.updated_at),
        }
    }
}

/// A new API secret of an org in an answer, the only one that has it.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct OrgSecret<'a> {
    org: &'a str,
    secret: &'a str,
}

impl<'a> OrgSecret<'a> {
    /// The view of it.
    pub fn new(org: &'a OrgId, secret: &'a Secret<String>) -> Self {
        Self { org: org.as_str(), secret: secret.expose() }
    }
}

impl std::fmt::Debug for OrgSecret<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OrgSecret").field("org", &self.org).finish_non_exhaustive()
    }
}

/// The query of `PUT` and `PATCH /v1/orgs/{org}`.
#[derive(Debug)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct OrgWriteQuery {
    /// `true`: the keys of all issuers in `assertion_issuers` that are enabled are read first, and one that can't be read is refused with
    /// `ISSUER_UNREADABLE`. Default: `false`, so that an issuer that doesn't answer stops no change.
    #[cfg_attr(feature = "openapi", schemars(rename = "check", with = "Option<bool>"))]
    pub key_check: KeyCheck,
}

impl TryFrom<Parameters> for OrgWriteQuery {
    type Error = Refusal;

    fn try_from(mut query: Parameters) -> Result<Self, Refusal> {
        let is_checked = query.flag("check")?.unwrap_or_default();
        query.refuse_unknown()?;
        Ok(Self { key_check: if is_checked { KeyCheck::Read } else { KeyCheck::Skip } })
    }
}

/// The query of `GET /v1/orgs`.
#[derive(Debug)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct OrgsPage {
    /// The `next` of the page before.
    #[cfg_attr(feature = "openapi", schemars(with = "Option<FromText<OrgId>>"))]
    pub after: Option<OrgId>,
    /// 1 to 100, 100 if absent.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1, max = 100)))]
    pub limit: usize,
}

impl TryFrom<Parameters> for OrgsPage {
    type Error = Refusal;

    fn try_from(mut query: Parameters) -> Result<Self, Refusal> {
        let page = Self { after: query.parse("after")?, limit: query.number("limit", 1..=100)?.unwrap_or(100) };
        query.refuse_unknown()?;
        Ok(page)
    }
}

/// An org in a list, without its settings.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct ListedOrg<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<&'a str>,
    root: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    enabled: bool,
    created: Rfc3339,
    updated: Rfc3339,
}

/// One page of orgs.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "Orgs"))]
pub struct OrgsView<'a> {
    orgs: Vec<ListedOrg<'a>>,
    /// What to send as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
}

impl<'a> OrgsView<'a> {
    /// The view of a page.
    pub fn from_page(page: &'a OrgPage) -> Self {
        let listed = |org: &'a Org| ListedOrg {
            id: org.id.as_str(),
            parent: org.parent().map(OrgId::as_str),
            root: org.root().as_str(),
            name: org.name.as_deref(),
            enabled: org.enabled,
            created: Rfc3339(org.created_at),
            updated: Rfc3339(org.updated_at),
        };
        Self { orgs: page.orgs.iter().map(listed).collect(), next: page.next.as_ref().map(OrgId::as_str) }
    }
}
