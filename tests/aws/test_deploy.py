"""The template, deployed by `sam deploy`, and the API that comes of it, over HTTP: in both signing modes."""

import json
import os
import time

import pytest
from harness import ROOT, Api, environment, prebuilt, run, template
from stack import Stack, introspect, mint, part


@pytest.fixture(scope="module", params=["kms", "envelope"])
def stack(request, aws, bundles, tmp_path_factory):
    mode = request.param
    stack = Stack(aws, f"jeton-{mode}", tmp_path_factory.mktemp(mode), bundles, SigningMode=mode, EventBusName="default")
    print(f"\nsam deploy in mode {mode}: {stack.seconds:.0f} s")
    return stack


@pytest.fixture(scope="module")
def admin(stack):
    """The token that `bootstrap` makes."""
    return stack.invoke("BootstrapFunction", {})["token"]


def keys(stack):
    return {key["kid"]: key for key in stack.api.get("/.well-known/jwks.json").json()["keys"]}


def test_health_answers_without_a_token(stack):
    # The emulator has a page of its own under this path, so by the other address that it has for APIs.
    name = stack.api.host.split(".")[0]
    assert Api(stack.aws.port).get(f"/_aws/execute-api/{name}/$default/health").json()["status"] == "ok"


def test_bootstrap_refuses_a_second_time(stack, admin):
    answer = stack.aws.client("lambda").invoke(FunctionName=stack.outputs["BootstrapFunction"], Payload="{}")
    assert answer["FunctionError"]


def test_a_minted_token_names_its_issuer_and_a_published_key(stack, admin):
    token = mint(stack.api, admin)["token"]
    assert part(token, 1)["iss"] == stack.outputs["IssuerUrl"]
    assert keys(stack)[part(token, 0)["kid"]]["kty"] == "EC"


def test_private_keys_are_where_the_mode_says(stack, admin):
    aliases = stack.aws.client("kms").list_aliases()["Aliases"]
    signing = [alias for alias in aliases if alias["AliasName"].startswith(f"alias/{stack.name}/signing/")]
    assert len(signing) == (len(keys(stack)) if stack.parameters["SigningMode"] == "kms" else 0)


def test_minted_then_introspected_listed_and_revoked(stack, admin):
    minted = mint(stack.api, admin, session="s-1", create_refresh_token=True)
    assert introspect(stack.api, minted["token"]).json()["sub"] == "administrator"
    jti = part(minted["token"], 1)["jti"]
    listed = stack.api.get("/v1/tokens?sub=administrator", admin).json()["tokens"]
    assert jti in [row["jti"] for row in listed]

    refreshed = stack.api.post("/v1/tokens/refresh", {"token": minted["refresh_token"]}).json(201)
    assert introspect(stack.api, refreshed["token"]).json()["sub"] == "administrator"

    assert stack.api.post("/v1/tokens/revoke", {"token": minted["token"]}).status in (200, 204)
    assert introspect(stack.api, minted["token"]).status == 410
    listed = stack.api.get("/v1/tokens?sub=administrator&session=s-1", admin).json()["tokens"]
    assert {row["jti"]: row["revoked"] for row in listed}[jti] is True


def test_members_are_made_and_get_tokens_of_their_own(stack, admin):
    stack.api.put("/v1/orgs/1/members/ann", {"scopes": ["urn:app:read"]}, admin).json(201)
    assert stack.api.get("/v1/orgs/1/members/ann", admin).json()["scopes"] == ["urn:app:read"]
    token = mint(stack.api, admin, sub="ann", scopes=["urn:app:read"])["token"]
    assert stack.api.get("/v1/tokens/introspect_self", token).json()["sub"] == "ann"


@pytest.fixture(scope="module")
def url(stack):
    """The other address that the emulator has for APIs: names below localhost need not be known to a machine."""
    return f"http://127.0.0.1:{stack.aws.port}/_aws/execute-api/{stack.api.host.split('.')[0]}/$default"


def test_the_smoke_test_passes_on_a_deployment(admin, url):
    lines = run(ROOT / "tests/smoke", url, env=environment(JETON_TOKEN=admin)).splitlines()
    assert len(lines) == 8 and all(line.startswith("ok  ") for line in lines)


def test_the_command_line_manages_a_deployment(admin, stack, url):
    def jeton(*arguments):
        return run(os.environ["JETON_BIN"], *arguments, "--json", env=environment(JETON_URL=url, JETON_TOKEN=admin))

    token = json.loads(jeton("token", "mint", "--audience", "urn:example:api", "--session", "cli"))["token"]
    assert [row["jti"] for row in json.loads(jeton("token", "list", "--session", "cli"))["tokens"]] == [part(token, 1)["jti"]]
    assert json.loads(jeton("member", "set", "carl", "--create", "enabled=false"))["enabled"] is False
    jeton("token", "revoke", part(token, 1)["jti"])
    assert introspect(stack.api, token).status == 410


def test_a_rotation_publishes_the_next_key_and_ends_no_token(stack, admin):
    token = mint(stack.api, admin)["token"]
    before = keys(stack)
    states = [key["state"] for key in stack.invoke("RotateKeysFunction", {"now": True})["keys"]]
    assert states.count("active") == 1 and "next" in states
    # By a function that hasn't been asked before: the others read the keys again after five minutes.
    published = stack.api.get("/v1/tokens/jwsk").json()["keys"]
    assert {key["kid"] for key in published} > set(before)
    assert introspect(stack.api, token).json()["sub"] == "administrator"
    assert part(mint(stack.api, admin)["token"], 0)["kid"] in before


