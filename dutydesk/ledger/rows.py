"""Texts into values: the one parser that forms, `dutydesk add` and every import share (house.md §4).

Columns are compiled once (`parsers`); a line is refused with every reason it gives, one a field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from dutydesk.core.errors import Problem
from dutydesk.core.i18n import N_, _
from dutydesk.ledger.headers import family_last
from dutydesk.ledger.kinds import PHONE, Code, Flag, Resolve
from dutydesk.ledger.mapping import ColumnMapping
from dutydesk.ledger.parsers import Parse, parser
from dutydesk.ledger.records import Cells, Records
from dutydesk.ledger.spec import Field, Ledger, Value, Values

Join = Callable[[Cells], str]
Plausible = Callable[[Values], Iterable[tuple[str, str]]]
"""Gives (field, reason) for what is allowed but hardly likely."""

_TOTALS = frozenset(f"{a}{gap}计" for a in "合总小" for gap in ("", " ", "  ", "\u3000"))
_SPLIT = re.compile("[\u3001\uff0c\uff1b\uff0f,;/\n]+")
_HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
_NUMBER = Field("number", PHONE, N_("号码"))


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list beside a row, e.g. one number of a person: `kind` MOBILE, OFFICE …, `text` the number."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a file gives: `rows` are (line, values of the mapped fields, `None` for an empty cell). `lists` has, by
    line, the entries of list columns in the order of the columns. A refused line is in no other list."""

    rows: list[tuple[int, dict[str, Value]]] = field(default_factory=list[tuple[int, dict[str, Value]]])
    lists: dict[int, dict[str, tuple[Entry, ...]]] = field(default_factory=dict[int, dict[str, tuple[Entry, ...]]])
    refused: list[Problem] = field(default_factory=list[Problem])
    warnings: list[Problem] = field(default_factory=list[Problem])


def parse_row(
    ledger: Ledger,
    texts: Mapping[str, str],
    *,
    resolve: Resolve | None = None,
    line: int | None = None,
    file: str = "",
    partial: bool = False,
) -> tuple[dict[str, Value], list[Problem]]:
    """Values of one row's texts by field name, and one problem for each field that does not hold.

    A required field without text is a problem; with `partial` only those that are named in `texts`. The field that
    takes the desk's own number is never demanded.
    """
    values: dict[str, Value] = {}
    problems: list[Problem] = []
    for name, text in texts.items():
        if name not in ledger:
            problems.append(Problem(_("“{title}”没有这个字段").format(title=_(ledger.title)), name, line, file))
            continue
        item = ledger[name]
        try:
            values[name] = item.kind.parse(text, item, resolve)
        except ValueError as error:
            problems.append(Problem(str(error), name, line, file))
    wrong = {problem.field for problem in problems}
    for item in ledger.fields:
        if (
            not item.required
            or item.name == ledger.number
            or item.name in wrong
            or (partial and item.name not in texts)
        ):
            continue
        if values.get(item.name) is None:
            problems.append(Problem(_("必填"), item.name, line, file))
    return values, problems


def parse_records(
    ledger: Ledger,
    records: Records,
    mapping: ColumnMapping,
    resolve: Resolve | None = None,
    *,
    plausible: Plausible | None = None,
) -> Parsed:
    """All rows of a file: values of the mapped fields, and every reason why a line is refused.

    Lines that only add up the lines above (合计 …) or repeat the header are left out with a warning, and so is a column of codes that was only guessed from a foreign
    header (`Status`) and holds words this ledger does not know. Fields in
    `mapping.missing_required` are the importer's to judge: an update of known rows may do without them.
    """
    parsed = Parsed(refused=list(records.refused), warnings=[*records.warnings, *mapping.warnings])
    columns, joins = _columns(ledger, records, mapping, resolve, parsed.warnings)
    at = {header: number for number, header in enumerate(records.headers)}
    lists = {name: [(at[item.header], item.kind) for item in items] for name, items in mapping.lists.items()}
    headers, width, file, keep = records.headers, len(records.headers), records.file, parsed.rows.append
    for line, cells in records.rows:
        if not _TOTALS.isdisjoint(cells[:3]) or cells == headers:
            parsed.warnings.append(Problem(_("合计行或重复的表头，没有读入"), "", line, file))
            continue
        values: dict[str, Value] = {}
        wrong: list[Problem] = []
        if len(cells) > width:
            extra = next(cell for cell in reversed(cells) if cell.strip())
            wrong.append(Problem(_("比表头多出一格：{text}").format(text=extra[:40]), "", line, file))
        filled = (*cells[:width], *(join(cells) for join in joins)) if joins else cells
        for name, column, parse, must in columns:
            try:
                value = values[name] = parse(filled[column])
            except ValueError as error:
                wrong.append(Problem(str(error), name, line, file))
                continue
            if must and value is None:
                wrong.append(Problem(_("必填"), name, line, file))
        entries = _entries(cells, lists, line, file, wrong) if lists else {}
        if wrong:
            parsed.refused.extend(wrong)
            continue
        if entries:
            parsed.lists[line] = entries
        if plausible:
            parsed.warnings.extend(Problem(reason, name, line, file) for name, reason in plausible(values))
        keep((line, values))
    return parsed


