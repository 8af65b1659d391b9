"""Each check is seen to fail on bad evidence, and only that check: good evidence passes all of them."""

import dataclasses
import hashlib

import pytest

import verdict
from printed import expected_output
from schedule import Command
from verdict import Evidence, Told


def command(number, kind="quick", agent="agent-1", **more):
    return Command(number, f"k-{number}", kind, agent, "server-1", **more)


def row(spec, status, attempt=1, **more):
    fields = {"command_id": f"id-{spec.number}", "idempotency_key": spec.key, "agent_id": spec.agent,
              "status": status, "attempt": attempt, "output": None, "error": None, "exit_code": None,
              "output_sha256": None}
    return {**fields, **more}


def sha(data):
    return hashlib.sha256(data).hexdigest()


class Good:
    """Evidence of a run in which all went well; a test changes a part of it."""

    def __init__(self):
        self.plain = command(0, bytes=20)
        self.expired = command(1, "queued_shortly", expires_in=1)
        self.retried = command(2, "retried", failures=1, max_attempts=3, agent="agent-2")
        self.cancelled = command(3, "slow", bytes=50, cancel_after_s=0.1)
        self.echo = command(4, "echo")
        self.overlong = command(5, "overlong", execution_timeout=1)
        self.idempotent = command(6, "idempotent")
        specs = [self.plain, self.expired, self.retried, self.cancelled, self.echo, self.overlong, self.idempotent]
        out = {spec.number: expected_output(spec.key, spec.bytes) for spec in specs}
        self.rows = [
            row(self.plain, "success", exit_code=0, output_sha256=sha(out[0])),
            row(self.expired, "expired"),
            row(self.retried, "success", attempt=2, exit_code=0, output_sha256=sha(b"")),
            row(self.cancelled, "cancelled", output_sha256=sha(out[3][:10])),
            row(self.echo, "success", output="k-4"),
            row(self.overlong, "timeout"),
            row(self.idempotent, "success", attempt=2, exit_code=0, output_sha256=sha(b""))]
        self.attempts = [{"command_id": "id-2", "attempt": 1, "status": "error", "exit_code": 3},
                         {"command_id": "id-6", "attempt": 1, "status": "interrupted", "exit_code": None}]
        self.told = [Told(spec, f"id-{spec.number}") for spec in specs]
        self.told[0].finals.append("success")
        self.lines = {"agent-1": ["k-0 11", "k-3 12", "k-5 13", "k-6 14", "k-6 15"], "agent-2": ["k-2 7", "k-2 8"]}
        self.outputs = {"id-0": out[0], "id-1": None, "id-2": b"", "id-3": out[3][:10], "id-5": b"", "id-6": b""}
        self.more = {"wanted_faults": 3, "done_faults": 3, "hand_failures": [], "surprises": [], "alive_while_up": {},
                     "alive_at_end": {}, "exits": [("server-1", 1, False, "the database is away")],
                     "exit_codes": {"agent-1": 0}, "sanitizers": []}
        self.api = None

    def set(self, command_id, **fields):
        next(r for r in self.rows if r["command_id"] == command_id).update(fields)

    def judge(self):
        api = self.api or {"server-1": {r["command_id"]: r["status"] for r in self.rows}}
        found = verdict.judge(Evidence(told=self.told, rows=self.rows, attempts=self.attempts, lines=self.lines,
                                       api=api, outputs=self.outputs, **self.more))
        return {name: sentences for name, sentences in found.items() if sentences}


@pytest.fixture
def good():
    return Good()


def only(found, check):
    """The one sentence of the one check that found something."""
    assert list(found) == [check], found
    [sentence] = found[check]
    return sentence


def test_good_evidence_passes(good):
    assert good.judge() == {}


def test_command_that_was_never_accepted(good):
    good.told.append(Told(command(9), None))
    assert only(good.judge(), "every_command_was_accepted") == "k-9: was never accepted"


def test_answer_that_nothing_allows(good):
    good.more["surprises"] = ["k-9 at server-1: <500>"]
    assert "500" in only(good.judge(), "every_command_was_accepted")


def test_fault_that_was_not_done(good):
    good.more["done_faults"] = 2
    assert only(good.judge(), "every_fault_was_done") == "2 of 3 faults were done"


def test_fault_that_failed(good):
    good.more["hand_failures"] = ["fault 3: OSError"]
    assert only(good.judge(), "every_fault_was_done") == "fault 3: OSError"


