"""What is done with bundles at a desk: export, import, decisions about what waits; the register of media and bundles.

`sync.bundleout` and `sync.bundlein` carry; here every bundle gets its row of the register and its entry of the audit,
in one act after the work. A bundle that was cut off has no row: it was not there, or is there in the record itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dutydesk.core.errors import DutyDeskError, Problem, Refused, Unavailable
from dutydesk.core.i18n import _
from dutydesk.journal import audit, plain
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition
from dutydesk.journal.store import Receipt
from dutydesk.ledger.spec import Value, Values
from dutydesk.sync import bundleheld, bundlein, bundlekeys, bundleout, bundlewrite, stick
from dutydesk.sync.bundle import Cancel, Progress, Stopped, never, no_progress
from dutydesk.sync.bundletaken import Held, Rule, Taken
from dutydesk.transit.limits import limits

if TYPE_CHECKING:
    from dutydesk.sync.bundleout import Exported
    from dutydesk.sync.bundlewrite import Written

BUNDLES, MEDIA = "bundles", "media"
EXPORT, IMPORT, RELEASE = "bundle.export", "bundle.import", "bundle.release"
MARK = "dutydesk-medium.txt"
"""The file on a registered stick that says which one it is."""
MOST_MARK, MOST_CARD = 4_096, 20_000
USABLE = ("IN_USE", "LENT")


# -- the register of media -----------------------------------------------------------------------------------------------


def add_medium(desk: Desk, values: Values) -> bytes:
    """Enter a stick or disc; its id. Who and when are filled in. Raises `Refused`."""
    given: dict[str, Value] = {"state": "IN_USE", **{name: value for name, value in values.items() if value}}
    given |= {"registered_at": desk.clock.now(), "by": desk.me.name or desk.me.id}
    return plain.add(desk, MEDIA, given)


def edit_medium(desk: Desk, medium: bytes, values: Values) -> Receipt | None:
    """Write a medium again: lent, lost, retired."""
    return plain.edit(desk, MEDIA, medium, values)


def remove_medium(desk: Desk, medium: bytes) -> Receipt:
    """Take a medium off the list; what it carried stays in the register."""
    return plain.remove(desk, MEDIA, medium)


def mark_medium(desk: Desk, medium: bytes, folder: Path) -> None:
    """Write onto a stick which one it is, so that it is known when it comes back. Raises `Unavailable`."""
    try:
        stick.write(folder / MARK, f"{medium.hex()}\n{desk.title(MEDIA, medium)}\n".encode())
    except OSError as error:
        raise Unavailable(_("写不了 {folder}：{error}").format(folder=folder, error=stick.why(error))) from None


def medium_at(desk: Desk, folder: Path) -> bytes | None:
    """The registered medium that a folder lies on, by its mark; `None` for one that is not known here."""
    for place in (folder, *list(folder.parents)[:4]):
        with suppress(OSError, ValueError, Refused):
            with stick.opened(place / MARK, MOST_MARK) as file:
                found = bytes.fromhex(file.read(32).decode("ascii"))
            if len(found) == 16 and desk.get(MEDIA, found) is not None:
                return found
    return None


def usable(desk: Desk, medium: bytes) -> None:
    """Raises `Refused` for a medium that is lost or retired."""
    row = desk.get(MEDIA, medium)
    if row is None or row.text("state") not in USABLE:
        raise Refused(Problem(_("这个介质没有登记，或已遗失、停用"), "medium"))


# -- export and import ---------------------------------------------------------------------------------------------------


def rule(desk: Desk) -> Rule:
    """When deletions wait for a person, as set at this desk."""
    with desk.store.read() as connection:
        found = limits(connection)
    return Rule(found.delete_share, found.delete_rows, found.delete_least)


def export(
    desk: Desk,
    folder: Path,
    to: str = "",
    *,
    since: int | str = "",
    medium: bytes | None = None,
    reason: str = "",
    progress: Progress = no_progress,
    cancel: Cancel = never,
) -> Exported:
    """Write what a receiver lacks into `folder` and enter each bundle as soon as it lies there, with its entry of the
    audit: for whom, why, how many records have personal data; see `bundleout.export`. Raises what that raises, and
    `Refused` where whoever is at the desk may not."""
    _allowed(desk, EXPORT)
    settle(desk)
    medium = medium_at(desk, folder) if medium is None else medium
    if medium is not None:
        usable(desk, medium)
    why = " ".join(reason.split())[:200]

    def wrote(one: Written) -> None:
        _enter_out(desk, one, "WRITTEN", medium, why, "")

    try:
        return bundleout.export(desk.store, folder, to, since=since, wrote=wrote, progress=progress, cancel=cancel)
    finally:
        settle(desk, medium, why)


def settle(desk: Desk, medium: bytes | None = None, why: str = "") -> None:
    """Enter what an export that was cut off may have left on a medium: nothing that can be carried away is without its
    row. Done before every export and import, and after an export that failed."""
    for one in bundlewrite.unsettled(desk.store):
        if not one.sha256 or not desk.rows(BUNDLES, Condition("sha256", "=", one.sha256.upper()), limit=1):
            _enter_out(desk, one, "CUT", medium, why, _("写出时中断，介质上可能有这个数据包"))
        bundlewrite.settle(desk.store, one)


def _enter_out(desk: Desk, one: Written, result: str, medium: bytes | None, why: str, note: str) -> None:
    values: dict[str, Value] = {
        "at": desk.clock.now(),
        "direction": "OUT",
        "number": one.file.name,
        "peer": one.to,
        "result": result,
        "acts": one.acts,
        "personal": one.personal,
        "medium": medium,
        "ranges": one.ranges or None,
        "sha256": one.sha256.upper(),
        "by": desk.me.name or desk.me.id,
        "reason": why or None,
        "note": note or None,
    }
    told = _("{acts} 条记录（{personal} 条含个人信息），{files} 个附件").format(
        acts=one.acts, personal=one.personal, files=one.files
    )
    about = _("导出给 {name}").format(name=one.to)
    if why:
        about = _("{what}：{why}").format(what=about, why=why)
    entry = audit.entry(desk, "BUNDLE", one.file.name, about, _("；").join(text for text in (told, note) if text))
    desk.act(EXPORT, [desk.new(BUNDLES, values), entry])


def take(
    desk: Desk,
    files: Sequence[Path],
    *,
    fingerprint: str = "",
    deletes: bool = False,
    identity: str = "",
    progress: Progress = no_progress,
    cancel: Cancel = never,
) -> list[Taken]:
    """Import files, one after the other, and after them whatever waited for them; each is entered, also one that was
    cut off. Raises as `bundlein.take`; what was taken in before stays."""
    _allowed(desk, RELEASE if fingerprint or deletes or identity else IMPORT)
    settle(desk)
    told = rule(desk)
    out: list[Taken] = []
    for file in files:
        medium = medium_at(desk, file.parent)
        try:
            taken = bundlein.take(
                desk.store,
                file,
                fingerprint=fingerprint,
                deletes=deletes,
                rule=told,
                progress=progress,
                cancel=cancel,
                identity=identity,
            )
        except (Unavailable, Stopped) as error:
            with suppress(DutyDeskError):  # the disk that failed may be this desk's own
                _enter(desk, Taken(file.name, state="CUT", reason=str(error)), medium)
            raise
        _enter(desk, taken, medium or medium_at(desk, file.parent))  # its row may have come with the bundle
        out.append(taken)
    for taken in bundlein.retry(desk.store, told, progress=progress, cancel=cancel):
        _enter(desk, taken, None)
        out.append(taken)
    return out


def held(desk: Desk) -> list[Held]:
    """What waits in the desk's `inbox/`."""
    return bundleheld.held(desk.store)


