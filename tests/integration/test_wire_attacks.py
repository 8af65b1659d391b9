"""Owning Redis is worth nothing: what is forged, altered, replayed, expired or misaddressed runs nowhere.

The proof of "it did not run": pulls of one repository run one after the other, so when a genuine pull that was sent
after the attack has ended and the host counts no more commands than it was told to run, the attack did not run.
"""

import json
import os
import signal
import time
import uuid

import pytest

from processes import wait_for
from services import GitRemote
from signing import Key, flat
from wire import is_entry

WAYS = ("channel", "stream")


class Wire:
    """A fleet whose wire the test owns: host-1 with a repository, and host-2."""

    def __init__(self, fleet, new_directory):
        self.fleet = fleet
        self.remote = GitRemote(new_directory("g"))
        self.tree = self.remote.clone("work")
        self.agent = fleet.add_agent("host-1", GIT_REPO_PATH=str(self.tree))
        self.other = fleet.add_agent("host-2", GIT_REPO_PATH=str(self.tree))
        self.expected = 0  # how many commands host-1 must count
        state = fleet.server.directory / "state"
        self.server_key = Key.from_file(state / "server.key")

    def ran(self, answer):
        """Notes that host-1 was told to run this; hands the answer on."""
        assert answer.status == 200, answer
        self.expected += 1
        return answer

    def pull(self):
        return self.ran(self.fleet.api.git_pull("host-1", self.tree))

    def echo(self):
        return self.ran(self.fleet.api.echo("host-1", "after"))

    def executed(self):
        return self.fleet.api.status("host-1").json["commands_executed"]

    def assert_nothing_else_ran(self):
        """What host-1 counts is what it was told to run, and no more."""
        wait_for("all that was sent is counted", lambda: self.executed() >= self.expected, 10)
        assert self.executed() == self.expected

    def capture(self, agent_id="host-1"):
        """A genuine signed entry as it went over the channel, of a pull that has ended."""
        with self.fleet.redis.subscribe(f"cockpit-agent:{agent_id}") as wire:
            if agent_id == "host-1":
                self.pull()
            else:
                assert self.fleet.api.git_pull(agent_id, self.tree).status == 200
            return wire.next_json(lambda m: is_entry(m) and m["t"] == "run")

    def put(self, way, entry, agent_id="host-1"):
        with self.fleet.redis.connect() as redis:
            if way == "channel":
                assert redis.command("PUBLISH", f"cockpit-agent:{agent_id}", json.dumps(entry)) >= 1
            else:
                redis.command("XADD", f"cockpit:commands:{agent_id}", "*", *flat(entry))
                # The stream is read when the agent is told to look, at the latest with its next heartbeat.

    def run_body(self, **changes):
        """The body of a run that the server could have made."""
        now = int(time.time() * 1000)
        body = {"agent_id": "host-1", "command_id": str(uuid.uuid4()), "attempt": 1, "command": "git_pull",
                "params": {"repository_path": str(self.tree), "branch": "main"}, "issued_at_ms": now,
                "expires_at_ms": now + 10_000, "sender": "admin"}
        body.update(changes)
        return body

    def rejected(self, reason):
        return self.agent.program.log().count(reason)


@pytest.fixture(scope="module")
def wire(new_directory, new_store):
    from conftest import Fleet
    fleet = Fleet(new_directory, new_store("sqlite"))
    with fleet.exit:
        yield Wire(fleet, new_directory)


def attack(wire, way, entry, reason):
    """Puts the entry on the wire: host-1 gives `reason` for not taking it, and runs nothing."""
    wire.assert_nothing_else_ran()
    seen = wire.rejected(reason)
    wire.put(way, entry)
    wait_for(f"host-1 says: {reason}", lambda: wire.rejected(reason) > seen, 15)
    wire.pull()
    wire.assert_nothing_else_ran()


@pytest.mark.parametrize("way", WAYS)
def test_the_servers_own_key_makes_a_genuine_entry(wire, way):
    """The control: without it, the attacks below could fail for a reason of the test's own."""
    key_id = wire.capture()["k"]
    wire.assert_nothing_else_ran()
    wire.put(way, wire.server_key.entry("run", wire.run_body(), key_id))
    wire.expected += 1
    wait_for("the entry ran", lambda: wire.executed() == wire.expected, 15)


