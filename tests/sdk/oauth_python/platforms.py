"""An issuer on this machine: a discovery document, a key set, and tokens; the file that a kubelet keeps them in; and a server that takes them."""

import json
import os
import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from harness import Server

WORKLOAD = "system:serviceaccount:prod:orders"


class Issuer:
    """Serves its discovery document and its key while it is entered. Its tokens have no `typ`, as those of Kubernetes."""

    def __init__(self, path=""):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        # What it serves besides, by path and query.
        self.more = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.path = path
        self.url = self.address + path

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def documents(self):
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        key = {name: key[name] for name in ("kty", "n", "e")} | {"kid": "k1", "use": "sig", "alg": "RS256"}
        return self.more | {
            f"{self.path}/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/openid/v1/jwks"},
            f"{self.path}/openid/v1/jwks": {"keys": [key]},
        }

    def sign(self, claims, typ=None):
        return jwt.encode(claims, self.key, "RS256", headers={"kid": "k1", "typ": typ})

    def token(self, audience, typ=None, **more):
        """A token of the workload, for an hour."""
        now = int(time.time())
        claims = {"iss": self.url, "sub": WORKLOAD, "aud": [audience], "iat": now, "exp": now + 3600, "jti": str(uuid.uuid4())}
        return self.sign({name: value for name, value in (claims | more).items() if value is not None}, typ)


def handler(issuer):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            document = issuer.documents().get(self.path)
            body = (document if isinstance(document, str) else json.dumps(document)).encode()
            self.send_response(404 if document is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


class ProjectedVolume:
    """A folder with a file `token` that is replaced as a kubelet does it: a link to another folder is swapped, and readers see one or the other."""

    def __init__(self, folder):
        self.folder = folder
        self.file = folder / "token"
        folder.mkdir()

    def write(self, token):
        version = self.folder / f"..{uuid.uuid4().hex}"
        version.mkdir()
        (version / "token").write_text(token)
        link = self.folder / "..data_tmp"
        link.symlink_to(version.name)
        os.rename(link, self.folder / "..data")
        if not self.file.is_symlink():
            self.file.symlink_to("..data/token")
        for old in self.folder.glob("..*/token"):
            if old.parent.name not in (version.name, "..data"):
                old.unlink()
                old.parent.rmdir()


@dataclass(frozen=True)
class Trusting:
    """A server with a client that is a workload of an issuer, in an org that takes each of its tokens once. The client has no secret."""

    server: Server
    issuer: Issuer
    client: str = "7001"


@contextmanager
def trusting(folder, *options, keys=()):
    """Runs an issuer, and a server whose org trusts it. `keys` are public keys of the client's own, which may be in force beside its platform."""
    with Issuer() as issuer:
        scopes = [{"name": "orders.read", "default": True}]
        settings = {"supported_scopes": scopes, "assertion_issuers": [{"issuer": issuer.url, "discovery": True, "longest_life": 3600}]}
        client = {
            "org": "1",
            "id": int(Trusting.client),
            "alias": "orders",
            "kind": "confidential",
            "auth_method": "private_key_jwt",
            "grants": ["client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer"],
            "federated": [{"issuer": issuer.url, "subject": WORKLOAD}],
        }
        if keys:
            client["jwks"] = {"keys": list(keys)}
        seed = folder / "seed.json"
        seed.write_text(json.dumps({"orgs": [{"id": "1", "name": "Shop", "settings": settings}], "clients": [client]}))
        server = Server(folder / "jeton", "--jwks-origin", issuer.url, *options, seed=seed)
        yield Trusting(server, issuer)
        assert server.stop() == 0
