"""A paper that is about one thing says 副本 when it is made again, and is recorded as what it says."""

from __future__ import annotations

from collections.abc import Callable

import pypdfium2
import pytest

from dutydesk.core.clock import DAY, HOUR, FixedClock, parse_iso
from dutydesk.daybook import report as log
from dutydesk.incidents import report as incidents
from dutydesk.incidents import service as intake
from dutydesk.journal.desk import Desk
from dutydesk.ledger.feature import Pdf
from dutydesk.papers import outages
from dutydesk.papers import report as papers
from dutydesk.roster import report as roster
from dutydesk.shifts import service
from dutydesk.warnings import report as warnings

START = parse_iso("2026-06-17 08:30")
SHIFT, PERIOD = "2026-06-17/H24", "2026-06-17 09:00–12:00"
SPAN = "2026-06-18/2026-06-20"


def text_of(pdf: bytes) -> str:
    file = pypdfium2.PdfDocument(pdf)
    try:
        return "".join(page.get_textpage().get_text_range() for page in file)
    finally:
        file.close()


def keep(desk: Desk, form: str, pdf: bytes) -> str:
    """It is printed; what it was recorded as."""
    assert isinstance(pdf, Pdf)
    made = service.record_print(desk, form, form, pdf.about, pdf)
    row = desk.get("prints", made.changes[0].row)
    assert row is not None
    return f"{row.text('about')} {row.text('copy')}"


def the_outage(desk: Desk) -> bytes:
    if not desk.count("outages"):
        outages.add(desk, {"kind": "POWER", "starts_at": START, "ends_at": START + HOUR})
    return papers.p18(desk)


def the_incident(desk: Desk) -> bytes:
    if not desk.count("incidents"):
        intake.intake(desk, {"type": "11A02", "place": "示例路", "text": "积水", "happened_at": "2026-06-18 19:00"})
    return incidents.incident_sheet(desk, "1")


