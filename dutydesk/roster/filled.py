"""The roster as a spreadsheet: an empty or filled form, days down and posts across, and back in.

Everything that is wrong with a filled form is told by cell, and nothing of it is taken until nothing is wrong.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import N_, _
from dutydesk.journal.desk import Desk
from dutydesk.ledger.feature import Draft, Incoming
from dutydesk.ledger.sheets import read_sheet
from dutydesk.ledger.xlsx import Column, column_letters, write_sheet
from dutydesk.roster import cells, checks
from dutydesk.roster.facts import Facts, facts, known_people, names_of
from dutydesk.roster.ledger import DAY_KINDS
from dutydesk.roster.rows import Edit, Key, Line, Undo
from dutydesk.roster.sheets import WEEKDAYS

TITLE = N_("值班表")
DATE, WEEKDAY, KIND = N_("日期"), N_("星期"), N_("类别")
IDLE = frozenset((WEEKDAY, KIND, "备注", "节日"))
"""Columns that say nothing about who stands where."""
SERIAL_ZERO = date(1899, 12, 30)
"""Day 0 of a spreadsheet's day numbers."""
_MARK = re.compile(r"\s*[（(][调代][）)]\s*$")
_SEVERAL = re.compile(r"[、，,;；/\n]")
_NO_YEAR = re.compile(r"(\d{1,2})[-/.月](\d{1,2})日?")
_YEAR = re.compile(r"(?:(\d{4})(\d{2})(\d{2})|(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?)(?:[T ]0?0:00(?::00)?)?")


@dataclass
class Filled:
    """What a filled form says: `edits` by the cell they stand in, `problems` and `warnings` by cell."""

    edits: dict[str, Edit] = field(default_factory=dict[str, Edit])
    problems: list[Problem] = field(default_factory=list[Problem])
    warnings: list[Problem] = field(default_factory=list[Problem])
    read: int = 0
    """Cells with a name in them."""


def form(desk: Desk, start: str, end: str, *, empty: bool = True) -> bytes:
    """The form of a span as xlsx: 日期, 星期, 类别 and a column for each place of the day; with `empty` without names."""
    made = facts(desk, start, end, around=0)
    kinds = {choice.code: _(choice.label) for choice in DAY_KINDS}
    people = {} if empty else checks.people_of(made)
    names = names_of(desk, people.values())
    columns = [Column(_(DATE), 12), Column(_(WEEKDAY), 6), Column(_(KIND), 10)]
    columns += [Column(line.label, 12) for line in made.lines]
    rows: list[list[str]] = []
    for day in made.days:
        kind = day.name or (kinds.get(day.kind or "", "") if day.known else _("未公布"))
        row = [day.date, _(WEEKDAYS[day.weekday]), kind]
        for line in made.lines:
            person = people.get((day.date, line.shift, line.post, line.slot))
            row.append(names[person] if person is not None else "")
        rows.append(row)
    return write_sheet(_(TITLE), columns, rows)


# -- back in ----------------------------------------------------------------------------------------------------------


def read(desk: Desk, data: bytes, name: str) -> Filled:
    """What a filled form says, with everything that is wrong by cell: unknown or ambiguous names, several in one cell,
    double bookings and the other rules, merged cells, days that are none, a hidden sheet. Raises `Refused` only where
    the file cannot be opened or is no such form."""
    sheet = read_sheet(data, name, "xlsx")
    found = Filled(warnings=list(sheet.warnings))
    if sheet.hidden:  # nobody sees it: it may be last year's
        found.problems.append(Problem(_("“{name}”是隐藏的工作表，请先取消隐藏").format(name=sheet.sheet), file=name))
    table = dict(sheet.lines)
    head = _head(table)
    if head is None:
        raise Refused(Problem(_("第一列要有“日期”，后面各列是岗位"), file=name))
    found.problems += [
        Problem(_("合并的单元格，请拆开：{area}").format(area=f"{_address(r1, c1)}:{_address(r2, c2)}"),
                _address(r1, c1), r1 + 1, name)
        for r1, c1, r2, c2 in sheet.merges
        if r2 + 1 >= head
    ]  # fmt: skip
    days = _days(table, head, found, name)
    if not days:
        if not found.problems:
            found.problems.append(Problem(_("一个日期也没有"), _(DATE), head, name))
        return found
    made = facts(desk, min(days.values()), max(days.values()))
    columns = _columns(table[head], head, made, found, name)
    people = _people(desk, made)
    for number, day in days.items():
        for at, text in enumerate(table[number]):
            if at in columns and text.strip():
                _take(found, _address(number - 1, at), number, name, (day, columns[at]), text, people)
    _check(desk, made, found, name)
    return found


