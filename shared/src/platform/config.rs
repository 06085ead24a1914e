//! Configuration: the only file that reads the environment, once, when a function starts.
//!
//! Here is what the deployment decides (names of tables, keys, endpoints). What an administrator decides for an org is in its
//! settings, in [`domain::org`](crate::domain::org); the flags of the local server are in `local/`. All that is missing or wrong
//! is reported at once. To add a variable: a field with the variable's name in its documentation, a line where it is read, and
//! the variable in `template.yaml`, which a test compares.

use std::env;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use http::Uri;

use crate::domain::{
    Algorithm, ClientCertificates, Fault, Invalid, Issuer, MtlsUrl, OrgId, Requirements, Schedule, Scope, Seconds, Secret,
    SigningMode, TrustedProxies,
};
use crate::keys::remote::{Origins, ScannerUrl};
use crate::telemetry::EndpointMetrics;

/// The configuration that every function has.
#[derive(Clone, Debug)]
pub struct Config {
    /// `_HANDLER`: the name of the endpoint that this function serves, such as `oauth.token`. Lambda sets it from `Handler` in
    /// the template.
    pub handler: String,
    /// `JETON_ISSUER`: the `iss` of the tokens.
    pub issuer: Issuer,
    /// `JETON_JWKS_ORIGINS`, separated by blanks: the origins from which key sets of others may be fetched. If missing, none is.
    pub jwks_origins: Origins,
    /// `JETON_RECEIVER_ORIGINS`, separated by blanks: the origins of receivers of signals that aren't at public addresses. If missing,
    /// there are none.
    pub receiver_origins: Origins,
    /// `JETON_TRUSTED_PROXIES`, networks in CIDR notation with commas between them: the proxies before API Gateway that are believed
    /// what they say of a caller's address in `X-Forwarded-For`. If missing, none is.
    pub trusted_proxies: TrustedProxies,
}

/// The configuration of a function that uses AWS.
#[derive(Clone, Debug)]
pub struct Aws {
    /// `AWS_REGION`: the region of all services, such as `eu-central-1`.
    pub region: String,
    /// The credentials of the function's role, or where they are.
    pub credentials: AwsCredentials,
    /// The endpoints of the services, where they differ from those of the region.
    pub endpoints: Endpoints,
    /// `JETON_TOKENS_TABLE`: the name of the table `Tokens`.
    pub tokens_table: String,
    /// `JETON_DIRECTORY_TABLE`: the name of the table `Directory`, which holds orgs, members, clients and keys.
    pub directory_table: String,
    /// `JETON_BY_SUBJECT`, `on` or `off`: whether the table `Tokens` has its index by subject.
    pub by_subject: bool,
}

/// The credentials that sign requests to AWS, or where they are. Credentials in the environment come first.
#[derive(Clone, Debug)]
pub enum AwsCredentials {
    /// Those in the environment. Lambda ends the process before they expire.
    Keys(AwsKeys),
    /// At an endpoint beside the process, which renews them: on managed instances, in containers, and in restored snapshots.
    Endpoint(CredentialsEndpoint),
}

/// Credentials as they sign requests to AWS.
#[derive(Clone, Debug)]
pub struct AwsKeys {
    /// `AWS_ACCESS_KEY_ID`: the public half, which names the credentials.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`: the secret half, which signs.
    pub secret_access_key: Secret<String>,
    /// `AWS_SESSION_TOKEN`: sent along with temporary credentials, as those of a role are.
    pub session_token: Option<Secret<String>>,
}

