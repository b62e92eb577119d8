"""Which ledgers there are, and the tables that project them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from dutydesk.journal import chain
from dutydesk.journal.search import TOKENIZER
from dutydesk.ledger.feature import Change, Derived, Feature
from dutydesk.ledger.spec import Ledger

_DIALECT = sqlite.dialect()


def no_lines(changes: Sequence[Change]) -> Sequence[Change]:
    """No feature adds a line to the duty log."""
    return ()


@dataclass(frozen=True)
class Shape:
    """A ledger as the journal needs it: its table and the statements made from it once."""

    ledger: Ledger
    table: Table

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(item.name for item in self.ledger.fields)

    @cached_property
    def refs(self) -> frozenset[str]:
        """Fields whose stored value is bytes and whose body value is hex."""
        return frozenset(item.name for item in self.ledger.fields if item.kind.sql == "BLOB")

    @cached_property
    def types(self) -> dict[str, type]:
        """What a field's value is in a body, where it is not null; bytes stand there as hex."""
        return {item.name: int if item.kind.sql == "INTEGER" else str for item in self.ledger.fields}

    @cached_property
    def known(self) -> frozenset[str]:
        return frozenset(self.names)

    @cached_property
    def insert(self) -> str:
        marks = ", ".join("?" * (6 + len(self.names)))
        return f"INSERT INTO {self.ledger.name} (_n, id, _act, _hlc, _state, _batch, {self.columns}) VALUES ({marks})"

    @cached_property
    def leading(self) -> frozenset[str]:
        """The fields that an index begins with."""
        return frozenset(next(iter(index.columns)).name for index in self.table.indexes) & self.known

    @cached_property
    def columns(self) -> str:
        """The fields' columns for a statement, quoted: a field may be called `order`, `in` or `by`."""
        return ", ".join(f'"{name}"' for name in self.names)

    @cached_property
    def fts(self) -> str:
        """Name of the search index; empty when nothing of this ledger is searched."""
        return f"fts_{self.ledger.name}" if self.ledger.searched else ""

    def ddl(self) -> list[str]:
        """The statements that make the table, its indexes and its search index."""
        made = [str(CreateTable(self.table).compile(dialect=_DIALECT)).strip()]
        made += [
            str(CreateIndex(index).compile(dialect=_DIALECT)).strip()
            for index in sorted(self.table.indexes, key=lambda index: str(index.name))
        ]
        if self.fts:
            made.append(
                # The comment stands in sqlite_master: another set of searched fields is another index, made anew.
                f"CREATE VIRTUAL TABLE {self.fts} /* {' '.join(f'{f.name}:{f.search.value}' for f in self.ledger.searched)} */ USING fts5"
                f"(words, py, content='', contentless_delete=1, tokenize=\"{TOKENIZER}\")"
            )
        return made


@dataclass(frozen=True)
class Schema:
    """All ledgers of a program, and what is to be told when their rows change.

    `log_lines` gives the lines that an act adds to the duty log; it runs once, where the act is made.
    """

    shapes: dict[str, Shape]
    derived: tuple[Derived, ...] = ()
    log_lines: Callable[[Sequence[Change]], Sequence[Change]] = field(default=no_lines)
    said: dict[str, Any] = field(init=False, repr=False, compare=False, default_factory=dict[str, Any])
    """The compiled statements of `apply`, by engine (`journal.statements.of`)."""

    def __getitem__(self, ledger: str) -> Shape:
        return self.shapes[ledger]

    @property
    def ledgers(self) -> tuple[Ledger, ...]:
        return tuple(shape.ledger for shape in self.shapes.values())

    @cached_property
    def statements(self) -> tuple[str, ...]:
        """Everything that makes the projections."""
        made: list[str] = []
        for shape in self.shapes.values():
            made += shape.ddl()
        for derived in self.derived:
            for table in derived.tables:
                made.append(str(CreateTable(table).compile(dialect=_DIALECT)).strip())
                made += [str(CreateIndex(index).compile(dialect=_DIALECT)).strip() for index in sorted(
                    table.indexes, key=lambda index: str(index.name))]  # fmt: skip
        return tuple(made)

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever a projection would be made differently, be it that acts of a later form are understood."""
        form = [f"sv {chain.SCHEMA_VERSION}"] if chain.SCHEMA_VERSION > 1 else []
        return hashlib.sha256("\n".join((*self.statements, *form)).encode()).hexdigest()


def schema_of(features: Iterable[Feature]) -> Schema:
    """The schema of a set of features."""
    features = tuple(features)
    shapes: dict[str, Shape] = {}
    for feature in features:
        for ledger, table in feature.tables:
            if ledger.name in shapes:
                raise ValueError(f"two features declare the ledger {ledger.name}")
            shapes[ledger.name] = Shape(ledger, table)

    def log_lines(changes: Sequence[Change]) -> Sequence[Change]:
        return [line for feature in features for line in feature.log_lines(changes)]

    return Schema(shapes, tuple(derived for feature in features for derived in feature.derived), log_lines)
