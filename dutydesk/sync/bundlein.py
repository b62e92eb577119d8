"""Import: a bundle is looked at, copied into the desk's `inbox/`, checked whole, and then taken in by the journal's own
`receive`, range by range, each stretch only after its own desk's seal over it was found true.

Nothing jumps a gap: what comes too early stays in `inbox/`, encrypted as it came, until the bundle before it has
arrived. What wants a person (an unknown desk, many deletions) waits there too. The truth about how far an import came
is the record itself, so that it may be cut off anywhere and begun again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from dutydesk.core.crashpoint import step
from dutydesk.core.errors import DutyDeskError, Problem, Refused, Unavailable
from dutydesk.core.files import sync_folder
from dutydesk.core.i18n import _
from dutydesk.journal import attachments, peers, signing
from dutydesk.journal.store import CLOCK_SLACK, Store
from dutydesk.sync import age, bundlekeys, keys, record, seals
from dutydesk.sync.bundle import (
    ACTS,
    ENDING,
    FILES,
    MANIFEST,
    SIGNATURE,
    SIGNED,
    Cancel,
    Manifest,
    Newer,
    Nothing,
    Progress,
    Sink,
    Stopped,
    Unpacker,
    Whole,
    load,
    never,
    no_progress,
)
from dutydesk.sync.bundleacts import FORK, GAP, NEW, OLD, Applying, Counting, Lot, lot_of
from dutydesk.sync.bundleout import refuse_play
from dutydesk.sync.bundletaken import (
    DONE,
    FOREIGN,
    GUARD,
    KNOWN,
    NEWER,
    PARTLY,
    REVOKED,
    RULE,
    STRANGER,
    TAMPERED,
    WAITING,
    Held,
    Rule,
    Taken,
)

HELD = "bundle/held/"
"""Names in `local_peer`: what waits in `inbox/`, by the file's sha256."""
DUE = "sync/epoch"
"""As in `protocol`: the epoch to which this desk's own acts have come back, and in which it does not go on."""
ROOM_LEFT = 200 * 2**20
MOST_KEPT, MOST_HELD = 2**29, 64
"""What waits in `inbox/` at most: bytes of a file, and files."""
LARGEST = 2**32
"""Bytes of a bundle that is looked at."""
PIECE = 2**20
MOST_ASIDE = 2_000


# -- what waits ----------------------------------------------------------------------------------------------------------


def inbox_of(store: Store) -> Path:
    """Where bundles wait."""
    return store.home.root / "inbox"


def held(store: Store) -> list[Held]:
    """The files that wait, oldest first."""
    found = [
        Held(
            name, str(body["state"]), str(body["reason"]), str(body["name"]), int(body["at"]), str(body["from"]),
            int(body["number"]), str(body["fingerprint"]),
        )
        for name, body in peers.peers(store, HELD).items()
        if (inbox_of(store) / f"{name}{ENDING}").is_file()
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.at, one.sha256))


def drop(store: Store, sha256: str) -> None:
    """A person does not want it: take a file out of `inbox/`."""
    if sha256 not in {one.sha256 for one in held(store)}:
        raise Refused(_("收件箱里没有这个数据包"))
    _forget(store, sha256)


def _forget(store: Store, sha256: str) -> None:
    with suppress(OSError):
        (inbox_of(store) / f"{sha256}{ENDING}").unlink(missing_ok=True)
    if peers.peer(store, HELD + sha256):
        peers.remember(store, {HELD + sha256: None})


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
            taken.name = one.name if one else taken.name
            if one is None or taken.state not in (WAITING, NEWER) or taken.applied:
                out.append(taken)
                moved = moved or bool(taken.applied)
    return out


# -- looking -------------------------------------------------------------------------------------------------------------


class _Enough(DutyDeskError):
    """The beginning was all that was asked for."""


