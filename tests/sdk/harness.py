"""A `jeton` server of one's own: started from the binary in JETON_BIN, stopped by its own pid."""

import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))

from free_port import free_port  # noqa: E402

SEED = HERE / "seed.json"
PROXIES = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"]


def plain_environment(**more):
    """The environment without proxies, and without what would tell the SDK where to go."""
    unwanted = {name.upper() for name in PROXIES}
    kept = {name: value for name, value in os.environ.items() if name.upper() not in unwanted and not name.startswith("AGILICUS")}
    return kept | more


class Server:
    """A running server. `log` is what it wrote to standard error, one JSON object a line."""

    PATIENCE = 20

    def __init__(self, data_dir, *options, listen="127.0.0.1:0", seed=SEED):
        self.data_dir = Path(data_dir)
        command = [os.environ["JETON_BIN"], "--listen", listen, "--data-dir", str(data_dir), "--log", "json", *options]
        if seed is not None:
            command += ["--seed", str(seed)]
        self.log_file = self.data_dir.with_suffix(".log")
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=plain_environment())
        self.printed = []
        self.url = self._wait_for_url()

    def _wait_for_url(self):
        lines = queue.Queue()

        def read():
            for line in self.process.stdout:
                lines.put(line)
            lines.put(None)

        threading.Thread(target=read, daemon=True).start()
        deadline = time.monotonic() + self.PATIENCE
        while True:
            try:
                line = lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                self.kill()
                raise RuntimeError(f"the server did not start: {''.join(self.printed)}{self.log_file.read_text()}")
            self.printed.append(line)
            if address := re.search(r"^Jeton listens on (http://\S+)", line):
                return address[1]

    @property
    def port(self):
        return int(self.url.rsplit(":", 1)[1])

    @property
    def admin_token(self):
        return (self.data_dir / "admin.token").read_text().strip()

    def log(self):
        return [json.loads(line) for line in self.log_file.read_text().splitlines()]

    def stop(self):
        """Asks it to end, and returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(self.PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self):
        """Ends it as a crash would."""
        self.process.kill()
        return self.process.wait(self.PATIENCE)


class Emulator:
    """ministack, an emulator of AWS of one's own: started from the program in JETON_MINISTACK, stopped by its own pid."""

    PATIENCE = 30

    def __init__(self, folder):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        own = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "PERSIST_STATE": "0", "TMPDIR": str(folder)}
        log = Path(folder) / "ministack.log"
        with open(log, "ab") as output:
            program = os.environ["JETON_MINISTACK"]
            self.process = subprocess.Popen([program], stdout=output, stderr=output, cwd=folder, env=plain_environment(**own))
        deadline = time.monotonic() + self.PATIENCE
        while not self._listens(port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"the emulator did not start: {log.read_text()[-4000:]}")
            time.sleep(0.05)

    @staticmethod
    def _listens(port):
        with socket.socket() as caller:
            caller.settimeout(1)
            return caller.connect_ex(("127.0.0.1", port)) == 0

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(self.PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(self.PATIENCE)


class LoginApplication:
    """The login application of examples/login/, for the server at an address: started by the `node` in PATH, stopped by its own pid."""

    PATIENCE = 10

    def __init__(self, jeton, token, log_file):
        program = HERE.parents[1] / "examples" / "login" / "server.mjs"
        environment = plain_environment(JETON_URL=jeton, JETON_TOKEN=token, PORT="0")
        # The `node` of a package may be a script that starts another process, which would outlive it.
        node = subprocess.run(["node", "--print", "process.execPath"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        with open(log_file, "ab") as log:
            self.process = subprocess.Popen([node, str(program)], stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        # It says so as soon as it listens, and ends if it can't.
        line = self.process.stdout.readline()
        if not (address := re.search(r" listens on (http://\S+)", line)):
            self.stop()
            raise RuntimeError(f"the login application did not start: {line}{Path(log_file).read_text()}")
        self.url = address[1]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(self.PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(self.PATIENCE)


STORES = ("sqlite", "dynamodb")


@contextmanager
def on_both_stores(folder, seed, *options):
    """A server on each store, with this seed, by the store's name. They must run until the end, and then end in order."""
    file = folder / "seed.json"
    file.write_text(json.dumps(seed))
    endpoint, emulator, servers = os.environ.get("DYNAMODB_ENDPOINT"), None, {}
    try:
        if not endpoint:
            emulator = Emulator(folder)
            endpoint = emulator.url
        run = uuid.uuid4().hex[:8]
        tables = ["--tokens-table", f"jeton-tokens-{run}", "--directory-table", f"jeton-directory-{run}"]
        stores = {"sqlite": [], "dynamodb": ["--store", "dynamodb", "--aws-endpoint", endpoint, "--create", *tables]}
        for store in STORES:
            servers[store] = Server(folder / store, *stores[store], *options, seed=file)
        yield servers
        for server in servers.values():
            assert server.process.poll() is None, f"a server ended while the tests ran: {server.log_file.read_text()[-4000:]}"
    finally:
        codes = [server.stop() for server in servers.values()]
        if emulator:
            emulator.stop()
    assert codes == [0] * len(STORES), "each server ends in order when it is told to"
