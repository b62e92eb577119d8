"""The sub-commands that read and write ledgers: their arguments; what they do stands in `running`."""

from __future__ import annotations

import argparse

from dutydesk.core.i18n import N_, _
from dutydesk.ledger.feature import Command


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help=_("输出 JSON"))


def _ledger(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ledger", metavar="LEDGER", help=_("台账名，见 dutydesk ledgers"))


def _filter(parser: argparse.ArgumentParser) -> None:
    where = _("条件 字段=值，可多次；也可用 != < <= > >= 和 ~（包含）")
    parser.add_argument("--where", metavar="FIELD=VALUE", action="append", default=[], help=where)
    parser.add_argument("--search", metavar="TEXT", default="", help=_("检索文字、拼音或首字母"))


def _reveal(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reveal", metavar="REASON", default="", help=_("显示个人信息，写明原因，记入审计"))


def ledgers(parser: argparse.ArgumentParser) -> None:
    """`ledgers [--json]`"""
    _json(parser)


def list_rows(parser: argparse.ArgumentParser) -> None:
    """`list LEDGER [--where FIELD=VALUE]… [--search TEXT] [--limit N] [--reveal REASON] [--json]`"""
    _ledger(parser)
    _filter(parser)
    parser.add_argument("--limit", metavar="N", type=_count, help=_("最多几条"))
    _reveal(parser)
    _json(parser)


def show(parser: argparse.ArgumentParser) -> None:
    """`show LEDGER ROW [--history] [--reveal REASON] [--json]`"""
    _ledger(parser)
    parser.add_argument("row", metavar="ROW", help=_("编号、id 或 id 的前 8 位以上"))
    parser.add_argument("--history", action="store_true", help=_("连同每次改动"))
    _reveal(parser)
    _json(parser)


def add(parser: argparse.ArgumentParser) -> None:
    """`add LEDGER FIELD=VALUE… [--json]`"""
    _ledger(parser)
    parser.add_argument("values", metavar="FIELD=VALUE", nargs="+", help=_("字段=值"))
    _json(parser)


def import_file(parser: argparse.ArgumentParser) -> None:
    """`import LEDGER FILE [--format F] [--set KEY=VALUE]… [--create] [--replace] [--partial] [--dry-run] [--json]`"""
    _ledger(parser)
    parser.add_argument("file", metavar="FILE", help=_("要导入的文件"))
    parser.add_argument("--format", metavar="F", default="", help=_("文件格式，缺省自己认"))
    told = _("文件没有说明的：time、minutes、zone、station、unit、column.字段=列名、字段=值，可多次")
    parser.add_argument("--set", dest="settings", metavar="KEY=VALUE", action="append", default=[], help=told)
    parser.add_argument("--create", action="store_true", help=_("没有的区域、单位、职务就新建"))
    parser.add_argument("--replace", action="store_true", help=_("文件里没有的就删除"))
    parser.add_argument("--partial", action="store_true", help=_("有错的行略过，其余照样导入"))
    parser.add_argument("--dry-run", action="store_true", help=_("只检查，不写入"))
    parser.add_argument("--yes", action="store_true", help=_("确认大批删除"))
    _json(parser)


def export_file(parser: argparse.ArgumentParser) -> None:
    """`export LEDGER FILE [--where FIELD=VALUE]… [--search TEXT] [--reveal REASON]`"""
    _ledger(parser)
    parser.add_argument("file", metavar="FILE", help=_("写到哪里，格式看后缀：.csv .xlsx .vcf .ics .geojson .xml"))
    _filter(parser)
    _reveal(parser)


def print_form(parser: argparse.ArgumentParser) -> None:
    """`print FORM --out FILE.pdf [--shift DATE[/CODE]] [--incident NO] [--warning ID] [--from T --to T] [--blank N]`"""
    parser.add_argument("form", metavar="FORM", help=_("表单代号，如 P01"))
    parser.add_argument("--out", metavar="FILE.pdf", required=True, help=_("写到哪里"))
    parser.add_argument("--shift", metavar="DATE[/CODE]", help=_("哪一班"))
    parser.add_argument("--incident", metavar="NO", help=_("哪一件事件"))
    parser.add_argument("--warning", metavar="ID", help=_("哪一条预警"))
    parser.add_argument("--from", dest="start", metavar="T", help=_("从何时"))
    parser.add_argument("--to", dest="end", metavar="T", help=_("到何时"))
    parser.add_argument("--blank", metavar="N", type=_count, help=_("带单号的空白单，几张"))
    _reveal(parser)


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError(text)
    return value


_RUNNING = "dutydesk.exchange.running"
COMMANDS = (
    Command("ledgers", N_("有哪些台账，各多少条"), ledgers, f"{_RUNNING}:ledgers"),
    Command("list", N_("列出台账"), list_rows, f"{_RUNNING}:list_rows"),
    Command("show", N_("看一条"), show, f"{_RUNNING}:show"),
    Command("add", N_("新增一条"), add, f"{_RUNNING}:add"),
    Command("import", N_("从文件导入"), import_file, f"{_RUNNING}:import_file"),
    Command("export", N_("导出到文件"), export_file, f"{_RUNNING}:export_file"),
    Command("print", N_("打印成 PDF"), print_form, f"{_RUNNING}:print_form"),
)
