"""What the pane of attendance lists: rows that are computed, in the shape in which a table shows any ledger."""

from __future__ import annotations

from dataclasses import replace

from dutydesk.attendance import checks, duties, service
from dutydesk.attendance.checks import Callee
from dutydesk.attendance.crew import OnPost
from dutydesk.attendance.ledger import DUTIES, SIGN_INS, SPOT_CHECKS, VIOLATIONS
from dutydesk.attendance.plans import DueState
from dutydesk.attendance.rules import State, Stats
from dutydesk.core.clock import local
from dutydesk.core.figures import ratio
from dutydesk.core.i18n import N_, _
from dutydesk.core.ids import named_id
from dutydesk.core.reference import label
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.ledger.kinds import COUNT, TENTH, TEXT, choice_label
from dutydesk.ledger.spec import Field, Ledger, Value

ROLL = Ledger(
    "roll",
    N_("在岗名单"),
    (
        Field("turn", TEXT, N_("班"), width=5),
        Field("post", TEXT, N_("岗位"), width=6),
        Field("name", TEXT, N_("姓名"), width=4),
        Field("state", TEXT, N_("状态"), width=6),
        Field("since", TEXT, N_("签到"), width=3),
        Field("told", TEXT, N_("情况"), width=8),
        Field("phone", TEXT, N_("电话"), width=8),
    ),
    order="",
)
DUE = Ledger(
    "due",
    N_("固定工作"),
    (
        Field("time", TEXT, N_("时刻"), width=6),
        Field("name", TEXT, N_("事项"), width=14),
        Field("state", TEXT, N_("状态"), width=6),
        Field("post", TEXT, N_("岗位"), width=6),
        Field("done", TEXT, N_("办结"), width=6),
        Field("by", TEXT, N_("办理人"), width=4),
        Field("note", TEXT, N_("备注"), width=6),
    ),
    order="",
)
CALLS = Ledger(
    "calls",
    N_("点名表"),
    (
        Field("name", TEXT, N_("单位"), width=8),
        Field("number", TEXT, N_("值班电话"), width=8),
        Field("last", TEXT, N_("上次"), width=4),
        Field("result", TEXT, N_("结果"), width=5),
    ),
    order="",
)
MONTH = Ledger(
    "spot_month",
    N_("抽查统计"),
    (
        Field("name", TEXT, N_("单位"), width=8),
        Field("checks", COUNT, N_("抽查"), width=3),
        Field("rate", TENTH, N_("应答%"), width=4),
        Field("post_rate", TENTH, N_("在岗%"), width=4),
        Field("mean", COUNT, N_("平均秒"), width=3),
        Field("p90", COUNT, N_("九成秒"), width=3),
        Field("slow", COUNT, N_("超时"), width=3),
    ),
    order="",
)
TURN = {"now": N_("本班"), "next": N_("下一班"), "last": N_("上一班")}


def _row(ledger: str, key: bytes, at: int, values: dict[str, Value]) -> Row:
    return Row(ledger, key, at, values)


def roll_rows(desk: Desk, now: int) -> list[tuple[Row, OnPost]]:
    """Who is on, who should be, and who may sign in for the next shift."""
    running = service.roll(desk, now)
    following = service.coming(desk, now)
    found: list[tuple[Row, OnPost]] = []
    for turn, lines in (("now", running.lines), ("next", following.lines)):
        for line in lines:
            which = "last" if line.state is State.STAYED else turn
            number = service.number_of(desk, line.person)
            values: dict[str, Value] = {
                "turn": _(TURN[which]),
                "post": label("duty", "post", line.post) if line.post else _("增援"),
                "name": line.name,
                "state": _(service.STATES[line.state]),
                "since": "" if line.since is None else f"{local(line.since):%H:%M}",
                "told": told(line),
                "phone": number.number,
                "code": line.state.value,
                "away": int(line.away),
            }
            key = named_id("roll", line.shift, line.person.hex())
            found.append((_row("roll", key, len(found), values), line))
    return found


def told(line: OnPost) -> str:
    """`迟到 12 分钟`, `未提前到岗`, `延班 20 分钟`, `现在须到岗`, 调, 代."""
    found: list[str] = []
    if line.late:
        found.append(_("迟到 {minutes} 分钟").format(minutes=line.late))
    elif line.tight and line.state is State.IN:
        found.append(_("未提前到岗"))
    if line.overtime:
        found.append(_("延班 {minutes} 分钟").format(minutes=line.overtime))
    if line.away:
        found.append(_("现在须到岗"))
    if line.origin in ("SWAP", "SUBSTITUTE", "REINFORCE"):
        found.append({"SWAP": _("调班"), "SUBSTITUTE": _("代班"), "REINFORCE": _("增援")}[line.origin])
    return _("，").join(found)


