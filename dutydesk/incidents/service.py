"""What is done with incidents, and what is asked of them.

A row of `incidents` says how things stand; how they came to stand so is in the journal (`timeline`), so that every
version of the casualty numbers is kept (瞒报, 谎报 and 漏报 are forbidden, domain.md §4.5). A figure that falls, a
closing without a report and a reopening need a reason. Every command writes its line into the duty log.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from dutydesk.core.clock import MINUTE
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.core.ids import CLI, SYSTEM
from dutydesk.core.reference import label
from dutydesk.incidents import clocks as timing
from dutydesk.incidents import lines, rules
from dutydesk.incidents.clocks import Timed
from dutydesk.incidents.ledger import INCIDENTS
from dutydesk.incidents.rules import CLOSED, Harm, Suggestion
from dutydesk.journal import history
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.ledger.feature import Change
from dutydesk.ledger.rows import parse_row
from dutydesk.ledger.spec import Value, Values

NEW, OPEN = "NEW", "OPEN"
SLACK = 5 * MINUTE
"""A wall clock that runs fast is no reason to refuse (as for entries of the log)."""
LOGGED = ("state", "grade", "dead", "missing", "trapped", "serious", "injured", "loss_wan", "measures", "type", "place")
"""Fields whose change is worth a line of the duty log."""
HARM = ("dead", "missing", "trapped", "serious", "injured", "loss_wan")
OWN = ("no", "phoned_at", "phoned_to", "reported_at", "reported_to")
"""Fields that a form does not write: number and evidence have their own commands."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened to an incident: when, what in words, who wrote it, and why when a reason was given.
    `kind` is MADE, CHANGED or LOG; `log` the row of the duty log it is."""

    at: int
    recorded_at: int
    kind: str
    text: str
    by: str = ""
    note: str = ""
    log: bytes = field(default=b"", repr=False)


# -- writing -----------------------------------------------------------------------------------------------------------


def intake(desk: Desk, texts: Mapping[str, str]) -> Row:
    """Take in a report: `texts` by field name, as a form or the command line has them; time, type, place and what
    happened must be there. The time of receipt is now when not given, the state 待核, the number the desk's next.

    Raises `Refused` with one problem a field, and writes nothing.
    """
    given = {name: text for name, text in texts.items() if name not in OWN}
    if not given.get("received_at", "").strip():
        given.pop("received_at", None)
    values, problems = parse_row(INCIDENTS, given, resolve=desk.resolve, partial=True)
    wrong = {problem.field for problem in problems}
    try:
        return add(desk, values, unread=wrong)
    except Refused as refused:
        raise Refused(*problems, *refused.problems) from None


def add(
    desk: Desk,
    values: Values,
    unread: Collection[str] = (),
    more: Callable[[bytes], Sequence[Change]] | None = None,
) -> Row:
    """As `intake`, from values; `unread` names fields whose text nobody could read, which are refused all the same.
    `more` gives what else belongs to the act, from the incident's id."""
    now = desk.clock.now()
    given = {name: value for name, value in values.items() if value is not None and name not in OWN}
    if "received_at" not in unread:
        given.setdefault("received_at", now)
    given.setdefault("state", NEW)
    problems = [
        Problem(_("必填"), item.name)
        for item in INCIDENTS.fields
        if item.required and item.name not in given and item.name not in unread
    ]
    problems += _impossible(given, now)
    if problems or unread:
        raise Refused(*problems)
    received = given["received_at"]
    assert isinstance(received, int)
    made = desk.new("incidents", given)
    desk.act("incident.add", [made, *(more(made.row) if more else ())], happened_at=received)
    return _held(desk, made.row)


def update(desk: Desk, row: bytes, texts: Mapping[str, str], note: str = "") -> Row:
    """Change what `texts` name; `note` says why. See `change`."""
    given = {name: text for name, text in texts.items() if name not in OWN}
    values, problems = parse_row(INCIDENTS, given, resolve=desk.resolve, partial=True)
    if problems:
        raise Refused(*problems)
    return change(desk, row, values, note)


