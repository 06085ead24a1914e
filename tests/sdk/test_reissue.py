"""create_reissued_token: the same rights or fewer, in another org, until the same moment."""

import time

import agilicus
import pytest
from conftest import AUDIENCE, answered, refused


@pytest.fixture
def reissue(anyone):
    """Reissues a token, which is all the authorization that it takes."""
    return lambda token, org: anyone.create_reissued_token(agilicus.TokenReissueRequest(token=token, org_id=org))


def test_a_token_is_reissued_into_a_sub_org_with_what_is_held_there(anyone, mint, claims, introspect, session):
    presented = mint(
        scopes=["urn:acme:files:read", "urn:acme:mail", "urn:none?"],
        roles={"files": "viewer", "mail": "viewer"},
        session=session,
        duration=600,
    )
    time.sleep(1.1)
    raw = answered(200, anyone.create_reissued_token, agilicus.TokenReissueRequest(token=presented.token, org_id="11"))
    before, after = claims(presented.token), claims(raw.token)
    assert (after["sub"], after["org"], after["aud"]) == ("ann", "11", [AUDIENCE])
    assert after["exp"] == before["exp"] and after["iat"] > before["iat"] and after["jti"] != before["jti"]
    assert after["scopes"] == ["urn:acme:files:read"] and after["roles"] == {"files": "viewer"}
    assert raw.session == after["session"] == session
    assert raw.time_validity.duration == after["exp"] - after["iat"]
    assert introspect(raw.token).root_org == "1"
    assert introspect(presented.token).jti == before["jti"]


def test_a_token_is_reissued_into_its_own_org(mint, reissue, claims):
    presented = mint(scopes=["urn:acme:mail"], roles={"files": "owner"})
    after = claims(reissue(presented.token, "1").token)
    assert (after["org"], after["scopes"], after["roles"]) == ("1", ["urn:acme:mail"], {"files": "owner"})


def test_a_reissued_token_can_be_reissued_further_down_but_not_back_up(mint, reissue, claims):
    below = reissue(mint().token, "11")
    assert claims(reissue(below.token, "111").token)["org"] == "111"
    with refused(400, "ORG_UNAVAILABLE"):
        reissue(below.token, "1")


@pytest.mark.parametrize("org", ["2", "12", "13", "unknown"])
def test_a_foreign_org_one_without_membership_a_disabled_and_an_unknown_one_are_the_same_400(mint, reissue, org):
    token = mint().token
    with refused(400, "ORG_UNAVAILABLE") as refusal:
        reissue(token, org)
    with refused(400, "ORG_UNAVAILABLE") as other:
        reissue(token, "no-such-org")
    assert refusal.message == other.message


def test_what_is_not_alive_is_not_reissued(mint, reissue, revoke):
    revoked = mint()
    revoke(revoked.token)
    with refused(400, "TOKEN_REVOKED"):
        reissue(revoked.token, "11")
    short = mint(duration=1)
    time.sleep(1.1)
    with refused(400, "TOKEN_EXPIRED"):
        reissue(short.token, "11")
    with refused(400, "TOKEN_INVALID"):
        reissue("garbage", "11")
    with refused(400, "TOKEN_INVALID"):
        reissue(mint(create_refresh_token=True).refresh_token, "11")


def test_a_reissued_token_dies_with_the_presented_one_and_not_the_other_way_round(mint, reissue, revoke, introspect):
    presented = mint()
    first, second = reissue(presented.token, "11"), reissue(presented.token, "11")
    revoke(first.token)
    assert introspect(presented.token).org == "1" and introspect(second.token).org == "11"
    revoke(presented.token)
    with refused(410, "TOKEN_REVOKED"):
        introspect(second.token)


def test_revoking_the_session_reaches_what_was_reissued_in_it(mint, reissue, revoke, introspect, session):
    presented = mint(session=session)
    below = reissue(presented.token, "11")
    revoke(presented.token, all_sessions=True)
    with refused(410, "TOKEN_REVOKED"):
        introspect(below.token)
