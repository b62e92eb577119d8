"""People and their numbers as vCard 3.0, for telephones and mail programs."""

from __future__ import annotations

from collections.abc import Sequence

from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.people.vcard import Card, NumberKind, write_vcards

_KINDS = {kind.value: kind for kind in NumberKind} | {"DUTY": NumberKind.OFFICE, "SATELLITE": NumberKind.OTHER}


def write_cards(desk: Desk, rows: Sequence[q.Row], *, reveal: bool) -> bytes:
    """The cards of these people, numbers in their order. A private number stays out unless `reveal`: a masked one in a
    telephone would only be dialled wrongly. Bad and closed numbers stay out too."""
    wanted = {row.id for row in rows}
    numbers: dict[bytes, list[q.Row]] = {}
    for number in desk.rows("numbers", order="order"):
        person = number.get("person")
        if isinstance(person, bytes) and person in wanted and number.get("state") not in ("BAD", "OFF"):
            numbers.setdefault(person, []).append(number)
    private = desk.ledger("numbers")["number"]
    names = {
        ledger: desk.titles(ledger, [value for row in rows if isinstance(value := row.get(field), bytes)])
        for ledger, field in (("units", "unit"), ("posts", "post"))
    }
    cards: list[Card] = []
    for row in rows:
        shown = tuple(
            (_KINDS.get(number.text("kind"), NumberKind.OTHER), number.text("number"))
            for number in numbers.get(row.id, ())
            if reveal or not private.masks(number.values)
        )
        unit, post = row.get("unit"), row.get("post")
        cards.append(
            Card(
                row.text("name"),
                names["units"].get(unit, "") if isinstance(unit, bytes) else "",
                names["posts"].get(post, "") if isinstance(post, bytes) else "",
                row.text("note"),
                row.get("kind") == "OFFICE",
                shown,
            )
        )
    return write_vcards(cards)
