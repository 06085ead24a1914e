//! Records as items, and items as records.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use super::Item;
use super::keys::{Key, subject_partition};
use crate::domain::{
    Alias, Aliased, ApiKey, ApiKeyLocator, ApiKeyRevocation, AssertionSettings, Authorization, AuthorizationKey, Batch, BatchKey,
    Client, ClientDocument, ClientDocumentKey, ClientId, ClientUrl, CredentialUses, Family, FamilyKey, Fault, GrantedAccess,
    KeyRing, LeakPlace, Logout, LogoutKey, Member, Org, OrgId, PersonGrant, PersonGrantKey, RevokingParty, Seconds, Subject,
    Ticket, TicketKey, Timestamp, TokenId, TokenKey, TokenRecord, UserCodeAssignment, UserCodeKey,
};
use crate::store::codec::{self, ApiKeyState, BatchState, FamilyState, LogoutState, TicketState};
use crate::store::{ApiKeyHolder, ReplayKey};

/// `by_subject`: whether an index wants it.
pub(super) fn token_item(token: &TokenRecord, by_subject: bool) -> Result<Item, Fault> {
    let mut item = Key::token(&token.key()).into_item();
    item.insert("b".to_owned(), text(codec::encode_token(token)?));
    if by_subject {
        item.insert("j".to_owned(), text(subject_partition(&token.org, &token.subject, token.id.shard())));
    }
    item.extend(token.revoked_at.map(|at| ("r".to_owned(), moment(at))));
    item.extend(revoked_by(token.revoked_by.as_deref(), &token.org)?);
    item.extend(revision(token.revision));
    item.extend(token.needed_until().map(|at| ("x".to_owned(), number(deletion(at)))));
    if token.needed_until() > token.expires_at {
        item.extend(token.expires_at.map(|at| ("y".to_owned(), number(deletion(at)))));
    }
    Ok(item)
}

pub(super) fn token(key: &TokenKey, item: &Item) -> Result<TokenRecord, Fault> {
    let token = codec::decode_token(key, body(item)?, find_moment(item, "r")?)?;
    Ok(TokenRecord { revoked_by: find_revoking_party(item, &key.org)?, ..token })
}

/// Who revoked a record of this org, as an attribute.
fn revoked_by(party: Option<&RevokingParty>, org: &OrgId) -> Result<Option<(String, AttributeValue)>, Fault> {
    party.map(|party| Ok(("z".to_owned(), revoking_party(party, org)?))).transpose()
}

/// Who revokes a record of this org, as a value.
pub(super) fn revoking_party(party: &RevokingParty, org: &OrgId) -> Result<AttributeValue, Fault> {
    codec::encode_revoking_party(party, org).map(text)
}

fn find_revoking_party(item: &Item, org: &OrgId) -> Result<Option<Box<RevokingParty>>, Fault> {
    if !item.contains_key("z") {
        return Ok(None);
    }
    codec::decode_revoking_party(string(item, "z")?.as_bytes(), org).map(Some)
}

/// The token of an item that wasn't asked for by its key.
pub(super) fn listed_token(org: &OrgId, item: &Item) -> Result<TokenRecord, Fault> {
    let id = string(item, "sk")?.strip_prefix("t#").and_then(|id| TokenId::parse(id).ok());
    let id = id.ok_or_else(|| broken("sk"))?;
    token(&TokenKey { org: org.clone(), id }, item)
}

pub(super) fn family_item(family: &Family) -> Result<Item, Fault> {
    let mut item = Key::family(&family.key()).into_item();
    let attributes = [
        ("b", text(codec::encode_family(family)?)),
        ("a", bytes(family.token.as_bytes())),
        ("c", bytes(&family.current)),
        ("e", moment(family.expires_at)),
        ("g", number(family.generation)),
        ("o", moment(family.rotated_at)),
    ];
    item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
    item.extend(family.refreshed_at.map(|at| ("f".to_owned(), moment(at))));
    item.extend(revision(family.revision));
    if let Some(until) = family.needed_until {
        item.extend([("u".to_owned(), moment(until)), ("x".to_owned(), number(deletion(until)))]);
    }
    item.extend(family.previous.map(|hash| ("p".to_owned(), bytes(&hash))));
    item.extend(family.revoked_at.map(|at| ("r".to_owned(), moment(at))));
    item.extend(revoked_by(family.revoked_by.as_deref(), &family.org)?);
    Ok(item)
}

