"""The gate forwards what it is given, and breaks exactly what it is told to break."""

import contextlib
import socket
import threading
import time

import pytest

from gate import Gate


class Echo:
    """A service that answers each byte with itself."""

    def __init__(self, listener):
        self.listener = listener
        self.received = b""
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        with connection, contextlib.suppress(OSError):
            while got := connection.recv(65536):
                self.received += got
                connection.sendall(got)


@pytest.fixture
def gate():
    made = Gate()
    yield made
    made.close()


@pytest.fixture
def echo():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Echo(listener)


@pytest.fixture
def port(gate, echo):
    return gate.open_tcp("link", 0, echo.listener.getsockname()[1])


def connect(port, limit_s=10):
    return socket.create_connection(("127.0.0.1", port), timeout=limit_s)


def exchange(connection, sent):
    connection.sendall(sent)
    got = b""
    while len(got) < len(sent):
        more = connection.recv(65536)
        if not more:
            break
        got += more
    return got


def ended(connection):
    """Whether the other side closes or resets within the limit of the connection."""
    try:
        while connection.recv(65536):
            pass
        return True
    except ConnectionError:
        return True


def is_reset(port):
    """Whether a new connection ends at once; the reset may come as early as in connect()."""
    try:
        with connect(port) as client:
            return ended(client)
    except ConnectionError:
        return True


def until(look):
    deadline = time.monotonic() + 10
    while not look():
        assert time.monotonic() < deadline, "waited 10 s in vain"
        time.sleep(0.005)


def test_forwards_both_ways(port):
    with connect(port) as one, connect(port) as other:
        assert exchange(one, b"a" * 200_000) == b"a" * 200_000
        assert exchange(other, b"b") == b"b"


def test_forwards_unix_sockets(gate, tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "far"))
        listener.listen()
        Echo(listener)
        gate.open_unix("u", tmp_path / "near", tmp_path / "far")
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(str(tmp_path / "near"))
            assert exchange(client, b"over unix") == b"over unix"


def test_closing_goes_through(gate, port):
    with connect(port) as client:
        exchange(client, b"x")
        assert gate.connections("link") == 1
    until(lambda: gate.connections("link") == 0)


def test_cut_resets_and_refuses_until_mended(gate, port):
    with connect(port) as client:
        exchange(client, b"x")
        gate.cut("link")
        assert ended(client)
        assert is_reset(port)
        gate.mend("link")
        with connect(port) as again:
            assert exchange(again, b"y") == b"y"


def test_cut_in_the_middle_lets_half_arrive(gate, port, echo):
    with connect(port) as client:
        exchange(client, b"x")
        gate.cut_in_the_middle("link")
        client.sendall(b"0123456789")
        assert ended(client)
    until(lambda: echo.received == b"x01234")
    with connect(port) as again:
        assert exchange(again, b"whole") == b"whole"


@pytest.mark.parametrize("direction", ["up", "down"])
def test_dead_direction_waits_and_the_other_works(gate, port, echo, direction):
    with connect(port) as client:
        exchange(client, b"x")
        gate.deaden("link", direction)
        client.sendall(b"y")
        if direction == "down":
            until(lambda: echo.received == b"xy")
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(1)
        assert echo.received == (b"x" if direction == "up" else b"xy")
        gate.mend("link")
        client.settimeout(10)
        assert client.recv(1) == b"y"


def test_cut_ends_a_dead_connection(gate, port):
    with connect(port) as client:
        exchange(client, b"x")
        gate.deaden("link", "up")
        client.sendall(b"y")
        gate.cut("link")
        assert ended(client)


def test_delay_makes_pieces_late_and_keeps_their_order(gate, port):
    with connect(port) as client:
        exchange(client, b"x")
        gate.delay("link", 0.1)
        begun = time.monotonic()
        assert exchange(client, b"abc") == b"abc"
        assert time.monotonic() - begun >= 0.2  # each way once
        gate.mend("link")
        assert exchange(client, b"def") == b"def"


def test_target_that_is_away_is_a_reset(gate):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, but not listening: connections are refused
        port = gate.open_tcp("nowhere", 0, nobody.getsockname()[1])
        assert is_reset(port)


def test_links_are_apart(gate, port, echo):
    other = gate.open_tcp("other", 0, echo.listener.getsockname()[1])
    gate.cut("link")
    with connect(other) as client:
        assert exchange(client, b"fine") == b"fine"
