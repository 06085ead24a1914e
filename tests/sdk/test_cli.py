"""`agilicus-cli`, the command line that comes with the SDK: what it prints, and that it contacts nobody else."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import a_moment
from harness import HERE, plain_environment

CLI = Path(sys.executable).with_name("agilicus-cli")


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    """A home of its own, and the guard that lets it reach nothing but this machine."""
    home = str(tmp_path_factory.mktemp("home"))
    return plain_environment(HOME=home, XDG_CACHE_HOME=home, XDG_DATA_HOME=home, PYTHONPATH=str(HERE / "guard"), COLUMNS="400")


@pytest.fixture(scope="session")
def run(environment, server):
    """Runs the command line as the administrator, or as the bearer of `token`. It must succeed unless it is to fail."""

    def run(*arguments, token=None, fails=False):
        command = [CLI, "--token", token or server.admin_token, "--api", server.url, *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
        assert (done.returncode != 0) is fails, done.stderr
        return done.stderr if fails else done.stdout

    return run


@pytest.fixture(scope="session")
def run_json(run):
    """The same with JSON output, read."""
    return lambda *arguments, **more: json.loads(run("--output-format", "json", *arguments, **more))


def table(text):
    """The rows of a table as it is printed, by the heads of its columns. A cell may span lines."""
    rows, cells = [], None
    for line in text.splitlines():
        if line.startswith("+"):
            continue
        if line.startswith("|"):
            values = [value.strip() for value in line.strip("|").split("|")]
            if cells is None:
                cells = values
            elif values[0]:
                rows.append(dict(zip(cells, values, strict=True)))
            else:
                for head, value in zip(cells, values, strict=True):
                    rows[-1][head] += value
    return rows


def test_the_guard_lets_nothing_reach_another_machine(environment):
    with pytest.raises(AssertionError, match="nothing but the server under test"):
        socket.create_connection(("192.0.2.1", 443), 1)
    for attempt in ("socket.create_connection(('192.0.2.1', 443), 1)", "socket.getaddrinfo('auth.agilicus.com', 443)"):
        done = subprocess.run(
            [sys.executable, "-c", f"import socket; {attempt}"], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 1 and "nothing but the server under test" in done.stderr


def test_list_tokens_prints_a_table_with_all_its_columns(run, mint, claims, member, revoke):
    sub = member(scopes=["urn:acme:*"])
    old = mint(sub=sub, roles={"files": "owner"}, scopes=["urn:acme:mail", "urn:acme:chat?"], session="s-table")
    revoke(old.token)
    a_moment()
    new = mint(sub=sub)
    rows = table(run("list-tokens", "--sub", sub))
    assert [row["jti"] for row in rows] == [claims(raw.token)["jti"] for raw in (new, old)]
    assert (rows[0]["revoked"], rows[0]["session"], rows[0]["masquerading"]) == ("False", "", "---")
    assert (rows[1]["revoked"], rows[1]["session"], rows[1]["user"]) == ("True", "s-table", sub)
    assert json.loads(rows[1]["roles"]) == {"files": ["owner"]}
    assert json.loads(rows[1]["scopes"]) == ["urn:acme:mail", "urn:acme:chat?"]
    assert json.loads(rows[1]["aud"]) == ["urn:acme:files"]


def test_list_tokens_filters_by_dates_that_people_write(run_json, mint, claims, member):
    sub = member()
    short = claims(mint(sub=sub, duration=60).token)["jti"]
    a_moment()
    long = claims(mint(sub=sub, duration=50_000).token)["jti"]
    ids = lambda *filters: [row["jti"] for row in run_json("list-tokens", "--sub", sub, *filters)]  # noqa: E731
    assert ids("--expired-from", "1 day ago") == [long, short]
    assert ids("--expired-from", "in 1 hour", "--expired-to", "tomorrow") == [long]
    assert ids("--issued-from", "yesterday", "--issued-to", "5 minutes ago") == []


def test_list_tokens_filters_by_id_session_org_and_limit(run_json, mint, claims, session):
    raw = mint(org="11", session=session)
    jti = claims(raw.token)["jti"]
    rows = run_json("list-tokens", "--org-id", "11", "--session", session, "--jti", jti, "--limit", "5")
    assert [(row["jti"], row["org"], row["session"]) for row in rows] == [(jti, "11", session)]


def test_list_tokens_shows_a_callers_own_by_default(run_json, mint, member):
    sub = member()
    raw = mint(sub=sub)
    assert {row["sub"] for row in run_json("list-tokens", token=raw.token)} == {sub}


@pytest.mark.parametrize("filter_", [("--limit", "101"), ("--expired-from", "whenever")])
def test_list_tokens_shows_what_the_server_refuses(run, filter_):
    assert 'Status code 400 Response: {"error_code":"INVALID_REQUEST"' in run("list-tokens", *filter_, fails=True)


def test_create_token_passes_everything_on(run_json, claims, introspect):
    created = run_json(
        *("create-token", "--user-id", "ann", "--org-id", "1", "--duration", "900"),
        *("--role", "files", "owner", "--role", "mail", "viewer", "--aud", "urn:a", "--aud", "urn:b"),
        *("--scope", "urn:acme:mail", "--scope", "urn:none?", "--get-user", "--create-refresh-token"),
    )
    assert created["time_validity"] == {"duration": 900}
    assert (created["user"]["id"], created["user"]["type"], created["user"]["email"]) == ("ann", "user", "ann@acme.example")
    token = claims(created["token"], audience="urn:b")
    assert token["roles"] == {"files": "owner", "mail": "viewer"} and token["aud"] == ["urn:a", "urn:b"]
    assert token["scopes"] == ["urn:acme:mail", "urn:none?"] and "session" not in token
    assert introspect(created["refresh_token"]).refresh_token_jti == token["jti"]


def test_create_token_is_for_the_bearer_and_its_org_where_none_is_named(run, mint, claims):
    bearer = mint(session="s-own").token
    printed = {row["field"]: row["value"] for row in table(run("create-token", "--inherit-session", "true", token=bearer))}
    token = claims(printed["token"], audience=None)
    assert (token["sub"], token["org"], token["session"]) == ("ann", "1", "s-own") and printed["session"] == "s-own"


def test_create_token_shows_what_the_server_refuses(run):
    error = run("create-token", "--user-id", "ann", "--scope", "urn:none", fails=True)
    assert "ForbiddenException: (403)" in error and '"error_code":"SCOPE_NOT_HELD"' in error


def test_show_token_introspection_prints_another_token(run, mint, claims):
    raw = mint(roles={"files": "owner"}, scopes=["urn:acme:mail"])
    printed = {row["field"]: row["value"] for row in table(run("show-token-introspection", "--token", raw.token))}
    assert (printed["jti"], printed["sub"], printed["org"]) == (claims(raw.token)["jti"], "ann", "1")
    assert json.loads(printed["roles"]) == {"files": ["owner"]} and json.loads(printed["scopes"]) == ["urn:acme:mail"]


def test_show_token_introspection_shows_sub_orgs_without_roles(run_json, mint):
    raw = mint(roles={"files": "viewer"})
    shown = run_json(
        *("show-token-introspection", "--token", raw.token, "--include-suborgs", "true", "--exclude-roles", "true"),
        *("--no-cache", "--target-domain", "acme.example"),
    )
    assert {token["org"] for token in shown["sub_org_results"]} == {"11", "111"}
    assert "roles" not in shown["primary_token"]


def test_show_token_introspection_of_a_revoked_token_fails_with_410(run, mint, revoke):
    raw = mint()
    revoke(raw.token)
    assert "(410)\nReason: Gone" in run("show-token-introspection", "--token", raw.token, fails=True)


def test_bulk_revoke_tokens_prints_how_many(run, run_json, mint, member):
    sub = member()
    for _ in range(2):
        mint(sub=sub)
    assert table(run("bulk-revoke-tokens", sub, "--org-id", "1")) == [{"field": "number_of_tokens_revoked", "value": "2"}]
    assert run_json("bulk-revoke-tokens", sub) == {"number_of_tokens_revoked": 0}
