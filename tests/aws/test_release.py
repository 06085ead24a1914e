"""`deploy/package`, and that what it makes is deployed without Rust: takes minutes of linking."""

import json
import platform
import shutil

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from harness import ROOT, run
from samcli.yamlhelper import yaml_parse
from stack import Stack, introspect, mint


@pytest.fixture(scope="module")
def release():
    """The folder of a release for this machine's processor, on which the emulator runs it."""
    if platform.machine() != "x86_64":
        pytest.skip("the emulator runs what it gets on this machine, which isn't x86_64")
    print(run(ROOT / "deploy/package", "x86_64", timeout=3600, cwd=ROOT))
    return ROOT / "dist/x86_64"


def test_its_checksums_are_those_of_all_its_files(release):
    run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=release)
    listed = {line.split("  ")[1] for line in (release / "SHA256SUMS").read_text().splitlines()}
    assert listed == {file.name for file in release.iterdir()} - {"SHA256SUMS"}


def test_its_list_of_contents_is_valid_cyclonedx(release):
    bom = (release / "sbom.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(bom) is None
    assert json.loads(bom)["metadata"]["component"]["name"] == "jeton"


def test_it_deploys_without_rust_and_mints(release, aws, tmp_path):
    # Elsewhere, as one who has fetched it has it.
    folder = shutil.copytree(release, tmp_path / "fetched")
    stack = Stack(aws, "jeton-released", folder, whole=yaml_parse((folder / "template.yaml").read_text()))
    admin = stack.invoke("BootstrapFunction", {})["token"]
    assert introspect(stack.api, mint(stack.api, admin)["token"]).json()["sub"] == "administrator"
