"""Hosts join with one token, and are known by their key from then on."""

import shutil

import pytest

from http_api import BASE
from processes import wait_for
from services import SqliteStore


def test_second_host_joins_with_the_printed_lines(fleet):
    for name in ("host-1", "host-2"):
        fleet.add_agent(name)
    assert set(fleet.api.agents()) == {"host-1", "host-2"}
    for name in ("host-1", "host-2"):
        assert fleet.api.echo(name, name).json["output"] == name


def test_the_printed_lines_are_all_a_host_needs(new_fleet):
    fleet = new_fleet()
    lines = fleet.server.join_token()
    assert lines["REDIS_HOST"] == "127.0.0.1"
    assert lines["REDIS_PORT"] == str(fleet.redis.port)
    assert lines["REDIS_PASSWORD"] == fleet.redis.password
    assert len(lines["COCKPIT_SERVER_KEY"]) == 44
    assert lines["COCKPIT_JOIN_TOKEN"].count(".") == 1


def test_only_the_hash_of_a_token_is_kept_and_the_wire_never_sees_it(fleet):
    lines = fleet.server.join_token()
    secret = lines["COCKPIT_JOIN_TOKEN"].split(".")[1]
    with fleet.redis.connect() as watcher:
        watcher.command("MONITOR")
        fleet.start_agent("host-1", lines)
        fleet.server.wait_status("host-1", "online")
        with fleet.redis.connect() as redis:
            redis.command("ECHO", "end-of-watch")
        seen = b""
        while b"end-of-watch" not in seen:
            seen += watcher.line() + b"\n"
    assert b"hello" in seen
    assert secret.encode() not in seen
    rows = fleet.store.rows("SELECT * FROM cockpit_join_tokens")
    assert len(rows) == 1 and secret not in str(rows)


def refused(fleet, agent, reason):
    wait_for(f"the host is told: {reason}", lambda: reason in agent.program.log(), 30)
    assert reason in fleet.server.program.log()


def test_used_up_token_is_refused(fleet):
    lines = fleet.server.join_token()
    fleet.start_agent("host-1", lines)
    fleet.server.wait_status("host-1", "online")
    late = fleet.start_agent("host-2", lines)
    refused(fleet, late, "the join token has been used up")
    assert "host-2" not in fleet.api.agents()
    assert late.program.running()


def test_token_for_two_hosts(fleet):
    lines = fleet.server.join_token("--uses", "2")
    for name in ("host-1", "host-2"):
        fleet.start_agent(name, lines)
        fleet.server.wait_status(name, "online")
    refused(fleet, fleet.start_agent("host-3", lines), "the join token has been used up")


def test_expired_token_is_refused(fleet):
    lines = fleet.server.join_token()
    fleet.store.execute("UPDATE cockpit_join_tokens SET expires_at = created_at")
    refused(fleet, fleet.start_agent("host-1", lines), "the join token has expired")
    assert fleet.api.agents() == {}


def test_unknown_token_is_refused(fleet):
    lines = {**fleet.server.join_token(), "COCKPIT_JOIN_TOKEN": "0123456789ab.bm90LXRoZS1zZWNyZXQ"}
    refused(fleet, fleet.start_agent("host-1", lines), "this server knows no such join token")
    assert fleet.api.agents() == {}


def test_token_with_a_wrong_secret_is_refused(fleet):
    lines = fleet.server.join_token()
    lines["COCKPIT_JOIN_TOKEN"] = lines["COCKPIT_JOIN_TOKEN"].split(".")[0] + ".bm90LXRoZS1zZWNyZXQ"
    refused(fleet, fleet.start_agent("host-1", lines), "the host does not hold the join token it names")
    assert fleet.store.rows("SELECT uses_left FROM cockpit_join_tokens") == [{"uses_left": 1}]


def test_host_without_a_token_is_refused(fleet):
    lines = fleet.server.join_token()
    del lines["COCKPIT_JOIN_TOKEN"]
    refused(fleet, fleet.start_agent("host-1", lines), "it brought no join token")