def held_file(desk: Desk, sha256: str) -> Path:
    """The file of one that waits."""
    return bundleheld.inbox_of(desk.store) / f"{sha256}.ddb"


def drop(desk: Desk, one: Held) -> None:
    """A person decides that a bundle is not wanted."""
    _allowed(desk, IMPORT)
    bundleheld.drop(desk.store, one.sha256)
    audit.record(desk, "BUNDLE", one.name, _("不收这个数据包（来自 {name}）").format(name=one.sender), _("已删除"))


def _enter(desk: Desk, taken: Taken, medium: bytes | None) -> None:
    """The report of an import is an act."""
    told = taken.manifest
    values: dict[str, Value] = {
        "at": desk.clock.now(),
        "direction": "IN",
        "number": taken.name[:200],
        "peer": told.sender.called if told else None,
        "result": taken.state,
        "acts": taken.applied,
        "medium": medium,
        "ranges": (told.ranges_text(bundlekeys.names(desk.store)) or None) if told else None,
        "sha256": taken.sha256.upper() or None,
        "by": desk.me.name or desk.me.id,
        "note": _("；").join(dict.fromkeys(text for text in (taken.reason, *taken.notes) if text))[:2_000] or None,
    }
    reason = _("导入")
    result = summary(taken)
    entry = audit.entry(desk, "BUNDLE", taken.name[:200], reason, result[:200])
    desk.act(IMPORT, [desk.new(BUNDLES, values), entry])