def test_accepted_command_without_a_row(good):
    del good.rows[4]
    assert only(good.judge(), "accepted_means_one_row") == "id-4: was accepted (k-4) and has no row"


def test_two_rows_of_one_command(good):
    good.rows.append(dict(good.rows[4]))
    assert "id-4: has 2 rows" in good.judge()["accepted_means_one_row"]


def test_one_key_made_two_commands(good):
    good.rows.append({**good.rows[4], "command_id": "id-44"})
    assert "k-4: 2 commands were made of one Idempotency-Key" in good.judge()["accepted_means_one_row"]


def test_row_that_nobody_was_told_of(good):
    good.rows.append({**good.rows[4], "command_id": "id-44", "idempotency_key": "strange"})
    assert only(good.judge(), "accepted_means_one_row") == "id-44: nobody was told of it, key strange"


def test_row_for_another_host(good):
    good.set("id-4", agent_id="agent-3")
    assert "asked was k-4 on agent-1" in only(good.judge(), "accepted_means_one_row")


@pytest.mark.parametrize("status", ["pending", "delivered", "running", None])
def test_open_row(good, status):
    good.set("id-1", status=status)
    assert only(good.judge(), "no_row_is_open") == f"id-1: is {status} (agent-1, attempt 1)"


def test_server_that_says_something_else(good):
    good.api = {"server-2": {r["command_id"]: r["status"] for r in good.rows}}
    good.api["server-2"]["id-1"] = "pending"
    assert only(good.judge(), "servers_and_database_agree") == "id-1: server-2 says pending, the database expired"


def test_server_that_does_not_know_a_command(good):
    good.api = {"server-2": {r["command_id"]: r["status"] for r in good.rows[1:]}}
    assert only(good.judge(), "servers_and_database_agree") == "id-0: server-2 says None, the database success"


def test_server_that_makes_a_command_up(good):
    good.api = {"server-2": {"id-x": "success", **{r["command_id"]: r["status"] for r in good.rows}}}
    assert "id-x: server-2 lists it" in only(good.judge(), "servers_and_database_agree")


def test_final_state_that_changed(good):
    good.told[0].finals.append("interrupted")
    assert only(good.judge(), "final_states_never_change") == (
        "id-0: was told to be interrupted, and is success in the end")


def test_second_start(good):
    good.lines["agent-1"].append("k-0 99")
    assert only(good.judge(), "never_twice") == "id-0: started 2 times in ['success'] (k-0)"


def test_more_starts_than_attempts(good):
    good.lines["agent-2"].append("k-2 99")
    assert only(good.judge(), "never_twice") == "id-2: started 3 times in ['error', 'success'] (k-2)"


def test_start_after_cancel_that_said_it_was_stopped(good):
    good.lines["agent-1"].append("k-3 99")
    assert "id-3: started 2 times" in only(good.judge(), "never_twice")


def test_attempt_of_a_command_that_must_not_be_tried_again(good):
    good.attempts.append({"command_id": "id-0", "attempt": 1, "status": "interrupted", "exit_code": None})
    assert "id-0: 2 attempts ['interrupted', 'success'], 1 were allowed" in only(good.judge(), "never_twice")


def test_success_without_a_line(good):
    good.lines["agent-1"].remove("k-0 11")
    assert only(good.judge(), "success_means_it_ran") == "id-0: started 0 times in ['success'] (k-0)"


def test_success_too_early(good):
    good.attempts = good.attempts[1:]
    good.lines["agent-2"].pop()
    good.set("id-2", attempt=1)
    assert only(good.judge(), "success_means_it_ran") == (
        "id-2: success after 1 starts, of which 1 had to fail (k-2)")


def test_exit_code_without_a_start(good):
    good.lines["agent-2"].pop()
    assert "id-2: started 1 times in ['error', 'success'] (k-2)" in good.judge()["success_means_it_ran"]


@pytest.mark.parametrize("status", ["expired", "refused"])
def test_expired_or_refused_that_ran(good, status):
    good.set("id-1", status=status)
    good.lines["agent-1"].append("k-1 99")
    found = good.judge()
    assert set(found) == {"expired_and_refused_never_ran", "never_twice"}
    assert found["expired_and_refused_never_ran"] == [f"id-1: is {status} and started on ['agent-1'] (k-1)"]


def test_retried_command_may_expire_after_it_ran(good):
    good.set("id-2", status="expired", exit_code=None)
    good.lines["agent-2"].pop()
    assert good.judge() == {}


