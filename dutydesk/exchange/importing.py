"""Import: what a file would change is found out whole before anything is written (house.md §8).

`plan` only reads; `run` writes what was planned in a series of acts with one batch id. The command line and the
window's dialog use both.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from dutydesk.core.console import problem
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.exchange.matching import Held, Key, Record, difference, held, key_fields, pair
from dutydesk.exchange.reading import Content, Options, load, read_file
from dutydesk.journal import attachments, batches
from dutydesk.journal.desk import Desk
from dutydesk.journal.mappings import keep
from dutydesk.journal.store import MOST_BYTES, MOST_CHANGES
from dutydesk.ledger.feature import Change
from dutydesk.ledger.kinds import Phone, Ref
from dutydesk.ledger.mapping import ColumnMapping
from dutydesk.ledger.spec import Ledger, Mode, Value, Values

MANY_ROWS, MANY_SHARE = 50, 5
"""A `--replace` that would take away more than 50 rows, or more than a fifth, waits for a person (engineering.md §1.1)."""
ROOM = MOST_BYTES * 3 // 4
Told = Callable[[int, int], None]


def nobody(done: int, whole: int) -> None:
    """Nobody watches."""


@dataclass(slots=True)
class Plan:
    """What an import would do. `added`, `changed`, `unchanged` count data records and are 0 when the file is refused
    as a whole; `deleted` counts rows that `--replace` takes away; `asks` is the question to be answered first."""

    ledger: str
    file: str
    format: str
    options: Options
    read: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    refused: list[Problem] = field(default_factory=list[Problem])
    warnings: list[Problem] = field(default_factory=list[Problem])
    changes: list[Change] = field(default_factory=list[Change])
    asks: str = ""
    data: bytes = b""
    attached: tuple[bytes, ...] = ()
    mapping: ColumnMapping | None = None
    source: str = ""
    remember: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def stopped(self) -> bool:
        """Whether nothing will be written: a line is refused, and the rest was not asked for by itself."""
        return bool(self.refused) and not self.options.partial

    def result(self) -> dict[str, Any]:
        """The result as `--json` prints it."""
        shape: dict[str, Any] = {"ledger": self.ledger, "file": self.file, "read": self.read}
        shape |= {"added": self.added, "changed": self.changed, "unchanged": self.unchanged}
        if self.options.replace:
            shape["deleted"] = self.deleted
        shape["refused"] = [problem(found) for found in self.refused]
        shape["warnings"] = [problem(found) for found in self.warnings]
        return shape


def plan(desk: Desk, ledger: str, data: bytes, name: str, options: Options | None = None) -> Plan:
    """Find out what the import of a file's bytes would do; writes nothing. `name` is what the file is called.

    Raises `Refused` when the file as a whole cannot be understood; a line that cannot be taken stands in `refused`.
    """
    options = options or Options()
    with _uncollected():
        return _plan(desk, ledger, data, name, options)


def _plan(desk: Desk, ledger: str, data: bytes, name: str, options: Options) -> Plan:
    content = read_file(desk, ledger, data, name, options)
    made = Plan(ledger, name, content.format, options, content.read, data=data, attached=content.attached)
    made.mapping, made.source, made.remember = content.mapping, content.source, content.remember
    made.refused, made.warnings = content.refused, content.warnings
    made.unchanged = content.repeats
    for target, records in content.records.items():
        _Matcher(desk, desk.ledger(target), content, made, name, counts=target == ledger).go(records)
    if content.counts is not None:
        made.added, made.changed, made.unchanged = content.counts
    if options.replace:
        if ledger not in desk.store.schema.shapes:
            raise Refused(Problem(_("这种文件不能用来替换"), file=name))
        _plan_deletions(desk, desk.ledger(ledger), content, made, name)
    if content.referents is not None and content.referents.made:
        used = {value for change in made.changes for value in change.values.values() if isinstance(value, bytes)}
        made.changes[:0] = [change for change in content.referents.made if change.row in used]
    if made.stopped:
        made.added = made.changed = made.unchanged = made.deleted = 0
        made.changes = []
    return made


@contextmanager
def _uncollected() -> Generator[None]:
    """Without the cyclic collector: it would walk a hundred thousand fresh rows again and again and find nothing."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def refused_plan(ledger: str, name: str, options: Options, error: Refused) -> Plan:
    """The plan of a file that could not be understood at all."""
    return Plan(ledger, name, "", options, refused=list(error.problems))


