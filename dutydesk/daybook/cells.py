"""What a reader sees of an entry in the list, and what stands around it. Neither Qt nor SQLAlchemy: the first rows of a
starting window are shown with this alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dutydesk.core.clock import local
from dutydesk.core.i18n import _
from dutydesk.daybook import rules
from dutydesk.journal.rows import Row
from dutydesk.ledger.spec import Value

COLUMNS = ("no", "happened_at", "category", "party", "text", "handling", "incident", "due_at", "recorder")


@dataclass(frozen=True, slots=True)
class Marks:
    """What other rows say of an entry: what corrects it, what answers it (both oldest first), the row it corrects or
    answers, the incident's number."""

    amended_by: tuple[Row, ...] = ()
    answered_by: tuple[Row, ...] = ()
    amends: Row | None = None
    answers: Row | None = None
    incident_no: str = ""


NOTHING = Marks()


def short_no(no: Value) -> str:
    """`2026-0512` → `#0512`; what stands before the year stays."""
    return "#" + re.sub(r"\d{4}-(?=\d+$)", "", str(no)) if no else ""


@dataclass(frozen=True, slots=True)
class Marked(Row):
    """A row of the log with what stands around it."""

    marks: Marks = NOTHING


def marks_of(row: Row) -> Marks:
    """What stands around a row, nothing for a row that was not read by `LogPages`."""
    return row.marks if isinstance(row, Marked) else NOTHING


def clock_text(at: Value, now: int) -> str:
    """`14:02`; with the date when it is not today's, with the year when it is not this year's."""
    if not isinstance(at, int):
        return ""
    moment, today = local(at), local(now)
    if moment.date() == today.date():
        return f"{moment:%H:%M}"
    return f"{moment:%m-%d %H:%M}" if moment.year == today.year else f"{moment:%Y-%m-%d %H:%M}"


def text_cell(row: Row) -> str:
    """The text with what a reader has to know before it: 更正, 已更正, 反馈, 补录."""
    marks = marks_of(row)
    before: list[str] = []
    if marks.amended_by:
        before.append(_("已更正→{no}").format(no=short_no(marks.amended_by[-1].get("no"))))
    if row.get("amends"):
        before.append(_("更正 {no}").format(no=short_no(marks.amends.get("no") if marks.amends else None)).strip())
    if marks.answers is not None:
        before.append(_("反馈 {no}").format(no=short_no(marks.answers.get("no"))))
    if row.get("late"):
        before.append(_("补录"))
    text = row.text("text")
    if row.get("amends"):
        text = _("{text}（原因：{reason}）").format(text=text, reason=row.text("reason"))
    for mark in reversed(before):
        text = _("〔{mark}〕{text}").format(mark=mark, text=text)
    return text


def due_cell(row: Row, now: int) -> str:
    """`15:00`, `逾期 15:00`, `已反馈 #0515`; empty where nothing is awaited."""
    due, marks = row.get("due_at"), marks_of(row)
    if not isinstance(due, int) or row.get("amends"):
        return ""
    if marks.answered_by:
        return _("已反馈 {no}").format(no=short_no(marks.answered_by[-1].get("no")))
    if rules.reminder_due(due, now) == "DUE":
        return _("逾期 {time}").format(time=clock_text(due, now))
    return clock_text(due, now)


def due_tone(row: Row, now: int) -> str:
    """The tone of that cell: late when it is, orange within ten minutes."""
    due, marks = row.get("due_at"), marks_of(row)
    if not isinstance(due, int) or row.get("amends"):
        return ""
    state = rules.reminder_due(due, now, answered=bool(marks.answered_by))
    return {"DUE": "late"}.get(state, "")
