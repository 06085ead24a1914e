"""Scanners of leaked secrets find the keys that the service makes, and nothing else."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from harness import Server

SCANNERS = Path(__file__).resolve().parents[3] / "deploy" / "scanners"
API = "https://api.example"
LIKE_KEYS = ["jtn_pat_" + "0" * 36, "jtn_org_" + "A" * 36, "xjtn_pat_" + "A" * 36, "jtn_pat_short", "ghp_" + "A" * 36]


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """A key of a person and one of a service account, and a text with them among what only looks like keys."""
    folder = tmp_path_factory.mktemp("scanners")
    with_server = Server(folder / ".jeton", seed=None)
    admin = (folder / ".jeton" / "admin.token").read_text().strip()
    bearer = {"Authorization": f"Bearer {admin}"}
    made = []
    for sub, kind in [("ann", "user"), ("bot", "service_account")]:
        member = requests.put(f"{with_server.url}/v1/orgs/1/members/{sub}", headers=bearer, json={"kind": kind, "scopes": ["files.*"]}, timeout=10)
        assert member.status_code == 201, member.text
        asked = {"name": "x", "owner": sub, "scopes": ["files.read"], "resources": [with_server.url]}
        answer = requests.post(f"{with_server.url}/v1/orgs/1/api-keys", headers=bearer, json=asked, timeout=10)
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["key"])
    pattern = requests.get(f"{with_server.url}/v1/api-keys/pattern", timeout=10).json()
    with_server.stop()
    typo = made[0][:20] + ("a" if made[0][20] != "a" else "b") + made[0][21:]
    text = folder / "leaked.txt"
    text.write_text("\n".join([f"KEY={made[0]}", f'key: "{made[1]}",', f"typo = {typo}", *LIKE_KEYS]) + "\n")
    return made, pattern, text


def test_detect_secrets_finds_keys_and_nothing_else(keys):
    made, _, text = keys
    program = "import sys; from detect_secrets.core.scan import scan_file; from detect_secrets.settings import transient_settings\n"
    program += f"settings = {{'plugins_used': [{{'name': 'JetonApiKeyDetector', 'path': 'file://{SCANNERS / 'detect_secrets_jeton.py'}'}}]}}\n"
    program += "with transient_settings(settings):\n    print(*[secret.secret_value for secret in scan_file(sys.argv[1])], sep='\\n')\n"
    done = subprocess.run([sys.executable, "-c", program, text], capture_output=True, text=True, timeout=60)
    assert sorted(done.stdout.split()) == sorted(made), done.stderr


def test_the_rule_of_gitleaks_is_the_published_pattern(keys):
    made, pattern, text = keys
    rule = re.search(r"^regex = '''(.*)'''$", (SCANNERS / "gitleaks.toml").read_text(), re.M)[1]
    assert rule == pattern["regex"]
    found = re.findall(rule, text.read_text())
    assert set(made) <= set(found)
    # What only looks like a key is told by its checksum, which gitleaks can't compute.
    assert all(len(key) == 44 for key in found) and not set(found) & set(LIKE_KEYS[1:])
