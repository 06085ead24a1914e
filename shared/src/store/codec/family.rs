//! Refresh families.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::token::is_all_held;
use super::{coded, decode, encode, is_false, is_usual_retry_window, is_zero, placeholder_id, placeholder_time, retry_window};
use crate::domain::{
    Ancestor, App, Audience, ClientId, Creator, Family, FamilyKey, Fault, HostPermissions, Issuance, Label, MayAct, OrgId,
    RevokingParty, Role, Scope, Seconds, Session, Subject, Timestamp, TokenContents, TokenId, Unheld,
};
use crate::store::FamilyUpdate;

/// What changes of a family.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FamilyState {
    /// The number of the current refresh token, [`Family::generation`].
    pub generation: u64,
    /// The hash of the current secret, [`Family::current`].
    pub current: [u8; 32],
    /// The hash of the secret before it, [`Family::previous`].
    pub previous: Option<[u8; 32]>,
    /// When the generation last changed, [`Family::rotated_at`].
    pub rotated_at: Timestamp,
    /// When the family was last used, [`Family::refreshed_at`].
    pub refreshed_at: Option<Timestamp>,
    /// When the family ends, [`Family::expires_at`].
    pub expires_at: Timestamp,
    /// Until when the record is needed, [`Family::needed_until`].
    pub needed_until: Option<Timestamp>,
    /// The access token that was made last, [`Family::token`].
    pub token: TokenId,
    /// When the family was revoked, [`Family::revoked_at`].
    pub revoked_at: Option<Timestamp>,
}

/// Encodes the body of a family: all of it but `id`, its [`FamilyState`], and who revoked it.
///
/// # Errors
/// A [`Fault`] if the body can't be written as JSON.
pub fn encode_family(family: &Family) -> Result<String, Fault> {
    encode(|to| FamilyBody::serialize(family, to))
}

/// Decodes the family of this body, in this state, without [who](Family::revoked_by) revoked it.
///
/// # Errors
/// A [`Fault`] if the body isn't what [`encode_family`] writes.
pub fn decode_family(key: &FamilyKey, body: &[u8], state: FamilyState) -> Result<Family, Fault> {
    let family = decode(body, |from| FamilyBody::deserialize(from))
        .map_err(|e| Fault::internal("decoding the record of a refresh family").because(e))?;
    if family.org != key.org {
        return Err(Fault::internal("decoding the record of a refresh family: it is another org's"));
    }
    Ok(state.into_family(family, key.id))
}

impl FamilyState {
    /// The state of a family.
    pub fn from(family: &Family) -> Self {
        let Family { generation, current, previous, rotated_at, refreshed_at, expires_at, needed_until, .. } = *family;
        let Family { token, revoked_at, .. } = *family;
        Self { generation, current, previous, rotated_at, refreshed_at, expires_at, needed_until, token, revoked_at }
    }

    /// A family of this id in this state.
    fn into_family(self, family: Family, id: TokenId) -> Family {
        let Self { generation, current, previous, rotated_at, refreshed_at, expires_at, needed_until, .. } = self;
        let Self { token, revoked_at, .. } = self;
        Family {
            id,
            generation,
            current,
            previous,
            rotated_at,
            refreshed_at,
            expires_at,
            needed_until,
            revoked_at,
            token,
            ..family
        }
    }
}

/// Whether recording `new` where `there` is changes nothing: what happens to a family afterwards doesn't make it another.
pub fn is_same_family(there: &Family, new: &Family) -> bool {
    if there.revision > new.revision {
        // What it was before it was amended isn't known; but no other has its salt.
        return (there.id, there.salt) == (new.id, new.salt);
    }
    let there = Family { revoked_by: new.revoked_by.clone(), ..there.clone() };
    let id = there.id;
    FamilyState::from(new).into_family(there, id) == *new
}

