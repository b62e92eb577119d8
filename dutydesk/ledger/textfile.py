"""Text tables: encoding, delimiter and records of a CSV file, as offices and their programs really write them."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from itertools import islice

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.ledger.records import GUARDED, Grid, Line, unguard

DELIMITERS = ",;\t|"
SAMPLE = 40
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def decode(data: bytes, file: str) -> tuple[str, str]:
    """The text of `data` and its encoding: by byte order mark, else UTF-8, else GB18030.

    Raises `Refused` when it is none of these or holds NULs.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            try:
                text = data[len(mark) :].decode(encoding)
            except UnicodeDecodeError as error:
                raise _undecodable(data, error, file) from None
            break
    else:
        try:
            text, encoding = data.decode("utf-8"), "utf-8"
        except UnicodeDecodeError:
            try:
                text, encoding = data.decode("gb18030"), "gb18030"
            except UnicodeDecodeError as error:
                raise _undecodable(data, error, file) from None
    at = text.find("\0")
    if at >= 0:
        line = text.count("\n", 0, at) + 1
        raise Refused(Problem(_("不是文本表格：含有空字符（NUL）"), line=line, file=file))
    return text, encoding


def _undecodable(data: bytes, error: UnicodeDecodeError, file: str) -> Refused:
    line = data.count(b"\n", 0, error.start) + 1
    return Refused(Problem(_("文字编码不是 UTF-8、UTF-16 或 GB18030，读不出来"), line=line, file=file))


def read_csv(data: bytes, file: str) -> Grid:
    """The grid of a delimited text file. Lines are those on which a record begins, whatever its cells hold.

    Raises `Refused` for undecodable bytes, NULs and quotes that do not close.
    """
    text, encoding = decode(data, file)
    skipped, delimiter = 0, ""
    named = re.match(r"sep=(.)\r?\n", text)
    if named:
        skipped, delimiter = 1, named[1]
        text = text[named.end() :]
    delimiter = delimiter or sniff_delimiter(text)
    lines = _records(text, delimiter, skipped, file)
    if GUARDED.search(text):
        lines = [(line, tuple(map(unguard, cells))) for line, cells in lines]
    grid = Grid(lines, "csv", encoding=encoding)
    if encoding == "gb18030":
        grid.warnings.append(Problem(_("按 GB18030 编码读入，如有乱码请另存为 UTF-8"), file=file))
    return grid


def _records(text: str, delimiter: str, skipped: int, file: str) -> list[Line]:
    lines: list[Line] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1 + skipped
    try:
        for cells in reader:
            if any(map(str.strip, cells)):
                lines.append((start, tuple(cells)))
            start = reader.line_num + 1 + skipped
    except csv.Error as error:
        if "field larger" in str(error):
            reason = _("一格超过 {limit} 字，可能是引号没有成对").format(limit=csv.field_size_limit())
        else:
            reason = _("引号没有成对")
        raise Refused(Problem(reason, line=start, file=file)) from None
    return lines


def sniff_delimiter(text: str) -> str:
    """The delimiter under which most of the first records have the same number of columns, more than one."""
    best, best_score = ",", (0.0, 0)
    sample = "".join(islice(io.StringIO(text, newline=""), SAMPLE))
    for delimiter in DELIMITERS:
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        try:
            widths = [len(cells) for cells in reader if any(cells)]
        except csv.Error:
            continue
        if not widths:
            continue
        width, times = max(Counter(widths).items(), key=lambda item: (item[1], item[0]))
        if width > 1:
            best_score, best = max((best_score, best), ((times / len(widths), width), delimiter))
    return best
