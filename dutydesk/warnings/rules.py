"""Which warnings are in force: states from the messages and the time, the highest colour, what a typed one must say.

Times are milliseconds since the epoch. Sources: the message standard as domain research read it (12379 messages,
CAP 1.2 §3.2.1), 突发事件应对法 (2024) for what a warning must state, the lists of weather.com.cn for the assumed end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from dutydesk.core.clock import HOUR
from dutydesk.core.errors import Problem
from dutydesk.core.i18n import _

ASSUMED_HOURS = 12
"""Hours after issue when a warning without an end is taken to end (weather.com.cn's RELIEVETIME; a setting)."""
STALE_HOURS = 72
"""Hours after issue from which a warning still in force is to be checked (wmo-raf/climweb #816; a setting)."""


class Colour(StrEnum):
    """Colours, the most serious first (中国气象局令第16号)."""

    RED = "RED"
    ORANGE = "ORANGE"
    YELLOW = "YELLOW"
    BLUE = "BLUE"

    @property
    def rank(self) -> int:
        """1 for red to 4 for blue."""
        return list(Colour).index(self) + 1


NO_COLOUR_RANK = len(Colour) + 1


def rank(colour: Colour | None) -> int:
    """Sorts colours, red first and none last."""
    return NO_COLOUR_RANK if colour is None else colour.rank


class State(StrEnum):
    """Where a warning stands. NOT_LIVE is a test, an exercise, a system message or an acknowledgement: it never was
    a warning."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    SUPERSEDED = "SUPERSEDED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    NOT_LIVE = "NOT_LIVE"


ACTUAL = "Actual"
DRAFT = "Draft"
WARNING_TYPES = ("Alert", "Update")
CANCEL = "Cancel"


@dataclass(frozen=True, slots=True)
class Message:
    """What the rules need of a warning. `hazard` is its code, or its name where there is no code; `areas` holds region
    codes or names of places, nothing when unknown; `references` the identifiers it speaks of."""

    identifier: str
    sent: int
    hazard: str = ""
    colour: Colour | None = None
    issuer: str = ""
    status: str = ACTUAL
    msg_type: str = "Alert"
    starts: int | None = None
    expires: int | None = None
    references: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """A message and where it stands. `assumed` tells that nobody said when it ends; `by` the message that replaced or
    cancelled it; `stale` that it is in force since so long that somebody has to check it."""

    message: Message
    state: State
    ends_at: int
    assumed: bool
    by: str = ""
    stale: bool = False

    @property
    def in_force(self) -> bool:
        """On the live board and counted."""
        return self.state is State.ACTIVE


def ends(message: Message, assumed_hours: int = ASSUMED_HOURS) -> tuple[int, bool]:
    """When a warning ends, and whether that is only assumed: real messages often give the time of issue as their end,
    or none, which cannot be meant. The assumed end counts from the issue, or from a later start."""
    if message.expires is not None and message.expires > message.sent:
        return message.expires, False
    return max(message.sent, message.starts or message.sent) + assumed_hours * HOUR, True


def _prefix(code: str) -> str:
    """A region code without the zeros below its level: province 2, city 4, county 6, street 9, community 12."""
    for length in (2, 4, 6, 9):
        if not code[length:].strip("0"):
            return code[:length]
    return code


def covers(area: str, place: str) -> bool:
    """Whether `area` contains `place`: by region codes of 6 to 14 digits (GB/T 2260 and 10114), else by equal names."""
    if area.isdecimal() and place.isdecimal() and len(area) >= 6 and len(place) >= 6:
        return place[:12].startswith(_prefix(area[:12]))
    return area == place


def _overlap(one: Message, other: Message) -> bool:
    """Whether two messages may speak of the same place; one that names none may."""
    if not one.areas or not other.areas:
        return True
    return any(covers(a, b) or covers(b, a) for a in one.areas for b in other.areas)


def _order(message: Message) -> tuple[int, str]:
    return (message.sent, message.identifier)


def _spoken_of(later: Message, known: Mapping[str, Message], alike: Iterable[Message]) -> Iterable[Message]:
    """The messages that an Update or Cancel ends: those it names; without names the earlier ones of the same issuer
    for the same hazard and place, of the same colour where a Cancel gives one."""
    if later.references:
        return [known[name] for name in later.references if name in known]
    return [
        one
        for one in alike
        if one.msg_type in WARNING_TYPES
        and _overlap(one, later)
        and (later.msg_type != CANCEL or later.colour is None or one.colour in (None, later.colour))
    ]


def standings(
    messages: Iterable[Message],
    now: int,
    assumed_hours: int = ASSUMED_HOURS,
    stale_hours: int = STALE_HOURS,
) -> dict[str, Standing]:
    """Where every message stands at `now`, by identifier. The caller passes the messages known at that time.

    A test, exercise or draft changes nothing of real warnings, whatever it refers to. Only a later message ends an
    earlier one. Of messages with one identifier the latest counts.
    """
    known: dict[str, Message] = {}
    for message in messages:
        if message.identifier not in known or known[message.identifier].sent <= message.sent:
            known[message.identifier] = message
    actual = {name: message for name, message in known.items() if message.status == ACTUAL}
    alike: dict[tuple[str, str], list[Message]] = {}
    for message in actual.values():
        alike.setdefault((message.issuer, message.hazard), []).append(message)
    ended: dict[str, tuple[State, str]] = {}
    for later in sorted(actual.values(), key=_order):
        if later.msg_type == CANCEL:
            state = State.CANCELLED
        elif later.msg_type == "Update":
            state = State.SUPERSEDED
        else:
            continue
        named = bool(later.issuer and later.hazard)
        for earlier in _spoken_of(later, actual, alike[later.issuer, later.hazard] if named else ()):
            if _order(earlier) < _order(later):
                ended.setdefault(earlier.identifier, (state, later.identifier))
    return {
        name: _standing(message, now, assumed_hours, stale_hours, ended.get(name)) for name, message in known.items()
    }


def _standing(
    message: Message, now: int, assumed_hours: int, stale_hours: int, ended: tuple[State, str] | None
) -> Standing:
    end, assumed = ends(message, assumed_hours)
    if message.status == DRAFT:
        return Standing(message, State.DRAFT, end, assumed)
    if message.status != ACTUAL or message.msg_type not in (*WARNING_TYPES, CANCEL):
        return Standing(message, State.NOT_LIVE, end, assumed)
    if ended:
        return Standing(message, ended[0], end, assumed, by=ended[1])
    if message.msg_type == CANCEL:
        return Standing(message, State.CANCELLED, end, assumed)
    if now >= end:
        return Standing(message, State.EXPIRED, end, assumed)
    return Standing(message, State.ACTIVE, end, assumed, stale=now - message.sent >= stale_hours * HOUR)


@dataclass(frozen=True, slots=True)
class Level:
    """The present level of one hazard at one place: `colour` is the highest in force among those that are not stale,
    or of the stale ones when there are no others; `standings` all that are in force, the decisive one first."""

    hazard: str
    colour: Colour | None
    standings: tuple[Standing, ...]

    @property
    def assumed(self) -> bool:
        """Whether nobody said when the decisive warning ends."""
        return self.standings[0].assumed

    @property
    def stale(self) -> bool:
        """Whether the decisive warning is to be checked."""
        return self.standings[0].stale


def levels(found: Iterable[Standing], place: str = "") -> tuple[Level, ...]:
    """The present level of each hazard, the most serious first; at `place` (region code or name) when one is given.

    A warning that names no place counts everywhere. One that is stale never hides what is current.
    """
    by_hazard: dict[str, list[Standing]] = {}
    for one in found:
        areas = one.message.areas
        if one.in_force and (not place or not areas or any(covers(a, place) or covers(place, a) for a in areas)):
            by_hazard.setdefault(one.message.hazard, []).append(one)
    made: list[Level] = []
    for hazard, standing in by_hazard.items():
        standing.sort(key=lambda one: (one.stale, rank(one.message.colour), -one.message.sent, one.message.identifier))
        made.append(Level(hazard, standing[0].message.colour, tuple(standing)))
    return tuple(sorted(made, key=lambda level: (rank(level.colour), level.hazard)))


@dataclass(frozen=True, slots=True)
class Typed:
    """A warning as somebody types it; names are those of the ledger `warnings`."""

    type: str = ""
    colour: str = ""
    issuer: str = ""
    areas: str = ""
    issued_at: int | None = None
    starts_at: int | None = None
    ends_at: int | None = None
    status: str = ACTUAL
    msg_type: str = "Alert"
    references: tuple[str, ...] = ()


def check_typed(typed: Typed) -> tuple[Problem, ...]:
    """What is wrong with a typed warning, by field; nothing when it may be saved.

    A warning states class, level, issuer, range and time of issue (突发事件应对法 2024); nothing in it precedes its
    issue (wmo-raf/cap-composer #135); an update or cancellation says of what (CAP 1.2 §3.2.1 references).
    """
    wanted = (
        ("type", typed.type, _("未填预警类别")),
        ("colour", typed.colour, _("未填预警颜色")),
        ("issuer", typed.issuer, _("未填发布单位")),
        ("areas", typed.areas, _("未填影响范围")),
        ("issued_at", typed.issued_at, _("未填发布时间")),
    )
    problems = [Problem(reason, field=field) for field, value, reason in wanted if value in ("", None)]
    if typed.colour and typed.colour not in Colour.__members__:
        problems.append(Problem(_("颜色应为红、橙、黄、蓝：{colour}").format(colour=typed.colour), field="colour"))
    if typed.issued_at is not None:
        if typed.ends_at is not None and typed.ends_at < typed.issued_at:
            problems.append(Problem(_("结束时间早于发布时间"), field="ends_at"))
        if typed.starts_at is not None and typed.starts_at < typed.issued_at:
            problems.append(Problem(_("生效时间早于发布时间"), field="starts_at"))
    if typed.ends_at is not None and typed.starts_at is not None and typed.ends_at < typed.starts_at:
        problems.append(Problem(_("结束时间早于生效时间"), field="ends_at"))
    if typed.msg_type in ("Update", CANCEL) and not typed.references:
        problems.append(Problem(_("更新或解除要写明原预警"), field="references"))
    return tuple(problems)
