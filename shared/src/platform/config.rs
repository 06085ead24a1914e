//! The one place that reads the environment: what a function is told when it starts.

use std::env;
use std::str::FromStr;

use http::Uri;

use crate::domain::{Algorithm, Fault, Invalid, Issuer, Requirements, Schedule, Scope, Seconds, Secret, SigningMode};
use crate::keys::remote::Origins;

/// What a function needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// `_HANDLER`: the name of the endpoint that this function serves. Set by Lambda from the template's `Handler`.
    pub handler: String,
    /// `JETON_ISSUER`: the `iss` of the tokens.
    pub issuer: Issuer,
    /// `JETON_JWKS_ORIGINS`, blanks between: where the key sets of others may be read. Missing: nowhere.
    pub jwks_origins: Origins,
}

/// What a function that stands on AWS needs to know besides.
#[derive(Clone, Debug)]
pub struct Aws {
    /// `AWS_REGION`
    pub region: String,
    /// The function's own rights. Lambda sets them, and ends the process before they do.
    pub credentials: AwsCredentials,
    /// Where the services are, if not where AWS has them.
    pub endpoints: Endpoints,
    /// `JETON_TOKENS_TABLE`: name of the table of tokens.
    pub tokens_table: String,
    /// `JETON_DIRECTORY_TABLE`: name of the table of orgs, members, clients and keys.
    pub directory_table: String,
    /// `JETON_BY_SUBJECT`, `on` or `off`: whether the table of tokens has its index by subject.
    pub by_subject: bool,
}

