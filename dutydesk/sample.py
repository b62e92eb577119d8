"""The sample district: fictional people and numbers in the streets of a real one, and a night of heavy rain.

The night is a script in minutes before its end (`resources/sample/night.json`), so that it can end at any moment; every
act is made at its own time by whoever was on duty then, through the same journal as anything an officer types.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Any

from dutydesk.core import ids
from dutydesk.core.clock import DAY, MINUTE, SECOND, Clock, FixedClock, local, utc_ms
from dutydesk.core.paths import Home, resources
from dutydesk.core.reference import reference
from dutydesk.core.settings import DeskConfig
from dutydesk.features import FEATURES, schema
from dutydesk.journal import attachments, batches
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.store import Store
from dutydesk.ledger.feature import Change
from dutydesk.ledger.spec import Value
from dutydesk.rain.samples import encode, samples_of
from dutydesk.shifts import rules as shift_rules

DISTRICT = "330102"
UNIT = "上城区应急管理局（示例）"
LISTS = ("regions", "units", "posts", "people", "numbers", "shelters", "supplies", "teams", "stations")
REFERENCES = {
    "regions": {"parent": "regions"},
    "units": {"region": "regions"},
    "people": {"unit": "units", "post": "posts"},
    "numbers": {"person": "people"},
    "shelters": {"region": "regions"},
    "supplies": {"region": "regions"},
    "teams": {"region": "regions"},
    "stations": {"region": "regions"},
}
POSTS = {"LEADER": "leader", "PRIMARY": "primary", "SECONDARY": "secondary"}
_STAMP = re.compile(r"\{(t|d|ts):(-?\d+)\}")


@dataclass
class _Known:
    """Ids of what the sample made, by ledger and key."""

    rows: dict[tuple[str, str], bytes]

    def __call__(self, ledger: str, key: str) -> bytes:
        return self.rows[ledger, key]


def make_sample(
    home: Home,
    clock: Clock,
    at: int | None = None,
    *,
    night: bool = True,
    seed: int | None = None,
    leave_out: int = 0,
    key: bytes | None = None,
    given: Mapping[str, str] | None = None,
) -> None:
    """Make the sample desk in `home`; its night ends at `at` (now when not given). `seed` gives the same ids each time,
    for pictures and golden prints; `leave_out` leaves that many minutes of its end to be played by someone else; `key`
    encrypts it; `given` are settings of the desk (name, unit, code) that differ from the sample's. Raises `Refused`
    when a desk is there already."""
    end = clock.now() if at is None else at
    end -= end % MINUTE
    with ids.seeded(seed):
        config = DeskConfig(ids.token(16).hex(), district=DISTRICT, name="上城区", unit=UNIT, sample=True)
        config = replace(config, **(given or {}))
        moving = FixedClock(end - 30 * DAY)
        with Store.create(home, schema(), moving, config, key=key) as store:
            desk = Desk(store, moving, Me(ids.SYSTEM), FEATURES)
            known = _lists(desk, end)
            if night:
                _roster(desk, moving, known, end)
                for offset, play in sorted(_night(desk, known, end), key=lambda entry: entry[0]):
                    if not leave_out or offset <= -leave_out:
                        moving.at = end + round(offset * MINUTE)
                        play()


def _load(name: str) -> dict[str, Any]:
    return json.loads(resources("sample", f"{name}.json").read_text(encoding="utf-8"))


def _lists(desk: Desk, end: int) -> _Known:
    known = _Known({})
    for name in LISTS:
        data = _load(name)
        ledger = desk.ledger(name)
        changes: list[Change] = []
        for cells in data["rows"]:
            told = dict(zip(data["fields"], cells, strict=True))
            key = str(told.pop("key", "") or told.get("code", ""))
            values: dict[str, Value] = {}
            for field, value in told.items():
                if value in (None, ""):
                    continue
                if field == "verified_days_ago":
                    values["verified_at"] = local(end - value * DAY).date().isoformat()
                elif field == "expires_in_days":
                    values["expires"] = local(end + value * DAY).date().isoformat()
                elif field in REFERENCES.get(name, {}):
                    values[field] = known(REFERENCES[name][field], str(value))
                else:
                    values[field] = ledger[field].kind.parse(str(value), ledger[field])
            change = desk.new(name, values)
            known.rows[name, key] = change.row
            changes.append(change)
        batches.write(desk.store, f"{name}.import", changes, by=ids.SYSTEM, note="示例数据", size=400)
    return known


def _roster(desk: Desk, clock: FixedClock, known: _Known, end: int) -> None:
    """Who may stand which post, the published roster of the night's month, and a swap that its leader approved. The
    crews of the night's own shifts stand in its script, the same people in the same order."""
    data = _load("roster")
    pattern = shift_rules.pattern(desk.config.shift_pattern, reference("duty"))
    night = shift_rules.shift_of(end - _load("night")["minutes"] * MINUTE, pattern)
    clock.at = end - 9 * DAY
    zero = local(night.start).date()
    first = zero.replace(day=1) - timedelta(days=1)  # its shift lasts into the month
    last = _month_end(zero + timedelta(days=data["ahead"]))
    span = range((first - zero).days, (last - zero).days + 1)

    def place(post: str, day: int, person: str) -> dict[str, Value]:
        date = local(night.start + day * DAY).date().isoformat()
        who = known("people", person)
        return {"date": date, "shift": night.code, "post": post, "slot": 1, "person": who, "origin": "GENERATED"}

    turns: Mapping[str, Sequence[str]] = data["turns"]
    rows = {(post, day): place(post, day, people[day % len(people)]) for day in span for post, people in turns.items()}
    told: Mapping[str, Any] = data["swap"]
    mine, other = ((told["post"], told[name]) for name in ("day", "other_day"))
    swap = ids.named_id("swaps", DISTRICT, "sample")
    values: dict[str, Value] = {
        "kind": "SWAP", **{name: rows[mine][name] for name in ("date", "shift", "post", "slot", "person")},
        "other": rows[other]["person"], "other_date": rows[other]["date"], "other_shift": rows[other]["shift"],
        "other_post": rows[other]["post"], "other_slot": 1, "reason": told["reason"], "state": "APPROVED",
        "asked_at": clock.at, "accepted_at": clock.at, "approver": known("people", data["approver"]),
        "decided_at": clock.at,
    }  # fmt: skip
    rows[mine], rows[other] = (
        {**rows[key], "person": rows[giver]["person"], "origin": "SWAP", "swap": swap, "planned": rows[key]["person"]}
        for key, giver in ((mine, other), (other, mine))
    )
    dates = sorted(str(row["date"]) for row in rows.values())
    roster: dict[str, Value] = {
        "starts_on": dates[0], "ends_on": dates[-1], "state": "PUBLISHED", "published_at": clock.at,
        "maker": known("people", data["maker"]), "approver": known("people", data["approver"]),
    }  # fmt: skip
    trained = local(end - 400 * DAY).date().isoformat()
    changes = [desk.new("roster_people", _member(known, one) | {"trained_on": trained}) for one in data["staff"]]
    changes += [
        Change("assignments", ids.named_id("assignments", DISTRICT, *map(str, _place_of(row))), row, new=True)
        for row in rows.values()
    ]
    changes.append(Change("swaps", swap, values, new=True))
    changes += [desk.new("day_types", _day(zero + timedelta(days=day), data["calendar"])) for day in span]
    posture: dict[str, Value] = {**data["posture"], "starts_on": dates[0], "ends_on": dates[-1]}
    changes.append(desk.new("postures", posture | {"note": data["note"]}))
    changes.append(Change("rosters", ids.named_id("rosters", DISTRICT, dates[0], dates[-1]), roster, new=True))
    batches.write(desk.store, "roster.import", changes, by=ids.SYSTEM, note="示例数据", size=400)


