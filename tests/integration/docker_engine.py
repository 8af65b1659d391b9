"""A Docker engine of our own, spoken to over its socket; containers of a busybox image made on the spot."""

import contextlib
import http.client
import io
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tarfile
import urllib.parse

import pytest

from processes import Program, marked_processes, wait_for


class EngineConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("docker", timeout=60)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class DockerEngine:
    """dockerd without any network set-up, all of its state below one directory."""

    image = "cockpit-test-busybox"

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.socket = self.directory / "docker.sock"
        self.program = None
        dockerd = shutil.which("dockerd", path="/usr/sbin:/usr/bin:/usr/local/bin")
        if dockerd is None:
            pytest.skip("no Docker engine is installed (docker.io)")
        if os.geteuid() != 0:
            pytest.skip("a private Docker engine needs root")
        if not os.path.exists("/bin/busybox"):
            pytest.skip("there is no /bin/busybox to make an image of (busybox-static)")
        for driver in ("overlay2", "vfs"):
            if self.start(dockerd, driver):
                break
            self.stop()
        else:
            pytest.skip(f"no Docker engine can start here: {self.program.tail(3)}")
        try:
            self.import_busybox()
            self.run_container("cockpit-probe")
        except AssertionError as failed:
            self.stop()
            pytest.skip(f"the Docker engine starts no container here: {failed}")

    def start(self, dockerd, driver):
        state = self.directory / driver
        self.program = Program(
            f"dockerd-{driver}",
            [dockerd, "-H", f"unix://{self.socket}", "--data-root", state / "data", "--exec-root", state / "exec",
             "--pidfile", state / "docker.pid", "--iptables=false", "--ip6tables=false", "--bridge=none",
             f"--storage-driver={driver}"],
            self.directory)
        wait_for("dockerd answers or gives up", lambda: self.answers() or not self.program.running(), 60)
        return self.program.running()

    def answers(self):
        try:
            return self.request("GET", "/_ping")[0] == 200
        except OSError:
            return False

    def request(self, method, path, body=None, kind="application/json"):
        connection = EngineConnection(self.socket)
        try:
            if isinstance(body, dict):
                body = json.dumps(body).encode()
            connection.request(method, path, body=body, headers={"Content-Type": kind} if body else {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def must(self, method, path, body=None, kind="application/json"):
        status, answer = self.request(method, path, body, kind)
        assert status < 300, f"{method} {path}: {status} {answer.decode(errors='replace')}"
        return json.loads(answer) if answer.lstrip()[:1] in (b"{", b"[") and answer.count(b"\n") < 2 else None

    def import_busybox(self):
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w") as image:
            image.add(os.path.realpath("/bin/busybox"), "bin/busybox")
            link = tarfile.TarInfo("bin/sh")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            image.addfile(link)
        query = urllib.parse.urlencode({"fromSrc": "-", "repo": self.image, "tag": "latest"})
        self.must("POST", f"/images/create?{query}", tar.getvalue(), "application/x-tar")

    def run_container(self, name, script="while :; do /bin/busybox sleep 1; done", **host_config):
        """A container that ends at once when it is told to."""
        self.must("POST", f"/containers/create?name={name}",
                  {"Image": f"{self.image}:latest", "Cmd": ["/bin/sh", "-c", script], "StopSignal": "SIGKILL",
                   "HostConfig": {"NetworkMode": "none", **host_config}})
        self.must("POST", f"/containers/{name}/start")

    def started_at(self, name):
        state = self.must("GET", f"/containers/{name}/json")["State"]
        assert state["Running"], state
        return state["StartedAt"]

    def stop(self):
        if self.answers():
            for container in self.must("GET", "/containers/json?all=1") or []:
                self.request("DELETE", f"/containers/{container['Id']}?force=1")
        try:
            if self.program:
                self.program.stop(60)
        finally:
            self.clear_away()

    def clear_away(self):
        """What an engine leaves that ended badly, and the namespace file that every engine leaves mounted."""
        for pid, line in marked_processes().items():
            if str(self.directory) in line:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        mounts = [line.split()[1] for line in pathlib.Path("/proc/self/mounts").read_text().splitlines()]
        for mount in sorted((m for m in mounts if m.startswith(f"{self.directory}/")), reverse=True):
            subprocess.run(["umount", mount], capture_output=True, check=False)
