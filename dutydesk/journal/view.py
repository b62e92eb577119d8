"""A record that is only looked at: what a hub holds, kept in a folder of this machine (docs/sync.md §9).

Acts come in by sync alone and go through the same `apply`; nobody makes one here. Lists can be narrowed to the rows
that some desks made, which is how a district is chosen.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from dutydesk.core.errors import Refused
from dutydesk.core.i18n import _
from dutydesk.journal import peers
from dutydesk.journal.query import DESKS
from dutydesk.journal.rows import Row
from dutydesk.journal.store import Receipt, Store
from dutydesk.ledger.feature import Change

KNOWN = "view/desks"
"""Name in `local_peer` of the desks that the hub knows: id → [code, district, name]."""
OPENS = "epoch.open"
MARK = "view"
"""Key in `local_state` by which a check of the record knows that no personal data belong here."""


def refusal() -> Refused:
    """What every attempt to write is told."""
    return Refused(_("只读，不能修改；要改请到记录它的席位上改"))


class ReadOnly:
    """`Store.guard` of a view: nobody may make an act."""

    in_force = False

    def __call__(self, kind: str, by: str) -> None:
        raise refusal()

    def allows(self, kind: str, by: str) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Origin:
    """A desk at the hub: its id, short code, the code of its district, and its name."""

    desk: bytes
    code: str
    district: str
    name: str


class ViewStore(Store):
    """A `Store` that takes acts in and makes none. `desks`: those whose rows lists show; empty means every desk's."""

    desks: tuple[bytes, ...] = ()

    @contextmanager
    def read(self) -> Generator[Connection]:
        """As `Store.read`, narrowed to the chosen desks."""
        with super().read() as connection:
            yield connection.execution_options(**{DESKS: self.desks}) if self.desks else connection

    def _append(
        self,
        kind: str,
        changes: Sequence[Change],
        *,
        by: str,
        happened_at: int | None = None,
        extra: Mapping[str, Any],
        prev: bytes | None = None,
    ) -> Receipt:
        if kind != OPENS:
            raise refusal()
        return super()._append(kind, changes, by=by, happened_at=happened_at, extra=extra, prev=prev)


def origins(store: Store) -> list[Origin]:
    """The desks of the hub, as it told at the last refresh, by district and code."""
    told = peers.peer(store, KNOWN)
    made = [Origin(bytes.fromhex(desk), *(str(part) for part in parts)) for desk, parts in told.items()]
    return sorted(made, key=lambda one: (one.district, one.code, one.name))


def districts(store: Store) -> list[tuple[str, str]]:
    """The districts that have a desk at the hub: code and name, by code. The name is that of the district's own row in
    the list of regions, else that of a desk."""
    names = {one.district: one.name for one in reversed(origins(store))}
    if "regions" not in store.schema.shapes:
        return [(code, names[code] or code) for code in sorted(names)]
    with store.read() as connection:
        found = connection.exec_driver_sql("SELECT code, name FROM regions WHERE _state = 1 AND name IS NOT NULL").all()
    names |= {str(code): str(name) for code, name in found if code in names}
    return [(code, names[code] or code) for code in sorted(names)]


def heard(store: Store) -> dict[str, int]:
    """When the newest act of each district was recorded, ms UTC, by its code; a district that has none is not there."""
    places = {one.desk: one.district for one in origins(store)}
    out: dict[str, int] = {}
    with store.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT f.desk, a.recorded_at FROM frontier f"
            " JOIN act a ON a.desk = f.desk AND a.epoch = f.epoch AND a.seq = f.seq"
        ).all()
    for desk, at in found:
        place = places.get(bytes(desk))
        if place is not None:
            out[place] = max(out.get(place, 0), int(at))
    return out


class Whose:
    """Which district a row comes from, by the desk that made it; each act is asked for once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._names: dict[bytes, str] = {}
        self._acts: dict[bytes, str] = {}
        self.learn()

    def learn(self) -> None:
        """The hub's desks, as they are known now."""
        named = dict(districts(self._store))
        self._names = {one.desk: named.get(one.district, one.district) for one in origins(self._store)}
        self._acts.clear()

    def __call__(self, row: Row) -> str:
        held = self._acts.get(row.act)
        if held is None:
            with self._store.read() as connection:
                found = connection.exec_driver_sql("SELECT desk FROM act WHERE act_id = ?", (row.act,)).first()
            held = self._acts[row.act] = self._names.get(bytes(found[0]), "") if found else ""
        return held
