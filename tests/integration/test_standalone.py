"""`cockpit-server --standalone`: everything in one command, and nothing left behind."""

import os
import re
import signal

import pytest

import processes
from http_api import Api
from processes import Program, wait_for
from programs import BIN, FAST_AGENT
from services import GitRemote


class Standalone:
    def __init__(self, new_directory, **env):
        self.state = new_directory("st")
        self.logs = new_directory("lg")
        self.env = {"PORT": "0", "AGENT_ID": "local", "HOME": str(self.logs), **FAST_AGENT, **env}
        self.starts = 0
        self.start()

    def start(self):
        self.starts += 1
        self.program = Program(f"standalone-{self.starts}",
                               [BIN / "cockpit-server", "--standalone", "--state-dir", self.state],
                               self.logs, self.env)
        self.port = wait_for("it tells its port", self.find_port, 60)

    def find_port(self):
        assert self.program.running(), self.program.tail()
        found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", self.program.output())
        return int(found[1]) if found else None

    def first_password(self):
        found = re.search(r"user admin, password (\S+)", self.program.output())
        return found[1] if found else None

    def children(self):
        """It and all that it started."""
        ours = (f"{self.state}/", f"{self.logs}/")
        return {pid: line for pid, line in processes.marked_processes().items()
                if f"{processes.working_directory(pid)}/".startswith(ours)}

    def leftovers(self):
        return [p for p in self.state.rglob("*") if p.is_socket()]


@pytest.fixture
def standalone(new_directory):
    processes.STARTED.clear()
    made = []

    def make(**env):
        made.append(Standalone(new_directory, **env))
        return made[-1]
    yield make
    for one in made:
        if one.program.running():
            one.program.stop()
            one.program.assert_sane()


def log_in(one, password):
    return Api(one.port).login("admin", password)


def local_online(api):
    return wait_for("the local agent is online",
                    lambda: api.agents().get("local", {}).get("status") == "online", 40)


def test_one_command_gives_a_cockpit(standalone, new_directory):
    remote = GitRemote(new_directory("g"))
    tree = remote.clone("work")
    one = standalone(GIT_REPO_PATH=str(tree))
    password = wait_for("the first log-in is printed", one.first_password)
    api = log_in(one, password)
    local_online(api)
    assert api.echo("local", "hello").json["output"] == "hello"
    remote.push("standalone")
    assert api.git_pull("local", tree).status == 200
    assert (tree / "content").read_text() == "standalone"
    assert password not in one.program.log()


def test_its_redis_has_no_tcp_port(standalone):
    one = standalone()
    wait_for("redis-server runs", lambda: any("redis-server" in c for c in one.children().values()))
    line = next(c for c in one.children().values() if "redis-server" in c)
    assert "unixsocket:" in line, line  # its title; with a tcp port it would name address and port


def test_stop_leaves_nothing_behind(standalone):
    one = standalone(COCKPIT_ADMIN_PASSWORD="correct horse battery")
    api = log_in(one, "correct horse battery")
    local_online(api)
    assert len(one.children()) >= 3
    assert one.program.stop() == 0
    one.program.assert_sane()
    assert one.children() == {}
    assert one.leftovers() == []


def test_kill_leaves_no_process(standalone):
    one = standalone(COCKPIT_ADMIN_PASSWORD="correct horse battery")
    local_online(log_in(one, "correct horse battery"))
    one.program.kill()
    wait_for("its children are gone", lambda: one.children() == {}, 40)
    one.start()  # over what the killed one left in its directory
    local_online(log_in(one, "correct horse battery"))


def test_second_start_keeps_everything_and_prints_no_password(standalone):
    one = standalone()
    password = wait_for("the first log-in is printed", one.first_password)
    api = log_in(one, password)
    local_online(api)
    sent = api.echo("local", "kept").json["command_id"]
    assert one.program.stop() == 0
    one.start()
    api = log_in(one, password)
    local_online(api)
    assert one.first_password() is None
    assert api.find(sent).json["output"] == "kept"
    assert list(api.agents()) == ["local"]


@pytest.mark.parametrize("child", ["redis-server", "cockpit-agent"])
def test_child_that_dies_is_started_again(standalone, child):
    one = standalone(COCKPIT_ADMIN_PASSWORD="correct horse battery")
    api = log_in(one, "correct horse battery")
    local_online(api)
    pid = next(p for p, line in one.children().items() if child in line and p != one.program.pid)
    os.kill(pid, signal.SIGKILL)
    wait_for(f"another {child} runs",
             lambda: any(child in line and p not in (pid, one.program.pid) for p, line in one.children().items()))
    wait_for("commands are answered again", lambda: api.echo("local", "again", 5).status == 200, 40)


def test_state_directory_is_for_its_owner_only(standalone, new_directory):
    one = standalone()
    one.program.stop()
    assert (one.state / "agent").stat().st_mode & 0o077 == 0
    assert (one.state / "server.key").stat().st_mode & 0o077 == 0


def test_standalone_without_a_directory_is_refused(new_directory):
    program = Program("nowhere", [BIN / "cockpit-server", "--standalone"], new_directory("n"))
    assert program.wait() == 2
    assert "--state-dir" in program.text()
