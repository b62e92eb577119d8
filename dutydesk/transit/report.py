"""P19 移动存储介质登记簿: the media, who had them when, what they carried; and the sheet of a recovery key for the safe."""

from __future__ import annotations

from collections.abc import Sequence

from dutydesk.core.clock import local
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Row
from dutydesk.ledger.feature import Pdf
from dutydesk.ledger.kinds import choice_label
from dutydesk.ledger.spec import Ledger
from dutydesk.printing.desk import desk_document
from dutydesk.printing.page import Document, Foot
from dutydesk.printing.tables import Column
from dutydesk.printing.tables import Row as Line
from dutydesk.sync import age
from dutydesk.transit.ledger import BUNDLES, MEDIA, MOVES

SIZE = 9.0
LINE = 9.0
"""Millimetres of a row that is written by hand."""
BY_HAND = 8
GROUP = 8
"""Characters of a key that stand together on paper."""


def p19(desk: Desk, *, start: int | None = None, end: int | None = None) -> Pdf:
    """The register: every medium, and what happened and was carried in [start, end) (all of it without). While nothing
    is entered it has empty lines to be written by hand."""
    made = desk_document(desk, _("移动存储介质登记簿"), crew=False, landscape=True, shift=_span(start, end))
    span = [Condition("at", ">=", start)] if start is not None else []
    span += [Condition("at", "<", end)] if end is not None else []
    for title, columns, rows in (
        (_("一、介质"), _media_columns(), _media(desk)),
        (_("二、领用、归还、销毁"), _move_columns(), _moves(desk, span)),
        (_("三、导出导入"), _carried_columns(), _carried(desk, span)),
    ):
        made.heading(title, 2)
        empty = [[""] * len(columns)] * BY_HAND
        made.table(columns, rows or empty, size=SIZE, row_height=0 if rows else LINE)
    made.signatures([_("登记人"), _("保密管理人员")])
    return made.pdf()


def _span(start: int | None, end: int | None) -> str:
    if start is None and end is None:
        return ""
    moments = [local(at).strftime("%Y-%m-%d") if at is not None else "" for at in (start, end)]
    return _("{start} 至 {end}").format(start=moments[0], end=moments[1])


def _moment(row: Row, name: str) -> str:
    at = row.get(name)
    return local(at).strftime("%Y-%m-%d %H:%M") if isinstance(at, int) else ""


def _label(row: Row, name: str, ledger: Ledger) -> str:
    code = row.text(name)
    return choice_label(code, ledger[name]) if code else ""


def _media_columns() -> list[Column]:
    return [
        Column(_("编号"), width=24),
        Column(_("类别"), width=20, align="center"),
        Column(_("型号、序列号"), weight=2),
        Column(_("密级"), width=16, align="center"),
        Column(_("状态"), width=18, align="center"),
        Column(_("领用人"), width=24),
        Column(_("登记时间"), width=30, align="center"),
        Column(_("登记人"), width=24),
        Column(_("备注"), weight=2),
    ]


def _media(desk: Desk) -> list[Line]:
    return [
        [
            row.text("label"),
            _label(row, "kind", MEDIA),
            row.text("model"),
            _label(row, "grade", MEDIA),
            _label(row, "state", MEDIA),
            row.text("holder"),
            _moment(row, "registered_at"),
            row.text("by"),
            row.text("note"),
        ]
        for row in desk.rows("media")
    ]


def _move_columns() -> list[Column]:
    return [
        Column(_("时间"), width=30, align="center"),
        Column(_("介质编号"), width=26),
        Column(_("事项"), width=18, align="center"),
        Column(_("领用人"), width=28),
        Column(_("经办人"), width=28),
        Column(_("见证人"), width=28),
        Column(_("说明")),
    ]


def _moves(desk: Desk, span: Sequence[Condition]) -> list[Line]:
    return [
        [
            _moment(row, "at"),
            _title(desk, row),
            _label(row, "what", MOVES),
            row.text("holder"),
            row.text("by"),
            row.text("witness"),
            row.text("note"),
        ]
        for row in reversed(desk.rows("media_moves", *span))
    ]


def _carried_columns() -> list[Column]:
    return [
        Column(_("时间"), width=30, align="center"),
        Column(_("方向"), width=14, align="center"),
        Column(_("文件"), width=38),
        Column(_("对方"), width=28),
        Column(_("介质编号"), width=24),
        Column(_("记录"), width=16, align="right"),
        Column(_("含个人信息"), width=22, align="right"),
        Column(_("结果"), width=24, align="center"),
        Column(_("经办人、事由")),
    ]


def _carried(desk: Desk, span: Sequence[Condition]) -> list[Line]:
    return [
        [
            _moment(row, "at"),
            _label(row, "direction", BUNDLES),
            row.text("number"),
            row.text("peer"),
            _title(desk, row),
            row.text("acts"),
            row.text("personal"),
            _label(row, "result", BUNDLES),
            _("；").join(text for text in (row.text("by"), row.text("reason")) if text),
        ]
        for row in reversed(desk.rows("bundles", *span))
    ]


def _title(desk: Desk, row: Row) -> str:
    medium = row.get("medium")
    return desk.title("media", medium) if isinstance(medium, bytes) else ""


def key_sheet(desk: Desk, secret: str) -> Pdf:
    """A private recovery key on paper, to be locked away: in groups to be typed, and as a QR symbol. It is kept nowhere
    else."""
    public = age.recipient_of(secret)
    made = Document(
        title=_("离线恢复密钥"),
        unit=desk.config.unit or desk.config.name,
        at=desk.clock.now(),
        subtitle=_("密封后锁在保险柜，不要拍照，不要留在电脑里"),
        foot=Foot(_("右边的方格就是私钥，用扫码枪可以直接读入"), secret),
    )
    made.pairs([(_("私钥"), grouped(secret)), (_("公钥"), grouped(public))], columns=1, size=13, row_height=26)
    made.heading(_("它能做什么"), 2)
    made.paragraph(
        _(
            "打开本席位从今天起写出的每一个数据包，不论是给谁的。谁拿到这张纸，谁就能打开，所以要密封、双人保管、登记在册。"
        ),
        indent=2,
    )
    made.heading(_("什么时候用"), 2)
    made.paragraph(
        _(
            "收件的电脑坏了、丢了，数据包谁也打不开的时候：在任一台值班台上打开“数据包—密钥”，按 Shift+F7，照着这张纸输入私钥，再选要打开的数据包。"
        ),
        indent=2,
    )
    made.paragraph(_("用过以后换一把新的：同一处按 Ctrl+N，旧的按 Delete 停用。"), indent=2)
    made.space(20)
    made.signatures([_("打印人"), _("封存人"), _("保管人")])
    return made.pdf()


def grouped(key: str) -> str:
    """A key to be read aloud and typed: `AGE-SECR ET-KEY-1 …`."""
    return " ".join(key[at : at + GROUP] for at in range(0, len(key), GROUP))
