"""Who is on now stands at the head of whatever the desk prints."""

from __future__ import annotations

import pypdfium2
import pytest

from dutydesk.attendance import service
from dutydesk.core.clock import FixedClock
from dutydesk.journal.desk import Desk
from dutydesk.printing.desk import desk_document, numbered_sheets, on_duty


def text_of(data: bytes) -> str:
    file = pypdfium2.PdfDocument(data)
    return "".join(page.get_textpage().get_text_range() for page in file).replace("\r\n", "")


@pytest.mark.usefixtures("shift")
def test_whoever_is_on_heads_a_printed_form(desk: Desk, clock: FixedClock, people: dict[str, bytes]) -> None:
    clock.at += 20 * 60_000
    assert on_duty(desk) == "在岗：带班领导 王示例（未签到） 主班 李示例（未签到） 副班 赵示例（未签到）"
    service.sign(desk, people["PRIMARY"])
    assert on_duty(desk) == "在岗：主班 李示例"
    assert "在岗：主班 李示例" in text_of(desk_document(desk, "雨情表").pdf())


@pytest.mark.usefixtures("shift")
def test_a_form_with_a_crew_of_its_own_and_an_empty_one_say_nothing(desk: Desk, clock: FixedClock) -> None:
    clock.at += 20 * 60_000
    assert "在岗" not in text_of(desk_document(desk, "值班日志", crew=False).pdf())
    assert "在岗" not in text_of(numbered_sheets(desk, "值班日志", ["P02-0001"])[0].pdf())


def test_where_nobody_is_known_there_is_no_head(desk: Desk) -> None:
    assert on_duty(desk) == ""


@pytest.mark.usefixtures("shift")
def test_who_stands_there_by_a_swap_is_marked(desk: Desk, clock: FixedClock, people: dict[str, bytes]) -> None:
    clock.at += 20 * 60_000
    place = {"date": "2026-06-18", "shift": "H24", "post": "PRIMARY", "slot": 1, "person": people["OTHER"]}
    roster = {"starts_on": "2026-06-18", "ends_on": "2026-06-18", "state": "PUBLISHED"}
    rows = [desk.new("assignments", {**place, "origin": "SUBSTITUTE"}), desk.new("rosters", roster)]
    desk.act("roster.publish", rows)
    service.sign(desk, people["OTHER"])
    assert on_duty(desk) == "在岗：主班 钱示例（代）"
