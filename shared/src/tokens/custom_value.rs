//! Values that a caller chooses for its tokens: any text that isn't a token yet. Those that were chosen before are unique by
//! their aliases. Those that the service makes have none, as their records are found without: so they are looked for here.

use std::collections::BTreeMap;

use crate::domain::{Fault, OrgId, RefreshToken, Refusal, Secret, TokenKey};
use crate::platform::capabilities::Reader;
use crate::policy::Grant;
use crate::store::RecordKeys;
use crate::tokens::opaque;

/// The first of some grants in `org` for which a value was chosen that the service itself has given out, and what is wrong with it.
/// No value that it makes later can be one of these: nobody can guess it.
pub(crate) async fn conflict(ports: &Reader, org: &OrgId, grants: &[Grant]) -> Result<Option<(usize, Refusal)>, Fault> {
    let chosen: Vec<_> =
        grants.iter().enumerate().flat_map(|(index, grant)| values(grant).map(move |value| (index, value))).collect();
    if chosen.is_empty() {
        return Ok(None);
    }
    let keys = ports.keys.now().await?;
    let is_ours = |text: &str| {
        RefreshToken::parse(text).is_some_and(|token| token.family.org == *org) || keys.verifier.access_token(text).is_some()
    };
    if let Some((index, (field, _))) = chosen.iter().find(|(_, (_, value))| is_ours(value.expose())) {
        return Ok(Some((*index, Refusal::ValueTaken { field })));
    }
    let key = |text: &str| opaque::id_of(text).map(|id| TokenKey { org: org.clone(), id });
    let opaque = chosen.iter().filter_map(|(index, (field, value))| Some((key(value.expose())?, (*index, *field))));
    // Each once, at the first place where it stands.
    let opaque: BTreeMap<_, _> = opaque.rev().collect();
    let mut first = None;
    for some in opaque.keys().collect::<Vec<_>>().chunks(RecordKeys::MAX_KEYS) {
        let wanted = RecordKeys { tokens: some.iter().copied().cloned().collect(), ..RecordKeys::default() };
        let found = ports.tokens.read(&wanted).await?.tokens;
        first = found.keys().filter_map(|key| opaque.get(key)).chain(first).min();
    }
    Ok(first.map(|(index, field)| (*index, Refusal::ValueTaken { field })))
}

/// The values that were chosen, each with its member's name.
fn values(grant: &Grant) -> impl Iterator<Item = (&'static str, &Secret<String>)> {
    let refresh = grant.refresh.as_ref().and_then(|refresh| refresh.value.as_ref());
    let access = grant.value.as_ref().map(|value| ("accessToken", value));
    access.into_iter().chain(refresh.map(|value| ("refreshToken", value)))
}
