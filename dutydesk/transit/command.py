"""`dutydesk bundle export|import|check|keys|mark|held`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dutydesk.core.clock import parse_iso
from dutydesk.core.console import answer, say, warn
from dutydesk.core.errors import Problem, Refused, Unavailable
from dutydesk.core.i18n import N_, _
from dutydesk.sync import bundlekeys, bundleout, stick
from dutydesk.transit import media, service

if TYPE_CHECKING:
    from dutydesk.journal.desk import Desk
    from dutydesk.sync.bundletaken import Taken


def configure(parser: argparse.ArgumentParser) -> None:
    """The arguments of `bundle`."""
    whats = parser.add_subparsers(dest="what", metavar=_("做什么"), required=True)

    def sub(name: str, text: str) -> argparse.ArgumentParser:
        made = whats.add_parser(name, help=_(text), description=_(text))
        made.add_argument("--json", action="store_true", help=_("输出 JSON"))
        return made

    out = sub("export", N_("把对方没有的记录写成数据包"))
    out.add_argument("--to", metavar="PEER", default="", help=_("给谁：名称、代号或编号；只有一个对方时可不写"))
    out.add_argument("--out", metavar="DIR", required=True, help=_("写到哪个文件夹（U盘）"))
    since = out.add_mutually_exclusive_group()
    since.add_argument("--since", metavar="T", default="", help=_("从何时起的记录；last 为上一个数据包之后"))
    since.add_argument("--all", action="store_true", help=_("全部记录"))
    out.add_argument("--medium", metavar="LABEL", default="", help=_("登记过的介质编号，缺省自己认"))
    out.add_argument("--reason", metavar="TEXT", default="", help=_("事由，记入收发记录和审计"))
    come = sub("import", N_("收入数据包"))
    come.add_argument(
        "files", metavar="FILE", nargs="*", help=_("数据包，或里面有数据包的文件夹；不写就处理收件箱里等着的")
    )
    come.add_argument("--accept", metavar="PRINT", default="", help=_("核对过的指纹，接受不认识的席位"))
    come.add_argument("--allow-deletes", action="store_true", help=_("已核实，放行大批删除"))
    come.add_argument("--identity", metavar="FILE", default="", help=_("离线恢复私钥的文件：打开写给别的席位的数据包"))
    look = sub("check", N_("核对介质上的数据包与收发记录"))
    look.add_argument("files", metavar="FILE", nargs="+", help=_("数据包"))
    keys = sub("keys", N_("本机的公钥、对方的公钥"))
    keys.add_argument("--card", metavar="FILE", default="", help=_("把本机的公钥卡写到文件，交给对方"))
    keys.add_argument("--add", metavar="FILE", default="", help=_("加入对方的公钥卡文件，或 age 公钥"))
    keys.add_argument("--name", metavar="TEXT", default="", help=_("公钥不是卡时，对方叫什么"))
    keys.add_argument("--recovery", metavar="KEY", default="", help=_("离线恢复公钥：以后都能用它打开"))
    keys.add_argument(
        "--new-recovery", metavar="FILE.pdf", default="", help=_("新建恢复密钥，私钥只写进这张要打印的单子")
    )
    keys.add_argument("--forget-recovery", metavar="KEY", default="", help=_("停用一把恢复公钥"))
    keys.add_argument("--revoke", metavar="PEER", default="", help=_("吊销一台席位，不再收它的记录"))
    keys.add_argument("--restore", metavar="PEER", default="", help=_("恢复吊销的席位"))
    mark = sub("mark", N_("在介质上写编号标记，拿回来时认得"))
    mark.add_argument("--medium", metavar="LABEL", required=True, help=_("登记过的介质编号"))
    mark.add_argument("--out", metavar="DIR", required=True, help=_("介质所在的文件夹"))
    held = sub("held", N_("收件箱里等着的数据包"))
    held.add_argument("--drop", metavar="SHA256", default="", help=_("不要哪一个（校验值开头 8 位以上）"))


def run(desk: Desk, args: argparse.Namespace) -> int:
    """Do what `args.what` says; 1 where a person must look at something."""
    do = {"export": _export, "import": _import, "check": _check, "keys": _keys, "mark": _mark, "held": _held}
    return do[args.what](desk, args)


def _progress(args: argparse.Namespace) -> Any:
    watched = not args.json and sys.stderr is not None and sys.stderr.isatty()
    return _watched if watched else _quiet


def _quiet(stage: str, done: int, whole: int) -> None:
    """Nobody watches."""


def _watched(stage: str, done: int, whole: int) -> None:
    sys.stderr.write(f"\r{stage} {done}/{whole} ")
    sys.stderr.flush()


def _export(desk: Desk, args: argparse.Namespace) -> int:
    since: int | str = bundleout.ALL if args.all else str(args.since)
    if since and since not in (bundleout.ALL, bundleout.SINCE_LAST):
        try:
            since = parse_iso(str(since))
        except ValueError:
            raise Refused(
                Problem(_("应为时间（如 2026-06-18 08:00）或 last：{text}").format(text=args.since), "--since")
            ) from None
    medium: bytes | None = None
    if args.medium:
        medium = media.by_label(desk, str(args.medium))
    made = service.export(
        desk,
        Path(args.out),
        str(args.to),
        since=since,
        medium=medium,
        reason=str(args.reason),
        progress=_progress(args),
    )
    if args.json:
        told = [
            {
                "file": str(one.file), "number": one.number, "acts": one.acts, "files": one.files, "size": one.size,
                "personal": one.personal, "sha256": one.sha256, "ranges": one.ranges,
            }
            for one in made.written
        ]  # fmt: skip
        answer({"to": made.to, "written": told, "notes": made.notes})
    for one in () if args.json else made.written:
        say(_("{file}：{acts} 条记录，{files} 个附件").format(file=one.file, acts=one.acts, files=one.files))
    for note in made.notes:
        warn(note)
    return 0


def _import(desk: Desk, args: argparse.Namespace) -> int:
    files = service.bundles_in([Path(file) for file in args.files])
    found = service.take(
        desk,
        files,
        fingerprint=str(args.accept),
        deletes=bool(args.allow_deletes),
        identity=bundlekeys.read_identity(service.content(Path(args.identity))) if args.identity else "",
        progress=_progress(args),
    )
    if args.json:
        answer([one.json() for one in found])
    for one in found:
        _tell(one, quiet=bool(args.json))
    if not found and not args.json:
        waiting = len(service.held(desk))
        say(
            _("没有可收入的，{count} 个还在等：dutydesk bundle held").format(count=waiting)
            if waiting
            else _("没有可收入的")
        )
    return 0 if all(one.ok for one in found) else 1


def _tell(one: Taken, *, quiet: bool) -> None:
    line = f"{one.name}: {service.summary(one)}"
    if not one.ok:
        warn(line)
    elif not quiet:
        say(line)
    for note in one.notes:
        warn(f"{one.name}: {note}")


def _check(desk: Desk, args: argparse.Namespace) -> int:
    found = service.check(desk, [Path(file) for file in args.files])
    if args.json:
        answer([{"file": one.file, "ok": one.ok, "said": one.said} for one in found])
    for one in () if args.json else found:
        (say if one.ok else warn)(f"{one.file}: {one.said}")
    return 0 if all(one.ok for one in found) else 1


def _mark(desk: Desk, args: argparse.Namespace) -> int:
    medium = media.by_label(desk, str(args.medium))
    media.mark_medium(desk, medium, Path(args.out))
    if args.json:
        answer({"medium": str(args.medium), "file": str(Path(args.out) / media.MARK)})
    else:
        say(_("{label} 的标记已写到 {folder}").format(label=args.medium, folder=args.out))
    return 0


def _new_recovery(desk: Desk, file: Path, *, quiet: bool) -> None:
    """The sheet first, the key after it: what cannot be printed must not be encrypted for."""
    from dutydesk.transit import report  # what prints is loaded by nobody who does not print

    secret = service.new_recovery(desk)
    try:
        stick.write(file, report.key_sheet(desk, secret), 0o600)
    except OSError as error:
        raise Unavailable(_("写不了文件：{error}").format(error=stick.why(error))) from None
    service.keep_recovery(desk, secret, secret[-service.LAST :])
    if not quiet:
        warn(_("{file} 里是私钥：打印、密封、锁进保险柜，然后删掉这个文件").format(file=file))


def _keys(desk: Desk, args: argparse.Namespace) -> int:
    bundleout.refuse_play(desk.store)
    if args.add:
        card = service.add_key(desk, _content(str(args.add)), str(args.name))
        if not args.json:
            say(_("已加入 {name}，指纹 {print}，请与对方核对").format(name=card.called, print=card.fingerprint))
    if args.recovery:
        service.add_recovery(desk, str(args.recovery))
    if args.new_recovery:
        _new_recovery(desk, Path(args.new_recovery), quiet=bool(args.json))
    if args.forget_recovery:
        service.forget_recovery(desk, str(args.forget_recovery))
    for key, out in ((args.revoke, True), (args.restore, False)):
        if key:
            service.shut_out(desk, str(key), out=out)
    own = bundlekeys.own_card(desk.store)
    if args.card:
        service.write_card(desk, Path(args.card))
        if not args.json:
            say(_("公钥卡已写到 {path}，交给对方，并打电话核对指纹").format(path=args.card))
    listed = service.receivers(desk)
    recovery = bundlekeys.recovery(desk.store)
    if args.json:
        peers = [
            {"key": one.key, "name": one.name, "fingerprint": one.fingerprint, "revoked": one.revoked} for one in listed
        ]
        told = {"desk": own.desk.hex(), "recipient": own.recipient, "fingerprint": own.fingerprint}
        answer({**told, "recovery": list(recovery), "peers": peers})
        return 0
    say(_("本机公钥 {key}").format(key=own.recipient))
    say(_("本机指纹 {print}").format(print=own.fingerprint))
    for one in listed:
        say("\t".join((one.name, one.fingerprint, _("已吊销") if one.revoked else "")).rstrip())
    for key in recovery:
        say(_("恢复公钥 {key}").format(key=key))
    return 0


def _content(text: str) -> bytes:
    """What a file holds, or the text itself where it is a key or a card."""
    if text.startswith(("age1", "{")):
        return text.encode()
    return service.content(Path(text))


def _held(desk: Desk, args: argparse.Namespace) -> int:
    listed = service.held(desk)
    if args.drop:
        hits = [one for one in listed if len(args.drop) >= 8 and one.sha256.startswith(str(args.drop).lower())]
        if len(hits) != 1:
            raise Refused(Problem(_("收件箱里没有这个数据包"), "--drop"))
        service.drop(desk, hits[0])
        listed = service.held(desk)
    if args.json:
        answer(
            [
                {"sha256": one.sha256, "file": one.name, "from": one.sender, "state": one.state, "reason": one.reason}
                for one in listed
            ]
        )
        return 0
    for one in listed:
        say("\t".join((one.sha256[:8], one.name, one.sender, one.reason)))
    if not listed:
        say(_("没有等着处理的数据包"))
    return 0
