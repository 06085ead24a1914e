"""create_revoke_token_task and create_bulk_revoke_token_task."""

import agilicus
import jwt
import pytest
from agilicus_api.exceptions import ApiValueError, ForbiddenException, UnauthorizedException
from conftest import answered, ask, refused
from cryptography.hazmat.primitives.asymmetric import ec


def test_revoking_is_204_without_a_body_and_counts_at_once_everywhere(anyone, admin, mint, introspect, client, claims):
    raw = mint()
    assert answered(204, anyone.create_revoke_token_task, agilicus.TokenRevoke(token=raw.token)) is None
    with refused(410, "TOKEN_REVOKED"):
        introspect(raw.token)
    with refused(401, "TOKEN_REVOKED", UnauthorizedException):
        client(raw.token).list_tokens()
    assert admin.list_tokens(jti=claims(raw.token)["jti"]).tokens[0]["revoked"] is True


def test_revoking_again_is_204(anyone, mint):
    raw = mint()
    for _ in range(3):
        answered(204, anyone.create_revoke_token_task, agilicus.TokenRevoke(token=raw.token))


def test_revoking_nothing_is_400(anyone):
    with refused(400, "INVALID_REQUEST") as refusal:
        anyone.create_revoke_token_task(agilicus.TokenRevoke())
    assert refusal.message == "token: is required."
    with refused(400, "INVALID_REQUEST"):
        anyone.create_revoke_token_task(agilicus.TokenRevoke(all_sessions=True))


def test_nobody_revokes_with_a_token_that_was_not_signed_here(revoke, mint, introspect):
    raw = mint()
    claims = jwt.decode(raw.token, options={"verify_signature": False})
    kid = jwt.get_unverified_header(raw.token)["kid"]
    forged = jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), algorithm="ES256", headers={"kid": kid})
    for token in ("garbage", claims["jti"], forged):
        with refused(400, "TOKEN_INVALID"):
            revoke(token)
    assert introspect(raw.token).jti == claims["jti"]


def test_all_sessions_ends_what_is_in_the_session_and_nothing_else(mint, revoke, introspect, session):
    inside = [mint(session=session), mint(sub="bob", session=session), mint(session=session, create_refresh_token=True)]
    outside = [mint(session=f"{session}-other"), mint()]
    revoke(inside[0].token, all_sessions=True)
    for token in [raw.token for raw in inside] + [inside[2].refresh_token]:
        with refused(410, "TOKEN_REVOKED"):
            introspect(token)
    for raw in outside:
        assert introspect(raw.token).org == "1"


def test_without_all_sessions_only_the_token_ends(mint, revoke, introspect, session):
    first, second, third = mint(session=session), mint(session=session), mint(session=session)
    revoke(first.token)
    revoke(second.token, all_sessions=False)
    assert introspect(third.token).session == session


def test_all_sessions_of_a_token_without_one_ends_only_itself(mint, revoke, introspect):
    first, second = mint(), mint()
    revoke(first.token, all_sessions=True)
    with refused(410, "TOKEN_REVOKED"):
        introspect(first.token)
    assert introspect(second.token).session == ""


def test_a_token_and_its_refresh_token_end_together(mint, revoke, introspect):
    for revoked, other in [("token", "refresh_token"), ("refresh_token", "token")]:
        raw = mint(create_refresh_token=True)
        revoke(raw[revoked])
        with refused(410, "TOKEN_REVOKED"):
            introspect(raw[other])


def bulk(sub, **more):
    return agilicus.BulkTokenRevoke(user_id=sub, **more)


def test_bulk_revocation_ends_all_that_a_member_has_and_counts_it(admin, mint, introspect, member):
    sub = member()
    raws = [mint(sub=sub), mint(sub=sub, session="a"), mint(sub=sub, create_refresh_token=True)]
    spared = mint()
    answer = answered(200, admin.create_bulk_revoke_token_task, bulk(sub, org_id="1"))
    assert answer.number_of_tokens_revoked == 3 and type(answer.number_of_tokens_revoked) is int
    for token in [raw.token for raw in raws] + [raws[2].refresh_token]:
        with refused(410, "TOKEN_REVOKED"):
            introspect(token)
    assert introspect(spared.token).sub == "ann"
    assert admin.create_bulk_revoke_token_task(bulk(sub)).number_of_tokens_revoked == 0


def test_bulk_revocation_of_a_session_spares_the_others(admin, mint, introspect, member, session):
    sub = member()
    dies, lives = mint(sub=sub, session=session), mint(sub=sub, session=f"{session}-other")
    assert admin.create_bulk_revoke_token_task(bulk(sub, session_id=session)).number_of_tokens_revoked == 1
    with refused(410, "TOKEN_REVOKED"):
        introspect(dies.token)
    assert introspect(lives.token).sub == sub


def test_a_member_bulk_revokes_its_own_and_nobody_elses(client, mint, member):
    sub = member()
    own = client(mint(sub=sub).token)
    for other, org in [("ann", "1"), (sub, "11"), ("ann", "2")]:
        with refused(403, "ACCESS_DENIED", ForbiddenException):
            own.create_bulk_revoke_token_task(bulk(other, org_id=org))
    assert own.create_bulk_revoke_token_task(bulk(sub)).number_of_tokens_revoked == 1
    with refused(401, "TOKEN_REVOKED", UnauthorizedException):
        own.create_token(ask(sub=sub))


def test_bulk_revocation_needs_a_bearer_and_a_member(anyone, admin):
    with refused(401, "TOKEN_MISSING", UnauthorizedException):
        anyone.create_bulk_revoke_token_task(bulk("ann"))
    with refused(403, "MEMBER_UNAVAILABLE", ForbiddenException):
        admin.create_bulk_revoke_token_task(bulk("nobody"))
    with pytest.raises(ApiValueError):
        bulk("x" * 41)
