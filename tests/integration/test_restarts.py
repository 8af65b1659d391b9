"""What survives the death of Redis, of the server, of the agent: everything that was accepted."""

import os
import signal

import pytest

from processes import wait_for
from test_integration_checklist import gated_host, start_pull
from services import content_of


def test_agent_and_server_outlive_a_redis_restart(fleet):
    agent = fleet.add_agent("host-1")
    pids = (agent.pid, fleet.server.program.pid)
    for _ in range(3):
        fleet.redis.kill()
        fleet.redis.start()
        fleet.server.wait_status("host-1", "online")
        wait_for("an echo is answered again", lambda: fleet.api.echo("host-1", "again", 5).status == 200)
    assert agent.program.running() and fleet.server.program.running()
    assert (agent.pid, fleet.server.program.pid) == pids


def test_hosts_are_unknown_not_offline_while_redis_is_away(fleet):
    fleet.add_agent("host-1")
    fleet.redis.kill()
    seen = fleet.server.wait_status("host-1", "unknown", 15)
    assert "this server cannot see" in seen["evidence"]
    answer = fleet.api.echo("host-1")
    assert answer.status == 503, answer
    assert "nothing was sent" in answer.detail
    assert fleet.rows() == []
    fleet.redis.start()
    fleet.server.wait_status("host-1", "online")


def test_flushall_loses_nothing(fleet, new_directory):
    _, gate, [tree] = gated_host(fleet, new_directory)
    slow = start_pull(fleet, tree)
    gate.wait_reached()
    with fleet.redis.connect() as redis:
        redis.command("FLUSHALL")
    gate.open()
    assert fleet.server.wait_final(slow, 60)["status"] == "success"
    fleet.server.wait_status("host-1", "online")
    assert fleet.api.echo("host-1", "after").json["output"] == "after"


def test_server_restart_keeps_history_and_hosts(fleet):
    fleet.add_agent("host-1")
    sent = [fleet.api.echo("host-1", f"n{n}").json["command_id"] for n in range(3)]
    fleet.server.stop()
    fleet.server.start()
    history = fleet.api.history("host-1")
    assert [c["command_id"] for c in history["commands"]] == sent[::-1]
    assert history["total"] == 3
    fleet.server.wait_status("host-1", "online")
    assert fleet.api.echo("host-1", "known").json["output"] == "known"


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_server_restart_keeps_open_commands(fleet, new_directory, way):
    """The result comes while no server runs; the next one takes it in."""
    _, gate, [tree] = gated_host(fleet, new_directory)
    slow = start_pull(fleet, tree)
    gate.wait_reached()
    getattr(fleet.server, way)()
    gate.open()
    wait_for("the pull is done while no server runs",
             lambda: content_of(tree) == "through the gate")
    fleet.server.start()
    assert fleet.server.wait_final(slow, 60)["status"] == "success"
    assert fleet.row(slow)["status"] == "success"


def test_late_result_after_the_waiter_left_reaches_the_database(fleet, new_directory):
    _, gate, [tree] = gated_host(fleet, new_directory)
    answer = fleet.api.command("host-1", "git_pull", {"repository_path": str(tree)}, timeout=0.2)
    assert answer.status == 504, answer
    gate.open()
    assert fleet.server.wait_final(answer.json["command_id"])["status"] == "success"


def test_agent_killed_in_the_middle_finds_its_command_again(fleet, new_directory):
    agent, gate, [tree] = gated_host(fleet, new_directory)
    slow = start_pull(fleet, tree)
    gate.wait_reached()
    agent.kill()
    gate.open()
    agent.start()
    ended = fleet.server.wait_final(slow, 60)
    assert (ended["status"], ended["attempt"]) == ("success", 1)
    assert fleet.api.attempts(slow) == []
    assert gate.reached() == 1


def test_agent_killed_after_its_result_was_kept_sends_it_again(fleet, new_directory):
    agent, gate, [tree] = gated_host(fleet, new_directory)
    slow = start_pull(fleet, tree)
    gate.wait_reached()
    fleet.redis.kill()
    gate.open()
    wait_for("the result is kept", lambda: "command ended" in agent.program.log())
    agent.kill()
    fleet.redis.start()
    agent.start()
    ended = fleet.server.wait_final(slow, 60)
    assert ended["status"] == "success"  # whether or not the journal had it: its keeper left a status
    assert gate.reached() == 1


def test_command_for_a_host_that_does_not_take_it_expires(new_fleet):
    fleet = new_fleet(server_env={"DELIVERY_TIMEOUT": "1"})
    agent = fleet.add_agent("host-1", HEARTBEAT_INTERVAL="60")
    os.kill(agent.pid, signal.SIGSTOP)
    try:
        answer = fleet.api.command("host-1", "echo", {"message": "too late"}, timeout=3)
        assert answer.status == 504, answer
        assert answer.json["status"] == "pending"  # only the host can say that it will not run
    finally:
        os.kill(agent.pid, signal.SIGCONT)
    assert fleet.api.echo("host-1", "in time").json["output"] == "in time"
    ended = fleet.server.wait_final(answer.json["command_id"])
    assert ended["status"] == "expired"
    assert "it expired" in ended["error"]
    assert ended["output"] is None
