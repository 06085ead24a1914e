//! Clients that nobody has registered: each names itself by the `https` URL of a document about itself, its client id metadata document.
//!
//! `find_by_url` reads the document, or takes the one that is kept; `identify_by_url` authenticates the client, too. They do so in the
//! org that is open to strangers alone, and if it lets the host in. What a document may say is in `metadata`.

mod metadata;

pub use metadata::DocumentMetadata;

use std::sync::Arc;

use super::direct::{Identified, Known, identify};
use super::{ClientCredentials, ClientProof, verify_credentials};
use crate::auth::service::Lookup;
use crate::domain::{
    Client, ClientAuthMethod, ClientDocument, ClientDocumentKey, ClientKind, ClientOrigin, ClientUrl, Denial, Error, Fault, Org,
    OrgId, Service, Timestamp,
};
use crate::jose::{VerifyingKey, foreign, jwk, sha256};
use crate::keys::remote::web::{FetchFailure, Fetched};
use crate::platform::capabilities::{ClientDocuments, Reader};
use crate::store::open_org::OpenOrg;
use crate::store::{RecordKeys, Records};
use crate::telemetry::note_client;

/// Which document is good enough.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Freshness {
    /// One that its host still vouches for.
    Current,
    /// Where the host doesn't answer, one that is at most 7 days old: for clients that people have let in already.
    LastKnown,
}

/// Authenticates a client as [`identify`] does, or one that names itself by the URL of its metadata document.
///
/// # Errors
/// As [`identify`]. For a client of a document [`Denial::ClientUnknown`] if no org lets it in, [`Denial::ClientDisabled`] if an administrator has
/// disabled it, and [`Denial::ClientDocumentUnavailable`] and [`Denial::ClientDocumentInvalid`] if there is no document that is good enough.
pub async fn identify_any<S: Lookup>(
    reader: &Reader,
    documents: &ClientDocuments,
    freshness: Freshness,
    credentials: &ClientCredentials,
    seek: impl Fn(&OrgId) -> S,
) -> Result<Identified<S>, Error> {
    match credentials.client_url() {
        Some(url) => Box::pin(identify_by_url(reader, documents, (&url, freshness), credentials, seek)).await,
        None => identify(reader, credentials, seek).await,
    }
}

/// Returns where the document at this URL is kept for an org.
pub fn document_key(org: &OrgId, url: &ClientUrl) -> ClientDocumentKey {
    ClientDocumentKey { org: org.clone(), hash: sha256(format!("{org}\0{url}").as_bytes()) }
}

/// A client that was found by the URL of its document, with its org and what was looked for.
pub(crate) struct FoundByUrl<S> {
    pub(crate) known: Known<S>,
    pub(crate) metadata: DocumentMetadata,
}

/// Finds a client by the URL of its document, and looks in its org for what `seek` says. The document is read from the web if the one that is
/// kept isn't good any more.
///
/// # Errors
/// [`Denial::ClientUnknown`] if no org lets such clients in, or not with documents at this host: then nothing is read.
/// [`Denial::ClientDisabled`] if an administrator has disabled the client. [`Denial::ClientDocumentUnavailable`] and
/// [`Denial::ClientDocumentInvalid`] if there is no document that is good enough.
pub(crate) async fn find_by_url<S: Lookup>(
    reader: &Reader,
    documents: &ClientDocuments,
    (url, freshness): (&ClientUrl, Freshness),
    seek: impl Fn(&OrgId) -> S,
) -> Result<FoundByUrl<S>, Error> {
    let id = documents.open_org.id().ok_or(Denial::ClientUnknown)?;
    let key = document_key(id, url);
    let client = (id.clone(), key.client());
    let lookup = seek(id);
    let own = RecordKeys {
        orgs: vec![id.clone()],
        clients: vec![client.clone()],
        client_documents: vec![key.clone()],
        ..RecordKeys::default()
    };
    let mut found = reader.tokens.read(&own.and(lookup.wanted(id))).await?;
    let org = found.orgs.get(id).filter(|org| org.enabled).cloned().ok_or(Denial::ClientUnknown)?;
    let is_meant = !url.is_on_loopback() || reader.keys.issuer().is_on_loopback();
    if !is_meant || !org.settings.oauth.client_metadata_documents.allow(url) {
        return Err(Denial::ClientUnknown.into());
    }
    let existing = found.clients.remove(&client);
    if existing.as_ref().is_some_and(|existing| existing.document_url() != Some(url)) {
        return Err(Denial::ClientUnknown.into());
    }
    if existing.as_ref().is_some_and(|existing| !existing.enabled) {
        return Err(Denial::ClientDisabled.into());
    }
    let kept = found.client_documents.remove(&key).filter(|kept| kept.url == *url);
    let metadata = current(documents, (key, url), kept, (freshness, reader.now())).await?;
    let client = Arc::new(metadata.client(&org, url, existing, reader.now()));
    Ok(FoundByUrl { known: (org, client, lookup, found), metadata })
}

