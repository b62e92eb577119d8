"""The rules and thresholds of a district, as every feature reads them: rows of the ledger `settings` over the reference
data. A value that means nothing changes nothing; which keys there are is each feature's own affair."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from sqlalchemy import BLOB, INTEGER, TEXT, Connection, column, select, table

from dutydesk.core.districts import stem, within
from dutydesk.core.i18n import N_, _, pick
from dutydesk.core.reference import reference
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import DESKS
from dutydesk.ledger.feature import Feature, Known
from dutydesk.ledger.table import LISTED

Check = Callable[[str], None]

UNITS = (N_("分钟"), N_("秒"), N_("小时"), N_("天"), N_("条"), N_("张"), N_("位"), N_("次"), N_("路"))
"""The units that rows of the reference data name."""
_FIELDS = ("key", "value", "source", "place", "date")
_TABLE = table(
    "settings",
    *(column(name, INTEGER) for name in ("_state", "_hlc")),
    *(column(name, BLOB) for name in ("id", "_act")),
    *(column(name, TEXT) for name in _FIELDS),
)
_ACT = table("act", column("act_id", BLOB), column("desk", BLOB))


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the ledger `settings`."""

    key: str
    value: str
    source: str = ""
    place: str = ""
    date: str = ""


def settings(connection: Connection, prefix: str) -> tuple[Setting, ...]:
    """The settings that count here and whose key begins with `prefix`, by key; of two rows of one key the one in force
    stands last (`Counted`)."""
    return tuple(one.setting for one in counted(connection, prefix))


@dataclass(frozen=True, slots=True)
class Counted:
    """A row that counts at this desk. One of its own district (`own`) comes before the city's, the city's before the
    province's; another district's counts for nothing here. Of equal ones the later holds; an empty one takes the
    setting back."""

    row: bytes
    setting: Setting
    own: bool
    order: tuple[bool, int, int, bytes]


def counted(connection: Connection, prefix: str = "") -> list[Counted]:
    """The rows that count here, by key, the one in force last. A view of a hub has rules only for a chosen district:
    everybody's at once would be nobody's."""
    columns = [_TABLE.c[name] for name in ("id", "_hlc", "_act", *_FIELDS)]
    rows = connection.execute(
        select(*columns, _ACT.c.desk)
        .join_from(_TABLE, _ACT, _ACT.c.act_id == _TABLE.c["_act"])
        .where(_TABLE.c["_state"] == LISTED, _TABLE.c.key.startswith(prefix, autoescape=True))
    )
    found: list[tuple[Any, ...]] = [tuple(row) for row in rows]
    if not found:
        return []
    here, viewed = _here(connection)
    chosen = connection.get_execution_options().get(DESKS, ())
    if viewed and not chosen:
        return []
    places: dict[bytes, str] = {}
    out: list[Counted] = []
    for line in found:
        desk = bytes(line[-1])
        if desk not in places:
            places[desk] = _place(connection, desk)
        place = places[desk]
        mine = desk in chosen if viewed else not here or place == here
        if not mine and (viewed or not within(here, place)):
            continue
        told = Setting(*(str(part or "").strip() for part in line[3:-1]))
        rank = 100 if mine else len(stem(place))
        out.append(Counted(bytes(line[0]), told, mine, (bool(told.value), rank, int(line[1]), bytes(line[2]))))
    return sorted(out, key=_by_key)


def _by_key(one: Counted) -> tuple[str, tuple[bool, int, int, bytes]]:
    return one.setting.key, one.order


def _here(connection: Connection) -> tuple[str, bool]:
    """The district of this desk, empty where it has none; whether this is the view of a hub."""
    found = connection.exec_driver_sql("SELECT key, value FROM local_state WHERE key IN ('district', 'view')").all()
    told = {str(key): str(value) for key, value in found}
    return told.get("district", ""), "view" in told


def _place(connection: Connection, desk: bytes) -> str:
    """The district of a desk, as its last epoch says."""
    found = connection.exec_driver_sql(
        "SELECT json_extract(a.body, '$.epoch.district') FROM frontier f JOIN act a"
        " ON a.desk = f.desk AND a.epoch = f.epoch AND a.seq = 1 WHERE f.desk = ? ORDER BY f.epoch DESC LIMIT 1",
        (desk,),
    ).scalar()
    return str(found or "")


def values(connection: Connection, prefix: str) -> dict[str, str]:
    """The same, key → value."""
    return {one.key: one.value for one in settings(connection, prefix)}


def setting(desk: Desk, key: str) -> str:
    """The value of one setting, empty where there is none."""
    with desk.store.read() as connection:
        return values(connection, key).get(key, "")


# -- which settings there are ------------------------------------------------------------------------------------------


def known(desk: Desk) -> list[tuple[Feature, Known]]:
    """Every setting that a feature of this desk reads, in the features' order; labels in the language in use."""
    found: list[tuple[Feature, Known]] = []
    for feature in desk.features:
        if feature.settings:
            module, name = feature.settings.split(":")
            declared = getattr(import_module(module), name)
            found += [(feature, one) for one in declared(desk.config.district)]
    return found


def from_row(
    name: str,
    table: str,
    row: Mapping[str, Any],
    key: str,
    default: str,
    check: Check | None,
    *,
    label: str = "",
    lines: bool = False,
) -> Known:
    """The setting over a row of `resources/reference/NAME.json`: its label and unit, and where its value comes from;
    what the row does not say its table says."""
    told = {**reference(name)["tables"][table], **row}
    source, place, date, unit = (str(told.get(part) or "") for part in ("source", "place", "date", "unit"))
    return Known(key, label or pick(dict(row)), default, _(unit), source, place, date, check, lines)


def whole(least: int, most: int) -> Check:
    """Takes a whole number from `least` to `most`."""

    def check(text: str) -> None:
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most):
            raise ValueError(_("应为 {least} 至 {most} 的整数").format(least=least, most=most))

    return check


def one_of(*texts: str) -> Check:
    """Takes one of these."""

    def check(text: str) -> None:
        if text not in texts:
            raise ValueError(_("只能是 {known}").format(known=_("、").join(texts)))

    return check


def words(known: Mapping[str, Mapping[str, Any]]) -> Check:
    """Takes codes of a table of the reference data with blanks between, or a dash alone for none of them."""

    def check(text: str) -> None:
        strange = [word for word in text.split() if word not in known]
        if text.split() != ["-"] and strange:
            codes = _("、").join(f"{code} {pick(dict(row))}" for code, row in known.items())
            raise ValueError(_("没有“{word}”，用空格隔开，都不要写 -；有 {codes}").format(word=strange[0], codes=codes))

    return check


def short(most: int) -> Check:
    """Takes one line of at most `most` characters."""

    def check(text: str) -> None:
        if len(text) > most or "\n" in text:
            raise ValueError(_("不超过 {most} 字，一行写完").format(most=most))

    return check
