"""Waits until a run has come to rest, and collects what it left."""

import contextlib
import hashlib
import http.client
import time

import processes
from http_api import BASE
from schedule import AGENTS, SERVERS
from verdict import Evidence, Told

OPEN = "COALESCE(status, 'pending') IN ('pending', 'delivered', 'running')"
PAGE = 1000
OUTPUTS_S = 60


def until(look, limit_s, stopped=lambda: False):
    """The last answer of look(): a true one, or what it was when the limit or the stop came."""
    deadline = time.monotonic() + limit_s
    while not (answer := look()) and time.monotonic() < deadline and not stopped():
        time.sleep(0.25)
    return answer


def open_rows(fleet):
    return fleet.store.rows("SELECT command_id, agent_id, status, attempt FROM cockpit_agent_commands WHERE " + OPEN)


def history(fleet, server):
    """{command id: status} as this server tells it."""
    seen, cursor = {}, None
    while True:
        page = fleet.api(server).history(query=f"limit={PAGE}" + (f"&cursor={cursor}" if cursor else ""))
        seen.update((command["command_id"], command["status"]) for command in page["commands"])
        cursor = page["next_cursor"]
        if cursor is None:
            return seen


def rows(fleet):
    return fleet.store.rows("SELECT * FROM cockpit_agent_commands ORDER BY id")


def attempts(fleet):
    return fleet.store.rows("SELECT command_id, attempt, status, exit_code FROM cockpit_command_attempts")


def command_processes(fleet):
    """Processes of this run beside the programs that the suite itself started: commands, and who looks after them."""
    own = {program.pid for program in processes.STARTED if program.running()}
    own |= set(processes.children_of(fleet.postgres.program.pid))
    return {pid: line for pid, line in processes.marked_processes().items() if pid not in own}


def served_output(fleet, server, command_id):
    """All bytes of a command's output, or None when they are not served."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        answer = fleet.api(server).get(f"{BASE}/commands/{command_id}/output", headers={"Accept": "text/plain"})
        if answer.status == 200:
            return answer.body
    return None


def outputs(fleet, commands):
    """{command id: bytes or None}, asked of both servers in turn; empty for a server that knows no digests yet."""
    if not all("output_sha256" in row for row in commands):
        return {}
    found = {}
    wanted = [row for row in commands if row["command"] != "echo"]
    deadline = time.monotonic() + OUTPUTS_S
    while True:
        for n, row in enumerate(wanted):
            found[row["command_id"]] = served_output(fleet, SERVERS[n % len(SERVERS)], row["command_id"])
        # The last bytes may come after the end was told; they are asked for again at the other server.
        wanted = [row for row in reversed(wanted) if not is_whole(row, found[row["command_id"]])]
        if not wanted or time.monotonic() > deadline:
            return found
        time.sleep(1)


def is_whole(row, served):
    """Whether the bytes are those that the result was signed for; where none was, nothing more is waited for."""
    digest = row["output_sha256"]
    return digest is None or (served is not None and hashlib.sha256(served).hexdigest() == digest)


def collect(fleet, clients, hand, faults):
    """Everything that can be seen while the programs run."""
    commands = rows(fleet)
    return Evidence(
        told=[Told(asked.spec, asked.command_id, asked.finals) for asked in clients.asked],
        rows=commands, attempts=attempts(fleet), lines={agent: fleet.ran(agent) for agent in AGENTS},
        api={server: history(fleet, server) for server in SERVERS}, outputs=outputs(fleet, commands),
        wanted_faults=len(faults), done_faults=sum(hand.done.values()) + sum(hand.skipped.values()),
        hand_failures=hand.failures, surprises=clients.surprises,
        alive_while_up={}, alive_at_end={}, exits=list(fleet.exits), exit_codes={}, sanitizers=[],
        full_disks=list(hand.full_disks))
