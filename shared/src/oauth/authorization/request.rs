//! The parameters of an authorization request: RFC 6749 section 4.1.1, OpenID Connect Core section 3.1.2.1.

use serde_json::{Map, Value};

use crate::domain::scope::openid;
use crate::domain::{
    Audience, AuthorizationDetails, AuthorizationRequest, Client, ClientKind, DeliveryMode, Denial, ExtraClaims, GrantType,
    MetadataValue, Org, Pkce, Prompt, Refusal, ResponseMode, Seconds, Secret, Subject, Thumbprint, Timestamp,
};
use crate::encoding::form::Parameters;
use crate::encoding::strict_json;
use crate::keys::PublishedKeys;
use crate::oauth::token_form::{read_resources, read_scopes};
use crate::oauth::{authorization_details, id_token};
use crate::policy;

const MAX_HINT_BYTES: usize = 1_000;
const MAX_NONCE_BYTES: usize = 512;

/// An authorization request as it was sent: its parameters, before any of them is checked.
#[derive(Debug, Default)]
pub struct AuthorizationForm {
    /// The client that asks, as it names itself.
    pub(in crate::oauth) client_id: Option<String>,
    /// Where the answer shall go.
    pub(in crate::oauth) redirect_uri: Option<String>,
    /// The client's `state`, if it is there once.
    pub(in crate::oauth) state: Option<String>,
    /// What the request refers to instead of its own parameters: RFC 9126 section 4.
    pub(in crate::oauth) request_uri: Option<String>,
    parameters: Parameters,
    is_repeated: bool,
}

impl AuthorizationForm {
    /// Reads the form-encoded parameters of a query or a body.
    ///
    /// # Errors
    /// [`Denial::AuthorizationRequestMalformed`] if they can't be read, or if they name the client, the redirect URI or a request URI
    /// twice: then nobody can tell where an error may go.
    pub fn read(encoded: &str) -> Result<Self, Denial> {
        const MALFORMED: Denial = Denial::AuthorizationRequestMalformed;
        let parameters = Parameters::read(encoded).map_err(|_| MALFORMED)?;
        Self::from_parameters(parameters).map_err(|_| MALFORMED)
    }

    /// Takes what was given, once it is known where an error may go.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if it names the client, the redirect URI or a request URI twice.
    pub fn from_parameters(mut parameters: Parameters) -> Result<Self, Refusal> {
        let client_id = parameters.remove("client_id")?;
        let redirect_uri = parameters.remove("redirect_uri")?;
        let request_uri = parameters.remove("request_uri")?;
        let is_repeated = parameters.repeated().any(|name| name != "resource");
        let state = parameters.remove("state").unwrap_or_default();
        Ok(Self { client_id, redirect_uri, state, request_uri, parameters, is_repeated })
    }

    /// Reads how the answer shall get to the client: the default where that can't be read.
    pub(in crate::oauth) fn response_mode(&mut self) -> Result<ResponseMode, Denial> {
        match self.parameters.remove("response_mode") {
            Ok(None) => Ok(ResponseMode::Query),
            Ok(Some(mode)) => mode.parse().map_err(|_| Denial::ResponseModeUnsupported),
            Err(_) => Err(Denial::AuthorizationRequestMalformed),
        }
    }

