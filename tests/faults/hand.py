"""Does the faults of a schedule, at most a few at a time, and mends each after its time."""

import collections
import contextlib
import os
import threading
import time

from pace import OutOfTime
from wire import RedisError

AT_ONCE = 3
ON_LINKS = ("cut", "halve", "delay")


class Hand:
    """start() begins; join() waits until all faults were done and mended."""

    def __init__(self, fleet, faults, pace, log):
        self.fleet = fleet
        self.faults = faults
        self.pace = pace
        self.log = log
        self.done = collections.Counter()      # by kind
        self.skipped = collections.Counter()   # (kind, reason)
        self.full_disks = []                   # (agent, since, until), seconds since the epoch
        self.failures = []                     # what could not be done or mended, which is the suite's own fault
        self.free = threading.Semaphore(AT_ONCE)
        self.stopped = threading.Event()
        self.locks = collections.defaultdict(threading.Lock)
        self.threads = []
        self.thread = threading.Thread(target=self._run, name="hand", daemon=True)

    def start(self):
        self.thread.start()

    def join(self):
        self.thread.join()
        for thread in self.threads:
            thread.join()

    def stop(self):
        """No further fault; those under way are mended at once."""
        self.stopped.set()

    def _run(self):
        try:
            for fault in self.faults:
                self.pace.wait_place(fault.number)
                self.free.acquire()
                if self.stopped.is_set():
                    return
                begun = threading.Event()
                thread = threading.Thread(target=self._do, args=(fault, begun), name=f"fault {fault.number}",
                                          daemon=True)
                self.threads.append(thread)
                thread.start()
                begun.wait()
                self.pace.add_begun()
        except OutOfTime:
            pass

    def _do(self, fault, begun):
        try:
            # Nothing is broken twice at once in the same way; a program may well die while its disk is full.
            with self.locks[(fault.target, "" if fault.kind in ON_LINKS else fault.kind)]:
                self.log("fault", number=fault.number, fault=fault.kind, target=fault.target, how=fault.how,
                         amount=fault.amount, lasts_s=fault.lasts_s)
                try:
                    happened = getattr(self, f"_{fault.kind}")(fault, begun)
                finally:
                    begun.set()
                if happened is None:
                    self.done[fault.kind] += 1
                else:
                    self.skipped[(fault.kind, happened)] += 1
                self.log("mended", number=fault.number, fault=fault.kind, target=fault.target)
        except Exception as error:  # whatever it was, the run must end and say so
            self.failures.append(f"fault {fault.number} ({fault.kind} {fault.target}): {error!r}")
            self.log("fault failed", number=fault.number, error=repr(error))
        finally:
            begun.set()
            self.free.release()

    def _last(self, fault, begun):
        """The time that it lasts, cut short when the run is stopped."""
        begun.set()
        self.stopped.wait(fault.lasts_s)

    # The faults. Each returns None, or why it could not be done here. ---------------------------------

    def _kill_agent(self, fault, begun):
        member = self.fleet.members[fault.target]
        member.kill()
        self._last(fault, begun)
        member.start()

    _kill_server = _kill_agent

    def _kill_redis(self, fault, begun):
        self.fleet.redis.kill()
        self._last(fault, begun)
        self.fleet.redis.start()

    def _kill_postgres(self, fault, begun):
        self.fleet.postgres.kill()
        self._last(fault, begun)
        self.fleet.postgres.start()

    def _flush_redis(self, fault, begun):
        with self.fleet.redis.connect() as redis, contextlib.suppress(RedisError):
            redis.command("FLUSHALL")
        begun.set()

    def _cut(self, fault, begun):
        self.fleet.gate.cut(fault.target)
        self._last(fault, begun)
        self.fleet.gate.mend(fault.target)

    def _halve(self, fault, begun):
        gate = self.fleet.gate
        if fault.how == "middle":
            gate.cut_in_the_middle(fault.target)
            self._last(fault, begun)
        else:
            gate.deaden(fault.target, fault.how)
            self._last(fault, begun)
            gate.cut(fault.target)
        gate.mend(fault.target)

    def _delay(self, fault, begun):
        self.fleet.gate.delay(fault.target, fault.amount)
        self._last(fault, begun)
        self.fleet.gate.mend(fault.target)

    def _fill_disk(self, fault, begun):
        member = self.fleet.members[fault.target]
        if not member.state_file_system:
            return "an agent's state needs a file system of its own, and mount was refused"
        ballast = self.fleet.directory / fault.target / "state" / "ballast"
        since = time.time()
        try:
            fill(ballast)
            self._last(fault, begun)
        finally:
            ballast.unlink()
            self.full_disks.append((fault.target, since, time.time()))
        return None

    def _move_clock(self, fault, begun):
        member = self.fleet.members[fault.target]
        member.move_clock(fault.amount)
        self._last(fault, begun)
        member.move_clock(0)


def fill(file):
    """Until not one more byte has room."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        for piece in (1 << 20, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while True:
                    os.write(descriptor, bytes(piece))
    finally:
        os.close(descriptor)
