"""Who is on duty, what is to be handed over, and what was printed.

A shift has a row as soon as the window needs one (`ensure`); until then it is what the pattern says. A shift's key is
`2026-11-22/H24`, its date and code: so the duty log, the command line and the prints name it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from dutydesk.core.clock import DAY, HOUR, local
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import N_, _, pick
from dutydesk.core.ids import named_id
from dutydesk.core.reference import label, reference, rows
from dutydesk.journal import query as q
from dutydesk.journal import settings
from dutydesk.journal.desk import MISSING, Desk
from dutydesk.journal.query import Row
from dutydesk.journal.schema import Shape
from dutydesk.journal.store import Receipt
from dutydesk.ledger.feature import Change, OpenItem, Pdf
from dutydesk.ledger.rows import parse_row
from dutydesk.ledger.spec import Value, Values
from dutydesk.ledger.table import LISTED
from dutydesk.people.ledger import PEOPLE
from dutydesk.people.model import PEOPLE_TABLE
from dutydesk.shifts import rules
from dutydesk.shifts.ledger import COPY, ORIGINAL, PRINTS, SHIFTS
from dutydesk.shifts.model import PRINT_TABLE, SHIFT_TABLE
from dutydesk.shifts.sheet import Place, Sheet, covers, frontier

CREW = (("leader", N_("带班")), ("primary", N_("主班")), ("secondary", N_("副班")))
FACTS = ("leader", "primary", "secondary", "weather", "risk_level", "mode", "note")
"""What the officer fills in about a shift."""
REQUIRED = ("leader", "primary", "secondary", "weather", "risk_level")
"""What the head of the duty log needs (domain.md §3.6)."""
SOON = HOUR
"""How long before its end a shift is asked what it still lacks."""
LONGEST = 2 * DAY
SHEET = "P01"
SHAPE = Shape(SHIFTS, SHIFT_TABLE)
PEOPLE_SHAPE = Shape(PEOPLE, PEOPLE_TABLE)
PRINT_SHAPE = Shape(PRINTS, PRINT_TABLE)
EQUIPMENT_SETTING = "handover.equipment"
_COLON = re.compile("[:：]")
_BETWEEN = re.compile(r"[、,，;；\n]")


@dataclass(frozen=True, slots=True)
class Tick:
    """One line of the equipment list: `ok` None has not been looked at. The record keeps the `label`, which is
    Chinese; people read the `name`."""

    code: str
    label: str
    ok: bool | None = None
    remark: str = ""

    @property
    def name(self) -> str:
        """What it is called in the language in use; what no list knows as it was typed."""
        return label("duty", "equipment", self.code) if self.code else self.label


# -- which shift ------------------------------------------------------------------------------------------------------


def planned(desk: Desk, at: int) -> rules.Shift:
    """The shift that holds `at` (ms UTC) by this desk's pattern."""
    return rules.shift_of(at, pattern_of(desk))


def pattern_of(desk: Desk) -> rules.Pattern:
    """The pattern in use. Raises `Refused` for one that the reference data do not have."""
    return rules.pattern(desk.config.shift_pattern, reference("duty"))


def row_at(connection: Connection, at: int) -> Row | None:
    """The shift row whose [start, end) holds `at`; of several, the one that began last."""
    table = SHIFT_TABLE
    statement = (
        select(table.c["_n"])
        .where(table.c["_state"] == LISTED, table.c.starts_at <= at, table.c.starts_at > at - LONGEST)
        .where(table.c.ends_at > at)
        .order_by(table.c.starts_at.desc(), table.c.id)
        .limit(1)
    )
    found = q.by_n(connection, SHAPE, [n for (n,) in connection.execute(statement)])
    return found[0] if found else None


def row_before(connection: Connection, at: int) -> Row | None:
    """The last shift row that had ended by `at`."""
    table = SHIFT_TABLE
    statement = (
        select(table.c["_n"])
        .where(table.c["_state"] == LISTED, table.c.ends_at <= at)
        .order_by(table.c.ends_at.desc(), table.c.id)
        .limit(1)
    )
    found = q.by_n(connection, SHAPE, [n for (n,) in connection.execute(statement)])
    return found[0] if found else None


def shift_now(desk: Desk, now: int) -> Row | None:
    """The row of the running shift; None where it has none yet."""
    with desk.store.read() as connection:
        return row_at(connection, now)


def shift_at(desk: Desk, at: int) -> tuple[rules.Shift, Row | None]:
    """The shift that holds `at`, from its row or else from the pattern, and the row."""
    row = shift_now(desk, at)
    return (of_row(row), row) if row is not None else (planned(desk, at), None)


def find(desk: Desk, wanted: str) -> tuple[rules.Shift, Row | None]:
    """The shift of `2026-11-22/NIGHT`, or the first of a date. Raises `Refused` for what is no shift."""
    day, _slash, code = wanted.strip().partition("/")
    where = [q.Condition("date", "=", day), *([q.Condition("code", "=", code)] if code else [])]
    held = desk.rows("shifts", *where, order="starts_at", limit=1)
    if held:
        return of_row(held[0]), held[0]
    return rules.shift_on(day, pattern_of(desk), code), None


def of_row(row: Row) -> rules.Shift:
    """A row as the rules see a shift."""
    return rules.Shift(
        row.text("date"), row.text("code"), code_label(row.text("code")), row.number("starts_at"), row.number("ends_at")
    )


def code_label(code: str) -> str:
    """`H24` → 全天班; the code itself where no pattern has it."""
    for pattern in rows("duty", "shift_pattern"):
        for part in pattern["parts"]:
            if part["code"] == code:
                return pick(part)
    return code


def key_of(shift: rules.Shift) -> str:
    """`2026-11-22/H24`."""
    return f"{shift.date}/{shift.code}"


def code_of(desk: Desk, at: int) -> str:
    """The key of the shift that a moment belongs to, as the duty log keeps it."""
    return key_of(shift_at(desk, at)[0])


# -- writing ----------------------------------------------------------------------------------------------------------


def ensure(desk: Desk, now: int) -> Row:
    """The row of the running shift, made from the pattern where there is none."""
    return row_for(desk, *shift_at(desk, now))


def row_for(desk: Desk, shift: rules.Shift, row: Row | None) -> Row:
    """The row of a shift, made where it has none."""
    if row is not None:
        return row
    change = _making(desk, shift)
    desk.act("shift.add", [change])
    made = desk.get("shifts", change.row)
    assert made is not None
    return made


def _making(desk: Desk, shift: rules.Shift) -> Change:
    """The row that every desk of the district makes for this shift is one row."""
    values: Values = {"date": shift.date, "code": shift.code, "starts_at": shift.start, "ends_at": shift.end}
    row = named_id("shifts", desk.config.district, shift.date, shift.code)
    if desk.get("shifts", row) is not None:  # it was taken off the list: this is another one
        return desk.new("shifts", values)
    return Change("shifts", row, values, new=True)


def save_facts(desk: Desk, shift: str, given: Values) -> Row:
    """Write crew, weather, risk level, mode or remark of a shift; what is the same already is not written.

    `shift` is its key; values as in the ledger. Raises `Refused` with a problem for each field.
    """
    problems = [Problem(_("不能这样改"), name) for name in given if name not in FACTS]
    for name, _label in CREW:
        person = given.get(name)
        if isinstance(person, bytes) and desk.get("people", person) is None:
            problems.append(Problem(_("通讯录里没有这个人"), name))
    texts = {name: value for name, value in given.items() if isinstance(value, str) and name in FACTS}
    parsed, wrong = parse_row(SHIFTS, texts, partial=True)
    problems += wrong
    if problems:
        raise Refused(*problems)
    return _save(desk, shift, {**given, **parsed})


