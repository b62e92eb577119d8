"""Every setting that the program reads, with the value in force: the desk's own where it holds, else the program's.

A desk's own value that its reader cannot use changes nothing, and neither does a key that nothing reads; both are shown
with the reason, so that nobody takes them for a rule in force.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dutydesk.admin.ledger import SETTINGS
from dutydesk.core.i18n import N_, _
from dutydesk.core.ids import named_id
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Query, Row
from dutydesk.journal.settings import counted, known
from dutydesk.ledger.feature import Known
from dutydesk.ledger.kinds import TEXT
from dutydesk.ledger.spec import Field, Ledger, On, Value

LEDGER = SETTINGS.name
OWN, WRONG, STRANGE = "OWN", "WRONG", "STRANGE"
SHOWN = Ledger(
    LEDGER,
    SETTINGS.title,
    (
        Field("group", TEXT, N_("归类"), width=5),
        Field("label", TEXT, N_("设置项"), width=24),
        Field("in_force", TEXT, N_("现用值"), width=9),
        Field("own", TEXT, N_("来历"), width=5),
        Field("default", TEXT, N_("自带值"), width=7),
        Field("source", TEXT, N_("依据"), width=12),
        Field("date", TEXT, N_("依据日期"), width=8),
        Field("key", TEXT, N_("名称"), width=18, on=On.PRINT),
    ),
    order="",
)


@dataclass(frozen=True, slots=True)
class Held:
    """A setting and what holds: `row` what the desk has written for it, if anything; `wrong` why that is not used."""

    known: Known
    group: str
    row: Row | None = None
    wrong: str = ""
    district: str = ""

    @property
    def id(self) -> bytes:
        """The row that has its value, or would have it."""
        return self.row.id if self.row is not None else row_id(self.district, self.known.key)

    @property
    def own(self) -> bool:
        """Whether the desk's own value is in force."""
        return self.row is not None and bool(self.row.text("value").strip()) and not self.wrong

    @property
    def value(self) -> str:
        """The value in force; empty where there is none."""
        return self.row.text("value").strip() if self.row is not None and self.own else self.known.default

    @property
    def source(self) -> str:
        return self.row.text("source") if self.row is not None and self.own else self.known.source

    @property
    def place(self) -> str:
        return self.row.text("place") if self.row is not None and self.own else self.known.place

    @property
    def date(self) -> str:
        return self.row.text("date") if self.row is not None and self.own else self.known.date


def settings_of(desk: Desk) -> list[Held]:
    """Every setting that some feature reads, in the features' order."""
    written, district = _written(desk), desk.config.district
    found: list[Held] = []
    for feature, one in known(desk):
        row = written.get(one.key)
        found.append(Held(one, _(feature.title), row, refusal(one, row.text("value").strip()) if row else "", district))
    return found


def strangers(desk: Desk) -> list[Row]:
    """What is written under a key that nothing reads; a row without a value is one that was taken back."""
    keys = {one.key for _feature, one in known(desk)}
    return [row for key, row in _written(desk).items() if key not in keys and row.text("value").strip()]


def refusal(one: Known, value: str) -> str:
    """Why a setting cannot have this value, empty when it can; an empty value means the default."""
    if value and one.check is not None:
        try:
            one.check(value)
        except ValueError as error:
            return str(error)
    return ""


def nearest(every: Iterable[Known], text: str) -> Known | None:
    """The setting that somebody meant who wrote `text` as a key: by its key, else by its label."""
    from difflib import get_close_matches

    every = list(every)
    by_name = {one.key.lower(): one for one in every} | {one.label: one for one in every}
    close = get_close_matches(text.strip().lower(), by_name, n=1, cutoff=0.5)
    return by_name[close[0]] if close else None


def row_id(district: str, key: str) -> bytes:
    """The row of a key: one for all desks of a district, and another one for each district."""
    return named_id(LEDGER, district, key) if district else named_id(LEDGER, key)


def _written(desk: Desk) -> Mapping[str, Row]:
    """The rows that are in force here, by key, as `journal.settings` reads them."""
    with desk.store.read() as connection:
        held = {one.setting.key: one.row for one in counted(connection)}
    rows = {row.id: row for row in desk.rows(LEDGER)}
    return {key: rows[row] for key, row in held.items() if row in rows}


# -- the list ----------------------------------------------------------------------------------------------------------


def listed(desk: Desk, query: Query) -> list[Row]:
    """The rows of the list, in the order and narrowed as the query says; searched by label, key, value and source."""
    rows = [_row(one, at) for at, one in enumerate(settings_of(desk))]
    rows += [_strange(row, len(rows) + at) for at, row in enumerate(strangers(desk))]
    if query.search:
        from dutydesk.ledger.pinyin import matches

        rows = [row for row in rows if matches(query.search, row.text("_found"))]
    for condition in query.where:
        rows = [row for row in rows if row.values.get(condition.field) == condition.value]
    name = query.order.lstrip("-")
    if name in SHOWN:
        rows = sorted(rows, key=_by(name), reverse=query.order.startswith("-"))
    return rows


def with_unit(value: str, unit: str) -> str:
    """`15 分钟`; a dash for no value."""
    return _("{value} {unit}").format(value=value, unit=unit).strip() if value else "—"


def own_text(code: str) -> str:
    """How a line of the list is marked."""
    return {OWN: _("改过"), WRONG: _("不能用"), STRANGE: _("没有这一项")}.get(code, _("自带"))


def totals(rows: Sequence[Held]) -> str:
    """One line for the head."""
    return _("{count} 项，改过 {own} 项").format(count=len(rows), own=sum(one.own for one in rows))


def _row(one: Held, at: int) -> Row:
    told = one.known
    values: dict[str, Value] = {
        "group": one.group,
        "label": told.label,
        "in_force": with_unit(one.value, told.unit),
        "own": OWN if one.own else WRONG if one.wrong else "",
        "default": with_unit(told.default, told.unit),
        "source": one.source,
        "date": one.date,
        "key": told.key,
    }
    found = " ".join(str(values[name]) for name in ("group", "label", "key", "source", "in_force"))
    return Row(LEDGER, one.id, at, values | {"_found": found})


def _strange(row: Row, at: int) -> Row:
    key = row.text("key")
    values: dict[str, Value] = {
        "group": "", "label": key, "in_force": row.text("value"), "own": STRANGE, "default": "—",
        "source": row.text("source"), "date": row.text("date"), "key": key,
        "_found": f"{key} {row.text('value')} {row.text('source')}",
    }  # fmt: skip
    return replace(row, n=at, values=values)


def _by(name: str) -> Callable[[Row], str]:
    def key(row: Row) -> str:
        return row.text(name)

    return key
