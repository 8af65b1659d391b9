"""A small Redis client of the tests' own (RESP2), to look at the wire and to put forged things on it."""

import json
import select
import socket
import time


class RedisError(Exception):
    pass


class Redis:
    """One connection. Answers are bytes, ints, None, lists; errors are raised."""

    def __init__(self, port, password=None, limit_s=10):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=limit_s)
        self.buffer = b""
        if password:
            self.command("AUTH", password)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, *parts):
        encoded = [p if isinstance(p, bytes) else str(p).encode() for p in parts]
        message = b"*%d\r\n" % len(encoded)
        for part in encoded:
            message += b"$%d\r\n%s\r\n" % (len(part), part)
        self.socket.sendall(message)

    def fill(self):
        more = self.socket.recv(65536)
        if not more:
            raise ConnectionError("Redis closed the connection")
        self.buffer += more

    def line(self):
        """The next line without its end."""
        while (end := self.buffer.find(b"\r\n")) < 0:
            self.fill()
        line, self.buffer = self.buffer[:end], self.buffer[end + 2:]
        return line

    def bytes(self, count):
        while len(self.buffer) < count + 2:
            self.fill()
        got, self.buffer = self.buffer[:count], self.buffer[count + 2:]
        return got

    def waiting(self, limit_s):
        """Whether something has come, at the latest after limit_s."""
        return bool(self.buffer or select.select([self.socket], [], [], limit_s)[0])

    def read(self):
        line = self.line()
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return rest
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            length = int(rest)
            if length < 0:
                return None
            return self.bytes(length)
        if kind == b"*":
            return None if int(rest) < 0 else [self.read() for _ in range(int(rest))]
        raise ConnectionError(f"not RESP: {line!r}")

    def command(self, *parts):
        self.send(*parts)
        return self.read()

    def hash(self, key):
        flat = self.command("HGETALL", key)
        return {k.decode(): v.decode() for k, v in zip(flat[::2], flat[1::2])}

    def stream(self, key):
        """The entries as dicts of text."""
        return [fields_of(entry) for entry in self.command("XRANGE", key, "-", "+")]


def fields_of(entry):
    flat = entry[1]
    return {k.decode(): v.decode() for k, v in zip(flat[::2], flat[1::2])}


class Subscription:
    """Listens on channels and remembers; poll with next()."""

    def __init__(self, port, password, *channels):
        self.redis = Redis(port, password)
        for channel in channels:
            self.redis.command("SUBSCRIBE", channel)

    def next(self, limit_s=10):
        """(channel, payload as bytes), or None when none came within limit_s."""
        if not self.redis.waiting(limit_s):
            return None
        _, channel, payload = self.redis.read()
        return channel.decode(), payload

    def next_json(self, wanted, limit_s=10):
        """The first message, parsed, for which wanted(message) is true; fails when none comes."""
        deadline = time.monotonic() + limit_s
        while (left := deadline - time.monotonic()) > 0:
            got = self.next(left)
            if got is None:
                break
            try:
                message = json.loads(got[1])
            except ValueError:
                continue
            if wanted(message):
                return message
        raise AssertionError(f"no such message within {limit_s} s")

    def close(self):
        self.redis.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def is_entry(message):
    """Whether a message from a channel is one of our signed entries."""
    return isinstance(message, dict) and {"t", "k", "b", "s"} <= message.keys()
