from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt

from dutydesk.core.clock import HOUR
from dutydesk.qt import theme
from dutydesk.qt.charts import Hyetograph, Threshold, tick_text, tick_times
from dutydesk.qt.rainseries import RainSeries

START = 1_781_712_000_000  # 2026-06-18 00:00 +08:00


def hours(*tenths: int | None) -> RainSeries:
    return RainSeries([START + (n + 1) * HOUR for n in range(len(tenths))], tenths, 60)


def test_few_periods_are_drawn_one_by_one() -> None:
    series = hours(0, 125, None, 30)
    start, end = series.span
    bars = series.bars(start, end, 1_000)
    assert bars.height.tolist() == [0, 12.5, 3]
    assert bars.right.tolist() == [START / 1_000 + 3_600 * n for n in (1, 2, 4)]
    assert (bars.right - bars.left).tolist() == [3_600] * 3


def test_what_was_not_measured_is_a_gap_not_a_zero() -> None:
    series = hours(0, None, None, 30)
    assert [side.tolist() for side in series.gaps(*series.span)] == [
        [START / 1_000 + 3_600],
        [START / 1_000 + 3 * 3_600],
    ]
    _times, totals = series.curve(*series.span, 100)
    assert np.isnan(totals).tolist() == [False, True, True, False]
    absent = RainSeries([START + HOUR, START + 4 * HOUR], [10, 20], 60)
    assert [side.tolist() for side in absent.gaps(*absent.span)] == [
        [START / 1_000 + 3_600],
        [START / 1_000 + 3 * 3_600],
    ]


def test_no_peak_is_lost_in_a_million() -> None:
    tenths = np.zeros(1_000_000)
    tenths[[0, 123_456, 999_999]] = [500, 700, 600]
    series = RainSeries(START + np.arange(1, 1_000_001) * 60_000, tenths, 1)
    bars = series.bars(*series.span, 1_000)
    assert len(bars.height) <= 1_000
    assert sorted(bars.height[bars.height > 0].tolist()) == [50, 60, 70]
    assert series.peak(*series.span) == 70


@given(
    st.lists(st.one_of(st.none(), st.integers(0, 900)), min_size=1, max_size=600),
    st.integers(1, 40),
    st.integers(0, 599),
    st.integers(1, 600),
)
@settings(max_examples=60)
def test_bars_keep_the_highest_and_stay_in_place(tenths: list[int | None], most: int, first: int, length: int) -> None:
    series = hours(*tenths)
    begin = START / 1_000 + 3_600 * min(first, len(tenths) - 1)
    end = min(begin + 3_600 * length, series.span[1])
    bars = series.bars(begin, end, most)
    seen = [value for n, value in enumerate(tenths) if value is not None and begin <= START / 1_000 + 3_600 * n < end]
    if seen:
        assert bars.height.max() >= max(seen) / 10
    assert len(bars.height) <= most + 2
    assert (bars.right > bars.left).all()
    assert (bars.left[1:] >= bars.right[:-1]).all()


def test_times_must_rise() -> None:
    with pytest.raises(ValueError, match="rise"):
        RainSeries([2, 1], [0, 0], 60)


def test_ticks_stand_on_round_hours_of_china() -> None:
    begin = START / 1_000
    step, places = tick_times(begin + 100, begin + 86_400, 800)
    assert step == 7_200
    assert [tick_text(place, step) for place in places][:3] == ["02:00", "04:00", "06:00"]
    assert tick_text(places[-1], step) == "6月19日"
    assert tick_text(begin, 86_400) == "6月18日"
    assert tick_text(begin, 86_400 * 90) == "2026年6月"


@pytest.fixture
def chart(themed, qtbot) -> Hyetograph:
    made = Hyetograph()
    qtbot.addWidget(made)
    made.resize(900, 400)
    with qtbot.waitExposed(made):
        made.show()
    return made


def test_nothing_to_show_says_so(chart) -> None:
    chart.show_series(None)
    assert chart._empty.isVisible()
    chart.show_series(hours(1, 2, 3))
    assert not chart._empty.isVisible()


def test_reading_says_period_rain_and_total(chart) -> None:
    chart.show_series(hours(0, 425, None))
    assert chart.read_at(START + 90 * 60_000) == "06-18 01:00–02:00  42.5 mm  累计 42.5 mm"
    assert chart.read_at(START + 150 * 60_000) == "06-18 02:00–03:00 缺测"
    assert chart.read_at(START - HOUR) == "06-17 23:00 缺测"


def test_keys_pan_and_zoom(chart, qtbot) -> None:
    chart.show_series(hours(*range(200)))
    whole = chart._main.viewRange()[0]
    qtbot.keyClick(chart, Qt.Key.Key_Plus)
    near = chart._main.viewRange()[0]
    assert near[1] - near[0] == pytest.approx((whole[1] - whole[0]) / 2)
    qtbot.keyClick(chart, Qt.Key.Key_Left)
    assert chart._main.viewRange()[0][0] < near[0]
    qtbot.keyClick(chart, Qt.Key.Key_Home)
    assert chart._main.viewRange()[0] == pytest.approx(whole)


def test_heights_follow_what_is_in_sight_and_the_next_threshold(chart) -> None:
    tenths = [10] * 100 + [800]
    chart.show_series(hours(*tenths), [Threshold(50, "橙 50 mm/h", "orange"), Threshold(20, "蓝 20 mm/h", "blue")])
    assert chart._main.viewRange()[1][1] == pytest.approx(92)
    chart.look(START, START + 50 * HOUR)
    assert chart._main.viewRange()[1][1] == pytest.approx(1.15), "a threshold far above is left out of sight"
    assert [line.label.format for line in chart._lines] == ["蓝 20 mm/h", "橙 50 mm/h"]


def test_a_line_of_the_running_total_stands_on_its_own_axis(chart) -> None:
    chart.show_series(
        hours(*[100] * 4), [Threshold(50, "黄 6h 50 mm", "yellow", on_total=True), Threshold(12, "12 mm")]
    )
    assert 12 < chart._main.viewRange()[1][1] < 15, "room for the label above the line, no more"
    assert 50 < chart._second.viewRange()[1][1] < 60
    assert chart._second.zValue() > chart._main.parentItem().zValue(), "the running total stands before the bars"
    assert [line.getViewBox() is chart._second for line in chart._lines] == [False, True]
    chart.show_series(hours(1), [])
    assert chart._lines == []
    assert not [item for item in chart._second.addedItems if hasattr(item, "label")]


def test_a_million_points_draw_as_many_bars_as_pixels(chart) -> None:
    ends = START + np.arange(1, 1_000_001) * 60_000
    chart.show_series(RainSeries(ends, np.arange(1_000_000) % 50, 1))
    assert 100 < chart.drawn <= 902
    chart.look(int(ends[500_000]), int(ends[800_000]))
    assert 100 < chart.drawn <= 902


def test_the_chart_follows_the_theme(chart, qapp) -> None:
    chart.show_series(hours(1, 2, 3))
    theme.apply(qapp, theme.Theme(night=True, percent=150))
    assert chart.grab().toImage().pixelColor(450, 395).name().upper() == theme.NIGHT.surface


def test_pyqtgraph_is_not_loaded_with_the_module() -> None:
    code = "import sys, dutydesk.qt.charts; sys.exit('pyqtgraph' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
