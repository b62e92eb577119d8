"""Files of warnings into rows: CAP 1.1 and 1.2, the 12379 dialect, Atom, EDXL-DE and the web lists.

A row is found again by its identifier, so that the same file read twice changes nothing. What a file does not know is
left alone: the state of a row that is here already (it may have been cancelled meanwhile). A message without a
GB/T 35561 code keeps what it calls its event; none is lost. Test, Exercise and Draft come in with their status and are
never in force.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from dutydesk.core.i18n import _
from dutydesk.core.reference import by_code
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.ledger.feature import Draft, Incoming
from dutydesk.ledger.kinds import LONG, TEXT
from dutydesk.ledger.spec import Value
from dutydesk.warnings import rules
from dutydesk.warnings.alert import REGION_CODES, Alert, Alerts
from dutydesk.warnings.cap import looks_like_alerts, read_alerts
from dutydesk.warnings.rules import Colour, State
from dutydesk.warnings.signals import FILE
from dutydesk.warnings.webjson import looks_like_list, read_web_alerts

__all__ = ["looks_like_alerts", "looks_like_list", "read_cap", "read_list"]

KINDS = frozenset(("ALERT", "UPDATE", "CANCEL", "ACK", "ERROR"))
STATUSES = frozenset(("ACTUAL", "EXERCISE", "TEST", "DRAFT", "SYSTEM"))


def read_cap(desk: Desk, data: bytes, name: str, settings: Mapping[str, str]) -> Incoming:
    """The messages of an XML file as drafts of `warnings`."""
    return _incoming(desk, data, read_alerts(data, name))


def read_list(desk: Desk, data: bytes, name: str, settings: Mapping[str, str]) -> Incoming:
    """The rows of a web list as drafts of `warnings`."""
    return _incoming(desk, data, read_web_alerts(data, name))


def _incoming(desk: Desk, data: bytes, found: Alerts) -> Incoming:
    original = hashlib.sha256(data).hexdigest()
    drafts: list[Draft] = []
    for alert in found.alerts:
        values = values_of(alert)
        values["original"] = original
        if not desk.count("warnings", q.Condition("identifier", "=", alert.identifier)):
            values["state"] = first_state(values)
        drafts.append(Draft(alert.line, "warnings", values))
    return Incoming(found.read, tuple(drafts), found.refused, found.warnings)


def first_state(values: Mapping[str, Value]) -> str:
    """The state that a row has by its own words, whatever the time: DRAFT, NOT_LIVE, CANCELLED or ACTIVE."""
    if values.get("status") == "DRAFT":
        return State.DRAFT.value
    if values.get("status") not in (None, "ACTUAL") or values.get("kind") in ("ACK", "ERROR"):
        return State.NOT_LIVE.value
    if values.get("kind") == "CANCEL" or values.get("cancelled_at") is not None:
        return State.CANCELLED.value
    return State.ACTIVE.value


def values_of(alert: Alert) -> dict[str, Value]:
    """The fields of a row that a message gives; what it is silent about is None."""
    info = alert.info
    codes = dict.fromkeys(
        code for area in info.areas for name, code in area.geocodes if name in REGION_CODES and code.isdecimal()
    )
    named = dict.fromkeys(area.desc for area in info.areas if area.desc)
    _end, assumed = rules.ends(alert.message())
    status, kind = alert.status.upper(), alert.msg_type.upper()
    known = info.event_code in by_code(FILE, "hazards")
    headline = info.headline or info.event or _("未写标题的预警")
    return {
        "identifier": _line(alert.identifier),
        "type": info.event_code if known else None,
        "event": _line(info.event or info.event_code) or None,
        "colour": info.colour.value if isinstance(info.colour, Colour) else None,
        "issuer": _line(alert.sender or info.sender_name or alert.sender_code) or _("发布单位不详"),
        "headline": _line(headline),
        "areas": "、".join(named or codes)[: LONG.limit] or None,
        "area_codes": _line(" ".join(codes)) or None,
        "issued_at": alert.sent_ms,
        "starts_at": info.onset or info.effective,
        "ends_at": info.expires,
        "text": info.description[: LONG.limit] or None,
        "measures": info.instruction[: LONG.limit] or None,
        "status": status if status in STATUSES else "ACTUAL",
        "kind": kind if kind in KINDS else "ALERT",
        "refers": _line(" ".join(reference.identifier for reference in alert.references)) or None,
        "assumed_end": 1 if assumed else 0,
    }


def _line(text: str) -> str:
    """One line, no longer than a cell may be."""
    return " ".join(text.split())[: TEXT.limit]
