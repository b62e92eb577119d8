"""Form P11: the bureau's sums, and that they follow the rows."""

from __future__ import annotations

import re

from dutydesk.journal.desk import Desk
from dutydesk.shelters import report, service
from tests.plaindesk import pages_of, text_of


def fill(desk: Desk, places: dict[str, bytes]) -> list[bytes]:
    """4 + 14 + 187 shelters, 160,100 ㎡, 36 standardised."""
    changes = []
    for n in range(205):
        level = "DISTRICT" if n < 4 else "SUBDISTRICT" if n < 18 else "COMMUNITY"
        values = {"name": f"示例场所{n + 1:03d}", "level": level, "state": "READY", "area_m2": 780_00}
        values |= {"usable_m2": 300_00, "standardised": int(n < 36), "region": places["东示例街道"]}
        values |= {"manager": "钱示例", "manager_phone": "19900001234"}
        changes.append(desk.new("shelters", values))
    changes[0] = desk.new("shelters", {**changes[0].values, "area_m2": 980_00})
    desk.act("shelters.import", changes)
    return [change.row for change in changes]


def test_the_sums_stand_on_paper_and_follow_the_rows(desk: Desk, places: dict[str, bytes]) -> None:
    rows = fill(desk, places)
    service.count(desk, rows[4], 150)
    pages = pages_of(report.p11(desk))
    text = "".join("".join(pages).split())
    assert "205=4+14+187处" in text
    assert "区级4、街道级14、社区（村）级187" in text
    assert "16.01万㎡" in text
    assert "36处，占17.56%" in text
    assert "启用1处，150人" in text
    assert "合计205处160100.00" in text
    assert "小计4处3320.00" in text
    assert f"1/{len(pages)}" in "".join(pages[0].split())

    service.edit(desk, rows[204], {"level": "SUBDISTRICT", "area_m2": 20_780_00, "standardised": 1})
    text = text_of(report.p11(desk))
    assert "205=4+15+186处" in text
    assert "18.01万㎡" in text
    assert "37处，占18.05%" in text
    assert "合计205处180100.00" in text


def test_numbers_are_masked_and_bytes_are_fixed(desk: Desk, places: dict[str, bytes]) -> None:
    fill(desk, places)
    pdf = report.p11(desk)
    assert pdf == report.p11(desk)
    text = text_of(pdf)
    assert "199****1234" in text
    assert "19900001234" not in text


def test_every_shelter_is_numbered_once(desk: Desk, places: dict[str, bytes]) -> None:
    fill(desk, places)
    text = " ".join(pages_of(report.p11(desk)))
    assert sorted(re.findall(r"示例场所(\d{3})", text)) == [f"{n:03d}" for n in range(1, 206)]


def test_a_district_without_shelters_prints_an_empty_form(desk: Desk) -> None:
    text = text_of(report.p11(desk))
    assert "0=0+0+0处" in text
    assert "0处，占—" in text
