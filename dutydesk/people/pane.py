"""The pane of contacts: people with their card, and the plain lists of units, posts and regions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QTabWidget, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import N_, _
from dutydesk.journal import audit, plain
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Query, Row
from dutydesk.ledger.kinds import choice_label
from dutydesk.ledger.spec import Ledger, Value
from dutydesk.people import service
from dutydesk.people.ledger import PEOPLE
from dutydesk.people.pane_card import PersonCard
from dutydesk.qt import dialogs
from dutydesk.qt.announcer import Changed
from dutydesk.qt.dialogs import RevealDialog
from dutydesk.qt.forms import LedgerForm
from dutydesk.qt.listpane import NARROW, CommandRow, ListPane, Narrow, Printout
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import shortcut

_REGION = int(Qt.ItemDataRole.UserRole)


class PeopleList(ListPane):
    """People on the left of their card, regions on the left of the people.

    F6 to F9, Ctrl+Shift+N, Alt+Up and Alt+Down act on the card's numbers; everything else as in every list.
    """

    form_width = 440
    noun = N_("人员")
    own_search = True
    tree_width = 124

    def __init__(self, desk: Desk) -> None:
        self.tree = QTreeWidget()
        self.card = PersonCard(desk)
        super().__init__(
            desk,
            "people",
            title=_("通讯录"),
            shown=service.SHOWN,
            columns=service.COLUMNS,
            important="unit",
            pages=self._pages_of,
            hint=_("姓名、拼音首字母、单位、号码后四位"),
            empty=(_("通讯录还是空的"), _("按 Ctrl+I 导入 xlsx、CSV 或 vCard，或按 Ctrl+N 逐个新增")),
        )
        self._build_tree()
        self.split.insertWidget(0, self.tree)
        self.split.addWidget(self.card)
        self.split.setStretchFactor(0, 0)
        self.split.setStretchFactor(1, 1)
        self._share()
        for text, key, run in self.card.commands():
            self.key(text, key, run)
        self.key(_("打印完整号码"), "", self.print_whole)
        self.view.picked.connect(self.card.show_person)
        self.card.said.connect(self.say)
        self.card.edit_asked.connect(self._edit_current)
        self._announcer.changed.connect(self.card.heed)

    # -- the list --------------------------------------------------------------------------------------------------

    def _pages_of(self, query: Query) -> service.PeoplePages:
        return service.PeoplePages(self.desk, query)

    def totals(self) -> str:
        people, numbers = self.desk.count("people"), self.desk.count("numbers")
        wrong = self.desk.count("numbers", Condition("state", "=", "BAD"))
        text = _("{people} 人 {numbers} 个号码").format(people=people, numbers=numbers)
        return text + _(" · 空号错号 {wrong} 个").format(wrong=wrong) if wrong else text

    def listens(self) -> tuple[str, ...]:
        return ("numbers", "units", "posts", "regions")

    def narrowings(self) -> Mapping[str, Sequence[Narrow]]:
        kind = PEOPLE["kind"]
        return {
            "kind": [
                Narrow(_("全部类别")),
                *[Narrow(choice_label(one.code, kind), (Condition("kind", "=", one.code),)) for one in kind.choices],
            ],
            "health": [
                Narrow(_("号码不限")),
                *[Narrow(_(text), (Condition("health", "=", code),)) for code, text in service.HEALTH.items()],
            ],
        }

    def conditions(self) -> list[Condition]:
        found = super().conditions()
        item = self.tree.currentItem()
        region = item.data(0, _REGION) if item is not None else None
        if isinstance(region, str) and region:
            found.append(service.region_condition(self.desk, bytes.fromhex(region), "place"))
        return found

    def heed(self, changed: Changed) -> None:
        super().heed(changed)
        if changed.touches("regions"):
            self._fill_tree()

    def open_side(self) -> None:
        """The form stands where the card was; in a narrow pane alone."""
        self.side.show()
        self.make_room()
        self._share()

    def _share(self) -> None:
        """Regions and card as wide as they need to be, the rest to the list; a narrow window shares otherwise."""
        whole = self.width()
        self.tree.setVisible(whole >= current().px(NARROW))
        tree = min(current().px(self.tree_width), whole // 5)
        card = min(current().px(self.form_width), whole * 11 // 20)
        self.split.setSizes([tree, max(whole - tree - card, 1), card, card])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._share()

    # -- regions ---------------------------------------------------------------------------------------------------

    def _build_tree(self) -> None:
        self.tree.setObjectName("region-tree")
        self.tree.setAccessibleName(_("区划"))
        self.tree.setHeaderHidden(True)
        self.tree.setMinimumWidth(current().px(110))
        self.tree.setIndentation(current().px(14))
        self.tree.itemExpanded.connect(self._expand)
        self._fill_tree()
        self.tree.currentItemChanged.connect(self._choose_region)

    def _fill_tree(self) -> None:
        self.tree.blockSignals(True)
        self.tree.clear()
        every = QTreeWidgetItem([_("全部区域")])
        every.setData(0, _REGION, "")
        self.tree.addTopLevelItem(every)
        tops = service.region_children(self.desk, None)
        for row in tops:
            self.tree.addTopLevelItem(self._item(row))
        self.tree.setCurrentItem(every)
        self.tree.blockSignals(False)
        if len(tops) == 1:
            self.tree.topLevelItem(1).setExpanded(True)

    def _item(self, row: Row) -> QTreeWidgetItem:
        item = QTreeWidgetItem([row.text("name")])
        item.setData(0, _REGION, row.id.hex())
        item.setToolTip(0, row.text("name"))
        if self.desk.count("regions", Condition("parent", "=", row.id)):
            item.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.ShowIndicator)
        return item

    def _expand(self, item: QTreeWidgetItem) -> None:
        region = item.data(0, _REGION)
        if item.childCount() or not region:
            return
        for row in service.region_children(self.desk, bytes.fromhex(region)):
            item.addChild(self._item(row))

    def _choose_region(self, _item: QTreeWidgetItem | None, _before: QTreeWidgetItem | None) -> None:
        self.model.set_where(self.conditions())

    def _filter_dropped(self) -> None:
        super()._filter_dropped()
        self.tree.blockSignals(True)
        self.tree.setCurrentItem(self.tree.topLevelItem(0))
        self.tree.blockSignals(False)

    # -- card and form ---------------------------------------------------------------------------------------------

    def open_row(self, row: Row) -> None:
        """Enter goes to the card's numbers; Ctrl+E changes the person."""
        self.card.show_person(row)
        self.card.view.setFocus()

    def _edit_current(self) -> None:
        row = self.card.person
        if row is None:
            return
        form = LedgerForm(self.ledger, self.desk, row, reveal=True)
        self.show_form(form, row.text("name"), self.save_row, row)

    def show_form(
        self, form: LedgerForm, head: str, save: Callable[[dict[str, Value]], None], row: Row | None = None
    ) -> None:
        super().show_form(form, head, save, row)
        self.card.hide()

    def close_form(self) -> None:
        super().close_form()
        self.card.show()

    def show_number(self, number: bytes) -> None:
        """Make the owner of a number current, and the number on the card."""
        held = self.desk.get("numbers", number)
        person = held.get("person") if held is not None else None
        if isinstance(person, bytes):
            self.show_row("people", person)
            self.card.view.show_row(number)

    # -- what is done ----------------------------------------------------------------------------------------------

    def make(self, values: Mapping[str, Value]) -> bytes:
        return service.add_person(self.desk, values)

    def change(self, row: Row, values: Mapping[str, Value]) -> None:
        service.edit_person(self.desk, row.id, values)

    def remove(self, row: Row) -> None:
        service.remove_person(self.desk, row.id)

    def save_new(self, values: dict[str, Value]) -> None:
        """A person without a number is of no use at night: after the name come the numbers."""
        form = self.form
        super().save_new(values)
        if form is not None and not form.problem.text() and not any(e.shown_problem for e in form.editors.values()):
            self.close_form()
            self.card.show_person(self.view.current_row())
            self.card.add_number()

    def defaults(self) -> Mapping[str, Value]:
        item = self.tree.currentItem()
        region = item.data(0, _REGION) if item is not None else ""
        return {"kind": "PERSON", "region": bytes.fromhex(region) if region else None}

    def printout(self) -> Printout:
        return self._print(whole=False)

    def _print(self, *, whole: bool) -> Printout:
        from dutydesk.people import report

        made = report.document(self.desk, whole=whole)
        return Printout(made.pdf(), _("应急通讯录"), "P16", "", made.missing)

    def print_whole(self) -> None:
        """The list with numbers in full, for a reason."""
        dialog = RevealDialog(self, (_("编印通讯录"), _("断网备用")))
        dialog.setObjectName("reveal-print")
        dialog.given.connect(self._print_whole)
        dialog.open()

    def _print_whole(self, reason: str) -> None:
        try:
            audit.record(self.desk, "REVEAL", "P16", reason)
            made = self._print(whole=True)
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        self.preview(made)


