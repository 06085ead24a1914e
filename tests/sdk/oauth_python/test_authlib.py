"""Authlib as a client, and as what guards an API."""

import time
from types import SimpleNamespace

import jwt as jwt_library
import pytest
import requests
from authlib.integrations.base_client import OAuthError
from authlib.oauth2.rfc6750 import InsufficientScopeError, InvalidTokenError
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc7662 import IntrospectTokenValidator
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc.errors import UnsupportedAlgorithmError

from .conftest import RECOMMENDED, ShortLivedAssertion
from .deployments import API, JWT_BEARER, OTHER_API, PARTNER, TOKEN_EXCHANGE, assertion

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


@pytest.mark.parametrize("name", ["basic", "post", "ES256", "PS256", "Ed25519"])
def test_rfc6749_2_3_1_rfc7523_2_2_a_client_authenticates_by_its_own_method(service, name):
    token = service.granted(name, scope="files.read mail")
    assert (token["token_type"], token["expires_in"], token["scope"]) == ("Bearer", 600, "files.read mail")
    assert "refresh_token" not in token
    assert service.introspected(token["access_token"])["client_id"] == service.org.clients[name].id


def test_rfc7523_3_an_assertion_is_for_the_issuer_and_for_minutes(service):
    # Both are what the library does if it isn't told otherwise: name the endpoint, and sign for an hour.
    for unsuitable in (ShortLivedAssertion(alg="ES256"), PrivateKeyJWT(service.metadata["issuer"], alg="ES256")):
        session = service.session("ES256")
        session.register_client_auth_method(unsuitable)
        with pytest.raises(OAuthError) as refused:
            session.fetch_token(service.metadata["token_endpoint"], grant_type="client_credentials")
        assert refused.value.error == "invalid_client"


def test_rfc6749_5_2_refusals_are_errors_of_the_library(service):
    for error, more in {"invalid_scope": {"scope": "nothing"}, "invalid_target": {"resource": "https://unknown.example"}}.items():
        with pytest.raises(OAuthError) as refused:
            service.granted(**more)
        assert refused.value.error == error
        assert len(refused.value.description) > 10
    with pytest.raises(OAuthError) as refused:
        service.granted("public")
    assert refused.value.error == "unauthorized_client"
    session = service.session()
    session.client_secret = "wrong"
    with pytest.raises(OAuthError) as refused:
        session.fetch_token(service.metadata["token_endpoint"], grant_type="client_credentials")
    assert refused.value.error == "invalid_client"


def test_rfc8707_2_a_token_is_for_the_resource_that_was_asked_for(service):
    assert service.introspected(service.granted(resource=API)["access_token"])["active"]
    assert service.introspected(service.granted(resource=OTHER_API)["access_token"]) == {"active": False}


def test_rfc6749_6_a_confidential_client_keeps_its_refresh_token(service):
    refresh_token = service.approved()["refreshToken"]
    for _ in range(2):
        token = service.session().refresh_token(service.metadata["token_endpoint"], refresh_token)
        assert token["refresh_token"] == refresh_token
        assert service.introspected(token["access_token"])["sub"] == "john"


def test_rfc9700_4_14_2_that_of_a_public_client_is_replaced(service):
    url, first = service.metadata["token_endpoint"], service.approved("public")["refreshToken"]
    session = service.session("public")
    second = session.refresh_token(url, first)["refresh_token"]
    assert session.refresh_token(url, first)["refresh_token"] == second
    third = session.refresh_token(url, second)["refresh_token"]
    assert len({first, second, third}) == 3
    for token in (first, third):
        with pytest.raises(OAuthError) as refused:
            session.refresh_token(url, token)
        assert refused.value.error == "invalid_grant"


def test_an_expired_token_is_replaced_by_the_library_itself(service):
    approved = service.approved()
    token = {"access_token": approved["accessToken"], "refresh_token": approved["refreshToken"], "expires_at": int(time.time()) - 1}
    updated = []
    session = service.session(
        token=token | {"token_type": "Bearer"},
        token_endpoint=service.metadata["token_endpoint"],
        update_token=lambda token, **_: updated.append(token),
    )
    session.get(f"{service.deployment.url}/health")
    assert [service.introspected(token["access_token"])["active"] for token in updated] == [True]


def test_rfc7009_2_a_revoked_token_is_dead(service):
    for hint in (None, "access_token", "refresh_token"):
        token = service.granted()["access_token"]
        answer = service.session().revoke_token(service.metadata["revocation_endpoint"], token, hint)
        assert (answer.status_code, answer.content) == (200, b"")
        assert service.introspected(token) == {"active": False}


def test_rfc8693_2_an_api_exchanges_what_it_was_shown(service):
    subject = service.session().refresh_token(service.metadata["token_endpoint"], service.approved()["refreshToken"], resource=None)
    asked = {"subject_token": subject["access_token"], "subject_token_type": ACCESS_TOKEN, "scope": "mail"}
    token = service.session("broker").fetch_token(service.metadata["token_endpoint"], grant_type=TOKEN_EXCHANGE, **asked)
    assert (token["issued_token_type"], token["scope"]) == (ACCESS_TOKEN, "mail")
    seen = service.introspected(token["access_token"], "broker")
    assert (seen["sub"], seen["client_id"]) == ("john", service.org.clients["broker"].id)


