"""Does the chain hold? Every act's hash, its link to the act before it, and its personal side row.

A record is nearly always whole, so that is asked first, in the order in which the file keeps the acts, by as many
processes as there are processors. Only where the answer is no are the acts gone through again in the order of the
chain, desk by desk, to say what is wrong and where.
"""

from __future__ import annotations

import multiprocessing
import os
import struct
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from dutydesk.core.i18n import _
from dutydesk.journal import chain, recipe
from dutydesk.journal.apply import parse_body
from dutydesk.journal.rebuild import Progress, no_progress

MOST_PROBLEMS = 200
GARBLED = (ValueError, TypeError, LookupError, AttributeError, struct.error)
"""What a page of noise does to code that expects what it once wrote: a value of another type, a text that is none."""
SIDE_BY_SIDE = 100_000
"""Acts from which on a second process pays for its start."""
MOST_WORKERS = 4
STRETCH = 25_000
"""Acts that one process takes at a time."""
FETCHED = 100
"""Rows at a time: few enough to stay in the processor's cache until they are hashed."""
LEAST_BYTES = 96
"""Two ids and two hashes: no act takes less of the file."""
COLUMNS = "seq, act_id, hlc, happened_at, recorded_at, by, kind, sv, body, alg, prev, hash"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it was written; `grave`: writing on could break more."""

    where: str
    what: str
    grave: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """How far one desk's epoch reaches here."""

    desk: bytes
    epoch: int
    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class _Run:
    """The acts of one desk's epoch in a stretch of the file: the first and its link, the last and its hash."""

    first: int
    prev: bytes
    kind: str
    last: int
    hash: bytes


_Place = tuple[bytes, int]
"""Desk and epoch."""
_Stretch = tuple[int, int]
"""First and last arrival of a part of the file."""
_Sound = tuple[int, dict[_Place, _Run]]
"""How many acts a stretch holds, and the run of each desk's epoch in it."""


def chain_problems(
    raw: recipe.Raw,
    problems: list[Fault],
    progress: Progress = no_progress,
    *,
    file: Path | None = None,
    key: bytes | None = None,
) -> tuple[int, list[Position]]:
    """Check every act's hash and link and every personal side row; returns the number of acts and how far each desk's
    epoch reaches. What is wrong is added to `problems`.

    Where `file` names the database, several processes look at a long record side by side.
    """
    try:
        sound = _sound(raw, progress, file, key)
    except (recipe.driver().DatabaseError, *GARBLED):
        sound = None  # a broken page: the second look says where
    if sound is not None:
        return sound
    return _find(raw, problems, progress)


@dataclass(frozen=True, slots=True)
class Base:
    """What was found whole before: all acts up to an `arrival`, and how far each desk's epoch reached then."""

    arrival: int
    positions: tuple[Position, ...]


def chain_since(raw: recipe.Raw, base: Base) -> tuple[int, list[Position]] | None:
    """The answer of `chain_problems` where the acts up to `base` are as many as they were and end at the same hashes,
    and all later ones hold; `None` where anything is not so, for a look at the whole chain."""
    try:
        ends: dict[_Place, _Run] = {}
        for at in base.positions:
            count, last = raw.execute(
                "SELECT count(*), max(seq) FROM act WHERE desk = ? AND epoch = ? AND seq <= ?",
                (at.desk, at.epoch, at.seq),
            ).fetchone()
            found = raw.execute(
                "SELECT hash, arrival FROM act WHERE desk = ? AND epoch = ? AND seq = ?", (at.desk, at.epoch, at.seq)
            ).fetchone()
            if (count, last) != (at.seq, at.seq) or found[0] != at.hash or found[1] > base.arrival:
                return None
            ends[at.desk, at.epoch] = _Run(1, b"", "", at.seq, at.hash)
        high = raw.execute("SELECT coalesce(max(arrival), 0) FROM act").fetchone()[0]
        if high - base.arrival > _size(raw) // LEAST_BYTES:
            return None
        for start in range(base.arrival + 1, high + 1, STRETCH):
            found = _look(raw, (start, min(start + STRETCH - 1, high)))
            if found is None or not _joined(found[1], ends):
                return None
    except (recipe.driver().DatabaseError, *GARBLED):
        return None
    return sum(run.last for run in ends.values()), [
        Position(*place, ends[place].last, ends[place].hash) for place in sorted(ends)
    ]


# -- is all well? ------------------------------------------------------------------------------------------------------


