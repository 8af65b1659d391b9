"""Requests that are repeated, and requests that are wrong, about a command's way to its host."""

import concurrent.futures
import uuid

import pytest

from http_api import BASE


# Repeated requests -----------------------------------------------------------------------------------


def keyed(api, key, message="once", **more):
    body = {"agent_id": "host-1", "command": "echo", "params": {"message": message}, **more}
    return api.post(f"{BASE}/command", body, headers={"Idempotency-Key": key})


def test_same_key_and_body_is_the_same_command(world):
    key = uuid.uuid4().hex
    first = keyed(world.api, key, timeout=20)
    again = keyed(world.api, key, timeout=20)
    assert (first.status, again.status) == (200, 200), (first, again)
    assert again.json["command_id"] == first.json["command_id"]
    assert again.json["status"] == "success"
    assert len(world.fleet.rows(f"idempotency_key = '{key}'")) == 1


def test_same_key_and_another_body_is_a_conflict(world):
    key = uuid.uuid4().hex
    first = keyed(world.api, key)
    other = keyed(world.api, key, "other")
    assert other.status == 409, other
    assert first.json["command_id"] in other.detail
    assert "use a new key" in other.detail
    assert len(world.fleet.rows(f"idempotency_key = '{key}'")) == 1


def test_key_belongs_to_its_user(world):
    key = uuid.uuid4().hex
    writer = world.fleet.new_user(f"writer-{world.kind}", ["cockpit_agents:read", "cockpit_agents:write"])
    assert keyed(world.api, key).json["command_id"] != keyed(writer, key, "other").json["command_id"]


def test_same_key_at_the_same_time_makes_one_command(world):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for _ in range(10):
            key = uuid.uuid4().hex
            answers = list(pool.map(lambda _, key=key: keyed(world.api, key, timeout=20), range(4)))
            assert {a.status for a in answers} == {200}, answers
            assert len({a.json["command_id"] for a in answers}) == 1
            assert len(world.fleet.rows(f"idempotency_key = '{key}'")) == 1


# Wrong requests --------------------------------------------------------------------------------------

WRONG_BODIES = [
    ({"retry": {"max_attempts": 2, "on": ["failure"]}},
     "'retry' is wrong: 'on' holds 'failure', which is none of error, timeout, interrupted"),
    ({"retry": {"max_attempts": 2, "on": []}}, "'retry' is wrong: 'on' must not be empty"),
    ({"retry": {"max_attempts": 11}}, "'retry' is wrong: 'max_attempts' must be from 1 to 10"),
    ({"retry": {}}, "'retry' is wrong: 'max_attempts' is missing; it must be an integer"),
    ({"retry": {"max_attempts": 2, "often": 1}},
     "'retry' is wrong: unknown field 'often'; there are max_attempts, backoff_s, on"),
    ({"retry": 3}, "'retry' must be an object"),
    ({"expires_in": 60}, "'expires_in' needs 'queue_if_offline': true"),
    ({"expires_in": 60, "queue_if_offline": False}, "'expires_in' needs 'queue_if_offline': true"),
    ({"expires_in": 0, "queue_if_offline": True}, "'expires_in' must be from 1 to 604740"),
    ({"queue_if_offline": "yes"}, "'queue_if_offline' must be true or false"),
    ({"execution_timeout": 0}, "'execution_timeout' must be from 1 to 86400"),
]


@pytest.mark.parametrize("more, sentence", WRONG_BODIES, ids=[str(body) for body, _ in WRONG_BODIES])
def test_wrong_delivery_fields(world, more, sentence):
    before = world.api.history()["total"]
    answer = world.api.command("host-1", "echo", **more)
    assert (answer.status, answer.detail) == (400, sentence), answer
    assert world.api.history()["total"] == before


@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "caf\u00e9"],
                         ids=["empty", "long", "space", "accent"])
def test_wrong_idempotency_key(world, key):
    answer = keyed(world.api, key)
    assert answer.status == 400, answer
    assert answer.detail == "the Idempotency-Key header must be 1 to 255 printable ASCII characters"


def test_longest_idempotency_key(world):
    key = uuid.uuid4().hex.ljust(255, "~")
    assert keyed(world.api, key).json["command_id"] == keyed(world.api, key).json["command_id"]


def test_open_takes_true_or_false_only(world):
    answer = world.api.get(f"{BASE}/history/all?open=1")
    assert (answer.status, answer.detail) == (400, "'open' must be true or false")
