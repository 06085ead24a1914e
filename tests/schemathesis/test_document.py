"""The document is OpenAPI 3.1, and the server does nothing that it doesn't say: schemathesis draws requests from it, good ones and bad ones."""

import json
from pathlib import Path

import pytest
import schemathesis
from openapi_spec_validator import OpenAPIV31SpecValidator
from world import World

HERE = Path(__file__).resolve().parent
DOCUMENT = HERE.parent.parent / "functions" / "openapi.json"

schema = schemathesis.openapi.from_path(DOCUMENT, config=schemathesis.Config.from_path(HERE / "schemathesis.toml"))


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("world"))
    yield world
    alive = world.http.get(world.url + "/v1/tokens/introspect_self", headers=world.bearer, timeout=10)
    code = world.server.stop()
    assert (alive.status_code, code) == (200, 0), "a request has ended the run for those after it"


def test_the_document_is_openapi_3_1():
    OpenAPIV31SpecValidator(json.loads(DOCUMENT.read_text())).validate()


@schema.parametrize()
def test_operation(case, world):
    raw = case.operation.definition.raw
    dialect = raw["tags"][0] + "."
    operation = dialect + raw["operationId"].removeprefix(dialect)
    world.settle(case, operation)
    case.call_and_validate(base_url=world.url, session=world.http, headers=world.headers(operation), timeout=10)
