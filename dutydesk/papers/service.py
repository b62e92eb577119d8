"""Sheets of paper with numbers of their own: printed empty, written by hand, typed in (补录) or voided.

A sheet takes the desk's next number in the act that records its printing; a number that was printed is never given
again. What is typed from a sheet is an ordinary entry, marked 补录; the sheet names it in the same act. A sheet is 补录中
while lines are left, TYPED with its last line, VOID with a reason.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from dutydesk.core.clock import MINUTE
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.core.reference import by_code, label
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Row
from dutydesk.ledger.feature import Change, Form, Pdf
from dutydesk.ledger.kinds import choice_label
from dutydesk.ledger.spec import Value, Values
from dutydesk.papers.ledger import PAPERS
from dutydesk.papers.limits import Limits, limits

BEGIN = "纸-"
"""What stands before desk code, year and number."""
BLANK, TYPED, VOID = "BLANK", "TYPED", "VOID"
LOG, INCIDENTS = "log", "incidents"
_SEPARATOR = "、"


# -- printing ----------------------------------------------------------------------------------------------------------


def print_blanks(desk: Desk, form: str, count: int, **given: Any) -> Pdf:
    """`count` empty sheets of a form (P01, P02, TEL) in one file, each with a number of its own; `given` (`shift`) goes
    to the form. The numbers are taken before the file is made, in one act: a stack that never reached the printer is
    printed again as 副本 or voided. Raises `Refused` for another form or too many sheets.
    """
    found = _form(desk, form)
    most = limits_here(desk).most_sheets
    if not 1 <= count <= most:
        raise Refused(Problem(_("一次印 1 到 {most} 张").format(most=most), "count"))
    for name in given:
        if name not in found.params:
            raise Refused(Problem(_("{code} 用不着这一项").format(code=found.code), name))
    if given.get("shift"):
        _make(desk, found, (BEGIN,), copy=False, given=given)  # a shift that is none takes no number
    now = desk.clock.now()
    values: Values = {"number": BEGIN, "form": found.code, "printed_at": now, "state": BLANK}
    receipt = desk.act("paper.print", [desk.new("papers", values) for _each in range(count)])
    numbers = [str(change.values["number"]) for change in receipt.changes if change.ledger == "papers"]
    return _made(desk, found, numbers, copy=False, given=given)


def reprint(desk: Desk, numbers: Sequence[str]) -> Pdf:
    """The same sheets again, 副本 across each. Raises `Refused` for unknown or void numbers and several forms at once."""
    sheets = [find(desk, number) for number in numbers]
    if not sheets:
        raise Refused(Problem(_("写明单号"), "number"))
    void = [row.text("number") for row in sheets if row.get("state") == VOID]
    if void:
        raise Refused(Problem(_("{number} 已作废").format(number=_SEPARATOR.join(void)), "number"))
    forms = {row.text("form") for row in sheets}
    if len(forms) > 1:
        raise Refused(Problem(_("一次只能重印一种表单"), "number"))
    form = _form(desk, forms.pop())
    return _made(desk, form, [row.text("number") for row in sheets], copy=True, given={})


def _made(desk: Desk, form: Form, numbers: Sequence[str], *, copy: bool, given: Mapping[str, Any]) -> Pdf:
    made = _make(desk, form, numbers, copy=copy, given=given)
    about = numbers[0] if len(numbers) == 1 else f"{numbers[0]}–{numbers[-1].rpartition('-')[2]}"
    made.about = _("{numbers} 副本").format(numbers=about) if copy else about
    return made


def _make(desk: Desk, form: Form, numbers: Sequence[str], *, copy: bool, given: Mapping[str, Any]) -> Pdf:
    module, name = form.make.split(":")
    make = getattr(importlib.import_module(module), name)
    made: Pdf = make(desk, blank=limits_here(desk).log_lines, numbers=numbers, copy=copy, **given)
    return made


def _form(desk: Desk, code: str) -> Form:
    """The form of a code that may be printed empty with numbers."""
    known = by_code("papers", "form")
    found = next((form for feature in desk.features for form in feature.forms if form.code == code.upper()), None)
    if found is None or found.code not in known:
        raise Refused(
            Problem(_("不能预印单号：{code}，可用：{known}").format(code=code, known=" ".join(known)), "form")
        )
    return found


# -- typing ------------------------------------------------------------------------------------------------------------


def type_entry(
    desk: Desk,
    number: str,
    given: Mapping[str, Value],
    *,
    written_by: str,
    last: bool = False,
    again: bool = False,
) -> Row:
    """Write one line of a sheet into the duty log, marked 补录, and tie it to the sheet in the same act; with `last` the
    sheet is done. `given` as the log takes it; its time must be there, for now is not when it was written.

    Raises `Refused`; a problem of the field `again` is a warning that `again` answers: the sheet is done already, or
    the same entry stands in the log.
    """
    sheet = _sheet_for(desk, number, LOG, written_by, again=again)
    if given.get("happened_at") in (None, ""):
        raise Refused(Problem(_("写上纸上的时间"), "happened_at"))
    if not again:
        _warn_of_same(desk, sheet, given)
    values = {**given, "late": 1}
    add = desk.services["log_add"]
    row: Row = add(values, more=partial(_tied, desk, sheet, LOG, written_by, last))
    return row


def type_incident(
    desk: Desk, number: str, values: Values, *, written_by: str, last: bool = True, again: bool = False
) -> Row:
    """Take in an incident that stands on a telephone record; see `type_entry`."""
    sheet = _sheet_for(desk, number, INCIDENTS, written_by, again=again)
    if values.get("received_at") is None:
        raise Refused(Problem(_("写上纸上的接报时间"), "received_at"))
    if not again:
        same = ("received_at", "place", "type")
        at = values["received_at"]
        where = [Condition("place", "=", values.get("place")), *_minute("received_at", at)]
        found = [row for row in desk.rows(INCIDENTS, *where) if all(row.get(n) == values.get(n) for n in same[1:])]
        if found:
            raise Refused(Problem(_("已有同一件：{title}").format(title=desk.title_of(found[0])), "again"))
    add = desk.services["incident_add"]
    row: Row = add(values, more=partial(_tied, desk, sheet, INCIDENTS, written_by, last))
    return row


def finish(desk: Desk, number: str) -> Row:
    """The last line of a sheet was typed already. Raises `Refused` for a sheet of which nothing was typed."""
    sheet = find(desk, number)
    if not rows_of(sheet):
        raise Refused(Problem(_("{number} 还没有补录；没有用就作废").format(number=sheet.text("number")), "number"))
    if sheet.get("state") == BLANK:
        desk.act("paper.finish", [Change("papers", sheet.id, {"state": TYPED})])
    return _held(desk, sheet.id)


def void(desk: Desk, numbers: Sequence[str], reason: str) -> list[Row]:
    """Void sheets that hold nothing to be typed, all or none. Raises `Refused` without a reason and for a sheet from
    which something was typed."""
    if not reason.strip():
        raise Refused(Problem(_("写明作废原因"), "reason"))
    sheets = list({row.id: row for row in (find(desk, number) for number in numbers)}.values())
    problems = [
        Problem(
            _("{number} 已补录 {count} 条，不能作废").format(number=row.text("number"), count=len(rows_of(row))),
            "number",
        )
        for row in sheets
        if rows_of(row)
    ]
    problems += [
        Problem(_("{number} 已作废").format(number=row.text("number")), "number")
        for row in sheets
        if row.get("state") == VOID
    ]
    if problems or not sheets:
        raise Refused(*(problems or [Problem(_("写明单号"), "number")]))
    note = reason.strip()
    desk.act("paper.void", [Change("papers", row.id, {"state": VOID, "note": note}) for row in sheets], note=note)
    return [_held(desk, row.id) for row in sheets]


def add_refused(_desk: Desk, _values: Values) -> bytes:
    """A number comes from printing and from nowhere else."""
    raise Refused(Problem(_("单号随印制产生：print P02 --blank N"), "number"))


def _sheet_for(desk: Desk, number: str, ledger: str, written_by: str, *, again: bool) -> Row:
    sheet = find(desk, number)
    told = sheet.text("number")
    problems: list[Problem] = []
    if not written_by.strip():
        problems.append(Problem(_("写明纸上是谁填的"), "written_by"))
    if sheet.get("state") == VOID:
        problems.append(Problem(_("{number} 已作废").format(number=told), "number"))
    if ledger not in ledgers_of(sheet) or sheet.text("ledger") not in ("", ledger):
        problems.append(Problem(_("{number} 不能补录到这本台账").format(number=told), "number"))
    if not problems and sheet.get("state") == TYPED and not again:
        reason = _("{number} 已补录完，共 {count} 条").format(number=told, count=len(rows_of(sheet)))
        problems.append(Problem(reason, "again"))
    if problems:
        raise Refused(*problems)
    return sheet


def _warn_of_same(desk: Desk, sheet: Row, given: Mapping[str, Value]) -> None:
    """Refuse what stands in the log already: the same words at the same minute, or from this very sheet."""
    wanted, at = _plain(given.get("text")), given.get("happened_at")
    candidates = [row for row_id in rows_of(sheet) if (row := desk.get(LOG, row_id)) is not None]
    if isinstance(at, int):
        candidates += desk.rows(LOG, *_minute("happened_at", at))
    found = next((row for row in candidates if wanted and _plain(row.get("text")) == wanted), None)
    if found is not None:
        raise Refused(Problem(_("日志里已有同一条：{title}").format(title=desk.title_of(found)), "again"))


def _minute(name: str, at: Value) -> tuple[Condition, Condition]:
    assert isinstance(at, int)
    start = at - at % MINUTE
    return Condition(name, ">=", start), Condition(name, "<", start + MINUTE)


def _plain(text: Value) -> str:
    """Words without blanks and marks."""
    return re.sub(r"[\W_]+", "", str(text or ""))


def _tied(desk: Desk, sheet: Row, ledger: str, written_by: str, last: bool, row: bytes) -> list[Change]:
    """What the sheet says of an entry that is typed from it."""
    state = TYPED if last or sheet.get("state") == TYPED else BLANK
    values: dict[str, Value] = {
        "ledger": ledger,
        "row": " ".join((*sheet.text("row").split(), row.hex())),
        "written_by": _with(sheet.text("written_by"), written_by.strip()),
        "typed_by": _with(sheet.text("typed_by"), desk.me.name),
        "typed_at": desk.clock.now(),
        "state": state,
    }
    change = desk.edit("papers", sheet.id, {name: value for name, value in values.items() if value != ""})
    return [change] if change is not None else []


def _with(names: str, name: str) -> str:
    held = names.split(_SEPARATOR) if names else []
    return _SEPARATOR.join(held if not name or name in held else [*held, name])


# -- asking ------------------------------------------------------------------------------------------------------------


def limits_here(desk: Desk) -> Limits:
    """The settings in force."""
    with desk.store.read() as connection:
        return limits(connection)


def find(desk: Desk, number: str) -> Row:
    """A sheet by its number, or the end of it (`3` is the newest …-0003). Raises `Refused`."""
    with desk.store.read() as connection:
        found = q.find(connection, desk.store.schema["papers"], number)
    return _held(desk, found.id)


def _held(desk: Desk, row: bytes) -> Row:
    held = desk.get("papers", row)
    assert held is not None
    return held


def rows_of(sheet: Row) -> list[bytes]:
    """Ids of the rows that were typed from a sheet, in the order of typing."""
    return [bytes.fromhex(text) for text in sheet.text("row").split()]


def ledgers_of(sheet: Row) -> Sequence[str]:
    """Where a sheet may be typed into, the usual one first."""
    held = by_code("papers", "form").get(sheet.text("form"))
    return tuple(held["ledgers"]) if held else ()


def unused(desk: Desk) -> list[Row]:
    """Sheets that are neither typed nor void, by number."""
    return desk.rows("papers", Condition("state", "=", BLANK))


def state_text(sheet: Row) -> str:
    """未用, 补录中 2 条, 已补录 3 条, 作废."""
    count = len(rows_of(sheet))
    if sheet.get("state") == BLANK and count:
        return _("补录中 {count} 条").format(count=count)
    text = choice_label(sheet.get("state"), PAPERS["state"])
    return _("{state} {count} 条").format(state=text, count=count) if count else text


def form_text(sheet: Row) -> str:
    """`P02 值班日志`."""
    return f"{sheet.text('form')} {label('papers', 'form', sheet.text('form'))}"
