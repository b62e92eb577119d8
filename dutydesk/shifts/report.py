"""P01 交接班记录表: what one crew hands to the next (domain.md §3.7, §8.2).

Nothing that is open can be left out: the six blocks are the items of the hand-over with what both sides said to them,
or, before it is begun, the desk's own list of open items; where a block is empty the sheet says 无. The sheet names the
record it was made from, after the takeover the seal; what the QR symbol holds stands in `sheet.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from dutydesk.core.clock import DAY, local
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _, language
from dutydesk.core.reference import label
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Row
from dutydesk.ledger.feature import Figure, OpenItem
from dutydesk.ledger.kinds import choice_label
from dutydesk.printing.desk import standing
from dutydesk.printing.page import Document, Foot
from dutydesk.printing.tables import Column, Group
from dutydesk.printing.tables import Row as PaperRow
from dutydesk.shifts import blank as empty
from dutydesk.shifts import blocks, handover, pending, rules, seals, service
from dutydesk.shifts.ledger import HANDOVER_ITEMS, HANDOVERS
from dutydesk.shifts.service import SHEET, Made
from dutydesk.shifts.sheet import Place, covers

NUMERALS = "一二三四五六七八九"
LATE_ENTRIES = 31 * DAY
"""How far back an entry may have happened that was typed in the last 24 hours and is shown with them (补录)."""
ON_NOW = "attendance.on_now"
SYNC_HEALTH = "sync.health"
SKIPPED = ("shifts.crew", "shifts.handover", "copies.drill", "disk.room", SYNC_HEALTH)
"""Figures that stand elsewhere on the sheet, and those of the machine: the sheet has its open items."""


def p01(
    desk: Desk, *, shift: str | None = None, blank: int = 0, numbers: Sequence[str] = (), copy: bool = False
) -> bytes:
    """The sheet of a shift (`2026-11-22/NIGHT` or a date), of the running one by default. With `numbers` a stack of
    empty ones to be written by hand (`blank.stack`), which needs no `blank` lines beyond its own.

    Equal records and clocks give equal bytes. Raises `Refused` for a shift that is none.
    """
    if numbers:
        if shift:
            raise Refused(Problem(_("空白交接班记录表不填班次"), "--shift"))
        return empty.stack(desk, numbers, copy=copy)
    document, made = draw(desk, shift=shift)
    pdf = document.pdf()
    service.note_made(desk, pdf, made)
    return pdf


def draw(desk: Desk, *, shift: str | None = None) -> tuple[Document, Made]:
    """The sheet before it becomes bytes, and what it was made from; `Document.missing` names what no face can draw."""
    now = desk.clock.now()
    span, row = service.find(desk, shift) if shift else service.shift_at(desk, now)
    key = service.key_of(span)
    with suppress(Refused):  # whoever may only look prints what stands there
        handover.refresh(desk, key)
    held = handover.of_shift(desk, key)
    made, places = service.made_now(desk, SHEET, key)
    until = min(now, span.end, held.number("sealed_at") if made.seal and held is not None else now)
    document = Document(
        title=_("交接班记录表"),
        unit=desk.config.unit or desk.config.name,
        at=now,
        shift=rules.shift_label(span),
        watermark="·".join(part for part in (desk.config.mark, _("副本") if made.copy else "") if part),
        foot=Foot(_foot(made), made.sheet.code()),
    )
    document.pairs(_head(desk, span, row), columns=3)
    if held is None:
        _blocks(document, _open(desk, now, row), now)
    else:
        _items(document, handover.items_of(desk, held), held.number("given_at") or held.number("taken_at") or now)
    _equipment(document, row, service.names_here(desk), _sync(desk, span.start, until))
    # What is signed stands with what is handed over and what it was made from; numbers and log are its annexes, and no
    # last page is spent on one line.
    if held is not None:
        _signed(document, desk, held)
    _record(document, made, places, now)
    document.signatures([_("交班人"), _("接班人"), _("带班领导")])
    _counters(document, desk, span.start, until)
    _log(document, desk, until, seals.sealed(desk, until - DAY, until))
    return document, made


def _foot(made: Made) -> str:
    sheet = made.sheet
    text = (
        _("封存 {desk}/{epoch} #{seq} 校验 {head}") if made.seal else _("打印前记录 {desk}/{epoch} #{seq} 校验 {head}")
    )
    told = text.format(
        desk=sheet.desk,
        epoch=sheet.epoch,
        seq=sheet.seq,
        head=" ".join(sheet.head[at : at + 4] for at in (0, 4, 8, 12)),
    )
    return f"{SHEET} {told}"


def _head(desk: Desk, span: rules.Shift, row: Row | None) -> list[tuple[str, str]]:
    """From when to when, who, and what kind of night; — where nobody filled it in."""
    ledger = desk.ledger("shifts")

    def shown(name: str) -> str:
        value = row.get(name) if row is not None else None
        if isinstance(value, bytes):
            return standing(desk, row, name) if row is not None else ""
        return ledger[name].kind.show(value, ledger[name]) or "—"

    day, _gap, hours = rules.shift_label(span).rpartition(f" {local(span.start):%H:%M}–")
    pairs = [
        (_("日期"), day),
        (_("起止"), f"{local(span.start):%H:%M}–{hours}"),
        (_("天气"), shown("weather")),
        (_("带班领导"), shown("leader")),
        (_("主班"), shown("primary")),
        (_("副班"), shown("secondary")),
        (_("风险等级"), shown("risk_level")),
        (_("值守状态"), shown("mode")),
        (
            _("接班时间"),
            f"{local(row.number('taken_over_at')):%m-%d %H:%M}" if row and row.get("taken_over_at") else "—",
        ),
    ]
    if row is not None and row.get("note"):
        pairs.append((_("备注"), row.text("note")))
    return pairs


# -- the six blocks ---------------------------------------------------------------------------------------------------


def _open(desk: Desk, now: int, row: Row | None) -> list[OpenItem]:
    """Every open item of every feature, the next due first. Left out are only messages that are no warning, and that
    this very sheet has not been printed."""
    own = service.unprinted(row) if row is not None else None
    return [item for item in blocks.real(desk, desk.open_items(now)) if item != own]


def by_block(items: Iterable[OpenItem]) -> dict[str, list[OpenItem]]:
    """Items by block, in the sheet's order of blocks; what names no block that there is stands under 待办."""
    found: dict[str, list[OpenItem]] = {code: [] for code in blocks.codes()}
    for item in items:
        found[item.block if item.block in found else "TODO"].append(item)
    return found