class _Matcher:
    """Pairs the records of one ledger with the desk's rows and says what changes."""

    def __init__(self, desk: Desk, ledger: Ledger, content: Content, made: Plan, name: str, *, counts: bool) -> None:
        self.desk, self.ledger, self.content, self.made, self.name, self.counts = (
            desk,
            ledger,
            content,
            made,
            name,
            counts,
        )
        self.must = [item.name for item in ledger.fields if item.required and item.name != ledger.number]
        self.secrets: dict[str, tuple[str, ...]] = {}
        self.kin: dict[tuple[str, bytes], list[Held]] = {}
        self.kept: dict[str, bytes] = {}
        self.erased = self._erased(ledger.name)
        dotted = next((one.checkers[ledger.name] for one in desk.features if ledger.name in one.checkers), "")
        self.checker: Callable[[Desk, Values], Problem | None] | None = load(dotted) if dotted else None

    def go(self, records: Sequence[Record]) -> None:
        """Plan all records."""
        groups: dict[tuple[str, ...], list[Record]] = {}
        for record in records:
            groups.setdefault(tuple(record.values), []).append(record)
        for given, group in groups.items():
            self._group(key_fields(self.ledger, given), given, group)
        self._check_promises(records)

    def _group(self, fields: tuple[str, ...], given: Sequence[str], records: Sequence[Record]) -> None:
        if self.content.counts is not None and self.ledger.mode is Mode.APPEND:
            # The feature has found that the file brings news: the row that names it is written.
            for record in records:
                self._add(record)
            return
        by_key: dict[Key, list[Record]] = {}
        for record in records:
            values = record.values
            by_key.setdefault(tuple([values[name] for name in fields]), []).append(record)
        rows = held(self.desk, self.ledger, fields, by_key.keys(), (*given, *self.ledger.personal)) if fields else {}
        self._load_kin(records, rows)
        for key, same in by_key.items():
            found = rows.get(key) if rows else None
            if len(same) == 1 and not found:
                self._add(same[0])
                continue
            if len(same) > 1:
                self._warn_repeated(same)
            paired, open_records = pair(same, found or [], self._equal)
            for record, row in paired:
                if row is None:
                    self._add(record)
                else:
                    self._write(record, row)
            for record in open_records:
                reason = _("本机有 {count} 条同名，不知改哪一条").format(count=len(found or []))
                self.made.refused.append(Problem(reason, fields[0], record.line, self.name))

    def _warn_repeated(self, same: Sequence[Record]) -> None:
        if self.ledger.mode is Mode.APPEND:
            return
        for record in same[1:]:
            reason = _("与第 {line} 行同名，内容不同，各记一条").format(line=same[0].line)
            self.made.warnings.append(Problem(reason, "", record.line, self.name))

    def _add(self, record: Record) -> None:
        values = {**record.values, **record.fresh} if record.fresh else record.values
        for name in self.must:
            if values.get(name) is None:
                self.made.refused.append(Problem(_("必填"), name, record.line, self.name))
                return
        if self._hidden(values, record.line) or self._against(values, record.line):
            return
        if self.ledger.mode is Mode.APPEND and "recorded_at" in self.ledger and values.get("recorded_at") is None:
            values = {**values, "recorded_at": self.desk.clock.now()}
        change = self.desk.new(self.ledger.name, values)
        promised = self.content.referents.promised if self.content.referents else {}
        if promised and self.ledger.name == self.content.ledger:
            for name in ("code", "name"):
                text = values.get(name)
                if isinstance(text, str) and text in promised and text not in self.kept:
                    change = Change(change.ledger, promised[text], values, new=True)
                    self.kept[text] = change.row
                    break
        record.row = change.row
        self.made.changes.append(change)
        for ledger, link, child in record.children:
            if not self._hidden(child, record.line, ledger):
                self.made.changes.append(self.desk.new(ledger, {**child, link: change.row}))
        self.made.added += self.counts

    def _write(self, record: Record, row: Held) -> None:
        record.row = row[0]
        append = self.ledger.mode is Mode.APPEND
        different = {} if append else self._different(record, row)
        lost = [name for name in different if name in self.must and different[name] is None]
        if lost:
            self.made.refused += [Problem(_("必填"), name, record.line, self.name) for name in lost]
            return
        if row[0] in self.erased and self.ledger.personal & different.keys():
            reason = _("这一条的个人信息已删除，不能再填写")
            self.made.refused.append(Problem(reason, "", record.line, self.name))
            return
        if self._hidden(different, record.line):
            return
        if different and self._against({**row[1], **different}, record.line):
            return
        changes = [Change(self.ledger.name, row[0], different)] if different else []
        for ledger, link, child in record.children:
            change = self._child(ledger, link, child, row[0])
            if change is not None and not self._hidden(change.values, record.line, ledger):
                changes.append(self._placed(change, row[0], changes))
        self.made.changes += changes
        if changes:
            self.made.changed += self.counts
        else:
            self.made.unchanged += self.counts

    def _different(self, record: Record, row: Held) -> dict[str, Value]:
        """What the record says otherwise; a value that stands as this record made it when it was new is not otherwise."""
        found = difference(self.ledger, record.values, row[1])
        return {name: value for name, value in found.items() if record.fresh.get(name, value) != row[1].get(name)}

    def _equal(self, record: Record, row: Held) -> bool:
        if self.ledger.mode is not Mode.APPEND and self._different(record, row):
            return False
        return all(self._child(ledger, link, child, row[0]) is None for ledger, link, child in record.children)

    # -- what belongs to a row -------------------------------------------------------------------------------------

    def _load_kin(self, records: Sequence[Record], rows: dict[Key, list[Held]]) -> None:
        """The children that the desk's rows have, of every ledger that the file brings children of."""
        kinds = {(ledger, link) for record in records for ledger, link, _child in record.children}
        parents = {row[0] for found in rows.values() for row in found}
        for name, link in kinds:
            ledger = self.desk.ledger(name)
            wanted = [item.name for item in ledger.fields]
            for key, found in held(self.desk, ledger, (link,), {(parent,) for parent in parents}, wanted).items():
                self.kin[name, bytes(key[0])] = found  # pyright: ignore[reportArgumentType]

    def _child(self, name: str, link: str, child: dict[str, Value], parent: bytes) -> Change | None:
        """What has to be written so that the parent has this child: a new row, a change, or nothing. One that is here
        keeps its place among its siblings, wherever the file happened to name it."""
        ledger = self.desk.ledger(name)
        own = [item for item in ledger.match if item != link and item in child]
        told = {item: value for item, value in child.items() if item != ledger.order}
        for row, values in self.kin.get((name, parent), ()):
            if all(values.get(item) == child[item] for item in own):
                different = difference(ledger, told, values)
                return Change(name, row, different) if different else None
        return self.desk.new(name, {**child, link: parent})

    def _placed(self, change: Change, parent: bytes, before: Sequence[Change]) -> Change:
        """A new child comes after its parent's others."""
        order = self.desk.ledger(change.ledger).order
        place = change.values.get(order)
        if not change.new or not isinstance(place, int):
            return change
        taken = [values.get(order) for _row, values in self.kin.get((change.ledger, parent), ())]
        taken += [other.values.get(order) for other in before if other.ledger == change.ledger]
        last = max((other for other in taken if isinstance(other, int)), default=0)
        return replace(change, values={**change.values, order: last + 1}) if place <= last else change

    # -- what is refused -------------------------------------------------------------------------------------------

    def _against(self, values: Values, line: int) -> bool:
        """Whether the ledger's feature has something against the row."""
        problem = self.checker(self.desk, values) if self.checker is not None else None
        if problem is not None:
            self.made.refused.append(replace(problem, line=line, file=self.name))
        return problem is not None

    def _hidden(self, values: Any, line: int, ledger: str = "") -> bool:
        """Whether a number is one that an export masked: written back, it would replace the real one."""
        name = ledger or self.ledger.name
        secrets = self.secrets.get(name)
        if secrets is None:
            fields = self.desk.ledger(name).fields
            secrets = tuple(item.name for item in fields if item.personal and isinstance(item.kind, Phone))
            self.secrets[name] = secrets
        hidden = [name for name in secrets if "*" in str(values.get(name))]
        if not hidden:
            return False
        reason = _("号码被隐去一部分，不能写入")
        self.made.refused += [Problem(reason, name, line, self.name) for name in hidden]
        return True

    def _erased(self, name: str) -> frozenset[bytes]:
        with self.desk.store.read() as connection:
            found = connection.exec_driver_sql("SELECT row FROM erased WHERE ledger = ?", (name,)).all()
        return frozenset(bytes(row) for (row,) in found)

    def _check_promises(self, records: Sequence[Record]) -> None:
        """Rows that name a row of the same file which did not come to be."""
        referents = self.content.referents
        if referents is None or not referents.promised or self.ledger.name != self.content.ledger:
            return
        broken = referents.broken(self.kept)
        if not broken:
            return
        links = [
            item.name
            for item in self.ledger.fields
            if isinstance(item.kind, Ref) and item.kind.ledger == self.ledger.name
        ]
        gone = set(broken)
        left = list(records)
        while True:
            lost = [record for record in left if any(record.values.get(name) in gone for name in links)]
            if not lost:
                break
            left = [record for record in left if record not in lost]
            for record in lost:
                self.made.refused.append(Problem(_("所指的那一行没有读入"), links[0], record.line, self.name))
                gone.add(record.row)
        self._take_back(gone - {b""})

    def _take_back(self, rows: set[bytes]) -> None:
        """Leave out what was planned for rows that are refused after all, and for what belongs to them."""
        own = [change for change in self.made.changes if change.ledger == self.ledger.name and change.row in rows]
        self.made.added -= sum(change.new for change in own) * self.counts
        self.made.changed -= sum(not change.new for change in own) * self.counts
        self.made.changes = [
            change
            for change in self.made.changes
            if change not in own and not (change.ledger != self.ledger.name and rows & set(change.values.values()))
        ]


