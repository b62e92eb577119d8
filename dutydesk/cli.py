"""Everything that needs no display: the parser, and the commands that open a desk or work on its folder.

The commands of ledgers stand in `exchange.commands`, those of features in their `Feature.commands`. Qt is never loaded
here, and nothing of SQLAlchemy before the command is known: the window starts through the same parser.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from dutydesk import __version__
from dutydesk.core import i18n
from dutydesk.core import log as logs
from dutydesk.core.console import answer, complain, refusal, say, warn
from dutydesk.core.errors import DutyDeskError, Problem, Refused
from dutydesk.core.i18n import N_, _
from dutydesk.core.paths import Home, default_home

if TYPE_CHECKING:
    from dutydesk.admin.upkeep import Place
    from dutydesk.journal.desk import Desk, Me
    from dutydesk.ledger.feature import Command

log = logging.getLogger("dutydesk.crash")
TAKES_VALUE = ("--home", "--by", "--pin-file", "--lang", "--view", "--hub", "--ca")
WITH_DISPLAY = ("", "demo", "self-test")
"""Commands that `app` answers."""
USAGE = (
    (r"the following arguments are required: (.+)", N_("缺少：{0}")),
    (r"unrecognized arguments: (.+)", N_("不认识：{0}")),
    (r"argument .+: invalid choice: '(.*)' \(choose from (.+)\)", N_("不认识：{0}，可用：{1}")),
    (r"argument (.+): invalid .+ value: '(.*)'", N_("{0} 应为不小于 0 的整数：{1}")),
    (r"argument (.+): expected .+", N_("{0} 后面缺少值")),
)
"""What argparse says of a wrong usage, and what we say of it."""


# -- the parser --------------------------------------------------------------------------------------------------------


class _Format(argparse.HelpFormatter):
    """Help in the language in use."""

    def start_section(self, heading: str | None) -> None:
        titles = {"positional arguments": _("参数"), "options": _("选项")}
        super().start_section(titles.get(heading or "", heading))

    def add_usage(self, usage: object, actions: object, groups: object, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, _("用法：") if prefix is None else prefix)  # pyright: ignore[reportArgumentType]


class _Parser(argparse.ArgumentParser):
    def __init__(self, **named: object) -> None:
        named.setdefault("formatter_class", _Format)
        super().__init__(add_help=False, allow_abbrev=False, **named)  # pyright: ignore[reportArgumentType]
        self.add_argument("-h", "--help", action="help", help=_("显示用法"))

    def error(self, message: str) -> NoReturn:
        for english, ours in USAGE:
            found = re.search(english, message)
            if found:
                message = _(ours).format(*found.groups())
                break
        warn(self.format_usage().rstrip())
        warn(_("用法有误：{message}").format(message=message))
        raise SystemExit(2)


def build(features: Sequence[Command] = ()) -> argparse.ArgumentParser:
    """The parser of the whole command line; `features` are the commands that features declare. Without them it is the
    parser of what needs no desk or opens the window, which must not wait for the rest."""
    parser = _Parser(prog="dutydesk", description=_("区县应急值班台。不带命令时打开窗口。"))
    parser.add_argument("--version", action="version", version=f"dutydesk {__version__}", help=_("显示版本"))
    _common(parser, inside=False)
    parser.add_argument(
        "--view", metavar="NAME", nargs="?", const="", default="", help=_("打开窗口并显示哪一栏；与 --hub 一起是只读")
    )
    parser.add_argument("--hub", metavar="URL", default="", help=_("不开本机的值班台，只读地看中心库"))
    parser.add_argument("--ca", metavar="FILE", default="", help=_("中心库证书的签发者（PEM）"))
    commands = parser.add_subparsers(dest="command", metavar=_("命令"), title=_("命令"))

    def sub(name: str, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=_(text), description=_(text))
        _common(made, inside=True)
        return made

    init = sub("init", _("新建本机的值班数据"))
    init.add_argument("--sample", action="store_true", help=_("示例：虚构的区和一个值班夜"))
    init.add_argument("--at", metavar="T", help=_("示例的夜到何时为止，缺省为现在"))
    init.add_argument("--drill", action="store_true", help=_("演练用，编号和水印另起"))
    init.add_argument("--from", dest="source", metavar="DIR", help=_("演练沿用哪个文件夹的名册与台账"))
    for name, text in (("district", _("行政区划代码")), ("name", _("区县或席位名称")), ("unit", _("单位名称"))):
        init.add_argument(f"--{name}", metavar="TEXT" if name != "district" else "CODE", help=text)
    init.add_argument("--code", metavar="C", help=_("本机代号，一区有两台以上时写进编号"))
    demo = sub("demo", _("演示：用键盘鼠标走完示例夜"))
    demo.add_argument("--out", metavar="DIR", default="demo", help=_("结果放哪里"))
    sub("self-test", _("检查安装是否完整"))
    for name, text in (
        ("verify", _("核对记录是否完好")),
        ("rebuild", _("从记录重建全部台账")),
        ("snapshot", _("做一份核对过的备份")),
        ("doctor", _("检查环境")),
    ):
        made = sub(name, text)
        made.add_argument("--json", action="store_true", help=_("输出 JSON"))
        if name == "verify":
            made.add_argument("--sheet", metavar="TEXT", help=_("交接班表二维码里的文字：这张表与本机记录是否一致"))
        if name == "snapshot":
            made.add_argument("--full", action="store_true", help=_("从头核对整条记录，平时每周一次"))
            made.add_argument("--drill", action="store_true", help=_("接着做恢复演练：在旁边恢复一遍，核对后删掉"))
            made.add_argument("--new-key", metavar="FILE", help=_("生成加密第二备份的密钥，私钥写进这个文件"))
            made.add_argument("--paper", metavar="FILE.pdf", help=_("与 --new-key 一起：把恢复密钥印成一张纸，封存"))
            made.add_argument("--new-place", action="store_true", help=_("第二备份换了盘：认现在插着的这个"))
            made.add_argument("--timer", action="store_true", help=_("供定时任务：窗口没开着又到了时候才做"))
    restore = sub("restore", _("恢复到一份备份"))
    restore.add_argument("file", metavar="FILE", help=_("备份文件，或放备份的文件夹、地址（取最新的一份）"))
    restore.add_argument(
        "--last", metavar="LEDGER=N", action="append", default=[], help=_("纸上最后一个编号，如 log=512，可多次")
    )
    restore.add_argument("--identity", metavar="FILE", help=_("打开加密备份（.age）的密钥文件；写 - 就照纸输入"))
    restore.add_argument("--password-file", metavar="FILE", default="", help=_("取备份的地址要的口令放在哪个文件"))
    restore.add_argument("--json", action="store_true", help=_("输出 JSON"))
    salvage = sub("salvage", _("数据库坏了：逐条读出还能读的，放进新文件夹"))
    salvage.add_argument("--out", metavar="DIR", required=True, help=_("放进哪个新文件夹"))
    salvage.add_argument("--last", metavar="LEDGER=N", action="append", default=[], help=_("纸上最后一个编号"))
    salvage.add_argument("--json", action="store_true", help=_("输出 JSON"))
    adopt = sub("adopt", _("文件夹来自另一台电脑：说明是搬迁还是复制"))
    how = adopt.add_mutually_exclusive_group(required=True)
    how.add_argument("--renamed", metavar="CODE", help=_("两台席位代号相同：本机改用这个代号"))
    how.add_argument("--moved", action="store_true", help=_("搬迁：旧电脑不再记，这台接着记"))
    how.add_argument("--copied", metavar="CODE", help=_("复制：旧电脑照常记，这台另起代号"))
    declared: Sequence[Command] = ()
    if features:
        from dutydesk.exchange.commands import COMMANDS
        from dutydesk.sync.commands import SYNC, configure_hub

        configure_hub(sub("hub", N_("中心库：建立、登记、吊销")))
        declared = (*COMMANDS, SYNC, *features)
    for command in declared:
        made = sub(command.name, command.help)
        command.configure(made)
        made.set_defaults(run=command.run)
    return parser


def _common(parser: argparse.ArgumentParser, *, inside: bool) -> None:
    """Options that may stand before or after the command."""
    unset = argparse.SUPPRESS if inside else ""
    parser.add_argument("--home", metavar="DIR", default=unset, help=_("值班数据的文件夹"))
    parser.add_argument("--by", metavar="NAME", default=unset, help=_("谁在操作，通讯录里的姓名"))
    parser.add_argument(
        "--pin-file", metavar="FILE", default=unset, help=_("启用账号后写入要口令：放在只有本人能读的文件里")
    )
    parser.add_argument("--lang", metavar="L", default=unset, help=_("语言：zh_CN 或 en"))


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments. Exits with 2 for a wrong usage, with 0 after help."""
    words = list(argv)
    language = next((words[at + 1] for at, word in enumerate(words[:-1]) if word == "--lang"), "")
    language = next((word.removeprefix("--lang=") for word in words if word.startswith("--lang=")), language)
    if language:
        i18n.use(language)
    features: Sequence[Command] = ()
    if _word(words) not in WITH_DISPLAY or {"-h", "--help"} & set(words):
        from dutydesk.features import FEATURES

        features = [command for feature in FEATURES for command in feature.commands]
    return build(features).parse_args(words)


