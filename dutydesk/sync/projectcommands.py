"""`dutydesk hub project` and what `hub init` and `hub login` do for it, on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from dutydesk.core.clock import Clock
from dutydesk.core.console import answer, say, warn
from dutydesk.core.i18n import N_, _
from dutydesk.journal.schema import Schema
from dutydesk.sync.protocol import Progress


def configure(sub: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """The arguments of `dutydesk hub project`; `sub` makes an action that takes an address."""
    project = sub("project", N_("把中心库的记录做成台账表，供其他软件用 SQL 查"))
    project.add_argument("--rebuild", action="store_true", help=_("从头再做一遍"))


def prepare(url: str, ca: str, schema: Schema) -> dict[str, int]:
    """What `hub init` adds: the tables and views of the ledgers; how many tables and columns are new."""
    from dutydesk.sync.projecting import LedgerHub

    with closing(LedgerHub.connect(url, ca=ca)) as hub:
        made, added = hub.prepare(schema)
    return {"tables": made, "columns": added}


def give_login(url: str, ca: str, login: str, password: str) -> None:
    """What `hub login --projector` does."""
    from dutydesk.sync.projecting import LedgerHub

    with closing(LedgerHub.connect(url, ca=ca)) as hub:
        hub.hello()
        hub.give_login(login, password)


def project(schema: Schema, clock: Clock, args: argparse.Namespace, progress: Progress) -> int:
    """One run; 1 when a person must look at something. The address may be the file that `hub login` wrote, with the
    address in its first line, the password in its second, and the authority's certificate where there is one."""
    from dutydesk.sync import projecting, view

    url, ca = view.address(str(args.url)), str(args.ca)
    if url != str(args.url) and not ca and "-----BEGIN CERTIFICATE" in Path(args.url).read_text(encoding="utf-8"):
        ca = str(args.url)  # whoever reads a certificate passes over the lines before it
    report = projecting.run(url, schema, clock, ca=ca, rebuild=bool(args.rebuild), progress=progress)
    if args.json:
        answer(projecting.told(report))
    else:
        say(_("做进台账表 {count} 条").format(count=report.pulled))
    for line in report.lines():
        warn(line)
    return 0 if report.ok else 1
