//! KMS in this process, over HTTP: what an emulator gets wrong is right here (foreign keys, tampered ciphertexts, the longest
//! message). It knows no rights.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self as aws, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, PqdsaKeyPair, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What holds the keys. Clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct FakeKms(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    keys: HashMap<String, Key>,
    aliases: HashMap<String, String>,
    /// Signs in the place of another key.
    impostor: Option<String>,
}

struct Key {
    material: Material,
    state: &'static str,
    policy: Option<String>,
}

enum Material {
    Symmetric(LessSafeKey),
    Pair(Pair),
}

enum Pair {
    Ec(EcdsaKeyPair, &'static digest::Algorithm),
    Ed25519(Ed25519KeyPair),
    MlDsa(PqdsaKeyPair),
    Rsa(RsaKeyPair),
}

type Answer = Result<Value, (&'static str, String)>;

impl FakeKms {
    /// Listens on a port of its own. Returns its address.
    pub(crate) async fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let kms = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kms = kms.clone();
                let service = service_fn(move |request| {
                    let kms = kms.clone();
                    async move { Ok::<_, std::convert::Infallible>(kms.answer(request).await) }
                });
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        address
    }

    /// A new symmetric key. Returns its ARN.
    pub(crate) fn symmetric_key(&self) -> String {
        self.with(|state| state.add(Material::Symmetric(symmetric()), None, false))
    }

    /// Sets the state of all keys: `Enabled`, `Disabled`, `PendingDeletion` …
    pub(crate) fn set_all(&self, to: &'static str) {
        self.with(|state| state.keys.values_mut().for_each(|key| key.state = to));
    }

    /// From now on this key signs, whichever is asked to.
    pub(crate) fn let_sign(&self, impostor: Option<&str>) {
        self.with(|state| state.impostor = impostor.map(str::to_owned));
    }

    /// The states of the asymmetric keys, by ARN.
    pub(crate) fn pairs(&self) -> BTreeMap<String, &'static str> {
        self.with(|state| {
            let pairs = state.keys.iter().filter(|(_, key)| matches!(key.material, Material::Pair(_)));
            pairs.map(|(arn, key)| (arn.clone(), key.state)).collect()
        })
    }

    /// The key of each alias.
    pub(crate) fn aliases(&self) -> HashMap<String, String> {
        self.with(|state| state.aliases.clone())
    }

    /// The policy with which a key was made.
    pub(crate) fn policy(&self, arn: &str) -> Option<String> {
        self.with(|state| state.keys[arn].policy.clone())
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let target = request.headers()["x-amz-target"].to_str().unwrap().to_owned();
        let input: Value = serde_json::from_slice(&request.into_body().collect().await.unwrap().to_bytes()).unwrap();
        let operation = target.strip_prefix("TrentService.").expect("KMS is asked for nothing else");
        let (status, body) = match self.with(|state| state.call(operation, &input)) {
            Ok(output) => (200, output),
            Err((code, message)) => (400, json!({"__type": code, "message": message})),
        };
        let response = Response::builder().status(status).header("content-type", "application/x-amz-json-1.1");
        response.body(Full::new(body.to_string().into())).unwrap()
    }
}

impl State {
    fn call(&mut self, operation: &str, input: &Value) -> Answer {
        match operation {
            "CreateKey" => {
                let material = match input["KeySpec"].as_str() {
                    Some(spec) => Material::Pair(Pair::new(spec)),
                    None => Material::Symmetric(symmetric()),
                };
                let policy = input["Policy"].as_str().map(str::to_owned);
                let arn = self.add(material, policy, input["MultiRegion"] == true);
                let id = arn.rsplit('/').next().unwrap().to_owned();
                Ok(json!({"KeyMetadata": {"Arn": arn, "KeyId": id}}))
            }
            "CreateAlias" => {
                let (_, arn) = self.usable(input, "TargetKeyId")?;
                self.aliases.insert(text(input, "AliasName").to_owned(), arn);
                Ok(json!({}))
            }
            "DescribeKey" => {
                let (_, arn) = self.usable(input, "KeyId")?;
                Ok(json!({"KeyMetadata": {"Arn": arn, "KeyId": arn}}))
            }
            "GetPublicKey" => {
                let (key, arn) = self.usable(input, "KeyId")?;
                let Material::Pair(pair) = &key.material else { return Err(("UnsupportedOperationException", arn)) };
                Ok(json!({"KeyId": arn, "PublicKey": STANDARD.encode(pair.spki())}))
            }
            "ScheduleKeyDeletion" => {
                let (_, arn) = self.usable(input, "KeyId")?;
                self.keys.get_mut(&arn).unwrap().state = "PendingDeletion";
                Ok(json!({"KeyId": arn}))
            }
            "Sign" => self.sign(input),
            "GenerateDataKeyWithoutPlaintext" => {
                let (key, arn) = self.usable(input, "KeyId")?;
                Ok(json!({"KeyId": arn, "CiphertextBlob": STANDARD.encode(seal(key, &arn, input, &random::<32>()))}))
            }
            "GenerateDataKeyPairWithoutPlaintext" => {
                let (key, arn) = self.usable(input, "KeyId")?;
                let spec = text(input, "KeyPairSpec");
                if spec.starts_with("ML_DSA") {
                    return Err(("ValidationException", format!("1 validation error detected: {spec} at 'keyPairSpec'")));
                }
                let pair = Pair::new(spec);
                let sealed = seal(key, &arn, input, &pair.pkcs8());
                Ok(json!({
                    "KeyId": arn,
                    "PrivateKeyCiphertextBlob": STANDARD.encode(sealed),
                    "PublicKey": STANDARD.encode(pair.spki())
                }))
            }
            "Decrypt" => self.decrypt(input),
            other => Err(("UnknownOperationException", other.to_owned())),
        }
    }