/// Does what [`find_by_url`] does, and authenticates the client. An assertion that is sent must be good, by the keys that the document
/// names; who sends none is the client only if the document says that it needs none.
///
/// # Errors
/// As [`find_by_url`]. What [`verify_credentials`] finds.
pub(crate) async fn identify_by_url<S: Lookup>(
    reader: &Reader,
    documents: &ClientDocuments,
    (url, freshness): (&ClientUrl, Freshness),
    credentials: &ClientCredentials,
    seek: impl Fn(&OrgId) -> S,
) -> Result<Identified<S>, Error> {
    // For what contradicts itself nothing is read, nor for a secret, which proves nothing here.
    let proof = credentials.presented()?;
    if matches!(proof, ClientProof::Secret { .. }) {
        return Err(Denial::ClientUnauthenticated.into());
    }
    let FoundByUrl { known: (org, mut client, lookup, found), metadata } =
        find_by_url(reader, documents, (url, freshness), seek).await?;
    note_client(&org.id, client.outward_name());
    let proved = Arc::make_mut(&mut client);
    proved.settings.auth_method = match proof {
        ClientProof::Assertion { assertion, of_spiffe: false } if metadata.offers_keys => {
            if let Some(place) = &metadata.jwks_uri {
                let kid = foreign::kid(assertion.expose());
                let read = documents.web.key_sets().at(place, kid.as_deref(), reader.now()).await;
                let keys = read.ok().flatten().ok_or(Denial::ClientDocumentUnavailable)?;
                proved.settings.jwks = Some(jwk::set_to_json(keys.iter().map(VerifyingKey::jwk)));
            }
            ClientAuthMethod::PrivateKeyJwt
        }
        ClientProof::Nothing if metadata.offers_none => ClientAuthMethod::None,
        ClientProof::Assertion { .. } | ClientProof::Nothing | ClientProof::Secret { .. } => {
            return Err(Denial::ClientUnauthenticated.into());
        }
    };
    let verified = verify_credentials(reader, Some(client), credentials)?;
    Ok(Identified { service: Service::of_own_clients(org), verified, lookup, found })
}

/// Returns what the document says: the one that is kept if it is good, or else what is read now, which is kept.
async fn current(
    documents: &ClientDocuments,
    (key, url): (ClientDocumentKey, &ClientUrl),
    kept: Option<ClientDocument>,
    (freshness, now): (Freshness, Timestamp),
) -> Result<DocumentMetadata, Error> {
    if let Some(kept) = kept.as_ref().filter(|kept| kept.is_fresh(now)) {
        return metadata_of(documents, url, &kept.body);
    }
    let etag = kept.as_ref().and_then(|kept| kept.etag.as_deref());
    let read = documents.web.fetch(url.as_str(), etag, ClientDocument::MAX_BYTES).await;
    let document = match (read, kept) {
        (Ok(Fetched::Document { text, etag, max_age }), _) => {
            let fresh_until = ClientDocument::fresh_until(now, max_age);
            ClientDocument { key, url: url.clone(), body: text, etag, fetched_at: now, fresh_until }
        }
        (Ok(Fetched::Unchanged { max_age }), Some(kept)) => {
            ClientDocument { fetched_at: now, fresh_until: ClientDocument::fresh_until(now, max_age), ..kept }
        }
        (Err(FetchFailure::Unreachable), Some(kept)) if freshness == Freshness::LastKnown && kept.is_usable_without_host(now) => {
            tracing::warn!(
                url = url.as_str(),
                "the metadata document of a client can't be read again: the one from before is used"
            );
            return metadata_of(documents, url, &kept.body);
        }
        (Err(FetchFailure::Refused), _) | (Ok(Fetched::Unchanged { .. }), None) => {
            tracing::warn!(url = url.as_str(), "there is no metadata document of a client at its URL");
            return Err(Denial::ClientDocumentInvalid.into());
        }
        (Err(FetchFailure::Unreachable), _) => return Err(Denial::ClientDocumentUnavailable.into()),
    };
    let metadata = metadata_of(documents, url, &document.body)?;
    documents.keep.put_client_document(&document).await?;
    Ok(metadata)
}

