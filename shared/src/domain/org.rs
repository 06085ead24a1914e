//! Orgs: tenants, and the hierarchy that they form.

use super::{OrgId, Seconds, Timestamp};

/// A tenant. Nothing crosses an org, but that an administrator of an ancestor may act on it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Org {
    /// Its id.
    pub id: OrgId,
    /// Its ancestors, parent first, root last. Fixed when the org is made.
    pub ancestors: Vec<OrgId>,
    /// A name for people, at most 100 characters.
    pub name: Option<String>,
    /// A disabled org's tokens are dead as long as it is disabled.
    pub enabled: bool,
    /// What its tokens are like.
    pub settings: OrgSettings,
    /// Whether it has ever allowed tokens that don't expire: its not-before marks must then be kept for ever.
    pub ever_non_expiring: bool,
    /// Set when the org is first written.
    pub created_at: Timestamp,
    /// Set whenever the org is written.
    pub updated_at: Timestamp,
}

impl Org {
    /// How many ancestors an org can have.
    pub const DEEPEST: usize = 16;

    /// The org above it.
    pub fn parent(&self) -> Option<&OrgId> {
        self.ancestors.first()
    }

    /// The root of its hierarchy, which may be itself.
    pub fn root(&self) -> &OrgId {
        self.ancestors.last().unwrap_or(&self.id)
    }

    /// Whether `other` is this org or one of its ancestors.
    pub fn is_within(&self, other: &OrgId) -> bool {
        self.id == *other || self.ancestors.contains(other)
    }

    /// Until when a not-before mark of this moment must be kept: as long as a token can live that it kills.
    pub fn mark_expiry(&self, at: Timestamp) -> Option<Timestamp> {
        (!self.ever_non_expiring).then(|| at.plus(OrgSettings::LONGEST).plus(Seconds::DAY))
    }
}

/// What the tokens of an org are like.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OrgSettings {
    /// Lifetime of an access token where the request names none.
    pub token_duration: Seconds,
    /// The longest lifetime that a request may name.
    pub max_token_duration: Seconds,
    /// Absolute lifetime of a refresh family: refreshing never moves it.
    pub refresh_token_duration: Seconds,
    /// Whether each use of a refresh token issued to a public client, or to none, replaces it. Off: it stays the same.
    pub refresh_token_rotation: bool,
    /// Whether `does_not_expire` may be asked for.
    pub allow_non_expiring: bool,
}

impl OrgSettings {
    /// No token that expires, and no refresh family, lives longer than this, whatever the settings: 400 days.
    pub const LONGEST: Seconds = Seconds(400 * 86_400);
}

impl Default for OrgSettings {
    fn default() -> Self {
        Self {
            token_duration: Seconds::HOUR,
            max_token_duration: Seconds::DAY,
            refresh_token_duration: Seconds(30 * 86_400),
            refresh_token_rotation: true,
            allow_non_expiring: false,
        }
    }
}
