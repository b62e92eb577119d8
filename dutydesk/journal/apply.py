"""Apply: the one way in which an act changes the projections.

It is total, order-free and computes nothing that depends on code, clock, settings or desk: whatever order the acts of
several desks arrive in, so long as each desk's own order is kept, the projection is the same (house.md §6). The same
code runs for entry, import, pull and rebuild.

Merge. A write of a field names the acts whose values it replaces (`bases`). The acts that nobody replaced are the
heads of the field; the head with the greatest (hlc, act_id) is displayed, and more than one is a conflict that a
person settles. The act that made a row is the head of every field that has no entry in `head`. A base that has not
arrived goes to `early` and never becomes a head.

Deletion is a write of the pseudo-field `_deleted`, whose value lists the heads that its author saw. An edit that is
not on the list keeps the row on the screen, with a conflict: nobody's edit disappears.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from dutydesk.journal import statements
from dutydesk.journal.chain import SCHEMA_VERSION, Act
from dutydesk.journal.recipe import Cursor
from dutydesk.journal.schema import Schema, Shape
from dutydesk.journal.statements import MOST_ROWS, SQLITE, Engine
from dutydesk.ledger.spec import Mode, Value
from dutydesk.ledger.table import DELETED, EXPECTED, LISTED

ERASED = "〔已删除〕"
"""What a personal field reads once its row was erased."""

DELETE = "_deleted"
HEADS, DUPLICATE, GONE = "heads", "duplicate", "deleted"
"""Kinds of conflict: several values of a field; one natural key from two desks; deleted here, edited there."""

MANY = 8
"""New rows of one act from which on they are looked up together."""
NONE: set[bytes] = set()

Personal = Mapping[int, tuple[bytes, bytes]]
Opened = dict[int, dict[str, Value]]
"""The personal fields of an act's changes, read."""
Rows = dict[str, list[bytes]]

_decode = json.JSONDecoder().decode
"""What `json.loads` comes to where the encoding is known; an import asks it of every row."""


def parse_body(body: bytes) -> dict[str, Any]:
    """The body of an act as it was written."""
    return json.loads(body)


def _odd(shape: Shape, values: Mapping[str, Any]) -> str:
    """The first field whose value its column does not hold, empty where there is none: an act of another program, well
    formed, must not stop those that come after it."""
    types = shape.types
    for name, value in values.items():
        if value is not None and name in types and type(value) is not types[name]:
            return name
        if name == DELETE and not isinstance(value, str | None):
            return name
    for name in shape.refs & values.keys():
        if values[name] is not None and not is_hex(values[name]):
            return name
    return ""


def _opened(shape: Shape, data: bytes) -> dict[str, Value]:
    """The personal fields of a change. What no column holds is left out, not the act: where the person was erased before
    it came nobody can read the fields, and all desks must end the same."""
    try:
        held: Any = _decode(data.decode())
    except (ValueError, RecursionError):
        return {}
    found = cast("dict[str, Any]", held) if isinstance(held, dict) else {}
    odd = _odd(shape, found)
    while odd:
        del found[odd]
        odd = _odd(shape, found)
    return found


def is_hex(text: str) -> bool:
    """Whether a text is bytes in lower-case hexadecimal."""
    return len(text) % 2 == 0 and not text.strip("0123456789abcdef")


