"""F8: a folder on LazyFS (https://github.com/dsrhaslab/lazyfs), a FUSE file system that keeps what was not synced in a
memory of its own and forgets it when told to, as a disk does whose power goes.

Nothing of it is part of this project. Whoever has built it names the program in `DUTYDESK_LAZYFS` or has `lazyfs` on
PATH; mounting asks for root and /dev/fuse. Names, lengths set by truncation and removals go through at once: that they
can be lost too is F1's affair. It runs with one thread: with several it answers an open now and then with an error (3 of
100 fresh desks).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Self

CONFIG = """
[faults]
fifo_path="{fifo}"
fifo_path_completed="{done}"
[cache]
apply_eviction=false
[cache.simple]
custom_size="0.06gb"
blocks_per_page=1
[filesystem]
log_all_operations=false
logfile="{log}"
"""


def program() -> str | None:
    """The path of the built file system, `None` where there is none."""
    return os.environ.get("DUTYDESK_LAZYFS") or shutil.which("lazyfs")


def why_not() -> str:
    """Why it cannot be mounted here; empty when it can."""
    if program() is None:
        return "lazyfs is not on PATH, and DUTYDESK_LAZYFS names none"
    if not os.access("/dev/fuse", os.W_OK) or os.geteuid() != 0:
        return "mounting lazyfs asks for root and /dev/fuse"
    return ""


class LazyDisk:
    """A mounted LazyFS: people work in `folder`, `kept` is what the disk below holds for good."""

    def __init__(self, place: Path) -> None:
        self.folder, self.kept = place / "folder", place / "kept"
        self._fifo, self._done = place / "faults.fifo", place / "done.fifo"
        self._config = place / "lazyfs.toml"
        self._config.write_text(CONFIG.format(fifo=self._fifo, done=self._done, log=place / "log"), encoding="utf-8")
        self.kept.mkdir()
        self.folder.mkdir()
        self._process: subprocess.Popen[bytes] | None = None
        self._answers = -1

    def mount(self) -> None:
        """Put it in place, as after a start of the machine."""
        self._process = subprocess.Popen(
            [str(program()), str(self.folder), "--config-path", str(self._config), "-o", "modules=subdir",
             "-o", f"subdir={self.kept}", "-f", "-s"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + 20
        while not os.path.ismount(self.folder) or not self._done.exists():
            assert self._process.poll() is None, "lazyfs ended by itself"
            assert time.monotonic() < until, "lazyfs does not mount"
            threading.Event().wait(0.01)
        self._answers = os.open(self._done, os.O_RDWR)  # its end is held open: neither side waits for the other
        self.tell("lazyfs::display-cache-usage")

    def tell(self, command: str) -> None:
        """Write a command to its pipe."""
        with self._fifo.open("wb", buffering=0) as fifo:
            fifo.write(f"{command}\n".encode())

    def forget(self) -> None:
        """`lazyfs::clear-cache`: what was not synced is gone."""
        self.tell("lazyfs::clear-cache")
        assert os.read(self._answers, 100).startswith(b"finished::clear-cache")

    def cut(self) -> None:
        """The power goes while somebody works: the file system is killed with all it had not brought to the disk."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
        self.unmount()

    def wait_until_dead(self, seconds: float) -> bool:
        """Whether it has killed itself, as told by `lazyfs::crash`."""
        assert self._process is not None
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def unmount(self) -> None:
        """Take it away; it brings nothing to the disk that was not synced."""
        if self._process is None:
            return
        subprocess.run(["umount", "-l", str(self.folder)], capture_output=True, check=False)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._answers)
        for pipe in (self._fifo, self._done):
            pipe.unlink(missing_ok=True)
        self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.unmount()
