"""Export: every ending, masks, what comes back on import, and the record of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dutydesk.core.errors import Refused, Unavailable
from dutydesk.exchange.exporting import endings, export
from dutydesk.exchange.importing import plan, run
from dutydesk.exchange.reading import Options
from dutydesk.exchange.shapes import SYSTEM_LEDGERS
from dutydesk.features import schema
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.journal.store import Store
from dutydesk.people.vcard import read_vcards
from dutydesk.warnings.cap import read_alerts

PLAIN = sorted(name for name in schema().shapes if name not in SYSTEM_LEDGERS)


def filled(desk: Desk) -> Desk:
    """A little of everything that files hold."""
    street = desk.new("regions", {"code": "330102099", "name": "示例街道"})
    unit = desk.new("units", {"name": "示例防指", "region": street.row})
    post = desk.new("posts", {"name": "值班员"})
    person = desk.new("people", {"name": "示例某", "unit": unit.row, "post": post.row, "note": "打座机"})
    school: dict[str, int | str | bytes | None] = {
        "name": "=示例小学",
        "region": street.row,
        "area_m2": 78_098,
        "standardised": 1,
    }
    desk.act(
        "sample.add",
        [
            street,
            unit,
            post,
            person,
            desk.new("numbers", {"person": person.row, "order": 1, "kind": "MOBILE", "number": "13800000001"}),
            desk.new("numbers", {"person": person.row, "order": 2, "kind": "OFFICE", "number": "0571-00000001"}),
            desk.new(
                "numbers",
                {"person": person.row, "order": 3, "kind": "OFFICE", "number": "0571-00000002", "state": "BAD"},
            ),
            desk.new(
                "shelters",
                school | {"lon": 120_170_000, "lat": 30_250_000, "manager": "示例某", "manager_phone": "13800000001"},
            ),
            desk.new("log", {"happened_at": desk.clock.now(), "text": "示例路积水", "party_phone": "13900000001"}),
        ],
    )
    return desk


def written(desk: Desk, ledger: str, folder: Path, ending: str, reason: str = "") -> bytes:
    target = folder / f"{ledger}{ending}"
    export(desk, desk.ledger(ledger), q.Query(ledger), target, reason=reason)
    return target.read_bytes()


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
@pytest.mark.parametrize("ledger", ["regions", "units", "posts", "people", "numbers", "shelters", "log"])
def test_what_is_exported_whole_comes_back_unchanged(desk: Desk, tmp_path: Path, ledger: str, ending: str) -> None:
    filled(desk)
    data = written(desk, ledger, tmp_path, ending, "核对")
    made = plan(desk, ledger, data, f"x{ending}")
    assert (made.refused, made.changes) == ([], [])
    assert (made.read, made.unchanged) == (desk.count(ledger), desk.count(ledger))


def test_what_is_exported_fills_another_desk(desk: Desk, tmp_path: Path) -> None:
    filled(desk)
    from dutydesk.core.paths import Home
    from dutydesk.core.settings import DeskConfig
    from dutydesk.features import FEATURES
    from dutydesk.journal.desk import Me

    with Store.create(Home(tmp_path / "other"), schema(), desk.clock, DeskConfig(desk="cd" * 16)) as store:
        other = Desk(store, desk.clock, Me(), FEATURES)
        for ledger in ("regions", "units", "posts", "people", "numbers", "shelters"):
            data = written(desk, ledger, tmp_path, ".xlsx", "换机")
            result = run(other, plan(other, ledger, data, f"{ledger}.xlsx", Options()))
            assert result["refused"] == []
            assert result["added"] == desk.count(ledger)
        assert [row["number"] for row in other.rows("numbers")] == [row["number"] for row in desk.rows("numbers")]
        assert other.rows("shelters")[0]["name"] == "=示例小学"


@pytest.mark.parametrize("ledger", PLAIN)
def test_every_ledger_is_written_in_every_form_that_it_has(desk: Desk, tmp_path: Path, ledger: str) -> None:
    filled(desk)
    for ending in endings(desk, desk.ledger(ledger)):
        if ending != ".xml":
            assert written(desk, ledger, tmp_path, ending)


def test_numbers_of_people_leave_masked_unless_for_a_reason_and_both_are_recorded(desk: Desk, tmp_path: Path) -> None:
    filled(desk)
    for ending in (".csv", ".geojson"):
        text = written(desk, "shelters", tmp_path, ending).decode("utf-8-sig")
        assert "138****0001" in text
        assert "13800000001" not in text
    assert b"13800000001" in written(desk, "shelters", tmp_path, ".csv", "转移群众")
    rows = desk.rows("audit")
    assert [(row["action"], row["reason"]) for row in rows] == [
        ("EXPORT", "转移群众"),
        ("EXPORT", "已脱敏"),
        ("EXPORT", "已脱敏"),
    ]
    assert rows[0]["subject"] == "shelters shelters.csv"


def test_cards_hold_no_masked_and_no_dead_number(desk: Desk, tmp_path: Path) -> None:
    filled(desk)
    cards = read_vcards(written(desk, "people", tmp_path, ".vcf"), "x").cards
    assert [number for card in cards for _kind, number in card.numbers] == ["0571-00000001"]
    cards = read_vcards(written(desk, "people", tmp_path, ".vcf", "换手机"), "x").cards
    assert [number for card in cards for _kind, number in card.numbers] == ["13800000001", "0571-00000001"]
    assert (cards[0].name, cards[0].unit, cards[0].post, cards[0].note) == ("示例某", "示例防指", "值班员", "打座机")


def test_points_stand_at_their_place(desk: Desk, tmp_path: Path) -> None:
    filled(desk)
    feature = json.loads(written(desk, "shelters", tmp_path, ".geojson"))["features"][0]
    assert feature["geometry"] == {"type": "Point", "coordinates": [120.17, 30.25]}


def test_shifts_are_a_calendar(desk: Desk, tmp_path: Path) -> None:
    filled(desk)
    person = desk.rows("people")[0].id
    start = desk.clock.now()
    values = {"date": "2026-06-18", "code": "H24", "starts_at": start, "ends_at": start + 86_400_000, "leader": person}
    desk.act("shifts.add", [desk.new("shifts", values)])
    text = written(desk, "shifts", tmp_path, ".ics").decode()
    assert "DTSTART:20260618T063000Z\r\nDTEND:20260619T063000Z\r\n" in text
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "示例某" in text.replace("\r\n ", "")
    assert text.startswith("BEGIN:VCALENDAR\r\n")
    assert text.endswith("END:VCALENDAR\r\n")


def test_one_warning_is_a_cap_file_and_several_are_not(desk: Desk, tmp_path: Path) -> None:
    at = desk.clock.now()
    rows = [
        {"identifier": f"33010200000000_2026061814300{n}", "type": "11B03", "colour": "ORANGE", "issuer": "示例气象台",
         "headline": "示例暴雨橙色预警", "issued_at": at, "ends_at": at + 3_600_000, "status": "ACTUAL", "kind": "ALERT",
         "areas": "示例街道", "area_codes": "330102099000"}
        for n in range(2)
    ]  # fmt: skip
    desk.act("warnings.add", [desk.new("warnings", row) for row in rows])
    with pytest.raises(Refused, match="2 条"):
        written(desk, "warnings", tmp_path, ".xml")
    target = tmp_path / "one.xml"
    one = q.Query("warnings", (q.Condition("identifier", "=", rows[0]["identifier"]),))
    assert export(desk, desk.ledger("warnings"), one, target) == 1
    alert = read_alerts(target.read_bytes(), "one.xml").alerts[0]
    assert (alert.identifier, alert.sent_ms, alert.info.event_code) == (rows[0]["identifier"], at, "11B03")
    assert (alert.info.expires, alert.info.areas[0].desc) == (at + 3_600_000, "示例街道")
    made = plan(desk, "warnings", target.read_bytes(), "one.xml")
    assert (made.added, made.refused) == (0, [])


@pytest.mark.parametrize(
    ("ledger", "name"), [("units", "x.vcf"), ("log", "x.geojson"), ("units", "x"), ("people", "x.docx")]
)
def test_a_form_that_a_ledger_has_not_is_refused(desk: Desk, tmp_path: Path, ledger: str, name: str) -> None:
    with pytest.raises(Refused, match=r"\.csv"):
        export(desk, desk.ledger(ledger), q.Query(ledger), tmp_path / name)
    assert not list(tmp_path.glob("x*"))
    assert desk.count("audit") == 0


def test_a_file_that_cannot_be_written_is_told_and_the_old_one_stays(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        export(desk, desk.ledger("units"), q.Query("units"), tmp_path / "none" / "x.csv")
