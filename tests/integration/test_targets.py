"""Who is meant: labels of hosts and of the server, groups, and the language over them, with real agents."""

import types
import urllib.parse

import pytest

import processes
from conftest import Fleet, STORES
from http_api import BASE
from processes import wait_for
from test_several_servers import add_server


@pytest.fixture(scope="module", params=STORES)
def labelled(request, new_directory, new_store):
    """One fleet for all tests here: web-1 and db-1 with labels, and web-2 with none."""
    processes.STARTED.clear()
    fleet = Fleet(new_directory, new_store(request.param))
    with fleet.exit:
        fleet.add_agent("web-1", AGENT_LABELS="role=web,env=prod,site=zürich")
        fleet.add_agent("db-1", AGENT_LABELS="role=db,env=prod,app/tier=back end")
        fleet.add_agent("web-2")
        yield types.SimpleNamespace(fleet=fleet, api=fleet.api, server=fleet.server, kind=request.param)


def targets(api, expression):
    return api.get(f"{BASE}/targets?expression={urllib.parse.quote(expression)}")


def ids(api, expression):
    answer = targets(api, expression)
    assert answer.status == 200, answer
    found = [agent["agent_id"] for agent in answer.json["agents"]]
    assert answer.json["total"] == len(found)
    return found


def put(api, path, body):
    return api.request("PUT", f"{BASE}/{path}", body=body)


def delete(api, path):
    return api.request("DELETE", f"{BASE}/{path}")


def make(api, **group):
    answer = api.post(f"{BASE}/groups", group)
    assert answer.status == 201, answer
    return answer.json


def restart(labelled):
    """A new life of the server, which knows the labels of the hosts before they have spoken."""
    labelled.server.stop()
    labelled.server.start()
    api = labelled.api = labelled.server.admin
    agents = api.agents()
    assert "site" in agents["web-1"]["labels"] and "app/tier" in agents["db-1"]["labels"], agents
    for agent_id in ("web-1", "web-2", "db-1"):
        labelled.server.wait_status(agent_id, "online")
    return api


@pytest.mark.parametrize("expression, wanted", [
    ("all", ["db-1", "web-1", "web-2"]),
    ("web-*", ["web-1", "web-2"]),
    ("web-[2-9] or role=db", ["db-1", "web-2"]),
    ("env=prod and not db-*", ["web-1"]),
    ("site=z?rich", ["web-1"]),
    ('app/tier="back end"', ["db-1"]),
    ("env!=prod", ["web-2"]),
    ("has:env and env!=prod", []),
    ("not (role=web or role=db)", ["web-2"]),
])
def test_expressions_mean_hosts_by_what_their_agents_say(labelled, expression, wanted):
    assert ids(labelled.api, expression) == wanted


@pytest.mark.parametrize("expression, column, says", [
    ("web-1 or", 9, "the expression ends here"),
    ("env=prod & web-1", 10, "expected 'and'"),
    ("site=zürich AND web-1", 13, "expected 'and'"),
    ("all and not web-3", 13, "no host is known as 'web-3'; did you mean 'web-1' or 'web-2'?"),
    ("group:nobody", 1, "there is no group 'nobody'"),
])
def test_mistakes_point_at_their_column(labelled, expression, column, says):
    answer = targets(labelled.api, expression)
    assert answer.status == 400, answer
    assert answer.json["column"] == column
    assert answer.detail.startswith(f"'expression' is wrong: column {column}: ")
    assert says in answer.detail


def test_what_means_nobody_is_told(labelled):
    answer = targets(labelled.api, "web-1 or app-* or evn=prod")
    assert answer.json["notes"] == ["column 10: no host's id matches app-*",
                                    "column 19: no host has a label 'evn'; did you mean 'env'?"]
    assert answer.json["online"] == answer.json["total"] == 1


def test_the_list_takes_a_target(labelled):
    answer = labelled.api.get(f"{BASE}/list?target={urllib.parse.quote('role=web or role=db')}&status=online")
    assert [agent["agent_id"] for agent in answer.json["agents"]] == ["db-1", "web-1"]


