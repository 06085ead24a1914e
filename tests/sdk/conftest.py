"""What the tests share: one server for all of them, SDK clients of several callers, and how a refusal looks.

The SDK is used as it is published and in its strict mode: with `Configuration()`, without `discard_unknown_keys`, a wrong
type, a `null` or a missing member in any answer raises.
"""

import json
import os
import runpy
import time
import uuid
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from harness import HERE, PROXIES, Server

runpy.run_path(str(HERE / "guard" / "sitecustomize.py"))
for _name in PROXIES:
    os.environ.pop(_name, None)
    os.environ.pop(_name.upper(), None)

import agilicus  # noqa: E402
import agilicus_api  # noqa: E402  (lies within `agilicus`, which puts it on the path)
import jwt  # noqa: E402
import requests  # noqa: E402

AUDIENCE = "urn:acme:files"


def pytest_configure():
    if not os.access(os.environ.get("JETON_BIN", ""), os.X_OK):
        raise pytest.UsageError("JETON_BIN must be the path of the server's binary; tests/run sets it")


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A server with the seed of this folder. That it ends in order when it is told to is checked, too."""
    server = Server(tmp_path_factory.mktemp("jeton") / "data")
    yield server
    assert server.process.poll() is None, "the server ended while the tests ran"
    assert server.stop() == 0


@pytest.fixture(scope="session")
def client(server):
    """Makes an SDK client for the bearer of a token."""

    def make(token=None):
        configuration = agilicus_api.Configuration()
        assert configuration.discard_unknown_keys is False
        configuration.host = server.url
        if token is not None:
            configuration.access_token = token
        return agilicus.TokensApi(agilicus.ApiClient(configuration))

    return make


@pytest.fixture(scope="session")
def admin(server, client):
    """The client of the administrator of org 1, and so of the orgs below it."""
    return client(server.admin_token)


@pytest.fixture(scope="session")
def anyone(client):
    """A client without a token."""
    return client()


def ask(sub="ann", org="1", audiences=(AUDIENCE,), duration=600, scopes=None, **more):
    """A CreateTokenRequest."""
    if scopes is not None:
        more["scopes"] = [agilicus.TokenScope(scope) for scope in scopes]
    validity = agilicus.TimeValidity() if duration is None else agilicus.TimeValidity(duration=duration)
    return agilicus.CreateTokenRequest(sub=sub, org=org, audiences=list(audiences), time_validity=validity, **more)


@pytest.fixture(scope="session")
def mint(admin):
    """Mints as the administrator; takes what `ask` takes."""
    return lambda *args, **more: admin.create_token(ask(*args, **more))


def a_moment():
    """Passes the time until the next id sorts behind the last one: ids carry milliseconds."""
    time.sleep(0.002)


@pytest.fixture(scope="session")
def introspect(anyone):
    """Introspects a token without any authorization."""

    def introspect(token, **options):
        options = {"introspect_options": agilicus.TokenIntrospectOptions(**options)} if options else {}
        return anyone.create_introspect_token(agilicus.TokenIntrospect(token=token, **options))

    return introspect


@pytest.fixture(scope="session")
def revoke(anyone):
    """Revokes a token."""
    return lambda token, **more: anyone.create_revoke_token_task(agilicus.TokenRevoke(token=token, **more))


@pytest.fixture
def session():
    """A session that no other test has."""
    return f"s-{uuid.uuid4().hex[:24]}"


@pytest.fixture
def member(server):
    """Puts a member that no other test has into the directory, and returns its `sub`."""

    def put(org="1", sub=None, **more):
        sub = sub or f"m-{uuid.uuid4().hex[:24]}"
        answer = requests.put(
            f"{server.url}/v1/orgs/{org}/members/{sub}",
            json=more,
            headers={"Authorization": f"Bearer {server.admin_token}"},
            timeout=10,
        )
        assert answer.status_code in (200, 201), answer.text
        return sub

    return put


@pytest.fixture(scope="session")
def keys(anyone):
    """Public keys by their id."""
    return {key["kid"]: jwt.PyJWK.from_dict(key).key for key in anyone.get_jwks().keys.value}


@pytest.fixture(scope="session")
def claims(server, keys):
    """The claims of a token, once its signature, issuer, audience and times are verified."""

    def verify(token, audience=AUDIENCE):
        key = keys[jwt.get_unverified_header(token)["kid"]]
        return jwt.decode(token, key, algorithms=["ES256"], audience=audience, issuer=server.url)

    return verify


@contextmanager
def refused(status, code, error=agilicus_api.ApiException):
    """The SDK raises exactly this class, for this status, and its body is an ErrorMessage with this code."""
    caught = SimpleNamespace()
    with pytest.raises(agilicus_api.ApiException) as raised:
        yield caught
    caught.error = raised.value
    assert type(raised.value) is error
    body = json.loads(raised.value.body)
    assert (raised.value.status, body["error_code"]) == (status, code), body
    assert set(body) == {"error_code", "error_message"} and len(body["error_message"]) > 10
    assert raised.value.headers["content-type"] == "application/json"
    caught.message = body["error_message"]


def answered(status, operation, *args, **more):
    """The data of an operation that answers with this status, JSON where there is a body, and keeps out of caches."""
    data, actual, headers = operation(*args, _return_http_data_only=False, **more)
    assert actual == status
    assert headers["cache-control"] == "no-store"
    assert headers.get("content-type") == (None if status == 204 else "application/json")
    return data
