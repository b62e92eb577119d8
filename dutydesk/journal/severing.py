"""A branch is taken out of a copy of the record, so that the chain can go on as others have it (`sync/rejoin.py`).

Never done to a desk's own file: the copy takes its place when it is whole, and the former file stays.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dutydesk.journal import inbox, recipe
from dutydesk.journal.chain import Act
from dutydesk.journal.rebuild import side_rows
from dutydesk.journal.store import ACT_COLUMNS, MOVE_FRONTIER

Personal = Mapping[int, tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Cut:
    """A chain and the last place of it that stays; the acts after it are given back (`keep`) or put into quarantine."""

    desk: bytes
    epoch: int
    after: int
    keep: bool


def sever(raw: recipe.Raw, cuts: Sequence[Cut], reason: str, now: int) -> tuple[list[tuple[Act, Personal]], int]:
    """Take branches out of the copy `raw`: the acts that are given back, in the order in which they were made, and how
    many went into quarantine with `reason`. The projections are made again by the caller."""
    lost: list[tuple[int, Act, Personal]] = []
    aside = 0
    raw.execute("BEGIN IMMEDIATE")
    guards = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'act'").fetchall()
    for name, _sql in guards:
        raw.execute(f"DROP TRIGGER {name}")
    side = raw.cursor()
    for cut in cuts:
        at = (cut.desk, cut.epoch)
        rows = raw.execute(
            f"SELECT arrival, {ACT_COLUMNS} FROM act WHERE desk = ? AND epoch = ? AND seq > ? ORDER BY seq",
            (*at, cut.after),
        ).fetchall()
        for arrival, *parts in rows:
            act = Act(*parts)
            if cut.keep:
                lost.append((int(arrival), act, side_rows(side, act.act_id)))
            else:
                raw.execute(inbox.INSERT, inbox.row_of(act, reason, now))
                aside += 1
            raw.execute("DELETE FROM personal WHERE act_id = ?", (act.act_id,))
        raw.execute("DELETE FROM act WHERE desk = ? AND epoch = ? AND seq > ?", (*at, cut.after))
        raw.execute("DELETE FROM checkpoint WHERE desk = ? AND epoch = ? AND seq > ?", (*at, cut.after))
        # the seal that was kept covers the branch: with it nobody could hand the chain on
        raw.execute("DELETE FROM local_peer WHERE name = ?", (f"seal/{cut.desk.hex()}/{cut.epoch}",))
        last = raw.execute(
            "SELECT seq, hash, hlc FROM act WHERE desk = ? AND epoch = ? ORDER BY seq DESC LIMIT 1", at
        ).fetchone()
        if last is None:
            raw.execute("DELETE FROM frontier WHERE desk = ? AND epoch = ?", at)
        else:
            raw.execute(MOVE_FRONTIER, (*at, *last))
    side.close()
    for _name, sql in guards:
        raw.execute(sql)
    raw.execute("COMMIT")
    return [(act, personal) for _arrival, act, personal in sorted(lost, key=lambda entry: entry[0])], aside


def forget(raw: recipe.Raw, prefix: str, key: str) -> None:
    """Forget what is remembered under names that begin with `prefix`, and a value of the workstation; what was looked
    through up to some arrival is looked through again."""
    raw.execute("BEGIN IMMEDIATE")
    raw.execute("DELETE FROM local_peer WHERE substr(name, 1, ?) = ?", (len(prefix), prefix))
    raw.execute("DELETE FROM local_state WHERE key = ?", (key,))
    for name, body in raw.execute("SELECT name, body FROM local_peer").fetchall():
        told = json.loads(body)
        cursors = ("arrival",) if name == "keys" else ("named", "sought") if str(name).startswith("hub/") else ()
        again = {cursor: 0 for cursor in cursors if cursor in told}
        if again:
            text = json.dumps(told | again, ensure_ascii=False, sort_keys=True)
            raw.execute("UPDATE local_peer SET body = ? WHERE name = ?", (text, name))
    raw.execute("COMMIT")
