"""authorization, authorizationIssue, authorizationFail and their tickets; the code at token; userinfo and userinfoIssue."""

import base64
import hashlib
import json
import secrets
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
import requests
from authlete.dto.authorization_fail_request import AuthorizationFailRequest
from authlete.dto.authorization_issue_request import AuthorizationIssueRequest
from authlete.dto.authorization_request import AuthorizationRequest
from authlete.dto.authorization_ticket_info_request import AuthorizationTicketInfoRequest
from authlete.dto.authorization_ticket_update_request import AuthorizationTicketUpdateRequest
from authlete.dto.backchannel_authentication_complete_request import BackchannelAuthenticationCompleteRequest
from authlete.dto.backchannel_authentication_fail_request import BackchannelAuthenticationFailRequest
from authlete.dto.backchannel_authentication_issue_request import BackchannelAuthenticationIssueRequest
from authlete.dto.backchannel_authentication_request import BackchannelAuthenticationRequest
from authlete.dto.client import Client
from authlete.dto.client_authorization_update_request import ClientAuthorizationUpdateRequest
from authlete.dto.device_authorization_request import DeviceAuthorizationRequest
from authlete.dto.device_complete_request import DeviceCompleteRequest
from authlete.dto.device_verification_request import DeviceVerificationRequest
from authlete.dto.pushed_auth_req_request import PushedAuthReqRequest
from authlete.dto.token_request import TokenRequest
from authlete.dto.userinfo_issue_request import UserInfoIssueRequest
from authlete.dto.userinfo_request import UserInfoRequest

from .conftest import content

CALLBACK = "https://shop.example/cb?tenant=1"
VERIFIER = secrets.token_urlsafe(32)
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def client(api):
    made = {
        "clientName": "Shop",
        "clientType": "CONFIDENTIAL",
        "tokenAuthMethod": "CLIENT_SECRET_BASIC",
        "grantTypes": ["AUTHORIZATION_CODE", "REFRESH_TOKEN"],
        "responseTypes": ["CODE"],
        "redirectUris": [CALLBACK],
    }
    return api.createClient(Client(made))


@pytest.fixture
def ask(api, client):
    def ask(context=None, **more):
        usual = {
            "response_type": "code",
            "client_id": client.clientId,
            "redirect_uri": CALLBACK,
            "scope": "openid email history.read",
            "state": "s 1",
            "nonce": "n-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        request = {"parameters": urlencode(usual | more)}
        return api.authorization(AuthorizationRequest(request | ({"context": context} if context else {})))

    return ask


@pytest.fixture
def issue(api):
    def issue(ticket, **more):
        said = {"ticket": ticket, "subject": "john", "authTime": int(time.time()) - 5}
        return api.authorizationIssue(AuthorizationIssueRequest(said | more))

    return issue


@pytest.fixture
def redeem(api, client):
    def redeem(code):
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        request = {"parameters": urlencode(form), "clientId": str(client.clientId), "clientSecret": client.clientSecret}
        return api.token(TokenRequest(request))

    return redeem


def told(answer):
    """The parameters of the redirect that the client gets."""
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.responseContent).query).items()}


def test_a_ticket_comes_with_what_the_pages_need(ask, client, service):
    claims = json.dumps({"id_token": {"name": {"essential": True}}, "userinfo": {"picture": None}})
    asked = ask(prompt="login consent", display="popup", max_age="600", claims=claims)
    assert (asked.action.name, asked.resultCode, len(asked.ticket)) == ("INTERACTION", "A004001", 43)
    assert (asked.client.clientId, asked.client.clientName, asked.client.clientSecret) == (client.clientId, "Shop", None)
    assert [scope.name for scope in asked.scopes] == ["openid", "email", "history.read"]
    assert ([prompt.name for prompt in asked.prompts], asked.display.name, asked.maxAge) == (["LOGIN", "CONSENT"], "POPUP", 600)
    assert asked.claims == ["email", "email_verified", "name"] and asked.claimsAtUserInfo == ["email", "email_verified", "picture"]
    assert str(asked.service.apiKey) == service.id


