"""P02 值班日志: the log of a shift on paper (domain.md §8.2), corrections in their place with both wordings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dutydesk.core.clock import DAY, local
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.daybook import lists, service, spans
from dutydesk.daybook.ledger import LOG
from dutydesk.daybook.service import short_no
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Row
from dutydesk.printing.desk import desk_document, numbered_sheets, settle, standing
from dutydesk.printing.page import Document
from dutydesk.printing.tables import Column, Group, Total
from dutydesk.printing.tables import Row as PaperRow

Seals = Sequence[tuple[int, int, int]]
"""(start, end, sealed at) of shifts that were handed over, from the service `sealed`."""
MOST_BLANK = 200
LINE = 9.0
"""Millimetres of a row that is written by hand."""
LONGEST = 400 * DAY


def p02(
    desk: Desk,
    *,
    shift: str | None = None,
    start: int | None = None,
    end: int | None = None,
    blank: int = 0,
    numbers: Sequence[str] = (),
    copy: bool = False,
) -> bytes:
    """The PDF of `document`. With `numbers` a stack of empty forms of `blank` rows, one for each of these numbers, 副本
    on each when they are a `copy`; the date is filled in only where `shift` names it."""
    if not numbers:
        return document(desk, shift=shift, start=start, end=end, blank=blank).pdf()
    head = _head(desk, spans.shift_named(shift, desk.config.shift_pattern)) if shift else _empty_head(desk)
    sheets = numbered_sheets(desk, _("值班日志"), numbers, copy=copy)
    for made in sheets:
        made.pairs(head, columns=3, row_height=LINE)
        _blank(made, min(blank, MOST_BLANK))
    return sheets[0].pdf()


def document(
    desk: Desk,
    *,
    shift: str | None = None,
    start: int | None = None,
    end: int | None = None,
    blank: int = 0,
) -> Document:
    """The log of a shift (`2026-11-22/NIGHT`, or the date alone), of [start, end) in ms UTC, or of the running shift.

    What was printed before the stretch was over was not yet the whole of it: the first one after that is no copy. With
    `blank` the form has so many empty rows and no entries. Raises `Refused` for a shift or stretch that is none.
    """
    span = _span(desk, shift, start, end)
    blank = min(max(blank, 0), MOST_BLANK)
    made = desk_document(
        desk,
        _("值班日志"),
        crew=False,
        shift=_period(span),
        about="" if blank else about(desk, span),
    )
    head = _head(desk, span)
    made.pairs(head, columns=3)
    if blank:
        _blank(made, blank)
        return made
    rows = list(_rows(desk, span))
    made.table(_columns(), rows, size=9.5, signed=bool(rows))
    if not rows:
        made.paragraph(_("本段时间没有记录。"))
    made.signatures([_("记录人"), _("带班领导")])
    content = [text for pair in head[2:] for text in pair]  # the day and the shift are said as it was asked for
    for row in rows:
        content += [] if isinstance(row, Total) else [row.text] if isinstance(row, Group) else [*map(str, row)]
    return settle(desk, made, "P02", content, span.end if desk.clock.now() >= span.end else 0)


def _columns() -> list[Column]:
    return [
        Column(_("编号\n记录人"), width=15, align="center"),
        Column(_("时间"), width=13, align="center"),
        Column(_("类别"), width=19),
        Column(_("对方"), width=26),
        Column(_("内容")),
        Column(_("处理情况"), width=35),
    ]


def _blank(made: Document, rows: int) -> None:
    """Rows to write on, and who signs."""
    columns = _columns()
    made.table(columns, [[""] * len(columns)] * rows, size=9.5, row_height=LINE)
    made.signatures([_("记录人"), _("带班领导")])


def params_of(span: spans.Span | None) -> dict[str, Any]:
    """The parameters of `document` for a stretch that a list shows: its shift by name, a day by its ends."""
    if span is None:
        return {}
    return {"shift": span.shift} if span.code else {"start": span.start, "end": span.end}


def _span(desk: Desk, shift: str | None, start: int | None, end: int | None) -> spans.Span:
    pattern, now = desk.config.shift_pattern, desk.clock.now()
    if shift:
        return spans.shift_named(shift, pattern)
    if start is None and end is None:
        return spans.shift_of(now, pattern)
    until = now if end is None else end
    begin = spans.shift_of(until - 1, pattern).start if start is None else start
    if not 0 < until - begin <= LONGEST:
        raise Refused(Problem(_("起止时间不对，最长 400 天"), "start"))
    return spans.Span(local(begin).date().isoformat(), "", "", begin, until)


def about(desk: Desk, span: spans.Span) -> str:
    """What the record of prints calls the log of a stretch: a shift by its key `2026-11-22/H24`, by whichever way it
    was asked for, else `2026-11-21 00:00–11-22 00:00`."""
    whole = spans.shift_of(span.start, desk.config.shift_pattern)
    return whole.shift if (whole.start, whole.end) == (span.start, span.end) else _period(span)


def _period(span: spans.Span) -> str:
    """`2026-11-22 08:30–11-23 08:30`."""
    start, end = local(span.start), local(span.end)
    until = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%m-%d %H:%M}"
    return f"{start:%Y-%m-%d %H:%M}–{until}"


def _head(desk: Desk, span: spans.Span) -> list[tuple[str, str]]:
    """Date, shift, crew, weather and the district's level, as far as the shift record tells."""
    crew = _crew(desk, span)

    def person(name: str) -> str:
        return standing(desk, crew, name) if crew is not None else ""

    def word(name: str) -> str:
        item = desk.ledger("shifts")[name]
        return item.kind.show(crew.get(name), item) if crew is not None else ""

    moment = local(span.start)
    day = _("{year}年{month}月{day}日").format(year=moment.year, month=moment.month, day=moment.day)
    return [
        (_("日期"), day),
        (_("班次"), span.label or _period(span)),
        (_("天气"), word("weather")),
        (_("带班领导"), person("leader")),
        (_("主班"), person("primary")),
        (_("副班"), person("secondary")),
        (_("风险等级"), word("risk_level")),
        (_("值守状态"), word("mode")),
    ]