class _Into:
    """What the decryption writes into: an `Unpacker`, or nothing after the end."""

    def __init__(self, unpacker: Unpacker, cancel: Cancel) -> None:
        self._unpacker = unpacker
        self._cancel = cancel

    def write(self, data: bytes, /) -> int:
        if self._cancel():
            raise Stopped(_("已中断"))
        self._unpacker.feed(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""


def peek(store: Store, path: Path) -> Manifest:
    """What a bundle says of itself, signed by the key that it names. Raises `NotForUs`, `Newer`, `Refused`,
    `Unavailable` when it cannot be read."""
    found: list[bytes] = []

    def more(data: bytes) -> None:
        found.append(data)
        if len(found) == 1:
            unpacker.expect(load(data).parts)

    def sink(_name: str, _size: int) -> Sink:
        if len(found) == 2:
            raise _Enough
        return Whole(more)

    unpacker = Unpacker(sink)
    with suppress(_Enough):
        _decrypt(store, path, unpacker, never)
    if len(found) < 2:
        raise Refused(Problem(_("数据包不完整")))
    told = load(found[0])
    if not signing.holds(told.sender.public, SIGNED + found[0], found[1]):
        raise Refused(Problem(_("签名不符：内容被改动过，或不是署名的席位发的")))
    return told


def _decrypt(store: Store, path: Path, unpacker: Unpacker, cancel: Cancel) -> None:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > LARGEST:
                raise Refused(Problem(_("文件太大，不是数据包")))
            age.decrypt(file, _Into(unpacker, cancel), bundlekeys.identity(store))
    except OSError as error:
        raise _unread(path, error) from None


def _unread(path: Path, error: OSError) -> Unavailable:
    return Unavailable(_("读不了 {name}：{error}").format(name=path.name, error=error.strerror or error))


# -- taking --------------------------------------------------------------------------------------------------------------


def take(
    store: Store,
    path: Path,
    *,
    fingerprint: str = "",
    deletes: bool = False,
    rule: Rule = RULE,
    progress: Progress = no_progress,
    cancel: Cancel = never,
) -> Taken:
    """Take in one bundle. `fingerprint` accepts its unknown sender, when it is the sender's; `deletes` lets its
    deletions through. Raises `Refused` for a desk that takes none, `Unavailable` when file or disk fail, `Stopped`."""
    refuse_play(store)
    own = bundlekeys.own_card(store)
    _go_on(store)
    taken = Taken(path.name)
    try:
        told = taken.manifest = peek(store, path)
    except age.NotForUs as error:
        return _verdict(taken, FOREIGN, str(error))
    except Newer as error:
        return _keep(store, _verdict(taken, NEWER, error.problems[0].reason), path)
    except Refused as error:
        return _verdict(taken, TAMPERED, str(error))
    sender = told.sender
    if sender.desk in bundlekeys.revoked(store):
        return _verdict(taken, REVOKED, _("{name}已被吊销，没有收下").format(name=sender.called))
    if sender.public != own.public and not bundlekeys.trusted(store, sender):
        if "".join(fingerprint.split()).lower() != sender.fingerprint.replace(" ", ""):
            reason = _("不认识的席位 {name}，请打电话核对指纹 {print}").format(
                name=sender.called, print=sender.fingerprint
            )
            if fingerprint:
                reason = _("指纹不符，没有收下：{name} 的是 {print}").format(
                    name=sender.called, print=sender.fingerprint
                )
            return _keep(store, _verdict(taken, STRANGER, reason), path)
        bundlekeys.remember(store, sender)
    if told.made_at - store.clock.now() > CLOCK_SLACK:
        taken.note(_("对方时钟比本机快 {minutes} 分钟").format(minutes=(told.made_at - store.clock.now()) // 60_000))
    return _take(store, path, taken, told, deletes=deletes, rule=rule, progress=progress, cancel=cancel)


def _take(
    store: Store,
    path: Path,
    taken: Taken,
    told: Manifest,
    *,
    deletes: bool,
    rule: Rule,
    progress: Progress,
    cancel: Cancel,
) -> Taken:
    lots = [lot_of(store, one) for one in told.ranges]
    missing = [part for part in told.files if not attachments.path_of(store.home, part.sha256).is_file()]
    taken.waiting = sum(lot.range.count for lot in lots if lot.what == GAP)
    if not missing and not any(lot.what in (NEW, FORK) for lot in lots):
        taken.known = sum(lot.range.count for lot in lots if lot.what == OLD)
        _heard(store, told)
        if taken.waiting:
            return _keep(store, _verdict(taken, WAITING, _gap_text(told)), path)
        return _done(store, _verdict(taken, KNOWN, _("以前收过，没有新内容")), path)
    local = _copy(store, path, taken, progress, cancel)
    step("bundle.copied")
    try:
        counted = _check(store, local, told, lots, progress, cancel)
        step("bundle.checked")
        taken.deletes = counted
        if not deletes and (why := _too_many(store, counted, rule)):
            return _keep(store, _verdict(taken, GUARD, why), local)
        _apply(store, local, told, lots, taken, progress, cancel)
    except Refused as error:
        return _done(store, _verdict(taken, TAMPERED, str(error)), local)
    except (Stopped, Unavailable):
        if path != local:
            local.unlink(missing_ok=True)  # it is still where it came from
        raise
    _after(store, told, lots, taken)
    blocked = [lot.reason for lot in lots if lot.reason]
    if taken.waiting:
        return _keep(store, _verdict(taken, WAITING, _gap_text(told)), local)
    if blocked:
        return _done(store, _verdict(taken, PARTLY, _("；").join(dict.fromkeys(blocked))), local)
    return _done(store, _verdict(taken, DONE if taken.applied or taken.files else KNOWN, ""), local)


def _verdict(taken: Taken, state: str, reason: str) -> Taken:
    taken.state, taken.reason = state, reason
    return taken


def _gap_text(told: Manifest) -> str:
    return _("前面的数据包还没有到（来自 {name}），先收着，到齐后自动收入").format(name=told.sender.called)


def _copy(store: Store, path: Path, taken: Taken, progress: Progress, cancel: Cancel) -> Path:
    """The file in `inbox/`: from here on the stick may be pulled. What is there already is used as it is."""
    folder = inbox_of(store)
    try:
        if path.parent == folder:
            taken.sha256 = path.stem
            return path
        folder.mkdir(exist_ok=True)
        for old in folder.glob("*.part"):
            old.unlink(missing_ok=True)
        size = path.stat().st_size
        if shutil.disk_usage(folder).free < size + ROOM_LEFT:
            raise Unavailable(_("磁盘空间不足，数据包没有收下"))
        temporary = folder / f"{path.name}.part"
        digest = hashlib.sha256()
        with path.open("rb") as source, temporary.open("wb") as target:
            while piece := source.read(PIECE):
                if cancel():
                    raise Stopped(_("已中断"))
                digest.update(piece)
                target.write(piece)
                progress("copy", target.tell(), size)
            target.flush()
            os.fsync(target.fileno())
        taken.sha256 = digest.hexdigest()
        local = folder / f"{taken.sha256}{ENDING}"
        temporary.replace(local)
        sync_folder(folder)
    except OSError as error:
        raise _unread(path, error) from None
    return local


def _keep(store: Store, taken: Taken, path: Path) -> Taken:
    """Let it wait in `inbox/`, where there is room."""
    if path.parent != inbox_of(store):
        try:
            size = path.stat().st_size
        except OSError as error:
            raise _unread(path, error) from None
        if size > MOST_KEPT or len(held(store)) >= MOST_HELD:
            taken.note(_("没有留存，请保留介质，处理后再导入"))
            return taken
    local = _copy(store, path, taken, no_progress, never)
    told = taken.manifest
    before = peers.peer(store, HELD + local.stem)
    body = {
        "state": taken.state,
        "reason": taken.reason,
        "name": before.get("name", taken.name),
        "at": before.get("at", store.clock.now()),
        "from": told.sender.called if told else "",
        "number": told.number if told else 0,
        "fingerprint": taken.fingerprint,
    }
    peers.remember(store, {HELD + local.stem: body})
    return taken


def _done(store: Store, taken: Taken, path: Path) -> Taken:
    """It waits no longer."""
    if path.parent == inbox_of(store):
        taken.sha256 = path.stem
        _forget(store, path.stem)
    elif not taken.sha256:
        with suppress(OSError), path.open("rb") as file:
            taken.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        _forget(store, taken.sha256)
    return taken


def _check(
    store: Store, local: Path, told: Manifest, lots: Sequence[Lot], progress: Progress, cancel: Cancel
) -> dict[str, int]:
    """Every part against the manifest; how many listed rows would be deleted, by ledger."""
    counting = Counting(told, lots, lambda count: progress("check", count, told.acts))
    _walk(store, local, told, lambda name, _size: counting if name == ACTS else Nothing(), cancel)
    found: dict[str, int] = {}
    with store.read() as connection:
        for ledger, rows in counting.rows.items():
            if ledger not in store.schema.shapes:
                continue
            listed, wanted = 0, sorted(rows)
            for at in range(0, len(wanted), 500):
                part = tuple(wanted[at : at + 500])
                marks = ",".join("?" * len(part))
                listed += connection.exec_driver_sql(
                    f"SELECT count(*) FROM {store.schema[ledger].ledger.name} WHERE _state = 1 AND id IN ({marks})",  # noqa: S608
                    part,
                ).scalar_one()
            if listed:
                found[ledger] = listed
    return found


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


def _walk(store: Store, local: Path, told: Manifest, wanted: Callable[[str, int], Sink], cancel: Cancel) -> None:
    """The whole archive once; whether it is complete."""

    def same(data: bytes) -> None:
        if load(data).id != told.id:
            raise Refused(Problem(_("文件在读的时候变了")))
        unpacker.expect(told.parts)

    def sink(name: str, size: int) -> Sink:
        if name == MANIFEST:
            return Whole(same)
        return Nothing() if name == SIGNATURE else wanted(name, size)

    unpacker = Unpacker(sink)
    _decrypt(store, local, unpacker, cancel)
    if not unpacker.complete:
        raise Refused(Problem(_("数据包不完整")))


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
        self._file.write(data)

    def close(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._part.replace(self._path)
        sync_folder(self._path.parent)
        sync_folder(self._folder)
        self._done(self._sha256)


def _apply(
    store: Store,
    local: Path,
    told: Manifest,
    lots: Sequence[Lot],
    taken: Taken,
    progress: Progress,
    cancel: Cancel,
) -> None:
    me = (store.config.desk_id, store.config.epoch)
    if any((lot.range.desk, lot.range.epoch) == me and lot.what in (NEW, FORK) for lot in lots):
        peers.remember(store, {DUE: {"epoch": me[1]}})
    new: list[str] = []
    applying = Applying(store, told, lots, taken, lambda count: progress("apply", count, told.acts))
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

    _walk(store, local, told, wanted, cancel)
    taken.files = len(new)
    seals.keep(store, *applying.good)
    if new:
        store.arrived(new)


def _after(store: Store, told: Manifest, lots: Sequence[Lot], taken: Taken) -> None:
    ring = keys.ring(store)
    _heard(store, told)
    own = [lot for lot in lots if (lot.range.desk, lot.range.epoch) == (store.config.desk_id, store.config.epoch)]
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
