"""The roster 排班 as panes, prints and the command line ask for it: every command and query, nothing else.

Days are `YYYY-MM-DD`, both ends of a span included; a place is `(date, shift, post, slot)`; people are ids of rows of
`people`; moments ms UTC. Commands raise `Refused` with a problem for each place (its `field` is
`2026-06-18/H24/PRIMARY/1`) and then write nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dutydesk.core.reference import rows as table
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.ledger.spec import Values
from dutydesk.roster import cells, leaves, posts, publishing, swaps
from dutydesk.roster.facts import facts, pattern_of, post_label
from dutydesk.roster.rows import (
    Away,
    Bounds,
    Candidate,
    Cell,
    Counts,
    Coverage,
    DayInfo,
    Demand,
    Edit,
    Fair,
    Gap,
    Grid,
    Key,
    Line,
    OnCall,
    Placed,
    Plan,
    RosterProblem,
    Stand,
    Undo,
    Unfilled,
    Was,
    Widened,
)

if TYPE_CHECKING:
    from dutydesk.roster.planning import Solve

__all__ = [
    "Away", "Bounds", "Candidate", "Cell", "Counts", "Coverage", "DayInfo", "Demand", "Edit", "Fair", "Gap", "Grid",
    "Key", "Line", "OnCall", "Placed", "Plan", "RosterProblem", "Stand", "Undo", "Unfilled", "Was", "Widened",
    "accept", "accept_swap", "acting", "approve_leave", "approve_swap", "ask_leave", "ask_swap", "assign", "away",
    "cancel_leave", "cancel_swap", "candidates", "check", "coverage", "crew_at", "day_info", "demand", "duty_day", "exchange",
    "generate", "grid", "is_published", "on_call", "on_call_text", "on_post", "post_name", "post_names", "publish", "refuse_leave",
    "refuse_swap", "report_back", "shift_codes", "standby", "teams_on_call", "undo",
]  # fmt: skip


# -- the grid ---------------------------------------------------------------------------------------------------------


def grid(desk: Desk, start: str, end: str) -> Grid:
    """The roster from `start` to `end`: days, lines, cells, counts and bounds by person, names. Cells exist for every
    place that its day asks for, filled or not, and for what stands there beside."""
    return cells.grid(desk, start, end)


def check(desk: Desk, start: str, end: str) -> list[RosterProblem]:
    """Everything that is wrong with the roster of a span, in its order; what is empty is in `coverage`."""
    return cells.check(desk, start, end)


def candidates(desk: Desk, key: Key) -> list[Candidate]:
    """Who may take a place, the best first: nothing against it, the deputy (B岗), the standby, the fewest duties."""
    return cells.candidates(desk, key)


def day_info(desk: Desk, start: str, end: str) -> tuple[DayInfo, ...]:
    """The calendar of a span; days of a year that was not announced have no kind."""
    return facts(desk, start, end, around=0).days


def post_name(desk: Desk, post: str) -> str:
    """A post as this unit calls it (setting `roster.post.CODE`)."""
    from dutydesk.journal.settings import values

    with desk.store.read() as connection:
        return post_label(post, values(connection, "roster.post."))


def post_names(desk: Desk) -> dict[str, str]:
    """Every post as this unit calls it, by code."""
    from dutydesk.journal.settings import values

    with desk.store.read() as connection:
        own = values(connection, "roster.post.")
    return {str(row["code"]): post_label(str(row["code"]), own) for row in table("roster", "post")}


def shift_codes(desk: Desk) -> tuple[tuple[str, str], ...]:
    """Code and label of the shifts of the day, in order."""
    return tuple((part.code, part.label) for part in pattern_of(desk).parts)


# -- changes by hand --------------------------------------------------------------------------------------------------


def assign(desk: Desk, edits: Sequence[Edit], *, reason: str = "") -> Undo:
    """Put people into places, or nobody (None), as one act. Checked at once: a hard problem refuses the whole, soft
    ones come back in `Undo.problems`. In a published roster `reason` is required; the act, the cell's `planned` and
    `note` keep the trace, and the rows of `shifts` follow."""
    return cells.assign(desk, edits, reason=reason)


def undo(desk: Desk, step: Undo) -> Undo:
    """Take a change back, as an act of its own; the result redoes it. Refused where a place was changed again since."""
    return cells.undo(desk, step)


def exchange(desk: Desk, a_key: Key, b_key: Key) -> Undo:
    """Two places of a draft change their people (drag and drop); one of them may be empty. Refused once published."""
    return cells.exchange(desk, a_key, b_key)


# -- generating and publishing ----------------------------------------------------------------------------------------


def generate(desk: Desk, start: str, end: str, *, keep: bool = True, seed: int = 0, solve: Solve | None = None) -> Plan:
    """A fair roster for a span; nothing is written. With `keep` whoever stands somewhere already stays there; without
    it only published days do. The same record and seed give the same plan. Takes up to some seconds: panes call it in
    a job, with a `solve` that works in another process."""
    from dutydesk.roster import planning

    if solve is None:
        return planning.generate(desk, start, end, keep=keep, seed=seed)
    return planning.generate(desk, start, end, keep=keep, seed=seed, solve=solve)


def accept(desk: Desk, plan: Plan) -> Undo:
    """Write a plan. Refused where the roster has changed since in a way that it does not fit."""
    from dutydesk.roster import planning

    return planning.accept(desk, plan)


def publish(
    desk: Desk, start: str, end: str, maker: bytes, approver: bytes, *, gaps: bool = False, note: str = ""
) -> bytes:
    """Put the roster of a span in force; the id of its row in `rosters`. Refused where something is wrong with it,
    a place is empty (unless `gaps`), a part is published already, or `approver` may not decide. The rows of `shifts`
    that are not over get their crews."""
    return publishing.publish(desk, start, end, maker, approver, gaps=gaps, note=note)


def is_published(desk: Desk, start: str, end: str = "") -> bool:
    """Whether published rosters cover every day of the span (of `start` alone without `end`)."""
    return publishing.is_published(desk, start, end)


# -- leave ------------------------------------------------------------------------------------------------------------


def ask_leave(desk: Desk, values: Values) -> bytes:
    """Ask for leave: `person`, `kind`, `starts_on`, `ends_on`, and `place`, `reason`, `acting`, `phone`; the row's id.
    A leader names who acts and a telephone. Where accounts are in force it is asked by the person."""
    return leaves.ask(desk, values)


def approve_leave(desk: Desk, leave: bytes, by: bytes) -> tuple[RosterProblem, ...]:
    """Approve; the duties that are in its way come back. Refused by oneself, and where it would leave a holiday without
    a principal leader."""
    return leaves.approve(desk, leave, by)


def refuse_leave(desk: Desk, leave: bytes, by: bytes, reason: str = "") -> None:
    """不批."""
    leaves.refuse(desk, leave, by, reason)


def cancel_leave(desk: Desk, leave: bytes, by: bytes) -> None:
    """Withdrawn by the person, or called off by a leader before it began."""
    leaves.cancel(desk, leave, by)


def report_back(desk: Desk, leave: bytes, on: str = "") -> None:
    """销假 on a day, today by default: from that day the person is there again."""
    leaves.report_back(desk, leave, on)


def away(desk: Desk, day: str) -> tuple[Away, ...]:
    """Who is away on a day and who acts for them; principal leaders first."""
    return leaves.away(desk, day)


def acting(desk: Desk, person: bytes, day: str) -> bytes | None:
    """Who acts for a person who is away on a day."""
    return leaves.acting(desk, person, day)


# -- swaps ------------------------------------------------------------------------------------------------------------


def ask_swap(desk: Desk, key: Key, other: bytes, other_key: Key | None, reason: str, by: bytes) -> bytes:
    """`by`, who stands at `key`, asks `other` to change places with theirs at `other_key` (调班), or to stand in for
    them (代班, `other_key` None); the row's id. Refused where the result would break a rule."""
    return swaps.ask(desk, key, other, other_key, reason, by)


