//! The seed file: orgs, members and clients as JSON.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::Deserialize;

use super::Text;
use super::member::{ProfileBody, PutMember};
use super::org::PutOrg;
use super::settings::Settings;
use crate::admin::orgs_and_members::{MemberDraft, OrgDraft};
use crate::domain::{App, Invalid, MemberKey, MemberKind, OrgId, Refusal, Role, ScopePattern, Subject};
use crate::encoding::{FromText, Object, present, strict_json};

mod client;

use client::RawClient;
pub use client::SeedClient;

/// What a seed file says.
#[derive(Debug, Default)]
pub struct Seed {
    /// In the order of the file: parents before their children.
    pub orgs: Vec<SeedOrg>,
    /// Members, of these orgs or of ones that are there already.
    pub members: Vec<(MemberKey, MemberDraft)>,
    /// Clients, of these orgs or of ones that are there already.
    pub clients: Vec<SeedClient>,
}

/// An org of a seed file.
#[derive(Debug)]
pub struct SeedOrg {
    /// The id of the org.
    pub id: OrgId,
    /// What is said of it.
    pub draft: OrgDraft,
    /// SHA-256 of its API secrets. `None`: those that it has.
    pub secrets: Option<Vec<[u8; 32]>>,
}

/// What is wrong with a seed file, and where.
#[derive(Debug, thiserror::Error)]
pub enum BadSeed {
    /// It can't be read as a seed.
    #[error("line {line}, column {column}: {member}{rule}")]
    Unreadable {
        /// Position in the file, counted from 1.
        line: usize,
        /// Position in the file, counted from 1.
        column: usize,
        /// The member and a blank, or nothing.
        member: String,
        /// What it must be.
        rule: String,
    },
    /// An entry contradicts itself or another one.
    #[error("{entry}: {rule}")]
    Contradiction {
        /// The entry and field that are wrong, such as `members[3].scopes`.
        entry: String,
        /// What it must be.
        rule: String,
    },
}

impl Seed {
    /// Reads a seed file. Unlike a request it may have no unknown members: a misspelled one would be lost silently.
    ///
    /// # Errors
    /// [`BadSeed`], which names the place: the file isn't JSON, or an entry is malformed or contradicts itself.
    pub fn read(file: &str) -> Result<Self, BadSeed> {
        let mut reader = serde_json::Deserializer::from_str(file);
        let Object(raw): Object<File> = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            let inner = error.inner();
            let (member, rule) = crate::encoding::json::explain(inner);
            // Where the file ends too early there is no path, but a question mark.
            let member = [path.trim_matches(['.', '?']), &member]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(".");
            let rule = if inner.is_data() { rule } else { syntax(inner) };
            let member = if member.is_empty() { member } else { format!("{member} ") };
            BadSeed::Unreadable { line: inner.line(), column: inner.column(), member, rule }
        })?;
        reader.end().map_err(|error| unreadable(&error))?;
        strict_json::check(file.as_bytes())
            .map_err(|problem| BadSeed::Contradiction { entry: "the file".into(), rule: problem.to_string() })?;
        raw.try_into_seed()
    }
}

fn unreadable(error: &serde_json::Error) -> BadSeed {
    BadSeed::Unreadable { line: error.line(), column: error.column(), member: String::new(), rule: syntax(error) }
}

fn syntax(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(text, _)| text.to_owned())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    orgs: Vec<Object<RawOrg>>,
    #[serde(default)]
    members: Vec<Object<RawMember>>,
    #[serde(default)]
    clients: Vec<Object<RawClient>>,
}

