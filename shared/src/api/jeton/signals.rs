//! The signals that are made of events of the audit trail: what is told to receivers of shared signals, and of whom.
//!
//! | actions | event | about |
//! |---|---|---|
//! | `token.revoked`, `family.revoked` | CAEP `session-revoked` | the token, by its `jti`; of a family its newest |
//! | `session.ended`, `tokens.revoked`, `grant.ended`, `org.changed` if it is disabled | CAEP `session-revoked` | whose tokens have ended |
//! | `api_key.created` `.changed` `.rotated` `.revoked` `.leaked`; `client.changed` if a secret or key has come or gone | CAEP `credential-change` | the owner, or the client |
//! | `api_key.leaked` | RISC `credential-compromise` | the owner |
//! | `member.changed` if scopes or roles have changed | CAEP `token-claims-change` | the member |
//! | `member.…` and `client.…` if it is disabled, enabled or deleted | RISC `account-disabled`, `account-enabled`, `account-purged` | the member or client |
//!
//! No more is told than the event says. To tell of another action, name it in [`Action::SIGNALLED`](crate::domain::Action::SIGNALLED),
//! and give it an arm here.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::domain::{
    ClientId, Fault, Invalid, Issuer, OrgId, SecurityEvent, SessionId, SimpleSubject, Subject, SubjectIdentifier, Timestamp,
    TokenId,
};
use crate::platform::capabilities::SignalCollector;
use crate::telemetry;
use crate::tokens::signals::collect::{Holds, NewSignal, collect};

/// Makes signals of an event of the audit trail and puts them into the streams that want them. An event that tells receivers nothing is a
/// success.
///
/// # Errors
/// A [`Fault`] if the event can't be read, which no retry helps, or if the store or the queue can't be reached.
pub async fn collect_event(ports: &SignalCollector, event: &str) -> Result<(), Fault> {
    let unreadable = || Fault::internal("making signals of an event of the audit trail");
    let event: Event<'_> = serde_json::from_str(event).map_err(|error| unreadable().because(error))?;
    let signals = signals(&event, &ports.issuer).map_err(|rule| unreadable().because(rule))?;
    match event.org {
        Some(org) => collect(ports, &OrgId::parse(org).map_err(|rule| unreadable().because(rule))?, signals).await,
        // The signing keys are no org's.
        None => Ok(()),
    }
}

/// Makes signals of some events, each with the name under which it was delivered. Answers the names of those that must come again.
pub async fn collect_events(ports: &SignalCollector, events: impl IntoIterator<Item = (String, String)>) -> Vec<String> {
    let mut failed = Vec::new();
    for (name, event) in events {
        if let Err(fault) = collect_event(ports, &event).await {
            telemetry::log_fault("jeton.collect_signals", &fault);
            failed.push(name);
        }
    }
    failed
}

/// What signals are made of: some of the members of an event, see [`audit`](super::audit).
#[derive(Deserialize)]
struct Event<'a> {
    id: &'a str,
    time: i64,
    action: &'a str,
    org: Option<&'a str>,
    set: Option<&'a str>,
    subject: Option<String>,
    client: Option<String>,
    session: Option<SessionFacts>,
    jti: Option<&'a str>,
    api_key: Option<&'a str>,
    name: Option<String>,
    reason: Option<&'a str>,
    revoked_by: Option<RevokingFacts>,
    #[serde(borrow)]
    before: Option<Side<'a>>,
    #[serde(borrow)]
    after: Option<Side<'a>>,
}

#[derive(Deserialize)]
struct SessionFacts {
    id: String,
}

#[derive(Deserialize)]
struct RevokingFacts {
    org: String,
    subject: Option<String>,
}

/// A record before or after a change.
#[derive(Default, Deserialize)]
struct Side<'a> {
    enabled: Option<bool>,
    name: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    roles: BTreeMap<String, Vec<String>>,
    secrets: Option<u64>,
    #[serde(borrow)]
    jwks: Option<&'a RawValue>,
}

