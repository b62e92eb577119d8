"""How a connection to `desk.sqlite` is made, and what is read back before it is trusted (engineering.md §2.1)."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dutydesk.core.errors import Damaged, Unavailable
from dutydesk.core.i18n import _
from dutydesk.journal.tables import APPLICATION_ID

if TYPE_CHECKING:
    from sqlalchemy import Connection

OLDEST_SQLITE = (3, 51, 3)
"""SQLite before 3.51.3 can corrupt a WAL file with a writer and a checkpointer (changes.html, 3.53.0 item 1)."""

SETTINGS: tuple[tuple[str, object, object], ...] = (
    ("synchronous", "FULL", 2),
    ("foreign_keys", "ON", 1),
    ("recursive_triggers", "ON", 1),
    ("trusted_schema", "OFF", 0),
    ("cell_size_check", "ON", 1),
    ("busy_timeout", 5000, 5000),
    ("temp_store", "MEMORY", 2),
    ("fullfsync", 1, 1),
    ("checkpoint_fullfsync", 1, 1),
    ("mmap_size", 0, 0),
    ("wal_autocheckpoint", 1000, 1000),
    ("journal_size_limit", 67_108_864, 67_108_864),
    ("secure_delete", "ON", 1),
    ("cache_size", -16_000, -16_000),
)


class Cursor(Protocol):
    """The part of a DB-API cursor that the journal uses."""

    rowcount: int
    lastrowid: int

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Cursor: ...
    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> Cursor: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...
    def fetchmany(self, size: int = ..., /) -> list[Any]: ...
    def __iter__(self) -> Any: ...
    def close(self) -> None: ...


class Raw(Protocol):
    """The part of a DB-API connection that the journal uses."""

    def cursor(self) -> Cursor: ...
    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Cursor: ...
    def close(self) -> None: ...


_driver: Any = None


def use(module: Any) -> None:
    """Connect through another DB-API module in this process. The fault tests give one whose disk keeps a record of
    what is written, or fails; two SQLite libraries must never meet in one process (engineering.md §2.2)."""
    global _driver
    _driver = module


def driver() -> Any:
    """The DB-API module: sqlcipher3, never the standard library's (engineering.md §0.3)."""
    if _driver is not None:
        return _driver
    import sqlcipher3.dbapi2 as module

    if module.sqlite_version_info < OLDEST_SQLITE:
        version = ".".join(map(str, module.sqlite_version_info))
        raise Unavailable(_("SQLite {version} 太旧，不能保证记录安全").format(version=version))
    return module


def connect(path: Path | str, key: bytes | None = None, *, create: bool = False, read_only: bool = False) -> Raw:
    """A connection in autocommit mode that has answered every setting as asked.

    `key` is the raw 32-byte key of an encrypted file. Raises `Unavailable` when a setting does not hold, `Damaged`
    when the file cannot be read with this key.
    """
    module = driver()
    uri = "file:" + _quoted(str(path)) + ("?mode=ro" if read_only else "" if create else "?mode=rw")
    try:
        raw = module.connect(uri, uri=True, isolation_level=None, check_same_thread=False, cached_statements=512)
    except module.DatabaseError as error:
        raise _unreadable(error) from None
    try:
        prepare(raw, key, create=create, read_only=read_only)
    except BaseException:
        raw.close()
        raise
    return raw


def prepare(raw: Raw, key: bytes | None = None, *, create: bool = False, read_only: bool = False) -> None:
    """Bring a fresh connection into the agreed state; see `connect`."""
    if key is not None:
        raw.execute("PRAGMA cipher_log_level = NONE")  # a wrong key is told in a sentence of ours, not on stderr
        raw.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    try:
        if create:
            # EXTRA before WAL at the making closes the last hole that the crash simulator found (engineering.md §0.4).
            raw.execute("PRAGMA synchronous=EXTRA")
            raw.execute(f"PRAGMA application_id={APPLICATION_ID}")
            raw.execute("PRAGMA journal_mode=WAL")
        if not read_only:
            mode = raw.execute("PRAGMA journal_mode").fetchone()[0]
            if mode != "wal":
                mode = raw.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            if mode != "wal":
                raise Unavailable(_("数据库不能使用 WAL 方式（现为 {mode}）").format(mode=mode))
        for name, value, expected in SETTINGS:
            raw.execute(f"PRAGMA {name}={value}")
            held = raw.execute(f"PRAGMA {name}").fetchone()
            if held is not None and held[0] != expected:
                raise Unavailable(_("数据库设置 {name} 未生效").format(name=name))
        raw.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except (driver().DatabaseError, UnicodeDecodeError) as error:  # a driver's error may quote noise from the file
        raise _unreadable(error) from None


