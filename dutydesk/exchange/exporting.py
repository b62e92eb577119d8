"""Export: a ledger as a file, by the ending of its name. Personal fields are masked unless a reason is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from dutydesk.core.errors import Problem, Refused, Unavailable
from dutydesk.core.files import write_whole
from dutydesk.core.i18n import _
from dutydesk.exchange.cards import write_cards
from dutydesk.exchange.ics import write_ics
from dutydesk.exchange.reading import load
from dutydesk.exchange.shapes import all_rows
from dutydesk.journal import audit
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.journal.rows import ORIGIN
from dutydesk.ledger.geojson import write_geojson
from dutydesk.ledger.kinds import Ref
from dutydesk.ledger.spec import Ledger, Values
from dutydesk.ledger.writers import write_csv, write_xlsx

Write = Callable[[list[q.Row], bool], bytes]


def endings(desk: Desk, ledger: Ledger) -> dict[str, Write]:
    """The endings that a ledger can be written with, and what writes them."""
    title = Names(desk, ledger)

    placed, values = _placed(desk, ledger)

    def csv_of(rows: list[q.Row], reveal: bool) -> bytes:
        return write_csv(placed, values(rows), masked=not reveal, title=title)

    def xlsx_of(rows: list[q.Row], reveal: bool) -> bytes:
        return write_xlsx(placed, values(rows), masked=not reveal, title=title)

    def geojson_of(rows: list[q.Row], reveal: bool) -> bytes:
        return write_geojson(ledger, _values(rows), masked=not reveal)

    known: dict[str, Write] = {".csv": csv_of, ".xlsx": xlsx_of}
    if "lon" in ledger and "lat" in ledger:
        known[".geojson"] = geojson_of
    if ledger.name == "people":
        known[".vcf"] = lambda rows, reveal: write_cards(desk, rows, reveal=reveal)
    if "starts_at" in ledger and "ends_at" in ledger:
        known[".ics"] = lambda rows, _reveal: write_ics(desk, ledger, rows)
    for feature in desk.features:
        for item in feature.exporters:
            if item.ledger == ledger.name:
                known[item.ending] = _of_feature(desk, item.write)
    return known


def _of_feature(desk: Desk, dotted: str) -> Write:
    def write(rows: list[q.Row], reveal: bool) -> bytes:
        data: bytes = load(dotted)(desk, rows, reveal)
        return data

    return write


def _values(rows: Iterable[q.Row]) -> Iterator[Values]:
    return (row.values for row in rows)


def _placed(desk: Desk, ledger: Ledger) -> tuple[Ledger, Callable[[Iterable[q.Row]], Iterator[Values]]]:
    """A ledger as tables of it are written, and the values of its rows: where rows of several districts stand together,
    the district comes first."""
    if not desk.config.view:
        return ledger, _values

    def values(rows: Iterable[q.Row]) -> Iterator[Values]:
        return ({ORIGIN.name: desk.origin(row), **row.values} for row in rows)

    return replace(ledger, fields=(ORIGIN, *ledger.fields)), values


def export(desk: Desk, ledger: Ledger, query: q.Query, target: Path, *, reason: str = "") -> int:
    """Write the rows of `query` into `target` whole or not at all; returns how many. With a `reason` personal fields
    are shown; either way the export is recorded under 审计, but that from a view, which has no personal data.

    Raises `Refused` for an ending that the ledger has no form for, `Unavailable` when the file cannot be written.
    """
    known = endings(desk, ledger)
    write = known.get(target.suffix.lower())
    if write is None:
        reason = _("不能导出为 {ending}，可用：{known}").format(
            ending=target.suffix or target.name, known=_("、").join(known)
        )
        raise Refused(Problem(reason, file=target.name))
    rows = list(all_rows(desk, query))
    data = write(rows, bool(reason))
    if reason or not desk.config.view:  # nobody writes in a view, where nothing personal is to be shown either
        audit.record(desk, "EXPORT", f"{ledger.name} {target.name}", reason or _("已脱敏"), str(len(rows)))
    save(target, data)
    return len(rows)


def save(target: Path, data: bytes) -> None:
    """Put bytes into a file: the old one stays until the new one is whole. Raises `Unavailable`."""
    try:
        write_whole(target, data)
    except OSError as error:
        raise Unavailable(
            Problem(_("没有写成：{error}").format(error=error.strerror or error), file=str(target))
        ) from None


class Names:
    """What the rows that references point to are called in files: a name that leads back to the row, else its code."""

    def __init__(self, desk: Desk, ledger: Ledger) -> None:
        self._desk = desk
        self._targets = {item.kind.ledger for item in ledger.fields if isinstance(item.kind, Ref)}
        self._names: dict[str, dict[bytes, str]] = {}

    def __call__(self, ledger: str, row: bytes) -> str:
        if ledger not in self._names:
            self._names[ledger] = self._load(ledger)
        return self._names[ledger].get(row, row.hex())

    def _load(self, ledger: str) -> dict[bytes, str]:
        declared = self._desk.ledger(ledger)
        fields = [name for name in ("name", "code", "no", "identifier") if name in declared]
        rows = list(all_rows(self._desk, q.Query(ledger)))
        times: dict[str, int] = {}
        for row in rows:
            for text in {row.text(name) for name in fields}:
                times[text] = times.get(text, 0) + 1
        if self._desk.config.view:  # what is read there is not brought in again: the names, the district beside them
            return {row.id: next((row.text(name) for name in fields if row.text(name)), row.id.hex()) for row in rows}
        return {
            row.id: next(
                (row.text(name) for name in fields if row.text(name) and times[row.text(name)] == 1), row.id.hex()
            )
            for row in rows
        }
