"""vCard 2.1, 3.0 and 4.0 in; 3.0 out (RFC 2426, RFC 6350, the versit vCard 2.1 specification).

An own reader, because `vobject` was tried and does not do what duty rooms are handed: one line that it cannot read
loses the whole file, so does a missing END; raw GB2312 bytes must be decoded beforehand, which mixed declarations
defeat; nested AGENT cards, bare CR and a character beyond GBK in quoted-printable raise errors of its own inside.

`vlines.py` reads the lines; this file turns them into people.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import unquote

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.people.vlines import Block, Line, blocks

LARGEST: Final = 20 * 1024 * 1024
DEEPEST_AGENT: Final = 3


class NumberKind(StrEnum):
    """What a number is for."""

    MOBILE = "MOBILE"
    OFFICE = "OFFICE"
    HOME = "HOME"
    FAX = "FAX"
    PAGER = "PAGER"
    HOTLINE = "HOTLINE"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Card:
    """One person or office. `numbers` in the order in which they are to be called; `office` tells that the card is
    of a unit or hotline, whose numbers are nobody's personal data. `address` is one line; `line` is where the card begins in its file."""

    name: str
    unit: str = ""
    post: str = ""
    note: str = ""
    office: bool = False
    numbers: tuple[tuple[NumberKind, str], ...] = ()
    emails: tuple[str, ...] = ()
    address: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class VCards:
    """What a file gave: `read` counts its cards, those that were refused with their line and reason included."""

    cards: tuple[Card, ...]
    read: int
    warnings: tuple[Problem, ...] = ()
    refused: tuple[Problem, ...] = ()


_SHORT = re.compile(r"1\d{2}|1\d{4}|9[56]\d{3,4}|[48]00\d{7}")
_MOBILE = re.compile(r"(?:86|0086)?1[3-9]\d{9}")
_AREA = re.compile(r"0(?:10|2\d)\d{8}|0[3-9]\d{2}\d{7,8}")
_LABELS: Final = (
    (NumberKind.FAX, ("传真", "fax")),
    (NumberKind.HOTLINE, ("热线", "值班", "hotline")),
    (NumberKind.PAGER, ("寻呼", "pager")),
    (NumberKind.MOBILE, ("手机", "移动", "mobile", "cell", "iphone")),
    (NumberKind.HOME, ("家", "住宅", "home")),
    (NumberKind.OFFICE, ("办公", "单位", "工作", "公司", "座机", "总机", "work", "office", "main")),
)
_CJK = re.compile(r"[㐀-鿿\U00020000-\U0003ffff]")


_EXTENSION = re.compile(r"转|ext|#|,|;")
_NO_DIGIT = re.compile(r"[^\d+]")


def _digits(number: str) -> str:
    if number.isdecimal():
        return number
    return _NO_DIGIT.sub("", _EXTENSION.split(number, maxsplit=1)[0]).removeprefix("+")


def number_kind(types: Iterable[str], number: str, label: str = "", office: bool = False) -> NumberKind:
    """The kind of a number from its TYPE words, its custom label and, where these say nothing, its own shape.

    Short public numbers (110, 12345, 95598, 400 …) are hotlines whatever the card says, as phones file everything
    under CELL; for the same reason a number with an area code is no mobile, and an office has no mobile but one that
    looks like it (numbering of 电信网编号计划 2017).
    """
    words = {word.casefold() for word in types}
    digits = _digits(number)
    text = label.casefold()
    labelled = next((kind for kind, marks in _LABELS if any(mark in text for mark in marks)), None) if text else None
    if "fax" in words or labelled is NumberKind.FAX:
        return NumberKind.FAX
    if "pager" in words or labelled is NumberKind.PAGER:
        return NumberKind.PAGER
    if _SHORT.fullmatch(digits) or labelled is NumberKind.HOTLINE:
        return NumberKind.HOTLINE
    if labelled:
        return labelled
    mobile, fixed = bool(_MOBILE.fullmatch(digits)), bool(_AREA.fullmatch(digits))
    if words & {"cell", "mobile", "iphone"}:
        if office and not mobile:
            return NumberKind.HOTLINE
        return NumberKind.OFFICE if fixed else NumberKind.MOBILE
    if "home" in words:
        return NumberKind.HOME
    if "work" in words:
        return NumberKind.OFFICE
    if mobile:
        return NumberKind.MOBILE
    return NumberKind.OFFICE if fixed else NumberKind.OTHER


