"""tokenCreate, with its units, durations, properties and claims."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from authlete.dto.property import Property
from authlete.dto.token_create_request import TokenCreateRequest
from authlete.types.grant_type import GrantType

from .conftest import assert_ms


def chosen():
    """A value with enough entropy, as a caller may choose it: any text."""
    return f"chosen/{uuid.uuid4().hex}{uuid.uuid4().hex}+=."


def test_every_member_of_the_answer_is_there_in_its_unit(service, shop, created):
    answer = created(scopes=["history.read", "timeline.read"])
    assert answer.resultCode == "A109001"
    assert answer.resultMessage == f"[A109001] An access token was created successfully: authorization_code, client = {shop.clientId}"
    assert len(answer.accessToken) == 43
    assert (answer.grantType, answer.clientId, answer.subject) == (GrantType.AUTHORIZATION_CODE, shop.clientId, "john")
    assert answer.scopes == answer.refreshTokenScopes == ["history.read", "timeline.read"]
    assert (answer.tokenType, answer.expiresIn) == ("Bearer", 3600)
    assert_ms(answer.expiresAt, 3600)
    assert answer.refreshToken and answer.refreshToken != answer.accessToken
    assert answer.forExternalAttachment is False
    assert answer.tokenId
    assert (answer.jwtAccessToken is not None) == service.jwt
    assert answer.properties is None and answer.authorizationDetails is None


def test_other_grants_decide_on_subject_and_refresh_token(created):
    machine = created(grantType="CLIENT_CREDENTIALS", subject="john")
    assert machine.subject is None and machine.refreshToken is None and machine.refreshTokenScopes is None
    assertion = created(grantType="JWT_BEARER", subject=None)
    assert assertion.subject is None
    implicit = created(grantType="IMPLICIT")
    assert implicit.subject == "john" and implicit.refreshToken is None
    exchanged = created(grantType="TOKEN_EXCHANGE")
    assert exchanged.subject == "john" and exchanged.refreshToken is not None


def test_a_value_that_the_caller_chose_works_once_and_a_taken_one_makes_nothing(created, create, process, introspect, shop):
    access, refresh = chosen(), chosen()
    answer = created(accessToken=access, refreshToken=refresh, subject="migrated")
    assert (answer.accessToken, answer.refreshToken) == (access, refresh)
    assert introspect(access).subject == "migrated"
    for taken in ({"accessToken": access}, {"refreshToken": refresh}):
        again = create(subject="somebody-else", **taken)
        assert again.action.name == "BAD_REQUEST" and again.accessToken is None and again.tokenId is None
    assert introspect(access).subject == "migrated"
    refreshed = process(f"grant_type=refresh_token&refresh_token={quote(refresh)}")
    assert refreshed.action.name == "OK" and refreshed.subject == "migrated"


def test_a_persistent_token_reports_zero_and_lives_on(expired, introspect):
    answer = expired.persistent
    assert (answer.expiresIn, answer.expiresAt) == (0, 0)
    seen = introspect(answer.accessToken)
    assert (seen.action.name, seen.expiresAt) == ("OK", 0)


def test_durations_are_the_callers_else_the_least_of_the_settings(created, new_client):
    assert created(accessTokenDuration=77).expiresIn == 77
    assert created(accessTokenDuration=99_999, scopes=["payment"]).expiresIn == 99_999
    assert created(scopes=["history.read", "payment"]).expiresIn == 120
    quick = new_client(extension={"accessTokenDuration": 60, "refreshTokenDuration": 300})
    assert created(clientId=quick.clientId, scopes=["payment"]).expiresIn == 60


def test_hidden_properties_are_for_this_api_only(service, created, introspect, rfc7662, claims):
    properties = [{"key": "plan", "value": "gold", "hidden": False}, {"key": "risk", "value": "7", "hidden": True}]
    answer = created(properties=properties)
    both = [("plan", "gold", False), ("risk", "7", True)]
    assert [(p.key, p.value, p.hidden) for p in answer.properties] == both
    assert [(p.key, p.value, p.hidden) for p in introspect(answer.accessToken).properties] == both
    shown = rfc7662(answer.accessToken)
    assert shown["plan"] == "gold" and "risk" not in shown
    assert rfc7662(answer.accessToken, withHiddenProperties=True)["risk"] == "7"
    if service.jwt:
        body = claims(answer.jwtAccessToken)
        assert body["plan"] == "gold" and "risk" not in body


def test_rule_12_authorization_details_are_an_object_with_elements(service, created, introspect, claims):
    element = {
        "type": "payment",
        "locations": ["https://bank.example"],
        "actions": ["initiate", "cancel"],
        "dataTypes": ["balance"],
        "identifier": "i-1",
        "privileges": ["owner"],
        "otherFields": '{"amount":{"currency":"EUR","value":"12.50"}}',
    }
    answer = created(authorizationDetails={"elements": [element, {"type": "account"}]})
    for details in (answer.authorizationDetails, introspect(answer.accessToken).authorizationDetails):
        first, second = details.elements
        assert {name: getattr(first, name) for name in element} == element
        assert second.type == "account" and second.actions is None and second.otherFields is None
    if service.jwt:
        rest = {name: value for name, value in element.items() if name not in ("dataTypes", "otherFields")}
        expected = rest | {"datatypes": ["balance"], "amount": {"currency": "EUR", "value": "12.50"}}
        assert claims(answer.jwtAccessToken)["authorization_details"] == [expected, {"type": "account"}]


def test_a_jwt_says_what_the_record_says_and_its_jti_is_the_random_value(service, shop, created, claims):
    if not service.jwt:
        assert created().jwtAccessToken is None
        return
    resources = ["https://api.example.org/", "https://files.example.org/"]
    answer = created(
        scopes=["history.read", "timeline.read"], resources=resources, acr="urn:acr:gold", authTime=1_700_000_000, accessTokenDuration=900
    )
    body = claims(answer.jwtAccessToken, audience=resources)
    assert body["jti"] == answer.accessToken
    assert body["client_id"] == str(shop.clientId)
    assert (body["sub"], body["scope"], body["aud"]) == ("john", "history.read timeline.read", resources)
    assert (body["acr"], body["auth_time"], body["grant_type"]) == ("urn:acr:gold", 1_700_000_000, "authorization_code")
    assert body["iss"] == service.url
    assert body["exp"] - body["iat"] == 900 and abs(body["exp"] * 1000 - answer.expiresAt) <= 1000


def test_a_jwt_of_a_persistent_token_has_no_end(service, created, claims):
    answer = created(accessTokenPersistent=True)
    if service.jwt:
        assert "exp" not in claims(answer.jwtAccessToken)
    else:
        assert answer.jwtAccessToken is None


def test_jwt_at_claims_are_merged_below_properties_and_the_servers_own(service, shop, created, create, claims):
    more = {"tenant": {"id": 5, "tags": [True, None]}, "plan": "mine", "sub": "mallory", "iss": "https://evil.example", "client_id": "0"}
    answer = created(jwtAtClaims=json.dumps(more), properties=[{"key": "plan", "value": "gold"}])
    if service.jwt:
        body = claims(answer.jwtAccessToken)
        assert body["tenant"] == more["tenant"] and body["plan"] == "gold"
        assert (body["sub"], body["iss"], body["client_id"]) == ("john", service.url, str(shop.clientId))
    for bad in ("[]", "nonsense", '"text"'):
        assert create(jwtAtClaims=bad).action.name == "BAD_REQUEST", bad


def test_a_certificate_and_a_dpop_key_bind_the_token(created, introspect):
    certificate, key = "A" * 43, "9ZGYHkw4ucpuhdyZQWr4kc-eGNoPBQlaCEnGBvMoVYo"
    bound = created(certificateThumbprint=certificate)
    assert bound.tokenType == "Bearer"
    seen = introspect(bound.accessToken)
    assert (seen.action.name, seen.certificateThumbprint) == ("UNAUTHORIZED", certificate)
    sender_constrained = created(dpopKeyThumbprint=key)
    assert sender_constrained.tokenType == "DPoP"
    seen = introspect(sender_constrained.accessToken)
    assert seen.action.name == "UNAUTHORIZED" and seen.responseContent.startswith('DPoP error="')
    assert seen.resultCode == "A065308" and 'algs="ES256 ' in seen.responseContent


def test_a_token_for_external_attachment_is_marked(created, introspect):
    answer = created(forExternalAttachment=True)
    assert answer.forExternalAttachment is True
    assert introspect(answer.accessToken).forExternalAttachment is True


@pytest.mark.parametrize(
    "wrong",
    [
        {"grantType": None},
        {"grantType": "REFRESH_TOKEN"},
        {"clientId": 0},
        {"subject": None},
        {"subject": "jörg"},
        {"subject": "x" * 256},
        {"scopes": ["no.such.scope"]},
        {"authTime": -1},
        {"accessTokenDuration": 86_400 * 3650},
    ],
    ids=lambda wrong: "-".join(f"{name}={value}" for name, value in wrong.items())[:30],
)
def test_rule_05_what_is_wrong_with_the_call_is_an_action_and_makes_nothing(create, wrong):
    answer = create(**wrong)
    assert answer.action.name == "BAD_REQUEST"
    assert answer.resultCode.startswith("A1102") and answer.resultMessage.startswith(f"[{answer.resultCode}] ")
    assert answer.accessToken is None and answer.tokenId is None and answer.clientId == 0


def test_a_client_of_another_service_is_forbidden(create):
    assert create(clientId=9_007_199_254_740_000).action.name == "FORBIDDEN"


def test_rule_03_the_sdk_sends_null_zero_and_false_for_what_is_not_given(api, shop):
    request = TokenCreateRequest({"grantType": "PASSWORD", "clientId": shop.clientId, "subject": "john"})
    sent = json.loads(request.to_json())
    assert sent["scopes"] is None and sent["accessTokenDuration"] == 0 and sent["accessTokenPersistent"] is False
    answer = api.tokenCreate(request)
    assert answer.action.name == "OK" and answer.expiresIn == 3600 and answer.scopes is None


def test_rule_04_a_member_that_is_not_known_is_ignored(call, shop):
    body = {"grantType": "PASSWORD", "clientId": shop.clientId, "subject": "john", "newerMember": {"a": [1]}, "another": None}
    answer = call("POST", "/auth/token/create", json=body)
    assert answer.status_code == 200 and answer.json()["action"] == "OK"


def test_of_parallel_creations_with_one_value_one_wins(create):
    for name in ("accessToken", "refreshToken"):
        value = chosen()
        with ThreadPoolExecutor(4) as pool:
            calls = [pool.submit(create, subject=f"user-{n}", **{name: value}) for n in range(4)]
        answers = [call.result() for call in calls]
        assert sorted(answer.action.name for answer in answers) == ["BAD_REQUEST"] * 3 + ["OK"]


def test_objects_can_be_given_as_the_sdk_has_them(api, shop):
    request = TokenCreateRequest()
    request.grantType, request.clientId, request.subject = GrantType.PASSWORD, shop.clientId, "john"
    request.properties = [Property({"key": "k", "value": "v"})]
    answer = api.tokenCreate(request)
    assert [(p.key, p.value, p.hidden) for p in answer.properties] == [("k", "v", False)]
