"""Servers for OAuth clients: one on each store, each with an org for every form of access tokens.

Each org has the same clients, one for each way to authenticate. A client's number is unique in the whole deployment.
"""

import hashlib
import json
import time
import uuid
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from harness import LoginApplication, on_both_stores
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from .platforms import WORKLOAD

# The form of the access tokens of each org; of `nonces`, clients must use DPoP nonces of the server.
FORMS = {"opaque": None, "ES256": "ES256", "RS256": "RS256", "PS256": "PS256", "EdDSA": "EdDSA", "nonces": "ES256"}
API = "https://api.example"
OTHER_API = "https://other.example"
PARTNER = "https://as.partner.example"
PLATFORM = "https://platform.example"
SCOPES = ["files.read", "files.write", "mail"]
# Where clients take people back: one with a server, and one on a person's machine, on whatever port.
CALLBACK = "https://client.example/callback"
LOOPBACK = "http://127.0.0.1/callback"

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# What an org's server may do, and what its login application may.
MANAGE = ["urn:jeton:tokens:*", "urn:jeton:clients:*"]
DECIDE = ["urn:jeton:authorizations:decide", "urn:jeton:grants:write"]
GRANTS = ["authorization_code", "client_credentials", "refresh_token", TOKEN_EXCHANGE, JWT_BEARER]


@dataclass(frozen=True)
class Client:
    """A client: with a secret, with a private key, or with neither."""

    id: str
    secret: str | None = None
    key: dict | None = None
    callback: str = CALLBACK


@dataclass(frozen=True)
class Org:
    """An org of a server, with a bearer that may make tokens, members and clients of it."""

    form: str
    id: str
    bearer: str
    clients: dict[str, Client]

    @property
    def jwt(self):
        return self.form != "opaque"


@dataclass(frozen=True)
class Deployment:
    """A server."""

    store: str
    url: str
    orgs: dict[str, Org]
    # The private key of an issuer whose assertions all orgs take.
    assertion_issuer: str
    assertion_key: dict
    # The private key of a platform, of which a client of each org is a workload.
    platform_key: dict
    # The page of the login application.
    login: str
    api: str = API
    other_api: str = OTHER_API
    partner: str = PARTNER
    platform: str = PLATFORM
    workload: str = WORKLOAD


def private_key(algorithm):
    """A private key as a JWK."""
    match algorithm:
        case "ES256":
            key = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
        case "PS256":
            key = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048), as_dict=True)
        case "Ed25519":
            key = OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate(), as_dict=True)
    key.pop("key_ops", None)
    return key | {"alg": algorithm, "kid": uuid.uuid4().hex}


def public(key):
    """The public half."""
    return {name: value for name, value in key.items() if name not in ("d", "dp", "dq", "p", "q", "qi")}


def seeded(org, form, federated=None):
    """The clients of an org, and how the seed file has them. With identities, one of the clients is a workload that has these and no secret."""
    clients, entries = {}, []

    def add(name, /, kind="confidential", secret=False, key=None, **more):
        number = int(org) * 100 + len(entries) + 1
        entry = {"org": org, "id": number, "alias": f"{form}-{name}", "kind": kind, "scopes": SCOPES, "grants": GRANTS} | more
        secret = uuid.uuid4().hex * 2 if secret else None
        if secret:
            entry["secrets_sha256"] = [hashlib.sha256(secret.encode()).hexdigest()]
        if key:
            entry["jwks"] = {"keys": [public(key)]}
        callback = LOOPBACK if kind == "public" else CALLBACK
        entry["redirect_uris"] = [callback]
        entry["post_logout_redirect_uris"] = [f"{callback}/goodbye"]
        clients[name] = Client(str(number), secret, key, callback)
        entries.append(entry)

    add("basic", secret=True)
    # It may have grants for the authorization server of somebody else, for what people let it read.
    chat = {"resources": [f"{PARTNER}/mcp"], "scopes": [{"scope": "chat.read", "for": ["mail"]}]}
    id_jag = {"authorization_server": PARTNER, "type": "id-jag", "client_id": "f53f191f"} | chat
    add("post", secret=True, auth_method="client_secret_post", may_exchange_to=[id_jag])
    for algorithm in ("ES256", "PS256", "Ed25519"):
        add(algorithm, auth_method="private_key_jwt", key=private_key(algorithm))
    add("public", kind="public", grants=["authorization_code", "refresh_token"])
    # What serves an API: it is asked for tokens, and asks about them.
    # It may go on to another API, and to an authorization server of somebody else.
    targets = [
        {"resource": OTHER_API, "scopes": [{"scope": "files.read", "for": ["mail"]}]},
        {"authorization_server": PARTNER, "scopes": [{"scope": "chat.read", "for": ["mail"]}]},
    ]
    add("api", secret=True, resources=[API], grants=[TOKEN_EXCHANGE], may_exchange_to=targets)
    add("dpop", secret=True, dpop_bound_tokens=True)
    add("brief", secret=True, token_duration=1)
    add("broker", secret=True, may_exchange_tokens=True)
    # The team's own, for which nobody is asked.
    add("own", secret=True, consent="implied", name="Acme Mail")
    if federated:
        add("workload", auth_method="private_key_jwt", federated=federated)
    return clients, entries


