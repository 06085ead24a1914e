"""PyJWT, and requests-oauthlib."""

import time

import jwt
import pytest
from oauthlib.oauth2 import BackendApplicationClient, InvalidScopeError
from requests_oauthlib import OAuth2Session

from .deployments import API, OTHER_API


def verified(service, token, **more):
    """The claims, once the library has verified them."""
    key = jwt.PyJWKClient(service.metadata["jwks_uri"]).get_signing_key_from_jwt(token)
    options = {"audience": API, "issuer": service.metadata["issuer"], "algorithms": [service.org.form]} | more
    required = ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"]
    return jwt.decode(token, key, options={"require": required}, **options)


def test_rfc9068_4_a_token_verifies_with_the_published_keys(jwt_service):
    token = jwt_service.granted()["access_token"]
    assert verified(jwt_service, token)["client_id"] == jwt_service.org.clients["basic"].id
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"


def test_rfc9068_4_neither_others_tokens_nor_changed_nor_expired_ones_do(jwt_service, deployments):
    token, brief = jwt_service.granted()["access_token"], jwt_service.granted("brief")["access_token"]
    with pytest.raises(jwt.InvalidAudienceError):
        verified(jwt_service, token, audience=OTHER_API)
    with pytest.raises(jwt.InvalidIssuerError):
        verified(jwt_service, token, issuer="https://elsewhere.example")
    with pytest.raises(jwt.InvalidAlgorithmError):
        verified(jwt_service, token, algorithms=["HS256"])
    header, payload, signature = token.split(".")
    with pytest.raises(jwt.InvalidSignatureError):
        verified(jwt_service, f"{header}.{brief.split('.')[1]}.{signature}")
    elsewhere = next(other for other in deployments.values() if other.url != jwt_service.deployment.url)
    keys = jwt.PyJWKClient(f"{elsewhere.url}/.well-known/jwks.json")
    with pytest.raises(jwt.PyJWKClientError):
        keys.get_signing_key_from_jwt(token)
    time.sleep(1.1)
    with pytest.raises(jwt.ExpiredSignatureError):
        verified(jwt_service, brief)


def test_rfc6749_4_4_requests_oauthlib_gets_a_token(service):
    client = service.org.clients["basic"]
    session = OAuth2Session(client=BackendApplicationClient(client.id))
    token = session.fetch_token(service.metadata["token_endpoint"], client_id=client.id, client_secret=client.secret, scope=["mail"])
    assert (token["scope"], service.introspected(token["access_token"])["active"]) == (["mail"], True)


def test_rfc6749_5_2_requests_oauthlib_reads_our_errors(service):
    client = service.org.clients["basic"]
    session = OAuth2Session(client=BackendApplicationClient(client.id))
    with pytest.raises(InvalidScopeError) as refused:
        session.fetch_token(service.metadata["token_endpoint"], client_id=client.id, client_secret=client.secret, scope=["nothing"])
    assert refused.value.status_code == 400


def test_rfc6749_6_requests_oauthlib_refreshes(service):
    client = service.org.clients["basic"]
    session = OAuth2Session(client.id, token={"access_token": "old", "refresh_token": service.approved()["refreshToken"]})
    token = session.refresh_token(service.metadata["token_endpoint"], auth=(client.id, client.secret))
    assert service.introspected(token["access_token"])["sub"] == "john"
