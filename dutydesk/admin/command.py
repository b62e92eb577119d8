"""The command line of administration: `settings`, every setting with the value in force."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from dutydesk.admin import known
from dutydesk.core.console import answer, say, warn
from dutydesk.core.i18n import _

if TYPE_CHECKING:
    from dutydesk.journal.desk import Desk


def configure(parser: argparse.ArgumentParser) -> None:
    """`settings [--json]`"""
    parser.add_argument("--json", action="store_true", help=_("输出 JSON"))


def run(desk: Desk, args: argparse.Namespace) -> int:
    """Every setting: key, label, the value in force, the program's own, whether it was changed here, source, date.

    As text one line each, tabs between; what is written here and not in force is told on standard error.
    """
    held = known.settings_of(desk)
    strange = [row.text("key") for row in known.strangers(desk)]
    if args.json:
        answer({"settings": [_json(one) for one in held], "unknown": strange})
        return 0
    for one in held:
        value = known.with_unit(one.value, one.known.unit).replace("\n", " ")
        mark = known.own_text(known.OWN if one.own else "")
        say(f"{one.known.key}\t{one.known.label}\t{value}\t{mark}\t{one.source}\t{one.date}")
    for one in held:
        if one.wrong:
            warn(_("{key} 的值不能用：{reason}").format(key=one.known.key, reason=one.wrong))
    for key in strange:
        warn(_("没有设置“{key}”，写了不起作用").format(key=key))
    return 0


def _json(one: known.Held) -> dict[str, Any]:
    told = one.known
    return {
        "key": told.key,
        "label": told.label,
        "value": one.value,
        "default": told.default,
        "unit": told.unit,
        "own": one.own,
        "source": one.source,
        "date": one.date,
        "problem": one.wrong,
    }
