"""Every function of every built bundle under Lambda's own runtime emulator, told what the template tells it: events that are answered
well, and events that are refused, as each gateway sends them. Processes share nothing but the tables and the keys."""

import http.client
import json
import re
from base64 import b64encode
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import samcli
from harness import REGION, Process, environment, free_port, listens, routes, template
from stack import Stack, part

RIE = Path(samcli.__file__).parent / "local/rapid/aws-lambda-rie-x86_64"


def form(parameters):
    return "&".join(f"{name}={value}" for name, value in parameters.items())


BODY = {"sub": "administrator", "org": "1", "audiences": ["urn:api"], "time_validity": {"duration": 600}}

# A stream whose signals are sent, and a subject of which it shall tell.
PUSHED = {"delivery": {"method": "urn:ietf:rfc:8935", "endpoint_url": "https://receiver.example/", "authorization_header": "Bearer x"}}
SOMEBODY = {"subject": {"format": "opaque", "id": "x"}}

# For each endpoint: what it takes to be answered well, and with what status it then is; and what it refuses.
# `…` in a body stands for a token of the test's own, `$name` for what [services] makes.
UNAUTHENTICATED = {"bearer": False, "status": 401}
MALFORMED = {"body": {"token": 1}, "status": 400}
CLIENT = {"clientId": "web", "clientSecret": "$secret"}
GRANT = {"grant_type": "client_credentials"}
# RFC 7636 appendix B.
VERIFIER, CHALLENGE = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
SIGN_IN = {
    "response_type": "code",
    "client_id": "$site",
    "redirect_uri": "https://site.example/",
    "scope": "openid",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
LEAVING = {"client_id": "$site", "post_logout_redirect_uri": "https://site.example/goodbye", "state": "x"}
# When does not matter, as long as it is over.
ANN = {"subject": "ann", "auth_time": 1_700_000_000}
BACK = "authorization=$accepted&verifier=$decision"
ISSUE = {"grantType": "PASSWORD", "clientId": "$client", "subject": "john", "scopes": ["read"]}
LEAKED = [{"token": "x", "type": "jeton_api_key", "url": "", "source": "commit"}]
KEY = {"name": "laptop", "scopes": ["read"], "resources": ["https://mcp.example/mcp"]}
ENDPOINTS = {
    "agilicus.agilicus_jwks": ({}, {"path": "/nothing", "status": 404}),
    "agilicus.bulk_revoke_tokens": ({"body": {"user_id": "ann"}}, UNAUTHENTICATED),
    "agilicus.create_token": ({"body": BODY, "status": 201}, UNAUTHENTICATED),
    "agilicus.introspect_all_sub_orgs": ({"body": {"token": "…"}}, MALFORMED),
    "agilicus.introspect_self": ({}, UNAUTHENTICATED),
    "agilicus.introspect_token": ({"body": {"token": "…"}}, MALFORMED),
    "agilicus.list_tokens": ({"query": "sub=administrator&limit=2"}, UNAUTHENTICATED),
    "agilicus.refresh_token": ({"body": {"token": "… refresh"}, "status": 201}, MALFORMED),
    "agilicus.reissue_token": ({"body": {"token": "…", "org_id": "1"}}, MALFORMED),
    "agilicus.revoke_token": ({"body": {"token": "…"}, "status": 204}, MALFORMED),
    "agilicus.validate_token_request": ({"body": BODY}, MALFORMED),
    "authlete.authorize_device": ({"body": {"parameters": "client_id=$telly"}}, UNAUTHENTICATED),
    "authlete.complete_backchannel": ({"body": {"ticket": "$waiting", "result": "ACCESS_DENIED"}}, UNAUTHENTICATED),
    "authlete.complete_device": ({"body": {"userCode": "$typed", "result": "ACCESS_DENIED"}}, UNAUTHENTICATED),
    "authlete.create_client": ({"body": {"clientType": "CONFIDENTIAL"}}, UNAUTHENTICATED),
    "authlete.create_token": ({"body": ISSUE}, UNAUTHENTICATED),
    "authlete.create_token_batch": ({"body": [ISSUE]}, UNAUTHENTICATED),
    "authlete.delete_client": ({"path": "/api/1/client/delete/$spare", "status": 204}, UNAUTHENTICATED),
    "authlete.delete_requestable_scopes": (
        {"path": "/api/1/client/extension/requestable_scopes/delete/$spare", "status": 204},
        UNAUTHENTICATED,
    ),
    "authlete.delete_token": ({"path": "/api/1/auth/token/delete/$opaque", "status": 204}, UNAUTHENTICATED),
    "authlete.fail_authorization": ({"body": {"ticket": "$asked", "reason": "DENIED"}}, UNAUTHENTICATED),
    "authlete.fail_backchannel": ({"body": {"ticket": "$elsewhere", "reason": "ACCESS_DENIED"}}, UNAUTHENTICATED),
    "authlete.fail_token": ({"body": {"ticket": "$ticket", "reason": "UNKNOWN"}}, UNAUTHENTICATED),
    "authlete.get_authorization_ticket": ({"body": {"ticket": "$asked"}}, UNAUTHENTICATED),
    "authlete.get_client": ({"path": "/api/1/client/get/web"}, {"path": "/api/1/client/get/nobody", "status": 404}),
    "authlete.get_configuration": ({}, UNAUTHENTICATED),
    "authlete.get_jwks": ({}, UNAUTHENTICATED),
    "authlete.get_requestable_scopes": (
        {"path": "/api/1/client/extension/requestable_scopes/get/web"},
        {"path": "/api/1/client/extension/requestable_scopes/get/nobody", "status": 404},
    ),
    "authlete.get_token_batch": ({"path": "/api/1/auth/token/create/batch/status/$batch"}, UNAUTHENTICATED),
    "authlete.healthcheck": ({}, {"path": "/nothing", "status": 404}),
    "authlete.introspect_token": ({"body": {"token": "$opaque"}}, UNAUTHENTICATED),
    "authlete.introspect_token_standard": ({"body": {"parameters": "token=$opaque"}}, UNAUTHENTICATED),
    "authlete.issue_authorization": ({"body": {"ticket": "$asked", "subject": "john"}}, UNAUTHENTICATED),
    "authlete.issue_backchannel": ({"body": {"ticket": "$elsewhere"}}, UNAUTHENTICATED),
    "authlete.issue_token": ({"body": {"ticket": "$ticket", "subject": "john"}}, UNAUTHENTICATED),
    "authlete.issue_userinfo": ({"body": {"token": "$opaque"}}, UNAUTHENTICATED),
    "authlete.list_clients": ({}, UNAUTHENTICATED),
    "authlete.list_tokens": ({"query": "subject=john&tokenStatus=ALL"}, UNAUTHENTICATED),
    "authlete.post_configuration": ({"body": {"pretty": True, "patch": None}}, UNAUTHENTICATED),
    "authlete.process_authorization": ({"body": {"parameters": form(SIGN_IN)}}, UNAUTHENTICATED),
    "authlete.process_backchannel": (
        {"body": {"parameters": "scope=openid&login_hint=ann", "clientId": "till", "clientSecret": "$till_secret"}},
        UNAUTHENTICATED,
    ),
    "authlete.process_revocation": ({"body": {"parameters": "token=$opaque", **CLIENT}}, UNAUTHENTICATED),
    "authlete.process_token": ({"body": {"parameters": "grant_type=client_credentials", **CLIENT}}, UNAUTHENTICATED),
    "authlete.process_userinfo": ({"body": {"token": "$opaque"}}, UNAUTHENTICATED),
    "authlete.push_authorization": ({"body": {"parameters": form(SIGN_IN)}}, UNAUTHENTICATED),
    "authlete.put_requestable_scopes": (
        {"path": "/api/1/client/extension/requestable_scopes/update/$spare", "body": {"requestableScopes": ["read"]}},
        UNAUTHENTICATED,
    ),
    "authlete.refresh_client_secret": ({"path": "/api/1/client/secret/refresh/$spare"}, UNAUTHENTICATED),
    "authlete.reissue_id_token": ({"body": {"accessToken": "$opaque", "refreshToken": "x"}}, UNAUTHENTICATED),
    "authlete.revoke_token": ({"body": {"accessTokenIdentifier": "$opaque"}}, {"body": {}, "status": 400}),
    "authlete.update_authorization_ticket": ({"body": {"ticket": "$asked", "info": "kept"}}, UNAUTHENTICATED),
    "authlete.update_client": ({"path": "/api/1/client/update/$spare", "body": {}}, UNAUTHENTICATED),
    "authlete.update_client_lock": ({"path": "/api/1/client/lock_flag/update/$spare", "body": {"clientLocked": True}}, UNAUTHENTICATED),
    "authlete.update_client_secret": (
        {"path": "/api/1/client/secret/update/$spare", "body": {"clientSecret": "a-secret-of-22-characters-or-more"}},
        UNAUTHENTICATED,
    ),
    "authlete.update_requestable_scopes": (
        {"path": "/api/1/client/extension/requestable_scopes/update/$spare", "body": {"requestableScopes": ["read"]}},
        UNAUTHENTICATED,
    ),
    "authlete.update_token": ({"body": {"accessToken": "$opaque", "accessTokenValueUpdated": True}}, UNAUTHENTICATED),
    "authlete.delete_client_authorization": ({"path": "/api/1/client/authorization/delete/$spare/john"}, UNAUTHENTICATED),
    "authlete.delete_granted_scopes": ({"path": "/api/1/client/granted_scopes/delete/$spare/john"}, UNAUTHENTICATED),
    "authlete.get_granted_scopes": ({"path": "/api/1/client/granted_scopes/get/web/john"}, UNAUTHENTICATED),
    "authlete.list_client_authorizations": ({"path": "/api/1/client/authorization/get/list/john"}, UNAUTHENTICATED),
    "authlete.end_client_authorization": (
        {"path": "/api/1/client/authorization/delete/$spare", "body": {"subject": "john"}},
        UNAUTHENTICATED,
    ),
    "authlete.post_delete_granted_scopes": (
        {"path": "/api/1/client/granted_scopes/delete/$spare", "body": {"subject": "john"}},
        UNAUTHENTICATED,
    ),
    "authlete.post_get_granted_scopes": ({"path": "/api/1/client/granted_scopes/get/web", "body": {"subject": "john"}}, UNAUTHENTICATED),
    "authlete.post_client_authorizations": ({"body": {"subject": "john"}}, UNAUTHENTICATED),
    "authlete.update_client_authorization": (
        {"path": "/api/1/client/authorization/update/$spare", "body": {"subject": "john"}},
        UNAUTHENTICATED,
    ),
    "authlete.verify_device": ({"body": {"userCode": "$typed"}}, UNAUTHENTICATED),
    "jeton.create_client": ({"path": "/v1/orgs/1/clients", "body": {"kind": "confidential"}, "status": 201}, UNAUTHENTICATED),
    "jeton.create_client_secret": ({"path": "/v1/orgs/1/clients/$spare/secrets", "body": {}, "status": 201}, UNAUTHENTICATED),
    "jeton.delete_client": ({"path": "/v1/orgs/1/clients/$spare", "status": 204}, UNAUTHENTICATED),
    "jeton.delete_client_secret": (
        {"path": "/v1/orgs/1/clients/$spare/secrets/$secret_id", "status": 204},
        {"path": "/v1/orgs/1/clients/web/secrets/AAAAAAAAAAAA", "status": 404},
    ),
    "jeton.delete_member": ({"path": "/v1/orgs/1/members/bob", "status": 204}, UNAUTHENTICATED),
    "jeton.delete_org": ({"path": "/v1/orgs/12", "status": 204}, UNAUTHENTICATED),
    "jeton.list_issuers": ({"path": "/v1/orgs/1/issuers"}, UNAUTHENTICATED),
    "jeton.test_issuer": ({"path": "/v1/orgs/1/issuers/test", "body": {"token": "x"}}, UNAUTHENTICATED),
    "jeton.create_revocation": ({"path": "/v1/orgs/1/revocations", "body": {"subject": "bob"}}, UNAUTHENTICATED),
    "jeton.delete_token": ({"path": "/v1/tokens/$jti", "status": 204}, {"path": "/v1/tokens/x", "status": 404}),
    "oauth.authorize": ({"query": form(SIGN_IN), "bearer": False, "status": 303}, {"bearer": False, "status": 400}),
    "oauth.post_authorize": ({"form": SIGN_IN, "anonymous": True, "status": 303}, {"form": {}, "anonymous": True, "status": 400}),
    "oauth.authorize_device": ({"form": {"client_id": "$telly"}, "anonymous": True}, {"form": {}, "anonymous": True, "status": 401}),
    "jeton.find_authorization": (
        {"path": "/v1/authorizations/find", "body": {"user_code": "$typed", "attempt_by": "ann"}},
        {"path": "/v1/authorizations/find", "body": {"user_code": "x", "attempt_by": "eve"}, "status": 404},
    ),
    "oauth.push_authorization": ({"form": SIGN_IN, "anonymous": True, "status": 201}, {"form": {}, "anonymous": True, "status": 401}),
    "oauth.continue_authorization": (
        {"query": BACK, "bearer": False, "cookie": "browser", "status": 303},
        {"query": BACK, "bearer": False, "status": 400},
    ),
    "oauth.get_userinfo": ({"bearer": "person"}, UNAUTHENTICATED),
    "oauth.post_userinfo": ({"bearer": "person"}, UNAUTHENTICATED),
    "jeton.get_authorization": (
        {"path": "/v1/authorizations/$pending"},
        {"path": "/v1/authorizations/$pending", "bearer": False, "status": 401},
    ),
    "jeton.accept_authorization": (
        {"path": "/v1/authorizations/$pending/accept", "body": ANN},
        {"path": "/v1/authorizations/$pending/accept", "body": ANN, "bearer": False, "status": 401},
    ),
    "jeton.deny_authorization": (
        {"path": "/v1/authorizations/$pending/deny", "body": {}},
        {"path": "/v1/authorizations/$pending/deny", "body": {"error": "x"}, "status": 400},
    ),
    "jeton.create_api_key": ({"path": "/v1/orgs/1/api-keys", "body": KEY, "status": 201}, UNAUTHENTICATED),
    "jeton.list_api_keys": ({"path": "/v1/orgs/1/api-keys"}, UNAUTHENTICATED),
    "jeton.get_api_key": ({"path": "/v1/orgs/1/api-keys/$apikey"}, {"path": "/v1/orgs/1/api-keys/x", "status": 404}),
    "jeton.patch_api_key": (
        {"path": "/v1/orgs/1/api-keys/$apikey", "body": {"name": "desk"}, "media_type": "application/merge-patch+json"},
        {"path": "/v1/orgs/1/api-keys/x", "body": {}, "media_type": "application/merge-patch+json", "status": 404},
    ),
    "jeton.rotate_api_key": (
        {"path": "/v1/orgs/1/api-keys/$apikey/rotate", "body": {}, "status": 201},
        {"path": "/v1/orgs/1/api-keys/x/rotate", "body": {}, "status": 404},
    ),
    "jeton.delete_previous_api_key": (
        {"path": "/v1/orgs/1/api-keys/$rotated/previous", "status": 204},
        {"path": "/v1/orgs/1/api-keys/x/previous", "status": 404},
    ),
    "jeton.delete_api_key": (
        {"path": "/v1/orgs/1/api-keys/$apikey", "status": 204},
        {"path": "/v1/orgs/1/api-keys/x", "status": 404},
    ),
    # Its keys are at an address that nobody has; without a signature nobody asks for them.
    "jeton.report_leaked_keys": (
        {"path": "/v1/api-keys/leaked", "body": LEAKED, "bearer": False, "status": 401, "env": {"JETON_SECRET_SCANNING_KEYS": "https://scanner.invalid/keys"}},
        {"path": "/v1/api-keys/leaked", "body": LEAKED, "bearer": False, "status": 401},
    ),
    "jeton.get_api_key_pattern": ({"path": "/v1/api-keys/pattern", "bearer": False}, {"path": "/nothing", "status": 404}),
    "jeton.list_grants": ({"path": "/v1/orgs/1/subjects/ann/grants"}, UNAUTHENTICATED),
    "jeton.delete_grant": (
        {"path": "/v1/orgs/1/subjects/ann/grants/$connected", "status": 204},
        {"path": "/v1/orgs/1/subjects/ann/grants/x", "status": 404},
    ),
    "jeton.delete_grants": ({"path": "/v1/orgs/1/subjects/ann/grants", "status": 204}, UNAUTHENTICATED),
    "oauth.logout": ({"query": form(LEAVING), "bearer": False, "status": 303}, {"query": "client_id=x", "bearer": False, "status": 400}),
    "oauth.post_logout": ({"form": LEAVING, "anonymous": True, "status": 303}, {"form": {"client_id": "x"}, "anonymous": True, "status": 400}),
    "jeton.get_logout": ({"path": "/v1/logouts/$leaving"}, {"path": "/v1/logouts/$leaving", "bearer": False, "status": 401}),
    "jeton.complete_logout": (
        {"path": "/v1/logouts/$leaving/complete", "body": {"session": "s-1"}},
        {"path": "/v1/logouts/x/complete", "body": {"session": "s-1"}, "status": 404},
    ),
    "jeton.end_session": ({"path": "/v1/orgs/1/sessions/s-1", "status": 204}, UNAUTHENTICATED),
    "jeton.explain_error": ({"path": "/errors/A048301"}, {"path": "/errors/A000000", "status": 404}),
    "jeton.get_status_list": (
        {"path": "/status/$list", "bearer": False},
        {"path": "/status/00000000000000000000000000", "bearer": False, "status": 404},
    ),
    "jeton.get_client": ({"path": "/v1/orgs/1/clients/web"}, {"path": "/v1/orgs/1/clients/nobody", "status": 404}),
    "jeton.get_member": ({"path": "/v1/orgs/1/members/ann"}, UNAUTHENTICATED),
    "jeton.get_org": ({"path": "/v1/orgs/11"}, UNAUTHENTICATED),
    "jeton.get_token": ({"path": "/v1/tokens/$jti"}, {"path": "/v1/tokens/x", "status": 404}),
    "jeton.health": ({}, {"path": "/nothing", "status": 404}),
    "jeton.jwks": ({}, {"path": "/nothing", "status": 404}),
    "jeton.list_client_secrets": ({"path": "/v1/orgs/1/clients/web/secrets"}, UNAUTHENTICATED),
    "jeton.list_clients": ({"path": "/v1/orgs/1/clients"}, UNAUTHENTICATED),
    "jeton.list_members": ({"path": "/v1/orgs/1/members"}, UNAUTHENTICATED),
    "jeton.list_orgs": ({}, UNAUTHENTICATED),
    "jeton.openapi": ({}, {"path": "/nothing", "status": 404}),
    "jeton.patch_client": (
        {"path": "/v1/orgs/1/clients/$spare", "body": {"name": "Jobs"}, "media_type": "application/merge-patch+json"},
        {"path": "/v1/orgs/1/clients/web", "body": {"name": "Jobs"}, "status": 415},
    ),
    "jeton.patch_member": (
        {"path": "/v1/orgs/1/members/bob", "body": {"scopes": []}, "media_type": "application/merge-patch+json"},
        {"path": "/v1/orgs/1/members/bob", "body": {"scopes": []}, "status": 415},
    ),
    "jeton.patch_org": (
        {"path": "/v1/orgs/11", "body": {"name": "Shop"}, "media_type": "application/merge-patch+json"},
        {"path": "/v1/orgs/11", "body": {"name": "Shop"}, "status": 415},
    ),
    "jeton.put_client": ({"path": "/v1/orgs/1/clients/$spare", "body": {"kind": "confidential"}}, UNAUTHENTICATED),
    "jeton.put_member": ({"path": "/v1/orgs/1/members/cid", "body": {"scopes": []}, "status": 201}, UNAUTHENTICATED),
    "jeton.refresh_org_secret": ({"path": "/v1/orgs/11/secret"}, UNAUTHENTICATED),
    "oauth.introspect": ({"form": {"token": "$opaque"}}, {"form": {"token": "x"}, "anonymous": True, "status": 401}),
    "oauth.revoke": ({"form": {"token": "$opaque"}}, {"form": {"token": "x"}, "anonymous": True, "status": 401}),
    "oauth.token": ({"form": GRANT}, {"form": GRANT, "anonymous": True, "status": 401}),
    "oauth.delete_registration": ({"path": "/oauth2/register/$registrant", "bearer": "registration", "status": 204}, UNAUTHENTICATED),
    "oauth.get_registration": ({"path": "/oauth2/register/$registrant", "bearer": "registration"}, UNAUTHENTICATED),
    "oauth.metadata": ({}, {"path": "/.well-known/oauth-authorization-server/nothing", "status": 404}),
    "oauth.openid_configuration": ({}, {"path": "/nothing", "status": 404}),
    "oauth.resource_metadata": (
        # The API is on the issuer's own host, which the emulator of AWS gives a name that no resource may have.
        {"path": "/.well-known/oauth-protected-resource/mcp", "env": {"JETON_ISSUER": "https://api.example"}},
        {"path": "/.well-known/oauth-protected-resource/nothing", "status": 404},
    ),
    "oauth.org_resource_metadata": (
        {"path": "/oauth2/resource-metadata/1", "query": "resource=https%3A%2F%2Fmcp.example%2Fmcp"},
        {"path": "/oauth2/resource-metadata/1", "query": "resource=urn%3Anothing", "status": 404},
    ),
    "oauth.ssf_configuration": ({}, {"path": "/.well-known/ssf-configuration/nothing", "status": 404}),
    "oauth.create_event_stream": ({"bearer": "new_receiver", "body": PUSHED, "status": 201}, UNAUTHENTICATED),
    "oauth.get_event_stream": ({"query": "stream_id=$stream", "bearer": "receiver"}, UNAUTHENTICATED),
    "oauth.patch_event_stream": ({"body": {"stream_id": "$stream"} | PUSHED, "bearer": "receiver"}, UNAUTHENTICATED),
    "oauth.put_event_stream": ({"body": {"stream_id": "$stream"} | PUSHED, "bearer": "receiver"}, UNAUTHENTICATED),
    "oauth.delete_event_stream": ({"query": "stream_id=$stream", "bearer": "receiver", "status": 204}, UNAUTHENTICATED),
    "oauth.get_stream_status": ({"query": "stream_id=$stream", "bearer": "receiver"}, UNAUTHENTICATED),
    "oauth.set_stream_status": ({"body": {"stream_id": "$stream", "status": "enabled"}, "bearer": "receiver"}, UNAUTHENTICATED),
    "oauth.add_subject": ({"body": {"stream_id": "$stream"} | SOMEBODY, "bearer": "receiver"}, UNAUTHENTICATED),
    "oauth.remove_subject": ({"body": {"stream_id": "$stream"} | SOMEBODY, "bearer": "receiver", "status": 204}, UNAUTHENTICATED),
    "oauth.verify_event_stream": ({"body": {"stream_id": "$stream"}, "bearer": "receiver", "status": 204}, UNAUTHENTICATED),
    "oauth.poll_signals": ({"path": "/ssf/poll/$polled", "body": {}, "bearer": "receiver"}, {"path": "/ssf/poll/x", "bearer": False, "status": 401}),
    "oauth.register_client": ({"body": {"client_name": "Shop"}, "status": 201}, {"body": {}, "bearer": False, "status": 401}),
    "oauth.update_registration": (
        {"path": "/oauth2/register/$registrant", "bearer": "registration", "body": {"client_id": "$registrant"}},
        {"path": "/oauth2/register/4711", "body": {"client_id": "4711"}, "status": 401},
    ),
    "jeton.put_org": ({"path": "/v1/orgs/13", "body": {"parent": "1"}, "status": 201}, UNAUTHENTICATED),
}


def deployed():
    """The functions of the template: handler, logical id, bundle; and a route if there is one: the one that names the org."""
    functions = {}
    for name, resource in template()["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            binary = resource["Metadata"]["BuildProperties"]["Binary"]
            own = [key for key, function in routes().items() if function == name and key != "$default" and not key.startswith("HEAD ")]
            functions[resource["Properties"]["Handler"]] = (name, binary, max(own, key=lambda key: (not key.endswith("+}"), len(key)), default=None))
    return functions


FUNCTIONS = deployed()
ROUTED = sorted(handler for handler, (_, _, route) in FUNCTIONS.items() if route)


@pytest.fixture(scope="module")
def stack(aws, bundles, tmp_path_factory):
    return Stack(aws, "jeton-rie", tmp_path_factory.mktemp("stack"), bundles)


@contextmanager
def emulated(bootstrap, env, log):
    """A function in a process of its own, under the emulator: gives what invokes it."""
    front, back = free_port(), free_port()
    command = [RIE, "--runtime-interface-emulator-address", f"127.0.0.1:{front}", "--runtime-api-address", f"127.0.0.1:{back}"]
    process = Process([*command, bootstrap], log, lambda: listens(front), env=environment(**env))

    def invoke(event):
        connection = http.client.HTTPConnection("127.0.0.1", front, timeout=60)
        try:
            connection.request("POST", "/2015-03-31/functions/function/invocations", json.dumps(event))
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    try:
        yield invoke
    finally:
        process.stop()


@pytest.fixture(scope="module")
def emulator(stack, bundles, tmp_path_factory):
    """Starts a function with what the template tells it."""

    def start(handler, bundle=None, **more):
        name, binary, _ = FUNCTIONS[handler]
        env = stack.variables(name) | {
            **stack.aws.credentials,
            "AWS_REGION": REGION,
            "_HANDLER": handler,
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_TIMEOUT": "30",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        }
        return emulated(bundles / (bundle or binary) / "bootstrap", env | more, tmp_path_factory.mktemp("rie") / "log")

    return start


def v2(method, path, query, headers, body):
    """As an HTTP API sends it."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "domainName": "api.example",
            "domainPrefix": "api",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "test"},
            "requestId": "request-1",
            "routeKey": "$default",
            "stage": "$default",
            "time": "22/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1795348800000,
        },
        "body": body,
        "isBase64Encoded": False,
    }


def v1(method, path, query, headers, body):
    """As a REST API sends it."""
    parameters = dict(parse_qsl(query)) or None
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": parameters,
        "multiValueQueryStringParameters": parameters and {name: [value] for name, value in parameters.items()},
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "domainName": "api.example",
            "httpMethod": method,
            "identity": {"sourceIp": "192.0.2.1", "userAgent": "test"},
            "path": path,
            "protocol": "HTTP/1.1",
            "requestId": "request-1",
            "resourceId": "r",
            "resourcePath": "/{proxy+}",
            "stage": "live",
        },
        "body": body,
        "isBase64Encoded": False,
    }


def event(gateway, handler, case, admin, tokens):
    method, route = FUNCTIONS[handler][2].split()
    headers = {"host": "api.example", "content-type": case.get("media_type", "application/json")}
    body = case.get("body")
    if "form" in case:
        body = form(case["form"])
        headers["content-type"] = "application/x-www-form-urlencoded"
        if not case.get("anonymous"):
            named = [tokens["service"](name) for name in ("client", "secret")]
            headers["authorization"] = "Basic " + b64encode(":".join(named).encode()).decode()
    elif body is not None:
        body = json.dumps(body, ensure_ascii=False).replace("… refresh", tokens["refresh_token"]).replace("…", tokens["token"])
    path = case.get("path", route.replace("{org}", "1").replace("{sub}", "ann").replace("{serviceId}", "1"))
    query = case.get("query", "")
    for name in dict.fromkeys(re.findall(r"\$(\w+)", f"{path} {query} {body}")):
        value = tokens["service"](name)
        path, query, body = (text and text.replace(f"${name}", value) for text in (path, query, body))
    if "cookie" in case:
        headers["cookie"] = tokens["service"](case["cookie"])
    bearer = case.get("bearer", "form" not in case)
    if bearer:
        headers["authorization"] = f"Bearer {admin if bearer is True else tokens['service'](bearer)}"
    return gateway(method, path, query, headers, body)


@pytest.fixture(scope="module")
def service(stack, admin, emulator):
    """Org 1 as a service of Authlete's API, with a client. Gives what makes things there, by name."""
    device, ciba = "urn:ietf:params:oauth:grant-type:device_code", "urn:openid:params:grant-type:ciba"
    supported_grants = ["authorization_code", "client_credentials", "password", "refresh_token", device, ciba]
    pages = {"login_url": "https://login.example/", "device_url": "https://login.example/device", "logout_url": "https://login.example/logout"}
    apis = [{"resource": "https://api.example/mcp"}, {"resource": "https://mcp.example/mcp", "scopes": ["read"]}]
    settings = {"supported_scopes": [{"name": "read"}, {"name": "ssf.manage"}], "supported_grants": supported_grants, "resources": apis, **pages}
    stack.api.put("/v1/orgs/1", {"settings": settings}, admin).json(200)
    grants = {"clientType": "CONFIDENTIAL", "grantTypes": ["PASSWORD", "CLIENT_CREDENTIALS", "REFRESH_TOKEN"]}
    ask = lambda path, body: stack.api.post(f"/api/1/{path}", body, admin).json(200)
    client = ask("client/create", grants | {"clientIdAlias": "web"})
    till = ask("client/create", {"clientType": "CONFIDENTIAL", "grantTypes": ["CIBA"], "bcDeliveryMode": "POLL", "clientIdAlias": "till"})
    for_ann = {"parameters": "scope=openid&login_hint=ann", "clientId": "till", "clientSecret": till["clientSecret"]}
    issue = ISSUE | {"clientId": client["clientId"]}
    password = {"parameters": "grant_type=password&username=u&password=p", "clientId": "web", "clientSecret": client["clientSecret"]}
    site = {"kind": "public", "grants": ["authorization_code", "refresh_token"], "redirect_uris": [SIGN_IN["redirect_uri"]], "consent": "implied"}
    site["post_logout_redirect_uris"] = [LEAVING["post_logout_redirect_uri"]]
    new_site = lambda: str(stack.api.post("/v1/orgs/1/clients", site, admin).json(201)["id"])
    shop = new_site()
    telly = str(stack.api.post("/v1/orgs/1/clients", {"kind": "public", "grants": [device]}, admin).json(201)["id"])
    registered, spares, browsers, decisions, receivers = [], [], [], [], []

    def parameter(url, name):
        return parse_qs(urlsplit(url).query)[name][0]

    def browse(handler, method, path, query="", body=None, **headers):
        """Calls a function by itself: at paths below /oauth2/ the emulator of AWS answers as Amazon Cognito."""
        headers |= {"host": "api.example", "content-type": "application/x-www-form-urlencoded"}
        with emulator(handler) as invoke:
            answer = invoke(v2(method, path, query, headers, body))
        assert answer["statusCode"] in (200, 303), answer
        return answer

    def pending(client_id=shop):
        """An authorization that waits for the login application, and its browser's cookie."""
        sent = browse("oauth.authorize", "GET", "/oauth2/authorize", query=form(SIGN_IN).replace("$site", client_id))
        browsers.append(sent["cookies"][0].split(";")[0])
        return parameter(sent["headers"]["location"], "authorization")

    def leaving():
        """A logout that waits for the login application."""
        sent = browse("oauth.logout", "GET", "/oauth2/logout", query=form(LEAVING).replace("$site", shop))
        return parameter(sent["headers"]["location"], "logout")

    def typed():
        """The code that a device shows."""
        return json.loads(browse("oauth.authorize_device", "POST", "/oauth2/device_authorization", body=form({"client_id": telly}))["body"])["user_code"]

    def elsewhere():
        """The ticket of a request for somebody who is elsewhere."""
        return ask("backchannel/authentication", for_ann)["ticket"]

    def waiting():
        """The same once its client has been told that it is good."""
        ticket = elsewhere()
        assert ask("backchannel/authentication/issue", {"ticket": ticket})["action"] == "OK"
        return ticket

    def accepted(client_id=shop):
        """An authorization that the login application has accepted: the browser has to come back."""
        id = pending(client_id)
        decided = stack.api.post(f"/v1/authorizations/{id}/accept", ANN, admin).json(200)
        decisions.append(parameter(decided["redirect_to"], "verifier"))
        return id

    def person(client_id=shop):
        """An access token of somebody who has signed in."""
        back = f"authorization={accepted(client_id)}&verifier={decisions[-1]}"
        sent = browse("oauth.continue_authorization", "GET", "/oauth2/authorize/continue", query=back, cookie=browsers[-1])
        code = parameter(sent["headers"]["location"], "code")
        grant = {"grant_type": "authorization_code", "client_id": client_id, "code": code, "code_verifier": VERIFIER}
        return json.loads(browse("oauth.token", "POST", "/oauth2/token", body=form(grant))["body"])["access_token"]

    def connected():
        """A client that somebody has signed in to. A new one, for in the second after it was disconnected from a client, a person can't sign in to it."""
        client_id = new_site()
        person(client_id)
        return client_id

    def registrant():
        registered.append(stack.api.post("/oauth2/register", {}, admin).json(201))
        return registered[-1]["client_id"]

    def spare():
        spares.append(str(ask("client/create", grants)["clientId"]))
        return spares[-1]

    def secret_id():
        return stack.api.call("GET", f"/v1/orgs/1/clients/{spares[-1]}/secrets", admin).json(200)["secrets"][0]["id"]

    def rotated():
        """An API key that has been rotated."""
        id = made["apikey"]()
        stack.api.post(f"/v1/orgs/1/api-keys/{id}/rotate", {}, admin).json(201)
        return id

    def listed():
        """The list in which the status of a token is."""
        stack.api.put("/v1/orgs/14", {"parent": "1", "settings": {"status_list": True}}, admin)
        stack.api.put("/v1/orgs/14/members/ann", {"scopes": []}, admin)
        token = stack.api.post("/v1/tokens", BODY | {"org": "14", "sub": "ann"}, admin).json(201)["token"]
        return part(token, 1)["status"]["status_list"]["uri"].rsplit("/", 1)[1]

    def new_receiver():
        """The token of a new client that may have event streams."""
        client = ask("client/create", grants)
        basic = b64encode(f"{client['clientId']}:{client['clientSecret']}".encode()).decode()
        body = form(GRANT | {"scope": "ssf.manage"})
        answer = browse("oauth.token", "POST", "/oauth2/token", body=body, authorization=f"Basic {basic}")
        receivers.append(json.loads(answer["body"])["access_token"])
        return receivers[-1]

    def stream(**more):
        """An event stream of a new client."""
        headers = {"host": "api.example", "content-type": "application/json", "authorization": f"Bearer {new_receiver()}"}
        with emulator("oauth.create_event_stream") as invoke:
            answer = invoke(v2("POST", "/ssf/stream", "", headers, json.dumps(more)))
        return json.loads(answer["body"])["stream_id"]

    made = {
        "new_receiver": new_receiver,
        "receiver": lambda: receivers[-1],
        "stream": lambda: stream(**PUSHED),
        "polled": stream,
        "apikey": lambda: stack.api.post("/v1/orgs/1/api-keys", KEY, admin).json(201)["id"],
        "rotated": rotated,
        "registrant": registrant,
        "registration": lambda: registered[-1]["registration_access_token"],
        "client": lambda: str(client["clientId"]),
        "secret": lambda: client["clientSecret"],
        "spare": spare,
        "secret_id": secret_id,
        "opaque": lambda: ask("auth/token/create", issue)["accessToken"],
        "list": listed,
        "jti": lambda: part(stack.api.post("/v1/tokens", BODY, admin).json(201)["token"], 1)["jti"],
        "ticket": lambda: ask("auth/token", password)["ticket"],
        "asked": lambda: ask("auth/authorization", {"parameters": form(SIGN_IN).replace("$site", shop)})["ticket"],
        "site": lambda: shop,
        "telly": lambda: telly,
        "typed": typed,
        "elsewhere": elsewhere,
        "waiting": waiting,
        "till_secret": lambda: till["clientSecret"],
        "leaving": leaving,
        "pending": pending,
        "accepted": accepted,
        "decision": lambda: decisions[-1],
        "browser": lambda: browsers[-1],
        "person": person,
        "connected": connected,
        "batch": lambda: ask("auth/token/create/batch", [issue])["requestId"],
    }
    return lambda name: made[name]()


@pytest.fixture(scope="module")
def admin(emulator):
    with emulator("jeton.bootstrap") as bootstrap:
        return bootstrap({})["token"]


@pytest.fixture
def tokens(stack, admin, service, request):
    """A token of the test's own, with what lets it be refreshed, and what else the endpoints want to find."""
    answer = stack.api.post("/v1/tokens", BODY | {"create_refresh_token": True, "session": request.node.name}, admin)
    for path, body in {"members/ann": {"scopes": []}, "members/bob": {"scopes": []}}.items():
        stack.api.put(f"/v1/orgs/1/{path}", body, admin)
    for org in ("11", "12"):
        stack.api.put(f"/v1/orgs/{org}", {"parent": "1"}, admin)
    stack.api.call("DELETE", "/v1/orgs/1/members/cid", admin)
    stack.api.call("DELETE", "/v1/orgs/13", admin)
    return answer.json(201) | {"service": service}


def test_every_endpoint_of_the_template_is_here():
    assert ROUTED == sorted(ENDPOINTS)


@pytest.mark.parametrize("gateway", [v2, v1])
@pytest.mark.parametrize("handler", ROUTED)
def test_endpoint(emulator, admin, tokens, handler, gateway):
    good, bad = ENDPOINTS[handler]
    with emulator(handler, **good.get("env", {})) as invoke:
        refused = invoke(event(gateway, handler, bad, admin, tokens))
        assert refused["statusCode"] == bad["status"], refused
        answered = invoke(event(gateway, handler, good, admin, tokens))
        assert answered["statusCode"] == good.get("status", 200), answered


def test_minted_introspected_and_revoked_by_three_processes_on_one_store(emulator, admin):
    def ask(invoke, handler, body):
        return invoke(event(v2, handler, {"body": body}, admin, {"token": "", "refresh_token": ""}))

    names = ("agilicus.create_token", "agilicus.introspect_token", "agilicus.revoke_token")
    with emulator(names[0]) as mint, emulator(names[1]) as introspect, emulator(names[2]) as revoke:
        token = json.loads(ask(mint, names[0], BODY)["body"])["token"]
        found = ask(introspect, names[1], {"token": token})
        assert json.loads(found["body"])["sub"] == part(token, 1)["sub"] == "administrator"
        assert ask(revoke, names[2], {"token": token})["statusCode"] in (200, 204)
        assert ask(introspect, names[1], {"token": token})["statusCode"] == 410


def test_bootstrap_and_rotation_refuse_what_they_do_not_know(emulator, admin):
    for handler in ("jeton.bootstrap", "jeton.rotate_keys"):
        with emulator(handler) as invoke:
            assert "errorType" in invoke({"org": 1, "now": "yes"}), handler
    with emulator("jeton.rotate_keys") as rotate:
        assert [key["state"] for key in rotate({})["keys"]] == ["active"]


def test_the_authorizer_lets_in_who_has_a_live_token(emulator, admin):
    arn = "arn:aws:execute-api:us-east-1:123456789012:api/live/GET/orders"
    with emulator("jeton.authorizer") as authorize:
        for bearer, is_let_in in ((admin, True), (f"{admin}x", False)):
            headers = {"authorization": f"Bearer {bearer}"}
            answer = authorize({"version": "2.0", "type": "REQUEST", "routeArn": arn, "headers": headers})
            assert answer["isAuthorized"] is is_let_in, answer
        answer = authorize({"type": "TOKEN", "methodArn": arn, "authorizationToken": f"Bearer {admin}"})
        assert answer["policyDocument"]["Statement"][0]["Effect"] == "Allow"
        refused = authorize({"type": "TOKEN", "methodArn": arn, "authorizationToken": "Bearer x"})
        assert refused["errorMessage"] == "Unauthorized", refused


def test_the_audit_takes_batches_and_nothing_else(emulator):
    with emulator("jeton.audit") as audit:
        assert audit({"Records": []}) == {"batchItemFailures": []}
        assert "errorType" in audit({"Records": "none"})


def test_the_status_lists_take_batches_and_rounds_and_nothing_else(emulator):
    with emulator("jeton.publish_status_lists") as publish:
        assert publish({}) is None
        assert publish({"Records": [{"dynamodb": {"SequenceNumber": "1"}}]}) is None, "what can't be read holds up no other"
        assert "errorType" in publish({"Records": "none"})


def test_a_function_whose_handler_is_not_in_its_bundle_says_which_are(stack, bundles, tmp_path):
    env = stack.variables("JetonHealth") | {"AWS_REGION": REGION, "_HANDLER": "agilicus.create_token"}
    with emulated(bundles / "public/bootstrap", env, tmp_path / "log") as invoke:
        with pytest.raises(ValueError):
            invoke({})
    assert "jeton.health" in (tmp_path / "log").read_text()