class PlainList(ListPane):
    """Units, posts and regions: nothing but the declaration."""

    def make(self, values: Mapping[str, Value]) -> bytes:
        return plain.add(self.desk, self.ledger.name, values)

    def change(self, row: Row, values: Mapping[str, Value]) -> None:
        plain.edit(self.desk, self.ledger.name, row.id, values)

    def remove(self, row: Row) -> None:
        plain.remove(self.desk, self.ledger.name, row.id)

    def printout(self) -> Printout:
        from dutydesk.printing.plain import list_document

        made = list_document(self.desk, self.stored_query())
        return Printout(made.pdf(), _(self.ledger.title), "LIST", "", made.missing)


def narrow(ledger: Ledger) -> Ledger:
    """A ledger whose columns leave room for the name."""
    return replace(ledger, fields=tuple(replace(item, width=min(item.width, 8)) for item in ledger.fields))


class PeoplePane(QWidget):
    """Tabs: 人员, 单位, 职务, 区划."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("contacts-pane")
        self.title = _("通讯录")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self.tabs = QTabWidget()
        self.tabs.setObjectName("contacts-tabs")
        self.tabs.setDocumentMode(True)
        self.people = PeopleList(desk)
        hint = _("按 Ctrl+I 导入，或按 Ctrl+N 逐个新增")
        self.lists: dict[str, ListPane] = {"people": self.people}
        for ledger, title, empty in (
            ("units", _("单位"), _("还没有单位")),
            ("posts", _("职务"), _("还没有职务")),
            ("regions", _("区划"), _("还没有区划")),
        ):
            self.lists[ledger] = PlainList(
                desk, ledger, title=title, shown=narrow(desk.ledger(ledger)), empty=(empty, hint)
            )
        for ledger, pane in self.lists.items():
            self.tabs.addTab(pane, _("人员") if ledger == "people" else pane.title)
        outer.addWidget(self.tabs)
        self.tabs.tabBarClicked.connect(self._clicked)
        for key, run in (("Ctrl+PgDown", self.next_tab), ("Ctrl+PgUp", self.previous_tab)):
            shortcut(self, key, run)

    def _clicked(self, index: int) -> None:
        self.tabs.setCurrentIndex(index)
        self.focus_first()

    def next_tab(self) -> None:
        self._turn(+1)

    def previous_tab(self) -> None:
        self._turn(-1)

    def _turn(self, step: int) -> None:
        self.tabs.setCurrentIndex((self.tabs.currentIndex() + step) % self.tabs.count())
        self.focus_first()

    def focus_first(self) -> None:
        """The list of the tab in front."""
        pane = self.tabs.currentWidget()
        if isinstance(pane, ListPane):
            pane.focus_first()

    def show_row(self, ledger: str, row: bytes) -> None:
        """Go to a person, a number, a unit, a post or a region."""
        pane = self.lists["people" if ledger == "numbers" else ledger]
        self.tabs.setCurrentWidget(pane)
        if ledger == "numbers":
            self.people.show_number(row)
        else:
            pane.show_row(ledger, row)

    def commands(self) -> list[CommandRow]:
        """The commands of the tab in front."""
        pane = self.tabs.currentWidget()
        return pane.commands() if isinstance(pane, ListPane) else []
