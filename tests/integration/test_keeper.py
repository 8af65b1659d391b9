"""A command outlives its agent: it goes on, is cancelled, and keeps to its time limit, whoever lives."""

import os
import signal

import pytest

import processes
from http_api import BASE
from processes import wait_for
from test_integration_checklist import gated_host, start_pull


def of_commands():
    """Pids and lines of processes that belong to commands, without their keepers."""
    return {pid: line for pid, line in processes.marked_processes().items() if "gate" in line or "git" in line}


def keepers():
    return [pid for pid, line in processes.marked_processes().items() if "--keep-command" in line]


@pytest.mark.parametrize("containment", ["auto", "process_group"])
def test_command_goes_on_while_its_agent_is_dead(new_fleet, new_directory, containment):
    fleet = new_fleet()
    agent, gate, [tree] = gated_host(fleet, new_directory, CONTAINMENT=containment)
    slow = start_pull(fleet, tree)
    gate.wait_reached()
    agent.kill()
    assert len(keepers()) == 1
    agent.start()
    wait_for("the agent found it", lambda: "looking for a command that ran" in agent.program.log())
    gate.open()
    ended = fleet.server.wait_final(slow)
    assert (ended["status"], ended["attempt"]) == ("success", 1), ended
    assert ended["error"] is None
    assert (tree / "content").read_text() == "through the gate"
    assert ended["containment"] in ("cgroup", "process_group")
    if containment == "process_group":
        assert ended["containment"] == "process_group"
    assert ended["exit_code"] == 0
    assert ended["cpu_ms"] >= 0 and ended["peak_memory_bytes"] > 0
    assert fleet.api.attempts(slow) == []
    assert gate.reached() == 1


def test_command_that_ends_while_its_agent_is_dead(new_fleet, new_directory):
    fleet = new_fleet()
    agent, gate, [tree] = gated_host(fleet, new_directory)
    slow = start_pull(fleet, tree)
    gate.wait_reached()
    agent.kill()
    gate.open()
    wait_for("the keeper is done", lambda: not keepers())
    agent.start()
    ended = fleet.server.wait_final(slow)
    assert (ended["status"], ended["attempt"]) == ("success", 1), ended
    assert gate.reached() == 1


def test_command_is_cancelled_after_the_agent_came_back(new_fleet, new_directory):
    fleet = new_fleet()
    agent, gate, [tree] = gated_host(fleet, new_directory)
    slow = start_pull(fleet, tree)
    gate.wait_reached()
    agent.kill()
    agent.start()
    assert fleet.api.post(f"{BASE}/commands/{slow}/cancel", {}).status in (200, 202)
    assert fleet.server.wait_final(slow)["status"] == "cancelled"
    assert not of_commands()
    assert not keepers()


def test_time_limit_holds_while_no_agent_lives(new_fleet, new_directory):
    fleet = new_fleet()
    agent, gate, [tree] = gated_host(fleet, new_directory, COMMAND_TIMEOUT="3")
    slow = start_pull(fleet, tree)
    gate.wait_reached()
    agent.kill()
    wait_for("the keeper ends it", lambda: not of_commands() and not keepers())
    agent.start()
    ended = fleet.server.wait_final(slow)
    assert (ended["status"], ended["attempt"]) == ("timeout", 1), ended
    assert ended["error"] == "git pull did not end within 3 s and was stopped"


def test_killed_keeper_leaves_nothing_running(new_fleet, new_directory):
    """It is told as interrupted, so the server tries again."""
    fleet = new_fleet()
    _, gate, [tree] = gated_host(fleet, new_directory)
    slow = start_pull(fleet, tree)
    gate.wait_reached()
    [keeper] = keepers()
    before = set(of_commands())
    os.kill(keeper, signal.SIGKILL)
    gate.wait_reached(2)
    assert not before & set(of_commands())
    gate.open()
    ended = fleet.server.wait_final(slow)
    assert (ended["status"], ended["attempt"]) == ("success", 2), ended
    [first] = fleet.api.attempts(slow)
    assert first["status"] == "interrupted"
    assert "the keeper of git pull was killed" in first["error"]


def test_agent_and_keeper_killed_in_the_middle(new_fleet, new_directory):
    fleet = new_fleet()
    agent, gate, [tree] = gated_host(fleet, new_directory)
    slow = start_pull(fleet, tree)
    gate.wait_reached()
    [keeper] = keepers()
    before = set(of_commands())
    agent.kill()
    os.kill(keeper, signal.SIGKILL)
    agent.start()
    gate.wait_reached(2)
    assert not before & set(of_commands())
    gate.open()
    ended = fleet.server.wait_final(slow)
    assert (ended["status"], ended["attempt"]) == ("success", 2), ended


def test_secrets_of_the_order_are_nowhere_to_be_seen(new_fleet, new_directory):
    """The environment of a command reaches its keeper by a socket: not its arguments, environment or files."""
    fleet = new_fleet()
    agent, gate, [tree] = gated_host(fleet, new_directory, HTTPS_PROXY="http://user:secret-word@proxy.invalid")
    start_pull(fleet, tree)
    gate.wait_reached()
    [keeper] = keepers()
    for name in ("cmdline", "environ"):
        with open(f"/proc/{keeper}/{name}", "rb") as file:
            assert b"secret-word" not in file.read()
    for file in (agent.directory / "state").rglob("*"):
        assert not file.is_file() or b"secret-word" not in file.read_bytes(), file
    gate.open()
