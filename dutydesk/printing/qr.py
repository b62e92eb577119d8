"""QR symbols as PDF operators: the journal head at the foot of a sheet, read back by any telephone."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

import segno

QUIET = 4
"""White modules around a symbol (ISO/IEC 18004 §6.3.8); they are part of the size asked for."""
OVERLAP = 0.02
"""Share of a module by which rows overlap, so that no viewer shows a white hairline between them."""


@lru_cache(maxsize=16)
def matrix(text: str) -> tuple[bytes, ...]:
    """Rows of 0 and 1, without the quiet zone; error correction M. The mask follows from the text alone.

    Raises `ValueError` when the text is longer than a symbol holds (2,331 bytes).
    """
    code: Any = cast("Any", segno).make_qr(text, error="m", encoding="utf-8", boost_error=False)
    return tuple(bytes(row) for row in code.matrix)


def operators(text: str, x: float, y: float, size: float) -> str:
    """Draw the symbol of `text` into the square with its lower left corner at (x, y); all in points."""
    rows = matrix(text)
    module = size / (len(rows) + 2 * QUIET)
    found: list[str] = []
    for n, row in enumerate(rows):
        bottom = y + size - (QUIET + n + 1) * module
        start = 0
        while (start := row.find(1, start)) >= 0:
            end = row.find(0, start)
            end = len(row) if end < 0 else end
            found.append(
                f"{x + (QUIET + start) * module:.3f} {bottom - OVERLAP * module:.3f} "
                f"{(end - start) * module:.3f} {(1 + OVERLAP) * module:.3f} re"
            )
            start = end
    return "q 0 g " + " ".join(found) + " f Q"
