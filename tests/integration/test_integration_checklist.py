"""The original's checklist "Integration Testing", item by item, with both stores."""

import concurrent.futures

from gated_ssh import GatedSsh
from processes import wait_for
from services import content_of, GitRemote


def gated_host(fleet, new_directory, agent_id="host-1", trees=1, **env):
    """A host whose pulls wait at a gate; (agent, gate, work trees)."""
    remote = GitRemote(new_directory("g"))
    gate = GatedSsh(new_directory("gate"))
    paths = [remote.clone(f"work{n}") for n in range(trees)]
    for path in paths:
        remote.git("-C", path, "remote", "set-url", "origin", gate.url(remote.bare))
    remote.push("through the gate")
    agent = fleet.add_agent(agent_id, GIT_REPO_PATH=",".join(map(str, paths)), **gate.env, **env)
    return agent, gate, paths


def start_pull(fleet, path, agent_id="host-1"):
    """The command's id; nobody waits for it."""
    answer = fleet.api.command(agent_id, "git_pull", {"repository_path": str(path)})
    assert answer.status == 200, answer
    return answer.json["command_id"]


def test_send_command_execute_on_agent_receive_response(world):
    answer = world.api.echo("host-1", "there and back")
    assert (answer.status, answer.json["output"]) == (200, "there and back")


def test_command_history_tracked_in_database(world):
    sent = world.api.echo("host-2", "tracked").json["command_id"]
    assert world.fleet.row(sent)["status"] == "success"
    assert world.api.history("host-2", "limit=1")["commands"][0]["command_id"] == sent


def test_multiple_agents_work_independently(fleet, new_directory):
    _, gate, [tree] = gated_host(fleet, new_directory, "slow")
    for name in ("quick-1", "quick-2"):
        fleet.add_agent(name)
    slow = start_pull(fleet, tree, "slow")
    gate.wait_reached()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: fleet.api.echo(f"quick-{n % 2 + 1}", f"n{n}"), range(16)))
    assert [a.json["output"] for a in answers] == [f"n{n}" for n in range(16)]
    assert all(a.json["agent_id"] == f"quick-{n % 2 + 1}" for n, a in enumerate(answers))
    assert fleet.api.find(slow).json["status"] == "running"
    gate.open()
    assert fleet.server.wait_final(slow)["status"] == "success"


def test_a_slow_pull_does_not_delay_an_echo_on_the_same_host(fleet, new_directory):
    _, gate, [tree] = gated_host(fleet, new_directory)
    slow = start_pull(fleet, tree)
    gate.wait_reached()
    assert fleet.api.echo("host-1", "quick").json["output"] == "quick"
    assert fleet.api.find(slow).json["status"] == "running"
    gate.open()
    assert fleet.server.wait_final(slow)["status"] == "success"


def test_redis_connection_loss_buffers_the_result(fleet, new_directory):
    agent, gate, [tree] = gated_host(fleet, new_directory)
    pid = agent.pid
    slow = start_pull(fleet, tree)
    gate.wait_reached()
    fleet.redis.kill()
    gate.open()
    wait_for("the pull is done while Redis is away",
             lambda: content_of(tree) == "through the gate")
    assert fleet.api.find(slow).json["status"] in ("pending", "delivered", "running")
    fleet.redis.start()
    ended = fleet.server.wait_final(slow)
    assert ended["status"] == "success"
    assert (agent.pid, agent.program.running()) == (pid, True)


def test_redis_reconnect_flushes_the_buffer(fleet, new_directory):
    agent, gate, trees = gated_host(fleet, new_directory, trees=5)
    sent = [start_pull(fleet, tree) for tree in trees]
    gate.wait_reached(5)
    fleet.redis.kill()
    gate.open()
    wait_for("all pulls are done while Redis is away",
             lambda: all(content_of(tree) == "through the gate" for tree in trees))
    fleet.redis.start()
    assert [fleet.server.wait_final(c)["status"] for c in sent] == ["success"] * 5
    assert agent.program.running()
    fleet.server.wait_status("host-1", "online")
    assert fleet.api.echo("host-1", "after").json["output"] == "after"
    assert len(fleet.rows()) == 6
