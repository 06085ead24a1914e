"""The programs of docs/workloads/libraries.md for Go and Java: each shows its platform's token."""

import json
import shutil
import subprocess

import pytest
from conftest import CACHE, DOCS, HERE, built, needs, programs, write
from harness import plain_environment
from oauth_python.deployments import private_key, public
from oauth_python.platforms import ProjectedVolume, trusting

PROGRAMS = programs(DOCS / "workloads" / "libraries.md")
SOURCE = HERE / "workload"


@pytest.fixture(scope="module")
def own_key():
    return private_key("ES256")


@pytest.fixture(scope="module")
def jeton(tmp_path_factory, own_key):
    with trusting(tmp_path_factory.mktemp("workloads"), keys=[public(own_key)]) as jeton:
        yield jeton


@pytest.fixture
def volume(tmp_path, jeton):
    volume = ProjectedVolume(tmp_path / "volume")
    volume.write(jeton.issuer.token(jeton.server.url))
    return volume


@pytest.fixture
def environment(jeton, volume):
    return plain_environment(ISSUER=jeton.server.url, CLIENT_ID=jeton.client, TOKEN_FILE=str(volume.file))


@pytest.fixture(scope="module")
def go():
    """A folder with the program of Go, `./workload`, and `./each_line`, which tries its source of tokens."""
    needs("go")
    folder = write(CACHE / "go-workload", {"main.go": PROGRAMS["main.go"]})
    for name in ("go.mod", "go.sum", "each_line_test.go"):
        shutil.copy(SOURCE / name, folder)
    caches = {"GOMODCACHE": str(CACHE / "go-modules"), "GOCACHE": str(CACHE / "go-build"), "GOTOOLCHAIN": "local"}
    built(["go", "build", "-mod=readonly", "-modcacherw", "-o", "workload", "."], folder, **caches)
    built(["go", "test", "-mod=readonly", "-c", "-o", "each_line", "."], folder, **caches)
    built(["go", "vet", "-mod=readonly", "."], folder, **caches)
    return folder


@pytest.fixture(scope="module")
def classpath():
    """Nimbus's library, fetched once."""
    needs("java", "mvn")
    folder = CACHE / "java-workload"
    wanted = (SOURCE / "pom.xml").read_text()
    complete = folder / ".complete"
    if not complete.exists() or complete.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        fetch = ["mvn", "-q", "-B", "-f", str(SOURCE / "pom.xml"), f"-Dmaven.repo.local={CACHE / 'm2'}", "dependency:copy-dependencies"]
        built([*fetch, f"-DoutputDirectory={folder}"], folder)
        complete.write_text(wanted)
    return f"{folder}/*"


def java(classpath, program, environment, *arguments):
    command = ["java", "-XX:TieredStopAtLevel=1", "-cp", classpath, str(program), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)


def test_the_program_of_go_gets_its_token(go, jeton, volume, environment):
    done = subprocess.run(["./workload"], cwd=go, env=environment, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (0, "Bearer orders.read\n"), done.stderr
    volume.write(jeton.issuer.token(jeton.server.url, sub="system:serviceaccount:prod:other"))
    done = subprocess.run(["./workload"], cwd=go, env=environment, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and "invalid_client" in done.stderr and done.stdout == ""


def test_the_source_of_go_reads_what_the_platform_has_put_in_the_files_place(go, jeton, volume, environment):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    program = subprocess.Popen(["./each_line"], cwd=go, env=environment, text=True, **pipes)

    def asks():
        program.stdin.write("\n")
        program.stdin.flush()
        return program.stdout.readline()

    try:
        assert asks() == "granted\n"
        assert "invalid_client" in asks(), "this token was used"
        for _ in range(2):
            volume.write(jeton.issuer.token(jeton.server.url))
            assert asks() == "granted\n"
        assert program.communicate(timeout=20)[0] == "PASS\n"
    finally:
        program.kill()


def test_the_program_of_java_gets_its_token(classpath, jeton, volume, environment, tmp_path):
    program = tmp_path / "Workload.java"
    program.write_text(PROGRAMS["Workload.java"])
    done = java(classpath, program, environment)
    assert (done.returncode, done.stdout) == (0, "orders.read 600\n"), done.stderr
    done = java(classpath, program, environment)
    assert done.returncode != 0 and "invalid_grant" in done.stderr, "this token was used"


def test_nimbus_authenticates_by_the_clients_own_key_and_by_its_platforms_token(classpath, jeton, environment, own_key):
    done = java(classpath, SOURCE / "OwnKey.java", environment, json.dumps(own_key), jeton.issuer.token(jeton.server.url))
    assert done.returncode == 0, done.stderr
    assert done.stdout == "orders.read\norders.read\n"
