"""Clients and faults wait for each other here: by counts, never by time."""

import threading


class OutOfTime(Exception):
    """The run did not come to its end within its limit."""


class Pace:
    """`places`: after how many accepted commands each fault begins, in order."""

    def __init__(self, places):
        self.places = list(places)
        self.accepted = 0
        self.begun = 0
        self.stopped = False
        self.changed = threading.Condition()

    def _wait(self, ready):
        with self.changed:
            self.changed.wait_for(lambda: self.stopped or ready())
            if self.stopped:
                raise OutOfTime

    def wait_turn(self, number):
        """Until command `number` may be sent: every fault that is placed before it has begun."""
        self._wait(lambda: self.begun >= len(self.places) or self.places[self.begun] > number)

    def wait_place(self, fault):
        """Until fault number `fault` may begin."""
        self._wait(lambda: self.accepted >= self.places[fault])

    def add_accepted(self):
        with self.changed:
            self.accepted += 1
            self.changed.notify_all()

    def add_begun(self):
        with self.changed:
            self.begun += 1
            self.changed.notify_all()

    def stop(self):
        """Whoever waits, now or later, ends with OutOfTime."""
        with self.changed:
            self.stopped = True
            self.changed.notify_all()
