"""People sign in with Authlib and oauthlib: a browser, the login application of examples/login/, and ID tokens that are verified by the published keys."""

import pytest
import requests
import requests_oauthlib
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.oauth2.rfc6749.errors import MismatchingStateException
from authlib.oidc.core import CodeIDToken
from harness import STORES
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet
from oauthlib.oauth2.rfc6749.errors import OAuth2Error

from .browser import Browser
from .conftest import served
from .deployments import API

SCOPE = "openid profile email files.read"


@pytest.fixture(scope="module", params=[f"{store}-{form}" for store in STORES for form in ("opaque", "RS256")])
def people(request, deployments):
    """An org with opaque tokens, and one with JWTs."""
    return served(deployments, request.param)


class SignIn:
    """A client that sends somebody to the authorization endpoint."""

    def __init__(self, service, name="basic", **more):
        self.service, self.name = service, name
        self.callback = service.org.clients[name].callback
        self.session = service.session(name, scope=SCOPE, redirect_uri=self.callback, code_challenge_method="S256")
        self.verifier, self.nonce = generate_token(48), generate_token(20)
        more = {"nonce": self.nonce, "code_verifier": self.verifier} | more
        self.url, self.state = self.session.create_authorization_url(service.metadata["authorization_endpoint"], **more)

    def tokens(self, answer, **more):
        """The tokens for the address to which the browser came back."""
        more = {"code_verifier": self.verifier, "state": self.state} | more
        return self.session.fetch_token(self.service.metadata["token_endpoint"], authorization_response=answer, **more)

    def verified(self, tokens, nonce=None):
        """The claims of the ID token, verified: OpenID Connect Core section 3.1.3.7."""
        keys = KeySet.import_key_set(requests.get(self.service.metadata["jwks_uri"], timeout=10).json())
        token = jwt.decode(tokens["id_token"], keys)
        client = self.service.org.clients[self.name].id
        options = {
            "iss": {"essential": True, "value": self.service.metadata["issuer"]},
            "aud": {"essential": True, "value": client},
            "auth_time": {"essential": True},
        }
        parameters = {"nonce": nonce, "client_id": client, "access_token": tokens["access_token"], "max_age": 60}
        claims = CodeIDToken(token.claims, token.header, options, parameters)
        claims.validate()
        return claims

    def userinfo(self):
        answer = self.session.get(self.service.metadata["userinfo_endpoint"])
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.mark.parametrize("name", ["basic", "PS256", "public"])
def test_openid_core_3_1_a_person_signs_in_and_the_client_learns_who_it_is(people, name):
    sign = SignIn(people, name)
    tokens = sign.tokens(Browser(sign.callback).sign_in(sign.url))
    claims = sign.verified(tokens, sign.nonce)
    assert (claims["sub"], claims["amr"], tokens["scope"]) == ("u-1001", ["pwd"], SCOPE)
    known = sign.userinfo()
    assert (known["sub"], known["email"], known["name"]) == ("u-1001", "ann@example.org", "Ann Lee")
    seen = people.introspected(tokens["access_token"])
    assert (seen["sub"], seen["client_id"], seen["aud"]) == ("u-1001", people.org.clients[name].id, [API])


def test_openid_core_12_2_a_refresh_brings_a_new_id_token_about_the_same_sign_in(people):
    sign = SignIn(people, "public")
    first = sign.tokens(Browser(sign.callback).sign_in(sign.url, user="bob"))
    second = sign.session.refresh_token(people.metadata["token_endpoint"], first["refresh_token"])
    before, after = sign.verified(first, sign.nonce), sign.verified(second)
    assert second["id_token"] != first["id_token"] and "nonce" not in after
    assert all(before[claim] == after[claim] for claim in ("sub", "auth_time", "acr", "amr", "sid"))


def test_openid_core_3_1_3_7_an_id_token_is_for_its_client_request_and_signer_alone(people):
    sign = SignIn(people)
    tokens = sign.tokens(Browser(sign.callback).sign_in(sign.url))
    with pytest.raises(Exception, match="nonce"):
        sign.verified(tokens, "another")
    with pytest.raises(Exception, match="aud"):
        sign.name = "post"
        sign.verified(tokens, sign.nonce)
    header, payload, signature = tokens["id_token"].split(".")
    with pytest.raises(BadSignatureError):
        sign.verified(tokens | {"id_token": f"{header}.{payload}.{signature[:-8]}AAAAAAAA"}, sign.nonce)


def test_rfc6749_4_1_2_1_oauthlib_reads_codes_and_errors(people):
    client = people.org.clients["post"]

    def answered(decision, **more):
        session = requests_oauthlib.OAuth2Session(client.id, redirect_uri=client.callback, scope=SCOPE.split(), pkce="S256")
        url, _ = session.authorization_url(people.metadata["authorization_endpoint"], **more)
        browser = Browser(client.callback)
        answer = browser.sign_in(url, decision=decision) if decision else browser.go(url)
        return session.fetch_token(people.metadata["token_endpoint"], authorization_response=answer, client_secret=client.secret, include_client_id=True)

    assert answered("allow")["scope"] == SCOPE.split()
    for decision, more, error in [("deny", {"prompt": "consent"}, "access_denied"), (None, {"prompt": "none"}, "login_required")]:
        with pytest.raises(OAuth2Error) as refused:
            answered(decision, **more)
        assert refused.value.error == error


def test_rfc7636_4_6_a_code_is_good_for_who_holds_the_verifier(people):
    sign = SignIn(people)
    answer = Browser(sign.callback).sign_in(sign.url)
    with pytest.raises(OAuthError) as refused:
        sign.tokens(answer, code_verifier=generate_token(48))
    assert refused.value.error == "invalid_grant"
    assert sign.verified(sign.tokens(answer), sign.nonce)["sub"] == "u-1001"


def test_rfc6749_10_12_the_client_refuses_an_answer_with_another_state(people):
    sign = SignIn(people)
    answer = Browser(sign.callback).sign_in(sign.url)
    with pytest.raises(MismatchingStateException):
        sign.tokens(answer, state="another")
