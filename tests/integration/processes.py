"""Programs that tests start: each is ended by its pid, its log is kept for a failing test to show."""

import os
import pathlib
import signal
import socket
import subprocess
import time
import uuid

# Every process below this session carries this mark in its environment, so that what was left behind is found.
MARK = f"COCKPIT_TEST_SESSION={uuid.uuid4().hex}"
ROOTS = []  # the directories of this session
STARTED = []  # every Program of the test that runs now, for the report of its failure


def wait_for(what, look, limit_s=20.0):
    """The first true answer of look(); fails with `what` (a sentence part) after limit_s."""
    deadline = time.monotonic() + limit_s
    while True:
        answer = look()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {limit_s:g} s in vain: {what}")
        time.sleep(0.02)


def environment(extra=None):
    """What a program of ours may see: no settings of whoever runs the tests leak in."""
    name, value = MARK.split("=")
    values = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8", name: value}
    for key in os.environ:
        if key.endswith("SAN_OPTIONS") or key.endswith("_SYMBOLIZER_PATH"):
            values[key] = os.environ[key]
    values.update(extra or {})
    return values


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stat_fields(pid):
    """The fields of /proc/PID/stat from the state on (man 5 proc); None when there is no such process."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def children_of(pid):
    numbers = (entry.name for entry in pathlib.Path("/proc").iterdir() if entry.name.isdigit())
    return [int(n) for n in numbers if (fields := stat_fields(n)) and fields[1] == str(pid)]


def alive(pid):
    """Whether it runs; one that ended and waits for its parent to look does not."""
    fields = stat_fields(pid)
    return fields is not None and fields[0] not in "ZX"


def working_directory(pid):
    """Empty when it has ended or is another user's."""
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


def marked_processes():
    """Pids and command lines of all processes of this session: they carry our mark, or, since a program may
    overwrite its environment with its title as Redis does, work below a directory of ours."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            ours = MARK.encode() in (entry / "environ").read_bytes().split(b"\0") or any(
                f"{working_directory(entry.name)}/".startswith(f"{root}/") for root in ROOTS)
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if ours and line:  # without one it is a zombie, whose parent has yet to look
                found[int(entry.name)] = line
        except OSError:
            continue
    return found


class Program:
    """A running program. Output and errors go to files, which outlive it until its directory is removed."""

    def __init__(self, name, arguments, directory, env=None, **popen):
        directory = pathlib.Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.out_file = directory / f"{name}.out"
        self.log_file = directory / f"{name}.log"
        with open(self.out_file, "ab") as out, open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [str(a) for a in arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=log,
                env=environment(env), cwd=popen.pop("cwd", directory), start_new_session=True, **popen)
        STARTED.append(self)

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def output(self):
        return self.out_file.read_text(errors="replace")

    def log(self):
        return self.log_file.read_text(errors="replace")

    def text(self):
        return self.output() + self.log()

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, limit_s=30):
        try:
            return self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end within {limit_s} s:\n{self.tail()}") from None

    def stop(self, limit_s=30):
        """Asks it to end; its exit code. Kills it when it does not, which fails the test."""
        if self.running():
            self.signal(signal.SIGTERM)
        try:
            return self.wait(limit_s)
        finally:
            self.kill()

    def kill(self):
        if self.running():
            self.process.kill()
            self.process.wait(10)

    def tail(self, lines=60):
        return "\n".join(self.text().splitlines()[-lines:])

    def assert_sane(self):
        """No sanitizer had anything to say."""
        text = self.text()
        for mark in ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "terminate called"):
            assert mark not in text, f"{self.name}:\n{self.tail(200)}"


def run(arguments, env=None, **more):
    """Runs a short command to its end; its output. Fails the test with what it wrote when it fails."""
    done = subprocess.run([str(a) for a in arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env=environment(env), timeout=60, check=False, **more)
    assert done.returncode == 0, f"{arguments} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout
