"""What a file holds once it is read: headers and rows of text, each row with its line in the file.

Nothing here knows a ledger. `readers.read_records` fills it, `mapping` decides which header is which field, `rows`
turns the texts into values.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from dutydesk.core.errors import Problem

Cells = tuple[str, ...]
Line = tuple[int, Cells]

DANGEROUS = "=+\\-@\t\r\0\uff1d\uff0b\uff0d\uff20"
"""Spreadsheets run a cell that begins with one of these as a formula (OWASP ASVS 1.2.10, CWE-1236); the full-width
forms are folded by some of them first."""
GUARDED = re.compile(f"'+[{DANGEROUS}]")
NEEDS_GUARD = re.compile(f"'*[{DANGEROUS}]")


@dataclass(frozen=True, slots=True)
class Records:
    """A table of texts.

    `rows` are (line, cells): line is 1-based in the file (for GeoJSON the feature's ordinal); cells are at least as
    many as `headers`, more where a row is longer than its header. `refused` are records that the file form itself
    does not allow; `warnings` what the reader had to decide. `read` counts data records.
    """

    headers: Cells
    rows: Sequence[Line]
    format: str
    file: str = ""
    sheet: str = ""
    encoding: str = ""
    header_line: int = 0
    warnings: tuple[Problem, ...] = ()
    refused: tuple[Problem, ...] = ()

    @property
    def read(self) -> int:
        """Data records in the file, refused ones included."""
        return len(self.rows) + len(self.refused)

    def blank(self) -> frozenset[str]:
        """Headers whose column holds nothing."""
        return frozenset(
            header
            for column, header in enumerate(self.headers)
            if not any(cells[column] and not cells[column].isspace() for _line, cells in self.rows)
        )


@dataclass(slots=True)
class Grid:
    """The cells of one table before anyone knows which row is its header; blank rows are left out, lines are kept.

    `merges` are (first row, first column, last row, last column), 0-based and inclusive. `hidden` tells that nobody
    who opens the file sees this sheet.
    """

    lines: list[Line]
    format: str
    sheet: str = ""
    encoding: str = ""
    merges: tuple[tuple[int, int, int, int], ...] = ()
    warnings: list[Problem] = field(default_factory=list[Problem])
    hidden: bool = False


def guard(text: str) -> str:
    """`text` as a cell that no spreadsheet takes for a formula: a leading `'` where it would."""
    return f"'{text}" if text and NEEDS_GUARD.match(text) else text


def unguard(text: str) -> str:
    """The text that `guard` was given."""
    return text[1:] if GUARDED.match(text) else text