def save_equipment(desk: Desk, shift: str, ticks: Sequence[Tick]) -> Row:
    """Write what the look at the equipment gave. Raises `Refused` for a fault without a word about it."""
    problems = [
        Problem(_("{name}：写上什么情况").format(name=tick.name), "equipment")
        for tick in ticks
        if tick.ok is False and not tick.remark.strip()
    ]
    if problems:
        raise Refused(*problems)
    values, wrong = parse_row(SHIFTS, {"equipment": equipment_text(ticks)}, partial=True)
    if wrong:
        raise Refused(*wrong)
    return _save(desk, shift, values)


def _save(desk: Desk, key: str, values: Values) -> Row:
    row = row_for(desk, *find(desk, key))
    change = desk.edit("shifts", row.id, values)
    if change is not None:
        desk.act("shift.edit", [change])
    held = desk.get("shifts", row.id)
    assert held is not None
    return held


def take_over(desk: Desk, now: int) -> Row:
    """The incoming crew takes the desk over: the time is kept with the running shift and a line goes into the log.

    Raises `Refused` without names of an incoming crew (domain.md §3.3: the outgoing one stays), or when it was done.
    """
    row = ensure(desk, now)
    problems = [
        Problem(_("没有{post}，不能接班").format(post=_(SHIFTS[name].label)), name)
        for name in ("leader", "primary")
        if row.get(name) is None
    ]
    if row.get("taken_over_at") is not None:
        problems.append(Problem(_("这一班已经接过班了"), "taken_over_at"))
    if problems:
        raise Refused(*problems)
    line: Values = {
        "happened_at": now,
        "recorded_at": now,
        "category": "OTHER",
        "line": "GOV",
        "text": _("接班：{crew}").format(crew=crew_text(desk, row)),
        "shift": key_of(of_row(row)),
        **({"recorder": desk.me.name} if desk.me.name else {}),
    }
    desk.act("shift.take_over", [Change("shifts", row.id, {"taken_over_at": now}), desk.new("log", line)])
    held = desk.get("shifts", row.id)
    assert held is not None
    return held


# -- what a shift has and lacks -----------------------------------------------------------------------------------------


def crew_of(connection: Connection, row: Row | None) -> str:
    """`带班 王示例 主班 李示例`; empty where nobody is set. Names are shown whole on the desk's own screen and paper."""
    if row is None:
        return ""
    named = [(label, value) for name, label in CREW if isinstance(value := row.get(name), bytes)]
    people = q.by_ids(connection, PEOPLE_SHAPE, [value for _label, value in named])
    return " ".join(
        f"{_(label)} {people[value].text('name') if value in people else _(MISSING)}" for label, value in named
    )


def crew_text(desk: Desk, row: Row | None) -> str:
    """`crew_of` for a desk."""
    with desk.store.read() as connection:
        return crew_of(connection, row)


def missing(values: Values, names: Sequence[str] = ()) -> list[str]:
    """Labels of what a shift still lacks before it is handed over; `names` is the unit's own list of equipment."""
    found = [_(SHIFTS[name].label) for name in REQUIRED if values.get(name) in (None, "")]
    if any(tick.ok is None for tick in equipment_of(str(values.get("equipment") or ""), names)):
        found.append(_("设备清点"))
    return found


def equipment_names(connection: Connection) -> tuple[str, ...]:
    """The unit's own list of equipment and keys (setting `handover.equipment`); empty for that of the reference data."""
    told = settings.values(connection, EQUIPMENT_SETTING).get(EQUIPMENT_SETTING, "")
    return tuple(dict.fromkeys(name.strip() for name in _BETWEEN.split(told) if name.strip()))


def names_here(desk: Desk) -> tuple[str, ...]:
    """The same of a desk."""
    with desk.store.read() as connection:
        return equipment_names(connection)


