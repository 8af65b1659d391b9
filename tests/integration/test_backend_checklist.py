"""The original's checklist "Backend Testing", item by item, with SQLite and with PostgreSQL."""

import uuid

import pytest

from gated_ssh import GatedSsh
from http_api import BASE
from services import GitRemote

ORIGINAL_COLUMNS = {"id", "agent_id", "command_id", "command", "params", "status", "output", "error",
                    "execution_time_ms", "sent_at", "completed_at", "sent_by"}


def test_migration_runs_on_startup(world):
    rows = world.store.rows("SELECT migration_name, applied_at, description FROM schema_migrations")
    names = [row["migration_name"] for row in rows]
    assert "002_cockpit_agent" in names
    assert all(row["applied_at"] and row["description"] for row in rows)


def test_migrations_run_once(fleet):
    before = fleet.store.rows("SELECT migration_name, applied_at FROM schema_migrations ORDER BY migration_name")
    fleet.server.stop()
    fleet.server.start()
    after = fleet.store.rows("SELECT migration_name, applied_at FROM schema_migrations ORDER BY migration_name")
    assert before == after


def test_table_created_with_indexes(world):
    assert ORIGINAL_COLUMNS <= world.store.columns("cockpit_agent_commands")
    assert {"agent_id", "sent_at", "status", "command_id"} <= world.store.indexed_columns("cockpit_agent_commands")


def test_api_endpoints_accessible(world):
    sent = world.api.echo("host-1")
    assert sent.status == 200, sent
    for path in ("host-1/status", "list", "host-1/history", "history/all",
                 f"commands/{sent.json['command_id']}"):
        answer = world.api.get(f"{BASE}/{path}")
        assert answer.status == 200, (path, answer)
        assert answer.headers["content-type"].startswith("application/json")
    for path in ("/healthz", "/readyz"):
        assert world.server.anonymous.get(path).status == 200
    assert world.api.git_pull("host-1", world.work_tree).status == 200
    assert world.api.docker_restart("host-1", "grafana").status == 422  # there is no engine on this host


def test_agent_list_shows_registered_agents(world):
    agents = world.api.agents()
    assert {"host-1", "host-2"} <= agents.keys()
    assert agents["host-1"]["status"] == "online"
    assert set(agents["host-1"]["capabilities"]) == {
        "echo", "git_pull", "docker_restart", "git_revision", "git_rollback", "health_check"}
    assert world.api.get(f"{BASE}/list").json["total"] == len(agents)


def test_agent_status_returns_correct_data(world):
    status = world.api.status("host-1").json
    with world.redis.connect() as redis:
        registry = redis.hash("agents:host-1")
    assert status["agent_id"] == "host-1"
    assert status["status"] == "online"
    for name in ("version", "hostname"):
        assert status[name] == registry[name]
    assert status["started_at"] == int(registry["started_at"])
    assert abs(status["last_heartbeat"] - int(registry["last_heartbeat"])) <= 5
    assert status["evidence"]


def test_commands_saved_to_database(world):
    answer = world.api.echo("host-1", "kept")
    row = world.fleet.row(answer.json["command_id"])
    assert row["agent_id"] == "host-1"
    assert row["command"] == "echo"
    assert '"kept"' in row["params"]
    assert (row["status"], row["output"], row["error"]) == ("success", "kept", None)
    assert row["execution_time_ms"] >= 0
    assert row["sent_at"] and row["completed_at"]
    assert row["sent_by"] == "admin"


def test_command_answers_at_once_with_pending(world):
    answer = world.api.command("host-1", "echo", {"message": "later"})
    assert answer.status == 200, answer
    assert answer.json["status"] == "pending"
    assert uuid.UUID(answer.json["command_id"])
    # Nobody waited, and the result is there all the same.
    ended = world.server.wait_final(answer.json["command_id"])
    assert (ended["status"], ended["output"]) == ("success", "later")


