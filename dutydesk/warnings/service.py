"""What is done with warnings, and what is asked of them.

Whether a warning is in force is worked out from the messages and the clock (`standing.py`); here it is typed, cancelled
and given away as CAP. What a warning must state is 突发事件应对法 (2024), checked by `rules.check_typed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dutydesk.core.clock import MINUTE, SECOND
from dutydesk.core.errors import Damaged, Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.core.reference import by_code
from dutydesk.journal import attachments
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.ledger.feature import Change
from dutydesk.ledger.spec import Value, Values
from dutydesk.warnings import rules, signals, standing
from dutydesk.warnings.alert import BARE_GEOCODE, Alert, Area, ColourFrom, Info, Reference
from dutydesk.warnings.cap import read_alerts
from dutydesk.warnings.capout import write_cap
from dutydesk.warnings.importing import first_state
from dutydesk.warnings.ledger import WARNINGS
from dutydesk.warnings.rules import Colour, State, Typed
from dutydesk.warnings.standing import KINDS, STATUSES, Current
from dutydesk.warnings.webjson import read_web_alerts

SLACK = 5 * MINUTE
MOST_LISTED = 2_000
"""Warnings whose state is worked out for a list; those before the latest so many show what the ledger knows."""


# -- reading -----------------------------------------------------------------------------------------------------------


def current(desk: Desk, now: int | None = None) -> list[Current]:
    """Where the warnings stand that may be in force, and those that ended them."""
    with desk.store.read() as connection:
        return standing.current(connection, desk.clock.now() if now is None else now)


def in_force(desk: Desk, now: int | None = None) -> list[Current]:
    """The warnings in force, the most serious first, stale ones last."""
    with desk.store.read() as connection:
        return standing.in_force(connection, desk.clock.now() if now is None else now)


def line_of(one: Current, now: int) -> str:
    """A warning as one line."""
    values = one.row.values
    parts = (
        standing.signal_text(values),
        standing.short_areas(values, 6),
        standing.end_text(one.standing, now),
        str(values.get("issuer") or ""),
    )
    return " ".join(part for part in parts if part)


def listed(desk: Desk, *where: q.Condition, search: str = "", now: int | None = None) -> list[Current]:
    """The latest warnings with their states, those in force first by weight, then by time of issue."""
    at = desk.clock.now() if now is None else now
    with desk.store.read() as connection:
        hours = standing.hours_here(connection)
        every = q.rows(connection, standing.SHAPE, q.Query("warnings", order="-issued_at"), MOST_LISTED)
    stands = {one.row.id: one for one in standing.standings_of(every, at, hours)}
    wanted = desk.rows("warnings", *where, search=search, order="-issued_at", limit=MOST_LISTED)
    found = [stands[row.id] for row in wanted if row.id in stands]
    live = sorted(
        (one for one in found if one.standing.in_force),
        key=lambda one: (one.standing.stale, rules.rank(one.colour), -one.standing.message.sent),
    )
    return [*live, *(one for one in found if not one.standing.in_force)]


def find(desk: Desk, wanted: str | bytes) -> Row:
    """A warning by its identifier, its id, or the row's own 16 bytes. Raises `Refused`."""
    if isinstance(wanted, bytes):
        return _held(desk, wanted)
    hits = desk.rows("warnings", q.Condition("identifier", "=", wanted.strip()), limit=1)
    if hits:
        return hits[0]
    with desk.store.read() as connection:
        return q.find(connection, desk.store.schema["warnings"], wanted)


def criterion(values: Values) -> str:
    """What the national signal stands for, with its source; empty where there is none."""
    kind, colour = str(values.get("type") or ""), str(values.get("colour") or "")
    found = signals.signal(kind, Colour(colour)) if colour in Colour.__members__ else None
    if found is None:
        return ""
    from dutydesk.core.i18n import pick

    return _("{text}（{source}）").format(text=pick(dict(found)), source=found["source"])


# -- writing -----------------------------------------------------------------------------------------------------------


def add(desk: Desk, values: Values) -> Row:
    """Take in a warning: class, colour, issuer, range and time of issue must be there, nothing ends before it is issued,
    an update or cancellation names what it is about. What it ends is marked in the same act.

    Raises `Refused` with one problem a field.
    """
    given: dict[str, Value] = {name: value for name, value in values.items() if value is not None}
    given.setdefault("status", "ACTUAL")
    given.setdefault("kind", "ALERT")
    problems = list(rules.check_typed(_typed(given)))
    issued = given.get("issued_at")
    if isinstance(issued, int) and issued > desk.clock.now() + SLACK and given["status"] == "ACTUAL":
        problems.append(Problem(_("发布时间还没有到"), "issued_at"))
    identifier = given.get("identifier")
    if identifier and desk.count("warnings", q.Condition("identifier", "=", identifier)):
        problems.append(Problem(_("这个编号已有"), "identifier"))
    if problems:
        raise Refused(*problems)
    given.setdefault("headline", _headline(given))
    given["assumed_end"] = 0 if isinstance(given.get("ends_at"), int) else 1
    given["state"] = first_state(given)
    made = desk.new("warnings", given)
    receipt = desk.act(
        "warning.add", [made, *_ended(desk, made)], happened_at=issued if isinstance(issued, int) else None
    )
    return _held(desk, receipt.changes[0].row)


