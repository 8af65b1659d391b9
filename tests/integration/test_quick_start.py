"""docs/quick-start.md, run as it stands: its ```sh blocks in one bash, each output held against the ```console block
that follows (docs/testing.md has the convention)."""

import os
import re
import shutil
import subprocess

import processes
from programs import BIN, ROOT

PAGE = ROOT / "docs" / "quick-start.md"
LIMIT_S = 150  # sanitizers on a busy machine; five seconds otherwise
BLOCK = re.compile(r"^```(sh|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def steps(text):
    """(commands, expected lines) of each sh block, in the page's order."""
    found = []
    for kind, body in BLOCK.findall(text):
        if kind == "sh":
            found.append((body, []))
        else:
            assert found and not found[-1][1], f"this console block follows no sh block:\n{body}"
            found[-1] = (found[-1][0], body.splitlines())
    return found


def missing(expected, output):
    """The first expected line that is not there in its turn; None when all are. `…` stands for anything in a line."""
    lines = iter(output.splitlines())
    for line in expected:
        pattern = ".*".join(re.escape(part) for part in line.split("…"))
        if not any(re.fullmatch(pattern, one) for one in lines):
            return line
    return None


def scratch_clone(directory):
    """What a person has after `git clone`, without what was built here: the script and its parts."""
    shutil.copy(ROOT / "dev", directory / "dev")
    shutil.copytree(ROOT / "tools" / "dev", directory / "tools" / "dev")
    return directory


def test_the_page_does_what_it_says(new_directory):
    clone = scratch_clone(new_directory("q"))
    page = steps(PAGE.read_text())
    assert len(page) > 5 and sum(1 for _, expected in page if expected) > 5
    # Each block's output goes to a file of its own, in the same shell; background jobs write to files of the page's.
    script = "set -e\n" + "".join(
        f"exec >{clone}/step-{number}.txt 2>&1\n{commands}\n" for number, (commands, _) in enumerate(page))
    env = processes.environment({
        "HOME": str(clone), "COCKPIT_BIN": str(BIN), "PORT": str(processes.free_port()),
        "REDIS_PORT": str(processes.free_port())})
    (clone / "page.sh").write_text(script)
    try:
        code = run_bash(clone, env)
        outputs = [file.read_text() for number in range(len(page)) if (file := clone / f"step-{number}.txt").exists()]
        assert code == 0, f"this block ended with {code}:\n{page[len(outputs) - 1][0]}\nIt wrote:\n{outputs[-1]}"
        for (commands, expected), output in zip(page, outputs, strict=True):
            line = missing(expected, output)
            assert line is None, f"the page promises the line\n{line}\nafter\n{commands}\nIt wrote:\n{output}"
        left = processes_of(clone)
        assert left == {}, f"the page leaves running: {left}"
        for log in clone.rglob("*.log"):
            assert "ERROR: AddressSanitizer" not in log.read_text(errors="replace"), log
    finally:
        end(clone)


def run_bash(clone, env):
    """The exit code; "no end within …" when there was none."""
    try:
        return subprocess.run(["bash", "page.sh"], stdin=subprocess.DEVNULL, cwd=clone, env=env, timeout=LIMIT_S,
                              check=False).returncode
    except subprocess.TimeoutExpired:
        return f"no end within {LIMIT_S} s"


def processes_of(clone):
    return {pid: line for pid, line in processes.marked_processes().items()
            if f"{processes.working_directory(pid)}/".startswith(f"{clone}/")}


def end(clone):
    """Of a page that failed in the middle: what it had started."""
    for pid in processes_of(clone):
        try:
            os.kill(pid, 15)
        except ProcessLookupError:
            pass
    processes.wait_for("what the page started is gone", lambda: not processes_of(clone), 40)


def test_what_is_not_there_is_found():
    assert missing(["a … c", "d"], "x\na b c\nd\n") is None
    assert missing(["d", "a … c"], "a b c\nd\n") == "a … c"
    assert missing(["a.c"], "abc\n") == "a.c"
    assert steps("```sh\nx\n```\n\n```console\ny\n```\n```sh\nz\n```\n") == [("x\n", ["y"]), ("z\n", [])]