/// What is told of an event. None of the actions that aren't [signalled](crate::domain::Action::SIGNALLED) has an arm.
fn signals(event: &Event<'_>, issuer: &Issuer) -> Result<Vec<NewSignal>, Invalid> {
    let told = Told { event, issuer };
    match event.action {
        "token.revoked" => told.token("The token was revoked.").map(one),
        "family.revoked" => told.token("The refresh token was revoked, and with it its access tokens.").map(one),
        "session.ended" => {
            let session = SessionId::parse(required(event.session.as_ref().map(|session| &*session.id))?)?;
            let members = [("session", SimpleSubject::session(&session)), ("tenant", told.tenant()?)];
            Ok(one(told.revoked(SubjectIdentifier::complex(members), "The session was ended.")))
        }
        "tokens.revoked" => told.set(),
        "grant.ended" => {
            // The mark that ends its tokens tells it, where that tells anything.
            let signal = told.client_of_member("The person has withdrawn what was granted to the application.")?;
            Ok(one(NewSignal { holds: Holds::IfSingleToken(told.client()?), ..signal }))
        }
        "org.changed" if told.is_switched(true, false) => {
            let subject = SubjectIdentifier::complex([("tenant", told.tenant()?)]);
            Ok(one(told.revoked(subject, "The organization was disabled.")))
        }
        "api_key.created" => told.api_key("create", "The API key was created.").map(one),
        "api_key.changed" => told.api_key("update", "The API key was changed.").map(one),
        "api_key.rotated" => told.api_key("update", "The API key has a new value.").map(one),
        "api_key.revoked" => told.api_key("revoke", "The API key was revoked.").map(one),
        "api_key.leaked" => {
            const REASON: &str = "The API key was found where everybody can read it, and is revoked.";
            let members = [("credential_type", json!(API_KEY))].into_iter().chain([initiated("system")]);
            let compromise = told.signal(SecurityEvent::CredentialCompromise, told.member()?.into(), REASON, members);
            Ok(vec![told.api_key("revoke", REASON)?, compromise])
        }
        "member.changed" => told.member_change(),
        "member.deleted" => Ok(one(told.signal(
            SecurityEvent::AccountPurged,
            told.member()?.into(),
            "The member was deleted.",
            [initiated("admin")],
        ))),
        "client.changed" | "client.targets_changed" => told.client_change(),
        "client.deleted" => {
            let subject = SimpleSubject::client(told.client()?).into();
            Ok(one(told.signal(SecurityEvent::AccountPurged, subject, "The client was deleted.", None)))
        }
        _ => Ok(Vec::new()),
    }
}

fn one(signal: NewSignal) -> Vec<NewSignal> {
    vec![signal]
}

/// The credential types of our own, which CAEP section 3.3.1 lets both sides agree on.
const API_KEY: &str = "api-key";
const CLIENT_SECRET: &str = "client-secret";
const PUBLIC_KEY: &str = "public-key";

/// What an event can't be told without.
fn required(text: Option<&str>) -> Result<&str, Invalid> {
    text.ok_or(Invalid("lacks what it is about"))
}

/// Who has begun it, in a word of CAEP section 2.
fn initiated(entity: &'static str) -> (&'static str, Value) {
    ("initiating_entity", entity.into())
}

/// An event that is told.
#[derive(Clone, Copy)]
struct Told<'a> {
    event: &'a Event<'a>,
    issuer: &'a Issuer,
}

