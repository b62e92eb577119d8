"""What goes in and out of the store beside changes: who may act, the place in a series, what became of it, who is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from dutydesk.ledger.feature import Change
from dutydesk.ledger.spec import Value


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an act became: its id and place in the chain, and its changes with numbers and log lines filled in."""

    act_id: bytes
    seq: int
    changes: tuple[Change, ...]

    def value(self, ledger: str, name: str) -> Value:
        """The first written value of a field, e.g. the number a new incident got."""
        for change in self.changes:
            if change.ledger == ledger and name in change.values:
                return change.values[name]
        return None


@dataclass(frozen=True, slots=True)
class Announcement:
    """Which rows changed, by ledger; `rows` is empty when another process wrote and only that is known."""

    rows: Mapping[str, frozenset[bytes]] = field(default_factory=dict[str, frozenset[bytes]])

    @property
    def ledgers(self) -> frozenset[str]:
        return frozenset(self.rows)


class Guard(Protocol):
    """Who may make which kind of act."""

    def __call__(self, kind: str, by: str) -> None:
        """Raises `Refused` where `by` may not make an act of this kind."""
        ...

    def allows(self, kind: str, by: str) -> bool:
        """The same as a question."""
        ...


@dataclass(frozen=True, slots=True)
class Batch:
    """An import's place in a series of acts: `id` 16 bytes, `n` of `of`, from 1."""

    id: bytes
    n: int
    of: int
