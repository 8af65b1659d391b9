#!/usr/bin/env python3
"""Checks which folder of src/ includes which (docs/architecture.md explains the arrows).

An arrow that is not in the table is an error: either the code is in the wrong folder, or the table is changed
in the same commit, where a reviewer sees it.
"""

import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Folder: what it may include of ours, besides itself. A folder, or single headers of one.
PURE_RUNTIME = ("runtime/clock.hpp", "runtime/await_callback.hpp", "runtime/fault_point.hpp")
BOTTOM = ("log", "protocol", "crypto", "runtime")
ALLOWED = {
    "log": (),
    "protocol": (),
    "crypto": ("log",),
    "config": ("log",),
    "runtime": ("log",),
    "redis": ("log", "runtime"),
    "composition": ("config", "redis"),
    "agent/executor": ("log", "protocol", "crypto", *PURE_RUNTIME),
    "agent/spool": ("protocol", "crypto"),
    "agent/keeper": ("runtime", "agent/spool"),
    "agent/commands": ("log", "protocol", "runtime", "agent/executor", "agent/keeper", "agent/spool"),
    "agent/journal": (*BOTTOM, "agent/executor"),
    "agent/transport": (*BOTTOM, "redis", "agent/executor"),
    "agent/app": (*BOTTOM, "config", "composition", "redis", "agent/executor", "agent/commands", "agent/journal",
                  "agent/keeper", "agent/spool", "agent/transport"),
    "server/http": ("log", "runtime", "protocol/text.hpp"),
    "server/page": ("server/http",),
    "server/auth": ("log", "crypto", "runtime"),
    "server/dispatch": ("log", "protocol", "crypto", *PURE_RUNTIME),
    "server/targets": ("log", "protocol", *PURE_RUNTIME, "server/dispatch/agent_directory.hpp",
                       "server/dispatch/command_store.hpp"),
    "server/runs": ("log", "protocol", "crypto", *PURE_RUNTIME, "server/dispatch", "server/targets", "server/notify/event.hpp"),
    "server/notify": ("log", "protocol", "crypto", *PURE_RUNTIME, "server/dispatch"),
    "server/deployments": ("log", "protocol", "crypto", *PURE_RUNTIME, "server/dispatch", "server/targets", "server/runs",
                           "server/notify"),
    "server/git": ("log", "runtime", "server/deployments"),
    "server/schedules": ("log", "protocol", *PURE_RUNTIME, "server/dispatch", "server/targets", "server/runs",
                         "server/deployments"),
    "server/statistics": ("protocol", *PURE_RUNTIME, "server/dispatch"),
    "server/metrics": ("protocol", *PURE_RUNTIME, "server/dispatch"),
    "server/delivery": ("log", "runtime", "server/notify"),
    "server/store": (*BOTTOM, "server/auth", "server/dispatch", "server/targets", "server/notify",
                     "server/runs", "server/deployments", "server/schedules", "server/statistics",
                     "server/metrics/write_figures.hpp"),
    "server/transport": (*BOTTOM, "redis", "server/dispatch"),
    "server/api": (*BOTTOM, "server/http", "server/auth", "server/dispatch", "server/targets", "server/notify",
                   "server/runs", "server/deployments", "server/schedules", "server/statistics", "server/metrics"),
    "server/app": (*BOTTOM, "config", "composition", "redis", "server/http", "server/auth", "server/dispatch",
                   "server/targets", "server/notify", "server/runs", "server/deployments", "server/git", "server/schedules", "server/statistics", "server/metrics", "server/delivery", "server/store", "server/transport", "server/api", "server/page"),
    "cli": ("crypto/encoding.hpp",),
}

# Outside headers that only some folders may know: prefix of the header, folders.
OUTSIDE = {
    "hiredis/": ("redis",),
    "sodium": ("crypto",),
    "sqlite3.h": ("server/store",),
    "libpq-fe.h": ("server/store",),
    "curl/": ("server/delivery", "cli"),
    "date/": ("server/schedules",),
    "kainjow/": ("server/deployments",),
    "boost/beast": ("server/http", "agent/commands", "runtime", "cli"),
    "spdlog/": ("log",),
    "CLI/": ("agent/app", "server/app", "cli"),
}

