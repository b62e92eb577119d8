from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.errors import Refused
from dutydesk.people.vcard import LARGEST, Card, NumberKind, number_kind, read_vcards, write_vcards


def cards(text: str | bytes) -> tuple[Card, ...]:
    data = text.encode() if isinstance(text, str) else text
    return read_vcards(data, "a.vcf").cards


def one(*lines: str, version: str = "3.0", end: str = "\r\n") -> Card:
    (card,) = cards(end.join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""]))
    return card


def test_a_person_of_version_3() -> None:
    card = one(
        "N:示;范一;;;",
        "FN:示范一",
        "ORG:示例区应急管理局;指挥中心",
        "TITLE:值班员",
        "TEL;TYPE=CELL:13900000001",
        "TEL;TYPE=WORK,VOICE:0571-00000001",
        "EMAIL;TYPE=INTERNET:a@example.org",
        "NOTE:夜班\\, 单周\\n有钥匙",
        "ADR;TYPE=WORK:;;示例路1号;示例区;浙江省;310000;中国",
    )
    assert card == Card(
        name="示范一",
        unit="示例区应急管理局 指挥中心",
        post="值班员",
        note="夜班, 单周\n有钥匙",
        numbers=((NumberKind.MOBILE, "13900000001"), (NumberKind.OFFICE, "0571-00000001")),
        emails=("a@example.org",),
        address="中国浙江省示例区示例路1号 310000",
    )


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        ("TEL;CELL;PREF:13900000001", ((NumberKind.MOBILE, "13900000001"),)),
        ("TEL;WORK;FAX:0571-00000002", ((NumberKind.FAX, "0571-00000002"),)),
        ("TEL;type=HOME;type=VOICE:0571-00000002", ((NumberKind.HOME, "0571-00000002"),)),
        (
            'TEL;VALUE=uri;TYPE="work,voice":tel:+86-571-00000001;ext=102',
            ((NumberKind.OFFICE, "+86-571-00000001转102"),),
        ),
        ("TEL;TYPE=pager:00000", ((NumberKind.PAGER, "00000"),)),
        ("TEL;TYPE=CELL:12345", ((NumberKind.HOTLINE, "12345"),)),
        ("TEL;TYPE=CELL:4000000000", ((NumberKind.HOTLINE, "4000000000"),)),
        ("TEL;TYPE=CELL:02900000000", ((NumberKind.OFFICE, "02900000000"),)),
        ("TEL;TYPE=VOICE:13900000001", ((NumberKind.MOBILE, "13900000001"),)),
        ("TEL:555-1", ((NumberKind.OTHER, "555-1"),)),
        ("item1.TEL:555-1\r\nitem1.X-ABLabel:值班电话", ((NumberKind.HOTLINE, "555-1"),)),
        ("item1.TEL:555-1\r\nitem1.X-ABLabel:_$!<HomeFAX>!$_", ((NumberKind.FAX, "555-1"),)),
        (
            "TEL;TYPE=WORK:555-1\r\nTEL;TYPE=HOME:555-2\r\nTEL;TYPE=CELL,PREF:555-3",
            ((NumberKind.MOBILE, "555-3"), (NumberKind.OFFICE, "555-1"), (NumberKind.HOME, "555-2")),
        ),
        (
            "TEL;TYPE=work;PREF=20:555-1\r\nTEL;TYPE=home;PREF=3:555-2",
            ((NumberKind.HOME, "555-2"), (NumberKind.OFFICE, "555-1")),
        ),
    ],
)
def test_numbers(line: str, numbers: tuple[tuple[NumberKind, str], ...]) -> None:
    assert one("FN:示范一", line).numbers == numbers


def test_an_office_is_named_by_its_organisation() -> None:
    card = one("FN;CHARSET=UTF-8:", "N;CHARSET=UTF-8:;;;;", "ORG:示例热线", "TEL;TYPE=CELL:0571-00000003")
    assert (card.name, card.unit, card.office) == ("示例热线", "", True)
    assert card.numbers == ((NumberKind.HOTLINE, "0571-00000003"),)
    card = one("ORG:示例区应急管理局;值班室", "TEL:0571-00000003")
    assert (card.name, card.unit, card.office) == ("示例区应急管理局 值班室", "示例区应急管理局", True)


def test_a_person_is_no_office() -> None:
    assert not one("FN:示范一", "ORG:示例局", "TEL:0571-00000003").office


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_every_line_end(end: str) -> None:
    assert one("FN:示范一", "TEL:555-1", end=end).numbers == ((NumberKind.OTHER, "555-1"),)


