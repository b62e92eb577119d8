"""The audit: one form of entry for every feature, without anything that must be able to go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.core.errors import Refused
from dutydesk.journal import audit
from dutydesk.journal.desk import Desk, Me
from tests.desks import a_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock = FixedClock(parse_iso("2026-06-18 14:00"))
    with a_desk(tmp_path / "desk", clock, Me("cli", "李示例"), name="一号席") as made:
        yield made


def test_an_entry_says_who_what_why_and_where(desk: Desk) -> None:
    audit.record(desk, "EXPORT", "people 通讯录.csv", " 断网备用 ", "12")
    (row,) = desk.rows("audit")
    assert {name: row[name] for name in ("at", "by", "action", "subject", "reason", "result", "workstation")} == {
        "at": desk.clock.now(),
        "by": "李示例",
        "action": "EXPORT",
        "subject": "people 通讯录.csv",
        "reason": "断网备用",
        "result": "12",
        "workstation": "一号席",
    }


@pytest.mark.parametrize("reason", ["", "  "])
def test_nothing_is_recorded_without_a_reason(desk: Desk, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        audit.record(desk, "REVEAL", "P16", reason)
    assert refused.value.problems[0].field == "reason"
    assert desk.count("audit") == 0


def test_every_action_that_is_recorded_has_a_label(desk: Desk) -> None:
    action = desk.ledger("audit")["action"]
    assert {"REVEAL", "EXPORT", "SETTLE", "SIGN_IN", "SIGN_FAILED", "RESTORE"} <= {one.code for one in action.choices}
    assert all(choice.label for choice in action.choices)
    assert action.kind.show("REVEAL", action) == "查看个人信息"


def test_a_person_is_named_on_the_screen_and_not_in_the_record(desk: Desk) -> None:
    person = desk.new("people", {"name": "示例甲"})
    desk.act("people.add", [person])
    subject = audit.subject_of("people", person.row)
    audit.record(desk, "REVEAL", subject, "核实险情")
    assert "示例甲" not in subject
    assert audit.read_subject(desk, subject) == "通讯录 示例甲"
    desk.store.erase("people", person.row, by="cli", note="本人申请")
    assert "示例甲" not in audit.read_subject(desk, subject)


@pytest.mark.parametrize(
    ("subject", "read"),
    [
        ("P16", "P16"),
        ("shelters shelters.csv", "避灾安置场所 shelters.csv"),
        ("units 0190" + "z" * 28, "单位 0190" + "z" * 28),
        ("units " + "0" * 32 + " 简称", "单位 未到 简称"),
        ("", ""),
    ],
)
def test_a_subject_that_names_no_row_here_is_read_as_it_stands(desk: Desk, subject: str, read: str) -> None:
    assert audit.read_subject(desk, subject) == read
