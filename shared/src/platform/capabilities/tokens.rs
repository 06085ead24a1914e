//! Capabilities that issue, change and revoke tokens, and the one that signs introspection responses.

use std::sync::Arc;

use super::capability::{AwsAccess, capability};
use super::{Introspector, Lister, Reader};
use crate::domain::{Entropy, Issuer};
use crate::keys::SigningKeys;
use crate::keys::remote::web::WebDocuments;
use crate::platform::parts::{HasMinting, HasRecords};
use crate::store::open_org::OpenOrg;
use crate::store::quotas::Quotas;
use crate::store::status_indices::StatusIndices;
use crate::store::{
    CountEvents, KeepApiKeys, KeepAuthorizations, KeepClientDocuments, KeepLogouts, KeepPersonGrants, KeepTickets,
    NoteCredentialUses, RefreshTokens, ReplayStore, RevokeTokens, UpdateTokens, WriteDirectory, WriteTokens,
};

capability! {
    /// Authenticates a caller and revokes tokens that it names.
    pub struct Revoker from HasRecords {
        /// Authenticates the caller, and reads the token.
        pub reader: Reader,
        /// Revokes the token or its refresh family.
        pub revoke: Arc<dyn RevokeTokens>,
        /// Revokes the API key.
        pub api_keys: Arc<dyn KeepApiKeys>,
    }
    access = AwsAccess { tokens: &["BatchGetItem", "UpdateItem"], ..Reader::ACCESS };
}

capability! {
    /// Revokes many tokens at once by a not-before mark, and counts them.
    pub struct BulkRevoker from HasRecords {
        /// Authenticates the caller, and counts the tokens.
        pub reader: Reader,
        /// Writes the not-before mark that revokes the tokens.
        pub revoke: Arc<dyn RevokeTokens>,
    }
    access = AwsAccess {
        tokens: &["BatchGetItem", "Query", "UpdateItem"],
        by_subject: Lister::ACCESS.by_subject,
        ..Reader::ACCESS
    };
}

capability! {
    /// Authenticates a member, and records and signs the tokens that it mints.
    pub struct Minter from HasMinting {
        /// Authenticates the caller of the endpoint.
        pub reader: Reader,
        /// Draws the random bytes of ids and salts.
        pub entropy: Arc<dyn Entropy>,
        /// The `iss` of the tokens.
        pub issuer: Issuer,
        /// Records the tokens in the store.
        pub write: Arc<dyn WriteTokens>,
        /// Signs the tokens, and derives the secrets of refresh tokens.
        pub signing: Arc<SigningKeys>,
        /// Leases the indices of status lists, and keeps the first version of each list.
        pub status: Arc<StatusIndices>,
    }
    access = AwsAccess {
        tokens: &["BatchGetItem", "PutItem", "UpdateItem"],
        signing_key: &["Sign"],
        envelope_key: &["Decrypt"],
        ..Reader::ACCESS
    };
}

capability! {
    /// Mints tokens, and redeems refresh tokens: each redemption advances the refresh family or ends it. Needs the same AWS actions as
    /// [`Minter`].
    pub struct Refresher from HasMinting {
        /// Mints the new access token.
        pub minter: Minter,
        /// Advances the refresh family.
        pub refresh: Arc<dyn RefreshTokens>,
        /// Ends a family of which a replaced token is used again.
        pub revoke: Arc<dyn RevokeTokens>,
    }
    access = Minter::ACCESS;
}

capability! {
    /// Serves a token endpoint: authenticates clients, redeems their grants and issues their tokens. Needs the same AWS actions
    /// as [`Refresher`].
    pub struct Granter from HasMinting {
        /// Mints and refreshes the tokens.
        pub refresher: Refresher,
        /// Keeps the tickets of requests that are decided in several calls.
        pub tickets: Arc<dyn KeepTickets>,
        /// Records proofs and assertions, which may be used only once.
        pub once: Arc<dyn ReplayStore>,
        /// Updates what is attached to a refresh family when it is used.
        pub amend: Arc<dyn UpdateTokens>,
        /// Notes when what a person has granted is used.
        pub person_grants: Arc<dyn KeepPersonGrants>,
        /// Notes the polls of devices.
        pub authorizations: Arc<dyn KeepAuthorizations>,
        /// Counts the tokens of clients, and the uses of API keys.
        pub quotas: Arc<Quotas>,
    }
    access = Refresher::ACCESS;
}

