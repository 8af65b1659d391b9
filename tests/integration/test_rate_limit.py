"""A host is given so many commands per time, whichever server is asked (AGENT_RATE_LIMIT, AGENT_RATE_BURST)."""

import time

import pytest

from http_api import BASE
from test_several_servers import add_server

LIMIT = {"AGENT_RATE_LIMIT": "1", "AGENT_RATE_BURST": "5"}


@pytest.fixture
def limited(new_fleet, new_directory):
    fleet = new_fleet("postgresql", LIMIT)
    fleet.add_agent("host-1")
    b = add_server(fleet, new_directory, LIMIT)
    for server in (fleet.server, b):
        server.wait_status("host-1", "online")
    return fleet, b


def test_two_servers_share_one_bucket(limited):
    fleet, b = limited
    began = time.monotonic()
    answers = [(fleet.api, b.admin)[n % 2].command("host-1", "echo", {"message": str(n)}) for n in range(20)]
    passed_s = time.monotonic() - began
    taken = [a for a in answers if a.status == 200]
    refused = [a for a in answers if a.status == 429]
    assert len(taken) + len(refused) == 20, answers
    assert 5 <= len(taken) <= 5 + passed_s + 1
    assert all(1 <= int(a.headers["retry-after"]) <= 2 for a in refused), refused
    assert refused[0].detail.startswith(
        "agent 'host-1' is given 1 commands per second at most, 5 at once (AGENT_RATE_LIMIT, AGENT_RATE_BURST): "
        "nothing was sent; try again in ")
    assert len(fleet.rows()) == len(taken), "what was refused left a row"


def test_without_the_bucket_in_redis_each_server_counts_by_itself(limited):
    fleet, b = limited
    fleet.redis.connect().command("ACL", "SETUSER", "default", "-eval")
    began = time.monotonic()
    statuses = {}
    for name, api in (("a", fleet.api), ("b", b.admin)):
        statuses[name] = [api.command("host-1", "echo").status for _ in range(10)]
    passed_s = time.monotonic() - began
    for name, got in statuses.items():
        assert set(got) == {200, 429} and 5 <= got.count(200) <= 5 + passed_s + 1, (name, got)
    assert "needs +eval" in fleet.server.program.text()


def test_a_repeated_request_costs_nothing(limited):
    fleet, _ = limited
    body = {"agent_id": "host-1", "command": "echo", "params": {}}
    answers = [fleet.api.post(f"{BASE}/command", body, headers={"Idempotency-Key": "one"}) for _ in range(15)]
    assert [a.status for a in answers] == [200] * 15, answers
    assert len({a.json["command_id"] for a in answers}) == 1
