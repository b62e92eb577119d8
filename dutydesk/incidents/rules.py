"""What the rules say about an incident: its grade, when it must be reported, whether figures fell, one line of it.

Pure functions; the thresholds and deadlines come in as the parsed `resources/reference/incident_grades.json` and
`report_rules.json`, each row with its source. “以上” includes the number, “以下” excludes it, so every threshold is
a lower bound that counts itself. The fields are those of the ledger `incidents`; `loss_wan` is an integer of 0.01 万元.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Literal

from dutydesk.core.clock import MINUTE, local
from dutydesk.core.i18n import N_, _, pick
from dutydesk.core.privacy import mask_phones

Values = Mapping[str, int | str | bytes | None]
Tables = Mapping[str, Any]
ClockState = Literal["RUNNING", "DUE_SOON", "OVERDUE", "DONE", "WAIVED"]
CLOSED = ("CLOSED", "PASSED", "FALSE_ALARM")
UNITS = (N_("人"), N_("万元"), N_("公顷"))
_LOOSE_ENDS = re.compile(r"[\s。;；,，]+$")


@dataclass(frozen=True, slots=True)
class Harm:
    """People and losses; None is “not known yet”, which is not 0.

    `loss_wan` in 0.01 万元, `area_hm2` in 0.01 公顷, the others whole people. `threatened` and `in_danger` are people
    who are not harmed yet.
    """

    dead: int | None = None
    missing: int | None = None
    trapped: int | None = None
    serious: int | None = None
    injured: int | None = None
    loss_wan: int | None = None
    area_hm2: int | None = None
    threatened: int | None = None
    in_danger: int | None = None
    evacuated: int | None = None

    @classmethod
    def of(cls, values: Values) -> Harm:
        """The harm in the fields of an incident, by name; whatever else is there is passed over."""
        known = {item.name: values.get(item.name) for item in fields(cls)}
        return cls(**{name: value for name, value in known.items() if isinstance(value, int)})

    @property
    def trapped_missing(self) -> int:
        """被困或下落不明, counted together (总局令第21号 art. 26)."""
        return (self.trapped or 0) + (self.missing or 0)

    @property
    def report_deaths(self) -> int:
        """Dead and missing together: for the thresholds of reporting only, never for the grade (domain.md §4.5)."""
        return (self.dead or 0) + (self.missing or 0)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A grade that the figures speak for, and the sentences that say why. A person decides."""

    grade: str
    because: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Clock:
    """One deadline of one incident: which rule, what is sent how to whom, by when, and where that is written."""

    rule: str
    label: str
    step: str
    channel: str
    to: str
    started_at: int
    due_at: int
    source: str


def _applies(code: str, row: Mapping[str, Any], key: str = "prefixes") -> bool:
    return code.startswith(tuple(row[key])) and not code.startswith(tuple(row.get("except", ("-",))))


def grade_label(grade: str, tables: Tables) -> str:
    """较大 for `L3`; the code itself when it is unknown."""
    for row in tables["tables"]["grade"]["rows"]:
        if row["code"] == grade:
            return pick(row)
    return grade


def heavier(one: str, other: str, tables: Tables) -> str:
    """The worse of two grades; an empty one is lighter than any."""
    order = [row["code"] for row in tables["tables"]["grade"]["rows"]]
    return min((one, other), key=lambda grade: order.index(grade) if grade in order else len(order))


def suggest_grade(harm: Harm, event_type: str, tables: Tables) -> Suggestion | None:
    """The grade by the first table that covers the event type: 国务院令第493号 art. 3 for accidents (12xxx), the
    tables of domain.md §4.3 for others; None where no table covers the type or its figures reach no grade.

    The worst column decides. An accident that only endangers (较大涉险) ranks between 一般 and 较大.
    """
    table = next((row for row in tables["tables"]["grade_table"]["rows"] if _applies(event_type, row)), None)
    if table is None:
        return None
    grade, because = "", list[str]()
    for column in table["columns"]:
        value = getattr(harm, column["field"])
        if value is None:
            continue
        reached = [name for name, least in column["least"].items() if value > 0 and value >= least * column["scale"]]
        found = ""
        for name in reached:
            found = heavier(found, name, tables)
        if found:
            grade = heavier(grade, found, tables)
            because.append(
                _("{what} {value} {unit}：{grade}").format(
                    what=pick(column),
                    value=_plain(value, column["scale"]),
                    unit=_(column["unit"]),
                    grade=grade_label(found, tables),
                )
            )
    if not grade and table["floor"]:
        grade = str(table["floor"])
        because.append(_("未达更高等级，按{grade}起报").format(grade=grade_label(grade, tables)))
    danger = _danger(harm, event_type, tables)
    if danger and heavier(grade, "SUSPECTED", tables) == "SUSPECTED":
        grade = "SUSPECTED"
        because += danger
    return Suggestion(grade, tuple(because), str(table["source"])) if grade else None


def _danger(harm: Harm, event_type: str, tables: Tables) -> list[str]:
    """Why an accident is 较大涉险, one sentence a threshold that is reached (总局令第21号 art. 26)."""
    table = tables["tables"]["suspected"]
    if not _applies(event_type, table):
        return []
    counts = {
        "in_danger": max(harm.in_danger or 0, harm.trapped_missing),
        "trapped_missing": harm.trapped_missing,
        "evacuated": harm.evacuated or 0,
    }
    return [
        _("{what} {value} {unit}：{grade}").format(
            what=pick(row),
            value=counts[row["field"]],
            unit=_(row["unit"]),
            grade=grade_label("SUSPECTED", tables),
        )
        for row in table["rows"]
        if counts[row["field"]] >= row["least"]
    ]


