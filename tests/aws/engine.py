"""A Docker engine of one's own, in a network of its own, and an image with which it runs functions. Nothing is installed: Debian's
packages are unpacked into a folder, once."""

import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from harness import Process, environment, run

PACKAGES = ("docker.io", "containerd", "runc", "busybox-static")
IMAGE = "public.ecr.aws/lambda/provided:al2023-x86_64"
# What the SAM CLI has done in a container before it starts the runtime emulator.
COMMANDS = ("sh", "mv", "cp", "rm", "chmod", "mkdir")


class Unavailable(Exception):
    """Why there can be no engine here."""


def fetch(folder):
    """Fetches the programs into a folder, once. From the network of this machine, which the engine's own doesn't reach."""
    root = folder / "root"
    if root.is_dir():
        return
    if os.geteuid() != 0:
        raise Unavailable("a Docker engine needs root")
    if shutil.which("apt-get") is None:
        raise Unavailable("a Docker engine is fetched with apt-get, which isn't here")
    packages, unfinished = folder / "packages", folder / "unfinished"
    packages.mkdir(parents=True, exist_ok=True)
    fetched = subprocess.run(["apt-get", "download", "--quiet", *PACKAGES], cwd=packages, capture_output=True, text=True, timeout=300)
    if fetched.returncode != 0:
        raise Unavailable(f"apt-get can't fetch {' '.join(PACKAGES)}: {fetched.stderr.strip()[-300:]}")
    for package in packages.glob("*.deb"):
        run("dpkg", "--extract", package, unfinished)
    unfinished.rename(root)


class Engine(Process):
    """The engine. It must be started in a network of its own, for it would change the one that it is in."""

    def __init__(self, folder, state):
        root, why_not = folder / "root", folder / "why-not"
        if not root.is_dir():
            raise Unavailable(why_not.read_text())
        self.path = f"{root}/usr/sbin:{root}/usr/bin:{environment()['PATH']}"
        self.socket = state / "docker.sock"
        self.env = environment(PATH=self.path, DOCKER_HOST=f"unix://{self.socket}")
        command = [root / "usr/sbin/dockerd", "--host", f"unix://{self.socket}", "--pidfile", state / "docker.pid"]
        command += ["--data-root", state / "data", "--exec-root", state / "exec", "--storage-driver", "overlay2"]
        command += ["--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"]
        try:
            super().__init__(command, state / "dockerd.log", self.is_ready, env=self.env)
        except (OSError, RuntimeError) as error:
            raise Unavailable(f"no Docker engine starts here: {str(error)[-300:]}") from error
        self.root = root

    def is_ready(self):
        return self.socket.exists() and subprocess.run(["docker", "info"], env=self.env, capture_output=True).returncode == 0

    def import_image(self, programs):
        """An image with a shell, and with the libraries of this machine that `programs` are linked with."""
        libraries = set()
        for program in programs:
            libraries |= set(re.findall(r"(/\S+) \(0x", run("ldd", program)))
        image = io.BytesIO()
        with tarfile.open(fileobj=image, mode="w") as tar:
            tar.add(self.root / "bin/busybox", "bin/busybox")
            for command in COMMANDS:
                link = tarfile.TarInfo(f"bin/{command}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(link)
            for library in sorted(libraries):
                tar.add(Path(library).resolve(), library.lstrip("/"))
            for folder in ("tmp", "var/task", "var/runtime"):
                entry = tarfile.TarInfo(folder)
                entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
                tar.addfile(entry)
        subprocess.run(["docker", "import", "-", IMAGE], input=image.getvalue(), env=self.env, check=True, capture_output=True)


if __name__ == "__main__":
    place = Path(sys.argv[1])
    place.mkdir(parents=True, exist_ok=True)
    try:
        fetch(place)
    except Unavailable as reason:
        print(reason)
        (place / "why-not").write_text(str(reason))
