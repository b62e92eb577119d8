"""The words in which an incident stands in lists, in the duty log and in a group chat."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from dutydesk.core.i18n import _, language, pick
from dutydesk.core.reference import by_code, label, reference
from dutydesk.incidents import rules
from dutydesk.incidents.ledger import INCIDENTS
from dutydesk.ledger.feature import Change
from dutydesk.ledger.spec import Field, Value, Values

CATEGORY = "INCIDENT"
ACCIDENTS = "12000"
LONGEST = 5
"""Characters of a group's name that may stand before the type's own."""
_LINES = (("12", "SAFETY"), ("11G", "FIRE"), ("11", "FLOOD"))
"""Which of the four duty lines an event belongs to, by the first digits of its code; the rest is 政务值班."""
_OTHER_LINE = "GOV"
_MEANS = {"NETWORK": "SYSTEM", "VIDEO": "SYSTEM", "MEDIA": "SYSTEM", "MINHUWOWEI": "SYSTEM", "12379": "SYSTEM"}
"""How a source usually reaches the desk; the rest is the telephone."""


def grades() -> Mapping[str, Any]:
    """The thresholds and labels of grades."""
    return reference("incident_grades")


def type_label(code: Value) -> str:
    """内涝 for `11A02`; 火灾·隧道 for `12G07`, since 隧道 alone says nothing; the code itself when it is unknown, empty for
    none."""
    if not code:
        return ""
    known = by_code("event_codes", "event_code")
    own = known.get(str(code))
    group = known.get(str(own["parent"])) if own else None
    name = label("event_codes", "event_code", str(code))
    if group is None or group["parent"] != ACCIDENTS or len(group["zh"]) > LONGEST:
        return name
    return f"{pick(dict(group))}·{name}"


@cache
def _path(code: str, _language: str) -> tuple[str, ...]:
    return rules.event_path(code, reference("event_codes"))


def type_path(code: Value) -> str:
    """自然灾害 › 水旱灾害 › 内涝."""
    return " › ".join(_path(str(code), language())) if code else ""


def short_no(no: Value) -> str:
    """`2026-0031` → `#0031`; what stands before the year (演-, a desk's code) stays."""
    return "#" + re.sub(r"\d{4}-(?=\d+$)", "", str(no)) if no else ""


def title(values: Values) -> str:
    """`#0031 凯旋路隧道 内涝`."""
    parts = (short_no(values.get("no")), str(values.get("place") or ""), type_label(values.get("type")))
    return " ".join(part for part in parts if part)


def late_text(minutes: int) -> str:
    """By how much a report was late: minutes up to two hours, then hours and minutes, days from two on."""
    if minutes >= 48 * 60:
        return _("{days} 天").format(days=minutes // 1440)
    if minutes >= 120:
        return _("{hours} 小时 {minutes} 分").format(hours=minutes // 60, minutes=minutes % 60)
    return _("{minutes} 分").format(minutes=minutes)


def log_line(event_type: Value) -> str:
    """The duty line of an event type."""
    code = str(event_type or "")
    return next((line for prefix, line in _LINES if code.startswith(prefix)), _OTHER_LINE)


def means(source: Value) -> str:
    """How the source of an incident reaches the desk."""
    return _MEANS.get(str(source or ""), "PHONE")


def one_line(values: Values, region: str = "") -> str:
    """The incident in one line, numbers of people masked."""
    return rules.one_line(values, grades(), type_label=type_label(values.get("type")), region=region)


def shown(item: Field, value: Value) -> str:
    """A value as a sentence names it: with its unit, 空 for none."""
    if value is None:
        return _("空")
    text = item.kind.show(value, item)
    return f"{text} {_(item.unit)}" if item.unit else text


def difference(name: str, before: Value, after: Value, *, told: bool = False) -> str:
    """`死亡 1 人→3 人`; a personal value is not repeated, `told` says that it has no former value to name."""
    item = INCIDENTS[name]
    if item.personal:
        return _("{what}已改").format(what=_(item.label))
    if told or before is None:
        return _("{what}：{new}").format(what=_(item.label), new=shown(item, after))
    return _("{what} {old}→{new}").format(what=_(item.label), old=shown(item, before), new=shown(item, after))


def entry(values: Values, at: int, text: str, *, row: bytes, recorder: str = "", recorded_at: int) -> dict[str, Value]:
    """The fields of a line that an incident writes into the duty log."""
    return {
        "happened_at": at,
        "recorded_at": recorded_at,
        "category": CATEGORY,
        "line": log_line(values.get("type")),
        "text": text,
        "region": values.get("region"),
        "incident": row,
        "recorder": recorder or None,
    }


def first_entry(change: Change, recorded_at: int, recorder: str = "", region: str = "") -> dict[str, Value]:
    """The line of a new incident: who called, what happened where, what was done."""
    values = change.values
    received = values.get("received_at")
    without = {name: value for name, value in values.items() if name not in ("measures", "no")}
    text = (short_no(values.get("no")) + " " + one_line(without, region)).strip()
    return {
        **entry(
            values,
            received if isinstance(received, int) else recorded_at,
            text,
            row=change.row,
            recorder=recorder,
            recorded_at=recorded_at,
        ),
        "direction": "IN",
        "means": means(values.get("source")),
        "party": values.get("caller"),
        "handling": values.get("measures"),
    }
