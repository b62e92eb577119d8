"""Contacts out of files: vCards, and what a table of people needs beyond its columns.

Nothing that a file says of a person is lost: what no column of ours takes goes into the note as `列名：值`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.ledger.feature import Draft, Finished, Incoming, TableLine
from dutydesk.ledger.kinds import LONG
from dutydesk.ledger.rows import Entry
from dutydesk.ledger.spec import Value
from dutydesk.people.ledger import NUMBER_KINDS
from dutydesk.people.vcard import Card, NumberKind, number_kind, read_vcards

_KINDS = frozenset(choice.code for choice in NUMBER_KINDS)
_OFFICE_POST = re.compile("热线|值班|客服|总机|前台|hotline|switchboard", re.IGNORECASE)


def read(desk: Desk, data: bytes, name: str, settings: Mapping[str, str]) -> Incoming:
    """The cards of a file as people with their numbers."""
    found = read_vcards(data, name)
    drafts = tuple(draft(card) for card in found.cards)
    return Incoming(found.read, drafts, found.refused, found.warnings)


def draft(card: Card) -> Draft:
    """One card: unit and post by their names, numbers in the order of the card, e-mail and address in the note."""
    note = [card.note] if card.note else []
    note += [_("邮箱：{mail}").format(mail=mail) for mail in card.emails]
    note += [_("地址：{address}").format(address=card.address)] if card.address else []
    values: dict[str, Value] = {"name": card.name, "kind": "OFFICE" if card.office else "PERSON"}
    names: dict[str, str] = {}
    if card.unit:
        names["unit"] = card.unit
    else:
        values["unit"] = None
    if card.post:
        names["post"] = card.post
    if note:
        values["note"] = "\n".join(note)[: LONG.limit]
    children = tuple(
        Draft(card.line, "numbers", {"order": order, "kind": _kind(kind), "number": number}, link="person")
        for order, (kind, number) in enumerate(card.numbers, 1)
    )
    return Draft(card.line, "people", values, names, children)


def _kind(kind: NumberKind) -> str:
    return kind.value if kind.value in _KINDS else "OTHER"


# -- tables ------------------------------------------------------------------------------------------------------------


def finish(line: TableLine) -> Finished:
    """One line of a table of people.

    A hotline or a duty room is the line of a unit, not a person: all its numbers are public ones, or its post says so.
    A number of which the column only says 电话 gets the kind of its shape.
    """
    entries: tuple[Entry, ...] = line.lists.get("numbers", ())
    kinds = [number_kind((), entry.text) for entry in entries]
    public = bool(kinds) and all(kind is NumberKind.HOTLINE for kind in kinds)
    given = line.values.get("kind")
    office = given == "OFFICE" or (given is None and (public or bool(_OFFICE_POST.search(line.texts.get("post", "")))))
    done = tuple(_entry(entry, kind, office) for entry, kind in zip(entries, kinds, strict=True))
    fresh = rest(line).fresh
    return Finished(
        {**line.lists, "numbers": done} if done else line.lists, {**fresh, "kind": "OFFICE" if office else "PERSON"}
    )


def rest(line: TableLine) -> Finished:
    """What no column of ours takes goes into the note of a new row, `列名：值` a line."""
    left = [(header, " ".join(text.split())) for header, text in line.left if text.strip()]
    note = [_("{label}：{text}").format(label=header, text=text) for header, text in left]
    if not note:
        return Finished(line.lists, {})
    held = [str(line.values["note"])] if line.values.get("note") else []
    return Finished(line.lists, {"note": "\n".join([*held, *note])[: LONG.limit]})


def _entry(entry: Entry, kind: NumberKind, office: bool) -> Entry:
    if entry.kind not in ("OTHER", "", "HOTLINE"):
        return entry
    if office and kind in (NumberKind.OTHER, NumberKind.OFFICE, NumberKind.MOBILE):
        kind = NumberKind.HOTLINE
    return Entry(_kind(kind), entry.text)
