"""Tables on paper: head on every page, wrapped cells, thin rules, rows kept whole, sub-totals.

A row is measured and broken once; equal texts of a column (streets, states, times of one minute) share the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, pairwise

from dutydesk.printing.fonts import EM, widths
from dutydesk.printing.lines import longest_run, wrap
from dutydesk.printing.sheet import FRAME, THIN, Align, Sheets, Style, mm

PAD_X = mm(1.2)
PAD_Y = mm(1.0)
SLACK = 0.2
"""Points beside a word that just fits."""
LOOKED_AT = 200
"""Rows whose words say how narrow a column may be."""
CACHED = 20_000
"""Broken texts remembered per column; beyond that a column is all different and remembering is a waste."""

Line = tuple[str | None, float, str]
"""One line of a cell: its hex string (None: several faces), its width in points, its text."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, its width in millimetres or, where that is 0, its share of what is left."""

    title: str
    width: float = 0.0
    weight: float = 1.0
    align: Align = "left"


@dataclass(frozen=True, slots=True)
class Group:
    """A row over the whole width that names the rows after it."""

    text: str


@dataclass(frozen=True, slots=True)
class Total:
    """A row of sums: cells as in any row, in bold between stronger rules."""

    cells: Sequence[str]


Row = Sequence[str] | Group | Total


class Table:
    """One table being written onto sheets."""

    def __init__(self, sheets: Sheets, columns: Sequence[Column], style: Style, least: float) -> None:
        self.sheets = sheets
        self.columns = columns
        self.style = style
        self.bold = replace(style, bold=True)
        self.single = style.line + 2 * PAD_Y
        self.least = max(least, self.single)
        self.edges = edges(columns, sheets.left, sheets.measure)
        self.known: list[dict[str, list[Line]]] = [{} for _ in columns]
        self.head: list[list[Line]] = []
        self.begun = 0.0
        self.at_head = False

    def break_cell(self, at: int, text: str, known: bool = True) -> list[Line]:
        """The lines of a cell of column `at`."""
        if known and text in self.known[at]:
            return self.known[at][text]
        face, scale = self.style.face, self.style.size / EM
        advance = widths(face)
        room = int((self.edges[at + 1] - self.edges[at] - 2 * PAD_X) / scale)
        found: list[Line] = []
        for line in wrap(text, room, advance):
            shown = line.rstrip(" \t\n\u3000")
            found.append((self.sheets.encode(shown, face), advance.measure(shown) * scale, shown))
        if known and len(self.known[at]) < CACHED:
            self.known[at][text] = found
        return found

    def write(self, rows: Iterable[Row], below: float = 0.0) -> None:
        """Write all rows; a row number of `missing` counts the ordinary rows from 1. The last row is kept with what
        needs `below` (points) under the table."""
        sheets = self.sheets
        held = list(rows) if below else None
        end = len(held) - 1 if held else -1
        coming = iter(rows if held is None else held)
        first = list(islice(coming, LOOKED_AT))
        self.keep_words_whole(first)
        self.head = [self.break_cell(at, column.title, known=False) for at, column in enumerate(self.columns)]
        sheets.need(self.height(self.head, self.single) + self.least)
        self.start()
        number = 0
        for at, row in enumerate(chain(first, coming)):
            if isinstance(row, Group):
                self.group(row.text, below if at == end - 1 else 0.0)
                continue
            total = isinstance(row, Total)
            if not total:
                number += 1
                sheets.row = number
            cells = row.cells if isinstance(row, Total) else row
            broken = [self.break_cell(place, cell) for place, cell in enumerate(cells)]
            if at == end and not self.at_head and self.height(broken, self.least) + below > sheets.left_over:
                self.turn()
            self.row(broken, self.bold if total else self.style)
        sheets.row = 0
        self.close()

    def keep_words_whole(self, rows: Sequence[Row]) -> None:
        """Where a word of a title or of the first rows is wider than its column, the others give it what they can
        spare: English words are longer than the Chinese ones that the widths were made for."""
        advance, scale = widths(self.style.face), self.style.size / EM
        words = [longest_run(column.title, advance) for column in self.columns]
        for row in rows:
            if isinstance(row, Group):
                continue
            for at, cell in enumerate(row.cells if isinstance(row, Total) else row):
                if len(cell) * EM > words[at]:  # no character is broader
                    words[at] = max(words[at], longest_run(cell, advance))
        self.edges = widened(self.edges, [word * scale + 2 * PAD_X + SLACK for word in words])

    def height(self, cells: Sequence[Sequence[Line]], least: float) -> float:
        """Height of a row of broken cells, `least` at the least."""
        return max(least, max(map(len, cells), default=1) * self.style.line + 2 * PAD_Y)

    def row(self, cells: list[list[Line]], style: Style) -> None:
        """Write a row where it fits whole; one that is taller than a page is cut between lines."""
        sheets = self.sheets
        height = self.height(cells, self.least)
        if height > sheets.left_over:
            if not self.at_head:
                self.turn()
            while height > sheets.left_over:
                fit = max(1, int((sheets.left_over - 2 * PAD_Y) / style.line))
                self.paint([cell[:fit] for cell in cells], style, sheets.left_over)
                cells = [cell[fit:] for cell in cells]
                height = self.height(cells, self.least)
                self.turn()
        self.paint(cells, style, height)

    def paint(self, cells: Sequence[Sequence[Line]], style: Style, height: float, middle: bool = False) -> None:
        """Write the lines of a row at the cursor, the rule under it, and move on."""
        sheets, edges = self.sheets, self.edges
        sheets.select(style.face, style.size, style.bold)
        page, top, size, line = sheets.page, sheets.y, style.size, style.line
        texts = page.texts
        drop = PAD_Y + (line - size) / 2 + 0.86 * size
        for at, lines in enumerate(cells):
            align = "center" if middle else self.columns[at].align
            y = top - drop
            if middle or (len(lines) == 1 and height == self.least):
                y = top - (height - len(lines) * line) / 2 - drop + PAD_Y
            for code, width, text in lines:
                if text:
                    if align == "left":
                        x = edges[at] + PAD_X
                    elif align == "right":
                        x = edges[at + 1] - PAD_X - width
                    else:
                        x = (edges[at] + edges[at + 1] - width) / 2
                    if code is None:
                        sheets.text(x, y, text, style)
                        sheets.select(style.face, size, style.bold)
                    else:
                        texts.append(f"1 0 0 1 {x:.2f} {y:.2f} Tm <{code}> Tj")
                y -= line
        sheets.y -= height
        self.at_head = False
        page.drawing.append(f"{edges[0]:.2f} {sheets.y:.2f} m {edges[-1]:.2f} {sheets.y:.2f} l S")

    def start(self) -> None:
        """The head at the cursor."""
        sheets = self.sheets
        sheets.page.drawing.append(f"{THIN} w")
        sheets.rule(self.edges[0], sheets.y, self.edges[-1], sheets.y, FRAME)
        sheets.page.drawing.append(f"{THIN} w")
        self.begun = sheets.y
        self.paint(self.head, self.bold, self.height(self.head, self.single), middle=True)
        self.at_head = True

    def close(self) -> None:
        """The upright rules of what was written since the table, the page or a group row began."""
        sheets = self.sheets
        if sheets.y >= self.begun:
            return
        for x in self.edges[1:-1]:
            sheets.rule(x, self.begun, x, sheets.y)
        for x in (self.edges[0], self.edges[-1]):
            sheets.rule(x, self.begun, x, sheets.y, FRAME)
        sheets.rule(self.edges[0], sheets.y, self.edges[-1], sheets.y, FRAME)
        sheets.page.drawing.append(f"{THIN} w")
        self.begun = sheets.y

    def turn(self) -> None:
        """Finish this page's part and go on under the head of the next page."""
        self.close()
        self.sheets.new_page()
        self.start()

    def group(self, text: str, below: float = 0.0) -> None:
        """A row over the whole width, kept with the row after it, and with what needs `below` under that."""
        sheets, style = self.sheets, self.bold
        lines = sheets.lines(text, sheets.measure - 2 * PAD_X, style)
        height = len(lines) * style.line + 2 * PAD_Y
        if height + self.least + below > sheets.left_over and not self.at_head:
            self.turn()
        self.close()
        top = sheets.y
        y = top - PAD_Y - (style.line - style.size) / 2 - 0.86 * style.size
        for line in lines:
            sheets.text(self.edges[0] + PAD_X, y, line, style)
            y -= style.line
        sheets.y -= height
        for x in (self.edges[0], self.edges[-1]):
            sheets.rule(x, top, x, sheets.y, FRAME)
        sheets.rule(self.edges[0], sheets.y, self.edges[-1], sheets.y)
        self.begun = sheets.y
        self.at_head = False


