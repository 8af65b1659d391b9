"""A small Redis client of the tests' own (RESP2), to look at the wire and to put forged things on it."""

import json
import socket
import time


class RedisError(Exception):
    pass


class Redis:
    """One connection. Answers are bytes, ints, None, lists; errors are raised."""

    def __init__(self, port, password=None, limit_s=10):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=limit_s)
        self.reader = self.socket.makefile("rb")
        if password:
            self.command("AUTH", password)

    def close(self):
        self.reader.close()
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

    def read(self):
        line = self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis closed the connection")
        kind, rest = line[:1], line[1:-2]
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
            return self.reader.read(length + 2)[:-2]
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
        self.redis.socket.settimeout(limit_s)
        try:
            _, channel, payload = self.redis.read()
            return channel.decode(), payload
        except TimeoutError:
            return None

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