impl Granter {
    /// Reads what authenticates the client.
    pub fn reader(&self) -> &Reader {
        &self.refresher.minter.reader
    }
}

capability! {
    /// Serves the token endpoint of clients that come straight to the service: what [`Granter`] does, and notes on which day their secrets
    /// are used. It writes nothing else of the directory.
    pub struct TokenEndpoint from HasMinting {
        /// Authenticates the clients and issues their tokens.
        pub granter: Granter,
        /// Notes the uses of their secrets.
        pub notes: Arc<dyn NoteCredentialUses>,
        /// Notes the uses of API keys.
        pub api_keys: Arc<dyn KeepApiKeys>,
        /// Finds clients that nobody has registered.
        pub documents: ClientDocuments,
    }
    access = AwsAccess { directory: &["BatchGetItem", "GetItem", "UpdateItem"], ..Granter::ACCESS };
}

capability! {
    /// Finds clients that nobody has registered by their metadata documents: reads these from the web, and keeps them.
    pub struct ClientDocuments from HasRecords {
        /// The org of clients that bring none: of no other they can be.
        pub open_org: Arc<OpenOrg>,
        /// Reads the documents, and the key sets that they name.
        pub web: Arc<WebDocuments>,
        /// Keeps the documents that were read.
        pub keep: Arc<dyn KeepClientDocuments>,
    }
    access = AwsAccess { tokens: &["PutItem"], ..AwsAccess::NONE };
}

capability! {
    /// Keeps the authorizations of people: from the client's request, by the login application's decision, to the code. Needs the same
    /// AWS actions as [`Introspector`].
    pub struct AuthorizationKeeper from HasRecords {
        /// Authenticates the login application, and reads the authorization with its client.
        pub reader: Reader,
        /// Draws ids, codes and verifiers.
        pub entropy: Arc<dyn Entropy>,
        /// Keeps the authorization, and each step of it.
        pub authorizations: Arc<dyn KeepAuthorizations>,
    }
    access = Introspector::ACCESS;
}

capability! {
    /// Accepts authorizations: a stranger's client stays longer with each, and one that nobody has registered gets its record with the first.
    pub struct AuthorizationAccepter from HasRecords {
        /// Finds the authorization, and keeps the decision.
        pub keeper: AuthorizationKeeper,
        /// Moves the end of the client, or makes its record.
        pub write: Arc<dyn WriteDirectory>,
    }
    access = AwsAccess { directory: &["BatchGetItem", "GetItem", "UpdateItem"], ..AuthorizationKeeper::ACCESS };
}

capability! {
    /// Begins authorizations in browsers. Needs the same AWS actions as [`AuthorizationKeeper`], because a browser may come with a request
    /// that was pushed.
    pub struct AuthorizationStarter from HasRecords {
        /// Finds the client, and keeps what it asks.
        pub keeper: AuthorizationKeeper,
        /// Finds clients that nobody has registered.
        pub documents: ClientDocuments,
    }
    access = AuthorizationKeeper::ACCESS;
}

capability! {
    /// Begins authorizations for clients that authenticate and ask without a browser. Their requests name no token: all that is read beside the
    /// client is its metadata document, if it has one.
    pub struct AuthorizationPusher from HasRecords {
        /// Authenticates the client, and keeps what it asks.
        pub keeper: AuthorizationKeeper,
        /// Finds clients that nobody has registered.
        pub documents: ClientDocuments,
        /// Records proofs and assertions, which may be used only once.
        pub once: Arc<dyn ReplayStore>,
    }
    access = AwsAccess { tokens: &["BatchGetItem", "PutItem"], ..Reader::ACCESS };
}