def equipment_of(text: str, names: Sequence[str] = ()) -> list[Tick]:
    """The whole equipment list with what a stored text says of each; `names` in place of the reference data's list."""
    told: dict[str, Tick] = {}
    for line in text.split("\n"):
        sign, _gap, rest = line.strip().partition(" ")
        if sign in ("√", "×"):
            name, *told_of = _COLON.split(rest, maxsplit=1)
            told[name.strip()] = Tick("", name.strip(), sign == "√", "".join(told_of).strip())
    codes = {str(row["zh"]): str(row["code"]) for row in rows("duty", "equipment")}
    listed = [Tick(codes.get(name, ""), name) for name in names or codes]
    known = {tick.label for tick in listed}
    found = [
        Tick(tick.code, tick.label, told[tick.label].ok, told[tick.label].remark) if tick.label in told else tick
        for tick in listed
    ]
    return found + [tick for name, tick in told.items() if name not in known]


def equipment_text(ticks: Iterable[Tick]) -> str:
    """One line for each that was looked at: `√ 值班电话`, `× 传真机：卡纸`. Names are kept in Chinese."""
    lines: list[str] = []
    for tick in ticks:
        remark = " ".join(tick.remark.split())
        if tick.ok is not None:
            lines.append(f"{'√' if tick.ok else '×'} {tick.label}{'：' + remark if remark else ''}")
    return "\n".join(lines)


def faults(connection: Connection, now: int) -> list[tuple[Row, Tick]]:
    """Equipment that is out of order: by the running shift's list, and for what it has not looked at yet by the last
    list before it, so that a fault does not end with the shift that found it."""
    table = SHIFT_TABLE
    statement = (
        select(table.c["_n"])
        .where(table.c["_state"] == LISTED, table.c.equipment.is_not(None), table.c.starts_at <= now)
        .order_by(table.c.starts_at.desc(), table.c.id)
        .limit(2)
    )
    seen: set[str] = set()
    found: list[tuple[Row, Tick]] = []
    for row in q.by_n(connection, SHAPE, [n for (n,) in connection.execute(statement)]):
        for tick in equipment_of(row.text("equipment")):
            if tick.ok is not None and tick.label not in seen:
                seen.add(tick.label)
                if not tick.ok:
                    found.append((row, tick))
    return found


def open_items(connection: Connection, now: int) -> list[OpenItem]:
    """No crew; a hand-over within the hour that lacks something; a last shift without its sheet; faulty equipment."""
    found: list[OpenItem] = []
    row = row_at(connection, now)
    values: Values = row.values if row is not None else {}
    where = row.id if row is not None else b""
    crew = [_(SHIFTS[name].label) for name, _label in CREW if values.get(name) is None]
    if crew:
        detail = _("缺{what}").format(what=_("、").join(crew))
        found.append(OpenItem("TODO", _("本班未填值班人员"), None, 1, "shifts", where, detail))
    if row is not None and row.number("ends_at") - now <= SOON:
        lacking = missing(values, equipment_names(connection))
        if lacking:
            end = row.number("ends_at")
            title = _("交接班 {time} 缺{count}项").format(time=local(end).strftime("%H:%M"), count=len(lacking))
            found.append(OpenItem("TODO", title, end, 1, "shifts", row.id, _("、").join(lacking)))
    last = row_before(connection, now)
    if last is not None and not _on_paper(connection, key_of(of_row(last))):
        found.append(unprinted(last))
    for held, tick in faults(connection, now):
        title = _("{name}异常：{remark}").format(name=tick.name, remark=tick.remark)
        found.append(OpenItem("EQUIPMENT", title, None, 1, "shifts", held.id))
    return found


def _on_paper(connection: Connection, key: str) -> bool:
    from dutydesk.shifts import pending

    return pending.sheet_printed(connection, key)


def unprinted(row: Row) -> OpenItem:
    """That a shift which is over has no hand-over sheet on paper."""
    title = _("上一班交接班表未打印")
    detail = rules.shift_label(of_row(row))
    return OpenItem("TODO", title, row.number("ends_at"), 1, "shifts", row.id, detail)


# -- paper ------------------------------------------------------------------------------------------------------------


