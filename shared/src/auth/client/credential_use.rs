//! Noting on which day a client last used a credential: a secret, or an identity at a platform.

use super::{AuthenticatedClient, ClientCredentials};
use crate::auth::secret;
use crate::domain::{Client, CredentialHash, CredentialUses, Day, FederatedIdentity, Timestamp};
use crate::jose::sha256;
use crate::store::{ClientKey, NoteCredentialUses, Records};

/// The first use of a credential on a day, which is to be noted once it is known what it was good for.
#[derive(Debug)]
pub struct UnnotedUse {
    client: ClientKey,
    seen: CredentialUses,
    uses: CredentialUses,
}

impl UnnotedUse {
    /// Finds out whether a client that has authenticated has used one of its secrets, or of its identities, for the first time today. `found`
    /// is what was read with it. `None`: it was noted today, or the client authenticates by something else.
    pub fn find(
        authenticated: &AuthenticatedClient,
        credentials: &ClientCredentials,
        found: &Records,
        now: Timestamp,
    ) -> Option<Self> {
        let client = authenticated.client();
        let credential = if let Some(federation) = authenticated.federation() {
            let place = usize::try_from(federation.said.identity).ok()?;
            identity_hash(client.settings.federated.get(place)?)
        } else {
            let presented = credentials.secret.as_ref().or(credentials.form.secret.as_ref());
            let presented = presented.filter(|_| client.settings.auth_method.has_secret())?;
            CredentialHash::from_sha256(&secret::hash(presented))
        };
        let key = (client.org.clone(), client.id);
        let seen = found.credential_uses.get(&key).cloned().unwrap_or_default();
        let uses = seen.with_use(&credentials_of(client), credential, Day::containing(now))?;
        Some(Self { client: key, seen, uses })
    }

    /// Notes the use. Where that fails, a line of the log says so, and the next use of the day tries again: the client has its answer.
    pub async fn note(self, notes: &dyn NoteCredentialUses) {
        if let Err(fault) = notes.note_credential_uses(&self.client, &self.seen, &self.uses).await {
            let (org, client) = (self.client.0.as_str(), self.client.1.to_string());
            tracing::warn!(org, client, cause = ?fault, "the use of a client's credential can't be noted");
        }
    }
}

/// The credentials of a client whose uses are noted.
fn credentials_of(client: &Client) -> Vec<CredentialHash> {
    let secrets = client.secrets.iter().map(|secret| CredentialHash::from_sha256(&secret.hash));
    secrets.chain(client.settings.federated.iter().map(identity_hash)).collect()
}

/// Tells an identity of a client from its others: by its issuer and its subject. Those that have both alike are noted as one.
pub fn identity_hash(identity: &FederatedIdentity) -> CredentialHash {
    CredentialHash::from_sha256(&sha256(format!("{}\n{}", identity.issuer, identity.subject).as_bytes()))
}
