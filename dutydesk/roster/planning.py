"""Generating a roster: what the record says becomes numbers for the solver, and its answer a plan with reasons."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import N_, _
from dutydesk.journal.desk import Desk
from dutydesk.roster import checks, rules, solver
from dutydesk.roster.cells import Values, refuse_hard, write
from dutydesk.roster.checks import Turn
from dutydesk.roster.facts import Facts, facts, names_of, nobody
from dutydesk.roster.rows import Fair, Key, Placed, Plan, Undo, Unfilled, Widened

BACK = 62
"""Days before a span in which the rotation looks for who stood last."""
COUNT_LABELS = {"total": N_("总数"), "weekend": N_("周末"), "holiday": N_("节假日"), "night": N_("夜班")}
Stopwatch = Callable[[], float]
Solve = Callable[[solver.Task], frozenset[solver.Choice]]


@dataclass
class _Work:
    """The span in numbers: people, turns and posts by their position here."""

    made: Facts
    turns: list[Turn]
    duties: list[rules.Duty]
    people: list[bytes]
    posts: list[str]
    kept: dict[Key, bytes]
    wanted: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])
    may: list[solver.Choice] = field(default_factory=list[solver.Choice])
    cliques: list[frozenset[int]] = field(default_factory=list[frozenset[int]])
    ranks: dict[tuple[int, str], list[int]] = field(default_factory=dict[tuple[int, str], list[int]])
    """By post and class of day, each person's place in the rotation."""


def generate(
    desk: Desk,
    start: str,
    end: str,
    *,
    keep: bool = True,
    seed: int = 0,
    solve: Solve = solver.solve,
    stopwatch: Stopwatch = time.perf_counter,
) -> Plan:
    """See `service.generate`."""
    began = stopwatch()
    made = facts(desk, start, end, around=BACK)
    if not made.members:
        raise Refused(Problem(_("还没有值班人员，请先登记谁能任哪个岗位"), "roster_people"))
    work = _prepare(made, keep, seed)
    shares = checks.shares(made)
    bounds = _bounds(work, shares)
    hint = _greedy(work)
    task = solver.Task(
        tuple(work.may), work.wanted, tuple(work.cliques), tuple(bounds), frozenset(hint), seed
    )  # fmt: skip
    chosen = solve(task)
    placed = _seated(work, chosen)
    names = names_of(desk, made.members)
    return Plan(
        start,
        end,
        tuple(Placed(*key, person) for key, person in sorted(placed.items(), key=_order(work))),
        tuple(_unfilled(work, placed)),
        tuple(_fairness(made, placed)),
        tuple(_widened(work, shares, placed, names)),
        stopwatch() - began,
    )


def _order(work: _Work) -> Callable[[tuple[Key, bytes]], tuple[str, int, int, int]]:
    codes = {part.code: n for n, part in enumerate(work.made.pattern.parts)}
    posts = {post: n for n, post in enumerate(work.made.posts)}

    def key(entry: tuple[Key, bytes]) -> tuple[str, int, int, int]:
        date, shift, post, slot = entry[0]
        return (date, codes.get(shift, 99), posts.get(post, 99), slot)

    return key


def _prepare(made: Facts, keep: bool, seed: int) -> _Work:
    turns = checks.turns_of(made)
    shifts = [made.shift(turn.date, turn.shift) for turn in turns]
    duties = [rules.Duty(shift.start, shift.end) for shift in shifts]
    posts = sorted({post for turn in turns for post in made.demand(turn.date).crew}, key=_post_order(made))
    people = list(made.members)
    kept: dict[Key, bytes] = {}
    before: dict[bytes, list[rules.Duty]] = {}
    for key, person in checks.people_of(made).items():
        inside = made.start <= key[0] <= made.end
        if inside and (keep or made.is_published(key[0])):
            kept[key] = person
        if not inside or key in kept:
            duty = made.duty(key[0], key[1])
            if duty is not None:
                before.setdefault(person, []).append(duty)
    work = _Work(made, turns, duties, people, posts, kept)
    rest = made.numbers.rest
    free = [
        [not any(rules.clash(duty, other, rest) for other in before.get(person, ())) for duty in duties]
        for person in people
    ]
    for at, turn in enumerate(turns):
        crew = made.demand(turn.date).crew
        for n, post in enumerate(posts):
            slots = range(1, crew.get(post, 0) + 1)
            open_slots = [slot for slot in slots if (turn.date, turn.shift, post, slot) not in kept]
            if not open_slots or made.is_published(turn.date):
                continue
            work.wanted[at, n] = len(open_slots)
            work.may += [
                (who, at, n) for who, person in enumerate(people) if free[who][at] and made.may(person, post, turn.date)
            ]
    for at, duty in enumerate(duties):
        later = range(at, len(duties))
        clique = frozenset(n for n in later if n == at or rules.clash(duty, duties[n], rest))
        work.cliques.append(clique)
    _rotate(work, seed)
    return work


