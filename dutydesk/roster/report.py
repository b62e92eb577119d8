"""P03 值班表: seven days a block, posts down, who stands where with a telephone, 调 and 代 marked (domain.md §8.2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dutydesk.core.clock import local
from dutydesk.core.i18n import _, language
from dutydesk.core.reference import label
from dutydesk.journal import audit
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition
from dutydesk.people import service as people
from dutydesk.printing.desk import desk_document, settle
from dutydesk.printing.page import Document
from dutydesk.printing.tables import Column
from dutydesk.roster import rules, service
from dutydesk.roster.facts import facts, pattern_of
from dutydesk.roster.ledger import DAY_KINDS
from dutydesk.roster.rows import Cell, DayInfo, Grid
from dutydesk.roster.sheets import WEEKDAYS

SIGNED = ("maker", "approver")
BLOCK = 7
"""Days in a block."""
SIZE = 9.5
HEAD_MM, ROW_MM, LOW_MM, MOST_MM = 11.0, 11.0, 6.5, 120.0
"""About how high a block's head and rows are, so that a block is not cut where it need not be."""


def p03(desk: Desk, *, start: int | str | None = None, end: int | str | None = None, reveal: str = "") -> bytes:
    """The PDF of form P03 from `start` to `end` (days, or moments in ms UTC of which the day counts), both included; by
    default the seven days from today, from `start` seven days. With `reveal`, a reason, telephones are whole, and that
    they were asked for is recorded. Equal records and clocks give equal bytes."""
    if reveal:
        audit.record(desk, "REVEAL", "P03", reveal)
    return document(desk, start, end, whole=bool(reveal)).pdf()


def document(
    desk: Desk, start: int | str | None = None, end: int | str | None = None, *, whole: bool = False
) -> Document:
    """Form P03, still open; `whole` shows telephones in full (whoever asks for that has recorded the reason)."""
    first = _day(desk.clock.now() if start is None else start)
    last = rules.shift_day(first, BLOCK - 1) if end is None else _day(end)
    grid = service.grid(desk, first, last)
    phones = _phones(desk, grid, whole)
    state = _("已发布") if grid.published else _("草稿，未发布")
    made = desk_document(
        desk,
        _("值班表"),
        crew=False,
        landscape=True,
        subtitle=_("{first} 至 {last}").format(first=first, last=last),
        about=f"{first}/{last}",
    )
    made.pairs([(_("值守状态"), _modes(desk, grid)), (_("班次"), _pattern(desk)), (_("状态"), state)], columns=3)
    content = [state]
    for at in range(0, len(grid.days), BLOCK):
        days = grid.days[at : at + BLOCK]
        rows = list(_rows(grid, days, phones))
        made.need(min(HEAD_MM + sum(ROW_MM if any("\n" in cell for cell in row) else LOW_MM for row in rows), MOST_MM))
        made.table(_columns(days), rows, size=SIZE)
        content += [_head(day) for day in days]
        content += [cell for row in _rows(grid, days, {}) for cell in row]  # a telephone alone makes no other roster
    # Who made and approved it stands with the notes: a page of signatures alone would be pinned up by nobody.
    made.paragraph(_signed(desk, first, last), size=11)
    on_call = service.on_call_text(desk, first)
    if on_call:
        made.paragraph(on_call, size=9)
    made.paragraph(_notes(grid, whole), size=9)
    return settle(desk, made, "P03", content, _published(desk, first, last) if grid.published else 0)


def _published(desk: Desk, first: str, last: str) -> int:
    """When the newest roster in force for these days was published, ms UTC; a draft printed before is another sheet."""
    state = Condition("state", "=", "PUBLISHED")
    held = desk.rows("rosters", state, Condition("starts_on", "<=", last), Condition("ends_on", ">=", first))
    return max((row.number("published_at") for row in held if row.get("published_at") is not None), default=0)


def _day(given: int | str) -> str:
    return rules.parse_day(given).isoformat() if isinstance(given, str) else local(given).date().isoformat()


def _columns(days: Sequence[DayInfo]) -> list[Column]:
    """A column a day; a last block of fewer days keeps the width of a whole one."""
    width = 34.0
    heads = [Column(_head(day), width=width, align="center") for day in days]
    blank = [Column("", width=width) for _n in range(BLOCK - len(days))]
    return [Column(_("岗位"), weight=1.0), *heads, *blank]


