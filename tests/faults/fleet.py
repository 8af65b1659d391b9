"""The programs of a run: three agents, two servers, one Redis, one PostgreSQL, and the gate between them.

Whatever should run and has ended is started again, as a service manager does. All methods may be called from any
thread; of two that concern the same program one waits.
"""

import contextlib
import os
import pathlib
import random
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

import processes
from gate import Gate
from http_api import Api
from paths import APPEND_LINE, BIN, MOVED_CLOCK
from processes import Program, run, wait_for
from schedule import AGENTS, SERVERS
from services import PostgresStore, PrivatePostgres, PrivateRedis

ADMIN_PASSWORD = "correct horse battery staple"
STARTS_S = 60          # sanitizers on a busy machine with two cores
STATE_MIB = 64         # size of an agent's file system, where it has one of its own
READY = {"server": "listening on http://", "agent": "cockpit-agent started"}

MANIFEST = """\
description = "appends a line, prints, ends"
arguments = ["{program}", "--file={file}", "--alone={slots}{{slot}}", "--id={{id}}", "--bytes={{bytes}}",
             "--sleep-ms={{sleep_ms}}", "--failures={{failures}}", "--text={{text}}", "--to=both"]
idempotent = {idempotent}
timeout_s = 60
resource = "slot:{{slot}}"

[environment]
{mark_name} = "{mark_value}"

[parameters.id]
type = "string"
required = true
pattern = "^[A-Za-z0-9-]+$"
max_length = 100

[parameters.slot]
type = "string"
required = true
pattern = "^[A-Za-z0-9-]+$"
max_length = 100

[parameters.text]
type = "boolean"
default = false

[parameters.bytes]
type = "integer"
min = 0
max = 10000000
default = 0

[parameters.sleep_ms]
type = "integer"
min = 0
max = 60000
default = 0

[parameters.failures]
type = "integer"
min = 0
max = 1000
default = 0
"""


