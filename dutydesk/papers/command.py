"""The command line of papers: `papers void|reprint NUMBER…`, `outage begin|end`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dutydesk.core.clock import iso, parse_iso
from dutydesk.core.console import answer, say
from dutydesk.core.errors import Problem, Refused, Unavailable
from dutydesk.core.files import write_whole
from dutydesk.core.i18n import _
from dutydesk.papers import outages, service
from dutydesk.papers.ledger import OUTAGE_KINDS

if TYPE_CHECKING:
    from dutydesk.journal.desk import Desk
    from dutydesk.journal.query import Row


def configure_papers(parser: argparse.ArgumentParser) -> None:
    """`papers void NUMBER… --reason TEXT`, `papers reprint NUMBER… --out FILE.pdf` [--json]"""
    parser.add_argument("action", choices=("void", "reprint"), metavar="void|reprint", help=_("作废；重印（副本）"))
    parser.add_argument("numbers", metavar="NUMBER", nargs="+", help=_("单号，或最后几位"))
    parser.add_argument("--reason", metavar="TEXT", default="", help=_("作废原因"))
    parser.add_argument("--out", metavar="FILE.pdf", default="", help=_("重印写到哪里"))
    parser.add_argument("--json", action="store_true", help=_("输出 JSON"))


def papers(desk: Desk, args: argparse.Namespace) -> int:
    """Void sheets, or print them again."""
    if args.action == "reprint":
        if not args.out:
            raise Refused(Problem(_("写明文件"), "--out"))
        pdf = service.reprint(desk, args.numbers)
        _save(args.out, pdf)
        record(desk, pdf, service.find(desk, args.numbers[0]).text("form"))
        answer({"file": args.out, "about": pdf.about}) if args.json else say(args.out)
        return 0
    rows = service.void(desk, args.numbers, args.reason)
    if args.json:
        answer([{"number": row.text("number"), "state": row.text("state")} for row in rows])
    else:
        for row in rows:
            say(_("{number} 已作废").format(number=row.text("number")))
    return 0


def _save(name: str, pdf: bytes) -> None:
    try:
        write_whole(Path(name), pdf)
    except OSError as error:
        text = _("没有写成：{error}").format(error=error.strerror or error)
        raise Unavailable(Problem(text, file=name)) from None


def record(desk: Desk, pdf: Any, form: str) -> None:
    """Record that a stack of sheets was printed, as for any other form."""
    from importlib import import_module

    title = next(_(item.title) for feature in desk.features for item in feature.forms if item.code == form)
    for dotted in (feature.printed for feature in desk.features if feature.printed):
        module, name = dotted.split(":")
        getattr(import_module(module), name)(desk, form, title, pdf.about, pdf)


def configure_outage(parser: argparse.ArgumentParser) -> None:
    """`outage begin [--kind KIND] [--at T] [--text TEXT]`, `outage end [--at T] [--measures TEXT] [--reported-to TEXT]`
    [--json]"""
    parser.add_argument("action", choices=("begin", "end"), metavar="begin|end", help=_("begin 开始；end 恢复"))
    kinds = tuple(choice.code for choice in OUTAGE_KINDS)
    parser.add_argument("--kind", choices=kinds, metavar="KIND", default="POWER", help=" ".join(kinds))
    parser.add_argument("--at", metavar="T", help=_("何时，缺省为现在"))
    parser.add_argument("--text", metavar="TEXT", default="", help=_("情况"))
    parser.add_argument("--measures", metavar="TEXT", default="", help=_("采取的办法"))
    parser.add_argument("--reported-to", metavar="TEXT", default="", help=_("报告对象"))
    parser.add_argument("--json", action="store_true", help=_("输出 JSON"))


def outage(desk: Desk, args: argparse.Namespace) -> int:
    """Begin or end an outage."""
    try:
        at = parse_iso(args.at) if args.at else None
    except ValueError:
        raise Refused(Problem(_("应为时间，如 2026-06-18 14:30：{text}").format(text=args.at), "--at")) from None
    if args.action == "begin":
        row = outages.begin(desk, args.kind, at, args.text)
    else:
        more = {"text": args.text, "measures": args.measures, "reported_to": args.reported_to}
        row = outages.end(desk, None, at, **more)
    answer(_told(row)) if args.json else say(outages.title(row.values))
    return 0


def _told(row: Row) -> dict[str, Any]:
    ended = row.get("ends_at")
    return {
        "id": row.id.hex(),
        "kind": row.text("kind"),
        "starts_at": iso(row.number("starts_at")),
        "ends_at": iso(ended) if isinstance(ended, int) else None,
    }