def summary(taken: Taken) -> str:
    """One sentence: what came of it."""
    if taken.reason and not taken.applied:
        return taken.reason
    text = _("收下 {applied} 条记录").format(applied=taken.applied)
    if taken.files:
        text += _("，{files} 个附件").format(files=taken.files)
    if taken.known:
        text += _("，{known} 条以前就有").format(known=taken.known)
    if taken.quarantined:
        text += _("，{count} 条隔离").format(count=taken.quarantined)
    return _("；").join((text, taken.reason)) if taken.reason else text


def _allowed(desk: Desk, kind: str) -> None:
    """Asked before the work, not after it."""
    bundleout.refuse_play(desk.store)
    if desk.store.guard is not None:
        desk.store.guard(kind, desk.me.id)


# -- whom we know --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """A receiver for the pane: how it is called, its fingerprint, since when nothing came (ms UTC), whether shut out."""

    key: str
    name: str
    fingerprint: str
    heard_at: int | None
    waiting: int
    revoked: bool


def receivers(desk: Desk) -> list[Known]:
    """Everybody for whom this desk can write bundles; `waiting` acts of this desk that each is not known to have."""
    from dutydesk.journal import peers

    shut = bundlekeys.revoked(desk.store)
    mine = _own(desk)
    out: list[Known] = []
    for one in bundlekeys.known(desk.store):
        body = peers.peer(desk.store, bundlekeys.PEER + one.card.key)
        waiting = sum(max(0, seq - one.holds.get(at, (0, b""))[0]) for at, seq in mine.items())
        out.append(
            Known(
                one.card.key,
                one.card.called,
                one.card.fingerprint if one.card.desk else one.card.recipient[:16] + "…",
                body.get("heard_at"),
                waiting,
                one.card.desk in shut,
            )
        )
    return out


def _own(desk: Desk) -> Mapping[tuple[bytes, int], int]:
    from dutydesk.sync import record

    return {at: seq for at, (seq, _h) in record.frontier(desk.store).items() if at[0] == desk.config.desk_id}


def add_key(desk: Desk, data: bytes, name: str = "") -> bundlekeys.PeerCard:
    """Take in somebody's key: a card or an age key with a name. Raises `Refused`."""
    _allowed(desk, "bundle.key")
    card = bundlekeys.read_card(data, name)
    if card.desk == desk.config.desk_id:
        raise Refused(Problem(_("这是本机自己的公钥卡")))
    bundlekeys.remember(desk.store, card)
    audit.record(desk, "BUNDLE", card.called, _("加入公钥"), card.fingerprint)
    return card


def shut_out(desk: Desk, key: str, *, out: bool = True) -> None:
    """Believe nothing more of a desk, beyond what is here; or believe it again. Raises `Refused`."""
    from dutydesk.sync import record

    _allowed(desk, "bundle.revoke")
    peer = bundlekeys.find(desk.store, key)
    if not peer.card.desk:
        raise Refused(Problem(_("这不是席位，不能吊销")))
    if out:
        upto = {at[1]: seq for at, (seq, _h) in record.frontier(desk.store).items() if at[0] == peer.card.desk}
        bundlekeys.revoke(desk.store, {peer.card.desk: upto})
    else:
        bundlekeys.restore(desk.store, peer.card.desk)
    audit.record(desk, "BUNDLE", peer.card.called, _("吊销席位") if out else _("恢复席位"))


def add_recovery(desk: Desk, text: str) -> str:
    """Encrypt every further bundle for this offline key too. Raises `Refused`."""
    _allowed(desk, "bundle.recovery")
    key = bundlekeys.add_recovery(desk.store, text)
    audit.record(desk, "BUNDLE", key[:16], _("加入离线恢复公钥"))
    return key


def write_card(desk: Desk, path: Path) -> None:
    """This desk's card, to be handed to others. Raises `Unavailable`."""
    bundleout.refuse_play(desk.store)
    try:
        stick.write(path, bundlekeys.write_card(desk.store))
    except OSError as error:
        raise Unavailable(_("写不了文件：{error}").format(error=stick.why(error))) from None


def content(path: Path) -> bytes:
    """A small file that may be a card or a key. Raises `Refused`."""
    try:
        with stick.opened(path, MOST_CARD) as file:
            return file.read()
    except OSError as error:
        raise Refused(Problem(_("读不了文件：{error}").format(error=stick.why(error)))) from None
