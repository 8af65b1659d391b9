"""The checks over what a run left: pure functions of the collected evidence, each a list of sentences about what
is wrong. A sentence begins with what it is about, so that the run can show the logs that name it."""

import collections
import dataclasses
import datetime
import hashlib
import re

from printed import expected_output

OPEN = {"pending", "delivered", "running"}
FINAL = {"success", "error", "timeout", "cancelled", "cancel_failed", "interrupted", "expired", "refused"}
NEVER_RAN = {"expired", "refused"}
HOLE = "bytes are missing here"  # the mark that a record's text has where its limit left something out


@dataclasses.dataclass
class Told:
    """A command as its client knows it: the seeded specification, the id it was given, final states it heard."""

    spec: object
    command_id: str | None
    finals: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Evidence:
    told: list                  # of Told, all commands of the schedule
    rows: list                  # of the command table, as dicts
    attempts: list              # of the table of earlier attempts, as dicts
    lines: dict                 # agent: lines that its commands appended
    api: dict                   # server: {command id: status} as its history tells
    outputs: dict               # command id: all bytes as the API serves them, or None; empty when there is no way
    wanted_faults: int
    done_faults: int            # skipped ones included, with their reason printed
    hand_failures: list         # sentences: faults that could not be done
    surprises: list             # sentences: answers that nothing allows
    alive_while_up: dict        # pid: command line of commands' processes when no row was open
    alive_at_end: dict          # pid: command line of all processes of the run after all was stopped
    exits: list                 # (program, code, whether it was ready, last lines) of those that ended by themselves
    exit_codes: dict            # program: code after SIGTERM
    sanitizers: list            # lines of sanitizers' reports
    full_disks: list = dataclasses.field(default_factory=list)  # (agent, since, until), seconds since the epoch

    def __post_init__(self):
        self.row_of = {}
        for row in self.rows:
            self.row_of.setdefault(row["command_id"], row)
        self.attempts_of = collections.defaultdict(list)
        for attempt in self.attempts:
            self.attempts_of[attempt["command_id"]].append(attempt)
        self.starts = collections.defaultdict(list)   # key: agents on which it started, one for each line
        self.overlaps = []
        self.torn = []
        for agent, lines in self.lines.items():
            for line in lines:
                words = line.split()
                if len(words) == 2 and words[1].isdigit():
                    self.starts[words[0]].append(agent)
                elif len(words) == 3 and words[2] == "overlap":
                    self.overlaps.append((words[0], agent))
                else:
                    self.torn.append((agent, line))

    def accepted(self):
        """(told, row) of the commands that have both."""
        return [(told, self.row_of[told.command_id]) for told in self.told if told.command_id in self.row_of]


def statuses(row, attempts):
    """The ends of all attempts of a command, the current one last."""
    return [a["status"] for a in sorted(attempts, key=lambda a: a["attempt"])] + [row["status"]]


def every_command_was_accepted(e):
    """Each client came to an answer, and the counts are those asked for."""
    wrong = [f"{told.spec.key}: was never accepted" for told in e.told if told.command_id is None]
    return wrong + list(e.surprises)


def every_fault_was_done(e):
    wrong = list(e.hand_failures)
    if e.done_faults != e.wanted_faults:
        wrong.append(f"{e.done_faults} of {e.wanted_faults} faults were done")
    return wrong


def accepted_means_one_row(e):
    """The rows are the accepted commands: none lost, none doubled, none made up."""
    wrong = []
    count = collections.Counter(row["command_id"] for row in e.rows)
    wrong += [f"{command_id}: has {number} rows" for command_id, number in count.items() if number > 1]
    keys = collections.Counter(row["idempotency_key"] for row in e.rows)
    wrong += [f"{key}: {number} commands were made of one Idempotency-Key" for key, number in keys.items() if number > 1]
    known = {told.command_id: told for told in e.told if told.command_id}
    for told in known.values():
        row = e.row_of.get(told.command_id)
        if row is None:
            wrong.append(f"{told.command_id}: was accepted ({told.spec.key}) and has no row")
        elif row["idempotency_key"] != told.spec.key or row["agent_id"] != told.spec.agent:
            wrong.append(f"{told.command_id}: the row is for {row['idempotency_key']} on {row['agent_id']}, "
                         f"asked was {told.spec.key} on {told.spec.agent}")
    wrong += [f"{row['command_id']}: nobody was told of it, key {row['idempotency_key']}"
              for row in e.rows if row["command_id"] not in known]
    return wrong


def no_row_is_open(e):
    return [f"{row['command_id']}: is {row['status']} ({row['agent_id']}, attempt {row['attempt']})"
            for row in e.rows if row["status"] not in FINAL]


