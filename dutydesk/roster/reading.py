"""What the month shows beside the grid itself: the order of its people, who is away, whether it is published."""

from __future__ import annotations

from datetime import date, timedelta

from dutydesk.core.clock import local
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition
from dutydesk.ledger.kinds import choice_label
from dutydesk.roster import rows, sheets
from dutydesk.roster.ledger import LEAVES, STAFF
from dutydesk.roster.rules import posts_of


def ordered(desk: Desk, grid: rows.Grid) -> list[bytes]:
    """Leaders first, then as the posts stand in the grid; by name within."""
    order = {post: n for n, post in enumerate(dict.fromkeys(line.post for line in grid.lines))}
    rank: dict[bytes, int] = {}
    for row in desk.rows(STAFF.name):
        person = row.get("person")
        if isinstance(person, bytes):
            rank[person] = min((order.get(post, 99) for post in posts_of(row.text("posts"))), default=99)
    shown = dict.fromkeys([*grid.counts, *(cell.person for cell in grid.cells.values() if cell.person)])
    return sorted(shown, key=lambda person: (rank.get(person, 100), sheets.by_name(grid.names.get(person, ""))))


def absences(desk: Desk, start: str, end: str) -> list[sheets.Absence]:
    """Who is away in a span, as far as leave was approved."""
    found: list[sheets.Absence] = []
    where = (
        Condition("state", "in", ("APPROVED", "RETURNED")),
        Condition("starts_on", "<=", end),
        Condition("ends_on", ">=", start),
    )
    for row in desk.rows("leaves", *where):
        person = row.get("person")
        if isinstance(person, bytes):
            until = row.text("ends_on")
            if row.get("returned_on"):
                back = date.fromisoformat(row.text("returned_on")) - timedelta(days=1)
                until = min(until, back.isoformat())
            word = choice_label(row.text("kind"), LEAVES["kind"])[:2]
            found.append(sheets.Absence(person, row.text("starts_on"), until, word))
    return found


def state_text(desk: Desk, grid: rows.Grid) -> str:
    """Whether a span is a draft or published, when and by whom."""
    if not grid.published:
        return _("草稿，尚未发布")
    found = desk.rows(
        "rosters",
        Condition("state", "=", "PUBLISHED"),
        Condition("starts_on", "<=", grid.start),
        Condition("ends_on", ">=", grid.end),
        limit=1,
    )
    if not found:
        return _("已发布")
    row = found[0]
    at = local(row.number("published_at")).strftime("%m-%d %H:%M") if row.get("published_at") else ""
    maker, approver = row.get("maker"), row.get("approver")
    return _("已发布 {at} · 制表 {maker} · 审批 {approver}").format(
        at=at,
        maker=desk.title("people", maker if isinstance(maker, bytes) else None),
        approver=desk.title("people", approver if isinstance(approver, bytes) else None),
    )
