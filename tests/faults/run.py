#!/usr/bin/env python3
"""The fault suite: many commands, many faults, and then the question whether every promise was kept.

The first line tells the seed. Exit code 1 when a check failed; then the directory with all logs is kept.
"""

import argparse
import collections
import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import uuid
import xml.etree.ElementTree as xml

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import evidence  # noqa: E402
import processes  # noqa: E402
import schedule  # noqa: E402
import verdict  # noqa: E402
from clients import Clients  # noqa: E402
from fleet import Fleet  # noqa: E402
from hand import Hand  # noqa: E402
from pace import Pace  # noqa: E402
from paths import APPEND_LINE, BIN, MOVED_CLOCK  # noqa: E402

SHORT = (1000, 60, 10 * 60)          # commands, faults, limit in seconds
LONG = (20_000, 1000, 4 * 3600)
SETTLES_S = 180                      # all is up: until every command has ended
IN_NAMESPACE = "COCKPIT_FAULTS_NAMESPACE"


class EventLog:
    """What happened and when, a JSON object each line."""

    def __init__(self, file):
        self.begun = time.monotonic()
        self.lock = threading.Lock()
        self.file = open(file, "w", encoding="utf-8")

    def __call__(self, event, **fields):
        line = json.dumps({"s": round(time.monotonic() - self.begun, 3), "event": event, **fields})
        with self.lock:
            self.file.write(line + "\n")
            self.file.flush()


class Run:
    def __init__(self, plan, limit_s, directory):
        self.plan = plan
        self.limit_s = limit_s
        self.directory = directory
        self.events = EventLog(directory / "events.log")
        self.begun = time.monotonic()
        self.pace = Pace([fault.after for fault in plan.faults])
        self.over = threading.Event()
        self.late = None          # what was under way when the time was over
        self.doing = "starting"

    def say(self, text):
        print(f"[{time.monotonic() - self.begun:5.0f} s] {text}", flush=True)

    def watch(self):
        """Says how far it is, and ends it at its limit."""
        while not self.over.wait(15):
            self.say(f"{self.doing}: {self.pace.accepted} of {len(self.plan.commands)} commands accepted, "
                     f"{self.pace.begun} of {len(self.plan.faults)} faults begun")
            if time.monotonic() - self.begun > self.limit_s and self.late is None:
                self.late = self.doing
                self.hand.stop()
                self.pace.stop()

    def run(self):
        """Evidence. The fleet is down when this returns, however it returns."""
        fleet = Fleet(self.directory, self.events)
        failed = True
        try:
            self.hand = Hand(fleet, self.plan.faults, self.pace, self.events)
            clients = Clients(fleet, self.plan.commands, self.pace, self.events)
            threading.Thread(target=self.watch, daemon=True).start()
            self.doing = "faults"
            self.hand.start()
            clients.start()
            clients.join()
            self.hand.join()
            self.doing = "settling"
            self.say(f"all is sent and mended; faults: {dict(self.hand.done)}")
            for (kind, reason), count in self.hand.skipped.items():
                self.say(f"SKIPPED {count} {kind}: {reason}")
            found = self.rest(fleet, clients)
            failed = any(verdict.judge(found).values()) or self.late is not None
            return found
        finally:
            self.over.set()
            self.logs_of = fleet.logs_naming
            fleet.close(keep=failed)

    def rest(self, fleet, clients):
        evidence.until(fleet.all_online, 60)
        evidence.until(lambda: not evidence.open_rows(fleet), SETTLES_S, lambda: self.late is not None)
        self.say("every command has ended" if not evidence.open_rows(fleet) else "some commands are still open")
        self.doing = "checking"
        # The end is told before the last process around a command has left.
        evidence.until(lambda: not evidence.command_processes(fleet), 15)
        left = evidence.command_processes(fleet)
        found = evidence.collect(fleet, clients, self.hand, self.plan.faults)
        found.alive_while_up = left
        self.doing = "stopping"
        found.exit_codes = fleet.stop_members()
        fleet.redis.stop()
        fleet.postgres.stop()
        evidence.until(lambda: not processes.marked_processes(), 10)
        found.alive_at_end = processes.marked_processes()
        for pid in found.alive_at_end:
            os.kill(pid, 9)
        found.sanitizers = fleet.sanitizer_reports()
        return found