@pytest.mark.parametrize("way", WAYS)
def test_forged_with_another_key_under_the_servers_name(wire, way):
    entry = Key(os.urandom(32)).entry("run", wire.run_body(), wire.capture()["k"])
    attack(wire, way, entry, "its signature is not the server's")


@pytest.mark.parametrize("way", WAYS)
def test_forged_with_another_key_under_its_own_name(wire, way):
    attack(wire, way, Key(os.urandom(32)).entry("run", wire.run_body(), "0123456789abcdef"),
           "an entry was rejected")


@pytest.mark.parametrize("way", WAYS)
def test_without_a_signature(wire, way):
    nothing = {"channel": "", "stream": "AA=="}[way]
    entry = {"t": "run", "k": wire.capture()["k"], "b": json.dumps(wire.run_body()), "s": nothing}
    attack(wire, way, entry, "its signature is not the server's")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("change", [
    {"command_id": "00000000-0000-4000-8000-000000000001"}, {"attempt": 2}, {"command": "echo"},
    {"params": {"repository_path": "/etc", "branch": "main"}}, {"expires_at_ms": 99999999999999}])
def test_altered(wire, way, change):
    entry = wire.capture()
    body = json.loads(entry["b"])
    body.update(change)
    attack(wire, way, {**entry, "b": json.dumps(body)}, "its signature is not the server's")


@pytest.mark.parametrize("way", WAYS)
def test_altered_kind(wire, way):
    """A signed cancel of the server's must not pass for a run, nor the other way."""
    entry = wire.capture()
    attack(wire, way, {**entry, "t": "cancel"}, "its signature is not the server's")


@pytest.mark.parametrize("way", WAYS)
def test_replayed(wire, way):
    entry = wire.capture()
    wire.remote.push(f"after the captured pull {way}")
    before = (wire.tree / "content").read_text()
    for _ in range(3):
        wire.put(way, entry)
    # Read in order: when an echo sent afterwards is answered, the replays by the channel were looked at.
    wire.echo()
    if way == "stream":
        with wire.fleet.redis.connect() as redis:
            wait_for("the stream is read", lambda: redis.command("XLEN", "cockpit:commands:host-1") == 0, 15)
    wire.assert_nothing_else_ran()
    assert (wire.tree / "content").read_text() == before
    wire.pull()
    wire.assert_nothing_else_ran()


def test_replayed_after_the_agent_was_restarted(wire):
    entry = wire.capture()
    wire.agent.stop()
    wire.agent.start()
    wire.fleet.server.wait_status("host-1", "online")
    wire.expected = 0
    wire.remote.push("after the restart")
    before = (wire.tree / "content").read_text()
    wire.put("channel", entry)
    wire.echo()
    wire.assert_nothing_else_ran()
    assert (wire.tree / "content").read_text() == before
    wire.pull()
    wire.assert_nothing_else_ran()


@pytest.mark.parametrize("way", WAYS)
def test_expired(wire, way):
    now = int(time.time() * 1000)
    entry = wire.server_key.entry(
        "run", wire.run_body(issued_at_ms=now - 60_000, expires_at_ms=now - 50_000), wire.capture()["k"])
    attack(wire, way, entry, "by the clock of this host")


def test_valid_for_longer_than_the_host_remembers(wire):
    now = int(time.time() * 1000)
    entry = wire.server_key.entry(
        "run", wire.run_body(expires_at_ms=now + 30 * 24 * 3600 * 1000), wire.capture()["k"])
    attack(wire, "channel", entry, "this agent takes commands that expire within")


@pytest.mark.parametrize("way", WAYS)
def test_misaddressed(wire, way):
    entry = wire.capture("host-2")
    attack(wire, way, entry, "it is addressed to the agent 'host-2'")


@pytest.mark.parametrize("message", [
    "", "{", "null", "[]", "\0\xff", '{"t":"run"}', '{"t":"run","k":1,"b":2,"s":3}', '{"b":"{}","s":""}',
    '{"t":"nonsense","k":"a","b":"{}","s":"AA=="}', "x" * 3_000_000])
def test_noise_on_the_channel(wire, message):
    wire.fleet.redis.publish("cockpit-agent:host-1", message)
    assert wire.echo().json["output"] == "after"


