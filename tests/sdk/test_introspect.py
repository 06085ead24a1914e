"""create_introspect_token, create_introspect_token_all_sub_orgs, get_token and get_jwks."""

import base64
import json
import time
from datetime import datetime, timezone

import agilicus
import jwt
import pytest
import requests
from agilicus_api.exceptions import NotFoundException, UnauthorizedException
from conftest import AUDIENCE, answered, ask, refused
from cryptography.hazmat.primitives.asymmetric import ec


def test_introspection_needs_no_bearer_and_tells_all_that_the_token_is(anyone, mint, claims, session):
    raw = mint(scopes=["urn:acme:mail"], roles={"mail": "viewer"}, session=session)
    shown = answered(200, anyone.create_introspect_token, agilicus.TokenIntrospect(token=raw.token))
    token = claims(raw.token)
    text = lambda seconds: datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: E731
    assert shown.to_dict() == {
        "jti": token["jti"],
        "sub": "ann",
        "sub_email": "ann@acme.example",
        "org": "1",
        "root_org": "1",
        "roles": {"mail": ["viewer"]},
        "iat": text(token["iat"]),
        "exp": text(token["exp"]),
        "aud": [AUDIENCE],
        "session": session,
        "scopes": ["urn:acme:mail"],
        "creating_sub": "administrator",
        "creating_org": "1",
    }


def test_exclude_roles_leaves_them_out(introspect, mint):
    raw = mint(roles={"files": "owner"})
    assert "roles" not in introspect(raw.token, exclude_roles=True)
    assert introspect(raw.token, exclude_roles=False).roles.to_dict() == {"files": ["owner"]}


def test_the_other_options_change_nothing(introspect, mint):
    raw = mint(roles={"files": "owner"})
    more = {"support_http_matchers": True, "no_cache": True, "target_org_info": agilicus.OrgInfo(target_domain="acme.example")}
    assert introspect(raw.token, **more).to_dict() == introspect(raw.token).to_dict()


def test_a_revoked_token_is_410_at_once(introspect, mint, revoke):
    raw = mint()
    assert introspect(raw.token).sub == "ann"
    revoke(raw.token)
    with refused(410, "TOKEN_REVOKED"):
        introspect(raw.token)


def test_an_expired_token_is_400_and_not_410_even_if_it_had_been_revoked(introspect, mint, revoke, client):
    lives, dies = mint(duration=1), mint(duration=1)
    revoke(dies.token)
    time.sleep(2.1)
    for raw in (lives, dies):
        with refused(400, "TOKEN_EXPIRED"):
            introspect(raw.token)
        with refused(401, "TOKEN_EXPIRED", UnauthorizedException):
            client(raw.token).get_token()