    /// Checks all that the client asks for, once it is known that errors may go to it.
    ///
    /// # Errors
    /// The first [`Denial`] that applies, in this order: the form, `response_type`, PKCE, then the other parameters.
    pub(in crate::oauth) fn check(
        mut self,
        asker: &Asker<'_>,
        (redirect_uri, response_mode): (String, ResponseMode),
    ) -> Result<AuthorizationRequest, Denial> {
        if self.is_repeated {
            return Err(Denial::AuthorizationRequestMalformed);
        }
        self.check_response_type(asker)?;
        let code_challenge = self.code_challenge(asker.client)?;
        let prompts = self.prompts()?;
        let max_age = self.max_age(asker.client)?;
        let claims = self.claims()?;
        let id_token_hint = self.remove("id_token_hint")?;
        // Counted from the request, because the person may sign in meanwhile.
        let now = asker.now.whole_second();
        let of_prompt = prompts.contains(&Prompt::Login).then_some(now);
        let authenticated_after = max_age.map(|age| now.minus(age)).max(of_prompt);
        Ok(AuthorizationRequest {
            redirect_uri,
            response_mode,
            state: self.state.take(),
            scopes: self.scopes(asker)?,
            resources: policy::requested_resources(asker.org, self.resources()?)?,
            details: self.details(asker.org)?,
            code_challenge,
            dpop_key: self.thumbprint("dpop_jkt")?,
            nonce: self.text("nonce", MAX_NONCE_BYTES)?,
            prompts,
            max_age,
            authenticated_after,
            subject_hint: subject_hint(asker, id_token_hint.as_deref(), claims.as_ref())?,
            login_hint: self.text("login_hint", MAX_HINT_BYTES)?,
            acr_values: self.words("acr_values")?,
            acr_required: claims.as_ref().map(required_acr).unwrap_or_default(),
            ui_locales: self.words("ui_locales")?,
            display: self.text("display", MAX_HINT_BYTES)?,
            claims_locales: self.hint("claims_locales").map(|text| split_words(&text)).unwrap_or_default(),
            purpose: self.hint("purpose"),
            claims: claims.map(|claims| ExtraClaims::from_json(Value::Object(claims).to_string())),
        })
    }

    /// RFC 6749 section 3.1.1. Nothing but a code leaves the authorization endpoint here.
    fn check_response_type(&mut self, asker: &Asker<'_>) -> Result<(), Denial> {
        match self.remove("response_type")?.as_deref() {
            None => return Err(Denial::ResponseTypeMissing),
            Some("code") => {}
            Some(_) => return Err(Denial::ResponseTypeUnsupported),
        }
        if self.parameters.has("request") {
            return Err(Denial::RequestObjectUnsupported);
        }
        if self.parameters.has("registration") {
            return Err(Denial::RegistrationUnsupported);
        }
        let is_set = |name| asker.client.settings.metadata.get(name) == Some(&MetadataValue::Flag(true));
        if is_set("require_signed_request_object") {
            return Err(Denial::RequestObjectRequired);
        }
        let must_push = asker.org.settings.oauth.pushed_requests_required || is_set("require_pushed_authorization_requests");
        if must_push && !asker.is_pushed {
            return Err(Denial::PlainRequestForbidden);
        }
        asker.check_grant(GrantType::AuthorizationCode)
    }

    /// Checks what a device asks for (RFC 8628 section 3.1). What only a browser could do isn't read.
    ///
    /// # Errors
    /// The first [`Denial`] that applies, in this order: the form, the grant, then what is asked for.
    pub(super) fn check_for_device(mut self, asker: &Asker<'_>) -> Result<AuthorizationRequest, Denial> {
        if self.is_repeated {
            return Err(Denial::AuthorizationRequestMalformed);
        }
        asker.check_grant(GrantType::DeviceCode)?;
        let id_token_hint = self.remove("id_token_hint")?;
        self.asked_without_browser(asker, id_token_hint.as_deref())
    }

