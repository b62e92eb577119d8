"""What the sub-commands of `commands` do: called with the open desk and the parsed arguments, they return the exit
code (house.md §8)."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from dutydesk.core.clock import iso, parse_iso
from dutydesk.core.console import answer, complain, say, warn, write
from dutydesk.core.errors import Problem, Refused, Unavailable
from dutydesk.core.i18n import _
from dutydesk.core.ids import RESERVED_AUTHORS
from dutydesk.exchange import importing
from dutydesk.exchange.exporting import export, save
from dutydesk.exchange.reading import Options, load, targets
from dutydesk.exchange.shapes import (
    SYSTEM_LEDGERS,
    Shaper,
    all_rows,
    conditions,
    ledger_of,
    searched,
    stream,
    table,
    text_of,
    titles,
)
from dutydesk.journal import audit
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.journal.history import Version, history
from dutydesk.journal.store import Receipt
from dutydesk.ledger.feature import Form
from dutydesk.ledger.kinds import Ref
from dutydesk.ledger.rows import parse_row
from dutydesk.ledger.spec import Ledger, Mode, Value

LARGEST = 200 * 2**20


def ledgers(desk: Desk, args: argparse.Namespace) -> int:
    """Every ledger: name, title, rows."""
    found = [
        {"name": name, "title": _(shape.ledger.title), "rows": desk.count(name)}
        for name, shape in desk.store.schema.shapes.items()
    ]
    if args.json:
        answer(found)
    else:
        for item in found:
            say(f"{item['name']}\t{item['title']}\t{item['rows']}")
    return 0


def list_rows(desk: Desk, args: argparse.Namespace) -> int:
    """The rows of a ledger in its own order."""
    ledger = ledger_of(desk, args.ledger)
    query = _query(desk, ledger, args)
    reveal = _revealed(desk, args, ledger.name)
    total = desk.count(ledger.name, *query.where, search=query.search)
    rows = all_rows(desk, query, args.limit)
    if args.json:
        write(stream(desk, ledger, total, rows, reveal=reveal))
        return 0
    for line in table(desk, ledger, rows, reveal=reveal):
        say(line)
    return 0


def show(desk: Desk, args: argparse.Namespace) -> int:
    """One row, and with `--history` everything that was ever written to it."""
    ledger = ledger_of(desk, args.ledger)
    shape = desk.store.schema[ledger.name]
    with desk.store.read() as connection:
        row = q.find(connection, shape, args.row)
        versions = history(connection, shape, row.id) if args.history else []
    reveal = _revealed(desk, args, f"{ledger.name} {row.id.hex()}")
    if args.json:
        shaper = Shaper(ledger, reveal=reveal)
        found = shaper.json(row)
        if args.history:
            found["history"] = [_version(version, shaper) for version in versions]
        answer(found)
        return 0
    names = titles(desk, ledger, [row])
    say(f"id\t{row.id.hex()}")
    for item in ledger.fields:
        text = text_of(item, row.values, names, reveal=reveal)
        if text:
            say(f"{_(item.label)}\t{text}")
    for version in versions:
        say(f"{iso(version.recorded_at)}\t{_author(desk, version.by)}\t{version.kind}\t{version.note}".rstrip())
        for name, value in version.values.items():
            if name in ledger:
                text = text_of(ledger[name], version.values, {}, reveal=reveal)
                if isinstance(value, bytes):
                    kind = ledger[name].kind
                    text = desk.title(kind.ledger, value) if isinstance(kind, Ref) else value.hex()
                say(f"\t{_(ledger[name].label)}\t{text}")
    return 0


def _version(version: Version, shaper: Shaper) -> dict[str, Any]:
    return {
        "act": version.act.hex(),
        "happened_at": iso(version.happened_at),
        "recorded_at": iso(version.recorded_at),
        "by": version.by,
        "kind": version.kind,
        "note": version.note,
        "made": version.made,
        "values": shaper.values(version.values),
    }


def _author(desk: Desk, by: str) -> str:
    return by if by in RESERVED_AUTHORS else desk.title("people", bytes.fromhex(by))


def add(desk: Desk, args: argparse.Namespace) -> int:
    """One new row, through the feature's own command where it has rules."""
    ledger = ledger_of(desk, args.ledger)
    if ledger.name in SYSTEM_LEDGERS:
        raise Refused(Problem(_("“{title}”由程序自己记录，不能新增").format(title=_(ledger.title)), file=ledger.name))
    adder = next((feature.adders[ledger.name] for feature in desk.features if ledger.name in feature.adders), "")
    texts = _pairs(args.values)
    values, problems = parse_row(ledger, texts, resolve=desk.resolve, file=ledger.name, partial=bool(adder))
    # In the window no time means now; a script that forgets it would write a time that nobody said.
    timeless = ledger.mode is Mode.APPEND and "happened_at" in ledger and not {"happened_at", "amends"} & texts.keys()
    if problems or timeless:
        # A feature fills in what may be missing; beside other faults it is named all the same.
        filled = "amends" in texts
        raise Refused(*parse_row(ledger, texts, resolve=desk.resolve, file=ledger.name, partial=filled)[1])
    row = _added(load(adder)(desk, values) if adder else _plain_add(desk, ledger, values), ledger)
    held = desk.get(ledger.name, row)
    assert held is not None
    if args.json:
        answer(Shaper(ledger).json(held))
    else:
        say(f"{row.hex()}\t{desk.title_of(held)}")
    return 0


def _plain_add(desk: Desk, ledger: Ledger, values: dict[str, Value]) -> bytes:
    if "recorded_at" in ledger and values.get("recorded_at") is None:
        values["recorded_at"] = desk.clock.now()
    happened = values.get("happened_at")
    change = desk.new(ledger.name, values)
    desk.act(f"{ledger.name}.add", [change], happened_at=happened if isinstance(happened, int) else None)
    return change.row


