"""Killed without warning, the server loses nothing that it answered: neither a token nor a revocation.

`--durability full` also survives a power failure, which can't be had in a test; the end of the process survives both.
"""

import contextlib
import http.client
import json
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import pytest
from harness import Server

ROUNDS = 3
THREADS = 4
PER_SESSION = 50  # So few that one page of a listing shows them all.


@dataclass
class Answered:
    """What one thread was told before the end: pairs of access and refresh token by session, and those that it revoked."""

    tokens: dict = field(default_factory=dict)
    revoked: set = field(default_factory=set)
    maybe_revoked: set = field(default_factory=set)


class Connection:
    """One kept-alive connection."""

    def __init__(self, server):
        self.http = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        self.bearer = {"Authorization": f"Bearer {server.admin_token}"}

    def call(self, method, path, body=None):
        headers = self.bearer if body is None else self.bearer | {"Content-Type": "application/json"}
        self.http.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.http.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None

    def mint(self, session):
        status, raw = self.call(
            "POST",
            "/v1/tokens",
            {
                "sub": "ann",
                "org": "1",
                "audiences": ["urn:acme:files"],
                "time_validity": {"duration": 3600},
                "scopes": ["urn:acme:mail"],
                "roles": {"files": "owner"},
                "session": session,
                "create_refresh_token": True,
            },
        )
        assert status == 201, raw
        return raw["token"], raw["refresh_token"]


def work(server, name, answered):
    """Mints, and revokes every third token, until the server is gone."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        connection = Connection(server)
        for count in range(10_000):
            session = f"{name}-{count // PER_SESSION}"
            answered.tokens.setdefault(session, [])
            pair = connection.mint(session)
            answered.tokens[session].append(pair)
            if count % 3 == 0:
                answered.maybe_revoked.add(pair)
                status, _ = connection.call("POST", "/v1/tokens/revoke", {"token": pair[0]})
                assert status == 204
                answered.revoked.add(pair)


def check(server, answered):
    """Every answer still stands, and nothing is there by half."""
    connection = Connection(server)
    for session, pairs in answered.tokens.items():
        ids = {}
        for pair in pairs:
            status, shown = connection.call("POST", "/v1/tokens/introspect", {"token": pair[0]})
            if pair in answered.revoked:
                assert status == 410
            elif pair in answered.maybe_revoked:
                assert status in (200, 410)
            else:
                assert status == 200 and shown["session"] == session and shown["roles"] == {"files": ["owner"]}
                ids[shown["jti"]] = shown
            # Its refresh token stands and falls with it: they were recorded as one.
            assert connection.call("POST", "/v1/tokens/introspect", {"token": pair[1]})[0] == status
        _, page = connection.call("GET", f"/v1/tokens?session={session}")
        rows = {row["jti"]: row for row in page["tokens"]}
        assert len(pairs) <= len(rows) <= len(pairs) + 1, "more than one was under way in this thread"
        for jti, shown in ids.items():
            assert rows[jti]["revoked"] is False
            assert {name: rows[jti][name] for name in shown if name != "sub_email"} == {
                name: value for name, value in shown.items() if name != "sub_email"
            }
        # One that was never answered is whole, too: without its family it would count as revoked.
        revoked = sum(row["revoked"] for row in rows.values())
        known = sum(pair in answered.revoked for pair in pairs)
        assert known <= revoked <= sum(pair in answered.maybe_revoked for pair in pairs)


def check_all(server, everything):
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(partial(check, server), everything))


@pytest.mark.parametrize("durability", ["full", "normal"])
def test_a_killed_server_has_lost_nothing_that_it_answered(durability, tmp_path):
    options = ["--durability", durability, "--issuer", "https://jeton.example"]
    server = Server(tmp_path / "data", *options)
    admin_token, address = server.admin_token, f"127.0.0.1:{server.port}"
    everything = []
    try:
        for round_ in range(ROUNDS):
            ours = [Answered() for _ in range(THREADS)]
            threads = [
                threading.Thread(target=work, args=(server, f"{durability}-{round_}-{index}", answered))
                for index, answered in enumerate(ours)
            ]
            for thread in threads:
                thread.start()
            time.sleep(0.5 + 0.2 * round_)
            alive = [thread.is_alive() for thread in threads]
            server.kill()
            for thread in threads:
                thread.join(30)
            assert all(alive), "a thread had ended before the server was killed"
            assert all(sum(map(len, answered.tokens.values())) > 3 and answered.revoked for answered in ours)
            everything += ours
            server = Server(tmp_path / "data", *options, listen=address)
            assert server.admin_token == admin_token
            check_all(server, ours)
        check_all(server, everything)
        connection = Connection(server)
        for answered in everything:
            alive = next(pair for pairs in answered.tokens.values() for pair in pairs if pair not in answered.maybe_revoked)
            assert connection.call("POST", "/v1/tokens/refresh", {"token": alive[1]})[0] == 201
        assert server.stop() == 0
    finally:
        if server.process.poll() is None:
            server.kill()
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "jeton.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
