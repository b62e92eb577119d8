"""Statutory days: the holiday-cn JSON of a year into `day_types`.

The file is https://github.com/NateScarlet/holiday-cn (MIT), made from the papers of 国务院办公厅: `year`, `papers`, `days`
with `name`, `date`, `isOffDay`. A day off is HOLIDAY, a working weekend MAKEUP; a year without days was not announced,
and stays unknown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import cast

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.ledger.feature import Draft, Incoming
from dutydesk.ledger.spec import Value
from dutydesk.roster import rules


def looks_like_holidays(head: bytes, name: str) -> bool:
    """Whether the first bytes are those of a holiday-cn file."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return text.startswith(b"{") and b'"days"' in head and (b'"papers"' in head or b'"isOffDay"' in head)


def read_holidays(desk: Desk, data: bytes, name: str, settings: Mapping[str, str]) -> Incoming:
    """The days of a file as drafts of `day_types`. Raises `Refused` where it is no such file; a day that means nothing
    is refused by its place in the list."""
    try:
        held = cast("object", json.loads(data.decode("utf-8-sig")))
    except (ValueError, RecursionError) as error:
        raise Refused(Problem(_("不是 JSON：{why}").format(why=str(error)[:120]), file=name)) from None
    told = cast("dict[str, object]", held) if isinstance(held, dict) else {}
    days, year, papers = told.get("days"), told.get("year"), told.get("papers")
    if not isinstance(days, list) or not isinstance(year, int) or isinstance(year, bool):
        raise Refused(Problem(_("不是节假日文件：要有 year 和 days"), file=name))
    entries = cast("list[object]", days)
    named = cast("list[object]", papers) if isinstance(papers, list) else []
    source = " ".join(str(paper) for paper in named)[:400] or name
    refused: list[Problem] = []
    warnings: list[Problem] = []
    drafts: list[Draft] = []
    seen: dict[str, int] = {}
    for line, entry in enumerate(entries, 1):
        values = _day(entry, source)
        if isinstance(values, str):
            refused.append(Problem(values, "days", line, name))
            continue
        day = str(values["date"])
        if day in seen:
            refused.append(
                Problem(_("{day} 在第 {line} 条已经有了").format(day=day, line=seen[day]), "date", line, name)
            )
            continue
        seen[day] = line
        drafts.append(Draft(line, "day_types", values))
    off = [str(draft.values["date"]) for draft in drafts if draft.values["kind"] == "HOLIDAY"]
    if str(year) not in rules.announced(off):
        warnings.append(Problem(_("{year} 年的放假安排还没有公布，这一年按未知处理").format(year=year), file=name))
    return Incoming(len(entries), tuple(drafts), tuple(refused), tuple(warnings))


def _day(entry: object, source: str) -> dict[str, Value] | str:
    """The values of one day, or why it is none."""
    if not isinstance(entry, dict):
        return _("应为一天：{text}").format(text=str(entry)[:40])
    told = cast("dict[str, object]", entry)
    text, name, off = told.get("date"), told.get("name"), told.get("isOffDay")
    try:
        day = date.fromisoformat(str(text)).isoformat()
    except ValueError:
        return _("应为日期，如 2026-06-18：{text}").format(text=str(text)[:40])
    if not isinstance(off, bool):
        return _("{day} 没有写放假还是上班").format(day=day)
    values: dict[str, Value] = {"date": day, "kind": "HOLIDAY" if off else "MAKEUP", "source": source}
    if isinstance(name, str) and name.strip():
        values["name"] = " ".join(name.split())[:60]
    return values