def steady_port():
    """A free port outside of the range from which the system takes ports of outgoing connections: a program that
    is killed finds it free again."""
    while True:
        port = random.SystemRandom().randrange(15_000, 30_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Member:
    """A server or an agent that is killed and started many times."""

    def __init__(self, fleet, name, directory, env):
        self.fleet = fleet
        self.name = name
        self.kind = name.split("-")[0]
        self.directory = pathlib.Path(directory)
        self.clock_file = self.directory / "clock"
        self.clock_file.write_bytes(struct.pack("=q", 0))
        self.env = {**env, "LD_PRELOAD": str(MOVED_CLOCK), "MOVED_CLOCK_FILE": str(self.clock_file)}
        self.lock = threading.RLock()
        self.wanted = False
        self.program = None
        self.lives = 0
        self.state_file_system = False

    def start(self):
        with self.lock:
            self.wanted = True
            self._start()

    def _start(self):
        self.lives += 1
        self.program = Program(f"{self.name}.{self.lives}", [BIN / f"cockpit-{self.kind}"], self.directory, self.env)
        self.fleet.log("started", program=self.name, pid=self.program.pid, life=self.lives)

    def kill(self):
        with self.lock:
            self.wanted = False
            if self.program.running():
                self.program.kill()

    def stop(self):
        """SIGTERM; its exit code."""
        with self.lock:
            self.wanted = False
            if self.program is None or not self.program.running():
                return 0
            self.program.signal(signal.SIGTERM)
        return self.program.wait(60)

    def was_ready(self):
        return READY[self.kind] in self.program.text()

    def look_after(self):
        """Starts it again if it ended by itself; says so."""
        if not self.lock.acquire(timeout=0.01):
            return
        try:
            if not self.wanted or self.program is None or self.program.running():
                return
            code = self.program.process.returncode
            self.fleet.ended_by_itself(self, code, self.was_ready(), self.program.tail(5))
            time.sleep(0.3)  # as RestartSec; not a wait for anything
            self._start()
        finally:
            self.lock.release()

    def move_clock(self, seconds):
        """From now on its wall clock is so many seconds off."""
        with open(self.clock_file, "r+b") as file:
            file.write(struct.pack("=q", int(seconds * 1e9)))


class Fleet:
    def __init__(self, directory, log):
        self.directory = pathlib.Path(directory)
        self.log = log
        self.exits = []       # (name, code, was ready, last lines)
        self.mounted = []
        self.exit = contextlib.ExitStack()
        self.over = threading.Event()
        try:
            self._build()
        except BaseException:
            self.exit.close()
            raise

    # What it is made of ------------------------------------------------------------------------------

    def _build(self):
        self.redis = PrivateRedis(self._directory("redis"), steady_port())
        self.exit.callback(lambda: self.redis.program.kill())
        self.postgres = PrivatePostgres(self._directory("pg"))
        self.exit.callback(lambda: self.postgres.program.running() and self.postgres.stop())
        self.store = PostgresStore(self.postgres)
        self.gate = Gate()
        self.exit.callback(self.gate.close)
        self.members = {}
        self.exit.callback(self._kill_members)
        for name in SERVERS:
            self._add_server(name)
        self.token = wait_for("a log-in", self._log_in, STARTS_S)
        key = self._join_lines()
        for name in AGENTS:
            self._add_agent(name, key)
        self.guard = threading.Thread(target=self._guard, name="guard", daemon=True)
        self.guard.start()
        self.exit.callback(self._end_guard)
        wait_for("all servers see all hosts with their commands", self.all_online, STARTS_S)

    def _directory(self, name):
        path = self.directory / name
        path.mkdir(mode=0o755)
        return path

    def _redis_url(self, name):
        port = self.gate.open_tcp(f"{name}>redis", steady_port(), self.redis.port)
        return self.redis.url.replace(f":{self.redis.port}/", f":{port}/")

    def _add_server(self, name):
        directory = self._directory(name)
        state = directory / "state"
        state.mkdir(mode=0o700)
        if name != SERVERS[0]:  # agents know one key of all servers
            shutil.copy2(self.directory / SERVERS[0] / "state" / "server.key", state)
        # The name of PostgreSQL's socket is fixed, so each server's way to it is a directory.
        near = self._directory(f"{name}-pg")
        self.gate.open_unix(f"{name}>postgres", near / ".s.PGSQL.5432",
                            self.postgres.socket_directory / ".s.PGSQL.5432")
        member = Member(self, name, directory, {
            "REDIS_URL": self._redis_url(name), "PORT": str(steady_port()), "COCKPIT_STATE_DIR": str(state),
            "DATABASE_URL": f"postgresql:///{self.store.name}?host={near}&user=postgres",
            "COCKPIT_ADMIN_PASSWORD": ADMIN_PASSWORD, "LOGLEVEL": "DEBUG"})
        self.members[name] = member
        member.start()
        wait_for(f"{name} is ready", lambda: self._ready(name), STARTS_S)

    def _ready(self, name):
        with contextlib.suppress(OSError):
            return Api(self.port(name)).get("/readyz").status == 200

    def _log_in(self):
        with contextlib.suppress(OSError, AssertionError):
            return Api(self.port(SERVERS[0])).login("admin", ADMIN_PASSWORD).token

    def _join_lines(self):
        server = self.members[SERVERS[0]]
        text = run([BIN / "cockpit-server", "join-token", "--uses", len(AGENTS)], env=server.env,
                   cwd=server.directory)
        pairs = (line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))
        return {key: value.strip("'\"") for key, value in pairs if key.startswith("COCKPIT_")}

    def _add_agent(self, name, join):
        directory = self._directory(name)
        state = directory / "state"
        state.mkdir(mode=0o700)
        (directory / "slots").mkdir()
        commands = self._directory(f"{name}-commands.d")
        mark_name, mark_value = processes.MARK.split("=")
        for command, idempotent in (("append", "false"), ("append_again", "true")):
            (commands / f"{command}.toml").write_text(MANIFEST.format(
                program=APPEND_LINE, file=self.ran_file(name), slots=f"{directory}/slots/", idempotent=idempotent,
                mark_name=mark_name, mark_value=mark_value))
        member = Member(self, name, directory, {
            "REDIS_URL": self._redis_url(name), "AGENT_ID": name, "COCKPIT_STATE_DIR": str(state),
            "COMMANDS_DIR": str(commands), "HOME": str(directory), "HEARTBEAT_INTERVAL": "1",
            "MAX_RUNNING_COMMANDS": "6", "LOGLEVEL": "DEBUG", **join})
        member.state_file_system = self._mount(state)
        self.members[name] = member
        member.start()

    def _mount(self, directory):
        """Gives a directory a file system of its own, which can be filled; whether that was possible."""
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={STATE_MIB}m,mode=700", "cockpit-faults",
                               directory], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.log("no file system of its own", directory=str(directory), why=done.stderr.strip())
            return False
        self.mounted.append(directory)
        return True

    # What is asked of it -----------------------------------------------------------------------------

    def port(self, server):
        return int(self.members[server].env["PORT"])

    def api(self, server):
        return Api(self.port(server), self.token)

    def ran_file(self, agent):
        return self.directory / agent / "ran"

    def ran(self, agent):
        """What its commands appended."""
        file = self.ran_file(agent)
        return file.read_text().splitlines() if file.exists() else []

    def all_online(self):
        """Whether each server sees each host, and knows what can be asked of it."""
        for server in SERVERS:
            try:
                seen = self.api(server).agents()
            except (OSError, AssertionError, ValueError):
                return False
            for agent in AGENTS:
                if agent not in seen or seen[agent]["status"] != "online":
                    return False
                if "append" not in seen[agent]["capabilities"]:
                    return False
        return True

    # Its life ----------------------------------------------------------------------------------------

    def ended_by_itself(self, member, code, was_ready, tail):
        self.exits.append((member.name, code, was_ready, tail))
        self.log("ended by itself", program=member.name, code=code, was_ready=was_ready, tail=tail)

    def _guard(self):
        while not self.over.wait(0.1):
            for member in list(self.members.values()):
                member.look_after()

    def _end_guard(self):
        self.over.set()
        self.guard.join(30)

    def _kill_members(self):
        for member in self.members.values():
            if member.program is not None:
                member.kill()

    def stop_members(self):
        """Asks all to end, servers last; {name: exit code}."""
        self._end_guard()
        return {name: self.members[name].stop() for name in AGENTS + SERVERS if name in self.members}

    def close(self, keep):
        """Ends everything; `keep`: what the file systems of the agents hold is copied before it vanishes."""
        self.exit.close()
        for directory in self.mounted:
            if keep:
                with contextlib.suppress(shutil.Error, OSError):
                    shutil.copytree(directory, directory.with_name("state.kept"),
                                    ignore=shutil.ignore_patterns("ballast"))
            subprocess.run(["umount", "-l", directory], check=False)

    def logs_naming(self, text, limit=60):
        """Lines of all logs of servers and agents that hold the text."""
        found = []
        for name in self.members:
            for file in sorted((self.directory / name).glob(f"{name}.*.log"), key=os.path.getmtime):
                with open(file, errors="replace") as lines:
                    found += [f"{file.name}: {line.rstrip()}" for line in lines if text in line]
        return found[:limit]

    def sanitizer_reports(self):
        marks = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "terminate called",
                 "ThreadSanitizer")
        reports = []
        for name in self.members:
            for file in (self.directory / name).glob(f"{name}.*.log"):
                with open(file, errors="replace") as lines:
                    reports += [f"{file.name}: {line.strip()}" for line in lines if any(m in line for m in marks)]
        return reports
