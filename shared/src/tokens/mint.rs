//! Minting: a grant becomes a record and a signed token.

use std::sync::Arc;

use crate::auth::bearer::authenticate;
use crate::domain::scope::signals;
use crate::domain::{
    Algorithm, Alias, AliasKey, Aliased, ApiKeyProblem, ApiKeyValue, Authorization, Caller, Claims, Denial, Entropy, Error,
    Family, Fault, Member, MemberKey, NotBefore, NotBefores, PersonGrantUpdate, RefreshToken, Refusal, Remembering, Seconds,
    Secret, SessionId, Shard, StatusIndex, StatusList, StatusListId, Timestamp, TokenId, TokenRecord,
};
use crate::jose;
use crate::keys::{Signing, signer};
use crate::platform::capabilities::{DirectoryLookup, Minter, Reader};
use crate::policy::{self, Grant, MemberTokenRequest, RefreshGrant, Target, TokenFormat, TokenProfile};
use crate::store::{InsertOutcome, NewToken, RecordKeys, Records, TicketConsumption, ValueKind, each_once};
use crate::tokens::{custom_value, opaque, status_list};

/// The `typ` of members' tokens: Agilicus's SDK takes nothing else.
const TYPE: &str = "JWT";

/// The `typ` of RFC 9068 section 2.1.
const ACCESS_TOKEN_TYPE: &str = "at+jwt";

/// A token that was minted, recorded and, if it is a JWT, signed.
#[derive(Debug)]
pub struct Minted {
    /// What its holder presents.
    pub token: Secret<String>,
    /// The opaque value, if it has one: an opaque token itself, and the `jti` of a client's JWT.
    pub value: Option<Secret<String>>,
    /// Whether it is a JWT.
    pub is_jwt: bool,
    /// The record of the token.
    pub record: TokenRecord,
    /// The family that it belongs to, if that began with it or was moved on for it.
    pub family: Option<Arc<Family>>,
    /// The refresh token that came with it.
    pub refresh_token: Option<Secret<String>>,
}

impl Minted {
    /// How long it lives from the moment it begins; `None`: for ever.
    pub fn lifetime(&self) -> Option<Seconds> {
        self.record.expires_at.map(|exp| exp.since(self.record.not_before.whole_second()))
    }

    /// The session that it is in.
    pub fn session(&self) -> Option<&SessionId> {
        self.record.session.as_ref().map(|session| &session.id)
    }
}

/// Mints what the bearer asks for, if it may have it. Returns the member with it.
///
/// # Errors
/// [`Refusal::CredentialsRejected`] if the bearer's token isn't alive. Else as [`policy::decide`] and [`mint`].
pub async fn create(ports: &Minter, bearer: &str, ask: MemberTokenRequest) -> Result<(Minted, Member), Error> {
    let target = MemberKey { org: ask.org.clone(), subject: ask.subject.clone() };
    let (caller, mut found) = authenticate(&ports.reader, bearer, also(&target)).await?;
    ensure_mints(&caller)?;
    let grant = policy::decide(ask, &caller, target_in(&found, &target), ports.reader.now())?;
    let minted = mint(ports, LiveGrant::check(&ports.reader, grant, &found.marks).await?).await?;
    let member = found.members.remove(&target).ok_or(Fault::internal("finding the member that was just decided on"))?;
    Ok((minted, member))
}

/// Checks that [`create`] would mint what is asked for, if an administrator asked. Writes nothing.
///
/// # Errors
/// The refusals of [`policy::verdict`], or a fault when the directory can't be read.
pub async fn validate(ports: &DirectoryLookup, ask: &MemberTokenRequest) -> Result<(), Error> {
    let target = MemberKey { org: ask.org.clone(), subject: ask.subject.clone() };
    let wanted = RecordKeys { orgs: vec![ask.org.clone()], members: vec![target.clone()], ..Default::default() };
    let found = ports.directory.read(&wanted).await?;
    policy::verdict(ask, target_in(&found, &target), ports.clock.now())?;
    Ok(())
}

