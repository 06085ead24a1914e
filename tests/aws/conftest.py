"""What the proofs share: bundles as they are built, and an AWS of their own."""

import importlib.machinery
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from harness import ROOT, Aws

BUNDLES = ("public", "records", "mint", "operate")


@pytest.fixture(scope="session")
def bundles(tmp_path_factory):
    """A folder for each bundle, with its `bootstrap`: what `sam build` leaves, too. Beside it the same packed, which `sam deploy` would
    do for each function anew. Without debug information, which makes the most of it."""
    built = Path(os.environ["JETON_BUNDLES"])
    folder = tmp_path_factory.mktemp("bundles")
    for name in BUNDLES:
        (folder / name).mkdir()
        bootstrap = folder / name / "bootstrap"
        shutil.copy(built / name, bootstrap)
        subprocess.run(["strip", bootstrap], check=True)
        shutil.make_archive(folder / name, "zip", folder / name)
    return folder


@pytest.fixture(scope="session")
def aws(tmp_path_factory):
    aws = Aws(tmp_path_factory.mktemp("aws"))
    yield aws
    aws.stop()


@pytest.fixture(scope="session")
def program():
    """`deploy/package` as a module: its name has no ending that Python knows."""
    loader = importlib.machinery.SourceFileLoader("package", str(ROOT / "deploy/package"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("package", loader))
    loader.exec_module(module)
    return module
