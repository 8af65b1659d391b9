"""The hand does each fault of the schedule, mends it, and says what it could not do."""

import contextlib
import types

import schedule
from hand import Hand
from pace import Pace
from schedule import Fault


class Recorder:
    """Stands for a program, a service or the gate: remembers what was asked of it."""

    def __init__(self, name, calls, **more):
        self.name = name
        self.calls = calls
        self.__dict__.update(more)

    def __getattr__(self, what):
        def call(*arguments):
            self.calls.append((self.name, what, *arguments))
            return contextlib.nullcontext(self)
        return call


def run(tmp_path, *faults, state_file_system=True, **replaced):
    """(what was asked of the fleet, the hand), after all faults."""
    calls = []
    for agent in schedule.AGENTS:
        (tmp_path / agent / "state").mkdir(parents=True)
    members = {name: Recorder(name, calls, state_file_system=state_file_system)
               for name in schedule.AGENTS + schedule.SERVERS}
    parts = {"members": members, "gate": Recorder("gate", calls), "redis": Recorder("redis", calls),
             "postgres": Recorder("postgres", calls), "directory": tmp_path}
    pace = Pace([fault.after for fault in faults])
    for _ in range(10):
        pace.add_accepted()
    hand = Hand(types.SimpleNamespace(**{**parts, **replaced}), faults, pace, lambda *_, **__: None)
    hand.start()
    hand.join()
    return calls, hand


def fault(kind, target, number=0, **more):
    return Fault(number, 1, kind, target, lasts_s=0.01, **more)


def test_every_kind_of_the_schedule_can_be_done():
    assert [kind for kind in schedule.FAULTS if not hasattr(Hand, f"_{kind}")] == []


def test_what_is_killed_is_started_again(tmp_path):
    calls, hand = run(tmp_path, fault("kill_agent", "agent-2"))
    assert calls == [("agent-2", "kill"), ("agent-2", "start")]
    assert hand.done == {"kill_agent": 1}


def test_redis_is_flushed(tmp_path):
    calls, _ = run(tmp_path, fault("flush_redis", "redis"))
    assert calls == [("redis", "connect"), ("redis", "command", "FLUSHALL")]


def test_a_link_is_cut_and_mended(tmp_path):
    calls, _ = run(tmp_path, fault("cut", "agent-1>redis"))
    assert calls == [("gate", "cut", "agent-1>redis"), ("gate", "mend", "agent-1>redis")]


def test_a_dead_direction_ends_with_the_connection(tmp_path):
    calls, _ = run(tmp_path, fault("halve", "server-1>postgres", how="down"))
    assert [call[1] for call in calls] == ["deaden", "cut", "mend"]


def test_a_clock_is_moved_and_put_right(tmp_path):
    calls, _ = run(tmp_path, fault("move_clock", "server-2", amount=-7.5))
    assert calls == [("server-2", "move_clock", -7.5), ("server-2", "move_clock", 0)]


def test_without_a_file_system_of_its_own_no_disk_is_filled_and_that_is_said(tmp_path):
    _, hand = run(tmp_path, fault("fill_disk", "agent-1"), state_file_system=False)
    assert hand.done == {}
    [((kind, reason), count)] = hand.skipped.items()
    assert (kind, count) == ("fill_disk", 1)
    assert "mount was refused" in reason


def test_a_fault_that_cannot_be_done_is_told_and_the_next_one_is_done(tmp_path):
    broken = types.SimpleNamespace(kill=None)
    _, hand = run(tmp_path, fault("kill_redis", "redis"), fault("cut", "agent-1>redis", number=1), redis=broken)
    assert hand.done == {"cut": 1}
    [sentence] = hand.failures
    assert sentence.startswith("fault 0 (kill_redis redis): TypeError")
