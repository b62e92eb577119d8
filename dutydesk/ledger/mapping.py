"""Which column of a foreign file is which field of a ledger.

What the user says (`column.FIELD=HEADER`) rules over what was remembered for the source, and that over what is
recognised (`headers`).
A file in which nothing required is recognised is refused, never imported as zero rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.ledger.headers import EXACT, UNITS, composed_of, forms, grade_of, list_kind, lists_of, plain, words_of
from dutydesk.ledger.spec import Field, Ledger, On


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A column that gives one entry of a list beside the row, e.g. the numbers of a person: 手机 → kind MOBILE."""

    header: str
    kind: str


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """How a file's columns fill a ledger's fields.

    `columns` names one header for a field, or several whose texts are joined (`First Name` + `Last Name`). `lists`
    are repeated columns that belong to another ledger (people: `numbers`). `factors` turn a header's unit into the
    field's. `guessed` are fields whose column was known by a foreign word, not by name, label or the user: a code there
    may be somebody else's. `missing_required` are fields that saving a new row demands and no column gives.
    """

    ledger: str
    columns: Mapping[str, tuple[str, ...]]
    lists: Mapping[str, tuple[ListColumn, ...]] = field(default_factory=dict[str, tuple[ListColumn, ...]])
    factors: Mapping[str, Fraction] = field(default_factory=dict[str, Fraction])
    guessed: frozenset[str] = frozenset()
    unmapped_headers: tuple[str, ...] = ()
    missing_required: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()

    def remember(self) -> dict[str, str]:
        """What `propose(remembered=…)` takes next time: field or list → headers joined by `+`."""
        kept = {name: "+".join(headers) for name, headers in self.columns.items()}
        return kept | {name: "+".join(item.header for item in items) for name, items in self.lists.items()}


def source_key(headers: Sequence[str]) -> str:
    """16 hex digits that stay the same for the same set of headers: under this a mapping is remembered."""
    return hashlib.sha256("\x1f".join(sorted({forms(header)[0] for header in headers})).encode()).hexdigest()[:16]


def propose(
    ledger: Ledger,
    headers: Sequence[str],
    *,
    remembered: Mapping[str, str] | None = None,
    given: Mapping[str, str] | None = None,
    supplied: Collection[str] = (),
    blank: Collection[str] = (),
    file: str = "",
) -> ColumnMapping:
    """The mapping of a file's columns.

    `given` is field → header as the user says (an empty header leaves the field out, `A+B` joins two columns),
    `remembered` the same from last time, `supplied` the fields whose value comes from elsewhere, `blank` the columns
    that hold nothing (`Records.blank()`), used only where nothing else is known. Raises `Refused` for a field or header
    that does not exist, and when no required field (or, without any, no field) is recognised.
    """
    draft = _Draft(ledger, tuple(headers), frozenset(blank), file)
    draft.take_given(given or {})
    draft.take_remembered(remembered or {})
    draft.take_known()
    draft.take_composed()
    draft.take_lists()
    fields = [item for item in ledger.on(On.FILE) if item.name in draft.columns]
    required = [item for item in ledger.on(On.FILE) if item.required and item.name != ledger.number]
    has_required = any(item.name in draft.columns or item.name in supplied for item in required)
    if not fields or (required and not has_required):
        raise Refused(Problem(_nothing(required or list(ledger.on(On.FILE)), headers), file=file))
    factors = draft.factors(fields)
    used = draft.used()
    return ColumnMapping(
        ledger.name,
        {item.name: draft.columns[item.name] for item in fields},
        draft.lists,
        factors,
        draft.guessed(fields, given or {}),
        tuple(header for header in headers if header not in used),
        tuple(item.name for item in required if item.name not in draft.columns and item.name not in supplied),
        tuple(draft.warnings),
    )


def _nothing(wanted: Sequence[Field], headers: Sequence[str]) -> str:
    return _("没有一列认得出是{wanted}；文件里的列：{seen}").format(
        wanted=_("、").join(_(item.label) for item in wanted[:6]), seen=_("、").join(headers[:12])
    )


