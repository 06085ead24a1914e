"""`deploy/package` makes of template.yaml one that needs no sources: the same, but for where the functions' code is. And the stages of
samconfig.toml."""

import json
import re
import zipfile
from pathlib import Path

import pytest
from conftest import BUNDLES
from harness import ROOT, environment, prebuilt, run, template
from samcli.lib.config.samconfig import SamConfig
from samcli.yamlhelper import yaml_parse


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_the_packaged_template_differs_in_the_code_and_the_architecture_alone(program, architecture):
    text, bundles = program.packaged_template((ROOT / "template.yaml").read_text(), architecture)
    assert bundles == sorted(BUNDLES)
    packaged = yaml_parse(text)
    assert packaged["Metadata"].pop("AWS::ServerlessRepo::Application")["SemanticVersion"] == program.version()
    expected = prebuilt(template(), Path(), ".zip")
    del expected["Globals"]["Function"]["CodeUri"]
    expected["Parameters"]["Architecture"] |= {"Default": architecture, "AllowedValues": [architecture]}
    # Without regard to the order of names.
    assert json.loads(json.dumps(packaged)) == json.loads(json.dumps(expected))


def test_the_packaged_template_is_valid(program, tmp_path):
    text, bundles = program.packaged_template((ROOT / "template.yaml").read_text(), "arm64")
    (tmp_path / "template.yaml").write_text(text)
    for name in ("LICENSE", "README.md"):
        (tmp_path / name).touch()
    run("sam", "validate", "--template", tmp_path / "template.yaml", env=environment(), cwd=tmp_path)


@pytest.fixture(scope="module")
def plain(program):
    """The packaged template in plain CloudFormation."""
    return program.plain_template(program.packaged_template((ROOT / "template.yaml").read_text(), "arm64")[0])


def test_the_plain_template_is_cloudformation_that_still_has_every_parameter(plain, tmp_path):
    text = json.dumps(plain)
    assert "AWS::Serverless" not in text
    assert [name for name in plain["Parameters"] if f'"Ref": "{name}"' not in text and f"${{{name}}}" not in text] == []
    assert {*plain["Parameters"]} - {*template()["Parameters"]} == {"BundleBucket", "BundlePrefix"}
    assert {"Tokens", "Directory", "EnvelopeKey"} <= plain["Resources"].keys() and plain["Outputs"].keys() == template()["Outputs"].keys()
    (tmp_path / "cloudformation.json").write_text(text)
    run("cfn-lint", "--regions", "us-east-1", "--", tmp_path / "cloudformation.json")


def test_the_plain_template_names_no_region_account_or_partition(plain):
    assert re.findall(r"us-east-1|arn:aws:|\d{12}", json.dumps(plain["Resources"])) == []


def test_an_archive_is_the_same_whenever_it_is_made(program, tmp_path):
    made = []
    for mode in (0o644, 0o700):
        bootstrap = tmp_path / "bootstrap"
        bootstrap.write_bytes(b"\x7fELF" * 1000)
        bootstrap.chmod(mode)
        program.archive(bootstrap, tmp_path / "one.zip")
        made.append((tmp_path / "one.zip").read_bytes())
    assert made[0] == made[1]
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        # Lambda starts it: it must be executable by everybody.
        assert archive.getinfo("bootstrap").external_attr >> 16 == 0o100755


def test_a_template_that_is_written_otherwise_is_refused(program):
    with pytest.raises(SystemExit, match="template.yaml isn't written as this program expects it"):
        program.packaged_template((ROOT / "template.yaml").read_text().replace("CodeUri: functions/", "CodeUri: elsewhere/"), "arm64")


def test_the_list_of_what_is_in_the_bundles_names_crates_by_their_checksums(program):
    bom = program.bill_of_materials("x86_64-unknown-linux-gnu")
    names = {component["name"] for component in bom["components"]}
    assert {"aws-lc-rs", "aws-sdk-dynamodb", "lambda_http"} <= names
    # The embedded store isn't deployed, and another crate by the name of one of the workspace isn't meant.
    assert not {"rusqlite", "shared", "functions"} & names
    assert all(len(component["hashes"][0]["content"]) == 64 for component in bom["components"])
    assert bom == program.bill_of_materials("x86_64-unknown-linux-gnu")


def test_each_stage_is_a_stack_of_its_own_with_parameters_that_the_template_has():
    config = SamConfig(ROOT)
    stages = {stage: config.get_all(["deploy"], "parameters", stage) for stage in ("dev", "prod")}
    assert stages["dev"]["stack_name"] != stages["prod"]["stack_name"]
    parameters = template()["Parameters"]
    for stage, options in stages.items():
        assert options["capabilities"] == config.get_all(["deploy"], "parameters")["capabilities"], stage
        for name, value in (override.split("=", 1) for override in options["parameter_overrides"]):
            allowed = parameters[name].get("AllowedValues")
            assert allowed is None or value in map(str, allowed), f"{stage}: {name}={value}"
