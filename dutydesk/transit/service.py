"""What is done with bundles at a desk: export, import, decisions about what waits, keys; the register of bundles.

`sync.bundleout` and `sync.bundlein` carry; here every bundle gets its row of the register and its entry of the audit,
in one act after the work. A bundle that was cut off has no row: it was not there, or is there in the record itself.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dutydesk.core.clock import local
from dutydesk.core.errors import DutyDeskError, Problem, Refused, Unavailable
from dutydesk.core.i18n import _
from dutydesk.journal import audit
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition
from dutydesk.ledger.kinds import choice_label
from dutydesk.ledger.spec import Value
from dutydesk.sync import age, bundleheld, bundlein, bundlekeys, bundlelook, bundleout, bundlewrite, deletions, stick
from dutydesk.sync.bundle import ENDING, Cancel, Progress, never, no_progress
from dutydesk.sync.bundletaken import Held, Rule, Taken
from dutydesk.transit.ledger import BUNDLES as LEDGER
from dutydesk.transit.media import medium_at, right_one, usable

if TYPE_CHECKING:
    from dutydesk.sync.bundleout import Exported
    from dutydesk.sync.bundlewrite import Written

BUNDLES = "bundles"
EXPORT, IMPORT, RELEASE = "bundle.export", "bundle.import", "bundle.release"
REFUSED = ("TAMPERED", "FOREIGN", "REVOKED")
"""Results of what was not taken in: that such a file has come speaks for nothing."""
MOST_CARD = 20_000
LAST = 6
"""Characters of a private key that are read back from paper."""


# -- export and import ---------------------------------------------------------------------------------------------------


def rule(desk: Desk) -> Rule:
    """When deletions wait for a person, as set at this desk."""
    with desk.store.read() as connection:
        return deletions.rule(connection)


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
        right_one(desk, medium, folder)
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
        came: Taken | None = None
        try:
            came = taken = bundlein.take(
                desk.store,
                file,
                fingerprint=fingerprint,
                deletes=deletes,
                rule=told,
                progress=progress,
                cancel=cancel,
                identity=identity,
            )
        finally:
            if came is None:
                error = sys.exception()
                why = str(error) if isinstance(error, DutyDeskError) else _("已中断")
                with suppress(DutyDeskError):  # the disk that failed may be this desk's own
                    _enter(desk, Taken(file.name, state="CUT", reason=why), medium)
        _enter(desk, taken, medium or medium_at(desk, file.parent))  # its row may have come with the bundle
        out.append(taken)
    for taken in bundlein.retry(desk.store, told, progress=progress, cancel=cancel):
        _enter(desk, taken, None)
        out.append(taken)
    return out


def bundles_in(paths: Sequence[Path]) -> list[Path]:
    """Files as they are, for a folder the bundles in it, by sender and number. Raises `Refused` for a folder without."""
    out: list[Path] = []
    for path in paths:
        inside = sorted(path.glob(f"*{ENDING}"), key=_in_order) if path.is_dir() else [path]
        if not inside:
            raise Refused(_("{folder} 里没有数据包").format(folder=path))
        out += inside
    return out


def _in_order(file: Path) -> tuple[str, int]:
    stem, _dash, number = file.stem.rpartition("-")
    counted = number.isascii() and number.isdecimal() and len(number) < 18
    return (stem, int(number)) if counted else (file.stem, 0)


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


@dataclass(frozen=True, slots=True)
class Opener:
    """Somebody who can open bundles: `kind` OWN, PEER, RECOVERY, BACKUP (a recovery key of the copies), what it is
    called, its public key, whether it still counts."""

    kind: str
    name: str
    key: str
    counts: bool = True


def openers(desk: Desk) -> list[Opener]:
    """Who can open what: this desk what comes for it, each receiver what goes to it, recovery keys all that goes out."""
    own = bundlekeys.own_card(desk.store)
    shut = bundlekeys.revoked(desk.store)
    listed = bundlekeys.recovery_of_bundles(desk.store)
    out = [Opener("OWN", own.called, own.recipient)]
    out += [
        Opener("PEER", one.card.called, one.card.recipient, one.card.desk not in shut)
        for one in bundlekeys.known(desk.store)
    ]
    for key in bundlekeys.recovery(desk.store):
        out.append(Opener("RECOVERY" if key in listed else "BACKUP", "", key))
    return out


def add_recovery(desk: Desk, text: str) -> str:
    """Encrypt every further bundle for this offline key too. Raises `Refused`."""
    _allowed(desk, "bundle.recovery")
    key = bundlekeys.add_recovery(desk.store, text)
    audit.record(desk, "BUNDLE", key[:16], _("加入离线恢复公钥"))
    return key


def new_recovery(desk: Desk) -> str:
    """A fresh private key to be printed for the safe; it is kept nowhere. Raises `Refused` where whoever is at the desk
    may not."""
    _allowed(desk, "bundle.recovery")
    return age.new_secret()


def keep_recovery(desk: Desk, secret: str, typed: str) -> str:
    """Believe that the sheet is on paper: `typed` are the last characters of the private key, read from there. Its
    public half counts from now on. Raises `Refused`."""
    wanted = "".join(typed.split()).upper()
    if len(wanted) < LAST or not secret.endswith(wanted):
        raise Refused(Problem(_("和纸上的对不上，请照着纸再输一遍")))
    return add_recovery(desk, age.recipient_of(secret))


def forget_recovery(desk: Desk, key: str) -> None:
    """Encrypt no further bundle for an offline key. Raises `Refused`."""
    _allowed(desk, "bundle.recovery")
    if key not in bundlekeys.recovery_of_bundles(desk.store) and key in bundlekeys.recovery(desk.store):
        raise Refused(Problem(_("这把是备份的恢复公钥，在 desk.toml 的 second_recipients 里改")))
    bundlekeys.forget_recovery(desk.store, key)
    audit.record(desk, "BUNDLE", key[:16], _("停用离线恢复公钥"))


@dataclass(frozen=True, slots=True)
class Checked:
    """A bundle on a medium held against the register: `said` one sentence."""

    file: str
    ok: bool
    said: str


def check(desk: Desk, files: Sequence[Path]) -> list[Checked]:
    """Whether files are what the register says that was written or taken in: read from the medium, without any key."""
    return [_checked(desk, file) for file in files]


def _checked(desk: Desk, file: Path) -> Checked:
    try:
        with stick.opened(file, bundlelook.LARGEST):
            found = stick.sum_of(file).upper()
    except OSError as error:
        return Checked(file.name, False, _("读不了：{error}").format(error=stick.why(error)))
    except Refused as error:
        return Checked(file.name, False, error.problems[0].reason)
    rows = desk.rows(BUNDLES, Condition("sha256", "=", found))
    good = [row for row in rows if row.text("result") not in REFUSED]
    for row in [*good[-1:], *rows[-1:]]:
        what = choice_label(row.text("direction"), LEDGER["direction"])
        moment = local(row.number("at")).strftime("%Y-%m-%d %H:%M")
        if good:
            return Checked(file.name, True, _("与登记一致：{moment} {what}").format(moment=moment, what=what))
        why = choice_label(row.text("result"), LEDGER["result"])
        text = _("没有收下过的文件（{moment} {what}：{why}），不要用")
        return Checked(file.name, False, text.format(moment=moment, what=what, why=why))
    known = desk.rows(BUNDLES, Condition("number", "=", file.name), limit=1)
    said = _("与登记的校验值不同：介质坏了或被换过，不要用") if known else _("登记里没有这个数据包")
    return Checked(file.name, False, said)


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
