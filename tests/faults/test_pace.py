"""Commands and faults wait for each other by counts."""

import threading

import pytest

from pace import OutOfTime, Pace


def in_thread(work):
    done = threading.Event()

    def run():
        work()
        done.set()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return done, thread


def test_commands_before_the_first_fault_need_not_wait():
    pace = Pace([2, 5])
    pace.wait_turn(0)
    pace.wait_turn(1)


def test_command_beyond_a_fault_waits_until_it_began():
    pace = Pace([2, 5])
    done, thread = in_thread(lambda: pace.wait_turn(2))
    assert not done.wait(0.05)
    pace.add_begun()
    thread.join(10)
    assert done.is_set()
    pace.wait_turn(4)


def test_fault_waits_for_accepted_commands():
    pace = Pace([2])
    done, thread = in_thread(lambda: pace.wait_place(0))
    pace.add_accepted()
    assert not done.wait(0.05)
    pace.add_accepted()
    thread.join(10)
    assert done.is_set()


def test_all_faults_begun_lets_everything_through():
    pace = Pace([1])
    pace.add_begun()
    pace.wait_turn(1_000_000)


def test_stop_ends_who_waits_and_who_comes():
    pace = Pace([2])
    ended = []

    def wait():
        with pytest.raises(OutOfTime):
            pace.wait_turn(7)
        ended.append(True)
    _, thread = in_thread(wait)
    pace.stop()
    thread.join(10)
    assert ended == [True]
    with pytest.raises(OutOfTime):
        pace.wait_place(0)
