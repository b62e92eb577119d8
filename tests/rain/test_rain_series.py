from __future__ import annotations

import itertools
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.clock import DAY, HOUR, MINUTE, parse_iso
from dutydesk.core.reference import reference
from dutydesk.rain.rules import DryRun, Total, Trend, reference_of, signals_for
from dutydesk.rain.series import NONE, Series, dry_run, reached, sums, trend

T0 = parse_iso("2026-06-18 08:00")
RULES = reference_of(reference("rain"))
Sample = tuple[int, int, int | None]


def hourly(*tenths: int | None, start: int = T0) -> list[Sample]:
    return [(start + (n + 1) * HOUR, 60, each) for n, each in enumerate(tenths)]


def minutes5(*tenths: int | None, start: int = T0) -> list[Sample]:
    return [(start + (n + 1) * 5 * MINUTE, 5, each) for n, each in enumerate(tenths)]


def test_sums_end_at_a_moment_and_say_whether_they_are_whole() -> None:
    series = Series(hourly(10, 20, 30, 40))
    assert sums(series, T0 + 4 * HOUR) == {
        1: Total(40, True),
        3: Total(90, True),
        6: Total(100, False),
        12: Total(100, False),
        24: Total(100, False),
    }
    assert series.window(T0, 60) == Total(None, complete=False)
    assert series.between(T0, T0 + 2 * HOUR) == Total(30, complete=True)
    assert series.between(T0 + 1, T0 + 2 * HOUR) == Total(20, complete=False)


def test_a_missing_reading_is_at_least_never_nothing() -> None:
    series = Series(hourly(10, None, 30))
    assert series.window(T0 + 3 * HOUR, 180) == Total(40, complete=False)
    assert series.window(T0 + 2 * HOUR, 60) == Total(None, complete=False)
    assert (series.count, series.missing) == (3, 1)
    assert series.whole() == Total(40, complete=False)


def test_a_gap_without_any_row_is_incomplete_too() -> None:
    series = Series(hourly(10) + hourly(30, start=T0 + 2 * HOUR))
    assert series.whole() == Total(40, complete=False)


def test_the_largest_hour_is_any_sixty_minutes_that_end_at_a_sample() -> None:
    series = Series(minutes5(*[0] * 6, *[10] * 12, *[0] * 6))
    peak = series.peak()
    assert (peak.tenths, peak.at) == (120, T0 + 18 * 5 * MINUTE)
    late = series.peak(start=T0 + 12 * 5 * MINUTE)
    assert (late.tenths, late.at) == (60, T0 + 24 * 5 * MINUTE)
    assert series.peak(end=T0 + 9 * 5 * MINUTE).tenths == 30
    assert Series(hourly(None)).peak().tenths is None
    assert Series([]).peak().at is None


def test_an_hour_and_its_minutes_are_never_added() -> None:
    series = Series(minutes5(*[1] * 12) + hourly(12))
    assert series.whole() == Total(12, complete=True)
    assert series.compared == ()


def test_a_published_sum_that_differs_is_compared_and_the_finer_readings_hold() -> None:
    series = Series(minutes5(*[1] * 12) + hourly(15))
    assert series.whole() == Total(12, complete=True)
    assert [(each.minutes, each.published, each.summed) for each in series.compared] == [(60, 15, 12)]


def test_a_published_sum_mends_a_gap_of_the_finer_readings() -> None:
    fine = minutes5(*[1] * 6, None, *[1] * 5)
    series = Series(fine + hourly(20))
    assert series.window(T0 + HOUR, 60) == Total(20, complete=True)
    assert series.window(T0 + HOUR, 30) == Total(5, complete=False)
    assert series.between(T0, T0 + 2 * HOUR) == Total(20, complete=False)
    assert Series(fine + hourly(20, 7)).between(T0, T0 + 2 * HOUR) == Total(27, complete=True)
    assert series.peak().tenths == 20


def test_published_figures_inside_one_another() -> None:
    end = parse_iso("2021-07-20 20:00")
    series = Series([(end - 3 * HOUR, 60, 2019), (end, 1440, 5525), (end, 3 * 1440, 6171)])
    assert series.whole() == Total(6171, complete=True)
    assert series.window(end, 1440) == Total(5525, complete=True)
    assert series.window(end, 720) == Total(2019, complete=False)
    assert series.window(end, 60) == Total(None, complete=False)
    assert series.window(end, 2 * 1440) == Total(5525, complete=False)
    assert series.peak().tenths == 2019


def test_sliding_hours_are_not_added_up() -> None:
    slid = [(T0 + HOUR + n * 10 * MINUTE, 60, 60) for n in range(13)]
    series = Series(slid)
    assert series.window(T0 + HOUR + 10 * MINUTE, 60) == Total(60, complete=True)
    assert series.window(T0 + 3 * HOUR, 180) == Total(180, complete=True)


