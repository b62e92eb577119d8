"""A line to the hub that fails: a TCP proxy on loopback that cuts, hangs or swallows at a chosen byte."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.sync.servers import HOST


@dataclass
class Fault:
    """What goes wrong: the line is cut after so many bytes up or down, or the answer to a statement that holds `swallow`
    is never heard; with `hang` it is silent from then on instead."""

    up: int | None = None
    down: int | None = None
    hang: bool = False
    swallow: bytes = b""


class Proxy:
    """Listens on a port of its own and forwards to another; counts what passed in both directions."""

    def __init__(self, port: int) -> None:
        self.upstream = port
        self.fault = Fault()
        self.passed = [0, 0]
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self._wake, self._waker = socket.socketpair()
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, name="proxy")
        self._accepting.start()

    def fail(self, fault: Fault) -> None:
        """The next connections meet this fault; bytes are counted anew."""
        self.fault = fault
        self.passed = [0, 0]

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
        server = socket.create_connection((HOST, self.upstream))
        swallowing = False
        with client, server, suppress(OSError):
            while True:
                ready, _w, _x = select.select([client, server, self._wake], [], [])
                if self._wake in ready:
                    return
                for source, target, way, limit in (
                    (client, server, 0, self.fault.up),
                    (server, client, 1, self.fault.down),
                ):
                    if source not in ready:
                        continue
                    data = source.recv(65_536)
                    if not data:
                        return
                    if way == 0 and self.fault.swallow and self.fault.swallow in data:
                        if self.fault.hang:
                            select.select([self._wake], [], [])
                            return
                        swallowing = True
                    elif way == 1 and swallowing:
                        return  # the hub has answered, and nobody hears it
                    if limit is not None and self.passed[way] + len(data) > limit:
                        target.sendall(data[: max(0, limit - self.passed[way])])
                        self.passed[way] = limit
                        if self.fault.hang:
                            select.select([self._wake], [], [])
                        return
                    self.passed[way] += len(data)
                    target.sendall(data)

    def close(self) -> None:
        self._waker.send(b"x")
        self._accepting.join()
        for thread in self._threads:
            thread.join()
        for one in (self._listener, self._wake, self._waker):
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
            for source, target in ((client, server), (server, client)):
                thread = threading.Thread(target=self._pump, args=(source, target), name="tls line")
                self._threads.append(thread)
                thread.start()

    @staticmethod
    def _pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()
