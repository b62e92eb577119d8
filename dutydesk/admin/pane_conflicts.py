"""Disputes on the screen: what each desk wrote side by side, who and when; one is chosen and a reason given."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from dutydesk.admin import record, service
from dutydesk.core.clock import local
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.journal.apply import DELETE, DUPLICATE, GONE, HEADS
from dutydesk.journal.desk import Desk
from dutydesk.journal.history import Conflict, Version, history
from dutydesk.journal.query import Row
from dutydesk.ledger.kinds import Ref
from dutydesk.ledger.spec import Field, Value, Values
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Elided, EmptyState, button, label

_CHOICE = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to settle: what would stand, who wrote it and when; `value` a value, a row's id, or keep (True)."""

    what: str
    by: str
    at: int | None
    value: Value | bool


def choices_of(desk: Desk, conflict: Conflict) -> list[Choice]:
    """The ways to settle a conflict, the one that is shown now first."""
    held = desk.get(conflict.ledger, conflict.row)
    if conflict.kind == HEADS:
        item = desk.ledger(conflict.ledger)[conflict.field]
        values: Values = held.values if held is not None else {}
        return [
            Choice(_shown(desk, item, claim.value, values), record.who(desk, claim.by), claim.recorded_at, claim.value)
            for claim in conflict.claims
        ]
    if conflict.kind == DUPLICATE:
        rows = service.twins(desk, conflict)
        return [_twin(desk, row, rows) for row in rows]
    return _deleted_or_changed(desk, conflict)


def _deleted_or_changed(desk: Desk, conflict: Conflict) -> list[Choice]:
    """Who deleted the row and when; who changed it after all, and what."""
    ledger, shape = desk.ledger(conflict.ledger), desk.store.schema[conflict.ledger]
    with desk.store.read() as connection:
        versions = history(connection, shape, conflict.row)
    gone = [version for version in versions if version.values.get(DELETE) is not None]
    changed = [version for version in versions if not version.made and DELETE not in version.values]
    keep, delete = _("保留这一条"), _("删除这一条")
    if changed:
        parts = [f"{_(ledger[name].label)} {_shown(desk, ledger[name], value, {})}"
                 for name, value in changed[-1].values.items() if name in ledger]  # fmt: skip
        keep = _("保留这一条，改为：{values}").format(values=" · ".join(parts))
    return [
        Choice(keep, *_last(desk, changed), True),
        Choice(delete, *_last(desk, gone), False),
    ]


def _last(desk: Desk, versions: list[Version]) -> tuple[str, int | None]:
    """Who made the last of these acts, and when."""
    return (record.who(desk, versions[-1].by), versions[-1].recorded_at) if versions else ("", None)


def _twin(desk: Desk, row: Row, rows: list[Row]) -> Choice:
    """A row of several of one name, told by where it differs from the others."""
    ledger = desk.ledger(row.ledger)
    different = [item for item in ledger.fields if len({other.values.get(item.name) for other in rows}) > 1]
    parts = [f"{_(item.label)} {_shown(desk, item, row.values[item.name], row.values) or '—'}" for item in different]
    with desk.store.read() as connection:
        told = record.author(connection, row.act)
    by, at = (record.who(desk, told[0]), told[1]) if told is not None else ("", None)
    return Choice(" · ".join(parts) or desk.title_of(row), by, at, row.id)


def _shown(desk: Desk, item: Field, value: Value, row: Values) -> str:
    if isinstance(item.kind, Ref):
        return desk.title(item.kind.ledger, value) if isinstance(value, bytes) else ""
    text = item.kind.show(value, item)
    return item.kind.mask(text) if text and item.masks(row) else text