/// Mints a token for `org` from the presented one, which stays as it is.
///
/// # Errors
/// [`Refusal::TokenRejected`] if the presented token isn't alive. Else as [`policy::reissue`] and [`mint`].
pub async fn reissue(ports: &Minter, token: &str, org: crate::domain::OrgId) -> Result<Minted, Error> {
    let now = ports.reader.now();
    if ApiKeyValue::looks_like(token) {
        return Err(ApiKeyProblem::KeyCannotMakeKeys.into());
    }
    let (presented, mut found) =
        crate::auth::bearer::inspect(&ports.reader, token, RecordKeys { orgs: vec![org.clone()], ..RecordKeys::default() })
            .await?;
    let caller: Caller = crate::auth::bearer::caller(presented).map_err(Refusal::TokenRejected)?;
    crate::telemetry::note_caller(&caller);
    ensure_mints(&caller)?;
    let target = MemberKey { org, subject: caller.subject().clone() };
    if !found.members.contains_key(&target) {
        // Whose membership it is was in the token, so it takes a second read.
        let marks = caller.token().contents.marks_in(&target.org).collect();
        let more = ports.reader.tokens.read(&RecordKeys { members: vec![target.clone()], marks, ..Default::default() }).await?;
        found.members = more.members;
        found.marks.extend(more.marks);
    }
    let grant = policy::reissue(&caller, target_in(&found, &target), now)?;
    mint(ports, LiveGrant::check(&ports.reader, grant, &found.marks).await?).await
}

/// Checks that a caller may have tokens made: whoever came by an API key may not, whatever that opens.
fn ensure_mints(caller: &Caller) -> Result<(), Refusal> {
    if caller.came_of_api_key() { Err(ApiKeyProblem::KeyCannotMakeKeys.into()) } else { Ok(()) }
}

/// A grant whose token isn't dead before anybody has it.
///
/// To revoke many tokens at once also ends what is issued in the second after it, because clocks differ. Whoever asks for a token
/// in that second must be told to come again: an answer with a token in it says that the token is alive (RFC 6749 section 5.1).
#[derive(Debug)]
pub struct LiveGrant(Grant);

impl LiveGrant {
    /// Checks a grant. `known` are the marks that have been read for it; what is missing is read now.
    ///
    /// # Errors
    /// A [`Fault`] that can be retried a second later if all tokens like this one have just been revoked.
    pub async fn check(reader: &Reader, grant: Grant, known: &NotBefores) -> Result<Self, Fault> {
        ensure_alive(reader, std::slice::from_ref(&grant), known).await?;
        Ok(Self(grant))
    }

    /// Checks many grants, as [`LiveGrant::check`] does: all are alive, or there is a fault.
    pub(crate) async fn check_all(reader: &Reader, grants: Vec<Grant>) -> Result<Vec<Self>, Fault> {
        ensure_alive(reader, &grants, &NotBefores::default()).await?;
        Ok(grants.into_iter().map(Self).collect())
    }

    /// Takes the grant for the next token of a refresh family that is alive: what ends the one would have ended the other.
    pub(crate) fn of_live_family(grant: Grant) -> Self {
        Self(grant)
    }
}

/// Checks that no mark ends one of the grants' tokens. Marks that aren't known are read.
async fn ensure_alive(reader: &Reader, grants: &[Grant], known: &NotBefores) -> Result<(), Fault> {
    let unknown = each_once(grants.iter().flat_map(Grant::marks).filter(|key| !known.has_looked_up(key)));
    let mut found = NotBefores::default();
    for some in unknown.chunks(RecordKeys::MAX_KEYS) {
        found.extend(reader.tokens.read(&RecordKeys { marks: some.to_vec(), ..RecordKeys::default() }).await?.marks);
    }
    let is_dead = |grant: &Grant| grant.marks().any(|key| [known, &found].iter().any(|marks| marks.kills(&key, grant.issued_at)));
    if grants.iter().any(is_dead) {
        return Err(Fault::unavailable("issuing a token: all tokens like it were revoked this second"));
    }
    Ok(())
}