def _plan_deletions(desk: Desk, ledger: Ledger, content: Content, made: Plan, name: str) -> None:
    """Rows that the file does not hold any more, and what belongs to them alone."""
    if ledger.mode is Mode.APPEND:
        raise Refused(Problem(_("{title}只能新增，不能替换").format(title=_(ledger.title)), file=name))
    if made.refused:
        # A refused line may be one of the rows that would be taken away.
        return
    kept = {record.row for record in content.records.get(ledger.name, ())}
    rows = desk.rows(ledger.name)
    gone = [row.id for row in rows if row.id not in kept]
    made.deleted = len(gone)
    made.changes += [desk.store.deletion(ledger.name, row) for row in gone]
    for shape in desk.store.schema.shapes.values():
        for item in shape.ledger.fields:
            owned = isinstance(item.kind, Ref) and item.kind.ledger == ledger.name and item.name in shape.ledger.match
            if owned and item.required and gone:
                found = held(desk, shape.ledger, (item.name,), {(row,) for row in gone}, ())
                made.changes += [
                    desk.store.deletion(shape.ledger.name, row)
                    for children in found.values()
                    for row, _values in children
                ]
    if len(gone) > MANY_ROWS or len(gone) * MANY_SHARE > len(rows):
        made.asks = _("将删除{title}里 {count} 条（共 {whole} 条），请确认").format(
            title=_(ledger.title), count=len(gone), whole=len(rows)
        )