def change(desk: Desk, row: bytes, values: Values, note: str = "") -> Row:
    """Write values that differ, and a line of the duty log for those that matter.

    A casualty figure that falls, closing an incident that nobody has reported although a clock runs, and opening it
    again need a note; raises `Refused` with a problem for the field `note`.
    """
    held = _held(desk, row)
    now = desk.clock.now()
    note = note.strip()
    different = {name: value for name, value in values.items() if held.values.get(name) != value}
    if not different:
        return held
    after = {**held.values, **different}
    problems = _impossible(after, now)
    required = [item.name for item in INCIDENTS.fields if item.required]
    problems += [Problem(_("必填"), name) for name in required if name in different and different[name] is None]
    if not note:
        problems += [Problem(reason, "note") for reason in _reasons_wanted(desk, held, after, now)]
    if problems:
        raise Refused(*problems)
    edit = desk.edit("incidents", row, different)
    assert edit is not None
    told = [lines.difference(name, held.values.get(name), different[name]) for name in LOGGED if name in different]
    changes = [edit]
    if told:
        text = _("{title} {what}").format(title=lines.title(after), what=_("；").join(told))
        changes.append(_log(desk, after, row, now, text + (_("。{note}").format(note=note) if note else "")))
    desk.act("incident.edit", changes, note=note)
    return _held(desk, row)


def set_state(desk: Desk, row: bytes, state: str, note: str = "") -> Row:
    """Change the state; 已转出 and 误报 want a note that says to whom or why. See `change`."""
    if state in ("PASSED", "FALSE_ALARM") and not note.strip() and _held(desk, row).get("state") != state:
        reason = _("写明转给谁") if state == "PASSED" else _("写明怎么核实的")
        raise Refused(Problem(reason, "note"))
    return change(desk, row, {"state": state}, note)


def first_report(desk: Desk, row: bytes, to: str, how: str, at: int | None = None, receipt: str = "") -> Row:
    """Record that the incident was reported: to whom, how (PHONE, WRITTEN, SYSTEM), when, and the number of the
    document or who took it. Nothing else stops a clock.

    By telephone it answers the telephone clock where one runs; otherwise it is the first report. A further receiver is
    added to the first one and leaves its time alone. Raises `Refused` without receiver, for a time in the future or
    before the report came in.
    """
    now = desk.clock.now()
    held = _held(desk, row)
    moment = now - now % MINUTE if at is None else at
    channel = label("report_rules", "channel", how)
    problems: list[Problem] = []
    if not to.strip():
        problems.append(Problem(_("写明报给谁"), "to"))
    if channel == how:
        problems.append(Problem(_("选报送方式"), "how"))
    if moment > now + SLACK:
        problems.append(Problem(_("时间还没有到"), "at"))
    received = held.get("received_at")
    if isinstance(received, int) and moment < received - received % MINUTE:
        problems.append(Problem(_("早于接报时间"), "at"))
    if problems:
        raise Refused(*problems)
    evidence = " ".join(part for part in (to.strip(), channel, receipt.strip()) if part)
    phone = how == "PHONE" and any(one.running and one.clock.step == timing.PHONE_STEP for one in clocks(desk, held))
    at_name, to_name = ("phoned_at", "phoned_to") if phone else ("reported_at", "reported_to")
    values: dict[str, Value] = {to_name: _joined(held.text(to_name), evidence)}
    if held.get(at_name) is None:
        values[at_name] = moment
    if held.get("state") == NEW:
        values["state"] = OPEN
    edit = desk.edit("incidents", row, values)
    if edit is None:
        return held
    text = _("{title} 已报 {to}").format(title=lines.title(held.values), to=evidence)
    line = _log(desk, held.values, row, moment, text, direction="OUT", party=to.strip(), means=_MEANS[how])
    desk.act("incident.report", [edit, line], happened_at=moment)
    return _held(desk, row)