def test_agent_without_a_server_key_does_not_start(new_fleet):
    fleet = new_fleet()
    lines = fleet.server.join_token()
    agent = fleet.start_agent("host-1", {k: v for k, v in lines.items() if k.startswith("REDIS_")})
    assert agent.program.wait() == 2
    assert "COCKPIT_SERVER_KEY" in agent.program.text()


def test_a_host_that_joined_needs_no_token_again(fleet):
    agent = fleet.add_agent("host-1")
    agent.stop()
    del agent.env["COCKPIT_JOIN_TOKEN"]
    agent.start()
    fleet.server.wait_status("host-1", "online")
    assert fleet.api.echo("host-1").status == 200


def test_changed_key_is_refused_until_it_is_accepted(fleet):
    agent = fleet.add_agent("host-1")
    fingerprint = fleet.api.status("host-1").json["public_key_fingerprint"]
    agent.stop()
    shutil.rmtree(agent.directory / "state")
    agent.env.update(fleet.server.join_token())  # even a good token does not replace a known key
    agent.start()
    refused(fleet, agent, "the key of this host has changed")

    def pending():
        return fleet.api.status("host-1").json["pending_public_key"]
    key = wait_for("the new key waits for an administrator", pending)
    assert fleet.api.status("host-1").json["public_key_fingerprint"] == fingerprint
    assert fleet.api.status("host-1").json["status"] != "online" or fleet.api.echo("host-1", timeout=1).status != 200

    path = f"{BASE}/host-1/accept-key"
    reader = fleet.new_user("reader", ["cockpit_agents:read", "cockpit_agents:write"])
    assert reader.post(path, {"public_key": key}).status == 403
    wrong = fleet.api.post(path, {"public_key": "B" * 43 + "="})
    assert wrong.status == 409, wrong
    accepted = fleet.api.post(path, {"public_key": key})
    assert accepted.status == 200, accepted
    fleet.server.wait_status("host-1", "online")
    wait_for("commands reach the host again", lambda: fleet.api.echo("host-1", "again", 5).status == 200)
    status = fleet.api.status("host-1").json
    assert status["pending_public_key"] is None
    assert status["public_key_fingerprint"] != fingerprint


def test_keys_are_readable_by_their_owner_only(new_fleet):
    fleet = new_fleet()
    agent = fleet.add_agent("host-1")
    for path in (agent.directory / "state" / "agent.key", fleet.server.directory / "state" / "server.key"):
        assert path.stat().st_mode & 0o777 == 0o600


def test_key_open_to_others_is_refused_at_start(new_fleet):
    fleet = new_fleet()
    agent = fleet.add_agent("host-1")
    agent.stop()
    (agent.directory / "state" / "agent.key").chmod(0o644)
    agent.start()
    assert agent.program.wait() != 0
    assert "chmod 600" in agent.program.text()


@pytest.mark.parametrize("options, words", [
    (["--uses", "0"], "--uses"), (["--expires", "soon"], "30m, 24h or 7d"), (["--expires", "-1h"], "")])
def test_join_token_refuses_wrong_options(new_fleet, options, words):
    fleet = new_fleet()
    assert isinstance(fleet.store, SqliteStore)
    with pytest.raises(AssertionError) as failed:
        fleet.server.join_token(*options)
    assert words in str(failed.value)
    assert fleet.store.rows("SELECT * FROM cockpit_join_tokens") == []


def test_server_that_lost_its_key_says_so(new_fleet):
    fleet = new_fleet()
    sentence = "the server key is a new one, but hosts have joined before"
    fleet.add_agent("host-1")
    assert sentence not in fleet.server.program.text()
    fleet.server.stop()
    (fleet.server.directory / "state" / "server.key").unlink()
    fleet.server.start()
    assert sentence in fleet.server.program.text()
    fleet.server.stop()
    fleet.server.start()
    assert sentence not in fleet.server.program.text(), "told once: the key is no longer new"
