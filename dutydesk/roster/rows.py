"""What the roster hands out: frozen rows. Days are `YYYY-MM-DD`, both ends of a span included; people are 16-byte ids
of `people`; moments are ms UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dutydesk.journal.query import Row

Key = tuple[str, str, str, int]
"""A place in the roster: date, shift (code), post, slot from 1."""


@dataclass(frozen=True, slots=True)
class DayInfo:
    """A day of the calendar. `kind` is WORKDAY, RESTDAY, HOLIDAY or MAKEUP, None where the year has not been announced
    (`known` False); `name` that of the festival."""

    date: str
    kind: str | None
    name: str
    known: bool
    weekday: int
    """0 Monday … 6 Sunday."""

    @property
    def weekend(self) -> bool:
        """A day of rest that is no holiday: by its kind, by the day of the week in a year not announced."""
        return self.weekday >= 5 if self.kind is None else self.kind == "RESTDAY"

    @property
    def holiday(self) -> bool:
        return self.kind == "HOLIDAY"


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the grid: one slot of one post in one shift of the day. `part` is what the shift is called where a day has
    several, `name` the post."""

    shift: str
    post: str
    slot: int
    label: str
    part: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One place on one day. `planned` is who stood there when the roster was published, where that is another; `row`
    the id in `assignments`; `mark` what a print shows beside the name; `problems` sentences; `wanted` whether the
    day's demand asks for it."""

    date: str
    shift: str
    post: str
    slot: int
    person: bytes | None = None
    origin: str = ""
    mark: str = ""
    planned: bytes | None = None
    row: bytes | None = None
    problems: tuple[str, ...] = ()
    wanted: bool = True

    @property
    def key(self) -> Key:
        return (self.date, self.shift, self.post, self.slot)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many duties: in all, on weekends, on holidays, at night."""

    total: int = 0
    weekend: int = 0
    holiday: int = 0
    night: int = 0


@dataclass(frozen=True, slots=True)
class Bounds:
    """Floor and ceiling of a person's fair share over all posts, by count."""

    total: tuple[int, int] = (0, 0)
    weekend: tuple[int, int] = (0, 0)
    holiday: tuple[int, int] = (0, 0)
    night: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Grid:
    """The roster of a span. `counts` and `bounds` are by person, for everyone who may stand a duty in it; `published`
    whether a published roster covers every day."""

    start: str
    end: str
    days: tuple[DayInfo, ...]
    lines: tuple[Line, ...]
    cells: Mapping[Key, Cell]
    published: bool
    counts: Mapping[bytes, Counts]
    bounds: Mapping[bytes, Bounds]
    names: Mapping[bytes, str]


@dataclass(frozen=True, slots=True)
class Edit:
    """A wish: this person, or nobody, in this place."""

    date: str
    shift: str
    post: str
    slot: int
    person: bytes | None

    @property
    def key(self) -> Key:
        return (self.date, self.shift, self.post, self.slot)


@dataclass(frozen=True, slots=True)
class RosterProblem:
    """What is wrong with a place; `code` of table `check` in `resources/reference/roster.json`; a hard one is refused."""

    date: str
    shift: str
    post: str
    slot: int
    person: bytes | None
    code: str
    text: str
    hard: bool

    @property
    def key(self) -> Key:
        return (self.date, self.shift, self.post, self.slot)


@dataclass(frozen=True, slots=True)
class Was:
    """A place before and after a change: (person, origin, planned, swap)."""

    key: Key
    before: tuple[bytes | None, str | None, bytes | None, bytes | None]
    after: tuple[bytes | None, str | None, bytes | None, bytes | None]


@dataclass(frozen=True, slots=True)
class Undo:
    """What a change of the roster can be taken back by; `problems` are the soft ones that it left."""

    changed: tuple[Was, ...] = ()
    problems: tuple[RosterProblem, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """One assignment of a plan."""

    date: str
    shift: str
    post: str
    slot: int
    person: bytes


@dataclass(frozen=True, slots=True)
class Unfilled:
    """A place that nobody could take, and why."""

    date: str
    shift: str
    post: str
    slot: int
    reason: str


@dataclass(frozen=True, slots=True)
class Fair:
    """Duties of one person in the span of a plan."""

    person: bytes
    total: int
    weekend: int
    holiday: int
    night: int


@dataclass(frozen=True, slots=True)
class Widened:
    """A bound of the fair share that had to give: `count` (total, weekend, holiday, night) of a person at a post was to
    lie in [low, high] and is `value`; `text` says so."""

    person: bytes
    post: str
    count: str
    low: int
    high: int
    value: int
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A generated roster that nobody has accepted yet; `assignments` hold what was kept, too."""

    start: str
    end: str
    assignments: tuple[Placed, ...]
    unfilled: tuple[Unfilled, ...]
    fairness: tuple[Fair, ...]
    widened: tuple[Widened, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Demand:
    """Whom a day asks for: modes in force (the strongest last) and how many a shift at each post."""

    date: str
    modes: tuple[str, ...]
    crew: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Stand:
    """Who stands a post at a moment; `label` is the post as this unit calls it."""

    post: str
    slot: int
    person: bytes | None
    label: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """[start, end) in ms UTC during which a post of a shift has fewer people than its crew."""

    start: int
    end: int
    date: str
    shift: str
    post: str
    wanted: int
    held: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """Hours of a span, minutes of it during which at least one post was short, and each such gap."""

    hours: int
    missing: tuple[Gap, ...] = ()
    short_minutes: int = 0


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who may be called beside the crew on a day: ids of people of the standby list, rows of `teams`."""

    date: str
    standby: tuple[bytes, ...]
    experts: tuple[Row, ...]
    teams: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Away:
    """Someone who is away on a day, until when, and who acts."""

    person: bytes
    kind: str
    until: str
    acting: bytes | None = None
    place: str = ""
    leave: bytes = b""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Someone who may take a place: `problems` are empty where nothing is against it; `total` their duties in the month;
    `why` is DEPUTY, STANDBY or empty."""

    person: bytes
    total: int
    why: str = ""
    problems: tuple[RosterProblem, ...] = field(default=())
