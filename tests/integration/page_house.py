"""What the page is tested against: a real server with real agents, and Debian's Chromium; the steps are in web/e2e."""

import contextlib
import os
import pathlib
import shutil
import subprocess

import pytest

from conftest import Fleet
from http_api import BASE
from programs import ADMIN_PASSWORD
from services import GitRemote

WEB = pathlib.Path(__file__).resolve().parents[2] / "web"
VIEWER_PASSWORD = "a password of this user"  # Fleet.new_user gives it
COUNT = """
description = "Counts until it is stopped"
arguments = ["/bin/sh", "-c", "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.2; done"]
"""
FLOOD = """
description = "Writes ten thousand lines a second, ten seconds long"
arguments = ["/bin/sh", "-c", "for s in 1 2 3 4 5 6 7 8 9 10; do seq -f 'line %.0f of the flood' $((s*10000-9999)) $((s*10000)); sleep 1; done; echo the last of 100000 lines"]
"""
NAME = """
description = "Says which host it is"
arguments = ["/bin/echo", "I am the NUMBER"]
"""


@contextlib.contextmanager
def open_house(new_directory, new_store):
    """A server, host-1 with commands that are slow and loud, a viewer, a service."""
    if not shutil.which("node") or not os.path.exists("/usr/bin/chromium"):
        pytest.skip("the page is tested with node and Debian's chromium, and one of them is not installed")
    fleet = Fleet(new_directory, new_store("sqlite"), {"GIT_ALLOW_LOCAL": "true"})
    with fleet.exit:
        if fleet.server.anonymous.get("/").status == 404:
            pytest.skip("this server was built without its page: ./dev says why when it builds")
        commands = {}
        for name, number in (("host-1", "first"), ("site-1", "second")):
            commands[name] = new_directory("m")
            (commands[name] / "name.toml").write_text(NAME.replace("NUMBER", number))
        (commands["host-1"] / "count.toml").write_text(COUNT)
        (commands["host-1"] / "flood.toml").write_text(FLOOD)
        remote = GitRemote(new_directory("g"))
        clone = remote.clone("site")
        agent = fleet.add_agent("host-1", COMMANDS_DIR=str(commands["host-1"]))
        fleet.add_agent("site-1", GIT_REPO_PATH=str(clone), COMMANDS_DIR=str(commands["site-1"]))
        fleet.new_user("viewer", ["cockpit_agents:read", "deployments:read", "schedules:read", "notifications:read"])
        fleet.api.post(f"{BASE}/services", {"name": "site", "remote": f"file://{remote.bare}", "targets": "site-1",
                                            "repository_path": str(clone)})
        fleet.agent = agent
        yield fleet


def play(house, name, parts=None):
    """Runs a scenario; whenever it asks for something, `parts` has what does it."""
    env = {**os.environ, "COCKPIT": f"http://127.0.0.1:{house.server.port}", "COCKPIT_PASSWORD": ADMIN_PASSWORD,
           "COCKPIT_VIEWER_PASSWORD": VIEWER_PASSWORD}
    script = subprocess.Popen(["node", "e2e/scenarios.mjs", name], cwd=WEB, env=env, text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = []
    try:
        for line in script.stdout:
            said.append(line)
            part = (parts or {}).get(line.strip())
            if part:
                part()
                script.stdin.write("done\n")
                script.stdin.flush()
        assert script.wait(30) == 0, "".join(said)[-4000:]
    finally:
        if script.poll() is None:
            script.kill()
        script.wait()