def due_rows(desk: Desk, now: int) -> list[tuple[Row, duties.Item]]:
    """What stands open and what falls due today."""
    found: list[tuple[Row, duties.Item]] = []
    today = local(now).date()
    for item in duties.due_list(desk, now):
        moment = local(item.due.at)
        tick = item.tick or {}
        done_at, post = tick.get("done_at"), item.duty.text("post")
        state = _(duties.STATES[item.state])
        if item.state is DueState.LATE:
            state = _("超时 {minutes} 分钟").format(minutes=item.late)
        values: dict[str, Value] = {
            "time": f"{moment:%H:%M}" if moment.date() == today else f"{moment:%m-%d %H:%M}",
            "name": item.duty.text("name"),
            "state": state,
            "post": label("duty", "post", post) if post else "",
            "done": f"{local(done_at):%m-%d %H:%M}" if isinstance(done_at, int) else "",
            "by": str(tick.get("by") or ""),
            "note": str(tick.get("note") or ""),
            "code": item.state.value,
        }
        key = named_id("due", item.duty.id.hex(), item.due.key)
        found.append((_row("due", key, len(found), values), item))
    return found


def call_rows(desk: Desk) -> list[tuple[Row, Callee]]:
    """The units to be called, who was not checked for the longest time first."""
    found: list[tuple[Row, Callee]] = []
    for callee in checks.call_list(desk):
        last = "" if callee.last_at is None else f"{local(callee.last_at):%m-%d}"
        result = choice_label(callee.last_result, SPOT_CHECKS["result"]) if callee.last_result else ""
        values: dict[str, Value] = {
            "name": callee.name,
            "number": callee.number,
            "last": last,
            "result": result,
            "code": callee.last_result,
        }
        found.append((_row("calls", callee.unit, len(found), values), callee))
    return found


def month_rows(desk: Desk, month: str) -> list[Row]:
    """The statistics of a month, unit by unit; the whole last."""
    found = checks.month(desk, month)
    lines = [(name, each) for _unit, name, each in found.units]
    if lines:
        lines.append((_("合计"), found.whole))
    return [
        _row("spot_month", named_id("spot_month", str(at)), at, {"name": name, **_figures(each)})
        for at, (name, each) in enumerate(lines)
    ]


def _figures(found: Stats) -> dict[str, Value]:
    return {
        "checks": found.checks,
        "rate": _tenths(found.answered, found.checks),
        "post_rate": _tenths(found.in_post, found.checks),
        "mean": found.mean,
        "p90": found.p90,
        "slow": found.slow,
    }


def _tenths(part: int, whole: int) -> int | None:
    """A percentage in tenths, as `rate` prints it."""
    found = ratio(part * 1_000, whole, 0)
    return None if found is None else int(found)


def post_of(row: Row) -> str:
    """A post's name, for lists that keep its code."""
    post = row.text("post")
    return label("duty", "post", post) if post else ""


def when_of(row: Row) -> str:
    """When a duty is due, for its list."""
    return duties.when_text(row.values)


SIGNS_SHOWN = replace(
    SIGN_INS,
    fields=tuple(
        replace(item, width={"at": 8, "shift": 8, "person": 4, "post": 5, "sign": 4, "note": 6}.get(item.name, 4))
        for item in SIGN_INS.fields
    ),
)
"""The list of signs, narrower."""
VIOLATIONS_SHOWN = replace(
    VIOLATIONS,
    fields=tuple(
        replace(item, width={"at": 8, "kind": 5, "unit": 9, "person": 4, "found_by": 4}.get(item.name, item.width))
        for item in VIOLATIONS.fields
    ),
)
"""The list of violations, narrower."""
CHECKS_SHOWN = replace(
    SPOT_CHECKS,
    fields=tuple(
        replace(item, width={"at": 8, "unit": 9, "seconds": 4, "result": 5, "note": 6}.get(item.name, 5))
        for item in SPOT_CHECKS.fields
    ),
)
"""The list of spot checks, narrower."""
DUTY_SHOWN = Ledger(
    "duties",
    N_("固定工作"),
    (
        replace(DUTIES["name"], width=9),
        Field("time", TEXT, N_("时间"), width=13),
        replace(DUTIES["grace_min"], width=4),
        replace(DUTIES["post"], width=5),
        replace(DUTIES["active"], width=3),
        replace(DUTIES["starts_on"], width=6),
        replace(DUTIES["ends_on"], width=6),
        replace(DUTIES["source"], width=12),
    ),
    order="time",
)
"""The list of duties: the time in words."""
