"""What is wrong with a roster, place by place, and the fair share: facts in, findings out."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dutydesk.core.i18n import _, pick
from dutydesk.core.reference import by_code
from dutydesk.roster import rules
from dutydesk.roster.facts import Facts, part_label
from dutydesk.roster.rows import Bounds, Counts, Key, RosterProblem

People = Mapping[Key, bytes]
"""Who stands where."""


@dataclass(frozen=True, slots=True)
class _Stand:
    start: int
    key: Key
    duty: rules.Duty


def people_of(made: Facts) -> dict[Key, bytes]:
    """Who stands where by the record."""
    return {key: held.person for key, held in made.standing.items() if held.person is not None}


def problems(made: Facts, people: People, *, only: Iterable[Key] | None = None) -> list[RosterProblem]:
    """Everything that is wrong in the span of the facts, in its order; with `only`, of these places alone."""
    wanted = None if only is None else frozenset(only)
    found: list[RosterProblem] = []

    def say(key: Key, person: bytes | None, code: str, text: str) -> None:
        if (wanted is None and made.start <= key[0] <= made.end) or (wanted is not None and key in wanted):
            found.append(RosterProblem(*key, person, code, text, made.hard(code)))

    turns: dict[bytes, list[_Stand]] = {}
    for key, person in people.items():
        code = made.unfit(person, key[2], key[0])
        if code:
            say(key, person, code, reason(made, code, person, key))
        duty = made.duty(key[0], key[1])
        if duty is not None:
            turns.setdefault(person, []).append(_Stand(duty.start, key, duty))
    for person, stands in turns.items():
        stands.sort(key=lambda one: (one.start, one.key))
        for one, other in itertools.pairwise(stands):
            code = rules.clash(one.duty, other.duty, made.numbers.rest)
            if code:
                say(one.key, person, code, _clash_text(made, code, one, other))
                say(other.key, person, code, _clash_text(made, code, other, one))
    for day in made.days if wanted is None else ():
        absent = principals_away(made, day.date)
        if day.holiday and absent:
            first = made.pattern.parts[0].code
            say((day.date, first, "LEADER", 1), None, "PRINCIPALS", _("节假日主要领导都不在"))
    return sorted(found, key=lambda one: (one.key, one.code))


def principals_away(made: Facts, date: str, *, also: bytes | None = None) -> bool:
    """Whether, with `also` away too, no principal leader is left on a day; False where nobody is marked as one."""
    there = {person for person, member in made.members.items() if member.principal}
    if not there:
        return False
    gone = {leave.person for leave in made.away_on(date)} | ({also} if also else set[bytes]())
    return there <= gone


def reason(made: Facts, code: str, person: bytes, key: Key) -> str:
    """The sentence beside a cell."""
    member = made.members.get(person)
    if code == "UNQUALIFIED":
        return _("不能任{post}").format(post=made.post_label(key[2]))
    if code == "LEAVE" and member is not None:
        first, last = next(span for span in member.away if span[0] <= key[0] <= span[1])
        return _("{first} 至 {last} 请假外出").format(first=first[5:], last=last[5:])
    if code == "UNTRAINED" and member is not None:
        return _("{day} 才岗前培训").format(day=member.trained)
    if code == "LEFT" and member is not None:
        if member.joined and key[0] < member.joined:
            return _("{day} 起才在岗").format(day=member.joined)
        return _("{day} 后不在岗").format(day=member.left)
    return reason_name(code)


def reason_name(code: str) -> str:
    """What a finding is called."""
    row = by_code("roster", "check").get(code)
    return pick(dict(row)) if row else code


def _clash_text(made: Facts, code: str, one: _Stand, other: _Stand) -> str:
    where = f"{other.key[0][5:]} {part_label(made.pattern.parts, other.key[1])} {made.post_label(other.key[2])}"
    if code == "DOUBLE":
        if one.key[:2] == other.key[:2]:
            return _("同一班又排在{where}").format(where=made.post_label(other.key[2]))
        return _("与 {where} 时间重叠").format(where=where)
    if code == "RUNNING":
        return _("与 {where} 连续两班").format(where=where)
    first, second = sorted((one.duty, other.duty), key=lambda duty: duty.start)
    hours = (second.start - first.end) // 3_600_000
    least = made.numbers.rest // 3_600_000
    return _("与 {where} 之间只休息 {hours} 小时，应有 {least} 小时").format(where=where, hours=hours, least=least)


# -- the fair share ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Turn:
    """One shift of one day, with what it counts as."""

    date: str
    shift: str
    tags: tuple[bool, bool, bool, bool]
    """By `rules.COUNTS`: total (always), weekend, holiday, night."""


def turns_of(made: Facts) -> list[Turn]:
    """Every shift of the span in the order of its start."""
    return [
        Turn(day.date, part.code, (True, day.weekend, day.holiday, made.night(day.date, part.code)))
        for day in made.days
        for part in made.pattern.parts
    ]


def shares(made: Facts) -> dict[str, dict[bytes, tuple[tuple[int, int], ...]]]:
    """By post and person, floor and ceiling of the fair share for each of `rules.COUNTS`."""
    turns = turns_of(made)
    posts = sorted({post for turn in turns for post in made.demand(turn.date).crew})
    whole = [sum(turn.tags[n] for turn in turns) for n in range(len(rules.COUNTS))]
    found: dict[str, dict[bytes, tuple[tuple[int, int], ...]]] = {}
    for post in posts:
        numbers = [0] * len(rules.COUNTS)
        for turn in turns:
            wanted = made.demand(turn.date).crew.get(post, 0)
            for n, counted in enumerate(turn.tags):
                numbers[n] += wanted * counted
        weights = {
            member.person: _weights(made, member, post, turns, whole)
            for member in made.members.values()
            if post in member.posts
        }
        pairs = [
            rules.shares(number, {person: each[n] for person, each in weights.items()})
            for n, number in enumerate(numbers)
        ]
        found[post] = {person: tuple(pair[person] for pair in pairs) for person in weights}
    return found


def _weights(
    made: Facts, member: rules.Member, post: str, turns: Sequence[Turn], whole: Sequence[int]
) -> Sequence[int]:
    """How many turns a person is there to take, for each of `rules.COUNTS`."""
    always = not (member.away or member.joined or member.left or member.trained > made.start)
    if always:  # the same every day, and so for most: a grid is drawn after each edit
        return whole if made.may(member.person, post, made.start) else [0] * len(whole)
    there = [turn for turn in turns if made.may(member.person, post, turn.date)]
    return [sum(turn.tags[n] for turn in there) for n in range(len(whole))]


def bounds(made: Facts) -> dict[bytes, Bounds]:
    """Floor and ceiling of each person's share over all posts."""
    sums: dict[bytes, list[list[int]]] = {}
    for people in shares(made).values():
        for person, pairs in people.items():
            held = sums.setdefault(person, [[0, 0] for _count in rules.COUNTS])
            for n, (low, high) in enumerate(pairs):
                held[n][0] += low
                held[n][1] += high
    return {person: Bounds(*((low, high) for low, high in pairs)) for person, pairs in sums.items()}


def counts(made: Facts, people: People) -> dict[bytes, Counts]:
    """How often everyone stands in the span; with zeros whoever may stand and does not."""
    days = {day.date: day for day in made.days}
    sums: dict[bytes, list[int]] = {person: [0, 0, 0, 0] for person, member in made.members.items() if member.posts}
    for (date, shift, _post, _slot), person in people.items():
        day = days.get(date)
        if day is None:
            continue
        held = sums.setdefault(person, [0, 0, 0, 0])
        for n, counted in enumerate((True, day.weekend, day.holiday, made.night(date, shift))):
            held[n] += counted
    return {person: Counts(*held) for person, held in sums.items()}
