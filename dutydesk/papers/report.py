"""TEL 电话记录表, to be written by hand, and P18 断网应急单: what was done in an outage and typed later (domain.md §8.2)."""

from __future__ import annotations

from collections.abc import Sequence

from dutydesk.core.clock import local
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.ledger.feature import Pdf
from dutydesk.papers import outages, service
from dutydesk.papers.ledger import OUTAGES
from dutydesk.papers.outages import Done
from dutydesk.papers.standing import numbers_text
from dutydesk.printing.desk import desk_document, numbered_sheets
from dutydesk.printing.page import Document
from dutydesk.printing.tables import Column

LINE = 9.0
"""Millimetres of a row that is written by hand."""
UNNUMBERED = "　　　　　　"


def tel(desk: Desk, *, blank: int = 0, numbers: Sequence[str] = (), copy: bool = False) -> Pdf:
    """Telephone records, one a sheet for each of these numbers; without numbers one sheet that has none. The labels are
    those of the screen, so that typing is copying."""
    sheets = numbered_sheets(desk, _("电话记录表"), numbers, copy=copy) if numbers else [_plain(desk)]
    for made in sheets:
        _record(desk, made)
    return sheets[0].pdf()


def _plain(desk: Desk) -> Document:
    return desk_document(desk, _("电话记录表"), crew=False, shift=_("单号 {number}").format(number=UNNUMBERED))


def _record(desk: Desk, made: Document) -> None:
    log, incidents = desk.ledger("log"), desk.ledger("incidents")

    def label(ledger: str, name: str) -> str:
        return _((log if ledger == "log" else incidents)[name].label)

    def united(name: str) -> str:
        return _("{label}（{unit}）").format(label=label("incidents", name), unit=_(incidents[name].unit))

    moment = _("　　月　　日　　时　　分")
    made.pairs(
        [
            (label("incidents", "received_at"), moment),
            (label("incidents", "happened_at"), moment),
            (label("incidents", "caller"), ""),
            (label("incidents", "caller_phone"), ""),
            (label("incidents", "type"), ""),
            (label("incidents", "region"), ""),
        ],
        columns=2,
        row_height=LINE,
    )
    made.pairs([(label("incidents", "place"), "")], columns=1, row_height=LINE)
    _lines(made, label("incidents", "text"), 6)
    harm = [(united(name), "") for name in ("dead", "missing", "trapped", "serious", "injured", "loss_wan")]
    made.pairs(harm, columns=3, row_height=LINE)
    _lines(made, label("incidents", "measures"), 3)
    made.pairs(
        [(label("log", "already_told"), ""), (label("incidents", "contact"), "")],
        columns=2,
        row_height=LINE,
    )
    _lines(made, label("log", "handling"), 3)
    made.signatures([_("记录人"), _("带班领导")])


def _lines(made: Document, title: str, count: int) -> None:
    """Ruled lines under a title."""
    made.table([Column(title)], [[""]] * count, row_height=LINE)


def p18(desk: Desk, *, start: int | None = None, end: int | None = None) -> Pdf:
    """The sheet of the newest outage, or of the newest that touches [start, end); an empty one to be written by hand
    while there never was one. Raises `Refused` when none was in the time that is named."""
    if start is None and end is None and not desk.count("outages"):
        return _empty(desk)
    return sheet(desk, outages.newest(desk, start, end))


def _empty(desk: Desk) -> Pdf:
    made = desk_document(desk, _("断网应急单"), crew=False)
    labels = [_(OUTAGES["kind"].label), _("起止"), _("历时"), _(OUTAGES["reported_to"].label)]
    made.pairs([(label, "") for label in labels], columns=2, row_height=LINE)
    made.pairs([(_(OUTAGES[name].label), "") for name in ("text", "measures")], columns=1, row_height=2 * LINE)
    made.heading(_("一、期间办理的事项"), 2)
    made.table(_things(), [[""] * 7] * 8, size=9.5, row_height=LINE)
    made.heading(_("二、使用的纸质单"), 2)
    made.table(_sheets(), [[""] * 6] * 3, size=9.5, row_height=LINE)
    made.signatures([_("填表人"), _("带班领导")])
    return made.pdf()


