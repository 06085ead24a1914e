"""The programs of docs/verifying/ and docs/signing-in/ as servers, one for each stack, beside a Jeton server that issues their tokens."""

import base64
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from free_port import free_port
from harness import Server, plain_environment
from jwt.algorithms import ECAlgorithm
from oauth_python.deployments import API, private_key, public, seeded, settings

HERE = Path(__file__).resolve().parent
DOCS = HERE.parents[2] / "docs"
VERIFYING, SIGN_IN = DOCS / "verifying", DOCS / "signing-in"
CACHE = Path(os.environ["JETON_CACHE"])


def programs(page):
    """The programs of a page, by the name in their first line."""
    found = re.findall(r"^```(?:js|python|java|go)\n(?:#|//) ([\w.]+)\n(.*?)^```$", page.read_text(), re.M | re.S)
    assert found, page
    return dict(found)


def built(command, folder, **more):
    """Runs what builds a program, or tells why it can't."""
    done = subprocess.run(command, cwd=folder, env=dict(os.environ, **more), capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr


def needs(*tools):
    for tool in tools:
        if not shutil.which(tool):
            pytest.skip(f"there is no {tool} on this machine")


def write(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, code in files.items():
        (folder / name).write_text(code)
    return folder


def node(program):
    needs("node")
    # Beside the packages, which are looked for from where the programs are.
    folder = write(Path(os.environ["JETON_NODE"]) / "middleware", programs(VERIFYING / "node.md"))
    shutil.copy(HERE / "lambda_host.mjs", folder)
    return folder, ["node", *program]


def fastapi():
    folder = write(CACHE / "fastapi", programs(VERIFYING / "fastapi.md"))
    return folder, [os.environ["JETON_FASTAPI"], "-m", "uvicorn", "api:api", "--port", "{port}", "--log-level", "warning"]


def axum():
    # The layer oauth-rust holds its program to that of the page.
    return HERE, [os.environ["JETON_AXUM"]]


def built_by_maven(page, pom):
    """The one program of a page, as a server. Maven takes long even with nothing to do: only a change is worth it."""
    needs("java", "mvn")
    folder = CACHE / f"{page.parent.name}-{page.stem}"
    files = programs(page)
    wanted = "".join(files.values()) + pom.read_text()
    complete = folder / ".complete"
    if not complete.exists() or complete.read_text() != wanted:
        write(folder / "src" / "main" / "java", files)
        shutil.copy(pom, folder)
        built(["mvn", "-q", "-B", "-Dmaven.test.skip=true", f"-Dmaven.repo.local={CACHE / 'm2'}", "package"], folder)
        complete.write_text(wanted)
    [jar] = (folder / "target").glob("*.jar")
    return folder, ["java", "-XX:TieredStopAtLevel=1", "-jar", str(jar), "--server.port={port}", "--server.address=127.0.0.1"]


def go():
    needs("go")
    folder = write(CACHE / "go", programs(VERIFYING / "go.md"))
    for name in ("go.mod", "go.sum"):
        shutil.copy(HERE / name, folder)
    caches = {"GOMODCACHE": str(CACHE / "go-modules"), "GOCACHE": str(CACHE / "go-build")}
    built(["go", "build", "-mod=readonly", "-modcacherw", "-o", "api", "."], folder, GOTOOLCHAIN="local", **caches)
    built(["go", "vet", "-mod=readonly", "."], folder, GOTOOLCHAIN="local", **caches)
    return folder, ["./api"]


STACKS = {
    "express": lambda: node(["express.mjs"]),
    "lambda": lambda: node(["lambda_host.mjs", "lambda.mjs"]),
    "fastapi": fastapi,
    "axum": axum,
    "spring": lambda: built_by_maven(VERIFYING / "spring.md", HERE / "pom.xml"),
    "go": go,
}


@dataclass
class Issuer:
    """A Jeton server, with what gets its tokens and with its private key."""

    url: str
    clients: dict
    signing_key: object
    kid: str

    def token(self, client="basic", key=None, **more):
        """A token of a client for itself: RFC 6749 section 4.4."""
        known = self.clients[client]
        headers = {"DPoP": proof(key, "POST", self.url + "/oauth2/token")} if key else {}
        form = {"grant_type": "client_credentials", "scope": "files.read"} | more
        answer = requests.post(self.url + "/oauth2/token", auth=(known.id, known.secret), data=form, headers=headers, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    def forged(self, typ="at+jwt", key=None, headers=None, **more):
        """A token with other claims than the server would give, by its own key: each rule is tried by itself. None leaves a claim out."""
        now = int(time.time())
        claims = {"iss": self.url, "aud": API, "sub": "john", "client_id": "1", "scope": "files.read", "iat": now, "exp": now + 600}
        claims = {name: value for name, value in (claims | {"jti": uuid.uuid4().hex} | more).items() if value is not None}
        return jwt.encode(claims, key or self.signing_key, algorithm="ES256", headers={"typ": typ, "kid": self.kid} | (headers or {}))


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def public_jwk(key):
    whole = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {name: whole[name] for name in ("crv", "kty", "x", "y")}


def thumbprint(key):
    """RFC 7638."""
    return base64url(hashlib.sha256(json.dumps(public_jwk(key), sort_keys=True, separators=(",", ":")).encode()).digest())


def proof(key, method, url, token=None, headers=None, **more):
    """A DPoP proof: RFC 9449 section 4.2."""
    claims = {"jti": uuid.uuid4().hex, "htm": method, "htu": url, "iat": int(time.time())}
    if token:
        claims["ath"] = base64url(hashlib.sha256(token.encode()).digest())
    claims = {name: value for name, value in (claims | more).items() if value is not None}
    return jwt.encode(claims, key, algorithm="ES256", headers={"typ": "dpop+jwt", "jwk": public_jwk(key)} | (headers or {}))


@pytest.fixture(scope="session")
def issuer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("issuer")
    clients, entries = seeded("101", "ES256")
    own = settings("ES256", False, {"issuer": "https://idp.example", "jwks": {"keys": [public(private_key("ES256"))]}})
    seed = folder / "seed.json"
    seed.write_text(json.dumps({"orgs": [{"id": "101", "name": "Acme", "settings": own}], "clients": entries}))
    # Verifiers meet keys of other kinds in the set, too.
    algorithms = [option for name in ("ES256", "RS256", "EdDSA", "ML-DSA-44") for option in ("--algorithm", name)]
    server = Server(folder / "jeton", *algorithms, seed=seed)
    key = load_pem_private_key((server.data_dir / "signing-key.pem").read_bytes(), None)
    keys = requests.get(server.url + "/.well-known/jwks.json", timeout=10).json()["keys"]
    [kid] = [entry["kid"] for entry in keys if entry["alg"] == "ES256"]
    yield Issuer(server.url, clients, key, kid)
    assert server.stop() == 0


@dataclass
class Served:
    """A program of a page as a server."""

    name: str
    url: str
    log: Path

    def get(self, token=None, scheme="Bearer", method="GET", path="/files", dpop=None, authorization=None):
        authorization = authorization or (token and f"{scheme} {token}")
        headers = {"Authorization": authorization, "DPoP": dpop}
        return requests.request(method, self.url + path, headers={n: v for n, v in headers.items() if v}, timeout=10)


@contextmanager
def run(name, program, log, environment):
    """Runs a program as a server for a while."""
    folder, command = program()
    port = free_port()
    served = Served(name, f"http://127.0.0.1:{port}", log)
    environment = plain_environment(BASE=served.url, PORT=str(port), GOTRACEBACK="single", **environment)
    with open(log, "wb") as output:
        command = [part.replace("{port}", str(port)) for part in command]
        # In a process group of its own: `node` is a program that starts Node.js, and doesn't end it.
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output, start_new_session=True)
    try:
        wait_for(served, process)
        yield served
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def wait_for(served, process):
    for _ in range(600):
        assert process.poll() is None, served.log.read_text()
        try:
            requests.get(served.url + "/files", timeout=10, allow_redirects=False)
            return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise RuntimeError(f"{served.name} did not start: {served.log.read_text()}")


@pytest.fixture(scope="session", params=STACKS)
def api(request, issuer, tmp_path_factory):
    log = tmp_path_factory.mktemp("logs") / f"{request.param}.log"
    with run(request.param, STACKS[request.param], log, {"ISSUER": issuer.url, "API": API}) as served:
        yield served


@pytest.fixture
def key():
    return ec.generate_private_key(ec.SECP256R1())