def _word(words: Sequence[str]) -> str:
    """The command, empty when there is none."""
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = word in TAKES_VALUE
        else:
            return word
    return ""


# -- running -----------------------------------------------------------------------------------------------------------


def run(args: argparse.Namespace) -> int:
    """Do what the arguments ask and return the exit code; every error is told here, once."""
    home = home_of(args)
    logging_here = home.is_desk
    if logging_here:
        logs.start(home.logs)
    try:
        return _dispatch(args, home)
    except DutyDeskError as error:
        complain(error.problems)
        if getattr(args, "json", False):
            answer(refusal(error))
        return error.exit_code
    except BrokenPipeError:
        # Whoever read our output has seen enough; the interpreter must not complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        warn(_("已中断"))
        return 1
    except Exception:
        if not logging_here:
            logs.start(Path(tempfile.gettempdir()) / "dutydesk-logs")
            logging_here = True
        log.critical("uncaught", exc_info=True)
        warn(_("程序出错，已记录在 {place}").format(place=_log_place()))
        return 1
    finally:
        if logging_here:
            logs.stop()


def _log_place() -> str:
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.FileHandler):
            return handler.baseFilename
    return "-"


def home_of(args: argparse.Namespace) -> Home:
    """The desk's folder that was asked for, or the usual one."""
    return Home(Path(args.home).expanduser()) if args.home else default_home()


