"""The pane of a plain ledger: search, filters, table, and a form at its side; totals in its head; import, export and
print where the window offers them.

A feature's pane is a `ListPane` with its own columns, totals, commands and further keys. What it does to the record it
does through its service; here is only how that looks and which keys it has.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QComboBox, QPushButton, QSplitter, QVBoxLayout, QWidget

from dutydesk.core.errors import DutyDeskError, Problem
from dutydesk.core.i18n import _
from dutydesk.ledger.spec import Ledger, Value
from dutydesk.qt import dialogs
from dutydesk.qt.announcer import Changed, announcer_of
from dutydesk.qt.editors import ParseTime, typed_time
from dutydesk.qt.flow import flow
from dutydesk.qt.forms import LedgerForm
from dutydesk.qt.listview import LedgerView
from dutydesk.qt.offers import desk_only, on_key, on_press, viewing
from dutydesk.qt.rowsheet import RowSheet
from dutydesk.qt.table import LedgerModel
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Elided, SearchBox, SplitTitle, button, label

if TYPE_CHECKING:
    from dutydesk.journal.desk import Desk
    from dutydesk.journal.query import Condition, Query, Row

NARROW = 620
"""Pixels at 100 % below which a form and the list do not stand side by side."""
CommandRow = tuple[str, str, Callable[[], None]]


class RowPages:
    """Rows that are all in memory, as the pages that a table asks for."""

    size = 256

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._at = {row.id: at for at, row in enumerate(rows)}

    def count(self) -> int:
        return len(self._rows)

    def page(self, index: int) -> Sequence[Row]:
        return self._rows[index * self.size : (index + 1) * self.size]

    def position(self, row: bytes) -> int | None:
        return self._at.get(row)


@dataclass(frozen=True, slots=True)
class Narrow:
    """One answer of a filter: what it is called and the conditions that it means."""

    label: str
    where: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Printout:
    """What a pane prints: bytes, title, code of the form, what it is about, and what cannot be printed as it stands."""

    pdf: bytes
    title: str
    form: str
    about: str = ""
    missing: Sequence[Problem] = ()


class ListPane(QWidget):
    """See the module's docstring.

    Parameters:
        ledger: the ledger's name. title: head of the pane. shown: the ledger with computed columns, columns narrower
            or otherwise placed. pages: `(query) -> Pages`. important: the column that takes the room left over.
        empty: what an empty list says, and what to do next.

    A subclass says what is done: `make`, `change`, `remove`; and where it has them `totals`, `narrowings`, `defaults`,
    `printout`.
    """

    form_width = 400
    noun = ""
    """What a row is called, where that is not what the ledger is called."""
    takes_files = True
    """Whether rows can come from a file: not where the program writes them itself."""
    own_search = False
    """Whether a search here finds more than the ledger's own index does."""

    def __init__(
        self,
        desk: Desk,
        ledger: str,
        *,
        title: str,
        shown: Ledger | None = None,
        columns: Sequence[str] = (),
        important: str = "name",
        pages: Callable[[Query], Any] | None = None,
        shows: Mapping[str, Callable[[Row], str]] | None = None,
        tone: Callable[[Row, str], str] | None = None,
        hint: str = "",
        empty: tuple[str, str] = ("", ""),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(f"{ledger}-pane")
        self.desk = desk
        self.ledger = desk.ledger(ledger)
        self.title = title
        self.form: LedgerForm | None = None
        self.sheet: RowSheet | None = None
        self._row: Row | None = None
        self._combos: dict[str, QComboBox] = {}
        self._narrow: dict[str, Sequence[Narrow]] = {}
        self._keys: list[tuple[str, str, Callable[[], None]]] = []
        self._name = ledger
        self.model = LedgerModel(shown or self.ledger, desk, columns=columns, pages=pages, shows=shows, tone=tone)
        self.view = LedgerView(self.model, important=important, empty=empty, parent=self)
        self.view.setObjectName(f"{ledger}-list")
        self._lay_out(hint)
        self._bind()
        self._announcer = announcer_of(desk)
        self._announcer.changed.connect(self.heed)
        self._restore_columns()
        self.refill()

    # -- what a subclass says --------------------------------------------------------------------------------------

    def make(self, values: Mapping[str, Value]) -> bytes:
        """Add a row; its id. Raises `Refused`."""
        raise NotImplementedError

    def change(self, row: Row, values: Mapping[str, Value]) -> None:
        """Write a row again. Raises `Refused`."""
        raise NotImplementedError

    def remove(self, row: Row) -> None:
        """Take a row off the list. Raises `Refused`."""
        raise NotImplementedError

    def totals(self) -> str:
        """One line of totals for the head."""
        return _("{count} 条").format(count=self.desk.count(self._name))

    def narrowings(self) -> Mapping[str, Sequence[Narrow]]:
        """The filters by name; the first answer of each is everything."""
        return {}

    def defaults(self) -> Mapping[str, Value]:
        """What a new row begins with."""
        return {}

    def printout(self) -> Printout | None:
        """What 打印 prints."""
        return None

    def listens(self) -> tuple[str, ...]:
        """Other ledgers whose changes change this list."""
        return ()

    # -- layout ----------------------------------------------------------------------------------------------------

    def _lay_out(self, hint: str) -> None:
        theme = current()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        self.head = SplitTitle(self.title)
        self.head.note.setObjectName(f"{self._name}-totals")
        self.add_button = self.tool(_("新增"), "new", "Ctrl+N", self.new_row)
        self.head.add(self.add_button)
        if self.takes_files and "import" in self.desk.services:
            self.head.add(self.tool(_("导入"), "import", "Ctrl+I", self.import_file))
        if "export" in self.desk.services:
            self.head.add(self.tool(_("导出"), "export", "Ctrl+Shift+E", self.export_file))
        if type(self).printout is not ListPane.printout:
            self.head.add(self.tool(_("打印"), "print", "Ctrl+P", self.print_list))
        outer.addWidget(self.head)
        self.tools = QWidget()
        self.bar = flow(self.tools, theme.px(8), stretch=True)
        self.bar.setContentsMargins(theme.px(8), 0, theme.px(8), theme.px(4))
        self.search = SearchBox(hint or _("搜索"))
        self.search.setObjectName(f"{self._name}-search")
        self.bar.addWidget(self.search)
        for name in self.narrowings():
            combo = QComboBox()
            combo.setObjectName(f"{self._name}-filter-{name}")
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            combo.setMinimumContentsLength(8)
            combo.currentIndexChanged.connect(self._narrowed)
            self._combos[name] = combo
            self.bar.addWidget(combo)
        outer.addWidget(self.tools)
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.setObjectName(f"{self._name}-split")
        self.split.setChildrenCollapsible(False)
        self.split.addWidget(self.view)
        self.side = QWidget()
        self.side.setObjectName(f"{self._name}-side")
        self._side = QVBoxLayout(self.side)
        self._side.setContentsMargins(0, 0, 0, 0)
        self._side.setSpacing(0)
        self.side.hide()
        self.split.addWidget(self.side)
        self.split.setStretchFactor(0, 1)
        outer.addWidget(self.split, 1)
        self.status = Elided("", "muted")
        self.status.setObjectName(f"{self._name}-status")
        self.status.setContentsMargins(theme.px(8), 0, theme.px(8), 0)
        self.status.setFixedHeight(theme.px(26))
        self.status.hide()
        outer.addWidget(self.status)

    def tool(self, text: str, name: str, keys: str, run: Callable[[], None]) -> QPushButton:
        """A button of the head with its key; the key works anywhere in the pane and stands in the palette."""
        made = button(text, tip=_("{text}（{key}）").format(text=text, key=keys) if keys else "")
        made.setObjectName(f"{self._name}-{name}")
        made.setAccessibleName(text)
        on_press(self.desk, made, run)
        self.key(text, keys, run)
        return made

    def key(self, text: str, keys: str, run: Callable[[], None]) -> None:
        """A key of the pane and its place in the palette."""
        if keys:
            on_key(self.desk, self, keys, run)
        self._keys.append((text, keys, run))

    def _bind(self) -> None:
        self.search.searched.connect(self.model.set_search)
        self.search.down.connect(self.focus_list)
        self.view.opened.connect(self.open_row)
        self.view.typed.connect(self._type)
        self.view.filter_dropped.connect(self._filter_dropped)
        self.view.notice.connect(self.say)
        self.key(_("找"), "Ctrl+F", self.focus_search)
        on_key(self.desk, self.view, "Delete", self.delete_row, alone=True)
        self._keys.append((_("删除"), "Delete", self.delete_row))

    # -- for the window --------------------------------------------------------------------------------------------

    def focus_first(self) -> None:
        """Where the caret goes when the pane is shown."""
        shown = self.form or self.sheet
        if shown is not None:
            shown.setFocus()
        else:
            self.view.setFocus() if self.model.rowCount() else self.search.setFocus()

    def show_row(self, ledger: str, row: bytes) -> None:
        """Make a row current, dropping the filters where they hide it."""
        if ledger != self._name:
            return
        if not self.view.show_row(row):
            self.drop_filters()
            self.view.show_row(row)
        self.view.setFocus()

    def commands(self) -> list[CommandRow]:
        """What the palette and the key sheet show of this pane."""
        return [(_("{label}：{text}").format(label=self.title, text=text), keys, run) for text, keys, run in self._keys]

    # -- what is shown ---------------------------------------------------------------------------------------------

    def heed(self, changed: Changed) -> None:
        """Slot for the announcer."""
        self.model.heed(changed)
        if changed.touches(*self.listens()):
            self.model.refresh()
        if changed.touches(self._name, *self.listens()):
            self.refill()

    def refill(self) -> None:
        """Bring totals and filters up to date."""
        self.head.note.setText(self.totals())
        self._narrow = dict(self.narrowings())
        for name, combo in self._combos.items():
            answers, kept = self._narrow[name], combo.currentText()
            texts = [answer.label for answer in answers]
            if texts != [combo.itemText(at) for at in range(combo.count())]:
                combo.blockSignals(True)
                combo.clear()
                combo.addItems(texts)
                combo.setCurrentIndex(max(combo.findText(kept), 0))
                widest = max((combo.fontMetrics().horizontalAdvance(text) for text in texts), default=0)
                letters = -(-widest // max(combo.fontMetrics().horizontalAdvance("X"), 1))
                combo.setMinimumContentsLength(max(8, min(14, letters)))
                combo.setAccessibleName(texts[0] if texts else name)
                combo.view().setMinimumWidth(widest + current().px(40))
                combo.blockSignals(False)

    def conditions(self) -> list[Condition]:
        """What the filters ask for."""
        found: list[Condition] = []
        for name, combo in self._combos.items():
            at = combo.currentIndex()
            if 0 <= at < len(self._narrow.get(name, ())):
                found += self._narrow[name][at].where
        return found

    def narrow(self, name: str, answer: int) -> None:
        """Choose an answer of a filter."""
        self._combos[name].setCurrentIndex(answer)

    def _narrowed(self, _index: int) -> None:
        self.model.set_where(self.conditions())

    def drop_filters(self) -> None:
        """Show everything again."""
        self._filter_dropped()
        self.model.set_where(())
        self.model.set_search("")

    def _filter_dropped(self) -> None:
        for combo in self._combos.values():
            combo.blockSignals(True)
            combo.setCurrentIndex(0)
            combo.blockSignals(False)
        self.search.blockSignals(True)
        self.search.clear()
        self.search.blockSignals(False)

    def say(self, text: str) -> None:
        """One quiet sentence below the list."""
        self.status.setText(text)
        self.status.setVisible(bool(text))

    def focus_search(self) -> None:
        self.search.setFocus()
        self.search.selectAll()

    def focus_list(self) -> None:
        if self.model.rowCount() and not self.view.currentIndex().isValid():
            self.view.setCurrentIndex(self.model.index(0, 0))
        self.view.setFocus()

    def _type(self, text: str) -> None:
        self.search.setFocus()
        self.search.insert(text)

    # -- the form --------------------------------------------------------------------------------------------------

    @desk_only
    def new_row(self) -> None:
        """An empty form, or the draft that was put aside."""
        form = LedgerForm(self.ledger, self.desk, defaults=self.defaults(), parse_time=self.parse_time())
        self.show_form(form, _("新增{title}").format(title=_(self.noun or self.ledger.title)), self.save_new)
        draft = self.desk.store.state(f"draft.{self._name}")
        if draft:
            form.restore(json.loads(draft))
            self.say(_("草稿已带回"))

    def open_row(self, row: Row) -> None:
        """Change a row; where nobody writes, read it whole."""
        held = self.desk.get(self._name, row.id)
        if held is None:
            return
        if viewing(self.desk):
            self.show_sheet(RowSheet(self.model, row, self.desk.title_of(held)))
            return
        form = LedgerForm(self.ledger, self.desk, held, parse_time=self.parse_time())
        self.show_form(form, self.desk.title_of(held), self.save_row, held)

    def show_sheet(self, sheet: RowSheet) -> None:
        """Put a row that is only read at the side."""
        self.close_form()
        self.sheet = sheet
        sheet.setObjectName(f"{self._name}-sheet")
        sheet.closed.connect(self.close_form)
        self._side.addWidget(sheet, 1)
        self.open_side()
        sheet.setFocus()

    def parse_time(self) -> ParseTime:
        """How times are typed: `1402`, `14:02`, `昨2340`."""
        return typed_time(self.desk.clock)

    def show_form(
        self, form: LedgerForm, head: str, save: Callable[[dict[str, Value]], None], row: Row | None = None
    ) -> None:
        """Put a form at the side, about `row` where it is about one; the list waits while it is open."""
        self.close_form()
        self.form = form
        self._row = row
        form.setObjectName(f"{self._name}-form")
        for name, editor in form.editors.items():
            editor.input.setObjectName(f"{self._name}-field-{name}")
        form.save.setObjectName(f"{self._name}-save")
        form.leave.setObjectName(f"{self._name}-leave")
        title = label(head, "heading", wrap=True)
        title.setContentsMargins(current().px(16), current().px(8), current().px(16), 0)
        self._side.addWidget(title)
        self._side.addWidget(form, 1)
        form.submitted.connect(save)
        form.drafted.connect(self._keep_draft)
        form.closed.connect(self.close_form)
        self.model.hold()
        self.open_side()
        form.setFocus()

    def open_side(self) -> None:
        """Show what stands at the side, as wide as a form needs and at most half the pane; in a narrow pane alone."""
        if self.side.isHidden():
            self.side.show()
            self.make_room()
            width = min(current().px(self.form_width), max(self.width() // 2, current().px(300)))
            self.split.setSizes([max(self.width() - width, 1), width])

    def make_room(self) -> None:
        """In a narrow pane a form stands alone."""
        wide = self.width() >= current().px(NARROW)
        self.view.setVisible(wide)
        self.tools.setVisible(wide)

    def clear_side(self) -> None:
        """Take away what stands at the side."""
        while self._side.count():
            item = self._side.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.setParent(None)  # its names are free at once for what comes next
                widget.deleteLater()

    def close_form(self) -> None:
        """Put the form away and go back to the list."""
        shown = self.form or self.sheet
        if shown is None:
            return
        here = self.focusWidget()
        inside = here is not None and (here is shown or shown.isAncestorOf(here))
        held = self.form is not None
        self.form = self.sheet = None
        self._row = None
        self.clear_side()
        self.side.hide()
        self.view.show()
        self.tools.show()
        if held:
            self.model.release()
        if inside:
            self.view.setFocus()

    def save_new(self, values: dict[str, Value]) -> None:
        form = self.form
        assert form is not None
        try:
            row = self.make(values)
        except DutyDeskError as error:
            form.refuse(error.problems)
            return
        self.desk.store.remember(f"draft.{self._name}", "")
        form.done()
        self._saved(row)
        form.setFocus()

    def save_row(self, values: dict[str, Value]) -> None:
        form, row = self.form, self._row
        assert form is not None
        assert row is not None
        try:
            self.change(row, values)
        except DutyDeskError as error:
            form.refuse(error.problems)
            return
        self.close_form()
        self._saved(row.id)
        self.view.setFocus()

    def _saved(self, row: bytes) -> None:
        held = self.model.held
        if held:
            self.model.release()
        self.model.refresh()
        self.view.show_row(row)
        if held:
            self.model.hold()
        self.refill()
        self.say(_("已保存 {title}").format(title=self.desk.title(self._name, row)))

    def _keep_draft(self, texts: dict[str, str]) -> None:
        if self._row is None:
            self.desk.store.remember(f"draft.{self._name}", json.dumps(texts, ensure_ascii=False))
            self.say(_("没有保存，内容留作草稿"))

    # -- commands --------------------------------------------------------------------------------------------------

    @desk_only
    def delete_row(self) -> None:
        """Ask, then take the current row off the list."""
        row = self.view.current_row()
        if row is None:
            return
        self._row = row
        text = _("从{ledger}里删除“{title}”？删除后仍可在记录里查到。").format(
            ledger=_(self.ledger.title), title=self.desk.title_of(row)
        )
        dialogs.confirm(self, text, _("删除")).answered.connect(self._delete)

    def _delete(self, yes: bool) -> None:
        row, self._row = self._row, None
        if not yes or row is None:
            return
        try:
            self.remove(row)
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        self.say(_("已删除 {title}").format(title=self.desk.title_of(row)))

    @desk_only
    def import_file(self) -> None:
        self.desk.services["import"](self._name, self)

    def export_file(self) -> None:
        self.desk.services["export"](self._name, self.stored_query(), self)

    def stored_query(self) -> Query:
        """The rows that are shown, as the record itself can be asked for them: where a search or a filter is the
        pane's own, by their ids."""
        from dataclasses import replace

        from dutydesk.journal.query import Condition

        query = self.model.query
        order = query.order if query.order.lstrip("-") in self.ledger else ""
        if all(one.field in self.ledger for one in query.where) and not (query.search and self.own_search):
            return replace(query, order=order)
        rows = (self.model.row(number) for number in range(self.model.rowCount()))
        ids = tuple(row.id for row in rows if row is not None)
        return replace(query, where=(Condition("id", "in", ids),), search="", order=order)

    def print_list(self) -> None:
        """Preview the list's print."""
        try:
            made = self.printout()
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        if made is not None:
            self.preview(made)

    def preview(self, made: Printout) -> None:
        """Show a print in the window's preview; without one there is nothing to show it in."""
        show = self.desk.services.get("preview")
        if show is None:
            self.say(_("这里不能预览打印"))
        else:
            show(made.pdf, made.title, made.form, made.about, made.missing)

    # -- columns ---------------------------------------------------------------------------------------------------

    def _restore_columns(self) -> None:
        kept = self.desk.store.state(f"columns.{self._name}")
        if kept:
            self.view.restore_columns(kept.encode())

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self.desk.store.closed:  # the window was not allowed to close, and goes after its record
            return
        state = self.view.columns_state().decode()
        if not event.spontaneous() and state != self.desk.store.state(f"columns.{self._name}"):
            self.desk.store.remember(f"columns.{self._name}", state)
