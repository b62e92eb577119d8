"""Where everything stands in the window: the rail, a dock for each pane, the list of what is due; named arrangements, and
the places that were left; how large and how bright it is.

Classes and enumerations of Qt that the first window does without are named through their modules, as in `window`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import QSize, QTimer
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget

from dutydesk.core import looks
from dutydesk.core.i18n import N_, _, language
from dutydesk.qt import theme

if TYPE_CHECKING:
    from dutydesk.shell.docks import PaneDock

ARRANGEMENTS = (N_("日常"), N_("汛期"), N_("交接班"))
BESIDE = {"汛期": "rain", "交接班": "shifts"}
"""The pane that an arrangement puts beside the first one; where it is not there, neither is the arrangement."""
STATE_VERSION = 1
NARROW = 800
"""Pixels at 100 % below which the rail shows names alone."""


class DockWindow(QMainWindow):
    """A window of docks.

    Attributes: `docks` by feature name, `todo_dock`, `todo` and `rail` once built; `arranging` while docks are put in
    their places; `placed` once they are where they were left.
    """

    desk: Any = None

    def __init__(self) -> None:
        super().__init__()
        self.docks: dict[str, PaneDock] = {}
        self.todo: Any = None
        self.rail: Any = None
        self.arranging = False
        self.placed = False
        self._side = 0
        self._known_size = QSize()
        self._growing = False
        self._placed = self._at_once(self._after_placing)
        self._grown = self._at_once(self._after_growing)

    def _at_once(self, run: Callable[[], None]) -> QTimer:
        """A timer that comes when the events that are waiting are through."""
        made = QTimer(self)
        made.setSingleShot(True)
        made.setInterval(0)
        made.timeout.connect(run)
        return made

    def _build_rail(self) -> None:
        from dutydesk.shell.rail import Rail

        self.rail = Rail()
        self._rail_bar = QtWidgets.QToolBar(_("窗格"))
        self._rail_bar.setObjectName("rail")
        self._rail_bar.setMovable(False)
        self._rail_bar.setContextMenuPolicy(QtCore.Qt.ContextMenuPolicy.PreventContextMenu)
        self._rail_bar.addWidget(self.rail)
        self.addToolBar(QtCore.Qt.ToolBarArea.LeftToolBarArea, self._rail_bar)

    def _build_docks(self) -> None:
        from PySide6.QtWidgets import QDockWidget

        from dutydesk.shell.docks import CalmDock, PaneDock
        from dutydesk.shell.todo import TodoPane

        for feature in self.desk.features:
            if not feature.pane:
                continue
            dock = PaneDock(feature.name, _(feature.title), self._maker(feature.pane), self)
            dock.seen.connect(self._dock_seen)
            self.docks[feature.name] = dock
            action = QtGui.QAction(_(feature.title), self)
            action.setObjectName(f"go-{feature.name}")
            action.setData(feature.name)
            if feature.key:
                action.setShortcut(QtGui.QKeySequence(feature.key))
                action.setShortcutContext(QtCore.Qt.ShortcutContext.ApplicationShortcut)
            action.triggered.connect(self._go)
            self.addAction(action)
            self.rail.add(feature.name, _(feature.title), feature.key)
        self._fit_rail()
        self.rail.asked.connect(self.show_pane)
        self.rail.beside.connect(self.show_beside)
        self.rail.torn.connect(self.tear)
        self.todo_dock = CalmDock("todo", _("待办"), self)
        self.todo = TodoPane()
        self.todo_dock.setWidget(self.todo)
        movable = QDockWidget.DockWidgetFeature.DockWidgetMovable | QDockWidget.DockWidgetFeature.DockWidgetFloatable
        self.todo_dock.setFeatures(movable)  # never closed: what is due is always in sight
        for dock in self.docks.values():
            dock.setFeatures(movable | QDockWidget.DockWidgetFeature.DockWidgetClosable)

    def _maker(self, dotted: str) -> Callable[[], QWidget]:
        module, name = dotted.split(":")

        def make() -> QWidget:
            return getattr(importlib.import_module(module), name)(self.desk)

        return make

    # -- places ----------------------------------------------------------------------------------------------------

    @property
    def arrangements(self) -> list[str]:
        """The names of the arrangements that there are."""
        return [name for name in ARRANGEMENTS if BESIDE.get(name, "") in ("", *self.docks)]

    def arrange(self, name: str) -> None:
        """Put the docks as a named arrangement has them: 日常 (log in front), 汛期 (rain and warnings beside the log),
        交接班 (hand-over beside the log)."""
        self.arranging = True
        for dock in (*self.docks.values(), self.todo_dock):
            dock.setFloating(False)
            self.removeDockWidget(dock)
        first: PaneDock | None = None
        beside = BESIDE.get(name, "")
        for feature, dock in self.docks.items():
            if feature != beside:
                self.addDockWidget(QtCore.Qt.DockWidgetArea.LeftDockWidgetArea, dock)
                if first is None:
                    first = dock
                else:
                    self.tabifyDockWidget(first, dock)
                dock.show()
        assert first is not None
        if beside in self.docks:
            # Not splitDockWidget: beside a dock that is a tab Qt makes the other one a tab, too.
            self.addDockWidget(
                QtCore.Qt.DockWidgetArea.LeftDockWidgetArea, self.docks[beside], QtCore.Qt.Orientation.Horizontal
            )
            self.docks[beside].show()
        self.addDockWidget(QtCore.Qt.DockWidgetArea.RightDockWidgetArea, self.todo_dock)
        self.todo_dock.show()
        width = max(self.width() - self._rail_bar.sizeHint().width(), 640)
        side = self._side = min(theme.current().px(280), width // 4)
        row = [first, self.docks[beside], self.todo_dock] if beside in self.docks else [first, self.todo_dock]
        each = (width - side) // (len(row) - 1)
        self.resizeDocks(row, [*([each] * (len(row) - 1)), side], QtCore.Qt.Orientation.Horizontal)
        first.raise_()
        self._placed.start()
        self.desk.store.remember("arrangement", name)

    def _after_placing(self) -> None:
        """Build what can be seen now that every dock has its place."""
        self.arranging = False
        if self._side:
            self._keep_side()
        else:
            self._side_moved()
        for dock in self.docks.values():
            if dock.front:
                dock.build()
        self.mark_current()

    def _dock_seen(self, dock: PaneDock, visible: bool) -> None:
        # While docks are being put in their places each of them is "visible" for a moment.
        if not self.arranging:
            if visible:
                dock.build()
            self.mark_current()

    def mark_current(self) -> None:
        """Show in the rail which panes are in front."""
        self.rail.mark({name for name, dock in self.docks.items() if dock.front})

    def keep_places(self) -> None:
        """Remember where the window and its docks are; of one that never came up whole there is nothing to remember."""
        if not self.placed:
            return
        store = self.desk.store
        store.remember("window.geometry", self.saveGeometry().toBase64().toStdString())
        store.remember("window.state", self.saveState(STATE_VERSION).toBase64().toStdString())
        store.remember("window.side", str(self._side))

    def restore_places(self) -> None:
        """Come back as the window was left; what lay on a screen that is gone comes back to this one."""
        store = self.desk.store
        geometry, state = store.state("window.geometry"), store.state("window.state")
        self.arrange(store.state("arrangement") or ARRANGEMENTS[0])
        if geometry:
            self.restoreGeometry(QtCore.QByteArray.fromBase64(geometry.encode()))
        if state:
            self.arranging = True
            # Qt shares the room out anew while the window grows to its former size; the list gets its own back after.
            self._side = int(store.state("window.side") or 0)
            self.restoreState(QtCore.QByteArray.fromBase64(state.encode()), STATE_VERSION)
            self._placed.start()
        self.fetch_back()
        self.placed = True

    def fetch_back(self) -> None:
        """Bring every window back that no screen shows."""
        screens = [screen.availableGeometry() for screen in QtGui.QGuiApplication.screens()]
        for widget in (self, *[dock for dock in (*self.docks.values(), self.todo_dock) if dock.isFloating()]):
            frame = widget.frameGeometry()
            if not any(screen.intersects(frame.adjusted(40, 40, -40, -40)) for screen in screens) and screens:
                if widget is self:
                    self.move(screens[0].topLeft())
                else:
                    widget.setFloating(False)  # pyright: ignore[reportAttributeAccessIssue]

    # -- one pane --------------------------------------------------------------------------------------------------

    def _go(self) -> None:
        action = self.sender()
        if isinstance(action, QtGui.QAction):
            self.show_pane(str(action.data()))

    def show_beside(self, name: str) -> None:
        """Show a pane beside the one in front, without dragging anything."""
        dock = self.docks[name]
        dock.setFloating(False)
        self.removeDockWidget(dock)
        self.addDockWidget(QtCore.Qt.DockWidgetArea.LeftDockWidgetArea, dock, QtCore.Qt.Orientation.Horizontal)
        self.show_pane(name)
        self._placed.start()

    def tear(self, name: str = "") -> None:
        """F11: make the pane in front a window of its own, for the second screen, or put it back."""
        docks = (*self.docks.values(), self.todo_dock)
        here = QApplication.focusWidget()
        dock: Any = self.docks.get(name)
        while dock is None and here is not None:
            dock = here if here in docks else None
            here = here.parentWidget()
        if dock is None:
            dock = next((item for item in self.docks.values() if item.front), None)
        if dock is None:
            return
        if dock.isFloating():
            dock.setFloating(False)
        else:
            size = dock.size()
            dock.setFloating(True)
            dock.resize(size.boundedTo(self.screen().availableGeometry().size()))
        dock.show()
        dock.raise_()
        self._placed.start()

    def show_pane(self, name: str) -> Any:
        """Bring a feature's pane to the front and put the caret in it; returns the pane."""
        dock = self.docks[name]
        dock.show()
        dock.raise_()
        pane: Any = dock.build()
        if hasattr(pane, "focus_first"):
            pane.focus_first()
        return pane

    # -- room ------------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(1366, 768)

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        self._known_size = self.size()
        if self.rail is not None:
            self._fit_rail()
        if self.desk is not None and not self.arranging:
            self._growing = True
            self._grown.start()

    def _after_growing(self) -> None:
        self._growing = False
        self._keep_side()

    def _fit_rail(self) -> None:
        self.rail.compact(self.width() < theme.current().px(NARROW))

    def _keep_side(self) -> None:
        """A larger window gives its room to the panes; the list of what is due keeps the width that it was given."""
        if not self.todo_dock.isFloating() and self._side:
            left = [dock for dock in self.docks.values() if dock.front and not dock.isFloating()]
            room = self.width() - self._rail_bar.width() - self._side
            sizes = [max(room // max(len(left), 1), 1) for _dock in left]
            self.resizeDocks([*left, self.todo_dock], [*sizes, self._side], QtCore.Qt.Orientation.Horizontal)

    def _side_moved(self) -> None:
        still = self.size() == self._known_size and not self._growing and not self.arranging
        if still and not self.todo_dock.isFloating():
            self._side = self.todo_dock.width()

    # -- looks -----------------------------------------------------------------------------------------------------

    def larger(self) -> None:
        """One step of type size up, to 200 %."""
        self._scale(+1)

    def smaller(self) -> None:
        """One step down, to 100 %."""
        self._scale(-1)

    def normal_size(self) -> None:
        """Back to 100 %."""
        self.put_on(theme.Theme(theme.current().night, theme.PERCENTS[0]))

    def _scale(self, step: int) -> None:
        now = theme.current()
        at = theme.PERCENTS.index(now.percent) + step
        if 0 <= at < len(theme.PERCENTS):
            self.put_on(theme.Theme(now.night, theme.PERCENTS[at]))

    def toggle_night(self) -> None:
        """Day or night."""
        now = theme.current()
        self.put_on(theme.Theme(not now.night, now.percent))

    def put_on(self, wanted: theme.Theme) -> None:
        """Put a theme on the whole program and remember it."""
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.apply(app, wanted)
        if self.desk is not None:
            home = self.desk.store.home
            looks.keep(home, looks.read(home)._replace(night=wanted.night, percent=wanted.percent))

    def switch_language(self) -> None:
        """The other language, from the next start on."""
        from dutydesk.qt import dialogs

        other = "en" if language() == "zh_CN" else "zh_CN"
        home = self.desk.store.home
        looks.keep(home, looks.read(home)._replace(language=other))
        dialogs.tell(self, _("下次启动时换成 {language}").format(language="English" if other == "en" else "中文"))