pub(super) fn family(key: &FamilyKey, item: &Item) -> Result<Family, Fault> {
    let expires_at = find_moment(item, "e")?.ok_or_else(|| broken("e"))?;
    // Versions before had no `u` and let go of a family when it had expired.
    let needed_until = find_moment(item, "u")?.or(item.contains_key("x").then_some(expires_at));
    let state = FamilyState {
        generation: find_number(item, "g")?.ok_or_else(|| broken("g"))?,
        current: find_bytes(item, "c")?.ok_or_else(|| broken("c"))?,
        previous: find_bytes(item, "p")?,
        rotated_at: find_moment(item, "o")?.ok_or_else(|| broken("o"))?,
        refreshed_at: find_moment(item, "f")?,
        expires_at,
        needed_until,
        token: find_id(item, "a")?.ok_or_else(|| broken("a"))?,
        revoked_at: find_moment(item, "r")?,
    };
    let family = codec::decode_family(key, body(item)?, state)?;
    Ok(Family { revoked_by: find_revoking_party(item, &key.org)?, ..family })
}

pub(super) fn alias_item(alias: &Alias) -> Item {
    let mut item = Key::alias(&alias.key).into_item();
    item.insert("b".to_owned(), text(codec::aliased_name(alias.target)));
    item.extend(alias.expires_at.map(|at| ("x".to_owned(), number(deletion(at)))));
    item
}

pub(super) fn aliased(item: &Item) -> Result<Aliased, Fault> {
    codec::aliased(string(item, "b")?).ok_or_else(|| broken("b"))
}

pub(super) fn ticket_item(ticket: &Ticket) -> Result<Item, Fault> {
    let mut item = Key::ticket(&ticket.key()).into_item();
    let attributes = [
        ("b", text(codec::encode_ticket(ticket)?)),
        ("e", moment(ticket.expires_at)),
        ("x", number(deletion(ticket.expires_at))),
    ];
    item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
    item.extend(ticket.spent_by.map(|id| ("a".to_owned(), bytes(id.as_bytes()))));
    Ok(item)
}

pub(super) fn ticket(key: &TicketKey, item: &Item) -> Result<Ticket, Fault> {
    let expires_at = find_moment(item, "e")?.ok_or_else(|| broken("e"))?;
    codec::decode_ticket(key, body(item)?, TicketState { expires_at, spent_by: find_id(item, "a")? })
}

pub(super) fn logout_item(logout: &Logout) -> Result<Item, Fault> {
    let mut item = Key::logout(&logout.key()).into_item();
    let attributes = [
        ("b", text(codec::encode_logout(logout)?)),
        ("e", moment(logout.expires_at)),
        ("x", number(deletion(logout.expires_at))),
    ];
    item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
    item.extend(logout.completed_by.map(|id| ("a".to_owned(), bytes(id.as_bytes()))));
    Ok(item)
}

pub(super) fn logout(key: &LogoutKey, item: &Item) -> Result<Logout, Fault> {
    let expires_at = find_moment(item, "e")?.ok_or_else(|| broken("e"))?;
    codec::decode_logout(key, body(item)?, LogoutState { expires_at, completed_by: find_id(item, "a")? })
}