    /// Checks what a client asks for that knows how to name its person (OpenID Connect CIBA section 7.1). `needs_user_code`: whether a user
    /// code must be there.
    ///
    /// # Errors
    /// The first [`Denial`] that applies, in this order: the form, how the person is named, the parameters of CIBA, then what is asked for.
    pub(in crate::oauth) fn check_for_backchannel(
        mut self,
        asker: &Asker<'_>,
        (delivery, needs_user_code): (DeliveryMode, bool),
    ) -> Result<BackchannelForm, Denial> {
        if self.is_repeated {
            return Err(Denial::AuthorizationRequestMalformed);
        }
        if self.parameters.has("request") {
            return Err(Denial::RequestObjectUnsupported);
        }
        let hint = self.person_hint()?;
        let notification_token = self.notification_token(delivery)?;
        let binding_message = self.binding_message()?;
        let user_code = self.text("user_code", MAX_HINT_BYTES)?.map(Secret::new);
        if needs_user_code && user_code.is_none() {
            return Err(Denial::UserCodeMissing);
        }
        let requested_expiry = self.requested_expiry()?;
        let context = self.context()?;
        let request = self.asked_without_browser(asker, hint.id_token())?;
        if !request.scopes.iter().any(|scope| scope.as_str() == openid::OPENID) {
            return Err(Denial::OpenidScopeMissing);
        }
        Ok(BackchannelForm { request, hint, notification_token, binding_message, user_code, requested_expiry, context })
    }

    /// Reads what is asked for where there is no browser to send anywhere.
    fn asked_without_browser(&mut self, asker: &Asker<'_>, id_token_hint: Option<&str>) -> Result<AuthorizationRequest, Denial> {
        let claims = self.claims()?;
        Ok(AuthorizationRequest {
            redirect_uri: String::new(),
            response_mode: ResponseMode::Query,
            state: None,
            scopes: self.scopes(asker)?,
            resources: policy::requested_resources(asker.org, self.resources()?)?,
            details: self.details(asker.org)?,
            code_challenge: None,
            dpop_key: None,
            nonce: None,
            prompts: Vec::new(),
            max_age: None,
            authenticated_after: None,
            subject_hint: subject_hint(asker, id_token_hint, claims.as_ref())?,
            login_hint: None,
            acr_values: self.words("acr_values")?,
            acr_required: claims.as_ref().map(required_acr).unwrap_or_default(),
            ui_locales: Vec::new(),
            display: None,
            claims_locales: Vec::new(),
            purpose: self.hint("purpose"),
            claims: claims.map(|claims| ExtraClaims::from_json(Value::Object(claims).to_string())),
        })
    }

    /// How the person is named: in exactly one way (OpenID Connect CIBA section 7.1).
    fn person_hint(&mut self) -> Result<PersonHint, Denial> {
        let hints = [
            (HintType::LoginHint, self.remove("login_hint")?),
            (HintType::LoginHintToken, self.remove("login_hint_token")?),
            (HintType::IdTokenHint, self.remove("id_token_hint")?),
        ];
        let mut given = hints.into_iter().filter_map(|(kind, text)| text.map(|text| PersonHint { kind, text }));
        match (given.next(), given.next()) {
            (Some(hint), None) => Ok(hint),
            (None, _) | (Some(_), Some(_)) => Err(Denial::LoginHintsNotOne),
        }
    }

