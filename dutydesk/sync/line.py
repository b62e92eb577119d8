"""The line to a hub: its address, the statements that go over it, how long an answer is waited for, and what the
driver's errors mean to us."""

from __future__ import annotations

import logging
import re
import selectors
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from dutydesk.core.errors import Problem, Refused, Unavailable
from dutydesk.core.i18n import _
from dutydesk.sync.plainly import plainly

log = logging.getLogger(__name__)

PATIENCE = 90.0
"""Seconds without an answer after which a connection counts as lost: longer than the slowest link."""
RANGE = "(desk = %s AND epoch = %s AND seq > %s AND seq <= %s)"
PLACE = "(desk = %s AND epoch = %s AND seq = %s)"
ROW = "(ledger = %s AND row_id = %s)"

Range = tuple[bytes, int, int, int]
"""Acts of a chain: desk, epoch, after which seq, up to which one."""


class Forked(Refused):
    """The hub holds another act at the same place of a chain."""


@dataclass(frozen=True, slots=True)
class Target:
    """How to reach a hub: libpq's parameters, checked."""

    params: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def place(self) -> str:
        """Where it is, for people to read: host, port where it is named, and database."""
        host, port = self.params.get("host", ""), self.params.get("port", "")
        return f"{host}{':' + port if port else ''}/{self.params.get('dbname', '')}"

    @property
    def public(self) -> str:
        """The address without the password, as it may be shown and stored."""
        host, port = self.params.get("host", ""), self.params.get("port", "")
        if host.startswith("/"):
            return f"postgresql:///{self.params.get('dbname', '')}?host={host}" + (f"&port={port}" if port else "")
        user = f"{self.params['user']}@" if "user" in self.params else ""
        return f"postgresql://{user}{host}{':' + port if port else ''}/{self.params.get('dbname', '')}"


def target(url: str, *, ca: str = "", password: str = "") -> Target:
    """Read an address. To any machine but this one the connection is verified (`sslmode=verify-full`) by the
    authority in the file `ca`, or by the system's. Raises `Refused` for an address that says less."""
    try:
        params = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.ProgrammingError as error:
        raise Refused(Problem(_("中心库地址读不懂：{error}").format(error=first_line(error)), "hub")) from None
    host = params.get("host", "")
    if not host or not params.get("dbname"):
        raise Refused(Problem(_("中心库地址应如 postgresql://主机/库名"), "hub"))
    here = all(_is_here(name) for name in host.split(","))
    if ca:
        if not Path(ca).is_file():
            raise Refused(Problem(_("没有这个证书文件：{file}").format(file=ca), "hub_ca"))
        params["sslrootcert"] = ca
        params.setdefault("sslmode", "verify-full")
    if not here:
        if params.setdefault("sslmode", "verify-full") != "verify-full":
            raise Refused(Problem(_("到另一台机器的连接必须验证证书（sslmode=verify-full）"), "hub"))
        params.setdefault("sslrootcert", "system")
    if password:
        params["password"] = password
    return Target(params)


def _is_here(host: str) -> bool:
    return host.startswith(("/", "@")) or host in ("localhost", "127.0.0.1", "::1")


# -- statements ----------------------------------------------------------------------------------------------------------


@cache
def statements() -> Mapping[str, str]:
    """Every statement by its name."""
    folder = files("dutydesk.sync").joinpath("hubsql")
    text = "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in ("statements.sql", "projector.sql"))
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
    return {name: body.strip().rstrip(";") for name, body in zip(parts[1::2], parts[2::2], strict=True)}


@cache
def numbered() -> tuple[tuple[int, str], ...]:
    """The numbered files that make a hub, in order."""
    folder = files("dutydesk.sync").joinpath("hubsql")
    return tuple(
        sorted((int(file.name[:4]), file.read_text("utf-8")) for file in folder.iterdir() if file.name[:4].isdigit())
    )


@lru_cache(maxsize=256)
def text_of(name: str, groups: tuple[tuple[str, str], ...]) -> bytes:
    """A statement with its groups filled in and its parameters numbered, as the server itself reads it."""
    text = statements()[name]
    for group, places in groups:
        text = text.replace(f"{{{group}}}", places)
    first, *others = text.split("%s")
    return "".join([first, *(f"${n}{part}" for n, part in enumerate(others, 1))]).encode()


