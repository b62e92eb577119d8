"""A file's bytes into records of a ledger: any table by its columns, or a file form that a feature understands.

Nothing is written here and nothing is matched; every reason why a line cannot be taken is collected.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.exchange.matching import Record
from dutydesk.exchange.referents import Referents
from dutydesk.exchange.shapes import SIGNED_LEDGERS, SYSTEM_LEDGERS, ledger_of
from dutydesk.journal.desk import Desk
from dutydesk.journal.mappings import recall
from dutydesk.ledger.feature import Draft, Finished, Importer, Incoming, TableLine
from dutydesk.ledger.headers import lists_of, recognised, recognised_anywhere
from dutydesk.ledger.kinds import Phone, Ref
from dutydesk.ledger.mapping import ColumnMapping, propose, source_key
from dutydesk.ledger.readers import read_records
from dutydesk.ledger.records import Records
from dutydesk.ledger.rows import Entry, Parsed, parse_records
from dutydesk.ledger.spec import Ledger, On, Value

TABLE = "table"
TABLE_FORMATS = frozenset((TABLE, "csv", "xlsx", "xls", "ods", "geojson"))
LEFT_OUT = "-"
"""What is remembered of a field that the user left out."""
LASTING = ("minutes", "zone", "unit")
"""Settings of a source that hold for its next file too; a time or a station belongs to one file."""
HEAD = 65_536


@dataclass(frozen=True, slots=True)
class Options:
    """What the user says beside the file: `settings` are the `--set` pairs, `confirmed` answers a question that a
    great deletion asks."""

    format: str = ""
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    create: bool = False
    replace: bool = False
    partial: bool = False
    confirmed: bool = False


@dataclass(slots=True)
class Content:
    """What a file holds, by ledger; `read` counts its data records. `repeats` are records that say again, letter for
    letter, what a line before them says."""

    ledger: str
    format: str
    read: int
    records: dict[str, list[Record]] = field(default_factory=dict[str, list[Record]])
    refused: list[Problem] = field(default_factory=list[Problem])
    warnings: list[Problem] = field(default_factory=list[Problem])
    repeats: int = 0
    attached: tuple[bytes, ...] = ()
    counts: tuple[int, int, int] | None = None
    mapping: ColumnMapping | None = None
    referents: Referents | None = None
    source: str = ""
    remember: dict[str, str] = field(default_factory=dict[str, str])


def load(dotted: str) -> Any:
    """The function that `module:function` names."""
    module, name = dotted.split(":")
    return getattr(import_module(module), name)


def importers(desk: Desk, ledger: str) -> list[Importer]:
    """The file forms that features understand for a ledger or import target."""
    return [item for feature in desk.features for item in feature.importers if item.ledger == ledger]


def targets(desk: Desk) -> list[str]:
    """Everything that `import` takes as LEDGER."""
    names = [name for name in desk.store.schema.shapes if name not in SYSTEM_LEDGERS | SIGNED_LEDGERS]
    return list(dict.fromkeys((*names, *(item.ledger for feature in desk.features for item in feature.importers))))


def _choose(desk: Desk, ledger: str, data: bytes, name: str, wanted: str = "") -> Importer | None:
    """The file form that is meant by `--format` or told from the file; `None` for a table. Raises `Refused`."""
    known = importers(desk, ledger)
    if not known and ledger not in desk.store.schema.shapes:
        raise Refused(
            Problem(_("没有台账“{name}”，可用：{known}").format(name=ledger, known=_("、").join(targets(desk))))
        )
    if wanted in TABLE_FORMATS and ledger in desk.store.schema.shapes:
        return None
    forms = _("、").join((*(item.format for item in known), *sorted(TABLE_FORMATS)))
    found = None
    if wanted:
        found = next((item for item in known if item.format == wanted), None)
        if found is None:
            reason = _("{ledger}没有格式“{wanted}”，可用：{forms}").format(ledger=ledger, wanted=wanted, forms=forms)
            raise Refused(Problem(reason, file=name))
    else:
        found = next((item for item in known if item.sniff(data[:HEAD], name)), None)
        if found is None and ledger not in desk.store.schema.shapes:
            raise Refused(Problem(_("认不出文件的格式，请用 --format 指明：{forms}").format(forms=forms), file=name))
    return found


def read_file(desk: Desk, ledger: str, data: bytes, name: str, options: Options) -> Content:
    """The records of a file. Raises `Refused` when the file as a whole cannot be understood."""
    chosen = _choose(desk, ledger, data, name, options.format)
    if chosen is not None:
        return _read_special(desk, chosen, data, name, options)
    declared = ledger_of(desk, ledger)
    if ledger in SIGNED_LEDGERS and (known := [item.format for item in importers(desk, ledger)]):
        reason = _("认不出文件的格式，请用 --format 指明：{forms}").format(forms=_("、").join(known))
        raise Refused(Problem(reason, file=name))
    if ledger in SYSTEM_LEDGERS | SIGNED_LEDGERS:
        raise Refused(Problem(_("“{title}”由程序自己记录，不能导入").format(title=_(declared.title)), file=name))
    return _read_table(desk, declared, data, name, options)


# -- tables ------------------------------------------------------------------------------------------------------------


def _read_table(desk: Desk, ledger: Ledger, data: bytes, name: str, options: Options) -> Content:
    given, constants, sheet = _table_settings(ledger, options.settings, name)

    def known(cells: Sequence[str]) -> int:
        return max(recognised(ledger, cells, given.values()), recognised_anywhere(cells))

    records = read_records(data, name, sheet=sheet, recognise=known)
    if not records.rows and records.refused:
        raise Refused(*records.refused)
    source = source_key(records.headers)
    last = recall(desk.store, ledger.name, source)
    left_out = {field_name: "" for field_name, header in last.items() if header == LEFT_OUT and field_name not in given}
    mapping = propose(
        ledger,
        records.headers,
        remembered={field_name: header for field_name, header in last.items() if header != LEFT_OUT},
        given=left_out | given,
        supplied=constants,
        blank=records.blank(),
        file=name,
    )
    referents = Referents(desk, ("regions", "units", "posts") if options.create else (), _own(ledger, records, mapping))
    fixed = _fixed(ledger, constants, referents, name)
    parsed = parse_records(ledger, records, mapping, referents.resolve)
    content = Content(
        ledger.name,
        records.format,
        records.read,
        refused=parsed.refused,
        warnings=parsed.warnings,
        mapping=mapping,
        referents=referents,
        source=source,
        remember=mapping.remember()
        | {item: LEFT_OUT for item, header in (left_out | given).items() if not header.strip()},
    )
    _missing(ledger, mapping, constants, content, records.header_line, name)
    content.records[ledger.name] = _table_records(desk, ledger, records, parsed, fixed, content, name)
    return content


def _table_settings(
    ledger: Ledger, settings: Mapping[str, str], name: str
) -> tuple[dict[str, str], dict[str, str], str | None]:
    """(column by field, value by field, sheet). A field's own name gives it a value wherever the file does not."""
    given: dict[str, str] = {}
    constants: dict[str, str] = {}
    for key, value in settings.items():
        if key.startswith("column."):
            given[key.removeprefix("column.")] = value
        elif key in ledger and ledger[key].on & On.FILE:
            constants[key] = value
        elif key != "sheet":
            raise Refused(Problem(_("这种文件没有设置“{key}”，可用：column.字段=列名、字段=值、sheet=工作表").format(key=key), file=name))  # fmt: skip
    return given, constants, settings.get("sheet")


