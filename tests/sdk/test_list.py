"""list_tokens: every filter, the limit, the order, and who sees what."""

from datetime import datetime, timedelta, timezone

import agilicus
import pytest
import requests
from agilicus_api.exceptions import ApiValueError, ForbiddenException, UnauthorizedException
from conftest import a_moment, answered, refused

# What the command line reads of each row, beyond the model.
COLUMNS = {"jti", "roles", "iat", "exp", "aud", "sub", "session", "revoked", "scopes", "updated"}


@pytest.fixture
def several(member, mint, session, claims):
    """Four tokens of a member of its own, oldest first, each unlike the others in one respect."""
    sub = member(scopes=["urn:acme:*"])
    raws = []
    for more in [
        {"duration": 100},
        {"duration": 1000, "scopes": ["urn:acme:files:read", "urn:acme:mail"]},
        {"duration": 10_000, "scopes": ["urn:acme:Files:write"]},
        {"duration": 50_000, "session": session},
    ]:
        raws.append(mint(sub=sub, **more))
        a_moment()
    return sub, raws, [claims(raw.token)["jti"] for raw in raws]


@pytest.fixture
def found(admin):
    """The ids that a listing has, newest first."""
    return lambda **filters: [token.jti for token in admin.list_tokens(**filters).tokens]


def test_rows_come_newest_first_with_all_that_the_command_line_reads(admin, several):
    sub, _, ids = several
    page = answered(200, admin.list_tokens, sub=sub)
    assert isinstance(page, agilicus.ListTokensResponse) and page.limit == 100
    assert [token.jti for token in page.tokens] == ids[::-1]
    for row in page.tokens:
        assert COLUMNS <= set(row.to_dict()) and row["revoked"] is False
        assert (row.org, row.root_org, row.creating_sub) == ("1", "1", "administrator")
    oldest = page.tokens[-1]
    assert (oldest.session, oldest.roles.to_dict(), oldest.scopes) == ("", {}, [])


def test_there_is_never_a_raw_token_in_a_listing(server, several):
    sub, raws, _ = several
    text = requests.get(
        f"{server.url}/v1/tokens", {"sub": sub}, headers={"Authorization": f"Bearer {server.admin_token}"}, timeout=10
    ).text
    assert sub in text and not any(raw.token in text or raw.token.rsplit(".", 1)[1] in text for raw in raws)


def test_limit_cuts_off_the_oldest_and_is_echoed(admin, several):
    sub, _, ids = several
    page = admin.list_tokens(sub=sub, limit=2)
    assert ([token.jti for token in page.tokens], page.limit) == (ids[:1:-1], 2)


@pytest.mark.parametrize("limit", [0, 101, -1])
def test_a_limit_outside_1_to_100_is_refused_by_the_sdk_and_by_the_server(admin, server, limit):
    with pytest.raises(ApiValueError):
        admin.list_tokens(limit=limit)
    answer = requests.get(
        f"{server.url}/v1/tokens", {"limit": limit}, headers={"Authorization": f"Bearer {server.admin_token}"}, timeout=10
    )
    assert answer.status_code == 400 and answer.json()["error_message"].startswith("limit: ")


def test_sub_org_jti_and_session_match_exactly(found, several, session, mint, claims):
    sub, _, ids = several
    assert found(jti=ids[1]) == [ids[1]] and found(jti=ids[1], sub="bob") == []
    assert found(session=session) == [ids[3]] and found(session=session.upper()) == []
    assert found(sub=sub.upper()) == found(jti="no-such-id") == []
    below = claims(mint(org="11", session=session).token)["jti"]
    assert found(org="11", session=session) == [below] and found(org="1", session=session) == [ids[3]]


def test_revoked_takes_what_python_writes_for_a_bool(found, several, revoke):
    sub, raws, ids = several
    revoke(raws[2].token)
    assert found(sub=sub, revoked=True) == [ids[2]]
    assert found(sub=sub, revoked=False) == [ids[3], ids[1], ids[0]]
    assert len(found(sub=sub)) == 4


def test_scopes_match_without_case_and_with_percent_as_wildcard(found, several):
    sub, _, ids = several
    assert found(sub=sub, scopes=["urn:acme:files%"]) == [ids[2], ids[1]]
    assert found(sub=sub, scopes=["URN:ACME:MAIL"]) == [ids[1]]
    assert found(sub=sub, scopes=["%write", "%FILES%"]) == [ids[2]]
    assert found(sub=sub, scopes=["urn:acme"]) == found(sub=sub, scopes=["+"]) == []


