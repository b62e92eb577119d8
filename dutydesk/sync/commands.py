"""`dutydesk hub …` and `dutydesk sync`: the owner's part of a hub, and a desk's run, on the command line.

`hub init`, `hub desks`, `hub revoke`, `hub login`, `hub view` and `hub enrol --card` work without a desk; `hub card`,
`hub join`, `hub rejoin` and plain `hub enrol` are about the desk in the folder. A password is never an argument: libpq reads the owner's from its password file or from
`PGPASSWORD`, a desk's is made here and kept in `local_peer`.
"""

from __future__ import annotations

import argparse
import secrets
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dutydesk.core.clock import Clock
from dutydesk.core.console import answer, say, warn
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import N_, _
from dutydesk.core.ids import new_id
from dutydesk.core.paths import Home
from dutydesk.journal.schema import Schema
from dutydesk.journal.store import Store
from dutydesk.ledger.feature import Command
from dutydesk.sync import joining, projectcommands

if TYPE_CHECKING:
    from dutydesk.journal.desk import Desk
    from dutydesk.sync.keys import Card


def configure_hub(parser: argparse.ArgumentParser) -> None:
    """The arguments of `dutydesk hub`."""
    actions = parser.add_subparsers(dest="action", metavar=_("动作"), required=True)

    def sub(name: str, text: str, *, url: bool = True) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=_(text), description=_(text))
        if url:
            made.add_argument("url", metavar="URL", help=_("中心库地址，如 postgresql://管理员@主机/库名"))
            made.add_argument("--ca", metavar="FILE", default="", help=_("中心库证书的签发者（PEM）"))
        made.add_argument("--json", action="store_true", help=_("输出 JSON"))
        return made

    init = sub("init", N_("建立或升级中心库"))
    init.add_argument("--restored", action="store_true", help=_("中心库刚从备份恢复"))
    enrol = sub("enrol", N_("把一台席位登记到中心库"))
    enrol.add_argument("--card", metavar="FILE", help=_("席位登记卡；不写就登记本机"))
    enrol.add_argument("--login", metavar="NAME", default="", help=_("登录名，缺省按代号起"))
    enrol.add_argument("--out", metavar="FILE", help=_("把地址和口令写进哪个文件，交给席位"))
    revoke = sub("revoke", N_("吊销一台席位"))
    revoke.add_argument("desk", metavar="DESK", help=_("席位代号，或席位编号的前 8 位以上"))
    revoke.add_argument("--reason", metavar="TEXT", default="", help=_("原因"))
    sub("desks", N_("列出登记的席位"))
    login = sub("login", N_("给上级值班室一个只读登录"))
    login.add_argument("login", metavar="NAME", help=_("登录名"))
    login.add_argument("--out", metavar="FILE", required=True, help=_("把地址和口令写进哪个文件，交给对方"))
    login.add_argument("--projector", action="store_true", help=_("给做台账表的定时任务（hub project）用"))
    projectcommands.configure(sub)
    view = sub("view", N_("把中心库取到本机，只看"), url=False)
    view.add_argument("url", metavar="URL", nargs="?", default="", help=_("中心库的只读地址；不写就刷新 --home 里的"))
    view.add_argument("--ca", metavar="FILE", default="", help=_("中心库证书的签发者（PEM）"))
    sub("rejoin", N_("分叉以后，把本机那一份并回共同的记录"), url=False)
    card = sub("card", N_("写出本机的席位登记卡"), url=False)
    card.add_argument("file", metavar="FILE", help=_("写到哪里"))
    join = sub("join", N_("把管理员给的地址和口令存进本机"), url=False)
    join.add_argument("file", metavar="FILE", help=_("管理员给的文件"))
    join.add_argument("--ca", metavar="FILE", default="", help=_("中心库证书的签发者（PEM）"))


def configure_sync(parser: argparse.ArgumentParser) -> None:
    """The arguments of `dutydesk sync`."""
    parser.add_argument("--hub", metavar="URL", default="", help=_("中心库地址，缺省为 desk.toml 里的"))
    parser.add_argument("--deep", action="store_true", help=_("同步后再与其他席位核对台账"))
    parser.add_argument("--timer", action="store_true", help=_("供定时任务：到了该同步的时候才同步"))
    parser.add_argument("--json", action="store_true", help=_("输出 JSON"))


