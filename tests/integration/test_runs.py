"""One command to many hosts: plans, waves, failures, a server that dies in the middle, and what the hosts said.

The hosts are many, in one process (tests/fakes/many_agents.cpp): the agent's real executor and transport."""

import collections
import pathlib
import types

import pytest

from http_api import BASE
from processes import Program, wait_for
from programs import BIN, FAST_AGENT
from test_several_servers import add_server

MANY_AGENTS = BIN.parent / "fakes" / "many_agents"


class ManyHosts:
    def __init__(self, fleet, new_directory, count):
        self.directory = pathlib.Path(new_directory("many"))
        self.ids = [f"many-{n:04}" for n in range(count)]
        env = {**fleet.server.join_token("--uses", str(count)), **FAST_AGENT, "LOGLEVEL": "INFO",
               "HEARTBEAT_INTERVAL": "10", "COCKPIT_STATE_DIR": str(self.directory / "state")}
        self.program = Program("many", [MANY_AGENTS, str(count), "many-", str(self.directory)], self.directory, env)
        fleet.exit.callback(lambda: self.program.running() and self.program.kill())
        wait_for("all hosts are online", lambda: self.online(fleet.api) == count, 120)

    def online(self, api):
        assert self.program.running(), self.program.tail()
        return sum(agent["status"] == "online" for agent in api.get(f"{BASE}/list").json["agents"])

    def fail(self, ids):
        (self.directory / "fail").write_text("".join(f"{agent}\n" for agent in ids))

    def ran(self):
        """How often each host ran it."""
        file = self.directory / "ran"
        return collections.Counter(file.read_text().split() if file.exists() else [])


@pytest.fixture
def many(new_fleet, new_directory, request):
    """200 hosts on a server with PostgreSQL."""
    fleet = new_fleet("postgresql")
    hosts = ManyHosts(fleet, new_directory, getattr(request, "param", 200))
    return types.SimpleNamespace(fleet=fleet, hosts=hosts, api=fleet.api, server=fleet.server)


def plan(api, **request):
    answer = api.post(f"{BASE}/plans", {"command": "step", **request})
    assert answer.status == 201, answer
    return answer.json


def start(api, made, **manner):
    answer = api.post(f"{BASE}/runs", {"plan_id": made["plan_id"], "hash": made["hash"], **manner})
    assert answer.status == 201, answer
    return answer.json["run_id"]


def look(api, run_id):
    answer = api.get(f"{BASE}/runs/{run_id}")
    assert answer.status == 200, answer
    return answer.json


def wait_end(server, run_id, limit_s=90):
    def ended():
        run = look(server.admin, run_id)
        return run if run["ended_at"] else None
    return wait_for(f"the end of run {run_id}", ended, limit_s)


def wait_ran(hosts, count):
    wait_for(f"{count} hosts ran it", lambda: sum(hosts.ran().values()) >= count, 60)


def test_it_stops_at_too_many_failures_and_a_rerun_reaches_only_the_rest(many):
    failing = many.hosts.ids[25:29]  # the canary is host 0, waves are 1–20, 21–40, …
    many.hosts.fail(failing)
    made = plan(many.api, targets="many-*")
    assert made["total"] == 200 and made["ready"] == 200
    run = wait_end(many.server, start(many.api, made, concurrency="10%", max_failures=3))
    assert run["status"] == "failed"
    assert run["why"] == "4 hosts failed, and max_failures is 3"
    assert run["counts"] == {"success": 37, "error": 4, "skipped": 159}
    assert many.hosts.ran() == collections.Counter(many.hosts.ids[:41])

    said = many.api.get(f"{BASE}/runs/{run['run_id']}/clusters").json
    assert said["hosts_ended"] == 41
    assert [(cluster["total"], cluster["status"]) for cluster in said["clusters"]] == [(37, "success"), (4, "error")]
    assert said["clusters"][1]["hosts"] == failing
    assert said["clusters"][0]["variants"] == 37  # each host told its own name

    many.hosts.fail([])
    again = many.api.post(f"{BASE}/runs/{run['run_id']}/rerun", {})
    assert again.status == 201, again
    rest = wait_end(many.server, again.json["run_id"])
    assert rest["status"] == "succeeded" and rest["parent_run_id"] == run["run_id"]
    assert rest["counts"] == {"success": 163}
    ran = many.hosts.ran()
    assert ran == collections.Counter(many.hosts.ids + failing), "twice only where it had failed"
    nothing = many.api.post(f"{BASE}/runs/{rest['run_id']}/rerun", {})
    assert nothing.status == 409 and "nothing is left to run again" in nothing.detail


def test_a_server_that_is_killed_in_the_middle_goes_on_where_it_was(many):
    run_id = start(many.api, plan(many.api, targets="many-*"), concurrency="10%", max_failures=3)
    for part in (30, 90, 150):
        wait_ran(many.hosts, part)
        many.server.kill()
        many.server.start()
    run = wait_end(many.server, run_id, 180)
    assert run["status"] == "succeeded", run["why"]
    assert run["counts"] == {"success": 200}
    assert many.hosts.ran() == collections.Counter(many.hosts.ids), "each once"
    assert len(many.fleet.rows()) == 200