def open_conflicts(desk: Desk) -> list[Conflict]:
    """All disputes; of rows of one name only the first, since they are settled together."""
    found: list[Conflict] = []
    seen: set[tuple[str, frozenset[bytes]]] = set()
    for conflict in service.conflicts(desk):
        if conflict.kind == DUPLICATE:
            twins = (conflict.ledger, frozenset(row.id for row in service.twins(desk, conflict)))
            if twins in seen:
                continue
            seen.add(twins)
        found.append(conflict)
    return found


class Conflicts(QWidget):
    """The list of disputes and, beside it, the ways to settle the current one.

    Signals:
        settled: one was settled.
    """

    settled = Signal()

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("admin-conflicts")
        self._desk = desk
        self._conflicts: list[Conflict] = []
        gap = current().px(8)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self.empty = EmptyState(_("没有冲突"), _("两台值班机改了同一格、录了同一条时，列在这里由人选定"))
        self.split = QSplitter(Qt.Orientation.Vertical)
        self.split.setChildrenCollapsible(False)
        outer.addWidget(self.split, 1)
        outer.addWidget(self.empty, 1)
        self.list = self._tree("admin-conflict-list", _("冲突"), [_("条目"), _("台账"), _("哪里不同")])
        self.list.currentItemChanged.connect(self._show_choices)
        self.list.itemActivated.connect(self._go_choices)
        self.split.addWidget(self.list)
        below = QWidget()
        column = QVBoxLayout(below)
        column.setContentsMargins(0, gap, 0, 0)
        column.setSpacing(gap)
        self.head = Elided("", "heading")
        self.head.setObjectName("admin-conflict-head")
        self.head.setContentsMargins(gap, 0, gap, 0)
        self.choices = self._tree("admin-conflict-choices", _("可选的值"), [_("内容"), _("谁"), _("时间")])
        self.choices.itemActivated.connect(self._go_reason)
        column.addWidget(self.head)
        column.addWidget(self.choices, 1)
        bar = QHBoxLayout()
        bar.setContentsMargins(gap, 0, gap, gap)
        bar.setSpacing(gap)
        self.reason = QLineEdit()
        self.reason.setObjectName("admin-conflict-reason")
        self.reason.setAccessibleName(_("理由"))
        self.reason.setPlaceholderText(_("理由，如 已电话核实"))
        self.reason.returnPressed.connect(self.settle)
        self.do = button(_("采用选中的"), primary=True)
        self.do.setObjectName("admin-conflict-settle")
        self.do.clicked.connect(self.settle)
        bar.addWidget(self.reason, 1)
        bar.addWidget(self.do)
        column.addLayout(bar)
        self.problem = label("", "problem", wrap=True)
        self.problem.setObjectName("admin-conflict-problem")
        self.problem.setContentsMargins(gap, 0, gap, gap)
        self.problem.hide()
        column.addWidget(self.problem)
        self.split.addWidget(below)
        self.refresh()

    def _tree(self, name: str, title: str, columns: list[str]) -> QTreeWidget:
        tree = QTreeWidget()
        tree.setObjectName(name)
        tree.setAccessibleName(title)
        tree.setHeaderLabels(columns)
        tree.setRootIsDecorated(False)
        tree.setUniformRowHeights(True)
        tree.setMinimumHeight(current().px(64))
        tree.header().setStretchLastSection(False)
        tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        return tree

    # -- what is shown ---------------------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """How many disputes there are."""
        return len(self._conflicts)

    def refresh(self) -> None:
        """Read again; the current one stays current while it is there, and so does a reason that is being typed."""
        here = self._current()
        conflicts = open_conflicts(self._desk)
        if conflicts == self._conflicts and self.list.topLevelItemCount() == len(conflicts):
            self._swap()
            return
        self._conflicts = conflicts
        self.list.clear()
        for conflict in conflicts:
            item = QTreeWidgetItem(
                [
                    self._desk.title(conflict.ledger, conflict.row),
                    _(self._desk.ledger(conflict.ledger).title),
                    self._where(conflict),
                ]
            )
            item.setData(0, _CHOICE, conflict)
            self.list.addTopLevelItem(item)
            same = here is not None and _key(here) == _key(conflict)
            if same or self.list.currentItem() is None:
                self.list.setCurrentItem(item)
        self._swap()

    def _swap(self) -> None:
        self.split.setVisible(bool(self._conflicts))
        self.empty.setVisible(not self._conflicts)

    def _where(self, conflict: Conflict) -> str:
        if conflict.kind == HEADS:
            return _(self._desk.ledger(conflict.ledger)[conflict.field].label)
        return _("重复录入") if conflict.kind == DUPLICATE else _("删改不一")

    def _current(self) -> Conflict | None:
        item = self.list.currentItem()
        held = item.data(0, _CHOICE) if item is not None else None
        return held if isinstance(held, Conflict) else None

    def _show_choices(self) -> None:
        conflict = self._current()
        self.choices.clear()
        if conflict is None:
            return
        title = self._desk.title(conflict.ledger, conflict.row)
        self.head.setText(f"{title} · {self._where(conflict)}")
        words = {HEADS: _("采用选中的"), DUPLICATE: _("留下选中的，合并其余"), GONE: _("就这样办")}
        self.do.setText(words[conflict.kind])
        for choice in choices_of(self._desk, conflict):
            when = self._when(choice.at)
            item = QTreeWidgetItem([choice.what or _("（空）"), choice.by, when])
            item.setToolTip(0, choice.what)
            item.setData(0, _CHOICE, choice)
            self.choices.addTopLevelItem(item)
        self.choices.setCurrentItem(self.choices.topLevelItem(0))
        self.tell("")

    def _when(self, at: int | None) -> str:
        """`06-19 08:22`, with the year where it is another one."""
        if at is None:
            return ""
        moment, now = local(at), local(self._desk.clock.now())
        return f"{moment:%m-%d %H:%M}" if moment.year == now.year else f"{moment:%Y-%m-%d %H:%M}"

    # -- settling --------------------------------------------------------------------------------------------------

    def focus_first(self) -> None:
        """The list, where there is one."""
        (self.list if self._conflicts else self).setFocus()

    def _go_choices(self) -> None:
        self.choices.setFocus()

    def _go_reason(self) -> None:
        self.reason.setFocus()

    def tell(self, text: str) -> None:
        """What was refused."""
        self.problem.setText(text)
        self.problem.setVisible(bool(text))

    def settle(self) -> None:
        """Settle the current dispute by the chosen way; all that was written stays in the history."""
        conflict, item = self._current(), self.choices.currentItem()
        choice = item.data(0, _CHOICE) if item is not None else None
        if conflict is None or not isinstance(choice, Choice):
            return
        reason = self.reason.text()
        try:
            if conflict.kind == HEADS:
                assert not isinstance(choice.value, bool)
                service.settle_value(self._desk, conflict, choice.value, reason)
            elif conflict.kind == DUPLICATE:
                assert isinstance(choice.value, bytes)
                service.settle_twins(self._desk, conflict, choice.value, reason)
            else:
                service.settle_deletion(self._desk, conflict, keep=bool(choice.value), reason=reason)
        except DutyDeskError as error:
            self.tell("\n".join(problem.reason for problem in error.problems))
            self.reason.setFocus()
            return
        self.reason.clear()
        self.refresh()
        self.settled.emit()
        self.focus_first()

    # -- Qt --------------------------------------------------------------------------------------------------------

    def _measure(self) -> None:
        theme = current()
        for tree in (self.list, self.choices):
            tree.header().resizeSection(1, min(theme.px(120), self.width() // 5))
            tree.header().resizeSection(2, theme.px(120))
        self.list.setColumnHidden(1, self.width() < theme.px(560))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._measure()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "choices"):
            self._measure()


def _key(conflict: Conflict) -> tuple[str, bytes, str, str]:
    return (conflict.ledger, conflict.row, conflict.field, conflict.kind)