def split(script: str) -> list[str]:
    """The statements of a numbered file; none of them holds a semicolon within."""
    plain = re.sub(r"^\s*--.*$", "", script, flags=re.MULTILINE)
    return [part.strip() for part in plain.split(";") if part.strip()]


def first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


@contextmanager
def families() -> Generator[None]:
    """The driver's errors in our families."""
    try:
        yield
    except errors.InsufficientPrivilege as error:
        log.info("hub: %s", first_line(error))
        raise Refused(_("中心库不给这个登录权限：席位可能已被吊销，请打电话给中心库管理员")) from None
    except (errors.UndefinedTable, errors.UndefinedColumn, errors.InvalidCatalogName) as error:
        log.info("hub: %s", first_line(error))
        raise Refused(_("中心库还没有建好或太旧，请其管理员运行 dutydesk hub init")) from None
    except errors.ForeignKeyViolation as error:
        raise Forked(_("中心库不接受：与那里的记录不衔接（{error}）").format(error=first_line(error))) from None
    except (errors.IntegrityError, errors.DataError) as error:
        raise Refused(_("中心库不接受，请告诉其管理员：{error}").format(error=first_line(error))) from None
    except errors.DiskFull as error:
        log.info("hub: %s", first_line(error))
        raise Unavailable(_("中心库的磁盘满了，请打电话给其管理员；没传的都在本机，腾出空间后自动补传")) from None
    except psycopg.OperationalError as error:
        raise Unavailable(_("与中心库的连接断了：{error}").format(error=plainly(error))) from None
    except psycopg.Error as error:
        raise Unavailable(_("中心库出错，请告诉其管理员：{error}").format(error=first_line(error))) from None


class Patient(psycopg.Connection[tuple[Any, ...]]):
    """A connection that gives up on a hub which is silent too long, or when the user has had enough: libpq itself
    waits for ever behind a line that was cut without a word."""

    patience: float = PATIENCE
    cancelled: Callable[[], bool] | None = None

    def wait(self, gen: Generator[Any, Any, Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        until = time.monotonic() + (self.patience if timeout is None else timeout)
        try:
            wanted = next(gen)
            with selectors.DefaultSelector() as selector:
                selector.register(self.pgconn.socket, wanted)
                while True:
                    ready = selector.select(timeout=interval)
                    if not ready:
                        self._give_up(late=time.monotonic() > until)
                    wanted = gen.send(ready[0][1] if ready else 0)
                    selector.modify(self.pgconn.socket, wanted)
        except StopIteration as end:
            return end.value

    def _give_up(self, *, late: bool) -> None:
        """Close a connection that nobody waits for any more: a rollback on it would be waited for as long again."""
        if self.cancelled is not None and self.cancelled():
            self.pgconn.finish()
            raise psycopg.OperationalError(_("已中断"))
        if late:
            self.pgconn.finish()
            raise psycopg.OperationalError(_("{seconds} 秒没有回音").format(seconds=int(self.patience)))


# -- groups of parameters ------------------------------------------------------------------------------------------------


def groups(count: int, width: int) -> str:
    return ", ".join([f"({', '.join(['%s'] * width)})"] * count)


_TYPES = (
    "bytea", "bigint", "bigint", "bytea", "bigint", "bigint", "bigint", "text", "text", "integer", "bytea", "integer",
    "bytea", "bytea", "bigint",
)  # fmt: skip
_TYPED = f"({', '.join(f'CAST(%s AS {name})' for name in _TYPES)})"


def typed(count: int) -> str:
    """Rows of acts; the first one says of which type each column is."""
    return ", ".join([_TYPED, *([f"({', '.join(['%s'] * len(_TYPES))})"] * (count - 1))])


def within(ranges: Sequence[Range]) -> tuple[str, list[Any]]:
    return " OR ".join([RANGE] * len(ranges)), [value for each in ranges for value in each]


def parts(things: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [things[start : start + size] for start in range(0, len(things), size)]