def _sound(
    raw: recipe.Raw, progress: Progress, file: Path | None, key: bytes | None
) -> tuple[int, list[Position]] | None:
    """The answer of `chain_problems` where nothing is wrong, else `None`."""
    low, high = raw.execute("SELECT min(arrival), max(arrival) FROM act").fetchone()
    if low is None:
        return 0, []
    if high - low > _size(raw) // LEAST_BYTES:
        return None  # numbers that nobody gave
    stretches = [(start, min(start + STRETCH - 1, high)) for start in range(low, high + 1, STRETCH)]
    ends: dict[_Place, _Run] = {}
    done = 0
    for found in _looks(raw, stretches, progress, file, key):
        if found is None:
            return None
        count, runs = found
        if not _joined(runs, ends):
            return None
        done += count
    return done, [Position(*place, ends[place].last, ends[place].hash) for place in sorted(ends)]


def _joined(runs: dict[_Place, _Run], ends: dict[_Place, _Run]) -> bool:
    """Whether the runs of a stretch go on where the ones before ended; `ends` has them afterwards."""
    for place, run in runs.items():
        before = ends.get(place)
        if not (_begins(run) if before is None else (run.first, run.prev) == (before.last + 1, before.hash)):
            return False
        ends[place] = run
    return True


def _size(raw: recipe.Raw) -> int:
    """Bytes of the database."""
    return raw.execute("PRAGMA page_count").fetchone()[0] * raw.execute("PRAGMA page_size").fetchone()[0]


def _begins(run: _Run) -> bool:
    """Whether this is how an epoch begins. All later links equal a hash and so have its length."""
    return run.first == 1 and run.kind == "epoch.open" and len(run.prev) == len(chain.ZERO)


