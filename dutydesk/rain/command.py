"""`dutydesk rain`: what fell at each gauge, over a span and in the windows that end at a moment (house.md §8)."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from dutydesk.core.clock import iso, parse_iso
from dutydesk.core.console import answer, say
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.rain import service
from dutydesk.rain.rules import WINDOWS_H
from dutydesk.rain.service import Summary
from dutydesk.rain.words import NOTHING, amount, mm

if TYPE_CHECKING:
    from dutydesk.journal.desk import Desk


def configure(parser: argparse.ArgumentParser) -> None:
    """The arguments of `rain`."""
    parser.add_argument("--station", metavar="S", help=_("站号或站名"))
    parser.add_argument("--from", dest="start", metavar="T", help=_("从这一时刻之后"))
    parser.add_argument("--to", dest="end", metavar="T", help=_("到这一时刻为止"))
    parser.add_argument("--at", metavar="T", help=_("各时段合计截止的时刻，缺省为最后一个样本"))
    parser.add_argument("--json", action="store_true", help=_("输出 JSON"))


def run(desk: Desk, args: argparse.Namespace) -> int:
    """Print one summary a gauge, by code. Raises `Refused` for a time or a station that means nothing."""
    start, end, at = (
        _time(args, name, option) for name, option in (("start", "--from"), ("end", "--to"), ("at", "--at"))
    )
    if start is not None and end is not None and start >= end:
        raise Refused(Problem(_("起始时刻应早于结束时刻"), field="--from"))
    chosen = [service.find_station(desk, args.station)] if args.station else service.stations(desk)
    found = [service.summary(desk, station, start, end, at) for station in chosen]
    if args.json:
        answer([as_json(each) for each in found])
        return 0
    say(
        "\t".join((_("站号"), _("站名"), _("合计"), _("最大 1 小时"), *(f"{hours}h" for hours in WINDOWS_H), _("缺测")))
    )
    for each in found:
        sums = (amount(each.sums[hours]) for hours in WINDOWS_H)
        say("\t".join((each.station.code, each.station.name, mm(each.total), _peak(each), *sums, str(each.missing))))
    return 0


def as_json(each: Summary) -> dict[str, Any]:
    """One gauge as `--json` prints it: amounts in mm with one decimal, null where there is no sample."""
    return {
        "station": each.station.code,
        "name": each.station.name,
        "total_mm": _number(each.total),
        "max_hour_mm": _number(each.peak.tenths),
        "max_hour_at": None if each.peak.at is None else iso(each.peak.at),
        "sums": {str(hours): _number(each.sums[hours].tenths) for hours in WINDOWS_H},
        "complete": {str(hours): each.sums[hours].complete for hours in WINDOWS_H},
        "samples": each.samples,
        "missing": each.missing,
    }


def _number(tenths: int | None) -> float | None:
    return None if tenths is None else tenths / 10


def _peak(each: Summary) -> str:
    return NOTHING if each.peak.at is None else f"{mm(each.peak.tenths)} {iso(each.peak.at)[:16]}"


def _time(args: argparse.Namespace, name: str, option: str) -> int | None:
    text: str | None = getattr(args, name)
    if text is None:
        return None
    try:
        return parse_iso(text)
    except ValueError:
        raise Refused(Problem(_("应为时间，如 2026-06-18 14:30：{text}").format(text=text), field=option)) from None
