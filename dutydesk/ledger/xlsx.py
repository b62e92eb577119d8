"""A thin streaming writer of one-sheet xlsx files (ECMA-376 parts 1 and 2).

Written here because a table of texts and numbers needs none of XlsxWriter's machinery and pays for all of it: 100,000
rows of 6 columns take about 0.6 s here, 6–9 s there (`constant_memory`), 10–13 s with openpyxl. Texts are inline
strings, never formulas and never links, so nothing a person typed can run; there is no shared-string table to keep in
memory. The bytes depend on the rows alone (fixed times in the archive).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _

MAX_ROWS = 1_048_576
MAX_TEXT = 32_767
_BATCH = 2_000
_NEEDS_ESCAPE = re.compile("[&<>\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_x[0-9A-Fa-f]{4}_")
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,10})?")

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

_PARTS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_SPREADSHEET}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_SPREADSHEET}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_SPREADSHEET}.styles+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_RELS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_RELS}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_RELS}/styles" Target="styles.xml"/></Relationships>'
    ),
    # Cell formats: 0 general, 1 text (@, so that a number typed over a telephone number stays text), 2 bold header.
    "xl/styles.xml": (
        f'<styleSheet xmlns="{_MAIN}">'
        '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
        '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    ),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its header, its width in characters, and whether its texts that are numbers become numbers."""

    header: str
    width: int = 12
    numeric: bool = False


def write_sheet(title: str, columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> bytes:
    """An xlsx file of one sheet with a bold, frozen header. Empty texts leave their cell out.

    A text of a numeric column that has more than 15 digits stays text, since a spreadsheet would lose the rest.
    Raises `Refused` beyond 1,048,576 rows (header included) or 32,767 characters in a cell.
    """
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, body in (*_PARTS.items(), ("xl/workbook.xml", _workbook(title))):
            archive.writestr(_entry(name), _HEAD + body)
        with archive.open(_entry("xl/worksheets/sheet1.xml"), "w", force_zip64=False) as part:
            for text in _sheet(columns, rows):
                part.write(text.encode())
    return target.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry


def _workbook(title: str) -> str:
    name = re.sub(r"[\[\]:*?/\\]", " ", title).strip("' ")[:31] or "Sheet1"
    return (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELS}"><sheets>'
        f'<sheet name="{escape(name).replace(chr(34), "&quot;")}" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )


def _sheet(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    widths = "".join(
        f'<col min="{at}" max="{at}" width="{max(column.width, 4) + 2}" customWidth="1"/>'
        for at, column in enumerate(columns, 1)
    )
    yield (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f"<cols>{widths}</cols><sheetData>"
    )
    letters = [column_letters(at) for at in range(1, len(columns) + 1)]
    yield from _rows([(f'<c r="{letter}', False) for letter in letters], [[c.header for c in columns]], 1, "2")
    plans = [(f'<c r="{letter}', column.numeric) for letter, column in zip(letters, columns, strict=True)]
    yield from _rows(plans, rows, 2, "1")
    yield "</sheetData></worksheet>"


def _rows(plans: Sequence[tuple[str, bool]], rows: Iterable[Sequence[str]], first: int, style: str) -> Iterable[str]:
    needs, number = _NEEDS_ESCAPE.search, first
    text_head = f'{{}}" t="inlineStr" s="{style}"><is><t xml:space="preserve">'.format
    source = iter(rows)
    while batch := list(islice(source, _BATCH)):
        out: list[str] = []
        for row in batch:
            if number > MAX_ROWS:
                raise Refused(Problem(_("超过表格的行数上限 {limit} 行，请先筛选或改用 CSV").format(limit=MAX_ROWS)))
            head, mark = text_head(number), str(number)
            out.append(f'<row r="{mark}">')
            for (start, numeric), text in zip(plans, row, strict=True):
                if not text:
                    continue
                if numeric and _NUMBER.fullmatch(text) and sum(map(str.isdigit, text)) <= 15:
                    out.append(f'{start}{mark}"><v>{text}</v></c>')
                    continue
                if len(text) > MAX_TEXT:
                    raise Refused(Problem(_("一格超过 {limit} 字").format(limit=MAX_TEXT), line=number))
                out.append(f"{start}{head}{escape(text) if needs(text) else text}</t></is></c>")
            out.append("</row>")
            number += 1
        yield "".join(out)


def escape(text: str) -> str:
    """Text for XML; what XML cannot hold is written `_xHHHH_` (ECMA-376 part 1 §22.9.2.19), and so is the underline
    of a text that looks like it."""

    def one(found: re.Match[str]) -> str:
        text = found[0]
        if text in _ESCAPED:
            return _ESCAPED[text]
        return f"_x005F{text}" if len(text) > 1 else f"_x{ord(text):04X}_"

    return _NEEDS_ESCAPE.sub(one, text)


def column_letters(number: int) -> str:
    """1 → `A`, 27 → `AA`."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
