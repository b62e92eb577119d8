"""A folder that wakes on another machine: 搬迁, the desk goes on here and the old machine no more; or 复制, a second desk
that goes on in an epoch and under a code of its own, so that the two never write at one place (engineering.md §1.1)."""

from __future__ import annotations

from dataclasses import replace

from dutydesk.core.clock import Clock
from dutydesk.core.crashpoint import step
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.core.paths import Home
from dutydesk.core.settings import load, save
from dutydesk.journal import recipe
from dutydesk.journal.locks import DeskLock
from dutydesk.journal.schema import Schema
from dutydesk.journal.store import Store
from dutydesk.sync import placemark, record

MOVED = "desk.moved"
"""Kind of the act that says so."""


def moved(home: Home, schema: Schema, clock: Clock, *, key: bytes | None = None) -> None:
    """The old machine writes no more: this one goes on, and says so in the record."""
    with Store.open(home, schema, clock, key=key, exclusive=True, continuing=True) as store:
        store.declare(MOVED, {"moved": {"at": clock.now()}})


def copied(home: Home, schema: Schema, clock: Clock, code: str, *, key: bytes | None = None) -> int:
    """The old machine goes on writing: this one becomes another desk, with the short code `code` in its numbers and an
    epoch of its own, which is returned. Raises `Refused` for a code that is none or the other machine's."""
    code = _read_code(code)
    config = load(home.config)
    last, link = _last(home, config.desk_id, key)
    begun = config.epoch > last and config.code == code  # cut off after desk.toml
    if not begun and code == config.code:
        raise Refused(Problem(_("代号 {code} 是原来那台的，请另起一个").format(code=code), "--code"))
    fresh = replace(config, epoch=max(config.epoch, last) + (0 if begun else 1), code=code)
    with DeskLock(home.lock, exclusive=True):
        # Named first: a kill from here on leaves a desk that refuses to write, never one that goes on as the other.
        save(home.config, fresh)
        placemark.forget(home.snapshots)
    step("adopt.named")
    with Store.open(home, schema, clock, key=key, exclusive=True, continuing=True) as store:
        store.open_epoch(link, {"continues": link.hex(), "reason": "clone"})
    return fresh.epoch


def renamed(home: Home, schema: Schema, clock: Clock, code: str, *, key: bytes | None = None) -> int:
    """Another code in the numbers from now on, where two desks of a district had the same one; a new epoch says so.
    Returns that. Raises `Refused` for a code that is none or that another desk has used."""
    code = _read_code(code)
    with Store.open(home, schema, clock, key=key) as store:
        mine = store.config
        if code in record.codes(store, mine.district):
            raise Refused(Problem(_("代号 {code} 在本区已有人用，请另起一个").format(code=code), "--code"))
        last = max(at[1] for at in record.frontier(store) if at[0] == mine.desk_id)
        store.next_epoch(max(last, mine.epoch) + 1, {"reason": "code"}, code)
        return store.config.epoch


def _read_code(code: str) -> str:
    code = code.strip()
    if not (code.isalnum() and len(code) <= 8):
        raise Refused(Problem(_("本机代号最多 8 个字母或数字：{code}").format(code=code), "--code"))
    return code


def _last(home: Home, desk: bytes, key: bytes | None) -> tuple[int, bytes]:
    """The desk's last epoch in the record, and the hash that it ends with."""
    raw = recipe.connect(home.database, key)
    try:
        found = raw.execute(
            "SELECT epoch, hash FROM frontier WHERE desk = ? ORDER BY epoch DESC LIMIT 1", (desk,)
        ).fetchone()
    finally:
        raw.close()
    return (int(found[0]), bytes(found[1])) if found else (0, bytes(32))
