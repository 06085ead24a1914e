"""What the tests of Authlete's Python SDK share. The SDK is used as it is published.

Each test runs on both stores, with opaque tokens and with JWTs, over both versions of the API: v2 is `/api/…` with the API
secret, v3 is `/api/{serviceId}/…` with an access token.
"""

import json
import time
import uuid
from types import SimpleNamespace

import jwt
import pytest
import requests
from authlete.api.authlete_api_exception import AuthleteApiException
from authlete.api.authlete_api_impl import AuthleteApiImpl
from authlete.conf.authlete_configuration import AuthleteConfiguration
from authlete.dto.client import Client
from authlete.dto.introspection_request import IntrospectionRequest
from authlete.dto.standard_introspection_request import StandardIntrospectionRequest
from authlete.dto.token_create_request import TokenCreateRequest
from authlete.dto.token_request import TokenRequest
from authlete.dto.token_revoke_request import TokenRevokeRequest
from harness import STORES

from .services import FORMS, running

VERSIONS = ("V2", "V3")


@pytest.fixture(scope="session")
def services(tmp_path_factory):
    """The services of both servers, which run as long as the tests do."""
    with running(tmp_path_factory.mktemp("authlete")) as services:
        yield services


@pytest.fixture(scope="session", params=[f"{store}-{form}" for store in STORES for form in FORMS])
def service(request, services):
    """Each of the services."""
    return services[tuple(request.param.split("-"))]


@pytest.fixture(scope="session", params=VERSIONS)
def version(request):
    """Each version of the API."""
    return request.param


def configured(service, version, **more):
    """An SDK that is configured for a service."""
    settings = {
        "apiVersion": version,
        "baseUrl": service.url,
        "serviceApiKey": service.id,
        "serviceApiSecret": service.secret,
        "serviceAccessToken": service.bearer,
    }
    return AuthleteApiImpl(AuthleteConfiguration(settings | more))


@pytest.fixture(scope="session")
def api(service, version):
    """The SDK."""
    return configured(service, version)


@pytest.fixture(scope="session")
def call(service, version):
    """Calls the API as the SDK would, where the SDK can't. `path` goes on after the version's prefix."""

    def call(method, path, authorization=None, **more):
        prefix = f"/api/{service.id}" if version == "V3" else "/api"
        if authorization is None:
            bearer = {"Authorization": f"Bearer {service.bearer}"}
            authorization = bearer if version == "V3" else {}
            more.setdefault("auth", None if version == "V3" else (service.id, service.secret))
        headers = more.pop("headers", {}) | authorization
        return requests.request(method, f"{service.url}{prefix}{path}", headers=headers, timeout=10, **more)

    return call


GRANTS = ["AUTHORIZATION_CODE", "CLIENT_CREDENTIALS", "PASSWORD", "REFRESH_TOKEN", "TOKEN_EXCHANGE", "JWT_BEARER"]


@pytest.fixture(scope="session")
def new_client(api):
    """Makes a client; confidential and with all grants, if nothing else is said."""

    def make(**more):
        members = {"clientName": "Shop", "clientType": "CONFIDENTIAL", "tokenAuthMethod": "CLIENT_SECRET_BASIC", "grantTypes": GRANTS}
        return api.createClient(Client(members | more))

    return make


@pytest.fixture(scope="session")
def shop(new_client):
    """A confidential client, which keeps its refresh tokens."""
    return new_client()


@pytest.fixture(scope="session")
def phone(new_client):
    """A public client, whose refresh tokens are replaced at each use."""
    return new_client(clientType="PUBLIC", tokenAuthMethod="NONE", clientName="Phone")


@pytest.fixture
def subject():
    """A user that no other test has."""
    return f"u-{uuid.uuid4().hex}"


@pytest.fixture(scope="session")
def create(api, shop):
    """Creates a token outside of any flow: of the shop and of a user, if nothing else is said."""

    def create(**more):
        members = {"grantType": "AUTHORIZATION_CODE", "clientId": shop.clientId, "subject": "john", "scopes": ["history.read"]}
        return api.tokenCreate(TokenCreateRequest(members | more))

    return create


@pytest.fixture(scope="session")
def created(create):
    """The same, and it must succeed."""

    def created(**more):
        answer = create(**more)
        assert answer.action.name == "OK", answer.resultMessage
        return answer

    return created