pub(super) fn authorization_item(authorization: &Authorization) -> Result<Item, Fault> {
    let mut item = Key::authorization(&authorization.key()).into_item();
    let attributes = [
        ("b", text(codec::encode_authorization(authorization)?)),
        ("e", moment(authorization.expires_at)),
        ("v", number(authorization.revision)),
        ("x", number(deletion(authorization.kept_until()))),
    ];
    item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
    Ok(item)
}

pub(super) fn authorization(key: &AuthorizationKey, item: &Item) -> Result<Authorization, Fault> {
    let expires_at = find_moment(item, "e")?.ok_or_else(|| broken("e"))?;
    let revision = find_number(item, "v")?.ok_or_else(|| broken("v"))?;
    codec::decode_authorization(key, body(item)?, expires_at, revision)
}

/// What a person has granted, of which the sort key says the client.
pub(super) fn person_grant(org: &OrgId, item: &Item) -> Result<PersonGrant, Fault> {
    let subject = Subject::parse(string(item, "b")?).map_err(|_| broken("b"))?;
    let number = string(item, "sk")?.rsplit_once('#').and_then(|(_, number)| number.parse().ok()).ok_or_else(|| broken("sk"))?;
    let client = ClientId::from_number(number).map_err(|_| broken("sk"))?;
    let access = |scopes, resources| -> Result<_, Fault> {
        Ok(GrantedAccess { scopes: find_texts(item, scopes)?, resources: find_texts(item, resources)? })
    };
    let moment = |name| find_moment(item, name)?.ok_or_else(|| broken(name));
    let granted_at = moment("i")?;
    Ok(PersonGrant {
        key: PersonGrantKey { org: org.clone(), subject, client },
        granted: access("g", "gr")?,
        latest: find_texts(item, "l")?,
        remembered: item.contains_key("k").then(|| access("m", "mr")).transpose()?,
        created_at: find_moment(item, "t")?.unwrap_or(granted_at),
        granted_at,
        used_at: moment("f")?,
        ended_at: find_moment(item, "e")?,
    })
}

pub(super) fn api_key_item(key: &ApiKey) -> Result<Item, Fault> {
    let mut item = Key::api_key(&key.locator()).into_item();
    let attributes = [("b", text(codec::encode_api_key(key)?)), ("x", number(deletion(key.kept_until())))];
    item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
    item.extend(revision(key.revision));
    item.extend(key.used_at.map(|at| ("f".to_owned(), moment(at))));
    if let Some(revoked) = &key.revoked {
        item.extend([("r".to_owned(), moment(revoked.at)), ("y".to_owned(), text(revoked.reason.as_str()))]);
        item.extend(revoked_by(revoked.by.as_ref(), &key.org)?);
        let place = revoked.place.as_ref().map(leak_place).transpose()?;
        item.extend(place.map(|place| ("l".to_owned(), place)));
    }
    Ok(item)
}

/// Where a key was found, as a value.
pub(super) fn leak_place(place: &LeakPlace) -> Result<AttributeValue, Fault> {
    codec::encode_leak_place(place).map(text)
}

pub(super) fn api_key(key: &ApiKeyLocator, item: &Item) -> Result<ApiKey, Fault> {
    let revoked = find_moment(item, "r")?.map(|at| {
        let reason = string(item, "y")?.parse().map_err(|_| broken("y"))?;
        let by = find_revoking_party(item, &key.org)?.map(|by| *by);
        let is_placed = item.contains_key("l");
        let place = is_placed.then(|| codec::decode_leak_place(string(item, "l")?.as_bytes())).transpose()?;
        Ok::<_, Fault>(ApiKeyRevocation { at, reason, by, place })
    });
    let state = ApiKeyState { used_at: find_moment(item, "f")?, revoked: revoked.transpose()? };
    codec::decode_api_key(key, body(item)?, state)
}

/// The API key of an item that wasn't asked for by its key.
pub(super) fn listed_api_key(org: &OrgId, item: &Item) -> Result<ApiKey, Fault> {
    let id = string(item, "sk")?.strip_prefix("y#").and_then(|id| TokenId::parse(id).ok());
    api_key(&ApiKeyLocator { org: org.clone(), id: id.ok_or_else(|| broken("sk"))? }, item)
}

