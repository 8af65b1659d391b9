"""cockpitctl as a person has it: against a real server with hosts."""

import json
import re
import subprocess

import pytest

from processes import environment, wait_for
from programs import ADMIN_PASSWORD, BIN, ROOT

# What the API answers is the same with both stores, and other tests see to that.
pytestmark = pytest.mark.parametrize("world", ["sqlite"], indirect=True)


class Ctl:
    """cockpitctl with a configuration of its own."""

    def __init__(self, home):
        self.home = home

    def __call__(self, *arguments, given="", env=None):
        return subprocess.run([BIN / "cockpitctl", *arguments], input=given, capture_output=True, text=True, timeout=60,
                              env=environment({"XDG_CONFIG_HOME": str(self.home), **(env or {})}), check=False)


@pytest.fixture
def ctl(world, new_directory):
    """Signed in as the administrator."""
    ctl = Ctl(new_directory("ctl"))
    done = ctl("login", f"http://127.0.0.1:{world.server.port}", given=ADMIN_PASSWORD + "\n")
    assert done.returncode == 0, done
    return ctl


def test_sign_in_and_out(world, new_directory):
    ctl = Ctl(new_directory("ctl"))
    url = f"http://127.0.0.1:{world.server.port}"
    unknown = ctl("agents")
    assert (unknown.returncode, unknown.stdout) == (4, "")
    assert "cockpitctl login URL" in unknown.stderr
    wrong = ctl("login", url, given="wrong\n")
    assert wrong.returncode == 4 and "the user is 'admin'; --user names another one" in wrong.stderr
    assert ctl("login", url, given=ADMIN_PASSWORD + "\n").returncode == 0
    file = ctl.home / "cockpit" / "contexts.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "admin" in ctl("whoami").stdout
    assert ctl("logout").returncode == 0
    again = ctl("agents")
    assert again.returncode == 4 and f"cockpitctl login {url}" in again.stderr


def test_token_and_server_from_the_environment(world, new_directory):
    done = Ctl(new_directory("ctl"))("-o", "jsonl", "agents", env={
        "COCKPIT_URL": f"http://127.0.0.1:{world.server.port}", "COCKPIT_TOKEN": world.api.token})
    assert {json.loads(line)["agent_id"] for line in done.stdout.splitlines()} == {"host-1", "host-2"}


def test_a_token_for_a_program_is_made_and_revoked(world, ctl, new_directory):
    made = ctl("tokens", "make", "nightly", "--days", "2")
    token = made.stdout.strip()
    assert (made.returncode, token[:4]) == (0, "ckp_") and "shown only now" in made.stderr
    env = {"COCKPIT_URL": f"http://127.0.0.1:{world.server.port}", "COCKPIT_TOKEN": token}
    program = Ctl(new_directory("ctl"))
    assert program("agents", env=env).returncode == 0
    listed = [json.loads(line) for line in ctl("-o", "jsonl", "tokens", "list").stdout.splitlines()]
    [number] = [one["id"] for one in listed if one["name"] == "nightly"]
    assert ctl("tokens", "revoke", number).stdout == "It is no longer valid.\n"
    assert program("agents", env=env).returncode == 4
    assert ctl("tokens", "revoke", number).returncode == 5
    assert ctl("tokens", "make", "x", "--days", "1000").returncode == 2


def test_a_server_that_is_not_there(world, new_directory):
    done = Ctl(new_directory("ctl"))("agents", env={"COCKPIT_URL": "http://127.0.0.1:9", "COCKPIT_TOKEN": "x"})
    assert done.returncode == 3
    assert "http://127.0.0.1:9 does not answer" in done.stderr


def test_hosts(world, ctl):
    lines = ctl("agents", "host-1 or host-2").stdout.splitlines()
    assert lines[0].split() == ["HOST", "STATE", "RUNNING", "LABELS", "VERSION", "SYSTEM"]
    assert [line.split()[:2] for line in lines[1:]] == [["host-1", "online"], ["host-2", "online"]]
    assert ctl("agents", "--status", "offline").stdout.splitlines()[1:] == []
    assert ctl("why", "host-1").stdout.startswith("online: ")
    assert "host-1" in ctl("show", "host-1").stdout
    wrong = ctl("agents", "group:nosuch")
    assert wrong.returncode == 5 and "there is no group 'nosuch'" in wrong.stderr