def _empty_head(desk: Desk) -> list[tuple[str, str]]:
    """What the head asks for, to be filled in by hand."""
    shifts = desk.ledger("shifts")
    names = ("weather", "leader", "primary", "secondary", "risk_level", "mode")
    return [(_("日期"), _("　　年　　月　　日")), (_("班次"), ""), *((_(shifts[name].label), "") for name in names)]


def _crew(desk: Desk, span: spans.Span) -> Row | None:
    """The shift record that the stretch begins in; none where a view shows the shifts of all districts."""
    if "shifts" not in desk.store.schema.shapes or (desk.config.view and not desk.scope):
        return None
    if span.code:
        where = (Condition("date", "=", span.date), Condition("code", "=", span.code))
    else:
        where = (Condition("starts_at", "<=", span.start), Condition("ends_at", ">", span.start))
    found = desk.rows("shifts", *where, limit=1)
    return found[0] if found else None


def _rows(desk: Desk, span: spans.Span) -> Iterator[PaperRow]:
    """Every entry by time, each followed by its corrections; a line for each new day."""
    with desk.store.read() as connection:
        rows = service.entries(connection, span.start, span.end)
        known = {row.id: row for row in rows}
        corrections: dict[bytes, list[Row]] = {}
        asked = list(known)
        while asked:
            found = service.amendments(connection, asked)
            corrections.update(found)
            asked = [row.id for several in found.values() for row in several if row.id not in corrections]
        outside = [value for row in rows if isinstance(value := row.get("amends"), bytes) and value not in known]
    elsewhere = {row: held for row in outside if (held := desk.get("log", row)) is not None}
    sealed = desk.services.get("sealed")
    seals: Seals = sealed(span.start, span.end) if sealed is not None else ()
    day = local(span.start).date()
    for row in rows:
        named = row.get("amends")
        if isinstance(named, bytes) and named in known:
            continue  # stands with what it corrects
        moment = local(row.number("happened_at"))
        if moment.date() != day:
            day = moment.date()
            yield Group(_("{month}月{day}日").format(month=day.month, day=day.day))
        for old, new in _with_corrections(elsewhere.get(named) if isinstance(named, bytes) else None, row, corrections):
            corrected = new.id in corrections
            late = bool(new.get("late")) or typed_later(seals, new)
            yield _entry(desk, new, corrected, late) if old is None else _correction(desk, old, new, corrected)