def test_the_mass_curve_ends_with_the_sum() -> None:
    ends, running = Series(hourly(1, None, 3)).cumulative()
    assert (list(ends), list(running)) == ([T0 + HOUR, T0 + 3 * HOUR], [1, 4])


def test_signals_and_trend_of_a_gauge() -> None:
    series = Series(hourly(100, 150, 250))
    signals = signals_for(RULES, "330102", date(2026, 6, 18))
    found = reached(series, T0 + 3 * HOUR, signals)
    assert found is not None
    assert found.colour == "ORANGE"
    assert reached(series, T0 + 2 * HOUR, signals) is None
    assert trend(series, T0 + 3 * HOUR, RULES.trend) is Trend.RISING
    assert trend(series, T0 + HOUR, RULES.trend) is Trend.UNKNOWN


def test_dry_days_by_both_boundaries() -> None:
    rain = [0] * 12 + [5] + [0] * (24 * 4 - 13)
    series = Series(hourly(*rain))
    assert dry_run(series, T0 + 4 * DAY, 8, RULES.dry_day) == DryRun(3, certain=True)
    assert dry_run(series, T0 + 4 * DAY, 20, RULES.dry_day) == DryRun(2, certain=True)
    assert dry_run(Series(hourly(*[0] * 48)), T0 + 2 * DAY, 8, RULES.dry_day) == DryRun(2, certain=False)
    assert dry_run(Series([]), T0, 8, RULES.dry_day) == DryRun(0, certain=False)


# --- against brute force


def brute(samples: list[Sample], start: int, end: int) -> Total:
    """All non-overlapping choices of the samples inside, tried one by one."""
    inside = [(e - m * MINUTE, e, t) for e, m, t in samples if t is not None and e - m * MINUTE >= start and e <= end]
    whole: list[int] = []
    best: int | None = None
    for mask in range(1, 1 << len(inside)):
        chosen = sorted(inside[n] for n in range(len(inside)) if mask >> n & 1)
        if any(left[1] > right[0] for left, right in itertools.pairwise(chosen)):
            continue
        total = sum(each[2] for each in chosen)
        best = total if best is None else max(best, total)
        if sum(each[1] - each[0] for each in chosen) == end - start:
            whole.append(total)
    return Total(max(whole), True) if whole else Total(best, False)


@st.composite
def regular(draw: st.DrawFn) -> list[Sample]:
    """Samples of one length with gaps, missing values and any order."""
    minutes = draw(st.sampled_from([5, 10, 60]))
    slots = draw(st.lists(st.integers(0, 40), unique=True, min_size=1, max_size=30))
    values = st.one_of(st.none(), st.integers(0, 300))
    return [(T0 + slot * minutes * MINUTE, minutes, draw(values)) for slot in slots]


@given(regular(), st.sampled_from([5, 30, 60, 180, 360]))
def test_rolling_sums_equal_brute_force_with_gaps(samples: list[Sample], window: int) -> None:
    series = Series(samples)
    rolling = series.rolling(window)
    assert list(rolling.ends) == sorted(end for end, _, _ in samples)
    for n, end in enumerate(rolling.ends):
        inside = [
            (m, t) for e, m, t in samples if t is not None and e - m * MINUTE >= end - window * MINUTE and e <= end
        ]
        expected = sum(t for _, t in inside) if inside else None
        complete = sum(m for m, _ in inside) == window
        assert (rolling.tenths[n], bool(rolling.complete[n])) == (NONE if expected is None else expected, complete)
        assert series.window(end, window) == Total(expected, complete)


@settings(max_examples=60)
@given(
    st.dictionaries(
        st.tuples(st.integers(1, 12), st.sampled_from([1, 2, 3, 4])), st.integers(0, 50), min_size=1, max_size=9
    ),
    st.integers(0, 11),
    st.integers(1, 12),
)
def test_overlapping_samples_never_claim_more_than_some_choice_of_them(
    grid: dict[tuple[int, int], int], first: int, length: int
) -> None:
    samples: list[Sample] = [(T0 + end * HOUR, hours * 60, tenths) for (end, hours), tenths in grid.items()]
    start, end = T0 + first * HOUR, T0 + (first + length) * HOUR
    found, expected = Series(samples).between(start, end), brute(samples, start, end)
    assert found.complete == expected.complete
    assert (found.tenths is None) == (expected.tenths is None)
    assert (found.tenths or 0) <= (expected.tenths or 0)


@pytest.mark.parametrize("step", [1, 5, 60])
def test_a_year_of_samples_is_summed_without_a_second_thought(step: int) -> None:
    count = 60_000
    series = Series((T0 + n * step * MINUTE, step, n % 3) for n in range(count))
    rolling = series.rolling(1440)
    width = 1440 // step
    assert rolling.complete.count(1) == count - width + 1
    assert rolling.tenths[-1] == sum(n % 3 for n in range(count - width, count))