@pytest.mark.parametrize("many", [40], indirect=True)
def test_another_server_takes_over_the_run_of_a_dead_one(many, new_directory):
    other = add_server(many.fleet, new_directory)
    other.wait_status("many-0039", "online")
    run_id = start(many.api, plan(many.api, targets="many-*"), concurrency=4, pause_s=1)
    wait_ran(many.hosts, 9)
    many.server.kill()
    run = wait_end(other, run_id, 120)
    assert run["status"] == "succeeded", run["why"]
    assert many.hosts.ran() == collections.Counter(many.hosts.ids)


@pytest.mark.parametrize("many", [30], indirect=True)
def test_pause_resume_and_cancel(many):
    run_id = start(many.api, plan(many.api, targets="many-*"), concurrency=3, pause_s=2)
    wait_ran(many.hosts, 4)
    assert many.api.post(f"{BASE}/runs/{run_id}/pause", {}).status == 200
    paused = wait_for("it is paused", lambda: (r := look(many.api, run_id))["status"] == "paused" and r, 30)
    assert paused["why"] == "paused by admin" and paused["asked"] is None
    before = sum(many.hosts.ran().values())
    assert many.api.post(f"{BASE}/runs/{run_id}/resume", {}).status == 200
    wait_ran(many.hosts, before + 3)
    assert many.api.post(f"{BASE}/runs/{run_id}/cancel", {}).status == 200
    run = wait_end(many.server, run_id)
    assert run["status"] == "cancelled" and run["why"] == "cancelled by admin"
    assert run["counts"]["skipped"] > 0
    late = many.api.post(f"{BASE}/runs/{run_id}/pause", {})
    assert late.status == 409 and "has ended: it is cancelled" in late.detail
    assert many.api.post(f"{BASE}/runs/none/pause", {}).status == 404


@pytest.mark.parametrize("many", [3], indirect=True)
def test_only_what_was_looked_at_is_run(many):
    api = many.api
    made = plan(api, agents=["many-0002", "many-0000"])
    assert [host["agent_id"] for host in made["hosts"]] == ["many-0002", "many-0000"]
    wrong = api.post(f"{BASE}/runs", {"plan_id": made["plan_id"], "hash": "0" * 64})
    assert wrong.status == 409 and "'hash' is not that of plan" in wrong.detail
    gone = api.post(f"{BASE}/runs", {"plan_id": "none", "hash": made["hash"]})
    assert gone.status == 404 and "plans are kept for an hour" in gone.detail
    body = {"plan_id": made["plan_id"], "hash": made["hash"], "canary": 0}
    first = api.post(f"{BASE}/runs", body, headers={"Idempotency-Key": "once"})
    again = api.post(f"{BASE}/runs", body, headers={"Idempotency-Key": "once"})
    assert first.status == again.status == 201
    assert first.json["run_id"] == again.json["run_id"]
    wait_end(many.server, first.json["run_id"])
    assert many.hosts.ran() == collections.Counter(["many-0000", "many-0002"])
    listed = api.get(f"{BASE}/runs").json
    assert [run["run_id"] for run in listed["runs"]] == [first.json["run_id"]] and listed["next_cursor"] is None


@pytest.mark.parametrize("many", [2], indirect=True)
def test_a_plan_tells_what_stands_in_the_way(many):
    api = many.api
    made = plan(api, targets="many-*", command="reboot")
    assert made["ready"] == 0
    assert [host["in_the_way"][0]["kind"] for host in made["hosts"]] == ["unknown_command"] * 2
    assert "has no command 'reboot'; it has: step" in made["hosts"][0]["in_the_way"][0]["detail"]
    many.hosts.program.kill()
    many.server.wait_status("many-0000", "offline", 90)
    away = plan(api, targets="many-0000")
    assert away["hosts"][0]["in_the_way"][0]["kind"] == "offline"
    run = wait_end(many.server, start(api, away))
    assert run["status"] == "finished_with_failures" and run["counts"] == {"skipped": 1}
    assert "is offline" in run["hosts"][0]["why"]


@pytest.mark.parametrize("body, says", [
    ({"command": "step"}, "give either 'targets'"),
    ({"targets": "many-* and", "command": "step"}, "'targets' is wrong: column 11"),
    ({"targets": "db-*", "command": "step"}, "no host is meant, so there is nothing to run"),
    ({"targets": "many-*"}, "'command' is missing"),
])
@pytest.mark.parametrize("many", [1], indirect=True)
def test_wrong_plans_say_what_is_wrong(many, body, says):
    answer = many.api.post(f"{BASE}/plans", body)
    assert answer.status == 400 and says in answer.detail, answer


@pytest.mark.parametrize("many", [1], indirect=True)
def test_who_may_not_send_may_not_run(many):
    reader = many.fleet.new_user("reader", ["cockpit_agents:read"])
    assert reader.post(f"{BASE}/plans", {"targets": "*", "command": "step"}).status == 403
    assert reader.post(f"{BASE}/runs", {"plan_id": "x", "hash": "y"}).status == 403
    assert reader.get(f"{BASE}/runs").status == 200