def _blocks(document: Document, items: Sequence[OpenItem], now: int) -> None:
    document.heading(_("未结事项（截至 {time}）").format(time=local(now).strftime("%m-%d %H:%M")), 2)
    columns = [
        Column(_("序号"), width=11, align="center"),
        Column(_("事项"), weight=1.25),
        Column(_("说明"), weight=1.0),
        Column(_("到时"), width=24, align="center"),
    ]
    document.table(columns, _block_rows(by_block(items), now), size=9.5)


def _block_rows(found: Mapping[str, Sequence[OpenItem]], now: int) -> Iterator[PaperRow]:
    number = 0
    for at, (code, items) in enumerate(found.items()):
        yield _block_head(at, code, len(items))
        if not items:
            yield ("", _("无"), "", "")
        for item in items:
            number += 1
            detail = "" if item.detail in item.title else item.detail
            yield (str(number), item.title, detail, _due(item.due_at, now))


def _block_head(at: int, code: str, count: int) -> Group:
    numeral = str(at + 1) if language() == "en" else NUMERALS[at]
    name = _("{number}、{block}").format(number=numeral, block=label("duty", "block", code))
    return Group(_("{name}（{count}项）").format(name=name, count=count) if count else name)


def _items(document: Document, items: Sequence[Row], at: int) -> None:
    """The items of the hand-over with the giver's word and the receiver's opinion."""
    document.heading(_("交接事项（截至 {time}）").format(time=local(at).strftime("%m-%d %H:%M")), 2)
    columns = [
        Column(_("序号"), width=11, align="center"),
        Column(_("事项"), weight=1.25),
        Column(_("到时"), width=19, align="center"),
        Column(_("交班答复"), weight=1.0),
        Column(_("接班意见"), width=19, align="center"),
    ]
    document.table(columns, _item_rows(items, at), size=9.5)


