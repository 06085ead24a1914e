"""What the proofs stand on: an environment that reaches nothing but this machine, an AWS on a loopback port, HTTP, and the template
as far as that AWS can have it."""

import copy
import functools
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from samcli.yamlhelper import yaml_dump, yaml_parse

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests"))

from free_port import free_port  # noqa: E402

TOOLS = Path(sys.executable).parent
REGION = "us-east-1"
PROXIES = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}

# What the emulator's CloudFormation refuses. Both only watch what they are told to: nothing that answers a request needs them.
NOT_EMULATED = {
    "metric filters": lambda resource: resource["Type"] == "AWS::Logs::MetricFilter",
    "alarms on metric math": lambda resource: resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"],
}


def environment(**more):
    """The environment without proxies and without anybody's credentials."""
    kept = {name: value for name, value in os.environ.items() if name.upper() not in PROXIES and not name.startswith("AWS_")}
    kept |= {"PATH": f"{TOOLS}:{os.environ['PATH']}", "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": REGION}
    return kept | {"AWS_EC2_METADATA_DISABLED": "true"} | more


def run(*command, timeout=300, **options):
    """Runs a program to its end. Its output is its answer, and what a failure says."""
    options.setdefault("env", environment())
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=timeout, **options)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


class Process:
    """A program of one's own that serves, until it is told to end by its own pid."""

    PATIENCE = 30

    def __init__(self, command, log, is_ready, **options):
        self.log = Path(log)
        with open(self.log, "ab") as output:
            self.process = subprocess.Popen(list(map(str, command)), stdout=output, stderr=output, **options)
        deadline = time.monotonic() + self.PATIENCE
        while not is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"{command} did not start: {self.log.read_text()[-4000:]}")
            time.sleep(0.05)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(self.PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(self.PATIENCE)


def listens(port):
    with socket.socket() as caller:
        caller.settimeout(1)
        return caller.connect_ex(("127.0.0.1", port)) == 0


class Aws(Process):
    """ministack: DynamoDB, KMS, Lambda, API Gateway, CloudFormation and the rest, on one port."""

    def __init__(self, folder, listen="127.0.0.1"):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": self.url}
        (folder / "tmp").mkdir()
        own = {"BIND_HOST": listen, "GATEWAY_PORT": str(self.port), "PERSIST_STATE": "0", "TMPDIR": str(folder / "tmp")}
        env = environment(**own, **self.credentials)
        super().__init__([os.environ["JETON_MINISTACK"]], folder / "ministack.log", lambda: listens(self.port), env=env, cwd=folder)

    def client(self, service):
        import boto3
        from botocore.config import Config

        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(proxies={}, read_timeout=90, retries={"total_max_attempts": 1}),
        )


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self, status=200):
        assert self.status == status, f"{self.status}: {self.body[:2000]!r}"
        return json.loads(self.body) if self.body else None


class Api:
    """An API on a port of this machine, by the name that it answers to."""

    def __init__(self, port, host=None):
        self.port, self.host = port, host or f"127.0.0.1:{port}"

    def call(self, method, path, bearer=None, body=None):
        headers = {"Host": self.host, "Content-Type": "application/json"}
        if bearer is not None:
            headers["Authorization"] = f"Bearer {bearer}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, bearer=None):
        return self.call("GET", path, bearer)

    def post(self, path, body, bearer=None):
        return self.call("POST", path, bearer, body)

    def put(self, path, body, bearer=None):
        return self.call("PUT", path, bearer, body)


@functools.cache
def template():
    """The template, parsed once, which takes a second. Whoever changes it copies it first."""
    return yaml_parse((ROOT / "template.yaml").read_text())


@functools.cache
def routes():
    """The routes of the template, each with the logical id of its function."""
    paths = template()["Resources"]["Api"]["Properties"]["Body"]["paths"]
    found = {}
    for path, methods in paths.items():
        for method, operation in methods.items():
            function = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"].split("${AWS::StackName}_")[1].split("/")[0]
            found[path if path == "$default" else f"{method.upper()} {path}"] = function
    return found


def prebuilt(whole, bundles, kind=""):
    """The template for bundles that are built already: in `bundles`, a folder or an archive each."""
    made = copy.deepcopy(whole)
    for resource in made["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            binary = resource.pop("Metadata")["BuildProperties"]["Binary"]
            resource["Properties"]["CodeUri"] = str(bundles / f"{binary}{kind}")
    return made


def capitalized(value):
    """The same settings by the names that CloudFormation has for them."""
    if not isinstance(value, dict):
        return value
    if "Fn::If" in value:
        condition, yes, no = value["Fn::If"]
        return {"Fn::If": [condition, capitalized(yes), no]}
    return {name[0].upper() + name[1:]: setting for name, setting in value.items()}


def with_settings_alone(whole):
    """The template with what the document of the API says besides its routes: the emulator imports no document, see `Stack.import_routes`."""
    api = whole["Resources"]["Api"]["Properties"]
    body = api.pop("Body")
    api |= {"Name": body["info"]["title"], "ProtocolType": "HTTP", "CorsConfiguration": capitalized(body["x-amazon-apigateway-cors"])}
    api |= capitalized(body["x-amazon-apigateway-endpoint-configuration"])
    return whole


def emulated(whole):
    """The template as the emulator can have it. That what is left out is still there to be left out is checked."""
    made = with_settings_alone(copy.deepcopy(whole))
    for what, is_one in NOT_EMULATED.items():
        out = [name for name, resource in made["Resources"].items() if is_one(resource)]
        assert out, f"the template has no {what} any more"
        for name in out:
            del made["Resources"][name]
    return made


def write(made, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "template.yaml").write_text(yaml_dump(made))
    shutil.copy(ROOT / "samconfig.toml", folder)
    return folder / "template.yaml"