def _own(ledger: Ledger, records: Records, mapping: ColumnMapping) -> tuple[str, frozenset[str]]:
    """What the file's own rows are called, where rows of this ledger name each other."""
    kinds = [ledger[item].kind for item in mapping.columns]
    if not any(isinstance(kind, Ref) and kind.ledger == ledger.name for kind in kinds):
        return "", frozenset()
    at = {header: number for number, header in enumerate(records.headers)}
    columns = [
        at[headers[0]] for item, headers in mapping.columns.items() if item in ("code", "name") and len(headers) == 1
    ]
    return ledger.name, frozenset(cells[column].strip() for _line, cells in records.rows for column in columns)


def _fixed(ledger: Ledger, constants: Mapping[str, str], referents: Referents, name: str) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for key, text in constants.items():
        try:
            values[key] = ledger[key].kind.parse(text, ledger[key], referents.resolve)
        except ValueError as error:
            raise Refused(Problem(str(error), key, file=name)) from None
    return values


def _missing(
    ledger: Ledger, mapping: ColumnMapping, constants: Mapping[str, str], content: Content, line: int, name: str
) -> None:
    """One warning for a column that new rows would need; which rows are new is seen later."""
    for item in mapping.missing_required:
        if item not in constants:
            reason = _("文件里没有“{label}”，新的一条需要它").format(label=_(ledger[item].label))
            content.warnings.append(Problem(reason, item, line, name))


def _table_records(
    desk: Desk,
    ledger: Ledger,
    records: Records,
    parsed: Parsed,
    fixed: Mapping[str, Value],
    content: Content,
    name: str,
) -> list[Record]:
    seen: dict[tuple[str, ...], int] = {}
    cells_of = dict(records.rows)
    found: list[Record] = []
    lists = [
        (item, *_child_fields(desk, ledger, item)) for item in lists_of(ledger.name) if item in desk.store.schema.shapes
    ]
    finish, rest, refs = _finisher(desk, ledger, records, content.mapping)
    for line, values in parsed.rows:
        first = seen.setdefault(cells_of[line], line)
        if first != line:
            content.repeats += 1
            reason = _("与第 {line} 行一字不差，没有再记").format(line=first)
            content.warnings.append(Problem(reason, "", line, name))
            continue
        for key, value in fixed.items():
            if values.get(key) is None:
                values[key] = value
        record = Record(line, values)
        entries: Mapping[str, tuple[Any, ...]] = parsed.lists.get(line, {})
        if finish is not None:
            cells = cells_of[line]
            texts = {item: " ".join(cells[column].strip() for column in columns) for item, columns in refs.items()}
            left = [(header, cells[column].strip()) for header, column in rest if cells[column].strip()]
            done = finish(TableLine(values, texts, entries, left))
            entries, record.fresh = done.lists, done.fresh
        if entries:
            record.children = [
                (child, link, _child_values(entry, order, number, kind_codes))
                for child, link, number, kind_codes in lists
                for order, entry in enumerate(entries.get(child, ()), 1)
            ]
        found.append(record)
    return found


