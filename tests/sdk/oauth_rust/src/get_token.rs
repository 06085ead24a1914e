// get_token.rs
use oauth2::basic::{BasicClient, BasicTokenResponse};
use oauth2::{ClientId, ClientSecret, Scope, TokenUrl, reqwest};

pub fn token(issuer: &str, id: &str, secret: &str) -> Result<BasicTokenResponse, Box<dyn std::error::Error>> {
    let client = BasicClient::new(ClientId::new(id.to_owned()))
        .set_client_secret(ClientSecret::new(secret.to_owned()))
        .set_token_uri(TokenUrl::new(format!("{issuer}/oauth2/token"))?);
    let http = reqwest::blocking::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    Ok(client.exchange_client_credentials().add_scope(Scope::new("files.read".to_owned())).request(&http)?)
}
