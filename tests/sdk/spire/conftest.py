"""A SPIRE server with an agent on this machine, as they are published, beside a Jeton server that trusts them."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from free_port import free_port
from harness import Server

PROGRAMS = Path(os.environ["JETON_SPIRE"])
PATIENCE_SECONDS = 60
ORDERS, OTHER = "spiffe://example.org/ns/prod/orders", "spiffe://example.org/ns/dev/other"

SERVER = """
server {{
  bind_address = "127.0.0.1"
  bind_port = "{port}"
  socket_path = "{folder}/server.sock"
  trust_domain = "example.org"
  data_dir = "{folder}/server"
  log_level = "WARN"
  jwt_issuer = "{provider}"
  default_jwt_svid_ttl = "5m"
}}
plugins {{
  DataStore "sql" {{
    plugin_data {{
      database_type = "sqlite3"
      connection_string = "{folder}/server/datastore.sqlite3"
    }}
  }}
  KeyManager "memory" {{ plugin_data {{}} }}
  NodeAttestor "join_token" {{ plugin_data {{}} }}
}}
"""
AGENT = """
agent {{
  data_dir = "{folder}/agent"
  log_level = "WARN"
  server_address = "127.0.0.1"
  server_port = "{port}"
  socket_path = "{folder}/agent.sock"
  trust_domain = "example.org"
  insecure_bootstrap = true
}}
plugins {{
  KeyManager "memory" {{ plugin_data {{}} }}
  NodeAttestor "join_token" {{ plugin_data {{}} }}
  WorkloadAttestor "unix" {{ plugin_data {{}} }}
}}
"""
# Serves the same keys as OpenID Connect Discovery has it.
PROVIDER = """
log_level = "WARN"
domains = ["127.0.0.1"]
allow_insecure_scheme = true
insecure_addr = "127.0.0.1:{provider_port}"
set_key_use = true
server_api {{
  address = "unix://{folder}/server.sock"
  poll_interval = "1s"
}}
"""


def eventually(attempt, process):
    """What an attempt gives once it doesn't raise."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return attempt()
        except (OSError, subprocess.CalledProcessError, LookupError):
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@contextmanager
def running(folder, name, *arguments):
    """Runs a program of SPIRE for a while. What it says goes to a file of its name."""
    with open(folder / f"{name}.log", "wb") as log:
        process = subprocess.Popen([PROGRAMS / name, *arguments], stdout=log, stderr=log, cwd=folder)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


class Spire:
    """A SPIRE server with its agent. `bin` has its two commands, which know where the sockets are."""

    def __init__(self, folder, provider):
        # An agent compares the whole path of a socket, whose length has a limit.
        self.folder, self.provider, self.bin = folder, provider, folder / "bin"
        self.bin.mkdir()
        for name in ("server", "agent"):
            command = self.bin / f"spire-{name}"
            command.write_text(f'#!/bin/sh\nexec {PROGRAMS}/spire-{name} "$@" -socketPath {folder}/{name}.sock\n')
            command.chmod(0o755)

    def ask(self, name, *arguments):
        """What a command prints."""
        return subprocess.run([self.bin / f"spire-{name}", *arguments], check=True, capture_output=True, text=True, timeout=20).stdout

    def register(self, identity):
        """Says that each program of this user is a workload."""
        selector = f"unix:uid:{os.getuid()}"
        self.ask("server", "entry", "create", "-parentID", "spiffe://example.org/host", "-spiffeID", identity, "-selector", selector)

    def svid(self, identity, audience):
        """A JWT-SVID by the Workload API, for this program, which the agent takes for a workload."""
        told = json.loads(self.ask("agent", "api", "fetch", "jwt", "-audience", audience, "-spiffeID", identity, "-output", "json"))
        return told[0]["svids"][0]["svid"]

    def bundle(self):
        return json.loads(self.ask("server", "bundle", "show", "-format", "spiffe"))


@pytest.fixture(scope="session")
def spire():
    folder = Path(tempfile.mkdtemp(prefix="spire-"))
    ports = {"port": free_port(), "provider_port": free_port()}
    provider = f"http://127.0.0.1:{ports['provider_port']}"
    for name, text in {"server": SERVER, "agent": AGENT, "provider": PROVIDER}.items():
        (folder / f"{name}.conf").write_text(text.format(folder=folder, provider=provider, **ports))
    spire = Spire(folder, provider)
    (folder / "server").mkdir()
    try:
        with running(folder, "spire-server", "run", "-config", "server.conf") as server:
            eventually(lambda: spire.ask("server", "healthcheck"), server)
            [token] = re.findall(r"Token: (\S+)", spire.ask("server", "token", "generate", "-spiffeID", "spiffe://example.org/host"))
            for identity in (ORDERS, OTHER):
                spire.register(identity)
            with running(folder, "spire-agent", "run", "-config", "agent.conf", "-joinToken", token) as agent:
                eventually(lambda: spire.svid(ORDERS, "https://ready.example"), agent)
                with running(folder, "oidc-discovery-provider", "-config", "provider.conf") as process:
                    eventually(lambda: requests.get(provider + "/keys", timeout=5).json()["keys"][0], process)
                    yield spire
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def bundle_url(spire):
    """The address of the trust domain's bundle, as behind a proxy that ends TLS before a bundle endpoint."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps(spire.bundle()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listener.server_port}/bundle"
    listener.shutdown()
    listener.server_close()


@pytest.fixture(scope="session")
def jeton(tmp_path_factory, spire, bundle_url):
    """A server with a client that is a workload of SPIRE, in an org for each way in which its keys are found."""
    folder = tmp_path_factory.mktemp("spire")
    jwt_bearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    issuers = {
        "1": {"issuer": "spiffe://example.org", "jwks": spire.bundle(), "reusable": True},
        "2": {"issuer": "spiffe://example.org", "jwks_uri": bundle_url, "reusable": True},
        "3": {"issuer": spire.provider, "discovery": True, "reusable": True},
    }
    scopes = [{"name": "orders.read", "default": True}]
    orgs = [{"id": org, "name": org, "settings": {"supported_scopes": scopes, "assertion_issuers": [entry]}} for org, entry in issuers.items()]
    client = {"alias": "orders", "kind": "confidential", "auth_method": "private_key_jwt", "grants": ["client_credentials", jwt_bearer]}
    clients = [
        client | {"org": org, "id": 7000 + int(org), "alias": f"orders-{org}", "federated": [{"issuer": entry["issuer"], "subject": "spiffe://example.org/ns/prod/*"}]}
        for org, entry in issuers.items()
    ]
    seed = folder / "seed.json"
    seed.write_text(json.dumps({"orgs": orgs, "clients": clients}))
    origins = [option for url in (bundle_url, spire.provider) for option in ("--jwks-origin", re.match(r"http://[^/]+", url)[0])]
    server = Server(folder / ".jeton", *origins, seed=seed)
    yield server
    assert server.stop() == 0
