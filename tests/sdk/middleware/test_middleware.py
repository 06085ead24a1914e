"""What an API must do with tokens, for the complete programs of docs/verifying/: RFC 6750 section 3, RFC 9068 section 4, RFC 9449 section 7."""

import re
import time

import pytest
from conftest import STACKS, proof, public_jwk, run, thumbprint
from cryptography.hazmat.primitives.asymmetric import ec
from free_port import free_port
from jwt.algorithms import ECAlgorithm
from oauth_python.deployments import API, OTHER_API

NOW = int(time.time())


def refused(answer, status, error=None, scheme="Bearer"):
    """An answer as RFC 6750 section 3 has it, that tells the caller nothing else."""
    challenge = answer.headers.get("WWW-Authenticate", "")
    assert answer.status_code == status, (answer.status_code, challenge, answer.text)
    assert re.match(rf"{scheme}\b", challenge), challenge
    assert re.findall(r'error="(\w+)"', challenge) == ([error] if error else []), challenge
    assert re.findall(r'\bscope="([^"]*)"', challenge) == (["files.write"] if status == 403 else []), challenge
    assert "error_description" not in challenge and "error_uri" not in challenge, challenge
    told = answer.text.lower()
    assert len(told) < 200 and not re.search(r"jwt|proof|expired|signature|audience|exception|trace", told), told


def test_a_good_token_is_served(api, issuer):
    answer = api.get(issuer.token())
    assert (answer.status_code, answer.json()) == (200, {"sub": issuer.clients["basic"].id})
    assert api.get(issuer.token(), scheme="bearer").status_code == 200, "RFC 9110 section 11.1: schemes have no case"
    assert api.get(issuer.token(scope="files.read files.write"), method="POST").status_code == 200
    assert api.get(issuer.forged()).status_code == 200, "the tests below change one thing of this token"


def test_a_request_without_a_token_is_told_the_schemes_and_no_error(api):
    answer = api.get()
    refused(answer, 401)
    # RFC 9449 section 7.1: what takes both names both.
    assert 'DPoP algs="ES256"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("claims", [
    pytest.param({"aud": OTHER_API}, id="another_audience"),
    pytest.param({"aud": None}, id="no_audience"),
    pytest.param({"iss": "https://elsewhere.example"}, id="another_issuer"),
    pytest.param({"exp": NOW - 120}, id="expired"),
    pytest.param({"exp": None}, id="no_end"),
    pytest.param({"typ": "JWT"}, id="a_member_token"),
    pytest.param({"typ": "dpop+jwt"}, id="a_proof_as_token"),
    pytest.param({"cnf": {"x5t#S256": "A" * 43}}, id="bound_to_a_certificate"),
    pytest.param({"cnf": {"jkt": "A" * 43}}, id="bound_to_a_key"),
])  # fmt: skip
def test_a_token_that_breaks_one_rule_is_refused(api, issuer, claims):
    refused(api.get(issuer.forged(**claims)), 401, "invalid_token")


def test_a_token_for_another_api_from_the_token_endpoint_is_refused(api, issuer):
    refused(api.get(issuer.token(resource=OTHER_API)), 401, "invalid_token")


def test_garbage_and_forgeries_are_refused(api, issuer, key):
    header, payload, signature = issuer.token().split(".")
    another = issuer.token(scope="files.write").split(".")[1]
    for token in ["garbage", "a.b.c", f"{header}.{payload}.", f"{header}.{payload}", f"{header}.{another}.{signature}", f"{header}.{payload}.{'A' * 86}"]:
        refused(api.get(token), 401, "invalid_token")
    refused(api.get(issuer.forged(key=key)), 401, "invalid_token")
    refused(api.get(issuer.forged(key=key, headers={"kid": "unknown"})), 401, "invalid_token")
    refused(api.get(issuer.forged(key=key, headers={"jwk": public_jwk(key)})), 401, "invalid_token")
    # RFC 8725 section 3.1: {"alg":"none","typ":"at+jwt"}
    refused(api.get(f"eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{payload}."), 401, "invalid_token")


def test_a_token_without_the_scope_is_told_which_it_lacks(api, issuer):
    refused(api.get(issuer.token(), method="POST"), 403, "insufficient_scope")
    refused(api.get(issuer.forged(scope="files.writer xfiles.write"), method="POST"), 403, "insufficient_scope")
    refused(api.get(issuer.forged(scope=None), method="POST"), 403, "insufficient_scope")


