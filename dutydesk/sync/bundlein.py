"""Import: a bundle is looked at, copied into the desk's `inbox/`, checked whole, and then taken in by the journal's own
`receive`, range by range, each stretch only after its own desk's seal over it was found true.

Nothing jumps a gap: what comes too early stays in `inbox/`, encrypted as it came, until the bundle before it has
arrived. What wants a person (an unknown desk, many deletions) waits there too. The truth about how far an import came
is the record itself, so that it may be cut off anywhere and begun again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dutydesk.core.crashpoint import step
from dutydesk.core.errors import Refused, Unavailable
from dutydesk.core.files import sync_folder
from dutydesk.core.i18n import _
from dutydesk.journal import attachments, peers
from dutydesk.journal.store import CLOCK_SLACK, Store
from dutydesk.sync import age, bundlekeys, deletions, forking, keys, record, seals
from dutydesk.sync.bundle import (
    ACTS,
    ENDING,
    FILES,
    Cancel,
    Manifest,
    Newer,
    Nothing,
    Progress,
    Sink,
    never,
    no_progress,
)
from dutydesk.sync.bundleacts import FORK, GAP, NEW, OLD, Applying, Lot, lots_of
from dutydesk.sync.bundlecheck import Counting
from dutydesk.sync.bundleheld import ROOM_LEFT, copy, done, held, inbox_of, keep, name_of, not_kept
from dutydesk.sync.bundlelook import peek, walk
from dutydesk.sync.bundleout import refuse_play
from dutydesk.sync.bundletaken import (
    DONE,
    FOREIGN,
    GUARD,
    KEPT,
    KNOWN,
    NEWER,
    PARTLY,
    REVOKED,
    RULE,
    STRANGER,
    TAMPERED,
    WAITING,
    Rule,
    Taken,
)

DUE = "sync/epoch"
"""As in `protocol`: the epoch to which this desk's own acts have come back, and in which it does not go on."""
MOST_EPOCHS = 1_000
"""How many epochs further on a sender is believed to know this desk: nobody may use them up."""
MOST_SUMMED = 2**26
"""Bytes of a refused file up to which its sum is entered: rubbish must not hold anybody up."""

SAID = 4
"""Reasons that are told of one bundle; the rest by their number."""


# -- taking --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _How:
    """What a person has allowed, and who is told how it goes. `identity`: the recovery key that opens the file."""

    deletes: bool
    rule: Rule
    progress: Progress
    cancel: Cancel
    identity: str


def take(
    store: Store,
    path: Path,
    *,
    fingerprint: str = "",
    deletes: bool = False,
    rule: Rule = RULE,
    progress: Progress = no_progress,
    cancel: Cancel = never,
    identity: str = "",
) -> Taken:
    """Take in one bundle. `fingerprint` accepts its unknown sender, when it is the sender's; `deletes` lets its
    deletions through; `identity` is an offline recovery key (private) that opens what was written for another desk.
    Raises `Refused` for a desk that takes none, `Unavailable` when file or disk fail, `Stopped`."""
    refuse_play(store)
    _go_on(store)
    deletions.begin(store)
    taken = Taken(name_of(store, path))
    try:
        told = taken.manifest = peek(store, path, identity)
    except age.NotForUs as error:
        return _settled(store, _verdict(taken, FOREIGN, _said(error)), path)
    except Newer as error:
        return _settled(store, _verdict(taken, NEWER, _said(error)), path, identity)
    except Refused as error:
        return _settled(store, _verdict(taken, TAMPERED, _said(error)), path)
    if not _believed(store, taken, told, fingerprint):
        return _settled(store, taken, path, identity)
    if told.made_at - store.clock.now() > CLOCK_SLACK:
        taken.note(
            _("对方时钟比本机快 {minutes} 分钟，已照收；请两边对表").format(
                minutes=(told.made_at - store.clock.now()) // 60_000
            )
        )
    return _take(store, path, taken, told, _How(deletes, rule, progress, cancel, identity))


