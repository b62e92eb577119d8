"""The grid of a roster and changes made to it by hand; everything that writes assignments goes through `write`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.core.ids import named_id
from dutydesk.core.reference import rows as table
from dutydesk.core.turns import shift_id
from dutydesk.journal import batches
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Row
from dutydesk.ledger.feature import Change
from dutydesk.ledger.spec import Value
from dutydesk.roster import checks, rules
from dutydesk.roster.facts import Facts, Standing, facts, names_of
from dutydesk.roster.rows import Candidate, Cell, Edit, Grid, Key, RosterProblem, Undo, Was

Values = tuple[bytes | None, str | None, bytes | None, bytes | None]
MOST = 450
"""Changes in one act; a longer piece of work is a batch (house.md §6 allows 500)."""


def where_text(key: Key) -> str:
    """How a refusal names a place."""
    return "/".join(map(str, key))


# -- reading ----------------------------------------------------------------------------------------------------------


def grid(desk: Desk, start: str, end: str) -> Grid:
    """The roster from `start` to `end`. Raises `Refused` for a span that is none."""
    made = facts(desk, start, end)
    people = checks.people_of(made)
    beside: dict[Key, list[str]] = {}
    for problem in checks.problems(made, people):
        beside.setdefault(problem.key, []).append(problem.text)
    cells: dict[Key, Cell] = {}
    for day in made.days:
        crew = made.demand(day.date).crew
        for line in made.lines:
            key = (day.date, line.shift, line.post, line.slot)
            held = made.standing.get(key)
            wanted = line.slot <= crew.get(line.post, 0)
            if held is None and not wanted:
                continue
            cells[key] = _cell(key, held, tuple(beside.get(key, ())), wanted)
    for key, held in made.standing.items():  # what stands in a shift of a former pattern stays in sight
        if key not in cells and start <= key[0] <= end and held.person is not None:
            cells[key] = _cell(key, held, tuple(beside.get(key, ())), False)
    counted = checks.counts(made, people)
    shown = {person for cell in cells.values() for person in (cell.person, cell.planned) if person}
    return Grid(
        start,
        end,
        made.days,
        made.lines,
        cells,
        all(made.is_published(day.date) for day in made.days),
        counted,
        checks.bounds(made),
        names_of(desk, [*counted, *sorted(shown - counted.keys())]),
    )


def _cell(key: Key, held: Standing | None, problems: tuple[str, ...], wanted: bool) -> Cell:
    if held is None:
        return Cell(*key, problems=problems, wanted=wanted)
    return Cell(*key, held.person, held.origin or "", mark_of(held), held.planned, held.row, problems, wanted)


def mark_of(held: Standing) -> str:
    """调 or 代 where an approved swap put someone else here."""
    return _(rules.MARKS.get(held.origin or "", "")) if held.planned and held.planned != held.person else ""


def check(desk: Desk, start: str, end: str) -> list[RosterProblem]:
    """Everything that is wrong with the roster of a span."""
    made = facts(desk, start, end)
    return checks.problems(made, checks.people_of(made))


def candidates(desk: Desk, key: Key) -> list[Candidate]:
    """Who may take a place: nothing against it first, then the deputy of whoever stands there, the standby, the fewest
    duties in that month."""
    month = key[0][:7]
    last = rules.shift_day(rules.shift_day(f"{month}-28", 4)[:7] + "-01", -1)
    made = facts(desk, f"{month}-01", last)
    people = checks.people_of(made)
    held = made.members.get(people.get(key, b""))
    counted = checks.counts(made, people)
    found: list[Candidate] = []
    for person, member in made.members.items():
        if key[2] not in member.posts or person == people.get(key):
            continue
        wrong = tuple(checks.problems(made, {**people, key: person}, only=(key,)))
        why = "DEPUTY" if held is not None and held.deputy == person else "STANDBY" if member.standby else ""
        found.append(Candidate(person, counted[person].total, why, wrong))
    order = {"DEPUTY": 0, "STANDBY": 1, "": 2}
    return sorted(found, key=lambda one: (any(p.hard for p in one.problems), order[one.why], one.total, one.person))


# -- changing ---------------------------------------------------------------------------------------------------------


def assign(desk: Desk, edits: Sequence[Edit], *, reason: str = "", origin: str = "HAND") -> Undo:
    """Put people into places, or nobody, as one act; see `service.assign`."""
    wanted: dict[Key, Edit] = {edit.key: edit for edit in edits}
    if not wanted:
        return Undo()
    made = around(desk, wanted)
    _refuse_strange(desk, made, wanted.values())
    changed: dict[Key, Values] = {}
    for key, edit in wanted.items():
        held = made.standing.get(key)
        before = held.values if held else (None, None, None, None)
        if before[0] == edit.person:
            continue
        planned = (before[2] or before[0]) if made.is_published(key[0]) else None
        changed[key] = (edit.person, origin, planned, None)
    if any(made.is_published(key[0]) for key in changed) and not reason.strip():
        raise Refused(Problem(_("值班表已发布，改动请写明原因"), "reason"))
    soft = refuse_hard(made, {key: values[0] for key, values in changed.items()})
    return Undo(write(desk, made, changed, "roster.assign", reason=reason), soft, reason)


def around(desk: Desk, keys: Iterable[Key]) -> Facts:
    """Facts of the days that hold these places. Raises `Refused` for a date that is none."""
    dates = sorted({rules.parse_day(key[0]).isoformat() for key in keys})
    return facts(desk, dates[0], dates[-1])


def refuse_hard(made: Facts, people: Mapping[Key, bytes | None]) -> tuple[RosterProblem, ...]:
    """Check places as they would stand. Raises `Refused` naming each with its reason where one is hard; the soft ones
    otherwise."""
    after = checks.people_of(made)
    for key, person in people.items():
        after.pop(key, None)
        if person is not None:
            after[key] = person
    found = checks.problems(made, after, only=people)
    hard = [problem for problem in found if problem.hard]
    if hard:
        raise Refused(*(Problem(problem.text, where_text(problem.key)) for problem in hard))
    return tuple(found)


def _refuse_strange(desk: Desk, made: Facts, edits: Iterable[Edit]) -> None:
    codes = {part.code for part in made.pattern.parts}
    problems: list[Problem] = []
    people = {edit.person for edit in edits if edit.person is not None}
    unknown = {person for person in people if desk.get("people", person) is None}
    known = {row["code"] for row in table("duty", "post")} | set(made.posts)
    for edit in edits:
        if edit.shift not in codes:
            problems.append(Problem(_("没有班次“{code}”").format(code=edit.shift), where_text(edit.key)))
        if edit.post not in known and not made.demand(edit.date).crew.get(edit.post):
            problems.append(Problem(_("没有岗位“{code}”").format(code=edit.post), where_text(edit.key)))
        if not 1 <= edit.slot <= 99:
            problems.append(Problem(_("席位从 1 起"), where_text(edit.key)))
        if edit.person in unknown:
            problems.append(Problem(_("通讯录里没有这个人"), where_text(edit.key)))
    if problems:
        raise Refused(*problems)


def undo(desk: Desk, step: Undo) -> Undo:
    """Put back what a change found. Raises `Refused` where one of its places was changed again since."""
    if not step.changed:
        return Undo()
    made = around(desk, [was.key for was in step.changed])
    for was in step.changed:
        held = made.standing.get(was.key)
        if (held.values if held else (None, None, None, None)) != was.after:
            raise Refused(Problem(_("这一格之后又改过，不能撤销"), where_text(was.key)))
    changed = {was.key: was.before for was in step.changed}
    return Undo(write(desk, made, changed, "roster.undo", reason=_("撤销")), (), step.reason)


def exchange(desk: Desk, one: Key, other: Key) -> Undo:
    """Let two places of a draft change their people. Raises `Refused` in a published roster: there it is a swap."""
    made = around(desk, (one, other))
    if made.is_published(one[0]) or made.is_published(other[0]):
        raise Refused(Problem(_("值班表已发布，请提出调班"), where_text(one)))
    held = {key: made.standing[key].person if key in made.standing else None for key in (one, other)}
    edits = [Edit(*one, held[other]), Edit(*other, held[one])]
    _refuse_strange(desk, made, edits)
    changed: dict[Key, Values] = {
        edit.key: (edit.person, "HAND", None, None) for edit in edits if edit.person != held[edit.key]
    }
    soft = refuse_hard(made, {key: values[0] for key, values in changed.items()})
    return Undo(write(desk, made, changed, "roster.exchange"), soft)


def write(
    desk: Desk,
    made: Facts,
    changed: Mapping[Key, Values],
    kind: str,
    *,
    reason: str = "",
    extra: Sequence[Change] = (),
) -> tuple[Was, ...]:
    """Write places as (person, origin, planned, swap), the shifts of a published roster with them, and `extra`, as one
    act; more than `MOST` changes as one batch. What was and what is now, of those that differ."""
    was: list[Was] = []
    changes: list[Change] = list(extra)
    for key, after in changed.items():
        held = made.standing.get(key)
        before = held.values if held else (None, None, None, None)
        if before == after:
            continue
        was.append(Was(key, before, after))
        changes.append(_change(desk, key, held, before, after, reason))
    people = checks.people_of(made)
    for one in was:
        people.pop(one.key, None)
        if one.after[0] is not None:
            people[one.key] = one.after[0]
    dates = sorted({one.key[0] for one in was if made.is_published(one.key[0])})
    changes += crew_changes(desk, made, people, dates)
    if len(changes) > MOST:
        batches.write(desk.store, kind, changes, by=desk.me.id, note=reason, size=MOST)
    elif changes:
        desk.act(kind, changes, note=reason)
    return tuple(was)


def _change(desk: Desk, key: Key, held: Standing | None, before: Values, after: Values, reason: str) -> Change:
    names = ("person", "origin", "planned", "swap")
    values: dict[str, Value] = {
        name: new for name, old, new in zip(names, before, after, strict=True) if held is None or old != new
    }
    if reason:
        values["note"] = reason[:200]
    if held is not None:
        return Change("assignments", held.row, values)
    date, shift, post, slot = key
    values = {name: value for name, value in values.items() if value is not None}
    values |= {"date": date, "shift": shift, "post": post, "slot": slot}
    row = named_id("assignments", desk.config.district, date, shift, post, str(slot))
    if desk.get("assignments", row) is not None:  # it was taken off the list: this is another one
        return desk.new("assignments", values)
    return Change("assignments", row, values, new=True)


def crew_changes(desk: Desk, made: Facts, people: Mapping[Key, bytes], dates: Sequence[str]) -> list[Change]:
    """What makes the rows of `shifts` on these days say what the roster says (slot 1 of each post), for shifts that are
    not over: board, duty log and sheets read them."""
    if not dates:
        return []
    now = desk.clock.now()
    held: dict[tuple[str, str], Row] = {}
    for row in desk.rows("shifts", Condition("date", ">=", dates[0]), Condition("date", "<=", dates[-1])):
        held[row.text("date"), row.text("code")] = row
    columns = {row["code"]: str(row["column"]) for row in table("roster", "post") if row["column"]}
    changes: list[Change] = []
    for date in dates:
        for part in made.pattern.parts:
            shift = made.shift(date, part.code)
            if shift.end <= now:
                continue
            places = {column: (date, part.code, post, 1) for post, column in columns.items()}
            told = {column: key for column, key in places.items() if key in people or key in made.standing}
            crew: dict[str, Value] = {column: people.get(key) for column, key in told.items()}
            row = held.get((date, part.code))
            if row is not None:
                different = {name: value for name, value in crew.items() if row.values.get(name) != value}
                changes += [Change("shifts", row.id, different)] if different else []
                continue
            values: dict[str, Value] = {"date": date, "code": part.code, "starts_at": shift.start, "ends_at": shift.end}
            values |= {name: value for name, value in crew.items() if value is not None}
            made_id = shift_id(desk.config.district, date, part.code)
            gone = desk.get("shifts", made_id) is not None
            changes.append(desk.new("shifts", values) if gone else Change("shifts", made_id, values, new=True))
    return changes
