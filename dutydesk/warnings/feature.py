"""What warnings hands to the program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from dutydesk.core.i18n import N_, _
from dutydesk.core.ids import new_id
from dutydesk.ledger.feature import Change, Exporter, Feature, Figure, Form, Importer, OpenItem
from dutydesk.ledger.spec import Value
from dutydesk.ledger.table import LISTED
from dutydesk.warnings import rules, standing
from dutydesk.warnings.ledger import WARNINGS
from dutydesk.warnings.model import WARNING_TABLE
from dutydesk.warnings.rules import Colour
from dutydesk.warnings.standing import entry

MOST_LINES = 5
"""An act that brings in more warnings than this (an import) writes one line for all of them."""
URGENT = {Colour.RED: 2, Colour.ORANGE: 1}
TILE = {Colour.RED: 3, Colour.ORANGE: 2, Colour.YELLOW: 1}
"""The board's colours by severity; blue has none of its own there and stands in words."""
SHORT = {Colour.RED: N_("红"), Colour.ORANGE: N_("橙"), Colour.YELLOW: N_("黄"), Colour.BLUE: N_("蓝")}
LABELS = {
    Colour.RED: N_("红色预警"),
    Colour.ORANGE: N_("橙色预警"),
    Colour.YELLOW: N_("黄色预警"),
    Colour.BLUE: N_("蓝色预警"),
}
VERBS = {"ALERT": N_("发布"), "UPDATE": N_("更新"), "CANCEL": N_("解除")}


def open_items(connection: Connection, now: int) -> Sequence[OpenItem]:
    """Every warning in force, with the time at which it ends; one that is in force since days asks to be checked."""
    items: list[OpenItem] = []
    for one in standing.in_force(connection, now):
        values = one.row.values
        title = " ".join(
            part
            for part in (
                standing.signal_text(values),
                standing.short_areas(values),
                _("（结束时间推定）") if one.standing.assumed else "",
            )
            if part
        )
        detail = f"{values.get('issuer') or ''} {standing.end_text(one.standing, now)}".strip()
        severity = max(URGENT.get(one.colour, 0) if one.colour else 0, 1 if one.standing.stale else 0)
        items.append(OpenItem("WARNINGS", title, one.standing.ends_at, severity, "warnings", one.row.id, detail))
    return items


def figures(connection: Connection, start: int, end: int) -> Sequence[Figure]:
    """The highest warning in force at `end` and how many there are of each colour; how many were issued in
    [start, end). Tests and exercises are in none of them."""
    live = standing.in_force(connection, end)
    found = [
        Figure(
            "warnings.in_force",
            N_("预警"),
            _headline(live),
            "",
            TILE.get(live[0].colour, 0) if live and live[0].colour else 0,
        )
    ]
    for colour in Colour:
        count = sum(1 for one in live if one.colour is colour)
        found.append(Figure(f"warnings.{colour.value.lower()}", LABELS[colour], count, N_("条")))
    columns = WARNING_TABLE.c
    issued = connection.execute(
        select(func.count()).where(
            columns["_state"] == LISTED,
            func.coalesce(columns.status, "ACTUAL") == "ACTUAL",
            func.coalesce(columns.kind, "ALERT").in_(standing.LIVE_KINDS),
            columns.issued_at >= start,
            columns.issued_at < end,
        )
    ).scalar_one()
    found.append(Figure("warnings.issued", N_("发布预警"), int(issued), N_("条")))
    return found


def _headline(live: Sequence[standing.Current]) -> str:
    """`橙 暴雨 2处 +1`."""
    if not live:
        return _("无生效")
    first = live[0]
    areas = len(standing.area_names(first.row.values))
    parts = [
        _(SHORT[first.colour]) if first.colour else "",
        standing.hazard_text(first.row.values),
        _("{count}处").format(count=areas) if areas > 1 else "",
        f"+{len(live) - 1}" if len(live) > 1 else "",
    ]
    return " ".join(part for part in parts if part)


def log_lines(changes: Sequence[Change]) -> Sequence[Change]:
    """The line that a new warning writes into the duty log by itself, one for all when an import brings many; a test,
    an exercise or a draft writes none."""
    new = [
        change
        for change in changes
        if change.ledger == "warnings"
        and change.new
        and change.values.get("status") in (None, "ACTUAL")
        and (change.values.get("kind") or "ALERT") in VERBS
    ]
    if not new:
        return ()
    if len(new) > MOST_LINES:
        return [_summary(new)]
    return [_line(change) for change in new]


def _line(change: Change) -> Change:
    values = change.values
    made = int.from_bytes(change.row[:6], "big")
    issued = values.get("issued_at")
    verb = _(VERBS[str(values.get("kind") or "ALERT")])
    text = _("{verb}{hazard}{colour}预警").format(
        verb=verb, hazard=standing.hazard_text(values), colour=standing.colour_text(values)
    )
    areas = standing.short_areas(values, 6)
    ends = values.get("ends_at")
    if areas:
        text += _("：") + areas
    if isinstance(ends, int) and isinstance(issued, int) and ends > issued and values.get("kind") != "CANCEL":
        text += _("；至 {time}").format(time=standing.clock_text(ends, made))
    # The log tells when the desk had it; when it was issued stands in the warning.
    at = issued if isinstance(issued, int) and issued <= made else made
    return Change("log", new_id(made), entry(values, at, text, made), new=True)


def _summary(new: Sequence[Change]) -> Change:
    made = int.from_bytes(new[-1].row[:6], "big")
    colours = [Colour(str(c.values["colour"])) for c in new if str(c.values.get("colour")) in Colour.__members__]
    text = _("导入预警 {count} 条").format(count=len(new))
    if colours:
        highest = min(colours, key=rules.rank)
        text += _("，最高{colour}").format(colour=standing.colour_text({"colour": highest.value}))
    values: dict[str, Value] = {**entry({}, made, text, made)}
    return Change("log", new_id(made), {name: value for name, value in values.items() if value is not None}, new=True)


def titles(ledger: str, values: Mapping[str, Any]) -> str:
    """`暴雨橙色 区气象台`."""
    return standing.title(values)


def _is_cap(head: bytes, name: str) -> bool:
    from dutydesk.warnings.cap import looks_like_alerts  # the readers of XML must not delay the start

    return looks_like_alerts(head, name)


def _is_list(head: bytes, name: str) -> bool:
    from dutydesk.warnings.webjson import looks_like_list

    return looks_like_list(head, name)


WARNING_FEATURE = Feature(
    name="warnings",
    title=N_("预警"),
    tables=((WARNINGS, WARNING_TABLE),),
    importers=(
        Importer(
            "warnings",
            "cap",
            N_("CAP 或 12379 预警文件"),
            "dutydesk.warnings.importing:read_cap",
            _is_cap,
        ),
        Importer("warnings", "list", N_("网页预警列表"), "dutydesk.warnings.importing:read_list", _is_list),
    ),
    exporters=(Exporter("warnings", ".xml", N_("预警消息 CAP 1.2"), "dutydesk.warnings.exporting:write_xml"),),
    adders={"warnings": "dutydesk.warnings.service:add"},
    forms=(Form("WARN", N_("生效预警一览"), "dutydesk.warnings.report:in_force_sheet", ()),),
    settings="dutydesk.warnings.standing:known",
    pane="dutydesk.warnings.pane:WarningsPane",
    key="Alt+4",
    open_items=open_items,
    figures=figures,
    log_lines=log_lines,
    titles=titles,
)
