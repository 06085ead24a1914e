"""What a call ends in before it is understood."""

import base64

import pytest
import requests
from authlete.api.authlete_api_exception import AuthleteApiException
from authlete.dto.client import Client
from authlete.dto.introspection_request import IntrospectionRequest
from authlete.dto.token_create_request import TokenCreateRequest

from .conftest import configured, refused

NO_ID = TokenCreateRequest({"grantType": "CLIENT_CREDENTIALS", "clientId": 5})


def test_wrong_credentials_are_401(service, version):
    wrong = {"serviceApiSecret": "wrong", "serviceAccessToken": "wrong"}
    error = refused(configured(service, version, **wrong).tokenCreate, NO_ID)
    assert (error.status, error.code) == (401, "A001203")
    assert error.message.startswith("[A001203] /auth/token/create, ")


def test_no_credentials_are_401(service, call):
    answer = call("POST", "/auth/token/create", json={}, auth=None, authorization={"X-Nothing": ""})
    assert (answer.status_code, answer.json()) == (
        401,
        {"resultCode": "A001202", "resultMessage": "[A001202] /auth/token/create, Authorization header is missing."},
    )


def test_the_credentials_of_one_service_are_not_those_of_another(service, services, version):
    other = services[service.store, "opaque" if service.jwt else "jwt"]
    if version == "V3":
        error = refused(configured(service, version, serviceAccessToken=other.bearer).tokenCreate, NO_ID)
        assert (error.status, error.code) == (403, "A001216")
    else:
        foreign = configured(service, version, serviceApiKey="1")
        assert refused(foreign.tokenCreate, NO_ID).status == 401


def test_a_token_without_the_right_scope_is_403(service):
    reader = configured(service, "V3", serviceAccessToken=service.reader)
    assert reader.introspection(IntrospectionRequest({"token": "x"})).action.name == "UNAUTHORIZED"
    assert reader.getTokenList().totalCount >= 0
    for call, argument in [(reader.tokenCreate, NO_ID), (reader.tokenDelete, "x"), (reader.createClient, Client())]:
        error = refused(call, argument)
        assert (error.status, error.code) == (403, "A001216")


def test_java_in_v2_mode_sends_a_bearer_on_v2_paths_in_any_case_of_letters(service):
    for scheme in ("Bearer", "bearer", "BEARER"):
        headers = {"Authorization": f"{scheme} {service.bearer}"}
        answer = requests.get(f"{service.url}/api/auth/token/get/list", headers=headers, timeout=10)
        assert answer.status_code == 200 and answer.json()["end"] == 5, answer.text


def test_v2_credentials_open_v3_paths_of_their_service_in_any_case_of_letters(service):
    basic = base64.b64encode(f"{service.id}:{service.secret}".encode()).decode()
    for scheme in ("Basic", "basic"):
        headers = {"Authorization": f"{scheme} {basic}"}
        assert requests.get(f"{service.url}/api/auth/token/get/list", headers=headers, timeout=10).status_code == 200


def test_dpop_of_the_api_itself_is_401(service):
    headers = {"Authorization": f"DPoP {service.bearer}", "DPoP": "x"}
    answer = requests.get(f"{service.url}/api/{service.id}/auth/token/get/list", headers=headers, timeout=10)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("body", "type", "status", "code"),
    [
        (b"{", "application/json", 400, "A001204"),
        (b"[]", "application/json", 400, "A001204"),
        (b"{}", "text/plain", 415, "A001206"),
        (b'{"a":"' + b"x" * 70_000 + b'"}', "application/json", 413, "A001205"),
    ],
    ids=["broken", "array", "text", "large"],
)
def test_rule_11_a_body_that_cannot_be_read_is_told_in_json(call, body, type, status, code):
    answer = call("POST", "/auth/token/create", data=body, headers={"Content-Type": type})
    assert (answer.status_code, answer.json()["resultCode"]) == (status, code)
    assert answer.headers["content-type"].split(";")[0] == "application/json"


def test_a_path_that_is_none_is_404(call):
    answer = call("POST", "/gm", json={})
    assert (answer.status_code, answer.json()["resultCode"]) == (404, "A001404")


def test_the_health_check_needs_no_credentials(service):
    answer = requests.get(f"{service.url}/api/lifecycle/healthcheck?extended=true", timeout=10)
    assert (answer.status_code, answer.text) == (200, "OK")
    assert answer.headers["content-type"].startswith("text/plain")


def test_a_connection_that_fails_is_the_sdks_own_exception(service, version):
    nowhere = configured(service, version, baseUrl="http://127.0.0.1:9")
    with pytest.raises(AuthleteApiException) as raised:
        nowhere.getTokenList()
    assert raised.value.response is None and raised.value.cause is not None


def test_forms_are_taken_as_curl_sends_them(call, shop):
    form = {"grantType": "AUTHORIZATION_CODE", "clientId": str(shop.clientId), "subject": "john", "scopes": "history.read timeline.read"}
    answer = call("POST", "/auth/token/create", data=form | {"accessTokenDuration": "60", "forExternalAttachment": "true"})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["action"], told["scopes"], told["expiresIn"]) == ("OK", ["history.read", "timeline.read"], 60)
    assert told["forExternalAttachment"] is True