@pytest.fixture(scope="session")
def expired(created):
    """Tokens whose second is over, each for one test, but for the persistent one."""
    subject = f"u-{uuid.uuid4().hex}"
    tokens = SimpleNamespace(
        subject=subject,
        persistent=created(accessTokenPersistent=True, accessTokenDuration=1),
        listed=created(accessTokenDuration=1, subject=subject),
        refreshable=created(accessTokenDuration=1),
        prolonged=created(accessTokenDuration=1),
        gone=created(accessTokenDuration=1, grantType="CLIENT_CREDENTIALS"),
    )
    time.sleep(max(0, tokens.gone.expiresAt - now_ms()) / 1000 + 0.05)
    return tokens


@pytest.fixture(scope="session")
def process(api, shop):
    """Passes a token request of a client on, as an authorization server does; the shop's if nothing else is said."""

    def process(parameters, client=shop, **more):
        if client is not None and client.tokenAuthMethod.name == "CLIENT_SECRET_BASIC":
            more = {"clientId": str(client.clientId), "clientSecret": client.clientSecret} | more
        elif client is not None:
            parameters = f"{parameters}&client_id={client.clientId}"
        return api.token(TokenRequest({"parameters": parameters} | more))

    return process


@pytest.fixture(scope="session")
def revoke(api):
    """Revokes, by one parameter or several."""
    return lambda **by: api.tokenRevoke(TokenRevokeRequest(by))


@pytest.fixture(scope="session")
def introspect(api):
    """Introspects an access token, as a resource server does."""
    return lambda token, **more: api.introspection(IntrospectionRequest({"token": token} | more))


@pytest.fixture(scope="session")
def is_live(introspect):
    """Whether an access token is good."""

    def is_live(token):
        answer = introspect(token)
        assert answer.action.name in ("OK", "UNAUTHORIZED"), answer
        assert (answer.action.name == "OK") == answer.usable
        return answer.usable

    return is_live


@pytest.fixture(scope="session")
def rfc7662(api):
    """What RFC 7662 tells of a token."""

    def introspect(token, **more):
        answer = api.standardIntrospection(StandardIntrospectionRequest({"parameters": f"token={token}"} | more))
        assert answer.action.name == "OK", answer.resultMessage
        return json.loads(answer.responseContent)

    return introspect


@pytest.fixture(scope="session")
def keys(api):
    """The public keys that are served, by id."""
    return {key["kid"]: jwt.PyJWK.from_dict(key) for key in json.loads(api.getServiceJwks())["keys"]}


@pytest.fixture(scope="session")
def claims(service, keys):
    """The claims of a JWT access token, whose signature, type and times another library has verified."""

    def verify(token, audience=None):
        header = jwt.get_unverified_header(token)
        assert header == {"alg": "ES256", "typ": "at+jwt", "kid": header["kid"]}
        key = keys[header["kid"]]
        return jwt.decode(token, key, algorithms=["ES256"], audience=audience or service.url, issuer=service.url)

    return verify


def content(answer):
    """What the authorization server is to send on."""
    assert isinstance(answer.responseContent, str)
    return json.loads(answer.responseContent)


def now_ms():
    return round(time.time() * 1000)


def assert_ms(value, seconds_from_now, tolerance=5):
    """A moment in milliseconds, that lies so far ahead."""
    assert isinstance(value, int)
    assert abs(value - now_ms() - seconds_from_now * 1000) <= tolerance * 1000, f"{value} is not {seconds_from_now} s from {now_ms()}"


def failed(answer, action, error, code=None):
    """An answer that makes the authorization server refuse: its content is an error of RFC 6749, explained by the same code."""
    assert answer.action.name == action, answer.resultMessage
    body = content(answer)
    assert body["error"] == error
    assert body["error_description"] == answer.resultMessage
    assert body["error_uri"].endswith(answer.resultCode)
    if code is not None:
        assert answer.resultCode == code


def refused(call, *args, **more):
    """The exception that a call ends in, by status and the code that its body has."""
    with pytest.raises(AuthleteApiException) as raised:
        call(*args, **more)
    error = raised.value
    body = error.response.json()
    assert error.message == body["resultMessage"]
    assert body["resultMessage"].startswith(f"[{body['resultCode']}] /")
    assert error.response.headers["content-type"].split(";")[0] == "application/json"
    return SimpleNamespace(status=error.response.status_code, code=body["resultCode"], message=body["resultMessage"])