    fn sign(&self, input: &Value) -> Answer {
        let (named, arn) = self.usable(input, "KeyId")?;
        let key = self.impostor.as_ref().map_or(named, |impostor| &self.keys[impostor]);
        let Material::Pair(pair) = &key.material else { return Err(("InvalidKeyUsageException", arn)) };
        let message = STANDARD.decode(text(input, "Message")).unwrap();
        if message.len() > 4_096 {
            return Err(("ValidationException", "1 validation error detected: Message".to_owned()));
        }
        let (algorithm, digested) = (text(input, "SigningAlgorithm"), text(input, "MessageType") == "DIGEST");
        let signature = pair.sign(algorithm, digested, &message)?;
        Ok(json!({"KeyId": arn, "Signature": STANDARD.encode(signature), "SigningAlgorithm": algorithm}))
    }

    fn decrypt(&self, input: &Value) -> Answer {
        let invalid = || ("InvalidCiphertextException", String::new());
        let blob = STANDARD.decode(text(input, "CiphertextBlob")).unwrap();
        let (length, rest) = blob.split_first().ok_or_else(invalid)?;
        let (arn, rest) = rest.split_at_checked((*length).into()).ok_or_else(invalid)?;
        let (nonce, sealed) = rest.split_at_checked(12).ok_or_else(invalid)?;
        let arn = std::str::from_utf8(arn).map_err(|_| invalid())?;
        let named = input["KeyId"].as_str().map(|name| self.aliases.get(name).map_or(name, String::as_str));
        if named.is_some_and(|named| named != arn) {
            return Err(("IncorrectKeyException", String::new()));
        }
        let (key, _) = self.usable(&json!({"KeyId": arn}), "KeyId")?;
        let Material::Symmetric(key) = &key.material else { return Err(invalid()) };
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).unwrap();
        let plaintext = key.open_in_place(nonce, Aad::from(context(input)), &mut sealed).map_err(|_| invalid())?;
        Ok(json!({"KeyId": arn, "Plaintext": STANDARD.encode(plaintext)}))
    }

    fn add(&mut self, material: Material, policy: Option<String>, multi_region: bool) -> String {
        let prefix = if multi_region { "mrk-" } else { "" };
        let arn = format!("arn:aws:kms:us-east-1:000000000000:key/{prefix}{:08}", self.keys.len() + 1);
        self.keys.insert(arn.clone(), Key { material, state: "Enabled", policy });
        arn
    }

    /// The key that a member of the input names, if it can be used.
    fn usable(&self, input: &Value, member: &str) -> Result<(&Key, String), (&'static str, String)> {
        let name = text(input, member);
        let arn = self.aliases.get(name).map_or(name, String::as_str);
        let key = self.keys.get(arn).ok_or_else(|| ("NotFoundException", format!("Key '{name}' does not exist")))?;
        match key.state {
            "Enabled" => Ok((key, arn.to_owned())),
            "Disabled" => Err(("DisabledException", format!("{arn} is disabled."))),
            state => Err(("KMSInvalidStateException", format!("{arn} is {state}."))),
        }
    }
}

impl Pair {
    fn new(spec: &str) -> Self {
        let ec = |algorithm, digest| Self::Ec(EcdsaKeyPair::generate(algorithm).unwrap(), digest);
        let ml_dsa = |level| Self::MlDsa(PqdsaKeyPair::generate(level).unwrap());
        let rsa = |size| Self::Rsa(RsaKeyPair::generate(size).unwrap());
        match spec {
            "ECC_NIST_P256" => ec(&aws::ECDSA_P256_SHA256_ASN1_SIGNING, &digest::SHA256),
            "ECC_NIST_P384" => ec(&aws::ECDSA_P384_SHA384_ASN1_SIGNING, &digest::SHA384),
            "ECC_NIST_P521" => ec(&aws::ECDSA_P521_SHA512_ASN1_SIGNING, &digest::SHA512),
            "ECC_NIST_EDWARDS25519" => Self::Ed25519(Ed25519KeyPair::generate().unwrap()),
            "ML_DSA_44" => ml_dsa(&aws::ML_DSA_44_SIGNING),
            "ML_DSA_65" => ml_dsa(&aws::ML_DSA_65_SIGNING),
            "ML_DSA_87" => ml_dsa(&aws::ML_DSA_87_SIGNING),
            "RSA_2048" => rsa(KeySize::Rsa2048),
            "RSA_3072" => rsa(KeySize::Rsa3072),
            "RSA_4096" => rsa(KeySize::Rsa4096),
            other => unreachable!("{other}"),
        }
    }