def test_start_on_another_host(good):
    good.lines["agent-2"].append(good.lines["agent-1"].pop(0))
    assert only(good.judge(), "ran_where_asked") == "k-0: started on agent-2, asked was agent-1"


def test_start_that_nobody_asked_for(good):
    good.lines["agent-2"].append("other 5")
    assert only(good.judge(), "ran_where_asked") == "other: started on agent-2, asked was None"


def test_torn_line(good):
    good.lines["agent-2"].append("k-")
    assert "'k-'" in only(good.judge(), "ran_where_asked")


def test_two_at_once_of_a_resource(good):
    good.lines["agent-1"].append("k-0 11 overlap")
    assert "k-0: started on agent-1 while another" in only(good.judge(), "one_at_a_time_per_resource")


@pytest.mark.parametrize("command_id, status, sentence", [
    ("id-5", "success", "overlong and success"), ("id-0", "timeout", "quick and timeout"),
    ("id-0", "cancelled", "cancelled, which nobody asked for"), ("id-0", "error", "quick and error")])
def test_end_that_its_kind_does_not_have(good, command_id, status, sentence):
    good.told[0].finals.clear()
    good.set(command_id, status=status, output_sha256=sha(good.outputs[command_id]))
    assert sentence in only(good.judge(), "ends_are_those_of_their_kind")


NO_ROOM = "append could not be started: its output cannot be kept: cannot write to 'length': No space left on device"


def refused_for_its_disk(good, error=NO_ROOM, full=(("agent-1", 0.0, 4e9),), exit_code=None, started=False):
    good.told[0].finals.clear()
    good.set("id-0", status="error", error=error, exit_code=exit_code, output_sha256=sha(good.outputs["id-0"]),
             sent_at="1970-01-01T00:01:40", completed_at="1970-01-01T00:01:50")
    if not started:
        good.lines["agent-1"].remove(next(line for line in good.lines["agent-1"] if line.startswith("k-0 ")))
    good.more["full_disks"] = list(full)
    return good.judge().get("ends_are_those_of_their_kind")


def test_full_disk_may_keep_a_command_from_starting(good):
    assert refused_for_its_disk(good) is None


@pytest.mark.parametrize("how", [
    {"full": ()}, {"full": [("agent-2", 0.0, 4e9)]}, {"full": [("agent-1", 0.0, 1.0)]},
    {"error": "append failed"}, {"exit_code": 1}, {"started": True}])
def test_error_without_that_reason(good, how):
    assert "quick and error" in refused_for_its_disk(good, **how)[0]


def test_echo_of_something_else(good):
    good.set("id-4", output="k-5")
    assert only(good.judge(), "outputs_are_whole") == "id-4: echoed 'k-5', asked was 'k-4'"


@pytest.mark.parametrize("kept", [None, "", "abc"])
def test_text_of_the_record_that_is_not_the_programs(good, kept):
    good.told[0].spec = dataclasses.replace(good.plain, text=True)
    letters = expected_output("k-0", 20, text=True)
    good.outputs["id-0"] = letters
    good.set("id-0", output=letters.decode(), output_sha256=sha(letters))
    assert good.judge() == {}
    good.set("id-0", output=kept)
    assert "id-0: success, and in its record the output has" in only(good.judge(), "outputs_are_whole")
    good.set("id-0", output="ab\n[... 18 bytes are missing here ...]\n")
    assert good.judge() == {}


def test_output_with_a_wrong_byte(good):
    wrong = bytearray(good.outputs["id-0"])
    wrong[7] ^= 1
    good.outputs["id-0"] = bytes(wrong)
    found = good.judge()["outputs_are_whole"]
    assert "the output has 20 bytes of 20, the first wrong or missing one is at 7" in found[0]
    assert "do not have the SHA-256" in found[1]


def test_output_cut_short(good):
    good.outputs["id-0"] = good.outputs["id-0"][:-1]
    good.set("id-0", output_sha256=sha(good.outputs["id-0"]))
    assert "19 bytes of 20, the first wrong or missing one is at 19" in only(good.judge(), "outputs_are_whole")


def test_output_of_a_cancelled_command_is_a_beginning(good):
    good.outputs["id-3"] = b"else"
    good.set("id-3", output_sha256=sha(b"else"))
    assert "id-3: cancelled, and the output has 4 bytes" in only(good.judge(), "outputs_are_whole")


