"""Rows of the ledger `warnings` as messages, and where they stand at a time.

The ledger holds what was said: kind, what it refers to, the end that was given, when it was cancelled here. Whether a
warning is in force follows from that and the clock, so it is worked out whenever it is read; `state` in the ledger is
only what is known without a clock.

Settings: `warnings.assumed_hours` and `warnings.stale_hours`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, func, or_, select

from dutydesk.core.clock import HOUR, local
from dutydesk.core.i18n import _
from dutydesk.core.reference import rows
from dutydesk.journal import query as q
from dutydesk.journal import settings
from dutydesk.journal.query import Row
from dutydesk.journal.schema import Shape
from dutydesk.ledger.feature import Known
from dutydesk.ledger.spec import Value, Values
from dutydesk.ledger.table import LISTED
from dutydesk.warnings import rules, signals
from dutydesk.warnings.ledger import WARNINGS
from dutydesk.warnings.model import WARNING_TABLE
from dutydesk.warnings.rules import Colour, Message, Standing

SHAPE = Shape(WARNINGS, WARNING_TABLE)
STATUSES = {"ACTUAL": "Actual", "EXERCISE": "Exercise", "TEST": "Test", "DRAFT": "Draft", "SYSTEM": "System"}
KINDS = {"ALERT": "Alert", "UPDATE": "Update", "CANCEL": "Cancel", "ACK": "Ack", "ERROR": "Error"}
LIVE_KINDS = ("ALERT", "UPDATE")
MOST_HOURS = 8_760


@dataclass(frozen=True, slots=True)
class Current:
    """A warning and where it stands."""

    row: Row
    standing: Standing

    @property
    def colour(self) -> Colour | None:
        """Its colour, None for one that has none."""
        return self.standing.message.colour


@dataclass(frozen=True, slots=True)
class Hours:
    """How long a warning without an end is taken to last, and after how long one in force is to be checked."""

    assumed: int
    stale: int


def hours_of(given: Mapping[str, str]) -> Hours:
    """The reference data with the desk's own settings on top; a value that means nothing changes nothing."""

    def told(name: str) -> int:
        text = given.get(f"warnings.{name}", "")
        return int(text) if text.isascii() and text.isdecimal() and 0 < int(text) <= MOST_HOURS else signals.limit(name)

    return Hours(told("assumed_hours"), told("stale_hours"))


def hours_here(connection: Connection) -> Hours:
    """The hours in force at this desk."""
    return hours_of(settings.values(connection, "warnings."))


def known(district: str) -> list[Known]:
    """The settings of warnings."""
    return [
        settings.from_row(
            "warnings", "limits", row, f"warnings.{row['code']}", str(row["value"]), settings.whole(1, MOST_HOURS)
        )
        for row in rows("warnings", "limits")
    ]


def name_of(row: Row) -> str:
    """The identifier of a warning; a typed one without any is named by its row."""
    return row.text("identifier") or row.id.hex()


def areas_of(values: Values) -> tuple[str, ...]:
    """Region codes where there are any, else names of places."""
    codes = str(values.get("area_codes") or "").split()
    if codes and all(code.isdecimal() for code in codes):
        return tuple(codes)
    return area_names(values)


def area_names(values: Values) -> tuple[str, ...]:
    """The places as they are written."""
    text = str(values.get("areas") or "")
    for sign in (",", "，", "、", ";", "；", "\n"):
        text = text.replace(sign, "\x1f")
    return tuple(dict.fromkeys(part.strip() for part in text.split("\x1f") if part.strip()))


def message_of(row: Row) -> Message:
    """What the rules need of a row."""
    colour = row.text("colour")
    starts, expires = row.values.get("starts_at"), row.values.get("ends_at")
    return Message(
        identifier=name_of(row),
        sent=row.number("issued_at"),
        hazard=row.text("type") or row.text("event"),
        colour=Colour(colour) if colour in Colour.__members__ else None,
        issuer=row.text("issuer"),
        status=STATUSES.get(row.text("status"), rules.ACTUAL),
        msg_type=KINDS.get(row.text("kind"), "Alert"),
        starts=starts if isinstance(starts, int) else None,
        expires=expires if isinstance(expires, int) else None,
        references=tuple(row.text("refers").split()),
        areas=areas_of(row.values),
    )


