//! What an assertion is presented to.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;

/// An org with three issuers, its members, and a service that can be asked.
pub(super) struct Stage {
    pub(super) ports: Granter,
    pub(super) clock: Arc<FrozenClock>,
    pub(super) org: Org,
    pub(super) remote: Arc<Remote>,
}

/// What is at the URL of a key set.
#[derive(Debug, Default)]
pub(super) struct Remote(pub(super) Mutex<Option<String>>);

#[async_trait]
impl FetchKeySets for Remote {
    async fn fetch(&self, _: &str) -> Result<FetchedText, Fault> {
        let text = self.0.lock().unwrap().clone().ok_or(Fault::unavailable("reading a key set"))?;
        Ok(FetchedText { text, max_age: None })
    }
}

pub(super) fn signer() -> LocalSigner {
    LocalSigner::for_tests(Algorithm::Es256)
}

pub(super) fn second() -> LocalSigner {
    LocalSigner::for_tests(Algorithm::Ps256)
}

pub(super) fn set(signers: &[&LocalSigner]) -> String {
    json!({"keys": signers.iter().map(|signer| jwk::to_json(signer.jwk())).collect::<Vec<_>>()}).to_string()
}

/// A set with the same key under two names.
fn twins() -> String {
    let [one, mut other] = [(); 2].map(|()| jwk::to_json(signer().jwk()));
    other["kid"] = "other".into();
    json!({"keys": [one, other]}).to_string()
}

fn issuer(name: &str, signers: &[&LocalSigner]) -> AssertionIssuer {
    AssertionIssuer::new(name.to_owned(), IssuerKeys::Inline(set(signers).into()))
}

fn member(org: &Org, subject: &str, enabled: bool) -> Member {
    Member {
        org: org.id.clone(),
        subject: Subject::parse(subject).unwrap(),
        kind: MemberKind::User,
        profile: Profile::default(),
        scopes: Vec::new(),
        roles: std::collections::BTreeMap::new(),
        enabled,
        created_at: org.created_at,
        updated_at: org.created_at,
    }
}

impl Stage {
    pub(super) async fn new() -> Self {
        let now = Timestamp::from_secs(NOW);
        let clock = Arc::new(FrozenClock::at(now));
        let store = Arc::new(SqliteStore::in_memory(clock.clone()).unwrap());
        let org = Org::new(OrgId::parse("1").unwrap(), now);
        let assertion_issuers = vec![
            issuer(IDP, &[&signer(), &second()]),
            issuer("https://single.example", &[&signer()]),
            AssertionIssuer { keys: IssuerKeys::Inline(twins().into()), ..issuer("https://twins.example", &[]) },
            AssertionIssuer { enabled: false, ..issuer("https://disabled.example", &[&signer()]) },
            AssertionIssuer { clients: Some(vec![client_id(8)]), ..issuer("https://of-8.example", &[&signer()]) },
            AssertionIssuer { any_subject: true, ..issuer("https://open.example", &[&signer()]) },
            AssertionIssuer { keys: IssuerKeys::At(JWKS_URI.to_owned()), ..issuer("https://remote.example", &[]) },
            AssertionIssuer {
                keys: IssuerKeys::At("https://169.254.169.254/jwks".to_owned()),
                ..issuer("https://elsewhere.example", &[])
            },
        ];
        assert_eq!(store.put_org(None, &org, Some(&AssertionSettings { assertion_issuers })).await.unwrap(), Put::Created);
        for (subject, enabled) in [("ann", true), ("bob", false)] {
            assert_eq!(store.put_member(&member(&org, subject, enabled)).await.unwrap(), Put::Created);
        }
        let remote = Arc::new(Remote::default());
        let parts = PlatformParts {
            clock: clock.clone(),
            entropy: Arc::new(Seeded::new(1)),
            issuer: Issuer::parse(HERE).unwrap(),
            store,
            signers: vec![Arc::new(LocalSigner::for_tests(Algorithm::Es384))],
            deriver: Arc::new(HmacDeriver::new(&Secret::new([7; 32]))),
        };
        let key_sets = KeySets::new(IDP.parse().unwrap(), remote.clone());
        let granter = Platform::new(parts).unwrap().reading(key_sets).provide();
        Self { ports: granter, clock, org, remote }
    }

    pub(super) async fn redeemed(&self, client: u64, assertion: &str) -> Result<Asserted, Denial> {
        match self.consume_proof(client, assertion).await {
            Ok(asserted) => Ok(asserted),
            Err(Error::Refused(Refusal::Denied(denial))) => Err(denial),
            Err(other) => panic!("{other:?}"),
        }
    }

    async fn consume_proof(&self, client: u64, assertion: &str) -> Result<Asserted, Error> {
        let client = client_of(&self.org, client);
        let verified = verify(&self.ports, &self.org, (&client, None), assertion, grant_purpose(assertion)).await?;
        if let Some(guard) = &verified.replay_guard {
            guard.consume(&*self.ports.once).await?;
        }
        Ok(verified.asserted)
    }

    /// Why it is denied, and that it is not used up by that.
    pub(super) async fn denied(&self, client: u64, assertion: &str) -> Denial {
        let first = self.redeemed(client, assertion).await.map(drop).unwrap_err();
        assert_eq!(self.redeemed(client, assertion).await.map(drop), Err(first), "it was used up");
        assert_eq!(first.error(), "invalid_grant");
        first
    }
}

fn client_id(number: u64) -> ClientId {
    ClientId::from_number(number).unwrap()
}

pub(super) fn client_of(org: &Org, number: u64) -> Client {
    bare_client(&org.id, client_id(number))
}