def _added(made: Receipt | q.Row | bytes, ledger: Ledger) -> bytes:
    """The id of the row that a command made."""
    if isinstance(made, q.Row):
        return made.id
    if isinstance(made, Receipt):
        return next(change.row for change in made.changes if change.ledger == ledger.name and change.new)
    return made


def import_file(desk: Desk, args: argparse.Namespace) -> int:
    """Check a file whole, then write it; 1 when a line is refused."""
    options = Options(args.format, _pairs(args.settings), args.create, args.replace, args.partial, args.yes)
    if args.ledger not in targets(desk):
        ledger_of(desk, args.ledger)
    path = Path(args.file)
    name = path.name
    try:
        plan = importing.plan(desk, args.ledger, _bytes(path), name, options)
        if not args.dry_run:
            importing.run(desk, plan, beside_a_window=desk.store.shared())
    except Refused as error:
        plan = importing.refused_plan(args.ledger, name, options, error)
    _told(plan, dry_run=args.dry_run, as_json=args.json)
    return 1 if plan.refused else 0


def _told(plan: importing.Plan, *, dry_run: bool, as_json: bool) -> None:
    complain(plan.refused)
    if as_json:
        answer(plan.result())
        return
    for problem in plan.warnings:
        warn(_("注意 {problem}").format(problem=str(problem).replace("\n", " ")))
    text = _("读到 {read} 条：新增 {added}，更改 {changed}，相同 {unchanged}").format(
        read=plan.read, added=plan.added, changed=plan.changed, unchanged=plan.unchanged
    )
    if plan.options.replace:
        text += _("，删除 {deleted}").format(deleted=plan.deleted)
    if plan.refused:
        text += _("，拒绝 {refused}").format(refused=len(plan.refused))
    if plan.stopped:
        text += _("。没有写入")
    elif dry_run:
        text += _("。只是检查，没有写入")
    say(text)
    if dry_run and plan.asks:
        say(plan.asks)


def export_file(desk: Desk, args: argparse.Namespace) -> int:
    """A ledger as a file; recorded under 审计."""
    ledger = ledger_of(desk, args.ledger)
    query = _query(desk, ledger, args)
    count = export(desk, ledger, query, Path(args.file), reason=args.reveal.strip())
    say(_("写出 {count} 条到 {file}").format(count=count, file=args.file))
    return 0


def print_form(desk: Desk, args: argparse.Namespace) -> int:
    """A form of any feature as a PDF file."""
    forms = {form.code: form for feature in desk.features for form in feature.forms}
    form = forms.get(args.form.upper())
    if form is None:
        known = _("、").join(_("{text}（{key}）").format(text=item.code, key=_(item.title)) for item in forms.values())
        raise Refused(Problem(_("没有表单“{code}”，可用：{known}").format(code=args.form, known=known)))
    given: dict[str, Any] = {name: getattr(args, name) for name in ("shift", "incident", "warning", "blank", "reveal")}
    given |= {name: _moment(getattr(args, name), option) for name, option in (("start", "--from"), ("end", "--to"))}
    given = {name: value for name, value in given.items() if value not in (None, "")}
    _check_params(form, given)
    blank = given.pop("blank", None)
    if blank is None:
        data: bytes = load(form.make)(desk, **given)
    else:  # empty sheets have numbers of their own
        data = desk.services["print_blanks"](form.code, blank, **given)
    for problem in getattr(data, "missing", ()):
        warn(str(problem))
    save(Path(args.out), data)
    named = next((str(given[name]) for name in ("incident", "warning") if name in given), "")
    about = getattr(data, "about", "") or named
    for recorder in [feature.printed for feature in desk.features if feature.printed]:
        load(recorder)(desk, form.code, _(form.title), about, data)
    say(args.out)
    return 0


def _check_params(form: Form, given: Iterable[str]) -> None:
    options = {"start": "--from", "end": "--to"}
    for name in given:
        if name not in form.params:
            option = options.get(name, f"--{name}")
            raise Refused(Problem(_("{code} 用不着这一项").format(code=form.code), option))


def _moment(text: str | None, option: str) -> int | None:
    if text is None:
        return None
    try:
        return parse_iso(text)
    except ValueError:
        raise Refused(Problem(_("应为时间，如 2026-06-18 14:30：{text}").format(text=text), option)) from None


def _query(desk: Desk, ledger: Ledger, args: argparse.Namespace) -> q.Query:
    if args.search.strip() and not searched(ledger):
        raise Refused(Problem(_("“{title}”不能检索").format(title=_(ledger.title)), "--search", file=ledger.name))
    # A search by itself comes newest first by arrival; a script is promised the ledger's own order.
    order = ledger.order if args.search.strip() else ""
    return q.Query(ledger.name, conditions(desk, ledger, args.where), args.search, order)


def _revealed(desk: Desk, args: argparse.Namespace, subject: str) -> bool:
    """Whether personal fields are shown: only for a reason, which is recorded first."""
    reason = args.reveal.strip()
    if not reason:
        return False
    audit.record(desk, "REVEAL", subject, reason)
    return True


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    """`NAME=VALUE` arguments; the last of one name counts."""
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise Refused(Problem(_("应写成 名称=值：{text}").format(text=text)))
        pairs[name.strip()] = value
    return pairs


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise Refused(Problem(_("文件超过 {limit} MB").format(limit=LARGEST >> 20), file=path.name))
        return path.read_bytes()
    except FileNotFoundError:
        raise Refused(Problem(_("没有这个文件"), file=str(path))) from None
    except OSError as error:
        raise Unavailable(
            Problem(_("读不出来：{error}").format(error=error.strerror or error), file=str(path))
        ) from None
