"""apsw as a DB-API module, so that the store can write through a disk of our making.

apsw brings a SQLite library of its own, and two libraries never meet in one process (engineering.md §2.2): what uses
this module runs alone, and `alone()` puts it in the place of the usual driver before anything connects.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import apsw

apilevel = "2.0"
paramstyle = "qmark"
threadsafety = 1
sqlite_version = apsw.sqlite_lib_version()
sqlite_version_info = tuple(int(part) for part in sqlite_version.split("."))
PARSE_DECLTYPES = 1
PARSE_COLNAMES = 2
Binary = bytes


class Error(Exception):
    """The driver's errors, with SQLite's own words."""


class DatabaseError(Error):
    """Everything that SQLite answers."""


class OperationalError(DatabaseError):
    """The disk, a lock, a statement."""


class IntegrityError(DatabaseError):
    """A constraint or a guard."""


class InterfaceError(Error):
    """Wrong use."""


class ProgrammingError(DatabaseError):
    """Wrong use."""


class NotSupportedError(DatabaseError):
    """Never."""


class InternalError(DatabaseError):
    """Never."""


class DataError(DatabaseError):
    """Never."""


class Warning(Exception):  # noqa: A001 - the DB-API's name
    """Never."""


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except apsw.ConstraintError as error:
        raise IntegrityError(_words(error)) from error
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise DatabaseError(_words(error)) from error
    except apsw.Error as error:
        raise OperationalError(_words(error)) from error


def _words(error: apsw.Error) -> str:
    """SQLite's message without the name that apsw puts before it; what a file layer in Python throws keeps its own
    words, so SQLite's are put there."""
    if isinstance(error, apsw.IOError):
        return "disk I/O error"
    return str(error).partition("Error: ")[2] or str(error)


def _teller(told: list[Any]) -> Callable[[Any, str, Any], bool]:
    """Notes the columns of a statement before its first step; holds no cursor, so that a cursor that nobody holds is
    gone at once and its statement with it."""

    def tell(cursor: Any, sql: str, bindings: Any) -> bool:
        told[0] = cursor.get_description() or None
        return True

    return tell


class Cursor:
    """One statement at a time."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._cursor = connection.handle.cursor()
        self._told: list[Any] = [None]
        self._cursor.exec_trace = _teller(self._told)

    @property
    def description(self) -> Any:
        """The columns of the last statement; `None` when it has none."""
        return self._told[0]

    @property
    def rowcount(self) -> int:
        return -1 if self.description else self.connection.handle.changes()

    @property
    def lastrowid(self) -> int:
        return self.connection.handle.last_insert_rowid()

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Cursor:
        self._told[0] = None
        with _translated():
            self._cursor.execute(sql, tuple(parameters))
        return self

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> Cursor:
        with _translated():
            self._cursor.executemany(sql, rows)
        return self

    def fetchone(self) -> Any:
        with _translated():
            return self._cursor.fetchone()

    def fetchall(self) -> list[Any]:
        with _translated():
            return self._cursor.fetchall()

    def fetchmany(self, size: int = 1, /) -> list[Any]:
        with _translated():
            return [row for _n, row in zip(range(size), self._cursor, strict=False)]

    def __iter__(self) -> Any:
        return iter(self.fetchall())

    def close(self) -> None:
        with _translated():
            self._cursor.close(True)


class Connection:
    """A connection in autocommit mode."""

    def __init__(self, path: str, vfs: str | None) -> None:
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
        with _translated():
            self.handle = apsw.Connection(path, flags=flags, vfs=vfs)
        self.isolation_level: str | None = None

    @property
    def in_transaction(self) -> bool:
        return self.handle.in_transaction

    def cursor(self) -> Cursor:
        with _translated():
            return Cursor(self)

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Cursor:
        return self.cursor().execute(sql, parameters)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> Cursor:
        return self.cursor().executemany(sql, rows)

    def create_function(self, name: str, arguments: int, call: Any, *, deterministic: bool = False) -> None:
        self.handle.create_scalar_function(name, call, arguments, deterministic=deterministic)

    def commit(self) -> None:
        if self.handle.in_transaction:
            self.execute("COMMIT")

    def rollback(self) -> None:
        if self.handle.in_transaction:
            self.execute("ROLLBACK")

    def close(self) -> None:
        with _translated():
            self.handle.close(True)


_vfs: str | None = None
_opened: Callable[[Connection], None] | None = None


def connect(path: str, **_named: Any) -> Connection:
    """A connection through the VFS that `alone` was told of."""
    made = Connection(path, _vfs)
    if _opened is not None:
        _opened(made)
    return made


def through(vfs: str | None, opened: Callable[[Connection], None] | None = None) -> None:
    """From now on connect through the VFS of this name; `opened` is told of every new connection."""
    global _vfs, _opened
    _vfs, _opened = vfs, opened


def alone() -> None:
    """Put this module in the place of the usual driver, in a process where that was never loaded."""
    from dutydesk.journal import recipe

    assert not [name for name in sys.modules if name.startswith("sqlcipher3")]
    recipe.use(sys.modules[__name__])


def exclusive(connection: Connection) -> None:
    """A VFS in Python has no shared memory: with the file locked for itself, SQLite keeps the index of the WAL in its
    own (wal.html, "Use of WAL Without Shared-Memory")."""
    connection.execute("PRAGMA locking_mode=exclusive")
