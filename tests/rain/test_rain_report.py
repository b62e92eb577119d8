"""雨情表 on paper: the same figures as the pane, ≥ where readings are missing, the rule each colour stands on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from dutydesk.core.clock import HOUR, FixedClock
from dutydesk.journal.desk import Desk
from dutydesk.rain import report
from dutydesk.rain.feature import RAIN
from tests.rain.gauges import LAST, NOW, make_desk, rain_file

NIGHT = {"清波站": [0.0] * 36, "彭埠站": [0.0] * 24 + [5.0] * 12, "九堡站": [0.5] * 35 + [None]}


def lines(made: bytes) -> list[str]:
    file = pypdfium2.PdfDocument(made)
    try:
        text = "\n".join(page.get_textpage().get_text_range() for page in file)
    finally:
        file.close()
    return [re.sub(r"\s+", " ", line).strip() for line in text.replace("\r", "").split("\n")]


def test_the_table_says_what_the_pane_says(desk: Desk, bring: Any) -> None:
    bring(rain_file(NIGHT))
    text = " ".join(lines(report.rain_table(desk)))
    for part in (
        "雨情表", "截至 2026-06-18 14:32", "示例区应急管理局",
        "彭埠站 60.0 60.0 ≥60.0 ≥60.0 ≥60.0 ≥暴雨 橙色 增强 14:30",
        "九堡站 ≥5.5 ≥17.5 ≥17.5 ≥17.5 ≥17.5 ≥中雨 14:25",
        "清波站 0.0 0.0 ≥0.0", "≥ 表示时段内有缺测", "GB/T 28592-2012",
        "橙色标准（3 小时 50 毫米，中国气象局令第16号",
    ):  # fmt: skip
        assert part in text, (part, text)
    assert text.index("彭埠站") < text.index("九堡站") < text.index("清波站")


def test_a_span_has_its_own_sums(desk: Desk, bring: Any) -> None:
    bring(rain_file(NIGHT))
    text = " ".join(lines(report.rain_table(desk, start=LAST - 2 * HOUR, end=LAST - HOUR // 2)))
    assert "时段：2026-06-18 12:30 至 2026-06-18 14:00" in text
    assert "截至 2026-06-18 14:00" in text
    assert re.search(r"彭埠站 30.0 .*?30.0 30.0 14:00 14:00", text), text


def test_a_sample_desk_says_so(tmp_path: Path) -> None:
    desk = make_desk(tmp_path / "desk", FixedClock(NOW), sample=True)
    try:
        assert "〔示例〕示例区应急管理局" in " ".join(lines(report.rain_table(desk)))
    finally:
        desk.store.close()


def test_equal_input_gives_equal_bytes(desk: Desk, bring: Any, clock: FixedClock) -> None:
    bring(rain_file(NIGHT))
    made = report.rain_table(desk, at=LAST)
    assert report.rain_table(desk, at=LAST) == made
    clock.advance(HOUR)
    assert report.rain_table(desk, at=LAST) != made, "the moment of printing stands at the foot"


def test_what_cannot_be_drawn_is_told_before_printing(desk: Desk) -> None:
    desk.act("stations.add", [desk.new("stations", {"code": "Z", "name": "\U00020bb7站"})])
    assert [problem.line for problem in report.rain_document(desk).missing] == [1]


@pytest.mark.parametrize("given", [{}, {"start": NOW - HOUR, "end": NOW}])
def test_the_form_makes_a_pdf_of_an_empty_desk(desk: Desk, given: dict[str, int]) -> None:
    (form,) = RAIN.forms
    assert set(given) <= set(form.params)
    assert report.rain_table(desk, **given).startswith(b"%PDF-")