def accept_swap(desk: Desk, swap: bytes, by: bytes) -> None:
    """The other person agrees."""
    swaps.accept(desk, swap, by)


def approve_swap(desk: Desk, swap: bytes, by: bytes) -> Undo:
    """A leader who is neither of the two approves: the cells change, with the mark 调 or 代, and the shifts follow."""
    return swaps.approve(desk, swap, by)


def refuse_swap(desk: Desk, swap: bytes, by: bytes, reason: str = "") -> None:
    """The other person, or a leader, says no."""
    swaps.refuse(desk, swap, by, reason)


def cancel_swap(desk: Desk, swap: bytes, by: bytes) -> None:
    """Whoever asked takes it back."""
    swaps.cancel(desk, swap, by)


# -- on post ----------------------------------------------------------------------------------------------------------


def on_post(desk: Desk, post: str, at: int) -> bytes | None:
    """Who stands a post (first slot) at a moment: by the published roster, else by the shift's own row; whoever acts
    for them while they are away. The service `duty` of `desk.services`."""
    return posts.on_post(desk, post, at)


def crew_at(desk: Desk, at: int) -> tuple[Stand, ...]:
    """Everyone on post at a moment and what is empty, in the order of the print."""
    return posts.crew_at(desk, at)


def demand(desk: Desk, day: str) -> Demand:
    """Modes in force on a day and whom they ask for, per shift."""
    return posts.demand(desk, day)


def coverage(desk: Desk, start: str, end: str) -> Coverage:
    """The hours of a span of whole days (8,760 or 8,784 a year) and those with fewer than the crew."""
    return posts.coverage(desk, start, end)


def standby(desk: Desk, day: str) -> tuple[bytes, ...]:
    """Who is on the standby list 备班, there that day and not on duty."""
    return posts.standby(desk, day)


def teams_on_call(desk: Desk) -> list[Row]:
    """Teams and experts that may be called now: rows of `teams` that are not out of service."""
    return posts.teams_on_call(desk)


def duty_day(desk: Desk, at: int) -> str:
    """The day of the shift that runs at a moment: after midnight still the day before."""
    return posts.duty_day(desk, at)


def on_call(desk: Desk, day: str) -> OnCall:
    """Who may be called beside the crew on a day: the standby list, experts and teams."""
    return posts.on_call(desk, day)


def on_call_text(desk: Desk, day: str) -> str:
    """`备班：甲、乙；专家组：…；队伍：…`: who may be called beside the crew on a day; empty where nobody is listed. It stands
    on P03, below the grid, and in the pane 在岗 by the service `on_call` of `desk.services`."""
    return posts.on_call_text(desk, day)