    /// What the client wants to be told with: a bearer token (RFC 6750 section 2.1), which is kept only where it is told anything.
    fn notification_token(&mut self, delivery: DeliveryMode) -> Result<Option<Secret<String>>, Denial> {
        const MAX_BYTES: usize = 1_024;
        const INVALID: Denial = Denial::NotificationTokenInvalid;
        let is_told = match delivery {
            DeliveryMode::Ping | DeliveryMode::Push => true,
            DeliveryMode::Poll => false,
        };
        let Some(token) = self.remove("client_notification_token")? else {
            return if is_told { Err(INVALID) } else { Ok(None) };
        };
        let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b);
        let begins = token.trim_end_matches('=');
        let is_token = token.len() <= MAX_BYTES && !begins.is_empty() && begins.bytes().all(is_allowed);
        is_token.then(|| Some(Secret::new(token)).filter(|_| is_told)).ok_or(INVALID)
    }

    fn binding_message(&mut self) -> Result<Option<String>, Denial> {
        const MAX_CHARS: usize = 100;
        let message = self.remove("binding_message")?;
        let is_shown = |text: &String| text.chars().count() <= MAX_CHARS && !text.chars().any(char::is_control);
        if message.as_ref().is_none_or(is_shown) { Ok(message) } else { Err(Denial::BindingMessageInvalid) }
    }

    fn requested_expiry(&mut self) -> Result<Option<Seconds>, Denial> {
        let Some(text) = self.remove("requested_expiry")? else { return Ok(None) };
        let digits =
            Some(text.trim_start_matches('0')).filter(|digits| !digits.is_empty() && text.bytes().all(|b| b.is_ascii_digit()));
        // What is too large to be counted is longer than anything that it could shorten.
        digits.map(|digits| Some(digits.parse().map_or(Seconds(u32::MAX), Seconds))).ok_or(Denial::RequestedExpiryInvalid)
    }

    /// What the client tells of its own situation: a JSON object, passed on as it is.
    fn context(&mut self) -> Result<Option<String>, Denial> {
        let Some(text) = self.remove("request_context")? else { return Ok(None) };
        let object: Result<Map<String, Value>, _> = strict_json::decode(text.as_bytes());
        object.map(|_| Some(text)).map_err(|_| Denial::RequestContextInvalid)
    }

    /// RFC 7636 section 4.3. A challenge without a method would be the verifier itself (`plain`), which RFC 9700 section 2.1.1 forbids.
    fn code_challenge(&mut self, client: &Client) -> Result<Option<Thumbprint>, Denial> {
        let is_optional = client.settings.pkce == Pkce::Optional && client.settings.kind == ClientKind::Confidential;
        match (self.remove("code_challenge")?, self.remove("code_challenge_method")?.as_deref()) {
            (None, None) if is_optional => Ok(None),
            (None, None) => Err(Denial::CodeChallengeMissing),
            (Some(challenge), Some("S256")) => challenge.parse().map(Some).map_err(|_| Denial::CodeChallengeInvalid),
            (Some(_), _) | (None, Some(_)) => Err(Denial::CodeChallengeInvalid),
        }
    }

    fn prompts(&mut self) -> Result<Vec<Prompt>, Denial> {
        let words: Result<Vec<Prompt>, _> = self.words("prompt")?.iter().map(|word| word.parse()).collect();
        let mut prompts = words.map_err(|_| Denial::PromptInvalid)?;
        prompts.sort_unstable();
        prompts.dedup();
        if prompts.len() > 1 && prompts.contains(&Prompt::None) { Err(Denial::PromptInvalid) } else { Ok(prompts) }
    }

    /// The longest time since the sign-in: `max_age`, or the client's default.
    fn max_age(&mut self, client: &Client) -> Result<Option<Seconds>, Denial> {
        match self.remove("max_age")? {
            Some(text) if text.bytes().all(|b| b.is_ascii_digit()) => Ok(Some(text.parse().map_or(Seconds(u32::MAX), Seconds))),
            Some(_) => Err(Denial::MaxAgeInvalid),
            None => Ok(default_max_age(client)),
        }
    }

    fn scopes(&mut self, asker: &Asker<'_>) -> Result<Vec<crate::domain::Scope>, Denial> {
        let wanted = read_scopes(self.remove("scope")?.as_deref())?;
        let available = if asker.drops_scopes { policy::requestable_of_person } else { policy::requested_of_person };
        available(asker.org, asker.client, wanted)
    }

    /// Returns a parameter that is only passed on to whoever decides, if it is there once and isn't too long.
    fn hint(&mut self, name: &'static str) -> Option<String> {
        self.text(name, MAX_HINT_BYTES).ok().flatten()
    }

    fn resources(&mut self) -> Result<Vec<Audience>, Denial> {
        read_resources(&self.parameters.remove_all("resource")).map(policy::deduplicated)
    }

    fn details(&mut self, org: &Org) -> Result<Option<AuthorizationDetails>, Denial> {
        let types = &org.settings.oauth.authorization_details_types;
        self.remove("authorization_details")?.map(|text| authorization_details::read(&text, types)).transpose()
    }

    fn thumbprint(&mut self, name: &'static str) -> Result<Option<Thumbprint>, Denial> {
        self.remove(name)?.map(|text| text.parse()).transpose().map_err(|_| Denial::AuthorizationRequestMalformed)
    }

    /// OpenID Connect Core section 5.5: an object with `userinfo` and `id_token`, whose members are null or objects.
    fn claims(&mut self) -> Result<Option<Map<String, Value>>, Denial> {
        const BAD: Denial = Denial::ClaimsParameterInvalid;
        let Some(text) = self.remove("claims")? else { return Ok(None) };
        let claims: Map<String, Value> = strict_json::decode(text.as_bytes()).map_err(|_| BAD)?;
        let is_asked = |wanted: &Value| match wanted {
            Value::Null => true,
            Value::Object(members) => {
                members.get("essential").is_none_or(Value::is_boolean) && members.get("values").is_none_or(Value::is_array)
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => false,
        };
        // A value that can't be compared must not make a demand vanish.
        let are_texts = |name: &str, wanted: &Value| {
            let several = wanted.get("values").and_then(Value::as_array);
            !matches!(name, "acr" | "sub")
                || (wanted.get("value").is_none_or(Value::is_string)
                    && several.is_none_or(|several| !several.is_empty() && several.iter().all(Value::is_string)))
        };
        let is_known = |(name, wanted): (&String, &Value)| {
            let is_good = |(name, wanted): (&String, &Value)| is_asked(wanted) && are_texts(name, wanted);
            let are_asked = wanted.as_object().is_some_and(|wanted| wanted.iter().all(is_good));
            matches!(name.as_str(), "userinfo" | "id_token") && are_asked
        };
        if claims.iter().all(is_known) { Ok(Some(claims)) } else { Err(BAD) }
    }

    fn words(&mut self, name: &'static str) -> Result<Vec<String>, Denial> {
        Ok(self.text(name, MAX_HINT_BYTES)?.map(|text| split_words(&text)).unwrap_or_default())
    }

    fn text(&mut self, name: &'static str, max_bytes: usize) -> Result<Option<String>, Denial> {
        let text = self.remove(name)?;
        if text.as_ref().is_some_and(|text| text.len() > max_bytes) {
            return Err(Denial::AuthorizationRequestMalformed);
        }
        Ok(text)
    }

    fn remove(&mut self, name: &'static str) -> Result<Option<String>, Denial> {
        self.parameters.remove(name).map_err(|_: Refusal| Denial::AuthorizationRequestMalformed)
    }
}

