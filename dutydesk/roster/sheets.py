"""What a grid of the roster shows: the frozen `Sheet` that a view paints, made from a `rows.Grid` by day or by person."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from dutydesk.core.i18n import N_, _, language
from dutydesk.roster import rows

WEEKDAYS = (N_("一"), N_("二"), N_("三"), N_("四"), N_("五"), N_("六"), N_("日"))
KIND_WORDS = {"RESTDAY": N_("休"), "HOLIDAY": N_("假"), "MAKEUP": N_("补班")}
UNKNOWN = N_("未公布")
REINFORCED = N_("增")
MOSTLY = (9, 10)
"""How much of a roster must be filled before having few duties says anything about a person."""


@dataclass(frozen=True, slots=True)
class Day:
    """Head of a column. `word` is what kind of day it is (休 假 补班 未公布), `detail` the whole in a sentence."""

    date: str
    number: str
    weekday: str
    word: str = ""
    detail: str = ""
    today: bool = False
    shaded: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """Head of a row: a post of a shift, or a person with counts. `use` says in a word who has too much or too little."""

    key: Hashable
    label: str
    numbers: tuple[str, ...] = ()
    use: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell. `lacks`: a post that somebody must stand and nobody does; `away`: why a person cannot
    (假 for leave); `against`: what speaks against it, one sentence each."""

    text: str = ""
    mark: str = ""
    lacks: bool = False
    away: str = ""
    against: tuple[str, ...] = ()
    detail: str = ""


