"""token, tokenIssue and tokenFail, with their tickets."""

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlencode

import jwt
import pytest
from authlete.dto.token_fail_request import TokenFailRequest
from authlete.dto.token_issue_request import TokenIssueRequest
from authlete.dto.token_request import TokenRequest
from cryptography.hazmat.primitives.asymmetric import ec

from .conftest import assert_ms, content, failed

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


def names_no_token(answer):
    return answer.accessToken is None and answer.jwtAccessToken is None and answer.refreshToken is None


@pytest.fixture
def ticket(process):
    """A ticket, and the answer that it came with."""

    def ticket(**more):
        answer = process("grant_type=password&username=john&password=p%40ss&scope=history.read+timeline.read", **more)
        assert answer.action.name == "PASSWORD", answer.resultMessage
        return answer

    return ticket


@pytest.fixture
def issue(api):
    return lambda ticket, **more: api.tokenIssue(TokenIssueRequest({"ticket": ticket, "subject": "john"} | more))


@pytest.fixture
def fail(api):
    return lambda ticket, reason: api.tokenFail(TokenFailRequest({"ticket": ticket, "reason": reason}))


# client_credentials


def test_client_credentials_give_a_token_at_once(service, shop, process, introspect, claims):
    answer = process("grant_type=client_credentials&scope=history.read+no.such.scope")
    assert (answer.action.name, answer.resultCode) == ("OK", "A053001")
    assert (answer.grantType.name, answer.clientId, answer.clientAuthMethod.name) == (
        "CLIENT_CREDENTIALS",
        shop.clientId,
        "CLIENT_SECRET_BASIC",
    )
    assert answer.subject is None and answer.refreshToken is None and answer.refreshTokenExpiresAt == 0
    assert answer.scopes == ["history.read"], "a scope that the service doesn't have is left out"
    assert answer.accessTokenDuration == 3600
    assert_ms(answer.accessTokenExpiresAt, 3600)
    body = content(answer)
    assert body["access_token"] == (answer.jwtAccessToken if service.jwt else answer.accessToken)
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "history.read")
    assert "refresh_token" not in body
    assert [(pair.key, pair.value) for pair in answer.serviceAttributes] == [("region", "eu")]
    seen = introspect(body["access_token"])
    assert (seen.action.name, seen.subject, seen.grantType.name) == ("OK", None, "CLIENT_CREDENTIALS")
    if service.jwt:
        assert claims(answer.jwtAccessToken)["sub"] == str(answer.clientId), "without a resource owner the client is the subject"


def test_rule_13_what_the_authorization_server_adds_goes_into_the_token(service, process, claims):
    value = f"chosen-{uuid.uuid4().hex}"
    more = {
        "properties": [{"key": "plan", "value": "gold"}, {"key": "risk", "value": "7", "hidden": True}],
        "accessToken": value,
        "accessTokenDuration": 100,
        "jwtAtClaims": '{"tenant":5}',
    }
    answer = process("grant_type=client_credentials", **more)
    assert answer.accessToken == value and answer.accessTokenDuration == 100
    assert {(p.key, p.hidden) for p in answer.properties} == {("plan", False), ("risk", True)}
    body = content(answer)
    assert body["plan"] == "gold" and "risk" not in body and body["expires_in"] == 100
    assert body["scope"] == "history.read", "the default scope"
    if service.jwt:
        assert claims(answer.jwtAccessToken)["tenant"] == 5


def test_a_public_client_gets_none_by_client_credentials(process, phone):
    failed(process("grant_type=client_credentials", client=phone), "BAD_REQUEST", "unauthorized_client")


# Client authentication


