"""Rows as JSON and as lines of text: what `list`, `show` and `add` print (house.md §8)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.journal.rows import ORIGIN
from dutydesk.ledger.kinds import Flag, Ref, Scaled
from dutydesk.ledger.spec import Field, Ledger, On, Search, Value, Values

PAGE = 1_000
SYSTEM_LEDGERS = frozenset(("audit", "attachments", "prints", "rain_batches", "handovers", "handover_items"))
"""Ledgers that only the program itself writes."""
SIGNED_LEDGERS = frozenset(("assignments", "rosters", "swaps", "sign_ins"))
"""Ledgers whose rows come about by a signature, an approval or a check: `add` goes through that, a table of rows would
go past it and is not imported. The roster has a form of its own that is checked cell by cell."""

Dump = Callable[[Value], Any]
_CONDITION = re.compile(r"(?P<field>\w+)\s*(?P<op>>=|<=|!=|=|>|<|~)(?P<value>.*)", re.DOTALL)


def dumper(item: Field) -> Dump:
    """A function from a stored value to its JSON: a reference is its row's id in hex, a time ISO 8601 +08:00, a code
    the code, a decimal a number, a flag a truth value."""
    kind = item.kind
    if isinstance(kind, Scaled):
        return lambda value: None if value is None else float(kind.decimal(value))
    if isinstance(kind, Flag):
        return lambda value: None if value is None else bool(value)
    return lambda value: None if value is None else kind.dump(value, item)


class Shaper:
    """Makes the JSON of many rows of one ledger; personal fields are masked unless `reveal`."""

    def __init__(self, ledger: Ledger, *, reveal: bool = False) -> None:
        self._fields = [(item, dumper(item), bool(item.personal) and not reveal) for item in ledger.fields]

    def json(self, row: q.Row) -> dict[str, Any]:
        """`{"id", field: value…}`."""
        return {"id": row.id.hex()} | self.values(row.values)

    def values(self, values: Values) -> dict[str, Any]:
        """The fields that `values` holds."""
        shape: dict[str, Any] = {}
        for item, dump, personal in self._fields:
            if item.name not in values:
                continue
            value = values[item.name]
            if personal and isinstance(value, str) and item.masks(values):
                value = item.kind.mask(value)
            shape[item.name] = dump(value)
        return shape


def stream(desk: Desk, ledger: Ledger, total: int, rows: Iterable[q.Row], *, reveal: bool) -> Iterator[str]:
    """`{"ledger","total","rows":[…]}` in pieces, so that a million rows never stand in memory; in a view each row says
    in `district` where it comes from."""
    shaper = Shaper(ledger, reveal=reveal)
    yield f'{{"ledger":{json.dumps(ledger.name)},"total":{total},"rows":['
    for n, row in enumerate(rows):
        told = {**shaper.json(row), "district": desk.origin(row)} if desk.config.view else shaper.json(row)
        yield ("," if n else "") + json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    yield "]}"


def conditions(desk: Desk, ledger: Ledger, texts: Iterable[str]) -> tuple[q.Condition, ...]:
    """`FIELD=VALUE` as conditions, the value read by the field's kind; beside `=` also != < <= > >= and ~ (holds these
    characters). An empty value asks for rows without one. Raises `Refused`."""
    found: list[q.Condition] = []
    for text in texts:
        match = _CONDITION.fullmatch(text)
        if match is None:
            raise Refused(Problem(_("条件应写成 字段=值：{text}").format(text=text), file=ledger.name))
        name, op, wanted = match["field"], match["op"], match["value"]
        item = field_of(ledger, name)
        if op == "~":
            found.append(q.Condition(name, "has", wanted))
            continue
        try:
            value = item.kind.parse(wanted, item, desk.resolve)
        except ValueError as error:
            raise Refused(Problem(str(error), name, file=ledger.name)) from None
        if value is None and op not in ("=", "!="):
            raise Refused(Problem(_("条件缺少值"), name, file=ledger.name))
        found.append(q.Condition(name, ("null" if op == "=" else "set") if value is None else op, value))
    return tuple(found)


def ledger_of(desk: Desk, name: str) -> Ledger:
    """The ledger of a name. Raises `Refused` with the names there are."""
    shape = desk.store.schema.shapes.get(name)
    if shape is None:
        known = _("、").join(desk.store.schema.shapes)
        raise Refused(Problem(_("没有台账“{name}”，可用：{known}").format(name=name, known=known)))
    return shape.ledger


def field_of(ledger: Ledger, name: str) -> Field:
    """The field of a name. Raises `Refused` with the names there are."""
    if name not in ledger:
        known = _("、").join(item.name for item in ledger.fields)
        raise Refused(Problem(_("没有这个字段，可用：{known}").format(known=known), name, file=ledger.name))
    return ledger[name]


def titles(desk: Desk, ledger: Ledger, rows: Iterable[q.Row]) -> dict[bytes, str]:
    """What the rows that `rows` refer to are called."""
    wanted: dict[str, set[bytes]] = {}
    refs = [(item.name, item.kind.ledger) for item in ledger.fields if isinstance(item.kind, Ref)]
    for row in rows:
        for name, target in refs:
            value = row.values[name]
            if isinstance(value, bytes):
                wanted.setdefault(target, set()).add(value)
    found: dict[bytes, str] = {}
    for target, ids in wanted.items():
        found |= desk.titles(target, list(ids))
    return found


def text_of(item: Field, row: Values, names: Mapping[bytes, str], *, reveal: bool) -> str:
    """What people read of one field, on one line."""
    value = row.get(item.name)
    if isinstance(value, bytes):
        return names.get(value, "")
    text = item.kind.show(value, item)
    if text and not reveal and item.masks(row):
        text = item.kind.mask(text)
    return " ".join(text.split())


def table(desk: Desk, ledger: Ledger, rows: Iterable[q.Row], *, reveal: bool) -> Iterator[str]:
    """Lines of tab-separated values under their labels, the row's id first, in a view the district last."""
    fields = ledger.on(On.TABLE)
    view = (_(ORIGIN.label),) if desk.config.view else ()
    yield "\t".join(("id", *(_(item.label) for item in fields), *view))
    for part in _parts(rows):
        names = titles(desk, ledger, part)
        for row in part:
            cells = (text_of(item, row.values, names, reveal=reveal) for item in fields)
            yield "\t".join((row.id.hex(), *cells, *((desk.origin(row),) if view else ())))


def _parts(rows: Iterable[q.Row]) -> Iterator[list[q.Row]]:
    part: list[q.Row] = []
    for row in rows:
        part.append(row)
        if len(part) >= PAGE:
            yield part
            part = []
    if part:
        yield part


def searched(ledger: Ledger) -> bool:
    """Whether anything of this ledger can be searched."""
    return any(item.search is not Search.NO for item in ledger.fields)


def all_rows(desk: Desk, query: q.Query, limit: int | None = None) -> Iterator[q.Row]:
    """Rows of a list of any length, fetched by pages."""
    if limit is not None:
        yield from desk.rows(query.ledger, *query.where, search=query.search, order=query.order, limit=limit)
        return
    pages = q.Pages(desk.store, query, PAGE)
    for index in range(-(-pages.count() // PAGE)):
        yield from pages.page(index)
