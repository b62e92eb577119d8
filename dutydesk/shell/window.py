"""The one window: the board on top, panes as docks, the entry line below; everything else asks it to show things.

The window is on the screen before the record is open: until then the entry line is a plain line that already takes
typing, and what was typed goes into the real one. Panes are built when they are first seen.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QSize, Qt, QTimer
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QLineEdit,
    QMainWindow,
    QMenu,
    QStackedLayout,
    QToolBar,
    QToolButton,
    QWidget,
)

from dutydesk.core.clock import DAY, Clock
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import _, language
from dutydesk.qt import dialogs, theme
from dutydesk.shell.board import StatusBoard
from dutydesk.shell.todo import TodoPane

log = logging.getLogger(__name__)

ARRANGEMENTS = ("日常", "汛期", "交接班")
REFRESH_MS = 15_000
STATE_VERSION = 1


class PaneDock(QDockWidget):
    """A dock that builds its pane when it is first seen."""

    def __init__(self, name: str, title: str, make: Callable[[], QWidget], parent: QWidget) -> None:
        super().__init__(title, parent)
        self.setObjectName(f"dock-{name}")
        self.name = name
        self._make: Callable[[], QWidget] | None = make
        self.setWidget(QWidget())
        self.visibilityChanged.connect(self._seen)

    def _seen(self, visible: bool) -> None:
        # While docks are being put in their places each of them is "visible" for a moment.
        window = self.parent()
        if visible and isinstance(window, MainWindow) and not window.arranging:
            self.build()
            window.mark_current(self)

    def build(self) -> QWidget:
        """The pane, made now if it was not yet."""
        if self._make is not None:
            make, self._make = self._make, None
            pane = make()
            empty = self.widget()
            self.setWidget(pane)
            if empty is not None:
                empty.deleteLater()
        pane = self.widget()
        assert pane is not None
        return pane

    @property
    def built(self) -> bool:
        return self._make is None


class MainWindow(QMainWindow):
    """See the module's docstring. `attach(desk)` brings it to life.

    Attributes: `board`, `todo`, `docks` by feature name; `desk` is None until attached; `entry` the entry line.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.setObjectName("main-window")
        self.setWindowTitle(_("值班台"))
        self.clock = clock
        self.desk: Any = None
        self.entry: Any = None
        self.docks: dict[str, PaneDock] = {}
        self._actions: Any = None
        self._sound: bool | None = None
        self._record_sound: bool | None = None
        self.arranging = False
        self.setDockNestingEnabled(True)
        self.setDockOptions(
            QMainWindow.DockOption.AnimatedDocks
            | QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
        )
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, self.tabPosition(Qt.DockWidgetArea.TopDockWidgetArea))
        self.board = StatusBoard()
        self.setMenuWidget(self.board)
        self.todo = TodoPane()
        self.rail = QToolBar(_("窗格"))
        self.rail.setObjectName("rail")
        self.rail.setMovable(False)
        self.rail.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, self.rail)
        self._lay_out_entry()
        self._second = QTimer(self)
        self._second.setInterval(1_000)
        self._second.timeout.connect(self._tick)
        self._refresh_timer = QTimer(self)
        self._refresh_timer.setInterval(REFRESH_MS)
        self._refresh_timer.timeout.connect(self.refresh)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self.refresh)
        self._placed = QTimer(self)
        self._placed.setSingleShot(True)
        self._placed.setInterval(0)
        self._placed.timeout.connect(self._after_placing)
        self.resize(1366, 768)

    def _lay_out_entry(self) -> None:
        self.entry_bar = QToolBar(_("记一笔"))
        self.entry_bar.setObjectName("entry-bar")
        self.entry_bar.setMovable(False)
        holder = QWidget()
        self._entry_stack = QStackedLayout(holder)
        self._entry_stack.setContentsMargins(0, 0, 0, 0)
        self._early = QLineEdit()
        self._early.setObjectName("early-entry")
        self._early.setPlaceholderText(_("正在打开记录,可以先写"))
        self._early.setAccessibleName(_("内容"))
        self._entry_stack.addWidget(self._early)
        self.entry_bar.addWidget(holder)
        self.addToolBar(Qt.ToolBarArea.BottomToolBarArea, self.entry_bar)
        self._early.setFocus()

    # -- coming to life --------------------------------------------------------------------------------------------

    def attach(self, desk: Any) -> None:
        """Show a desk: build the docks, bring back the places they had, start the clocks."""
        from dutydesk.qt.announcer import announcer_for
        from dutydesk.qt.jobs import JobBar, JobRunner
        from dutydesk.shell.actions import Actions

        self.desk = desk
        self.announcer = announcer_for(desk.store)
        self.jobs = JobRunner(self)
        self._actions = Actions(self, desk)
        desk.services.update(
            announcer=self.announcer,
            jobs=self.jobs,
            open=self.open_row,
            preview=self._actions.preview,
            entry=self.prefill_entry,
        )
        desk.services["import"] = self._actions.import_into
        desk.services["export"] = self._actions.export_from
        self._build_entry()
        self._build_docks()
        self.statusBar().addPermanentWidget(JobBar(self.jobs), 1)
        self.statusBar().setSizeGripEnabled(False)
        self.statusBar().hide()
        self.jobs.started.connect(self._show_jobs)
        self.jobs.idle.connect(self._hide_jobs)
        self._build_commands()
        self.board.asked.connect(self._board_asked)
        self.todo.opened.connect(self.open_row)
        self.announcer.changed.connect(self._changed)
        self.announcer.watch()
        self.setWindowTitle(self._title())
        self.board.show_mark(desk.config.mark)
        self.restore_places()
        self._second.start()
        self._refresh_timer.start()
        self._tick()
        self.refresh()

    def begin(self) -> None:
        """The quiet work of a running window: finish, check, copy."""
        self._actions.begin()

    def _title(self) -> str:
        unit = self.desk.config.unit or self.desk.config.name
        parts = [_("值班台"), unit, self.desk.config.mark]
        return " · ".join(part for part in parts if part)

    def _build_entry(self) -> None:
        from dutydesk.daybook.pane import EntryLine

        self.entry = EntryLine(self.desk)
        self._entry_stack.addWidget(self.entry)
        self._entry_stack.setCurrentWidget(self.entry)
        typed, had_focus = self._early.text(), self._early.hasFocus()
        if typed:
            self.entry.prefill({"text": typed})
        if had_focus or typed:
            self.entry.focus_entry()
        self._early.deleteLater()

    def _build_docks(self) -> None:
        self._rail_group = QActionGroup(self)
        for feature in self.desk.features:
            if not feature.pane:
                continue
            dock = PaneDock(feature.name, _(feature.title), self._maker(feature.pane), self)
            self.docks[feature.name] = dock
            key = feature.key
            action = QAction(_(feature.title), self)
            action.setObjectName(f"go-{feature.name}")
            action.setData(feature.name)
            if key:
                action.setShortcut(QKeySequence(key))
                action.setToolTip(f"{_(feature.title)} ({key})")
            action.setCheckable(True)
            self._rail_group.addAction(action)
            action.triggered.connect(self._go)
            self.addAction(action)
            self.rail.addAction(action)
            made = self.rail.widgetForAction(action)
            if isinstance(made, QToolButton):
                made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
                made.setProperty("flat", True)
        todo_dock = QDockWidget(_("待办"), self)
        todo_dock.setObjectName("dock-todo")
        todo_dock.setWidget(self.todo)
        self.todo_dock = todo_dock
        for dock in (*self.docks.values(), todo_dock):
            dock.setFeatures(
                QDockWidget.DockWidgetFeature.DockWidgetMovable | QDockWidget.DockWidgetFeature.DockWidgetFloatable
                | QDockWidget.DockWidgetFeature.DockWidgetClosable
            )  # fmt: skip

    def _maker(self, dotted: str) -> Callable[[], QWidget]:
        module, name = dotted.split(":")

        def make() -> QWidget:
            return getattr(importlib.import_module(module), name)(self.desk)

        return make

    # -- places ----------------------------------------------------------------------------------------------------

    def arrange(self, name: str) -> None:
        """Put the docks as a named arrangement has them: 日常 (log in front), 汛期 (rain and warnings beside the log),
        交接班 (hand-over beside the log)."""
        self.arranging = True
        for dock in (*self.docks.values(), self.todo_dock):
            dock.setFloating(False)
            self.removeDockWidget(dock)
        first: PaneDock | None = None
        beside = {"汛期": "rain", "交接班": "shifts"}.get(name, "")
        for feature, dock in self.docks.items():
            self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
            if first is None:
                first = dock
            elif feature != beside:
                self.tabifyDockWidget(first, dock)
            dock.show()
        assert first is not None
        if beside in self.docks:
            self.splitDockWidget(first, self.docks[beside], Qt.Orientation.Horizontal)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.todo_dock)
        self.todo_dock.show()
        width = max(self.width(), 800)
        side = min(theme.current().px(300), width // 3)
        self.resizeDocks([first, self.todo_dock], [width - side, side], Qt.Orientation.Horizontal)
        first.raise_()
        self._placed.start()
        self.desk.store.remember("arrangement", name)

    def _after_placing(self) -> None:
        """Build what can be seen now that every dock has its place."""
        self.arranging = False
        for dock in self.docks.values():
            if dock.isVisible() and not dock.visibleRegion().isEmpty():
                dock.build()
                self.mark_current(dock)

    def mark_current(self, dock: PaneDock) -> None:
        """Show in the rail which pane is in front."""
        for action in self.rail.actions():
            if action.data() == dock.name:
                action.setChecked(True)

    def keep_places(self) -> None:
        """Remember where the window and its docks are."""
        store = self.desk.store
        store.remember("window.geometry", bytes(self.saveGeometry().toBase64()).decode())
        store.remember("window.state", bytes(self.saveState(STATE_VERSION).toBase64()).decode())

    def restore_places(self) -> None:
        """Come back as the window was left; what lay on a screen that is gone comes back to this one."""
        store = self.desk.store
        geometry, state = store.state("window.geometry"), store.state("window.state")
        self.arrange(store.state("arrangement") or ARRANGEMENTS[0])
        if geometry:
            self.restoreGeometry(QByteArray.fromBase64(geometry.encode()))
        if state:
            self.arranging = True
            self.restoreState(QByteArray.fromBase64(state.encode()), STATE_VERSION)
            self._placed.start()
        self.fetch_back()

    def fetch_back(self) -> None:
        """Bring every window back that no screen shows."""
        screens = [screen.availableGeometry() for screen in QGuiApplication.screens()]
        for widget in (self, *[dock for dock in (*self.docks.values(), self.todo_dock) if dock.isFloating()]):
            frame = widget.frameGeometry()
            if not any(screen.intersects(frame.adjusted(40, 40, -40, -40)) for screen in screens) and screens:
                if widget is self:
                    self.move(screens[0].topLeft())
                elif isinstance(widget, QDockWidget):
                    widget.setFloating(False)

    # -- commands --------------------------------------------------------------------------------------------------

    def _build_commands(self) -> None:
        self._shortcut("F2", self.focus_entry)
        self._shortcut("Ctrl+K", self.show_palette)
        self._shortcut("F1", self.show_keys)
        self._shortcut("F4", self.focus_todo)
        self._shortcut("Ctrl+L", self.switch_person)
        self._shortcut("Ctrl+=", self.larger)
        self._shortcut("Ctrl++", self.larger)
        self._shortcut("Ctrl+-", self.smaller)
        self._shortcut("Ctrl+0", self.normal_size)
        self._shortcut("Ctrl+Shift+N", self.toggle_night)
        self._shortcut("Alt+M", self.board.menu.showMenu)
        menu = QMenu(self.board.menu)
        menu.setObjectName("main-menu")
        for text, key, run in self.window_commands():
            action = menu.addAction(text, run)
            if key:
                action.setText(f"{text}\t{key}")
        menu.addSeparator()
        places = menu.addMenu(_("排列"))
        group = QActionGroup(self)
        for name in ARRANGEMENTS:
            action = places.addAction(_(name))
            action.setData(name)
            action.triggered.connect(self._arrange_asked)
            group.addAction(action)
        self.board.menu.setMenu(menu)

    def _shortcut(self, key: str, run: Callable[[], None]) -> None:
        shortcut = QShortcut(QKeySequence(key), self)
        shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
        shortcut.activated.connect(run)

    def window_commands(self) -> list[tuple[str, str, Callable[[], None]]]:
        """What the window itself can do: label, key, function. Menu, palette and key sheet are made from it."""
        actions = self._actions
        return [
            (_("记一笔"), "F2", self.focus_entry),
            (_("查找人、地点、日志、命令"), "Ctrl+K", self.show_palette),
            (_("待办"), "F4", self.focus_todo),
            (_("换操作人"), "Ctrl+L", self.switch_person),
            (_("打印表单"), "Ctrl+Shift+P", actions.choose_form),
            (_("导入文件"), "", actions.choose_import),
            (_("立即备份"), "", actions.snapshot),
            (_("检查记录"), "", actions.verify),
            (_("字大一号"), "Ctrl+=", self.larger),
            (_("字小一号"), "Ctrl+-", self.smaller),
            (_("白天/夜间"), "Ctrl+Shift+N", self.toggle_night),
            (_("中文 / English(重启生效)"), "", self.switch_language),
            (_("快捷键"), "F1", self.show_keys),
        ]

    def show_palette(self) -> None:
        """Ctrl+K."""
        from dutydesk.shell.palette import Command, Palette

        commands = [Command(text, key, run) for text, key, run in self.window_commands()]
        for name, dock in self.docks.items():
            feature = next(item for item in self.desk.features if item.name == name)
            commands.append(Command(_(feature.title), feature.key, dock.raise_))
            pane: Any = dock.widget()
            if dock.built and hasattr(pane, "commands"):
                commands += [Command(text, key, run) for text, key, run in pane.commands()]
        commands += [Command(_("排列:{name}").format(name=_(name)), "", _Arrange(self, name)) for name in ARRANGEMENTS]
        palette = Palette(self.desk, commands, self)
        palette.opened.connect(self.open_row)
        palette.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        palette.open()

    def show_keys(self) -> None:
        """F1."""
        from dutydesk.shell.keys import KeySheet

        panes = [(dock.windowTitle(), dock.widget()) for dock in self.docks.values() if dock.built]
        sheet = KeySheet(self.window_commands(), self.desk.features, panes, self)
        sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        sheet.open()

    def focus_entry(self) -> None:
        """F2: from anywhere to the entry line."""
        self.raise_()
        self.activateWindow()
        self.entry.focus_entry()

    def prefill_entry(self, values: dict[str, Any]) -> None:
        """Put the caret into the entry line with some fields filled in."""
        self.entry.prefill(values)
        self.focus_entry()

    def focus_todo(self) -> None:
        """F4."""
        self.todo_dock.show()
        self.todo_dock.raise_()
        self.todo.focus_first()

    def _go(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.show_pane(str(action.data()))

    def show_pane(self, name: str) -> Any:
        """Bring a feature's pane to the front and put the caret in it; returns the pane."""
        dock = self.docks[name]
        dock.show()
        dock.raise_()
        pane: Any = dock.build()
        if hasattr(pane, "focus_first"):
            pane.focus_first()
        return pane

    def open_row(self, ledger: str, row: bytes) -> None:
        """Go to one row in the pane of its feature."""
        for feature in self.desk.features:
            if feature.pane and any(item.name == ledger for item in feature.ledgers):
                pane = self.show_pane(feature.name)
                if hasattr(pane, "show_row"):
                    pane.show_row(ledger, row)
                return

    def _board_asked(self, target: str) -> None:
        if target == "todo":
            self.focus_todo()
        elif target == "who":
            self.switch_person()
        elif target in self.docks:
            self.show_pane(target)

    def _arrange_asked(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.arrange(str(action.data()))

    def switch_person(self) -> None:
        """Who sits at the desk from now on."""
        from dutydesk.shell.who import WhoDialog

        dialog = WhoDialog(self.desk, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self._person_chosen)
        dialog.open()

    def _person_chosen(self, row: str, name: str) -> None:
        self.desk.me.id, self.desk.me.name = row, name
        self.desk.store.remember("me", f"{row} {name}")
        self.refresh()

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
            self.desk.store.remember("theme", f"{int(wanted.night)} {wanted.percent}")

    def switch_language(self) -> None:
        """The other language, from the next start on."""
        other = "en" if language() == "zh_CN" else "zh_CN"
        self.desk.store.remember("language", other)
        dialogs.tell(self, _("下次启动时换成 {language}").format(language="English" if other == "en" else "中文"))

    # -- what changes by itself ------------------------------------------------------------------------------------

    def _tick(self) -> None:
        self.board.tick(self.clock.now())

    def _changed(self, _changed: object) -> None:
        self._soon.start()

    def refresh(self) -> None:
        """Bring board and list of what is due up to date."""
        if self.desk is None:
            return
        now = self.clock.now()
        try:
            items = self.desk.open_items(now)
            figures = self.desk.figures(now - DAY, now + 1)
        except DutyDeskError as error:
            log.error("refresh: %s", error)
            self.mark_record(sound=False)
            return
        self.todo.show_items(items, now)
        self.board.show_todo(items, now)
        self.board.show_figures(figures)
        crew = figures.get("shifts.crew")
        self.board.show_crew(str(crew.value) if crew else "", self.desk.me.name)
        self._show_record()
        if self._actions is not None:
            self._actions.alarm(items, now)

    def mark_record(self, *, sound: bool) -> None:
        """What the last look at the record found."""
        self._record_sound = sound
        self._show_record()

    def _show_record(self) -> None:
        kept = self.desk.store.state("snapshot.last")
        self.board.show_record(self.desk, self._record_sound, int(kept) if kept else None, self.clock.now())

    def _show_jobs(self, _job: object) -> None:
        self.statusBar().show()

    def _hide_jobs(self) -> None:
        self.statusBar().hide()

    # -- Qt --------------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(1366, 768)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and self.desk is not None:
            self._soon.start()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.desk is not None and self._actions is not None and not self._actions.may_close():
            event.ignore()
            return
        for timer in (self._second, self._refresh_timer, self._soon, self._placed):
            timer.stop()
        if self.desk is not None:
            self.keep_places()
            if hasattr(self.entry, "keep_draft"):
                self.entry.keep_draft()
            self._actions.close()
            self.jobs.close()
            self.announcer.close()
        super().closeEvent(event)


class _Arrange:
    """An arrangement as a command."""

    def __init__(self, window: MainWindow, name: str) -> None:
        self._window, self._name = window, name

    def __call__(self) -> None:
        self._window.arrange(self._name)

