"""The blocks of README and docs/ for users of curl and Python, word by word. A block's first line names its file."""

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jwt
import pytest
import requests
from harness import Server, plain_environment

from .platforms import Issuer

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
API = "https://api.example"
PAGE_ISSUER = "http://127.0.0.1:3000"


def blocks(page, language):
    """The blocks of a language that have a file name, by it."""
    found = re.findall(rf"^```{language}\n(?:#|//) ([\w.]+)\n(.*?)^```$", (DOCS / page).read_text(), re.M | re.S)
    assert found, f"{page} has no block of {language}"
    return dict(found)


def seed(page="clients.md"):
    """The seed file of a page."""
    return re.search(r"^```json\n(\{\n.*?)^```$", (DOCS / page).read_text(), re.M | re.S)[1]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A server as docs/clients.md has it, and a folder in which all of its shell blocks have run, with what they tell."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "seed.json").write_text(seed())
    server = Server(folder / ".jeton", seed=folder / "seed.json")
    clients, verifying = blocks("clients.md", "sh"), blocks("verifying-tokens.md", "sh")
    assert list(clients) == ["register.sh", "token.sh", "approve.sh", "exchange.sh", "revoke.sh", "manage.sh"] and list(verifying) == ["introspect.sh"]
    steps = ["register.sh", "token.sh", "introspect.sh", "approve.sh", "exchange.sh", "revoke.sh", "introspect.sh", "manage.sh"]
    script = "set -euo pipefail\n"
    for step in steps:
        script += f"echo; echo '== {step}'\n{(clients | verifying)[step]}"
    script += "unset -f field\necho; echo '== environment'\nenv\n"
    script = script.replace(PAGE_ISSUER, server.url)
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=plain_environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.split(r"^== (.*)\n", done.stdout, flags=re.M)[1:]
    variables = dict(line.split("=", 1) for line in told.pop().splitlines() if "=" in line)
    for program, code in (blocks("clients.md", "python") | blocks("verifying-tokens.md", "python")).items():
        (folder / program).write_text(code)
    yield folder, list(zip(told[::2], told[1::2], strict=False)), variables
    server.stop()


def test_the_shell_blocks_do_what_the_page_says(page):
    folder, told, _ = page
    answers = [json.loads(answer) for step, answer in told if step == "introspect.sh"]
    assert [answer["active"] for answer in answers] == [True, False], "alive at first, and dead once it is revoked"
    assert (answers[0]["scope"], answers[0]["aud"]) == ("files.read", [API])
    token, exchanged = (json.loads((folder / name).read_text()) for name in ("token.json", "exchanged.json"))
    assert (token["expires_in"], token["scope"], token["token_type"]) == (600, "files.read", "Bearer")
    assert set(exchanged) == {"access_token", "issued_token_type", "token_type", "expires_in", "scope"}


def test_the_refresh_token_that_the_page_gets_can_be_used(page):
    _, _, variables = page
    client = (variables["CLIENT_ID"], variables["CLIENT_SECRET"])
    form = {"grant_type": "refresh_token", "refresh_token": variables["REFRESH_TOKEN"]}
    answer = requests.post(variables["ISSUER"] + "/oauth2/token", auth=client, data=form, timeout=10)
    assert (answer.status_code, answer.json()["scope"]) == (200, "files.read"), answer.text


