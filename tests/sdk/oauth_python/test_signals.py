"""Receivers of shared signals: one that is pushed to and one that polls, which verify what they get with PyJWT and Authlib's joserfc."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest
import requests
from harness import Server
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet

PUSH, POLL = "urn:ietf:rfc:8935", "urn:ietf:rfc:8936"
CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
RISC = "https://schemas.openid.net/secevent/risc/event-type/"
PASSWORD = "Bearer a-secret-of-the-receiver"
PATIENCE = 20


class Receiver:
    """A receiver that does what it is told: `orders` are the statuses and bodies of its next answers. Otherwise it takes what it gets."""

    def __init__(self, port=0):
        receiver, self.got, self.orders = self, [], []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.got.append((self.headers, body))
                status, headers, answer = receiver.orders.pop(0) if receiver.orders else (202, {}, b"")
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(answer))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/events"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def wait_for(self, count):
        deadline = time.monotonic() + PATIENCE
        while len(self.got) < count:
            assert time.monotonic() < deadline, f"{len(self.got)} of {count}"
            time.sleep(0.02)
        return self.got


class Transmitter:
    """A server, with a client that may have event streams."""

    def __init__(self, folder):
        self.server = Server(folder / ".jeton", seed=None)
        self.url = self.server.url
        self.admin = requests.Session()
        self.admin.headers["Authorization"] = f"Bearer {self.server.admin_token}"
        scopes = [{"name": "ssf.read"}, {"name": "ssf.manage"}]
        patch = {"headers": {"Content-Type": "application/merge-patch+json"}, "data": json.dumps({"settings": {"supported_scopes": scopes}})}
        self.check(self.admin.patch(f"{self.url}/v1/orgs/1", **patch, timeout=10))
        for sub in ("ann", "bob"):
            self.check(self.admin.put(f"{self.url}/v1/orgs/1/members/{sub}", json={"scopes": ["files.*"]}, timeout=10))
        client = {"kind": "confidential", "grants": ["client_credentials"], "scopes": ["ssf.manage"]}
        self.client = self.check(self.admin.post(f"{self.url}/v1/orgs/1/clients", json=client, timeout=10))
        basic, form = (str(self.client["id"]), self.client["secret"]), {"grant_type": "client_credentials", "scope": "ssf.manage"}
        token = self.check(requests.post(f"{self.url}/oauth2/token", auth=basic, data=form, timeout=10))
        self.manager = requests.Session()
        self.manager.headers["Authorization"] = f"Bearer {token['access_token']}"
        self.metadata = self.check(requests.get(f"{self.url}/.well-known/ssf-configuration", timeout=10))

    @staticmethod
    def check(answer):
        assert answer.ok, f"{answer.status_code} {answer.text}"
        return answer.json() if answer.text else None

    def stream(self, delivery, *events):
        body = {"delivery": delivery, "events_requested": list(events)}
        return self.check(self.manager.post(self.metadata["configuration_endpoint"], json=body, timeout=10))

    def delete(self, stream):
        answer = self.manager.delete(self.metadata["configuration_endpoint"], params={"stream_id": stream["stream_id"]}, timeout=10)
        assert answer.status_code == 204, answer.text

    def revoke(self, subject):
        self.check(self.admin.post(f"{self.url}/v1/orgs/1/revocations", json={"subject": subject}, timeout=10))

    def verified(self, token, stream):
        """The claims, once both libraries have verified the token by the published keys."""
        key = jwt.PyJWKClient(self.metadata["jwks_uri"]).get_signing_key_from_jwt(token)
        expected = {"audience": stream["aud"], "issuer": self.metadata["issuer"], "algorithms": ["ES256", "RS256"]}
        claims = jwt.decode(token, key, options={"require": ["iss", "iat", "jti", "aud"]}, **expected)
        header = jwt.get_unverified_header(token)
        assert header["typ"] == "secevent+jwt"
        keys = KeySet.import_key_set(requests.get(self.metadata["jwks_uri"], timeout=10).json())
        assert joserfc_jwt.decode(token, keys, algorithms=[header["alg"]]).claims == claims
        with pytest.raises(jwt.InvalidAudienceError):
            jwt.decode(token, key, **(expected | {"audience": "https://other.example"}))
        assert not {"sub", "exp", "nbf"} & claims.keys() and len(claims["events"]) == 1
        return claims


@pytest.fixture(scope="module")
def transmitter(tmp_path_factory):
    transmitter = Transmitter(tmp_path_factory.mktemp("signals"))
    yield transmitter
    assert transmitter.server.stop() == 0


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.stop()


def test_rfc8935_2_a_webhook_gets_each_event_once_signed_for_it(transmitter, receiver):
    delivery = {"method": PUSH, "endpoint_url": receiver.url, "authorization_header": PASSWORD}
    stream = transmitter.stream(delivery, f"{CAEP}session-revoked", f"{CAEP}token-claims-change", f"{RISC}account-disabled")
    assert PASSWORD not in json.dumps(stream), "nobody is told it again"
    verify = {"stream_id": stream["stream_id"], "state": "VGhpcyBpcyBhIHRlc3Q"}
    assert transmitter.manager.post(transmitter.metadata["verification_endpoint"], json=verify, timeout=10).status_code == 204
    receiver.wait_for(1)
    transmitter.revoke("ann")
    receiver.wait_for(2)
    body = {"scopes": ["mail.*"], "enabled": False}
    transmitter.check(transmitter.admin.put(f"{transmitter.url}/v1/orgs/1/members/ann", json=body, timeout=10))
    told = []
    for headers, token in receiver.wait_for(4):
        assert headers["Content-Type"] == "application/secevent+jwt" and headers["Accept"] == "application/json"
        assert headers["Authorization"] == PASSWORD
        claims = transmitter.verified(token, stream)
        ((event, members),) = claims["events"].items()
        told.append((event.rsplit("/", 1)[1], claims["sub_id"], members))
    ann = {"format": "iss_sub", "iss": transmitter.metadata["issuer"], "sub": "ann"}
    assert told[0] == ("verification", {"format": "opaque", "id": stream["stream_id"]}, {"state": verify["state"]})
    assert [(event, subject) for event, subject, _ in told[1:2]] == [("session-revoked", ann)]
    assert sorted(event for event, _, _ in told[2:]) == ["account-disabled", "token-claims-change"]
    (claims,) = [members["claims"] for event, _, members in told if event == "token-claims-change"]
    assert claims == {"scopes": ["mail.*"]}
    assert all(members["reason_admin"]["en"] for event, _, members in told[1:])
    transmitter.delete(stream)


def test_rfc8935_2_3_what_a_receiver_does_not_take_is_sent_again_and_what_it_refuses_is_not(transmitter, receiver):
    stream = transmitter.stream({"method": PUSH, "endpoint_url": receiver.url}, f"{CAEP}session-revoked")
    huge = json.dumps({"err": "access_denied", "description": "x" * 1_000_000}).encode()
    refused = json.dumps({"err": "invalid_request", "description": "no"}).encode()
    # Of the first: it is down, sends elsewhere, wants another password; then it takes it. It refuses the second for good, and takes the third.
    receiver.orders += [(503, {}, b""), (302, {"Location": "http://169.254.169.254/"}, b""), (400, {}, b'{"err": "authentication_failed"}')]
    receiver.orders += [(202, {}, b""), (400, {}, refused), (202, {}, b"")]
    for sub in ("ann", "bob", "ann"):
        transmitter.revoke(sub)
        time.sleep(0.01)
    got = receiver.wait_for(6)
    jtis = [transmitter.verified(token, stream)["jti"] for _, token in got]
    assert len(set(jtis[:4])) == 1 and len(set(jtis)) == 3, "the same event has the same name"
    # A body that nobody reads to its end refuses the token, too.
    receiver.orders += [(400, {}, huge)]
    transmitter.revoke("bob")
    receiver.wait_for(7)
    transmitter.revoke("ann")
    receiver.wait_for(8)
    time.sleep(1.5)
    assert len(receiver.got) == 8
    transmitter.delete(stream)


def test_rfc8936_2_what_is_polled_waits_until_it_is_acknowledged(transmitter):
    stream = transmitter.stream({"method": POLL}, f"{CAEP}session-revoked")
    poll = stream["delivery"]["endpoint_url"]
    transmitter.revoke("bob")
    deadline = time.monotonic() + PATIENCE
    while not (sets := transmitter.check(transmitter.manager.post(poll, json={"maxEvents": 5}, timeout=10))["sets"]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    ((jti, token),) = sets.items()
    claims = transmitter.verified(token, stream)
    assert (claims["jti"], claims["sub_id"]["sub"]) == (jti, "bob")
    again = transmitter.check(transmitter.manager.post(poll, json={"returnImmediately": True}, timeout=10))["sets"]
    assert transmitter.verified(again[jti], stream) == claims
    assert transmitter.check(transmitter.manager.post(poll, json={"ack": [jti], "maxEvents": 0}, timeout=10))["sets"] == {}
    assert transmitter.check(transmitter.manager.post(poll, json={"returnImmediately": True}, timeout=10))["sets"] == {}
    transmitter.delete(stream)


def test_a_receiver_that_was_down_gets_all_after_a_restart(tmp_path, receiver):
    transmitter = Transmitter(tmp_path)
    url = receiver.url
    receiver.stop()
    stream = transmitter.stream({"method": PUSH, "endpoint_url": url}, f"{CAEP}session-revoked")
    transmitter.revoke("ann")
    # It is tried in vain, and the server ends meanwhile.
    deadline = time.monotonic() + PATIENCE
    while not any(line.get("target") == "jeton::signal" for line in transmitter.server.log()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    port = transmitter.server.port
    transmitter.server.kill()
    back = Receiver(int(url.rsplit(":", 1)[1].split("/")[0]))
    transmitter.server = Server(transmitter.server.data_dir, listen=f"127.0.0.1:{port}", seed=None)
    ((_, token),) = back.wait_for(1)
    assert transmitter.verified(token, stream)["sub_id"]["sub"] == "ann"
    transmitter.server.stop()
    back.stop()