def test_a_client_that_fails_to_authenticate_is_an_invalid_client(process, shop, new_client):
    wrong = process("grant_type=client_credentials", clientSecret="x" * 86)
    failed(wrong, "INVALID_CLIENT", "invalid_client", "A049301")
    assert names_no_token(wrong)
    failed(process("grant_type=client_credentials", clientId="4711"), "INVALID_CLIENT", "invalid_client", "A049301")
    failed(process("grant_type=client_credentials", client=None), "INVALID_CLIENT", "invalid_client")
    # The right secret by another way than the client is registered for.
    by_form = f"grant_type=client_credentials&client_id={shop.clientId}&client_secret={shop.clientSecret}"
    failed(process(by_form, client=None), "INVALID_CLIENT", "invalid_client")
    poster = new_client(tokenAuthMethod="CLIENT_SECRET_POST")
    good = process(f"grant_type=client_credentials&client_secret={poster.clientSecret}", client=poster)
    assert (good.action.name, good.clientAuthMethod.name) == ("OK", "CLIENT_SECRET_POST")
    by_header = {"clientId": str(poster.clientId), "clientSecret": poster.clientSecret}
    failed(process("grant_type=client_credentials", client=None, **by_header), "INVALID_CLIENT", "invalid_client")


def test_a_client_can_name_itself_by_its_alias(process, new_client):
    alias = f"shop-{uuid.uuid4().hex[:8]}"
    client = new_client(clientIdAlias=alias, clientIdAliasEnabled=True)
    answer = process("grant_type=client_credentials", client=client, clientId=alias)
    assert (answer.action.name, answer.clientId, answer.clientIdAlias, answer.clientIdAliasUsed) == ("OK", client.clientId, alias, True)
    by_number = process("grant_type=client_credentials", client=client)
    assert (by_number.clientIdAlias, by_number.clientIdAliasUsed) == (alias, False)


