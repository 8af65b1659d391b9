"""A git transport that waits until it is let go: how a test makes git_pull slow without sleeping."""

import pathlib

from processes import wait_for

SCRIPT = """#!/bin/sh
# Called by git instead of ssh: HOST COMMAND. Waits for the gate, then runs the command right here.
[ "$1" = -G ] && exit 1
: > "{directory}/reached.$$"
while [ ! -e "{directory}/open" ]; do sleep 0.05; done
for last; do :; done
eval "exec $last"
"""


class GatedSsh:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.script = self.directory / "gate"
        self.script.write_text(SCRIPT.format(directory=self.directory))
        self.script.chmod(0o755)
        self.env = {"GIT_SSH_COMMAND": str(self.script)}

    def url(self, path):
        return f"ssh://gate{path}"

    def reached(self):
        """How many have come to the gate."""
        return len(list(self.directory.glob("reached.*")))

    def wait_reached(self, count=1):
        wait_for(f"{count} came to the gate", lambda: self.reached() >= count)

    def open(self):
        (self.directory / "open").touch()
