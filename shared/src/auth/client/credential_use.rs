//! Noting on which day a client last used a secret.

use super::ClientCredentials;
use crate::auth::secret;
use crate::domain::{Client, CredentialUses, Day, Timestamp};
use crate::store::{ClientKey, NoteCredentialUses, Records};

/// The first use of a secret on a day, which is to be noted once it is known what it was good for.
#[derive(Debug)]
pub struct UnnotedUse {
    client: ClientKey,
    seen: CredentialUses,
    uses: CredentialUses,
}

impl UnnotedUse {
    /// Finds out whether a client that has authenticated has used one of its secrets for the first time today. `found` is what was read
    /// with it. `None`: it was noted today, or the client authenticates by something else.
    pub fn find(client: &Client, credentials: &ClientCredentials, found: &Records, now: Timestamp) -> Option<Self> {
        let presented = credentials.secret.as_ref().or(credentials.form.secret.as_ref());
        let presented = presented.filter(|_| client.settings.auth_method.has_secret())?;
        let key = (client.org.clone(), client.id);
        let seen = found.credential_uses.get(&key).cloned().unwrap_or_default();
        let uses = seen.with_use(client, &secret::hash(presented), Day::containing(now))?;
        Some(Self { client: key, seen, uses })
    }

    /// Notes the use. Where that fails, a line of the log says so, and the next use of the day tries again: the client has its answer.
    pub async fn note(self, notes: &dyn NoteCredentialUses) {
        if let Err(fault) = notes.note_credential_uses(&self.client, &self.seen, &self.uses).await {
            let (org, client) = (self.client.0.as_str(), self.client.1.to_string());
            tracing::warn!(org, client, cause = ?fault, "the use of a client's secret can't be noted");
        }
    }
}
