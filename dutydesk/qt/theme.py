"""Light and night theme, font scale, and the one way to put them on: `apply`.

Neutral greys and one accent (teal). Red, orange, yellow and blue belong to warning levels and lateness alone, and
never stand alone: whoever shows a level shows its word and its shape too (`widgets.level_badge`). Every pair of ink
and ground below holds WCAG 2.1 contrast ≥ 4.5:1 in both themes (`PAIRS`, tested). The night theme is dim: its text is
a soft grey, its levels are darker, so that a dark room stays dark.

A theme is put on the whole program; Qt then sends every widget a `StyleChange`, on which painted widgets ask
`current()` again. There is no other channel.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import NamedTuple

from PySide6 import QtGui
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from dutydesk.core import paths
from dutydesk.core.errors import Unavailable
from dutydesk.core.i18n import N_
from dutydesk.core.looks import PERCENTS as PERCENTS

FAMILIES = ("Noto Sans SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Micro Hei", "sans-serif")
BODY = 14
FUSION = "dutydesk-fusion"
"""Property of an application that was begun with Qt's Fusion style (`-style fusion`). Asking it for its style makes
PySide build all enumerations of QStyle, a tenth of the time to the first window."""
ROW = 28


class Level(NamedTuple):
    """A warning colour: `fill` a badge's ground and `ink` the word on it; `text` a word on a plain ground; `soft` a
    tinted ground for a row or tile, on which `text` stands."""

    fill: str
    ink: str
    text: str
    soft: str


class Tokens(NamedTuple):
    """The colours of a theme, `#RRGGBB`. `window` lies behind everything, `surface` holds data, `raised` is what can be
    pressed; `selection` is the ground of what is chosen."""

    window: str
    surface: str
    raised: str
    hover: str
    border: str
    outline: str
    text: str
    muted: str
    accent: str
    on_accent: str
    selection: str
    on_selection: str
    red: Level
    orange: Level
    yellow: Level
    blue: Level


LIGHT = Tokens(
    window="#F1F3F4",
    surface="#FFFFFF",
    raised="#FAFBFB",
    hover="#E8ECED",
    border="#D3D8DC",
    outline="#7C858E",
    text="#1B1F24",
    muted="#59616B",
    accent="#0B6E69",
    on_accent="#FFFFFF",
    selection="#CFE6E3",
    on_selection="#0E2A28",
    red=Level("#C62828", "#FFFFFF", "#B3261E", "#FBE7E5"),
    orange=Level("#F08A24", "#261300", "#9A4206", "#FDEBDB"),
    yellow=Level("#F5D033", "#241D00", "#705500", "#FBF2CC"),
    blue=Level("#1F5FAE", "#FFFFFF", "#1B559D", "#E1ECF9"),
)
NIGHT = Tokens(
    window="#14171A",
    surface="#1B1F23",
    raised="#23282D",
    hover="#2A3036",
    border="#333A41",
    outline="#737C85",
    text="#C3C9CF",
    muted="#929AA3",
    accent="#4FAFA5",
    on_accent="#0A1615",
    selection="#21423F",
    on_selection="#D0E2E0",
    red=Level("#B83F37", "#FFFFFF", "#EC8F86", "#3A2322"),
    orange=Level("#BD7029", "#120800", "#DE9C5A", "#352719"),
    yellow=Level("#BDA02C", "#141000", "#CDB453", "#302B17"),
    blue=Level("#3B6EAD", "#FFFFFF", "#8AB4E8", "#1D2B3C"),
)

LEVELS = ("red", "orange", "yellow", "blue")
LEVEL_WORDS = {"red": N_("红"), "orange": N_("橙"), "yellow": N_("黄"), "blue": N_("蓝"), "late": N_("逾期")}
LEVEL_SHAPES = {"red": "square", "orange": "triangle", "yellow": "diamond", "blue": "circle", "late": "clock"}

PAIRS = (
    *((ink, ground) for ink in ("text", "muted", "accent") for ground in ("window", "surface", "raised")),
    ("text", "hover"),
    ("on_accent", "accent"),
    ("on_selection", "selection"),
    *((f"{level}.ink", f"{level}.fill") for level in LEVELS),
    *((f"{level}.text", ground) for level in LEVELS for ground in ("window", "surface", "raised", f"{level}.soft")),
    *(("text", f"{level}.soft") for level in LEVELS),
)
"""Every ink and the ground it may stand on."""


def colour(tokens: Tokens, name: str) -> str:
    """The colour of a dotted name: `text`, `red.fill`."""
    value: object = tokens
    for part in name.split("."):
        value = getattr(value, part)
    if not isinstance(value, str):
        raise KeyError(name)
    return value


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two `#RRGGBB` colours, 1 to 21 (WCAG 2.1, "contrast ratio" and "relative luminance")."""

    def luminance(text: str) -> float:
        parts = [int(text[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme at a font scale. All measures of a widget come from `px`, so that rows, paddings and icons grow with
    the type."""

    night: bool = False
    percent: int = 100

    @property
    def tokens(self) -> Tokens:
        return NIGHT if self.night else LIGHT

    def px(self, at_100: int) -> int:
        """Pixels for a measure given at 100 %."""
        return round(at_100 * self.percent / 100)

    @property
    def row(self) -> int:
        """Height of a table row in pixels."""
        return self.px(ROW)

    def colour(self, name: str) -> QColor:
        """`colour(tokens, name)` for Qt."""
        return QColor(colour(self.tokens, name))

    def level(self, code: str) -> Level | None:
        """The colours of a level code, `late` being red; `None` for anything else."""
        wanted = "red" if code == "late" else code
        return getattr(self.tokens, wanted) if wanted in LEVELS else None

    def font(self, size: int = BODY, *, bold: bool = False) -> QtGui.QFont:
        """The face at `size` pixels (at 100 %) with figures of equal width."""
        face = QtGui.QFont(list(FAMILIES))
        face.setPixelSize(self.px(size))
        face.setBold(bold)
        face.setFeature(QtGui.QFont.Tag("tnum"), 1)
        return face

    def digits(self, count: int, font: QtGui.QFont | None = None) -> int:
        """Pixels that `count` figures take."""
        return QtGui.QFontMetrics(font or self.font()).horizontalAdvance("0") * count


_current = Theme()
_families: list[str] = []


def current() -> Theme:
    """The theme that is on."""
    return _current


def load_fonts() -> list[str]:
    """Register the bundled screen faces once; gives their families. Where they are missing the system's faces serve:
    a window in another face is better than none (prints refuse, `core.paths.fonts_dir`)."""
    if not _families:
        try:
            folder = paths.fonts_dir()
        except Unavailable as missing:
            logging.getLogger(__name__).info("screen face: %s", missing)
            return []
        for file in sorted(folder.glob("*Sans*.ttf")):
            _families.extend(
                QtGui.QFontDatabase.applicationFontFamilies(QtGui.QFontDatabase.addApplicationFont(str(file)))
            )
    return list(_families)


def palette(theme: Theme) -> QPalette:
    """Qt's palette of a theme, disabled texts included."""
    paint = QPalette()
    roles = {
        QPalette.ColorRole.Window: "window",
        QPalette.ColorRole.WindowText: "text",
        QPalette.ColorRole.Base: "surface",
        QPalette.ColorRole.AlternateBase: "raised",
        QPalette.ColorRole.Text: "text",
        QPalette.ColorRole.Button: "raised",
        QPalette.ColorRole.ButtonText: "text",
        QPalette.ColorRole.ToolTipBase: "raised",
        QPalette.ColorRole.ToolTipText: "text",
        QPalette.ColorRole.PlaceholderText: "muted",
        QPalette.ColorRole.Highlight: "selection",
        QPalette.ColorRole.HighlightedText: "on_selection",
        QPalette.ColorRole.Link: "accent",
        QPalette.ColorRole.LinkVisited: "accent",
        QPalette.ColorRole.BrightText: "text",
        QPalette.ColorRole.Light: "raised",
        QPalette.ColorRole.Midlight: "hover",
        QPalette.ColorRole.Mid: "border",
        QPalette.ColorRole.Dark: "outline",
        QPalette.ColorRole.Shadow: "border",
        QPalette.ColorRole.Accent: "accent",
    }
    for role, name in roles.items():
        paint.setColor(role, theme.colour(name))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        paint.setColor(QPalette.ColorGroup.Disabled, role, theme.colour("outline"))
    return paint


def apply(app: QApplication, theme: Theme) -> None:
    """Put `theme` on the whole program. May be called again at any time; every widget gets a `StyleChange`."""
    global _current
    _current = theme
    load_fonts()
    app.setFont(theme.font())
    dress(app, theme)


def dress(app: QApplication, theme: Theme) -> None:
    """The colours and measures of `theme` without its face, which takes its time to load: the first frame has them."""
    from dutydesk.qt.style import sheet

    global _current
    _current = theme
    if not app.property(FUSION) and not app.styleSheet():
        app.setStyle(QStyleFactory.create("Fusion"))
    app.setPalette(palette(theme))
    app.setStyleSheet(sheet(theme))


def names(tokens: Tokens) -> list[str]:
    """Dotted names of every colour of `tokens`."""
    found: list[str] = []
    for name in Tokens._fields:
        value = getattr(tokens, name)
        found += [f"{name}.{part}" for part in Level._fields] if isinstance(value, Level) else [name]
    return found