def _head(day: DayInfo) -> str:
    kinds = {choice.code: choice.label for choice in DAY_KINDS}
    text = f"{day.date[5:]} {_('周{day}').format(day=_(WEEKDAYS[day.weekday]))}"
    if day.name:
        name = _("{text}（{mark}）").format(text=day.name, mark=_("补班")) if day.kind == "MAKEUP" else day.name
        return f"{text}\n{name}"
    if day.kind is None:
        return f"{text}\n{_('放假未公布')}"
    return f"{text}\n{_(kinds[day.kind])}" if day.kind != "WORKDAY" else text


def _rows(grid: Grid, days: Sequence[DayInfo], phones: dict[bytes, str]) -> Iterator[list[str]]:
    blank = [""] * (BLOCK - len(days))
    for line in grid.lines:
        cells = [grid.cells.get((day.date, line.shift, line.post, line.slot)) for day in days]
        if any(cell is not None for cell in cells):
            yield [line.label, *(_cell(grid, cell, phones) for cell in cells), *blank]


def _cell(grid: Grid, cell: Cell | None, phones: dict[bytes, str]) -> str:
    if cell is None:
        return "—"
    if cell.person is None:
        return _("空缺") if cell.wanted else ""
    text = grid.names.get(cell.person, "")
    if cell.mark:
        text = _("{text}（{mark}）").format(text=text, mark=cell.mark)
    phone = phones.get(cell.person, "")
    return f"{text}\n{phone}" if phone else text


def _phones(desk: Desk, grid: Grid, whole: bool) -> dict[bytes, str]:
    """The number to call first of everyone on the sheet."""
    standing = {cell.person for cell in grid.cells.values() if cell.person is not None}
    found: dict[bytes, str] = {}
    for person, rows in people.numbers_of(desk, standing).items():
        first = people.first_number(rows)
        if first is not None:
            found[person] = first.text("number") if whole else str(desk.masked(first, "number") or "")
    return found


def _modes(desk: Desk, grid: Grid) -> str:
    """The modes of the span: each with its days where it does not hold throughout."""
    made = facts(desk, grid.start, grid.end, around=0)
    spans: dict[str, list[str]] = {}
    for day in grid.days:
        modes = [mode for mode in made.demand(day.date).modes if mode != "NORMAL"] or ["NORMAL"]
        for mode in modes:
            spans.setdefault(mode, []).append(day.date)
    parts: list[str] = []
    for mode, dates in spans.items():
        name = label("duty", "duty_mode", mode)
        if len(dates) == len(grid.days):
            parts.append(name)
        elif len(dates) == 1:
            parts.append(f"{name} {dates[0][5:]}")
        elif (rules.parse_day(dates[-1]) - rules.parse_day(dates[0])).days == len(dates) - 1:
            parts.append(f"{name} {dates[0][5:]}—{dates[-1][5:]}")
        else:
            parts.append(_("{name} {count} 天").format(name=name, count=len(dates)))
    return _("、").join(parts)


def _pattern(desk: Desk) -> str:
    return pattern_of(desk).label


def _notes(grid: Grid, whole: bool) -> str:
    marked = [cell for cell in grid.cells.values() if cell.mark and cell.planned]
    notes = [_("调：调班，代：代班，均经带班领导批准。")] if marked else []
    for cell in sorted(marked, key=lambda one: one.key):
        assert cell.planned is not None
        assert cell.person is not None
        notes.append(
            _("{day} {post}：{planned} → {person}。").format(
                day=cell.date[5:],
                post=next(
                    (one.label for one in grid.lines if (one.shift, one.post, one.slot) == cell.key[1:]), cell.post
                ),
                planned=grid.names.get(cell.planned, ""),
                person=grid.names.get(cell.person, ""),
            )
        )
    if any(not day.known for day in grid.days):
        notes.append(_("“放假未公布”的日子，放假安排还没有公布，或没有导入。"))
    notes.append(_("含完整号码，注意保管。") if whole else _("个人号码隐去中间几位。"))
    return (" " if language() == "en" else "").join(notes)


def _signed(desk: Desk, first: str, last: str) -> str:
    """Maker and approver of the published roster that covers the span; lines to sign on where none does."""
    where = (
        Condition("starts_on", "<=", first),
        Condition("ends_on", ">=", last),
        Condition("state", "=", "PUBLISHED"),
    )
    row = next(iter(desk.rows("rosters", *where, limit=1)), None)
    names = [
        desk.title("people", value) if row and isinstance(value := row.get(name), bytes) else "" for name in SIGNED
    ]
    maker, approver = (name or "_" * 12 for name in names)
    text = _("制表：{maker}　　审批：{approver}").format(maker=maker, approver=approver)
    if row is not None and row.get("published_at"):
        text += _("　　发布：{time}").format(time=f"{local(row.number('published_at')):%Y-%m-%d %H:%M}")
    return text