def test_command_history_displays_correctly(world):
    sent = [world.api.echo("host-2", f"entry {n}").json["command_id"] for n in range(5)]
    page = world.api.history("host-2", "limit=3")
    assert [c["command_id"] for c in page["commands"]] == sent[:1:-1]  # newest first
    assert page["commands"][0]["output"] == "entry 4"
    assert page["total"] >= 5
    rest = world.api.history("host-2", f"limit=3&cursor={page['next_cursor']}")
    assert [c["command_id"] for c in rest["commands"]][:2] == sent[1::-1]

    everything = world.api.history(query="limit=1000")
    assert everything["total"] == len(world.fleet.rows())
    assert len(everything["commands"]) == min(everything["total"], 1000)
    assert {c["agent_id"] for c in everything["commands"]} >= {"host-2"}
    assert all(c["agent_id"] == "host-2" for c in page["commands"])


def test_a_page_stays_the_same_while_commands_arrive(world):
    for n in range(4):
        world.api.echo("host-2", f"old {n}")
    first = world.api.history("host-2", "limit=2")
    world.api.echo("host-2", "new")
    second = world.api.history("host-2", f"limit=2&cursor={first['next_cursor']}")
    outputs = [c["output"] for c in first["commands"] + second["commands"]]
    assert outputs == ["old 3", "old 2", "old 1", "old 0"]


def test_rbac_permissions_enforced(world):
    reader = world.fleet.new_user("reader", ["cockpit_agents:read"])
    writer = world.fleet.new_user("writer", ["cockpit_agents:write"])
    nobody = world.fleet.new_user("nobody", [])
    before = len(world.fleet.rows())

    assert reader.get(f"{BASE}/list").status == 200
    for user in (reader, nobody):
        for answer in (user.echo("host-1"), user.git_pull("host-1", world.work_tree),
                       user.docker_restart("host-1", "grafana")):
            assert answer.status == 403, answer
            assert "cockpit_agents:write" in answer.detail
    assert len(world.fleet.rows()) == before

    for user in (writer, nobody):
        for path in ("list", "host-1/status", "host-1/history", "history/all", f"commands/{uuid.uuid4()}"):
            answer = user.get(f"{BASE}/{path}")
            assert answer.status == 403, (path, answer)
            assert "cockpit_agents:read" in answer.detail
    sent = writer.echo("host-1")
    assert sent.status == 200, sent
    assert world.fleet.row(sent.json["command_id"])["sent_by"] == "writer"


@pytest.mark.parametrize("path", ["list", "host-1/status", "host-1/history", "history/all"])
def test_nothing_is_told_without_a_token(world, path):
    answer = world.server.anonymous.get(f"{BASE}/{path}")
    assert answer.status == 401, answer
    assert "/auth/login" in answer.detail
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_agent_offline_is_503_and_nothing_is_recorded(fleet):
    agent = fleet.add_agent("host-1")
    agent.stop()
    fleet.server.wait_status("host-1", "offline", 10)
    answer = fleet.api.echo("host-1")
    assert answer.status == 503, answer
    assert "host-1" in answer.detail and "offline" in answer.detail
    assert fleet.rows() == []


def test_crashed_agent_is_noticed_within_ten_seconds_and_stays_in_the_list(fleet):
    agent = fleet.add_agent("host-1", HEARTBEAT_INTERVAL="30")
    agent.kill()
    seen = fleet.server.wait_status("host-1", "offline", 10)
    assert "nobody listens on its channel" in seen["evidence"]


def test_waiter_that_is_too_early_gets_504_and_the_result_comes_later(fleet, new_directory):
    remote = GitRemote(new_directory("g"))
    gate = GatedSsh(new_directory("gate"))
    tree = remote.clone("work")
    remote.git("-C", tree, "remote", "set-url", "origin", gate.url(remote.bare))
    fleet.add_agent("host-1", GIT_REPO_PATH=str(tree), **gate.env)
    answer = fleet.api.command("host-1", "git_pull", {"repository_path": str(tree)}, timeout=0.5)
    assert answer.status == 504, answer
    assert answer.json["status"] in ("delivered", "running")
    gate.open()
    ended = fleet.server.wait_final(answer.json["command_id"])
    assert ended["status"] == "success"
    assert fleet.row(answer.json["command_id"])["status"] == "success"
