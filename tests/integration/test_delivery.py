"""What is promised of a command's way: queued, expired, cancelled, retried, explained."""

import os
import signal
import time
import uuid

import processes
from http_api import BASE
from processes import wait_for
from services import GitRemote
from test_integration_checklist import gated_host, start_pull


def pull(api, path, agent_id="host-1", headers=None, **more):
    body = {"agent_id": agent_id, "command": "git_pull", "params": {"repository_path": str(path)}, **more}
    return api.post(f"{BASE}/command", body, headers=headers)


def queue_pull(fleet, path, **more):
    """The command's id; the host is away."""
    answer = pull(fleet.api, path, queue_if_offline=True, **more)
    assert answer.status == 200, answer
    assert answer.json["status"] == "pending"
    return answer.json["command_id"]


def cancel(api, command_id):
    return api.post(f"{BASE}/commands/{command_id}/cancel", {})


def why(api, name):
    """name: commands/{id} or a host's id."""
    answer = api.get(f"{BASE}/{name}/why")
    assert answer.status == 200, answer
    return answer.json["why"]


def open_ids(fleet, agent_id=None):
    return [command["command_id"] for command in fleet.api.history(agent_id, "open=true")["commands"]]


def send_away(fleet, agent):
    agent.stop()
    fleet.server.wait_status(agent.agent_id, "offline")


def call_back(fleet, agent):
    """Starts it again; a later command has run, so whatever waited for the host had its chance."""
    agent.start()
    fleet.server.wait_status(agent.agent_id, "online")
    assert fleet.api.echo(agent.agent_id, "later").json["output"] == "later"


def failing_host(fleet, new_directory):
    """A host with a work tree whose remote is gone; (agent, remote, work tree)."""
    remote = GitRemote(new_directory("g"))
    tree = remote.clone("work")
    remote.git("-C", tree, "remote", "set-url", "origin", remote.directory / "gone.git")
    return fleet.add_agent("host-1", GIT_REPO_PATH=str(tree)), remote, tree


# Queued ----------------------------------------------------------------------------------------------


def test_queued_command_runs_once_when_the_host_comes_back(fleet, new_directory):
    agent, gate, [tree] = gated_host(fleet, new_directory)
    gate.open()
    send_away(fleet, agent)
    queued = queue_pull(fleet, tree, expires_in=600)
    assert fleet.api.find(queued).json["delivered_at"] is None
    call_back(fleet, agent)
    assert fleet.server.wait_final(queued)["status"] == "success"
    assert (tree / "content").read_text() == "through the gate"
    assert gate.reached() == 1


def test_queued_command_outlives_a_server_restart(fleet, new_directory):
    agent, gate, [tree] = gated_host(fleet, new_directory)
    gate.open()
    send_away(fleet, agent)
    queued = queue_pull(fleet, tree)
    fleet.server.kill()
    fleet.server.start()
    assert open_ids(fleet) == [queued]
    call_back(fleet, agent)
    assert fleet.server.wait_final(queued)["status"] == "success"
    assert gate.reached() == 1


def test_queued_and_expired_command_never_runs(fleet, new_directory):
    agent, gate, [tree] = gated_host(fleet, new_directory)
    gate.open()
    send_away(fleet, agent)
    queued = queue_pull(fleet, tree, expires_in=1)
    ended = fleet.server.wait_final(queued)
    assert ended["status"] == "expired"
    assert "will not run" in ended["error"]
    call_back(fleet, agent)
    assert fleet.api.find(queued).json["status"] == "expired"
    assert gate.reached() == 0


def test_queued_command_is_listed_and_cancelled_and_never_runs(fleet, new_directory):
    agent, gate, [tree] = gated_host(fleet, new_directory)
    gate.open()
    fleet.api.echo("host-1", "ended, so not listed")
    send_away(fleet, agent)
    queued = queue_pull(fleet, tree)
    assert open_ids(fleet) == open_ids(fleet, "host-1") == [queued]
    answer = cancel(fleet.api, queued)
    assert answer.status == 200, answer
    assert answer.json["status"] == "cancelled"
    assert answer.json["cancel_requested_by"] == "admin"
    assert open_ids(fleet) == []
    call_back(fleet, agent)
    assert fleet.row(queued)["status"] == "cancelled"
    assert gate.reached() == 0
    assert why(fleet.api, f"commands/{queued}").startswith("it was cancelled before it started")


def test_without_queueing_a_host_that_is_away_is_an_error(fleet, new_directory):
    agent, gate, [tree] = gated_host(fleet, new_directory)
    send_away(fleet, agent)
    answer = pull(fleet.api, tree)
    assert answer.status == 503, answer
    assert "nothing was sent" in answer.detail
    assert fleet.rows() == []
    assert gate.reached() == 0


# Cancelled -------------------------------------------------------------------------------------------