_MEANS = {"PHONE": "PHONE", "WRITTEN": "PAPER", "SYSTEM": "SYSTEM"}


def add_note(desk: Desk, row: bytes, text: str, **fields: Value) -> Row:
    """Write what happened next (进展) into the duty log, linked with the incident; an incident that was 待核 is being
    handled from then on."""
    held = _held(desk, row)
    if not text.strip():
        raise Refused(Problem(_("必填"), "text"))
    now = desk.clock.now()
    changes = [_log(desk, held.values, row, now, text.strip(), **fields)]
    if held.get("state") == NEW:
        changes.append(Change("incidents", row, {"state": OPEN}))
    desk.act("incident.note", changes)
    return _held(desk, row)


# -- reading -----------------------------------------------------------------------------------------------------------


def suggest(texts: Mapping[str, str]) -> Suggestion | None:
    """The grade that the figures in a half-filled form speak for; what cannot be read yet counts as not known."""
    wanted = {name: texts[name] for name in ("type", *HARM) if texts.get(name, "").strip()}
    values, _problems = parse_row(INCIDENTS, wanted, partial=True)
    return suggestion(values)


def suggestion(values: Values) -> Suggestion | None:
    """The grade that the figures of an incident speak for."""
    event_type = str(values.get("type") or "")
    return rules.suggest_grade(Harm.of(values), event_type, lines.grades()) if event_type else None


def clocks(desk: Desk, row: Row, now: int | None = None) -> tuple[Timed, ...]:
    """The reporting clocks of an incident, the next due first, as the settings of this desk have them."""
    at = desk.clock.now() if now is None else now
    with desk.store.read() as connection:
        in_force = timing.rules_here(connection)
        closed_at = _closed_at(connection, desk, row) if row.get("state") in CLOSED else None
    return timing.timed(row.values, in_force, at, closed_at)


def timeline(desk: Desk, row: Row) -> list[Moment]:
    """Everything that happened to an incident, oldest first: what was written about it, every version of its figures,
    and the entries of the duty log that name it."""
    with desk.store.read() as connection:
        versions = history.history(connection, desk.store.schema["incidents"], row.id)
    entries = desk.rows("log", q.Condition("incident", "=", row.id))
    own = {version.act for version in versions}
    names = _Names(desk)
    now: dict[str, Value] = {}
    found: list[Moment] = []
    for version in versions:
        if version.made:
            text = _told(version.values)
        else:
            text = _("；").join(
                lines.difference(item.name, now.get(item.name), version.values[item.name])
                for item in INCIDENTS.fields
                if item.name in version.values and item.name not in ("phoned_at", "reported_at")
            )
        now |= version.values
        if not text:
            continue
        kind = "MADE" if version.made else "CHANGED"
        found.append(Moment(version.happened_at, version.recorded_at, kind, text, names(version.by), version.note))
    noted = {version.act for version in versions if not version.made and version.kind == "incident.note"}
    for entry in entries:
        if entry.act in own and entry.act not in noted:
            continue
        text = "  ".join(part for part in (entry.text("party"), entry.text("text")) if part)
        if entry.text("handling"):
            text = text.removesuffix("。") + _("；处置：{handling}").format(handling=entry.text("handling"))
        at, recorded = entry.number("happened_at"), entry.number("recorded_at")
        found.append(Moment(at, recorded or at, "LOG", text, entry.text("recorder"), "", entry.id))
    return sorted(found, key=lambda moment: (moment.at, moment.recorded_at))


def figures(desk: Desk, row: Row) -> list[tuple[int, Harm]]:
    """Every version of the casualty numbers: when it was written, and what it said; the first one first."""
    with desk.store.read() as connection:
        versions = history.history(connection, desk.store.schema["incidents"], row.id)
    now: dict[str, Value] = {}
    found: list[tuple[int, Harm]] = []
    for version in versions:
        now |= version.values
        harm = Harm.of(now)
        if not found or found[-1][1] != harm:
            found.append((version.recorded_at, harm))
    return found


