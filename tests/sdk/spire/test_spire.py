"""Workloads of a real SPIRE: their JWT-SVIDs in both places, with the keys found in three ways, and docs/workloads/libraries.md on it."""

import json
import os
import re
import subprocess
from pathlib import Path

import jwt
import pytest
import requests
from conftest import ORDERS, OTHER, eventually
from harness import plain_environment

DOCS = Path(__file__).resolve().parents[3] / "docs"
TYPE = "urn:ietf:params:oauth:client-assertion-type:"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def asked(jeton, org, form):
    return requests.post(jeton.url + "/oauth2/token", data={"client_id": str(7000 + int(org))} | form, timeout=10)


def as_assertion(svid, kind="jwt-spiffe"):
    return {"grant_type": "client_credentials", "client_assertion_type": TYPE + kind, "client_assertion": svid}


def as_grant(svid):
    return {"grant_type": GRANT, "assertion": svid}


def granted(answer):
    assert answer.status_code == 200, answer.text
    assert answer.json()["scope"] == "orders.read"


def refused(answer, error):
    assert (answer.status_code, answer.json()["error"]) == ({"invalid_client": 401, "invalid_grant": 400}[error], error), answer.text


def test_what_spire_makes_is_what_the_page_on_workloads_says(spire, jeton):
    svid = spire.svid(ORDERS, jeton.url)
    claims, header = jwt.decode(svid, options={"verify_signature": False}), jwt.get_unverified_header(svid)
    assert claims["sub"] == ORDERS and claims["aud"] == [jeton.url] and claims["exp"] - claims["iat"] == 300
    assert "jti" not in claims and header["kid"]
    assert {key["use"] for key in spire.bundle()["keys"]} == {"x509-svid", "jwt-svid"}


@pytest.mark.parametrize("org", ["1", "2"])
def test_a_workload_is_let_in_by_its_trust_domains_bundle(spire, jeton, org):
    """As settings, and read from a bundle endpoint. The `iss` of the SVID, which SPIRE was told to add, doesn't matter."""
    svid = spire.svid(ORDERS, jeton.url)
    granted(asked(jeton, org, as_assertion(svid)))
    granted(asked(jeton, org, as_assertion(svid, "jwt-bearer")))
    granted(asked(jeton, org, as_grant(svid)))


def test_a_workload_is_let_in_by_the_keys_of_spires_discovery_provider(spire, jeton):
    svid = spire.svid(ORDERS, jeton.url)
    granted(asked(jeton, "3", as_assertion(svid, "jwt-bearer")))
    granted(asked(jeton, "3", as_grant(svid)))
    refused(asked(jeton, "3", as_assertion(svid)), "invalid_client")


@pytest.mark.parametrize("org", ["1", "2", "3"])
def test_another_workload_and_another_audience_are_refused(spire, jeton, org):
    for svid in (spire.svid(OTHER, jeton.url), spire.svid(ORDERS, "https://elsewhere.example")):
        refused(asked(jeton, org, as_assertion(svid, "jwt-bearer")), "invalid_client")
        refused(asked(jeton, org, as_grant(svid)), "invalid_grant")


def test_the_administrator_hears_which_rule_stops_an_svid(spire, jeton):
    headers = {"Authorization": f"Bearer {jeton.admin_token}"}
    body = {"token": spire.svid(OTHER, jeton.url), "client_id": 7001}
    told = requests.post(jeton.url + "/v1/orgs/1/issuers/test", json=body, headers=headers, timeout=10).json()
    assert (told.get("accepted"), told.get("rule"), told.get("issuer")) == (False, "SUBJECT", "spiffe://example.org"), told


def test_the_commands_of_the_page(spire, jeton, tmp_path):
    found = re.findall(r"^```sh\n# ([\w.]+)\n(.*?)^```$", (DOCS / "workloads" / "libraries.md").read_text(), re.M | re.S)
    assert [name for name, _ in found] == ["trust_spire.sh", "svid.sh"]
    (tmp_path / ".jeton").mkdir()
    (tmp_path / ".jeton" / "admin.token").write_text(jeton.admin_token)
    script = "set -euo pipefail\n" + "".join(code for _, code in found).replace("http://127.0.0.1:3000", jeton.url)
    environment = plain_environment(PATH=f"{spire.bin}:{os.environ['PATH']}", CLIENT_ID="7001")
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["scope"] == "orders.read"


def test_a_key_that_spire_has_rotated_is_found_at_once(spire, jeton):
    """Last: the org whose keys are settings doesn't know the new key."""
    before = spire.svid(ORDERS, jeton.url)
    prepared = json.loads(spire.ask("server", "localauthority", "jwt", "prepare", "-output", "json"))
    identity = prepared["prepared_authority"]["authority_id"]
    spire.ask("server", "localauthority", "jwt", "activate", "-authorityID", identity)
    # The agent keeps what it has of the first one.
    newcomer = "spiffe://example.org/ns/prod/newcomer"
    spire.register(newcomer)
    after = eventually(lambda: spire.svid(newcomer, jeton.url), jeton.process)
    assert jwt.get_unverified_header(before)["kid"] != jwt.get_unverified_header(after)["kid"] == identity
    for org in ("2", "3"):
        granted(asked(jeton, org, as_grant(after)))
        granted(asked(jeton, org, as_grant(before)))
    refused(asked(jeton, "1", as_grant(after)), "invalid_grant")