pub(super) fn api_key_value_item(key: &ApiKey) -> Item {
    let mut item = Key::api_key_value(&key.value).into_item();
    let attributes = [
        ("i", bytes(key.id.as_bytes())),
        ("o", text(key.org.as_str())),
        ("s", text(key.owner.as_str())),
        ("x", number(deletion(key.kept_until()))),
    ];
    item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
    item
}

pub(super) fn api_key_holder(item: &Item) -> Result<ApiKeyHolder, Fault> {
    let org = string(item, "o")?.parse().map_err(|_| broken("o"))?;
    let id = find_id(item, "i")?.ok_or_else(|| broken("i"))?;
    Ok(ApiKeyHolder { key: ApiKeyLocator { org, id }, owner: string(item, "s")?.parse().map_err(|_| broken("s"))? })
}

pub(super) fn user_code_item(assignment: &UserCodeAssignment) -> Item {
    let mut item = Key::user_code(&assignment.key).into_item();
    let attributes = [
        ("a", bytes(assignment.authorization.as_bytes())),
        ("c", number(assignment.client)),
        ("e", moment(assignment.expires_at)),
        ("x", number(deletion(assignment.expires_at))),
    ];
    item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
    item
}

pub(super) fn user_code(key: &UserCodeKey, item: &Item) -> Result<UserCodeAssignment, Fault> {
    let client = find_number(item, "c")?.ok_or_else(|| broken("c"))?;
    Ok(UserCodeAssignment {
        key: key.clone(),
        authorization: find_id(item, "a")?.ok_or_else(|| broken("a"))?,
        client: ClientId::from_number(client).map_err(|_| broken("c"))?,
        expires_at: find_moment(item, "e")?.ok_or_else(|| broken("e"))?,
    })
}

pub(super) fn client_document_item(document: &ClientDocument) -> Item {
    let mut item = Key::client_document(&document.key).into_item();
    let attributes = [
        ("b", text(&document.body)),
        ("u", text(document.url.as_str())),
        ("f", moment(document.fetched_at)),
        ("e", moment(document.fresh_until)),
        ("x", number(deletion(document.kept_until()))),
    ];
    item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
    item.extend(document.etag.as_ref().map(|etag| ("t".to_owned(), text(etag))));
    item
}

pub(super) fn client_document(key: &ClientDocumentKey, item: &Item) -> Result<ClientDocument, Fault> {
    let moment = |name| find_moment(item, name)?.ok_or_else(|| broken(name));
    Ok(ClientDocument {
        key: key.clone(),
        url: ClientUrl::parse(string(item, "u")?).map_err(|_| broken("u"))?,
        body: string(item, "b")?.to_owned(),
        etag: item.contains_key("t").then(|| string(item, "t").map(str::to_owned)).transpose()?,
        fetched_at: moment("f")?,
        fresh_until: moment("e")?,
    })
}

/// `name`: by which the write knows it again.
pub(super) fn replay_item(used: &ReplayKey, name: &[u8]) -> Item {
    let mut item = Key::used(&used.key()).into_item();
    let attributes = [("e", moment(used.until)), ("w", bytes(name)), ("x", number(deletion(used.until)))];
    item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
    item
}

pub(super) fn batch_item(batch: &Batch) -> Result<Item, Fault> {
    let mut item = Key::batch(&batch.key()).into_item();
    let attributes = [
        ("b", text(codec::encode_batch(batch)?)),
        ("u", moment(batch.updated_at)),
        ("x", number(deletion(batch.created_at.plus(Batch::RETENTION)))),
    ];
    item.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
    item.extend(batch.failure.as_ref().map(|failure| ("f".to_owned(), text(failure))));
    if !batch.done.is_empty() {
        item.insert("d".to_owned(), numbers(&batch.done));
    }
    Ok(item)
}

