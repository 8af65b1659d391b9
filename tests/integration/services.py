"""Private instances of the real things around us: Redis, PostgreSQL, SQLite, ssh, git remotes."""

import contextlib
import getpass
import json
import os
import pathlib
import pwd
import shutil
import signal
import sqlite3
import uuid

import pytest

import wire
from processes import Program, alive, children_of, free_port, run, wait_for


class PrivateRedis:
    """redis-server on a loopback port with a password and without persistence."""

    password = "wire-pass:@/word"

    def __init__(self, directory, port=None):
        self.directory = pathlib.Path(directory)
        self.port = port or free_port()
        self.program = None
        self.start()

    def start(self):
        self.program = Program(
            "redis-server",
            ["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--requirepass", self.password,
             "--save", "", "--appendonly", "no", "--dir", self.directory],
            self.directory)
        wait_for("redis-server answers", self.answers)

    def answers(self):
        assert self.program.running(), self.program.tail()
        try:
            with self.connect() as redis:
                return redis.command("PING") == b"PONG"
        except (OSError, wire.RedisError):
            return False

    def connect(self):
        return wire.Redis(self.port, self.password)

    def subscribe(self, *channels):
        return wire.Subscription(self.port, self.password, *channels)

    def publish(self, channel, message):
        with self.connect() as redis:
            return redis.command("PUBLISH", channel, message)

    @property
    def url(self):
        quoted = self.password.replace("%", "%25").replace(":", "%3A").replace("@", "%40").replace("/", "%2F")
        return f"redis://:{quoted}@127.0.0.1:{self.port}/0"

    def stop(self):
        self.program.stop()

    def kill(self):
        """As if the power went: everything it held is gone."""
        self.program.kill()


class PrivatePostgres:
    """A PostgreSQL cluster on a unix socket; it refuses to run as root, so root gives it to its own user."""

    def __init__(self, directory):
        programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"),
                          key=lambda p: int(p.parts[4]))
        if not programs:
            pytest.skip("PostgreSQL is not installed (no /usr/lib/postgresql/*/bin/postgres)")
        self.socket_directory = pathlib.Path(directory)
        self.postgres = programs[-1]
        self.who = {}
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            self.who = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
            os.chown(directory, account.pw_uid, account.pw_gid)
        self.data = self.socket_directory / "data"
        run([self.postgres.parent / "initdb", "-D", self.data, "-A", "trust", "-U", "postgres", "-E", "UTF8",
             "--no-sync", "--locale=C.UTF-8"], cwd=directory, **self.who)
        self.start()

    def start(self):
        self.program = Program(
            "postgres",
            [self.postgres, "-D", self.data, "-k", self.socket_directory, "-c", "listen_addresses=",
             # Processes are killed here, machines are not: what was written is in the system's memory.
             "-c", "fsync=off"],
            self.socket_directory, **self.who)
        wait_for("PostgreSQL answers", self.answers)

    def answers(self):
        assert self.program.running(), self.program.tail()
        try:
            return self.query("postgres", "SELECT 1 AS one") == [{"one": 1}]
        except AssertionError:
            return False

    def execute(self, database, sql):
        return run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.socket_directory, "-U", "postgres",
                    "-d", database, "-A", "-t", "-c", sql], cwd="/")

    def query(self, database, sql):
        return json.loads(self.execute(database, f"SELECT COALESCE(json_agg(t), '[]') FROM ({sql}) t"))

    def stop(self):
        self.program.signal(signal.SIGINT)  # "fast": does not wait for clients
        self.program.wait()

    def kill(self):
        """kill -9 of every process of the cluster, the first one before it could notice."""
        pids = [self.program.pid, *children_of(self.program.pid)]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.program.wait()
        # A new one refuses to start while a process of the old one holds the shared memory.
        wait_for("all of PostgreSQL is gone", lambda: not any(alive(pid) for pid in pids))


class PostgresStore:
    """One database of the cluster, as a server's DATABASE_URL."""

    kind = "postgresql"

    def __init__(self, cluster):
        self.cluster = cluster
        self.name = f"cockpit_{uuid.uuid4().hex[:12]}"
        cluster.execute("postgres", f"CREATE DATABASE {self.name}")
        self.url = f"postgresql:///{self.name}?host={cluster.socket_directory}&user=postgres"

    def rows(self, sql):
        return self.cluster.query(self.name, sql)

    def execute(self, sql):
        self.cluster.execute(self.name, sql)

    def indexed_columns(self, table):
        """The columns that some index of the table begins with."""
        return {row["definition"].split("(")[1].split(")")[0].split(",")[0].strip() for row in self.rows(
            f"SELECT indexdef AS definition FROM pg_indexes WHERE tablename = '{table}'")}

    def columns(self, table):
        return {row["name"] for row in self.rows(
            f"SELECT column_name AS name FROM information_schema.columns WHERE table_name = '{table}'")}


