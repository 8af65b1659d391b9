"""The original's checklist "Agent Testing", item by item."""

import time

import pytest

import processes
from gated_ssh import GatedSsh
from processes import wait_for
from services import GitRemote


def test_agent_starts_successfully(world):
    agent = world.api.agents()["host-1"]
    assert agent["status"] == "online"
    assert agent["version"]


def test_agent_registers_in_redis(world):
    with world.redis.connect() as redis:
        fields = redis.hash("agents:host-1")
        life_s = redis.command("TTL", "agents:host-1")
    assert fields["status"] == "online"
    assert abs(int(fields["last_heartbeat"]) - time.time()) < 60
    assert fields["version"] and fields["hostname"] and int(fields["started_at"]) > 0
    assert set(fields["capabilities"].split(",")) == {
        "echo", "git_pull", "docker_restart", "git_revision", "git_rollback", "health_check"}
    assert fields["commands_executed"].isdigit()
    assert fields["agent_id"] == "host-1"
    assert fields["public_key"] and fields["os"] and fields["arch"] and fields["protocol"]
    assert 0 < life_s <= 3  # three heartbeats of one second


def test_heartbeat_updates(world):
    def beat():
        with world.redis.connect() as redis:
            return int(redis.hash("agents:host-1")["last_heartbeat"])
    first = beat()
    wait_for("the next heartbeat", lambda: beat() > first, 10)


def test_commands_executed_counts(world):
    def executed():
        return world.api.status("host-1").json["commands_executed"]
    before = executed()
    assert world.api.echo("host-1").status == 200
    wait_for("the counter grows", lambda: executed() > before, 10)


def test_echo_command_works(world):
    answer = world.api.echo("host-1", "hello")
    assert answer.status == 200, answer
    assert answer.json["status"] == "success"
    assert answer.json["output"] == "hello"
    assert answer.json["error"] is None


def test_echo_answers_pong_when_nothing_is_said(world):
    answer = world.api.command("host-1", "echo", {}, timeout=20)
    assert (answer.status, answer.json["output"]) == (200, "pong")


def test_echo_carries_any_text(world):
    text = "grüße \U0001f680 \"quoted\" \\ \t\n$(id) `id` ; %s"
    assert world.api.echo("host-1", text).json["output"] == text


def test_git_pull_executes_correctly(world):
    world.remote.push("pulled by host-1")
    answer = world.api.git_pull("host-1", world.work_tree)
    assert answer.status == 200, answer
    assert answer.json["status"] == "success"
    assert (world.work_tree / "content").read_text() == "pulled by host-1"


def test_git_pull_says_already_up_to_date(world):
    world.api.git_pull("host-1", world.work_tree)
    assert world.api.git_pull("host-1", world.work_tree, "main").json["output"] == "Already up to date."


def test_git_pull_of_a_branch_that_does_not_exist_fails_with_the_reason(world):
    answer = world.api.git_pull("host-1", world.work_tree, "nobody")
    assert answer.status == 422, answer
    assert answer.json["status"] == "error"
    assert "has no branch 'nobody'" in answer.json["detail"]


def test_git_pull_refuses_to_merge(new_fleet, new_directory):
    remote = GitRemote(new_directory("g"))
    tree = remote.clone("work")
    (tree / "own").write_text("x")
    remote.git("-C", tree, "add", "own")
    remote.git("-C", tree, "commit", "-q", "-m", "own")
    remote.push("theirs")
    fleet = new_fleet()
    fleet.add_agent("host-1", GIT_REPO_PATH=str(tree))
    answer = fleet.api.git_pull("host-1", tree)
    assert answer.status == 422, answer
    assert "cannot be fast-forwarded" in answer.json["detail"]
    assert (tree / "content").read_text() == "first"


def test_git_pull_over_ssh(new_fleet, new_directory, sshd):
    remote = GitRemote(new_directory("g"))
    env = {"GIT_SSH_COMMAND": sshd.ssh_command}
    tree = remote.clone("work", sshd.url(remote.bare), env=env)
    fleet = new_fleet()
    fleet.add_agent("host-1", GIT_REPO_PATH=str(tree), **env)
    remote.push("by ssh")
    answer = fleet.api.git_pull("host-1", tree)
    assert answer.status == 200, answer
    assert (tree / "content").read_text() == "by ssh"


