"""introspection and standardIntrospection."""

import json
import time

import pytest
from authlete.dto.introspection_request import IntrospectionRequest
from authlete.dto.standard_introspection_request import StandardIntrospectionRequest

from .conftest import assert_ms, failed


def presented(service, answer):
    """The token as its client presents it."""
    return answer.jwtAccessToken if service.jwt else answer.accessToken


def test_a_good_token_opens_the_resource_and_all_of_it_is_told(service, shop, created, introspect):
    resources = ["https://api.example.org/"]
    ours = created(
        scopes=["history.read", "timeline.read"],
        properties=[{"key": "k", "value": "v", "hidden": True}],
        resources=resources,
        acr="urn:acr:gold",
        authTime=int(time.time()) - 10,
    )
    seen = introspect(presented(service, ours), scopes=["history.read"], subject="john", resources=resources)
    assert (seen.action.name, seen.resultCode) == ("OK", "A056001")
    assert seen.responseContent == 'Bearer error="invalid_request"'
    assert (seen.existent, seen.usable, seen.sufficient, seen.refreshable) == (True, True, True, True)
    assert (seen.clientId, seen.subject, seen.grantType.name) == (shop.clientId, "john", "AUTHORIZATION_CODE")
    assert seen.scopes == ["history.read", "timeline.read"]
    assert_ms(seen.expiresAt, 3600)
    assert [(p.key, p.value, p.hidden) for p in seen.properties] == [("k", "v", True)]
    assert seen.accessTokenResources == resources
    assert (seen.acr, abs(seen.authTime - time.time()) < 20) == ("urn:acr:gold", True)
    assert seen.forExternalAttachment is False and seen.certificateThumbprint is None
    assert [(pair.key, pair.value) for pair in seen.serviceAttributes] == [("region", "eu")]


def test_the_random_value_of_a_jwt_works_by_itself(service, created, introspect):
    ours = created()
    assert introspect(ours.accessToken).action.name == "OK"
    if service.jwt:
        forged = ours.jwtAccessToken[:-6] + ("AAAAAA" if not ours.jwtAccessToken.endswith("AAAAAA") else "BBBBBB")
        assert introspect(forged).action.name == "UNAUTHORIZED"
        assert introspect(ours.jwtAccessToken).action.name == "OK"


def test_rule_20_an_unknown_token_is_unauthorized_by_a_challenge(introspect):
    for token in ("x" * 43, "nonsense", "a.b.c"):
        seen = introspect(token)
        assert (seen.action.name, seen.resultCode) == ("UNAUTHORIZED", "A063301")
        assert (seen.existent, seen.usable, seen.sufficient, seen.refreshable) == (False, False, False, False)
        assert seen.clientId == 0 and seen.subject is None
        assert seen.responseContent.startswith('Bearer error="invalid_token",error_description="[A063301] ')
        assert ',error_uri="' in seen.responseContent


def test_no_token_is_a_bad_request(api):
    seen = api.introspection(IntrospectionRequest())
    assert seen.action.name == "BAD_REQUEST" and seen.responseContent.startswith('Bearer error="invalid_request"')


def test_a_missing_scope_is_forbidden_and_named(service, created, introspect):
    token = presented(service, created(scopes=["history.read"]))
    for missing in ("timeline.read", "no.such.scope"):
        seen = introspect(token, scopes=["history.read", missing])
        assert (seen.action.name, seen.resultCode) == ("FORBIDDEN", "A064302")
        assert (seen.existent, seen.usable, seen.sufficient) == (True, True, False)
        assert seen.responseContent.startswith('Bearer error="insufficient_scope",error_description="[A064302] ')
        assert f'scope="history.read {missing}"' in seen.responseContent
        assert seen.subject == "john", "the record is told all the same"


def test_another_subject_is_forbidden(created, introspect):
    seen = introspect(created().accessToken, subject="ann")
    assert seen.action.name == "FORBIDDEN" and 'error="invalid_request"' in seen.responseContent


