"""Output while a command runs, and all of it afterwards: as a browser reads it, through restarts of both ends."""

import base64
import hashlib
import http.client
import json
import random
import sys
import threading
import time

import pytest

from http_api import BASE
from processes import wait_for
from test_several_servers import add_server

# Bytes of every value, in bursts, for a while; and how it went, for whoever reads along.
PRINTER = """
import os, random, sys, time
bytes_, seconds, seed = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
source = random.Random(seed)
left, steps = bytes_, max(1, int(seconds * 20))
for step in range(steps):
    part = left if step == steps - 1 else min(left, bytes_ // steps)
    left -= part
    data = source.randbytes(part)
    while data:
        data = data[os.write(1, data):]
    time.sleep(seconds / steps)
"""
MIB = 1 << 20


def printed(size, seconds, seed):
    """What PRINTER prints."""
    source = random.Random(seed)
    steps = max(1, int(seconds * 20))
    left, parts = size, []
    for step in range(steps):
        part = left if step == steps - 1 else min(left, size // steps)
        left -= part
        parts.append(source.randbytes(part))
    return b"".join(parts)


def add_printing_host(fleet, new_directory, **env):
    commands = new_directory("c")
    commands.chmod(0o755)
    program = commands / "print.py"
    program.write_text(PRINTER)
    (commands / "print.toml").write_text(f"""
description = "Print bytes"
arguments = ["{sys.executable}", "{program}", "{{bytes}}", "{{seconds}}", "{{seed}}"]
timeout_s = 300
[parameters.bytes]
type = "integer"
[parameters.seconds]
type = "integer"
[parameters.seed]
type = "integer"
""")
    return fleet.add_agent("host-1", COMMANDS_DIR=str(commands), **env)


@pytest.fixture
def host(new_fleet, new_directory):
    fleet = new_fleet("sqlite")
    fleet.agent = add_printing_host(fleet, new_directory)
    return fleet


def print_bytes(fleet, size, seconds, seed):
    answer = fleet.api.command("host-1", "print", {"bytes": size, "seconds": seconds, "seed": seed})
    assert answer.status == 200, answer
    return answer.json["command_id"]


class Reader:
    """A browser's EventSource: keeps the last id, connects again when it was cut off."""

    def __init__(self, server, command_id):
        self.server = server
        self.path = f"{BASE}/commands/{command_id}/output"
        self.last_id = None
        self.bytes = bytearray()
        self.holes = 0
        self.states = []
        self.end = None
        self.connections = 0
        self.connection = None

    def connect(self):
        headers = {"Authorization": f"Bearer {self.server.admin.token}", "Accept": "text/event-stream"}
        if self.last_id is not None:
            headers["Last-Event-ID"] = self.last_id
        self.connections += 1
        self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        self.connection.request("GET", self.path, headers=headers)
        answer = self.connection.getresponse()
        assert answer.status == 200, (answer.status, answer.read())
        assert answer.headers["Content-Type"] == "text/event-stream"
        return answer

    def drop(self):
        """Cut from outside, in the middle of whatever comes."""
        connection = self.connection
        if connection is not None and connection.sock is not None:
            try:
                connection.sock.shutdown(2)
            except OSError:
                pass

    def read(self, limit_s=120, enough=lambda reader: False):
        """Until the end of the output, or `enough`."""
        deadline = time.monotonic() + limit_s
        while self.end is None and not enough(self):
            assert time.monotonic() < deadline, f"no end after {limit_s} s; {len(self.bytes)} bytes came"
            try:
                self.take_events(self.connect(), enough)
            except (OSError, http.client.HTTPException, AttributeError):
                time.sleep(0.05)  # cut off, or the server is away
            finally:
                if self.connection is not None:
                    self.connection.close()

    def take_events(self, answer, enough):
        event = {}
        while self.end is None and not enough(self):
            line = answer.readline()
            if not line.endswith(b"\n"):
                return  # an event that is not whole does not count
            line = line.decode().rstrip("\n")
            if line:
                name, _, value = line.partition(": ")
                event[name] = value
            elif event:
                self.take(event)
                event = {}

    def take(self, event):
        if "event" not in event:
            return
        data = json.loads(event["data"])
        if event["event"] == "output":
            assert data["offset"] == len(self.bytes) + self.holes, "bytes came twice, or some are missing"
            self.bytes += base64.b64decode(data["data"])
        elif event["event"] == "hole":
            assert data["offset"] == len(self.bytes) + self.holes
            self.holes += data["bytes"]
        elif event["event"] == "state":
            self.states.append(data["status"])
        elif event["event"] == "end":
            self.end = data
        self.last_id = event["id"]


def test_bytes_are_seen_before_the_command_ends_and_are_all_there_after(host):
    expected = printed(200_000, 4, 1)
    command = print_bytes(host, 200_000, 4, 1)
    reader = Reader(host.server, command)
    reader.read(enough=lambda r: len(r.bytes) > 10_000)
    assert host.api.find(command).json["status"] == "running", "they came before the end"
    reader.read()
    assert reader.end["status"] == "success" and reader.end["complete"] is True
    assert bytes(reader.bytes) == expected
    assert reader.end["output_bytes"] == len(expected)
    assert reader.end["output_sha256"] == hashlib.sha256(expected).hexdigest()
    record = host.api.find(command).json
    assert record["output_sha256"] == reader.end["output_sha256"] and record["output_bytes"] == len(expected)
    path = f"{BASE}/commands/{command}/output"
    assert host.api.get(path).body == expected
    part = host.api.get(path, headers={"Range": "bytes=70000-140000"})
    assert part.status == 206 and part.body == expected[70000:140001]
    assert part.headers["content-range"] == f"bytes 70000-140000/{len(expected)}"
    assert host.api.get(path + "?source=host").body == expected


def test_a_reader_cut_off_fifty_times_while_both_ends_restart_has_the_same_bytes(host):
    hand = random.Random(20261125)
    expected = printed(900_000, 20, 2)
    command = print_bytes(host, 900_000, 20, 2)
    reader = Reader(host.server, command)
    over = threading.Event()

    def read():
        try:
            reader.read(limit_s=200)
        finally:
            over.set()
    thread = threading.Thread(target=read)
    thread.start()
    drops = 0
    while drops < 50 and not over.is_set():
        time.sleep(hand.uniform(0.05, 0.4))
        reader.drop()
        drops += 1
        if drops in (10, 30):
            host.server.kill()
            host.server.start()
        if drops in (20, 40):
            host.agent.kill()
            host.agent.start()
    thread.join(220)
    assert not thread.is_alive() and reader.end is not None
    print(f"{drops} drops, {reader.connections} connections")
    assert drops == 50, "the output was over too soon"
    assert reader.holes == 0
    assert hashlib.sha256(reader.bytes).hexdigest() == hashlib.sha256(expected).hexdigest()
    assert reader.end["output_sha256"] == hashlib.sha256(expected).hexdigest()
    assert reader.end["status"] == "success", "the command outlived the agent"
    assert host.api.find(command).json["attempt"] == 1


def test_too_much_output_has_a_hole_of_a_known_size_and_the_host_has_all(host):
    size = 8 * MIB
    expected = printed(size, 2, 3)
    before = host.redis.connect()
    used = int(before.command("INFO", "memory").decode().split("used_memory:")[1].split("\r\n")[0])
    command = print_bytes(host, size, 2, 3)
    reader = Reader(host.server, command)
    reader.read()
    peak = int(before.command("INFO", "memory").decode().split("used_memory_peak:")[1].split("\r\n")[0])
    assert reader.end["complete"] is True and reader.end["output_bytes"] == size
    assert reader.end["output_sha256"] == hashlib.sha256(expected).hexdigest()
    assert reader.holes > 0 and len(reader.bytes) + reader.holes == size
    assert peak - used < 8 * MIB, "Redis holds what is on its way, not all of it"
    path = f"{BASE}/commands/{command}/output"
    kept = host.api.get(path)
    head, mark, tail = kept.body.partition(b"\n[... ")
    missing, _, tail = tail.partition(b" bytes are missing here ...]\n")
    assert mark and head == expected[:len(head)] and expected.endswith(tail)
    assert len(head) >= MIB // 2 and len(tail) >= MIB // 2 - 65536
    assert len(head) + int(missing) + len(tail) == size
    whole = host.api.get(path + "?source=host")
    assert whole.status == 200 and hashlib.sha256(whole.body).hexdigest() == reader.end["output_sha256"]
    middle = host.api.get(path, headers={"Range": f"bytes={4 * MIB}-{4 * MIB + 9}"})
    assert middle.status == 416 and "source=host" in middle.detail
    there = host.api.get(path + "?source=host", headers={"Range": f"bytes={4 * MIB}-{4 * MIB + 9}"})
    assert there.status == 206 and there.body == expected[4 * MIB:4 * MIB + 10]


def test_a_short_command_needs_no_pieces(host):
    answer = host.api.echo("host-1", "just this")
    command = answer.json["command_id"]
    assert host.api.get(f"{BASE}/commands/{command}/output").body == b"just this"
    reader = Reader(host.server, command)
    reader.read()
    assert bytes(reader.bytes) == b"just this" and reader.end["complete"] is True
    assert host.store.rows("SELECT COUNT(*) AS n FROM cockpit_command_output")[0]["n"] == 0


def test_a_host_that_is_away_cannot_be_asked(host):
    command = print_bytes(host, 1000, 1, 4)
    host.server.wait_final(command)
    host.agent.stop()
    host.server.wait_status("host-1", "offline")
    answer = host.api.get(f"{BASE}/commands/{command}/output?source=host")
    assert answer.status == 503 and answer.detail.startswith("agent 'host-1' is not there to be asked: ")


def test_a_reader_at_another_server_sees_it_as_well(new_fleet, new_directory):
    fleet = new_fleet("postgresql")
    add_printing_host(fleet, new_directory)
    b = add_server(fleet, new_directory)
    b.wait_status("host-1", "online")
    expected = printed(300_000, 3, 5)
    command = print_bytes(fleet, 300_000, 3, 5)
    readers = [Reader(server, command) for server in (fleet.server, b)]
    threads = [threading.Thread(target=reader.read) for reader in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(130)
    for reader in readers:
        assert bytes(reader.bytes) == expected and reader.end["complete"] is True


def test_signal_processor_time_and_memory_are_in_the_result(host):
    command = print_bytes(host, 100_000, 1, 6)
    record = host.server.wait_final(command)
    assert record["status"] == "success" and record["exit_code"] == 0 and record["signal"] is None
    assert record["containment"] in ("cgroup", "process_group")
    assert record["cpu_ms"] > 0 and record["peak_memory_bytes"] > MIB
    wait_for("its output is kept", lambda: host.api.get(f"{BASE}/commands/{command}/output").body ==
             printed(100_000, 1, 6), 20)