def _with_corrections(
    before: Row | None, row: Row, corrections: dict[bytes, list[Row]]
) -> Iterator[tuple[Row | None, Row]]:
    """An entry and what corrects it, depth first, each with the row that it corrects."""
    seen: set[bytes] = set()
    todo: list[tuple[Row | None, Row]] = [(before, row)]
    while todo:
        old, new = todo.pop()
        if new.id in seen:
            continue
        seen.add(new.id)
        yield old, new
        todo += [(new, following) for following in reversed(corrections.get(new.id, ()))]


def typed_later(seals: Seals, row: Row) -> bool:
    """Whether an entry about a shift that was handed over was typed after its seal."""
    happened, recorded = row.number("happened_at"), row.number("recorded_at")
    return any(start <= happened < min(end, at) and recorded > at for start, end, at in seals)


def _entry(desk: Desk, row: Row, corrected: bool, late: bool) -> list[str]:
    time = f"{local(row.number('happened_at')):%H:%M}"
    party = "\n".join(part for part in (row.text("party"), lists.shown(desk, row, "party_phone")) if part)
    lacking = "" if corrected else service.missing_words(row.values)
    handling = row.text("handling")
    notes = [handling] if handling else []
    if isinstance(due := row.get("due_at"), int):
        notes.append(_("待反馈 {time}").format(time=f"{local(due):%m-%d %H:%M}"))
    if lacking:
        notes.append(_("〔待补：{fields}〕").format(fields=lacking))
    text = row.text("text")
    if isinstance(answers := row.get("answers"), bytes) and (asked := desk.get("log", answers)) is not None:
        text = _("〔反馈 {no}〕{text}").format(no=short_no(asked.get("no")), text=text)
    return [
        _signed(desk, row),
        _("{time}\n补录").format(time=time) if late else time,
        "\n".join(part for part in (_word(row, "category"), _word(row, "line")) if part),
        party,
        text,
        "\n".join(notes),
    ]


def _correction(desk: Desk, old: Row, new: Row, corrected: bool) -> list[str]:
    recorded = local(new.number("recorded_at"))
    told = [
        _("{label}\n原：{old}\n现：{new}").format(
            label=_(LOG[item.field].label), old=item.old or "—", new=item.new or "—"
        )
        for item in lists.differences(desk, old, new)
    ]
    lacking = "" if corrected else service.missing_words(new.values)
    reason = _("原因：{reason}").format(reason=new.text("reason"))
    return [
        _signed(desk, new),
        f"{recorded:%H:%M}",
        _("更正 {no}").format(no=short_no(old.get("no"))),
        "",
        "\n".join(told),
        "\n".join([reason, _("〔待补：{fields}〕").format(fields=lacking)] if lacking else [reason]),
    ]


def _signed(desk: Desk, row: Row) -> str:
    """Number and recorder, one below the other; in a view the district above them."""
    parts = (desk.origin(row), short_no(row.get("no")).lstrip("#"), service.recorder(desk, row))
    return "\n".join(part for part in parts if part)


def _word(row: Row, name: str) -> str:
    item = LOG[name]
    return item.kind.show(row.get(name), item)