def test_run_on_two_hosts_says_what_each_said_and_then_each_answer_once(world, ctl):
    done = ctl("run", "host-*", "echo", "message=same for all", "--yes")
    assert done.returncode == 0, done
    assert "'echo' for 2 hosts, 2 of them ready:" in done.stderr
    assert "host-1 | same for all\n" in done.stdout and "host-2 | same for all\n" in done.stdout
    assert "success  2 of 2 hosts: host-1,host-2\n    same for all\n" in done.stdout
    assert done.stdout.endswith("succeeded  success=2\n")


def test_nothing_runs_that_nobody_agreed_to(world, ctl):
    before = len(world.fleet.rows())
    done = ctl("run", "host-1", "echo")
    assert (done.returncode, done.stdout) == (5, "")
    assert "nothing was run" in done.stderr and "--yes" in done.stderr
    assert len(world.fleet.rows()) == before


def test_failure_is_told_by_the_exit_code(world, ctl):
    done = ctl("run", "host-1", "git_pull", "repository_path=/not/allowed", "-y")
    assert done.returncode == 1
    assert "finished_with_failures" in done.stdout or "failed" in done.stdout
    other = ctl("run", "host-1", "nosuch", "-y")
    assert other.returncode == 1 and "has no command 'nosuch'" in other.stdout
    assert ctl("run", "nosuch-*", "echo", "-y").returncode == 5


@pytest.mark.parametrize("arguments, sentence", [
    (["run", "host-1", "echo", "hello", "-y"], "'hello' is no parameter"),
    (["run", "host-1", "echo", "--concurrency", "many", "-y"], "--concurrency 'many' is neither a number nor a share"),
    (["logs", "host-1"], "'host-1' is no command's id"),
    (["--context", "nosuch", "agents"], "there is no context 'nosuch'")])
def test_wrong_words_are_told_with_what_would_be_right(world, ctl, arguments, sentence):
    done = ctl(*arguments)
    assert done.returncode == 2 and sentence in done.stderr
    assert len(done.stderr.splitlines()) >= 2, "a hint follows"


def test_history_and_output(world, ctl):
    ctl("run", "host-2", "echo", "message=5", "-y")
    last = json.loads(ctl("-o", "jsonl", "history", "--host", "host-2", "-n", "1").stdout)
    assert (last["command"], last["params"]) == ("echo", {"message": "5"})
    assert ctl("logs", last["command_id"]).stdout == "5\n"
    assert ctl("logs", "-f", last["command_id"]).stdout == "5\n"
    assert ctl("why", last["command_id"]).stdout == "success: it ran to its end and succeeded\n"
    late = ctl("cancel", last["command_id"])
    assert late.returncode == 5 and "has ended already" in late.stderr


def test_a_viewer_is_told_what_is_missing(world, new_directory):
    viewer = world.fleet.new_user("ctlviewer", ["cockpit_agents:read"])
    done = Ctl(new_directory("ctl"))("run", "host-1", "echo", "-y", env={
        "COCKPIT_URL": f"http://127.0.0.1:{world.server.port}", "COCKPIT_TOKEN": viewer.token})
    assert done.returncode == 4 and "'cockpit_agents:write'" in done.stderr


def test_queued_command_is_cancelled(world, ctl):
    agent = world.fleet.add_agent("host-away")
    agent.stop()
    world.server.wait_status("host-away", "offline")
    assert ctl("run", "host-away", "echo", "-y", "--queue", "--no-wait").returncode == 0
    waiting = wait_for("the command waits", lambda: ctl("-o", "jsonl", "history", "--open", "--host", "host-away").stdout)
    done = ctl("cancel", json.loads(waiting)["command_id"])
    assert (done.returncode, done.stdout) == (0, "cancelled: it will not run\n")


def words_of_help(ctl, *command):
    """Sub-commands and long options that --help tells."""
    text = ctl(*command, "--help").stdout
    after = text.partition("Subcommands:")[2]
    names = re.findall(r"^  ([a-z]+)  ", after, re.M)
    return names, set(re.findall(r"--[a-z-]+[a-z]", text)) - {"--help"}


def test_manual_has_every_command_and_option(world, ctl):
    manual = re.sub(r"\\f[BIR]", "", (ROOT / "share" / "man" / "cockpitctl.1").read_text().replace("\\-", "-"))
    names, options = words_of_help(ctl)
    assert len(names) > 8
    for name in names:
        below, more = words_of_help(ctl, name)
        options |= more.union(*(words_of_help(ctl, name, one)[1] for one in below))
        assert re.search(rf"\b{name}\b", manual), name
    assert {option for option in options if option not in manual} == set()