def _head(table: Mapping[int, Sequence[str]]) -> int | None:
    """The number of the line that holds the header."""
    return next((number for number, row in table.items() if any(_is_date(cell) for cell in row[:3])), None)


def _is_date(cell: str) -> bool:
    """Whether a cell heads the column of days, in Chinese or in the language in use."""
    return cell.strip() in (DATE, _(DATE))


def _address(row: int, column: int) -> str:
    """`C5` for row 4, column 2, counted from 0."""
    return f"{column_letters(column + 1)}{row + 1}"


def _days(table: Mapping[int, Sequence[str]], head: int, found: Filled, name: str) -> dict[int, str]:
    """The day of each line below the header."""
    at = next(n for n, cell in enumerate(table[head]) if _is_date(cell))
    days: dict[int, str] = {}
    where: dict[str, int] = {}
    for number, row in table.items():
        if number <= head:
            continue
        text = row[at].strip() if at < len(row) else ""
        address = _address(number - 1, at)
        if not text:
            if any(cell.strip() for cell in row[at + 1 :]):
                found.problems.append(Problem(_("没有日期"), address, number, name))
            continue
        try:
            day = read_day(text)
        except ValueError as error:
            found.problems.append(Problem(str(error), address, number, name))
            continue
        if text.replace(".", "").isdigit() and len(text) < 8:
            reason = _("日期是数字 {text}，读作 {day}").format(text=text, day=day)
            found.warnings.append(Problem(reason, address, number, name))
        if day in where:
            reason = _("{day} 在第 {line} 行已经有了").format(day=day, line=where[day])
            found.problems.append(Problem(reason, address, number, name))
            continue
        where[day], days[number] = number, day
    return days


def read_day(text: str) -> str:
    """A day as people and spreadsheets write it: `2026-06-18`, `2026年6月18日`, `20260618`, the day number 46191.
    Raises `ValueError` with the reason: what has no year is not guessed."""
    plain = re.sub(r"\s*[（(]?(周|星期)[一二三四五六日天][）)]?$", "", text.strip())
    if _NO_YEAR.fullmatch(plain):
        raise ValueError(_("没有写年份：{text}").format(text=text))
    serial = re.fullmatch(r"(\d{5})(?:\.0+)?", plain)
    try:
        if serial:
            return (SERIAL_ZERO + timedelta(days=int(serial[1]))).isoformat()
        written = _YEAR.fullmatch(plain)
        if written:
            return date(*(int(part) for part in written.groups() if part)).isoformat()
    except ValueError:
        pass
    raise ValueError(_("应为日期，如 2026-06-18：{text}").format(text=text))


def _columns(row: Sequence[str], head: int, made: Facts, found: Filled, name: str) -> dict[int, Line]:
    """Which place each column is. Two columns of one place, and a column that is none, are told."""
    labels: dict[str, Line] = {}
    for line in made.lines:
        labels.setdefault(_plain(line.label), line)
        if line.slot == 1 and len(made.pattern.parts) == 1:
            labels.setdefault(_plain(made.post_label(line.post)), line)
            labels.setdefault(line.post.casefold(), line)
    columns: dict[int, Line] = {}
    taken: dict[Line, int] = {}
    for at, cell in enumerate(row):
        text = _plain(cell)
        if not text or _is_date(cell) or text in IDLE or text in {_plain(_(word)) for word in IDLE}:
            continue
        line = labels.get(text)
        if line is None:
            known = _("、").join(one.label for one in made.lines)
            reason = _("没有岗位“{text}”，可用：{known}").format(text=cell.strip()[:20], known=known)
            found.problems.append(Problem(reason, _address(head - 1, at), head, name))
        elif line in taken:
            reason = _("与 {cell} 是同一个岗位").format(cell=_address(head - 1, taken[line]))
            found.problems.append(Problem(reason, _address(head - 1, at), head, name))
        else:
            columns[at] = line
            taken[line] = at
    return columns


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", text).casefold()


