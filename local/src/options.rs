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

    /// Threads that serve requests, besides the one that writes; one is the cheapest per token
    #[arg(long, default_value = "1", value_name = "COUNT")]
    pub threads: NonZeroUsize,
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