def test_a_person_agrees(api, ask, issue, redeem, client, service):
    asked = ask(context="kept")
    issued = issue(asked.ticket, acr="gold", claims=json.dumps({"email": "john@example.com"}), consentedClaims=["email"])
    assert (issued.action.name, issued.resultCode, issued.ticketInfo.context) == ("LOCATION", "A040001", "kept")
    assert told(issued) == {"tenant": "1", "code": issued.authorizationCode, "state": "s 1", "iss": service.url}

    granted = redeem(issued.authorizationCode)
    assert (granted.action.name, granted.grantType.name, granted.subject) == ("OK", "AUTHORIZATION_CODE", "john")
    assert content(granted)["id_token"] == granted.idToken
    keys = jwt.PyJWKSet.from_dict(requests.get(f"{service.url}/.well-known/jwks.json", timeout=10).json())
    key = keys[jwt.get_unverified_header(granted.idToken)["kid"]]
    claims = jwt.decode(granted.idToken, key, ["ES256"], audience=str(client.clientId), issuer=service.url)
    assert (claims["sub"], claims["nonce"], claims["acr"], claims["email"]) == ("john", "n-1", "gold", "john@example.com")

    token = granted.jwtAccessToken or granted.accessToken
    known = api.userinfo(UserInfoRequest({"token": token}))
    assert (known.action.name, known.subject, known.claims) == ("OK", "john", ["email", "email_verified"])
    assert known.consentedClaims == ["email"]
    said = api.userinfoIssue(UserInfoIssueRequest({"token": token, "claims": json.dumps({"email": "john@example.com"})}))
    assert said.action.name == "JSON" and content(said) == {"sub": "john", "email": "john@example.com"}

    assert redeem(issued.authorizationCode).resultCode == "A050305"
    assert api.userinfo(UserInfoRequest({"token": token})).action.name == "UNAUTHORIZED"
    assert issue(asked.ticket).action.name == "BAD_REQUEST"


def test_an_error_goes_to_the_client_only_at_its_own_address(ask):
    evil = ask(redirect_uri="https://evil.example/")
    assert (evil.action.name, evil.resultCode, content(evil)["error"]) == ("BAD_REQUEST", "A011304", "invalid_request")
    wrong = ask(response_type="token")
    assert wrong.action.name == "LOCATION" and told(wrong)["error"] == "unsupported_response_type"
    assert ask(response_mode="form_post", prompt="none login").action.name == "FORM"
    assert ask(prompt="none").action.name == "NO_INTERACTION"


@pytest.mark.parametrize(
    ("reason", "error"),
    [("DENIED", "access_denied"), ("NOT_LOGGED_IN", "login_required"), ("ACR_NOT_SATISFIED", "unmet_authentication_requirements")],
)
def test_a_person_does_not_agree(api, ask, reason, error):
    ticket = ask().ticket
    failed = api.authorizationFail(AuthorizationFailRequest({"ticket": ticket, "reason": reason}))
    assert failed.action.name == "LOCATION"
    assert (told(failed)["error"], told(failed)["state"]) == (error, "s 1")
    again = api.authorizationFail(AuthorizationFailRequest({"ticket": ticket, "reason": reason}))
    assert (again.action.name, again.resultCode) == ("BAD_REQUEST", "A061202")


def test_a_request_is_pushed_and_opened_once(api, issue, redeem, client):
    def push(**more):
        form = {"response_type": "code", "redirect_uri": CALLBACK, "scope": "openid", "code_challenge": CHALLENGE}
        parameters = urlencode(form | {"code_challenge_method": "S256"})
        request = {"parameters": parameters, "clientId": str(client.clientId), "clientSecret": client.clientSecret}
        return api.pushAuthorizationRequest(PushedAuthReqRequest(request | more))

    pushed = push()
    assert (pushed.action.name, pushed.resultCode) == ("CREATED", "A245001")
    assert content(pushed) == {"expires_in": 60, "request_uri": pushed.requestUri}
    parameters = urlencode({"client_id": client.clientId, "request_uri": pushed.requestUri})
    opened, again = (api.authorization(AuthorizationRequest({"parameters": parameters})) for _ in range(2))
    assert (opened.action.name, again.action.name, again.resultCode) == ("INTERACTION", "BAD_REQUEST", "A008303")
    assert redeem(issue(opened.ticket).authorizationCode).action.name == "OK"
    assert push(clientSecret="wrong").action.name == "UNAUTHORIZED"


