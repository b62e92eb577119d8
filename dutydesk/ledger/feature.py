"""The seam between features: what a feature declares, and what it is given of the others (house.md §5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dutydesk.core.errors import Problem
from dutydesk.ledger.spec import Ledger, Values

if TYPE_CHECKING:
    import argparse

    from sqlalchemy import Connection, Table

    Read = Connection


@dataclass(frozen=True, slots=True)
class Change:
    """One row's part of an act: the fields that are written, by name. `new` makes the row."""

    ledger: str
    row: bytes
    values: Values
    new: bool = False


@dataclass(frozen=True, slots=True)
class OpenItem:
    """Something unfinished: for the status board, the list of what is due, and the hand-over sheet.

    `block` is one of the six of domain.md §3.7 (INCIDENTS WARNINGS RESPONSES INSTRUCTIONS TODO EQUIPMENT); `due_at`
    milliseconds or None; `severity` 0 ordinary, 1 attention, 2 urgent. `ledger` and `row` say what it is about; where
    that is no row, `ledger` is the name of the feature whose pane it leads to.
    """

    block: str
    title: str
    due_at: int | None = None
    severity: int = 0
    ledger: str = ""
    row: bytes = b""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A counter for the board and the periodic reports, e.g. `shelters.people_now` = 214."""

    name: str
    label: str
    value: int | str
    unit: str = ""
    severity: int = 0


class Pdf(bytes):
    """A printout's bytes, what in it no face can draw (to be said before it is printed), what it is about where only
    its maker knows (the numbers of a stack of forms, a shift, a span), and whether it says 副本; None where its maker
    leaves that to the record of prints; of a paper whose content may change afterwards which version it is, counted
    from 1, and a digest of what it says, 0 and empty for the others."""

    missing: tuple[Problem, ...] = ()
    about: str = ""
    copy: bool | None = None
    version: int = 0
    content: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A printout by its code: `make(desk, **params)` gives PDF bytes (a `Pdf`); `params` names what it takes (shift,
    incident, warning, start, end, blank)."""

    code: str
    title: str
    make: str
    params: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """A sub-command of the command line: `configure(parser)` adds its arguments, `run` is a dotted `module:function`
    called with `(desk, args)`; it returns the exit code."""

    name: str
    help: str
    configure: Callable[[argparse.ArgumentParser], None]
    run: str


