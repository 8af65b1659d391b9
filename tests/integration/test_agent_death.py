"""The agent dies by SIGKILL at each step of its journal, 200 times in all, at places that its program names.

Afterwards every command is final, none ran twice in one attempt, what succeeded ran, what was refused did not, and no
process is left. What ran is told by the transport of each pull, which writes down the attempt it belongs to.
"""

import collections
import threading
import time

import pytest

import processes
from programs import BIN
from processes import wait_for
from services import GitRemote

DEATHS = 200
HOSTS = 4
TREES = 2
POINTS = ("before_accepted", "after_accepted", "before_started", "after_started", "after_go", "before_finished",
          "after_finished", "before_acknowledged", "after_acknowledged")

COUNTING_SSH = """#!/bin/sh
# Called by git instead of ssh: HOST COMMAND. Writes down for which attempt, then runs the command right here.
[ "$1" = -G ] && exit 1
echo "$COCKPIT_ATTEMPT" >> {file}
for last; do :; done
eval "exec $last"
"""


class Host:
    """One agent that dies again and again while commands come."""

    def __init__(self, fleet, new_directory, name):
        self.fleet = fleet
        self.name = name
        remote = GitRemote(new_directory("g"))
        self.lines_file = remote.directory / "lines"
        self.lines_file.touch()
        script = remote.directory / "ssh"
        script.write_text(COUNTING_SSH.format(file=self.lines_file))
        script.chmod(0o755)
        self.trees = [remote.clone(f"work{n}") for n in range(TREES)]
        for tree in self.trees:
            remote.git("-C", tree, "remote", "set-url", "origin", f"ssh://counting{remote.bare}")
        remote.push("counted")
        self.agent = fleet.add_agent(name, GIT_REPO_PATH=",".join(map(str, self.trees)),
                                     GIT_SSH_COMMAND=str(script))
        self.agent.kill()
        self.sent = []
        self.deaths = collections.Counter()

    def send(self):
        tree = self.trees[len(self.sent) % TREES]
        answer = self.fleet.server.admin.command(self.name, "git_pull", {"repository_path": str(tree)},
                                                 queue_if_offline=True, expires_in=600)
        assert answer.status == 200, answer
        self.sent.append(answer.json["command_id"])

    def die(self, number):
        """Starts the agent, which dies at one place; commands are sent until it gets there."""
        point = POINTS[number % len(POINTS)]
        self.agent.env["COCKPIT_FAULT_POINT"] = point
        self.send()
        self.agent.start()
        deadline = time.monotonic() + 30
        sent_at = time.monotonic()
        while self.agent.program.running():
            assert time.monotonic() < deadline, f"the agent did not come to {point}:\n{self.agent.program.tail()}"
            if time.monotonic() > sent_at + 2:
                self.send()
                sent_at = time.monotonic()
            time.sleep(0.01)
        assert self.agent.program.process.returncode == -9, self.agent.program.tail()
        self.agent.program.assert_sane()
        self.deaths[point] += 1

    def live(self):
        del self.agent.env["COCKPIT_FAULT_POINT"]
        self.agent.start()

    def lines(self):
        return self.lines_file.read_text().split()


def test_200_deaths(new_fleet, new_directory):
    if b"COCKPIT_FAULT_POINT" not in (BIN / "cockpit-agent").read_bytes():
        pytest.skip("this cockpit-agent was built without COCKPIT_FAULT_POINTS")
    fleet = new_fleet()
    hosts = [Host(fleet, new_directory, f"host-{number}") for number in range(HOSTS)]
    failures = []

    def work(host, first):
        try:
            for number in range(first, DEATHS, HOSTS):
                host.die(number)
        except BaseException as failure:  # told by the thread that waits
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(host, first)) for first, host in enumerate(hosts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    deaths = sum((host.deaths for host in hosts), collections.Counter())
    assert sum(deaths.values()) == DEATHS
    assert set(deaths) == set(POINTS), deaths

    for host in hosts:
        host.live()
    counted = collections.Counter()
    for host in hosts:
        for command in host.sent:
            ended = fleet.server.wait_final(command, 120)
            counted[ended["status"]] += 1
            lines = host.lines()
            assert ended["status"] in ("success", "interrupted", "expired", "refused"), ended
            if ended["status"] == "success":
                assert lines.count(f"{command}.{ended['attempt']}") == 1, ended
            if ended["status"] in ("expired", "refused") and ended["attempt"] == 1:
                assert not [line for line in lines if line.startswith(command)], ended
        twice = [line for line, times in collections.Counter(host.lines()).items() if times > 1]
        assert not twice, twice
        assert {line.split(".")[0] for line in host.lines()} <= set(host.sent)
    print(f"{DEATHS} deaths; commands: {dict(counted)}")
    assert counted["success"] > sum(counted.values()) / 2, counted
    for host in hosts:
        host.agent.stop()
    wait_for("no keeper and no command is left", lambda: not [
        line for line in processes.marked_processes().values() if "--keep-command" in line or "git" in line])