@pytest.mark.parametrize(
    ("result", "action", "code"),
    [("AUTHORIZED", "OK", "A242001"), ("ACCESS_DENIED", "BAD_REQUEST", "A242308"), ("TRANSACTION_FAILED", "BAD_REQUEST", "A242305")],
)
def test_a_device_asks_and_a_person_decides(api, result, action, code):
    made = {"clientName": "Telly", "clientType": "PUBLIC", "tokenAuthMethod": "NONE", "grantTypes": ["DEVICE_CODE"]}
    telly = api.createClient(Client(made))
    parameters = urlencode({"client_id": telly.clientId, "scope": "openid history.read"})
    begun = api.deviceAuthorization(DeviceAuthorizationRequest({"parameters": parameters}))
    assert (begun.action.name, begun.resultCode, begun.clientName) == ("OK", "A220001", "Telly")
    seen = api.deviceVerification(DeviceVerificationRequest({"userCode": begun.userCode}))
    assert (seen.action.name, [scope.name for scope in seen.scopes]) == ("VALID", ["openid", "history.read"])
    said = DeviceCompleteRequest({"userCode": begun.userCode, "result": result, "subject": "john"})
    assert [api.deviceComplete(said).action.name for _ in range(2)] == ["SUCCESS", "USER_CODE_NOT_EXIST"]
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": begun.deviceCode, "client_id": telly.clientId}
    polled = api.token(TokenRequest({"parameters": urlencode(form)}))
    assert (polled.action.name, polled.resultCode) == (action, code)


@pytest.fixture
def elsewhere(api):
    """A client that asks for people elsewhere, and what it sends."""

    def made(mode):
        said = {"clientName": "Till", "clientType": "CONFIDENTIAL", "tokenAuthMethod": "CLIENT_SECRET_BASIC", "grantTypes": ["CIBA"]}
        till = api.createClient(Client(said | {"bcDeliveryMode": mode, "bcNotificationEndpoint": "https://bank.example/notified"}))
        assert (till.bcDeliveryMode.name, till.bcNotificationEndpoint) == (mode, "https://bank.example/notified")
        return lambda **form: {"parameters": urlencode(form), "clientId": str(till.clientId), "clientSecret": till.clientSecret}

    return made


@pytest.mark.parametrize(
    ("result", "action", "code"),
    [("AUTHORIZED", "OK", "A200001"), ("ACCESS_DENIED", "BAD_REQUEST", "A200308"), ("TRANSACTION_FAILED", "BAD_REQUEST", "A200309")],
)
@pytest.mark.parametrize(("mode", "decided"), [("POLL", "NO_ACTION"), ("PING", "NOTIFICATION")])
def test_a_client_asks_for_somebody_elsewhere(api, elsewhere, mode, decided, result, action, code):
    sent = elsewhere(mode)
    form = {"scope": "openid history.read", "login_hint": "john", "binding_message": "W4SCT", "client_notification_token": "8d67dc78"}
    asked = api.backchannelAuthentication(BackchannelAuthenticationRequest(sent(**form)))
    assert (asked.action.name, asked.resultCode, asked.deliveryMode.name) == ("USER_IDENTIFICATION", "A179001", mode)
    assert (asked.hintType.name, asked.hint, asked.bindingMessage, asked.clientName) == ("LOGIN_HINT", "john", "W4SCT", "Till")
    assert ([scope.name for scope in asked.scopes], asked.userCodeRequired, asked.requestedExpiry) == (["openid", "history.read"], False, 0)
    issue = BackchannelAuthenticationIssueRequest({"ticket": asked.ticket})
    issued, again = (api.backchannelAuthenticationIssue(issue) for _ in range(2))
    assert (issued.action.name, again.action.name, issued.expiresIn, issued.interval) == ("OK", "INVALID_TICKET", 600, 5)
    assert content(issued) == {"auth_req_id": issued.authReqId, "expires_in": 600, "interval": 5}

    def poll():
        form = {"grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": issued.authReqId}
        return api.token(TokenRequest(sent(**form)))

    assert [poll().resultCode for _ in range(2)] == ["A200307", "A200306"]
    said = BackchannelAuthenticationCompleteRequest({"ticket": asked.ticket, "result": result, "subject": "john"})
    first, second = (api.backchannelAuthenticationComplete(said) for _ in range(2))
    assert (first.action.name, first.authReqId, second.action.name) == (decided, issued.authReqId, "SERVER_ERROR")
    if mode == "PING":
        assert (first.clientNotificationEndpoint, first.clientNotificationToken) == ("https://bank.example/notified", "8d67dc78")
        assert content(first) == {"auth_req_id": issued.authReqId}
    granted = poll()
    assert (granted.action.name, granted.resultCode) == (action, code)
    if result == "AUTHORIZED":
        assert (granted.grantType.name, granted.subject, content(granted)["id_token"]) == ("CIBA", "john", granted.idToken)
        assert poll().resultCode == "A200304"