SYNC = Command("sync", N_("与中心库同步"), configure_sync, "dutydesk.sync.commands:sync")


# -- sync ----------------------------------------------------------------------------------------------------------------


def sync(desk: Desk, args: argparse.Namespace) -> int:
    """One run; 1 when a person must look at something. With `--timer` only when the schedule asks for one."""
    from dutydesk.sync import planning, protocol

    if args.timer:
        reason = planning.keep(desk)
        if not reason:
            if args.json:
                answer({"due": False})
            return 0
        report = planning.go(desk, reason, deep=bool(args.deep))
    else:
        watch = _progress if _watched(args) else _quiet
        report = protocol.run(desk, str(args.hub), deep=bool(args.deep), progress=watch)
    if args.json:
        answer(report.json())
    else:
        say(
            _("上传 {pushed}，收到 {pulled}，待传 {waiting}").format(
                pushed=report.pushed, pulled=report.pulled, waiting=report.waiting
            )
        )
    for line in report.lines():
        warn(line)
    return 0 if report.ok else 1


def _watched(args: argparse.Namespace) -> bool:
    return not args.json and sys.stderr is not None and sys.stderr.isatty()


def _quiet(stage: str, done: int, whole: int) -> None:
    """Nobody watches."""


def _progress(stage: str, done: int, whole: int) -> None:
    sys.stderr.write(f"\r{stage} {done}/{whole} ")
    sys.stderr.flush()


# -- hub -----------------------------------------------------------------------------------------------------------------


def hub(home: Home, schema: Schema, clock: Clock, key: bytes | None, args: argparse.Namespace) -> int:
    """`dutydesk hub ACTION`."""
    if args.action == "card":
        with Store.open(home, schema, clock, key=key) as store:
            return _card(store, args)
    if args.action == "join":
        with Store.open(home, schema, clock, key=key) as store:
            return _join(store, args)
    if args.action == "rejoin":
        from dutydesk.sync.rejoin import rejoin

        made = rejoin(home, schema, clock, key=key)
        if args.json:
            answer({"again": made.again, "aside": made.aside, "numbers": [list(pair) for pair in made.numbers]})
        for line in () if args.json else made.lines():
            say(line)
        return 0
    if args.action == "enrol" and not args.card:
        with Store.open(home, schema, clock, key=key) as store:
            return _enrol_here(store, args)
    if args.action == "enrol":
        return _enrol_card(args)
    if args.action == "login":
        return _login(args)
    if args.action == "view":
        return _view(home, schema, clock, key, args)
    if args.action == "project":
        return projectcommands.project(schema, clock, args, _progress if _watched(args) else _quiet)
    from dutydesk.sync.hub import Hub

    with closing(Hub.connect(str(args.url), ca=str(args.ca))) as connection:
        if args.action == "init":
            fresh = connection.init(new_id(clock.now()), restored=bool(args.restored))
            told = connection.hello()
            ledgers = projectcommands.prepare(str(args.url), str(args.ca), schema)
            if args.json:
                answer({"hub": told.hub.hex(), "incarnation": told.incarnation, "applied": fresh, "ledgers": ledgers})
            else:
                say(_("中心库已建好") if fresh or any(ledgers.values()) else _("中心库已是最新"))
            return 0
        if args.action == "revoke":
            return _revoke(connection, args)
        return _desks(connection, args)


def _revoke(connection: Any, args: argparse.Namespace) -> int:
    wanted = str(args.desk)
    found = [
        row
        for row in connection.desks()
        if wanted in (row[1], row[3]) or (len(wanted) >= 8 and row[0].hex().startswith(wanted))
    ]
    if len(found) != 1:
        reason = _("中心库里没有这台席位：{desk}") if not found else _("不止一台席位叫 {desk}，请写编号")
        raise Refused(Problem(reason.format(desk=wanted), "DESK"))
    changed = connection.revoke(found[0][0], str(args.reason))
    if args.json:
        answer({"desk": found[0][0].hex(), "revoked": changed})
    else:
        say(_("已吊销") if changed else _("早已吊销"))
    return 0