@pytest.mark.parametrize("charset", ["GB2312", "gbk", "GB18030"])
def test_declared_chinese_quoted_printable(charset: str) -> None:
    quoted = "".join(f"={octet:02X}" for octet in "示例中心".encode("gb18030"))
    card = one(f"N;CHARSET={charset};ENCODING=QUOTED-PRINTABLE:{quoted[:12]}=\r\n{quoted[12:]};;;;", version="2.1")
    assert card.name == "示例中心"


def test_raw_gb2312_with_and_without_a_declaration() -> None:
    for declared in (";CHARSET=GB2312", "", ";CHARSET=UTF-8"):
        text = (
            f"BEGIN:VCARD\r\nVERSION:2.1\r\nN{declared}:联通;;;;\r\nTITLE:科长\r\nTEL;CELL:13900000001\r\nEND:VCARD\r\n"
        )
        (card,) = cards(text.encode("gb18030"))
        assert (card.name, card.post) == ("联通", "科长"), declared


def test_utf8_and_gb2312_in_one_file() -> None:
    text = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=GB2312:" + "示例".encode("gb2312")
    text += b";;;;\r\nNOTE;CHARSET=UTF-8:" + "夜班".encode() + b"\r\nEND:VCARD\r\n"
    (card,) = cards(text)
    assert (card.name, card.note) == ("示例", "夜班")


def test_a_gbk_character_that_ends_in_a_backslash() -> None:
    # 乗 is 81 5C: its second byte is the escape sign
    (card,) = cards("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:示\r\nNOTE:乗;例\r\nEND:VCARD\r\n".encode("gbk"))
    assert card.note == "乗;例"


def test_utf16_and_byte_order_marks() -> None:
    text = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:示范一\r\nEND:VCARD\r\n"
    assert cards(text.encode("utf-16"))[0].name == "示范一"
    assert cards(text.encode("utf-8-sig"))[0].name == "示范一"


def test_a_fold_inside_a_character() -> None:
    raw = "示范一".encode()
    (card,) = cards(b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:" + raw[:4] + b"\r\n " + raw[4:] + b"\r\nEND:VCARD\r\n")
    assert card.name == "示范一"


def test_photos_are_passed_over() -> None:
    card = one(
        "FN:示范一",
        "PHOTO;ENCODING=BASE64;JPEG:",
        " /9j/4AAQSkZJRgABAQEAYABgAAD",
        "/9j/4AAQSkZJRgABAQEAYABgAAD=",
        "",
        "TEL;CELL:13900000001",
        version="2.1",
    )
    assert card.numbers == ((NumberKind.MOBILE, "13900000001"),)


def test_agents_are_cards_of_their_own() -> None:
    nested = "BEGIN:VCARD\r\nVERSION:2.1\r\nN:甲;;;;\r\nAGENT:\r\nBEGIN:VCARD\r\nVERSION:2.1\r\nN:乙;;;;\r\nTEL:555-2\r\nEND:VCARD\r\nTEL:555-1\r\nEND:VCARD\r\n"
    written = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:甲\r\nAGENT:BEGIN:VCARD\\nFN:乙\\nTEL:555-2\\nEND:VCARD\\n\r\nTEL:555-1\r\nEND:VCARD\r\n"
    for text in (nested, written):
        first, second = cards(text)
        assert (first.name, first.numbers) == ("甲", ((NumberKind.OTHER, "555-1"),))
        assert (second.name, second.numbers) == ("乙", ((NumberKind.OTHER, "555-2"),))
        assert "甲" in second.note


def test_broken_cards_are_refused_by_line_and_the_others_read() -> None:
    text = (
        "BEGIN:VCARD\nVERSION:3.0\nFN:甲\nTEL:555-1\n"  # never closed
        "BEGIN:VCARD\nVERSION:3.0\nTEL:555-2\nEND:VCARD\n"  # nobody
        "BEGIN:VCARD\nVERSION:3.0\nFN:丙\n???\nTEL:电话\nTEL:555-3\nEND:VCARD\n"
        "BEGIN:VCARD\nVERSION:3.0\nFN:丁\n"
    )
    found = read_vcards(text.encode(), "a.vcf")
    assert [(card.name, card.line) for card in found.cards] == [("丙", 9)]
    assert found.read == 4
    assert [(problem.line, problem.file) for problem in found.refused] == [(1, "a.vcf"), (5, "a.vcf"), (16, "a.vcf")]
    assert [problem.line for problem in found.warnings] == [12, 13]


def test_a_text_in_no_known_encoding_refuses_its_card() -> None:
    found = read_vcards(b"BEGIN:VCARD\nFN:\xff\xff\xff\nEND:VCARD\nBEGIN:VCARD\nFN:B\nEND:VCARD\n", "a.vcf")
    assert [card.name for card in found.cards] == ["B"]
    assert [problem.line for problem in found.refused] == [1]


@pytest.mark.parametrize("data", [b"", b"\x00" * 50, "姓名,电话\n".encode(), b"BEGIN:VCALENDAR\nEND:VCALENDAR\n"])
def test_nothing_recognised_is_refused(data: bytes) -> None:
    with pytest.raises(Refused, match="BEGIN:VCARD"):
        read_vcards(data, "a.vcf")


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(Refused, match="20 MB"):
        read_vcards(b" " * (LARGEST + 1), "a.vcf")


def test_written_lines_are_short_and_end_in_crlf() -> None:
    out = write_vcards([Card(name="示范一" * 40, note="a" * 300)])
    assert out.endswith(b"\r\n")
    assert all(len(line) <= 75 for line in out.split(b"\r\n"))
    for line in out.split(b"\r\n"):
        line.decode()


_text = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40).map(lambda text: " ".join(text.split()))
_name = _text.filter(bool)
_number = st.from_regex(r"[+]?[0-9][0-9 -]{0,12}[0-9](转[0-9]{1,4})?", fullmatch=True).map(
    lambda n: " ".join(n.split())
)
_kinds = st.sampled_from(NumberKind)


