"""What every printout of a desk carries: its unit, the time, 示例 or 演练 across the page, and the record it was made
from, so that a sheet can be held against the journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.printing.page import Document, Foot


def desk_document(desk: Desk, title: str, **more: Any) -> Document:
    """A document of this desk, begun; `more` goes to `Document` and over what is given here."""
    given: dict[str, Any] = {
        "unit": desk.config.unit or desk.config.name,
        "at": desk.clock.now(),
        "watermark": desk.config.mark,
        "foot": Foot(source(desk)),
    }
    return Document(title=title, **given | more)


def numbered_sheets(desk: Desk, title: str, numbers: Sequence[str], *, copy: bool = False) -> list[Document]:
    """Empty forms of one title, a document for each number, which stands in the upper corner and as a QR symbol at the
    foot; the first one's `pdf` holds them all. `copy` writes 副本 across."""
    made: list[Document] = []
    mark = "·".join(part for part in (desk.config.mark, _("副本") if copy else "") if part)
    for number in numbers:
        foot = Foot(_("{number}　空白单：停电断网时手写，恢复后按单号补录").format(number=number), number)
        first = {"behind": made[0]} if made else {}
        shift = _("单号 {number}").format(number=number)
        made.append(desk_document(desk, title, shift=shift, foot=foot, watermark=mark, **first))
    return made


def source(desk: Desk) -> str:
    """The head of the journal that a sheet is made from: `依据记录 1204 · 9f3a…`."""
    seq, digest = desk.store.position()
    return _("依据记录 {seq} · {digest}").format(seq=seq, digest=digest.hex()[:16])
