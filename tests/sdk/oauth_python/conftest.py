"""What the tests of Python's OAuth libraries share. They are used as they are published."""

import os
import time
from dataclasses import dataclass

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from harness import STORES
from joserfc.jwk import import_key

from .deployments import FORMS, Deployment, Org, running

ORG_FORMS = [form for form in FORMS if form != "nonces"]
JWT_FORMS = [form for form in ORG_FORMS if form != "opaque"]
# What Authlib's guard of APIs takes; it has no option for more.
RECOMMENDED = ["ES256", "RS256"]

# What Authlib and oauthlib refuse to do over plain HTTP is allowed to them.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"


@pytest.fixture(scope="session")
def deployments(tmp_path_factory):
    """The servers, which run as long as the tests do."""
    with running(tmp_path_factory.mktemp("oauth")) as deployments:
        yield deployments


class ShortLivedAssertion(PrivateKeyJWT):
    """The library's own assertions live for an hour and keep their `jti`; ours may live for five minutes and are good once."""

    def sign(self, auth, token_endpoint):
        self.claims = {"exp": int(time.time()) + 60}
        return super().sign(auth, token_endpoint)


@dataclass(frozen=True)
class Served:
    """An org of a server, with what its clients need to know."""

    deployment: Deployment
    org: Org
    metadata: dict

    def session(self, name="basic", **more):
        """Authlib, configured for a client."""
        client = self.org.clients[name]
        if client.key is None:
            method = {"post": "client_secret_post", "public": "none"}.get(name, "client_secret_basic")
            return OAuth2Session(client.id, client.secret, token_endpoint_auth_method=method, **more)
        session = OAuth2Session(client.id, import_key(client.key), token_endpoint_auth_method="private_key_jwt", **more)
        # The library's own choice is the token endpoint; ours is the issuer and nothing else.
        audience = self.metadata["issuer"]
        session.register_client_auth_method(ShortLivedAssertion(audience, headers={"kid": client.key["kid"]}, alg=client.key["alg"]))
        return session

    def granted(self, name="basic", **more):
        """A token that a client has got for itself."""
        return self.session(name).fetch_token(self.metadata["token_endpoint"], grant_type="client_credentials", **more)

    def introspected(self, token, name="api"):
        """What the org's API hears of a token."""
        answer = self.session(name).introspect_token(self.metadata["introspection_endpoint"], token)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def approved(self, name="basic"):
        """Tokens as an authorization server has them made for a user, whom it has asked."""
        body = {"grantType": "AUTHORIZATION_CODE", "clientId": int(self.org.clients[name].id), "subject": "john"}
        url = f"{self.deployment.url}/api/{self.org.id}/auth/token/create"
        scopes = ["files.read", "mail"]
        answer = requests.post(url, json=body | {"scopes": scopes}, headers={"Authorization": f"Bearer {self.org.bearer}"}, timeout=10)
        assert answer.json()["action"] == "OK", answer.text
        return answer.json()


def served(deployments, parameter):
    store, form = parameter.split("-")
    deployment = deployments[store]
    metadata = requests.get(f"{deployment.url}/.well-known/oauth-authorization-server", timeout=10).json()
    return Served(deployment, deployment.orgs[form], metadata)


@pytest.fixture(scope="session", params=[f"{store}-{form}" for store in STORES for form in ORG_FORMS])
def service(request, deployments):
    """Each org, but the one that demands nonces."""
    return served(deployments, request.param)


@pytest.fixture(scope="session", params=[f"{store}-{form}" for store in STORES for form in JWT_FORMS])
def jwt_service(request, deployments):
    """Each org whose tokens are JWTs."""
    return served(deployments, request.param)


@pytest.fixture(scope="session", params=[f"{store}-{form}" for store in STORES for form in RECOMMENDED])
def guarded_service(request, deployments):
    """Each org whose tokens Authlib's guard can verify."""
    return served(deployments, request.param)