def test_cancel_of_a_running_command_leaves_no_process(fleet, new_directory):
    _, gate, [tree] = gated_host(fleet, new_directory)
    slow = start_pull(fleet, tree)
    gate.wait_reached()
    wait_for("it runs", lambda: fleet.api.find(slow).json["status"] == "running")
    assert why(fleet.api, f"commands/{slow}") == "it runs on the host"
    answer = cancel(fleet.api, slow)
    assert answer.status == 200, answer
    assert answer.json["cancel_requested_at"] is not None
    ended = fleet.server.wait_final(slow)
    assert ended["status"] == "cancelled"
    assert not [line for line in processes.marked_processes().values()
                if str(gate.directory) in line or str(tree) in line]
    again = cancel(fleet.api, slow)
    assert again.status == 409, again
    assert again.json["detail"] == "the command has ended already: cancelled"
    assert "it was stopped on request" in why(fleet.api, f"commands/{slow}")
    gate.open()
    assert (tree / "content").read_text() == "first"
    assert fleet.api.echo("host-1", "after").json["output"] == "after"


def test_cancel_reaches_a_host_after_redis_was_away(fleet, new_directory):
    """Told until it answers: the first word goes nowhere."""
    _, gate, [tree] = gated_host(fleet, new_directory)
    slow = start_pull(fleet, tree)
    gate.wait_reached()
    wait_for("it runs", lambda: fleet.api.find(slow).json["status"] == "running")
    fleet.redis.kill()
    answer = cancel(fleet.api, slow)
    assert answer.status == 200, answer
    assert answer.json["status"] == "running"
    fleet.redis.start()
    assert fleet.server.wait_final(slow)["status"] == "cancelled"
    gate.open()


def test_cancel_of_what_there_is_not(world):
    answer = cancel(world.api, uuid.uuid4())
    assert answer.status == 404, answer
    assert "no command has the id" in answer.detail
    assert cancel(world.api, "not-an-id").status == 400
    ended = world.api.echo("host-1", "ended").json["command_id"]
    answer = cancel(world.api, ended)
    assert answer.status == 409, answer
    assert answer.json["detail"] == "the command has ended already: success"
    reader = world.fleet.new_user(f"reader-{world.kind}", ["cockpit_agents:read"])
    assert cancel(reader, ended).status == 403


# Truthful expiry -------------------------------------------------------------------------------------


def test_command_that_the_host_took_is_not_called_expired(new_fleet, new_directory):
    """Redis dies before the receipt is read, and comes back after the expiry."""
    fleet = new_fleet(server_env={"DELIVERY_TIMEOUT": "2"})
    _, gate, [tree] = gated_host(fleet, new_directory)
    slow = start_pull(fleet, tree)
    sent_at = time.monotonic()
    os.kill(fleet.server.program.pid, signal.SIGSTOP)
    try:
        gate.wait_reached()
        fleet.redis.kill()
    finally:
        os.kill(fleet.server.program.pid, signal.SIGCONT)
    gate.open()
    wait_for("the pull is done while Redis is away",
             lambda: (tree / "content").read_text() == "through the gate")
    wait_for("the expiry is well past", lambda: time.monotonic() > sent_at + 8)
    assert fleet.api.find(slow).json["status"] in ("pending", "delivered", "running")
    fleet.redis.start()
    assert fleet.server.wait_final(slow)["status"] == "success"
    assert gate.reached() == 1


def test_redis_dies_right_after_a_command_was_accepted(new_fleet, new_directory):
    """Whether the host had it or not: the row says what happened."""
    fleet = new_fleet(server_env={"DELIVERY_TIMEOUT": "2"})
    _, gate, [tree] = gated_host(fleet, new_directory)
    gate.open()
    slow = start_pull(fleet, tree)
    fleet.redis.kill()
    accepted_at = time.monotonic()
    wait_for("the expiry is well past", lambda: time.monotonic() > accepted_at + 8)
    fleet.redis.start()
    ended = fleet.server.wait_final(slow)
    if gate.reached():
        assert ended["status"] == "success"
        assert (tree / "content").read_text() == "through the gate"
    else:
        assert ended["status"] == "expired"
        fleet.server.wait_status("host-1", "online")
        assert fleet.api.echo("host-1", "later").status == 200
        assert gate.reached() == 0


# Retried ---------------------------------------------------------------------------------------------


def test_failing_command_is_tried_again_and_each_outcome_is_kept(fleet, new_directory):
    _, _, tree = failing_host(fleet, new_directory)
    answer = pull(fleet.api, tree, timeout=40, retry={"max_attempts": 3, "backoff_s": 0.1, "on": ["error"]})
    assert answer.status == 422, answer
    assert answer.json["status"] == "error"
    assert answer.json["attempt"] == 3
    earlier = fleet.api.attempts(answer.json["command_id"])
    assert [(a["attempt"], a["status"]) for a in earlier] == [(1, "error"), (2, "error")]
    assert [a["error"].startswith("git pull failed") for a in earlier] == [True, True], earlier
    assert all(a["completed_at"] for a in earlier), earlier
    assert len(fleet.rows()) == 1