def _dispatch(args: argparse.Namespace, home: Home) -> int:
    from dutydesk.admin import upkeep
    from dutydesk.core.clock import SystemClock
    from dutydesk.core.deskkey import desk_key
    from dutydesk.exchange.reading import load
    from dutydesk.features import schema

    place = upkeep.Place(home, schema(), SystemClock(), desk_key())
    folder = {
        "verify": upkeep.verify,
        "rebuild": upkeep.rebuild,
        "snapshot": upkeep.snapshot,
        "restore": upkeep.restore,
        "salvage": upkeep.salvage,
        "adopt": upkeep.adopt,
        "doctor": upkeep.doctor,
    }
    if args.command == "init":
        return init(args, place)
    if args.command == "verify" and args.sheet:
        return verify_sheet(args, place)
    if args.command in folder:
        return folder[args.command](place, args)
    if args.command == "hub":
        from dutydesk.sync.commands import hub

        return hub(place.home, place.schema, place.clock, place.key, args)
    desk = _open(args, place)
    try:
        code: int = load(args.run)(desk, args)
        sys.stdout.flush()
        return code
    finally:
        desk.store.close()


def _open(args: argparse.Namespace, place: Place) -> Desk:
    """The desk, with whoever `--by` names at it, who is asked for the PIN before the first act; an import that was cut off is finished first."""
    from dutydesk.accounts.asking import Asking
    from dutydesk.features import open_desk
    from dutydesk.journal import batches

    desk = open_desk(place.home, place.clock, key=place.key)
    try:
        for note in desk.store.notes:
            warn(note)
        if desk.store.upgraded is not None:
            from dutydesk.sync.snapshots import send_upgraded

            if late := send_upgraded(desk.store):
                warn(late)
        with desk.store.read() as connection:
            cut_off = connection.exec_driver_sql("SELECT 1 FROM local_batch LIMIT 1").first() is not None
        if cut_off and not desk.store.shared():
            batches.resume(desk.store)
        desk = replace(desk, me=_author(desk, args.by)) if args.by else desk
        desk.store.guard = Asking(desk, args.pin_file)
        return desk
    except BaseException:
        desk.store.close()
        raise