def _people(desk: Desk, made: Facts) -> dict[str, list[bytes]]:
    """Ids by name; of several of one name those of the roster."""
    with desk.store.read() as connection:
        known = known_people(connection)
    return {_plain(name): [one for one in ids if one in made.members] or ids for name, ids in known.items()}


def _take(
    found: Filled,
    address: str,
    number: int,
    name: str,
    place: tuple[str, Line],
    text: str,
    people: Mapping[str, list[bytes]],
) -> None:
    found.read += 1
    written = _MARK.sub("", text.strip())
    hits = people.get(_plain(written), [])
    if not hits and _SEVERAL.search(written):
        reason = _("一格只写一个人：{text}").format(text=written[:40])
    elif not hits:
        reason = _("通讯录里没有“{text}”").format(text=written[:40])
    elif len(hits) > 1:
        reason = _("“{text}”不止一个").format(text=written[:40])
    else:
        day, line = place
        found.edits[address] = Edit(day, line.shift, line.post, line.slot, hits[0])
        return
    found.problems.append(Problem(reason, address, number, name))


def _check(desk: Desk, made: Facts, found: Filled, name: str) -> None:
    """The rules of the roster over what the form says, and what is published already."""
    people = checks.people_of(made)
    where: dict[Key, str] = {}
    for address, edit in found.edits.items():
        where[edit.key] = address
        standing = made.standing.get(edit.key)
        same = standing is not None and standing.person == edit.person
        if made.is_published(edit.date) and not same:
            found.problems.append(Problem(_("{day} 已发布").format(day=edit.date), address, _row(address), name))
        if edit.person is not None:
            people[edit.key] = edit.person
    for problem in checks.problems(made, people, only=where):
        address = where[problem.key]
        told = Problem(problem.text, address, _row(address), name)
        (found.problems if problem.hard else found.warnings).append(told)
    found.problems.sort(key=lambda one: (one.line or 0, one.field))


def _row(address: str) -> int:
    return int(re.sub(r"\D", "", address))


def take(desk: Desk, data: bytes, name: str) -> Undo:
    """Take a filled form whole. Raises `Refused` with every problem by cell. Empty cells change nothing."""
    found = read(desk, data, name)
    if found.problems:
        raise Refused(*found.problems)
    return cells.assign(desk, list(found.edits.values()), origin="IMPORT")


def looks_like_form(head: bytes, name: str) -> bool:
    """Whether a file is such a form: an xlsx whose first sheet is called 值班表… or what that is in the language in use"""
    if not head.startswith(b"PK"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(head)) as archive:
            book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
    except (zipfile.BadZipFile, KeyError, OSError, ValueError, NotImplementedError, EOFError):
        return False
    return re.search(rf'<sheet [^>]*name="(?:{TITLE}|{_(TITLE)})', book) is not None


def incoming(desk: Desk, data: bytes, name: str, settings: Mapping[str, str]) -> Incoming:
    """As `dutydesk import assignments FILE --format roster` takes it."""
    found = read(desk, data, name)
    drafts = [
        Draft(
            _row(address),
            "assignments",
            {
                "date": edit.date, "shift": edit.shift, "post": edit.post, "slot": edit.slot, "person": edit.person,
                "origin": "IMPORT",
            },
        )
        for address, edit in found.edits.items()
    ]  # fmt: skip
    return Incoming(found.read, tuple(drafts), tuple(found.problems), tuple(found.warnings))
