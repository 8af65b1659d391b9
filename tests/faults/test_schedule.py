"""The schedule is a pure function of the seed, and has in it what the suite promises."""

import collections
import subprocess
import sys
import pathlib

import schedule
from schedule import make

PRINT = "import schedule, hashlib; print(hashlib.sha256(repr(schedule.make(7, 300, 60)).encode()).hexdigest())"


def test_same_seed_same_schedule():
    assert make(12345, 1000, 60) == make(12345, 1000, 60)


def test_another_seed_another_schedule():
    one, other = make(1, 1000, 60), make(2, 1000, 60)
    assert one.commands != other.commands
    assert one.faults != other.faults


def test_schedule_does_not_depend_on_the_process():
    """Hashes of text differ from process to process; nothing may be ordered by them."""
    def printed(hash_seed):
        return subprocess.run([sys.executable, "-c", PRINT], cwd=pathlib.Path(schedule.__file__).parent, check=True,
                              env={"PYTHONHASHSEED": hash_seed}, capture_output=True, text=True).stdout
    assert printed("1") == printed("2")


def test_counts_are_those_asked_for_and_every_kind_is_there():
    made = make(3, 1000, 60)
    assert [c.number for c in made.commands] == list(range(1000))
    assert [f.number for f in made.faults] == list(range(60))
    assert {c.kind for c in made.commands} == set(schedule.KINDS)
    kinds = collections.Counter(f.kind for f in made.faults)
    assert set(kinds) == set(schedule.FAULTS)
    assert kinds["kill_agent"] in (9, 10)  # 16 in a hundred


def test_fewer_faults_than_kinds():
    assert len(make(3, 50, 4).faults) == 4
    assert make(3, 50, 0).faults == ()


def test_faults_come_in_order_and_before_the_last_command():
    made = make(4, 500, 60)
    places = [f.after for f in made.faults]
    assert places == sorted(places)
    assert 1 <= places[0] and places[-1] < 500


def test_keys_are_unique_and_fit_the_pattern_of_the_manifest():
    keys = [c.key for c in make(5, 2000, 0).commands]
    assert len(set(keys)) == 2000
    assert all(key.replace("-", "").isalnum() for key in keys)


def test_what_has_to_be_in_the_mix():
    commands = make(6, 1000, 60).commands
    assert sum(c.cancel_after_s is not None for c in commands) > 60
    assert sum(c.expires_in is not None and c.expires_in < 5 for c in commands) > 50
    assert sum(c.slot != "" for c in commands) > 100
    assert sum(c.bytes > 10_000 for c in commands) > 80
    assert {c.agent for c in commands} == set(schedule.AGENTS)
    assert {c.server for c in commands} == set(schedule.SERVERS)


def test_every_link_and_program_is_a_target_of_a_long_run():
    targets = {f.target for f in make(8, 20_000, 1000).faults}
    assert targets == set(schedule.AGENTS + schedule.SERVERS + schedule.LINKS) | {"redis", "postgres"}


def test_deal_gives_each_name_its_share():
    import random
    dealt = collections.Counter(schedule.deal(random.Random(1), {"a": 3, "b": 1}, 400))
    assert dealt == {"a": 300, "b": 100}
