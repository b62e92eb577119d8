"""The plain print of any ledger: its PRINT fields as a table, as wide as it needs to be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache

from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Pages, Query, Row
from dutydesk.ledger.kinds import Integer, Ref, Scaled, Time
from dutydesk.ledger.spec import Field, Ledger, On, Value, Values
from dutydesk.printing.desk import source
from dutydesk.printing.page import Document, Foot
from dutydesk.printing.tables import Column, Total

WIDE = 84
"""Characters of all fields beyond which the sheet is turned: what fits 169 mm at 9 points, two a Chinese character."""
SIZE = 9.0
Name = Callable[[str, bytes], str]
"""`name(ledger, row)`: what people call the row that a reference points to."""


def stored(row: Row) -> Values:
    """A row as it is stored."""
    return row.values


def list_document(desk: Desk, query: Query, values: Callable[[Row], Values] = stored) -> Document:
    """The document of a list of any length, personal values masked; `values` may make texts of what only the program
    reads."""

    @cache
    def name(ledger: str, row: bytes) -> str:
        return desk.title(ledger, row)

    return ledger_document(
        desk.ledger(query.ledger),
        map(values, _rows(desk.pages(query))),
        unit=desk.config.unit or desk.config.name,
        at=desk.clock.now(),
        watermark=desk.config.mark,
        foot=Foot(source(desk)),
        name=name,
    )


def _rows(pages: Pages) -> Iterator[Row]:
    for index in range(-(-pages.count() // pages.size)):
        yield from pages.page(index)


def ledger_document(
    ledger: Ledger,
    rows: Iterable[Values],
    *,
    unit: str,
    at: int,
    title: str = "",
    shift: str = "",
    masks: bool = True,
    watermark: str = "",
    totals: Sequence[str] = (),
    name: Name | None = None,
    foot: Foot | None = None,
) -> Document:
    """The document of `rows`, still open, so that `missing` can be shown before printing.

    Personal values are masked while `masks` is set. `totals` names number fields to be summed in a last row; `name`
    tells what a referenced row is called. Rows are counted in a first column unless they carry a number. A ledger without rows prints its head and one empty row.
    """
    fields = ledger.on(On.PRINT)
    document = Document(
        title=title or _(ledger.title),
        unit=unit,
        at=at,
        shift=shift,
        landscape=sum(shown_width(field) for field in fields) > WIDE,
        watermark=watermark,
        foot=foot,
    )
    numbered = ledger.number in [field.name for field in fields]
    columns = [] if numbered else [Column(_("序号"), width=10, align="right")]
    columns += [
        Column(
            _("{label}（{unit}）").format(label=_(field.label), unit=_(field.unit)) if field.unit else _(field.label),
            weight=shown_width(field),
            align="right" if field.kind.numeric else "left",
        )
        for field in fields
    ]
    sums = dict.fromkeys(totals, 0)

    def lines() -> Iterable[Sequence[str] | Total]:
        number = 0
        for number, row in enumerate(rows, 1):
            for total in sums:
                value = row.get(total)
                sums[total] += value if isinstance(value, int) else 0
            cells = [shown(field, row, masks, name) for field in fields]
            yield cells if numbered else [str(number), *cells]
        if not number:
            yield [""] * len(columns)
        if totals:
            cells = [summed(field, sums) for field in fields]
            cells = cells if numbered else ["", *cells]
            if "" in cells:
                cells[cells.index("")] = _("合计")
            yield Total(cells)

    document.table(columns, lines(), size=SIZE)
    return document


def shown_width(field: Field) -> int:
    """The field's share of the sheet in characters; times and long texts have a least width of their own."""
    least = 16 if isinstance(field.kind, Time) else 6
    return max(least, field.width, len(_(field.label)) + 2)


def shown(field: Field, row: Values, masks: bool = True, name: Name | None = None) -> str:
    """What the print shows of one value."""
    value: Value = row.get(field.name)
    if isinstance(field.kind, Ref):
        return name(field.kind.ledger, value) if name and isinstance(value, bytes) else field.kind.show(value, field)
    text = field.kind.show(value, field)
    return field.kind.mask(text) if masks and text and field.masks(row) else text


def summed(field: Field, sums: dict[str, int]) -> str:
    """The sum of a field that is to be summed, shown as its kind shows a value; else nothing."""
    if field.name not in sums or not isinstance(field.kind, Integer | Scaled):
        return ""
    return field.kind.show(sums[field.name], field)