/// Records and signs at the same time: nothing is returned before both have succeeded. What was signed and not recorded is
/// invalid wherever it is presented; what was recorded and not signed expires by itself.
///
/// # Errors
/// [`Refusal::ValueTaken`] if a value that was chosen belongs to another token. [`Refusal::TicketRejected`] if the ticket is
/// spent. [`Refusal::TokenTooLarge`] if the token is longer than the key can sign.
pub async fn mint(ports: &Minter, grant: LiveGrant) -> Result<Minted, Error> {
    let name = Name::new(&grant.0, None, &*ports.entropy)?;
    mint_as(ports, grant, name, None).await
}

/// What a new token is called: drawn before it is minted, where something else must know.
pub(crate) struct Name {
    pub(crate) id: TokenId,
    value: Option<Secret<String>>,
}

impl Name {
    /// A new one, of a token in `shard` or in one by chance.
    pub(crate) fn new(grant: &Grant, shard: Option<Shard>, entropy: &dyn Entropy) -> Result<Self, Fault> {
        let now = grant.issued_at;
        match (&grant.form, &grant.value) {
            (TokenFormat::Jwt | TokenFormat::AccessTokenJwt { profile: TokenProfile::Rfc9068 { .. }, .. }, _) => {
                Ok(Self { id: TokenId::generate(now, shard, entropy)?, value: None })
            }
            (_, Some(chosen)) => Ok(Self { id: TokenId::generate(now, shard, entropy)?, value: Some(chosen.clone()) }),
            (_, None) => {
                let (value, id) = opaque::generate(now, shard, entropy)?;
                let opens_ours = grant.sign_in().is_some() || grant.contents.scopes.iter().any(signals::is_one);
                let names_org = matches!(grant.form, TokenFormat::Opaque) && opens_ours;
                Ok(Self { id, value: Some(if names_org { opaque::in_org(&grant.org, &value) } else { value }) })
            }
        }
    }
}

/// Mints under a given name: for the next token of an existing `family`, if one is given.
pub(crate) async fn mint_as(ports: &Minter, grant: LiveGrant, name: Name, family: Option<Arc<Family>>) -> Result<Minted, Error> {
    let draft = draft(ports, grant, name, family).await?;
    let record = async { recorded(ports.write.record(&draft.recording).await?) };
    let (jwt, ()) = tokio::try_join!(draft.sign(), record)?;
    draft.into_minted(jwt)
}

/// A token that is signed and not recorded yet: until then it is invalid wherever it is presented.
pub(crate) struct Unrecorded {
    recording: NewToken,
    minted: Minted,
}

impl Unrecorded {
    /// Returns the token, for what is made of it before it is recorded.
    pub(crate) fn minted(&self) -> &Minted {
        &self.minted
    }

    /// Records the token, which is valid from then on.
    ///
    /// # Errors
    /// [`Refusal::ValueTaken`] and [`Refusal::TicketRejected`] as at [`mint`]. [`Denial::CodeInvalid`] if another request has redeemed
    /// the code meanwhile.
    pub(crate) async fn record(self, ports: &Minter) -> Result<Minted, Error> {
        recorded(ports.write.record(&self.recording).await?)?;
        Ok(self.minted)
    }
}

/// Signs a token, and leaves it to the caller to record it: where that uses up what can't be presented again, nothing may fail after it.
///
/// # Errors
/// [`Refusal::ValueTaken`] if a value that was chosen belongs to another token. [`Refusal::TokenTooLarge`] if the token is longer than
/// the key can sign. A [`Fault`] if the key can't be reached.
pub(crate) async fn sign(ports: &Minter, grant: LiveGrant) -> Result<Unrecorded, Error> {
    let name = Name::new(&grant.0, None, &*ports.entropy)?;
    let draft = draft(ports, grant, name, None).await?;
    let recording = draft.recording.clone();
    let jwt = draft.sign().await?;
    Ok(Unrecorded { recording, minted: draft.into_minted(jwt)? })
}

