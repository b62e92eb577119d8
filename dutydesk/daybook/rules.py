"""What an entry still lacks, when a reminder is due, and an entry as one line for a group chat; how times are typed is
`core.shorthand`, which other features share.

Pure functions: the present comes in as `now`, the categories as the parsed `log_categories.json`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from dutydesk.core.clock import MINUTE, local
from dutydesk.core.i18n import _, pick
from dutydesk.core.privacy import mask_phones
from dutydesk.core.shorthand import GRACE, parse_due, parse_time

__all__ = ["GRACE", "parse_due", "parse_time"]

Values = Mapping[str, int | str | bytes | None]
Tables = Mapping[str, Any]
Reminder = Literal["NONE", "WAITING", "SOON", "DUE"]
SOON = 10 * MINUTE


def category(code: str, tables: Tables) -> Mapping[str, Any] | None:
    """The row of a category: label, default direction, means and line, and what it needs."""
    return next((row for row in tables["tables"]["category"]["rows"] if row["code"] == code), None)


def defaults(code: str, tables: Tables) -> dict[str, str]:
    """What choosing a category fills in where the officer has written nothing: direction, means, line."""
    row = category(code, tables) or {}
    return {name: str(row[name]) for name in ("direction", "means", "line") if row.get(name)}


def missing_fields(entry: Values, tables: Tables) -> tuple[str, ...]:
    """The fields of an entry that are required but not given yet (待补, domain.md §3.6): never a reason not to save,
    listed at hand-over until an amendment brings them. An entry without a category needs one, and a line."""
    row = category(str(entry.get("category") or ""), tables)
    needs = ["category", "line"] if row is None else row["needs"]
    return tuple(name for name in needs if entry.get(name) in (None, "", b""))


def reminder_due(due_at: int | None, now: int, *, answered: bool = False, soon: int = SOON) -> Reminder:
    """What a follow-up asks for now: NONE without a time or once answered, WAITING, SOON within `soon` ms of the due
    time, DUE from the due time on."""
    if due_at is None or answered:
        return "NONE"
    if now >= due_at:
        return "DUE"
    return "SOON" if due_at - now <= soon else "WAITING"


def wechat_line(entry: Values, tables: Tables) -> str:
    """An entry as one line: time, category, other party, text, handling; telephone numbers masked, the party's own
    number left out, no line break."""
    row = category(str(entry.get("category") or ""), tables)
    happened = entry.get("happened_at")
    head = [
        f"{local(happened):%m-%d %H:%M}" if isinstance(happened, int) else "",
        f"【{pick(dict(row))}】" if row else "",
        str(entry.get("party") or ""),
    ]
    body = str(entry.get("text") or "").strip()
    handling = str(entry.get("handling") or "").strip()
    if handling:
        body = re.sub(r"[\s。;；,，]+$", "", body) + _("；") + _("处置：{measures}").format(measures=handling)
    start = " ".join(part for part in head if part)
    told = _("{label}：{text}").format(label=start, text=body) if start else body
    return mask_phones(" ".join(told.split()))
