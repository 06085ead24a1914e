//! What a capability is: its name, the AWS actions it needs, and how a platform provides it. Knows no capability by name.

/// The AWS actions that a capability needs, as its role in `template.yaml` grants them.
///
/// This describes a deployment on AWS and nothing else: where the store is SQLite there are no roles, and only the type of the
/// capability limits what an endpoint can reach. Action names come without their prefix (`PutItem`, not `dynamodb:PutItem`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AwsAccess {
    /// The `dynamodb:` actions on the table `Tokens`.
    pub tokens: &'static [&'static str],
    /// The `dynamodb:` actions on the index of `Tokens` by subject.
    pub by_subject: &'static [&'static str],
    /// The `dynamodb:` actions on the table `Directory`.
    pub directory: &'static [&'static str],
    /// The `kms:` actions on the signing keys.
    pub signing_key: &'static [&'static str],
    /// The `kms:` actions on the key that encrypts the stored private keys and the secret behind refresh tokens.
    pub envelope_key: &'static [&'static str],
    /// The `kms:` actions that create signing keys, give them aliases and schedule their deletion.
    pub key_making: &'static [&'static str],
    /// The `dynamodb:` actions on the streams of both tables. Lambda reads them with the function's role.
    pub streams: &'static [&'static str],
    /// The `events:` actions on the event bus of the audit trail.
    pub event_bus: &'static [&'static str],
    /// The `sqs:` actions on the queue of batches. Lambda receives messages with the function's role.
    pub queue: &'static [&'static str],
    /// The `sqs:` actions on the queue of events of which signals are made.
    pub signal_queue: &'static [&'static str],
    /// The `sqs:` actions on the queue of streams whose signals are to be pushed.
    pub push_queue: &'static [&'static str],
}

impl AwsAccess {
    /// No action on anything: such a function needs no policy.
    pub const NONE: Self = Self {
        tokens: &[],
        by_subject: &[],
        directory: &[],
        signing_key: &[],
        envelope_key: &[],
        key_making: &[],
        streams: &[],
        event_bus: &[],
        queue: &[],
        signal_queue: &[],
        push_queue: &[],
    };

    /// Whether all of these actions only read tables: none writes, signs, sends or creates a key.
    pub fn only_reads(&self) -> bool {
        let Self { tokens, by_subject, directory, signing_key, envelope_key, key_making, streams, event_bus, .. } = self;
        let Self { queue, signal_queue, push_queue, .. } = self;
        let reads = |action: &&str| matches!(*action, "BatchGetItem" | "GetItem" | "Query");
        [tokens, by_subject, directory].into_iter().copied().flatten().all(reads)
            && [signing_key, envelope_key, key_making, streams, event_bus].into_iter().all(|actions| actions.is_empty())
            && [queue, signal_queue, push_queue].into_iter().all(|actions| actions.is_empty())
    }
}

/// All that the code of an endpoint can reach: an endpoint names one capability as its `Ports` and gets nothing else.
pub trait Capability: Clone + std::fmt::Debug + Send + Sync + 'static {
    /// The name of the type. With `Policy` appended it is the logical id, in `template.yaml`, of the policy that grants
    /// [`ACCESS`](Self::ACCESS).
    const NAME: &'static str;
    /// The AWS actions that its calls make.
    const ACCESS: AwsAccess;
}

/// Something that can hand out a `T`, which is a capability or one of the parts that capabilities are made of.
///
/// The platforms of the bundles, of the local server and of the tests provide all parts they have and so, by
/// `capability!`, every capability that these parts make up.
pub trait Provides<T> {
    /// Hands out a `T`. This only clones handles: it reads nothing and opens no connection.
    fn provide(&self) -> T;
}

/// Declares a capability: its documentation, its fields, and the AWS actions it needs.
///
/// The struct, [`Capability`] and [`Provides`] follow from one block:
///
/// ```text
/// capability! {
///     /// Authenticates a caller and revokes tokens.
///     pub struct Revoker from HasRecords {
///         /// Authenticates the caller of the endpoint.
///         pub reader: Reader,
///         /// Revokes the tokens that it names.
///         pub revoke: Arc<dyn RevokeTokens>,
///     }
///     access = AwsAccess { tokens: &["BatchGetItem", "UpdateItem"], ..Reader::ACCESS };
/// }
/// ```
///
/// - `from` names the trait of the platforms that can provide it: `HasRecords`, `HasMinting`, `HasQueue`, `HasSignals`,
///   `HasSignedSignals`, `HasKeyMaking` or `HasAuditing`.
/// - A field is provided by its type. It is another capability, or a part from the table in `platform/parts.rs`.
/// - [`Capability::NAME`] is the name of the type.
macro_rules! capability {
    (
        $(#[$doc:meta])+
        pub struct $name:ident from $platform:ident {
            $($(#[$field_doc:meta])+ pub $field:ident: $part:ty,)*
        }
        access = $access:expr;
    ) => {
        $(#[$doc])+
        #[derive(Clone, Debug)]
        pub struct $name {
            $($(#[$field_doc])+ pub $field: $part,)*
        }

        impl $crate::platform::capabilities::Capability for $name {
            const NAME: &'static str = stringify!($name);
            const ACCESS: $crate::platform::capabilities::AwsAccess = $access;
        }

        impl<P: $platform> $crate::platform::capabilities::Provides<$name> for P {
            fn provide(&self) -> $name {
                $name { $($field: $crate::platform::capabilities::Provides::<$part>::provide(self),)* }
            }
        }
    };
}

pub(super) use capability;