def read_vcards(data: bytes, name: str) -> VCards:
    """The cards of a file; `name` is what problems call it.

    A broken card is refused by its line and the others are read. Raises `Refused` when the file is too large or holds
    nothing that looks like a card.
    """
    if len(data) > LARGEST:
        raise Refused(Problem(_("文件超过 {size} MB").format(size=LARGEST // 2**20), file=name))
    return _Reader(name).file(blocks(data, name))


class _Reader:
    """Collects what one file gives."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.read = 0
        self.cards: list[Card] = []
        self.warnings: list[Problem] = []
        self.refused: list[Problem] = []

    def file(self, found: Iterable[Block]) -> VCards:
        for block in found:
            self.block(block, 0)
        if not self.read:
            raise Refused(Problem(_("没有认出名片（没有 BEGIN:VCARD）"), file=self.name))
        return VCards(tuple(self.cards), self.read, tuple(self.warnings), tuple(self.refused))

    def block(self, block: Block, depth: int, of: str = "") -> None:
        """One card and, after it, the agents inside it."""
        self.read += 1
        self.warnings.extend(block.warnings)
        if block.broken:
            self.refused.append(Problem(block.broken, line=block.line, file=self.name))
            card = None
        else:
            card = self.card(block, of)
        if card is not None:
            self.cards.append(card)
        for agent in block.agents:
            if depth == DEEPEST_AGENT:
                self.warn(agent.line, "AGENT", _("代理人名片层数太多，未取"))
            else:
                self.block(agent, depth + 1, card.name if card else of)

    def warn(self, line: int, field: str, reason: str) -> None:
        self.warnings.append(Problem(reason, field=field, line=line, file=self.name))

    def card(self, block: Block, of: str) -> Card | None:
        lines = block.lines
        organisation = _parts(_first(lines, "ORG"))
        own = _first_text(lines, "FN") or _person(_first(lines, "N"))
        name = own or " ".join(organisation)
        if not name:
            self.refused.append(
                Problem(_("名片没有姓名（FN、N、ORG 都为空）"), field="FN", line=block.line, file=self.name)
            )
            return None
        unit = " ".join(organisation) if own else " ".join(organisation[:-1])
        others = [line for line in lines if line.name == "ORG"][1:]
        if others:
            self.warn(others[0].line, "ORG", _("有多个单位，只取第一个"))
        shown = _first_text(lines, "X-ABSHOWAS").casefold()
        office = not own or shown == "company" or _first_text(lines, "KIND").casefold() == "org"
        numbers = self.numbers(lines, office)
        office = office or (not shown and _all_hotlines(numbers))
        if office and unit == name:
            unit = ""
        notes = [line.text() for line in lines if line.name == "NOTE"]
        if of:
            notes.append(_("{name}的代理人").format(name=of))
        return Card(
            name=_one_line(name),
            unit=_one_line(unit),
            post=_one_line(_first_text(lines, "TITLE") or _first_text(lines, "ROLE")),
            note="\n".join(note.strip() for note in notes if note.strip()),
            office=office,
            numbers=numbers,
            emails=tuple(
                dict.fromkeys(_one_line(line.text()) for line in _preferred(lines, "EMAIL") if line.text().strip())
            ),
            address=next(filter(None, (_address(line) for line in _preferred(lines, "ADR"))), ""),
            line=block.line,
        )

    def numbers(self, lines: tuple[Line, ...], office: bool) -> tuple[tuple[NumberKind, str], ...]:
        """The telephone numbers, preferred ones first, otherwise in the order of the file; each once."""
        labels = {line.group: line.text() for line in lines if line.group and line.name == "X-ABLABEL"}
        found: dict[str, NumberKind] = {}
        for line in _preferred(lines, "TEL"):
            number = _number(line.text())
            if not number:
                continue
            if not any(character.isdigit() for character in number):
                self.warn(line.line, "TEL", _("电话里没有数字，未取：{text}").format(text=number))
                continue
            kept = line.params.get("X-KIND", ("",))[0]
            kind = (
                NumberKind(kept)
                if kept in NumberKind.__members__
                else number_kind(line.types, number, labels.get(line.group, ""), office)
            )
            found.setdefault(number, kind)
        return tuple((kind, number) for number, kind in found.items())


def _all_hotlines(numbers: tuple[tuple[NumberKind, str], ...]) -> bool:
    """Whether a card holds hotlines only, which makes it a unit's whatever it calls itself."""
    return bool(numbers) and all(kind is NumberKind.HOTLINE for kind, _number in numbers)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _first(lines: Iterable[Line], name: str) -> Line | None:
    return next((line for line in lines if line.name == name and line.text().strip(" ;\t\n")), None)


def _first_text(lines: Iterable[Line], name: str) -> str:
    found = _first(lines, name)
    return found.text().strip() if found else ""


def _parts(line: Line | None) -> list[str]:
    return [one for one in map(_one_line, line.parts()) if one] if line else []


def _person(line: Line | None) -> str:
    """The name of an N: family and given name together in Chinese, in the western order otherwise."""
    if line is None:
        return ""
    family, given, middle, prefix, suffix = (*map(_one_line, line.parts()), "", "", "", "", "")[:5]
    if _CJK.search(family + given):
        return f"{family}{given}{middle}"
    return " ".join(part for part in (prefix, given, middle, family, suffix) if part)


def _address(line: Line) -> str:
    """The components of an ADR in the order in which an address is said: from the province down in Chinese."""
    box, extra, street, city, province, code, country = (*map(_one_line, line.parts()), *[""] * 7)[:7]
    if "^n" in box:
        # a LABEL parameter with bare colons, as some programs write it, has run into the value
        box = box.rpartition(":")[2]
    if _CJK.search(street + city + extra):
        return f"{country}{province}{city}{street}{extra}{box} {code}".strip()
    return ", ".join(part for part in (box, extra, street, city, province, code, country) if part)


def _preferred(lines: Iterable[Line], name: str) -> list[Line]:
    """The lines of a property by PREF (4.0: 1–100, smaller first; before: the word), then as they stand."""
    return sorted((line for line in lines if line.name == name), key=lambda line: line.preference)


def _number(text: str) -> str:
    """A number as people write it: `tel:+86-571-00000001;ext=102` → `+86-571-00000001转102` (RFC 3966)."""
    text = text.strip()
    if text[:4].casefold() == "tel:":
        number, *params = text[4:].split(";")
        extension = next((param[4:] for param in params if param[:4].casefold() == "ext="), "")
        text = unquote(number) + (f"转{unquote(extension)}" if extension else "")
    return _one_line(text)


_WRITTEN: Final = {
    NumberKind.MOBILE: "CELL",
    NumberKind.OFFICE: "WORK,VOICE",
    NumberKind.HOME: "HOME,VOICE",
    NumberKind.FAX: "WORK,FAX",
    NumberKind.PAGER: "PAGER",
    NumberKind.HOTLINE: "VOICE",
    NumberKind.OTHER: "VOICE",
}


def write_vcards(cards: Iterable[Card]) -> bytes:
    """vCard 3.0 (RFC 2426): UTF-8, CRLF, folded at 75 octets between characters, escaped.

    `read_vcards` gives equal cards again. A kind that a number's words and shape would not
    tell is kept in the parameter X-KIND, which other programs ignore.
    """
    out: list[bytes] = []
    for card in cards:
        lines = ["BEGIN:VCARD", "VERSION:3.0", f"FN:{_escape(card.name)}"]
        if card.office:
            lines += ["N:;;;;", f"ORG:{_escape(card.unit or card.name)}", "X-ABShowAs:COMPANY"]
        else:
            lines.append(f"N:{_escape(card.name)};;;;")
            lines += [f"ORG:{_escape(card.unit)}"] if card.unit else []
            lines += ["X-ABShowAs:PERSON"] if _all_hotlines(card.numbers) else []
        lines += [f"TITLE:{_escape(card.post)}"] if card.post else []
        for kind, number in card.numbers:
            words = _WRITTEN[kind]
            told = number_kind(words.split(","), number, office=card.office) is kind
            lines.append(f"TEL;TYPE={words}{'' if told else f';X-KIND={kind.value}'}:{_escape(number)}")
        lines += [f"EMAIL;TYPE=INTERNET:{_escape(email)}" for email in card.emails]
        lines += [f"ADR;TYPE=WORK:;;{_escape(card.address)};;;;"] if card.address else []
        lines += [f"NOTE:{_escape(card.note)}"] if card.note else []
        out += map(_fold, [*lines, "END:VCARD"])
    return b"".join(out)


def _escape(text: str) -> str:
    for plain, escaped in (("\\", "\\\\"), ("\r\n", "\n"), ("\r", "\n"), ("\n", "\\n"), (",", "\\,"), (";", "\\;")):
        text = text.replace(plain, escaped)
    return text


def _fold(line: str) -> bytes:
    """One line of a file, continued after at most 75 octets without cutting a character (RFC 2426 §2.6)."""
    rows: list[bytes] = []
    row = b""
    for character in line:
        octets = character.encode("utf-8", "replace")
        if len(row) + len(octets) > 75:
            rows.append(row)
            row = b" "
        row += octets
    return b"\r\n".join([*rows, row]) + b"\r\n"