def cancel(desk: Desk, row: bytes, at: int | None = None, note: str = "") -> Row:
    """Record that a warning was lifted (解除); raises `Refused` for one that is not in force or a time that cannot be."""
    held = _held(desk, row)
    now = desk.clock.now()
    moment = now - now % MINUTE if at is None else at
    stands = {one.row.id: one.standing for one in current(desk, now)}
    found = stands.get(row)
    if found is None or not found.in_force:
        raise Refused(_("这条预警不在生效中"))
    if moment > now + SLACK:
        raise Refused(Problem(_("时间还没有到"), "at"))
    if moment // MINUTE < held.number("issued_at") // MINUTE:
        raise Refused(Problem(_("解除时间早于发布时间"), "at"))
    edit = desk.edit("warnings", row, {"cancelled_at": moment, "state": State.CANCELLED.value})
    assert edit is not None
    text = _("{title}预警解除").format(title=standing.signal_text(held.values))
    areas = standing.short_areas(held.values, 6)
    line = standing.entry(held.values, moment, _("：").join(part for part in (text, areas) if part), now, desk.me.name)
    if note.strip():
        line["handling"] = note.strip()
    desk.act("warning.cancel", [edit, desk.new("log", line)], happened_at=moment, note=note.strip())
    return _held(desk, row)


def export_cap(desk: Desk, row: Row) -> bytes:
    """The warning as a CAP 1.2 file: from the file it came with where that is here and whole, else from the row."""
    original = row.text("original")
    if original:
        try:
            data = attachments.read(desk.store.home, original)
            found = _read(data) if data is not None else ()
        except (Damaged, Refused):
            found = ()
        for alert in found:
            if alert.identifier == row.text("identifier"):
                return write_cap(alert)
    return write_cap(alert_of(row))


# -- inside ------------------------------------------------------------------------------------------------------------


def _held(desk: Desk, row: bytes) -> Row:
    held = desk.get("warnings", row)
    if held is None:
        raise Refused(_("没有这条预警"))
    return held


def _typed(values: Values) -> Typed:
    def text(name: str) -> str:
        return str(values.get(name) or "")

    def time(name: str) -> int | None:
        value = values.get(name)
        return value if isinstance(value, int) else None

    return Typed(
        type=text("type"),
        colour=text("colour"),
        issuer=text("issuer"),
        areas=text("areas"),
        issued_at=time("issued_at"),
        starts_at=time("starts_at"),
        ends_at=time("ends_at"),
        status=STATUSES.get(text("status"), rules.ACTUAL),
        msg_type=KINDS.get(text("kind"), "Alert"),
        references=tuple(text("refers").split()),
    )


_LEVELS = {Colour.RED: "Ⅰ级/特别严重", Colour.ORANGE: "Ⅱ级/严重", Colour.YELLOW: "Ⅲ级/较重", Colour.BLUE: "Ⅳ级/一般"}
"""As 12379 writes the level into a headline (domain.md §5.5)."""


def _headline(values: Values) -> str:
    """`区气象台发布暴雨橙色预警[Ⅱ级/严重]`, in Chinese whatever the language: it is an official text."""
    colour = Colour(str(values["colour"]))
    verb = {"UPDATE": "更新", "CANCEL": "解除"}.get(str(values.get("kind")), "发布")
    hazard = signals.hazard_zh(str(values["type"])) or str(values["type"])
    word = by_code(signals.FILE, "colours")[colour.value]["zh"]
    return f"{values['issuer']}{verb}{hazard}{word}预警[{_LEVELS[colour]}]"


def _ended(desk: Desk, made: Change) -> Sequence[Change]:
    """The rows that a new message ends, marked so."""
    new = Row("warnings", made.row, 0, {item.name: made.values.get(item.name) for item in WARNINGS.fields})
    if new.text("kind") not in ("UPDATE", "CANCEL") or new.text("status") != "ACTUAL":
        return ()
    now = desk.clock.now()
    with desk.store.read() as connection:
        hours = standing.hours_here(connection)
        held = [one.row for one in standing.current(connection, now)]
    own = standing.name_of(new)
    changes: list[Change] = []
    for one in standing.standings_of([*held, new], now, hours):
        if one.standing.by == own and one.row.text("state") != one.standing.state.value:
            edit = desk.edit("warnings", one.row.id, {"state": one.standing.state.value})
            if edit is not None:
                changes.append(edit)
    return changes


def _read(data: bytes) -> tuple[Alert, ...]:
    head = data.lstrip(b"\xef\xbb\xbf \r\n\t")[:1]
    if head == b"<" or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return read_alerts(data, "").alerts
    return read_web_alerts(data, "").alerts


def alert_of(row: Row) -> Alert:
    """A row as a message. A row without identifier is named by its id."""
    message = standing.message_of(row)
    names, codes = standing.area_names(row.values), row.text("area_codes").split()
    if len(names) == len(codes):
        areas = tuple(Area(name, geocodes=((BARE_GEOCODE, code),)) for name, code in zip(names, codes, strict=True))
    else:
        areas = (Area("、".join(names), geocodes=tuple((BARE_GEOCODE, code) for code in codes)),)
    info = Info(
        language="zh-CN",
        event=signals.hazard_zh(row.text("type")) or row.text("event") or row.text("headline"),
        event_code=row.text("type"),
        category="Met" if row.text("type").startswith("11B") else "Other",
        severity=message.colour.value.capitalize() if message.colour else "Unknown",
        colour=message.colour,
        colour_from=ColourFrom.PARAMETER if message.colour else ColourFrom.NONE,
        effective=message.sent // SECOND * SECOND,
        onset=message.starts,
        expires=message.expires,
        headline=row.text("headline"),
        description=row.text("text"),
        instruction=row.text("measures"),
        areas=areas if names or codes else (),
    )
    return replace(
        Alert(message.identifier, message.issuer, message.sent),
        status=message.status,
        msg_type=message.msg_type,
        references=tuple(Reference(name) for name in message.references),
        infos=(info,),
    )