Make = Callable[[Desk], bytes]
FORMS: list[tuple[str, str, list[Make]]] = [
    ("P02", SHIFT, [
        lambda desk: log.p02(desk, shift="2026-06-17"),
        lambda desk: log.p02(desk, shift=SHIFT),
        lambda desk: log.p02(desk, start=START, end=START + DAY),
    ]),
    ("P02", PERIOD, [lambda desk: log.p02(desk, start=START + HOUR // 2, end=START + 7 * HOUR // 2)]),
    ("P03", SPAN, [
        lambda desk: roster.p03(desk, start="2026-06-18", end="2026-06-20"),
        lambda desk: roster.p03(desk, start=START + DAY, end=START + 3 * DAY),
    ]),
    ("P18", "2026-06-17 08:30 POWER", [the_outage, lambda desk: papers.p18(desk, start=START, end=START + HOUR)]),
    ("INC", "2026-0001", [the_incident]),
]  # fmt: skip


@pytest.mark.parametrize(("form", "about", "ways"), FORMS)
def test_made_again_it_says_so(desk: Desk, form: str, about: str, ways: list[Make]) -> None:
    first = ways[0](desk)
    assert "副本" not in text_of(first)
    assert first == ways[0](desk), "looked at, it is on no paper yet"
    assert keep(desk, form, first) == f"{about} ORIGINAL"
    for way in (*ways, ways[0]):
        again = way(desk)
        text = text_of(again)
        assert "副本，此前已打印过" in text  # at the foot
        assert text.count("副本") >= 2  # and across the page
        assert keep(desk, form, again) == f"{about} COPY"
    assert keep(desk, form, first) == f"{about} ORIGINAL", "a second paper of the same bytes says what it said"


def test_another_thing_is_no_copy(desk: Desk) -> None:
    keep(desk, "P02", log.p02(desk, shift=SHIFT))
    assert "副本" not in text_of(log.p02(desk, shift="2026-06-16"))
    assert "副本" not in text_of(log.p02(desk, shift=SHIFT, blank=5)), "an empty form is about nothing"
    assert "副本" not in text_of(roster.p03(desk, start="2026-06-18", end="2026-06-20"))


def test_a_list_is_of_its_moment_and_never_a_copy(desk: Desk) -> None:
    for _time in range(2):
        made = warnings.in_force_sheet(desk)
        assert "副本" not in text_of(made)
        assert keep(desk, "WARN", made).strip() == "ORIGINAL"


def test_the_first_sheet_after_the_end_is_no_copy(desk: Desk, clock: FixedClock) -> None:
    clock.at = START + 2 * HOUR
    outages.begin(desk, at=START)
    for form, make in (("P02", log.p02), ("P18", papers.p18)):
        keep(desk, form, make(desk))
        assert "副本" in text_of(make(desk)), "the same unfinished thing again"
    clock.advance(HOUR)
    outages.end(desk)
    clock.at = START + DAY
    for form, make in (("P02", FORMS[0][2][0]), ("P18", papers.p18)):
        pdf = make(desk)
        assert "副本" not in text_of(pdf)
        assert keep(desk, form, pdf).endswith("ORIGINAL")
        assert "副本" in text_of(make(desk))


# -- changed in between ------------------------------------------------------------------------------------------------


def entry(desk: Desk, text: str) -> None:
    at = START + 4 * HOUR
    values = {"happened_at": at, "recorded_at": desk.clock.now(), "category": "PATROL", "line": "GOV", "text": text}
    desk.act("log.add", [desk.new("log", values)])


def progress(desk: Desk, text: str) -> None:
    intake.update(desk, desk.rows("incidents")[0].id, {"measures": text})


def posted(desk: Desk, name: str) -> None:
    change = desk.new("people", {"name": name, "kind": "PERSON"})
    desk.act("people.add", [change])
    values = {"date": "2026-06-19", "shift": "H24", "post": "PRIMARY", "slot": 1, "person": change.row}
    desk.act("assignment.add", [desk.new("assignments", values)])


CHANGED: list[tuple[str, Make, Callable[[Desk, str], None]]] = [
    ("P02", lambda desk: log.p02(desk, shift=SHIFT), entry),
    ("P03", lambda desk: roster.p03(desk, start="2026-06-18", end="2026-06-20"), posted),
    ("INC", the_incident, progress),
]


@pytest.mark.parametrize(("form", "make", "write"), CHANGED)
def test_a_changed_sheet_is_a_version_and_no_copy(
    desk: Desk, clock: FixedClock, form: str, make: Make, write: Callable[[Desk, str], None]
) -> None:
    first = make(desk)
    assert "版" not in text_of(first)
    keep(desk, form, first)
    for version, name in ((2, "乙示例"), (3, "丙示例")):
        clock.advance(HOUR)
        write(desk, name)
        changed = make(desk)
        text = text_of(changed)
        assert "副本" not in text
        assert f"第 {version} 版（更正）" in text
        assert f"第 {version} 版，以此为准" in text
        assert keep(desk, form, changed).endswith("ORIGINAL")
        clock.advance(HOUR)
        again = text_of(make(desk))
        assert f"第 {version} 版" in again, "the same version again"
        assert "副本，此前已打印过" in again
        assert keep(desk, form, make(desk)).endswith("COPY")
    assert keep(desk, form, first).endswith("ORIGINAL"), "a second paper of old bytes says what it said"
    assert "第 3 版" in text_of(make(desk))
    assert [row["version"] for row in desk.rows("prints", order="at")][:2] == [1, 2]


def test_a_print_of_before_versions_were_kept_is_taken_for_the_same(desk: Desk) -> None:
    values = {"form": "P02", "title": "值班日志", "about": SHIFT, "at": desk.clock.now(), "copy": "ORIGINAL"}
    desk.act("print.add", [desk.new("prints", values)])
    assert "副本，此前已打印过" in text_of(log.p02(desk, shift=SHIFT))
