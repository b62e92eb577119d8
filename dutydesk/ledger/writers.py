"""Rows of a ledger out to CSV and xlsx, as people read them and as `readers` takes them back.

Headers are labels, codes stand as their labels, times as `YYYY-MM-DD HH:MM:SS` (+08:00): what is written here and
read again gives the same values. No cell can be taken for a formula. GeoJSON is in `geojson`.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from dutydesk.core.clock import SECOND, iso
from dutydesk.core.i18n import _
from dutydesk.ledger.kinds import Code, Integer, Kind, Ref, Scaled, Time
from dutydesk.ledger.records import guard
from dutydesk.ledger.spec import Field, Ledger, On, Value, Values
from dutydesk.ledger.xlsx import Column, write_sheet

Title = Callable[[str, bytes], str]
"""What a row of a ledger is called: `title("regions", id)`."""


def headers(ledger: Ledger) -> tuple[str, ...]:
    """The header of every field that files hold: its label, with its name where two labels are the same."""
    labels = [_(item.label) for item in ledger.on(On.FILE)]
    times = Counter(labels)
    return tuple(
        label if times[label] == 1 else _("{text}（{key}）").format(text=label, key=item.name)
        for label, item in zip(labels, ledger.on(On.FILE), strict=True)
    )


def write_csv(ledger: Ledger, rows: Iterable[Values], *, masked: bool = True, title: Title | None = None) -> bytes:
    """CSV in UTF-8 with a byte order mark, so that Excel reads Chinese; CRLF, commas, quotes where needed.

    `masked` hides personal fields; `title` names the rows that references point to (else their ids are written).
    """
    fields = ledger.on(On.FILE)
    loose = [at for at, item in enumerate(fields) if not isinstance(item.kind, Integer | Time | Ref)]
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(map(guard, headers(ledger)))
    for cells in _cells(fields, rows, masked, title):
        for at in loose:
            cells[at] = guard(cells[at])
        writer.writerow(cells)
    return b"\xef\xbb\xbf" + target.getvalue().encode("utf-8", "replace")


def write_xlsx(ledger: Ledger, rows: Iterable[Values], *, masked: bool = True, title: Title | None = None) -> bytes:
    """An xlsx workbook of one sheet: numbers as numbers, everything else, telephone numbers above all, as text.

    `masked` and `title` as in `write_csv`. Raises `Refused` beyond 1,048,576 rows.
    """
    fields = ledger.on(On.FILE)
    columns = [
        Column(header, item.width, isinstance(item.kind, Integer))
        for header, item in zip(headers(ledger), fields, strict=True)
    ]
    return write_sheet(_(ledger.title), columns, _cells(fields, rows, masked, title))


def _cells(fields: Sequence[Field], rows: Iterable[Values], masked: bool, title: Title | None) -> Iterator[list[str]]:
    plans = [(item.name, _shower(item, title), item if masked and item.personal else None) for item in fields]
    for row in rows:
        cells: list[str] = []
        for name, show, personal in plans:
            value = row.get(name)
            text = "" if value is None else show(value)
            if text and personal and personal.masks(row):
                text = personal.kind.mask(text)
            cells.append(text)
        yield cells


def _shower(item: Field, title: Title | None) -> Callable[[Value], str]:
    """A function from a value to the text that files hold and `Kind.parse` reads back."""
    kind = item.kind
    if type(kind).show is Kind.show:
        return str
    if type(kind) is Time:
        return _time
    if type(kind) is Scaled:
        return _scaled(kind.places)
    if isinstance(kind, Code):
        labels = {choice.code: _code_text(item, kind, choice.code) for choice in item.choices}
        return lambda value: labels.get(str(value), str(value))
    if isinstance(kind, Ref) and title is not None:
        return lambda value: title(kind.ledger, value) if isinstance(value, bytes) else ""
    return lambda value: kind.show(value, item)


def _time(value: Value) -> str:
    if not isinstance(value, int):
        return ""
    return iso(value)[: 19 if value % SECOND == 0 else 23].replace("T", " ")


def _scaled(places: int) -> Callable[[Value], str]:
    unit = 10**places

    def show(value: Value) -> str:
        if not isinstance(value, int):
            return ""
        whole, part = divmod(abs(value), unit)
        return f"{'-' if value < 0 else ''}{whole}.{part:0{places}}" if places else str(value)

    return show


def _code_text(item: Field, kind: Code, code: str) -> str:
    """The label where it leads back to the code, else the code."""
    label = kind.show(code, item)
    try:
        return label if kind.parse(label, item) == code else code
    except ValueError:
        return code
