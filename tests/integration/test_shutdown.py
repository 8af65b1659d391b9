"""SIGTERM: stop taking, let running commands end within the grace time, report what did not; twice ends at once."""

import signal

import processes
from processes import Program, wait_for
from programs import BIN
from test_integration_checklist import gated_host, start_pull


def test_running_command_ends_within_the_grace_time(fleet, new_directory):
    agent, gate, [tree] = gated_host(fleet, new_directory)
    slow = start_pull(fleet, tree)
    gate.wait_reached()
    agent.terminate()
    wait_for("the agent is stopping", lambda: "a second signal ends at once" in agent.program.log())
    gate.open()
    assert agent.program.wait() == 0
    agent.program.assert_sane()
    assert fleet.server.wait_final(slow)["status"] == "success"
    fleet.server.wait_status("host-1", "offline", 10)


def test_command_that_does_not_end_is_stopped_and_reported(fleet, new_directory):
    agent, gate, [tree] = gated_host(fleet, new_directory, SHUTDOWN_GRACE="1")
    slow = start_pull(fleet, tree)
    gate.wait_reached()
    agent.terminate()
    assert agent.program.wait() == 0
    ended = fleet.server.wait_final(slow)
    assert ended["status"] in ("cancelled", "interrupted", "error")
    assert "shut" in ended["error"]
    assert not [line for line in processes.marked_processes().values() if "gate" in line]


def test_no_new_command_is_taken_while_shutting_down(fleet, new_directory):
    agent, gate, [tree] = gated_host(fleet, new_directory)
    start_pull(fleet, tree)
    gate.wait_reached()
    agent.terminate()
    wait_for("the agent is stopping", lambda: "a second signal ends at once" in agent.program.log())
    answer = fleet.api.echo("host-1", "too late")
    assert answer.status in (422, 503), answer
    assert "shut" in answer.json["detail"]
    gate.open()
    assert agent.program.wait() == 0


def test_second_signal_ends_at_once(new_fleet, new_directory):
    fleet = new_fleet()
    agent, gate, [tree] = gated_host(fleet, new_directory, SHUTDOWN_GRACE="600")
    start_pull(fleet, tree)
    gate.wait_reached()
    agent.terminate()
    wait_for("the agent is stopping", lambda: "a second signal ends at once" in agent.program.log())
    # One that follows the first within a moment counts as the same: timeout(1) signals twice.
    wait_for("another signal ends it", lambda: agent.terminate() or not agent.program.running())
    assert agent.program.wait(10) == 128 + signal.SIGTERM
    assert not [line for line in processes.marked_processes().values() if "gate" in line]
    gate.open()


def test_interrupt_from_a_terminal_is_as_graceful(new_fleet):
    fleet = new_fleet()
    agent = fleet.add_agent("host-1")
    agent.program.signal(signal.SIGINT)
    assert agent.program.wait() == 0
    fleet.server.program.signal(signal.SIGINT)
    assert fleet.server.program.wait() == 0
    fleet.server.program.assert_sane()


def test_agent_stops_while_redis_is_away(new_fleet):
    fleet = new_fleet()
    agent = fleet.add_agent("host-1")
    fleet.redis.kill()
    agent.stop()
    fleet.server.stop()


def test_two_agents_cannot_share_a_state_directory(new_fleet):
    fleet = new_fleet()
    agent = fleet.add_agent("host-1")
    second = Program("second", [BIN / "cockpit-agent"], agent.directory, agent.env)
    assert second.wait() != 0
    assert "state" in second.text()
    assert agent.program.running()


def test_every_wrong_setting_is_told_at_once(new_directory):
    directory = new_directory("w")
    for name, env, keys in (
            ("cockpit-agent", {"REDIS_PORT": "0", "HEARTBEAT_INTERVAL": "never", "GIT_REPO_PATH": "relative"},
             ("REDIS_PORT", "HEARTBEAT_INTERVAL", "GIT_REPO_PATH")),
            ("cockpit-server", {"PORT": "http", "DATABASE_URL": "mysql://x", "LISTEN_ADDRESS": "everywhere"},
             ("PORT", "DATABASE_URL", "LISTEN_ADDRESS"))):
        program = Program(name, [BIN / name], directory, {"COCKPIT_STATE_DIR": str(directory / name), **env})
        assert program.wait() == 2
        for key in keys:
            assert f"{key}: '" in program.text() or f"{key}: the value" in program.text(), program.text()
