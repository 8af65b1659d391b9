"""What the figures depend on: this machine, the versions, and what a process holds."""

import os
import platform
import re
import subprocess


def memory_kb(pid):
    """Resident (now and at its highest), proportional and anonymous memory of a process, in kB."""
    def fields(name):
        with open(f"/proc/{pid}/{name}") as file:
            return {found[1]: int(found[2]) for line in file if (found := re.match(r"(\w+):\s+(\d+) kB", line))}
    rollup = fields("smaps_rollup")
    return {"rss": rollup["Rss"], "peak": fields("status")["VmHWM"], "pss": rollup["Pss"],
            "anonymous": rollup["Anonymous"]}


def shared_libraries(binary):
    text = subprocess.run(["ldd", binary], check=True, capture_output=True, text=True).stdout
    names = [line.split()[0] for line in text.splitlines() if line.strip()]
    return [os.path.basename(name) for name in names if not name.startswith("linux-vdso")]


def first_match(pattern, text):
    found = re.search(pattern, text, re.MULTILINE)
    return found[1].strip() if found else "unknown"


def filesystem_of(path):
    text = subprocess.run(["stat", "--file-system", "--format=%T", path], check=True, capture_output=True, text=True)
    return text.stdout.strip()


def describe(state_directory):
    with open("/proc/cpuinfo") as file:
        cpu = first_match(r"^model name\s*:\s*(.+)$", file.read())
    return {"cpu": cpu, "cores": len(os.sched_getaffinity(0)), "kernel": platform.release(),
            "filesystem": filesystem_of(state_directory)}


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def versions(server):
    return {"cockpit": output_of(server, "--version").split()[-1],
            "redis": first_match(r"v=(\S+)", output_of("redis-server", "--version")),
            "glibc": platform.libc_ver()[1]}