def one_line(desk: Desk, row: Row) -> str:
    """The incident as one masked line for a group chat."""
    region = row.values.get("region")
    told = lines.one_line(row.values, desk.title("regions", region) if isinstance(region, bytes) else "")
    return desk.placed(row, told)


def find(desk: Desk, wanted: str | bytes) -> Row:
    """An incident by its number (`31`, `2026-0031`), its id, or the row's own 16 bytes. Raises `Refused`."""
    if isinstance(wanted, bytes):
        return _held(desk, wanted)
    with desk.store.read() as connection:
        return q.find(connection, desk.store.schema["incidents"], wanted)


# -- inside ------------------------------------------------------------------------------------------------------------


class _Names:
    """Names of authors, each asked once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._known: dict[str, str] = {CLI: _("命令行"), SYSTEM: _("系统")}

    def __call__(self, by: str) -> str:
        if by not in self._known:
            self._known[by] = self._desk.title("people", bytes.fromhex(by)) if len(by) == 32 else by
        return self._known[by]


def _told(values: Values) -> str:
    """What the first report said: what happened, the harm, what was done."""
    parts = [str(values.get("text") or ""), rules.harm_text(Harm.of(values), lines.grades())]
    if values.get("measures"):
        parts.append(_("处置：{measures}").format(measures=values["measures"]))
    return _("接报：{what}").format(what=_("；").join(part.strip(" 。;；\n") for part in parts if part))


def _held(desk: Desk, row: bytes) -> Row:
    held = desk.get("incidents", row)
    if held is None:
        raise Refused(_("要改的这一条已不在{title}里").format(title=_(INCIDENTS.title)))
    return held


def _joined(before: str, more: str) -> str:
    return _("；").join((before, more)) if before and more not in before else before or more


def _log(desk: Desk, values: Values, row: bytes, at: int, text: str, **fields: Value) -> Change:
    made = lines.entry(values, at, text, row=row, recorder=desk.me.name, recorded_at=desk.clock.now())
    return desk.new("log", made | fields)


def _impossible(values: Values, now: int) -> list[Problem]:
    """Times that cannot be."""
    happened, received = values.get("happened_at"), values.get("received_at")
    problems: list[Problem] = []
    for name, at in (("happened_at", happened), ("received_at", received)):
        if isinstance(at, int) and at > now + SLACK:
            problems.append(Problem(_("时间还没有到"), name))
    if not problems and isinstance(happened, int) and isinstance(received, int) and happened > received + SLACK:
        problems.append(Problem(_("事发时间晚于接报时间"), "happened_at"))
    return problems


def _reasons_wanted(desk: Desk, held: Row, after: Values, now: int) -> Sequence[str]:
    """Why a change needs a note."""
    wanted = list(rules.casualty_regress(Harm.of(held.values), Harm.of(after), lines.grades()))
    before, state = held.get("state"), after.get("state")
    if before in CLOSED and state not in CLOSED:
        wanted.append(_("已办结的事件重新打开，请写明原因"))
    if state in CLOSED and before not in CLOSED and state != "FALSE_ALARM":
        running = [one.clock.label for one in clocks(desk, held, now) if one.running]
        if running:
            wanted.append(_("还没有报送（{what}），不报请写明原因").format(what=_("、").join(running)))
    return wanted


def _closed_at(connection: Connection, desk: Desk, row: Row) -> int | None:
    """When the incident was last closed."""
    versions = history.history(connection, desk.store.schema["incidents"], row.id)
    found: int | None = None
    state: Value = None
    for version in versions:
        if "state" in version.values:
            if version.values["state"] in CLOSED and state not in CLOSED:
                found = version.recorded_at
            state = version.values["state"]
    return found
