"""Spreadsheets in: xlsx, xlsm, xlsb, xls and ods through calamine, behind limits that it does not have itself.

calamine lays a sheet out as a dense rectangle, so one cell in the last corner of an otherwise empty sheet asks for
17 thousand million cells and aborts the process; and it gives an error cell (`#REF!`) as empty. Both are found by a
look at the sheet's XML while the archive is unpacked once, counting the bytes that really come out (its own figures
may lie).
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.ledger import xls
from dutydesk.ledger.records import Grid, Line

MAX_UNPACKED = 200 * 2**20
MAX_RATIO = 100
MAX_ENTRIES = 10_000
MAX_CELLS = 20_000_000
MAX_ROW, MAX_COLUMN = 1_048_576, 16_384
_RATIO_FROM = 2**20
_CHUNK = 2**20
_OVERLAP = 200
# Cells outside A1:Z99999, with content; rows beyond a million.
_FAR_CELL = re.compile(
    rb"<(?:\w+:)?c\s[^<>]*?\br\s*=\s*[\"'](?:([A-Za-z]{2,})(\d+)|([A-Za-z])(\d{6,}))[\"'][^<>]*(?<!/)>"
)
_FAR_ROW = re.compile(rb"<(?:\w+:)?row\s[^<>]*?\br\s*=\s*[\"'](\d{7,})[\"']")
_ERROR_CELL = re.compile(rb"<(?:\w+:)?c\s(?=[^<>]*\bt\s*=\s*[\"']e[\"'])[^<>]*\br\s*=\s*[\"']([A-Z]+\d+)[\"']")


def check_archive(data: bytes, file: str) -> list[Problem]:
    """Unpack an archive once without keeping it; warnings for error cells.

    Raises `Refused` for a damaged or encrypted archive, more than 10,000 entries, more than 200 MB, a ratio above
    100, or a sheet of more than 20 million cells.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
        raise Refused(Problem(_("文件已损坏，打不开"), file=file)) from error
    if len(entries) > MAX_ENTRIES:
        raise Refused(Problem(_("压缩包里的文件超过 {limit} 个，不予打开").format(limit=MAX_ENTRIES), file=file))
    total = 0
    errors: list[str] = []
    for entry in entries:
        if entry.flag_bits & 1:
            raise Refused(Problem(_("文件有密码保护，请另存为没有密码的文件"), file=file))
        sheet = re.search(r"worksheets/[^/]+\.xml$", entry.filename, re.IGNORECASE)
        extent = _Extent() if sheet else None
        for chunk in _unpack(data, entry, file):
            total += len(chunk)
            if total > MAX_UNPACKED or (total > _RATIO_FROM and total > MAX_RATIO * len(data)):
                raise Refused(Problem(_("文件解开后大得不正常，不予打开"), file=file))
            if extent:
                extent.look(chunk)
        if extent:
            if extent.row * extent.column > MAX_CELLS or extent.row > MAX_ROW or extent.column > MAX_COLUMN:
                raise Refused(
                    Problem(
                        _("工作表太大：到第 {row} 行第 {column} 列还有内容，请删去空白处的内容再导入").format(
                            row=extent.row, column=extent.column
                        ),
                        file=file,
                    )
                )
            errors.extend(extent.errors)
    if errors:
        reason = _("有 {count} 格是错误值（如 #REF!），按空格读入：{cells}").format(
            count=len(errors), cells=" ".join(errors[:10])
        )
        return [Problem(reason, file=file)]
    return []


def _unpack(data: bytes, entry: zipfile.ZipInfo, file: str) -> Iterator[bytes]:
    """The bytes of one entry, straight from its local header: `zipfile` would stop at the size the archive claims."""
    damaged = Refused(Problem(_("文件已损坏，打不开"), file=file))
    at = entry.header_offset
    if at < 0 or data[at : at + 4] != b"PK\x03\x04" or len(data) < at + 30:
        raise damaged
    name, extra = struct.unpack_from("<HH", data, at + 26)
    body = memoryview(data)[at + 30 + name + extra :][: entry.compress_size]
    if entry.compress_type == zipfile.ZIP_STORED:
        yield bytes(body)
        return
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        raise damaged
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    rest: bytes | memoryview = body
    try:
        while rest and not engine.eof:
            chunk = engine.decompress(rest, _CHUNK)
            if not chunk and rest == engine.unconsumed_tail:
                break
            yield chunk
            rest = engine.unconsumed_tail
    except zlib.error:
        raise damaged from None


class _Extent:
    """How far a sheet reaches and which of its cells are errors, from chunks of its XML."""

    def __init__(self) -> None:
        self.row, self.column = 99_999, 26
        self.errors: list[str] = []
        self._tail = b""

    def look(self, chunk: bytes) -> None:
        text = self._tail + chunk
        cut = text.rfind(b"<", max(0, len(text) - _OVERLAP))
        cut = len(text) if cut < 0 else cut
        self._tail, text = text[cut:], text[:cut]
        for found in _FAR_CELL.finditer(text):
            self.column = max(self.column, column_number((found[1] or found[3]).decode()))
            self.row = max(self.row, int((found[2] or found[4])[:12]))
        for found in _FAR_ROW.finditer(text):
            if int(found[1][:12]) > MAX_ROW:
                self.row = int(found[1][:12])
        if b't="e"' in text or b"t='e'" in text:
            self.errors.extend(found[1].decode() for found in _ERROR_CELL.finditer(text))


