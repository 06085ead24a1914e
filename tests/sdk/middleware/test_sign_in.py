"""People sign in to the complete web applications of docs/signing-in/: OpenID Connect Core section 3.1, as those who use its libraries write it."""

import hashlib
import json
import shutil
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import pytest
from conftest import CACHE, HERE, SIGN_IN, built, built_by_maven, needs, programs, run, write
from harness import LoginApplication, Server
from oauth_python.browser import Browser
from oauth_python.deployments import DECIDE, bearer, send_people_to

SECRET = "only-for-this-test-of-a-web-application"
# Where each application takes people back, on whatever port: RFC 8252 section 7.3.
CALLBACKS = {"go": "/callback", "spring": "/login/oauth2/code/jeton"}
# Where a sign-in begins.
STARTS = {"go": "/sign-in", "spring": "/oauth2/authorization/jeton"}


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """A server with a client for each application, and its login application."""
    folder = tmp_path_factory.mktemp("people")
    hashed = hashlib.sha256(SECRET.encode()).hexdigest()
    clients = [
        {"org": "1", "id": 4000 + number, "alias": name, "kind": "confidential", "secrets_sha256": [hashed],
         "grants": ["authorization_code", "refresh_token"], "redirect_uris": ["http://127.0.0.1" + callback]}
        for number, (name, callback) in enumerate(CALLBACKS.items())
    ]  # fmt: skip
    members = [{"org": "1", "sub": "login-app", "kind": "service_account", "scopes": DECIDE}]
    seed = folder / "seed.json"
    seed.write_text(json.dumps({"orgs": [{"id": "1", "name": "Acme"}], "members": members, "clients": clients}))
    server = Server(folder / "jeton", seed=seed)
    login = LoginApplication(server.url, bearer(server, "1", "login-app", *DECIDE), folder / "login.log")
    send_people_to(login.url, server, "1")
    yield server, {client["alias"]: str(client["id"]) for client in clients}
    login.stop()
    assert server.stop() == 0


def go():
    needs("go")
    folder = write(CACHE / "go-sign-in", programs(SIGN_IN / "go.md"))
    for name in ("go.mod", "go.sum"):
        shutil.copy(HERE / "sign_in" / name, folder)
    caches = {"GOMODCACHE": str(CACHE / "go-modules"), "GOCACHE": str(CACHE / "go-build"), "GOTOOLCHAIN": "local"}
    built(["go", "build", "-mod=readonly", "-modcacherw", "-o", "app", "."], folder, **caches)
    built(["go", "vet", "-mod=readonly", "."], folder, **caches)
    return folder, ["./app"]


APPLICATIONS = {"go": go, "spring": lambda: built_by_maven(SIGN_IN / "spring.md", HERE / "sign_in" / "pom.xml")}


@pytest.fixture(scope="module", params=APPLICATIONS)
def app(request, people, tmp_path_factory):
    """The application with its address. It keeps nothing but in browsers, and each test has its own."""
    server, clients = people
    more = {"ISSUER": server.url, "CLIENT_ID": clients[request.param], "CLIENT_SECRET": SECRET}
    with run(request.param, APPLICATIONS[request.param], tmp_path_factory.mktemp("app") / "log", more) as served:
        yield served


def changed(url, **more):
    """The address with other values of its query."""
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | more
    return urlunsplit(parts._replace(query=urlencode(query)))


class Visit(Browser):
    """A browser at an application: it follows the application's own redirects, too."""

    def __init__(self, app):
        super().__init__(app.url + CALLBACKS[app.name])
        self.app = app

    def begun(self):
        """The address to which the application sends the browser to sign in."""
        answer = self.session.get(self.app.url + STARTS[self.app.name], allow_redirects=False, timeout=10)
        assert answer.status_code in (302, 303), answer.text
        return answer.headers["Location"]

    def back(self, url):
        """What the application shows when the browser comes back."""
        return self.session.get(url, timeout=10)


def test_a_person_signs_in_and_the_application_knows_who_it_is(app):
    visit = Visit(app)
    url = visit.begun()
    asked = parse_qs(urlsplit(url).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["nonce"] and asked["state"], "the page promises PKCE, state and nonce"
    shown = visit.back(visit.sign_in(url))
    assert (shown.status_code, shown.json()) == (200, {"sub": "u-1001", "email": "ann@example.org"}), shown.text


@pytest.mark.parametrize("change", [{"state": "another"}, {"code": "1.garbage.garbage"}])
def test_an_answer_to_another_request_signs_nobody_in(app, change):
    visit = Visit(app)
    shown = visit.back(changed(visit.sign_in(visit.begun()), **change))
    assert "ann@example.org" not in shown.text, shown.text


def test_an_answer_is_good_in_the_browser_alone_that_began(app):
    answer = (visit := Visit(app)).sign_in(visit.begun())
    assert "ann@example.org" not in Visit(app).back(answer).text


def test_the_application_hears_that_the_person_has_denied(app):
    visit = Visit(app)
    # What ann has granted isn't asked for again.
    answer = visit.sign_in(visit.begun(), user="bob", decision="deny")
    assert parse_qs(urlsplit(answer).query)["error"] == ["access_denied"]
    assert "ann@example.org" not in visit.back(answer).text
