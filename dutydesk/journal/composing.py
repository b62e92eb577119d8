"""From changes to the body of an act: numbers, salts of personal values, and the heads that each written field replaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dutydesk.core.clock import local
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.core.ids import token
from dutydesk.core.settings import DeskConfig
from dutydesk.journal import chain, recipe
from dutydesk.journal.apply import DELETE
from dutydesk.journal.chain import canonical
from dutydesk.journal.schema import Schema, Shape
from dutydesk.ledger.feature import Change
from dutydesk.ledger.spec import Mode
from dutydesk.ledger.table import LISTED

NEXT = "SELECT n FROM counter WHERE desk = ? AND ledger = ? AND year = ?"
COUNTED = (
    "INSERT INTO counter VALUES (?, ?, ?, ?) ON CONFLICT (desk, ledger, year) DO UPDATE SET n = max(n, excluded.n)"
)


class Composer:
    """Writes one act's body inside the transaction of `cursor`, in which everything it asks is read."""

    def __init__(self, cursor: recipe.Cursor, schema: Schema, config: DeskConfig) -> None:
        self._cursor, self._schema, self._config = cursor, schema, config

    def numbered(self, changes: Sequence[Change], now: int) -> list[Change]:
        """Give every new row of a numbered ledger the desk's next number of the year; a value that ends in a dash is
        the beginning of the number (`纸-` of a sheet of paper). A later call in the same act goes on where the one
        before it stopped."""
        desk, year = self._config.desk_id, local(now).year
        out: list[Change] = []
        given: dict[str, int] = {}
        for change in changes:
            name = self._schema[change.ledger].ledger.number
            begun = str(change.values.get(name) or "") if change.new and name else ""
            if change.new and name and (not begun or begun.endswith("-")):
                if change.ledger not in given:
                    found = self._cursor.execute(NEXT, (desk, change.ledger, year)).fetchone()
                    given[change.ledger] = found[0] if found else 0
                given[change.ledger] += 1
                number = f"{begun}{self.prefix}{year}-{given[change.ledger]:04d}"
                change = Change(change.ledger, change.row, {**change.values, name: number}, new=True)  # noqa: PLW2901
            out.append(change)
        for ledger, n in given.items():
            self._cursor.execute(COUNTED, (desk, ledger, year, n))
        return out

    @property
    def prefix(self) -> str:
        """What stands before year and number: 演- at a drill, the desk's code where the district has several."""
        config = self._config
        return ("演-" if config.drill else "") + (f"{config.code}-" if config.code else "")

    def body(
        self, changes: Sequence[Change], extra: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[int, tuple[bytes, bytes]]]:
        """The body before it becomes bytes, and by the place of a change the salt and data of its personal values.

        Raises `Refused` for an unknown field, a row of an append ledger or one that is gone.
        """
        personal: dict[int, tuple[bytes, bytes]] = {}
        listed: list[dict[str, Any]] = []
        for n, change in enumerate(changes):
            shape = self._schema[change.ledger]
            entry: dict[str, Any] = {"ledger": change.ledger, "row": change.row.hex()}
            unknown = change.values.keys() - shape.known - {DELETE}
            if unknown:
                raise Refused(*[Problem(_("不认识的字段"), field=name) for name in sorted(unknown)])
            kept = {
                name: (value.hex() if isinstance(value, bytes) else value)
                for name, value in change.values.items()
                if not (change.new and value is None)
            }
            private = {name: kept.pop(name) for name in shape.ledger.personal if name in kept}
            entry["set"] = kept
            if not change.new:
                entry["bases"] = self._bases(shape, change)
            if private:
                salt, data = token(16), canonical(private)
                personal[n] = (salt, data)
                entry["personal"] = chain.personal_hash(salt, data)
            listed.append(entry)
        body = {key: value for key, value in extra.items() if key != "erase"}
        if "erase" in extra:
            ledger, row = extra["erase"]
            listed.append({"ledger": ledger, "row": row.hex(), "set": {}, "erase": 1})
        body["changes"] = listed
        return body, personal

    def _bases(self, shape: Shape, change: Change) -> dict[str, list[str]]:
        cursor, name = self._cursor, shape.ledger.name
        if shape.ledger.mode is Mode.APPEND:
            raise Refused(_("{title}只能新增，更正请另记一条").format(title=_(shape.ledger.title)))
        found = cursor.execute(f"SELECT _act, _state FROM {name} WHERE id = ?", (change.row,)).fetchone()
        if found is None or (found[1] != LISTED and DELETE not in change.values):
            raise Refused(_("要改的这一条已不在{title}里").format(title=_(shape.ledger.title)))
        if (
            shape.ledger.personal & change.values.keys()
            and cursor.execute("SELECT 1 FROM erased WHERE ledger = ? AND row = ?", (name, change.row)).fetchone()
        ):
            raise Refused(_("这一条的个人信息已删除，不能再填写"))
        heads: dict[str, list[str]] = {}
        every = cursor.execute(
            "SELECT field, act_id FROM head WHERE ledger = ? AND row = ?", (name, change.row)
        ).fetchall()
        for field_name, act_id in every:
            heads.setdefault(field_name, []).append(act_id.hex())
        return {
            field_name: sorted(heads.get(field_name, [] if field_name == DELETE else [found[0].hex()]))
            for field_name in change.values
        }
