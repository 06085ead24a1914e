//! ML-DSA in KMS: keys and signatures that take up most of a token and of a JWK Set.

use shared::jose::jws::{Compact, MAX_TOKEN_BYTES};

use super::*;

const LEVELS: [Algorithm; 3] = [Algorithm::MlDsa44, Algorithm::MlDsa65, Algorithm::MlDsa87];

#[tokio::test]
async fn kms_makes_no_ml_dsa_keys_for_use_elsewhere() {
    let (kms, endpoint, envelope_key) = fake().await;
    let keys = keys(&endpoint, &envelope_key, SigningMode::Envelope, 2_048);
    for alg in LEVELS {
        let fault = keys.maker.make(alg).await.unwrap_err();
        assert!(
            !fault.can_retry() && format!("{fault:?}").contains("of its algorithm KMS makes none for use elsewhere"),
            "{fault:?}"
        );
    }
    assert!(kms.pairs().is_empty());
}

/// A token of 7,168 bytes leaves less for what is signed than the 4,096 bytes that KMS takes at once.
#[tokio::test]
async fn ml_dsa_in_kms_signs_tokens_as_long_as_any() {
    let (_, endpoint, envelope_key) = fake().await;
    let keys = keys(&endpoint, &envelope_key, SigningMode::Kms, 2_048);
    for (alg, input) in LEVELS.into_iter().zip([3_940, 2_755, 997]) {
        let signer = keys.signer(alg).await;
        assert_eq!(signer.longest(), MAX_TOKEN_BYTES);
        let signature = signer.sign(&vec![b'x'; input]).await.unwrap();
        assert_eq!(input + 1 + (signature.len() * 4).div_ceil(3), MAX_TOKEN_BYTES, "{alg:?}");
    }
}

/// An instance of a deployment that went over to `alg`.
async fn instance(alg: Algorithm) -> Instance {
    let mut deployment = Deployment::new(SigningMode::Kms).await;
    deployment.algorithms = vec![alg];
    deployment.rotate(SigningMode::Kms, RotationRequest::default()).await.unwrap();
    deployment.pass(Seconds::DAY);
    Instance::new(&deployment, SigningMode::Kms).await
}

#[tokio::test]
async fn a_deployment_goes_over_to_ml_dsa() {
    for alg in LEVELS {
        let instance = instance(alg).await;
        let token = instance.mint(3_600).await;
        assert_eq!(Compact::parse(&token).unwrap().alg, alg);
        assert!(instance.is_live(&token).await, "{alg:?}");
        let jwks = http::Request::get("/.well-known/jwks.json").body(bytes::Bytes::new()).unwrap();
        let jwks = Answer::from(instance.service.call(jwks).await).ok();
        let key = jwks["keys"].as_array().unwrap().iter().find(|key| key["alg"] == alg.as_str()).unwrap().clone();
        assert_eq!(key["kty"], "AKP");
        println!("{}: a token of {} bytes, a JWK of {}", alg.as_str(), token.len(), key.to_string().len());
    }
}

/// With a signature of 6,170 characters there is little left for claims.
#[tokio::test]
async fn an_ml_dsa_87_token_over_7168_bytes_is_refused() {
    let instance = instance(Algorithm::MlDsa87).await;
    let (mut longest, mut refused) = (0, 0);
    for characters in (20..=500).step_by(20) {
        let request = json!({"scopes": [format!("urn:{}?", "x".repeat(characters))]});
        let answer = instance.call("/v1/tokens", ask("1", "administrator", request)).await;
        if answer.status == StatusCode::BAD_REQUEST {
            answer.is_error(400, "TOKEN_TOO_LARGE");
            refused += 1;
        } else {
            assert_eq!(refused, 0, "shorter ones are");
            let token = answer.created()["token"].as_str().unwrap().to_owned();
            assert!(instance.is_live(&token).await);
            longest = token.len();
        }
    }
    // 20 characters more are 27 in base64.
    assert!(refused > 0 && (MAX_TOKEN_BYTES - 27..=MAX_TOKEN_BYTES).contains(&longest), "{longest}");
}