def standings_of(rows: Iterable[Row], now: int, hours: Hours) -> list[Current]:
    """Where each row stands at `now`, among these rows. What was cancelled here counts like a message that says so."""
    held = list(rows)
    messages: list[Message] = []
    for row in held:
        message = message_of(row)
        messages.append(message)
        cancelled = row.values.get("cancelled_at")
        if isinstance(cancelled, int) and cancelled <= now:
            name = f"{message.identifier}\x1fcancel"
            sent = max(cancelled, message.sent + 1)
            messages.append(
                replace(message, identifier=name, sent=sent, msg_type=rules.CANCEL, references=(message.identifier,))
            )
    found = rules.standings(messages, now, hours.assumed, hours.stale)
    latest = {message.identifier: message for message in messages}
    return [
        Current(row, found[name_of(row)])
        for row in held
        if name_of(row) in latest and found[name_of(row)].message.sent == row.number("issued_at")
    ]


def current(connection: Connection, now: int) -> list[Current]:
    """Where the warnings stand that may be in force at `now`, and those that ended them, the latest first.

    Reads only those: what has not ended by its own words, and everything issued since the first of these.
    """
    hours = hours_here(connection)
    columns = WARNING_TABLE.c
    started = func.max(columns.issued_at, func.coalesce(columns.starts_at, columns.issued_at))
    earliest = connection.execute(
        select(func.min(columns.issued_at)).where(
            columns["_state"] == LISTED,
            or_(columns.ends_at > now, started > now - hours.assumed * HOUR),
        )
    ).scalar_one()
    if earliest is None:
        return []
    rows = q.rows(connection, SHAPE, q.Query("warnings", (q.Condition("issued_at", ">=", int(earliest)),)))
    return standings_of(rows, now, hours)


def in_force(connection: Connection, now: int) -> list[Current]:
    """The warnings in force at `now`, the most serious first, stale ones last."""
    found = [one for one in current(connection, now) if one.standing.in_force]
    return sorted(found, key=_weight)


def _weight(one: Current) -> tuple[bool, int, int, str]:
    return (one.standing.stale, rules.rank(one.colour), -one.standing.message.sent, name_of(one.row))


# -- words -------------------------------------------------------------------------------------------------------------


def hazard_text(values: Values) -> str:
    """暴雨; what the message calls it where there is no code for it; 预警 when it does not say."""
    code = values.get("type")
    return signals.hazard_name(str(code)) if code else str(values.get("event") or "") or _("预警")


def colour_text(values: Values) -> str:
    """橙色, empty for none."""
    colour = str(values.get("colour") or "")
    return signals.colour_name(Colour(colour)) if colour in Colour.__members__ else ""


def signal_text(values: Values) -> str:
    """`暴雨橙色`."""
    return _("{hazard}{colour}").format(hazard=hazard_text(values), colour=colour_text(values)).strip()


def title(values: Values) -> str:
    """`暴雨橙色 区气象台`."""
    parts = (signal_text(values), str(values.get("issuer") or ""))
    return " ".join(part for part in parts if part)


def clock_text(at: int, now: int) -> str:
    """`18:00`, with the day where it is another one."""
    moment = local(at)
    return f"{moment:%H:%M}" if moment.date() == local(now).date() else f"{moment:%m-%d %H:%M}"


def end_text(standing: Standing, now: int) -> str:
    """`至 18:00`, `至 18:00(推定)`, with 待核 for one that has been in force since days."""
    text = _("至 {time}").format(time=clock_text(standing.ends_at, now))
    if standing.assumed:
        text += _("（推定）")
    return text + (_(" 久未更新，请核实") if standing.stale else "")


def short_areas(values: Values, most: int = 3) -> str:
    """彭埠街道、笕桥街道; the rest as a number: 彭埠街道等 6 处."""
    names: Sequence[str] = area_names(values)
    if len(names) > most:
        return _("{first}等 {count} 处").format(first=_("、").join(names[: most - 1]), count=len(names))
    return _("、").join(names)


def state_text(one: Current) -> str:
    """生效中, 已被更新 …"""
    labels = {choice.code: choice.label for choice in WARNINGS["state"].choices}
    return _(labels[one.standing.state.value])


_LINES = (("11B25", "FIRE"), ("11G", "FIRE"), ("12", "SAFETY"), ("13", "GOV"), ("14", "GOV"))


def entry(values: Values, at: int, text: str, recorded_at: int, recorder: str = "") -> dict[str, Value]:
    """The fields of a line that a warning writes into the duty log."""
    code = str(values.get("type") or "")
    return {
        "happened_at": at,
        "recorded_at": recorded_at,
        "category": "WARNING",
        "line": next((line for prefix, line in _LINES if code.startswith(prefix)), "FLOOD"),
        "direction": "IN",
        "means": "SYSTEM",
        "party": values.get("issuer"),
        "text": text,
        "recorder": recorder or None,
    }