def _post_order(made: Facts) -> Callable[[str], tuple[int, str]]:
    known = {post: n for n, post in enumerate(made.posts)}

    def key(post: str) -> tuple[int, str]:
        return (known.get(post, 99), post)

    return key


def _class(turn: Turn) -> str:
    """Each class of day has a rotation of its own (domain.md §3.5)."""
    return "holiday" if turn.tags[2] else "weekend" if turn.tags[1] else "work"


def _rotate(work: _Work, seed: int) -> None:
    """Where the rotation stands: after whoever stood last at that post on that class of day before the span."""
    made, index = work.made, {person: n for n, person in enumerate(work.people)}
    last: dict[tuple[int, str], tuple[str, int]] = {}
    for (date, _shift, post, _slot), person in checks.people_of(made).items():
        if date >= made.start or person not in index or post not in work.posts:
            continue
        day = made.day(date)
        kind = "holiday" if day.holiday else "weekend" if day.weekend else "work"
        place = (work.posts.index(post), kind)
        last[place] = max(last.get(place, ("", 0)), (date, index[person]))
    count = len(work.people)
    for n in range(len(work.posts)):
        for offset, kind in enumerate(("work", "weekend", "holiday")):
            # Without a past the rotations begin apart, so that not the same people have every first day.
            cursor = last[n, kind][1] + 1 if (n, kind) in last else (seed + offset * 7 + n * 3) % count
            work.ranks[n, kind] = [(who - cursor) % count for who in range(count)]


def _bounds(work: _Work, shares: Mapping[str, Mapping[bytes, tuple[tuple[int, int], ...]]]) -> list[solver.Bound]:
    """The fair share as bounds; a count that counts the same turns as another is asked once."""
    sets = _turn_sets(work)
    done: dict[tuple[int, str], list[int]] = {}
    places = {(turn.date, turn.shift): at for at, turn in enumerate(work.turns)}
    index = {person: n for n, person in enumerate(work.people)}
    for (date, shift, post, _slot), person in work.kept.items():
        if person in index and (date, shift) in places:
            done.setdefault((index[person], post), []).append(places[date, shift])
    found: list[solver.Bound] = []
    for n, post in enumerate(work.posts):
        for person, pairs in shares.get(post, {}).items():
            who = index[person]
            seen: set[frozenset[int]] = set()
            for turns, (low, high) in zip(sets, pairs, strict=True):
                if turns and turns not in seen:
                    seen.add(turns)
                    given = sum(1 for at in done.get((who, post), ()) if at in turns)
                    found.append(solver.Bound(who, n, turns, low, high, given))
    return found


def _turn_sets(work: _Work) -> list[frozenset[int]]:
    """The turns that each of `rules.COUNTS` counts."""
    return [frozenset(at for at, turn in enumerate(work.turns) if turn.tags[n]) for n in range(len(rules.COUNTS))]


def _greedy(work: _Work) -> set[solver.Choice]:
    """A roster in turn: at each place whoever has had the fewest such days, then the fewest in all, then by the
    rotation. The solver begins with it, so that the rotation decides where nothing else does."""
    able: dict[tuple[int, int], list[int]] = {}
    for who, at, post in work.may:
        able.setdefault((at, post), []).append(who)
    had: dict[tuple[int, int, str], int] = {}
    total: dict[tuple[int, int], int] = {}
    last: dict[int, int] = {}
    reach = [max(clique) for clique in work.cliques]
    chosen: set[solver.Choice] = set()
    for at in range(len(work.turns)):
        kind = _class(work.turns[at])
        posts = [post for post in range(len(work.posts)) if (at, post) in work.wanted]
        for post in sorted(posts, key=lambda one: len(able.get((at, one), ()))):
            ranks = work.ranks[post, kind]
            free = [who for who in able.get((at, post), ()) if who not in last or reach[last[who]] < at]
            free.sort(key=lambda w: (had.get((w, post, kind), 0), total.get((w, post), 0), ranks[w]))
            for who in free[: work.wanted[at, post]]:
                chosen.add((who, at, post))
                last[who] = at
                had[who, post, kind] = had.get((who, post, kind), 0) + 1
                total[who, post] = total.get((who, post), 0) + 1
    return chosen


def _seated(work: _Work, chosen: Iterable[solver.Choice]) -> dict[Key, bytes]:
    """Everyone in a slot: what was kept where it was, the others in the free ones by the rotation."""
    placed = dict(work.kept)
    by_place: dict[tuple[int, int], list[int]] = {}
    for who, at, post in chosen:
        by_place.setdefault((at, post), []).append(who)
    for (at, n), people in by_place.items():
        turn, post = work.turns[at], work.posts[n]
        ranks = work.ranks[n, _class(turn)]
        places = ((turn.date, turn.shift, post, slot) for slot in range(1, work.made.demand(turn.date).crew[post] + 1))
        free = [key for key in places if key not in work.kept]
        for key, who in zip(free, sorted(people, key=lambda one: ranks[one]), strict=False):
            placed[key] = work.people[who]
    return placed


