"""Contacts out of files: vCards, and what a table of people needs beyond its columns.

Nothing that a file says of a person is lost: what no column of ours takes goes into the note as `列名:值`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from dutydesk.core.i18n import N_, _
from dutydesk.journal.desk import Desk
from dutydesk.ledger.feature import Draft, Importer, Incoming
from dutydesk.ledger.kinds import LONG
from dutydesk.ledger.rows import Entry
from dutydesk.ledger.spec import Value
from dutydesk.people.ledger import NUMBER_KINDS
from dutydesk.people.vcard import Card, NumberKind, number_kind, read_vcards

_KINDS = frozenset(choice.code for choice in NUMBER_KINDS)
_OFFICE_POST = re.compile("热线|值班|客服|总机|前台|hotline|switchboard", re.IGNORECASE)


def is_vcard(head: bytes, name: str) -> bool:
    """Whether a file is one of cards, by its first bytes (UTF-16 with its mark, too)."""
    plain = head.replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    return plain.lstrip()[:11].upper() == b"BEGIN:VCARD"


VCARD = Importer("people", "vcard", N_("vCard 通讯录"), "dutydesk.people.importing:read", is_vcard)


def read(desk: Desk, data: bytes, name: str, settings: Mapping[str, str]) -> Incoming:
    """The cards of a file as people with their numbers."""
    found = read_vcards(data, name)
    drafts = tuple(draft(card) for card in found.cards)
    return Incoming(found.read, drafts, found.refused, found.warnings)


def draft(card: Card) -> Draft:
    """One card: unit and post by their names, numbers in the order of the card, e-mail and address in the note."""
    note = [card.note] if card.note else []
    note += [_("邮箱:{mail}").format(mail=mail) for mail in card.emails]
    note += [_("地址:{address}").format(address=card.address)] if card.address else []
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


def tidy(
    values: Mapping[str, Value],
    post: str,
    entries: Sequence[Entry],
    left: Sequence[tuple[str, str]],
) -> tuple[dict[str, Value], tuple[Entry, ...]]:
    """One line of a table, finished: `left` are (header, text) of columns that no field takes, `post` the post as it
    is written there.

    A hotline or a duty room is the line of a unit, not a person: all its numbers are public ones, or its post says so.
    A number of which the column only says 电话 gets the kind of its shape.
    """
    done = dict(values)
    note = [str(done["note"])] if done.get("note") else []
    note += [f"{header}:{' '.join(text.split())}" for header, text in left if text.strip()]
    if note:
        done["note"] = "\n".join(note)[: LONG.limit]
    kinds = [number_kind((), entry.text) for entry in entries]
    public = bool(kinds) and all(kind is NumberKind.HOTLINE for kind in kinds)
    office = done.get("kind") == "OFFICE" or bool(_OFFICE_POST.search(post)) or public
    done["kind"] = done.get("kind") or ("OFFICE" if office else "PERSON")
    return done, tuple(_entry(entry, kind, office) for entry, kind in zip(entries, kinds, strict=True))


def _entry(entry: Entry, kind: NumberKind, office: bool) -> Entry:
    if entry.kind not in ("OTHER", "", "HOTLINE"):
        return entry
    if office and kind in (NumberKind.OTHER, NumberKind.OFFICE):
        kind = NumberKind.HOTLINE
    return Entry(_kind(kind), entry.text)
