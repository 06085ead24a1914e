//! Capabilities: what an endpoint can reach, cut by privilege.
//!
//! An endpoint names one of these as its `Ports`. That one type decides what its code can call, which AWS clients its bundle
//! links and, by [`AwsAccess`], what its role in `template.yaml` grants. Tests compare the three.
//!
//! Here is one block of `capability!` for each privilege: `reading` (authenticate, introspect, list), `tokens`
//! (issue, change, revoke, sign), `api_keys`, `event_streams` (of receivers of signals), `finding` (tokens in the orgs below), `directory` (orgs, members, clients), `signals` and `work`
//! (functions that no HTTP request invokes). The parts that they are made of, and the platforms that have these parts, are in [`platform`](crate::platform).
//!
//! To add a privilege: write its block, name it in the list below, and add its policy to `template.yaml`.

mod api_keys;
mod capability;
mod directory;
mod event_streams;
mod finding;
mod reader;
mod reading;
mod signals;
mod tokens;
mod work;

pub use self::api_keys::{ApiKeyCreator, ApiKeyLister, ApiKeyRotator, ApiKeyWriter, LeakReceiver};
pub use self::capability::{AwsAccess, Capability, Provides};
pub use self::directory::{
    ClientCreator, ClientRemover, ClientWriter, DirectoryReader, IssuerTester, MemberRemover, MemberWriter, OrgChanger,
    OrgRemover, OrgWriter, Registrar, RegistrationReader, RegistrationRemover, RegistrationWriter, SecretWriter,
};
pub use self::event_streams::{
    SignalPoller, StreamChanger, StreamCreator, StreamLister, StreamReader, StreamRemover, StreamVerifier, StreamWriter,
};
pub use self::finding::{SubOrgRevoker, TokenFinder, TokenRemover};
pub use self::reader::Reader;
pub use self::reading::{
    Authorizer, DirectoryLookup, DocumentReader, Introspector, IssuerInfo, KeyReader, Lister, Public, StatusListReader,
    TokenIntrospector,
};
pub use self::signals::{SignalCollector, SignalPusher};
pub use self::tokens::{
    AuthorizationAccepter, AuthorizationFinder, AuthorizationKeeper, AuthorizationPusher, AuthorizationStarter, BulkRevoker,
    ClientAuthorizationLister, ClientAuthorizationRemover, ClientAuthorizationUpdater, ClientDocuments, ClientRevoker,
    ConnectedAppsRemover, DeviceDecider, Granter, LogoutCompleter, LogoutStarter, Minter, PersonGrantReader, PersonGrantRemover,
    PushForwarder, Refresher, Revoker, SigningIntrospector, SigningReader, TicketRevoker, TokenEndpoint, TokenUpdater,
};
pub use self::work::{Auditor, BatchReader, BatchWorker, Batcher, Bootstrapper, Rotator, StatusPublisher};
