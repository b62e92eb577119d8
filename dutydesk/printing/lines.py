"""Breaking text into lines: Chinese anywhere but beside punctuation, Latin words and numbers whole.

The rules are those of Chinese typesetting (GB/T 15834-2011 §5.1: 句号、逗号、顿号、分号、冒号 and closing marks do not
begin a line, opening marks do not end one). A character that may not begin a line takes the one before it along.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from itertools import accumulate

from dutydesk.printing.fonts import Widths

NO_START = frozenset(
    "、。,.:;?!)]}〕》〉」』】〗〙〛”’…—～~·‧℃%％‰㎡㎥°々〞〟ー\uff0c\uff0e\uff1a\uff1b\uff1f\uff01\uff09\uff3d\uff5d"
)
"""Never at the start of a line."""
NO_END = frozenset("([{〔《〈「『【〖〘〚“‘〝¥$￥＄#№" + "\uff08\uff3b\uff5b")
"""Never at the end of a line."""
SPACES = frozenset(" \t\u3000")
"""May hang beyond the end of a line, unseen."""


def can_break(before: str, after: str) -> bool:
    """Whether a line may end with `before` and the next begin with `after`."""
    if after in SPACES or after in NO_START or unicodedata.category(after) in ("Mn", "Me", "Cf"):
        return False
    if before in SPACES:
        return True
    if before in NO_END:
        return False
    return not (_sticks(before) and _sticks(after))


def _sticks(character: str) -> bool:
    """Letters, digits and marks of Western writing, which hold together until a space; ～ between two numbers too."""
    return character == "～" or (ord(character) < 0x2E80 and character not in SPACES)


def longest_run(text: str, widths: Widths) -> int:
    """The width (1/1000 em) of the widest part of `text` that `wrap` keeps whole where it can: its longest word."""
    found = run = 0
    before = "\n"
    for character in text:
        if character in SPACES or character == "\n" or can_break(before, character):
            found, run = max(found, run), 0
        if character not in SPACES and character != "\n":
            run += widths[character]
        before = character
    return max(found, run)


def wrap(text: str, width: int, widths: Widths) -> list[str]:
    """`text` as lines no wider than `width` (1/1000 em) apart from spaces that hang; joined again they are `text`.

    A line feed ends its line and stays in it. What has no permitted break is cut where the line is full. A single
    character wider than the line stands alone.
    """
    *ended, last = text.split("\n")
    lines: list[str] = []
    for part in ended:
        lines += _fold(part, width, widths)
        lines[-1] += "\n"
    return lines + _fold(last, width, widths) if last or not lines else lines


def _fold(text: str, width: int, widths: Widths) -> list[str]:
    """As `wrap`, for a text without line feeds."""
    if sum(map(widths.__getitem__, text)) <= width:
        return [text]
    ends = list(accumulate(map(widths.__getitem__, text), initial=0))
    found: list[str] = []
    start, length = 0, len(text)
    while start < length:
        full = max(bisect_right(ends, ends[start] + width, start + 1) - 1, start + 1)
        while full < length and text[full] in SPACES:
            full += 1
        if full >= length:
            found.append(text[start:])
            break
        cut = full
        while cut > start and not can_break(text[cut - 1], text[cut]):
            cut -= 1
        if cut <= start:
            cut = full
        found.append(text[start:cut])
        start = cut
    return found