@dataclass(frozen=True, slots=True)
class Draft:
    """One record of a file on its way into a ledger: where it stood, and what it says.

    `values` are parsed; a reference that is still a name stands in `names` (field → text) and is looked up, or made
    with `--create`. `children` belong to this row: `link` is their field that takes its id, and they replace the
    row's former children of the same ledger only where their own match says so.
    """

    line: int
    ledger: str
    values: Values
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    children: tuple[Draft, ...] = ()
    link: str = ""


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a file holds: `read` counts its data records; `attached` are contents to be kept beside the original.

    `counts` (added, changed, unchanged) says how the records compare where they are not the rows of `drafts`
    (readings of gauges stand in a file that one row names).
    """

    read: int
    drafts: tuple[Draft, ...]
    refused: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    attached: tuple[bytes, ...] = ()
    counts: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Importer:
    """A file form that a ledger understands beside plain tables: `dutydesk import LEDGER FILE --format NAME`.

    `read` is a dotted `module:function` called with `(desk, data, name, settings)`, `settings` being the `--set`
    pairs; it returns an `Incoming`. Where `ledger` is a target that is no ledger (rain), `read` is given `create` too,
    since it alone knows what its file refers to. `sniff(head, name)` tells from the first bytes and the file's name.
    """

    ledger: str
    format: str
    title: str
    read: str
    sniff: Callable[[bytes, str], bool]


@dataclass(frozen=True, slots=True)
class TableLine:
    """One line of a table on its way into a ledger, for a feature's `finishers`.

    `values` are parsed; `texts` are those of its references as they are written; `lists` the entries of list columns
    (people: `numbers`); `left` (header, text) of columns that no field takes.
    """

    values: Values
    texts: Mapping[str, str]
    lists: Mapping[str, tuple[Any, ...]]
    left: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Finished:
    """What a finisher made of a line: its list entries, and `fresh`, values that only a new row takes (an old one keeps
    what people wrote there)."""

    lists: Mapping[str, tuple[Any, ...]]
    fresh: Values


@dataclass(frozen=True, slots=True)
class Exporter:
    """A file form that a ledger can be written in beside tables: `dutydesk export LEDGER FILE` by its ending.

    `write` is a dotted `module:function` called with `(desk, rows, reveal)`: rows as `Desk.rows` gives them, `reveal`
    whether personal fields may be shown; it returns the file's bytes.
    """

    ledger: str
    ending: str
    title: str
    write: str


@dataclass(frozen=True, slots=True)
class Known:
    """A setting that a feature reads (ledger `settings`), and what holds where nobody wrote one.

    `default` is the text that would be written for it, empty where the program has none; `source`, `place` and `date`
    say where it comes from. `check(text)` raises `ValueError` with a sentence for what the reader cannot use; None
    takes any text. `lines`: the value has several lines.
    """

    key: str
    label: str
    default: str
    unit: str = ""
    source: str = ""
    place: str = ""
    date: str = ""
    check: Callable[[str], None] | None = None
    lines: bool = False


@dataclass(frozen=True, slots=True)
class Derived:
    """Figures too dear to compute when read. `update(conn, rows)` is called inside the transaction by apply (with the
    rows that changed, by ledger) and by rebuild; both must give the same tables."""

    tables: tuple[Table, ...]
    on: tuple[str, ...]
    update: Callable[[Connection, Mapping[str, Sequence[bytes]]], None]


def nothing_open(read: Connection, now: int) -> Sequence[OpenItem]:
    """A feature without open items."""
    return ()


def no_figures(read: Connection, start: int, end: int) -> Sequence[Figure]:
    """A feature without figures."""
    return ()


def no_lines(changes: Sequence[Change]) -> Sequence[Change]:
    """A feature that adds nothing to the duty log."""
    return ()


@dataclass(frozen=True, slots=True)
class Feature:
    """All that a feature folder hands to the program; `pane` is dotted and imported when first opened.

    `adders` name the commands by which rows of a ledger with rules of its own are added (`dutydesk add`): ledger →
    dotted `module:function`, called with `(desk, values)`; it returns a `Receipt` or the new row's id. `finishers` name
    what is done with each line of an imported table: ledger → dotted `module:function`, `TableLine` → `Finished`.
    `checkers` name what stands against a row that a file brings, beyond what its fields allow: ledger → dotted
    `module:function`, called with `(desk, values)` of the row as it would stand; it returns a `Problem` or None.
    `printed` names what records that a paper was made, called with `(desk, form, title, about, pdf)`; one feature has it.
    `services` are what a feature does for the others: name → dotted `module:function`, imported at the first call.
    `desk.services[name](…)` calls it with the desk first. `settings` is a dotted `module:function`, called with the code
    of the desk's district: every setting that the feature reads, as a sequence of `Known`.
    """

    name: str
    title: str
    tables: tuple[tuple[Ledger, Table], ...] = ()
    derived: tuple[Derived, ...] = ()
    commands: tuple[Command, ...] = ()
    importers: tuple[Importer, ...] = ()
    exporters: tuple[Exporter, ...] = ()
    adders: Mapping[str, str] = field(default_factory=dict[str, str])
    finishers: Mapping[str, str] = field(default_factory=dict[str, str])
    checkers: Mapping[str, str] = field(default_factory=dict[str, str])
    forms: tuple[Form, ...] = ()
    printed: str = ""
    services: Mapping[str, str] = field(default_factory=dict[str, str])
    settings: str = ""
    pane: str = ""
    key: str = ""
    open_items: Callable[[Connection, int], Sequence[OpenItem]] = nothing_open
    figures: Callable[[Connection, int, int], Sequence[Figure]] = no_figures
    log_lines: Callable[[Sequence[Change]], Sequence[Change]] = no_lines
    titles: Callable[[str, Mapping[str, Any]], str] | None = None

    @property
    def ledgers(self) -> tuple[Ledger, ...]:
        return tuple(ledger for ledger, _ in self.tables)