def servers_and_database_agree(e):
    wrong = []
    for server, seen in e.api.items():
        for row in e.rows:
            status = seen.get(row["command_id"])
            if status != row["status"]:
                wrong.append(f"{row['command_id']}: {server} says {status}, the database {row['status']}")
        wrong += [f"{command_id}: {server} lists it, the database does not have it"
                  for command_id in seen if command_id not in e.row_of]
    return wrong


def final_states_never_change(e):
    """What any answer once called a final state is the state at the end."""
    return [f"{told.command_id}: was told to be {heard}, and is {row['status']} in the end"
            for told, row in e.accepted() for heard in sorted(set(told.finals)) if heard != row["status"]]


def never_twice(e):
    """Not more lines than attempts that may have started; for commands without retries that is one."""
    wrong = []
    for told, row in e.accepted():
        if told.spec.kind == "echo":
            continue
        ends = statuses(row, e.attempts_of[told.command_id])
        most = sum(status not in NEVER_RAN for status in ends)
        lines = len(e.starts[told.spec.key])
        if lines > most:
            wrong.append(f"{told.command_id}: started {lines} times in {ends} ({told.spec.key})")
        may_repeat = told.spec.max_attempts if told.spec.kind != "idempotent" else 3
        if len(ends) > may_repeat:
            wrong.append(f"{told.command_id}: {len(ends)} attempts {ends}, {may_repeat} were allowed")
    return wrong


def success_means_it_ran(e):
    """A line for each end that says that the command ran to its end."""
    wrong = []
    for told, row in e.accepted():
        if told.spec.kind == "echo":
            continue
        ends = statuses(row, e.attempts_of[told.command_id])
        least = ends.count("success")
        least += sum(a["status"] == "error" and a.get("exit_code") is not None
                     for a in [*e.attempts_of[told.command_id], row])
        lines = len(e.starts[told.spec.key])
        if lines < least:
            wrong.append(f"{told.command_id}: started {lines} times in {ends} ({told.spec.key})")
        elif row["status"] == "success" and told.spec.failures and lines <= told.spec.failures:
            wrong.append(f"{told.command_id}: success after {lines} starts, of which "
                         f"{told.spec.failures} had to fail ({told.spec.key})")
    return wrong


def expired_and_refused_never_ran(e):
    wrong = []
    for told, row in e.accepted():
        ends = statuses(row, e.attempts_of[told.command_id])
        if all(status in NEVER_RAN for status in ends) and e.starts[told.spec.key]:
            wrong.append(f"{told.command_id}: is {row['status']} and started on {e.starts[told.spec.key]} "
                         f"({told.spec.key})")
    return wrong


def ran_where_asked(e):
    """On the host that was asked, whole lines, and nothing that nobody asked for."""
    wrong = [f"{agent}: a line that no command writes: {line!r}" for agent, line in e.torn]
    agent_of = {told.spec.key: told.spec.agent for told in e.told}
    for key, agents in e.starts.items():
        for agent in agents:
            if agent_of.get(key) != agent:
                wrong.append(f"{key}: started on {agent}, asked was {agent_of.get(key)}")
    return wrong


def one_at_a_time_per_resource(e):
    return [f"{key}: started on {agent} while another command held the same resource" for key, agent in e.overlaps]


def ends_are_those_of_their_kind(e):
    """What cannot come of a command: an end that its program does not have, or a cancel that nobody asked for."""
    wrong = []
    for told, row in e.accepted():
        status, kind = row["status"], told.spec.kind
        if status == "success" and kind in ("failing", "overlong"):
            wrong.append(f"{told.command_id}: {kind} and success ({told.spec.key})")
        if status == "timeout" and kind != "overlong":
            wrong.append(f"{told.command_id}: {kind} and timeout ({told.spec.key})")
        if status == "cancelled" and told.spec.cancel_after_s is None:
            wrong.append(f"{told.command_id}: cancelled, which nobody asked for ({told.spec.key})")
        if status == "error" and kind not in ("failing", "retried") and not had_no_room_to_start(e, told, row):
            wrong.append(f"{told.command_id}: {kind} and error: {row.get('error')!r} ({told.spec.key})")
    return wrong


def had_no_room_to_start(e, told, row):
    """An agent on a full disk may refuse to start what it could not keep the output of, when it says so and starts
    nothing (docs/spool.md)."""
    error = row.get("error") or ""
    return ("could not be started" in error and "No space left on device" in error and row.get("exit_code") is None
            and not e.starts[told.spec.key] and disk_was_full(e, row))


