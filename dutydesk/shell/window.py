"""The one window: the board on top, panes as docks, the entry line below; everything else asks it to show things.

The window is on the screen before the record is open: until then the entry line is a plain line that already takes
typing, and what was typed goes into the real one. Panes are built when they are first seen.

Classes and enumerations of Qt that the first window does without are named through their modules (`QtCore.Qt`): PySide
makes them when they are first named, all hundred of `Qt` at once (docs/performance.md, B7).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QLineEdit, QMainWindow, QVBoxLayout, QWidget

from dutydesk.core.clock import DAY, Clock
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.qt import theme
from dutydesk.qt.offers import desk_only, kept, offered
from dutydesk.shell.frame import DockWindow

if TYPE_CHECKING:
    from dutydesk.ledger.feature import OpenItem
    from dutydesk.shell.board import StatusBoard

log = logging.getLogger(__name__)

REFRESH_MS = 15_000
JOBS_MS = 300
AFTER_ROWS_MS = 40
"""Board and list are filled in when the first rows of the log are on the screen."""
FIRST_PLACE = (120, 68, 280, 24)
"""Pixels at 100 % at the sides of the first rows: where the log's list stands in the usual arrangement."""


class MainWindow(DockWindow):
    """See the module's docstring. `attach(desk)` brings it to life.

    Attributes: `board` once furnished; `docks` by feature name, `todo`, `rail` and `desk` once attached; `entry` the entry line; `closed`
    once it has been closed.
    """

    mend = QtCore.Signal(object)
    """The record is damaged and is to be mended now: a `Damaged`."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.setObjectName("main-window")
        self.setWindowTitle(_("值班台"))
        self.clock = clock
        self.board: StatusBoard
        self.entry: Any = None
        self._actions: Any = None
        self.locker: Any = None
        self._record_sound: bool | None = None
        self.closed = False
        self.first: QWidget | None = None
        self._lay_out_early()
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
        self._jobs_wait = QTimer(self)
        self._jobs_wait.setSingleShot(True)
        self._jobs_wait.setInterval(JOBS_MS)
        self._jobs_wait.timeout.connect(self._show_jobs)
        # In so many words: Qt's own answer is how high the board would be in the narrowest window.
        self.setMinimumSize(960, 540)
        self.resize(1366, 768)

    def _lay_out_early(self) -> None:
        """What the window holds until the record is open: room for the first rows, and at the foot, where the entry
        line will be, a plain line that takes typing."""
        early = QWidget()
        self._early_column = QVBoxLayout(early)
        self._early_column.setContentsMargins(0, 0, 0, 0)
        self._early_column.addStretch(1)
        self._early = QLineEdit()
        self._early.setObjectName("early-entry")
        self._early.setPlaceholderText(_("正在打开记录，可以先写"))
        self._early.setAccessibleName(_("内容"))
        self._early_column.addWidget(self._early)
        self.setCentralWidget(early)
        self._early.setFocus()

    def show_first(self, view: QWidget) -> None:
        """Show the first rows until the panes are there."""
        self.first = view
        place = QVBoxLayout()
        place.setContentsMargins(*(theme.current().px(side) for side in FIRST_PLACE))
        place.addWidget(view)
        self._early_column.insertLayout(0, place, 1)
        self._early_column.setStretch(1, 0)

    def drop_first(self) -> None:
        """Take them away again: the record could not be opened."""
        if self.first is not None:
            self.first.hide()

    def furnish(self) -> None:
        """The board, and what docks need: all that can wait until the window has been seen."""
        if hasattr(self, "board"):
            return
        from dutydesk.shell.board import StatusBoard

        options = QMainWindow.DockOption
        self.setDockOptions(options.AnimatedDocks | options.AllowNestedDocks | options.AllowTabbedDocks)
        area = QtCore.Qt.DockWidgetArea
        self.setTabPosition(area.AllDockWidgetAreas, self.tabPosition(area.TopDockWidgetArea))
        self.board = StatusBoard()
        self.setMenuWidget(self.board)
        self._shortcut("F1", self.show_keys)

    # -- coming to life --------------------------------------------------------------------------------------------

    def attach(self, desk: Any) -> None:
        """Show a desk: build the docks, bring back the places they had, start the clocks."""
        from dutydesk.qt.announcer import announcer_for
        from dutydesk.qt.jobs import JobBar, JobRunner
        from dutydesk.shell.actions import Actions

        self.furnish()
        self.desk = desk
        self.announcer = announcer_for(desk.store)
        self.jobs = JobRunner(self)
        self.quiet = JobRunner(self)  # checks and copies of every hour, without a bar that would move the window
        self._actions = Actions(self, desk)
        desk.services.update(
            announcer=self.announcer,
            jobs=self.jobs,
            open=self.open_row,
            preview=self._actions.preview,
            entry=self.prefill_entry,
            intake=self.begin_intake,
            snapshot=self._actions.snapshot,
            copy=self._actions.snapshot_quietly,
            send=self._actions.send,
            verify=self._actions.verify,
            syncing=self._actions.syncing,
        )
        desk.services["import"] = self._actions.import_into
        desk.services["export"] = self._actions.export_from
        self._build_entry()
        self._build_rail()
        self._build_docks()
        self.statusBar().addPermanentWidget(JobBar(self.jobs), 1)
        self.statusBar().setSizeGripEnabled(False)
        self.statusBar().hide()
        self.jobs.started.connect(self._jobs_soon)
        self.jobs.idle.connect(self._hide_jobs)
        self._build_commands()
        self.board.asked.connect(self._board_asked)
        self.todo.opened.connect(self.open_row)
        self.todo.resized.connect(self._side_moved)
        self.announcer.changed.connect(self._changed)
        self.announcer.watch()
        self.setWindowTitle(self._title())
        self.board.show_mark(desk.config.mark)
        self.restore_places()
        self._second.start()
        self._refresh_timer.start()
        self._tick()
        self._soon.start(AFTER_ROWS_MS)
        self._mind_accounts()

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
        self.entry_bar = QtWidgets.QToolBar(_("记一笔"))
        self.entry_bar.setObjectName("entry-bar")
        self.entry_bar.setMovable(False)
        self.entry_bar.setContextMenuPolicy(QtCore.Qt.ContextMenuPolicy.PreventContextMenu)
        holder = QWidget()
        holder.setMinimumWidth(1)  # Qt adds the widths of bars at the foot and at the side: 1,536 pixels at 200 %
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.entry)
        self.entry_bar.addWidget(holder)
        QtGui.QGuiApplication.inputMethod().commit()  # a word half composed is text, not lost
        typed, had_focus = self._early.text(), self._early.hasFocus()
        self.first = None
        self.takeCentralWidget().deleteLater()
        self.addToolBar(QtCore.Qt.ToolBarArea.BottomToolBarArea, self.entry_bar)
        if typed:
            self.entry.prefill({"text": typed})
        if had_focus or typed:
            self.entry.focus_entry()

    # -- commands --------------------------------------------------------------------------------------------------

    def _build_commands(self) -> None:
        self._shortcut("F2", self.focus_entry)
        self._shortcut("Ctrl+K", self.show_palette)
        self._shortcut("Ctrl+F1", self.show_night_page)
        self._shortcut("F4", self.focus_todo)
        self._shortcut("Ctrl+L", self.switch_person)
        self._shortcut("F12", self.lock)
        self._shortcut("Ctrl+=", self.larger)
        self._shortcut("Ctrl++", self.larger)
        self._shortcut("Ctrl+-", self.smaller)
        self._shortcut("Ctrl+0", self.normal_size)
        self._shortcut("Ctrl+Shift+D", self.toggle_night)
        self._shortcut("Ctrl+Shift+P", self._actions.choose_form)
        self._shortcut("Ctrl+F8", self.toggle_outage)
        self._shortcut("F11", self.tear)
        self._shortcut("Alt+M", self.board.menu.showMenu)
        menu = QtWidgets.QMenu(self.board.menu)
        menu.setObjectName("main-menu")
        for text, key, run in self.window_commands()[:-1]:  # all but the menu itself
            action = menu.addAction(text, run)
            if key:
                action.setText(f"{text}\t{key}")
        menu.addSeparator()
        places = menu.addMenu(_("排列"))
        for name in self.arrangements:
            action = places.addAction(_(name))
            action.setData(name)
            action.triggered.connect(self._arrange_asked)
        self.board.menu.setMenu(menu)

    def _shortcut(self, key: str, run: Callable[[], None]) -> None:
        if not offered(self.desk, run):
            return
        shortcut = QtGui.QShortcut(QtGui.QKeySequence(key), self)
        shortcut.setContext(QtCore.Qt.ShortcutContext.ApplicationShortcut)
        shortcut.activated.connect(run)

    def window_commands(self) -> list[tuple[str, str, Callable[[], None]]]:
        """What the window itself can do: label, key, function. Menu, palette and key sheet are made from it."""
        actions = self._actions
        told: list[tuple[str, str, Callable[[], None]]] = [
            (_("记一笔"), "F2", self.focus_entry),
            (_("查找人、地点、日志、命令"), "Ctrl+K", self.show_palette),
            (_("待办"), "F4", self.focus_todo),
            (_("换操作人"), "Ctrl+L", self.switch_person),
            (_("锁屏"), "F12", self.lock),
            (_("窗格拆成单独窗口 / 放回"), "F11", self.tear),
            (_("打印表单"), "Ctrl+Shift+P", actions.choose_form),
            (_("断电断网开始、恢复"), "Ctrl+F8", self.toggle_outage),
            (_("导入文件"), "", actions.choose_import),
            (_("立即备份"), "", actions.snapshot),
            (_("检查记录"), "", actions.verify),
            (_("字大一号"), "Ctrl+=", self.larger),
            (_("字小一号"), "Ctrl+-", self.smaller),
            (_("字原大"), "Ctrl+0", self.normal_size),
            (_("白天/夜间"), "Ctrl+Shift+D", self.toggle_night),
            (_("中文 / English（重启生效）"), "", self.switch_language),
            (_("快捷键"), "F1", self.show_keys),
            (_("夜里三点数据库打不开怎么办"), "Ctrl+F1", self.show_night_page),
            (_("菜单"), "Alt+M", self.board.menu.showMenu),
        ]
        return kept(self.desk, told)

    def pane_commands(self, name: str) -> list[tuple[str, str, Callable[[], None]]]:
        """What a pane that is there can do."""
        pane = self.docks[name].pane
        return kept(self.desk, pane.commands()) if hasattr(pane, "commands") else []

    def show_palette(self) -> None:
        """Ctrl+K."""
        from dutydesk.shell.palette import Command, Palette

        commands = [Command(text, key, run) for text, key, run in self.window_commands()]
        for name in self.docks:
            feature = next(item for item in self.desk.features if item.name == name)
            commands.append(Command(_(feature.title), feature.key, _Go(self, name)))
            commands += [Command(text, key, run) for text, key, run in self.pane_commands(name)]
        commands += [
            Command(_("排列：{name}").format(name=_(name)), "", _Arrange(self, name)) for name in self.arrangements
        ]
        palette = Palette(self.desk, commands, self)
        palette.opened.connect(self.open_row)
        palette.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        palette.open()

    def show_keys(self) -> None:
        """F1; where no record is open, what to do when it does not open."""
        if self.desk is None:
            self.show_night_page()
            return
        from dutydesk.shell.keys import KeySheet

        panes = [(dock.windowTitle(), self.pane_commands(name)) for name, dock in self.docks.items() if dock.built]
        features = [feature for feature in self.desk.features if feature.name in self.docks]
        sheet = KeySheet(self.window_commands(), features, panes, self)
        sheet.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        sheet.open()

    def show_night_page(self) -> None:
        """Ctrl+F1: what to do when the record does not open."""
        from dutydesk.shell.manual import NIGHT_PAGE, show_page

        show_page(self, NIGHT_PAGE)

    @desk_only
    def focus_entry(self) -> None:
        """F2: from anywhere to the entry line."""
        self.raise_()
        self.activateWindow()
        self.entry.focus_entry()

    def prefill_entry(self, values: dict[str, Any]) -> None:
        """Put the caret into the entry line with some fields filled in."""
        self.entry.prefill(values)
        self.focus_entry()

    def begin_intake(self, values: dict[str, Any]) -> None:
        """Open the intake form with what an entry of the log already says."""
        self.show_pane("incidents").begin_with(values)

    @desk_only
    def toggle_outage(self) -> None:
        """Ctrl+F8: no electricity, no network; or everything works again."""
        self.show_pane("papers").toggle_outage()

    def focus_todo(self) -> None:
        """F4."""
        self.todo_dock.show()
        self.todo_dock.raise_()
        self.todo.focus_first()

    def come_forward(self) -> None:
        """Someone started the program again: this is the window that there is."""
        if self.isMinimized():
            self.showNormal()
        self.show()
        self.raise_()
        self.activateWindow()

    def open_row(self, ledger: str, row: bytes) -> None:
        """Go to one row in the pane of its feature; what is about no row names the feature itself."""
        for feature in self.desk.features:
            if feature.pane and any(item.name == ledger for item in feature.ledgers):
                pane = self.show_pane(feature.name)
                if hasattr(pane, "show_row"):
                    pane.show_row(ledger, row)
                return
        if ledger in self.docks:
            self.show_pane(ledger)

    def _board_asked(self, target: str) -> None:
        if target == "todo":
            self.focus_todo()
        elif target == "admin" and self._record_sound is False:
            self._actions.mending.show()
        elif target == "who":
            self.switch_person()
        elif target in self.docks:
            self.show_pane(target)

    def _arrange_asked(self) -> None:
        action = self.sender()
        if isinstance(action, QtGui.QAction):
            self.arrange(str(action.data()))

    @desk_only
    def switch_person(self) -> None:
        """Who sits at the desk from now on."""
        if self.locker is not None:
            self.locker.switch()
            return
        from dutydesk.shell.who import WhoDialog

        dialog = WhoDialog(self.desk, self)
        dialog.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self._person_chosen)
        dialog.open()

    @desk_only
    def lock(self) -> None:
        """F12: cover the panes until a PIN is given; there is one to give once accounts are in force."""
        if self.locker is not None:
            self.locker.lock_now()
            return
        from dutydesk.qt import dialogs

        dialogs.tell(self, _("在账号里启用账号以后才能锁屏"))

    def _person_chosen(self, row: str, name: str) -> None:
        self.desk.me.id, self.desk.me.name = row, name
        self.desk.store.remember("me", f"{row} {name}")
        self.refresh()

    # -- what changes by itself ------------------------------------------------------------------------------------

    def _tick(self) -> None:
        self.board.tick(self.clock.now())

    def _changed(self, changed: Any) -> None:
        self._soon.start(0)
        if self.locker is None and changed.touches("accounts"):
            self._mind_accounts()

    def _mind_accounts(self) -> None:
        """Where accounts are in force, whoever sits here shows a PIN, and the window locks itself."""
        guard = self.desk.store.guard
        if guard is not None and guard.in_force:
            from dutydesk.shell.lock import Locker

            self.locker = Locker(self, self.desk)

    def refresh(self) -> None:
        """Bring board and list of what is due up to date."""
        if self.desk is None or self.closed:
            return
        now = self.clock.now()
        try:
            items = self.desk.open_items(now)
            figures = self.desk.figures(now - DAY, now + 1)
        except DutyDeskError as error:
            if not self._actions.mending.look_again(error):
                log.error("refresh: %s", error)
            self.mark_record(sound=False)
            return
        if self.desk.store.stopped:
            self._actions.mending.look_again()
        self.todo.show_items(self.due_here(items), now)
        self.board.show_todo(items, now)
        self.board.show_figures(figures)
        crew = figures.get("attendance.on_now") or figures.get("shifts.crew")
        self.board.show_crew(str(crew.value) if crew else "", self.desk.me.name)
        self._show_record()
        if self._actions is not None:
            self._actions.alarm(items, now)

    def due_here(self, items: list[OpenItem]) -> list[OpenItem]:
        """What the list of what is due shows of everything that is open: all of it."""
        return items

    def mark_record(self, *, sound: bool) -> None:
        """What the last look at the record found."""
        self._record_sound = sound
        self._show_record()

    def _show_record(self) -> None:
        kept = "" if self._record_sound is False else self.desk.store.state("snapshot.last")
        self.board.show_record(self.desk, self._record_sound, int(kept) if kept else None, self.clock.now())

    def _jobs_soon(self, _job: object) -> None:
        self._jobs_wait.start()

    def _show_jobs(self) -> None:
        self.statusBar().setVisible(bool(self.jobs.jobs))

    def _hide_jobs(self) -> None:
        self._jobs_wait.stop()
        self.statusBar().hide()

    # -- Qt --------------------------------------------------------------------------------------------------------

    def changeEvent(self, event: QtCore.QEvent) -> None:
        super().changeEvent(event)
        if self.desk is not None and not self.closed and event.type() == QtCore.QEvent.Type.StyleChange:
            self._fit_rail()
            self._soon.start(0)

    def closeEvent(self, event: QtGui.QCloseEvent) -> None:
        if self.desk is not None and self._actions is not None and not self._actions.may_close():
            event.ignore()
            return
        for timer in (self._second, self._refresh_timer, self._soon, self._placed, self._grown, self._jobs_wait):
            timer.stop()
        if self.desk is not None and self._actions is not None:
            self._actions.mending.keep_what_stands()
            if self.locker is not None:
                self.locker.close()
            self._actions.close()
            self.quiet.close()
            self.jobs.close()
            self.announcer.close()
        self.closed = True
        super().closeEvent(event)

    def minds(self, error: DutyDeskError) -> bool:
        """Whether this is damage, which the window now looks into and tells of."""
        return self._actions is not None and self._actions.mending.look_again(error)

    def close_at_once(self) -> None:
        """Close without a question: what would be asked about is no reason to leave the record broken, or the system
        waiting that shuts down."""
        self.ready_to_go(True)
        self.close()

    def ready_to_go(self, ready: bool) -> None:
        """What is typed is kept, and the next closing asks nothing; or does again."""
        if self.desk is None or self._actions is None or self.closed:
            return
        self._actions.leave_at_once(ready)
        if ready:
            self._actions.mending.keep_what_stands()


class _Go:
    """Going to a pane as a command."""

    def __init__(self, window: MainWindow, name: str) -> None:
        self._window, self._name = window, name

    def __call__(self) -> None:
        self._window.show_pane(self._name)


class _Arrange:
    """An arrangement as a command."""

    def __init__(self, window: MainWindow, name: str) -> None:
        self._window, self._name = window, name

    def __call__(self) -> None:
        self._window.arrange(self._name)
