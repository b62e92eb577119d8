"""The one typed wrapper of reportlab: whole faces embedded as the glyphs a document uses, and fixed bytes.

reportlab's own embedding cuts a Chinese page into many fonts of 256 glyphs and switches between them in the middle of
a line. Here a face is one CID-keyed font (ISO 32000-1 §9.7.4): two bytes a character, numbered in the order of first
use. Drawing becomes a dictionary look-up, a copied text comes out as it went in, and the numbering depends on the
text alone. No network, no markup, no Helvetica that a viewer would have to supply.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from reportlab import rl_config
from reportlab.pdfbase import pdfdoc as _pdfdoc
from reportlab.pdfbase import pdfmetrics as _pdfmetrics
from reportlab.pdfbase import ttfonts as _ttfonts
from reportlab.pdfgen import canvas as _canvas

from dutydesk.core.clock import SECOND, local
from dutydesk.core.paths import fonts_dir

# reportlab has no annotations; `Any` ends here, nothing of it leaves this module
pdfdoc: Any = _pdfdoc
pdfmetrics: Any = _pdfmetrics
ttfonts: Any = _ttfonts
Canvas: Any = _canvas.Canvas

# CVE-2020-28463: nothing a document names is ever fetched. The rest is what makes bytes repeatable and small.
rl_config.trustedHosts = None
rl_config.trustedSchemes = []
rl_config.invariant = 1
rl_config.useA85 = 0

_FILES = {"Sans": "NotoSansSC-Regular.ttf", "Serif": "NotoSerifSC-Regular.ttf"}


@dataclass(frozen=True, slots=True)
class Outlines:
    """What a face says of its characters: glyph and advance by code point, and how many bytes each outline has."""

    glyphs: dict[int, int]
    widths: dict[int, float]
    starts: list[int]
    raw: Any

    def has_outline(self, code: int) -> bool:
        """Whether the character has a glyph with something in it."""
        glyph = self.glyphs.get(code, 0)
        return glyph != 0 and self.starts[glyph + 1] > self.starts[glyph]


@cache
def outlines(face: str) -> Outlines:
    """Read a face once; afterwards `canvas.setFont(face, size)` knows it too. Raises `Unavailable` without fonts."""
    font: Any = ttfonts.TTFont(face, str(fonts_dir() / _FILES[face]))
    pdfmetrics.registerFont(font)
    return Outlines(font.face.charToGlyph, font.face.charWidths, font.face.glyphPos, font.face)


class Codes(dict[str, str]):
    """Character → four hex digits, its number in this document's copy of a face.

    A look-up of a character that the face cannot draw raises `KeyError`; the caller then takes the slow way.
    """

    def __init__(self, face: str, drawable: Iterable[str] = ()) -> None:
        super().__init__()
        self.face = face
        self.used: list[str] = []
        self._outlines = outlines(face)
        for character in drawable:
            self[character] = self.number(character)

    def __missing__(self, character: str) -> str:
        code = ord(character)
        if not (self._outlines.has_outline(code) or (character in " \u00a0\u3000" and code in self._outlines.glyphs)):
            raise KeyError(character)
        made = self[character] = self.number(character)
        return made

    def number(self, character: str) -> str:
        """The next free number, for this character."""
        self.used.append(character)
        return f"{len(self.used):04X}"


@dataclass(frozen=True, slots=True)
class Page:
    """A finished page: size in points and its drawing operators."""

    width: float
    height: float
    operators: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Stamp:
    """What reportlab takes for the time of making: here the time it was given."""

    t: int
    YMDhms: tuple[int, ...]
    dhh: int = 8
    dmm: int = 0


def write(pages: Sequence[Page], fonts: Iterable[Codes], *, title: str, author: str, at: int) -> bytes:
    """The PDF file; the same bytes for the same arguments in every process. `at` is its creation date, ms UTC."""
    canvas: Any = Canvas(
        "memory", pageCompression=1, invariant=1, initialFontName=next(iter(_FILES)), lang="zh-CN", pdfVersion=(1, 5)
    )
    document: Any = canvas._doc  # noqa: SLF001 - reportlab offers no public way to add a font object
    moment = local(at)
    document._timeStamp = _Stamp(at // SECOND, moment.timetuple()[:6])  # noqa: SLF001 - nor to give the time
    document.signature = hashlib.md5(b"DutyDesk", usedforsecurity=False)
    document.updateSignature(str(at))
    canvas.setTitle(plain(title))
    canvas.setAuthor(plain(author))
    canvas.setSubject(plain(title))
    canvas.setCreator("DutyDesk")
    canvas.setProducer("DutyDesk")
    for page in pages:
        canvas.setPageSize((page.width, page.height))
        text = "\n".join(page.operators)
        document.updateSignature(text)
        canvas.addLiteral(text)
        canvas.showPage()
    for codes in fonts:
        if codes.used:
            _embed(document, codes)
    return cast("bytes", canvas.getpdfdata())


def plain(text: str) -> str:
    """`text` without what cannot stand in the file's description: control characters and lone surrogates."""
    return "".join(c if c.isprintable() and not 0xD800 <= ord(c) < 0xE000 else " " for c in text)


