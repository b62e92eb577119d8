"""`dutydesk roster …`: generate, publish, check, coverage, form, ics, on-call."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dutydesk.core.clock import iso, local, parse_iso
from dutydesk.core.console import answer, say, warn
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.files import write_whole
from dutydesk.core.i18n import _
from dutydesk.roster import rules

if TYPE_CHECKING:
    from dutydesk.journal.desk import Desk
    from dutydesk.roster.rows import Plan


def configure(parser: argparse.ArgumentParser) -> None:
    """The arguments of `roster`."""
    whats = parser.add_subparsers(dest="what", metavar=_("做什么"), required=True)
    for name, text in (
        ("generate", _("排一段时间的班")),
        ("publish", _("发布一段时间的值班表")),
        ("check", _("检查一段时间的值班表")),
        ("coverage", _("统计缺人的小时数")),
        ("form", _("写出空白或已填的值班表格")),
        ("ics", _("写出一个人的值班日历")),
    ):
        made = whats.add_parser(name, help=text, description=text)
        made.add_argument("--from", dest="start", metavar="D", required=True, help=_("第一天"))
        made.add_argument("--to", dest="end", metavar="D", required=True, help=_("最后一天"))
        if name in ("generate", "check", "coverage"):
            made.add_argument("--json", action="store_true", help=_("输出 JSON"))
        if name == "generate":
            made.add_argument("--fresh", action="store_true", help=_("不保留已排的人（已发布的除外）"))
            made.add_argument("--seed", type=int, default=0, metavar="N", help=_("换一种排法"))
            made.add_argument("--accept", action="store_true", help=_("写入值班表"))
        elif name == "publish":
            made.add_argument("--maker", metavar="NAME", required=True, help=_("制表人"))
            made.add_argument("--approver", metavar="NAME", required=True, help=_("审批人"))
            made.add_argument("--gaps", action="store_true", help=_("有空缺也发布"))
        elif name == "form":
            made.add_argument("--filled", action="store_true", help=_("带上已排的人"))
            made.add_argument("--out", metavar="FILE", required=True, help=_("写到哪个 .xlsx"))
        elif name == "ics":
            made.add_argument("--person", metavar="NAME", required=True, help=_("谁"))
            made.add_argument("--out", metavar="FILE", required=True, help=_("写到哪个 .ics"))
    text = _("列出备班、专家和能调用的队伍")
    made = whats.add_parser("on-call", help=text, description=text)
    made.add_argument("--at", metavar="T", default="", help=_("哪一天或什么时刻，不写为现在"))
    made.add_argument("--json", action="store_true", help=_("输出 JSON"))


def run(desk: Desk, args: argparse.Namespace) -> int:
    """Do what `args.what` says. Raises `Refused` for days and people that are none."""
    if args.what == "on-call":
        return _on_call(desk, args)
    start, end = rules.parse_day(args.start, "--from").isoformat(), rules.parse_day(args.end, "--to").isoformat()
    what = {
        "generate": _generate, "publish": _publish, "check": _check, "coverage": _coverage, "form": _form, "ics": _ics,
    }  # fmt: skip
    return what[args.what](desk, args, start, end)


def _generate(desk: Desk, args: argparse.Namespace, start: str, end: str) -> int:
    from dutydesk.roster import service

    plan = service.generate(desk, start, end, keep=not args.fresh, seed=args.seed)
    if args.accept:
        service.accept(desk, plan)
    for wide in plan.widened:
        warn(_("放宽：{text}").format(text=wide.text))
    if args.json:
        answer(as_json(desk, plan))
        return 0
    people = [one.person for one in plan.fairness] + [one.person for one in plan.assignments]
    names = desk.titles("people", people)
    for one in plan.assignments:
        say("\t".join((one.date, one.shift, one.post, str(one.slot), names[one.person])))
    for gap in plan.unfilled:
        say("\t".join((gap.date, gap.shift, gap.post, str(gap.slot), _("空缺：{reason}").format(reason=gap.reason))))
    text = _("排了 {count} 个班次席位，空缺 {gaps}").format(count=len(plan.assignments), gaps=len(plan.unfilled))
    say(text if args.accept else text + _("。没有写入，写入请加 --accept"))
    return 0


def as_json(desk: Desk, plan: Plan) -> dict[str, Any]:
    """A plan as `roster generate --json` prints it; people by name. The names and
    fields are a contract."""
    names = desk.titles("people", [one.person for one in plan.fairness] + [one.person for one in plan.assignments])
    return {
        "assignments": [
            {"date": one.date, "shift": one.shift, "post": one.post, "person": names[one.person]}
            for one in plan.assignments
        ],
        "unfilled": [
            {"date": one.date, "shift": one.shift, "post": one.post, "reason": one.reason}
            for one in plan.unfilled
        ],
        "fairness": [
            {
                "person": names[one.person], "total": one.total, "weekend": one.weekend, "holiday": one.holiday,
                "night": one.night,
            }
            for one in plan.fairness
        ],
    }  # fmt: skip


def _publish(desk: Desk, args: argparse.Namespace, start: str, end: str) -> int:
    from dutydesk.roster import service

    maker, approver = (_person(desk, args, name) for name in ("maker", "approver"))
    service.publish(desk, start, end, maker, approver, gaps=args.gaps)
    say(_("已发布 {start} 至 {end} 的值班表").format(start=start, end=end))
    return 0


def _person(desk: Desk, args: argparse.Namespace, name: str) -> bytes:
    try:
        return desk.resolve("people", getattr(args, name))
    except ValueError as error:
        raise Refused(Problem(str(error), f"--{name}")) from None


def _check(desk: Desk, args: argparse.Namespace, start: str, end: str) -> int:
    from dutydesk.roster import service

    found = service.check(desk, start, end)
    names = desk.titles("people", [one.person for one in found if one.person])
    if args.json:
        answer(
            [
                {
                    "date": one.date, "shift": one.shift, "post": one.post, "slot": one.slot,
                    "person": names.get(one.person or b""), "code": one.code, "reason": one.text, "hard": one.hard,
                }
                for one in found
            ]
        )  # fmt: skip
    else:
        for one in found:
            say("\t".join((*map(str, one.key), names.get(one.person or b"", ""), one.text)))
        say(_("{count} 处问题").format(count=len(found)))
    return 1 if any(one.hard for one in found) else 0


def _coverage(desk: Desk, args: argparse.Namespace, start: str, end: str) -> int:
    from dutydesk.roster import service

    found = service.coverage(desk, start, end)
    short = found.short_minutes
    if args.json:
        gaps = [
            {
                "start": iso(gap.start), "end": iso(gap.end), "date": gap.date, "shift": gap.shift, "post": gap.post,
                "wanted": gap.wanted, "held": gap.held,
            }
            for gap in found.missing
        ]  # fmt: skip
        answer({"from": start, "to": end, "hours": found.hours, "short_minutes": short, "missing": gaps})
        return 0
    for gap in found.missing:
        span = f"{local(gap.start):%Y-%m-%d %H:%M}–{local(gap.end):%m-%d %H:%M}"
        say(
            "\t".join(
                (span, gap.shift, gap.post, _("应 {wanted} 人，有 {held} 人").format(wanted=gap.wanted, held=gap.held))
            )
        )
    say(_("共 {hours} 小时，缺人 {short} 分钟").format(hours=found.hours, short=short))
    return 0


def _form(desk: Desk, args: argparse.Namespace, start: str, end: str) -> int:
    from dutydesk.roster import filled

    write_whole(Path(args.out), filled.form(desk, start, end, empty=not args.filled))
    say(args.out)
    return 0


def _ics(desk: Desk, args: argparse.Namespace, start: str, end: str) -> int:
    from dutydesk.roster import ics

    write_whole(Path(args.out), ics.of_person(desk, _person(desk, args, "person"), start, end))
    say(args.out)
    return 0


def _on_call(desk: Desk, args: argparse.Namespace) -> int:
    """Those who may be called on the day of the shift that runs at `--at`: after midnight still yesterday's."""
    from dutydesk.roster import posts, service

    day = service.duty_day(desk, _moment(desk, args.at))
    found = service.on_call(desk, day)
    if args.json:
        names = desk.titles("people", list(found.standby))
        groups = {"experts": found.experts, "teams": found.teams}
        told = {
            name: [{"id": row.id.hex(), "name": row.text("name"), "status": row.text("status")} for row in rows]
            for name, rows in groups.items()
        }
        standby = [{"id": person.hex(), "name": names[person]} for person in found.standby]
        answer({"date": day, "standby": standby, **told})
        return 0
    for what, names_of in posts.parts_of(desk, found):
        for name in names_of:
            say(f"{what}\t{name}")
    return 0


def _moment(desk: Desk, text: str) -> int:
    """`--at` as ms UTC; a day alone means its noon."""
    if not text:
        return desk.clock.now()
    try:
        return parse_iso(f"{text} 12:00" if len(text) == 10 else text)
    except ValueError:
        raise Refused(Problem(_("应为日期或时间，如 2026-06-18 20:00：{text}").format(text=text), "--at")) from None