def begin(cursor: Cursor) -> None:
    """Become the file's writer, waiting for another process as long as `busy_timeout` says. SQLite's own waiting
    looks again after up to 100 ms and so misses the pauses of 5 ms that an import leaves."""
    patience = next(expected for name, _value, expected in SETTINGS if name == "busy_timeout")
    assert isinstance(patience, int)
    until = time.monotonic() + patience / 1_000
    rest = threading.Event()
    cursor.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                cursor.execute("BEGIN IMMEDIATE")
            except driver().DatabaseError as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    raise
                rest.wait(0.001)
            else:
                return
    finally:
        cursor.execute(f"PRAGMA busy_timeout={patience}")


def _unreadable(error: Exception) -> Exception:
    text = str(error)
    if isinstance(error, UnicodeDecodeError) or "not a database" in text or "malformed" in text or "corrupt" in text:
        return Damaged(_("数据库文件打不开：不是本程序的文件，或密钥不对，或已损坏（{error}）").format(error=text))
    return Unavailable(_("数据库打不开（{error}）").format(error=text))


def _quoted(path: str) -> str:
    out = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return "/" + out.replace("\\", "/") if sys.platform == "win32" else out


class Borrowed:
    """A connection lent to SQLAlchemy while the journal holds its transaction: commit, rollback and close do nothing."""

    def __init__(self, raw: Raw) -> None:
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def commit(self) -> None:
        """The journal commits."""

    def rollback(self) -> None:
        """The journal rolls back."""

    def close(self) -> None:
        """The journal closes."""


@contextmanager
def core(raw: Raw, attachments: Path | None = None) -> Generator[Connection]:
    """A Core connection over one borrowed connection; derived tables find the folder of attachments in its `info`."""
    from sqlalchemy import create_engine  # the first look at a record goes without
    from sqlalchemy.pool import StaticPool

    engine = create_engine("sqlite://", module=driver(), creator=lambda: Borrowed(raw), poolclass=StaticPool)
    try:
        with engine.connect() as connection:
            connection.info["attachments"] = attachments
            yield connection
    finally:
        engine.dispose()


NETWORK_TYPES = frozenset(
    "nfs nfs4 cifs smb smb2 smb3 smbfs ncpfs afs fuse.sshfs fuse.rclone fuse.s3fs fuse.davfs davfs davfs2 9p "
    "fuse.gvfsd-fuse fuse.glusterfs glusterfs ceph fuse.ceph lustre".split()
)
SYNCED_FOLDERS = (
    "onedrive", "dropbox", "google drive", "googledrive", "icloud", "mobile documents", "nutstore", "坚果云", "我的坚果云",
    "baidunetdisk", "百度网盘", "百度云同步盘", "wpsdrive", "wps云盘", "syncthing", "nextcloud", "owncloud", "微云同步",
)  # fmt: skip


def mounts() -> list[tuple[str, str]]:
    """Mount point and file system type of everything mounted; empty where the system does not tell."""
    table = Path("/proc/self/mounts")
    if not table.exists():
        return []
    found: list[tuple[str, str]] = []
    for line in table.read_text(encoding="utf-8", errors="replace").splitlines():
        part = line.split(" ")
        if len(part) > 2:
            found.append((part[1].replace("\\040", " "), part[2]))
    return found


def refuse_place(folder: Path, table: Iterable[tuple[str, str]] | None = None) -> None:
    """A database on a network share or in a synced folder gets corrupted sooner or later: refuse, do not warn.

    `table` is the mount table (`mounts()`); tests feed their own. Raises `Unavailable`.
    """
    text = str(folder)
    if text.startswith(("\\\\", "//")):
        raise Unavailable(_("数据文件夹在网络共享上，请改用本机硬盘：{folder}").format(folder=text))
    resolved = os.path.abspath(text)  # noqa: PTH100 - a UNC path must not be resolved
    best = ("", "")
    for point, kind in mounts() if table is None else table:
        inside = resolved == point or resolved.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best[0]):
            best = (point, kind)
    if best[1].lower() in NETWORK_TYPES:
        raise Unavailable(
            _("数据文件夹在网络文件系统 {kind} 上，请改用本机硬盘：{folder}").format(kind=best[1], folder=text)
        )
    for part in Path(resolved).parts:
        lowered = part.casefold()
        if any(lowered == name or lowered.startswith((name + " ", name + "-")) for name in SYNCED_FOLDERS):
            raise Unavailable(_("数据文件夹在网盘同步目录里，请改用本机硬盘：{folder}").format(folder=text))
