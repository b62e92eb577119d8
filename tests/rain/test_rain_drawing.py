from __future__ import annotations

import pytest

from dutydesk.core.clock import HOUR, MINUTE, local, parse_iso
from dutydesk.core.reference import reference
from dutydesk.rain.drawing import drawing
from dutydesk.rain.rules import reference_of, signals_for
from dutydesk.rain.series import Series

LIMITS = reference_of(reference("rain"))
AT = parse_iso("2026-06-18 14:30")
SIGNALS = signals_for(LIMITS, "330102", local(AT).date())


def five_minutes(*tenths: int | None, last: int = AT) -> Series:
    return Series([(last - back * 5 * MINUTE, 5, value) for back, value in enumerate(reversed(tenths))])


def test_a_short_span_shows_the_gauges_own_periods() -> None:
    found = drawing(five_minutes(*[1] * 100), 6, AT, SIGNALS, LIMITS)
    assert (found.minutes, len(found.ends), found.ends[0], found.ends[-1]) == (5, 72, AT - 6 * HOUR + 5 * MINUTE, AT)
    assert [(line.label, line.level, line.on_total) for line in found.lines] == [("黄 6h 50 mm", "yellow", True)]


def test_a_longer_span_shows_hours_cut_to_the_span() -> None:
    found = drawing(five_minutes(*[1] * 300), 12, AT, SIGNALS, LIMITS)
    assert (found.minutes, len(found.ends)) == (60, 13)
    assert (found.tenths[0], found.tenths[1], found.tenths[-1], sum(filter(None, found.tenths))) == (6, 12, 6, 144)
    assert found.ends[-1] == parse_iso("2026-06-18 15:00")
    assert [line.label for line in found.lines] == ["短时强降水 20 mm", "蓝 12h 50 mm"]


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (3, ["红 3h 100 mm", "橙 3h 50 mm"]),
        (24, ["短时强降水 20 mm", "暴雨 50 mm", "大暴雨 100 mm", "特大暴雨 250 mm"]),
        (72, ["短时强降水 20 mm"]),
    ],
)
def test_each_span_has_the_lines_of_its_length(hours: int, words: list[str]) -> None:
    assert [line.label for line in drawing(five_minutes(*[1] * 400), hours, AT, SIGNALS, LIMITS).lines] == words


def test_what_was_not_measured_is_not_drawn_as_dry() -> None:
    series = five_minutes(*[1] * 12, *[None] * 36, *[2] * 12, last=AT - 30 * MINUTE)
    assert drawing(series, 12, AT, SIGNALS, LIMITS).tenths[-6:] == (12, None, None, None, 24, None)
    assert drawing(series, None, AT, SIGNALS, LIMITS).tenths == (12, None, None, None, 24)


def test_a_gauge_of_days_shows_days() -> None:
    days = Series([(parse_iso(f"2026-06-{day} 08:00"), 1440, day) for day in (15, 16, 17)])
    assert drawing(days, None, AT, SIGNALS, LIMITS).minutes == 1440
    mixed = Series(
        [*((parse_iso(f"2026-06-{day} 08:00"), 1440, day) for day in (15, 16)), (parse_iso("2026-06-17 14:00"), 60, 5)]
    )
    found = drawing(mixed, None, AT, SIGNALS, LIMITS)
    assert (found.minutes, found.ends[0], found.tenths) == (1440, parse_iso("2026-06-15 08:00"), (15, 16, None, 5))


def test_nothing_gives_an_empty_drawing() -> None:
    assert drawing(Series([]), None, AT, SIGNALS, LIMITS).ends == ()
    assert drawing(five_minutes(1, last=AT - 9 * HOUR), 6, AT, SIGNALS, LIMITS).ends == ()