def test_hole_is_allowed_only_where_no_end_was_told(good):
    good.outputs["id-3"] = b"\n[... 5 bytes are missing here ...]\n"
    good.set("id-3", status="interrupted", output_sha256=None)
    assert good.judge() == {}
    good.set("id-3", status="cancelled", output_sha256=sha(good.outputs["id-3"]))
    assert "id-3: cancelled, and the output has" in only(good.judge(), "outputs_are_whole")


def with_lost_bytes(good, text, full=(("agent-1", 100.0, 101.0),)):
    """A success whose output has this in place of its 20 bytes, on a host whose disk was full then."""
    whole = good.outputs["id-0"]
    good.outputs["id-0"] = text(whole)
    good.set("id-0", output_sha256=sha(whole), sent_at="1970-01-01 00:01:39.5", completed_at="1970-01-01 00:01:40.25")
    good.more["full_disks"] = list(full)
    return good.judge()


HOLE_OF_6 = b"\n[... 6 bytes are missing here ...]\n"


def test_bytes_that_a_full_disk_lost_are_allowed_where_they_are_declared(good):
    assert with_lost_bytes(good, lambda whole: whole[:4] + HOLE_OF_6 + whole[10:]) == {}


@pytest.mark.parametrize("text, full", [
    (lambda whole: whole[:4] + HOLE_OF_6 + whole[11:], [("agent-1", 100.0, 101.0)]),
    (lambda whole: whole[:4] + HOLE_OF_6 + whole[10:-1] + b"x", [("agent-1", 100.0, 101.0)]),
    (lambda whole: whole[:4] + whole[10:], [("agent-1", 100.0, 101.0)]),
    (lambda whole: whole[:4] + HOLE_OF_6 + whole[10:], [("agent-2", 100.0, 101.0)]),
    (lambda whole: whole[:4] + HOLE_OF_6 + whole[10:], [("agent-1", 101.0, 102.0)]),
    (lambda whole: whole[:4] + HOLE_OF_6 + whole[10:], []),
], ids=["too few", "a wrong byte", "not declared", "another host", "another time", "no full disk"])
def test_no_other_bytes_are_allowed_to_be_lost(good, text, full):
    assert list(with_lost_bytes(good, text, full)) == ["outputs_are_whole"]


def test_digest_that_does_not_fit(good):
    good.set("id-3", output_sha256=sha(b"other"))
    assert "id-3: cancelled, 10 bytes are served" in only(good.judge(), "outputs_are_whole")


def test_success_without_a_digest(good):
    good.set("id-0", output_sha256=None)
    assert "success without the SHA-256" in only(good.judge(), "outputs_are_whole")


def test_success_whose_output_is_not_served(good):
    good.outputs["id-0"] = None
    assert "its output is not served" in only(good.judge(), "outputs_are_whole")


def test_process_of_a_command_that_ended(good):
    good.more["alive_while_up"] = {7: "append_line"}
    assert only(good.judge(), "no_process_is_left") == "pid 7: still ran when no command was open: append_line"


def test_process_after_the_end(good):
    good.more["alive_at_end"] = {8: "cockpit-agent"}
    assert only(good.judge(), "no_process_is_left") == "pid 8: still ran when all was stopped: cockpit-agent"


@pytest.mark.parametrize("ended", [("server-1", 1, True, ""), ("agent-1", -6, False, ""), ("agent-1", 0, False, "")])
def test_program_that_ended_by_itself(good, ended):
    good.more["exits"] = [ended]
    assert "ended by itself" in only(good.judge(), "programs_end_only_when_told")


def test_program_that_did_not_end_well(good):
    good.more["exit_codes"] = {"agent-1": 1}
    assert only(good.judge(), "programs_end_only_when_told") == "agent-1: ended with 1 after SIGTERM"


def test_sanitizer_report(good):
    good.more["sanitizers"] = ["agent-1.3.log: ERROR: AddressSanitizer"]
    assert "AddressSanitizer" in only(good.judge(), "programs_end_only_when_told")


def test_every_check_has_failed_in_a_test_above():
    """A check that no test names is a check that nobody has seen to fail."""
    text = open(__file__, encoding="utf-8").read()
    assert [check.__name__ for check in verdict.CHECKS if f'"{check.__name__}"' not in text] == []


def test_evidence_is_complete():
    assert {field.name for field in dataclasses.fields(Evidence)} >= {"told", "rows", "lines", "outputs"}
