"""The pane of things that are read as pages: a short list of cards on the left, the page of one of them or the form for
a new one on the right. Where it is narrow they take turns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QPushButton, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from dutydesk.core.i18n import _
from dutydesk.qt.announcer import Changed, announcer_of
from dutydesk.qt.cards import CardList
from dutydesk.qt.offers import NOTHING_CAME, desk_only, offered, on_key, on_press
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import EmptyState, SearchBox, SplitTitle, button, label, shortcut

FORM_NEEDS, PAGE_NEEDS = 820, 660
"""Widths below which the list and what stands beside it take turns."""

CommandRow = tuple[str, str, Callable[[], None]]


class CardPane(QWidget):
    """See the module's docstring.

    Parameters:
        name: begins the names of the controls: `incident-list`, `incident-search`. title: head of the pane. add: the
        button for a new one. things: what the list is called. hint: what the search looks in. scopes: answers of the
        filter, the first is everything. page: has `back`, a button, and `buttons` by name. form: has `begin`, `focus_first`, `keep_draft` and
        the signals `saved(row)` and `closed(draft kept)`. empty: what stands where nothing is.

    A subclass says what is listed (`refresh`), how one of them is shown (`show_one`), what is done after saving
    (`saved`), and names the ledgers whose changes it listens to and how often time moves its cards.
    """

    listens: tuple[str, ...] = ()
    tick_ms = 30_000
    page: Any
    form: Any

    def __init__(
        self,
        desk: Any,
        name: str,
        *,
        title: str,
        add: str,
        things: str,
        hint: str,
        scopes: Sequence[tuple[str, str]],
        page: QWidget,
        form: QWidget,
        empty: EmptyState,
        width: int = 300,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(f"{name}s-pane")
        self.desk = desk
        self.title = title
        self.page, self.form, self.empty = page, form, empty
        self.detail = False
        """Whether the page has the pane where only one of them has room."""
        self._lay_out(name, add, things, hint, scopes, width)
        self._bind()

    # -- what a subclass says --------------------------------------------------------------------------------------

    def refresh(self, *_unused: object) -> None:
        """Read again what is listed."""
        raise NotImplementedError

    def show_one(self, key: object) -> None:
        """Show the thing of a card beside the list, unless a form stands there."""
        raise NotImplementedError

    def first_button(self) -> QPushButton:
        """The button of the page that Enter leads to."""
        raise NotImplementedError

    def saved(self, row: Any) -> None:
        """The form has made a row."""
        raise NotImplementedError

    # -- layout ----------------------------------------------------------------------------------------------------

    def _lay_out(
        self, name: str, add: str, things: str, hint: str, scopes: Sequence[tuple[str, str]], width: int
    ) -> None:
        theme = current()
        self.head = SplitTitle(self.title)
        self.new = button(add, primary=True, tip="Ctrl+N")
        self.new.setObjectName(f"{name}-new")
        self.search = SearchBox(hint)
        self.search.setObjectName(f"{name}-search")
        self.which = QComboBox()
        self.which.setObjectName(f"{name}-filter")
        self.which.setAccessibleName(_("范围"))
        for text, data in scopes:
            self.which.addItem(text, data)
        self.list = CardList(things)
        self.list.setObjectName(f"{name}-list")
        self.side = QWidget()
        column = QVBoxLayout(self.side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.px(4))
        column.addWidget(self.head)
        filters = QVBoxLayout()
        filters.setContentsMargins(theme.px(8), 0, theme.px(8), 0)
        filters.setSpacing(theme.px(4))
        filters.addWidget(self.search)
        filters.addWidget(self.which)
        column.addLayout(filters)
        column.addWidget(self.list, 1)
        self.empty.setObjectName(f"{name}-empty")
        self.stack = QStackedWidget()
        for part in (self.empty, self.page, self.form):
            self.stack.addWidget(part)
        self.parts = QSplitter(Qt.Orientation.Horizontal)
        self.parts.addWidget(self.side)
        self.parts.addWidget(self.stack)
        self.parts.setStretchFactor(0, 0)
        self.parts.setStretchFactor(1, 1)
        self.parts.setChildrenCollapsible(False)
        self.parts.setSizes([theme.px(width), theme.px(1000 - width)])
        self.foot = label("", "muted")
        self.foot.setObjectName(f"{name}-said")
        self.foot.setContentsMargins(theme.px(12), theme.px(2), theme.px(12), theme.px(2))
        self.foot.hide()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.parts, 1)
        outer.addWidget(self.foot)

    def _bind(self) -> None:
        on_press(self.desk, self.new, self.begin)
        self.search.searched.connect(self.refresh)
        self.search.down.connect(self.list.setFocus)
        self.list.typed.connect(self._type_on)
        self.which.currentIndexChanged.connect(self.refresh)
        self.list.picked.connect(self.show_one)
        self.list.opened.connect(self._open)
        self.list.clicked.connect(self._clicked)
        self.page.back.clicked.connect(self.back)
        self.empty.acted.connect(self.begin)
        self.form.saved.connect(self.saved)
        self.form.closed.connect(self._form_closed)
        announcer_of(self.desk).changed.connect(self._changed)
        for _text, keys, run in self.commands():
            on_key(self.desk, self, keys, run)
        shortcut(self, "Alt+Left", self.back)
        self._tick = QTimer(self)
        self._tick.setInterval(self.tick_ms)
        self._tick.timeout.connect(self.refresh)

    # -- what the shell asks ---------------------------------------------------------------------------------------

    def commands(self) -> list[CommandRow]:
        """What this pane can do, with its keys: for the palette and the key sheet."""
        raise NotImplementedError

    def focus_first(self) -> None:
        """Put the caret on the list, or on what begins it."""
        if self.forms:
            self.form.focus_first()
        elif self.list.cards:
            self.list.choose_first()
            self.list.setFocus()
        elif offered(self.desk, self.begin):
            (self.new if self.empty.button.isHidden() else self.empty.button).setFocus()
        else:
            self.search.setFocus()

    def keep_draft(self) -> None:
        """The window is closing: keep what stands in the form."""
        if self.forms:
            self.form.keep_draft()

    # -- list and page ---------------------------------------------------------------------------------------------

    @property
    def forms(self) -> bool:
        """Whether the form stands beside the list."""
        return self.stack.currentWidget() is self.form

    def show_page(self) -> None:
        """Put the page beside the list."""
        self.stack.setCurrentWidget(self.page)
        self.make_room()

    def show_empty(self, sentence: str, hint: str = "", action: str = "") -> None:
        """Put a sentence where nothing is beside the list, and what to do next where that is offered."""
        begins = not action or offered(self.desk, self.begin)
        self.empty.say(sentence, hint if begins else _(NOTHING_CAME), action if begins else "")
        self.stack.setCurrentWidget(self.empty)
        self.make_room()

    def _open(self, key: object) -> None:
        self.detail = True
        self.show_one(key)
        first = self.first_button()
        if first.isHidden():
            first = next(one for one in self.page.buttons.values() if not one.isHidden())
        first.setFocus(Qt.FocusReason.TabFocusReason)

    def _clicked(self, _index: object) -> None:
        self.detail = True
        self.make_room()

    def back(self) -> None:
        """Where only one of them has room: from the page to the list."""
        if not self.forms:
            self.detail = False
            self.make_room()
            self.list.setFocus()

    def _type_on(self, text: str) -> None:
        self.search.setFocus()
        self.search.setText(text)

    def focus_search(self) -> None:
        """Put the caret into the search field."""
        if not self.forms:
            self.detail = False
        self.make_room()
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    # -- the form --------------------------------------------------------------------------------------------------

    @desk_only
    def begin(self) -> None:
        """Ctrl+N: the form for a new one, with the draft of last time."""
        if not self.forms:
            self.form.begin()
            self.show_form()
            self.say("")
        self.form.focus_first()

    def show_form(self) -> None:
        """Put the form beside the list."""
        self.stack.setCurrentWidget(self.form)
        self.make_room()

    def _form_closed(self, kept: bool) -> None:
        self.stack.setCurrentWidget(self.page if self.list.current_key() else self.empty)
        self.detail = False
        self.refresh()
        self.show_one(self.list.current_key())
        self.make_room()
        self.focus_first()
        self.say(_("草稿已保留，Ctrl+N 接着填") if kept else "")

    def say(self, text: str) -> None:
        """One sentence at the foot."""
        self.foot.setText(text)
        self.foot.setVisible(bool(text))

    # -- Qt --------------------------------------------------------------------------------------------------------

    def _changed(self, changed: Changed) -> None:
        if changed.touches(*self.listens):
            self.refresh()

    def make_room(self) -> None:
        """Where it is narrow the form has the whole pane, and the list and the page take turns."""
        narrow = self.width() < current().px(FORM_NEEDS if self.forms else PAGE_NEEDS)
        listed = bool(self.list.cards) or bool(self.search.text()) or self.which.currentIndex() > 0
        self.side.setVisible(not narrow or not (self.forms or self.detail or not listed))
        self.stack.setVisible(not narrow or self.side.isHidden())
        self.page.back.setVisible(narrow)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.make_room()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()
        self._tick.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._tick.stop()
        if not self.desk.store.closed:
            self.keep_draft()