/// A token that has its name, and is neither signed nor recorded.
struct Draft {
    recording: NewToken,
    /// What is signed, and the keys to sign it. `None`: the token is opaque.
    payload: Option<(Payload, Arc<Signing>)>,
    value: Option<Secret<String>>,
    family: Option<Arc<Family>>,
    refresh_token: Option<Secret<String>>,
}

impl Draft {
    /// Signs the token, if it is a JWT. Waits for nothing but the signature.
    async fn sign(&self) -> Result<Option<Secret<String>>, Error> {
        let Some(((typ, algorithm, payload), signing)) = &self.payload else { return Ok(None) };
        let signer = signing.signer(*algorithm)?;
        if signer::jws::length(signer.jwk(), typ, payload)? > signer.longest() {
            return Err(Refusal::TokenTooLarge { limit: signer.longest() }.into());
        }
        Ok(Some(Secret::new(signer::jws::sign(signer, typ, payload).await?)))
    }

    fn into_minted(self, jwt: Option<Secret<String>>) -> Result<Minted, Error> {
        let Self { recording, value, family, refresh_token, .. } = self;
        let record = recording.token;
        crate::telemetry::note_token(&record);
        let is_jwt = jwt.is_some();
        let token = jwt.or_else(|| value.clone()).ok_or(Fault::internal("minting a token that is neither signed nor opaque"))?;
        Ok(Minted { token, value, is_jwt, record, family, refresh_token })
    }
}

/// Boxed, because it is kept while the store and the key are waited for.
async fn draft(ports: &Minter, grant: LiveGrant, name: Name, family: Option<Arc<Family>>) -> Result<Box<Draft>, Error> {
    let LiveGrant(grant) = grant;
    // Boxed: what few need would make the future of everyone larger.
    if let Some((_, refusal)) = Box::pin(custom_value::conflict(&ports.reader, &grant.org, std::slice::from_ref(&grant))).await? {
        return Err(refusal.into());
    }
    let Name { id, value } = name;
    let begun = match &grant.refresh {
        Some(refresh) => Some(begin_family(ports, &grant, refresh, id).await?),
        None => None,
    };
    let (begun, refresh_token) = begun.unzip();
    // Boxed, as above.
    let status = if grant.has_status_claim() { Some(Box::pin(status_list::take_index(ports, &grant)).await?) } else { None };
    let signing = ports.signing.now().await?;
    let recording = recording(&grant, (id, status), begun.as_ref().or(family.as_ref()), begun.is_some());
    let payload = payload(ports, &grant, &recording.token, value.as_ref())?.map(|payload| (payload, signing));
    Ok(Box::new(Draft { recording, payload, value, family: begun.or(family), refresh_token }))
}

/// A token that is decided on, ready to be recorded, which nobody is told of: what it is found by was chosen for it, or is lost.
pub(crate) fn prepared(LiveGrant(grant): &LiveGrant, entropy: &dyn Entropy) -> Result<NewToken, Fault> {
    let Name { id, .. } = Name::new(grant, None, entropy)?;
    let family = match &grant.refresh {
        Some(refresh) => {
            let mut family = new_family(grant, refresh, id, entropy)?;
            match &refresh.value {
                Some(chosen) => family.current = jose::sha256(chosen.expose().as_bytes()),
                None => entropy.fill(&mut family.current)?,
            }
            Some(Arc::new(family))
        }
        None => None,
    };
    // It is opaque, and so in no list.
    Ok(recording(grant, (id, None), family.as_ref(), true))
}

