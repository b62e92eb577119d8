"""The status board: what an officer must see without asking, always on top of the window.

Every tile opens its pane. What a tile says comes from the features' own `figures` and `open_items`; the board adds the
clock, the crew, the state of the record and of the last copy.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QToolButton, QWidget

from dutydesk.core.clock import HOUR, MINUTE, local
from dutydesk.core.i18n import _, language
from dutydesk.core.reference import label, rows
from dutydesk.qt.icons import icon
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Tile

if TYPE_CHECKING:
    from dutydesk.journal.desk import Desk
    from dutydesk.ledger.feature import Figure, OpenItem

WEEKDAYS = "一二三四五六日"
ENGLISH_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
ENGLISH_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
FIGURES = (
    ("districts.silent", "districts"),
    ("warnings.in_force", "warnings"),
    ("incidents.open", "incidents"),
    ("rain.worst", "rain"),
    ("shelters.people_now", "shelters"),
    ("shifts.handover", "shifts"),
    ("sync.health", "sync"),
    ("papers.outage", "papers"),
    ("copies.drill", "admin"),
    ("disk.room", "admin"),
)
"""Figures on the board, and the feature whose pane each one opens; a feature without such a figure has no tile."""
LEVELS = ("warnings.in_force", "rain.worst")
"""Figures whose severity is a warning colour; of the others only lateness has one."""
DRILL = "copies.drill"
"""Stands in the tile of the record while it is well, and in one of its own when it is not."""
CREW_LEAST = 200
BACKUP_LATE = 3 * HOUR


def day_text(at: int) -> str:
    """`11月22日 周日`, in English `Sun 22 Nov`."""
    moment = local(at)
    if language() == "en":
        return f"{ENGLISH_DAYS[moment.weekday()]} {moment.day} {ENGLISH_MONTHS[moment.month - 1]}"
    weekday = _("周{day}").format(day=WEEKDAYS[moment.weekday()])
    return _("{month}月{day}日 {weekday}").format(month=moment.month, day=moment.day, weekday=weekday)


def left_text(due_at: int, now: int) -> str:
    """How long there is: hours and minutes, `00:18`, or days; lateness without a sign."""
    minutes = abs(due_at - now) // MINUTE
    if minutes >= 48 * 60:
        return _("{days}天").format(days=minutes // 1440)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def short_crew(text: str) -> tuple[str, str]:
    """`Leader 赵甲子 Primary 卫庚午` as the posts and the names; empty and the text as it is where it reads otherwise."""
    posts = sorted({label("duty", "post", row["code"]) for row in rows("duty", "post")}, key=len, reverse=True)
    first, *parts = re.split(rf"(?:^| )({'|'.join(map(re.escape, posts))}) ", text)
    if first or not parts:
        return "", text
    between, leader = _(" · "), label("duty", "post", "LEADER")
    shown = [_("带班") if post == leader else post for post in parts[::2]]
    return between.join(shown), _("、").join(parts[1::2])


class StatusBoard(QWidget):
    """Tiles in one row; where they do not fit (200 % on a small screen) in as many rows as they need, so that nothing
    is ever cut off.

    Signals:
        asked: name of the feature whose pane is wanted, or `todo`, `who`.
    """

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("status-board")
        self._target: dict[Tile, str] = {}
        self._proven = False
        self._tiles: list[QWidget] = []
        self._crew = ((_("值班"), ""), (_("值班"), ""))
        """Caption and text of the crew, in full and in short."""
        self.menu = QToolButton(self)
        self.menu.setObjectName("menu-button")
        self.menu.setAccessibleName(_("菜单"))
        self.menu.setToolTip(_("菜单（Alt+M）"))
        self.menu.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._tiles.append(self.menu)
        self.clock = self._tile("", "shifts", "tile-clock")
        self.crew = self._tile(_("值班"), "shifts", "tile-crew")
        self.who = self._tile(_("操作人"), "who", "tile-who")
        self.figures: dict[str, Tile] = {}
        for name, feature in FIGURES:
            self.figures[name] = self._tile("", feature, f"tile-{name}")
            self.figures[name].hide()
        self.todo = self._tile(_("待办"), "todo", "tile-todo")
        self.record = self._tile(_("记录"), "admin", "tile-record")
        self.mark = self._tile("", "admin", "tile-mark")
        self.mark.hide()
        self._draw()

    def _tile(self, caption: str, target: str, name: str) -> Tile:
        tile = Tile(caption)
        tile.setParent(self)
        tile.setObjectName(name)
        self._target[tile] = target
        tile.clicked.connect(self._pressed)
        self._tiles.append(tile)
        return tile

    def _pressed(self) -> None:
        tile = self.sender()
        if isinstance(tile, Tile):
            self.asked.emit(self._target[tile])

    def _draw(self) -> None:
        side = current().px(16)
        self.menu.setIcon(icon("menu"))
        self.menu.setIconSize(QSize(side, side))

    # -- places ----------------------------------------------------------------------------------------------------

    def _fit(self, width: int) -> tuple[list[list[QWidget]], bool, int]:
        """The shown tiles in rows of at most `width` pixels; whether the crew is told in short, and how wide at least.
        In one row the crew gives way: names alone, then cut, its tooltip has all. In several it is written out, unless
        that alone would make one row more."""
        full, short = (self.crew.width_of(caption, text) for caption, text in self._crew)
        least = min(short, current().px(CREW_LEAST))
        for need, brief in ((full, False), (short, True), (least, True)):
            if len(rows := self._rows(width, need)) == 1:
                return rows, brief, need
        fewest = len(self._rows(width, least))
        for need, brief in ((full, False), (short, True)):
            if len(rows := self._rows(width, need)) == fewest:
                return rows, brief, need
        return self._rows(width, least), True, least

    def _rows(self, width: int, crew: int) -> list[list[QWidget]]:
        theme = current()
        gap, room = theme.px(4), width - 2 * theme.px(8)
        rows: list[list[QWidget]] = [[]]
        used = 0
        for tile in self._tiles:
            if tile.isHidden():
                continue
            wide = self._least(tile, crew)
            if rows[-1] and used + gap + wide > room:
                rows.append([])
                used = -gap
            rows[-1].append(tile)
            used += gap + wide if len(rows[-1]) > 1 else wide
        return rows

    def _least(self, tile: QWidget, crew: int) -> int:
        """What a tile needs at least, the crew `crew` pixels."""
        return crew if tile is self.crew else tile.sizeHint().width()

    def _place(self) -> None:
        """Put every tile in its place; what a row has left goes to the crew, else to its last tile."""
        theme = current()
        gap, edge, tall = theme.px(4), theme.px(8), self._tall()
        top = theme.px(4)
        rows, brief, crew = self._fit(self.width())
        caption, text = self._crew[brief]
        if (self.crew.caption, self.crew.value) != (caption, text):
            self.crew.show_value(text, caption=caption)
        for row in rows:
            wides = [self._least(tile, crew) for tile in row]
            spare = self.width() - 2 * edge - sum(wides) - gap * (len(row) - 1)
            widest = row.index(self.crew) if self.crew in row else len(row) - 1
            wides[widest] = max(wides[widest] + spare, 0)
            left = edge
            for tile, wide in zip(row, wides, strict=True):
                tile.setGeometry(QRect(left, top, wide, tall))
                left += wide + gap
            top += tall + gap

    @staticmethod
    def _tall() -> int:
        return current().px(44)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        gap = current().px(4)
        return len(self._fit(width)[0]) * (self._tall() + gap) + gap

    def sizeHint(self) -> QSize:
        return QSize(current().px(1200), self.heightForWidth(self.width()))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self._tall())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self._place()
            self.updateGeometry()
        return super().event(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "mark"):
            self._draw()
            self._settle()

    def _settle(self) -> None:
        """What the tiles say has changed, so may their places."""
        self._place()
        self.updateGeometry()

    def mind(self, panes: Collection[str]) -> None:
        """Only what leads somewhere can be pressed: a view has few of a desk's panes."""
        for tile, target in self._target.items():
            leads = target in panes or target in ("todo", "who")
            tile.setEnabled(leads)
            tile.setCursor(Qt.CursorShape.PointingHandCursor if leads else Qt.CursorShape.ArrowCursor)

    # -- what it says ----------------------------------------------------------------------------------------------

    def tick(self, now: int) -> None:
        """Show the time."""
        self.clock.show_value(local(now).strftime("%H:%M:%S"), caption=day_text(now))

    def show_crew(self, text: str, who: str) -> None:
        """The crew of the running shift, and who sits at this desk."""
        posts, names = short_crew(text)
        self._crew = ((_("值班"), text or _("未排班")), (posts or _("值班"), names or _("未排班")))
        self.crew.setToolTip(text)
        self.who.show_value(who or _("请选择"))
        self._settle()

    def show_figures(self, figures: dict[str, Figure]) -> None:
        """The features' counters."""
        for name, _feature in FIGURES:
            tile, figure = self.figures[name], figures.get(name)
            if name == DRILL:
                self._proven = figure is not None and not figure.severity
                figure = None if self._proven else figure
            tile.setVisible(figure is not None)
            if figure is not None:
                if name in LEVELS:
                    tone = ("", "yellow", "orange", "red")[min(figure.severity, 3)]
                else:
                    tone = "late" if figure.severity >= 2 else ""
                # In English the caption says what is counted: with the unit one row would not hold the tiles.
                unit = "" if language() == "en" and name not in LEVELS else _(figure.unit)
                tile.show_value(f"{figure.value}{unit}", tone, caption=_(figure.label))
        self._settle()

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
        told = _("备份 {at} 演练 ✓") if self._proven else _("上次备份 {at}")
        self.record.show_value(state, "yellow" if late and sound else "", caption=told.format(at=when))

    def show_mark(self, text: str) -> None:
        """示例 or 演练, when this is not the real desk."""
        self.mark.setVisible(bool(text))
        self.mark.show_value(text, caption=_("本机"))
