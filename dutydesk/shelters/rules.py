"""Shelters 避灾安置场所: capacity, the bureau's totals from the rows themselves, people inside, states.

Pure functions over the fields of the ledgers `shelters` and `shelter_counts`; areas are integers of 0.01 ㎡, the
tables come in as the parsed `resources/reference/shelters.json`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dutydesk.core import figures
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _, pick

Values = Mapping[str, int | str | bytes | None]
Tables = Mapping[str, Any]
IN_USE = ("OPEN", "FULL")
_NEXT = {
    "": ("CLOSED", "READY", "OPEN", "UNUSABLE"),
    "CLOSED": ("READY", "OPEN", "UNUSABLE"),
    "READY": ("CLOSED", "OPEN", "UNUSABLE"),
    "OPEN": ("FULL", "READY", "CLOSED", "UNUSABLE"),
    "FULL": ("OPEN", "READY", "CLOSED", "UNUSABLE"),
    "UNUSABLE": ("CLOSED", "READY"),
}


@dataclass(frozen=True, slots=True)
class Summary:
    """Totals of a list of shelters. `by_level` holds every level of the table in its order, and '' (未分级) only when
    there is such a row: no row is left out of a total for want of a field. Areas in 0.01 ㎡."""

    total: int
    by_level: tuple[tuple[str, int], ...]
    area_m2: int
    usable_m2: int
    without_area: int
    capacity: int
    standardised: int
    in_use: int

    @property
    def count_text(self) -> str:
        """`205 = 4 + 14 + 187`."""
        return f"{self.total} = " + " + ".join(str(count) for _level, count in self.by_level)

    @property
    def area_text(self) -> str:
        """`16.01 万㎡`."""
        return figures.wan(Decimal(self.area_m2) / 100, "㎡")

    @property
    def mean_area_text(self) -> str:
        """Mean area of the shelters whose area is known: `780.98 ㎡`."""
        mean = figures.ratio(Decimal(self.area_m2) / 100, self.total - self.without_area)
        return figures.NONE if mean is None else f"{mean:f} ㎡"

    @property
    def standardised_text(self) -> str:
        """Share of standardised shelters: `17.56 %`."""
        return figures.rate(self.standardised, self.total)


def per_person(tables: Tables) -> int:
    """The area that one person needs by the setting PER_PERSON, 0.01 ㎡."""
    kind = next(row["value"] for row in tables["tables"]["setting"]["rows"] if row["code"] == "PER_PERSON")
    rows = tables["tables"]["area_per_person"]["rows"]
    return next(int(row["m2_hundredths"]) for row in rows if row["code"] == kind)


def capacity(usable_m2: int | None, each_m2: int, registered: int | None = None) -> int | None:
    """How many people a shelter takes: `floor(usable ÷ per person)`, never above the registered number; the registered
    number alone where no area is known, None where neither is."""
    computed = None if usable_m2 is None else figures.capacity(usable_m2, each_m2)
    known = [number for number in (computed, registered) if number is not None]
    return min(known) if known else None


def summary(rows: Iterable[Values], tables: Tables) -> Summary:
    """The totals of `rows`. `capacity` adds what each row gives by `capacity()`, rows without any add nothing."""
    levels: dict[str, int] = {row["code"]: 0 for row in tables["tables"]["level"]["rows"]}
    each = per_person(tables)
    total = area = usable = without = places = standardised = in_use = 0
    for row in rows:
        total += 1
        level = str(row.get("level") or "")
        level = level if level in levels else ""
        levels[level] = levels.get(level, 0) + 1
        size, free = _int(row.get("area_m2")), _int(row.get("usable_m2"))
        area += size or 0
        usable += free or 0
        without += size is None
        places += capacity(free, each, _int(row.get("capacity"))) or 0
        standardised += row.get("standardised") == 1
        in_use += row.get("state") in IN_USE
    return Summary(total, tuple(levels.items()), area, usable, without, places, standardised, in_use)


def _int(value: object) -> int | None:
    return value if isinstance(value, int) else None


def level_text(found: Summary, tables: Tables) -> str:
    """`共 205 处：区级 4、街道级 14、社区（村）级 187`."""
    labels = {row["code"]: pick(row) for row in tables["tables"]["level"]["rows"]}
    parts = [f"{labels.get(level) or _('未分级')} {count}" for level, count in found.by_level]
    return _("共 {total} 处：{parts}").format(total=found.total, parts=_("、").join(parts))


def people_now(counts: Iterable[Values]) -> int:
    """People inside by the rows of `shelter_counts`: sum of `in` less sum of `out`. Below 0 only when the counts of
    another desk have not arrived or one is wrong; the caller shows it as it is, it is not cut to 0."""
    return sum((_int(row.get("in")) or 0) - (_int(row.get("out")) or 0) for row in counts)


def check_count(present: int, arriving: int, leaving: int) -> int:
    """The people inside after a count. Raises `Refused` when a number is negative, nothing is counted, or more would
    leave than are inside."""
    problems = [Problem(_("不能小于 0"), name) for name, number in (("in", arriving), ("out", leaving)) if number < 0]
    if not problems and not arriving and not leaving:
        problems.append(Problem(_("请填进或出的人数"), "in"))
    if not problems and present + arriving - leaving < 0:
        problems.append(
            Problem(_("现有 {present} 人，不能离开 {leaving} 人").format(present=present, leaving=leaving), "out")
        )
    if problems:
        raise Refused(*problems)
    return present + arriving - leaving


def load(present: int, places: int | None) -> str:
    """How full it is, whole percent: `71 %`; `—` without a capacity."""
    return figures.load(present, places or 0)


def state_with(state: str, present: int, places: int | None) -> str:
    """OPEN and FULL follow the people inside; every other state is a person's decision and stays."""
    if state not in IN_USE or not places:
        return state
    return "FULL" if present >= places else "OPEN"


def check_state(old: str, new: str, present: int) -> None:
    """Raises `Refused` when a shelter cannot go from `old` to `new`: an unusable one is not opened before somebody has
    made it ready, and none is closed with people inside."""
    if old == new:
        return
    if new not in _NEXT.get(old, ()):
        raise Refused(Problem(_("先改为待命，再启用"), "state"))
    if old in IN_USE and new not in IN_USE and present > 0:
        raise Refused(Problem(_("还有 {present} 人，先登记离开").format(present=present), "state"))
