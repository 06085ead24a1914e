"""The document of the API is good to have clients generated from: the linter and the generators, as they are published, take it without a
warning, and what they generate compiles."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).resolve().parents[2] / "functions" / "openapi.json"
# Whose packages the layer has installed.
NODE = Path(os.environ["JETON_GENERATORS"])

# Nothing is told to anybody, and nobody is asked for a newer version.
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "DO_NOT_TRACK": "1", "CI": "true", "NO_COLOR": "1"}

# As strict as tsc is, with the modules of a project that a bundler builds.
TSCONFIG = {
    "compilerOptions": {
        "strict": True,
        "noEmit": True,
        "target": "es2022",
        "module": "esnext",
        "moduleResolution": "bundler",
        "lib": ["es2022", "dom", "dom.iterable"],
        "types": [],
    },
}


def run(*command, cwd):
    """Runs a tool, and returns what it says."""
    # Its own folder goes first: openapi-python-client looks for ruff there.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env={**os.environ, **QUIET, "PATH": path}, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{command[0]} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def tool(name):
    return NODE / "node_modules" / ".bin" / name


def test_the_linter_has_nothing_to_say(tmp_path):
    said = run(tool("redocly"), "lint", DOCUMENT, "--format=json", cwd=tmp_path)
    found = json.JSONDecoder().raw_decode(said[said.index("{") :])[0]
    problems = [(problem["ruleId"], problem["message"], problem["location"][0]["pointer"]) for problem in found["problems"]]
    assert [problem for problem in problems if not only_sends_on(*problem)] == []


def only_sends_on(rule, _, pointer):
    """A browser that is signed out is always sent on to a page."""
    return rule == "operation-2xx-response" and pointer.startswith("#/paths/~1oauth2~1logout/")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("openapi-typescript", [DOCUMENT, "--output", "jeton.ts"]),
        ("openapi-ts", ["--input", DOCUMENT, "--output", "jeton", "--no-log-file"]),
        ("orval", ["--input", DOCUMENT, "--output", "jeton.ts", "--client", "fetch"]),
    ],
    ids=["openapi-typescript", "hey-api", "orval"],
)
def test_a_client_for_typescript_is_generated_and_has_no_type_error(tmp_path, name, options):
    said = run(tool(name), *options, cwd=tmp_path)
    assert "warn" not in said.lower(), said
    (tmp_path / "tsconfig.json").write_text(json.dumps(TSCONFIG))
    run(tool("tsc"), "--project", tmp_path, cwd=tmp_path)
    text = "".join(path.read_text() for path in tmp_path.rglob("*.ts"))
    # Of an operation and of a schema: something has been generated.
    assert "CreateTokenRequest" in text and "/v1/tokens/bulk_revoke" in text


def test_a_client_for_python_is_generated_and_imported_without_a_warning(tmp_path):
    python = [sys.executable, "-W", "error"]
    # The generator knows some types of content, and is told what others are like: a status list is one JWT.
    (tmp_path / "config.json").write_text(json.dumps({"content_type_overrides": {"application/statuslist+jwt": "text/plain"}}))
    options = ["--path", DOCUMENT, "--output-path", "client", "--config", "config.json", "--fail-on-warning"]
    run(sys.executable, "-m", "openapi_python_client", "generate", *options, cwd=tmp_path)
    run(*python, "-m", "compileall", "-q", "client", cwd=tmp_path)
    # Each module by itself: the package imports none of them.
    imports = (
        "import importlib, pkgutil, jeton_client\n"
        "names = [module.name for module in pkgutil.walk_packages(jeton_client.__path__, 'jeton_client.')]\n"
        "for name in names: importlib.import_module(name)\n"
        "print(len(names))"
    )
    count = int(run(*python, "-c", imports, cwd=tmp_path / "client"))
    operations = sum(len(item) for item in json.loads(DOCUMENT.read_text())["paths"].values())
    assert count > operations, "a module for each operation, and those of the schemas"
