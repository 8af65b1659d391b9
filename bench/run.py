#!/usr/bin/python3
"""Measures a built Cockpit beside its floor; prints a table and writes BUILD/bench.json.

Everything runs here: a private redis-server on a loopback port, cockpit-server with SQLite, cockpit-agent with
signed entries. Floor and product take turns, so that a machine that is busy for a while is busy for both.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import machine
from redis_wire import Redis

ROUNDS = 5
TURN_LIMIT_S = 4  # of one program in one round; a slow machine takes fewer samples
MEMORY_LIMIT_KB = 3 * 1024  # without TLS, idle after registration
AGENT_ID = "bench-host"
PASSWORD = "benchmarks only, on loopback"
STARTS = 11


class Failed(Exception):
    """A sentence for the person who runs the benchmark."""


class Program:
    """A program that runs until it is told to stop; its output is in a file."""

    def __init__(self, directory, name, arguments, env=None):
        self.log_file = pathlib.Path(directory) / f"{name}.log"
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([str(a) for a in arguments], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=env or clean_environment(), cwd=directory)
        self.started = time.monotonic()  # Popen returns when exec has succeeded

    def log(self):
        return self.log_file.read_text(errors="replace")

    def wait_for(self, what, look, limit_s=20, pause_s=0.01):
        deadline = time.monotonic() + limit_s
        while not (found := look()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"waited in vain until {what}; the log of {self.log_file.stem}:\n{self.log()}")
            time.sleep(pause_s)
        return found

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def clean_environment(extra=None):
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8", **(extra or {})}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Bench:
    def __init__(self, build, directory, samples, warm_up):
        self.build = build
        self.directory = pathlib.Path(directory)
        self.samples = samples
        self.warm_up = warm_up
        self.programs = []

    # Setting up ------------------------------------------------------------------------------------------

    def start(self, name, arguments, env=None):
        program = Program(self.directory, name, arguments, env)
        self.programs.append(program)
        return program

    def start_redis(self):
        self.redis_port = free_port()
        redis = self.start("redis", ["redis-server", "--port", self.redis_port, "--bind", "127.0.0.1", "--save", "",
                                     "--appendonly", "no", "--dir", self.directory])
        self.redis = redis.wait_for("Redis answers", self.connect_redis)

    def connect_redis(self):
        try:
            return Redis(self.redis_port)
        except OSError:
            return None

    def start_server(self):
        self.server_env = clean_environment({
            "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(self.redis_port), "PORT": "0",
            "DATABASE_URL": f"sqlite://{self.directory}/cockpit.db", "COCKPIT_ADMIN_PASSWORD": PASSWORD, "AGENT_RATE_LIMIT": "0",
            "COCKPIT_STATE_DIR": str(self.directory / "server")})
        server = self.start("server", [self.build / "bin/cockpit-server"], self.server_env)
        found = server.wait_for("the server tells its port", lambda: re.search(
            r"listening on http://127\.0\.0\.1:(\d+)", server.log()))
        self.http_port = int(found[1])
        server.wait_for("the server is ready", lambda: self.ask("GET", "/readyz").startswith("HTTP/1.1 200"))
        login = self.ask("POST", "/auth/login", {"username": "admin", "password": PASSWORD})
        self.token = json.loads(login.split("\r\n\r\n", 1)[1])["access_token"]

    def join(self):
        text = subprocess.run([self.build / "bin/cockpit-server", "join-token"], env=self.server_env, check=True,
                              cwd=self.directory, capture_output=True, text=True).stdout
        pairs = dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))
        self.agent_env = clean_environment({key: value.strip("'\"") for key, value in pairs.items()} | {
            "AGENT_ID": AGENT_ID, "COCKPIT_STATE_DIR": str(self.directory / "agent")})

    def start_agent(self):
        """The agent, and the seconds from its exec to its registry hash in Redis."""
        key = f"agents:{AGENT_ID}"
        self.redis.command("DEL", key)
        agent = self.start("agent", [self.build / "bin/cockpit-agent"], self.agent_env)
        agent.wait_for("the agent is registered", lambda: self.redis.command("EXISTS", key), pause_s=0)
        return agent, time.monotonic() - agent.started

    def request(self, method, path, body=None):
        content = json.dumps(body).encode() if body is not None else b""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        if getattr(self, "token", None):
            head += f"Authorization: Bearer {self.token}\r\n"
        if content:
            head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        return head.encode() + b"\r\n" + content

    def ask(self, method, path, body=None):
        raw = self.request(method, path, body).replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        with socket.create_connection(("127.0.0.1", self.http_port), timeout=20) as connection:
            connection.sendall(raw)
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()

    # Measuring -------------------------------------------------------------------------------------------

    def measure(self, program, *arguments, part=1, stdin=b""):
        """Seconds of each round trip that the program took in one turn, for `part` of the samples."""
        done = subprocess.run([self.build / "bench" / program, f"--warm-up={int(self.warm_up * part) // ROUNDS}",
                               f"--samples={int(self.samples * part) // ROUNDS}", f"--at-most={TURN_LIMIT_S}",
                               *map(str, arguments)], input=stdin, env=clean_environment(), capture_output=True,
                              timeout=60)
        if done.returncode != 0:
            raise Failed(done.stderr.decode(errors="replace").strip())
        return [int(line) / 1e9 for line in done.stdout.split()]

    def round_trips(self):
        echo = self.request("POST", "/api/cockpit-agent/command", {
            "agent_id": AGENT_ID, "command": "echo", "params": {"message": "pong"}, "timeout": 10})
        health = self.request("GET", "/healthz")
        taken = {"two_hops": [], "commit": [], "http": [], "echo": []}
        for turn in range(ROUNDS):
            taken["two_hops"] += self.measure("redis_two_hops", f"--port={self.redis_port}", "--bytes=256")
            taken["commit"] += self.measure("synced_commit", f"--file={self.directory}/floor-{turn}.db",
                                            "--bytes=256", part=0.2)
            taken["http"] += self.measure("http_round_trips", f"--port={self.http_port}", "--expect=", stdin=health)
            taken["echo"] += self.measure("http_round_trips", f"--port={self.http_port}",
                                          '--expect="status":"success"', stdin=echo)
        return {name: summary(values) for name, values in taken.items()}

    def run(self):
        self.start_redis()
        self.start_server()
        self.join()
        starts = []
        for last in [False] * (STARTS - 1) + [True]:
            agent, seconds = self.start_agent()
            starts.append(seconds)
            if not last:
                agent.stop()
        pid = agent.process.pid
        agent.wait_for("the server sees the agent", lambda: '"online"' in self.ask(
            "GET", f"/api/cockpit-agent/{AGENT_ID}/status"))
        time.sleep(2)  # what it does once after registering is part of being idle
        idle = machine.memory_kb(pid)
        trips = self.round_trips()
        binary = self.build / "bin/cockpit-agent"
        return {
            "round_trips": trips,
            "agent": {"memory_idle_kb": idle, "memory_after_echoes_kb": machine.memory_kb(pid),
                      "memory_limit_kb": MEMORY_LIMIT_KB, "binary_bytes": binary.stat().st_size,
                      "libraries": machine.shared_libraries(binary),
                      "registered_first_s": starts[0], "registered_median_s": statistics.median(starts[1:]),
                      "registered_worst_s": max(starts[1:])},
            "machine": machine.describe(self.directory),
            "versions": machine.versions(self.build / "bin/cockpit-server"),
        }

    def stop(self):
        for program in reversed(self.programs):
            program.stop()


def summary(seconds):
    ordered = sorted(seconds)
    return {"samples": len(ordered), "p50_us": statistics.median(ordered) * 1e6,
            "p99_us": ordered[int(len(ordered) * 0.99)] * 1e6}


def table(result):
    trips, agent, here = result["round_trips"], result["agent"], result["machine"]
    names = {"two_hops": "bare Redis, two hops (the floor)", "commit": "one synced SQLite commit",
             "http": "GET /healthz (HTTP alone)", "echo": "REST echo, POST to answer"}
    floor = trips["two_hops"]
    lines = [f"{'round trip':<34}{'samples':>8}{'p50 µs':>10}{'p99 µs':>10}{'p50/floor':>11}{'p99/floor':>11}"]
    for key, name in names.items():
        t = trips[key]
        lines.append(f"{name:<34}{t['samples']:>8}{t['p50_us']:>10.0f}{t['p99_us']:>10.0f}"
                     f"{t['p50_us'] / floor['p50_us']:>10.1f}x{t['p99_us'] / floor['p99_us']:>10.1f}x")
    idle, after = agent["memory_idle_kb"], agent["memory_after_echoes_kb"]
    verdict = "at most" if within_limit(result) else "MORE THAN"
    lines += [
        "",
        f"agent, resident memory, idle      {idle['rss']} kB ({verdict} {agent['memory_limit_kb']} kB); "
        f"at its highest, while starting, {idle['peak']} kB; own share (Pss) {idle['pss']} kB; "
        f"heap and stacks {idle['anonymous']} kB",
        f"agent, resident after the echoes  {after['rss']} kB; heap and stacks {after['anonymous']} kB",
        f"agent, binary                     {agent['binary_bytes'] / 1024:.0f} kB, needs "
        f"{', '.join(agent['libraries'])}",
        f"agent, exec to registered         median {agent['registered_median_s'] * 1000:.1f} ms, worst "
        f"{agent['registered_worst_s'] * 1000:.1f} ms of {STARTS - 1}; the first start, which makes the key, "
        f"{agent['registered_first_s'] * 1000:.1f} ms",
        "",
        f"machine   {here['cpu']}, {here['cores']} cores, Linux {here['kernel']}, state on {here['filesystem']}",
        f"versions  {', '.join(f'{k} {v}' for k, v in result['versions'].items())}",
    ]
    return "\n".join(lines)


def within_limit(result):
    return result["agent"]["memory_idle_kb"]["rss"] <= result["agent"]["memory_limit_kb"]


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/release"),
                         help="a build directory of the release preset")
    options.add_argument("--samples", type=int, default=5000)
    options.add_argument("--warm-up", type=int, default=500)
    given = options.parse_args()
    build = given.build.resolve()
    for program in ("bin/cockpit-server", "bin/cockpit-agent", "bench/redis_two_hops"):
        if not (build / program).exists():
            sys.exit(f"bench: there is no {build / program}; ./dev bench builds it")
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build) as directory:
        bench = Bench(build, directory, given.samples, given.warm_up)
        try:
            result = bench.run()
        except Failed as failure:
            sys.exit(f"bench: {failure}")
        finally:
            bench.stop()
    print(table(result))
    (build / "bench.json").write_text(json.dumps(result, indent=2) + "\n")
    print(f"written to {build / 'bench.json'}")
    if not within_limit(result):
        sys.exit("bench: the idle agent holds more memory than it may")


if __name__ == "__main__":
    main()
