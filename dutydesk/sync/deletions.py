"""Many deletions that came from another desk: whose, how many, where; and the way to put the rows back in one act.

A hub hands on what is signed and chained, and a desk applies it: acts are history, and a desk that kept some of them
waiting would differ from all others (a bundle waits before it, where nothing else is held up, `bundlein`). So what is
more than the rule allows is taken in and said: on the board, on the sheet, in the pane, until the rows are back, here or
anywhere, or somebody has found out that it was right (engineering.md §1.1, deletion fail-safe; F24).

What one person deleted at one desk within a day counts together, however many runs brought it. All of it is local: an
alarm is a row of `local_peer` under `GONE`, kept up to date by `look`, so that the board need not read acts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from dutydesk.core.clock import DAY
from dutydesk.core.errors import Refused
from dutydesk.core.i18n import _
from dutydesk.core.reference import rows as reference_rows
from dutydesk.journal import audit, batches, peers, settings
from dutydesk.journal.apply import DELETE, parse_body
from dutydesk.journal.desk import Desk
from dutydesk.journal.store import MOST_CHANGES, Store
from dutydesk.ledger.feature import Change
from dutydesk.ledger.table import DELETED
from dutydesk.sync.bundletaken import Rule

GONE, SEEN = "gone/", "deletions"
"""Names in `local_peer`: the alarms, by the first of their acts; up to which arrival acts were looked through, and what is
not yet many."""
KIND = "deletion.undo"
MARK = b'"_deleted"'
PART = 500
AN_ACT = MOST_CHANGES - 100
"""Rows that one act puts back: lines of the log may come with them."""
_LAST = "SELECT coalesce(max(arrival), 0) FROM act"
_NEW = """SELECT act_id, desk, by, recorded_at FROM act
 WHERE arrival > ? AND desk <> ? AND instr(body, ?) > 0 ORDER BY arrival"""


@dataclass(frozen=True, slots=True)
class Mass:
    """Rows that one person (`by`, id or reserved word) took off their lists at another desk: `ledgers` with their titles,
    how many are gone now, and of how many; `first` and `last` when (ms UTC), `at` when it was seen here."""

    name: str
    desk: bytes
    by: str
    ledgers: tuple[tuple[str, str, int, int], ...]
    first: int
    last: int
    at: int

    @property
    def count(self) -> int:
        return sum(rows for _ledger, _title, rows, _whole in self.ledgers)

    def said(self, desk: str) -> str:
        """For the notes of a run, `desk` being what people call it."""
        return _("{desk} 删了{what}，请看“同步”").format(desk=desk, what=self.what())

    def what(self) -> str:
        """`通讯录 60 条（共 80 条）、电话号码 75 条（共 200 条）`."""
        return _("、").join(
            _("{ledger} {rows} 条（共 {whole} 条）").format(ledger=_(title), rows=rows, whole=whole)
            for _ledger, title, rows, whole in self.ledgers
        )


@dataclass(slots=True)
class _Group:
    """Acts of one person at one desk, with their times."""

    desk: str
    by: str
    acts: list[tuple[str, int]]
    name: str = ""
    at: int = 0


def rule(connection: Connection) -> Rule:
    """When deletions want a person, as set at this desk: the settings of bundles count for what comes by a hub, too."""
    given = settings.values(connection, "bundle.")
    found: dict[str, int] = {}
    for row in reference_rows("bundles", "setting"):
        name = str(row["code"]).lower()
        told = given.get(f"bundle.{name}", "")
        own = int(told) if told.isascii() and told.isdecimal() and len(told) < 10 else 0
        found[name] = own if 1 <= own <= int(row["most"]) else int(row["value"])
    return Rule(found["delete_share"], found["delete_rows"], found["delete_least"])


def many(asked: Rule, gone: int, whole: int) -> bool:
    """Whether `gone` of `whole` rows of a list want a person."""
    return gone > asked.rows or (gone >= asked.least and gone * 100 > asked.share * whole)


# -- looking -------------------------------------------------------------------------------------------------------------


def begin(store: Store) -> None:
    """Before acts come in: what is here already is not news. A desk that has nothing of others yet has nothing to lose:
    whatever comes first is not looked at."""
    if not peers.peer(store, SEEN) and _has_others(store):
        skip(store)


def _has_others(store: Store) -> bool:
    return bool(store.ask("SELECT 1 FROM frontier WHERE desk <> ? LIMIT 1", (store.config.desk_id,)))


def skip(store: Store) -> None:
    """Do not look at what came since the last look: a person has let it through. What waited before still counts."""
    _remember(store, _last(store), peers.peer(store, SEEN).get("recent", []))


def look(store: Store) -> list[Mass]:
    """Look through what came since the last time; the alarms that are new or have grown."""
    told, last = peers.peer(store, SEEN), _last(store)
    if not told:
        if _has_others(store):  # a night without news writes nothing
            skip(store)
        return []
    since = min(int(told["arrival"]), last)  # a record that was made anew may end earlier
    if since == last == int(told["arrival"]):
        return []
    new = store.ask(_NEW, (since, store.config.desk_id, MARK))
    alarms = {mass.name: mass for mass in _all(store)}
    groups = [_group(name, body) for name, body in peers.peers(store, GONE).items()]
    newest = {(group.desk, group.by): group for group in sorted(groups, key=_last_time)}
    waiting: dict[tuple[str, str], list[tuple[str, int]]] = {
        (one[0], one[1]): [(str(act), int(at)) for act, at in one[2]] for one in told.get("recent", ())
    }
    for act_id, desk, by, at in new:
        key = (bytes(desk).hex(), str(by))
        held = newest.get(key)
        if held is not None and abs(int(at) - _last_time(held)) <= DAY:
            held.acts.append((bytes(act_id).hex(), int(at)))
        else:
            waiting.setdefault(key, []).append((bytes(act_id).hex(), int(at)))
    with store.read() as connection:
        asked = rule(connection) if "settings" in store.schema.shapes else Rule()
    out: list[Mass] = []
    for group in groups:
        grown = _note(store, group, None)
        if grown is not None and grown.count > alarms[grown.name].count:
            out.append(grown)
    recent: list[Any] = []
    for key in sorted(waiting):
        made, rest = _by_days(store, key, waiting[key], asked)
        out += made
        if rest:
            recent.append([*key, [list(act) for act in rest]])
    _remember(store, last, recent)
    return out


def _by_days(
    store: Store, key: tuple[str, str], acts: Iterable[tuple[str, int]], asked: Rule
) -> tuple[list[Mass], list[tuple[str, int]]]:
    """The alarms among what one person deleted, a day at a time, for one pull may bring a week; and what of the last day
    is not yet many."""
    made: list[_Group] = []
    window: list[tuple[str, int]] = []
    for act in sorted(acts, key=_time):
        if window and act[1] - window[0][1] > DAY:
            if _note(store, _Group(*key, window), asked) is not None:
                made.append(_Group(*key, window))
                window = []
            window = [one for one in window if act[1] - one[1] <= DAY]
        if made and not window and act[1] - _last_time(made[-1]) <= DAY:
            made[-1].acts.append(act)
        else:
            window.append(act)
    if window and _note(store, _Group(*key, window), asked) is not None:
        made.append(_Group(*key, window))
        window = []
    return [mass for group in made if (mass := _note(store, group, None)) is not None], window


def _time(act: tuple[str, int]) -> int:
    return act[1]


def _last_time(group: _Group) -> int:
    return max(map(_time, group.acts))


def _last(store: Store) -> int:
    return int(store.ask(_LAST)[0][0])


def _remember(store: Store, last: int, recent: list[Any]) -> None:
    peers.remember(store, {SEEN: {"arrival": last, "recent": recent}})


def _group(name: str, body: Mapping[str, Any]) -> _Group:
    acts = [(str(act), int(at)) for act, at in body["acts"]]
    return _Group(str(body["desk"]), str(body["by"]), acts, name, int(body["at"]))


def _note(store: Store, group: _Group, asked: Rule | None) -> Mass | None:
    """Count what a group deleted and is gone now, and keep the alarm; forget one of which nothing is gone any more. With
    `asked` only what is many becomes one."""
    gone = gone_rows(store, (act for act, _at in group.acts))
    with store.read() as connection:
        listed = {str(ledger): int(n) for ledger, n in connection.exec_driver_sql("SELECT ledger, listed FROM tally")}
    ledgers = [
        (ledger, store.schema[ledger].ledger.title, len(rows), len(rows) + listed.get(ledger, 0))
        for ledger, rows in sorted(gone.items())
    ]
    if asked is not None and not any(many(asked, rows, whole) for _ledger, _title, rows, whole in ledgers):
        return None
    name = group.name or group.acts[0][0]
    if not ledgers:
        peers.remember(store, {GONE + name: None})
        return None
    times = [at for _act, at in group.acts]
    body = {
        "desk": group.desk,
        "by": group.by,
        "acts": [list(act) for act in group.acts],
        "ledgers": [list(one) for one in ledgers],
        "first": min(times),
        "last": max(times),
        "at": group.at or store.clock.now(),
    }
    peers.remember(store, {GONE + name: body})
    return _mass(name, body)


def gone_rows(store: Store, acts: Iterable[str]) -> dict[str, list[bytes]]:
    """The rows that some acts (hex ids) deleted and that are off their lists now, by ledger; not those of people whose data
    were erased, which nobody puts back."""
    wanted = [bytes.fromhex(act) for act in acts]
    named: dict[str, set[bytes]] = {}
    for start in range(0, len(wanted), PART):
        part = tuple(wanted[start : start + PART])
        marks = ",".join("?" * len(part))
        for (body,) in store.ask(f"SELECT body FROM act WHERE act_id IN ({marks})", part):  # noqa: S608
            for change in parse_body(body).get("changes", ()):
                if change["ledger"] in store.schema.shapes and change.get("set", {}).get(DELETE) is not None:
                    named.setdefault(str(change["ledger"]), set()).add(bytes.fromhex(change["row"]))
    found: dict[str, list[bytes]] = {}
    for ledger, rows in named.items():
        name, listed = store.schema[ledger].ledger.name, sorted(rows)
        for start in range(0, len(listed), PART):
            part = tuple(listed[start : start + PART])
            marks = ",".join("?" * len(part))
            gone = store.ask(
                f"SELECT id FROM {name} t WHERE _state = ? AND id IN ({marks}) AND NOT EXISTS"  # noqa: S608
                " (SELECT 1 FROM erased e WHERE e.ledger = ? AND e.row = t.id) ORDER BY _n",
                (DELETED, *part, name),
            )
            if gone:
                found.setdefault(name, []).extend(bytes(row) for (row,) in gone)
    return found


# -- what is known of it, and what is done about it ------------------------------------------------------------------------


def _mass(name: str, body: Mapping[str, Any]) -> Mass:
    ledgers = tuple((str(one[0]), str(one[1]), int(one[2]), int(one[3])) for one in body["ledgers"])
    first, last, at = (int(body[key]) for key in ("first", "last", "at"))
    return Mass(name, bytes.fromhex(body["desk"]), str(body["by"]), ledgers, first, last, at)


def _all(store: Store) -> list[Mass]:
    return [_mass(name, body) for name, body in peers.peers(store, GONE).items()]


def masses(bodies: Mapping[str, Mapping[str, Any]]) -> list[Mass]:
    """The alarms from what is remembered under `GONE` (names without it), oldest first."""
    return sorted((_mass(name, body) for name, body in bodies.items()), key=lambda one: (one.at, one.name))


def put_back(desk: Desk, name: str) -> int:
    """Put every row of an alarm that is still gone on its list again, in one act with its entry of the audit (in several
    where one does not hold them); they are back at every desk with the next sync. Returns how many. Raises `Refused`
    where there is none, or for somebody who may not."""
    store = desk.store
    body = peers.peer(store, GONE + name)
    if not body:
        raise Refused(_("这些记录已经不缺了"))
    gone = gone_rows(store, (str(act) for act, _at in body["acts"]))
    if "accounts" in gone and store.guard is not None:  # else it were a way round whoever gives roles
        store.guard("account.role", desk.me.id)
    changes = [Change(ledger, row, {DELETE: None}) for ledger, rows in sorted(gone.items()) for row in rows]
    if changes:
        told = _mass(name, body)
        entry = audit.entry(desk, "SETTLE", told.what()[:200], _("放回另一台席位删掉的"), _("放回"))
        note = _("放回另一台席位删掉的")
        batches.write(store, KIND, changes, by=desk.me.id, note=note, first=[entry], size=AN_ACT)
    _note(store, _group(name, body), None)
    return len(changes)


def settle(desk: Desk, name: str, reason: str) -> None:
    """Somebody has found out that it was right: the alarm goes, the audit has who says so and why. Raises `Refused` without
    a reason, or for somebody who may not settle."""
    body = peers.peer(desk.store, GONE + name)
    if body:
        audit.record(desk, "SETTLE", _mass(name, body).what()[:200], reason, _("删得对"))
        peers.remember(desk.store, {GONE + name: None})
