"""Runs a command beside the servers of a module, which it finds in an environment variable of their name.

`with_services.py authlete_sdk.services JETON_SERVICES node …`
"""

import importlib
import signal
import subprocess
import sys
import tempfile

from harness import plain_environment

# So that the servers are stopped, whatever ends this.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
module, variable, *command = sys.argv[1:]
services = importlib.import_module(module)
with tempfile.TemporaryDirectory() as folder, services.running(folder) as running:
    done = subprocess.run(command, env=plain_environment(**{variable: services.described(running)}), check=False)
sys.exit(done.returncode)
