"""What the pane of papers shows and what its forms ask for."""

from __future__ import annotations

from dutydesk.core.clock import MINUTE
from dutydesk.core.i18n import N_
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.ledger.choices import choices
from dutydesk.ledger.kinds import CODE, COUNT, FLAG, LONG, TEXT
from dutydesk.ledger.spec import Field, Ledger, Value
from dutydesk.papers import service

PRINTING = Ledger(
    "paper_printing",
    N_("印制空白单"),
    (
        Field("form", CODE, N_("表单"), required=True, choices=choices("papers", "form")),
        Field("count", COUNT, N_("张数"), required=True, width=6),
    ),
    order="form",
)
VOIDING = Ledger(
    "paper_voiding", N_("作废"), (Field("reason", LONG, N_("作废原因"), required=True, width=30),), order="reason"
)
WRITTEN_BY = Field("written_by", TEXT, N_("填写人"), required=True, width=10)
LAST = Field("last", FLAG, N_("最后一条"), width=6)
ENTRY = {
    "P02": ("happened_at", "text", "category", "line", "party", "handling"),
    "TEL": ("happened_at", "text", "category", "party", "party_phone", "handling", "line", "means", "already_told"),
}
"""Fields of the log that a sheet of a form may fill, in the order of the paper."""
INCIDENT = (
    *("received_at", "happened_at", "type", "place", "text", "caller", "caller_phone", "region"),
    *("dead", "missing", "trapped", "serious", "injured", "loss_wan", "measures", "contact"),
)


def typing(desk: Desk, sheet: Row, ledger: str) -> Ledger:
    """The form in which a line of a sheet is typed: the ledger's own fields, who wrote it, whether it is the last."""
    own = desk.ledger(ledger)
    names = INCIDENT if ledger == service.INCIDENTS else ENTRY.get(sheet.text("form"), ENTRY["P02"])
    fields = [own[name] for name in names]
    at = max(n for n, item in enumerate(fields) if item.required) + 1
    return Ledger("paper_typing", own.title, (*fields[:at], WRITTEN_BY, LAST, *fields[at:]), order=names[0])


def defaults(desk: Desk, sheet: Row, ledger: str) -> dict[str, Value]:
    """What a line begins with: whoever wrote the last one; a telephone record has one line."""
    told: dict[str, Value] = {}
    writer = sheet.text("written_by").split("、")[-1]
    if writer:
        told["written_by"] = writer
    if sheet.get("form") == "TEL":
        told["last"] = 1
        if ledger == service.LOG:
            told["category"] = "PHONE_IN"
    return told


def now_minute(desk: Desk) -> int:
    """The running minute."""
    now = desk.clock.now()
    return now - now % MINUTE