def column_number(letters: str) -> int:
    """`A` → 1, `Z` → 26, `AA` → 27, `XFD` → 16384; anything longer than 6 letters is far beyond any sheet."""
    number = 0
    for letter in letters[:6].upper():
        number = number * 26 + ord(letter) - 64
    return number


def read_sheet(data: bytes, file: str, form: str, sheet: str | None = None) -> Grid:
    """The grid of one sheet of a workbook: the named one, else the first visible one that holds anything.

    `form` is what the bytes are (`xlsx`, `xls`, `ods`), for the result. Raises `Refused`.
    """
    warnings: list[Problem] = []
    try:
        if form == "xls":
            xls.check(data)
        else:
            warnings = check_archive(data, file)
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        found = _choose(book, file, sheet, warnings)
        rows = found.to_python(skip_empty_area=True)
        start = found.start or (0, 0)
        shown = SheetVisibleEnum.Visible
        hidden = any(meta.name == found.name and meta.visible != shown for meta in book.sheets_metadata)
        merges = tuple((r1, c1, r2, c2) for (r1, c1), (r2, c2) in found.merged_cell_ranges or ())
    except (PasswordError, xls.LockedError):
        raise Refused(Problem(_("文件有密码保护，请另存为没有密码的文件"), file=file)) from None
    except xls.BrokenError:
        raise Refused(Problem(_("文件已损坏，打不开"), file=file)) from None
    except (CalamineError, OSError, ValueError, OverflowError) as error:
        raise Refused(Problem(_("表格打不开：{why}").format(why=str(error)[:120]), file=file)) from None
    except BaseException as error:
        # A Rust panic reaches Python as pyo3's PanicException, which derives from BaseException and is exported nowhere.
        if type(error).__name__ != "PanicException":
            raise
        raise Refused(Problem(_("文件已损坏，打不开"), file=file)) from None
    left = ("",) * start[1]
    lines: list[Line] = []
    long_numbers: list[int] = []
    for number, row in enumerate(rows, start[0] + 1):
        cells = [cell if type(cell) is str else _TEXTS[type(cell)](cell) for cell in row]
        if any(map(str.strip, cells)):
            lines.append((number, left + tuple(cells)))
        if any(type(cell) is float and abs(cell) >= 1e15 for cell in row):
            long_numbers.append(number)
    if long_numbers:
        reason = _("有 {count} 行的数字超过 15 位，表格软件只保存了前 15 位，请改为文本").format(
            count=len(long_numbers)
        )
        warnings.append(Problem(reason, line=long_numbers[0], file=file))
    return Grid(lines, form, found.name, merges=merges, warnings=warnings, hidden=hidden)


def _choose(book: CalamineWorkbook, file: str, wanted: str | None, warnings: list[Problem]) -> CalamineSheet:
    names = book.sheet_names
    if wanted is not None:
        if wanted not in names:
            reason = _("没有工作表“{name}”，只有：{known}").format(name=wanted, known=_("、").join(names))
            raise Refused(Problem(reason, file=file))
        return book.get_sheet_by_name(wanted)
    filled: list[CalamineSheet] = []
    hidden: list[CalamineSheet] = []
    for meta in book.sheets_metadata:
        if meta.typ != SheetTypeEnum.WorkSheet:
            continue
        sheet = book.get_sheet_by_name(meta.name)
        if sheet.start is not None:
            (filled if meta.visible == SheetVisibleEnum.Visible else hidden).append(sheet)
    if not filled and hidden:
        warnings.append(Problem(_("可见的工作表都是空的，读了隐藏的“{name}”").format(name=hidden[0].name), file=file))
        return hidden[0]
    if not filled:
        raise Refused(Problem(_("表格里没有内容"), file=file))
    if len(filled) + len(hidden) > 1:
        others = _("、").join(sheet.name for sheet in filled[1:] + hidden)
        warnings.append(
            Problem(
                _("读了工作表“{name}”，另有没有读的：{others}").format(name=filled[0].name, others=others), file=file
            )
        )
    return filled[0]


def _number(value: float) -> str:
    """As a spreadsheet shows it: whole numbers without `.0`, at most 15 significant digits, no exponent."""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return f"{Decimal(f'{value:.15g}'):f}"


def _moment(value: datetime) -> str:
    """Excel keeps days as binary fractions: what is within a millisecond of a second is that second."""
    value = value.replace(microsecond=0) + timedelta(milliseconds=round(value.microsecond / 1000))
    return value.isoformat(" ", "milliseconds" if value.microsecond else "seconds")


def _span(value: timedelta) -> str:
    seconds = round(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _clock(value: time) -> str:
    return value.isoformat("seconds")


_TEXTS: dict[type, Callable[[Any], str]] = {
    bool: lambda value: "1" if value else "0",
    int: str,
    float: _number,
    datetime: _moment,
    date: date.isoformat,
    time: _clock,
    timedelta: _span,
}
