"""What every printout of a desk carries: its unit, the time, 示例 or 演练 across the page, and the record it was made
from, so that a sheet can be held against the journal."""

from __future__ import annotations

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


def source(desk: Desk) -> str:
    """The head of the journal that a sheet is made from: `依据记录 1204 · 9f3a…`."""
    seq, digest = desk.store.position()
    return _("依据记录 {seq} · {digest}").format(seq=seq, digest=digest.hex()[:16])
