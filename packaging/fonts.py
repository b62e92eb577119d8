"""Turn the bundled Noto faces from CFF into TrueType outlines: `python packaging/fonts.py [OUTDIR]`.

reportlab embeds TrueType outlines only, while the wheel `pylopdf-fonts-zh-cn` (SIL OFL 1.1) ships `.otf` files with
cubic CFF curves. The conversion takes some ten seconds a face, so `make fonts` and the wheel build do it once, never
while someone waits. A face whose stamp names the same source bytes and the same version of this script is left alone.
Bytes are the same on every machine: nothing in the output depends on time, order or hash seed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

WHEEL = "pylopdf_fonts_zh_cn"
FACES = ("NotoSansSC-Regular", "NotoSerifSC-Regular")
VERSION = 1
ERROR = 1.0
"""Largest distance between a cubic curve and its quadratic replacement, in thousandths of the em."""
LIMITS = (
    *("maxPoints", "maxContours", "maxCompositePoints", "maxCompositeContours", "maxComponentElements"),
    *("maxComponentDepth", "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs"),
    *("maxStackElements", "maxSizeOfInstructions"),
)
"""Fields of a TrueType `maxp`; fonttools computes those of the outlines on saving, the rest stay 0: no hinting."""
DROPPED = ("CFF ", "VORG", "vhea", "vmtx", "DSIG")
"""CFF's own tables, those of vertical writing, which no form here uses, and a signature that no longer holds."""


def main(arguments: list[str] | None = None) -> int:
    """Convert every face that is not up to date; returns 0, or 1 with a line on stderr when the wheel is missing."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("folder", nargs="?", default="build/fonts", type=Path, help="default: build/fonts")
    parser.add_argument("--force", action="store_true", help="convert also what is up to date")
    options = parser.parse_args(arguments)
    spec = find_spec(WHEEL)
    if spec is None or spec.origin is None:
        sys.stderr.write(f"{WHEEL} is not installed: run make first\n")
        return 1
    source = Path(spec.origin).parent
    work: list[tuple[Path, Path, str]] = []
    for face in FACES:
        origin, target = source / f"{face}.otf", options.folder / f"{face}.ttf"
        stamp = f"{VERSION} {hashlib.sha256(origin.read_bytes()).hexdigest()}"
        if options.force or not is_current(target, stamp):
            work.append((origin, target, stamp))
    if work:
        options.folder.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(min(len(work), os.cpu_count() or 1)) as pool:
            for line in pool.map(convert, *zip(*work, strict=True)):
                sys.stdout.write(f"{line}\n")
    licence = options.folder / "OFL.txt"
    if not licence.exists():
        licence.write_text(licence_text(), encoding="utf-8")
    return 0


def licence_text() -> str:
    """The licence that must travel with the faces (SIL OFL 1.1, condition 2), as their wheel carries it."""
    for file in metadata.files("pylopdf-fonts-zh-cn") or ():
        if file.name == "LICENSE":
            return file.read_text()
    raise FileNotFoundError(f"{WHEEL}: LICENSE")


def stamp_of(target: Path) -> Path:
    """Where the stamp of a converted face stands."""
    return target.with_suffix(".stamp")


def is_current(target: Path, stamp: str) -> bool:
    """Whether `target` was made from this source by this version, and is still as long as it was then."""
    try:
        made, size = stamp_of(target).read_text(encoding="ascii").rsplit(" ", 1)
        return made == stamp and target.stat().st_size == int(size)
    except (OSError, ValueError):
        return False


def convert(origin: Path, target: Path, stamp: str) -> str:
    """Write the TrueType twin of `origin`, then its stamp; each appears whole or not at all."""
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from fontTools.ttLib import TTFont, newTable

    with TTFont(origin, lazy=True, recalcTimestamp=False) as font:
        order = font.getGlyphOrder()
        drawn = font.getGlyphSet()
        outlines: dict[str, Any] = {}
        for name in order:
            pen = TTGlyphPen(None)
            drawn[name].draw(Cu2QuPen(pen, ERROR, reverse_direction=True))
            outlines[name] = pen.glyph()
        glyf: Any = newTable("glyf")
        glyf.glyphOrder, glyf.glyphs = order, outlines
        font["loca"], font["glyf"] = newTable("loca"), glyf
        glyf.compile(font)
        metrics = font["hmtx"].metrics
        for name in order:
            metrics[name] = (metrics[name][0], getattr(outlines[name], "xMin", 0))
        maxp: Any = newTable("maxp")
        maxp.tableVersion, maxp.numGlyphs, maxp.maxZones = 0x00010000, len(order), 1
        for field in LIMITS:
            setattr(maxp, field, 0)
        font["maxp"] = maxp
        font["post"].formatType = 3.0
        for table in DROPPED:
            if table in font:
                del font[table]
        font.sfntVersion = "\0\1\0\0"
        part = target.with_suffix(f".{os.getpid()}.part")
        try:
            font.save(part, reorderTables=False)
            size = part.stat().st_size
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    note = stamp_of(target).with_suffix(f".{os.getpid()}.part")
    note.write_text(f"{stamp} {size}", encoding="ascii")
    note.replace(stamp_of(target))
    return f"{target.name} {size / 1e6:.1f} MB"


if __name__ == "__main__":
    sys.exit(main())