def test_noise_on_the_streams(wire):
    with wire.fleet.redis.connect() as redis:
        for stream in ("cockpit:commands:host-1", "cockpit:results"):
            redis.command("XADD", stream, "*", "a", "b")
            redis.command("XADD", stream, "*", "t", "run", "k", "", "b", "{", "s", "\0")
            redis.command("XADD", stream, "*", "t", "finished", "k", "x", "b", "x" * 2_000_000, "s", "AA==")
        assert wire.echo().json["output"] == "after"
        wait_for("the agent has read its stream",
                 lambda: redis.command("XLEN", "cockpit:commands:host-1") == 0, 15)
        redis.command("PUBLISH", "cockpit:heartbeats", "noise")
        redis.command("PUBLISH", "cockpit-agent-response:host-1", "noise")
    assert wire.echo().json["output"] == "after"


# What is forged towards the server -------------------------------------------------------------------------


@pytest.fixture
def open_command(wire):
    """A command of host-1 that stays open: the host is stopped before it can take it."""
    wire.fleet.server.wait_status("host-1", "online")
    os.kill(wire.agent.pid, signal.SIGSTOP)  # connected, and silent
    try:
        answer = wire.fleet.api.command("host-1", "echo", {"message": "true"})
        assert answer.status == 200, answer
        yield answer.json["command_id"]
    finally:
        os.kill(wire.agent.pid, signal.SIGCONT)
    wire.expected += wire.fleet.server.wait_final(answer.json["command_id"])["status"] == "success"
    wire.fleet.server.wait_status("host-1", "online")


def finished_body(command_id, agent_id="host-1"):
    return {"agent_id": agent_id, "command_id": command_id, "attempt": 1, "state": "success", "output": "a lie",
            "execution_time_ms": 1, "at_ms": int(time.time() * 1000)}


def put_result(wire, entry):
    """Adds it to the results; returns when the server has read it."""
    with wire.fleet.redis.connect() as redis:
        redis.command("XADD", "cockpit:results", "*", *flat(entry))
        # host-2's news is read after it.
        assert wire.fleet.api.echo("host-2", "read").status == 200


def test_result_forged_with_another_key(wire, open_command):
    put_result(wire, Key(os.urandom(32)).entry("finished", finished_body(open_command), "0123456789abcdef"))
    record = wire.fleet.api.find(open_command).json
    assert record["output"] != "a lie" and record["status"] in ("pending", "expired")


def test_result_of_another_host_in_its_own_name(wire, open_command):
    key = Key.from_file(wire.other.directory / "state" / "agent.key")
    put_result(wire, key.entry("finished", finished_body(open_command, "host-2"), "0123456789abcdef"))
    record = wire.fleet.api.find(open_command).json
    assert record["output"] != "a lie" and record["status"] in ("pending", "expired")


def test_result_of_another_host_in_the_hosts_name(wire, open_command):
    key = Key.from_file(wire.other.directory / "state" / "agent.key")
    put_result(wire, key.entry("finished", finished_body(open_command), "0123456789abcdef"))
    record = wire.fleet.api.find(open_command).json
    assert record["output"] != "a lie" and record["status"] in ("pending", "expired")


def test_unsigned_answer_for_a_host_that_signs(wire, open_command):
    wire.fleet.redis.publish("cockpit-agent-response:host-1", json.dumps({
        "command_id": open_command, "status": "success", "output": "a lie", "error": None,
        "execution_time_ms": 1, "timestamp": int(time.time())}))
    assert wire.fleet.api.echo("host-2", "read").status == 200
    assert wire.fleet.api.find(open_command).json["output"] != "a lie"


def test_registry_written_by_somebody_else_changes_nothing(wire):
    with wire.fleet.redis.connect() as redis:
        redis.command("HSET", "agents:host-1", "status", "offline", "capabilities", "rm", "version", "9.9",
                      "protocol", "original", "public_key", "AAAA")
    status = wire.fleet.api.status("host-1").json
    assert status["status"] == "online"
    assert status["protocol"] == "signed"
    assert status["version"] != "9.9"
    assert wire.echo().json["output"] == "after"


def test_a_stranger_without_a_token_does_not_appear(wire):
    stranger = {"agent_id": "stranger", "public_key": "A" * 43 + "=", "hostname": "x", "version": "1",
                "commands": [], "labels": {}, "os": "x", "arch": "x", "started_at_ms": 1, "at_ms": 1,
                "heartbeat_s": 30, "commands_executed": 0, "running": 0, "leaving": False}
    put_result(wire, Key(os.urandom(32)).entry("hello", stranger, "0123456789abcdef"))
    assert "stranger" not in wire.fleet.api.agents()