def test_git_pull_over_ssh_with_a_host_that_is_not_known_fails_without_a_prompt(new_fleet, new_directory, sshd):
    remote = GitRemote(new_directory("g"))
    tree = remote.clone("work")
    remote.git("-C", tree, "remote", "set-url", "origin", sshd.url(remote.bare))
    (sshd.directory / "nobody_known").touch()
    fleet = new_fleet()
    fleet.add_agent("host-1", GIT_REPO_PATH=str(tree),
                    GIT_SSH_COMMAND=sshd.ssh_command.replace("known_hosts", "nobody_known"))
    answer = fleet.api.git_pull("host-1", tree)
    assert answer.status == 422, answer
    assert answer.json["status"] == "error"
    assert answer.json["detail"].startswith("git pull failed")


def test_docker_restart_executes_correctly(new_fleet, docker):
    docker.run_container("grafana")
    before = docker.started_at("grafana")
    fleet = new_fleet()
    fleet.add_agent("host-1", DOCKER_CONTAINER_NAME="grafana,gone", DOCKER_SOCKET=str(docker.socket))
    answer = fleet.api.docker_restart("host-1", "grafana")
    assert answer.status == 200, answer
    assert answer.json["status"] == "success"
    assert docker.started_at("grafana") != before

    missing = fleet.api.docker_restart("host-1", "gone")
    assert missing.status == 422, missing
    assert missing.json["status"] == "error"
    assert "gone" in missing.json["detail"]


def test_docker_restart_of_a_container_that_dies_at_once_is_an_error(new_fleet, docker):
    # It lives the first time only: the marker is in the container's own file system, which a restart keeps.
    docker.run_container("dies", "[ -e /marker ] && exit 7; : > /marker; "
                         "while :; do /bin/busybox sleep 1; done")
    fleet = new_fleet()
    fleet.add_agent("host-1", DOCKER_CONTAINER_NAME="dies", DOCKER_SOCKET=str(docker.socket))
    answer = fleet.api.docker_restart("host-1", "dies")
    assert answer.status == 422, answer
    assert answer.json["status"] == "error"


def test_docker_restart_without_an_engine_is_an_error(world):
    answer = world.api.docker_restart("host-1", "grafana")
    assert answer.status == 422, answer
    assert "no-docker.sock" in answer.json["detail"]


@pytest.mark.parametrize("path", ["{work}/..", "{work}/../author", "/etc", "work", "{work}/.git", "/"])
def test_invalid_paths_rejected(world, path):
    answer = world.api.git_pull("host-1", path.format(work=world.work_tree))
    assert answer.status == 422, answer
    assert answer.json["status"] == "refused"
    assert "repository_path" in answer.json["detail"]


def test_timeout_handling_works(new_fleet, new_directory):
    remote = GitRemote(new_directory("g"))
    gate = GatedSsh(new_directory("gate"))
    tree = remote.clone("work")
    remote.git("-C", tree, "remote", "set-url", "origin", gate.url(remote.bare))
    fleet = new_fleet()
    fleet.add_agent("host-1", GIT_REPO_PATH=str(tree), COMMAND_TIMEOUT="1", **gate.env)
    answer = fleet.api.git_pull("host-1", tree)
    assert answer.status == 504, answer
    assert answer.json["status"] == "timeout"
    assert gate.reached() == 1
    # "timeout" promises that the whole tree is gone.
    assert not [line for line in processes.marked_processes().values() if "git" in line or "gate" in line]


def test_graceful_shutdown(new_fleet):
    fleet = new_fleet()
    agent = fleet.add_agent("host-1")
    agent.stop()  # exit code 0
    with fleet.redis.connect() as redis:
        assert redis.hash("agents:host-1")["status"] == "offline"
    seen = fleet.server.wait_status("host-1", "offline", 10)
    assert "shut down in good order" in seen["evidence"]