# Folders whose rules run without I/O, so that a test can drive them with events and a clock.
PURE = ("protocol", "agent/executor", "server/dispatch", "server/targets", "server/runs", "server/notify", "server/deployments",
        "server/schedules", "server/statistics")
IMPURE_HEADERS = ("boost/asio", "boost/beast", "sys/socket.h", "unistd.h", "fcntl.h")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def folder_of(path):
    """The folder of the table that holds a path below src/; None for files of src/ itself."""
    best = None
    for folder in ALLOWED:
        if path.startswith(folder + "/") and (best is None or len(folder) > len(best)):
            best = folder
    return best


def check(files):
    """Sentences about wrong includes; `files` maps a path below src/ to its text."""
    wrong = []
    for path, text in sorted(files.items()):
        folder = folder_of(path)
        if folder is None:
            if "/" in path:
                wrong.append(f"src/{path}: its folder is not in the table of tools/check_includes.py")
            continue
        for bracket, header in INCLUDE.findall(text):
            sentence = check_one(folder, bracket, header)
            if sentence:
                wrong.append(f"src/{path}: {sentence}")
    return wrong


def check_one(folder, bracket, header):
    if bracket == '"':
        target = folder_of(header)
        if target is None:
            return f'includes "{header}", which is not written from src/ or is in no folder of the table'
        if target != folder and target not in ALLOWED[folder] and header not in ALLOWED[folder]:
            return f'{folder} may not include "{header}"; it may use: {", ".join(ALLOWED[folder]) or "nothing"}'
        return None
    if folder in PURE and header.startswith(IMPURE_HEADERS):
        return f"{folder} does no I/O and may not include <{header}>"
    for prefix, folders in OUTSIDE.items():
        if header.startswith(prefix) and folder not in folders:
            return f"only {', '.join(folders)} may include <{header}>"
    return None


def cycle_in_table():
    """A folder that can reach itself along the table's arrows, or None."""
    arrows = {folder: {folder_of(t + "/x") if t in ALLOWED else folder_of(t) for t in targets}
              for folder, targets in ALLOWED.items()}
    for start in arrows:
        seen, todo = set(), list(arrows[start])
        while todo:
            at = todo.pop()
            if at == start:
                return start
            if at not in seen:
                seen.add(at)
                todo.extend(arrows[at])
    return None


def self_test():
    """The check must find planted mistakes and be silent on what is right."""
    assert cycle_in_table() is None, f"the table lets {cycle_in_table()} reach itself"
    right = {
        "redis/a.cpp": '#include "redis/a.hpp"\n#include "runtime/clock.hpp"\n#include <hiredis/hiredis.h>\n',
        "agent/executor/a.hpp": '#include "runtime/clock.hpp"\n#include "protocol/ids.hpp"\n',
        "pch.hpp": "#include <boost/asio.hpp>\n",
        "log/a.cpp": '// #include "redis/client.hpp"\n#include <spdlog/spdlog.h>\n',
    }
    assert check(right) == [], check(right)
    for path, line, words in [
        ("protocol/a.hpp", '#include "redis/client.hpp"', "protocol may not include"),
        ("agent/executor/a.cpp", '#include "runtime/task_scope.hpp"', "agent/executor may not include"),
        ("agent/executor/a.cpp", "#include <boost/asio/io_context.hpp>", "does no I/O"),
        ("server/dispatch/a.cpp", '#include "server/store/store.hpp"', "server/dispatch may not include"),
        ("server/api/a.cpp", '  #  include "redis/client.hpp"', "server/api may not include"),
        ("agent/app/a.cpp", '#include "server/http/message.hpp"', "agent/app may not include"),
        ("server/api/a.cpp", "#include <libpq-fe.h>", "only server/store may include"),
        ("config/a.cpp", '#include "reader.hpp"', "not written from src/"),
        ("helpers/a.cpp", "", "its folder is not in the table"),
    ]:
        found = check({path: line + "\n"})
        assert len(found) == 1 and words in found[0], (path, line, found)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--self-test", action="store_true")
    if parser.parse_args().self_test:
        self_test()
        return 0
    source = ROOT / "src"
    files = {str(f.relative_to(source)): f.read_text() for f in source.rglob("*.[ch]pp")}
    wrong = check(files)
    print("\n".join(wrong) if wrong else f"{len(files)} files keep to the table")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