def _author(desk: Desk, name: str) -> Me:
    from dutydesk.accounts.asking import person
    from dutydesk.journal.desk import Me

    try:
        row = person(desk, name)
    except ValueError as error:
        raise Refused(Problem(str(error), "--by")) from None
    return Me(row.hex(), name)


def verify_sheet(args: argparse.Namespace, place: Place) -> int:
    """Whether a hand-over sheet was printed from this record; the line is that of its QR symbol."""
    from dutydesk.admin import upkeep
    from dutydesk.shifts import seals, sheet

    paper = sheet.read(args.sheet)

    def agrees() -> tuple[str, str, int]:
        desk = _open(args, place)
        try:
            with desk.store.read() as connection:
                told = seals.check(connection, paper)
                seen = sheet.confirmed(connection, paper) if told.sheet == "same" else None
                return told.sheet, told.seal, seen or 0
        finally:
            desk.store.close()

    return upkeep.verify(place, args, agrees)


def init(args: argparse.Namespace, place: Place) -> int:
    """A new desk: empty, the sample district, or a drill with another desk's lists."""
    from dutydesk.admin import upkeep

    if args.sample and args.drill:
        raise Refused(Problem(_("示例和演练不能同时选"), "--drill"))
    if bool(args.source) and not args.drill:
        raise Refused(Problem(_("--from 只用于演练"), "--from"))
    if args.at and not args.sample:
        raise Refused(Problem(_("--at 只用于示例"), "--at"))
    if args.sample:
        _sample(args, place)
    elif args.source:
        _drill(args, place)
    else:
        upkeep.make_empty(place, upkeep.config_of(place, args))
    say(str(place.home.root))
    return 0


def _sample(args: argparse.Namespace, place: Place) -> None:
    from dutydesk.core.clock import parse_iso
    from dutydesk.sample import DISTRICT, make_sample

    try:
        at = parse_iso(args.at) if args.at else None
    except ValueError:
        raise Refused(Problem(_("应为时间，如 2026-06-18 14:30：{text}").format(text=args.at), "--at")) from None
    given = {name: str(getattr(args, name) or "") for name in ("name", "unit", "code")}
    if args.district and args.district != DISTRICT:
        raise Refused(Problem(_("示例只有 {code} 一个区").format(code=DISTRICT), "--district"))
    make_sample(place.home, place.clock, at, key=place.key, given={name: text for name, text in given.items() if text})


def _drill(args: argparse.Namespace, place: Place) -> None:
    from dutydesk.admin import drill, upkeep
    from dutydesk.journal.store import Store

    source = Home(Path(args.source).expanduser())
    config = upkeep.config_of(place, args)
    with Store.open(source, place.schema, place.clock, key=place.key) as real:
        config = replace(
            config,
            district=config.district or real.config.district,
            name=config.name or real.config.name,
            unit=config.unit or real.config.unit,
            shift_pattern=real.config.shift_pattern,
        )
        with Store.create(place.home, place.schema, place.clock, config, key=place.key) as store:
            drill.copy_lists(real, store)