def test_other_resources_are_not_opened(created, introspect):
    token = created(resources=["https://api.example.org/"]).accessToken
    seen = introspect(token, resources=["https://files.example.org/"])
    assert (seen.action.name, seen.resultCode) == ("FORBIDDEN", "A064304")
    assert seen.responseContent.startswith('Bearer error="invalid_target",')


def test_rfc9470_another_or_a_newer_authentication_is_asked_for(created, introspect):
    token = created(acr="urn:acr:silver", authTime=int(time.time()) - 600).accessToken
    stronger = introspect(token, acrValues=["urn:acr:gold", "urn:acr:platinum"])
    assert (stronger.action.name, stronger.resultCode) == ("UNAUTHORIZED", "A065401")
    assert 'error="insufficient_user_authentication"' in stronger.responseContent
    assert 'acr_values="urn:acr:gold urn:acr:platinum"' in stronger.responseContent
    newer = introspect(token, maxAge=300)
    assert (newer.action.name, newer.resultCode) == ("UNAUTHORIZED", "A065402")
    assert newer.responseContent.endswith(',max_age="300"')
    assert introspect(token, acrValues=["urn:acr:silver"], maxAge=900).action.name == "OK"
    assert introspect(token, maxAge=0).action.name == "OK", "0 is not given"


def test_an_expired_token_is_told_apart_as_long_as_it_can_be_refreshed(expired, introspect, rfc7662, process):
    seen = introspect(expired.refreshable.accessToken)
    assert (seen.action.name, seen.resultCode) == ("UNAUTHORIZED", "A065301")
    assert (seen.existent, seen.usable, seen.refreshable) == (True, False, True)
    gone = introspect(expired.gone.accessToken)
    assert (gone.action.name, gone.usable, gone.refreshable) == ("UNAUTHORIZED", False, False)
    assert rfc7662(expired.refreshable.accessToken) == rfc7662(expired.gone.accessToken) == {"active": False}
    assert process(f"grant_type=refresh_token&refresh_token={expired.refreshable.refreshToken}").action.name == "OK"


# RFC 7662


def test_rfc7662_2_2_an_active_token_is_told_in_standard_names(service, shop, created, rfc7662):
    resources = ["https://api.example.org/"]
    ours = created(scopes=["history.read", "timeline.read"], resources=resources, properties=[{"key": "sub", "value": "mallory"}])
    told = rfc7662(presented(service, ours))
    assert (told["active"], told["sub"], told["client_id"]) == (True, "john", str(shop.clientId))
    assert (told["scope"], told["token_type"], told["iss"]) == ("history.read timeline.read", "Bearer", service.url)
    assert abs(told["exp"] * 1000 - ours.expiresAt) <= 1000 and abs(told["iat"] - time.time()) < 10
    assert told["aud"] == resources


def test_rfc7662_2_1_a_refresh_token_is_told_too_and_a_hint_decides_nothing(api, created):
    ours = created()
    for token in (ours.accessToken, ours.refreshToken):
        for hint in ("", "&token_type_hint=access_token", "&token_type_hint=refresh_token"):
            answer = api.standardIntrospection(StandardIntrospectionRequest({"parameters": f"token={token}{hint}"}))
            assert (answer.action.name, answer.resultCode) == ("OK", "A145001")
            assert json.loads(answer.responseContent)["active"] is True


def test_rfc7662_2_2_all_else_is_exactly_inactive(created, rfc7662):
    assert rfc7662("nonsense") == {"active": False}
    token = created(resources=["https://api.example.org/"]).accessToken
    assert rfc7662(token, rsUri="https://files.example.org/") == {"active": False}
    assert rfc7662(token, rsUri="https://api.example.org/")["active"] is True


@pytest.mark.parametrize(
    ("parameters", "action", "error"),
    [
        (None, "INTERNAL_SERVER_ERROR", "server_error"),
        ("", "INTERNAL_SERVER_ERROR", "server_error"),
        ("token=", "BAD_REQUEST", "invalid_request"),
        ("token_type_hint=access_token", "BAD_REQUEST", "invalid_request"),
    ],
)
def test_without_a_token_the_request_is_bad(api, parameters, action, error):
    failed(api.standardIntrospection(StandardIntrospectionRequest({"parameters": parameters})), action, error)
