"""The rules and thresholds of a district, as every feature reads them: rows of the ledger `settings` over the reference
data. A value that means nothing changes nothing; which keys there are is each feature's own affair."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from sqlalchemy import INTEGER, TEXT, Connection, column, select, table

from dutydesk.core.i18n import N_, _, pick
from dutydesk.core.reference import reference
from dutydesk.journal.desk import Desk
from dutydesk.ledger.feature import Feature, Known
from dutydesk.ledger.table import LISTED

Check = Callable[[str], None]

UNITS = (N_("分钟"), N_("秒"), N_("小时"), N_("天"), N_("条"), N_("张"), N_("位"), N_("次"), N_("路"))
"""The units that rows of the reference data name."""
_FIELDS = ("key", "value", "source", "place", "date")
_TABLE = table("settings", column("_n", INTEGER), column("_state", INTEGER), *(column(name, TEXT) for name in _FIELDS))


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the ledger `settings`."""

    key: str
    value: str
    source: str = ""
    place: str = ""
    date: str = ""


def settings(connection: Connection, prefix: str) -> tuple[Setting, ...]:
    """The settings whose key begins with `prefix`, by key; of two rows of one key the later stands last."""
    columns = [_TABLE.c[name] for name in _FIELDS]
    found = connection.execute(
        select(*columns)
        .where(_TABLE.c["_state"] == LISTED, _TABLE.c.key.startswith(prefix, autoescape=True))
        .order_by(_TABLE.c.key, _TABLE.c["_n"])
    )
    return tuple(Setting(*(str(part or "").strip() for part in row)) for row in found)


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
