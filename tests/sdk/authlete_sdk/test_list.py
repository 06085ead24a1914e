"""getTokenList."""

import pytest

from .conftest import assert_ms, refused


@pytest.fixture
def listed(api):
    return api.getTokenList


def test_a_row_is_a_record_without_its_values(service, shop, created, process, listed, subject):
    ours = created(subject=subject, scopes=["history.read"], properties=[{"key": "k", "value": "v", "hidden": True}])
    page = listed(subject=subject)
    assert (page.start, page.end, page.totalCount, page.subject, page.client) == (0, 5, 1, subject, None)
    [row] = page.accessTokens
    assert (row.clientId, row.subject, row.grantType.name) == (shop.clientId, subject, "AUTHORIZATION_CODE")
    assert row.scopes == row.refreshTokenScopes == ["history.read"]
    assert [(p.key, p.value, p.hidden) for p in row.properties] == [("k", "v", True)]
    assert_ms(row.createdAt, 0)
    assert_ms(row.accessTokenExpiresAt, 3600)
    assert_ms(row.refreshTokenExpiresAt, 86_400)
    assert row.lastRefreshedAt == 0
    assert {row.accessTokenHash, row.refreshTokenHash}.isdisjoint({ours.accessToken, ours.refreshToken, ours.jwtAccessToken})
    assert (len(row.accessTokenHash), len(row.refreshTokenHash)) == (43, 43)


def test_a_refreshed_record_stays_one_and_keeps_its_beginning(created, process, listed, subject):
    ours = created(subject=subject)
    [before] = listed(subject=subject).accessTokens
    process(f"grant_type=refresh_token&refresh_token={ours.refreshToken}")
    page = listed(subject=subject)
    assert page.totalCount == 1
    [after] = page.accessTokens
    assert after.grantType.name == "AUTHORIZATION_CODE"
    assert after.createdAt == before.createdAt
    assert_ms(after.lastRefreshedAt, 0)


def test_the_record_of_a_machine_has_no_subject_and_no_refresh_token(new_client, created, listed):
    client = new_client()
    created(clientId=client.clientId, grantType="CLIENT_CREDENTIALS", scopes=None)
    page = listed(clientIdentifier=str(client.clientId))
    [row] = page.accessTokens
    assert (row.subject, row.refreshTokenHash, row.refreshTokenExpiresAt, row.scopes) == (None, None, 0, None)
    assert (page.client.clientId, page.client.clientName, page.client.clientType.name) == (client.clientId, "Shop", "CONFIDENTIAL")
    assert (page.client.clientIdAlias, page.client.clientIdAliasEnabled) == (str(client.clientId), True)
    assert page.subject is None


def test_a_page_is_from_start_to_before_end_oldest_first(new_client, created, listed, subject):
    client = new_client()
    for n in range(7):
        created(clientId=client.clientId, subject=f"{subject}-{n}")
    identifier = str(client.clientId)

    def page(**more):
        page = listed(clientIdentifier=identifier, **more)
        return page.start, page.end, page.totalCount, [int(row.subject.rsplit("-", 1)[1]) for row in page.accessTokens or []]

    assert page() == (0, 5, 7, [0, 1, 2, 3, 4])
    assert page(start=5, end=10) == (5, 10, 7, [5, 6])
    assert page(start=2, end=4) == (2, 4, 7, [2, 3])
    assert page(start=7, end=9) == (7, 9, 7, [])


def test_both_filters_together_narrow(new_client, created, listed, subject):
    client = new_client()
    created(clientId=client.clientId, subject=subject)
    created(clientId=client.clientId, subject="somebody")
    created(subject=subject)
    assert listed(clientIdentifier=str(client.clientId), subject=subject).totalCount == 1
    assert listed(subject=subject).totalCount == 2
    empty = listed(subject=f"{subject}-nobody")
    assert empty.totalCount == 0 and empty.accessTokens is None


def test_an_unknown_client_is_400(listed):
    assert refused(listed, clientIdentifier="4711").status == 400


def test_rule_18_java_always_says_which_tokens_it_wants(created, call, expired):
    created(subject=expired.subject)
    total = {}
    for status in ("ALL", "VALID", "INVALID"):
        answer = call("GET", "/auth/token/get/list", params={"subject": expired.subject, "tokenStatus": status})
        assert answer.status_code == 200, answer.text
        total[status] = answer.json()["totalCount"]
    assert total == {"ALL": 2, "VALID": 1, "INVALID": 1}
    assert call("GET", "/auth/token/get/list", params={"tokenStatus": "SOME"}).status_code == 400
    assert call("GET", "/auth/token/get/list", params={"start": "x"}).status_code == 400
    assert call("GET", "/auth/token/get/list/", params={"subject": expired.subject}).json()["totalCount"] == 2, "as a published curl has it"