Finish = Callable[[TableLine], Finished]


def _finisher(
    desk: Desk, ledger: Ledger, records: Records, mapping: ColumnMapping | None
) -> tuple[Finish | None, list[tuple[str, int]], dict[str, list[int]]]:
    """What the ledger's feature does with each line; the columns that no field takes; the columns of references."""
    dotted = next((feature.finishers[ledger.name] for feature in desk.features if ledger.name in feature.finishers), "")
    if not dotted or mapping is None:
        return None, [], {}
    at = {header: number for number, header in enumerate(records.headers)}
    rest = [(header, at[header]) for header in mapping.unmapped_headers]
    refs = {
        item: [at[header] for header in headers]
        for item, headers in mapping.columns.items()
        if isinstance(ledger[item].kind, Ref)
    }
    return load(dotted), rest, refs


def _child_fields(desk: Desk, parent: Ledger, child: str) -> tuple[str, str, frozenset[str]]:
    """(the field that takes the parent's id, the field of the number, the codes of `kind`) of a ledger beside rows."""
    ledger = desk.ledger(child)
    link = next(item.name for item in ledger.fields if isinstance(item.kind, Ref) and item.kind.ledger == parent.name)
    number = next(item.name for item in ledger.fields if isinstance(item.kind, Phone))
    return link, number, frozenset(choice.code for choice in ledger["kind"].choices)


def _child_values(entry: Entry, order: int, number: str, codes: frozenset[str]) -> dict[str, Value]:
    return {"order": order, "kind": entry.kind if entry.kind in codes else "OTHER", number: entry.text}


# -- file forms of features --------------------------------------------------------------------------------------------


def _profile(desk: Desk, chosen: Importer, data: bytes, options: Options) -> tuple[str, dict[str, str]]:
    """(what files of this source have in common, the settings of last time that nobody gives anew).

    Files of one source begin alike: their first line without its digits.
    """
    first = data[:4096].splitlines()[0] if data[:4096].strip() else b""
    source = hashlib.sha256(re.sub(rb"\d+", b"", first)).hexdigest()[:16]
    kept = recall(desk.store, f"{chosen.ledger}/{chosen.format}", source)
    return source, {key: value for key, value in kept.items() if key not in options.settings}


def _read_special(desk: Desk, chosen: Importer, data: bytes, name: str, options: Options) -> Content:
    source, last = _profile(desk, chosen, data, options)
    settings = last | dict(options.settings)
    more = {} if chosen.ledger in desk.store.schema.shapes else {"create": options.create}
    incoming: Incoming = load(chosen.read)(desk, data, name, settings, **more)
    # Cards name units and posts as they please: these are made, and the warnings say so.
    referents = Referents(desk, ("regions", "units", "posts") if options.create else ("units", "posts"))
    content = Content(
        chosen.ledger,
        chosen.format,
        incoming.read,
        refused=list(incoming.refused),
        warnings=list(incoming.warnings),
        attached=incoming.attached,
        counts=incoming.counts,
        referents=referents,
        source=source,
        remember={key: value for key, value in settings.items() if key in LASTING or key.startswith("column.")},
    )
    if last:
        said = _("、").join(f"{key}={value}" for key, value in sorted(last.items()))
        content.warnings.append(Problem(_("沿用这种文件上次的设置：{said}").format(said=said), file=name))
    for draft in incoming.drafts:
        record = _record(draft, desk, referents, name)
        if record.problems:
            content.refused.extend(record.problems)
        else:
            content.records.setdefault(draft.ledger, []).append(record)
    if referents.made:
        made = _("、").join(str(change.values["name"]) for change in referents.made[:6])
        reason = _("一并新建 {count} 个单位或职务：{made}").format(count=len(referents.made), made=made)
        content.warnings.append(Problem(reason, file=name))
    return content


def _record(draft: Draft, desk: Desk, referents: Referents, name: str) -> Record:
    problems: list[Problem] = []

    def values_of(one: Draft) -> dict[str, Value]:
        values = dict(one.values)
        ledger = desk.ledger(one.ledger)
        for key, text in one.names.items():
            kind = ledger[key].kind
            try:
                values[key] = kind.parse(text, ledger[key], referents.resolve)
            except ValueError as error:
                problems.append(Problem(str(error), key, one.line, name))
        return values

    record = Record(draft.line, values_of(draft))
    record.children = [(child.ledger, child.link, values_of(child)) for child in draft.children]
    record.problems = problems
    return record
