"""What lies between the programs and Redis or PostgreSQL: a proxy that can cut, delay and halve.

Each link listens on an address of its own and forwards to one target. All of it runs on one thread of its own;
the methods may be called from any other.
"""

import asyncio
import contextlib
import socket
import struct
import threading

PIECE = 65536


def _abort(writer):
    """Closes with a reset, as a router or a dying host does; what was not sent is lost."""
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Link:
    """One way from a program to a service. State is changed on the gate's thread only."""

    def __init__(self, name, connect):
        self.name = name
        self.connect = connect         # coroutine: (reader, writer) of a new connection to the target
        self.pairs = set()             # (writer to the program, writer to the service)
        self.delay_s = 0.0
        self.dead = None               # "up" (to the service) or "down": what goes that way waits
        self.refusing = False
        self.cut_in_the_middle = False  # the next piece is halved, then its connection is cut
        self.mended = asyncio.Event()
        self.mended.set()
        self.accepted = 0

    async def serve(self, reader, writer):
        self.accepted += 1
        if self.refusing:
            _abort(writer)
            return
        try:
            far_reader, far_writer = await self.connect()
        except OSError:
            _abort(writer)
            return
        pair = (writer, far_writer)
        self.pairs.add(pair)
        pumps = [asyncio.ensure_future(self.pump(reader, far_writer, "up", pair)),
                 asyncio.ensure_future(self.pump(far_reader, writer, "down", pair))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            self.pairs.discard(pair)
            for end in pair:
                end.close()

    async def pump(self, reader, writer, direction, pair):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while piece := await reader.read(PIECE):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                while self.dead == direction:
                    await self.mended.wait()
                if self.cut_in_the_middle:
                    self.cut_in_the_middle = False
                    writer.write(piece[:len(piece) // 2])
                    with contextlib.suppress(asyncio.TimeoutError):
                        await asyncio.wait_for(writer.drain(), 1)
                    self.cut(pair)
                    return
                writer.write(piece)
                await writer.drain()

    def cut(self, only=None):
        for pair in [only] if only else list(self.pairs):
            for end in pair:
                _abort(end)

    def mend(self):
        # What waited in a dead direction belongs to a connection that TCP would have given up or resumed; both
        # happen: it goes on when the connection is still there.
        self.delay_s, self.dead, self.refusing, self.cut_in_the_middle = 0.0, None, False, False
        self.mended.set()


class Gate:
    """All links. close() ends its thread."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.links = {}
        self.listeners = []
        self.thread = threading.Thread(target=self._run, name="gate", daemon=True)
        self.thread.start()

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def _call(self, work):
        """Runs a function on the gate's thread; its result."""
        async def on_loop():
            return work()
        return asyncio.run_coroutine_threadsafe(on_loop(), self.loop).result(10)

    def open_tcp(self, name, port, target_port):
        """127.0.0.1:port leads to 127.0.0.1:target_port; port 0: any. The port."""
        return self._open(name, lambda: asyncio.open_connection("127.0.0.1", target_port),
                          lambda serve: asyncio.start_server(serve, "127.0.0.1", port)).getsockname()[1]

    def open_unix(self, name, path, target_path):
        """The unix socket `path` leads to the unix socket `target_path`."""
        self._open(name, lambda: asyncio.open_unix_connection(str(target_path)),
                   lambda serve: asyncio.start_unix_server(serve, str(path)))

    def _open(self, name, connect, listen):
        async def start():
            link = Link(name, connect)
            listener = await listen(link.serve)
            self.links[name] = link
            self.listeners.append(listener)
            return listener.sockets[0]
        return asyncio.run_coroutine_threadsafe(start(), self.loop).result(10)

    def connections(self, name):
        return self._call(lambda: len(self.links[name].pairs))

    def cut(self, name):
        """Resets the connections of a link and refuses new ones until mend()."""
        def work():
            self.links[name].refusing = True
            self.links[name].cut()
        self._call(work)

    def cut_in_the_middle(self, name):
        """Of the next piece that goes either way half arrives; then its connection is reset."""
        self._call(lambda: setattr(self.links[name], "cut_in_the_middle", True))

    def delay(self, name, seconds):
        self._call(lambda: setattr(self.links[name], "delay_s", seconds))

    def deaden(self, name, direction):
        """Nothing goes `up` (to the service) or `down` any more; the other direction works."""
        def work():
            self.links[name].dead = direction
            self.links[name].mended.clear()
        self._call(work)

    def mend(self, name):
        self._call(lambda: self.links[name].mend())

    def close(self):
        async def end():
            for listener in self.listeners:
                listener.close()
            for link in self.links.values():
                link.mend()
                link.cut()
            rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)
        asyncio.run_coroutine_threadsafe(end(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()
