"""What accounts hand to the program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dutydesk.accounts.ledger import ACCOUNTS
from dutydesk.accounts.model import ACCOUNT_TABLE
from dutydesk.core.i18n import N_, _
from dutydesk.ledger.feature import Command, Feature, OpenItem

if TYPE_CHECKING:
    import argparse

    from sqlalchemy import Connection

ROLE_CODES = ("OFFICER", "LEADER", "ADMIN", "AUDITOR", "VIEWER")


def open_items(read: Connection, now: int) -> Sequence[OpenItem]:
    """Who stands the running shift without account or PIN, and accounts that are locked."""
    from dutydesk.accounts import guard

    if not guard.enforced(read):
        return ()
    from dutydesk.accounts import standing

    return standing.open_items(read, now)


def titles(ledger: str, values: Mapping[str, Any]) -> str:
    """`值班员`: whose it is stands in the column beside."""
    from dutydesk.core.reference import label

    return label("roles", "role", str(values.get("role") or ""))


def configure(parser: argparse.ArgumentParser) -> None:
    """`accounts list [--json]`, `add NAME ROLE`, `role NAME ROLE`, `off NAME`, `on NAME`,
    `enrol NAME [--new-pin-file FILE]`, `reset NAME --first NAME --second NAME […-pin-file FILE]`, `rescue` as `reset`"""
    what = parser.add_subparsers(dest="what", metavar="WHAT", required=True, help=_("做什么"))
    made: dict[str, argparse.ArgumentParser] = {}
    for name, text in (
        ("list", _("有哪些账号")),
        ("add", _("开账号")),
        ("role", _("改角色")),
        ("off", _("停用账号")),
        ("on", _("恢复账号")),
        ("enrol", _("在这台工作站设置口令")),
        ("reset", _("忘记口令，由两个别的人重设")),
        ("rescue", _("没有管理员了，由两个人恢复一个")),
    ):
        made[name] = what.add_parser(name, help=text, description=text)
        made[name].add_argument("--json", action="store_true", help=_("输出 JSON"))
        if name != "list":
            made[name].add_argument("name", metavar="NAME", help=_("通讯录里的姓名"))
    for name in ("add", "role"):
        made[name].add_argument("role", metavar="ROLE", choices=ROLE_CODES, help=_("角色：") + " ".join(ROLE_CODES))
    file = _("口令放在只有本人能读的文件里，不在终端输入")
    for name in ("enrol", "reset", "rescue"):
        made[name].add_argument("--new-pin-file", metavar="FILE", default="", help=file)
    for name in ("reset", "rescue"):
        for option in ("--first", "--second"):
            told = _("见证的人，其中一人是带班领导或管理员")
            made[name].add_argument(option, metavar="NAME", required=True, help=told)
            made[name].add_argument(f"{option}-pin-file", metavar="FILE", default="", help=file)


ACCOUNT_FEATURE = Feature(
    name="accounts",
    title=N_("账号"),
    tables=((ACCOUNTS, ACCOUNT_TABLE),),
    commands=(Command("accounts", N_("账号：谁能在这里做什么"), configure, "dutydesk.accounts.command:run"),),
    adders={"accounts": "dutydesk.accounts.service:add_row"},
    services={"role_of": "dutydesk.accounts.service:role_of"},
    settings="dutydesk.accounts.service:known",
    pane="dutydesk.accounts.pane_account:AccountPane",
    key="Alt+\\",
    open_items=open_items,
    titles=titles,
)
