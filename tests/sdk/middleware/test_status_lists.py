"""The programs of docs/verifying/status-lists.md: each tells by the lists which of two tokens is revoked, and takes no list but the issuer's."""

import json
import os
import shutil
import subprocess
import time

import jwt
import pytest
import requests
from conftest import CACHE, HERE, VERIFYING, built, needs, programs, write
from harness import Server, plain_environment

PAGE = VERIFYING / "status-lists.md"
SOURCE = HERE / "status"


def rust():
    # Built beside the API with axum, of the program that the page has word by word.
    return [os.environ["JETON_ASK_STATUS"]]


def go():
    needs("go")
    folder = write(CACHE / "go-status", {"status.go": programs(PAGE)["status.go"]})
    shutil.copy(SOURCE / "main.go", folder)
    # Of the same modules as the API.
    for name in ("go.mod", "go.sum"):
        shutil.copy(HERE / name, folder)
    caches = {"GOMODCACHE": str(CACHE / "go-modules"), "GOCACHE": str(CACHE / "go-build"), "GOTOOLCHAIN": "local"}
    built(["go", "build", "-mod=readonly", "-modcacherw", "-o", "ask", "."], folder, **caches)
    built(["go", "vet", "-mod=readonly", "."], folder, **caches)
    return [str(folder / "ask")]


def java():
    needs("java", "javac", "mvn")
    # Of the same library as the workloads.
    folder, pom = CACHE / "java-status", HERE / "workload" / "pom.xml"
    complete = folder / ".complete"
    if not complete.exists() or complete.read_text() != pom.read_text():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        fetch = ["mvn", "-q", "-B", "-f", str(pom), f"-Dmaven.repo.local={CACHE / 'm2'}", "dependency:copy-dependencies"]
        built([*fetch, f"-DoutputDirectory={folder}"], folder)
        complete.write_text(pom.read_text())
    write(folder, {"StatusLists.java": programs(PAGE)["StatusLists.java"]})
    shutil.copy(SOURCE / "Ask.java", folder)
    built(["javac", "-Xlint:all", "-Werror", "-cp", f"{folder}/*", "-d", str(folder), "StatusLists.java", "Ask.java"], folder)
    return ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{folder}/*:{folder}", "Ask"]


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    """A server whose org has status lists: its address, and the statuses of a token that is alive and of one that is revoked."""
    server = Server(tmp_path_factory.mktemp("status") / "jeton")
    administrator = {"Authorization": f"Bearer {server.admin_token}"}
    settings = {"settings": {"status_list": True}}
    merge = administrator | {"Content-Type": "application/merge-patch+json"}
    requests.patch(f"{server.url}/v1/orgs/1", json=settings, headers=merge, timeout=10).raise_for_status()
    wanted = {"sub": "administrator", "org": "1", "audiences": ["https://api.example"], "time_validity": {"duration": 600}}
    made = [requests.post(f"{server.url}/v1/tokens", json=wanted, headers=administrator, timeout=10).json()["token"] for _ in range(2)]
    statuses = [jwt.decode(token, options={"verify_signature": False})["status"] for token in made]
    requests.post(f"{server.url}/v1/tokens/revoke", json={"token": made[1]}, timeout=10).raise_for_status()
    yield server.url, statuses
    assert server.stop() == 0


@pytest.mark.parametrize("language", [rust, go, java])
def test_a_token_is_revoked_by_its_list_once_it_is(issuer, language):
    url, (alive, dead) = issuer
    program = language()
    place = dead["status_list"]
    bad = [place | {"uri": "http://127.0.0.1:1/status/x"}, place | {"uri": f"{url}/status/{'0' * 26}"}, place | {"idx": 1 << 27}]
    bad.append(place | {"uri": f"{url}/status/../.well-known/jwks.json"})
    asked = [json.dumps(status) for status in [alive, dead, alive, *({"status_list": place} for place in bad)]]
    # A list is made anew some seconds after the revocation, and each program reads it as it starts.
    for _ in range(30):
        done = subprocess.run([*program, *asked], env=plain_environment(ISSUER=url), capture_output=True, text=True, timeout=60)
        if done.stdout.split()[1:2] == ["true"]:
            break
        time.sleep(0.5)
    assert done.stdout.split() == ["false", "true", "false", *["refused"] * len(bad)], done.stdout + done.stderr
