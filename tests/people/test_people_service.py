"""Contacts through the record: numbers in order, their health, search, masking with a reason, erasing."""

from __future__ import annotations

import pytest

from dutydesk.core.clock import DAY, FixedClock
from dutydesk.core.errors import Refused
from dutydesk.journal.apply import ERASED
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Query
from dutydesk.people import report, service
from tests.plaindesk import text_of

MOBILE, OFFICE = "19900001111", "0571-00002222"


def unit(desk: Desk, name: str, **values: object) -> bytes:
    change = desk.new("units", {"name": name, **values})
    desk.act("units.add", [change])
    return change.row


def person(desk: Desk, name: str = "钱示例", **values: object) -> bytes:
    return service.add_person(desk, {"name": name, **values}, [("MOBILE", MOBILE), ("OFFICE", OFFICE)])


def listed(desk: Desk, **asked: object) -> list[str]:
    pages = service.PeoplePages(desk, Query("people", **asked))  # pyright: ignore[reportArgumentType]
    found = [row.text("name") for row in pages.page(0)]
    assert pages.count() == len(found)
    return found


def test_a_person_has_numbers_in_their_order(desk: Desk) -> None:
    who = person(desk)
    service.add_number(desk, who, {"number": "19900003333", "kind": "MOBILE", "note": "夜间打这个"})
    rows = service.numbers(desk, who)
    assert [(row["order"], row["number"], row["state"]) for row in rows] == [
        (1, MOBILE, "UNCHECKED"),
        (2, OFFICE, "UNCHECKED"),
        (3, "19900003333", "UNCHECKED"),
    ]
    service.move_number(desk, rows[2].id, -1)
    service.move_number(desk, rows[2].id, -1)
    assert [row["number"] for row in service.numbers(desk, who)] == ["19900003333", MOBILE, OFFICE]
    assert service.move_number(desk, rows[2].id, -1) is None
    assert service.move_number(desk, rows[1].id, +1) is None
    assert [row["order"] for row in service.numbers(desk, who)] == [1, 2, 3]


def test_numbers_that_cannot_be_are_refused(desk: Desk) -> None:
    who = person(desk)
    for text in ("", "没有", MOBILE):
        with pytest.raises(Refused) as refused:
            service.add_number(desk, who, {"number": text})
        assert refused.value.problems[0].field == "number"
    assert len(service.numbers(desk, who)) == 2


def test_verified_today_wrong_and_out_of_use(desk: Desk) -> None:
    who = person(desk)
    first, second = service.numbers(desk, who)
    service.verify_number(desk, first.id)
    held = desk.get("numbers", first.id)
    assert (held["state"], held["verified_at"]) == ("OK", "2026-06-18")
    service.mark_wrong(desk, first.id)
    assert desk.get("numbers", first.id)["state"] == "BAD"
    (row,) = service.PeoplePages(desk, Query("people")).page(0)
    assert (row["number"], row["number_state"]) == (OFFICE, "UNCHECKED"), "a wrong number is not called first"
    service.switch_off(desk, second.id)
    assert desk.get("numbers", second.id)["state"] == "OFF"
    service.switch_off(desk, second.id)
    assert desk.get("numbers", second.id)["state"] == "UNCHECKED"
    service.edit_number(desk, first.id, {"number": "19900004444"})
    held = desk.get("numbers", first.id)
    assert (held["state"], held["verified_at"]) == ("UNCHECKED", None), "another number was never verified"
    assert desk.count("log") == 0, "numbers are no matter of the duty log"


def test_people_are_found_by_name_pinyin_unit_and_number(desk: Desk) -> None:
    east = unit(desk, "东示例街道值班室")
    person(desk, "钱示例", unit=east)
    service.add_person(desk, {"name": "孙试验"}, [("MOBILE", "19900005678")])
    assert listed(desk, search="钱") == ["钱示例"]
    assert listed(desk, search="qsl") == ["钱示例"]
    assert listed(desk, search="sunshiyan") == ["孙试验"]
    assert listed(desk, search="5678") == ["孙试验"]
    assert listed(desk, search="东示例街道") == ["钱示例"]
    assert listed(desk, search="东示例 1111") == ["钱示例"], "words found in different places"
    assert listed(desk, search="东示例 5678") == []
    assert sorted(listed(desk)) == ["孙试验", "钱示例"]


def test_a_region_finds_its_people_and_those_of_its_units(desk: Desk, places: dict[str, bytes]) -> None:
    inside = unit(desk, "社区办公室", region=places["东一社区"])
    person(desk, "甲", unit=inside)
    person(desk, "乙", region=places["东示例街道"])
    person(desk, "丙", region=places["西示例街道"], unit=inside)
    person(desk, "丁")

    def at(name: str) -> list[str]:
        return sorted(listed(desk, where=(service.region_condition(desk, places[name], "place"),)))

    assert at("示例区") == sorted(["甲", "乙", "丙"])
    assert at("东示例街道") == sorted(["甲", "乙"]), "one who answers for another region is not of this one"
    assert at("东一社区") == ["甲"]
    assert at("西示例街道") == ["丙"]


