"""The status board: what an officer must see without asking, always on top of the window.

Every tile opens its pane. What a tile says comes from the features' own `figures` and `open_items`; the board adds the
clock, the crew, the state of the record and of the last copy.
"""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from dutydesk.core.clock import HOUR, MINUTE, local
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.ledger.feature import Figure, OpenItem
from dutydesk.qt.icons import icon
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Tile

WEEKDAYS = "一二三四五六日"
ENGLISH_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FIGURES = (
    ("warnings.in_force", "warnings"),
    ("incidents.open", "incidents"),
    ("rain.worst", "rain"),
    ("shelters.people_now", "shelters"),
)
"""Figures on the board, and the feature whose pane each one opens; a feature without such a figure has no tile."""
BACKUP_LATE = 3 * HOUR


def day_text(at: int) -> str:
    """`11月22日 周日`."""
    moment = local(at)
    weekday = _("周{day}").format(day=_(WEEKDAYS[moment.weekday()]))
    return _("{month}月{day}日 {weekday}").format(month=moment.month, day=moment.day, weekday=weekday)


def left_text(due_at: int, now: int) -> str:
    """How long there is: `00:18`, `昨`-free: hours and minutes, or days; lateness without a sign."""
    minutes = abs(due_at - now) // MINUTE
    if minutes >= 48 * 60:
        return _("{days}天").format(days=minutes // 1440)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


class StatusBoard(QWidget):
    """Tiles in one row.

    Signals:
        asked: name of the feature whose pane is wanted, or `todo`, `who`, `menu`.
    """

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("status-board")
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(current().px(8), current().px(4), current().px(8), current().px(4))
        self._row.setSpacing(current().px(4))
        self._target: dict[Tile, str] = {}
        self.menu = QToolButton()
        self.menu.setObjectName("menu-button")
        self.menu.setIcon(icon("menu"))
        self.menu.setAccessibleName(_("菜单"))
        self.menu.setToolTip(_("菜单 (Alt+M)"))
        self.menu.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._row.addWidget(self.menu)
        self.clock = self._tile("", "shifts", "tile-clock")
        self.crew = self._tile(_("值班"), "who", "tile-crew")
        self.crew.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.figures: dict[str, Tile] = {}
        for name, feature in FIGURES:
            self.figures[name] = self._tile("", feature, f"tile-{name}")
            self.figures[name].hide()
        self.todo = self._tile(_("待办"), "todo", "tile-todo")
        self.record = self._tile(_("记录"), "admin", "tile-record")
        self.mark = self._tile("", "admin", "tile-mark")
        self.mark.hide()

    def _tile(self, caption: str, target: str, name: str) -> Tile:
        tile = Tile(caption)
        tile.setObjectName(name)
        self._target[tile] = target
        tile.clicked.connect(self._pressed)
        self._row.addWidget(tile)
        return tile

    def _pressed(self) -> None:
        tile = self.sender()
        if isinstance(tile, Tile):
            self.asked.emit(self._target[tile])

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    # -- what it says ----------------------------------------------------------------------------------------------

    def tick(self, now: int) -> None:
        """Show the time."""
        self.clock.show_value(local(now).strftime("%H:%M:%S"), caption=day_text(now))

    def show_crew(self, text: str, who: str) -> None:
        """The crew of the running shift, and who sits at this desk."""
        caption = _("值班 · 操作人 {name}").format(name=who) if who else _("值班 · 请先选操作人")
        self.crew.show_value(text or _("未排班"), caption=caption)

    def show_figures(self, figures: dict[str, Figure]) -> None:
        """The features' counters."""
        for name, _feature in FIGURES:
            tile, figure = self.figures[name], figures.get(name)
            tile.setVisible(figure is not None)
            if figure is not None:
                tone = ("", "yellow", "orange", "red")[min(figure.severity, 3)]
                value = f"{figure.value}{_(figure.unit)}" if figure.unit else str(figure.value)
                tile.show_value(value, tone, caption=_(figure.label))

    def show_todo(self, items: list[OpenItem], now: int) -> None:
        """How many things are open, and how long there is for the next."""
        due = [item for item in items if item.due_at is not None]
        if not due:
            self.todo.show_value(str(len(items)), caption=_("待办"))
            return
        late = [item for item in due if item.due_at is not None and item.due_at < now]
        if late:
            self.todo.show_value(
                _("{all} 逾期{late}").format(all=len(items), late=len(late)), "late", caption=_("待办")
            )
            return
        first = due[0].due_at or now
        self.todo.show_value(f"{len(items)} · {left_text(first, now)}", caption=_("待办 · 最近到时"))

    def show_record(self, desk: Desk, sound: bool | None, backup_at: int | None, now: int) -> None:
        """`记录完好 ✓` and when the last verified copy was made; anything else in words and colour."""
        if sound is False:
            self.record.show_value(_("记录受损"), "red", caption=_("请看系统"))
            return
        when = local(backup_at).strftime("%H:%M") if backup_at else _("无")
        late = backup_at is None or now - backup_at > BACKUP_LATE
        state = _("记录完好 ✓") if sound else _("记录检查中")
        if desk.store.clock_behind:
            state = _("时钟不准")
        self.record.show_value(state, "yellow" if late and sound else "", caption=_("上次备份 {at}").format(at=when))

    def show_mark(self, text: str) -> None:
        """示例 or 演练, when this is not the real desk."""
        self.mark.setVisible(bool(text))
        self.mark.show_value(text, caption=_("本机"))