def test_labels_of_the_server_live_as_long_as_its_database(labelled):
    api = labelled.api
    answer = put(api, "web-2/labels", {"labels": {"role": "web", "env": "test"}})
    assert answer.status == 200, answer
    answer = put(api, "web-1/labels", {"labels": {"env": "test", "rack": "r1"}})
    assert answer.json["labels"] == {"role": "web", "env": "prod", "site": "zürich", "rack": "r1"}
    assert answer.json["shadowed_labels"] == ["env"]
    assert ids(api, "env=test") == ["web-2"]

    api = restart(labelled)
    assert ids(api, "role=web") == ["web-1", "web-2"]
    assert ids(api, "rack=r1") == ["web-1"]
    rows = labelled.fleet.store.rows("SELECT agent_id, updated_by FROM cockpit_agent_labels ORDER BY agent_id")
    assert rows == [{"agent_id": "web-1", "updated_by": "admin"}, {"agent_id": "web-2", "updated_by": "admin"}]
    for agent_id in ("web-1", "web-2"):
        assert put(api, f"{agent_id}/labels", {"labels": {}}).status == 200
    assert ids(api, "role=web") == ["web-1"]


def test_groups_are_kept_checked_and_shown_at_their_hosts(labelled):
    api = labelled.api
    made = make(api, name="canary", members=["web-2"], description="first wave")
    assert (made["members"], made["created_by"]) == (["web-2"], "admin")
    make(api, name="prod", expression="env=prod")
    make(api, name="rest", expression="group:prod and not group:canary")
    assert ids(api, "group:canary or group:rest") == ["db-1", "web-1", "web-2"]
    assert api.agents()["web-1"]["groups"] == ["prod", "rest"]
    assert api.status("web-2").json["groups"] == ["canary"]
    assert {g["name"]: g["total"] for g in api.get(f"{BASE}/groups").json["groups"]} == {
        "canary": 1, "prod": 2, "rest": 2}

    circle = put(api, "groups/prod", {"expression": "web-1 or group:rest"})
    assert circle.status == 400, circle
    assert "column 10: the group would mention itself: prod → rest → prod" in circle.detail
    assert "no host is known as 'web-7'" in put(api, "groups/canary", {"members": ["web-7"]}).detail
    assert "mentioned by 'rest'" in delete(api, "groups/prod").detail
    assert api.post(f"{BASE}/groups", {"name": "prod", "members": []}).status == 409

    api = restart(labelled)
    assert ids(api, "group:rest") == ["db-1", "web-1"]
    assert api.get(f"{BASE}/groups/canary").json["description"] == "first wave"
    for name in ("rest", "prod", "canary"):
        assert delete(api, f"groups/{name}").status == 200
    assert api.get(f"{BASE}/groups").json == {"groups": [], "total": 0}


def test_who_may_not_change_groups_may_still_ask(labelled):
    reader = labelled.fleet.new_user(f"reader.{labelled.kind}", ["cockpit_agents:read"])
    assert ids(reader, "web-1") == ["web-1"]
    assert reader.get(f"{BASE}/groups").status == 200
    for answer in (reader.post(f"{BASE}/groups", {"name": "x", "members": []}),
                   put(reader, "groups/x", {"members": []}), delete(reader, "groups/x"),
                   put(reader, "web-1/labels", {"labels": {}})):
        assert answer.status == 403, answer
        assert "cockpit_groups:write" in answer.detail


def test_another_server_learns_of_groups_and_labels(new_fleet, new_directory):
    fleet = new_fleet("postgresql")
    fleet.add_agent("host-1")
    b = add_server(fleet, new_directory)
    b.wait_status("host-1", "online")
    make(fleet.api, name="ours", members=["host-1"])
    assert put(fleet.api, "host-1/labels", {"labels": {"env": "prod"}}).status == 200
    wait_for("the other server knows the group", lambda: targets(b.admin, "group:ours").status == 200, 40)
    assert ids(b.admin, "group:ours and env=prod") == ["host-1"]
    # A change is checked against what is in the database, not against what this server last read.
    assert put(fleet.api, "groups/ours", {"expression": "env=prod"}).status == 200
    make(fleet.api, name="more", expression="group:ours")
    circle = put(b.admin, "groups/ours", {"expression": "group:more"})
    assert circle.status == 400 and "ours → more → ours" in circle.detail, circle