def _plain(value: int, scale: int) -> str:
    if scale == 1:
        return str(value)
    return f"{(Decimal(value) / scale).normalize():f}"


def casualty_regress(before: Harm, after: Harm, tables: Tables) -> tuple[str, ...]:
    """One sentence for each figure that fell or was taken back: to be saved only with a reason, since figures of one
    process do not fall by themselves (domain.md §4.6). People set free (trapped) are no regress."""
    found: list[str] = []
    for row in tables["tables"]["harm"]["rows"]:
        if row["code"] == "trapped":
            continue
        old, new = getattr(before, row["code"]), getattr(after, row["code"])
        if old and (new is None or new < old):
            scale = 100 if row["code"] == "loss_wan" else 1
            now = _("未填") if new is None else _plain(new, scale)
            found.append(
                _("{what}由 {old} 减为 {new}，请写明原因").format(what=pick(row), old=_plain(old, scale), new=now)
            )
    return tuple(found)


def report_clocks(values: Values, rules: Tables) -> tuple[Clock, ...]:
    """The deadlines of an incident by the active rows of `report_rules.json`, the next due first.

    A rule covers an event class (the first digits of `type`) and grades ('' = not graded yet). A clock that starts at
    `happened_at` starts at `received_at` while the former is unknown; without either there is no clock. `least_lost`
    rows need that many dead and missing.
    """
    event_type, grade = str(values.get("type") or ""), str(values.get("grade") or "")
    lost = Harm.of(values).report_deaths
    clocks: list[Clock] = []
    for row in rules["tables"]["report_rule"]["rows"]:
        if not row["active"] or grade not in row["grades"] or not _applies(event_type, row, "classes"):
            continue
        if lost < row.get("least_lost", 0):
            continue
        start = values.get(row["clock"])
        if not isinstance(start, int):
            start = values.get("received_at")
        if isinstance(start, int):
            due = start + row["minutes"] * MINUTE
            clocks.append(
                Clock(row["code"], pick(row), row["step"], row["channel"], row["to"], start, due, row["source"])
            )
    return tuple(sorted(clocks, key=lambda clock: (clock.due_at, clock.rule)))


def clock_state(
    clock: Clock, now: int, done_at: int | None = None, waived: bool = False, soon_percent: int = 25
) -> ClockState:
    """RUNNING, DUE_SOON once at most `soon_percent` of the time is left, OVERDUE after the due time (which itself is
    in time); DONE and WAIVED stop the clock. Reckoned from the due time, so a restart or a changed clock loses nothing.
    """
    if done_at is not None:
        return "DONE"
    if waived:
        return "WAIVED"
    if now > clock.due_at:
        return "OVERDUE"
    left, whole = clock.due_at - now, clock.due_at - clock.started_at
    return "DUE_SOON" if left * 100 <= whole * soon_percent else "RUNNING"


def event_path(code: str, codes: Tables) -> tuple[str, ...]:
    """The labels from class to type: 自然灾害, 水旱灾害, 内涝; empty for an unknown code."""
    by_code = {row["code"]: row for row in codes["tables"]["event_code"]["rows"]}
    path: list[str] = []
    while code in by_code:
        path.insert(0, pick(by_code[code]))
        code = by_code[code]["parent"]
    return tuple(path)


def harm_text(harm: Harm, tables: Tables) -> str:
    """死亡 1 人、被困 3 人; 无人员伤亡 when dead to injured are all 0; 伤亡待核 while nothing is known."""
    parts: list[str] = []
    known = list[int]()
    for row in tables["tables"]["harm"]["rows"]:
        value = getattr(harm, row["code"])
        if value:
            scale = 100 if row["code"] == "loss_wan" else 1
            number = _plain(value, scale)
            parts.append(_("{what} {value} {unit}").format(what=pick(row), value=number, unit=_(row["unit"])))
        if value is not None and row["code"] != "loss_wan":
            known.append(value)
    if not any(known):
        parts.insert(0, _("无人员伤亡") if known else _("伤亡待核"))
    return _("、").join(parts)


def one_line(values: Values, tables: Tables, *, type_label: str = "", region: str = "") -> str:
    """The incident in one line, for the duty log and for WeChat: numbers of people masked, no line break, whoever
    called is left out because a name is of no use to a group.

    `type_label` and `region` are what the type's code and the region's id are called.
    """
    at = values.get("happened_at") if values.get("happened_at") is not None else values.get("received_at")
    grade = grade_label(str(values.get("grade") or ""), tables)
    head = "·".join(part for part in (type_label, grade) if part)
    place = f"{region}{values.get('place') or ''}"
    pieces = [
        f"#{values['no']}" if values.get("no") else "",
        f"【{head}】" if head else "",
        f"{local(at):%m-%d %H:%M}" if isinstance(at, int) else "",
        place,
    ]
    facts = [str(values.get("text") or "").strip(), harm_text(Harm.of(values), tables)]
    measures = str(values.get("measures") or "").strip()
    if measures:
        facts.append(_("处置：{measures}").format(measures=measures))
    body = _("；").join(_LOOSE_ENDS.sub("", fact) for fact in facts if fact) + "。"
    line = " ".join(piece for piece in pieces if piece) + _("：") + body
    return mask_phones(" ".join(line.split()))
