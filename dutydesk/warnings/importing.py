"""Warning messages of files as rows: CAP, the Chinese dialect, web lists."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.ledger.feature import Draft, Incoming
from dutydesk.ledger.spec import Value
from dutydesk.warnings.alert import REGION_CODES, Alert, Alerts, Dialect, Info
from dutydesk.warnings.cap import read_alerts
from dutydesk.warnings.ledger import WARNINGS
from dutydesk.warnings.rules import ends, standings
from dutydesk.warnings.signals import hazard_code
from dutydesk.warnings.webjson import read_web_alerts

LONGEST_HEADLINE = 500


def read_xml(desk: Desk, data: bytes, name: str, settings: Mapping[str, str]) -> Incoming:
    """The messages of a CAP file, also in an envelope or a feed. `--set type=CODE` says what hazard a message is of
    that no code of ours names."""
    return _incoming(desk, data, name, settings, read_alerts)


def read_json(desk: Desk, data: bytes, name: str, settings: Mapping[str, str]) -> Incoming:
    """The rows of a web list of warnings."""
    return _incoming(desk, data, name, settings, read_web_alerts)


def _incoming(
    desk: Desk, data: bytes, name: str, settings: Mapping[str, str], read: Callable[[bytes, str], Alerts]
) -> Incoming:
    wanted = settings.get("type", "")
    if unknown := settings.keys() - {"type"}:
        raise Refused(*[Problem(_("这种文件没有这项设置,可用:type"), key, file=name) for key in sorted(unknown)])
    if wanted and wanted not in _codes("type"):
        raise Refused(Problem(_("没有灾种代码“{code}”").format(code=wanted), "type", file=name))
    found = read(data, name)
    identifiers = [alert.identifier for alert in found.alerts]
    known = {row.text("identifier") for row in desk.rows("warnings", q.Condition("identifier", "in", identifiers))}
    original = hashlib.sha256(data).hexdigest()
    drafts: list[Draft] = []
    for alert in found.alerts:
        values = row_of(alert, wanted) | {"original": original}
        if alert.identifier not in known:
            # Afterwards the desk itself keeps the state; reading the file again does not set it back.
            values["state"] = _state(alert)
        drafts.append(Draft(alert.line, "warnings", values))
    return Incoming(found.read, tuple(drafts), found.refused, found.warnings)


def row_of(alert: Alert, hazard: str = "") -> dict[str, Value]:
    """The fields of a message; the block that is shown counts, the others stay in the file. `hazard` is the code for a
    hazard that no code of ours names."""
    info = alert.info
    regions = [code for area in info.areas for name, code in area.geocodes if name in REGION_CODES]
    return {
        "identifier": alert.identifier,
        "type": _hazard(info) or hazard or None,
        "event": info.event or None,
        "colour": info.colour.value if info.colour else None,
        "issuer": _issuer(alert),
        "headline": (info.headline or info.event)[:LONGEST_HEADLINE] or None,
        "areas": "、".join(dict.fromkeys(area.desc for area in info.areas if area.desc)) or None,
        "area_codes": " ".join(dict.fromkeys(regions)) or None,
        "issued_at": alert.sent_ms,
        "starts_at": info.onset or info.effective,
        "ends_at": info.expires,
        "assumed_end": int(ends(alert.message())[1]),
        "text": info.description or None,
        "measures": info.instruction or None,
        "status": _coded("status", alert.status),
        "kind": _coded("kind", alert.msg_type),
        "refers": " ".join(one.identifier for one in alert.references) or None,
    }


def _issuer(alert: Alert) -> str | None:
    """Who issued it: in the Chinese dialect the sender is the office and the name that of an officer, in CAP the sender
    is an address and the name the office."""
    names = (alert.sender, alert.info.sender_name)
    if alert.dialect is not Dialect.CN12379:
        names = (alert.info.sender_name, alert.sender)
    return next((name for name in (*names, alert.sender_code) if name), None)


def _codes(field: str) -> frozenset[str]:
    return frozenset(choice.code for choice in WARNINGS[field].choices)


def _coded(field: str, word: str) -> str | None:
    return word.upper() if word.upper() in _codes(field) else None


def _hazard(info: Info) -> str:
    """The code of a message's hazard; nothing is guessed."""
    codes = (info.event_code, hazard_code(info.event) if info.event else "")
    return next((code for code in codes if code in _codes("type")), "")


def _state(alert: Alert) -> str | None:
    """Where the message stood when it was sent: what is known without a clock."""
    state = standings([alert.message()], alert.sent_ms)[alert.identifier].state.value
    return state if state in _codes("state") else None
