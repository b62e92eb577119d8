"""What every printout of a desk carries: its unit, the time, 示例 or 演练 across the page, and the record it was made
from, so that a sheet can be held against the journal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from dutydesk.core.clock import local
from dutydesk.core.i18n import N_, _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Row
from dutydesk.printing.page import Document, Foot

ASSIGNMENTS = "assignments"
SWAPPED = {"SWAP": N_("调"), "SUBSTITUTE": N_("代")}
"""Where a place of the roster has its person from, and what stands beside the name for it."""


def desk_document(
    desk: Desk, title: str, *, crew: bool = True, form: str = "", about: str = "", since: int = 0, **more: Any
) -> Document:
    """A document of this desk, begun; `more` goes to `Document` and over what is given here. Under the title stands who
    is on now, unless the form names a crew itself (`crew` False).

    A `form` (`P02`) that is about one thing says 副本 across and at the foot of its pages where it was printed since a
    moment before; a paper without one is of its moment alone and never a copy."""
    before = desk.services.get("printed_before")
    again = before is not None and bool(form and about) and bool(before(form, about, since))
    told_from = source(desk)
    given: dict[str, Any] = {
        "unit": _unit(desk),
        "at": desk.clock.now(),
        "watermark": _mark(desk, copy=again),
        "foot": Foot(_("{source}　副本，此前已打印过").format(source=told_from) if again else told_from),
        "about": about,
        "copy": again,
    }
    made = Document(title=title, **given | more)
    told = on_duty(desk) if crew else ""
    if told:
        made.paragraph(told, size=9.5, align="center")
    return made


def settle(desk: Desk, made: Document, form: str, content: Iterable[str], since: int = 0) -> Document:
    """Say on a finished document what it is beside those of the same form about the same thing that were printed since
    a moment: the same `content` (what it says, without the moment of printing) again is a copy 副本; changed content is
    a version of its own (第 2 版) that stands for those before it, never a copy of them. Gives `made`."""
    asked = desk.services.get("edition_before")
    version, last = asked(form, made.about, since) if asked is not None and made.about else (0, "")
    digest = hashlib.sha256("\x1f".join(content).encode()).hexdigest()[:32]
    copy = version > 0 and last in ("", digest)  # a print of before versions were kept is taken for the same
    made.copy, made.content, made.version = copy, digest, version if copy else version + 1
    made.watermark = _mark(desk, copy=copy)
    told = source(desk)
    if made.version > 1:
        named = _("第 {n} 版（更正）").format(n=made.version)
        made.shift = _(" · ").join(part for part in (named, made.shift) if part)
        told = _("{source}　第 {n} 版，以此为准").format(source=told, n=made.version)
    made.foot = Foot(_("{source}　副本，此前已打印过").format(source=told) if copy else told)
    return made


def _unit(desk: Desk) -> str:
    """Whose paper it is; of a view the hub and the district that it shows, or that it shows them all."""
    named = desk.config.unit or desk.config.name
    return _(" · ").join((named, desk.scope or _("全部区县"))) if desk.config.view else named


def _mark(desk: Desk, *, copy: bool) -> str:
    """What stands across a page: 示例 or 演练, and 副本."""
    return "·".join(part for part in (desk.config.mark, _("副本") if copy else "") if part)


def on_duty(desk: Desk) -> str:
    """`在岗：带班领导 王示例 主班 李示例（未签到）`; empty where nobody is known, and in a view of many desks."""
    on_now = desk.services.get("on_now_text")
    told = str(on_now()) if on_now is not None and not desk.config.view else ""
    return _("{name}：").format(name=_("在岗")) + told if told else ""


def numbered_sheets(desk: Desk, title: str, numbers: Sequence[str], *, copy: bool = False) -> list[Document]:
    """Empty forms of one title, a document for each number, which stands in the upper corner and as a QR symbol at the
    foot; the first one's `pdf` holds them all. `copy` writes 副本 across."""
    made: list[Document] = []
    mark = _mark(desk, copy=copy)
    for number in numbers:
        foot = Foot(_("{number}　空白单：停电断网时手写，恢复后按单号补录").format(number=number), number)
        first: dict[str, Any] = {"behind": made[0]} if made else {}
        shift = _("单号 {number}").format(number=number)
        made.append(desk_document(desk, title, crew=False, shift=shift, foot=foot, watermark=mark, copy=copy, **first))
    return made


def source(desk: Desk) -> str:
    """The head of the journal that a sheet is made from: `依据记录 1204 · 9f3a…`; of a view, which has no journal of its
    own, up to when it knows what the districts have sent."""
    if desk.config.view:
        from dutydesk.journal.view import last_success

        at = last_success(desk.store)
        return _("取自中心库，数据到 {time}").format(time=f"{local(at):%Y-%m-%d %H:%M}" if at is not None else "—")
    seq, digest = desk.store.position()
    return _("依据记录 {seq} · {digest}").format(seq=seq, digest=digest.hex()[:16])


def standing(desk: Desk, shift: Row, name: str) -> str:
    """Who stands a post of a shift (`leader`, `primary`, `secondary`), empty for nobody: `李示例（调）` where the roster
    has them there by a swap, `（代）` as a substitute."""
    person = shift.get(name)
    if not isinstance(person, bytes):
        return ""
    text = desk.title("people", person)
    if ASSIGNMENTS not in desk.store.schema.shapes:
        return text
    told = {"date": shift.text("date"), "shift": shift.text("code"), "post": name.upper(), "person": person}
    rows = desk.rows(ASSIGNMENTS, *(Condition(field, "=", value) for field, value in told.items()), limit=1)
    mark = SWAPPED.get(rows[0].text("origin")) if rows else None
    return _("{name}（{mark}）").format(name=text, mark=_(mark)) if mark else text
