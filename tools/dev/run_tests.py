#!/usr/bin/env python3
"""Runs the test programs of a build, the integration tests and the fault suite, and counts.

The last line is `N passed, N failed` and, when tests were skipped, `, N skipped`. Exit code 1 when a test failed
or nothing ran.
"""

import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM_LIMIT_S = 600
INTEGRATION_LIMIT_S = 30 * 60
FAULTS_LIMIT_S = {False: 12 * 60, True: 5 * 3600}  # the suite has a limit of its own below; by --long


class Tally:
    """What was seen, over all kinds of tests."""

    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []

    def add_junit(self, file):
        """Counts the cases of a JUnit XML file, which GoogleTest and pytest both write."""
        for case in xml.etree.ElementTree.parse(file).getroot().iter("testcase"):
            name = f"{case.get('classname')}.{case.get('name')}"
            skip = case.find("skipped")
            if case.find("failure") is not None or case.find("error") is not None:
                self.failed.append(name)
            elif skip is not None or case.get("result") == "skipped":
                text = "" if skip is None else (skip.get("message") or skip.text or "").strip()
                # GoogleTest's message begins with file:line; its last line is the sentence.
                self.skipped.append((name, text.splitlines()[-1] if text else "no reason given"))
            elif case.get("status") != "notrun":
                self.passed += 1

    def last_line(self):
        line = f"{self.passed} passed, {len(self.failed)} failed"
        return line + (f", {len(self.skipped)} skipped" if self.skipped else "")

    def ran(self):
        return self.passed + len(self.failed)


def environment(build):
    values = dict(os.environ)
    values.setdefault("ASAN_OPTIONS", "detect_stack_use_after_return=1:strict_string_checks=1")
    values.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    symbolizer = "/usr/lib/llvm-19/bin/llvm-symbolizer"
    if os.path.exists(symbolizer):
        values.setdefault("ASAN_SYMBOLIZER_PATH", symbolizer)
        values.setdefault("UBSAN_SYMBOLIZER_PATH", symbolizer)
    values.setdefault("COCKPIT_BIN", str(build / "bin"))
    return values


def run_program(program, report, env):
    """The exit code and the output of one GoogleTest program; its report is an XML file."""
    try:
        ended = subprocess.run(
            [program, f"--gtest_output=xml:{report}", "--gtest_brief=1"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=env, timeout=PROGRAM_LIMIT_S, check=False)
        return ended.returncode, ended.stdout
    except subprocess.TimeoutExpired as late:
        return -1, (late.stdout or b"") + f"\nended after {PROGRAM_LIMIT_S} s".encode()


def run_unit(build, tally, scratch):
    programs = sorted(p for p in (build / "tests").glob("*") if p.is_file() and os.access(p, os.X_OK))
    env = environment(build)
    reports = {program: scratch / f"{program.name}.xml" for program in programs}
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        runs = {pool.submit(run_program, p, reports[p], env): p for p in programs}
        for done in concurrent.futures.as_completed(runs):
            program, (code, output) = runs[done], done.result()
            print(f"==> {program.name}: {'ok' if code == 0 else f'exit code {code}'}", flush=True)
            if code != 0:
                sys.stdout.write(output.decode(errors="replace") + "\n")
            before = len(tally.failed)
            if reports[program].exists():
                tally.add_junit(reports[program])
            # A program that died (a sanitizer, a crash) has no report, or one that blames nobody.
            if code != 0 and len(tally.failed) == before:
                tally.failed.append(f"{program.name} (exit code {code})")


def run_reporting(name, arguments, report, build, tally, limit_s):
    """Runs a program that writes a JUnit XML file, its output to ours."""
    try:
        code = subprocess.run([sys.executable, *arguments], cwd=ROOT, stdin=subprocess.DEVNULL,
                              env=environment(build), timeout=limit_s, check=False).returncode
    except subprocess.TimeoutExpired:
        code = -1
        print(f"{name} was ended after {limit_s} s", flush=True)
    before = len(tally.failed)
    if report.exists():
        tally.add_junit(report)
    if code not in (0, 5) and len(tally.failed) == before:  # 5: nothing was collected
        tally.failed.append(f"{name} (exit code {code})")


def run_pytest(folder, build, tally, scratch, workers=1, only=()):
    """With several workers each has its own Redis, PostgreSQL, Docker engine; the tests of a file stay together."""
    report = scratch / f"{folder}.xml"
    arguments = ["-m", "pytest", "-q", "-rf", f"--junitxml={report}", "-p", "no:cacheprovider", *(only or [f"tests/{folder}"])]
    arguments += ["-n", str(workers), "--dist", "loadfile"] if workers > 1 else []
    run_reporting(f"pytest tests/{folder}", arguments, report, build, tally, INTEGRATION_LIMIT_S)


def run_web(build, tally, scratch):
    """The page's own tests; the page in a browser is tests/integration/test_page*.py."""
    report = scratch / "vitest.xml"
    if not (ROOT / "web" / "node_modules").exists():
        tally.skipped.append(("web", "the page was not built; ./dev says why when it builds"))
        return
    try:
        code = subprocess.run(["npx", "vitest", "run", "--reporter=junit", f"--outputFile={report}"], cwd=ROOT / "web",
                              stdin=subprocess.DEVNULL, timeout=300, check=False).returncode
    except subprocess.TimeoutExpired:
        code = -1
    before = len(tally.failed)
    if report.exists():
        tally.add_junit(report)
    if code != 0 and len(tally.failed) == before:
        tally.failed.append(f"vitest (exit code {code})")


def run_faults(build, tally, scratch, seed, long):
    """First the tests of the suite's own parts, then the run, whose checks are tests."""
    run_pytest("faults", build, tally, scratch)
    report = scratch / "faults-run.xml"
    arguments = ["tests/faults/run.py", "--report", str(report)]
    arguments += ["--seed", str(seed)] if seed is not None else []
    arguments += ["--long"] if long else []
    run_reporting("tests/faults/run.py", arguments, report, build, tally, FAULTS_LIMIT_S[long])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("suite", choices=["all", "unit", "integration", "web", "faults", "packages"])
    parser.add_argument("--seed", type=int, help="faults: replay the schedule of an earlier run")
    parser.add_argument("--long", action="store_true", help="faults: 20,000 commands and 1,000 faults")
    wanted = parser.parse_args()
    build = wanted.build.resolve()
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="cockpit-tests-") as scratch:
        if wanted.suite in ("all", "unit"):
            run_unit(build, tally, pathlib.Path(scratch))
        if wanted.suite in ("all", "integration"):
            # Much of them is waiting, and two cores are what is promised.
            run_pytest("integration", build, tally, pathlib.Path(scratch), workers=2)
        if wanted.suite in ("all", "web"):
            run_web(build, tally, pathlib.Path(scratch))
        if wanted.suite == "web":
            run_pytest("integration", build, tally, pathlib.Path(scratch), workers=2,
                       only=sorted(str(file) for file in ROOT.glob("tests/integration/test_page*.py")))
        if wanted.suite in ("all", "faults"):
            run_faults(build, tally, pathlib.Path(scratch), wanted.seed, wanted.long)
        if wanted.suite == "packages":  # not of "all": it takes a release build and root
            run_pytest("packages", build, tally, pathlib.Path(scratch))
    for name, reason in tally.skipped:
        print(f"SKIPPED {name}: {reason}")
    for name in tally.failed:
        print(f"FAILED {name}")
    if tally.ran() == 0:
        print("nothing ran")
    print(tally.last_line())
    return 1 if tally.failed or tally.ran() == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
