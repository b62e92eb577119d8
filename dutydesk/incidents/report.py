"""突发事件登记表: one incident on paper, with its clocks and everything that happened."""

from __future__ import annotations

from collections.abc import Sequence

from dutydesk.core.clock import local
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import N_, _
from dutydesk.core.privacy import mask_phones
from dutydesk.incidents import lines, service
from dutydesk.incidents.clocks import Timed
from dutydesk.incidents.ledger import INCIDENTS
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.printing.desk import desk_document, settle
from dutydesk.printing.tables import Column

TITLE = N_("突发事件登记表")
PAIRS = (
    *("no", "state", "happened_at", "received_at", "source", "caller", "caller_phone", "type", "region", "place"),
    *("grade", "dead", "missing", "trapped", "serious", "injured", "loss_wan", "contact"),
)
TEXTS = ("text", "measures", "impact", "request")
UNKNOWN = N_("待核")


def incident_sheet(desk: Desk, incident: str | bytes = "") -> bytes:
    """The PDF of one incident, by number, id or row. Raises `Refused` when there is none."""
    if not incident:
        raise Refused(Problem(_("写明哪一件事件"), "--incident"))
    return sheet_of(desk, service.find(desk, incident))[0]


def sheet_of(desk: Desk, row: Row) -> tuple[bytes, Sequence[Problem]]:
    """The PDF, and the characters that it draws as boxes. Personal numbers are masked."""
    document = desk_document(
        desk,
        _(TITLE),
        subtitle=desk.placed(row, lines.title(row.values)),
        about=row.text("no") or row.id.hex(),
    )
    values = [(_label(name), _value(desk, row, name)) for name in (*PAIRS, *TEXTS)]
    document.pairs(values[: len(PAIRS)])
    for name in TEXTS:
        if row.values.get(name) is not None or name in ("text", "measures"):
            document.box(mask_phones(_value(desk, row, name)), title=_label(name))
    clocks = service.clocks(desk, row)
    if clocks:
        document.heading(_("报送"), 2)
        document.table(
            [
                Column(_("时限"), weight=3),
                Column(_("报给"), weight=3),
                Column(_("最迟"), weight=2),
                Column(_("结果"), weight=3),
                Column(_("依据"), weight=5),
            ],
            [
                [one.clock.label, one.clock.to, _time(one.clock.due_at), _result(one), one.clock.source]
                for one in clocks
            ],
            size=9,
        )
    told = [(_label(name), row.text(name)) for name in ("phoned_to", "reported_to") if row.text(name)]
    if told:
        document.pairs(told, columns=1)
    document.heading(_("经过"), 2)
    course = [
        [
            _time(moment.at),
            mask_phones(moment.text + (_("（说明：{note}）").format(note=moment.note) if moment.note else "")),
            moment.by,
        ]
        for moment in service.timeline(desk, row)
    ]
    columns = [Column(_("时间"), width=24), Column(_("内容"), weight=6), Column(_("记录人"), width=20)]
    document.table(columns, course, size=9, signed=True)
    document.signatures([_("值班员"), _("带班领导")])
    settle(desk, document, "INC", [text for line in (*values, *course) for text in line])
    return document.pdf(), document.missing


def _label(name: str) -> str:
    item = INCIDENTS[name]
    told = _(item.label)
    return _("{label}（{unit}）").format(label=told, unit=_(item.unit)) if item.unit else told


def _value(desk: Desk, row: Row, name: str) -> str:
    item, value = INCIDENTS[name], row.values.get(name)
    if value is None:
        return _(UNKNOWN)
    if name == "type":
        return lines.type_path(value)
    if isinstance(value, bytes):
        return desk.title("regions", value)
    if item.personal:
        return str(desk.masked(row, name))
    return item.kind.show(value, item)


def _time(at: int) -> str:
    return f"{local(at):%m-%d %H:%M}"


def _result(one: Timed) -> str:
    if one.state == "DONE" and one.done_at is not None:
        text = _("{time} 已报").format(time=_time(one.done_at))
    elif one.state == "WAIVED":
        text = _("未报")
    elif one.state == "OVERDUE":
        text = _("逾期未报")
    else:
        text = _("未到时限")
    return text + (_("，迟 {late}").format(late=lines.late_text(one.late)) if one.late else "")