def _month_end(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _day(day: date, source: str) -> dict[str, Value]:
    return {"date": day.isoformat(), "kind": "RESTDAY" if day.weekday() >= 5 else "WORKDAY", "source": source}


def _place_of(row: Mapping[str, Value]) -> list[Value]:
    return [row[name] for name in ("date", "shift", "post", "slot")]


def _member(known: _Known, told: Mapping[str, Any]) -> dict[str, Value]:
    return {name: known("people", value) if name in ("person", "deputy") else value for name, value in told.items()}


Step = tuple[float, Callable[[], None]]


def _night(desk: Desk, known: _Known, end: int) -> Iterator[Step]:
    """Every step of the night: when (minutes from its end), and what is done then."""
    script = _load("night")
    shifts = _Shifts(desk, known, script, end)
    yield from shifts.steps()
    yield from shifts.on_duty(_load("roster")["attendance"])
    teller = _Teller(desk, known, shifts, end)
    for told in script["spot_checks"]:
        values = {name: value for name, value in told.items() if name != "by"}
        yield told["at"] + 0.6, teller.step("spot_check.add", "spot_checks", values, told["by"], own=("checker",))
    for warning in script["warnings"]:
        yield warning["issued_at"] + 1, teller.step("warning.add", "warnings", warning, "PRIMARY")
    for entry in script["log"]:
        yield entry["happened_at"] + entry.get("typed_after", 1), teller.log(entry)
    for incident in script["incidents"]:
        told = {name: value for name, value in incident.items() if name not in ("updates", "by")}
        yield incident["received_at"] + 0.5, teller.step("incident.add", "incidents", told, incident["by"])
        for update in incident.get("updates", ()):
            yield update["at"] + 0.5, teller.update(incident["key"], update)
    for state in script["shelter_states"]:
        yield state["at"] + 0.2, teller.shelter_state(state)
    for entry in script["shelter_counts"]:
        told = {name: value for name, value in entry.items() if name != "by"}
        yield entry["at"] + 0.3, teller.step("shelter.count", "shelter_counts", told, entry["by"])
    samples = script["samples"]
    step, first = script["rain"]["step"], script["rain"]["first_end"]
    whole = max(len(values) for values in samples.values())
    for start in range(0, whole, 12):
        offset = first + step * (min(start + 12, whole) - 1)
        yield offset + 0.1, _Rain(desk, samples, start, step, first, end)


class _Shifts:
    """The shifts that the night spans and who has them."""

    def __init__(self, desk: Desk, known: _Known, script: Mapping[str, Any], end: int) -> None:
        self._desk, self._known = desk, known
        self._crews: Sequence[Mapping[str, str]] = script["crews"]
        pattern = shift_rules.pattern(desk.config.shift_pattern, reference("duty"))
        first = shift_rules.shift_of(end - script["minutes"] * MINUTE, pattern)
        self._shifts = [first]
        while self._shifts[-1].end <= end + DAY:
            self._shifts.append(shift_rules.next_shift(self._shifts[-1], pattern))
        self._start, self._end = -script["minutes"], end

    def steps(self) -> Iterator[Step]:
        yield self._opening, self._make

    @property
    def _opening(self) -> float:
        """Minutes from the night's end when its first shift begins to be made ready."""
        return min(self._start - 60, (self._shifts[0].start - self._end) / MINUTE - 20)

    def on_duty(self, told: Mapping[str, Any]) -> Iterator[Step]:
        """Everybody signs in before their shift and out after it; what comes again every day is done in time."""
        for shift, crew in zip(self._shifts, self._crews, strict=False):
            for post, early in told["signs"].items():
                person = self._known("people", crew[POSTS[post]])
                for sign, at in (("IN", shift.start - early * MINUTE), ("OUT", shift.end + early * SECOND)):
                    if at <= self._end:
                        yield (at - self._end) / MINUTE, self._sign(shift, post, person, sign)
        yield self._opening + 0.5, partial(self._adopt, told["duties"])
        day = local(self._shifts[0].start).replace(hour=0, minute=0, second=0, microsecond=0)
        times = [shift.start + told["shift"] * MINUTE for shift in self._shifts]
        for text in told["times"]:
            hour, minute = map(int, str(text).split(":"))
            times += [utc_ms(day + timedelta(days=n, hours=hour, minutes=minute + told["after"])) for n in range(3)]
        for at in sorted(times):
            if self._shifts[0].start < at <= self._end:
                yield (at - self._end) / MINUTE, self._tick

    def _sign(self, shift: shift_rules.Shift, post: str, person: bytes, sign: str) -> Callable[[], None]:
        def play() -> None:
            desk = self._desk
            desk.me.id, desk.me.name = person.hex(), desk.title("people", person)
            values: dict[str, Value] = {
                "at": desk.clock.now(), "shift": f"{shift.date}/{shift.code}", "person": person, "post": post,
                "sign": sign, "workstation": desk.config.name,
            }  # fmt: skip
            values["late_min" if sign == "IN" else "overtime_min"] = 0
            desk.act(f"sign.{sign.lower()}", [desk.new("sign_ins", values)])

        return play

    def _adopt(self, codes: Sequence[str]) -> None:
        from dutydesk.attendance import duties

        self.sit("PRIMARY")
        duties.adopt(self._desk, codes)

    def _tick(self) -> None:
        from dutydesk.attendance import duties

        for item in duties.due_list(self._desk):
            if item.open:
                self.sit(item.duty.text("post"))
                duties.tick(self._desk, item.duty.id, item.due.at)

    def _make(self) -> None:
        changes: list[Change] = []
        for shift, crew in zip(self._shifts, self._crews, strict=False):
            values: dict[str, Value] = {
                "date": shift.date, "code": shift.code, "starts_at": shift.start, "ends_at": shift.end,
                "weather": crew["weather"], "risk_level": crew["risk_level"], "mode": crew["mode"],
            }  # fmt: skip
            values |= {post: self._known("people", crew[post]) for post in POSTS.values()}
            changes.append(self._desk.new("shifts", values))
        self._desk.me.id = ids.SYSTEM
        self._desk.act("shift.set", changes)

    def sit(self, post: str) -> None:
        """Let the person who holds `post` now sit at the desk."""
        now = self._desk.clock.now()
        at = next((n for n, shift in enumerate(self._shifts) if shift.start <= now < shift.end), 0)
        crew = self._crews[min(at, len(self._crews) - 1)]
        row = self._known("people", crew[POSTS[post]])
        self._desk.me.id, self._desk.me.name = row.hex(), self._desk.title("people", row)

    def code(self) -> str:
        """The running shift as the log names it."""
        now = self._desk.clock.now()
        shift = next((shift for shift in self._shifts if shift.start <= now < shift.end), self._shifts[0])
        return f"{shift.date}/{shift.code}"


class _Teller:
    """Turns lines of the script into acts."""

    def __init__(self, desk: Desk, known: _Known, shifts: _Shifts, end: int) -> None:
        self._desk, self._known, self._shifts, self._end = desk, known, shifts, end

    def step(
        self, kind: str, ledger: str, told: Mapping[str, Any], by: str, own: Sequence[str] = ()
    ) -> Callable[[], None]:
        """The act that adds one row; the fields `own` name whoever makes it."""

        def play() -> None:
            self._shifts.sit(by)
            values = self._values(ledger, told) | dict.fromkeys(own, self._desk.me.name)
            change = self._desk.new(ledger, values)
            happened = change.values.get("happened_at")
            self._desk.act(kind, [change], happened_at=happened if isinstance(happened, int) else None)
            if "key" in told:
                self._known.rows[ledger, str(told["key"])] = change.row

        return play

    def log(self, entry: Mapping[str, Any]) -> Callable[[], None]:
        """One entry of the duty log."""

        def play() -> None:
            self._shifts.sit(entry["by"])
            told = {name: value for name, value in entry.items() if name not in ("by", "typed_after")}
            values = self._values("log", told)
            values |= {
                "recorded_at": self._desk.clock.now(), "recorder": self._desk.me.name, "shift": self._shifts.code(),
            }  # fmt: skip
            change = self._desk.new("log", values)
            happened = values["happened_at"]
            assert isinstance(happened, int)
            self._desk.act("log.add", [change], happened_at=happened)
            self._known.rows["log", str(entry["key"])] = change.row

        return play

    def update(self, key: str, update: Mapping[str, Any]) -> Callable[[], None]:
        """What became of an incident."""

        def play() -> None:
            self._shifts.sit(update["by"])
            row = self._known("incidents", key)
            self._desk.act(
                "incident.edit",
                [Change("incidents", row, self._values("incidents", update["set"]))],
                note=update["note"],
            )

        return play

    def shelter_state(self, state: Mapping[str, Any]) -> Callable[[], None]:
        """A shelter opens or closes."""

        def play() -> None:
            self._shifts.sit(state["by"])
            row = self._known("shelters", state["shelter"])
            self._desk.act("shelter.state", [Change("shelters", row, {"state": state["state"]})])

        return play

    def _values(self, ledger: str, told: Mapping[str, Any]) -> dict[str, Value]:
        declared = self._desk.ledger(ledger)
        values: dict[str, Value] = {}
        for name, value in told.items():
            if name == "key" or value in (None, ""):
                continue
            field = declared[name]
            if field.kind.name == "time":
                values[name] = self._end + value * MINUTE
            elif field.kind.name == "ref":
                target = getattr(field.kind, "ledger")  # noqa: B009 - only the Ref kind has it
                values[name] = self._known(target, str(value))
            elif isinstance(value, str):
                values[name] = _STAMP.sub(self._stamp, value)
            else:
                values[name] = value
        if ledger == "warnings" and "refers" in told and told["refers"]:
            values["refers"] = self._identifier(str(told["refers"]))
        return values

    def _identifier(self, key: str) -> str:
        row = self._desk.get("warnings", self._known("warnings", key))
        return row.text("identifier") if row else ""

    def _stamp(self, match: re.Match[str]) -> str:
        moment = local(self._end + int(match[2]) * MINUTE)
        if match[1] == "t":
            return moment.strftime("%H:%M")
        if match[1] == "d":
            return f"{moment.month}月{moment.day}日"
        return moment.strftime("%Y%m%d%H%M%S")


class _Rain:
    """An hour of five-minute readings of all gauges arrives as one batch."""

    def __init__(
        self, desk: Desk, samples: Mapping[str, Sequence[int | None]], start: int, step: int, first: int, end: int
    ) -> None:
        self._desk, self._end = desk, end
        self._rows = [
            (code, end + (first + step * n) * MINUTE, step, values[n])
            for code, values in samples.items()
            for n in range(start, min(start + 12, len(values)))
        ]

    def __call__(self) -> None:
        desk = self._desk
        desk.me.id, desk.me.name = ids.SYSTEM, ""
        made = samples_of(self._rows)
        sha256 = attachments.keep(desk.store.home, encode(made))
        ends = [row[1] for row in self._rows]
        values: dict[str, Value] = {
            "source": "示例雨量", "sha256": sha256, "samples_sha256": sha256,
            "stations": len(made.codes), "samples": len(made), "missing": sum(row[3] is None for row in self._rows),
            "starts_at": min(ends) - self._rows[0][2] * MINUTE, "ends_at": max(ends), "at": desk.clock.now(),
        }  # fmt: skip
        desk.act("rain.import", [desk.new("rain_batches", values)])
