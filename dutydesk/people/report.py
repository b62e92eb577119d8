"""P16 通讯录: units with their people and numbers, masked unless a reason was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dutydesk.core.clock import local
from dutydesk.core.i18n import _
from dutydesk.journal import audit
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.people import service
from dutydesk.people.ledger import NUMBERS, POSTS
from dutydesk.printing.desk import desk_document
from dutydesk.printing.page import Document
from dutydesk.printing.tables import Column, Group
from dutydesk.printing.tables import Row as Line

SIZE = 9.0
MOBILE = ("MOBILE",)
OFFICE = ("OFFICE", "DUTY", "HOTLINE")


def p16(desk: Desk, reveal: str = "") -> bytes:
    """The PDF of form P16. With `reveal`, a reason, numbers are whole, and that they were asked for is recorded."""
    if reveal:
        audit.record(desk, "REVEAL", "P16", reveal)
    return document(desk, whole=bool(reveal)).pdf()


def document(desk: Desk, *, whole: bool = False) -> Document:
    """Form P16, still open; `whole` shows numbers in full (whoever asks for that has recorded the reason)."""
    people = [row for row in desk.rows("people") if not service.is_erased(row)]
    units = {row.id: row for row in desk.rows("units")}
    told = _("含完整号码，注意保管") if whole else _("个人号码隐去中间几位")
    used = {unit for row in people if isinstance(unit := row.get("unit"), bytes)}
    about = _("{day} 版  {units} 个单位 {people} 人  {told}").format(
        day=f"{local(desk.clock.now()):%Y-%m-%d}", units=len(used), people=len(people), told=told
    )
    made = desk_document(
        desk,
        _("应急通讯录"),
        subtitle=about,
    )
    made.table(
        [
            Column(_("序号"), width=10, align="right"),
            Column(_("姓名"), weight=1.5),
            Column(_("职务"), weight=2),
            Column(_("手机"), width=27),
            Column(_("办公、值班"), width=30),
            Column(_("其他"), width=27),
            Column(_("备注"), weight=2.2),
        ],
        _lines(desk, people, units, whole=whole),
        size=SIZE,
    )
    return made


def _lines(desk: Desk, people: Sequence[Row], units: Mapping[bytes, Row], *, whole: bool) -> list[Line]:
    codes = {row.id: row.text("code") for row in desk.rows("regions")}
    posts = {row.id: row.text("name") for row in desk.rows("posts")}
    numbers = service.numbers_of(desk, [row.id for row in people])
    groups: dict[bytes, list[Row]] = {}
    for row in people:
        unit = row.get("unit")
        groups.setdefault(unit if isinstance(unit, bytes) else b"", []).append(row)

    def place(unit: bytes) -> tuple[bool, str, str]:
        held = units.get(unit)
        region = held.get("region") if held else None
        return (
            held is None,
            codes.get(region, "") if isinstance(region, bytes) else "",
            held.text("name") if held else "",
        )

    roles = {row.id: row.text("role") for row in desk.rows("posts")}
    order = [choice.code for choice in POSTS["role"].choices]

    def rank(row: Row) -> tuple[bool, int]:
        post = row.get("post")
        role = roles.get(post, "") if isinstance(post, bytes) else ""
        return (row.get("kind") != "OFFICE", order.index(role) if role in order else len(order))

    lines: list[Line] = []
    number = 0
    for unit in sorted(groups, key=place):
        lines.append(Group(_head(desk, unit, units)))
        for row in sorted(groups[unit], key=rank):
            number += 1
            post = row.get("post")
            lines.append(
                [
                    str(number),
                    row.text("name"),
                    posts.get(post, "") if isinstance(post, bytes) else "",
                    *_three(numbers.get(row.id, ()), whole=whole),
                    row.text("note"),
                ]
            )
    return lines or [[""] * 7]


def _head(desk: Desk, unit: bytes, units: Mapping[bytes, Row]) -> str:
    held = units.get(unit)
    if held is None:
        return desk.title("units", unit) if unit else _("未填单位")
    parts = [held.text("name")]
    if held.get("duty_phone"):
        parts.append(_("值班电话 {number}").format(number=held.text("duty_phone")))
    if held.get("fax"):
        parts.append(_("传真 {number}").format(number=held.text("fax")))
    return "  ".join(parts)


def _three(numbers: Sequence[Row], *, whole: bool) -> tuple[str, str, str]:
    """Mobiles, the office's, everything else; numbers that reach nobody are left out."""
    cells: tuple[list[str], list[str], list[str]] = ([], [], [])
    kind = NUMBERS["kind"]
    for row in numbers:
        if row.get("state") in ("BAD", "OFF"):
            continue
        item = NUMBERS["number"]
        text = row.text("number")
        if not whole and item.masks(row.values):
            text = item.kind.mask(text)
        if row.get("kind") in MOBILE:
            cells[0].append(text)
        elif row.get("kind") in OFFICE:
            cells[1].append(text)
        else:
            cells[2].append(f"{kind.kind.show(row.get('kind'), kind)} {text}".strip())
    return "\n".join(cells[0]), "\n".join(cells[1]), "\n".join(cells[2])
