//! `GET /oauth2/userinfo`: OpenID Connect Core section 5.3.

use shared::api::http::{Answer, Dialect, Endpoint, Route};
use shared::api::oauth::userinfo::Userinfo;
use shared::domain::Error;
use shared::oauth::bearer::ClientBearer;
use shared::oauth::userinfo::{self, userinfo};
use shared::platform::capabilities::Introspector;

/// Tells a client what it may know of the person who has signed in. Needs an access token with the scope `openid`.
#[derive(Debug)]
pub struct GetUserinfo;

impl Endpoint for GetUserinfo {
    const ROUTE: Route = Route::get("oauth.get_userinfo", userinfo::PATH, Dialect::OAuth).refuses(&[403]);
    type Ports = Introspector;
    type Input = ClientBearer;
    type Output = Answer<200, Userinfo>;

    async fn handle(ports: &Introspector, bearer: ClientBearer) -> Result<Self::Output, Error> {
        Ok(Answer::from_body(&Userinfo::from_claims(userinfo(ports, bearer).await?))?)
    }
}
