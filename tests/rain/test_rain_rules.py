from __future__ import annotations

from datetime import date

import pytest

from dutydesk.core.clock import DAY, parse_iso
from dutydesk.core.reference import reference
from dutydesk.rain.rules import (
    DryRun,
    Signal,
    Total,
    Trend,
    day_start,
    dry_run,
    grade,
    is_heavy_hour,
    is_suspicious,
    reached,
    reference_of,
    signals_for,
    tenths_of,
    trend,
    worst_key,
)

RULES = reference_of(reference("rain"))
DAY_OF = date(2026, 6, 18)


def test_every_row_says_where_it_comes_from() -> None:
    for title, table in reference("rain")["tables"].items():
        codes = [row["code"] for row in table["rows"]]
        assert len(codes) == len(set(codes)), title
        for row in table["rows"]:
            for key in ("source", "place", "date", "mark"):
                assert str(row.get(key, table.get(key, ""))).strip(), f"{title}/{row['code']}: {key}"
            assert row["zh"]
            assert row["en"].isascii()


@pytest.mark.parametrize(
    ("hours", "mm", "code"),
    [
        (24, "0.0", "TRACE"),
        (24, "0.1", "LIGHT"),
        (24, "9.9", "LIGHT"),
        (24, "10.0", "MODERATE"),
        (24, "24.9", "MODERATE"),
        (24, "25.0", "HEAVY"),
        (24, "49.9", "HEAVY"),
        (24, "50.0", "STORM"),
        (24, "99.9", "STORM"),
        (24, "100.0", "HEAVY_STORM"),
        (24, "249.9", "HEAVY_STORM"),
        (24, "250.0", "EXTREME_STORM"),
        (24, "3000.0", "EXTREME_STORM"),
        (12, "0.0", "TRACE"),
        (12, "0.1", "LIGHT"),
        (12, "4.9", "LIGHT"),
        (12, "5.0", "MODERATE"),
        (12, "14.9", "MODERATE"),
        (12, "15.0", "HEAVY"),
        (12, "29.9", "HEAVY"),
        (12, "30.0", "STORM"),
        (12, "69.9", "STORM"),
        (12, "70.0", "HEAVY_STORM"),
        (12, "139.9", "HEAVY_STORM"),
        (12, "140.0", "EXTREME_STORM"),
    ],
)
def test_grades_at_their_bounds(hours: int, mm: str, code: str) -> None:
    assert grade(tenths_of(mm), RULES.grades[hours]).code == code


def test_a_negative_amount_has_no_grade() -> None:
    with pytest.raises(ValueError):
        grade(-1, RULES.grades[24])


@pytest.mark.parametrize(("tenths", "heavy"), [(199, False), (200, True), (None, False)])
def test_short_time_heavy_rain(tenths: int | None, heavy: bool) -> None:
    assert is_heavy_hour(tenths, RULES) is heavy


def all_sums(hours: int, tenths: int | None) -> dict[int, Total]:
    """Only the window of `hours` has rain."""
    return {each: Total(tenths if each == hours else 0, complete=False) for each in (1, 3, 6, 12, 24)}


@pytest.mark.parametrize(
    ("hours", "tenths", "colour"),
    [
        (12, 499, None),
        (12, 500, "BLUE"),
        (6, 499, None),
        (6, 500, "YELLOW"),
        (3, 499, None),
        (3, 500, "ORANGE"),
        (3, 999, "ORANGE"),
        (3, 1000, "RED"),
        (24, 5000, None),
        (3, None, None),
    ],
)
def test_national_signals_at_their_bounds(hours: int, tenths: int | None, colour: str | None) -> None:
    found = reached(all_sums(hours, tenths), signals_for(RULES, "330102", DAY_OF))
    assert (found.colour if found else None) == colour


@pytest.mark.parametrize(
    ("hours", "tenths", "colour"),
    [(3, 999, None), (6, 999, "YELLOW"), (6, 1000, "ORANGE"), (24, 1499, None), (24, 1500, "ORANGE"), (3, 1000, "RED")],
)
def test_a_region_with_its_own_row_and_alternative(hours: int, tenths: int, colour: str | None) -> None:
    found = reached(all_sums(hours, tenths), signals_for(RULES, "110105", DAY_OF))
    assert (found.colour if found else None) == colour


