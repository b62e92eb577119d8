"""The mark of a second place: whose copies lie there, and that it is the disk it was.

A stick that is not plugged in leaves an empty folder behind, and copies would fill the machine's own disk without a
word; another stick would get them as gladly. So the first copy leaves a mark at the place, the desk remembers it, and
from then on a place without it is not written to before a person says that it is a new one. Two desks never share a
place: each would let the other's copies go.
"""

from __future__ import annotations

import json
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from dutydesk.core.errors import Problem, Refused, Unavailable
from dutydesk.core.files import write_synced
from dutydesk.core.i18n import _
from dutydesk.core.settings import DeskConfig

if TYPE_CHECKING:
    from dutydesk.sync.second import Place

NAME = "dutydesk-place.json"
KNOWN = "places.json"
"""In the folder of copies: address → marks that this desk has left there."""
LONGEST = 4_096


@dataclass(frozen=True, slots=True)
class Mark:
    """`place` 32 hex digits; `desk`, `code`, `unit` of the desk whose copies lie there; `last` the newest of them, since
    clocks are set wrong."""

    place: str
    desk: str
    code: str = ""
    unit: str = ""
    last: str = ""


def known(folder: Path) -> Mapping[str, list[str]]:
    """What the desk remembers of its places."""
    try:
        told: Any = json.loads((folder / KNOWN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(told, dict):
        return {}
    places = cast("dict[str, list[str]]", told)
    return {address: [str(one) for one in marks] for address, marks in places.items()}


def forget(folder: Path) -> None:
    """A copied desk has the other one's memory, and a place of its own to find."""
    (folder / KNOWN).unlink(missing_ok=True)


def read(there: Place) -> Mark | None:
    """The mark at a place; `None` where there is none, or nothing that is one."""
    with tempfile.TemporaryDirectory(prefix="dutydesk-mark-") as work:
        got = Path(work) / NAME
        there.fetch(NAME, got)
        data = got.read_bytes()
    try:
        told: Any = json.loads(data) if len(data) <= LONGEST else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    said = cast("dict[str, Any]", told)
    return Mark(**{name: str(said.get(name) or "") for name in ("place", "desk", "code", "unit", "last")})


def check(there: Place, config: DeskConfig, folder: Path | None, *, new_place: bool = False) -> Mark:
    """The mark of the place that a copy is about to go to, a fresh one where it is new. `folder` is where the desk
    remembers its places. Raises `Unavailable` where the mark is missing, `Refused` where another desk has left one."""
    remembered = known(folder).get(there.name, []) if folder is not None else []
    if new_place or not remembered:
        there.make()
    found = read(there) if NAME in there.names() else None
    if found is not None:
        ours = found.code == config.code or found.place in remembered  # a desk may get another code, a copy has one
        if found.desk != config.desk or not ours:
            whose = found.unit or found.code or found.desk[:8]
            raise Refused(
                Problem(
                    _("这里放的是另一台值班台（{whose}）的备份，请给本机另设一个文件夹").format(whose=whose),
                    "second_snapshots",
                )
            )
        return replace(found, code=config.code)
    if remembered and not new_place:
        raise Unavailable(
            _("{place} 上没有本机备份的标记：U 盘没有插上，或换了一个。换了新的，在“系统—记录”里按“认这个盘”").format(
                place=there.name
            )
        )
    return Mark(secrets.token_hex(16), config.desk, config.code, config.unit or config.name)


def leave(there: Place, mark: Mark, last: str, folder: Path | None) -> None:
    """Write the mark, naming the newest copy, and remember it."""
    with tempfile.TemporaryDirectory(prefix="dutydesk-mark-") as work:
        made = Path(work) / NAME
        text = json.dumps(asdict(replace(mark, last=last)), ensure_ascii=False, indent=1, sort_keys=True)
        made.write_text(text + "\n", encoding="utf-8")
        there.put(made, f".{NAME}.new")
        there.move(f".{NAME}.new", NAME)
    if folder is None:
        return
    told = dict(known(folder))
    if mark.place not in told.get(there.name, []):
        told[there.name] = [*told.get(there.name, []), mark.place]
        write_synced(folder / KNOWN, json.dumps(told, ensure_ascii=False, indent=1).encode())
