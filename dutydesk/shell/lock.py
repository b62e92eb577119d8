"""The locked window: the panes are covered and nothing can be typed but a PIN; board, clocks, alarms, the list of what
is due and the line that is being typed stay as they are.

While nothing is locked the only cost is an event filter on the windows of the system, which sees keys and the mouse
before widgets do; the filter of the whole application stands only while the window is locked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QRect, Qt, QTimer
from PySide6.QtGui import QAction, QGuiApplication, QShortcut, QWindow
from PySide6.QtWidgets import QApplication, QDialog, QFrame, QVBoxLayout, QWidget
from shiboken6 import isValid

from dutydesk.accounts import service
from dutydesk.accounts.pane_login import LoginDialog, SignForm
from dutydesk.core.clock import MINUTE, local
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.core.ids import CLI
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import label

if TYPE_CHECKING:
    from dutydesk.journal.desk import Desk
    from dutydesk.shell.window import MainWindow

LOOK_MS = 5_000
"""How often it is asked whether somebody is still there."""
SIGNS = frozenset(
    (
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseMove,
        QEvent.Type.Wheel,
        QEvent.Type.TouchBegin,
    )
)
"""Events by which somebody shows that they are there."""
SWALLOWED = frozenset(
    (
        QEvent.Type.KeyPress, QEvent.Type.KeyRelease, QEvent.Type.Shortcut, QEvent.Type.InputMethod,
        QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease, QEvent.Type.MouseButtonDblClick, QEvent.Type.Wheel,
        QEvent.Type.ContextMenu, QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.Drop, QEvent.Type.ToolTip,
        QEvent.Type.TouchBegin, QEvent.Type.TouchUpdate, QEvent.Type.TouchEnd, QEvent.Type.TabletPress,
    )
)  # fmt: skip


class Cover(QFrame):
    """What lies over the panes: who locked, since when, and the form for the PIN."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("lock-cover")
        self.setAccessibleName(_("已锁屏"))
        self.setAutoFillBackground(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        theme = current()
        self.told = label("", "title", wrap=True)
        self.told.setObjectName("lock-told")
        self.form = SignForm(desk, _("解锁"), self)
        self.form.setMaximumWidth(theme.px(420))
        self.form.setMaximumHeight(theme.px(300))
        column = QVBoxLayout(self)
        column.setContentsMargins(*(theme.px(16),) * 4)
        column.setSpacing(theme.px(8))
        column.addStretch(1)
        column.addWidget(self.told, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(label(_("告警、时钟、待办照常；没写完的都还在"), "muted"), 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.form, 8, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes round in the form and never into what is covered."""
        stops = (self.form.people, self.form.pin, self.form.go)
        here = QApplication.focusWidget()
        at = next((n for n, stop in enumerate(stops) if stop is here), 1)
        stops[(at + (1 if forward else -1)) % len(stops)].setFocus(Qt.FocusReason.TabFocusReason)
        return True


class Locker(QObject):
    """Signing in, changing hands, locking, for one window. Made when accounts are in force at this desk.

    Attributes: `locked`; `cover`, made at the first lock.
    """

    def __init__(self, window: MainWindow, desk: Desk) -> None:
        super().__init__(window)
        self.window = window
        self.desk = desk
        self.locked = False
        self.cover: Cover | None = None
        self._veils: list[QWidget] = []
        self._hidden: list[QDialog] = []
        self._focus: QWidget | None = None
        self._last = desk.clock.now()
        self._idle = QTimer(self)
        self._idle.setInterval(LOOK_MS)
        self._idle.timeout.connect(self.look)
        self._idle.start()
        app = QGuiApplication.instance()
        assert isinstance(app, QGuiApplication)
        app.focusWindowChanged.connect(self._watch)
        self._watch(QGuiApplication.focusWindow() or window.windowHandle())
        desk.services["sign_out"] = self.leave
        if not service.present(desk):
            desk.me.id, desk.me.name = CLI, ""
            self.lock(_("请登录"), record=False)

    def close(self) -> None:
        """The window closes: whoever sat here has signed out."""
        self._idle.stop()
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusWindowChanged.disconnect(self._watch)
        app.removeEventFilter(self)
        try:
            service.sign_out(self.desk)
        except DutyDeskError:
            self.desk.me.id, self.desk.me.name = CLI, ""  # a disk that takes nothing must not keep the window open

    # -- idle ------------------------------------------------------------------------------------------------------

    def _watch(self, handle: QWindow | None) -> None:
        if handle is not None:
            handle.installEventFilter(self)

    def look(self) -> None:
        """Lock when nobody has touched anything for as long as the settings say."""
        now = self.desk.clock.now()
        if now < self._last:  # the clock went back
            self._last = now
        if not self.locked and now - self._last >= service.policy(self.desk).idle_min * MINUTE:
            self.lock(_("无操作"))

    # -- changing hands --------------------------------------------------------------------------------------------

    def switch(self) -> None:
        """The other officer takes the keyboard: a name, a PIN."""
        if self.locked:
            return
        dialog = LoginDialog(self.desk, self.window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.signed.connect(self._signed)
        dialog.open()

    def leave(self) -> None:
        """Sign out: the window stays, covered, until somebody signs in."""
        service.sign_out(self.desk)
        self.lock(_("已退出登录"), record=False)

    def _signed(self) -> None:
        self._last = self.desk.clock.now()
        self.window.refresh()

    # -- locking ---------------------------------------------------------------------------------------------------

    def lock_now(self) -> None:
        """F12."""
        self.lock(_("手动"))

    def lock(self, reason: str, *, record: bool = True) -> None:
        """Cover the panes; whatever is being typed stays where it is."""
        if self.locked:
            return
        self.locked = True
        if record:
            try:
                service.note_lock(self.desk, reason)
            except DutyDeskError:
                reason = _("未能记下锁屏")  # the disk is full: locked all the same
        self._focus = QApplication.focusWidget()
        popup = QApplication.activePopupWidget()
        if popup is not None:
            popup.close()
        self._hide_dialogs()
        cover = self._cover()
        at = f"{local(self.desk.clock.now()):%H:%M}"
        who = self.desk.me.name
        cover.told.setText(_("{who} 已锁屏 {at}").format(who=who, at=at) if who else _("请登录"))
        cover.form.reason = _("解锁") if who else _("登录")
        cover.form.go.setText(cover.form.reason)
        cover.form.fill(bytes.fromhex(self.desk.me.id) if who else b"")
        self.place()
        cover.show()
        cover.raise_()
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.installEventFilter(self)
        self.window.activateWindow()
        cover.form.focus_pin()

    def _cover(self) -> Cover:
        if self.cover is None:
            self.cover = Cover(self.desk, self.window)
            self.cover.form.signed.connect(self.unlock)
        return self.cover

    def unlock(self) -> None:
        """Somebody gave their PIN: everything is as it was, under their name."""
        if not self.locked:
            return
        self.locked = False
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.removeEventFilter(self)
        if self.cover is not None:
            self.cover.hide()
        for veil in self._veils:
            veil.deleteLater()
        self._veils = []
        for dialog in self._hidden:
            if isValid(dialog):
                dialog.show()
        self._hidden = []
        if self._focus is not None and isValid(self._focus) and self._focus.isVisible():
            self._focus.setFocus()
        else:
            self.window.focus_entry()
        self._focus = None
        self._signed()

    def _hide_dialogs(self) -> None:
        """Dialogs may show the record too; hidden they keep what was typed into them."""
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, QDialog) and widget.isVisible():
                self._hidden.append(widget)
                widget.hide()

    def place(self) -> None:
        """Put the cover over the panes, wherever they are now; a torn-off pane has a cover of its own."""
        if self.cover is None or not self.locked:
            return
        area = QRect()
        for dock in self.window.docks.values():
            if dock.isFloating():
                self._veil(dock)
            elif dock.isVisible() and self.window.rect().intersects(dock.geometry()):  # tabs behind are parked outside
                area = area.united(dock.geometry())
        self.cover.setGeometry(area if not area.isEmpty() else self._middle())

    def _middle(self) -> QRect:
        """Where panes would stand, when none does: below the board, beside the rail, above the entry line."""
        window = self.window
        left = window.rail.mapTo(window, window.rail.rect().topRight()).x()
        right = window.todo_dock.x() if not window.todo_dock.isFloating() else window.width()
        top, bottom = window.board.geometry().bottom() + 1, window.entry_bar.y()
        return QRect(left, top, max(right - left, 1), max(bottom - top, 1))

    def _veil(self, dock: QWidget) -> None:
        if any(veil.parentWidget() is dock for veil in self._veils):
            return
        veil = QFrame(dock)
        veil.setObjectName("lock-veil")
        veil.setAutoFillBackground(True)
        veil.setGeometry(QRect(0, 0, 16_000, 16_000))  # as large as the pane may become
        veil.show()
        veil.raise_()
        self._veils.append(veil)

    # -- Qt --------------------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if isinstance(watched, QWindow):
            if kind in SIGNS and not self.locked:
                self._last = self.desk.clock.now()
            return False
        if not self.locked:
            return False
        if kind in (QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show) and self._moves(watched):
            self.place()
        if kind not in SWALLOWED or self._free(watched):
            return False
        if kind == QEvent.Type.KeyPress and self.cover is not None:
            self.cover.form.focus_pin()
        return True

    def _moves(self, watched: QObject) -> bool:
        return watched is self.window or watched in self.window.docks.values()

    def _free(self, watched: QObject) -> bool:
        """Whether an event may reach this: the cover, what the program says in a window of its own, and what is no
        widget at all, but never a key that does something."""
        if isinstance(watched, QAction | QShortcut):
            return False
        if not isinstance(watched, QWidget):
            return True
        if self.cover is not None and (watched is self.cover or self.cover.isAncestorOf(watched)):
            return True
        own: Any = watched.window()
        return own is not self.window and own not in (*self.window.docks.values(), self.window.todo_dock)
