"""Times as a duty officer types them: `1402`, `昨2340`, `5分钟前`. Pure functions: the present comes in as `now`."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta

from dutydesk.core.clock import CST, DAY, HOUR, MINUTE, local, parse_iso, utc_ms
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _

GRACE = 5 * MINUTE

_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})[:.时点](?P<minute>\d{2})?(?:[:.分](?:(?P<second>\d{2})秒?)?)?"
    r"|(?P<hour2>\d{1,2})(?P<minute2>\d{2})"
)
_DAY_WORD = re.compile(
    r"(?P<word>大前[天日]|前[天日晚夜]|昨[天日晚夜晨]?|今[天日晚夜晨晚]?|明[天日早晚晨]?|后[天日])\s*(?P<rest>.*)"
)
_BACK = {"大前": -3, "前": -2, "昨": -1, "今": 0, "明": 1, "后": 2}
_FULL = re.compile(
    r"(?P<y>\d{4})(?:[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})日?|(?P<m2>\d{2})(?P<d2>\d{2}))[\sT]*(?P<rest>.*)"
)
_MONTH_DAY = re.compile(r"(?:(?P<m>\d{1,2})[-/月](?P<d>\d{1,2})日?|(?P<m2>\d{2})(?P<d2>\d{2})\s)\s*(?P<rest>.*)")
_AGO = re.compile(r"(?:(?P<half>半)|(?P<count>\d{1,3}))个?(?P<unit>分钟?|小?时|钟头)(?P<side>[以之]?前|后)")
_NOW = ("", "刚才", "刚刚", "现在", "此刻", "now")


def parse_time(text: str, now: int) -> int:
    """When something happened, as a duty officer types it: the start of that minute (or second), ms UTC.

    `1402`, `905`, `14:02`, `14时02分`, `9点`; `昨2340`, `前天0815`; `11-21 2340`, `1121 2340`; `20261121 2340`,
    `2026-11-21 23:40`; `5分钟前`, `半小时前`; nothing or `刚才` is this minute. Digits and signs may be full width.

    The log tells of the past. A time of day alone is the latest such moment: at 00:10 `2355` is yesterday's, and only
    up to five minutes ahead (a wall clock that runs fast) is today's. A day without a year is this year's, or last
    year's where this year's is still to come. A day that is named is taken as it is, and refused in the future.

    Raises `Refused` with a sentence for the field `happened_at`.
    """
    plain = _plain(text)
    if plain.casefold() in _NOW:
        return now - now % MINUTE
    ago = _AGO.fullmatch(plain)
    if ago and ago["side"] != "后":
        at = now - _span(ago)
        return at - at % MINUTE
    today = local(now).date()
    day, rest = _day(plain, today, now)
    if day is None:
        at = _at(today, rest, text)
        return next(moment for moment in (at + DAY, at, at - DAY) if moment <= now + GRACE)
    at = _at(day, rest, text)
    if at > now + GRACE:
        raise _refused(_("时间还没有到：{text}").format(text=text.strip()))
    return at


def parse_due(text: str, now: int) -> int | None:
    """When something is to be answered: the coming such time of day (`1500`), `明0830`, `11-23 0900`, `30分钟后`,
    `2小时后`; None for nothing. Times as in `parse_time`. Raises `Refused` for the past."""
    plain = _plain(text)
    if not plain:
        return None
    later = _AGO.fullmatch(plain)
    if later and later["side"] == "后":
        at = now + _span(later)
        return at - at % MINUTE
    today = local(now).date()
    day, rest = _day(plain, today, None)
    if day is None:
        at = _at(today, rest, text)
        return at if at >= now - now % MINUTE else at + DAY
    at = _at(day, rest, text)
    if at < now - now % MINUTE:
        raise _refused(_("时间已经过去：{text}").format(text=text.strip()), "follow_up_at")
    return at


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).replace("：", ":").split())


def _refused(reason: str, field: str = "happened_at") -> Refused:
    return Refused(Problem(reason, field))


def _span(match: re.Match[str]) -> int:
    unit = MINUTE if match["unit"].startswith("分") else HOUR
    return unit // 2 if match["half"] else int(match["count"]) * unit


def _day(plain: str, today: date, past: int | None) -> tuple[date | None, str]:
    """The day that a text names and what follows it; None when it names none. With `past` (now) a day without a year
    lies behind it, without it ahead."""
    word = _DAY_WORD.fullmatch(plain)
    if word:
        return _named_day(word, today), word["rest"]
    full = _FULL.fullmatch(plain)
    if full:
        made = _date(int(full["y"]), int(full["m"] or full["m2"]), int(full["d"] or full["d2"]))
        if made is None:
            raise _refused(_("没有这一天：{text}").format(text=plain))
        return made, full["rest"]
    short = _MONTH_DAY.fullmatch(plain)
    if short is None:
        return None, plain
    month, day = int(short["m"] or short["m2"]), int(short["d"] or short["d2"])
    first = today if past is None else local(past + GRACE).date()
    years = (first.year, first.year + 1) if past is None else (first.year, first.year - 1)
    for year in years:
        made = _date(year, month, day)
        if made is not None and (made >= today if past is None else made <= first):
            return made, short["rest"]
    raise _refused(_("没有这一天：{text}").format(text=plain))


def _named_day(word: re.Match[str], today: date) -> date:
    name, rest = word["word"], word["rest"]
    evening = name.endswith(("晚", "夜"))
    if evening and re.match(r"(0?\d|1[01])(?!\d)[:.时点]|(0?\d|1[01])\d{2}$", rest):
        raise _refused(_("晚上的时间请按 24 小时制写：{text}").format(text=word[0]))
    back = next(days for start, days in _BACK.items() if name.startswith(start))
    return today + timedelta(days=back)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _at(day: date, clock: str, typed: str) -> int:
    """The moment `clock` of `day`; 24:00 is the end of the day."""
    match = _CLOCK.fullmatch(clock.strip())
    if match is None:
        return _iso(typed)
    hour = int(match["hour"] or match["hour2"])
    minute, second = int(match["minute"] or match["minute2"] or 0), int(match["second"] or 0)
    if minute > 59 or second > 59 or hour > 24 or (hour == 24 and (minute or second)):
        raise _refused(_("没有这个时刻：{text}").format(text=typed.strip()))
    return utc_ms(datetime(day.year, day.month, day.day, tzinfo=CST)) + hour * HOUR + minute * MINUTE + second * 1000


def _iso(typed: str) -> int:
    """A whole time with a zone, as other programs write it; else nothing that we know."""
    try:
        if ":" in typed:
            return parse_iso(typed)
    except ValueError:
        pass
    raise _refused(_("认不出时间：{text}。可写 1402、14:02、昨2340、11-21 2340").format(text=typed.strip() or "—"))
