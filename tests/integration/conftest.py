"""What the tests stand on. Everything is private, ended by its pid, and checked to be gone at the end."""

import contextlib
import os
import pathlib
import shutil
import tempfile
import types

import pytest

import processes
from docker_engine import DockerEngine
from original_agent import OriginalAgent
from programs import BIN, Agent, Server
from services import GitRemote, PostgresStore, PrivatePostgres, PrivateRedis, PrivateSshd, SqliteStore

STORES = ("sqlite", "postgresql")


def pytest_sessionstart(session):
    if session.config.option.collectonly:
        return
    for program in ("cockpit-server", "cockpit-agent"):
        if not (BIN / program).exists():
            pytest.exit(f"there is no {BIN / program}; build first (./dev test does)", 3)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the end of the logs of all that ran."""
    report = (yield).get_result()
    if report.failed:
        for program in processes.STARTED:
            with contextlib.suppress(OSError):
                report.sections.append((f"log of {program.name} (pid {program.pid})", program.tail()))


@pytest.fixture(scope="session")
def root_directory():
    # Short, since paths of unix sockets have at most 107 bytes; passable, since PostgreSQL runs as its own user.
    path = pathlib.Path(tempfile.mkdtemp(prefix="ck-", dir="/tmp"))
    path.chmod(0o711)
    processes.ROOTS.append(path)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session", autouse=True)
def nothing_left_behind(root_directory):
    """Whatever a test started is gone when all have ended, children of children included."""
    yield
    with contextlib.suppress(AssertionError):
        processes.wait_for("no process is left", lambda: not processes.marked_processes(), 10)
    left = processes.marked_processes()
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 9)
    assert not left, f"left running by the tests: {left}"


@pytest.fixture(scope="session")
def new_directory(root_directory):
    """Makes short-named directories."""
    count = iter(range(1, 1_000_000))

    def make(name="d"):
        path = root_directory / f"{name}{next(count)}"
        path.mkdir()
        return path
    return make


@pytest.fixture(scope="session")
def postgres(new_directory):
    cluster = PrivatePostgres(new_directory("pg"))
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def docker(new_directory):
    engine = DockerEngine(new_directory("dk"))
    yield engine
    engine.stop()


@pytest.fixture(scope="session")
def sshd(new_directory):
    server = PrivateSshd(new_directory("ssh"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def new_store(request, new_directory):
    """An empty store of a kind."""
    def make(kind):
        if kind == "sqlite":
            return SqliteStore(new_directory("db"))
        return PostgresStore(request.getfixturevalue("postgres"))
    return make


class Fleet:
    """A Redis, a server, and the agents that joined it."""

    def __init__(self, new_directory, store, server_env=None):
        self.new_directory = new_directory
        self.store = store
        with contextlib.ExitStack() as started:  # what was started ends when the next one fails to
            self.redis = PrivateRedis(new_directory("r"))
            started.callback(lambda: self.redis.program.running() and self.redis.stop())
            self.server = Server(new_directory("s"), self.redis, store, server_env)
            started.callback(lambda: self.server.program.running() and self.server.stop())
            self.exit = started.pop_all()

    @property
    def api(self):
        return self.server.admin

    def add_agent(self, agent_id, wait=True, **env):
        """A host that joins by token, with this environment beside."""
        lines = self.server.join_token()
        agent = Agent(self.new_directory("a"), agent_id, {**lines, **env})
        self.exit.callback(lambda: agent.program.running() and agent.stop())
        if wait:
            self.server.wait_status(agent_id, "online")
        return agent

    def start_agent(self, agent_id, env):
        """A host that was not given a token."""
        agent = Agent(self.new_directory("a"), agent_id, env)
        self.exit.callback(lambda: agent.program.running() and agent.stop())
        return agent

    def add_original(self, agent_id, **more):
        agent = OriginalAgent(self.redis, agent_id, **more)
        self.exit.callback(agent.stop)
        return agent

    def rows(self, where="1=1"):
        """Rows of the command table, oldest first."""
        return self.store.rows(
            "SELECT agent_id, command_id, command, params, status, output, error, execution_time_ms, sent_at, "
            f"completed_at, sent_by FROM cockpit_agent_commands WHERE {where} ORDER BY id")

    def row(self, command_id):
        rows = self.rows(f"command_id = '{command_id}'")
        assert len(rows) == 1, rows
        return rows[0]

    def new_user(self, name, permissions):
        """An Api of a user that holds only these."""
        password = "a password of this user"
        made = self.api.post("/auth/users", {"username": name, "password": password, "permissions": permissions})
        assert made.status == 201, made
        return self.server.anonymous.login(name, password)


@pytest.fixture
def new_fleet(new_directory, new_store):
    """Makes fleets that end with the test."""
    with contextlib.ExitStack() as fleets:
        def make(kind="sqlite", server_env=None):
            processes.STARTED.clear()
            fleet = Fleet(new_directory, new_store(kind), server_env)
            fleets.push(fleet.exit)
            return fleet
        yield make


@pytest.fixture(params=STORES)
def fleet(request, new_fleet):
    """A fleet of this test's own, once with each store: for tests that stop or break something."""
    return new_fleet(request.param)


@pytest.fixture(scope="module", params=STORES)
def world(request, new_directory, new_store):
    """One fleet for all tests of a module: host-1 with a git work tree, host-2, and names to refuse."""
    processes.STARTED.clear()
    fleet = Fleet(new_directory, new_store(request.param))
    with fleet.exit:
        remote = GitRemote(new_directory("g"))
        work_tree = remote.clone("work")
        env = {"GIT_REPO_PATH": f"{work_tree},{remote.directory}/missing,{remote.directory}",
               "DOCKER_CONTAINER_NAME": "grafana,loki",
               "DOCKER_SOCKET": f"{remote.directory}/no-docker.sock"}
        fleet.add_agent("host-1", **env)
        fleet.add_agent("host-2")
        yield types.SimpleNamespace(fleet=fleet, api=fleet.api, server=fleet.server, redis=fleet.redis,
                                    store=fleet.store, remote=remote, work_tree=work_tree, **{"kind": request.param})