def _desks(connection: Any, args: argparse.Namespace) -> int:
    rows = connection.desks()
    if args.json:
        names = ("desk", "code", "district", "name", "revoked")
        answer([dict(zip(names, (row[0].hex(), *row[1:]), strict=True)) for row in rows])
    for desk, code, district, name, revoked in () if args.json else rows:
        say("\t".join((desk.hex()[:8], district, code, name, _("已吊销") if revoked else "")))
    return 0


def _card(store: Store, args: argparse.Namespace) -> int:
    joining.write_card(store, Path(args.file))
    if args.json:
        answer({"file": str(args.file), "desk": store.config.desk})
    else:
        say(str(args.file))
    return 0


def _enrol_here(store: Store, args: argparse.Namespace) -> int:
    """The owner sits at this desk: enter it, and keep its login here."""
    from dutydesk.sync import keys, protocol

    protocol.refuse_play(store)
    login, password = _enrol(keys.card_of(store), args)
    joining.keep(store, str(args.url), login, password, str(args.ca))
    if args.json:
        answer({"desk": store.config.desk, "login": login, "hub": store.config.hub})
    else:
        say(_("本机已登记，登录名 {login}").format(login=login))
    return 0


def _enrol_card(args: argparse.Namespace) -> int:
    """The owner has a desk's card: enter it, and write down what the desk needs."""
    from dutydesk.sync import keys

    if not args.out:
        raise Refused(Problem(_("用登记卡登记时要写 --out，口令只写进这个文件"), "--out"))
    try:
        data = Path(args.card).read_bytes()
    except OSError as error:
        raise Refused(Problem(_("读不了文件：{error}").format(error=error.strerror or error), "--card")) from None
    card = keys.read_card(data)
    login, password = _enrol(card, args)
    out = Path(args.out)
    joining.write_secret(out, joining.address(str(args.url), login, str(args.ca)), password, str(args.ca))
    if args.json:
        answer({"desk": card.desk.hex(), "login": login, "file": str(out)})
    else:
        say(_("已登记，请把 {file} 当面交给席位，用后销毁").format(file=out))
    return 0


def _enrol(card: Card, args: argparse.Namespace) -> tuple[str, str]:
    from dutydesk.sync.hub import Hub

    login = str(args.login) or f"dutydesk_{card.desk.hex()[-12:]}"
    password = secrets.token_urlsafe(24)
    with closing(Hub.connect(str(args.url), ca=str(args.ca))) as connection:
        connection.hello()
        connection.enrol(card, login, password)
    return login, password


def _login(args: argparse.Namespace) -> int:
    """A login for people who only look, its password in a file."""
    from dutydesk.sync.view import ViewHub

    password, out = secrets.token_urlsafe(24), Path(args.out)
    if args.projector:
        projectcommands.give_login(str(args.url), str(args.ca), str(args.login), password)
    else:
        with closing(ViewHub.connect(str(args.url), ca=str(args.ca))) as connection:
            connection.hello()
            connection.give_login(str(args.login), password)
    joining.write_secret(out, joining.address(str(args.url), str(args.login), str(args.ca)), password)
    if args.json:
        answer({"login": str(args.login), "file": str(out)})
    else:
        told = (
            _("已建定时任务的登录，{file} 由运行它的用户保管")
            if args.projector
            else _("已建只读登录，请把 {file} 当面交给对方，用后销毁")
        )
        say(told.format(file=out))
    return 0


def _view(home: Home, schema: Schema, clock: Clock, key: bytes | None, args: argparse.Namespace) -> int:
    """Make the folder of a view, or bring it up to date."""
    from dutydesk.journal.view import ViewStore
    from dutydesk.sync import view

    if args.url:
        view.make(home, schema, clock, view.address(str(args.url)), ca=str(args.ca), key=key)
    with ViewStore.open(home, schema, clock, key=key) as store:
        report = view.refresh(store, progress=_progress if _watched(args) else _quiet)
    if args.json:
        answer(report.json())
    else:
        say(_("收到 {pulled}").format(pulled=report.pulled))
    for line in report.lines():
        warn(line)
    return 0 if report.ok else 1


def _join(store: Store, args: argparse.Namespace) -> int:
    """What the owner wrote down, kept at this desk."""
    joining.join(store, Path(args.file), str(args.ca))
    if args.json:
        answer({"hub": store.config.hub})
    else:
        say(store.config.hub)
    return 0
