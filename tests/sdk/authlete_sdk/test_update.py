"""tokenUpdate."""

import jwt
import pytest
from authlete.dto.token_update_request import TokenUpdateRequest

from .conftest import assert_ms, now_ms


@pytest.fixture
def update(api):
    return lambda token=None, **more: api.tokenUpdate(TokenUpdateRequest({"accessToken": token} | more))


def test_what_is_not_given_stays(created, update, introspect):
    before = created(scopes=["history.read", "timeline.read"], properties=[{"key": "k", "value": "v", "hidden": True}])
    answer = update(before.accessToken)
    assert (answer.action.name, answer.resultCode, answer.resultMessage) == (
        "OK",
        "A135001",
        "[A135001] Updated the access token successfully.",
    )
    assert (answer.accessToken, answer.tokenId, answer.tokenType) == (before.accessToken, before.tokenId, "Bearer")
    assert answer.scopes == before.scopes and answer.forExternalAttachment is False
    assert [(p.key, p.value, p.hidden) for p in answer.properties] == [("k", "v", True)]
    assert abs(answer.accessTokenExpiresAt - before.expiresAt) <= 1000
    assert_ms(answer.refreshTokenExpiresAt, 86_400)
    assert introspect(before.accessToken).action.name == "OK"


def test_ends_are_moved_to_a_millisecond_or_not_at_all(created, update, introspect):
    token, end = created().accessToken, now_ms() + 1_800_000
    answer = update(token, accessTokenExpiresAt=end, refreshTokenExpiresAt=end + 60_000)
    assert abs(answer.accessTokenExpiresAt - end) <= 1000 and abs(answer.refreshTokenExpiresAt - end - 60_000) <= 1000
    for unchanged in (0, -1):
        again = update(token, accessTokenExpiresAt=unchanged, refreshTokenExpiresAt=unchanged)
        assert (again.accessTokenExpiresAt, again.refreshTokenExpiresAt) == (answer.accessTokenExpiresAt, answer.refreshTokenExpiresAt)
    assert abs(introspect(token).expiresAt - end) <= 1000


def test_lists_replace_and_a_scope_that_cannot_be_had_is_dropped(created, update, introspect):
    token = created(scopes=["history.read"], properties=[{"key": "a", "value": "1"}]).accessToken
    answer = update(token, scopes=["timeline.read", "no.such.scope"], properties=[{"key": "b", "value": "2"}])
    assert answer.scopes == ["timeline.read"]
    assert [(p.key, p.value) for p in answer.properties] == [("b", "2")]
    seen = introspect(token, scopes=["timeline.read"])
    assert (seen.action.name, seen.scopes) == ("OK", ["timeline.read"])
    assert introspect(token, scopes=["history.read"]).action.name == "FORBIDDEN"
    emptied = update(token, properties=[])
    assert not emptied.properties and emptied.scopes == ["timeline.read"]


def test_new_scopes_move_the_end_only_when_that_is_asked_for(created, update):
    token = created(scopes=["history.read"])
    more = {"accessTokenExpiresAtUpdatedOnScopeUpdate": True, "refreshTokenExpiresAtUpdatedOnScopeUpdate": True}
    stays = update(token.accessToken, scopes=["history.read", "payment"])
    assert_ms(stays.accessTokenExpiresAt, 3600)
    update(token.accessToken, scopes=["history.read"])
    moves = update(token.accessToken, scopes=["history.read", "payment"], **more)
    assert_ms(moves.accessTokenExpiresAt, 120)
    assert_ms(moves.refreshTokenExpiresAt, 600)


def test_a_new_value_takes_the_place_of_the_old_one(created, update, is_live, process):
    before = created()
    answer = update(before.accessToken, accessTokenValueUpdated=True)
    assert answer.accessToken != before.accessToken and len(answer.accessToken) == 43
    assert answer.tokenId == before.tokenId
    assert is_live(answer.accessToken) and not is_live(before.accessToken)
    refreshed = process(f"grant_type=refresh_token&refresh_token={before.refreshToken}")
    assert refreshed.action.name == "OK" and not is_live(answer.accessToken)


def test_a_token_can_become_persistent_and_stays_so(created, update, introspect):
    token = created(accessTokenDuration=60).accessToken
    assert update(token, accessTokenPersistent=True, accessTokenExpiresAt=now_ms() + 1000).accessTokenExpiresAt == 0
    assert update(token).accessTokenExpiresAt == 0, "false changes nothing"
    assert introspect(token).expiresAt == 0


def test_a_token_can_be_bound_afterwards(created, update, introspect):
    token = created().accessToken
    answer = update(token, dpopKeyThumbprint="9ZGYHkw4ucpuhdyZQWr4kc-eGNoPBQlaCEnGBvMoVYo")
    assert answer.tokenType == "DPoP"
    assert introspect(token).action.name == "UNAUTHORIZED"


def test_details_and_the_mark_for_external_attachment_are_set(created, update, introspect):
    token = created().accessToken
    answer = update(token, authorizationDetails={"elements": [{"type": "account"}]}, forExternalAttachment=True)
    assert answer.authorizationDetails.elements[0].type == "account" and answer.forExternalAttachment is True
    again = update(token)
    assert again.authorizationDetails.elements[0].type == "account" and again.forExternalAttachment is True
    assert introspect(token).forExternalAttachment is True


def test_a_token_is_found_by_value_by_hash_and_by_id(api, service, created, update):
    ours = created(subject="by-hash")
    for found in ({"tokenId": ours.tokenId}, {"accessTokenHash": listed_hash(api, "by-hash", ours)}):
        answer = update(**found)
        assert (answer.action.name, answer.tokenId) == ("OK", ours.tokenId), found
        assert answer.accessToken is None, "nobody but its holder knows the value"
    if service.jwt:
        assert update(ours.jwtAccessToken).tokenId == ours.tokenId


def listed_hash(api, subject, token):
    listed = api.getTokenList(subject=subject, end=1000).accessTokens
    return next(row.accessTokenHash for row in listed if abs(row.accessTokenExpiresAt - token.expiresAt) <= 1000)


def test_a_jwt_is_not_signed_anew_and_the_record_decides(service, created, update, introspect):
    ours = created(scopes=["history.read"])
    update(ours.accessToken, scopes=["timeline.read"])
    if not service.jwt:
        assert introspect(ours.accessToken).scopes == ["timeline.read"]
        return
    assert jwt.decode(ours.jwtAccessToken, options={"verify_signature": False})["scope"] == "history.read"
    assert introspect(ours.jwtAccessToken).scopes == ["timeline.read"]


def test_a_token_that_has_expired_can_be_given_more_time(expired, update, is_live):
    token = expired.prolonged.accessToken
    assert not is_live(token)
    assert update(token, accessTokenExpiresAt=now_ms() + 60_000).action.name == "OK"
    assert is_live(token)


def test_rule_05_what_cannot_be_updated_is_an_action(update):
    nothing = update()
    assert nothing.action.name == "BAD_REQUEST" and nothing.resultCode.startswith("A136")
    unknown = update("x" * 43)
    assert (unknown.action.name, unknown.accessToken, unknown.tokenId) == ("NOT_FOUND", None, None)