# -- writing -----------------------------------------------------------------------------------------------------------


def run(desk: Desk, made: Plan, told: Told = nobody, *, beside_a_window: bool = False) -> dict[str, Any]:
    """Write what was planned and return the result; a plan that is `stopped` writes nothing.

    Beside an open window the acts are small and give the writer back. Raises `Refused` when the plan asks for an
    answer that it did not get, `Unavailable` when the disk does not take it.
    """
    if made.stopped:
        return made.result()
    if made.asks and not made.options.confirmed:
        raise Refused(Problem(made.asks, file=made.file))
    if made.changes:
        sha256 = attachments.keep(desk.store.home, made.data)
        for content in made.attached:
            attachments.keep(desk.store.home, content)
        first: list[Change] = []
        if "attachments" in desk.store.schema.shapes:
            note: dict[str, Value] = {"name": made.file, "ledger": made.ledger, "row": "", "sha256": sha256}
            note |= {"size": len(made.data), "type": made.format, "at": desk.clock.now()}
            first.append(desk.new("attachments", note))
        size = batches.BESIDE_A_WINDOW if beside_a_window else MOST_CHANGES
        with _uncollected():
            batches.write(
                desk.store,
                f"{made.ledger}.import",
                made.changes,
                by=desk.me.id,
                note=_("导入 {file}").format(file=made.file),
                first=first,
                size=_fitting(desk, [*first, *made.changes], size),
                told=told,
            )
    if made.source:
        place = made.ledger if made.mapping is not None else f"{made.ledger}/{made.format}"
        keep(desk.store, place, made.source, made.remember)
    return made.result()


def _fitting(desk: Desk, changes: Sequence[Change], size: int) -> int:
    """The greatest number of changes, at most `size`, of which every act holds its lines of the log and its bytes."""
    weights = [_weight(change) for change in changes]
    lines = desk.store.schema.log_lines
    while size > 1:
        if all(
            sum(weights[start : start + size]) < ROOM
            and len(changes[start : start + size]) + len(lines(changes[start : start + size])) <= MOST_CHANGES
            for start in range(0, len(changes), size)
        ):
            return size
        size //= 2
    return 1


def _weight(change: Change) -> int:
    """About the bytes that a change takes in an act's body, never fewer."""
    each = 60 if change.new else 120
    return 160 + sum(
        each + (len(value) * 3 if isinstance(value, str) else 34)
        for value in change.values.values()
        if value is not None
    )
