"""refresh_token: rotation, the repeated request, and what ends a family."""

import agilicus
import pytest
from conftest import AUDIENCE, answered, refused


@pytest.fixture
def refresh(admin):
    """Redeems a refresh token. The SDK needs some bearer to send; it decides nothing."""
    return lambda token: admin.refresh_token(agilicus.RefreshTokenRequest(token=token))


def test_a_refresh_token_is_redeemed_for_201_the_next_access_token_and_its_successor(admin, mint, claims, session):
    first = mint(create_refresh_token=True, scopes=["urn:acme:mail"], roles={"mail": "viewer"}, session=session, duration=300)
    second = answered(201, admin.refresh_token, agilicus.RefreshTokenRequest(token=first.refresh_token))
    before, after = claims(first.token), claims(second.token)
    for same in ("sub", "org", "aud", "scopes", "roles", "session"):
        assert after[same] == before[same]
    assert after["jti"] != before["jti"] and after["exp"] - after["iat"] == 300
    assert second.refresh_token != first.refresh_token
    assert second.session == session and second.time_validity.duration == 300


def test_the_token_can_also_be_sent_as_bearer(client, mint, claims):
    raw = mint(create_refresh_token=True)
    again = client(raw.refresh_token).refresh_token(agilicus.RefreshTokenRequest())
    assert claims(again.token)["aud"] == [AUDIENCE]


def test_a_request_that_is_repeated_at_once_gets_the_same_successor(refresh, mint):
    raw = mint(create_refresh_token=True)
    successors = {refresh(raw.refresh_token).refresh_token for _ in range(3)}
    assert len(successors) == 1 and raw.refresh_token not in successors


def test_a_token_used_up_two_rotations_ago_ends_the_family_and_its_access_tokens(refresh, mint, introspect):
    first = mint(create_refresh_token=True)
    second = refresh(first.refresh_token)
    third = refresh(second.refresh_token)
    assert introspect(third.refresh_token).sub == introspect(first.token).sub == "ann"
    with refused(400, "REFRESH_TOKEN_INVALID"):
        refresh(first.refresh_token)
    for token in (first.token, third.token, third.refresh_token):
        with refused(410, "TOKEN_REVOKED"):
            introspect(token)
    with refused(400, "REFRESH_TOKEN_INVALID"):
        refresh(third.refresh_token)


def test_after_a_rotation_the_refresh_token_names_the_newest_access_token(refresh, mint, introspect, claims):
    raw = refresh(mint(create_refresh_token=True).refresh_token)
    assert introspect(raw.refresh_token).refresh_token_jti == claims(raw.token)["jti"]


def test_a_refresh_token_is_told_apart_from_an_access_token(mint, introspect):
    raw = mint(create_refresh_token=True, scopes=["urn:acme:mail"], roles={"files": "owner"})
    access, shown = introspect(raw.token), introspect(raw.refresh_token)
    assert "refresh_token_jti" not in access and "token_use" not in access
    assert shown.token_use == "refresh_token" and shown.sub == access.sub
    assert (shown.scopes, shown.aud, shown.roles.to_dict()) == ([], [], {})


def test_a_scope_that_the_member_has_lost_is_left_out(refresh, mint, claims, member):
    sub = member(scopes=["urn:acme:*"])
    raw = mint(sub=sub, scopes=["urn:acme:mail", "urn:acme:files", "urn:acme:chat?"], create_refresh_token=True)
    member(sub=sub, scopes=["urn:acme:mail"])
    assert claims(refresh(raw.refresh_token).token)["scopes"] == ["urn:acme:mail", "urn:acme:chat?"]


def test_what_is_no_live_refresh_token_is_400(refresh, mint, revoke, anyone):
    raw, access = mint(create_refresh_token=True), mint()
    revoke(raw.token)
    head, generation, secret = raw.refresh_token.rsplit(".", 2)
    other = mint(create_refresh_token=True).refresh_token.rsplit(".", 1)[1]
    for token in ("garbage", access.token, raw.refresh_token, f"{head}.1.{secret}", f"{head}.{generation}.{other}"):
        with refused(400, "REFRESH_TOKEN_INVALID"):
            refresh(token)
    with refused(400, "INVALID_REQUEST"):
        anyone.refresh_token(agilicus.RefreshTokenRequest())