impl File {
    fn try_into_seed(self) -> Result<Seed, BadSeed> {
        let wrong = |list: &str, index: usize, refusal: Refusal| {
            let Refusal::Invalid { field, rule } = refusal else { unreachable!("drafts are refused by member") };
            BadSeed::Contradiction { entry: format!("{list}[{index}].{field}"), rule: rule.into_owned() }
        };
        let mut seed = Seed::default();
        for (index, Object(org)) in self.orgs.into_iter().enumerate() {
            seed.orgs.push(org.try_into_org().map_err(|refusal| wrong("orgs", index, refusal))?);
        }
        for (index, Object(member)) in self.members.into_iter().enumerate() {
            seed.members.push(member.try_into_member().map_err(|refusal| wrong("members", index, refusal))?);
        }
        for (index, Object(client)) in self.clients.into_iter().enumerate() {
            seed.clients.push(client.try_into_client().map_err(|refusal| wrong("clients", index, refusal))?);
        }
        Ok(seed)
    }
}

// No `flatten`: it would lose the line of an error, and let unknown members pass.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOrg {
    id: FromText<OrgId>,
    #[serde(default, deserialize_with = "present")]
    parent: Option<FromText<OrgId>>,
    #[serde(default, deserialize_with = "present")]
    name: Option<FromText<Text>>,
    #[serde(default, deserialize_with = "present")]
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    settings: Option<Object<Settings>>,
    #[serde(default, deserialize_with = "present")]
    secrets_sha256: Option<Vec<FromText<Sha256>>>,
}

impl RawOrg {
    fn try_into_org(self) -> Result<SeedOrg, Refusal> {
        let Self { id, parent, name, enabled, settings, secrets_sha256 } = self;
        let draft = PutOrg { parent, name, enabled, settings, ..PutOrg::default() }.into_draft(&id.0)?;
        Ok(SeedOrg { id: id.0, draft, secrets: secrets_sha256.map(secrets).transpose()? })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMember {
    org: FromText<OrgId>,
    sub: FromText<Subject>,
    #[serde(default, deserialize_with = "present")]
    kind: Option<FromText<MemberKind>>,
    #[serde(default, deserialize_with = "present")]
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    profile: Option<Object<ProfileBody>>,
    #[serde(default, deserialize_with = "present")]
    scopes: Option<Vec<FromText<ScopePattern>>>,
    #[serde(default, deserialize_with = "present")]
    roles: Option<BTreeMap<FromText<App>, Vec<FromText<Role>>>>,
}

impl RawMember {
    fn try_into_member(self) -> Result<(MemberKey, MemberDraft), Refusal> {
        let Self { org, sub, kind, enabled, profile, scopes, roles } = self;
        let key = MemberKey { org: org.0, subject: sub.0 };
        let draft = PutMember { kind, enabled, profile, scopes, roles, ..PutMember::default() }.into_draft(&key)?;
        Ok((key, draft))
    }
}

/// SHA-256 of a secret that the service or whoever wrote the file has made.
#[derive(Debug)]
struct Sha256([u8; 32]);

impl FromStr for Sha256 {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must be a SHA-256 in 64 hexadecimal digits");
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(RULE);
        }
        let mut hash = [0; 32];
        for (i, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| RULE)?;
        }
        Ok(Self(hash))
    }
}

