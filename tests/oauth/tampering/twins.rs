//! A signature of ECDSA has a twin, (r, n - s), which is as good: so nothing may be known by its bytes. J29.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::super::tenant::{Tenant, WEB, is_denied};
use super::Carrier;
use crate::support::{App, Mount};

/// The order of P-256: FIPS 186-5 appendix of SP 800-186, section 3.2.1.3.
const P256: &str = "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE";
/// The order of P-384: section 3.2.1.4.
const P384: &str = "________________________________x2NNgfQ3Ld9YGg2ySLCneuzsGWrMxSlz";

fn twin(token: &str, order: &str) -> String {
    let (input, signature) = token.rsplit_once('.').unwrap();
    let (mut twin, order) = (URL_SAFE_NO_PAD.decode(signature).unwrap(), URL_SAFE_NO_PAD.decode(order).unwrap());
    assert_eq!(twin.len(), 2 * order.len());
    let mut borrow = 0;
    for (n, s) in order.iter().zip(&mut twin[order.len()..]).rev() {
        let difference = i16::from(*n) - i16::from(*s) - borrow;
        borrow = i16::from(difference < 0);
        *s = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(twin))
}

#[tokio::test]
async fn a_token_and_its_twin_with_another_signature_are_one_token() {
    let app = App::new(Mount::InProcess).await;
    let tenant = Tenant::jwt(&app).await;
    for revoke_twin in [false, true] {
        let token = tenant.own_token(WEB, &[]).await;
        let twin = twin(&token, P256);
        assert_eq!(tenant.introspect(WEB, &twin).await, tenant.introspect(WEB, &token).await);
        tenant.revoke(WEB, if revoke_twin { &twin } else { &token }).await;
        for dead in [&token, &twin] {
            assert_eq!(tenant.introspect(WEB, dead).await, json!({"active": false}));
            is_denied(&tenant.exchange(WEB, dead, &[]).await, "invalid_request");
        }
        let member = app.token("1", "ann", &[]).await;
        let of_member = self::twin(&member, P256);
        assert!(app.is_live(&of_member).await);
        let body = json!({"token": if revoke_twin { &of_member } else { &member }});
        app.post("/v1/tokens/revoke", None, body).await.is_empty();
        assert!(!app.is_live(&member).await && !app.is_live(&of_member).await);
    }
}

#[tokio::test]
async fn an_assertion_and_its_twin_with_another_signature_are_used_once() {
    let app = App::new(Mount::InProcess).await;
    let tenant = Tenant::jwt(&app).await;
    let token = tenant.client_assertion(json!({}));
    Carrier::ClientAssertion.bring(&tenant, &twin(&token, P384)).await.unwrap().ok();
    is_denied(&Carrier::ClientAssertion.bring(&tenant, &token).await.unwrap(), "invalid_client");
}