def edges(columns: Sequence[Column], left: float, measure: float) -> list[float]:
    """The x of every upright rule: fixed columns as they ask, the others by weight; all shrink when they must."""
    fixed = sum(mm(column.width) for column in columns)
    weights = sum(column.weight for column in columns if not column.width)
    least = mm(8) * sum(1 for column in columns if not column.width)
    shrink = min(1.0, (measure - least) / fixed) if fixed else 1.0
    if weights == 0:
        shrink = measure / fixed
    spare = measure - fixed * shrink
    found = [left]
    for column in columns:
        found.append(found[-1] + (mm(column.width) * shrink if column.width else spare * column.weight / weights))
    return found


def widened(rules: Sequence[float], needs: Sequence[float]) -> list[float]:
    """The rules moved so that every column has what it needs, as far as the others can spare it; where none lacks
    anything, the very same."""
    wide = [right - left for left, right in pairwise(rules)]
    most = (rules[-1] - rules[0]) / 3
    needs = [min(need, most) for need in needs]
    lacking = sum(max(need - width, 0) for need, width in zip(needs, wide, strict=True))
    spare = sum(max(width - need, 0) for need, width in zip(needs, wide, strict=True))
    if not lacking or not spare:
        return list(rules)
    given = min(lacking, spare)
    found = [rules[0]]
    for need, width in zip(needs, wide, strict=True):
        change = (need - width) * given / lacking if need > width else (need - width) * given / spare
        found.append(found[-1] + width + change)
    return [*found[:-1], rules[-1]]