EMPTY = Cell()


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything that a grid shows; `cells` by (row, column). `captions` head the numbers of the lines."""

    days: tuple[Day, ...] = ()
    lines: tuple[Line, ...] = ()
    cells: dict[tuple[int, int], Cell] = field(default_factory=dict[tuple[int, int], Cell])
    captions: tuple[str, ...] = ()
    corner: str = ""


@dataclass(frozen=True, slots=True)
class Absence:
    """Why and when a person is away; both days included."""

    person: bytes
    start: str
    end: str
    word: str


def date_text(day: str) -> str:
    """`11月22日 周日`."""
    when = date.fromisoformat(day)
    return _("{month}月{day}日 周{weekday}").format(month=when.month, day=when.day, weekday=_(WEEKDAYS[when.weekday()]))


def by_name(name: str) -> bytes:
    """Sorts names by pinyin well enough: the common characters of GB 2312 stand in that order, and no dictionary has to
    be loaded."""
    return name.encode("gb18030", "replace")


def heads(days: Sequence[rows.DayInfo], today: str) -> tuple[Day, ...]:
    """The heads of the columns; the first of each month names it."""
    made: list[Day] = []
    for at, info in enumerate(days):
        month, number = int(info.date[5:7]), str(int(info.date[8:]))
        word = _(KIND_WORDS.get(info.kind or "", "")) if info.known else _(UNKNOWN)
        told = " ".join(part for part in (word, info.name) if part)
        made.append(
            Day(
                info.date,
                f"{month}/{number}" if at and number == "1" else number,
                _(WEEKDAYS[info.weekday]),
                told,
                " ".join(part for part in (date_text(info.date), told) if part),
                info.date == today,
                info.weekend or info.holiday,
            )
        )
    return tuple(made)


def mark_of(cell: rows.Cell) -> str:
    """调 or 代, 增 for reinforcement."""
    return cell.mark or (_(REINFORCED) if cell.origin == "REINFORCE" else "")


def _detail(cell: rows.Cell, names: Mapping[bytes, str]) -> str:
    return _("原排 {name}").format(name=names.get(cell.planned, "")) if cell.planned and cell.mark else ""


def by_post(grid: rows.Grid, today: str, plan: Mapping[rows.Key, bytes] | None = None) -> Sheet:
    """Posts down. With a `plan` nobody has accepted yet, its people instead of those that stand in the record."""
    cells: dict[tuple[int, int], Cell] = {}
    for row, line in enumerate(grid.lines):
        for column, day in enumerate(grid.days):
            key = (day.date, line.shift, line.post, line.slot)
            held = grid.cells.get(key)
            if plan is not None:
                person = plan.get(key)
                if person is not None:
                    other = held is not None and held.person not in (None, person)
                    cells[row, column] = Cell(grid.names.get(person, ""), _("改") if other else "")
                elif held is not None and held.wanted:
                    cells[row, column] = Cell(lacks=True)
                continue
            if held is None:
                continue
            name = grid.names.get(held.person, "") if held.person else ""
            lacks = held.person is None and held.wanted
            if name or lacks or held.problems:
                cells[row, column] = Cell(name, mark_of(held), lacks, "", held.problems, _detail(held, grid.names))
    lines = tuple(Line((line.shift, line.post, line.slot), line.label) for line in grid.lines)
    return Sheet(heads(grid.days, today), lines, cells, (), _("岗位"))


def by_person(
    grid: rows.Grid,
    today: str,
    people: Sequence[bytes],
    away: Sequence[Absence],
    counts: Mapping[bytes, rows.Counts] | None = None,
    plan: Mapping[rows.Key, bytes] | None = None,
) -> Sheet:
    """People down, with their counts and in a word who has too much or too little."""
    where = {person: row for row, person in enumerate(people)}
    column_of = {day.date: column for column, day in enumerate(grid.days)}
    labels = short_labels(grid.lines)
    cells: dict[tuple[int, int], Cell] = {}
    for absence in away:
        row = where.get(absence.person)
        if row is not None:
            for day, column in column_of.items():
                if absence.start <= day <= absence.end:
                    cells[row, column] = Cell(away=absence.word)
    for key, person in _standing(grid, plan):
        row, column = where.get(person), column_of.get(key[0])
        if row is None or column is None:
            continue
        held = grid.cells.get(key)
        against = held.problems if held is not None and plan is None else ()
        mark = mark_of(held) if held is not None and plan is None else ""
        text = labels.get(key[1:], key[2])
        before = cells.get((row, column))
        if before is not None and before.text:
            text, mark, against = _("、").join((before.text, text)), before.mark or mark, (*before.against, *against)
        cells[row, column] = Cell(text, mark, False, "", tuple(dict.fromkeys(against)))
    counted = grid.counts if counts is None else counts
    wanted = sum(cell.wanted for cell in grid.cells.values())
    whole = len(_standing(grid, plan)) * MOSTLY[1] >= wanted * MOSTLY[0]
    lines = tuple(_line(grid, person, counted.get(person, rows.Counts()), whole) for person in people)
    captions = (_("总"), _("末"), _("节"), _("夜"))
    return Sheet(heads(grid.days, today), lines, cells, captions, _("人员"))


def short_labels(lines: Sequence[rows.Line]) -> dict[tuple[str, str, int], str]:
    """Posts in two or three characters, the first letter of the shift before them where a day has several: 带班, 主班,
    夜主班. Where two begin alike (带班领导, 带班主任) their ends tell them apart."""
    if language() == "en":
        return _shortest(lines)
    posts = {line.label.split()[-1] for line in lines}
    made: dict[tuple[str, str, int], str] = {}
    for line in lines:
        *shift, post = line.label.split()
        short = post
        if len(post) > 3:
            alike = any(other != post and other[:2] == post[:2] and other[:-1] != post[:-1] for other in posts)
            short = post[-2:] if alike else post[:2]
        made[line.shift, line.post, line.slot] = (shift[0][:1] if shift else "") + short
    return made


def _shortest(lines: Sequence[rows.Line]) -> dict[tuple[str, str, int], str]:
    """Each post by as many letters as tell it from the others, two at least, with the first letter of its shift before
    and its number behind: `Pr`, `NPr`, `Pr2`."""
    posts = {line.post: line.name.casefold() for line in lines}
    made: dict[tuple[str, str, int], str] = {}
    for line in lines:
        mine = posts[line.post]
        others = [name for post, name in posts.items() if post != line.post]
        count = next((n for n in range(2, len(mine)) if not any(name[:n] == mine[:n] for name in others)), len(mine))
        number = str(line.slot) if line.label.endswith(str(line.slot)) else ""
        made[line.shift, line.post, line.slot] = line.part[:1] + line.name[:count] + number
    return made


def _standing(grid: rows.Grid, plan: Mapping[rows.Key, bytes] | None) -> Sequence[tuple[rows.Key, bytes]]:
    if plan is not None:
        return list(plan.items())
    return [(key, cell.person) for key, cell in grid.cells.items() if cell.person is not None]


def _line(grid: rows.Grid, person: bytes, count: rows.Counts, whole: bool) -> Line:
    bounds = grid.bounds.get(person, rows.Bounds())
    named = (
        (_("总"), count.total, bounds.total),
        (_("周末"), count.weekend, bounds.weekend),
        (_("节假日"), count.holiday, bounds.holiday),
        (_("夜班"), count.night, bounds.night),
    )
    over = any(number > high for _name, number, (_low, high) in named)
    under = whole and count.total < bounds.total[0]
    use = _("▲多") if over else _("▽少") if under else ""
    name = grid.names.get(person, "")
    shares = _("，").join(
        _("{name} {number} 次，应 {low}–{high}").format(name=told, number=number, low=low, high=high)
        for told, number, (low, high) in named
    )
    numbers = tuple(str(number) for _name, number, _bound in named)
    return Line(person, name, numbers, use, f"{name}\n{shares}")
