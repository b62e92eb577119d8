"""Choosing who stands where: the one place that knows OR-tools (CP-SAT).

Plain numbers in, plain numbers out: people, turns and posts are counted from 0. Counts are bounded by constraints and
not steered by an objective (as an objective the same month takes twenty times as long). Where the bounds cannot all
hold, or a place cannot be filled, a second model pays for each: a place left empty most, a widened bound next, how far
it is widened least. One worker, a fixed seed and a limit of deterministic time give the same answer on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

STRICT_LIMIT = 4.0
LOOSE_LIMIT = 3.0
"""Deterministic time, about seconds of one core."""
EMPTY, WIDE, FAR = 100_000_000, 10_000, 1
"""What an empty place, a widened bound and each duty beyond it cost."""

Choice = tuple[int, int, int]
"""Person, turn, post."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Duties of a person at a post in these turns are to number `low` to `high`; `done` of them are given already."""

    person: int
    post: int
    turns: frozenset[int]
    low: int
    high: int
    done: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """`may`: every choice that is open; `wanted`: by (turn, post) how many are to be chosen; `cliques`: sets of turns
    of which one person may stand one; `hint`: a choice to begin with."""

    may: tuple[Choice, ...]
    wanted: Mapping[tuple[int, int], int]
    cliques: tuple[frozenset[int], ...]
    bounds: tuple[Bound, ...]
    hint: frozenset[Choice]
    seed: int = 0


def solve(task: Task) -> frozenset[Choice]:
    """The choices of a roster: within every bound where that can be, else with the fewest widened that were found in
    time. Never more than wanted, nobody twice in a clique; a place stays empty only where nobody was found."""
    found = _run(task) if _whole(task) else None
    for core in (True, False):
        if found is None:
            found = _run(task, loose=True, core=core)
    return task.hint if found is None else found


def solve_apart(task: Task, _token: object) -> frozenset[Choice]:
    """`solve` as a job's process calls it: loading the solver and building its model would hold a window's threads."""
    return solve(task)


def _whole(task: Task) -> bool:
    """Whether every place has at least as many people who may take it as it wants."""
    able: dict[tuple[int, int], int] = {}
    for _person, turn, post in task.may:
        able[turn, post] = able.get((turn, post), 0) + 1
    return all(able.get(place, 0) >= count for place, count in task.wanted.items())


def _run(task: Task, *, loose: bool = False, core: bool = False) -> frozenset[Choice] | None:
    """The answer of one model, None where there is none in time. `core` seeks the least cost from below: it is quick
    where few bounds stand in the way, and finds nothing before it finds the best."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    chosen: dict[Choice, Any] = {choice: model.new_bool_var("") for choice in task.may}
    costs: list[Any] = []
    seats: dict[tuple[int, int], list[Any]] = {}
    own: dict[int, dict[int, list[Any]]] = {}
    at: dict[tuple[int, int], list[tuple[int, Any]]] = {}
    for (person, turn, post), variable in chosen.items():
        seats.setdefault((turn, post), []).append(variable)
        own.setdefault(person, {}).setdefault(turn, []).append(variable)
        at.setdefault((person, post), []).append((turn, variable))
    for place, count in task.wanted.items():
        total = sum(seats.get(place, ()))
        if loose:
            empty = model.new_int_var(0, count, "")
            model.add(total + empty == count)
            costs.append(EMPTY * empty)
        else:
            model.add(total == count)
    for turns in own.values():
        for clique in _cliques(task.cliques, turns):
            model.add_at_most_one(clique)
    for bound in task.bounds:
        terms = [variable for turn, variable in at.get((bound.person, bound.post), ()) if turn in bound.turns]
        _bind(model, bound, terms, costs if loose else None)
    if costs:
        model.minimize(sum(costs))
    for choice, variable in chosen.items():
        model.add_hint(variable, choice in task.hint)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.cp_model_presolve = False  # with a hint this near, presolve costs ten times what it saves
    solver.parameters.linearization_level = 0
    solver.parameters.random_seed = task.seed & 0x7FFF_FFFF
    solver.parameters.optimize_with_core = core
    solver.parameters.max_deterministic_time = LOOSE_LIMIT if loose else STRICT_LIMIT
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return frozenset(choice for choice, variable in chosen.items() if solver.boolean_value(variable))


def _cliques(cliques: Sequence[frozenset[int]], turns: Mapping[int, list[Any]]) -> Iterator[list[Any]]:
    for clique in cliques:
        members = [variable for turn in sorted(clique & turns.keys()) for variable in turns[turn]]
        if len(members) > 1:
            yield members


def _bind(model: Any, bound: Bound, terms: list[Any], costs: list[Any] | None) -> None:
    low, high = max(0, bound.low - bound.done), max(0, bound.high - bound.done)
    if costs is None:
        model.add_linear_constraint(sum(terms), min(low, len(terms)), high)
        return
    if low > 0:
        under = model.new_int_var(0, low, "")
        model.add(sum(terms) + under >= low)
        _pay(model, under, costs)
    if high < len(terms):
        over = model.new_int_var(0, len(terms) - high, "")
        model.add(sum(terms) - over <= high)
        _pay(model, over, costs)


def _pay(model: Any, slack: Any, costs: list[Any]) -> None:
    wide = model.new_bool_var("")
    model.add(slack == 0).only_enforce_if(~wide)
    costs.append(WIDE * wide + FAR * slack)
