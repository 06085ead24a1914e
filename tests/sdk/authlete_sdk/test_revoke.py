"""tokenDelete, tokenRevoke and revocation."""

from urllib.parse import quote

import pytest
from authlete.dto.revocation_request import RevocationRequest

from .conftest import failed, refused


@pytest.fixture
def refreshes(process):
    """Whether a refresh token is good."""
    return lambda token, **more: process(f"grant_type=refresh_token&refresh_token={token}", **more).action.name == "OK"


def row_of(api, subject):
    return api.getTokenList(subject=subject).accessTokens[0]


def test_rule_10_delete_is_204_and_404_where_there_is_nothing_to_delete(api, call, created, is_live, refreshes):
    ours = created()
    assert api.tokenDelete(ours.accessToken) is None
    assert not is_live(ours.accessToken) and not refreshes(ours.refreshToken)
    for token in (ours.accessToken, created().accessToken):
        answer = call("DELETE", f"/auth/token/delete/{token}")
        assert (answer.status_code, answer.content) == (204, b"")
    answer = call("DELETE", f"/auth/token/delete/{'x' * 43}")
    assert (answer.status_code, answer.json()["resultCode"]) == (404, "A001404")


def test_delete_takes_the_hash_the_jwt_and_a_value_with_any_letters(api, service, created, is_live, subject, call):
    by_hash = created(subject=subject)
    api.tokenDelete(row_of(api, subject).accessTokenHash)
    assert not is_live(by_hash.accessToken)
    if service.jwt:
        by_jwt = created()
        api.tokenDelete(by_jwt.jwtAccessToken)
        assert not is_live(by_jwt.accessToken)
    value = f"a.b/c+d=={subject}"
    chosen = created(accessToken=value)
    answer = call("DELETE", f"/auth/token/delete/{quote(value, safe='')}")
    assert answer.status_code == 204 and not is_live(chosen.accessToken)


def test_rule_17_a_value_with_a_slash_reaches_delete_as_python_sends_it(api, created, is_live, subject):
    value = f"a/b/{subject}"
    created(accessToken=value)
    assert is_live(value)
    api.tokenDelete(value)
    assert not is_live(value)


def test_both_tokens_of_a_pair_go_by_either_of_them(revoke, created, is_live, refreshes):
    for member, token in [("accessTokenIdentifier", "accessToken"), ("refreshTokenIdentifier", "refreshToken")]:
        ours, other = created(), created()
        answer = revoke(**{member: getattr(ours, token)})
        assert (answer.resultCode, answer.resultMessage, answer.count) == ("A312001", "Revoked 1 access token(s).", 1)
        assert not is_live(ours.accessToken) and not refreshes(ours.refreshToken)
        assert is_live(other.accessToken)
        assert revoke(**{member: getattr(ours, token)}).count == 0, "there is nothing left"


def test_hashes_of_a_list_stand_for_the_tokens(api, revoke, created, is_live, subject):
    for member, column in [("accessTokenIdentifier", "accessTokenHash"), ("refreshTokenIdentifier", "refreshTokenHash")]:
        ours = created(subject=subject)
        assert revoke(**{member: getattr(row_of(api, subject), column)}).count == 1
        assert not is_live(ours.accessToken)


def test_all_of_a_user_with_a_client_go_and_no_others(revoke, created, is_live, new_client, subject):
    client, other = new_client(), new_client()
    mine = [created(clientId=client.clientId, subject=subject) for _ in range(3)]
    elsewhere = created(clientId=other.clientId, subject=subject)
    somebody = created(clientId=client.clientId, subject="somebody")
    assert revoke(clientIdentifier=str(client.clientId), subject=subject).count == 3
    assert not any(is_live(token.accessToken) for token in mine)
    assert is_live(elsewhere.accessToken) and is_live(somebody.accessToken)


def test_all_of_a_client_go(revoke, created, is_live, new_client, refreshes):
    client = new_client()
    ours = [created(clientId=client.clientId), created(clientId=client.clientId, grantType="CLIENT_CREDENTIALS")]
    other = created()
    assert revoke(clientIdentifier=client.clientIdAlias or str(client.clientId)).count == 2
    assert not any(is_live(token.accessToken) for token in ours) and is_live(other.accessToken)
    assert not refreshes(ours[0].refreshToken, client=client)


def test_all_of_a_user_go(revoke, created, is_live, new_client, subject):
    ours = [created(subject=subject), created(subject=subject, clientId=new_client().clientId)]
    other = created()
    assert revoke(subject=subject).count == 2
    assert not any(is_live(token.accessToken) for token in ours) and is_live(other.accessToken)
    assert revoke(subject=subject).count == 0


def test_the_first_parameter_that_applies_wins(revoke, created, is_live, subject):
    ours, other = created(subject=subject), created(subject=subject)
    assert revoke(accessTokenIdentifier=ours.accessToken, subject=subject).count == 1
    assert not is_live(ours.accessToken) and is_live(other.accessToken)


def test_what_is_unknown_counts_nothing(revoke):
    assert revoke(accessTokenIdentifier="x" * 43).count == 0
    assert revoke(refreshTokenIdentifier="x" * 43).count == 0
    assert revoke(clientIdentifier="4711").count == 0
    assert revoke(clientIdentifier="no-such-alias").count == 0
    assert revoke(subject="nobody").count == 0


def test_without_any_parameter_revoke_is_400(revoke):
    error = refused(revoke)
    assert (error.status, error.code) == (400, "A313201")


# RFC 7009


@pytest.fixture
def revocation(api, shop):
    """A client's revocation request; the shop's if nothing else is said."""

    def revocation(parameters, client=shop, **more):
        credentials = {"clientId": str(client.clientId), "clientSecret": client.clientSecret}
        return api.revocation(RevocationRequest({"parameters": parameters} | credentials | more))

    return revocation


@pytest.mark.parametrize("hint", ["", "&token_type_hint=access_token", "&token_type_hint=refresh_token", "&token_type_hint=nonsense"])
def test_rfc7009_2_1_whatever_the_hint_both_tokens_of_the_pair_die(revocation, service, created, is_live, refreshes, hint):
    for name in ("accessToken", "refreshToken", "jwtAccessToken" if service.jwt else "accessToken"):
        ours, other = created(), created()
        answer = revocation(f"token={getattr(ours, name)}{hint}")
        assert (answer.action.name, answer.resultCode) == ("OK", "A113001")
        assert answer.resultMessage == "[A113001] The token has been revoked successfully."
        assert answer.responseContent is None
        assert not is_live(ours.accessToken) and not refreshes(ours.refreshToken)
        assert is_live(other.accessToken)


def test_rfc7009_2_2_an_unknown_token_is_fine(revocation):
    assert revocation("token=nonsense").action.name == "OK"


def test_rfc7009_2_1_a_client_revokes_its_own_only(revocation, created, is_live, new_client):
    ours = created()
    failed(revocation(f"token={ours.accessToken}", client=new_client()), "BAD_REQUEST", "invalid_request")
    failed(revocation(f"token={ours.accessToken}", clientSecret="wrong"), "INVALID_CLIENT", "invalid_client")
    failed(revocation("token_type_hint=access_token"), "BAD_REQUEST", "invalid_request")
    assert is_live(ours.accessToken)
