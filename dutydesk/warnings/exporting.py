"""A row of the ledger as a CAP 1.2 file, for whoever takes warnings in that form."""

from __future__ import annotations

from collections.abc import Sequence

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.ledger.spec import Ledger
from dutydesk.warnings.alert import Alert, Area, Info, Reference
from dutydesk.warnings.capout import write_cap
from dutydesk.warnings.ledger import WARNINGS
from dutydesk.warnings.rules import Colour
from dutydesk.warnings.signals import hazard_zh, severity_of_colour


def write_xml(desk: Desk, rows: Sequence[q.Row], reveal: bool) -> bytes:
    """One warning as a CAP 1.2 file. Raises `Refused` for none or several: a CAP file is one message."""
    del desk, reveal
    if len(rows) != 1:
        reason = _("一个 CAP 文件只放一条预警,现在选中 {count} 条,请用 --where identifier=编号").format(count=len(rows))
        raise Refused(Problem(reason, file="warnings"))
    return write_cap(alert_of(rows[0]))


def alert_of(row: q.Row) -> Alert:
    """A row as a message."""
    colour = Colour(row.text("colour")) if row.get("colour") else None
    code = row.text("type")
    start = row.get("starts_at")
    end = row.get("ends_at")
    codes = tuple(("", region) for region in row.text("area_codes").split() if region)
    info = Info(
        language="zh-CN",
        event=hazard_zh(code) if code else row.text("event"),
        event_code=code,
        category="Met" if code.startswith("11B") else "Other",
        urgency="Unknown",
        severity=severity_of_colour(colour),
        certainty="Unknown",
        colour=colour,
        effective=start if isinstance(start, int) else None,
        expires=end if isinstance(end, int) else None,
        headline=row.text("headline"),
        description=row.text("text"),
        instruction=row.text("measures"),
        sender_name=row.text("issuer"),
        areas=(Area(row.text("areas"), geocodes=codes),) if row.get("areas") or codes else (),
    )
    return Alert(
        row.text("identifier") or row.id.hex(),
        row.text("issuer"),
        row.number("issued_at"),
        status=_word(WARNINGS, "status", row.text("status") or "ACTUAL"),
        msg_type=_word(WARNINGS, "kind", row.text("kind") or "ALERT"),
        references=tuple(Reference(one) for one in row.text("refers").split()),
        infos=(info,),
    )


def _word(ledger: Ledger, field: str, code: str) -> str:
    """CAP's own word of a code: ACTUAL → Actual."""
    return code.capitalize() if code in {choice.code for choice in ledger[field].choices} else code
