"""The original's wire: its commands reach our agent when the host's owner allows it, its agents obey our server."""

import json
import time
import uuid

import pytest

from processes import wait_for
from programs import Agent
from services import GitRemote, PrivateRedis


def original_command(command, params):
    return {"command_id": str(uuid.uuid4()), "command": command, "params": params,
            "timestamp": int(time.time()), "sender": "cockpit-backend"}


def ask(redis, message, agent_id="host-1"):
    """Publishes as the original backend did; the answer of the agent."""
    with redis.subscribe(f"cockpit-agent-response:{agent_id}") as answers:
        assert redis.publish(f"cockpit-agent:{agent_id}", json.dumps(message)) >= 1
        return answers.next_json(lambda m: m.get("command_id") == message["command_id"], 20)


def test_original_json_is_answered_in_the_originals_form(new_fleet, new_directory):
    remote = GitRemote(new_directory("g"))
    tree = remote.clone("work")
    fleet = new_fleet()
    fleet.add_agent("host-1", ALLOW_UNSIGNED="true", GIT_REPO_PATH=str(tree))
    sent = original_command("echo", {"message": "hello"})
    answer = ask(fleet.redis, sent)
    assert answer.keys() == {"command_id", "status", "output", "error", "execution_time_ms", "timestamp"}
    assert (answer["status"], answer["output"], answer["error"]) == ("success", "hello", None)
    assert isinstance(answer["execution_time_ms"], int)
    assert abs(answer["timestamp"] - time.time()) < 60

    remote.push("by the original backend")
    pulled = ask(fleet.redis, original_command("git_pull", {"repository_path": str(tree), "branch": "main"}))
    assert pulled["status"] == "success"
    assert (tree / "content").read_text() == "by the original backend"

    assert ask(fleet.redis, original_command("git_pull", {"repository_path": "/etc"}))["status"] == "error"
    unknown = ask(fleet.redis, original_command("rm", {}))
    assert unknown["status"] == "error" and "rm" in unknown["error"]


def test_agent_under_an_original_backend_alone(new_directory):
    """No server of ours, no key: the owner allowed unsigned commands, and the registry looks as it did."""
    redis = PrivateRedis(new_directory("r"))
    agent = Agent(new_directory("a"), "host-1", {
        "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(redis.port), "REDIS_PASSWORD": redis.password,
        "ALLOW_UNSIGNED": "true"})
    try:
        def registered():
            with redis.connect() as connection:
                return connection.hash("agents:host-1")
        fields = wait_for("the agent registers", registered)
        assert fields["status"] == "online" and "echo" in fields["capabilities"].split(",")
        assert ask(redis, original_command("echo", {}))["output"] == "pong"
    finally:
        agent.stop()
        redis.stop()


def test_original_json_is_refused_without_the_owners_word(new_fleet):
    fleet = new_fleet()
    fleet.add_agent("host-1")
    answer = ask(fleet.redis, original_command("echo", {"message": "hello"}))
    assert answer["status"] == "error"
    assert answer["output"] == ""
    assert "ALLOW_UNSIGNED=true" in answer["error"]


def test_original_agent_can_be_commanded_through_the_api(fleet_for_originals):
    fleet = fleet_for_originals
    agent = fleet.add_original("old-1")
    seen = fleet.server.wait_status("old-1", "online")
    assert seen["protocol"] == "original"
    answer = fleet.api.echo("old-1", "hello")
    assert answer.status == 200, answer
    assert (answer.json["status"], answer.json["output"]) == ("success", "hello")
    taken = agent.taken[-1]
    assert taken.keys() >= {"command_id", "command", "params", "timestamp", "sender"}
    assert (taken["command"], taken["params"]) == ("echo", {"message": "hello"})
    assert taken["command_id"] == answer.json["command_id"]
    assert fleet.row(taken["command_id"])["status"] == "success"

    failed = fleet.api.git_pull("old-1", "/opt/x")
    assert failed.status == 422, failed
    assert (failed.json["status"], failed.json["detail"]) == ("error", "not here")


def test_original_agent_that_does_not_answer_times_out(fleet_for_originals):
    fleet = fleet_for_originals
    fleet.add_original("mute-1", mute=True)
    fleet.server.wait_status("mute-1", "online")
    answer = fleet.api.echo("mute-1", timeout=1)
    assert answer.status == 504, answer


def test_original_agent_is_not_commanded_without_the_operators_word(new_fleet):
    fleet = new_fleet()
    agent = fleet.add_original("old-1")
    fleet.server.wait_status("old-1", "online")
    answer = fleet.api.echo("old-1")
    assert answer.status == 409, answer
    assert "ALLOW_UNSIGNED_AGENTS=true" in answer.detail
    assert agent.taken == [] and fleet.rows() == []


@pytest.fixture(params=["sqlite", "postgresql"])
def fleet_for_originals(request, new_fleet):
    return new_fleet(request.param, {"ALLOW_UNSIGNED_AGENTS": "true"})