def _columns(
    ledger: Ledger, records: Records, mapping: ColumnMapping, resolve: Resolve | None, warnings: list[Problem]
) -> tuple[list[tuple[str, int, Parse, bool]], list[Join]]:
    """For each mapped field: name, cell, parser, whether it must be there; and what makes the cells, beyond those of
    the file, that are joined of several."""
    at = {header: number for number, header in enumerate(records.headers)}
    columns: list[tuple[str, int, Parse, bool]] = []
    joins: list[Join] = []
    for name, headers in mapping.columns.items():
        item = ledger[name]
        column = at[headers[0]]
        if len(headers) > 1:
            column = len(records.headers) + len(joins)
            joins.append(_joiner([at[header] for header in headers], headers))
        must = item.required and name != ledger.number
        parse = parser(item, resolve, mapping.factors.get(name))
        if name in mapping.guessed and isinstance(item.kind, Code | Flag) and len(headers) == 1 and not must:
            strange = _strange(parse, {cells[column] for _line, cells in records.rows})
            if strange:
                reason = _("“{header}”里的{label}不是这里的说法，没有读入：{seen}").format(
                    header="+".join(headers), label=_(item.label), seen=_("、").join(strange[:5])
                )
                warnings.append(Problem(reason, name, records.header_line or None, records.file))
                continue
        columns.append((name, column, parse, must))
    return columns, joins


def _strange(parse: Parse, texts: set[str]) -> list[str]:
    """The texts that are no code of the field."""
    found: list[str] = []
    for text in sorted(texts):
        try:
            parse(text)
        except ValueError:
            found.append(text)
    return found


def _joiner(numbers: list[int], headers: tuple[str, ...]) -> Join:
    """Texts of several columns as one: with blanks between; Chinese without, the family name first."""
    family = family_last(headers)

    def join(cells: Cells) -> str:
        parts = [text for text in (cells[number].strip() for number in numbers) if text]
        if any(_HAN.search(part) for part in parts):
            return "".join(reversed(parts) if family else parts)
        return " ".join(parts)

    return join


def _entries(
    cells: Cells, lists: Mapping[str, list[tuple[int, str]]], line: int, file: str, wrong: list[Problem]
) -> dict[str, tuple[Entry, ...]]:
    """The numbers of list columns; one cell may hold several, `13800000000/0571-12345678` but not `12345678/9`."""
    found: dict[str, tuple[Entry, ...]] = {}
    for name, columns in lists.items():
        entries: list[Entry] = []
        for column, kind in columns:
            text = cells[column].strip()
            if not text:
                continue
            parts = [part.strip() for part in _SPLIT.split(text)]
            if not all(sum(map(str.isdigit, part)) >= 5 for part in parts):
                parts = [text]
            for part in parts:
                try:
                    number = PHONE.parse(part, _NUMBER)
                except ValueError as error:
                    wrong.append(Problem(str(error), name, line, file))
                    continue
                entry = Entry(kind, str(number))
                if entry not in entries:
                    entries.append(entry)
        if entries:
            found[name] = tuple(entries)
    return found
