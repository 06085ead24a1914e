"""A server with what tests/openapi/seed.json says, and what requests need to get somewhere: who asks, and names of what there is.

Half of the requests keep what was drawn. None gets to do what would end the run: the administrator, its org and its token stay.
"""

import base64
import time
import zlib
from pathlib import Path

import requests
from harness import Server

SEED = Path(__file__).resolve().parent.parent / "openapi" / "seed.json"
CLIENT = ("4001", "a-secret-of-22-characters-or-more")
ORG, EMPTY_ORG, SUB_ORG = "1", "12", "11"
# Not one of whom the examples say that all tokens shall be revoked.
MEMBER = "eve"

LONGEST_QUERY = 3_000

# Members that name a token, a client, or somebody.
TOKENS = {"token", "subject_token", "actor_token", "accessToken", "accessTokenIdentifier"}
KILLS = {"agilicus.revoke_token", "agilicus.bulk_revoke_tokens", "oauth.revoke", "authlete.revoke_token", "authlete.delete_token", "jeton.delete_token", "jeton.create_revocation"}


class World:
    def __init__(self, folder):
        self.server = Server(folder / "data", seed=SEED)
        self.url = self.server.url
        self.killed_at = -2.0
        self.http = requests.Session()
        self.http.trust_env = False
        self.bearer = {"Authorization": f"Bearer {self.server.admin_token}"}
        self.secret = self._call("POST", f"/v1/orgs/{ORG}/secret", {})["secret"]
        for org in (ORG, SUB_ORG):
            self._call("PUT", f"/v1/orgs/{org}/members/{MEMBER}", {"scopes": ["urn:acme:*"]})
        self.known = {}

    def _call(self, method, path, body):
        answer = self.http.request(method, self.url + path, json=body, headers=self.bearer, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def member_token(self):
        ask = {"sub": MEMBER, "org": ORG, "audiences": ["urn:acme:api"], "time_validity": {"duration": 600}, "create_refresh_token": True}
        return self._call("POST", "/v1/tokens", ask | {"scopes": ["urn:acme:orders:read"], "session": "s-2"})

    def client_token(self):
        body = {"grantType": "AUTHORIZATION_CODE", "clientId": int(CLIENT[0]), "subject": "john", "scopes": ["read"]}
        return self._call("POST", f"/api/{ORG}/auth/token/create", body)

    def token(self, operation):
        """A live one: always the same, unless the operation would end it."""
        if operation in KILLS or operation not in self.known:
            of_member = operation.startswith("agilicus.")
            mint = lambda: self.member_token()["token"] if of_member else self.client_token()["accessToken"]
            try:
                self.known[operation] = mint()
            except requests.HTTPError as refused:
                if refused.response.status_code != 503:
                    raise
                # All that there was has been revoked this second: the token before is as good as any.
                if operation not in self.known:
                    time.sleep(1.1)
                    self.known[operation] = mint()
        return self.known[operation]

    def refresh_token(self, operation):
        return self.member_token()["refresh_token"] if operation.startswith("agilicus.") else self.client_token()["refreshToken"]

    def ticket(self):
        form = "grant_type=password&username=john&password=p&scope=read"
        body = {"parameters": form, "clientId": CLIENT[0], "clientSecret": CLIENT[1]}
        return self._call("POST", f"/api/{ORG}/auth/token", body)["ticket"]

    def batch(self):
        if "batch" not in self.known:
            self.known["batch"] = self._call("POST", f"/api/{ORG}/auth/token/create/batch", [self.wish()])["requestId"]
        return self.known["batch"]

    @staticmethod
    def wish():
        """A token of a batch, with nothing in it that another one could have taken."""
        return {"grantType": "AUTHORIZATION_CODE", "clientId": int(CLIENT[0]), "subject": "john"}

    def spare_client(self):
        """A client that may be changed: another one as soon as it is gone."""
        number = self.known.get("client")
        there = number and self.http.get(f"{self.url}/api/{ORG}/client/get/{number}", headers=self.bearer, timeout=10).ok
        if not there:
            number = self.known["client"] = str(self._call("POST", f"/api/{ORG}/client/create", {"clientType": "CONFIDENTIAL"})["clientId"])
        return number

    def registered(self):
        """A client that has registered itself, and its token: another one as soon as it is gone."""
        number, token = self.known.get("registered", ("0", ""))
        own = {"Authorization": f"Bearer {token}"}
        if not self.http.get(f"{self.url}/oauth2/register/{number}", headers=own, timeout=10).ok:
            said = {"client_name": "Reports", "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_basic"}
            answer = self._call("POST", "/oauth2/register", said)
            self.known["registered"] = (answer["client_id"], answer["registration_access_token"])
        return self.known["registered"]

    def headers(self, operation):
        """Who asks, in a way that the operation takes."""
        if operation.endswith(".v2"):
            return self._basic(ORG, self.secret)
        if operation == "oauth.register_client":
            return self.bearer
        if operation.endswith("_registration"):
            return {"Authorization": f"Bearer {self.registered()[1]}"}
        if operation.startswith("oauth."):
            return self._basic(*CLIENT)
        return self.bearer

    @staticmethod
    def _basic(name, secret):
        return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}

    def settle(self, case, operation):
        """Puts names of what there is in place of some that were drawn, and of all that would end the run."""
        plain = operation.removesuffix(".v2")
        if plain in KILLS:
            self.killed_at = time.monotonic()
        else:
            # Nothing is issued in the second after a revocation of many.
            time.sleep(max(0, self.killed_at + 1.1 - time.monotonic()))
        # What no gateway would let through: the server has room for no more either.
        if case.query and len(repr(case.query)) > LONGEST_QUERY:
            case.query = {}
        drawn = zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode())
        keeps = drawn % 2 == 0
        self._settle_path(case, plain, keeps)
        if plain == "authlete.create_token_batch" and isinstance(case.body, list) and not keeps:
            case.body = [self.wish() for _ in case.body]
        for item in case.body if isinstance(case.body, list) else [case.body]:
            if isinstance(item, dict):
                self._settle_body(item, plain, keeps)

    def _settle_path(self, case, operation, keeps):
        path = case.path_parameters if isinstance(case.path_parameters, dict) else {}
        if "serviceId" in path and not keeps:
            path["serviceId"] = ORG
        if "sub" in path and (path["sub"] == "administrator" or not keeps):
            path["sub"] = MEMBER if operation == "jeton.get_member" else "bob"
        if "org" in path and operation in {"jeton.put_org", "jeton.patch_org", "jeton.delete_org", "jeton.refresh_org_secret"}:
            # Whoever changes its own org can shut itself out.
            path["org"] = path["org"] if keeps and path["org"] != ORG else EMPTY_ORG
        elif "org" in path and not keeps:
            path["org"] = ORG
        if "id" in path and (path["id"] == CLIENT[0] or not keeps):
            path["id"] = self.spare_client()
        if "requestId" in path and not keeps:
            path["requestId"] = self.batch()
        if "client_id" in path and not keeps:
            path["client_id"] = self.registered()[0]
        if "accessTokenIdentifier" in path and not keeps:
            path["accessTokenIdentifier"] = self.token(operation)

    def _settle_body(self, body, operation, keeps):
        live = {
            "org": lambda: ORG,
            "org_id": lambda: SUB_ORG,
            "parent": lambda: ORG,
            "sub": lambda: MEMBER,
            "user_id": lambda: "bob",
            "ticket": self.ticket,
            "refresh_token": lambda: self.refresh_token(operation),
            "clientId": lambda: int(CLIENT[0]) if operation.startswith("authlete.create") else CLIENT[0],
            "clientSecret": lambda: CLIENT[1],
            "clientIdentifier": lambda: CLIENT[0],
        }
        live |= {name: (lambda: self.token(operation)) for name in TOKENS}
        if operation == "agilicus.refresh_token":
            live["token"] = lambda: self.refresh_token(operation)
        if operation == "authlete.create_token":
            del live["accessToken"]
        for name in body.keys() & live.keys():
            if not keeps and isinstance(body[name], str | int):
                body[name] = live[name]()
        if not keeps and "parameters" in body:
            token = self.token(operation)
            body["parameters"] = "grant_type=client_credentials" if operation == "authlete.process_token" else f"token={token}"
        if not keeps and operation == "oauth.update_registration":
            body["client_id"] = self.registered()[0]
        if body.get("user_id") == "administrator":
            body["user_id"] = "bob"