def _believed(store: Store, taken: Taken, told: Manifest, fingerprint: str) -> bool:
    """Whether the sender may be heard; why not stands in `taken`."""
    sender = told.sender
    if sender.desk in bundlekeys.revoked(store):
        _verdict(taken, REVOKED, _("{name}已被吊销，没有收下；吊销错了，先在“对方”里恢复它").format(name=sender.called))
        return False
    if sender.public == bundlekeys.own_card(store).public or bundlekeys.trusted(store, sender):
        return True
    if "".join(fingerprint.split()).lower() == sender.fingerprint.replace(" ", ""):
        bundlekeys.remember(store, sender)
        return True
    reason = (
        _("输入的指纹不是 {name} 的，没有收下：请对方再念一遍；还是不一样，就不是那台席位发的，不要收")
        if fingerprint
        else _("不认识的席位 {name}，先收着：请打电话核对指纹 {print}")
    )
    _verdict(taken, STRANGER, reason.format(name=sender.called, print=sender.fingerprint))
    return False


def _settled(store: Store, taken: Taken, path: Path, identity: str = "") -> Taken:
    """It waits in `inbox/` or it is done with, as its state says."""
    if taken.state not in KEPT:
        return done(store, taken, path, MOST_SUMMED)
    return not_kept(taken) if identity else keep(store, taken, path)


def _take(store: Store, path: Path, taken: Taken, told: Manifest, how: _How) -> Taken:
    lots = lots_of(store, told.ranges)
    missing = [part for part in told.files if not attachments.path_of(store.home, part.sha256).is_file()]
    taken.waiting = sum(lot.range.count for lot in lots if lot.what == GAP)
    if not missing and not any(lot.what in (NEW, FORK) for lot in lots):
        taken.known = sum(lot.range.count for lot in lots if lot.what == OLD)
        _heard(store, told)
        if taken.waiting:
            return _settled(store, _verdict(taken, WAITING, _gap_text(store, lots)), path, how.identity)
        return done(store, _verdict(taken, KNOWN, _("以前收过，没有新内容")), path)
    local = copy(store, path, taken, how.progress, how.cancel)
    step("bundle.copied")
    try:
        read, taken.deletes = _check(store, local, told, lots, how)
        step("bundle.checked")
        if not how.deletes and (why := _too_many(store, taken.deletes, how.rule)):
            return _stays(store, _verdict(taken, GUARD, why), local, how)
        if how.deletes:  # what came before, and was not looked at, nobody has let through
            _tell_deletions(store, taken)
        said = _apply(store, local, told, lots, taken, how, read)
    except Refused as error:
        return done(store, _verdict(taken, TAMPERED, _said(error)), local)
    except BaseException:
        if path != local:
            local.unlink(missing_ok=True)  # it is still where it came from
        raise
    _after(store, told, lots, taken)
    if how.deletes:
        deletions.skip(store)
    _tell_deletions(store, taken)
    blocked = [*(lot.reason for lot in lots if lot.reason), *said]
    if taken.waiting:
        return _stays(store, _verdict(taken, WAITING, _gap_text(store, lots)), local, how)
    if blocked:
        return done(store, _verdict(taken, PARTLY, _few(blocked)), local)
    return done(store, _verdict(taken, DONE if taken.applied or taken.files else KNOWN, ""), local)


def _stays(store: Store, taken: Taken, local: Path, how: _How) -> Taken:
    """What was copied waits on, unless only the recovery key opens it: then it must come again."""
    return not_kept(done(store, taken, local)) if how.identity else keep(store, taken, local)


def _said(error: Refused) -> str:
    """Why, in one sentence; which record, where it is one."""
    problem = error.problems[0]
    if problem.line is None:
        return problem.reason
    return _("第 {line} 条记录：{reason}，没有收下").format(line=problem.line, reason=problem.reason)