/// What requests to AWS are signed with.
#[derive(Clone, Debug)]
pub struct AwsCredentials {
    /// `AWS_ACCESS_KEY_ID`
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`
    pub secret_access_key: Secret<String>,
    /// `AWS_SESSION_TOKEN`
    pub session_token: Option<Secret<String>>,
}

/// Where the services of AWS are, for emulators and private networks. Everything may be missing.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    /// `AWS_ENDPOINT_URL`: all of them that have none of their own.
    pub all: Option<String>,
    /// `AWS_ENDPOINT_URL_DYNAMODB`
    pub dynamodb: Option<String>,
    /// `AWS_ENDPOINT_URL_EVENTBRIDGE`
    pub eventbridge: Option<String>,
    /// `AWS_ENDPOINT_URL_KMS`
    pub kms: Option<String>,
    /// `AWS_ENDPOINT_URL_SQS`
    pub sqs: Option<String>,
}

impl Endpoints {
    /// Where DynamoDB is. `None`: where AWS has it.
    pub fn dynamodb(&self) -> Option<String> {
        self.dynamodb.as_ref().or(self.all.as_ref()).cloned()
    }

    /// Where EventBridge is. `None`: where AWS has it.
    pub fn eventbridge(&self) -> Option<String> {
        self.eventbridge.as_ref().or(self.all.as_ref()).cloned()
    }

    /// Where KMS is. `None`: where AWS has it.
    pub fn kms(&self) -> Option<String> {
        self.kms.as_ref().or(self.all.as_ref()).cloned()
    }

    /// Where SQS is. `None`: where AWS has it.
    pub fn sqs(&self) -> Option<String> {
        self.sqs.as_ref().or(self.all.as_ref()).cloned()
    }
}

/// What a function that makes keys needs to know besides.
#[derive(Clone, Debug)]
pub struct KeyMaking {
    /// `JETON_SIGNING_MODE`, `kms` or `envelope`: where private keys shall be.
    pub mode: SigningMode,
    /// `JETON_SIGNING_ALGORITHMS`: names as in a JWS header, commas between, the preferred one first.
    pub algorithms: Vec<Algorithm>,
    /// `JETON_ROTATION_DAYS`: how long one key signs, in days, at least 2.
    pub schedule: Schedule,
    /// `JETON_RSA_BITS`: 2048, 3072 or 4096. Missing: 2048.
    pub rsa_bits: u16,
    /// `JETON_KEY_ALIAS`: how the aliases of the signing keys in KMS begin, `alias/` included.
    pub alias: String,
    /// `JETON_SIGNING_KEY_POLICY`: their key policy, as JSON. Missing: the account's default.
    pub policy: Option<String>,
}

/// What is missing or wrong, all of it at once.
#[derive(Debug, thiserror::Error)]
#[error("the environment is not as it should be: {}", .0.join("; "))]
pub struct Misconfigured(Vec<String>);

impl From<Misconfigured> for Fault {
    fn from(wrong: Misconfigured) -> Self {
        Self::internal("reading the environment").because(wrong)
    }
}

impl Config {
    /// Reads the environment.
    pub fn from_env() -> Result<Self, Misconfigured> {
        Self::read(environment)
    }

    fn read(look_up: impl Fn(&str) -> Option<String>) -> Result<Self, Misconfigured> {
        let mut wrong = Vec::new();
        let handler = required(&look_up, "_HANDLER", &mut wrong);
        let issuer = required(&look_up, "JETON_ISSUER", &mut wrong);
        let jwks_origins = optional(&look_up, "JETON_JWKS_ORIGINS", &mut wrong).unwrap_or_default();
        match (handler, issuer) {
            (Some(handler), Some(issuer)) if wrong.is_empty() => Ok(Self { handler, issuer, jwks_origins }),
            _ => Err(Misconfigured(wrong)),
        }
    }
}

/// `JETON_ENVELOPE_KEY`: ARN of the KMS key that encrypts what functions that mint decrypt when they start.
pub fn envelope_key() -> Result<String, Misconfigured> {
    let mut wrong = Vec::new();
    required(&environment, "JETON_ENVELOPE_KEY", &mut wrong).ok_or(Misconfigured(wrong))
}

/// `JETON_BATCH_QUEUE`: URL of the queue of batches.
pub fn batch_queue() -> Result<String, Misconfigured> {
    let mut wrong = Vec::new();
    required(&environment, "JETON_BATCH_QUEUE", &mut wrong).ok_or(Misconfigured(wrong))
}

/// `JETON_EVENT_BUS`: name or ARN of the event bus to which the audit trail goes, too. Missing: it goes to the log alone.
pub fn event_bus() -> Result<Option<String>, Misconfigured> {
    let mut wrong = Vec::new();
    let name = optional(&environment, "JETON_EVENT_BUS", &mut wrong);
    if wrong.is_empty() { Ok(name) } else { Err(Misconfigured(wrong)) }
}

/// What an authorizer asks of a token. `JETON_REQUIRED_AUDIENCE`: that it is meant for this audience; `JETON_REQUIRED_SCOPES`,
/// blanks between: that it carries them all. Missing: nothing.
pub fn requirements() -> Result<Requirements, Misconfigured> {
    read_requirements(environment)
}

fn read_requirements(look_up: impl Fn(&str) -> Option<String>) -> Result<Requirements, Misconfigured> {
    let mut wrong = Vec::new();
    let audience = optional(&look_up, "JETON_REQUIRED_AUDIENCE", &mut wrong);
    let scopes = optional(&look_up, "JETON_REQUIRED_SCOPES", &mut wrong).map(|Scopes(list)| list).unwrap_or_default();
    if wrong.is_empty() { Ok(Requirements { audience, scopes }) } else { Err(Misconfigured(wrong)) }
}

struct Scopes(Vec<Scope>);

impl FromStr for Scopes {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        text.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl KeyMaking {
    /// Reads the environment.
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
        if let (Some(mode), Some(algorithms)) = (mode, &algorithms) {
            let missing = algorithms.iter().filter(|alg| !SigningMode::has(mode, **alg));
            wrong.extend(missing.map(|alg| {
                format!(
                    "{} in JETON_SIGNING_ALGORITHMS needs kms in JETON_SIGNING_MODE: KMS makes no such keys for use elsewhere",
                    alg.name()
                )
            }));
        }
        match (mode, algorithms, every, alias) {
            (Some(mode), Some(algorithms), Some(every), Some(alias)) if wrong.is_empty() => {
                let schedule = Schedule { every, lead: Seconds::DAY };
                Ok(Self { mode, algorithms, schedule, rsa_bits, alias, policy })
            }
            _ => Err(Misconfigured(wrong)),
        }
    }
}

impl Aws {
    /// Reads the environment.
    pub fn from_env() -> Result<Self, Misconfigured> {
        Self::read(environment)
    }

    /// Everything at this address, in tables of these names, with credentials that only an emulator takes.
    pub fn emulated(endpoint: &str, tokens_table: &str, directory_table: &str) -> Self {
        Self {
            region: "us-east-1".to_owned(),
            credentials: AwsCredentials {
                access_key_id: "test".to_owned(),
                secret_access_key: Secret::new("test".to_owned()),
                session_token: None,
            },
            endpoints: Endpoints { all: Some(endpoint.to_owned()), ..Endpoints::default() },
            tokens_table: tokens_table.to_owned(),
            directory_table: directory_table.to_owned(),
            by_subject: true,
        }
    }

    /// Region and credentials of the environment, for tables of these names: for programs that aren't functions.
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
        let access_key_id = required(&look_up, "AWS_ACCESS_KEY_ID", &mut wrong);
        let secret_access_key = required(&look_up, "AWS_SECRET_ACCESS_KEY", &mut wrong);
        let session_token = optional(&look_up, "AWS_SESSION_TOKEN", &mut wrong);
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
        match (region, access_key_id, secret_access_key, tokens_table, directory_table, by_subject) {
            (Some(region), Some(id), Some(secret), Some(tokens_table), Some(directory_table), Some(by_subject))
                if wrong.is_empty() =>
            {
                let credentials = AwsCredentials {
                    access_key_id: id,
                    secret_access_key: Secret::new(secret),
                    session_token: session_token.map(Secret::new),
                };
                Ok(Self { region, credentials, endpoints, tokens_table, directory_table, by_subject })
            }
            _ => Err(Misconfigured(wrong)),
        }
    }
}

/// The address of a service.
struct Url(String);

impl FromStr for Url {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = text.parse::<Uri>().ok();
        let is_address = url.is_some_and(|url| matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some());
        if is_address { Ok(Self(text.to_owned())) } else { Err("must be an http or https URL") }
    }
}

struct Algorithms(Vec<Algorithm>);

impl FromStr for Algorithms {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let list: Vec<_> = text.split(',').map_while(|name| Algorithm::from_name(name.trim())).collect();
        let is_whole = list.len() == text.split(',').count();
        let is_twice = list.iter().enumerate().any(|(n, alg)| list[..n].contains(alg));
        if is_whole && !is_twice { Ok(Self(list)) } else { Err("must be names of JWS algorithms, commas between, each once") }
    }
}

/// How long a key signs: longer than the next one is published before.
struct Days(Seconds);

impl FromStr for Days {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let days = text.parse::<u32>().ok().filter(|days| (2..=3_650).contains(days));
        days.map(|days| Self(Seconds(days * Seconds::DAY.0))).ok_or("must be a number of days from 2 to 3650")
    }
}

struct RsaBits(u16);

impl FromStr for RsaBits {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bits = text.parse().ok().filter(|bits| matches!(bits, 2_048 | 3_072 | 4_096));
        bits.map(Self).ok_or("must be 2048, 3072 or 4096")
    }
}

struct Alias(String);

impl FromStr for Alias {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_alias = text.strip_prefix("alias/").is_some_and(|name| !name.is_empty() && !name.starts_with("aws/"));
        if is_alias { Ok(Self(text.to_owned())) } else { Err("must begin with alias/, and not with alias/aws/") }
    }
}

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

fn environment(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    env::var(name).ok()
}

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
