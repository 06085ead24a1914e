"""DPoP (RFC 9449) at token and introspection. The proofs are another library's."""

import base64
import hashlib
import time
import uuid

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from .conftest import content, failed

RESOURCE = "https://api.example.org/files"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    """A client's key."""

    def __init__(self):
        self.private = ec.generate_private_key(ec.SECP256R1())
        jwk = jwt.algorithms.ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        self.jwk = {name: jwk[name] for name in ("crv", "kty", "x", "y")}

    @property
    def thumbprint(self):
        """RFC 7638."""
        canonical = "{" + ",".join(f'"{name}":"{self.jwk[name]}"' for name in sorted(self.jwk)) + "}"
        return base64url(hashlib.sha256(canonical.encode()).digest())

    def proof(self, uri, token=None, method="POST", **more):
        body = {"htm": method, "htu": uri, "iat": int(time.time()), "jti": uuid.uuid4().hex}
        if token is not None:
            body["ath"] = base64url(hashlib.sha256(token.encode()).digest())
        return jwt.encode(body | more, self.private, "ES256", headers={"typ": "dpop+jwt", "jwk": self.jwk})


@pytest.fixture(scope="module")
def key():
    return Key()


@pytest.fixture
def bound(service, process, key):
    """A token that is bound to the key, as its client got it."""
    answer = process("grant_type=client_credentials", dpop=key.proof(service.token_endpoint))
    assert answer.action.name == "OK", answer.resultMessage
    return content(answer)["access_token"]


def test_a_proof_at_the_token_endpoint_binds_the_token(service, process, key, claims):
    answer = process("grant_type=client_credentials", dpop=key.proof(service.token_endpoint))
    assert answer.action.name == "OK", answer.resultMessage
    assert content(answer)["token_type"] == "DPoP"
    if service.jwt:
        assert claims(answer.jwtAccessToken)["cnf"] == {"jkt": key.thumbprint}


def test_a_proof_is_for_the_method_and_the_uri_that_are_named(process, key):
    elsewhere = "https://as.example.org/t2"
    proof = key.proof(elsewhere, method="PUT")
    failed(process("grant_type=client_credentials", dpop=proof), "BAD_REQUEST", "invalid_dpop_proof")
    assert process("grant_type=client_credentials", dpop=proof, htm="PUT", htu=elsewhere).action.name == "OK"


def test_a_proof_is_used_up(service, process, key):
    proof = key.proof(service.token_endpoint)
    assert process("grant_type=client_credentials", dpop=proof).action.name == "OK"
    failed(process("grant_type=client_credentials", dpop=proof), "BAD_REQUEST", "invalid_dpop_proof")


def test_a_proof_that_is_stale_or_forged_is_refused(service, process, key):
    other = Key()
    header = {"typ": "dpop+jwt", "jwk": other.jwk}
    body = {"htm": "POST", "htu": service.token_endpoint, "iat": int(time.time()), "jti": uuid.uuid4().hex}
    forged = jwt.encode(body, key.private, "ES256", headers=header)
    for proof in (key.proof(service.token_endpoint, iat=int(time.time()) - 3600), forged, "nonsense"):
        failed(process("grant_type=client_credentials", dpop=proof), "BAD_REQUEST", "invalid_dpop_proof")


def test_whoever_presents_a_bound_token_proves_the_key_each_time_anew(introspect, bound, key):
    proof = key.proof(RESOURCE, token=bound, method="GET")
    seen = introspect(bound, dpop=proof, htm="GET", htu=RESOURCE)
    assert (seen.action.name, seen.usable) == ("OK", True), seen.resultMessage
    replayed = introspect(bound, dpop=proof, htm="GET", htu=RESOURCE)
    assert (replayed.action.name, replayed.resultCode) == ("UNAUTHORIZED", "A065310")
    assert replayed.responseContent.startswith('DPoP error="')


def test_without_the_right_proof_a_bound_token_opens_nothing(introspect, bound, key):
    missing = introspect(bound)
    assert (missing.action.name, missing.resultCode) == ("UNAUTHORIZED", "A065308")
    for proof, code in [
        (Key().proof(RESOURCE, token=bound, method="GET"), "A065311"),
        (key.proof(RESOURCE, token="another", method="GET"), "A065309"),
        (key.proof(RESOURCE, method="GET"), "A065309"),
        (key.proof("https://api.example.org/mail", token=bound, method="GET"), "A065309"),
    ]:
        seen = introspect(bound, dpop=proof, htm="GET", htu=RESOURCE)
        assert (seen.action.name, seen.resultCode) == ("UNAUTHORIZED", code), seen.resultMessage


def test_the_refresh_token_of_a_confidential_client_is_bound_to_no_key(service, created, process, key):
    """RFC 9449 section 5: the client has authenticated, and may use another key, or none."""
    for proof, token_type in ((None, "Bearer"), (Key(), "DPoP"), (key, "DPoP")):
        first = created(dpopKeyThumbprint=key.thumbprint)
        parameters = f"grant_type=refresh_token&refresh_token={first.refreshToken}"
        answer = process(parameters, **({"dpop": proof.proof(service.token_endpoint)} if proof else {}))
        assert answer.action.name == "OK" and content(answer)["token_type"] == token_type