@pytest.mark.parametrize(
    ("reason", "action"),
    [("UNKNOWN_USER_ID", "BAD_REQUEST"), ("ACCESS_DENIED", "FORBIDDEN"), ("SERVER_ERROR", "INTERNAL_SERVER_ERROR")],
)
def test_nobody_is_found_elsewhere(api, elsewhere, reason, action):
    asked = api.backchannelAuthentication(BackchannelAuthenticationRequest(elsewhere("POLL")(scope="openid", login_hint="nobody")))
    failed = api.backchannelAuthenticationFail(BackchannelAuthenticationFailRequest({"ticket": asked.ticket, "reason": reason}))
    assert (failed.action.name, content(failed)["error"]) == (action, reason.lower())
    late = api.backchannelAuthenticationIssue(BackchannelAuthenticationIssueRequest({"ticket": asked.ticket}))
    assert late.action.name == "INVALID_TICKET"


def test_what_is_wrong_with_a_request_for_somebody_elsewhere(api, elsewhere):
    sent = elsewhere("POLL")
    ask = lambda **form: api.backchannelAuthentication(BackchannelAuthenticationRequest(sent(**form)))
    for form, error in [
        ({"scope": "openid"}, "invalid_request"),
        ({"scope": "history.read", "login_hint": "john"}, "invalid_scope"),
        ({"scope": "openid", "login_hint": "john", "binding_message": "a" * 101}, "invalid_binding_message"),
    ]:
        assert (ask(**form).action.name, content(ask(**form))["error"]) == ("BAD_REQUEST", error)
    wrong = BackchannelAuthenticationRequest(sent(scope="openid", login_hint="john") | {"clientSecret": "wrong"})
    assert api.backchannelAuthentication(wrong).action.name == "UNAUTHORIZED"


def test_what_a_person_has_let_a_client_do(api, ask, issue, redeem, client):
    subject = f"ann|{secrets.token_hex(4)} x"
    granted = redeem(issue(ask().ticket, subject=subject).authorizationCode)
    assert granted.action.name == "OK"
    token = granted.jwtAccessToken or granted.accessToken
    shown = api.getGrantedScopes(client.clientId, subject)
    assert shown.latestGrantedScopes == shown.mergedGrantedScopes == ["email", "history.read", "openid"]
    api.updateClientAuthorization(client.clientId, ClientAuthorizationUpdateRequest({"subject": subject, "scopes": ["openid"]}))
    api.deleteGrantedScopes(client.clientId, subject)
    assert api.getGrantedScopes(client.clientId, subject).latestGrantedScopes is None
    assert api.userinfo(UserInfoRequest({"token": token})).action.name == "OK"
    api.deleteClientAuthorization(client.clientId, subject)
    assert api.userinfo(UserInfoRequest({"token": token})).action.name == "UNAUTHORIZED"


def test_what_is_kept_with_a_ticket(api, ask, issue):
    ticket = ask(context="one").ticket
    info = lambda: api.authorizationTicketInfo(AuthorizationTicketInfoRequest({"ticket": ticket}))
    assert info().info.context == "one"
    update = AuthorizationTicketUpdateRequest({"ticket": ticket, "info": {"context": "two"}})
    assert api.authorizationTicketUpdate(update).action.name == "OK"
    assert info().info.context == "two"
    assert issue(ticket).action.name == "LOCATION"
    assert info().action.name == "NOT_FOUND"
