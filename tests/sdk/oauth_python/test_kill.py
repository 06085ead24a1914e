"""Killed without warning while tokens are refreshed, the server logs nobody out: who asks again gets the successor that was lost."""

import contextlib
import json
import threading
import time
from dataclasses import dataclass

import pytest
import requests
from harness import Server

from .deployments import seeded, settings

ROUNDS = 3
# Public clients have their refresh tokens replaced, confidential ones keep theirs.
CLIENTS = ["public", "basic"] * 4


@dataclass
class Family:
    """What one thread knows of its tokens: the refresh token that it has shown last, and what it has been answered."""

    client: object
    token: str
    answers: int = 0


@pytest.fixture
def seed(tmp_path):
    """An org with clients, and how a server gets it."""
    clients, entries = seeded("101", "opaque")
    issuer = {"issuer": "https://idp.example", "jwks_uri": "https://idp.example/jwks.json"}
    org = {"id": "101", "parent": "1", "settings": settings(None, False, issuer) | {"assertion_issuers": []}}
    members = [{"org": "101", "sub": "john", "kind": "user"}]
    file = tmp_path / "seed.json"
    file.write_text(json.dumps({"orgs": [{"id": "1"}, org], "members": members, "clients": entries}))
    return file, clients


def begun(server, client):
    """A family that somebody has approved."""
    body = {"grantType": "AUTHORIZATION_CODE", "clientId": int(client.id), "subject": "john", "scopes": ["mail"]}
    headers = {"Authorization": f"Bearer {server.admin_token}"}
    answer = requests.post(f"{server.url}/api/101/auth/token/create", json=body, headers=headers, timeout=10)
    assert answer.json()["action"] == "OK", answer.text
    return Family(client, answer.json()["refreshToken"])


def refresh(caller, server, client, token):
    form = {"grant_type": "refresh_token", "refresh_token": token}
    basic = (client.id, client.secret) if client.secret else None
    answer = caller.post(f"{server.url}/oauth2/token", data=form | ({} if basic else {"client_id": client.id}), auth=basic, timeout=20)
    assert answer.status_code == 200, answer.text
    return answer.json()


def work(server, family):
    """Refreshes until the server is gone."""
    with contextlib.suppress(requests.RequestException), requests.Session() as caller:
        for _ in range(100_000):
            answer = refresh(caller, server, family.client, family.token)
            family.token = answer["refresh_token"]
            family.answers += 1


def check(server, family):
    """The last question is asked again, and then once more; whatever became of it before, there is one successor."""
    with requests.Session() as caller:
        first, second = (refresh(caller, server, family.client, family.token) for _ in range(2))
        assert first["refresh_token"] == second["refresh_token"]
        assert (first["refresh_token"] == family.token) == (family.client.secret is not None)
        headers = {"Authorization": f"Bearer {server.admin_token}"}
        body = {"token": second["access_token"]}
        answer = caller.post(f"{server.url}/api/101/auth/introspection", json=body, headers=headers, timeout=20)
        assert answer.json()["action"] == "OK", answer.text
        family.token = refresh(caller, server, family.client, first["refresh_token"])["refresh_token"]


@pytest.mark.parametrize("durability", ["full", "normal"])
def test_a_server_that_is_killed_while_it_refreshes_logs_nobody_out(durability, seed, tmp_path):
    file, clients = seed
    options = ["--durability", durability, "--issuer", "https://jeton.example"]
    server = Server(tmp_path / "data", *options, seed=file)
    address = f"127.0.0.1:{server.port}"
    try:
        families = [begun(server, clients[name]) for name in CLIENTS]
        for round_ in range(ROUNDS):
            threads = [threading.Thread(target=work, args=(server, family)) for family in families]
            for thread in threads:
                thread.start()
            time.sleep(0.6 + 0.2 * round_)
            alive = [thread.is_alive() for thread in threads]
            server.kill()
            for thread in threads:
                thread.join(30)
            assert all(alive), "a thread had ended before the server was killed"
            assert all(family.answers > round_ for family in families)
            server = Server(tmp_path / "data", *options, listen=address, seed=file)
            for family in families:
                check(server, family)
        assert server.stop() == 0
    finally:
        if server.process.poll() is None:
            server.kill()