def _part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_what_this_service_did_not_sign_is_400(introspect, mint):
    token = mint().token
    header, payload, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False})
    kid = jwt.get_unverified_header(token)["kid"]
    foreign = jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), algorithm="ES256", headers={"kid": kid})
    forged = [
        "garbage",
        "a.b.c",
        f"{header}.{payload}.",
        f"{header}.{payload}",
        f"{_part({'alg': 'none', 'typ': 'JWT'})}.{payload}.",
        f"{_part({'alg': 'none', 'typ': 'JWT', 'kid': kid})}.{payload}.{signature}",
        f"{header}.{_part(claims | {'sub': 'bob'})}.{signature}",
        jwt.encode(claims, b"x" * 32, algorithm="HS256", headers={"kid": kid}),
        foreign,
        "jeton-rt.1.00000000000000000000000000000000.0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ]
    for token in forged:
        with refused(400, "TOKEN_INVALID"):
            introspect(token)
    with refused(400, "INVALID_REQUEST"):
        introspect("")


def test_the_token_of_a_member_that_was_deleted_or_disabled_is_400(introspect, mint, member, server):
    disabled, deleted = member(), member()
    tokens = [mint(sub=sub).token for sub in (disabled, deleted)]
    member(sub=disabled, enabled=False)
    answer = requests.delete(
        f"{server.url}/v1/orgs/1/members/{deleted}", headers={"Authorization": f"Bearer {server.admin_token}"}, timeout=10
    )
    assert answer.status_code == 204
    with refused(400, "TOKEN_INVALID"):
        introspect(tokens[0])
    with refused(410, "TOKEN_REVOKED"):
        introspect(tokens[1])


def test_sub_orgs_show_what_the_token_would_be_below_its_org(anyone, mint):
    raw = mint(scopes=["urn:acme:files:read", "urn:acme:mail"], roles={"files": "viewer", "mail": "viewer"})
    both = answered(200, anyone.create_introspect_token_all_sub_orgs, agilicus.TokenIntrospect(token=raw.token))
    assert both.primary_token.org == "1"
    below = {token.org: token for token in both.sub_org_results}
    assert set(below) == {"11", "111"}
    assert [scope.value for scope in below["11"].scopes] == ["urn:acme:files:read"]
    assert below["11"].roles.to_dict() == {"files": ["viewer"]}
    assert below["111"].scopes == [] and below["111"].root_org == "1"


def test_sub_orgs_can_be_chosen_and_roles_left_out(anyone, mint):
    raw = mint(roles={"files": "viewer"})
    options = agilicus.TokenIntrospectOptions(
        exclude_roles=True, target_org_info=agilicus.OrgInfo(target_orgs=["111", "2", "13", "unknown"])
    )
    both = anyone.create_introspect_token_all_sub_orgs(agilicus.TokenIntrospect(token=raw.token, introspect_options=options))
    assert [token.org for token in both.sub_org_results] == ["111"]
    assert "roles" not in both.primary_token and "roles" not in both.sub_org_results[0]


def test_sub_orgs_of_a_revoked_token_are_410(anyone, mint, revoke):
    raw = mint()
    revoke(raw.token)
    with refused(410, "TOKEN_REVOKED"):
        anyone.create_introspect_token_all_sub_orgs(agilicus.TokenIntrospect(token=raw.token))


def test_get_token_shows_the_bearer_its_own_token(mint, client, claims):
    raw = mint(roles={"files": "owner"}, scopes=["urn:acme:mail"])
    shown = answered(200, client(raw.token).get_token)
    assert (shown.jti, shown.sub, shown.roles.to_dict()) == (claims(raw.token)["jti"], "ann", {"files": ["owner"]})
    assert "roles" not in client(raw.token).get_token(exclude_roles=True)


def test_get_token_takes_the_scheme_in_lower_case(server, mint):
    answer = requests.get(
        f"{server.url}/v1/tokens/introspect_self", headers={"Authorization": f"bearer {mint().token}"}, timeout=10
    )
    assert answer.status_code == 200 and answer.json()["sub"] == "ann"


def test_get_token_without_a_bearer_or_with_a_revoked_one_is_401(anyone, client, mint, revoke):
    with refused(401, "TOKEN_MISSING", UnauthorizedException):
        anyone.get_token()
    raw = mint()
    revoke(raw.token)
    with refused(401, "TOKEN_REVOKED", UnauthorizedException):
        client(raw.token).get_token()


def test_the_published_keys_are_public_es256_keys(anyone):
    data, status, _ = anyone.get_jwks(_return_http_data_only=False)
    assert status == 200 and len(data.keys.value) >= 1
    for key in data.keys.value:
        assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")
        assert set(key) == {"kty", "crv", "alg", "use", "kid", "x", "y"}


def test_no_token_reaches_the_log(server, admin, introspect, anyone):
    raw = admin.create_token(ask(create_refresh_token=True))
    introspect(raw.token)
    introspect(raw.refresh_token)
    anyone.refresh_token(agilicus.RefreshTokenRequest(token=raw.refresh_token))
    log = server.log_file.read_text()
    for secret in (raw.token, raw.token.rsplit(".", 1)[1], raw.refresh_token, server.admin_token):
        assert secret not in log
    assert any(line.get("endpoint") == "agilicus.refresh_token" and line["status"] == 201 for line in server.log())


def test_operations_of_the_sdk_that_are_not_offered_are_404(admin):
    for operation in (admin.list_sessions, admin.list_api_keys):
        with pytest.raises(NotFoundException) as raised:
            operation()
        assert raised.value.status == 404
