"""The AWS CDK's construct and the Terraform module, with the tools that they are for."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from harness import ROOT, environment, run


@pytest.fixture(scope="module")
def node(program, tmp_path_factory):
    """Runs Node.js's tests beside their packages, on a release whose archives have no programs in them."""
    release, packages = tmp_path_factory.mktemp("release"), Path(os.environ["JETON_CONSTRUCTS"])
    text, bundles = program.packaged_template((ROOT / "template.yaml").read_text(), "arm64")
    (release / "cloudformation.json").write_text(json.dumps(program.plain_template(text)))
    for bundle in bundles:
        (release / "bootstrap").write_text(bundle)
        program.archive(release / "bootstrap", release / f"{bundle}.zip")
    for file in [*(ROOT / "deploy/cdk").glob("*.*"), *(ROOT / "tests/constructs").glob("*.mjs")]:
        if not file.name.startswith("package"):
            shutil.copy(file, packages)
    page = (ROOT / "docs/releases.md").read_text()
    compiled = json.loads((packages / "tsconfig.json").read_text())
    (packages / "tsconfig.json").write_text(json.dumps(compiled | {"files": ["index.ts", "example.ts"]}))
    (packages / "example.ts").write_text(re.search(r"```ts\n(.*?)```", page, re.DOTALL)[1].replace("'jeton-cdk'", "'./index.js'"))
    (packages / "example.tf").write_text(re.search(r"```hcl\n(.*?)```", page, re.DOTALL)[1])
    env = environment(JETON_RELEASE=str(release), JETON_TERRAFORM=str(ROOT / "deploy/terraform"))
    run("node", "node_modules/typescript/bin/tsc", cwd=packages, env=env)

    def test(name):
        done = subprocess.run(["node", "--test", name], cwd=packages, env=env, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return test


@pytest.mark.parametrize("name, tests", [("cdk.test.mjs", 6), ("terraform.test.mjs", 6)])
def test_it_deploys_a_release(node, name, tests):
    assert f"pass {tests}\n" in node(name)
