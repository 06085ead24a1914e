//! What the server can be told.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use shared::domain::Issuer;
use shared::store::sqlite;

/// Jeton, a token service, in one process: the Agilicus Tokens API and a directory of orgs and members, on an embedded store.
///
/// The first start makes a data folder with the store, a signing key, the org 1, its administrator and a token for it, and
/// prints two commands to try. Later starts use all of it again.
#[derive(Clone, Debug, Parser)]
#[command(name = "jeton", version)]
pub struct Options {
    /// Address and port to listen on; port 0 takes any that is free
    #[arg(long, default_value = "127.0.0.1:3000", value_name = "ADDRESS:PORT")]
    pub listen: SocketAddr,

    /// Folder of the store, the keys and the administrator's token
    #[arg(long, default_value = ".jeton", value_name = "FOLDER")]
    pub data_dir: PathBuf,

    /// Load orgs, members and clients from a file first; loading it again changes nothing (see README, "Seed file")
    #[arg(long, value_name = "FILE.json")]
    pub seed: Option<PathBuf>,

    /// What survives which mishap
    #[arg(long, value_enum, default_value_t = Durability::Normal)]
    pub durability: Durability,

    /// The `iss` of the tokens, if not the address that is listened on. A token of another issuer is invalid here
    #[arg(long, value_name = "URL")]
    pub issuer: Option<Issuer>,

    /// Form of the log, which goes to standard error: a line for each request, never with a secret
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log: LogFormat,

    /// What keeps the records. DynamoDB needs a build with `--features aws`
    #[arg(long, value_enum, default_value_t = StoreKind::Sqlite)]
    pub store: StoreKind,

    /// What signs: a key in the data folder, KMS for each token, or a key that KMS decrypts at the start. KMS needs a build with
    /// `--features aws`
    #[arg(long, value_enum, default_value_t = SignerKind::Local)]
    pub signer: SignerKind,

    /// Address of an emulator of AWS, or of DynamoDB Local. Without it: AWS itself, with region and credentials from the environment
    #[arg(long, value_name = "URL")]
    pub aws_endpoint: Option<String>,

    /// Make the tables and KMS keys that are missing. In AWS, each KMS key costs a dollar a month
    #[arg(long)]
    pub create: bool,

    /// Name of the table of tokens
    #[arg(long, value_name = "NAME", default_value = "jeton-tokens")]
    pub tokens_table: String,

    /// Name of the table of orgs, members, clients and keys
    #[arg(long, value_name = "NAME", default_value = "jeton-directory")]
    pub directory_table: String,

    /// Alias or ARN of the KMS key that encrypts the others
    #[arg(long, value_name = "KEY", default_value = "alias/jeton")]
    pub envelope_key: String,

    /// Threads that serve requests, besides the one that writes; one is the cheapest per token
    #[arg(long, default_value = "1", value_name = "COUNT")]
    pub threads: NonZeroUsize,
}

/// What keeps the records.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum StoreKind {
    /// A file in the data folder
    Sqlite,
    /// Two tables
    Dynamodb,
}

/// What signs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum SignerKind {
    /// A key in the data folder
    Local,
    /// KMS, each token by a call
    Kms,
    /// A key that KMS decrypts at the start
    Envelope,
}

/// See [`sqlite::Durability`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Durability {
    /// What was answered survives a power failure
    Full,
    /// What was answered survives the end of the process, however sudden
    Normal,
    /// No file: nothing survives but the keys
    Memory,
}

impl From<Durability> for sqlite::Durability {
    fn from(durability: Durability) -> Self {
        match durability {
            Durability::Full => Self::Full,
            Durability::Normal => Self::Normal,
            Durability::Memory => Self::Memory,
        }
    }
}

/// Form of the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line
    Json,
    /// For people
    Text,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }
}
