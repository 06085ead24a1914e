"""Runs a command beside the servers of `authlete_sdk.services`, which it finds in JETON_SERVICES."""

import signal
import subprocess
import sys
import tempfile

from authlete_sdk.services import described, running
from harness import plain_environment

# So that the servers are stopped, whatever ends this.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
with tempfile.TemporaryDirectory() as folder, running(folder) as services:
    done = subprocess.run(sys.argv[1:], env=plain_environment(JETON_SERVICES=described(services)), check=False)
sys.exit(done.returncode)
