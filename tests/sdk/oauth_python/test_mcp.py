"""The client of PyPI's `mcp`: it knows nothing but the address of an MCP server, and gets a token for it, for a person or for its workload."""

import asyncio
import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, urlsplit

import httpx2
import jwt
import pytest
import requests
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from harness import Server, plain_environment
from jwt.algorithms import ECAlgorithm
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.auth.extensions.client_credentials import PrivateKeyJWTOAuthProvider, SignedJWTParameters
from mcp.shared.auth import OAuthClientMetadata

from .deployments import private_key, public
from .platforms import WORKLOAD
from .test_docs import blocks

CALLBACK = "http://127.0.0.1:9/callback"
WORKLOAD_ID = 7001
# Where the platform's tokens come from; its key is in the settings of the org.
PLATFORM = "https://platform.example"
GRANTS = {"redirect_uris": [CALLBACK], "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "none"}


class Kept:
    """What the client keeps, as its storage."""

    def __init__(self):
        self.tokens = self.client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


@pytest.fixture(scope="module")
def mcp_server(tmp_path_factory):
    """A server of Jeton, and the address of an MCP server behind it that says who came with which token."""
    state = {}

    class McpServer(BaseHTTPRequestHandler):
        def do_GET(self):
            scheme, _, token = self.headers.get("Authorization", "").partition(" ")
            body = b"{}"
            if self.path == "/client.json":
                body = json.dumps(state["document"]).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
            elif self.path != "/mcp":
                self.send_response(404)
            elif scheme != "Bearer":
                self.send_response(401)
                self.send_header("WWW-Authenticate", f'Bearer resource_metadata="{state["metadata"]}", scope="files.read"')
            else:
                body = json.dumps({"token": token}).encode()
                self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), McpServer)
    address = f"http://127.0.0.1:{listener.server_port}/mcp"
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    folder = tmp_path_factory.mktemp("mcp")
    settings = {
        "login_url": "https://login.example/",
        "access_token_sign_alg": "ES256",
        "supported_scopes": [{"name": "files.read", "default": True}, {"name": "files.write"}],
        "resources": [{"resource": address, "scopes": ["files.read"]}],
        "open_registration": {"enabled": True},
        "client_metadata_documents": {"enabled": True, "hosts": [urlsplit(address).netloc]},
    }
    # One key is the platform's, and the other the client's own.
    keys = {"platform": private_key("ES256"), "own": private_key("ES256")}
    settings["assertion_issuers"] = [{"issuer": PLATFORM, "jwks": {"keys": [public(keys["platform"])]}, "reusable": True}]
    client = {"org": "1", "id": WORKLOAD_ID, "alias": "agent", "kind": "confidential", "auth_method": "private_key_jwt", "grants": ["client_credentials"]}
    client |= {"jwks": {"keys": [public(keys["own"])]}, "federated": [{"issuer": PLATFORM, "subject": WORKLOAD}]}
    state["document"] = {"client_id": address.replace("/mcp", "/client.json"), "client_name": "Agent"} | GRANTS
    (folder / "seed.json").write_text(json.dumps({"orgs": [{"id": "1", "name": "Shop", "settings": settings}], "clients": [client]}))
    server = Server(folder / "data", seed=folder / "seed.json")
    state["metadata"] = f"{server.url}/oauth2/resource-metadata/1?resource={quote(address, safe='')}"
    yield server, address, keys
    listener.shutdown()
    assert server.stop() == 0


class Person:
    """Signs in at a login application that accepts whatever is asked, without a page."""

    def __init__(self, server):
        self.server, self.session = server, requests.Session()

    async def sign_in(self, url):
        login = self.session.get(url, allow_redirects=False, timeout=10)
        assert login.status_code == 303, login.text
        asked = parse_qs(urlsplit(login.headers["Location"]).query)["authorization"][0]
        headers = {"Authorization": f"Bearer {self.server.admin_token}"}
        place = f"{self.server.url}/v1/authorizations/{asked}"
        self.shown = requests.get(place, headers=headers, timeout=10).json()
        decided = requests.post(f"{place}/accept", json={"subject": "ann"}, headers=headers, timeout=10).json()
        back = self.session.get(decided["redirect_to"], allow_redirects=False, timeout=10)
        self.answer = parse_qs(urlsplit(back.headers["Location"]).query)


