//! Access tokens.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{coded, decode, encode, is_false, is_zero, placeholder_id};
use crate::domain::{
    Ancestor, App, Audience, ClientId, Creator, Fault, HostPermissions, Issuance, Label, MayAct, OrgId, RevokingParty, Role,
    Scope, Session, SessionId, StatusIndex, StatusListId, Subject, Timestamp, TokenContents, TokenId, TokenKey, TokenRecord,
    Unheld,
};

/// Encodes the body of a token: all of it but `id`, and when and by whom it was revoked.
///
/// # Errors
/// A [`Fault`] if the body can't be written as JSON.
pub fn encode_token(token: &TokenRecord) -> Result<String, Fault> {
    encode(|to| TokenBody::serialize(token, to))
}

/// Decodes the token of this body, without [who](TokenRecord::revoked_by) revoked it.
///
/// # Errors
/// A [`Fault`] if the body isn't what [`encode_token`] writes.
pub fn decode_token(key: &TokenKey, body: &[u8], revoked_at: Option<Timestamp>) -> Result<TokenRecord, Fault> {
    let token = decode(body, |from| TokenBody::deserialize(from))
        .map_err(|e| Fault::internal("decoding the record of a token").because(e))?;
    if token.org != key.org {
        return Err(Fault::internal("decoding the record of a token: it is another org's"));
    }
    Ok(TokenRecord { id: key.id, revoked_at, ..token })
}

/// Encodes who revoked a record of this org.
///
/// # Errors
/// A [`Fault`] if it can't be written as JSON.
pub fn encode_revoking_party(party: &RevokingParty, org: &OrgId) -> Result<String, Fault> {
    let RevokingParty { org: its, subject, client, token } = party.clone();
    let body = RevokingPartyBody { org: Some(its).filter(|its| its != org), subject, client, token };
    encode(|to| body.serialize(to))
}

/// Decodes who revoked a record of this org.
///
/// # Errors
/// A [`Fault`] if the body isn't what [`encode_revoking_party`] writes.
pub fn decode_revoking_party(body: &[u8], org: &OrgId) -> Result<Box<RevokingParty>, Fault> {
    let RevokingPartyBody { org: its, subject, client, token } = decode(body, |from| RevokingPartyBody::deserialize(from))
        .map_err(|e| Fault::internal("decoding who revoked a token").because(e))?;
    Ok(Box::new(RevokingParty { org: its.unwrap_or_else(|| org.clone()), subject, client, token }))
}

/// Whether recording `new` where `there` is changes nothing: what happens to a token afterwards doesn't make it another.
pub fn is_same_token(there: &TokenRecord, new: &TokenRecord) -> bool {
    if there.revision > new.revision {
        // What it was before it was amended isn't known; but no other token has its id, if it is the same in this.
        let begun = |token: &TokenRecord| (token.issued_at, token.subject.clone(), token.client, token.family);
        return begun(there) == begun(new);
    }
    TokenRecord { revoked_at: new.revoked_at, revoked_by: new.revoked_by.clone(), ..there.clone() } == *new
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "TokenRecord")]
struct TokenBody {
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
    #[serde(rename = "i", with = "coded")]
    issued_at: Timestamp,
    #[serde(rename = "n", with = "coded")]
    not_before: Timestamp,
    #[serde(rename = "e", with = "coded", default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
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
    #[serde(rename = "f", with = "coded", default, skip_serializing_if = "Option::is_none")]
    family: Option<TokenId>,
    #[serde(rename = "u", with = "coded", default, skip_serializing_if = "Option::is_none")]
    issuance: Option<Box<Issuance>>,
    #[serde(rename = "v", with = "coded", default, skip_serializing_if = "Option::is_none")]
    value: Option<[u8; 32]>,
    #[serde(rename = "st", with = "coded", default, skip_serializing_if = "Option::is_none")]
    status: Option<StatusIndex>,
    #[serde(rename = "y", with = "coded", default, skip_serializing_if = "Option::is_none")]
    refreshable_until: Option<Timestamp>,
    #[serde(rename = "g", default, skip_serializing_if = "is_zero")]
    revision: u32,
    #[serde(skip)]
    revoked_at: Option<Timestamp>,
    #[serde(skip)]
    revoked_by: Option<Box<RevokingParty>>,
}

