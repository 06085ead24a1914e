"""Authlete's Java SDK as it is published, in a program that signs a person in."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

HERE = Path(__file__).resolve().parents[1] / "authlete_java"


@pytest.fixture(scope="module")
def classpath():
    """The SDK, fetched once."""
    for tool in ("java", "mvn"):
        if not shutil.which(tool):
            pytest.skip(f"there is no {tool} on this machine")
    folder = Path(os.environ["JETON_BIN"]).resolve().parents[1] / "authlete-java"
    fetch = ["mvn", "-q", "-B", "-f", HERE / "pom.xml", "dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
    if not list(folder.glob("authlete-java-common-*.jar")):
        subprocess.run(fetch, check=True, capture_output=True, timeout=500)
    return f"{folder}/*"


def test_a_person_signs_in(classpath, service, version):
    arguments = [version, service.url, service.id, service.secret, service.bearer]
    done = subprocess.run(["java", "-cp", classpath, HERE / "SignIn.java", *arguments], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    client = told["client"]
    claims = ["email", "email_verified"]
    scopes = ["openid", "email", "history.read"]
    # Gson leaves nothing out of a list: the secret isn't shown.
    assert told["asked"] == ["INTERACTION", "A004001", 43, client, None, scopes, ["LOGIN"], "WAP", 0, claims, int(service.id)]
    assert told["ticket"] == ["OK", "OK", "kept"]
    action, location, code = told["issued"]
    parameters = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    assert action == "LOCATION" and parameters == {"tenant": "1", "code": code, "state": "s 1", "iss": service.url}
    assert told["granted"][:4] == ["OK", "AUTHORIZATION_CODE", "john", scopes]
    said = jwt.decode(told["granted"][4], options={"verify_signature": False})
    assert (said["sub"], said["aud"], said["acr"], said["email"]) == ("john", [str(client)], "gold", "john@example.com")
    assert told["again"] == "A050305"
    assert told["userinfo"] == ["OK", "john", client, claims]
    assert told["said"][0] == "JSON" and json.loads(told["said"][1]) == {"sub": "john", "email": "john@example.com"}
    action, id_token = told["reissued"]
    again = jwt.decode(id_token, options={"verify_signature": False})
    assert (action, again["sub"], again["email"]) == ("OK", "john", "new@example.com")
    assert told["pushed"] == ["CREATED", "INTERACTION", "BAD_REQUEST"]
    assert told["device"] == ["OK", "VALID", ["openid", "history.read"], "SUCCESS", "OK"]
    ping = ["NOTIFICATION", "https://bank.example/notified", "8d67dc78"]
    assert told["elsewhere"] == ["USER_IDENTIFICATION", "PING", "LOGIN_HINT", "john", "OK", *ping, "OK", "CIBA", "BAD_REQUEST"]
    assert told["failed"][0] == "LOCATION" and parse_qs(urlsplit(told["failed"][1]).query)["error"] == ["access_denied"]
    assert told["evil"] == ["BAD_REQUEST", "A011304"]
    assert told["requestable"] == [["email"], ["email"]]
    asked = ["email", "history.read", "openid"]
    assert told["apps"] == ["john", True, asked, asked]
    assert told["ended"] == [None, "UNAUTHORIZED"]