def report(run, found, file):
    """Prints what was found; the number of failed checks."""
    results = verdict.judge(found)
    if run.late is not None:
        results["within_its_time"] = [f"the limit of {run.limit_s} s came during: {run.late}; "
                                      f"{run.pace.accepted} commands were accepted, {run.pace.begun} faults begun"]
    else:
        results["within_its_time"] = []
    for name, sentences in results.items():
        print(f"{'ok    ' if not sentences else 'FAILED'} {name}" + (f": {len(sentences)}" if sentences else ""))
        for sentence in sentences[:10]:
            print(f"         {sentence}")
    for subject in subjects(results)[:3]:
        show(run, found, subject)
    suite = xml.Element("testsuite", name="faults")
    for name, sentences in results.items():
        case = xml.SubElement(suite, "testcase", classname="faults", name=name)
        if sentences:
            xml.SubElement(case, "failure", message=sentences[0])
    if file:
        xml.ElementTree(suite).write(file)
    return sum(bool(sentences) for sentences in results.values())


def subjects(results):
    """What the sentences begin with, the first one of each check first."""
    named = [sentence.split(":")[0] for sentences in results.values() for sentence in sentences[:1]]
    return list(dict.fromkeys(named))


def show(run, found, subject):
    """All that was logged about a command: its fields, its starts, events and log lines."""
    row = found.row_of.get(subject)
    key = row["idempotency_key"] if row else subject
    told = next((t for t in found.told if t.spec.key == key), None)
    print(f"\n--- {subject}\nasked: {told.spec if told else None}\nrow: {row}\nattempts: {found.attempts_of.get(subject)}"
          f"\nstarted on: {found.starts.get(key)}")
    events = (run.directory / "events.log").read_text().splitlines()
    near = [n for n, line in enumerate(events) if key in line or subject in line]
    if near:
        for line in events[max(0, near[0] - 15):near[-1] + 15][:80]:
            print("  " + line[:300])
    for line in run.logs_of(subject):
        print("  " + line[:400])


def enter_mount_namespace():
    """File systems that are mounted here vanish with us, even when we are killed. Nothing happens where that is
    not allowed: then there are none."""
    if os.geteuid() != 0 or IN_NAMESPACE in os.environ:
        return
    unshare = ["unshare", "--mount", "--propagation", "private"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode == 0:
        os.environ[IN_NAMESPACE] = "1"
        os.execvp("unshare", [*unshare, sys.executable, *sys.argv])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, help="replays the schedule of an earlier run")
    parser.add_argument("--long", action="store_true", help=f"{LONG[0]} commands and {LONG[1]} faults")
    parser.add_argument("--commands", type=int)
    parser.add_argument("--faults", type=int)
    parser.add_argument("--report", help="a JUnit XML file to write")
    parser.add_argument("--keep", action="store_true", help="keep the directory of the run in any case")
    wanted = parser.parse_args()
    commands, faults, limit_s = LONG if wanted.long else SHORT
    commands, faults = wanted.commands or commands, faults if wanted.faults is None else wanted.faults
    seed = secrets.randbelow(1_000_000) if wanted.seed is None else wanted.seed
    if IN_NAMESPACE not in os.environ:
        print(f"seed {seed}; replay with ./dev test faults --seed {seed}{' --long' if wanted.long else ''}", flush=True)
        sys.argv[1:] = [a for a in sys.argv[1:] if not a.startswith("--seed=")]
        if wanted.seed is None:
            sys.argv += ["--seed", str(seed)]
    enter_mount_namespace()
    for file in (APPEND_LINE, MOVED_CLOCK, BIN / "cockpit-server", BIN / "cockpit-agent"):
        if not file.exists():
            print(f"there is no {file}; build first (./dev test does)")
            return 2

    processes.MARK = f"COCKPIT_FAULTS_RUN={uuid.uuid4().hex}"
    # Short, since paths of unix sockets have at most 107 bytes; passable, since PostgreSQL runs as its own user.
    directory = pathlib.Path(tempfile.mkdtemp(prefix="ckf-", dir="/tmp"))
    directory.chmod(0o711)
    processes.ROOTS.append(directory)
    run = Run(schedule.make(seed, commands, faults), limit_s, directory)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to end"))  # so that the processes of the run are ended below
    try:
        found = run.run()
    except BaseException:
        traceback.print_exc()
        print(f"the run broke off while {run.doing}; seed {seed}; logs: {directory}")
        for pid in processes.marked_processes():
            os.kill(pid, 9)
        return 1
    failed = report(run, found, wanted.report)
    took = time.monotonic() - run.begun
    ends = collections.Counter(row["status"] for row in found.rows)
    print("ends: " + ", ".join(f"{count} {status}" for status, count in ends.most_common()))
    print(f"{run.pace.accepted} commands, {sum(run.hand.done.values())} faults, {took:.0f} s, seed {seed}")
    if failed:
        print(f"seed {seed}; replay with ./dev test faults --seed {seed}; everything is kept in {directory}")
    elif wanted.keep:
        print(f"kept: {directory}")
    else:
        shutil.rmtree(directory)
    checks = len(verdict.CHECKS) + 1
    print(f"{checks - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
