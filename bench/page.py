#!/usr/bin/python3
"""Measures the web page and the overview of a built Cockpit, beside their floors: with ten thousand hosts, and after a million commands."""

import argparse
import json
import os
import pathlib
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

from run import AGENT_ID, PASSWORD, Bench, Failed, clean_environment

WEB = pathlib.Path(__file__).resolve().parents[1] / "web"


class Hosts:
    """Stand-ins for hosts of the original's protocol: hashes in Redis that are kept fresh, and one connection that listens for all."""

    def __init__(self, port, count):
        self.port = port
        self.names = [f"host-{n}" for n in range(count)]
        self.ended = threading.Event()
        self.listening = socket.create_connection(("127.0.0.1", port))
        for begin in range(0, count, 1000):
            self.send(self.listening, ["SUBSCRIBE", *(f"cockpit-agent:{name}" for name in self.names[begin:begin + 1000])])
        self.beating = socket.create_connection(("127.0.0.1", port))
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self.beat, self.drain, self.drain_beats)]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def send(connection, words):
        encoded = [str(word).encode() for word in words]
        connection.sendall(b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in encoded))

    def beat(self):
        """Each of them every 30 seconds, as the original does, spread over the time."""
        first = True
        while not self.ended.is_set():
            for at, name in enumerate(self.names):
                now = int(time.time())
                self.send(self.beating, ["HSET", f"agents:{name}", "status", "online", "last_heartbeat", now, "version", "1.0.0", "hostname",
                                         f"{name}.example", "capabilities", "git_pull,docker_restart,echo", "started_at", now, "commands_executed", 0])
                self.send(self.beating, ["EXPIRE", f"agents:{name}", 90])
                if not first and at % 100 == 0 and self.ended.wait(30 / (len(self.names) / 100)):
                    return
            first = False

    def drain(self):
        while self.listening.recv(1 << 16):
            pass

    def drain_beats(self):
        while self.beating.recv(1 << 16):
            pass

    def stop(self):
        self.ended.set()
        for connection in (self.listening, self.beating):
            connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in self.threads:
            thread.join(5)


def page_figures(bench, hosts):
    env = {**os.environ, "COCKPIT": f"http://127.0.0.1:{bench.http_port}", "COCKPIT_PASSWORD": PASSWORD, "COCKPIT_HOSTS": str(hosts)}
    script = subprocess.Popen(["node", "e2e/measure.mjs"], cwd=WEB, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    last = ""
    for line in script.stdout:
        last = line
        if line.strip() == "stop the agent":
            bench.agent.stop()
            script.stdin.write("done\n")
            script.stdin.flush()
    if script.wait() != 0:
        raise Failed("e2e/measure.mjs failed")
    return json.loads(last)


def overview_ms(bench, window):
    taken = []
    for _ in range(30):
        begin = time.perf_counter()
        answer = bench.ask("GET", f"/api/cockpit-agent/overview?window={window}")
        taken.append((time.perf_counter() - begin) * 1000)
        if not answer.startswith("HTTP/1.1 200"):
            raise Failed(answer[:300])
    return sorted(taken)[len(taken) // 2]


def add_commands(file, count):
    """So many that ended in the last week, as the server would have written them."""
    now = int(time.time())
    with sqlite3.connect(file, timeout=60) as database:
        rows = ((f"host-{n % 1000}", f"bench-{n}", ("echo", "git_pull", "docker_restart", "health_check")[n % 4], "success" if n % 50 else "error",
                 1 + (n * 7919) % 4000, *(time.strftime("%Y-%m-%d %H:%M:%S.000", time.gmtime(now - (n * 604_800) // count)),) * 2) for n in range(count))
        database.executemany("INSERT INTO cockpit_agent_commands (agent_id, command_id, command, status, execution_time_ms, sent_at, completed_at, "
                             "sent_by, params, attempt, expires_at_ms, dispatched) VALUES (?, ?, ?, ?, ?, ?, ?, 'bench', '{}', 1, 0, TRUE)", rows)


def run(build, directory, hosts, commands):
    bench = Bench(build, directory, 0, 0)
    standing = None
    try:
        bench.start_redis()
        bench.start_server()
        bench.join()
        bench.agent, _ = bench.start_agent()
        few = {window: overview_ms(bench, window) for window in ("1h", "24h", "7d")}
        standing = Hosts(bench.redis_port, hosts)
        bench.agent.wait_for("the server sees the hosts", lambda: f'"total":{hosts + 1}' in bench.ask("GET", "/api/cockpit-agent/list?limit=1"), limit_s=120, pause_s=0.5)
        bench.agent.wait_for("they are online", lambda: f'"total":{hosts + 1}' in bench.ask("GET", "/api/cockpit-agent/list?limit=1&status=online"), limit_s=120, pause_s=0.5)
        page = page_figures(bench, hosts)
        standing.stop()
        standing = None
        add_commands(pathlib.Path(directory) / "cockpit.db", commands)
        many = {window: overview_ms(bench, window) for window in ("1h", "24h", "7d")}
        begin = time.perf_counter()
        bench.ask("GET", "/api/cockpit-agent/history/all?sent_by=nobody")
        filtered = (time.perf_counter() - begin) * 1000
        return {"page": page, "overview_few_ms": few, "overview_many_ms": many, "filtered_page_ms": filtered}
    finally:
        if standing:
            standing.stop()
        bench.stop()


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/release"))
    options.add_argument("--hosts", type=int, default=10_000)
    options.add_argument("--commands", type=int, default=1_000_000)
    given = options.parse_args()
    build = given.build.resolve()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build) as directory:
        try:
            result = run(build, directory, given.hosts, given.commands)
        except Failed as failure:
            sys.exit(f"bench: {failure}")
    page = result["page"]
    print(f"{'first content, an image alone (the floor)':<56}{page['floor_first_content']:>9.0f} ms")
    print(f"{'first content, the page, nothing cached':<56}{page['first_content']:>9.0f} ms{page['first_content'] / page['floor_first_content']:>9.1f}x")
    print(f"{f'{given.hosts} hosts: rows are there':<56}{page['agents_rows']:>9.0f} ms")
    print(f"{f'{given.hosts} hosts: what was typed took effect':<56}{page['agents_interactive']:>9.0f} ms")
    scroll = page["scrolling"]
    print(f"{'scrolled from end to end: a frame, median and worst':<56}{scroll['median']:>9.0f} ms{scroll['worst']:>9.0f} ms, {scroll['drawn']} rows drawn")
    print(f"{'a host went: the page behind the API':<56}{page['change_behind_api']:>9.0f} ms")
    for window, few in result["overview_few_ms"].items():
        many = result["overview_many_ms"][window]
        print(f"{f'overview {window}: no commands, and {given.commands}':<56}{few:>9.1f} ms{many:>9.1f} ms")
    print(f"{'a page of history that a filter leaves empty':<56}{result['filtered_page_ms']:>9.1f} ms")


if __name__ == "__main__":
    main()
