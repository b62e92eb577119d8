"""What a ledger 台账 is: plain frozen data, written once, from which table, form, files, print and sync follow.

A ledger that needs more than these attributes passes code of its own (a pane, a form, a report); it does not grow
another knob. Values are integers, strings, 16-byte row ids or `None`, never floats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, Flag, auto
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dutydesk.ledger.kinds import Kind

Value = int | str | bytes | None
Values = Mapping[str, Value]


class On(Flag):
    """Where a field appears."""

    TABLE = auto()
    FORM = auto()
    FILE = auto()
    PRINT = auto()
    ALL = TABLE | FORM | FILE | PRINT


class Search(Enum):
    """How a field is found: not at all, by its characters, or by characters and pinyin (names and places)."""

    NO = "no"
    TEXT = "text"
    NAME = "name"


class Mode(Enum):
    """APPEND: rows are added and never altered. MERGE: fields may be written again."""

    APPEND = "append"
    MERGE = "merge"


@dataclass(frozen=True, slots=True)
class Choice:
    """One code of an enumeration: its Chinese label, marked with `N_` where it is declared in code, and the English one
    where both come from reference data."""

    code: str
    label: str
    en: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a ledger.

    `required` is what saving demands; `personal` keeps the value beside the chain (house.md §6) and masks it: `True`,
    or a function of the row that tells whether this row's value is a person's (an office's number is not).
    `width` is in characters; `on` says where it appears.
    """

    name: str
    kind: Kind
    label: str
    required: bool = False
    help: str = ""
    width: int = 12
    choices: tuple[Choice, ...] = ()
    on: On = On.ALL
    search: Search = Search.NO
    personal: bool | Callable[[Values], bool] = False
    unit: str = ""

    def masks(self, row: Values) -> bool:
        """Whether this row's value is personal data, to be shown only when asked for."""
        return self.personal(row) if callable(self.personal) else self.personal


@dataclass(frozen=True)
class Ledger:
    """A declared list: one table of the same name.

    `match` names the fields by which an imported row finds its row here; `order` is the order of a list, a leading
    `-` for descending; `number` names the field that takes the desk's own gap-free number of the year.
    """

    name: str
    title: str
    fields: tuple[Field, ...]
    mode: Mode = Mode.MERGE
    match: tuple[str, ...] = ()
    order: str = "name"
    number: str = ""
    _by_name: dict[str, Field] = field(init=False, repr=False, compare=False, default_factory=dict[str, Field])

    def __post_init__(self) -> None:
        self._by_name.update((item.name, item) for item in self.fields)
        if len(self._by_name) != len(self.fields):
            raise ValueError(f"ledger {self.name} names a field twice")

    def __getitem__(self, name: str) -> Field:
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    @cached_property
    def personal(self) -> frozenset[str]:
        """Names of the fields that never enter an act's body."""
        return frozenset(item.name for item in self.fields if item.personal)

    @cached_property
    def searched(self) -> tuple[Field, ...]:
        """The fields that the search index holds."""
        return tuple(item for item in self.fields if item.search is not Search.NO)

    def on(self, place: On) -> tuple[Field, ...]:
        """The fields that appear at `place`."""
        return tuple(item for item in self.fields if item.on & place)