/// Tells serde where the subject is. As there is such a getter, serde reads a `TokenBody`, and the conversion below makes the
/// record of it.
fn subject(record: &TokenRecord) -> &Subject {
    &record.subject
}

impl From<TokenBody> for TokenRecord {
    fn from(body: TokenBody) -> Self {
        Self {
            id: body.id,
            org: body.org,
            root_org: body.root_org,
            issued_at: body.issued_at,
            not_before: body.not_before,
            expires_at: body.expires_at,
            family: body.family,
            value: body.value,
            status: body.status,
            refreshable_until: body.refreshable_until,
            revision: body.revision,
            revoked_at: body.revoked_at,
            revoked_by: body.revoked_by,
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

coded::records!(
    Ancestor as AncestorBody,
    Creator as CreatorBody,
    MayAct as MayActBody,
    Session as SessionBody,
    StatusIndex as StatusIndexBody,
    Unheld as UnheldBody
);

/// Whether a token says nothing but what its subject held.
pub(super) fn is_all_held(unheld: &Unheld) -> bool {
    *unheld == Unheld::default()
}

/// Who revoked a record: without its org where that is the record's.
#[derive(Deserialize, Serialize)]
struct RevokingPartyBody {
    #[serde(rename = "o", with = "coded", default, skip_serializing_if = "Option::is_none")]
    org: Option<OrgId>,
    #[serde(rename = "s", with = "coded", default, skip_serializing_if = "Option::is_none")]
    subject: Option<Subject>,
    #[serde(rename = "c", with = "coded", default, skip_serializing_if = "Option::is_none")]
    client: Option<ClientId>,
    #[serde(rename = "i", with = "coded", default, skip_serializing_if = "Option::is_none")]
    token: Option<TokenId>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Unheld")]
struct UnheldBody {
    #[serde(rename = "z", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<Scope>,
    #[serde(rename = "r", with = "coded", default, skip_serializing_if = "BTreeSet::is_empty")]
    roles: BTreeSet<App>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Session")]
struct SessionBody {
    #[serde(rename = "o", with = "coded")]
    org: OrgId,
    #[serde(rename = "i", with = "coded")]
    id: SessionId,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "StatusIndex")]
struct StatusIndexBody {
    #[serde(rename = "l", with = "coded")]
    list: StatusListId,
    #[serde(rename = "i")]
    index: u32,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Creator")]
struct CreatorBody {
    #[serde(rename = "o", with = "coded")]
    org: OrgId,
    #[serde(rename = "s", with = "coded")]
    subject: Subject,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "MayAct")]
struct MayActBody {
    #[serde(rename = "s", with = "coded", default, skip_serializing_if = "Option::is_none")]
    subject: Option<Subject>,
    #[serde(rename = "c", with = "coded", default, skip_serializing_if = "Option::is_none")]
    client: Option<ClientId>,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Ancestor")]
struct AncestorBody {
    #[serde(rename = "o", with = "coded")]
    org: OrgId,
    #[serde(rename = "i", with = "coded")]
    id: TokenId,
    #[serde(rename = "s", with = "coded")]
    subject: Subject,
    #[serde(rename = "c", with = "coded", default, skip_serializing_if = "Option::is_none")]
    client: Option<ClientId>,
    #[serde(rename = "f", with = "coded", default, skip_serializing_if = "Option::is_none")]
    family: Option<TokenId>,
    #[serde(rename = "x", with = "coded", default, skip_serializing_if = "Option::is_none")]
    session: Option<Session>,
    #[serde(rename = "y", default, skip_serializing_if = "is_false")]
    is_api_key: bool,
}