def _unfilled(work: _Work, placed: Mapping[Key, bytes]) -> list[Unfilled]:
    """What stays empty, with the reason: what is against each who could stand there."""
    made = work.made
    stands: dict[bytes, list[rules.Duty]] = {}
    for (date, shift, _post, _slot), person in {**checks.people_of(made), **placed}.items():
        duty = made.duty(date, shift)
        if duty is not None:
            stands.setdefault(person, []).append(duty)
    found: list[Unfilled] = []
    for at, turn in enumerate(work.turns):
        for post, count in made.demand(turn.date).crew.items():
            for slot in range(1, count + 1):
                key = (turn.date, turn.shift, post, slot)
                if key not in placed:
                    found.append(Unfilled(*key, _why(work, key, work.duties[at], stands)))
    return found


def _why(work: _Work, key: Key, duty: rules.Duty, stands: Mapping[bytes, Sequence[rules.Duty]]) -> str:
    made, post, date = work.made, key[2], key[0]
    if made.is_published(date):
        return _("已发布的空缺")
    able = [member for member in made.members.values() if post in member.posts]
    if not able:
        return _("没有人能任{post}").format(post=made.post_label(post))
    told: dict[str, int] = {}
    for member in able:
        code = made.unfit(member.person, post, date)
        reason = ""
        if made.hard(code):
            reason = checks.reason_name(code)
        elif any(rules.clash(duty, other, made.numbers.rest) for other in stands.get(member.person, ())):
            reason = _("已在班或休息不够")
        told[reason or _("排不开")] = told.get(reason or _("排不开"), 0) + 1
    parts = _("，").join(_("{reason}{count}人").format(reason=reason, count=count) for reason, count in told.items())
    return _("能任{post}的 {count} 人：{parts}").format(post=made.post_label(post), count=len(able), parts=parts)


def _fairness(made: Facts, placed: Mapping[Key, bytes]) -> list[Fair]:
    return [
        Fair(person, held.total, held.weekend, held.holiday, held.night)
        for person, held in checks.counts(made, placed).items()
    ]


def _widened(
    work: _Work,
    shares: Mapping[str, Mapping[bytes, tuple[tuple[int, int], ...]]],
    placed: Mapping[Key, bytes],
    names: Mapping[bytes, str],
) -> list[Widened]:
    """Bounds that do not hold in the plan, whatever widened them: too few people, leave, or what was kept."""
    tags = {(turn.date, turn.shift): turn.tags for turn in work.turns}
    values: dict[tuple[str, bytes], list[int]] = {}
    for (date, shift, post, _slot), person in placed.items():
        held = values.setdefault((post, person), [0, 0, 0, 0])
        for n, counted in enumerate(tags.get((date, shift), ())):
            held[n] += counted
    sets = _turn_sets(work)
    same = {n for n, turns in enumerate(sets) if turns in sets[:n]}  # where every shift is a night, night says no more
    found: list[Widened] = []
    for post in work.posts:
        for person, pairs in shares.get(post, {}).items():
            held = values.get((post, person), [0, 0, 0, 0])
            for n, (name, value, (low, high)) in enumerate(zip(rules.COUNTS, held, pairs, strict=True)):
                if not low <= value <= high and n not in same:
                    text = _("{name} {post}{count} {value} 次，应为 {share} 次").format(
                        name=names.get(person, nobody()),
                        post=work.made.post_label(post),
                        count=_(COUNT_LABELS[name]),
                        value=value,
                        share=str(low) if low == high else f"{low}–{high}",
                    )
                    found.append(Widened(person, post, name, low, high, value, text))
    return found


# -- taking a plan ----------------------------------------------------------------------------------------------------


def accept(desk: Desk, plan: Plan) -> Undo:
    """See `service.accept`."""
    made = facts(desk, plan.start, plan.end)
    wanted: dict[Key, bytes] = {(one.date, one.shift, one.post, one.slot): one.person for one in plan.assignments}
    changed: dict[Key, Values] = {}
    for key, person in wanted.items():
        held = made.standing.get(key)
        if held is not None and held.person == person:
            continue
        if made.is_published(key[0]):
            raise Refused(Problem(_("{date} 已发布，请重新生成").format(date=key[0]), "date"))
        changed[key] = (person, "GENERATED", None, None)
    for key, held in made.standing.items():
        inside = plan.start <= key[0] <= plan.end and not made.is_published(key[0])
        if inside and held.person is not None and key not in wanted:
            changed[key] = (None, None, None, None)
    soft = refuse_hard(made, {key: values[0] for key, values in changed.items()})
    return Undo(write(desk, made, changed, "roster.accept"), soft)