capability! {
    /// Begins logouts in browsers. Their requests name no token that is on record, so nothing of the tokens is read.
    pub struct LogoutStarter from HasRecords {
        /// Finds the client, and knows the keys that have signed the ID token.
        pub reader: Reader,
        /// Draws the id of the logout.
        pub entropy: Arc<dyn Entropy>,
        /// Keeps the logout until the login application completes it.
        pub logouts: Arc<dyn KeepLogouts>,
        /// Tells the org that serves requests which name no client.
        pub open_org: Arc<OpenOrg>,
    }
    access = AwsAccess { tokens: &["PutItem"], ..Reader::ACCESS };
}

capability! {
    /// Completes logouts, and ends the session with its tokens. Needs the same AWS actions as [`Revoker`].
    pub struct LogoutCompleter from HasRecords {
        /// Authenticates the login application, and reads the logout with its client.
        pub reader: Reader,
        /// Draws the name of the completion.
        pub entropy: Arc<dyn Entropy>,
        /// Completes the logout, once.
        pub logouts: Arc<dyn KeepLogouts>,
        /// Writes the not-before mark that revokes the tokens.
        pub revoke: Arc<dyn RevokeTokens>,
    }
    access = Revoker::ACCESS;
}

capability! {
    /// Does what [`AuthorizationPusher`] does for clients that an authorization server speaks for, which authenticates by a token. Needs
    /// the same AWS actions as [`Introspector`].
    pub struct PushForwarder from HasRecords {
        /// Authenticates the authorization server and the client, and keeps what that asks.
        pub pusher: AuthorizationPusher,
    }
    access = Introspector::ACCESS;
}

capability! {
    /// Lists what people have granted to clients.
    pub struct PersonGrantReader from HasRecords {
        /// Authenticates the login application, and reads the clients.
        pub reader: Reader,
        /// Lists what a person has granted.
        pub person_grants: Arc<dyn KeepPersonGrants>,
    }
    access = AwsAccess { tokens: &["BatchGetItem", "Query"], ..Reader::ACCESS };
}

capability! {
    /// Ends what a person has granted to a client, and the tokens that came of it. Needs the same AWS actions as [`Revoker`].
    pub struct PersonGrantRemover from HasRecords {
        /// Authenticates the login application.
        pub reader: Reader,
        /// Ends what a person has granted.
        pub person_grants: Arc<dyn KeepPersonGrants>,
        /// Writes the not-before mark that revokes the tokens.
        pub revoke: Arc<dyn RevokeTokens>,
    }
    access = Revoker::ACCESS;
}

capability! {
    /// Lists the clients that people have let in. Needs the same AWS actions as [`Lister`].
    pub struct ClientAuthorizationLister from HasRecords {
        /// Authenticates the caller, and lists the tokens of a person.
        pub lister: Lister,
        /// Lists what a person has granted.
        pub person_grants: Arc<dyn KeepPersonGrants>,
    }
    access = Lister::ACCESS;
}

capability! {
    /// Changes the scopes of all tokens that a client has for a person.
    pub struct ClientAuthorizationUpdater from HasRecords {
        /// Authenticates the caller, and lists the tokens.
        pub lister: Lister,
        /// Writes the updates of the tokens.
        pub updater: TokenUpdater,
    }
    access = AwsAccess { tokens: &["BatchGetItem", "PutItem", "Query", "UpdateItem"], ..Lister::ACCESS };
}

capability! {
    /// Ends what a client has for a person, and counts it. Needs the same AWS actions as [`BulkRevoker`].
    pub struct ClientAuthorizationRemover from HasRecords {
        /// Authenticates the caller, revokes the tokens and counts them.
        pub revoker: BulkRevoker,
        /// Ends what a person has granted.
        pub person_grants: Arc<dyn KeepPersonGrants>,
    }
    access = BulkRevoker::ACCESS;
}

