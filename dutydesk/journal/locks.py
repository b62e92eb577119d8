"""`desk.lock`: shared in ordinary use, exclusive for migrate, restore, rebuild (house.md §4)."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from dutydesk.core.errors import Unavailable
from dutydesk.core.i18n import _

if sys.platform == "win32":
    import msvcrt

    def _take(file: IO[bytes], *, exclusive: bool) -> None:
        # Windows has no shared range lock in the standard library: each ordinary user locks a byte of its own.
        size = 64 if exclusive else 1
        start = 0 if exclusive else 1 + (id(file) // 64) % 63
        file.seek(start)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, size)
else:
    import fcntl

    def _take(file: IO[bytes], *, exclusive: bool) -> None:
        fcntl.flock(file.fileno(), (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)


class DeskLock:
    """Held from `__init__` to `release`; raises `Unavailable` when another process holds it the other way or
    the folder takes no file."""

    def __init__(self, path: Path, *, exclusive: bool, patience: float = 2.0) -> None:
        self._file: IO[bytes] | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab+")
        except OSError as error:
            raise Unavailable(
                _("数据文件夹只读或不能写入（{error}）：{folder}").format(
                    error=error.strerror or error, folder=path.parent
                )
            ) from None
        self._wait(exclusive=exclusive, patience=patience)
        self.exclusive = exclusive

    def _wait(self, *, exclusive: bool, patience: float) -> None:
        assert self._file is not None
        until = time.monotonic() + patience
        while True:
            try:
                _take(self._file, exclusive=exclusive)
            except OSError:
                if time.monotonic() >= until:
                    self.release()
                    raise Unavailable(_("数据文件夹正被另一个程序使用，请先关闭它")) from None
                time.sleep(0.02)
            else:
                return

    @contextmanager
    def exclusively(self) -> Generator[None]:
        """Hold the desk alone for a while and share it again; raises `Unavailable` when others stay in it."""
        if self.exclusive:
            yield
            return
        self._wait(exclusive=True, patience=2.0)
        try:
            yield
        finally:
            self._wait(exclusive=False, patience=2.0)

    def alone(self) -> bool:
        """Whether nobody else uses the desk now; holds it exclusively from then on when true."""
        if self._file is None:
            return False
        try:
            _take(self._file, exclusive=True)
        except OSError:
            return False
        self.exclusive = True
        return True

    def shared(self) -> bool:
        """Whether somebody else uses the desk now, which it goes on to share with them."""
        shared = not self.alone()
        # An upgrade that fails has let go of the shared lock (flock(2)); one that succeeds holds too much.
        self._wait(exclusive=False, patience=2.0)
        self.exclusive = False
        return shared

    def release(self) -> None:
        """Let go."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