@pytest.fixture
def events(stack):
    """What the bus hears: a list that is added to when it is asked for."""
    queues, bus = stack.aws.client("sqs"), stack.aws.client("events")
    url = queues.create_queue(QueueName=f"{stack.name}-events")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    bus.put_rule(Name=stack.name, EventPattern=json.dumps({"source": ["jeton"]}))
    bus.put_targets(Rule=stack.name, Targets=[{"Id": "queue", "Arn": arn}])
    heard = []

    def more():
        answer = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            heard.append(json.loads(message["Body"]))
        return heard

    return more


def test_the_bus_hears_of_a_token_from_mint_to_revocation_and_never_the_token(stack, admin, events):
    token = mint(stack.api, admin, session="heard")["token"]
    assert stack.api.post("/v1/tokens/revoke", {"token": token}).status == 204
    jti, deadline = part(token, 1)["jti"], time.monotonic() + 60
    told = []
    while len(told) < 2 and time.monotonic() < deadline:
        told = [event for event in events() if event["detail"].get("jti") == jti]
    assert [event["detail-type"] for event in told] == ["token.minted", "token.revoked"]
    assert token.split(".")[2] not in json.dumps(told)


def test_a_batch_goes_through_the_queue_and_is_done_in_the_background(stack, admin):
    settings = {"supported_scopes": [{"name": "read"}]}
    assert stack.api.put("/v1/orgs/1", {"settings": settings}, admin).status == 200
    client = stack.api.post("/api/1/client/create", {"clientType": "CONFIDENTIAL"}, admin).json(200)["clientId"]
    value = f"moved-{time.monotonic_ns()}"
    batch = [{"grantType": "PASSWORD", "clientId": client, "subject": "john", "scopes": ["read"], "accessToken": value}]
    accepted = stack.api.post("/api/1/auth/token/create/batch", batch, admin).json(200)
    deadline, status = time.monotonic() + 60, {}
    while "result" not in status and time.monotonic() < deadline:
        time.sleep(0.5)
        status = stack.api.get(f"/api/1/auth/token/create/batch/status/{accepted['requestId']}", admin).json(200)["status"]
    assert (status["result"], status["tokenCount"]) == ("SUCCEEDED", 1)
    seen = stack.api.post("/api/1/auth/introspection", {"token": value, "scopes": ["read"]}, admin).json(200)
    assert (seen["action"], seen["subject"]) == ("OK", "john")


def test_without_a_token_and_without_a_route_nothing_is_told(stack):
    assert stack.api.post("/v1/tokens", {"sub": "ann", "org": "1"}).status == 401
    for path in ["/v1/nothing", "/jeton.bootstrap", "/"]:
        assert stack.api.get(path).json(404)["code"] == "NO_SUCH_PATH", path


def test_what_no_route_leads_to_is_refused_as_the_local_server_does(stack):
    for method, path, allow in [("PUT", "/v1/tokens", "GET, HEAD, POST"), ("GET", "/oauth2/token", "POST"), ("POST", "/errors/A048301", "GET, HEAD")]:
        answer = stack.api.call(method, path)
        assert (answer.status, answer.headers["allow"]) == (405, allow), f"{method} {path}: {answer.body}"
    assert stack.api.get("/api/1/nothing").json(404)["resultCode"].startswith("A")
    answer = stack.api.call("HEAD", "/v1/orgs/1")
    assert (answer.status, answer.body) == (401, b"")


def test_a_first_deployment_that_fails_can_be_repeated(stack, aws, bundles, tmp_path_factory):
    """Beside other stacks. The emulator would delete protected tables, too, and gives tables of a stack of the same name the same names again:
    test_rules.py sees to it that nobody tries to delete them, and that no name is fixed."""
    name, formation = f"{stack.name}-again", aws.client("cloudformation")
    broken = prebuilt(template(), bundles, ".zip")
    waits = {"Handle": {"Ref": "Broken"}, "Timeout": "1", "Count": 1}
    needs = ["Tokens", "Directory", "EnvelopeKey", "AuditLogs"]
    broken["Resources"]["Broken"] = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
    broken["Resources"]["NeverDone"] = {"Type": "AWS::CloudFormation::WaitCondition", "DependsOn": needs, "Properties": waits}
    with pytest.raises(AssertionError, match="(?i)rollback|failed"):
        Stack(aws, name, tmp_path_factory.mktemp("broken"), whole=broken)
    left = [table for table in aws.client("dynamodb").list_tables()["TableNames"] if table.startswith(name)]
    assert len(left) == 2
    formation.delete_stack(StackName=name)
    formation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})

    again = Stack(aws, name, tmp_path_factory.mktemp("again"), bundles)
    assert again.invoke("BootstrapFunction", {})["token"]


def test_a_deployment_of_the_other_mode_keeps_all_tokens(stack, admin):
    token = mint(stack.api, admin)["token"]
    other = {"kms": "envelope", "envelope": "kms"}[stack.parameters["SigningMode"]]
    stack.deploy(SigningMode=other)
    assert introspect(stack.api, token).json()["sub"] == "administrator"
    assert "next" in [key["state"] for key in stack.invoke("RotateKeysFunction", {"now": True})["keys"]]
    assert introspect(stack.api, mint(stack.api, admin)["token"]).json()["sub"] == "administrator"
