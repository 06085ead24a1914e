"""`sam build && sam deploy`, as docs/deploy.md says it, with what is deployed in the end: takes minutes of linking."""

import platform
import shutil
import zipfile
from pathlib import Path

import pytest
from conftest import BUNDLES
from harness import ROOT, run
from samcli.yamlhelper import yaml_parse
from stack import Stack, introspect, mint

# MB as packed, at most: a tenth above what they were last. They should be 1.0 and 3.0.
SIZES = {"public": 1.1, "records": 4.2, "mint": 4.0, "operate": 3.9}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The template that `sam build` leaves."""
    if platform.machine() != "x86_64":
        pytest.skip("the emulator runs what it gets on this machine, which isn't x86_64")
    folder = tmp_path_factory.mktemp("aws-sam")
    command = ["sam", "build", "--build-dir", folder, "--parameter-overrides", "Architecture=x86_64"]
    run(*command, timeout=3600, cwd=ROOT)
    return folder


def test_four_bundles_are_built_and_small(built, tmp_path):
    files = {}
    for name, resource in yaml_parse((built / "template.yaml").read_text())["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            files[resource["Metadata"]["BuildProperties"]["Binary"]] = built / name / "bootstrap"
    assert sorted(files) == sorted(BUNDLES)
    for bundle, file in files.items():
        with zipfile.ZipFile(tmp_path / f"{bundle}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(file)
        size = Path(tmp_path / f"{bundle}.zip").stat().st_size / 1e6
        print(f"{bundle}: {file.stat().st_size / 1e6:.1f} MB, packed {size:.2f} MB")
        assert size <= SIZES[bundle]


def test_what_is_built_deploys_and_mints(built, aws, tmp_path):
    bundles = tmp_path / "bundles"
    for name, resource in yaml_parse((built / "template.yaml").read_text())["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            shutil.copytree(built / name, bundles / resource["Metadata"]["BuildProperties"]["Binary"], dirs_exist_ok=True)
    stack = Stack(aws, "jeton-built", tmp_path, bundles, kind="")
    admin = stack.invoke("BootstrapFunction", {})["token"]
    assert introspect(stack.api, mint(stack.api, admin)["token"]).json()["sub"] == "administrator"
