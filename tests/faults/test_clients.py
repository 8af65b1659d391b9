"""What clients ask for is what the specification says."""

import schedule
from clients import request_of
from schedule import Command


def spec(kind="quick", **more):
    return Command(0, "key-0", kind, "agent-1", "server-1", **more)


def test_plain_command():
    assert request_of(spec(bytes=7, sleep_ms=9, text=True)) == {
        "agent_id": "agent-1", "command": "append",
        "params": {"id": "key-0", "slot": "key-0", "bytes": 7, "sleep_ms": 9, "failures": 0, "text": True}}


def test_slot_queue_retry_limit_and_waiting():
    body = request_of(spec("retried", slot="b", expires_in=600, max_attempts=3, execution_timeout=1, wait_s=2))
    assert body["params"]["slot"] == "b"
    assert (body["queue_if_offline"], body["expires_in"]) == (True, 600)
    assert body["retry"] == {"max_attempts": 3, "backoff_s": 1, "on": ["error", "timeout"]}
    assert (body["execution_timeout"], body["timeout"]) == (1, 2)


def test_idempotent_command_and_echo():
    assert request_of(spec("idempotent"))["command"] == "append_again"
    assert request_of(spec("echo"))["params"] == {"message": "key-0"}


def test_same_specification_same_body():
    """A repeated request must be the same to the letter, or its key is refused."""
    for command in schedule.make(1, 200, 0).commands:
        assert request_of(command) == request_of(command)
