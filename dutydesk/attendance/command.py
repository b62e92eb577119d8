"""The command line of attendance: `sign-in`, `spot-checks stats`, `duties due|tick|offers|adopt`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from dutydesk.attendance import checks, service
from dutydesk.attendance import duties as plan
from dutydesk.attendance.rules import Stats
from dutydesk.core.clock import iso
from dutydesk.core.console import answer, say
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _, pick

if TYPE_CHECKING:
    from dutydesk.attendance.duties import Item
    from dutydesk.journal.desk import Desk


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help=_("输出 JSON"))


# -- signing -----------------------------------------------------------------------------------------------------------


def configure_sign(parser: argparse.ArgumentParser) -> None:
    """`sign-in NAME [--shift DATE/CODE] [--out | --at-home] [--note TEXT] [--json]`"""
    parser.add_argument("person", metavar="NAME", help=_("通讯录里的姓名"))
    parser.add_argument("--shift", metavar="DATE[/CODE]", default="", help=_("哪一班，缺省自己认"))
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--out", action="store_true", help=_("签退"))
    way.add_argument("--at-home", action="store_true", help=_("在家值守"))
    parser.add_argument("--note", metavar="TEXT", default="", help=_("说明，如增援、提前离开的原因"))
    _json(parser)


def sign_in(desk: Desk, args: argparse.Namespace) -> int:
    """Sign someone in or out now. Where accounts are in force their PIN is asked for."""
    try:
        person = desk.resolve("people", args.person)
    except ValueError as error:
        raise Refused(Problem(str(error), "NAME")) from None
    what = "OUT" if args.out else "HOME" if args.at_home else "IN"
    if len(desk.me.id) != 32:
        desk.me.id, desk.me.name = person.hex(), desk.title("people", person)  # who signs is who types
    row = service.sign(desk, person, what, shift=args.shift, note=args.note, pin=_pin(desk, person))
    told: dict[str, Any] = {
        "person": person.hex(),
        "name": args.person,
        "shift": row.text("shift"),
        "post": row.text("post"),
        "sign": what,
        "at": iso(row.number("at")),
        "late_min": row.number("late_min"),
        "overtime_min": row.number("overtime_min"),
    }
    if args.json:
        answer(told)
        return 0
    text = f"{args.person} {service.sign_label(what)} {told['shift']}"
    if told["late_min"]:
        text += " " + _("迟到 {minutes} 分钟").format(minutes=told["late_min"])
    if told["overtime_min"]:
        text += " " + _("延班 {minutes} 分钟").format(minutes=told["overtime_min"])
    say(text)
    return 0


def _pin(desk: Desk, person: bytes) -> str | None:
    """The PIN of someone who signs at another's command line; whoever types is asked by the journal itself."""
    if desk.me.id == person.hex() or not service.asks_pin(desk):
        return None
    from dutydesk.accounts.asking import pin_of

    return pin_of("", _("{name}的口令：").format(name=desk.title("people", person)), "--by")


# -- spot checks -------------------------------------------------------------------------------------------------------


def configure_checks(parser: argparse.ArgumentParser) -> None:
    """`spot-checks stats --month YYYY-MM [--json]`"""
    parser.add_argument("action", metavar="stats", choices=("stats",), help=_("stats 月统计"))
    parser.add_argument("--month", metavar="YYYY-MM", help=_("哪个月，缺省本月"))
    _json(parser)


def spot_checks(desk: Desk, args: argparse.Namespace) -> int:
    """Print the month's statistics: the whole, then unit by unit."""
    found = checks.month(desk, args.month or checks.month_of(desk.clock.now()))
    if args.json:
        units = [{"unit": name, **_figures(each)} for _unit, name, each in found.units]
        answer({"month": found.month, **_figures(found.whole), "units": units})
        return 0
    heads = (_("单位"), _("抽查"), _("应答"), _("应答率"), _("在岗"), _("在岗率"), _("平均秒"), _("九成秒"), _("超时"))
    say("\t".join(heads))
    for _unit, name, each in found.units:
        say("\t".join((name, *checks.cells(each))))
    say("\t".join((_("合计"), *checks.cells(found.whole))))
    return 0


def _figures(found: Stats) -> dict[str, int | None]:
    return {
        "checks": found.checks,
        "answered": found.answered,
        "in_post": found.in_post,
        "mean_seconds": found.mean,
        "p90_seconds": found.p90,
        "slow": found.slow,
    }


# -- recurring duties --------------------------------------------------------------------------------------------------


def configure_duties(parser: argparse.ArgumentParser) -> None:
    """`duties due [--json]`, `duties tick NAME [--note TEXT] [--not-done]`, `duties offers [--json]`,
    `duties adopt CODE`"""
    actions = ("due", "tick", "offers", "adopt")
    told = _("due 该办什么；tick 办结一项；offers 常用项；adopt 选用一项")
    parser.add_argument("action", metavar="due|tick|offers|adopt", choices=actions, help=told)
    parser.add_argument("name", metavar="NAME", nargs="?", default="", help=_("事项名称，adopt 为代码"))
    parser.add_argument("--not-done", action="store_true", help=_("没有办，--note 写原因"))
    parser.add_argument("--note", metavar="TEXT", default="", help=_("备注"))
    _json(parser)


def duties(desk: Desk, args: argparse.Namespace) -> int:
    """What is due, ticking it, and what is usual."""
    if args.action in ("tick", "adopt") and not args.name:
        raise Refused(Problem(_("必填"), "NAME"))
    match args.action:
        case "tick":
            receipt = plan.tick(desk, plan.find(desk, args.name), note=args.note, done=not args.not_done)
            values = receipt.changes[0].values
            due_at, late = values["due_at"], values.get("late_min")
            assert isinstance(due_at, int)
            told = {"duty": args.name, "due_at": iso(due_at), "late_min": late, "not_done": args.not_done}
            answer(told) if args.json else say(_("{name} 已办结").format(name=args.name))
        case "adopt":
            made = plan.adopt(desk, [args.name])
            answer([row.hex() for row in made]) if args.json else say(desk.title("duties", made[0]))
        case "offers":
            found = plan.offers(desk)
            if args.json:
                answer([{"code": row["code"], "name": pick(dict(row))} for row in found])
            else:
                for row in found:
                    say(f"{row['code']}\t{plan.offer_text(row)}")
        case _:
            items = plan.due_list(desk)
            if args.json:
                answer([_item(item) for item in items])
            else:
                for item in items:
                    state = _(plan.STATES[item.state])
                    say("\t".join((iso(item.due.at)[:16].replace("T", " "), item.duty.text("name"), state)))
    return 0


def _item(item: Item) -> dict[str, Any]:
    tick = item.tick or {}
    done_at = tick.get("done_at")
    return {
        "duty": item.duty.text("name"),
        "due_at": iso(item.due.at),
        "state": item.state.value,
        "done_at": iso(done_at) if isinstance(done_at, int) else None,
        "late_min": tick.get("late_min"),
        "by": tick.get("by"),
        "note": tick.get("note"),
    }