def _item_rows(items: Sequence[Row], now: int) -> Iterator[PaperRow]:
    number = 0
    for at, code in enumerate(blocks.codes()):
        mine = [row for row in items if row.text("block") == code]
        yield _block_head(at, code, len(mine))
        if not mine:
            yield ("", _("无"), "", "", "")
        for row in mine:
            number += 1
            what = "\n".join(part for part in (row.text("title"), row.text("detail")) if part)
            due = _due(row.number("due_at"), now) if row.get("due_at") is not None else ""
            opinion = choice_label(row.get("state"), HANDOVER_ITEMS["state"])
            yield (str(number), what, due, pending.said(row), opinion)


def _signed(document: Document, desk: Desk, held: Row) -> None:
    """Who signed when; how a major matter is handled together; why one side handed over alone."""
    pairs: list[tuple[str, str]] = []
    for who, when, text in (
        ("giver", "given_at", _("交班签字")),
        ("taker", "taken_at", _("接班签字")),
        ("leader", "countersigned_at", _("带班签字")),
    ):
        person = held.get(who)
        at = f"{local(held.number(when)):%m-%d %H:%M}" if held.get(when) is not None else ""
        pairs.append((text, f"{desk.title('people', person)} {at}" if isinstance(person, bytes) else "—"))
    document.pairs(pairs, columns=3, size=9.5)
    more = [(_(HANDOVERS[name].label), held.text(name)) for name in ("joint", "reason") if held.get(name)]
    if more:
        document.pairs(more, columns=1, size=9.5)


def _due(due_at: int | None, now: int) -> str:
    """`14:30` today, `06-19 14:30` another day; late ones say so in a word, colours are lost on paper."""
    if due_at is None:
        return ""
    moment = local(due_at)
    shown = f"{moment:%H:%M}" if moment.date() == local(now).date() else f"{moment:%m-%d %H:%M}"
    return _("{time} 逾期").format(time=shown) if due_at < now else shown


def _sync(desk: Desk, start: int, until: int) -> str:
    """How sync stands, which block 6 always says; nothing where no feature tells of it."""
    figure = desk.figures(start, max(until, start + 1)).get(SYNC_HEALTH)
    return "" if figure is None else f"{_(figure.label)} {figure.value}"


def _equipment(document: Document, row: Row | None, names: Sequence[str], sync: str) -> None:
    ticks = service.equipment_of(row.text("equipment") if row is not None else "", names)
    signs = {None: "□", True: "√", False: "×"}
    notes = [_("（{note}）").format(note=tick.remark) if tick.remark else "" for tick in ticks]
    told = [f"{signs[tick.ok]} {tick.name}{note}" for tick, note in zip(ticks, notes, strict=True)]
    document.pairs([(_("设备清点"), "  ".join(filter(None, (*told, sync))))], columns=1, size=9.5)


# -- counters, log, record --------------------------------------------------------------------------------------------


def _counters(document: Document, desk: Desk, start: int, end: int) -> None:
    document.need(24)
    document.heading(_("附一 本班数字"), 2)
    until = max(end, start + 1)
    figures = [
        _marked(desk, figure, until) for name, figure in desk.figures(start, until).items() if name not in SKIPPED
    ]
    if figures:
        pairs = [(_(figure.label), f"{figure.value} {_(figure.unit)}".strip()) for figure in figures]
        document.pairs(pairs, columns=4, size=9.5)
    else:
        document.paragraph(_("无"))


def _marked(desk: Desk, figure: Figure, until: int) -> Figure:
    """Who is on, with 调 and 代 as everywhere on paper."""
    told = desk.services.get("on_now_text")
    if figure.name != ON_NOW or told is None:
        return figure
    return replace(figure, value=str(told(until - 1)) or figure.value)


