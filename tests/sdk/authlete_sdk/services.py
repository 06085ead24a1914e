"""Servers for Authlete's SDKs: one on each store, each with an org whose tokens are opaque and one whose tokens are JWTs.

An org is what Authlete calls a service. Its id is the `serviceId`, a token of its member `server` is the service access token of
v3, and its API secret is that of v2.
"""

import hashlib
import json
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import requests
from harness import on_both_stores

FORMS = {"opaque": "21653835348762", "jwt": "21653835348763"}
SECRET = "Jk6cJbLBJQo2mF0bRfDQfQm4CwGkKxkZ0dN3aYt5hWs"
TOKEN_ENDPOINT = "https://as.example.org/token"

SETTINGS = {
    "token_duration": 3600,
    "max_token_duration": 604_800,
    "refresh_token_duration": 86_400,
    "allow_non_expiring": True,
    "token_endpoint": TOKEN_ENDPOINT,
    "supported_grants": [
        "authorization_code",
        "client_credentials",
        "password",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:openid:params:grant-type:ciba",
    ],
    "device_url": "https://as.example.org/device",
    "supported_scopes": [
        {"name": "history.read", "default": True, "description": "Read the history"},
        {"name": "timeline.read"},
        {"name": "openid"},
        {"name": "payment", "token_duration": 120, "refresh_token_duration": 600},
    ],
    "attributes": {"region": "eu"},
}


@dataclass(frozen=True)
class Service:
    """An org, as an SDK is configured for it."""

    store: str
    form: str
    url: str
    id: str
    bearer: str
    # The token of a member that may read tokens and do nothing else.
    reader: str
    secret: str = SECRET
    token_endpoint: str = TOKEN_ENDPOINT

    @property
    def jwt(self):
        return self.form == "jwt"


def seed():
    """The seed file of a server."""
    orgs, members = [{"id": "1", "name": "Acme"}], []
    for form, id in FORMS.items():
        settings = SETTINGS | ({"access_token_sign_alg": "ES256"} if form == "jwt" else {})
        secrets = [hashlib.sha256(SECRET.encode()).hexdigest()]
        orgs.append({"id": id, "parent": "1", "name": f"Acme {form}", "settings": settings, "secrets_sha256": secrets})
        members.append({"org": id, "sub": "server", "kind": "service_account", "scopes": ["urn:jeton:tokens:*", "urn:jeton:clients:write"]})
        members.append({"org": id, "sub": "reader", "kind": "service_account", "scopes": ["urn:jeton:tokens:read"]})
    return {"orgs": orgs, "members": members}


@contextmanager
def running(folder):
    """Runs the servers. The services of each, by store and form."""
    with on_both_stores(Path(folder), seed()) as servers:
        services = {}
        for store, server in servers.items():
            for form, id in FORMS.items():
                bearer = minted(server, id, "server", ["urn:jeton:tokens:*", "urn:jeton:clients:write"])
                reader = minted(server, id, "reader", ["urn:jeton:tokens:read"])
                services[store, form] = Service(store, form, server.url, id, bearer, reader)
        yield services


def minted(server, org, subject, scopes):
    """A token of a member, from the API that Jeton shares with Agilicus."""
    body = {"sub": subject, "org": org, "audiences": ["urn:jeton:api"], "scopes": scopes, "time_validity": {"duration": 3600}}
    headers = {"Authorization": f"Bearer {server.admin_token}"}
    answer = requests.post(f"{server.url}/v1/tokens", json=body, headers=headers, timeout=10)
    assert answer.status_code == 201, answer.text
    return answer.json()["token"]


def described(services):
    """The same for a program in another language."""
    more = [{"jwt": service.jwt, "name": f"{service.form} tokens, {service.store}"} for service in services.values()]
    return json.dumps([asdict(service) | rest for service, rest in zip(services.values(), more, strict=True)])