def test_a_regional_row_holds_from_its_day_on() -> None:
    before = {row.colour: row for row in signals_for(RULES, "110105", date(2025, 8, 25))}
    after = {row.colour: row for row in signals_for(RULES, "110105", date(2025, 8, 26))}
    assert (before["ORANGE"].region, after["ORANGE"].region) == ("", "11")
    assert list(after) == ["RED", "ORANGE", "YELLOW", "BLUE"]


def test_signals_of_another_type_are_not_rain() -> None:
    assert signals_for(RULES, "330102", DAY_OF, "11B01") == ()


@pytest.mark.parametrize(
    ("last", "before", "found"),
    [
        (Total(20, True), Total(10, True), Trend.RISING),
        (Total(10, True), Total(20, True), Trend.FALLING),
        (Total(14, True), Total(10, True), Trend.STEADY),
        (Total(15, True), Total(10, True), Trend.RISING),
        (Total(0, True), Total(0, True), Trend.STEADY),
        (Total(20, False), Total(10, True), Trend.UNKNOWN),
        (Total(20, True), Total(None, False), Trend.UNKNOWN),
    ],
)
def test_trend(last: Total, before: Total, found: Trend) -> None:
    assert trend(last, before, RULES.trend) is found


def test_the_worst_comes_first() -> None:
    colours: dict[str, Signal] = {row.colour: row for row in signals_for(RULES, "", DAY_OF)}
    gauges = {
        "red": (colours["RED"], Total(10, True)),
        "orange": (colours["ORANGE"], Total(900, True)),
        "wet": (None, Total(30, False)),
        "dry": (None, Total(0, True)),
        "silent": (None, Total(None, False)),
    }
    found = sorted(gauges, key=lambda name: worst_key(*gauges[name], RULES))
    assert found == ["red", "orange", "wet", "dry", "silent"]


@pytest.mark.parametrize(
    ("at", "hour", "start"),
    [
        ("2026-06-18 08:00", 8, "2026-06-18 08:00"),
        ("2026-06-18 07:59", 8, "2026-06-17 08:00"),
        ("2026-06-18 23:00", 20, "2026-06-18 20:00"),
        ("2026-06-18 19:00", 20, "2026-06-17 20:00"),
    ],
)
def test_the_rain_day_begins_at_beijing_time(at: str, hour: int, start: str) -> None:
    assert day_start(parse_iso(at), hour) == parse_iso(start)
    assert day_start(parse_iso(at) + DAY, hour) == parse_iso(start) + DAY


@pytest.mark.parametrize(
    ("days", "found"),
    [
        ([Total(0, True), Total(0, True), Total(1, True), Total(0, True)], DryRun(2, True)),
        ([Total(0, True), Total(0, False), Total(0, True)], DryRun(1, False)),
        ([Total(0, True), Total(5, False)], DryRun(1, True)),
        ([Total(0, True)], DryRun(1, False)),
        ([Total(3, True)], DryRun(0, True)),
        ([], DryRun(0, False)),
    ],
)
def test_dry_days_end_with_rain_or_with_ignorance(days: list[Total], found: DryRun) -> None:
    assert dry_run(days, RULES.dry_day) == found


@pytest.mark.parametrize(
    ("tenths", "minutes", "suspicious"),
    [(2000, 60, False), (2001, 60, True), (5525, 1440, False), (500, 5, False), (501, 5, True), (501, 15, True)],
)
def test_suspicious_amounts(tenths: int, minutes: int, suspicious: bool) -> None:
    assert is_suspicious(tenths, minutes, RULES.suspicious) is suspicious


@pytest.mark.parametrize("text", ["1.25", "x", "NaN"])
def test_tenths_of_refuses_what_is_finer(text: str) -> None:
    with pytest.raises((ValueError, ArithmeticError)):
        tenths_of(text)
