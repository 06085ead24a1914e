//! The words of the service: what a token, a member, an org and a client are, and the rules that need nothing but these words.
//!
//! A value of a type here can't be wrong: parsing is the only way in, and refuses with [`Invalid`]. [`Refusal`] and [`Denial`]
//! say what a caller did wrong, [`Fault`] what failed on our side. Nothing here knows HTTP, JSON, AWS or a database; time and
//! randomness come in through [`Clock`] and [`Entropy`].
//!
//! To add a word, give it a file and name it below. Who may get what is not a word but a decision: see [`policy`](crate::policy).

pub mod alias;
pub mod api_key;
pub mod assertion_issuer;
pub mod authorization;
pub mod backchannel;
pub mod batch;
pub mod caller;
pub mod claims;
pub mod client;
pub mod client_document;
pub mod client_metadata;
pub mod clock;
pub mod commit;
pub mod credential_use;
pub mod denial;
pub mod entropy;
pub mod event_stream;
pub mod exchange_target;
pub mod family;
pub mod fault;
pub mod id;
pub mod issuance;
pub mod key;
pub mod key_ring;
pub mod limits;
pub mod logout;
pub mod member;
pub mod network;
pub mod not_before;
pub mod open_issuer;
pub mod org;
pub mod person_grant;
pub mod polling;
pub mod protected_resource;
pub mod redirect_uri;
pub mod refresh_token;
pub mod refusal;
pub mod requirements;
mod revoking;
pub mod scope;
pub mod secret;
pub mod service;
pub mod session;
pub mod status;
pub mod status_list;
pub mod subject_identifier;
pub mod ticket;
pub mod time;
pub mod token;
pub mod token_contents;

pub use alias::{Alias, AliasKey, Aliased};
pub use api_key::{
    ApiKey, ApiKeyKind, ApiKeyLocator, ApiKeyProblem, ApiKeyRevocation, ApiKeyRevocationReason, ApiKeyStatus, ApiKeyValue,
    LeakPlace, PreviousValue,
};
pub use assertion_issuer::{
    AssertionIssuer, ClaimCondition, ClaimName, ClaimPattern, FederatedIdentity, FederationProblem, IssuerKeys,
    PlatformAssertion, TextPattern,
};
pub use authorization::{
    Approval, Authorization, AuthorizationError, AuthorizationKey, AuthorizationProblem, AuthorizationRequest,
    AuthorizationState, DeviceRequest, ForwardedRequest, Prompt, ResponseMode, UserCodeAssignment, UserCodeKey,
};
pub use backchannel::{Acknowledgement, BackchannelRequest, DeliveryMode, SealedSecret};
pub use batch::{Batch, BatchKey, BatchState};
pub use caller::Caller;
pub use claims::Claims;
pub use client::{
    AccessTokenForm, CertificateSubject, Client, ClientAuthMethod, ClientCertificates, ClientKind, ClientOrigin, ClientSecret,
    ClientSettings, Consent, Pkce,
};
pub use client_document::{ClientDocument, ClientDocumentHost, ClientDocumentKey, ClientDocumentRules, ClientName, ClientUrl};
pub use client_metadata::{ClientMetadata, MetadataMember, MetadataValue};
pub use clock::Clock;
#[cfg(any(test, feature = "testing"))]
pub use clock::FrozenClock;
pub use commit::{Action, Change, Commit, Diff, NotBeforeStands};
pub use credential_use::{CredentialHash, CredentialUse, CredentialUses, Day};
pub use denial::Denial;
pub use entropy::Entropy;
#[cfg(any(test, feature = "testing"))]
pub use entropy::Seeded;
pub use event_stream::{EventDelivery, EventStream, EventStreamKey, PendingSignal, SecurityEvent, StreamStatus};
pub use exchange_target::{
    AuthorizationServer, ChainLimit, Destination, DomainGrantType, ExchangeTarget, GrantSubject, TargetScope,
};
pub use family::{Family, FamilyKey, Redemption};
pub use fault::Fault;
pub use id::{
    App, Audience, ClientId, EventUri, Invalid, Issuer, Label, MtlsUrl, OrgId, Role, SessionId, Shard, Subject, TokenId,
};
pub use issuance::{
    Actor, AuthorizationDetails, Confirmation, ExtraClaims, ForwardedSignIn, GrantType, Issuance, Property, SignIn, Thumbprint,
};
pub use key::{Algorithm, Jwk, KeyId, KeySet};
pub use key_ring::{KeyRing, KeyState, PrivateHalf, RingKey, Schedule, SigningMode};
pub use limits::{CountedUse, LimitHolder, LimitWindow, Limits, ReachedLimit};
pub use logout::{Logout, LogoutClient, LogoutHint, LogoutKey, LogoutProblem};
pub use member::{Member, MemberKey, MemberKind, Profile};
pub use network::{AllowedNetworks, Network, NetworkProblem, TrustedProxies};
pub use not_before::{NotBefore, NotBeforeKey, NotBeforeScope, NotBefores};
pub use open_issuer::{IssuerKinds, OpenIssuer};
pub(crate) use org::org_settings;
pub use org::{
    ApiKeyRules, AssertionRules, AssertionSettings, AuthorizationDetailsType, ExchangeRules, OAuthSettings, OpenRegistration,
    Org, OrgSettings, SupportedScope,
};
pub use person_grant::{GrantedAccess, PersonGrant, PersonGrantKey, PersonGrantUpdate, Remembering};
pub use polling::Polling;
pub use protected_resource::ProtectedResource;
pub use redirect_uri::{LoginUrl, RedirectUri, is_on_loopback};
pub use refresh_token::RefreshToken;
pub use refusal::{Error, Refusal, TokenProblem};
pub use requirements::{Lacking, Requirements};
pub use revoking::{RevocationStamp, RevokingParty};
pub use scope::{Authority, Scope, ScopePattern};
pub use secret::Secret;
pub use service::{ClientRef, Service};
pub use session::Session;
pub use status::{RevokedBy, StatusInputs, TokenRevocation, TokenStatus};
pub use status_list::{StatusIndex, StatusList, StatusListId, StatusOrg};
pub use subject_identifier::{SimpleSubject, SubjectFingerprint, SubjectIdentifier};
pub use ticket::{Ticket, TicketKey};
pub use time::{Seconds, Timestamp};
pub use token::{TokenKey, TokenRecord};
pub use token_contents::{Ancestor, Creator, HostPermissions, MayAct, TokenContents, Unheld};
