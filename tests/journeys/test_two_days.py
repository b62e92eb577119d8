"""Two whole days through the real window, by keys and clicks: accounts in force, a swap, an ordinary hand-over with an
incident in the middle of it, a power cut and what was written on paper, an emergency hand-over. The sheets are golden.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from PySide6.QtWidgets import QApplication

from dutydesk.daybook.report import p02
from dutydesk.journal.query import Condition, Row
from dutydesk.papers.report import p18
from dutydesk.roster.report import p03
from dutydesk.shifts import handover
from dutydesk.shifts.report import p01
from tests.journeys.twodays import LEADERS, ONE, PRIMARIES, SECONDARIES, THREE, TWO, Days

EXPECTED = Path(__file__).parent / "two_days"
VARIES = (
    (re.compile(r"[0-9a-f]{4}( [0-9a-f]{4}){3}|[0-9a-f]{16}"), "…"),  # the head of the record
    (re.compile(r"(?<=#)\d+(?= 校验)|(?<=至 #)\d+|(?<=依据记录 )\d+"), "…"),  # how long the record is
)


@pytest.fixture(scope="module")
def two_days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DUTYDESK_MUTE", "1")
        yield Days(tmp_path_factory.mktemp("two-days"))


@pytest.fixture
def days(two_days: Days, qapp: QApplication) -> Days:
    return two_days


def text_of(data: bytes) -> str:
    """The lines of all pages, without what names the state of the record."""
    document = pypdfium2.PdfDocument(data)
    try:
        text = "\f\n".join(page.get_textpage().get_text_bounded().replace("\r\n", "\n") for page in document)
    finally:
        document.close()
    for pattern, instead in VARIES:
        text = pattern.sub(instead, text)
    return text.rstrip() + "\n"


def golden(days: Days, name: str) -> None:
    """What was printed in the window is what it always was; no page is empty."""
    data = (days.out / f"{name}.pdf").read_bytes()
    assert text_of(data) == (EXPECTED / f"{name}.txt").read_text(encoding="utf-8")
    document = pypdfium2.PdfDocument(data)
    for page in document:
        assert page.render(scale=0.5).to_pil().convert("L").getextrema()[0] < 100
    document.close()


def codes(path: Path) -> set[str]:
    """What the QR symbols on a paper hold."""
    document = pypdfium2.PdfDocument(path)
    pages = [page.render(scale=3).to_pil().convert("L") for page in document]
    document.close()
    return {found.text for page in pages for found in zxingcpp.read_barcodes(page)}


def tool(days: Days, *words: str) -> Any:
    """The command line in another process, with `--json`."""
    line = [sys.executable, "-m", "dutydesk", "--home", str(days.home.root), *words, "--json"]
    told = subprocess.run(line, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert told.returncode == 0, told.stdout + told.stderr
    return json.loads(told.stdout)


def handed(days: Days, shift: str) -> tuple[Row, list[Row], dict[str, str]]:
    """The hand-over of a shift, its items, the names of who signed."""
    with days.desk() as desk:
        held = handover.of_shift(desk, shift)
        assert held is not None
        items = handover.items_of(desk, held)
        people = {
            name: desk.title("people", value)
            for name in ("giver", "taker", "leader")
            if isinstance(value := held.get(name), bytes)
        }
    return held, items, people


def sealed_on(days: Days, name: str) -> None:
    """The printed sheet and the record agree, and say so for the seal."""
    (code,) = codes(days.out / f"{name}.pdf")
    told = tool(days, "verify", "--sheet", code)
    assert told["ok"] is True
    altered = code[:-20] + ("0" if code[-20] != "0" else "1") + code[-19:]
    line = [sys.executable, "-m", "dutydesk", "--home", str(days.home.root), "verify", "--sheet", altered]
    assert subprocess.run(line, capture_output=True, check=False).returncode != 0


def test_the_first_crew_signs_in(days: Days) -> None:
    days.upto(1)
    with days.desk() as desk:
        signs = desk.rows("sign_ins", Condition("shift", "=", ONE), order="at")
        assert [desk.title("people", row.get("person")) for row in signs] == [
            LEADERS[0], PRIMARIES[0], SECONDARIES[0],
        ]  # fmt: skip
        assert {row.get("late_min") for row in signs} == {0}


def test_entries_are_made_by_both_officers(days: Days) -> None:
    days.upto(2)
    with days.desk() as desk:
        writers = [row.text("recorder") for row in desk.rows("log", Condition("category", "!=", "OTHER"), order="no")]
    assert writers == [PRIMARIES[0], PRIMARIES[0], SECONDARIES[0]]


def test_a_swap_is_asked_agreed_and_approved(days: Days) -> None:
    days.upto(3)
    golden(days, "p03")
    with days.desk() as desk:
        (swap,) = desk.rows("swaps")
        assert swap.get("state") == "APPROVED"
        with desk.store.read() as connection:
            made = connection.exec_driver_sql("SELECT kind, by FROM act WHERE kind LIKE 'swap.%' ORDER BY seq").all()
        assert [(kind, desk.title("people", bytes.fromhex(by))) for kind, by in made] == [
            ("swap.ask", PRIMARIES[1]),
            ("swap.accept", PRIMARIES[2]),
            ("swap.approve", LEADERS[0]),
        ]
        assert p03(desk) == p03(desk)


def test_what_is_open_is_given_and_an_incident_stays(days: Days) -> None:
    days.upto(4)
    held, items, people = handed(days, ONE)
    assert held.get("state") == "SIGNED_OUT"
    assert people == {"giver": PRIMARIES[0]}
    assert [row.text("title") for row in items if row.get("state") == "KEPT"] == ["#A-0001 示例路下穿隧道 内涝"]


def test_the_hand_over_is_signed_by_three(days: Days) -> None:
    days.upto(5)
    held, items, people = handed(days, ONE)
    assert held.get("state") == "COUNTERSIGNED"
    assert people == {"giver": PRIMARIES[0], "taker": PRIMARIES[2], "leader": LEADERS[1]}
    assert {row.get("state") for row in items} == {"KEPT", "ANSWERED", "ACCEPTED"}
    golden(days, "p01-ordinary")
    golden(days, "p02")
    with days.desk() as desk:
        assert p01(desk, shift=ONE) == p01(desk, shift=ONE)
        assert p02(desk, shift=ONE) == p02(desk, shift=ONE)


def test_the_sheet_and_the_record_agree(days: Days) -> None:
    days.upto(5)
    sealed_on(days, "p01-ordinary")


def test_paper_is_ready_when_the_electricity_fails(days: Days) -> None:
    days.upto(6)
    golden(days, "blanks")
    with days.desk() as desk:
        numbers = {row.text("number") for row in desk.rows("papers")}
        assert codes(days.out / "blanks.pdf") == numbers
        assert len(numbers) == 2


def test_what_stands_on_paper_is_typed(days: Days) -> None:
    days.upto(7)
    golden(days, "p18")
    with days.desk() as desk:
        states = {row.text("number"): row.text("state") for row in desk.rows("papers")}
        assert sorted(states.values()) == ["TYPED", "VOID"]
        (outage,) = desk.rows("outages")
        late = [row.text("text") for row in desk.rows("log", Condition("late", "=", 1))]
        assert any("望江路口" in text for text in late)
        span = (outage.number("starts_at"), outage.number("ends_at"))
        assert p18(desk, start=span[0], end=span[1]) == p18(desk, start=span[0], end=span[1])


def test_one_side_hands_over_alone(days: Days) -> None:
    days.upto(8)
    held, _items, people = handed(days, TWO)
    assert held.get("state") == "COUNTERSIGNED"
    assert held.text("reason") == "隧道塌方，交班组转移群众未归"
    assert people == {"taker": PRIMARIES[1], "leader": LEADERS[2]}
    assert held.number("taken_at") < held.number("countersigned_at")
    golden(days, "p01-emergency")
    sealed_on(days, "p01-emergency")


def test_the_record_of_both_days_is_sound(days: Days) -> None:
    days.upto(8)
    assert tool(days, "verify")["ok"] is True
    with days.desk() as desk:
        home = [row.text("post") for row in desk.rows("sign_ins", Condition("sign", "=", "HOME"))]
        assert home == ["LEADER"]
        forms = {row.text("form") for row in desk.rows("prints")}
        assert {"P01", "P02", "P03", "P18"} <= forms
        assert handover.of_shift(desk, THREE) is None
