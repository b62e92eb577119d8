"""The rail on the left: one button a pane, with its picture, its name and the figure that Alt brings it to the front.
Where the window is too low for all, it scrolls, and the pane in front stays in sight."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QFrame, QMenu, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from dutydesk.core.i18n import _
from dutydesk.qt.icons import paint_icon
from dutydesk.qt.theme import current

ICONS = {
    "districts": "pin",
    "daybook": "list",
    "incidents": "phone",
    "rain": "rain",
    "warnings": "warn",
    "people": "people",
    "shelters": "house",
    "supplies": "box",
    "teams": "flag",
    "shifts": "hand",
    "roster": "calendar",
    "attendance": "check",
    "papers": "paper",
    "bundles": "save",
    "sync": "refresh",
    "accounts": "lock",
    "admin": "sliders",
}
TALL, LEAST = 36, 18


class RailButton(QAbstractButton):
    """One pane. Checked while its pane is in front."""

    def __init__(self, name: str, title: str, key: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self.setObjectName(f"rail-{name}")
        self.setText(title)
        self.setAccessibleName(title)
        self.setToolTip(_("{text}（{key}）").format(text=title, key=key) if key else title)
        self.compact = False
        self._digit = key.rpartition("+")[2]
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)

    def sizeHint(self) -> QSize:
        theme = current()
        words = QFontMetrics(theme.font(bold=True)).horizontalAdvance(self.text())
        if self.compact:
            return QSize(words + theme.px(8 + 6), theme.px(TALL))
        return QSize(words + theme.px(8 + 16 + 6 + 10 + 10 + 6), theme.px(TALL))

    def minimumSizeHint(self) -> QSize:
        return QSize(self.sizeHint().width(), current().px(LEAST))

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        ground = "selection" if self.isChecked() else "hover" if self.underMouse() else ""
        painter.setPen(Qt.PenStyle.NoPen if not self.hasFocus() else theme.colour("accent"))
        painter.setBrush(theme.colour(ground) if ground else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, theme.px(4), theme.px(4))
        ink = theme.colour("on_selection" if self.isChecked() else "text")
        quiet = ink if self.isChecked() else theme.colour("muted")
        side, left, middle = theme.px(16), theme.px(8), Qt.AlignmentFlag.AlignVCenter
        if not self.compact:
            picture = QRectF(left, (self.height() - side) / 2, side, side)
            paint_icon(painter, ICONS.get(self.name, "more"), picture, quiet)
            painter.setFont(theme.font(12))
            painter.setPen(quiet)
            right = self.rect().adjusted(0, 0, -theme.px(6), 0)
            painter.drawText(right, middle | Qt.AlignmentFlag.AlignRight, self._digit)
            left += side + theme.px(6)
        painter.setFont(theme.font(bold=self.isChecked()))
        painter.setPen(ink)
        painter.drawText(self.rect().adjusted(left, 0, 0, 0), middle, self.text())
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self.updateGeometry()


class Rail(QScrollArea):
    """All panes, one below the other.

    Signals:
        asked: the feature whose pane is wanted. beside: …to be shown beside what is in front. torn: …to be torn off
        into a window of its own, or put back.
    """

    asked = Signal(str)
    beside = Signal(str)
    torn = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rail-panes")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.buttons: dict[str, RailButton] = {}
        inside = QWidget()
        inside.setObjectName("rail-inside")
        self.setWidget(inside)
        for ground in (self.viewport(), inside):
            ground.setAutoFillBackground(False)
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addStretch(1)
        self._menu_for = ""

    def add(self, name: str, title: str, key: str) -> None:
        """One more pane, below the others."""
        made = RailButton(name, title, key, self.widget())
        made.clicked.connect(self._pressed)
        made.customContextMenuRequested.connect(self._menu)
        self._column.insertWidget(self._column.count() - 1, made)
        self.buttons[name] = made

    def compact(self, narrow: bool) -> None:
        """Names alone, where the panes need the room."""
        for made in self.buttons.values():
            if made.compact is not narrow:
                made.compact = narrow
                made.updateGeometry()
                made.update()

    def mark(self, names: set[str]) -> None:
        """Show which panes are in front."""
        for name, made in self.buttons.items():
            made.setChecked(name in names)
            if name in names:
                self.ensureWidgetVisible(made, 0, 0)

    def sizeHint(self) -> QSize:
        """As wide as the widest name, and a scroll bar beside it where one is needed."""
        whole = self.widget().sizeHint()
        low = self.height() < self.widget().minimumSizeHint().height()
        return QSize(whole.width() + (self.verticalScrollBar().sizeHint().width() if low else 0), whole.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(self.sizeHint().width(), current().px(3 * LEAST))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()

    def _pressed(self) -> None:
        made = self.sender()
        if isinstance(made, RailButton):
            self.asked.emit(made.name)

    def _menu(self, at: QPoint) -> None:
        made = self.sender()
        if not isinstance(made, RailButton):
            return
        self._menu_for = made.name
        menu = QMenu(self)
        menu.setObjectName("rail-menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(_("并排显示"), self._beside)
        menu.addAction(_("拆成单独窗口 / 放回"), self._tear)
        menu.popup(made.mapToGlobal(at))

    def _beside(self) -> None:
        self.beside.emit(self._menu_for)

    def _tear(self) -> None:
        self.torn.emit(self._menu_for)
