"""The rules of a roster 排班 as pure functions: kinds of day, rest, who may stand where, the fair share.

Numbers are given (`Numbers`), from `resources/reference/roster.json` and the ledger `settings`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from dutydesk.core.clock import CST, DAY, HOUR, local, utc_ms
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import N_, _

KINDS = ("WORKDAY", "RESTDAY", "HOLIDAY", "MAKEUP")
COUNTS = ("total", "weekend", "holiday", "night")
MARKS = {"SWAP": N_("调"), "SUBSTITUTE": N_("代")}
LONGEST = 400
"""Days that a roster may span."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """The district's numbers: milliseconds of rest between two shifts; hours of the day between which it is night; how
    long a shift must lie in it to be a night shift (ms); days to look ahead."""

    rest: int = 12 * HOUR
    night_from: int = 22
    night_to: int = 6
    night: int = 3 * HOUR
    ahead: int = 7


def parse_day(text: str, field: str = "date") -> date:
    """`2026-11-22` as a date. Raises `Refused`."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(Problem(_("应为日期，如 2026-06-18：{text}").format(text=text), field)) from None


def days(start: str, end: str) -> list[str]:
    """Every day from `start` to `end`, both included. Raises `Refused` for a span that is none or too long."""
    first, last = parse_day(start, "start"), parse_day(end, "end")
    if last < first:
        raise Refused(Problem(_("止期早于起期"), "end"))
    if (last - first).days >= LONGEST:
        raise Refused(Problem(_("一次最多 {days} 天").format(days=LONGEST), "end"))
    return [(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)]


def shift_day(day: str, by: int) -> str:
    """The day `by` days later."""
    return (date.fromisoformat(day) + timedelta(days=by)).isoformat()


def midnight(day: str) -> int:
    """The beginning of a local day, ms UTC."""
    when = date.fromisoformat(day)
    return utc_ms(datetime(when.year, when.month, when.day, tzinfo=CST))


# -- kinds of day -----------------------------------------------------------------------------------------------------


def announced(holidays: Iterable[str]) -> frozenset[str]:
    """The years whose days off are known: those with National Day in the table. A paper also names days of the years
    beside its own, so that any holiday at all would not tell (全国年节及纪念日放假办法: 10-01 is one every year)."""
    return frozenset(day[:4] for day in holidays if day[5:] == "10-01")


def kind_of(day: str, told: str | None, years: frozenset[str]) -> str | None:
    """What kind a day is: what the table says of it, else by the day of the week in a year that is announced, else
    None: it is not known, and never guessed."""
    if told:
        return told
    if day[:4] not in years:
        return None
    return "RESTDAY" if date.fromisoformat(day).weekday() >= 5 else "WORKDAY"


# -- crews ------------------------------------------------------------------------------------------------------------


def parse_crew(text: str) -> dict[str, int]:
    """`LEADER=1 PRIMARY=2` as numbers by post. Raises `Refused` for another text."""
    crew: dict[str, int] = {}
    for part in re.split(r"[\s,，;；]+", re.sub(r"\s*[=＝]\s*", "=", text.strip())):
        if not part:
            continue
        found = re.fullmatch(r"([A-Z][A-Z0-9_]*)=(\d{1,2})", part)
        if not found:
            raise Refused(Problem(_("应写成“岗位代码=人数”：{text}").format(text=part), "crew"))
        crew[found[1]] = int(found[2])
    return crew


def crew_words(crew: str, names: Mapping[str, str]) -> str:
    """`LEADER=1 PRIMARY=2` as `带班领导=1 主班=2`, `names` being the posts' by code; a text that is none as it is."""
    try:
        told = parse_crew(crew)
    except Refused:
        return crew
    return " ".join(f"{names.get(post, post)}={count}" for post, count in told.items())