/// Reads the hashes of an org's secrets: one, or two during a change.
fn secrets(given: Vec<FromText<Sha256>>) -> Result<Vec<[u8; 32]>, Refusal> {
    if given.len() > 2 {
        return Err(Refusal::invalid("secrets_sha256", "must have at most 2 entries"));
    }
    Ok(given.into_iter().map(|hash| hash.0.0).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Algorithm, ClientAuthMethod, Seconds};

    const SEED: &str = r#"{
        "orgs": [
            {"id": "1", "secrets_sha256": ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]},
            {"id": "2", "parent": "1", "settings": {"token_duration": 60, "access_token_sign_alg": "EdDSA"}}
        ],
        "members": [
            {"org": "2", "sub": "ann", "scopes": ["urn:a:*"], "roles": {"app": ["owner"]}, "profile": {"email": "ann@example.org"}}
        ],
        "clients": [
            {"org": "2", "id": 7, "alias": "shop", "kind": "public", "grants": ["refresh_token"], "scopes": ["urn:a:b"]},
            {"org": "2", "id": 8, "name": "Back office", "kind": "confidential", "auth_method": "private_key_jwt",
             "jwks": {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]},
             "token_duration": 60, "refresh_token_duration": 600, "single_token_per_subject": true,
             "certificate_bound_tokens": true, "may_exchange_tokens": true, "attributes": {"a": "b"}, "enabled": false}
        ]
    }"#;

    #[test]
    fn a_seed_is_read_whole() {
        let seed = Seed::read(SEED).unwrap();
        assert_eq!((seed.orgs.len(), seed.members.len(), seed.clients.len()), (2, 1, 2));
        assert_eq!(seed.orgs[0].secrets.as_ref().unwrap()[0][..2], [0x9f, 0x86]);
        assert!(seed.orgs[1].secrets.is_none());
        let settings = &seed.orgs[1].draft.settings;
        assert_eq!((settings.token_duration, settings.oauth.access_token_sign_alg), (Some(Seconds(60)), Some(Algorithm::EdDsa)));
        let [shop, office] = &seed.clients[..] else { panic!() };
        assert_eq!((shop.settings.auth_method, shop.enabled), (ClientAuthMethod::None, true));
        assert_eq!(shop.settings.scopes.as_ref().unwrap().len(), 1);
        let settings = &office.settings;
        assert_eq!(
            (settings.auth_method, settings.scopes.is_none(), office.enabled),
            (ClientAuthMethod::PrivateKeyJwt, true, false)
        );
        assert_eq!((settings.token_duration, settings.refresh_token_duration), (Some(Seconds(60)), Some(Seconds(600))));
        assert!(settings.single_token_per_subject && settings.certificate_bound_tokens && settings.may_exchange_tokens);
        assert_eq!((settings.name.as_deref(), &settings.attributes[..]), (Some("Back office"), &[("a".into(), "b".into())][..]));
        assert!(settings.jwks.as_ref().unwrap().contains("Ed25519"));
    }

    #[test]
    fn a_wrong_seed_names_the_member_and_the_line() {
        for (file, message) in [
            ("{\n\"orgs\": [{\"id\": \"a b\"}]}", "line 2, column 21: orgs[0].id must be 1 to 64 of A-Z, a-z, 0-9, _ and -"),
            ("{\"members\": [\n{\"org\": \"1\"}]}", "line 2, column 12: members[0].sub is required"),
            (
                "{\"orgs\": [\n{\"id\": \"1\", \"sttings\": {}}]}",
                "line 2, column 21: orgs[0].sttings is not a known field (did you mean \"settings\"?)",
            ),
            (
                "{\"orgs\": [{\"id\": \"1\",\n\"settings\": {\"token_duration\": 0}}]}",
                "line 2, column 32: orgs[0].settings.token_duration must be an integer from 1 to 34,560,000 (seconds: at most 400 days)",
            ),
            (
                "{\"orgs\": [{\"id\": \"1\", \"settings\": {\"token_duration\": 60, \"max_token_duration\": 30}}]}",
                "orgs[0].settings.token_duration: must not be longer than max_token_duration",
            ),
            (
                "{\"clients\": [{\"org\": \"1\", \"id\": 7, \"kind\": \"confidential\", \"auth_method\": \"none\"}]}",
                "clients[0].auth_method: must not be none for a confidential client",
            ),
            (
                "{\"clients\": [{\"org\": \"1\", \"id\": 7, \"kind\": \"public\", \"grants\": [\"x\"]}]}",
                "line 1, column 67: clients[0].grants[0] must be a grant_type of OAuth",
            ),
            (
                "{\"clients\": [{\"org\": \"1\", \"id\": 7, \"kind\": \"public\", \"jwks\": {\"keys\": [{\"kty\": \"oct\", \"k\": \"AA\"}]}}]}",
                "line 1, column 99: clients[0].jwks must be a public key",
            ),
            ("{\"orgs\": [}", "line 1, column 11: orgs[0] expected value"),
            ("{}x", "line 1, column 3: trailing characters"),
        ] {
            assert_eq!(Seed::read(file).unwrap_err().to_string(), message);
        }
    }
}
