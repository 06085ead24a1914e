"""`tests/smoke`, as docs/releases.md has it, against the local server: what it says, and how it ends."""

import subprocess
from pathlib import Path

import pytest
from harness import plain_environment

SMOKE = Path(__file__).resolve().parents[1] / "smoke"


def smoke(url, token):
    done = subprocess.run([SMOKE, url], env=plain_environment(JETON_TOKEN=token), capture_output=True, text=True, timeout=60)
    assert not token or token not in done.stdout + done.stderr
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_a_service_that_works_passes(server):
    code, lines, _ = smoke(server.url, server.admin_token)
    assert code == 0 and len(lines) == 8 and all(line.startswith("ok  ") for line in lines)


@pytest.mark.parametrize("path, fails", [("", "FAILED  it mints: answered 401"), ("/nowhere", "FAILED  it is healthy: answered 404")])
def test_the_first_check_that_fails_ends_it_with_1(server, path, fails):
    token = server.admin_token if path else server.admin_token[:-4] + "AAAA"
    code, lines, _ = smoke(server.url + path, token)
    assert code == 1 and lines[-1].startswith(fails)


@pytest.mark.parametrize("url, token", [("http://127.0.0.1:9", ""), ("http://127.0.0.1:9", "a.b.c"), ("tokens.example", None)])
def test_what_it_cannot_begin_with_ends_it_with_2(server, url, token):
    code, lines, error = smoke(url, server.admin_token if token is None else token)
    assert code == 2 and lines == [] and error
