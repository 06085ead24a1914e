"""getServiceJwks and getServiceConfiguration."""

import json

from authlete.dto.service_configuration_request import ServiceConfigurationRequest

from .conftest import refused


def test_rule_16_pythons_booleans_are_understood(api):
    """It writes them `True` and `False`."""
    pretty = api.getServiceJwks(pretty=True, includePrivateKeys=False)
    plain = api.getServiceJwks(pretty=False, includePrivateKeys=False)
    assert "\n" in pretty and "\n" not in plain and json.loads(pretty) == json.loads(plain)
    keys = json.loads(plain)["keys"]
    assert keys and all(key["kty"] == "EC" and key["alg"] == "ES256" and "d" not in key for key in keys)


def test_no_private_key_is_told(api):
    error = refused(api.getServiceJwks, includePrivateKeys=True)
    assert error.status == 400 and error.code != "A001201", "that one says that TLS is needed"


def test_the_configuration_is_openid_metadata(service, api, call):
    told = json.loads(api.getServiceConfiguration())
    assert told["issuer"] == service.url
    assert told["token_endpoint"] == service.token_endpoint
    assert {"history.read", "timeline.read", "payment"} <= set(told["scopes_supported"])
    assert {"password", "client_credentials", "refresh_token"} <= set(told["grant_types_supported"])
    assert "client_secret_basic" in told["token_endpoint_auth_methods_supported"]
    assert told["jwks_uri"].startswith(service.url)
    assert "resultCode" not in told
    assert call("GET", "/service/configuration").json() == told


def test_a_patch_is_applied(api):
    request = ServiceConfigurationRequest({"pretty": False, "patch": '[{"op":"add","path":"/x_region","value":"eu"}]'})
    assert json.loads(api.getServiceConfiguration(request))["x_region"] == "eu"