def _looks(
    raw: recipe.Raw, stretches: Sequence[_Stretch], progress: Progress, file: Path | None, key: bytes | None
) -> list[_Sound | None]:
    """What each stretch is found to be, in their order. Other processes take stretches from the front, this one from
    the back, until they meet."""
    whole = stretches[-1][1] - stretches[0][0] + 1
    workers = min(MOST_WORKERS, os.cpu_count() or 1) if file is not None and whole >= SIDE_BY_SIDE else 1
    looks: list[_Sound | None] = []
    if workers == 1:
        for stretch in stretches:
            looks.append(_look(raw, stretch))
            progress(stretch[1] - stretches[0][0] + 1, whole)
            if looks[-1] is None:
                break
        return looks
    pool = ProcessPoolExecutor(workers - 1, mp_context=multiprocessing.get_context("spawn"))
    try:
        others = [pool.submit(_look_apart, str(file), key, stretch) for stretch in stretches]
        mine: dict[int, _Sound | None] = {}
        for n in reversed(range(len(stretches))):
            if others[n].cancel():
                mine[n] = _look(raw, stretches[n])
                if mine[n] is None:
                    return [None]
            done = len(mine) + sum(other.done() and not other.cancelled() for other in others)
            progress(whole * done // len(stretches), whole)
        return [mine[n] if n in mine else other.result() for n, other in enumerate(others)]
    finally:
        pool.shutdown(cancel_futures=True)


def _look_apart(file: str, key: bytes | None, stretch: _Stretch) -> _Sound | None:
    """In a process of its own: look at one stretch."""
    raw = recipe.connect(file, key, read_only=True)
    try:
        return _look(raw, stretch)
    finally:
        raw.close()


def _look(raw: recipe.Raw, stretch: _Stretch) -> _Sound | None:
    """Check the acts of one stretch against each other; `None` as soon as anything is not right. Each step is done
    for some rows before the next: that is faster by a fifth than all steps row by row."""
    cursor, side = raw.cursor(), raw.cursor()
    pack, names, algorithm = chain.pack_linked, chain.names, chain.SHA256
    begun: dict[_Place, tuple[int, bytes, str]] = {}
    ended: dict[_Place, tuple[int, bytes]] = {}
    desk, epoch, last_seq, last_hash = b"", 0, 0, b""
    count = 0
    problems: list[Fault] = []
    cursor.execute(
        "SELECT alg, prev, desk, epoch, seq, act_id, hlc, happened_at, recorded_at, sv, by, kind, body, hash FROM act"
        " WHERE arrival BETWEEN ? AND ? ORDER BY arrival",
        stretch,
    )
    while rows := cursor.fetchmany(FETCHED):
        texts = [
            pack(alg, prev, at, era, seq, act_id, hlc, happened, recorded, sv) + names(by, kind) + body
            for alg, prev, at, era, seq, act_id, hlc, happened, recorded, sv, by, kind, body, _held in rows
        ]
        made = [sha256(text).digest() for text in texts]
        for (alg, prev, at, era, seq, act_id, _c, _h, _r, _sv, _by, kind, body, held), hashed in zip(
            rows, made, strict=True
        ):
            if at != desk or era != epoch:
                ended[desk, epoch] = (last_seq, last_hash)
                desk, epoch = at, era
                if (desk, epoch) not in ended:
                    begun[desk, epoch] = (seq, prev, kind)
                    ended[desk, epoch] = (seq - 1, prev)
                last_seq, last_hash = ended[desk, epoch]
            last_seq += 1
            if seq != last_seq or prev != last_hash or alg != algorithm or hashed != held:
                return None
            last_hash = held
            if b'"personal":"' in body:
                _check_personal(side, act_id, body, "", problems)
                if problems:
                    return None
        count += len(rows)
    ended[desk, epoch] = (last_seq, last_hash)
    cursor.close()
    side.close()
    return count, {place: _Run(*first, *ended[place]) for place, first in begun.items()}


# -- what is wrong, and where ------------------------------------------------------------------------------------------


def _find(raw: recipe.Raw, problems: list[Fault], progress: Progress) -> tuple[int, list[Position]]:
    """Go through every desk's epoch in the order of its chain."""
    whole = int(raw.execute("SELECT count(*) FROM act").fetchone()[0])
    found = raw.execute("SELECT desk, epoch, min(seq), max(seq), count(*) FROM act GROUP BY desk, epoch").fetchall()
    positions: list[Position] = []
    done = 0
    for desk, epoch, low, high, count in sorted(found):
        if low != 1 or count != high:
            problems.append(Fault(_place(desk, epoch, low), _("前面缺少记录")))
        last = raw.execute("SELECT hash FROM act WHERE desk = ? AND epoch = ? AND seq = ?", (desk, epoch, high))
        positions.append(Position(desk, epoch, high, last.fetchone()[0]))
        if len(problems) <= MOST_PROBLEMS:
            done = _go_through(raw, desk, epoch, problems, done, whole, progress)
    return whole, positions


def _go_through(
    raw: recipe.Raw, desk: bytes, epoch: int, problems: list[Fault], done: int, whole: int, progress: Progress
) -> int:
    """Check one desk's epoch; returns `done` and how many more."""
    cursor, side = raw.cursor(), raw.cursor()
    last_seq, last_hash = 0, b""
    pack, names, fault, algorithm = chain.pack_fixed, chain.names, problems.append, chain.SHA256
    cursor.execute(f"SELECT {COLUMNS} FROM act WHERE desk = ? AND epoch = ? ORDER BY seq", (desk, epoch))
    while rows := cursor.fetchmany(2_000):
        for seq, act_id, hlc, happened, recorded, by, kind, sv, body, alg, prev, held in rows:
            head = pack(desk, epoch, seq, act_id, hlc, happened, recorded, sv) + names(by, kind)
            whole_body = alg == algorithm and sha256(b"\x01" + prev + head + body).digest() == held
            if not whole_body:
                fault(Fault(_place(desk, epoch, seq), _("内容或校验值被改动")))
            if seq != last_seq + 1:
                fault(Fault(_place(desk, epoch, seq), _("前面缺少记录")))
            elif last_seq and prev != last_hash:
                fault(Fault(_place(desk, epoch, seq), _("与上一条不衔接")))
            elif not last_seq and kind != "epoch.open":
                fault(Fault(_place(desk, epoch, seq), _("第一条不是开启记录")))
            last_seq, last_hash = seq, held
            if whole_body and b'"personal":"' in body:
                _check_personal(side, act_id, body, _place(desk, epoch, seq), problems)
        done += len(rows)
        progress(done, whole)
        if len(problems) > MOST_PROBLEMS:
            break
    cursor.close()
    side.close()
    return done


def _place(desk: bytes, epoch: int, seq: int) -> str:
    return f"#{seq} {desk.hex()[:8]}/{epoch}"


A_VIEW = "SELECT 1 FROM local_state WHERE key = 'view'"
"""A view of a hub (`journal.view`) never asks for personal data."""


def _check_personal(cursor: recipe.Cursor, act_id: bytes, body: bytes, where: str, problems: list[Fault]) -> None:
    held = {
        n: (salt, data)
        for n, salt, data in cursor.execute("SELECT n, salt, data FROM personal WHERE act_id = ?", (act_id,)).fetchall()
    }
    for n, change in enumerate(parse_body(body)["changes"]):
        if "personal" not in change:
            continue
        if n in held:
            if chain.personal_hash(*held[n]) != change["personal"]:
                problems.append(Fault(where, _("个人信息与校验值不符")))
            continue
        erased = cursor.execute(
            "SELECT 1 FROM erased WHERE ledger = ? AND row = ?", (change["ledger"], bytes.fromhex(change["row"]))
        ).fetchone()
        if erased is None and not cursor.execute(A_VIEW).fetchone():
            problems.append(Fault(where, _("个人信息缺失")))