pub(super) fn batch(key: &BatchKey, item: &Item) -> Result<Batch, Fault> {
    let state = BatchState {
        done: find_numbers(item, "d")?,
        failure: item.contains_key("f").then(|| string(item, "f").map(str::to_owned)).transpose()?,
        updated_at: find_moment(item, "u")?.ok_or_else(|| broken("u"))?,
    };
    codec::decode_batch(key, body(item)?, state)
}

/// Which client has an alias.
pub(super) fn holder(item: &Item) -> Result<ClientId, Fault> {
    let number = find_number(item, "c")?.ok_or_else(|| broken("c"))?;
    ClientId::from_number(number).map_err(|_| broken("c"))
}

/// Returns until when a use is remembered.
pub(super) fn used_until(item: &Item) -> Result<Timestamp, Fault> {
    find_moment(item, "e")?.ok_or_else(|| broken("e"))
}

/// Returns the clients that name a workload, of which the last may have gone.
pub(super) fn clients_of_workload(item: &Item) -> Result<Vec<ClientId>, Fault> {
    let number = |number| ClientId::from_number(number).map_err(|_| broken("c"));
    find_numbers(item, "c")?.into_iter().map(number).collect()
}

pub(super) fn client_org(item: &Item) -> Result<OrgId, Fault> {
    OrgId::parse(string(item, "o")?).map_err(|_| broken("o"))
}

pub(super) fn not_before(item: &Item) -> Result<Timestamp, Fault> {
    find_moment(item, "n")?.ok_or_else(|| broken("n"))
}

pub(super) fn org(item: &Item) -> Result<Org, Fault> {
    codec::decode_org(body(item)?, created_at(item)?)
}

pub(super) fn assertion_settings(item: &Item) -> Result<AssertionSettings, Fault> {
    codec::decode_assertion_settings(body(item)?)
}

pub(super) fn member(item: &Item) -> Result<Member, Fault> {
    codec::decode_member(body(item)?, created_at(item)?)
}

pub(super) fn client(item: &Item) -> Result<Client, Fault> {
    codec::decode_client(body(item)?, created_at(item)?)
}

/// The uses of a client's secrets, which stand beside its body. `None`: no use was noted.
pub(super) fn credential_uses(item: &Item) -> Result<Option<CredentialUses>, Fault> {
    let Some(value) = item.get(SECRET_USES) else { return Ok(None) };
    let text = value.as_s().map_err(|_| broken(SECRET_USES))?;
    codec::decode_credential_uses(text.as_bytes()).map(Some)
}

/// The attribute of a client's item that has the uses of its secrets.
pub(super) const SECRET_USES: &str = "u";

pub(super) fn key_ring(item: &Item) -> Result<KeyRing, Fault> {
    codec::decode_key_ring(find_number(item, "g")?.ok_or_else(|| broken("g"))?, body(item)?)
}

/// When DynamoDB may delete what expires then: a day later, for clocks and answers that are late.
pub(super) fn deletion(expires_at: Timestamp) -> i64 {
    expires_at.plus(Seconds::DAY).as_secs()
}

pub(super) fn moment(at: Timestamp) -> AttributeValue {
    number(at.as_ms())
}

pub(super) fn number(number: impl ToString + Copy) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(super) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn bytes(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

/// Makes a set of numbers, each once. DynamoDB has no empty set.
pub(super) fn numbers(numbers: &[u32]) -> AttributeValue {
    AttributeValue::Ns(numbers.iter().map(u32::to_string).collect())
}

pub(super) fn string<'a>(item: &'a Item, name: &'static str) -> Result<&'a str, Fault> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value.map(String::as_str).ok_or_else(|| broken(name))
}

pub(super) fn find_number<T: std::str::FromStr>(item: &Item, name: &'static str) -> Result<Option<T>, Fault> {
    let Some(value) = item.get(name) else { return Ok(None) };
    let number = value.as_n().ok().and_then(|number| number.parse().ok());
    number.map(Some).ok_or_else(|| broken(name))
}

