"""The desk as panes and reports see it: the store, the clock, who sits there, and what the features say together."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, select

from dutydesk.core.clock import Clock
from dutydesk.core.errors import Refused
from dutydesk.core.i18n import N_, _
from dutydesk.core.ids import CLI, new_id
from dutydesk.core.settings import DeskConfig
from dutydesk.journal import query as q
from dutydesk.journal.store import Batch, Receipt, Store
from dutydesk.ledger.feature import Change, Feature, Figure, OpenItem
from dutydesk.ledger.spec import Ledger, Value, Values
from dutydesk.ledger.table import LISTED

MISSING = N_("未到")
"""Shown for a row that something names and that has not arrived."""


@dataclass
class Me:
    """Who is at the desk: the hex id of a row of `people` (or `cli`, `system`) and the name to show."""

    id: str = CLI
    name: str = ""


@dataclass(frozen=True)
class Found:
    """One answer of `Desk.find`: where it is and what it is called."""

    ledger: str
    row: bytes
    title: str


@dataclass(frozen=True, slots=True, eq=False)
class Service:
    """What a feature does for the others, bound to a desk; its module is imported at the first call."""

    desk: Desk = field(repr=False)
    dotted: str

    def __call__(self, *given: Any, **named: Any) -> Any:
        module, name = self.dotted.split(":")
        return getattr(import_module(module), name)(self.desk, *given, **named)


@dataclass(frozen=True)
class Desk:
    """The reading side and the one way to write, handed to every pane, form and report (house.md §5)."""

    store: Store
    clock: Clock
    me: Me
    features: tuple[Feature, ...] = ()
    services: dict[str, Any] = field(default_factory=dict[str, Any])
    """What features do for one another (`Feature.services`), and what the window gives its panes."""

    def __post_init__(self) -> None:
        if any(isinstance(one, Service) and one.desk is not self for one in self.services.values()):
            # A copy for someone else: what it offers must not take the place of what the desk itself does.
            object.__setattr__(self, "services", dict(self.services))
        for feature in self.features:
            for name, dotted in feature.services.items():
                if isinstance(self.services.get(name), Service | None):
                    self.services[name] = Service(self, dotted)

    @property
    def config(self) -> DeskConfig:
        return self.store.config

    def ledger(self, name: str) -> Ledger:
        """The declaration of a ledger."""
        return self.store.schema[name].ledger

    # -- writing ---------------------------------------------------------------------------------------------------

    def act(
        self,
        kind: str,
        changes: Sequence[Change],
        *,
        happened_at: int | None = None,
        note: str = "",
        batch: Batch | None = None,
    ) -> Receipt:
        """Append one act by whoever is at the desk; see `Store.act`."""
        return self.store.act(kind, changes, by=self.me.id, happened_at=happened_at, note=note, batch=batch)

    def new(self, ledger: str, values: Values) -> Change:
        """The change that adds a row."""
        return Change(ledger, new_id(self.clock.now()), values, new=True)

    def edit(self, ledger: str, row: bytes, values: Values) -> Change | None:
        """The change that writes what differs from the row as it stands; `None` when nothing does."""
        held = self.get(ledger, row)
        different = {name: value for name, value in values.items() if held is None or held.values.get(name) != value}
        return Change(ledger, row, different) if different else None

    # -- reading ---------------------------------------------------------------------------------------------------

    def get(self, ledger: str, row: bytes) -> q.Row | None:
        """One row by id."""
        with self.store.read() as connection:
            return q.by_id(connection, self.store.schema[ledger], row)

    def rows(
        self, ledger: str, *where: q.Condition, search: str = "", order: str = "", limit: int | None = None
    ) -> list[q.Row]:
        """Rows of a ledger, for lists that are short by nature; long ones go through `pages`."""
        with self.store.read() as connection:
            return q.rows(connection, self.store.schema[ledger], q.Query(ledger, where, search, order), limit)

    def count(self, ledger: str, *where: q.Condition, search: str = "") -> int:
        """How many rows there are."""
        with self.store.read() as connection:
            return q.count(connection, self.store.schema[ledger], q.Query(ledger, where, search))

    def pages(self, query: q.Query) -> q.Pages:
        """A list of any length, by pages."""
        return q.Pages(self.store, query)

    # -- what the features say together ----------------------------------------------------------------------------

    def open_items(self, now: int | None = None) -> list[OpenItem]:
        """Everything unfinished, the next due first: board, hand-over sheet and alarms are this one list. Of a view that
        is narrowed to a district it is that of all districts, as the figures are: an alarm of another one counts."""
        at = self.clock.now() if now is None else now
        with self._read_all() as connection:
            items = [item for feature in self.features for item in feature.open_items(connection, at)]
        return sorted(items, key=lambda item: (item.due_at is None, item.due_at or 0, -item.severity, item.title))

    def figures(self, start: int, end: int) -> dict[str, Figure]:
        """Every feature's counters over [start, end), by name."""
        with self._read_all() as connection:
            return {
                figure.name: figure for feature in self.features for figure in feature.figures(connection, start, end)
            }

    def _read_all(self) -> AbstractContextManager[Connection]:
        """The record as it is, also where a view narrows its lists."""
        read_all = getattr(self.store, "read_all", None)
        return self.store.read() if read_all is None else read_all()

    def title(self, ledger: str, row: bytes | None) -> str:
        """What a row is called; 未到 for one that has not arrived, empty for none."""
        if not row:
            return ""
        held = self.get(ledger, row)
        return _(MISSING) if held is None else self.title_of(held)

    def titles(self, ledger: str, rows: Sequence[bytes]) -> dict[bytes, str]:
        """Titles of several rows at once."""
        with self.store.read() as connection:
            held = q.by_ids(connection, self.store.schema[ledger], list(rows))
        return {row: self.title_of(held[row]) if row in held else _(MISSING) for row in rows}

    def title_of(self, row: q.Row) -> str:
        """What a row is called: its feature says, else its name, title or number."""
        for feature in self.features:
            if feature.titles is not None and any(ledger.name == row.ledger for ledger in feature.ledgers):
                return feature.titles(row.ledger, row.values)
        for name in ("name", "headline", "text", "no", "code", "number", "key"):
            if row.values.get(name):
                return str(row.values[name])
        return row.id.hex()[:8]

    def origin(self, row: q.Row) -> str:
        """The district that a row comes from, where rows of several stand together (`journal.view`); empty at a desk."""
        asked = self.services.get("origin")
        return str(asked(row)) if asked is not None else ""

    def placed(self, row: q.Row, text: str) -> str:
        """A text about a row with the district before it, where rows of several stand together: `上城区 #0031 隧道口`."""
        return " ".join(part for part in (self.origin(row), text) if part)

    @property
    def scope(self) -> str:
        """The district that a view is narrowed to; empty where it shows them all, and at a desk."""
        asked = self.services.get("scope")
        return str(asked()) if asked is not None else ""

    def find(self, text: str, ledgers: Sequence[str] = (), limit: int = 8) -> list[Found]:
        """Rows of any searched ledger that a text finds, by characters, pinyin or initials; a few of each."""
        found: list[Found] = []
        if not text.strip():
            return found
        with self.store.read() as connection:
            for name, shape in self.store.schema.shapes.items():
                if shape.fts and (not ledgers or name in ledgers):
                    hits = q.rows(connection, shape, q.Query(name, (), text), limit)
                    found += [Found(name, row.id, self.title_of(row)) for row in hits]
        return found

    def resolve(self, ledger: str, text: str) -> bytes:
        """The row that a text names: exact name or code, its number as people write it (`31`, `#0031`), its id or an
        unambiguous beginning of it. Raises `ValueError` with the reason."""
        shape = self.store.schema[ledger]
        wanted = text.strip()
        with self.store.read() as connection:
            for name in ("name", "code", "no", "identifier", "label"):
                if name in shape.ledger:
                    hits = q.rows(connection, shape, q.Query(ledger, (q.Condition(name, "=", wanted),)), 2)
                    if len(hits) == 1:
                        return hits[0].id
                    if len(hits) > 1:
                        raise ValueError(_("“{text}”不止一个").format(text=wanted))
            with suppress(Refused):
                found = q.find(connection, shape, wanted).id
                if connection.scalar(select(shape.table.c["_state"]).where(shape.table.c.id == found)) == LISTED:
                    return found
        raise ValueError(_("{title}里没有“{text}”").format(title=_(shape.ledger.title), text=wanted))

    def masked(self, row: q.Row, name: str) -> Value:
        """A field's value as it may be shown without asking."""
        item = self.ledger(row.ledger)[name]
        value = row.values.get(name)
        return item.kind.mask(value) if isinstance(value, str) and item.masks(row.values) else value