/// An endpoint that hands out credentials to the processes beside it.
#[derive(Clone, Debug)]
pub struct CredentialsEndpoint {
    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI`: its address. Without TLS it must be this host or the agent of ECS or EKS.
    pub url: Uri,
    /// What it wants to see in the header `Authorization`. `None`: nothing.
    pub authorization: Option<EndpointAuthorization>,
}

/// What a [`CredentialsEndpoint`] wants to see in the header `Authorization`.
#[derive(Clone, Debug)]
pub enum EndpointAuthorization {
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN`: the text of this variable.
    Token(Secret<String>),
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`: the text that is in this file by then. It comes before the other variable.
    File(PathBuf),
}

/// The endpoints of AWS services as URLs, for emulators and private networks. A service without one is used where its region has
/// it.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    /// `AWS_ENDPOINT_URL`: the endpoint of every service that has none of its own.
    pub all: Option<String>,
    /// `AWS_ENDPOINT_URL_DYNAMODB`: the endpoint of DynamoDB.
    pub dynamodb: Option<String>,
    /// `AWS_ENDPOINT_URL_EVENTBRIDGE`: the endpoint of EventBridge.
    pub eventbridge: Option<String>,
    /// `AWS_ENDPOINT_URL_KMS`: the endpoint of KMS.
    pub kms: Option<String>,
    /// `AWS_ENDPOINT_URL_SQS`: the endpoint of SQS.
    pub sqs: Option<String>,
}

impl Endpoints {
    /// The endpoint of DynamoDB. `None` means that of the region.
    pub fn dynamodb(&self) -> Option<String> {
        self.dynamodb.as_ref().or(self.all.as_ref()).cloned()
    }

    /// The endpoint of EventBridge. `None` means that of the region.
    pub fn eventbridge(&self) -> Option<String> {
        self.eventbridge.as_ref().or(self.all.as_ref()).cloned()
    }

    /// The endpoint of KMS. `None` means that of the region.
    pub fn kms(&self) -> Option<String> {
        self.kms.as_ref().or(self.all.as_ref()).cloned()
    }

    /// The endpoint of SQS. `None` means that of the region.
    pub fn sqs(&self) -> Option<String> {
        self.sqs.as_ref().or(self.all.as_ref()).cloned()
    }
}

/// The configuration of a function that creates signing keys.
#[derive(Clone, Debug)]
pub struct KeyMaking {
    /// `JETON_SIGNING_MODE`, `kms` or `envelope`: whether new private keys stay in KMS, or are stored encrypted by KMS.
    pub mode: SigningMode,
    /// `JETON_SIGNING_ALGORITHMS`, separated by commas: names as in the `alg` of a JWS header, the preferred one first.
    pub algorithms: Vec<Algorithm>,
    /// `JETON_ROTATION_DAYS`, from 2 to 3650: for how many days a key signs. It is published one day before.
    pub schedule: Schedule,
    /// `JETON_RSA_BITS`: the length of RSA keys in bits, which is 2048, 3072 or 4096. If missing, 2048.
    pub rsa_bits: u16,
    /// `JETON_KEY_ALIAS`: the prefix of the aliases of the signing keys in KMS, with its `alias/`.
    pub alias: String,
    /// `JETON_SIGNING_KEY_POLICY`: the key policy of new signing keys in KMS, as JSON. If missing, the default of the account.
    pub policy: Option<String>,
    /// `JETON_MULTI_REGION`, `on` or `off`: whether new signing keys in KMS can be replicated to other regions. If missing, off.
    pub multi_region: bool,
}

/// The environment is not as it should be: one message for each variable that is missing or wrong.
#[derive(Debug, thiserror::Error)]
#[error("invalid environment: {}", .0.join("; "))]
pub struct Misconfigured(Vec<String>);

impl From<Misconfigured> for Fault {
    fn from(wrong: Misconfigured) -> Self {
        Self::internal("reading the environment").because(wrong)
    }
}

impl Config {
    /// Reads the configuration that every function has.
    ///
    /// # Errors
    ///
    /// [`Misconfigured`] with every variable that is missing or wrong.
    pub fn from_env() -> Result<Self, Misconfigured> {
        Self::read(environment)
    }

    fn read(look_up: impl Fn(&str) -> Option<String>) -> Result<Self, Misconfigured> {
        let mut wrong = Vec::new();
        let handler = required(&look_up, "_HANDLER", &mut wrong);
        let issuer = required(&look_up, "JETON_ISSUER", &mut wrong);
        let jwks_origins = optional(&look_up, "JETON_JWKS_ORIGINS", &mut wrong).unwrap_or_default();
        let receiver_origins = optional(&look_up, "JETON_RECEIVER_ORIGINS", &mut wrong).unwrap_or_default();
        let trusted_proxies = optional(&look_up, "JETON_TRUSTED_PROXIES", &mut wrong).unwrap_or_default();
        match (handler, issuer) {
            (Some(handler), Some(issuer)) if wrong.is_empty() => {
                Ok(Self { handler, issuer, jwks_origins, receiver_origins, trusted_proxies })
            }
            _ => Err(Misconfigured(wrong)),
        }
    }
}

/// Reads `JETON_ENVELOPE_KEY`: the ARN of the KMS key that encrypts the stored private keys and the secret behind refresh tokens.
///
/// # Errors
///
/// [`Misconfigured`] with every variable that is missing or wrong.
pub fn envelope_key() -> Result<String, Misconfigured> {
    let mut wrong = Vec::new();
    required(&environment, "JETON_ENVELOPE_KEY", &mut wrong).ok_or(Misconfigured(wrong))
}

/// Reads `JETON_BATCH_QUEUE`: the URL of the SQS queue of batches.
///
/// # Errors
///
/// [`Misconfigured`] with every variable that is missing or wrong.
pub fn batch_queue() -> Result<String, Misconfigured> {
    let mut wrong = Vec::new();
    required(&environment, "JETON_BATCH_QUEUE", &mut wrong).ok_or(Misconfigured(wrong))
}

/// Reads `JETON_SIGNAL_QUEUE`: the URL of the SQS queue of events of which signals are made. `None`: another region makes them.
///
/// # Errors
///
/// [`Misconfigured`] with every variable that is missing or wrong.
pub fn signal_queue() -> Result<Option<String>, Misconfigured> {
    let mut wrong = Vec::new();
    let url = optional(&environment, "JETON_SIGNAL_QUEUE", &mut wrong);
    if wrong.is_empty() { Ok(url) } else { Err(Misconfigured(wrong)) }
}

/// Reads `JETON_PUSH_QUEUE`: the URL of the SQS queue of streams whose signals are to be pushed.
///
/// # Errors
///
/// [`Misconfigured`] with every variable that is missing or wrong.
pub fn push_queue() -> Result<String, Misconfigured> {
    let mut wrong = Vec::new();
    required(&environment, "JETON_PUSH_QUEUE", &mut wrong).ok_or(Misconfigured(wrong))
}

/// Reads `JETON_EVENT_BUS`: the name or ARN of the event bus that receives the audit trail. `None`: only the log receives it.
///
/// # Errors
///
/// [`Misconfigured`] with every variable that is missing or wrong.
pub fn event_bus() -> Result<Option<String>, Misconfigured> {
    let mut wrong = Vec::new();
    let name = optional(&environment, "JETON_EVENT_BUS", &mut wrong);
    if wrong.is_empty() { Ok(name) } else { Err(Misconfigured(wrong)) }
}

/// Reads `JETON_CLIENT_CERTIFICATES`, `on` or `off`: whether clients reach the API by a domain with mutual TLS, too. It is
/// off if it is missing.
///
/// # Errors
///
/// [`Misconfigured`] with every variable that is missing or wrong.
pub fn client_certificates() -> Result<ClientCertificates, Misconfigured> {
    let mut wrong = Vec::new();
    let on = optional(&environment, "JETON_CLIENT_CERTIFICATES", &mut wrong).is_some_and(|Switch(on)| on);
    if !wrong.is_empty() {
        return Err(Misconfigured(wrong));
    }
    Ok(if on { ClientCertificates::Arrive } else { ClientCertificates::NeverArrive })
}

/// Reads `JETON_ENDPOINT_METRICS`: whether CloudWatch counts the requests of each endpoint (`endpoint`), by org as well (`org`), or
/// doesn't (`off`, and if it is missing), and `JETON_METRICS_NAMESPACE`, the namespace of these metrics, which is `Jeton` if it is
/// missing.
///
/// # Errors
///
/// [`Misconfigured`] with every variable that is missing or wrong.
pub fn endpoint_metrics() -> Result<Option<EndpointMetrics>, Misconfigured> {
    read_endpoint_metrics(environment)
}

fn read_endpoint_metrics(look_up: impl Fn(&str) -> Option<String>) -> Result<Option<EndpointMetrics>, Misconfigured> {
    let mut wrong = Vec::new();
    let counted = optional(&look_up, "JETON_ENDPOINT_METRICS", &mut wrong).unwrap_or(Counted::Nothing);
    let namespace = optional(&look_up, "JETON_METRICS_NAMESPACE", &mut wrong);
    let namespace = namespace.map_or_else(|| "Jeton".to_owned(), |Namespace(name)| name);
    if !wrong.is_empty() {
        return Err(Misconfigured(wrong));
    }
    Ok(match counted {
        Counted::Nothing => None,
        Counted::ByEndpoint => Some(EndpointMetrics { namespace, by_org: false }),
        Counted::ByOrg => Some(EndpointMetrics { namespace, by_org: true }),
    })
}

/// By what requests are counted: the words `off`, `endpoint` and `org`.
enum Counted {
    Nothing,
    ByEndpoint,
    ByOrg,
}

impl FromStr for Counted {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Nothing),
            "endpoint" => Ok(Self::ByEndpoint),
            "org" => Ok(Self::ByOrg),
            _ => Err("must be off, endpoint or org"),
        }
    }
}

/// A namespace as CloudWatch allows it.
struct Namespace(String);

impl FromStr for Namespace {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_namespace = text.len() <= 255
            && !text.starts_with("AWS/")
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/#:".contains(&byte));
        let rule = "must be at most 255 of A-Z, a-z, 0-9, ., _, -, /, # and :, and not begin with AWS/";
        if is_namespace { Ok(Self(text.to_owned())) } else { Err(rule) }
    }
}

/// Reads `JETON_MTLS_URL`: the address at which clients present their certificates, if it isn't the issuer's. `None`: there is none.
///
/// # Errors
///
/// [`Misconfigured`] with every variable that is missing or wrong.
pub fn mtls_url() -> Result<Option<MtlsUrl>, Misconfigured> {
    let mut wrong = Vec::new();
    let url = optional(&environment, "JETON_MTLS_URL", &mut wrong);
    if wrong.is_empty() { Ok(url) } else { Err(Misconfigured(wrong)) }
}

/// Reads `JETON_SIGNING_ALGORITHMS`, where it is only told: all that there are, if it isn't set.
///
/// # Errors
///
/// [`Misconfigured`] with every variable that is missing or wrong.
pub fn signing_algorithms() -> Result<Vec<Algorithm>, Misconfigured> {
    let mut wrong = Vec::new();
    let algorithms = optional(&environment, "JETON_SIGNING_ALGORITHMS", &mut wrong).map(|Algorithms(list)| list);
    if wrong.is_empty() { Ok(algorithms.unwrap_or_else(|| Algorithm::ALL.to_vec())) } else { Err(Misconfigured(wrong)) }
}

/// Reads `JETON_OPEN_ORG`: the id of the org of clients that bring none. `None`: there is none.
///
/// # Errors
///
/// [`Misconfigured`] with every variable that is missing or wrong.
pub fn open_org() -> Result<Option<OrgId>, Misconfigured> {
    let mut wrong = Vec::new();
    let org = optional(&environment, "JETON_OPEN_ORG", &mut wrong);
    if wrong.is_empty() { Ok(org) } else { Err(Misconfigured(wrong)) }
}

/// Reads `JETON_SECRET_SCANNING_KEYS`, URLs separated by blanks: where the scanners of secrets whose reports of leaked API keys are taken
/// publish their keys. If missing, none are taken.
///
/// # Errors
///
/// [`Misconfigured`] with every variable that is missing or wrong.
pub fn secret_scanners() -> Result<Vec<ScannerUrl>, Misconfigured> {
    read_secret_scanners(environment)
}

fn read_secret_scanners(look_up: impl Fn(&str) -> Option<String>) -> Result<Vec<ScannerUrl>, Misconfigured> {
    let mut wrong = Vec::new();
    let urls = optional(&look_up, "JETON_SECRET_SCANNING_KEYS", &mut wrong).map(|ScannerUrls(list)| list).unwrap_or_default();
    if wrong.is_empty() { Ok(urls) } else { Err(Misconfigured(wrong)) }
}

/// A list of URLs, separated by blanks.
struct ScannerUrls(Vec<ScannerUrl>);

impl FromStr for ScannerUrls {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        text.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

/// Reads what the authorizer requires of a token: an audience (`JETON_REQUIRED_AUDIENCE`) and scopes (`JETON_REQUIRED_SCOPES`,
/// separated by blanks), of which it must have all. What is missing isn't required. Opaque tokens must be of the org in
/// `JETON_REQUIRED_ORG`, and aren't taken without one.
///
/// # Errors
///
/// [`Misconfigured`] with every variable that is missing or wrong.
pub fn requirements() -> Result<Requirements, Misconfigured> {
    read_requirements(environment)
}

fn read_requirements(look_up: impl Fn(&str) -> Option<String>) -> Result<Requirements, Misconfigured> {
    let mut wrong = Vec::new();
    let audience = optional(&look_up, "JETON_REQUIRED_AUDIENCE", &mut wrong);
    let scopes = optional(&look_up, "JETON_REQUIRED_SCOPES", &mut wrong).map(|Scopes(list)| list).unwrap_or_default();
    let org = optional(&look_up, "JETON_REQUIRED_ORG", &mut wrong);
    if wrong.is_empty() { Ok(Requirements { audience, scopes, org }) } else { Err(Misconfigured(wrong)) }
}

/// A list of scopes, separated by blanks.
struct Scopes(Vec<Scope>);

impl FromStr for Scopes {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        text.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl KeyMaking {
    /// Reads the configuration of a function that creates signing keys.
    ///
    /// # Errors
    ///
    /// [`Misconfigured`] with every variable that is missing or wrong, or an algorithm
    /// that the signing mode doesn't have.
    pub fn from_env() -> Result<Self, Misconfigured> {
        Self::read(environment)
    }

    fn read(look_up: impl Fn(&str) -> Option<String>) -> Result<Self, Misconfigured> {
        let mut wrong = Vec::new();
        let mode = required(&look_up, "JETON_SIGNING_MODE", &mut wrong);
        let algorithms = required(&look_up, "JETON_SIGNING_ALGORITHMS", &mut wrong).map(|Algorithms(list)| list);
        let every = required(&look_up, "JETON_ROTATION_DAYS", &mut wrong).map(|Days(every)| every);
        let rsa_bits = optional(&look_up, "JETON_RSA_BITS", &mut wrong).map_or(2_048, |RsaBits(bits)| bits);
        let alias = required(&look_up, "JETON_KEY_ALIAS", &mut wrong).map(|Alias(prefix)| prefix);
        let policy = optional(&look_up, "JETON_SIGNING_KEY_POLICY", &mut wrong);
        let multi_region = optional(&look_up, "JETON_MULTI_REGION", &mut wrong).is_some_and(|Switch(on)| on);
        if let (Some(mode), Some(algorithms)) = (mode, &algorithms) {
            let missing = algorithms.iter().filter(|alg| !SigningMode::has(mode, **alg));
            wrong.extend(missing.map(|alg| {
                format!(
                    "{} in JETON_SIGNING_ALGORITHMS needs kms in JETON_SIGNING_MODE: KMS makes no such keys for use elsewhere",
                    alg.as_str()
                )
            }));
        }
        match (mode, algorithms, every, alias) {
            (Some(mode), Some(algorithms), Some(every), Some(alias)) if wrong.is_empty() => {
                let schedule = Schedule { every, lead: Seconds::DAY };
                Ok(Self { mode, algorithms, schedule, rsa_bits, alias, policy, multi_region })
            }
            _ => Err(Misconfigured(wrong)),
        }
    }
}

impl Aws {
    /// Reads the configuration of a function that uses AWS.
    ///
    /// # Errors
    ///
    /// [`Misconfigured`] with every variable that is missing or wrong.
    pub fn from_env() -> Result<Self, Misconfigured> {
        Self::read(environment)
    }

    /// Returns the configuration for an emulator: every service at this endpoint, tables of these names, and credentials that
    /// only an emulator accepts.
    pub fn emulated(endpoint: &str, tokens_table: &str, directory_table: &str) -> Self {
        Self {
            region: "us-east-1".to_owned(),
            credentials: AwsCredentials::Keys(AwsKeys {
                access_key_id: "test".to_owned(),
                secret_access_key: Secret::new("test".to_owned()),
                session_token: None,
            }),
            endpoints: Endpoints { all: Some(endpoint.to_owned()), ..Endpoints::default() },
            tokens_table: tokens_table.to_owned(),
            directory_table: directory_table.to_owned(),
            by_subject: true,
        }
    }

    /// Reads region, credentials and endpoints for tables of these names, with the index by subject: for programs that aren't
    /// functions. The region may be in `AWS_DEFAULT_REGION`, too.
    ///
    /// # Errors
    ///
    /// [`Misconfigured`] with every variable that is missing or wrong.
    pub fn in_tables(tokens_table: &str, directory_table: &str) -> Result<Self, Misconfigured> {
        Self::read(|name| match name {
            "AWS_REGION" => environment(name).or_else(|| environment("AWS_DEFAULT_REGION")),
            "JETON_TOKENS_TABLE" => Some(tokens_table.to_owned()),
            "JETON_DIRECTORY_TABLE" => Some(directory_table.to_owned()),
            "JETON_BY_SUBJECT" => Some("on".to_owned()),
            other => environment(other),
        })
    }

    fn read(look_up: impl Fn(&str) -> Option<String>) -> Result<Self, Misconfigured> {
        let mut wrong = Vec::new();
        let region = required(&look_up, "AWS_REGION", &mut wrong);
        let credentials = read_credentials(&look_up, &mut wrong);
        let mut endpoint = |name| optional(&look_up, name, &mut wrong).map(|Url(text)| text);
        let endpoints = Endpoints {
            all: endpoint("AWS_ENDPOINT_URL"),
            dynamodb: endpoint("AWS_ENDPOINT_URL_DYNAMODB"),
            eventbridge: endpoint("AWS_ENDPOINT_URL_EVENTBRIDGE"),
            kms: endpoint("AWS_ENDPOINT_URL_KMS"),
            sqs: endpoint("AWS_ENDPOINT_URL_SQS"),
        };
        let tokens_table = required(&look_up, "JETON_TOKENS_TABLE", &mut wrong);
        let directory_table = required(&look_up, "JETON_DIRECTORY_TABLE", &mut wrong);
        let by_subject = required(&look_up, "JETON_BY_SUBJECT", &mut wrong).map(|Switch(on)| on);
        match (region, credentials, tokens_table, directory_table, by_subject) {
            (Some(region), Some(credentials), Some(tokens_table), Some(directory_table), Some(by_subject))
                if wrong.is_empty() =>
            {
                Ok(Self { region, credentials, endpoints, tokens_table, directory_table, by_subject })
            }
            _ => Err(Misconfigured(wrong)),
        }
    }
}

/// Reads the credentials in the environment or, where none of them is, those at an endpoint. `None`: what is wrong or missing has been
/// added to `wrong`.
fn read_credentials(look_up: &impl Fn(&str) -> Option<String>, wrong: &mut Vec<String>) -> Option<AwsCredentials> {
    let is_given = |name| look_up(name).is_some_and(|text| !text.is_empty());
    let has_keys = is_given("AWS_ACCESS_KEY_ID") || is_given("AWS_SECRET_ACCESS_KEY");
    if !has_keys && is_given("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
        let CredentialsUrl(url) = optional(look_up, "AWS_CONTAINER_CREDENTIALS_FULL_URI", wrong)?;
        let file = optional(look_up, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", wrong).map(EndpointAuthorization::File);
        let token = optional(look_up, "AWS_CONTAINER_AUTHORIZATION_TOKEN", wrong);
        let authorization = file.or_else(|| token.map(Secret::new).map(EndpointAuthorization::Token));
        return Some(AwsCredentials::Endpoint(CredentialsEndpoint { url, authorization }));
    }
    let access_key_id = required(look_up, "AWS_ACCESS_KEY_ID", wrong);
    let secret_access_key = required(look_up, "AWS_SECRET_ACCESS_KEY", wrong).map(Secret::new);
    let session_token = optional(look_up, "AWS_SESSION_TOKEN", wrong).map(Secret::new);
    Some(AwsCredentials::Keys(AwsKeys { access_key_id: access_key_id?, secret_access_key: secret_access_key?, session_token }))
}

/// The address of an endpoint that may be asked for credentials: whoever answers it could also read what is signed with them.
struct CredentialsUrl(Uri);

impl FromStr for CredentialsUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const RULE: &str = "must be an https URL, or an http URL of this host or of the agent of ECS (169.254.170.2) or EKS \
             (169.254.170.23, fd00:ec2::23)";
        let uri: Uri = text.parse().map_err(|_| RULE)?;
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let is_near = host == "localhost" || host.parse().is_ok_and(is_beside);
        let may_be_asked = match uri.scheme_str() {
            Some("https") => !host.is_empty(),
            Some("http") => is_near,
            _ => false,
        };
        if may_be_asked { Ok(Self(uri)) } else { Err(RULE) }
    }
}

/// Whether an address is this host's own, or one at which ECS or EKS hands out credentials.
fn is_beside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || matches!(v4.octets(), [169, 254, 170, 2 | 23]),
        IpAddr::V6(v6) => v6.is_loopback() || v6.segments() == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23],
    }
}

/// An `http` or `https` URL with a host.
struct Url(String);

impl FromStr for Url {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = text.parse::<Uri>().ok();
        let is_address = url.is_some_and(|url| matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some());
        if is_address { Ok(Self(text.to_owned())) } else { Err("must be an http or https URL") }
    }
}

/// A list of algorithms, separated by commas, none of them twice.
struct Algorithms(Vec<Algorithm>);

impl FromStr for Algorithms {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let list: Vec<Algorithm> = text.split(',').map_while(|name| name.trim().parse().ok()).collect();
        let is_whole = list.len() == text.split(',').count();
        let is_twice = list.iter().enumerate().any(|(n, alg)| list[..n].contains(alg));
        if is_whole && !is_twice { Ok(Self(list)) } else { Err("must be names of JWS algorithms, commas between, each once") }
    }
}

/// A number of days for which a key signs. At least 2, because the next key is published one day before it signs.
struct Days(Seconds);

impl FromStr for Days {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let days = text.parse::<u32>().ok().filter(|days| (2..=3_650).contains(days));
        days.map(|days| Self(Seconds(days * Seconds::DAY.0))).ok_or("must be a number of days from 2 to 3650")
    }
}

/// The length of an RSA key in bits that KMS offers.
struct RsaBits(u16);

impl FromStr for RsaBits {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bits = text.parse().ok().filter(|bits| matches!(bits, 2_048 | 3_072 | 4_096));
        bits.map(Self).ok_or("must be 2048, 3072 or 4096")
    }
}

/// The beginning of a KMS alias that isn't one of AWS's own.
struct Alias(String);

impl FromStr for Alias {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_alias = text.strip_prefix("alias/").is_some_and(|name| !name.is_empty() && !name.starts_with("aws/"));
        if is_alias { Ok(Self(text.to_owned())) } else { Err("must begin with alias/, and not with alias/aws/") }
    }
}

/// The words `on` and `off`.
struct Switch(bool);

impl FromStr for Switch {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "on" => Ok(Self(true)),
            "off" => Ok(Self(false)),
            _ => Err("must be on or off"),
        }
    }
}

/// Reads where the command line finds the service, if `JETON_URL` says so.
pub fn cli_url() -> Option<String> {
    environment("JETON_URL").filter(|url| !url.is_empty())
}

/// Reads the token that the command line asks with, if `JETON_TOKEN` has one.
pub fn cli_token() -> Option<Secret<String>> {
    environment("JETON_TOKEN").filter(|token| !token.is_empty()).map(Secret::new)
}

fn environment(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    env::var(name).ok()
}

/// Reads a variable that must be set. `None`: the message that says why has been added to `wrong`.
fn required<T: FromStr<Err: std::fmt::Display>>(
    look_up: &impl Fn(&str) -> Option<String>,
    name: &str,
    wrong: &mut Vec<String>,
) -> Option<T> {
    if look_up(name).is_none_or(|text| text.is_empty()) {
        wrong.push(format!("{name} is not set"));
    }
    optional(look_up, name, wrong)
}

/// Reads a variable that may be missing; an empty one counts as missing. `None`: it is missing or wrong, and if it is wrong, the
/// message that says why has been added to `wrong`.
fn optional<T: FromStr<Err: std::fmt::Display>>(
    look_up: &impl Fn(&str) -> Option<String>,
    name: &str,
    wrong: &mut Vec<String>,
) -> Option<T> {
    let text = look_up(name).filter(|text| !text.is_empty())?;
    text.parse().map_err(|rule| wrong.push(format!("{name} {rule}"))).ok()
}

#[cfg(test)]
mod tests;