def test_exp_from_is_inclusive_and_exp_to_exclusive(found, admin, several):
    sub, _, ids = several
    exp = admin.list_tokens(jti=ids[1]).tokens[0].exp
    assert found(sub=sub, exp_from=exp) == [ids[3], ids[2], ids[1]]
    assert found(sub=sub, exp_to=exp) == [ids[0]]
    later = (datetime.fromisoformat(exp.replace("Z", "+00:00")) + timedelta(seconds=1)).isoformat()
    assert found(sub=sub, exp_from=exp, exp_to=later) == [ids[1]]


def test_iat_from_is_inclusive_and_iat_to_exclusive(found, admin, several):
    sub, _, ids = several
    iat = admin.list_tokens(jti=ids[0]).tokens[0].iat
    assert found(sub=sub, iat_from=iat) == ids[::-1]
    assert found(sub=sub, iat_to=iat) == []
    assert found(jti=ids[0], iat_to=(datetime.now(timezone.utc) + timedelta(seconds=2)).isoformat()) == [ids[0]]


@pytest.mark.parametrize(
    ("filters", "indices"),
    [
        ({"exp_from": "now"}, [3, 2, 1, 0]),
        ({"exp_from": "1 day ago", "exp_to": "tomorrow"}, [3, 2, 1, 0]),
        ({"exp_from": "in 10 minutes"}, [3, 2, 1]),
        ({"exp_from": "In 2 Hours", "exp_to": "in 1 day"}, [3, 2]),
        ({"exp_to": "now+5h"}, [2, 1, 0]),
        ({"exp_to": "now-1day"}, []),
        ({"exp_to": "yesterday"}, []),
        ({"iat_from": "1 hour ago", "iat_to": "tomorrow"}, [3, 2, 1, 0]),
        ({"iat_from": "2 weeks ago", "iat_to": "30 minutes ago"}, []),
        ({"iat_from": "2020-01-02"}, [3, 2, 1, 0]),
        ({"iat_from": "2020-01-02T03:04:05+02:00", "iat_to": "Jan 2 2021"}, []),
        ({"iat_from": ""}, [3, 2, 1, 0]),
    ],
)
def test_dates_are_taken_as_people_write_them(found, several, filters, indices):
    sub, _, ids = several
    assert found(sub=sub, **filters) == [ids[index] for index in indices]


@pytest.mark.parametrize("name", ["exp_from", "exp_to", "iat_from", "iat_to"])
@pytest.mark.parametrize("text", ["soon", "2026-13-45", "99999999999 days ago", "in 999999999999 years", "🙂"])
def test_a_date_that_nobody_understands_is_400_and_names_the_filter(admin, name, text):
    with refused(400, "INVALID_REQUEST") as refusal:
        admin.list_tokens(**{name: text})
    assert refusal.message.startswith(f"{name}: ")


def test_a_member_sees_its_own_tokens_and_no_others(several, client):
    sub, raws, ids = several
    own = client(raws[0].token)
    assert [token.jti for token in own.list_tokens().tokens] == ids[::-1]
    assert [token.jti for token in own.list_tokens(sub=sub, org="1").tokens] == ids[::-1]
    assert own.list_tokens(jti="00000000000000000000000000000000").tokens == []
    for filters in ({"sub": "ann"}, {"org": "11"}, {"org": "2"}, {"org": "unknown"}):
        with refused(403, "ACCESS_DENIED", ForbiddenException):
            own.list_tokens(**filters)


def test_who_holds_the_scope_sees_the_tokens_of_the_org_and_of_those_below(several, mint, client, claims):
    sub, _, ids = several
    clerk = client(mint(sub="clerk", scopes=["urn:jeton:tokens:read"]).token)
    assert [token.jti for token in clerk.list_tokens(sub=sub).tokens] == ids[::-1]
    below = claims(mint(org="111").token)["jti"]
    assert [token.jti for token in clerk.list_tokens(org="111", jti=below).tokens] == [below]
    with refused(403, "ACCESS_DENIED", ForbiddenException):
        clerk.list_tokens(org="2")
    unscoped = client(mint(sub="clerk").token)
    with refused(403, "ACCESS_DENIED", ForbiddenException):
        unscoped.list_tokens(sub=sub)


def test_a_listing_needs_a_bearer(anyone):
    with refused(401, "TOKEN_MISSING", UnauthorizedException):
        anyone.list_tokens()
