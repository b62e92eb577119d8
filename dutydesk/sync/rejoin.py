"""After a fork: one machine's branch goes into the common record again, so that nothing that anybody acknowledged stays
outside it.

Two machines have written at the same places of one desk's chain. The hub has the branch that came first; the other one
lies in its quarantine, and here in the record, where nobody else sees it (docs/sync.md §4). `rejoin` makes the record
anew beside the present file: the chain up to the fork, everything of the other desks, the epochs since; then the own
branch is said once more, act by act, in a new epoch, with the same rows, times, authors, texts and personal data. The
hub's branch comes with the next run of sync. A branch of somebody else's chain is put into quarantine instead: its own
desk says it again.

A number that both branches gave to different things stands on two sheets of paper. Here it keeps its year and n and gets
this machine's code: `D1-2026-0003` becomes `D1B-2026-0003`, which the new epoch's first act says.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dutydesk.core.clock import Clock
from dutydesk.core.crashpoint import step
from dutydesk.core.errors import Refused, Unavailable
from dutydesk.core.i18n import _
from dutydesk.core.paths import Home
from dutydesk.core.settings import DeskConfig, load, save
from dutydesk.journal import inbox, recipe, severing
from dutydesk.journal.apply import DELETE, parse_body
from dutydesk.journal.chain import Act
from dutydesk.journal.rebuild import rebuild
from dutydesk.journal.schema import Schema
from dutydesk.journal.store import Store
from dutydesk.sync import restoring

FORK, STICK = "fork/", "bundle"
"""Names in `local_peer`: `fork/hub/desk/epoch`, with the last common place and how far each side was then; `STICK` in the
place of a hub's id where a bundle told of it (`sync/forking.py`)."""
WANTED = "sync.rejoin"
"""Key in `local_state`: it was asked for in the window, and is done at the next start."""


@dataclass(frozen=True, slots=True)
class Branch:
    """What this machine has of a chain after the last place that it and the hub have in common; `own`: of this desk;
    `stick`: a bundle told of it, no hub; `stays`: the other machine is to take its own back, here only if it cannot."""

    desk: bytes
    epoch: int
    after: int
    upto: int
    own: bool
    stick: bool = False
    stays: bool = False

    @property
    def count(self) -> int:
        return max(0, self.upto - self.after)


@dataclass(frozen=True, slots=True)
class Rejoined:
    """What it came to: acts said again, acts of others put into quarantine, numbers that changed (old, new), and where
    the former file lies."""

    again: int
    aside: int
    numbers: tuple[tuple[str, str], ...]
    kept: Path | None

    def lines(self) -> list[str]:
        """In sentences."""
        said = [_("已并回 {count} 次操作，下次同步时其他席位就能看到").format(count=self.again)]
        if self.numbers:
            changed = _("、").join(f"{old} → {new}" for old, new in self.numbers)
            said.append(_("两台都用过的编号，这一台的改为：{changed}。请在纸上注明").format(changed=changed))
        if self.aside:
            said.append(_("其他席位的 {count} 次操作与中心库不一致，已隔离").format(count=self.aside))
        if self.kept is not None:
            said.append(_("原来的数据放在 {kept}，不要删").format(kept=self.kept.name))
        return said


def branches(told: Mapping[str, Mapping[str, Any]]) -> list[Branch]:
    """The forks that this machine knows of, from what it remembers under `FORK` (names without it). Those in which this
    machine's branch stays are among them where there is no other."""
    found: dict[tuple[bytes, int], Branch] = {}
    for name, body in told.items():
        hub, whose, epoch = name.split("/")
        at = bytes.fromhex(whose), int(epoch)
        stick, stays = hub == STICK, bool(body.get("stays"))
        one = Branch(*at, int(body["common"]), int(body["mine"]), bool(body["own"]), stick, stays)
        if at not in found or (one.stays, one.after) < (found[at].stays, found[at].after):
            found[at] = one
    due = [one for one in found.values() if one.count]
    due = [one for one in due if not one.stays] or due
    return sorted(due, key=lambda one: (one.desk, one.epoch))


def rejoin(home: Home, schema: Schema, clock: Clock, *, key: bytes | None = None) -> Rejoined:
    """See the module. Nobody else may have the desk open. Raises `Refused` where there is no fork, `Unavailable` when
    the disk does not take it; until the new file is whole nothing of the desk is touched."""
    config = load(home.config)
    recipe.refuse_place(home.root)
    with restoring.alone(home):
        work = Home(home.root / f".restore-{secrets.token_hex(4)}")
        try:
            work.root.mkdir(parents=True)
            return _rejoin(home, work, schema, clock, config, key)
        except OSError as error:
            raise Unavailable(_("没有做完：{error}").format(error=error.strerror or error)) from None
        finally:
            shutil.rmtree(work.root, ignore_errors=True)


