"""`sam local start-api`: the template's API on this machine, its functions in containers."""

import json
import os
from pathlib import Path

import pytest
from engine import Engine, Unavailable
from harness import Api, Aws, Process, free_port, listens, prebuilt, template, write
from stack import Stack, introspect, mint, part

# Where containers of the engine find this machine.
BRIDGE = "172.17.0.1"


@pytest.fixture(scope="module")
def engine(tmp_path_factory, bundles):
    try:
        engine = Engine(Path(os.environ["JETON_DOCKER"]), tmp_path_factory.mktemp("docker"))
    except Unavailable as reason:
        pytest.skip(str(reason))
    engine.import_image(bundles.glob("*/bootstrap"))
    yield engine
    engine.stop()


@pytest.fixture(scope="module")
def stack(engine, bundles, tmp_path_factory):
    """Tables, keys and the first administrator."""
    aws = Aws(tmp_path_factory.mktemp("aws"), listen="0.0.0.0")  # noqa: S104: of the engine's own network
    yield Stack(aws, "jeton-local", tmp_path_factory.mktemp("stack"), bundles)
    aws.stop()


@pytest.fixture(scope="module")
def admin(stack):
    return stack.invoke("BootstrapFunction", {})["token"]


@pytest.fixture(scope="module")
def local(engine, stack, bundles, tmp_path_factory):
    """The API of the template as `sam local start-api` has it, over the tables and keys of the stack."""
    folder = tmp_path_factory.mktemp("local")
    variables = stack.variables("JetonBootstrap") | {"AWS_ENDPOINT_URL": f"http://{BRIDGE}:{stack.aws.port}"}
    (folder / "variables.json").write_text(json.dumps({"Parameters": variables}))
    made = prebuilt(template(), bundles)
    # Only variables that the template names can be given.
    made["Globals"]["Function"]["Environment"]["Variables"] |= {"AWS_ENDPOINT_URL": ""}
    port = free_port()
    command = ["sam", "local", "start-api", "--template", write(made, folder), "--port", port]
    command += ["--env-vars", folder / "variables.json", "--skip-pull-image", "--warm-containers", "LAZY"]
    command += ["--parameter-overrides", "Architecture=x86_64"]
    api = Process(command, folder / "sam.log", lambda: listens(port), env=engine.env | {"AWS_REGION": "us-east-1"}, cwd=folder)
    yield Api(port)
    api.stop()


@pytest.fixture(scope="module")
def minted(local, admin):
    return mint(local, admin)["token"]


def test_mint(stack, minted):
    assert part(minted, 1)["iss"] == stack.outputs["IssuerUrl"]


def test_introspect(local, minted):
    assert introspect(local, minted).json()["sub"] == "administrator"


def test_revoke(local, minted):
    assert local.post("/v1/tokens/revoke", {"token": minted}).status in (200, 204)
    assert introspect(local, minted).status == 410