    fn spki(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = match self {
            Self::Ec(key, _) => key.public_key().as_der(),
            Self::Ed25519(key) => key.public_key().as_der(),
            Self::MlDsa(key) => key.public_key().as_der(),
            Self::Rsa(key) => key.public_key().as_der(),
        }
        .unwrap();
        der.as_ref().to_vec()
    }

    fn pkcs8(&self) -> Vec<u8> {
        match self {
            Self::Ec(key, _) => key.to_pkcs8v1().unwrap().as_ref().to_vec(),
            Self::Ed25519(key) => key.to_pkcs8v1().unwrap().as_ref().to_vec(),
            Self::MlDsa(key) => key.to_pkcs8v1().unwrap().as_ref().to_vec(),
            Self::Rsa(key) => AsDer::<Pkcs8V1Der<'_>>::as_der(key).unwrap().as_ref().to_vec(),
        }
    }

    fn sign(&self, algorithm: &str, digested: bool, message: &[u8]) -> Result<Vec<u8>, (&'static str, String)> {
        let hash = |by: &'static digest::Algorithm| {
            if digested {
                let invalid = |_| ("ValidationException", "Digest is invalid length for algorithm".to_owned());
                Digest::import_less_safe(message, by).map_err(invalid)
            } else {
                Ok(digest::digest(by, message))
            }
        };
        let usage = || ("InvalidKeyUsageException", algorithm.to_owned());
        match self {
            Self::Ec(key, by) => match (algorithm, by.output_len()) {
                ("ECDSA_SHA_256", 32) | ("ECDSA_SHA_384", 48) | ("ECDSA_SHA_512", 64) => {
                    Ok(key.sign_digest(&hash(by)?).unwrap().as_ref().to_vec())
                }
                _ => Err(usage()),
            },
            Self::Ed25519(key) => match (algorithm, digested) {
                ("ED25519_SHA_512", false) => Ok(key.try_sign(message).unwrap().as_ref().to_vec()),
                _ => Err(usage()),
            },
            Self::MlDsa(key) => match (algorithm, digested) {
                ("ML_DSA_SHAKE_256", false) => {
                    let mut signature = vec![0; key.algorithm().signature_len()];
                    key.sign(message, &mut signature).unwrap();
                    Ok(signature)
                }
                _ => Err(usage()),
            },
            Self::Rsa(key) => {
                let (padding, by): (&'static aws::RsaSignatureEncoding, _) = match algorithm {
                    "RSASSA_PKCS1_V1_5_SHA_256" => (&aws::RSA_PKCS1_SHA256, &digest::SHA256),
                    "RSASSA_PKCS1_V1_5_SHA_384" => (&aws::RSA_PKCS1_SHA384, &digest::SHA384),
                    "RSASSA_PKCS1_V1_5_SHA_512" => (&aws::RSA_PKCS1_SHA512, &digest::SHA512),
                    "RSASSA_PSS_SHA_256" => (&aws::RSA_PSS_SHA256, &digest::SHA256),
                    "RSASSA_PSS_SHA_384" => (&aws::RSA_PSS_SHA384, &digest::SHA384),
                    "RSASSA_PSS_SHA_512" => (&aws::RSA_PSS_SHA512, &digest::SHA512),
                    _ => return Err(usage()),
                };
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign_digest(padding, &hash(by)?, &mut signature).unwrap();
                Ok(signature)
            }
        }
    }
}

fn seal(key: &Key, arn: &str, input: &Value, plaintext: &[u8]) -> Vec<u8> {
    let Material::Symmetric(key) = &key.material else { unreachable!("a symmetric key") };
    let (nonce, mut sealed) = (random::<12>(), plaintext.to_vec());
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context(input)), &mut sealed).unwrap();
    [&[u8::try_from(arn.len()).unwrap()], arn.as_bytes(), &nonce, &sealed].concat()
}

fn symmetric() -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &random::<32>()).unwrap())
}

/// The encryption context in one spelling.
fn context(input: &Value) -> Vec<u8> {
    let context: BTreeMap<String, Value> = serde_json::from_value(input["EncryptionContext"].clone()).unwrap_or_default();
    serde_json::to_vec(&context).unwrap()
}

fn text<'a>(input: &'a Value, member: &str) -> &'a str {
    input[member].as_str().unwrap_or_else(|| panic!("no {member} in {input}"))
}

#[expect(clippy::disallowed_methods, reason = "keys that nobody keeps")]
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    bytes
}