def _few(reasons: Sequence[str]) -> str:
    """The first of several reasons, each once, and how many more there are."""
    told = list(dict.fromkeys(reasons))
    text = _("；").join(told[:SAID])
    return text + (_("；另有 {more} 处").format(more=len(told) - SAID) if len(told) > SAID else "")


def _verdict(taken: Taken, state: str, reason: str) -> Taken:
    taken.state, taken.reason = state, reason
    return taken


def _gap_text(store: Store, lots: Sequence[Lot]) -> str:
    called = bundlekeys.names(store)
    gaps = [
        _("{desk} 第 {first}–{last} 条").format(
            desk=called(lot.range.desk), first=lot.seq + 1, last=lot.range.first - 1
        )
        for lot in lots
        if lot.what == GAP
    ]
    text = _(
        "前面的数据包还没有到，缺 {gaps}；先收着，到齐后自动收入。那个包找不到了，就请对方选“对方没有的”再导出一次"
    )
    told = _("、").join(gaps[:SAID])
    return text.format(gaps=_("{gaps}等").format(gaps=told) if len(gaps) > SAID else told)


def retry(store: Store, rule: Rule = RULE, *, progress: Progress = no_progress, cancel: Cancel = never) -> list[Taken]:
    """Try what waits for something to come before it, as long as that brings anything; what came of those that moved."""
    out: list[Taken] = []
    moved = True
    while moved:
        moved = False
        names = {one.sha256: one for one in held(store)}
        for path in sorted(inbox_of(store).glob(f"*{ENDING}")):  # one without a name here was cut off by a kill
            one = names.get(path.stem)
            if one is not None and one.state not in (WAITING, NEWER):
                continue
            taken = take(store, path, rule=rule, progress=progress, cancel=cancel)
            if one is None or taken.state not in (WAITING, NEWER) or taken.applied:
                out.append(taken)
                moved = moved or bool(taken.applied)
    return out


# -- checking ------------------------------------------------------------------------------------------------------------


def _check(store: Store, local: Path, told: Manifest, lots: Sequence[Lot], how: _How) -> tuple[int, dict[str, int]]:
    """Every part against the manifest, as far as it is worth reading: how many lines (0: all), and how many listed rows
    would be deleted, by ledger."""
    counting = Counting(store, told, lots, lambda count: how.progress("check", count, told.acts))
    walk(store, local, told, lambda name, _size: counting if name == ACTS else Nothing(), how.cancel, how.identity)
    return counting.read, {ledger: len(rows) for ledger, rows in counting.found.items()}


def _too_many(store: Store, counted: dict[str, int], rule: Rule) -> str:
    """Why a person must look at these deletions; empty when nobody need."""
    with store.read() as connection:
        found = connection.exec_driver_sql("SELECT ledger, listed FROM tally").all()
    whole = {str(ledger): int(listed) for ledger, listed in found}
    many = [
        (ledger, rows)
        for ledger, rows in sorted(counted.items())
        if rows > rule.rows or (rows >= rule.least and rows * 100 > rule.share * int(whole.get(ledger, 0)))
    ]
    if not many:
        return ""
    told = _("、").join(
        _("{ledger} {rows} 条（共 {whole} 条）").format(
            ledger=_(store.schema[ledger].ledger.title), rows=rows, whole=whole.get(ledger, 0)
        )
        for ledger, rows in many
    )
    return _("要删除 {what}，请核实后放行").format(what=told)


# -- into the record -----------------------------------------------------------------------------------------------------


class _File:
    """An attached file on its way to its place; it has its name when its sum was found right."""

    def __init__(self, store: Store, sha256: str, done: Callable[[str], None]) -> None:
        self._folder = store.home.attachments
        self._sha256 = sha256
        self._path = attachments.path_of(store.home, sha256)
        self._part = self._folder / f".{sha256}.part"
        self._file = self._part.open("wb")
        self._done = done

    def write(self, data: bytes, /) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            raise _not_written(error) from None

    def close(self) -> None:
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._part.replace(self._path)
            sync_folder(self._path.parent)
            sync_folder(self._folder)
        except OSError as error:
            raise _not_written(error) from None
        self._done(self._sha256)