fn find_numbers<T: std::str::FromStr>(item: &Item, name: &'static str) -> Result<Vec<T>, Fault> {
    let Some(value) = item.get(name) else { return Ok(Vec::new()) };
    let numbers = value.as_ns().map_err(|_| broken(name))?;
    numbers.iter().map(|number| number.parse().map_err(|_| broken(name))).collect()
}

/// Makes a set of texts. DynamoDB has no empty set.
pub(super) fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> Option<AttributeValue> {
    let texts: Vec<_> = texts.map(str::to_owned).collect();
    (!texts.is_empty()).then_some(AttributeValue::Ss(texts))
}

fn find_texts<T: std::str::FromStr + Ord>(item: &Item, name: &'static str) -> Result<BTreeSet<T>, Fault> {
    let Some(value) = item.get(name) else { return Ok(BTreeSet::new()) };
    let texts = value.as_ss().map_err(|_| broken(name))?;
    texts.iter().map(|text| text.parse().map_err(|_| broken(name))).collect()
}

pub(super) fn find_moment(item: &Item, name: &'static str) -> Result<Option<Timestamp>, Fault> {
    Ok(find_number(item, name)?.map(Timestamp::from_ms))
}

pub(super) fn find_bytes<const N: usize>(item: &Item, name: &'static str) -> Result<Option<[u8; N]>, Fault> {
    let Some(value) = item.get(name) else { return Ok(None) };
    let bytes = value.as_b().ok().and_then(|blob| blob.as_ref().try_into().ok());
    bytes.map(Some).ok_or_else(|| broken(name))
}

pub(super) fn find_id(item: &Item, name: &'static str) -> Result<Option<TokenId>, Fault> {
    Ok(find_bytes(item, name)?.map(TokenId::from_bytes))
}

/// Makes the attribute of a revision, for conditions; the body has it, too. Most records are never changed, and have no
/// attribute.
fn revision(revision: u32) -> Option<(String, AttributeValue)> {
    (revision > 0).then(|| ("v".to_owned(), number(revision)))
}

/// When a record was first written.
pub(super) fn created_at(item: &Item) -> Result<Timestamp, Fault> {
    find_moment(item, "t")?.ok_or_else(|| broken("t"))
}

fn body(item: &Item) -> Result<&[u8], Fault> {
    string(item, "b").map(str::as_bytes)
}

