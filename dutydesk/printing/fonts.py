"""Which face draws which character, and what no face can draw.

A character counts as drawable when a face has a glyph for it *with an outline*: some fonts map ℃ to an empty glyph,
and a name that prints blank is worse than one that prints as its code. What no face has becomes a small frame with
the code in hex, and is named before printing (issue 2, §1).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from dutydesk.core.errors import Problem
from dutydesk.core.i18n import _
from dutydesk.printing.pdf import outlines

SANS = "Sans"
SERIF = "Serif"
FACES = (SANS, SERIF)
BLANKS = " \u00a0\u3000"
"""Space, no-break space, ideographic space: rightly without ink."""
EM = 1000
"""Advance widths are integers of 1/1000 of the font size."""


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text that one face draws; `face` is empty when none can."""

    face: str
    text: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A character that will be printed as a box: its row (from 1; 0 outside tables), itself, its code as U+20BB7."""

    row: int
    character: str
    code: str

    def problem(self) -> Problem:
        """The same as a sentence for the user."""
        shown = self.character if self.character.isprintable() else ""
        reason = _("“{character}”（{code}）没有字形，打印成带编码的方框").format(character=shown, code=self.code)
        return Problem(reason, line=self.row or None)


def register() -> None:
    """Make the faces known to reportlab under their names in `FACES`. Raises `Unavailable` without fonts."""
    for face in FACES:
        outlines(face)


@cache
def face_of(character: str, first: str = SANS) -> str:
    """The face that draws `character`, `first` before the others; empty when none has an outline for it."""
    for face in (first, *FACES):
        found = outlines(face)
        if found.has_outline(ord(character)) or (character in BLANKS and ord(character) in found.glyphs):
            return face
    return ""


@cache
def hidden(character: str) -> bool:
    """Whether the character is an instruction to a text engine (joiner, direction, variation), never drawn itself."""
    return (
        unicodedata.category(character) == "Cf"
        or 0xFE00 <= ord(character) <= 0xFE0F
        or (0xE0100 <= ord(character) <= 0xE01EF)
    )


def runs(text: str, face: str = SANS) -> list[Run]:
    """Cut `text` where the face changes; hidden characters are left out."""
    found: list[Run] = []
    for character in text:
        if hidden(character):
            continue
        drawn = face_of(character, face)
        if found and found[-1].face == drawn:
            found[-1] = Run(drawn, found[-1].text + character)
        else:
            found.append(Run(drawn, character))
    return found


def missing(texts: Iterable[str]) -> list[Missing]:
    """Every character of `texts` that no face can draw, once a row; rows are counted from 1."""
    found: list[Missing] = []
    for row, text in enumerate(texts, 1):
        found.extend(Missing(row, c, code_of(c)) for c in dict.fromkeys(text) if not can_draw(c))
    return found


def can_draw(character: str) -> bool:
    """Whether paper will show the character itself, or rightly nothing (a line feed, a joiner)."""
    return character in "\n\t" or hidden(character) or bool(face_of(character))


def code_of(character: str) -> str:
    """`U+20BB7`."""
    return f"U+{ord(character):04X}"


class Widths(dict[str, int]):
    """Character → advance in 1/1000 em when `first` is tried first; 0 for hidden, 1000 for a box."""

    def __init__(self, first: str = SANS) -> None:
        super().__init__()
        self._first = first

    def __missing__(self, character: str) -> int:
        face = face_of(character, self._first)
        if hidden(character) or character == "\n":
            width = 0
        elif character == "\t":
            width = 2 * self[" "]
        else:
            width = round(outlines(face).widths[ord(character)]) if face else EM
        self[character] = width
        return width

    def measure(self, text: str) -> int:
        """The width of `text` in 1/1000 em."""
        return sum(map(self.__getitem__, text))


@cache
def widths(first: str = SANS) -> Widths:
    """The advance widths of a face and those it falls back to, filled as characters are met."""
    return Widths(first)
