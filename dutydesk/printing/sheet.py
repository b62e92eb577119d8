"""Sheets of paper and a pen: text by measured position, rules, boxes; knows nothing of forms.

Lengths are points (1/72 inch) from the lower left corner of the sheet, as in PDF; `mm` converts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from dutydesk.printing.fonts import EM, FACES, SANS, Missing, code_of, face_of, hidden, runs, widths
from dutydesk.printing.lines import wrap
from dutydesk.printing.pdf import Codes, Page

Align = Literal["left", "right", "center"]
THIN = 0.4
FRAME = 0.6
BOLD = 0.028
"""Width of the outline that makes a face bold, as a share of its size: the wheel has regular faces only."""


def mm(length: float) -> float:
    """Millimetres in points."""
    return length * 72 / 25.4


@dataclass(frozen=True, slots=True)
class Paper:
    """Size and margins of a sheet in millimetres; the margins leave room for running head and foot."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Style:
    """How a text looks; `size` and `leading` (line distance as a multiple of the size)."""

    size: float = 10.5
    face: str = SANS
    bold: bool = False
    leading: float = 1.4

    @property
    def line(self) -> float:
        """Distance of two baselines in points."""
        return self.size * self.leading


@dataclass(slots=True)
class Leaf:
    """The operators of one page: what lies under, rules and boxes, text."""

    under: list[str] = field(default_factory=list[str])
    drawing: list[str] = field(default_factory=list[str])
    texts: list[str] = field(default_factory=list[str])
    state: tuple[str, float, bool] = ("", 0.0, False)


class Sheets:
    """Pages being written, with a cursor `y` that runs down the page (the top of what comes next)."""

    def __init__(self, paper: Paper) -> None:
        self.width, self.height = mm(paper.width), mm(paper.height)
        self.left, self.right = mm(paper.left), self.width - mm(paper.right)
        self.top, self.bottom = self.height - mm(paper.top), mm(paper.bottom)
        self.codes = {face: Codes(face) for face in FACES}
        self.pages: list[Leaf] = []
        self.missing: dict[tuple[int, str], Missing] = {}
        self.row = 0
        self.new_page()

    @property
    def measure(self) -> float:
        """Width of the text block."""
        return self.right - self.left

    @property
    def left_over(self) -> float:
        """Height that is still free on this page."""
        return self.y - self.bottom

    def new_page(self) -> None:
        """Go on at the top of a fresh page."""
        self.page = Leaf()
        self.pages.append(self.page)
        self.y = self.top

    def need(self, height: float) -> None:
        """Start a new page unless `height` is free; on an empty page nothing helps, so nothing is done."""
        if self.left_over < height - 0.01 and self.y < self.top:
            self.new_page()

    def encode(self, text: str, face: str) -> str | None:
        """The hex string of `text` when one face draws all of it, else `None`."""
        try:
            return "".join(map(self.codes[face].__getitem__, text))
        except KeyError:
            return None

    def select(self, face: str, size: float, bold: bool) -> None:
        """Make face, size and weight current; nothing is written when they are."""
        page = self.page
        if page.state == (face, size, bold):
            return
        if page.state[:2] != (face, size):
            page.texts.append(f"/{face} {size:g} Tf")
        if bold:
            page.texts.append(f"2 Tr {size * BOLD:.3f} w")
        elif page.state[2]:
            page.texts.append("0 Tr")
        page.state = (face, size, bold)

    def text(self, x: float, y: float, text: str, style: Style, align: Align = "left", clip: float = 0.0) -> None:
        """Write one line with its baseline at `y`; `x` is its left end, right end or middle as `align` says.

        With `clip` (points) a longer line is cut and ends in an ellipsis.
        """
        text = text.rstrip(" \t\n\u3000")
        width = widths(style.face).measure(text) * style.size / EM
        if clip and width > clip:
            text = ellipsis(text, clip, style)
            width = widths(style.face).measure(text) * style.size / EM
        if align != "left":
            x -= width if align == "right" else width / 2
        if not text:
            return
        code = self.encode(text, style.face)
        if code is not None:
            self.select(style.face, style.size, style.bold)
            self.page.texts.append(f"1 0 0 1 {x:.2f} {y:.2f} Tm <{code}> Tj")
            return
        advance = widths(style.face)
        for run in runs(text, style.face):
            if run.face:
                self.select(run.face, style.size, style.bold)
                shown = self.encode(run.text, run.face)
                self.page.texts.append(f"1 0 0 1 {x:.2f} {y:.2f} Tm <{shown}> Tj")
                x += advance.measure(run.text) * style.size / EM
                continue
            for character in run.text:
                if character != "\t":
                    self.box_of(character, x, y, style.size)
                x += advance[character] * style.size / EM

    def box_of(self, character: str, x: float, y: float, size: float) -> None:
        """A frame of one em with the character's code in it, for what no face can draw; it is noted in `missing`."""
        self.missing.setdefault((self.row, character), Missing(self.row, character, code_of(character)))
        digits = f"{ord(character):04X}"
        half = (len(digits) + 1) // 2
        low, edge = y - 0.12 * size, 0.05 * size
        self.rectangle(x + edge, low, size - 2 * edge, size * 0.98, THIN)
        small = 0.4 * size if half <= 2 else 0.36 * size
        self.select(SANS, small, bold=False)
        for row, part in enumerate((digits[:half], digits[half:])):
            wide = widths(SANS).measure(part) * small / EM
            code = self.encode(part, SANS)
            base = low + size * (0.58 if row == 0 else 0.14)
            self.page.texts.append(f"1 0 0 1 {x + (size - wide) / 2:.2f} {base:.2f} Tm <{code}> Tj")

    def rule(self, x1: float, y1: float, x2: float, y2: float, weight: float = THIN) -> None:
        """A straight line."""
        self.page.drawing.append(f"{weight:g} w {x1:.2f} {y1:.2f} m {x2:.2f} {y2:.2f} l S")

    def rectangle(self, x: float, y: float, width: float, height: float, weight: float = THIN) -> None:
        """A frame without filling."""
        self.page.drawing.append(f"{weight:g} w {x:.2f} {y:.2f} {width:.2f} {height:.2f} re S")

    def lines(self, text: str, width: float, style: Style) -> list[str]:
        """`text` broken to `width` points."""
        return wrap(text, int(width * EM / style.size), widths(style.face))

    def finished(self) -> list[Page]:
        """The pages as they will be written."""
        return [
            Page(
                self.width,
                self.height,
                [*page.under, "0 G 0 g", *page.drawing, *(["BT", *page.texts, "ET"] if page.texts else [])],
            )
            for page in self.pages
        ]


def ellipsis(text: str, width: float, style: Style) -> str:
    """The longest beginning of `text` that fits into `width` points with an ellipsis behind it."""
    room = width * EM / style.size - widths(style.face)["…"]
    at = 0
    for at, character in enumerate(text):  # noqa: B007 - how far it came is the result
        room -= widths(style.face)[character]
        if room < 0:
            break
    return text[:at].rstrip() + "…"


def undrawable(texts: tuple[str, ...]) -> list[Missing]:
    """What of these texts no face can draw; row 0, since they stand in no table."""
    return [
        Missing(0, c, code_of(c)) for c in dict.fromkeys("".join(texts)) if not (c in "\n\t" or hidden(c) or face_of(c))
    ]
