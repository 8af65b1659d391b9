"""Schedules fire exactly once, whichever of several servers does it; nothing starts in a maintenance window."""

import time

import pytest

from http_api import BASE
from processes import wait_for
from test_several_servers import add_server

SCHEDULES = f"{BASE}/schedules"
WINDOWS = f"{BASE}/maintenance-windows"
MINUTE_S = 60


@pytest.fixture
def pair(new_fleet, new_directory):
    """A fleet with servers a and b, and a host."""
    fleet = new_fleet("postgresql", {"AGENT_RATE_LIMIT": "100"})
    fleet.add_agent("host-1")
    b = add_server(fleet, new_directory, {"AGENT_RATE_LIMIT": "100"})
    b.wait_status("host-1", "online")
    return fleet, fleet.server, b


def each_second(api, missed):
    answer = api.post(SCHEDULES, {
        "name": "tick", "cron": "* * * * * *", "kind": "command", "overlap": "allow", "missed": missed,
        "request": {"agent_id": "host-1", "command": "echo", "queue_if_offline": True}})
    assert answer.status == 201, answer
    return answer.json


def firings(fleet):
    return fleet.store.rows("SELECT due_at_ms, state, detail, launched_id FROM cockpit_schedule_firings "
                            "WHERE schedule = 'tick' ORDER BY due_at_ms")


def minute_of_firings(fleet):
    """The firings of the first minute, once all of them have been launched."""
    def done():
        rows = firings(fleet)[:MINUTE_S]
        return len(rows) == MINUTE_S and all(row["state"] == "launched" for row in rows) and rows
    return wait_for("a minute of firings is launched", done, MINUTE_S + 45)


def check_a_minute(fleet, rows):
    dues = [row["due_at_ms"] for row in rows]
    assert dues == list(range(dues[0], dues[0] + MINUTE_S * 1000, 1000))
    launched = [row["launched_id"] for row in rows]
    assert len(set(launched)) == MINUTE_S
    commands = fleet.rows("sent_by = 'schedule:tick'")
    # Commands beyond the minute are those of later firings; none has no firing, and no firing has two.
    ids = {row["launched_id"] for row in firings(fleet)}
    wait_for("every command belongs to a firing",
             lambda: {c["command_id"] for c in fleet.rows("sent_by = 'schedule:tick'")}
             <= {row["launched_id"] for row in firings(fleet)}, 30)
    assert set(launched) <= {c["command_id"] for c in commands}, ids


def test_two_servers_fire_each_second_for_a_minute_once(pair):
    fleet, a, _ = pair
    each_second(a.admin, "skip")
    rows = minute_of_firings(fleet)
    check_a_minute(fleet, rows)


@pytest.mark.parametrize("dies", ["a", "b"])
def test_server_killed_in_the_minute_loses_and_repeats_nothing(pair, dies):
    fleet, a, b = pair
    each_second(a.admin, "all")
    wait_for("half of the minute is over", lambda: len(firings(fleet)) >= MINUTE_S // 2, MINUTE_S)
    (a if dies == "a" else b).kill()
    rows = minute_of_firings(fleet)
    check_a_minute(fleet, rows)


def test_command_is_refused_in_a_window_and_forced_goes_through(fleet):
    fleet.add_agent("host-1")
    now = int(time.time())
    made = fleet.api.post(WINDOWS, {"name": "disk", "targets": "host-*", "reason": "new disk",
                                    "from": now - 5, "until": now + 3600})
    assert made.status == 201, made
    refused = fleet.api.command("host-1", "echo", {"message": "x"})
    assert refused.status == 409, refused
    assert "'host-1' is in the maintenance window 'disk' until " in refused.detail
    assert "(new disk); nothing was sent; 'force': true sends it all the same" in refused.detail
    assert fleet.rows() == []
    forced = fleet.api.post(f"{BASE}/command", {"agent_id": "host-1", "command": "echo", "timeout": 20, "force": True})
    assert forced.status == 200, forced
    assert fleet.api.get(f"{WINDOWS}?open=true").json["total"] == 1


def test_a_schedule_gives_a_command_to_whoever_is_meant_at_that_moment(fleet):
    for name in ("host-1", "host-2"):
        fleet.add_agent(name)
    wrong = fleet.api.post(SCHEDULES, {"name": "x", "cron": "0 3 * * *", "kind": "run",
                                       "request": {"targets": "host-*", "command": "echo", "plan_id": "p"}})
    assert wrong.status == 400 and "'plan_id' is no field of it; there are targets, agents, command" in wrong.detail
    made = fleet.api.post(SCHEDULES, {"name": "all", "cron": "0 3 * * *", "kind": "run", "request": {
        "targets": "host-*", "command": "echo", "params": {"message": "good morning"}, "concurrency": "50%"}})
    assert made.status == 201, made
    assert fleet.api.post(f"{SCHEDULES}/all/run", {}).status == 200
    [run] = wait_for("the run is over", lambda: [one for one in fleet.api.get(f"{BASE}/runs").json["runs"]
                                                 if one["ended_at"]])
    assert (run["status"], run["total"], run["created_by"]) == ("succeeded", 2, "schedule:all")
    fleet.add_agent("host-3")
    assert fleet.api.post(f"{SCHEDULES}/all/run", {}).status == 200
    wait_for("the new host is meant, too", lambda: [one for one in fleet.api.get(f"{BASE}/runs").json["runs"]
                                                    if one["ended_at"] and one["total"] == 3])
    [firing, _] = fleet.api.get(f"{SCHEDULES}/all/firings").json["firings"]
    assert (firing["state"], firing["fired_by"]) == ("launched", "admin"), firing
