"""What a printed sheet says of the record it was made from, and how the record answers for it.

The QR symbol at the foot of a P01 holds one line of ASCII:

    DD1;district;desk8;epoch;seq;hash16;shift        DD1;330102;0190c0de;1;512;9f3a…;2026-11-22/H24

`district` the GB/T 2260 code (may be empty); `desk8` the first 8 hex digits of the desk's id; `epoch`, `seq`, `hash16`
(16 hex digits) the journal head of that desk *before* the act that records the print, or, once the shift was handed
over, the head that was sealed at the takeover (`seals.py`); `shift` what the sheet is about. Whoever holds the paper can
ask any later record whether it still contains that head: an act that was altered or taken out before it cannot be
hidden, since every hash goes into the next one.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from dutydesk.core.clock import local
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _, language
from dutydesk.core.settings import DeskConfig
from dutydesk.journal import witness

_CODE = re.compile(
    r"DD1;(?P<district>[^;]*);(?P<desk>[0-9a-f]{8});(?P<epoch>\d{1,9});(?P<seq>\d{1,18});(?P<head>[0-9a-f]{16});"
    r"(?P<about>[^;]*)"
)
Verdict = Literal["same", "other", "aside", "absent"]
NUMERALS = "一二三四五六七八九"


@dataclass(frozen=True, slots=True)
class Sheet:
    """The head that a paper names; `desk` 8 and `head` 16 hex digits."""

    district: str
    desk: str
    epoch: int
    seq: int
    head: str
    about: str

    def code(self) -> str:
        """The line of the QR symbol."""
        return f"DD1;{self.district};{self.desk};{self.epoch};{self.seq};{self.head};{self.about}"


@dataclass(frozen=True, slots=True)
class Place:
    """How far one desk's acts reach: `code` its short code or the first digits of its id, `own` whether it is this desk
    as it is now, `before` whether it is this desk before a restore, `number` the last number of its log, empty where it
    has none, `at` (ms UTC) when its last act was recorded."""

    code: str
    own: bool
    epoch: int
    seq: int
    number: str
    at: int = 0
    before: bool = False

    def name(self) -> str:
        """`本机`, `二号机`, `北区机`, `0190c0de`."""
        if self.own:
            return _("本机")
        if self.before:
            return _("本机恢复前（{epoch}）").format(epoch=self.epoch)
        if self.code in tuple("123456789"):
            return _("{n}号机").format(n=self.code if language() == "en" else NUMERALS[int(self.code) - 1])
        return self.code if len(self.code) == 8 else _("{code}机").format(code=self.code)

    def text(self, now: int | None = None) -> str:
        """`本机至 #512`; of another desk also when its last act was made: `二号机至 #88（06:10）`, with the date where
        that is not the day of `now`."""
        told = _("{name}至 #{seq}").format(name=self.name(), seq=self.seq)
        if self.own or not self.at:
            return told
        moment = local(self.at)
        same = now is not None and local(now).date() == moment.date()
        return _("{place}（{time}）").format(place=told, time=f"{moment:%H:%M}" if same else f"{moment:%m-%d %H:%M}")


def covers(places: Sequence[Place], now: int | None = None) -> str:
    """What a sheet covers, in one line: `本机至 #512，二号机至 #88（06:10）`."""
    return _("，").join(place.text(now) for place in places)


def read(text: str) -> Sheet:
    """The sheet that a scanned line tells of. Raises `Refused` when it is not such a line."""
    match = _CODE.fullmatch(text.strip())
    if match is None:
        raise Refused(Problem(_("不是交接班表上的二维码：{text}").format(text=text.strip()[:40])))
    return Sheet(
        match["district"], match["desk"], int(match["epoch"]), int(match["seq"]), match["head"], match["about"]
    )


def check(connection: Connection, sheet: Sheet) -> Verdict:
    """Whether the record holds the head that a paper names: `same`; `aside` where it lies in quarantine, as the other
    branch of a fork does; `other` where another act stands in its place; `absent` where the record does not reach that
    far, or knows no such desk."""
    found = connection.exec_driver_sql(
        "SELECT hash FROM act WHERE desk IN (SELECT DISTINCT desk FROM frontier WHERE substr(hex(desk), 1, 8) = ?)"
        " AND epoch = ? AND seq = ?",
        (sheet.desk.upper(), sheet.epoch, sheet.seq),
    ).all()
    heads = [bytes(head).hex()[:16] for (head,) in found]
    if sheet.head in heads:
        return "same"
    kept = connection.exec_driver_sql(
        "SELECT act FROM quarantine WHERE substr(hex(desk), 1, 8) = ? AND epoch = ? AND seq = ?",
        (sheet.desk.upper(), sheet.epoch, sheet.seq),
    )
    if any(base64.b64decode(json.loads(act)["hash"]).hex()[:16] == sheet.head for (act,) in kept):
        return "aside"
    return "other" if heads else "absent"


def confirmed(connection: Connection, sheet: Sheet) -> int | None:
    """When a hub first confirmed the record that a paper was printed from, ms UTC; None where none did."""
    found = connection.exec_driver_sql(
        "SELECT desk FROM act WHERE desk IN (SELECT DISTINCT desk FROM frontier WHERE substr(hex(desk), 1, 8) = ?)"
        " AND epoch = ? AND seq = ?",
        (sheet.desk.upper(), sheet.epoch, sheet.seq),
    ).all()
    times = [witness.seen_at(connection, bytes(desk), sheet.epoch, sheet.seq) for (desk,) in found]
    return min((at for at in times if at is not None), default=None)


def frontier(connection: Connection, config: DeskConfig) -> list[Place]:
    """How far every desk's epochs reach, this desk's own first."""
    reached = connection.exec_driver_sql("SELECT desk, epoch, seq FROM frontier ORDER BY desk, epoch")
    return places_of(connection, config, [(bytes(desk), int(epoch), int(seq)) for desk, epoch, seq in reached])


def places_of(connection: Connection, config: DeskConfig, reached: Sequence[tuple[bytes, int, int]]) -> list[Place]:
    """The places of (desk, epoch, seq), this desk's own first."""
    own = config.desk_id
    numbers = _last_numbers(connection)
    places: list[tuple[bool, bytes, Place]] = []
    for desk, epoch, seq in reached:
        told = _epoch(connection, desk, epoch)
        code = str(told.get("code") or desk.hex()[:8])
        number = numbers.get(desk, "")
        if number:
            drill = "演-" if told.get("drill") else ""
            number = drill + (f"{told['code']}-" if told.get("code") else "") + number
        mine = desk == own
        at = connection.exec_driver_sql(
            "SELECT recorded_at FROM act WHERE desk = ? AND epoch = ? AND seq = ?", (desk, epoch, seq)
        ).scalar()
        now_own = mine and epoch == config.epoch
        places.append((not mine, desk, Place(code, now_own, epoch, seq, number, int(at or 0), mine and not now_own)))
    # This desk as it is now first, then what it was before a restore, then the others.
    places.sort(key=lambda item: (item[0], item[1], item[2].before, item[2].epoch))
    return [place for _other, _desk, place in places]


def _last_numbers(connection: Connection) -> dict[bytes, str]:
    """`2026-0123` by desk: the last number of its log."""
    found = connection.exec_driver_sql("SELECT desk, year, n FROM counter WHERE ledger = 'log' ORDER BY year")
    return {bytes(desk): f"{year}-{n:04d}" for desk, year, n in found}


def _epoch(connection: Connection, desk: bytes, epoch: int) -> Mapping[str, object]:
    """What the first act of an epoch says of its desk."""
    body = connection.exec_driver_sql(
        "SELECT body FROM act WHERE desk = ? AND epoch = ? AND seq = 1", (desk, epoch)
    ).scalar()
    told: Mapping[str, object] = json.loads(body).get("epoch", {}) if body else {}
    return told