class Applier:
    """Applies acts through one cursor inside one transaction; `finish` brings everything held back to the tables.

    Making a row is by far the commonest change, so new rows are collected and written together. The statements are
    those of `journal.statements` for `engine`.
    """

    def __init__(self, cursor: Cursor, schema: Schema, engine: Engine = SQLITE) -> None:
        self.cursor = cursor
        self.schema = schema
        self._say = statements.of(schema, engine)
        self._entry = engine.index.entry
        self._encode = engine.encode
        self._decode = engine.decode
        self._new: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self._indexed: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self._made: dict[str, dict[bytes, dict[str, Value]]] = defaultdict(dict)
        self._next: dict[str, int] = {}
        self._tally: dict[str, int] = defaultdict(int)
        self._counter: dict[tuple[bytes, str, int], int] = {}
        self._forgotten: set[str] = set()
        self._absent: dict[str, set[bytes]] = {}
        self._foreseen = False
        self._keys: dict[tuple[bytes, str, str], tuple[bytes, str, int] | None] = {}
        self._desks: set[bytes] = set()
        self._several: bool | None = None
        self._erasures: bool | None = None

    def foresee(self, bodies: Iterable[Mapping[str, Any]]) -> None:
        """These are the bodies of all the acts to come: which of their rows are new is asked at once, before the first
        of them. Worth it where a question is a round trip."""
        known = self.schema.shapes
        changes = [change for body in bodies for change in body.get("changes", ()) if change["ledger"] in known]
        self._absent = self._unheard_of(changes)
        self._foreseen = True

    # -- the act ---------------------------------------------------------------------------------------------------

    def apply(self, act: Act, body: Mapping[str, Any], personal: Personal) -> Rows:
        """Project `act`; returns the rows it touched, by ledger. An act that this program does not understand whole
        is noted in `unprojected` and changes nothing."""
        self._desks.add(act.desk)
        opened: Opened = {}
        reason = self._unknown(act, body, personal, opened)
        if reason:
            self.cursor.execute(self._say.note_unprojected, (act.act_id, reason))
            for change in body.get("changes", ()):
                if "erase" in change:  # what a person has a right to does not wait for an upgrade
                    self._forget(change["ledger"], bytes.fromhex(change["row"]))
            return {}
        for ledger, year, n in body.get("numbers", ()):
            self._counter[act.desk, ledger, year] = max(self._counter.get((act.desk, ledger, year), 0), n)
        batch = self._batch(body)
        changes = body.get("changes", ())
        if not self._foreseen:
            self._absent = self._unheard_of(changes) if len(changes) >= MANY else {}
        rows: Rows = {}
        for n, change in enumerate(changes):
            shape = self.schema.shapes[change["ledger"]]
            row = bytes.fromhex(change["row"])
            rows.setdefault(shape.ledger.name, []).append(row)
            if "erase" in change:
                self._erase(shape, row)
                continue
            values: dict[str, Value] = dict(change["set"])
            if shape.refs:
                for name in shape.refs & values.keys():
                    text = values[name]
                    values[name] = bytes.fromhex(text) if isinstance(text, str) else None
            if "personal" in change:
                values |= self._personal(shape, row, opened.get(n), change.get("bases"))
            if "bases" in change:
                self._update(shape, row, values, change["bases"], act)
            else:
                if shape.ledger.personal and "personal" not in change and self._is_erased(shape, row):
                    values |= dict.fromkeys(shape.ledger.personal, ERASED)
                self._create(shape, row, values, act, batch)
        return rows

    def finish(self) -> None:
        """Write what was held back."""
        for name in list(self._new):
            self._flush(name)
        for name, count in self._tally.items():
            self.cursor.execute(self._say.add_tally, (name, count))
        self._tally.clear()
        for (desk, ledger, year), count in self._counter.items():
            self.cursor.execute(self._say.raise_counter, (desk, ledger, year, count))
        self._counter.clear()
        for name in sorted(self._forgotten):
            if self._say[name].index_tidy:
                self.cursor.execute(self._say[name].index_tidy)
        self._forgotten.clear()

    def _unheard_of(self, changes: Sequence[Mapping[str, Any]]) -> dict[str, set[bytes]]:
        """Which of the rows that an act makes are not there yet, by ledger: one question for many rows."""
        made: dict[str, set[bytes]] = {}
        for change in changes:
            if "bases" not in change and "erase" not in change:
                made.setdefault(change["ledger"], set()).add(bytes.fromhex(change["row"]))
        for name, rows in made.items():
            wanted = list(rows)
            for start in range(0, len(wanted), MOST_ROWS):
                held = self.cursor.execute(*self._say[name].here(wanted[start : start + MOST_ROWS]))
                rows.difference_update([row for (row,) in held.fetchall()])
            rows.difference_update(self._made[name])  # made by an act before, not written yet
        return made

    def _unknown(self, act: Act, body: Mapping[str, Any], personal: Personal, opened: Opened) -> str:
        if act.sv > SCHEMA_VERSION:
            return f"sv {act.sv}"
        for n, change in enumerate(body.get("changes", ())):
            shape = self.schema.shapes.get(change["ledger"])
            if shape is None:
                return f"ledger {change['ledger']}"
            names = {*change.get("set", ()), *change.get("bases", ())}
            if n in personal:
                opened[n] = _opened(shape, personal[n][1])
                names.update(opened[n])
            if not names <= shape.known:
                for name in sorted(names - shape.known):
                    if name != DELETE:
                        return f"field {change['ledger']}.{name}"
            odd = _odd(shape, change["set"]) if "set" in change else ""
            if odd:
                return f"value {change['ledger']}.{odd}"
        return ""

    def _batch(self, body: Mapping[str, Any]) -> bytes | None:
        """Count the act towards its import; rows of an import are shown when all of its acts are there."""
        part = body.get("batch")
        if part is None:
            return None
        batch = bytes.fromhex(part["id"])
        self.cursor.execute(self._say.see_batch, (batch, part["of"], 1))
        self.cursor.execute(self._say.close_batch, (batch,))
        return batch

    def _personal(
        self, shape: Shape, row: bytes, held: Mapping[str, Value] | None, bases: Mapping[str, Any] | None
    ) -> Mapping[str, Value]:
        if self._is_erased(shape, row):
            return dict.fromkeys(shape.ledger.personal, ERASED) if bases is None else {}
        return {} if held is None else {name: value for name, value in held.items() if name in shape.known}

    def _is_erased(self, shape: Shape, row: bytes) -> bool:
        if self._erasures is None:
            self._erasures = self.cursor.execute(self._say.any_erased).fetchone() is not None
        if not self._erasures:
            return False
        return self.cursor.execute(self._say.is_erased, (shape.ledger.name, row)).fetchone() is not None

    # -- a new row -------------------------------------------------------------------------------------------------

    def _create(self, shape: Shape, row: bytes, values: dict[str, Value], act: Act, batch: bytes | None) -> None:
        name = shape.ledger.name
        absent = self._absent.get(name, NONE)
        if row in self._made[name]:
            self._flush(name)
        if row in absent:
            absent.discard(row)
            found = None
        else:
            found = self.cursor.execute(self._say[name].made, (row,)).fetchone()
        number = shape.ledger.number
        if number and values.get(number):
            self._count(act.desk, name, str(values[number]))
        if found is not None:
            self._flush(name)
            self._create_again(shape, row, values, act, batch, found)
            return
        n = self._take_n(name)
        get = values.get
        self._new[name].append((n, row, act.act_id, act.hlc, LISTED, batch, *[get(field) for field in shape.names]))
        self._made[name][row] = values
        self._tally[name] += 1
        if shape.fts:
            self._indexed[name].append(self._entry(shape.ledger, n, values))
        if len(self._new[name]) >= 2_000:
            self._flush(name)

    def _create_again(
        self, shape: Shape, row: bytes, values: dict[str, Value], act: Act, batch: bytes | None, found: tuple[Any, ...]
    ) -> None:
        """The row stands already: as a shell that waits for its making, or because two desks made the same row."""
        n, state, made_by, made_hlc = found
        name = shape.ledger.name
        say = self._say[name]
        before = self._key(shape, n)
        values = {field: value for field, value in values.items() if value is not None}
        if shape.ledger.personal and self._is_erased(shape, row):
            values = {field: value for field, value in values.items() if field not in shape.ledger.personal}
            for field in sorted(shape.ledger.personal):
                self.cursor.execute(say.write(field), (ERASED, n))
        if state == EXPECTED:
            self.cursor.execute(say.adopt, (act.act_id, act.hlc, LISTED, batch, n))
            self._tally[name] += 1
            for field, value in values.items():
                if self._heads(name, row, field):
                    self._write(shape, row, n, field, value, (), act)
                else:
                    self.cursor.execute(say.write(field), (value, n))
        else:
            self._materialise(shape, row, n, made_by, made_hlc)
            if (act.hlc, act.act_id) < (made_hlc, made_by):
                self.cursor.execute(say.remake, (act.act_id, act.hlc, batch, n))
            for field, value in values.items():
                self._write(shape, row, n, field, value, (), act)
        self._settle(shape, row, n)
        self._rekey(shape, row, before, self._key(shape, n))

    def _materialise(self, shape: Shape, row: bytes, n: int, made_by: bytes, made_hlc: int) -> None:
        """Enter the maker of a row as head of every field that has none: another act made the same row."""
        name = shape.ledger.name
        current = self.cursor.execute(self._say[name].values, (n,)).fetchone()
        gone = shape.ledger.personal if shape.ledger.personal and self._is_erased(shape, row) else frozenset[str]()
        for field, value in zip(shape.names, current, strict=True):
            if value is not None and field not in gone and not self._heads(name, row, field):
                self._add_head(self._say.add_head, name, row, field, made_by, made_hlc, value)

    def _take_n(self, name: str) -> int:
        n = self._next.get(name)
        if n is None:
            last = self.cursor.execute(self._say[name].last_n).fetchone()[0]
            n = (last or 0) + 1
        self._next[name] = n + 1
        return n

    def _count(self, desk: bytes, ledger: str, number: str) -> None:
        """Numbers end in `…year-n`; the greatest n of each desk and year is what the next one follows."""
        head, _dash, last = number.rpartition("-")
        if not (last.isascii() and last.isdigit()):
            return
        held = (desk, ledger, head)
        if held not in self._keys:
            year = head.rpartition("-")[2]
            self._keys[held] = (desk, ledger, int(year)) if year.isascii() and year.isdigit() else None
        key = self._keys[held]
        if key is not None:
            self._counter[key] = max(self._counter.get(key, 0), int(last))

    def _flush(self, name: str) -> None:
        """Write the new rows of a ledger, then look whether another desk made rows of the same natural key."""
        rows = self._new[name]
        if not rows:
            return
        shape = self.schema.shapes[name]
        say = self._say[name]
        if len(rows) == 1:
            self.cursor.execute(say.insert, rows[0])
        else:
            self.cursor.executemany(say.insert, rows)
        self._new[name] = []
        indexed = self._indexed[name]
        if indexed:
            self._indexed[name] = []
            self.cursor.executemany(say.index_add, indexed)
        made, self._made[name] = self._made[name], {}
        if shape.ledger.match and self._several_desks():
            for values in made.values():
                self._recheck(shape, tuple(values.get(field) for field in shape.ledger.match))

    # -- a row written again ---------------------------------------------------------------------------------------

    def _update(
        self, shape: Shape, row: bytes, values: dict[str, Value], bases: Mapping[str, Sequence[str]], act: Act
    ) -> None:
        name = shape.ledger.name
        self._flush(name)
        self._absent.get(name, NONE).discard(row)
        self.cursor.execute(self._say.touch, (row, act.act_id))
        found = self.cursor.execute(self._say[name].found, (row,)).fetchone()
        if found is None:
            n = self._take_n(name)
            self.cursor.execute(self._say[name].expect, (n, row, EXPECTED))
        else:
            n = found[0]
        before = self._key(shape, n)
        for field in bases:
            if field in values or field == DELETE:
                replaced = [bytes.fromhex(base) for base in bases[field]]
                self._write(shape, row, n, field, values.get(field), replaced, act)
        self._settle(shape, row, n)
        self._rekey(shape, row, before, self._key(shape, n))

    def _heads(self, ledger: str, row: bytes, field: str) -> list[tuple[bytes, int, Value]]:
        found = self.cursor.execute(self._say.heads, (ledger, row, field)).fetchall()
        if self._decode is not None:
            return [(act_id, hlc, self._decode(value)) for act_id, hlc, value in found]
        return found

    def _write(
        self, shape: Shape, row: bytes, n: int, field: str, value: Value, bases: Iterable[bytes], act: Act
    ) -> None:
        """One field's part of the merge; see the module's docstring."""
        name = shape.ledger.name
        say = self._say
        heads = {head[0]: (head[1], head[2]) for head in self._heads(name, row, field)}
        bases = set(bases)
        if not heads and field != DELETE:
            maker = self.cursor.execute(say[name].maker(field), (n,)).fetchone()
            if maker[0] is not None and maker[0] != act.act_id and maker[2] is not None:
                if maker[0] in bases:
                    bases.discard(maker[0])
                else:
                    heads[maker[0]] = (maker[1], maker[2])
                    self._add_head(say.put_head, name, row, field, maker[0], maker[1], maker[2])
        for base in bases:
            if heads.pop(base, None) is not None:
                self.cursor.execute(say.drop_head, (name, row, field, base))
            else:
                self.cursor.execute(say.add_early, (name, row, field, base))
        early = self.cursor.execute(say.is_early, (name, row, field, act.act_id)).fetchone()
        if early is None:
            heads[act.act_id] = (act.hlc, value)
            self._add_head(say.put_head, name, row, field, act.act_id, act.hlc, value)
        if heads and field != DELETE:
            shown = max(heads.items(), key=lambda head: (head[1][0], head[0]))[1][1]
            self.cursor.execute(say[name].write(field), (shown, n))
        self._mark(name, row, field, HEADS, present=field != DELETE and len(heads) > 1)

    def _add_head(
        self, statement: str, ledger: str, row: bytes, field: str, act_id: bytes, hlc: int, value: Value
    ) -> None:
        held = value if self._encode is None else self._encode(value)
        self.cursor.execute(statement, (ledger, row, field, act_id, hlc, held))

    def _mark(self, ledger: str, row: bytes, field: str, kind: str, *, present: bool) -> None:
        self.cursor.execute(self._say.mark if present else self._say.unmark, (ledger, row, field, kind))

    def _settle(self, shape: Shape, row: bytes, n: int) -> None:
        """Bring state, search entry and the deletion's conflict in line with the heads."""
        name = shape.ledger.name
        say = self._say[name]
        state = self.cursor.execute(say.state, (n,)).fetchone()[0]
        new = state
        if state != EXPECTED:
            deletions = [head for head in self._heads(name, row, DELETE) if head[2] is not None]
            unseen = False
            if deletions:
                seen = {act for head in deletions for act in str(head[2]).split(",")}
                others = self.cursor.execute(self._say.authors, (name, row, DELETE)).fetchall()
                maker = self.cursor.execute(say.act, (n,)).fetchone()[0]
                unseen = any(act.hex().upper() not in seen for (act,) in others if act != maker)
            new = DELETED if deletions and not unseen else LISTED
            self._mark(name, row, "", GONE, present=bool(deletions) and unseen)
        if new != state:
            self.cursor.execute(say.set_state, (new, n))
            self._tally[name] += 1 if new == LISTED else -1
        self._reindex(shape, n, state, new)

    def _reindex(self, shape: Shape, n: int, was: int, now: int) -> None:
        if not shape.fts:
            return
        say = self._say[shape.ledger.name]
        if was == LISTED:
            self.cursor.execute(say.index_drop, (n,))
        if now == LISTED:
            found = self.cursor.execute(say.values, (n,)).fetchone()
            values = dict(zip(shape.names, found, strict=True))
            self.cursor.execute(say.index_put, self._entry(shape.ledger, n, values))

    # -- one thing from two desks ----------------------------------------------------------------------------------

    def _key(self, shape: Shape, n: int) -> tuple[Value, ...] | None:
        if not shape.ledger.match or shape.ledger.mode is Mode.APPEND:
            return None
        return tuple(self.cursor.execute(self._say[shape.ledger.name].key, (n,)).fetchone())

    def _rekey(
        self, shape: Shape, row: bytes, before: tuple[Value, ...] | None, after: tuple[Value, ...] | None
    ) -> None:
        """A row was written: look at the rows of the key that it had and of the one that it has."""
        if before is None or after is None or not self._several_desks():
            return
        if before != after:
            self._mark(shape.ledger.name, row, "", DUPLICATE, present=False)
            self._recheck(shape, before)
        self._recheck(shape, after)

    def _several_desks(self) -> bool:
        """Whether acts of more than one desk are here; before, no key can be a duplicate and none was marked as one."""
        if self._several is None:
            first = self.cursor.execute(self._say.first_desk).fetchone()
            self._several = first != self.cursor.execute(self._say.last_desk).fetchone()
        return self._several or len(self._desks) > 1

    def _recheck(self, shape: Shape, key: tuple[Value, ...]) -> None:
        """Rows of one natural key that different desks made are a conflict of kind `duplicate`, each of them."""
        if all(value is None for value in key) or ERASED in key:
            return
        name = shape.ledger.name
        found = self.cursor.execute(*self._say[name].same_key(key)).fetchall()
        if len(found) == 1:
            if found[0][2] != EXPECTED:
                self._mark(name, found[0][0], "", DUPLICATE, present=False)
            return
        listed = [(row, act) for row, act, state in found if state == LISTED]
        desks = {self.cursor.execute(self._say.desk_of, (act,)).fetchone() for _, act in listed}
        for row, _act, state in found:
            self._mark(name, row, "", DUPLICATE, present=state == LISTED and len(desks) > 1)

    # -- erasing ---------------------------------------------------------------------------------------------------

    def _erase(self, shape: Shape, row: bytes) -> None:
        """Take a person's data out for good: side rows, heads and search entries (house.md §6; 个人信息保护法 47)."""
        name = shape.ledger.name
        self._flush(name)
        self._forget(name, row)
        say = self._say[name]
        found = self.cursor.execute(say.found, (row,)).fetchone()
        before = self._key(shape, found[0]) if found else None
        for field in sorted(shape.ledger.personal):
            self.cursor.execute(self._say.drop_heads, (name, row, field))
            self._mark(name, row, field, HEADS, present=False)
            if found:
                marker = None if found[1] == EXPECTED else ERASED
                self.cursor.execute(say.write(field), (marker, found[0]))
        if found:
            self._settle(shape, row, found[0])
            self._rekey(shape, row, before, self._key(shape, found[0]))
            if any(field.name in shape.ledger.personal for field in shape.ledger.searched):
                self._forgotten.add(name)

    def _forget(self, ledger: str, row: bytes) -> None:
        self.cursor.execute(self._say.erase, (ledger, row))
        self._erasures = True
        if self._say.forget:
            self.cursor.execute(self._say.forget, (ledger, row))
