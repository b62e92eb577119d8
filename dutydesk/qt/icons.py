"""Simple icons and the shapes of warning levels, painted in the theme's ink at any scale.

Each drawing lives on a 16 × 16 field and is stroked 1.5 wide. The shapes carry what colour alone may not: square 红,
triangle 橙, diamond 黄, circle 蓝, clock 逾期.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QApplication

from dutydesk.qt.theme import current

FIELD = 16


def _lines(*strokes: tuple[tuple[float, float], ...]) -> QPainterPath:
    path = QPainterPath()
    for stroke in strokes:
        path.moveTo(*stroke[0])
        for point in stroke[1:]:
            path.lineTo(*point)
    return path


def _with_ellipses(path: QPainterPath, *rects: tuple[float, float, float, float]) -> QPainterPath:
    for rect in rects:
        path.addEllipse(QRectF(*rect))
    return path


def _with_rects(path: QPainterPath, *rects: tuple[float, float, float, float]) -> QPainterPath:
    for rect in rects:
        path.addRoundedRect(QRectF(*rect), 1, 1)
    return path


_PAPER = ((4, 14), (4, 2), (9, 2), (12, 5), (12, 14), (4, 14))

_STROKED: dict[str, Callable[[], QPainterPath]] = {
    "search": lambda: _with_ellipses(_lines(((10, 10), (14, 14))), (2, 2, 9, 9)),
    "plus": lambda: _lines(((8, 3), (8, 13)), ((3, 8), (13, 8))),
    "minus": lambda: _lines(((3, 8), (13, 8))),
    "close": lambda: _lines(((4, 4), (12, 12)), ((12, 4), (4, 12))),
    "check": lambda: _lines(((3, 8), (7, 12), (13, 4))),
    "left": lambda: _lines(((10, 3), (5, 8), (10, 13))),
    "right": lambda: _lines(((6, 3), (11, 8), (6, 13))),
    "up": lambda: _lines(((3, 10), (8, 5), (13, 10))),
    "down": lambda: _lines(((3, 6), (8, 11), (13, 6))),
    "more": lambda: _with_ellipses(QPainterPath(), (2, 7, 2, 2), (7, 7, 2, 2), (12, 7, 2, 2)),
    "lock": lambda: _with_rects(_lines(((5, 7), (5, 4), (6.5, 2), (9.5, 2), (11, 4), (11, 7))), (3, 7, 10, 7)),
    "menu": lambda: _lines(((3, 4), (13, 4)), ((3, 8), (13, 8)), ((3, 12), (13, 12))),
    "list": lambda: _lines(
        ((6, 4), (14, 4)),
        ((6, 8), (14, 8)),
        ((6, 12), (14, 12)),
        ((2, 4), (3, 4)),
        ((2, 8), (3, 8)),
        ((2, 12), (3, 12)),
    ),
    "print": lambda: _with_rects(_lines(((5, 6), (5, 2), (11, 2), (11, 6))), (2, 6, 12, 5), (5, 9, 6, 5)),
    "save": lambda: _lines(((8, 2), (8, 10)), ((4, 7), (8, 10.5), (12, 7)), ((2, 11), (2, 14), (14, 14), (14, 11))),
    "open": lambda: _lines(((8, 10.5), (8, 2.5)), ((4, 6), (8, 2), (12, 6)), ((2, 11), (2, 14), (14, 14), (14, 11))),
    "folder": lambda: _lines(((2, 13), (2, 3), (6, 3), (8, 5), (14, 5), (14, 13), (2, 13))),
    "paper": lambda: _lines(_PAPER, ((6, 8), (10, 8)), ((6, 11), (10, 11))),
    "copy": lambda: _with_rects(QPainterPath(), (2, 2, 8, 9), (6, 5, 8, 9)),
    "edit": lambda: _lines(((3, 13), (4, 9.5), (11, 2.5), (13.5, 5), (6.5, 12), (3, 13))),
    "calendar": lambda: _with_rects(
        _lines(((2, 6.5), (14, 6.5)), ((5, 1.5), (5, 4)), ((11, 1.5), (11, 4))), (2, 3, 12, 11)
    ),
    "phone": lambda: _lines(
        ((3, 2), (6, 2), (7, 6), (5, 7.5), (8.5, 11), (10, 9), (14, 10), (14, 13), (11, 14), (2, 5), (3, 2))
    ),
    "refresh": lambda: _arc((3, 3, 10, 10), 60, 290, ((11, 1), (12, 4), (9, 5))),
    "eye": lambda: _with_ellipses(
        _lines(((1, 8), (4, 4.5), (8, 3.5), (12, 4.5), (15, 8), (12, 11.5), (8, 12.5), (4, 11.5), (1, 8))), (6, 6, 4, 4)
    ),
    "pin": lambda: _with_ellipses(_lines(((4, 8.5), (8, 15), (12, 8.5))), (3.5, 1.5, 9, 9), (6.5, 4.5, 3, 3)),
    "people": lambda: _with_ellipses(_lines(((2, 14), (3, 10.5), (8, 9.5), (13, 10.5), (14, 14))), (5, 2, 6, 6)),
    "rain": lambda: _lines(
        ((3, 8), (4, 5), (8, 3), (12, 5), (13, 8), (3, 8)), ((5, 10), (4, 14)), ((9, 10), (8, 14)), ((13, 10), (12, 14))
    ),
    "bell": lambda: _lines(
        ((2.5, 12), (4, 10), (4, 6.5), (6, 3.5), (8, 3), (10, 3.5), (12, 6.5), (12, 10), (13.5, 12), (2.5, 12)),
        ((7, 14), (9, 14)),
    ),
    "house": lambda: _lines(
        ((2, 8), (8, 2.5), (14, 8)), ((4, 7), (4, 14), (12, 14), (12, 7)), ((7, 14), (7, 10), (9, 10), (9, 14))
    ),
    "box": lambda: _lines(
        ((2, 5), (8, 2), (14, 5), (14, 11), (8, 14), (2, 11), (2, 5), (8, 8), (14, 5)), ((8, 8), (8, 14))
    ),
    "hand": lambda: _lines(((2, 6), (11, 6), (8, 3)), ((14, 10), (5, 10), (8, 13))),
    "flag": lambda: _lines(((4, 14.5), (4, 2), (13, 2), (10.5, 5.5), (13, 9), (4, 9))),
    "sliders": lambda: _with_ellipses(
        _lines(((1.5, 5), (8, 5)), ((12, 5), (14.5, 5)), ((1.5, 11), (4, 11)), ((8, 11), (14.5, 11))),
        (8, 3, 4, 4),
        (4, 9, 4, 4),
    ),
    "clock": lambda: _with_ellipses(_lines(((8, 4.5), (8, 8), (11, 9.5))), (1.5, 1.5, 13, 13)),
    "warn": lambda: _lines(((8, 2), (15, 14), (1, 14), (8, 2)), ((8, 6.5), (8, 10)), ((8, 11.8), (8, 12.2))),
    "info": lambda: _with_ellipses(_lines(((8, 7.5), (8, 11.5)), ((8, 4.6), (8, 5))), (1.5, 1.5, 13, 13)),
}  # the drawings are made when first asked for, so that starting costs nothing
NAMES = tuple(_STROKED)
SHAPES = ("square", "triangle", "diamond", "circle", "clock")


def _arc(
    rect: tuple[float, float, float, float], start: float, span: float, head: tuple[tuple[float, float], ...]
) -> QPainterPath:
    path = _lines(head)
    path.arcMoveTo(QRectF(*rect), start)
    path.arcTo(QRectF(*rect), start, span)
    return path


def paint_shape(painter: QPainter, shape: str, rect: QRectF, ink: QColor) -> None:
    """Fill a level's shape into `rect`; the clock is drawn as a filled disc with hands left open."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink)
    side = min(rect.width(), rect.height())
    box = QRectF(0, 0, side, side)
    box.moveCenter(rect.center())
    middle = box.center()
    match shape:
        case "square":
            inset = side * 0.06
            painter.drawRect(box.adjusted(inset, inset, -inset, -inset))
        case "triangle":
            painter.drawPolygon(QPolygonF([QPointF(middle.x(), box.top()), box.bottomRight(), box.bottomLeft()]))
        case "diamond":
            corners = [QPointF(middle.x(), box.top()), QPointF(box.right(), middle.y())]
            corners += [QPointF(middle.x(), box.bottom()), QPointF(box.left(), middle.y())]
            painter.drawPolygon(QPolygonF(corners))
        case "clock":
            disc = QPainterPath()
            disc.addEllipse(box)
            hands = QPainterPath(QPointF(middle.x(), box.top() + side * 0.18))
            hands.lineTo(middle)
            hands.lineTo(QPointF(box.right() - side * 0.22, middle.y()))
            pen = QPen(ink, max(1.0, side * 0.1))
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPath(disc)
            painter.drawPath(hands)
        case _:
            painter.drawEllipse(box)
    painter.restore()


