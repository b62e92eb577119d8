"""What rain hands to the program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dutydesk.core.clock import DAY
from dutydesk.core.i18n import N_, _
from dutydesk.ledger.feature import Command, Feature, Figure, Form, Importer, OpenItem
from dutydesk.rain.ledger import BATCHES, STATIONS
from dutydesk.rain.model import BATCH_TABLE, SAMPLES, STATION_TABLE

if TYPE_CHECKING:
    import argparse

    from sqlalchemy import Connection

SEVERITIES = {"RED": 2, "ORANGE": 2, "YELLOW": 1, "BLUE": 1}
TONES = {"RED": 3, "ORANGE": 2, "YELLOW": 1}
"""Severity of the board's tile: its tone is the colour that the worst gauge has reached."""
NAMED = 4


def open_items(read: Connection, now: int) -> Sequence[OpenItem]:
    """Colours that gauges have reached within the last hour, one item a colour, and gauges that fell silent today."""
    from dutydesk.rain import service
    from dutydesk.rain.words import amount, colour_name, standard

    by_colour: dict[str, list[service.GaugeNow]] = {}
    every = service.gauges_of(read, now)
    for gauge in service.newly_reached(read, every, now):
        if gauge.signal is not None:
            by_colour.setdefault(gauge.signal.colour, []).append(gauge)
    found: list[OpenItem] = []
    for colour, gauges in by_colour.items():
        signal = gauges[0].signal
        assert signal is not None
        sums = [f"{each.station.name} {signal.window_h}h {amount(each.sums[signal.window_h])}" for each in gauges]
        title = _("{stations}达暴雨{colour}标准").format(stations=_named(gauges), colour=colour_name(colour))
        detail = _("标准 {standard}；{sums}").format(standard=standard(signal), sums=_("、").join(sums))
        found.append(OpenItem("WARNINGS", title, None, SEVERITIES[colour], "stations", gauges[0].station.id, detail))
    silent = [each for each in every if each.stale and each.last and now - each.last < DAY]
    if silent:
        title = _("{stations}未更新").format(stations=_named(silent))
        found.append(OpenItem("EQUIPMENT", title, None, 0, "stations", silent[0].station.id, _names(silent)))
    return found


def figures(read: Connection, start: int, end: int) -> Sequence[Figure]:
    """The wettest hour, the wettest gauge and the gauges of 短时强降水 over (start, end]; the worst gauge at `end`."""
    from dutydesk.rain import service
    from dutydesk.rain.words import amount, mm

    worst = next((each for each in service.gauges_of(read, end) if each.hour.tenths is not None), None)
    spans = [each for each in service.spans_of(read, start, end) if each.total is not None]
    found = [Figure("rain.gauges", N_("有雨量的站"), len(spans), N_("站"))]
    if worst is not None:
        value = f"{worst.station.name} {amount(worst.hour)} mm"
        tone = TONES.get(worst.signal.colour, 0) if worst.signal else 0
        found.append(Figure("rain.worst", N_("雨情 1 小时"), value, "", tone))
    if not spans:
        return found
    limit = service.thresholds_of(read).rules.heavy_hour
    wettest = max(spans, key=_total)
    found.append(Figure("rain.max_total", N_("最大累计雨量"), mm(wettest.total), "mm"))
    found.append(Figure("rain.max_total_gauge", N_("累计最大的站"), wettest.station.name))
    hours = [each for each in spans if each.hour is not None]
    heavy = sum(1 for each in hours if _hour(each) >= limit)
    if hours:
        top = max(hours, key=_hour)
        found.append(Figure("rain.max_hour", N_("最大 1 小时雨量"), mm(top.hour), "mm", 1 if heavy else 0))
        found.append(Figure("rain.max_hour_gauge", N_("1 小时最大的站"), top.station.name))
    found.append(Figure("rain.heavy_gauges", N_("短时强降水站数"), heavy, N_("站"), 1 if heavy else 0))
    return found


def _total(span: Any) -> int:
    return span.total or 0


def _hour(span: Any) -> int:
    return span.hour or 0


def _names(gauges: Sequence[Any]) -> str:
    return _("、").join(each.station.name for each in gauges)


def _named(gauges: Sequence[Any]) -> str:
    """The first few by name, all by number."""
    if len(gauges) <= NAMED:
        return _names(gauges)
    return _("{names}等 {count} 站").format(names=_names(gauges[: NAMED - 1]), count=len(gauges))


def titles(ledger: str, values: Mapping[str, Any]) -> str:
    """A gauge's name, a batch's source."""
    return str(values.get("name") or values.get("code") or values.get("source") or "")


def configure(parser: argparse.ArgumentParser) -> None:
    """The arguments of `dutydesk rain`."""
    from dutydesk.rain import command

    command.configure(parser)


def is_rain(head: bytes, name: str) -> bool:
    """Whatever is imported into `rain` is read by its one reader, which says itself what it does not recognise."""
    return True


RAIN = Feature(
    name="rain",
    title=N_("雨情"),
    tables=((STATIONS, STATION_TABLE), (BATCHES, BATCH_TABLE)),
    derived=(SAMPLES,),
    commands=(Command("rain", N_("各站雨量合计"), configure, "dutydesk.rain.command:run"),),
    importers=(Importer("rain", "rain", N_("雨量数据"), "dutydesk.rain.importing:read", is_rain),),
    forms=(Form("RAIN", N_("雨情表"), "dutydesk.rain.report:rain_table", ("start", "end")),),
    settings="dutydesk.rain.thresholds:known",
    pane="dutydesk.rain.pane:RainPane",
    key="Alt+3",
    open_items=open_items,
    figures=figures,
    titles=titles,
)