def test_command_that_succeeds_at_the_second_attempt(fleet, new_directory):
    _, remote, tree = failing_host(fleet, new_directory)
    answer = pull(fleet.api, tree, retry={"max_attempts": 10, "backoff_s": 0.5})
    command = answer.json["command_id"]
    wait_for("the first attempt failed", lambda: fleet.api.attempts(command))
    (remote.directory / "gone.git").symlink_to(remote.bare)
    ended = fleet.server.wait_final(command)
    assert ended["status"] == "success"
    assert ended["error"] is None
    assert ended["attempt"] > 1
    assert fleet.api.attempts(command)[0]["status"] == "error"


def test_outcome_that_is_not_listed_is_not_tried_again(fleet, new_directory):
    _, _, tree = failing_host(fleet, new_directory)
    answer = pull(fleet.api, tree, timeout=20, retry={"max_attempts": 3, "backoff_s": 0, "on": ["timeout"]})
    assert (answer.status, answer.json["attempt"]) == (422, 1), answer
    assert fleet.api.attempts(answer.json["command_id"]) == []


def test_command_between_two_attempts_is_explained_and_cancelled(fleet, new_directory):
    _, _, tree = failing_host(fleet, new_directory)
    command = pull(fleet.api, tree, retry={"max_attempts": 2, "backoff_s": 3600}).json["command_id"]
    wait_for("the first attempt failed", lambda: fleet.api.attempts(command))
    assert why(fleet.api, f"commands/{command}").startswith("attempt 1 did not succeed; attempt 2 begins in ")
    assert open_ids(fleet) == [command]
    answer = cancel(fleet.api, command)
    assert (answer.status, answer.json["status"]) == (200, "cancelled"), answer
    assert open_ids(fleet) == []


def test_execution_timeout_ends_a_command(fleet, new_directory):
    _, gate, [tree] = gated_host(fleet, new_directory)
    answer = pull(fleet.api, tree, timeout=30, execution_timeout=1)
    assert answer.json["status"] == "timeout", answer
    assert "it was stopped at its time limit" in why(fleet.api, f"commands/{answer.json['command_id']}")
    gate.open()


# Explained -------------------------------------------------------------------------------------------


def test_why(fleet):
    agent = fleet.add_agent("host-1")
    done = fleet.api.echo("host-1", "done").json["command_id"]
    assert why(fleet.api, f"commands/{done}") == "it ran to its end and succeeded"
    refused = fleet.api.git_pull("host-1", "/etc").json["command_id"]
    assert why(fleet.api, f"commands/{refused}").startswith(
        "the host refused it, and it never ran: repository_path '/etc' is refused")
    assert why(fleet.api, "host-1").startswith("it listens on its channel; last heartbeat ")
    send_away(fleet, agent)
    answer = fleet.api.get(f"{BASE}/host-1/why")
    assert answer.json["status"] == "offline"
    assert answer.json["why"].startswith("it shut down in good order; last heartbeat ")
    waiting = fleet.api.command("host-1", "echo", queue_if_offline=True, expires_in=600).json["command_id"]
    text = why(fleet.api, f"commands/{waiting}")
    assert text.startswith("it waits for the host and is given up in 59"), text
    assert "the host is offline: it shut down in good order" in text


def test_why_and_attempts_of_what_there_is_not(world):
    nobody = uuid.uuid4()
    for path in (f"commands/{nobody}/why", f"commands/{nobody}/attempts", "nobody/why"):
        answer = world.api.get(f"{BASE}/{path}")
        assert answer.status == 404, answer
        assert answer.detail.startswith("there is no ")


# After a restart -------------------------------------------------------------------------------------


def test_command_right_after_a_server_restart_is_accepted(fleet):
    fleet.add_agent("host-1")
    fleet.server.stop()
    fleet.server.start()
    answer = fleet.api.command("host-1", "echo", {"message": "at once"}, queue_if_offline=True)
    assert answer.status == 200, answer
    assert fleet.server.wait_final(answer.json["command_id"])["output"] == "at once"


def test_command_right_after_a_server_restart_is_never_called_wrong(fleet):
    """Without queueing, the server may say that it cannot see the host yet, and nothing else."""
    fleet.add_agent("host-1")
    fleet.server.stop()
    fleet.server.start()

    def accepted():
        answer = fleet.api.echo("host-1", "soon")
        assert answer.status in (200, 503), answer
        return answer.status == 200
    wait_for("the command is accepted", accepted)