def test_numbers_that_need_a_look(desk: Desk, clock: FixedClock) -> None:
    good = person(desk, "已核")
    for row in service.numbers(desk, good):
        service.verify_number(desk, row.id)
    wrong = person(desk, "错号")
    service.mark_wrong(desk, service.numbers(desk, wrong)[0].id)
    service.add_person(desk, {"name": "没有"})

    def health(code: str) -> list[str]:
        return listed(desk, where=(Condition("health", "=", code),))

    assert health("BAD") == ["错号"]
    assert health("OLD") == ["错号"], "its other number was never verified"
    assert health("NONE") == ["没有"]
    clock.advance(service.OLD_AFTER * DAY)
    assert health("OLD") == ["错号"]
    clock.advance(DAY)
    assert sorted(health("OLD")) == sorted(["已核", "错号"])


def test_offices_and_hotlines_are_not_masked(desk: Desk) -> None:
    who = person(desk)
    service.add_number(desk, who, {"number": "12345", "kind": "HOTLINE"})
    shown = [desk.masked(row, "number") for row in service.numbers(desk, who)]
    assert shown == ["199****1111", OFFICE, "12345"]
    assert [desk.title_of(row) for row in service.numbers(desk, who)] == shown
    assert all(found.title != MOBILE for found in desk.find("1111"))


def test_showing_a_number_asks_a_reason_that_only_the_audit_keeps(desk: Desk) -> None:
    who = person(desk)
    with pytest.raises(Refused) as refused:
        service.reveal_person(desk, who, "  ")
    assert refused.value.problems[0].field == "reason"
    service.reveal_person(desk, who, "核实险情")
    (row,) = desk.rows("audit")
    assert (row["action"], row["reason"], row["by"], row["workstation"]) == ("REVEAL", "核实险情", "李示例", "一号席")
    assert row["subject"] == f"people {who.hex()}", "no name that may be erased later"
    assert row["at"] == desk.clock.now()
    assert desk.count("log") == 0


def test_deleting_takes_person_and_numbers_off_the_lists(desk: Desk) -> None:
    who = person(desk)
    service.remove_person(desk, who)
    assert (desk.count("people"), desk.count("numbers")) == (0, 0)
    assert desk.title("people", who) == "钱示例", "what names them still can"


def test_erasing_takes_the_data_out_for_good(desk: Desk) -> None:
    who = person(desk, note="住示例路")
    with pytest.raises(Refused):
        service.erase_person(desk, who, "")
    service.erase_person(desk, who, "本人要求删除")
    assert desk.title("people", who) == ERASED
    held = desk.get("people", who)
    assert (held["name"], held["note"]) == (ERASED, ERASED)
    assert {desk.masked(row, "number") for row in service.numbers(desk, who)} == {ERASED, OFFICE} or {
        desk.masked(row, "number") for row in service.numbers(desk, who)
    } == {ERASED}
    assert service.search_ids(desk, "1111") == set()
    assert service.search_ids(desk, "钱示例") == set()
    raw = desk.store.home.database.read_bytes()
    with desk.store.read() as connection:
        kept = connection.exec_driver_sql("SELECT group_concat(CAST(body AS TEXT)) FROM act").scalar_one()
    assert "钱示例" not in kept
    assert MOBILE not in kept
    assert raw
    with pytest.raises(Refused, match="已删除"):
        service.add_number(desk, who, {"number": "19900009999"})
    assert service.is_erased(held)


def test_the_same_person_twice_in_a_unit_is_refused(desk: Desk) -> None:
    east, west = unit(desk, "东"), unit(desk, "西")
    person(desk, unit=east)
    person(desk, unit=west)
    with pytest.raises(Refused) as refused:
        person(desk, unit=east)
    assert refused.value.problems[0].field == "name"
    with pytest.raises(Refused):
        service.add_person(desk, {"name": ""})


def test_the_printed_list_masks_unless_a_reason_is_given(desk: Desk, places: dict[str, bytes]) -> None:
    east = unit(desk, "东示例街道值班室", region=places["东示例街道"], duty_phone="0571-00009999")
    who = person(desk, unit=east)
    service.add_number(desk, who, {"number": "19900007777", "kind": "MOBILE"})
    service.mark_wrong(desk, service.numbers(desk, who)[2].id)
    gone = person(desk, "已离职")
    service.erase_person(desk, gone, "本人要求删除")

    text = text_of(report.p16(desk))
    assert "东示例街道值班室值班电话0571-00009999" in text
    assert "199****1111" in text
    assert OFFICE in text
    assert MOBILE not in text
    assert "7777" not in text, "a wrong number is of no use on paper"
    assert ERASED not in text
    assert desk.count("audit") == 0

    whole = text_of(report.p16(desk, reveal="编印通讯录"))
    assert MOBILE in whole
    assert "含完整号码，注意保管" in whole
    (row,) = desk.rows("audit")
    assert (row["subject"], row["reason"]) == ("P16", "编印通讯录")


def test_figures_of_the_contacts(desk: Desk) -> None:
    who = person(desk)
    service.mark_wrong(desk, service.numbers(desk, who)[0].id)
    figures = desk.figures(0, 1)
    assert (figures["people.listed"].value, figures["people.wrong_numbers"].value) == (1, 1)
