"""Any table that someone brings, as `Records`: CSV, xlsx, xls, ods and GeoJSON, told apart by content, not by name.

A file of another sort is refused in plain words (a PDF, a picture, a web page saved as .xls, a workbook with a
password), and so is a table in which no header row can be recognised: nothing is ever taken for empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import N_, _
from dutydesk.ledger.geojson import read_geojson
from dutydesk.ledger.headers import recognised_anywhere
from dutydesk.ledger.records import Cells, Grid, Line, Records
from dutydesk.ledger.textfile import read_csv

MAX_BYTES = 200 * 2**20
HEADER_WITHIN = 30
MAX_HEADER_ROWS = 4
Recognise = Callable[[Sequence[str]], int]
"""How many cells of a row are headers that somebody knows."""

_OLE, _ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"
# First bytes, and what such a file is.
_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", N_("PDF 文件")),
    (b"\x89PNG", N_("图片")),
    (b"\xff\xd8\xff", N_("图片")),
    (b"GIF8", N_("图片")),
    (b"BM", N_("图片")),
    (b"II*\0", N_("图片")),
    (b"MM\0*", N_("图片")),
    (b"{\\rtf", N_("Word 文档")),
    (b"SQLite format 3\0", N_("数据库文件")),
    (b"\x1f\x8b", N_("压缩包")),
    (b"7z\xbc\xaf\x27\x1c", N_("压缩包")),
    (b"Rar!", N_("压缩包")),
    (b"PK\x05\x06", N_("空的压缩包")),
)
_NUMBER_OR_DATE = re.compile(r"[\s\d.,:/+\-%TZ]*")


def read_records(data: bytes, name: str, *, sheet: str | None = None, recognise: Recognise | None = None) -> Records:
    """The records of a file's bytes; `name` is only shown.

    `sheet` names a sheet of a workbook. `recognise` finds the header row below titles; without it a row counts as
    header by the words that any ledger knows (`resources/reference/headers.json`). Raises `Refused`.
    """
    form = _form(data, name)
    if form == "geojson":
        return read_geojson(data, name)
    if form == "csv":
        grid = read_csv(data, name)
    else:
        from dutydesk.ledger.sheets import read_sheet

        grid = read_sheet(data, name, form, sheet)
    return _with_header(grid, name, recognise or recognised_anywhere)


def _form(data: bytes, name: str) -> str:
    """`csv`, `xlsx`, `xls`, `ods` or `geojson`; raises `Refused` for what is none of them."""

    def refuse(reason: str) -> Refused:
        return Refused(Problem(reason, file=name))

    if not data.strip(b"\0 \t\r\n"):
        raise refuse(_("文件是空的"))
    if len(data) > MAX_BYTES:
        raise refuse(_("文件超过 {limit} MB").format(limit=MAX_BYTES >> 20))
    for magic, what in _FOREIGN:
        # Two letters are not enough to call a text a picture.
        if data.startswith(magic) and (magic != b"BM" or b"\0" in data[:64]):
            raise refuse(_("这是{what}，不是表格").format(what=_(what)))
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        raise refuse(_("这是{what}，不是表格").format(what=_("图片")))
    if data.startswith(_ZIP):
        return _archive_form(data, refuse)
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise refuse(_("文件有密码保护，请另存为没有密码的文件"))
        if "WordDocument".encode("utf-16-le") in data or "PowerPoint Document".encode("utf-16-le") in data:
            raise refuse(_("这是{what}，不是表格").format(what=_("Word 文档")))
        return "xls"
    head = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    lower = head.lower()
    for magic, what in ((b"begin:vcard", _("vCard 通讯录")), (b"begin:vcalendar", _("日历文件"))):
        if lower.startswith(magic):
            raise refuse(_("这是{what}，不是表格").format(what=what))
    if lower.startswith((b"<!doctype html", b"<html", b"<table", b"<meta", b"<head")):
        raise refuse(_("这是网页，只是名字像表格；请用表格软件打开后另存为 xlsx"))
    if lower.startswith(b"<"):
        if b"<html" in lower:
            raise refuse(_("这是网页，只是名字像表格；请用表格软件打开后另存为 xlsx"))
        if b"schemas-microsoft-com:office:spreadsheet" in lower:
            raise refuse(_("这是 2003 版 XML 表格，请用表格软件打开后另存为 xlsx"))
        raise refuse(_("这是{what}，不是表格").format(what=_("XML 文件")))
    if lower.startswith((b"{", b"[")) and _looks_like_json(head):
        return "geojson"
    return "csv"


def _looks_like_json(head: bytes) -> bool:
    return bool(re.match(rb"\{\s*(\"|\})|\[\s*[\[{\"\]\d]", head))


def _archive_form(data: bytes, refuse: Callable[[str], Refused]) -> str:
    """What an archive is, by the names in its directory at the end; those are never compressed."""
    if b"xl/workbook." in data:
        return "xlsx"
    if b"application/vnd.oasis.opendocument.spreadsheet" in data[:200] or (
        b"content.xml" in data and b"mimetype" in data[:200] and b".text" not in data[:200]
    ):
        return "ods"
    if b"word/document.xml" in data or b"ppt/presentation.xml" in data or b"opendocument.text" in data[:200]:
        raise refuse(_("这是{what}，不是表格").format(what=_("Word 文档")))
    raise refuse(_("这是{what}，不是表格").format(what=_("压缩包")))


def _with_header(grid: Grid, file: str, recognise: Recognise) -> Records:
    if not grid.lines:
        raise Refused(Problem(_("表格里没有内容"), file=file))
    at = _header_at(grid.lines, recognise)
    if at is None:
        seen = _("；").join(" | ".join(cell.strip()[:20] for cell in cells) for _line, cells in grid.lines[:3])
        line = grid.lines[0][0]
        raise Refused(Problem(_("没有认出表头，前几行是：{seen}").format(seen=seen), line=line, file=file))
    line = grid.lines[at][0]
    warnings = list(grid.warnings)
    headers, below = _labels(grid, at, recognise)
    rows = grid.lines[at + below :]
    if at:
        warnings.append(
            Problem(_("表头在第 {line} 行，上面的 {count} 行没有读").format(line=line, count=at), file=file)
        )
    if below > 1:
        warnings.append(Problem(_("表头有 {count} 行，已合起来读").format(count=below), line=line, file=file))
    last = line + below - 1
    inside = [merge for merge in grid.merges if merge[0] >= last]
    if inside:
        warnings.append(
            Problem(
                _("有 {count} 处合并单元格，只有左上角一格有内容").format(count=len(inside)),
                line=inside[0][0] + 1,
                file=file,
            )
        )
    if not rows:
        warnings.append(Problem(_("只有表头，没有记录"), line=line, file=file))
    width = len(headers)
    rows = [item if len(item[1]) == width else (item[0], _fit(item[1], width)) for item in rows]
    return Records(headers, rows, grid.format, file, grid.sheet, grid.encoding, line, tuple(warnings))


def _fit(cells: Cells, width: int) -> Cells:
    """Short rows are filled up; blank cells beyond the header are left off, others stay for `rows` to refuse."""
    if len(cells) < width:
        return cells + ("",) * (width - len(cells))
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    return cells


def _header_at(lines: Sequence[Line], recognise: Recognise) -> int | None:
    """The index of the header row: where most cells are known words, else the first that looks like one."""
    top = lines[:HEADER_WITHIN]
    scores = [recognise(cells) for _line, cells in top]
    best = max(scores)
    at = scores.index(best)
    if best >= 2 or (best == 1 and (at == 0 or _looks_like_header(top, at))):
        return at
    return next((at for at in range(len(top)) if _looks_like_header(top, at)), None)


def _looks_like_header(lines: Sequence[Line], at: int) -> bool:
    """Different words in most columns, none of them a number or a date, and something below."""
    words = [cell.strip() for cell in lines[at][1] if cell.strip()]
    width = max(sum(1 for cell in cells if cell.strip()) for _line, cells in lines)
    if len(words) * 2 < width or (len(words) == 1 and width > 1) or at + 1 == len(lines):
        return False
    return len(set(words)) * 2 > len(words) and not any(_NUMBER_OR_DATE.fullmatch(word) for word in words)


def _labels(grid: Grid, at: int, recognise: Recognise) -> tuple[Cells, int]:
    """The header of every column and the number of rows of the grid it takes: merged headers are spread over what
    they cover, and a header of several rows gives the lowest text of each column."""
    line = grid.lines[at][0]
    above = _spread(grid, at, line)
    labels, last = _lowest(above), line
    # Cells merged downwards tell that the header goes on; a data row taken for one would lose its words.
    deeper = [bottom + 1 for top, left, bottom, right in grid.merges if top + 1 == line < bottom + 1 and left == right]
    if deeper and max(deeper) - line <= MAX_HEADER_ROWS - 1:
        both = _lowest(_spread(grid, at, max(deeper)))
        if recognise(both) >= max(recognise(labels), 1):
            labels, last = both, max(deeper)
    while labels and not labels[-1]:
        labels.pop()
    taken: dict[str, int] = {}
    for column, label in enumerate(labels):
        name = label or _("第 {n} 列").format(n=column + 1)
        taken[name] = taken.get(name, 0) + 1
        labels[column] = name if taken[name] == 1 else f"{name} ({taken[name]})"
    return tuple(labels), sum(1 for number, _row in grid.lines[at:] if number <= last)


def _spread(grid: Grid, at: int, last: int) -> list[list[str]]:
    """The rows from the header's first to line `last`, merged cells filled with their value."""
    rows = {number: [cell.strip() for cell in cells] for number, cells in grid.lines[at:] if number <= last}
    for top, left, bottom, right in grid.merges:
        source = rows.get(top + 1)
        if source is None or left >= len(source):
            continue
        for number in range(top + 1, min(bottom + 1, last) + 1):
            row = rows.get(number, [])
            for column in range(left, min(right + 1, len(row))):
                row[column] = source[left]
    return [row for _number, row in sorted(rows.items())]


def _lowest(rows: Sequence[Sequence[str]]) -> list[str]:
    width = max(len(row) for row in rows)
    return [next((row[at] for row in reversed(rows) if at < len(row) and row[at]), "") for at in range(width)]