def test_rfc8693_1_1_an_api_goes_on_to_another_one_and_to_another_authorization_server(service):
    session, url = service.session("api"), service.metadata["token_endpoint"]
    said = {"grant_type": JWT_BEARER, "assertion": assertion(service.deployment, "john"), "scope": "files.read mail", "resource": API}
    subject = service.session().fetch_token(url, **said)["access_token"]
    asked = {"subject_token": subject, "subject_token_type": ACCESS_TOKEN, "grant_type": TOKEN_EXCHANGE}
    token = session.fetch_token(url, resource=OTHER_API, **asked)
    assert (token["scope"], token["token_type"], "refresh_token" in token) == ("files.read", "Bearer", False)
    api = service.org.clients["api"].id
    seen = service.introspected(token["access_token"], "api")
    assert (seen["sub"], seen["aud"], seen["act"]) == ("john", [OTHER_API], {"sub": api, "client_id": api})
    jwt = "urn:ietf:params:oauth:token-type:jwt"
    grant = session.fetch_token(url, audience=PARTNER, requested_token_type=jwt, **asked)
    assert (grant["token_type"], grant["issued_token_type"], grant["scope"]) == ("N_A", jwt, "chat.read")
    key = jwt_library.PyJWKClient(service.metadata["jwks_uri"]).get_signing_key_from_jwt(grant["access_token"])
    expected = {"audience": PARTNER, "issuer": service.metadata["issuer"]}
    claims = jwt_library.decode(grant["access_token"], key, algorithms=["ES256", "RS256", "PS256", "EdDSA"], **expected)
    assert (claims["sub"], claims["scope"]) == ("john", "chat.read")


def test_rfc7523_2_1_an_assertion_of_an_issuer_that_the_org_trusts_brings_a_token(service):
    session, url = service.session(), service.metadata["token_endpoint"]
    token = session.fetch_token(url, grant_type=JWT_BEARER, assertion=assertion(service.deployment, "john"))
    assert service.introspected(token["access_token"])["sub"] == "john"
    with pytest.raises(OAuthError) as refused:
        session.fetch_token(url, grant_type=JWT_BEARER, assertion=assertion(service.deployment, "john", aud="https://other.example"))
    assert refused.value.error == "invalid_grant"


class ByKeys(JWTBearerTokenValidator):
    """Verifies with the published keys."""

    def __init__(self, service, audience=API):
        super().__init__(service.metadata["issuer"], audience)
        self.jwks_uri = service.metadata["jwks_uri"]

    def get_jwks(self):
        return requests.get(self.jwks_uri, timeout=10).json()


class ByIntrospection(IntrospectTokenValidator):
    """Asks about each token."""

    def __init__(self, service):
        super().__init__()
        self.service = service

    def introspect_token(self, token_string):
        return self.service.introspected(token_string)


def pass_guard(validator, token, scopes):
    """What the library does with a request to a guarded API."""
    validator.validate_request(SimpleNamespace())
    seen = validator.authenticate_token(token)
    validator.validate_token(seen, scopes, SimpleNamespace())
    return seen


def test_the_guard_takes_no_algorithms_but_those_that_the_library_recommends(jwt_service):
    token, guard = jwt_service.granted()["access_token"], ByKeys(jwt_service)
    if jwt_service.org.form in RECOMMENDED:
        assert guard.authenticate_token(token)["iss"] == jwt_service.metadata["issuer"]
    else:
        with pytest.raises(InvalidTokenError) as refused:
            guard.authenticate_token(token)
        assert isinstance(refused.value.__cause__, UnsupportedAlgorithmError)


def test_rfc9068_4_an_api_verifies_a_token_with_the_published_keys(guarded_service):
    token = guarded_service.granted(scope="files.read")["access_token"]
    seen = pass_guard(ByKeys(guarded_service), token, ["files.read"])
    assert seen["client_id"] == guarded_service.org.clients["basic"].id
    with pytest.raises(InsufficientScopeError):
        pass_guard(ByKeys(guarded_service), token, ["mail"])


def test_rfc9068_4_neither_others_tokens_nor_changed_nor_expired_ones_pass(guarded_service):
    token, brief = guarded_service.granted()["access_token"], guarded_service.granted("brief")["access_token"]
    header, payload, signature = token.split(".")
    with pytest.raises(InvalidTokenError):
        pass_guard(ByKeys(guarded_service, OTHER_API), token, [])
    with pytest.raises(InvalidTokenError):
        pass_guard(ByKeys(guarded_service), f"{header}.{brief.split('.')[1]}.{signature}", [])
    time.sleep(1.1)
    with pytest.raises(InvalidTokenError):
        pass_guard(ByKeys(guarded_service), brief, [])


def test_rfc7662_an_api_asks_about_each_token(service):
    token = service.granted()["access_token"]
    assert pass_guard(ByIntrospection(service), token, ["files.read"])["active"]
    with pytest.raises(InsufficientScopeError):
        pass_guard(ByIntrospection(service), token, ["mail"])
    service.session().revoke_token(service.metadata["revocation_endpoint"], token)
    with pytest.raises(InvalidTokenError):
        pass_guard(ByIntrospection(service), token, ["files.read"])