impl Told<'_> {
    fn subject(&self) -> Result<Subject, Invalid> {
        Subject::parse(required(self.event.subject.as_deref())?)
    }

    fn client(&self) -> Result<ClientId, Invalid> {
        const RULE: Invalid = Invalid("names its client otherwise than by a number");
        let number = required(self.event.client.as_deref())?.parse().map_err(|_| RULE)?;
        ClientId::from_number(number)
    }

    /// The member, or the person, that the event is about.
    fn member(&self) -> Result<SimpleSubject, Invalid> {
        Ok(SimpleSubject::iss_sub(self.issuer, &self.subject()?))
    }

    fn tenant(&self) -> Result<SimpleSubject, Invalid> {
        Ok(SimpleSubject::org(&OrgId::parse(required(self.event.org)?)?))
    }

    /// A signal with the members that all events have, and more.
    fn signal(
        &self,
        event: SecurityEvent,
        subject: SubjectIdentifier,
        reason: &str,
        more: impl IntoIterator<Item = (&'static str, Value)>,
    ) -> NewSignal {
        let at = Timestamp::from_ms(self.event.time);
        let own = [("event_timestamp", json!(at.as_secs())), ("reason_admin", json!({"en": reason}))];
        let members: Map<_, _> = own.into_iter().chain(more).map(|(name, value)| (name.to_owned(), value)).collect();
        let (cause, txn) = (self.event.id.to_owned(), self.event.id.to_owned());
        NewSignal { event, subject, concerns: Vec::new(), members, at, cause, txn, holds: Holds::Always }
    }

    fn revoked(&self, subject: SubjectIdentifier, reason: &str) -> NewSignal {
        self.signal(SecurityEvent::SessionRevoked, subject, reason, None)
    }

    /// One token is revoked, or the newest one of a family with those before it. Where both are told of the same token it is one signal.
    fn token(&self, reason: &str) -> Result<NewSignal, Invalid> {
        let event = self.event;
        let jti = TokenId::parse(required(event.jti)?)?;
        let entity = match &event.revoked_by {
            // Nobody has asked for it: the service saw a reason.
            None => Some("system"),
            Some(by) => by.subject.as_ref().map(|subject| {
                let is_own = Some(subject) == event.subject.as_ref() && Some(&*by.org) == event.org;
                if is_own { "user" } else { "admin" }
            }),
        };
        let client = event.client.is_some().then(|| self.client()).transpose()?;
        let concerns = std::iter::once(self.member()?).chain(client.map(SimpleSubject::client)).map(SubjectIdentifier::Simple);
        let subject = SimpleSubject::jwt_id(self.issuer, jti).into();
        let signal = self.signal(SecurityEvent::SessionRevoked, subject, reason, entity.map(initiated));
        Ok(NewSignal { concerns: concerns.collect(), cause: jti.to_string(), ..signal })
    }

    /// All tokens of a set are revoked.
    fn set(&self) -> Result<Vec<NewSignal>, Invalid> {
        let signal = match required(self.event.set)? {
            "member" => self.revoked(self.member()?.into(), "All tokens of the member were revoked."),
            "clients_of_member" => {
                self.revoked(self.member()?.into(), "All tokens that applications have for the person were revoked.")
            }
            "client" => {
                let members = [("application", SimpleSubject::client(self.client()?)), ("tenant", self.tenant()?)];
                self.revoked(SubjectIdentifier::complex(members), "All tokens of the client were revoked.")
            }
            "org" => {
                let subject = SubjectIdentifier::complex([("tenant", self.tenant()?)]);
                self.revoked(subject, "All tokens of the organization were revoked.")
            }
            "client_of_member" => {
                let signal = self.client_of_member("All tokens that the client has for the person were revoked.")?;
                NewSignal { holds: Holds::IfManyTokens(self.client()?), ..signal }
            }
            _ => return Ok(Vec::new()),
        };
        Ok(one(signal))
    }

    /// All that a client has for a person has ended.
    fn client_of_member(&self, reason: &str) -> Result<NewSignal, Invalid> {
        let client = SimpleSubject::client(self.client()?);
        let members = [("user", self.member()?), ("application", client), ("tenant", self.tenant()?)];
        Ok(self.revoked(SubjectIdentifier::complex(members), reason))
    }

    /// A credential of the member or the client was changed.
    fn credential(&self, holder: SimpleSubject, what: (&str, &str), reason: &str) -> NewSignal {
        let (credential, change) = what;
        let members = [("credential_type", json!(credential)), ("change_type", json!(change))];
        let signal = self.signal(SecurityEvent::CredentialChange, holder.into(), reason, members);
        // Several credentials may change at once.
        NewSignal { cause: format!("{}.{credential}", self.event.id), ..signal }
    }

    fn api_key(&self, change: &str, reason: &str) -> Result<NewSignal, Invalid> {
        let event = self.event;
        let mut signal = self.credential(self.member()?, (API_KEY, change), reason);
        let name = event.name.as_deref().or(event.after.as_ref().and_then(|after| after.name.as_deref()));
        // People know it by its name, and programs by its id.
        if let Some(name) = name.filter(|name| !name.is_empty()).or(event.api_key) {
            signal.members.insert("friendly_name".to_owned(), name.into());
        }
        let entity = match event.reason {
            Some("owner") => Some(initiated("user")),
            Some("administrator") => Some(initiated("admin")),
            Some("leaked") => Some(initiated("system")),
            Some(_) | None => None,
        };
        signal.members.extend(entity.map(|(name, value)| (name.to_owned(), value)));
        Ok(signal)
    }

    /// Whether the event has turned the record from this to that.
    fn is_switched(&self, from: bool, to: bool) -> bool {
        let enabled = |side: &Option<Side<'_>>| side.as_ref().and_then(|side| side.enabled);
        (enabled(&self.event.before), enabled(&self.event.after)) == (Some(from), Some(to))
    }

    /// What is told of an account that was switched off or on.
    fn switch(&self, subject: &SimpleSubject, reasons: [&str; 2], entity: Option<&'static str>) -> Option<NewSignal> {
        let [disabled, enabled] = reasons;
        let (event, reason) = if self.is_switched(true, false) {
            (SecurityEvent::AccountDisabled, disabled)
        } else if self.is_switched(false, true) {
            (SecurityEvent::AccountEnabled, enabled)
        } else {
            return None;
        };
        Some(self.signal(event, subject.clone().into(), reason, entity.map(initiated)))
    }

    fn member_change(&self) -> Result<Vec<NewSignal>, Invalid> {
        let member = self.member()?;
        let reasons = ["The member was disabled.", "The member was enabled."];
        let mut signals: Vec<_> = self.switch(&member, reasons, Some("admin")).into_iter().collect();
        let (Some(before), Some(after)) = (&self.event.before, &self.event.after) else { return Ok(signals) };
        let mut claims = Map::new();
        if before.scopes != after.scopes {
            claims.insert("scopes".to_owned(), json!(after.scopes));
        }
        if before.roles != after.roles {
            claims.insert("roles".to_owned(), json!(after.roles));
        }
        if !claims.is_empty() {
            let members = [("claims", Value::Object(claims))].into_iter().chain([initiated("admin")]);
            let reason = "What the member may have in tokens was changed.";
            signals.push(self.signal(SecurityEvent::TokenClaimsChange, member.into(), reason, members));
        }
        Ok(signals)
    }

    fn client_change(&self) -> Result<Vec<NewSignal>, Invalid> {
        let client = SimpleSubject::client(self.client()?);
        let mut signals: Vec<_> =
            self.switch(&client, ["The client was disabled.", "The client was enabled."], None).into_iter().collect();
        let (Some(before), Some(after)) = (&self.event.before, &self.event.after) else { return Ok(signals) };
        let (had, has) = (before.secrets.unwrap_or(0), after.secrets.unwrap_or(0));
        if has != had {
            let (change, reason) = if has > had {
                ("create", "A secret of the client was created.")
            } else {
                ("delete", "A secret of the client was deleted.")
            };
            signals.push(self.credential(client.clone(), (CLIENT_SECRET, change), reason));
        }
        let change = match (before.jwks.map(RawValue::get), after.jwks.map(RawValue::get)) {
            (None, Some(_)) => Some(("create", "The client has got public keys.")),
            (Some(_), None) => Some(("delete", "The client has no public keys any more.")),
            (Some(old), Some(new)) if old != new => Some(("update", "The public keys of the client were changed.")),
            (Some(_), Some(_)) | (None, None) => None,
        };
        signals.extend(change.map(|(change, reason)| self.credential(client, (PUBLIC_KEY, change), reason)));
        Ok(signals)
    }
}

#[cfg(test)]
mod tests;