/// What a client asks for that knows how to name its person, after all checks: OpenID Connect CIBA section 7.1.
#[derive(Debug)]
pub(in crate::oauth) struct BackchannelForm {
    /// What is asked for.
    pub(in crate::oauth) request: AuthorizationRequest,
    /// Who the person is.
    pub(in crate::oauth) hint: PersonHint,
    /// What the client wants to be told with.
    pub(in crate::oauth) notification_token: Option<Secret<String>>,
    /// What the person sees on both devices.
    pub(in crate::oauth) binding_message: Option<String>,
    /// A secret between the person and the authorization server, against requests that nobody wants.
    pub(in crate::oauth) user_code: Option<Secret<String>>,
    /// For how long the client wants the request to be good.
    pub(in crate::oauth) requested_expiry: Option<Seconds>,
    /// What the client tells of its own situation: the text of a JSON object.
    pub(in crate::oauth) context: Option<String>,
}

/// How a client names its person.
#[derive(Clone, Debug)]
pub struct PersonHint {
    /// By what the person is named.
    pub kind: HintType,
    /// The value of the parameter.
    pub text: String,
}

impl PersonHint {
    /// Returns the ID token that names the person, if it is one that does.
    fn id_token(&self) -> Option<&str> {
        match self.kind {
            HintType::IdTokenHint => Some(&self.text),
            HintType::LoginHint | HintType::LoginHintToken => None,
        }
    }
}