def _rejoin(home: Home, work: Home, schema: Schema, clock: Clock, config: DeskConfig, key: bytes | None) -> Rejoined:
    source = recipe.connect(_source(home), key)
    try:
        source.execute("VACUUM INTO ?", (str(work.database),))
        numbers = source.execute("SELECT ledger, year, n FROM counter WHERE desk = ?", (config.desk_id,)).fetchall()
    finally:
        source.close()
    raw = recipe.connect(work.database, key)
    try:
        told = raw.execute("SELECT name, body FROM local_peer WHERE substr(name, 1, 5) = 'fork/'").fetchall()
        found = branches({str(name)[len(FORK) :]: json.loads(body) for name, body in told})
        if not found:
            raise Refused(_("没有要并回的分叉"))
        theirs = _used(raw, schema, config.desk_id)
        cuts = [severing.Cut(branch.desk, branch.epoch, branch.after, branch.own) for branch in found]
        lost, aside = severing.sever(raw, cuts, _("同一序号有两条不同的记录（分叉）"), clock.now())
        severing.forget(raw, FORK, WANTED)
        rebuild(raw, schema, home.attachments)
        epoch, link = _last(raw, config)
    finally:
        raw.close()
    config = replace(config, epoch=max(epoch, config.epoch) + 1)
    save(work.config, config)
    floors = [(str(ledger), int(year), int(n)) for ledger, year, n in numbers]
    said = _Again(schema, config.code, theirs)
    with Store.open(work, schema, clock, key=key, continuing=True) as store:
        bodies = [(act, said.body(act), personal) for act, personal in lost if act.kind != "epoch.open"]
        changed = sorted(said.changed.items())
        store.open_epoch(
            link, {"continues": link.hex(), "reason": "rejoin", "renumbered": [list(pair) for pair in changed]}, floors
        )
        again = 0
        for act, body, personal in bodies:
            if body["changes"]:
                said.place(act, body)
                said.acts[act.act_id.hex()] = store.again(
                    act.kind, body, personal, by=act.by, happened_at=act.happened_at
                ).hex()
                again += 1
    step("rejoin.prepared")
    kept = restoring.swap(home, work, config, clock.now())
    return Rejoined(again, aside, tuple(changed), kept)


def _source(home: Home) -> Path:
    """The record; where a kill has left none, the one that was just put aside."""
    if home.database.exists():
        return home.database
    aside = sorted(home.root.glob("desk.before-restore-*.sqlite"))
    return aside[-1] if aside else home.database


def _last(raw: recipe.Raw, config: DeskConfig) -> tuple[int, bytes]:
    """The desk's last epoch, and the hash with which the one goes on that this machine has written."""
    (epoch,) = raw.execute("SELECT max(epoch) FROM frontier WHERE desk = ?", (config.desk_id,)).fetchone()
    found = raw.execute(
        "SELECT hash FROM frontier WHERE desk = ? AND epoch <= ? ORDER BY epoch DESC LIMIT 1",
        (config.desk_id, config.epoch),
    ).fetchone()
    return int(epoch or 0), bytes(found[0]) if found else bytes(32)


def _used(raw: recipe.Raw, schema: Schema, desk: bytes) -> set[tuple[str, str]]:
    """The numbers that the other machine's branch gave: (ledger, number)."""
    out: set[tuple[str, str]] = set()
    for (held,) in raw.execute("SELECT act FROM quarantine WHERE desk = ?", (desk,)).fetchall():
        for change in parse_body(inbox.kept(held).body).get("changes", ()):
            shape = schema.shapes.get(change["ledger"])
            number = change.get("set", {}).get(shape.ledger.number) if shape and shape.ledger.number else None
            if number:
                out.add((change["ledger"], str(number)))
    return out


class _Again:
    """Bodies of the own branch as they are said again: heads that they replace by their new names, numbers that the
    other machine gave, too, with this machine's code."""

    def __init__(self, schema: Schema, code: str, theirs: set[tuple[str, str]]) -> None:
        self._schema = schema
        self._code = code
        self._theirs = theirs
        self.acts: dict[str, str] = {}
        self.changed: dict[str, str] = {}

    def body(self, act: Act) -> dict[str, Any]:
        """What an act said, its numbers settled."""
        body = {key: value for key, value in parse_body(act.body).items() if key not in ("epoch", "key", "numbers")}
        body.setdefault("changes", [])
        for change in body["changes"]:
            shape = self._schema.shapes.get(change["ledger"])
            name = shape.ledger.number if shape is not None else ""
            number = str(change.get("set", {}).get(name) or "") if name else ""
            if number and "bases" not in change and (change["ledger"], number) in self._theirs:
                change["set"][name] = self.changed[number] = renumbered(number, self._code)
        body["again"] = {"epoch": act.epoch, "seq": act.seq}
        return body

    def place(self, act: Act, body: dict[str, Any]) -> None:
        """Name the acts that were said again before."""
        for change in body["changes"]:
            for field, bases in change.get("bases", {}).items():
                change["bases"][field] = sorted(self.acts.get(str(base), str(base)) for base in bases)
            seen = change.get("set", {}).get(DELETE)
            if isinstance(seen, str):
                named = [self.acts.get(part.lower(), part).upper() for part in seen.split(",")]
                change["set"][DELETE] = ",".join(sorted(named))


def renumbered(number: str, code: str) -> str:
    """A number with another desk's code: `D1-2026-0003` and `2026-0003` with `D1B` are `D1B-2026-0003`; what stands
    before the code (`纸-`, `演-`) stays."""
    *before, year, n = number.split("-")
    marks = [part for part in before if part in ("纸", "演")]
    return "-".join([*marks, code, year, n])
