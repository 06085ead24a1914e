//! Where clients may go on to by an exchange.

use serde::{Deserialize, Serialize};

use super::coded;
use super::is_false;
use crate::domain::{
    Audience, AuthorizationServer, Destination, DomainGrantType, ExchangeTarget, GrantSubject, Scope, Seconds, TargetScope,
};

/// A target of a client.
#[derive(Deserialize, Serialize)]
pub(super) struct TargetBody {
    /// The API. Without one and without a server the target is of a newer version, and is ignored.
    #[serde(rename = "r", with = "coded", default, skip_serializing_if = "Option::is_none")]
    resource: Option<Audience>,
    /// Or the authorization server.
    #[serde(rename = "as", default, skip_serializing_if = "Option::is_none")]
    server: Option<Box<ServerBody>>,
    /// Each scope, and after it those that lead to it. None: only the scope itself does.
    #[serde(rename = "z", with = "coded")]
    scopes: Vec<Vec<Scope>>,
}

impl TargetBody {
    pub(super) fn from_target(target: ExchangeTarget) -> Self {
        let scope = |scope: TargetScope| {
            let sources = if scope.is_kept() { Vec::new() } else { scope.sources };
            std::iter::once(scope.name).chain(sources).collect()
        };
        let scopes = target.scopes.into_iter().map(scope).collect();
        match target.destination {
            Destination::Api(resource) => Self { resource: Some(resource), server: None, scopes },
            Destination::Server(server) => {
                Self { resource: None, server: Some(Box::new(ServerBody::from_server(*server))), scopes }
            }
        }
    }

    pub(super) fn into_target(self) -> Option<ExchangeTarget> {
        let scope = |mut names: Vec<Scope>| {
            let sources = names.split_off(names.len().min(1));
            let name = names.pop()?;
            Some(if sources.is_empty() { TargetScope::kept(name) } else { TargetScope { name, sources } })
        };
        let scopes = self.scopes.into_iter().filter_map(scope).collect();
        let server = self.server.map(|server| Destination::Server(Box::new(server.into_server())));
        Some(ExchangeTarget { destination: self.resource.map(Destination::Api).or(server)?, scopes })
    }
}

/// An authorization server that isn't ours.
#[derive(Deserialize, Serialize)]
struct ServerBody {
    #[serde(rename = "i", with = "coded")]
    issuer: Audience,
    #[serde(rename = "j", default, skip_serializing_if = "is_false")]
    takes_id_jag: bool,
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(rename = "r", with = "coded", default, skip_serializing_if = "Vec::is_empty")]
    resources: Vec<Audience>,
    /// How subjects are called: by their `sub` if it is left out.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    subject: Option<SubjectBody>,
    #[serde(rename = "d", with = "coded")]
    duration: Seconds,
    #[serde(rename = "y", default, skip_serializing_if = "is_false")]
    actors: bool,
}

#[derive(Deserialize, Serialize)]
enum SubjectBody {
    #[serde(rename = "e")]
    Email,
    #[serde(rename = "p")]
    Pairwise,
}

impl ServerBody {
    fn from_server(server: AuthorizationServer) -> Self {
        Self {
            issuer: server.issuer,
            takes_id_jag: server.grant_type == DomainGrantType::IdJag,
            client_id: server.client_id,
            resources: server.resources,
            subject: match server.subject {
                GrantSubject::Sub => None,
                GrantSubject::Email => Some(SubjectBody::Email),
                GrantSubject::Pairwise => Some(SubjectBody::Pairwise),
            },
            duration: server.duration,
            actors: server.actors,
        }
    }

    fn into_server(self) -> AuthorizationServer {
        AuthorizationServer {
            issuer: self.issuer,
            grant_type: if self.takes_id_jag { DomainGrantType::IdJag } else { DomainGrantType::Jwt },
            client_id: self.client_id,
            resources: self.resources,
            subject: match self.subject {
                None => GrantSubject::Sub,
                Some(SubjectBody::Email) => GrantSubject::Email,
                Some(SubjectBody::Pairwise) => GrantSubject::Pairwise,
            },
            duration: self.duration,
            actors: self.actors,
        }
    }
}