def run(page, program, **more):
    """What a program prints. All of them are in one folder, as a reader has them: each is in the way of what the others import."""
    folder, _, variables = page
    wanted = {name: variables[name] for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET", "INITIAL_TOKEN")}
    environment = plain_environment(**wanted, API=API, AUTHLIB_INSECURE_TRANSPORT="1", **more)
    done = subprocess.run([sys.executable, program], cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("name", "told"), [("get_token.py", "files.read 600\n"), ("key.py", "Bearer\n")])
def test_the_programs_for_clients_get_their_tokens(page, name, told):
    assert run(page, name) == told


@pytest.mark.parametrize("name", ["verify.py", "guard.py"])
def test_the_programs_for_apis_take_good_tokens_and_no_others(page, name):
    folder, _, _ = page
    token = json.loads((folder / "token.json").read_text())["access_token"]
    call = {"verify.py": "verify(token)", "guard.py": "validator.validate_token(validator.authenticate_token(token), [], None)"}[name]
    refusal = {"verify.py": "jwt.InvalidTokenError", "guard.py": "__import__('authlib').oauth2.rfc6750.InvalidTokenError"}[name]
    tried = f"""
from {Path(name).stem} import *

def passes(token):
    try:
        {call}
        return True
    except {refusal}:
        return False
token = os.environ["TOKEN"]
header, payload, signature = token.split(".")
print(passes(token), passes(header + "." + payload + "." + "A" * 86))
"""
    (folder / f"try_{name}").write_text(tried)
    assert run(page, f"try_{name}", TOKEN=token) == "True False\n"


# What a page says of one moment, key or number, and so differs from run to run.
VARIES = {"access_token", "created", "created_by", "exp", "expires", "hint", "iat", "id", "iss", "jti", "refresh_token", "revoked_before", "token", "updated"}


def shape(value):
    """An answer without what differs from run to run."""
    if isinstance(value, dict):
        return {name: "…" if name in VARIES else shape(part) for name, part in value.items()}
    return [shape(part) for part in value] if isinstance(value, list) else value


def commands(page):
    """The commands of a page that start the server, with their options."""
    return [shlex.split(line)[2:] for line in re.findall(r"^cargo run.*?(?=\s+#|$)", (DOCS / page).read_text(), re.M)]


def follow(text, server, folder, **variables):
    """What the named shell blocks of a text print, run in one shell. Each is held to the answer below it."""
    # Those in lists are indented.
    text = re.sub(r"^   ( *\S)", r"\1", text, flags=re.M)
    found = re.findall(r"^```sh\n# ([\w.]+)\n(.*?)^```\n(?:```(?:json)?\n(.*?)^```\n)?", text, re.M | re.S)
    script = "set -euo pipefail\n" + "".join(f"echo; echo '== {name}'\n{code}" for name, code, _ in found)
    script = script.replace(PAGE_ISSUER, server.url)
    environment = plain_environment(**variables)
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.split(r"^== (.*)\n", done.stdout, flags=re.M)[1:]
    answers = dict(zip(told[::2], told[1::2], strict=True))
    for name, _, expected in found:
        if expected.startswith("HTTP/"):
            lines = [line.strip() for line in answers[name].splitlines()]
            # The first body is empty, and the second answer begins right behind it.
            assert [line for line in lines if re.match(r"HTTP/|\{", line)] == expected.splitlines(), name
        elif expected:
            assert shape(json.loads(answers[name])) == shape(json.loads(expected)), name
    return answers


@pytest.fixture
def started(tmp_path):
    """Starts servers as `cargo run` would, with their data in one folder."""
    servers = []

    def start(*options):
        servers.append(Server(tmp_path / ".jeton", *options, seed=None))
        return servers[-1]

    yield start
    for server in servers:
        assert server.process.poll() is not None or server.stop() == 0


def test_the_first_token_of_the_readme(started, tmp_path):
    assert commands("../README.md") == [[]], "the server is started with its defaults"
    assert list(follow((ROOT / "README.md").read_text(), started(), tmp_path)) == ["mint.sh", "introspect.sh", "revoke.sh"]


def test_the_page_for_getting_started(started, tmp_path):
    """First with the defaults; then, in the same folder, with the page's seed file."""
    page, (plain, seeded) = "getting-started.md", commands("getting-started.md")[:2]
    assert (plain, seeded) == ([], ["--", "--seed", "seed.json", "--seed-overwrite"])
    text = (DOCS / page).read_text()
    first, second = text[: text.index("## Seed file")], text[text.index("## Seed file") :]
    server = started()
    assert list(follow(first, server, tmp_path)) == ["setup.sh", "member.sh", "mint.sh", "introspect.sh", "list.sh", "revoke.sh"]
    (tmp_path / "sdk.py").write_text(blocks(page, "python")["sdk.py"].replace(PAGE_ISSUER, server.url))
    done = subprocess.run([sys.executable, "sdk.py"], cwd=tmp_path, env=plain_environment(), capture_output=True, text=True, timeout=60)
    assert re.match(r"ann \S+ .*\['urn:shop:orders'\]\n", done.stdout), done.stdout + done.stderr
    assert server.stop() == 0
    (tmp_path / "seed.json").write_text(seed(page))
    follow(f"```sh\n# setup.sh\nB={PAGE_ISSUER}\n```\n{second}", started("--seed", str(tmp_path / "seed.json"), "--seed-overwrite"), tmp_path)


def test_the_page_for_those_who_come_from_authlete(started, tmp_path):
    page = "authlete.md"
    assert commands(page) == [["--", "--seed", "seed.json"]]
    (tmp_path / "seed.json").write_text(seed(page))
    answers = follow((DOCS / page).read_text(), started("--seed", str(tmp_path / "seed.json")), tmp_path)
    told = {name: json.loads(answer) for name, answer in answers.items()}
    assert list(told) == ["create.sh", "secret.sh", "authorize.sh", "batch.sh", "status.sh"]
    assert (told["create.sh"]["action"], told["create.sh"]["scopes"]) == ("OK", ["history.read"])
    assert told["secret.sh"]["newClientSecret"]
    assert (told["authorize.sh"]["action"], told["authorize.sh"]["clientIdAliasUsed"]) == ("INTERACTION", True), told
    assert told["batch.sh"]["requestId"] and told["status.sh"].get("result") in (None, "SUCCEEDED"), told


def test_the_page_of_the_command_line(started, tmp_path):
    program = Path(os.environ["JETON_BIN"]).resolve()
    assert program.name == "jeton"
    answers = follow((DOCS / "cli.md").read_text(), started(), tmp_path, PATH=f"{program.parent}:{os.environ['PATH']}")
    assert list(answers) == [f"{name}.sh" for name in "mint decode list revoke directory file client secret json offline".split()]
    assert "signature: good (ES256 by the key" in answers["decode.sh"] and "record: good (active)" in answers["decode.sh"]
    assert "record: not good (The token has been revoked" in answers["list.sh"] and "exit code 1" in answers["list.sh"]
    assert re.search(r"^acme +1 +true +\S+ +Acme$", answers["directory.sh"], re.M), answers["directory.sh"]


def test_the_page_for_workloads(started, tmp_path):
    """Its commands, with an issuer on this machine that is shaped like a cluster of Kubernetes; and what the presets print is taken."""
    program = Path(os.environ["JETON_BIN"]).resolve()
    with Issuer() as issuer:
        server = started("--jwks-origin", issuer.url, *presets_origins())
        now = int(time.time())
        claims = {"iss": issuer.url, "sub": "system:serviceaccount:prod:orders", "aud": [server.url], "iat": now, "exp": now + 3600}
        (tmp_path / "token.txt").write_text(issuer.sign(claims | {"kubernetes.io": {"namespace": "prod"}}))
        variables = {"PATH": f"{program.parent}:{os.environ['PATH']}", "ISSUER": issuer.url}
        answers = follow((DOCS / "workloads.md").read_text(), server, tmp_path, **variables)
        assert list(answers) == ["trust.sh", "client.sh", "assertion.sh", "grant.sh", "test.sh", "presets.sh", "list.sh"]
        for name in ("assertion.sh", "grant.sh"):
            assert json.loads(answers[name])["scope"] == "orders.read", answers[name]
        assert json.loads(answers["test.sh"])["accepted"] is True
        assert re.search(rf"^{issuer.url} +true +1 +k1$", answers["list.sh"], re.M), answers["list.sh"]
        administrator = {"Authorization": f"Bearer {server.admin_token}"}
        presets = [json.loads(preset) for preset in re.split(r"\n(?=\{)", answers["presets.sh"].strip())]
        assert len(presets) == 9
        issuers = [entry for preset in presets for entry in preset["assertion_issuers"]]
        patch = {"headers": administrator | {"Content-Type": "application/merge-patch+json"}, "timeout": 10}
        kept = json.loads((tmp_path / "org.json").read_text())["settings"]["assertion_issuers"]
        body = json.dumps({"settings": {"assertion_issuers": kept + issuers}})
        told = requests.patch(f"{server.url}/v1/orgs/1", data=body, **patch)
        assert told.status_code == 200, told.text
        client = json.loads((tmp_path / "client.json").read_text())["id"]
        body = json.dumps({"federated": [entry for preset in presets for entry in preset["federated"]]})
        told = requests.patch(f"{server.url}/v1/orgs/1/clients/{client}", data=body, **patch)
        assert told.status_code == 200, told.text


GITHUB = {"sub": "repo:acme/shop:environment:prod", "repository_owner_id": "43356", "repository_id": "957014466", "environment": "prod", "event_name": "push"}
CIRCLECI = "oidc.circleci.com/"
# Each platform: what its issuer is called on its page, the claims of its tokens, and those that make one a stranger's.
PLATFORMS = {
    "github": ("https://token.actions.githubusercontent.com", GITHUB, {"repository_id": "1"}),
    "gitlab": ("https://gitlab.com", {"sub": "project_path:acme/shop:ref_type:branch:ref:main", "project_id": "20", "ref_protected": "true"}, {"project_id": "21"}),
    "kubernetes": ("https://oidc.eks.eu-west-1.amazonaws.com/id/EX", {"sub": "system:serviceaccount:prod:orders"}, {"sub": "system:serviceaccount:test:orders"}),
    "aws": ("https://0e1b.tokens.sts.global.api.aws", {"sub": "arn:aws:iam::123456789012:role/Orders"}, {"sub": "arn:aws:iam::123456789012:role/Other"}),
    "spiffe": ("https://spire.example", {"iss": None, "jti": None, "sub": "spiffe://example.org/ns/prod/orders"}, {"sub": "spiffe://example.org/ns/test/orders"}),
    "google": ("https://accounts.google.com", {"jti": None, "sub": "112233445566778899001"}, {"sub": "112233445566778899002"}),
    "entra": ("https://login.microsoftonline.com", {"jti": None, "sub": "0d6hq1g0", "tid": "7c5c21a2", "aud": "api://jeton"}, {"sub": "0d6hq1g1"}),
    "circleci": (
        "https://oidc.circleci.com",
        {"jti": None, "sub": "org/9a1b/project/4c2d/user/u", f"{CIRCLECI}project-id": "4c2d", f"{CIRCLECI}ssh-rerun": False},
        {f"{CIRCLECI}ssh-rerun": True},
    ),
    "terraform": (
        "https://app.terraform.io",
        {"sub": "organization:o:project:p:workspace:w:run_phase:apply", "terraform_workspace_id": "ws-1", "terraform_run_phase": "apply"},
        {"terraform_run_phase": "plan"},
    ),
}
# Where each platform's issuer is, below its address.
PATHS = {"circleci": "/org/9a1b", "entra": "/7c5c21a2/v2.0"}


@pytest.mark.parametrize("name", PLATFORMS)
def test_the_page_of_each_platform(started, tmp_path, name):
    """From nothing to a token, with an issuer on this machine in the place of the platform; and a stranger there gets none."""
    text, (real, claims, strangers) = (DOCS / "workloads" / f"{name}.md").read_text(), PLATFORMS[name]
    with Issuer(PATHS.get(name, "")) as issuer:
        server = started("--jwks-origin", issuer.address)
        # Options that a reader of the page leaves out, because theirs is the platform itself.
        option = "" if name in ("kubernetes", "aws", "spiffe") else f" --issuer {issuer.url}"
        text = re.sub(rf"^jeton issuer trust {name}", rf"\g<0>{option}", text, flags=re.M).replace(real, issuer.address)
        tools, served = platform_of(name, issuer, tmp_path)
        text = text.replace("/var/run/secrets/jeton/token", str(tools / "token"))
        for theirs, path in served.items():
            text = text.replace(theirs, issuer.address + path)
        environment = {"PATH": f"{tools}:{Path(os.environ['JETON_BIN']).resolve().parent}:{os.environ['PATH']}"}
        environment |= {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t", "ACTIONS_ID_TOKEN_REQUEST_URL": f"{issuer.address}/ask?v=1"}
        given = {"iss": issuer.url, "aud": server.url, "exp": int(time.time()) + (300 if name == "spiffe" else 3600)} | claims
        gives(issuer, tools, server.url, issuer.token(server.url, **given))
        environment |= {variable: (tools / "token").read_text() for variable in ("JETON_ID_TOKEN", "TFC_WORKLOAD_IDENTITY_TOKEN")}
        answers = follow(text, server, tmp_path, **environment)
        shown, tested = list(answers)[1:]
        assert json.loads(answers[shown])["token_type"] == "Bearer"
        told = answers[tested]
        assert "accepted" in told and ("REUSE" in told or re.search(r"^accepted +true", told, re.M)), told
        client = str(json.loads((tmp_path / "client.json").read_text())["id"])
        # A stranger's token isn't taken, and the page's command says which rule stops it.
        form = {"grant_type": "client_credentials", "client_id": client, "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
        stranger = issuer.token(server.url, **(given | strangers))
        answer = requests.post(f"{server.url}/oauth2/token", data=form | {"client_assertion": stranger}, timeout=10)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), answer.text
        (tmp_path / "stranger.txt").write_text(stranger)
        command = ["jeton", "issuer", "test", "--file", "stranger.txt", "--client", client, "--json"]
        test = subprocess.run(command, cwd=tmp_path, env=plain_environment(**environment), capture_output=True, text=True, timeout=60)
        assert (test.returncode, json.loads(test.stdout)["rule"]) == (1, "SUBJECT"), test.stdout + test.stderr
        listed = subprocess.run(["jeton", "issuer", "list", "--json"], cwd=tmp_path, env=plain_environment(**environment), capture_output=True, text=True, timeout=60)
        [entry] = json.loads(listed.stdout)["issuers"]
        assert (entry["clients"], entry["keys"]["kids"], entry.get("problem")) == (1, ["k1"], None), entry


def platform_of(name, issuer, folder):
    """The folder of the platform's programs, which give what is in their file `token`, and where the issuer serves what the platform does."""
    tools = folder / "tools"
    tools.mkdir()
    given = {"aws": 'cat "$(dirname "$0")/token"; echo', "circleci": 'cat "$(dirname "$0")/token"; echo'}
    given["spire-agent"] = """printf '[{"svids": [{"svid": "%s"}]}]' "$(cat "$(dirname "$0")/token")\""""
    for program, line in given.items():
        (tools / program).write_text(f"#!/bin/sh\n{line}\n")
        (tools / program).chmod(0o755)
    served = {"google": {"http://metadata.google.internal/": "/"}, "entra": {"http://169.254.169.254/": "/"}}
    if name == "spiffe":
        key = issuer.documents()[f"{issuer.path}/openid/v1/jwks"]["keys"][0]
        issuer.more["/bundle"] = {"keys": [{part: key[part] for part in ("kty", "n", "e", "kid")} | {"use": "jwt-svid"}], "spiffe_refresh_hint": 60}
    return tools, served.get(name, {})


def gives(issuer, tools, audience, token):
    """Has the platform give this token to who asks for the audience."""
    (tools / "token").write_text(token)
    identity = "/computeMetadata/v1/instance/service-accounts/default/identity"
    issuer.more[f"{identity}?audience={audience}"] = token
    issuer.more["/metadata/identity/oauth2/token?api-version=2018-02-01&resource=api://jeton"] = {"access_token": token}
    issuer.more[f"/ask?v=1&audience={audience}"] = {"value": token}


def presets_origins():
    """The options that allow the origins of the issuers that the page's presets name."""
    hosts = ["token.actions.githubusercontent.com", "gitlab.com", "oidc.eks.eu-west-1.amazonaws.com", "0e1b.tokens.sts.global.api.aws", "spire.example"]
    hosts += ["accounts.google.com", "login.microsoftonline.com", "oidc.circleci.com", "app.terraform.io"]
    return [option for host in hosts for option in ("--jwks-origin", f"https://{host}")]


def test_the_page_on_status_lists(started, tmp_path):
    """Its commands, and its verifier: a token is revoked by its list once it is, and nothing but a list of the issuer is taken for one."""
    page, server = "status-lists.md", started()
    (tmp_path / "revoked.py").write_text(blocks(page, "python")["revoked.py"])
    answers = follow((DOCS / page).read_text(), server, tmp_path)
    assert list(answers) == ["setup.sh", "mint.sh", "list.sh", "revoke.sh"]
    told = answers["list.sh"].lower()
    assert "content-type: application/statuslist+jwt" in told and "cache-control: public, max-age=30" in told and 'etag: "' in told
    assert answers["mint.sh"].strip().startswith(f"{server.url}/status/") and answers["revoke.sh"].split() == ["1", "1"]
    administrator = {"Authorization": f"Bearer {server.admin_token}"}
    wanted = {"sub": "administrator", "org": "1", "audiences": [API], "time_validity": {"duration": 600}}
    alive = requests.post(f"{server.url}/v1/tokens", json=wanted, headers=administrator, timeout=10).json()["token"]
    dead = json.loads((tmp_path / "token.json").read_text())["token"]
    (tmp_path / "try_revoked.py").write_text("""
import sys
from revoked import *

status = lambda token: jwt.decode(token, options={"verify_signature": False})["status"]
print(*[is_revoked(status(token)) for token in sys.argv[1:3]])
for uri in sys.argv[3:]:
    try:
        print(is_revoked({"status_list": {"uri": uri, "idx": 0}}))
    except (jwt.InvalidTokenError, requests.HTTPError) as refused:
        print(type(refused).__name__)
""")
    bad = ["http://127.0.0.1:1/status/x", f"{server.url}/status/{'0' * 26}"]
    environment = plain_environment(ISSUER=server.url)
    done = subprocess.run([sys.executable, "try_revoked.py", alive, dead, *bad], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["False", "True", "InvalidTokenError", "HTTPError"], done.stdout + done.stderr


def test_the_page_on_shared_signals(started, tmp_path):
    """Its commands, and that what they fetch is signed by a published key: a stream is tested, told of a revocation, and deleted."""
    server = started()
    answers = follow((DOCS / "shared-signals.md").read_text(), server, tmp_path)
    assert list(answers) == ["setup.sh", "create.sh", "verify.sh", "acknowledge.sh", "revoke.sh", "push.sh", "manage.sh"]
    stream, client = (json.loads((tmp_path / name).read_text()) for name in ("stream.json", "client.json"))
    assert stream["events_delivered"] == stream["events_requested"] and stream["delivery"]["endpoint_url"] == f"{server.url}/ssf/poll/{stream['stream_id']}"
    jti, event, *rest = answers["verify.sh"].split()
    assert (event, rest[-1], len(jti)) == ("verification", "first", 32) and stream["stream_id"] in answers["verify.sh"]
    assert "session-revoked" in answers["revoke.sh"] and "ann" in answers["revoke.sh"]
    assert "a-secret-of-the-receiver" not in answers["push.sh"] and "https://receiver.example.com/events" in answers["push.sh"]
    keys = jwt.PyJWKClient(f"{server.url}/.well-known/jwks.json")
    fetched = json.loads((tmp_path / "signals.json").read_text())["sets"]
    for signal in fetched.values():
        algorithms = ["ES256", "RS256"]
        said = jwt.decode(signal, keys.get_signing_key_from_jwt(signal).key, algorithms=algorithms, audience=str(client["id"]), issuer=server.url)
        assert jwt.get_unverified_header(signal)["typ"] == "secevent+jwt" and {"sub", "exp"} & set(said) == set()
    assert fetched


def test_the_recipes(started, tmp_path):
    answers = follow((DOCS / "recipes.md").read_text(), started(), tmp_path)
    steps = ["setup.sh", "personal.sh", "lost.sh", "leaver.sh", "client.sh", "rotate.sh", "leaked.sh", "leaked_token.sh"]
    steps += ["private_key.sh", "tenant.sh"]
    assert list(answers) == steps
    assert json.loads((tmp_path / "tokens.json").read_text())["tokens"][0]["label"] == "laptop"
    assert (answers["private_key.sh"].strip(), answers["tenant.sh"].strip()) == ("private_key_jwt", "['acme']")


def test_the_page_for_apis_that_call_others(started, tmp_path):
    page = "delegation.md"
    (tmp_path / "seed.json").write_text(seed(page))
    with Issuer() as provider:
        server = started("--seed", str(tmp_path / "seed.json"), "--jwks-origin", provider.url)
        (tmp_path / "id_token.txt").write_text(provider.token("f53f191f", typ="JWT", sub="ann"))
        grant = {"sub": "ann", "client_id": "2001", "resource": "https://files.example", "scope": "files.read", "exp": int(time.time()) + 300}
        (tmp_path / "id_jag.txt").write_text(provider.token(server.url, typ="oauth-id-jag+jwt", aud=server.url, **grant))
        # One of its answers has the issuer.
        answers = follow((DOCS / page).read_text().replace(PAGE_ISSUER, server.url), server, tmp_path, IDP=provider.url)
    steps = ["begin.sh", "exchange.sh", "introspect.sh", "may_act.sh", "grant.sh", "trust.sh", "id_token.sh", "id_jag.sh"]
    assert list(answers) == steps
    assert [json.loads(answers[step])["scope"] for step in steps[-2:]] == ["files.read"] * 2
    exchanged = json.loads((tmp_path / "exchanged.json").read_text())
    told = json.loads(re.search(r"^```json\n(\{\"access_token.*\})$", (DOCS / page).read_text(), re.M)[1])
    assert (set(exchanged), exchanged["scope"]) == (set(told), told["scope"])


def test_the_page_on_api_keys(started, tmp_path):
    # In the place of the page's `python3 -m http.server`, on a port that is free.
    files = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=tmp_path))
    threading.Thread(target=files.serve_forever, daemon=True).start()
    try:
        server = started("--secret-scanning-keys", f"http://127.0.0.1:{files.server_port}/keys.json")
        answers = follow((DOCS / "api-keys.md").read_text(), server, tmp_path)
    finally:
        files.shutdown()
        files.server_close()
    assert list(answers) == ["setup.sh", "make.sh", "check.sh", "exchange.sh", "rotate.sh", "end.sh", "self.sh", "pattern.sh", "leaked.sh", "ended.sh"]
    assert answers["rotate.sh"].split()[:2] == ["True", "True"] and "204 No Content" in answers["rotate.sh"]
    assert answers["self.sh"].strip() == "bob"
    key = json.loads((tmp_path / "leaked.json").read_text())["key"]
    verdict = {"token_hash": hashlib.sha256(key.encode()).hexdigest(), "token_type": "jeton_api_key", "label": "true_positive"}
    assert json.loads(answers["leaked.sh"]) == [verdict]
    assert answers["ended.sh"].strip() == "leaked"


def test_the_seed_file_with_every_part(started, tmp_path):
    (tmp_path / "seed.json").write_text(seed("settings.md"))
    server = started("--seed", str(tmp_path / "seed.json"))
    assert any(re.search(r"2 orgs?, 1 members?, 1 clients?", line) for line in server.printed), server.printed


def test_every_block_of_a_program_has_a_name_or_is_said_not_to_run():
    unnamed = {"api-keys.md": ["sh"], "../README.md": ["sh"], "getting-started.md": ["sh", "sh"], "authlete.md": ["sh", "python"], "cli.md": ["sh", "sh"], "clients.md": [], "delegation.md": [], "recipes.md": [], "sign-in.md": ["sh"], "status-lists.md": [], "shared-signals.md": [], "mcp.md": ["sh"], "../examples/login/README.md": [], "verifying-tokens.md": [], "workloads.md": ["sh"], "workloads/libraries.md": []} | {f"workloads/{name}.md": ["sh"] * (name in ("github", "kubernetes", "aws", "google", "entra")) for name in PLATFORMS} | {f"verifying/{name}.md": [] for name in ("axum", "fastapi", "go", "node", "spring")} | {"signing-in/go.md": [], "signing-in/spring.md": []}
    for page, expected in unnamed.items():
        fenced = re.findall(r"^```(js|python|sh|rust|java|go)\n(.*)$", (DOCS / page).read_text(), re.M)
        assert [language for language, first in fenced if not re.match(r"(#|//) [\w.]+$", first)] == expected
