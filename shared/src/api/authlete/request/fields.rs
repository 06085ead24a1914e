//! Members that several requests have, in words of the domain.

use std::str::FromStr;

use serde_json::{Map, Value};

use crate::api::authlete::lenient::{Number, Words};
use crate::auth::client::{ClientCredentials, FormCredentials};
use crate::domain::{Audience, Denial, ExtraClaims, Invalid, Refusal, Scope, Seconds, Secret, Timestamp};
use crate::encoding::form::Parameters;
use crate::encoding::{SecretText, strict_json};
use crate::oauth::authorization::AuthorizationForm;
use crate::policy::Lifetime;

const MAX_SCOPES: usize = 100;
const MAX_RESOURCES: usize = 32;

/// A member that must be given.
pub(super) fn required<T>(field: &'static str, value: Option<T>) -> Result<T, Refusal> {
    value.ok_or_else(|| Refusal::invalid(field, "is required"))
}

/// A member that is text of the domain.
pub(super) fn parsed<T: FromStr<Err = Invalid>>(field: &'static str, text: Option<&str>) -> Result<Option<T>, Refusal> {
    text.map(|text| text.parse().map_err(|Invalid(rule)| Refusal::invalid(field, rule))).transpose()
}

/// A member that is a secret.
pub(super) fn secret(text: Option<SecretText>) -> Option<Secret<String>> {
    text.map(|SecretText(secret)| secret)
}

/// Reads what a client has sent that authenticates and asks for a person, and the credentials in it.
///
/// # Errors
/// [`Denial::AuthorizationRequestMalformed`] if it isn't form-encoded, or has a parameter twice that decides where errors may go.
fn authorization_form(parameters: &Secret<String>) -> Result<(AuthorizationForm, FormCredentials), Denial> {
    const MAX_ASSERTION_BYTES: usize = 16_384;
    let longest = |name: &str| if name == "client_assertion" { MAX_ASSERTION_BYTES } else { Parameters::MAX_VALUE_BYTES };
    let read = || {
        let mut given = Parameters::read_within(longest, parameters.expose())?;
        let credentials = FormCredentials::from_parameters(&mut given)?;
        Ok((AuthorizationForm::from_parameters(given)?, credentials))
    };
    read().map_err(|_: Refusal| Denial::AuthorizationRequestMalformed)
}

/// Reads what a client has sent, and what it proves its identity by: there, and beside it.
///
/// # Errors
/// [`Refusal::Invalid`] if there are no parameters. A [`Denial`] if they can't be read, which is the client's fault.
pub(super) fn client_request(
    parameters: Option<SecretText>,
    (id, client_secret, certificate): (Option<String>, Option<SecretText>, Option<String>),
) -> Result<(AuthorizationForm, ClientCredentials), Refusal> {
    let SecretText(parameters) = required("parameters", parameters)?;
    let (form, credentials) = authorization_form(&parameters)?;
    Ok((
        form,
        ClientCredentials { id, secret: secret(client_secret), form: credentials, certificate, ..ClientCredentials::default() },
    ))
}

/// Reads `scopes`, and refuses what no scope can be.
pub(super) fn scopes(words: Option<&Words>) -> Result<Option<Vec<Scope>>, Refusal> {
    list("scopes", MAX_SCOPES, words)
}

/// Reads `resources`, at most [`MAX_RESOURCES`] absolute URIs.
pub(super) fn resources(words: Option<&Words>) -> Result<Vec<Audience>, Refusal> {
    Ok(list("resources", MAX_RESOURCES, words)?.unwrap_or_default())
}

fn list<T: FromStr<Err = Invalid>>(field: &'static str, most: usize, words: Option<&Words>) -> Result<Option<Vec<T>>, Refusal> {
    let Some(Words(words)) = words else { return Ok(None) };
    if words.len() > most {
        return Err(Refusal::invalid(field, format!("must have at most {most} entries")));
    }
    let item =
        |(n, text): (usize, &String)| text.parse().map_err(|Invalid(rule)| Refusal::invalid(format!("{field}[{n}]"), rule));
    words.iter().enumerate().map(item).collect::<Result<_, _>>().map(Some)
}

/// A length of time that counts if it is positive.
pub(super) fn duration(field: &'static str, seconds: Option<Number>) -> Result<Option<Seconds>, Refusal> {
    let Some(Number(seconds)) = seconds.filter(|Number(seconds)| *seconds > 0) else { return Ok(None) };
    let length = u32::try_from(seconds).map(Seconds);
    length.map(Some).map_err(|_| Refusal::invalid(field, "must be a number of seconds that fits into 32 bits"))
}

/// Reads `accessTokenDuration`, in seconds; 0 stands for the default.
pub(super) fn lifetime(seconds: Option<Number>) -> Result<Lifetime, Refusal> {
    Ok(duration("accessTokenDuration", seconds)?.map_or(Lifetime::Default, Lifetime::For))
}

/// A moment in milliseconds that counts if it is positive.
pub(super) fn moment(ms: Option<Number>) -> Option<Timestamp> {
    ms.filter(|Number(ms)| *ms > 0).map(|Number(ms)| Timestamp::from_ms(ms).min(Timestamp::END_OF_TIME))
}

/// A member that is the text of a JSON object.
pub(super) fn json_object(field: &'static str, text: Option<String>) -> Result<Option<Map<String, Value>>, Refusal> {
    let read = |text: String| strict_json::decode(text.as_bytes());
    text.map(read).transpose().map_err(|_| Refusal::invalid(field, "must be the text of a JSON object"))
}

/// `jwtAtClaims`: the text of a JSON object.
pub(super) fn extra_claims(text: Option<String>) -> Result<Option<ExtraClaims>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    let is_object = strict_json::check(text.as_bytes()).is_ok() && text.trim_start().starts_with('{');
    if is_object {
        Ok(Some(ExtraClaims::from_json(text)))
    } else {
        Err(Refusal::invalid("jwtAtClaims", "must be the text of a JSON object"))
    }
}