class SqliteStore:
    kind = "sqlite"

    def __init__(self, directory):
        self.file = pathlib.Path(directory) / "cockpit.db"
        self.url = f"sqlite://{self.file}"

    def connect(self):
        connection = sqlite3.connect(self.file, timeout=10)
        connection.row_factory = sqlite3.Row
        return connection

    def rows(self, sql):
        connection = self.connect()
        try:
            return [dict(row) for row in connection.execute(sql)]
        finally:
            connection.close()

    def execute(self, sql):
        connection = self.connect()
        try:
            connection.execute(sql)
            connection.commit()
        finally:
            connection.close()

    def indexed_columns(self, table):
        return {self.rows(f"PRAGMA index_info('{index['name']}')")[0]["name"]
                for index in self.rows(f"PRAGMA index_list('{table}')")}

    def columns(self, table):
        return {row["name"] for row in self.rows(f"PRAGMA table_info('{table}')")}


GIT_IDENTITY = {"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@localhost", "GIT_COMMITTER_NAME": "t",
                "GIT_COMMITTER_EMAIL": "t@localhost", "GIT_CONFIG_GLOBAL": "/dev/null",
                "GIT_CONFIG_NOSYSTEM": "1"}


def content_of(tree):
    """What the file `content` of a work tree says; None in the moment in which git puts another one in its place."""
    try:
        return (tree / "content").read_text()
    except FileNotFoundError:
        return None


class GitRemote:
    """A bare repository with branch main, somebody who pushes to it, and a host's clone."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.bare = self.directory / "remote.git"
        self.author = self.directory / "author"
        self.git("init", "-q", "--bare", "-b", "main", self.bare)
        self.git("clone", "-q", self.bare, self.author)
        self.git("-C", self.author, "checkout", "-q", "-b", "main")
        self.push("first")

    def git(self, *arguments, env=None):
        return run(["git", *arguments], env={**GIT_IDENTITY, **(env or {})}, cwd=self.directory)

    def push(self, text, branch="main"):
        """A new commit whose file `content` is `text`."""
        (self.author / "content").write_text(text)
        self.git("-C", self.author, "add", "content")
        self.git("-C", self.author, "commit", "-q", "--allow-empty", "-m", text)
        self.git("-C", self.author, "push", "-q", "origin", f"HEAD:refs/heads/{branch}")

    def clone(self, name, url=None, env=None):
        path = self.directory / name
        self.git("clone", "-q", "-b", "main", url or self.bare, path, env=env)
        return path


class PrivateSshd:
    """An ssh server on a loopback port that knows one key: this user's way to a git remote over ssh."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        sshd = shutil.which("sshd", path="/usr/sbin:/usr/bin")
        if sshd is None:
            pytest.skip("no ssh server is installed (openssh-server)")
        self.made_run_directory = False
        if os.geteuid() == 0 and not os.path.isdir("/run/sshd"):
            os.mkdir("/run/sshd", 0o755)
            self.made_run_directory = True
        for name in ("host_key", "user_key"):
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.directory / name])
        shutil.copy(self.directory / "user_key.pub", self.directory / "authorized_keys")
        self.port = free_port()
        public = (self.directory / "host_key.pub").read_text().split()
        (self.directory / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {public[0]} {public[1]}\n")
        (self.directory / "sshd_config").write_text("\n".join([
            f"Port {self.port}", "ListenAddress 127.0.0.1", f"HostKey {self.directory}/host_key",
            f"AuthorizedKeysFile {self.directory}/authorized_keys", "StrictModes no", "UsePAM no",
            "PasswordAuthentication no", "PermitRootLogin prohibit-password", "PidFile none", ""]))
        self.program = Program("sshd", [sshd, "-D", "-e", "-f", self.directory / "sshd_config"], self.directory)
        wait_for("sshd listens", lambda: "Server listening" in self.program.log() or not self.program.running())
        if not self.program.running():
            pytest.skip(f"the private ssh server does not start: {self.program.tail(3)}")

    @property
    def ssh_command(self):
        return (f"ssh -F /dev/null -i {self.directory}/user_key -o IdentitiesOnly=yes -o BatchMode=yes "
                f"-o UserKnownHostsFile={self.directory}/known_hosts -o StrictHostKeyChecking=yes")

    def url(self, path):
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{path}"

    def stop(self):
        self.program.stop()
        if self.made_run_directory:
            os.rmdir("/run/sshd")
