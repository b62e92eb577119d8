"""Which row a name in a file means, and the rows that `--create` makes for names nobody knows yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import select

from dutydesk.core.i18n import _
from dutydesk.core.ids import new_id
from dutydesk.journal.desk import Desk
from dutydesk.ledger.feature import Change
from dutydesk.ledger.spec import Value
from dutydesk.ledger.table import LISTED

CREATABLE = ("regions", "units", "posts")
"""What may be made from a name alone; a person, an incident or a shelter is more than a name."""
EXACT = ("code", "no", "identifier")
NAMED = ("name", "short")


class Referents:
    """Answers `resolve(ledger, text)` for a whole file: each ledger is read once, each name answered once.

    `create` are the ledgers in which unknown names become rows (`made`). `own` are texts of the file's own rows, by
    which its other rows may name them before they are written (a region's parent): their ids are in `promised`.
    """

    def __init__(
        self, desk: Desk, create: Iterable[str] = (), own: tuple[str, frozenset[str]] = ("", frozenset())
    ) -> None:
        self.desk = desk
        self.create = frozenset(create) & frozenset(CREATABLE)
        self.own = own
        self.promised: dict[str, bytes] = {}
        self.made: list[Change] = []
        self._known: dict[str, dict[str, list[bytes]]] = {}
        self._names: dict[str, dict[str, list[bytes]]] = {}

    def resolve(self, ledger: str, text: str) -> bytes:
        """The id of the row that `text` names. Raises `ValueError` with the reason."""
        self._load(ledger)
        wanted = text.strip()
        found = self._known[ledger].get(wanted) or self._names[ledger].get(wanted) or []
        if len(found) == 1:
            return found[0]
        title = _(self.desk.ledger(ledger).title)
        if len(found) > 1:
            raise ValueError(_("{title}里“{text}”不止一个，请写代码或编号").format(title=title, text=wanted))
        if ledger == self.own[0] and wanted in self.own[1]:
            return self.promised.setdefault(wanted, new_id(self.desk.clock.now()))
        if ledger in self.create:
            return self._make(ledger, wanted)
        if ledger in CREATABLE:
            raise ValueError(_("{title}里没有“{text}”，可选择一并新建（--create）").format(title=title, text=wanted))
        raise ValueError(_("{title}里没有“{text}”").format(title=title, text=wanted))

    def _load(self, ledger: str) -> None:
        if ledger in self._known:
            return
        shape = self.desk.store.schema[ledger]
        table = shape.table
        exact = [name for name in (*EXACT, shape.ledger.number) if name and name in shape.ledger]
        named = [name for name in NAMED if name in shape.ledger]
        known: dict[str, list[bytes]] = {}
        names: dict[str, list[bytes]] = {}
        columns = [table.c[name] for name in (*exact, *named)]
        with self.desk.store.read() as connection:
            for row in connection.execute(select(table.c.id, *columns).where(table.c["_state"] == LISTED)):
                for into, values in ((known, row[1 : 1 + len(exact)]), (names, row[1 + len(exact) :])):
                    for value in dict.fromkeys(values):
                        if value:
                            into.setdefault(str(value), []).append(row[0])
        self._known[ledger], self._names[ledger] = known, names

    def _make(self, ledger: str, text: str) -> bytes:
        values: dict[str, Value] = {"name": text}
        if "code" in self.desk.ledger(ledger) and text.isascii() and text.isdigit():
            values["code"] = text
        change = self.desk.new(ledger, values)
        self.made.append(change)
        self._names[ledger][text] = [change.row]
        return change.row

    def broken(self, kept: Mapping[str, bytes]) -> frozenset[bytes]:
        """Ids that were promised to rows which did not come to be."""
        return frozenset(self.promised.values()) - frozenset(kept.values())