def _things() -> list[Column]:
    return [
        Column(_("编号"), width=24, align="center"),
        Column(_("时间"), width=13, align="center"),
        Column(_("类别\n方式"), width=17, align="center"),
        Column(_("对方"), width=25),
        Column(_("内容")),
        Column(_("纸质单"), width=30, align="center"),
        Column(_("录入"), width=21, align="center"),
    ]


def _sheets() -> list[Column]:
    return [
        Column(_("单号"), width=36),
        Column(_("表单")),
        Column(_("填写人"), width=25, align="center"),
        Column(_("补录人"), width=25, align="center"),
        Column(_("补录时间"), width=25, align="center"),
        Column(_("状态"), width=28, align="center"),
    ]


def sheet(desk: Desk, outage: Row) -> Pdf:
    """From when to when, what was done meanwhile, which sheets were used, what was typed later. What was printed before
    its end is not the sheet yet: the first one after that is no copy."""
    ended = outage.number("ends_at") if outage.get("ends_at") is not None else 0
    made = desk_document(
        desk,
        _("断网应急单"),
        shift=outages.span_text(outage.values),
        form=outages.FORM,
        about=outages.about(outage),
        since=ended,
    )
    made.pairs(_head(desk, outage), columns=2)
    told = [(_(OUTAGES[name].label), outage.text(name) or _("无")) for name in ("text", "measures")]
    made.pairs(told, columns=1)
    things = outages.done(desk, outage)
    made.heading(_("一、期间办理的事项"), 2)
    if things:
        made.table(_things(), [_thing(desk, one) for one in things], size=9.5)
    else:
        made.paragraph(_("无"))
    made.heading(_("二、使用的纸质单"), 2)
    used = outages.used(desk, things)
    if used:
        made.table(_sheets(), [_paper(row) for row in used], size=9.5)
    else:
        made.paragraph(_("无"))
    left = [row for row in outages.unsettled(desk, outage) if row.id not in {one.id for one in used}]
    if left:
        told = _("已印未用 {count} 张：{numbers}").format(count=len(left), numbers=numbers_text(left))
        made.paragraph(told, size=9.5)
    made.signatures([_("填表人"), _("带班领导")])
    return made.pdf()


def _head(desk: Desk, outage: Row) -> list[tuple[str, str]]:
    values = outage.values
    later = sum(one.later for one in outages.done(desk, outage))
    return [
        (_(OUTAGES["kind"].label), outages.kind_text(values)),
        (_("起止"), outages.span_text(values)),
        (_("历时"), outages.duration(values) or _("未恢复")),
        (_(OUTAGES["reported_to"].label), outage.text("reported_to") or _("无")),
        (_("恢复后补录"), _("{count} 条").format(count=later)),
        (_("填表时间"), f"{local(desk.clock.now()):%Y-%m-%d %H:%M}"),
    ]


def _thing(desk: Desk, one: Done) -> list[str]:
    row, log = one.row, desk.ledger("log")
    words = [log[name].kind.show(row.get(name), log[name]) for name in ("category", "means")]
    text = row.text("text")
    if row.get("handling"):
        text = _("{text}\n处理：{handling}").format(text=text, handling=row.text("handling"))
    recorded = local(row.number("recorded_at"))
    told = _("补录\n{time}").format(time=f"{recorded:%m-%d %H:%M}") if one.later else _("当时")
    return [
        row.text("no"),
        f"{local(row.number('happened_at')):%H:%M}",
        "\n".join(dict.fromkeys(word for word in words if word)),
        row.text("party"),
        text,
        one.number,
        "\n".join(part for part in (told, _recorder(desk, row)) if part),
    ]


def _recorder(desk: Desk, row: Row) -> str:
    told = desk.services.get("recorder_of")
    return str(told(row)) if told is not None else row.text("recorder")


def _paper(row: Row) -> list[str]:
    typed = f"{local(row.number('typed_at')):%m-%d %H:%M}" if row.get("typed_at") is not None else ""
    return [
        row.text("number"),
        service.form_text(row),
        row.text("written_by"),
        row.text("typed_by"),
        typed,
        service.state_text(row),
    ]