def crew_coded(text: str, names: Mapping[str, str]) -> str:
    """The other way round; codes may stand there too. Raises `Refused` for a post that there is not."""
    codes = {name: code for code, name in names.items()} | {code: code for code in names}
    parts: list[str] = []
    for part in re.findall(r"[^=＝,，、;；]*[=＝]\s*\d*|[^=＝,，、;；\s]+", text):
        name, sign, count = (piece.strip() for piece in part.replace("＝", "=").partition("="))
        if name not in codes:
            reason = _("没有岗位“{text}”，可填 {known}").format(text=name, known=_("、").join(names.values()))
            raise Refused(Problem(reason, "crew"))
        parts.append(f"{codes[name]}{sign}{count}")
    parse_crew(" ".join(parts))
    return " ".join(parts)


def strongest(crews: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Of several crews, at each post the larger number; posts with none are left out."""
    made: dict[str, int] = {}
    for crew in crews:
        for post, count in crew.items():
            made[post] = max(made.get(post, 0), count)
    return {post: count for post, count in made.items() if count > 0}


def posts_of(text: str) -> frozenset[str]:
    """`PRIMARY SECONDARY` as posts."""
    return frozenset(part for part in re.split(r"[\s,，、;；]+", text.strip()) if part)


def is_night(start: int, end: int, numbers: Numbers) -> bool:
    """Whether enough of [start, end) lies in the night for it to be a night shift."""
    first = local(start).date() - timedelta(days=1)
    overlap = 0
    length = (numbers.night_to - numbers.night_from) % 24 * HOUR
    for n in range((end - start) // DAY + 3):
        opens = midnight((first + timedelta(days=n)).isoformat()) + numbers.night_from * HOUR
        overlap += max(0, min(end, opens + length) - max(start, opens))
    return overlap >= numbers.night > 0


# -- two duties of one person -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Duty:
    """[start, end) of a shift, ms UTC."""

    start: int
    end: int


def clash(one: Duty, other: Duty, rest: int) -> str:
    """What is wrong with one person standing both: DOUBLE (they overlap), RUNNING (one follows the other at once), REST
    (less than `rest` ms between them), or nothing."""
    first, second = (one, other) if one.start <= other.start else (other, one)
    gap = second.start - first.end
    if gap < 0:
        return "DOUBLE"
    if gap == 0:
        return "RUNNING"
    return "REST" if gap < rest else ""


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the roster: posts they may stand, the days between which they belong to it, the day they were trained
    (empty where nobody noted one), spans of days on which they are away."""

    person: bytes
    posts: frozenset[str]
    joined: str = ""
    left: str = ""
    trained: str = ""
    away: tuple[tuple[str, str], ...] = ()
    deputy: bytes | None = None
    standby: bool = False
    principal: bool = False


def unfit(member: Member, post: str, day: str) -> str:
    """Why a person may not stand a post in a shift of `day` (a shift belongs to the day on which it starts):
    UNQUALIFIED, LEFT, UNTRAINED, LEAVE, or nothing. NO_RECORD where nobody noted a training: to be asked, not refused.
    """
    if post not in member.posts:
        return "UNQUALIFIED"
    if (member.joined and day < member.joined) or (member.left and day > member.left):
        return "LEFT"
    if member.trained and member.trained > day:
        return "UNTRAINED"
    if any(first <= day <= until for first, until in member.away):
        return "LEAVE"
    return "" if member.trained else "NO_RECORD"


# -- the fair share ---------------------------------------------------------------------------------------------------


def shares(number: int, weights: Mapping[bytes, int]) -> dict[bytes, tuple[int, int]]:
    """Floor and ceiling of each person's fair share of `number` duties, in proportion to `weights`: how many of them
    the person is there to take. Exact fractions; whoever is there for none has (0, 0)."""
    whole = sum(weights.values())
    if not whole:
        return dict.fromkeys(weights, (0, 0))
    found: dict[bytes, tuple[int, int]] = {}
    for person, weight in weights.items():
        share = Fraction(number * weight, whole)
        low = share.numerator // share.denominator
        high = -(-share.numerator // share.denominator)
        found[person] = (min(low, weight), min(high, weight))
    return found


def overlap_union(spans: Sequence[tuple[int, int]]) -> int:
    """How long a set of [start, end) covers together."""
    whole, until = 0, -(2**62)
    for start, end in sorted(spans):
        if end > until:
            whole += end - max(start, until)
            until = end
    return whole