def _embed(document: Any, codes: Codes) -> None:
    """Add the used glyphs of a face as a Type0 font that pages call by the face's name."""
    face: Any = outlines(codes.face).raw
    points = [ord(character) for character in codes.used]
    order: dict[int, int] = {0: 0}
    for code in points:
        order.setdefault(face.charToGlyph[code], len(order))
    gids = b"\0\0" + b"".join(order[face.charToGlyph[code]].to_bytes(2, "big") for code in points)
    digest = hashlib.sha256("".join(codes.used).encode()).digest()
    tag = "".join(chr(ord("A") + byte % 26) for byte in digest[:6])
    name = f"{tag}+{face.name.decode('ascii')}"
    maps = pdfdoc.PDFStream()
    maps.content = gids
    unicode = pdfdoc.PDFStream()
    unicode.content = _to_unicode(codes.used)
    for stream in (maps, unicode):
        stream.filters = [pdfdoc.PDFZCompress]
    descendant = pdfdoc.PDFDictionary(
        {
            "Type": pdfdoc.PDFName("Font"),
            "Subtype": pdfdoc.PDFName("CIDFontType2"),
            "BaseFont": pdfdoc.PDFName(name),
            "CIDSystemInfo": pdfdoc.PDFDictionary(
                {"Registry": pdfdoc.PDFString("Adobe"), "Ordering": pdfdoc.PDFString("Identity"), "Supplement": 0}
            ),
            "FontDescriptor": face.addSubsetObjects(document, name, points),
            "DW": 1000,
            "W": pdfdoc.PDFArray([1, pdfdoc.PDFArray([face.charWidths[code] for code in points])]),
            "CIDToGIDMap": document.Reference(maps),
        }
    )
    font = pdfdoc.PDFDictionary(
        {
            "Type": pdfdoc.PDFName("Font"),
            "Subtype": pdfdoc.PDFName("Type0"),
            "BaseFont": pdfdoc.PDFName(name),
            "Encoding": pdfdoc.PDFName("Identity-H"),
            "DescendantFonts": pdfdoc.PDFArray([document.Reference(descendant)]),
            "ToUnicode": document.Reference(unicode),
        }
    )
    document.idToObject["BasicFonts"].dict[codes.face] = document.Reference(font)


def _to_unicode(used: Sequence[str]) -> str:
    """The CMap by which a viewer copies and searches the text (ISO 32000-1 §9.10.3): 100 lines a block at most."""
    rows = [f"<{n:04X}> <{c.encode('utf-16-be').hex().upper()}>" for n, c in enumerate(used, 1)]
    blocks = [
        f"{len(rows[at : at + 100])} beginbfchar\n" + "\n".join(rows[at : at + 100]) + "\nendbfchar"
        for at in range(0, len(rows), 100)
    ]
    return "\n".join(
        [
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap",
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
            "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def",
            "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange",
            *blocks,
            "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend",
        ]
    )