def test_a_bound_token_is_served_with_a_proof_by_its_key(api, issuer, key):
    token = issuer.token("dpop", key)
    answer = api.get(token, "DPoP", dpop=proof(key, "GET", api.url + "/files", token))
    assert (answer.status_code, answer.json()) == (200, {"sub": issuer.clients["dpop"].id}), answer.headers
    again = api.get(token, "DPoP", dpop=proof(key, "GET", api.url + "/files", token))
    assert again.status_code == 200, "each request has a proof of its own"
    # RFC 9449 section 4.3: the query doesn't count.
    answer = api.get(token, "DPoP", path="/files?page=2", dpop=proof(key, "GET", api.url + "/files", token))
    assert answer.status_code == 200
    refused(api.get(token, "DPoP", "POST", dpop=proof(key, "POST", api.url + "/files", token)), 403, "insufficient_scope", "DPoP")


def test_a_bound_token_is_no_bearer_token(api, issuer, key):
    token = issuer.token("dpop", key)
    refused(api.get(token), 401, "invalid_token")
    refused(api.get(token, dpop=proof(key, "GET", api.url + "/files", token)), 401, "invalid_token")


def test_a_proof_can_be_used_once(api, issuer, key):
    token = issuer.token("dpop", key)
    once = proof(key, "GET", api.url + "/files", token)
    assert api.get(token, "DPoP", dpop=once).status_code == 200
    refused(api.get(token, "DPoP", dpop=once), 401, r"invalid_token", "DPoP")


def test_a_proof_for_something_else_is_refused(api, issuer, key):
    token, url = issuer.token("dpop", key), api.url + "/files"
    other = ec.generate_private_key(ec.SECP256R1())
    private = ECAlgorithm.to_jwk(key, as_dict=True)
    bad = {
        "no proof": None,
        "garbage": "garbage",
        "another key": proof(other, "GET", url, token),
        "another key's signature": proof(other, "GET", url, token, headers={"jwk": public_jwk(key)}),
        "another method": proof(key, "POST", url, token),
        "another address": proof(key, "GET", api.url + "/other", token),
        "another host": proof(key, "GET", "https://other.example/files", token),
        "another token": proof(key, "GET", url, issuer.token()),
        "no token": proof(key, "GET", url),
        "no id": proof(key, "GET", url, token, jti=None),
        "old": proof(key, "GET", url, token, iat=int(time.time()) - 600),
        "of the future": proof(key, "GET", url, token, iat=int(time.time()) + 600),
        "no time": proof(key, "GET", url, token, iat=None),
        "another type": proof(key, "GET", url, token, headers={"typ": "JWT"}),
        "a private key in it": proof(key, "GET", url, token, headers={"jwk": private}),
        "no key in it": proof(key, "GET", url, token, headers={"jwk": None}),
        "a key that is none": proof(key, "GET", url, token, headers={"jwk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": 1}}),
    }
    for name, dpop in bad.items():
        try:
            refused(api.get(token, "DPoP", dpop=dpop), 401, "invalid_token", "DPoP")
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error


def test_a_token_that_is_bound_to_no_key_is_no_dpop_token(api, issuer, key):
    for token in [issuer.token(), issuer.forged(cnf={})]:
        refused(api.get(token, "DPoP", dpop=proof(key, "GET", api.url + "/files", token)), 401, "invalid_token", "DPoP")
    good = issuer.forged(cnf={"jkt": thumbprint(key)})
    assert api.get(good, "DPoP", dpop=proof(key, "GET", api.url + "/files", good)).status_code == 200


def test_other_schemes_are_refused(api, issuer):
    for authorization in ["Basic YTpi", "Bearer", "Bearer ", issuer.token()]:
        assert api.get(authorization=authorization).status_code == 401, authorization


def test_the_log_says_why_a_request_was_refused_and_never_the_token(api, issuer):
    token = issuer.forged(exp=NOW - 3600)
    api.get(token)
    api.get(issuer.forged(scope="mail"))
    for _ in range(50):
        log = api.log.read_text()
        if re.search("expir|exp.*claim|ExpiredSignature", log, re.I) and "files.read" in log:
            break
        time.sleep(0.1)
    assert re.search("expir|exp.*claim|ExpiredSignature", log, re.I), log
    assert "files.read" in log
    assert token not in log


def test_keys_that_cannot_be_fetched_are_no_fault_of_the_caller(api, issuer, tmp_path):
    nowhere = f"http://127.0.0.1:{free_port()}"
    with run(api.name, STACKS[api.name], tmp_path / "log", {"ISSUER": nowhere, "API": API}) as served:
        answer = served.get(issuer.forged(iss=nowhere))
    assert answer.status_code in (500, 503), (answer.status_code, answer.headers)
    assert "WWW-Authenticate" not in answer.headers