capability! {
    /// Ends all that a person has granted to clients, and the tokens that came of it.
    pub struct ConnectedAppsRemover from HasRecords {
        /// Ends each of the grants, and lists them before.
        pub remover: PersonGrantRemover,
    }
    access = AwsAccess { tokens: &["BatchGetItem", "Query", "UpdateItem"], ..Reader::ACCESS };
}

capability! {
    /// Finds what devices ask for by their user codes, and counts who tries how often. Needs the same AWS actions as [`Revoker`].
    pub struct AuthorizationFinder from HasRecords {
        /// Authenticates the login application, and reads the authorization with its client.
        pub reader: Reader,
        /// Counts the attempts of each person.
        pub counts: Arc<dyn CountEvents>,
    }
    access = Revoker::ACCESS;
}

capability! {
    /// Decides what devices ask for, in the name of an authorization server, and counts wrong user codes. Needs the same AWS actions as
    /// [`ClientRevoker`].
    pub struct DeviceDecider from HasRecords {
        /// Authenticates the authorization server, and keeps the decision.
        pub keeper: AuthorizationKeeper,
        /// Counts the wrong codes of the org.
        pub counts: Arc<dyn CountEvents>,
    }
    access = ClientRevoker::ACCESS;
}

capability! {
    /// Ends tickets whose token requests are refused. Needs the same AWS actions as [`Revoker`].
    pub struct TicketRevoker from HasRecords {
        /// Authenticates the caller of the endpoint.
        pub reader: Reader,
        /// Draws the id under which the ticket is consumed.
        pub entropy: Arc<dyn Entropy>,
        /// Consumes the ticket, so that nobody can redeem it.
        pub tickets: Arc<dyn KeepTickets>,
    }
    access = Revoker::ACCESS;
}

capability! {
    /// Revokes tokens for clients (RFC 7009), and records the assertions that authenticate them, which may be used only once.
    pub struct ClientRevoker from HasRecords {
        /// Authenticates the client, and revokes its token.
        pub revoker: Revoker,
        /// Finds clients that nobody has registered.
        pub documents: ClientDocuments,
        /// Records that an assertion has been used.
        pub once: Arc<dyn ReplayStore>,
    }
    access = AwsAccess { tokens: &["BatchGetItem", "PutItem", "UpdateItem"], ..Reader::ACCESS };
}

capability! {
    /// Updates existing tokens. Needs the same AWS actions as [`ClientRevoker`].
    pub struct TokenUpdater from HasRecords {
        /// Authenticates the caller, and reads the token.
        pub reader: Reader,
        /// Draws the random bytes of new token values.
        pub entropy: Arc<dyn Entropy>,
        /// Writes the update of the token.
        pub amend: Arc<dyn UpdateTokens>,
    }
    access = ClientRevoker::ACCESS;
}

capability! {
    /// Introspects tokens for resource servers, and signs the response where they ask for a JWT (RFC 9701).
    pub struct SigningIntrospector from HasMinting {
        /// Authenticates the resource server, and introspects the token.
        pub introspector: Introspector,
        /// Notes the uses of API keys.
        pub api_keys: Arc<dyn KeepApiKeys>,
        /// Counts the uses of API keys.
        pub quotas: Arc<Quotas>,
        /// Signs the response as a JWT.
        pub signing: Arc<SigningKeys>,
    }
    access = AwsAccess {
        signing_key: Minter::ACCESS.signing_key,
        envelope_key: Minter::ACCESS.envelope_key,
        ..ClientRevoker::ACCESS
    };
}

capability! {
    /// Looks up a token, and signs what its client is told of its person (OpenID Connect Core section 5.3.2).
    pub struct SigningReader from HasMinting {
        /// Authenticates the caller of the endpoint, and reads the token.
        pub reader: Reader,
        /// Signs the answer as a JWT.
        pub signing: Arc<SigningKeys>,
    }
    access = AwsAccess {
        signing_key: Minter::ACCESS.signing_key,
        envelope_key: Minter::ACCESS.envelope_key,
        ..Reader::ACCESS
    };
}
