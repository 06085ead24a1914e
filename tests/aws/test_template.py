"""What tools that know CloudFormation, SAM and security say of the template."""

import json
import os
import re

from harness import ROOT, run


def test_sam_validate_with_lint():
    run("sam", "validate", "--lint", cwd=ROOT)


def test_sam_validate():
    run("sam", "validate", "--region", "us-east-1", cwd=ROOT)


def test_cfn_lint():
    run("cfn-lint", "--regions", "us-east-1", "--", ROOT / "template.yaml")


def test_the_example_of_an_authorizer_in_the_docs(tmp_path):
    example = re.search(r"```yaml\n(Transform: .*?)```", (ROOT / "docs" / "deploy.md").read_text(), re.DOTALL)[1]
    (tmp_path / "template.yaml").write_text(example)
    run("sam", "validate", "--lint", "--region", "us-east-1", cwd=tmp_path)


def test_checkov_with_its_argued_exceptions(tmp_path):
    """Each of them has its reason in .checkov.yaml; a check that nothing fails any more is no exception. One run tells both, which
    takes a minute and a half."""
    config = ROOT / ".checkov.yaml"
    exceptions = [line.split(maxsplit=3) for line in config.read_text().splitlines() if line.startswith("  - CKV")]
    assert exceptions and all(len(line) == 4 and line[2] == "#" for line in exceptions)
    options = ["--framework", "cloudformation", "--skip-download", "--quiet", "--compact", "--soft-fail", "--output", "json"]
    # Not in the repository's folder, where the exceptions would be found.
    report = json.loads(run(os.environ["JETON_CHECKOV"], *options, "--file", ROOT / "template.yaml", cwd=tmp_path))
    assert report["summary"]["parsing_errors"] == 0 and report["summary"]["resource_count"] > 200
    failed = {check["check_id"]: check["resource"] for check in report["results"]["failed_checks"]}
    assert failed.keys() == {line[1] for line in exceptions}, failed