fn broken(attribute: &'static str) -> Fault {
    Fault::internal("reading an item: an attribute is missing or of another type").because(attribute)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::{
        App, Approval, Audience, AuthorizationDetails, AuthorizationRequest, AuthorizationState, Confirmation, Creator,
        ExtraClaims, GrantType, Issuance, Property, Role, Scope, Session, SessionId, Thumbprint, TokenContents,
    };
    use crate::store::conformance::samples::{T0, authorization, client_id, family, id, org_id, subject, token};

    /// What DynamoDB counts for an item, bytes: names and values. A write costs one unit for each 1,024.
    fn size(item: &Item) -> usize {
        #[expect(clippy::wildcard_enum_match_arm, reason = "most of the types of DynamoDB are not used")]
        let value = |value: &AttributeValue| match value {
            AttributeValue::S(text) => text.len(),
            AttributeValue::N(number) => number.len().div_ceil(2) + 1,
            AttributeValue::B(blob) => blob.as_ref().len(),
            other => panic!("{other:?} isn't used"),
        };
        item.iter().map(|(name, attribute)| name.len() + value(attribute)).sum()
    }

    /// As the Agilicus SDK asks for: a person, one application.
    fn typical() -> TokenRecord {
        TokenRecord {
            org: org_id("2Bd4h7tKqjPzWmX9yLr0sV"),
            root_org: org_id("8Gf3n1bTqkRzYcM5xWp7aD"),
            contents: TokenContents {
                audiences: vec![Audience::parse("urn:api:agilicus:traffic-tokens").unwrap()],
                scopes: scopes(&["urn:agilicus:api:users:reader?", "urn:agilicus:api:applications:reader?"]),
                roles: BTreeMap::from([(App::parse("shop").unwrap(), Role::parse("owner").unwrap())]),
                session: Some(Session {
                    org: org_id("2Bd4h7tKqjPzWmX9yLr0sV"),
                    id: SessionId::parse("sJd83jd72hd82jd8sk2ka0").unwrap(),
                }),
                ..TokenContents::new(subject("Hk93hd72jd8sjd73hd82ka"))
            },
            ..token("a", 1)
        }
    }

    /// About the most that is still ordinary: ten scopes, four roles, a client, a creator, a refresh family.
    fn large() -> TokenRecord {
        let all =
            ["users", "applications", "files", "issuers", "permissions", "messages", "groups", "catalogues", "audits", "hosts"];
        let all: Vec<_> = all.iter().map(|what| format!("urn:agilicus:api:{what}:reader")).collect();
        let roles = ["shop", "wiki", "mail", "grafana"].map(|app| (App::parse(app).unwrap(), Role::parse("editor").unwrap()));
        TokenRecord {
            contents: TokenContents {
                client: Some(client_id(1_234_567_890)),
                scopes: scopes(&all.iter().map(String::as_str).collect::<Vec<_>>()),
                roles: BTreeMap::from(roles),
                creator: Some(Creator { org: org_id("8Gf3n1bTqkRzYcM5xWp7aD"), subject: subject("Ad93hd72jd8sjd73hd82kb") }),
                ..typical().contents
            },
            family: Some(id(7)),
            ..typical()
        }
    }

    fn scopes(texts: &[&str]) -> Vec<Scope> {
        texts.iter().map(|text| Scope::parse(text).unwrap()).collect()
    }

    /// As an OAuth client gets it by a code: opaque, bound to a key, with a refresh token, and with some scopes of OpenID.
    fn of_client() -> TokenRecord {
        let confirmation = Confirmation { certificate: None, dpop_key: Some(Thumbprint([1; 32])) };
        TokenRecord {
            org: org_id("1234567890"),
            root_org: org_id("1234567890"),
            contents: TokenContents {
                client: Some(client_id(1_234_567_890)),
                scopes: scopes(&["openid", "email", "profile", "offline_access"]),
                roles: BTreeMap::new(),
                session: None,
                issuance: Some(Box::new(Issuance {
                    confirmation,
                    auth_time: Some(T0),
                    ..Issuance::by(GrantType::AuthorizationCode)
                })),
                ..typical().contents
            },
            family: Some(id(7)),
            refreshable_until: Some(T0.plus(Seconds::DAY)),
            ..typical()
        }
    }

    /// About the most that is still ordinary: a value of its own, properties, and a purchase that the user has agreed to.
    fn large_of_client() -> TokenRecord {
        let details = r#"[{"actions":["initiate","status"],"creditorAccount":{"iban":"DE02100100109307118603"},"instructedAmount":{"amount":"123.50","currency":"EUR"},"type":"payment_initiation"}]"#;
        let property =
            |n: u8| Property { key: format!("property_{n}"), value: "a value of some length".to_owned(), hidden: false };
        let mut token = of_client();
        let issuance = token.issuance.take().map(|issuance| Issuance {
            properties: vec![property(1), property(2)],
            details: Some(AuthorizationDetails::from_json(details.to_owned())),
            acr: Some("urn:mace:incommon:iap:silver".to_owned()),
            ..*issuance
        });
        token.issuance = issuance.map(Box::new);
        TokenRecord { value: Some([1; 32]), revision: 1, ..token }
    }

    #[test]
    fn an_ordinary_token_costs_one_write_unit_revoked_or_not() {
        for (token, most) in [(typical(), 576), (large(), 1_024), (of_client(), 640), (large_of_client(), 1_024)] {
            let by = RevokingParty::bearer_of(&typical());
            let token = TokenRecord { revoked_at: Some(token.issued_at), revoked_by: Some(Box::new(by)), ..token };
            let mut item = token_item(&token, true).unwrap();
            item.insert("w".to_owned(), bytes(&[0; 8]));
            assert!(size(&item) <= most, "{} bytes", size(&item));
        }
        let without_index = size(&token_item(&typical(), false).unwrap());
        assert!(without_index < size(&token_item(&typical(), true).unwrap()), "nothing is kept for an index that isn't there");
    }

    #[test]
    fn an_ordinary_family_costs_one_write_unit() {
        let TokenRecord { org, root_org, contents, .. } = large();
        let family = Family {
            org,
            root_org,
            contents: TokenContents { masquerading: true, ..contents },
            previous: Some([1; 32]),
            ..family("a", 1)
        };
        let of_client = Family {
            contents: TokenContents {
                scopes: of_client().contents.scopes,
                roles: BTreeMap::new(),
                session: None,
                issuance: of_client().contents.issuance,
                ..family.contents.clone()
            },
            slides: Some(Seconds::DAY),
            exclusive: true,
            refreshed_at: Some(T0),
            revision: 1,
            ..family.clone()
        };
        for family in [family, of_client] {
            let mut item = family_item(&family).unwrap();
            item.extend([("r".to_owned(), moment(family.issued_at)), ("w".to_owned(), bytes(&[0; 8]))]);
            assert!(size(&item) <= 1_024, "{} bytes", size(&item));
        }
    }

    /// As a web application asks for a person, with PKCE and a nonce.
    fn asked() -> Authorization {
        let begun = authorization("1234567890", 1);
        Authorization {
            client: client_id(1_234_567_890),
            client_name: "1234567890".to_owned(),
            request: AuthorizationRequest {
                redirect_uri: "https://shop.customer.example/auth/callback".to_owned(),
                state: Some("s".repeat(43)),
                scopes: scopes(&["openid", "email", "profile", "offline_access"]),
                code_challenge: Some(Thumbprint([1; 32])),
                nonce: Some("n".repeat(43)),
                ..begun.request
            },
            ..begun
        }
    }

    /// As a login application accepts it, with the claims of the scopes.
    fn approval() -> Approval {
        let claims = r#"{"email":"ann.smith@customer.example","email_verified":true,"name":"Ann Smith","given_name":"Ann","family_name":"Smith","locale":"en-CA"}"#;
        Approval {
            subject: subject("Hk93hd72jd8sjd73hd82ka"),
            scopes: asked().request.scopes,
            resources: Vec::new(),
            details: None,
            auth_time: Some(T0),
            acr: Some("1".to_owned()),
            amr: vec!["pwd".to_owned(), "otp".to_owned()],
            session: Some(SessionId::parse("sJd83jd72hd82jd8sk2ka0").unwrap()),
            claims: Some(ExtraClaims::from_json(claims.to_owned())),
            id_token_claims: None,
            access_token_claims: None,
            forget: false,
            token_duration: None,
            refresh_token_duration: None,
            properties: Vec::new(),
            forwarded: None,
            decided_at: T0,
        }
    }

    #[test]
    fn each_step_of_an_ordinary_authorization_costs_one_write_unit() {
        let (approval, verifier, code) = (Box::new(approval()), [2; 32], [3; 32]);
        let states = [
            AuthorizationState::Pending,
            AuthorizationState::Accepted { approval: approval.clone(), verifier },
            AuthorizationState::Issued { approval, code },
            AuthorizationState::Redeemed { code, token: id(1), family: Some(id(2)) },
        ];
        for state in states {
            let item = authorization_item(&Authorization { state, ..asked() }).unwrap();
            assert!(size(&item) <= 1_024, "{} bytes", size(&item));
        }
    }
}