class _Draft:
    """A mapping in the making: each step fills only what the steps before it left open."""

    def __init__(self, ledger: Ledger, headers: tuple[str, ...], blank: frozenset[str], file: str) -> None:
        self.ledger, self.headers, self.blank, self.file = ledger, headers, blank, file
        self.columns: dict[str, tuple[str, ...]] = {}
        self.lists: dict[str, tuple[ListColumn, ...]] = {}
        self.warnings: list[Problem] = []
        self._closed: set[str] = set()
        self._kinds = lists_of(ledger.name)

    def used(self) -> set[str]:
        used = {header for headers in self.columns.values() for header in headers}
        return used | {item.header for items in self.lists.values() for item in items}

    def _find(self, header: str) -> str | None:
        if header in self.headers:
            return header
        alike = [item for item in self.headers if forms(item)[0] == plain(header)]
        return alike[0] if alike else None

    def _parts(self, named: str) -> list[str] | None:
        whole = self._find(named)
        if whole is not None:
            return [whole]
        parts = [self._find(part) for part in named.split("+")]
        found = [part for part in parts if part is not None]
        return found if len(found) == len(parts) else None

    def _put(self, name: str, parts: list[str]) -> None:
        if name in self._kinds:
            self.lists[name] = tuple(ListColumn(part, list_kind(part, self._kinds[name]) or "OTHER") for part in parts)
        else:
            self.columns[name] = tuple(parts)
        self._closed.add(name)

    def take_given(self, given: Mapping[str, str]) -> None:
        for name, header in given.items():
            if name not in self._kinds and name not in self.ledger:
                raise Refused(
                    Problem(_("“{title}”没有这个字段").format(title=_(self.ledger.title)), name, None, self.file)
                )
            if not header.strip():
                self._closed.add(name)
                continue
            parts = self._parts(header)
            if parts is None:
                reason = _("文件里没有“{header}”这一列").format(header=header)
                raise Refused(Problem(reason, name, None, self.file))
            self._put(name, parts)

    def take_remembered(self, remembered: Mapping[str, str]) -> None:
        for name, header in remembered.items():
            parts = self._parts(header) if name in self.ledger or name in self._kinds else None
            if parts and name not in self._closed and not self.used() & set(parts):
                self._put(name, parts)

    def take_known(self) -> None:
        """Best grade first; a header serves one field, a field takes one header; the losers are named."""
        words = words_of(self.ledger.name)
        graded: list[tuple[tuple[bool, int, int], int, Field, str]] = []
        for item in self.ledger.on(On.FILE):
            for at, header in enumerate(self.headers):
                grade = grade_of(header, item, words.get(item.name, ()))
                if grade and item.name not in self._closed:
                    graded.append(((header not in self.blank, *grade), -at, item, header))
        used = self.used()
        also: dict[str, list[str]] = {}
        for _grade_found, _at, item, header in sorted(graded, key=lambda row: row[:2], reverse=True):
            if header in used:
                continue
            if item.name in self.columns:
                also.setdefault(item.name, []).append(header)
                continue
            self.columns[item.name] = (header,)
            used.add(header)
        for name, headers in also.items():
            left = [header for header in headers if header not in self.used() and header not in self.blank]
            if left:
                reason = _("“{taken}”当作{label}，没有用：{left}").format(
                    taken=self.columns[name][0], label=_(self.ledger[name].label), left=_("、").join(left)
                )
                self.warnings.append(Problem(reason, name, None, self.file))

    def take_composed(self) -> None:
        for name, parts in composed_of(self.ledger.name).items():
            if name in self._closed or name not in self.ledger:
                continue
            free = [
                header for header in self.headers if header not in self.used() or (header,) == self.columns.get(name)
            ]
            found = [next((header for header in free if forms(header)[0] in words), None) for words in parts]
            joined = [header for header in found if header is not None]
            taken = self.columns.get(name, ())
            if joined and (not taken or taken[0] in joined):
                self.columns[name] = tuple(joined)

    def take_lists(self) -> None:
        used = self.used()
        for name, kinds in self._kinds.items():
            if name in self._closed:
                continue
            found = [(header, list_kind(header, kinds)) for header in self.headers if header not in used]
            taken = tuple(ListColumn(header, kind) for header, kind in found if kind)
            if taken:
                self.lists[name] = taken

    def guessed(self, fields: Sequence[Field], given: Collection[str]) -> frozenset[str]:
        """Fields whose header is neither given nor their own name or label."""
        return frozenset(
            item.name
            for item in fields
            if item.name not in given
            and any((grade_of(header, item, ()) or (0, 0))[0] != EXACT for header in self.columns[item.name])
        )

    def factors(self, fields: Sequence[Field]) -> dict[str, Fraction]:
        """Factors for numeric columns whose header names another unit than the field's."""
        factors: dict[str, Fraction] = {}
        for item in fields:
            hints = [word for header in self.columns[item.name] for word in forms(header)[2] if word in UNITS]
            own = UNITS.get(plain(item.unit))
            if not item.kind.numeric or not hints or own is None:
                continue
            dimension, size = UNITS[hints[0]]
            if dimension != own[0]:
                reason = _("“{header}”的单位与{unit}不合").format(header=self.columns[item.name][0], unit=item.unit)
                self.warnings.append(Problem(reason, item.name, None, self.file))
            elif size != own[1]:
                factors[item.name] = size / own[1]
        return factors
