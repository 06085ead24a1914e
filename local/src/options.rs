//! What the server can be told.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use http::HeaderName;
use shared::domain::{Algorithm, Issuer, MtlsUrl, Network, OrgId};
use shared::keys::remote::{Origin, ScannerUrl};
use shared::store::sqlite;

use crate::cors::PageOrigin;

/// Where the server listens if it isn't told.
pub(crate) const DEFAULT_LISTEN: &str = "127.0.0.1:3000";

// The headings of the help.
const BASICS: &str = "Basics";
const TOKENS: &str = "Tokens";
const AWS: &str = "AWS";

/// What the server is told when it starts.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// Address and port to listen on; port 0 takes any that is free
    #[arg(long, help_heading = BASICS, default_value = DEFAULT_LISTEN, value_name = "ADDRESS:PORT", value_parser = address)]
    pub listen: SocketAddr,

    // What most try first.
    #[arg(long, hide = true, value_parser = no_port)]
    port: Option<Infallible>,

    /// Folder of the store, the keys and the administrator's token
    #[arg(long, help_heading = BASICS, default_value = ".jeton", value_name = "FOLDER", global = true)]
    pub data_dir: PathBuf,

    /// Create the orgs, members and clients of a file that are missing, and tell what differs (see docs/settings.md, "Seed file")
    #[arg(long, help_heading = BASICS, value_name = "FILE.json")]
    pub seed: Option<PathBuf>,

    /// Make everything that the seed file names what the file says, also what was changed or deleted since
    #[arg(long, help_heading = BASICS, requires = "seed")]
    pub seed_overwrite: bool,

    /// Which acknowledged writes survive a crash
    #[arg(long, help_heading = BASICS, value_enum, default_value_t = Durability::Normal)]
    pub durability: Durability,

    /// The `iss` of the tokens, if not the address that is listened on. A token of another issuer is invalid here
    #[arg(long, help_heading = TOKENS, value_name = "URL")]
    pub issuer: Option<Issuer>,

    /// Origin from which key sets of assertion issuers may be fetched, such as `https://idp.example`. Repeatable; without it no key set is fetched
    #[arg(long, help_heading = TOKENS, value_name = "URL")]
    pub jwks_origin: Vec<Origin>,

    /// Origin of a receiver of shared signals that isn't at a public address, such as `https://10.0.0.5`. Repeatable; without it signals
    /// are pushed to public addresses only and, where the issuer is on a loopback address, to those of this machine
    #[arg(long, help_heading = TOKENS, value_name = "URL")]
    pub receiver_origin: Vec<Origin>,

    /// URL at which a scanner of secrets publishes the keys that sign its reports, such as
    /// `https://api.github.com/meta/public_keys/secret_scanning`: API keys that it reports as leaked are revoked. Repeatable; without it no
    /// report is taken
    #[arg(long, help_heading = TOKENS, value_name = "URL")]
    pub secret_scanning_keys: Vec<ScannerUrl>,

    /// Org of clients that bring none with them: the documents at the issuer's own address tell of its APIs. What it allows strangers, its
    /// settings say
    #[arg(long, help_heading = TOKENS, value_name = "ID", default_value = "1")]
    pub open_org: OrgId,

    /// Form of the log, which goes to standard error: a line for each request, never with a secret
    #[arg(long, help_heading = BASICS, value_enum, default_value_t = LogFormat::Text)]
    pub log: LogFormat,

    /// Log no line for each request; what fails is still logged, and what alarms
    #[arg(long, help_heading = BASICS)]
    pub no_request_log: bool,

    /// Header with the certificate of the client's TLS connection, as RFC 9440 has it: for a proxy that ends TLS and verifies
    /// certificates. It must strip the header from what clients send, or anyone can pose as any client. Without this option no
    /// header is read
    #[arg(long, help_heading = TOKENS, value_name = "NAME")]
    pub client_certificate_header: Option<HeaderName>,

    /// Address at which clients present certificates, such as `https://mtls.example`, if it isn't the issuer's: it stands in the metadata
    /// (`mtls_endpoint_aliases`, RFC 8705)
    #[arg(long, help_heading = TOKENS, value_name = "URL", requires = "client_certificate_header")]
    pub mtls_url: Option<MtlsUrl>,

    /// Header to which proxies before the server add the address that has connected to them, such as `X-Forwarded-For`: what `allowed_cidrs`
    /// are held to. Without it, the address is that of the connection
    #[arg(long, help_heading = TOKENS, value_name = "NAME", requires = "trusted_proxy")]
    pub client_address_header: Option<HeaderName>,

    /// Network of proxies whose client address header is believed, such as `10.0.0.0/8`. Repeatable
    #[arg(long, help_heading = TOKENS, value_name = "CIDR", requires = "client_address_header")]
    pub trusted_proxy: Vec<Network>,

    /// Origin of web pages that may call the server, such as `https://app.example`, or `*` for all. Repeatable; without it, pages of
    /// other origins can read no more than the key set, the metadata and the `OpenAPI` document
    #[arg(long, help_heading = BASICS, value_name = "ORIGIN")]
    pub cors_origin: Vec<PageOrigin>,

    /// Address and port at which Prometheus reads metrics, such as `127.0.0.1:9464`. Without it nothing is counted. Whoever can
    /// connect can read them
    #[arg(long, help_heading = BASICS, value_name = "ADDRESS:PORT")]
    pub metrics: Option<SocketAddr>,

    /// File of the audit trail: a line of JSON for each change, appended after its commit. Left out: audit.jsonl in the data
    /// folder. When it is moved away a new one is begun
    #[arg(long, help_heading = BASICS, value_name = "FILE")]
    pub audit: Option<PathBuf>,

    /// Keep no audit trail
    #[arg(long, help_heading = BASICS, conflicts_with = "audit")]
    pub no_audit: bool,

    /// What tokens are signed by: ES256, ES384, ES512, `EdDSA`, ML-DSA-44, ML-DSA-65, ML-DSA-87, PS256, PS384, PS512, RS256, RS384
    /// or RS512. Repeatable. The first is the default; the others are used where `access_token_sign_alg` names them. A key is made for
    /// one that has none; keys of others go on verifying what they have signed
    #[arg(long = "algorithm", help_heading = TOKENS, value_name = "ALGORITHM", default_value = "ES256", value_parser = algorithm)]
    pub algorithms: Vec<Algorithm>,

    /// For how many days a key signs before another one does. Left out: until `jeton keys rotate`. The next key is published for an
    /// hour before it signs, and the last one verifies what it has signed as long as any of that can live
    #[arg(long, help_heading = TOKENS, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=3_650))]
    pub rotate_keys_every: Option<u16>,

    /// What keeps the records. DynamoDB needs a build with `--features aws`
    #[arg(long, help_heading = AWS, value_enum, default_value_t = StoreKind::Sqlite)]
    pub store: StoreKind,

    /// What signs: a key in the data folder, KMS for each token, or a key that KMS decrypts at the start. KMS needs a build with
    /// `--features aws`
    #[arg(long, help_heading = AWS, value_enum, default_value_t = SignerKind::Local)]
    pub signer: SignerKind,

    /// Address of an emulator of AWS, or of DynamoDB Local. Without it: AWS itself, with region and credentials from the environment
    #[arg(long, help_heading = AWS, value_name = "URL")]
    pub aws_endpoint: Option<String>,

    /// Make the tables and KMS keys that are missing. In AWS, each KMS key costs a dollar a month
    #[arg(long, help_heading = AWS)]
    pub create: bool,

    /// Name of the table of tokens
    #[arg(long, help_heading = AWS, value_name = "NAME", default_value = "jeton-tokens")]
    pub tokens_table: String,

    /// Name of the table of orgs, members, clients and keys
    #[arg(long, help_heading = AWS, value_name = "NAME", default_value = "jeton-directory")]
    pub directory_table: String,

    /// Alias or ARN of the KMS key that encrypts the others
    #[arg(long, help_heading = AWS, value_name = "KEY", default_value = "alias/jeton")]
    pub envelope_key: String,

    /// Threads that serve requests, besides the one that writes; one is the cheapest per token
    #[arg(long, help_heading = BASICS, default_value = "1", value_name = "COUNT", value_parser = threads)]
    pub threads: NonZeroUsize,
}