def printed(connection: Connection, form: str, about: str) -> list[Row]:
    """The prints of a form about one thing, oldest first."""
    where = (q.Condition("form", "=", form), q.Condition("about", "=", about))
    return q.rows(connection, PRINT_SHAPE, q.Query("prints", where, "", "at"))


def printed_before(desk: Desk, form: str, about: str, since: int = 0) -> bool:
    """Whether a form about one thing was printed or saved since a moment (ms UTC): made again, it is a copy (service
    `printed_before`)."""
    with desk.store.read() as connection:
        return any(row.number("at") >= since for row in printed(connection, form, about))


def edition_before(desk: Desk, form: str, about: str, since: int = 0) -> tuple[int, str]:
    """The last version of a form about one thing that was printed since a moment (ms UTC), from 1, and the digest of
    what it says; (0, "") where none was (service `edition_before`)."""
    with desk.store.read() as connection:
        kept = [row for row in printed(connection, form, about) if row.number("at") >= since]
    if not kept:
        return 0, ""
    last = max(kept, key=lambda row: (row.number("version"), row.number("at")))
    return max(last.number("version"), 1), last.text("content")


@dataclass(frozen=True, slots=True)
class Made:
    """What a paper was made from: the head it names, how far every desk's acts reached, whether it is a copy, and
    whether the head is the seal of a finished hand-over."""

    sheet: Sheet
    frontier: str
    copy: bool
    seal: bool = False


def made_now(desk: Desk, form: str, about: str) -> tuple[Made, list[Place]]:
    """What a paper made now is made from. The sheet of a shift that was handed over names its seal for good: how much
    was written since does not change it, and only a second sheet of that seal is a copy."""
    from dutydesk.shifts import seals

    seq, head = desk.store.position()
    config = desk.config
    with desk.store.read() as connection:
        prints = printed(connection, form, about) if about else []
        seal = seals.seal_of(connection, seals.of_shift(connection, about)) if form == SHEET and about else None
        if seal is None:
            places = frontier(connection, config)
            sheet = Sheet(config.district, config.desk[:8], config.epoch, seq, head.hex()[:16], about)
        else:
            places = seals.places_of(connection, config, seal)
            sheet = seals.sheet_of(seal, config.district, about)
            prints = [row for row in prints if row.text("head") == sheet.code()]
    return Made(sheet, covers(places), bool(prints), seal is not None), places


def note_made(desk: Desk, pdf: bytes, made: Made) -> None:
    """Remember, until it is printed, what a paper was made from: the record may go on while someone looks at it."""
    held: dict[str, Made] = desk.services.setdefault("sheets", {})
    held[hashlib.sha256(pdf).hexdigest()] = made


def record_print(desk: Desk, form: str, title: str, about: str, pdf: bytes) -> Receipt:
    """Record that a paper was printed or saved: what it is, what it was made from, its hash, 正本 or 副本.

    What the paper says of itself counts: a second one of the same bytes is what the first one was. Of what was printed from a view
    nothing is recorded: nobody writes there.
    """
    if desk.config.view:
        return Receipt(b"", 0, ())
    sha256 = hashlib.sha256(pdf).hexdigest()
    held: dict[str, Made] = desk.services.get("sheets", {})
    made = held[sha256] if sha256 in held else made_now(desk, form, about)[0]
    said = pdf.copy if isinstance(pdf, Pdf) else None
    copy = made.copy if said is None else said
    values: dict[str, Value] = {
        "form": form,
        "title": title[:200],
        "about": about or made.sheet.about,
        "at": desk.clock.now(),
        "copy": COPY if copy else ORIGINAL,
        "frontier": made.frontier,
        "head": made.sheet.code(),
        "sha256": sha256,
        **({"version": pdf.version, "content": pdf.content} if isinstance(pdf, Pdf) else {}),
    }
    return desk.act("print.add", [desk.new("prints", {name: value for name, value in values.items() if value})])