def test_a_client_can_authenticate_by_its_private_key_once_per_assertion(service, process, new_client):
    key = ec.generate_private_key(ec.SECP256R1())
    public = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": "k-1", "alg": "ES256", "use": "sig"}
    client = new_client(tokenAuthMethod="PRIVATE_KEY_JWT", jwks=json.dumps({"keys": [public]}))
    now, name = int(time.time()), str(client.clientId)
    body = {"iss": name, "sub": name, "aud": service.url, "iat": now, "exp": now + 60, "jti": uuid.uuid4().hex}
    assertion = jwt.encode(body, key, "ES256", headers={"kid": "k-1"})
    type_ = quote("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
    parameters = f"grant_type=client_credentials&client_assertion_type={type_}&client_assertion={assertion}"
    answer = process(parameters, client=None)
    assert (answer.action.name, answer.clientAuthMethod.name) == ("OK", "PRIVATE_KEY_JWT"), answer.resultMessage
    failed(process(parameters, client=None), "INVALID_CLIENT", "invalid_client")


# The request itself


def test_rule_05_a_wrong_token_request_is_an_action(api, process, new_client):
    missing = api.token(TokenRequest())
    assert missing.action.name == "INTERNAL_SERVER_ERROR" and content(missing)["error"] == "server_error"
    failed(process("scope=history.read"), "BAD_REQUEST", "invalid_request", "A048301")
    failed(process("grant_type=magic"), "BAD_REQUEST", "unsupported_grant_type", "A048303")
    failed(process("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Apre-authorized_code"), "BAD_REQUEST", "unsupported_grant_type", "A048303")
    machine = new_client(grantTypes=["CLIENT_CREDENTIALS"])
    failed(process("grant_type=password&username=a&password=b", client=machine), "BAD_REQUEST", "unauthorized_client", "A048305")
    failed(process("grant_type=password&username=john"), "BAD_REQUEST", "invalid_request")
    failed(process("grant_type=client_credentials&grant_type=password"), "BAD_REQUEST", "invalid_request")


def test_an_authorization_code_is_never_right(process):
    answer = process("grant_type=authorization_code&code=abc&redirect_uri=https%3A%2F%2Fa.example%2Fcb")
    failed(answer, "BAD_REQUEST", "invalid_grant")
    assert names_no_token(answer)


# password


def test_a_password_is_for_the_authorization_server_to_check(service, shop, ticket, issue, introspect, process):
    asked = ticket(properties=[{"key": "a", "value": "1"}, {"key": "b", "value": "1"}])
    assert asked.resultCode == "A050002"
    assert (asked.username, asked.password, len(asked.ticket)) == ("john", "p@ss", 43)
    assert asked.responseContent is None and names_no_token(asked)
    assert (asked.grantType.name, asked.clientId) == ("PASSWORD", shop.clientId)
    assert asked.scopes == ["history.read", "timeline.read"]
    answer = issue(asked.ticket, subject="user-1", properties=[{"key": "b", "value": "2", "hidden": True}], accessTokenDuration=600)
    assert (answer.action.name, answer.resultCode) == ("OK", "A054001")
    assert answer.resultMessage == "[A054001] The token request (grant_type=password) was processed successfully."
    assert (answer.subject, answer.clientId, answer.scopes) == ("user-1", shop.clientId, asked.scopes)
    assert (answer.accessTokenDuration, answer.refreshTokenDuration) == (600, 86_400)
    assert_ms(answer.accessTokenExpiresAt, 600)
    assert_ms(answer.refreshTokenExpiresAt, 86_400)
    assert answer.refreshTokenScopes == asked.scopes
    assert {(p.key, p.value, p.hidden) for p in answer.properties} == {("a", "1", False), ("b", "2", True)}
    assert (answer.jwtAccessToken is not None) == service.jwt
    assert [(pair.key, pair.value) for pair in answer.serviceAttributes] == [("region", "eu")]
    body = content(answer)
    assert body["access_token"] == (answer.jwtAccessToken if service.jwt else answer.accessToken)
    assert body["refresh_token"] == answer.refreshToken and body["a"] == "1" and "b" not in body
    seen = introspect(body["access_token"])
    assert (seen.action.name, seen.subject, seen.grantType.name) == ("OK", "user-1", "PASSWORD")


def test_a_client_without_refresh_token_grant_gets_no_refresh_token(api, new_client, process, issue):
    client = new_client(grantTypes=["PASSWORD"])
    asked = process("grant_type=password&username=john&password=x", client=client)
    answer = issue(asked.ticket)
    assert answer.action.name == "OK" and answer.refreshToken is None
    assert (answer.refreshTokenExpiresAt, answer.refreshTokenDuration, answer.refreshTokenScopes) == (0, 0, None)


def test_a_ticket_works_once(ticket, issue, fail):
    used = ticket().ticket
    assert issue(used).action.name == "OK"
    again = issue(used)
    failed(again, "INTERNAL_SERVER_ERROR", "server_error", "A055202")
    assert again.accessToken is None
    failed(fail(used, "UNKNOWN"), "INTERNAL_SERVER_ERROR", "server_error", "A066202")
    failed(issue("x" * 43), "INTERNAL_SERVER_ERROR", "server_error", "A055202")


def test_of_parallel_issues_on_one_ticket_one_wins(ticket, issue):
    for _ in range(3):
        value = ticket().ticket
        with ThreadPoolExecutor(4) as pool:
            actions = sorted(answer.action.name for answer in pool.map(issue, [value] * 4))
        assert actions == ["INTERNAL_SERVER_ERROR"] * 3 + ["OK"]


def test_a_ticket_outlives_a_call_that_fails_for_another_reason(ticket, issue):
    value = ticket().ticket
    failed(issue(value, subject=None), "INTERNAL_SERVER_ERROR", "server_error")
    failed(issue(value, jwtAtClaims="[]"), "INTERNAL_SERVER_ERROR", "server_error")
    assert issue(value).action.name == "OK"


@pytest.mark.parametrize(
    ("reason", "action", "error", "code"),
    [
        ("INVALID_RESOURCE_OWNER_CREDENTIALS", "BAD_REQUEST", "invalid_request", "A067301"),
        ("INVALID_TARGET", "BAD_REQUEST", "invalid_target", "A067302"),
        ("UNKNOWN", "INTERNAL_SERVER_ERROR", "server_error", "A067303"),
    ],
)
def test_a_failure_tells_the_client_why_and_spends_the_ticket(ticket, fail, issue, reason, action, error, code):
    value = ticket().ticket
    failed(fail(value, reason), action, error, code)
    failed(issue(value), "INTERNAL_SERVER_ERROR", "server_error", "A055202")


# token-exchange


def test_an_exchange_is_for_the_authorization_server_to_decide(service, shop, created, process):
    ours = created(resources=["https://api.example.org/"], properties=[{"key": "k", "value": "v", "hidden": True}])
    token = ours.jwtAccessToken if service.jwt else ours.accessToken
    asked = {
        "grant_type": EXCHANGE,
        "subject_token": token,
        "subject_token_type": ACCESS_TOKEN,
        "actor_token": ours.refreshToken,
        "actor_token_type": "urn:ietf:params:oauth:token-type:refresh_token",
        "requested_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "resource": "https://files.example.org/",
        "audience": "files",
        "scope": "history.read",
    }
    answer = process(urlencode(asked))
    assert (answer.action.name, answer.resultCode, answer.grantType.name) == ("TOKEN_EXCHANGE", "A311001", "TOKEN_EXCHANGE")
    assert answer.ticket is None and answer.responseContent is None and names_no_token(answer)
    assert (answer.subjectToken, answer.subjectTokenType.name) == (token, "ACCESS_TOKEN")
    assert (answer.actorToken, answer.actorTokenType.name) == (ours.refreshToken, "REFRESH_TOKEN")
    assert answer.requestedTokenType.name == "JWT"
    assert (answer.resources, answer.audiences, answer.scopes) == (["https://files.example.org/"], ["files"], ["history.read"])
    info = answer.subjectTokenInfo
    assert (info.clientId, info.subject, info.resources) == (shop.clientId, "john", ["https://api.example.org/"])
    assert abs(info.expiresAt - ours.expiresAt / 1000) <= 1, "in seconds"
    assert [(p.key, p.hidden) for p in info.properties] == [("k", True)]
    assert answer.actorTokenInfo.subject == "john"


def test_rule_14_token_infos_leave_out_what_the_sdks_disagree_on(created, call, shop):
    details = {"elements": [{"type": "account"}]}
    ours = created(authorizationDetails=details)
    parameters = urlencode({"grant_type": EXCHANGE, "subject_token": ours.accessToken, "subject_token_type": ACCESS_TOKEN})
    body = {"parameters": parameters, "clientId": str(shop.clientId), "clientSecret": shop.clientSecret}
    info = call("POST", "/auth/token", json=body).json()["subjectTokenInfo"]
    assert info["subject"] == "john"
    assert "scopes" not in info and "authorizationDetails" not in info


def test_a_token_that_is_not_live_is_not_exchanged(created, process, revoke):
    ours = created()
    revoke(accessTokenIdentifier=ours.accessToken)
    for token in (ours.accessToken, "nonsense"):
        parameters = urlencode({"grant_type": EXCHANGE, "subject_token": token, "subject_token_type": ACCESS_TOKEN})
        failed(process(parameters), "BAD_REQUEST", "invalid_request", "A311306")
    failed(process(urlencode({"grant_type": EXCHANGE, "subject_token_type": ACCESS_TOKEN})), "BAD_REQUEST", "invalid_request")
    unknown = {"grant_type": EXCHANGE, "subject_token": "x", "subject_token_type": "urn:x"}
    failed(process(urlencode(unknown)), "BAD_REQUEST", "invalid_request")


# jwt-bearer


def assertion(**claims):
    now = int(time.time())
    body = {"iss": "https://idp.example.org", "sub": "ann", "iat": now, "exp": now + 60} | claims
    return jwt.encode(body, "a secret of nobody here, 32 bytes", "HS256")


def test_an_assertion_is_for_the_authorization_server_to_verify(service, process):
    for audience in (service.url, service.token_endpoint):
        token = assertion(aud=audience)
        answer = process(urlencode({"grant_type": BEARER, "assertion": token, "scope": "history.read"}))
        assert (answer.action.name, answer.resultCode, answer.grantType.name) == ("JWT_BEARER", "A314001", "JWT_BEARER")
        assert (answer.assertion, answer.scopes) == (token, ["history.read"])
        assert answer.ticket is None and answer.responseContent is None and names_no_token(answer)


def test_an_assertion_is_for_us_and_in_its_time(service, process):
    now = int(time.time())
    for token, code in [
        (assertion(aud="https://other.example"), "A314314"),
        (assertion(aud=service.url, exp=now - 100), "A314307"),
        (assertion(aud=service.url, exp=None), "A314305"),
        (assertion(aud=service.url, iat=now + 600), "A314308"),
        ("nonsense", "A314302"),
    ]:
        failed(process(urlencode({"grant_type": BEARER, "assertion": token})), "BAD_REQUEST", "invalid_grant", code)
    failed(process(urlencode({"grant_type": BEARER})), "BAD_REQUEST", "invalid_request", "A314301")
