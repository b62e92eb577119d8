"""Contacts out of files: cards, tables in other people's columns, hotlines."""

from __future__ import annotations

from dutydesk.exchange.importing import Plan, plan, run
from dutydesk.exchange.reading import Options
from dutydesk.journal.desk import Desk
from dutydesk.people import service

CARDS = """BEGIN:VCARD
VERSION:3.0
FN:钱示例
ORG:示例区应急管理局
TITLE:科长
TEL;TYPE=CELL:19900001111
TEL;TYPE=WORK:0571-00002222
EMAIL:qian@example.invalid
NOTE:打座机
END:VCARD
BEGIN:VCARD
VERSION:3.0
ORG:示例供水热线
TEL:96390
END:VCARD
""".replace("\n", "\r\n").encode()


def bring(desk: Desk, data: bytes, name: str, ledger: str = "people", **options: object) -> Plan:
    made = plan(desk, ledger, data, name, Options(create=True, **options))  # pyright: ignore[reportArgumentType]
    run(desk, made)
    return made


def one(desk: Desk, name: str):
    (row,) = [row for row in desk.rows("people") if row["name"] == name]
    return row, [(number["kind"], number["number"]) for number in service.numbers(desk, row.id)]


def test_cards_become_people_with_unit_post_and_numbers(desk: Desk) -> None:
    made = bring(desk, CARDS, "通讯录.vcf")
    assert (made.read, made.added, made.format) == (2, 2, "vcard")
    row, numbers = one(desk, "钱示例")
    assert numbers == [("MOBILE", "19900001111"), ("OFFICE", "0571-00002222")]
    assert desk.title("units", row["unit"]) == "示例区应急管理局"
    assert desk.title("posts", row["post"]) == "科长"
    assert row["note"] == "打座机\n邮箱：qian@example.invalid"
    assert row["kind"] == "PERSON"
    line, numbers = one(desk, "示例供水热线")
    assert (line["kind"], numbers) == ("OFFICE", [("HOTLINE", "96390")])

    again = bring(desk, CARDS, "通讯录.vcf")
    assert (again.added, again.changed, again.unchanged) == (0, 0, 2)


def test_a_changed_card_changes_only_what_it_says(desk: Desk) -> None:
    bring(desk, CARDS, "a.vcf")
    row, _numbers = one(desk, "钱示例")
    first = service.numbers(desk, row.id)[0]
    service.verify_number(desk, first.id)
    made = bring(desk, CARDS.replace(b"0571-00002222", b"0571-00003333"), "b.vcf")
    assert (made.added, made.changed) == (0, 1)
    _row, numbers = one(desk, "钱示例")
    assert ("OFFICE", "0571-00003333") in numbers
    assert desk.get("numbers", first.id)["state"] == "OK"


def test_someone_elses_columns_lose_nothing(desk: Desk) -> None:
    data = (
        b"Organisation,Job Title,Staff ID,First Name,Last Name,Email,Mobile Phone,Office Phone\n"
        b"Example Office,Director,7,Ada,Sample,ada@example.invalid,+000017600584,+0000327098\n"
        b"Example Office,Clerk,8,Ben,Sample,,+000017600585,\n"
    )
    made = bring(desk, data, "staff.csv")
    assert (made.read, made.added) == (2, 2)
    row, numbers = one(desk, "Ada Sample")
    assert row["note"] == "Staff ID：7\nEmail：ada@example.invalid"
    assert numbers == [("MOBILE", "+000017600584"), ("OFFICE", "+0000327098")]
    assert one(desk, "Ben Sample")[0]["note"] == "Staff ID：8"

    service.edit_person(desk, row.id, {"note": "夜间打座机"})
    again = bring(desk, data, "staff.csv")
    assert (again.added, again.changed, again.unchanged) == (0, 0, 2), "what an officer wrote there stays"
    assert one(desk, "Ada Sample")[0]["note"] == "夜间打座机"


def test_a_note_of_the_file_and_what_is_left_stand_together(desk: Desk) -> None:
    data = "姓名,手机,备注,血型\n钱示例,19900001111,打座机,A\n".encode()
    bring(desk, data, "a.csv")
    assert one(desk, "钱示例")[0]["note"] == "打座机\n血型：A"
    again = bring(desk, data, "a.csv")
    assert (again.changed, again.unchanged) == (0, 1)


def test_hotlines_are_lines_of_units_and_keep_their_digits(desk: Desk) -> None:
    data = "姓名,单位,职务,电话1,电话2\n示例工会,政府机构,客服热线,12351,\n示例授时,政府机构,客服热线,02900000117,96390\n".encode()
    bring(desk, data, "hotlines.csv")
    assert {row["kind"] for row in desk.rows("people")} == {"OFFICE"}
    assert one(desk, "示例工会")[1] == [("HOTLINE", "12351")]
    assert one(desk, "示例授时")[1] == [("HOTLINE", "02900000117"), ("HOTLINE", "96390")]
    assert desk.masked(service.numbers(desk, one(desk, "示例授时")[0].id)[0], "number") == "02900000117"


def test_a_plain_phone_column_gets_the_kind_of_its_shape(desk: Desk) -> None:
    data = "姓名,电话\n钱示例,19900001111\n孙试验,0571-00002222\n李公开,110\n".encode()
    bring(desk, data, "a.csv")
    assert one(desk, "钱示例")[1] == [("MOBILE", "19900001111")]
    assert one(desk, "孙试验")[1] == [("OFFICE", "0571-00002222")]
    assert one(desk, "李公开")[0]["kind"] == "OFFICE"
    assert one(desk, "钱示例")[0]["kind"] == "PERSON"


def test_shelters_and_supplies_keep_other_columns_too(desk: Desk) -> None:
    bring(desk, "场所名称,街道,类型,可安置人数\n示例小学,示例街道,学校,80\n".encode(), "s.csv", "shelters")
    assert desk.rows("shelters")[0]["note"] == "类型：学校"
    bring(desk, "品名,数量,仓库,供应商\n棉被,10,一库,示例公司\n".encode(), "w.csv", "supplies")
    assert desk.rows("supplies")[0]["note"] == "供应商：示例公司"


def test_cards_are_known_by_their_first_bytes() -> None:
    from dutydesk.people.feature import is_vcard

    assert is_vcard(b"BEGIN:VCARD\r\n", "x.txt")
    assert is_vcard(b"\xef\xbb\xbf\r\nbegin:vcard", "x")
    assert is_vcard("\ufeffBEGIN:VCARD".encode("utf-16-le"), "x")
    assert not is_vcard("姓名,电话".encode(), "x.vcf")