@st.composite
def made(draw: st.DrawFn) -> Card:
    card = Card(
        name=draw(_name),
        unit=draw(_text),
        post=draw(_text),
        note="\n".join(draw(st.lists(_name, max_size=3))),
        office=draw(st.booleans()),
        numbers=tuple(draw(st.lists(st.tuples(_kinds, _number), max_size=4, unique_by=lambda pair: pair[1]))),
        emails=tuple(draw(st.lists(_name, max_size=2, unique=True))),
        address=draw(_text.filter(lambda text: "^n" not in text)),
    )
    # what the reader makes of a row of separators alone is nothing
    fields = (card.name, card.unit, card.post, card.note, card.address, *card.emails)
    return card if all(not text or text.strip(" ;\t\n") for text in fields) else draw(made())


@given(st.lists(made(), min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_what_is_written_is_read_again(wanted: list[Card]) -> None:
    wanted = [card for card in wanted if not (card.office and card.unit == card.name)] or [Card(name="甲")]
    found = read_vcards(write_vcards(wanted), "a.vcf")
    assert list(found.cards) == wanted
    assert not found.warnings
    assert not found.refused


_pieces = st.sampled_from(
    [
        b"BEGIN:VCARD\n",
        b"END:VCARD\n",
        b"AGENT:\n",
        b"FN:",
        b"TEL;",
        b"TYPE=",
        b"CHARSET=",
        b"ENCODING=QUOTED-PRINTABLE:",
        b"=",
        b"\r",
        b" ",
        b"\n",
    ]
)


@given(st.lists(st.one_of(_pieces, st.binary(max_size=12)), max_size=30).map(b"".join))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        found = read_vcards(data, "a.vcf")
    except Refused:
        return
    assert found.read == len(found.cards) + len(found.refused)


@given(st.binary(max_size=200), st.sampled_from(["unicode_escape", "utf-16", "hex", "idna", "no-such", "big5"]))
@settings(max_examples=50, deadline=None)
def test_any_declared_character_set(value: bytes, charset: str) -> None:
    value = value.replace(b"\n", b"").replace(b"\r", b"")
    found = read_vcards(
        b"BEGIN:VCARD\nFN:A\nNOTE;CHARSET=" + charset.encode() + b":" + value + b"\nEND:VCARD\n", "a.vcf"
    )
    assert found.read == len(found.cards) + len(found.refused) == 1


def test_a_hostile_nest_of_agents_ends() -> None:
    found = read_vcards(b"AGENT:\nBEGIN:VCARD\nFN:A\n" * 3000 + b"END:VCARD\n" * 3000, "a.vcf")
    assert found.read >= 1


def test_kind_needs_no_chinese_number() -> None:
    assert number_kind(("WORK",), "(111) 555-1111") is NumberKind.OFFICE
    assert number_kind((), "+49 1234 56789") is NumberKind.OTHER
