"""A printed form: running head, foot, headings, paragraphs, label-and-value grids, tables, signatures.

    document = Document(title=…, unit=…, at=…, shift=…, foot=Foot(text, qr))
    document.pairs([(label, value), …]); document.table([Column(…)], rows); document.signatures([…])
    document.missing   # what will be printed as a box, before anything is printed
    document.pdf()

Everything given is text and is drawn as it stands: nothing is parsed, nothing is fetched. Equal arguments give equal
bytes. Sizes are in points, lengths in millimetres.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import cos, radians, sin

from dutydesk.core.clock import local
from dutydesk.core.errors import Problem
from dutydesk.core.i18n import _
from dutydesk.ledger.feature import Pdf
from dutydesk.printing import pdf, qr
from dutydesk.printing.fonts import EM, SERIF, widths
from dutydesk.printing.sheet import FRAME, THIN, Align, Leaf, Paper, Sheets, Style, mm, undrawable
from dutydesk.printing.tables import Column, Row, Table

BODY = Style()
BELOW_TABLE, BEFORE_SIGNED, SIGNED = 2, 3, 19
"""Millimetres below a table, above lines to sign on, and for a row of these with their dates."""
TITLE = Style(20, SERIF, bold=True, leading=1.35)
HEADING = (Style(14, bold=True, leading=1.3), Style(12, bold=True, leading=1.3), Style(10.5, bold=True))
HEAD = Style(9)
SMALL = Style(7.5, leading=1.25)
QR_SIZE = 20.0
"""Millimetres, quiet zone included: a module of version 6 is 0.4 mm, twice what an office printer resolves."""
GREY = 0.9
"""Watermark: light enough to read through, dark enough for a copier to keep."""


@dataclass(frozen=True, slots=True)
class Foot:
    """What stands small at the foot of every page: a text (a hash) and the content of a QR symbol."""

    text: str = ""
    qr: str = ""


class Document:
    """One printout. `paper` is A4 or A3; `at` (ms UTC) is the moment of printing, shown at the foot.

    `about`, `copy`, `version` and `content` go with the file as `Pdf` has them. A document `behind` another one goes into the same file after it, with pages counted by itself: a stack of forms.
    """

    def __init__(
        self,
        *,
        title: str,
        unit: str,
        at: int,
        shift: str = "",
        subtitle: str = "",
        landscape: bool = False,
        paper: str = "A4",
        watermark: str = "",
        foot: Foot | None = None,
        behind: Document | None = None,
        about: str = "",
        copy: bool | None = None,
    ) -> None:
        self.title, self.unit, self.at, self.shift = title, unit, at, shift
        self.watermark = watermark
        self.foot = foot or Foot()
        self.about, self.copy = about, copy
        self.version, self.content = 0, ""
        self._sheets = Sheets(_paper(paper, landscape, tall_foot=bool(self.foot.qr)))
        self._bound: list[Document] = []
        if behind is not None:
            self._sheets.codes = behind._sheets.codes  # noqa: SLF001 - one file has one copy of each face
            behind._bound.append(self)  # noqa: SLF001 - it is of this class
        self._columns: Sequence[Column] = ()
        self._titled(title, subtitle)

    @property
    def pages(self) -> int:
        """How many pages there are so far."""
        return len(self._sheets.pages)

    @property
    def missing(self) -> list[Problem]:
        """Characters that no face can draw; `line` is the row of the table they stand in, counted from 1."""
        outside = undrawable((self.title, self.unit, self.shift, self.watermark, self.foot.text))
        inside = list(self._sheets.missing.values())
        known = {item.character for item in inside}
        return [item.problem() for item in [*[o for o in outside if o.character not in known], *inside]]

    def heading(self, text: str, level: int = 1) -> None:
        """A heading of level 1 to 3, never alone at the foot of a page."""
        style, sheets = HEADING[level - 1], self._sheets
        lines = sheets.lines(text, sheets.measure, style)
        sheets.need(len(lines) * style.line + mm(14))
        if sheets.y < sheets.top:
            sheets.y -= mm(2.5)
        self._lines(lines, style)
        sheets.y -= mm(1.2)

    def paragraph(
        self, text: str, *, size: float = BODY.size, indent: int = 0, align: Align = "left", bold: bool = False
    ) -> None:
        """A text of any length; `indent` characters before its first line and after every line feed."""
        style, sheets = Style(size, bold=bold, leading=1.5), self._sheets
        for part in text.split("\n"):
            self._lines(sheets.lines("\u3000" * indent + part, sheets.measure, style), style, align)
        sheets.y -= mm(1.6)

    def pairs(
        self,
        pairs: Iterable[tuple[str, str]],
        columns: int = 2,
        size: float = BODY.size,
        row_height: float = 0.0,
    ) -> None:
        """A framed grid of labels and values, `columns` pairs a row; a value of more than two lines gets a row of its
        own. `row_height` is the least height of a row in millimetres."""
        sheets, style = self._sheets, Style(size)
        given = list(pairs)
        if not given:
            return
        label = max(widths(style.face).measure(name) for name, _value in given) * size / EM + mm(3)
        label = min(label, sheets.measure / columns * 0.45)
        cell = sheets.measure / columns - label
        rows: list[list[tuple[str, str]]] = [[]]
        for name, value in given:
            wide = len(sheets.lines(value, cell - mm(2.8), style)) > 2
            if rows[-1] and (wide or len(rows[-1]) == columns):
                rows.append([])
            rows[-1].append((name, value))
            if wide:
                rows.append([])
        for row in rows:
            if row:
                self._grid_row(row, columns, label, style, mm(row_height))
        sheets.y -= mm(2)

    def table(
        self,
        columns: Sequence[Column],
        rows: Iterable[Row],
        *,
        size: float = BODY.size,
        row_height: float = 0.0,
        signed: bool = False,
    ) -> None:
        """A table; rows are sequences of texts, `Group` or `Total`. `row_height` is the least height in millimetres.
        `signed`: one line of `signatures` follows, and never stands on a page without a row of what is signed."""
        self._columns = columns
        below = mm(BELOW_TABLE + SIGNED + BEFORE_SIGNED) if signed else 0.0
        Table(self._sheets, columns, Style(size, leading=1.3), mm(row_height)).write(rows, below)
        self._sheets.y -= mm(BELOW_TABLE)

    def box(self, text: str, title: str = "", size: float = BODY.size, height: float = 0.0) -> None:
        """A framed text with an optional title; `height` (mm) leaves room to write by hand."""
        sheets, style = self._sheets, Style(size, leading=1.45)
        bold = replace(style, bold=True)
        lines = [(line, bold) for line in sheets.lines(title, sheets.measure - mm(4), bold)] if title else []
        lines += [(line, style) for line in sheets.lines(text, sheets.measure - mm(4), style)] if text else []
        sheets.need(min(max(len(lines) * style.line + mm(3), mm(height)), sheets.top - sheets.bottom))
        while True:
            fit = max(1, int((sheets.left_over - mm(3)) / style.line))
            part, lines = lines[:fit], lines[fit:]
            used = max(len(part) * style.line + mm(3), 0.0 if lines else min(mm(height), sheets.left_over))
            y = sheets.y - mm(1.5) - _drop(style)
            for line, look in part:
                sheets.text(sheets.left + mm(2), y, line, look)
                y -= style.line
            sheets.rectangle(sheets.left, sheets.y - used, sheets.measure, used, FRAME)
            sheets.y -= used
            if not lines:
                break
            sheets.new_page()
        sheets.y -= mm(2)

    def signatures(self, names: Sequence[str | tuple[str, str]], *, dated: bool = True) -> None:
        """Lines to sign on, side by side, each with a line for date and time; kept together on one page.

        A pair is a label and the name to be printed on its line.
        """
        sheets, style = self._sheets, Style(11)
        per_row = min(len(names), 3) or 1
        gap = mm(6)
        room = (sheets.measure - gap * (per_row - 1)) / per_row
        rows = [names[at : at + per_row] for at in range(0, len(names), per_row)]
        step = mm(SIGNED if dated else 12)
        sheets.need(step * len(rows) + mm(BEFORE_SIGNED))
        sheets.y -= mm(BEFORE_SIGNED)
        for row in rows:
            y = sheets.y - mm(7)
            for at, item in enumerate(row):
                name, signed = item if isinstance(item, tuple) else (item, "")
                x = sheets.left + at * (room + gap)
                label = _("{name}：").format(name=name)
                begin = x + widths(style.face).measure(label) * style.size / EM
                end = x + room
                sheets.text(x, y, label, style)
                sheets.text(begin + mm(2), y, signed, style, clip=end - begin - mm(2))
                sheets.rule(begin, y - mm(1.2), end, y - mm(1.2))
                if dated:
                    sheets.text(end, y - mm(8), _("年　　月　　日　　时　　分"), Style(9.5), "right")
            sheets.y -= step

    def space(self, height: float) -> None:
        """Leave `height` millimetres free."""
        self._sheets.y -= mm(height)

    def need(self, height: float) -> None:
        """Start a new page unless `height` millimetres are free here."""
        self._sheets.need(mm(height))

    def pdf(self) -> Pdf:
        """The finished file, with what is missing in it. The document stays as it is and may be written on and asked again."""
        whole = (self, *self._bound)
        made = [page for document in whole for page in document.finished()]
        file = Pdf(pdf.write(made, self._sheets.codes.values(), title=self.title, author=self.unit, at=self.at))
        file.about, file.copy, file.version, file.content = self.about, self.copy, self.version, self.content
        file.missing = tuple(dict.fromkeys(problem for document in whole for problem in document.missing))
        return file

    def finished(self) -> list[pdf.Page]:
        """The pages of this document with head, foot and watermark, as they will be written."""
        sheets = self._sheets
        kept = sheets.pages, sheets.page
        sheets.pages = [
            Leaf(list(page.under), list(page.drawing), list(page.texts), page.state) for page in sheets.pages
        ]
        for number, page in enumerate(sheets.pages, 1):
            sheets.page = page
            self._edges(number, len(sheets.pages))
            if self.watermark:
                page.under.append(self._watermark())
        made = sheets.finished()
        sheets.pages, sheets.page = kept
        return made

    def _titled(self, title: str, subtitle: str) -> None:
        sheets = self._sheets
        self._lines(sheets.lines(title, sheets.measure, TITLE), TITLE, "center")
        if subtitle:
            self._lines(sheets.lines(subtitle, sheets.measure, BODY), BODY, "center")
        sheets.y -= mm(3)

    def _lines(self, lines: Iterable[str], style: Style, align: Align = "left") -> None:
        sheets = self._sheets
        x = {"left": sheets.left, "right": sheets.right, "center": (sheets.left + sheets.right) / 2}[align]
        for line in lines:
            sheets.need(style.line)
            sheets.text(x, sheets.y - _drop(style), line, style, align)
            sheets.y -= style.line

    def _grid_row(self, row: Sequence[tuple[str, str]], columns: int, label: float, style: Style, least: float) -> None:
        """One row of `pairs`: the last value takes what the row leaves over; a row taller than a page is cut."""
        sheets = self._sheets
        whole = sheets.measure / columns
        cells: list[tuple[float, float, list[str], bool]] = []
        for at, (name, value) in enumerate(row):
            x = sheets.left + at * whole
            end = sheets.right if at == len(row) - 1 else x + whole
            cells.append((x, x + label, sheets.lines(name, label - mm(2.4), style), True))
            cells.append((x + label, end, sheets.lines(value, end - x - label - mm(2.8), style), False))
        while True:
            height = max(max(len(lines) for _x, _end, lines, _label in cells) * style.line + mm(2.4), least)
            sheets.need(min(height, sheets.top - sheets.bottom))
            fit = max(1, int((sheets.left_over - mm(2.4)) / style.line))
            height = min(height, max(fit * style.line + mm(2.4), least))
            for x, end, lines, is_label in cells:
                shown = lines[:fit]
                y = sheets.y - _drop(style) - (height - len(shown) * style.line) / 2
                for line in shown:
                    if is_label:
                        sheets.text((x + end) / 2, y, line, style, "center")
                    else:
                        sheets.text(x + mm(1.4), y, line, style)
                    y -= style.line
                sheets.rectangle(x, sheets.y - height, end - x, height)
            sheets.y -= height
            cells = [(x, end, lines[fit:], is_label) for x, end, lines, is_label in cells]
            if not any(lines for _x, _end, lines, _label in cells):
                return

    def _edges(self, number: int, total: int) -> None:
        """Running head and foot of one page."""
        sheets = self._sheets
        y = sheets.top + mm(5)
        third = sheets.measure / 3
        middle = (sheets.left + sheets.right) / 2
        marked = _("〔{mark}〕{unit}").format(mark=self.watermark, unit=self.unit)
        unit = marked if self.watermark else self.unit
        # What the middle does not take is for both ends; the right one, which shift this is, is cut last.
        if number > 1:
            sheets.text(middle, y, self.title, HEAD, "center", clip=third)
            left = right = (sheets.measure - min(_wide(self.title), third)) / 2 - mm(3)
        else:
            right = max(sheets.measure - min(_wide(unit), sheets.measure / 4) - mm(3), third)
            left = max(sheets.measure - min(_wide(self.shift), right) - mm(3), sheets.measure / 4)
        sheets.text(sheets.left, y, unit, HEAD, clip=left)
        sheets.text(sheets.right, y, self.shift, HEAD, "right", clip=right)
        sheets.rule(sheets.left, y - mm(1.6), sheets.right, y - mm(1.6), THIN)
        y = sheets.bottom - mm(7)
        sheets.text(middle, y, _("第 {page} / {pages} 页").format(page=number, pages=total), HEAD, "center")
        right = sheets.right
        if self.foot.qr:
            size = mm(QR_SIZE)
            right -= size
            sheets.page.under.append(qr.operators(self.foot.qr, right, sheets.bottom - mm(2) - size, size))
        moment = local(self.at).strftime("%Y-%m-%d %H:%M")
        sheets.text(sheets.left, y, _("打印 {moment}").format(moment=moment), SMALL)
        y -= SMALL.line * 1.4
        for line in sheets.lines(self.foot.text, right - sheets.left - mm(3), SMALL)[:3] if self.foot.text else ():
            sheets.text(sheets.left, y, line, SMALL)
            y -= SMALL.line

    def _watermark(self) -> str:
        """The word across the page, rising to the right, as large as it fits and no larger than a third of it."""
        sheets = self._sheets
        length = widths(SERIF).measure(self.watermark) / EM
        size = min(mm(60), (sheets.width**2 + sheets.height**2) ** 0.5 * 0.6 / length)
        angle = radians(35)
        code = sheets.encode(self.watermark, SERIF)
        if code is None:
            return ""
        x = sheets.width / 2 - length * size / 2 * cos(angle) + size * 0.35 * sin(angle)
        y = sheets.height / 2 - length * size / 2 * sin(angle) - size * 0.35 * cos(angle)
        turn = f"{cos(angle):.4f} {sin(angle):.4f} {-sin(angle):.4f} {cos(angle):.4f}"
        return f"q {GREY:g} g BT /{SERIF} {size:.2f} Tf {turn} {x:.2f} {y:.2f} Tm <{code}> Tj ET Q"


def _wide(text: str) -> float:
    """Points that a text takes in the running head."""
    return widths(HEAD.face).measure(text) * HEAD.size / EM


def _drop(style: Style) -> float:
    """From the top of a line to its baseline: ideographs stand in the middle of the line."""
    return (style.line - style.size) / 2 + 0.86 * style.size


def _paper(name: str, landscape: bool, tall_foot: bool) -> Paper:
    """The sheet: 25 mm where it is bound (left, or top when it lies), more foot where a QR symbol stands there."""
    short, long = {"A4": (210.0, 297.0), "A3": (297.0, 420.0)}[name]
    bottom = 28.0 if tall_foot else 18.0
    if landscape:
        return Paper(long, short, left=18, right=18, top=26, bottom=bottom)
    return Paper(short, long, left=24, right=17, top=24, bottom=bottom)