def paint_icon(painter: QPainter, name: str, rect: QRectF, ink: QColor) -> None:
    """Stroke the icon `name` into `rect`; `KeyError` for a name that is not in `NAMES`."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    side = min(rect.width(), rect.height())
    painter.translate(rect.center().x() - side / 2, rect.center().y() - side / 2)
    painter.scale(side / FIELD, side / FIELD)
    join, cap = Qt.PenJoinStyle.RoundJoin, Qt.PenCapStyle.RoundCap
    painter.setPen(QPen(ink, 1.5, Qt.PenStyle.SolidLine, cap, join))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(_STROKED[name]())
    painter.restore()


def icon(name: str, size: int = 16, ink: str = "text") -> QIcon:
    """The icon `name` in the theme's `ink`, `size` pixels at 100 %, with a greyed picture for disabled. It belongs to
    the theme that was on when it was made: ask again at a `StyleChange` (`widgets.IconButton` does)."""
    theme = current()
    made = QIcon()
    app = QApplication.instance()
    ratio = app.devicePixelRatio() if isinstance(app, QApplication) else 1.0
    for mode, colour in ((QIcon.Mode.Normal, ink), (QIcon.Mode.Disabled, "outline")):
        side = theme.px(size)
        picture = QPixmap(round(side * ratio), round(side * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        paint_icon(painter, name, QRectF(0, 0, side, side), theme.colour(colour))
        painter.end()
        made.addPixmap(picture, mode)
    return made
