"""Several servers with one Redis, one PostgreSQL database and one server key are one server to everybody."""

import concurrent.futures
import shutil
import types
import uuid

import pytest

from http_api import BASE
from processes import wait_for
from programs import Server
from test_delivery import cancel, pull
from test_integration_checklist import gated_host, start_pull


def add_server(fleet, new_directory, env=None):
    """Another one beside the fleet's own."""
    directory = new_directory("s")
    state = directory / "state"
    state.mkdir(mode=0o700)
    shutil.copy2(fleet.server.directory / "state" / "server.key", state)
    server = Server(directory, fleet.redis, fleet.store, env)
    fleet.exit.callback(lambda: server.program.running() and server.stop())
    return server


@pytest.fixture
def pair(new_fleet, new_directory):
    """Servers a and b, and a host whose pulls wait at a gate. b is last: it learns hosts at its start."""
    fleet = new_fleet("postgresql")
    agent, gate, [tree] = gated_host(fleet, new_directory)
    b = add_server(fleet, new_directory)
    b.wait_status("host-1", "online")
    fleet.server.wait_status("host-1", "online")
    return types.SimpleNamespace(fleet=fleet, agent=agent, gate=gate, tree=tree, remote_directory=tree.parent,
                                 a=fleet.server, b=b)


def ends_in_log(server):
    return server.program.text().count("command ended")


def test_who_waits_at_one_server_is_answered_whoever_takes_the_result(pair):
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda n: pair.a.admin.echo("host-1", f"n{n}"), range(50)))
    assert [a.status for a in answers] == [200] * 50, [a for a in answers if a.status != 200]
    assert [a.json["output"] for a in answers] == [f"n{n}" for n in range(50)]
    print("results taken in by a and b:", ends_in_log(pair.a), ends_in_log(pair.b))
    assert ends_in_log(pair.a) + ends_in_log(pair.b) == 50
    assert {row["status"] for row in pair.fleet.rows()} == {"success"}


@pytest.mark.parametrize("dies", ["a", "b"])
def test_open_command_of_a_dead_server_is_ended_by_the_other(pair, dies):
    dead, alive = (pair.a, pair.b) if dies == "a" else (pair.b, pair.a)
    slow = dead.admin.command("host-1", "git_pull", {"repository_path": str(pair.tree)}).json["command_id"]
    pair.gate.wait_reached()
    dead.kill()
    pair.gate.open()
    assert alive.wait_final(slow, 60)["status"] == "success"
    assert pair.gate.reached() == 1


def test_queued_command_of_a_dead_server_is_sent_by_the_other(pair):
    pair.gate.open()
    pair.agent.stop()
    pair.a.wait_status("host-1", "offline")
    queued = pull(pair.a.admin, pair.tree, queue_if_offline=True).json["command_id"]
    pair.a.kill()
    pair.agent.start()
    assert pair.b.wait_final(queued, 60)["status"] == "success"
    assert pair.gate.reached() == 1


def test_queued_command_known_to_both_is_run_once(pair):
    pair.gate.open()
    pair.agent.stop()
    pair.a.wait_status("host-1", "offline")
    queued = pull(pair.a.admin, pair.tree, queue_if_offline=True).json["command_id"]
    pair.b.stop()
    pair.b.start()  # which takes up what is open
    pair.agent.start()
    assert pair.a.wait_final(queued, 60)["status"] == "success"
    assert pair.b.admin.find(queued).json["status"] == "success"
    assert pair.gate.reached() == 1


def test_cancel_at_the_other_server(pair):
    slow = start_pull(pair.fleet, pair.tree)
    pair.gate.wait_reached()
    answer = cancel(pair.b.admin, slow)
    assert answer.status == 200, answer
    assert pair.a.wait_final(slow)["status"] == "cancelled"
    pair.gate.open()


def test_same_key_at_both_servers_makes_one_command(pair):
    def send(server, key):
        return server.admin.post(f"{BASE}/command", {"agent_id": "host-1", "command": "echo", "timeout": 20},
                                 headers={"Idempotency-Key": key})
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for _ in range(10):
            key = uuid.uuid4().hex
            answers = list(pool.map(lambda server, key=key: send(server, key), (pair.a, pair.b)))
            assert {a.status for a in answers} == {200}, answers
            assert len({a.json["command_id"] for a in answers}) == 1
            assert len(pair.fleet.rows(f"idempotency_key = '{key}'")) == 1


@pytest.mark.parametrize("dies", ["a", "b"])
@pytest.mark.parametrize("first", ["queued", "running"])
def test_retry_goes_on_when_a_server_dies_between_two_attempts(pair, first, dies):
    """Both servers know the first attempt; only one of them heard that it failed."""
    bare, gone = pair.remote_directory / "remote.git", pair.remote_directory / "gone.git"
    if first == "queued":
        pair.gate.open()
        pair.agent.stop()
        pair.a.wait_status("host-1", "offline")
    command = pull(pair.a.admin, pair.tree, queue_if_offline=True,
                   retry={"max_attempts": 2, "backoff_s": 10}).json["command_id"]
    if first == "running":
        pair.gate.wait_reached()
    pair.b.stop()
    pair.b.start()  # which takes up what is open
    bare.rename(gone)
    pair.agent.start() if first == "queued" else pair.gate.open()
    wait_for("the first attempt failed", lambda: pair.a.admin.attempts(command))
    dead, alive = (pair.a, pair.b) if dies == "a" else (pair.b, pair.a)
    dead.kill()
    gone.rename(bare)
    ended = alive.wait_final(command, 45)
    assert (ended["status"], ended["attempt"]) == ("success", 2)