/// By what a person is named: OpenID Connect CIBA section 7.1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HintType {
    /// Something that the authorization server understands.
    LoginHint,
    /// A token that says who it is, which the authorization server verifies.
    LoginHintToken,
    /// An ID token of ours, which is verified here.
    IdTokenHint,
}

fn split_words(text: &str) -> Vec<String> {
    text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Who asks, and by what the request is checked.
pub(in crate::oauth) struct Asker<'a> {
    pub(in crate::oauth) org: &'a Org,
    pub(in crate::oauth) client: &'a Client,
    /// The client as it named itself: an `aud` that an `id_token_hint` may have.
    pub(in crate::oauth) client_name: &'a str,
    pub(in crate::oauth) keys: &'a PublishedKeys,
    pub(in crate::oauth) now: Timestamp,
    /// Whether the client has authenticated and pushed the request: RFC 9126.
    pub(in crate::oauth) is_pushed: bool,
    /// Whether scopes that the client can't have are left out. Else the request is denied.
    pub(in crate::oauth) drops_scopes: bool,
}

impl Asker<'_> {
    /// Checks that the org has the grant, and that the client is registered for it.
    pub(in crate::oauth) fn check_grant(&self, grant: GrantType) -> Result<(), Denial> {
        let is_supported = self.org.settings.oauth.supported_grants.contains(&grant);
        if is_supported && self.client.settings.grants.contains(&grant) { Ok(()) } else { Err(Denial::GrantNotAllowed) }
    }
}

/// The longest time since a sign-in that the client has registered for requests without `max_age`, in seconds.
fn default_max_age(client: &Client) -> Option<Seconds> {
    match client.settings.metadata.get("default_max_age") {
        Some(MetadataValue::Number(seconds)) => Some(Seconds(u32::try_from(*seconds).unwrap_or(u32::MAX))),
        Some(_) | None => None,
    }
}

/// The person that a request names: by an ID token, which may be over but must be of this client, or by the claim `sub` (OpenID Connect Core
/// section 3.1.2.2).
fn subject_hint(
    asker: &Asker<'_>,
    id_token_hint: Option<&str>,
    claims: Option<&Map<String, Value>>,
) -> Result<Option<Subject>, Denial> {
    let of_claims = claims.map(required_subject).transpose()?.flatten();
    let Some(hint) = id_token_hint else { return Ok(of_claims) };
    let number = asker.client.id.to_string();
    let names = [Some(asker.client_name), Some(&*number), asker.client.settings.alias.as_deref()];
    let hint = id_token::read_hint(asker.keys, hint).filter(|hint| names.contains(&Some(&*hint.audience)));
    let of_hint = hint.map(|hint| hint.subject);
    of_hint.filter(|hint| of_claims.as_ref().is_none_or(|sub| sub == hint)).map(Some).ok_or(Denial::IdTokenHintInvalid)
}

/// The person who must have signed in, if the claim `sub` of the ID token is asked for with a value.
fn required_subject(claims: &Map<String, Value>) -> Result<Option<Subject>, Denial> {
    let value = claims.get("id_token").and_then(|wanted| wanted.get("sub")?.get("value")?.as_str());
    value.map(Subject::parse).transpose().map_err(|_| Denial::ClaimsParameterInvalid)
}

/// The values of an essential `acr` of ID tokens: OpenID Connect Core section 5.5.1.1.
fn required_acr(claims: &Map<String, Value>) -> Vec<String> {
    let Some(acr) = claims.get("id_token").and_then(|wanted| wanted.get("acr")) else { return Vec::new() };
    if acr.get("essential") != Some(&Value::Bool(true)) {
        return Vec::new();
    }
    let several = acr.get("values").and_then(Value::as_array).into_iter().flatten();
    let all = several.chain(acr.get("value"));
    all.filter_map(|value| value.as_str().map(str::to_owned)).collect()
}
