"""token with the grant refresh_token."""

from concurrent.futures import ThreadPoolExecutor

from .conftest import assert_ms, failed


def test_a_confidential_client_keeps_its_refresh_token_and_its_older_access_token_dies(created, process, is_live, introspect):
    first = created(scopes=["history.read", "timeline.read"], properties=[{"key": "a", "value": "1"}, {"key": "b", "value": "1"}])
    answer = process(f"grant_type=refresh_token&refresh_token={first.refreshToken}", properties=[{"key": "b", "value": "2"}])
    assert (answer.action.name, answer.resultCode, answer.grantType.name) == ("OK", "A052001", "REFRESH_TOKEN")
    assert answer.refreshToken == first.refreshToken and answer.previousRefreshTokenUsed is False
    assert answer.accessToken != first.accessToken
    assert (answer.subject, answer.scopes) == ("john", ["history.read", "timeline.read"])
    assert {(p.key, p.value) for p in answer.properties} == {("a", "1"), ("b", "2")}
    assert not is_live(first.accessToken) and is_live(answer.accessToken)
    assert introspect(answer.accessToken).grantType.name == "AUTHORIZATION_CODE", "the grant that it began with"


def test_that_of_a_public_client_is_replaced_and_a_repetition_gets_the_same_successor(created, process, phone):
    first = created(clientId=phone.clientId)
    parameters = f"grant_type=refresh_token&refresh_token={first.refreshToken}"
    second = process(parameters, client=phone)
    assert second.action.name == "OK" and second.refreshToken != first.refreshToken and second.previousRefreshTokenUsed is False
    again = process(parameters, client=phone)
    assert (again.action.name, again.refreshToken, again.previousRefreshTokenUsed) == ("OK", second.refreshToken, True)
    assert_ms(second.refreshTokenExpiresAt, 86_400)


def test_one_used_up_long_ago_ends_them_all(created, process, phone, is_live):
    tokens = [created(clientId=phone.clientId).refreshToken]
    for _ in range(2):
        latest = process(f"grant_type=refresh_token&refresh_token={tokens[-1]}", client=phone)
        tokens.append(latest.refreshToken)
    failed(process(f"grant_type=refresh_token&refresh_token={tokens[0]}", client=phone), "BAD_REQUEST", "invalid_grant", "A053301")
    failed(process(f"grant_type=refresh_token&refresh_token={tokens[-1]}", client=phone), "BAD_REQUEST", "invalid_grant", "A053301")
    assert not is_live(latest.accessToken)


def test_scopes_can_be_narrowed_and_never_widened(created, process):
    first = created(scopes=["history.read", "timeline.read"])
    narrow = process(f"grant_type=refresh_token&refresh_token={first.refreshToken}&scope=timeline.read")
    assert (narrow.scopes, narrow.refreshTokenScopes) == (["timeline.read"], ["history.read", "timeline.read"])
    wide = process(f"grant_type=refresh_token&refresh_token={first.refreshToken}")
    assert wide.scopes == ["history.read", "timeline.read"], "the narrowing was for one access token"
    failed(process(f"grant_type=refresh_token&refresh_token={first.refreshToken}&scope=payment"), "BAD_REQUEST", "invalid_scope", "A053305")


def test_a_refresh_token_is_its_clients_alone(created, process, new_client):
    theirs = created().refreshToken
    parameters = f"grant_type=refresh_token&refresh_token={theirs}"
    failed(process(parameters, client=new_client()), "BAD_REQUEST", "invalid_grant", "A053301")
    failed(process("grant_type=refresh_token&refresh_token=nonsense"), "BAD_REQUEST", "invalid_grant", "A053301")
    failed(process("grant_type=refresh_token"), "BAD_REQUEST", "invalid_request")
    assert process(parameters).action.name == "OK"


def test_of_parallel_refreshes_no_two_access_tokens_stay_alive(created, process, is_live):
    first = created()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(process, [f"grant_type=refresh_token&refresh_token={first.refreshToken}"] * 4))
    won = [answer for answer in answers if answer.action.name == "OK"]
    assert won and {answer.action.name for answer in answers} <= {"OK", "BAD_REQUEST"}
    assert sum(is_live(answer.accessToken) for answer in won) == 1


def test_a_revocation_beside_refreshes_leaves_nothing_alive(created, process, revoke, is_live):
    for _ in range(3):
        first = created()
        parameters = f"grant_type=refresh_token&refresh_token={first.refreshToken}"
        with ThreadPoolExecutor(3) as pool:
            refreshed, again = pool.submit(process, parameters), pool.submit(process, parameters)
            revoked = pool.submit(revoke, refreshTokenIdentifier=first.refreshToken)
        assert revoked.result().count == 1
        tokens = [first.accessToken, refreshed.result().accessToken, again.result().accessToken]
        assert not any(is_live(token) for token in tokens if token)
        failed(process(parameters), "BAD_REQUEST", "invalid_grant", "A053301")


def test_rule_15_no_action_comes_that_this_sdk_does_not_know(created, process):
    first = created(scopes=["openid"])
    answer = process(f"grant_type=refresh_token&refresh_token={first.refreshToken}")
    assert answer.action.name == "OK", "and not ID_TOKEN_REISSUABLE"
