"""The programs of docs/workloads/libraries.md for users of Python: each shows its platform's token, over HTTPS, as its libraries demand."""

import datetime
import ipaddress
import ssl
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from harness import free_port, plain_environment

from .platforms import ProjectedVolume, trusting
from .test_docs import blocks

PROGRAMS = blocks("workloads/libraries.md", "python")


def certificate(folder):
    """A certificate for this machine, and its private key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(now - day).not_valid_after(now + day).add_extension(alternative, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    built = builder.sign(key, hashes.SHA256())
    file = folder / "certificate.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return file


class Proxy:
    """Ends TLS before a server. `asked` is what was asked: method and path."""

    def __init__(self, port, pem):
        self.asked, self.target = [], None
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                proxy.asked.append(f"{self.command} {self.path}")
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "content-length", "connection", "accept-encoding")}
                answer = requests.request(self.command, proxy.target + self.path, data=body, headers=headers, timeout=10)
                self.send_response(answer.status_code)
                for name in ("Content-Type", "WWW-Authenticate", "Retry-After", "Cache-Control"):
                    if name in answer.headers:
                        self.send_header(name, answer.headers[name])
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.listener = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self.listener.socket = context.wrap_socket(self.listener.socket, server_side=True)
        threading.Thread(target=self.listener.serve_forever, daemon=True).start()

    def stop(self):
        self.listener.shutdown()
        self.listener.server_close()


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    """A server behind a proxy that ends TLS, the proxy, the address of both, and the certificate."""
    folder = tmp_path_factory.mktemp("workloads")
    port, pem = free_port(), certificate(folder)
    proxy, url = Proxy(port, pem), f"https://127.0.0.1:{port}"
    with trusting(folder, "--issuer", url) as jeton:
        proxy.target = jeton.server.url
        yield jeton, proxy, url, pem
    proxy.stop()


class Workload:
    """A workload with a file that its platform keeps, and the environment of its program."""

    def __init__(self, folder, behind):
        self.jeton, self.proxy, self.url, pem = behind
        self.folder, self.volume = folder, ProjectedVolume(folder / "volume")
        variables = {"ISSUER": self.url, "CLIENT_ID": self.jeton.client, "TOKEN_FILE": str(self.volume.file)}
        self.environment = plain_environment(REQUESTS_CA_BUNDLE=str(pem), **variables)
        self.replace()
        self.proxy.asked.clear()

    def replace(self, **more):
        """The platform replaces the token."""
        self.volume.write(self.jeton.issuer.token(self.url, **more))

    def start(self, name, code):
        (self.folder / name).write_text(code)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen([sys.executable, name], cwd=self.folder, env=self.environment, text=True, **pipes)

    def run(self, name, code=None):
        """What a program of the page prints, and how it ends."""
        program = self.start(name, code or PROGRAMS[name])
        told, problems = program.communicate(timeout=60)
        return told, problems, program.returncode


@pytest.fixture
def workload(tmp_path, behind):
    return Workload(tmp_path, behind)


DISCOVERY = "GET /.well-known/openid-configuration"
TOLD = {"workload.py": "orders.read 600\n", "azure_workload.py": "Bearer True\n", "msal_workload.py": "orders.read 600\n"}


@pytest.mark.parametrize("name", TOLD)
def test_a_program_gets_its_token_by_its_platforms(workload, name):
    told, problems, code = workload.run(name)
    assert (told, code) == (TOLD[name], 0), problems
    assert workload.proxy.asked == ([DISCOVERY] if name == "msal_workload.py" else []) + ["POST /oauth2/token"]


@pytest.mark.parametrize("name", TOLD)
@pytest.mark.parametrize("wrong", [{"sub": "system:serviceaccount:prod:other"}, {"aud": ["https://elsewhere.example"]}])
def test_a_program_of_another_workload_or_with_a_token_for_others_is_refused(workload, name, wrong):
    workload.replace(**wrong)
    told, problems, code = workload.run(name)
    assert code != 0 and told == ""
    assert "invalid_client" in problems, problems


def test_without_the_hook_azure_identity_asks_for_a_path_of_entra_alone(workload):
    """What the page says of the library; it discovers nothing, and has no option for the path."""
    code = PROGRAMS["azure_workload.py"].replace(", raw_request_hook=send_to_jeton", "")
    assert code != PROGRAMS["azure_workload.py"]
    told, problems, code = workload.run("azure_workload.py", code)
    assert code != 0 and told == "" and "There is no endpoint at this path" in problems, problems
    assert workload.proxy.asked == ["POST /jeton/oauth2/v2.0/token"]


# After the program's own request, one more for each line of input.
AGAIN = {
    # By itself, for a request to an API, when its token has expired.
    "workload.py": 'session.token["expires_at"] = 1; session.get(os.environ["ISSUER"] + "/.well-known/jwks.json")',
    "msal_workload.py": 'assert "access_token" in application.acquire_token_for_client(scopes=["orders.read"], claims_challenge="{}")',
    "azure_workload.py": 'credential.get_token_info("orders.read", options={"claims": "{}"})',
}


@pytest.mark.parametrize("name", AGAIN)
def test_a_program_that_runs_on_shows_the_token_that_the_platform_has_put_in_its_place(workload, name):
    """Each token of this platform is good once: to read the file once wouldn't do."""
    again = f"""
import sys
for line in sys.stdin:
    try:
        {AGAIN[name]}
        print("granted", flush=True)
    except Exception as refused:
        print("refused", flush=True)
"""
    code = PROGRAMS[name]
    if name == "azure_workload.py":
        # It keeps what it has read for ten minutes; a function of one's own doesn't.
        code = code.replace("import WorkloadIdentityCredential", "import ClientAssertionCredential as Credential").replace("WorkloadIdentityCredential(", "Credential(")
        code = code.replace('token_file_path=os.environ["TOKEN_FILE"]', 'func=lambda: open(os.environ["TOKEN_FILE"]).read()')
    program = workload.start(name, code + again)
    try:
        assert program.stdout.readline() == TOLD[name], program.stderr.read()

        def asks():
            program.stdin.write("\n")
            program.stdin.flush()
            return program.stdout.readline().strip()

        assert asks() == "refused", "this token was used"
        for _ in range(2):
            workload.replace()
            assert asks() == "granted"
        assert program.communicate(timeout=20)[0] == ""
    finally:
        program.kill()
