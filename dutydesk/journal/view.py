"""A record that is only looked at: what a hub holds, kept in a folder of this machine (docs/sync.md §9).

Acts come in by sync alone and go through the same `apply`; nobody makes one here. Lists can be narrowed to the rows
that some desks made, which is how a district is chosen.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

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
JOB = "view"
"""Kind of its runs in `local_job`."""
MOST_ASKED = 500
"""Rows whose acts are asked for in one statement."""
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
    """A desk at the hub: its id, short code, the code of its district, its name, and whether it was revoked."""

    desk: bytes
    code: str
    district: str
    name: str
    revoked: bool = False


class ViewStore(Store):
    """A `Store` that takes acts in and makes none. `desks`: those whose rows lists show; empty means every desk's."""

    desks: tuple[bytes, ...] = ()

    @contextmanager
    def read(self) -> Generator[Connection]:
        """As `Store.read`, narrowed to the chosen desks."""
        with super().read() as connection:
            yield connection.execution_options(**{DESKS: self.desks}) if self.desks else connection

    def read_all(self) -> AbstractContextManager[Connection]:
        """As `Store.read`, of every district."""
        return super().read()

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


def last_success(store: Store) -> int | None:
    """When the view was last in step with its hub, ms UTC."""
    for run in peers.runs(store, JOB):
        if run.state == peers.DONE:
            return run.ended_at
    return None


def origins(store: Store) -> list[Origin]:
    """The desks of the hub, as it told at the last refresh, by district and code."""
    with store.read() as connection:
        return origins_in(connection)


def origins_in(read: Connection) -> list[Origin]:
    """The same, by a connection that is open."""
    found = read.exec_driver_sql("SELECT body FROM local_peer WHERE name = ?", (KNOWN,)).scalar()
    told: dict[str, list[Any]] = json.loads(found) if found else {}
    made: list[Origin] = []
    for desk, (code, district, name, *more) in told.items():
        made.append(Origin(bytes.fromhex(desk), str(code), str(district), str(name), bool(more and more[0])))
    return sorted(made, key=lambda one: (one.district, one.code, one.name))


def districts(store: Store) -> list[tuple[str, str]]:
    """The districts that have a desk at the hub: code and name, by code. The name is that of the district's own row in
    the list of regions, else that of a desk."""
    with store.read() as connection:
        return districts_in(connection, regions="regions" in store.schema.shapes)


def districts_in(read: Connection, *, regions: bool = True) -> list[tuple[str, str]]:
    """The same, by a connection that is open; `regions`: whether there is a list of regions."""
    names = {one.district: one.name for one in reversed(origins_in(read))}
    if regions:
        marks = ",".join("?" * len(names))
        found = read.exec_driver_sql(
            f"SELECT code, name FROM regions WHERE _state = 1 AND name IS NOT NULL AND code IN ({marks})", tuple(names)
        ).all()
        names |= {str(code): str(name) for code, name in found}
    return [(code, names[code] or code) for code in sorted(names)]


def heard_in(read: Connection) -> dict[str, int]:
    """When the newest act of each district was recorded, ms UTC, by its code; a district that has none is not there."""
    places = {one.desk: one.district for one in origins_in(read)}
    out: dict[str, int] = {}
    found = read.exec_driver_sql(
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

    def __init__(self, store: ViewStore) -> None:
        self._store = store
        self._names: dict[str, str] = {}
        self._places: dict[bytes, str] = {}
        self._acts: dict[bytes, str] = {}
        self.learn()

    def learn(self) -> None:
        """The hub's desks, as they are known now."""
        self._names = dict(districts(self._store))
        self._places = {one.desk: one.district for one in origins(self._store)}
        self._acts.clear()

    def scope(self) -> str:
        """The name of the district that the view is narrowed to; empty for all of them."""
        chosen = {self._places.get(desk, "") for desk in self._store.desks}
        return self._names.get(chosen.pop(), "") if len(chosen) == 1 else ""

    def of(self, ledger: str, rows: Iterable[bytes]) -> dict[bytes, str]:
        """The names of the districts that rows of a ledger come from, by id; rows that are not there are left out."""
        return {row: self._names.get(code, code) for row, code in self.codes(ledger, rows).items()}

    def codes(self, ledger: str, rows: Iterable[bytes]) -> dict[bytes, str]:
        """The same with the districts' codes."""
        wanted, table = list(dict.fromkeys(rows)), self._store.schema[ledger].table
        acts: dict[bytes, bytes] = {}
        with self._store.read() as connection:
            for at in range(0, len(wanted), MOST_ASKED):
                part = wanted[at : at + MOST_ASKED]
                found = connection.execute(select(table.c.id, table.c["_act"]).where(table.c.id.in_(part)))
                acts |= {bytes(row): bytes(act) for row, act in map(tuple, found) if act is not None}
            unknown = [act for act in acts.values() if act not in self._acts]
            for at in range(0, len(unknown), MOST_ASKED):
                part = unknown[at : at + MOST_ASKED]
                marks = ",".join("?" * len(part))
                for act, desk in connection.exec_driver_sql(
                    f"SELECT act_id, desk FROM act WHERE act_id IN ({marks})", tuple(part)
                ):
                    self._acts[bytes(act)] = self._places.get(bytes(desk), "")
        return {row: self._made_by(act) for row, act in acts.items()}

    def __call__(self, row: Row) -> str:
        code = self._made_by(row.act)
        return self._names.get(code, code)

    def _made_by(self, act: bytes) -> str:
        held = self._acts.get(act)
        if held is None:
            with self._store.read() as connection:
                found = connection.exec_driver_sql("SELECT desk FROM act WHERE act_id = ?", (act,)).first()
            held = self._acts[act] = self._places.get(bytes(found[0]), "") if found else ""
        return held
