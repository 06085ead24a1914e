"""The client of PyPI's `mcp`: it knows nothing but the address of an MCP server, and gets a token for it."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, urlsplit

import httpx2
import jwt
import pytest
import requests
from harness import Server
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.shared.auth import OAuthClientMetadata

CALLBACK = "http://127.0.0.1:9/callback"
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
    state["document"] = {"client_id": address.replace("/mcp", "/client.json"), "client_name": "Agent"} | GRANTS
    (folder / "seed.json").write_text(json.dumps({"orgs": [{"id": "1", "name": "Shop", "settings": settings}]}))
    server = Server(folder / "data", seed=folder / "seed.json")
    state["metadata"] = f"{server.url}/oauth2/resource-metadata/1?resource={quote(address, safe='')}"
    yield server, address
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
    server, address = mcp_server
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
    server, address = mcp_server
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