fn recorded(outcome: InsertOutcome) -> Result<(), Error> {
    match outcome {
        InsertOutcome::Done => Ok(()),
        InsertOutcome::ValueTaken(ValueKind::Access) => Err(Refusal::ValueTaken { field: "accessToken" }.into()),
        InsertOutcome::ValueTaken(ValueKind::Refresh) => Err(Refusal::ValueTaken { field: "refreshToken" }.into()),
        InsertOutcome::TicketSpent => Err(Refusal::TicketRejected.into()),
        InsertOutcome::AuthorizationChanged | InsertOutcome::PersonGrantEnded => Err(Denial::CodeInvalid.into()),
    }
}

/// Says whether the token that is granted can be signed, before anything is used up or written for it. One that is opaque can.
///
/// # Errors
/// A [`Fault`] if there is no key for it.
pub(crate) async fn fits(ports: &Minter, grant: &Grant) -> Result<bool, Error> {
    // As long as any.
    let status = StatusIndex { list: StatusListId::from_bytes([0; 16]), index: StatusList::TOKENS - 1 };
    let status = grant.has_status_claim().then_some(status);
    let record = recording(grant, (TokenId::first_of(grant.issued_at), status), None, false).token;
    let Some((typ, algorithm, payload)) = payload(ports, grant, &record, None)? else { return Ok(true) };
    let signing = ports.signing.now().await?;
    let signer = signing.signer(algorithm)?;
    Ok(signer::jws::length(signer.jwk(), typ, &payload)? <= signer.longest())
}

