"""Scanners of leaked secrets find the keys that the service makes, and nothing else."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from harness import Server

SCANNERS = Path(__file__).resolve().parents[3] / "deploy" / "scanners"
API = "https://api.example"
# Later ones take half as long again to build.
GITLEAKS = "github.com/zricethezav/gitleaks/v8@v8.21.2"
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


@pytest.fixture(scope="module")
def gitleaks(tmp_path_factory):
    """The program, built once and kept beside what else the tests fetch."""
    if not shutil.which("go"):
        pytest.skip("needs Go")
    folder = Path(os.environ["JETON_GITLEAKS"]) / GITLEAKS.rsplit("@", 1)[1]
    if not (folder / "gitleaks").exists():
        scratch = tmp_path_factory.mktemp("go")
        caches = {"GOMODCACHE": str(scratch / "modules"), "GOCACHE": str(scratch / "build"), "GOFLAGS": "-modcacherw"}
        done = subprocess.run(["go", "install", GITLEAKS], env=os.environ | caches | {"GOBIN": str(folder)}, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
        shutil.rmtree(scratch)
    return folder / "gitleaks"


def test_gitleaks_finds_keys_and_of_what_looks_like_keys_only_the_form(keys, gitleaks, tmp_path):
    made, pattern, text = keys
    (tmp_path / "folder").mkdir()
    shutil.copy(text, tmp_path / "folder" / "leaked.txt")
    report = tmp_path / "report.json"
    command = [gitleaks, "dir", "--no-banner", "--config", SCANNERS / "gitleaks.toml", "--report-path", report, tmp_path / "folder"]
    done = subprocess.run([*command, "--report-format", "json"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stdout + done.stderr
    found = [leak["Secret"] for leak in json.loads(report.read_text()) if leak["RuleID"] == "jeton-api-key"]
    assert sorted(found) == sorted(re.findall(pattern["regex"], text.read_text()))
    # It can't compute the checksum.
    assert set(made) < set(found) and not set(found) & set(LIKE_KEYS[1:])


def test_the_rule_of_gitleaks_is_the_published_pattern(keys):
    made, pattern, text = keys
    rule = re.search(r"^regex = '''(.*)'''$", (SCANNERS / "gitleaks.toml").read_text(), re.M)[1]
    assert rule == pattern["regex"]
    found = re.findall(rule, text.read_text())
    assert set(made) <= set(found)
    # What only looks like a key is told by its checksum, which gitleaks can't compute.
    assert all(len(key) == 44 for key in found) and not set(found) & set(LIKE_KEYS[1:])