/// Reads an address with its port.
fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("must be an address and a port, such as {DEFAULT_LISTEN}"))
}

fn no_port(_: &str) -> Result<Infallible, String> {
    Err(format!("there is no such option: use --listen, such as --listen {DEFAULT_LISTEN}"))
}

fn threads(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "must be a number from 1 up".to_owned())
}

/// Reads the name of an algorithm, or says which there are.
pub(crate) fn algorithm(name: &str) -> Result<Algorithm, String> {
    name.parse().map_err(|_| {
        let names = Algorithm::ALL.iter().copied().map(Algorithm::as_str).collect::<Vec<_>>().join(", ");
        format!("must be one of {names}")
    })
}

/// What keeps the records.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum StoreKind {
    /// A file in the data folder
    Sqlite,
    /// Two DynamoDB tables, in AWS or an emulator
    Dynamodb,
}

/// Where the private keys are that sign tokens.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum SignerKind {
    /// A key in the data folder
    Local,
    /// KMS, each token by a call
    Kms,
    /// A key that KMS decrypts at the start
    Envelope,
}

/// Which writes survive a crash; see [`sqlite::Durability`].
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
    /// One line of text for each request
    Text,
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser};

    use super::*;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn the_first_algorithm_is_the_preferred_one_and_es256_the_default() {
        let read = |arguments: &[&str]| Alone::try_parse_from(arguments).map(|alone| alone.options.algorithms);
        assert_eq!(read(&["jeton"]).unwrap(), [Algorithm::Es256]);
        let both = read(&["jeton", "--algorithm", "RS256", "--algorithm", "ES256"]).unwrap();
        assert_eq!(both, [Algorithm::Rs256, Algorithm::Es256]);
        for &alg in Algorithm::ALL {
            assert_eq!(read(&["jeton", "--algorithm", alg.as_str()]).unwrap(), [alg]);
            let mut command = Alone::command();
            assert!(command.render_long_help().to_string().contains(alg.as_str()), "{alg}");
        }
        for unknown in ["HS256", "none", "rs256", ""] {
            assert!(read(&["jeton", "--algorithm", unknown]).is_err(), "{unknown}");
        }
    }
}