def _not_written(error: OSError) -> Unavailable:
    return Unavailable(_("附件没有写成：{error}").format(error=error.strerror or error))


def _apply(
    store: Store,
    local: Path,
    told: Manifest,
    lots: Sequence[Lot],
    taken: Taken,
    how: _How,
    read: int,
) -> list[str]:
    """Take it in; what follows from forks, in sentences."""
    me = (store.config.desk_id, store.config.epoch)
    if any((lot.range.desk, lot.range.epoch) == me and lot.what == NEW for lot in lots):
        peers.remember(store, {DUE: {"epoch": me[1]}})
    new: list[str] = []
    applying = Applying(store, told, lots, taken, lambda count: how.progress("apply", count, told.acts), read)
    room = sum(part.size for part in told.files)
    if shutil.disk_usage(store.home.root).free < room + ROOM_LEFT:
        raise Unavailable(_("磁盘空间不足，附件没有收下"))

    def wanted(name: str, _size: int) -> Sink:
        if name == ACTS:
            step("bundle.files")
            return applying
        sha256 = name.removeprefix(FILES)
        if attachments.path_of(store.home, sha256).is_file():
            return Nothing()
        return _File(store, sha256, new.append)

    try:
        walk(store, local, told, wanted, how.cancel, how.identity)
    finally:
        applying.leave()
    taken.files = len(new)
    seals.keep(store, *applying.good)
    if new:
        store.arrived(new)
    epochs = {epoch for desk, epoch in told.holds if desk == me[0] and epoch < me[1] + MOST_EPOCHS}
    return [text for other in applying.others.values() for text in forking.settle(store, other, epochs)]


def _tell_deletions(store: Store, taken: Taken) -> None:
    for mass in deletions.look(store):
        taken.note(mass.said(bundlekeys.names(store)(mass.desk)))


def _after(store: Store, told: Manifest, lots: Sequence[Lot], taken: Taken) -> None:
    ring = keys.ring(store)
    _heard(store, told)
    if any(
        lot.what == FORK and lot.range.desk == told.sender.desk for lot in lots
    ):  # numbers of two machines: all count
        bundlekeys.remember(store, told.sender, holds=bundlekeys.plain_vector(told.holds))
    forking.forget_settled(store)
    due = (store.config.desk_id, int(peers.peer(store, DUE).get("epoch", 0)))
    own = [lot for lot in lots if lot.what != FORK and (lot.range.desk, lot.range.epoch) == due]
    if not any(seals.verify(lot.range.seals[-1], ring) for lot in own):
        peers.remember(store, {DUE: None})  # somebody else's word is no reason to begin anew
    elif peers.peer(store, DUE):
        _go_on(store)
        taken.note(_("本机自己的记录取回来了，已开始新的一段（{epoch}）").format(epoch=store.config.epoch))
    step("bundle.noted")


def _heard(store: Store, told: Manifest) -> None:
    """Remember what the sender has; an old bundle that comes again tells nothing."""
    if told.sender.desk == store.config.desk_id:
        return
    before = bundlekeys.peer(store, told.sender.key)
    if before is None or before.number < (told.epoch, told.number):
        bundlekeys.remember(
            store,
            told.sender,
            holds=bundlekeys.plain_vector(told.holds),
            epoch=told.epoch,
            number=told.number,
            heard_at=store.clock.now(),
        )


def _go_on(store: Store) -> None:
    """This desk's own acts came back, or another machine has used its name: go on in an epoch that nobody has used."""
    due = peers.peer(store, DUE)
    if not due:
        return
    if due.get("epoch") == store.config.epoch:
        used = [epoch for desk, epoch in record.frontier(store) if desk == store.config.desk_id]
        store.next_epoch(max(store.config.epoch, *used) + 1, {"reason": "restore"})
    peers.remember(store, {DUE: None})