def outputs_are_whole(e):
    """All bytes of a success, and never other bytes than the program's. SHA-256 is compared on all three sides."""
    wrong = []
    for told, row in e.accepted():
        if told.spec.kind == "echo":
            if row["status"] == "success" and row["output"] != told.spec.key:
                wrong.append(f"{told.command_id}: echoed {row['output']!r}, asked was {told.spec.key!r}")
            continue
        expected = expected_output(told.spec.key, told.spec.bytes, told.spec.text)
        if told.spec.text and row["status"] == "success" and HOLE not in (row["output"] or ""):
            kept = (row["output"] or "").encode()
            if kept != expected:
                wrong.append(f"{told.command_id}: success, and in its record {difference(kept, expected)} "
                             f"({told.spec.key})")
        if not e.outputs:
            continue
        served = e.outputs.get(told.command_id)
        if served is None:
            if row["status"] == "success":
                wrong.append(f"{told.command_id}: success, and its output is not served ({told.spec.key})")
            continue
        if declares_lost_bytes(e, row, served, expected):
            continue
        if row["status"] == "success" and served != expected:
            wrong.append(f"{told.command_id}: success, and {difference(served, expected)} ({told.spec.key})")
        elif not expected.startswith(served) and not (row.get("output_sha256") is None and HOLE.encode() in served):
            wrong.append(f"{told.command_id}: {row['status']}, and {difference(served, expected)} ({told.spec.key})")
        digest = row.get("output_sha256")
        if digest is not None and digest != hashlib.sha256(served).hexdigest():
            wrong.append(f"{told.command_id}: {row['status']}, {len(served)} bytes are served, and they do not have "
                         f"the SHA-256 of the result ({told.spec.key})")
        if row["status"] == "success" and digest is None:
            wrong.append(f"{told.command_id}: success without the SHA-256 of its output ({told.spec.key})")
    return wrong


def declares_lost_bytes(e, row, served, expected):
    """Bytes that came while the host's disk was full are lost (docs/spool.md). That is no mistake when the output says
    so, has the right bytes around the one hole, and the result is signed for all that the program printed."""
    hole = re.search(rb"\n\[\.\.\. (\d+) " + HOLE.encode() + rb" \.\.\.\]\n", served)
    if hole is None or row.get("output_sha256") != hashlib.sha256(expected).hexdigest():
        return False
    before, lost, after = served[:hole.start()], int(hole[1]), served[hole.end():]
    return (expected.startswith(before) and expected.endswith(after)
            and len(before) + lost + len(after) == len(expected) and disk_was_full(e, row))


def disk_was_full(e, row):
    """Of the command's host, at some time between its being sent and its end."""
    began, ended = seconds(row["sent_at"]), seconds(row["completed_at"])
    return any(agent == row["agent_id"] and since <= ended and until >= began
               for agent, since, until in e.full_disks)


def seconds(timestamp):
    """Of a time as the databases have it, in UTC, since the epoch."""
    return datetime.datetime.fromisoformat(str(timestamp)).replace(tzinfo=datetime.UTC).timestamp()


def difference(got, wanted):
    """Where two byte strings part."""
    same = next((n for n, (a, b) in enumerate(zip(got, wanted)) if a != b), min(len(got), len(wanted)))
    return f"the output has {len(got)} bytes of {len(wanted)}, the first wrong or missing one is at {same}"


def no_process_is_left(e):
    return ([f"pid {pid}: still ran when no command was open: {line}" for pid, line in e.alive_while_up.items()] +
            [f"pid {pid}: still ran when all was stopped: {line}" for pid, line in e.alive_at_end.items()])


def programs_end_only_when_told(e):
    """Servers and agents do not crash; what could not start says so with exit code 1 and is started again."""
    wrong = [f"{name}: ended by itself with {code}{' after it was ready' if ready else ''}: {tail}"
             for name, code, ready, tail in e.exits if ready or code != 1]
    wrong += [f"{name}: ended with {code} after SIGTERM" for name, code in e.exit_codes.items() if code != 0]
    return wrong + [f"sanitizer: {line}" for line in e.sanitizers]


CHECKS = (every_command_was_accepted, every_fault_was_done, accepted_means_one_row, no_row_is_open,
          servers_and_database_agree, final_states_never_change, never_twice, success_means_it_ran,
          expired_and_refused_never_ran, ran_where_asked, one_at_a_time_per_resource, ends_are_those_of_their_kind,
          outputs_are_whole, no_process_is_left, programs_end_only_when_told)


def judge(evidence):
    """{name of the check: sentences}."""
    return {check.__name__: check(evidence) for check in CHECKS}
