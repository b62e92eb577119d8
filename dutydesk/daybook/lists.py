"""The log as a list: which rows a filter means, and what a reader sees of each. No Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from dutydesk.core.clock import local
from dutydesk.core.i18n import N_, _
from dutydesk.core.turns import key_words
from dutydesk.daybook import service, spans
from dutydesk.daybook.cells import (
    COLUMNS as COLUMNS,
)
from dutydesk.daybook.cells import (
    Marked,
    clock_text,
    due_cell,
    short_no,
)
from dutydesk.daybook.ledger import LOG
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Query, Row
from dutydesk.ledger.spec import Value

PERIODS = (
    ("all", N_("全部")),
    ("shift", N_("本班")),
    ("before", N_("上一班")),
    ("today", N_("今日")),
    ("yesterday", N_("昨日")),
    ("day", N_("选日期")),
)
FOLLOWED = Condition("due_at", ">", 0)
"""In a list's query: only what waits for an answer. `LogPages` knows which those are."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What the list shows. `period` is a code of `PERIODS`, `day` the date of `day`; empty means every."""

    period: str = "all"
    day: str = ""
    category: str = ""
    line: str = ""
    waiting: bool = False
    search: str = ""

    def span(self, desk: Desk) -> spans.Span | None:
        """The stretch of time that is meant now; None for all of it. Raises `Refused` for a day that is none."""
        now, pattern = desk.clock.now(), desk.config.shift_pattern
        match self.period:
            case "shift":
                return spans.shift_of(now, pattern)
            case "before":
                return spans.shift_before(spans.shift_of(now, pattern), pattern)
            case "today":
                return spans.day_of(now)
            case "yesterday":
                return spans.day_of(spans.day_of(now).start - 1)
            case "day" if self.day:
                return spans.day_on(self.day)
            case _:
                return None

    def query(self, desk: Desk, order: str = "") -> Query:
        """The same as a question to the store; everything that is filtered is filtered there."""
        where: list[Condition] = []
        span = self.span(desk)
        if span is not None:
            where += [Condition("happened_at", ">=", span.start), Condition("happened_at", "<", span.end)]
        if self.category:
            where.append(Condition("category", "=", self.category))
        if self.line:
            where.append(Condition("line", "=", self.line))
        if self.waiting:
            where.append(FOLLOWED)
        return Query("log", tuple(where), self.search.strip(), order)


class LogPages(q.Pages):
    """Pages of the log whose rows carry what other rows say of them, learnt once a page."""

    def __init__(self, desk: Desk, query: Query) -> None:
        self._asked = query
        if FOLLOWED in query.where:
            with desk.store.read() as connection:
                waiting = tuple(row.n for row in service.follow_ups(connection, desk.clock.now()))
            others = tuple(condition for condition in query.where if condition != FOLLOWED)
            query = replace(query, where=(*others, Condition("_n", "in", waiting)))
        super().__init__(desk.store, query)
        self._incidents = desk.store.schema.shapes.get("incidents")

    def page(self, index: int) -> Sequence[Row]:
        rows = super().page(index)
        if not rows:
            return rows
        with self.store.read() as connection:
            found = service.marks(connection, rows, self._incidents)
        return [Marked(row.ledger, row.id, row.n, row.values, row.act, found[row.id]) for row in rows]


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of a correction: how it read, how it reads."""

    field: str
    old: str
    new: str


def differences(desk: Desk, old: Row, new: Row) -> list[Difference]:
    """What a correction changed, as people read it; personal values masked."""
    return [
        Difference(name, shown(desk, old, name), shown(desk, new, name))
        for name in service.CONTENT
        if old.get(name) != new.get(name)
    ]


def shown(desk: Desk, row: Row, name: str) -> str:
    """A field as people read it: titles for references, personal values masked."""
    item = LOG[name]
    value = row.get(name)
    ledger = getattr(item.kind, "ledger", "")
    if ledger:
        return desk.title(ledger, value) if isinstance(value, bytes) else ""
    text = item.kind.show(value, item)
    return item.kind.mask(text) if text and item.masks(row.values) else text


def title(values: Mapping[str, Value]) -> str:
    """What an entry is called elsewhere: `#0512 14:02 隧道积水约60厘米`."""
    at = values.get("happened_at")
    time = f"{local(at):%H:%M}" if isinstance(at, int) else ""
    text = " ".join(str(values.get("text") or "").split())
    text = text if len(text) <= 40 else text[:39] + "…"
    return " ".join(part for part in (short_no(values.get("no")), time, text) if part)


@dataclass(frozen=True, slots=True)
class Told:
    """All that is to be read of one entry: `facts` are (label, text), `corrections` (heading, differences) in order,
    `files` its attachments."""

    heading: str
    note: str
    facts: tuple[tuple[str, str], ...]
    corrections: tuple[tuple[str, tuple[Difference, ...]], ...]
    files: tuple[Row, ...]


FACTS = ("text", "handling", "party", "party_phone", "already_told", "region", "incident", "person")


def told(desk: Desk, row: Row) -> Told:
    """An entry as it now reads, whichever row of its chain is given, with every correction since it was made."""
    now = desk.clock.now()
    with desk.store.read() as connection:
        chain = service.chain_of(connection, row.id)
        latest, first = chain[-1], chain[0]
        around = service.marks(connection, [first])[first.id]
    made = Marked(first.ledger, first.id, first.n, first.values, first.act, around)
    heading = " ".join(
        part
        for part in (
            desk.origin(first),
            short_no(first.get("no")),
            clock_text(latest.get("happened_at"), now),
            shown(desk, latest, "category"),
            _("补录") if first.get("late") else "",
        )
        if part
    )
    words = [shown(desk, latest, name) for name in ("line", "direction", "means")]
    words.append(
        _("{who} 记于 {when}").format(
            who=service.recorder(desk, first) or _("未署名"), when=clock_text(first.get("recorded_at"), now) or "—"
        )
    )
    words.append(_("班次 {shift}").format(shift=key_words(first.text("shift"))) if first.get("shift") else "")
    note = " · ".join(word for word in words if word)
    facts = [(_(LOG[name].label), text) for name in FACTS if (text := shown(desk, latest, name))]
    if lacking := service.missing_words(latest.values):
        facts.insert(0, (_("待补"), lacking))
    if due := due_cell(made, now):
        facts.append((_("待反馈"), due))
    if around.answers is not None:
        facts.append((_("反馈的是"), title(around.answers.values)))
    facts += [(_("反馈"), title(item.values)) for item in around.answered_by]
    corrections = tuple(
        (
            _("{no} {who} {when} 更正，原因：{reason}").format(
                no=short_no(new.get("no")),
                who=service.recorder(desk, new),
                when=clock_text(new.get("recorded_at"), now),
                reason=new.text("reason"),
            ),
            tuple(differences(desk, old, new)),
        )
        for old, new in pairwise(chain)
    )
    files = tuple(file for one in chain for file in service.attached(desk, one.id))
    return Told(heading, note, tuple(facts), corrections, files)


def size_text(size: int) -> str:
    """`1.2 MB`, `340 KB`, `12 B`."""
    if size >= 1024 * 1024:
        return f"{size / 1024 / 1024:.1f} MB"
    return f"{-(-size // 1024)} KB" if size >= 1024 else f"{size} B"