/// What is signed, of which type, and by what: `None` for the preferred algorithm.
type Payload = (&'static str, Option<Algorithm>, Vec<u8>);

fn payload(
    ports: &Minter,
    grant: &Grant,
    record: &TokenRecord,
    value: Option<&Secret<String>>,
) -> Result<Option<Payload>, Error> {
    match &grant.form {
        TokenFormat::Jwt => Ok(Some((TYPE, None, jose::claims::to_json(&Claims::from_record(record, &ports.issuer))?))),
        TokenFormat::Opaque => Ok(None),
        TokenFormat::AccessTokenJwt { algorithm, extra, profile } => {
            let payload = match profile {
                TokenProfile::ExternalServer => {
                    let jti = value.map_or("", |value| value.expose());
                    jose::access_token::payload(record, jti, &ports.issuer, extra.as_ref())?
                }
                TokenProfile::Rfc9068 { .. } => jose::access_token::standard_payload(record, &ports.issuer)?,
            };
            Ok(Some((ACCESS_TOKEN_TYPE, Some(*algorithm), payload)))
        }
    }
}

/// The secret of one generation: derived, so that a repeated request gets the same one and nothing raw is stored. The
/// database alone can't derive it, nor can the key alone.
pub(crate) async fn generation(ports: &Minter, family: &Family, generation: u64) -> Result<RefreshToken, Fault> {
    let mut context = b"jeton refresh token\0".to_vec();
    context.extend(family.salt);
    context.extend(family.id.as_bytes());
    context.extend(generation.to_be_bytes());
    context.extend(family.org.as_str().as_bytes());
    Ok(RefreshToken { family: family.key(), generation, secret: ports.signing.now().await?.deriver().derive(&context).await? })
}

async fn begin_family(
    ports: &Minter,
    grant: &Grant,
    refresh: &RefreshGrant,
    token: TokenId,
) -> Result<(Arc<Family>, Secret<String>), Fault> {
    let mut family = new_family(grant, refresh, token, &*ports.entropy)?;
    let first = if let Some(chosen) = &refresh.value {
        family.current = jose::sha256(chosen.expose().as_bytes());
        chosen.clone()
    } else {
        let first = generation(ports, &family, 0).await?;
        family.current = jose::sha256(first.secret.expose());
        Secret::new(first.to_string())
    };
    Ok((Arc::new(family), first))
}

/// A family that begins with a token, but for its first secret.
fn new_family(grant: &Grant, refresh: &RefreshGrant, token: TokenId, entropy: &dyn Entropy) -> Result<Family, Fault> {
    let mut salt = [0; 16];
    entropy.fill(&mut salt)?;
    Ok(Family {
        id: TokenId::generate(grant.issued_at, Some(token.shard()), entropy)?,
        org: grant.org.clone(),
        root_org: grant.root_org.clone(),
        contents: grant.contents.clone(),
        generation: 0,
        salt,
        current: [0; 32],
        previous: None,
        rotated_at: grant.issued_at,
        rotates: refresh.rotates,
        retry_window: refresh.retry_window,
        slides: refresh.slides,
        exclusive: refresh.exclusive,
        issued_at: grant.issued_at,
        refreshed_at: None,
        expires_at: refresh.expires_at,
        needed_until: needed_until(grant.expires_at, refresh.expires_at),
        revoked_at: None,
        revoked_by: None,
        token,
        token_duration: refresh.token_duration,
        revision: 0,
    })
}

/// Returns until when a family decides about its access tokens. `None`: for ever, as one of them doesn't expire.
pub(crate) fn needed_until(token_end: Option<Timestamp>, family_end: Timestamp) -> Option<Timestamp> {
    token_end.map(|end| end.max(family_end))
}

/// Everything that is recorded of a new token, of its id and where its status is: it belongs to `family`, which begins with it or is there
/// already.
fn recording(
    grant: &Grant,
    (id, status): (TokenId, Option<StatusIndex>),
    family: Option<&Arc<Family>>,
    begins: bool,
) -> NewToken {
    let chosen = |value: &Secret<String>| jose::sha256(value.expose().as_bytes());
    let alias = |hash, target| {
        let key = AliasKey { org: grant.org.clone(), hash };
        Alias { key, target, expires_at: grant.values_kept_until }
    };
    let value = grant.value.as_ref().map(chosen);
    let refresh_value = grant.refresh.as_ref().and_then(|refresh| refresh.value.as_ref()).map(chosen);
    let mut aliases: Vec<_> = value.map(|hash| alias(hash, Aliased::Token(id))).into_iter().collect();
    aliases.extend(refresh_value.zip(family).map(|(hash, family)| alias(hash, Aliased::Family(family.id))));
    let mut contents = grant.contents.clone();
    if let Some(issuance) = contents.issuance.as_mut().filter(|_| family.is_some()) {
        // Its family has all of it.
        issuance.sign_in = issuance.sign_in.take().map(|sign_in| Box::new(sign_in.without_person()));
    }
    let token = TokenRecord {
        id,
        org: grant.org.clone(),
        root_org: grant.root_org.clone(),
        contents,
        issued_at: grant.issued_at,
        not_before: grant.not_before,
        expires_at: grant.expires_at,
        family: family.map(|family| family.id),
        value,
        status,
        refreshable_until: family.filter(|family| family.exclusive).map(|family| family.expires_at),
        revision: 0,
        revoked_at: None,
        revoked_by: None,
    };
    let ticket = grant.ticket.clone().map(|key| TicketConsumption { key, by: id, now: grant.issued_at });
    let family = family.filter(|_| begins).cloned();
    let redeemed = |seen: &Authorization| seen.redeemed(id, family.as_ref().map(|family| family.id));
    let authorization = grant.authorization.as_deref().and_then(redeemed).map(Box::new);
    // Who has granted no more than an access token, and is asked again, has nothing to look after.
    let is_kept = |update: &&PersonGrantUpdate| family.is_some() || update.remembering != Remembering::Stays;
    let person_grant = grant.consent.as_deref().filter(is_kept).cloned();
    NewToken { token, family, aliases, ticket, authorization, person_grant }
}

fn also(target: &MemberKey) -> RecordKeys {
    let marks = NotBefore::keys_of(&target.org, Some(&target.subject), None, None).collect();
    RecordKeys { orgs: vec![target.org.clone()], members: vec![target.clone()], marks, ..RecordKeys::default() }
}

fn target_in<'a>(found: &'a Records, key: &MemberKey) -> Target<'a> {
    Target { org: found.org(&key.org), member: found.members.get(key) }
}
