"""One connection to Redis, for asking; only the answers that the benchmark asks for."""

import socket


class Redis:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lines = self.socket.makefile("rb")

    def command(self, *words):
        """The integer or the simple string that Redis answers."""
        encoded = [str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in encoded))
        line = self.lines.readline().rstrip(b"\r\n")
        if line[:1] == b":":
            return int(line[1:])
        if line[:1] == b"+":
            return line[1:].decode()
        raise RuntimeError(f"Redis answered {line!r} to {words!r}")