/// Whether `there` is what an amendment wants to make of it.
pub fn is_amended_family(there: &Family, amendment: &FamilyUpdate) -> bool {
    let FamilyUpdate { family: new, moves_end } = amendment;
    let is_there = there.revision == new.revision && there.revoked_at.is_none();
    is_there && (!moves_end || there.expires_at == new.expires_at) && is_same_family(there, new)
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Family")]
struct FamilyBody {
    #[serde(skip, default = "placeholder_id")]
    id: TokenId,
    #[serde(rename = "o", with = "coded")]
    org: OrgId,
    #[serde(rename = "q", with = "coded")]
    root_org: OrgId,
    #[serde(rename = "s", with = "coded", getter = "subject")]
    subject: Subject,
    #[serde(rename = "c", with = "coded", default, skip_serializing_if = "Option::is_none")]
    client: Option<ClientId>,
    #[serde(skip)]
    generation: u64,
    #[serde(rename = "t", with = "coded")]
    salt: [u8; 16],
    #[serde(skip)]
    current: [u8; 32],
    #[serde(skip)]
    previous: Option<[u8; 32]>,
    #[serde(skip, default = "placeholder_time")]
    rotated_at: Timestamp,
    #[serde(rename = "p", default, skip_serializing_if = "is_false")]
    rotates: bool,
    #[serde(rename = "y", with = "coded", default = "retry_window", skip_serializing_if = "is_usual_retry_window")]
    retry_window: Seconds,
    #[serde(rename = "l", with = "coded", default, skip_serializing_if = "Option::is_none")]
    slides: Option<Seconds>,
    #[serde(rename = "k", default, skip_serializing_if = "is_false")]
    exclusive: bool,
    #[serde(rename = "i", with = "coded")]
    issued_at: Timestamp,
    #[serde(skip)]
    refreshed_at: Option<Timestamp>,
    // That of the state counts. Versions that are still in use have it from here.
    #[serde(rename = "e", with = "coded")]
    expires_at: Timestamp,
    #[serde(skip)]
    needed_until: Option<Timestamp>,
    #[serde(skip)]
    revoked_at: Option<Timestamp>,
    #[serde(skip)]
    revoked_by: Option<Box<RevokingParty>>,
    #[serde(skip, default = "placeholder_id")]
    token: TokenId,
    #[serde(rename = "d", with = "coded")]
    token_duration: Seconds,
    #[serde(rename = "a", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    audiences: Vec<Audience>,
    #[serde(rename = "z", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<Scope>,
    #[serde(rename = "r", with = "coded", default, skip_serializing_if = "BTreeMap::is_empty")]
    roles: BTreeMap<App, Role>,
    #[serde(rename = "uh", with = "coded", default, skip_serializing_if = "is_all_held")]
    unheld: Unheld,
    #[serde(rename = "h", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    hosts: Vec<HostPermissions>,
    #[serde(rename = "x", with = "coded", default, skip_serializing_if = "Option::is_none")]
    session: Option<Session>,
    #[serde(rename = "lb", with = "coded", default, skip_serializing_if = "Option::is_none")]
    label: Option<Label>,
    #[serde(rename = "w", with = "coded", default, skip_serializing_if = "Option::is_none")]
    creator: Option<Creator>,
    #[serde(rename = "cb", with = "coded", default, skip_serializing_if = "Option::is_none")]
    created_by: Option<TokenId>,
    #[serde(rename = "an", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    ancestors: Vec<Ancestor>,
    #[serde(rename = "m", default, skip_serializing_if = "is_false")]
    masquerading: bool,
    #[serde(rename = "ma", with = "coded", default, skip_serializing_if = "Option::is_none")]
    may_act: Option<Box<MayAct>>,
    #[serde(rename = "u", with = "coded", default, skip_serializing_if = "Option::is_none")]
    issuance: Option<Box<Issuance>>,
    #[serde(rename = "g", default, skip_serializing_if = "is_zero")]
    revision: u32,
}

/// Tells serde where the subject is. As there is such a getter, serde reads a `FamilyBody`, and the conversion below makes the
/// family of it.
fn subject(family: &Family) -> &Subject {
    &family.subject
}

impl From<FamilyBody> for Family {
    fn from(body: FamilyBody) -> Self {
        Self {
            id: body.id,
            org: body.org,
            root_org: body.root_org,
            generation: body.generation,
            salt: body.salt,
            current: body.current,
            previous: body.previous,
            rotated_at: body.rotated_at,
            rotates: body.rotates,
            retry_window: body.retry_window,
            slides: body.slides,
            exclusive: body.exclusive,
            issued_at: body.issued_at,
            refreshed_at: body.refreshed_at,
            expires_at: body.expires_at,
            needed_until: body.needed_until,
            revoked_at: body.revoked_at,
            revoked_by: body.revoked_by,
            token: body.token,
            token_duration: body.token_duration,
            revision: body.revision,
            contents: TokenContents {
                subject: body.subject,
                client: body.client,
                audiences: body.audiences,
                scopes: body.scopes,
                roles: body.roles,
                unheld: body.unheld,
                hosts: body.hosts,
                session: body.session,
                label: body.label,
                creator: body.creator,
                created_by: body.created_by,
                ancestors: body.ancestors,
                masquerading: body.masquerading,
                may_act: body.may_act,
                issuance: body.issuance,
            },
        }
    }
}