fn metadata_of(documents: &ClientDocuments, url: &ClientUrl, body: &str) -> Result<DocumentMetadata, Error> {
    DocumentMetadata::read(url, body).map_err(|rule| {
        tracing::warn!(url = url.as_str(), rule = rule.0, "the metadata document of a client breaks a rule");
        documents.web.reject(url.as_str());
        Denial::ClientDocumentInvalid.into()
    })
}

/// Finds a client by the URL of its document in the org that is open to strangers, of what is kept: no document is read from the web.
/// `None`: nothing is known of it, or the org doesn't let it in.
pub(crate) async fn find_as_kept(
    reader: &Reader,
    open_org: &OpenOrg,
    url: &ClientUrl,
) -> Result<Option<(Arc<Org>, Arc<Client>)>, Fault> {
    let Some(id) = open_org.id() else { return Ok(None) };
    let key = document_key(id, url);
    let wanted = RecordKeys {
        orgs: vec![id.clone()],
        clients: vec![(id.clone(), key.client())],
        client_documents: vec![key],
        ..RecordKeys::default()
    };
    let mut found = reader.tokens.read(&wanted).await?;
    let Some(org) = found.orgs.remove(id).filter(|org| org.settings.oauth.client_metadata_documents.allow(url)) else {
        return Ok(None);
    };
    Ok(client_as_kept(&org, url, &mut found, reader.now())?.map(|client| (org, client)))
}

/// Returns the client as a login application sees it, of what is kept: no document is read from the web. `None`: nothing is known of it.
///
/// # Errors
/// A [`Fault`] if what is kept of the document isn't one.
pub(crate) fn client_as_kept(
    org: &Org,
    url: &ClientUrl,
    found: &mut Records,
    now: Timestamp,
) -> Result<Option<Arc<Client>>, Fault> {
    let key = document_key(&org.id, url);
    let existing = found.clients.remove(&(org.id.clone(), key.client()));
    let existing = existing.filter(|existing| existing.document_url() == Some(url));
    let document = found.client_documents.remove(&key).filter(|kept| kept.url == *url && kept.is_usable_without_host(now));
    let Some(document) = document else { return Ok(existing) };
    let metadata = DocumentMetadata::read(url, &document.body);
    let metadata = metadata.map_err(|rule| Fault::internal("reading the document of a client").because(rule))?;
    Ok(Some(Arc::new(metadata.client(org, url, existing, now))))
}

impl DocumentMetadata {
    /// Returns the client that the document speaks of. What an administrator has said of it stays, but what the document says itself.
    fn client(&self, org: &Org, url: &ClientUrl, existing: Option<Arc<Client>>, now: Timestamp) -> Client {
        let new = || Client {
            origin: ClientOrigin::MetadataDocument { url: url.clone() },
            ..Client::new(org.id.clone(), document_key(&org.id, url).client(), self.settings.clone(), now)
        };
        let there = existing.map_or_else(new, Arc::unwrap_or_clone);
        let scopes = self.settings.scopes.clone().filter(|scopes| {
            let is_open = |scope| org.settings.oauth.lets_strangers_have(scope);
            scopes.iter().any(is_open)
        });
        // Anybody can pose as a client that needs no proof, whatever else it offers.
        let (kind, auth_method) = if self.offers_none {
            (ClientKind::Public, ClientAuthMethod::None)
        } else {
            (ClientKind::Confidential, ClientAuthMethod::PrivateKeyJwt)
        };
        let mut settings = there.settings.clone();
        settings.name.clone_from(&self.settings.name);
        settings.kind = kind;
        settings.auth_method = auth_method;
        settings.grants.clone_from(&self.settings.grants);
        settings.scopes = scopes;
        settings.jwks.clone_from(&self.settings.jwks);
        settings.dpop_bound_tokens = self.settings.dpop_bound_tokens;
        settings.redirect_uris.clone_from(&self.settings.redirect_uris);
        settings.metadata = there.settings.metadata.of_administrator();
        for (member, value) in self.settings.metadata.iter() {
            settings.metadata.insert(member, value.clone());
        }
        Client { settings, ..there }
    }
}