def test_a_client_finds_registers_and_is_let_in(mcp_server):
    server, address, _ = mcp_server
    person, kept = Person(server), Kept()
    metadata = OAuthClientMetadata(
        client_name="Agent", redirect_uris=[CALLBACK], grant_types=["authorization_code", "refresh_token"], response_types=["code"], token_endpoint_auth_method="none"
    )

    async def answer():
        code, state, iss = (person.answer[name][0] for name in ("code", "state", "iss"))
        return AuthorizationCodeResult(code=code, state=state, iss=iss)

    async def ask():
        provider = OAuthClientProvider(address, metadata, kept, redirect_handler=person.sign_in, callback_handler=answer)
        async with httpx2.AsyncClient(auth=provider, timeout=20) as client:
            return (await client.get(address)).json()["token"]

    token = asyncio.run(ask())
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["aud"], claims["scope"], claims["sub"], claims["client_id"]) == (address, "files.read", "ann", kept.client.client_id)
    assert (person.shown["client"]["kind"], person.shown["redirect_host"]) == ("self_registered", "127.0.0.1")
    assert kept.tokens.refresh_token and kept.tokens.access_token == token


def test_a_client_is_known_by_its_document(mcp_server, monkeypatch):
    server, address, _ = mcp_server
    url = address.replace("/mcp", "/client.json")
    person, kept = Person(server), Kept()
    metadata = OAuthClientMetadata(client_name="Agent", response_types=["code"], **GRANTS)
    # The client takes https alone; the server of this test, on its own machine, has none.
    monkeypatch.setattr("mcp.client.auth.oauth2.is_valid_client_metadata_url", lambda _: True)

    async def answer():
        code, state, iss = (person.answer[name][0] for name in ("code", "state", "iss"))
        return AuthorizationCodeResult(code=code, state=state, iss=iss)

    async def ask():
        provider = OAuthClientProvider(
            address, metadata, kept, redirect_handler=person.sign_in, callback_handler=answer, client_metadata_url=url
        )
        async with httpx2.AsyncClient(auth=provider, timeout=20) as client:
            return (await client.get(address)).json()["token"]

    token = asyncio.run(ask())
    claims = jwt.decode(token, options={"verify_signature": False})
    assert kept.client.client_id == url, "nobody has registered"
    assert (claims["aud"], claims["scope"], claims["sub"], claims["client_id"]) == (address, "files.read", "ann", url)
    shown = person.shown["client"]
    assert (shown["kind"], shown["client_id"], shown["host"]) == ("metadata_document", url, urlsplit(address).netloc)
    assert kept.tokens.refresh_token and kept.tokens.access_token == token


def private_pem(key):
    return ECAlgorithm.from_jwk(key).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_a_workload_is_let_in_by_its_platforms_token(mcp_server, tmp_path):
    """With the program of docs/workloads/libraries.md."""
    server, address, keys = mcp_server
    now = int(time.time())
    claims = {"iss": PLATFORM, "sub": WORKLOAD, "aud": server.url, "iat": now, "exp": now + 300}
    token = jwt.encode(claims, private_pem(keys["platform"]), "ES256", headers={"kid": keys["platform"]["kid"]})
    (tmp_path / "token.txt").write_text(token + "\n")
    (tmp_path / "agent.py").write_text(blocks("workloads/libraries.md", "python")["mcp_workload.py"])
    environment = plain_environment(ISSUER=server.url, CLIENT_ID=str(WORKLOAD_ID), TOKEN_FILE="token.txt", MCP_URL=address)

    def run():
        return subprocess.run([sys.executable, "agent.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)

    done = run()
    assert (done.returncode, done.stdout) == (0, "200 files.read\n"), done.stderr
    (tmp_path / "token.txt").write_text(token[:-8] + "AAAAAAAA")
    done = run()
    assert done.returncode != 0 and "invalid_client" in done.stderr and "200" not in done.stdout


def test_a_client_is_let_in_by_its_own_key(mcp_server):
    server, address, keys = mcp_server
    client = str(WORKLOAD_ID)
    signed = SignedJWTParameters(issuer=client, subject=client, signing_key=private_pem(keys["own"]), signing_algorithm="ES256")

    async def ask():
        provider = PrivateKeyJWTOAuthProvider(address, Kept(), client, signed.create_assertion_provider(), issuer=server.url)
        async with httpx2.AsyncClient(auth=provider, timeout=20) as session:
            return (await session.get(address)).json()["token"]

    claims = jwt.decode(asyncio.run(ask()), options={"verify_signature": False})
    assert (claims["aud"], claims["scope"], claims["sub"], claims["client_id"]) == (address, "files.read", client, client)
