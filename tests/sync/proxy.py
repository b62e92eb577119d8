"""A line to the hub that fails: a TCP proxy on loopback that cuts, hangs or swallows at a chosen byte."""

from __future__ import annotations

import copy
import select
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.sync.servers import HOST


@dataclass(frozen=True)
class Fault:
    """What goes wrong on a line: it breaks after so many bytes `up` (to the hub) or `down`, or `at` a place within a
    message: (direction, which message of the connection, how many of its bytes get through); or the answer to a
    statement that holds `swallow` is never heard. A line that breaks is closed, with `reset` torn (RST), with `hang`
    silent: neither end is told. `delay` holds back every message for so many seconds, those that hold `delayed` if that
    is given."""

    up: int | None = None
    down: int | None = None
    at: tuple[int, int, int] | None = None
    hang: bool = False
    reset: bool = False
    swallow: bytes = b""
    delay: float = 0.0
    delayed: bytes = b""


class Messages:
    """Cuts what one side says into the messages of PostgreSQL's protocol: a type and a length before each, but for the
    first ones of the client and the single byte that answers a question for encryption."""

    def __init__(self, *, client: bool) -> None:
        self.typed = not client
        self.single = 0
        self.asked = 0
        self.held = b""

    def add(self, data: bytes) -> Iterator[bytes]:
        """Every message that is whole now."""
        self.held += data
        while (size := self._size()) and len(self.held) >= size:
            message, self.held = self.held[:size], self.held[size:]
            if not self.typed:
                self.typed = message[4:6] == b"\x00\x03"
                self.asked += not self.typed
            yield message

    def _size(self) -> int:
        if self.single and self.held:
            self.single -= 1
            return 1
        skip = 1 if self.typed else 0
        return int.from_bytes(self.held[skip : skip + 4], "big") + skip if len(self.held) >= skip + 4 else 0


class Proxy:
    """Listens on a port of its own and forwards to another; counts what passed in both directions, in bytes and in
    messages."""

    def __init__(self, port: int) -> None:
        self.upstream = port
        self.fault = Fault()
        self.passed = [0, 0]
        self.seen: tuple[list[bytes], list[bytes]] = ([], [])
        """The messages of both directions."""
        self.broken = 0
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self._wake, self._waker = socket.socketpair()
        self._free, self._freer = socket.socketpair()
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, name="proxy")
        self._accepting.start()

    def fail(self, fault: Fault) -> None:
        """The next connections meet this fault; bytes and messages are counted anew. Silent lines are let go."""
        self._let_go()
        self.fault = fault
        self.passed = [0, 0]
        self.seen = ([], [])

    def _let_go(self) -> None:
        """End what hangs."""
        self._freer.send(b"x")
        for thread in self._threads:
            thread.join(0.2 if thread.is_alive() else None)
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        self._free.recv(1)

    def _accept(self) -> None:
        while True:
            ready, _w, _x = select.select([self._listener, self._wake], [], [])
            if self._wake in ready:
                return
            client, _address = self._listener.accept()
            thread = threading.Thread(target=self._carry, args=(client,), name="proxy line")
            self._threads.append(thread)
            thread.start()

    def _carry(self, client: socket.socket) -> None:
        fault, passed, seen = self.fault, self.passed, self.seen
        server = socket.create_connection((HOST, self.upstream))
        said = (Messages(client=True), Messages(client=False))
        swallowing = False
        with client, server, suppress(OSError):
            while True:
                ready, _w, _x = select.select([client, server, self._wake], [], [])
                if self._wake in ready:
                    return
                for way, source, target in ((0, client, server), (1, server, client)):
                    if source not in ready:
                        continue
                    data = source.recv(65_536)
                    if not data:
                        return
                    if way == 1:
                        said[1].single, said[0].asked = said[1].single + said[0].asked, 0
                    if way == 0 and fault.swallow and fault.swallow in data:
                        if fault.hang:
                            self._break(fault, client, server)
                            return
                        swallowing = True
                    elif way == 1 and swallowing:
                        self._break(fault, client, server)
                        return  # the hub has answered, and nobody hears it
                    through = len(data)
                    limit = (fault.up, fault.down)[way]
                    if limit is not None and passed[way] + len(data) > limit:
                        through = max(0, limit - passed[way])
                    if fault.at is not None and fault.at[0] == way:
                        through = min(through, self._room(fault.at, said[way], len(seen[way]), data))
                    seen[way].extend(said[way].add(data))
                    if fault.delay and fault.delayed in data:
                        select.select([self._wake], [], [], fault.delay)
                    target.sendall(data[:through])
                    passed[way] += through
                    if through < len(data):
                        self._break(fault, client, server)
                        return

    @staticmethod
    def _room(at: tuple[int, int, int], said: Messages, whole: int, data: bytes) -> int:
        """How many bytes of `data` get through before a line breaks within message `at[1]`, of which `whole` passed."""
        look = copy.copy(said)
        begun = -len(look.held)
        for size in map(len, look.add(data)):
            if whole == at[1]:
                return max(0, begun + min(at[2], size))
            begun += size
            whole += 1
        return max(0, min(len(data), begun + at[2])) if whole == at[1] else len(data)

    def _break(self, fault: Fault, client: socket.socket, server: socket.socket) -> None:
        """End a line the way that the fault says; the caller's `with` closes both ends."""
        self.broken += 1
        if fault.hang:
            select.select([self._wake, self._free], [], [])
        if fault.reset:
            for end in (client, server):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def close(self) -> None:
        self._waker.send(b"x")
        self._accepting.join()
        for thread in self._threads:
            thread.join()
        for one in (self._listener, self._wake, self._waker, self._free, self._freer):
            one.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class TlsFront:
    """Speaks TLS with a certificate in front of a server that has none, as PostgreSQL's protocol begins it."""

    def __init__(self, port: int, certificate: Path, key: Path) -> None:
        self.upstream = port
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept, name="tls")]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                plain, _address = self._listener.accept()
            except OSError:
                return
            plain.settimeout(20)
            asked = plain.recv(8)
            if asked != bytes.fromhex("0000000804d2162f"):
                plain.close()
                continue
            plain.sendall(b"S")
            try:
                client = self._context.wrap_socket(plain, server_side=True)
            except OSError:
                plain.close()
                continue
            server = socket.create_connection((HOST, self.upstream))
            server.settimeout(20)
            thread = threading.Thread(target=self._carry, args=(client, server), name="tls line")
            self._threads.append(thread)
            thread.start()

    @staticmethod
    def _carry(client: ssl.SSLSocket, server: socket.socket) -> None:
        """Both ways in one thread: OpenSSL takes no reading and writing of one line at the same moment."""
        with client, server, suppress(OSError):
            while True:
                ready = [client] if client.pending() else select.select([client, server], [], [], 20)[0]
                for source in ready:
                    data = source.recv(65_536)
                    if not data:
                        return
                    (server if source is client else client).sendall(data)
                if not ready:
                    return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()