def _log(document: Document, desk: Desk, until: int, sealed: Sequence[tuple[int, int, int]]) -> None:
    document.need(24)
    span = _("{start} 至 {end}").format(
        start=local(until - DAY).strftime("%m-%d %H:%M"), end=local(until).strftime("%m-%d %H:%M")
    )
    document.heading(_("附二 24小时值班日志（{span}）").format(span=span), 2)
    entries = log_entries(desk, until)
    if not entries:
        document.paragraph(_("无"))
        return
    columns = [
        Column(_("编号"), width=24, align="center"),
        Column(_("时间"), width=13, align="center"),
        Column(_("类别"), width=17, align="center"),
        Column(_("内容"), weight=1.6),
        Column(_("处理情况"), weight=1.0),
    ]
    document.table(columns, _log_rows(desk, entries, sealed), size=9)


def log_entries(desk: Desk, until: int) -> list[Row]:
    """What happened in the 24 hours before `until`, and what was typed in them about the month before; by time."""
    start = until - DAY
    found = desk.rows("log", Condition("happened_at", ">", start), Condition("happened_at", "<=", until))
    found += desk.rows(
        "log",
        Condition("happened_at", "<=", start),
        Condition("happened_at", ">", start - LATE_ENTRIES),
        Condition("recorded_at", ">", start),
        Condition("recorded_at", "<=", until),
    )
    return sorted(found, key=lambda row: (row.number("happened_at"), row.text("no"), row.id))


def _log_rows(desk: Desk, entries: Sequence[Row], sealed: Sequence[tuple[int, int, int]] = ()) -> Iterator[PaperRow]:
    """Every entry as it was written; one that corrects another names it with the reason, one that was corrected is
    marked, so that neither can be read without the other."""
    named = [value for row in entries if isinstance(value := row.get("amends"), bytes)]
    held = {row.id: row for row in entries} | {
        row.id: row for row in (desk.get("log", row_id) for row_id in named) if row is not None
    }
    later = {row.get("amends"): row for row in entries}
    incidents = _numbers(desk, entries)
    category = desk.ledger("log")["category"]
    day = None
    for row in entries:
        moment = local(row.number("happened_at"))
        if moment.date() != day:
            day = moment.date()
            yield Group(_("{month}月{day}日").format(month=day.month, day=day.day))
        text = row.text("text")
        event = incidents.get(row.get("incident"))
        if event:
            text = _("{text}〔事件 {no}〕").format(text=text, no=event)
        amended = row.get("amends")
        if isinstance(amended, bytes):
            old = held[amended].text("no") if amended in held else ""
            text = _("〔更正 {no}，原因：{reason}〕{text}").format(
                no=old or "—", reason=row.text("reason") or "—", text=text
            )
        if row.id in later:
            text = _("{text}〔已更正，见 {no}〕").format(text=text, no=later[row.id].text("no"))
        if row.get("late") or seals.typed_later(sealed, row.number("happened_at"), row.number("recorded_at")):
            text = _("〔补录〕{text}").format(text=text)
        kind = category.kind.show(row.get("category"), category)
        yield (row.text("no"), f"{moment:%H:%M}", kind, text, row.text("handling"))


def _numbers(desk: Desk, entries: Sequence[Row]) -> dict[object, str]:
    """Numbers of the incidents that entries belong to."""
    ids = {value for row in entries if isinstance(value := row.get("incident"), bytes)}
    return {
        held.id: held.text("no") for held in (desk.get("incidents", row) for row in sorted(ids)) if held is not None
    }


def _record(document: Document, made: Made, places: Sequence[Place], now: int) -> None:
    document.need(14)
    told, size = covers(places, now), 8.5
    if made.seal:
        text = _("接班时封存的记录：{places}。此后补记的标明补录。未结事项不可删减。").format(places=told)
    else:
        text = _("依据的记录：{places}。本表由记录自动汇总，未结事项不可删减。").format(places=told)
        own = next((place for place in places if place.own), None)
        if own is not None and own.number:
            text = _("{text}日志至 {number}。").format(text=text, number=own.number)
    document.paragraph(text, size=size)
    if made.copy:
        document.paragraph(_("本班交接班表已打印过，此为副本。"), size=size)