def settings(algorithm, nonces, *issuers):
    """The settings of an org that trusts these issuers."""
    return {
        "token_duration": 600,
        "supported_scopes": [{"name": "files.read", "default": True, "description": "Read your files"}, {"name": "files.write"}, {"name": "mail"}],
        "supported_grants": GRANTS,
        "resources": [API, OTHER_API],
        "default_resource": API,
        "authorization_details_types": ["payment"],
        "dpop_nonce_required": nonces,
        "assertion_issuers": list(issuers),
    } | ({"access_token_sign_alg": algorithm} if algorithm else {})


@contextmanager
def running(folder):
    """Runs the servers, and ends them in order."""
    assertion_key = private_key("ES256")
    issuer = {"issuer": "https://idp.example", "jwks": {"keys": [public(assertion_key)]}, "refresh_tokens": True, "id_jag": True}
    platform_key = private_key("ES256")
    platform = {"issuer": PLATFORM, "jwks": {"keys": [public(platform_key)]}, "longest_life": 3600, "reusable": True}
    orgs, seeds, clients = [{"id": "1", "name": "Acme"}], [], {}
    # It serves the orgs below its own.
    members = [{"org": "1", "sub": "login-app", "kind": "service_account", "scopes": DECIDE}]
    for number, (form, algorithm) in enumerate(FORMS.items(), 101):
        id = str(number)
        orgs.append({"id": id, "parent": "1", "name": form, "settings": settings(algorithm, form == "nonces", issuer, platform)})
        members.append({"org": id, "sub": "server", "kind": "service_account", "scopes": MANAGE})
        members.append({"org": id, "sub": "john", "kind": "user", "scopes": SCOPES})
        clients[form], entries = seeded(id, form, federated=[{"issuer": PLATFORM, "subject": WORKLOAD}])
        seeds += entries
    seed = {"orgs": orgs, "members": members, "clients": seeds}
    algorithms = [option for name in ("ES256", "RS256", "PS256", "EdDSA") for option in ("--algorithm", name)]
    with on_both_stores(Path(folder), seed, *algorithms) as servers, ExitStack() as logins:
        deployments = {}
        for store, server in servers.items():
            login = LoginApplication(server.url, bearer(server, "1", "login-app", *DECIDE), Path(folder) / f"login-{store}.log")
            logins.callback(login.stop)
            served = {
                form: Org(form, str(number), bearer(server, str(number), "server", *MANAGE), clients[form])
                for number, form in enumerate(FORMS, 101)
            }
            for org in served.values():
                send_people_to(login.url, server, org.id)
            deployments[store] = Deployment(store, server.url, served, issuer["issuer"], assertion_key, platform_key, login.url)
        yield deployments


def send_people_to(login_url, server, org):
    """Tells an org where its people sign in."""
    headers = {"Authorization": f"Bearer {server.admin_token}", "Content-Type": "application/merge-patch+json"}
    settings = {"login_url": login_url, "logout_url": login_url.replace("/sign-in", "/logout")}
    body = json.dumps({"settings": settings})
    answer = requests.patch(f"{server.url}/v1/orgs/{org}", data=body, headers=headers, timeout=10)
    assert answer.status_code == 200, answer.text


def bearer(server, org, sub, *scopes):
    """A token of a member of an org."""
    body = {"sub": sub, "org": org, "audiences": ["urn:jeton:api"], "scopes": scopes, "time_validity": {"duration": 3600}}
    headers = {"Authorization": f"Bearer {server.admin_token}"}
    answer = requests.post(f"{server.url}/v1/tokens", json=body, headers=headers, timeout=10)
    assert answer.status_code == 201, answer.text
    return answer.json()["token"]


def assertion(deployment, subject, **more):
    """A JWT by which the issuer that the orgs trust says who somebody is: RFC 7523 section 3."""
    key = jwt.PyJWK.from_dict(deployment.assertion_key)
    now = int(time.time())
    claims = {"iss": deployment.assertion_issuer, "sub": subject, "aud": deployment.url, "iat": now, "exp": now + 60, "jti": uuid.uuid4().hex}
    return jwt.encode(claims | more, key.key, algorithm="ES256", headers={"kid": key.key_id})


def described(deployments):
    """The same for a program in another language."""
    return json.dumps([asdict(deployment) for deployment in deployments.values()])
