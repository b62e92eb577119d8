"""How tests make a desk: a fresh folder with every ledger, a clock that stands, somebody at the desk."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dutydesk.core.clock import FixedClock
from dutydesk.core.paths import Home
from dutydesk.core.settings import DeskConfig
from dutydesk.features import FEATURES, schema
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.store import Store


@contextmanager
def a_desk(folder: Path, clock: FixedClock, me: Me | None = None, **config: Any) -> Generator[Desk]:
    """A new desk in `folder`, closed afterwards. `config` goes over a made-up district's settings."""
    given: dict[str, Any] = {"desk": "ab" * 16, "district": "330102", "unit": "示例区应急管理局"}
    with Store.create(Home(folder), schema(), clock, DeskConfig(**given | config)) as store:
        yield Desk(store, clock, me or Me(), FEATURES)


def sit(desk: Desk, name: str, *others: tuple[str, Mapping[str, Any]]) -> list[bytes]:
    """Write a person and other rows in one act, and let the person sit at the desk; the ids of all rows."""
    made = desk.act("people.import", [desk.new("people", {"name": name}), *(desk.new(*row) for row in others)])
    ids = [change.row for change in made.changes]
    desk.me.id, desk.me.name = ids[0].hex(), name
    return ids
